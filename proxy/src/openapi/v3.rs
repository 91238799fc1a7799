//! Documents of OpenAPI v3: one for each version of a group.

use serde_json::{Map, Value, json};

use super::{
    gvk,
    operation::{Operation, Parameter, PathItem, Place, meaning, types_of},
    paths,
    schema::{Dialect, schemas},
};
use crate::meta::GroupVersion;

/// The document of a version of a group.
///
/// Go: `kube-openapi/pkg/builder3/openapi.go` `BuildOpenAPISpecFromRoutes`.
pub(super) fn document(at: &GroupVersion) -> Value {
    let items = paths::of(at);
    let schemas = schemas(Dialect::V3, types_of(&items), &|name| gvk::of_type(std::slice::from_ref(at), name));
    let paths: Map<String, Value> = items.iter().map(|item| (item.path.clone(), path_item(item))).collect();
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Weir", "version": "unversioned"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"},
            },
        },
    })
}

fn path_item(item: &PathItem) -> Value {
    let mut made: Map<String, Value> =
        item.operations.iter().map(|operation| (operation.method.to_owned(), self::operation(operation))).collect();
    if !item.parameters.is_empty() {
        made.insert("parameters".to_owned(), parameters(&item.parameters));
    }
    made.into()
}

fn operation(of: &Operation) -> Value {
    let mut made = Map::new();
    made.insert("tags".to_owned(), json!([of.tag]));
    made.insert("description".to_owned(), of.description.as_str().into());
    made.insert("operationId".to_owned(), of.id.as_str().into());
    if !of.parameters.is_empty() {
        made.insert("parameters".to_owned(), parameters(&of.parameters));
    }
    if let Some(body) = &of.body {
        let mut made_body = json!({"content": content(body.media, &body.of)});
        if body.required {
            made_body["required"] = true.into();
        }
        made.insert("requestBody".to_owned(), made_body);
    }
    let mut responses: Map<String, Value> = of
        .statuses
        .iter()
        .map(|status| {
            (status.to_string(), json!({"description": meaning(*status), "content": content(of.media, &of.answer)}))
        })
        .collect();
    responses.insert("401".to_owned(), json!({"description": meaning(401)}));
    made.insert("responses".to_owned(), responses.into());
    gvk::put(&mut made, of);
    made.into()
}

fn content(media: &[&str], of: &str) -> Value {
    media
        .iter()
        .map(|media| ((*media).to_owned(), json!({"schema": Dialect::V3.reference(of)})))
        .collect::<Map<_, _>>()
        .into()
}

fn parameters(of: &[Parameter]) -> Value {
    let parameter = |parameter: &Parameter| {
        let mut made = json!({
            "name": parameter.name,
            "in": parameter.place.word(),
            "description": parameter.description,
            "schema": {"type": parameter.of, "uniqueItems": true},
        });
        if parameter.place == Place::Path {
            made["required"] = true.into();
        }
        made
    };
    of.iter().map(parameter).collect::<Vec<_>>().into()
}
