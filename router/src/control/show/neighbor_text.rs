//! One peer of `show bgp neighbors`.

use core::fmt::{self, Write};
use core::time::Duration;

use bgp_core::speaker::config::{
    MaximumPrefixAction, NextHopSelf, PeerFamilyConfig, RemovePrivateAs, SendCommunity, Ttl,
};
use bgp_core::{Family, FamilySet};

use super::neighbors::{Offered, local_restart_mode, max_hops, remote_restart_mode, role_text};
use super::summary::ResetText;
use super::{Printable, family_title};
use crate::control::clock::Uptime;
use crate::control::snapshot::{
    CapabilitySnapshot, FqdnSnapshot, InstanceSnapshot, PeerFamilySnapshot, PeerSnapshot,
};

/// Writes the peer, a blank line at its end.
pub(super) fn write(instance: &InstanceSnapshot, peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    write_identity(instance, peer, out)?;
    write_timers(peer, out)?;
    if let (Some(sent), Some(received)) = (&peer.sent, &peer.received) {
        writeln!(out, "  Neighbor capabilities:")?;
        write_capabilities(sent, received, out)?;
    }
    write_graceful_restart(instance, peer, out)?;
    write_messages(peer, out)?;
    let interval = peer.config.timers.advertisement_interval.as_secs();
    writeln!(out, "  Minimum time between advertisement runs is {interval} seconds\n")?;
    for (family, counts) in peer.families.iter() {
        if let Some(counts) = counts {
            writeln!(out, " For address family: {}", family_title(family))?;
            write_family(peer, family, counts, out)?;
            out.push('\n');
        }
    }
    write_history(peer, out)?;
    write_connection(peer, out)
}

fn write_identity(instance: &InstanceSnapshot, peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    match &peer.interface {
        Some(interface) => write!(out, "BGP neighbor on {interface}: {}", peer.address)?,
        None if peer.is_dynamic => write!(out, "BGP neighbor is *{}", peer.address)?,
        None => write!(out, "BGP neighbor is {}", peer.address)?,
    }
    write!(out, ", remote AS {}, local AS {}", peer.remote_as, peer.local_as)?;
    if let Some(local_as) = &peer.config.local_as {
        out.push_str(if local_as.no_prepend { " no-prepend" } else { "" });
        out.push_str(if local_as.replace_as { " replace-as" } else { "" });
    }
    writeln!(out, ", {} link", if peer.is_internal { "internal" } else { "external" })?;
    writeln!(out, "  Local Role: {}", role_text(peer.config.role))?;
    let remote_role = peer.received.as_ref().and_then(|received| received.role);
    writeln!(out, "  Remote Role: {}", role_text(remote_role))?;
    if let Some(description) = &peer.config.description {
        writeln!(out, " Description: {description}")?;
    }
    if let Some(host_name) = &peer.host_name {
        writeln!(out, "Hostname: {}", Printable(host_name))?;
    }
    if let Some(group) = &peer.config.group {
        writeln!(out, " Member of peer-group {group} for session parameters")?;
    }
    if peer.is_shut() {
        writeln!(out, " Administratively shut down")?;
    }
    let (remote, local) = (peer.router_id.unwrap_or_default(), instance.router_id);
    writeln!(out, "  BGP version 4, remote router ID {remote}, local router ID {local}")
}

fn write_timers(peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    write!(out, "  BGP state = {}", peer.state)?;
    if let Some(since) = peer.since.filter(|_| peer.is_established()) {
        write!(out, ", up for {}", Uptime(since))?;
    }
    let (read, written) = (Ago(peer.last_read), Ago(peer.last_write));
    writeln!(out, "\n  Last read {read}, Last write {written}")?;
    let timers = &peer.config.timers;
    for (what, hold, keepalive) in
        [("Hold", peer.hold, peer.keepalive), ("Configured hold", timers.hold, timers.keepalive)]
    {
        let (hold, keepalive) = (hold.as_secs(), keepalive.as_secs());
        writeln!(out, "  {what} time is {hold} seconds, keepalive interval is {keepalive} seconds")?;
    }
    writeln!(out, "  Configured conditional advertisements interval is 60 seconds")
}

