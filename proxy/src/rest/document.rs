//! A body as a value, with what is in it twice.

mod spelling;
mod syntax;

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

pub(super) use self::spelling::Written;
use crate::meta::yaml;

/// A body that was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document {
    /// What it says; of a field that is there twice, the last.
    pub(super) value: Value,
    /// The paths of fields that are there twice: `spec.ports[0].name`.
    pub(super) duplicates: BTreeSet<String>,
    /// How its numbers were written, of JSON alone.
    pub(super) written: Written,
}

impl Document {
    /// Reads JSON.
    ///
    /// # Errors
    /// What is wrong, in Go's words.
    pub(super) fn json(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let mut duplicates = BTreeSet::new();
        let (spelt, written) = spelling::as_go_reads(&text);
        let mut from = serde_json::Deserializer::from_str(&spelt);
        let seed = Seed { path: String::new(), duplicates: &mut duplicates };
        let value = seed.deserialize(&mut from).and_then(|value| from.end().map(|()| value));
        match value {
            Ok(value) => Ok(Self { value, duplicates, written }),
            Err(error) => Err(syntax::fault(text.as_bytes()).unwrap_or_else(|| error.to_string())),
        }
    }

    /// Reads the first document of a YAML text.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn yaml(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let first_line = |error: String| error.lines().next().unwrap_or_default().to_owned();
        let value = yaml::decode_yaml(&text).map_err(|error| format!("yaml: {}", first_line(error.to_string())))?;
        Ok(Self { value, ..Self::default() })
    }
}

/// Reads a value that stands at a path.
struct Seed<'a> {
    path: String,
    duplicates: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let seed = Seed { path: format!("{}[{}]", self.path, items.len()), duplicates: &mut *self.duplicates };
            match access.next_element_seed(seed)? {
                Some(item) => items.push(item),
                None => return Ok(items.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = join(&self.path, &key);
            if fields.contains_key(&key) {
                self.duplicates.insert(path.clone());
            }
            let value = access.next_value_seed(Seed { path, duplicates: &mut *self.duplicates })?;
            fields.insert(key, value);
        }
        Ok(fields.into())
    }
}

/// The path of a field.
pub(super) fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_of_two_fields_counts_and_both_are_told_of() {
        let document = Document::json(br#"{"a": 1, "b": [{"c": 1, "c": 2}], "a": 3}"#).unwrap();
        assert_eq!(document.value, json!({"a": 3, "b": [{"c": 2}]}));
        assert_eq!(document.duplicates.into_iter().collect::<Vec<_>>(), ["a", "b[0].c"]);
    }

    #[test]
    fn what_is_no_json_is_told_in_gos_words() {
        for (text, words) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("{}x", "invalid character 'x' after top-level value"),
            ("{} true", "invalid character 't' after top-level value"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("<a", "invalid character '<' looking for beginning of value"),
            ("tru ", "invalid character ' ' in literal true (expecting 'e')"),
            ("nul", "unexpected end of JSON input"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("01", "invalid character '1' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ] {
            assert_eq!(Document::json(text.as_bytes()), Err(words.to_owned()), "{text}");
        }
    }
}
