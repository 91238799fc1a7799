use std::{borrow::Cow, fmt, io, net::SocketAddr};

use super::{egress::SocksFault, http2::Http2Fault};
use crate::{
    wire::{Cut, Name, http1::Wrong, token::go_quote},
    world::{Address, Stream},
};

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct SendError {
    /// Why.
    pub cause: SendCause,
    /// Whether the backend may have got it.
    pub delivered: Delivered,
}

/// Whether a backend may have got a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Not one byte of it.
    Nothing,
    /// It may have got, and served, all of it.
    Maybe,
}

/// Why a request got no answer. The text is what Go's transport says, causes included, since it is what stands in Go's log.
///
/// Go: `net/http/transport.go`, `net/net.go` `OpError`.
#[derive(Debug, thiserror::Error)]
pub enum SendCause {
    /// The origin has neither a host nor an address.
    #[error("http: no Host in request URL")]
    NoHost,
    /// A field whose name is no token.
    #[error("net/http: invalid header field name {}", go_quote(.0.as_bytes()))]
    FieldName(Name),
    /// A field whose value no field may have.
    #[error("net/http: invalid header field value for {}", go_quote(.0.as_bytes()))]
    FieldValue(Name),
    /// A trailer is announced whose name is no token.
    #[error("net/http: invalid trailer field name {}", go_quote(.0.as_bytes()))]
    TrailerName(Name),
    /// A target that would not stay one word of the request line. Go checks for control characters alone.
    #[error("net/http: can't write control character in Request.URL")]
    Target,
    /// The host's addresses are not known.
    #[error("dial tcp: lookup {host}: {}", lookup_text(.error))]
    Lookup {
        /// The host.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// The backend could not be connected to.
    #[error("dial {} {address}: {}", network(.address), dial_text(.error))]
    Dial {
        /// Where it was dialled.
        address: Address,
        /// What the network said; of kind `TimedOut` also when our own time was over.
        error: io::Error,
    },
    /// The proxy on the way to the backend could not be connected to.
    #[error("proxyconnect tcp: {0}")]
    Proxy(Box<SendCause>),
    /// The proxy makes no tunnel. This is what it says behind the status.
    #[error("{0}")]
    ProxyRefused(String),
    /// The proxy sent more than its answer before a byte was sent through the tunnel.
    #[error("proxy sent bytes behind its answer to CONNECT")]
    ProxyTooEager,
    /// The proxy took too long to make the tunnel.
    #[error("context deadline exceeded")]
    ProxyTimeout,
    /// `HTTP_PROXY` is set in the environment of a CGI program.
    #[error("refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy")]
    ProxyFromClient,
    /// The SOCKS proxy makes no tunnel.
    #[error("socks connect tcp {proxy}->{target}: {fault}")]
    Socks {
        /// Where the proxy is.
        proxy: String,
        /// Where the tunnel was to lead.
        target: String,
        /// Why.
        fault: Box<SocksFault>,
    },
    /// The server name is none that a certificate could be valid for.
    #[error("tls: invalid server name {}", go_quote(.0.as_bytes()))]
    ServerName(String),
    /// The backend and we could not agree on TLS, or its certificate is not good.
    #[error("{0}")]
    Handshake(ConnectionFault),
    /// TLS took too long.
    #[error("net/http: TLS handshake timeout")]
    HandshakeTimeout,
    /// The head of the answer did not come in time.
    #[error("net/http: timeout awaiting response headers")]
    HeaderTimeout,
    /// The connection failed before the first byte of an answer.
    #[error("{0}")]
    Connection(ConnectionFault),
    /// The connection failed on the way, or what came was no answer.
    #[error("net/http: HTTP/1.x transport connection broken: {0}")]
    Broken(ConnectionFault),
    /// It failed on HTTP/2.
    #[error("{0}")]
    Http2(Http2Fault),
    /// The request's own body broke off.
    #[error("{}", body_text(.0))]
    Body(Cut),
    /// The same where Go copies the body straight to the connection, and names it: a body of known length on a connection without TLS.
    ///
    /// Go: `net/tcpsock.go` `TCPConn.ReadFrom`.
    #[error("readfrom {ends}: {}", body_text(.cut))]
    Copied {
        /// The ends of the connection.
        ends: Ends,
        /// Why it broke off.
        cut: Cut,
    },
    /// The rest of such a body came when the backend had failed.
    #[error("readfrom {ends}: {}", ConnectionFault::Closed(*.ends))]
    CopiedToNobody {
        /// The ends of the connection.
        ends: Ends,
    },
}

/// What went wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionFault {
    /// The backend ended its side.
    #[error("EOF")]
    Ended,
    /// Reading failed.
    #[error("{}", operation("read", .0, .1))]
    Read(Ends, io::Error),
    /// Writing failed.
    #[error("{}", operation("write", .0, .1))]
    Write(Ends, io::Error),
    /// It was closed here before there was something to write.
    #[error("write {0}: use of closed network connection")]
    Closed(Ends),
    /// What came is no answer.
    #[error("{0}")]
    Answer(Wrong),
    /// The request's body was shorter or longer than it said.
    #[error("http: ContentLength={declared} with Body length {given}")]
    BodyLength {
        /// What it said.
        declared: u64,
        /// What it gave, as far as it was read.
        given: u64,
    },
}

