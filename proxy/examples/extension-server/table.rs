//! Objects as rows, which `kubectl get` prints.

use http::{HeaderMap, header::ACCEPT};
use serde_json::{Value, json};

/// Whether the client prefers rows.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("as=Table"))
}

/// A table of flunders.
pub(crate) fn of<'a>(flunders: impl IntoIterator<Item = &'a Value>, metadata: &Value) -> Value {
    let rows: Vec<Value> = flunders.into_iter().map(row).collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "rows": rows, "columnDefinitions": [
        {"name": "Name", "type": "string", "format": "name", "description": "The name.", "priority": 0},
        {"name": "Reference", "type": "string", "format": "", "description": "Another flunder.", "priority": 0},
        {"name": "Created by", "type": "string", "format": "", "description": "Who asked for it.", "priority": 0},
    ]})
}

fn row(flunder: &Value) -> Value {
    let metadata = &flunder["metadata"];
    let by = &metadata["annotations"]["wardle.example.com/created-by"];
    let reference = flunder["spec"]["reference"].as_str().unwrap_or_default();
    json!({
        "cells": [metadata["name"], reference, by],
        "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata},
    })
}
