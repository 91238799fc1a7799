//! TLS 1.2, whose handshake may be asked for again within a connection.

use rustls::{
    ClientConnection, ConnectionTrafficSecrets, ContentType, ProtocolVersion, SupportedCipherSuite,
    crypto::{
        CryptoProvider,
        cipher::{InboundOpaqueMessage, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundPlainMessage},
        ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 as SUITE_OF_ECDSA,
        ring::cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 as SUITE_OF_RSA,
    },
    version::TLS12,
};

use super::*;

/// A client of TLS 1.2 behind its handshake, which says whatever record it likes.
struct Records {
    io: DuplexStream,
    encrypter: Box<dyn MessageEncrypter>,
    decrypter: Box<dyn MessageDecrypter>,
    sent: u64,
    read: u64,
}

impl Records {
    async fn shake(end: DuplexStream) -> Self {
        let shaken = TlsConnector::from(config()).connect(name(), end).await.unwrap();
        let (io, session) = shaken.into_inner();
        let Some(SupportedCipherSuite::Tls12(suite)) = session.negotiated_cipher_suite() else { panic!("no TLS 1.2") };
        let secrets = session.dangerous_extract_secrets().unwrap();
        let [(sent, tx), (read, rx)] = [secrets.tx, secrets.rx].map(|(count, secrets)| match secrets {
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (count, (key, iv)),
            _ => panic!("another suite"),
        });
        let encrypter = suite.aead_alg.encrypter(tx.0, tx.1.as_ref(), &[]);
        let decrypter = suite.aead_alg.decrypter(rx.0, rx.1.as_ref());
        Self { io, encrypter, decrypter, sent, read }
    }

    async fn say(&mut self, typ: ContentType, bytes: &[u8]) {
        let payload = OutboundChunks::Single(bytes);
        let plain = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        let record = self.encrypter.encrypt(plain, self.sent).unwrap().encode();
        self.sent += 1;
        self.io.write_all(&record).await.unwrap();
    }

    /// The next record; none at the end.
    async fn next(&mut self) -> Option<(ContentType, Vec<u8>)> {
        let mut head = [0; 5];
        self.io.read_exact(&mut head).await.ok()?;
        let mut bytes = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        self.io.read_exact(&mut bytes).await.ok()?;
        let record = InboundOpaqueMessage::new(ContentType::from(head[0]), ProtocolVersion::TLSv1_2, &mut bytes);
        let plain = self.decrypter.decrypt(record, self.read).unwrap();
        self.read += 1;
        Some((plain.typ, plain.payload.to_vec()))
    }
}

fn config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    certificates(CA).unwrap().into_iter().for_each(|root| roots.add(root).unwrap());
    let suites = CryptoProvider { cipher_suites: vec![SUITE_OF_ECDSA, SUITE_OF_RSA], ..(*provider()).clone() };
    let mut config = ClientConfig::builder_with_details(Arc::new(suites), WorldTime::of(&world().clock))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_secret_extraction = true;
    Arc::new(config)
}

/// The ClientHello of a new handshake.
fn hello() -> Vec<u8> {
    let mut session = ClientConnection::new(config(), name()).unwrap();
    let mut record = Vec::new();
    session.write_tls(&mut record).unwrap();
    record.split_off(5)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_a_further_handshake_of_tls_1_2_is_told_no_and_then_left() {
    // CVE-2009-3555: what was said before it counted as said by whoever showed a certificate in it.
    // CVE-2011-1473: each costs far more here than there.
    let (after_no, lived) = play(64 << 10, async |end| {
        let mut records = Records::shake(end).await;
        records.say(ContentType::Handshake, &hello()).await;
        records.say(ContentType::ApplicationData, b"GET / HTTP/1.1\r\nHost: h.test\r\n\r\n").await;
        // A warning, no_renegotiation, goes in front of the next bytes.
        assert_eq!(records.next().await, Some((ContentType::Alert, vec![1, 100])));
        let (typ, answer) = records.next().await.unwrap();
        assert_eq!((typ, &answer[..15]), (ContentType::ApplicationData, &b"HTTP/1.1 200 OK"[..]));
        records.say(ContentType::Handshake, &hello()).await;
        let mut after_no = Vec::new();
        while let Some((typ, _)) = records.next().await {
            after_no.push(typ);
        }
        after_no
    })
    .await;
    assert!(!after_no.contains(&ContentType::Handshake), "{after_no:?}");
    assert!(lived < Duration::from_secs(1), "{lived:?}");
}
