//! An OpenAPI v2 document from JSON into protobuf, which kubectl up to 1.28 asks for.

use prost::Message as _;
use serde_json::{Map, Value};

use super::gnostic::{
    Any, ApiKey, BodyParameter, Document, Info, Items, Named, NonBodyParameter, Operation, Parameter, ParametersItem,
    PathItem, PathParameter, Paths, QueryParameter, Response, ResponseValue, Responses, Schema, SchemaItem, Schemas,
    SecurityDefinition, SecurityDefinitions, SecurityRequirement, Texts,
};
use crate::meta::encode_yaml;

/// The bytes of a document.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    self::document(document).encode_to_vec()
}

fn document(of: &Value) -> Document {
    Document {
        swagger: text(of, "swagger"),
        info: Some(Info { title: text(&of["info"], "title"), version: text(&of["info"], "version") }),
        paths: Some(Paths {
            path: fields(&of["paths"])
                .map(|(name, item)| Named { name: name.clone(), value: Some(path_item(item)) })
                .collect(),
        }),
        definitions: Some(schemas(&of["definitions"])),
        security: items(&of["security"]).map(requirement).collect(),
        security_definitions: Some(SecurityDefinitions {
            named: fields(&of["securityDefinitions"])
                .map(|(name, of)| Named { name: name.clone(), value: Some(security_definition(of)) })
                .collect(),
        }),
    }
}

fn requirement(of: &Value) -> SecurityRequirement {
    let named = |(name, scopes): (&String, &Value)| Named { name: name.clone(), value: Some(texts(scopes)) };
    SecurityRequirement { named: fields(of).map(named).collect() }
}

fn security_definition(of: &Value) -> SecurityDefinition {
    SecurityDefinition {
        api_key: Some(ApiKey {
            r#type: text(of, "type"),
            name: text(of, "name"),
            r#in: text(of, "in"),
            description: text(of, "description"),
        }),
    }
}

fn path_item(of: &Value) -> PathItem {
    let operation = |method: &str| of.get(method).map(operation);
    PathItem {
        get: operation("get"),
        put: operation("put"),
        post: operation("post"),
        delete: operation("delete"),
        patch: operation("patch"),
        parameters: items(&of["parameters"]).map(parameter).collect(),
    }
}

fn operation(of: &Value) -> Operation {
    let response = |(status, of): (&String, &Value)| Named {
        name: status.clone(),
        value: Some(ResponseValue {
            response: Some(Response {
                description: text(of, "description"),
                schema: of.get("schema").map(schema_item),
            }),
        }),
    };
    Operation {
        tags: texts(&of["tags"]).value,
        description: text(of, "description"),
        operation_id: text(of, "operationId"),
        produces: texts(&of["produces"]).value,
        consumes: texts(&of["consumes"]).value,
        parameters: items(&of["parameters"]).map(parameter).collect(),
        responses: Some(Responses { response_code: fields(&of["responses"]).map(response).collect() }),
        schemes: texts(&of["schemes"]).value,
        vendor_extension: extensions(of),
    }
}

fn parameter(of: &Value) -> ParametersItem {
    let (name, place, description) = (text(of, "name"), text(of, "in"), text(of, "description"));
    let (of_type, required) = (text(of, "type"), flag(of, "required"));
    let unique_items = flag(of, "uniqueItems");
    let other = |query, path| Parameter { body: None, other: Some(NonBodyParameter { query, path }) };
    let parameter = match place.as_str() {
        "body" => {
            let schema = of.get("schema").map(schema);
            Parameter { body: Some(BodyParameter { name, r#in: place, required, schema }), other: None }
        }
        "path" => {
            let path = PathParameter { required, r#in: place, description, name, r#type: of_type, unique_items };
            other(None, Some(path))
        }
        _ => other(Some(QueryParameter { r#in: place, description, name, r#type: of_type, unique_items }), None),
    };
    ParametersItem { parameter: Some(parameter) }
}

fn schemas(of: &Value) -> Schemas {
    Schemas { named: fields(of).map(|(name, of)| Named { name: name.clone(), value: Some(schema(of)) }).collect() }
}

fn schema_item(of: &Value) -> SchemaItem {
    SchemaItem { schema: Some(Box::new(schema(of))) }
}

fn schema(of: &Value) -> Schema {
    Schema {
        reference: text(of, "$ref"),
        format: text(of, "format"),
        description: text(of, "description"),
        required: texts(&of["required"]).value,
        r#enum: items(&of["enum"]).map(any).collect(),
        additional_properties: of.get("additionalProperties").map(schema_item),
        r#type: of.get("type").and_then(Value::as_str).map(|one| Texts { value: vec![one.to_owned()] }),
        items: of.get("items").map(|of| Items { schema: vec![schema(of)] }),
        properties: of.get("properties").map(schemas),
        vendor_extension: extensions(of),
    }
}

fn extensions(of: &Value) -> Vec<Named<Any>> {
    fields(of)
        .filter(|(name, _)| name.starts_with("x-"))
        .map(|(name, value)| Named { name: name.clone(), value: Some(any(value)) })
        .collect()
}

fn any(value: &Value) -> Any {
    Any { yaml: String::from_utf8_lossy(&encode_yaml(value)).into_owned() }
}

fn fields(of: &Value) -> impl Iterator<Item = (&String, &Value)> {
    of.as_object().into_iter().flat_map(Map::iter)
}

fn items(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn texts(of: &Value) -> Texts {
    Texts { value: items(of).filter_map(Value::as_str).map(str::to_owned).collect() }
}

fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn flag(of: &Value, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests;
