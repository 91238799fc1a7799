use bytes::BytesMut;
use proptest::prelude::*;

use super::{Decoder, Encoder, Field, Pseudo, Undecodable, huffman, integer};
use crate::wire::headers::Name;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decode_with(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, Undecodable> {
    let mut fields = Vec::new();
    let mut rest = block;
    decoder.decode(&mut rest, 1 << 20, &mut |field| fields.push(line(&field)))?;
    decoder.end_block();
    if rest.is_empty() { Ok(fields) } else { Err(Undecodable) }
}

fn line(field: &Field) -> String {
    let name = field.name.to_wire();
    format!("{}: {}", String::from_utf8_lossy(&name), String::from_utf8_lossy(&field.value))
}

#[test]
fn the_examples_of_the_standard_are_read() {
    // RFC 7541 C.3 (plain) and C.4 (Huffman): three requests on one connection each.
    for blocks in [
        [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ],
        [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ],
    ] {
        let mut decoder = Decoder::new(4096);
        let mut read = |block| decode_with(&mut decoder, &hex(block)).unwrap();
        assert_eq!(read(blocks[0]), [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]);
        assert_eq!(
            read(blocks[1]),
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"]
        );
        assert_eq!(
            read(blocks[2]),
            [
                ":method: GET",
                ":scheme: https",
                ":path: /index.html",
                ":authority: www.example.com",
                "custom-key: custom-value"
            ]
        );
    }
}

#[test]
fn entries_leave_a_full_table_in_their_order() {
    // RFC 7541 C.6: answers, with a table of 256 bytes.
    let mut decoder = Decoder::new(256);
    let first = decode_with(
        &mut decoder,
        &hex(
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        ),
    );
    let date = "date: Mon, 21 Oct 2013 20:13:21 GMT";
    let location = "location: https://www.example.com";
    assert_eq!(first.unwrap(), [":status: 302", "cache-control: private", date, location]);
    let second = decode_with(&mut decoder, &hex("4883 640e ffc1 c0bf"));
    assert_eq!(second.unwrap(), [":status: 307", "cache-control: private", date, location]);
    let third = decode_with(
        &mut decoder,
        &hex(
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ),
    );
    assert_eq!(
        third.unwrap(),
        [
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            location,
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
        ]
    );
}

#[test]
fn what_cannot_be_read_is_an_error() {
    for (block, why) in [
        ("80", "index 0"),
        ("be", "an index beyond the tables"),
        ("7f ff ff ff ff ff 01", "a number too large"),
        ("40 01 61 81 ff 00", "an index of an entry that was never made"),
        ("00 01 61 82 ff ff", "padding of a whole byte"),
        ("00 01 61 84 ff ff ff ff", "the end of a string within it"),
        ("00 01 61 81 00", "padding that is no ones"),
        ("3f e2 1f", "a table larger than allowed"),
        ("82 40 01 61 01 62 20", "a change of the table behind a field"),
        ("00 01 61 05 62", "a string that does not end"),
    ] {
        assert!(decode_with(&mut Decoder::new(4096), &hex(block)).is_err(), "{why}");
    }
}

#[test]
fn the_table_changes_its_size_at_the_beginning_of_a_block_alone() {
    let mut decoder = Decoder::new(4096);
    decode_with(&mut decoder, &hex("40 01 61 01 62")).unwrap();
    assert_eq!(decode_with(&mut decoder, &hex("20 3f e1 1f 82")).unwrap(), [":method: GET"]);
    // It was emptied by the first change.
    assert!(decode_with(&mut decoder, &hex("be")).is_err());
}

#[test]
fn names_that_no_field_may_have_are_told() {
    for name in ["X-A", "x a", "", "x:a", "é"] {
        let mut block = vec![0, name.len() as u8];
        block.extend(name.as_bytes());
        block.extend([1, b'v']);
        assert_eq!(decode_with(&mut Decoder::new(4096), &block).unwrap(), [format!("{name}: v")], "{name}");
    }
}

#[test]
fn a_string_beyond_the_bound_is_an_error_before_it_has_come() {
    let mut decoder = Decoder::new(4096);
    let mut block = &hex("00 01 61 7f 01")[..];
    assert_eq!(decoder.decode(&mut block, 127, &mut |_| ()), Err(Undecodable));
    let mut block = &hex("00 01 61 7f 00")[..];
    assert_eq!(decoder.decode(&mut block, 127, &mut |_| ()), Ok(()));
}

#[test]
fn secrets_are_never_kept_and_what_comes_again_is_a_number() {
    let mut encoder = Encoder::new();
    let mut write = |name: Name, value: &str| {
        let mut out = BytesMut::new();
        encoder.block(&mut out).field(&name, value.as_bytes());
        out
    };
    assert_eq!(write(Name::AUTHORIZATION, "a")[0] & 0xf0, 0x10);
    assert_eq!(write(Name::COOKIE, "a=1")[0] & 0xf0, 0x10);
    assert_eq!(write(Name::CONTENT_LENGTH, "5")[0] & 0xf0, 0);
    let custom = Name::from_slice(b"x-custom");
    assert_eq!(write(custom.clone(), "1")[0], 0x40);
    assert_eq!(&write(custom.clone(), "1")[..], [0xbe]);
    // The name alone.
    assert_eq!(write(custom, "2")[0], 0x7e);
}

#[test]
fn a_smaller_table_is_told_in_front_of_the_next_block() {
    let mut encoder = Encoder::new();
    let mut decoder = Decoder::new(4096);
    let mut out = BytesMut::new();
    encoder.block(&mut out).field(&Name::VARY, b"a");
    encoder.resize(0);
    encoder.resize(100);
    encoder.block(&mut out).field(&Name::VARY, b"a");
    let lines = decode_with(&mut decoder, &out[..3]).unwrap();
    let more = decode_with(&mut decoder, &out[3..]).unwrap();
    assert_eq!((lines.as_slice(), more.as_slice()), (&["vary: a".to_owned()][..], &["vary: a".to_owned()][..]));
    assert_eq!(out[3..6], [0x20, 0x3f, 69]);
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("cookie".to_owned()),
        Just("date".to_owned()),
        Just("x-forwarded-for".to_owned()),
        "[a-z][a-z0-9-]{0,12}",
        "[a-z]{70,80}",
    ];
    let value = prop_oneof!["[ -~]{0,40}", Just("gzip, deflate".to_owned()), "[0-9]{1,3}", "[é-ü]{1,300}"];
    proptest::collection::vec((name, value), 0..12)
}

