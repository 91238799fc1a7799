//! Values without fields.

use base64::{DecodeError, Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{meta::time, rest::kinds::Scalar, wire::token::go_quote};

/// Why a value cannot stand here.
pub(super) enum Wrong {
    /// It has another type.
    Type,
    /// Its text is wrong, in Go's words.
    Text(String),
}

/// What Go has where nothing was given.
pub(super) fn zero(scalar: Scalar) -> Value {
    match scalar {
        Scalar::String | Scalar::Quantity => "".into(),
        Scalar::Bool => false.into(),
        Scalar::Int32 | Scalar::Int64 | Scalar::Float64 | Scalar::IntOrString => 0.into(),
        Scalar::Bytes | Scalar::Time | Scalar::MicroTime | Scalar::Raw | Scalar::FieldsV1 | Scalar::Any => Value::Null,
    }
}

/// A value as Go writes it after it has read it.
pub(super) fn read(scalar: Scalar, value: &Value) -> Result<Value, Wrong> {
    match (scalar, value) {
        (Scalar::String | Scalar::Quantity, Value::String(_))
        | (Scalar::Bool, Value::Bool(_))
        | (Scalar::Float64, Value::Number(_))
        | (Scalar::IntOrString, Value::String(_))
        | (Scalar::Raw | Scalar::FieldsV1 | Scalar::Any, _) => Ok(value.clone()),
        (Scalar::Int32 | Scalar::IntOrString, Value::Number(number)) => {
            let fits = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            if fits { Ok(value.clone()) } else { Err(Wrong::Type) }
        }
        (Scalar::Int64, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Scalar::Bytes, Value::String(text)) => bytes(text),
        (Scalar::Time, Value::String(text)) => {
            time::normalize(text).map(Value::from).ok_or_else(|| wrong_time(text, "2006-01-02T15:04:05Z07:00"))
        }
        (Scalar::MicroTime, Value::String(text)) => time::normalize_micro(text)
            .map(Value::from)
            .ok_or_else(|| wrong_time(text, "2006-01-02T15:04:05.000000Z07:00")),
        _ => Err(Wrong::Type),
    }
}

/// Line ends within base64 do not count. Go: `encoding/base64/base64.go` `Decode`.
fn bytes(text: &str) -> Result<Value, Wrong> {
    let plain: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    match STANDARD.decode(&plain) {
        Ok(bytes) => Ok(STANDARD.encode(bytes).into()),
        Err(error) => Err(Wrong::Text(base64_fault(&error, &plain))),
    }
}

/// Go: `encoding/base64` `CorruptInputError`.
pub(in crate::rest) fn base64_fault(error: &DecodeError, text: &str) -> String {
    let at = match error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol { offset: at, .. } => *at,
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len() - text.len() % 4,
    };
    format!("illegal base64 data at input byte {at}")
}

/// Go: `time/format.go` `ParseError.Error`. Which part cannot be read is told for the year alone.
fn wrong_time(text: &str, layout: &str) -> Wrong {
    let text = go_quote(text.as_bytes());
    Wrong::Text(format!("parsing time {text} as \"{layout}\": cannot parse {text} as \"2006\""))
}
