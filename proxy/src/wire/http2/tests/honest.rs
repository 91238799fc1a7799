//! Peers that say much since much is done with them: none of it is a flood.

use std::time::Duration;

use super::*;
use crate::wire::ResponseHead;

const LARGE: u32 = 1 << 30;

/// What one end sends and the other reads.
struct Transfer {
    end: End,
    handles: Vec<Handle>,
}

impl Transfer {
    /// An upload to a backend, or downloads of a client; every window is large.
    fn new(role: Role, streams: u32) -> Self {
        let mut end = End::new(role, BOUNDS);
        end.frame(8, 0, 0, &LARGE.to_be_bytes());
        let mut handles = Vec::new();
        for number in 0..streams {
            let stream = 2 * number + 1;
            let handle = if role == Role::Client {
                end.ask(Follows::More)
            } else {
                end.get(stream);
                let (handle, _) = end.accept();
                handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
                handle
            };
            end.frame(8, 0, stream, &LARGE.to_be_bytes());
            handles.push(handle);
        }
        let mut transfer = Self { end, handles };
        transfer.write();
        transfer
    }

    /// Forgets what is to be written.
    fn write(&mut self) {
        let mut connection = self.end.connection.borrow_mut();
        while connection.has_output() {
            let mut slices = [std::io::IoSlice::new(&[]); 8];
            let count = connection.slices(&mut slices);
            let bytes = slices[..count].iter().map(|slice| slice.len()).sum();
            connection.written(bytes);
        }
    }

    fn send(&mut self, bytes: &Bytes) {
        for handle in &self.handles {
            handle.send(bytes.clone(), Follows::More).unwrap();
        }
        self.write();
        assert!(self.handles.iter().all(|handle| handle.waiting_bytes() == 0));
    }

    /// Both windows are opened for every piece that was read of every stream.
    fn read(&mut self, bytes: u32, piece: u32) {
        let mut updates = Vec::new();
        for handle in &self.handles {
            for _ in 0..bytes / piece {
                for window in [handle.number(), 0] {
                    updates.extend([0, 0, 4, 8, 0]);
                    updates.extend(window.to_be_bytes());
                    updates.extend(piece.to_be_bytes());
                }
            }
        }
        self.end.say(&updates);
    }

    fn lives(&self) -> bool {
        self.end.connection.borrow().over().is_none()
    }
}

#[test]
fn bodies_may_be_read_in_small_pieces() {
    let chunk = Bytes::from(vec![b'a'; 1 << 20]);
    for role in [Role::Server, Role::Client] {
        // MiB, and how many bytes are given back at a time.
        for (size, piece) in [(8, 256), (16, 512), (400, 4096), (1024, 1 << 16)] {
            let mut transfer = Transfer::new(role, 1);
            for at in 0..size {
                transfer.send(&chunk);
                transfer.read(1 << 20, piece);
                assert!(transfer.lives(), "{role:?}, {piece} at a time: cut behind {at} MiB");
            }
        }
    }
}

#[test]
fn many_bodies_may_be_read_in_small_pieces_after_they_lay_unread() {
    let chunk = Bytes::from(vec![b'a'; 1 << 20]);
    let mut transfer = Transfer::new(Role::Server, 10);
    for _ in 0..8 {
        transfer.send(&chunk);
    }
    // 40,960 updates at once.
    transfer.read(8 << 20, 4096);
    assert!(transfer.lives());
}

#[test]
fn each_small_message_may_be_followed_by_updates_and_a_ping() {
    for role in [Role::Server, Role::Client] {
        let mut transfer = Transfer::new(role, 1);
        for _ in 0..30_000 {
            transfer.send(&Bytes::from_static(b"\0\0\0\0\0"));
            transfer.read(5, 5);
            transfer.end.frame(6, 0, 0, &[0; 8]);
            transfer.write();
        }
        assert!(transfer.lives());
    }
}

#[test]
fn each_request_may_bring_an_update_a_priority_and_a_late_reset() {
    let mut end = End::server();
    for number in 0..20_000 {
        let stream = 2 * number + 1;
        end.get(stream);
        end.frame(8, 0, stream, &1024_u32.to_be_bytes());
        end.frame(2, 0, stream, &[0, 0, 0, 0, 1]);
        let (handle, _) = end.accept();
        handle
            .respond(&ResponseHead::new(http::StatusCode::NOT_MODIFIED), Framing::default(), Follows::Nothing)
            .unwrap();
        drop(handle);
        end.frame(3, 0, stream, &8_u32.to_be_bytes());
        end.heard();
    }
    assert!(end.connection.borrow().over().is_none());
}

#[test]
fn requests_that_time_out_one_by_one_for_ever_end_nothing() {
    let given_up_every = |pause: Duration| {
        let mut end = End::server();
        for number in 0..1000 {
            end.get(2 * number + 1);
            let (handle, _) = end.accept();
            end.now += pause;
            end.frame(3, 0, 2 * number + 1, &8_u32.to_be_bytes());
            drop(handle);
            if end.connection.borrow().over().is_some() {
                return false;
            }
        }
        true
    };
    assert!(given_up_every(Duration::from_millis(50)));
    assert!(!given_up_every(Duration::from_millis(10)));
}

#[test]
fn an_answer_may_still_be_on_its_way_when_nobody_wants_it_any_more() {
    let mut end = End::new(Role::Client, BOUNDS);
    let piece = [b'a'; 4096];
    for number in 0..2_000 {
        let stream = 2 * number + 1;
        let handle = end.ask(Follows::Nothing);
        end.frame(1, 4, stream, &[0x88]);
        drop(handle);
        for _ in 0..16 {
            end.frame(0, 0, stream, &piece);
        }
        end.heard();
    }
    assert!(end.connection.borrow().over().is_none());
}
