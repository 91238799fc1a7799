//! What the kernel counted for a process.

use std::fs;

/// How long all threads of a process have been on a CPU, in nanoseconds.
pub(crate) fn cpu_nanoseconds(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the contender runs, on Linux");
    tasks.flatten().map(|task| fs::read_to_string(task.path().join("schedstat")).map_or(0, |text| number(&text))).sum()
}

/// The memory of a process that is in RAM, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the contender runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    number(line) * 1024
}

/// The first number of a line.
fn number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0)
}
