//! Go's `%q`.

use std::fmt::{self, Write};

use super::printable::PRINTABLE;

/// Bytes as a Go string literal, for texts that Go writes with `%q`.
///
/// Go: `strconv/quote.go` `Quote` (go1.26.8). Trace: `fixtures/vectors/quote.json`.
pub fn go_quote(bytes: &[u8]) -> Quoted<'_> {
    Quoted(bytes)
}

/// What [`go_quote`] gives: it quotes while it is written, so nothing is allocated.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                write_character(f, character)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('"')
    }
}

fn write_character(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\x07' => f.write_str("\\a"),
        '\x08' => f.write_str("\\b"),
        '\t' => f.write_str("\\t"),
        '\n' => f.write_str("\\n"),
        '\x0b' => f.write_str("\\v"),
        '\x0c' => f.write_str("\\f"),
        '\r' => f.write_str("\\r"),
        _ if is_print(character) => f.write_char(character),
        '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(character)),
        '\u{80}'..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(character)),
        _ => write!(f, "\\U{:08x}", u32::from(character)),
    }
}

/// Whether Go prints the character as itself. Go: `strconv/quote.go` `IsPrint`.
pub(super) fn is_print(character: char) -> bool {
    let code = u32::from(character);
    let after = PRINTABLE.partition_point(|(first, _)| *first <= code);
    after.checked_sub(1).and_then(|at| PRINTABLE.get(at)).is_some_and(|(_, last)| code <= *last)
}
