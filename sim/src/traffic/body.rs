use std::time::Duration;

use weir::world::Dice;

use crate::history::Checksum;

/// A body: its bytes follow from the exchange's number.
#[derive(Clone, Copy, Debug)]
pub struct BodyPlan {
    /// Bytes.
    pub bytes: usize,
    /// Chunked rather than with a length.
    pub chunked: bool,
    /// Bytes written at a time.
    pub piece: usize,
    /// A pause between two pieces.
    pub pause: Duration,
}

impl BodyPlan {
    /// How long its pauses take.
    pub fn takes(&self) -> Duration {
        self.pause * self.bytes.div_ceil(self.piece.max(1)) as u32
    }

    /// No body.
    pub const NONE: Self = Self { bytes: 0, chunked: false, piece: 1, pause: Duration::ZERO };

    pub(super) fn draw(dice: &Dice) -> Self {
        let mut dice = dice.clone();
        let most = [100, 10_000, 300_000][dice.below(3) as usize];
        let bytes = 1 + dice.below(most) as usize;
        let chunked = dice.below(2) == 0;
        let piece = 1 + dice.below(most) as usize;
        let pause = Duration::from_millis(dice.below(2) * dice.below(20));
        // With pauses a body takes a second at most, so that it is over while its client still waits.
        let piece = if pause.is_zero() { piece } else { piece.max(bytes / 50 + 1) };
        Self { bytes, chunked, piece, pause }
    }
}

/// Whose body it is: the two of an exchange differ.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// The request's.
    Request,
    /// The reply's.
    Reply,
}

/// The bytes of a body.
pub fn bytes_of(id: u64, whose: Whose, count: usize) -> Vec<u8> {
    let salt = match whose {
        Whose::Request => 1,
        Whose::Reply => 2,
    };
    let mut state = (id << 2 | salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// The checksum of a body's first bytes.
pub fn checksum_of(id: u64, whose: Whose, count: usize) -> u64 {
    Checksum::EMPTY.with(&bytes_of(id, whose, count)).0
}
