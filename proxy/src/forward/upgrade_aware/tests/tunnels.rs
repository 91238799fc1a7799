//! Upgrades over a network of one backend.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
    sync::{Arc, Mutex},
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;
use crate::{
    upstream::{
        TransportConfig,
        tls::{Trust, client_config},
    },
    wire::{Gone, Peer, Tunnel, Version, exchange::Early, pipe::pipe},
    world::{Address, Listener, LocalBoxFuture, Net, Stream, real},
};

/// A network in which there is one connection to be had.
#[derive(Debug)]
struct OneConnection(Mutex<Option<Stream>>);

impl Net for OneConnection {
    fn listen(&self, _: &Address, _: usize) -> io::Result<Vec<Listener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn resolve<'a>(&'a self, _: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![Ipv4Addr::new(10, 0, 0, 1).into()]) })
    }

    fn dial<'a>(&'a self, _: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async { self.0.lock().unwrap().take().ok_or(io::ErrorKind::ConnectionRefused.into()) })
    }
}

/// Nobody listens for 1xx heads.
struct Unheard;

impl Early for Unheard {
    fn inform(&self, _: Version, head: &ResponseHead) {
        panic!("{} was passed on", head.status);
    }
}

/// What becomes of an upgrade to `foo` that a backend answers with these bytes, and the backend's end.
async fn answered(said: &str, rate: Option<u64>) -> (Result<Answer, Fault>, DuplexStream) {
    let (mut backend, channel) = pipe(64 << 10);
    let Channel::Plain(stream) = channel else { unreachable!("a pipe is plain") };
    let mut world = real::world([7; 32]);
    world.net = Arc::new(OneConnection(Mutex::new(Some(stream))));
    let tls = client_config(&world, Trust::Anyone, None).unwrap();
    let transports = Transports::new(&world, TransportConfig::new(Arc::new(tls)));
    let location = url("http://backend.test/location");
    let origin = Origin { tls: false, host: "backend.test".into(), port: 80, address: None, alpn: Alpn::Http1 };
    let handler = UpgradeAware {
        max_bytes_per_sec: rate.and_then(NonZeroU64::new),
        ..UpgradeAware::new(&location, &origin, &transports)
    };
    let mut head = asking("/", "*/*");
    head.headers.append(Name::CONNECTION, "Upgrade");
    head.headers.append(Name::UPGRADE, "foo");
    let mut exchange = Exchange::new(head, Body::empty(), Peer::new(None, None), Gone::default(), Rc::new(Unheard));
    backend.write_all(said.as_bytes()).await.unwrap();
    let served = tokio::task::LocalSet::new().run_until(handler.serve(&mut exchange)).await;
    let mut asked = vec![0; 4 << 10];
    let read = backend.read(&mut asked).await.unwrap();
    assert!(asked[..read].starts_with(b"GET /location HTTP/1.1\r\n"));
    (served, backend)
}

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_tunnel_carries_so_many_bytes_a_second_each_way() {
    for (rate, expected) in [(Some(1000), 9), (None, 0)] {
        let (served, mut backend) = answered(SWITCH, rate).await;
        let Ok(Answer::Switch(_, Tunnel { backend: mut ours, .. })) = served else { panic!("no tunnel") };
        let mut bytes = [0; 1000];
        let begun = Instant::now();
        ours.write_all(&bytes).await.unwrap();
        backend.read_exact(&mut bytes).await.unwrap();
        assert_eq!(begun.elapsed().as_millis() / 100, expected, "to the backend at {rate:?}");
        let begun = Instant::now();
        backend.write_all(&bytes).await.unwrap();
        ours.read_exact(&mut bytes).await.unwrap();
        assert_eq!(begun.elapsed().as_millis() / 100, expected, "from the backend at {rate:?}");
    }
}

#[tokio::test]
async fn the_first_head_is_the_answer_to_an_upgrade() {
    for status in [100, 103, 200, 204, 302, 399] {
        let (served, _) = answered(&format!("HTTP/1.1 {status} X\r\nLocation: /\r\n\r\n{SWITCH}"), None).await;
        let Err(Fault::NotSwitched(said)) = served else { panic!("{status} was passed on") };
        assert_eq!(said.as_u16(), status);
    }
}

#[tokio::test]
async fn nobody_is_switched_to_what_was_not_asked_for() {
    for (given, expected) in [
        (
            "Connection: Upgrade\r\nUpgrade: bar\r\n",
            "backend tried to switch protocol \"bar\" when \"foo\" was requested",
        ),
        ("Upgrade: foo\r\n", "backend tried to switch protocol \"\" when \"foo\" was requested"),
    ] {
        let (served, _) = answered(&format!("HTTP/1.1 101 X\r\n{given}\r\n"), None).await;
        assert_eq!(served.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn a_refusal_goes_out_as_the_last_answer() {
    let (served, _) = answered("HTTP/1.1 403 Go Away\r\nX-own: 1\r\nContent-Length: 2\r\n\r\nno", None).await;
    let Ok(Answer::Last(head, _)) = served else { panic!("not the last") };
    assert_eq!((head.status.as_u16(), &head.reason[..]), (403, &b"Go Away"[..]));
}
