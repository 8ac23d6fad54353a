//! `ridgeway`: arguments in, exit status out.

use std::io::{self, IsTerminal, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use router::config::check;
use router::control;
use router::driver::{self, Options};
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
#[command(
    name = "ridgeway",
    version,
    about = "A router that takes an frr.conf as it stands and answers vtysh"
)]
struct Cli {
    /// Folder of the control sockets and the pid file.
    #[arg(long, global = true, default_value = "/var/run/frr", value_name = "DIR")]
    run_dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the router in the foreground; SIGHUP reloads, SIGTERM stops.
    Run(Run),
    /// Say what each line of a configuration comes to; exit 1 if one is wrong.
    Check {
        /// The configuration.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask a running router: `ridgeway show bgp summary json`.
    Show {
        /// The words after `show`.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Act on a running router: `ridgeway clear bgp *`.
    Clear {
        /// The words after `clear`.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

#[derive(Args)]
struct Run {
    /// The configuration.
    file: PathBuf,
    /// Run a file that has errors without the lines they are in.
    #[arg(long)]
    lenient: bool,
    /// Addresses to listen on for BGP; all if not given.
    #[arg(long, value_name = "ADDR")]
    listen: Vec<IpAddr>,
    /// TCP port to listen on for BGP.
    #[arg(long, default_value_t = 179)]
    port: u16,
    /// What becomes of our routes in the kernel on SIGTERM.
    #[arg(long, value_enum, default_value_t = OnStop::Flush)]
    on_stop: OnStop,
    /// BGP's routes stay out of the kernel: for a route reflector or a collector.
    #[arg(long)]
    no_kernel: bool,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnStop {
    /// Nothing is left behind.
    Flush,
    /// Traffic goes on until the next start.
    Keep,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Run(run) => {
            log_to_stderr(run.log_format);
            driver::run(Options {
                file: run.file,
                run_dir: cli.run_dir,
                lenient: run.lenient,
                listen: run.listen,
                port: run.port,
                no_kernel: run.no_kernel,
                keep_routes: matches!(run.on_stop, OnStop::Keep),
            })
        }
        Command::Check { file, json } => check(&file, json),
        Command::Show { words } => ask(&cli.run_dir, "show", words),
        Command::Clear { words } => ask(&cli.run_dir, "clear", words),
    }
}

/// Prints the account of a configuration.
fn check(file: &Path, json: bool) -> ExitCode {
    let printed = check::account(file).and_then(|report| {
        let text = if json { report.json()? } else { report.text() };
        io::stdout().write_all(text.as_bytes())?;
        Ok(report.ok)
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&format!("{}: {error}", file.display())),
    }
}

/// Sends one command to a running router.
fn ask(run_dir: &Path, verb: &str, words: Vec<String>) -> ExitCode {
    let line: Vec<_> = std::iter::once(verb.to_owned()).chain(words).collect();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(control::client::run(run_dir, &line)),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(what: &str) -> ExitCode {
    // Nothing is left to do if stderr is gone.
    let _ = writeln!(io::stderr(), "ridgeway: {what}");
    ExitCode::FAILURE
}

/// The level comes from `RUST_LOG`; `info` if that is not set.
fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = io::stderr().is_terminal();
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
