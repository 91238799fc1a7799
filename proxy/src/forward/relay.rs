use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{
    FlushInterval,
    first_read::{EndOfBody, FirstRead},
    gunzip::Gunzip,
};
use crate::{
    config::limits,
    wire::{Cut, Frame, Frames, Gone, Headers},
};

/// The body of an answer on its way to the client: the backend's body, unpacked if need be, flushed as the policy says, cut when the
/// client leaves.
pub(super) struct Relay<D> {
    download: FirstRead<D>,
    /// What the first read gave, while the head goes out before it.
    first: First,
    /// Boxed: it is large, and few bodies need it.
    gunzip: Option<Box<Gunzip>>,
    /// Trailers that came while the last bytes were unpacked.
    trailers: Option<Headers>,
    flush: FlushTimer,
    gone: Gone,
    until: Option<Pin<Box<Sleep>>>,
    /// The head announces trailers: a flush stands before the end, be there some or not.
    announces: bool,
    after: After,
}

/// The first read of the body.
enum First {
    /// It has not been tried.
    Unread,
    /// It was, and what it gave is to be passed on next.
    Held(Option<Result<Frame, Cut>>),
    /// It is behind.
    Passed,
}

/// What follows the download's end.
enum After {
    /// It has not ended.
    Running,
    /// Trailers, behind a flush: it makes the answer chunked, so that they can follow.
    Trailers(Headers),
    /// Nothing.
    Nothing,
}

impl<D: Frames + Unpin> Relay<D> {
    /// `end` counts where every piece is flushed: elsewhere nothing depends on the first read.
    pub(super) fn new(download: D, end: EndOfBody, interval: FlushInterval, gunzip: bool, gone: Gone) -> Self {
        let end = if interval == FlushInterval::Always { end } else { EndOfBody::Any };
        Self {
            download: FirstRead::new(download, end),
            first: First::Unread,
            gunzip: gunzip.then(|| Box::new(Gunzip::new())),
            trailers: None,
            flush: FlushTimer::new(interval),
            gone,
            until: None,
            announces: false,
            after: After::Running,
        }
    }

    /// Cuts the body at this moment, if it has not ended by then.
    pub(super) fn until(mut self, moment: Option<Instant>) -> Self {
        self.until = moment.map(|moment| Box::pin(sleep_until(moment)));
        self
    }

    /// Flushes before the end, where the head announces trailers: nobody is to count the bytes for a length.
    ///
    /// Go: `net/http/httputil/reverseproxy.go` `ReverseProxy.ServeHTTP`.
    pub(super) fn announces(mut self, trailers: bool) -> Self {
        self.announces = trailers;
        self
    }

    /// The trailers, once the download has ended: nothing follows them, and only then is its connection whole again.
    fn poll_end(&mut self, trailers: Headers, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        match Pin::new(&mut self.download).poll_frame(cx) {
            Poll::Ready(Some(Err(cut))) => Poll::Ready(Some(Err(cut))),
            Poll::Ready(_) => Poll::Ready(Some(Ok(Frame::Trailers(trailers)))),
            Poll::Pending => {
                self.after = After::Trailers(trailers);
                Poll::Pending
            }
        }
    }

