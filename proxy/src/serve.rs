//! Puts servers together from a configuration, and runs them until a signal ends them.

pub mod api_server;
pub mod reverse_proxy;

use std::io;

use crate::{
    config::BadFlag,
    listen::{Stop, Stopper},
    upstream::egress::BadProxy,
    world::{Listener, LocalBoxFuture, Running, Signal, Signals, World},
};

/// Why a server does not run, or no more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A flag, or a file that a flag names, cannot be used.
    #[error(transparent)]
    Config(#[from] BadFlag),
    /// A variable of the environment cannot be used.
    #[error(transparent)]
    Environment(#[from] BadProxy),
    /// What is always there could not be made.
    #[error("the store cannot be prepared: {0}")]
    Bootstrap(String),
    /// The address cannot be listened at.
    #[error("{flags}: cannot listen at {address}: {source}")]
    Listen {
        /// The flags that name it.
        flags: &'static str,
        /// The address.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// Nobody could ask the server to stop.
    #[error("signals cannot be listened to: {0}")]
    Signals(#[source] io::Error),
    /// What tells all workers of changes in the store has ended.
    #[error("the watch cache is not fed any more")]
    FeedEnded,
    /// A worker ended by a panic.
    #[error("a worker panicked")]
    WorkerPanicked,
}

/// What a worker works with.
struct Worker {
    number: usize,
    world: World,
    listener: Listener,
    stop: Stop,
}

/// What the process is asked for. It comes first of all that a server does: a signal that nobody listens to would end the process, with
/// whatever it has begun.
fn listen_to_signals(world: &World) -> Result<Signals, ServeError> {
    world.process.signals().map_err(ServeError::Signals)
}

/// Starts a worker for each listener, and waits until a signal ends them. A second signal ends the wait for requests that run; `reload` is
/// called when files are to be read again.
async fn run_workers<F>(
    world: &World,
    mut signals: Signals,
    listeners: Vec<Listener>,
    reload: impl Fn(),
    work: F,
) -> Result<(), ServeError>
where
    F: Fn(Worker) -> LocalBoxFuture<'static, ()> + Clone + Send + 'static,
{
    let (stopper, stop) = Stopper::new();
    let mut running: Vec<LocalBoxFuture<'static, bool>> = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        let worker = Worker { number, world: world.clone(), listener, stop: stop.clone() };
        let work = work.clone();
        let body = Box::new(move || work(worker));
        let started: Running = world.process.start(&format!("worker-{number}"), body);
        running.push(Box::pin(started.ended()));
    }
    let mut all_ended = std::pin::pin!(all_ended(running));
    let mut stops = 0;
    loop {
        tokio::select! {
            biased;
            clean = &mut all_ended => return if clean { Ok(()) } else { Err(ServeError::WorkerPanicked) },
            signal = signals.next() => match signal {
                Signal::Stop => {
                    stops += 1;
                    if stops > 1 {
                        return Ok(());
                    }
                    tracing::info!(target: "weir", "stopping");
                    stopper.stop();
                }
                Signal::Reload => reload(),
            },
        }
    }
}

/// Whether all of them ended clean; returns early when one did not.
async fn all_ended(mut running: Vec<LocalBoxFuture<'static, bool>>) -> bool {
    std::future::poll_fn(|cx| {
        let mut panicked = false;
        running.retain_mut(|worker| match worker.as_mut().poll(cx) {
            std::task::Poll::Ready(clean) => {
                panicked |= !clean;
                false
            }
            std::task::Poll::Pending => true,
        });
        match (panicked, running.is_empty()) {
            (true, _) => std::task::Poll::Ready(false),
            (false, true) => std::task::Poll::Ready(true),
            (false, false) => std::task::Poll::Pending,
        }
    })
    .await
}
