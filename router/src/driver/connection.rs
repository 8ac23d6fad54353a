//! One BGP connection: octets between the socket and the session, events to the speaker.
//!
//! The task waits for the socket, the session's deadline, the speaker's commands, and until its last letter to the
//! postman has been taken. Before that nothing more is read, so a busy speaker slows the peer down by TCP and memory
//! stays bounded; timers and writing go on meanwhile. A connection at rest holds no buffer.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Duration;

use bgp_core::session::{Session, SessionCommand, SessionEvent};
use bgp_core::speaker::SessionStats;
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::clock::{Clock, sleep_until};
use super::outbox::Outbox;
use super::reports::{Note, Sender};

/// A connection and what it needs to run.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) session: Session,
    pub(super) outbox: Outbox,
    pub(super) postman: Sender,
    pub(super) clock: Clock,
}

impl Connection {
    /// Carries the session until it has ended and the postman has been told.
    pub(super) async fn run(mut self) {
        let mut input = BytesMut::new();
        let mut output = Output::default();
        let mut events = Vec::new();
        let mut counted_at = self.clock.now();
        let mut has_read = false;
        loop {
            while let Some(octets) = self.session.poll_transmit() {
                output.push(octets);
            }
            while let Some(event) = self.session.poll_event() {
                events.push(event);
            }
            let is_ended = matches!(events.last(), Some(SessionEvent::Down(_)));
            let is_to_count = is_ended || self.clock.now() - counted_at >= COUNT_EVERY;
            if is_to_count {
                counted_at = self.clock.now();
            }
            self.note(is_to_count, &mut output);
            if !events.is_empty() && self.postman.is_heard() {
                self.postman.post(std::mem::take(&mut events));
                if is_ended {
                    break;
                }
            }
            if std::mem::take(&mut has_read) && self.postman.is_heard() {
                // There is nothing to wait for: a peer with nothing to say would keep the thread if it said that
                // without a pause.
                tokio::task::yield_now().await;
            }
            let wake = self.session.poll_timeout().map(|(at, _)| at);
            // A peer that never pauses would otherwise always come before the clock.
            if wake.is_some_and(|at| at <= self.clock.now()) {
                self.take(Turn::Deadline, &mut input, &mut output);
                continue;
            }
            let is_heard = self.postman.is_heard();
            let Self { stream, outbox, postman, .. } = &self;
            let turn = tokio::select! {
                biased;
                () = postman.heard(), if !is_heard => continue,
                ready = stream.writable(), if !output.is_empty() => Turn::Writable(ready),
                commands = outbox.take() => Turn::Commands(commands),
                ready = stream.readable(), if is_heard => Turn::Readable(ready),
                () = sleep_until(self.clock, wake) => Turn::Deadline,
            };
            has_read = matches!(turn, Turn::Readable(_));
            self.take(turn, &mut input, &mut output);
        }
        output.finish(&mut self.stream).await;
    }

    fn take(&mut self, turn: Turn, input: &mut BytesMut, output: &mut Output) {
        match turn {
            Turn::Writable(ready) => {
                let written = ready.and_then(|()| output.write(&self.stream));
                self.after_write(written, output);
            }
            Turn::Commands(commands) => self.obey(commands, output),
            Turn::Readable(ready) => {
                let read = ready.and_then(|()| read(&self.stream, input));
                self.after_read(read, input);
            }
            Turn::Deadline => {
                // What has come in meanwhile speaks for the peer before a deadline speaks against it.
                let read = read(&self.stream, input);
                self.after_read(read, input);
                self.session.handle_timeout(self.clock.now());
            }
        }
    }

    /// Tells what has been written, and the counters now and then.
    fn note(&self, is_to_count: bool, output: &mut Output) {
        let sent = std::mem::take(&mut output.unreported);
        if sent > 0 || is_to_count {
            let stats = is_to_count.then(|| SessionStats::from(self.session.history()));
            self.postman.note(Note { sent, stats });
        }
    }

    fn obey(&mut self, commands: VecDeque<SessionCommand>, output: &mut Output) {
        let now = self.clock.now();
        for command in commands {
            if let SessionCommand::Transmit(octets) = &command {
                output.routes += octets.len();
            }
            self.session.handle_command(command, now);
        }
    }

    fn after_read(&mut self, read: io::Result<usize>, input: &mut BytesMut) {
        let now = self.clock.now();
        match read {
            Ok(0) => self.session.handle_closed(now),
            Ok(_) => self.session.handle_input(input, now),
            Err(error) if is_transient(&error) => {}
            Err(_) => self.session.handle_closed(now),
        }
        if input.is_empty() {
            *input = BytesMut::new();
        }
    }

    fn after_write(&mut self, written: io::Result<usize>, output: &mut Output) {
        let now = self.clock.now();
        match written {
            Ok(octets) => self.session.handle_transmitted(octets, now),
            Err(error) if is_transient(&error) => {}
            Err(_) => {
                // Such a socket says at once, and for ever, that it could be written to.
                output.queue.clear();
                self.session.handle_closed(now);
            }
        }
    }
}

