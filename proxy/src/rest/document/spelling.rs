//! What the JSON library reads otherwise than Go, put so that it reads it as Go does.

use std::{borrow::Cow, collections::BTreeMap};

/// How numbers were written that are no 64-bit integers, by the bits of their value: errors show them so.
pub(in crate::rest) type Written = BTreeMap<u64, String>;

/// A text that the library reads as Go reads `text`, and how its numbers were written. What is no JSON stays none.
///
/// Half of a surrogate pair is U+FFFD, `-0` is 0, and a number above all bounds is the largest there is: it fits nowhere.
///
/// Go: `encoding/json/decode.go` `unquoteBytes`, `literalStore`.
pub(super) fn as_go_reads(text: &str) -> (Cow<'_, str>, Written) {
    let mut pass = Pass { text, at: 0, kept: 0, out: String::new(), written: Written::new() };
    while let Some(byte) = text.as_bytes().get(pass.at) {
        match byte {
            b'"' => pass.string(),
            b'-' | b'0'..=b'9' => pass.number(),
            _ => pass.at += 1,
        }
    }
    if pass.kept == 0 {
        return (text.into(), pass.written);
    }
    pass.out.push_str(&text[pass.kept..]);
    (pass.out.into(), pass.written)
}

struct Pass<'t> {
    text: &'t str,
    at: usize,
    /// Up to here `out` has everything.
    kept: usize,
    out: String,
    written: Written,
}

impl Pass<'_> {
    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.escape(),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) {
        match (self.unit(self.at), self.unit(self.at + UNIT)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => self.at += 2 * UNIT,
            (Some(0xd800..0xe000), _) => self.put(UNIT, "\\ufffd"),
            (Some(_), _) => self.at += UNIT,
            (None, _) => self.at += 2,
        }
    }

    /// The UTF-16 unit of the escape `\uXXXX` that stands at a place, if one does.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + UNIT)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(|byte| is_part(byte)).count();
        let literal = &rest[..length];
        if literal == "-0" {
            return self.put(length, "0");
        }
        let is_integer = literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok();
        let value = if is_integer { None } else { literal.parse::<f64>().ok() };
        if let Some(value) = value {
            let bounded = value.clamp(f64::MIN, f64::MAX);
            self.written.entry(bounded.to_bits()).or_insert_with(|| literal.to_owned());
            if bounded != value {
                return self.put(length, if value > 0.0 { LARGEST } else { SMALLEST });
            }
        }
        self.at += length;
    }

    /// Puts a text in the place of the next bytes.
    fn put(&mut self, bytes: usize, text: &str) {
        self.out.push_str(&self.text[self.kept..self.at]);
        self.out.push_str(text);
        self.at += bytes;
        self.kept = self.at;
    }
}

/// The length of `\uXXXX`.
const UNIT: usize = 6;
const LARGEST: &str = "1.7976931348623157e308";
const SMALLEST: &str = "-1.7976931348623157e308";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(&as_go_reads(text).0).unwrap()
    }

    #[test]
    fn half_of_a_pair_is_the_replacement_character() {
        for (text, expected) in [
            (r#""\ud800""#, "\u{fffd}"),
            (r#""\udc00x""#, "\u{fffd}x"),
            (r#""\ud800\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\uD83D\uDE00""#, "😀"),
            (r#""\ud800A""#, "\u{fffd}A"),
            (r#""\\ud800""#, r"\ud800"),
            (r#""\"\ud800""#, "\"\u{fffd}"),
        ] {
            assert_eq!(read(text), json!(expected), "{text}");
        }
        let plain = r#"{"a": "\u00e9é"}"#;
        assert!(matches!(as_go_reads(plain).0, Cow::Borrowed(text) if text == plain));
    }

    #[test]
    fn numbers_are_those_of_go_and_known_as_they_were_written() {
        assert_eq!(read(r#"[-0, "-0", 10, -1.5e-0]"#), json!([0, "-0", 10, -1.5]));
        let text = "[99999999999999999999, 1.50, 1e400, -1e400, 18446744073709551615]";
        let (spelt, written) = as_go_reads(text);
        let values: Vec<Value> = serde_json::from_str(&spelt).unwrap();
        let shown = |value: &Value| written.get(&value.as_f64().unwrap().to_bits()).cloned();
        let shown: Vec<Option<String>> = values.iter().map(shown).collect();
        let literals = ["99999999999999999999", "1.50", "1e400", "-1e400"].map(|text| Some(text.to_owned()));
        assert_eq!(shown, [&literals[..], &[None]].concat());
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in ["", "\"", "\"\\", "\"\\u", "\"\\ud80", "\"\\ud800", "\"\\ué", "-", "--0", "1.", "é-0"] {
            assert!(serde_json::from_str::<Value>(&as_go_reads(text).0).is_err(), "{text}");
        }
    }
}
