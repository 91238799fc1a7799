use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// All randomness outside the TLS provider: keyed, so that taking one draw away leaves the others as they were.
///
/// Split it with a key per purpose; draws of one key come from one stream.
#[derive(Clone, Debug)]
pub struct Dice {
    seed: [u8; 32],
    stream: ChaCha8Rng,
}

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, stream: ChaCha8Rng::from_seed(seed) }
    }

    /// Dice of their own for one purpose, the same for the same key whatever was drawn before.
    pub fn split(&self, key: &str) -> Self {
        let mut stream = ChaCha8Rng::from_seed(self.seed);
        stream.set_stream(fnv1a(key.as_bytes()) | 1);
        let mut seed = [0; 32];
        stream.fill_bytes(&mut seed);
        Self::new(seed)
    }

    /// A number from 0 up to and without `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 128-bit product is uniform up to a bias of bound / 2^64.
        ((u128::from(self.stream.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A UUID of version 4, as it is written.
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Fills `out`.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.stream.fill_bytes(out);
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_does_not_depend_on_what_was_drawn_before() {
        let mut dice = Dice::new([7; 32]);
        let early = dice.split("pool").below(1 << 40);
        dice.below(10);
        assert_eq!(dice.split("pool").below(1 << 40), early);
        assert_ne!(dice.split("balance").below(1 << 40), early);
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut dice = Dice::new([1; 32]);
        assert!((0..1_000).all(|_| dice.below(3) < 3));
        assert_eq!(dice.below(0), 0);
    }
}
