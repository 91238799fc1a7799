use bytes::Bytes;
use serde_json::Value;

use super::*;
use crate::wire::url::Url;

const PAGES: &str = include_str!("../../../../../../fixtures/vectors/page.json");

/// Links of `http://backend.test/page`, which `asked.test` was asked for, behind `/pre`.
fn links() -> Links {
    let url = |text: &'static str| Url::parse(&Bytes::from_static(text.as_bytes())).unwrap();
    Links::new(&url("/pre/page"), &url("http://backend.test/page"), Bytes::from_static(b"asked.test"))
}

/// The page that comes of these pieces.
fn rewritten<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut tokens = Tokens::default();
    let mut out = BytesMut::new();
    for piece in pieces {
        tokens.push(piece, &links(), &mut out).unwrap();
    }
    tokens.end(&links(), &mut out);
    out.to_vec()
}

/// A string of the vectors is a row of bytes.
fn bytes(value: &Value) -> Vec<u8> {
    value.as_str().unwrap_or_default().chars().map(|character| character as u8).collect()
}

#[test]
fn pages_are_rewritten_as_go_does_however_they_are_cut() {
    let vectors: Value = serde_json::from_str(PAGES).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    assert!(rows.len() > 700, "{} rows", rows.len());
    let mut differ = Vec::new();
    for row in rows {
        let page = bytes(&row["in"]);
        let expected = bytes(&row["out"]);
        for size in [page.len().max(1), 1, 3] {
            let got = rewritten(page.chunks(size));
            if got != expected {
                differ.push(format!("{} in pieces of {size}: {}", row, got.escape_ascii()));
            }
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), 3 * rows.len(), differ.join("\n"));
}

#[test]
fn text_leaves_as_it_comes() {
    let mut tokens = Tokens::default();
    let mut out = BytesMut::new();
    for (piece, expected) in [
        ("text <p", "text "),
        (">more <!-- a", "text <p>more <!-- a"),
        ("--><script>b <", "text <p>more <!-- a--><script>b "),
        ("/scrip", "text <p>more <!-- a--><script>b "),
        ("s", "text <p>more <!-- a--><script>b </scrips"),
    ] {
        tokens.push(piece.as_bytes(), &links(), &mut out).unwrap();
        assert_eq!(std::str::from_utf8(&out), Ok(expected));
    }
}

#[test]
fn a_tag_that_is_too_long_is_an_error_and_takes_no_time() {
    // Read anew with every piece, it took time by the square of its length.
    let mut tokens = Tokens::default();
    let mut out = BytesMut::new();
    tokens.push(b"<a title='", &links(), &mut out).unwrap();
    let fed = (0..).take_while(|_| tokens.push(b"0123456789abcdef", &links(), &mut out).is_ok()).count();
    assert!((limits::REWRITTEN_TAG_BYTES_MAX / 16..limits::REWRITTEN_TAG_BYTES_MAX / 8).contains(&fed), "{fed}");
    assert!(out.is_empty());
}
