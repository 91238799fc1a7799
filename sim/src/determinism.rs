//! Entropy and time of the C library, overridden inside a run so that the same seed gives the same run in every process.
//!
//! Dice and clocks of the world are deterministic already; this catches what does not ask the world: hash seeds of the standard library,
//! the TLS provider's key shares and nonces, instants that HTTP/2 keeps. The definitions below replace the C library's in this binary only.
//! Outside of [`Inside`], and on every other thread, they ask the kernel, as the C library does.
#![expect(
    unsafe_code,
    reason = "the C library's functions are replaced, and only raw system calls can stand in for them"
)]

use std::{cell::Cell, marker::PhantomData, rc::Rc, time::Duration};

/// This thread's entropy and time follow from a seed until it is dropped.
pub(crate) struct Inside(PhantomData<Rc<()>>);

impl Inside {
    pub(crate) fn enter(seed: u64) -> Self {
        ENTROPY.set(seed ^ 0x5eed_0f5e_ed0f_5eed);
        NOW.set(0);
        ON.set(true);
        Self(PhantomData)
    }

    /// How much simulated time has passed.
    pub(crate) fn set_now(&self, now: Duration) {
        NOW.set(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        ON.set(false);
    }
}

// Plain cells without destructors: these are read at any time, also while a thread begins and ends.
thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static ENTROPY: Cell<u64> = const { Cell::new(0) };
    /// Nanoseconds since the run began.
    static NOW: Cell<u64> = const { Cell::new(0) };
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod overrides {
    use std::{
        arch::asm,
        ffi::{c_int, c_long, c_uint, c_void},
    };

    use weir_sim::world::EPOCH;

    use super::{ENTROPY, NOW, ON};

    /// `getrandom(2)`: from the seed inside a run.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn getrandom(buf: *mut c_void, len: usize, flags: c_uint) -> isize {
        if ON.get() {
            // SAFETY: the caller gives `len` writable bytes at `buf`, by the contract of getrandom(2).
            unsafe { fill(buf.cast(), len) };
            return len.cast_signed();
        }
        // SAFETY: the same arguments, for the same system call.
        unsafe { call(libc::SYS_getrandom, [buf.addr(), len, flags as usize, 0, 0, 0]) as isize }
    }

    /// `getentropy(3)`: from the seed inside a run.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn getentropy(buf: *mut c_void, len: usize) -> c_int {
        if len > 256 {
            set_errno(libc::EIO);
            return -1;
        }
        // SAFETY: the caller gives `len` writable bytes at `buf`; so few are filled in one go.
        if unsafe { getrandom(buf, len, 0) } == len.cast_signed() { 0 } else { -1 }
    }

    /// `syscall(2)`: older randomness crates ask for getrandom through it.
    ///
    /// The C library's is variadic; integer arguments arrive in the same registers.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
        if number == libc::SYS_getrandom && ON.get() {
            // SAFETY: `a` is the caller's pointer to `b` writable bytes.
            unsafe { fill(std::ptr::with_exposed_provenance_mut(a), b) };
            return b as c_long;
        }
        // SAFETY: the same arguments, for the same system call.
        unsafe { call(number, [a, b, c, d, e, f]) }
    }

    /// `clock_gettime(2)`: simulated inside a run, for clocks that tell time of day or time passed.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, into: *mut libc::timespec) -> c_int {
        let begins = match clock {
            libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => EPOCH.0.as_nanos() as u64,
            libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_BOOTTIME => {
                UPTIME_NANOS
            }
            _ => 0,
        };
        if begins > 0 && ON.get() {
            let now = begins + NOW.get();
            let time = libc::timespec { tv_sec: (now / 1_000_000_000) as i64, tv_nsec: (now % 1_000_000_000) as i64 };
            // SAFETY: the caller gives a writable timespec.
            unsafe { into.write(time) };
            return 0;
        }
        // SAFETY: the same arguments, for the same system call.
        unsafe { call(libc::SYS_clock_gettime, [clock as usize, into.addr(), 0, 0, 0, 0]) as c_int }
    }

    /// # Safety
    ///
    /// `len` bytes at `buf` must be writable.
    unsafe fn fill(buf: *mut u8, len: usize) {
        for at in 0..len {
            // splitmix64, a step per byte: plenty for a pretence.
            let state = ENTROPY.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            ENTROPY.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            // SAFETY: `at` is below `len`.
            unsafe { buf.add(at).write((mixed >> 56) as u8) };
        }
    }

    /// A system call as the C library makes it: -1 and errno on failure.
    ///
    /// # Safety
    ///
    /// As for the system call itself.
    unsafe fn call(number: c_long, arguments: [usize; 6]) -> c_long {
        let [a, b, c, d, e, f] = arguments;
        let result: c_long;
        // SAFETY: the kernel's calling convention on x86-64; it overwrites rcx and r11, and may write memory.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") number => result,
                in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
                lateout("rcx") _, lateout("r11") _,
                options(nostack),
            );
        }
        if (-4095..0).contains(&result) {
            set_errno(-result as c_int);
            return -1;
        }
        result
    }

    fn set_errno(errno: c_int) {
        // SAFETY: the C library gives every thread an errno of its own.
        unsafe { libc::__errno_location().write(errno) };
    }

    /// The machine has been up for a while, so that instants an hour ago exist.
    const UPTIME_NANOS: u64 = 1_000_000 * 1_000_000_000;
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what is banned elsewhere is what is overridden here"
)]
mod tests {
    use std::{
        collections::HashSet,
        hash::{BuildHasher as _, RandomState},
        thread,
        time::{Instant, SystemTime, UNIX_EPOCH},
    };

