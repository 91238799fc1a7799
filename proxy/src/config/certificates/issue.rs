use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::{CertificateError, Keep, Pair, keep::Kept};
use crate::{
    wire::tls,
    world::{Wall, World},
};

/// An authority: its certificate, and what signs others.
pub(super) struct Signer {
    pub(super) certificate: Bytes,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is for.
pub(super) enum Purpose {
    /// A server of these names and addresses.
    Server {
        /// Sorted.
        names: Vec<String>,
    },
    /// A client of this name.
    Client {
        /// The common name.
        name: &'static str,
    },
}

impl Signer {
    /// The authority that is kept under a name, or a new one.
    pub(super) fn kept_or_made(
        world: &World,
        keep: &Keep,
        name: &str,
        common_name: &str,
    ) -> Result<Self, CertificateError> {
        if let Some(Kept { pair, path }) = keep.read(world, name)? {
            let unreadable = |reason| CertificateError::Pem { path: path.clone(), reason };
            let certificate = tls::certificates(&pair.certificates).map_err(&unreadable)?.swap_remove(0);
            let key = KeyPair::try_from(&tls::private_key(&pair.key).map_err(&unreadable)?)?;
            let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
            let certificate = pem(&certificate);
            keep.publish(world, name, &certificate)?;
            return Ok(Self { certificate, issuer });
        }
        let key = KeyPair::generate()?;
        let mut params = params(world, name, common_name, AUTHORITY_LIFE)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = Bytes::from(params.self_signed(&key)?.pem());
        keep.write(world, name, &Pair { certificates: certificate.clone(), key: key.serialize_pem().into() })?;
        keep.publish(world, name, &certificate)?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// The certificate that is kept under a name, if it is still of use, or a new one.
    pub(super) fn kept_or_issued(
        &self,
        world: &World,
        keep: &Keep,
        name: &str,
        purpose: &Purpose,
    ) -> Result<Pair, CertificateError> {
        if let Some(Kept { pair, path }) = keep.read(world, name)? {
            let certificates =
                tls::certificates(&pair.certificates).map_err(|reason| CertificateError::Pem { path, reason })?;
            if is_of_use(&certificates[0], &self.certificate, purpose, world) {
                return Ok(pair);
            }
            tracing::info!(name, "certificate is made anew");
        }
        let pair = self.issue(world, name, purpose)?;
        keep.write(world, name, &pair)?;
        Ok(pair)
    }

    fn issue(&self, world: &World, name: &str, purpose: &Purpose) -> Result<Pair, CertificateError> {
        let common_name = match purpose {
            Purpose::Server { .. } => "weir",
            Purpose::Client { name } => name,
        };
        let mut params = params(world, name, common_name, CERTIFICATE_LIFE)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        match purpose {
            Purpose::Server { names } => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_, _>>()?;
            }
            Purpose::Client { .. } => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        }
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Pair { certificates: certificate.pem().into(), key: key.serialize_pem().into() })
    }
}

/// A certificate as PEM. Go: `encoding/pem` `Encode`.
fn pem(certificate: &CertificateDer<'_>) -> Bytes {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let encoded = STANDARD.encode(certificate);
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text.into()
}

fn params(world: &World, purpose: &str, common_name: &str, life: Duration) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = now(world);
    // Clocks of clients are not all right to the minute.
    params.not_before = now - SLACK;
    params.not_after = now + life;
    let mut serial = [0; 16];
    let Wall(since_epoch) = world.clock.wall();
    world.dice.split(&format!("serial {purpose} {}", since_epoch.as_nanos())).fill(&mut serial);
    serial[0] &= 0x7f; // a positive number
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn san(name: &str) -> Result<SanType, rcgen::Error> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(name.try_into()?)),
    }
}

fn now(world: &World) -> OffsetDateTime {
    let Wall(since_epoch) = world.clock.wall();
    OffsetDateTime::UNIX_EPOCH + since_epoch
}

/// Whether a certificate is signed by `authority`, will not end soon, and names what it has to name.
fn is_of_use(certificate: &CertificateDer<'_>, authority: &[u8], purpose: &Purpose, world: &World) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
    let Ok(authority) = tls::certificates(authority) else { return false };
    let Ok((_, authority)) = X509Certificate::from_der(&authority[0]) else { return false };
    let lasts = parsed.validity().not_after.to_datetime() > now(world) + RENEWED_BEFORE_END;
    let signed = parsed.verify_signature(Some(authority.public_key())).is_ok();
    let named = match purpose {
        Purpose::Client { .. } => true,
        Purpose::Server { names } => {
            let held = parsed.subject_alternative_name().ok().flatten();
            let held: Vec<String> =
                held.iter().flat_map(|held| &held.value.general_names).filter_map(text_of).collect();
            names.iter().all(|name| held.contains(name))
        }
    };
    lasts && signed && named
}

fn text_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four: Option<[u8; 4]> = (*bytes).try_into().ok();
            let sixteen: Option<[u8; 16]> = (*bytes).try_into().ok();
            let address = four.map(std::net::IpAddr::from).or(sixteen.map(std::net::IpAddr::from))?;
            Some(address.to_string())
        }
        _ => None,
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// As kubeadm's authorities.
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// As kubeadm's certificates.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A server that is started once in a month never shows a certificate that has ended.
const RENEWED_BEFORE_END: Duration = DAY.saturating_mul(30);
const SLACK: Duration = Duration::from_secs(60 * 60);
