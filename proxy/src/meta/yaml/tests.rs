use proptest::prelude::*;
use serde_json::json;

use super::*;

fn text(value: &Value) -> String {
    String::from_utf8(encode_yaml(value).to_vec()).unwrap()
}

#[test]
fn maps_are_sorted_and_lists_are_not_indented() {
    let value = json!({"b": {"y": [1, {"q": true, "p": null}], "x": {}}, "a": [[1, 2], []], "v10": 1, "v2": 1.5});
    assert_eq!(
        text(&value),
        "a:\n- - 1\n  - 2\n- []\nb:\n  x: {}\n  \"y\":\n  - 1\n  - p: null\n    q: true\nv2: 1.5\nv10: 1\n"
    );
}

#[test]
fn text_is_quoted_where_it_would_be_read_as_something_else() {
    for (given, written) in [
        ("plain", "plain"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("yes", "\"yes\""),
        ("", "\"\""),
        ("12", "\"12\""),
        ("0x1f", "\"0x1f\""),
        ("1.2.3", "1.2.3"),
        ("1:30", "\"1:30\""),
        ("2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""),
        ("2026-01-02", "\"2026-01-02\""),
        ("2026-01-x", "2026-01-x"),
        ("'x'", "'''x'''"),
        ("# x", "'# x'"),
        ("a #b", "'a #b'"),
        ("- x", "'- x'"),
        ("-x", "-x"),
        ("a\tb", "\"a\\tb\""),
        ("é", "é"),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        (" a\nb", "|2-\n   a\n  b"),
        ("a \nb", "\"a \\nb\""),
    ] {
        assert_eq!(text(&json!({"k": given})), format!("k: {written}\n"), "{given:?}");
    }
}

#[test]
fn long_text_is_folded_behind_column_80() {
    let words = "word ".repeat(30);
    let value = json!({"k": words.trim_end()});
    let lines: Vec<String> = text(&value).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), 82);
    assert!(lines[1].starts_with("  word"));
    let quoted = text(&json!({"k": format!("x: {}", words.trim_end())}));
    assert!(quoted.starts_with("k: 'x: word") && quoted.lines().count() == 2, "{quoted}");
}

#[test]
fn only_the_first_document_is_read() {
    assert_eq!(decode_yaml("# x\n---\na: 1\n---\nb: 2\n").unwrap(), json!({"a": 1}));
    assert_eq!(decode_yaml("a: 1\n").unwrap(), json!({"a": 1}));
}

fn values() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        "[ -~]{0,12}",
        "[a-z: #'\"\n-]{0,120}",
        "[0-9xob_:.eE+-]{0,8}",
        "(yes|no|null|~|.inf|<<|2026-01-02 1:2:3)",
        "\\PC{0,8}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts.prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z0-9:. -]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in values()) {
        let text = text(&value);
        let mut expected = value;
        expected.sort_all_objects();
        let mut read: Value = decode_yaml(&text).map_err(|error| TestCaseError::fail(format!("{text}\n{error}")))?;
        read.sort_all_objects();
        prop_assert_eq!(read, expected, "{}", text);
    }
}
