use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::time::Instant;

use super::*;
use crate::{
    meta::Status,
    wire::{
        Body, Cut, Frame, Frames, Gone, Headers, Length, Name, Peer, RequestHead, Target, Version, trailers::Announced,
        url::Url,
    },
};

fn exchange() -> Exchange {
    let raw = Bytes::from_static(b"/x");
    let head = RequestHead {
        method: Method::GET,
        target: Target { url: Url::from_request(false, &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"h.test"),
        headers: Headers::new(),
        announced: Announced::new(),
    };
    Exchange::new(head, Body::empty(), Peer::new(None, None), Gone::default(), Rc::new(()))
}

type Log = Rc<RefCell<Vec<String>>>;

/// What a filter of the tests decides.
#[derive(Clone, Copy)]
enum Decides {
    Next,
    NextLater,
    Stop,
    Refuse,
    Deadline(Duration),
    NeverKnows,
}

/// Writes down when it is asked.
struct Witness {
    name: &'static str,
    decides: Decides,
    log: Log,
}

impl Filter for Witness {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        self.log.borrow_mut().push(format!("enter {}", self.name));
        match self.decides {
            Decides::Next => Step::Next,
            Decides::NextLater => Step::Wait(Box::pin(async {
                tokio::task::yield_now().await;
                Ok(None)
            })),
            Decides::Stop => {
                Step::Stop(Box::new(Answer::Reply(Box::new(ResponseHead::new(StatusCode::NO_CONTENT)), Body::empty())))
            }
            Decides::Refuse => Step::Refuse(Status::unauthorized("Unauthorized").into()),
            Decides::Deadline(time) => {
                exchange.deadline = Some(Instant::now() + time);
                Step::Next
            }
            Decides::NeverKnows => Step::Wait(Box::pin(std::future::pending())),
        }
    }

    fn leave(&self, _exchange: &Exchange, head: &mut ResponseHead) {
        self.log.borrow_mut().push(format!("leave {} {}", self.name, head.status.as_u16()));
        head.headers.append(Name::VIA, self.name);
    }

    fn done(&self, _facts: &Facts, end: &End) {
        self.log.borrow_mut().push(format!("done {} {:?} {}", self.name, end.how, end.bytes));
    }
}

/// Answers with a body.
struct Answers(RefCell<Option<Body>>);

impl Handler for Answers {
    async fn serve(&self, _exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let body = self.0.borrow_mut().take();
        match body {
            Some(body) => Ok(Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), body)),
            None => std::future::pending().await,
        }
    }
}

fn chain(decisions: &[Decides], body: Option<Body>) -> (Chain<Answers>, Log) {
    let log = Log::default();
    let names = ["a", "b", "c", "d"];
    let filters = names.iter().zip(decisions).map(|(name, decides)| {
        let witness = Witness { name, decides: *decides, log: Rc::clone(&log) };
        Box::new(witness) as Box<dyn Filter>
    });
    (Chain::new(filters.collect(), Answers(RefCell::new(body))), log)
}

fn said(log: &Log) -> String {
    log.borrow().join(", ")
}

/// An answer's status, its body, and whether the body came to its end.
async fn read(answer: Answer) -> (u16, usize, bool) {
    let Answer::Reply(head, mut body) = answer else { panic!("no reply") };
    let mut bytes = 0;
    loop {
        match body.frame().await {
            Some(Ok(Frame::Data(data))) => bytes += data.len(),
            Some(Ok(_)) => {}
            Some(Err(_)) => return (head.status.as_u16(), bytes, false),
            None => return (head.status.as_u16(), bytes, true),
        }
    }
}

#[tokio::test]
async fn filters_are_entered_in_order_and_left_in_reverse_order() {
    let (chain, log) = chain(&[Decides::Next, Decides::NextLater], Some(Body::whole("hello")));
    let answer = chain.serve(&mut exchange()).await.unwrap();
    assert_eq!(said(&log), "enter a, enter b, leave b 200, leave a 200");
    assert_eq!(read(answer).await, (200, 5, true));
    assert_eq!(said(&log), "enter a, enter b, leave b 200, leave a 200, done b Complete 5, done a Complete 5");
}

