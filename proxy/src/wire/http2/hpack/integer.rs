use bytes::{BufMut as _, BytesMut};

/// Why a number cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoInteger {
    /// It goes on behind the bytes that are there.
    Unfinished,
    /// No table and no string is that large.
    TooLarge,
}

/// Reads a number that begins in the low `bits` of the first byte, and takes it off the input. RFC 7541 section 5.1.
pub(super) fn read(input: &mut &[u8], bits: u8) -> Result<usize, NoInteger> {
    let (first, mut rest) = input.split_first().ok_or(NoInteger::Unfinished)?;
    let mask = (1_u8 << bits).wrapping_sub(1);
    let mut number = u64::from(first & mask);
    if number == u64::from(mask) {
        let mut shift = 0;
        loop {
            let (byte, behind) = rest.split_first().ok_or(NoInteger::Unfinished)?;
            rest = behind;
            number += u64::from(byte & 127) << shift;
            if byte & 128 == 0 {
                break;
            }
            shift += 7;
            if shift > 28 {
                return Err(NoInteger::TooLarge);
            }
        }
    }
    *input = rest;
    usize::try_from(number).map_err(|_| NoInteger::TooLarge)
}

/// Writes a number whose first byte also holds `flags` above its low `bits`.
pub(super) fn write(out: &mut BytesMut, flags: u8, bits: u8, number: usize) {
    let mask = (1_usize << bits) - 1;
    if number < mask {
        return out.put_u8(flags | number as u8);
    }
    out.put_u8(flags | mask as u8);
    let mut rest = number - mask;
    while rest >= 128 {
        out.put_u8((rest & 127) as u8 | 128);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}
