//! The core paths in instructions: the same on a busy machine as on a quiet one, so a test can hold them.
//!
//! `cargo bench -p benches --profile counts --bench counts` runs this program again under valgrind's callgrind,
//! which counts what happens inside [`measured`], and compares with `counts.txt`. More than the tolerance above
//! a committed number fails. `-- --update` writes the file anew.
//!
//! Counts depend on the compiler. Those of another one than the file was written with are shown, not compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

mod work;

/// By how much a count may exceed the committed one.
const TOLERANCE: f64 = 0.03;
/// Set where this program runs under callgrind.
const COUNTING: &str = "RIDGEWAY_COUNTING";

fn main() -> Result<ExitCode> {
    if env::var_os(COUNTING).is_some() {
        walk();
        return Ok(ExitCode::SUCCESS);
    }
    let counts = count()?;
    let compiler = compiler()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.txt");
    if env::args().any(|arg| arg == "--update") {
        fs::write(&file, written(&compiler, &counts)).with_context(|| file.display().to_string())?;
    }
    let committed = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(compare(&compiler, &counts, &Committed::read(&committed)))
}

/// Walks every path twice: once so that all memory is there, once measured.
fn walk() {
    for path in work::PATHS {
        let mut work = (path.begin)();
        work.ready();
        work.run();
        work.ready();
        let seen = counted(measured(&mut || work.run()));
        println!("{} {seen}", work.units);
    }
}

/// Where callgrind begins to count: a name to be found by, and a call.
#[inline(never)]
fn measured(run: &mut dyn FnMut() -> usize) -> usize {
    std::hint::black_box(run())
}

/// Where it writes down what it has counted.
#[inline(never)]
fn counted(seen: usize) -> usize {
    std::hint::black_box(seen)
}

/// Instructions per unit of every path, in the order of the paths.
fn count() -> Result<Vec<f64>> {
    let folder = env::temp_dir().join(format!("ridgeway-counts-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let dumps = folder.join("callgrind");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--combine-dumps=yes", "--compress-strings=yes", "--dump-line=no"])
        .args(["--zero-before=counts::measured", "--dump-before=counts::counted"])
        .arg(format!("--callgrind-out-file={}", dumps.display()))
        .arg(env::current_exe()?)
        .env(COUNTING, "1")
        .output()
        .context("valgrind cannot be started: apt-get install valgrind")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dumps = fs::read_to_string(&dumps);
    fs::remove_dir_all(&folder)?;
    let totals = dumps?;
    let totals = totals.lines().filter_map(|line| line.strip_prefix("totals: ")?.trim().parse::<f64>().ok());
    let units = String::from_utf8(output.stdout)?;
    let units = units.lines().filter_map(|line| line.split(' ').next()?.parse::<f64>().ok());
    let counts: Vec<f64> = totals.zip(units).map(|(total, units)| total / units).collect();
    if counts.len() != work::PATHS.len() {
        bail!("callgrind counted {} of {} paths", counts.len(), work::PATHS.len());
    }
    Ok(counts)
}

/// The compiler's version and what it compiles for.
fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(format!("rustc {} {}", field("release: "), field("host: ")))
}

/// The committed numbers.
struct Committed<'a> {
    compiler: &'a str,
    counts: BTreeMap<&'a str, f64>,
}

impl<'a> Committed<'a> {
    fn read(text: &'a str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let compiler = lines.next().unwrap_or_default();
        let counts = lines.filter_map(|line| {
            let (count, name) = line.trim_start().split_once(' ')?;
            Some((name.rsplit_once(", per ")?.0, count.parse().ok()?))
        });
        Self { compiler, counts: counts.collect() }
    }
}

fn written(compiler: &str, counts: &[f64]) -> String {
    let mut text = "# Instructions, as `benches/counts.rs` counts them and writes them here.\n".to_owned();
    let _ = writeln!(text, "{compiler}");
    for (path, count) in work::PATHS.iter().zip(counts) {
        let _ = writeln!(text, "{count:>8.1} {}, per {}", path.name, path.unit);
    }
    text
}

fn compare(compiler: &str, counts: &[f64], committed: &Committed<'_>) -> ExitCode {
    let is_same = committed.compiler == compiler;
    let (mut has_grown, mut has_shrunk) = (false, false);
    println!("{:>9} {:>9} {:>7}", "committed", "counted", "");
    for (path, count) in work::PATHS.iter().zip(counts) {
        let Some(before) = committed.counts.get(path.name) else {
            println!("{:>9} {count:>9.1} {:>7} {}, per {}", "none", "", path.name, path.unit);
            has_grown |= is_same;
            continue;
        };
        let change = count / before - 1.0;
        let verdict = if change > TOLERANCE { "  more than the tolerance" } else { "" };
        let (name, unit, change_shown) = (path.name, path.unit, change * 100.0);
        println!("{before:>9.1} {count:>9.1} {change_shown:>+6.1}% {name}, per {unit}{verdict}");
        has_grown |= is_same && change > TOLERANCE;
        has_shrunk |= is_same && change < -TOLERANCE;
    }
    if !is_same {
        println!("not compared: the committed counts are of {}, these of {compiler}", committed.compiler);
    }
    if has_shrunk {
        println!("some paths are shorter now: `-- --update` writes that down");
    }
    if has_grown { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
