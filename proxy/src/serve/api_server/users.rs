use std::sync::Arc;

use super::{admin::Admin, renewal::Renewal};
use crate::{
    config::{
        BadFlag, ServeFlags,
        certificates::FRONT_PROXY_NAME,
        flags::{AuthorizationMode, FlagFile, FrontProxyFlags},
    },
    identity::{
        AlwaysAllow, AlwaysDeny, Anonymous, Authenticator, Authorizer, BuiltIn, ClientCertificates, FrontProxy,
        HeaderNames, TokenFile, Union,
    },
    wire::{Name, token::is_token},
    world::World,
};

/// The common names of front proxies that are believed; none: all of them.
fn allowed_names(flags: &FrontProxyFlags) -> Vec<String> {
    let FrontProxyFlags { requestheader_client_ca_file, requestheader_allowed_names, .. } = flags;
    match requestheader_client_ca_file {
        None if requestheader_allowed_names.is_empty() => vec![FRONT_PROXY_NAME.to_owned()],
        _ => requestheader_allowed_names.iter().filter(|name| !name.is_empty()).cloned().collect(),
    }
}

/// The fields in which front proxies name users.
///
/// # Errors
/// A flag names what can be no field.
pub(super) fn header_names(flags: &FrontProxyFlags) -> Result<HeaderNames, BadFlag> {
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
/// # Errors
/// The token file cannot be used.
///
/// Go: `kubernetes/pkg/kubeapiserver/authenticator/config.go` `Config.New`.
pub(super) fn authenticator(
    world: &World,
    flags: &ServeFlags,
    renewal: &Renewal,
    names: HeaderNames,
    admin: &Admin,
) -> Result<Arc<dyn Authenticator>, BadFlag> {
    let mut tokens = admin.token_line().into_bytes();
    if let Some(file) = FlagFile::of("token-auth-file", flags.users.token_auth_file.as_ref()) {
        let given = file.read(world)?;
        TokenFile::parse(&given).map_err(|error| file.bad(error))?;
        tokens.extend_from_slice(&given);
    }
    let tokens = TokenFile::parse(&tokens).map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
    let members: Vec<Box<dyn Authenticator>> = vec![
        Box::new(FrontProxy::new(renewal.front_proxies.clone(), allowed_names(&flags.front_proxy), names)),
        Box::new(ClientCertificates::new(renewal.clients.clone())),
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
