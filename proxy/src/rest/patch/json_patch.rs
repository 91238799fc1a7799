//! JSON patch (RFC 6902), with Go's bounds.

use http::Method;
use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::{
    config::limits::{JSON_PATCH_COPIED_BYTES_MAX, JSON_PATCH_OPERATIONS_MAX},
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
            if let PatchOperation::Copy(copy) = operation {
                let from = value.pointer(copy.from.as_str()).ok_or_else(failed)?;
                copied += encode_json(from, Layout::Bare).len();
                if copied > JSON_PATCH_COPIED_BYTES_MAX {
                    return Err(failed());
                }
            }
            json_patch::patch(value, std::slice::from_ref(operation)).map_err(|_| failed())?;
        }
        Ok(())
    }
}

fn failed() -> Status {
    Status::generic(422, &Method::PATCH, &GroupResource::default(), "", "")
}
