use std::sync::Arc;

use tokio::sync::watch;

/// Tells servers on every worker to stop.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

/// Learns that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// A stopper, and what it tells.
    pub fn new() -> (Self, Stop) {
        let (tell, told) = watch::channel(false);
        (Self(Arc::new(tell)), Stop(told))
    }

    /// It is time to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// One that has been told already.
    pub fn already() -> Self {
        let (_tell, told) = watch::channel(true);
        Self(told)
    }

    /// Whether it is time to stop.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time to stop; for ever, when the stopper is gone.
    pub async fn wait(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending().await
        }
    }
}
