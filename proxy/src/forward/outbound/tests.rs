use bytes::BytesMut;

use super::*;
use crate::wire::http1::{Event, HeadLimits, RequestReader};

fn inbound(text: &str) -> RequestHead {
    let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 4096 });
    match reader.next(&mut BytesMut::from(text), false).unwrap() {
        Event::Head(request) => *request.head,
        other => panic!("no head: {other:?}"),
    }
}

#[test]
fn the_first_proxy_says_whose_address_is_real_and_the_next_passes_it_on() {
    let first = Rules::Rewrite(Box::new(|request| {
        request.out.headers.set(Name::X_REAL_IP, request.peer.ip().cloned().unwrap_or_default());
    }));
    let next = Rules::single_host(Url::parse(&Bytes::from_static(b"http://b.test")).unwrap());
    let peer = Peer::new(Some(([192, 0, 2, 7], 1234).into()), None);
    let told = |rules: &Rules, field: &str| {
        let inbound = inbound(&format!("GET / HTTP/1.1\r\nHost: h.test\r\n{field}\r\n"));
        let out = under(rules, &inbound, &peer, None, &Planted::none());
        out.headers.get(&Name::X_REAL_IP).map(<[u8]>::to_vec)
    };
    for forged in ["", "X-Real-Ip: 1.1.1.1\r\n", "x-real-ip: 1.1.1.1\r\nConnection: X-Real-Ip\r\n"] {
        assert_eq!(told(&first, forged).unwrap(), b"192.0.2.7", "{forged}");
    }
    assert_eq!(told(&next, "X-Real-Ip: 1.1.1.1\r\n").unwrap(), b"1.1.1.1");
    assert_eq!(told(&next, ""), None);
}

/// Where a request goes by rules that choose by its target's host, next to a proxy's own `http://own.test`.
fn chosen(target: &str, rules: &Rules) -> Result<Option<Origin>, BadOrigin> {
    let own = Origin::of(&Url::parse(&Bytes::from_static(b"http://own.test")).unwrap()).unwrap();
    let inbound = inbound(&format!("GET {target} HTTP/1.1\r\nHost: h.test\r\n\r\n"));
    let out = under(rules, &inbound, &Peer::new(None, None), None, &Planted::none());
    out.elsewhere(&own).map(|origin| origin.map(|origin| *origin))
}

#[test]
fn the_rules_choose_the_backend() {
    let to = |target: &'static str| Rules::rewrite_to(Url::parse(&Bytes::from_static(target.as_bytes())).unwrap());
    let other = Origin::of(&Url::parse(&Bytes::from_static(b"https://other.test:8443")).unwrap()).unwrap();
    assert_eq!(chosen("/x", &to("https://other.test:8443/base")), Ok(Some(other)));
    for own in ["http://own.test", "http://OWN.test:80/base"] {
        assert_eq!(chosen("/x", &to(own)), Ok(None), "{own}");
    }
    assert_eq!(chosen("/x", &to("ftp://other.test")), Err(BadOrigin::Scheme));
}

#[test]
fn a_client_does_not_choose_the_backend() {
    let nothing = [Rules::Rewrite(Box::new(|_| ())), Rules::Director(Box::new(|_| ()))];
    for rules in &nothing {
        for target in ["http://other.test/x", "https://own.test/x", "http://u:p@other.test:99/x", "/x"] {
            assert_eq!(chosen(target, rules), Ok(None), "{target} {rules:?}");
        }
    }
}

#[test]
fn an_ipv4_client_of_an_ipv6_socket_has_its_ipv4_address_as_in_go() {
    // Backends were told `::ffff:192.0.2.1`, which no list of addresses knows.
    let ip = |text: &str| Peer::new(Some(text.parse().unwrap()), None).ip().cloned().unwrap_or_default();
    assert_eq!(ip("[::ffff:192.0.2.1]:80"), "192.0.2.1");
    assert_eq!(ip("[2001:db8::1]:80"), "2001:db8::1");
}
