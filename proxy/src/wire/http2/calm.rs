use tokio::time::Instant;

use super::{Code, frame::Fault};

/// Whether the peer makes more work than it has done with the connection.
///
/// Go bounds the control frames that wait to be written; here those that come are counted, so that a peer that reads its answers cannot go
/// on for ever either. What the work that is done calls for is not counted: whoever reads bodies opens windows.
#[derive(Debug)]
pub(super) struct Calm {
    /// Frames that moved nothing forward.
    frames: Allowance,
    /// DATA of hardly any bytes.
    crumbs: Allowance,
    /// Bytes of bodies that went and are not accounted for by updates of windows.
    bytes_to_return: u32,
    /// Streams that came to nothing.
    wasted_streams: Allowance,
}

impl Calm {
    pub(super) fn new(wasted_streams_max: usize, crumbs_max: usize) -> Self {
        Self {
            frames: Allowance::new(FRAMES_MAX, FRAMES_PER_SECOND),
            crumbs: Allowance::new(crumbs_max, CRUMBS_PER_SECOND),
            bytes_to_return: 0,
            wasted_streams: Allowance::new(wasted_streams_max, WASTED_STREAMS_PER_SECOND),
        }
    }

    /// A frame came that moves nothing forward: PING, SETTINGS, PRIORITY, empty DATA, an unknown one, or one on a stream that is over
    /// (CVE-2019-9511, 9512, 9515, 9518).
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn idle_frame(&mut self, now: Instant) -> Result<(), Fault> {
        if self.frames.spend(now) { Ok(()) } else { Err(TOO_MANY_FRAMES) }
    }

    /// WINDOW_UPDATE came. It is of no use if there are more of them than the bytes that went can call for (CVE-2019-9511, 9517).
    ///
    /// # Errors
    /// There were too many frames of no use.
    pub(super) fn update(&mut self, now: Instant) -> Result<(), Fault> {
        match self.bytes_to_return.checked_sub(BYTES_PER_UPDATE) {
            Some(left) => {
                self.bytes_to_return = left;
                Ok(())
            }
            None => self.idle_frame(now),
        }
    }

    /// DATA went: frames are needed for it, however small it is. Windows that are small make it small in all honesty.
    pub(super) fn moved(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes.max(DATA_WORTH_MIN)).unwrap_or(BYTES_TO_RETURN_MAX);
        self.bytes_to_return = self.bytes_to_return.saturating_add(bytes).min(BYTES_TO_RETURN_MAX);
        self.frames.earn(FRAMES_PER_MESSAGE);
    }

    /// DATA went that the peer's window made smaller than it had to be: whoever opens windows byte by byte has a frame made for each, and
    /// earns nothing by it (CVE-2019-9511).
    pub(super) fn dribbled(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(BYTES_TO_RETURN_MAX);
        self.bytes_to_return = self.bytes_to_return.saturating_add(bytes).min(BYTES_TO_RETURN_MAX);
    }

    /// DATA came that holds hardly anything (CVE-2019-9511). False if there was too much of it.
    pub(super) fn crumb(&mut self, now: Instant) -> bool {
        self.crumbs.spend(now)
    }

    /// A request was begun for nothing: its client took it back, or broke the rules on it (CVE-2023-44487, CVE-2025-8671).
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn wasted_stream(&mut self, now: Instant) -> Result<(), Fault> {
        if self.wasted_streams.spend(now) { Ok(()) } else { Err(TOO_MANY_RESETS) }
    }

    /// The head of a request or of an answer went: an update of its window, a priority, or a reset may go with it.
    pub(super) fn said_head(&mut self) {
        self.frames.earn(FRAMES_PER_MESSAGE);
    }

    /// A request was answered.
    pub(super) fn answered_stream(&mut self) {
        self.wasted_streams.earn(1);
    }
}

/// How often something may still happen: so often at once, and so often a second.
#[derive(Debug)]
struct Allowance {
    left: usize,
    most: usize,
    per_second: u64,
    filled_at: Option<Instant>,
}

impl Allowance {
    fn new(most: usize, per_second: u64) -> Self {
        Self { left: most, most, per_second, filled_at: None }
    }

    /// It happened. False if that was too often.
    fn spend(&mut self, now: Instant) -> bool {
        let filled_at = *self.filled_at.get_or_insert(now);
        if self.left == 0 {
            let since = now.saturating_duration_since(filled_at).as_millis() as u64;
            let more = since.saturating_mul(self.per_second) / 1000;
            if more == 0 {
                return false;
            }
            self.left = usize::try_from(more).unwrap_or(self.most).min(self.most);
            self.filled_at = Some(now);
        }
        // Nothing is left where nothing was ever allowed.
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }

    /// It may happen so often more.
    fn earn(&mut self, times: usize) {
        self.left = self.left.saturating_add(times).min(self.most);
    }
}

const TOO_MANY_FRAMES: Fault = Fault::connection(Code::ENHANCE_YOUR_CALM, "too many frames of no use");
const TOO_MANY_RESETS: Fault = Fault::connection(Code::ENHANCE_YOUR_CALM, "too many streams of no use");

/// In a burst. Go: `maxQueuedControlFrames`.
const FRAMES_MAX: usize = 10_000;
const FRAMES_PER_SECOND: u64 = 1_000;
/// A message, or a piece of one: PING that measures its way (gRPC), a priority (browsers), updates of a new stream's window (curl).
const FRAMES_PER_MESSAGE: usize = 4;
/// More than a program makes that sends every character as it comes.
const CRUMBS_PER_SECOND: u64 = 10_000;
/// Go gives back 4 KiB or more at a time, before 1.20 whatever one read took, each time to two windows: that is 256 bytes read.
pub(super) const BYTES_PER_UPDATE: u32 = 128;
/// DATA is worth two updates of either window.
const DATA_WORTH_MIN: usize = 4 * BYTES_PER_UPDATE as usize;
/// What lies unread at the peer and is then read piece by piece: a million updates, 13 MiB, whatever was sent before.
const BYTES_TO_RETURN_MAX: u32 = 128 << 20;
/// For as long as it likes: whoever waits for a slow backend with timeouts gives up every request. nghttp2: 33.
const WASTED_STREAMS_PER_SECOND: u64 = 30;
