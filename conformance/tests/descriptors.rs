//! `weir reverse-proxy` as a process that runs out of file descriptors.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use weir_conformance::process::{ReverseProxy, command};

/// A proxy that may have so many descriptors. Nothing listens at its backend.
fn start(descriptors: u32) -> ReverseProxy {
    ReverseProxy::start(
        Command::new("sh")
            .args(["-c", &format!("ulimit -n {descriptors}; exec \"$@\""), "sh"])
            .arg(command().get_program())
            .args(["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://127.0.0.1:9", "--workers", "1"])
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped()),
    )
}

#[test]
fn a_process_without_descriptors_waits_longer_each_time_and_then_serves_again() {
    let mut proxy = start(40);
    // The kernel takes them in for the process.
    let idle: Vec<TcpStream> =
        (0..60).map(|_| TcpStream::connect(proxy.address).expect("the queue has room")).collect();
    let log = BufReader::new(proxy.stderr()).lines();
    let waits: Vec<String> = log
        .map(|line| line.expect("the process runs"))
        .filter_map(|line| line.split_once("retry_in=").map(|(_, wait)| wait.to_owned()))
        .take(10)
        .collect();
    assert_eq!(waits, ["5ms", "10ms", "20ms", "40ms", "80ms", "160ms", "320ms", "640ms", "1s", "1s"]);
    drop(idle);
    let mut client = TcpStream::connect(proxy.address).expect("the process listens");
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the process reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("the process answers");
    assert!(answer.starts_with("HTTP/1.0 502 Bad Gateway\r\n"), "{answer}");
}
