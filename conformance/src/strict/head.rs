//! Start lines, fields, and what they say about the body.

use super::Wrong;

/// A field: its name as it was written, its value without the whitespace around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// A token.
    pub name: Vec<u8>,
    /// No control byte is in it but tabs.
    pub value: Vec<u8>,
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Absent,
    /// Content-Length, which stands there once.
    Length(u64),
    /// Transfer-Encoding: chunked, which stands there once and without Content-Length.
    Chunked,
    /// Neither: the body of a response lasts until the connection ends.
    UntilClose,
}

/// Whose head it is.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    Request,
    Response { method: &'a [u8] },
}

/// A head.
pub(super) struct Head {
    line: Line,
    pub(super) fields: Vec<Field>,
    pub(super) framing: Framing,
    /// With the empty line.
    pub(super) length: usize,
}

enum Line {
    Request { method: Vec<u8>, target: Vec<u8> },
    Status { minor: u8, status: u16 },
}

impl Head {
    /// The head at the beginning of some bytes; none when they end within it.
    pub(super) fn read(bytes: &[u8], role: Role<'_>) -> Result<Option<Self>, Wrong> {
        let mut lines = Lines { bytes, at: 0 };
        let Some(first) = lines.next()? else { return Ok(None) };
        let line = match role {
            Role::Request => request_line(first)?,
            Role::Response { .. } => status_line(first)?,
        };
        let Some(fields) = lines.fields()? else { return Ok(None) };
        let end = lines.at;
        let framing = match (&line, role) {
            (Line::Request { method, target }, _) => of_request(method, target, &fields),
            (Line::Status { minor, status }, Role::Response { method }) => {
                of_response(*minor, *status, method, &fields)
            }
            (Line::Status { .. }, Role::Request) => Err("a status line where a request is expected"),
        };
        let framing = framing.map_err(|what| Wrong::new(end, what))?;
        Ok(Some(Self { line, fields, framing, length: end }))
    }

    /// Method and target.
    pub(super) fn request_line(&self) -> (Vec<u8>, Vec<u8>) {
        match &self.line {
            Line::Request { method, target } => (method.clone(), target.clone()),
            Line::Status { .. } => Default::default(),
        }
    }

    /// Minor version and status.
    pub(super) fn status_line(&self) -> (u8, u16) {
        match self.line {
            Line::Status { minor, status } => (minor, status),
            Line::Request { .. } => Default::default(),
        }
    }
}

/// Lines that end with CRLF.
pub(super) struct Lines<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the next one begins.
    pub(super) at: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end; none when the bytes end within it.
    pub(super) fn next(&mut self) -> Result<Option<&'a [u8]>, Wrong> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) else { return Ok(None) };
        match (rest[length], rest.get(length + 1)) {
            (b'\r', Some(b'\n')) => {
                self.at += length + 2;
                Ok(Some(&rest[..length]))
            }
            (b'\r', None) => Ok(None),
            (b'\r', _) => Err(Wrong::new(self.at + length, "a CR without LF")),
            (b'\n', _) => Err(Wrong::new(self.at + length, "an LF without CR")),
            _ => Err(Wrong::new(self.at + length, "a NUL")),
        }
    }

    /// Fields up to and with the empty line; none when the bytes end within them.
    pub(super) fn fields(&mut self) -> Result<Option<Vec<Field>>, Wrong> {
        let mut fields = Vec::new();
        loop {
            let start = self.at;
            match self.next()? {
                None => return Ok(None),
                Some(b"") => return Ok(Some(fields)),
                Some(line) => fields.push(field(line).map_err(|what| Wrong::new(start, what))?),
            }
        }
    }
}

fn field(line: &[u8]) -> Result<Field, &'static str> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("a folded line");
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or("a field without colon")?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return Err("a field name that is no token");
    }
    let value = trim(value);
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err("a control byte in a field value");
    }
    Ok(Field { name: name.to_vec(), value: value.to_vec() })
}

fn request_line(line: &[u8]) -> Result<Line, Wrong> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Wrong::new(0, "a request line that is not three words with one space between them"));
    };
    if !is_token(method) {
        return Err(Wrong::new(0, "a method that is no token"));
    }
    if version != b"HTTP/1.1" {
        return Err(Wrong::new(0, "a version other than HTTP/1.1"));
    }
    if !target.iter().all(|byte| matches!(byte, b'!'..=b'~' | 0x80..) && *byte != b'#') {
        return Err(Wrong::new(0, "a byte in the target that no URI has"));
    }
    if !target.starts_with(b"/") && (target, method) != (b"*", b"OPTIONS") {
        return Err(Wrong::new(0, "a target that does not begin with a slash"));
    }
    Ok(Line::Request { method: method.to_vec(), target: target.to_vec() })
}