fn write_capabilities(
    sent: &CapabilitySnapshot,
    received: &CapabilitySnapshot,
    out: &mut String,
) -> fmt::Result {
    let line = |out: &mut String, name: &str, of: fn(&CapabilitySnapshot) -> bool| match Offered::of(
        of(sent),
        of(received),
    )
    .text()
    {
        Some(text) => writeln!(out, "    {name}: {text}"),
        None => Ok(()),
    };
    line(out, "4 Byte AS", |side| side.four_octet_as)?;
    line(out, "Extended Message", |side| side.extended_message)?;
    write_add_path(sent, received, out)?;
    line(out, "Extended nexthop", |side| !side.extended_next_hop.is_empty())?;
    if !received.extended_next_hop.is_empty() {
        writeln!(out, "      Address families by peer:")?;
        for family in received.extended_next_hop.iter() {
            writeln!(out, "                   {}", family_title(family))?;
        }
    }
    line(out, "Long-lived Graceful Restart", |side| side.long_lived_graceful_restart.is_some())?;
    if received.long_lived_graceful_restart.is_some() {
        writeln!(out, "      Address families by peer:")?;
    }
    write_refresh(sent, received, out)?;
    line(out, "Enhanced Route Refresh", |side| side.enhanced_route_refresh)?;
    for family in Family::ALL {
        let offered = Offered::of(sent.families.contains(family), received.families.contains(family));
        if let Some(text) = offered.text() {
            writeln!(out, "    Address Family {}: {text}", family_title(family))?;
        }
    }
    let (ours, theirs) = (Named(sent.fqdn.as_ref()), Named(received.fqdn.as_ref()));
    writeln!(out, "    Hostname Capability: advertised {ours} received {theirs}")?;
    if let Some(version) = &received.software_version {
        writeln!(out, "    Version Capability: received ({})", Printable(version))?;
    }
    line(out, "Graceful Restart Capability", |side| side.graceful_restart.is_some())?;
    let Some(restart) = &received.graceful_restart else { return Ok(()) };
    writeln!(out, "      Remote Restart timer is {} seconds", restart.time.as_secs())?;
    writeln!(out, "      Address families by peer:")?;
    if restart.families.is_empty() {
        writeln!(out, "        none")?;
    }
    for family in restart.families.iter() {
        let state = if restart.forwarding.contains(family) { "preserved" } else { "not preserved" };
        writeln!(out, "        {}({state})", family_title(family))?;
    }
    Ok(())
}

fn write_add_path(sent: &CapabilitySnapshot, received: &CapabilitySnapshot, out: &mut String) -> fmt::Result {
    let mut is_headed = false;
    for family in Family::ALL {
        let (ours, theirs) = (sent.add_path[family], received.add_path[family]);
        let transmit = ("TX", Offered::of(ours.send, theirs.send));
        let receive = ("RX", Offered::of(ours.receive, theirs.receive));
        for (direction, offered) in [transmit, receive] {
            let Some(text) = offered.text() else { continue };
            if !core::mem::replace(&mut is_headed, true) {
                writeln!(out, "    AddPath:")?;
            }
            writeln!(out, "      {}: {direction} {text}", family_title(family))?;
        }
    }
    Ok(())
}

fn write_refresh(sent: &CapabilitySnapshot, received: &CapabilitySnapshot, out: &mut String) -> fmt::Result {
    let is_sent = sent.route_refresh || sent.route_refresh_old;
    let is_received = received.route_refresh || received.route_refresh_old;
    let Some(text) = Offered::of(is_sent, is_received).text() else { return Ok(()) };
    let kinds = match (received.route_refresh, received.route_refresh_old) {
        (true, true) => "(old & new)",
        (true, false) => "(new)",
        (false, true) => "(old)",
        (false, false) => "",
    };
    writeln!(out, "    Route refresh: {text}{kinds}")
}

fn write_graceful_restart(instance: &InstanceSnapshot, peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    writeln!(out, "  Graceful restart information:")?;
    if !peer.end_of_rib_sent.is_empty() {
        writeln!(out, "    End-of-RIB send: {}", Titles(peer.end_of_rib_sent))?;
    }
    if !peer.end_of_rib_received.is_empty() {
        writeln!(out, "    End-of-RIB received: {}", Titles(peer.end_of_rib_received))?;
    }
    let restart = peer.received.as_ref().and_then(|received| received.graceful_restart.as_ref());
    let is = |is_set: bool| if is_set { "True" } else { "False" };
    writeln!(out, "    Local GR Mode: {}", local_restart_mode(instance))?;
    writeln!(out, "    Remote GR Mode: {}", remote_restart_mode(peer))?;
    writeln!(out, "    R bit: {}", is(restart.is_some_and(|restart| restart.is_restarting)))?;
    writeln!(out, "    N bit: {}", is(restart.is_some_and(|restart| restart.has_notification)))?;
    writeln!(out, "    Timers:")?;
    let configured = instance.graceful_restart.restart_time.as_secs();
    writeln!(out, "      Configured Restart Time(sec): {configured}")?;
    let received = restart.map_or(0, |restart| restart.time.as_secs());
    writeln!(out, "      Received Restart Time(sec): {received}")?;
    let stale = instance.graceful_restart.stale_time.as_secs();
    let yes = |is_so: bool| if is_so { "Yes" } else { "No" };
    for (family, _) in peer.families.iter().filter(|(_, counts)| counts.is_some() && peer.is_established()) {
        writeln!(out, "    {}:", family_title(family))?;
        writeln!(out, "      F bit: {}", is(restart.is_some_and(|r| r.forwarding.contains(family))))?;
        writeln!(out, "      End-of-RIB sent: {}", yes(peer.end_of_rib_sent.contains(family)))?;
        writeln!(out, "      End-of-RIB sent after update: No")?;
        writeln!(out, "      End-of-RIB received: {}", yes(peer.end_of_rib_received.contains(family)))?;
        writeln!(out, "      Timers:\n        Configured Stale Path Time(sec): {stale}")?;
    }
    Ok(())
}