    /// Whether what the first read gives goes before the first flush.
    fn reads_before_flush(&mut self, cx: &mut Context<'_>) -> bool {
        if !matches!(std::mem::replace(&mut self.first, First::Passed), First::Unread) {
            return false;
        }
        let Poll::Ready(read) = self.poll_data(cx) else { return false };
        self.first = First::Held(read);
        !self.download.has_waited()
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if let First::Held(read) = std::mem::replace(&mut self.first, First::Passed) {
            return Poll::Ready(read);
        }
        let mut fruitless = 0;
        loop {
            if let Some(unpacked) = self.gunzip.as_mut().map(|gunzip| gunzip.next()) {
                match unpacked {
                    Ok(Some(bytes)) => return Poll::Ready(Some(Ok(Frame::Data(bytes)))),
                    Ok(None) => {}
                    Err(cut) => return Poll::Ready(Some(Err(cut))),
                }
            }
            if let Some(trailers) = self.trailers.take() {
                return Poll::Ready(Some(Ok(Frame::Trailers(trailers))));
            }
            if fruitless > limits::GUNZIP_FRUITLESS_BYTES_MAX {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let frame = std::task::ready!(Pin::new(&mut self.download).poll_frame(cx));
            match (frame, &mut self.gunzip) {
                (Some(Ok(Frame::Data(bytes))), Some(gunzip)) => {
                    gunzip.push(&bytes);
                    fruitless += bytes.len();
                }
                (end @ (Some(Ok(Frame::Trailers(_))) | None), Some(gunzip)) => {
                    let last = gunzip.end();
                    self.gunzip = None;
                    if let Some(Ok(Frame::Trailers(trailers))) = end {
                        self.trailers = Some(trailers);
                    }
                    if let Some(last) = last.transpose() {
                        return Poll::Ready(Some(last.map(Frame::Data)));
                    }
                    if self.trailers.is_none() {
                        return Poll::Ready(None);
                    }
                }
                (frame, _) => return Poll::Ready(frame),
            }
        }
    }
}

impl<D: Frames + Unpin> Frames for Relay<D> {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let this = self.get_mut();
        match std::mem::replace(&mut this.after, After::Nothing) {
            After::Running => this.after = After::Running,
            After::Trailers(trailers) => return this.poll_end(trailers, cx),
            After::Nothing => return Poll::Ready(None),
        }
        if this.gone.poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Cut::ClientGone)));
        }
        if this.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Some(Err(Cut::Deadline)));
        }
        if this.flush.is_due() && !this.reads_before_flush(cx) {
            return Poll::Ready(Some(Ok(Frame::Flush)));
        }
        match this.poll_data(cx) {
            Poll::Ready(Some(Ok(Frame::Data(bytes)))) => {
                this.flush.wrote();
                Poll::Ready(Some(Ok(Frame::Data(bytes))))
            }
            Poll::Ready(Some(Ok(Frame::Trailers(trailers)))) => {
                this.after = After::Trailers(trailers);
                Poll::Ready(Some(Ok(Frame::Flush)))
            }
            Poll::Ready(None) => {
                this.after = After::Nothing;
                Poll::Ready(this.announces.then_some(Ok(Frame::Flush)))
            }
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => this.flush.poll(cx).map(|()| Some(Ok(Frame::Flush))),
        }
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        Pin::new(&mut self.get_mut().download).go_on(cx);
    }
}

/// When the next flush is due. The first one is armed before the first byte, so that the head goes out of a body that does not come.
///
/// Go: `maxLatencyWriter`.
enum FlushTimer {
    Never,
    Always { due: bool },
    Every { interval: Duration, pending: Option<Pin<Box<Sleep>>> },
}

impl FlushTimer {
    fn new(interval: FlushInterval) -> Self {
        match interval {
            FlushInterval::Never => Self::Never,
            FlushInterval::Always => Self::Always { due: true },
            FlushInterval::Every(interval) => Self::Every { interval, pending: Some(Box::pin(sleep(interval))) },
        }
    }

    /// Bytes were given: a flush is due at once, or after the interval, unless one is on its way.
    fn wrote(&mut self) {
        match self {
            Self::Never => {}
            Self::Always { due } => *due = true,
            Self::Every { interval, pending } => {
                pending.get_or_insert_with(|| Box::pin(sleep(*interval)));
            }
        }
    }

    /// Whether a flush is due now; asked once for each.
    fn is_due(&mut self) -> bool {
        match self {
            Self::Never => false,
            Self::Always { due } => std::mem::take(due),
            Self::Every { pending, .. } => {
                let due = pending.as_ref().is_some_and(|sleep| sleep.deadline() <= Instant::now());
                if due {
                    *pending = None;
                }
                due
            }
        }
    }

    /// Ready when a flush is due.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Every { pending: Some(sleep), .. } = self else {
            return Poll::Pending;
        };
        std::task::ready!(sleep.as_mut().poll(cx));
        if let Self::Every { pending, .. } = self {
            *pending = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests;
