use std::time::Duration;

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration such as 300ms, 1.5s or 2h45m")]
pub enum BadDuration {
    /// It is no row of numbers.
    Invalid,
    /// More than Go can count.
    #[error("expected a duration of at most 2562047h47m16s, which are 292 years")]
    TooLong,
    /// A number without a unit.
    MissingUnit,
    /// A unit that nobody knows.
    UnknownUnit(String),
}

impl BadDuration {
    /// What Go says of `text`, which is the text that could not be read.
    pub fn in_words_of_go(&self, text: &str) -> String {
        match self {
            Self::Invalid | Self::TooLong => format!("time: invalid duration {text:?}"),
            Self::MissingUnit => format!("time: missing unit in duration {text:?}"),
            Self::UnknownUnit(unit) => format!("time: unknown unit {unit:?} in duration {text:?}"),
        }
    }
}

/// Reads a duration as Go writes them: numbers with units, `ns us µs ms s m h`. Negative ones are `Ok(None)`.
///
/// Go: `time.ParseDuration`.
///
/// # Errors
/// The text is no duration, or one of more than 292 years.
pub fn parse_duration(text: &str) -> Result<Option<Duration>, BadDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Some(Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(BadDuration::Invalid);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (part, behind) = leading_part(rest)?;
        total = total.checked_add(part).filter(|total| *total <= LONGEST).ok_or(BadDuration::TooLong)?;
        rest = behind;
    }
    if negative && !total.is_zero() { Ok(None) } else { Ok(Some(total)) }
}

/// One number with its unit, and what stands behind it.
fn leading_part(text: &str) -> Result<(Duration, &str), BadDuration> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, behind) = text.split_at(number_end);
    let number: f64 = number.parse().map_err(|_| BadDuration::Invalid)?;
    let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(unit_end);
    let nanoseconds = match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "" => return Err(BadDuration::MissingUnit),
        unknown => return Err(BadDuration::UnknownUnit(unknown.to_owned())),
    };
    let part = Duration::try_from_secs_f64(number * nanoseconds / 1e9).map_err(|_| BadDuration::TooLong)?;
    Ok((part, behind))
}

/// Go counts nanoseconds in 63 bits.
const LONGEST: Duration = Duration::from_nanos(i64::MAX as u64);

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
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn who_asks_for_too_long_a_time_is_told_the_longest() {
        for text in ["2562047h47m17s", "99999999999h", "99999999999999999999999h", "1h2562047h"] {
            let told = parse_duration(text).unwrap_err().to_string();
            assert_eq!(told, "expected a duration of at most 2562047h47m16s, which are 292 years", "{text}");
        }
        assert!(parse_duration("2562047h47m16s").is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_go() {
        for (text, words) in [
            ("foo", r#"time: invalid duration "foo""#),
            ("-5", r#"time: missing unit in duration "-5""#),
            ("10", r#"time: missing unit in duration "10""#),
            ("5x", r#"time: unknown unit "x" in duration "5x""#),
            ("9999999999999h", r#"time: invalid duration "9999999999999h""#),
        ] {
            assert_eq!(parse_duration(text).map_err(|bad| bad.in_words_of_go(text)), Err(words.to_owned()));
        }
    }
}
