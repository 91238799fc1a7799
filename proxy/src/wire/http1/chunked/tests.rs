use super::*;

/// The pieces of a body that comes in these parts, and then ends if `ends`; what is wrong; what is left.
fn pieces(parts: &[&[u8]], ends: bool) -> (Vec<String>, Option<Wrong>, Vec<u8>) {
    let mut chunked = Chunked::new();
    let mut input = BytesMut::new();
    let mut told = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        input.extend_from_slice(part);
        loop {
            match chunked.next(&mut input, ends && at + 1 == parts.len()) {
                Ok(Piece::NeedMore) => break,
                Ok(Piece::Data(data)) => told.push(data.escape_ascii().to_string()),
                Ok(Piece::Trailers(trailers)) => {
                    told.push(format!("trailers {:?}", trailers.iter().collect::<Vec<_>>()))
                }
                Ok(Piece::End) => {
                    told.push("end".to_owned());
                    return (told, None, input.to_vec());
                }
                Err(wrong) => return (told, Some(wrong), input.to_vec()),
            }
        }
    }
    (told, None, input.to_vec())
}

#[track_caller]
fn taken(body: &str, expected: &[&str]) {
    let (told, wrong, left) = pieces(&[body.as_bytes()], false);
    assert_eq!((told.iter().map(String::as_str).collect(), wrong), (expected.to_vec(), None), "{body}");
    assert!(left.is_empty());
}

#[track_caller]
fn refused(body: &str, ends: bool, expected: &[&str], wrong: Wrong) {
    let (told, got, _) = pieces(&[body.as_bytes()], ends);
    assert_eq!((told.iter().map(String::as_str).collect(), got), (expected.to_vec(), Some(wrong)), "{body}");
}

#[test]
fn sizes_that_go_takes() {
    for size in ["5", "5 ", "5\t", "5 \t ", "05", "0000000000000005", "5;a=b", "5;a=\"b;c\"", "5;", "5;\0", "5\t;"] {
        if size == "5\t;" {
            refused(&format!("{size}\r\nhello\r\n"), false, &[], Wrong::Chunk(BadChunk::SizeByte));
        } else {
            taken(&format!("{size}\r\nhello\r\n0\r\n\r\n"), &["hello", "end"]);
        }
    }
    taken("A\r\n0123456789\r\n0\r\n\r\n", &["0123456789", "end"]);
    taken("a\r\n0123456789\r\n00\r\n\r\n", &["0123456789", "end"]);
    taken("0;x\r\n\r\n", &["end"]);
}

#[test]
fn sizes_that_go_refuses() {
    for (line, bad) in [
        ("5 ; a\r\n", BadChunk::SizeByte),
        ("5\n", BadChunk::BareLf),
        ("5;\n", BadChunk::BareLf),
        ("5;a\rb\r\n", BadChunk::Cr),
        ("\r5\r\n", BadChunk::Cr),
        (" 5\r\n", BadChunk::SizeByte),
        ("0x5\r\n", BadChunk::SizeByte),
        ("+5\r\n", BadChunk::SizeByte),
        ("-5\r\n", BadChunk::SizeByte),
        ("1_0\r\n", BadChunk::SizeByte),
        ("g\r\n", BadChunk::SizeByte),
        ("\r\n", BadChunk::EmptySize),
        (";a\r\n", BadChunk::EmptySize),
        ("  \r\n", BadChunk::EmptySize),
        ("00000000000000005\r\n", BadChunk::SizeTooLong),
    ] {
        refused(line, false, &[], Wrong::Chunk(bad));
        refused(&format!("2\r\nok\r\n{line}"), false, &["ok"], Wrong::Chunk(bad));
    }
}

#[test]
fn a_line_with_a_size_has_at_most_4096_bytes() {
    let line = |length: usize| format!("5;{}\r\n", "a".repeat(length - 4));
    taken(&format!("{}hello\r\n0\r\n\r\n", line(4096)), &["hello", "end"]);
    refused(&format!("{}hello\r\n", line(4097)), false, &[], Wrong::Chunk(BadChunk::LineTooLong));
    refused(&"5".repeat(4096), false, &[], Wrong::Chunk(BadChunk::LineTooLong));
    assert_eq!(pieces(&["5".repeat(4095).as_bytes()], false).1, None);
}

