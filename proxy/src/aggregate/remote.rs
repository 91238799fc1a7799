//! What backends say of themselves: which resources they serve, and how those look. Asked for every minute and whenever something
//! changes.

mod discovery;
mod specs;

use std::time::Duration;

use bytes::Bytes;

pub(super) use self::{discovery::RemoteDiscovery, specs::RemoteSpecs};
use super::{
    fetch::{FetchError, Fetched, Question, forwarded},
    proxy::Proxy,
    resolver::Unresolved,
    table::Destination,
    tls::BadTls,
};
use crate::{
    config::limits,
    identity::User,
    wire::{Headers, Name},
};

/// Why a backend does not say what it serves.
#[derive(Debug, thiserror::Error)]
enum Unheard {
    /// It is served here: there is nobody to ask.
    #[error("it is served here")]
    Local,
    /// There is no TLS towards it.
    #[error(transparent)]
    Tls(#[from] BadTls),
    /// Nobody answers for its Service.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// There is no whole answer.
    #[error(transparent)]
    Fetch(#[from] Box<FetchError>),
    /// The answer has another status than was hoped for.
    #[error("status {0}")]
    Status(u16),
    /// The answer cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// What is asked for, and in whose name.
struct Request<'a> {
    user: &'a User,
    path: &'a str,
    accept: Option<&'static str>,
    /// The tag of what is known already.
    etag: Option<Bytes>,
    timeout: Duration,
}

/// Asks a backend for a document, whether or not requests are sent to it now.
async fn ask(proxy: &Proxy, to: &Destination, request: Request<'_>) -> Result<Fetched, Unheard> {
    let (Some(service), Some(tls)) = (&to.backend.service, &to.backend.tls) else { return Err(Unheard::Local) };
    let tls = tls.as_ref().map_err(Clone::clone)?;
    let endpoint = proxy.resolve(&to.table, service)?;
    let mut headers: Headers = forwarded(&endpoint, request.path);
    if let Some(accept) = request.accept {
        headers.append(Name::ACCEPT, accept);
    }
    if let Some(etag) = request.etag {
        headers.append(Name::IF_NONE_MATCH, etag);
    }
    let question = Question {
        user: request.user,
        path: request.path,
        headers,
        body_bytes_max: limits::AGGREGATED_DOCUMENT_BYTES_MAX,
        timeout: request.timeout,
    };
    Ok(proxy.fetch(tls, &endpoint, question).await.map_err(Box::new)?)
}
