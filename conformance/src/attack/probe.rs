//! What is tried, and what may become of it.

use std::time::Duration;

use serde::Deserialize;

use super::{
    Outcome,
    frames::{self, Frame},
    octets::Octets,
};

/// One attack.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its file.
    #[serde(skip)]
    class: String,
    /// What is tried, as a name.
    name: String,
    /// Who attacks.
    #[serde(default)]
    from: Sender,
    /// The attacker's bytes; those behind the first answer stand in `then`.
    #[serde(default)]
    send: Octets,
    /// What the attacker sends on HTTP/2.
    #[serde(default)]
    frames: Vec<Frame>,
    /// What a client sends when everything before has been answered or ignored.
    #[serde(default)]
    then: Octets,
    /// A backend attacks: what it was asked.
    request: Option<Octets>,
    /// How the proxy rewrites.
    #[serde(default)]
    mode: Rewriting,
    /// What the client speaks when a backend attacks.
    #[serde(default)]
    front: Speaks,
    /// What the backend says, when a client attacks.
    #[serde(default)]
    answer: Answer,
    /// A backend attacks: it closes the connection behind its bytes.
    #[serde(default)]
    closes: bool,
    /// Weir is not safe from it yet, and why.
    known: Option<String>,
    /// How long the client waits for something to come, where that is more than usual.
    patience_ms: Option<u64>,
    /// What may become of it.
    safe: Vec<Outcome>,
    /// How many whole requests may reach the backend.
    forwards: Option<usize>,
    /// What the next hop must not see: text, in lower case.
    #[serde(default)]
    never: Vec<String>,
    /// What the next hop must see when a whole message reaches it: text, in lower case.
    #[serde(default)]
    sees: Vec<String>,
}

/// Who attacks.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// The client; the backend is the next hop.
    #[default]
    Client,
    /// The backend; the client is the next hop.
    Backend,
}

/// How the proxy rewrites: as Go's ReverseProxy with one or the other.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Rewriting {
    /// Director: a query passes as it came.
    #[default]
    Director,
    /// Rewrite: a query is written anew from what was understood of it.
    Rewrite,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Speaks {
    /// HTTP/1.
    #[default]
    Http1,
    /// HTTP/2, over TLS.
    Http2,
}

/// What a backend that does not attack says.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its bytes; without any, a 200 with the target in it.
    pub(super) bytes: Option<Octets>,
    /// It is given as soon as the head is there.
    #[serde(default)]
    pub(super) early: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    probes: Vec<Probe>,
}

/// Reads a file of probes.
///
/// # Errors
/// It is not YAML of the right kind, or a probe says too little; the text says where.
pub(super) fn read(class: &str, text: &str) -> Result<Vec<Probe>, String> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mut probes = file.probes;
    for probe in &mut probes {
        class.clone_into(&mut probe.class);
        let wrong = |what: &str| Err(format!("{}: {what}", probe.name));
        if probe.safe.is_empty() {
            return wrong("found no safe outcome, expected at least one");
        }
        if probe.patience_ms.is_none() && probe.send.0.is_empty() == probe.frames.is_empty() {
            return wrong("found both or neither of send and frames, expected one");
        }
        if probe
            .never
            .iter()
            .chain(&probe.sees)
            .any(|text| text.chars().any(|character| character.is_ascii_uppercase()))
        {
            return wrong("found upper case in never or sees, expected lower case");
        }
    }
    let mut names: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("found two probes {}, expected different names", pair[0])),
        None => Ok(probes),
    }
}

impl Probe {
    /// `class/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.class, self.name)
    }

    /// The file that it stands in, without its ending.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Who attacks.
    pub fn from(&self) -> Sender {
        self.from
    }

    /// What the proxy speaks with the client.
    pub fn front(&self) -> Speaks {
        match self.from {
            Sender::Client if !self.frames.is_empty() => Speaks::Http2,
            Sender::Client => Speaks::Http1,
            Sender::Backend => self.front,
        }
    }

    /// What the proxy speaks with the backend.
    pub fn back(&self) -> Speaks {
        if self.from == Sender::Backend && !self.frames.is_empty() { Speaks::Http2 } else { Speaks::Http1 }
    }

    /// How the proxy rewrites.
    pub fn mode(&self) -> Rewriting {
        self.mode
    }

    /// What may become of it.
    pub fn safe(&self) -> &[Outcome] {
        &self.safe
    }

    /// Whether this outcome is safe.
    pub fn may(&self, outcome: Outcome) -> bool {
        self.safe.contains(&outcome)
    }

    /// How many whole requests may reach the backend.
    pub fn forwards_max(&self) -> usize {
        let some = |outcome: &Outcome| matches!(outcome, Outcome::Forward | Outcome::Tunnel);
        let one = self.from == Sender::Backend || self.safe.iter().any(some);
        self.forwards.unwrap_or(usize::from(one))
    }

    /// What the next hop must not see, in lower case.
    pub fn never(&self) -> &[String] {
        &self.never
    }

    /// What the next hop sees of a whole message, in lower case.
    pub fn sees(&self) -> &[String] {
        &self.sees
    }

    /// Why Weir is not safe from it yet.
    pub fn known(&self) -> Option<&str> {
        self.known.as_deref()
    }

    /// How long the client waits for something to come, where that is more than usual.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.patience_ms.map(Duration::from_millis)
    }

    /// What the client sends first.
    pub(super) fn client_bytes(&self) -> Vec<u8> {
        match (self.from, self.front) {
            (Sender::Client, _) if self.frames.is_empty() => self.send.0.clone(),
            (Sender::Client, _) => frames::of_client(&self.frames),
            (Sender::Backend, Speaks::Http1) => {
                self.request.as_ref().map_or_else(|| REQUEST.to_vec(), |request| request.0.clone())
            }
            (Sender::Backend, Speaks::Http2) => {
                let mut out = frames::of_client(&[]);
                out.extend(frames::headers(1, &asking(PATH), true));
                out
            }
        }
    }

    /// How many bytes the attacker sends.
    pub fn sends(&self) -> usize {
        match self.from {
            Sender::Client => self.client_bytes().len() + self.then.0.len(),
            Sender::Backend => self.backend_bytes().map_or(0, |bytes| bytes.len()),
        }
    }

    /// The method of the first request, as far as a word stands there.
    pub(super) fn method(&self) -> Vec<u8> {
        let bytes = self.client_bytes();
        bytes.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec()
    }

    /// What the client sends behind the first answer.
    pub(super) fn then(&self) -> &[u8] {
        &self.then.0
    }

    /// What the backend says to a request; none is a plain 200.
    pub(super) fn backend_bytes(&self) -> Option<Vec<u8>> {
        match self.from {
            Sender::Client => self.answer.bytes.as_ref().map(|bytes| bytes.0.clone()),
            Sender::Backend if self.frames.is_empty() => Some(self.send.0.clone()),
            Sender::Backend => Some(frames::of_server(&self.frames)),
        }
    }

    /// Whether the backend answers before it has the body.
    pub(super) fn answers_early(&self) -> bool {
        self.answer.early
    }

    /// Whether the backend closes behind its answer.
    pub(super) fn backend_closes(&self) -> bool {
        self.closes
    }
}

/// The fields of a GET on HTTP/2.
pub(super) fn asking(path: &str) -> [(&str, &str); 4] {
    [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", path)]
}

/// What a backend that attacks is asked.
pub(super) const PATH: &str = "/probe";

const REQUEST: &[u8] = b"GET /probe HTTP/1.1\r\nHost: h.test\r\n\r\n";
