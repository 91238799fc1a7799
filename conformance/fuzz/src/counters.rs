//! What the compiler counts for us: how often each edge of the fuzzed library was taken.
//!
//! `instrument` lets LLVM put a byte beside each edge; before `main` it tells us where these bytes lie. In a build without it there are
//! none, and every input looks the same.
#![expect(unsafe_code, reason = "counters are memory that the instrumented code writes behind the compiler's back")]

use std::sync::Mutex;

/// Start and number of the counters of each module that was instrumented.
static REGIONS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Told by each instrumented module when the program starts, perhaps more than once.
///
/// LLVM: `SanitizerCoverage`, `-sanitizer-coverage-inline-8bit-counters`.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    let region = (start.addr(), end.addr() - start.addr());
    if let Ok(mut regions) = REGIONS.lock()
        && region.1 > 0
        && !regions.contains(&region)
    {
        start.expose_provenance();
        regions.push(region);
    }
}

/// The counters of all modules, and what was seen of them so far.
pub(crate) struct Counters {
    regions: Vec<(usize, usize)>,
    /// For each counter, which magnitudes it has had.
    seen: Vec<u8>,
    edges: usize,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let regions = REGIONS.lock().map(|regions| regions.clone()).unwrap_or_default();
        let count = regions.iter().map(|(_, length)| length).sum();
        Self { regions, seen: vec![0; count], edges: 0 }
    }

    /// How many there are: none in a build that is not instrumented.
    pub(crate) fn count(&self) -> usize {
        self.seen.len()
    }

    /// How many edges were taken by any input so far.
    pub(crate) fn edges(&self) -> usize {
        self.edges
    }

    /// Sets all to zero.
    pub(crate) fn clear(&self) {
        for (start, length) in &self.regions {
            let start: *mut u8 = std::ptr::with_exposed_provenance_mut(*start);
            // SAFETY: the module told us that these bytes are its counters; it lives as long as the program, and no other thread counts.
            unsafe { start.write_bytes(0, *length) };
        }
    }

    /// Whether a counter has a magnitude that it never had.
    pub(crate) fn has_news(&mut self) -> bool {
        let mut news = false;
        let mut at = 0;
        for (start, length) in &self.regions {
            let start: *const u8 = std::ptr::with_exposed_provenance(*start);
            // SAFETY: as above; while we read nothing instrumented runs, so that nobody writes.
            let counts = unsafe { std::slice::from_raw_parts(start, *length) };
            for (counts, seen) in counts.chunks(64).zip(self.seen[at..at + length].chunks_mut(64)) {
                if counts.iter().fold(0, |any, count| any | count) == 0 {
                    continue;
                }
                for (count, seen) in counts.iter().zip(seen) {
                    let magnitude = magnitude(*count);
                    if magnitude & !*seen != 0 {
                        self.edges += usize::from(*seen == 0);
                        *seen |= magnitude;
                        news = true;
                    }
                }
            }
            at += length;
        }
        news
    }
}

/// One bit for each of 0 (none), 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, and more.
const fn magnitude(count: u8) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        128..=255 => 128,
    }
}
