//! The control sockets: FRR's framing on one side, sessions on the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use frr_bridge::vty::codec::{Reply, Status};
use frr_bridge::vty::server::{self, Listener};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::Control;
use super::command::Daemon;
use super::output::Output;
use super::session::{Outcome, Session};

/// Accepts connections for ever; each is served in a task of its own.
pub async fn serve(listener: Listener, control: Arc<Control>, daemon: Daemon) {
    loop {
        let connection = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                // Out of descriptors, most likely: whoever asks waits until there are some again.
                warn!(daemon = daemon.name(), %error, "control socket");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let session = Session::new(Arc::clone(&control), daemon);
        tokio::spawn(async move {
            if let Err(error) = converse(connection, session).await {
                debug!(daemon = daemon.name(), %error, "control connection ended");
            }
        });
    }
}

async fn converse(mut connection: server::Session, mut session: Session) -> io::Result<()> {
    while let Some(line) = connection.next_line().await? {
        let (chunks, mut parts) = mpsc::channel(WAITING);
        let answer = async {
            let mut out = Output::streamed(chunks);
            let outcome = session.execute(&line, &mut out).await;
            (outcome, out.into_rest())
        };
        let send = async {
            while let Some(part) = parts.recv().await {
                if connection.write(&part).await.is_err() {
                    // The answer stops when it sees that nobody reads.
                    parts.close();
                }
            }
        };
        let ((outcome, rest), ()) = tokio::join!(answer, send);
        let (text, outcome) = match outcome {
            Ok(outcome) => (rest, outcome),
            Err(stop) => (format!("{rest}% {stop}\n"), Outcome { status: Status::WARNING, close: false }),
        };
        connection.reply(Reply::new(outcome.status, text)).await?;
        if outcome.close {
            break;
        }
    }
    Ok(())
}

/// How long to leave a socket alone that cannot accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Chunks that may wait to be written.
const WAITING: usize = 2;
