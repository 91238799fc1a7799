use bytes::Bytes;
use http::Method;

use super::*;
use crate::wire::{Headers, Target, Version, trailers::Announced, url::Url};

fn head(line: &str) -> RequestHead {
    let (method, target) = line.split_once(' ').unwrap();
    let raw = Bytes::copy_from_slice(target.as_bytes());
    RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target: Target { url: Url::from_request(method == "CONNECT", &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"h.test"),
        headers: Headers::new(),
        announced: Announced::new(),
    }
}

fn info(line: &str) -> RequestInfo {
    RequestInfo::of(&head(line)).unwrap()
}

/// Holds requests against lines of `verb version namespace resource subresource name parts`, in which `-` is nothing.
#[track_caller]
fn hold(rows: &[(&str, &str)]) {
    for (line, expected) in rows {
        let info = info(line);
        assert!(info.is_resource, "{line}");
        let parts = info.parts.join(",");
        let words =
            [&info.verb, &info.api_version, &info.namespace, &info.resource, &info.subresource, &info.name, &parts];
        let found: Vec<&str> = words.iter().map(|word| if word.is_empty() { "-" } else { word.as_str() }).collect();
        assert_eq!(found.join(" "), *expected, "{line}");
    }
}

#[test]
fn resources_are_read_as_gos_own_table_says() {
    hold(&[
        ("GET /api/v1/namespaces", "list v1 - namespaces - - namespaces"),
        ("GET /api/v1/namespaces/other", "get v1 other namespaces - other namespaces,other"),
        ("GET /api/v1/namespaces/other/pods", "list v1 other pods - - pods"),
        ("GET /api/v1/namespaces/other/pods/foo", "get v1 other pods - foo pods,foo"),
        ("HEAD /api/v1/namespaces/other/pods/foo", "get v1 other pods - foo pods,foo"),
        ("GET /api/v1/pods", "list v1 - pods - - pods"),
        ("HEAD /api/v1/pods", "list v1 - pods - - pods"),
        ("GET /api/v1/proxy/namespaces/other/pods/foo", "proxy v1 other pods - foo pods,foo"),
        (
            "GET /api/v1/proxy/namespaces/other/pods/foo/subpath/not/a/subresource",
            "proxy v1 other pods - foo pods,foo,subpath,not,a,subresource",
        ),
        ("GET /api/v1/watch/pods", "watch v1 - pods - - pods"),
        ("GET /api/v1/pods?watch=true", "watch v1 - pods - - pods"),
        ("GET /api/v1/pods?watch=false", "list v1 - pods - - pods"),
        ("GET /api/v1/watch/namespaces/other/pods", "watch v1 other pods - - pods"),
        ("GET /api/v1/namespaces/other/pods?watch=1", "watch v1 other pods - - pods"),
        ("GET /api/v1/namespaces/other/pods?watch=0", "list v1 other pods - - pods"),
        ("GET /api/v1/namespaces/other/pods/foo/status", "get v1 other pods status foo pods,foo,status"),
        ("GET /api/v1/namespaces/other/pods/foo/proxy/subpath", "get v1 other pods proxy foo pods,foo,proxy,subpath"),
        (
            "PUT /api/v1/namespaces/other/finalize",
            "update v1 other namespaces finalize other namespaces,other,finalize",
        ),
        ("PUT /api/v1/namespaces/other/status", "update v1 other namespaces status other namespaces,other,status"),
        ("PATCH /api/v1/namespaces/other/pods/foo", "patch v1 other pods - foo pods,foo"),
        ("DELETE /api/v1/namespaces/other/pods/foo", "delete v1 other pods - foo pods,foo"),
        ("POST /api/v1/namespaces/other/pods", "create v1 other pods - - pods"),
        ("DELETE /api/v1/nodes", "deletecollection v1 - nodes - - nodes"),
        ("DELETE /api/v1/namespaces", "deletecollection v1 - namespaces - - namespaces"),
        ("DELETE /api/v1/namespaces/other/pods", "deletecollection v1 other pods - - pods"),
        ("DELETE /apis/extensions/v1/namespaces/other/pods", "deletecollection v1 other pods - - pods"),
        ("POST /apis/extensions/v1/namespaces/other/pods", "create v1 other pods - - pods"),
        ("POST /apis/extensions/v1beta3/namespaces/other/pods", "create v1beta3 other pods - - pods"),
    ]);
}

