//! Label selectors: `a=b, c!=d, e in (f, g), h notin (i), j, !k, l>1`. Go: `apimachinery/pkg/labels/selector.go`.

use std::collections::BTreeSet;

use crate::{meta::Object, rest::names};

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Missing,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Greater(i64),
    Less(i64),
}

impl Requirement {
    /// Whether an object has such a label.
    pub(super) fn holds(&self, object: &Object) -> bool {
        let value = object.label(&self.key);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::Greater(than) => number().is_some_and(|number| number > *than),
            Test::Less(than) => number().is_some_and(|number| number < *than),
        }
    }
}

/// All conditions of a selector; all have to hold.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { rest: text.trim() };
    let mut all = Vec::new();
    if parser.rest.is_empty() {
        return Ok(all);
    }
    loop {
        all.push(parser.requirement()?);
        if parser.rest.is_empty() {
            return Ok(all);
        }
        if !parser.take(",") {
            return Err(format!("found '{}', expected: ',' or 'end of string'", parser.word()));
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn requirement(&mut self) -> Result<Requirement, String> {
        if self.take("!") {
            return Ok(Requirement { key: self.key()?, test: Test::Missing });
        }
        let key = self.key()?;
        let test = if self.rest.is_empty() || self.rest.starts_with(',') {
            Test::Exists
        } else if self.take("!=") {
            Test::NotIn(BTreeSet::from([self.value()?]))
        } else if self.take("==") || self.take("=") {
            Test::In(BTreeSet::from([self.value()?]))
        } else if self.take(">") {
            Test::Greater(self.number()?)
        } else if self.take("<") {
            Test::Less(self.number()?)
        } else {
            match self.word() {
                "in" => Test::In(self.values()?),
                "notin" => Test::NotIn(self.values()?),
                "" => return Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", self.sign())),
                other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
            }
        };
        Ok(Requirement { key, test })
    }

    fn key(&mut self) -> Result<String, String> {
        let key = self.word();
        if key.is_empty() {
            return Err(format!("found '{}', expected: !, identifier, or ','", self.rest));
        }
        match names::qualified(key).into_iter().next() {
            Some(fault) => Err(format!("key: Invalid value: \"{key}\": {fault}")),
            None => Ok(key.to_owned()),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        let value = self.word();
        match names::label_value(value).into_iter().next() {
            Some(fault) => Err(format!("values[0][key]: Invalid value: \"{value}\": {fault}")),
            None => Ok(value.to_owned()),
        }
    }

    fn number(&mut self) -> Result<i64, String> {
        let word = self.word();
        word.parse().map_err(|_| {
            format!("values[0][key]: Invalid value: \"{word}\": for 'Gt', 'Lt' operators, the value must be an integer")
        })
    }

    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        if !self.take("(") {
            return Err(format!("found '{}' expected: '('", self.word()));
        }
        let mut values = BTreeSet::new();
        loop {
            values.insert(self.value()?);
            if self.take(")") {
                return Ok(values);
            }
            if !self.take(",") {
                return Err(format!("found '{}', expected: ',' or ')'", self.word()));
            }
        }
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    /// The next sign.
    fn sign(&self) -> &'a str {
        let end = self.rest.chars().next().map_or(0, char::len_utf8);
        &self.rest[..end]
    }

    /// Up to the next blank or sign.
    fn word(&mut self) -> &'a str {
        let is_end = |character: char| character.is_whitespace() || "=!(),<>".contains(character);
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }
}
