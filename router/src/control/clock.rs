//! Times as FRR writes them: uptimes, dates, and the moment an answer is made.

use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

/// The moment an answer is made, since 1970 UTC. Ages in snapshots count back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Duration);

/// An uptime: `00:01:13`, `1d02h03m`, `02w3d04h`, `01y05w2d`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime(pub(crate) Duration);

/// A date as `ctime` writes it, UTC: `Mon Nov 23 04:54:10 2026`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Date(pub(crate) u64);

/// A date with hundredths, UTC: `2026/11/23 04:46:12.45`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp(pub(crate) SystemTime);

impl Moment {
    /// The moment a clock shows.
    pub(crate) fn of(time: SystemTime) -> Self {
        Self(since_epoch(time))
    }

    /// Seconds since 1970 of what is `age` ago.
    pub(crate) fn epoch(self, age: Duration) -> u64 {
        self.0.as_secs().saturating_sub(age.as_secs())
    }
}

impl fmt::Display for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / DAY, seconds / 3600 % 24, seconds / 60 % 60);
        match days {
            0 => write!(f, "{hours:02}:{minutes:02}:{:02}", seconds % 60),
            1..7 => write!(f, "{days}d{hours:02}h{minutes:02}m"),
            7..365 => write!(f, "{:02}w{}d{hours:02}h", days / 7, days % 7),
            _ => write!(f, "{:02}y{:02}w{}d", days / 365, days % 365 / 7, days % 365 % 7),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day } = Civil::of(self.0);
        let week_day = name(&WEEK_DAYS, (self.0 / DAY + 4) % 7);
        let (hour, minute, second) = time_of_day(self.0);
        let month = name(&MONTHS, month - 1);
        write!(f, "{week_day} {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}")
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = since_epoch(self.0);
        let Civil { year, month, day } = Civil::of(since.as_secs());
        let (hour, minute, second) = time_of_day(since.as_secs());
        let hundredths = since.subsec_millis() / 10;
        write!(f, "{year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02}.{hundredths:02}")
    }
}

/// A day of the Gregorian calendar.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
}

impl Civil {
    /// The day `seconds` after the start of 1970. Counts from 1 March of year 0 in eras of 400 years, so that
    /// the leap day is the last of its year.
    fn of(seconds: u64) -> Self {
        let days = seconds / DAY + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self { year: era * 400 + year_of_era + u64::from(month <= 2), month, day }
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn time_of_day(seconds: u64) -> (u64, u64, u64) {
    (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

fn name(names: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("")
}

const DAY: u64 = 86_400;
const WEEK_DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptimes_change_form_with_days_weeks_and_years() {
        let text = |seconds| Uptime(Duration::from_secs(seconds)).to_string();
        assert_eq!(text(73), "00:01:13");
        assert_eq!(text(DAY + 2 * 3600 + 180), "1d02h03m");
        assert_eq!(text(17 * DAY + 4 * 3600), "02w3d04h");
        assert_eq!(text(402 * DAY), "01y05w2d");
    }

    #[test]
    fn dates_are_civil_and_utc() {
        assert_eq!(Date(1_795_409_650).to_string(), "Mon Nov 23 04:54:10 2026");
        assert_eq!(Date(951_782_400).to_string(), "Tue Feb 29 00:00:00 2000");
        assert_eq!(Date(0).to_string(), "Thu Jan  1 00:00:00 1970");
        let stamp = Stamp(UNIX_EPOCH + Duration::from_millis(1_795_409_172_459));
        assert_eq!(stamp.to_string(), "2026/11/23 04:46:12.45");
    }
}
