//! Events that wait for the listener: the latest of each kind and key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::event::{Event, Redistributed, Refusal};
use crate::interface::Interface;
use crate::resolve::{Resolution, Source};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Set once the kernel has been read: routes that were adopted.
    pub(super) adopted: Option<usize>,
    pub(super) is_overrun: bool,
    pub(super) interfaces: BTreeMap<u32, Option<Arc<Interface>>>,
    pub(super) next_hops: BTreeMap<IpAddr, Resolution>,
    pub(super) want_via: BTreeSet<IpAddr>,
    pub(super) networks: BTreeMap<IpNet, bool>,
    pub(super) redistribute: BTreeMap<(Source, IpNet), Option<Redistributed>>,
    pub(super) failed: BTreeMap<IpNet, Refusal>,
    pub(super) want_all: Option<u32>,
    /// Asked for only once BGP has converged: before that it may not know of what the kernel still has.
    pub(super) want: BTreeSet<IpNet>,
    pub(super) may_want: bool,
    pub(super) installed: Option<u64>,
    pub(super) swept: Option<usize>,
}

impl Outbox {
    /// Nothing more is to be said about a next hop.
    pub(super) fn forget_next_hop(&mut self, address: &IpAddr) {
        self.next_hops.remove(address);
        self.want_via.remove(address);
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_overrun
            && self.adopted.is_none()
            && self.interfaces.is_empty()
            && self.next_hops.is_empty()
            && self.want_via.is_empty()
            && self.networks.is_empty()
            && self.redistribute.is_empty()
            && self.failed.is_empty()
            && self.want_all.is_none()
            && (!self.may_want || self.want.is_empty())
            && self.installed.is_none()
            && self.swept.is_none()
    }

    /// The next event: what others depend on comes first.
    pub(super) fn pop(&mut self) -> Option<Event> {
        if let Some(adopted) = self.adopted.take() {
            return Some(Event::Ready { adopted });
        }
        if std::mem::take(&mut self.is_overrun) {
            return Some(Event::Overrun);
        }
        if let Some((index, interface)) = self.interfaces.pop_first() {
            return Some(Event::Interface(index, interface));
        }
        if let Some((address, resolution)) = self.next_hops.pop_first() {
            return Some(Event::NextHop(address, resolution));
        }
        if let Some(address) = self.want_via.pop_first() {
            return Some(Event::WantVia(address));
        }
        if let Some((prefix, is_present)) = self.networks.pop_first() {
            return Some(Event::Network(prefix, is_present));
        }
        if let Some(((source, prefix), route)) = self.redistribute.pop_first() {
            return Some(Event::Redistribute(source, prefix, route));
        }
        if let Some((prefix, refusal)) = self.failed.pop_first() {
            return Some(Event::RouteFailed(prefix, refusal));
        }
        if let Some(round) = self.want_all.take() {
            return Some(Event::WantAll(round));
        }
        if self.may_want && !self.want.is_empty() {
            let chunk = std::iter::from_fn(|| self.want.pop_first()).take(CHUNK).collect();
            return Some(Event::Want(chunk));
        }
        if let Some(batch) = self.installed.take() {
            return Some(Event::Installed(batch));
        }
        self.swept.take().map(Event::Swept)
    }
}

/// Prefixes in one [`Event::Want`].
const CHUNK: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_changes_the_last_is_told() {
        let mut outbox = Outbox::default();
        let prefix = "10.0.0.0/8".parse().unwrap();
        outbox.installed = Some(7);
        for is_present in [true, false, true] {
            outbox.networks.insert(prefix, is_present);
        }
        assert_eq!(outbox.pop(), Some(Event::Network(prefix, true)));
        assert_eq!(outbox.pop(), Some(Event::Installed(7)), "what it may depend on was told before");
        assert!(outbox.is_empty());
    }

    #[test]
    fn prefixes_are_asked_for_once_bgp_has_converged() {
        let mut outbox = Outbox::default();
        outbox.want.insert("10.0.0.0/8".parse().unwrap());
        assert!(outbox.is_empty());
        assert_eq!(outbox.pop(), None);
        outbox.may_want = true;
        assert!(!outbox.is_empty());
        assert!(matches!(outbox.pop(), Some(Event::Want(prefixes)) if prefixes.len() == 1));
    }
}
