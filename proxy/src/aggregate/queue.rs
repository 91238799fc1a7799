//! Work that comes back: keys, each with the time when it is due, done by a bounded number of hands.
//!
//! Go: `k8s.io/client-go/util/workqueue`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::world::{LocalBoxFuture, Stop};

/// What is looked at again and again, by name.
pub(super) trait Look {
    /// How many are looked at at a time.
    const HANDS: usize;
    /// How long one that failed waits.
    const BACKOFF: Backoff;

    /// Looks at one, and says when to look again.
    async fn look_at(&self, name: &str) -> Next;
}

/// Looks at everything whenever it is time.
#[derive(Debug)]
pub(super) struct Rounds<L> {
    look: L,
    queue: Queue,
}

impl<L: Look> Rounds<L> {
    /// Nothing is to be looked at yet.
    pub(super) fn new(look: L) -> Self {
        Self { look, queue: Queue::new(L::BACKOFF) }
    }

    /// Something of this name has changed: it is looked at now.
    pub(super) fn changed(&self, name: &str) {
        self.queue.add(name);
    }

    /// Looks whenever it is time, until it is time to stop.
    pub(super) async fn run(&self, stop: Stop) {
        let look =
            |name: String| -> LocalBoxFuture<'_, Next> { Box::pin(async move { self.look.look_at(&name).await }) };
        self.queue.run(L::HANDS, stop, look).await;
    }
}

/// Keys that are due now or later. One key is never in two hands; there are no more keys than things to look after.
#[derive(Debug)]
struct Queue {
    work: RefCell<Work>,
    changed: Notify,
    backoff: Backoff,
}

/// How long a failure waits: twice as long each time, between these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) first: Duration,
    pub(super) max: Duration,
}

/// When a key is due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Behind this.
    After(Duration),
    /// Behind the backoff.
    Retry,
    /// When somebody adds it.
    Never,
}

#[derive(Debug, Default)]
struct Work {
    due: BTreeMap<String, Instant>,
    in_hand: BTreeSet<String>,
    /// How often each key failed in a row.
    failures: BTreeMap<String, u32>,
}

impl Queue {
    /// Nothing to do.
    fn new(backoff: Backoff) -> Self {
        Self { work: RefCell::default(), changed: Notify::new(), backoff }
    }

    /// The key is due now. In hand, it is done once more behind that.
    fn add(&self, key: &str) {
        self.work.borrow_mut().due.insert(key.to_owned(), Instant::now());
        self.changed.notify_one();
    }

    /// Does what is due, until it is time to stop.
    async fn run<'a>(&self, hands: usize, mut stop: Stop, work: impl Fn(String) -> LocalBoxFuture<'a, Next>) {
        let mut running: Vec<(String, LocalBoxFuture<'a, Next>)> = Vec::new();
        loop {
            while running.len() < hands
                && let Some(key) = self.take()
            {
                running.push((key.clone(), work(key)));
            }
            let full = running.len() == hands;
            tokio::select! {
                biased;
                () = stop.wait() => return,
                (key, next) = finished(&mut running) => self.done(&key, next),
                () = self.changed.notified() => {}
                () = self.due(), if !full => {}
            }
        }
    }

    /// A key that is due, the one that waits longest.
    fn take(&self) -> Option<String> {
        let mut work = self.work.borrow_mut();
        let now = Instant::now();
        let key = work.free().filter(|(_, due)| **due <= now).min_by_key(|(_, due)| **due)?.0.clone();
        work.due.remove(&key);
        work.in_hand.insert(key.clone());
        Some(key)
    }

    /// Waits until a key is due.
    async fn due(&self) {
        let next = self.work.borrow().free().map(|(_, due)| *due).min();
        match next {
            Some(next) => sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    fn done(&self, key: &str, next: Next) {
        let mut work = self.work.borrow_mut();
        work.in_hand.remove(key);
        let wait = match next {
            Next::Never => None,
            Next::After(wait) => Some(wait),
            Next::Retry => {
                let failures = work.failures.entry(key.to_owned()).or_default();
                let wait = self.backoff.after(*failures);
                *failures += 1;
                Some(wait)
            }
        };
        if next != Next::Retry {
            work.failures.remove(key);
        }
        if let Some(wait) = wait {
            let due = Instant::now() + wait;
            // Somebody may have added it meanwhile.
            work.due.entry(key.to_owned()).or_insert(due);
        }
    }
}

impl Work {
    /// The keys in nobody's hand.
    fn free(&self) -> impl Iterator<Item = (&String, &Instant)> {
        self.due.iter().filter(|(key, _)| !self.in_hand.contains(*key))
    }
}

impl Backoff {
    /// The wait behind a failure that so many others came before.
    pub(super) fn after(&self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures)).min(self.max)
    }
}

