//! The client: it sends what the probe says, keeps what comes, and asks afterwards whether all is well.

use std::{io, time::Duration};

use weir::{
    wire::Channel,
    world::{Address, World},
};

use super::{
    Patience, Place, Probe, Speaks, frames,
    probe::asking,
    recorder::AFTER,
    wire::{End, Wire},
};
use crate::{
    replay::{
        event::{Event, What},
        framer::Reader,
    },
    scenario::{Protocol, Shown},
    strict::{self, Ended, Rest},
};

/// What the client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// On HTTP/1.
    Http1 {
        /// Everything.
        bytes: Vec<u8>,
        /// How many of them came while the client was ready to send more.
        before: usize,
        /// The proxy ended it while the client was ready to send more.
        closed_first: bool,
        /// It was ended in order.
        ended: Ended,
    },
    /// On HTTP/2.
    Http2 {
        /// Everything but what belongs to the connection.
        events: Vec<Event>,
        /// Bytes came that are no frames.
        malformed: bool,
        /// The proxy ended it while the client was ready to send more.
        closed_first: bool,
    },
}

impl Place {
    pub(super) async fn dial(&self, world: &World, protocol: Protocol) -> io::Result<Wire> {
        let stream = world.net.dial(&Address::Tcp(self.subject)).await?;
        let channel = match self.certificates.connect(world, protocol, Shown::Nothing) {
            None => Channel::Plain(stream),
            Some((connector, name)) => Channel::Client(Box::new(connector.connect(name, stream).await?)),
        };
        Ok(Wire::open(channel))
    }

    pub(super) fn http1(&self) -> Protocol {
        if self.tls { Protocol::Http1Tls } else { Protocol::Http1 }
    }

    /// Sends the probe and takes what comes of it, until the proxy has ended the connection, or waits.
    pub(super) async fn attack(&self, world: &World, probe: &Probe) -> io::Result<Got> {
        match probe.front() {
            Speaks::Http1 => self.attack_http1(world, probe).await,
            Speaks::Http2 => self.attack_http2(world, probe).await,
        }
    }

    async fn attack_http1(&self, world: &World, probe: &Probe) -> io::Result<Got> {
        let mut wire = self.dial(world, self.http1()).await?;
        wire.send(&probe.client_bytes()).await;
        let method = probe.method();
        let patience = probe.patience().unwrap_or_else(|| self.patience.before_an_answer(probe));
        let answered = |bytes: &[u8]| answers(bytes, &method) > 0;
        wire.until(patience, |bytes| self.patience == Patience::Real && answered(bytes)).await;
        if !probe.then().is_empty() {
            wire.send(probe.then()).await;
            wire.until(self.patience.behind_an_answer(), |_| false).await;
        }
        let (before, closed_first) = (wire.bytes().len(), wire.end().is_some());
        wire.half_close().await;
        wire.until(self.patience.before_the_end(), |_| false).await;
        let ended = if wire.end() == Some(End::Fin) { Ended::Yes } else { Ended::No };
        Ok(Got::Http1 { bytes: wire.bytes(), before, closed_first, ended })
    }

    async fn attack_http2(&self, world: &World, probe: &Probe) -> io::Result<Got> {
        let mut wire = self.dial(world, Protocol::Http2).await?;
        wire.send(&probe.client_bytes()).await;
        let mut inbox = Inbox::default();
        let patience = probe.patience().unwrap_or_else(|| self.patience.before_an_answer(probe));
        inbox.read(&mut wire, patience, |events| self.patience == Patience::Real && is_over(events)).await;
        let mut closed_first = wire.end().is_some() || inbox.is_told_to_go();
        if !closed_first && probe.may(super::Outcome::Survive) {
            // Only a request that is answered shows that the connection lives.
            wire.send(&frames::headers(SURVIVOR, &asking(AFTER), true)).await;
            let answered = |events: &[Event]| events.iter().any(|event| event.stream == SURVIVOR && event.ends);
            inbox.read(&mut wire, self.patience.before_an_answer(probe), answered).await;
            closed_first = wire.end().is_some() || inbox.is_told_to_go() || !answered(&inbox.events);
        }
        wire.half_close().await;
        wire.until(self.patience.before_the_end(), |_| false).await;
        Ok(Got::Http2 { events: inbox.events, malformed: inbox.malformed, closed_first })
    }

