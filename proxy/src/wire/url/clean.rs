use bytes::{BufMut as _, BytesMut};

/// An absolute path without empty segments, `.` and `..`, and without a slash at its end.
///
/// Go: `path.Clean`.
pub fn clean_path(path: &[u8]) -> BytesMut {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let mut cleaned = BytesMut::with_capacity(path.len() + 1);
    for segment in &kept {
        cleaned.put_u8(b'/');
        cleaned.put_slice(segment);
    }
    if kept.is_empty() {
        cleaned.put_u8(b'/');
    }
    cleaned
}
