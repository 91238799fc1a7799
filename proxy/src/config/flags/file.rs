use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustls_pki_types::CertificateDer;

use super::BadFlag;
use crate::{config::certificates::Pair, wire::tls, world::World};

/// A file that a flag names. What is wrong with it is said of the flag.
#[derive(Clone, Copy, Debug)]
pub struct FlagFile<'a> {
    flag: &'static str,
    path: &'a Path,
}

impl<'a> FlagFile<'a> {
    /// The file that a flag names, if it is given.
    pub fn of(flag: &'static str, path: Option<&'a PathBuf>) -> Option<Self> {
        path.map(|path| Self { flag, path })
    }

    /// The file cannot be used.
    pub fn bad(&self, reason: impl Display) -> BadFlag {
        BadFlag::new(self.flag, self.path.display(), reason)
    }

    /// What is in it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, world: &World) -> Result<Bytes, BadFlag> {
        world.disk.read(self.path).map_err(|error| self.bad(error))
    }

    /// The certificates in it, at least one.
    ///
    /// # Errors
    /// It cannot be read, or is no PEM of certificates.
    pub fn certificates(&self, world: &World) -> Result<Vec<CertificateDer<'static>>, BadFlag> {
        tls::certificates(&self.read(world)?).map_err(|error| self.bad(error))
    }
}

impl Pair {
    /// The certificate and the key of the files that two flags name; none where they are not given. The flags demand each other.
    ///
    /// # Errors
    /// One of them cannot be read, or does not hold what it should, or they do not belong together.
    pub fn of_flags(
        world: &World,
        certificates: Option<FlagFile<'_>>,
        key: Option<FlagFile<'_>>,
    ) -> Result<Option<Self>, BadFlag> {
        let (Some(certificate_file), Some(key_file)) = (certificates, key) else { return Ok(None) };
        let pair = Self { certificates: certificate_file.read(world)?, key: key_file.read(world)? };
        let chain = tls::certificates(&pair.certificates).map_err(|error| certificate_file.bad(error))?;
        let own_key = tls::private_key(&pair.key).map_err(|error| key_file.bad(error))?;
        tls::check_pair(chain, own_key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => key_file.bad(format_args!(
                "expected the key of the certificate in --{}={}, found another",
                certificate_file.flag,
                certificate_file.path.display()
            )),
            other => key_file.bad(other),
        })?;
        Ok(Some(pair))
    }
}