fn write_messages(peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    let (sent, received) = (&peer.messages_sent, &peer.messages_received);
    writeln!(out, "  Message statistics:\n    Inq depth is {}", peer.in_queue)?;
    writeln!(out, "    Outq depth is {}", peer.out_queue)?;
    writeln!(out, "                         Sent       Rcvd")?;
    for (name, sent, received) in [
        ("Opens:", sent.open, received.open),
        ("Notifications:", sent.notification, received.notification),
        ("Updates:", sent.update, received.update),
        ("Keepalives:", sent.keepalive, received.keepalive),
        ("Route Refresh:", sent.route_refresh, received.route_refresh),
        ("Capability:", 0, 0),
        ("Total:", sent.total(), received.total()),
    ] {
        writeln!(out, "    {name:<15}{sent:>10} {received:>10}")?;
    }
    Ok(())
}

fn write_family(
    peer: &PeerSnapshot,
    family: Family,
    counts: &PeerFamilySnapshot,
    out: &mut String,
) -> fmt::Result {
    let config = peer.config.families[family].as_ref();
    if let Some(group) = &peer.config.group {
        writeln!(out, "  {group} peer-group member")?;
    }
    match counts.export_group {
        Some(group) => {
            writeln!(out, "  Update group {group}, subgroup {group}")?;
            writeln!(out, "  Packet Queue length {}", counts.queued)?;
        }
        None => writeln!(out, "  Not part of any update group")?,
    }
    if let Some(config) = config {
        write_family_config(config, out)?;
    }
    if counts.lacks_import_policy {
        writeln!(out, "  Inbound updates discarded due to missing policy")?;
    }
    if counts.lacks_export_policy {
        writeln!(out, "  Outbound updates discarded due to missing policy")?;
    }
    writeln!(out, "  {} accepted prefixes", counts.accepted)?;
    let Some(maximum) = config.and_then(|config| config.maximum_prefix) else { return Ok(()) };
    let only = if maximum.action == MaximumPrefixAction::Warn { " (warning-only)" } else { "" };
    writeln!(out, "  Maximum prefixes allowed {}{only}", maximum.limit)?;
    write!(out, "  Threshold for warning message {}%", maximum.threshold)?;
    if let MaximumPrefixAction::Restart(after) = maximum.action {
        write!(out, ", restart interval {} min", after.as_secs() / 60)?;
    }
    out.push('\n');
    Ok(())
}

fn write_family_config(config: &PeerFamilyConfig, out: &mut String) -> fmt::Result {
    let flags = [
        (config.route_reflector_client, "Route-Reflector Client"),
        (config.soft_reconfiguration, "Inbound soft reconfiguration allowed"),
        (
            config.remove_private_as != RemovePrivateAs::Keep,
            "Private AS numbers removed in updates to this neighbor",
        ),
        (config.next_hop_self != NextHopSelf::Default, "NEXT_HOP is always this router"),
        (config.as_override, "Override ASNs in outbound updates if aspath equals remote-as"),
        (config.attribute_unchanged.as_path, "AS_PATH is propagated unchanged to this neighbor"),
        (config.attribute_unchanged.next_hop, "NEXT_HOP is propagated unchanged to this neighbor"),
        (config.attribute_unchanged.med, "MED is propagated unchanged to this neighbor"),
    ];
    for (_, text) in flags.iter().filter(|(is_set, _)| *is_set) {
        writeln!(out, "  {text}")?;
    }
    if let Some(sent) = communities_text(config.send_community) {
        writeln!(out, "  Community attribute sent to this neighbor({sent})")?;
    }
    if config.default_originate.is_some() {
        writeln!(out, "  Default information originate, default sent")?;
    }
    for (filter, direction) in [(&config.import, "Inbound"), (&config.export, "Outbound")] {
        if !filter.is_empty() {
            writeln!(out, "  {direction} path policy configured")?;
        }
    }
    for (filter, direction) in [(&config.import, "Incoming"), (&config.export, "Outgoing")] {
        if let Some(list) = &filter.prefix_list {
            writeln!(out, "  {direction} update prefix filter list is *{}", list.name())?;
        }
    }
    for (filter, direction) in [(&config.import, "Incoming"), (&config.export, "Outgoing")] {
        if let Some(list) = &filter.as_path_list {
            writeln!(out, "  {direction} update AS path filter list is *{}", list.name)?;
        }
    }
    for (filter, direction) in [(&config.import, "incoming"), (&config.export, "outgoing")] {
        if let Some(map) = &filter.route_map {
            writeln!(out, "  Route map for {direction} advertisements is *{}", map.name())?;
        }
    }
    Ok(())
}

