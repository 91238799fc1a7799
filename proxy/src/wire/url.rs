//! Go's `net/url`, over bytes, as `net/http` uses it.
//!
//! `parse` reads one, `escape` knows which byte may stand where, `join` lays a request on a backend's base, `clean` takes detours out of a
//! path, `query` reads and cleans parameters, `link` keeps a fragment too.

mod address;
mod bad_url;
mod clean;
mod escape;
mod join;
mod link;
mod parse;
mod query;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use self::bad_url::Reason;
use self::escape::Part;
use self::parse::Form;

pub use self::bad_url::BadUrl;
pub use self::clean::clean_path;
pub use self::escape::BadEscape;
pub use self::join::{join_paths, join_queries};
pub use self::link::Link;
pub use self::query::{BadQuery, Values, clean_query_params};

/// A URL taken apart as Go takes it apart; an empty field is Go's empty string.
///
/// Go: `net/url/url.go` `URL` (go1.26.8), without its fragment: no request has one.
/// Trace: `fixtures/vectors/url.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case; empty for a target such as `/x`.
    pub scheme: Bytes,
    /// What stands behind the scheme when that is no slash, as written: `foo:bar` has `bar`.
    pub opaque: Bytes,
    /// The user and password of the authority, as written and still escaped. `username` and `password` decode it.
    pub user: Option<Bytes>,
    /// `host` or `host:port`, decoded; an IPv6 address keeps its brackets and its zone.
    pub host: Bytes,
    /// The decoded path: `%2f` is a slash here.
    pub path: Bytes,
    /// The path as written, when escaping `path` anew would not give it back.
    pub raw_path: Bytes,
    /// The target ends with a lone `?`.
    pub force_query: bool,
    /// What follows the first `?`, as written.
    pub raw_query: Bytes,
    /// There is a scheme and no authority: `http:/x`.
    pub omit_host: bool,
}

/// Decodes `%XX` in a segment of a path. Go: `PathUnescape`.
///
/// # Errors
/// An escape is none.
pub fn path_unescape(escaped: &Bytes) -> Result<Bytes, BadEscape> {
    escape::unescape(escaped, Part::Path)
}

impl Url {
    /// The URL of a request line.
    ///
    /// `CONNECT` names an authority unless its target starts with a slash. Without a scheme, `//host/x` is a path.
    ///
    /// Go: `net/http/request.go` `readRequest`.
    pub fn from_request(method_is_connect: bool, target: &Bytes) -> Result<Self, BadUrl> {
        if !method_is_connect || target.starts_with(b"/") {
            return Self::parse_request_uri(target);
        }
        let mut absolute = BytesMut::with_capacity(b"http://".len() + target.len());
        absolute.put_slice(b"http://");
        absolute.put_slice(target);
        let mut url = Self::parse_request_uri(&absolute.freeze())?;
        url.scheme = Bytes::new();
        Ok(url)
    }

    /// An absolute URL or an absolute path; a `#` is an ordinary byte. Go: `ParseRequestURI`.
    pub fn parse_request_uri(raw: &Bytes) -> Result<Self, BadUrl> {
        parse::parse(raw, Form::Request).map_err(|reason| BadUrl { url: raw.clone(), reason })
    }

    /// Any URL, relative ones too, as a flag names one. A fragment must be well escaped and is dropped. Go: `Parse`.
    pub fn parse(raw: &Bytes) -> Result<Self, BadUrl> {
        let fragment_at = raw.iter().position(|byte| *byte == b'#');
        let before = raw.slice(..fragment_at.unwrap_or(raw.len()));
        let url = parse::parse(&before, Form::Reference).map_err(|reason| BadUrl { url: before, reason })?;
        if let Some(at) = fragment_at {
            let fragment = raw.slice(at + 1..);
            escape::unescape(&fragment, Part::Path)
                .map_err(|reason| BadUrl { url: raw.clone(), reason: reason.into() })?;
        }
        Ok(url)
    }

    /// The path as it goes on the wire: as written where that is well escaped and means `path`, else escaped anew.
    ///
    /// Go: `EscapedPath`.
    pub fn escaped_path(&self) -> Bytes {
        if !self.raw_path.is_empty()
            && escape::is_encoding(&self.raw_path, Part::Path)
            && escape::decodes_to(&self.raw_path, &self.path)
        {
            return self.raw_path.clone();
        }
        if self.path == "*" {
            return self.path.clone();
        }
        escape::escape(&self.path, Part::Path)
    }

    /// Writes the target of a request line. Go: `RequestURI`.
    pub fn request_uri(&self, out: &mut BytesMut) {
        if self.opaque.is_empty() {
            let path = self.escaped_path();
            out.put_slice(if path.is_empty() { b"/" } else { &path });
        } else {
            if self.opaque.starts_with(b"//") {
                out.put_slice(&self.scheme);
                out.put_u8(b':');
            }
            out.put_slice(&self.opaque);
        }
        self.write_query(out);
    }

