use std::time::Duration;

use weir::world::Dice;

use super::EXTENSIONS;

/// All that clients do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// One plan per client.
    pub clients: Vec<ClientPlan>,
}

/// What one client does, one thing after the other.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// When it begins.
    pub starts: Duration,
    /// What it does.
    pub steps: Vec<Step>,
}

/// One thing that a client does.
#[derive(Clone, Debug)]
pub struct Step {
    /// The client waits before it.
    pub think: Duration,
    /// What it is.
    pub act: Act,
}

/// What a client does. Each client has objects of its own, so it knows what must be in them.
#[derive(Clone, Debug)]
pub enum Act {
    /// Writes a number, unlike all others, into an object.
    Write {
        /// The object's name.
        object: String,
        /// The number.
        value: u64,
    },
    /// Reads an object.
    Read {
        /// The object's name.
        object: String,
    },
    /// Asks an extension server.
    Ask(Ask),
}

/// What a client asks an extension server, through the API server.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its number, unlike all others of the run; it says which extension is asked: see [`Ask::extension`].
    pub id: u64,
    /// Bytes of the answer's body.
    pub bytes: usize,
    /// The extension server thinks before it answers.
    pub think: Duration,
}

impl Ask {
    /// The extension that is asked.
    pub fn extension(id: u64) -> usize {
        (id % EXTENSIONS.1 as u64) as usize
    }

    /// A small question: what clients ask when all faults are over.
    pub fn probe(id: u64) -> Self {
        Self { id, bytes: 100, think: Duration::ZERO }
    }
}

impl Plan {
    /// What the dice say.
    pub(super) fn draw(dice: &Dice) -> Self {
        let mut number = 0;
        let clients = (0..1 + dice.split("clients").below(3))
            .map(|client| {
                let mut dice = dice.split(&format!("client {client}"));
                let starts = BEGINS + Duration::from_millis(dice.below(500));
                let steps = (0..4 + dice.below(24))
                    .map(|nth| {
                        number += 1;
                        Step::draw(client, number, &mut dice.split(&format!("step {nth}")))
                    })
                    .collect();
                ClientPlan { starts, steps }
            })
            .collect();
        Self { clients }
    }

    /// What is asked under a number.
    pub fn ask(&self, id: u64) -> Ask {
        let steps = self.clients.iter().flat_map(|client| &client.steps);
        let mut planned = steps.filter_map(|step| match &step.act {
            Act::Ask(ask) if ask.id == id => Some(ask.clone()),
            _ => None,
        });
        planned.next().unwrap_or_else(|| Ask::probe(id))
    }
}

impl ClientPlan {
    /// The objects that it writes.
    pub fn objects(&self) -> impl Iterator<Item = &String> {
        let written: std::collections::BTreeSet<_> = self
            .steps
            .iter()
            .filter_map(|step| match &step.act {
                Act::Write { object, .. } => Some(object),
                Act::Read { .. } | Act::Ask(_) => None,
            })
            .collect();
        written.into_iter()
    }
}

impl Step {
    fn draw(client: u64, number: u64, dice: &mut Dice) -> Self {
        let think = Duration::from_millis(dice.below(400));
        let object = format!("client-{client}-{}", dice.below(2));
        let act = match dice.below(5) {
            0 | 1 => Act::Write { object, value: number },
            2 => Act::Read { object },
            _ => {
                let most = [100, 10_000, 100_000][dice.below(3) as usize];
                let bytes = dice.below(most) as usize;
                let id = number * EXTENSIONS.1 as u64 + dice.below(EXTENSIONS.1 as u64);
                Act::Ask(Ask { id, bytes, think: Duration::from_millis(dice.below(2) * dice.below(300)) })
            }
        };
        Self { think, act }
    }
}

/// By now an API server that nothing befalls serves its extensions.
const BEGINS: Duration = Duration::from_secs(2);
