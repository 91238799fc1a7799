//! Whether what came of a probe is safe.
//!
//! Whatever its outcome: what reaches a backend reads strictly as requests that the client sent (I1), `/smuggled` is the target of none
//! (I2), requests behind it get their own answers (I3). That nothing panics (I4) is seen by whoever starts the proxy.

use std::fmt;

use super::{
    Observed, Outcome, Patience, Probe, Seen, Sender, Speaks, attacker::Got, conversation::is_left_open,
    recorder::AFTER,
};
use crate::{
    latin1,
    replay::event::{self, Event, What},
    strict::{self, Ended, Messages, Request, Response, Rest},
};

/// What a judge says of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What became of it.
    pub outcome: Outcome,
    /// What is not safe about it.
    pub charges: Vec<String>,
    /// What was seen, for whoever reads the charges.
    evidence: String,
}

impl Verdict {
    /// Whether all is well.
    pub fn is_safe(&self) -> bool {
        self.charges.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "outcome: {}", self.outcome)?;
        self.charges.iter().try_for_each(|charge| writeln!(f, "charge: {charge}"))?;
        f.write_str(&self.evidence)
    }
}

/// Judges what was seen.
pub fn judge(probe: &Probe, observed: &Observed) -> Verdict {
    let mut charges = observed.after.clone();
    let backend =
        if probe.back() == Speaks::Http1 { Backend::of(&observed.backend, &mut charges) } else { Backend::default() };
    let client = Client::of(probe, &observed.client, &mut charges);
    let outcome = outcome(probe, &backend, &client);
    if !probe.may(outcome) {
        charges.push(format!("{outcome}, but safe is {:?}", probe.safe()));
    }
    if outcome == Outcome::Reject && client.goes_on && observed.patience == Patience::Simulated {
        charges.push("it was rejected, but the connection goes on".to_owned());
    }
    if backend.whole > probe.forwards_max() {
        charges.push(format!("{} requests reached the backend, at most {} may", backend.whole, probe.forwards_max()));
    }
    let (next_hop, arrived) = match probe.from() {
        Sender::Client => (backend.text.to_ascii_lowercase(), backend.whole > 0),
        Sender::Backend => (client.text.to_ascii_lowercase(), outcome == Outcome::Relay),
    };
    for text in probe.never().iter().filter(|text| next_hop.contains(*text)) {
        charges.push(format!("the next hop sees {text:?}"));
    }
    for text in probe.sees().iter().filter(|text| arrived && !next_hop.contains(*text)) {
        charges.push(format!("the next hop does not see {text:?}"));
    }
    let evidence = format!("client: {}\nbackend: {}\n", latin1::quote(&client.text), latin1::quote(&backend.text));
    Verdict { outcome, charges, evidence }
}

/// What the backend got.
#[derive(Default)]
struct Backend {
    /// Whole requests of the probe.
    whole: usize,
    /// One that is cut.
    cut: bool,
    /// All of it, but questions behind it.
    text: String,
}

impl Backend {
    fn of(connections: &[Seen], charges: &mut Vec<String>) -> Self {
        let mut found = Self::default();
        for seen in connections {
            found.text += &latin1::to_text(&seen.tunnel);
            match strict::requests(&seen.bytes) {
                Ok(read) => found.take(seen, &read, charges),
                Err(wrong) => {
                    found.text += &latin1::to_text(&seen.bytes);
                    charges.push(format!("the backend got what is no HTTP/1.1: {wrong}"));
                }
            }
        }
        found
    }

    fn take(&mut self, seen: &Seen, read: &Messages<Request>, charges: &mut Vec<String>) {
        for request in read.whole.iter().filter(|request| !request.target.starts_with(AFTER.as_bytes())) {
            self.whole += 1;
            self.write(request);
            if request.target.starts_with(b"/smuggled") {
                charges.push("the backend got a request that nobody sent".to_owned());
            }
        }
        if let Rest::Cut(head) = &read.rest {
            self.cut = true;
            head.iter().for_each(|head| self.write(head));
            if is_left_open(seen) {
                charges.push("a request that is cut is left open at the backend".to_owned());
            }
        }
    }

    fn write(&mut self, request: &Request) {
        let text = latin1::to_text;
        self.text += &format!("{} {}\n", text(&request.method), text(&request.target));
        for field in request.fields.iter().chain(&request.trailers) {
            self.text += &format!("{}: {}\n", text(&field.name), text(&field.value));
        }
        self.text += &format!("\n{}\n", text(&request.body));
    }
}

