//! Brings the extensions on: a namespace, and for each extension a Service and an APIService.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    caller::Caller,
    extension::{NAMESPACE, PORT, group, name},
};

/// Creates what is missing, as often as it takes.
pub(super) async fn bring_on(mut caller: Caller, authorities: &[String]) {
    for (path, object) in objects(authorities) {
        // 409: an attempt whose answer was lost has made it.
        while !caller.ask("POST", &path, Some(&object)).await.is_ok_and(|made| matches!(made.status, 201 | 409)) {
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}

fn objects(authorities: &[String]) -> Vec<(String, Value)> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let mut objects = vec![("/api/v1/namespaces".to_owned(), namespace)];
    for (nth, authority) in authorities.iter().enumerate() {
        let (group, name) = (group(nth), name(nth));
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": name},
        });
        objects.push((format!("/api/v1/namespaces/{NAMESPACE}/services"), service));
        let api_service = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": format!("v1.{group}")},
            "spec": {
                "group": group, "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15,
                "service": {"namespace": NAMESPACE, "name": name, "port": PORT},
                "caBundle": STANDARD.encode(authority),
            },
        });
        objects.push(("/apis/apiregistration.k8s.io/v1/apiservices".to_owned(), api_service));
    }
    objects
}

const RETRY_DELAY: Duration = Duration::from_millis(300);
