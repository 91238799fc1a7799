//! What clients ask and what backends are to answer: plain data, drawn from the seed.

use std::time::Duration;

use weir::world::Dice;

use crate::history::Checksum;

/// All that clients will ask.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// One plan per client.
    pub clients: Vec<ClientPlan>,
}

/// What one client does: its exchanges, one after the other.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// When it begins.
    pub starts: Duration,
    /// What it asks, over one connection as long as that lasts.
    pub exchanges: Vec<Exchange>,
}

/// A request and the answer that a backend is to give.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number, unlike all others of the run.
    pub id: u64,
    /// What the client sends.
    pub request: RequestPlan,
    /// What the backend answers.
    pub reply: ReplyPlan,
}

/// What a client sends.
#[derive(Clone, Debug)]
pub struct RequestPlan {
    /// GET has no body here; POST has one.
    pub method: &'static str,
    /// Its body.
    pub body: BodyPlan,
    /// Fields that must not go past the proxy.
    pub one_hop: OneHop,
    /// The client leaves after so many bytes of the body.
    pub leaves: Option<(usize, Leave)>,
    /// The client waits before it sends the request.
    pub think: Duration,
}

/// What a backend answers.
#[derive(Clone, Debug)]
pub struct ReplyPlan {
    /// A 103 goes first.
    pub hints: bool,
    /// Its body.
    pub body: BodyPlan,
    /// The backend cuts its answer after so many bytes of the body.
    pub cut: Option<(usize, Leave)>,
    /// The backend thinks before it answers.
    pub think: Duration,
}

/// A body: its bytes follow from the exchange's number.
#[derive(Clone, Copy, Debug)]
pub struct BodyPlan {
    /// Bytes.
    pub bytes: usize,
    /// Chunked rather than with a length.
    pub chunked: bool,
    /// Bytes written at a time.
    pub piece: usize,
    /// A pause between two pieces.
    pub pause: Duration,
}

/// Fields of a request that are meant for one hop only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneHop {
    /// None.
    None,
    /// `X-One-Hop`, which `Connection` names.
    Named,
    /// `Keep-Alive`, which everybody knows.
    Known,
}

/// How somebody leaves a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By closing it.
    Close,
    /// By a reset.
    Reset,
}

impl Traffic {
    /// What the dice say.
    pub fn draw(dice: &Dice) -> Self {
        let clients = 1 + dice.split("clients").below(4);
        let mut id = 0;
        let clients = (0..clients)
            .map(|client| {
                let mut dice = dice.split(&format!("client {client}"));
                let starts = Duration::from_millis(dice.below(500));
                let exchanges = (0..1 + dice.below(8))
                    .map(|nth| {
                        id += 1;
                        Exchange::draw(id, &dice.split(&format!("exchange {nth}")))
                    })
                    .collect();
                ClientPlan { starts, exchanges }
            })
            .collect();
        Self { clients }
    }

    /// The exchange of a number.
    pub fn exchange(&self, id: u64) -> Option<&Exchange> {
        self.clients.iter().flat_map(|client| &client.exchanges).find(|exchange| exchange.id == id)
    }
}

impl Exchange {
    fn draw(id: u64, dice: &Dice) -> Self {
        let mut request = dice.split("request");
        let posts = request.below(2) == 0;
        let body = if posts { BodyPlan::draw(&dice.split("request body")) } else { BodyPlan::NONE };
        let leaves = (posts && request.below(5) == 0)
            .then(|| (request.below(body.bytes as u64 + 1) as usize, Leave::draw(&mut request)));
        let request = RequestPlan {
            method: if posts { "POST" } else { "GET" },
            body,
            one_hop: [OneHop::None, OneHop::None, OneHop::Named, OneHop::Known][request.below(4) as usize],
            leaves,
            think: Duration::from_millis(request.below(300)),
        };
        let mut reply = dice.split("reply");
        let body = BodyPlan::draw(&dice.split("reply body"));
        let cut = (reply.below(6) == 0).then(|| (reply.below(body.bytes as u64) as usize, Leave::draw(&mut reply)));
        let reply = ReplyPlan {
            hints: reply.below(6) == 0,
            body,
            cut,
            think: Duration::from_millis(reply.below(3) * reply.below(200)),
        };
        Self { id, request, reply }
    }

    /// A small GET that nobody cuts: what clients ask when all faults are over.
    pub fn probe(id: u64) -> Self {
        let body = BodyPlan { bytes: 100, chunked: false, piece: 100, pause: Duration::ZERO };
        Self {
            id,
            request: RequestPlan {
                method: "GET",
                body: BodyPlan::NONE,
                one_hop: OneHop::None,
                leaves: None,
                think: Duration::ZERO,
            },
            reply: ReplyPlan { hints: false, body, cut: None, think: Duration::ZERO },
        }
    }
}

impl BodyPlan {
    /// No body.
    pub const NONE: Self = Self { bytes: 0, chunked: false, piece: 1, pause: Duration::ZERO };

    fn draw(dice: &Dice) -> Self {
        let mut dice = dice.clone();
        let most = [100, 10_000, 300_000][dice.below(3) as usize];
        Self {
            bytes: 1 + dice.below(most) as usize,
            chunked: dice.below(2) == 0,
            piece: 1 + dice.below(most) as usize,
            pause: Duration::from_millis(dice.below(2) * dice.below(20)),
        }
    }
}

impl Leave {
    fn draw(dice: &mut Dice) -> Self {
        if dice.below(2) == 0 { Self::Close } else { Self::Reset }
    }
}

/// Whose body it is: the two of an exchange differ.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// The request's.
    Request,
    /// The reply's.
    Reply,
}

/// The bytes of a body.
pub fn bytes_of(id: u64, whose: Whose, count: usize) -> Vec<u8> {
    let salt = match whose {
        Whose::Request => 1,
        Whose::Reply => 2,
    };
    let mut state = (id << 2 | salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// The checksum of a body's first bytes.
pub fn checksum_of(id: u64, whose: Whose, count: usize) -> u64 {
    Checksum::EMPTY.with(&bytes_of(id, whose, count)).0
}
