use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    super::{ConnectionFault, Ends, SendCause},
    Credentials, EgressProxy, authority,
};
use crate::wire::{Channel, http1::Wrong};

/// Why a SOCKS proxy makes no tunnel. The text is Go's.
#[derive(Debug, thiserror::Error)]
pub enum SocksFault {
    /// The connection failed or ended.
    #[error("{0}")]
    Connection(ConnectionFault),
    /// It does not speak SOCKS 5.
    #[error("unexpected protocol version {0}")]
    Version(u8),
    /// It wants a way of authentication that we do not have.
    #[error("no acceptable authentication methods")]
    NoMethod,
    /// It chose a way that was not offered.
    #[error("unsupported authentication method {0}")]
    Method(u8),
    /// The name is empty or one of both is longer than a byte can count.
    #[error("invalid username/password")]
    Credentials,
    /// The answer to name and password is of another version.
    #[error("invalid username/password version")]
    CredentialsVersion,
    /// Name and password are wrong.
    #[error("username/password authentication failed")]
    Unauthenticated,
    /// The host's name is longer than a byte can count.
    #[error("FQDN too long")]
    NameTooLong,
    /// The proxy says no.
    #[error("unknown error {}", said(*.0))]
    Refused(u8),
    /// A byte that must be zero is not.
    #[error("non-zero reserved field")]
    Reserved,
    /// An address of a kind that nobody knows.
    #[error("unknown address type {0}")]
    AddressType(u8),
}

/// Asks a SOCKS proxy for a tunnel to `host`, on a connection to the proxy. Behind it the connection is the tunnel.
///
/// # Errors
/// The proxy refuses, leaves or does not speak SOCKS 5.
///
/// Go: `net/http/socks_bundle.go` `socksDialer.connect`; RFC 1928, RFC 1929.
pub(in crate::upstream) async fn connect(
    channel: &mut Channel,
    proxy: &EgressProxy,
    host: &str,
    port: u16,
) -> Result<(), SendCause> {
    let at = channel.peer().map_or_else(|| authority(&proxy.host, proxy.port), |address| address.to_string());
    let ask = async {
        greet(channel, proxy.user.as_ref()).await?;
        ask_for_tunnel(channel, host, port).await
    };
    ask.await.map_err(|fault| SendCause::Socks { proxy: at, target: authority(host, port), fault: Box::new(fault) })
}

async fn greet(channel: &mut Channel, user: Option<&Credentials>) -> Result<(), SocksFault> {
    let greeting: &[u8] = match user {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, BY_PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    send(channel, greeting).await?;
    let [version, method] = receive(channel).await?;
    check_version(version)?;
    match (method, user) {
        (NO_METHOD, _) => Err(SocksFault::NoMethod),
        (NO_AUTHENTICATION, _) => Ok(()),
        (BY_PASSWORD, Some(user)) => authenticate(channel, user).await,
        _ => Err(SocksFault::Method(method)), // Go does not look when it offered one way only, and misreads what follows
    }
}

async fn authenticate(channel: &mut Channel, user: &Credentials) -> Result<(), SocksFault> {
    let length = |text: &[u8]| u8::try_from(text.len()).map_err(|_| SocksFault::Credentials);
    let (name_length, password_length) = (length(&user.name)?, length(&user.password)?);
    if name_length == 0 {
        return Err(SocksFault::Credentials);
    }
    let message = [&[1, name_length][..], &user.name, &[password_length], &user.password].concat();
    send(channel, &message).await?;
    match receive(channel).await? {
        [1, 0] => Ok(()),
        [1, _] => Err(SocksFault::Unauthenticated),
        _ => Err(SocksFault::CredentialsVersion),
    }
}

async fn ask_for_tunnel(channel: &mut Channel, host: &str, port: u16) -> Result<(), SocksFault> {
    let mut message = vec![VERSION, CONNECT, 0];
    match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            message.push(IPV4);
            message.extend_from_slice(&ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            message.push(IPV6);
            message.extend_from_slice(&ip.octets());
        }
        Err(_) => {
            message.extend_from_slice(&[NAME, u8::try_from(host.len()).map_err(|_| SocksFault::NameTooLong)?]);
            message.extend_from_slice(host.as_bytes());
        }
    }
    message.extend_from_slice(&port.to_be_bytes());
    send(channel, &message).await?;
    let [version, reply, reserved, address_type] = receive(channel).await?;
    check_version(version)?;
    if reply != 0 {
        return Err(SocksFault::Refused(reply));
    }
    if reserved != 0 {
        return Err(SocksFault::Reserved);
    }
    forget_bound_address(channel, address_type).await
}

/// Reads past the address that the proxy uses towards the backend.
async fn forget_bound_address(channel: &mut Channel, address_type: u8) -> Result<(), SocksFault> {
    let length = match address_type {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let [length] = receive(channel).await?;
            length
        }
        other => return Err(SocksFault::AddressType(other)),
    };
    let mut address_and_port = vec![0; usize::from(length) + 2];
    read_full(channel, &mut address_and_port).await
}

fn check_version(version: u8) -> Result<(), SocksFault> {
    if version == VERSION { Ok(()) } else { Err(SocksFault::Version(version)) }
}

async fn send(channel: &mut Channel, message: &[u8]) -> Result<(), SocksFault> {
    let ends = Ends::of(channel.stream());
    let failed = |error| SocksFault::Connection(ConnectionFault::Write(ends, error));
    channel.write_all(message).await.map_err(failed)?;
    channel.flush().await.map_err(failed)
}

async fn receive<const N: usize>(channel: &mut Channel) -> Result<[u8; N], SocksFault> {
    let mut bytes = [0; N];
    read_full(channel, &mut bytes).await?;
    Ok(bytes)
}

/// Fills a buffer. An end before its first byte is told in other words than one behind it. Go: `io.ReadFull`.
async fn read_full(channel: &mut Channel, bytes: &mut [u8]) -> Result<(), SocksFault> {
    let ends = Ends::of(channel.stream());
    let mut filled = 0;
    while filled < bytes.len() {
        let read = channel.read(&mut bytes[filled..]).await;
        filled += match read {
            Ok(0) if filled == 0 => return Err(SocksFault::Connection(ConnectionFault::Ended)),
            Ok(0) => return Err(SocksFault::Connection(ConnectionFault::Answer(Wrong::EndedEarly))),
            Ok(read) => read,
            Err(error) => return Err(SocksFault::Connection(ConnectionFault::Read(ends, error))),
        };
    }
    Ok(())
}

fn said(reply: u8) -> String {
    let text = match reply {
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => return format!("unknown code: {reply}"),
    };
    text.to_owned()
}

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const BY_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 255;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
