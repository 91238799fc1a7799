/// What the peer may send: the window it knows of, and what it has not been told yet.
///
/// Go: `net/http/h2_bundle.go` `inflow`.
///
/// It falls below zero when it is made smaller than what has come and was not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inflow {
    /// What it was opened to in all.
    whole: u32,
    available: i64,
    untold: u32,
}

impl Inflow {
    pub(super) fn new(bytes: u32) -> Self {
        Self { whole: bytes, available: i64::from(bytes), untold: 0 }
    }

    /// Whether so many bytes fit.
    pub(super) fn has(&self, bytes: u32) -> bool {
        bytes == 0 || i64::from(bytes) <= self.available
    }

    /// Bytes came.
    pub(super) fn take(&mut self, bytes: u32) {
        self.available -= i64::from(bytes);
    }

    /// What came and was not read.
    pub(super) fn held(&self) -> u32 {
        let held = i64::from(self.whole) - self.available - i64::from(self.untold);
        u32::try_from(held).unwrap_or(0)
    }

    /// Opens the window further. Gives by how much: there is a largest one.
    pub(super) fn grow(&mut self, bytes: u32) -> u32 {
        let more = bytes.min(WINDOW_MAX - self.whole);
        self.whole += more;
        self.available += i64::from(more);
        more
    }

    /// Makes the window smaller.
    pub(super) fn shrink(&mut self, bytes: u32) {
        self.whole = self.whole.saturating_sub(bytes);
        self.available -= i64::from(bytes);
    }

    /// Bytes were read. Gives by how much the window is to be opened, if that is worth a frame: 4 KiB, or twice the window.
    pub(super) fn give_back(&mut self, bytes: u32) -> Option<u32> {
        self.untold = self.untold.saturating_add(bytes);
        if self.untold == 0 || (self.untold < REFRESH_BYTES_MIN && i64::from(self.untold) < self.available) {
            return None;
        }
        let told = std::mem::take(&mut self.untold);
        self.available += i64::from(told);
        Some(told)
    }
}

/// What we may send. It falls below zero when the peer makes its windows smaller. Go: `outflow`.
///
/// A few bytes of a window that was larger are not used for a piece of what waits: a reader that gives back what it reads, piece by piece,
/// would give back as few, and get its body in single bytes for ever (RFC 9293 section 3.8.6.2.1; peers over the `h2` crate do). It gives
/// more back as it reads on; whoever waits for these bytes first gets them a moment later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outflow {
    available: i64,
    /// Less is not used.
    useful: i64,
    /// It is used all the same, once.
    is_let_go: bool,
}

/// A window grew beyond 2^31-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Outflow {
    pub(super) fn new(bytes: u32) -> Self {
        Self { available: i64::from(bytes), useful: useful(i64::from(bytes)), is_let_go: false }
    }

    /// How many of so many bytes are to be sent now.
    pub(super) fn room(&self, bytes: usize) -> usize {
        let room = bytes.min(usize::try_from(self.available).unwrap_or(0));
        if room < bytes && self.available < self.useful && !self.is_let_go { 0 } else { room }
    }

    /// Whether of so many bytes some could be sent, and none are to be.
    pub(super) fn holds_back(&self, bytes: usize) -> bool {
        bytes > 0 && self.available > 0 && self.room(bytes) == 0
    }

    /// What is held back is to be sent.
    pub(super) fn let_go(&mut self) {
        self.is_let_go = true;
    }

    /// Bytes are sent.
    pub(super) fn take(&mut self, bytes: usize) {
        self.available -= bytes as i64;
        self.is_let_go = false;
    }

    /// The peer begins its windows with so much now.
    pub(super) fn begins_with(&mut self, bytes: u32) {
        self.useful = useful(i64::from(bytes));
    }

    /// The window changes.
    pub(super) fn add(&mut self, bytes: i64) -> Result<(), TooLarge> {
        if self.available + bytes > i64::from(WINDOW_MAX) {
            return Err(TooLarge);
        }
        self.available += bytes;
        self.useful = self.useful.max(useful(self.available));
        Ok(())
    }
}

/// Of a window that never was a large one every half is of use.
fn useful(bytes: i64) -> i64 {
    (bytes / 2).clamp(1, USEFUL_BYTES)
}

pub(super) const WINDOW_MAX: u32 = (1 << 31) - 1;
/// Every window begins with this. RFC 9113 section 6.9.2.
pub(super) const WINDOW_DEFAULT: u32 = 65_535;
/// The head of a frame and the update that calls for it are a fortieth of this.
const USEFUL_BYTES: i64 = 1 << 10;
/// Go: `inflowMinRefresh`.
const REFRESH_BYTES_MIN: u32 = 4 << 10;