proptest! {
    #[test]
    fn what_is_written_another_decoder_reads(blocks in proptest::collection::vec((fields(), 0..8192_u32), 1..8)) {
        let mut encoder = Encoder::new();
        let mut theirs = loona_hpack::Decoder::new();
        let mut ours = Decoder::new(4096);
        for (fields, size) in blocks {
            if size < 4096 {
                encoder.resize(size);
            }
            let mut out = BytesMut::new();
            let mut block = encoder.block(&mut out);
            block.pseudo(Pseudo::Path, b"/x");
            for (name, value) in &fields {
                block.field(&Name::from_slice(name.as_bytes()), value.as_bytes());
            }
            let read = theirs.decode(&out).unwrap();
            let lines: Vec<String> = read
                .iter()
                .map(|(name, value)| format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
                .collect();
            let wanted: Vec<String> = std::iter::once(":path: /x".to_owned())
                .chain(fields.iter().map(|(name, value)| format!("{name}: {value}")))
                .collect();
            prop_assert_eq!(&lines, &wanted);
            prop_assert_eq!(decode_with(&mut ours, &out).unwrap(), wanted);
        }
    }

    #[test]
    fn what_another_encoder_writes_is_read(blocks in proptest::collection::vec(fields(), 1..8)) {
        let mut theirs = loona_hpack::Encoder::new();
        let mut ours = Decoder::new(4096);
        for fields in blocks {
            let block = theirs.encode(fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
            let wanted: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            prop_assert_eq!(decode_with(&mut ours, &block).unwrap(), wanted);
        }
    }

    #[test]
    fn a_string_survives_huffman(string in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut encoded = BytesMut::new();
        huffman::encode(&string, &mut encoded);
        prop_assert_eq!(encoded.len(), huffman::encoded_length(&string));
        let mut decoded = BytesMut::new();
        huffman::decode(&encoded, &mut decoded).unwrap();
        prop_assert_eq!(&decoded[..], &string[..]);
    }

    #[test]
    fn a_number_survives(number in 0..(1_usize << 28), bits in 4..8_u8) {
        let mut out = BytesMut::new();
        integer::write(&mut out, 0, bits, number);
        for end in 0..out.len() {
            prop_assert!(integer::read(&mut &out[..end], bits).is_err());
        }
        prop_assert_eq!(integer::read(&mut &out[..], bits).unwrap(), number);
    }

    #[test]
    fn nonsense_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..400_usize) {
        let mut whole = Decoder::new(4096);
        let mut lines = Vec::new();
        let mut rest = &bytes[..];
        let all = whole.decode(&mut rest, 1000, &mut |field| lines.push(line(&field)));
        // In two pieces the same comes out.
        let mut parts = Decoder::new(4096);
        let mut other = Vec::new();
        let cut = cut.min(bytes.len());
        let mut first = &bytes[..cut];
        let mut done = parts.decode(&mut first, 1000, &mut |field| other.push(line(&field)));
        if done.is_ok() {
            let mut second = &bytes[cut - first.len()..];
            done = parts.decode(&mut second, 1000, &mut |field| other.push(line(&field)));
        }
        prop_assert_eq!(done, all);
        prop_assert_eq!(other, lines);
    }
}
