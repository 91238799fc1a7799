//! The simulator's answer to [`weir::world`]: machines in one process, on virtual time, over turmoil's network.

mod chop;
mod disk;
mod ends;
mod frames;
mod kernel;
mod mishap;
mod net;
mod process;
mod stream;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use weir::world::{Bug, Clock, Dice, Planted, Signal, Wall, World};

use self::ends::Ends;
pub use self::{disk::SimDisk, mishap::Mishaps};
use crate::history::History;

/// When every simulation begins: 2026-01-01T00:00:00Z.
pub const EPOCH: Wall = Wall(Duration::from_secs(1_767_225_600));

/// [`EPOCH`], as turmoil wants it.
pub(crate) fn epoch() -> SystemTime {
    UNIX_EPOCH + EPOCH.0
}

/// What all connections of a simulation have in common.
#[derive(Clone, Copy, Debug)]
pub struct Knobs {
    /// Bytes that may be on their way or unread in one direction of a connection.
    pub window: usize,
    /// Whether reads come short, writes are torn and both sometimes have to be asked twice.
    pub chop: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { window: 64 * 1024, chop: false }
    }
}

/// What the machines of a simulation share: the seed, the names, the bug.
#[derive(Debug)]
pub struct Cluster {
    seed: u64,
    knobs: Knobs,
    bug: Option<Bug>,
    names: Mutex<BTreeMap<String, Vec<IpAddr>>>,
    history: Option<Arc<History>>,
    /// The open ends of connections, by this end and the other.
    live: Mutex<BTreeMap<(SocketAddr, SocketAddr), Weak<Ends>>>,
    /// The machines without power.
    dark: Mutex<BTreeSet<IpAddr>>,
}

