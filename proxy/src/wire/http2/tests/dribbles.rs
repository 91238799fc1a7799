//! Peers that make many small frames of little (CVE-2019-9511), and those that look like it and are honest.

use std::{task::Poll, time::Duration};

use super::*;
use crate::wire::ResponseHead;

/// One end with bodies that wait for windows: answers of a server, uploads of a client.
fn waiting(role: Role, streams: u32) -> (End, Vec<Handle>) {
    let mut end = End::new(role, BOUNDS);
    end.frame(4, 0, 0, &initial_window(0));
    end.frame(8, 0, 0, &(1_u32 << 30).to_be_bytes());
    let mut handles = Vec::new();
    for number in 0..streams {
        let handle = if role == Role::Client {
            end.ask(Follows::More)
        } else {
            end.get(2 * number + 1);
            let (handle, _) = end.accept();
            handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
            handle
        };
        handle.send(Bytes::from(vec![b'a'; 8 << 20]), Follows::Nothing).unwrap();
        handles.push(handle);
    }
    end.heard();
    (end, handles)
}

fn initial_window(bytes: u32) -> Vec<u8> {
    [&[0, 4][..], &bytes.to_be_bytes()].concat()
}

/// How often it can be said until the connection is over, with so much time behind each; none if it lives.
fn until_over(end: &mut End, pause: Duration, mut say: impl FnMut(&mut End, u32)) -> Option<u32> {
    for number in 1..30_000 {
        end.now += pause;
        say(end, number);
        end.heard();
        if let Some(over) = end.connection.borrow().over() {
            assert!(matches!(over, Over::Fault(Code::ENHANCE_YOUR_CALM, _) | Over::Gone), "{over:?}");
            return Some(number);
        }
    }
    None
}

#[test]
fn a_window_that_opens_byte_by_byte_ends_the_connection() {
    for role in [Role::Server, Role::Client] {
        let (mut end, _handles) = waiting(role, 1);
        let said = until_over(&mut end, Duration::ZERO, |end, _| end.frame(8, 0, 1, &1_u32.to_be_bytes()));
        assert!(said.is_some_and(|said| (9_900..=10_100).contains(&said)), "{role:?}: {said:?}");
    }
}

#[test]
fn settings_that_open_many_windows_byte_by_byte_make_no_frame_of_each() {
    let (mut end, _handles) = waiting(Role::Server, 10);
    let mut made = 0;
    for number in 1..2_000 {
        end.frame(4, 0, 0, &initial_window(number));
        made += end.heard().len();
    }
    assert!((10..=150).contains(&made), "{made}");
}

#[test]
fn the_last_bytes_of_a_window_are_kept_until_there_are_more_or_a_moment_has_passed() {
    for role in [Role::Server, Role::Client] {
        let (mut end, handles) = waiting(role, 2);
        let data = |at: usize, bytes| format!("DATA {} {bytes}", handles[at].number());
        end.frame(8, 0, handles[0].number(), &(16_384 + 5_u32).to_be_bytes());
        assert_eq!(end.heard(), [data(0, 16_384)]);
        assert!(end.connection.borrow().is_held_back());
        end.frame(8, 0, handles[0].number(), &2_000_u32.to_be_bytes());
        assert_eq!(end.heard(), [data(0, 2_005)]);
        end.frame(8, 0, handles[1].number(), &(16_384 + 5_u32).to_be_bytes());
        assert_eq!(end.heard(), [data(1, 16_384)]);
        end.connection.borrow_mut().let_go();
        assert_eq!(end.heard(), [data(1, 5)]);
        assert!(!end.connection.borrow().is_held_back());
    }
}

/// Nobody was told to let them go: the body stood still for ever.
#[test]
fn a_few_bytes_that_settings_give_are_let_go_as_well() {
    for role in [Role::Server, Role::Client] {
        let (mut end, handles) = waiting(role, 1);
        end.frame(4, 0, 0, &initial_window(16_384));
        assert_eq!(end.heard(), [format!("DATA {} 16384", handles[0].number())]);
        end.frame(4, 0, 0, &initial_window(16_384 + 5));
        assert_eq!(end.heard(), Vec::<String>::new());
        assert!(end.connection.borrow().is_held_back());
        end.connection.borrow_mut().let_go();
        assert_eq!(end.heard(), [format!("DATA {} 5", handles[0].number())]);
    }
}

