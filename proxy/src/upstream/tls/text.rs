use rustls::{AlertDescription, CertificateError, Error};
use rustls_pki_types::ServerName;

/// What Go's `crypto/tls` says of the same failure, where it has a text for it. Times are left out.
///
/// Go: `crypto/tls/alert.go`, `crypto/tls/conn.go`, `crypto/x509/verify.go`.
pub(in crate::upstream) fn text(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => {
            format!("tls: failed to verify certificate: x509: {}", certificate_text(reason))
        }
        Error::InvalidMessage(_) => "tls: first record does not look like a TLS handshake".to_owned(),
        Error::AlertReceived(alert) => format!("remote error: tls: {}", alert_text(*alert)),
        other => format!("tls: {other}"),
    }
}

fn certificate_text(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "certificate has expired or is not yet valid".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate specifies an incompatible key usage".to_owned()
        }
        CertificateError::BadEncoding => "malformed certificate".to_owned(),
        CertificateError::UnhandledCriticalExtension => "unhandled critical extension".to_owned(),
        CertificateError::Other(error) => plain(&error.0.to_string()),
        CertificateError::NotValidForNameContext { expected, presented } => name_text(expected, presented),
        other => other.to_string(),
    }
}

/// What the library gives only a name, in words.
fn plain(name: &str) -> String {
    match name {
        "CaUsedAsEndEntity" => "certificate of an authority is shown as that of a server".to_owned(),
        "EndEntityUsedAsCa" => "certificate is not authorized to sign other certificates".to_owned(),
        "NameConstraintViolation" => {
            "a root or intermediate certificate is not authorized to sign for this name".to_owned()
        }
        "PathLenConstraintViolated" => "too many intermediates for path length constraint".to_owned(),
        "UnsupportedCriticalExtension" => "unhandled critical extension".to_owned(),
        other => format!("certificate cannot be used: {other}"),
    }
}

/// Go: `crypto/x509/verify.go` `HostnameError.Error`.
fn name_text(expected: &ServerName<'_>, presented: &[String]) -> String {
    let wanted = expected.to_str();
    let is_address = matches!(expected, ServerName::IpAddress(_));
    let (open, close) = if is_address { ("IpAddress(", ")") } else { ("DnsName(\"", "\")") };
    let names: Vec<&str> = presented.iter().filter_map(|name| name.strip_prefix(open)?.strip_suffix(close)).collect();
    match (names.len(), is_address) {
        (0, true) => format!("cannot validate certificate for {wanted} because it doesn't contain any IP SANs"),
        (0, false) => format!("certificate is not valid for any names, but wanted to match {wanted}"),
        (many, true) if many >= NAMES_SHOWN_MAX => {
            format!("certificate is valid for {many} IP SANs, but none matched {wanted}")
        }
        (many, false) if many >= NAMES_SHOWN_MAX => {
            format!("certificate is valid for {many} names, but none matched {wanted}")
        }
        _ => format!("certificate is valid for {}, not {wanted}", names.join(", ")),
    }
}

fn alert_text(alert: AlertDescription) -> String {
    let text = match alert {
        AlertDescription::CloseNotify => "close notify",
        AlertDescription::UnexpectedMessage => "unexpected message",
        AlertDescription::BadRecordMac => "bad record MAC",
        AlertDescription::RecordOverflow => "record overflow",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateRevoked => "revoked certificate",
        AlertDescription::CertificateExpired => "expired certificate",
        AlertDescription::CertificateUnknown => "unknown certificate",
        AlertDescription::IllegalParameter => "illegal parameter",
        AlertDescription::UnknownCA => "unknown certificate authority",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::DecodeError => "error decoding message",
        AlertDescription::DecryptError => "error decrypting message",
        AlertDescription::ProtocolVersion => "protocol version not supported",
        AlertDescription::InsufficientSecurity => "insufficient security level",
        AlertDescription::InternalError => "internal error",
        AlertDescription::InappropriateFallback => "inappropriate fallback",
        AlertDescription::UserCanceled => "user canceled",
        AlertDescription::MissingExtension => "missing extension",
        AlertDescription::UnsupportedExtension => "unsupported extension",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::CertificateRequired => "certificate required",
        AlertDescription::NoApplicationProtocol => "no application protocol",
        other => return format!("alert({})", u8::from(other)),
    };
    text.to_owned()
}

/// Go counts the names instead of listing so many.
const NAMES_SHOWN_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_name(expected: &'static str, presented: &[&str]) -> String {
        text(&Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from(expected).unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        }))
    }

    #[test]
    fn a_certificate_for_other_names_is_told_as_go_tells_it() {
        assert_eq!(
            wrong_name(
                "wrong.test",
                &["DnsName(\"example.com\")", "DnsName(\"*.example.com\")", "IpAddress(127.0.0.1)"]
            ),
            "tls: failed to verify certificate: x509: certificate is valid for example.com, *.example.com, not wrong.test"
        );
        assert_eq!(
            wrong_name("10.0.0.1", &["DnsName(\"example.com\")"]),
            "tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs"
        );
    }

    #[test]
    fn an_alert_of_the_backend_is_told_as_go_tells_it() {
        assert_eq!(
            text(&Error::AlertReceived(AlertDescription::UnknownCA)),
            "remote error: tls: unknown certificate authority"
        );
    }
}
