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
#[derive(Clone, Copy, Debug)]
pub(super) struct Outflow(i64);

/// A window grew beyond 2^31-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Outflow {
    pub(super) fn new(bytes: u32) -> Self {
        Self(i64::from(bytes))
    }

    /// How many bytes may be sent.
    pub(super) fn available(&self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// Bytes are sent.
    pub(super) fn take(&mut self, bytes: usize) {
        self.0 -= bytes as i64;
    }

    /// The window changes.
    pub(super) fn add(&mut self, bytes: i64) -> Result<(), TooLarge> {
        if self.0 + bytes > i64::from(WINDOW_MAX) {
            return Err(TooLarge);
        }
        self.0 += bytes;
        Ok(())
    }
}

pub(super) const WINDOW_MAX: u32 = (1 << 31) - 1;
/// Every window begins with this. RFC 9113 section 6.9.2.
pub(super) const WINDOW_DEFAULT: u32 = 65_535;
/// Go: `inflowMinRefresh`.
const REFRESH_BYTES_MIN: u32 = 4 << 10;
