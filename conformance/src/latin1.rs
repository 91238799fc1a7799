//! Bytes as text: a character from U+0000 to U+00FF is the byte of that number, one above is an error.

use std::fmt::Write as _;

/// A character that stands for no byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {0:?} is above U+00FF")]
pub struct NoByte(pub char);

/// The bytes that a text stands for.
///
/// # Errors
/// A character is above U+00FF.
pub fn to_bytes(text: &str) -> Result<Vec<u8>, NoByte> {
    text.chars().map(|character| u8::try_from(character).map_err(|_| NoByte(character))).collect()
}

/// The text that stands for bytes.
pub fn to_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The text as a JSON string, in the form that the recorder writes into lines: short escapes where JSON has them, `\u00xx` for the other
/// control characters, everything else as it is.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..'\u{20}' => write!(out, "\\u{:04x}", u32::from(character)).expect("a String takes what is written"),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_to_text_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(to_bytes(&to_text(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn a_character_above_the_bytes_is_named() {
        assert_eq!(to_bytes("a€").unwrap_err().to_string(), "character '€' is above U+00FF");
    }

    #[test]
    fn quoting_escapes_what_json_must() {
        assert_eq!(quote("a\"\\\r\n\u{1}\u{e9}"), "\"a\\\"\\\\\\r\\n\\u0001\u{e9}\"");
    }
}
