//! What one side does, step by step.

use std::{fmt, time::Duration};

use super::{
    frame::{self, Frame},
    octets::{self, Octets},
    place::{Place, Value},
    subject::{MILLISECONDS_MAX, Protocol},
};
use crate::latin1;

/// Who plays a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Connects to the subject.
    Client,
    /// Is connected to by the subject.
    Backend,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes.
    Send(Octets),
    /// Writes frames of HTTP/2.
    Frames(Vec<Frame>),
    /// Waits.
    Pause(Duration),
    /// Reads, and writes down what was read.
    Await(Await),
    /// Ends the writing side.
    HalfClose,
    /// Closes the connection.
    Fin,
    /// Closes it with a reset.
    Rst,
    /// The client goes on with a further connection.
    Connect(Layer),
    /// The subject's server shuts down: what runs may end. Go: `Server.Shutdown`.
    Shutdown,
    /// The backend goes on with the next connection.
    Accept,
    /// Lets the other side's wait go on.
    Signal(String),
    /// Goes on when the other side has reached the signal.
    Wait(String),
}

/// What a further connection of the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What the subject's front speaks.
    Front,
    /// No TLS, whatever the front speaks.
    Plain,
}

/// What an await reads up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Await {
    /// With the first empty line.
    Head,
    /// So many bytes.
    Bytes(usize),
    /// With these bytes.
    Until(Octets),
    /// Nothing has come for 300 ms, or the end.
    Quiet,
    /// The connection has ended.
    End,
    /// HTTP/2: the stream has ended, or the connection.
    Stream(u32),
    /// HTTP/2: a HEADERS block of the stream is complete.
    Headers(u32),
}

/// The kind of an await: its key in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitKind {
    /// `head`
    Head,
    /// `bytes`
    Bytes,
    /// `until`
    Until,
    /// `quiet`
    Quiet,
    /// `end`
    End,
    /// `stream`
    Stream,
    /// `headers`
    Headers,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Backend,
            Self::Backend => Self::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Backend => "backend",
        })
    }
}

impl Await {
    /// Its kind.
    pub fn kind(&self) -> AwaitKind {
        match self {
            Self::Head => AwaitKind::Head,
            Self::Bytes(_) => AwaitKind::Bytes,
            Self::Until(_) => AwaitKind::Until,
            Self::Quiet => AwaitKind::Quiet,
            Self::End => AwaitKind::End,
            Self::Stream(_) => AwaitKind::Stream,
            Self::Headers(_) => AwaitKind::Headers,
        }
    }
}

impl fmt::Display for Await {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("head"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Until(octets) => write!(f, "until {}", latin1::quote(&latin1::to_text(&octets.plain()))),
            Self::Quiet => f.write_str("quiet"),
            Self::End => f.write_str("end"),
            Self::Stream(stream) => write!(f, "the end of stream {stream}"),
            Self::Headers(stream) => write!(f, "headers of stream {stream}"),
        }
    }
}

impl AwaitKind {
    /// Its key in a trace.
    pub fn key(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Bytes => "bytes",
            Self::Until => "until",
            Self::Quiet => "quiet",
            Self::End => "end",
            Self::Stream => "stream",
            Self::Headers => "headers",
        }
    }

    /// The kind of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Head, Self::Bytes, Self::Until, Self::Quiet, Self::End, Self::Stream, Self::Headers]
            .into_iter()
            .find(|kind| kind.key() == key)
    }
}

/// Reads the steps of one side; `protocol` is what its connections speak.
pub(super) fn read(at: &Place<'_>, side: Side, protocol: Protocol) -> Vec<Step> {
    let (further, own): (_, &[&str]) = match side {
        Side::Client => ("connect", &["connect", "shutdown"]),
        Side::Backend => ("accept", &["accept"]),
    };
    let kinds = [&["send", "pause", "await", "half-close", "fin", "rst", "signal", "wait", "http2"], own].concat();
    let mut steps = Vec::new();
    let mut closed = false;
    for item in at.items() {
        let Some(entry) = item.only(&kinds) else { continue };
        let value = &entry.at;
        if closed && ["send", "await", "half-close", "fin", "rst", "http2"].contains(&entry.key) {
            item.wrong(&format!("{further} before it: the connection is closed"));
        }
        let step = match entry.key {
            "send" => Step::Send(octets::read(value)),
            "http2" => Step::Frames(frame::read(value)),
            "pause" => Step::Pause(Duration::from_millis(value.number(1..=MILLISECONDS_MAX).unsigned_abs())),
            "await" => match read_await(value, protocol) {
                Some(what) => Step::Await(what),
                None => continue,
            },
            "signal" => Step::Signal(value.text().to_owned()),
            "wait" => Step::Wait(value.text().to_owned()),
            "connect" if matches!(value.value(), Value::Text(word) if word == "plain") => Step::Connect(Layer::Plain),
            plain => {
                value.must_be_true();
                match plain {
                    "half-close" => Step::HalfClose,
                    "fin" => Step::Fin,
                    "rst" => Step::Rst,
                    "connect" => Step::Connect(Layer::Front),
                    "shutdown" => Step::Shutdown,
                    _ => Step::Accept,
                }
            }
        };
        match step {
            Step::Fin | Step::Rst => closed = true,
            Step::Connect(_) | Step::Accept => closed = false,
            _ => {}
        }
        steps.push(step);
    }
    steps
}

fn read_await(at: &Place<'_>, protocol: Protocol) -> Option<Await> {
    let words = [("quiet", Await::Quiet), ("end", Await::End), ("head", Await::Head)];
    let mappings: &[&str] = match protocol {
        Protocol::Http2 => &["stream", "headers", "bytes", "until"],
        Protocol::Http1 | Protocol::Http1Tls => &["bytes", "until"],
    };
    if !matches!(at.value(), Value::Map(_)) {
        let found = words.into_iter().find(|(word, _)| matches!(at.value(), Value::Text(text) if text == word));
        if found.is_none() {
            at.wrong(&format!("quiet, end, head or a mapping with {}", mappings.join(", ")));
        }
        return found.map(|(_, what)| what);
    }
    let entry = at.only(mappings)?;
    Some(match entry.key {
        "bytes" => Await::Bytes(entry.at.number(1..=1 << 30).unsigned_abs() as usize),
        "until" => {
            let octets = octets::read(&entry.at);
            if octets.plain().is_empty() {
                entry.at.wrong("at least one byte");
            }
            Await::Until(octets)
        }
        "stream" => Await::Stream(entry.at.number(1..=frame::STREAM_MAX) as u32),
        _ => Await::Headers(entry.at.number(1..=frame::STREAM_MAX) as u32),
    })
}

/// Finds waits for a signal that the other side never gives.
pub(super) fn check_waits(at: &Place<'_>, client: &[Step], backend: &[Step]) {
    for (waiting, signalling) in [(client, backend), (backend, client)] {
        for step in waiting {
            if let Step::Wait(name) = step
                && !signalling.contains(&Step::Signal(name.clone()))
            {
                at.wrong(&format!("a signal {name:?} on the other side of its wait"));
            }
        }
    }
}
