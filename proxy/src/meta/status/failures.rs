//! The failures that have a name. Go: `k8s.io/apimachinery/pkg/api/errors/errors.go`.

use std::fmt::Display;

use super::{Cause, Details, Status};
use crate::{
    meta::{FieldError, GroupKind, GroupResource},
    wire::token::go_quote,
};

impl Status {
    /// 404: the object is not there.
    pub fn not_found(resource: &GroupResource, name: &str) -> Self {
        let message = format!("{resource} {} not found", quoted(name));
        Self { details: Some(Box::new(Details::of(resource, name))), ..Self::failure(404, "NotFound", message) }
    }

    /// 409: the object to create is there.
    pub fn already_exists(resource: &GroupResource, name: &str) -> Self {
        let message = format!("{resource} {} already exists", quoted(name));
        Self { details: Some(Box::new(Details::of(resource, name))), ..Self::failure(409, "AlreadyExists", message) }
    }

    /// 409: no free name was found for `generateName`. Go: `NewGenerateNameConflict`.
    pub fn generate_name_conflict(resource: &GroupResource, name: &str) -> Self {
        let message = format!(
            "{resource} {} already exists, the server was not able to generate a unique name for the object",
            quoted(name)
        );
        let details = Details { retry_after_seconds: 1, ..Details::of(resource, name) };
        Self { details: Some(Box::new(details)), ..Self::failure(409, "AlreadyExists", message) }
    }

    /// 409: somebody else was quicker, or a precondition does not hold.
    pub fn conflict(resource: &GroupResource, name: &str, why: impl Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {}: {why}", quoted(name));
        Self { details: Some(Box::new(Details::of(resource, name))), ..Self::failure(409, "Conflict", message) }
    }

    /// 422: fields of the object are wrong.
    pub fn invalid(kind: &GroupKind, name: &str, wrong: &[FieldError]) -> Self {
        let mut message = format!("{kind} {} is invalid", quoted(name));
        let mut sentences: Vec<String> = Vec::new();
        for sentence in wrong.iter().map(ToString::to_string) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        match &*sentences {
            [] => {}
            [one] => message.extend([": ", one]),
            several => message.extend([": [", &several.join(", "), "]"]),
        }
        let causes = wrong
            .iter()
            .map(|one| Cause { reason: one.fault.reason(), message: one.body(), field: one.field.clone() })
            .collect();
        let details = Details {
            name: name.to_owned(),
            group: kind.group.clone(),
            kind: kind.kind.clone(),
            causes,
            ..Details::default()
        };
        Self { details: Some(Box::new(details)), ..Self::failure(422, "Invalid", message) }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message)
    }

    /// 401. Without a text Go says `not authorized`.
    pub fn unauthorized(message: &str) -> Self {
        Self::failure(401, "Unauthorized", if message.is_empty() { "not authorized" } else { message })
    }

    /// 403: the user may not do that. An empty resource and an empty name are left out of the sentence.
    pub fn forbidden(resource: &GroupResource, name: &str, why: impl Display) -> Self {
        let message = match (resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{resource} is forbidden: {why}"),
            (false, false) => format!("{resource} {} is forbidden: {why}", quoted(name)),
        };
        Self { details: Some(Box::new(Details::of(resource, name))), ..Self::failure(403, "Forbidden", message) }
    }

    /// 406: none of the media types is offered.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::failure(406, "NotAcceptable", message)
    }

    /// 415: the body is of a media type that is not understood.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::failure(415, "UnsupportedMediaType", message)
    }

    /// 410 `Expired`: the revision is forgotten.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, "Expired", message)
    }

    /// 413: the body is too long.
    pub fn entity_too_large(message: impl Display) -> Self {
        Self::failure(413, "RequestEntityTooLarge", format!("Request entity too large: {message}"))
    }

    /// 503: ask again later.
    pub fn service_unavailable(message: impl Into<String>) -> Self {
        Self::failure(503, "ServiceUnavailable", message)
    }

    /// 500 `InternalError`.
    pub fn internal_error(why: impl Display) -> Self {
        let cause = Cause { message: why.to_string(), ..Cause::default() };
        let details = Details { causes: vec![cause], ..Details::default() };
        Self {
            details: Some(Box::new(details)),
            ..Self::failure(500, "InternalError", format!("Internal error occurred: {why}"))
        }
    }

    /// 500 without reason and details: how an error that is no Status is shown. Go: `ErrorToAPIStatus`.
    pub fn plain_error(message: impl Into<String>) -> Self {
        Self::failure(500, "", message)
    }

    /// 504: the time was up.
    pub fn timeout(message: impl Display, retry_after_seconds: u32) -> Self {
        let details = Details { retry_after_seconds, ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::failure(504, "Timeout", format!("Timeout: {message}")) }
    }

    /// A failure with a code, a reason and a message, and no details.
    pub fn failure(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), ..Self::default() }
    }
}

impl Details {
    /// About an object of a resource.
    pub fn of(resource: &GroupResource, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            group: resource.group.clone(),
            kind: resource.resource.clone(),
            ..Self::default()
        }
    }
}

fn quoted(text: &str) -> impl Display {
    go_quote(text.as_bytes())
}
