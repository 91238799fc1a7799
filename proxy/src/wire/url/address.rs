//! IP addresses as Go reads them: what may stand in brackets, and the words for what may not.

use bytes::Bytes;

use crate::wire::token::go_quote;

/// Which kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Four,
    /// Also one that maps an IPv4 address.
    Six,
}

/// Bytes that are no address. Go: `net/netip/netip.go` `parseAddrError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadAddress {
    input: Bytes,
    problem: &'static str,
    at: Bytes,
}

impl std::error::Error for BadAddress {}

impl std::fmt::Display for BadAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParseAddr({}): {}", go_quote(&self.input), self.problem)?;
        if !self.at.is_empty() {
            write!(f, " (at {})", go_quote(&self.at))?;
        }
        Ok(())
    }
}

/// Reads an address for its version alone. Go: `ParseAddr`.
pub(super) fn version(input: &Bytes) -> Result<Version, BadAddress> {
    let checked = match input.iter().find(|byte| b".:%".contains(byte)) {
        Some(b'.') => check_four(input).map(|()| Version::Four),
        Some(b':') => check_six(input).map(|()| Version::Six),
        Some(_) => Err(("missing IPv6 address", &input[..0])),
        None => Err(("unable to parse IP", &input[..0])),
    };
    checked.map_err(|(problem, at)| BadAddress { input: input.clone(), problem, at: input.slice_ref(at) })
}

/// What is wrong, and the bytes from where it is.
type Problem<'a> = (&'static str, &'a [u8]);

/// Go: `parseIPv4Fields`.
fn check_four(fields: &[u8]) -> Result<(), Problem<'_>> {
    let nowhere = &fields[..0];
    let mut value = 0_u32;
    let mut digits = 0;
    let mut dots = 0;
    for (at, byte) in fields.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", nowhere));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255", nowhere));
                }
            }
            b'.' => {
                if digits == 0 || at + 1 == fields.len() {
                    return Err(("IPv4 field must have at least one digit", &fields[at..]));
                }
                if dots == 3 {
                    return Err(("IPv4 address too long", nowhere));
                }
                dots += 1;
                value = 0;
                digits = 0;
            }
            _ => return Err(("unexpected character", &fields[at..])),
        }
    }
    if dots < 3 { Err(("IPv4 address too short", nowhere)) } else { Ok(()) }
}

/// Go: `parseIPv6`.
fn check_six(input: &[u8]) -> Result<(), Problem<'_>> {
    let nowhere = &input[..0];
    let mut rest = input;
    if let Some(percent) = input.iter().position(|byte| *byte == b'%') {
        rest = &input[..percent];
        if percent + 1 == input.len() {
            return Err(("zone must be a non-empty string", nowhere));
        }
    }
    let mut ellipsis = false;
    if let Some(after) = rest.strip_prefix(b"::") {
        ellipsis = true;
        rest = after;
        if rest.is_empty() {
            return Ok(());
        }
    }
    let mut groups = 0;
    while groups < 8 {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        if digits == 0 {
            return Err(("each colon-separated field must have at least one digit", rest));
        }
        let after = &rest[digits..];
        if after.starts_with(b".") {
            if !ellipsis && groups != 6 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if groups > 6 {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            check_four(rest)?;
            rest = nowhere;
            groups += 2;
            break;
        }
        groups += 1;
        rest = after;
        if rest.is_empty() {
            break;
        }
        match rest {
            [b':'] => return Err(("colon must be followed by more characters", rest)),
            [b':', b':', ..] if ellipsis => return Err(("multiple :: in address", &rest[1..])),
            [b':', b':', after @ ..] => {
                ellipsis = true;
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            [b':', after @ ..] => rest = after,
            _ => return Err(("unexpected character, want colon", rest)),
        }
    }
    if !rest.is_empty() {
        return Err(("trailing garbage after address", rest));
    }
    match (groups, ellipsis) {
        (..8, false) => Err(("address string too short", nowhere)),
        (8.., true) => Err(("the :: must expand to at least one field of zeros", nowhere)),
        _ => Ok(()),
    }
}
