//! Bytes as a script writes them: pieces, some of them repeated, with placeholders for addresses.

use super::place::{Place, Value};
use crate::latin1;

/// Bytes as a script writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets(Vec<Piece>);

/// A row of bytes, so many times in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes, placeholders not replaced.
    pub bytes: Vec<u8>,
    /// How often they stand there.
    pub times: usize,
}

/// What the placeholders of a scenario stand for while a case is played.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `${proxy}`: host:port of the subject.
    pub proxy: String,
    /// `${backend.a}`: host:port of the backend; empty when the subject has none.
    pub backend: String,
    /// `${client.ip}`: where the client comes from, then every other address without a port that stands for the same in a recording.
    pub client: Vec<String>,
}

impl Octets {
    /// The pieces in their order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// All bytes, placeholders not replaced.
    pub fn plain(&self) -> Vec<u8> {
        self.0.iter().flat_map(|piece| std::iter::repeat_n(&piece.bytes, piece.times)).flatten().copied().collect()
    }

    /// All bytes, placeholders replaced.
    pub fn filled(&self, addresses: &Addresses) -> Vec<u8> {
        addresses.fill(&self.plain())
    }
}

impl From<Vec<u8>> for Octets {
    fn from(bytes: Vec<u8>) -> Self {
        Self(vec![Piece { bytes, times: 1 }])
    }
}

impl Addresses {
    /// Puts addresses in the place of placeholders.
    pub fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = latin1::to_text(bytes);
        let client = self.client.first().map_or("", String::as_str);
        for (name, address) in PLACEHOLDERS.iter().zip([&self.backend, &self.proxy, client]) {
            text = text.replace(&format!("${{{name}}}"), address);
        }
        latin1::to_bytes(&text).expect("addresses are ASCII")
    }

    /// Puts placeholders back in the place of addresses, the longer ones first.
    pub fn restore(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let known = [(&self.backend, PLACEHOLDERS[0]), (&self.proxy, PLACEHOLDERS[1])];
        let clients = self.client.iter().map(|address| (address, PLACEHOLDERS[2]));
        for (address, name) in known.into_iter().chain(clients) {
            if !address.is_empty() && text.contains(address.as_str()) {
                text = text.replace(address.as_str(), &format!("${{{name}}}"));
            }
        }
        text
    }
}

/// Reads a string, or a list of strings and repetitions.
pub(super) fn read(at: &Place<'_>) -> Octets {
    if !matches!(at.value(), Value::List(_)) {
        return Octets(vec![Piece { bytes: plain(at), times: 1 }]);
    }
    let pieces = at.items().into_iter().map(|item| {
        if !matches!(item.value(), Value::Map(_)) {
            return Piece { bytes: plain(&item), times: 1 };
        }
        let (mut bytes, mut times) = (None, None);
        for entry in item.entries(&["repeat", "times"]) {
            match entry.key {
                "repeat" => bytes = Some(plain(&entry.at)),
                _ => times = usize::try_from(entry.at.number(0..=1 << 24)).ok(),
            }
        }
        match (bytes, times) {
            (Some(bytes), Some(times)) => Piece { bytes, times },
            _ => {
                item.wrong("both repeat and times");
                Piece { bytes: Vec::new(), times: 0 }
            }
        }
    });
    Octets(pieces.collect())
}

/// Reads one string.
fn plain(at: &Place<'_>) -> Vec<u8> {
    let text = at.text();
    if text.contains("127.0.0.1") {
        at.wrong("${client.ip} instead of 127.0.0.1");
    }
    for name in text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name) {
        if looks_like_a_placeholder(name) && !PLACEHOLDERS.contains(&name) {
            at.wrong(&format!("a placeholder among {}", PLACEHOLDERS.join(", ")));
        }
    }
    latin1::to_bytes(text).unwrap_or_else(|error| {
        at.wrong(&format!("characters up to U+00FF ({error})"));
        Vec::new()
    })
}

fn looks_like_a_placeholder(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '.')
}

/// The names that may stand in `${NAME}`, the address with the most in it first.
const PLACEHOLDERS: [&str; 3] = ["backend.a", "proxy", "client.ip"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_in_and_come_out_again() {
        let addresses = Addresses {
            proxy: "10.0.0.1:80".to_owned(),
            backend: "10.0.0.2:8080".to_owned(),
            client: vec!["10.0.0.2".to_owned(), "10.0.0.1".to_owned()],
        };
        let text = "a ${backend.a} ${proxy} ${client.ip} ${other}";
        let filled = addresses.fill(text.as_bytes());
        assert_eq!(filled, b"a 10.0.0.2:8080 10.0.0.1:80 10.0.0.2 ${other}");
        assert_eq!(addresses.restore(&latin1::to_text(&filled)), text);
        assert_eq!(addresses.restore("10.0.0.1"), "${client.ip}");
    }
}
