//! Proxies that do the same work, each on one thread.

use std::{fs, net::SocketAddr, path::Path, sync::mpsc, thread};

use tokio::net::TcpListener;
use weir::{
    config::{Cli, Command},
    serve, world,
};

use crate::hyper_proxy;

/// A proxy that runs.
#[derive(Debug)]
pub struct Contender {
    /// What it is called in the figures.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    thread: String,
}

impl Contender {
    /// How long its thread has been on a CPU, in nanoseconds: what the kernel's scheduler counted.
    pub fn cpu_nanoseconds(&self) -> u64 {
        let tasks = fs::read_dir("/proc/self/task").expect("Linux");
        for task in tasks.flatten() {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            if name.trim_end() == self.thread {
                let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                return stat.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(0);
            }
        }
        0
    }
}

/// `weir reverse-proxy` with one worker, as the command line starts it.
pub fn weir(backend: SocketAddr) -> Contender {
    weir_told(backend, Vec::new())
}

/// The same over TLS, with the certificate and the key that a file holds.
pub fn weir_over_tls(backend: SocketAddr, pem: &Path) -> Contender {
    let pem = pem.display().to_string();
    weir_told(backend, vec!["--tls-cert-file".to_owned(), pem.clone(), "--tls-private-key-file".to_owned(), pem])
}

fn weir_told(backend: SocketAddr, more: Vec<String>) -> Contender {
    let address = free_address();
    let listen = address.to_string();
    let to = format!("http://{backend}");
    thread::spawn(move || {
        let arguments = ["weir", "reverse-proxy", "--listen", &listen, "--to", &to, "--workers", "1"];
        let arguments = arguments.into_iter().map(str::to_owned).chain(more);
        let Command::ReverseProxy(flags) = <Cli as clap::Parser>::parse_from(arguments).command else {
            unreachable!("the arguments name this command")
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = world::real::world([1; 32]);
        let served = tokio::task::LocalSet::new().block_on(&runtime, serve::reverse_proxy::run(&world, &flags, |_| {}));
        served.expect("weir serves");
    });
    wait_until_it_listens(address);
    Contender { name: "weir", address, thread: "worker-0".to_owned() }
}

/// The proxy of [`hyper_proxy`].
pub fn hyper_util(backend: SocketAddr) -> Contender {
    let running = on_thread("hyper-util", move |told| async move {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        told(listener.local_addr().expect("a bound address"));
        hyper_proxy::serve(listener, backend, None).await;
    });
    Contender { name: "hyper-util", ..running }
}

/// Runs a server on a thread of its own, and waits until it says where it listens.
pub(crate) fn on_thread<W, F>(name: &'static str, work: W) -> Contender
where
    W: FnOnce(Box<dyn FnOnce(SocketAddr)>) -> F + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    let (tell, told) = mpsc::channel();
    let builder = thread::Builder::new().name(name.to_owned());
    let started = builder.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let tell = Box::new(move |address| tell.send(address).expect("the bench waits"));
        tokio::task::LocalSet::new().block_on(&runtime, work(tell));
    });
    started.expect("a thread");
    Contender { name, address: told.recv().expect("the server says where it listens"), thread: name.to_owned() }
}

/// An address that nobody listens at.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    listener.local_addr().expect("a bound address")
}

/// Waits until somebody listens there.
pub fn wait_until_it_listens(address: SocketAddr) {
    for _ in 0..500 {
        if std::net::TcpStream::connect(address).is_ok() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nothing listens at {address}");
}
