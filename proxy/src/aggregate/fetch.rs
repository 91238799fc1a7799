//! Requests of our own to backends: is it there, and what does it serve?

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};

use super::{front_proxy, location, proxy::Proxy, resolver::Endpoint, tls::BackendTls, transports};
use crate::{
    forward::{FlushInterval, Passage, forwarded_uri},
    identity::User,
    upstream::{OutHead, Outgoing, Reply, SendCause, StrippedHeaders},
    wire::{
        Answer, Body, Cut, Frame, Gone, Headers, Name, ResponseHead, message::Version, trailers::Announced, url::Url,
    },
};

/// A request of our own.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// Who is said to ask.
    pub(super) user: &'a User,
    /// The path, in plain text.
    pub(super) path: &'a str,
    /// Fields besides those that tell of the user.
    pub(super) headers: Headers,
    /// The answer's body may have so many bytes; with 0 it is not read at all.
    pub(super) body_bytes_max: usize,
    /// The whole answer has to be there by then.
    pub(super) timeout: Duration,
}

/// What a backend answered.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// It could not be asked.
    #[error("{0}")]
    Send(SendCause),
    /// Go: `context.DeadlineExceeded`, as `http.Client` tells it.
    #[error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")]
    TooLate,
    /// The answer broke off.
    #[error("{0}")]
    Cut(Cut),
    /// The answer is too long.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
    /// The backend switched to another protocol.
    #[error("the backend switched protocols")]
    Switched,
}

impl Proxy {
    /// Asks a backend at one of its endpoints. Redirects are not followed.
    ///
    /// # Errors
    /// There is no whole answer.
    pub(super) async fn fetch(
        &self,
        tls: &BackendTls,
        endpoint: &Endpoint,
        question: Question<'_>,
    ) -> Result<Fetched, FetchError> {
        let timeout = question.timeout;
        tokio::time::timeout(timeout, self.fetch_in_time(tls, endpoint, question))
            .await
            .unwrap_or(Err(FetchError::TooLate))
    }

    async fn fetch_in_time(
        &self,
        tls: &BackendTls,
        endpoint: &Endpoint,
        question: Question<'_>,
    ) -> Result<Fetched, FetchError> {
        let transports = self.transports(tls);
        let origin = transports::origin(endpoint);
        let passage =
            Passage { transport: &transports.requests, origin: &origin, flush: FlushInterval::Never, until: None };
        let outgoing = Outgoing { head: Box::new(head(endpoint, &question)), body: Body::empty() };
        let sent = transports.requests.send(&origin, outgoing, &mut |_: &ResponseHead| {}).await;
        let incoming = match sent.map_err(|error| FetchError::Send(error.cause))? {
            Reply::Response(incoming) => incoming,
            Reply::Switched(..) => return Err(FetchError::Switched),
        };
        let Answer::Reply(head, body) = passage.answer(incoming, Gone::default()) else {
            return Err(FetchError::Switched);
        };
        let body =
            if question.body_bytes_max == 0 { Bytes::new() } else { read(body, question.body_bytes_max).await? };
        Ok(Fetched { status: head.status, headers: head.headers, body })
    }
}

fn head(endpoint: &Endpoint, question: &Question<'_>) -> OutHead {
    let host = Bytes::from(endpoint.to_string());
    let asked = Url { path: Bytes::from(question.path.to_owned()), ..Url::default() };
    let mut headers = StrippedHeaders::ours(question.headers.clone());
    front_proxy::set_user(&mut headers, question.user);
    let mut target = BytesMut::new();
    location::at_backend(&asked, host.clone()).request_uri(&mut target);
    OutHead {
        method: Method::GET,
        target: target.freeze(),
        host,
        headers,
        announced: Announced::new(),
        client: Version::Http11,
        close: false,
    }
}

async fn read(mut body: Body, bytes_max: usize) -> Result<Bytes, FetchError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Frame::Data(bytes) = frame.map_err(FetchError::Cut)? {
            if read.len() + bytes.len() > bytes_max {
                return Err(FetchError::TooLong(bytes_max));
            }
            read.extend_from_slice(&bytes);
        }
    }
    Ok(read.freeze())
}

/// The fields that in-process requests of Go's aggregator carry beside what they ask for.
pub(super) fn forwarded(endpoint: &Endpoint, path: &str) -> Headers {
    let uri = forwarded_uri(b"", &Url { path: Bytes::from(path.to_owned()), ..Url::default() });
    [
        (Name::X_FORWARDED_URI, uri),
        (Name::X_FORWARDED_HOST, Bytes::from(endpoint.to_string())),
        (Name::X_FORWARDED_PROTO, Bytes::from_static(b"https")),
    ]
    .into_iter()
    .collect()
}
