use bytes::Bytes;

use crate::{
    upstream::{Origin, OutHead, SendCause},
    wire::{
        host::valid_host_header,
        punycode::host_field,
        token::{has_control, is_valid_field_value},
    },
};

/// What a request must be before it is let near a connection.
///
/// Go: `net/http/transport.go` `validateHeaders`, `net/http/request.go` `Request.write`.
pub(super) fn request(to: &Origin, head: &mut OutHead) -> Result<(), SendCause> {
    if to.host.is_empty() && to.address.is_none() {
        return Err(SendCause::NoHost);
    }
    let all_valid = head.headers.as_headers().values_are_valid();
    for (name, value) in head.headers.iter() {
        if !name.is_token() {
            return Err(SendCause::FieldName(name.clone()));
        }
        if !all_valid && !is_valid_field_value(value) {
            return Err(SendCause::FieldValue(name.clone()));
        }
    }
    if let Some(name) = head.announced.iter().find(|name| !name.is_token()) {
        return Err(SendCause::TrailerName(name.clone()));
    }
    if head.target.is_empty() || has_control(&head.target) {
        return Err(SendCause::Target);
    }
    let host = host_field(&head.host);
    head.host = if valid_host_header(&host) { host } else { Bytes::new() };
    Ok(())
}
