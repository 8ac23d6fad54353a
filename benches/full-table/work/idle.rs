//! Sessions without routes, kept alive every three seconds as the site's are: what they cost.

use std::time::Duration;

use anyhow::Result;

use super::Settings;
use crate::contender::Contender;
use crate::plan::Plan;
use crate::report::{Figure, Limit};
use crate::stand::Stand;

/// Processor over thirty seconds, memory a session.
pub fn measure(contender: Contender, settings: &Settings) -> Result<Vec<Figure>> {
    let resident_with_one = {
        let mut stand = Stand::start(contender, &plan(1), settings.patience)?;
        stand.pass(SETTLE)?;
        stand.running.resident()?
    };
    let mut stand = Stand::start(contender, &plan(SESSIONS), settings.patience)?;
    stand.pass(SETTLE)?;
    let resident = stand.running.resident()?;
    let before = stand.running.processor()?;
    stand.pass(REST)?;
    let processor = stand.running.processor()? - before;
    let core = processor.as_secs_f64() / REST.as_secs_f64() * 100.0;
    let session = resident.saturating_sub(resident_with_one) as f64 / f64::from(SESSIONS - 1) / 1e3;
    Ok(vec![
        Figure::new("processor, % of a core", core).limit(Limit::AtMost(1.0)),
        Figure::new("resident, MB", resident as f64 / 1e6),
        Figure::new("memory a session, kB", session),
    ])
}

fn plan(idle: u16) -> Plan {
    Plan { idle, hold: 9, ..Plan::new(0, 0) }
}

const SESSIONS: u16 = 500;
const SETTLE: Duration = Duration::from_secs(3);
const REST: Duration = Duration::from_secs(30);
