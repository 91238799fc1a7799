//! Fields that are not known, or there twice, in the order of the document, as Go meets them.

use serde_json::Value;

use super::find as find_field;
use crate::{
    rest::{
        document::{Document, join},
        kinds::{Kinds, Shape, TypeTable},
    },
    wire::token::go_quote,
};

/// A sentence for each of them: `unknown field "spec.x"`.
pub(super) fn find(table: &'static TypeTable, document: &Document) -> Vec<String> {
    let mut walk = Walk { document, found: Vec::new() };
    walk.structure(table, &document.value, "");
    walk.found
}

struct Walk<'a> {
    document: &'a Document,
    found: Vec<String>,
}

impl Walk<'_> {
    fn structure(&mut self, table: &'static TypeTable, value: &Value, path: &str) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = join(path, name);
            match find_field(table, name) {
                None => self.tell("unknown", &path),
                Some(field) => {
                    self.tell_if_twice(&path);
                    self.shape(&field.shape, value, &path);
                }
            }
        }
    }

    fn shape(&mut self, shape: &'static Shape, value: &Value, path: &str) {
        match shape {
            Shape::Ref(name) => {
                let table = Kinds::get().type_named(name);
                if table.scalar.is_none() {
                    self.structure(table, value, path);
                }
            }
            Shape::Array(inner) => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.shape(inner, item, &format!("{path}[{at}]"));
                }
            }
            Shape::Map(inner) => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let path = join(path, key);
                    self.tell_if_twice(&path);
                    self.shape(inner, value, &path);
                }
            }
            Shape::Scalar(_) => {}
        }
    }

    fn tell_if_twice(&mut self, path: &str) {
        if self.document.duplicates.contains(path) {
            self.tell("duplicate", path);
        }
    }

    fn tell(&mut self, what: &str, path: &str) {
        self.found.push(format!("{what} field {}", go_quote(path.as_bytes())));
    }
}