    /// The target of a request line; shares `came` where it is the same, as it is unless somebody has rewritten the URL.
    pub fn request_uri_like(&self, came: &Bytes) -> Bytes {
        if self.opaque.is_empty() {
            let path = self.escaped_path();
            let query = came.strip_prefix(&path[..]).filter(|_| !path.is_empty());
            let same = match query {
                Some([]) => !self.force_query && self.raw_query.is_empty(),
                Some([b'?', query @ ..]) => *query == self.raw_query && (self.force_query || !query.is_empty()),
                Some(_) | None => false,
            };
            if same {
                return came.clone();
            }
        }
        let mut target = BytesMut::with_capacity(self.path.len() + self.raw_query.len() + 2);
        self.request_uri(&mut target);
        target.freeze()
    }

    /// Writes the whole URL, its password too. Go: `String`.
    pub fn write(&self, out: &mut BytesMut) {
        self.write_with(Password::Shown, out);
    }

    /// The host without its port and without the brackets of an IPv6 address. Go: `Hostname`.
    pub fn hostname(&self) -> &[u8] {
        split_optional_port(&self.host).0
    }

    /// The port, or nothing where there is none that is a number. Go: `Port`.
    pub fn port(&self) -> &[u8] {
        split_optional_port(&self.host).1
    }

    /// The decoded user name, if the authority has a user.
    pub fn username(&self) -> Option<Bytes> {
        self.user_parts().map(|(name, _)| decoded(&name))
    }

    /// The decoded password, if the authority has one.
    pub fn password(&self) -> Option<Bytes> {
        self.user_parts().and_then(|(_, password)| password).map(|password| decoded(&password))
    }

    fn user_parts(&self) -> Option<(Bytes, Option<Bytes>)> {
        let user = self.user.as_ref()?;
        Some(match user.iter().position(|byte| *byte == b':') {
            Some(colon) => (user.slice(..colon), Some(user.slice(colon + 1..))),
            None => (user.clone(), None),
        })
    }

    fn write_with(&self, shown: Password, out: &mut BytesMut) {
        let start = out.len();
        if !self.scheme.is_empty() {
            out.put_slice(&self.scheme);
            out.put_u8(b':');
        }
        if self.opaque.is_empty() {
            self.write_authority(shown, out);
            let path = self.escaped_path();
            if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
                out.put_u8(b'/');
            }
            // RFC 3986, section 4.2: a colon in the first segment would read as a scheme.
            if out.len() == start && parse::colon_in_first_segment(&path) {
                out.put_slice(b"./");
            }
            out.put_slice(&path);
        } else {
            out.put_slice(&self.opaque);
        }
        self.write_query(out);
    }

    fn write_authority(&self, shown: Password, out: &mut BytesMut) {
        let named = !self.host.is_empty() || self.user.is_some();
        if !named && (self.scheme.is_empty() || self.omit_host) {
            return;
        }
        if named || !self.path.is_empty() {
            out.put_slice(b"//");
        }
        if let Some((name, password)) = self.user_parts() {
            out.put_slice(&escape::escape(&decoded(&name), Part::User));
            if let Some(password) = password {
                out.put_u8(b':');
                match shown {
                    Password::Shown => out.put_slice(&escape::escape(&decoded(&password), Part::User)),
                    Password::Hidden => out.put_slice(b"xxxxx"),
                }
            }
            out.put_u8(b'@');
        }
        out.put_slice(&escape::escape(&self.host, Part::Host));
    }

    fn write_query(&self, out: &mut BytesMut) {
        if self.force_query || !self.raw_query.is_empty() {
            out.put_u8(b'?');
            out.put_slice(&self.raw_query);
        }
    }
}

/// For logs: the password is hidden, as Go's `Redacted` hides it.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = BytesMut::new();
        self.write_with(Password::Hidden, &mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

#[derive(Clone, Copy)]
enum Password {
    Shown,
    Hidden,
}

/// The parts of `host:port`; a port that is no number belongs to the host. Go: `splitHostPort`.
fn split_optional_port(host: &[u8]) -> (&[u8], &[u8]) {
    let (name, port) = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if is_optional_port(&host[colon..]) => (&host[..colon], &host[colon + 1..]),
        _ => (host, &host[..0]),
    };
    let inner = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    (inner.unwrap_or(name), port)
}

/// Nothing, or a colon and digits or none. Go: `validOptionalPort`.
fn is_optional_port(port: &[u8]) -> bool {
    match port.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

/// `user` is public, so a bad escape is possible here: it is taken as it stands.
fn decoded(part: &Bytes) -> Bytes {
    escape::unescape(part, Part::User).unwrap_or_else(|_| part.clone())
}