#[test]
fn data_ends_with_cr_lf_and_nothing_else() {
    let end = Wrong::Chunk(BadChunk::DataEnd);
    refused("3\r\nhello\r\n0\r\n\r\n", false, &["hel"], end.clone());
    refused("5\r\nhello\n0\r\n\r\n", false, &["hello"], end.clone());
    refused("7\r\nhello\r\n0\r\n\r\n", false, &["hello\\r\\n"], end);
}

#[test]
fn an_end_of_the_input_is_an_error_behind_what_came() {
    refused("", true, &[], Wrong::EndedEarly);
    refused("5", true, &[], Wrong::EndedEarly);
    refused("5\r\nhe", true, &["he"], Wrong::EndedEarly);
    refused("5\r\nhello", true, &["hello"], Wrong::EndedEarly);
    refused("5\r\nhello\r", true, &["hello"], Wrong::EndedEarly);
    refused("5\r\nhello\r\n", true, &["hello"], Wrong::EndedEarly);
    refused("5\r\nhello\r\n0\r\n", true, &["hello"], Wrong::TrailerEnded);
    refused("0\r\n\r", true, &[], Wrong::TrailerEnded);
    refused("0\r\nA: 1\r\n", true, &[], Wrong::TrailerTooLong);
}

#[test]
fn extensions_may_not_outweigh_the_data() {
    let chunk = |extension: usize| format!("1;{}\r\na\r\n", "x".repeat(extension - 1));
    let (_, wrong, _) = pieces(&[chunk(199).repeat(80).as_bytes()], false);
    assert_eq!(wrong, None);
    let (told, wrong, _) = pieces(&[chunk(200).repeat(100).as_bytes()], false);
    assert_eq!(wrong, Some(Wrong::Chunk(BadChunk::TooMuchBesideData)));
    assert!(told.concat().len() > 80);
    let (_, wrong, _) = pieces(&[b"1\r\na\r\n".repeat(10000).as_slice()], false);
    assert_eq!(wrong, None);
}

#[test]
fn the_largest_size_is_no_overflow() {
    let (told, wrong, _) = pieces(&[b"ffffffffffffffff\r\nabc"], true);
    assert_eq!((told, wrong), (vec!["abc".to_owned()], Some(Wrong::EndedEarly)));
}

#[test]
fn trailers_are_fields_until_an_empty_line() {
    taken("0\r\nA: 1\r\nb:2\r\n  3\r\nA: 4\r\n\r\n", &["trailers [(A, b\"1\"), (B, b\"2 3\"), (A, b\"4\")]", "end"]);
    taken("0\r\nA: 1\nB: 2\r\n\r\n", &["trailers [(A, b\"1\"), (B, b\"2\")]", "end"]);
    taken(
        "0\r\nContent-Length: 1\r\nHost: h\r\nTransfer-Encoding: x\r\n\r\n",
        &["trailers [(Content-Length, b\"1\"), (Host, b\"h\"), (Transfer-Encoding, b\"x\")]", "end"],
    );
    taken("0\r\nA B: 1\r\n\r\n", &["trailers [(A B, b\"1\")]", "end"]);
    for (block, wrong) in [
        ("none\r\n\r\n", Wrong::Colon(Bytes::from_static(b"none"))),
        ("F(o: 1\r\n\r\n", Wrong::Field(Bytes::from_static(b"F(o: 1"))),
        (" A: 1\r\n\r\n", Wrong::FirstField(Bytes::from_static(b" A: 1"))),
    ] {
        refused(&format!("0\r\n{block}"), false, &[], wrong);
    }
}

