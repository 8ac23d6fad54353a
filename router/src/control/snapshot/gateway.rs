//! Virtual routers as `show vrrp` tells of them.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{FsmState, Mac};

/// One VRID of one interface, both families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualRouterSnapshot {
    /// The interface.
    pub interface: String,
    /// The number.
    pub vrid: u8,
    /// 2 or 3.
    pub version: u8,
    /// Kept out of action by `vrrp N shutdown`.
    pub is_shut: bool,
    /// As configured.
    pub priority: u8,
    /// Preempt_Mode.
    pub preempts: bool,
    /// Accept_Mode.
    pub accepts: bool,
    /// Our own advertisement interval.
    pub interval: Duration,
    /// IPv4.
    pub v4: FamilySnapshot,
    /// IPv6.
    pub v6: FamilySnapshot,
}

/// One family of a VRID. Without addresses it does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilySnapshot {
    /// Its device.
    pub device: Option<String>,
    /// The virtual hardware address.
    pub mac: Mac,
    /// What it sends from, while it runs.
    pub primary: Option<IpAddr>,
    /// The state.
    pub state: FsmState,
    /// The priority less what failing facts cost.
    pub effective_priority: u8,
    /// Active_Adver_Interval.
    pub active_interval: Duration,
    /// Skew_Time.
    pub skew_time: Duration,
    /// Active_Down_Interval.
    pub active_down_interval: Duration,
    /// Advertisements sent.
    pub advertisements_sent: u64,
    /// Advertisements that passed every check.
    pub advertisements_received: u64,
    /// Gratuitous ARPs or unsolicited neighbour advertisements sent.
    pub announcements_sent: u64,
    /// Changes of state.
    pub transitions: u64,
    /// The virtual addresses.
    pub addresses: Vec<IpAddr>,
    /// What changed the state last, and how long ago.
    pub last_transition: Option<(String, Duration)>,
    /// Why it is not running, or may not take over.
    pub hindrance: Option<String>,
    /// What its priority depends on.
    pub tracks: Vec<TrackSnapshot>,
    /// Packets dropped, by the name of the reason; those that occurred.
    pub dropped: Vec<(&'static str, u64)>,
}

/// A fact that the priority depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSnapshot {
    /// As the configuration names it.
    pub object: String,
    /// Taken off while it does not hold.
    pub decrement: u8,
    /// Whether it holds.
    pub holds: bool,
}

impl FamilySnapshot {
    /// A family that does nothing.
    #[must_use]
    pub fn idle(mac: Mac, priority: u8) -> Self {
        Self {
            device: None,
            mac,
            primary: None,
            state: FsmState::Initialize,
            effective_priority: priority,
            active_interval: Duration::ZERO,
            skew_time: Duration::ZERO,
            active_down_interval: Duration::ZERO,
            advertisements_sent: 0,
            advertisements_received: 0,
            announcements_sent: 0,
            transitions: 0,
            addresses: Vec::new(),
            last_transition: None,
            hindrance: None,
            tracks: Vec::new(),
            dropped: Vec::new(),
        }
    }
}
