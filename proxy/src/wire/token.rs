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

/// Where the first control byte but TAB stands. Passes over sixteen bytes at a time.
pub fn find_control(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk()
        && !block_has_control(block)
    {
        rest = behind;
    }
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let found = controls(u64::from_le_bytes(*eight));
        if found == 0 {
            rest = behind;
            continue;
        }
        let (before, from) = rest.split_at(found.trailing_zeros() as usize / 8);
        if from.first() != Some(&b'\t') {
            return Some(bytes.len() - rest.len() + before.len());
        }
        rest = &from[1..];
    }
    let found = rest.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t');
    found.map(|found| bytes.len() - rest.len() + found)
}

/// Where a byte stands that is expected among the first few: beyond some dozens a call of `memchr` is quicker.
pub fn find_near(wanted: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let without = u64::from_le_bytes(*eight) ^ (ONES * wanted as u64);
        let found = without.wrapping_sub(ONES) & !without & HIGHS;
        if found != 0 {
            return Some(bytes.len() - rest.len() + found.trailing_zeros() as usize / 8);
        }
        rest = behind;
    }
    rest.iter().position(|byte| *byte == wanted).map(|found| bytes.len() - rest.len() + found)
}

/// Whether a control byte is among these, TAB too. Looks at sixteen bytes at a time, at some of the last sixteen twice.
pub fn has_control(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk() {
        let mut rest = bytes;
        while let Some((block, behind)) = rest.split_first_chunk() {
            if block_has_control(block) {
                return true;
            }
            rest = behind;
        }
        return block_has_control(last);
    }
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => controls(u64::from_le_bytes(*first)) | controls(u64::from_le_bytes(*last)) != 0,
        _ => bytes.iter().any(u8::is_ascii_control),
    }
}

/// Looks at every byte, so that a compiler can look at all of them at once.
fn block_has_control(block: &[u8; 16]) -> bool {
    block.iter().fold(false, |found, byte| found | byte.is_ascii_control())
}

/// The highest bit of each byte that is a control byte, TAB too; bits above the lowest one may be wrong.
const fn controls(eight: u64) -> u64 {
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    let without_del = eight ^ (ONES * 0x7f);
    let is_del = without_del.wrapping_sub(ONES) & !without_del;
    (below_space | is_del) & HIGHS
}

/// The elements of a comma-separated list, without the blanks around them. Empty elements are among them.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim)
}

/// Whether a comma-separated list has a token, whatever its case. Go: `httpguts.headerValueContainsToken`.
pub fn has_token(value: &[u8], token: &[u8]) -> bool {
    let mut rest = value;
    while rest.len() >= token.len() {
        let (element, behind) = rest.split_at(find_near(b',', rest).unwrap_or(rest.len()));
        if trim(element).eq_ignore_ascii_case(token) {
            return true;
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    false
}

/// Whether every byte is printable ASCII, a space included. Go: `net/http/internal/ascii` `IsPrint`.
pub fn is_ascii_print(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

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
