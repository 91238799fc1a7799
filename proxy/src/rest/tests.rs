//! Requests against a whole [`Rest`] over a store in memory.

mod conversations;
mod lists;
mod namespaces;
mod races;
mod reviews;
mod watches;
mod writes;

use std::{rc::Rc, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::Method;
use tokio::{runtime::Builder, task::LocalSet};

use super::*;
use crate::{
    identity::ToCreate,
    meta::{Object, Value, restful},
    storage::{Cache, Memory, Store},
    wire::{
        Body, Frame, Gone, Headers, Name, Peer, RequestHead, ResponseHead, Target, Version, trailers::Announced,
        url::Url,
    },
    world::{Clock, Stopper, Wall, real},
};

/// Runs a test in paused time.
fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(36_000), test).await.expect("it hangs");
    });
}

#[derive(Debug)]
struct SteadyClock(tokio::time::Instant);

impl Clock for SteadyClock {
    fn wall(&self) -> Wall {
        Wall(Duration::from_secs(1_767_323_045) + self.0.elapsed())
    }

    fn now(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}

/// A server, as one client sees it.
#[derive(Clone)]
struct Server {
    rest: Rest,
    registry: Registry,
    stopper: Stopper,
    store: Arc<dyn Store>,
}

/// What was answered.
struct Seen {
    head: ResponseHead,
    body: String,
    bytes: Bytes,
}

impl Seen {
    fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Server {
    /// With the namespace `default` and nothing else, at revision 2.
    async fn new() -> Self {
        let server = Self::over(Arc::new(Memory::new())).await;
        server.make_default_namespace().await;
        server
    }

    /// With what a store has in it.
    async fn over(store: Arc<dyn Store>) -> Self {
        let mut world = real::world([3; 32]);
        world.clock = Arc::new(SteadyClock(tokio::time::Instant::now()));
        let (cache, feed) = Cache::open(Arc::clone(&store)).await.unwrap();
        tokio::task::spawn_local(feed.run());
        let registry = Registry::new(cache, &world, Allow::Nothing);
        let (stopper, stop) = Stopper::new();
        Self { rest: Rest::new(registry.clone(), stop), registry, stopper, store }
    }

    /// Another one over the same store, as behind a restart.
    async fn begin_again(&self) -> Self {
        Self::over(Arc::clone(&self.store)).await
    }

    async fn make_default_namespace(&self) {
        let object = Object::from_value(serde_json::json!({"metadata": {"name": "default"}})).unwrap();
        self.registry.create(kind("namespaces"), None, object, &WriteOptions::default()).await.unwrap();
    }

    async fn send(&self, method: &str, target: &str, fields: &[(Name, &str)], body: &[u8]) -> Seen {
        let (head, body) = self.open(method, target, fields, body).await;
        seen(head, body).await
    }

    /// Sends a request and leaves the answer's body to the test.
    async fn open(&self, method: &str, target: &str, fields: &[(Name, &str)], body: &[u8]) -> (ResponseHead, Body) {
        let mut exchange = exchange(method, target, fields, body);
        exchange.facts.put(ToCreate(Ok(Permit::of_a_test())));
        let answer = match route(&exchange.head) {
            Some(route) => self.rest.serve(&mut exchange, &route, Permit::of_a_test()).await,
            None => Err(restful::method_not_allowed(&exchange.head).into()),
        };
        let (mut head, body) = match answer {
            Ok(Answer::Reply(head, body)) => (head, body),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => refusal.render(&exchange.head),
        };
        // The filters do this, for whoever answers.
        for value in exchange.facts.get().into_iter().flat_map(Warnings::values) {
            head.headers.append(Name::WARNING, value);
        }
        (*head, body)
    }

    async fn get(&self, target: &str) -> Seen {
        self.send("GET", target, &[], b"").await
    }

    async fn post(&self, target: &str, object: &Value) -> Seen {
        self.send("POST", target, &[(Name::CONTENT_TYPE, "application/json")], object.to_string().as_bytes()).await
    }

    async fn put(&self, target: &str, object: &Value) -> Seen {
        self.send("PUT", target, &[(Name::CONTENT_TYPE, "application/json")], object.to_string().as_bytes()).await
    }

    async fn merge(&self, target: &str, patch: &Value) -> Seen {
        let fields = [(Name::CONTENT_TYPE, "application/merge-patch+json")];
        self.send("PATCH", target, &fields, patch.to_string().as_bytes()).await
    }

    async fn delete(&self, target: &str) -> Seen {
        self.send("DELETE", target, &[], b"").await
    }
}

/// A request on its way.
fn exchange(method: &str, target: &str, fields: &[(Name, &str)], body: &[u8]) -> Exchange {
    let raw = Bytes::copy_from_slice(target.as_bytes());
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.append(name.clone(), value.as_bytes().to_vec());
    }
    let head = RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target: Target { url: Url::from_request(false, &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"h.test"),
        headers,
        announced: Announced::new(),
    };
    let peer = Peer::new(None, None);
    Exchange::new(head, Body::whole(body.to_vec()), peer, Gone::default(), Rc::new(()))
}

/// Reads an answer to its end.
async fn seen(head: ResponseHead, mut body: Body) -> Seen {
    let mut bytes = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Frame::Data(data) = frame {
            bytes.extend_from_slice(&data);
        }
    }
    Seen { head, body: String::from_utf8_lossy(&bytes).into_owned(), bytes: bytes.freeze() }
}

