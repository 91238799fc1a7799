//! Objects out of Kubernetes protobuf, by the tables of their types. Fields that are not known are passed over, as Go does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::{Map, Value};

use crate::{
    meta::{protobuf::open, time},
    rest::kinds::{Field, Kinds, Scalar, Shape, TypeTable},
};

/// An object as its JSON says it. Of a kind that the tables do not know, only its name and version are read.
///
/// # Errors
/// What is wrong, in Go's words where it has them.
pub(in crate::rest) fn decode(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Err("empty data".to_owned());
    }
    let (api_version, kind, raw) = open(body)?;
    let mut object = Map::new();
    for (field, text) in [("kind", &kind), ("apiVersion", &api_version)] {
        if !text.is_empty() {
            object.insert(field.to_owned(), text.clone().into());
        }
    }
    if let Some(table) = Kinds::get().type_of(&api_version, &kind) {
        read_message(table, &raw, &mut object)?;
    }
    Ok(object.into())
}

/// The tables' types do not hold themselves, so this ends.
fn read_message(table: &TypeTable, mut rest: &[u8], out: &mut Map<String, Value>) -> Result<(), String> {
    while !rest.is_empty() {
        let (number, wire) = decode_key(&mut rest).map_err(|error| error.to_string())?;
        // Kind and apiVersion stand in the envelope: the fields that are inlined have numbers of their own, and are not sent.
        match table.fields.iter().find(|field| field.protobuf == number) {
            Some(field) => read_field(field, wire, &mut rest, out)?,
            None => skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(|error| error.to_string())?,
        }
    }
    Ok(())
}

fn read_field(field: &Field, wire: WireType, rest: &mut &[u8], out: &mut Map<String, Value>) -> Result<(), String> {
    match &field.shape {
        Shape::Array(item) => {
            let item = read_value(item, wire, rest)?;
            match out.entry(&*field.json).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(item),
                other => *other = item,
            }
        }
        Shape::Map(shape) => {
            let (key, value) = read_entry(shape, take_bytes(wire, rest)?)?;
            if let Value::Object(entries) = out.entry(&*field.json).or_insert_with(|| Value::Object(Map::new())) {
                entries.insert(key, value);
            }
        }
        shape => {
            out.insert(field.json.clone(), read_value(shape, wire, rest)?);
        }
    }
    Ok(())
}

fn read_entry(shape: &Shape, mut rest: &[u8]) -> Result<(String, Value), String> {
    let (mut key, mut value) = (String::new(), Value::from(""));
    while !rest.is_empty() {
        let (number, wire) = decode_key(&mut rest).map_err(|error| error.to_string())?;
        match number {
            1 => key = text(take_bytes(wire, &mut rest)?)?,
            2 => value = read_value(shape, wire, &mut rest)?,
            _ => skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(|error| error.to_string())?,
        }
    }
    Ok((key, value))
}

fn read_value(shape: &Shape, wire: WireType, rest: &mut &[u8]) -> Result<Value, String> {
    match shape {
        Shape::Ref(name) => {
            let table = Kinds::get().type_named(name);
            if let Some(scalar) = table.scalar {
                return read_scalar(scalar, wire, rest);
            }
            let mut fields = Map::new();
            read_message(table, take_bytes(wire, rest)?, &mut fields)?;
            Ok(fields.into())
        }
        Shape::Scalar(scalar) => read_scalar(*scalar, wire, rest),
        Shape::Array(item) => read_list(item, take_bytes(wire, rest)?),
        Shape::Map(_) => Err("a map within a list or a map".to_owned()),
    }
}

/// A list within a list or a map: a message of its own.
fn read_list(shape: &Shape, mut rest: &[u8]) -> Result<Value, String> {
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (number, wire) = decode_key(&mut rest).map_err(|error| error.to_string())?;
        match number {
            1 => items.push(read_value(shape, wire, &mut rest)?),
            _ => skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(|error| error.to_string())?,
        }
    }
    Ok(items.into())
}

fn read_scalar(scalar: Scalar, wire: WireType, rest: &mut &[u8]) -> Result<Value, String> {
    Ok(match scalar {
        Scalar::String => text(take_bytes(wire, rest)?)?.into(),
        Scalar::Bool => (take_number(wire, rest)? != 0).into(),
        // Go takes the low half, as a cast does.
        Scalar::Int32 => Value::from(take_number(wire, rest)? as i32),
        Scalar::Int64 => take_number(wire, rest)?.into(),
        Scalar::Float64 => {
            let (bytes, after) = rest.split_first_chunk().filter(|_| wire == WireType::SixtyFourBit).ok_or(END)?;
            *rest = after;
            f64::from_le_bytes(*bytes).into()
        }
        Scalar::Bytes => STANDARD.encode(take_bytes(wire, rest)?).into(),
        Scalar::Time | Scalar::MicroTime => {
            let [seconds, nanos, _] = small_message(take_bytes(wire, rest)?)?;
            let zero = seconds.number == 0 && nanos.number == 0;
            if zero { Value::Null } else { time::at(seconds.number, nanos.number).into() }
        }
        Scalar::IntOrString => match small_message(take_bytes(wire, rest)?)? {
            [kind, number, _] if kind.number == 0 => Value::from(number.number as i32),
            [_, _, word] => text(word.bytes)?.into(),
        },
        Scalar::Quantity => {
            let [word, ..] = small_message(take_bytes(wire, rest)?)?;
            text(word.bytes)?.into()
        }
        Scalar::Raw | Scalar::FieldsV1 | Scalar::Any => {
            let [json, ..] = small_message(take_bytes(wire, rest)?)?;
            if json.bytes.is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_slice(json.bytes).map_err(|error| error.to_string())?
        }
    })
}

