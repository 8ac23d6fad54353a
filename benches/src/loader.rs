//! All the peers of a load in one thread: feeds that announce, listeners that count, and those that only are there.
//!
//! Nothing runs behind the caller's back: [`Loader::turn`] does one round of what is possible now - writes what the
//! feeds have to say, reads what the router says, sends the keepalives that are due - so a clock is read at once after
//! the octets that it is about, and no wake-up of a thread is part of a figure. With a wait of zero it spins.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::message::{self, HEADER, Identity, KEEPALIVE, OPEN};
use crate::present::Present;

/// The peers, by their numbers in the order they were added.
#[derive(Default)]
pub struct Loader {
    peers: Vec<Peer>,
    scratch: Vec<u8>,
}

/// Whether what the router says to a peer matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    /// It is read and dropped.
    Deaf,
    /// It is counted.
    Listening,
}

struct Peer {
    who: Identity,
    /// `None` after it was lost on purpose.
    stream: Option<TcpStream>,
    heard: Option<Box<Heard>>,
    outgoing: Vec<u8>,
    written: usize,
    keepalive: Option<(Duration, Instant)>,
}

struct Heard {
    present: Present,
    unread: Vec<u8>,
    last: Option<Instant>,
}

impl Loader {
    /// Connects a peer and gets its session up, trying again for `patience`. In the network namespace of the caller.
    ///
    /// # Errors
    ///
    /// Where the router does not accept the session in that time.
    pub fn add(&mut self, who: Identity, hold: u16, ear: Ear, patience: Duration) -> io::Result<usize> {
        let give_up = Instant::now() + patience;
        let stream = loop {
            match establish(&who, hold) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > give_up => {
                    return Err(io::Error::new(error.kind(), format!("{}: {error}", who.address)));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        };
        stream.set_nonblocking(true)?;
        let heard = || Heard { present: Present::default(), unread: Vec::new(), last: None };
        let every = Duration::from_secs(u64::from(hold)) / 3;
        self.peers.push(Peer {
            who,
            stream: Some(stream),
            heard: (ear == Ear::Listening).then(|| Box::new(heard())),
            outgoing: Vec::new(),
            written: 0,
            keepalive: (hold > 0).then(|| (every, Instant::now() + every)),
        });
        Ok(self.peers.len() - 1)
    }

    /// Has a peer say `octets`, after what it still has to say. Nothing is written before the next turn.
    pub fn say(&mut self, peer: usize, octets: Vec<u8>) {
        if let Some(peer) = self.peers.get_mut(peer) {
            if peer.written == peer.outgoing.len() {
                (peer.outgoing, peer.written) = (octets, 0);
            } else {
                peer.outgoing.extend_from_slice(&octets);
            }
        }
    }

    /// Writes what a peer has to say, as much as the socket takes in one call.
    ///
    /// # Errors
    ///
    /// Where the connection has failed.
    pub fn write_now(&mut self, peer: usize) -> io::Result<()> {
        self.peers.get_mut(peer).map_or(Ok(()), Peer::write)
    }

    /// Ends a peer's connection.
    pub fn lose(&mut self, peer: usize) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.stream = None;
        }
    }

    /// Waits up to `wait` until a socket is ready, then reads and writes each that is, once.
    ///
    /// # Errors
    ///
    /// Where a connection has failed or a listener has heard what is no BGP.
    pub fn turn(&mut self, wait: Duration) -> io::Result<()> {
        let now = Instant::now();
        for peer in &mut self.peers {
            peer.keep_alive(now);
        }
        let ready: Vec<(usize, PollFlags)> = {
            let streams = self.peers.iter().enumerate().filter_map(|(at, peer)| {
                let output =
                    if peer.written < peer.outgoing.len() { PollFlags::POLLOUT } else { PollFlags::empty() };
                Some((at, PollFd::new(peer.stream.as_ref()?.as_fd(), PollFlags::POLLIN | output)))
            });
            let (numbers, mut fds): (Vec<_>, Vec<_>) = streams.unzip();
            let wait = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
            match poll(&mut fds, wait) {
                Ok(0) | Err(nix::Error::EINTR) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let events = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
            numbers.into_iter().zip(events).filter(|(_, events)| !events.is_empty()).collect()
        };
        self.scratch.resize(READ, 0);
        for (at, events) in ready {
            let Some(peer) = self.peers.get_mut(at) else { continue };
            if events.contains(PollFlags::POLLOUT) {
                peer.write()?;
            }
            if events != PollFlags::POLLOUT {
                peer.read(&mut self.scratch)?;
            }
        }
        Ok(())
    }

    /// Prefixes that are announced to a listener.
    #[must_use]
    pub fn present(&self, peer: usize) -> usize {
        self.heard(peer).map_or(0, |heard| heard.present.count())
    }

    /// When a listener last heard an UPDATE.
    #[must_use]
    pub fn last(&self, peer: usize) -> Option<Instant> {
        self.heard(peer).and_then(|heard| heard.last)
    }

    /// The single routes that a listener has heard of since this was asked last.
    pub fn take_singles(&mut self, peer: usize) -> Vec<u16> {
        let heard = self.peers.get_mut(peer).and_then(|peer| peer.heard.as_mut());
        heard.map(|heard| heard.present.take_singles()).unwrap_or_default()
    }

    /// Whether a peer has written all that it was to say.
    #[must_use]
    pub fn has_said_all(&self, peer: usize) -> bool {
        self.peers.get(peer).is_none_or(|peer| peer.written == peer.outgoing.len())
    }

    fn heard(&self, peer: usize) -> Option<&Heard> {
        self.peers.get(peer).and_then(|peer| peer.heard.as_deref())
    }
}

