use std::time::Duration;

use weir::world::Dice;

use super::{BodyPlan, Leave, Method};

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
    /// Whether the backend sees the request when it first comes.
    pub unseen: Unseen,
    /// The backend cuts its answer after so many bytes of the body.
    pub cut: Option<(usize, Leave)>,
    /// The backend thinks before it answers.
    pub think: Duration,
}

/// What keeps a backend from seeing a request when it first comes. On HTTP/2 alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Nothing.
    No,
    /// It refuses the stream.
    Refused,
    /// It says GOAWAY below the stream: those before it run on, this one and all behind it were not seen.
    LeftBehind,
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

impl ReplyPlan {
    pub(super) fn draw(dice: &Dice, method: Method) -> Self {
        let body = BodyPlan::draw(&dice.split("reply body"));
        let mut order = dice.split("order");
        let unseen = match (dice.split("refused").below(8), dice.split("left behind").below(10)) {
            (0, _) => Unseen::Refused,
            (_, 0) => Unseen::LeftBehind,
            _ => Unseen::No,
        };
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
            unseen,
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

/// So small an answer goes out in one piece with what is said behind it, whatever the window.
const BABBLES_BEHIND_MAX: usize = 300;
