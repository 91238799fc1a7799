mod cost;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::wire::pipe::pipe;

fn tunnel(backend: Channel, early: &'static [u8]) -> Tunnel {
    Tunnel { backend, early: Bytes::from_static(early) }
}

#[tokio::test]
async fn early_bytes_of_both_sides_are_delivered_first() {
    let (mut client, client_end) = pipe(64);
    let (mut backend, backend_end) = pipe(64);
    let running =
        run(client_end, Bytes::from_static(b"from-client "), tunnel(backend_end, b"from-backend "), Planted::none());
    let talk = async {
        client.write_all(b"more").await.unwrap();
        backend.write_all(b"more").await.unwrap();
        client.shutdown().await.unwrap();
        backend.shutdown().await.unwrap();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        backend.read_to_end(&mut up).await.unwrap();
        client.read_to_end(&mut down).await.unwrap();
        assert_eq!(up, b"from-client more");
        assert_eq!(down, b"from-backend more");
    };
    tokio::join!(running, talk);
}

#[tokio::test]
async fn the_end_of_one_side_leaves_the_other_direction_open() {
    let (mut client, client_end) = pipe(64);
    let (mut backend, backend_end) = pipe(64);
    let running = run(client_end, Bytes::new(), tunnel(backend_end, b""), Planted::none());
    let talk = async {
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut question = Vec::new();
        backend.read_to_end(&mut question).await.unwrap();
        assert_eq!(question, b"question");
        backend.write_all(b"a late answer").await.unwrap();
        backend.shutdown().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"a late answer");
    };
    tokio::join!(running, talk);
}

#[tokio::test]
async fn a_failed_side_ends_the_tunnel_at_once() {
    let (mut client, client_end) = pipe(64);
    let (backend, backend_end) = pipe(64);
    let running = run(client_end, Bytes::from_static(b"x"), tunnel(backend_end, b""), Planted::none());
    drop(backend); // writing to it fails
    running.await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_slow_reader_slows_the_writer() {
    let (mut client, client_end) = pipe(64);
    let (_backend, backend_end) = pipe(64);
    let flood = async {
        let mut taken = 0;
        let chunk = [0; 1024];
        loop {
            let write = tokio::time::timeout(std::time::Duration::from_millis(20), client.write(&chunk));
            match write.await {
                Ok(written) => taken += written.unwrap(),
                Err(_) => return taken,
            }
        }
    };
    let taken = tokio::select! {
        taken = flood => taken,
        () = run(client_end, Bytes::new(), tunnel(backend_end, b""), Planted::none()) => 0,
    };
    assert!((128..=17 * 1024).contains(&taken), "{taken}");
}
