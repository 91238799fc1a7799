//! Options of a delete: of the body, or of the query.

use serde_json::{Value, json};

use super::{DryRun, dry_run, invalid};
use crate::{
    meta::{FieldError, Query, Status},
    rest::{body_object::not_registered, decode::decode_type, document::Document},
};

/// What a delete asks for.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// Whether it is done.
    pub dry_run: DryRun,
    /// What has to hold.
    pub preconditions: Preconditions,
    /// What happens to what the object owns.
    pub propagation: Option<Propagation>,
    /// `orphanDependents: false` was said: an object that remains is answered with 202.
    pub orphans_refused: bool,
}

/// What has to hold for a delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The uid of the object.
    pub uid: Option<String>,
    /// Its revision.
    pub resource_version: Option<String>,
}

/// What happens to what an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// It goes first, and the object waits.
    Foreground,
    /// The object goes first.
    Background,
    /// It stays.
    Orphan,
}

const TYPE: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

impl DeleteOptions {
    /// Reads the query, which counts where the body is empty.
    ///
    /// # Errors
    /// 422: something in it is wrong.
    pub(in crate::rest) fn from_query(query: &Query) -> Result<Self, Status> {
        let text = |name: &str| Some(query.text(name)).filter(|text| !text.is_empty());
        let given = json!({
            "orphanDependents": query.bool("orphanDependents"),
            "propagationPolicy": text("propagationPolicy"),
            "dryRun": query.texts("dryRun"),
            "preconditions": {"uid": text("uid"), "resourceVersion": text("resourceVersion")},
        });
        Self::from_value(&given)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 400: it cannot be read, or is of another kind; 422: something in it is wrong.
    pub(in crate::rest) fn from_body(document: &Document) -> Result<Self, Status> {
        let (fields, _) = decode_type(TYPE, document).map_err(Status::bad_request)?;
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "" | "DeleteOptions") {
            let version = fields.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            return Err(Status::bad_request(not_registered(kind, version)));
        }
        Self::from_value(&Value::Object(fields))
    }

    fn from_value(given: &Value) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        let orphan = given.get("orphanDependents").and_then(Value::as_bool);
        let policy = given.get("propagationPolicy").and_then(Value::as_str);
        if let (Some(policy), Some(_)) = (policy, orphan) {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            wrong.push(FieldError::invalid("propagationPolicy", &json!(policy), detail));
        }
        let propagation = match policy {
            None => orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background }),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Background") => Some(Propagation::Background),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                wrong.push(FieldError::not_supported("propagationPolicy", &json!(other), &known));
                None
            }
        };
        let dry_runs = given.get("dryRun").and_then(Value::as_array);
        let dry_runs: Vec<String> =
            dry_runs.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        let dry_run = dry_run(&dry_runs, &mut wrong);
        invalid("DeleteOptions", &wrong)?;
        let precondition = |field: &str| given.get("preconditions")?.get(field)?.as_str().map(str::to_owned);
        let preconditions =
            Preconditions { uid: precondition("uid"), resource_version: precondition("resourceVersion") };
        Ok(Self { dry_run, preconditions, propagation, orphans_refused: orphan == Some(false) })
    }
}
