use std::{net::SocketAddr, rc::Rc, sync::Arc};

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::{Backends, Manner};
use crate::{
    aggregate::{Aggregation, ApiService, Destination, Proxy, Registrar, Service, ServiceKey, Services},
    identity::{Permit, User},
    refusal::Refusal,
    upstream::egress::Egress,
    wire::{
        Answer, Body, Exchange, Frame, Gone, Headers, Name, Peer, RequestHead, Target, Version, trailers::Announced,
        url::Url,
    },
    world::World,
};

/// An aggregator with one APIService, `v1.example.com`, whose Service `ns/api` is the ExternalName `10.0.0.1`.
pub(in crate::aggregate) struct Stage {
    pub(in crate::aggregate) backends: Arc<Backends>,
    pub(in crate::aggregate) aggregation: Arc<Aggregation>,
    pub(in crate::aggregate) registrar: Registrar,
    pub(in crate::aggregate) proxy: Proxy,
    pub(in crate::aggregate) service: ApiService,
    pub(in crate::aggregate) services: Services,
    pub(in crate::aggregate) user: Option<User>,
}

impl Stage {
    pub(in crate::aggregate) fn new(manner: Manner) -> Self {
        Self::in_world(manner, |_| {})
    }

    pub(in crate::aggregate) fn in_world(manner: Manner, change: impl FnOnce(&mut World)) -> Self {
        Self::made(manner, change, Egress::default())
    }

    /// One whose environment names proxies.
    pub(in crate::aggregate) fn behind(manner: Manner, egress: Egress) -> Self {
        Self::made(manner, |_| {}, egress)
    }

    fn made(manner: Manner, change: impl FnOnce(&mut World), egress: Egress) -> Self {
        let backends = Backends::new();
        backends.put("10.0.0.1:443", "api.ns.svc", manner);
        let mut world = backends.world();
        change(&mut world);
        let aggregation = Arc::new(Aggregation::new(None).through(egress));
        let mut registrar = Registrar::new(world.clone());
        registrar.set_credential(Some(Arc::new(backends.credential())));
        let mut service = api_service("example.com", "api");
        service.spec.ca_bundle = backends.authority().pem().into_bytes();
        let mut services = Services::default();
        put_external_name(&mut services, "api", "10.0.0.1");
        let proxy = Proxy::new(&world, Arc::clone(&aggregation));
        let user = Some(User::named("jane").with_groups(["a"]));
        let mut stage = Self { backends, aggregation, registrar, proxy, service, services, user };
        stage.publish();
        stage
    }

    /// Publishes the APIService and the Services as they stand.
    pub(in crate::aggregate) fn publish(&mut self) {
        self.aggregation.publish(self.registrar.table(std::slice::from_ref(&self.service), self.services.clone()));
    }

    pub(in crate::aggregate) async fn get(&self, target: &str) -> Result<Answer, Refusal> {
        self.send(&mut exchange("GET", target, &[])).await
    }

    /// Where a request is sent that is routed now.
    pub(in crate::aggregate) fn destination(&self) -> Destination {
        let table = self.aggregation.table();
        table.destination(table.backend("example.com", "v1").unwrap())
    }

    pub(in crate::aggregate) async fn send(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        self.send_to(&self.destination(), exchange).await
    }

    pub(in crate::aggregate) async fn send_to(
        &self,
        to: &Destination,
        exchange: &mut Exchange,
    ) -> Result<Answer, Refusal> {
        self.proxy.serve(exchange, to, self.user.as_ref(), Permit::of_a_test()).await
    }

    /// What the client sees of an answer: the status, and the body or why there is none.
    pub(in crate::aggregate) async fn said(&self, target: &str) -> (u16, String) {
        read(self.get(target).await).await
    }
}

/// An available APIService of a group, `v1`, served by a Service in `ns`.
pub(in crate::aggregate) fn api_service(group: &str, service: &str) -> ApiService {
    ApiService::read(json!({
        "metadata": {"name": format!("v1.{group}")},
        "spec": {"group": group, "version": "v1", "service": {"namespace": "ns", "name": service, "port": 443}},
        "status": {"conditions": [{"type": "Available", "status": "True"}]},
    }))
    .unwrap()
}

/// A Service in `ns` that stands for a name.
pub(in crate::aggregate) fn put_external_name(services: &mut Services, service: &str, host: &str) {
    let key = ServiceKey { namespace: "ns".to_owned(), name: service.to_owned() };
    let spec = json!({"spec": {"type": "ExternalName", "externalName": host}});
    services.set_service(&key, Some(Service::read(&spec).unwrap()));
}

/// Status and body of an answer or a refusal; a body that is cut says so.
pub(in crate::aggregate) async fn read(answered: Result<Answer, Refusal>) -> (u16, String) {
    let (head, mut body) = match answered {
        Ok(Answer::Reply(head, body) | Answer::Last(head, body)) => (head, body),
        Ok(other) => panic!("no reply: {other:?}"),
        Err(refusal) => refusal.render(&crate::refusal::asking("/", "*/*")),
    };
    let mut said = String::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(bytes)) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(_) => {}
            Err(cut) => {
                said.push_str(&format!("<cut: {cut}>"));
                break;
            }
        }
    }
    (head.status.as_u16(), said)
}

/// A request as it comes in.
pub(in crate::aggregate) fn exchange(method: &str, target: &str, fields: &[(&str, &str)]) -> Exchange {
    let raw = Bytes::from(target.to_owned());
    let field = |(name, value): &(&str, &str)| (Name::from_slice(name.as_bytes()), Bytes::from((*value).to_owned()));
    let head = RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target: Target { url: Url::from_request(false, &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"weir.test"),
        headers: fields.iter().map(field).collect::<Headers>(),
        announced: Announced::new(),
    };
    let peer = Peer::new(Some(SocketAddr::from(([192, 0, 2, 7], 4711))), None);
    Exchange::new(head, Body::empty(), peer, Gone::default(), Rc::new(()))
}

/// Runs a test where tasks of one worker may be started.
pub(in crate::aggregate) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}
