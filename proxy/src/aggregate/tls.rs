//! TLS towards backends: whom each APIService trusts, and the certificate that we show.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};

use super::api_service::{ApiService, Reference};
use crate::{
    upstream::tls::{Identity, Trust, client_config},
    wire::{
        Peer,
        tls::{BadPem, certificates, private_key},
    },
    world::World,
};

/// The certificate that says to backends: who asks here is the front proxy, believe what it says of its users.
///
/// Go: `--proxy-client-cert-file` and `--proxy-client-key-file`.
pub struct Credential {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Credential {
    /// From the contents of PEM files.
    ///
    /// # Errors
    /// They do not hold a certificate and a key.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, BadPem> {
        Ok(Self { chain: certificates(certificate)?, key: private_key(key)? })
    }

    /// Whether a client shows this very certificate: it is an aggregator that has it, we ourselves among them.
    pub(super) fn is_shown_by(&self, peer: &Peer) -> bool {
        let shown = peer.tls.as_ref().and_then(|tls| tls.certificates.first());
        shown.is_some() && shown == self.chain.first()
    }

    fn to_identity(&self) -> Identity {
        Identity { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// How TLS is spoken to the backends of some APIServices: those of equal settings share it, and so their connections.
#[derive(Debug)]
pub struct BackendTls {
    /// Tells one way of speaking TLS from all others of this process, those of the past too.
    pub generation: u64,
    /// What is trusted, and what is shown.
    pub config: Arc<ClientConfig>,
    /// The name that is asked for, and that the certificate must be valid for, whatever address is dialled.
    pub server_name: ServerName<'static>,
}

/// Why there is no TLS towards a backend. The text goes to clients, as Go's does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTls {
    /// It cannot be both.
    #[error("specifying a root certificates file with the insecure flag is not allowed")]
    InsecureWithRoots,
    /// The CA bundle is no PEM.
    #[error("unable to load root certificates: unable to parse bytes as PEM block")]
    NoPem,
    /// There is no certificate in the CA bundle.
    #[error("unable to load root certificates: no valid certificate authority data seen")]
    NoCertificate,
    /// What the CA bundle calls a certificate is none.
    #[error("unable to load root certificates: failed to parse certificate: x509: malformed certificate")]
    BadCertificate,
    /// The Service's name can stand in no certificate.
    #[error("tls: invalid server name {0:?}")]
    ServerName(String),
    /// Our own certificate and key do not fit.
    #[error("tls: {0}")]
    Credential(String),
}

/// What decides how TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Settings {
    server_name: String,
    ca_bundle: Vec<u8>,
    insecure: bool,
    credential: u64,
}

/// One [`BackendTls`] for each distinct way of speaking it, for as long as an APIService needs it.
///
/// Go: `k8s.io/client-go/transport/cache.go` `tlsTransportCache`, which forgets nothing.
#[derive(Debug, Default)]
pub(super) struct TlsCache {
    made: BTreeMap<Settings, Result<Arc<BackendTls>, BadTls>>,
    generations: u64,
    credentials: u64,
    credential: Option<Arc<Credential>>,
    system: Option<Arc<RootCertStore>>,
}

impl TlsCache {
    /// Shows another certificate from now on.
    pub(super) fn set_credential(&mut self, credential: Option<Arc<Credential>>) {
        self.credential = credential;
        self.credentials += 1;
    }

    /// How TLS is spoken to the backend of an APIService.
    ///
    /// # Errors
    /// Its CA bundle cannot be used, or our own certificate.
    pub(super) fn of(
        &mut self,
        world: &World,
        service: &ApiService,
        to: &Reference,
    ) -> Result<Arc<BackendTls>, BadTls> {
        let settings = self.settings(service, to);
        if let Some(made) = self.made.get(&settings) {
            return made.clone();
        }
        let made = self.make(world, &settings);
        self.made.insert(settings, made.clone());
        made
    }

    /// Forgets what no APIService needs any more.
    pub(super) fn retain<'a>(&mut self, needed: impl IntoIterator<Item = (&'a ApiService, &'a Reference)>) {
        let needed: std::collections::BTreeSet<Settings> =
            needed.into_iter().map(|(service, to)| self.settings(service, to)).collect();
        self.made.retain(|settings, _| needed.contains(settings));
    }

    fn settings(&self, service: &ApiService, to: &Reference) -> Settings {
        Settings {
            server_name: format!("{}.{}.svc", to.key.name, to.key.namespace),
            ca_bundle: service.spec.ca_bundle.clone(),
            insecure: service.spec.insecure_skip_tls_verify,
            credential: self.credentials,
        }
    }

