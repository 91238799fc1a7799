use std::{future::Future, pin::pin};

use super::*;

/// How often a future is polled to its end; far too often is the end as well.
async fn polls(future: impl Future<Output = ()>) -> usize {
    let mut future = pin!(future);
    let polls = Cell::new(0);
    std::future::poll_fn(|cx| {
        polls.set(polls.get() + 1);
        if polls.get() > 1_000 { Poll::Ready(()) } else { future.as_mut().poll(cx) }
    })
    .await;
    polls.get()
}

async fn polls_of_a_half_closed(request: &'static str) -> usize {
    let (stage, _stopper) = Stage::new();
    let (mut client, channel, _) = pipe_that_tells(stage.pipe_bytes);
    let peer = Peer::new(channel.peer(), None);
    let slow = Scripted(async |_: &mut Exchange| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(ok(Body::whole("ok\n")))
    });
    let world = real::world([0; 32]);
    let served = polls(serve(channel, peer, &slow, &stage.settings, &world, stage.stop));
    let asking = async {
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        read_to_end(&mut client).await
    };
    tokio::join!(served, asking).0
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_client_is_waited_for_without_work() {
    // hyper-4086: the end of a client's side within a body was looked at again and again.
    for request in [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    ] {
        let polls = polls_of_a_half_closed(request).await;
        assert!(polls < 50, "{request:?}: {polls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_noticed_behind_a_request_that_it_has_sent_ahead() {
    let (stage, _stopper) = Stage::new();
    let noticed = Rc::new(RefCell::new(Vec::new()));
    let handler = async |exchange: &mut Exchange| {
        let waited = tokio::time::timeout(Duration::from_secs(1), exchange.gone.wait()).await;
        noticed.borrow_mut().push(waited.is_ok());
        Ok(ok(Body::whole("ok\n")))
    };
    let client = async |mut client: DuplexStream| {
        for _ in 0..2 {
            client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        drop(client);
    };
    stage.play(handler, client).await;
    assert_eq!(*noticed.borrow(), [false, true]);
}
