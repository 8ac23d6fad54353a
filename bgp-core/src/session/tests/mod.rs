//! The session in virtual time. What a session does is written down as short lines (`sends KEEPALIVE`,
//! `says Up`), so that a test reads as what goes in and what comes out.

mod negotiation;
mod opening;
mod refusals;
mod stream;
mod talking;
mod timing;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use bytes::BytesMut;

use super::*;
use crate::speaker::config::RemoteAs;
use crate::types::{Asn, Family, FamilySet, RouterId};
use crate::wire::capability::{self, CapabilityCode, Entry, FamilyCodes};
use crate::wire::header::{KEEPALIVE, begin_message};
use crate::wire::{Caps, ErrorKind, MessageType, Notification, NotificationBuf, OpenHead, Writer};

const OUR_AS: Asn = Asn(65_001);
const PEER_AS: Asn = Asn(65_002);
const OUR_ID: RouterId = RouterId(0x0a00_0001);
const PEER_ID: RouterId = RouterId(0x0a00_0002);

/// An UPDATE that announces 203.0.113.0/24 from AS 65002 by 192.0.2.2, its AS numbers in four octets.
const ANNOUNCE: &[u8] = &[
    0, 0, 0, 20, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xea, 0x40, 3, 4, 192, 0, 2, 2, 24, 203, 0, 113,
];
/// The same with an ORIGIN that does not exist: RFC 7606 §7.1 treats it as withdrawn.
const BAD_ORIGIN: &[u8] = &[
    0, 0, 0, 20, 0x40, 1, 1, 9, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xea, 0x40, 3, 4, 192, 0, 2, 2, 24, 203, 0, 113,
];
/// An UPDATE whose attributes are longer than the message.
const OVERRUN: &[u8] = &[0, 0, 0, 99, 0x40, 1, 1, 0];
/// End-of-RIB for IPv4 unicast.
const END_OF_RIB: &[u8] = &[0, 0, 0, 0];

/// A session, its receive buffer and its clock.
struct Rig {
    session: Session,
    input: BytesMut,
    now: Instant,
}

impl Rig {
    /// A session that has just begun, its OPEN taken and written.
    fn new(config: SessionConfig) -> Self {
        let now = Instant::START + seconds(1000);
        let mut rig = Self { session: Session::new(config, 1, now), input: BytesMut::new(), now };
        assert_eq!(rig.drain(), ["sends OPEN"]);
        rig
    }

    fn open_sent() -> Self {
        Self::new(config())
    }

    fn open_confirm() -> Self {
        let mut rig = Self::open_sent();
        assert_eq!(rig.hear(&open()), ["sends KEEPALIVE", "says Opened 65002 10.0.0.2"]);
        rig
    }

    fn established() -> Self {
        Self::established_with(config(), &open())
    }

    fn established_with(config: SessionConfig, open: &[u8]) -> Self {
        let mut rig = Self::new(config);
        rig.hear(open);
        assert_eq!(rig.hear(&KEEPALIVE), ["says Up"]);
        rig
    }

    /// Octets come in; what the session does about them.
    fn hear(&mut self, octets: &[u8]) -> Vec<String> {
        self.input.extend_from_slice(octets);
        self.session.handle_input(&mut self.input, self.now);
        self.drain()
    }

    fn command(&mut self, command: SessionCommand) -> Vec<String> {
        self.session.handle_command(command, self.now);
        self.drain()
    }

