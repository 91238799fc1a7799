//! YAML as `sigs.k8s.io/yaml` writes it: keys sorted, lists not indented, long lines folded at 80 columns.
//!
//! No library gives these bytes: serializers differ in what they quote and where they fold.

mod key_order;
mod scalar;

use bytes::Bytes;
use serde_json::{Map, Value};
use serde_saphyr::DuplicateKeyPolicy;

/// A value as a YAML document. Go: `sigs.k8s.io/yaml` `JSONToYAML` over `go.yaml.in/yaml/v2`.
pub fn encode_yaml(value: &Value) -> Bytes {
    let mut writer = Writer::default();
    writer.node(value, 0);
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    writer.out.into()
}

/// A value from the first document of a YAML text; of a key that is there twice, the last counts.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn decode_yaml(text: &str) -> Result<Value, serde_saphyr::Error> {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(first_document(text), options)
}

/// What stands before the second `---`.
fn first_document(text: &str) -> &str {
    let mut begun = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" && begun {
            return &text[..at];
        }
        begun |= !line.trim().is_empty() && !line.starts_with('#');
        at += line.len();
    }
    text
}

#[derive(Default)]
struct Writer {
    out: String,
    /// How many characters the line has.
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn put_char(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    /// A new line, unless this one is empty, and its indentation.
    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.indent(indent);
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// A value that begins where the line stands; what follows on other lines is indented.
    fn node(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.mapping(fields, indent),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent),
            Value::Object(_) => self.put("{}"),
            Value::Array(_) => self.put("[]"),
            Value::String(text) => self.scalar(text, indent + INDENT),
            Value::Null => self.put("null"),
            Value::Bool(_) | Value::Number(_) => self.put(&value.to_string()),
        }
    }

    fn mapping(&mut self, fields: &Map<String, Value>, indent: usize) {
        let mut keys: Vec<&String> = fields.keys().collect();
        keys.sort_by(|left, right| key_order::compare(left, right));
        for (at, key) in keys.into_iter().enumerate() {
            if at > 0 {
                self.line(indent);
            }
            if key.len() > SIMPLE_KEY_BYTES_MAX || key.contains('\n') {
                self.put("? ");
                self.scalar(key, indent + INDENT);
                self.line(indent);
            } else {
                self.simple_key(key);
            }
            self.put(":");
            self.field(&fields[key], indent);
        }
    }

    /// What stands behind a colon.
    fn field(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(indent + INDENT);
                self.mapping(fields, indent + INDENT);
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(indent);
                self.sequence(items, indent);
            }
            other => {
                self.put(" ");
                self.node(other, indent);
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.line(indent);
            }
            self.put("- ");
            match item {
                Value::Object(_) | Value::Array(_) => self.node(item, indent + INDENT),
                scalar => self.node(scalar, indent),
            }
        }
    }
}

const INDENT: usize = 2;
/// Longer keys stand behind a `?`. Go: `emitterc.go` `yaml_emitter_check_simple_key`.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests;