/// The two ends of a connection; unknown for a unix socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    local: Option<SocketAddr>,
    peer: Option<SocketAddr>,
}

impl Ends {
    /// The ends of a connection.
    pub(super) fn of(stream: &Stream) -> Self {
        Self { local: stream.local(), peer: stream.peer() }
    }

    /// Whether it is a TCP connection.
    pub(super) fn are_known(&self) -> bool {
        self.local.is_some() && self.peer.is_some()
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.local, self.peer) {
            (Some(local), Some(peer)) => write!(f, "tcp {local}->{peer}"),
            _ => f.write_str("unix"),
        }
    }
}

/// Go: `net/net.go` `OpError.Error`, over `os.SyscallError`.
fn operation(verb: &str, ends: &Ends, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return "unexpected EOF".to_owned();
    }
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return super::tls::text(tls);
    }
    format!("{verb} {ends}: {verb}: {}", system_text(error))
}

fn dial_text(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        _ => format!("connect: {}", system_text(error)),
    }
}

fn lookup_text(error: &io::Error) -> Cow<'_, str> {
    match error.kind() {
        io::ErrorKind::TimedOut => "i/o timeout".into(),
        // The C library's answer to an unknown name has no kind of its own.
        _ => "no such host".into(),
    }
}

fn network(address: &Address) -> &'static str {
    match address {
        Address::Tcp(_) => "tcp",
        Address::Unix(_) => "unix",
    }
}

/// The words of the C library, which Go has too: without the number that Rust adds.
fn system_text(error: &io::Error) -> Cow<'_, str> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".into(),
        io::ErrorKind::ConnectionAborted => "software caused connection abort".into(),
        io::ErrorKind::BrokenPipe => "broken pipe".into(),
        io::ErrorKind::TimedOut => "connection timed out".into(),
        io::ErrorKind::HostUnreachable => "no route to host".into(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".into(),
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string().into(),
    }
}

/// Go has one text for a client that is gone, and hands the texts of its parsers on.
fn body_text(cut: &Cut) -> Cow<'static, str> {
    match cut {
        Cut::ClientGone | Cut::BackendGone(_) => "unexpected EOF".into(),
        Cut::Malformed(text) | Cut::Limit(text) => (*text).into(),
        Cut::Deadline => "context deadline exceeded".into(),
        Cut::Field(_) | Cut::Reset(_) | Cut::BodyClosed => cut.to_string().into(),
    }
}
