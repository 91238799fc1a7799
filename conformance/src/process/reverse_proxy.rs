use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
};

/// A `weir reverse-proxy` process under test. It is killed when it is dropped.
#[derive(Debug)]
pub struct ReverseProxy {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl ReverseProxy {
    /// Starts it, and waits until it is ready.
    ///
    /// # Panics
    /// It does not get ready.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut ready).expect("the ready line is text");
        Self { child, address: address_in(&ready) }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it says from now on.
    ///
    /// # Panics
    /// It was not started with a pipe, or somebody listens already.
    pub fn stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("it is piped, and asked for once")
    }

    /// Asks it to read its files again.
    ///
    /// # Panics
    /// It runs no more.
    pub fn reload(&self) {
        let asked = Command::new("kill").args(["-HUP", &self.id().to_string()]).status().expect("kill can be run");
        assert!(asked.success(), "the process runs");
    }

    /// Whether it runs no more.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited_for = self.child.wait();
    }
}

/// The address in the line that says that a proxy is ready.
///
/// # Panics
/// It is another line.
pub fn address_in(line: &str) -> SocketAddr {
    let address = line.rsplit_once("://").and_then(|(_, address)| address.trim_end().parse().ok());
    address.unwrap_or_else(|| panic!("not a ready line: {line:?}"))
}
