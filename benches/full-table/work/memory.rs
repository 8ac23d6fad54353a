//! Whether memory comes back, or at least does not grow, when a full table comes and goes.

use std::time::{Duration, Instant};

use anyhow::Result;
use benches::message;

use super::Settings;
use super::feeds::megabytes;
use crate::contender::Contender;
use crate::plan::Plan;
use crate::report::{Figure, Limit};
use crate::stand::Stand;

/// Ten times: announce, wait for all, withdraw, wait for none, rest a second.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let mut stand = Stand::start(contender, &Plan::new(1, 1), settings.patience)?;
    let table = settings.full_table(0)?;
    let expected = settings.expected(std::slice::from_ref(&table))?;
    let (announcement, withdrawal) = (stand.announcement(0, &table)?, message::withdraw(&table));
    let feed = stand.feeds[0];
    let (mut loaded, mut withdrawn) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        stand.loader.say(feed, announcement.clone());
        stand.wait_for_all(expected, Instant::now())?;
        loaded.push(megabytes(stand.running.resident()?));
        stand.loader.say(feed, withdrawal.clone());
        stand.wait_for_none(Instant::now())?;
        stand.pass(Duration::from_secs(1))?;
        withdrawn.push(megabytes(stand.running.resident()?));
    }
    let (first, last) = (withdrawn[0], withdrawn[TIMES - 1]);
    figures.extend([Figure::new("tenth of first, withdrawn", last / first).limit(Limit::AtMost(1.1))]);
    for time in [0, 1, 4, TIMES - 1] {
        let number = time + 1;
        figures.push(Figure::new(format!("resident, loaded, time {number}, MB"), loaded[time]));
        figures.push(Figure::new(format!("resident, withdrawn, time {number}, MB"), withdrawn[time]));
    }
    Ok(())
}

const TIMES: usize = 10;
