//! What clients ask and what backends are to answer: plain data, drawn from the seed.

mod body;
mod reply;
mod request;

use std::time::Duration;

use weir::world::Dice;

pub(crate) use self::request::{EXPECTS_FOR, STUCK_FOR};
pub use self::{
    body::{BodyPlan, Whose, bytes_of, checksum_of},
    reply::{Behind, Order, ReplyPlan, Shape, Unseen},
    request::{Method, OneHop, RequestPlan, Spot},
};

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

/// How somebody leaves a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By closing it.
    Close,
    /// By a reset.
    Reset,
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// HTTP/1.1 in the clear.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS.
    Http2,
}

impl Speech {
    /// What the dice say.
    pub fn draw(dice: &Dice) -> Self {
        [Self::Plain, Self::Tls, Self::Http2, Self::Http2][dice.clone().below(4) as usize]
    }

    /// The protocols to be agreed upon by TLS.
    pub fn alpn(self) -> Vec<Vec<u8>> {
        match self {
            Self::Plain | Self::Tls => vec![b"http/1.1".to_vec()],
            // Upgrades are a thing of HTTP/1 with backends.
            Self::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        }
    }
}

impl Traffic {
    /// What the dice say, for clients that speak so.
    pub fn draw(dice: &Dice, front: Speech) -> Self {
        let clients = 1 + dice.split("clients").below(4);
        let mut id = 0;
        let clients = (0..clients)
            .map(|client| {
                let mut dice = dice.split(&format!("client {client}"));
                let starts = Duration::from_millis(dice.below(500));
                let exchanges = (0..1 + dice.below(8))
                    .map(|nth| {
                        id += 1;
                        Exchange::draw(id, &dice.split(&format!("exchange {nth}")), front)
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
    fn draw(id: u64, dice: &Dice, front: Speech) -> Self {
        let request = RequestPlan::draw(dice, front);
        let reply = ReplyPlan::draw(dice, request.method);
        Self { id, request, reply }
    }

    /// Bytes of body that the client reads when nothing goes wrong.
    pub fn reply_bytes(&self) -> usize {
        let none = self.request.method == Method::Head || self.reply.shape == Shape::Empty;
        if none { 0 } else { self.reply.body.bytes }
    }

    /// Whether nothing but a fault can keep it from being whole.
    pub fn is_peaceful(&self) -> bool {
        self.request.leaves.is_none()
            && self.reply.cut.is_none()
            && ![Shape::Early, Shape::Nothing].contains(&self.reply.shape)
    }

    /// How long it takes by its own plan, with next to nothing for the network.
    pub fn takes(&self) -> Duration {
        let (request, reply) = (&self.request, &self.reply);
        let waits = if request.expects { EXPECTS_FOR } else { Duration::ZERO };
        request.body.takes() + waits + reply.think + reply.body.takes() + request.stuck
    }

    /// A small GET that nobody cuts: what clients ask when all faults are over.
    pub fn probe(id: u64) -> Self {
        let body = BodyPlan { bytes: 100, chunked: false, piece: 100, pause: Duration::ZERO };
        Self {
            id,
            request: RequestPlan {
                method: Method::Get,
                body: BodyPlan::NONE,
                expects: false,
                one_hop: OneHop::None,
                idempotent: false,
                leaves: None,
                stuck: Duration::ZERO,
                think: Duration::ZERO,
            },
            reply: ReplyPlan {
                hints: false,
                shape: Shape::Plain,
                body,
                order: Order::Any,
                behind: Behind::Open,
                unseen: Unseen::No,
                cut: None,
                think: Duration::ZERO,
            },
        }
    }
}

impl Leave {
    fn draw(dice: &mut Dice) -> Self {
        if dice.below(2) == 0 { Self::Close } else { Self::Reset }
    }
}
