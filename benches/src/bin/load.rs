//! Loads a router that is already running and says what it took.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use benches::load::{self, Load};
use benches::mrt;
use benches::table::{Shape, Table};
use clap::Parser;

#[derive(Parser)]
struct Cli {
    /// The router's address; feeds are 10.99.0.1 (AS 65001) and on, listeners 10.99.0.101 (AS 65101) and on.
    #[arg(long, default_value = "10.99.0.254")]
    router: Ipv4Addr,
    /// The router's processes.
    #[arg(long, required = true)]
    pid: Vec<u32>,
    #[arg(long, default_value_t = 1)]
    feeds: u8,
    #[arg(long, default_value_t = 1)]
    listeners: u8,
    /// IPv4 prefixes of the made-up table.
    #[arg(long, default_value_t = 1_000_000)]
    ipv4: u32,
    /// IPv6 prefixes of the made-up table.
    #[arg(long, default_value_t = 200_000)]
    ipv6: u32,
    /// A table in MRT form instead of the made-up one; feed N gets the Nth route to each prefix.
    #[arg(long)]
    mrt: Option<PathBuf>,
    /// Every feed has prefixes of its own.
    #[arg(long)]
    distinct: bool,
    /// Routers may refuse some routes of a real table: what each listener must have at least.
    #[arg(long)]
    expect: Option<usize>,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 120)]
    patience: u64,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let feeds = (0..cli.feeds).map(|feed| table(&cli, feed)).collect::<Result<Vec<_>>>()?;
    let expected = if cli.distinct {
        feeds.iter().map(Table::len).sum()
    } else {
        feeds.iter().map(Table::len).max().unwrap_or(0)
    };
    let expected = cli.expect.unwrap_or(expected);
    let sets: usize = feeds.iter().map(|feed| feed.groups.len()).sum();
    println!("{expected} prefixes, {sets} attribute sets, {} feeds, {} listeners", cli.feeds, cli.listeners);
    let outcome = load::run(&Load {
        router: cli.router,
        pids: cli.pid,
        feeds,
        listeners: cli.listeners,
        expected,
        patience: Duration::from_secs(cli.patience),
    })?;
    println!("all            {:8.2} s", outcome.all.as_secs_f64());
    println!("settled        {:8.2} s", outcome.settled.as_secs_f64());
    println!("processor      {:8.2} s", outcome.processor.as_secs_f64());
    println!("resident       {:8.1} MB", outcome.resident as f64 / 1e6);
    println!("latency median {:8.3} ms", outcome.latency.0.as_secs_f64() * 1e3);
    println!("latency p99    {:8.3} ms", outcome.latency.1.as_secs_f64() * 1e3);
    println!("loss           {:8.2} s", outcome.loss.as_secs_f64());
    println!("resident then  {:8.1} MB", outcome.resident_after_loss as f64 / 1e6);
    Ok(())
}

fn table(cli: &Cli, feed: u8) -> Result<Table> {
    if let Some(path) = &cli.mrt {
        return mrt::read(path, u16::from(feed));
    }
    let first = if cli.distinct { u32::from(feed) * cli.ipv4.max(cli.ipv6) } else { 0 };
    Ok(Table::made_up(Shape { ipv4: cli.ipv4, ipv6: cli.ipv6, seed: u64::from(feed) + 1, first }))
}
