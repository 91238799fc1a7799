//! Traces: what was answered, both ends of every connection. `fixtures/README.md` describes the format.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap,
};

use crate::scenario::AwaitKind;

/// A trace file: the answers to a family of cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyTrace {
    /// What answered.
    pub recorder: RecorderVersion,
    /// Its answers, in the order of the cases.
    pub cases: Vec<CaseTrace>,
}

/// What answered when a trace was recorded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecorderVersion {
    /// The version of Go.
    pub go: String,
    /// The versions of the modules whose code answered.
    pub modules: BTreeMap<String, String>,
}

/// What happened in one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTrace {
    /// The last part of the case's id.
    pub name: String,
    /// The client's connections, in the order they were opened.
    pub client: Vec<ConnectionTrace>,
    /// The backend's connections, in the order they arrived.
    pub backend: Vec<ConnectionTrace>,
    /// What the scripted handler saw: lines, request by request.
    pub seen: Vec<Vec<String>>,
}

/// What came on one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionTrace {
    /// What the script's awaits read, in their order.
    pub awaited: Vec<Awaited>,
    /// What came and no await took.
    pub rest: Received,
    /// How the connection stood when all was over.
    pub end: End,
}

/// What one await read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The kind of the await.
    pub kind: AwaitKind,
    /// What it read.
    pub received: Received,
    /// That its time ran out before it had what it asked for.
    pub gave_up: bool,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Received {
    /// Bytes, as Latin-1 text.
    Bytes(String),
    /// Events of HTTP/2, a line each.
    Events(Vec<String>),
}

/// How a connection stood when all was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Neither side has ended it.
    Open,
    /// The subject has ended it.
    Fin,
    /// The subject has reset it.
    Rst,
    /// Our own script has closed it; what the subject did then is not observed.
    Closed,
}

/// Why a trace cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct TraceError {
    path: String,
    reason: TraceFault,
}

#[derive(Debug, thiserror::Error)]
enum TraceFault {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("not a trace: {0}")]
    Wrong(#[from] serde_json::Error),
}

impl FamilyTrace {
    /// Reads one file.
    ///
    /// # Errors
    /// The file cannot be read, or is not of the format.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let wrong = |reason| TraceError { path: path.display().to_string(), reason };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.into()))?;
        serde_json::from_str(&text).map_err(|error| wrong(error.into()))
    }
}

impl CaseTrace {
    /// The same with `change` applied to every text that was received.
    pub fn rewritten(mut self, change: impl Fn(&str) -> String) -> Self {
        for connection in self.client.iter_mut().chain(&mut self.backend) {
            connection.rest.rewrite(&change);
            connection.awaited.iter_mut().for_each(|awaited| awaited.received.rewrite(&change));
        }
        self.seen.iter_mut().flatten().for_each(|line| *line = change(line));
        self
    }
}

impl Received {
    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Bytes(text) => text.is_empty(),
            Self::Events(lines) => lines.is_empty(),
        }
    }

    fn rewrite(&mut self, change: impl Fn(&str) -> String) {
        match self {
            Self::Bytes(text) => *text = change(text),
            Self::Events(lines) => lines.iter_mut().for_each(|line| *line = change(line)),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Closed => "closed",
        })
    }
}

impl fmt::Display for RecorderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.go)?;
        self.modules.iter().try_for_each(|(module, version)| write!(f, ", {module} {version}"))
    }
}

/// `{KIND: WHAT}`, with `"gave_up": true` beside it when its time ran out.
impl Serialize for Awaited {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.kind.key(), &self.received)?;
        if self.gave_up {
            map.serialize_entry("gave_up", &true)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Awaited {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AwaitedVisitor)
    }
}

struct AwaitedVisitor;

impl<'de> Visitor<'de> for AwaitedVisitor {
    type Value = Awaited;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what an await read")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Awaited, A::Error> {
        let mut read = None;
        let mut gave_up = false;
        while let Some(key) = map.next_key::<String>()? {
            match AwaitKind::of_key(&key) {
                Some(kind) if read.is_none() => read = Some((kind, map.next_value()?)),
                Some(_) => return Err(A::Error::custom(format!("a second kind of await, {key:?}"))),
                None if key == "gave_up" => gave_up = map.next_value()?,
                None => return Err(A::Error::custom(format!("unknown kind of await {key:?}"))),
            }
        }
        let (kind, received) = read.ok_or_else(|| A::Error::custom("an await without its kind"))?;
        Ok(Awaited { kind, received, gave_up })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_written_as_it_was_read() {
        let text = r#"{"name":"a","client":[{"awaited":[{"head":"HTTP/1.1 200 OK\r\n\r\n"},{"quiet":"x","gave_up":true},{"stream":["DATA 1 \"a\""]}],"rest":[],"end":"fin"}],"backend":[],"seen":[["GET / HTTP/1.1"]]}"#;
        let case: CaseTrace = serde_json::from_str(text).unwrap();
        assert!(case.client[0].awaited[1].gave_up);
        assert_eq!(serde_json::to_string(&case).unwrap(), text);
    }

    #[test]
    fn an_await_of_an_unknown_kind_is_refused() {
        let error = serde_json::from_str::<Awaited>(r#"{"body":"x"}"#).unwrap_err().to_string();
        assert!(error.contains("unknown kind of await \"body\""), "{error}");
    }
}
