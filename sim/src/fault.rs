//! What befalls the cluster: plain data, drawn from the seed. Every fault brings its own end, so taking one away leaves nothing broken.

use std::{fmt, time::Duration};

use weir::world::Dice;

/// A fault, when it begins and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it begins.
    pub starts: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub what: What,
}

/// What befalls the cluster. Machines are named by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A link is slow: every message takes so long.
    Delay(String, String, Duration),
    /// A link carries nothing; what is sent arrives when that is over.
    Hold(String, String),
    /// A link carries nothing from the first to the second; what is sent arrives when that is over. The other way all is well.
    HoldOneWay(String, String),
    /// All connections between two machines are reset.
    Tear(String, String),
    /// A machine's process is killed, and started again at the end; connections are refused until then.
    Crash(String),
    /// A machine loses power, and starts again at the end: connections die in silence, unsynced bytes are lost.
    PowerLoss(String),
    /// A machine's process is asked to stop, and started again at the end.
    Stop(String),
    /// A machine's disk takes so many more writes and syncs, then none.
    DiskFails(String, u64),
    /// A machine's wall clock is off by so many milliseconds.
    ClockOff(String, i64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} for {:?}", self.what, self.lasts)
    }
}

/// Draws faults between these machines: first which kinds this run knows, then how many, then each.
pub fn draw(dice: &Dice, within: Duration, clients: &[String], proxy: &str, backends: &[String]) -> Vec<Fault> {
    let mut kinds = dice.split("kinds");
    let known: Vec<u64> = (0..KINDS).filter(|_| kinds.below(2) == 0).collect();
    if known.is_empty() {
        return Vec::new();
    }
    (0..dice.split("count").below(7))
        .map(|nth| {
            let mut dice = dice.split(&format!("fault {nth}"));
            let kind = known[dice.below(known.len() as u64) as usize];
            let starts = Duration::from_millis(dice.below(within.as_millis() as u64));
            let lasts = Duration::from_millis(1 + dice.below(1_500));
            let beside: Vec<&String> = clients.iter().chain(backends).collect();
            let other = beside[dice.below(beside.len() as u64) as usize].clone();
            let backend = backends[dice.below(backends.len() as u64) as usize].clone();
            let victim = if dice.below(3) == 0 { proxy.to_owned() } else { backend.clone() };
            let what = match kind {
                0 => What::Delay(proxy.to_owned(), other, Duration::from_millis(2 + dice.below(100))),
                1 => match dice.below(3) {
                    0 => What::Hold(proxy.to_owned(), other),
                    1 => What::HoldOneWay(proxy.to_owned(), other),
                    _ => What::HoldOneWay(other, proxy.to_owned()),
                },
                2 => What::Tear(proxy.to_owned(), other),
                3 => What::Crash(victim),
                4 => What::PowerLoss(victim),
                5 => What::Stop(proxy.to_owned()),
                _ => What::ClockOff(victim, dice.below(7_200_000) as i64 - 3_600_000),
            };
            Fault { starts, lasts, what }
        })
        .collect()
}

/// A backend loses its power for so long that everybody has to notice.
pub fn draw_dead_backend(dice: &Dice, backends: &[String]) -> Vec<Fault> {
    let mut dice = dice.clone();
    let victim = backends[dice.below(backends.len() as u64) as usize].clone();
    let starts = Duration::from_millis(200 + dice.below(1_500));
    vec![Fault { starts, lasts: DEAD_FOR, what: What::PowerLoss(victim) }]
}

/// The proxy is asked to stop, once or twice; nothing else happens.
pub fn draw_stops(dice: &Dice, within: Duration, proxy: &str) -> Vec<Fault> {
    let mut dice = dice.clone();
    let stop = |_| {
        let starts = Duration::from_millis(dice.below(within.as_millis() as u64));
        let lasts = Duration::from_millis(500 + dice.below(1_000));
        Fault { starts, lasts, what: What::Stop(proxy.to_owned()) }
    };
    (0..2).map(stop).collect()
}

/// Draws whether the disk of a machine fails within this time, in the middle of whatever it writes; then its power fails too.
pub fn draw_failing_disk(dice: &Dice, within: Duration, victim: &str) -> Vec<Fault> {
    let mut dice = dice.clone();
    if dice.below(3) > 0 {
        return Vec::new();
    }
    let starts = Duration::from_millis(dice.below(within.as_millis() as u64));
    let lasts = Duration::from_millis(1 + dice.below(1_000));
    let power = Duration::from_millis(1 + dice.below(300));
    vec![
        Fault { starts, lasts: lasts + power, what: What::DiskFails(victim.to_owned(), dice.below(12)) },
        Fault { starts: starts + lasts, lasts: power, what: What::PowerLoss(victim.to_owned()) },
    ]
}

const KINDS: u64 = 7;
/// So long that whoever waits for a backend to come back waits too long.
pub(crate) const DEAD_FOR: Duration = Duration::from_secs(16);
