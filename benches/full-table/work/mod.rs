//! The works: each loads one router in one way and says what it took, with the limits that Ridgeway is held to.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use benches::mrt;
use benches::table::{Shape, Table};
use clap::ValueEnum;

use crate::contender::Contender;
use crate::report::Figure;

mod feeds;
mod growth;
mod idle;
mod kernel;
mod memory;
mod new_route;
mod policy;

/// A work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// One feed of a full table, one listener.
    OneFeed,
    /// Four feeds of the same prefixes with different paths, four listeners.
    FourFeeds,
    /// Fifty feeds of 100,000 prefixes of their own, one listener.
    FiftyFeeds,
    /// 500 sessions at rest.
    Idle,
    /// Single new routes of one peer while another loads a full table.
    NewRoute,
    /// 0.6 million routes into the kernel and out again.
    Kernel,
    /// One feed through a border's policy.
    Policy,
    /// A full table announced and withdrawn ten times.
    Memory,
    /// More routes, more feeds.
    Growth,
}

/// What holds for all works of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one router may take for one load.
    pub patience: Duration,
    /// A real table instead of the made-up one.
    pub mrt: Option<PathBuf>,
}

impl Work {
    /// The heading of its table.
    pub fn title(self) -> &'static str {
        match self {
            Self::OneFeed => "1 feed, 1 listener",
            Self::FourFeeds => "4 feeds of the same prefixes, 4 listeners",
            Self::FiftyFeeds => "50 feeds of 100,000 prefixes each, 1 listener",
            Self::Idle => "500 sessions at rest",
            Self::NewRoute => "one new route while a full table loads from another peer",
            Self::Kernel => "0.6 million routes into the kernel",
            Self::Policy => "1 feed, 1 listener, through a border's policy",
            Self::Memory => "a full table announced and withdrawn ten times",
            Self::Growth => "growth",
        }
    }

    /// Whether this router can do it.
    pub fn suits(self, contender: Contender) -> bool {
        match contender {
            Contender::Ridgeway | Contender::Bird => true,
            Contender::Frr => self != Self::Growth,
            Contender::Openbgpd | Contender::Gobgp => {
                matches!(self, Self::OneFeed | Self::FourFeeds | Self::Idle | Self::NewRoute)
            }
            Contender::CopyThrough => {
                matches!(self, Self::OneFeed | Self::FourFeeds | Self::FiftyFeeds | Self::NewRoute)
            }
        }
    }

    /// Does it once. What was measured before something failed stays in `figures`.
    pub fn measure(self, contender: Contender, settings: &Settings, figures: &mut Vec<Figure>) -> Result<()> {
        match self {
            Self::OneFeed => feeds::one(contender, settings, figures),
            Self::FourFeeds => feeds::four(contender, settings, figures),
            Self::FiftyFeeds => feeds::fifty(contender, settings, figures),
            Self::Idle => idle::measure(contender, settings, figures),
            Self::NewRoute => new_route::measure(contender, settings, figures),
            Self::Kernel => kernel::measure(contender, settings, figures),
            Self::Policy => policy::measure(contender, settings, figures),
            Self::Memory => memory::measure(contender, settings, figures),
            Self::Growth => growth::measure(contender, settings, figures),
        }
    }
}

impl Settings {
    /// The full table of feed `feed`: the same prefixes for each, with other paths.
    pub fn full_table(&self, feed: u16) -> Result<Table> {
        let Some(path) = &self.mrt else { return Ok(made_up(1_200_000, feed)) };
        let own = mrt::read(path, feed)?;
        if !own.is_empty() {
            return Ok(own);
        }
        // The dump has fewer routes to a prefix than there are feeds.
        Ok(mrt::read(path, 0)?.with_paths_moved(usize::from(feed) * 1009))
    }

    /// Prefixes that a listener has in the end. A real table has a few that routers refuse: they may lack one in ten
    /// thousand.
    pub fn expected(&self, tables: &[Table]) -> Result<usize> {
        let all = tables.iter().map(Table::distinct).max().context("no table")?;
        Ok(if self.mrt.is_some() { all - all / 10_000 } else { all })
    }
}

/// A made-up table of so many prefixes, one in six of them IPv6.
pub fn made_up(prefixes: u32, feed: u16) -> Table {
    let ipv6 = prefixes / 6;
    Table::made_up(Shape { ipv4: prefixes - ipv6, ipv6, seed: u64::from(feed) + 1, first: 0 })
}
