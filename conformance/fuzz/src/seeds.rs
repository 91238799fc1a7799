//! What fuzzing begins with: the committed inputs, and what was recorded of Go.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use weir_conformance::{
    evidence::Evidence,
    scenario::{Addresses, Case, Frame, Octets, Step},
};

use crate::{findings, frames, script, targets::Target};

/// A longer one costs more than it tells.
const SEED_BYTES_MAX: usize = 8 << 10;

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The committed inputs of a target.
pub(crate) fn folder(target: &Target) -> PathBuf {
    root().join("fixtures/fuzz").join(target.name)
}

/// The committed inputs of a target, and those that the recorded scenarios and vectors make.
pub(crate) fn all(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let mut seeds: Vec<Vec<u8>> = findings::read(&folder(target))?.into_iter().map(|(_, input)| input).collect();
    let mut recorded: Vec<Vec<u8>> = match target.name {
        "path_and_query" => paths()?,
        name => cases()?.cases().flat_map(|(case, _)| of_case(name, case)).collect(),
    };
    recorded.retain(|seed| !seed.is_empty() && seed.len() <= SEED_BYTES_MAX);
    recorded.sort();
    recorded.dedup();
    seeds.append(&mut recorded);
    Ok(seeds)
}

fn cases() -> io::Result<&'static Evidence> {
    static EVIDENCE: OnceLock<Evidence> = OnceLock::new();
    if let Some(evidence) = EVIDENCE.get() {
        return Ok(evidence);
    }
    let evidence = Evidence::read(&root().join("fixtures")).map_err(io::Error::other)?;
    Ok(EVIDENCE.get_or_init(|| evidence))
}

/// The targets whose parsing was recorded.
fn paths() -> io::Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(root().join("fixtures/vectors/url.json"))?;
    let vectors: serde_json::Value = serde_json::from_str(&text)?;
    let mut found = Vec::new();
    strings(&vectors, &mut found);
    Ok(found)
}

fn strings(value: &serde_json::Value, found: &mut Vec<Vec<u8>>) {
    match value {
        serde_json::Value::String(text) => found.extend(weir_conformance::latin1::to_bytes(text).ok()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// The inputs that a case makes for a target.
fn of_case(target: &str, case: &Case) -> Vec<Vec<u8>> {
    let (client, backend) = (Side::of(&case.client), Side::of(&case.backend));
    let one = |side: &Side| side.plain.concat();
    match target {
        "request_head" => vec![one(&client)],
        "fields" => [&client, &backend].map(|side| fields(&one(side))).to_vec(),
        "chunked_body" => [&client, &backend].map(|side| chunks(&one(side))).into_iter().flatten().collect(),
        "http2_server" => vec![client.frames.concat()],
        "backend_answer" => backend.answers(),
        "end_to_end" => vec![script::join(&[client.told(), backend.told()])],
        _ => Vec::new(),
    }
}

/// What a script says.
struct Side {
    /// Bytes, step by step.
    plain: Vec<Vec<u8>>,
    /// Frames, step by step.
    frames: Vec<Vec<u8>>,
}

impl Side {
    fn of(steps: &[Step]) -> Self {
        let mut side = Self { plain: Vec::new(), frames: Vec::new() };
        for step in steps {
            match step {
                Step::Send(octets) => side.plain.push(filled(octets)),
                Step::Frames(frames) => side.frames.push(frames.iter().flat_map(told).collect()),
                Step::Fin | Step::HalfClose | Step::Rst => side.plain.push(b"END".to_vec()),
                _ => {}
            }
        }
        side
    }

    fn told(&self) -> Vec<u8> {
        match self.frames.is_empty() {
            true => script::join_pieces(&self.plain),
            false => [&b"h2"[..], &self.frames.join(frames::WORDS[0])].concat(),
        }
    }

    fn answers(&self) -> Vec<Vec<u8>> {
        let said = match self.frames.is_empty() {
            true => script::join_pieces(&self.plain),
            false => self.frames.join(frames::WORDS[0]),
        };
        let asked: &[u8] = if self.frames.is_empty() { b"GHPU" } else { b"ghp" };
        asked.iter().map(|asked| [&[*asked], &said[..]].concat()).collect()
    }
}

/// The lines between the first line and the empty one.
fn fields(message: &[u8]) -> Vec<u8> {
    let start = message.windows(2).position(|two| two == b"\r\n").map_or(message.len(), |at| at + 2);
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    message.get(start..end).unwrap_or_default().to_vec()
}

/// What stands behind a head that speaks of chunks.
fn chunks(message: &[u8]) -> Option<Vec<u8>> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&message[..end]).to_lowercase();
    head.contains("chunked").then(|| message[end + 4..].to_vec())
}

fn filled(octets: &Octets) -> Vec<u8> {
    if octets.pieces().iter().map(|piece| piece.bytes.len() * piece.times).sum::<usize>() > SEED_BYTES_MAX {
        return Vec::new();
    }
    octets.filled(&Addresses {
        proxy: "proxy.test:80".to_owned(),
        backend: "backend.test:80".to_owned(),
        authority: String::new(),
        client: vec!["192.0.2.1".to_owned()],
    })
}

fn told(frame: &Frame) -> Vec<u8> {
    let stream = |stream: &u32| *stream as u8;
    match frame {
        Frame::Preface | Frame::Raw(_) => Vec::new(),
        Frame::Ping => frames::told(6, 0, 0, &[0; 8]),
        Frame::Settings(settings) => {
            let payload: Vec<u8> = settings
                .iter()
                .flat_map(|(setting, value)| [&setting.0.to_be_bytes()[..], &value.to_be_bytes()].concat())
                .collect();
            frames::told(4, 0, 0, &payload)
        }
        Frame::Headers { stream: number, fields, end_stream } => {
            let mut block = Vec::new();
            for literal in fields {
                block.push(0);
                for part in [&literal.0, &literal.1].map(filled) {
                    block.push(part.len().min(126) as u8);
                    block.extend(&part[..part.len().min(126)]);
                }
            }
            frames::told(1, 4 | u8::from(*end_stream), stream(number), &block)
        }
        Frame::Data { stream: number, bytes, end_stream } => {
            frames::told(0, u8::from(*end_stream), stream(number), &filled(bytes))
        }
        Frame::Reset { stream: number, code } => frames::told(3, 0, stream(number), &code.0.to_be_bytes()),
        Frame::GoAway { last, code } => frames::told(7, 0, 0, &[last.to_be_bytes(), code.0.to_be_bytes()].concat()),
        Frame::Window { stream: number, add } => frames::told(8, 0, stream(number), &add.to_be_bytes()),
    }
}
