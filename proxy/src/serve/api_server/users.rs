use std::{path::PathBuf, sync::Arc};

use rustls_pki_types::CertificateDer;

use super::admin::Admin;
use crate::{
    config::{
        BadFlag, ServeFlags,
        certificates::{Certificates, FRONT_PROXY_NAME},
        flags::{AuthorizationMode, FlagFile, FrontProxyFlags},
    },
    identity::{
        AlwaysAllow, AlwaysDeny, Anonymous, Authenticator, Authorizer, BuiltIn, ClientCertificates, ClientRoots,
        FrontProxy, HeaderNames, TokenFile, Union,
    },
    wire::{Name, tls, token::is_token},
    world::World,
};

/// Whose certificates say something of users.
pub(super) struct Trusted {
    clients: Vec<CertificateDer<'static>>,
    front_proxies: Vec<CertificateDer<'static>>,
    /// The common names of front proxies that are believed.
    allowed_names: Vec<String>,
    /// The fields in which front proxies name users.
    pub(super) header_names: HeaderNames,
}

impl Trusted {
    /// The authorities that the flags name, and those of the first start in the place of those that they do not name.
    pub(super) fn from_flags(world: &World, flags: &ServeFlags, made: &Certificates) -> Result<Self, BadFlag> {
        let FrontProxyFlags { requestheader_client_ca_file, requestheader_allowed_names, .. } = &flags.front_proxy;
        let authorities = |flag, file: &Option<PathBuf>, made| match FlagFile::of(flag, file.as_ref()) {
            Some(file) => file.certificates(world),
            None => tls::certificates(made).map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error)),
        };
        let clients = authorities("client-ca-file", &flags.users.client_ca_file, &made.ca)?;
        let front_proxies =
            authorities("requestheader-client-ca-file", requestheader_client_ca_file, &made.front_proxy_ca)?;
        let allowed_names = match requestheader_client_ca_file {
            None if requestheader_allowed_names.is_empty() => vec![FRONT_PROXY_NAME.to_owned()],
            _ => requestheader_allowed_names.iter().filter(|name| !name.is_empty()).cloned().collect(),
        };
        Ok(Self { clients, front_proxies, allowed_names, header_names: header_names(&flags.front_proxy)? })
    }

    /// All of them.
    pub(super) fn authorities(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.clients.iter().chain(&self.front_proxies)
    }
}

fn header_names(flags: &FrontProxyFlags) -> Result<HeaderNames, BadFlag> {
    let names = |flag, texts: &[String]| -> Result<Vec<Name>, BadFlag> {
        texts
            .iter()
            .map(|text| match is_token(text.as_bytes()) {
                true => Ok(Name::from_slice(text.as_bytes())),
                false => Err(BadFlag::new(flag, text, "expected the name of a header")),
            })
            .collect()
    };
    names("requestheader-extra-headers-prefix", &flags.requestheader_extra_headers_prefix)?;
    let prefixes = flags.requestheader_extra_headers_prefix.iter();
    Ok(HeaderNames {
        username: names("requestheader-username-headers", &flags.requestheader_username_headers)?,
        uid: names("requestheader-uid-headers", &flags.requestheader_uid_headers)?,
        group: names("requestheader-group-headers", &flags.requestheader_group_headers)?,
        extra_prefixes: prefixes.map(|prefix| prefix.to_ascii_lowercase()).collect(),
    })
}

/// Who knows users: front proxies, then client certificates, then tokens.
///
/// Go: `kubernetes/pkg/kubeapiserver/authenticator/config.go` `Config.New`.
pub(super) fn authenticator(
    world: &World,
    flags: &ServeFlags,
    trusted: Trusted,
    admin: &Admin,
) -> Result<Arc<dyn Authenticator>, BadFlag> {
    let roots = |flag, certificates| {
        ClientRoots::new(certificates, Arc::clone(&world.clock)).map_err(|error| BadFlag::new(flag, "", error))
    };
    let front_proxies = roots("requestheader-client-ca-file", trusted.front_proxies)?;
    let clients = roots("client-ca-file", trusted.clients)?;
    let mut tokens = admin.token_line().into_bytes();
    if let Some(file) = FlagFile::of("token-auth-file", flags.users.token_auth_file.as_ref()) {
        let given = file.read(world)?;
        TokenFile::parse(&given).map_err(|error| file.bad(error))?;
        tokens.extend_from_slice(&given);
    }
    let tokens = TokenFile::parse(&tokens).map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
    let members: Vec<Box<dyn Authenticator>> = vec![
        Box::new(FrontProxy::new(front_proxies, trusted.allowed_names, trusted.header_names)),
        Box::new(ClientCertificates::new(clients)),
        Box::new(tokens),
    ];
    let open = flags.users.authorization_mode == AuthorizationMode::AlwaysAllow;
    let anonymous = if flags.users.anonymous_auth && !open { Anonymous::Allowed } else { Anonymous::Refused };
    Ok(Arc::new(Union::new(members, anonymous)))
}

/// Who knows what users may do.
pub(super) fn authorizer(mode: AuthorizationMode) -> Arc<dyn Authorizer> {
    match mode {
        AuthorizationMode::BuiltIn => Arc::new(BuiltIn),
        AuthorizationMode::AlwaysAllow => Arc::new(AlwaysAllow),
        AuthorizationMode::AlwaysDeny => Arc::new(AlwaysDeny),
    }
}
