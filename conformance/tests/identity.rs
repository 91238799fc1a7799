//! Nobody but the authenticated user reaches a backend, whatever a client writes into its headers.
//!
//! A backend behind `weir serve` writes down what it sees; requests try to tell it of somebody else, on HTTP/1, on HTTP/2 and in upgrades.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use weir_conformance::process::{Client, WeirProcess, request};

/// Header lines that speak of somebody else. Whatever they say, it has one of the words of `FORGED` in it.
const FORGERIES: &[&str] = &[
    "X-Remote-User: mallory\r\n",
    "x-remote-user: mallory\r\n",
    "X-REMOTE-USER: mallory\r\n",
    "X-Remote-User: mallory\r\nX-Remote-User: eve-mallory\r\n",
    "X_Remote_User: mallory\r\n",
    "X-Remote_User: mallory\r\n",
    "X_Remote-User: mallory\r\n",
    "x_remote_user: mallory\r\n",
    "X-Remote-User:\r\n\tmallory\r\n",
    "X-Remote-User : mallory\r\n",
    "X-Remote-Group: system:masters\r\n",
    "X-Remote-Group: system:masters\r\nX-Remote-Group: mallory\r\n",
    "X_Remote_Group: system:masters\r\n",
    "X-Remote-Uid: mallory\r\n",
    "X_Remote_Uid: mallory\r\n",
    "X-Remote-Extra-Scopes: mallory\r\n",
    "X-Remote-Extra-: mallory\r\n",
    "X_Remote_Extra_Scopes: mallory\r\n",
    "X-Remote_Extra-Scopes: mallory\r\n",
    "Connection: X-Remote-User, X-Remote-Group\r\nX-Remote-User: mallory\r\n",
    "Connection: X-Remote-Extra-Scopes\r\nX-Remote-Extra-Scopes: mallory\r\n",
    "Connection: X-Remote-User\r\n",
    "Connection: Authorization\r\n",
];

const FORGED: [&str; 2] = ["mallory", "masters"];

/// A backend that answers everything, and writes down the heads of requests for `things`.
struct Backend {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    fn start() -> Self {
        let certs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/certs");
        let chain = CertificateDer::pem_file_iter(certs.join("serving.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(certs.join("serving-key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let (config, seen) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, heads) = (Arc::clone(&config), Arc::clone(&heads));
                std::thread::spawn(move || answer(stream, config, &heads));
            }
        });
        Self { port, seen }
    }

    /// The heads that came since this was last asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, heads: &Mutex<Vec<String>>) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let answer: &[u8] = if head.to_lowercase().contains("upgrade: websocket") {
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    };
    if head.contains("/things") {
        heads.lock().unwrap().push(head);
    }
    let _the_client_left = stream.write_all(answer).and_then(|()| stream.flush());
    stream.conn.send_close_notify();
    let _the_client_left = stream.flush();
}

/// A server, a backend behind it, and a client that alice uses.
struct Stage {
    _folder: tempfile::TempDir,
    _weir: WeirProcess,
    backend: Backend,
    client: Client,
}

const PATH: &str = "/apis/forge.example.com/v1/things";
const TOKEN: &str = "alices-token";

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens: PathBuf = folder.path().join("tokens.csv");
        fs::write(&tokens, format!("{TOKEN},alice,42,\"devs\"\n")).unwrap();
        let data = folder.path().join("data");
        let more = ["--allow-loopback-endpoints", "--authorization-mode", "AlwaysAllow", "--token-auth-file"];
        let weir = WeirProcess::start(&data, &[&more[..], &[&tokens.display().to_string()]].concat());
        let client = Client::new(weir.address(), &fs::read(data.join("ca.crt")).unwrap(), None);
        let backend = Backend::start();
        let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"forge"},"spec":{"type":"ExternalName","externalName":"localhost"}}"#;
        create(&client, "/api/v1/namespaces/default/services", service);
        let spec = format!(
            r#"{{"group":"forge.example.com","version":"v1","groupPriorityMinimum":1000,"versionPriority":15,"insecureSkipTLSVerify":true,"service":{{"namespace":"default","name":"forge","port":{}}}}}"#,
            backend.port
        );
        let api_service = format!(
            r#"{{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{{"name":"v1.forge.example.com"}},"spec":{spec}}}"#
        );
        create(&client, "/apis/apiregistration.k8s.io/v1/apiservices", &api_service);
        let patience = Instant::now() + Duration::from_secs(30);
        while client.get(PATH, Some(TOKEN)).status != 200 {
            assert!(
                Instant::now() < patience,
                "the backend does not get available: {:?}",
                client.get(PATH, Some(TOKEN))
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        backend.take();
        Self { _folder: folder, _weir: weir, backend, client }
    }

    /// What the backend has seen speaks of alice and of nobody else.
    #[track_caller]
    fn saw_alice_alone(&self, forgery: &str, expects: Expects) {
        let heads = self.backend.take();
        assert!(expects == Expects::Anything || !heads.is_empty(), "{forgery:?} did not reach the backend");
        for head in heads {
            let lower = head.to_lowercase();
            assert!(!FORGED.iter().any(|forged| lower.contains(forged)), "{forgery:?}:\n{head}");
            for (field, values) in [
                ("x-remote-user", vec!["alice"]),
                ("x-remote-group", vec!["devs", "system:authenticated"]),
                ("x-remote-uid", vec!["42"]),
            ] {
                let found: Vec<&str> =
                    lower.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix(": ")).collect();
                assert_eq!(found, values, "{forgery:?}: {field}\n{head}");
            }
            for gone in ["authorization:", "x-remote-extra-", "x_remote", "remote_"] {
                assert!(!lower.contains(gone), "{forgery:?}: {gone}\n{head}");
            }
            let connection = lower.lines().filter_map(|line| line.strip_prefix("connection: "));
            assert!(connection.into_iter().all(|value| !value.contains("remote")), "{forgery:?}:\n{head}");
        }
    }
}

