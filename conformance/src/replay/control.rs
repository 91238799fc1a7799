use weir::world::{Stop, Stopper};

/// Shuts a subject's server down when a script says so. Clones are of the same server.
#[derive(Clone, Debug)]
pub struct Control(pub(super) Stopper, Stop);

impl Default for Control {
    fn default() -> Self {
        let (stopper, stop) = Stopper::new();
        Self(stopper, stop)
    }
}

impl Control {
    /// What the server is told by.
    pub fn stop(&self) -> Stop {
        self.1.clone()
    }
}
