//! A URL from bytes: scheme, authority, path, query.

use bytes::{BufMut, Bytes, BytesMut};

use super::escape::{Part, is_canonical_path, is_plain, unescape};
use super::{Reason, Url, address, is_optional_port};
use crate::wire::token::has_control;

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A request: an absolute URL or an absolute path, and `//x` is a path.
    Request,
    /// A person: relative URLs too, and `//x` is an authority.
    Reference,
}

/// Go: `net/url/url.go` `parse`.
pub(super) fn parse(raw: &Bytes, form: Form) -> Result<Url, Reason> {
    if has_control(raw) {
        return Err(Reason::ControlByte);
    }
    if raw.is_empty() && form == Form::Request {
        return Err(Reason::Empty);
    }
    let mut url = Url::default();
    if raw == "*" {
        url.path = raw.clone();
        return Ok(url);
    }
    let (scheme, rest) = split_scheme(raw)?;
    url.scheme = lower_case(scheme);
    let rest = split_query(&mut url, rest);

    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest;
            return Ok(url);
        }
        if form == Form::Request {
            return Err(Reason::Relative);
        }
        if colon_in_first_segment(&rest) {
            return Err(Reason::ColonInFirstSegment);
        }
    }

    let mut path = rest;
    let authority_may_follow = !url.scheme.is_empty() || form == Form::Reference && !path.starts_with(b"///");
    if authority_may_follow && path.starts_with(b"//") {
        let authority = path.slice(2..);
        let end = find(&authority, b'/').unwrap_or(authority.len());
        path = authority.slice(end..);
        set_authority(&mut url, authority.slice(..end))?;
    } else if !url.scheme.is_empty() {
        url.omit_host = true;
    }
    set_path(&mut url, path)?;
    Ok(url)
}

/// Whether a relative path would read as a scheme.
pub(super) fn colon_in_first_segment(path: &[u8]) -> bool {
    path.iter().take_while(|byte| **byte != b'/').any(|byte| *byte == b':')
}

/// The scheme and what follows its colon; all of `raw` follows where there is none. Go: `getScheme`.
fn split_scheme(raw: &Bytes) -> Result<(Bytes, Bytes), Reason> {
    for (at, byte) in raw.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => return Ok((raw.slice(..at), raw.slice(at + 1..))),
            b':' => return Err(Reason::MissingScheme),
            _ => break,
        }
    }
    Ok((Bytes::new(), raw.clone()))
}

fn lower_case(scheme: Bytes) -> Bytes {
    if !scheme.iter().any(u8::is_ascii_uppercase) {
        return scheme;
    }
    Bytes::from(scheme.to_ascii_lowercase())
}

/// Sets the query, and gives what stands before it.
fn split_query(url: &mut Url, rest: Bytes) -> Bytes {
    let Some(at) = find(&rest, b'?') else { return rest };
    if at + 1 == rest.len() {
        url.force_query = true;
    } else {
        url.raw_query = rest.slice(at + 1..);
    }
    rest.slice(..at)
}

/// Go: `parseAuthority`.
fn set_authority(url: &mut Url, authority: Bytes) -> Result<(), Reason> {
    // The host comes first: its error is the one that Go reports.
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
        url.host = parse_host(&url.scheme, &authority)?;
        return Ok(());
    };
    url.host = parse_host(&url.scheme, &authority.slice(at + 1..))?;
    let user = authority.slice(..at);
    if !user.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte)) {
        return Err(Reason::Userinfo);
    }
    let colon = find(&user, b':').unwrap_or(user.len());
    unescape(&user.slice(..colon), Part::User)?;
    unescape(&user.slice(colon..), Part::User)?;
    url.user = Some(user);
    Ok(())
}

/// `host[:port]`, decoded. Go: `parseHost`.
fn parse_host(scheme: &[u8], host: &Bytes) -> Result<Bytes, Reason> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return parse_bracketed(host),
        Some(_) => return Err(Reason::IpLiteral),
        None => {}
    }
    if let Some(first) = find(host, b':') {
        // Lists such as `a:1,b:2` are for schemes of data bases.
        let strict = scheme == b"http" || scheme == b"https";
        let last = host.iter().rposition(|byte| *byte == b':');
        let port = host.slice(if strict { first } else { last.unwrap_or(first) }..);
        if !is_optional_port(&port) {
            return Err(Reason::Port(port));
        }
    }
    Ok(unescape(host, Part::Host)?)
}

/// `[address]`, `[address%25zone]`, and an optional port behind it.
fn parse_bracketed(host: &Bytes) -> Result<Bytes, Reason> {
    let close = host.iter().rposition(|byte| *byte == b']').ok_or(Reason::OpenBracket)?;
    let port = host.slice(close + 1..);
    if !is_optional_port(&port) {
        return Err(Reason::Port(port));
    }
    let written = host.slice(1..close);
    let address = match written.windows(3).position(|three| three == b"%25") {
        Some(zone_at) => {
            let address = unescape(&written.slice(..zone_at), Part::Host)?;
            let zone = unescape(&written.slice(zone_at..), Part::Zone)?;
            concat(&[&address, &zone])
        }
        None => unescape(&written, Part::Host)?,
    };
    match address::version(&address).map_err(Reason::Address)? {
        address::Version::Four => Err(Reason::IpLiteral),
        address::Version::Six if address == written => Ok(host.clone()),
        address::Version::Six => Ok(concat(&[b"[", &address, b"]", &port])),
    }
}

/// Go: `setPath`.
fn set_path(url: &mut Url, written: Bytes) -> Result<(), Reason> {
    if is_plain(&written, Part::Path) {
        url.path = written;
        return Ok(());
    }
    url.path = unescape(&written, Part::Path)?;
    if !is_canonical_path(&written) {
        url.raw_path = written;
    }
    Ok(())
}

pub(super) fn concat(parts: &[&[u8]]) -> Bytes {
    let mut out = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.put_slice(part);
    }
    out.freeze()
}

fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, bytes)
}
