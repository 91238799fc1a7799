use bytes::Bytes;
use http::StatusCode;
use memchr::memchr;

use super::{
    framing::{self, Number},
    head::Fields,
    request::parse_version,
    wrong::Wrong,
};
use crate::wire::{
    body::Length,
    headers::NameSet,
    message::{ResponseHead, Version},
};

/// The head of a response, and what it means for its connection.
#[derive(Clone, Debug)]
pub struct Response {
    /// The head; boxed, because it is large and is handed on often.
    pub head: Box<ResponseHead>,
    /// The length of the body.
    pub length: Length,
    /// That the connection is not used again behind this response.
    pub close: bool,
}

/// A status line, taken apart.
#[derive(Debug)]
pub(super) struct StatusLine {
    pub(super) status: StatusCode,
    version: Number,
    /// Start and end of the text behind the status; of a lone status the status itself, which Go takes for the text.
    reason: (usize, usize),
}

impl StatusLine {
    /// Takes the first line of a response apart.
    ///
    /// # Errors
    /// It is no status line, or its status is below 100.
    ///
    /// Go: `net/http/response.go` `ReadResponse`.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Wrong> {
        let Some(space) = memchr(b' ', line) else {
            return Err(Wrong::StatusLine(Bytes::copy_from_slice(line)));
        };
        let start = space + line[space..].iter().take_while(|byte| **byte == b' ').count();
        let end = memchr(b' ', &line[start..]).map_or(line.len(), |length| start + length);
        let code = &line[start..end];
        let number = parse_status(code)?;
        let version = parse_version(&line[..space])?;
        let status = StatusCode::from_u16(number).map_err(|_| Wrong::ImpossibleStatus(number))?;
        let reason = if end < line.len() { (end + 1, line.len()) } else { (start, end) };
        Ok(Self { status, version, reason })
    }

    /// Whether it switches protocols.
    pub(super) fn switches(&self) -> bool {
        self.status == StatusCode::SWITCHING_PROTOCOLS
    }

    /// The response whose head starts with this line.
    ///
    /// # Errors
    /// The fields do not make sense.
    pub(super) fn with(self, head: &Bytes, to_head: bool, mut fields: Fields) -> Result<Response, Wrong> {
        fields.mind_pragma();
        let framing = framing::of_response(self.version, self.status, to_head, &mut fields)?;
        let head = Box::new(ResponseHead {
            status: self.status,
            version: match self.version {
                (0, _) => Version::Http09,
                (1, 0) => Version::Http10,
                (1, minor) if minor > 1 => Version::Http1x(minor),
                _ => Version::Http11,
            },
            reason: head.slice(self.reason.0..self.reason.1),
            raw: None,
            headers: fields.headers,
            content_length: framing.declared,
            announced: framing.announced,
            trailer_lines: Vec::new(),
            withheld: NameSet::default(),
            close: framing.says_close,
        });
        Ok(Response { head, length: framing.length, close: framing.close })
    }
}

/// Three digits, or a sign and two.
fn parse_status(code: &[u8]) -> Result<u16, Wrong> {
    let number = match code {
        [b'+' | b'-', tens, ones] => decimal(&[*tens, *ones]).filter(|number| code[0] == b'+' || *number == 0),
        [_, _, _] => decimal(code),
        _ => None,
    };
    number.ok_or_else(|| Wrong::StatusCode(Bytes::copy_from_slice(code)))
}

fn decimal(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u16::from(byte - b'0')))
}
