//! The outward side of a virtual router: its configuration and what it was told, what waits to be taken, what has
//! gone by, what time it is.
//!
//! States decide, the ledger records. Nothing in it grows: the driver is told of its role in one slot that holds the
//! latest, log events and packets wait in queues that lose their oldest, and of each kind of bad packet only the
//! first is told until the state changes.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::mem;
use core::net::IpAddr;
use core::time::Duration;

use super::event::{
    Activation, Event, FsmState, Link, Outgoing, Port, PriorityChange, Readiness, Statistics, TrackId,
    Transition, TransitionReason, Transmit,
};
use crate::announce;
use crate::checksum::ChecksumForm;
use crate::config::{Config, MacMode, Settings};
use crate::error::{DropReason, Remark};
use crate::packet::Message;
use crate::time::{Centiseconds, Instant, active_down_interval, skew_time};
use crate::types::{Endpoints, Family, Mac, Priority};

/// Configuration, facts, queues, counters and clock of one virtual router.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) config: Config,
    pub(super) link: Link,
    pub(super) readiness: Readiness,
    /// False once it was asked to stop.
    pub(super) is_wanted: bool,
    /// The facts that fail, and what each costs.
    pub(super) decrements: BTreeMap<TrackId, u8>,
    /// The checksum form in use: the configured one, until another is heard.
    pub(super) form: ChecksumForm,
    form_said: bool,
    /// The last instant that the caller gave.
    pub(super) now: Instant,
    pub(super) statistics: Statistics,
    transmit: VecDeque<Transmit>,
    role: Option<Event>,
    log: VecDeque<Event>,
    drops_said: u32,
    remarks_said: u32,
}

impl Ledger {
    pub(super) fn new(config: Config, now: Instant) -> Self {
        Self {
            form: config.settings().checksum,
            config,
            link: Link::Down,
            readiness: Readiness::Ready,
            is_wanted: true,
            decrements: BTreeMap::new(),
            form_said: false,
            now,
            statistics: Statistics::default(),
            transmit: VecDeque::new(),
            role: None,
            log: VecDeque::new(),
            drops_said: 0,
            remarks_said: 0,
        }
    }

    /// Takes a new configuration as it stands and gives back the old one; what follows from it is the caller's.
    pub(super) fn configure(&mut self, config: Config) -> Config {
        if config.settings().checksum != self.settings().checksum {
            self.form = config.settings().checksum;
            self.form_said = false;
        }
        mem::replace(&mut self.config, config)
    }

    /// Queues an advertisement to the group or to each peer; one without priority resigns.
    pub(super) fn send_advertisement(&mut self, port: &Port, priority: Option<Priority>) {
        let group = [self.config.family().group()];
        let peers = self.settings().peers.as_slice();
        let destinations = if peers.is_empty() { group.as_slice() } else { peers };
        let out: Vec<_> = destinations.iter().filter_map(|to| self.outgoing(port, *to, priority)).collect();
        for outgoing in out {
            self.statistics.advertisements_sent += 1;
            self.statistics.priority_zero_sent += u64::from(priority.is_none());
            self.queue(Transmit::Advertisement(outgoing));
        }
    }

    /// Queues an announcement for each address.
    pub(super) fn send_announcements(&mut self, port: &Port) {
        let frames: Vec<_> = announce::round(self.mac(port), &self.settings().addresses).collect();
        for frame in frames {
            self.statistics.announcements_sent += 1;
            self.queue(Transmit::Announcement(frame));
        }
    }

    /// Records a change of state and what it means for the gateway.
    pub(super) fn note_transition(&mut self, from: FsmState, to: FsmState, reason: TransitionReason) {
        let transition = Transition { from, to, reason, at: self.now };
        self.statistics.transitions += 1;
        self.statistics.became_active += u64::from(transition.takes_over());
        self.statistics.last_transition = Some(transition);
        (self.drops_said, self.remarks_said) = (0, 0);
        self.tell(Event::Transition(transition));
        if from == FsmState::Active {
            self.role = Some(Event::Deactivate { is_unclaimed: reason == TransitionReason::Unclaimed });
        }
    }

    /// Tells the driver to hold the gateway.
    pub(super) fn activate(&mut self, port: &Port) {
        self.role = Some(Event::Activate(Activation {
            addresses: self.settings().addresses.clone(),
            mac: self.mac(port),
            accepts: self.config.accepts(),
            is_owner: self.settings().priority.is_owner(),
        }));
    }

    /// Records a change of the effective priority.
    pub(super) fn note_priority(&mut self, from: Priority, track: Option<TrackId>) {
        let change = PriorityChange { from, to: self.effective_priority(), track, at: self.now };
        self.statistics.last_priority_change = Some(change);
        self.tell(Event::Priority(change));
    }

