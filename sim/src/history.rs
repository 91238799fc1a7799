//! What happened, in order: every event with its simulated time. Its SHA-256 is the run's fingerprint.

mod checksum;
mod exchange;
mod object;

use std::{
    fmt,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

pub use self::{
    checksum::Checksum,
    exchange::{Answered, Asked, BodyEnded, Delivered, Got, Replied, Reply, ReplyEnd, Tunnelled},
    object::{Found, Outcome, Seen, State, Version},
};

/// Everything that happened in a run, in the order it happened.
#[derive(Default)]
pub struct History {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    events: Vec<(Duration, Event)>,
    hash: Sha256,
    closed: bool,
    /// The simulated time of this step.
    now: Duration,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something on a connection, as one end saw it.
    Socket {
        /// The machine.
        machine: String,
        /// This end and the other.
        ends: String,
        /// What it was.
        did: Did,
    },
    /// The plot did something to the cluster, or stopped doing it.
    Fault(String),
    /// What ran on this machine until now runs no more: nothing that it was asked is done later.
    Ended(String),
    /// A client began to send a request.
    Asked(Asked),
    /// A client has seen the end of its request, one way or the other.
    Answered(Answered),
    /// A backend has seen a request's head.
    Delivered(Delivered),
    /// A backend has seen the end of a request's body, one way or the other.
    BodyEnded(BodyEnded),
    /// A backend has done with an answer.
    Replied(Replied),
    /// A backend has seen the end of a tunnel.
    TunnelEnded(u64, Tunnelled),
    /// A client begins to write an object of the API server.
    Writes(Version),
    /// The API server has answered a write, or nothing has.
    Wrote(Version, Outcome),
    /// A client has read an object of the API server.
    Found(Found),
    /// A watcher is told what happens to the objects of a collection behind this resource version.
    Watches(String, u64),
    /// A watcher was told of a change.
    Seen(Seen),
    /// When all had been quiet for a while, the proxy had so many connections open.
    LeftOver {
        /// To clients.
        to_clients: usize,
        /// To backends.
        to_backends: usize,
    },
}

/// What happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It was dialled and is open.
    Dialled,
    /// It was accepted.
    Accepted,
    /// So many bytes were read, with this checksum.
    Read(usize, u64),
    /// So many bytes were written, with this checksum.
    Wrote(usize, u64),
    /// The other end's end was read.
    ReadEnd,
    /// This end was ended.
    Ended,
    /// From here on nothing is read for a while.
    Stalled,
    /// The other end's reset was read or met by a write.
    Failed,
    /// This end was reset.
    Reset,
    /// This end was dropped.
    Dropped,
}

impl History {
    /// A step begins.
    pub(crate) fn set_now(&self, now: Duration) {
        self.inner().now = now;
    }

    /// Adds an event at a time.
    pub(crate) fn add_at(&self, at: Duration, event: Event) {
        let mut inner = self.inner();
        if !inner.closed {
            let line = line(at, &event);
            inner.hash.update(line.as_bytes());
            inner.events.push((at, event));
        }
    }

    /// Adds an event at the simulated time of the machine that runs; while a machine crashes, at the time of this step.
    pub(crate) fn add(&self, event: Event) {
        // Without a runtime turmoil would read the real clock.
        let running = tokio::runtime::Handle::try_current().is_ok();
        let at = if running { turmoil::sim_elapsed() } else { None };
        let at = at.unwrap_or_else(|| self.inner().now);
        self.add_at(at, event);
    }

    /// Nothing that happens from now on counts: the cluster is being taken down.
    pub(crate) fn close(&self) {
        self.inner().closed = true;
    }

    /// The SHA-256 of all events and their times.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.inner().hash.clone().finalize().into())
    }

    /// All events with their times.
    pub fn events(&self) -> Vec<(Duration, Event)> {
        self.inner().events.clone()
    }

    /// One line per event.
    pub fn lines(&self) -> String {
        self.inner().events.iter().map(|(at, event)| line(*at, event)).collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the history")
    }
}

fn line(at: Duration, event: &Event) -> String {
    format!("{:>6}.{:03} {event}\n", at.as_secs(), at.subsec_millis())
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({} events)", self.inner().events.len())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { machine, ends, did } => match did {
                Did::Read(bytes, sum) => write!(f, "{machine} {ends} read {bytes} {sum:016x}"),
                Did::Wrote(bytes, sum) => write!(f, "{machine} {ends} wrote {bytes} {sum:016x}"),
                did => write!(f, "{machine} {ends} {did:?}"),
            },
            Self::Fault(what) => write!(f, "fault: {what}"),
            Self::Ended(machine) => write!(f, "{machine} has ended"),
            Self::Asked(asked) => write!(f, "{asked:?}"),
            Self::Answered(answered) => write!(f, "{answered:?}"),
            Self::Delivered(delivered) => write!(f, "{delivered:?}"),
            Self::BodyEnded(ended) => write!(f, "{ended:?}"),
            Self::Replied(replied) => write!(f, "{replied:?}"),
            Self::Writes(version) => write!(f, "Writes {version:?}"),
            Self::Wrote(version, outcome) => write!(f, "Wrote {version:?} {outcome:?}"),
            Self::Found(found) => write!(f, "{found:?}"),
            Self::Watches(collection, after) => write!(f, "watches {collection} behind {after}"),
            Self::Seen(seen) => write!(f, "{seen:?}"),
            Self::LeftOver { to_clients, to_backends } => {
                write!(f, "left over: {to_clients} to clients, {to_backends} to backends")
            }
            Self::TunnelEnded(id, ended) => write!(f, "TunnelEnded {{ id: {id}, {ended:?} }}"),
        }
    }
}

/// The SHA-256 of a history.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
