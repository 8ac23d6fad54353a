//! What the kernel task reports, and whom the postman tells.
//!
//! Interfaces, next hops and the presence of networks go to the speaker one by one. Routes to redistribute come one
//! by one too, but the speaker takes them as whole sets: they collect here, and a set is handed over at once if it is
//! small, and now and then if it is large.

use std::sync::Arc;

use bgp_core::rib::FibChange;
use bgp_core::session::Restarted;
use bgp_core::speaker::{KernelRoute, Presence};
use frr_bridge::kernel::Event;

use super::postman::Postman;
use super::{addresses, journal, kernel_side};

impl Postman {
    /// Passes on what an event says.
    pub(super) fn take_kernel_event(&mut self, event: Event) {
        journal::kernel(&event);
        let now = self.clock.now();
        match event {
            Event::Ready { adopted: 0 } => self.start(Restarted::No),
            Event::Ready { .. } => self.start(Restarted::Yes),
            Event::Interface(index, Some(interface)) => {
                self.gateway.interface(index, Some(&interface));
                let link = addresses::link_interface(&interface);
                self.speaker.handle_link_changed(&link, now);
                let known = self.interfaces.insert(index, Arc::clone(&interface));
                if !interface.is_operative() {
                    self.speaker.handle_interface_down(index, now);
                } else if known.is_none_or(|known| addresses::is_new_way(&known, &interface)) {
                    self.speaker.handle_interface_up(&link, now);
                }
            }
            Event::Interface(index, None) => {
                self.speaker.handle_interface_down(index, now);
                self.gateway.interface(index, None);
                self.interfaces.remove(&index);
            }
            Event::NextHop(address, resolution) => {
                self.unanswered.remove(&address);
                self.speaker.handle_next_hop(address, kernel_side::next_hop_state(&resolution), now);
            }
            Event::Network(prefix, is_there) => {
                let presence = if is_there { Presence::Present } else { Presence::Absent };
                if self.gateway.is_tracked(&prefix) {
                    self.gateway.foreign(prefix, is_there);
                }
                self.speaker.handle_network(prefix, presence, now);
            }
            Event::Redistribute(source, prefix, route) => self.redistribution.set(source, prefix, route),
            Event::WantAll(request) => {
                self.speaker.resync_fib();
                self.resending = Some(request);
            }
            Event::WantVia(address) => self.speaker.handle_rerouted(address, now),
            Event::Want(prefixes) => {
                for prefix in prefixes {
                    let route = self.speaker.rib().fib_route(&prefix).map(Arc::new);
                    let change = FibChange { prefix, route };
                    self.gateway.route(&change, self.routes_down.next_batch());
                    self.routes_down.push(change);
                }
            }
            Event::Installed(batch) => self.gateway.installed(batch),
            Event::RouteFailed(prefix, _) => self.gateway.refused(&prefix),
            Event::Overrun | Event::Swept(_) => {}
        }
    }
    /// Hands the sets of redistributed routes that have changed to the speaker, if it is time.
    pub(super) fn set_redistributed(&mut self) {
        let began = self.clock.now();
        let due = self.redistribution.take_due(began);
        if due.is_empty() {
            return;
        }
        for (source, family) in due {
            let routes = self.redistribution.get(source, family);
            let routes = routes.map(|(prefix, next_hop, metric)| KernelRoute { prefix, next_hop, metric });
            let routes = routes.collect();
            self.speaker.set_redistributed(source, family, routes, began);
        }
        self.redistribution.rest(began, self.clock.now());
    }
}
