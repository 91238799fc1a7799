//! What an end of a connection shares with the cluster: who waits at it, and what befalls it from outside.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use super::chop::Side;

/// Who waits at this end: bytes and room arrive on one link, so both sides are woken.
#[derive(Debug, Default)]
pub(super) struct Ends {
    waiting: Mutex<[Option<Waker>; 2]>,
    torn: AtomicBool,
    /// When this end last sent something that Linux would send again if nobody acknowledges it; milliseconds.
    sent_at: AtomicU64,
}

impl Ends {
    /// Whether something was sent at `since` or later.
    pub(super) fn has_sent_since(&self, since: Duration) -> bool {
        u128::from(self.sent_at.load(Ordering::Relaxed)) >= since.as_millis()
    }

    /// Something on the way resets the connection, towards both ends.
    pub(super) fn tear(self: &Arc<Self>) {
        self.torn.store(true, Ordering::Relaxed);
        self.wake_by_ref();
    }

    pub(super) fn is_torn(&self) -> bool {
        self.torn.load(Ordering::Relaxed)
    }

    pub(super) fn set_sent_at(&self, now: Duration) {
        self.sent_at.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn waker(self: &Arc<Self>, side: Side, cx: &Context<'_>) -> Waker {
        self.waiting.lock().expect("no waker panics")[side.index()] = Some(cx.waker().clone());
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Ends {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = std::mem::take(&mut *self.waiting.lock().expect("no waker panics"));
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
    }
}
