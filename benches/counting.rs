//! Counts what is asked of the heap by threads that are not the bench's own.
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one adds nothing but counters")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    backtrace::Backtrace,
    cell::Cell,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// The system's allocator, and counters of what is asked of it. A bench makes it its `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

/// This thread belongs to the bench: what it asks for is not counted.
pub fn count_me_out() {
    OUTSIDE.set(true);
}

/// Begins anew.
pub fn reset() {
    COUNTS.iter().for_each(|count| count.store(0, Relaxed));
}

/// How often memory was asked for since then: the n-th number is of at most 2^n bytes.
pub fn counts() -> Vec<u64> {
    COUNTS.iter().map(|count| count.load(Relaxed)).collect()
}

/// What is asked for while `work` runs: bytes, and the place.
pub fn places(work: impl FnOnce()) -> Vec<(usize, Backtrace)> {
    TELLS.store(true, Relaxed);
    work();
    TELLS.store(false, Relaxed);
    std::mem::take(&mut *PLACES.lock().expect("nobody panicked"))
}

thread_local! {
    /// That the thread belongs to the bench, or is telling of an allocation.
    static OUTSIDE: Cell<bool> = const { Cell::new(false) };
}

static COUNTS: [AtomicU64; 40] = [const { AtomicU64::new(0) }; 40];
static TELLS: AtomicBool = AtomicBool::new(false);
static PLACES: Mutex<Vec<(usize, Backtrace)>> = Mutex::new(Vec::new());

fn count(bytes: usize) {
    if OUTSIDE.get() {
        return;
    }
    let class = bytes.max(1).next_power_of_two().trailing_zeros() as usize;
    COUNTS[class].fetch_add(1, Relaxed);
    if TELLS.load(Relaxed) {
        OUTSIDE.set(true);
        if let Ok(mut places) = PLACES.lock() {
            places.push((bytes, Backtrace::force_capture()));
        }
        OUTSIDE.set(false);
    }
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps to the trait's rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}
