use bytes::BytesMut;
use weir::wire::http1::{Event, HeadLimits, RequestReader};

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "chunked_body",
    promises: "A chunked body is what a reader says who sees all of it at once, in whatever pieces it comes.",
    words: &[
        b"\r\n",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"1\r\na\r\n",
        b";a=b",
        b"ffffffffffffffff",
        b"10000000000000000",
        b"0",
        b"00",
        b"X-T: 1\r\n",
        b"\r\n\r\n",
        b"1000\r\n",
        b"7fff\r\n",
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"+1",
        b"0x1",
        b"Content-Length: 1\r\n",
    ],
    play,
};

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A chunked body as somebody read it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    data: Vec<u8>,
    /// Its trailers, as lines; none if it has no end.
    end: Option<Vec<String>>,
}

fn play(input: &[u8]) {
    if input.is_empty() {
        return;
    }
    let whole = read(&[input]);
    let (first, rest) = input.split_at(input.len() / 3);
    assert_eq!(read(&[first, rest]), whole, "two pieces");
    assert_eq!(read(&input.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    let (data, end) = reference(input);
    assert_eq!(whole.data.escape_ascii().to_string(), data.escape_ascii().to_string(), "the data");
    match end {
        End::Plain => assert_eq!(whole.end, Some(Vec::new()), "the end"),
        End::Broken => assert_eq!(whole.end, None, "there is no end"),
        End::Trailers => {}
    }
}

fn read(pieces: &[&[u8]]) -> Read {
    let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 1 << 20 });
    let mut input = BytesMut::from(HEAD);
    let mut read = Read { data: Vec::new(), end: None };
    let mut trailers = Vec::new();
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Head(_))));
    for (at, piece) in pieces.iter().enumerate() {
        input.extend_from_slice(piece);
        let at_end = at + 1 == pieces.len();
        loop {
            match reader.next(&mut input, at_end) {
                Ok(Event::NeedMore) => {
                    assert!(!at_end, "nothing will come");
                    break;
                }
                Ok(Event::Data(data)) => {
                    assert!(!data.is_empty(), "a piece without a byte");
                    read.data.extend_from_slice(&data);
                }
                Ok(Event::Trailers(fields)) => {
                    trailers =
                        fields.iter().map(|(name, value)| format!("{name:?}: {}", value.escape_ascii())).collect();
                }
                Ok(Event::Done) => return Read { end: Some(trailers), ..read },
                Ok(Event::Head(_)) => panic!("a head within a body"),
                Err(_) => return read,
            }
        }
    }
    read
}

enum End {
    /// The last chunk, and an empty line.
    Plain,
    /// The last chunk, and something that may be trailers.
    Trailers,
    /// None.
    Broken,
}

/// The same as Go reads it, from a body that is all there: slow and plain.
///
/// Go: `net/http/internal/chunked.go` `chunkedReader`.
fn reference(mut rest: &[u8]) -> (Vec<u8>, End) {
    let mut data = Vec::new();
    let mut excess = 0_u64;
    loop {
        let Some(size) = size_line(&mut rest, &mut excess) else { return (data, End::Broken) };
        if size == 0 {
            let end = if rest.starts_with(b"\r\n") { End::Plain } else { End::Trailers };
            return (data, end);
        }
        let take = rest.len().min(usize::try_from(size).unwrap_or(usize::MAX));
        data.extend_from_slice(&rest[..take]);
        let Some(behind) = rest[take..].strip_prefix(b"\r\n") else { return (data, End::Broken) };
        rest = behind;
    }
}

/// The number that a line says; none if it is no such line, or there is too much beside the data.
fn size_line(rest: &mut &[u8], excess: &mut u64) -> Option<u64> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, behind) = rest.split_at(end + 1);
    let text = line.strip_suffix(b"\r\n").filter(|text| line.len() <= 4096 && !text.contains(&b'\r'))?;
    let text = String::from_utf8_lossy(text);
    let digits = text.trim_end_matches([' ', '\t']).split(';').next()?;
    if digits.is_empty() || digits.len() > 16 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let size = u64::from_str_radix(digits, 16).ok()?;
    *excess = (*excess + line.len() as u64).saturating_sub(size.saturating_mul(2).saturating_add(16));
    *rest = behind;
    (*excess <= 16 << 10).then_some(size)
}
