//! What is set of a subject otherwise than Go's types have it by themselves: times, numbers and switches, each under its key.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use super::{
    octets::{self, Octets},
    place::Place,
    subject::MILLISECONDS_MAX,
};

/// What is set of a subject otherwise than Go's types have it by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    numbers: BTreeMap<&'static str, u32>,
    switches: BTreeSet<&'static str>,
    /// The URL of the proxy that leads to the backend.
    pub egress: Option<Octets>,
    /// Scheme, host and port in the place of the backend's.
    pub target: Option<Octets>,
}

impl Tuning {
    /// A time that is set, by its key; none where it is 0, as in Go.
    ///
    /// # Panics
    /// There is no such key.
    pub fn time(&self, key: &str) -> Option<Duration> {
        self.number(key).map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }

    /// A number that is set, by its key; none where it is 0, as in Go.
    ///
    /// # Panics
    /// There is no such key.
    pub fn number(&self, key: &str) -> Option<u32> {
        assert!(NUMBERS.contains(&key), "{key} is no key of a number");
        self.numbers.get(key).copied()
    }

    /// Whether something is switched on, by its key.
    ///
    /// # Panics
    /// There is no such key.
    pub fn is_on(&self, key: &str) -> bool {
        assert!(SWITCHES.contains(&key), "{key} is no key of a switch");
        self.switches.contains(key)
    }

    /// Reads one key of a subject, if it is one of these.
    pub(super) fn read(&mut self, key: &str, at: &Place<'_>) {
        if let Some(key) = NUMBERS.into_iter().find(|known| *known == key) {
            let max = if key.ends_with("_ms") { MILLISECONDS_MAX } else { 1 << 30 };
            match at.number(0..=max) as u32 {
                0 => self.numbers.remove(key),
                number => self.numbers.insert(key, number),
            };
        } else if let Some(key) = SWITCHES.into_iter().find(|known| *known == key) {
            if at.truth() {
                self.switches.insert(key);
            } else {
                self.switches.remove(key);
            }
        } else if key == "egress" {
            self.egress = Some(octets::read(at));
        } else {
            self.target = Some(octets::read(at));
        }
    }
}

impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, number) in &self.numbers {
            match key.strip_suffix("_ms") {
                Some(key) => write!(f, ", {key} {number} ms")?,
                None => write!(f, ", {key} {number}")?,
            }
        }
        self.switches.iter().try_for_each(|key| write!(f, ", {key}"))?;
        for (key, url) in [("egress", &self.egress), ("target", &self.target)] {
            if let Some(url) = url {
                write!(f, ", {key} {}", String::from_utf8_lossy(&url.plain()))?;
            }
        }
        Ok(())
    }
}

/// The keys of a subject that [`Tuning::read`] reads.
pub(super) fn keys() -> Vec<&'static str> {
    [&NUMBERS[..], &SWITCHES, &["egress", "target"]].concat()
}

const NUMBERS: [&str; 11] = [
    "read_header_timeout_ms",
    "read_timeout_ms",
    "idle_timeout_ms",
    "write_timeout_ms",
    "expect_continue_timeout_ms",
    "idle_connection_timeout_ms",
    "tls_handshake_timeout_ms",
    "max_response_header_bytes",
    "max_idle_per_host",
    "max_per_host",
    "max_bytes_per_second",
];

const SWITCHES: [&str; 8] = [
    "keep_alives_off",
    "disable_keep_alives",
    "upgrade_required",
    "wrap_transport",
    "use_request_location",
    "use_location_host",
    "append_location_path",
    "reject_redirects",
];
