//! `failover`: what a host loses while its gateway moves, as a table (`docs/failover.md` has its figures).
//!
//! It needs a machine that does nothing else: what is measured are milliseconds.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use lab::Lab;
use lab::failover::{Bench, Case, Setting, Summary};
use lab::gateway::Member;

/// Measures what a host loses while its gateway moves.
#[derive(Parser)]
struct Arguments {
    /// How the Active loses the gateway; its return is measured with each.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "death,cut,stop,kill")]
    case: Vec<Loss>,
    /// Between two advertisements, in milliseconds.
    #[arg(long, value_delimiter = ',', default_value = "1000,100")]
    interval: Vec<u32>,
    /// How often.
    #[arg(long, default_value_t = 10)]
    times: u32,
    /// The number of the first run, for a series in pieces.
    #[arg(long, default_value_t = 0)]
    from: u32,
    /// Begin no further run after so many seconds; what has run by then is printed.
    #[arg(long)]
    within: Option<u64>,
    /// Between two requests, in milliseconds.
    #[arg(long, default_value_t = 5.0)]
    pace: f64,
    /// Who the routers are.
    #[arg(long, value_enum, default_value = "ours")]
    member: Who,
    /// Print what each single run has lost.
    #[arg(long)]
    verbose: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Loss {
    /// SIGKILL, and the cables are cut in the same instant.
    Death,
    /// The link is cut.
    Cut,
    /// SIGTERM.
    Stop,
    /// SIGKILL; the kernel forwards on.
    Kill,
}

#[derive(Clone, Copy, ValueEnum)]
enum Who {
    Ours,
    Frr,
    Keepalived,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failover: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    println!("{}", Summary::HEADER);
    let start = Instant::now();
    let is_late = || arguments.within.is_some_and(|seconds| start.elapsed().as_secs() >= seconds);
    for interval in &arguments.interval {
        let member = match arguments.member {
            Who::Ours => Member::Ours,
            Who::Frr => Member::Frr,
            Who::Keepalived => Member::Keepalived,
        };
        let pace = Duration::from_secs_f64(arguments.pace / 1000.0);
        let setting = Setting { member, interval: *interval, pace };
        let lab = Lab::new("failover")?;
        let mut bench = Bench::build(&lab, setting)?;
        let mut measures = Vec::new();
        for loss in &arguments.case {
            let case = match loss {
                Loss::Death => Case::Death,
                Loss::Cut => Case::Cut,
                Loss::Stop => Case::Stop,
                Loss::Kill => Case::Kill,
            };
            for number in arguments.from..arguments.times {
                if is_late() {
                    break;
                }
                // Deaths are spread over the interval, as they are in life.
                let seen = bench.run(case, f64::from(number) / f64::from(arguments.times))?;
                if arguments.verbose {
                    seen.iter().for_each(|measure| eprintln!("run {number}: {measure}"));
                }
                measures.extend(seen);
            }
        }
        for summary in Summary::of(&setting, &measures) {
            println!("{summary}");
        }
    }
    Ok(())
}
