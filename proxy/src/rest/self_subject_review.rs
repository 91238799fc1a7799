//! Who am I: `POST /apis/authentication.k8s.io/v1/selfsubjectreviews`, what `kubectl auth whoami` asks. Nothing is kept.
//!
//! Go: `kubernetes/pkg/registry/authentication/selfsubjectreview/rest.go`.

use bytes::Bytes;
use http::StatusCode;
use prost::Message;
use serde_json::{Map, Value, json};

use super::{
    Rest,
    options::WriteOptions,
    request::{body_media, parse, read_body},
};
use crate::{
    identity::{Permit, User},
    meta::{Media, Offer, Query, Status, encode_json, encode_yaml, negotiate, protobuf, time},
    refusal::Refusal,
    wire::{Answer, Body, Exchange, Name, ResponseHead},
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
        let bytes = match accepted.media {
            Media::Json => encode_json(&review(&user, now), accepted.layout),
            Media::Yaml => encode_yaml(&review(&user, now)),
            Media::Protobuf => protobuf::envelope(API_VERSION, KIND, Review::of(&user, now).encode_to_vec()),
        };
        let mut head = ResponseHead::new(StatusCode::CREATED);
        head.headers.set(Name::CONTENT_TYPE, accepted.media.content_type());
        Ok(Answer::Reply(head, Body::whole(bytes)))
    }
}

/// Nothing in the body counts but its kind.
fn check_body(media: Media, body: &Bytes) -> Result<(), Status> {
    let (version, kind) = if media == Media::Protobuf {
        let (version, kind, _) = protobuf::open(body).map_err(Status::bad_request)?;
        (version, kind)
    } else {
        let document = parse(media, body).map_err(Status::bad_request)?;
        let text = |field: &str| document.value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("apiVersion"), text("kind"))
    };
    if matches!(&*kind, "" | KIND) && matches!(&*version, "" | API_VERSION) {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {KIND}: no kind \"{kind}\" is registered for version \"{version}\" in \
         scheme \"pkg/runtime/scheme.go:111\""
    )))
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
        let mut extra: Vec<_> = user.extra.iter().collect();
        extra.sort();
        let extra: Map<String, Value> = extra.into_iter().map(|(key, values)| (key.clone(), json!(values))).collect();
        info.insert("extra".to_owned(), extra.into());
    }
    json!({
        "kind": KIND, "apiVersion": API_VERSION, "metadata": {"creationTimestamp": time::format(now)},
        "status": {"userInfo": info},
    })
}

/// Go's generated code writes every field that is no pointer, so they are `required` here.
#[derive(Message)]
struct Review {
    #[prost(message, required, tag = "1")]
    metadata: Metadata,
    #[prost(message, required, tag = "2")]
    status: ReviewStatus,
}

#[derive(Message)]
struct Metadata {
    #[prost(string, required, tag = "1")]
    name: String,
    #[prost(string, required, tag = "2")]
    generate_name: String,
    #[prost(string, required, tag = "3")]
    namespace: String,
    #[prost(string, required, tag = "4")]
    self_link: String,
    #[prost(string, required, tag = "5")]
    uid: String,
    #[prost(string, required, tag = "6")]
    resource_version: String,
    #[prost(int64, required, tag = "7")]
    generation: i64,
    #[prost(message, required, tag = "8")]
    creation_timestamp: Timestamp,
}

#[derive(Message)]
struct Timestamp {
    #[prost(int64, required, tag = "1")]
    seconds: i64,
    #[prost(int32, required, tag = "2")]
    nanos: i32,
}

#[derive(Message)]
struct ReviewStatus {
    #[prost(message, required, tag = "1")]
    user_info: UserInfo,
}

#[derive(Message)]
struct UserInfo {
    #[prost(string, required, tag = "1")]
    username: String,
    #[prost(string, required, tag = "2")]
    uid: String,
    #[prost(string, repeated, tag = "3")]
    groups: Vec<String>,
    #[prost(btree_map = "string, message", tag = "4")]
    extra: std::collections::BTreeMap<String, ExtraValue>,
}

#[derive(Message, PartialEq)]
struct ExtraValue {
    #[prost(string, repeated, tag = "1")]
    items: Vec<String>,
}

impl Review {
    fn of(user: &User, now: Wall) -> Self {
        let created = Timestamp { seconds: i64::try_from(now.0.as_secs()).unwrap_or(i64::MAX), nanos: 0 };
        let extra = user.extra.iter().map(|(key, items)| (key.clone(), ExtraValue { items: items.clone() }));
        let user_info = UserInfo {
            username: user.name.clone(),
            uid: user.uid.clone(),
            groups: user.groups.clone(),
            extra: extra.collect(),
        };
        Self {
            metadata: Metadata { creation_timestamp: created, ..Metadata::default() },
            status: ReviewStatus { user_info },
        }
    }
}
