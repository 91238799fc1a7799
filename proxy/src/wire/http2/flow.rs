/// What the peer may send: the window it knows of, and what it has not been told yet.
///
/// Go: `net/http/h2_bundle.go` `inflow`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inflow {
    available: u32,
    untold: u32,
}

impl Inflow {
    pub(super) fn new(bytes: u32) -> Self {
        Self { available: bytes, untold: 0 }
    }

    /// Whether so many bytes fit.
    pub(super) fn has(&self, bytes: u32) -> bool {
        bytes <= self.available
    }

    /// Bytes came.
    pub(super) fn take(&mut self, bytes: u32) {
        self.available = self.available.saturating_sub(bytes);
    }

    /// Bytes were read. Gives by how much the window is to be opened, if that is worth a frame: 4 KiB, or twice the window.
    pub(super) fn give_back(&mut self, bytes: u32) -> Option<u32> {
        self.untold = self.untold.saturating_add(bytes);
        if self.untold == 0 || (self.untold < REFRESH_BYTES_MIN && self.untold < self.available) {
            return None;
        }
        let told = std::mem::take(&mut self.untold).min(WINDOW_MAX - self.available);
        self.available += told;
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
