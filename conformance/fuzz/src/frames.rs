//! Frames of HTTP/2: as an input writes them, so that a change of one leaves the next where it is, and as a peer reads them.

use std::collections::BTreeMap;

use loona_hpack::Decoder;

/// Stands behind each frame in an input.
const NEXT_FRAME: &[u8] = b"\xf7\xf7";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Blocks and frames that mean something.
pub(crate) const WORDS: [&[u8]; 18] = [
    b"\xf7\xf7",
    b"\xf7\xf7\xf7\xf7",
    b"\x01\x05\x01\x82\x87\x84\x41\x01h\xf7\xf7",
    b"\x01\x04\x01\x83\x87\x84\x41\x01h\xf7\xf7",
    b"\x01\x05\x03\x82\x87\x84\x41\x01h\xf7\xf7",
    b"\x00\x01\x01hello\xf7\xf7",
    b"\x01\x05\x01\x40\x03x-t\x011\xf7\xf7",
    b"\x03\x00\x01\x00\x00\x00\x08\xf7\xf7",
    b"\x08\x00\x00\x00\x00\xff\xff\xf7\xf7",
    b"\x04\x00\x00\x00\x04\x00\x00\x00\x00\xf7\xf7",
    b"\x01\x04\x01\x88\xf7\xf7",
    b"\x01\x05\x01\x88\x0f\x0d\x010\xf7\xf7",
    b"\x00\x0eContent-Length\x015",
    b"\x0f\x0d\x015",
    b"\x00\x11transfer-encoding\x07chunked",
    b"\x00\x0aconnection\x05close",
    b"\x00\x04host\x01h",
    b"\x04\x02/x",
];

/// The bytes that a client sends whose connection an input tells: as they stand behind a preface, else frame by frame.
pub(crate) fn of_client(input: &[u8]) -> Vec<Vec<u8>> {
    if input.starts_with(b"PRI ") {
        return vec![input.to_vec()];
    }
    let mut pieces = written(input);
    pieces.insert(0, [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat());
    pieces
}

/// The same of a server.
pub(crate) fn of_server(input: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = written(input);
    pieces.insert(0, [frame(SETTINGS, 0, 0, b""), frame(SETTINGS, 1, 0, b"")].concat());
    pieces
}

/// A frame as an input writes it.
pub(crate) fn told(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, flags, stream], payload, NEXT_FRAME].concat()
}

/// Frames up to a frame that is empty: behind it comes a pause.
fn written(mut input: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    while !input.is_empty() {
        let end = input.windows(NEXT_FRAME.len()).position(|window| window == NEXT_FRAME);
        let (told, rest) =
            end.map_or((input, &input[input.len()..]), |end| (&input[..end], &input[end + NEXT_FRAME.len()..]));
        input = rest;
        match (told, pieces.last_mut()) {
            ([kind, flags, stream, payload @ ..], Some(piece)) => piece.extend(frame(*kind, *flags, *stream, payload)),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// What somebody said on a stream.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Each block of fields.
    pub(crate) blocks: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    /// Bytes of DATA.
    pub(crate) data: Vec<u8>,
    /// END_STREAM came.
    pub(crate) is_whole: bool,
    /// RST_STREAM came.
    pub(crate) is_reset: bool,
}

/// Reads what Weir wrote: its frames may stand where they stand, and its blocks can be read.
///
/// # Panics
/// They may not, or cannot.
pub(crate) fn read(mut bytes: &[u8]) -> BTreeMap<u32, Said> {
    let mut streams: BTreeMap<u32, Said> = BTreeMap::new();
    let mut decoder = Decoder::new();
    let mut open: Option<(u32, bool, Vec<u8>)> = None;
    bytes = bytes.strip_prefix(PREFACE).unwrap_or(bytes);
    while let Some((kind, flags, stream, payload)) = next(&mut bytes) {
        let stands_alone =
            open.is_none() || (kind == CONTINUATION && open.as_ref().is_some_and(|open| open.0 == stream));
        assert!(stands_alone, "frame {kind} of stream {stream} within a block");
        match kind {
            DATA | HEADERS | CONTINUATION | PUSH_PROMISE => assert_ne!(stream, 0, "frame {kind} of no stream"),
            _ => {}
        }
        let said = streams.entry(stream).or_default();
        match kind {
            DATA => {
                assert!(
                    !said.blocks.is_empty() && !said.is_whole && !said.is_reset,
                    "DATA of stream {stream} where none may be"
                );
                said.data.extend_from_slice(payload);
                said.is_whole = flags & END_STREAM != 0;
            }
            HEADERS => {
                assert!(!said.is_whole && !said.is_reset, "HEADERS of stream {stream} behind its end");
                let block = if flags & 0x20 != 0 { &payload[5..] } else { payload };
                open = Some((stream, flags & END_STREAM != 0, block.to_vec()));
            }
            CONTINUATION => open.as_mut().expect("a block is open").2.extend_from_slice(payload),
            // Go resets a stream that was not begun, and takes a request on it: that one is not reset.
            RST_STREAM => said.is_reset = !said.blocks.is_empty(),
            PUSH_PROMISE => panic!("nobody is promised anything"),
            _ => {}
        }
        if flags & END_HEADERS != 0
            && matches!(kind, HEADERS | CONTINUATION)
            && let Some((_, ends, block)) = open.take()
        {
            let fields = decoder.decode(&block).unwrap_or_else(|error| panic!("{error:?}: {}", block.escape_ascii()));
            check_block(&fields);
            said.blocks.push(fields);
            said.is_whole = ends;
        }
    }
    streams
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u8, u8, u32, &'a [u8])> {
    let head = bytes.first_chunk::<9>()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    let payload = bytes.get(9..9 + length)?;
    *bytes = &bytes[9 + length..];
    Some((head[3], head[4], stream, payload))
}

/// Pseudo-fields come first, names are tokens in lower case, no value ends its line, nothing concerns one connection.
fn check_block(fields: &[(Vec<u8>, Vec<u8>)]) {
    let mut pseudo = true;
    for (name, value) in fields {
        let text = name.escape_ascii();
        let plain = name.strip_prefix(b":");
        assert!(plain.is_none() || pseudo, "{text} behind other fields");
        pseudo = plain.is_some();
        let lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte);
        let name = plain.unwrap_or(name);
        assert!(!name.is_empty() && name.iter().all(lower), "the name {text}");
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{text}: {}", value.escape_ascii());
        let one_hop: [&[u8]; 5] = [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];
        assert!(!one_hop.contains(&name), "{text} on HTTP/2");
    }
}
