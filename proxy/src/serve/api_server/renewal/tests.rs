//! Files that change under a server that runs.

use std::{path::PathBuf, rc::Rc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clap::Parser;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::ServerName;
use tempfile::TempDir;
use tokio::{task::LocalSet, time::sleep};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::{
    config::{ServeFlags, certificates::Keep},
    identity::{Authentication, Authenticator as _, ClientCertificates},
    meta::Warnings,
    observe::Metrics,
    refusal::asking,
    upstream::tls::{Trust, client_config},
    wire::{Peer, exchange::PeerTls},
    world::{Clock, Mode, Stopper, pretend::SetClock, real},
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of a name, and its key, as PEM.
fn issued(by: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["weir.test".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.signed_by(&key, by).unwrap().pem(), key.serialize_pem())
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: ServeFlags,
}

/// A server's files, and what looks after them.
struct Stage {
    folder: TempDir,
    world: World,
    clock: Arc<SetClock>,
    renewal: Renewal,
    aggregation: Arc<Aggregation>,
    metrics: Metrics,
    asked: Arc<Notify>,
    stopper: Stopper,
}

const FILES: [(&str, &str); 6] = [
    ("--tls-cert-file", "serving.crt"),
    ("--tls-private-key-file", "serving.key"),
    ("--client-ca-file", "clients.crt"),
    ("--requestheader-client-ca-file", "proxies.crt"),
    ("--proxy-client-cert-file", "proxy.crt"),
    ("--proxy-client-key-file", "proxy.key"),
];

impl Stage {
    /// Flags name all files, each of an authority of its own.
    fn with_files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let disk = real::world([1; 32]).disk;
        let put = |name: &str, text: &str| disk.replace(&path(name), text.as_bytes(), Mode::Public).unwrap();
        for name in ["serving", "proxy"] {
            let (certificate, key) = issued(&authority(), name);
            put(&format!("{name}.crt"), &certificate);
            put(&format!("{name}.key"), &key);
        }
        put("clients.crt", &authority().pem());
        put("proxies.crt", &authority().pem());
        let words = FILES.iter().flat_map(|(flag, name)| [(*flag).to_owned(), path(name).display().to_string()]);
        let words: Vec<String> = words.collect();
        Self::start(folder, &words)
    }

    /// No flag names any file.
    fn without_files() -> Self {
        Self::start(tempfile::tempdir().unwrap(), &[])
    }

    fn start(folder: TempDir, words: &[String]) -> Self {
        let clock = SetClock::in_year(2026);
        let mut world = real::world([1; 32]);
        world.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let flags = Arguments::try_parse_from(["weir".to_owned()].iter().chain(words)).unwrap().flags;
        let keep = Keep::Folder(folder.path().to_owned());
        let admin = Admin::kept_or_made(&world, &keep).unwrap();
        let renewal = Renewal::first(&world, Files::new(flags, keep)).unwrap();
        let (aggregation, metrics) = (Arc::new(Aggregation::new(None)), Metrics::default());
        let (asked, (stopper, stop)) = (Arc::new(Notify::new()), Stopper::new());
        let server = "https://weir.test:6443".to_owned();
        let told = Told { aggregation: Arc::clone(&aggregation), admin, server, recorder: metrics.recorder() };
        tokio::task::spawn_local(renewal.clone().run(world.clone(), told, Arc::clone(&asked), stop));
        Self { folder, world, clock, renewal, aggregation, metrics, asked, stopper }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        self.world.disk.replace(&self.path(name), text.as_bytes(), Mode::Public).unwrap();
    }

    /// The certificate that a client is shown that comes now, as PEM.
    async fn shown(&self) -> Bytes {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let config = client_config(&self.world, Trust::Anyone, None).unwrap();
        let client = TlsConnector::from(Arc::new(config));
        let server = TlsAcceptor::from(self.renewal.serving.current());
        let name = ServerName::try_from("weir.test").unwrap();
        let (client, _server) = tokio::try_join!(client.connect(name, ours), server.accept(theirs)).unwrap();
        Bytes::copy_from_slice(&client.get_ref().1.peer_certificates().unwrap()[0])
    }

    /// Whether a client counts that shows this certificate.
    fn knows(roots: &ClientRoots, certificate: &str) -> bool {
        let certificates = tls::certificates(certificate.as_bytes()).unwrap();
        let peer = Peer::new(None, Some(Rc::new(PeerTls { certificates })));
        let found =
            ClientCertificates::new(roots.clone()).authenticate(&asking("/", "*/*"), &peer, &mut Warnings::default());
        matches!(found, Authentication::Known(user) if user.name == "jane")
    }

    fn counted(&self, what: &str, result: &str, times: usize) -> bool {
        let line = format!("weir_files_read_again_total{{what=\"{what}\",result=\"{result}\"}} {times}\n");
        self.metrics.expose().contains(&line)
    }
}

fn der(pem: &str) -> Bytes {
    Bytes::copy_from_slice(&tls::certificates(pem.as_bytes()).unwrap()[0])
}

/// A minute, and the time to look.
async fn a_minute() {
    sleep(limits::FILES_INTERVAL + Duration::from_secs(1)).await;
}

const DAY: u64 = 24 * 60 * 60;

#[tokio::test(start_paused = true)]
async fn a_pair_that_has_changed_is_shown_within_a_minute() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::with_files();
            let before = stage.shown().await;
            let (certificate, key) = issued(&authority(), "renewed");
            stage.put("serving.crt", &certificate);
            stage.put("serving.key", &key);
            sleep(Duration::from_secs(50)).await;
            assert_eq!(stage.shown().await, before);
            a_minute().await;
            assert_eq!(stage.shown().await, der(&certificate));
            let kubeconfig = stage.world.disk.read(&stage.path("admin.kubeconfig")).unwrap();
            let told = String::from_utf8_lossy(&kubeconfig).contains(&STANDARD.encode(&certificate));
            assert!(told, "clients are told whom to trust");
            assert!(stage.counted("serving_certificate", "success", 1));
            a_minute().await;
            assert!(stage.counted("serving_certificate", "success", 1), "what has not changed is left alone");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn authorities_that_have_changed_count_for_the_next_request() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::with_files();
            let roots = [("clients.crt", &stage.renewal.clients), ("proxies.crt", &stage.renewal.front_proxies)];
            for (file, roots) in roots {
                let (first, second) = (authority(), authority());
                let (by_first, by_second) = (issued(&first, "jane").0, issued(&second, "jane").0);
                stage.put(file, &first.pem());
                a_minute().await;
                assert!(Stage::knows(roots, &by_first) && !Stage::knows(roots, &by_second), "{file}");
                stage.put(file, &format!("{}{}", first.pem(), second.pem()));
                a_minute().await;
                assert!(Stage::knows(roots, &by_first) && Stage::knows(roots, &by_second), "{file}");
                stage.put(file, &second.pem());
                a_minute().await;
                assert!(!Stage::knows(roots, &by_first) && Stage::knows(roots, &by_second), "{file}");
            }
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_used_changes_nothing() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::with_files();
            let before = stage.shown().await;
            let (certificate, key) = issued(&authority(), "renewed");
            // Between the two writes the key belongs to another certificate.
            stage.put("serving.crt", &certificate);
            let jane = {
                let clients = authority();
                stage.put("clients.crt", &clients.pem());
                a_minute().await;
                issued(&clients, "jane").0
            };
            assert_eq!(stage.shown().await, before);
            assert!(stage.counted("serving_certificate", "failure", 1));
            assert!(Stage::knows(&stage.renewal.clients, &jane), "the other files count nevertheless");
            for bad in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
                stage.put("clients.crt", bad);
                a_minute().await;
                assert!(Stage::knows(&stage.renewal.clients, &jane), "{bad:?}");
            }
            stage.world.disk.remove(&stage.path("clients.crt")).unwrap();
            stage.put("serving.key", &key);
            a_minute().await;
            assert!(Stage::knows(&stage.renewal.clients, &jane));
            assert_eq!(stage.shown().await, der(&certificate));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn backends_are_shown_the_pair_that_has_changed() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::with_files();
            let mut credential = stage.aggregation.credential();
            let (certificate, key) = issued(&authority(), "renewed");
            stage.put("proxy.crt", &certificate);
            a_minute().await;
            assert!(!credential.has_changed().unwrap(), "the key belongs to another certificate");
            stage.put("proxy.key", &key);
            a_minute().await;
            assert!(credential.borrow_and_update().is_some());
            a_minute().await;
            assert!(!credential.has_changed().unwrap());
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_need_not_wait_and_who_stops_is_heard() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::with_files();
            let (certificate, key) = issued(&authority(), "renewed");
            stage.put("serving.crt", &certificate);
            stage.put("serving.key", &key);
            let begun = tokio::time::Instant::now();
            stage.asked.notify_one();
            sleep(Duration::from_millis(1)).await;
            assert_eq!(stage.shown().await, der(&certificate));
            assert!(begun.elapsed() < Duration::from_secs(1));
            stage.stopper.stop();
            let (other, key) = issued(&authority(), "another");
            stage.put("serving.crt", &other);
            stage.put("serving.key", &key);
            a_minute().await;
            assert_eq!(stage.shown().await, der(&certificate), "nobody looks any more");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_the_data_folder_is_made_anew_before_it_ends() {
    LocalSet::new()
        .run_until(async {
            let stage = Stage::without_files();
            let first = stage.shown().await;
            a_minute().await;
            assert_eq!(stage.shown().await, first);
            stage.clock.go_on(Duration::from_secs(336 * DAY));
            let credential = stage.aggregation.credential();
            a_minute().await;
            assert_ne!(stage.shown().await, first);
            assert!(credential.has_changed().unwrap(), "the front proxy's too");
            assert!(!stage.metrics.expose().contains("result=\"failure\""));
        })
        .await;
}
