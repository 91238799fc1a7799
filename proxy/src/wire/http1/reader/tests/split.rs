use proptest::prelude::*;

use super::*;

/// Messages, pieces of messages and garbage, in a row.
fn conversation(parts: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => proptest::sample::select(parts).prop_map(|part| part.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => proptest::sample::select(SCRAPS).prop_map(|part| part.as_bytes().to_vec()),
    ];
    proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

const SCRAPS: &[&str] = &["\r\n", "\n", " ", "0", ":", ";"];

const REQUESTS: &[&str] = &[
    "GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n",
    "3\r\nabc\r\n2;x\r\nde\r\n",
    "0\r\n\r\n",
    "0\r\nA: 1\r\n\r\n",
    "GET /x HTTP/1.0\r\n",
    "A: b\r\n c\r\nConnection: keep-alive\r\n",
    "Host: h\r\n\r\n",
    "\r\n",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n2;x\r\nde\r\n",
    "0\r\n\r\n",
    "0\r\nA: 1\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
    "A: b\r\n c\r\n",
    "\r\n",
];

fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}

proptest! {
    #[test]
    fn requests_do_not_depend_on_how_they_are_cut(
        bytes in conversation(REQUESTS),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ends: bool,
    ) {
        let whole = requests(&[&bytes], ends, LIMITS);
        prop_assert_eq!(&requests(&cut(&bytes, &cuts), ends, LIMITS), &whole);
        let dribbled: Vec<&[u8]> = bytes.chunks(1).collect();
        if !dribbled.is_empty() {
            prop_assert_eq!(&requests(&dribbled, ends, LIMITS), &whole);
        }
    }

    #[test]
    fn responses_do_not_depend_on_how_they_are_cut(
        bytes in conversation(RESPONSES),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ends: bool,
        to_head: bool,
    ) {
        let whole = response(&[&bytes], ends, to_head);
        prop_assert_eq!(&response(&cut(&bytes, &cuts), ends, to_head), &whole);
        let dribbled: Vec<&[u8]> = bytes.chunks(1).collect();
        if !dribbled.is_empty() {
            prop_assert_eq!(&response(&dribbled, ends, to_head), &whole);
        }
    }

    #[test]
    fn the_end_of_a_connection_leaves_nothing_to_wait_for(bytes in conversation(REQUESTS)) {
        prop_assert!(requests(&[&bytes], true, LIMITS).1.is_some());
    }
}
