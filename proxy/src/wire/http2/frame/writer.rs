use bytes::{BufMut as _, BytesMut};

use super::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEAD_BYTES, HEADERS, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE,
};
use crate::wire::http2::Code;

fn write_head(out: &mut BytesMut, length: usize, kind: u8, flags: u8, stream: u32) {
    out.put_slice(&head(length, kind, flags, stream));
}

fn head(length: usize, kind: u8, flags: u8, stream: u32) -> [u8; HEAD_BYTES] {
    let length = (length as u32).to_be_bytes();
    let stream = stream.to_be_bytes();
    [length[1], length[2], length[3], kind, flags, stream[0], stream[1], stream[2], stream[3]]
}

/// The head of DATA; so many bytes must follow it.
pub(in crate::wire::http2) fn write_data_head(out: &mut BytesMut, stream: u32, length: usize, ends_stream: bool) {
    write_head(out, length, DATA, if ends_stream { END_STREAM } else { 0 }, stream);
}

/// HEADERS with the block that `write` writes, and CONTINUATION as far as the peer's bound of a frame demands it.
pub(in crate::wire::http2) fn write_headers(
    out: &mut BytesMut,
    stream: u32,
    ends_stream: bool,
    frame_bytes_max: usize,
    write: impl FnOnce(&mut BytesMut),
) {
    let start = out.len();
    out.put_slice(&[0; HEAD_BYTES]);
    write(out);
    let length = out.len() - start - HEAD_BYTES;
    let ends = if ends_stream { END_STREAM } else { 0 };
    if length <= frame_bytes_max {
        let head = head(length, HEADERS, ends | END_HEADERS, stream);
        return out[start..start + HEAD_BYTES].copy_from_slice(&head);
    }
    let block = out.split_off(start + HEAD_BYTES);
    out.truncate(start);
    let mut fragments = block.chunks(frame_bytes_max).peekable();
    let mut kind = (HEADERS, ends);
    while let Some(fragment) = fragments.next() {
        let last = if fragments.peek().is_none() { END_HEADERS } else { 0 };
        write_head(out, fragment.len(), kind.0, kind.1 | last, stream);
        out.put_slice(fragment);
        kind = (CONTINUATION, 0);
    }
}

pub(in crate::wire::http2) fn write_reset(out: &mut BytesMut, stream: u32, code: Code) {
    write_head(out, 4, RST_STREAM, 0, stream);
    out.put_u32(code.0);
}

pub(in crate::wire::http2) fn write_settings(out: &mut BytesMut, settings: &[(u16, u32)]) {
    write_head(out, settings.len() * 6, SETTINGS, 0, 0);
    for (number, value) in settings {
        out.put_u16(*number);
        out.put_u32(*value);
    }
}

pub(in crate::wire::http2) fn write_settings_ack(out: &mut BytesMut) {
    write_head(out, 0, SETTINGS, ACK, 0);
}

pub(in crate::wire::http2) fn write_ping(out: &mut BytesMut, payload: [u8; 8], is_ack: bool) {
    write_head(out, 8, PING, if is_ack { ACK } else { 0 }, 0);
    out.put_slice(&payload);
}

pub(in crate::wire::http2) fn write_goaway(out: &mut BytesMut, last: u32, code: Code) {
    write_head(out, 8, GOAWAY, 0, 0);
    out.put_u32(last);
    out.put_u32(code.0);
}

pub(in crate::wire::http2) fn write_window_update(out: &mut BytesMut, stream: u32, increment: u32) {
    write_head(out, 4, WINDOW_UPDATE, 0, stream);
    out.put_u32(increment);
}
