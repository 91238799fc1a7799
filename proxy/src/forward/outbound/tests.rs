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
        let out = head(&inbound, &peer, rules, None, &Planted::none());
        out.headers.get(&Name::X_REAL_IP).map(<[u8]>::to_vec)
    };
    for forged in ["", "X-Real-Ip: 1.1.1.1\r\n", "x-real-ip: 1.1.1.1\r\nConnection: X-Real-Ip\r\n"] {
        assert_eq!(told(&first, forged).unwrap(), b"192.0.2.7", "{forged}");
    }
    assert_eq!(told(&next, "X-Real-Ip: 1.1.1.1\r\n").unwrap(), b"1.1.1.1");
    assert_eq!(told(&next, ""), None);
}

#[test]
fn an_ipv4_client_of_an_ipv6_socket_has_its_ipv4_address_as_in_go() {
    // Backends were told `::ffff:192.0.2.1`, which no list of addresses knows.
    let ip = |text: &str| Peer::new(Some(text.parse().unwrap()), None).ip().cloned().unwrap_or_default();
    assert_eq!(ip("[::ffff:192.0.2.1]:80"), "192.0.2.1");
    assert_eq!(ip("[2001:db8::1]:80"), "2001:db8::1");
}
