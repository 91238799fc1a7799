use tokio::time::Instant;

use super::{Code, frame::Fault};

/// Whether the peer makes more work than it has done with the connection.
///
/// Go bounds the control frames that wait to be written; here those that come are counted, so that a peer that reads its answers cannot go
/// on for ever either.
#[derive(Debug)]
pub(super) struct Calm {
    /// Frames that moved nothing forward may still come.
    frames_left: u32,
    filled_at: Option<Instant>,
    /// Streams that came to nothing, less those that were answered.
    wasted_streams: usize,
    wasted_streams_max: usize,
}

impl Calm {
    pub(super) fn new(wasted_streams_max: usize) -> Self {
        Self { frames_left: FRAMES_MAX, filled_at: None, wasted_streams: 0, wasted_streams_max }
    }

    /// A frame came that moves nothing forward: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, an unknown one, or one on a stream
    /// that is over (CVE-2019-9511, 9512, 9515, 9517, 9518).
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn idle_frame(&mut self, now: Instant) -> Result<(), Fault> {
        if self.frames_left == 0 {
            let since = self.filled_at.map_or(0, |at| now.saturating_duration_since(at).as_millis() as u64);
            let more = since.saturating_mul(FRAMES_PER_SECOND) / 1000;
            self.fill(u32::try_from(more).unwrap_or(FRAMES_MAX), now);
        }
        self.filled_at.get_or_insert(now);
        self.frames_left = self.frames_left.checked_sub(1).ok_or(TOO_MANY_FRAMES)?;
        Ok(())
    }

    /// Bytes of a body went: some frames may be needed for them.
    pub(super) fn moved(&mut self) {
        self.frames_left = (self.frames_left + FRAMES_PER_DATA).min(FRAMES_MAX);
    }

    fn fill(&mut self, frames: u32, now: Instant) {
        if frames > 0 {
            self.frames_left = frames.min(FRAMES_MAX);
            self.filled_at = Some(now);
        }
    }

    /// A request was begun for nothing: its client took it back, or broke the rules on it (CVE-2023-44487, CVE-2025-8671).
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn wasted_stream(&mut self) -> Result<(), Fault> {
        self.wasted_streams += 1;
        if self.wasted_streams > self.wasted_streams_max { Err(TOO_MANY_RESETS) } else { Ok(()) }
    }

    /// A request was answered.
    pub(super) fn answered_stream(&mut self) {
        self.wasted_streams = self.wasted_streams.saturating_sub(1);
    }
}

const TOO_MANY_FRAMES: Fault = Fault::connection(Code::ENHANCE_YOUR_CALM, "too many frames of no use");
const TOO_MANY_RESETS: Fault = Fault::connection(Code::ENHANCE_YOUR_CALM, "too many streams of no use");

/// In a burst. Go: `maxQueuedControlFrames`.
const FRAMES_MAX: u32 = 10_000;
const FRAMES_PER_SECOND: u64 = 1_000;
/// A sender of bodies gets an update of two windows for each frame, or more of them where its own are cut.
const FRAMES_PER_DATA: u32 = 4;
