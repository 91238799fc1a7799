//! Names in common use, and how they are found.

use super::{Name, Repr};

/// The place in `KNOWN` of a name in upper or lower case. Asked for every field of every head: its first and last eight bytes say where it
/// must stand, and are all of most names, so that a name is found without a loop.
pub(super) fn known(name: &[u8]) -> Option<u8> {
    let ends = Ends::of(name);
    let at = SLOTS[ends.slot()];
    let known = ENDS.get(usize::from(at))?;
    let text = KNOWN[usize::from(at)].as_bytes();
    let found = text.len() == name.len() && ends.is(known) && (name.len() <= 16 || text.eq_ignore_ascii_case(name));
    found.then_some(at)
}

/// The first and the last eight bytes of a name, which may be partly the same; of a short name all that there is.
#[derive(Clone, Copy)]
struct Ends {
    first: u64,
    last: u64,
}

impl Ends {
    const fn of(name: &[u8]) -> Self {
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) };
        }
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Self { first: u32::from_le_bytes(*first) as u64, last: u32::from_le_bytes(*last) as u64 };
        }
        let first = match name {
            [one, two, three] => u32::from_le_bytes([*one, *two, *three, 0]),
            [one, two] => u32::from_le_bytes([*one, *two, 0, 0]),
            [one] => *one as u32,
            _ => 0,
        };
        Self { first: first as u64, last: 0 }
    }

    /// Where in `SLOTS` a name with these ends may stand, in upper or lower case.
    const fn slot(self) -> usize {
        let sum = (self.first | CASE).wrapping_add(self.last | CASE);
        (sum.wrapping_mul(SCATTER) >> (u64::BITS - SLOTS_LENGTH.ilog2())) as usize
    }

    /// Whether these are the ends of a name of `KNOWN` in upper or lower case: they differ in the case of letters alone.
    const fn is(self, known: &KnownEnds) -> bool {
        let KnownEnds { ends, letters } = known;
        ((self.first ^ ends.first) & !letters.first) | ((self.last ^ ends.last) & !letters.last) == 0
    }
}

/// The ends of a name of `KNOWN`.
struct KnownEnds {
    ends: Ends,
    /// The bit that tells upper from lower case, of each byte that is a letter.
    letters: Ends,
}

static ENDS: [KnownEnds; KNOWN.len()] = {
    let mut all = [const { KnownEnds { ends: Ends::of(b""), letters: Ends::of(b"") } }; KNOWN.len()];
    let mut at = 0;
    while at < all.len() {
        let ends = Ends::of(KNOWN[at].as_bytes());
        all[at] = KnownEnds { ends, letters: Ends { first: letters(ends.first), last: letters(ends.last) } };
        at += 1;
    }
    all
};

const fn letters(eight: u64) -> u64 {
    let mut bytes = eight.to_le_bytes();
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = if bytes[at].is_ascii_alphabetic() { 0x20 } else { 0 };
        at += 1;
    }
    u64::from_le_bytes(bytes)
}

/// Places in `KNOWN` by slot; `u8::MAX` is a free one.
static SLOTS: [u8; SLOTS_LENGTH] = {
    let mut slots = [u8::MAX; SLOTS_LENGTH];
    let mut at = 0;
    while at < KNOWN.len() {
        let slot = Ends::of(KNOWN[at].as_bytes()).slot();
        assert!(
            slots[slot] == u8::MAX,
            "two names meet in a slot: SCATTER is to be another odd number, found by trying"
        );
        slots[slot] = at as u8;
        at += 1;
    }
    slots
};

const SLOTS_LENGTH: usize = 512;
/// Scatters the names so that each has a slot of its own. Found by trying.
const SCATTER: u64 = 0xdf03_202a_6c3f_81e7;
/// The bit that tells upper from lower case, of eight bytes.
const CASE: u64 = u64::from_le_bytes([0x20; 8]);

/// How a line of each name starts: `Name: `, with zeros behind it, and its length without them.
pub(super) static LINE_STARTS: [([u8; LINE_START_BYTES_MAX], u8); KNOWN.len()] = {
    let mut starts = [([0; LINE_START_BYTES_MAX], 0); KNOWN.len()];
    let mut at = 0;
    while at < KNOWN.len() {
        let name = KNOWN[at].as_bytes();
        let (start, rest) = starts[at].0.split_at_mut(name.len());
        start.copy_from_slice(name);
        (rest[0], rest[1]) = (b':', b' ');
        starts[at].1 = name.len() as u8 + 2;
        at += 1;
    }
    starts
};

/// The bytes of the longest name and of what stands between it and its value.
pub(in crate::wire::headers) const LINE_START_BYTES_MAX: usize = {
    let (mut longest, mut at) = (0, 0);
    while at < KNOWN.len() {
        if KNOWN[at].len() > longest {
            longest = KNOWN[at].len();
        }
        at += 1;
    }
    longest + b": ".len()
};

macro_rules! names {
    ($($(#[$doc:meta])* $constant:ident = $text:literal;)*) => {
        /// Names in common use, sorted by their bytes.
        pub(in crate::wire) const KNOWN: &[&str] = &[$($text),*];

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
    use proptest::{prelude::*, sample::select};

    use super::{super::canonicalize, *};

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

    /// A name in common use in any case, and one of its bytes perhaps another, or gone, or one too much.
    fn nearly_known() -> impl Strategy<Value = Vec<u8>> {
        let change = (0..3, any::<prop::sample::Index>(), any::<u8>());
        (select(KNOWN), any::<u64>(), proptest::option::of(change)).prop_map(|(name, cases, change)| {
            let mut name = name.as_bytes().to_vec();
            for (at, byte) in name.iter_mut().enumerate().filter(|(at, _)| cases >> (at % 64) & 1 == 1) {
                *byte = if at % 2 == 0 { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
            }
            match change {
                Some((0, at, byte)) => *at.get_mut(&mut name) = byte,
                Some((1, at, _)) => _ = name.remove(at.index(name.len())),
                Some((_, at, byte)) => name.insert(at.index(name.len()), byte),
                None => {}
            }
            name
        })
    }

    proptest! {
        #[test]
        fn a_name_is_known_in_any_case_and_no_other_is(name in prop_oneof![nearly_known(), any::<Vec<u8>>()]) {
            let searched = KNOWN.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(&name));
            prop_assert_eq!(known(&name).map(usize::from), searched);
        }
    }
}
