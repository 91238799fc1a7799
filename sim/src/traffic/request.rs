use std::time::Duration;

use weir::world::Dice;

use super::{BodyPlan, Leave, Speech};

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

impl RequestPlan {
    pub(super) fn draw(dice: &Dice, front: Speech) -> Self {
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

/// How long a client waits for a 100.
pub(crate) const EXPECTS_FOR: Duration = Duration::from_millis(300);
/// Longer than anything else takes that nothing disturbs.
pub(crate) const STUCK_FOR: Duration = Duration::from_secs(6);
