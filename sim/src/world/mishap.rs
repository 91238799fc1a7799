//! What befalls a connection at a byte of it, whoever speaks on it: drawn for each connection, as it is chopped.

use std::{net::SocketAddr, time::Duration};

use super::chop::{Side, key_of, mix};

/// What befalls the connections of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mishaps {
    /// Nothing.
    #[default]
    None,
    /// Some of them are not read for a while.
    Stalls,
    /// Some are not read for a while, some are reset, and on some this end says that it has ended.
    All,
}

/// What befalls one end of a connection, and at which of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mishap {
    side: Side,
    offset: u64,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The connection is reset, by something on the way.
    Reset,
    /// This end writes no more, and says so in good order.
    End,
    /// This end does not read.
    Stall(Duration),
}

impl Mishap {
    /// One of four connections has one.
    pub(super) fn draw(mishaps: Mishaps, seed: u64, local: SocketAddr, peer: SocketAddr) -> Option<Self> {
        let drawn = |purpose: u64| mix(key_of(seed, local, peer) ^ mix(purpose ^ PURPOSE));
        if mishaps == Mishaps::None || !drawn(0).is_multiple_of(4) {
            return None;
        }
        // Heads, small bodies, large ones.
        let within = [400, 5_000, 100_000][(drawn(1) % 3) as usize];
        let offset = drawn(2) % within;
        let any_side = if drawn(3).is_multiple_of(2) { Side::Read } else { Side::Write };
        let (side, what) = match drawn(4) % 3 {
            0 if mishaps == Mishaps::All => (any_side, What::Reset),
            1 if mishaps == Mishaps::All => (Side::Write, What::End),
            _ => (Side::Read, What::Stall(Duration::from_millis(1 + drawn(5) % 1_500))),
        };
        Some(Self { side, offset, what })
    }

    /// Bytes until it happens on this side; none: it does not happen there.
    pub(super) fn is_in(&self, side: Side, offset: u64) -> Option<usize> {
        (self.side == side).then(|| usize::try_from(self.offset.saturating_sub(offset)).unwrap_or(usize::MAX))
    }
}

/// Past this nothing befalls a connection any more.
pub(super) const WITHIN: Duration = Duration::from_secs(3);
const PURPOSE: u64 = 0x6d69_7368_6170;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mishaps: Mishaps) -> Vec<Mishap> {
        let draw = |port| Mishap::draw(mishaps, 1, ([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 80).into());
        (0..1_000).filter_map(draw).collect()
    }

    #[test]
    fn every_kind_befalls_heads_and_bodies_and_most_connections_are_spared() {
        let drawn = all(Mishaps::All);
        assert!((150..350).contains(&drawn.len()), "{}", drawn.len());
        let of = |kind: fn(&Mishap) -> bool| drawn.iter().filter(|mishap| kind(mishap)).count();
        assert!(of(|mishap| mishap.what == What::Reset && mishap.side == Side::Read) > 10);
        assert!(of(|mishap| mishap.what == What::Reset && mishap.side == Side::Write && mishap.offset < 400) > 10);
        assert!(of(|mishap| mishap.what == What::End && mishap.offset > 5_000) > 10);
        assert!(of(|mishap| matches!(mishap.what, What::Stall(_))) > 30);
    }

    #[test]
    fn nothing_but_stalls_befalls_where_only_they_are_known() {
        assert!(all(Mishaps::None).is_empty());
        assert!(all(Mishaps::Stalls).iter().all(|mishap| matches!(mishap.what, What::Stall(_))));
    }
}