/// The first of them that ends; never, if there is none.
async fn finished(running: &mut Vec<(String, LocalBoxFuture<'_, Next>)>) -> (String, Next) {
    poll_fn(|cx| {
        for at in 0..running.len() {
            if let Poll::Ready(next) = running[at].1.as_mut().poll(cx) {
                return Poll::Ready((running.swap_remove(at).0, next));
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;
    use crate::world::Stopper;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(5), max: Duration::from_secs(30) };

    /// Runs a queue for so long and tells when which key was done.
    async fn done(queue: &Queue, hands: usize, seconds: u64, next: impl Fn(&str) -> Next) -> Vec<(u64, String)> {
        let begun = Instant::now();
        let done = Rc::new(RefCell::new(Vec::new()));
        let (_stopper, stop) = Stopper::new();
        let work = |key: String| -> LocalBoxFuture<'static, Next> {
            let next = next(&key);
            done.borrow_mut().push((begun.elapsed().as_millis() as u64, key));
            Box::pin(async move { next })
        };
        let _ = tokio::time::timeout(Duration::from_secs(seconds), queue.run(hands, stop, work)).await;
        done.take()
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_waits_twice_as_long_each_time_up_to_the_bound() {
        let queue = Queue::new(BACKOFF);
        queue.add("a");
        let waits = done(&queue, 1, 120, |_| Next::Retry).await;
        let gaps: Vec<u64> = waits.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert_eq!(gaps[..4], [5, 10, 20, 40]);
        assert_eq!(gaps.last(), Some(&30_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_makes_failures_forgotten() {
        let queue = Queue::new(BACKOFF);
        queue.add("a");
        let turn = Cell::new(0);
        let next = |_: &str| {
            turn.set(turn.get() + 1);
            if turn.get() == 3 { Next::After(Duration::from_secs(1)) } else { Next::Retry }
        };
        let times: Vec<u64> = done(&queue, 1, 2, next).await.into_iter().map(|(at, _)| at).collect();
        assert_eq!(times[..5], [0, 5, 15, 1_015, 1_020]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_in_one_hand_at_a_time_and_done_again_if_added_meanwhile() {
        let queue = Rc::new(Queue::new(BACKOFF));
        queue.add("a");
        let (at_once, times) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (_stopper, stop) = Stopper::new();
        let work = |_: String| -> LocalBoxFuture<'static, Next> {
            let (queue, at_once, times) = (Rc::clone(&queue), Rc::clone(&at_once), Rc::clone(&times));
            Box::pin(async move {
                at_once.set(at_once.get() + 1);
                assert_eq!(at_once.get(), 1);
                times.set(times.get() + 1);
                if times.get() == 1 {
                    queue.add("a");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                at_once.set(at_once.get() - 1);
                Next::Never
            })
        };
        let _ = tokio::time::timeout(Duration::from_secs(9), queue.run(5, stop, work)).await;
        assert_eq!(times.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_told_to_stop() {
        let queue = Queue::new(BACKOFF);
        let (stopper, stop) = Stopper::new();
        stopper.stop();
        queue.run(1, stop, |_| -> LocalBoxFuture<'static, Next> { Box::pin(std::future::pending()) }).await;
    }
}
