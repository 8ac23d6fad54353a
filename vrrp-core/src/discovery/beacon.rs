//! When router advertisements go out (RFC 4861 §6.2.4, §6.2.6), and that only an Active sends them (RFC 9568 §6.4).
//!
//! A virtual router that becomes Active says so at once and twice more soon, then at random intervals; a host that
//! asks is answered after a random delay, all hosts at once, and not sooner than [`MIN_DELAY`] after the last time.
//!
//! A router that stops to advertise tells hosts so with a lifetime of zero (§6.2.5). A virtual router that loses the
//! gateway does not: another sends from the same address from then on, and hosts that heard a zero would drop their
//! default router (§6.3.4) although it is there. RFC 9568 asks for none either: its transitions out of Active (§6.4.3)
//! send nothing but VRRP's own priority zero. Hosts are told of a [`Profile`] that is taken away from an Active, of a
//! gateway that nobody has taken over, and, from the old link-local address, of an Active that has another or none from
//! then on (RFC 4861 §6.2.8).

use alloc::vec::Vec;
use core::mem;
use core::net::Ipv6Addr;
use core::time::Duration;

use super::message::ICMPV6;
use super::profile::Profile;
use super::router_advertisement::emit;
use crate::frame;
use crate::time::Instant;
use crate::types::{Endpoints, Mac};

/// The router advertisements of one IPv6 virtual router. Silent until it has a profile and the gateway.
#[derive(Debug)]
pub struct Beacon {
    profile: Option<Profile>,
    state: State,
    /// What is to be sent first: the end of an address.
    farewell: Option<Vec<u8>>,
    /// What is to be sent: the latest.
    frame: Option<Vec<u8>>,
    random: u64,
    now: Instant,
    sent: u64,
}

#[derive(Debug)]
enum State {
    /// Somebody else has the gateway.
    Silent,
    /// The gateway is here.
    Speaking(Voice),
}

/// From where, and when next.
#[derive(Clone, Copy, Debug)]
struct Voice {
    source: Ipv6Addr,
    mac: Mac,
    /// How many of the first few are left after the next.
    initial: u8,
    next: Instant,
    last: Option<Instant>,
}

impl Beacon {
    /// Silent; `seed` makes its intervals differ from those of others.
    #[must_use]
    pub const fn new(seed: u64, now: Instant) -> Self {
        Self { profile: None, state: State::Silent, farewell: None, frame: None, random: seed, now, sent: 0 }
    }

    /// What is to be advertised from here on; nothing ends it. An equal one changes nothing.
    pub fn handle_profile(&mut self, profile: Option<Profile>, now: Instant) {
        self.now = now;
        if self.profile == profile {
            return;
        }
        let before = mem::replace(&mut self.profile, profile);
        let (is_wanted, delay) = (self.profile.is_some(), self.least_gap());
        let State::Speaking(voice) = &mut self.state else { return };
        match before {
            Some(before) if !is_wanted => {
                let last = Profile { lifetime: 0, ..before };
                self.frame = voice.last.and_then(|_| voice.frame(&last));
            }
            Some(_) | None => voice.begin(delay, now),
        }
    }

    /// The gateway is here, and these are its link-local and its hardware address. Being told twice changes nothing.
    pub fn handle_active(&mut self, source: Ipv6Addr, mac: Mac, now: Instant) {
        self.now = now;
        match &self.state {
            State::Speaking(voice) if (voice.source, voice.mac) == (source, mac) => return,
            State::Speaking(voice) if voice.source != source => self.handle_end(now),
            State::Speaking(_) | State::Silent => {}
        }
        self.state = State::Speaking(Voice { source, mac, initial: INITIAL - 1, next: now, last: None });
    }

    /// Nobody advertises from this address any more: hosts that were told of it are told so.
    pub fn handle_end(&mut self, now: Instant) {
        self.now = now;
        if let (State::Speaking(voice), Some(profile)) = (&self.state, &self.profile)
            && voice.last.is_some()
        {
            self.farewell = voice.frame(&Profile { lifetime: 0, ..profile.clone() });
        }
        (self.state, self.frame) = (State::Silent, None);
    }

    /// The gateway is elsewhere: nothing more is said.
    pub fn handle_inactive(&mut self) {
        (self.state, self.farewell, self.frame) = (State::Silent, None, None);
    }

