//! Echo requests at an even pace, and when each was answered.
//!
//! What `ping` prints is too coarse to tell what a gateway costs while it moves: it slows down while nothing answers
//! and says nothing of the time of a request. A [`Probe`] sends on whatever comes back, each request with a number, and
//! notes when each was sent and when each answer came; the [`Record`] says what was lost, what came twice, and for how
//! long nothing came at all.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::Namespace;

/// A stream of echo requests that runs until it is finished.
pub struct Probe {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<Vec<Instant>>,
    receiver: JoinHandle<Vec<Answer>>,
}

/// What became of the requests of a probe.
#[derive(Clone, Debug)]
pub struct Record {
    /// When each request was sent.
    sent: Vec<Instant>,
    /// When each was first answered.
    answered: BTreeMap<u64, Instant>,
    /// Answers to requests that had been answered.
    twice: usize,
}

/// The longest time from one answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The last answer before.
    pub from: Instant,
    /// The first answer after.
    pub until: Instant,
}

/// The number of a request, and when its answer came.
type Answer = (u64, Instant);

impl Probe {
    /// Starts to send a request to `target` every `pace`.
    pub fn start(from: &Namespace, target: IpAddr, pace: Duration) -> Result<Self> {
        static NUMBER: AtomicU16 = AtomicU16::new(1);
        let ident = NUMBER.fetch_add(1, Ordering::Relaxed);
        let socket = from.enter(|| open(target))?.with_context(|| format!("a socket to probe {target}"))?;
        let echo = socket.try_clone().context("sharing the probe's socket")?;
        let stop = Arc::new(AtomicBool::new(false));
        let (sending, receiving) = (Arc::clone(&stop), Arc::clone(&stop));
        let sender = thread::spawn(move || send_all(&socket, Header { ident, target }, pace, &sending));
        let receiver = thread::spawn(move || receive_all(echo, Header { ident, target }, &receiving));
        Ok(Self { stop, sender, receiver })
    }

    /// Ends it, after the time that the last answers may take.
    pub fn finish(self) -> Result<Record> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = || anyhow!("a probe's thread panicked");
        let (sent, answers) =
            (self.sender.join().map_err(|_| ended())?, self.receiver.join().map_err(|_| ended())?);
        let mut record = Record { sent, answered: BTreeMap::new(), twice: 0 };
        for (number, at) in answers {
            match record.answered.contains_key(&number) {
                true => record.twice += 1,
                false => drop(record.answered.insert(number, at)),
            }
        }
        Ok(record)
    }
}

impl Record {
    /// How many requests were sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.len()
    }

    /// How many were not answered.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.sent.len().saturating_sub(self.answered.len())
    }

    /// How many answers came more than once.
    #[must_use]
    pub fn twice(&self) -> usize {
        self.twice
    }

    /// The longest time from one answer to the next; nothing if there were fewer than two.
    #[must_use]
    pub fn silence(&self) -> Option<Silence> {
        let mut times: Vec<Instant> = self.answered.values().copied().collect();
        times.sort_unstable();
        let pairs = times.iter().zip(times.iter().skip(1));
        pairs.map(|(from, until)| Silence { from: *from, until: *until }).max_by_key(Silence::length)
    }

    /// When the requests were sent that nobody answered.
    pub fn missing(&self) -> impl Iterator<Item = Instant> {
        (0..).zip(&self.sent).filter(|(number, _)| !self.answered.contains_key(number)).map(|(_, at)| *at)
    }
}

impl Silence {
    /// How long it was.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.until.duration_since(self.from)
    }
}

/// What tells the answers of one probe from those of others.
#[derive(Clone, Copy)]
struct Header {
    ident: u16,
    target: IpAddr,
}

impl Header {
    /// An echo request (RFC 792, RFC 4443 §4.1) with the number as its data. The kernel adds the checksum of ICMPv6.
    fn request(self, number: u64) -> Vec<u8> {
        let [high, low] = self.ident.to_be_bytes();
        let kind = if self.target.is_ipv4() { ECHO_REQUEST } else { ECHO_REQUEST_6 };
        let mut packet = vec![kind, 0, 0, 0, high, low, 0, 0];
        packet.extend(number.to_be_bytes());
        if self.target.is_ipv4() {
            let sum: u32 = packet
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
                .sum();
            let folded = (sum & 0xffff) + (sum >> 16);
            let [.., high, low] = (!((folded & 0xffff) + (folded >> 16))).to_be_bytes();
            packet.splice(2..4, [high, low]);
        }
        packet
    }

