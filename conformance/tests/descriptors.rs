//! `weir reverse-proxy` as a process that runs out of file descriptors.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use weir_conformance::process::command;

/// A process that is killed when it is dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _already_ended = self.0.kill();
        let _already_waited_for = self.0.wait();
    }
}

/// A proxy that may have so many descriptors, and its address. Nothing listens at its backend.
fn start(descriptors: u32) -> (Proxy, String) {
    let child = Command::new("sh")
        .args(["-c", &format!("ulimit -n {descriptors}; exec \"$@\""), "sh"])
        .arg(command().get_program())
        .args(["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://127.0.0.1:9", "--workers", "1"])
        .env("NO_COLOR", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh can be run");
    let mut proxy = Proxy(child);
    let mut ready = String::new();
    BufReader::new(proxy.0.stdout.take().expect("it is piped")).read_line(&mut ready).expect("the process speaks");
    let (_, address) = ready.trim_end().rsplit_once("http://").unwrap_or_else(|| panic!("not ready: {ready:?}"));
    (proxy, address.to_owned())
}

#[test]
fn a_process_without_descriptors_waits_longer_each_time_and_then_serves_again() {
    let (mut proxy, address) = start(40);
    // The kernel takes them in for the process.
    let idle: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(&address).expect("the queue has room")).collect();
    let log = BufReader::new(proxy.0.stderr.take().expect("it is piped")).lines();
    let waits: Vec<String> = log
        .map(|line| line.expect("the process runs"))
        .filter_map(|line| line.split_once("retry_in=").map(|(_, wait)| wait.to_owned()))
        .take(10)
        .collect();
    assert_eq!(waits, ["5ms", "10ms", "20ms", "40ms", "80ms", "160ms", "320ms", "640ms", "1s", "1s"]);
    drop(idle);
    let mut client = TcpStream::connect(&address).expect("the process listens");
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the process reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("the process answers");
    assert!(answer.starts_with("HTTP/1.0 502 Bad Gateway\r\n"), "{answer}");
}
