//! The memory that a process takes.

use std::fs;

/// A process's memory, in bytes, as Linux counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In memory now.
    pub(crate) resident: u64,
    /// In memory at most, since the start.
    pub(crate) peak: u64,
}

impl Memory {
    /// The memory of a process that runs.
    pub(crate) fn of(process: u32) -> Self {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let kib = |name: &str| -> u64 {
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            number.unwrap_or_else(|| panic!("{path} has no {name}")) * 1024
        };
        Self { resident: kib("VmRSS"), peak: kib("VmHWM") }
    }
}
