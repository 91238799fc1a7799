//! A value held against the table of its kind: what is not known or mistyped is told, and the rest put in order.
//!
//! What comes out is what Go writes after it has read the same: fields in the order of the struct, empty ones left out.

mod scalar;
mod strange;

use serde_json::{Map, Value};

pub(super) use self::scalar::base64_fault;
use super::{
    document::{Document, Written},
    kinds::{Field, Kind, Kinds, Scalar, Shape, TypeTable},
};
use crate::meta::Object;

/// An object, and what was strange about it.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The object, its fields in order.
    pub(super) object: Object,
    /// Fields that are not known or there twice: `unknown field "spec.x"`.
    pub(super) strange: Vec<String>,
}

/// Reads an object of a kind.
///
/// # Errors
/// A value has the wrong type, in Go's words: `json: cannot unmarshal string into Go struct field ...`.
pub(super) fn decode(kind: &Kind, document: &Document) -> Result<Decoded, String> {
    decode_type(&kind.type_name, document).map(|(fields, strange)| {
        let mut object = Object::default();
        *object.fields_mut() = fields;
        Decoded { object, strange }
    })
}

/// Reads a value of a type of the tables: its fields in order, and what was strange about it.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_type(name: &str, document: &Document) -> Result<(Map<String, Value>, Vec<String>), String> {
    let mut reader = Reader { written: &document.written, fault: None };
    let table = Kinds::get().type_named(name);
    let root = Place { stack: Vec::new(), owner: table.go_name(), go_type: &table.go };
    let value = reader.structure(table, Some(&document.value), &root);
    match (reader.fault, value) {
        (Some(fault), _) => Err(fault),
        (None, Value::Object(fields)) => Ok((fields, strange::find(table, document))),
        (None, _) => Ok((Map::new(), Vec::new())),
    }
}

/// An object that was read before, in order again after somebody changed it. What is not known is left out.
///
/// # Errors
/// As [`decode`].
pub(super) fn canonical(kind: &Kind, value: &Value) -> Result<Object, String> {
    let document = Document { value: value.clone(), ..Document::default() };
    decode(kind, &document).map(|decoded| decoded.object)
}

struct Reader<'d> {
    /// How numbers were written.
    written: &'d Written,
    /// The first value of a wrong type; Go reads on behind it.
    fault: Option<String>,
}

/// Where a value stands, as people and as Go's errors name it.
struct Place<'a> {
    /// The fields on the way, without places in lists.
    stack: Vec<&'a str>,
    /// The struct that has the field.
    owner: &'a str,
    /// The type of the field.
    go_type: &'a str,
}

impl<'a> Place<'a> {
    fn field(&self, owner: &'a TypeTable, field: &'a Field) -> Self {
        let stack = self.stack.iter().copied().chain([field.json.as_str()]).collect();
        let go_type = field.go_type.trim_start_matches('*');
        Self { stack, owner: owner.go_name(), go_type }
    }

    /// An item of a list, or a value of a map.
    fn inner(&self, prefix: &str) -> Self {
        let go_type = self.go_type.strip_prefix(prefix).unwrap_or(self.go_type).trim_start_matches('*');
        Self { stack: self.stack.clone(), owner: self.owner, go_type }
    }
}