fn kind(resource: &str) -> &'static Kind {
    Kinds::get().all().iter().find(|kind| kind.resource == resource).unwrap()
}

/// What the router makes of a path, as far as these tests need it.
fn route(head: &RequestHead) -> Option<RestRoute> {
    let path = std::str::from_utf8(&head.target.url.path).unwrap();
    let query = std::str::from_utf8(&head.target.url.raw_query).unwrap();
    let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = if parts[0] == "api" { ("", parts.split_off(2)) } else { (parts[1], parts.split_off(3)) };
    let (watched, rest) = match rest.as_slice() {
        ["watch", rest @ ..] => (true, rest.to_vec()),
        _ => (false, rest),
    };
    let (namespace, rest) = match rest.as_slice() {
        ["namespaces", namespace, rest @ ..] if !matches!(rest, [] | ["status" | "finalize"]) => {
            (Some(*namespace), rest.to_vec())
        }
        all => (None, all.to_vec()),
    };
    let version = "v1";
    let kind = Kinds::get().by_resource(group, version, rest[0]).unwrap();
    let watches = query.split('&').any(|pair| matches!(pair, "watch=1" | "watch=true"));
    let verb = match (head.method.as_str(), rest.len()) {
        ("GET", _) if watched => Verb::Watch,
        ("GET", 1) if watches => Verb::Watch,
        ("GET", 1) => Verb::List,
        ("GET", _) => Verb::Get,
        ("POST", _) => Verb::Create,
        ("PUT", _) => Verb::Update,
        ("PATCH", _) => Verb::Patch,
        ("DELETE", 1) => Verb::DeleteCollection,
        ("DELETE", _) => Verb::Delete,
        other => panic!("{other:?}"),
    };
    let (name, subresource) = (rest.get(1).copied(), rest.get(2).copied());
    RestRoute::new(Place { kind, namespace, name, subresource }, verb)
}

const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const SERVICES: &str = "/api/v1/namespaces/default/services";

fn api_service(version: &str, group: &str) -> Value {
    serde_json::json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": format!("{version}.{group}")},
        "spec": {"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 10,
                 "insecureSkipTLSVerify": true, "service": {"namespace": "default", "name": "backend"}},
    })
}

fn service(name: &str) -> Value {
    serde_json::json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}})
}
