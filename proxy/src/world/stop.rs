use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

/// Tells servers on every worker to stop.
#[derive(Clone, Debug)]
pub struct Stopper {
    is_set: Arc<AtomicBool>,
    tell: Arc<watch::Sender<bool>>,
}

/// Learns that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop {
    /// What the channel says, without its lock: each request asks several times.
    is_set: Arc<AtomicBool>,
    told: watch::Receiver<bool>,
}

impl Stopper {
    /// A stopper, and what it tells.
    pub fn new() -> (Self, Stop) {
        let (tell, told) = watch::channel(false);
        let is_set = Arc::new(AtomicBool::new(false));
        (Self { is_set: Arc::clone(&is_set), tell: Arc::new(tell) }, Stop { is_set, told })
    }

    /// It is time to stop.
    pub fn stop(&self) {
        self.is_set.store(true, Ordering::Release);
        self.tell.send_replace(true);
    }
}

impl Stop {
    /// One that has been told already.
    pub fn already() -> Self {
        let (_tell, told) = watch::channel(true);
        Self { is_set: Arc::new(AtomicBool::new(true)), told }
    }

    /// Whether it is time to stop.
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Waits until it is time to stop; for ever, when the stopper is gone.
    pub async fn wait(&mut self) {
        if self.told.wait_for(|stop| *stop).await.is_err() {
            std::future::pending().await
        }
    }
}
