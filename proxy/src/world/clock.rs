use std::{fmt, time::Duration};

/// Wall and monotonic time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, as written into `Date` and held against certificates.
    fn wall(&self) -> Wall;

    /// The monotonic time that timers run on.
    fn now(&self) -> tokio::time::Instant;
}

/// A point in wall time: the time since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub Duration);

impl Wall {
    /// The form of the `Date` header, `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// Go: `net/http/server.go` `appendTime`.
    pub fn http_date(self) -> [u8; 29] {
        let seconds = self.0.as_secs();
        let days = seconds / 86_400;
        let (year, month, day) = civil(days);
        let mut out = *b"Thu, 01 Jan 1970 00:00:00 GMT";
        out[..3].copy_from_slice(&WEEKDAYS[(days % 7) as usize]);
        two(&mut out[5..7], day);
        out[8..11].copy_from_slice(&MONTHS[month as usize - 1]);
        two(&mut out[12..14], year / 100);
        two(&mut out[14..16], year % 100);
        two(&mut out[17..19], seconds / 3_600 % 24);
        two(&mut out[20..22], seconds / 60 % 60);
        two(&mut out[23..25], seconds % 60);
        out
    }
}

fn two(out: &mut [u8], value: u64) {
    out[0] = b'0' + (value / 10 % 10) as u8;
    out[1] = b'0' + (value % 10) as u8;
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

const WEEKDAYS: [[u8; 3]; 7] = [*b"Thu", *b"Fri", *b"Sat", *b"Sun", *b"Mon", *b"Tue", *b"Wed"];
const MONTHS: [[u8; 3]; 12] =
    [*b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov", *b"Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_those_of_the_rfc() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_219_199, "Fri, 20 Nov 2026 23:59:59 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] {
            let wall = Wall(Duration::from_secs(seconds));
            assert_eq!(std::str::from_utf8(&wall.http_date()).unwrap(), text);
        }
    }
}
