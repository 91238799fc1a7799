use std::sync::Arc;

use bytes::Bytes;
use rustls_pki_types::CertificateDer;

use crate::{
    config::{
        BadFlag, ServeFlags,
        certificates::{Certificates, Keep, Pair},
        flags::FlagFile,
    },
    identity::ClientRoots,
    wire::tls,
    world::World,
};

/// Where certificates and authorities are read: in files that flags name, and in the data folder for what they do not name.
#[derive(Clone, Debug)]
pub(super) struct Files {
    flags: ServeFlags,
    keep: Keep,
}

/// What the files say. It may change while the server runs.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// What clients are shown.
    pub(super) serving: Pair,
    /// The authorities of clients.
    pub(super) clients: Vec<CertificateDer<'static>>,
    /// The authorities of proxies in front.
    pub(super) front_proxies: Vec<CertificateDer<'static>>,
    /// What the servers behind are shown.
    pub(super) front_proxy: Pair,
    /// What was made for all that no flag names.
    pub(super) made: Certificates,
}

impl Files {
    pub(super) fn new(flags: ServeFlags, keep: Keep) -> Self {
        Self { flags, keep }
    }

    /// All of them, for the first time. What has to be made is made.
    ///
    /// # Errors
    /// A file cannot be used; the error names it.
    pub(super) fn read(&self, world: &World) -> Result<Said, BadFlag> {
        let made = self.make(world)?;
        Ok(Said {
            serving: self.serving(world, &made)?,
            clients: self.clients(world, &made)?,
            front_proxies: self.front_proxies(world, &made)?,
            front_proxy: self.front_proxy(world, &made)?,
            made,
        })
    }

    /// What was made for all that no flag names, as it is now: a certificate that ends soon is made anew. What is kept nowhere stays as
    /// it is.
    pub(super) fn made(&self, world: &World, before: &Certificates) -> Result<Certificates, BadFlag> {
        match self.keep {
            Keep::Folder(_) => self.make(world),
            Keep::Memory => Ok(before.clone()),
        }
    }

    fn make(&self, world: &World) -> Result<Certificates, BadFlag> {
        Certificates::kept_or_made(world, &self.keep, self.flags.bind_address)
            .map_err(|error| BadFlag::new("data-dir", &self.flags.data_dir, error))
    }

    /// What clients are shown.
    pub(super) fn serving(&self, world: &World, made: &Certificates) -> Result<Pair, BadFlag> {
        let flags = &self.flags.serving;
        let certificates = FlagFile::of("tls-cert-file", flags.tls_cert_file.as_ref());
        let key = FlagFile::of("tls-private-key-file", flags.tls_private_key_file.as_ref());
        Ok(Pair::of_flags(world, certificates, key)?.unwrap_or_else(|| made.serving.clone()))
    }

    /// What the servers behind are shown.
    pub(super) fn front_proxy(&self, world: &World, made: &Certificates) -> Result<Pair, BadFlag> {
        let flags = &self.flags.aggregation;
        let certificates = FlagFile::of("proxy-client-cert-file", flags.proxy_client_cert_file.as_ref());
        let key = FlagFile::of("proxy-client-key-file", flags.proxy_client_key_file.as_ref());
        Ok(Pair::of_flags(world, certificates, key)?.unwrap_or_else(|| made.front_proxy.clone()))
    }

    /// The authorities of clients.
    pub(super) fn clients(&self, world: &World, made: &Certificates) -> Result<Vec<CertificateDer<'static>>, BadFlag> {
        let file = FlagFile::of("client-ca-file", self.flags.users.client_ca_file.as_ref());
        self.authorities(world, file, &made.ca)
    }

    /// The authorities of proxies in front.
    pub(super) fn front_proxies(
        &self,
        world: &World,
        made: &Certificates,
    ) -> Result<Vec<CertificateDer<'static>>, BadFlag> {
        let file = self.flags.front_proxy.requestheader_client_ca_file.as_ref();
        self.authorities(world, FlagFile::of("requestheader-client-ca-file", file), &made.front_proxy_ca)
    }

    fn authorities(
        &self,
        world: &World,
        file: Option<FlagFile<'_>>,
        made: &Bytes,
    ) -> Result<Vec<CertificateDer<'static>>, BadFlag> {
        let Some(file) = file else {
            return tls::certificates(made).map_err(|error| BadFlag::new("data-dir", &self.flags.data_dir, error));
        };
        let authorities = file.certificates(world)?;
        ClientRoots::new(authorities.clone(), Arc::clone(&world.clock)).map_err(|error| file.bad(error))?;
        Ok(authorities)
    }
}

impl Said {
    /// What clients have to trust to trust this server, as PEM: the certificate itself where a flag names it.
    pub(super) fn authority(&self) -> &Bytes {
        if self.serving == self.made.serving { &self.made.ca } else { &self.serving.certificates }
    }
}