    use rustls::crypto::ring::default_provider;
    use weir_sim::world::EPOCH;

    use super::*;

    /// What a fresh thread draws from everything that asks for entropy.
    fn drawn(seed: Option<u64>) -> (u64, [u8; 32], Vec<u8>) {
        let draw = move || {
            let _inside = seed.map(Inside::enter);
            let mut random = [0; 32];
            default_provider().secure_random.fill(&mut random).unwrap();
            let share = default_provider().kx_groups[0].start().unwrap();
            (RandomState::new().hash_one("key"), random, share.pub_key().to_vec())
        };
        thread::spawn(draw).join().unwrap()
    }

    #[test]
    fn inside_a_run_entropy_follows_from_the_seed() {
        assert_eq!(drawn(Some(1)), drawn(Some(1)));
        let (hash, random, share) = drawn(Some(1));
        let (other_hash, other_random, other_share) = drawn(Some(2));
        assert_ne!(hash, other_hash);
        assert_ne!(random, other_random);
        assert_ne!(share, other_share);
    }

    #[test]
    fn outside_of_a_run_entropy_is_the_kernels() {
        let all: HashSet<_> = (0..4).map(|_| drawn(None)).collect();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn inside_a_run_time_passes_only_as_it_is_told() {
        let run = Inside::enter(1);
        let (wall, instant) = (SystemTime::now(), Instant::now());
        assert_eq!(wall.duration_since(UNIX_EPOCH).unwrap(), EPOCH.0);
        assert_eq!(Instant::now(), instant);
        assert!(instant.checked_sub(Duration::from_secs(3_600)).is_some());
        run.set_now(Duration::from_millis(1_234));
        assert_eq!(SystemTime::now().duration_since(wall).unwrap(), Duration::from_millis(1_234));
        assert_eq!(instant.elapsed(), Duration::from_millis(1_234));
    }

    #[test]
    fn a_run_changes_nothing_for_other_threads_or_afterwards() {
        let real = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let before = real();
        let run = Inside::enter(1);
        assert_eq!(real(), EPOCH.0);
        let elsewhere = thread::spawn(real).join().unwrap();
        drop(run);
        assert!(before <= elsewhere && elsewhere <= real());
    }

    #[test]
    fn getentropy_refuses_more_than_the_kernel_does() {
        let mut bytes = [0_u8; 257];
        // SAFETY: 257 writable bytes.
        assert_eq!(unsafe { libc::getentropy(bytes.as_mut_ptr().cast(), 257) }, -1);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EIO));
        // SAFETY: as above.
        assert_eq!(unsafe { libc::getentropy(bytes.as_mut_ptr().cast(), 256) }, 0);
        assert!(bytes[..256].iter().any(|byte| *byte != 0));
    }

    #[test]
    fn a_system_call_that_fails_says_why() {
        // SAFETY: a file descriptor that cannot be open.
        assert_eq!(unsafe { libc::syscall(libc::SYS_close, -1_i64) }, -1);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EBADF));
    }
}
