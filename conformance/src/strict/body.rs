//! Bodies: a length, or chunks without extensions.

use super::{
    Ended, Wrong,
    head::{Field, Framing, Lines},
};

/// A body, or as much of it as came.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) trailers: Vec<Field>,
    /// Where the message ends; none when it is cut.
    pub(super) end: Option<usize>,
}

impl Body {
    /// Reads the body behind a head.
    pub(super) fn read(bytes: &[u8], start: usize, framing: Framing, ended: Ended) -> Result<Self, Wrong> {
        let rest = &bytes[start..];
        let plain = |bytes: &[u8], end| Ok(Self { bytes: bytes.to_vec(), trailers: Vec::new(), end });
        match framing {
            Framing::Absent => plain(b"", Some(start)),
            Framing::UntilClose => plain(rest, (ended == Ended::Yes).then_some(bytes.len())),
            Framing::Length(length) => match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
                Some(body) => plain(body, Some(start + body.len())),
                None => plain(rest, None),
            },
            Framing::Chunked => chunks(bytes, start),
        }
    }
}

fn chunks(bytes: &[u8], start: usize) -> Result<Body, Wrong> {
    let mut body = Body { bytes: Vec::new(), trailers: Vec::new(), end: None };
    let mut lines = Lines { bytes, at: start };
    loop {
        let at = lines.at;
        let Some(line) = lines.next()? else { return Ok(body) };
        let size = size(line).ok_or(Wrong::new(at, "a chunk size that is no plain number"))?;
        if size == 0 {
            if let Some(trailers) = lines.fields()? {
                body.trailers = trailers;
                body.end = Some(lines.at);
            }
            return Ok(body);
        }
        let rest = &bytes[lines.at..];
        let came = &rest[..size.min(rest.len())];
        body.bytes.extend_from_slice(came);
        lines.at += came.len();
        if came.len() < size {
            return Ok(body);
        }
        let at = lines.at;
        match lines.next()? {
            None if bytes.len() - at < 2 => return Ok(body),
            Some(b"") => {}
            _ => return Err(Wrong::new(at, "a chunk that is longer than its size")),
        }
    }
}

/// Hexadecimal digits and nothing else: the last chunk is one zero, the others have none in front.
fn size(line: &[u8]) -> Option<usize> {
    let plain = line.iter().all(u8::is_ascii_hexdigit) && (line == b"0" || line.first() != Some(&b'0'));
    let text = std::str::from_utf8(line).ok().filter(|text| plain && (1..=15).contains(&text.len()))?;
    usize::from_str_radix(text, 16).ok()
}
