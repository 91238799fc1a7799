use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;

fn parse(target: &'static str) -> Url {
    Url::parse_request_uri(&Bytes::from_static(target.as_bytes())).unwrap()
}

fn target_of(url: &Url) -> Bytes {
    let mut out = BytesMut::new();
    url.request_uri(&mut out);
    out.freeze()
}

fn string_of(url: &Url) -> Bytes {
    let mut out = BytesMut::new();
    url.write(&mut out);
    out.freeze()
}

#[test]
fn a_usual_target_is_not_copied() {
    let target = Bytes::from_static(b"/api/v1/pods?watch=1");
    let url = Url::from_request(false, &target).unwrap();
    assert_eq!(url.path.as_ptr(), target.as_ptr());
    assert_eq!(url.raw_query.as_ptr(), target[13..].as_ptr());
    assert_eq!(url.escaped_path().as_ptr(), target.as_ptr());
    let base = parse("http://backend:8080");
    assert_eq!(join_paths(&base, &url).0.as_ptr(), target.as_ptr());
    assert_eq!(clean_query_params(&url.raw_query).as_ptr(), url.raw_query.as_ptr());
}

#[test]
fn a_target_is_shared_where_it_is_the_same_and_only_there() {
    for target in ["/a?b=c", "/a", "/a?", "/", "/a%2fb?x", "/a b", "/a[b]", "/%41?q", "*", "//x?y?z"] {
        let came = Bytes::from_static(target.as_bytes());
        let Ok(url) = Url::from_request(false, &came) else { continue };
        assert_eq!(url.request_uri_like(&came), target_of(&url), "{target}");
        let longer = Url { raw_query: Bytes::from_static(b"more"), ..url.clone() };
        assert_eq!(longer.request_uri_like(&came), target_of(&longer), "{target}");
        let elsewhere = Url { path: Bytes::from_static(b"/else"), raw_path: Bytes::new(), ..url };
        assert_eq!(elsewhere.request_uri_like(&came), target_of(&elsewhere), "{target}");
    }
    let came = Bytes::from_static(b"/api/v1/pods?watch=1");
    assert_eq!(Url::from_request(false, &came).unwrap().request_uri_like(&came).as_ptr(), came.as_ptr());
}

#[test]
fn two_slashes_start_a_path_in_a_request_and_an_authority_in_a_flag() {
    assert_eq!(parse("//host/x").path, "//host/x");
    let flag = Url::parse(&Bytes::from_static(b"//host/x")).unwrap();
    assert_eq!((flag.host, flag.path), (Bytes::from("host"), Bytes::from("/x")));
}

