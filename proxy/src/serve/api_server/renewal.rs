use std::{fmt::Display, sync::Arc};

use rustls::{DistinguishedName, ServerConfig};
use rustls_pki_types::CertificateDer;
use tokio::sync::Notify;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{
    admin::Admin,
    files::{Files, Said},
};
use crate::{
    aggregate::{Aggregation, Credential},
    config::{BadFlag, limits},
    identity::ClientRoots,
    listen::tls::{Serving, asking_server_config},
    observe::{Family, Kind, Recorder},
    wire::tls,
    world::{Stop, World},
};

/// Reads certificates and authorities again, every minute and whenever somebody asks for it: each that has changed takes the place of
/// the one before, whole. What cannot be used is told of, and what was said before stands. Token files are not read again, as in Go.
///
/// Go: `apiserver/pkg/server/dynamiccertificates`; the front proxy's pair is `aggregator-reload-proxy-client-cert`.
#[derive(Clone, Debug)]
pub(super) struct Renewal {
    files: Files,
    /// What counts now.
    pub(super) said: Said,
    /// What clients are shown.
    pub(super) serving: Serving,
    /// Whose client certificates name users.
    pub(super) clients: ClientRoots,
    /// Whose client certificates name front proxies.
    pub(super) front_proxies: ClientRoots,
}

/// Who is told of changes besides those who look at [`Renewal`]'s own parts.
pub(super) struct Told {
    /// Shows a certificate to the servers behind.
    pub(super) aggregation: Arc<Aggregation>,
    /// Keeps a kubeconfig, which says whom to trust.
    pub(super) admin: Admin,
    /// Where clients reach the server.
    pub(super) server: String,
    /// Counts.
    pub(super) recorder: Recorder,
}

impl Renewal {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// A file cannot be used; the error names it.
    pub(super) fn first(world: &World, files: Files) -> Result<Self, BadFlag> {
        let said = files.read(world)?;
        let serving = server_config(world, &said).map_err(|error| BadFlag::new("tls-private-key-file", "", error))?;
        let roots = |flag, authorities: &[CertificateDer<'static>]| {
            ClientRoots::new(authorities.to_vec(), Arc::clone(&world.clock))
                .map_err(|error| BadFlag::new(flag, "", error))
        };
        Ok(Self {
            serving: Serving::new(serving),
            clients: roots("client-ca-file", &said.clients)?,
            front_proxies: roots("requestheader-client-ca-file", &said.front_proxies)?,
            files,
            said,
        })
    }

    /// Looks at the files whenever it is time, until it is time to stop.
    pub(super) async fn run(mut self, world: World, told: Told, asked: Arc<Notify>, mut stop: Stop) {
        loop {
            tokio::select! {
                biased;
                () = stop.wait() => return,
                () = asked.notified() => tracing::info!("certificates are read again"),
                () = tokio::time::sleep(limits::FILES_INTERVAL) => {}
            }
            self.look(&world, &told);
        }
    }

    /// Reads the files once more, and puts what has changed where it counts.
    fn look(&mut self, world: &World, told: &Told) {
        let now = self.read_again(world, told);
        let before = std::mem::replace(&mut self.said, now);
        let now = &self.said;
        let clients = now.clients != before.clients;
        let front_proxies = now.front_proxies != before.front_proxies;
        if clients {
            told.of(Part::Clients, self.clients.replace(now.clients.clone()));
        }
        if front_proxies {
            told.of(Part::FrontProxies, self.front_proxies.replace(now.front_proxies.clone()));
        }
        // Clients are told whose certificates are asked for.
        if clients || front_proxies || now.serving != before.serving {
            told.of(Part::Serving, server_config(world, now).map(|config| self.serving.replace(config)));
        }
        if now.front_proxy != before.front_proxy {
            let credential = Credential::from_pem(&now.front_proxy.certificates, &now.front_proxy.key);
            told.of(Part::FrontProxy, credential.map(|credential| told.aggregation.set_credential(Some(credential))));
        }
        if now.authority() != before.authority() {
            let written = told.admin.write_kubeconfig(world, &told.server, now.authority());
            told.of(Part::Kubeconfig, written.map(|_| ()));
        }
    }

    /// What the files say now; for one that cannot be used, what was said before.
    fn read_again(&self, world: &World, told: &Told) -> Said {
        let (files, before) = (&self.files, &self.said);
        let made = told.read(Part::Made, files.made(world, &before.made), &before.made);
        Said {
            serving: told.read(Part::Serving, files.serving(world, &made), &before.serving),
            clients: told.read(Part::Clients, files.clients(world, &made), &before.clients),
            front_proxies: told.read(Part::FrontProxies, files.front_proxies(world, &made), &before.front_proxies),
            front_proxy: told.read(Part::FrontProxy, files.front_proxy(world, &made), &before.front_proxy),
            made,
        }
    }
}

/// What is read again.
#[derive(Clone, Copy, Debug)]
enum Part {
    Made,
    Serving,
    Clients,
    FrontProxies,
    FrontProxy,
    Kubeconfig,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Made => "data_folder",
            Self::Serving => "serving_certificate",
            Self::Clients => "client_authorities",
            Self::FrontProxies => "front_proxy_authorities",
            Self::FrontProxy => "front_proxy_certificate",
            Self::Kubeconfig => "kubeconfig",
        }
    }
}

impl Told {
    /// What was read, or what was said before.
    fn read<T: Clone>(&self, part: Part, read: Result<T, BadFlag>, before: &T) -> T {
        read.unwrap_or_else(|error| {
            self.failed(part, &error);
            before.clone()
        })
    }

    /// What has changed counts from now on, or does not.
    fn of<E: Display>(&self, part: Part, done: Result<(), E>) {
        match done {
            Ok(()) => {
                tracing::info!(what = part.name(), "a file has changed");
                self.recorder.count(&READ_AGAIN, &[("what", part.name()), ("result", "success")]);
            }
            Err(error) => self.failed(part, &error),
        }
    }

    fn failed(&self, part: Part, error: &dyn Display) {
        tracing::error!(what = part.name(), %error, "a file cannot be used: what it said before stands");
        self.recorder.count(&READ_AGAIN, &[("what", part.name()), ("result", "failure")]);
    }
}

fn server_config(world: &World, said: &Said) -> Result<Arc<ServerConfig>, BadShown> {
    let (chain, key) = said.serving.parsed()?;
    let authorities = said.clients.iter().chain(&said.front_proxies).filter_map(subject).collect();
    Ok(asking_server_config(world, chain, key, authorities)?)
}

fn subject(authority: &CertificateDer<'_>) -> Option<DistinguishedName> {
    let (_, parsed) = X509Certificate::from_der(authority).ok()?;
    Some(DistinguishedName::from(parsed.subject().as_raw().to_vec()))
}

/// A certificate that cannot be shown to clients.
#[derive(Debug, thiserror::Error)]
enum BadShown {
    #[error(transparent)]
    Pem(#[from] tls::BadPem),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

static READ_AGAIN: Family = Family {
    name: "weir_files_read_again_total",
    help: "How often a certificate or an authority was found changed (success), or could not be used (failure), while the server ran.",
    kind: Kind::Counter,
};

#[cfg(test)]
mod tests;
