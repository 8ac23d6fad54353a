//! A full table through a border's policy, beside the same router without it.

use anyhow::Result;

use super::Settings;
use super::feeds::megabytes;
use crate::contender::Contender;
use crate::plan::{Plan, Policy};
use crate::report::{Figure, Limit};
use crate::stand::{Loaded, Stand};

/// Both, and how they compare.
pub fn measure(contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
    let without = load(contender, Policy::None, settings)?;
    let with = load(contender, Policy::Border, settings)?;
    let of = |with: f64, without: f64| with / without;
    let (all, all_without) = (with.all.as_secs_f64(), without.all.as_secs_f64());
    let (processor, processor_without) = (with.processor.as_secs_f64(), without.processor.as_secs_f64());
    figures.extend([
        Figure::new("all, s", all),
        Figure::new("all, of that without policy", of(all, all_without)).limit(Limit::AtMost(1.5)),
        Figure::new("processor, s", processor),
        Figure::new("processor, of that without policy", of(processor, processor_without))
            .limit(Limit::AtMost(1.5)),
        Figure::new("resident, MB", megabytes(with.resident)),
        Figure::new("resident without policy, MB", megabytes(without.resident)),
    ]);
    Ok(())
}

fn load(contender: Contender, policy: Policy, settings: &Settings) -> Result<Loaded> {
    let mut stand = Stand::start(contender, &Plan { policy, ..Plan::new(1, 1) }, settings.patience)?;
    let tables = [settings.full_table(0)?];
    stand.load(&tables, settings.expected(&tables)?)
}
