//! Who asks, and whether they may: users, authenticators, authorizers. A [`Permit`] is made here and only here.

mod attributes;
mod authenticator;
mod authorizer;
mod client_certificate;
mod request_header;
mod token_file;
mod user;
mod verify;

pub use self::{
    attributes::{Attributes, Target},
    authenticator::{Anonymous, Authentication, Authenticator, Union},
    authorizer::{AlwaysAllow, AlwaysDeny, Authorizer, BuiltIn, Denied, Permit, ToCreate},
    client_certificate::ClientCertificates,
    request_header::{FrontProxy, HeaderNames},
    token_file::{BadTokenFile, TokenFile},
    user::User,
    verify::{BadAuthorities, ClientRoots},
};
