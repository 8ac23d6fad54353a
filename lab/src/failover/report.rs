//! From measures to a line of a table: the least, the middle and the most of each case.

use std::fmt;
use std::time::Duration;

use super::{Case, Family, Measure, Setting, Way};

/// All measures of one probe in one case.
#[derive(Clone, Debug)]
pub struct Summary {
    case: Case,
    family: Family,
    way: Way,
    interval: u32,
    active_down: Duration,
    /// Each in order.
    windows: Vec<Duration>,
    lost: Vec<usize>,
    outages: Vec<Duration>,
    twice: usize,
}

impl Summary {
    /// What the columns of [`Display`](fmt::Display) are.
    pub const HEADER: &str = "\
| interval | case | requests | window ms: least, median, most | lost: least, median, most | Active_Down | most above it |
|---|---|---|---|---|---|---|";

    /// One for each case and probe, in order.
    #[must_use]
    pub fn of(setting: &Setting, measures: &[Measure]) -> Vec<Self> {
        let key = |measure: &Measure| (measure.case, measure.way, measure.family);
        let mut keys: Vec<_> = measures.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        let of = |wanted: (Case, Way, Family)| {
            let chosen: Vec<&Measure> = measures.iter().filter(|one| key(one) == wanted).collect();
            let mut summary = Self {
                case: wanted.0,
                way: wanted.1,
                family: wanted.2,
                interval: setting.interval,
                active_down: setting.active_down(),
                windows: chosen.iter().filter_map(|one| Some(one.record.silence()?.length())).collect(),
                lost: chosen.iter().map(|one| one.record.lost()).collect(),
                outages: chosen.iter().filter_map(|one| one.outage).collect(),
                twice: chosen.iter().map(|one| one.record.twice()).sum(),
            };
            summary.windows.sort_unstable();
            summary.lost.sort_unstable();
            summary.outages.sort_unstable();
            summary
        };
        keys.into_iter().map(of).collect()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (self.way, self.family) {
            (Way::Through, Family::V4) => "through, IPv4",
            (Way::Through, Family::V6) => "through, IPv6",
            (Way::To, Family::V4) => "to the address, IPv4",
            (Way::To, Family::V6) => "to the address, IPv6",
        };
        write!(f, "| {} ms | {} ×{} | {name} | ", self.interval, self.case, self.lost.len())?;
        let [least, median, most] = spread(&self.windows).map(millis);
        write!(f, "{least:.0}, {median:.0}, {most:.0} | ")?;
        let [least, median, most] = spread(&self.lost);
        write!(f, "{least}, {median}, {most}")?;
        if self.twice > 0 {
            write!(f, "; {} twice", self.twice)?;
        }
        match self.outages.last() {
            Some(most) => {
                let above = millis(*most) - millis(self.active_down);
                write!(f, " | {:.1} ms | {above:.1} ms |", millis(self.active_down))
            }
            None => write!(f, " | | |"),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, family, way, record, outage } = self;
        let way = if *way == Way::Through { "through" } else { "to" };
        let (lost, sent, twice) = (record.lost(), record.sent(), record.twice());
        write!(f, "{case}, {way} {family}: {lost} of {sent} lost, {twice} answered twice")?;
        if let Some(silence) = record.silence() {
            write!(f, ", longest silence {:.1} ms", millis(silence.length()))?;
        }
        if let Some(outage) = outage {
            write!(f, ", {:.1} ms after the last advertisement", millis(*outage))?;
        }
        Ok(())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Death => "power cut",
            Self::Cut => "link cut",
            Self::Kill => "SIGKILL alone",
            Self::Stop => "SIGTERM",
            Self::Return => "return",
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The least, the middle and the most of what is in order; zero of nothing.
fn spread<T: Copy + Default>(ordered: &[T]) -> [T; 3] {
    let at = |index: usize| ordered.get(index).copied().unwrap_or_default();
    [at(0), at(ordered.len() / 2), at(ordered.len().saturating_sub(1))]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_least_the_middle_and_the_most() {
        assert_eq!(spread(&[1, 2, 9]), [1, 2, 9]);
        assert_eq!(spread(&[4]), [4, 4, 4]);
        assert_eq!(spread::<u8>(&[]), [0, 0, 0]);
    }
}
