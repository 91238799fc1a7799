use super::{FieldName, Pseudo};
use crate::wire::headers::Name;

/// How many entries the static table has; the dynamic one begins behind it.
pub(super) const LENGTH: usize = ENTRIES.len();

/// The name and the value of an entry; the first one is 1.
pub(super) fn entry(index: usize) -> Option<(FieldName, &'static str)> {
    let (text, value) = ENTRIES.get(index.checked_sub(1)?)?;
    let name = match Pseudo::of(text.as_bytes()) {
        Some(pseudo) => FieldName::Pseudo(pseudo),
        None => FieldName::Regular(Name::at(POSITIONS[index - 1])?),
    };
    Some((name, value))
}

/// The first entry with this name.
pub(super) fn index_of(name: &Name) -> Option<usize> {
    let index = INDEXES[usize::from(name.position()?)];
    (index != 0).then_some(usize::from(index))
}

/// The place in the list of known names of each entry's name; pseudo fields have none.
static POSITIONS: [u8; LENGTH] = {
    let mut positions = [u8::MAX; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        let mut position = 0;
        while position < Name::KNOWN.len() {
            if are_equal(ENTRIES[at].0.as_bytes(), Name::KNOWN[position].as_bytes()) {
                positions[at] = position as u8;
            }
            position += 1;
        }
        at += 1;
    }
    positions
};

/// The first entry of each known name, 0 if there is none.
static INDEXES: [u8; 256] = {
    let mut indexes = [0; 256];
    let mut at = LENGTH;
    while at > 0 {
        at -= 1;
        let position = POSITIONS[at];
        if position != u8::MAX {
            indexes[position as usize] = at as u8 + 1;
        }
    }
    indexes
};

const fn are_equal(left: &[u8], right: &[u8]) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// RFC 7541 appendix A.
const ENTRIES: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
