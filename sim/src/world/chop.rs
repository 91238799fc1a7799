//! Short reads, torn writes and extra turns, drawn for each connection and offset: taking one away leaves the others as they were.

use std::net::{IpAddr, SocketAddr};

/// How the bytes of one end of a connection are chopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chop {
    key: u64,
    pieces: Pieces,
}

#[derive(Clone, Copy, Debug)]
enum Pieces {
    Whole,
    /// Up to the size of a segment.
    Segments,
    /// A few bytes at a time where heads are, segments behind.
    Crumbs,
}

/// The two directions of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Read = 1,
    Write = 2,
}

impl Side {
    pub(super) fn index(self) -> usize {
        self as usize - 1
    }
}

impl Chop {
    /// The machine's nth dial is in the ephemeral port, so the addresses tell connections apart as runs of a seed do.
    pub(super) fn new(seed: u64, local: SocketAddr, peer: SocketAddr) -> Self {
        let key = key_of(seed, local, peer);
        let pieces = match mix(key) % 4 {
            0 => Pieces::Whole,
            1 => Pieces::Crumbs,
            _ => Pieces::Segments,
        };
        Self { key, pieces }
    }

    /// The most bytes that pass at once at this offset; at least 1.
    pub(super) fn most(&self, side: Side, offset: u64) -> usize {
        let drawn = self.draw(side as u64, offset);
        let bound = match self.pieces {
            Pieces::Whole => return usize::MAX,
            Pieces::Crumbs if offset < CRUMBS_UNTIL => CRUMB_BYTES,
            Pieces::Crumbs | Pieces::Segments if drawn.is_multiple_of(4) => return usize::MAX,
            Pieces::Crumbs | Pieces::Segments => SEGMENT_BYTES,
        };
        1 + (drawn >> 8) as usize % bound
    }

    /// Whether whoever asks at this offset has to ask again first.
    pub(super) fn yields(&self, side: Side, offset: u64) -> bool {
        self.draw(side as u64 + 2, offset).is_multiple_of(8)
    }

    fn draw(&self, purpose: u64, offset: u64) -> u64 {
        mix(mix(self.key ^ purpose) ^ offset)
    }
}

/// What is drawn for one end of a connection follows from this.
pub(super) fn key_of(seed: u64, local: SocketAddr, peer: SocketAddr) -> u64 {
    [place(local), place(peer)].iter().fold(mix(seed), |key, place| mix(key ^ place))
}

fn place(address: SocketAddr) -> u64 {
    let ip = match address.ip() {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    mix(ip as u64 ^ (ip >> 64) as u64) ^ u64::from(address.port())
}

/// splitmix64's step.
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const CRUMBS_UNTIL: u64 = 2048;
const CRUMB_BYTES: usize = 5;
const SEGMENT_BYTES: usize = 1460;

#[cfg(test)]
mod tests {
    use super::*;

    fn chop(seed: u64, port: u16) -> Chop {
        Chop::new(seed, ([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 80).into())
    }

    #[test]
    fn some_connections_are_whole_and_some_are_crumbs() {
        let chops: Vec<Chop> = (0..100).map(|port| chop(1, port)).collect();
        assert!(chops.iter().any(|chop| matches!(chop.pieces, Pieces::Whole)));
        assert!(chops.iter().any(|chop| matches!(chop.pieces, Pieces::Crumbs)));
        assert!(chops.iter().any(|chop| matches!(chop.pieces, Pieces::Segments)));
    }

    #[test]
    fn the_same_place_draws_the_same_and_a_read_differs_from_a_write() {
        let pieces = |side| -> Vec<usize> {
            let chop = Chop { key: 7, pieces: Pieces::Crumbs };
            (0..50).map(|offset| chop.most(side, offset)).collect()
        };
        assert_eq!(pieces(Side::Read), pieces(Side::Read));
        assert_ne!(pieces(Side::Read), pieces(Side::Write));
        assert!(pieces(Side::Read).iter().all(|most| (1..=CRUMB_BYTES).contains(most)));
    }
}
