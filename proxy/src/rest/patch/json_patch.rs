//! JSON patch (RFC 6902), with Go's bounds.

use http::Method;
use json_patch::{Patch, PatchOperation, jsonptr::PointerBuf};
use serde_json::Value;

use crate::{
    config::limits::{JSON_NESTING_MAX, JSON_PATCH_COPIED_BYTES_MAX, JSON_PATCH_OPERATIONS_MAX},
    meta::{GroupResource, Layout, Status, encode_json},
};

/// The operations of a patch.
#[derive(Debug)]
pub(super) struct Operations(Vec<PatchOperation>);

impl Operations {
    /// Reads a list of operations; `null` is an empty one.
    ///
    /// # Errors
    /// 413: there are too many; 422: one of them is none.
    pub(super) fn read(value: Value) -> Result<Self, Status> {
        let Value::Array(items) = &value else { return Ok(Self(Vec::new())) };
        if items.len() > JSON_PATCH_OPERATIONS_MAX {
            let (max, got) = (JSON_PATCH_OPERATIONS_MAX, items.len());
            let message = format!("The allowed maximum operations in a JSON patch is {max}, got {got}");
            return Err(Status::entity_too_large(message));
        }
        let Patch(operations) = serde_json::from_value(value).map_err(|_| failed())?;
        Ok(Self(operations))
    }

    /// Changes a value.
    ///
    /// # Errors
    /// 422: an operation names what is not there, or a test fails. Go hides which.
    pub(super) fn apply(&self, value: &mut Value) -> Result<(), Status> {
        let mut copied = 0;
        for operation in &self.0 {
            let grows_to = match operation {
                PatchOperation::Add(add) => nested_at(&add.path, &add.value),
                PatchOperation::Replace(replace) => nested_at(&replace.path, &replace.value),
                PatchOperation::Copy(copy) => carried(value, &copy.from, &copy.path, &mut copied)?,
                PatchOperation::Move(moved) => carried(value, &moved.from, &moved.path, &mut copied)?,
                PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
            };
            if grows_to > JSON_NESTING_MAX || copied > JSON_PATCH_COPIED_BYTES_MAX {
                return Err(failed());
            }
            json_patch::patch(value, std::slice::from_ref(operation)).map_err(|_| failed())?;
        }
        Ok(())
    }
}

/// How deep the document is where a part of it was put elsewhere. Looking at the part is counted, as copying it is.
fn carried(document: &Value, from: &PointerBuf, to: &PointerBuf, copied: &mut usize) -> Result<usize, Status> {
    let part = document.pointer(from.as_str()).ok_or_else(failed)?;
    *copied += encode_json(part, Layout::Bare).len();
    Ok(nested_at(to, part))
}

fn nested_at(path: &PointerBuf, value: &Value) -> usize {
    path.count() + nested(value)
}

/// How deep a value is. It calls itself as often: what is read from a body or was patched here is within the bound.
fn nested(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nested).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(nested).max().unwrap_or(0),
        _ => 0,
    }
}

fn failed() -> Status {
    Status::generic(422, &Method::PATCH, &GroupResource::default(), "", "")
}
