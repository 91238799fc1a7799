use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::meta::{Layout, encode_json};

fn kind(resource: &str) -> &'static Kind {
    Kinds::get().all().iter().find(|kind| kind.resource == resource).unwrap()
}

fn fault(resource: &str, text: &str) -> String {
    decode(kind(resource), &Document::json(text.as_bytes()).unwrap()).unwrap_err()
}

#[test]
fn fields_are_written_in_the_order_of_gos_structs() {
    let text = r#"{"spec":{"versionPriority":1,"group":"g","caBundle":"YQ==","zzz":1},"metadata":{"labels":{"b":"2","a":"1"},"name":"n"}}"#;
    let decoded = decode(kind("apiservices"), &Document::json(text.as_bytes()).unwrap()).unwrap();
    let written = encode_json(decoded.object.fields(), Layout::Bare);
    assert_eq!(
        String::from_utf8_lossy(&written),
        concat!(
            r#"{"metadata":{"name":"n","labels":{"a":"1","b":"2"}},"#,
            r#""spec":{"group":"g","caBundle":"YQ==","groupPriorityMinimum":0,"versionPriority":1},"status":{}}"#
        )
    );
    assert_eq!(decoded.strange, [r#"unknown field "spec.zzz""#]);
}

#[test]
fn a_number_that_does_not_fit_is_shown_as_it_was_written() {
    for literal in ["99999999999999999999", "1.0", "1e400", "-1.50e1"] {
        let text = format!(r#"{{"spec":{{"versionPriority":{literal}}}}}"#);
        let of = "into Go struct field APIServiceSpec.spec.versionPriority of type int32";
        assert_eq!(fault("apiservices", &text), format!("json: cannot unmarshal number {literal} {of}"));
    }
    let read = decode(kind("apiservices"), &Document::json(br#"{"spec":{"versionPriority":-0}}"#).unwrap()).unwrap();
    assert_eq!(read.object.get(&["spec", "versionPriority"]), Some(&json!(0)));
}

#[test]
fn lists_that_must_be_there_are_null_where_they_are_not() {
    let written = encode_json(canonical(kind("endpointslices"), &json!({"ports": []})).unwrap().fields(), Layout::Bare);
    assert_eq!(String::from_utf8_lossy(&written), r#"{"metadata":{},"addressType":"","endpoints":null,"ports":[]}"#);
}

#[test]
fn the_first_value_of_a_wrong_type_is_told_of() {
    assert_eq!(
        fault("apiservices", r#"{"spec":{"group":1,"versionPriority":"x"}}"#),
        "json: cannot unmarshal number into Go struct field APIServiceSpec.spec.group of type string"
    );
    assert_eq!(
        fault("services", r#"{"spec":{"ports":[{"port":4294967296}]}}"#),
        "json: cannot unmarshal number 4294967296 into Go struct field ServicePort.spec.ports.port of type int32"
    );
}

/// JSON that often has the names and types of a Service.
fn services() -> impl Strategy<Value = Value> {
    let name = "(metadata|spec|status|ports|port|name|labels|selector|clusterIP|targetPort|type|conditions|x)";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..70_000i64).prop_map(Value::from),
        "[a-z0-9./:-]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An empty object was written in its place.
#[test]
fn an_object_that_is_none_of_its_kind_is_told_and_not_emptied() {
    let refused = canonical(kind("namespaces"), &json!({"metadata": {"name": 1}})).unwrap_err();
    assert!(refused.contains("metadata.name"), "{refused}");
}

proptest! {
    #[test]
    fn what_was_decoded_is_decoded_to_itself(value in services(), nth in 0..5usize) {
        let kind = &Kinds::get().all()[nth];
        let document = Document { value, ..Document::default() };
        if let Ok(decoded) = decode(kind, &document) {
            let value = Value::Object(decoded.object.fields().clone());
            let again = decode(kind, &Document { value, ..Document::default() }).unwrap();
            prop_assert_eq!(encode_json(again.object.fields(), Layout::Bare), encode_json(decoded.object.fields(), Layout::Bare));
            prop_assert!(again.strange.is_empty(), "{:?}", again.strange);
        }
    }
}
