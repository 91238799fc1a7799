use std::{task::Poll, time::Duration};

use super::*;

/// Says a frame until the connection is over, and tells how often that took.
fn until_over(end: &mut End, most: usize, mut say: impl FnMut(&mut End, u32)) -> usize {
    for number in 0..most {
        say(end, number as u32);
        end.heard();
        if end.connection.borrow().over().is_some() {
            return number + 1;
        }
    }
    panic!("the connection lives");
}

fn is_calm(end: &End) -> bool {
    !matches!(end.connection.borrow().over(), Some(Over::Fault(Code::ENHANCE_YOUR_CALM, _)))
}

#[test]
fn requests_that_are_taken_back_for_ever_end_the_connection() {
    // CVE-2023-44487.
    let mut end = End::server();
    let mut began = 0;
    until_over(&mut end, 100, |end, number| {
        let stream = 2 * number + 1;
        end.get(stream);
        end.frame(3, 0, stream, &8_u32.to_be_bytes());
        while let Some((handle, _)) = Handle::accept(&end.connection) {
            began += 1;
            drop(handle);
        }
    });
    assert!(!is_calm(&end));
    assert_eq!(began, 11);
}

#[test]
fn requests_that_are_taken_back_while_their_handlers_go_on_wait_and_then_end_the_connection() {
    let mut end = End::new(Role::Server, Bounds { wasted_streams_max: usize::MAX, ..BOUNDS });
    let mut held = Vec::new();
    let sent = until_over(&mut end, 100, |end, number| {
        let stream = 2 * number + 1;
        end.get(stream);
        end.frame(3, 0, stream, &8_u32.to_be_bytes());
        held.extend(Handle::accept(&end.connection));
    });
    // Ten run, 41 wait.
    assert_eq!((held.len(), sent), (10, 52));
    assert!(!is_calm(&end));
}

#[test]
fn a_client_that_takes_some_back_is_served_for_ever() {
    let mut end = End::server();
    for number in 0..1000_u32 {
        let stream = 2 * number + 1;
        end.get(stream);
        let (handle, _) = end.accept();
        if number % 2 == 0 {
            end.frame(3, 0, stream, &8_u32.to_be_bytes());
        } else {
            let head = crate::wire::ResponseHead::new(http::StatusCode::OK);
            handle.respond(&head, Framing::default(), Follows::Nothing).unwrap();
        }
        drop(handle);
    }
    assert!(end.connection.borrow().over().is_none());
}

#[test]
fn streams_that_we_are_made_to_reset_end_the_connection() {
    // CVE-2025-8671: a window update of 0, one beyond the largest window, bytes and fields behind the end, a priority on itself.
    let pieces: [(u8, u8, Vec<u8>); 5] = [
        (8, 0, 0_u32.to_be_bytes().to_vec()),
        (8, 0, i32::MAX.to_be_bytes().to_vec()),
        (0, 0, b"a".to_vec()),
        (1, 5, vec![0x82]),
        (2, 0, Vec::new()),
    ];
    for (kind, flags, payload) in pieces {
        let mut end = End::server();
        let mut began = 0;
        until_over(&mut end, 100, |end, number| {
            let stream = 2 * number + 1;
            end.get(stream);
            let priority = [&stream.to_be_bytes()[..], &[16]].concat();
            end.frame(kind, flags, stream, if kind == 2 { &priority } else { &payload });
            while let Some((handle, _)) = Handle::accept(&end.connection) {
                began += 1;
                drop(handle);
            }
        });
        assert!(!is_calm(&end), "{kind}");
        assert!(began <= 11, "{kind}: {began}");
    }
}

#[test]
fn frames_that_move_nothing_end_the_connection() {
    // CVE-2019-9512, 9513, 9515, 9518, 9511.
    let frames: [(u8, u8, u32, &[u8]); 6] = [
        (6, 0, 0, &[0; 8]),
        (4, 0, 0, &[]),
        (2, 0, 1, &[0, 0, 0, 0, 1]),
        (0, 0, 1, &[]),
        (8, 0, 1, &[0, 0, 0, 1]),
        (99, 0, 0, &[]),
    ];
    for (kind, flags, stream, payload) in frames {
        let mut end = End::server();
        end.post(1);
        let _handle = end.accept();
        let sent = until_over(&mut end, 20_000, |end, _| end.frame(kind, flags, stream, payload));
        assert!((9_000..=15_000).contains(&sent), "{kind}: {sent}");
        assert!(!is_calm(&end));
    }
}