fn status_line(line: &[u8]) -> Result<Line, Wrong> {
    let wrong = |what| Wrong::new(0, what);
    let no_version = wrong("a status line without HTTP/1.1 or HTTP/1.0");
    let Some(&[b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'1', b'.', minor @ b'0'..=b'9', b' ']) = line.get(..9)
    else {
        return Err(no_version);
    };
    let minor = minor - b'0';
    let digits = line.get(9..12).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let digits = digits.ok_or(wrong("a status that is not three digits"))?;
    let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    // Go passes the line of a 101 on as its backend wrote it, whatever the version: behind it nothing is HTTP.
    if (major == b'0' || minor > 1) && status != 101 {
        return Err(no_version);
    }
    if status < 100 {
        return Err(wrong("a status below 100"));
    }
    if line.get(12) != Some(&b' ') {
        return Err(wrong("no space behind the status"));
    }
    if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(wrong("a control byte in the reason"));
    }
    Ok(Line::Status { minor, status })
}

fn of_request(method: &[u8], target: &[u8], fields: &[Field]) -> Result<Framing, &'static str> {
    let mut hosts = values(fields, "host");
    let host = hosts.next().ok_or("no Host")?;
    if hosts.next().is_some() {
        return Err("two Hosts");
    }
    if !is_host(host) {
        return Err("a Host that is no host");
    }
    if method == b"CONNECT" || target.is_empty() {
        return Err("a CONNECT");
    }
    Ok(stated(fields)?.unwrap_or(Framing::Absent))
}

fn of_response(minor: u8, status: u16, method: &[u8], fields: &[Field]) -> Result<Framing, &'static str> {
    let stated = stated(fields)?;
    if minor == 0 && stated == Some(Framing::Chunked) {
        return Err("chunks in HTTP/1.0");
    }
    if (status < 200 || status == 204) && stated.is_some() {
        return Err("a 1xx or 204 that is framed");
    }
    if status < 200 || status == 204 || status == 304 || method == b"HEAD" {
        return Ok(Framing::Absent);
    }
    Ok(stated.unwrap_or(Framing::UntilClose))
}

/// What the fields say of the body.
fn stated(fields: &[Field]) -> Result<Option<Framing>, &'static str> {
    let codings: Vec<&[u8]> = values(fields, "transfer-encoding").collect();
    let lengths: Vec<&[u8]> = values(fields, "content-length").collect();
    match (&codings[..], &lengths[..]) {
        ([], []) => Ok(None),
        ([coding], []) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Some(Framing::Chunked)),
        ([_], []) => Err("a coding other than chunked"),
        ([], [length]) => decimal(length).map(|length| Some(Framing::Length(length))),
        ([], _) => Err("two lengths"),
        (_, []) => Err("two codings"),
        _ => Err("a length beside a coding"),
    }
}

fn decimal(text: &[u8]) -> Result<u64, &'static str> {
    let plain = !text.is_empty() && text.iter().all(u8::is_ascii_digit) && (text == b"0" || text[0] != b'0');
    let number = std::str::from_utf8(text).ok().filter(|_| plain).and_then(|text| text.parse().ok());
    number.filter(|number| i64::try_from(*number).is_ok()).ok_or("a length that is no plain number")
}

/// `reg-name`, IPv4, or `[` IPv6 `]`, and a port; or nothing. RFC 3986 section 3.2.2.
fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !host.ends_with(b"]") => (&host[..colon], &host[colon + 1..]),
        _ => (host, &b""[..]),
    };
    let port_is_one = port.iter().all(u8::is_ascii_digit);
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let name_is_one = match name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")) {
        Some(address) => {
            let text = std::str::from_utf8(address).unwrap_or_default();
            let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
            address.parse::<std::net::Ipv6Addr>().is_ok() && zone.bytes().all(|byte| unreserved(&byte))
        }
        None => name.iter().all(unreserved),
    };
    port_is_one && name_is_one
}

/// The values of a field, in their order.
pub(super) fn values<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = move |field: &&Field| field.name.eq_ignore_ascii_case(name.as_bytes());
    fields.iter().filter(named).map(|field| &field.value[..])
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}
