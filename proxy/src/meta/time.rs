//! Times as objects hold them: `2026-01-02T03:04:05Z`, in whole seconds.

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::Wall;

/// A time as `metadata.creationTimestamp` holds it. Go: `apimachinery/pkg/apis/meta/v1/time.go` `MarshalJSON`.
pub fn format(at: Wall) -> String {
    let at = OffsetDateTime::UNIX_EPOCH + Duration::seconds(i64::try_from(at.0.as_secs()).unwrap_or(i64::MAX));
    at.format(&Rfc3339).unwrap_or_default()
}

/// The time so many seconds and nanoseconds after 1970, with what it has below a second; empty beyond the year 9999.
pub fn at(seconds: i64, nanos: i64) -> String {
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// The seconds since 1970 of a time in any zone; `None` if that is no time.
pub fn parse(text: &str) -> Option<i64> {
    parse_exact(text).map(|(seconds, _)| seconds)
}

/// The same, and the nanoseconds beyond.
pub fn parse_exact(text: &str) -> Option<(i64, u32)> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some((at.unix_timestamp(), at.nanosecond()))
}

/// A time in any zone as Go writes it again: in UTC, without the part of a second.
pub fn normalize(text: &str) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(parse(text)?).ok()?;
    at.format(&Rfc3339).ok()
}

/// The same with six digits behind the seconds. Go: `micro_time.go` `MarshalJSON`.
pub fn normalize_micro(text: &str) -> Option<String> {
    let micros = OffsetDateTime::parse(text, &Rfc3339).ok()?.microsecond();
    let seconds = normalize(text)?;
    Some(format!("{}.{micros:06}Z", seconds.strip_suffix('Z')?))
}

/// How old something is, as tables show it: `5s`, `3m20s`, `2d4h`, `3y12d`. Go: `util/duration/duration.go` `HumanDuration`.
pub fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |first: i64, unit: char, second: i64, below: char| match second {
        0 => format!("{first}{unit}"),
        _ => format!("{first}{unit}{second}{below}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, 'm', seconds % MINUTE, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, 'h', seconds / MINUTE % 60, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, 'd', seconds / HOUR % 24, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / YEAR, 'y', seconds / DAY % 365, 'd'),
        252_288_000.. => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_whole_seconds_of_utc() {
        assert_eq!(format(Wall(std::time::Duration::from_millis(1_767_323_045_900))), "2026-01-02T03:04:05Z");
        assert_eq!(normalize("2026-01-02T05:04:05.9+02:00").as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(normalize_micro("2026-01-02T05:04:05.9+02:00").as_deref(), Some("2026-01-02T03:04:05.900000Z"));
        assert_eq!(normalize("yesterday"), None);
    }

    #[test]
    fn ages_are_shown_as_kubectl_shows_them() {
        for (seconds, text) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (200, "3m20s"),
            (3_599, "59m"),
            (10_800, "3h"),
            (10_861, "3h1m"),
            (40_000, "11h"),
            (172_800, "2d"),
            (190_000, "2d4h"),
            (700_000, "8d"),
            (63_072_000, "2y"),
            (64_072_000, "2y11d"),
            (300_000_000, "9y"),
        ] {
            assert_eq!(human_duration(seconds), text, "{seconds}");
        }
    }
}
