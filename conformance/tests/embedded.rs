//! The example of a proxy that embeds the core, as a process: Go's `Rewrite`, `ModifyResponse`, `ErrorHandler` for an embedder.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use weir_conformance::process::{ReverseProxy, embedded_proxy};

/// A backend that answers each request, one a connection, with its name and the head that it was asked with.
fn backend(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
            let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let answer =
                format!("HTTP/1.1 200 OK\r\nServer: {name}\r\nConnection: close\r\n\r\n{name}|{}", head.join("|"));
            stream.write_all(answer.as_bytes()).expect("the proxy reads");
        }
    });
    address
}

/// What the proxy answers: its head, and its body.
fn ask(proxy: &ReverseProxy, path: &str) -> (String, String) {
    let mut client = TcpStream::connect(proxy.address).expect("it listens");
    write!(client, "GET {path} HTTP/1.0\r\nHost: gateway.test\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (head.to_owned(), body.to_owned())
}

#[test]
fn an_embedders_proxy_routes_rewrites_and_answers_for_a_dead_backend() {
    let api = backend("api");
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let backends = [format!("http://{api}/base"), format!("http://{nobody}")];
    let proxy = ReverseProxy::start(embedded_proxy().arg("127.0.0.1:0").args(backends));

    let (head, body) = ask(&proxy, "/api/x?y=1");
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(!head.contains("Server:"), "ModifyResponse has removed it: {head}");
    for part in [
        "api|GET /base/api/x?y=1 HTTP/1.1|",
        &format!("|Host: {api}|"),
        "|X-Forwarded-For: 127.0.0.1|",
        "|X-Forwarded-Host: gateway.test|",
        "|X-Gateway: weir",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }

    let (head, body) = ask(&proxy, "/");
    assert!(head.starts_with("HTTP/1.0 502 Bad Gateway\r\n"), "{head}");
    assert_eq!(body, format!("no answer: dial tcp {nobody}: connect: connection refused\n"));
}
