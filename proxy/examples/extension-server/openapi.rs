//! What a flunder looks like, for `kubectl explain` and for clients that check before they send.

use serde_json::{Value, json};

use crate::discovery::GROUP;

/// Where the version's document is.
pub(crate) const PATH: &str = "/openapi/v3/apis/wardle.example.com/v1alpha1";

/// Which documents there are.
pub(crate) fn index() -> Value {
    json!({"paths": {"apis/wardle.example.com/v1alpha1": {"serverRelativeURL": PATH}}})
}

/// The version's document.
pub(crate) fn document() -> Value {
    let flunder = json!({"$ref": "#/components/schemas/com.example.wardle.v1alpha1.Flunder"});
    let said = json!({"200": {"description": "OK", "content": {"application/json": {"schema": flunder}}}});
    let kind = json!({"group": GROUP, "version": "v1alpha1", "kind": "Flunder"});
    let operation = |action: &str| json!({"responses": said, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind});
    json!({
        "openapi": "3.0.0",
        "info": {"title": "wardle", "version": "v1alpha1"},
        "paths": {
            "/apis/wardle.example.com/v1alpha1/namespaces/{namespace}/flunders": {"get": operation("list"), "post": operation("post")},
            "/apis/wardle.example.com/v1alpha1/namespaces/{namespace}/flunders/{name}": {
                "get": operation("get"), "put": operation("put"), "patch": operation("patch"), "delete": operation("delete"),
            },
        },
        "components": {"schemas": {"com.example.wardle.v1alpha1.Flunder": {
            "description": "Flunder is a sample object.", "type": "object", "x-kubernetes-group-version-kind": [kind],
            "properties": {
                "apiVersion": {"type": "string", "description": "The group and version of the object."},
                "kind": {"type": "string", "description": "The kind of the object."},
                "metadata": {"type": "object", "description": "Name, namespace, labels and the like."},
                "spec": {"type": "object", "description": "What is wanted.", "properties": {
                    "reference": {"type": "string", "description": "The name of another flunder."},
                }},
            },
        }}},
    })
}