    /// A host asks. It and all others are answered within half a second, unless they have just been.
    pub fn handle_solicitation(&mut self, now: Instant) {
        self.now = now;
        let (delay, gap) = (self.up_to(MAX_RA_DELAY), self.least_gap());
        let State::Speaking(voice) = &mut self.state else { return };
        let earliest = voice.last.map_or(now, |last| last + gap).max(now);
        voice.next = voice.next.min(earliest + delay);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        let wait = self.interval();
        let (State::Speaking(voice), Some(profile)) = (&mut self.state, &self.profile) else { return };
        if voice.next > now {
            return;
        }
        self.frame = voice.frame(profile);
        voice.last = Some(now);
        voice.next = now + if voice.initial > 0 { wait.min(MAX_INITIAL_INTERVAL) } else { wait };
        voice.initial = voice.initial.saturating_sub(1);
        self.sent += 1;
    }

    /// A whole Ethernet frame to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.farewell.take().or_else(|| self.frame.take())
    }

    /// When `handle_timeout` is due; the last instant given as long as something is to be sent.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match (&self.state, &self.profile) {
            _ if self.farewell.is_some() || self.frame.is_some() => Some(self.now),
            (State::Speaking(voice), Some(_)) => Some(voice.next),
            (State::Silent | State::Speaking(_), _) => None,
        }
    }

    /// How many advertisements were made.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Between the shortest and the longest interval (RFC 4861 §6.2.4).
    fn interval(&mut self) -> Duration {
        let Some(profile) = &self.profile else { return Duration::MAX };
        let (least, most) = (profile.shortest_interval(), profile.interval);
        least + self.up_to(most.saturating_sub(least))
    }

    /// MIN_DELAY_BETWEEN_RAS, but for intervals that are meant to be shorter.
    fn least_gap(&self) -> Duration {
        self.profile.as_ref().map_or(MIN_DELAY, |profile| profile.shortest_interval().min(MIN_DELAY))
    }

    /// A random time up to `most`, by the splitmix64 sequence: it need not be secret, only different.
    fn up_to(&mut self, most: Duration) -> Duration {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let share = (u128::from(bits ^ (bits >> 31)) * u128::from(nanos)) >> 64;
        Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
    }
}

impl Voice {
    /// The first few again, as soon as may be: what they say is new (RFC 4861 §6.2.4).
    fn begin(&mut self, gap: Duration, now: Instant) {
        self.initial = INITIAL - 1;
        self.next = self.last.map_or(now, |last| last + gap).max(now);
    }

    fn frame(&self, profile: &Profile) -> Option<Vec<u8>> {
        let ends = Endpoints::V6 { source: self.source, destination: ALL_NODES };
        frame::ip(self.mac, &ends, ICMPV6, &emit(profile, self.mac, &ends))
    }
}

