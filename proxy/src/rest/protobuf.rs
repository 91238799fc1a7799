//! Objects as Kubernetes protobuf, by the tables of their types: the bytes that Go's generated code writes.
//!
//! Go writes a field that is no pointer even if it is empty, and leaves out what is nil: pointers, lists, maps and bytes. Fields stand
//! in the order of their numbers, the entries of a map in the order of their keys.

mod read;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::encoding::{WireType, encode_key, encode_varint};
use serde_json::Value;

pub(in crate::rest) use self::read::decode;
use super::kinds::{Field, Kinds, Scalar, Shape, TypeTable};
use crate::meta::{Layout, encode_json, protobuf::envelope, time};
use bytes::Bytes;

/// An object in its envelope; nothing if the tables know no type of its kind.
pub fn encode(object: &Value) -> Option<Bytes> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let mut raw = Vec::new();
    message(Kinds::get().type_of(api_version, kind)?, object, &mut raw);
    Some(envelope(api_version, kind, raw))
}

fn message(table: &TypeTable, object: &Value, out: &mut Vec<u8>) {
    // What has no number is not sent: kind and apiVersion stand in the envelope.
    let mut fields: Vec<&Field> = table.fields.iter().filter(|field| field.protobuf > 0).collect();
    fields.sort_by_key(|field| field.protobuf);
    for field in fields {
        put_field(field, object.get(&field.json).filter(|value| !value.is_null()), out);
    }
}

fn put_field(field: &Field, value: Option<&Value>, out: &mut Vec<u8>) {
    let number = field.protobuf;
    match (&field.shape, value) {
        (shape @ Shape::Array(_), Some(value)) if field.go_type == VERBS => put(number, shape, value, out),
        (Shape::Array(item), Some(value)) => put_items(number, item, value, out),
        (Shape::Map(item), Some(value)) => put_entries(number, item, value, out),
        (Shape::Array(_) | Shape::Map(_) | Shape::Scalar(Scalar::Bytes), None) => {}
        (_, None) if field.pointer => {}
        (shape, value) => put(number, shape, value.unwrap_or(&Value::Null), out),
    }
}

fn put_items(number: u32, shape: &Shape, items: &Value, out: &mut Vec<u8>) {
    for item in items.as_array().into_iter().flatten() {
        put(number, shape, item, out);
    }
}

fn put_entries(number: u32, shape: &Shape, entries: &Value, out: &mut Vec<u8>) {
    let mut entries: Vec<(&String, &Value)> = entries.as_object().into_iter().flatten().collect();
    entries.sort_by_key(|(key, _)| *key);
    for (key, value) in entries {
        put_message(number, out, |out| {
            put_bytes(1, key.as_bytes(), out);
            put(2, shape, value, out);
        });
    }
}

fn put(number: u32, shape: &Shape, value: &Value, out: &mut Vec<u8>) {
    match shape {
        Shape::Ref(name) => put_message(number, out, |out| message(Kinds::get().type_named(name), value, out)),
        Shape::Scalar(scalar) => put_scalar(number, *scalar, value, out),
        // Within a list or a map: protobuf has no lists of lists, so each is a message of its own.
        Shape::Array(item) => put_message(number, out, |out| put_items(1, item, value, out)),
        // No type of ours has a map there.
        Shape::Map(_) => {}
    }
}

fn put_scalar(number: u32, scalar: Scalar, value: &Value, out: &mut Vec<u8>) {
    let text = value.as_str().unwrap_or_default();
    match scalar {
        Scalar::String => put_bytes(number, text.as_bytes(), out),
        Scalar::Bool => put_number(number, i64::from(value.as_bool().unwrap_or_default()), out),
        Scalar::Int32 | Scalar::Int64 => put_number(number, value.as_i64().unwrap_or_default(), out),
        Scalar::Float64 => {
            encode_key(number, WireType::SixtyFourBit, out);
            out.extend_from_slice(&value.as_f64().unwrap_or_default().to_le_bytes());
        }
        Scalar::Bytes => put_bytes(number, &STANDARD.decode(text).unwrap_or_default(), out),
        Scalar::Time | Scalar::MicroTime => put_message(number, out, |out| put_time(text, out)),
        Scalar::IntOrString => put_message(number, out, |out| {
            put_number(1, i64::from(value.is_string()), out);
            put_number(2, value.as_i64().unwrap_or_default(), out);
            put_bytes(3, text.as_bytes(), out);
        }),
        Scalar::Quantity => put_message(number, out, |out| put_bytes(1, text.as_bytes(), out)),
        Scalar::Raw | Scalar::FieldsV1 | Scalar::Any => put_message(number, out, |out| {
            if !value.is_null() {
                put_bytes(1, &encode_json(value, Layout::Bare), out);
            }
        }),
    }
}

/// A zero time is an empty message. Go: `apimachinery/pkg/apis/meta/v1/time_proto.go`.
fn put_time(text: &str, out: &mut Vec<u8>) {
    if let Some((seconds, nanos)) = time::parse_exact(text) {
        put_number(1, seconds, out);
        put_number(2, nanos.into(), out);
    }
}

fn put_message(number: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    fill(&mut inner);
    put_bytes(number, &inner, out);
}

fn put_bytes(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A negative number is written as the unsigned one of the same bits.
fn put_number(number: u32, value: i64, out: &mut Vec<u8>) {
    encode_key(number, WireType::Varint, out);
    encode_varint(value.cast_unsigned(), out);
}

/// The one list that Go wraps into a message of its own.
const VERBS: &str = "v1.Verbs";

#[cfg(test)]
mod tests {
    use super::*;

    /// Objects that a real server wrote in both forms.
    #[test]
    fn objects_are_written_as_go_writes_them() {
        let recorded: Value = serde_json::from_str(include_str!("../../../fixtures/vectors/rest.json")).unwrap();
        let conversation =
            recorded.as_array().unwrap().iter().find(|one| one["name"] == "objects in protobuf").unwrap();
        let exchanges = conversation["exchanges"].as_array().unwrap();
        let mut compared = 0;
        for pair in exchanges.windows(2) {
            let read_whole = pair[1]["request"]["path"].as_str().unwrap().matches('/').count();
            if pair[0]["request"]["method"] != "POST" || read_whole < 4 {
                continue;
            }
            let object: Value = serde_json::from_str(pair[0]["answer"]["body"].as_str().unwrap()).unwrap();
            let gos: Vec<u8> = pair[1]["answer"]["body"].as_str().unwrap().chars().map(|byte| byte as u8).collect();
            assert_eq!(encode(&object).unwrap(), gos, "{object}");
            compared += 1;
        }
        assert_eq!(compared, 5);
    }

    #[test]
    fn what_has_no_type_has_no_protobuf() {
        assert_eq!(encode(&serde_json::json!({"kind": "Nothing", "apiVersion": "v1"})), None);
    }
}
