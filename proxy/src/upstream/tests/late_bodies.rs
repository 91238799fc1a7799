use std::{cell::RefCell, rc::Rc};

use tokio::{io::AsyncWriteExt as _, join, time::Instant};

use crate::{
    config::limits,
    upstream::pretend::{Stage, fed, on_a_worker, post},
    wire::{
        Body, Length,
        http1::{BodyState, Connection, HeadLimits, Incoming},
        pipe::pipe,
    },
};

/// Sends a request with this body to a backend that leaves, and gives the text of the error and how long it took.
async fn told(body: Body) -> (String, std::time::Duration) {
    let stage = Stage::new(|_| {});
    let backend = async {
        let mut peer = stage.accept().await;
        peer.head().await;
    };
    let asked = Instant::now();
    let (answer, ()) = join!(stage.ask(post("/x", body)), backend);
    (answer.unwrap_err().to_string(), asked.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_failure_within_a_body_waits_for_that_body_but_not_without_end() {
    on_a_worker(async {
        for length in [Length::Exactly(5), Length::Unknown] {
            let (feed, body) = fed(length);
            assert_eq!(told(body).await, ("EOF".to_owned(), limits::LATE_BODY_WAIT));
            drop(feed);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_server_is_told_that_nobody_waits_for_the_rest_of_a_body() {
    on_a_worker(async {
        for (framing, length) in [
            ("Content-Length: 10\r\n\r\n12345", Length::Exactly(10)),
            ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Length::Unknown),
        ] {
            let (mut client, channel) = pipe(4096);
            client.write_all(format!("POST /x HTTP/1.1\r\nHost: a\r\n{framing}").as_bytes()).await.unwrap();
            let mut connection = Connection::new(channel, HeadLimits { head_bytes_max: 4096 });
            std::future::poll_fn(|cx| connection.poll_fill(cx)).await.unwrap();
            assert_eq!(connection.next_request().unwrap().unwrap().length, length);
            let connection = Rc::new(RefCell::new(connection));
            let body = Body::http1(Incoming::new(Rc::clone(&connection), length));
            assert_eq!(told(body).await, ("EOF".to_owned(), limits::LATE_BODY_WAIT));
            assert_eq!(connection.borrow().body_state(), BodyState::GivenUp);
        }
    })
    .await;
}
