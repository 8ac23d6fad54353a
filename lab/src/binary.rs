//! Where the `ridgeway` program is: built once for each process that asks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

/// The path of `ridgeway`: `$RIDGEWAY_BIN` when set, else built by cargo in the profile of this program.
pub fn ridgeway() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT
        .get_or_init(|| find().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(|text| anyhow!("{text}"))
}

/// The top of the repository.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("RIDGEWAY_BIN") {
        let path =
            std::fs::canonicalize(&path).with_context(|| format!("RIDGEWAY_BIN={}", path.display()))?;
        return Ok(path);
    }
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["build", "--quiet", "-p", "router", "--bin", "ridgeway"]);
    if profile == "release" {
        command.arg("--release");
    }
    let status = command.status().context("starting cargo to build ridgeway")?;
    if !status.success() {
        bail!("cargo could not build ridgeway: {status}");
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    Ok(target.join(profile).join("ridgeway"))
}
