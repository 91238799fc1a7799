use std::net::IpAddr;

use ipnet::IpNet;

use crate::wire::punycode::lookup_name;

/// Backends that are reached without a proxy, as `NO_PROXY` lists them.
///
/// Go: `golang.org/x/net/http/httpproxy` `config.init`, `useProxy`.
#[derive(Clone, Debug, Default)]
pub(super) struct Exempt(Vec<Entry>);

#[derive(Clone, Debug)]
enum Entry {
    All,
    Network(IpNet),
    Address {
        ip: IpAddr,
        port: String,
    },
    /// The host with a dot in front, and whether it is meant itself or only what lies below it.
    Domain {
        suffix: String,
        itself: bool,
        port: String,
    },
}

impl Exempt {
    pub(super) fn parse(list: &str) -> Self {
        let entries: Vec<Entry> = list.split(',').filter_map(|entry| Entry::parse(entry.trim())).collect();
        let all = entries.iter().any(|entry| matches!(entry, Entry::All));
        Self(if all { vec![Entry::All] } else { entries })
    }

    /// Whether a backend is reached without a proxy. One on this machine always is.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let without_zone = host.split_once('%').map_or(host, |(address, _)| address);
        let ip = without_zone.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return true;
        }
        let host = host.trim().to_lowercase();
        let port = port.to_string();
        self.0.iter().any(|entry| entry.covers(&host, &port, ip))
    }
}

impl Entry {
    /// None: the entry is empty, or only a port.
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.to_lowercase();
        if entry == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = entry.parse() {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(&entry);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Some(Self::Address { ip: ip.to_canonical(), port: port.to_owned() });
        }
        let host = if host.starts_with("*.") { &host[1..] } else { host };
        let itself = !host.starts_with('.');
        let suffix = lookup_name(&if itself { format!(".{host}") } else { host.to_owned() }).into_owned();
        (!host.is_empty()).then(|| Self::Domain { suffix, itself, port: port.to_owned() })
    }

    fn covers(&self, host: &str, port: &str, ip: Option<IpAddr>) -> bool {
        let port_fits = |wanted: &str| wanted.is_empty() || wanted == port;
        match self {
            Self::All => true,
            Self::Network(network) => ip.is_some_and(|ip| network.contains(&ip)),
            Self::Address { ip: wanted, port } => ip == Some(*wanted) && port_fits(port),
            Self::Domain { suffix, itself, port } => {
                let below = host.ends_with(suffix.as_str()) || (*itself && host == &suffix[1..]);
                ip.is_none() && below && port_fits(port)
            }
        }
    }
}

/// Host and port; all of it is the host unless exactly one colon, or a colon behind brackets, stands in front of a port.
///
/// Go: `net.SplitHostPort`.
fn split_port(entry: &str) -> (&str, &str) {
    if let Some(rest) = entry.strip_prefix('[')
        && let Some((host, port)) = rest.split_once("]:")
    {
        return (host, port);
    }
    match entry.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port),
        _ => (entry, ""),
    }
}
