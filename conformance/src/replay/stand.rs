//! What stands at the address of an aggregator's backend: it answers what the aggregator asks for itself, and leaves to the script what
//! users ask.

use std::{cell::Cell, rc::Rc};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use weir::{wire::Channel, world::Stream};

use super::{Stage, link::Link, pulse::PATIENCE};
use crate::scenario::{Case, Discovery, Probe, Staging};

/// What stands at the address of an aggregator's backend.
pub(super) struct Stand {
    staging: Staging,
    api_services: Vec<Json>,
    /// The beat at which the aggregator asked last.
    asked: Cell<u64>,
    /// Whether it asked what OpenAPI there is.
    asked_for_specs: Cell<bool>,
}

impl Stand {
    pub(super) fn of(case: &Case) -> Rc<Self> {
        let api_services = case.cast.iter().filter(|object| object["kind"] == "APIService").cloned().collect();
        Rc::new(Self {
            staging: case.subject.staging.clone(),
            api_services,
            asked: Cell::default(),
            asked_for_specs: Cell::default(),
        })
    }

    /// Decides by its first request whose a connection is.
    pub(super) async fn take(self: Rc<Self>, stage: Rc<Stage>, stream: Stream, acceptor: TlsAcceptor) {
        let Ok(tls) = acceptor.accept(stream).await else { return };
        let mut channel = Channel::Server(Box::new(tls));
        let mut came = Vec::new();
        while !came.windows(4).any(|end| end == b"\r\n\r\n") {
            match channel.read_buf(&mut came).await {
                Ok(0) | Err(_) => return, // the aggregator had no use for it
                Ok(_) => {}
            }
        }
        let head = String::from_utf8_lossy(&came).into_owned();
        let user = head.lines().find_map(|line| line.strip_prefix("X-Remote-User: ")).unwrap_or_default();
        if OWN.contains(&user) {
            self.answer(&stage, &head, channel).await;
        } else {
            let link = Link::resume(channel, &came, &stage.pulse);
            stage.change(|shared| shared.accepted.push(link));
        }
    }

    /// Answers one request and closes the connection, so that no case finds it in a pool.
    async fn answer(&self, stage: &Stage, head: &str, mut channel: Channel) {
        self.asked.set(stage.pulse.now());
        let target = head.split(' ').nth(1).unwrap_or_default();
        if target.starts_with("/openapi/") {
            self.asked_for_specs.set(true);
        }
        if self.staging.probe != Probe::Cut {
            drop(channel.write_all(self.words(target).as_bytes()).await);
        }
        drop(channel.shutdown().await);
    }

    fn words(&self, target: &str) -> String {
        let found = self.api_services.iter().find_map(|object| {
            let version = format!("{}/{}", text(&object["spec"]["group"]), text(&object["spec"]["version"]));
            (target.strip_prefix("/apis/") == Some(&version)).then_some(version)
        });
        let (status, kind, body, extra) = match (self.staging.probe, self.staging.discovery, found) {
            (Probe::Redirect, ..) => ("302 Found", "text/plain", NOT_FOUND.to_owned(), "Location: /elsewhere\r\n"),
            (Probe::Ok, _, Some(version)) => ("200 OK", "application/json", legacy(&version), ""),
            (Probe::Ok, Discovery::Aggregated, None) if target == "/apis" => (
                "200 OK",
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                self.aggregated(),
                "",
            ),
            _ => ("404 Not Found", "text/plain", NOT_FOUND.to_owned(), ""),
        };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{extra}Connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// The discovery document of all versions of the cast: they have gadgets.
    fn aggregated(&self) -> String {
        let items: Vec<Json> = self
            .api_services
            .iter()
            .map(|object| {
                let (group, version) = (&object["spec"]["group"], &object["spec"]["version"]);
                let kind = json!({"group": group, "version": version, "kind": "Gadget"});
                let resource = json!({
                    "resource": "gadgets", "responseKind": kind, "scope": "Cluster", "singularResource": "gadget",
                    "verbs": ["list", "watch"],
                });
                let versions = json!([{"version": version, "freshness": "Current", "resources": [resource]}]);
                json!({"metadata": {"name": group}, "versions": versions})
            })
            .collect();
        let list = json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
        });
        format!("{list}\n")
    }

    /// Waits until the aggregator has asked for what it asks of a new backend, and then no more for a while.
    pub(super) async fn left(&self, stage: &Stage, asks_for_specs: bool) {
        let start = stage.pulse.now();
        while stage.pulse.now() - start < 2 * PATIENCE {
            let enough = !asks_for_specs || self.asked_for_specs.get();
            if enough && stage.pulse.now() - self.asked.get().max(start) > CALM {
                return;
            }
            stage.pulse.beat().await;
        }
    }
}

/// The resource list of a version: it has widgets.
fn legacy(version: &str) -> String {
    format!(
        "{{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"{version}\",\"resources\":[{{\"name\":\"widgets\",\"singularName\":\"widget\",\"namespaced\":true,\"kind\":\"Widget\",\"verbs\":[\"get\",\"list\"]}}]}}\n"
    )
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

/// Users that are not of the case.
const OWN: [&str; 3] = ["system:kube-aggregator", "system:aggregator", "recorder"];

const NOT_FOUND: &str = "404 page not found\n";

/// How long the aggregator must not have asked anything: 300 ms.
const CALM: u64 = 60;