/// MAX_INITIAL_RTR_ADVERTISEMENTS (RFC 4861 §10).
const INITIAL: u8 = 3;
/// MAX_INITIAL_RTR_ADVERT_INTERVAL (RFC 4861 §10).
const MAX_INITIAL_INTERVAL: Duration = Duration::from_secs(16);
/// MIN_DELAY_BETWEEN_RAS (RFC 4861 §10).
const MIN_DELAY: Duration = Duration::from_secs(3);
/// MAX_RA_DELAY_TIME (RFC 4861 §10).
const MAX_RA_DELAY: Duration = Duration::from_millis(500);
/// RFC 4291 §2.7.1.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Family, Vrid};

    const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 5);

    fn at(millis: u64) -> Instant {
        Instant::from_start(Duration::from_millis(millis))
    }

    fn active(interval: u64, seed: u64) -> Beacon {
        let mut beacon = Beacon::new(seed, at(0));
        let interval = Duration::from_secs(interval);
        beacon.handle_profile(Some(Profile { interval, ..Profile::default() }), at(0));
        take_over(&mut beacon, at(0));
        beacon
    }

    fn take_over(beacon: &mut Beacon, now: Instant) {
        beacon.handle_active(SOURCE, Vrid::new(5).unwrap().mac(Family::Ipv6), now);
    }

    /// The next frame, and when it comes.
    fn next(beacon: &mut Beacon) -> (Instant, Vec<u8>) {
        let due = beacon.poll_timeout().unwrap();
        beacon.handle_timeout(due);
        (due, beacon.poll_transmit().unwrap())
    }

    #[test]
    fn the_first_three_come_soon_and_the_rest_at_random_intervals() {
        for seed in 0..50 {
            let mut beacon = active(600, seed);
            let mut last = next(&mut beacon).0;
            assert_eq!(last, at(0));
            for round in 0..20 {
                let (due, _) = next(&mut beacon);
                let (wait, expected) = (due - last, if round < 2 { 16..=16 } else { 200..=600 });
                assert!(expected.contains(&wait.as_secs()), "seed {seed}, round {round}: {wait:?}");
                last = due;
            }
        }
    }

    #[test]
    fn a_frame_comes_from_the_virtual_router_and_goes_to_all_nodes() {
        let (_, frame) = next(&mut active(600, 1));
        assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 1, 0, 0, 0x5e, 0, 2, 5, 0x86, 0xdd]);
        assert_eq!((frame[20], frame[21]), (58, 255));
        assert_eq!(frame[22..38], SOURCE.octets());
        assert_eq!((frame[54], &frame[60..62]), (134, &[0x07, 0x08][..]), "1800 s");
    }

    #[test]
    fn a_backup_is_silent_and_its_resignation_says_nothing() {
        let mut beacon = Beacon::new(1, at(0));
        beacon.handle_profile(Some(Profile::default()), at(0));
        beacon.handle_solicitation(at(10));
        beacon.handle_timeout(at(1_000_000));
        assert_eq!((beacon.poll_timeout(), beacon.poll_transmit()), (None, None));
        take_over(&mut beacon, at(1_000_000));
        beacon.handle_timeout(at(1_000_000));
        beacon.handle_inactive();
        beacon.handle_timeout(at(2_000_000));
        assert_eq!((beacon.poll_timeout(), beacon.poll_transmit()), (None, None));
    }

    #[test]
    fn a_host_is_answered_within_half_a_second_and_many_are_answered_once() {
        for seed in 0..50 {
            let mut beacon = active(600, seed);
            next(&mut beacon);
            for millis in [5000, 5001, 5100] {
                beacon.handle_solicitation(at(millis));
            }
            let (due, _) = next(&mut beacon);
            assert!(at(5000) <= due && due <= at(5500), "{due:?}");
            // Just answered: the next waits for MIN_DELAY_BETWEEN_RAS and its own delay.
            beacon.handle_solicitation(due + Duration::from_millis(1));
            let wait = next(&mut beacon).0 - due;
            assert!((3000..=3500).contains(&wait.as_millis()), "{wait:?}");
        }
    }

    #[test]
    fn a_changed_profile_is_told_soon_an_equal_one_is_not_and_an_end_is() {
        let mut beacon = active(600, 1);
        for _ in 0..3 {
            next(&mut beacon);
        }
        let calm = beacon.poll_timeout().unwrap();
        let profile = Profile { interval: Duration::from_secs(600), ..Profile::default() };
        beacon.handle_profile(Some(profile.clone()), at(100_000));
        assert_eq!(beacon.poll_timeout(), Some(calm));
        beacon.handle_profile(Some(Profile { is_managed: true, ..profile }), at(100_000));
        assert_eq!(beacon.poll_timeout(), Some(at(100_000)));
        next(&mut beacon);
        beacon.handle_profile(None, at(200_000));
        let frame = beacon.poll_transmit().unwrap();
        assert_eq!(frame[60..62], [0, 0], "a lifetime of zero");
        assert_eq!((beacon.poll_timeout(), beacon.sent()), (None, 4));
    }

    #[test]
    fn a_gateway_that_nobody_has_taken_over_ends_with_a_lifetime_of_zero_if_hosts_knew_it() {
        let mut beacon = active(600, 1);
        beacon.handle_end(at(0));
        assert_eq!(beacon.poll_transmit(), None, "nobody had been told of it");
        take_over(&mut beacon, at(1000));
        next(&mut beacon);
        beacon.handle_end(at(2000));
        assert_eq!(beacon.poll_timeout(), Some(at(2000)));
        let frame = beacon.poll_transmit().unwrap();
        assert_eq!((&frame[22..38], &frame[60..62]), (&SOURCE.octets()[..], &[0, 0][..]));
        assert_eq!((beacon.poll_timeout(), beacon.poll_transmit()), (None, None));
    }

    #[test]
    fn another_source_speaks_after_the_old_one_has_said_its_end() {
        let mut beacon = active(600, 1);
        next(&mut beacon);
        let other = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 6);
        beacon.handle_active(other, Vrid::new(5).unwrap().mac(Family::Ipv6), at(1000));
        beacon.handle_timeout(at(1000));
        let (old, new) = (beacon.poll_transmit().unwrap(), beacon.poll_transmit().unwrap());
        assert_eq!((&old[22..38], &old[60..62]), (&SOURCE.octets()[..], &[0, 0][..]));
        assert_eq!((&new[22..38], &new[60..62]), (&other.octets()[..], &[0x07, 0x08][..]));
        assert_eq!(beacon.poll_transmit(), None);
    }
}
