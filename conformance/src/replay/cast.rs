//! Raises the cast of an aggregator, as a user would: by requests to its API.

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use weir::world::Address;

use super::{Stage, pulse::PATIENCE, stand::Stand};
use crate::scenario::{Case, Protocol, Staging};

/// Makes the objects and waits until every APIService shows its reason and is routed accordingly.
///
/// # Errors
/// An object is refused, or never shows its reason.
pub(super) async fn raise(stage: &Stage, stand: &Stand, case: &Case) -> Result<(), String> {
    for object in &case.cast {
        make(stage, object).await?;
    }
    let api_services = || case.cast.iter().filter(|object| object["kind"] == "APIService");
    let staging = &case.subject.staging;
    for object in api_services() {
        shows(stage, object, staging).await?;
    }
    let mut remote = false;
    for object in api_services().filter(|object| is_proxied(object, staging)) {
        remote = true;
        let path = format!("/apis/{}/{}", text(&object["spec"]["group"]), text(&object["spec"]["version"]));
        until(stage, &path, |status, _| status == 200).await?;
    }
    stand.left(stage, remote).await;
    Ok(())
}

/// Makes one object, and its namespace before it.
async fn make(stage: &Stage, object: &Json) -> Result<(), String> {
    let namespace = text(&object["metadata"]["namespace"]);
    if !namespace.is_empty() {
        let made = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        ask(stage, "POST", "/api/v1/namespaces", made.to_string().as_bytes()).await?; // it may be there
    }
    let path = match text(&object["kind"]) {
        "Service" => format!("/api/v1/namespaces/{namespace}/services"),
        "EndpointSlice" => format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"),
        _ => API_SERVICES.to_owned(),
    };
    match ask(stage, "POST", &path, &stage.addresses.object(object)).await? {
        (201, _) => Ok(()),
        (status, body) => Err(format!("{}: found {status}, expected 201: {body}", text(&object["metadata"]["name"]))),
    }
}

async fn shows(stage: &Stage, object: &Json, staging: &Staging) -> Result<(), String> {
    let path = format!("{API_SERVICES}/{}", text(&object["metadata"]["name"]));
    let reason = staging.reason(object);
    until(stage, &path, |_, body| {
        let shown: Json = serde_json::from_str(body).unwrap_or_default();
        shown["status"]["conditions"][0]["reason"] == reason
    })
    .await
}

fn is_proxied(object: &Json, staging: &Staging) -> bool {
    !object["spec"]["service"].is_null() && staging.reason(object) == "Passed"
}

/// Asks until an answer is right.
async fn until(stage: &Stage, path: &str, right: impl Fn(u16, &str) -> bool) -> Result<(), String> {
    let start = stage.pulse.now();
    loop {
        let (status, body) = ask(stage, "GET", path, b"").await?;
        if right(status, &body) {
            return Ok(());
        }
        if stage.pulse.now() - start > 3 * PATIENCE {
            return Err(format!("GET {path}: found another answer than expected, {status}: {body}"));
        }
        stage.pulse.sleep(INTERVAL).await;
    }
}

/// One request of our own, on a connection of its own. HTTP/1.0: the answer ends with the connection.
async fn ask(stage: &Stage, method: &str, path: &str, body: &[u8]) -> Result<(u16, String), String> {
    let wrong = |error: std::io::Error| format!("{method} {path}: {error}");
    let stream = stage.world.net.dial(&Address::Tcp(stage.subject)).await.map_err(wrong)?;
    let connect = stage.certificates.connect(&stage.world, Protocol::Http1Tls, Default::default());
    let Some((connector, name)): Option<(TlsConnector, _)> = connect else { return Err("no TLS".to_owned()) };
    let mut tls = connector.connect(name, stream).await.map_err(wrong)?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: proxy.test\r\nAuthorization: Bearer recorder-token\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    tls.write_all(&[head.as_bytes(), body].concat()).await.map_err(wrong)?;
    tls.flush().await.map_err(wrong)?;
    let mut came = Vec::new();
    if let Err(error) = tls.read_to_end(&mut came).await
        && came.is_empty()
    {
        return Err(wrong(error));
    }
    let came = String::from_utf8_lossy(&came);
    let status = came.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = came.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status.ok_or_else(|| format!("{method} {path}: found no answer"))?, body.to_owned()))
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const INTERVAL: std::time::Duration = std::time::Duration::from_millis(25);