#[tokio::test]
async fn no_filter_touches_the_last_answer_of_a_connection() {
    struct Ends;
    impl Handler for Ends {
        async fn serve(&self, _exchange: &mut Exchange) -> Result<Answer, Refusal> {
            Ok(Answer::Last(Box::new(ResponseHead::new(StatusCode::FORBIDDEN)), Body::whole("stop")))
        }
    }
    let log = Log::default();
    let witness = Witness { name: "a", decides: Decides::Next, log: Rc::clone(&log) };
    let chain = Chain::new(vec![Box::new(witness) as Box<dyn Filter>], Ends);
    let Ok(Answer::Last(head, mut body)) = chain.serve(&mut exchange()).await else { panic!("not the last") };
    assert!(head.headers.is_empty());
    while body.frame().await.is_some() {}
    drop(body);
    assert_eq!(said(&log), "enter a, done a Complete 4");
}

#[tokio::test]
async fn a_filter_behind_one_that_answers_is_never_asked() {
    for (decides, status) in [(Decides::Stop, 204), (Decides::Refuse, 401)] {
        let (chain, log) = chain(&[Decides::Next, decides, Decides::Next], None);
        let answer = chain.serve(&mut exchange()).await.unwrap();
        assert_eq!(read(answer).await.0, status);
        let expected = format!("enter a, enter b, leave b {status}, leave a {status}, done b Complete");
        assert!(said(&log).starts_with(&expected), "{}", said(&log));
        assert!(!said(&log).contains(" c"));
    }
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_any_more_is_done_once() {
    let (chain, log) = chain(&[Decides::Next, Decides::NeverKnows, Decides::Next], None);
    let mut exchange = exchange();
    let served = tokio::time::timeout(Duration::ZERO, chain.serve(&mut exchange)).await;
    assert!(served.is_err());
    assert_eq!(said(&log), "enter a, enter b, done b Dropped 0, done a Dropped 0");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_to_its_end_is_done_once() {
    let (chain, log) = chain(&[Decides::Next], Some(Body::whole("hello")));
    drop(chain.serve(&mut exchange()).await.unwrap());
    assert_eq!(said(&log), "enter a, leave a 200, done a Dropped 0");
}

#[tokio::test(start_paused = true)]
async fn a_request_out_of_time_loses_what_filters_behind_the_deadline_would_say() {
    let decisions = [Decides::Next, Decides::Deadline(Duration::from_secs(60)), Decides::Next];
    let (chain, log) = chain(&decisions, None);
    let started = Instant::now();
    let Ok(Answer::Reply(head, body)) = chain.serve(&mut exchange()).await else { panic!("no reply") };
    assert_eq!((head.status.as_u16(), started.elapsed().as_secs()), (504, 60));
    let vias: Vec<&[u8]> = head.headers.all(&Name::VIA).collect();
    assert_eq!(vias, [b"b", b"a"]);
    // The deadline that had passed cut this answer too, and the client got nothing.
    let (_, bytes, clean) = read(Answer::Reply(head, body)).await;
    assert!(clean && bytes > 0);
    assert!(said(&log).contains("done c Dropped 0, leave b 504, leave a 504"), "{}", said(&log));
}

/// A body that begins and never ends.
struct Endless(bool);

impl Frames for Endless {
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame, Cut>>> {
        if std::mem::replace(&mut self.0, true) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(Some(Ok(Frame::Data(Bytes::from_static(b"so far")))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_through_at_its_deadline_is_cut() {
    let body = Body::made(Length::Unknown, Endless(false));
    let (chain, log) = chain(&[Decides::Deadline(Duration::from_secs(60))], Some(body));
    let answer = chain.serve(&mut exchange()).await.unwrap();
    assert_eq!(read(answer).await, (200, 6, false));
    assert_eq!(said(&log), "enter a, leave a 200, done a Cut 6");
}
