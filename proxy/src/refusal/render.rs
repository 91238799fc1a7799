use bytes::{BufMut as _, Bytes, BytesMut};
use http::StatusCode;

use super::Refusal;
use crate::{
    meta::{Layout, Status, accept::render_status, encode_json},
    wire::{Body, Name, RequestHead, ResponseHead},
};

/// What a refusal looks like to the client.
enum Shape<'a> {
    /// A status and nothing else.
    Bare(StatusCode),
    /// A line of text that no browser takes for something else. Go: `http.Error`.
    Line(StatusCode, Bytes),
    /// The same, and when to ask again, in seconds.
    LineForNow(StatusCode, Bytes, u32),
    /// A Status that is negotiated.
    Status(&'a Status),
    /// The same, and browsers may not guess what it is: it quotes what somebody wrote.
    QuotingStatus(&'a Status),
    /// Bytes whose type is for the client to guess.
    Untyped(StatusCode, Bytes),
}

impl Refusal {
    /// The refusal as an answer to a request.
    pub fn render(&self, head: &RequestHead) -> (Box<ResponseHead>, Body) {
        let (answer, body) = match self.shape(head) {
            Shape::Bare(status) => (ResponseHead::new(status), Body::empty()),
            Shape::Line(status, text) => (plain_text(status), Body::whole(text)),
            Shape::LineForNow(status, text, seconds) => {
                let mut answer = plain_text(status);
                answer.headers.append(Name::RETRY_AFTER, seconds.to_string());
                (answer, Body::whole(text))
            }
            Shape::Status(status) => negotiated(status, head),
            Shape::QuotingStatus(status) => {
                let (mut answer, body) = negotiated(status, head);
                answer.headers.append(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
                (answer, body)
            }
            Shape::Untyped(status, bytes) => (ResponseHead::new(status), Body::whole(bytes)),
        };
        (Box::new(answer), body)
    }

    /// No wildcard arm: a new refusal does not compile until it has chosen its bytes.
    fn shape(&self, head: &RequestHead) -> Shape<'_> {
        match self {
            Self::BackendFailed(_) | Self::InvalidUpgrade(_) | Self::UpgradeMismatch(_) => {
                Shape::Bare(StatusCode::BAD_GATEWAY)
            }
            Self::NoDelegate => Shape::Line(StatusCode::NOT_FOUND, line(b"")),
            Self::BackendUnavailable | Self::BackendUnreachable(_) | Self::BackendLoops => {
                Shape::Line(StatusCode::SERVICE_UNAVAILABLE, line(self.to_string().as_bytes()))
            }
            Self::BackendMisconfigured(_) | Self::MissingUser => {
                Shape::Line(StatusCode::INTERNAL_SERVER_ERROR, line(self.to_string().as_bytes()))
            }
            Self::BackendRedirects => Shape::Untyped(StatusCode::BAD_GATEWAY, self.to_string().into()),
            Self::Status(status) => Shape::Status(status),
            Self::Forbidden(status) => Shape::QuotingStatus(status),
            Self::Text(status, text) => Shape::Line(*status, line(text.as_bytes())),
            Self::TooManyRequests => {
                let text = line(self.to_string().as_bytes());
                Shape::LineForNow(StatusCode::TOO_MANY_REQUESTS, text, RETRY_AFTER_SECONDS)
            }
            Self::Internal(error) => Shape::Line(StatusCode::INTERNAL_SERVER_ERROR, internal_error(error, head)),
            Self::OutOfTime => Shape::Untyped(StatusCode::GATEWAY_TIMEOUT, out_of_time()),
        }
    }
}

/// Go: `maxinflight.go` `retryAfter`.
const RETRY_AFTER_SECONDS: u32 = 1;

fn plain_text(status: StatusCode) -> ResponseHead {
    let mut head = ResponseHead::new(status);
    head.headers.append(Name::CONTENT_TYPE, "text/plain; charset=utf-8");
    head.headers.append(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
    head
}

fn negotiated(status: &Status, head: &RequestHead) -> (ResponseHead, Body) {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = ResponseHead::new(code);
    if let Some(seconds) = status.retry_after_seconds() {
        answer.headers.append(Name::RETRY_AFTER, seconds.to_string());
    }
    let (content_type, bytes) = render_status(status, head);
    answer.headers.append(Name::CONTENT_TYPE, content_type);
    (answer, Body::whole(bytes))
}

fn line(text: &[u8]) -> Bytes {
    let mut line = BytesMut::with_capacity(text.len() + 1);
    line.put_slice(text);
    line.put_u8(b'\n');
    line.freeze()
}

/// `Internal Server Error: "/path": what went wrong`; nothing in it can be taken for HTML.
fn internal_error(error: &str, head: &RequestHead) -> Bytes {
    let mut text = BytesMut::from(&b"Internal Server Error: \""[..]);
    put_sanitized(&head.target.raw, &mut text);
    text.put_slice(b"\": ");
    put_sanitized(error.as_bytes(), &mut text);
    text.put_u8(b'\n');
    text.freeze()
}

/// Go: `responsewriters/errors.go` `sanitizer`.
fn put_sanitized(bytes: &[u8], out: &mut BytesMut) {
    for byte in bytes {
        match byte {
            b'&' => out.put_slice(b"&amp;"),
            b'<' => out.put_slice(b"&lt;"),
            b'>' => out.put_slice(b"&gt;"),
            other => out.put_u8(*other),
        }
    }
}

/// A Status that does not say that it is one: Go encodes the bare struct.
fn out_of_time() -> Bytes {
    let mut value = Status::timeout("request did not complete within the allotted timeout", 0).to_value();
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    encode_json(&value, Layout::Compact)
}

/// The head of a GET, for tests of this and of other rooms.
#[cfg(test)]
pub(crate) fn asking(target: &'static str, accept: &'static str) -> RequestHead {
    use crate::wire::{Headers, Target, Version, trailers::Announced, url::Url};
    let raw = Bytes::from_static(target.as_bytes());
    let mut headers = Headers::new();
    headers.append(Name::ACCEPT, accept);
    RequestHead {
        method: http::Method::GET,
        target: Target { url: Url::from_request(false, &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"h.test"),
        headers,
        announced: Announced::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(refusal: &Refusal, head: &RequestHead) -> (ResponseHead, String) {
        let (answer, mut body) = refusal.render(head);
        let Some(Ok(crate::wire::Frame::Data(bytes))) = body.frame().await else { panic!("no body") };
        (*answer, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn an_internal_error_quotes_the_request_without_html() {
        let head = asking("/api/v1/watch/?x=<1>", "*/*");
        let (answer, text) = text(&Refusal::Internal("no & <never>".to_owned()), &head).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.headers.get(&Name::X_CONTENT_TYPE_OPTIONS), Some(&b"nosniff"[..]));
        assert_eq!(text, "Internal Server Error: \"/api/v1/watch/?x=&lt;1&gt;\": no &amp; &lt;never&gt;\n");
    }

    #[tokio::test]
    async fn a_request_without_time_gets_the_bytes_of_go() {
        let (answer, text) = text(&Refusal::OutOfTime, &asking("/x", "application/yaml")).await;
        assert_eq!(answer.status, 504);
        assert!(!answer.headers.contains(&Name::CONTENT_TYPE));
        assert_eq!(text.len(), 152);
        let expected = concat!(
            r#"{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","#,
            r#""reason":"Timeout","details":{},"code":504}"#,
            "\n"
        );
        assert_eq!(text, expected);
    }

    #[tokio::test]
    async fn a_status_that_says_when_to_ask_again_says_it_in_a_header_too() {
        let mut status = Status::service_unavailable("later");
        status.details = Some(Box::new(crate::meta::Details { retry_after_seconds: 5, ..Default::default() }));
        let (answer, text) = text(&Refusal::from(status), &asking("/x", "*/*")).await;
        assert_eq!(answer.headers.get(&Name::RETRY_AFTER), Some(&b"5"[..]));
        assert!(text.contains(r#""retryAfterSeconds":5"#), "{text}");
    }
}
