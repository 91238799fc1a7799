//! Every case of h2spec, which knows the rules of HTTP/2 and HPACK by heart, over TLS against `weir reverse-proxy` in front of a small
//! backend.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use weir_conformance::process::{ReverseProxy, command};

#[test]
fn h2spec_finds_nothing() {
    let judge = root().join("target/peers/h2spec");
    if !judge.exists() {
        assert_ne!(env::var("WEIR_REQUIRE_PEERS").as_deref(), Ok("1"), "no h2spec: fixtures/peers/install builds it");
        return println!("SKIPPED: no h2spec: fixtures/peers/install builds it");
    }
    let weir = proxy(&backend());
    let output = Command::new(judge)
        .args([
            "--host",
            "127.0.0.1",
            "--port",
            &weir.address.port().to_string(),
            "--tls",
            "--insecure",
            "--timeout",
            "3",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failures = said.find("Failures:").map_or("", |at| &said[at..]);
    assert!(output.status.success(), "{failures}{}", last_line(&said));
    assert!(last_line(&said).starts_with("145 tests, 145 passed, 0 skipped, 0 failed"), "{}", last_line(&said));
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A backend of HTTP/1.1 that answers every request with the same few bytes, and where it listens.
fn backend() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || answer(connection.unwrap()));
        }
    });
    format!("http://{address}")
}

fn answer(mut connection: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut length = 0;
        let (mut is_chunked, mut is_head) = (false, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            is_chunked |= line.starts_with("transfer-encoding:");
            is_head |= line.starts_with("head ");
            if line.is_empty() {
                break;
            }
        }
        reader.by_ref().take(length).read_to_end(&mut Vec::new()).ok()?;
        while is_chunked {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = u64::from_str_radix(size.trim_end(), 16).ok()?;
            reader.by_ref().take(size + 2).read_to_end(&mut Vec::new()).ok()?;
            is_chunked = size > 0;
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";
        connection.write_all(&answer[..answer.len() - if is_head { 6 } else { 0 }]).ok()?;
    }
}

fn proxy(to: &str) -> ReverseProxy {
    let certs = root().join("fixtures/certs");
    ReverseProxy::start(
        command()
            .args(["reverse-proxy", "--listen", "127.0.0.1:0", "--to", to, "--tls-cert-file"])
            .arg(certs.join("serving.pem"))
            .arg("--tls-private-key-file")
            .arg(certs.join("serving-key.pem")),
    )
}