    /// Counts a dropped packet. That nothing runs here is known, and not worth a line in the log.
    pub(super) fn note_drop(&mut self, reason: DropReason, source: IpAddr) {
        self.statistics.dropped.count(reason);
        if reason != DropReason::NotStarted && self.drops_said & reason.bit() == 0 {
            self.drops_said |= reason.bit();
            self.tell(Event::Dropped { reason, source });
        }
    }

    /// Counts something odd about a packet that is not dropped.
    pub(super) fn note_remark(&mut self, remark: Remark, source: IpAddr) {
        self.statistics.remarks.count(remark);
        if self.remarks_said & remark.bit() == 0 {
            self.remarks_said |= remark.bit();
            self.tell(Event::Remarked { remark, source });
        }
    }

    /// Answers in the checksum form that is heard, and says so the first time.
    pub(super) fn follow_form(&mut self, form: ChecksumForm, source: IpAddr) {
        if self.form == form {
            return;
        }
        self.form = form;
        if !self.form_said {
            self.form_said = true;
            self.tell(Event::ChecksumForm { form, source });
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmit.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.role.take().or_else(|| self.log.pop_front())
    }

    /// True while the driver has not been told of its role.
    pub(super) const fn has_role(&self) -> bool {
        self.role.is_some()
    }

    /// True while something waits to be taken.
    pub(super) fn is_loaded(&self) -> bool {
        !self.transmit.is_empty() || self.role.is_some() || !self.log.is_empty()
    }

    pub(super) const fn settings(&self) -> &Settings {
        self.config.settings()
    }

    /// The base priority less every decrement.
    pub(super) fn effective_priority(&self) -> Priority {
        self.settings().priority.lowered(self.decrements.values().copied().map(u32::from).sum())
    }

    /// Skew_Time at an Active's interval.
    pub(super) fn skew_time(&self, interval: Centiseconds) -> Duration {
        skew_time(self.settings().version, self.effective_priority(), interval)
    }

    /// Active_Down_Interval at an Active's interval.
    pub(super) fn active_down_interval(&self, interval: Centiseconds) -> Duration {
        active_down_interval(self.settings().version, self.effective_priority(), interval)
    }

    /// The interface, if a virtual router can run on it; why not, otherwise.
    ///
    /// A source that every router has would make the packets of the others look like our own: a virtual address,
    /// which only the owner has by right (RFC 9568 §7.2), or one made from the virtual hardware address (§7.4).
    pub(super) fn usable_port(&self) -> Result<Port, TransitionReason> {
        let Link::Up(port) = self.link else {
            return Err(TransitionReason::LinkDown);
        };
        let settings = self.settings();
        let is_usable = match port.primary {
            IpAddr::V4(address) => !address.is_unspecified(),
            IpAddr::V6(address) => {
                let vmac = settings.vrid.mac(Family::Ipv6);
                address.is_unicast_link_local() && !address.octets().ends_with(&vmac.interface_identifier())
            }
        };
        let is_virtual = !settings.priority.is_owner() && settings.addresses.contains(port.primary);
        if Family::of(port.primary) == self.config.family() && is_usable && !is_virtual {
            Ok(port)
        } else {
            Err(TransitionReason::BadSource(port.primary))
        }
    }

    fn mac(&self, port: &Port) -> Mac {
        match self.settings().mac {
            MacMode::Virtual => self.settings().vrid.mac(self.config.family()),
            MacMode::Interface => port.mac,
        }
    }

    fn outgoing(&self, port: &Port, to: IpAddr, priority: Option<Priority>) -> Option<Outgoing> {
        let endpoints = Endpoints::new(port.primary, to)?;
        let settings = self.settings();
        let message = Message {
            version: settings.version,
            vrid: settings.vrid,
            priority,
            interval: settings.interval,
            addresses: &settings.addresses,
            form: self.form,
        };
        let mut payload = Vec::new();
        message.emit(&endpoints, &mut payload);
        Some(Outgoing { endpoints, mac: self.mac(port), payload })
    }

    fn queue(&mut self, transmit: Transmit) {
        if self.transmit.len() >= MOST_TRANSMITS {
            self.transmit.pop_front();
            self.statistics.transmits_lost += 1;
        }
        self.transmit.push_back(transmit);
    }

    fn tell(&mut self, event: Event) {
        if self.log.len() >= MOST_LOGGED {
            self.log.pop_front();
        }
        self.log.push_back(event);
    }
}

/// Two rounds of announcements for the longest list, and what goes between them.
const MOST_TRANSMITS: usize = 1024;

/// More than one call can tell.
const MOST_LOGGED: usize = 64;
