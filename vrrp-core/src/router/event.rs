//! The words between a virtual router and its driver: what goes in beside packets and time, and what comes out.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use crate::checksum::ChecksumForm;
use crate::config::VirtualAddresses;
use crate::error::{DropReason, Drops, Remark, Remarks};
use crate::frame;
use crate::time::Instant;
use crate::types::{Endpoints, Mac, PROTOCOL, Priority};

/// What the interface below is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing can be sent: no interface, no carrier, or no address.
    Down,
    /// Packets go out and come in.
    Up(Port),
}

/// The interface as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The source of our advertisements, and what decides between equal priorities: the primary IPv4 address, or a
    /// link-local IPv6 address that no other router has.
    pub primary: IpAddr,
    /// Its own hardware address.
    pub mac: Mac,
}

/// May a Backup take over?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: it would attract traffic that it cannot forward.
    Waiting,
    /// Yes.
    Ready,
}

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Resign, and stop at once (RFC 9568 §6.4.3).
    Immediate,
    /// Resign, and hold the gateway until another is heard to have it, or must have taken it long ago. We differ from
    /// §6.4.3: Backups wait a Skew_Time after they heard the resignation, and nobody would forward meanwhile.
    Graceful,
}

/// What lowers the priority, by a number that means something to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackId(pub u32);

/// The states of RFC 9568 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum FsmState {
    Initialize,
    Backup,
    Active,
}

/// Why a virtual router wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Something is queued: drain first.
    Drain,
    /// Active_Down_Timer: the Active has been silent for too long.
    ActiveDown,
    /// Adver_Timer: the next advertisement.
    Advertise,
    /// Nobody better has taken the gateway that was offered; it stays.
    Keep,
    /// Nobody has taken the gateway that was left; it ends.
    Leave,
    /// The next round of announcements.
    Announce,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// An advertisement.
    Advertisement(Outgoing),
    /// A whole Ethernet frame: a gratuitous ARP or an unsolicited neighbour advertisement.
    Announcement(Vec<u8>),
}

/// A datagram of protocol 112; its TTL or hop limit must be 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// From our primary address to the group or a peer.
    pub endpoints: Endpoints,
    /// The source of the frame.
    pub mac: Mac,
    /// What follows the IP header.
    pub payload: Vec<u8>,
}

/// What the driver has to know. `Activate` and `Deactivate` say what is wanted from now on: only the latest counts,
/// and being told twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Hold the gateway: addresses on, ARP and neighbour solicitations answered, frames to `mac` forwarded. A driver
    /// may do this before it sends the advertisement that is queued with it, so that no frame comes too early.
    Activate(Activation),
    /// Let go of it.
    Deactivate {
        /// True if nobody had taken over when a graceful departure ended: hosts are without this gateway.
        is_unclaimed: bool,
    },
    /// For the log.
    Transition(Transition),
    /// For the log.
    Priority(PriorityChange),
    /// A peer computes checksums in the other form, and so do we from here on. Said once.
    ChecksumForm {
        /// The form from here on.
        form: ChecksumForm,
        /// Who was heard.
        source: IpAddr,
    },
    /// For the log: the first of its kind in this state.
    Dropped {
        /// The check that failed.
        reason: DropReason,
        /// From whom.
        source: IpAddr,
    },
    /// For the log: the first of its kind in this state.
    Remarked {
        /// What was odd.
        remark: Remark,
        /// About whom.
        source: IpAddr,
    },
}

/// The gateway that is to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The addresses that are now here.
    pub addresses: VirtualAddresses,
    /// What ARP and neighbour discovery answer.
    pub mac: Mac,
    /// True if packets for the addresses themselves are to be taken.
    pub accepts: bool,
    /// True for the owner: the addresses are the interface's own as well, and hosts must learn the virtual hardware
    /// address for them all the same (RFC 9568 §8.1.2, §8.2.2).
    pub is_owner: bool,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// From.
    pub from: FsmState,
    /// To.
    pub to: FsmState,
    /// Because.
    pub reason: TransitionReason,
    /// When.
    pub at: Instant,
}