/// What woke the task.
enum Turn {
    Writable(io::Result<()>),
    Commands(VecDeque<SessionCommand>),
    Readable(io::Result<()>),
    Deadline,
}

/// Octets on their way to the socket.
#[derive(Debug, Default)]
struct Output {
    queue: VecDeque<Bytes>,
    /// Octets of routes that were queued and not written yet.
    routes: usize,
    /// Octets of routes that were written and not reported yet.
    unreported: usize,
}

impl Output {
    fn push(&mut self, octets: Bytes) {
        self.queue.push_back(octets);
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn write(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        for (slice, octets) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(octets);
        }
        let written = stream.try_write_vectored(&slices)?;
        self.take_off(written);
        let routes = written.min(self.routes);
        self.routes -= routes;
        self.unreported += routes;
        Ok(written)
    }

    fn take_off(&mut self, mut written: usize) {
        while let Some(first) = self.queue.front_mut() {
            if first.len() > written {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.queue.pop_front();
        }
    }

    /// Writes what is left, a NOTIFICATION above all, for a moment at most, and closes.
    async fn finish(&mut self, stream: &mut TcpStream) {
        let flush = async {
            for octets in &self.queue {
                stream.write_all(octets).await?;
            }
            stream.shutdown().await
        };
        // The peer may be gone or deaf: then there is nobody to tell.
        let _ = tokio::time::timeout(LAST_WORDS, flush).await;
    }
}

fn read(stream: &TcpStream, input: &mut BytesMut) -> io::Result<usize> {
    input.reserve(READ);
    stream.try_read_buf(input)
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// How often the speaker hears of a connection's counters, if anything happens on it.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Octets asked of the socket at once: what a single route of somebody else may have to wait for, a millisecond or
/// less.
const READ: usize = 16 * 1024;
/// Buffers given to the socket at once.
const SLICES: usize = 32;
/// How long a NOTIFICATION may take to leave.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use bgp_core::session::SessionConfig;
    use bgp_core::speaker::config::RemoteAs;
    use bgp_core::wire::{ErrorKind, NotificationBuf};
    use bgp_core::{Asn, Family, RouterId, SessionId};

    use super::*;
    use crate::driver::reports::{Admit, Inbox};

    const KEEPALIVE: [u8; 19] =
        [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 19, 4];

    /// An OPEN of AS 65002 without capabilities, hold time 180 s.
    fn open() -> Vec<u8> {
        let rest = [0, 29, 1, 4, 0xfd, 0xea, 0, 180, 192, 0, 2, 2, 0];
        [&[255; 16][..], &rest].concat()
    }

    fn config() -> SessionConfig {
        SessionConfig {
            local_as: Asn(65001),
            router_id: RouterId(1),
            remote_as: RemoteAs::External,
            hold: Duration::from_secs(180),
            keepalive: Duration::from_secs(60),
            families: Family::ALL.into_iter().collect(),
            offer: None,
        }
    }

    /// Runs a connection to a peer that does `peer` beside `postman`, who has a thread with it alone.
    fn beside<P: Future<Output = ()>>(
        peer: impl FnOnce(std::net::TcpStream) + Send + 'static,
        postman: impl FnOnce(Inbox, Outbox) -> P,
    ) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let peer = thread::spawn(move || peer(std::net::TcpStream::connect(address).unwrap()));
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (clock, inbox, outbox) = (Clock::start(), Inbox::default(), Outbox::default());
            let connection = Connection {
                stream: TcpStream::from_std(stream).unwrap(),
                session: Session::new(config(), 1, clock.now()),
                outbox: outbox.clone(),
                postman: inbox.sender(SessionId(1)),
                clock,
            };
            tokio::spawn(connection.run());
            postman(inbox, outbox).await;
        });
        // The connection is closed with it.
        drop(runtime);
        peer.join().unwrap();
    }

    #[test]
    fn a_peer_that_never_pauses_does_not_keep_the_thread() {
        let flood = |mut stream: std::net::TcpStream| {
            stream.write_all(&open()).unwrap();
            let many = KEEPALIVE.repeat(10_000);
            // Until the router has had enough of it.
            while stream.write_all(&many).is_ok() {}
        };
        beside(flood, |inbox, _| async move {
            for _ in 0..20 {
                while inbox.take(Admit::All).is_some() {}
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }

    #[test]
    fn a_connection_that_cannot_be_written_to_waits_until_it_is_heard() {
        let hang_up = |mut stream: std::net::TcpStream| {
            stream.write_all(&open()).unwrap();
            // What has not been read makes the kernel answer with a reset.
            stream.read_exact(&mut [0]).unwrap();
        };
        beside(hang_up, |inbox, outbox| async move {
            inbox.filled(Admit::All).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            outbox.push(SessionCommand::Stop(NotificationBuf::new(ErrorKind::ADMINISTRATIVE_SHUTDOWN)));
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(matches!(inbox.take(Admit::All).unwrap().events[..], [SessionEvent::Opened(_)]));
            inbox.filled(Admit::All).await;
            inbox.take_notes();
            inbox.filled(Admit::All).await;
            assert!(matches!(inbox.take(Admit::All).unwrap().events[..], [SessionEvent::Down(_)]));
        });
    }
}
