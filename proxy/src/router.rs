//! What a request is about, and who answers it.

mod index;
mod request_info;
mod resources;
mod route;
mod version;

pub use self::{
    request_info::{BadRequestInfo, RequestInfo},
    route::{Counted, Relayed, Route, Router, Shared},
};
