//! One connection to a control socket: where it stands among the nodes, and what a line means there.
//!
//! As in FRR's daemons a session starts in VIEW, `enable` leads to ENABLE, `configure` to the configuration
//! nodes. A line that is unknown in a configuration node is tried in the ones around it.

use std::fmt::Write as _;
use std::sync::Arc;

use frr_bridge::vty::codec::Status;

use super::Control;
use super::command::{Block, Daemon, Effect, Unclear, Verb, configure, lookup, verb};
use super::output::{Output, Stop};

/// A session.
#[derive(Debug)]
pub struct Session {
    control: Arc<Control>,
    daemon: Daemon,
    is_enabled: bool,
    /// Blocks entered, outermost first; empty outside the configuration nodes.
    blocks: Vec<Block>,
}

/// What came of a line; its text is in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status that goes with the text.
    pub status: Status,
    /// True if the connection is to be closed after the reply.
    pub close: bool,
}

impl Outcome {
    const SUCCESS: Self = Self::status(Status::SUCCESS);

    const fn status(status: Status) -> Self {
        Self { status, close: false }
    }
}

impl Session {
    /// A session on the socket of `daemon`.
    #[must_use]
    pub const fn new(control: Arc<Control>, daemon: Daemon) -> Self {
        Self { control, daemon, is_enabled: false, blocks: Vec::new() }
    }

    /// Does what a line says.
    pub async fn execute(&mut self, line: &str, out: &mut Output) -> Result<Outcome, Stop> {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['!', '#']) {
            return Ok(Outcome::SUCCESS);
        }
        if let Some(("do", rest)) = line.split_once(char::is_whitespace) {
            return self.show(rest.trim_start(), line, out).await;
        }
        match verb(line) {
            Ok(verb) => self.steer(verb, line, out),
            Err(_) if self.blocks.is_empty() => self.show(line, line, out).await,
            Err(_) => self.configure(line, out).await,
        }
    }

    fn steer(&mut self, verb: Verb, line: &str, out: &mut Output) -> Result<Outcome, Stop> {
        match verb {
            Verb::Enable => self.is_enabled = true,
            Verb::Disable => {
                self.is_enabled = false;
                self.blocks.clear();
            }
            Verb::Configure if !self.is_enabled => return self.unclear(Unclear::Unknown, line, out),
            Verb::Configure => self.blocks = vec![Block::Top],
            Verb::End => self.blocks.clear(),
            Verb::Exit => return Ok(Outcome { close: self.blocks.pop().is_none(), ..Outcome::SUCCESS }),
            Verb::Ping => out.text().push_str("PING\n"),
            Verb::Mark => {}
        }
        Ok(Outcome::SUCCESS)
    }

    async fn show(&self, line: &str, whole: &str, out: &mut Output) -> Result<Outcome, Stop> {
        match lookup(self.daemon, self.is_enabled, line) {
            Ok(command) => Ok(Outcome::status(self.control.answer(self.daemon, command, out).await?)),
            Err(unclear) => self.unclear(unclear, whole, out),
        }
    }

    /// Tries the line in the innermost block, then in the ones around it.
    async fn configure(&mut self, line: &str, out: &mut Output) -> Result<Outcome, Stop> {
        let mut first = None;
        for depth in (0..self.blocks.len()).rev() {
            let Some(block) = self.blocks.get(depth).copied() else { break };
            match configure(self.daemon, block, line) {
                Ok(effect) => {
                    self.blocks.truncate(depth + 1);
                    return self.apply(effect, out).await;
                }
                // "Incomplete" says more than "unknown", wherever it comes from.
                Err(unclear) if first.is_none_or(|first| first == Unclear::Unknown) => first = Some(unclear),
                Err(_) => {}
            }
        }
        self.unclear(first.unwrap_or(Unclear::Unknown), line, out)
    }

    async fn apply(&mut self, effect: Effect, out: &mut Output) -> Result<Outcome, Stop> {
        let status = match effect {
            Effect::Nothing => Status::SUCCESS,
            Effect::Enter(block) => {
                self.blocks.push(block);
                Status::SUCCESS
            }
            Effect::Leave => {
                self.blocks.pop();
                Status::SUCCESS
            }
            Effect::Refused => {
                out.text().push_str(REFUSAL);
                Status::CONFIG_FAILED
            }
            Effect::EnterBgp(named) => {
                let running = self.control.door.instance().await?.map(|instance| instance.asn.0);
                match running {
                    None => {
                        out.text().push_str(REFUSAL);
                        Status::CONFIG_FAILED
                    }
                    Some(running) if named.is_some_and(|named| named != running) => {
                        writeln!(out.text(), "BGP is already running; AS is {running}")?;
                        Status::CONFIG_FAILED
                    }
                    Some(_) => {
                        self.blocks.push(Block::RouterBgp);
                        Status::SUCCESS
                    }
                }
            }
        };
        Ok(Outcome::status(status))
    }

    fn unclear(&self, unclear: Unclear, line: &str, out: &mut Output) -> Result<Outcome, Stop> {
        let status = match unclear {
            Unclear::Unknown => {
                writeln!(out.text(), "% [{}] Unknown command: {line}", self.daemon.label())?;
                Status::NO_MATCH
            }
            Unclear::Ambiguous => {
                out.text().push_str("% Ambiguous command.\n");
                Status::AMBIGUOUS
            }
            Unclear::Incomplete => {
                out.text().push_str("% Command incomplete.\n");
                Status::INCOMPLETE
            }
        };
        Ok(Outcome::status(status))
    }
}

const REFUSAL: &str =
    "% The configuration is changed by editing its file and reloading it (SIGHUP), not over this socket\n";
