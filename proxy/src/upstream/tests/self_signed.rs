use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    upstream::{
        pretend::{Stage, get, on_a_worker},
        tls::{Trust, client_config},
    },
    wire::tls::provider,
    world::{World, pretend::SetClock, real},
};

/// A certificate as `openssl req -x509` makes it, for this year and the next, and its key.
struct SelfSigned(CertificateDer<'static>, KeyPair);

impl SelfSigned {
    fn new(name: &str, purpose: Option<ExtendedKeyUsagePurpose>) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.extended_key_usages = purpose.into_iter().collect();
        Self(params.self_signed(&key).unwrap().der().clone(), key)
    }

    /// What becomes of a question in this year to a backend that shows it.
    async fn asked(&self, trusted: &CertificateDer<'static>, year: u64) -> Result<String, String> {
        let mut stage = Stage::new(|config| {
            let world = World { clock: SetClock::in_year(year), ..real::world([3; 32]) };
            config.tls = Arc::new(client_config(&world, Trust::Certificates(vec![trusted.clone()]), None).unwrap());
        });
        stage.origin.tls = true;
        let key = PrivateKeyDer::Pkcs8(self.1.serialize_der().into());
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let server = builder.with_no_client_auth().with_single_cert(vec![self.0.clone()], key).unwrap();
        let backend = async {
            let stream = stage.accept().await.into_stream();
            let Ok(mut tls) = TlsAcceptor::from(Arc::new(server)).accept(stream).await else { return };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = tls.read_u8().await else { return };
                head.push(byte);
            }
            tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            tls.flush().await.unwrap();
        };
        let (answer, ()) = join!(stage.ask(get("/")), backend);
        answer.map(|(_, body)| body).map_err(|error| error.to_string())
    }
}

fn refused(words: &str) -> Result<String, String> {
    Err(format!("tls: failed to verify certificate: x509: {words}"))
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_trusted_itself_needs_nobody_who_signs_it() {
    on_a_worker(async {
        for purpose in [None, Some(ExtendedKeyUsagePurpose::ServerAuth), Some(ExtendedKeyUsagePurpose::Any)] {
            let shown = SelfSigned::new("backend.test", purpose);
            assert_eq!(shown.asked(&shown.0, 2026).await, Ok("ok".to_owned()));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_trusted_itself_is_held_to_its_time_its_name_and_its_use() {
    on_a_worker(async {
        let shown = SelfSigned::new("backend.test", None);
        for year in [2024, 2027] {
            let late = shown.asked(&shown.0, year).await;
            assert_eq!(late, refused("certificate has expired or is not yet valid"), "{year}");
        }
        let other_name = SelfSigned::new("other.test", None);
        let wrong = other_name.asked(&other_name.0, 2026).await;
        assert_eq!(wrong, refused("certificate is valid for other.test, not backend.test"));
        let client = SelfSigned::new("backend.test", Some(ExtendedKeyUsagePurpose::ClientAuth));
        let unfit = client.asked(&client.0, 2026).await;
        assert_eq!(unfit, refused("certificate specifies an incompatible key usage"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn another_self_signed_certificate_is_not_trusted_though_it_has_the_same_names() {
    on_a_worker(async {
        let shown = SelfSigned::new("backend.test", None);
        let trusted = SelfSigned::new("backend.test", None);
        let unknown = shown.asked(&trusted.0, 2026).await;
        assert_eq!(unknown, refused("certificate signed by unknown authority"));
    })
    .await;
}
