use bytes::Bytes;

use crate::{
    wire::{Headers, Name, NameSet},
    world::{Bug, Planted},
};

/// Headers that may leave this process: every hop-by-hop field is gone.
///
/// All `Connection` lines count, not only the first. What the forward core wants back (`Te: trailers`, an upgrade) it asks for by name.
/// Fields that frame a message are never among them: framing comes from the body alone.
///
/// Go: `net/http/httputil/reverseproxy.go` `removeHopByHopHeaders`. Trace: `forward/hop_by_hop/connection_names_fields_on_two_lines`.
#[derive(Clone, Debug, Default)]
pub struct StrippedHeaders(Headers);

impl StrippedHeaders {
    /// Removes the fields that `Connection` names, then the fixed list.
    pub fn from_inbound(mut inbound: Headers, planted: &Planted) -> Self {
        inbound.remove_named(&Name::CONNECTION);
        if planted.has(Bug::KeepsHopByHop) {
            inbound.retain(|name, _| !REMOVED.contains(name) || *name == Name::KEEP_ALIVE);
        } else {
            inbound.remove_all(REMOVED);
        }
        Self(inbound)
    }

    /// Headers of a request of our own.
    pub fn ours(mut headers: Headers) -> Self {
        headers.remove_all(FRAMING);
        Self(headers)
    }

    /// The first value of a name.
    pub fn get(&self, name: &Name) -> Option<&[u8]> {
        self.0.get(name)
    }

    /// All values of a name, in their order.
    pub fn all<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a [u8]> {
        self.0.all(name)
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &Name) -> bool {
        self.0.contains(name)
    }

    /// All fields, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Bytes)> {
        self.0.iter()
    }

    /// Puts one value in the place of all values of a name. A name that frames messages is left out, as Go leaves it out when it writes.
    pub fn set(&mut self, name: Name, value: impl Into<Bytes>) {
        if !FRAMING.contains(&name) {
            self.0.set(name, value);
        }
    }

    /// Adds a field behind the others. A name that frames messages is left out, as Go leaves it out when it writes.
    pub fn append(&mut self, name: Name, value: impl Into<Bytes>) {
        if !FRAMING.contains(&name) {
            self.0.append(name, value);
        }
    }

    /// Takes all fields of a name out. True if there was one.
    pub fn remove(&mut self, name: &Name) -> bool {
        self.0.remove(name)
    }

    /// Keeps the fields of which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&Name, &Bytes) -> bool) {
        self.0.retain(keep);
    }

    /// Tells the backend that trailers are understood.
    pub fn accept_trailers(&mut self) {
        self.0.set(Name::TE, Bytes::from_static(b"trailers"));
    }

    /// Asks the backend to switch to `token`.
    pub fn ask_upgrade(&mut self, token: Bytes) {
        self.0.set(Name::CONNECTION, Bytes::from_static(b"Upgrade"));
        self.0.set(Name::UPGRADE, token);
    }

    /// Says `Connection` line by line as it came in: of a request for another protocol that names no field there.
    pub fn say_connection_of(&mut self, inbound: &Headers) {
        self.0.remove(&Name::CONNECTION);
        for line in inbound.all(&Name::CONNECTION) {
            self.0.append(Name::CONNECTION, Bytes::copy_from_slice(line));
        }
    }

    /// What the backend is asked to switch to.
    ///
    /// Go: `net/http/transport.go` `isProtocolSwitchHeader`.
    pub fn upgrade(&self) -> Option<&Bytes> {
        let asked = self.0.get_bytes(&Name::UPGRADE).filter(|token| !token.is_empty())?;
        self.0.has_token(&Name::CONNECTION, b"upgrade").then_some(asked)
    }

    /// The fields, to be read.
    pub fn as_headers(&self) -> &Headers {
        &self.0
    }

    /// The fields, no longer known to be stripped.
    pub fn into_headers(self) -> Headers {
        self.0
    }
}

