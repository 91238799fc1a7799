//! APIServices: versions of API groups that other servers serve, and requests on their way there.
//!
//! Requests are routed by a [`Table`], which the control loops of worker 0 publish whole whenever an APIService or its Service changes.
//!
//! Go: `k8s.io/kube-aggregator`.

mod api_service;
mod availability;
mod control;
mod fetch;
mod follow;
mod front_proxy;
mod local;
mod location;
mod metrics;
#[cfg(test)]
mod pretend;
mod proxy;
mod queue;
mod registration;
mod remote;
mod resolver;
mod services;
mod table;
mod tls;
mod transports;
mod watched;

pub use self::{
    api_service::{ApiService, Reference, ServiceKey},
    control::{Told, control},
    metrics::Metrics,
    proxy::Proxy,
    registration::Registrar,
    resolver::{Endpoint, Unresolved, endpoints, resolve},
    services::{Service, Services, Slice},
    table::{Aggregation, Backend, Destination, Table},
    tls::{BackendTls, BadTls, Credential},
};