    /// Time goes on to `later` after now, each deadline on the way served; lines are `12.0s sends …`.
    fn wait(&mut self, later: Duration) -> Vec<String> {
        let begin = self.now;
        let end = begin + later;
        let mut lines = Vec::new();
        while let Some((at, _)) = self.session.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
            let seconds = (at - begin).as_secs_f64();
            lines.extend(self.drain().iter().map(|line| format!("{seconds:.1}s {line}")));
        }
        self.now = end;
        self.session.handle_timeout(end);
        assert!(self.session.poll_timeout().is_none_or(|(at, _)| at > end));
        lines
    }

    /// Takes all that is queued, and writes it to a socket that always has room.
    fn drain(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(octets) = self.session.poll_transmit() {
            lines.extend(sent(&octets));
            self.session.handle_transmitted(octets.len(), self.now);
        }
        while let Some(event) = self.session.poll_event() {
            lines.push(format!("says {}", said(&event)));
        }
        lines
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// We: AS 65001, IPv4 and IPv6, FRR's timers.
fn config() -> SessionConfig {
    SessionConfig {
        local_as: OUR_AS,
        router_id: OUR_ID,
        remote_as: RemoteAs::Asn(PEER_AS),
        hold: seconds(180),
        keepalive: seconds(60),
        families: Family::ALL.into_iter().collect(),
        offer: Some(Offer { add_path_receive: Family::ALL.into_iter().collect(), ..Offer::default() }),
    }
}

/// The peer's OPEN: AS 65002, hold time 180 s, IPv4 and IPv6, every refresh, four-octet AS.
fn open() -> Vec<u8> {
    open_of(PEER_AS, 180, PEER_ID)
}

fn open_of(asn: Asn, hold_time: u16, router_id: RouterId) -> Vec<u8> {
    open_with(OpenHead { asn, hold_time, router_id }, |writer| {
        for family in Family::ALL {
            FamilyCodes::of(family).emit(&mut capability::begin(writer, CapabilityCode::MULTIPROTOCOL));
        }
        drop(capability::begin(writer, CapabilityCode::ROUTE_REFRESH));
        drop(capability::begin(writer, CapabilityCode::ENHANCED_ROUTE_REFRESH));
        capability::begin(writer, CapabilityCode::FOUR_OCTET_AS).u32(asn.0);
    })
}

fn open_with(head: OpenHead, capabilities: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    OpenBuf::build(head, capabilities).emit(&mut Writer::new(&mut out));
    out
}

fn message(kind: MessageType, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    begin_message(&mut Writer::new(&mut out), kind).put(body);
    out
}

fn update(body: &[u8]) -> Vec<u8> {
    message(MessageType::UPDATE, body)
}

/// Messages to the peer, one line each.
fn sent(octets: &[u8]) -> Vec<String> {
    let caps = Caps { extended_message: true, ..Caps::default() };
    let mut lines = Vec::new();
    let mut rest = octets;
    while let Some(message) = frame(rest, &caps).unwrap() {
        lines.push(match message.kind {
            MessageType::OPEN => "sends OPEN".to_string(),
            MessageType::UPDATE => "sends UPDATE".to_string(),
            MessageType::KEEPALIVE => "sends KEEPALIVE".to_string(),
            MessageType::ROUTE_REFRESH => format!("sends ROUTE-REFRESH {:?}", message.body),
            _ => format!("sends {}", notified(&Notification::check(message.body).to_buf())),
        });
        rest = &rest[message.len..];
    }
    assert!(rest.is_empty(), "a part of a message");
    lines
}

fn said(event: &SessionEvent) -> String {
    match event {
        SessionEvent::Opened(summary) => format!("Opened {} {}", summary.asn, summary.router_id),
        SessionEvent::Up(_) => "Up".to_string(),
        SessionEvent::Updates(batch) => format!("Updates {}", batch.len()),
        SessionEvent::Refresh(family, kind) => format!("Refresh {family} {kind:?}"),
        SessionEvent::Down(reason) => match reason {
            DownReason::Refused { notification, .. } => format!("Down, refused {}", notified(notification)),
            DownReason::Expired(notification) => format!("Down, expired {}", notified(notification)),
            DownReason::Stopped(notification) => format!("Down, stopped {}", notified(notification)),
            DownReason::Received(notification) => format!("Down, received {}", notified(notification)),
            DownReason::CapabilitiesRefused(_) => "Down, capabilities refused".to_string(),
            DownReason::Closed => "Down, closed".to_string(),
            DownReason::LinkLost => "Down, link lost".to_string(),
        },
    }
}

fn notified(notification: &NotificationBuf) -> String {
    let kind = notification.kind;
    format!("{}/{} {:?}", kind.code.0, kind.subcode, notification.data)
}

/// The two lines of a message that is refused.
fn refused(answer: &str) -> [String; 2] {
    [format!("sends {answer}"), format!("says Down, refused {answer}")]
}
