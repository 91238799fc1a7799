//! The command line, parsed once.

mod file;
mod serve;

use std::{fmt, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::RangedU64ValueParser};

pub use self::{
    file::FlagFile,
    serve::{AggregationFlags, AuthorizationMode, FrontProxyFlags, ServeFlags, ServingFlags, UserFlags},
};
use super::{limits, parse_duration};

/// An aggregating API reverse proxy that answers as Go's does.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `weir` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve an API with aggregation: Kubernetes API machinery, APIServices, and the servers behind them
    #[command(after_help = SIGNALS)]
    Serve(Box<ServeFlags>),
    /// Forward everything to one backend, as Go's httputil.ReverseProxy does; upgrades (WebSocket, SPDY/3.1, ...) included
    #[command(after_help = SIGNALS)]
    ReverseProxy(ReverseProxyFlags),
}

/// The flags of `weir reverse-proxy`.
#[derive(Args, Debug)]
pub struct ReverseProxyFlags {
    /// Where to listen: IP:PORT (port 0 takes a free one), :PORT for every address, or unix:PATH
    #[arg(long, value_name = "ADDR")]
    pub listen: String,
    /// The backend; path and query go in front of those of each request.
    #[arg(
        long,
        value_name = "URL",
        help = "The backend: http://HOST[:PORT][/PATH][?QUERY] or https://...; \
                path and query go in front of those of each request"
    )]
    pub to: String,
    /// Serve TLS with this certificate chain (PEM); HTTP/2 is offered by ALPN
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file")]
    pub tls_cert_file: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    pub tls_private_key_file: Option<PathBuf>,
    /// Take WebSockets over HTTP/2 (RFC 8441) and make HTTP/1 upgrades of them
    #[arg(long)]
    pub http2_websockets: bool,
    /// How requests are rewritten: director keeps the client's Host and adds X-Forwarded-For; rewrite sends the backend's Host and sets
    /// X-Forwarded-For, -Host and -Proto itself
    #[arg(long, value_enum, default_value_t = Mode::Director)]
    pub mode: Mode,
    /// How long bytes of an answer of known length may wait before they are sent: 0 until a buffer is full, negative not at all
    #[arg(long, value_name = "DURATION", default_value = "0", allow_hyphen_values = true)]
    pub flush_interval: String,
    /// End a client's connection that takes nothing of its answer for so long; 0 waits without end
    #[arg(long, value_name = "DURATION", default_value = SEND_TIMEOUT, allow_hyphen_values = true)]
    pub send_timeout: String,
    /// Trust these CA certificates (PEM) of an https backend, instead of the public ones
    #[arg(long, value_name = "FILE")]
    pub to_ca_file: Option<PathBuf>,
    /// Do not verify the certificate of an https backend
    #[arg(long, conflicts_with = "to_ca_file")]
    pub to_insecure_skip_tls_verify: bool,
    /// Threads that serve, each with its own listener and connections to the backend; 0 is one per CPU, at most 1024
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = worker_count())]
    pub workers: usize,
}

/// What the help says of signals at its end; 60 s are [`limits::DRAIN_TIMEOUT`].
const SIGNALS: &str = "SIGTERM and SIGINT drain: what runs has 60 s to end. A second one cuts it off at once. \
                       The exit code is 0 in each case. SIGHUP reads certificates and authorities again.";

/// Reads `--workers`.
fn worker_count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(0..=limits::WORKERS_MAX)
}

/// The default of `--send-timeout`; the same as [`limits::SEND_TIMEOUT`].
const SEND_TIMEOUT: &str = "1m0s";

/// Reads `--send-timeout`: none if it is 0.
///
/// # Errors
/// It is no duration, or less than nothing.
pub fn send_timeout(text: &str) -> Result<Option<Duration>, BadFlag> {
    match parse_duration(text) {
        Ok(Some(timeout)) => Ok((!timeout.is_zero()).then_some(timeout)),
        Ok(None) => Err(BadFlag::new("send-timeout", text, "expected a duration of 0 or more")),
        Err(error) => Err(BadFlag::new("send-timeout", text, error)),
    }
}

/// How requests are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Go's NewSingleHostReverseProxy.
    Director,
    /// Go's Rewrite with SetURL and SetXForwarded.
    Rewrite,
}

/// A flag we cannot use; the process says so and exits with 2.
#[derive(Clone, Debug, thiserror::Error)]
#[error("--{flag}{value}: {reason}")]
pub struct BadFlag {
    flag: &'static str,
    /// With the sign in front of it; a flag without a value has neither.
    value: String,
    reason: String,
}

impl BadFlag {
    /// The flag, what was found, and what was expected.
    pub fn new(flag: &'static str, value: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self { flag, value: format!("={value}"), reason: reason.to_string() }
    }

    /// The same of a flag that takes no value.
    pub fn switch(flag: &'static str, reason: impl fmt::Display) -> Self {
        Self { flag, value: String::new(), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_says_the_numbers_that_hold() {
        let drain = format!("what runs has {} s to end", limits::DRAIN_TIMEOUT.as_secs());
        assert!(SIGNALS.contains(&drain));
    }

    #[test]
    fn a_send_timeout_is_a_time_or_none() {
        assert_eq!(send_timeout(SEND_TIMEOUT).unwrap(), Some(limits::SEND_TIMEOUT), "the default");
        assert_eq!(send_timeout("0").unwrap(), None);
        assert_eq!(
            send_timeout("-1s").unwrap_err().to_string(),
            "--send-timeout=-1s: expected a duration of 0 or more"
        );
    }
}
