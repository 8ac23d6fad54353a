//! Full tables through Ridgeway and other daemons, side by side: one command, tables of figures.
//!
//! ```text
//! work ──plan──▶ contender::*  (a daemon in a namespace of its own, fresh for each work)
//!   │               ▲ BGP
//!   └─▶ stand ──▶ loader       (all peers, in this process)
//!   └─▶ figures ──▶ report     (Markdown, with the ratio to BIRD, the limit and the verdict)
//! ```
//!
//! Needs root or user namespaces. Nothing is left behind, also after an interrupt or a panic: a [`lab::Lab`] owns all.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use contender::Contender;
use report::Table;
use work::{Settings, Work};

mod contender;
mod copy_through;
mod kernel;
mod plan;
mod report;
mod rig;
mod stand;
mod work;

#[derive(Parser)]
#[command(about = "Runs Ridgeway and other BGP daemons on the same work and prints what each took")]
struct Cli {
    /// What to do; all of it if not given.
    works: Vec<Work>,
    /// Whom to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "default")]
    daemons: Vec<Choice>,
    /// A table in MRT form (TABLE_DUMP_V2) instead of the made-up one.
    #[arg(long)]
    mrt: Option<PathBuf>,
    /// Does each so often; the figures are medians.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Gives a daemon up when a load takes so many seconds, start and end included.
    #[arg(long, default_value_t = 90)]
    patience: u64,
    /// Is the stand-in that copies.
    #[arg(long, hide = true)]
    copy_through: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Ridgeway, BIRD and the stand-in that only copies.
    Default,
    /// All that are installed; the slower ones in the works that they can do.
    All,
    Ridgeway,
    Bird,
    Frr,
    Openbgpd,
    Gobgp,
    CopyThrough,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = if cli.copy_through { copy_through::run() } else { measure(&cli) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("full-table: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(cli: &Cli) -> Result<()> {
    lab::binary::ridgeway()?;
    lab::sandbox::enter()?;
    clean_up_on_signals()?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most.min(65_536), most)?;
    let settings = Settings { patience: Duration::from_secs(cli.patience), mrt: cli.mrt.clone() };
    let (mut kept, mut judged) = (0, 0);
    for work in works(cli) {
        let mut table = Table::new(work.title());
        for contender in contenders(&cli.daemons).filter(|contender| work.suits(*contender)) {
            if !contender.is_installed() {
                eprintln!("{} is not installed", contender.title());
                continue;
            }
            table.add(contender, &runs(work, contender, &settings, cli.runs));
        }
        println!("{}", table.markdown());
        let (more_kept, more_judged) = table.score();
        (kept, judged) = (kept + more_kept, judged + more_judged);
    }
    println!("{kept} of {judged} limits kept");
    Ok(())
}

/// Figures of every run; a run that fails has those that it came to, and says why.
fn runs(work: Work, contender: Contender, settings: &Settings, count: usize) -> Vec<Vec<report::Figure>> {
    let mut all = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let mut figures = Vec::new();
        if let Err(error) = work.measure(contender, settings, &mut figures) {
            eprintln!("{}, {}: {error:#}", work.title(), contender.title());
        }
        all.push(figures);
        eprintln!("{}: {} ({:.0} s)", work.title(), contender.title(), start.elapsed().as_secs_f64());
    }
    all
}

fn works(cli: &Cli) -> Vec<Work> {
    match (&cli.works[..], &cli.mrt) {
        ([], None) => Work::value_variants().to_vec(),
        ([], Some(_)) => vec![Work::OneFeed, Work::FourFeeds],
        (chosen, _) => chosen.to_vec(),
    }
}

fn contenders(choices: &[Choice]) -> impl Iterator<Item = Contender> {
    let is_chosen = |contender: &Contender| {
        choices.iter().any(|choice| match choice {
            Choice::Default => {
                matches!(contender, Contender::Ridgeway | Contender::Bird | Contender::CopyThrough)
            }
            Choice::All => true,
            Choice::Ridgeway => *contender == Contender::Ridgeway,
            Choice::Bird => *contender == Contender::Bird,
            Choice::Frr => *contender == Contender::Frr,
            Choice::Openbgpd => *contender == Contender::Openbgpd,
            Choice::Gobgp => *contender == Contender::Gobgp,
            Choice::CopyThrough => *contender == Contender::CopyThrough,
        })
    };
    Contender::value_variants().iter().copied().filter(is_chosen)
}

/// SIGINT, SIGTERM and SIGHUP remove what was made before they end the program. They are blocked in every thread and
/// awaited by one, which needs no handler.
fn clean_up_on_signals() -> Result<()> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    signals.thread_block()?;
    std::thread::spawn(move || {
        let caught = signals.wait();
        lab::sandbox::remove_own();
        std::process::exit(caught.map_or(1, |signal| 128 + signal as i32));
    });
    Ok(())
}
