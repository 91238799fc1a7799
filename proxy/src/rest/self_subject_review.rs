//! Who am I: `POST /apis/authentication.k8s.io/v1/selfsubjectreviews`, what `kubectl auth whoami` asks. Nothing is kept.
//!
//! Go: `kubernetes/pkg/registry/authentication/selfsubjectreview/rest.go`.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    Rest,
    body_object::{cannot_be_handled, not_registered},
    options::WriteOptions,
    request::{body_media, parse, read_body},
    respond,
};
use crate::{
    identity::{Permit, User},
    meta::{Media, Offer, Query, Status, negotiate, time},
    refusal::Refusal,
    wire::{Answer, Exchange},
    world::Wall,
};

const API_VERSION: &str = "authentication.k8s.io/v1";
const KIND: &str = "SelfSubjectReview";

impl Rest {
    /// Tells the user of a request who that is.
    ///
    /// # Errors
    /// 400: the body is of another kind; 406, 413, 415, 422 as for every create.
    pub async fn review_self(&self, exchange: &mut Exchange, _permit: Permit) -> Result<Answer, Refusal> {
        let now = self.registry.now();
        let accepted = negotiate(&exchange.head, &Offer::plain(Media::ALL))?;
        let media = body_media(&exchange.head)?;
        let body = read_body(exchange).await?;
        WriteOptions::parse(&Query::of(&exchange.head), "CreateOptions")?;
        check_body(media, &body)?;
        let user = exchange.facts.get::<User>().cloned().unwrap_or_else(User::anonymous);
        Ok(respond::answer(&exchange.head, &accepted, StatusCode::CREATED, &review(&user, now)))
    }
}

/// Nothing in the body counts but its kind.
fn check_body(media: Media, body: &Bytes) -> Result<(), Status> {
    let document = parse(media, body).map_err(Status::bad_request)?;
    let text = |field: &str| document.value.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if matches!(kind, "" | KIND) && matches!(version, "" | API_VERSION) {
        return Ok(());
    }
    Err(cannot_be_handled(KIND, kind, version, &not_registered(kind, version)))
}

fn review(user: &User, now: Wall) -> Value {
    let mut info = Map::new();
    for (field, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            info.insert(field.to_owned(), text.clone().into());
        }
    }
    if !user.groups.is_empty() {
        info.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        info.insert("extra".to_owned(), json!(user.extra));
    }
    json!({
        "kind": KIND, "apiVersion": API_VERSION, "metadata": {"creationTimestamp": time::format(now)},
        "status": {"userInfo": info},
    })
}
