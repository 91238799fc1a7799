//! A parser of HTTP/1.1 that reads nothing but what RFC 9112 tells a sender to write: the judge of what leaves a proxy.
//!
//! It shares no code with Weir. Where a recipient may be lenient it is not: a line ends with CRLF, a length stands once and in the plain, a
//! coding is `chunked` and nothing else, a target begins with `/`. So bytes that it reads have one reading.

mod body;
mod head;
#[cfg(test)]
mod tests;

pub use self::head::{Field, Framing};
use self::{
    body::Body,
    head::{Head, Role},
};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, a token.
    pub method: Vec<u8>,
    /// The target: it begins with `/`, or it is the `*` of an OPTIONS.
    pub target: Vec<u8>,
    /// The fields of the head, in their order.
    pub fields: Vec<Field>,
    /// How the body is framed. Never [`Framing::UntilClose`].
    pub framing: Framing,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
    /// The fields behind the chunks.
    pub trailers: Vec<Field>,
}

/// A response, interim ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The minor version: 1, or 0 to a client of HTTP/1.0.
    pub minor: u8,
    /// The status, from 100 on.
    pub status: u16,
    /// The fields of the head, in their order.
    pub fields: Vec<Field>,
    /// How the body is framed.
    pub framing: Framing,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
    /// The fields behind the chunks.
    pub trailers: Vec<Field>,
}

/// One message at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<M> {
    /// All of it.
    Whole {
        /// The message.
        message: M,
        /// How many bytes it takes.
        length: usize,
    },
    /// The bytes end within it. Its head, and as much of its body as came; none when the bytes end within the head.
    Cut(Option<M>),
}

/// All messages of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages<M> {
    /// Those that are whole, in their order.
    pub whole: Vec<M>,
    /// What stands behind them.
    pub rest: Rest<M>,
}

/// What stands behind the last whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest<M> {
    /// No byte.
    Nothing,
    /// A message that is cut; see [`Read::Cut`].
    Cut(Option<M>),
    /// Bytes behind a 101: they are of another protocol. Responses only.
    Tunnel(Vec<u8>),
}

/// Bytes that nobody may send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {what}")]
pub struct Wrong {
    /// Where, from the first byte of the connection (or of the message, where one message is read).
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Reads the request at the beginning of some bytes.
///
/// # Errors
/// It is not written as RFC 9112 tells senders to.
pub fn request(bytes: &[u8]) -> Result<Read<Request>, Wrong> {
    let Some(head) = Head::read(bytes, Role::Request)? else { return Ok(Read::Cut(None)) };
    let (method, target) = head.request_line();
    let body = Body::read(bytes, head.length, head.framing, Ended::No)?;
    let message = Request {
        method,
        target,
        fields: head.fields,
        framing: head.framing,
        body: body.bytes,
        trailers: body.trailers,
    };
    Ok(Read::of(message, body.end))
}

/// Whether the sender has closed its connection in order behind the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It has.
    Yes,
    /// It has not, or not in order: a body that lasts until then is cut.
    No,
}

/// Reads the response at the beginning of some bytes, to a request of this method.
///
/// # Errors
/// It is not written as RFC 9112 tells senders to.
pub fn response(bytes: &[u8], method: &[u8], ended: Ended) -> Result<Read<Response>, Wrong> {
    let Some(head) = Head::read(bytes, Role::Response { method })? else { return Ok(Read::Cut(None)) };
    let (minor, status) = head.status_line();
    let body = Body::read(bytes, head.length, head.framing, ended)?;
    let message = Response {
        minor,
        status,
        fields: head.fields,
        framing: head.framing,
        body: body.bytes,
        trailers: body.trailers,
    };
    Ok(Read::of(message, body.end))
}

/// Reads all requests of a connection. Whoever expects a tunnel behind one of them reads them one by one with [`request`].
///
/// # Errors
/// One is not written as RFC 9112 tells senders to.
pub fn requests(bytes: &[u8]) -> Result<Messages<Request>, Wrong> {
    let mut whole = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match request(&bytes[at..]).map_err(|wrong| wrong.behind(at))? {
            Read::Whole { message, length } => {
                whole.push(message);
                at += length;
            }
            Read::Cut(message) => return Ok(Messages { whole, rest: Rest::Cut(message) }),
        }
    }
    Ok(Messages { whole, rest: Rest::Nothing })
}

/// Reads all responses of a connection, to requests of these methods in this order; where there are more, to a GET.
///
/// # Errors
/// One is not written as RFC 9112 tells senders to.
pub fn responses(bytes: &[u8], methods: &[&[u8]], ended: Ended) -> Result<Messages<Response>, Wrong> {
    let mut whole: Vec<Response> = Vec::new();
    let (mut at, mut answered) = (0, 0);
    while at < bytes.len() {
        let method = methods.get(answered).copied().unwrap_or(b"GET");
        match response(&bytes[at..], method, ended).map_err(|wrong| wrong.behind(at))? {
            Read::Whole { message, length } => {
                at += length;
                let status = message.status;
                whole.push(message);
                if status == 101 {
                    return Ok(Messages { whole, rest: Rest::Tunnel(bytes[at..].to_vec()) });
                }
                answered += usize::from(status >= 200);
            }
            Read::Cut(message) => return Ok(Messages { whole, rest: Rest::Cut(message) }),
        }
    }
    Ok(Messages { whole, rest: Rest::Nothing })
}

impl<M> Read<M> {
    /// A message that ends behind so many bytes, or does not.
    fn of(message: M, end: Option<usize>) -> Self {
        match end {
            Some(length) => Self::Whole { message, length },
            None => Self::Cut(Some(message)),
        }
    }
}

impl Request {
    /// The values of a field, in their order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        head::values(&self.fields, name)
    }
}

impl Response {
    /// The values of a field, in their order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        head::values(&self.fields, name)
    }
}

impl Wrong {
    fn new(at: usize, what: &'static str) -> Self {
        Self { at, what }
    }

    fn behind(self, at: usize) -> Self {
        Self { at: self.at + at, ..self }
    }
}
