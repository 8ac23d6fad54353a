//! Single routes of a quiet peer while another peer loads a full table: how long each takes from in to out.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Settings;
use crate::contender::Contender;
use crate::plan::Plan;
use crate::report::{Figure, Limit};
use crate::stand::{Stand, percentile};

/// Several loads, each of a fresh router, until there are enough single routes for a percentile.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..LOADS {
        times.extend(load(contender, settings)?);
        if times.len() >= ENOUGH {
            break;
        }
    }
    times.sort_unstable();
    figures.extend([
        Figure::new("p99, ms", percentile(&times, 99)).limit(Limit::AtMost(20.0)),
        Figure::new("median, ms", percentile(&times, 50)),
        Figure::new("maximum, ms", percentile(&times, 100)),
        Figure::new("single routes", times.len() as f64),
    ]);
    Ok(())
}

fn load(contender: Contender, settings: &Settings) -> Result<Vec<Duration>> {
    let mut stand = Stand::start(contender, &Plan::new(2, 1), settings.patience)?;
    let table = settings.full_table(0)?;
    let expected = settings.expected(std::slice::from_ref(&table))?;
    let octets = stand.announcement(0, &table)?;
    let mut singles = stand.singles(1, u16::MAX)?.into_iter();
    let listener = *stand.listeners.first().context("no listener")?;
    let (busy, quiet) = (stand.feeds[0], stand.feeds[1]);

    let mut said: Vec<Instant> = Vec::new();
    let mut times: Vec<Option<Duration>> = Vec::new();
    let start = Instant::now();
    let mut due = start + PAUSE;
    stand.loader.say(busy, octets);
    let mut is_loading = true;
    while is_loading || times.iter().any(Option::is_none) {
        if is_loading && Instant::now() >= due {
            stand.loader.say(quiet, singles.next().context("no more single routes")?);
            said.push(Instant::now());
            times.push(None);
            stand.loader.write_now(quiet)?;
            due = Instant::now() + PAUSE;
        }
        stand.loader.turn(Duration::from_millis(1))?;
        for number in stand.loader.take_singles(listener) {
            let number = usize::from(number);
            if let (Some(said), Some(time)) = (said.get(number), times.get_mut(number)) {
                time.get_or_insert(said.elapsed());
            }
        }
        is_loading = stand.loader.present(listener) < expected;
        let present = stand.loader.present(listener);
        ensure!(!stand.is_out_of_patience(), "{present} of {expected} prefixes");
    }
    Ok(times.into_iter().flatten().collect())
}

const LOADS: usize = 4;
const ENOUGH: usize = 400;
const PAUSE: Duration = Duration::from_millis(5);
