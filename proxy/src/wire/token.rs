//! The small words of HTTP: tokens, lists of them, what a field value may hold, and Go's quoting for the texts of errors.

mod printable;
mod quote;
#[cfg(test)]
mod tests;

pub use self::quote::{Quoted, go_quote};
use super::headers::trim;

/// Whether it is a token: not empty, and nothing but RFC 7230's `tchar`.
///
/// Go: `golang.org/x/net/http/httpguts` `ValidHeaderFieldName`, `net/http/request.go` `validMethod`.
/// Trace: `fixtures/vectors/token.json`.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

/// Whether a token may hold this byte.
pub const fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[byte as usize]
}

/// Whether a field may have this value: no control byte but TAB. Go: `httpguts.ValidHeaderFieldValue`.
pub fn is_valid_field_value(value: &[u8]) -> bool {
    // TAB is rare: it alone is worth a second look.
    !has_control(value) || !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// Where the first control byte but TAB stands. Looks at eight bytes at a time.
pub fn find_control(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let found = controls(u64::from_le_bytes(*eight));
        if found == 0 {
            at += 8;
            continue;
        }
        at += found.trailing_zeros() as usize / 8;
        if bytes[at] != b'\t' {
            return Some(at);
        }
        at += 1;
    }
    let rest = &bytes[at..];
    rest.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t').map(|found| at + found)
}

/// The highest bit of each byte that is a control byte, TAB too; bits above the lowest one may be wrong.
const fn controls(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    let without_del = eight ^ (ONES * 0x7f);
    let is_del = without_del.wrapping_sub(ONES) & !without_del;
    (below_space | is_del) & HIGHS
}

/// Whether a control byte is among these, TAB too. Looks at eight bytes at a time, at some of the last eight twice.
pub fn has_control(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return bytes.iter().any(u8::is_ascii_control) };
    let (eights, _) = bytes.as_chunks();
    eights.iter().chain([last]).any(|eight| controls(u64::from_le_bytes(*eight)) != 0)
}

/// The elements of a comma-separated list, without the blanks around them. Empty elements are among them.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim)
}

/// Whether a comma-separated list has a token, whatever its case. Go: `httpguts.headerValueContainsToken`.
pub fn has_token(value: &[u8], token: &[u8]) -> bool {
    tokens(value).any(|element| element.eq_ignore_ascii_case(token))
}

/// Whether every byte is printable ASCII, a space included. Go: `net/http/internal/ascii` `IsPrint`.
pub fn is_ascii_print(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

static TOKEN_BYTES: [bool; 256] = {
    let mut allowed = [false; 256];
    let bytes = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut at = 0;
    while at < bytes.len() {
        allowed[bytes[at] as usize] = true;
        at += 1;
    }
    allowed
};