#[test]
fn line_feeds_alone_end_trailers_only_once_cr_lf_cr_lf_is_there() {
    let (told, wrong, _) = pieces(&[b"0\r\n\n"], false);
    assert_eq!((told, wrong), (vec![], None));
    let (told, wrong, _) = pieces(&[b"0\r\nA: 1\n\n"], false);
    assert_eq!((told, wrong), (vec![], None));
    let (told, wrong, left) = pieces(&[b"0\r\n\nGET / HTTP/1.1\r\n\r\n"], false);
    assert_eq!((told.join(" "), wrong, &left[..]), ("end".to_owned(), None, &b"GET / HTTP/1.1\r\n\r\n"[..]));
}

#[test]
fn trailers_end_within_4096_bytes() {
    let block = |length: usize| format!("A: {}\r\n\r\n", "v".repeat(length - 7));
    let (told, wrong, _) = pieces(&[b"0\r\n", block(4096).as_bytes()], false);
    assert_eq!((told.len(), wrong), (2, None));
    let (_, wrong, _) = pieces(&[b"0\r\n", block(4097).as_bytes()], false);
    assert_eq!(wrong, Some(Wrong::TrailerTooLong));
    let (_, wrong, _) = pieces(&[b"0\r\n", "v".repeat(4096).as_bytes()], false);
    assert_eq!(wrong, Some(Wrong::TrailerTooLong));
}

#[test]
fn chunks_that_came_together_are_one_piece() {
    taken("3\r\nabc\r\n2;x\r\nde\r\n1\r\nf\r\n0\r\n\r\n", &["abcdef", "end"]);
    let (told, ..) = pieces(&[b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"], false);
    assert_eq!(told, ["abc", "de", "end"]);
    let (told, ..) = pieces(&[b"3\r\nabc\r\n2", b"\r\nde\r\n0\r\n\r\n"], false);
    assert_eq!(told, ["abc", "de", "end"]);
}

#[test]
fn half_a_chunk_waits_for_its_rest() {
    let (told, ..) = pieces(&[b"6\r\none", b"two\r\n0\r\n\r\n"], false);
    assert_eq!(told, ["onetwo", "end"]);
    let (told, ..) = pieces(&[b"1\r\na\r\n6\r\nb", b"cd", b"efg\r", b"\n0\r\n\r\n"], false);
    assert_eq!(told, ["abcdefg", "end"]);
}

#[test]
fn a_long_chunk_comes_in_pieces_of_32_kib() {
    let body = [b"9c40\r\n".as_slice(), &[b'x'; 40000], b"\r\n0\r\n\r\n"].concat();
    for parts in [vec![&body[..]], body.chunks(1000).collect()] {
        let (told, wrong, _) = pieces(&parts, false);
        assert_eq!((told.iter().map(String::len).collect::<Vec<_>>(), wrong), (vec![32768, 7232, 3], None));
    }
}

#[test]
fn the_input_stays_small_while_a_piece_is_gathered() {
    // Chunks with as many extensions as are let through, each cut within its data.
    let mut chunked = Chunked::new();
    let mut input = BytesMut::new();
    let mut most = 0;
    let mut data = 0;
    for _ in 0..100_000 {
        for part in [&b"2;xxxxxxxxxxxxxx\r\na"[..], b"b\r\n"] {
            input.extend_from_slice(part);
            while let Piece::Data(piece) = chunked.next(&mut input, false).unwrap() {
                data += piece.len();
            }
            most = most.max(input.len());
        }
    }
    assert_eq!(data, 200_000);
    assert!(most <= 40 * 1024, "{most}");
    // And where only the last byte of each read is missing.
    let mut chunked = Chunked::new();
    let mut input = BytesMut::from(&b"1\r\na"[..]);
    let mut most = 0;
    for _ in 0..100_000 {
        input.extend_from_slice(b"\r\n1;xxxxxxxxxxx\r\na\r\n2\r\na");
        while let Piece::Data(_) = chunked.next(&mut input, false).unwrap() {}
        most = most.max(input.len());
        input.extend_from_slice(b"b");
    }
    assert!(most <= 40 * 1024, "{most}");
}