    fn make(&mut self, world: &World, settings: &Settings) -> Result<Arc<BackendTls>, BadTls> {
        let trust = match (settings.insecure, settings.ca_bundle.is_empty()) {
            (true, false) => return Err(BadTls::InsecureWithRoots),
            (true, true) => Trust::Anyone,
            (false, false) => Trust::Certificates(certificates_of(&settings.ca_bundle)?),
            (false, true) => Trust::Roots(Arc::clone(self.system.get_or_insert_with(|| Arc::new(system_roots(world))))),
        };
        let bad_name = |_| BadTls::ServerName(settings.server_name.clone());
        let server_name = ServerName::try_from(settings.server_name.clone()).map_err(bad_name)?;
        let identity = self.credential.as_deref().map(Credential::to_identity);
        let config = client_config(world, trust, identity).map_err(|error| BadTls::Credential(error.to_string()))?;
        self.generations += 1;
        Ok(Arc::new(BackendTls { generation: self.generations, config: Arc::new(config), server_name }))
    }
}

/// The certificates of a CA bundle. One that can be read is enough.
///
/// Go: `k8s.io/client-go/transport/transport.go` `rootCertPool`, `createErrorParsingCAData`.
fn certificates_of(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadTls> {
    let mut roots = RootCertStore::empty();
    let mut found = 0;
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem).flatten() {
        found += 1;
        // Go passes over those that it cannot read.
        if roots.add(certificate.clone()).is_ok() {
            certificates.push(certificate);
        }
    }
    let has_block = memchr::memmem::find(pem, b"-----BEGIN ").is_some();
    match (certificates.is_empty(), found, has_block) {
        (false, ..) => Ok(certificates),
        (true, 0, false) => Err(BadTls::NoPem),
        (true, 0, true) => Err(BadTls::NoCertificate),
        (true, ..) => Err(BadTls::BadCertificate),
    }
}

/// The certificates that the operating system trusts; where it has none, those that browsers trust.
///
/// Go: `crypto/x509/root_unix.go` `loadSystemRoots`.
fn system_roots(world: &World) -> RootCertStore {
    let named = world.process.env("SSL_CERT_FILE");
    let files = match &named {
        Some(file) => vec![Path::new(file)],
        None => SYSTEM_ROOTS.iter().map(Path::new).collect(),
    };
    let found = files.into_iter().find_map(|file| certificates_of(&world.disk.read(file).ok()?).ok());
    let roots = found.map(|certificates| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        roots
    });
    roots.unwrap_or_else(|| webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
}

/// Go: `crypto/x509/root_linux.go` `certFiles`.
const SYSTEM_ROOTS: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::world::real;

    fn service(ca_bundle: &[u8], insecure: bool) -> (ApiService, Reference) {
        let mut service = ApiService::default();
        service.spec.ca_bundle = ca_bundle.to_vec();
        service.spec.insecure_skip_tls_verify = insecure;
        let to = serde_json::from_value(serde_json::json!({"namespace": "ns", "name": "api"})).unwrap();
        (service, to)
    }

    fn certificate() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(["a".to_owned()]).unwrap().self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn a_bad_ca_bundle_is_told_in_the_words_of_go() {
        let world = real::world([1; 32]);
        let mut cache = TlsCache::default();
        let mut error = |bundle: &[u8], insecure| {
            let (service, to) = service(bundle, insecure);
            cache.of(&world, &service, &to).unwrap_err().to_string()
        };
        assert_eq!(error(b"hello", false), "unable to load root certificates: unable to parse bytes as PEM block");
        assert_eq!(
            error(b"-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n", false),
            "unable to load root certificates: no valid certificate authority data seen"
        );
        assert!(
            error(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false)
                .starts_with("unable to load root certificates: failed to parse certificate: ")
        );
        assert_eq!(error(b"x", true), "specifying a root certificates file with the insecure flag is not allowed");
    }

    #[test]
    fn equal_settings_share_and_every_change_is_a_new_generation() {
        let world = real::world([1; 32]);
        let mut cache = TlsCache::default();
        let (one, to) = service(&[], true);
        let first = cache.of(&world, &one, &to).unwrap();
        assert!(Arc::ptr_eq(&first, &cache.of(&world, &one, &to).unwrap()));
        let (ca, key) = certificate();
        let (two, _) = service(ca.as_bytes(), false);
        let second = cache.of(&world, &two, &to).unwrap();
        assert_ne!(first.generation, second.generation);
        cache.set_credential(Some(Arc::new(Credential::from_pem(ca.as_bytes(), key.as_bytes()).unwrap())));
        assert_ne!(cache.of(&world, &two, &to).unwrap().generation, second.generation);
        cache.retain([]);
        assert!(cache.made.is_empty());
        assert_eq!(second.server_name.to_str(), "api.ns.svc");
    }
}