fn communities_text(send: SendCommunity) -> Option<&'static str> {
    match (send.standard, send.extended, send.large) {
        (true, true, true) => Some("all"),
        (true, true, false) => Some("both"),
        (true, false, _) => Some("standard"),
        (false, true, _) => Some("extended"),
        (false, false, true) => Some("large"),
        (false, false, false) => None,
    }
}

fn write_history(peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    writeln!(out, "  Connections established {}; dropped {}", peer.established, peer.dropped)?;
    match &peer.last_reset {
        None => writeln!(out, "  Last reset never")?,
        Some(reset) => {
            writeln!(out, "  Last reset {},  {}", Uptime(reset.age), ResetText(reset))?;
            if let Some(text) = reset.notification.as_ref().and_then(|said| said.text.as_deref()) {
                writeln!(out, "    Message: \"{}\"", Printable(text))?;
            }
        }
    }
    let (kind, hops) = (if peer.is_internal { "Internal" } else { "External" }, max_hops(peer));
    match peer.config.ttl {
        Ttl::Security { .. } => {
            writeln!(out, "  {kind} BGP neighbor may be up to {hops} hops away (ttl-security).")
        }
        Ttl::Default | Ttl::Multihop(_) => {
            writeln!(out, "  {kind} BGP neighbor may be up to {hops} hops away.")
        }
    }
}

fn write_connection(peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    if let Some(ends) = &peer.endpoints {
        writeln!(out, "Local host: {}, Local port: {}", ends.local.ip(), ends.local.port())?;
        writeln!(out, "Foreign host: {}, Foreign port: {}", ends.remote.ip(), ends.remote.port())?;
        if let Some(address) = ends.next_hop_v4 {
            writeln!(out, "Nexthop: {address}")?;
        }
        if let Some(address) = ends.next_hop_v6 {
            writeln!(out, "Nexthop global: {address}")?;
        }
        if let Some(address) = ends.next_hop_link_local {
            writeln!(out, "Nexthop local: {address}")?;
        }
        let network = if ends.is_shared_network { "shared network" } else { "non shared network" };
        writeln!(out, "BGP connection: {network}")?;
    }
    let retry = peer.config.timers.connect_retry.as_secs();
    writeln!(out, "BGP Connect Retry Timer in Seconds: {retry}")?;
    let round_trip = peer.endpoints.and_then(|ends| ends.round_trip).filter(|_| peer.is_established());
    if let Some(round_trip) = round_trip {
        writeln!(out, "Estimated round trip time: {} ms", round_trip.as_millis())?;
    }
    if let Some(due) = peer.next_connect {
        writeln!(out, "Next connect timer due in {} seconds", due.as_secs())?;
    }
    if peer.config.password.is_some() {
        writeln!(out, "Peer Authentication Enabled")?;
    }
    let thread = if peer.is_established() { "on" } else { "off" };
    writeln!(out, "Read thread: {thread}  Write thread: {thread}  FD used: -1\n")
}

struct Ago(Option<Duration>);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(age) => Uptime(age).fmt(f),
            None => f.write_str("never"),
        }
    }
}

struct Named<'a>(Option<&'a FqdnSnapshot>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(FqdnSnapshot { host, domain }) = self.0 else { return f.write_str("not received") };
        let domain = if domain.is_empty() { "n/a" } else { domain };
        write!(f, "(name: {},domain name: {})", Printable(host), Printable(domain))
    }
}

struct Titles(FamilySet);

impl fmt::Display for Titles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, family) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index > 0 { ", " } else { "" }, family_title(family))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_host_name_does_not_steer_the_terminal() {
        let fqdn = FqdnSnapshot { host: "a\u{1b}[2Jb\0".into(), domain: "x\ny".into() };
        assert_eq!(Named(Some(&fqdn)).to_string(), "(name: a?[2Jb?,domain name: x?y)");
    }
}
