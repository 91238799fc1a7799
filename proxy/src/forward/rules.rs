use std::fmt;

use super::outbound::{Outbound, ProxyRequest};
use crate::wire::{Headers, url::Url};

/// What is changed on the way to the backend. Exactly one of Go's two ways.
pub enum Rules {
    /// Go's `Director`: runs before hop-by-hop fields are removed; the client's address is added to `X-Forwarded-For` behind it.
    Director(Box<Direct>),
    /// Go's `Rewrite`: runs behind the removal of hop-by-hop and forwarding fields, with the query cleaned.
    Rewrite(Box<Rewrite>),
}

/// Go's `Director` function.
pub type Direct = dyn Fn(&mut Outbound<Headers>);
/// Go's `Rewrite` function.
pub type Rewrite = dyn Fn(&mut ProxyRequest<'_>);

impl Rules {
    /// Everything to `target`, its path in front, its query in front; the `Host` of the client is kept.
    ///
    /// Go: `NewSingleHostReverseProxy`.
    pub fn single_host(target: Url) -> Self {
        Self::Director(Box::new(move |out| out.redirect(&target)))
    }

    /// Everything to `target`, with the target's `Host`, and `X-Forwarded-For`, `-Host` and `-Proto` of our own.
    ///
    /// Go: `SetURL` and `SetXForwarded`.
    pub fn rewrite_to(target: Url) -> Self {
        Self::Rewrite(Box::new(move |request| {
            request.set_url(&target);
            request.set_x_forwarded();
        }))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Director(_) => "Director",
            Self::Rewrite(_) => "Rewrite",
        })
    }
}
