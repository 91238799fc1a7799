//! Everything outside the process, as one value: clock, dice, net, disk, process.
//!
//! Two answers exist: [`real`] here, and the simulator's. Nothing else may ask the operating system.

mod clock;
mod dice;
mod disk;
mod net;
mod planted;
#[cfg(test)]
pub(crate) mod pretend;
mod process;
pub mod real;
mod stop;

use std::{pin::Pin, sync::Arc};

pub use self::{
    clock::{Clock, Wall},
    dice::Dice,
    disk::{BlockFile, Disk, Lock, Mode, folder_of},
    net::{Accept, Address, Io, Listener, Net, Stream},
    planted::{Bug, Planted},
    process::{LocalTask, Process, Running, Signal, Signals},
    stop::{Stop, Stopper},
};

/// A boxed future that stays on its worker.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Everything outside the process. Cheap to clone; asked per connection, not per byte.
#[derive(Clone, Debug)]
pub struct World {
    /// Wall and monotonic time. Timers are `tokio::time`, which the simulator runs on virtual time.
    pub clock: Arc<dyn Clock>,
    /// All randomness outside the TLS provider.
    pub dice: Dice,
    /// Sockets and names.
    pub net: Arc<dyn Net>,
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Workers, threads, signals, environment.
    pub process: Arc<dyn Process>,
    /// Bugs planted on purpose: none, ever, outside the simulator.
    pub planted: Planted,
}