impl Reader<'_> {
    fn structure(&mut self, table: &'static TypeTable, value: Option<&Value>, place: &Place<'_>) -> Value {
        let empty = Map::new();
        let given = match value {
            Some(Value::Object(given)) => given,
            None | Some(Value::Null) => &empty,
            Some(other) => {
                self.mistyped(other, place);
                &empty
            }
        };
        let mut out = Map::new();
        self.fields(table, given, place, &mut out);
        out.into()
    }

    fn fields(
        &mut self,
        table: &'static TypeTable,
        given: &Map<String, Value>,
        place: &Place<'_>,
        out: &mut Map<String, Value>,
    ) {
        for field in &table.fields {
            if field.inline {
                if let Shape::Ref(name) = &field.shape {
                    self.fields(Kinds::get().type_named(name), given, place, out);
                }
                continue;
            }
            let value = given.get(&field.json).filter(|value| !value.is_null());
            if value.is_none() && (field.pointer || is_list_or_map(&field.shape)) {
                if !field.omitempty {
                    out.insert(field.json.clone(), Value::Null);
                }
                continue;
            }
            let read = self.shape(&field.shape, value, &place.field(table, field));
            let left_out =
                (field.omitempty && !field.pointer && is_empty(field, &read)) || (field.omitzero && is_zero(&read));
            if !left_out {
                out.insert(field.json.clone(), read);
            }
        }
    }

    fn shape(&mut self, shape: &'static Shape, value: Option<&Value>, place: &Place<'_>) -> Value {
        match shape {
            Shape::Ref(name) => {
                let table = Kinds::get().type_named(name);
                match table.scalar {
                    Some(scalar) => self.scalar(scalar, value, place),
                    None => self.structure(table, value, place),
                }
            }
            Shape::Scalar(scalar) => self.scalar(*scalar, value, place),
            Shape::Array(inner) => match value {
                Some(Value::Array(items)) => {
                    let place = place.inner("[]");
                    items.iter().map(|item| self.shape(inner, Some(item), &place)).collect()
                }
                Some(other) => {
                    self.mistyped(other, place);
                    Value::Null
                }
                None => Value::Null,
            },
            Shape::Map(inner) => self.map(inner, value, place),
        }
    }

    /// Keys are sorted, as Go writes a map.
    fn map(&mut self, inner: &'static Shape, value: Option<&Value>, place: &Place<'_>) -> Value {
        let Some(Value::Object(given)) = value else {
            if let Some(other) = value {
                self.mistyped(other, place);
            }
            return Value::Null;
        };
        let mut keys: Vec<&String> = given.keys().collect();
        keys.sort();
        let place = place.inner("map[string]");
        let mut out = Map::new();
        for key in keys {
            out.insert(key.clone(), self.shape(inner, given.get(key), &place));
        }
        out.into()
    }

    fn scalar(&mut self, scalar: Scalar, value: Option<&Value>, place: &Place<'_>) -> Value {
        let Some(value) = value.filter(|value| !value.is_null()) else { return scalar::zero(scalar) };
        match scalar::read(scalar, value) {
            Ok(read) => read,
            Err(scalar::Wrong::Type) => {
                self.mistyped(value, place);
                scalar::zero(scalar)
            }
            Err(scalar::Wrong::Text(fault)) => {
                self.fault.get_or_insert(fault);
                scalar::zero(scalar)
            }
        }
    }

    /// Go: `encoding/json/decode.go` `UnmarshalTypeError.Error`.
    fn mistyped(&mut self, value: &Value, place: &Place<'_>) {
        let found = match value {
            Value::Number(number) if place.go_type.contains("int") => {
                let bits = number.as_f64().filter(|_| number.is_f64()).map(f64::to_bits);
                let written = bits.and_then(|bits| self.written.get(&bits)).cloned();
                format!("number {}", written.unwrap_or_else(|| number.to_string()))
            }
            other => json_name(other).to_owned(),
        };
        let Place { stack, owner, go_type } = place;
        // Go reads these in two steps, and tells of the second.
        let go_type = if *go_type == "intstr.IntOrString" { "int32" } else { go_type };
        let fault = if stack.is_empty() {
            format!("json: cannot unmarshal {found} into Go value of type {go_type}")
        } else {
            let path = stack.join(".");
            format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {go_type}")
        };
        self.fault.get_or_insert(fault);
    }
}

/// What Go calls a JSON value of this form.
pub(super) fn json_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The field of a type that JSON names so.
pub(super) fn find(table: &'static TypeTable, name: &str) -> Option<&'static Field> {
    table.fields.iter().find_map(|field| match (&field.shape, field.inline) {
        (Shape::Ref(inner), true) => find(Kinds::get().type_named(inner), name),
        _ => (field.json == name).then_some(field),
    })
}

fn is_list_or_map(shape: &Shape) -> bool {
    matches!(shape, Shape::Array(_) | Shape::Map(_))
}

/// What `omitempty` leaves out: a struct is never empty. Go: `encoding/json/encode.go` `isEmptyValue`.
fn is_empty(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => !matches!(field.shape, Shape::Ref(_) | Shape::Scalar(Scalar::Time | Scalar::MicroTime)),
        Value::Bool(value) => !value,
        Value::Number(number) => {
            number.as_f64() == Some(0.0) && !matches!(field.shape, Shape::Scalar(Scalar::IntOrString) | Shape::Ref(_))
        }
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && matches!(field.shape, Shape::Map(_)),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
