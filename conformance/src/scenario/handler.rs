//! What the scripted handler of a server does with every request.

use std::{fmt, time::Duration};

use super::{
    octets::{self, Octets},
    place::{Place, Value},
    subject::MILLISECONDS_MAX,
};
use crate::latin1;

/// A step of the scripted handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandlerStep {
    /// Adds a value to a field.
    Add(String, Octets),
    /// Sets a field; without a value it is there but nil, which keeps the server from adding it.
    Set(String, Option<Octets>),
    /// Sets a trailer that was not announced (`http.TrailerPrefix`).
    Trailer(String, Octets),
    /// WriteHeader.
    Status(u16),
    /// WriteHeader of a 1xx.
    Inform(u16),
    /// Write.
    Write(Octets),
    /// Flush.
    Flush,
    /// Reads the body to its end.
    ReadAll,
    /// Reads so many bytes of the body.
    Read(usize),
    /// Waits.
    Pause(Duration),
    /// Lets the body have so many bytes and no more: `http.MaxBytesReader`.
    Limit(usize),
    /// panic(http.ErrAbortHandler).
    Abort,
}

impl HandlerStep {
    /// What the handler does when a case does not say: it reads the whole body, then answers `ok`.
    pub fn default_steps() -> Vec<Self> {
        vec![Self::ReadAll, Self::Write(Octets::from(b"ok\n".to_vec()))]
    }
}

/// As a line of a transcript.
impl fmt::Display for HandlerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |octets: &Octets| latin1::quote(&latin1::to_text(&octets.plain()));
        match self {
            Self::Add(name, value) => write!(f, "add {name}: {}", quoted(value)),
            Self::Set(name, Some(value)) => write!(f, "set {name}: {}", quoted(value)),
            Self::Set(name, None) => write!(f, "set {name}: nil"),
            Self::Trailer(name, value) => write!(f, "trailer {name}: {}", quoted(value)),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Inform(status) => write!(f, "inform {status}"),
            Self::Write(bytes) => write!(f, "write {}", quoted(bytes)),
            Self::Flush => f.write_str("flush"),
            Self::ReadAll => f.write_str("read all"),
            Self::Read(count) => write!(f, "read {count}"),
            Self::Pause(time) => write!(f, "pause {} ms", time.as_millis()),
            Self::Limit(count) => write!(f, "limit {count}"),
            Self::Abort => f.write_str("abort"),
        }
    }
}

/// Reads the steps.
pub(super) fn read(at: &Place<'_>) -> Vec<HandlerStep> {
    let steps: Vec<HandlerStep> = at.items().iter().filter_map(read_one).collect();
    if steps.is_empty() {
        at.wrong("at least one step: the recorder takes an empty list as the default handler");
    }
    steps
}

fn read_one(at: &Place<'_>) -> Option<HandlerStep> {
    let kinds = ["header", "set", "status", "inform", "write", "flush", "read", "pause", "trailer", "abort", "limit"];
    let entry = at.only(&kinds)?;
    let at = &entry.at;
    Some(match entry.key {
        "header" | "set" | "trailer" => {
            let [name, value] = at.pair("a list of name and value")?;
            let name = name.text().to_owned();
            match (entry.key, value.value()) {
                ("set", Value::Null) => HandlerStep::Set(name, None),
                ("set", _) => HandlerStep::Set(name, Some(octets::read(&value))),
                ("header", _) => HandlerStep::Add(name, octets::read(&value)),
                _ => HandlerStep::Trailer(name, octets::read(&value)),
            }
        }
        "status" => HandlerStep::Status(at.number(0..=9_999) as u16),
        "inform" => HandlerStep::Inform(at.number(100..=199) as u16),
        "write" => HandlerStep::Write(octets::read(at)),
        "read" if matches!(at.value(), Value::Text(word) if word == "all") => HandlerStep::ReadAll,
        "read" => HandlerStep::Read(at.number(1..=1 << 30) as usize),
        "limit" => HandlerStep::Limit(at.number(0..=1 << 30) as usize),
        "pause" => HandlerStep::Pause(Duration::from_millis(at.number(1..=MILLISECONDS_MAX).unsigned_abs())),
        key => {
            at.must_be_true();
            if key == "flush" { HandlerStep::Flush } else { HandlerStep::Abort }
        }
    })
}
