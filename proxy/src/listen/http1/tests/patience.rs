use std::time::Duration;

use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_that_owes_its_body_gets_its_answer_all_the_same_and_the_connection_ends() {
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::whole("done")));
    let client = async |mut client: DuplexStream| {
        let start = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.unwrap();
        (read_to_end(&mut client).await, start.elapsed())
    };
    let ((answer, took), _) = stage.play(handler, client).await;
    assert!(answer.contains("\r\nConnection: close\r\n") && answer.ends_with("\r\n\r\ndone"), "{answer}");
    assert_eq!(took.as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_ends_at_the_deadline_of_its_request() {
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 1024;
    let handler = async |exchange: &mut Exchange| {
        exchange.deadline = Some(Instant::now() + Duration::from_secs(30));
        Ok(ok(Body::whole(vec![b'x'; 100_000])))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(31)).await;
        read_quiet(&mut client).await.len()
    };
    let (read, was_reset) = stage.play(handler, client).await;
    assert!(read <= 1024, "{read}");
    assert!(was_reset.get());
}
