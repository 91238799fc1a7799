//! The schema of a type, in either version of OpenAPI.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::tables::{Field, Of, Tables};

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
pub(super) fn schemas(dialect: Dialect, tables: &Tables, roots: BTreeSet<String>, kinds: &Kinds) -> Map<String, Value> {
    let mut wanted: Vec<String> = roots.into_iter().rev().collect();
    let mut made = Map::new();
    while let Some(name) = wanted.pop() {
        if made.contains_key(&name) {
            continue;
        }
        let mut maker = Maker { dialect, tables, named: &mut wanted };
        let mut schema = maker.named(&name);
        if let Some(kinds) = kinds(&name) {
            schema.insert("x-kubernetes-group-version-kind".to_owned(), kinds);
        }
        made.insert(name, schema.into());
    }
    made.sort_keys();
    made
}

/// Which group, version and kind objects of a type have.
pub(super) type Kinds<'a> = dyn Fn(&str) -> Option<Value> + 'a;

struct Maker<'a> {
    dialect: Dialect,
    tables: &'a Tables,
    /// The types that were named on the way.
    named: &'a mut Vec<String>,
}

impl Maker<'_> {
    fn named(&mut self, name: &str) -> Map<String, Value> {
        if name == PATCH {
            return object(json!({"description": PATCH_DESCRIPTION, "type": "object"}));
        }
        let Some(of) = self.tables.types.get(name) else { return object(json!({"type": "object"})) };
        let mut schema = Map::new();
        put_text(&mut schema, "description", &of.description);
        if of.scalar.is_some() {
            let own = of.schema_v2.as_ref().filter(|_| self.dialect == Dialect::V2).unwrap_or(&of.schema);
            schema.extend(own.clone());
            return schema;
        }
        schema.insert("type".to_owned(), "object".into());
        let fields = self.tables.fields(of);
        let required: Vec<&str> =
            fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        let mut properties = Map::new();
        for field in fields {
            properties.insert(field.name.clone(), self.property(field));
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        schema.extend(of.extensions.clone());
        schema
    }

    fn property(&mut self, field: &Field) -> Value {
        let items = Around { default: field.items_default.as_ref(), values: field.items_enum.as_ref() };
        let mut schema = self.of(&field.of, &items);
        put_text(&mut schema, "description", &field.description);
        Around { default: field.default.as_ref(), values: field.values.as_ref() }.put(self.dialect, &mut schema);
        for (name, value) in [
            ("x-kubernetes-list-type", field.list_type.as_ref()),
            ("x-kubernetes-map-type", field.map_type.as_ref()),
            ("x-kubernetes-patch-merge-key", field.merge_key.as_ref()),
            ("x-kubernetes-patch-strategy", field.patch_strategy.as_ref()),
        ] {
            put_text(&mut schema, name, value.map_or("", String::as_str));
        }
        if let Some(keys) = &field.list_map_keys {
            schema.insert("x-kubernetes-list-map-keys".to_owned(), json!(keys));
        }
        self.neighbours(schema)
    }

    fn of(&mut self, of: &Of, items: &Around<'_>) -> Map<String, Value> {
        match of {
            Of::Ref(name) => self.reference(name),
            Of::Array(of) => {
                let item = self.item(of, items);
                object(json!({"type": "array", "items": item}))
            }
            Of::Map(of) => {
                let item = self.item(of, items);
                object(json!({"type": "object", "additionalProperties": item}))
            }
            Of::Scalar(word) => self.scalar(word),
        }
    }

    fn item(&mut self, of: &Of, around: &Around<'_>) -> Value {
        let mut schema = self.of(of, &Around { default: None, values: None });
        around.put(self.dialect, &mut schema);
        self.neighbours(schema)
    }

    fn scalar(&mut self, word: &str) -> Map<String, Value> {
        if let Some(name) = self.tables.scalar(word) {
            return self.reference(name);
        }
        object(match word {
            "string" => json!({"type": "string"}),
            "bool" => json!({"type": "boolean"}),
            "int32" => json!({"type": "integer", "format": "int32"}),
            "int64" => json!({"type": "integer", "format": "int64"}),
            "float64" => json!({"type": "number", "format": "double"}),
            "bytes" => json!({"type": "string", "format": "byte"}),
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
