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
        /// The object's collection and name.
        object: String,
        /// The number.
        value: u64,
        /// The address that a Service asks for if it is made; others ask for it too.
        address: Option<String>,
    },
    /// Deletes an object.
    Delete {
        /// The object's collection and name.
        object: String,
    },
    /// Reads an object.
    Read {
        /// The object's collection and name.
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

    /// The address that is asked for with a value.
    pub(super) fn address(&self, value: u64) -> Option<&str> {
        let mut steps = self.clients.iter().flat_map(|client| &client.steps);
        steps.find_map(|step| match &step.act {
            Act::Write { value: own, address, .. } if *own == value => address.as_deref(),
            _ => None,
        })
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
    /// The objects that it writes or deletes.
    pub fn objects(&self) -> impl Iterator<Item = &String> {
        let written: std::collections::BTreeSet<_> = self
            .steps
            .iter()
            .filter_map(|step| match &step.act {
                Act::Write { object, .. } | Act::Delete { object } => Some(object),
                Act::Read { .. } | Act::Ask(_) => None,
            })
            .collect();
        written.into_iter()
    }
}

impl Step {
    fn draw(client: u64, number: u64, dice: &mut Dice) -> Self {
        let think = Duration::from_millis(dice.below(400));
        let collection = [NAMESPACES, SERVICES][dice.below(2) as usize];
        let object = format!("{collection}/client-{client}-{}", dice.below(2));
        let act = match dice.below(6) {
            // A namespace that goes takes what is asked for meanwhile with it, as anywhere.
            0 if collection == SERVICES => Act::Delete { object },
            0..=2 => {
                let wanted = dice.below(2 * ADDRESSES);
                let address =
                    (collection == SERVICES && wanted < ADDRESSES).then(|| format!("10.96.0.{}", 10 + wanted));
                Act::Write { object, value: number, address }
            }
            3 => Act::Read { object },
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

/// The collections of the objects that clients write.
pub(super) const NAMESPACES: &str = "namespaces";
pub(super) const SERVICES: &str = "services";
/// So few that some ask for one that another has.
const ADDRESSES: u64 = 4;
/// By now an API server that nothing befalls serves its extensions.
const BEGINS: Duration = Duration::from_secs(2);
