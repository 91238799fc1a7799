//! Frames of HTTP/2 that a script sends.

use std::fmt;

use weir::wire::http2::Code;

use super::{
    octets::{self, Octets},
    place::{Place, Value},
};
use crate::latin1;

/// A frame that a script sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The client's connection preface.
    Preface,
    /// PING.
    Ping,
    /// SETTINGS.
    Settings(Vec<(Setting, u32)>),
    /// HEADERS: one frame with END_HEADERS, its fields as literals in the order given.
    Headers {
        /// The stream.
        stream: u32,
        /// Names and values.
        fields: Vec<(Octets, Octets)>,
        /// END_STREAM.
        end_stream: bool,
    },
    /// DATA.
    Data {
        /// The stream.
        stream: u32,
        /// The payload.
        bytes: Octets,
        /// END_STREAM.
        end_stream: bool,
    },
    /// RST_STREAM.
    Reset {
        /// The stream.
        stream: u32,
        /// Why.
        code: Code,
    },
    /// GOAWAY.
    GoAway {
        /// The last stream that is looked at.
        last: u32,
        /// Why.
        code: Code,
    },
    /// WINDOW_UPDATE.
    Window {
        /// The stream; 0 is the connection.
        stream: u32,
        /// How many bytes more.
        add: u32,
    },
    /// Any bytes.
    Raw(Octets),
}

/// A setting of HTTP/2; its number is its place in the list below, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(pub u16);

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SETTINGS[usize::from(self.0) - 1].0)
    }
}

/// As a line of a transcript.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends = |end_stream: &bool| if *end_stream { " end_stream" } else { "" };
        match self {
            Self::Preface => f.write_str("preface"),
            Self::Ping => f.write_str("PING"),
            Self::Settings(settings) => {
                f.write_str("SETTINGS")?;
                settings.iter().try_for_each(|(setting, value)| write!(f, " {setting}={value}"))
            }
            Self::Headers { stream, fields, end_stream } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("[{}, {}]", quoted(name), quoted(value))).collect();
                write!(f, "HEADERS {stream} [{}]{}", fields.join(", "), ends(end_stream))
            }
            Self::Data { stream, bytes, end_stream } => {
                write!(f, "DATA {stream} {}{}", quoted(bytes), ends(end_stream))
            }
            Self::Reset { stream, code } => write!(f, "RST_STREAM {stream} {code}"),
            Self::GoAway { last, code } => write!(f, "GOAWAY {code}, last stream {last}"),
            Self::Window { stream, add } => write!(f, "WINDOW_UPDATE {stream} +{add}"),
            Self::Raw(bytes) => write!(f, "raw {}", quoted(bytes)),
        }
    }
}

fn quoted(octets: &Octets) -> String {
    latin1::quote(&latin1::to_text(&octets.plain()))
}

/// Reads the list of an http2 step.
pub(super) fn read(at: &Place<'_>) -> Vec<Frame> {
    at.items().iter().filter_map(read_one).collect()
}

fn read_one(at: &Place<'_>) -> Option<Frame> {
    if !matches!(at.value(), Value::Map(_)) {
        return Some(if at.word(&[("preface", true), ("ping", false)]) { Frame::Preface } else { Frame::Ping });
    }
    let entry = at.only(&["settings", "headers", "data", "rst", "goaway", "window", "raw"])?;
    let at = &entry.at;
    Some(match entry.key {
        "settings" => {
            let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
            let settings = at.entries(&names).into_iter().filter_map(|entry| {
                let number = SETTINGS.iter().find(|(name, _)| *name == entry.key)?.1;
                Some((Setting(number), entry.at.number(0..=i64::from(u32::MAX)) as u32))
            });
            Frame::Settings(settings.collect())
        }
        "headers" => {
            let (mut stream, mut fields, mut end_stream) = (0, Vec::new(), false);
            for entry in at.entries(&["stream", "fields", "end_stream"]) {
                match entry.key {
                    "stream" => stream = number(&entry.at),
                    "fields" => fields = entry.at.items().iter().filter_map(read_field).collect(),
                    _ => end_stream = entry.at.truth(),
                }
            }
            Frame::Headers { stream, fields, end_stream }
        }
        "data" => {
            let (mut stream, mut bytes, mut end_stream) = (0, Octets::default(), false);
            for entry in at.entries(&["stream", "bytes", "end_stream"]) {
                match entry.key {
                    "stream" => stream = number(&entry.at),
                    "bytes" => bytes = octets::read(&entry.at),
                    _ => end_stream = entry.at.truth(),
                }
            }
            Frame::Data { stream, bytes, end_stream }
        }
        "rst" => {
            let (stream, code) = both(at, "stream", "code");
            Frame::Reset { stream, code: Code(code) }
        }
        "goaway" => {
            let (last, code) = both(at, "last", "code");
            Frame::GoAway { last, code: Code(code) }
        }
        "window" => {
            let (stream, add) = both(at, "stream", "add");
            Frame::Window { stream, add }
        }
        _ => Frame::Raw(octets::read(at)),
    })
}

fn read_field(at: &Place<'_>) -> Option<(Octets, Octets)> {
    let [name, value] = at.pair("a list of name and value")?;
    Some((octets::read(&name), octets::read(&value)))
}

/// Reads a mapping that needs both of two numbers.
fn both(at: &Place<'_>, first: &str, second: &str) -> (u32, u32) {
    let entries = at.entries(&[first, second]);
    if entries.len() != 2 {
        at.wrong(&format!("both {first} and {second}"));
    }
    let value = |key: &str| entries.iter().find(|entry| entry.key == key).map_or(0, |entry| number(&entry.at));
    (value(first), value(second))
}

fn number(at: &Place<'_>) -> u32 {
    at.number(0..=STREAM_MAX) as u32
}

/// The largest number of a stream.
pub(super) const STREAM_MAX: i64 = (1 << 31) - 1;

const SETTINGS: [(&str, u16); 6] = [
    ("HEADER_TABLE_SIZE", 1),
    ("ENABLE_PUSH", 2),
    ("MAX_CONCURRENT_STREAMS", 3),
    ("INITIAL_WINDOW_SIZE", 4),
    ("MAX_FRAME_SIZE", 5),
    ("MAX_HEADER_LIST_SIZE", 6),
];
