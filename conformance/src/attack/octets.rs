//! Bytes of a probe, as its file has them.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::latin1;

/// Bytes: a string in which a character up to U+00FF stands for the byte of that number, or a list of such strings and repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Octets(pub(super) Vec<u8>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Many(Vec<Piece>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Repeated { repeat: String, times: usize },
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = |text: &str| latin1::to_bytes(text).map_err(D::Error::custom);
        let pieces = match Written::deserialize(deserializer)? {
            Written::One(text) => return bytes(&text).map(Self),
            Written::Many(pieces) => pieces,
        };
        let mut all = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => all.extend(bytes(&text)?),
                Piece::Repeated { times, .. } if times > TIMES_MAX => {
                    return Err(D::Error::custom(format!("times: found {times}, expected at most {TIMES_MAX}")));
                }
                Piece::Repeated { repeat, times } => all.extend(bytes(&repeat)?.repeat(times)),
            }
        }
        Ok(Self(all))
    }
}

/// A slip of the pen must not fill the memory.
const TIMES_MAX: usize = 1 << 24;
