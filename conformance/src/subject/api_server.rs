//! `weir serve` as the subject that a case names.

use std::{ffi::OsString, io, net::SocketAddr};

use clap::Parser;
use weir::{
    config::ServeFlags,
    serve::{self, ServeError},
    world::{Mode, World},
};

use crate::{
    replay::Certificates,
    scenario::{Authorization, Case},
};

/// `weir serve` with the certificates and users of the tests.
#[derive(Debug)]
pub struct ApiServer {
    flags: ServeFlags,
    certificates: Certificates,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: ServeFlags,
}

impl ApiServer {
    /// The server of a case, to listen at an address.
    pub fn of(case: &Case, certificates: &Certificates, at: SocketAddr) -> Self {
        let mode = match case.subject.staging.authorization {
            Authorization::Allow => "AlwaysAllow",
            Authorization::Deny => "AlwaysDeny",
        };
        let mut words: Vec<OsString> = vec!["weir".into(), "--allow-loopback-endpoints".into()];
        let mut flag = |name: &str, value: &std::ffi::OsStr| words.extend([name.into(), value.to_owned()]);
        for (name, value) in [
            ("--bind-address", at.ip().to_string()),
            ("--secure-port", at.port().to_string()),
            ("--data-dir", String::new()),
            ("--workers", "1".to_owned()),
            ("--authorization-mode", mode.to_owned()),
            ("--requestheader-allowed-names", "front-proxy".to_owned()),
        ] {
            flag(name, value.as_ref());
        }
        for (name, file) in FILES {
            flag(name, certificates.path(file).as_os_str());
        }
        let flags = Arguments::try_parse_from(words).expect("the flags are those of weir serve").flags;
        Self { flags, certificates: certificates.clone() }
    }

    /// Serves until it is dropped; `ready` gets the port when requests are served.
    ///
    /// # Errors
    /// It cannot serve.
    pub async fn run(self, world: World, ready: impl FnOnce(u16)) -> Result<(), ServeError> {
        serve::api_server::run(&world, &self.flags, |line| {
            let url = line.split(' ').nth(2).unwrap_or_default();
            ready(url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default());
        })
        .await
    }

    /// Puts the files that the flags name onto the disk of a machine that has none.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn bring_files(&self, world: &World) -> io::Result<()> {
        for (_, file) in FILES {
            let path = self.certificates.path(file);
            world.disk.replace(&path, &std::fs::read(&path)?, Mode::Secret)?;
        }
        Ok(())
    }
}

const FILES: [(&str, &str); 7] = [
    ("--tls-cert-file", "serving.pem"),
    ("--tls-private-key-file", "serving-key.pem"),
    ("--client-ca-file", "ca.pem"),
    ("--token-auth-file", "tokens.csv"),
    ("--requestheader-client-ca-file", "front-proxy-ca.pem"),
    ("--proxy-client-cert-file", "front-proxy.pem"),
    ("--proxy-client-key-file", "front-proxy-key.pem"),
];
