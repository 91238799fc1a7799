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
    /// Its method.
    pub method: Method,
    /// Its body; what it sends through the tunnel, if it asks for one.
    pub body: BodyPlan,
    /// The client waits for a 100 before it sends the body.
    pub expects: bool,
    /// Fields that must not go past the proxy.
    pub one_hop: OneHop,
    /// The client leaves after so many bytes of the body.
    pub leaves: Option<(usize, Leave)>,
    /// The client waits before it sends the request.
    pub think: Duration,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, without a body.
    Get,
    /// HEAD.
    Head,
    /// POST, with a body.
    Post,
    /// GET that asks for a tunnel.
    Upgrade,
}

/// What a backend answers.
#[derive(Clone, Debug)]
pub struct ReplyPlan {
    /// A 103 goes first.
    pub hints: bool,
    /// What it is like.
    pub shape: Shape,
    /// Its body; what the backend sends through the tunnel, if one was asked for.
    pub body: BodyPlan,
    /// What becomes of the connection behind it.
    pub behind: Behind,
    /// The backend cuts its answer after so many bytes of the body.
    pub cut: Option<(usize, Leave)>,
    /// The backend thinks before it answers.
    pub think: Duration,
}

/// What an answer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 200, after the request's body was read.
    Plain,
    /// 204.
    Empty,
    /// 200, chunked, with a trailer.
    Trailer,
    /// 200, before the request's body is read.
    Early,
}

/// What becomes of a connection behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It waits for the next request.
    Open,
    /// It is closed, as the answer says.
    Announced,
    /// It is closed, and nothing said so.
    Silent,
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
        let request = RequestPlan::draw(dice);
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
        self.request.leaves.is_none() && self.reply.cut.is_none() && self.reply.shape != Shape::Early
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
                leaves: None,
                think: Duration::ZERO,
            },
            reply: ReplyPlan {
                hints: false,
                shape: Shape::Plain,
                body,
                behind: Behind::Open,
                cut: None,
                think: Duration::ZERO,
            },
        }
    }
}

impl RequestPlan {
    fn draw(dice: &Dice) -> Self {
        let body = BodyPlan::draw(&dice.split("request body"));
        let mut dice = dice.split("request");
        let method = match dice.below(12) {
            0 => Method::Head,
            1 => Method::Upgrade,
            2..=5 => Method::Get,
            _ => Method::Post,
        };
        let sends = matches!(method, Method::Post | Method::Upgrade);
        // A POST without a byte is one that somebody might think may be sent again.
        let body = match sends {
            true if dice.below(5) == 0 => BodyPlan { bytes: 0, chunked: false, ..body },
            true => body,
            false => BodyPlan::NONE,
        };
        Self {
            method,
            body,
            expects: method == Method::Post && dice.below(8) == 0,
            one_hop: [OneHop::None, OneHop::None, OneHop::Named, OneHop::Known][dice.below(4) as usize],
            leaves: (sends && dice.below(5) == 0)
                .then(|| (dice.below(body.bytes as u64 + 1) as usize, Leave::draw(&mut dice))),
            think: Duration::from_millis(dice.below(300)),
        }
    }
}

impl ReplyPlan {
    fn draw(dice: &Dice, method: Method) -> Self {
        let body = BodyPlan::draw(&dice.split("reply body"));
        let mut dice = dice.split("reply");
        let shape = match dice.below(12) {
            _ if method == Method::Upgrade => Shape::Plain,
            0 => Shape::Empty,
            1 if method != Method::Head => Shape::Trailer,
            2 if method == Method::Post => Shape::Early,
            _ => Shape::Plain,
        };
        Self {
            hints: dice.below(6) == 0,
            shape,
            body: BodyPlan { chunked: body.chunked || shape == Shape::Trailer, ..body },
            behind: match dice.below(12) {
                0 => Behind::Announced,
                1 => Behind::Silent,
                _ => Behind::Open,
            },
            cut: (dice.below(6) == 0 && shape != Shape::Empty && method != Method::Head)
                .then(|| (dice.below(body.bytes as u64) as usize, Leave::draw(&mut dice))),
            think: Duration::from_millis(dice.below(3) * dice.below(200)),
        }
    }
}

impl Method {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get | Self::Upgrade => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}

impl BodyPlan {
    /// No body.
    pub const NONE: Self = Self { bytes: 0, chunked: false, piece: 1, pause: Duration::ZERO };

    fn draw(dice: &Dice) -> Self {
        let mut dice = dice.clone();
        let most = [100, 10_000, 300_000][dice.below(3) as usize];
        let bytes = 1 + dice.below(most) as usize;
        let chunked = dice.below(2) == 0;
        let piece = 1 + dice.below(most) as usize;
        let pause = Duration::from_millis(dice.below(2) * dice.below(20));
        // With pauses a body takes a second at most, so that it is over while its client still waits.
        let piece = if pause.is_zero() { piece } else { piece.max(bytes / 50 + 1) };
        Self { bytes, chunked, piece, pause }
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
