use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration such as 300ms, 1.5s or 2h45m")]
pub struct BadDuration;

/// Reads a duration as Go writes them: numbers with units, `ns us µs ms s m h`. Negative ones are `Ok(None)`.
///
/// Go: `time.ParseDuration`.
///
/// # Errors
/// The text is no duration, or too long a one for a `Duration`.
pub fn parse_duration(text: &str) -> Result<Option<Duration>, BadDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Some(Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(BadDuration);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (part, behind) = leading_part(rest)?;
        total = total.checked_add(part).ok_or(BadDuration)?;
        rest = behind;
    }
    if negative && !total.is_zero() { Ok(None) } else { Ok(Some(total)) }
}

/// One number with its unit, and what stands behind it.
fn leading_part(text: &str) -> Result<(Duration, &str), BadDuration> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(BadDuration)?;
    let (number, behind) = text.split_at(number_end);
    let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(unit_end);
    let nanoseconds = match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        _ => return Err(BadDuration),
    };
    let number: f64 = number.parse().map_err(|_| BadDuration)?;
    let part = Duration::try_from_secs_f64(number * nanoseconds / 1e9).map_err(|_| BadDuration)?;
    Ok((part, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, expected) in [
            ("0", Some(Duration::ZERO)),
            ("300ms", Some(Duration::from_millis(300))),
            ("1.5s", Some(Duration::from_millis(1_500))),
            ("2h45m", Some(Duration::from_secs(9_900))),
            ("10us", Some(Duration::from_micros(10))),
            ("-1ns", None),
            ("-1s", None),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_durations() {
        for text in ["", "-", "5", "s", "1 s", "1.2.3s", "1x", "99999999999999999999999h"] {
            assert_eq!(parse_duration(text), Err(BadDuration), "{text}");
        }
    }
}