impl Cluster {
    /// A cluster without machines.
    pub fn new(seed: u64, knobs: Knobs, bug: Option<Bug>, history: Option<Arc<History>>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            knobs,
            bug,
            names: Mutex::default(),
            history,
            live: Mutex::default(),
            dark: Mutex::default(),
        })
    }

    /// Resets all connections between two machines, as a box on the way does that forgot them.
    pub fn tear(&self, one: IpAddr, other: IpAddr) {
        self.tear_those(|local, peer, _| (local, peer) == (one, other));
    }

    /// A machine loses its power: whatever is sent to it is lost.
    pub fn power_is_lost(&self, machine: IpAddr) {
        self.dark.lock().expect("nothing panics while it holds the list").insert(machine);
    }

    fn is_dark(&self, machine: IpAddr) -> bool {
        self.dark.lock().expect("nothing panics while it holds the list").contains(&machine)
    }

    /// A machine is up again that lost its power at `since`: it resets the connections on which it is sent again what was lost on
    /// the way. turmoil's TCP sends nothing again.
    pub fn power_returns(&self, machine: IpAddr, since: Duration) {
        self.dark.lock().expect("nothing panics while it holds the list").remove(&machine);
        self.tear_those(|_, peer, ends| peer == machine && ends.has_sent_since(since.saturating_sub(ON_THE_WAY)));
    }

    /// Resets one connection.
    fn tear_connection(&self, one: SocketAddr, other: SocketAddr) {
        for at in [(one, other), (other, one)] {
            let ends = self.live().get(&at).and_then(Weak::upgrade);
            ends.into_iter().for_each(|ends| ends.tear());
        }
    }

    fn tear_those(&self, which: impl Fn(IpAddr, IpAddr, &Ends) -> bool) {
        let live: Vec<_> = self.live().iter().filter_map(|(at, ends)| Some((*at, ends.upgrade()?))).collect();
        let torn = live.iter().filter(|((local, peer), ends)| which(local.ip(), peer.ip(), ends));
        torn.for_each(|(_, ends)| ends.tear());
    }

    /// Connections that one machine holds open to machines whose names begin so.
    pub fn open_between(&self, machine: &str, others: &str) -> usize {
        let names = self.names();
        let addresses = |belongs: &dyn Fn(&str) -> bool| -> Vec<IpAddr> {
            names.iter().filter(|(name, _)| belongs(name)).flat_map(|(_, addresses)| addresses).copied().collect()
        };
        let (here, there) = (addresses(&|name| name == machine), addresses(&|name| name.starts_with(others)));
        let live = self.live();
        live.keys().filter(|(local, peer)| here.contains(&local.ip()) && there.contains(&peer.ip())).count()
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<(SocketAddr, SocketAddr), Weak<Ends>>> {
        self.live.lock().expect("nothing panics while it holds the connections")
    }

    /// Makes a name resolve to these addresses, in this order.
    pub fn name(&self, name: &str, addresses: Vec<IpAddr>) {
        self.names().insert(name.to_owned(), addresses);
    }

    fn addresses_of(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.names().get(name).cloned()
    }

    fn has_address(&self, address: IpAddr) -> bool {
        self.names().values().any(|addresses| addresses.contains(&address))
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, Vec<IpAddr>>> {
        self.names.lock().expect("nothing panics while it holds the names")
    }
}

/// What was sent so shortly before a loss of power may have been on its way.
const ON_THE_WAY: Duration = Duration::from_millis(200);

/// What a process on a machine is told about itself.
#[derive(Clone, Debug)]
pub struct ProcessKnobs {
    /// How many workers a server starts when it is not told.
    pub workers: usize,
    /// The environment.
    pub env: BTreeMap<String, OsString>,
    /// What befalls its connections.
    pub mishaps: Mishaps,
}

impl Default for ProcessKnobs {
    fn default() -> Self {
        Self { workers: 1, env: BTreeMap::new(), mishaps: Mishaps::None }
    }
}

/// One simulated machine. It outlives the crashes of what runs on it.
pub struct Machine {
    me: Weak<Self>,
    name: String,
    address: IpAddr,
    cluster: Arc<Cluster>,
    process: ProcessKnobs,
    disk: SimDisk,
    signals: process::Listeners,
    /// How far the wall clock is off, in milliseconds.
    clock_off: AtomicI64,
    boots: AtomicU64,
    /// Its process was killed and is not started again yet; its kernel still answers.
    stopped: AtomicBool,
}

impl Machine {
    /// A machine whose name resolves to `address` from now on.
    pub fn new(cluster: &Arc<Cluster>, name: &str, address: IpAddr, process: ProcessKnobs) -> Arc<Self> {
        cluster.name(name, vec![address]);
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            name: name.to_owned(),
            address,
            cluster: Arc::clone(cluster),
            process,
            disk: SimDisk::default(),
            signals: process::Listeners::default(),
            clock_off: AtomicI64::new(0),
            boots: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        })
    }

    fn me(&self) -> Arc<Self> {
        self.me.upgrade().expect("whoever asks holds it")
    }

    /// The world as a process started on this machine sees it; every start draws its own dice. None while the machine is stopped.
    pub fn boot(&self) -> Option<World> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let boot = self.boots.fetch_add(1, Ordering::Relaxed);
        Some(World {
            clock: self.me(),
            dice: self.dice(&format!("boot {boot}")),
            net: self.me(),
            disk: Arc::new(self.disk.clone()),
            process: self.me(),
            planted: self.cluster.bug.map_or(Planted::none(), Planted::one),
        })
    }

    /// What its disk has not synced is lost, as the dice say.
    pub fn lose_power(&self) {
        self.disk.lose_power(&self.dice(&format!("power lost after boot {}", self.boots.load(Ordering::Relaxed))));
    }

    fn dice(&self, purpose: &str) -> Dice {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.cluster.seed.to_le_bytes());
        Dice::new(seed).split(&format!("{} {purpose}", self.name))
    }

    /// Its name in the cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Its disk.
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// From its next start on, nothing is started on it, or again all.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Relaxed);
    }

    /// Sends a signal to what runs on it.
    pub fn signal(&self, signal: Signal) {
        self.signals.tell(signal);
    }

    /// Puts its wall clock off by so many milliseconds; its monotonic clock goes on.
    pub fn put_clock_off(&self, milliseconds: i64) {
        self.clock_off.store(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for Machine {
    fn wall(&self) -> Wall {
        let elapsed = turmoil::sim_elapsed().unwrap_or(Duration::ZERO);
        let off = Duration::from_millis(self.clock_off.load(Ordering::Relaxed).unsigned_abs());
        let right = EPOCH.0 + elapsed;
        Wall(if self.clock_off.load(Ordering::Relaxed) < 0 { right.saturating_sub(off) } else { right + off })
    }

    fn now(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Machine({}, {})", self.name, self.address)
    }
}
