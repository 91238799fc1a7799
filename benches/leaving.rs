//! A client leaves while its answer is awaited: how long until the backend sees that nobody waits any more, over loopback.
//!
//! Fails when it takes Weir longer than [`PROMISED`] in one of a hundred times. Go's proxy is measured beside it where Go is installed.

use std::{
    fs,
    io::Read as _,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use weir_bench::contender::{self, free_address, wait_until_it_listens};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().expect("a place for a folder");
    let secret = Secret::create(folder.path());
    let mut backend = Backend::start();
    let weir = [contender::weir(backend.address), contender::weir_over_tls(backend.address, &secret.pem)];
    let mut slowest = Duration::ZERO;
    for way in WAYS {
        slowest =
            slowest.max(way.measure("Weir", weir.each_ref().map(|weir| weir.address), &mut backend, &secret).await);
    }
    if let Some(go) = Go::start(backend.address, &secret.pem, folder.path()) {
        for way in WAYS {
            way.measure("Go", go.addresses, &mut backend, &secret).await;
        }
    }
    assert!(slowest < PROMISED, "a backend was told after {slowest:?}, promised: {PROMISED:?}");
}

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It closes its connection of HTTP/1.
    Http1,
    /// It resets its stream of HTTP/2; the connection stays.
    Http2,
}

const WAYS: [Way; 2] = [Way::Http1, Way::Http2];

impl Way {
    /// Leaves again and again. Prints the median and the 99th percentile of what it took, and gives the latter.
    async fn measure(self, name: &str, at: [SocketAddr; 2], backend: &mut Backend, secret: &Secret) -> Duration {
        let [plain, tls] = at;
        let mut took = Vec::new();
        match self {
            Self::Http1 => {
                for _ in 0..LEAVES {
                    took.push(leave_http1(plain, backend).await);
                }
            }
            Self::Http2 => {
                let mut client = Http2::connect(tls, secret).await;
                for at in 1..=LEAVES {
                    if at % RESETS == 0 {
                        client = Http2::connect(tls, secret).await;
                    }
                    let asked = client.ask();
                    backend.arrived().await;
                    took.push(backend.told_behind(|| asked.abort()).await);
                }
            }
        }
        took.sort();
        let (median, late) = (took[LEAVES / 2], took[LEAVES * 99 / 100]);
        println!("{name}, {self:?}: median {} us, 99th percentile {} us", median.as_micros(), late.as_micros());
        late
    }
}

async fn leave_http1(to: SocketAddr, backend: &mut Backend) -> Duration {
    let mut client = TcpStream::connect(to).await.expect("the proxy listens");
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it reads");
    backend.arrived().await;
    backend.told_behind(|| drop(client)).await
}

/// A client's connection of HTTP/2 over TLS.
struct Http2 {
    sender: http2::SendRequest<Empty<Bytes>>,
}

impl Http2 {
    async fn connect(to: SocketAddr, secret: &Secret) -> Self {
        let stream = TcpStream::connect(to).await.expect("the proxy listens");
        stream.set_nodelay(true).expect("a connected socket");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::clone(&secret.client)).connect(name, stream).await.expect("TLS");
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = shaken.expect("a connection that is there");
        tokio::spawn(async { drop(connection.await) });
        Self { sender }
    }

    /// Asks. Whoever aborts what this gives resets the stream.
    fn ask(&mut self) -> JoinHandle<()> {
        let request = Request::get("https://localhost/").body(Empty::new()).expect("constant parts");
        let answer = self.sender.send_request(request);
        tokio::spawn(async { drop(answer.await) })
    }
}

/// A backend that never answers, and says when a request arrives and when its connection ends.
struct Backend {
    address: SocketAddr,
    arrived: UnboundedReceiver<()>,
    left: UnboundedReceiver<Instant>,
}

impl Backend {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound address");
        let (tell_arrived, arrived) = unbounded_channel();
        let (tell_left, left) = unbounded_channel();
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            for mut stream in listener.incoming().flatten() {
                // A request of this bench is one packet. Nothing: a connection that was made in vain.
                if !matches!(stream.read(&mut buffer), Ok(1..)) || tell_arrived.send(()).is_err() {
                    continue;
                }
                while matches!(stream.read(&mut buffer), Ok(1..)) {}
                if tell_left.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
        Self { address, arrived, left }
    }

    async fn arrived(&mut self) {
        let arrived = timeout(PATIENCE, self.arrived.recv()).await;
        arrived.expect("the proxy asks the backend").expect("the backend runs");
    }

    /// How long it takes from when a client leaves until the backend knows.
    async fn told_behind(&mut self, leave: impl FnOnce()) -> Duration {
        let begun = Instant::now();
        leave();
        let told = timeout(PATIENCE, self.left.recv()).await;
        told.expect("the backend is told").expect("the backend runs").duration_since(begun)
    }
}

/// A certificate for `localhost`: a file for the proxies, and a client that trusts it and speaks HTTP/2.
struct Secret {
    pem: PathBuf,
    client: Arc<ClientConfig>,
}

impl Secret {
    fn create(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let pem = folder.join("localhost.pem");
        fs::write(&pem, made.cert.pem() + &made.signing_key.serialize_pem()).expect("a folder that can be written to");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(made.cert.der().to_vec())).expect("a certificate of our own");
        let mut client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec()];
        Self { pem, client: Arc::new(client) }
    }
}

/// Go's `httputil.ReverseProxy`, plain and over TLS. Dropped, both are killed.
struct Go {
    addresses: [SocketAddr; 2],
    running: [Child; 2],
}

impl Go {
    /// Builds and starts it; none without Go.
    fn start(backend: SocketAddr, pem: &Path, folder: &Path) -> Option<Self> {
        let program = folder.join("go");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/race/reverse_proxy.go");
        let built = Command::new("go").args(["build", "-o"]).arg(&program).arg(source).status();
        if !built.is_ok_and(|built| built.success()) {
            eprintln!("SKIPPED Go: it is not installed (https://go.dev/dl)");
            return None;
        }
        let addresses = [free_address(), free_address()];
        let running = [(addresses[0], None), (addresses[1], Some(pem))].map(|(address, pem)| {
            let mut command = Command::new(&program);
            command.args(["-listen", &address.to_string(), "-to", &format!("http://{backend}")]);
            if let Some(pem) = pem {
                command.arg("-cert").arg(pem).arg("-key").arg(pem);
            }
            command.stderr(Stdio::null()).spawn().expect("a program that was built")
        });
        addresses.into_iter().for_each(wait_until_it_listens);
        Some(Self { addresses, running })
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _already_ended = child.kill();
            let _already_waited_for = child.wait();
        }
    }
}

const LEAVES: usize = 1_000;
/// Whoever resets more streams of one connection than this is taken for an attacker.
const RESETS: usize = 20;
const PROMISED: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);
