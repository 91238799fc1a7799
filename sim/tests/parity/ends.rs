use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::stage::{accept, dial, note, pause, read, same, shut, write};

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
