//! The same small conversation over real sockets and over simulated ones: both ends must see the same.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use weir::world::{Address, Listener, LocalBoxFuture, Stream, World, real};
use weir_sim::Stage;

/// What one side saw, line by line.
type Notes = Rc<RefCell<Vec<String>>>;
type Server = fn(World, Listener, Notes) -> LocalBoxFuture<'static, ()>;
type Client = fn(World, SocketAddr, Notes) -> LocalBoxFuture<'static, ()>;

/// Plays both sides over both worlds and compares what they noted.
#[track_caller]
fn same(server: Server, client: Client) {
    let (simulated, real) = (simulated(server, client), over_sockets(server, client));
    assert_eq!(simulated, real, "simulated on the left, real on the right");
}

/// What the client noted, what the server noted.
type Seen = (Vec<String>, Vec<String>);

fn simulated(server: Server, client: Client) -> Seen {
    let (at_server, at_client) = (Notes::default(), Notes::default());
    let mut stage = Stage::new(1).link_latency(3);
    let notes = Rc::clone(&at_server);
    stage.host("server", move |world| {
        let listener = world.net.listen(&Address::Tcp(([0, 0, 0, 0], 80).into()), 1).unwrap().remove(0);
        server(world, listener, Rc::clone(&notes))
    });
    let notes = Rc::clone(&at_client);
    stage.client("client", move |world| {
        Box::pin(async move {
            let address = world.net.resolve("server").await.unwrap()[0];
            client(world, SocketAddr::new(address, 80), notes).await;
            // Long enough for the server to see the end.
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(())
        })
    });
    stage.run(Duration::from_secs(60)).unwrap();
    (at_client.take(), at_server.take())
}

fn over_sockets(server: Server, client: Client) -> Seen {
    let (at_server, at_client) = (Notes::default(), Notes::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (notes_of_server, notes_of_client) = (Rc::clone(&at_server), Rc::clone(&at_client));
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let world = real::world([1; 32]);
        let listener = world.net.listen(&Address::Tcp(([127, 0, 0, 1], 0).into()), 1).unwrap().remove(0);
        let address = listener.local().unwrap();
        let serving = tokio::task::spawn_local(server(world.clone(), listener, notes_of_server));
        client(world, address, notes_of_client).await;
        serving.await.unwrap();
    });
    (at_client.take(), at_server.take())
}

fn note(notes: &Notes, line: impl Into<String>) {
    notes.borrow_mut().push(line.into());
}

async fn accept(listener: &mut Listener) -> Stream {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}

async fn dial(world: &World, to: SocketAddr) -> Stream {
    world.net.dial(&Address::Tcp(to)).await.unwrap()
}

/// Reads once and notes what came.
async fn read(stream: &mut Stream, notes: &Notes) {
    let mut into = [0; 64];
    note(
        notes,
        match stream.read(&mut into).await {
            Ok(0) => "read an end".to_owned(),
            Ok(count) => format!("read {:?}", String::from_utf8_lossy(&into[..count])),
            Err(error) => format!("read failed: {:?}: {error}", error.kind()),
        },
    );
}

/// Writes once and notes how it went.
async fn write(stream: &mut Stream, bytes: &[u8], notes: &Notes) {
    note(
        notes,
        match stream.write(bytes).await {
            Ok(count) => format!("wrote {count}"),
            Err(error) => format!("write failed: {:?}: {error}", error.kind()),
        },
    );
}

async fn shut(stream: &mut Stream, notes: &Notes) {
    note(notes, format!("shut down: {:?}", stream.shutdown().await.map_err(|error| error.kind())));
}

/// Long enough for everything to arrive.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(40)).await;
}

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
fn a_reset_arrives_behind_the_bytes_and_is_told_once() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                pause().await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"x", &notes).await;
                shut(&mut stream, &notes).await;
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                write(&mut stream, b"last words", &notes).await;
                stream.reset();
            })
        },
    );
}

#[test]
fn a_reset_by_the_server_fails_the_clients_write() {
    same(
        |_world, mut listener, _notes| {
            Box::pin(async move {
                accept(&mut listener).await.reset();
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                pause().await;
                write(&mut stream, b"x", &notes).await;
                write(&mut stream, b"x", &notes).await;
                read(&mut stream, &notes).await;
            })
        },
    );
}

#[test]
fn a_reset_wakes_a_reader() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
            })
        },
        |world, to, _notes| {
            Box::pin(async move {
                let stream = dial(&world, to).await;
                pause().await;
                stream.reset();
            })
        },
    );
}

#[test]
fn a_reset_after_the_peers_end_is_a_broken_pipe() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                read(&mut stream, &notes).await;
                pause().await;
                write(&mut stream, b"x", &notes).await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"x", &notes).await;
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                shut(&mut stream, &notes).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.reset();
            })
        },
    );
}

#[test]
fn a_reset_after_both_ends_is_not_seen() {
    same(
        |_world, mut listener, notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                read(&mut stream, &notes).await;
                shut(&mut stream, &notes).await;
                pause().await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"x", &notes).await;
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                shut(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
                stream.reset();
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
fn a_dropped_stream_looks_closed() {
    same(
        |_world, mut listener, _notes| {
            Box::pin(async move {
                drop(accept(&mut listener).await);
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                read(&mut stream, &notes).await;
                write(&mut stream, b"into the void", &notes).await;
                pause().await;
                write(&mut stream, b"x", &notes).await;
                read(&mut stream, &notes).await;
            })
        },
    );
}

#[test]
fn bytes_written_before_a_drop_all_arrive() {
    same(
        |_world, mut listener, _notes| {
            Box::pin(async move {
                let mut stream = accept(&mut listener).await;
                stream.write_all(&[7; 20_000]).await.unwrap();
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                pause().await;
                let mut all = Vec::new();
                let count = stream.read_to_end(&mut all).await.map_err(|error| error.kind());
                note(&notes, format!("{count:?}"));
                note(&notes, format!("{}", all.iter().all(|byte| *byte == 7)));
            })
        },
    );
}

#[test]
fn a_drop_with_unread_bytes_is_a_reset() {
    same(
        |_world, mut listener, _notes| {
            Box::pin(async move {
                let stream = accept(&mut listener).await;
                pause().await;
                drop(stream);
            })
        },
        |world, to, notes| {
            Box::pin(async move {
                let mut stream = dial(&world, to).await;
                write(&mut stream, b"nobody reads this", &notes).await;
                read(&mut stream, &notes).await;
                read(&mut stream, &notes).await;
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
