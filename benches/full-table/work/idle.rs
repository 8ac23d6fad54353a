//! Sessions without routes: what keeping them alive costs, and how much memory they take.

use std::time::Duration;

use anyhow::Result;

use super::Settings;
use crate::contender::Contender;
use crate::plan::Plan;
use crate::report::{Figure, Limit};
use crate::stand::Stand;

/// Processor with keepalives every half minute, and every three seconds as the site's sessions have them.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let (_, resident_with_one) = rest(contender, plan(1, SLOW), settings, Duration::ZERO)?;
    let (slow, resident) = rest(contender, plan(SESSIONS, SLOW), settings, Duration::from_secs(30))?;
    let (fast, _) = rest(contender, plan(SESSIONS, FAST), settings, Duration::from_secs(15))?;
    let session = resident.saturating_sub(resident_with_one) as f64 / f64::from(SESSIONS - 1) / 1e3;
    let limit = Limit::AtMost(1.0);
    figures.extend([
        Figure::new("processor, % of a core", slow).limit(limit),
        Figure::new("processor with keepalives every 3 s, % of a core", fast).limit(limit),
        Figure::new("resident, MB", resident as f64 / 1e6),
        Figure::new("memory a session, kB", session),
    ]);
    Ok(())
}

/// Percents of a core over `time`, and octets resident.
fn rest(contender: Contender, plan: Plan, settings: &Settings, time: Duration) -> Result<(f64, u64)> {
    let mut stand = Stand::start(contender, &plan, settings.patience)?;
    stand.pass(Duration::from_secs(2))?;
    let resident = stand.running.resident()?;
    let before = stand.running.processor()?;
    stand.pass(time)?;
    let processor = stand.running.processor()? - before;
    Ok((processor.as_secs_f64() / time.as_secs_f64() * 100.0, resident))
}

fn plan(idle: u16, hold: u16) -> Plan {
    Plan { idle, hold, ..Plan::new(0, 0) }
}

const SESSIONS: u16 = 500;

/// Hold times in seconds; keepalives come at a third.
const SLOW: u16 = 90;
const FAST: u16 = 9;
