use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};

use super::{CertificateError, Pair};
use crate::world::{Mode, World};

/// Where what is made stays.
#[derive(Clone, Debug)]
pub enum Keep {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: it ends with the process.
    Memory,
}

/// A pair that was found.
pub(super) struct Kept {
    pub(super) pair: Pair,
    pub(super) path: PathBuf,
}

impl Keep {
    /// What is kept under a name.
    pub(super) fn read(&self, world: &World, name: &str) -> Result<Option<Kept>, CertificateError> {
        let Self::Folder(folder) = self else { return Ok(None) };
        let path = folder.join(format!("{name}.pem"));
        match world.disk.read(&path) {
            // One file holds both, so that a crash never leaves a certificate with another's key.
            Ok(bytes) => Ok(Some(Kept { pair: Pair { certificates: bytes.clone(), key: bytes }, path })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CertificateError::File { path, source }),
        }
    }

    /// Keeps a pair where only we can read it.
    pub(super) fn write(&self, world: &World, name: &str, pair: &Pair) -> Result<(), CertificateError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let mut both = BytesMut::from(&pair.certificates[..]);
        both.extend_from_slice(&pair.key);
        replace(world, &folder.join(format!("{name}.pem")), &both.freeze(), Mode::Secret)
    }

    /// Puts a certificate where everybody can read it: those who are to trust it need it.
    pub(super) fn publish(&self, world: &World, name: &str, certificate: &Bytes) -> Result<(), CertificateError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let path = folder.join(format!("{name}.crt"));
        if world.disk.read(&path).is_ok_and(|kept| kept == *certificate) {
            return Ok(());
        }
        replace(world, &path, certificate, Mode::Public)
    }
}

fn replace(world: &World, path: &Path, bytes: &Bytes, mode: Mode) -> Result<(), CertificateError> {
    world.disk.replace(path, bytes, mode).map_err(|source| CertificateError::File { path: path.to_owned(), source })
}
