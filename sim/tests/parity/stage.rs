use std::{cell::RefCell, future::poll_fn, net::SocketAddr, rc::Rc, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weir::world::{Address, Listener, LocalBoxFuture, Stream, World, real};
use weir_sim::Stage;

/// What one side saw, line by line.
pub(super) type Notes = Rc<RefCell<Vec<String>>>;
pub(super) type Server = fn(World, Listener, Notes) -> LocalBoxFuture<'static, ()>;
pub(super) type Client = fn(World, SocketAddr, Notes) -> LocalBoxFuture<'static, ()>;

/// Plays both sides over both worlds and compares what they noted.
#[track_caller]
pub(super) fn same(server: Server, client: Client) {
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

pub(super) fn note(notes: &Notes, line: impl Into<String>) {
    notes.borrow_mut().push(line.into());
}

pub(super) async fn accept(listener: &mut Listener) -> Stream {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}

pub(super) async fn dial(world: &World, to: SocketAddr) -> Stream {
    world.net.dial(&Address::Tcp(to)).await.unwrap()
}

/// Reads once and notes what came.
pub(super) async fn read(stream: &mut Stream, notes: &Notes) {
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
pub(super) async fn write(stream: &mut Stream, bytes: &[u8], notes: &Notes) {
    note(
        notes,
        match stream.write(bytes).await {
            Ok(count) => format!("wrote {count}"),
            Err(error) => format!("write failed: {:?}: {error}", error.kind()),
        },
    );
}

pub(super) async fn shut(stream: &mut Stream, notes: &Notes) {
    note(notes, format!("shut down: {:?}", stream.shutdown().await.map_err(|error| error.kind())));
}

/// Long enough for everything to arrive.
pub(super) async fn pause() {
    tokio::time::sleep(Duration::from_millis(40)).await;
}
