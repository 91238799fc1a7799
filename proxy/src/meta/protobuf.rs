//! Protobuf as Go's generated code writes it: `k8s\0`, then an Unknown that says what is in it.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use super::status::{Cause, Details, Status};

/// What every stored or sent object begins with. Go: `runtime/serializer/protobuf/protobuf.go` `protoEncodingPrefix`.
pub const PREFIX: &[u8] = b"k8s\0";

/// A Status in its envelope.
pub fn encode_status(status: &Status) -> Bytes {
    envelope("v1", "Status", StatusMessage::from(status).encode_to_vec())
}

/// An encoded message in its envelope. Go: `runtime.Unknown`.
pub fn envelope(api_version: &str, kind: &str, raw: Vec<u8>) -> Bytes {
    let type_meta = TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() };
    let unknown = Unknown { type_meta: Some(type_meta), raw, ..Unknown::default() };
    let mut out = BytesMut::with_capacity(PREFIX.len() + unknown.encoded_len());
    out.put_slice(PREFIX);
    out.put_slice(&unknown.encode_to_vec());
    out.freeze()
}

/// What stands in an envelope: `apiVersion`, `kind`, and the encoded message.
///
/// # Errors
/// What is wrong, in Go's words where it has them.
pub fn open(bytes: &[u8]) -> Result<(String, String, Vec<u8>), String> {
    let Some(rest) = bytes.strip_prefix(PREFIX) else {
        let prefix: Vec<String> = PREFIX.iter().map(u8::to_string).collect();
        let prefix = prefix.join(" ");
        return Err(format!("provided data does not appear to be a protobuf message, expected prefix [{prefix}]"));
    };
    let unknown = Unknown::decode(rest).map_err(|error| error.to_string())?;
    let TypeMeta { api_version, kind } = unknown.type_meta.unwrap_or_default();
    Ok((api_version, kind, unknown.raw))
}

/// Go's generated code writes every field that is no pointer, so they are all `required` here.
#[derive(Message)]
struct Unknown {
    #[prost(message, optional, tag = "1")]
    type_meta: Option<TypeMeta>,
    #[prost(bytes = "vec", required, tag = "2")]
    raw: Vec<u8>,
    #[prost(string, required, tag = "3")]
    content_encoding: String,
    #[prost(string, required, tag = "4")]
    content_type: String,
}

#[derive(Message)]
struct TypeMeta {
    #[prost(string, required, tag = "1")]
    api_version: String,
    #[prost(string, required, tag = "2")]
    kind: String,
}

#[derive(Message)]
struct ListMeta {
    #[prost(string, required, tag = "1")]
    self_link: String,
    #[prost(string, required, tag = "2")]
    resource_version: String,
    #[prost(string, required, tag = "3")]
    continue_token: String,
}

#[derive(Message)]
struct StatusMessage {
    #[prost(message, required, tag = "1")]
    metadata: ListMeta,
    #[prost(string, required, tag = "2")]
    status: String,
    #[prost(string, required, tag = "3")]
    message: String,
    #[prost(string, required, tag = "4")]
    reason: String,
    #[prost(message, optional, tag = "5")]
    details: Option<DetailsMessage>,
    #[prost(int32, required, tag = "6")]
    code: i32,
}

#[derive(Message)]
struct DetailsMessage {
    #[prost(string, required, tag = "1")]
    name: String,
    #[prost(string, required, tag = "2")]
    group: String,
    #[prost(string, required, tag = "3")]
    kind: String,
    #[prost(message, repeated, tag = "4")]
    causes: Vec<CauseMessage>,
    #[prost(int32, required, tag = "5")]
    retry_after_seconds: i32,
    #[prost(string, required, tag = "6")]
    uid: String,
}

#[derive(Message)]
struct CauseMessage {
    #[prost(string, required, tag = "1")]
    reason: String,
    #[prost(string, required, tag = "2")]
    message: String,
    #[prost(string, required, tag = "3")]
    field: String,
}

impl From<&Status> for StatusMessage {
    fn from(status: &Status) -> Self {
        Self {
            metadata: ListMeta { continue_token: status.continue_token.clone(), ..ListMeta::default() },
            status: status.outcome.word().to_owned(),
            message: status.message.clone(),
            reason: status.reason.to_owned(),
            details: status.details.as_deref().map(DetailsMessage::from),
            code: i32::from(status.code),
        }
    }
}

impl From<&Details> for DetailsMessage {
    fn from(details: &Details) -> Self {
        Self {
            name: details.name.clone(),
            group: details.group.clone(),
            kind: details.kind.clone(),
            causes: details.causes.iter().map(CauseMessage::from).collect(),
            retry_after_seconds: i32::try_from(details.retry_after_seconds).unwrap_or(i32::MAX),
            uid: details.uid.clone(),
        }
    }
}

impl From<&Cause> for CauseMessage {
    fn from(cause: &Cause) -> Self {
        Self { reason: cause.reason.to_owned(), message: cause.message.clone(), field: cause.field.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_bytes_of_gos_generated_code() {
        let bytes = encode_status(&Status::unauthorized("Unauthorized"));
        let head = b"k8s\0\x0a\x0c\x0a\x02v1\x12\x06Status\x12";
        assert!(bytes.starts_with(head), "{bytes:?}");
        let raw = b"\x0a\x06\x0a\0\x12\0\x1a\0\x12\x07Failure\x1a\x0cUnauthorized\x22\x0cUnauthorized\x30\x91\x03";
        assert_eq!(&bytes[head.len() + 1..][..raw.len()], raw);
        assert!(bytes.ends_with(b"\x1a\0\x22\0"));
    }

    #[test]
    fn what_was_put_into_an_envelope_comes_out_again() {
        let bytes = envelope("authentication.k8s.io/v1", "SelfSubjectReview", b"abc".to_vec());
        let opened = open(&bytes).unwrap();
        assert_eq!(opened, ("authentication.k8s.io/v1".to_owned(), "SelfSubjectReview".to_owned(), b"abc".to_vec()));
        assert!(open(b"{}").is_err());
        assert!(open(b"k8s\0\xff").is_err());
    }
}
