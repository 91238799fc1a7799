//! The unit in which silence is measured.

use std::{cell::Cell, rc::Rc, time::Duration};

use tokio::{sync::Notify, task::AbortHandle, time::MissedTickBehavior};

/// Counts beats of 5 ms in which this thread was really running.
///
/// Over sockets the subject runs on the same thread, so when a loaded machine starves it, their common time stands still as well: a subject
/// that was not given the processor is never taken for one that has nothing to say.
pub(super) struct Pulse {
    count: Cell<u64>,
    next: Notify,
    task: Cell<Option<AbortHandle>>,
}

/// How long nothing must come before a connection counts as quiet: 300 ms.
pub(super) const QUIET: u64 = 60;

/// When an await gives up: 3 s.
pub(super) const PATIENCE: u64 = 600;

const BEAT: Duration = Duration::from_millis(5);

impl Pulse {
    pub(super) fn start() -> Rc<Self> {
        let pulse = Rc::new(Self { count: Cell::new(0), next: Notify::new(), task: Cell::new(None) });
        let weak = Rc::downgrade(&pulse);
        let task = tokio::task::spawn_local(async move {
            let mut ticks = tokio::time::interval(BEAT);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay); // a tick that nobody was there to take is dropped
            loop {
                ticks.tick().await;
                let Some(pulse) = weak.upgrade() else { return };
                pulse.count.set(pulse.count.get() + 1);
                pulse.next.notify_waiters();
            }
        });
        pulse.task.set(Some(task.abort_handle()));
        pulse
    }

    /// The number of beats so far.
    pub(super) fn now(&self) -> u64 {
        self.count.get()
    }

    /// Waits for the next beat.
    pub(super) async fn beat(&self) {
        self.next.notified().await;
    }

    /// Waits at least so long.
    pub(super) async fn sleep(&self, time: Duration) {
        let beats = time.as_millis().div_ceil(BEAT.as_millis());
        let start = self.now();
        while u128::from(self.now() - start) <= beats {
            self.beat().await;
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
