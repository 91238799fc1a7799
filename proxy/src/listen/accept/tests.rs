use std::{
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context, ready},
};

use http::StatusCode;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::LocalSet,
    time::Instant,
};

use super::*;
use crate::{
    listen::{Settings, Stopper},
    refusal::Refusal,
    wire::{Answer, Body, Channel, Exchange, ResponseHead, pipe::pipe},
    world::{Accept, real},
};

/// A listener whose kernel has these connections.
#[derive(Debug)]
struct Queue(UnboundedReceiver<io::Result<Stream>>);

impl Accept for Queue {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        ready!(self.0.poll_recv(cx)).map_or(Poll::Pending, Poll::Ready)
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 2], 2))
    }
}

/// Answers, or never does.
struct Answers(bool);

impl Handler for Answers {
    async fn serve(&self, _: &mut Exchange) -> Result<Answer, Refusal> {
        if !self.0 {
            pending::<()>().await;
        }
        Ok(Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::empty()))
    }
}

async fn asking() -> (DuplexStream, Stream) {
    let (mut client, channel) = pipe(4096);
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let Channel::Plain(stream) = channel else { unreachable!("a pipe is plain") };
    (client, stream)
}

fn server(handler: Answers, settings: Settings) -> Server<Answers> {
    Server::new(Rc::new(handler), settings, real::world([0; 32]))
}

/// A listener of a process that has no descriptor left; it knows when it was asked.
#[derive(Debug)]
struct Exhausted(Arc<Mutex<Vec<Instant>>>);

impl Accept for Exhausted {
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        self.0.lock().unwrap().push(Instant::now());
        Poll::Ready(Err(io::Error::from_raw_os_error(libc::EMFILE)))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 2], 2))
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_fails_is_asked_again_later_each_time() {
    // Go: `net/http/server.go` `Server.Serve`: 5 ms, doubled up to 1 s.
    let (stopper, stop) = Stopper::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let listener = Listener::Simulated(Box::new(Exhausted(Arc::clone(&asked))));
    let running = server(Answers(true), Settings::bounded(None)).run(listener, stop);
    let talk = async {
        tokio::time::sleep(Duration::from_millis(3_300)).await;
        stopper.stop();
    };
    LocalSet::new().run_until(async { tokio::join!(running, talk) }).await;
    let asked = asked.lock().unwrap();
    let waits: Vec<_> = asked.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    assert_eq!(waits[..10], [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
}

#[tokio::test(start_paused = true)]
async fn a_server_with_all_its_connections_stops_in_time() {
    // It waited for a free place, and did not hear that it was to stop.
    let (stopper, stop) = Stopper::new();
    let (kernel, queue) = unbounded_channel();
    let (_client, stream) = asking().await;
    kernel.send(Ok(stream)).unwrap();
    let settings = Settings { connections_max: 1, ..Settings::bounded(None) };
    let drain_timeout = settings.drain_timeout;
    let running = server(Answers(false), settings).run(Listener::Simulated(Box::new(Queue(queue))), stop);
    let talk = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stopper.stop();
    };
    let both = async { tokio::join!(running, talk) };
    let bound = drain_timeout + Duration::from_secs(2);
    assert!(LocalSet::new().run_until(tokio::time::timeout(bound, both)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn every_connection_that_the_kernel_has_is_served_though_the_server_stops() {
    // After 128 of them the runtime asked the task to yield, which looked like an empty queue; one that had left ended the queue as well.
    let (stopper, stop) = Stopper::new();
    let (kernel, queue) = unbounded_channel();
    let mut clients = Vec::new();
    for _ in 0..300 {
        let (client, stream) = asking().await;
        kernel.send(Err(io::ErrorKind::ConnectionAborted.into())).unwrap();
        kernel.send(Ok(stream)).unwrap();
        clients.push(client);
    }
    stopper.stop();
    let running = server(Answers(true), Settings::bounded(None)).run(Listener::Simulated(Box::new(Queue(queue))), stop);
    LocalSet::new().run_until(running).await;
    for mut client in clients {
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}
