//! Where a request goes at its backend, and how long it may take.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{
    config::limits,
    wire::url::{Url, Values},
};

/// The target at the backend: the path decoded and escaped anew, the query taken apart and put together anew.
///
/// What an authorizer has not understood (a pair with a bad escape, or with a semicolon) is not sent on.
///
/// Go: `kube-aggregator/pkg/apiserver/handler_proxy.go` `ServeHTTP`.
pub(super) fn at_backend(asked: &Url, host: Bytes) -> Url {
    let mut query = BytesMut::new();
    Values::parse(&asked.raw_query).0.encode(&mut query);
    Url {
        scheme: Bytes::from_static(b"https"),
        host,
        path: asked.path.clone(),
        raw_query: query.freeze(),
        ..Url::default()
    }
}

/// How long a request may take: a discovery document has to come soon, everything else takes its time.
///
/// Go: `apiserver/pkg/util/proxy/proxy.go` `NewRequestForProxy`.
pub(super) fn time_limit(path: &[u8]) -> Option<Duration> {
    let mut segments = trim_slashes(path).split(|byte| *byte == b'/');
    let is_discovery = segments.next() == Some(b"apis") && segments.count() == 2;
    is_discovery.then_some(limits::AGGREGATED_DISCOVERY_TIMEOUT)
}

fn trim_slashes(mut path: &[u8]) -> &[u8] {
    while let [b'/', rest @ ..] | [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::forwarded_uri;

    fn sent(target: &'static str) -> String {
        let asked = Url::from_request(false, &Bytes::from_static(target.as_bytes())).unwrap();
        let mut out = BytesMut::new();
        at_backend(&asked, Bytes::from_static(b"10.0.0.1:443")).request_uri(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn uri(target: &'static str) -> String {
        let asked = Url::from_request(false, &Bytes::from_static(target.as_bytes())).unwrap();
        String::from_utf8(forwarded_uri(b"", &at_backend(&asked, Bytes::new())).to_vec()).unwrap()
    }

    #[test]
    fn the_path_is_decoded_and_escaped_anew() {
        for (asked, expected) in [
            ("/apis/g/v/a%2Fb", "/apis/g/v/a/b"),
            ("/apis/g/v/!'()*[]", "/apis/g/v/%21%27%28%29%2A%5B%5D"),
            ("/apis/g/v/$&+,:;=@", "/apis/g/v/$&+,:;=@"),
            ("/apis/g/v/a%20b", "/apis/g/v/a%20b"),
            ("/apis/g/v/../x/./y//z", "/apis/g/v/../x/./y//z"),
        ] {
            assert_eq!(sent(asked), expected);
        }
    }

    #[test]
    fn the_query_is_put_together_anew() {
        for (asked, expected) in [
            ("/a?watch", "/a?watch="),
            ("/a?b=2&a=1&b=1", "/a?a=1&b=2&b=1"),
            ("/a?q=a%20b", "/a?q=a+b"),
            ("/a?a=1;b=2&c=3", "/a?c=3"),
            ("/a?a=%zz&c=3", "/a?c=3"),
            ("/a?", "/a"),
        ] {
            assert_eq!(sent(asked), expected);
        }
    }

    #[test]
    fn the_forwarded_uri_is_clean_and_has_no_query() {
        for (asked, expected) in [
            ("/apis/g/v/x?y=1", "/apis/g/v/x"),
            ("/apis/g/v/", "/apis/g/v/"),
            ("/apis//g/./v/../w", "/apis/g/w"),
            ("/apis/g/a%20b", "/apis/g/a%20b"),
        ] {
            assert_eq!(uri(asked), expected);
        }
    }

    #[test]
    fn only_the_document_of_a_version_has_to_come_soon() {
        for path in ["/apis/g/v", "/apis/g/v/", "//apis/g/v"] {
            assert_eq!(time_limit(path.as_bytes()), Some(Duration::from_secs(5)), "{path}");
        }
        for path in ["/apis/g", "/apis/g/v/r", "/api/v1", "/api/v1/pods", "/openapi/v3/apis/g/v"] {
            assert_eq!(time_limit(path.as_bytes()), None, "{path}");
        }
    }
}
