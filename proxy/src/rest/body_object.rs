//! The object in a body, held against what its path expects. Go: `apiserver/pkg/endpoints/handlers/rest.go` `transformDecodeError`.

use serde_json::Value;

use super::{
    RestRoute,
    decode::{decode, json_name},
    kinds::Kind,
    options::FieldValidation,
    request::{parse, summary},
};
use crate::{
    meta::{Media, Object, Status, Warnings},
    wire::token::go_quote,
};

/// Reads the object of a create or an update, and adds what is to be said of its strange fields.
///
/// # Errors
/// 400: it cannot be read, is of another kind or version, or has strange fields and they are refused.
pub(super) fn read(
    route: &RestRoute,
    media: Media,
    body: &[u8],
    validation: FieldValidation,
    warnings: &mut Warnings,
) -> Result<Object, Status> {
    let kind = route.kind;
    let unrecognized = |fault: &str| {
        let (name, summary) = (&kind.kind, summary(body));
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {name}): {fault} ({summary})"
        ))
    };
    let no_kind = "couldn't get version/kind; json parse error:";
    let document = parse(media, body).map_err(|fault| match media {
        Media::Json => unrecognized(&format!("{no_kind} {fault}")),
        Media::Yaml | Media::Protobuf => unrecognized(&fault),
    })?;
    if !matches!(document.value, Value::Object(_) | Value::Null) {
        let found = json_name(&document.value);
        let fields =
            r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
        return Err(unrecognized(&format!("{no_kind} json: cannot unmarshal {found} into Go value of type {fields}")));
    }
    let text = |field: &str| document.value.get(field).and_then(|value| value.as_str()).unwrap_or_default();
    let (found_kind, found_version) = (text("kind").to_owned(), text("apiVersion").to_owned());
    check_kind(kind, &found_kind, &found_version)?;
    let decoded =
        decode(kind, &document).map_err(|fault| cannot_be_handled(&kind.kind, &kind.kind, &kind.version, &fault))?;
    match validation {
        FieldValidation::Warn => warnings.extend(decoded.strange),
        FieldValidation::Strict if !decoded.strange.is_empty() => {
            let fault = format!("strict decoding error: {}", decoded.strange.join(", "));
            return Err(cannot_be_handled(&kind.kind, &kind.kind, &kind.version, &fault));
        }
        FieldValidation::Ignore | FieldValidation::Strict => {}
    }
    let mut object = decoded.object;
    let expected = kind.group_version().to_string();
    if !found_version.is_empty() && found_version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({found_version}) does not match the expected API version ({expected})"
        )));
    }
    settle_namespace(route, &mut object)?;
    Ok(object)
}

/// The object's namespace is the path's.
fn settle_namespace(route: &RestRoute, object: &mut Object) -> Result<(), Status> {
    if !route.kind.namespaced {
        object.remove(&["metadata", "namespace"]);
        return Ok(());
    }
    let namespace = route.namespace.as_deref().unwrap_or_default();
    if object.namespace().is_empty() {
        object.set(&["metadata", "namespace"], namespace.into());
    }
    if object.namespace() == namespace {
        return Ok(());
    }
    Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}

/// What is missing is the path's; another version of the same group is told of later.
fn check_kind(kind: &Kind, found: &str, version: &str) -> Result<(), Status> {
    let expected = kind.group_version().to_string();
    let version = if version.is_empty() { &expected } else { version };
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    let is_beta = group == kind.group && short == "v1beta1" && !kind.group.is_empty();
    let fault = if found == kind.list_kind && *version == expected {
        let package = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
        format!("converting ({}.{found}) to ({package}.{}): unknown conversion", kind.version, kind.kind)
    } else if (found.is_empty() || found == kind.kind) && (*version == expected || is_beta) {
        return Ok(());
    } else {
        not_registered(if found.is_empty() { &kind.kind } else { found }, version)
    };
    let found = if found.is_empty() { &kind.kind } else { found };
    Err(cannot_be_handled(&kind.kind, found, short, &fault))
}

/// An object of one kind, where one of the kind `expected` belongs.
pub(super) fn cannot_be_handled(expected: &str, found: &str, version: &str, fault: &str) -> Status {
    let version = go_quote(version.as_bytes());
    Status::bad_request(format!("{found} in version {version} cannot be handled as a {expected}: {fault}"))
}

/// A kind that nobody here knows. Go: `apimachinery/pkg/runtime/error.go` `notRegisteredErr`.
pub(super) fn not_registered(kind: &str, version: &str) -> String {
    let (kind, version) = (go_quote(kind.as_bytes()), go_quote(version.as_bytes()));
    format!("no kind {kind} is registered for version {version} in scheme \"pkg/runtime/scheme.go:111\"")
}
