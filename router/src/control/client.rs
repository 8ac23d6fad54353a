//! `ridgeway show …`: one command to a running router, over the socket that knows it.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use frr_bridge::vty::client::Client;
use frr_bridge::vty::codec::Status;

use super::command::{Daemon, Unclear, lookup};

/// Sends the words as one line, prints the answer, and says by its exit code whether the router took it.
pub async fn run(run_dir: &Path, words: &[String]) -> ExitCode {
    let line = words.join(" ");
    let daemon = daemon_for(&line);
    let socket = run_dir.join(format!("{}.vty", daemon.name()));
    match ask(&socket, &line).await {
        Ok(Status::SUCCESS) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to do if stderr is gone.
            let _ = writeln!(io::stderr(), "ridgeway: {}: {error}", socket.display());
            ExitCode::FAILURE
        }
    }
}

async fn ask(socket: &Path, line: &str) -> io::Result<Status> {
    let mut client = Client::connect(socket).await?.with_patience(PATIENCE);
    client.request("enable").await?;
    let reply = client.request(line).await?;
    match io::stdout().write_all(reply.text.as_bytes()) {
        // As other tools do when the reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(reply.status)
}

/// The daemon whose command it is; bgpd says what is wrong with those of none.
fn daemon_for(line: &str) -> Daemon {
    let knows = |daemon: &Daemon| lookup(*daemon, true, line) != Err(Unclear::Unknown);
    [Daemon::Bgpd, Daemon::Zebra, Daemon::Vrrpd].into_iter().find(knows).unwrap_or(Daemon::Bgpd)
}

/// A full table takes its time.
const PATIENCE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_to_the_daemon_that_knows_it() {
        assert_eq!(daemon_for("show bgp summary"), Daemon::Bgpd);
        assert_eq!(daemon_for("sh ip ro 10.0.0.0/8 json"), Daemon::Zebra);
        assert_eq!(daemon_for("show interface brief"), Daemon::Zebra);
        assert_eq!(daemon_for("show vrrp interface eth0 5 json"), Daemon::Vrrpd);
        assert_eq!(daemon_for("show nonsense"), Daemon::Bgpd);
        assert_eq!(daemon_for("clear bgp *"), Daemon::Bgpd);
    }
}
