use super::*;
use crate::world::Stream;

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_accepted_is_served_though_the_server_stops() {
    // It was closed without an answer when the stop came before its first byte was read.
    let (stage, stopper) = Stage::new();
    stopper.stop();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_come_is_served_though_the_server_stops() {
    let (stage, stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_quiet(&mut client).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stopper.stop();
        read_to_end(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_begun_to_come_is_served_though_the_server_stops() {
    let (stage, stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        stopper.stop();
        tokio::time::sleep(Duration::from_secs(10)).await;
        client.write_all(b"st: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_request_that_only_the_system_knows_of_is_served_though_the_server_stops() {
    // The connection's task is woken by the stop and runs before the runtime looks at its sockets: both are tasks of one set.
    let (stage, stopper) = Stage::new();
    let (mut client, served) = tokio::net::UnixStream::pair().unwrap();
    let handler = Scripted(async |_: &mut Exchange| Ok(ok(Body::empty())));
    let channel = Channel::Plain(Stream::Unix(served));
    let talk = async {
        tokio::task::spawn_local(async move {
            let world = real::world([0; 32]);
            serve(channel, Peer::new(None, None), &handler, &stage.settings, &world, stage.stop).await;
        });
        client.write_all(REQUEST).await.unwrap();
        let mut first = [0; 4096];
        let count = client.read(&mut first).await.unwrap();
        assert!(first[..count].ends_with(b"\r\n\r\n"));
        assert_eq!(client.try_write(REQUEST).unwrap(), REQUEST.len());
        stopper.stop();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::task::LocalSet::new().run_until(talk).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_when_the_server_stops() {
    let (stage, stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_quiet(&mut client).await;
        let start = tokio::time::Instant::now();
        stopper.stop();
        assert_eq!(read_to_end(&mut client).await, "");
        assert_eq!(start.elapsed(), Duration::ZERO);
    };
    stage.play(handler, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_that_says_nothing_ends_soon_when_the_server_stops() {
    let (stage, stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        let start = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(2)).await;
        stopper.stop();
        assert_eq!(read_to_end(&mut client).await, "");
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    };
    stage.play(handler, client).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_while_a_request_runs_is_told_in_its_answer_as_in_go() {
    // It was decided before the answer's body was pulled, and written where a handler's own field stands.
    let (stage, stopper) = Stage::new();
    let handler = async |_: &mut Exchange| {
        stopper.stop();
        Ok(ok(Body::whole("ok")))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.ends_with("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nok"), "{answer}");
}
