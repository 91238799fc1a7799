//! A backend that answers everything, and writes down what it is told.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// A backend that answers everything, and writes down the heads of requests for `things`.
pub(crate) struct Backend {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    pub(crate) fn start() -> Self {
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
    pub(crate) fn take(&self) -> Vec<String> {
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
