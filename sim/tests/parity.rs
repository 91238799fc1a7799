//! The same small conversation over real sockets and over simulated ones: both ends must see the same.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "parity/ends.rs"]
mod ends;
#[path = "parity/stage.rs"]
mod stage;

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
};

use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use weir::world::{Address, Stream};

use self::stage::{accept, dial, note, pause, read, same, shut, write};

#[test]
fn an_echo_and_a_half_close_by_the_client_first() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"hello", &notes).await;
                shut(&mut stream, &notes).await;
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                write(&mut stream, b"hello", &notes).await;
                shut(&mut stream, &notes).await;
                write(&mut stream, b"too late", &notes).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
            })
        },
    );
}

#[test]
fn a_half_close_by_the_server_first() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                write(&mut stream, b"bye", &notes).await;
                shut(&mut stream, &notes).await;
                shut(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"and you", &notes).await;
                shut(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
            })
        },
    );
}

#[test]
fn a_refused_dial() {
    same(
        |_world, listener, _notes| Box::pin(async move { drop(listener) }),
        |world, to, notes| {
            Box::pin(async move {
                pause().await;
                let error = world.net.dial(&Address::Tcp(to)).await.unwrap_err();
                note(&notes, format!("{:?}: {error}", error.kind()));
            })
        },
    );
}

#[test]
fn a_connection_that_nobody_accepted_is_reset_with_its_listener() {
    same(
        |_world, listener, _notes| {
            Box::pin(async move {
                pause().await;
                drop(listener);
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                write(&mut stream, b"hello?", &notes).await;
                read(&mut stream, &notes).await;
                let error = world.net.dial(&Address::Tcp(to)).await.unwrap_err();
                note(&notes, format!("{:?}", error.kind()));
            })
        },
    );
}

#[test]
fn a_port_is_taken_until_its_listener_is_dropped() {
    same(
        |world, listener, notes| {
            Box::pin(async move {
                let at = Address::Tcp(listener.local().unwrap());
                let second = world.net.listen(&at, 2).map(drop).map_err(|error| (error.kind(), error.to_string()));
                note(&notes, format!("{second:?}"));
                drop(listener);
                let mut third = world.net.listen(&at, 2).unwrap();
                let one = pin!(third.remove(0)).as_mut().get_mut().local();
                note(&notes, format!("{}", one == third[0].local() && Address::Tcp(one.unwrap()) == at));
            })
        },
        |_world, _to, _notes| Box::pin(async {}),
    );
}

#[test]
fn a_writer_waits_for_a_reader_and_no_byte_is_lost() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                pause().await;
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.unwrap();
                let whole = all.iter().enumerate().all(|(at, byte)| *byte == at as u8);
                note(&notes, format!("{} bytes, whole: {whole}", all.len()));
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                let body: Vec<u8> = (0..64_u32 << 20).map(|at| at as u8).collect();
                let swallowed = until_blocked(&mut stream, &body).await.unwrap();
                note(&notes, format!("blocked before the end: {}", swallowed < body.len()));
                stream.write_all(&body[swallowed..]).await.unwrap();
                shut(&mut stream, &notes).await;
            })
        },
    );
}

/// Writes until a write has to wait, and says how much was taken.
async fn until_blocked(stream: &mut Stream, mut body: &[u8]) -> io::Result<usize> {
    let all = body.len();
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut *stream).poll_write(cx, body) {
                Poll::Ready(Ok(count)) => body = &body[count..],
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Ready(Ok(all - body.len())),
            }
        }
    })
    .await
}

#[test]
fn a_dial_that_is_given_up_reaches_the_listener_as_a_closed_connection() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                read(&mut stream, &notes).await;
            })
        },
        |world, to, _notes| {
            Box::pin(async move {
                let address = Address::Tcp(to);
                let mut given_up = world.net.dial(&address);
                poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_ready())).await;
                drop(given_up);
            })
        },
    );
}
