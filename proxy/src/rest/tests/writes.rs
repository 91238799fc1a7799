use serde_json::json;

use super::*;
use crate::storage::ListAt;

#[test]
fn a_dry_run_answers_as_if_it_were_done_and_writes_nothing() {
    run(async {
        let server = Server::new().await;
        server.post(SERVICES, &service("kept")).await;
        let before = server.registry.revision();
        let created = server.post(&format!("{SERVICES}?dryRun=All"), &service("web")).await;
        assert_eq!(created.status(), 201);
        assert_eq!(created.json()["metadata"].get("resourceVersion"), None);
        assert!(!created.json()["metadata"]["uid"].as_str().unwrap().is_empty());
        let patched =
            server.merge(&format!("{SERVICES}/kept?dryRun=All"), &json!({"metadata": {"labels": {"a": "b"}}})).await;
        assert_eq!(patched.json()["metadata"]["labels"]["a"], "b");
        assert_eq!(server.delete(&format!("{SERVICES}/kept?dryRun=All")).await.status(), 200);
        assert_eq!(server.delete(&format!("{SERVICES}?dryRun=All")).await.status(), 200);
        assert_eq!(server.registry.revision(), before);
        assert_eq!(server.get(&format!("{SERVICES}/kept")).await.status(), 200);
        let again = server.post(&format!("{SERVICES}?dryRun=All"), &service("kept")).await;
        assert_eq!(again.status(), 409, "{}", again.body);
    });
}