#[test]
fn connect_names_an_authority_unless_it_names_a_path() {
    let authority = Url::from_request(true, &Bytes::from_static(b"a:443")).unwrap();
    assert_eq!((authority.scheme, authority.host), (Bytes::new(), Bytes::from("a:443")));
    assert_eq!(Url::from_request(true, &Bytes::from_static(b"/x")).unwrap().path, "/x");
    let refused = Url::from_request(true, &Bytes::from_static(b"a:xx")).unwrap_err();
    assert_eq!(refused.to_string(), r#"parse "http://a:xx": invalid port ":xx" after host"#);
}

#[test]
fn a_fragment_is_no_fragment_in_a_request() {
    assert_eq!(parse("/x#frag").path, "/x#frag");
    assert_eq!(target_of(&parse("/x#frag")), "/x%23frag");
}

#[test]
fn a_password_is_in_no_log() {
    let url = parse("http://u:p%40ss@h/x");
    assert_eq!(url.password().unwrap(), "p@ss");
    assert_eq!(url.to_string(), "http://u:xxxxx@h/x");
    assert_eq!(string_of(&url), "http://u:p%40ss@h/x");
}

#[test]
fn a_raw_path_that_means_another_path_is_not_sent() {
    let url = Url { path: "/a".into(), raw_path: "/%62".into(), ..Url::default() };
    assert_eq!(url.escaped_path(), "/a");
}

#[test]
fn a_user_with_a_bad_escape_is_still_written() {
    let url = Url { user: Some("%zz".into()), host: "h".into(), ..Url::default() };
    assert_eq!(string_of(&url), "//%25zz@h");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(raw: Vec<u8>, connect: bool) {
        everything(raw.into(), connect);
    }

    #[test]
    fn no_almost_good_bytes_make_it_panic(raw in almost_url(), connect: bool) {
        everything(raw, connect);
    }

    // Without an authority a path may begin with two slashes, one of them escaped: Go's own form of it reads as an authority.
    #[test]
    fn an_absolute_url_reads_as_it_was_written(raw in almost_url()) {
        if let Ok(url) = Url::parse(&raw)
            && (!url.opaque.is_empty() || !url.host.is_empty())
        {
            let again = Url::parse(&string_of(&url)).unwrap();
            prop_assert_eq!(string_of(&again), string_of(&url));
            prop_assert_eq!((again.host, again.path), (url.host, url.path));
        }
    }

    #[test]
    fn a_target_reads_as_it_was_written(raw in almost_url()) {
        if let Ok(url) = Url::parse_request_uri(&raw)
            && url.opaque.is_empty()
        {
            let again = Url::parse_request_uri(&target_of(&url)).unwrap();
            prop_assert_eq!(target_of(&again), target_of(&url));
        }
    }

    #[test]
    fn a_path_reads_as_itself_and_is_written_as_it_was_read(raw in "/([a-z%|\"é/]|%2[0-9a-fA-F]){0,12}") {
        if let Ok(url) = Url::parse_request_uri(&raw.into()) {
            let again = Url::parse_request_uri(&target_of(&url)).unwrap();
            prop_assert_eq!(&again.path, &url.path);
            prop_assert_eq!(target_of(&again), target_of(&url));
        }
    }

    #[test]
    fn what_was_cleaned_is_clean(raw in almost_query()) {
        let clean = clean_query_params(&raw);
        prop_assert_eq!(Values::parse(&clean).1, None);
        prop_assert_eq!(clean_query_params(&clean), clean);
    }

    #[test]
    fn encoded_values_read_as_themselves(raw in almost_query()) {
        let (values, _) = Values::parse(&raw);
        let mut encoded = BytesMut::new();
        values.encode(&mut encoded);
        prop_assert_eq!(Values::parse(&encoded.freeze()), (values, None));
    }
}

fn everything(raw: Bytes, connect: bool) {
    let base = Url::parse(&Bytes::from_static(b"http://h/ba%2fse/?a=1")).unwrap();
    for url in [Url::from_request(connect, &raw), Url::parse_request_uri(&raw), Url::parse(&raw)] {
        match url {
            Ok(url) => {
                let _ = (target_of(&url), string_of(&url), url.to_string(), url.hostname(), url.port());
                let _ = (url.username(), url.password(), join_paths(&base, &url), join_paths(&url, &base));
            }
            Err(refused) => drop(refused.to_string()),
        }
    }
    let _ = (Values::parse(&raw), clean_query_params(&raw));
    let fields = Url { raw_path: raw.clone(), path: raw.clone(), user: Some(raw.clone()), host: raw, ..Url::default() };
    let _ = (target_of(&fields), string_of(&fields), join_paths(&fields, &fields));
}

fn almost_url() -> impl Strategy<Value = Bytes> {
    static STARTS: &[&str] = &["", "/", "/a", "http://", "http://h/", "foo://u:p@h", "foo:"];
    let rest = pieces(&[
        "http:", "foo:", "/", "//", "?", "#", ":", "@", "[", "]", "[::1]", "::", "1", "80", "1.2.3.4", ".", "%25",
        "%2f", "%2F", "%41", "%e9", "%", "a", "B", "*", "+", "&", "=", ";", "!", "|", " ", "é", "~",
    ]);
    (prop::sample::select(STARTS), rest).prop_map(|(start, rest)| [start.as_bytes(), &rest].concat().into())
}

fn almost_query() -> impl Strategy<Value = Bytes> {
    pieces(&["a", "b", "=", "&", ";", "%", "%41", "%26", "%3D", "+", " ", "é", "%zz", "%2"])
}

fn pieces(from: &'static [&'static str]) -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(from), 0..12).prop_map(|pieces| pieces.concat().into())
}
