/// A bug that the simulator can plant, to prove that its tests see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// `Keep-Alive` is left among the headers that go to the backend.
    KeepsHopByHop,
    /// The aggregator sends a request to a backend of another APIService.
    RoutesToTheOtherBackend,
    /// The embedded store acknowledges a write before it would survive a loss of power.
    AcknowledgesBeforeSync,
}

/// The bugs planted in this world: none, ever, in the real one.
///
/// A value of the world and not a build flag: cargo joins the features of all packages it builds together, so a flag meant for the
/// simulator would
/// reach the binary that `cargo test --workspace` builds beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planted(Option<Bug>);

impl Planted {
    /// No bug.
    pub const fn none() -> Self {
        Self(None)
    }

    /// One bug. Only the simulator's world and its tests call this; the tidy test holds them to it.
    pub const fn one(bug: Bug) -> Self {
        Self(Some(bug))
    }

    /// Whether `bug` is planted.
    pub fn has(&self, bug: Bug) -> bool {
        self.0 == Some(bug)
    }
}