#[test]
fn concurrent_updates_lose_nothing() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let writers = (0..20).map(|writer| {
            let registry = server.registry.clone();
            tokio::task::spawn_local(async move {
                for turn in 0..10 {
                    let change = |mut object: Object| {
                        object.set(&["metadata", "labels", &format!("w{writer}-{turn}")], "x".into());
                        Ok(object)
                    };
                    let options = WriteOptions::default();
                    registry.update(kind("apiservices"), None, None, "v1.a.test", change, &options).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let object = server.registry.get(kind("apiservices"), None, "v1.a.test", ListAt::Latest).await.unwrap();
        assert_eq!(object.labels().count(), 200);
    });
}

#[test]
fn an_update_that_changes_nothing_makes_no_revision() {
    run(async {
        let server = Server::new().await;
        let created = server.post(API_SERVICES, &api_service("v1", "a.test")).await.json();
        let before = server.registry.revision();
        let updated = server.put(&format!("{API_SERVICES}/v1.a.test"), &created).await;
        assert_eq!((updated.status(), updated.json()), (200, created));
        assert_eq!(server.registry.revision(), before);
    });
}

#[test]
fn finalizers_hold_an_object_until_they_are_gone() {
    run(async {
        let server = Server::new().await;
        let mut object = api_service("v1", "a.test");
        object["metadata"]["finalizers"] = json!(["test/hold"]);
        server.post(API_SERVICES, &object).await;
        let path = format!("{API_SERVICES}/v1.a.test");
        let deleted = server.delete(&path).await.json();
        assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 0);
        assert!(deleted["metadata"]["deletionTimestamp"].is_string());
        let again = server.delete(&path).await.json();
        assert_eq!(again, deleted);
        let refused = server.merge(&path, &json!({"metadata": {"finalizers": ["test/hold", "test/more"]}})).await;
        assert_eq!(refused.status(), 422, "{}", refused.body);
        let released = server.merge(&path, &json!({"metadata": {"finalizers": null}})).await;
        assert_eq!(released.status(), 200, "{}", released.body);
        assert_eq!(server.get(&path).await.status(), 404);
    });
}

#[test]
fn a_delete_holds_to_its_preconditions() {
    run(async {
        let server = Server::new().await;
        let created = server.post(API_SERVICES, &api_service("v1", "a.test")).await.json();
        let path = format!("{API_SERVICES}/v1.a.test");
        let seen = server.delete(&format!("{path}?uid=other")).await;
        let uid = created["metadata"]["uid"].as_str().unwrap();
        assert_eq!(
            (seen.status(), seen.message()),
            (
                409,
                format!(
                    "Operation cannot be fulfilled on APIService.apiregistration.k8s.io \"v1.a.test\": the UID in the precondition \
                     (other) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
                )
            )
        );
        let revision = created["metadata"]["resourceVersion"].as_str().unwrap();
        assert_eq!(server.delete(&format!("{path}?resourceVersion=1")).await.status(), 409);
        assert_eq!(server.delete(&format!("{path}?resourceVersion={revision}&uid={uid}")).await.status(), 200);
    });
}

#[test]
fn a_body_is_read_up_to_gos_limit() {
    run(async {
        let server = Server::new().await;
        let fields = [(Name::CONTENT_TYPE, "application/json")];
        let mut body = b"{}".to_vec();
        body.resize(3_145_728, b' ');
        assert_eq!(server.send("POST", API_SERVICES, &fields, &body).await.status(), 422);
        body.push(b' ');
        let seen = server.send("POST", API_SERVICES, &fields, &body).await;
        assert_eq!((seen.status(), seen.message()), (413, "Request entity too large: limit is 3145728".to_owned()));
    });
}

#[test]
fn no_two_services_have_one_address() {
    run(async {
        let server = Server::new().await;
        let mut asking = service("first");
        asking["spec"]["clusterIP"] = json!("10.96.0.7");
        assert_eq!(server.post(SERVICES, &asking).await.status(), 201);
        asking["metadata"]["name"] = json!("second");
        let refused = server.post(SERVICES, &asking).await;
        assert_eq!(
            refused.message(),
            "Service \"second\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.7\"]: failed to allocate IP 10.96.0.7: \
             provided IP is already allocated"
        );
        assert_eq!(server.delete(&format!("{SERVICES}/first")).await.status(), 200);
        assert_eq!(server.post(SERVICES, &asking).await.status(), 201);
        let given = server.post(SERVICES, &service("third")).await.json();
        assert!(given["spec"]["clusterIP"].as_str().unwrap().starts_with("10."));
        assert_eq!(given["spec"]["clusterIPs"][0], given["spec"]["clusterIP"]);
        asking["metadata"]["name"] = json!("fourth");
        asking["spec"]["clusterIP"] = json!("127.0.0.1");
        assert_eq!(server.post(SERVICES, &asking).await.status(), 422);
    });
}

#[test]
fn an_address_that_is_given_up_can_be_had_again() {
    run(async {
        let server = Server::new().await;
        let mut object = service("web");
        object["spec"]["clusterIP"] = json!("10.96.0.7");
        server.post(SERVICES, &object).await;
        let path = format!("{SERVICES}/web");
        let external = json!({"spec": {"type": "ExternalName", "externalName": "example.com"}});
        let changed = server.merge(&path, &external).await;
        assert_eq!(changed.status(), 200, "{}", changed.body);
        assert_eq!(changed.json()["spec"].get("clusterIP"), None);
        object["metadata"]["name"] = json!("other");
        assert_eq!(server.post(SERVICES, &object).await.status(), 201);
        let refused = server.merge(&format!("{SERVICES}/other"), &json!({"spec": {"clusterIP": "10.96.0.8"}})).await;
        assert!(refused.message().contains("may not change once set"), "{}", refused.body);
    });
}

/// Each level takes stack wherever the object goes: 20,000 of them ended the process.
#[test]
fn a_json_patch_cannot_nest_without_end() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let path = format!("{API_SERVICES}/v1.a.test");
        let fields = [(Name::CONTENT_TYPE, "application/json-patch+json")];
        let add = |depth: usize| json!({"op": "add", "path": format!("/x{}", "/a".repeat(depth)), "value": {}});
        let ever_deeper: Vec<Value> = (0..1_000).map(add).collect();
        let deep = "/x".repeat(60);
        let copied: Vec<Value> = std::iter::once(json!({"op": "add", "path": "/x", "value": {}}))
            .chain((1..60).map(|depth| json!({"op": "add", "path": "/x".repeat(depth + 1), "value": {}})))
            .chain((0..300).map(|_| json!({"op": "copy", "from": "/x", "path": format!("{deep}/x")})))
            .collect();
        for operations in [ever_deeper, copied] {
            let seen = server.send("PATCH", &path, &fields, Value::from(operations).to_string().as_bytes()).await;
            assert_eq!(seen.status(), 422, "{}", seen.body);
        }
    });
}

