use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    scenario::Family,
    trace::{End, Received},
};

/// Plays a case over real sockets against a subject that `serve` is, connection by connection.
fn played<F: Future<Output = ()> + 'static>(
    case: &str,
    serve: impl Fn(TcpStream, Option<SocketAddr>) -> F + 'static,
) -> Play {
    let case = format!("about: A.\ncases:\n  - {}", case.trim().replace('\n', "\n    "));
    let family = Family::parse("area/family", "family.yaml", &case).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let world = weir::world::real::world([1; 32]);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (backend, backend_address) = VenueBackend::open(&world, &family.cases[0], any).unwrap();
        let listener = TcpListener::bind(any).await.unwrap();
        let subject = listener.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(serve(stream, backend_address));
            }
        });
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let venue =
            Venue { subject, backend, backend_address, authority: String::new(), client, control: Control::default() };
        play(&world, &family.cases[0], venue, &certificates()).await
    })
}

fn certificates() -> Certificates {
    Certificates::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/certs")).unwrap()
}

fn bytes(text: &str) -> Received {
    Received::Bytes(text.to_owned())
}

#[test]
fn awaits_take_what_they_ask_for_and_the_rest_is_written_down() {
    let case = r#"
name: a
asks: What?
subject: {kind: server}
client:
  - send: ["GET ${proxy}", {repeat: "\n", times: 2}]
  - await: head
  - await: {bytes: 2}
  - await: {until: "d"}
  - await: {bytes: 99}
  - connect: true
  - half-close: true
  - await: end
  - connect: true
  - await: end
"#;
    let play = played(case, |mut stream, _| async move {
        let mut read = vec![0; 100];
        let count = stream.read(&mut read).await.unwrap();
        if count == 0 {
            return;
        }
        let address = stream.local_addr().unwrap();
        assert_eq!(read[..count], *format!("GET {address}\n\n").as_bytes());
        stream.write_all(format!("{address}\r\n\r\nabcdef").as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    });
    assert_eq!(play.faults, []);
    let [first, second, third] = &play.trace.client[..] else { panic!("{:?}", play.trace) };
    let read: Vec<_> = first.awaited.iter().map(|awaited| (awaited.received.clone(), awaited.gave_up)).collect();
    let expected = [("${proxy}\r\n\r\n", false), ("ab", false), ("cd", false), ("ef", true)];
    assert_eq!(read, expected.map(|(text, gave_up)| (bytes(text), gave_up)));
    assert_eq!((first.end, second.end, third.end), (End::Open, End::Fin, End::Open));
    assert!(!second.awaited[0].gave_up && third.awaited[0].gave_up);
}

#[test]
fn a_reset_is_told_from_an_end() {
    let case =
        "name: a\nasks: What?\nsubject: {kind: server}\nclient:\n  - await: end\n  - connect: true\n  - rst: true";
    let play = played(case, |stream, _| async move { stream.set_zero_linger().unwrap() });
    assert_eq!(play.trace.client[0].end, End::Rst);
    assert_eq!(play.trace.client[1].end, End::Closed);
}

#[test]
fn the_two_scripts_order_each_other_through_a_subject() {
    let case = r#"
name: a
asks: What?
subject: {kind: reverse-proxy}
client:
  - send: "one"
  - wait: got
  - await: quiet
  - signal: quiet
  - await: {bytes: 3}
  - connect: true
  - send: "unasked"
backend:
  - await: {bytes: 3}
  - signal: got
  - wait: quiet
  - send: "two"
  - pause: 20
  - fin: true
"#;
    let play = played(case, |mut stream, backend| async move {
        let mut backend = TcpStream::connect(backend.unwrap()).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut stream, &mut backend).await);
    });
    assert_eq!(play.faults, []);
    let client = &play.trace.client[0];
    assert_eq!(client.awaited[0].received, bytes(""));
    assert_eq!(client.awaited[1].received, bytes("two"));
    let [first, second] = &play.trace.backend[..] else { panic!("{:?}", play.trace) };
    assert_eq!((first.awaited[0].received.clone(), first.end), (bytes("one"), End::Closed));
    assert_eq!((second.rest.clone(), second.end), (bytes("unasked"), End::Open));
}

#[test]
fn a_script_that_nobody_signals_is_a_fault_and_ends() {
    let case = "name: a\nasks: What?\nsubject: {kind: reverse-proxy, backend: refused}\nclient:\n  - wait: go\nbackend:\n  - signal: go";
    let play = played(case, |mut stream, backend| async move {
        TcpStream::connect(backend.unwrap()).await.unwrap_err();
        drop(stream.read(&mut [0]).await);
    });
    assert_eq!(play.faults, [Fault { side: Side::Client, reason: "nobody signalled \"go\"".to_owned() }]);
    assert_eq!((play.trace.client.len(), play.trace.backend.len()), (1, 0));
}

#[test]
fn frames_are_exchanged_with_a_server_of_another_make() {
    let case = r#"
name: a
asks: What?
subject: {kind: server, front: http2}
client:
  - http2:
      - preface
      - {settings: {INITIAL_WINDOW_SIZE: 10}}
      - {headers: {stream: 1, fields: [[":method", GET], [":scheme", https], [":path", /x], [":authority", h]], end_stream: true}}
  - await: {headers: 1}
  - await: {stream: 1}
  - http2: [ping, {rst: {stream: 99, code: 8}}]
  - await: end
"#;
    let play = played(case, |stream, _| async move {
        let world = weir::world::real::world([1; 32]);
        let acceptor = certificates().accept(&world, Protocol::Http2).unwrap();
        let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
        let service = hyper::service::service_fn(|_| async {
            let body = http_body_util::Full::new(bytes::Bytes::from("0123456789abcdef"));
            Ok::<_, Infallible>(hyper::Response::builder().header("x-b", "2").header("x-a", "1").body(body).unwrap())
        });
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        drop(builder.serve_connection(stream, service).await);
    });
    assert_eq!(play.faults, []);
    let client = &play.trace.client[0];
    let lines: Vec<String> = client.awaited.iter().map(|awaited| format!("{:?}", awaited.received)).collect();
    assert!(lines[0].contains(r#"[\"x-a\", \"1\"], [\"x-b\", \"2\"]]"#), "{}", lines[0]);
    assert_eq!(lines[1], r#"Events(["DATA 1 \"0123456789abcdef\" end_stream"])"#);
    assert_eq!(lines[2], r#"Events(["GOAWAY PROTOCOL_ERROR"])"#);
    assert_eq!(client.end, End::Fin);
}
