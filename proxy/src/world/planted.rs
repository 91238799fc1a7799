/// A bug that the simulator can plant, to prove that its tests see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// `Keep-Alive` is left among the headers that go to the backend.
    KeepsHopByHop,
    /// The aggregator sends a request to a backend of another APIService.
    RoutesToTheOtherBackend,
    /// The embedded store acknowledges a write before it would survive a loss of power.
    AcknowledgesBeforeSync,
    /// A connection to a backend that has said something unasked is used for the next request.
    KeepsConnectionsThatSpoke,
    /// A POST without a body is sent again when its connection ends without an answer.
    RepeatsPosts,
    /// An answer that its backend cuts ends as if that were all of it.
    CallsCutAnswersWhole,
    /// An answer that its backend cuts does not end.
    KeepsCutsToItself,
    /// A request that its client cuts ends as if that were all of it.
    CallsCutRequestsWhole,
    /// Trailers of answers are left out.
    LosesTrailers,
    /// 1xx heads are left out.
    SwallowsInformational,
    /// A request goes on when its client has left.
    AsksForNobody,
    /// What comes together with a 101 is left out of the tunnel.
    LosesEarlyBytes,
    /// A tunnel whose one end has failed keeps the other one.
    KeepsHalfTunnels,
    /// A connection to a backend that is of no use any more is not closed.
    LeaksConnections,
    /// A server that is asked to stop does not wait for the requests that it has begun.
    StopsAtOnce,
    /// The requests on a connection of HTTP/2 to a backend share a window as large as that of one.
    SharesOneWindow,
    /// A connection of HTTP/2 to a backend is never asked whether it lives.
    NeverAsksWhetherItLives,
    /// What a backend's GOAWAY has left behind is not asked again.
    LosesWhatIsLeftBehind,
    /// A connection of HTTP/2 ends with its backend's GOAWAY, whatever runs on it.
    EndsAtGoaway,
}

/// The bugs planted in this world: none, ever, in the real one.
///
/// A value of the world and not a build flag: cargo joins the features of all packages it builds together, so a flag meant for the
/// simulator would reach the binary that `cargo test --workspace` builds beside it.
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
