//! Every bound of the process, in one place.

use std::time::Duration;

/// Threads that serve. More than any machine has CPUs for; each costs a stack, a listener and connections of its own.
pub const WORKERS_MAX: u64 = 1024;
/// Name resolution and TCP towards a backend. Go: `net/http/transport.go` `DefaultTransport`.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(30);
/// TLS with a backend or a client. Go: `DefaultTransport`.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Saying close_notify to a client that takes nothing, not even its answer. Go: `crypto/tls/conn.go` `Conn.closeNotify`.
pub const TLS_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// A proxy on the way to a backend makes its tunnel within this. Go: `net/http/transport.go` `dialConn`.
pub const EGRESS_TUNNEL_TIMEOUT: Duration = Duration::from_secs(60);
/// A backend that does not know `Expect` gets the body after this. Go: `DefaultTransport`.
pub const EXPECT_CONTINUE_TIMEOUT: Duration = Duration::from_secs(1);
/// Backends close idle connections after a minute or more as a rule; longer waits only collect dead ones. Go: `DefaultTransport`.
pub const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);
/// Per worker. Go: `DefaultMaxIdleConnsPerHost`.
pub const IDLE_CONNECTIONS_PER_ORIGIN_MAX: usize = 2;
/// Per worker; each costs a file descriptor here and at the backend. Go: `DefaultTransport`.
pub const IDLE_CONNECTIONS_MAX: usize = 100;
/// Per worker, towards the one backend of `weir reverse-proxy`. With Go's two, all other requests that run at a time would dial, each for
/// itself: twice the CPU of a request. Load comes in waves, and each of these costs a file descriptor at both ends.
pub const SINGLE_BACKEND_IDLE_CONNECTIONS_MAX: usize = 1024;
/// The head of a backend's answer. Go: `Transport.MaxResponseHeaderBytes`.
pub const RESPONSE_HEAD_BYTES_MAX: usize = 10 << 20;
/// The second family of addresses is tried when the first has not answered for so long. Go: `net/dial.go` `fallbackDelay`.
pub const DIAL_FALLBACK_DELAY: Duration = Duration::from_millis(300);
/// The least that one of several addresses gets of the time to dial. Go: `net/dial.go` `partialDeadline`.
pub const DIAL_SHARE_MIN: Duration = Duration::from_secs(2);
/// How long a connection whose answer has ended waits for the end of its request, to be used again. Go: `maxWriteWaitBeforeConnReuse`.
/// And how long an answer may still come when the request cannot be written any further.
pub const UPLOAD_GRACE: Duration = Duration::from_millis(50);
/// The most data in one chunk of a request, as one read of Go's proxy gives it.
pub const UPLOAD_CHUNK_BYTES_MAX: usize = 32 << 10;
/// So much of a request may wait in front of a socket before its body is asked for more: one write, and the next one ready.
pub const UPLOAD_WAITING_BYTES_MAX: usize = 8 << 10;
/// From here on a piece of a body is written from where it lies: copying it would cost more than one more element of a write.
pub const UPLOAD_COPIED_BYTES_MAX: usize = 8 << 10;
/// One read takes in what a whole head usually needs.
pub const ANSWER_READ_BYTES: usize = 4 << 10;
/// Bodies are read in larger pieces: half the reads for twice the bytes, until the copy costs more than the call.
pub const ANSWER_BODY_READ_BYTES: usize = 32 << 10;

/// How long the first bytes of a body are waited for that most likely is none. Go: `net/http/transfer.go` `probeRequestBody`.
pub const PROBED_BODY_WAIT: Duration = Duration::from_millis(200);

