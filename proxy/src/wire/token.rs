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

/// Where the first control byte but TAB stands.
pub fn find_control(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += first(&bytes[at..], controls)?;
        if bytes[at] != b'\t' {
            return Some(at);
        }
        at += 1;
    }
}

/// Where the first colon stands, if no control byte comes before it.
pub fn find_colon(bytes: &[u8]) -> Option<usize> {
    first(bytes, |eight| controls(eight) | equals(eight, b':')).filter(|at| bytes[*at] == b':')
}

/// Where the first byte stands that is flagged, eight at a time. Behind the end there are spaces.
fn first(bytes: &[u8], flags: impl Fn(u64) -> u64) -> Option<usize> {
    let (eights, rest) = bytes.as_chunks();
    for (at, eight) in eights.iter().enumerate() {
        let found = flags(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let found = flags(u64::from_le_bytes(last));
    (found != 0).then(|| eights.len() * 8 + found.trailing_zeros() as usize / 8)
}

/// The highest bit of each byte that is a control byte, TAB too; bits above the lowest one may be wrong.
const fn controls(eight: u64) -> u64 {
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    below_space & HIGHS | equals(eight, 0x7f)
}

/// The highest bit of each byte that is this one; bits above the lowest one may be wrong.
const fn equals(eight: u64, byte: u8) -> u64 {
    let differs = eight ^ (ONES * byte as u64);
    differs.wrapping_sub(ONES) & !differs & HIGHS
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

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
