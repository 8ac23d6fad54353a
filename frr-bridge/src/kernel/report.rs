//! What BGP is told of the system table: next hops, networks, routes to redistribute.

use std::net::IpAddr;

use ipnet::IpNet;

use super::event::Redistributed;
use super::task::Task;
use crate::resolve::{Resolution, Selected, Source, Sources};

impl Task {
    pub(super) fn set_redistributed(&mut self, sources: Sources) {
        let before = std::mem::replace(&mut self.redistributed, sources);
        for (prefix, selected) in self.system.all_selected().filter(|(prefix, _)| is_global(prefix)) {
            let source = selected.source;
            if before.contains(source) != sources.contains(source) {
                let route = sources.contains(source).then(|| redistributed(selected));
                self.outbox.redistribute.insert((source, *prefix), route);
            }
        }
    }

    /// A next hop that is reachable by another way, or again, has its routes asked for: if BGP sees no difference
    /// between what it heard last and what it hears now, it does not know that the kernel needs them anew.
    pub(super) fn report_next_hop(&mut self, address: IpAddr, resolution: Resolution) {
        if resolution.is_reachable() && !self.reached.insert(address) {
            self.outbox.want_via.insert(address);
        }
        self.outbox.next_hops.insert(address, resolution);
    }

    pub(super) fn report_route(
        &mut self,
        prefix: &IpNet,
        before: Option<&Selected>,
        after: Option<&Selected>,
    ) {
        if self.watched.contains(prefix) && before.is_some() != after.is_some() {
            self.outbox.networks.insert(*prefix, after.is_some());
        }
        if !is_global(prefix) {
            return;
        }
        let wanted = |source: Source| self.redistributed.contains(source);
        let gone = before.map(|selected| selected.source).filter(|source| wanted(*source));
        let here = after.filter(|selected| wanted(selected.source));
        if let Some(source) = gone.filter(|source| here.is_none_or(|selected| selected.source != *source)) {
            self.outbox.redistribute.insert((source, *prefix), None);
        }
        if let Some(selected) = here {
            self.outbox.redistribute.insert((selected.source, *prefix), Some(redistributed(selected)));
        }
    }
}

fn redistributed(selected: &Selected) -> Redistributed {
    Redistributed { metric: selected.metric, kind: selected.kind.clone() }
}

/// The subnets of link-local addresses are nothing to tell others of.
fn is_global(prefix: &IpNet) -> bool {
    match prefix {
        IpNet::V4(_) => true,
        IpNet::V6(net) => !net.addr().is_unicast_link_local(),
    }
}
