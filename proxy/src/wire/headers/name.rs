use std::{cmp::Ordering, fmt};

use bytes::{Bytes, BytesMut};

use crate::wire::token::is_token_byte;

/// The name of a header field, canonical: `X-Forwarded-For`.
///
/// Names in common use cost no allocation and compare as numbers. A name with a byte that no token may have stays as it came, as in Go; it
/// equals only itself and is never written.
///
/// Go: `net/textproto/reader.go` `CanonicalMIMEHeaderKey`.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Repr);

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    /// An index into `KNOWN`.
    Known(u8),
    Other(Bytes),
}

impl Name {
    /// The canonical form of a name, rewritten in the buffer it stands in.
    pub fn from_buffer(mut bytes: BytesMut) -> Self {
        Self::known(&bytes).unwrap_or_else(|| {
            canonicalize(&mut bytes);
            Self::canonical(bytes.freeze())
        })
    }

    /// The name in common use that these bytes are, in upper or lower case.
    pub(in crate::wire) fn known(bytes: &[u8]) -> Option<Self> {
        known(bytes).map(|at| Self(Repr::Known(at)))
    }

    /// The place in `KNOWN` of the name that these bytes are, in upper or lower case.
    pub(in crate::wire) fn place(bytes: &[u8]) -> Option<u8> {
        known(bytes)
    }

    /// A name in no common use, made canonical already.
    pub(in crate::wire) fn canonical(bytes: Bytes) -> Self {
        Self(Repr::Other(bytes))
    }

    /// The canonical form of a name; copies it unless it is in common use.
    pub fn from_slice(bytes: &[u8]) -> Self {
        Self::known(bytes).unwrap_or_else(|| {
            let mut copy = BytesMut::from(bytes);
            canonicalize(&mut copy);
            Self::canonical(copy.freeze())
        })
    }

    /// The name as it is written on HTTP/1.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Known(at) => KNOWN[usize::from(*at)].as_bytes(),
            Repr::Other(bytes) => bytes,
        }
    }

    /// Whether a careless reader takes this name for `other`: one that knows neither case nor the difference between `-` and `_`.
    ///
    /// Many servers hand header fields on as environment variables. What must not be forged is taken out in every such spelling.
    pub fn reads_as(&self, other: &[u8]) -> bool {
        let name = self.as_bytes();
        name.len() == other.len() && read_alike(name, other)
    }

    /// Whether a careless reader, as of [`Name::reads_as`], finds `prefix` at the start of this name.
    pub fn starts_as(&self, prefix: &[u8]) -> bool {
        self.as_bytes().get(..prefix.len()).is_some_and(|start| read_alike(start, prefix))
    }

    /// Names in common use, sorted by their bytes.
    pub(in crate::wire) const KNOWN: &'static [&'static str] = KNOWN;

    /// The name at a place of `KNOWN`.
    pub(in crate::wire) fn at(position: u8) -> Option<Self> {
        (usize::from(position) < KNOWN.len()).then_some(Self(Repr::Known(position)))
    }

    /// Its place in `KNOWN`.
    pub(in crate::wire) fn position(&self) -> Option<u8> {
        match &self.0 {
            Repr::Known(at) => Some(*at),
            Repr::Other(_) => None,
        }
    }

    /// Whether the name is a token of RFC 9110, so that it may be written.
    pub fn is_token(&self) -> bool {
        match &self.0 {
            Repr::Known(_) => true,
            Repr::Other(bytes) => !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte)),
        }
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Known(left), Repr::Known(right)) => left.cmp(right), // KNOWN is sorted
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_bytes().escape_ascii(), f)
    }
}

fn read_alike(left: &[u8], right: &[u8]) -> bool {
    let read = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    left.iter().map(read).eq(right.iter().map(read))
}

/// Names in common use, to be looked up in one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameSet(u128);

impl NameSet {
    /// The set of these names.
    ///
    /// # Panics
    /// At compile time, if one of them is in no common use.
    pub const fn of<const N: usize>(names: [Name; N]) -> Self {
        let mut set = 0;
        let mut at = 0;
        while at < N {
            match &names[at].0 {
                Repr::Known(known) => set |= 1 << *known,
                Repr::Other(_) => panic!("sets are for names in common use"),
            }
            at += 1;
        }
        std::mem::forget(names); // names in common use own nothing, and a constant cannot drop
        Self(set)
    }

    /// Whether a name is one of them.
    pub const fn contains(self, name: &Name) -> bool {
        match &name.0 {
            Repr::Known(known) => self.0 >> *known & 1 == 1,
            Repr::Other(_) => false,
        }
    }

    /// Adds a name, if it is in common use.
    pub const fn insert(&mut self, name: &Name) {
        if let Repr::Known(known) = &name.0 {
            self.0 |= 1 << *known;
        }
    }

