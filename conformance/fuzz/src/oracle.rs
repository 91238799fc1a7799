//! What a strict parser may say of requests that leave, once it is settled what Go passes on knowingly.

use bytes::Bytes;

/// The same bytes with a head that a strict parser need not know Go for.
///
/// Go lets bytes above ASCII and `#` stand in a query, and in a Host whatever its table of host bytes holds. None of them ends a line or a
/// word. Everything else stays as it is, to be judged.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let (head, rest) = bytes.split_at(end);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for (number, line) in split_lines(head).into_iter().enumerate() {
        let host =
            line.strip_prefix(b"Host: ").filter(|host| number > 0 && host.iter().all(|byte| is_host_byte(*byte)));
        lines.push(match host {
            Some(_) => b"Host: h".to_vec(),
            None if number == 0 => request_line(line),
            None => line.to_vec(),
        });
    }
    [lines.join(&b"\r\n"[..]), rest.to_vec()].concat()
}

/// A request line whose target has none of the bytes that no URI has but Go passes on in a query.
fn request_line(line: &[u8]) -> Vec<u8> {
    let target = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (method, rest) = line.split_at(target);
    let plain = |byte: &u8| if *byte == b'#' || *byte > b'~' { b'_' } else { *byte };
    [method.to_vec(), rest.iter().map(plain).collect()].concat()
}

/// The decoded path of a target; what is none has none.
pub(crate) fn path_of(target: &[u8]) -> Bytes {
    let target = Bytes::copy_from_slice(target);
    weir::wire::url::Url::from_request(false, &target).map(|url| url.path).unwrap_or_default()
}

/// Go: `golang.org/x/net/http/httpguts` `validHostByte`.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&()*+,-.:;='[]_~".contains(&byte)
}

fn split_lines(mut head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = head.windows(2).position(|two| two == b"\r\n") {
        lines.push(&head[..end]);
        head = &head[end + 2..];
    }
    lines.push(head);
    lines
}
