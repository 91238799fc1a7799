//! Names in common use, and how they are found.

use super::{Name, Repr};

/// The place in `KNOWN` of a name in upper or lower case. Asked for every field of every head: a table of hashes is four times as quick
/// as a search, and quicker than making the name canonical before.
pub(super) fn known(name: &[u8]) -> Option<u8> {
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
}