impl Peer {
    fn keep_alive(&mut self, now: Instant) {
        let Some((every, due)) = &mut self.keepalive else { return };
        if *due <= now {
            *due = now + *every;
            // Octets on their way keep it alive too, and a message must not get in between.
            if self.written == self.outgoing.len() {
                (self.outgoing, self.written) = (message::keepalive(), 0);
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let upto = self.outgoing.len().min(self.written + WRITE);
        match stream.write(&self.outgoing[self.written..upto]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(self.failed(&error.to_string())),
        }
        Ok(())
    }

    fn read(&mut self, scratch: &mut [u8]) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let kept = self.heard.as_ref().map_or(0, |heard| heard.unread.len());
        if let Some(heard) = &self.heard {
            scratch[..kept].copy_from_slice(&heard.unread);
        }
        let count = match stream.read(&mut scratch[kept..]) {
            Ok(0) => return Err(self.failed("the router has closed the connection")),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(self.failed(&error.to_string())),
        };
        let octets = &scratch[..kept + count];
        if let Some(heard) = &mut self.heard {
            let before = heard.present.updates();
            let taken = heard.present.hear(octets).map_err(|error| self.who.said(&error.to_string()))?;
            heard.unread.clear();
            heard.unread.extend_from_slice(&octets[taken..]);
            if heard.present.updates() != before {
                heard.last = Some(Instant::now());
            }
        }
        Ok(())
    }

    fn failed(&self, why: &str) -> io::Error {
        self.who.said(why)
    }
}

impl Identity {
    fn said(&self, why: &str) -> io::Error {
        io::Error::other(format!("peer {}: {why}", self.address))
    }
}

fn establish(who: &Identity, hold: u16) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(IpAddr::V4(who.address), 0).into())?;
    socket.connect_timeout(&who.router.into(), Duration::from_secs(2))?;
    let mut stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(&message::open(who, hold))?;
    loop {
        let (kind, body) = read_message(&mut stream)?;
        match kind {
            OPEN => stream.write_all(&message::keepalive())?,
            KEEPALIVE => return Ok(stream),
            _ => return Err(io::Error::other(format!("message {kind} instead of KEEPALIVE: {body:?}"))),
        }
    }
}

/// Reads one message from a blocking stream: its type and its body.
///
/// # Errors
///
/// Where the stream fails or ends, or the message is too short to be one.
pub fn read_message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let len = usize::from(u16::from_be_bytes([header[16], header[17]]));
    let mut body = vec![0; len.checked_sub(HEADER).ok_or(io::ErrorKind::InvalidData)?];
    stream.read_exact(&mut body)?;
    Ok((header[18], body))
}

/// Octets read in one call, what was left of the last message included.
const READ: usize = 256 << 10;

/// Octets written in one call: few enough that a round with many feeds stays short.
const WRITE: usize = 128 << 10;
