//! The schema of a type, in either version of OpenAPI.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::rest::{Field, Kinds, Scalar, Shape};

/// A version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 2.0, "Swagger": no defaults, and a reference may have neighbours.
    V2,
    /// 3.0.
    V3,
}

impl Dialect {
    /// Where a named schema stands in the document.
    pub(super) fn reference(self, name: &str) -> Value {
        match self {
            Self::V2 => json!({"$ref": format!("#/definitions/{name}")}),
            Self::V3 => json!({"$ref": format!("#/components/schemas/{name}")}),
        }
    }
}

/// The schemas of some types and of all that these name.
///
/// Go: `kube-openapi/pkg/builder3/openapi.go` `buildDefinitionRecursively`.
pub(super) fn schemas(dialect: Dialect, roots: BTreeSet<String>, kinds_of: &KindsOf<'_>) -> Map<String, Value> {
    let mut wanted: Vec<String> = roots.into_iter().rev().collect();
    let mut made = Map::new();
    while let Some(name) = wanted.pop() {
        if made.contains_key(&name) {
            continue;
        }
        let mut maker = Maker { dialect, named: &mut wanted };
        let mut schema = maker.named(&name);
        if let Some(kinds) = kinds_of(&name) {
            schema.insert("x-kubernetes-group-version-kind".to_owned(), kinds);
        }
        made.insert(name, schema.into());
    }
    made.sort_keys();
    made
}

/// Which group, version and kind objects of a type have.
pub(super) type KindsOf<'a> = dyn Fn(&str) -> Option<Value> + 'a;

struct Maker<'a> {
    dialect: Dialect,
    /// The types that were named on the way.
    named: &'a mut Vec<String>,
}

impl Maker<'_> {
    fn named(&mut self, name: &str) -> Map<String, Value> {
        if name == PATCH {
            return object(json!({"description": PATCH_DESCRIPTION, "type": "object"}));
        }
        let of = Kinds::get().type_named(name);
        let mut schema = Map::new();
        put_text(&mut schema, "description", &of.description);
        if of.scalar.is_some() {
            let own = of.schema_v2.as_ref().filter(|_| self.dialect == Dialect::V2).unwrap_or(&of.schema);
            schema.extend(own.clone());
            return schema;
        }
        schema.insert("type".to_owned(), "object".into());
        let fields = Kinds::get().fields(of);
        let required: Vec<&str> =
            fields.iter().filter(|field| field.required).map(|field| field.json.as_str()).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        let mut properties = Map::new();
        for field in fields {
            properties.insert(field.json.clone(), self.property(field));
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        schema.extend(of.extensions.clone());
        schema
    }

    fn property(&mut self, field: &Field) -> Value {
        let items = Around { default: field.items_default.as_ref(), values: field.items_values.as_ref() };
        let mut schema = self.shape(&field.shape, &items);
        put_text(&mut schema, "description", &field.description);
        Around { default: field.default.as_ref(), values: field.values.as_ref() }.put(self.dialect, &mut schema);
        for (name, value) in [
            ("x-kubernetes-list-type", &field.list_type),
            ("x-kubernetes-map-type", &field.map_type),
            ("x-kubernetes-patch-merge-key", &field.merge_key),
            ("x-kubernetes-patch-strategy", &field.patch_strategy),
        ] {
            put_text(&mut schema, name, value);
        }
        if !field.list_map_keys.is_empty() {
            schema.insert("x-kubernetes-list-map-keys".to_owned(), json!(field.list_map_keys));
        }
        self.neighbours(schema)
    }

    fn shape(&mut self, shape: &Shape, items: &Around<'_>) -> Map<String, Value> {
        match shape {
            Shape::Ref(name) => self.reference(name),
            Shape::Array(of) => {
                let item = self.item(of, items);
                object(json!({"type": "array", "items": item}))
            }
            Shape::Map(of) => {
                let item = self.item(of, items);
                object(json!({"type": "object", "additionalProperties": item}))
            }
            Shape::Scalar(scalar) => self.scalar(*scalar),
        }
    }

    fn item(&mut self, shape: &Shape, around: &Around<'_>) -> Value {
        let mut schema = self.shape(shape, &Around { default: None, values: None });
        around.put(self.dialect, &mut schema);
        self.neighbours(schema)
    }

    fn scalar(&mut self, scalar: Scalar) -> Map<String, Value> {
        if let Some(name) = Kinds::get().scalar_named(scalar) {
            return self.reference(name);
        }
        object(match scalar {
            Scalar::String => json!({"type": "string"}),
            Scalar::Bool => json!({"type": "boolean"}),
            Scalar::Int32 => json!({"type": "integer", "format": "int32"}),
            Scalar::Int64 => json!({"type": "integer", "format": "int64"}),
            Scalar::Float64 => json!({"type": "number", "format": "double"}),
            Scalar::Bytes => json!({"type": "string", "format": "byte"}),
            _ => json!({"type": "object"}),
        })
    }

    fn reference(&mut self, name: &str) -> Map<String, Value> {
        self.named.push(name.to_owned());
        object(self.dialect.reference(name))
    }

    /// In v3 a reference has no neighbours: it moves into `allOf`.
    fn neighbours(&self, mut schema: Map<String, Value>) -> Value {
        if self.dialect == Dialect::V3
            && schema.len() > 1
            && let Some(reference) = schema.shift_remove("$ref")
        {
            schema.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
        schema.into()
    }
}

/// What a field says about its value, or about each item of it.
struct Around<'a> {
    default: Option<&'a Value>,
    values: Option<&'a Vec<Value>>,
}

impl Around<'_> {
    fn put(&self, dialect: Dialect, schema: &mut Map<String, Value>) {
        if let Some(default) = self.default
            && dialect == Dialect::V3
        {
            schema.insert("default".to_owned(), default.clone());
        }
        if let Some(values) = self.values {
            schema.insert("enum".to_owned(), json!(values));
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn put_text(schema: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        schema.insert(name.to_owned(), text.into());
    }
}

/// The type of a PATCH body: no Go struct, so no table has it.
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const PATCH_DESCRIPTION: &str =
    "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.";
