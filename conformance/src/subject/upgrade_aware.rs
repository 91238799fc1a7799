//! The handler that knows upgrades, made anew for each request, its faults said as the API server says them.

use std::num::NonZeroU64;

use weir::{
    chain::Handler,
    forward::{FlushInterval, Transports, UpgradeAware, Wrapping},
    refusal::Refusal,
    upstream::Origin,
    wire::{Answer, Exchange, url::Url},
};

use crate::scenario::{Flush, Subject, Tuning};

/// The handler of a case.
#[derive(Debug)]
pub(super) struct RunningUpgradeAware {
    tuning: Tuning,
    flush: Option<FlushInterval>,
    location: Url,
    origin: Origin,
    transports: Transports,
}

impl RunningUpgradeAware {
    pub(super) fn new(subject: &Subject, location: Url, origin: Origin, transports: Transports) -> Self {
        let flush = (subject.flush != Flush::Never).then(|| super::flush_interval(subject.flush));
        Self { tuning: subject.tuning.clone(), flush, location, origin, transports }
    }
}

impl Handler for RunningUpgradeAware {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let is_on = |key| self.tuning.is_on(key);
        let default = UpgradeAware::new(&self.location, &self.origin, &self.transports);
        let handler = UpgradeAware {
            wrapping: if is_on("wrap_transport") { Wrapping::Rewritten } else { Wrapping::Bare },
            upgrade_required: is_on("upgrade_required"),
            use_request_location: is_on("use_request_location"),
            use_location_host: is_on("use_location_host"),
            append_location_path: is_on("append_location_path"),
            reject_forwarding_redirects: is_on("reject_redirects"),
            flush_interval: self.flush.unwrap_or(default.flush_interval),
            max_bytes_per_sec: self.tuning.number("max_bytes_per_second").and_then(|rate| NonZeroU64::new(rate.into())),
            ..default
        };
        Ok(handler.serve(exchange).await?)
    }
}
