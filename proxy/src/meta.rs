//! What every API object has, what is said when something fails, and how both are written: JSON, YAML, protobuf.

pub mod accept;
pub mod digest;
pub mod field_error;
pub mod field_selector;
pub mod group;
pub mod gzip;
pub mod json;
pub mod object;
pub mod protobuf;
pub mod query;
pub mod restful;
pub mod status;
pub mod time;
pub mod warnings;
pub mod yaml;

pub use serde_json::{Map, Value};

pub use self::{
    accept::{Accepted, Media, Offer, negotiate},
    field_error::{Fault, FieldError},
    field_selector::FieldSelector,
    group::{GroupKind, GroupResource, GroupVersion, GroupVersionKind},
    json::{Layout, encode_json},
    object::Object,
    query::Query,
    status::{Cause, Details, Status},
    warnings::Warnings,
    yaml::encode_yaml,
};
