use std::time::Duration;

use crate::wire::{Length, Name, ResponseHead, media_type::is_event_stream};

/// How long bytes of an answer may wait in the process before they go out to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushInterval {
    /// Until a buffer is full or the body ends. Go: 0.
    Never,
    /// Not at all. Go: negative.
    Always,
    /// So long.
    Every(Duration),
}

/// The interval of one answer: event streams and bodies of unknown length go out at once, others as configured.
///
/// Go: `ReverseProxy.flushInterval`.
pub(super) fn flush_interval(
    head: &ResponseHead,
    length: Length,
    gunzip: bool,
    configured: FlushInterval,
) -> FlushInterval {
    let streams = head.headers.get(&Name::CONTENT_TYPE).is_some_and(is_event_stream);
    let unknown = gunzip || matches!(length, Length::Unknown | Length::UntilClose);
    if streams || unknown { FlushInterval::Always } else { configured }
}
