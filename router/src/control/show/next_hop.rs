//! `show bgp nexthop` and `show ip nht`: addresses that routes depend on, and how they are reached.

use core::fmt::{self, Write};
use core::net::IpAddr;

use bgp_core::Family;

use crate::control::clock::{Date, Moment};
use crate::control::snapshot::{NextHopAction, NextHopSnapshot, TrackedNextHop};

/// Writes BGP's view.
pub(crate) fn render_bgp(next_hops: &[NextHopSnapshot], at: Moment, out: &mut String) -> fmt::Result {
    writeln!(out, "Current BGP nexthop cache:")?;
    for next_hop in next_hops {
        write!(out, " {}", next_hop.address)?;
        match next_hop.metric {
            Some(metric) => write!(out, " valid [IGP metric {metric}]")?,
            None => write!(out, " invalid")?,
        }
        write!(out, ", #paths {}", next_hop.paths)?;
        match next_hop.peer {
            Some(peer) => writeln!(out, ", peer {peer}")?,
            None => out.push('\n'),
        }
        for (gateway, interface) in &next_hop.gateways {
            match gateway {
                Some(gateway) => writeln!(out, "  gate {gateway}, if {interface}")?,
                None => writeln!(out, "  if {interface}")?,
            }
        }
        writeln!(out, "  Last update: {}\n", Date(at.epoch(next_hop.age)))?;
    }
    Ok(())
}

/// Writes the kernel side's view: all of a family, or one address.
pub(crate) fn render_tracked(
    tracked: &[TrackedNextHop],
    (family, address): (Family, Option<IpAddr>),
    out: &mut String,
) -> fmt::Result {
    let is_shown = |held: &&TrackedNextHop| match address {
        Some(address) => held.address == address,
        None => held.address.is_ipv4() == (family == Family::Ipv4Unicast),
    };
    for held in tracked.iter().filter(is_shown) {
        let connected = if held.must_be_connected { "(Connected)" } else { "" };
        writeln!(out, "{}{connected}", held.address)?;
        match held.via {
            None => writeln!(out, " unresolved")?,
            Some(protocol) => writeln!(out, " resolved via {}", protocol.name())?,
        }
        for hop in &held.next_hops {
            let interface = hop.interface.as_ref().map_or("", |(_, name)| name);
            match (hop.action, hop.gateway) {
                (NextHopAction::Forward, Some(gateway)) => writeln!(out, " via {gateway}, {interface}")?,
                (NextHopAction::Forward, None) => writeln!(out, " is directly connected, {interface}")?,
                (_, _) => writeln!(out, " unreachable")?,
            }
        }
        writeln!(out, " Client list: {}", held.clients.join(" "))?;
    }
    Ok(())
}
