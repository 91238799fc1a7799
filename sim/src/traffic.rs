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
    /// Without a body it may be sent again all the same, says the client.
    pub idempotent: bool,
    /// The client leaves here.
    pub leaves: Option<(Spot, Leave)>,
    /// The client reads nothing of the answer's body for so long.
    pub stuck: Duration,
    /// The client waits before it sends the request.
    pub think: Duration,
}

/// Where in an exchange a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Behind so many bytes of the request's body.
    Body(usize),
    /// So long after all of the request was sent, wherever the answer is by then.
    Waiting(Duration),
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
    /// GET that asks for a tunnel; on HTTP/2 a CONNECT that names a WebSocket (RFC 8441).
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
    /// Who ends a tunnel first.
    pub order: Order,
    /// What becomes of the connection behind it.
    pub behind: Behind,
    /// On HTTP/2 the backend refuses it unseen when it first hears of it.
    pub refused: bool,
    /// The backend cuts its answer after so many bytes of the body.
    pub cut: Option<(usize, Leave)>,
    /// The backend thinks before it answers.
    pub think: Duration,
}

/// Which side of a tunnel says first that it has no more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Whoever is done.
    Any,
    /// The client: the backend waits for that.
    Client,
    /// The backend: the client waits for that.
    Backend,
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
    /// None: the backend leaves when it has read the request.
    Nothing,
}

/// What becomes of a connection behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It waits for the next request.
    Open,
    /// It is closed, as the answer says.
    Announced,
    /// It is closed after a while, and nothing said so. On HTTP/2, where that takes others along, it is announced.
    Silent(Duration),
    /// The answer to a request that nobody has sent follows at once. On HTTP/1 alone.
    Babbles,
    /// After a while it is closed behind a 408. On HTTP/1 alone.
    TiresOfWaiting(Duration),
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
                refused: false,
                cut: None,
                think: Duration::ZERO,
            },
        }
    }
}

impl RequestPlan {
    fn draw(dice: &Dice, front: Speech) -> Self {
        let body = BodyPlan::draw(&dice.split("request body"));
        let mut more = dice.split("more of the request");
        let mut websocket = dice.split("websocket");
        let mut dice = dice.split("request");
        let http1 = front != Speech::Http2;
        let method = match dice.below(12) {
            _ if !http1 && websocket.below(6) == 0 => Method::Upgrade,
            0 => Method::Head,
            1 | 2 if http1 => Method::Upgrade,
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
        let leaves = match more.below(10) {
            // What a tunnel's one end has to do with the other shows when one leaves.
            0..5 if method == Method::Upgrade => Some(Spot::Body(more.below(body.bytes as u64 + 1) as usize)),
            0 | 1 if sends => Some(Spot::Body(more.below(body.bytes as u64 + 1) as usize)),
            2 if method != Method::Upgrade => Some(Spot::Waiting(Duration::from_millis(more.below(500)))),
            _ => None,
        };
        let one_hop = [OneHop::None, OneHop::None, OneHop::Named, OneHop::Known][dice.below(4) as usize];
        Self {
            method,
            body,
            expects: http1 && method == Method::Post && dice.below(8) == 0,
            one_hop: if http1 { one_hop } else { OneHop::None },
            idempotent: more.below(3) == 0,
            leaves: leaves.map(|spot| (spot, Leave::draw(&mut more))),
            stuck: if more.below(8) == 0 { STUCK_FOR } else { Duration::ZERO },
            think: Duration::from_millis(dice.below(300)),
        }
    }
}

impl ReplyPlan {
    fn draw(dice: &Dice, method: Method) -> Self {
        let body = BodyPlan::draw(&dice.split("reply body"));
        let mut order = dice.split("order");
        let refused = dice.split("refused").below(8) == 0;
        let mut dice = dice.split("reply");
        let shape = match dice.below(12) {
            _ if method == Method::Upgrade => Shape::Plain,
            0 => Shape::Empty,
            1 if method != Method::Head => Shape::Trailer,
            2 if method == Method::Post => Shape::Early,
            3 => Shape::Nothing,
            _ => Shape::Plain,
        };
        Self {
            hints: dice.below(6) == 0,
            shape,
            body: BodyPlan { chunked: body.chunked || shape == Shape::Trailer, ..body },
            order: [Order::Any, Order::Client, Order::Backend][order.below(3) as usize],
            behind: Behind::draw(&mut dice, body.bytes),
            refused,
            cut: (dice.below(6) == 0 && shape != Shape::Empty && method != Method::Head)
                .then(|| (dice.below(body.bytes as u64) as usize, Leave::draw(&mut dice))),
            think: Duration::from_millis(dice.below(3) * dice.below(200)),
        }
    }
}

impl Behind {
    /// What the dice say, behind an answer with so many bytes.
    fn draw(dice: &mut Dice, bytes: usize) -> Self {
        let after = Duration::from_millis(dice.below(2) * dice.below(400));
        match dice.below(12) {
            0 => Self::Announced,
            1 => Self::Silent(after),
            // In the same segment as the answer: later it would be taken for the answer to what is asked meanwhile.
            2 | 3 if bytes <= BABBLES_BEHIND_MAX => Self::Babbles,
            4 => Self::TiresOfWaiting(after),
            _ => Self::Open,
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
    /// How long its pauses take.
    pub fn takes(&self) -> Duration {
        self.pause * self.bytes.div_ceil(self.piece.max(1)) as u32
    }

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

/// How long a client waits for a 100.
pub(crate) const EXPECTS_FOR: Duration = Duration::from_millis(300);
/// Longer than anything else takes that nothing disturbs.
pub(crate) const STUCK_FOR: Duration = Duration::from_secs(6);
/// So small an answer goes out in one piece with what is said behind it, whatever the window.
const BABBLES_BEHIND_MAX: usize = 300;
