use super::*;

const SCENARIO: &str = r#"
about: What a family is about.
subject: {kind: reverse-proxy, mode: rewrite}
cases:
  - name: small
    asks: What is asked?
    client:
      - send: ["GET /x HTTP/1.1\r\nHost: h\r\n\r\n", {repeat: a, times: 40000}]
      - await: head
      - connect: true
      - await: {until: "x\n"}
    backend:
      - await: head
      - fin: true
      - accept: true
      - await: quiet
"#;

const TRACE: &str = r#"{
  "recorder": {"go": "go1.26.8", "modules": {"golang.org/x/net": "v0.62.0"}},
  "cases": [{
    "name": "small",
    "client": [
      {"awaited": [{"head": "HTTP/1.1 200 OK\r\n\r\n"}], "rest": "o\u00e9k\n", "end": "rst"},
      {"awaited": [{"until": "", "gave_up": true}], "rest": "", "end": "open"}
    ],
    "backend": [
      {"awaited": [{"head": "GET /x HTTP/1.1\r\n\r\n"}], "rest": "", "end": "closed"}
    ],
    "seen": []
  }]
}"#;

#[test]
fn a_transcript_shows_both_scripts_and_what_came() {
    let family = Family::parse("forward/small", "small.yaml", SCENARIO).unwrap();
    let trace: FamilyTrace = serde_json::from_str(TRACE).unwrap();
    let expected = "\
# forward/small
What a family is about.
Recorded: go1.26.8, golang.org/x/net v0.62.0

## small
What is asked?
reverse-proxy, mode rewrite
client
  > GET /x HTTP/1.1↵
  > Host: h↵
  > ↵
  > (a × 40000)
  await head
  < HTTP/1.1 200 OK↵
  < ↵
  rest
  < o\\xe9k␊
  then rst
client
  await until \"x\\n\", gave up
  < nothing
  then open
backend
  await head
  < GET /x HTTP/1.1↵
  < ↵
  fin
  then closed
backend: no connection came
  await quiet: not reached
";
    assert_eq!(of_family(&family, &trace), expected);
    let ours = CaseTrace { backend: Vec::new(), ..trace.cases[0].clone() };
    let played = of_family_with(&family, &trace, &ours);
    assert!(played.contains("backend: no connection came\n  await head: not reached\n"), "{played}");
}
