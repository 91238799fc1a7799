use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::{FlushInterval, gunzip::Gunzip};
use crate::{
    config::limits,
    wire::{Cut, Frame, Frames, Gone, Headers},
};

/// The body of an answer on its way to the client: the backend's body, unpacked if need be, flushed as the policy says, cut when the
/// client leaves.
pub(super) struct Relay<D> {
    download: D,
    /// Boxed: it is large, and few bodies need it.
    gunzip: Option<Box<Gunzip>>,
    /// Trailers that came while the last bytes were unpacked.
    trailers: Option<Headers>,
    flush: FlushTimer,
    /// That the first read is still to come and decides what leaves first.
    opening: Option<End>,
    /// What was read already.
    held: VecDeque<Option<Result<Frame, Cut>>>,
    gone: Gone,
    until: Option<Pin<Box<Sleep>>>,
    after: After,
}

/// How the end of a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With the last bytes, if both are there.
    WithBytes,
    /// By itself, behind them.
    Apart,
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
    pub(super) fn new(download: D, interval: FlushInterval, gunzip: bool, gone: Gone) -> Self {
        Self {
            download,
            gunzip: gunzip.then(|| Box::new(Gunzip::new())),
            trailers: None,
            flush: FlushTimer::new(interval),
            opening: None,
            held: VecDeque::new(),
            gone,
            until: None,
            after: After::Running,
        }
    }

    /// Lets the first read of a body of which each piece is flushed decide whether the head leaves before the first bytes, and tells of no
    /// type that it does not name, or with them, and tells of the type that they look like. A body that is unpacked is read up to the end
    /// of its stream: its head never waits for that.
    ///
    /// Go: the timer of `maxLatencyWriter` rings as soon as the first read waits: for bytes, or for the end to be settled.
    pub(super) fn ending(mut self, end: End) -> Self {
        if self.gunzip.is_none()
            && let FlushTimer::Always { due } = &mut self.flush
        {
            *due = false;
            self.opening = Some(end);
        }
        self
    }

    /// Cuts the body at this moment, if it has not ended by then.
    pub(super) fn until(mut self, moment: Option<Instant>) -> Self {
        self.until = moment.map(|moment| Box::pin(sleep_until(moment)));
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

    /// What leaves first of a body of which each piece is flushed.
    fn open(&mut self, end: End, cx: &mut Context<'_>) -> Option<Result<Frame, Cut>> {
        let bytes = match self.poll_data(cx) {
            Poll::Pending => return Some(Ok(Frame::Flush)),
            Poll::Ready(cut @ Some(Err(_))) => return cut, // not even the head leaves
            Poll::Ready(Some(Ok(Frame::Data(bytes)))) => bytes,
            Poll::Ready(end) => {
                self.held.push_back(end);
                return Some(Ok(Frame::Flush));
            }
        };
        let reads_on = end == End::WithBytes && bytes.len() <= limits::ANSWER_READ_BYTES;
        let next = if reads_on { self.poll_data(cx) } else { Poll::Pending };
        let bytes = Some(Ok(Frame::Data(bytes)));
        match next {
            Poll::Ready(end @ (None | Some(Ok(Frame::Trailers(_) | Frame::Flush)))) => {
                self.held.extend([bytes, end]);
                return Some(Ok(Frame::Flush));
            }
            Poll::Ready(more) => self.held.push_back(more),
            Poll::Pending => {}
        }
        self.flush.wrote();
        bytes
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
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
            let frame = std::task::ready!(Pin::new(&mut self.download).poll_frame(cx));
            match (frame, &mut self.gunzip) {
                (Some(Ok(Frame::Data(bytes))), Some(gunzip)) => gunzip.push(&bytes),
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
        if let Some(end) = this.opening.take() {
            return Poll::Ready(this.open(end, cx));
        }
        if this.flush.is_due() {
            return Poll::Ready(Some(Ok(Frame::Flush)));
        }
        let next = match this.held.pop_front() {
            Some(held) => Poll::Ready(held),
            None => this.poll_data(cx),
        };
        match next {
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
                Poll::Ready(None)
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
