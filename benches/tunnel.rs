//! What a message through a tunnel costs, there and back, plain and with TLS to the client: heap allocations, and how often the proxy's
//! thread is switched to. Fails where that is more than [`PLAIN`] and [`TLS`] allow. Copies are counted by a test, `upgrade/tests/cost.rs`.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::CertificateDer};
use weir_bench::{
    backend, contender,
    counting::{self, Counting},
};

#[global_allocator]
static COUNTING: Counting = Counting;

/// What a message may cost.
struct Bound {
    allocations: f64,
    switches: f64,
}

fn main() -> ExitCode {
    counting::count_me_out();
    let folder = tempfile::tempdir().expect("a place for a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name that can be certified");
    let pem = folder.path().join("localhost.pem");
    fs::write(&pem, made.cert.pem() + &made.signing_key.serialize_pem()).expect("a folder of our own");

    let plain = contender::weir(backend()).address;
    let mut within = is_within("plain", &PLAIN, &mut upgraded(connect(plain)));
    // The next proxy's thread has the same name.
    let before = switches();
    let tls = contender::weir_over_tls(backend(), &pem).address;
    let stream = StreamOwned::new(client(made.cert.der()), connect(tls));
    let mut stream = upgraded(stream);
    assert!(switches() >= before, "threads of the same name are counted together");
    within &= is_within("TLS to the client", &TLS, &mut stream);
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sends messages there and back, one at a time.
fn is_within(name: &str, bound: &Bound, tunnel: &mut (impl Read + Write)) -> bool {
    let mut message = [b'm'; MESSAGE_BYTES];
    let mut play = |times: usize| {
        for _ in 0..times {
            tunnel.write_all(&message).expect("the tunnel takes it");
            tunnel.flush().expect("the tunnel takes it");
            tunnel.read_exact(&mut message).expect("it comes back");
        }
    };
    play(WARM_UPS);
    counting::reset();
    let before = switches();
    play(ROUNDS);
    // There, and back.
    let messages = (2 * ROUNDS) as f64;
    let switches = (switches() - before) as f64 / messages;
    let allocations = counting::counts().iter().sum::<u64>() as f64 / messages;
    println!(
        "{name}: {allocations:.2} allocations a message (at most {:.2}), {switches:.2} switches to the proxy's thread (at most {:.2})",
        bound.allocations, bound.switches
    );
    allocations <= bound.allocations && switches <= bound.switches
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("the contender listens");
    stream.set_nodelay(true).expect("a connected socket");
    stream
}

/// Asks for a tunnel, and reads the 101.
fn upgraded<S: Read + Write>(mut stream: S) -> S {
    stream.write_all(ASKS).expect("the contender reads");
    stream.flush().expect("the contender reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the contender answers");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{:?}", String::from_utf8_lossy(&head));
    stream
}

fn client(certificate: &CertificateDer<'static>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a certificate of our own");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a configuration that can be used")
}

/// A backend that switches protocols and sends everything back; it is not counted.
fn backend() -> SocketAddr {
    backend::uncounted(|mut stream| {
        let mut buffer = vec![0; 16 * 1024];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut buffer).expect("the proxy asks");
            head.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(SWITCHES).expect("the proxy reads");
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
    })
}

/// How often threads of proxies have waited and were switched to again.
fn switches() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let ours = tasks
        .filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == "worker-0"));
    ours.map(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
    })
    .sum()
}

const ASKS: &[u8] = b"GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHES: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const MESSAGE_BYTES: usize = 100;
const WARM_UPS: usize = 1_000;
const ROUNDS: usize = 5_000;
/// Each message is one wakeup. A little more is the runtime's own timer.
const PLAIN: Bound = Bound { allocations: 0.01, switches: 1.05 };
/// A record that is sent is put together by rustls.
const TLS: Bound = Bound { allocations: 1.05, switches: 1.05 };
