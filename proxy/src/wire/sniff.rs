//! The content type of a body that names none.

/// The type of a body by its first 512 bytes.
///
/// Go: `net/http/sniff.go` `DetectContentType` (go1.26.8). Trace: `fixtures/vectors/sniff.json`.
pub fn detect_content_type(body: &[u8]) -> &'static str {
    let data = &body[..body.len().min(SNIFFED_BYTES_MAX)];
    let blanks = data.iter().take_while(|byte| b"\t\n\x0c\r ".contains(byte)).count();
    let text = &data[blanks..];
    SIGNATURES
        .iter()
        .find(|(signature, _)| signature.matches(data, text))
        .map_or("application/octet-stream", |(_, content_type)| content_type)
}

/// How much of a body counts.
pub const SNIFFED_BYTES_MAX: usize = 512;

enum Signature {
    /// The body starts so.
    Starts(&'static [u8]),
    /// The body starts so, where `_` means any byte.
    StartsLike(&'static [u8]),
    /// Behind blanks, the text starts so.
    TextStarts(&'static [u8]),
    /// Behind blanks, the text starts with this tag, in upper or lower case, and the tag ends.
    Tag(&'static [u8]),
    /// `LP` stands behind 34 bytes that do not matter.
    EmbeddedOpenType,
    /// A box of an MP4 file, with a brand of it.
    Mp4,
    /// Behind blanks, no byte is one that a text cannot have.
    Text,
}

impl Signature {
    fn matches(&self, data: &[u8], text: &[u8]) -> bool {
        match self {
            Self::Starts(start) => data.starts_with(start),
            Self::StartsLike(start) => data
                .get(..start.len())
                .is_some_and(|data| data.iter().zip(*start).all(|(byte, like)| *like == b'_' || byte == like)),
            Self::TextStarts(start) => text.starts_with(start),
            Self::Tag(tag) => text
                .split_at_checked(tag.len())
                .is_some_and(|(start, after)| tag_matches(start, tag) && matches!(after.first(), Some(b' ' | b'>'))),
            Self::EmbeddedOpenType => data.get(34..36) == Some(b"LP"),
            Self::Mp4 => is_mp4(data),
            Self::Text => !text.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)),
        }
    }
}

/// Go clears one bit of the byte where the tag has a letter, which is the letter's case.
fn tag_matches(start: &[u8], tag: &[u8]) -> bool {
    start.iter().zip(tag).all(|(byte, wanted)| match wanted {
        b'A'..=b'Z' => byte & 0xdf == *wanted,
        _ => byte == wanted,
    })
}

/// The first box is a whole `ftyp`, and one of its brands, the version aside, is `mp4` and any byte.
fn is_mp4(data: &[u8]) -> bool {
    let [a, b, c, d, b'f', b't', b'y', b'p', ..] = data else { return false };
    let size = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    let Some(whole) = data.get(..size).filter(|_| size.is_multiple_of(4)) else { return false };
    let brands = whole.chunks_exact(4).enumerate().skip(2).filter(|(at, _)| *at != 3);
    brands.into_iter().any(|(_, brand)| brand.starts_with(b"mp4"))
}

const HTML: &str = "text/html; charset=utf-8";
const RAR: &str = "application/x-rar-compressed";

/// The first that matches wins, so the order is a part of the answer.
static SIGNATURES: &[(Signature, &str)] = &[
    (Signature::Tag(b"<!DOCTYPE HTML"), HTML),
    (Signature::Tag(b"<HTML"), HTML),
    (Signature::Tag(b"<HEAD"), HTML),
    (Signature::Tag(b"<SCRIPT"), HTML),
    (Signature::Tag(b"<IFRAME"), HTML),
    (Signature::Tag(b"<H1"), HTML),
    (Signature::Tag(b"<DIV"), HTML),
    (Signature::Tag(b"<FONT"), HTML),
    (Signature::Tag(b"<TABLE"), HTML),
    (Signature::Tag(b"<A"), HTML),
    (Signature::Tag(b"<STYLE"), HTML),
    (Signature::Tag(b"<TITLE"), HTML),
    (Signature::Tag(b"<B"), HTML),
    (Signature::Tag(b"<BODY"), HTML),
    (Signature::Tag(b"<BR"), HTML),
    (Signature::Tag(b"<P"), HTML),
    (Signature::Tag(b"<!--"), HTML),
    (Signature::TextStarts(b"<?xml"), "text/xml; charset=utf-8"),
    (Signature::Starts(b"%PDF-"), "application/pdf"),
    (Signature::Starts(b"%!PS-Adobe-"), "application/postscript"),
    // Go's byte order marks want more bytes behind them: 4 in all.
    (Signature::StartsLike(b"\xfe\xff__"), "text/plain; charset=utf-16be"),
    (Signature::StartsLike(b"\xff\xfe__"), "text/plain; charset=utf-16le"),
    (Signature::StartsLike(b"\xef\xbb\xbf_"), "text/plain; charset=utf-8"),
    (Signature::Starts(b"\0\0\x01\0"), "image/x-icon"),
    (Signature::Starts(b"\0\0\x02\0"), "image/x-icon"),
    (Signature::Starts(b"BM"), "image/bmp"),
    (Signature::Starts(b"GIF87a"), "image/gif"),
    (Signature::Starts(b"GIF89a"), "image/gif"),
    (Signature::StartsLike(b"RIFF____WEBPVP"), "image/webp"),
    (Signature::Starts(b"\x89PNG\r\n\x1a\n"), "image/png"),
    (Signature::Starts(b"\xff\xd8\xff"), "image/jpeg"),
    (Signature::StartsLike(b"FORM____AIFF"), "audio/aiff"),
    (Signature::Starts(b"ID3"), "audio/mpeg"),
    (Signature::Starts(b"OggS\0"), "application/ogg"),
    (Signature::Starts(b"MThd\0\0\0\x06"), "audio/midi"),
    (Signature::StartsLike(b"RIFF____AVI "), "video/avi"),
    (Signature::StartsLike(b"RIFF____WAVE"), "audio/wave"),
    (Signature::Mp4, "video/mp4"),
    (Signature::Starts(b"\x1a\x45\xdf\xa3"), "video/webm"),
    (Signature::EmbeddedOpenType, "application/vnd.ms-fontobject"),
    (Signature::Starts(b"\0\x01\0\0"), "font/ttf"),
    (Signature::Starts(b"OTTO"), "font/otf"),
    (Signature::Starts(b"ttcf"), "font/collection"),
    (Signature::Starts(b"wOFF"), "font/woff"),
    (Signature::Starts(b"wOF2"), "font/woff2"),
    (Signature::Starts(b"\x1f\x8b\x08"), "application/x-gzip"),
    (Signature::Starts(b"PK\x03\x04"), "application/zip"),
    (Signature::Starts(b"Rar!\x1a\x07\0"), RAR),
    (Signature::Starts(b"Rar!\x1a\x07\x01\0"), RAR),
    (Signature::Starts(b"\0asm"), "application/wasm"),
    (Signature::Text, "text/plain; charset=utf-8"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_counts_only_where_it_ends() {
        assert_eq!(detect_content_type(b"\n<bOdY class=x>"), HTML);
        assert_eq!(detect_content_type(b"<bodyx>"), "text/plain; charset=utf-8");
        assert_eq!(detect_content_type(b"<body"), "text/plain; charset=utf-8");
    }

    #[test]
    fn a_byte_behind_the_first_512_does_not_count() {
        let mut body = vec![b'a'; 513];
        body[512] = 0;
        assert_eq!(detect_content_type(&body), "text/plain; charset=utf-8");
        body[511] = 0;
        assert_eq!(detect_content_type(&body), "application/octet-stream");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(before: Vec<u8>, size: u32, after: Vec<u8>) {
            detect_content_type(&before);
            detect_content_type(&[&size.to_be_bytes(), &b"ftyp"[..], &after].concat());
        }
    }
}
