//! RFC 9568 §6.4 and RFC 3768 §6.4 once more, as plainly as they can be put: no types for states, one timer, numbers
//! of nanoseconds. What it adds to the RFC is the limit on answers.

use core::net::IpAddr;

use vrrp_core::{FsmState, Version};

const CENTISECOND: u64 = 10_000_000;

/// One router by the table.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) version: Version,
    pub(crate) address: IpAddr,
    pub(crate) priority: u8,
    pub(crate) preempts: bool,
    /// Advertisement_Interval.
    pub(crate) interval: u16,
    /// Active_Adver_Interval.
    pub(crate) active_interval: u16,
    pub(crate) state: FsmState,
    /// Adver_Timer or Active_Down_Timer.
    pub(crate) timer: Option<u64>,
    /// When a losing advertisement was last answered.
    pub(crate) answered: Option<u64>,
    /// The priorities of what it sent.
    pub(crate) sent: Vec<u8>,
}

impl Model {
    pub(crate) fn startup(&mut self, now: u64) {
        if self.state != FsmState::Initialize {
            return;
        }
        self.active_interval = self.interval;
        if self.priority == 255 {
            self.become_active(now);
        } else {
            self.become_backup(now);
        }
    }

    /// Shutdown with a link to resign on, or without.
    pub(crate) fn shutdown(&mut self, can_send: bool) {
        if self.state == FsmState::Active && can_send {
            self.sent.push(0);
        }
        self.state = FsmState::Initialize;
        self.timer = None;
    }

    pub(crate) fn timer_fires(&mut self, now: u64) {
        match self.state {
            FsmState::Initialize => {}
            FsmState::Backup => self.become_active(now),
            FsmState::Active => self.advertise(now),
        }
    }

    pub(crate) fn hear(&mut self, priority: u8, interval: u16, from: IpAddr, now: u64) {
        match self.state {
            FsmState::Initialize => {}
            FsmState::Backup => {
                if priority == 0 {
                    self.timer = Some(now + self.skew());
                } else if !self.preempts || priority >= self.priority {
                    self.active_interval = interval;
                    self.timer = Some(now + self.active_down());
                }
            }
            FsmState::Active => {
                if priority == 0 {
                    if self.may_answer(now) {
                        self.advertise(now);
                    }
                } else if priority > self.priority || (priority == self.priority && from > self.address) {
                    self.active_interval = interval;
                    self.become_backup(now);
                } else if self.version == Version::V3 && self.may_answer(now) {
                    self.sent.push(self.priority);
                }
            }
        }
    }

    fn become_backup(&mut self, now: u64) {
        self.state = FsmState::Backup;
        self.timer = Some(now + self.active_down());
    }

    fn become_active(&mut self, now: u64) {
        self.state = FsmState::Active;
        self.answered = None;
        self.advertise(now);
    }

    fn advertise(&mut self, now: u64) {
        self.sent.push(self.priority);
        self.timer = Some(now + u64::from(self.interval) * CENTISECOND);
    }

    fn may_answer(&mut self, now: u64) -> bool {
        let gap = (u64::from(self.interval) * CENTISECOND / 8).min(10 * CENTISECOND);
        let may = self.answered.is_none_or(|answered| now - answered >= gap);
        if may {
            self.answered = Some(now);
        }
        may
    }

    fn skew(&self) -> u64 {
        let whole = if self.version == Version::V2 { 100 } else { u64::from(self.active_interval) };
        (256 - u64::from(self.priority)) * whole * CENTISECOND / 256
    }

    fn active_down(&self) -> u64 {
        3 * u64::from(self.active_interval) * CENTISECOND + self.skew()
    }
}
