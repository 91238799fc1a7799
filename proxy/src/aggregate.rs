//! APIServices: versions of API groups that other servers serve, and requests on their way there.
//!
//! Requests are routed by a [`Table`], which the control loops of worker 0 publish whole whenever an APIService or its Service changes.
//!
//! Go: `k8s.io/kube-aggregator`.

mod api_service;
mod front_proxy;
mod location;
#[cfg(test)]
mod pretend;
mod proxy;
mod registration;
mod resolver;
mod services;
mod table;
mod tls;
mod transports;
mod wording;

pub use self::{
    api_service::{ApiService, Reference, ServiceKey},
    proxy::Proxy,
    registration::Registrar,
    resolver::{Endpoint, Unresolved, endpoints, resolve},
    services::{Service, Services, Slice},
    table::{Aggregation, Backend, Table},
    tls::{BackendTls, BadTls, Credential},
};
