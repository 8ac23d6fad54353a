//! The kernel as a reconciled set: what is wanted is kept wanted, what is ours and unwanted goes.
//!
//! One task owns the sockets, the system table and the memory of what is wanted. [`Kernel`] is the handle:
//! [`Command`]s in through a bounded channel, [`Event`]s out through another.
//!
//! The task has a thread and a runtime of its own, because the kernel works requests off inside the system call.
//!
//! **Start.** Links, addresses and routes are read. Routes with our marks (protocol 186 and 196 in our table) are
//! adopted: remembered by prefix and fingerprint. A wanted route that is there already costs no write; a different
//! one is replaced in place; what is left after [`Command::Converged`] is removed.
//!
//! **Next hops.** BGP's routes that leave by the same way share a next-hop object of the kernel's, which is made,
//! adopted and removed with them (`docs/adr/0002-next-hop-objects.md`).
//!
//! **Drift.** When messages were lost, when an interface went down or lost its carrier (the kernel then drops IPv4
//! routes without a word), when somebody took a next-hop object away, and every so often, the kernel is read again in
//! the same way, with [`Event::WantAll`] asking BGP for its table (and [`Command::Resent`] ending the answer): no
//! second copy of it is held here between those moments.
//!
//! **Distance.** Connected and kernel routes (0), static (1 or as configured) and BGP compete per prefix, and only
//! the winner is in the kernel. Only prefixes with a competitor are remembered here.

mod addresses;
mod command;
mod event;
mod fib;
mod flush;
mod held;
mod objects;
mod outbox;
mod reading;
mod report;
mod task;
mod view;
mod ways;

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

pub use command::{
    BgpNextHop, BgpRoute, Command, ForwardingFamily, Leave, RouteBatch, StopReport, WantedAddress,
};
pub use event::{Event, Redistributed, Refusal};
pub use view::{HopView, KindView, RouteView, View};

pub use crate::resolve::{Source, Sources, StaticRoute, StaticVia};

use self::task::{Doors, Stop, Task};
use crate::route::TABLE_MAIN;

/// How the kernel task works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kernel table of our routes.
    pub table: u32,
    /// How often the kernel is read again. Stretched where reading takes more than a hundredth of it.
    pub drift: Duration,
    /// Receive buffer of the monitor socket, octets.
    pub receive_buffer: usize,
    /// Commands, and events, that may wait.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { table: TABLE_MAIN, drift: Duration::from_secs(60), receive_buffer: 16 << 20, queue: 64 }
    }
}

/// The handle of the kernel task.
#[derive(Clone, Debug)]
pub struct Kernel {
    commands: mpsc::Sender<Command>,
    stop: mpsc::Sender<Stop>,
}

/// A place in the line of commands, free again if it is not filled.
#[derive(Debug)]
pub struct Room<'a>(mpsc::Permit<'a, Command>);

impl Room<'_> {
    /// Sends `command`.
    pub fn fill(self, command: Command) {
        self.0.send(command);
    }
}

/// The kernel task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel task has ended")]
pub struct Stopped;

impl Kernel {
    /// Starts the task on a thread of its own, in the calling thread's network namespace.
    pub fn start(options: &Options) -> io::Result<(Self, mpsc::Receiver<Event>)> {
        let (commands, inbox) = mpsc::channel(options.queue);
        let (outbox, events) = mpsc::channel(options.queue);
        let (stop, order) = mpsc::channel(1);
        let doors = Doors { commands: inbox, stop: order, events: outbox };
        let (opened, outcome) = std::sync::mpsc::channel();
        let options = options.clone();
        thread::Builder::new().name("kernel".to_owned()).spawn(move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(error))),
            };
            runtime.block_on(async {
                match Task::open(&options) {
                    Ok((task, monitor)) => {
                        let _ = opened.send(Ok(()));
                        task.run(monitor, doors).await;
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            });
        })?;
        outcome.recv().map_err(io::Error::other)??;
        Ok((Self { commands, stop }, events))
    }

    /// Sends a command; waits while the task is busy. Never deadlocks with a listener that does not read events.
    pub async fn send(&self, command: Command) -> Result<(), Stopped> {
        self.commands.send(command).await.map_err(|_| Stopped)
    }

    /// Sends a batch if there is room, and gives it back if not, so that it can collect further changes meanwhile.
    pub fn offer(&self, batch: RouteBatch) -> Result<(), RouteBatch> {
        match self.commands.try_send(Command::Routes(batch)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(command) | mpsc::error::TrySendError::Closed(command)) => {
                match command {
                    Command::Routes(batch) => Err(batch),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Room for one command, if there is some; none either once the task has ended.
    #[must_use]
    pub fn room(&self) -> Option<Room<'_>> {
        self.commands.try_reserve().ok().map(Room)
    }

    /// Waits until [`offer`](Self::offer) or [`room`](Self::room) would find room.
    pub async fn writable(&self) -> Result<(), Stopped> {
        self.commands.reserve().await.map(drop).map_err(|_| Stopped)
    }

    /// A snapshot for `show`.
    pub async fn view(&self) -> Result<View, Stopped> {
        let (answer, view) = oneshot::channel();
        self.send(Command::View(answer)).await?;
        view.await.map_err(|_| Stopped)
    }

    /// Ends the task, ahead of commands that wait if routes are to be removed anyway, and says what was done.
    pub async fn stop(&self, leave: Leave) -> Result<StopReport, Stopped> {
        let (answer, report) = oneshot::channel();
        self.stop.send(Stop { leave, answer }).await.map_err(|_| Stopped)?;
        report.await.map_err(|_| Stopped)
    }
}