/// A request's head, to which Go adds 4096. Go: `DefaultMaxHeaderBytes`.
pub const REQUEST_HEAD_BYTES_MAX: usize = 1 << 20;
/// A client may be slow, not silent. Go: `kube-apiserver`'s `ReadHeaderTimeout`.
pub const READ_HEADER_TIMEOUT: Duration = Duration::from_secs(32);
/// A client that reads takes something within a round trip or two; one whose user paused it has a minute. nginx: `send_timeout`.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than the 60 s after which most load balancers close their side. Go: `kube-apiserver`'s `IdleTimeout`.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// The rest of a body that nobody wants, before the answer goes out without it and the connection ends behind it. Go waits without end.
pub const UNREAD_BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The rest of a body whose backend is gone: how it ends decides the words, but a client that is silent is to know soon. Bytes that are on
/// their way come within a round trip or two. Go waits without end.
pub const LATE_BODY_WAIT: Duration = Duration::from_secs(1);
/// Bytes of an answer of known length wait no longer in a handler that knows upgrades. Go: `apimachinery/pkg/util/proxy`
/// `defaultFlushInterval`.
pub const UPGRADE_AWARE_FLUSH_INTERVAL: Duration = Duration::from_millis(200);
/// A page whose links are rewritten is held whole up to here, so that one that breaks off is an error; a longer one goes out as it comes.
/// Pages for people are shorter.
pub const REWRITTEN_PAGE_BYTES_MAX: usize = 1 << 20;
/// One tag of such a page: some have an image in an attribute.
pub const REWRITTEN_TAG_BYTES_MAX: usize = 1 << 20;
/// Requests that run when the server is told to stop. Go: `kube-apiserver`'s `--request-timeout`.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);
/// The last answer of a connection, from its head on: a refused upgrade is a few words, and neither a client that does not read nor a
/// backend that does not end holds both connections. Go: `apimachinery/pkg/util/proxy/upgradeaware.go` `tryUpgrade`.
pub const LAST_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// From accept: a server that stops gives a connection so long for its first request. Go: `net/http/server.go` `closeIdleConns`.
pub const NEW_CONNECTION_GRACE: Duration = Duration::from_secs(5);
/// About 10 KiB each while idle: 160 MiB.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 16_384;
/// The first wait behind an accept that failed; each is twice the one before. Go: `net/http/server.go` `Serve`.
pub const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest of these waits. Go: `Serve`.
pub const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// 1xx heads that wait to be written; a backend that sends more of them waits for the client.
pub const HTTP1_EARLY_BYTES_MAX: usize = 4 << 10;
/// The rest of a request that was answered before its end, read so that the connection can be used again. Go: `maxPostHandlerReadBytes`.
pub const HTTP1_UNREAD_BYTES_MAX: u64 = 256 << 10;
/// A client reads the end of its answer within a round trip, before a reset may take it away. Go: `rstAvoidanceDelay`.
pub const HTTP1_LINGER: Duration = Duration::from_millis(500);
/// Read at a time on each way of a tunnel: one record of TLS.
pub const TUNNEL_READ_BYTES: usize = 16 << 10;
/// Packed bytes that are unpacked at a time. Deflate makes at most about 1,032 bytes of one: a piece becomes 256 KiB at most.
pub const GUNZIP_PIECE_BYTES_MAX: usize = 256;
/// Packed bytes that unpack to nothing, before others have their turn: each empty stream is 20 bytes and takes as long as a small request.
pub const GUNZIP_FRUITLESS_BYTES_MAX: usize = 64 << 10;
/// Streams of a client's HTTP/2 connection at a time. Go: `net/http/h2_bundle.go` `defaultMaxStreams`.
pub const HTTP2_STREAMS_MAX: u32 = 250;
/// What fields may have more on HTTP/2 than on HTTP/1, where ten typical ones are counted without 32 each. Go:
/// `http2serverConn.maxHeaderListSize`.
pub const HTTP2_HEADER_LIST_BYTES_MORE: usize = 320;
/// A client's frame: as much as it may send unasked, and as one record of TLS holds, where Go takes 1 MiB. Bodies come through as they
/// arrive, whatever their frames; h2spec holds a longer frame of fields to be too long whatever is advertised.
pub const HTTP2_FRAME_BYTES_MAX: u32 = 16 << 10;
/// Bytes of an answer that wait for more before they become a frame. Go: `net/http/h2_bundle.go` `handlerChunkWriteSize`.
pub const HTTP2_CHUNK_BYTES: usize = 4 << 10;
/// What a client may send of one body before it is read. Go: `configFromServer`.
pub const HTTP2_STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// The same for all bodies of a connection. When half of it lies unread, windows of streams shrink to 64 KiB, and the connection gets room
/// for all of them: one connection can make us hold 24 MiB. Go has room for one stream here: an upload that nobody reads holds up all
/// others.
pub const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// Streams that came to nothing, at once: a client that gives everything up may do it, an attacker goes on and on (CVE-2023-44487,
/// CVE-2025-8671). One that gives up now and then may do it for ever.
pub const HTTP2_WASTED_STREAMS_MAX: usize = 250;
/// DATA of one to three bytes that does not end its stream, at once: together it costs what ten MiB cost otherwise. More of it, and it ends
/// a client's connection, or the stream of a backend. nginx: about four million, `http2 flood detected`. Go has no bound.
pub const HTTP2_CRUMBS_MAX: usize = 1 << 20;
/// What an HTTP/2 client takes of what waits for it in each `SEND_TIMEOUT`, 140 bit/s: one that opens its window by a byte each minute
/// would hold a small answer, its memory and its backend for days. A modem of 56 kbit/s takes 400 KiB. Kestrel: 240 bytes in each second.
pub const HTTP2_SEND_BYTES_MIN: usize = 1 << 10;
/// Fields of the 1xx heads of one request: hints and progress fit many times over.
pub const HTTP2_INFORMATIONAL_BYTES_MAX: usize = 64 << 10;
/// From the accept to the preface of HTTP/2. Go: `prefaceTimeout`.
pub const HTTP2_PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
/// For a client that left: time to tell a backend and to write an audit line, not more.
pub const HTTP2_GONE_GRACE: Duration = Duration::from_secs(5);
/// A client's answer to GOAWAY takes a round trip. Go: `goAwayTimeout`.
pub const HTTP2_GOAWAY_GRACE: Duration = Duration::from_secs(1);
/// A client reads the end of its connection within a round trip. Go: `goAwayTimeout`.
pub const HTTP2_LINGER: Duration = Duration::from_secs(1);
/// Streams of a client's connection to an API server. Go: `k8s.io/apiserver` `SecureServingInfo.Serve`.
pub const HTTP2_APISERVER_STREAMS_MAX: u32 = 100;
/// 99 of 100 objects are smaller: one frame and one window for each. Go: `resourceBody99Percentile`.
pub const HTTP2_APISERVER_BODY_BYTES: u32 = 256 << 10;
/// Go: `SecureServingInfo.Serve`, as long as clients keep idle connections.
pub const HTTP2_APISERVER_IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Requests at a time on a backend's HTTP/2 connection, until the backend says how many. Go: `net/http/h2_bundle.go`
/// `initialMaxConcurrentStreams`.
pub const HTTP2_BACKEND_STREAMS_MAX: usize = 100;
/// What a backend may send of one answer before it is read. Go: `transportDefaultStreamFlow`.
pub const HTTP2_BACKEND_STREAM_WINDOW_BYTES: u32 = 4 << 20;
/// The same for all answers of a connection: so much that the answers nobody reads leave room for the others. Go:
/// `transportDefaultConnFlow`.
pub const HTTP2_BACKEND_CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
/// Answers of a connection that nobody reads: four large ones. Then windows shrink to 64 KiB.
pub const HTTP2_BACKEND_HELD_BYTES_MAX: u32 = 16 << 20;
/// A backend's frame. Go: `http2Transport.maxFrameReadSize`.
pub const HTTP2_BACKEND_FRAME_BYTES_MAX: u32 = 16 << 10;
/// Requests on a backend's HTTP/2 connection before there is a further one: a backend behind a balancer is not to get them all at one
/// place.
pub const HTTP2_BACKEND_SPREAD_STREAMS: usize = 8;
/// Connections among which requests are spread so, on each worker; beyond them each is filled.
pub const HTTP2_BACKEND_SPREAD_CONNECTIONS: usize = 4;
/// How long a request waits for the further connection before it takes a place on one that is there.
pub const HTTP2_BACKEND_SPREAD_PATIENCE: Duration = Duration::from_millis(100);
/// With the next one: a dead backend is noticed within 10 s, where kube-aggregator takes 45 s.
pub const HTTP2_BACKEND_SILENCE_MAX: Duration = Duration::from_secs(5);
/// A round trip and a busy backend.
pub const HTTP2_BACKEND_PING_TIMEOUT: Duration = Duration::from_secs(4);
/// Attempts of a request that the backend refused unseen. Go: `http2Transport.RoundTripOpt`.
pub const HTTP2_BACKEND_ATTEMPTS_MAX: u32 = 7;
/// Keys and values of one transaction. Go: `go.etcd.io/etcd/server/v3/embed/config.go` `DefaultMaxRequestBytes`, of etcd's own message.
pub const STORE_TXN_BYTES_MAX: usize = 3 << 19;
/// Batches that a store and its cache keep for watches that come back or are slow; with each the snapshot of its moment, which shares all
/// but a few nodes.
pub const STORE_EVENTS_KEPT: usize = 1_000;
/// What these batches hold, as it was and as it is: a thousand changes of objects of 32 KiB, which few are. The largest, 1.5 MiB, leave
/// 20 of them. What the snapshots alone still hold is bounded by this as well.
pub const STORE_EVENTS_BYTES_KEPT: usize = 64 << 20;
/// How long a read waits for a revision that is not reached yet. Go: `k8s.io/apiserver/pkg/storage/cacher` `blockTimeout`.
pub const STORE_REVISION_WAIT: Duration = Duration::from_secs(3);
/// Between two attempts to read a store that cannot be read. Go: `cacher`'s reflector, its first backoff.
pub const STORE_RETRY_DELAY: Duration = Duration::from_millis(800);
/// Revisions that the embedded store keeps readable: at the rate of a busy cluster's changes to what is stored here, a client has
/// minutes to ask for the next page of a list.
pub const STORE_REVISIONS_KEPT: u64 = 10_000;
/// What the embedded store's file holds of records as they are no longer: 10,000 revisions of objects of 25 KiB. Its pages are used again,
/// so the file stays at about this and what there is.
pub const STORE_HISTORY_BYTES_KEPT: u64 = 256 << 20;
/// Transactions that wait for the embedded store's writer: two groups. Who comes later waits in front of the queue.
pub const STORE_QUEUE_MAX: usize = 128;
/// Transactions of one commit: with the largest, 1.5 MiB, 100 MiB of memory at most.
pub const STORE_GROUP_MAX: usize = 64;
/// Pages of the embedded store's file that are kept in memory; almost all reads are answered by the watch cache.
pub const STORE_FILE_CACHE_BYTES: usize = 32 << 20;

