//! JSON as Go's `encoding/json` writes it.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{
    Value,
    ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer},
};

/// How the text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// No blanks, a line feed at the end: Go's `Encoder`.
    Compact,
    /// Two blanks a level, nothing at the end: Go's `MarshalIndent`.
    Pretty,
    /// No blanks, nothing at the end: Go's `Marshal`.
    Bare,
}

/// A value as JSON text. The fields of an object keep their order.
///
/// `<`, `>` and `&`, U+2028 and U+2029 are escaped. Go: `encoding/json/encode.go` `appendString`.
pub fn encode_json<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Bytes {
    let mut out = Vec::with_capacity(512);
    let written = match layout {
        Layout::Pretty => {
            value.serialize(&mut Serializer::with_formatter(&mut out, Go(PrettyFormatter::with_indent(b"  "))))
        }
        Layout::Compact | Layout::Bare => {
            value.serialize(&mut Serializer::with_formatter(&mut out, Go(CompactFormatter)))
        }
    };
    written.expect("a Vec takes every byte, and keys are text");
    if layout == Layout::Compact {
        out.push(b'\n');
    }
    out.into()
}

/// A value without the fields that `is_dropped` says, at any depth.
pub fn without_fields(value: Value, is_dropped: fn(name: &str, value: &Value) -> bool) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, value)| !is_dropped(name, value))
            .map(|(name, value)| (name, without_fields(value, is_dropped)))
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| without_fields(item, is_dropped)).collect(),
        scalar => scalar,
    }
}

/// Go's escapes and numbers over a layout of serde_json's.
struct Go<F>(F);

impl<F: Formatter> Formatter for Go<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (at, character) in fragment.char_indices() {
            let escape: &[u8] = match character {
                '<' => b"\\u003c",
                '>' => b"\\u003e",
                '&' => b"\\u0026",
                '\u{2028}' => b"\\u2028",
                '\u{2029}' => b"\\u2029",
                _ => continue,
            };
            writer.write_all(&fragment.as_bytes()[written..at])?;
            writer.write_all(escape)?;
            written = at + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(go_float(value).as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// A float as Go writes it: the shortest digits, with an exponent below 1e-6 and from 1e21 on. Go: `encoding/json/encode.go`
/// `floatEncoder`.
fn go_float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(value: &Value, layout: Layout) -> String {
        String::from_utf8(encode_json(value, layout).to_vec()).unwrap()
    }

    #[test]
    fn what_html_would_read_is_escaped() {
        assert_eq!(
            text(&json!("<a>&\u{2028}\u{2029}\u{7f}é"), Layout::Bare),
            "\"\\u003ca\\u003e\\u0026\\u2028\\u2029\u{7f}é\""
        );
    }

    #[test]
    fn control_characters_have_gos_escapes() {
        assert_eq!(text(&json!("\u{8}\u{c}\n\r\t\u{1}\"\\"), Layout::Bare), r#""\b\f\n\r\t\u0001\"\\""#);
    }

    #[test]
    fn compact_ends_with_a_line_feed_and_pretty_does_not() {
        let value = json!({"b": [], "a": {"c": [1]}, "e": {}});
        assert_eq!(text(&value, Layout::Compact), "{\"b\":[],\"a\":{\"c\":[1]},\"e\":{}}\n");
        assert_eq!(
            text(&value, Layout::Pretty),
            "{\n  \"b\": [],\n  \"a\": {\n    \"c\": [\n      1\n    ]\n  },\n  \"e\": {}\n}"
        );
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, go) in [
            (1.0, "1"),
            (1.5, "1.5"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (1e20, "100000000000000000000"),
        ] {
            assert_eq!(text(&json!(value), Layout::Bare), go);
        }
    }
}
