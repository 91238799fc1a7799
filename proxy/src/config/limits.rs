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
