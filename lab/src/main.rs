//! `lab`: the whole site of network namespaces on this machine, our own daemon in every role.
//!
//! In a terminal it is shown live, with keys to break and mend it. Without one, or with `--tour`, it runs a scripted
//! tour and prints a line for each claim; the exit status says whether all of them held.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lab::daemon::Kind;
use nix::sys::signal::{SigSet, Signal};

mod demo;

/// A site with two provider cores, three routers and three hosts, in network namespaces.
#[derive(Parser)]
struct Arguments {
    /// Run the scripted tour even in a terminal.
    #[arg(long)]
    tour: bool,
    /// Whose daemon plays every role.
    #[arg(long, value_enum, default_value = "ridgeway")]
    daemon: Choice,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    Ridgeway,
    /// For a comparison.
    Frr,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let kind = match arguments.daemon {
        Choice::Ridgeway => Kind::Ridgeway,
        Choice::Frr => Kind::Frr,
    };
    if let Err(error) = clean_up_on_signals() {
        eprintln!("lab: signals are not caught, an interrupted run leaves namespaces behind: {error}");
    }
    let live = std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !arguments.tour;
    let outcome = if live { demo::view::run(kind).map(|()| true) } else { demo::tour::run(kind) };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP remove what was made before they end the program. They are blocked in every thread and
/// awaited by one, which needs no handler.
fn clean_up_on_signals() -> nix::Result<()> {
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    signals.thread_block()?;
    std::thread::spawn(move || {
        let caught = signals.wait();
        if std::io::stdout().is_terminal() {
            ratatui::restore();
        }
        lab::sandbox::remove_own();
        std::process::exit(caught.map_or(1, |signal| 128 + signal as i32));
    });
    Ok(())
}
