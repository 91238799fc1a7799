use std::{net::IpAddr, path::PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use crate::config::limits;

/// The flags of `weir serve`, named as kube-apiserver's where it has them.
#[derive(Args, Clone, Debug)]
pub struct ServeFlags {
    /// Where to listen: an IP address; 0.0.0.0 stands for all of IPv4, :: for all there are
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub bind_address: IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 6443)]
    pub secure_port: u16,
    /// The folder of the store, of the certificates and tokens that the first start makes, and of admin.kubeconfig; nobody else may use it
    /// meanwhile. "" keeps everything in memory, and puts a kubeconfig that ends with the process into the folder for temporary files
    #[arg(long, value_name = "FOLDER", default_value = "./weir-data")]
    pub data_dir: String,
    /// Threads that serve, each with its own listener and connections to backends; 0 is one per CPU, at most 1024
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::worker_count())]
    pub workers: usize,
    /// Requests other than watches and streams may take so long; ?timeout= asks for less
    #[arg(long, value_name = "DURATION", default_value = "1m0s", allow_hyphen_values = true)]
    pub request_timeout: String,
    /// End a client's connection that takes nothing of its answer for so long; 0 waits without end
    #[arg(long, value_name = "DURATION", default_value = super::SEND_TIMEOUT, allow_hyphen_values = true)]
    pub send_timeout: String,
    /// Requests that only read are served so many at a time, others are told to come later (429); watches and streams are not counted. 0 is
    /// no bound
    #[arg(long, value_name = "N", default_value_t = limits::REQUESTS_IN_FLIGHT_MAX)]
    pub max_requests_inflight: usize,
    /// The same for requests that may change something
    #[arg(long, value_name = "N", default_value_t = limits::MUTATING_REQUESTS_IN_FLIGHT_MAX)]
    pub max_mutating_requests_inflight: usize,
    /// Accept endpoints of Services on loopback addresses, and every clusterIP: for development and tests
    #[arg(long)]
    pub allow_loopback_endpoints: bool,
    /// What TLS shows to clients.
    #[command(flatten, next_help_heading = "Serving certificate")]
    pub serving: ServingFlags,
    /// Who is who.
    #[command(flatten, next_help_heading = "Users")]
    pub users: UserFlags,
    /// Another proxy in front of this server.
    #[command(flatten, next_help_heading = "A proxy in front, which names users in headers")]
    pub front_proxy: FrontProxyFlags,
    /// This server in front of others.
    #[command(flatten, next_help_heading = "Aggregated API servers")]
    pub aggregation: AggregationFlags,
}

/// What TLS shows to clients.
#[derive(Args, Clone, Debug)]
pub struct ServingFlags {
    /// Serve with this certificate chain (PEM), in place of one that the first start makes
    #[arg(long, value_name = "FILE", requires = "tls_private_key_file")]
    pub tls_cert_file: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    pub tls_private_key_file: Option<PathBuf>,
}

/// Who is who, and who may what.
#[derive(Args, Clone, Debug)]
pub struct UserFlags {
    /// Client certificates of these authorities (PEM) name users: CN the name, O the groups; in place of the one that the first start makes
    #[arg(long, value_name = "FILE")]
    pub client_ca_file: Option<PathBuf>,
    /// Bearer tokens (CSV): token,user,uid,"group1,group2"; besides the admin's that the first start makes
    #[arg(long, value_name = "FILE")]
    pub token_auth_file: Option<PathBuf>,
    /// Serve requests without credentials, as the user system:anonymous; AlwaysAllow turns this off
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub anonymous_auth: bool,
    /// Who may what. BuiltIn: system:masters everything, authenticated users discovery, version and self reviews, anonymous ones health and
    /// version
    #[arg(long, value_enum, default_value_t = AuthorizationMode::BuiltIn)]
    pub authorization_mode: AuthorizationMode,
}

/// Who may what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum AuthorizationMode {
    /// What kube-apiserver's bootstrap roles say of users without any other role.
    BuiltIn,
    /// Everybody who is known may do everything.
    AlwaysAllow,
    /// Only system:masters may do anything.
    AlwaysDeny,
}

/// Another proxy in front of this server.
#[derive(Args, Clone, Debug)]
pub struct FrontProxyFlags {
    /// Believe headers that name a user when the client shows a certificate of these authorities (PEM); in place of the one that the first
    /// start makes
    #[arg(long, value_name = "FILE")]
    pub requestheader_client_ca_file: Option<PathBuf>,
    /// Common names of certificates that are believed; none allows every one of the authorities
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub requestheader_allowed_names: Vec<String>,
    /// Headers of the user's name; the first one that is not empty counts
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "X-Remote-User")]
    pub requestheader_username_headers: Vec<String>,
    /// Headers of the user's uid
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "X-Remote-Uid")]
    pub requestheader_uid_headers: Vec<String>,
    /// Headers of the user's groups, one each
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "X-Remote-Group")]
    pub requestheader_group_headers: Vec<String>,
    /// Beginnings of headers of everything else; the rest of the name is the key
    #[arg(long, value_name = "PREFIXES", value_delimiter = ',', default_value = "X-Remote-Extra-")]
    pub requestheader_extra_headers_prefix: Vec<String>,
}

/// This server in front of others.
#[derive(Args, Clone, Debug)]
pub struct AggregationFlags {
    /// Show this certificate (PEM) to aggregated API servers, in place of one that the first start makes
    #[arg(long, value_name = "FILE", requires = "proxy_client_key_file")]
    pub proxy_client_cert_file: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "proxy_client_cert_file")]
    pub proxy_client_key_file: Option<PathBuf>,
}