#[test]
fn resources_are_read_as_go_was_seen_to_read_them() {
    hold(&[
        ("GET /api/v1/proxy/x", "proxy v1 - x - - x"),
        ("GET /api/v1//pods", "get v1 - - - pods ,pods"),
        ("GET //api/v1/pods", "list v1 - pods - - pods"),
        ("GET /api/v1/namespaces//pods", "list v1 - pods - - pods"),
        ("GET /api/v1/namespaces/a/status/x", "get v1 a namespaces status a namespaces,a,status,x"),
        ("GET /api/v1/namespaces/a/finalize", "get v1 a namespaces finalize a namespaces,a,finalize"),
        ("OPTIONS /api/v1/pods", "- v1 - pods - - pods"),
        ("CONNECT /api/v1/pods", "- v1 - pods - - pods"),
        ("GET /api/v1/pods?watch", "watch v1 - pods - - pods"),
        ("GET /api/v1/pods?watch=FALSE", "list v1 - pods - - pods"),
        ("GET /api/v1/pods?watch=no", "watch v1 - pods - - pods"),
        ("GET /api/v1/pods?limit=x&watch=1", "watch v1 - pods - - pods"),
        ("GET /api/v1/pods?limit=x&fieldSelector=metadata.name=a", "list v1 - pods - - pods"),
        ("GET /api/v1/pods/a?watch=1", "get v1 - pods - a pods,a"),
        ("HEAD /apis/apps/v1/deployments?watch=1", "watch v1 - deployments - - deployments"),
        ("DELETE /api/v1/namespaces/ns", "delete v1 ns namespaces - ns namespaces,ns"),
        ("GET /api/v1/pods?fieldSelector=metadata.name=a/b", "list v1 - pods - - pods"),
        ("GET /api/v1/pods?fieldSelector=metadata.name!=a", "list v1 - pods - - pods"),
        ("GET /api/v1/pods?fieldSelector=metadata.name=b,metadata.name=a", "list v1 - pods - a pods"),
        ("DELETE /api/v1/pods?fieldSelector=metadata.name=a", "deletecollection v1 - pods - - pods"),
        ("GET /api/v1/proxy/nodes/n1/metrics", "proxy v1 - nodes - n1 nodes,n1,metrics"),
        ("GET /apis/apps/v1/watch/namespaces/ns/deployments/d", "watch v1 ns deployments - d deployments,d"),
        ("POST /api/v1/watch/pods", "watch v1 - pods - - pods"),
        ("PUT /api/v1/namespaces/n/pods/p/exec/x/y", "update v1 n pods exec p pods,p,exec,x,y"),
        ("GET /apis%2Fg%2Fv1%2Fthings", "list v1 - things - - things"),
    ]);
}

#[test]
fn other_paths_are_no_resources() {
    for path in [
        "/",
        "/api/version/",
        "/apis/group/version/",
        "/badprefix/version/resource",
        "/apis/version/resource",
        "/not-api/version/resource",
        "/apis/extensions/v1beta1",
        "/apis/extensions/v1beta1/",
        "/api/version",
        "/api",
    ] {
        let info = info(&format!("GET {path}"));
        assert_eq!((info.is_resource, &info.verb[..], &info.path[..]), (false, "get", path));
    }
    assert_eq!(info("TRACE /healthz").verb, "trace");
    for path in
        ["/api/version/resource", "/apis/group/version/resource/name/subresource", "/apis/batch/v1/job/foo/scale"]
    {
        assert!(info(&format!("GET {path}")).is_resource, "{path}");
    }
}

#[test]
fn selectors_name_objects_as_gos_own_table_says() {
    let base = "/apis/group/version/resource";
    for (line, expected) in [
        (format!("GET {base}"), ["list", "", "", ""]),
        (format!("GET {base}?fieldSelector=metadata.name%3Dname1"), ["list", "name1", "metadata.name=name1", ""]),
        (
            format!("GET {base}?watch=true&fieldSelector=metadata.name%3Dname1"),
            ["watch", "name1", "metadata.name=name1", ""],
        ),
        (format!("GET {base}?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux"), ["list", "", "foo=bar", "baz=qux"]),
        (format!("GET {base}?fieldSelector=metadata.name%3Dname1,foo"), ["list", "", "metadata.name=name1,foo", ""]),
        (
            format!("GET {base}?watch=true&fieldSelector=metadata.name%3Dname1,foo"),
            ["watch", "", "metadata.name=name1,foo", ""],
        ),
        (
            format!("GET {base}?watch=false&fieldSelector=metadata.name%3Dname1,foo"),
            ["list", "", "metadata.name=name1,foo", ""],
        ),
        (
            format!("DELETE {base}?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux"),
            ["deletecollection", "", "foo=bar", "baz=qux"],
        ),
        (
            format!(
                "GET {base}?fieldSelector=metadata.name%3Dfoo&fieldSelector=metadata.name%3Dbar&labelSelector=a&labelSelector=b"
            ),
            ["list", "foo", "metadata.name=foo", "a"],
        ),
        (format!("GET {base}/name?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux"), ["get", "name", "", ""]),
        (
            "GET /apis/group/version/watch/resource?fieldSelector=metadata.name%3Dfoo&labelSelector=baz%3Dqux"
                .to_owned(),
            ["watch", "", "", ""],
        ),
        (
            "GET /apis/group/version/watch/resource/name?fieldSelector=foo%3Dbar&labelSelector=baz%3Dqux".to_owned(),
            ["watch", "name", "", ""],
        ),
    ] {
        let info = info(&line);
        assert_eq!([&info.verb[..], &info.name, &info.field_selector, &info.label_selector], expected, "{line}");
    }
}

#[test]
fn a_path_that_ends_behind_its_verb_is_an_error_that_quotes_the_url() {
    let error = RequestInfo::of(&head("GET /api/v1/watch/?x=%3C1%3E")).unwrap_err();
    assert_eq!(error.to_string(), "unable to determine kind and namespace from url, /api/v1/watch/?x=%3C1%3E");
}

#[test]
fn watches_and_streams_run_for_long() {
    for line in [
        "GET /api/v1/pods?watch=1",
        "GET /api/v1/proxy/nodes/n",
        "POST /api/v1/namespaces/n/pods/p/exec",
        "GET /api/v1/namespaces/n/pods/p/log",
        "GET /debug/pprof/heap",
    ] {
        assert!(info(line).is_long_running(), "{line}");
    }
    for line in ["GET /api/v1/pods", "GET /api/v1/namespaces/n/pods/p/status", "GET /debug/pprof", "GET /watch"] {
        assert!(!info(line).is_long_running(), "{line}");
    }
}
