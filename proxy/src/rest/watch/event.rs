use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use serde_json::{Value, json};

use crate::{
    meta::{Layout, Media, Status, encode_json},
    rest::protobuf,
};

/// The media type of a stream of events. Go: `endpoints/handlers/watch.go` `serveWatchHandler`.
pub(super) const fn content_type(media: Media) -> &'static str {
    match media {
        Media::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        Media::Json | Media::Yaml => Media::Json.content_type(),
    }
}

/// An event as it is sent: a line of JSON, or a protobuf message behind its length in four bytes.
///
/// # Errors
/// 500: the tables know no such type.
///
/// Go: `apimachinery/pkg/util/framer/framer.go` `NewLengthDelimitedFrameWriter`.
pub(super) fn encode(media: Media, kind: &str, object: &Value) -> Result<Bytes, Status> {
    if media != Media::Protobuf {
        return Ok(encode_json(&json!({"type": kind, "object": object}), Layout::Compact));
    }
    let raw = protobuf::encode(object)
        .ok_or_else(|| Status::internal_error("an object of this kind cannot be written as protobuf"))?;
    let event = WatchEvent { kind: kind.to_owned(), object: RawExtension { raw } };
    let length = event.encoded_len();
    let mut out = BytesMut::with_capacity(FRAME_HEAD_BYTES + length);
    out.put_u32(u32::try_from(length).map_err(|_| Status::internal_error("an event is too long"))?);
    out.put_slice(&event.encode_to_vec());
    Ok(out.freeze())
}

/// Go: `apimachinery/pkg/apis/meta/v1/generated.proto` `WatchEvent`.
#[derive(prost::Message)]
pub(in crate::rest) struct WatchEvent {
    #[prost(string, required, tag = "1")]
    pub(in crate::rest) kind: String,
    #[prost(message, required, tag = "2")]
    pub(in crate::rest) object: RawExtension,
}

/// Go: `apimachinery/pkg/runtime/generated.proto` `RawExtension`.
#[derive(prost::Message)]
pub(in crate::rest) struct RawExtension {
    #[prost(bytes = "bytes", required, tag = "1")]
    pub(in crate::rest) raw: Bytes,
}

/// The length of what follows, the high byte first.
const FRAME_HEAD_BYTES: usize = 4;
