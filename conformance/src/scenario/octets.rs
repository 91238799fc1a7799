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
    /// `${ca}`: the authority of the tests in base64; empty when the subject is no aggregator.
    pub authority: String,
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
        let known = [&self.backend, self.backend_port(), &self.authority, &self.proxy, client];
        for (name, address) in PLACEHOLDERS.iter().zip(known) {
            text = text.replace(&format!("${{{name}}}"), address);
        }
        latin1::to_bytes(&text).expect("addresses are ASCII")
    }

    /// An API object as JSON, placeholders replaced; a port that stands alone is a number.
    pub fn object(&self, object: &serde_json::Value) -> Vec<u8> {
        let port = format!("${{{BACKEND_PORT}}}");
        self.fill(object.to_string().replace(&format!("\"{port}\""), &port).as_bytes())
    }

    fn backend_port(&self) -> &str {
        self.backend.rsplit_once(':').map_or("", |(_, port)| port)
    }

    /// Puts placeholders back in the place of addresses, the longer ones first.
    pub fn restore(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut put = |address: &str, name: &str| {
            if !address.is_empty() && text.contains(address) {
                text = text.replace(address, &format!("${{{name}}}"));
            }
        };
        put(&self.backend, BACKEND);
        put(&self.authority, AUTHORITY);
        put(&self.proxy, PROXY);
        for address in &self.client {
            put(address, CLIENT);
        }
        if self.authority.is_empty() { text } else { self.restore_port(&text) }
    }

    /// Puts the placeholder of the backend's port where it stands alone: an aggregator writes objects.
    fn restore_port(&self, text: &str) -> String {
        let alone = |text: &str| !text.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(self.backend_port()) {
            let ends = !before.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_') && alone(after);
            out.push_str(before);
            out.push_str(&if ends { format!("${{{BACKEND_PORT}}}") } else { self.backend_port().to_owned() });
            rest = after;
        }
        out + rest
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
const PLACEHOLDERS: [&str; 5] = [BACKEND, BACKEND_PORT, AUTHORITY, PROXY, CLIENT];

const BACKEND: &str = "backend.a";
const BACKEND_PORT: &str = "backend.a.port";
const AUTHORITY: &str = "ca";
const PROXY: &str = "proxy";
const CLIENT: &str = "client.ip";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_in_and_come_out_again() {
        let addresses = Addresses {
            proxy: "10.0.0.1:80".to_owned(),
            backend: "10.0.0.2:8080".to_owned(),
            authority: String::new(),
            client: vec!["10.0.0.2".to_owned(), "10.0.0.1".to_owned()],
        };
        let text = "a ${backend.a} ${proxy} ${client.ip} ${other}";
        let filled = addresses.fill(text.as_bytes());
        assert_eq!(filled, b"a 10.0.0.2:8080 10.0.0.1:80 10.0.0.2 ${other}");
        assert_eq!(addresses.restore(&latin1::to_text(&filled)), text);
        assert_eq!(addresses.restore("10.0.0.1"), "${client.ip}");
    }

    #[test]
    fn a_port_of_an_object_is_a_number_and_stands_alone() {
        let addresses = Addresses {
            proxy: "10.0.0.1:80".to_owned(),
            backend: "10.0.0.2:8080".to_owned(),
            authority: "Q0E=".to_owned(),
            client: vec!["10.0.0.2".to_owned()],
        };
        let object = serde_json::json!({"port": "${backend.a.port}", "ca": "${ca}", "ip": "${client.ip}"});
        assert_eq!(addresses.object(&object), br#"{"port":8080,"ca":"Q0E=","ip":"10.0.0.2"}"#);
        assert_eq!(addresses.restore("18080 8080, 8080x :8080"), "18080 ${backend.a.port}, 8080x :${backend.a.port}");
    }
}
