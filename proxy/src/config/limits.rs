//! Every bound of the process, in one place.

use std::time::Duration;

/// Name resolution and TCP towards a backend. Go: `net/http/transport.go` `DefaultTransport`.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(30);
/// TLS with a backend or a client. Go: `DefaultTransport`.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A backend that does not know `Expect` gets the body after this. Go: `DefaultTransport`.
pub const EXPECT_CONTINUE_TIMEOUT: Duration = Duration::from_secs(1);
/// Backends close idle connections after a minute or more as a rule; longer waits only collect dead ones. Go: `DefaultTransport`.
pub const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);
/// Per worker. Go: `DefaultMaxIdleConnsPerHost`.
pub const IDLE_CONNECTIONS_PER_ORIGIN_MAX: usize = 2;
/// Per worker; each costs a file descriptor here and at the backend. Go: `DefaultTransport`.
pub const IDLE_CONNECTIONS_MAX: usize = 100;
/// The head of a backend's answer. Go: `Transport.MaxResponseHeaderBytes`.
pub const RESPONSE_HEAD_BYTES_MAX: usize = 10 << 20;
/// The second family of addresses is tried when the first has not answered for so long. Go: `net/dial.go` `fallbackDelay`.
pub const DIAL_FALLBACK_DELAY: Duration = Duration::from_millis(300);
/// The least that one of several addresses gets of the time to dial. Go: `net/dial.go` `partialDeadline`.
pub const DIAL_SHARE_MIN: Duration = Duration::from_secs(2);
/// How long a connection whose answer has ended waits for the end of its request, to be used again. Go: `maxWriteWaitBeforeConnReuse`.
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

/// A request's head, to which Go adds 4096. Go: `DefaultMaxHeaderBytes`.
pub const REQUEST_HEAD_BYTES_MAX: usize = 1 << 20;
/// A client may be slow, not silent. Go: `kube-apiserver`'s `ReadHeaderTimeout`.
pub const READ_HEADER_TIMEOUT: Duration = Duration::from_secs(32);
/// Longer than the 60 s after which most load balancers close their side. Go: `kube-apiserver`'s `IdleTimeout`.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Requests that run when the server is told to stop. Go: `kube-apiserver`'s `--request-timeout`.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);
/// About 10 KiB each while idle: 160 MiB.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 16_384;
