use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{aggregated::Freshness, *};
use crate::wire::{Headers, Target, Version, trailers::Announced, url::Url};

const V2: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const V2BETA1: &str = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

fn head(method: Method, fields: &[(Name, &'static str)]) -> RequestHead {
    let raw = Bytes::from_static(b"/apis");
    let url = Url::parse_request_uri(&raw).unwrap();
    RequestHead {
        method,
        target: Target { raw, url },
        version: Version::Http11,
        host: Bytes::new(),
        headers: fields.iter().map(|(name, value)| (name.clone(), Bytes::from_static(value.as_bytes()))).collect(),
        announced: Announced::new(),
    }
}

fn accepting(accept: &'static str) -> RequestHead {
    head(Method::GET, &[(Name::ACCEPT, accept)])
}

fn resource(name: &str, kind: &str) -> legacy::Resource {
    let verbs = Some(vec!["get".to_owned(), "list".to_owned()]);
    legacy::Resource { name: name.to_owned(), kind: kind.to_owned(), verbs, ..legacy::Resource::default() }
}

fn local(at: &str, group_priority: i64, resources: Vec<legacy::Resource>) -> LocalVersion {
    let group_version = GroupVersion::parse(at).unwrap();
    LocalVersion { group_version, resources, group_priority, version_priority: 15 }
}

fn sources() -> Sources {
    let services = vec![resource("apiservices", "APIService"), resource("apiservices/status", "APIService")];
    let versions = [
        local("apiregistration.k8s.io/v1", 20001, services),
        local("v1", 18000, vec![resource("namespaces", "Namespace")]),
        local("discovery.k8s.io/v1", 16200, vec![resource("endpointslices", "EndpointSlice")]),
    ];
    Sources::new("10.0.0.1:6443", &versions).unwrap()
}

fn remote(freshness: Freshness) -> RemoteVersion {
    let resources = legacy::to_aggregated(&[resource("flunders", "Flunder")]).unwrap();
    RemoteVersion { resources, freshness, group_priority: 1000, version_priority: 15 }
}

fn flunders() -> GroupVersion {
    GroupVersion::new("wardle.example.com", "v1alpha1")
}

fn answer(sources: &Sources, head: &RequestHead, route: &DiscoveryRoute) -> (u16, Headers, Bytes) {
    match serve(sources, head, route) {
        Ok(Some(Answer::Reply(response, mut body))) => {
            let mut bytes = Vec::new();
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            while let std::task::Poll::Ready(Some(Ok(crate::wire::Frame::Data(data)))) = body.poll_frame(&mut context) {
                bytes.extend_from_slice(&data);
            }
            (response.status.as_u16(), response.headers, bytes.into())
        }
        Ok(other) => panic!("{other:?}"),
        Err(status) => (status.code, Headers::new(), Bytes::from(status.message)),
    }
}

fn document(sources: &Sources, accept: &'static str, route: &DiscoveryRoute) -> Value {
    let (status, _, body) = answer(sources, &accepting(accept), route);
    assert_eq!(status, 200, "{body:?}");
    serde_json::from_slice(&body).unwrap()
}

fn groups_of(document: &Value) -> Vec<String> {
    let groups = document["items"].as_array().unwrap();
    groups.iter().map(|group| group["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_aggregated_document_of_api_has_the_core_group_alone_and_that_of_apis_the_others() {
    let sources = sources();
    assert_eq!(groups_of(&document(&sources, V2, &DiscoveryRoute::Api)), [""]);
    let apis = document(&sources, V2, &DiscoveryRoute::Apis);
    assert_eq!(groups_of(&apis), ["apiregistration.k8s.io", "discovery.k8s.io"]);
    assert_eq!(apis["apiVersion"], "apidiscovery.k8s.io/v2");
    let version = &apis["items"][0]["versions"][0];
    assert_eq!(version["freshness"], "Current");
    assert_eq!(version["resources"][0]["subresources"][0]["subresource"], "status");
    assert_eq!(version["resources"][0]["scope"], "Cluster");
}

#[test]
fn a_clause_that_names_the_aggregated_document_wins_wherever_it_stands() {
    let sources = sources();
    for (accept, kind) in [
        (
            "application/json, application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            "APIGroupDiscoveryList",
        ),
        ("application/json", "APIGroupList"),
        ("", "APIGroupList"),
        ("*/*", "APIGroupList"),
        ("application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList, application/json", "APIGroupList"),
    ] {
        assert_eq!(document(&sources, accept, &DiscoveryRoute::Apis)["kind"], kind, "{accept}");
    }
    let old = document(&sources, V2BETA1, &DiscoveryRoute::Apis);
    assert_eq!(old["apiVersion"], "apidiscovery.k8s.io/v2beta1");
    let (_, headers, _) = answer(&sources, &accepting(V2BETA1), &DiscoveryRoute::Apis);
    assert_eq!(headers.get(&Name::CONTENT_TYPE).unwrap(), V2BETA1.as_bytes());
}

#[test]
fn behind_a_slash_the_aggregated_document_is_not_served() {
    let (status, _, text) = answer(&sources(), &accepting(V2), &DiscoveryRoute::ApisSlash);
    assert_eq!(status, 406);
    assert!(text.starts_with(b"only the following media types are accepted: application/json"), "{text:?}");
}

#[test]
fn the_tag_is_one_for_both_versions_and_must_match_to_the_letter() {
    let sources = sources();
    let (_, headers, _) = answer(&sources, &accepting(V2), &DiscoveryRoute::Apis);
    let tag = String::from_utf8(headers.get(&Name::ETAG).unwrap().to_vec()).unwrap();
    assert_eq!(tag.len(), 2 + 128);
    assert_eq!(tag, tag.to_uppercase());
    assert_eq!(headers.get(&Name::VARY), Some(&b"Accept"[..]));
    assert_eq!(headers.get(&Name::CACHE_CONTROL), Some(&b"public"[..]));
    let (_, headers, _) = answer(&sources, &accepting(V2BETA1), &DiscoveryRoute::Apis);
    assert_eq!(headers.get(&Name::ETAG), Some(tag.as_bytes()));
    for (known, status) in
        [(tag.clone(), 304), (format!("W/{tag}"), 200), (format!("{tag}, \"x\""), 200), ("*".to_owned(), 200)]
    {
        let mut head = accepting(V2);
        head.headers.append(Name::IF_NONE_MATCH, known.clone());
        let (found, headers, body) = answer(&sources, &head, &DiscoveryRoute::Apis);
        assert_eq!(found, status, "{known}");
        assert_eq!(body.is_empty(), status == 304);
        assert_eq!(headers.get(&Name::ETAG), Some(tag.as_bytes()));
    }
}

#[test]
fn a_remote_version_is_told_with_its_freshness_until_it_is_removed() {
    let sources = sources();
    sources.set_remote(&flunders(), remote(Freshness::Stale));
    let stale = document(&sources, V2, &DiscoveryRoute::Apis);
    assert_eq!(groups_of(&stale).last().unwrap(), "wardle.example.com");
    assert_eq!(stale["items"][2]["versions"][0]["freshness"], "Stale");
    sources.set_remote(&flunders(), remote(Freshness::Current));
    let current = document(&sources, V2, &DiscoveryRoute::Apis);
    assert_eq!(current["items"][2]["versions"][0]["freshness"], "Current");
    sources.remove(&flunders());
    assert_eq!(groups_of(&document(&sources, V2, &DiscoveryRoute::Apis)).len(), 2);
}

#[test]
fn what_does_not_change_is_not_published_again() {
    let sources = sources();
    sources.set_remote(&flunders(), remote(Freshness::Current));
    let before = sources.published.load_full();
    sources.set_remote(&flunders(), remote(Freshness::Current));
    sources.remove(&GroupVersion::new("nobody", "v1"));
    sources.set_services(Vec::new());
    assert!(std::sync::Arc::ptr_eq(&before, &sources.published.load_full()));
}

#[test]
fn the_list_of_groups_has_ours_first_and_every_group_with_an_apiservice() {
    let sources = sources();
    let service = |version: &str, group: &str, group_priority| Service {
        name: format!("{version}.{group}"),
        group_version: GroupVersion::new(group, version),
        group_priority,
        version_priority: 15,
    };
    let slices = service("v1", "discovery.k8s.io", 16200);
    sources.set_services(vec![service("v1", "", 18000), service("v1alpha1", "wardle.example.com", 20000), slices]);
    let list = document(&sources, "application/json", &DiscoveryRoute::ApisSlash);
    let names: Vec<&str> =
        list["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["apiregistration.k8s.io", "wardle.example.com", "discovery.k8s.io"]);
    let group = document(&sources, "application/json", &DiscoveryRoute::Group("wardle.example.com".to_owned()));
    let version = json!({"groupVersion": "wardle.example.com/v1alpha1", "version": "v1alpha1"});
    assert_eq!(
        group,
        json!({"kind": "APIGroup", "apiVersion": "v1", "name": "wardle.example.com", "versions": [version], "preferredVersion": version})
    );
    let nobody = serve(&sources, &accepting(""), &DiscoveryRoute::Group("nobody".to_owned()));
    assert!(matches!(nobody, Ok(None)), "{nobody:?}");
}

#[test]
fn documents_from_before_are_gos_bytes() {
    let sources = sources();
    let (_, _, api) = answer(&sources, &accepting(""), &DiscoveryRoute::Api);
    assert_eq!(
        api,
        "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{\"clientCIDR\":\"0.0.0.0/0\",\
         \"serverAddress\":\"10.0.0.1:6443\"}]}\n"
    );
    let route = DiscoveryRoute::GroupVersion(GroupVersion::new("discovery.k8s.io", "v1"));
    let (_, _, slices) = answer(&sources, &accepting(""), &route);
    assert_eq!(
        slices,
        "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"discovery.k8s.io/v1\",\"resources\":[{\"name\":\
         \"endpointslices\",\"singularName\":\"\",\"namespaced\":false,\"kind\":\"EndpointSlice\",\"verbs\":[\"get\",\"list\"]}]}\n"
    );
    let (_, _, core) = answer(&sources, &accepting(""), &DiscoveryRoute::GroupVersion(GroupVersion::new("", "v1")));
    assert!(core.starts_with(b"{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\","), "{core:?}");
}

#[test]
fn apis_takes_any_method_and_what_go_restful_serves_takes_get() {
    let sources = sources();
    let post = head(Method::POST, &[]);
    assert_eq!(answer(&sources, &post, &DiscoveryRoute::Apis).0, 200);
    assert_eq!(answer(&sources, &post, &DiscoveryRoute::Api).0, 405);
    let (status, _, text) = answer(&sources, &accepting("text/html"), &DiscoveryRoute::Api);
    assert_eq!(status, 406);
    assert!(text.starts_with(b"406: Not Acceptable\n\nAvailable representations: application/json"), "{text:?}");
    let own = DiscoveryRoute::Group("apiregistration.k8s.io".to_owned());
    assert_eq!(answer(&sources, &post, &own).0, 405);
    assert_eq!(answer(&sources, &post, &DiscoveryRoute::Group("discovery.k8s.io".to_owned())).0, 200);
}

#[test]
fn long_documents_are_compressed_for_clients_that_say_gzip() {
    let sources = sources();
    let resources: Vec<legacy::Resource> = (0..2000).map(|at| resource(&format!("thing{at}"), "Thing")).collect();
    let resources = legacy::to_aggregated(&resources).unwrap();
    sources.set_remote(&flunders(), RemoteVersion { resources, ..remote(Freshness::Current) });
    let mut head = accepting(V2);
    head.headers.append(Name::ACCEPT_ENCODING, "gzip;q=1.0");
    let (_, headers, plain) = answer(&sources, &head, &DiscoveryRoute::Apis);
    assert!(plain.len() > 128 << 10);
    assert!(!headers.contains(&Name::CONTENT_ENCODING));
    head.headers.set(Name::ACCEPT_ENCODING, "br, gzip");
    let (_, headers, compressed) = answer(&sources, &head, &DiscoveryRoute::Apis);
    assert_eq!(headers.get(&Name::CONTENT_ENCODING), Some(&b"gzip"[..]));
    assert_eq!(headers.all(&Name::VARY).collect::<Vec<_>>(), [&b"Accept"[..], b"Accept-Encoding"]);
    assert!(compressed.len() * 10 < plain.len());
}

/// What a real server with our kinds answers: `fixtures/documents/discovery`.
#[test]
fn our_own_versions_are_told_as_go_tells_them() {
    let sources = Sources::new("192.0.2.1:443", &local_versions()).unwrap();
    let v1 = |group: &str| DiscoveryRoute::GroupVersion(GroupVersion::new(group, "v1"));
    const V2_PROTOBUF: &str = "application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
    macro_rules! gos {
        ($file:literal) => {
            &include_bytes!(concat!("../../../fixtures/documents/discovery/", $file))[..]
        };
    }
    for (accept, route, gos) in [
        ("", DiscoveryRoute::Api, gos!("api.json")),
        ("", v1(""), gos!("api_v1.json")),
        (PROTOBUF, v1(""), gos!("api_v1.pb")),
        ("", v1("apiregistration.k8s.io"), gos!("apiregistration_v1.json")),
        ("", v1("discovery.k8s.io"), gos!("discovery_v1.json")),
        ("", DiscoveryRoute::Group("apiregistration.k8s.io".to_owned()), gos!("apiregistration.json")),
        ("", DiscoveryRoute::Group("discovery.k8s.io".to_owned()), gos!("discovery.json")),
        (V2, DiscoveryRoute::Api, gos!("aggregated_api.json")),
        (V2_PROTOBUF, DiscoveryRoute::Api, gos!("aggregated_api.pb")),
        (V2, DiscoveryRoute::Apis, gos!("aggregated_apis.json")),
        (V2_PROTOBUF, DiscoveryRoute::Apis, gos!("aggregated_apis.pb")),
    ] {
        let (_, headers, body) = answer(&sources, &accepting(accept), &route);
        assert_eq!(body, gos, "{route:?} as {accept:?}");
        if accept.contains("v=v2") {
            let tag = String::from_utf8(headers.get(&Name::ETAG).unwrap().to_vec()).unwrap();
            assert!(
                include_str!("../../../fixtures/documents/documents.json").contains(&tag.replace('"', "\\\"")),
                "{tag}"
            );
        }
    }
}