    /// Takes a name out.
    pub const fn remove(&mut self, name: &Name) {
        if let Repr::Known(known) = &name.0 {
            self.0 &= !(1 << *known);
        }
    }

    /// Takes the names of another set out.
    pub const fn remove_all(&mut self, others: Self) {
        self.0 &= !others.0;
    }

    /// Whether a name may be among names of which those in common use are in this set.
    pub const fn may_contain(self, name: &Name) -> bool {
        self.contains(name) || matches!(name.0, Repr::Other(_))
    }

    /// Whether a name is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Upper case at the start and behind each hyphen, lower case elsewhere; nothing is changed if a byte is no token byte.
pub(in crate::wire) fn canonicalize(bytes: &mut [u8]) {
    if !bytes.iter().all(|byte| is_token_byte(*byte)) {
        return;
    }
    let mut upper = true;
    for byte in bytes {
        if upper {
            byte.make_ascii_uppercase();
        } else {
            byte.make_ascii_lowercase();
        }
        upper = *byte == b'-';
    }
}

/// The place in `KNOWN` of a name in upper or lower case. Asked for every field of every head: a table of hashes is four times as quick
/// as a search, and quicker than making the name canonical before.
fn known(name: &[u8]) -> Option<u8> {
    let mut slot = hash(name);
    loop {
        let at = SLOTS[slot];
        let known = KNOWN.get(usize::from(at))?.as_bytes();
        // Most peers write names as they stand there.
        if known == name || known.eq_ignore_ascii_case(name) {
            return Some(at);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// Where in `SLOTS` a name is looked for first: its length and three of its bytes in lower case, so weighted that no three of `KNOWN` meet.
const fn hash(name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let (first, middle, last) = (name[0] | 0x20, name[length / 2] | 0x20, name[length - 1] | 0x20);
    (length * 39 + first as usize * 206 + middle as usize * 26 + last as usize * 215) % SLOTS_LENGTH
}

/// Places in `KNOWN` by hash, each in the first free slot from its hash on; `u8::MAX` is a free slot.
static SLOTS: [u8; SLOTS_LENGTH] = {
    let mut slots = [u8::MAX; SLOTS_LENGTH];
    let mut at = 0;
    while at < KNOWN.len() {
        let mut slot = hash(KNOWN[at].as_bytes());
        while slots[slot] != u8::MAX {
            slot = (slot + 1) % SLOTS_LENGTH;
        }
        slots[slot] = at as u8;
        at += 1;
    }
    slots
};

const SLOTS_LENGTH: usize = 512;

macro_rules! names {
    ($($(#[$doc:meta])* $constant:ident = $text:literal;)*) => {
        /// Names in common use, sorted by their bytes.
        const KNOWN: &[&str] = &[$($text),*];

        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "the positions of the constants below, never seen")]
        #[repr(u8)]
        enum Position { $($constant),* }

        impl Name {
            $(#[doc = concat!("`", $text, "`")] pub const $constant: Self = Self(Repr::Known(Position::$constant as u8));)*
        }
    };
}

const _: () = assert!(KNOWN.len() <= 128, "a NameSet has a bit for each");

names! {
    ACCEPT = "Accept";
    ACCEPT_CHARSET = "Accept-Charset";
    ACCEPT_ENCODING = "Accept-Encoding";
    ACCEPT_LANGUAGE = "Accept-Language";
    ACCEPT_RANGES = "Accept-Ranges";
    ACCESS_CONTROL_ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials";
    ACCESS_CONTROL_ALLOW_HEADERS = "Access-Control-Allow-Headers";
    ACCESS_CONTROL_ALLOW_METHODS = "Access-Control-Allow-Methods";
    ACCESS_CONTROL_ALLOW_ORIGIN = "Access-Control-Allow-Origin";
    AGE = "Age";
    ALLOW = "Allow";
    AUDIT_ID = "Audit-Id";
    AUTHORIZATION = "Authorization";
    CACHE_CONTROL = "Cache-Control";
    CONNECTION = "Connection";
    CONTENT_DISPOSITION = "Content-Disposition";
    CONTENT_ENCODING = "Content-Encoding";
    CONTENT_LANGUAGE = "Content-Language";
    CONTENT_LENGTH = "Content-Length";
    CONTENT_LOCATION = "Content-Location";
    CONTENT_RANGE = "Content-Range";
    CONTENT_TYPE = "Content-Type";
    COOKIE = "Cookie";
    DATE = "Date";
    ETAG = "Etag";
    EXPECT = "Expect";
    EXPIRES = "Expires";
    FORWARDED = "Forwarded";
    FROM = "From";
    HOST = "Host";
    IDEMPOTENCY_KEY = "Idempotency-Key";
    IF_MATCH = "If-Match";
    IF_MODIFIED_SINCE = "If-Modified-Since";
    IF_NONE_MATCH = "If-None-Match";
    IF_RANGE = "If-Range";
    IF_UNMODIFIED_SINCE = "If-Unmodified-Since";
    IMPERSONATE_GROUP = "Impersonate-Group";
    IMPERSONATE_UID = "Impersonate-Uid";
    IMPERSONATE_USER = "Impersonate-User";
    KEEP_ALIVE = "Keep-Alive";
    KUBECTL_COMMAND = "Kubectl-Command";
    KUBECTL_SESSION = "Kubectl-Session";
    LAST_MODIFIED = "Last-Modified";
    LINK = "Link";
    LOCATION = "Location";
    MAX_FORWARDS = "Max-Forwards";
    ORIGIN = "Origin";
    PRAGMA = "Pragma";
    PROXY_AUTHENTICATE = "Proxy-Authenticate";
    PROXY_AUTHORIZATION = "Proxy-Authorization";
    PROXY_CONNECTION = "Proxy-Connection";
    RANGE = "Range";
    REFERER = "Referer";
    REFRESH = "Refresh";
    RETRY_AFTER = "Retry-After";
    SEC_WEBSOCKET_ACCEPT = "Sec-Websocket-Accept";
    SEC_WEBSOCKET_KEY = "Sec-Websocket-Key";
    SEC_WEBSOCKET_PROTOCOL = "Sec-Websocket-Protocol";
    SEC_WEBSOCKET_VERSION = "Sec-Websocket-Version";
    SERVER = "Server";
    SET_COOKIE = "Set-Cookie";
    STRICT_TRANSPORT_SECURITY = "Strict-Transport-Security";
    TE = "Te";
    TRACEPARENT = "Traceparent";
    TRACESTATE = "Tracestate";
    TRAILER = "Trailer";
    TRANSFER_ENCODING = "Transfer-Encoding";
    UPGRADE = "Upgrade";
    USER_AGENT = "User-Agent";
    VARY = "Vary";
    VIA = "Via";
    WARNING = "Warning";
    WWW_AUTHENTICATE = "Www-Authenticate";
    X_CONTENT_TYPE_OPTIONS = "X-Content-Type-Options";
    X_FORWARDED_FOR = "X-Forwarded-For";
    X_FORWARDED_HOST = "X-Forwarded-Host";
    X_FORWARDED_PROTO = "X-Forwarded-Proto";
    X_FORWARDED_URI = "X-Forwarded-Uri";
    X_IDEMPOTENCY_KEY = "X-Idempotency-Key";
    X_REAL_IP = "X-Real-Ip";
    X_REMOTE_GROUP = "X-Remote-Group";
    X_REMOTE_UID = "X-Remote-Uid";
    X_REMOTE_USER = "X-Remote-User";
    X_REQUEST_ID = "X-Request-Id";
    X_STREAM_PROTOCOL_VERSION = "X-Stream-Protocol-Version";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_sorted_canonical_and_short() {
        assert!(KNOWN.is_sorted());
        for name in KNOWN {
            let mut copy = name.as_bytes().to_vec();
            canonicalize(&mut copy);
            assert_eq!(copy, name.as_bytes());
            assert_eq!(known(name.as_bytes()).map(|at| KNOWN[usize::from(at)]), Some(*name));
        }
        assert!(KNOWN.len() < usize::from(u8::MAX));
    }

    #[test]
    fn names_become_canonical_as_in_go() {
        for (raw, canonical) in [
            ("x-1a-bC", "X-1a-Bc"),
            ("X_foo_BAR", "X_foo_bar"),
            ("te", "Te"),
            ("sec-websocket-key", "Sec-Websocket-Key"),
            ("Foo Bar", "Foo Bar"),
            ("ETag", "Etag"),
        ] {
            assert_eq!(Name::from_slice(raw.as_bytes()).as_bytes(), canonical.as_bytes());
            assert_eq!(Name::from_buffer(BytesMut::from(raw)), Name::from_slice(raw.as_bytes()));
        }
        assert_eq!(Name::from_slice(b"eTAG"), Name::ETAG);
    }

    #[test]
    fn a_careless_reader_sees_neither_case_nor_underscores() {
        let name = Name::from_slice(b"x_Remote-EXTRA_a");
        assert!(name.reads_as(b"X-Remote_Extra-A") && name.starts_as(b"x-remote-extra-"));
        assert!(!name.reads_as(b"X-Remote-Extra-") && !name.starts_as(b"x-remote-extra-ab"));
    }

    #[test]
    fn a_name_with_a_space_is_no_token() {
        assert!(!Name::from_slice(b"Foo Bar").is_token());
        assert!(!Name::from_slice(b"").is_token());
        assert!(Name::from_slice(b"x_y").is_token());
    }
}