/// A discovery document of a backend. Go: `k8s.io/apiserver/pkg/util/proxy` `aggregatedDiscoveryTimeout`.
pub const AGGREGATED_DISCOVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// A request that comes from an aggregator with our certificate and has come through so many servers goes round: an APIService leads back.
pub const AGGREGATED_HOPS_MAX: usize = 16;
/// Per worker and backend; many clients share one backend here. Go: `client-go/transport/cache.go` `idleConnsPerHost`.
pub const AGGREGATED_IDLE_CONNECTIONS_PER_ORIGIN_MAX: usize = 25;
/// One answer of a backend that is asked whether it is there. Go: `remote_available_controller.go` `New`.
pub const AVAILABILITY_PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// A backend that answers is asked again behind this, one that does not at the latest. Go: the resync of the same.
pub const AVAILABILITY_INTERVAL: Duration = Duration::from_secs(30);
/// The first wait behind a failure; each is twice the one before. Go: `remote_available_controller.go` `New`.
pub const AVAILABILITY_BACKOFF_MIN: Duration = Duration::from_millis(5);
/// APIServices that are looked at at a time. Go: `kube-aggregator/pkg/apiserver` `Run(5, ...)`.
pub const AVAILABILITY_PROBES_MAX: usize = 5;
/// Endpoints of one backend that are asked: one that answers is enough, and Go asks five times, too.
pub const AVAILABILITY_ENDPOINTS_MAX: usize = 5;
/// Rows of labels that one worker counts in: all verbs of all resources there are, several times over; a row costs some 200 bytes.
pub const METRIC_SERIES_PER_WORKER_MAX: usize = 4096;
/// Certificates and authorities are read again behind this. Go: `dynamiccertificates` `FileRefreshDuration`.
pub const FILES_INTERVAL: Duration = Duration::from_secs(60);
/// Requests that only read, at a time. Go: `kube-apiserver`'s `--max-requests-inflight`.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 400;
/// Requests that may change something, at a time. Go: `kube-apiserver`'s `--max-mutating-requests-inflight`.
pub const MUTATING_REQUESTS_IN_FLIGHT_MAX: usize = 200;
/// A request's body, as Go's `MaxRequestBodyBytes`.
pub const REQUEST_BODY_BYTES_MAX: usize = 3 << 20;
/// Clauses of an `Accept` that count: up to here Go sorts by insertion, which our order copies; no client sends more.
pub const ACCEPT_CLAUSES_MAX: usize = 12;
/// How deep a text may be nested to be read: each level takes stack.
pub const DOCUMENT_NESTING_MAX: usize = 128;
/// How deep a JSON patch may make an object: so deep the library reads one from the store again. Each level takes stack.
pub const JSON_NESTING_MAX: usize = 120;
/// The operations of a JSON patch, as Go's `maxJSONPatchOperations`.
pub const JSON_PATCH_OPERATIONS_MAX: usize = 10_000;
/// What the copy operations of a JSON patch may add up to, as Go's `JSONPatchMaxCopyBytes`: each may double what is there.
pub const JSON_PATCH_COPIED_BYTES_MAX: usize = 3 << 20;
/// How often a change is tried while others change the same object. Go has no bound; each failure means that somebody else got on.
pub const UPDATE_ATTEMPTS_MAX: usize = 1_000;
/// How many names are tried for `generateName`, as Go's `maxNameGenerationCreateAttempts`.
pub const GENERATED_NAME_ATTEMPTS_MAX: usize = 8;
/// How many addresses are tried for a Service: with half of them taken, all of these are once in 2^128.
pub const CLUSTER_IP_ATTEMPTS_MAX: usize = 128;
/// Characters of all warnings beside one answer. Go: `endpoints/filters/warning.go` `truncateAtTotalRunes`.
pub const WARNING_CHARACTERS_MAX: usize = 4096;
/// Characters of each of them when there are more. Go: `truncateItemRunes`.
pub const WARNING_CUT_CHARACTERS: usize = 256;
/// A watch without a timeout of its own lasts this long, or up to twice as long. Go's `MinRequestTimeout`.
pub const WATCH_TIMEOUT_MIN: Duration = Duration::from_secs(1_800);
/// A client may ask for more; a timer cannot count for ever.
pub const WATCH_TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);
/// How often a watch is told of the revision that it has come to. Go's `defaultBookmarkFrequency`.
pub const WATCH_BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// And for the last time so long before its end. Go: `cacher/cache_watcher.go` `nextBookmarkTime`.
pub const WATCH_BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// Only longer answers are compressed. Go: `responsewriters/writers.go` `defaultGzipThresholdBytes`.
pub const GZIP_BYTES_MIN: usize = 128 << 10;
/// A discovery document or an index of descriptions: those of the largest API servers have a few MiB.
pub const AGGREGATED_DOCUMENT_BYTES_MAX: usize = 32 << 20;
/// A backend is asked again behind this which resources it serves. Go: `handler_discovery.go` `Run`.
pub const DISCOVERY_INTERVAL: Duration = Duration::from_secs(60);
/// The first wait behind a failure; each is twice the one before. Go: `handler_discovery.go` `newDiscoveryManager`.
pub const DISCOVERY_BACKOFF_MIN: Duration = Duration::from_millis(500);
/// Backends that are asked at a time. Go: `handler_discovery.go` `Run`.
pub const DISCOVERY_FETCHES_MAX: usize = 2;
/// A backend is asked again behind this where it describes its resources. Go: `controllers/openapiv3/controller.go`.
pub const SPECS_INTERVAL: Duration = Duration::from_secs(60);
/// The longest wait behind failures: many backends describe nothing. Go: `controllers/openapiv3/controller.go`.
pub const SPECS_BACKOFF_MAX: Duration = Duration::from_secs(60 * 60);
/// One index of descriptions. Go: `controllers/openapiv3/aggregator/aggregator.go`.
pub const SPECS_TIMEOUT: Duration = Duration::from_secs(60);
/// The first wait behind a store that failed; each is twice the one before. Go: `client-go/tools/cache/reflector.go`.
pub const WATCH_BACKOFF_MIN: Duration = Duration::from_millis(800);
/// The longest of these waits. Go: `client-go/tools/cache/reflector.go`.
pub const WATCH_BACKOFF_MAX: Duration = Duration::from_secs(30);
