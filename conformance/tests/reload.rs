//! `weir reverse-proxy` and SIGHUP: certificates are read again, of both sides.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};
use rustls_pki_types::PrivateKeyDer;
use weir_conformance::process::{Client, ReverseProxy, command};

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap()
}

fn write(folder: &Path, front: &CertifiedKey<KeyPair>, authority: &str) {
    fs::write(folder.join("front.crt"), front.cert.pem()).unwrap();
    fs::write(folder.join("front.key"), front.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("backend-ca.crt"), authority).unwrap();
}

/// A backend that shows this certificate, keeps its connections, and says `ok` to everything.
fn backend(certificate: &CertifiedKey<KeyPair>) -> SocketAddr {
    let chain = vec![certificate.cert.der().clone()];
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, stream.unwrap());
            thread::spawn(move || while answered(&mut stream).is_some() {});
        }
    });
    address
}

fn answered(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()
}

#[test]
fn certificates_are_read_again_and_those_that_cannot_be_used_change_nothing() {
    let [old, new, of_backend] = [certificate(), certificate(), certificate()];
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    write(folder.path(), &old, &of_backend.cert.pem());
    let mut command = command();
    command.args(["reverse-proxy", "--listen", "127.0.0.1:0", "--workers", "1", "--to"]);
    command.arg(format!("https://{}", backend(&of_backend)));
    command.arg("--tls-cert-file").arg(path("front.crt")).arg("--tls-private-key-file").arg(path("front.key"));
    command.arg("--to-ca-file").arg(path("backend-ca.crt"));
    let mut proxy = ReverseProxy::start(command.stderr(Stdio::piped()));
    let mut said = BufReader::new(proxy.stderr()).lines();
    let mut heard = |words: &str| said.find(|line| line.as_ref().unwrap().contains(words)).unwrap().unwrap();
    // The status that clients get who trust one of the certificates; 0 if they do not come in.
    let asked =
        || [&old, &new].map(|it| Client::new(proxy.address, it.cert.pem().as_bytes(), None).get("/", None).status);
    assert_eq!(asked(), [200, 0]);

    write(folder.path(), &new, "no certificate");
    proxy.reload();
    let error = heard("a file cannot be used");
    assert!(error.contains("--to-ca-file"), "{error}");
    assert_eq!(asked(), [200, 0], "neither side has changed");

    // The backend is not trusted any more: the connection to it that idles is not used either.
    write(folder.path(), &new, &new.cert.pem());
    proxy.reload();
    heard("certificates are read again");
    let until = Instant::now() + Duration::from_secs(20);
    while asked() != [0, 502] {
        assert!(Instant::now() < until, "{:?}", asked());
    }
}
