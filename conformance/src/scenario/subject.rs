//! Who is asked.

use std::{fmt, time::Duration};

use super::{
    cast::{self, Staging},
    place::Place,
    tuning::{self, Tuning},
};

/// Who is asked: what stands between client and backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is; none only in a family's default.
    pub kind: Option<Kind>,
    /// What the client speaks.
    pub front: Protocol,
    /// What the backend speaks.
    pub back: Protocol,
    /// How requests are rewritten.
    pub mode: Mode,
    /// Path and query behind the backend's address in the target URL.
    pub base: String,
    /// When bytes of a body leave.
    pub flush: Flush,
    /// Of the server; none is Go's default, 1 MiB.
    pub header_bytes_max: Option<usize>,
    /// Whether the transport asks for gzip by itself.
    pub compression: bool,
    /// How long the transport waits for a response's head; none is for ever.
    pub response_header_timeout: Option<Duration>,
    /// Whether the backend is there.
    pub backend: Backend,
    /// What is done with answers on their way back.
    pub modify: Modify,
    /// What a client is told when its request failed.
    pub on_error: OnError,
    /// Whose certificates are believed of the backend.
    pub trust: Trusting,
    /// What else is set.
    pub tuning: Tuning,
    /// Of an aggregator: what it is told beside its cast.
    pub staging: Staging,
}

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `http.Server` with the scripted handler.
    Server,
    /// `httputil.ReverseProxy` behind `http.Server`.
    ReverseProxy,
    /// `proxy.UpgradeAwareHandler` of k8s.io/apimachinery behind `http.Server`.
    UpgradeAware,
    /// The whole kube-aggregator.
    Aggregator,
}

/// What one side of the subject speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1, plain.
    Http1,
    /// HTTP/1 over TLS.
    Http1Tls,
    /// HTTP/2 over TLS, by ALPN.
    Http2,
}

/// How requests are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// NewSingleHostReverseProxy.
    Director,
    /// SetURL and SetXForwarded.
    Rewrite,
    /// SetURL only.
    RewriteMin,
    /// SetURL, Out.Host = In.Host, inbound X-Forwarded-For copied, SetXForwarded, raw query copied back.
    RewriteKeep,
    /// NewSingleHostReverseProxy; X-Forwarded-For is set to nil.
    DirectorNilForwarded,
    /// NewSingleHostReverseProxy; `X-Added: rule` is set.
    DirectorAdds,
    /// NewSingleHostReverseProxy; ParseForm is called.
    DirectorParsesForm,
    /// NewSingleHostReverseProxy; X-Added is set to a value that no field may have.
    DirectorBadValue,
    /// SetURL; `X-Added: rule` is set.
    RewriteAdds,
    /// Out is replaced: `PUT /replaced?own=1` to the host `replaced.test`, with the field X-Replaced alone.
    RewriteReplaces,
}

/// What is done with answers on their way back. Go: `ModifyResponse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modify {
    /// Nothing.
    Nothing,
    /// 200 becomes 202, `X-Edited: yes` is set, X-Secret is taken away.
    Edit,
    /// It fails.
    Fail,
}

/// What a client is told when its request failed. Go: `ErrorHandler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// 502 without a word.
    Default,
    /// 502 with the words of the error.
    Words,
}

/// Whose certificates are believed of the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusting {
    /// Those of the tests' authority.
    All,
    /// Nobody's.
    Nobody,
    /// Those for another name than the backend has.
    AnotherName,
}

/// When bytes of a body leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// When buffers are full, and at the end.
    Never,
    /// Behind each write.
    Always,
    /// So long behind a write, at the latest.
    After(Duration),
}

/// Whether the backend is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// It listens.
    Up,
    /// Nothing listens at its address.
    Refused,
}

impl Default for Subject {
    fn default() -> Self {
        Self {
            kind: None,
            front: Protocol::Http1,
            back: Protocol::Http1,
            mode: Mode::Director,
            base: String::new(),
            flush: Flush::Never,
            header_bytes_max: None,
            compression: true,
            response_header_timeout: None,
            backend: Backend::Up,
            modify: Modify::Nothing,
            on_error: OnError::Default,
            trust: Trusting::All,
            tuning: Tuning::default(),
            staging: Staging::default(),
        }
    }
}