#[test]
fn a_copy_bomb_of_a_json_patch_is_refused() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let path = format!("{API_SERVICES}/v1.a.test");
        let start = json!({"op": "add", "path": "/metadata/annotations", "value": {"a": {"b": "c".repeat(100)}}});
        let double = |turn| json!({"op": "copy", "from": "/metadata/annotations", "path": format!("/metadata/annotations/x{turn}")});
        let operations: Vec<Value> = std::iter::once(start).chain((0..40).map(double)).collect();
        let fields = [(Name::CONTENT_TYPE, "application/json-patch+json")];
        let seen = server.send("PATCH", &path, &fields, Value::from(operations).to_string().as_bytes()).await;
        assert_eq!(
            (seen.status(), seen.message()),
            (422, "the server rejected our request due to an error in our request".into())
        );
        let many = vec![json!({"op": "test", "path": "/kind", "value": "APIService"}); 10_001];
        let seen = server.send("PATCH", &path, &fields, Value::from(many).to_string().as_bytes()).await;
        assert_eq!(
            seen.message(),
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
        );
    });
}

#[test]
fn apply_is_refused_with_the_forms_that_are_not() {
    run(async {
        let server = Server::new().await;
        let fields = [(Name::CONTENT_TYPE, "application/apply-patch+yaml")];
        let seen = server.send("PATCH", &format!("{SERVICES}/a"), &fields, b"{}").await;
        assert_eq!(
            (seen.status(), seen.message()),
            (
                415,
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, \
                 application/merge-patch+json, application/strategic-merge-patch+json"
                    .to_owned()
            )
        );
    });
}

#[test]
fn options_that_are_wrong_are_told_in_gos_words() {
    run(async {
        let server = Server::new().await;
        let prefix = "CreateOptions.meta.k8s.io \"\" is invalid: ";
        for (query, words) in [
            ("dryRun=x", "dryRun: Unsupported value: [\"x\"]: supported values: \"All\""),
            ("dryRun=", "dryRun: Unsupported value: [\"\"]: supported values: \"All\""),
            (
                "fieldValidation=x",
                "fieldValidation: Unsupported value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
            ),
            (&format!("fieldManager={}", "a".repeat(129)), "fieldManager: Too long: may not be more than 128 bytes"),
        ] {
            let seen = server.post(&format!("{SERVICES}?{query}"), &service("a")).await;
            assert_eq!((seen.status(), seen.message()), (422, format!("{prefix}{words}")), "{query}");
        }
        let seen = server.merge(&format!("{SERVICES}/a?force=x"), &json!({})).await;
        assert!(
            seen.message().ends_with("force: Forbidden: may not be specified for non-apply patch"),
            "{}",
            seen.body
        );
        let seen = server.delete(&format!("{SERVICES}/a?propagationPolicy=x")).await;
        assert!(
            seen.message().ends_with("supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""),
            "{}",
            seen.body
        );
    });
}

#[test]
fn kubectl_creates_namespaces_in_protobuf() {
    run(async {
        let server = Server::new().await;
        let name = "application/vnd.kubernetes.protobuf";
        let object = json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "foo"}});
        let body = crate::rest::encode_protobuf(&object).unwrap();
        let fields = [(Name::CONTENT_TYPE, name)];
        let created = server.send("POST", "/api/v1/namespaces", &fields, &body).await;
        assert_eq!((created.status(), &created.json()["metadata"]["name"]), (201, &json!("foo")), "{}", created.body);
        let refused = server.send("POST", SERVICES, &fields, &body).await;
        assert_eq!(refused.status(), 400, "{}", refused.body);
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}});
        let body = crate::rest::encode_protobuf(&options).unwrap();
        let refused = server.send("DELETE", "/api/v1/namespaces/foo", &fields, &body).await;
        assert_eq!(refused.status(), 409, "{}", refused.body);
    });
}
