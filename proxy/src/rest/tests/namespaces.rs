use serde_json::json;

use super::*;
use crate::storage::ListAt;

const NAMESPACES: &str = "/api/v1/namespaces";

#[test]
fn nothing_is_made_in_a_namespace_that_is_not_there() {
    run(async {
        let server = Server::new().await;
        let seen = server.post("/api/v1/namespaces/none/services", &service("a")).await;
        assert_eq!((seen.status(), seen.message()), (404, "namespaces \"none\" not found".to_owned()));
    });
}

#[test]
fn a_namespace_takes_its_contents_with_it() {
    run(async {
        let server = Server::new().await;
        server.post(NAMESPACES, &json!({"metadata": {"name": "blue"}})).await;
        let path = "/api/v1/namespaces/blue/services";
        for name in ["a", "b"] {
            assert_eq!(server.post(path, &service(name)).await.status(), 201);
        }
        let deleted = server.delete("/api/v1/namespaces/blue").await;
        assert_eq!((deleted.status(), &deleted.json()["status"]["phase"]), (200, &json!("Terminating")));
        assert_eq!(server.get("/api/v1/namespaces/blue").await.status(), 404);
        assert_eq!(server.get(path).await.json()["items"], json!([]));
    });
}

#[test]
fn a_namespace_waits_for_what_finalizers_hold_in_it() {
    run(async {
        let server = Server::new().await;
        server.post(NAMESPACES, &json!({"metadata": {"name": "blue"}})).await;
        let path = "/api/v1/namespaces/blue/services";
        let mut held = service("a");
        held["metadata"]["finalizers"] = json!(["test/hold"]);
        server.post(path, &held).await;
        server.delete("/api/v1/namespaces/blue").await;
        assert_eq!(server.get("/api/v1/namespaces/blue").await.json()["status"]["phase"], "Terminating");
        let refused = server.post(path, &service("b")).await;
        assert_eq!(
            (refused.status(), refused.message()),
            (
                403,
                "services \"b\" is forbidden: unable to create new content in namespace blue because it is being terminated".to_owned()
            )
        );
        server.merge(&format!("{path}/a"), &json!({"metadata": {"finalizers": null}})).await;
        assert_eq!(server.get("/api/v1/namespaces/blue").await.status(), 404);
    });
}

/// It stayed for ever: a second delete found it deleted already and did nothing.
#[test]
fn a_delete_that_a_client_left_is_finished_by_the_next_one() {
    run(async {
        let server = Server::new().await;
        server.post(NAMESPACES, &json!({"metadata": {"name": "blue"}})).await;
        server.post("/api/v1/namespaces/blue/services", &service("a")).await;
        let options = DeleteOptions::default();
        let mut left = Box::pin(server.registry.delete(kind("namespaces"), None, "blue", &options));
        loop {
            tokio::select! {
                biased;
                _ = &mut left => panic!("nobody was left alone"),
                () = tokio::task::yield_now() => {}
            }
            if server.get("/api/v1/namespaces/blue").await.json()["status"]["phase"] == "Terminating" {
                break;
            }
        }
        drop(left);
        server.delete("/api/v1/namespaces/blue").await;
        assert_eq!(server.get("/api/v1/namespaces/blue").await.status(), 404);
    });
}

#[test]
fn some_namespaces_are_always_there() {
    run(async {
        let server = Server::new().await;
        server.registry.bootstrap().await.unwrap();
        server.registry.bootstrap().await.unwrap();
        for name in ["default", "kube-system", "kube-public"] {
            server.registry.get(kind("namespaces"), None, name, ListAt::Latest).await.unwrap();
        }
        let seen = server.delete("/api/v1/namespaces/default").await;
        assert_eq!(
            (seen.status(), seen.message()),
            (403, "namespaces \"default\" is forbidden: this namespace may not be deleted".to_owned())
        );
    });
}

#[test]
fn a_delete_that_a_crash_cut_off_is_finished_at_the_start() {
    run(async {
        let server = Server::new().await;
        let mut object = json!({"metadata": {"name": "blue", "finalizers": ["test/hold"]}});
        server.post(NAMESPACES, &object).await;
        server.delete("/api/v1/namespaces/blue").await;
        object = server.get("/api/v1/namespaces/blue").await.json();
        assert_eq!(object["spec"], json!({}), "emptied, and held by its own finalizer alone");
        server.registry.bootstrap().await.unwrap();
        server.merge("/api/v1/namespaces/blue", &json!({"metadata": {"finalizers": null}})).await;
        assert_eq!(server.get("/api/v1/namespaces/blue").await.status(), 404);
    });
}
