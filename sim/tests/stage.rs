//! A stage plays small conversations.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{future::poll_fn, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weir::world::{Address, Listener, Stream, World};
use weir_sim::{Stage, StageError, world::EPOCH};

async fn accept(listener: &mut Listener) -> Stream {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}

fn listen(world: &World, port: u16) -> Listener {
    let all = Address::Tcp(([0, 0, 0, 0], port).into());
    world.net.listen(&all, 1).unwrap().remove(0)
}

async fn dial(world: &World, host: &str, port: u16) -> std::io::Result<Stream> {
    let address = world.net.resolve(host).await?[0];
    world.net.dial(&Address::Tcp((address, port).into())).await
}

fn echo(stage: &mut Stage) {
    stage.host("server", |world| {
        Box::pin(async move {
            let mut listener = listen(&world, 80);
            loop {
                let mut stream = accept(&mut listener).await;
                tokio::task::spawn_local(async move {
                    let mut all = Vec::new();
                    stream.read_to_end(&mut all).await.unwrap();
                    stream.write_all(&all).await.unwrap();
                });
            }
        })
    });
}

#[test]
fn an_echo_comes_back_whole() {
    an_echo_on(Stage::new(1));
}

#[test]
fn an_echo_comes_back_whole_however_it_is_chopped() {
    for seed in 0..20 {
        an_echo_on(Stage::new(seed).chop(true).window(1 + seed as usize * 1_000));
    }
}

fn an_echo_on(mut stage: Stage) {
    echo(&mut stage);
    stage.client("client", |world| {
        Box::pin(async move {
            let mut stream = dial(&world, "server", 80).await.unwrap();
            let sent: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
            stream.write_all(&sent).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut back = Vec::new();
            stream.read_to_end(&mut back).await.unwrap();
            assert_eq!(back, sent);
            Ok(())
        })
    });
    stage.run(Duration::from_secs(2_000)).unwrap();
}

#[test]
fn a_panic_in_a_task_that_nobody_waits_for_fails_the_run() {
    let mut stage = Stage::new(1);
    stage.client("client", |_world| {
        Box::pin(async {
            tokio::task::spawn_local(async { panic!("a bug of ours") });
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        })
    });
    let error = stage.run(Duration::from_secs(5)).unwrap_err();
    assert!(matches!(&error, StageError::Panicked(text) if text.contains("a bug of ours")), "{error}");
}

#[test]
fn a_client_that_never_ends_is_named() {
    let mut stage = Stage::new(1);
    stage.client("sleeper", |_world| Box::pin(std::future::pending()));
    let error = stage.run(Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.to_string(), r#"not ended within 1s of simulated time: ["sleeper"]"#);
}

#[test]
fn a_client_that_complains_is_the_error() {
    let mut stage = Stage::new(1);
    stage.client("critic", |_world| Box::pin(async { Err("too short".to_owned()) }));
    assert_eq!(stage.run(Duration::from_secs(1)).unwrap_err().to_string(), "critic: too short");
}

#[test]
fn a_body_of_64_mib_passes_through_the_window_of_a_connection() {
    const BODY_BYTES: usize = 64 << 20;
    let mut stage = Stage::new(1);
    stage.host("server", |world| {
        Box::pin(async move {
            let mut listener = listen(&world, 80);
            let mut stream = accept(&mut listener).await;
            let piece = vec![7; 1 << 20];
            for _ in 0..BODY_BYTES / piece.len() {
                stream.write_all(&piece).await.unwrap();
            }
        })
    });
    stage.client("client", |world| {
        Box::pin(async move {
            let mut stream = dial(&world, "server", 80).await.unwrap();
            let (mut piece, mut all) = (vec![0; 1 << 20], 0);
            loop {
                match stream.read(&mut piece).await.unwrap() {
                    0 => break,
                    // Never more than the window: the writer waits, so nothing piles up on the way.
                    count if count <= 64 * 1024 => all += count,
                    count => return Err(format!("{count} bytes at once")),
                }
            }
            if all == BODY_BYTES { Ok(()) } else { Err(format!("{all} bytes")) }
        })
    });
    stage.run(Duration::from_secs(60)).unwrap();
}

#[test]
fn both_workers_of_a_listener_take_connections_from_one_queue() {
    let mut stage = Stage::new(1).workers(2);
    stage.host("server", |world| {
        Box::pin(async move {
            let all = Address::Tcp(([0, 0, 0, 0], 80).into());
            let workers = world.process.workers();
            for (number, mut listener) in world.net.listen(&all, workers).unwrap().into_iter().enumerate() {
                tokio::task::spawn_local(async move {
                    loop {
                        let mut stream = accept(&mut listener).await;
                        stream.write_all(&[number as u8]).await.unwrap();
                    }
                });
            }
        })
    });
    stage.client("client", |world| {
        Box::pin(async move {
            let mut taken = [0; 2];
            for _ in 0..10 {
                let worker = dial(&world, "server", 80).await.unwrap().read_u8().await.unwrap();
                taken[usize::from(worker)] += 1;
            }
            if taken == [5, 5] { Ok(()) } else { Err(format!("{taken:?}")) }
        })
    });
    stage.run(Duration::from_secs(5)).unwrap();
}

#[test]
fn the_wall_clock_begins_at_the_epoch_and_follows_simulated_time() {
    let mut stage = Stage::new(1);
    stage.client("client", |world| {
        Box::pin(async move {
            let begun = world.clock.wall();
            assert!(begun.0 - EPOCH.0 < Duration::from_millis(5));
            tokio::time::sleep(Duration::from_secs(2)).await;
            let passed = world.clock.wall().0 - begun.0;
            if passed == Duration::from_secs(2) { Ok(()) } else { Err(format!("{passed:?}")) }
        })
    });
    stage.run(Duration::from_secs(5)).unwrap();
}
