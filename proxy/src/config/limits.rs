//! Every bound of the process, in one place.

use std::time::Duration;

/// Name resolution and TCP towards a backend. Go: `net/http/transport.go` `DefaultTransport`.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(30);
/// TLS with a backend. Go: `DefaultTransport`.
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