/// Whether a request has to reach the backend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// It has to.
    Arrival,
    /// It may be refused before.
    Anything,
}

#[track_caller]
fn create(client: &Client, path: &str, object: &str) {
    let fields = "Content-Type: application/json\r\n";
    let answer = client.send(request("POST", path, Some(TOKEN), fields, object).as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn on_http1_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for forgery in FORGERIES {
        let sent = stage.client.send(request("GET", PATH, Some(TOKEN), forgery, "").as_bytes());
        let expects = if sent.status == 400 { Expects::Anything } else { Expects::Arrival };
        assert!(matches!(sent.status, 200 | 400), "{forgery:?}: {sent:?}");
        stage.saw_alice_alone(forgery, expects);
    }
}

#[test]
fn in_an_upgrade_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for forgery in FORGERIES {
        let head = format!("GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let sent = stage.client.send(format!("{head}{upgrade}{forgery}\r\n").as_bytes());
        let expects = if sent.status == 101 { Expects::Arrival } else { Expects::Anything };
        assert!(matches!(sent.status, 101 | 400), "{forgery:?}: {sent:?}");
        stage.saw_alice_alone(forgery, expects);
    }
}

#[test]
fn on_http2_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for forgery in FORGERIES {
        let fields: Vec<(&str, &str)> = forgery.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
        let sent = http2(&stage.client, &fields);
        stage.saw_alice_alone(forgery, if sent == Some(200) { Expects::Arrival } else { Expects::Anything });
    }
}

/// Asks for the things on HTTP/2, with these fields besides; the status, if there is an answer.
fn http2(client: &Client, fields: &[(&str, &str)]) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut tls = client.tls();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let stream = tokio::net::TcpStream::connect(client.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        let (mut send, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::task::spawn_local(connection);
        let mut head =
            http::Request::get(format!("https://localhost{PATH}")).header("authorization", format!("Bearer {TOKEN}"));
        for (name, value) in fields {
            head = head.header(name.trim().to_lowercase(), value.trim());
        }
        let head = head.body(()).ok()?;
        let (answer, _) = send.send_request(head, true).ok()?;
        answer.await.ok().map(|answer| answer.status().as_u16())
    })
}

#[test]
fn a_front_proxy_is_believed_only_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let weir = WeirProcess::start(folder.path(), &[]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (ca, front_proxy) = (read("ca.crt"), read("front-proxy-client.pem"));
    let told = request("GET", "/metrics", None, "X-Remote-User: carol\r\nX-Remote-Group: system:masters\r\n", "");
    let nobody = Client::new(weir.address(), &ca, None).send(told.as_bytes());
    assert!(nobody.body.contains(r#"User \"system:anonymous\" cannot"#), "{nobody:?}");
    let identity = weir_conformance::process::Identity(&front_proxy);
    let proxy = Client::new(weir.address(), &ca, Some(identity));
    assert_eq!(proxy.send(told.as_bytes()).status, 200);
    assert_eq!(proxy.get("/version", None).status, 401, "a front proxy that names nobody is a stranger's certificate");
    assert_eq!(proxy.get("/metrics", Some(&weir.token())).status, 200, "a token counts beside it");
}
