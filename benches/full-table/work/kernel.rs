//! Routes of one feed into the kernel, and out again on SIGTERM; then the same routes written by a bare writer.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Settings, made_up};
use crate::contender::Contender;
use crate::kernel::{Counter, SLACK, write_raw};
use crate::plan::{Plan, Role, To};
use crate::report::{Figure, Limit};
use crate::stand::Stand;

/// Times until the kernel has all, and until it has none.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let plan = Plan { to: To::Kernel, ..Plan::new(1, 0) };
    let mut stand = Stand::start(contender, &plan, settings.patience)?;
    let mut counter = Counter::new(&stand.rig.router)?;
    let table = made_up(ROUTES, 0);
    let octets = stand.announcement(0, &table)?;
    let before = stand.running.processor()?;
    let start = Instant::now();
    stand.loader.say(stand.feeds[0], octets);
    let patience = settings.patience;
    let expected = ROUTES as usize;
    counter.wait(expected, patience, |pause| stand.pass(pause))?;
    let all = start.elapsed().as_secs_f64();
    let processor = (stand.running.processor()? - before).as_secs_f64();
    let resident = stand.running.resident()? as f64 / 1e6;

    stand.running.ask_to_end()?;
    let sleep = |pause| {
        std::thread::sleep(pause);
        Ok(())
    };
    let removed = counter.wait(0, patience, sleep)?.as_secs_f64();

    figures.extend([
        Figure::new("all there, s", all).limit(Limit::OfBird(0.8)),
        Figure::new("processor, s", processor),
        Figure::new("resident, MB", resident),
        Figure::new("all removed on SIGTERM, s", removed),
    ]);
    let via = plan.peers(Role::Feed).next();
    if let Some(via) = via {
        let bare = write_raw(&stand.rig.router, &table, &via)?.as_secs_f64();
        let count = counter.count()?;
        ensure!(count.abs_diff(expected) <= SLACK, "the bare writer has written {count} routes");
        figures.push(Figure::new("a bare writer then, s", bare));
        figures
            .push(Figure::new("all there, of the bare writer's time", all / bare).limit(Limit::AtMost(1.3)));
    }
    Ok(())
}

const ROUTES: u32 = 600_000;