/// What a field of a small message holds: a number, or bytes.
#[derive(Clone, Copy, Default)]
struct Held<'a> {
    number: i64,
    bytes: &'a [u8],
}

/// The first three fields of a message.
fn small_message(mut rest: &[u8]) -> Result<[Held<'_>; 3], String> {
    let mut fields = [Held::default(); 3];
    while !rest.is_empty() {
        let (number, wire) = decode_key(&mut rest).map_err(|error| error.to_string())?;
        let field = usize::try_from(number).ok().and_then(|number| fields.get_mut(number.wrapping_sub(1)));
        match (field, wire) {
            (Some(field), WireType::Varint) => field.number = take_number(wire, &mut rest)?,
            (Some(field), WireType::LengthDelimited) => field.bytes = take_bytes(wire, &mut rest)?,
            _ => skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(|error| error.to_string())?,
        }
    }
    Ok(fields)
}

fn take_number(wire: WireType, rest: &mut &[u8]) -> Result<i64, String> {
    if wire != WireType::Varint {
        return Err(format!("proto: wrong wireType = {}", wire as u8));
    }
    decode_varint(rest).map(u64::cast_signed).map_err(|error| error.to_string())
}

fn take_bytes<'a>(wire: WireType, rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    if wire != WireType::LengthDelimited {
        return Err(format!("proto: wrong wireType = {}", wire as u8));
    }
    let length = decode_varint(rest).map_err(|error| error.to_string())?;
    let length = usize::try_from(length).map_err(|_| END)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(END)?;
    *rest = after;
    Ok(bytes)
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

/// Go: `io.ErrUnexpectedEOF`.
const END: &str = "unexpected EOF";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::rest::protobuf::encode;

    #[test]
    fn what_go_wrote_in_both_forms_is_read_as_the_same() {
        let recorded: Value = serde_json::from_str(include_str!("../../../../fixtures/vectors/rest.json")).unwrap();
        let conversations = recorded.as_array().unwrap();
        let exchanges = conversations.iter().find(|one| one["name"] == "objects in protobuf").unwrap();
        let mut compared = 0;
        for pair in exchanges["exchanges"].as_array().unwrap().windows(2) {
            let whole = pair[1]["request"]["path"].as_str().unwrap().matches('/').count() >= 4;
            if pair[0]["request"]["method"] != "POST" || !whole {
                continue;
            }
            let object: Value = serde_json::from_str(pair[0]["answer"]["body"].as_str().unwrap()).unwrap();
            let bytes: Vec<u8> = pair[1]["answer"]["body"].as_str().unwrap().chars().map(|byte| byte as u8).collect();
            let kinds = Kinds::get().all().iter();
            let kind = kinds.into_iter().find(|kind| object["kind"] == kind.kind.as_str()).unwrap();
            let (read, expected) =
                (kind.canonical(&decode(&bytes).unwrap()).unwrap(), kind.canonical(&object).unwrap());
            assert_eq!(read, expected);
            compared += 1;
        }
        assert_eq!(compared, 5);
    }

    #[test]
    fn a_list_in_a_map_is_read_as_it_is_written() {
        let extra = json!({"a": ["1", "2"], "b": []});
        let review = json!({
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "status": {"userInfo": {"extra": extra}},
        });
        assert_eq!(decode(&encode(&review).unwrap()).unwrap()["status"]["userInfo"]["extra"], extra);
    }

    #[test]
    fn what_is_no_protobuf_is_refused_in_gos_words() {
        assert_eq!(decode(b""), Err("empty data".to_owned()));
        assert_eq!(
            decode(b"{}"),
            Err("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]".to_owned())
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0..400usize, bytes: Vec<u8>) {
            let object = json!({
                "kind": "Service", "apiVersion": "v1", "metadata": {"name": "a", "labels": {"b": "c"}},
                "spec": {"ports": [{"port": 80, "targetPort": "web"}], "clusterIP": "None"},
            });
            let mut message = encode(&object).unwrap().to_vec();
            message.truncate(at);
            message.extend(bytes);
            let _ = decode(&message);
        }
    }
}
