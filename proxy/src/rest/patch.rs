//! Patch: JSON patch, merge patch, strategic merge patch. Go: `apiserver/pkg/endpoints/handlers/patch.go`.

mod go_format;
mod json_patch;
mod strategic;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Kind, Rest, RestRoute,
    body_object::not_registered,
    decode::{decode, json_name},
    document::Document,
    options::{FieldValidation, WriteOptions},
    request::{read_body, unknown_format},
    respond::{self, Shaper},
    strategy,
    table::Columns,
};
use crate::{
    meta::{FieldError, GroupKind, Layout, Object, Query, Status, Warnings, encode_json},
    refusal::Refusal,
    wire::{Answer, Exchange, Name, RequestHead, media_type::media_type},
};

/// The forms of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Merge,
    Strategic,
}

const FORMS: [(Form, &str); 3] = [
    (Form::Json, "application/json-patch+json"),
    (Form::Merge, "application/merge-patch+json"),
    (Form::Strategic, "application/strategic-merge-patch+json"),
];

impl Rest {
    pub(super) async fn patch(
        &self,
        exchange: &mut Exchange,
        route: &RestRoute,
        warnings: &mut Warnings,
    ) -> Result<Answer, Refusal> {
        let form = form_of(&exchange.head)?;
        let accepted = respond::agree(&exchange.head)?;
        let body = read_body(exchange).await?;
        let query = Query::of(&exchange.head);
        let options = WriteOptions::parse(&query, "PatchOptions")?;
        let patch = Patch::read(form, &body)?;
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let mut strange = Vec::new();
        let change = |old: Object| {
            let (object, found) = patch.apply(route.kind, old, options.field_validation)?;
            strange = found;
            route.check_name(&object)?;
            Ok(object)
        };
        let (namespace, part) = (route.namespace.as_deref(), route.subresource.as_deref());
        let patched = self.registry.update(route.kind, part, namespace, route.name(), change, &options).await;
        warnings.extend(strange);
        let patched = patched?;
        warnings.extend(strategy::of(route.kind).warnings(&patched));
        let value = shaper.object(patched, Columns::Told)?;
        Ok(respond::answer(&exchange.head, &accepted, StatusCode::OK, &value))
    }
}

fn form_of(head: &RequestHead) -> Result<Form, Status> {
    let value = head.headers.get(&Name::CONTENT_TYPE).unwrap_or_default();
    let name = media_type(value);
    let found = FORMS.iter().find(|(_, known)| name.as_deref() == Some(known.as_bytes()));
    found.map(|(form, _)| *form).ok_or_else(|| unknown_format(&FORMS.map(|(_, known)| known)))
}

/// A patch may not make another kind of an object.
fn check_kind(kind: &Kind, value: &Value) -> Result<(), String> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let (name, version) = (text("kind"), text("apiVersion"));
    if name == kind.kind && version == kind.group_version().to_string() {
        return Ok(());
    }
    Err(not_registered(name, version))
}

/// A patch that was read.
#[derive(Debug)]
enum Patch {
    Json(json_patch::Operations),
    Merge(Value),
    Strategic(Value),
}

impl Patch {
    /// # Errors
    /// 400: it cannot be read; 413: it has too many operations.
    fn read(form: Form, body: &Bytes) -> Result<Self, Status> {
        let prefix = if form == Form::Strategic { "" } else { "error decoding patch: " };
        let refuse = |fault: String| Status::bad_request(format!("{prefix}{fault}"));
        let Document { value, .. } = Document::json(body).map_err(refuse)?;
        let found = json_name(&value);
        match (form, &value) {
            (Form::Json, Value::Array(_) | Value::Null) => Ok(Self::Json(json_patch::Operations::read(value)?)),
            (Form::Json, _) => {
                Err(refuse(format!("json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp")))
            }
            (Form::Merge, Value::Object(_)) => Ok(Self::Merge(value)),
            (Form::Merge, Value::Null) => Err(Status::bad_request("Invalid JSON Patch")),
            (Form::Strategic, Value::Object(_)) => Ok(Self::Strategic(value)),
            (Form::Strategic, Value::Null) => Ok(Self::Strategic(json!({}))),
            (Form::Merge | Form::Strategic, _) => {
                Err(refuse(format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}")))
            }
        }
    }

    /// The object that comes of it, and what is to be said of its strange fields.
    fn apply(
        &self,
        kind: &'static Kind,
        old: Object,
        validation: FieldValidation,
    ) -> Result<(Object, Vec<String>), Status> {
        let mut value = old.into_value();
        let shown = match self {
            Self::Json(operations) => {
                operations.apply(&mut value)?;
                None
            }
            Self::Merge(patch) => {
                ::json_patch::merge(&mut value, patch);
                None
            }
            Self::Strategic(patch) => {
                let kept = json!([kind.kind, kind.group_version().to_string()]);
                value = strategic::apply(kind, value, patch).map_err(Status::plain_error)?;
                // What the patch says of the kind is not listened to.
                value["kind"] = kept[0].clone();
                value["apiVersion"] = kept[1].clone();
                Some(go_format::shown(patch))
            }
        };
        let refuse = |fault: &str| {
            // Go has read the outermost map, which sorts it.
            let sorted: BTreeMap<&String, &Value> = value.as_object().into_iter().flatten().collect();
            let patched = || String::from_utf8_lossy(&encode_json(&sorted, Layout::Bare)).into_owned();
            let shown = shown.clone().unwrap_or_else(patched);
            Status::invalid(&GroupKind::default(), "", &[FieldError::invalid("patch", &json!(shown), fault)])
        };
        let document = Document { value: value.clone(), ..Document::default() };
        check_kind(kind, &value).map_err(|fault| refuse(&fault))?;
        let decoded = decode(kind, &document).map_err(|fault| refuse(&fault))?;
        match validation {
            FieldValidation::Ignore => Ok((decoded.object, Vec::new())),
            FieldValidation::Warn => Ok((decoded.object, decoded.strange)),
            FieldValidation::Strict if decoded.strange.is_empty() => Ok((decoded.object, Vec::new())),
            FieldValidation::Strict => Err(refuse(&format!("strict decoding error: {}", decoded.strange.join(", ")))),
        }
    }
}
