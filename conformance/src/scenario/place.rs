//! A YAML file, read strictly: every complaint names file, line, field, what was found and what was expected.

use std::{cell::RefCell, fmt, ops::RangeInclusive};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

/// A value with the place it stands at.
pub(super) type Node = Spanned<Value>;

/// A YAML value; mappings keep their order.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    /// A number that is not whole.
    Other(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

/// Reads one file and gathers what is wrong with it.
#[derive(Debug)]
pub(super) struct Reader {
    file: String,
    problems: RefCell<Vec<String>>,
}

/// A value of a file, with the path of fields that led to it.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    reader: &'a Reader,
    node: &'a Node,
    field: String,
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) at: Place<'a>,
}

impl Reader {
    pub(super) fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), problems: RefCell::new(Vec::new()) }
    }

    /// Parses YAML; none, and a complaint, when it is not YAML.
    pub(super) fn parse(&self, text: &str) -> Option<Node> {
        match serde_saphyr::from_str(text) {
            Ok(node) => Some(node),
            Err(error) => {
                let line = error.location().map_or(1, |location| location.line());
                let error = error.without_snippet().to_string().replace('\n', " ");
                self.complain(line, "the file", "text that is not read", &format!("YAML ({error})"));
                None
            }
        }
    }

    pub(super) fn top<'a>(&'a self, node: &'a Node) -> Place<'a> {
        Place { reader: self, node, field: String::new() }
    }

    pub(super) fn problems(self) -> Vec<String> {
        self.problems.into_inner()
    }

    fn complain(&self, line: u64, field: &str, found: &str, expected: &str) {
        self.problems.borrow_mut().push(format!("{}:{line}: {field}: found {found}, expected {expected}", self.file));
    }
}

impl<'a> Place<'a> {
    /// Notes that the value is not what is expected there.
    pub(super) fn wrong(&self, expected: &str) {
        let field = if self.field.is_empty() { "the file" } else { &self.field };
        self.reader.complain(self.node.referenced.line(), field, &self.node.value.to_string(), expected);
    }

    pub(super) fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// A mapping whose keys are among `allowed`.
    pub(super) fn entries(&self, allowed: &[&str]) -> Vec<Entry<'a>> {
        let Value::Map(map) = &self.node.value else {
            self.wrong(&format!("a mapping with {}", allowed.join(", ")));
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (key, node) in map {
            if allowed.contains(&key.value.as_str()) {
                entries.push(Entry { key: &key.value, at: self.below(node, &key.value) });
            } else {
                let field = if self.field.is_empty() { "the file" } else { &self.field };
                let found = format!("the key {:?}", key.value);
                self.reader.complain(key.referenced.line(), field, &found, &allowed.join(", "));
            }
        }
        entries
    }

    /// A mapping of exactly one key: steps are written so.
    pub(super) fn only(&self, allowed: &[&str]) -> Option<Entry<'a>> {
        let mut entries = self.entries(allowed);
        if entries.len() > 1 {
            self.wrong(&format!("exactly one of {}", allowed.join(", ")));
        }
        if entries.is_empty() { None } else { Some(entries.swap_remove(0)) }
    }

    pub(super) fn items(&self) -> Vec<Self> {
        let Value::List(list) = &self.node.value else {
            self.wrong("a list");
            return Vec::new();
        };
        list.iter()
            .enumerate()
            .map(|(at, node)| Self { reader: self.reader, node, field: format!("{}[{at}]", self.field) })
            .collect()
    }

    /// A list of exactly two.
    pub(super) fn pair(&self, expected: &str) -> Option<[Self; 2]> {
        let pair = <[Self; 2]>::try_from(self.items()).ok();
        if pair.is_none() {
            self.wrong(expected);
        }
        pair
    }

    pub(super) fn text(&self) -> &'a str {
        match &self.node.value {
            Value::Text(text) => text,
            _ => {
                self.wrong("a string");
                ""
            }
        }
    }

    /// One of some words; the first when it is none.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> T {
        let found = self.node.value.to_string();
        let plain = if let Value::Text(text) = &self.node.value { text } else { &found };
        match words.iter().find(|(word, _)| word == plain) {
            Some((_, meaning)) => *meaning,
            None => {
                let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.wrong(&expected.join(", "));
                words[0].1
            }
        }
    }

    /// A whole number within a range; its start when it is none.
    pub(super) fn number(&self, range: RangeInclusive<i64>) -> i64 {
        match &self.node.value {
            Value::Number(number) if range.contains(number) => *number,
            _ => {
                self.wrong(&format!("a whole number from {} to {}", range.start(), range.end()));
                *range.start()
            }
        }
    }

    pub(super) fn truth(&self) -> bool {
        match &self.node.value {
            Value::Bool(truth) => *truth,
            _ => {
                self.wrong("true or false");
                false
            }
        }
    }

    /// The value of a step that has no other.
    pub(super) fn must_be_true(&self) {
        if !matches!(self.node.value, Value::Bool(true)) {
            self.wrong("true");
        }
    }

    fn below(&self, node: &'a Node, key: &str) -> Self {
        let field = if self.field.is_empty() { key.to_owned() } else { format!("{}.{key}", self.field) };
        Self { reader: self.reader, node, field }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Other(text) => f.write_str(text),
            Self::Text(text) if text.chars().count() > 60 => {
                write!(f, "{:?}…", text.chars().take(60).collect::<String>())
            }
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => write!(f, "a list of {}", list.len()),
            Self::Map(map) => {
                let keys: Vec<&str> = map.iter().map(|(key, _)| key.value.as_str()).collect();
                write!(f, "a mapping {{{}}}", keys.join(", "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| Value::Other(number.to_string()), Value::Number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Other(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
