//! How a new input is made of known ones.

use weir::world::Dice;

/// The longest input that is made.
const INPUT_BYTES_MAX: usize = 8 << 10;
/// Changes that are made to one input at a time: up to two to the power of this.
const CHANGES_LOG2_MAX: u64 = 4;
/// Numbers and bytes that stand at the edge of something.
const EDGES: &[u8] = b"\0\x01\x09\x0a\x0d\x20\"%,-./0129:;=?@Zaz\x7f\x80\xff";

/// Changes `input` a few times; `other` lends pieces, and so do the `words` that mean something to the target.
pub(crate) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], dice: &mut Dice) {
    for _ in 0..1_u64 << dice.below(CHANGES_LOG2_MAX + 1) {
        change(input, other, words, dice);
    }
    input.truncate(INPUT_BYTES_MAX);
}

fn change(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], dice: &mut Dice) {
    let (at, end) = range(input.len(), dice);
    match dice.below(13) {
        0 => on_byte(input, at, |byte, dice| byte ^ 1 << dice.below(8), dice),
        1 => on_byte(input, at, |_, dice| dice.below(256) as u8, dice),
        2 => on_byte(input, at, |_, dice| EDGES[dice.below(EDGES.len() as u64) as usize], dice),
        3 => on_byte(input, at, |byte, dice| byte.wrapping_add(dice.below(9) as u8).wrapping_sub(4), dice),
        4 => on_byte(input, at, |byte, _| if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }, dice),
        5 => insert(input, at, &[EDGES[dice.below(EDGES.len() as u64) as usize]]),
        6 => drop(input.drain(at..end)),
        7 => {
            let piece = input[at..end].to_vec();
            insert(input, range(input.len(), dice).0, &piece);
        }
        8 => {
            let run = vec![input.get(at).copied().unwrap_or(b'a'); dice.below(300) as usize];
            insert(input, at, &run);
        }
        9 | 10 if !words.is_empty() => insert(input, at, words[dice.below(words.len() as u64) as usize]),
        11 if !words.is_empty() => {
            let word = words[dice.below(words.len() as u64) as usize];
            input.splice(at..end, word.iter().copied());
        }
        _ => {
            let (from, to) = range(other.len(), dice);
            let end = if dice.below(2) == 0 { at } else { end };
            input.splice(at..end, other[from..to].iter().copied());
        }
    }
}

fn on_byte(input: &mut [u8], at: usize, new: impl Fn(u8, &mut Dice) -> u8, dice: &mut Dice) {
    if let Some(byte) = input.get_mut(at) {
        *byte = new(*byte, dice);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

/// A range within so many bytes, short more often than long.
fn range(length: usize, dice: &mut Dice) -> (usize, usize) {
    let at = dice.below(length as u64 + 1) as usize;
    let longest = 1_u64 << dice.below(10);
    (at, at + (dice.below(longest + 1) as usize).min(length - at))
}
