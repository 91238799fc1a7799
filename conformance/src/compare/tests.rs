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

#[test]
fn bodies_of_json_are_compared_field_by_field() {
    let answer = |framing: &str, body: &str| {
        let rest = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{body}");
        case("", &rest, End::Open)
    };
    let length = "Content-Length: 9";
    let found = |go: &str, ours: &str| fields(&answer(length, go), answer(length, ours));
    assert_eq!(
        found(r#"{"a":1,"b":{"c":[1,{"d":"},"}],"x":${backend.a.port}}}"#, r#"{"a":2,"b":{"c":[1,{"d":"}"},3]}}"#),
        [
            "client[0].rest.body.a: 1 | 2",
            r#"client[0].rest.body.b.c[1].d: "}," | "}""#,
            "client[0].rest.body.b.c[2]: (none) | 3",
            "client[0].rest.body.b.x: ${backend.a.port} | (none)",
        ]
    );
    assert_eq!(found(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#), ["client[0].rest.body.order: a, b | b, a"]);
    assert_eq!(found(r#"{"a":1}"#, r#"{"a": 1}"#), ["client[0].rest.body.a: 1 |  1"], "every byte counts");
    assert_eq!(found("{\"a\":1}\n", r#"{"a":1}"#), ["client[0].rest.body.end: \n | "]);
    assert_eq!(found(r#"{"a":1}"#, "no"), [r#"client[0].rest.body: {"a":1} | no"#], "what is no JSON on one side");
    let chunked = answer("Transfer-Encoding: chunked", "<length>\r\n{\"a\":1\r\n3\r\n,\"b\":2}\n\r\n0\r\n\r\n");
    assert_eq!(
        fields(&chunked, answer(length, "{\"a\":1,\"b\":3}\n")),
        [
            "client[0].rest.body.b: 2 | 3",
            "client[0].rest.header.Content-Length: (none) | 9",
            "client[0].rest.header.Transfer-Encoding: chunked | (none)",
        ]
    );
    assert_eq!(
        fields(&answer(length, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), answer(length, "2\r\n{}\r\n0\r\n\r\n")).len(),
        1
    );
}
