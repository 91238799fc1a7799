//! How a script ends the server that it talks to.

use weir::world::{Stop, Stopper};

use crate::scenario::Ending;

/// Ends a subject's server when a script says so. Clones are of the same server.
#[derive(Clone, Debug)]
pub struct Control {
    shutdown: (Stopper, Stop),
    close: (Stopper, Stop),
}

impl Default for Control {
    fn default() -> Self {
        Self { shutdown: Stopper::new(), close: Stopper::new() }
    }
}

impl Control {
    /// Says that the server is to end.
    pub(super) fn end(&self, ending: Ending) {
        match ending {
            Ending::Shutdown => self.shutdown.0.stop(),
            Ending::Close => self.close.0.stop(),
        }
    }

    /// Tells the server to let what runs end, and nothing more begin.
    pub fn shutdown(&self) -> Stop {
        self.shutdown.1.clone()
    }

    /// Waits until the server is to end at once.
    pub async fn closed(&self) {
        self.close.1.clone().wait().await;
    }
}