/// What changed the state, or keeps it from changing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionReason {
    /// Startup (RFC 9568 §6.4.1).
    Started,
    /// Nobody is Active, or nobody speaks any more; the Active that was last heard.
    ActiveSilent(Option<IpAddr>),
    /// The Active resigned.
    ActiveResigned(IpAddr),
    /// The Active has a lower priority than we have.
    Preempting(IpAddr),
    /// Another router has a higher priority, or the same and a higher address.
    Outranked(IpAddr, Priority),
    /// Another router has taken what we left.
    HandedOver(IpAddr),
    /// We were asked to stop.
    Stopped,
    /// We were asked to stop, and nobody is left who could take over.
    Unclaimed,
    /// The interface is down, or has no address to send from.
    LinkDown,
    /// The address to send from is of no use: of the other family, not link-local, a virtual one, or made from the
    /// virtual hardware address, which every router has.
    BadSource(IpAddr),
    /// It is to speak another version.
    Reconfigured,
}

/// A change of the effective priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityChange {
    /// From.
    pub from: Priority,
    /// To.
    pub to: Priority,
    /// The fact that changed; nothing if it was the configuration.
    pub track: Option<TrackId>,
    /// When.
    pub at: Instant,
}

/// What has gone by, for display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Advertisements sent; each peer counts.
    pub advertisements_sent: u64,
    /// Advertisements that passed every check.
    pub advertisements_received: u64,
    /// Of those sent, resignations.
    pub priority_zero_sent: u64,
    /// Of those received, resignations.
    pub priority_zero_received: u64,
    /// Gratuitous ARPs or unsolicited neighbour advertisements sent.
    pub announcements_sent: u64,
    /// Answers to a losing advertisement that were not sent because one had just been.
    pub answers_suppressed: u64,
    /// Advertisements and announcements that were lost because nobody drained them.
    pub transmits_lost: u64,
    /// Changes of state.
    pub transitions: u64,
    /// Changes of state to Active.
    pub became_active: u64,
    /// Packets dropped, by reason.
    pub dropped: Drops,
    /// Packets that were odd, by what was odd.
    pub remarks: Remarks,
    /// The last change of state.
    pub last_transition: Option<Transition>,
    /// The last change of the effective priority.
    pub last_priority_change: Option<PriorityChange>,
}

impl Outgoing {
    /// The whole Ethernet frame, for a driver that sends frames; nothing if the destination is a peer, as then only
    /// the kernel knows the neighbour.
    #[must_use]
    pub fn to_frame(&self) -> Option<Vec<u8>> {
        frame::ip(self.mac, &self.endpoints, PROTOCOL, &self.payload)
    }
}

impl Transition {
    /// True if the gateway comes here.
    #[must_use]
    pub fn takes_over(&self) -> bool {
        self.to == FsmState::Active
    }
}

impl fmt::Display for TransitionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::ActiveSilent(None) => f.write_str("no router is Active"),
            Self::ActiveSilent(Some(source)) => write!(f, "{source} has fallen silent"),
            Self::ActiveResigned(source) => write!(f, "{source} resigned"),
            Self::Preempting(source) => write!(f, "{source} has a lower priority"),
            Self::Outranked(source, priority) => write!(f, "{source} has priority {priority}"),
            Self::HandedOver(source) => write!(f, "stopped, and {source} took over"),
            Self::Stopped => f.write_str("stopped"),
            Self::Unclaimed => f.write_str("stopped, and nobody took over"),
            Self::LinkDown => f.write_str("the interface is down or has no address"),
            Self::BadSource(source) => write!(f, "{source} cannot be sent from"),
            Self::Reconfigured => f.write_str("the version changed"),
        }
    }
}
