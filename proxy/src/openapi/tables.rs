//! The tables of kinds, as much of them as a description of an API needs.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value};

/// All tables.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Tables {
    /// Types by their names in OpenAPI.
    pub(super) types: BTreeMap<String, Type>,
    /// The kinds that are served.
    #[serde(default)]
    pub(super) kinds: Vec<Kind>,
}

/// A type: a struct with fields, or a scalar with a schema of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Type {
    #[serde(default)]
    pub(super) description: String,
    /// The word that fields use for it, if it is a scalar.
    pub(super) scalar: Option<String>,
    #[serde(default)]
    pub(super) schema: Map<String, Value>,
    /// Where OpenAPI v2 cannot say what `schema` says.
    pub(super) schema_v2: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) extensions: Map<String, Value>,
    #[serde(default)]
    pub(super) fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug, Deserialize)]
pub(super) struct Field {
    #[serde(default, rename = "json")]
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) of: Of,
    /// Its own fields stand in its place.
    #[serde(default)]
    pub(super) inline: bool,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) description: String,
    pub(super) default: Option<Value>,
    pub(super) items_default: Option<Value>,
    pub(super) merge_key: Option<String>,
    pub(super) patch_strategy: Option<String>,
    pub(super) list_type: Option<String>,
    pub(super) list_map_keys: Option<Vec<String>>,
    pub(super) map_type: Option<String>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<Value>>,
    pub(super) items_enum: Option<Vec<Value>>,
}

/// What a field holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Of {
    /// A named type.
    Ref(String),
    /// A list.
    Array(Box<Of>),
    /// Values by text.
    Map(Box<Of>),
    /// A scalar, by its word.
    #[serde(untagged)]
    Scalar(String),
}

/// A kind that is served.
#[derive(Debug, Deserialize)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    #[serde(rename = "type")]
    pub(super) object: String,
    #[serde(rename = "list_type")]
    pub(super) list: String,
    pub(super) list_kind: String,
    pub(super) resource: String,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
    #[serde(default)]
    pub(super) subresources: Vec<Subresource>,
}

/// A path below the objects of a kind.
#[derive(Debug, Deserialize)]
pub(super) struct Subresource {
    pub(super) name: String,
    pub(super) verbs: Vec<String>,
}

impl Tables {
    /// The tables of this build.
    pub(super) fn get() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(|| {
            let mut all = Tables::default();
            for text in SOURCES {
                let table: Tables =
                    serde_json::from_str(text).expect("the tables are written by the recorder, and tested");
                all.types.extend(table.types);
                all.kinds.extend(table.kinds);
            }
            all
        });
        &TABLES
    }

    /// The type that fields mean by the word of a scalar, if it has a name.
    pub(super) fn scalar(&self, word: &str) -> Option<&str> {
        self.types.iter().find(|(_, of)| of.scalar.as_deref() == Some(word)).map(|(name, _)| name.as_str())
    }

    /// The fields of a type, those of inlined types in their place.
    pub(super) fn fields<'a>(&'a self, of: &'a Type) -> Vec<&'a Field> {
        let mut all = Vec::new();
        for field in &of.fields {
            match &field.of {
                Of::Ref(name) if field.inline => {
                    all.extend(self.types.get(name).into_iter().flat_map(|inner| self.fields(inner)));
                }
                _ => all.push(field),
            }
        }
        all
    }
}

const SOURCES: [&str; 4] = [
    include_str!("../rest/kinds/apiregistration.json"),
    include_str!("../rest/kinds/core.json"),
    include_str!("../rest/kinds/discovery.json"),
    include_str!("../rest/kinds/meta.json"),
];