#[test]
fn a_backend_that_says_nothing_of_use_for_ever_ends_its_connection_too() {
    let frames: [(u8, u8, u32, &[u8]); 5] =
        [(6, 0, 0, &[0; 8]), (4, 0, 0, &[]), (0, 0, 1, &[]), (8, 0, 0, &[0, 0, 0, 1]), (3, 0, 1, &[0, 0, 0, 8])];
    for (kind, flags, stream, payload) in frames {
        let mut end = End::new(Role::Client, BOUNDS);
        let _handle = end.ask(Follows::Nothing);
        end.frame(1, 4, 1, &[0x88]);
        let sent = until_over(&mut end, 20_000, |end, _| end.frame(kind, flags, stream, payload));
        assert!((9_000..=15_000).contains(&sent), "{kind}: {sent}");
    }
}

#[test]
fn what_was_sent_calls_for_no_more_updates_than_it_has_bytes_for() {
    let mut end = End::server();
    end.get(1);
    let (handle, _) = end.accept();
    handle.respond(&crate::wire::ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
    end.frame(8, 0, 0, &(1_u32 << 30).to_be_bytes());
    end.frame(8, 0, 1, &(1_u32 << 30).to_be_bytes());
    for _ in 0..16 {
        handle.send(Bytes::from(vec![b'a'; 1 << 20]), Follows::More).unwrap();
        end.heard();
    }
    // One for each 128 bytes, and a burst that was for nothing.
    let sent = until_over(&mut end, 200_000, |end, _| end.frame(8, 0, 1, &1_u32.to_be_bytes()));
    assert!((130_000..=150_000).contains(&sent), "{sent}");
    assert!(!is_calm(&end));
}

#[test]
fn small_data_on_a_stream_that_is_over_ends_the_connection() {
    let mut end = End::new(Role::Client, BOUNDS);
    drop(end.ask(Follows::Nothing));
    let sent = until_over(&mut end, 20_000, |end, _| end.frame(0, 0, 1, b"a"));
    assert!((9_000..=11_000).contains(&sent), "{sent}");
}

#[test]
fn a_peer_that_reads_no_answers_is_not_read_any_further() {
    let mut end = End::server();
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let pings = ping.repeat(9_000);
    for _ in 0..10 {
        end.connection.borrow_mut().input().extend_from_slice(&pings);
        end.connection.borrow_mut().take_in(Instant::now() + Duration::from_secs(3600));
    }
    let waiting = {
        let connection = end.connection.borrow();
        let mut slices = [std::io::IoSlice::new(&[]); 64];
        let count = connection.slices(&mut slices);
        assert!(connection.is_behind());
        slices[..count].iter().map(|slice| slice.len()).sum::<usize>()
    };
    assert!(waiting <= (256 << 10) + 17, "{waiting}");
    // Once it reads, it is read again.
    end.written();
    end.connection.borrow_mut().take_in(Instant::now());
    assert!(end.connection.borrow().has_output());
}

#[test]
fn a_head_in_many_small_fragments_ends_the_connection() {
    // CVE-2019-9518, CVE-2024-27316.
    let mut end = End::server();
    let block = end.block(&GET);
    end.frame(1, 1, 1, &block);
    let sent = until_over(&mut end, 100, |end, _| end.frame(9, 0, 1, &[]));
    assert_eq!(sent, 48);
    assert!(!is_calm(&end));
    // Those that hold something are read to the bound of the list.
    let mut end = End::server();
    let block = end.block(&GET);
    end.frame(1, 1, 1, &block);
    until_over(&mut end, 32, |end, number| {
        let mut block = end.block(&[]);
        block.extend_from_slice(b"\x00\x05");
        block.extend_from_slice(format!("x-{number:03}").as_bytes());
        block.extend_from_slice(&[0x7f, 73]);
        block.extend_from_slice(&[b'a'; 200]);
        end.frame(9, 0, 1, &block);
    });
    assert!(matches!(end.connection.borrow().over(), Some(Over::Fault(Code::PROTOCOL_ERROR, _))));
}

#[test]
fn a_small_block_that_says_much_is_truncated() {
    // A table full of long values, said again and again (CVE-2016-6581).
    let mut end = End::server();
    let mut block = end.block(&GET);
    block.extend_from_slice(&[0x40, 3, b'x', b'-', b'a', 0x7f, 0x81, 0x06]);
    block.extend_from_slice(&[b'a'; 896]);
    block.extend_from_slice(&[0xbe; 3000]);
    end.frame(1, 5, 1, &block);
    let (handle, asked) = end.accept();
    assert!(matches!(asked, Asked::TooLarge(_)), "{asked:?}");
    drop(handle);
}

#[test]
fn bytes_that_come_one_by_one_are_kept_together() {
    // CVE-2019-9511: each frame would cost more than it holds.
    let mut end = End::server();
    end.post(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    for _ in 0..5_000 {
        end.frame(0, 0, 1, b"a");
    }
    let mut body = handle.request_body(&request);
    let (mut pieces, mut bytes) = (0, 0);
    while let Poll::Ready(Some(Ok(crate::wire::Frame::Data(piece)))) = body.poll_frame(&mut context()) {
        pieces += 1;
        bytes += piece.len();
    }
    assert!(pieces <= 5 && bytes == 5_000, "{pieces}");
}

#[test]
fn requests_behind_the_last_goaway_are_counted() {
    let mut end = End::server();
    end.connection.borrow_mut().leave_now();
    let block = end.block(&GET);
    // SETTINGS were the first frame that moved nothing forward.
    for number in 0..9_999 {
        end.frame(1, 5, 2 * number + 1, &block);
    }
    assert!(end.connection.borrow().over().is_none());
    end.frame(1, 5, 19_999, &block);
    assert!(matches!(end.connection.borrow().over(), Some(Over::Fault(Code::ENHANCE_YOUR_CALM, _))));
}

/// Whoever drives the connection waits until it is idle.
#[test]
fn requests_without_a_handler_are_let_go_at_the_end() {
    let mut end = End::server();
    let mut handles = Vec::new();
    for stream in (1..20).step_by(2) {
        end.get(stream);
        handles.push(end.accept());
        end.frame(3, 0, stream, &8_u32.to_be_bytes());
    }
    for stream in [21, 23] {
        end.get(stream);
    }
    // The first of them may have a handler now, and the connection ends before it does.
    handles.pop();
    end.connection.borrow_mut().end(Over::Gone);
    assert!(Handle::accept(&end.connection).is_none());
    drop(handles);
    assert!(end.connection.borrow().is_idle());
}

#[test]
fn data_on_a_stream_that_we_have_reset_is_nobody_s_fault() {
    let mut end = End::server();
    end.headers(1, 4, &[(":method", "GET"), (":scheme", "ftp"), (":path", "/")]);
    for _ in 0..100 {
        end.frame(0, 0, 1, b"hello");
    }
    assert_eq!(end.heard(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
    assert!(end.connection.borrow().over().is_none());
}

#[test]
fn a_head_full_of_announced_names_is_read_quickly() {
    // Each name compared with all others takes minutes, and so does each trailer compared with all names.
    let names: Vec<String> = (0..100_000).map(|at| format!("x{at:x}")).collect();
    let mut end = End::new(Role::Server, Bounds { header_list_bytes_max: 1 << 20, ..BOUNDS });
    end.headers(1, 4, &[&POST[..], &[("trailer", &names.join(","))]].concat());
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    // No more are kept than are of use: a head of 1 MiB would be held as 30.
    assert_eq!(request.head.announced.len(), 1024);
    let mut body = handle.request_body(&request);
    let trailers: Vec<(&str, &str)> = names[..20_000].iter().map(|name| (&name[..], "1")).collect();
    end.headers(1, 5, &trailers);
    let Poll::Ready(Some(Ok(crate::wire::Frame::Trailers(read)))) = body.poll_frame(&mut context()) else { panic!() };
    assert_eq!(read.len(), 1024);
}