/// What the client got.
#[derive(Default)]
struct Client {
    /// Of the first final answer.
    status: Option<u16>,
    /// An answer is visibly cut.
    cut: bool,
    /// A stream was reset.
    reset: bool,
    closed_first: bool,
    /// An answer came, and the connection was not ended behind it.
    goes_on: bool,
    text: String,
}

impl Client {
    fn of(probe: &Probe, got: &Got, charges: &mut Vec<String>) -> Self {
        match got {
            Got::Http1 { bytes, before, closed_first, ended } => {
                let mut client = Self {
                    closed_first: *closed_first,
                    goes_on: *before > 0 && !closed_first,
                    text: latin1::to_text(bytes),
                    ..Self::default()
                };
                match strict::responses(bytes, &[&probe.method()], *ended) {
                    Ok(read) => client.take(probe, &read, *ended, charges),
                    Err(wrong) => charges.push(format!("the client got what is no HTTP/1: {wrong}")),
                }
                client
            }
            Got::Http2 { events, malformed, closed_first } => {
                if *malformed {
                    charges.push("the client got what is no HTTP/2".to_owned());
                }
                Self::of_events(events, *closed_first)
            }
        }
    }

    fn take(&mut self, probe: &Probe, read: &Messages<Response>, ended: Ended, charges: &mut Vec<String>) {
        let is_final = |response: &&Response| response.status == 101 || response.status >= 200;
        let finals: Vec<&Response> = read.whole.iter().filter(is_final).collect();
        self.status = finals.first().map(|response| response.status);
        if let Rest::Cut(head) = &read.rest {
            self.cut = true;
            self.status = self.status.or(head.as_ref().map(|head| head.status));
            if probe.from() == Sender::Backend && ended == Ended::Yes && head.is_none() {
                charges.push("the client got a part of a head".to_owned());
            }
        }
        if probe.from() == Sender::Backend && finals.len() > 1 {
            charges.push(format!("the client got {} answers to one request", finals.len()));
        }
    }

    fn of_events(events: &[Event], closed_first: bool) -> Self {
        let mut client = Self { closed_first, ..Self::default() };
        let mut ended = false;
        for event in events {
            match &event.what {
                What::Headers(fields) if client.status.is_none() => {
                    let status = fields.iter().find(|(name, _)| name == b":status");
                    let status = status.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok());
                    client.status = status.filter(|status| *status >= 200);
                }
                What::Reset(_) => client.reset = true,
                _ => {}
            }
            ended |= event.ends;
        }
        client.cut = !ended;
        client.text = event::lines(events.to_vec()).join("\n");
        client
    }
}

fn outcome(probe: &Probe, backend: &Backend, client: &Client) -> Outcome {
    match (probe.from(), probe.front()) {
        (Sender::Client, Speaks::Http1) => of_http1(backend, client),
        (Sender::Client, Speaks::Http2) => of_http2(probe, backend, client),
        (Sender::Backend, _) => of_answer(client),
    }
}

fn of_http1(backend: &Backend, client: &Client) -> Outcome {
    match client.status {
        Some(101) => Outcome::Tunnel,
        _ if backend.whole > 0 => Outcome::Forward,
        _ if backend.cut => Outcome::Abort,
        Some(300..400) => Outcome::Redirect,
        Some(400..500 | 501 | 505) => Outcome::Reject,
        Some(500..) => Outcome::BadGateway,
        Some(_) => Outcome::Local,
        None if client.closed_first => Outcome::Close,
        None => Outcome::Wait,
    }
}

fn of_http2(probe: &Probe, backend: &Backend, client: &Client) -> Outcome {
    if client.closed_first {
        return Outcome::ConnectionError;
    }
    if backend.whole > 0 && probe.may(Outcome::Forward) {
        return Outcome::Forward;
    }
    match client.status {
        _ if probe.may(Outcome::Survive) => Outcome::Survive,
        _ if backend.whole > 0 => Outcome::Forward,
        _ if client.reset => Outcome::StreamError,
        Some(300..400) => Outcome::Redirect,
        Some(400..502 | 505) => Outcome::StreamError,
        Some(500..) => Outcome::BadGateway,
        Some(_) => Outcome::Local,
        None if backend.cut => Outcome::Abort,
        None => Outcome::Wait,
    }
}

fn of_answer(client: &Client) -> Outcome {
    match client.status {
        Some(502..=504) => Outcome::BadGateway,
        Some(101) => Outcome::Tunnel,
        Some(_) if !client.cut && !client.reset => Outcome::Relay,
        _ => Outcome::Truncate,
    }
}
