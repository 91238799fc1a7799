//! The document of OpenAPI v2: one for all that this process serves.

use serde_json::{Map, Value, json};

use super::{
    gvk,
    operation::{Operation, Parameter, PathItem, Place, meaning, types_of},
    paths,
    schema::{Dialect, schemas},
};
use crate::meta::GroupVersion;

/// The document of some versions of groups.
///
/// Go: `kube-openapi/pkg/builder/openapi.go` `BuildOpenAPISpecFromRoutes`.
pub(super) fn document(versions: &[GroupVersion]) -> Value {
    let items: Vec<PathItem> = versions.iter().flat_map(paths::of).collect();
    let definitions = schemas(Dialect::V2, types_of(&items), &|name| gvk::of_type(versions, name));
    let paths: Map<String, Value> = items.iter().map(|item| (item.path.clone(), path_item(item))).collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "Weir", "version": "unversioned"},
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {
            "BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"},
        },
        "security": [{"BearerToken": []}],
    })
}

fn path_item(item: &PathItem) -> Value {
    let mut made: Map<String, Value> =
        item.operations.iter().map(|operation| (operation.method.to_owned(), self::operation(operation))).collect();
    if !item.parameters.is_empty() {
        made.insert("parameters".to_owned(), item.parameters.iter().map(parameter).collect::<Vec<_>>().into());
    }
    made.into()
}

fn operation(of: &Operation) -> Value {
    // The list of resources has no action; it is read in the forms in which it is written, all others take anything.
    let without = if of.action.is_some() { &["*/*"][..] } else { of.media };
    let consumes = of.body.as_ref().map_or(without, |body| body.media);
    let mut made = Map::new();
    made.insert("description".to_owned(), of.description.as_str().into());
    made.insert("consumes".to_owned(), json!(consumes));
    made.insert("produces".to_owned(), json!(of.media));
    made.insert("schemes".to_owned(), json!(["https"]));
    made.insert("tags".to_owned(), json!([of.tag]));
    made.insert("operationId".to_owned(), of.id.as_str().into());
    let mut parameters: Vec<Value> = Vec::new();
    if let Some(body) = &of.body {
        let mut made_body = json!({"name": "body", "in": "body", "schema": Dialect::V2.reference(&body.of)});
        if body.required {
            made_body["required"] = true.into();
        }
        parameters.push(made_body);
    }
    parameters.extend(of.parameters.iter().map(parameter));
    if !parameters.is_empty() {
        made.insert("parameters".to_owned(), parameters.into());
    }
    let schema = Dialect::V2.reference(&of.answer);
    let mut responses: Map<String, Value> = of
        .statuses
        .iter()
        .map(|status| (status.to_string(), json!({"description": meaning(*status), "schema": schema})))
        .collect();
    responses.insert("401".to_owned(), json!({"description": meaning(401)}));
    made.insert("responses".to_owned(), responses.into());
    gvk::put(&mut made, of);
    made.into()
}

fn parameter(of: &Parameter) -> Value {
    let mut made = json!({
        "uniqueItems": true,
        "type": of.of,
        "description": of.description,
        "name": of.name,
        "in": of.place.word(),
    });
    if of.place == Place::Path {
        made["required"] = true.into();
    }
    made
}
