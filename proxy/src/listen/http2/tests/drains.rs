//! A drain ends, whatever a client does meanwhile.

use super::*;

/// A connection on which one request runs.
async fn busy() -> (Served, raw::Raw) {
    let (served, io) = start(Http2Limits::default());
    let mut raw = raw::Raw::connect(io).await;
    raw.headers(1, &get("/gone")).await;
    settle().await;
    assert_eq!(served.seen.running.get(), 1);
    (served, raw)
}

fn get(path: &str) -> [(&str, &str); 4] {
    [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", path)]
}

/// The connection is over within the time that a client has to read why.
async fn ends_soon(served: Served) {
    tokio::time::timeout(Duration::from_secs(5), served.task).await.expect("it ends").unwrap();
}

/// PING of seven bytes.
async fn be_at_fault(raw: &mut raw::Raw) {
    raw.frame(6, 0, 0, &[0; 7]).await;
}

#[test]
fn a_fault_within_a_drain_ends_the_connection() {
    // CVE-2022-27664: a server that was stopping waited for ever for a connection that was at fault.
    play(async {
        let (served, mut raw) = busy().await;
        served.stopper.stop();
        assert_eq!(raw.next().await, Some(raw::Frame::goaway((1 << 31) - 1, 0, "")));
        be_at_fault(&mut raw).await;
        ends_soon(served).await;
    });
}

#[test]
fn a_drain_behind_a_fault_ends_the_connection() {
    play(async {
        let (served, mut raw) = busy().await;
        be_at_fault(&mut raw).await;
        settle().await;
        served.stopper.stop();
        ends_soon(served).await;
    });
}

/// A client that took its request back before it knew ended the connection, and with it the requests that ran.
#[test]
fn a_stream_behind_the_last_goaway_may_go_on_and_be_taken_back() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        let post = [(":method", "POST"), (":scheme", "https"), (":authority", "h.test"), (":path", "/echo")];
        raw.open_headers(1, &post).await;
        settle().await;
        served.stopper.stop();
        assert_eq!(raw.next().await, Some(raw::Frame::goaway((1 << 31) - 1, 0, "")));
        assert_eq!(raw.next().await, Some(raw::Frame::goaway(1, 0, "")));
        raw.open_headers(3, &post).await;
        raw.frame(0, 0, 3, b"hello").await;
        raw.frame(8, 0, 3, &1_u32.to_be_bytes()).await;
        raw.reset(3, 8).await;
        raw.frame(0, 1, 1, b"hello").await;
        let answer = raw.stream(1).await;
        assert_eq!(answer.last().map(|frame| (frame.kind, frame.flags & 1)), Some((0, 1)), "{answer:?}");
        assert_eq!(served.seen.called.get(), 1);
    });
}

#[test]
fn a_client_that_breaks_the_rules_before_it_reads_still_reads_why() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.headers(1, &get("/64MiB")).await;
        for stream in [0, 1] {
            raw.frame(8, 0, stream, &(1_u32 << 30).to_be_bytes()).await;
        }
        // By then what it does not read fills the way to it.
        settle().await;
        raw.frame(6, 0, 0, &[0; 7]).await;
        let mut last = None;
        while let Some(frame) = raw.next().await {
            last = Some(frame);
        }
        assert_eq!(last, Some(raw::Frame::goaway(1, 6, "")));
    });
}

#[test]
fn what_comes_behind_the_last_goaway_reaches_no_handler() {
    play(async {
        let (served, mut raw) = busy().await;
        served.stopper.stop();
        assert_eq!(raw.next().await, Some(raw::Frame::goaway((1 << 31) - 1, 0, "")));
        let last = raw.next().await.unwrap();
        assert_eq!(last, raw::Frame::goaway(1, 0, ""));
        for stream in [3, 5, 7] {
            raw.headers(stream, &get("/")).await;
        }
        settle().await;
        assert_eq!(served.seen.called.get(), 1);
        raw.reset(1, 8).await;
        ends_soon(served).await;
    });
}

#[test]
fn a_client_that_goes_away_itself_holds_no_drain() {
    play(async {
        let (served, mut raw) = busy().await;
        raw.goaway(0, 0).await;
        served.stopper.stop();
        raw.reset(1, 8).await;
        ends_soon(served).await;
    });
}
