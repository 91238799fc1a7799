use std::{future::poll_fn, task::Poll};

use crate::{
    aggregate::{fetch::Question, proxy::Proxy, resolver::Endpoint, table::Backend, tls::BackendTls},
    config::limits,
    identity::User,
    wire::{Headers, Name},
    world::LocalBoxFuture,
};

/// Asks endpoints of a backend for the document that every backend has: each endpoint once, all of them at the same time.
///
/// # Errors
/// None of them gave it; the text is that of the last.
///
/// Go: `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go` `sync`, which asks five times, whoever answers.
pub(super) async fn probe(
    proxy: &Proxy,
    backend: &Backend,
    tls: &BackendTls,
    endpoints: &[Endpoint],
) -> Result<(), String> {
    let path = backend.document();
    let one = |endpoint| -> LocalBoxFuture<'_, Result<(), String>> { Box::pin(ask(proxy, tls, endpoint, &path)) };
    first_success(endpoints.iter().map(one).collect()).await
}

async fn ask(proxy: &Proxy, tls: &BackendTls, endpoint: &Endpoint, path: &str) -> Result<(), String> {
    let user = User::named("system:kube-aggregator").with_groups(["system:masters"]);
    let mut headers = Headers::new();
    headers.append(Name::USER_AGENT, "Go-http-client/2.0");
    let question =
        Question { user: &user, path, headers, body_bytes_max: 0, timeout: limits::AVAILABILITY_PROBE_TIMEOUT };
    let url = format!("https://{endpoint}{path}");
    match proxy.fetch(tls, endpoint, question).await {
        Ok(fetched) if fetched.status.is_success() => Ok(()),
        Ok(fetched) => {
            let status = fetched.status.as_u16();
            Err(format!("failing or missing response from {url}: bad status from {url}: {status}"))
        }
        Err(error) => Err(format!("failing or missing response from {url}: Get \"{url}\": {error}")),
    }
}

/// The first success of all, else the last error.
async fn first_success(mut running: Vec<LocalBoxFuture<'_, Result<(), String>>>) -> Result<(), String> {
    let mut last = Ok(());
    poll_fn(|cx| {
        let mut at = 0;
        while at < running.len() {
            match running[at].as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(error) => {
                    last = error;
                    // Not at its end any more.
                    drop(running.swap_remove(at));
                }
                Poll::Pending => at += 1,
            }
        }
        if running.is_empty() { Poll::Ready(std::mem::replace(&mut last, Ok(()))) } else { Poll::Pending }
    })
    .await
}