    /// Asks on a connection of its own for what the backend answers as ever; what is wrong with the answer, if anything.
    pub(super) async fn ask_after(&self, world: &World, question: usize) -> Option<String> {
        let target = format!("{AFTER}-{question}");
        let mut wire = match self.dial(world, self.http1()).await {
            Ok(wire) => wire,
            Err(error) => return Some(format!("no new connection is taken: {error}")),
        };
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: h.test\r\n\r\n").as_bytes()).await;
        wire.until(LONG, |bytes| answers(bytes, b"GET") > 0).await;
        let bytes = wire.bytes();
        let read = strict::responses(&bytes, &[], Ended::No);
        let own = |response: &strict::Response| response.status == 200 && response.body == target.as_bytes();
        match read {
            Ok(read) if read.whole.len() == 1 && read.rest == Rest::Nothing && own(&read.whole[0]) => None,
            _ => Some(format!("a request behind it got {:?}", String::from_utf8_lossy(&bytes))),
        }
    }
}

/// One request as the administrator of an aggregator, on a connection of its own; the status, if there is an answer.
pub(super) async fn ask(
    world: &World,
    place: &Place,
    method: &str,
    path: &str,
    body: &[u8],
) -> io::Result<Option<u16>> {
    let mut wire = place.dial(world, place.http1()).await?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: proxy.test\r\nAuthorization: Bearer recorder-token\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    wire.send(&[head.as_bytes(), body].concat()).await;
    wire.until(LONG, |_| false).await;
    let read = strict::responses(&wire.bytes(), &[], Ended::Yes).map_err(io::Error::other)?;
    Ok(read.whole.last().map(|response| response.status))
}

impl Patience {
    fn before_an_answer(self, probe: &Probe) -> Duration {
        match self {
            Self::Simulated => QUIET,
            Self::Real if probe.safe().iter().any(|outcome| outcome.is_silent()) => SHORT,
            Self::Real => LONG,
        }
    }

    fn behind_an_answer(self) -> Duration {
        if self == Self::Simulated { QUIET } else { SHORT }
    }

    fn before_the_end(self) -> Duration {
        if self == Self::Simulated { QUIET } else { LONG }
    }
}

impl super::Outcome {
    /// Whether nothing need come.
    fn is_silent(self) -> bool {
        matches!(self, Self::Wait | Self::Survive | Self::Abort)
    }
}

/// How many final answers are whole.
fn answers(bytes: &[u8], method: &[u8]) -> usize {
    let read = strict::responses(bytes, &[method], Ended::No);
    read.map_or(0, |read| read.whole.iter().filter(|response| response.status == 101 || response.status >= 200).count())
}

fn is_over(events: &[Event]) -> bool {
    events.iter().any(|event| event.ends || matches!(event.what, What::GoAway(_)))
}

/// What came on HTTP/2.
struct Inbox {
    reader: Reader,
    at: usize,
    events: Vec<Event>,
    malformed: bool,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { reader: Reader::of_server(), at: 0, events: Vec::new(), malformed: false }
    }
}

impl Inbox {
    /// Reads and acknowledges, until it is enough, or nothing more has come for a while.
    async fn read(&mut self, wire: &mut Wire, patience: Duration, enough: impl Fn(&[Event]) -> bool) {
        loop {
            let at = self.at;
            wire.until(patience, |bytes| bytes.len() > at).await;
            let bytes = wire.bytes();
            if bytes.len() == at || self.malformed {
                return;
            }
            self.reader.push(&bytes[at..]);
            self.at = bytes.len();
            let mut out = Vec::new();
            loop {
                match self.reader.next() {
                    Ok(Some(turn)) => {
                        self.events.extend(turn.event);
                        out.extend(turn.answer);
                    }
                    Ok(None) => break,
                    Err(_) => {
                        self.malformed = true;
                        return;
                    }
                }
            }
            wire.send(&out).await;
            if enough(&self.events) {
                return;
            }
        }
    }

    /// A GOAWAY that names an error.
    fn is_told_to_go(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, What::GoAway(code) if code.0 != 0))
    }
}

/// A stream above all those that probes open.
const SURVIVOR: u32 = 1_000_001;

/// Nothing has come for so long in the simulator, where time costs nothing: more than a transport waits for 100 Continue.
const QUIET: Duration = Duration::from_millis(1_500);

/// Over sockets, where silence is one of the safe outcomes.
const SHORT: Duration = Duration::from_millis(200);

/// Over sockets, where an answer is owed.
const LONG: Duration = Duration::from_secs(10);
