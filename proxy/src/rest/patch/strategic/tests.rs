use proptest::prelude::*;
use serde_json::json;

use super::*;

fn service() -> &'static Kind {
    Kinds::get().by_resource("", "v1", "services").unwrap()
}

fn patched(original: Value, patch: &Value) -> Result<Value, String> {
    apply(service(), original, patch)
}

fn ports(numbers: &[u16]) -> Value {
    let ports: Vec<Value> = numbers.iter().map(|number| json!({"port": number})).collect();
    json!({"spec": {"ports": ports}})
}

fn numbers(value: &Value) -> Vec<u64> {
    value["spec"]["ports"].as_array().unwrap().iter().map(|port| port["port"].as_u64().unwrap()).collect()
}

#[test]
fn what_only_the_server_has_keeps_its_place_among_what_the_patch_orders() {
    let patch =
        json!({"spec": {"$setElementOrder/ports": [{"port": 3}, {"port": 1}], "ports": [{"port": 3, "name": "c"}]}});
    let merged = patched(ports(&[1, 2]), &patch).unwrap();
    assert_eq!(numbers(&merged), [3, 1, 2]);
    let merged = patched(ports(&[2, 1, 4]), &patch).unwrap();
    assert_eq!(numbers(&merged), [3, 2, 1, 4]);
}

#[test]
fn an_order_alone_changes_nothing_else() {
    let patch = json!({"spec": {"$setElementOrder/ports": [{"port": 2}, {"port": 1}]}});
    assert_eq!(numbers(&patched(ports(&[1, 2]), &patch).unwrap()), [2, 1]);
}

#[test]
fn single_values_leave_a_list_by_name() {
    let original = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}});
    assert_eq!(patched(original, &patch).unwrap(), json!({"metadata": {"finalizers": ["a", "c"]}}));
}

#[test]
fn keys_that_are_not_retained_go() {
    let original = json!({"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.1", "externalName": "x"}});
    let patch = json!({"spec": {"$retainKeys": ["type", "externalName"], "type": "ExternalName"}});
    let merged = patched(original.clone(), &patch).unwrap();
    assert_eq!(merged, json!({"spec": {"type": "ExternalName", "externalName": "x"}}));
    let wrong = json!({"spec": {"$retainKeys": ["type"], "clusterIP": "None"}});
    assert!(patched(original, &wrong).is_err());
}

#[test]
fn a_list_without_a_strategy_is_replaced() {
    let original = json!({"spec": {"externalIPs": ["10.0.0.1", "10.0.0.2"]}});
    let patch = json!({"spec": {"externalIPs": ["10.0.0.3"]}});
    assert_eq!(patched(original, &patch).unwrap(), patch);
}

#[test]
fn a_new_value_brings_no_nulls_with_it() {
    let patch = json!({"spec": {"selector": {"a": "b", "c": null}}});
    assert_eq!(patched(json!({}), &patch).unwrap(), json!({"spec": {"selector": {"a": "b"}}}));
}

/// Each item was looked for among all the others: one request held its worker for minutes.
#[test]
fn long_lists_are_merged_in_a_time_that_grows_with_them() {
    let port = |number: u32| json!({"port": number, "name": format!("p{number}")});
    let long = json!({"spec": {"ports": (0..50_000).map(port).collect::<Vec<_>>()}});
    let part = json!({"spec": {"ports": (0..50_000).rev().step_by(2).map(port).collect::<Vec<_>>()}});
    let merged = patched(long, &part).unwrap();
    assert_eq!(merged["spec"]["ports"].as_array().map(Vec::len), Some(50_000));
}

fn values() -> impl Strategy<Value = Value> {
    let port = (1..6u16, proptest::option::of("[a-c]")).prop_map(|(port, name)| match name {
        Some(name) => json!({"port": port, "name": name}),
        None => json!({"port": port}),
    });
    let ports = proptest::collection::vec(port, 0..5).prop_map(|mut ports| {
        let mut seen = std::collections::BTreeSet::new();
        ports.retain(|port: &Value| seen.insert(port["port"].as_u64()));
        ports
    });
    let labels = proptest::collection::btree_map("[a-c]", proptest::option::of("[x-z]"), 0..3);
    let finalizers = proptest::collection::btree_set("[a-d]", 0..4);
    (ports, labels, finalizers).prop_map(|(ports, labels, finalizers)| {
        json!({"metadata": {"labels": labels, "finalizers": finalizers}, "spec": {"ports": ports}})
    })
}

proptest! {
    #[test]
    fn a_patch_that_was_applied_changes_nothing_more(original in values(), patch in values()) {
        let once = patched(as_new(original), &patch).unwrap();
        prop_assert_eq!(patched(once.clone(), &patch).unwrap(), once);
    }

    #[test]
    fn what_is_patched_with_itself_stays_as_it_is(original in values()) {
        let original = as_new(original);
        prop_assert_eq!(patched(original.clone(), &original).unwrap(), original);
    }

    #[test]
    fn no_patch_makes_it_panic(key in "(\\$patch|\\$retainKeys|\\$setElementOrder/ports|\\$deleteFromPrimitiveList/ports|ports)", list: bool, text in "[a-z]{0,6}") {
        let value = if list { json!([text, {"port": 1}]) } else { json!(text) };
        let _ = patched(ports(&[1, 2]), &json!({"spec": {key: value}}));
    }
}
