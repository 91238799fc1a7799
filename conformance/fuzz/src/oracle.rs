//! What a strict parser may say of requests that leave, once it is settled what Go passes on knowingly.

use bytes::Bytes;

/// The same bytes with a target that a strict parser need not know Go for.
///
/// Go lets bytes above ASCII stand in a query, where none of them ends a line or a word. Everything else stays as it is, to be judged.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let target = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (method, target) = line.split_at(target);
    let plain = |byte: &u8| if byte.is_ascii() { *byte } else { b'_' };
    [method.to_vec(), target.iter().map(plain).collect(), rest.to_vec()].concat()
}

/// The decoded path of a target; what is none has none.
pub(crate) fn path_of(target: &[u8]) -> Bytes {
    let target = Bytes::copy_from_slice(target);
    weir::wire::url::Url::from_request(false, &target).map(|url| url.path).unwrap_or_default()
}
