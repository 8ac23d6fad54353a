//! Full tables passed on: from one feed, from four that compete, from fifty that do not.

use std::time::Instant;

use anyhow::Result;
use benches::table::{Shape, Table};

use super::Settings;
use crate::contender::Contender;
use crate::plan::{Feeds, Plan};
use crate::report::{Figure, Limit};
use crate::stand::{Stand, percentile};

/// One feed, one listener: loading, single routes at rest, the loss of the feed.
pub fn one(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let mut stand = Stand::start(contender, &Plan::new(1, 1), settings.patience)?;
    let tables = [settings.full_table(0)?];
    let loaded = stand.load(&tables, settings.expected(&tables)?)?;
    figures.extend([
        Figure::new("all, s", loaded.all.as_secs_f64()).limit(Limit::OfBird(0.5)),
        Figure::new("processor, s", loaded.processor.as_secs_f64()).limit(Limit::OfBird(0.6)),
        Figure::new("resident, MB", megabytes(loaded.resident)).limit(Limit::OfBird(0.6)),
    ]);
    let times = stand.latency(SINGLES)?;
    figures.extend([
        Figure::new("one new route at rest, median, ms", percentile(&times, 50)).limit(Limit::AtMost(0.1)),
        Figure::new("one new route at rest, p99, ms", percentile(&times, 99)).limit(Limit::AtMost(0.5)),
    ]);
    if contender != Contender::CopyThrough {
        let start = Instant::now();
        stand.loader.lose(stand.feeds[0]);
        let lost = stand.wait_for_none(start)?.as_secs_f64();
        figures.push(Figure::new("feed lost, all withdrawn, s", lost).limit(Limit::OfBird(0.5)));
        figures.push(Figure::new("resident then, MB", megabytes(stand.running.resident()?)));
    }
    Ok(())
}

/// Four feeds of the same prefixes, four listeners: settling, and the loss of the feed with the most best paths.
pub fn four(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let mut stand = Stand::start(contender, &Plan::new(4, 4), settings.patience)?;
    let tables = (0..4).map(|feed| settings.full_table(feed)).collect::<Result<Vec<_>>>()?;
    let expected = settings.expected(&tables)?;
    let loaded = stand.load(&tables, expected)?;
    figures.extend([
        Figure::new("all, s", loaded.all.as_secs_f64()),
        Figure::new("settled, s", loaded.settled.as_secs_f64()).limit(Limit::OfBird(0.2)),
        Figure::new("processor, s", loaded.processor.as_secs_f64()).limit(Limit::OfBird(0.25)),
        Figure::new("resident, MB", megabytes(loaded.resident)).limit(Limit::OfBird(0.6)),
    ]);
    if contender != Contender::CopyThrough {
        let start = Instant::now();
        stand.loader.lose(stand.feeds[0]);
        let lost = stand.settle(start)?.as_secs_f64();
        stand.ensure_all(expected)?;
        figures.push(Figure::new("best feed lost, settled, s", lost).limit(Limit::OfBird(0.2)));
    }
    Ok(())
}

/// Fifty feeds of 100,000 prefixes of their own. They are told nothing: only the listener is.
pub fn fifty(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let mut plan = Plan::new(50, 1);
    plan.feeds_are = Feeds::Untold;
    let mut stand = Stand::start(contender, &plan, settings.patience)?;
    let shape =
        |feed: u32| Shape { ipv4: 80_000, ipv6: 20_000, seed: u64::from(feed) + 1, first: feed * 80_000 };
    let tables: Vec<Table> = (0..50).map(|feed| Table::made_up(shape(feed))).collect();
    let loaded = stand.load(&tables, 5_000_000)?;
    figures.extend([
        Figure::new("all, s", loaded.all.as_secs_f64()).limit(Limit::OfBird(1.0)),
        Figure::new("processor, s", loaded.processor.as_secs_f64()),
        Figure::new("resident, MB", megabytes(loaded.resident)).limit(Limit::OfBird(1.0)),
    ]);
    Ok(())
}

/// Octets in millions.
pub fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}

/// Single routes that are timed at rest.
const SINGLES: u16 = 400;
