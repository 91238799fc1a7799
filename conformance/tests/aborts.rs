//! Answers that break off or wait while they are copied: no client that leaves and no backend that stops leaves anything behind, and one
//! that does not read stops nothing but its answer.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{cell::Cell, future::poll_fn, io, net::SocketAddr, path::Path, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
    time::{sleep, timeout},
};
use weir::world::{Address, LocalBoxFuture, Stream, World};
use weir_conformance::{
    attack::{
        Rewriting, Speaks,
        simulated::{self, Wanted},
    },
    replay::Certificates,
};
use weir_sim::Stage;

/// Connections of a backend.
#[derive(Default)]
struct Count {
    begun: Cell<usize>,
    ended: Cell<usize>,
}

/// What a backend does with a connection on which it was asked something.
type Answering = fn(Stream, usize) -> LocalBoxFuture<'static, ()>;

/// Plays a client against `weir reverse-proxy` in the simulator; a panic anywhere fails it.
fn play(answering: Answering, client: impl AsyncFnOnce(&World, SocketAddr, &Count) + 'static) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/certs");
    let certificates = Certificates::read(&folder).unwrap();
    let ready = Rc::new(Notify::new());
    let mut stage = Stage::new(1);
    stage.host("proxy", {
        let ready = Rc::clone(&ready);
        move |world| {
            let (certificates, ready) = (certificates.clone(), Rc::clone(&ready));
            Box::pin(async move {
                let (listen, backend) = (place(&world, "proxy").await, place(&world, "outside").await);
                let (front, back, mode) = (Speaks::Http1, Speaks::Http1, Rewriting::Director);
                let wanted = Wanted { listen, backend, front, back, mode, certificates, ready };
                simulated::weir()(world, wanted).await;
            })
        }
    });
    stage.client("outside", move |world| {
        Box::pin(async move {
            let count = Rc::new(Count::default());
            let mut listener = world.net.listen(&Address::Tcp(place(&world, "outside").await), 1).unwrap().remove(0);
            let counted = Rc::clone(&count);
            tokio::task::spawn_local(async move {
                while let Ok(stream) = poll_fn(|cx| listener.poll_accept(cx)).await {
                    let count = Rc::clone(&counted);
                    count.begun.set(count.begun.get() + 1);
                    tokio::task::spawn_local(async move {
                        answering(stream, count.begun.get()).await;
                        count.ended.set(count.ended.get() + 1);
                    });
                }
            });
            ready.notified().await;
            client(&world, place(&world, "proxy").await, &count).await;
            Ok(())
        })
    });
    stage.run(Duration::from_secs(3_600)).unwrap();
}

async fn place(world: &World, name: &str) -> SocketAddr {
    (world.net.resolve(name).await.unwrap()[0], 80).into()
}

/// Reads the head of a request; false when there is none.
async fn head(stream: &mut Stream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

/// An answer that has no end, until the proxy wants no more of it.
fn endless(mut stream: Stream, _: usize) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        if head(&mut stream).await {
            let begun = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            let mut goes_on = begun.is_ok();
            while goes_on {
                sleep(Duration::from_millis(1)).await;
                goes_on = stream.write_all(b"400\r\n").await.is_ok()
                    && stream.write_all(&[b'a'; 1024]).await.is_ok()
                    && stream.write_all(b"\r\n").await.is_ok();
            }
        }
    })
}

/// Half an answer: framed by a length, by chunks, or by the end that is a reset.
fn half(mut stream: Stream, at: usize) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        if !head(&mut stream).await {
            return;
        }
        let framing = if at.is_multiple_of(2) { "Content-Length: 100" } else { "Transfer-Encoding: chunked" };
        let answer = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n32\r\n{}", "a".repeat(at % 46));
        let _the_proxy_left = stream.write_all(answer.as_bytes()).await;
        let _the_proxy_left = stream.flush().await;
        sleep(Duration::from_millis(5)).await;
        if at.is_multiple_of(3) {
            stream.reset();
        }
    })
}

/// A large answer at once, and then all of the request.
fn eager(mut stream: Stream, _: usize) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        if !head(&mut stream).await {
            return;
        }
        let (mut read, mut write) = tokio::io::split(stream);
        let answer = async {
            write.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n").as_bytes()).await?;
            write.write_all(&vec![b'a'; LARGE]).await
        };
        let mut upload = vec![0; LARGE];
        let (answered, read) = tokio::join!(answer, read.read_exact(&mut upload));
        assert!(answered.is_ok() && read.is_ok(), "{answered:?} {read:?}");
    })
}

/// Asks, and reads so many bytes of the answer, or all; whether it ended in order.
async fn ask(world: &World, proxy: SocketAddr, most: usize) -> (Stream, Vec<u8>, io::Result<()>) {
    let mut stream = world.net.dial(&Address::Tcp(proxy)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h.test\r\n\r\n").await.unwrap();
    let (mut came, mut some) = (Vec::new(), [0; 512]);
    while came.len() < most {
        match stream.read(&mut some).await {
            Ok(0) => return (stream, came, Ok(())),
            Ok(count) => came.extend_from_slice(&some[..count]),
            Err(error) => return (stream, came, Err(error)),
        }
    }
    (stream, came, Ok(()))
}

#[test]
fn clients_that_leave_within_an_answer_leave_nothing_behind() {
    // CVE-2021-36221: the copy that broke off panicked. CVE-2025-62409: what the backend still sent did.
    play(endless, async |world, proxy, count| {
        for at in 0..LEAVING {
            let (stream, came, _) = ask(world, proxy, 1 + at * 37 % 5_000).await;
            assert!(came.starts_with(b"HTTP/1.1 200 OK\r\n"));
            if at.is_multiple_of(2) {
                stream.reset();
            } else {
                drop(stream);
            }
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!((count.begun.get(), count.ended.get()), (LEAVING, LEAVING));
    });
}

#[test]
fn answers_that_break_off_are_cut_and_nothing_panics() {
    // k8s-82586: each of them was a panic with its stack in the log.
    play(half, async |world, proxy, count| {
        for at in 1..=LEAVING {
            let (_stream, came, end) = ask(world, proxy, usize::MAX).await;
            let whole = came.ends_with(b"0\r\n\r\n") && end.is_ok();
            assert!(!whole, "{at}: {}", String::from_utf8_lossy(&came));
        }
        assert_eq!((count.begun.get(), count.ended.get()), (LEAVING, LEAVING));
    });
}

#[test]
fn an_upload_goes_on_while_its_client_does_not_take_the_answer() {
    // It moved only while the answer was pulled: both waited for the client.
    play(eager, async |world, proxy, _| {
        let mut stream = world.net.dial(&Address::Tcp(proxy)).await.unwrap();
        let head = format!("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: {LARGE}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // By now the answer waits.
        sleep(Duration::from_secs(1)).await;
        let upload = timeout(Duration::from_secs(10), stream.write_all(&vec![b'u'; LARGE])).await;
        upload.expect("it goes on").unwrap();
        let mut answer = Vec::new();
        while answer.len() < LARGE {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        }
    });
}

const LEAVING: usize = 500;

/// More than all buffers on the way.
const LARGE: usize = 1 << 20;