/// Takes out of an answer's fields what concerns the backend's connection alone. A `Host` is a field as any other there.
///
/// Go: `net/http/httputil/reverseproxy.go` `removeHopByHopHeaders`.
pub fn strip_hop_by_hop(headers: &mut Headers) {
    headers.remove_named(&Name::CONNECTION);
    headers.remove_all(HOP_BY_HOP);
}

/// What concerns one connection only.
const HOP_BY_HOP: NameSet = NameSet::of([
    Name::CONNECTION,
    Name::PROXY_CONNECTION,
    Name::KEEP_ALIVE,
    Name::PROXY_AUTHENTICATE,
    Name::PROXY_AUTHORIZATION,
    Name::TE,
    Name::TRAILER,
    Name::TRANSFER_ENCODING,
    Name::UPGRADE,
]);

/// What frames a message, or stands in its head beside the fields. Go: `net/http/request.go` `reqWriteExcludeHeader`.
const FRAMING: NameSet = NameSet::of([Name::HOST, Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER]);

/// What no message that came in keeps.
const REMOVED: NameSet = HOP_BY_HOP.and(FRAMING);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &'static str)]) -> Headers {
        fields
            .iter()
            .map(|(name, value)| (Name::from_slice(name.as_bytes()), Bytes::from_static(value.as_bytes())))
            .collect()
    }

    fn names(stripped: &StrippedHeaders) -> Vec<String> {
        stripped.iter().map(|(name, _)| String::from_utf8_lossy(name.as_bytes()).into_owned()).collect()
    }

    #[test]
    fn connection_names_fields_on_two_lines() {
        let inbound = headers(&[
            ("Connection", "X-A , x-b"),
            ("Connection", "X-C,,"),
            ("X-A", "1"),
            ("X-B", "2"),
            ("X-C", "3"),
            ("X-D", "4"),
        ]);
        assert_eq!(names(&StrippedHeaders::from_inbound(inbound, &Planted::none())), ["X-D"]);
    }

    #[test]
    fn the_fixed_list_goes_and_what_looks_like_it_stays() {
        let inbound = headers(&[
            ("Proxy-Connection", "keep-alive"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authenticate", "Basic"),
            ("Proxy-Authorization", "Basic eA=="),
            ("Te", "trailers"),
            ("Trailer", "X-A"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "websocket"),
            ("Via", "1.1 a"),
            ("Http2-Settings", "AAAA"),
            ("Expect", "100-continue"),
        ]);
        assert_eq!(
            names(&StrippedHeaders::from_inbound(inbound, &Planted::none())),
            ["Via", "Http2-Settings", "Expect"]
        );
    }

    #[test]
    fn the_planted_bug_keeps_one_field() {
        let inbound = headers(&[("Keep-Alive", "timeout=5"), ("Te", "trailers")]);
        assert_eq!(names(&StrippedHeaders::from_inbound(inbound, &Planted::one(Bug::KeepsHopByHop))), ["Keep-Alive"]);
    }

    #[test]
    fn an_upgrade_is_asked_by_both_fields() {
        let mut stripped = StrippedHeaders::default();
        stripped.append(Name::UPGRADE, Bytes::from_static(b"websocket"));
        assert_eq!(stripped.upgrade(), None);
        stripped.ask_upgrade(Bytes::from_static(b"SPDY/3.1"));
        assert_eq!(stripped.upgrade().map(|token| &token[..]), Some(&b"SPDY/3.1"[..]));
    }

    #[test]
    fn no_edit_brings_framing_back() {
        let mut stripped = StrippedHeaders::ours(headers(&[("Content-Length", "5"), ("Host", "a"), ("X-A", "1")]));
        stripped.set(Name::TRANSFER_ENCODING, Bytes::from_static(b"chunked"));
        stripped.append(Name::CONTENT_LENGTH, Bytes::from_static(b"7"));
        assert_eq!(names(&stripped), ["X-A"]);
    }
}
