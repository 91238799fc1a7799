//! One probe between attacker and recorder, and the questions behind it.

use std::{io, net::SocketAddr, time::Duration};

use weir::world::World;

use super::{Probe, Recorder, Seen, attacker::Got};
use crate::{replay::Certificates, strict};

/// Where the proxy is, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it listens.
    pub subject: SocketAddr,
    /// HTTP/1 is spoken over TLS.
    pub tls: bool,
    /// Whom the client believes.
    pub certificates: Certificates,
    /// How long silence has to last before it means something.
    pub patience: Patience,
    /// How many questions are asked behind a probe: two find a connection of a pool that holds bytes of the probe.
    pub questions: usize,
}

/// How long silence has to last before it means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Time is simulated: every silence is waited for.
    Simulated,
    /// Real sockets and processes: what is owed is waited for, silence means little.
    Real,
}

/// What was seen of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What the client got.
    pub(super) client: Got,
    /// What the backend got.
    pub(super) backend: Vec<Seen>,
    /// What went wrong with the requests behind it.
    pub(super) after: Vec<String>,
    /// How long silence had to last.
    pub(super) patience: Patience,
}

/// Plays a probe, and asks behind it on new connections whether requests get their own answers.
///
/// # Errors
/// The proxy takes no connection at all.
pub async fn play(world: &World, probe: &Probe, place: &Place, recorder: &Recorder) -> io::Result<Observed> {
    recorder.expect(probe);
    let client = place.attack(world, probe).await?;
    let mut after = Vec::new();
    for question in 0..place.questions {
        after.extend(place.ask_after(world, question).await);
    }
    // What was cut has to be ended too.
    for _ in 0..ENDING_STEPS {
        if !recorder.seen().iter().any(is_left_open) {
            break;
        }
        tokio::time::sleep(ENDING_STEP).await;
    }
    Ok(Observed { client, backend: recorder.seen(), after, patience: place.patience })
}

/// A connection on which a request is not whole, and that is still open.
pub(super) fn is_left_open(seen: &Seen) -> bool {
    !seen.ended && strict::requests(&seen.bytes).is_ok_and(|read| matches!(read.rest, strict::Rest::Cut(_)))
}

/// As many as find a connection of a pool that holds bytes of the probe.
pub(super) const QUESTIONS: usize = 2;

const ENDING_STEP: Duration = Duration::from_millis(20);
const ENDING_STEPS: usize = 250;