    /// The number of the request that a packet answers.
    fn answered(self, packet: &[u8]) -> Option<u64> {
        let (kind, message) = if self.target.is_ipv4() {
            let header = usize::from(packet.first()? & 0x0f) * 4;
            (ECHO_REPLY, packet.get(header..)?)
        } else {
            (ECHO_REPLY_6, packet)
        };
        let is_ours = *message.first()? == kind && message.get(4..6)? == self.ident.to_be_bytes();
        let number = message.get(8..16)?.try_into().ok()?;
        is_ours.then(|| u64::from_be_bytes(number))
    }
}

fn open(target: IpAddr) -> std::io::Result<Socket> {
    let (domain, protocol) = match target {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
    socket.connect(&SocketAddr::new(target, 0).into())?;
    socket.set_read_timeout(Some(LISTEN))?;
    Ok(socket)
}

fn send_all(socket: &Socket, header: Header, pace: Duration, stop: &AtomicBool) -> Vec<Instant> {
    let mut sent = Vec::new();
    let mut next = Instant::now();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let now = Instant::now();
        thread::sleep(next.saturating_duration_since(now));
        sent.push(Instant::now());
        // A request that the kernel does not take, for want of a neighbour, is one that is lost.
        let _ = socket.send(&header.request(number));
        // No burst after a pause of the machine.
        next = (next + pace).max(now);
    }
    sent
}

fn receive_all(mut socket: Socket, header: Header, stop: &AtomicBool) -> Vec<Answer> {
    let (mut answers, mut last) = (Vec::new(), None);
    let mut octets = [0; 256];
    while last.is_none_or(|last: Instant| last.elapsed() < LAST_ANSWERS) {
        if stop.load(Ordering::Relaxed) && last.is_none() {
            last = Some(Instant::now());
        }
        // Nothing for a while, or an error that a router reported: both are seen in what is missing.
        let Ok(len) = socket.read(&mut octets) else { continue };
        if let Some(number) = octets.get(..len).and_then(|packet| header.answered(packet)) {
            answers.push((number, Instant::now()));
        }
    }
    answers
}

/// How long the receiver waits before it looks whether it is to end.
const LISTEN: Duration = Duration::from_millis(20);
/// How long answers are awaited after the last request.
const LAST_ANSWERS: Duration = Duration::from_millis(150);
/// RFC 792.
const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;
/// RFC 4443 §4.
const ECHO_REQUEST_6: u8 = 128;
const ECHO_REPLY_6: u8 = 129;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_number() {
        let header = Header { ident: 7, target: "2001:db8::1".parse().unwrap() };
        let mut packet = header.request(1234);
        assert_eq!(header.answered(&packet), None, "a request is no answer");
        packet[0] = ECHO_REPLY_6;
        assert_eq!(header.answered(&packet), Some(1234));
        packet[5] = 8;
        assert_eq!(header.answered(&packet), None, "it is another probe's");
    }

    #[test]
    fn an_ipv4_request_sums_to_zero_and_its_answer_follows_a_header() {
        let header = Header { ident: 0xfffe, target: "10.0.0.1".parse().unwrap() };
        let mut packet = header.request(u64::MAX - 1);
        let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        packet[0] = ECHO_REPLY;
        let mut whole = vec![0x45; 20];
        whole.extend(packet);
        assert_eq!(header.answered(&whole), Some(u64::MAX - 1));
        assert_eq!(header.answered(&whole[..30]), None);
    }

    #[test]
    fn what_is_missing_and_the_longest_silence_follow_from_the_times() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let answered = [(0, at(1)), (1, at(6)), (4, at(25)), (5, at(26))].into();
        let record = Record { sent: (0..6).map(|n| at(5 * n)).collect(), answered, twice: 0 };
        assert_eq!((record.sent(), record.lost()), (6, 2));
        assert_eq!(record.missing().collect::<Vec<_>>(), [at(10), at(15)]);
        assert_eq!(record.silence(), Some(Silence { from: at(6), until: at(25) }));
    }
}
