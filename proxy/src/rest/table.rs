//! Objects as rows of a table. Go: `apiserver/pkg/endpoints/handlers/response.go` `asTable`, `apimachinery/pkg/api/meta/table`.

use serde_json::{Map, Value, json};

use super::{
    kinds::{Column, Kind},
    strategy,
};
use crate::{
    meta::{FieldError, Object, Status, time},
    world::Wall,
};

/// What a row has of its object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl IncludeObject {
    /// Reads `includeObject`.
    ///
    /// # Errors
    /// 400: it is none of the words.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        match text {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::None),
            "Object" => Ok(Self::Object),
            other => {
                let detail = "must be 'Metadata', 'Object', 'None', or empty";
                let fault = FieldError::invalid("includeObject", &json!(other), detail);
                Err(Status::bad_request(format!("Unable to convert to Table as requested: {fault}")))
            }
        }
    }
}

/// Whether a table says what its columns are: only the first of a watch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// It does.
    Told,
    /// It was said before.
    Known,
}

/// A table of objects; `version` is that of the table, `metadata` that of the list or the object.
pub(super) fn table(
    kind: &Kind,
    objects: &[Object],
    (version, metadata): (&str, Value),
    (include, columns): (IncludeObject, Columns),
    now: Wall,
) -> Value {
    let strategy = strategy::of(kind);
    let rows = objects.iter().map(|object| {
        let mut row = Map::new();
        row.insert("cells".into(), strategy.cells(object, now).into());
        let object = match include {
            IncludeObject::None => Value::Null,
            IncludeObject::Metadata => partial(object, version),
            IncludeObject::Object => object.clone().into_value(),
        };
        row.insert("object".into(), object);
        Value::Object(row)
    });
    let definitions: Value = match columns {
        Columns::Told => kind.columns.iter().map(definition).collect(),
        Columns::Known => Value::Null,
    };
    json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows.collect::<Vec<_>>(),
    })
}

fn definition(column: &Column) -> Value {
    let Column { name, type_name, format, description, priority } = column;
    json!({"name": name, "type": type_name, "format": format, "description": description, "priority": priority})
}

/// The metadata of an object. Go: `asPartialObjectMetadata`.
pub(super) fn partial(object: &Object, version: &str) -> Value {
    let metadata = object.get(&["metadata"]).cloned().unwrap_or_else(|| json!({}));
    json!({"kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata})
}

/// The cell of a column `Age`. Go: `kubernetes/pkg/printers/internalversion/printers.go` `translateTimestampSince`.
pub(super) fn age(object: &Object, now: Wall) -> Value {
    match time::parse(object.creation_timestamp()) {
        Some(created) => {
            let now = i64::try_from(now.0.as_secs()).unwrap_or(i64::MAX);
            time::human_duration(now.saturating_sub(created)).into()
        }
        None => "<unknown>".into(),
    }
}

/// The first three of several things, and how many more there are.
///
/// Go: `printers.go` `formatEndpoints`, `formatDiscoveryPorts`, `formatDiscoveryEndpoints`.
pub(super) fn first_of(all: impl IntoIterator<Item = String>, none: &str) -> String {
    const SHOWN_MAX: usize = 3;
    let mut all: Vec<String> = all.into_iter().collect();
    if all.is_empty() {
        return none.to_owned();
    }
    let more = all.len().saturating_sub(SHOWN_MAX);
    all.truncate(SHOWN_MAX);
    let shown = all.join(",");
    if more > 0 { format!("{shown} + {more} more...") } else { shown }
}

/// `host:port`, an IPv6 address in brackets. Go: `net.JoinHostPort`.
pub(super) fn host_port(host: &str, port: &Value) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