impl Subject {
    /// Whether it forwards to a backend, be that up or not.
    pub fn has_backend(&self) -> bool {
        matches!(self.kind, Some(Kind::ReverseProxy | Kind::UpgradeAware | Kind::Aggregator))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.map_or("no kind", |kind| word_of(KINDS, kind)))?;
        let default = Self::default();
        if self.front != default.front {
            write!(f, ", front {}", word_of(PROTOCOLS, self.front))?;
        }
        if self.back != default.back {
            write!(f, ", back {}", word_of(PROTOCOLS, self.back))?;
        }
        if self.mode != default.mode {
            write!(f, ", mode {}", word_of(MODES, self.mode))?;
        }
        if self.base != default.base {
            write!(f, ", base {}", self.base)?;
        }
        match self.flush {
            Flush::Never => {}
            Flush::Always => f.write_str(", flush at once")?,
            Flush::After(interval) => write!(f, ", flush after {} ms", interval.as_millis())?,
        }
        if let Some(bytes) = self.header_bytes_max {
            write!(f, ", max_header_bytes {bytes}")?;
        }
        if !self.compression {
            f.write_str(", no compression")?;
        }
        if let Some(timeout) = self.response_header_timeout {
            write!(f, ", response_header_timeout {} ms", timeout.as_millis())?;
        }
        if self.backend == Backend::Refused {
            f.write_str(", backend refused")?;
        }
        if self.modify != default.modify {
            write!(f, ", modify_response {}", word_of(MODIFIES, self.modify))?;
        }
        if self.on_error != default.on_error {
            write!(f, ", error_handler {}", word_of(ON_ERRORS, self.on_error))?;
        }
        if self.trust != default.trust {
            write!(f, ", trust {}", word_of(TRUSTS, self.trust))?;
        }
        self.tuning.fmt(f)?;
        self.staging.fmt(f)
    }
}

/// Reads a subject laid over another, key by key.
pub(super) fn read(at: &Place<'_>, mut subject: Subject) -> Subject {
    let own = [
        "kind",
        "front",
        "back",
        "mode",
        "base",
        "flush_interval_ms",
        "max_header_bytes",
        "disable_compression",
        "response_header_timeout_ms",
        "backend",
        "modify_response",
        "error_handler",
        "trust",
    ];
    let tuned = tuning::keys();
    for entry in at.entries(&[own.as_slice(), &cast::KEYS, &tuned].concat()) {
        let at = &entry.at;
        match entry.key {
            key if cast::KEYS.contains(&key) => subject.staging.read(key, at),
            key if tuned.contains(&key) => subject.tuning.read(key, at),
            "kind" => subject.kind = Some(at.word(KINDS)),
            "front" => subject.front = at.word(PROTOCOLS),
            "back" => subject.back = at.word(PROTOCOLS),
            "mode" => subject.mode = at.word(MODES),
            "base" => subject.base = at.text().to_owned(),
            "flush_interval_ms" => {
                subject.flush = match at.number(-1..=MILLISECONDS_MAX) {
                    0 => Flush::Never,
                    interval => u64::try_from(interval)
                        .map_or(Flush::Always, |interval| Flush::After(Duration::from_millis(interval))),
                }
            }
            "max_header_bytes" => {
                subject.header_bytes_max = usize::try_from(at.number(0..=1 << 30)).ok().filter(|bytes| *bytes > 0);
            }
            "disable_compression" => subject.compression = !at.truth(),
            "response_header_timeout_ms" => {
                let timeout = at.number(0..=MILLISECONDS_MAX).unsigned_abs();
                subject.response_header_timeout = (timeout > 0).then(|| Duration::from_millis(timeout));
            }
            "modify_response" => subject.modify = at.word(MODIFIES),
            "error_handler" => subject.on_error = at.word(ON_ERRORS),
            "trust" => subject.trust = at.word(TRUSTS),
            _ => subject.backend = at.word(&[("up", Backend::Up), ("refused", Backend::Refused)]),
        }
    }
    subject
}

pub(super) fn word_of<T: PartialEq>(words: &[(&'static str, T)], meaning: T) -> &'static str {
    words.iter().find(|(_, other)| *other == meaning).map_or("?", |(word, _)| word)
}

/// The longest time that a scenario may name.
pub(super) const MILLISECONDS_MAX: i64 = 60_000;

const KINDS: &[(&str, Kind)] = &[
    ("server", Kind::Server),
    ("reverse-proxy", Kind::ReverseProxy),
    ("upgrade-aware", Kind::UpgradeAware),
    ("aggregator", Kind::Aggregator),
];
const PROTOCOLS: &[(&str, Protocol)] =
    &[("http1", Protocol::Http1), ("http1-tls", Protocol::Http1Tls), ("http2", Protocol::Http2)];
const MODES: &[(&str, Mode)] = &[
    ("director", Mode::Director),
    ("rewrite", Mode::Rewrite),
    ("rewrite-min", Mode::RewriteMin),
    ("rewrite-keep", Mode::RewriteKeep),
    ("director-nil-forwarded", Mode::DirectorNilForwarded),
    ("director-adds", Mode::DirectorAdds),
    ("director-parses-form", Mode::DirectorParsesForm),
    ("director-bad-value", Mode::DirectorBadValue),
    ("rewrite-adds", Mode::RewriteAdds),
    ("rewrite-replaces", Mode::RewriteReplaces),
];
const MODIFIES: &[(&str, Modify)] = &[("none", Modify::Nothing), ("edit", Modify::Edit), ("fail", Modify::Fail)];
const ON_ERRORS: &[(&str, OnError)] = &[("default", OnError::Default), ("words", OnError::Words)];
const TRUSTS: &[(&str, Trusting)] =
    &[("all", Trusting::All), ("nobody", Trusting::Nobody), ("another-name", Trusting::AnotherName)];