#[test]
fn the_last_bytes_of_the_connection_s_window_are_kept_as_well() {
    let mut end = End::server();
    end.frame(4, 0, 0, &initial_window(1 << 20));
    end.get(1);
    let (handle, _) = end.accept();
    handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
    handle.send(Bytes::from(vec![b'a'; 65_530]), Follows::More).unwrap();
    end.heard();
    handle.send(Bytes::from(vec![b'a'; 10]), Follows::More).unwrap();
    assert_eq!(end.heard(), Vec::<String>::new());
    end.frame(8, 0, 0, &1_u32.to_be_bytes());
    assert_eq!(end.heard(), Vec::<String>::new());
    end.connection.borrow_mut().let_go();
    assert_eq!(end.heard(), ["DATA 1 6"]);
    // What fits as a whole does not wait.
    end.frame(8, 0, 0, &4_u32.to_be_bytes());
    assert_eq!(end.heard(), ["DATA 1 4"]);
}

#[test]
fn a_window_of_a_few_hundred_bytes_may_be_opened_for_ever() {
    for role in [Role::Server, Role::Client] {
        let (mut end, _handles) = waiting(role, 1);
        let said = until_over(&mut end, Duration::ZERO, |end, _| {
            end.frame(8, 0, 1, &256_u32.to_be_bytes());
            end.frame(8, 0, 0, &256_u32.to_be_bytes());
        });
        assert_eq!(said, None, "{role:?}");
    }
}

#[test]
fn a_window_that_opens_by_a_byte_now_and_then_is_only_slow() {
    let (mut end, _handles) = waiting(Role::Server, 1);
    let said = until_over(&mut end, Duration::from_millis(10), |end, _| end.frame(8, 0, 1, &1_u32.to_be_bytes()));
    assert_eq!(said, None);
}

/// Reads what has come of a body, and lets the windows open again.
fn read(body: &mut Incoming) {
    while let Poll::Ready(Some(Ok(crate::wire::Frame::Data(_)))) = body.poll_frame(&mut context()) {}
}

#[test]
fn a_body_in_single_bytes_ends_the_connection_of_a_client() {
    let mut end = End::server();
    end.post(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let mut body = handle.request_body(&request);
    let said = until_over(&mut end, Duration::ZERO, |end, _| {
        end.frame(0, 0, 1, b"a");
        read(&mut body);
    });
    assert_eq!(said, Some(10_001));
}

#[test]
fn an_answer_in_single_bytes_is_reset_and_the_backend_s_other_answers_go_on() {
    let mut end = End::new(Role::Client, BOUNDS);
    let (first, second) = (end.ask(Follows::Nothing), end.ask(Follows::Nothing));
    end.frame(1, 4, 1, &[0x88]);
    end.frame(1, 4, 3, &[0x88]);
    end.heard();
    let (mut dribbled, mut other) =
        (first.response_body(crate::wire::Length::Unknown), second.response_body(crate::wire::Length::Unknown));
    for _ in 0..10_000 {
        end.frame(0, 0, 1, b"a");
        read(&mut dribbled);
    }
    assert_eq!(end.heard(), Vec::<String>::new());
    end.frame(0, 0, 1, b"a");
    assert_eq!(end.heard(), ["RST_STREAM 1 ENHANCE_YOUR_CALM"]);
    end.frame(0, 0, 3, b"hello");
    let Poll::Ready(Some(Ok(crate::wire::Frame::Data(bytes)))) = other.poll_frame(&mut context()) else { panic!() };
    assert_eq!(&bytes[..], b"hello");
    assert!(end.connection.borrow().over().is_none());
}

#[test]
fn messages_of_five_bytes_and_characters_as_they_are_typed_may_come_for_ever() {
    // gRPC's empty message; a program that writes each character by itself.
    for (message, pause) in [(&b"\0\0\0\0\0"[..], Duration::ZERO), (b"a", Duration::from_micros(100))] {
        let mut end = End::server();
        end.post(1);
        let (handle, asked) = end.accept();
        let Asked::Request(request) = asked else { panic!("{asked:?}") };
        let mut body = handle.request_body(&request);
        let said = until_over(&mut end, pause, |end, _| {
            end.frame(0, 0, 1, message);
            read(&mut body);
        });
        assert_eq!(said, None, "{message:?}");
    }
}
