use super::*;
use crate::{
    replay::Fault,
    scenario::{AwaitKind, Side},
    trace::{Awaited, End},
};

fn case(head: &str, rest: &str, end: End) -> CaseTrace {
    let awaited = Awaited { kind: AwaitKind::Head, received: Received::Bytes(head.to_owned()), gave_up: false };
    let client = ConnectionTrace { awaited: vec![awaited], rest: Received::Bytes(rest.to_owned()), end };
    CaseTrace { name: "a".to_owned(), client: vec![client], backend: Vec::new(), seen: Vec::new() }
}

fn fields(go: &CaseTrace, ours: CaseTrace) -> Vec<String> {
    let found = differences(go, &Play { trace: ours, faults: Vec::new() });
    found
        .into_iter()
        .map(|difference| format!("{}: {} | {}", difference.field, difference.go, difference.ours))
        .collect()
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nB: 3\r\n\r\n";

#[test]
fn equal_traces_have_no_difference() {
    let go = case(HEAD, "x", End::Open);
    assert_eq!(fields(&go, go.clone()), [""; 0]);
}

#[test]
fn differences_are_named_by_field() {
    let go = case(HEAD, "x", End::Open);
    let ours = case("HTTP/1.0 502 Bad Gateway\r\nB: 2\r\nA: 1\r\nC: 4\r\n\r\n", "y", End::Fin);
    assert_eq!(
        fields(&go, ours),
        [
            "client[0].awaited[0].head.header.B: 2 | 3 | 2",
            "client[0].awaited[0].head.header.C: (none) | 4",
            "client[0].awaited[0].head.order: A, B | B, A",
            "client[0].awaited[0].head.status: 200 OK | 502 Bad Gateway",
            "client[0].awaited[0].head.version: HTTP/1.1 | HTTP/1.0",
            "client[0].end: open | fin",
            "client[0].rest: x | y",
        ]
    );
}

#[test]
fn messages_behind_each_other_are_compared_each() {
    let go = case("", &format!("HTTP/1.1 103 Early Hints\r\n\r\n{HEAD}body"), End::Open);
    let ours = case("", &format!("HTTP/1.1 103 Early Hints\r\n\r\n{HEAD}bodies"), End::Open);
    assert_eq!(fields(&go, ours), ["client[0].rest.next.body: body | bodies"]);
}

#[test]
fn a_script_that_stopped_is_a_difference() {
    let go = case(HEAD, "x", End::Open);
    let fault = Fault { side: Side::Backend, reason: "nobody signalled \"go\"".to_owned() };
    let found = differences(&go, &Play { trace: go.clone(), faults: vec![fault] });
    assert_eq!(found[0].field, "backend.script");
}

#[test]
fn events_are_compared_one_by_one() {
    let with = |events: &[&str]| {
        let mut case = case(HEAD, "", End::Open);
        case.client[0].rest = Received::Events(events.iter().map(|event| (*event).to_owned()).collect());
        case
    };
    let go = with(&[r#"HEADERS 1 [[":status", "200"], ["a", "1"]]"#, r#"DATA 1 "x" end_stream"#]);
    let ours = with(&[r#"HEADERS 1 [[":status", "404"], ["a", "1"]] end_stream"#, r#"DATA 1 "y" end_stream"#]);
    assert_eq!(
        fields(&go, ours),
        [
            "client[0].rest[0].end_stream: false | true",
            "client[0].rest[0].header.:status: 200 | 404",
            "client[0].rest[1].data: \"x\" end_stream | \"y\" end_stream",
        ]
    );
    let ours = with(&["RST_STREAM 1 CANCEL"]);
    assert_eq!(fields(&go, ours).len(), 1);
}
