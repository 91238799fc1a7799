//! Watch: a stream of events. Go: `apiserver/pkg/endpoints/handlers/watch.go`.

pub(in crate::rest) mod event;

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::{
    Rest, RestRoute,
    options::{ListOptions, ListVerb},
    registry::{EventType, ObjectEvent, ObjectWatch, Registry},
    respond::{self, Shaper, transforms},
    table::{Columns, IncludeObject},
};
use crate::{
    config::limits::{WATCH_BOOKMARK_BEFORE_END, WATCH_BOOKMARK_PERIOD, WATCH_TIMEOUT_MAX, WATCH_TIMEOUT_MIN},
    meta::{Accepted, Media, Offer, Query, Status, accept::Stream, negotiate},
    refusal::Refusal,
    wire::{Answer, Body, Cut, Exchange, Frame, Frames, Gone, Name, ResponseHead, body::Length},
    world::{Dice, LocalBoxFuture, Stop},
};

impl Rest {
    pub(super) async fn watch(&self, exchange: &Exchange, route: &RestRoute) -> Result<Answer, Refusal> {
        // First as for a list: Go does both, and says other words for each.
        respond::agree(&exchange.head)?;
        let offer = Offer { media: Media::ALL, transforms, stream: Stream::Watch };
        let accepted = negotiate(&exchange.head, &offer)?;
        let query = Query::of(&exchange.head);
        let mut options = ListOptions::parse(&query, route.kind, ListVerb::Watch)?;
        if let Some(name) = &route.name {
            options.selector.narrow_to(name)?;
        }
        let include = Shaper::new(route.kind, &accepted, &query, self.registry.now())?.include;
        let watch = self.registry.watch(route.kind, route.namespace.as_deref(), &options).await?;
        let mut dice = self.registry.dice("watch");
        let timeout = options.timeout.unwrap_or_else(|| {
            WATCH_TIMEOUT_MIN + Duration::from_millis(dice.below(WATCH_TIMEOUT_MIN.as_millis() as u64))
        });
        let end = Instant::now() + timeout.min(WATCH_TIMEOUT_MAX);
        let bookmark_at = options.allow_watch_bookmarks.then(|| next_bookmark(&mut dice, end));
        let content_type = event::content_type(accepted.media);
        let state = Events {
            registry: self.registry.clone(),
            kind: route.kind,
            accepted,
            include,
            columns: Columns::Told,
            watch,
            gone: exchange.gone.clone(),
            stop: self.stop.clone(),
            end,
            bookmark_at,
            dice,
        };
        let mut head = ResponseHead::new(StatusCode::OK);
        head.headers.set(Name::CONTENT_TYPE, content_type);
        let frames = EventFrames { state: Phase::Flush(Some(Box::new(state))) };
        Ok(Answer::Reply(Box::new(head), Body::made(Length::Unknown, frames)))
    }
}

/// About every minute, so that not all watches are told at once; and a little before the end, so that who watches on knows from where.
fn next_bookmark(dice: &mut Dice, end: Instant) -> Instant {
    let jitter = dice.below(WATCH_BOOKMARK_PERIOD.as_millis() as u64 / 4);
    let regular = Instant::now() + WATCH_BOOKMARK_PERIOD + Duration::from_millis(jitter);
    let last = end.checked_sub(WATCH_BOOKMARK_BEFORE_END).filter(|last| *last > Instant::now());
    last.map_or(regular, |last| last.min(regular))
}

/// A watch, and how its events are written.
struct Events {
    registry: Registry,
    kind: &'static super::Kind,
    accepted: Accepted,
    include: IncludeObject,
    columns: Columns,
    watch: ObjectWatch,
    gone: Gone,
    stop: Stop,
    end: Instant,
    bookmark_at: Option<Instant>,
    dice: Dice,
}

/// What comes next of a watch.
enum Next {
    /// A line, and more may follow.
    Line(Bytes, Box<Events>),
    /// A line, and nothing follows.
    Last(Bytes),
    /// Nothing.
    End,
}

impl Events {
    async fn next(mut self: Box<Self>) -> Next {
        loop {
            let bookmark_at = self.bookmark_at;
            let bookmark_is_due = async {
                match bookmark_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                biased;
                () = self.stop.wait() => return Next::End,
                () = self.gone.wait() => return Next::End,
                () = tokio::time::sleep_until(self.end) => return Next::End,
                event = self.watch.next() => event,
                () = bookmark_is_due => {
                    self.bookmark_at = Some(next_bookmark(&mut self.dice, self.end));
                    match self.watch.bookmark() {
                        Some(bookmark) => Ok(bookmark),
                        None => continue,
                    }
                }
            };
            return match event.and_then(|event| self.line(event)) {
                Ok(line) => Next::Line(line, self),
                Err(status) => match event::encode(self.accepted.media, "ERROR", &status.to_value()) {
                    Ok(line) => Next::Last(line),
                    Err(_) => Next::End,
                },
            };
        }
    }

    fn line(&mut self, event: ObjectEvent) -> Result<Bytes, Status> {
        let now = self.registry.now();
        let shaper = Shaper { kind: self.kind, accepted: &self.accepted, include: self.include, now };
        let object = shaper.object(event.object, self.columns)?;
        if event.kind != EventType::Bookmark {
            self.columns = Columns::Known;
        }
        event::encode(self.accepted.media, event.kind.word(), &object)
    }
}

/// The events as a body. It is pulled, so a client that reads slowly makes the watch slow, and one that is too slow ends it.
struct EventFrames {
    state: Phase,
}

enum Phase {
    /// What was written so far is to go out; then the next event, if there is one.
    Flush(Option<Box<Events>>),
    /// The next event is waited for.
    Waiting(LocalBoxFuture<'static, Next>),
    /// All is said.
    Ended,
}

impl Frames for EventFrames {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        loop {
            match &mut self.state {
                Phase::Ended => return Poll::Ready(None),
                Phase::Flush(events) => {
                    self.state = match events.take() {
                        Some(events) => Phase::Waiting(Box::pin(events.next())),
                        None => Phase::Ended,
                    };
                    return Poll::Ready(Some(Ok(Frame::Flush)));
                }
                Phase::Waiting(next) => {
                    let (line, rest) = match ready!(next.as_mut().poll(cx)) {
                        Next::Line(line, rest) => (line, Some(rest)),
                        Next::Last(line) => (line, None),
                        Next::End => {
                            self.state = Phase::Ended;
                            continue;
                        }
                    };
                    self.state = Phase::Flush(rest);
                    return Poll::Ready(Some(Ok(Frame::Data(line))));
                }
            }
        }
    }
}
