//! Where a case is played.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
};

use weir::world::{Address, Listener, World};

use super::Control;
use crate::scenario::{Addresses, Backend, Case};

/// Where a case is played: where the subject listens, and where it finds its backend.
#[derive(Debug)]
pub struct Venue {
    /// Where the subject listens.
    pub subject: SocketAddr,
    /// What the subject finds at its backend's address.
    pub backend: VenueBackend,
    /// The backend's address; none when the subject has no backend.
    pub backend_address: Option<SocketAddr>,
    /// The authority of the tests in base64; empty when the subject is no aggregator.
    pub authority: String,
    /// Where the client connects from.
    pub client: IpAddr,
    /// How the scripts end the subject's server.
    pub control: Control,
}

/// What the subject finds at its backend's address.
pub enum VenueBackend {
    /// A listener that the backend's script answers at.
    Up(Listener),
    /// Nobody listens there, and nobody else can as long as this is kept.
    Refused(Option<tokio::net::TcpSocket>),
    /// The subject has no backend.
    None,
}

impl VenueBackend {
    /// What a case wants at an address; port 0 takes a free one. Returns the address too, if there is one.
    ///
    /// # Errors
    /// The address cannot be taken.
    pub fn open(world: &World, case: &Case, at: SocketAddr) -> io::Result<(Self, Option<SocketAddr>)> {
        if !case.subject.has_backend() {
            return Ok((Self::None, None));
        }
        match case.subject.backend {
            Backend::Up => {
                let listener = world.net.listen(&Address::Tcp(at), 1)?.remove(0);
                let address = listener.local();
                Ok((Self::Up(listener), address))
            }
            Backend::Refused if at.port() == 0 => {
                let socket = tokio::net::TcpSocket::new_v4()?;
                socket.bind(at)?;
                let address = socket.local_addr()?;
                Ok((Self::Refused(Some(socket)), Some(address)))
            }
            Backend::Refused => Ok((Self::Refused(None), Some(at))),
        }
    }
}

impl Venue {
    /// What the placeholders of a case stand for here. A recording has one address for client, backend and subject, so each of theirs is
    /// the client's when it stands alone.
    pub fn addresses(&self) -> Addresses {
        let mut client = vec![self.client.to_string()];
        for ip in self.backend_address.iter().chain([&self.subject]).map(|address| address.ip().to_string()) {
            if !client.contains(&ip) {
                client.push(ip);
            }
        }
        Addresses {
            proxy: self.subject.to_string(),
            backend: self.backend_address.map(|address| address.to_string()).unwrap_or_default(),
            authority: self.authority.clone(),
            client,
        }
    }
}

impl fmt::Debug for VenueBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up(_) => "Up",
            Self::Refused(_) => "Refused",
            Self::None => "None",
        })
    }
}
