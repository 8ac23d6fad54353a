//! One peer of `show bgp neighbors json`.

use core::time::Duration;

use bgp_core::Family;
use bgp_core::speaker::config::{MaximumPrefixAction, NextHopSelf, PeerFamilyConfig, SendCommunity, Ttl};

use super::family_key;
use super::neighbors::{Offered, local_restart_mode, max_hops, remote_restart_mode, role_text};
use super::summary::write_reset;
use crate::control::clock::{Moment, Uptime};
use crate::control::json::Object;
use crate::control::snapshot::{
    CapabilitySnapshot, Endpoints, FqdnSnapshot, InstanceSnapshot, PeerFamilySnapshot, PeerSnapshot,
};

/// Writes the members of the peer's object.
pub(super) fn write(instance: &InstanceSnapshot, peer: &PeerSnapshot, at: Moment, o: &mut Object<'_>) {
    write_identity(instance, peer, o);
    write_timers(peer, at, o);
    if let (Some(sent), Some(received)) = (&peer.sent, &peer.received) {
        o.object("neighborCapabilities", |o| write_capabilities(sent, received, o));
    }
    o.object("gracefulRestartInfo", |o| write_graceful_restart(instance, peer, o));
    o.object("messageStats", |o| write_messages(peer, o));
    o.number("minBtwnAdvertisementRunsTimerMsecs", millis(peer.config.timers.advertisement_interval));
    o.object("addressFamilyInfo", |o| {
        for (family, counts) in peer.families.iter() {
            if let Some(counts) = counts {
                o.object(family_key(family), |o| write_family(peer, family, counts, o));
            }
        }
    });
    o.number("connectionsEstablished", peer.established);
    o.number("connectionsDropped", peer.dropped);
    if let Some(reset) = &peer.last_reset {
        o.number("lastResetTimerMsecs", whole_seconds(reset.age));
        write_reset(Some(reset), o);
    }
    match (peer.is_internal, peer.config.ttl) {
        (_, Ttl::Security { .. }) => o.number("ttlSecurityHops", max_hops(peer)),
        (true, _) => o.number("internalBgpNbrMaxHopsAway", max_hops(peer)),
        (false, _) => o.number("externalBgpNbrMaxHopsAway", max_hops(peer)),
    }
    write_endpoints(peer.endpoints.as_ref(), o);
    o.number("connectRetryTimer", peer.config.timers.connect_retry.as_secs());
    let round_trip = peer.endpoints.and_then(|ends| ends.round_trip).filter(|_| peer.is_established());
    if let Some(round_trip) = round_trip {
        o.number("estimatedRttInMsecs", millis(round_trip));
    }
    if let Some(due) = peer.next_connect {
        o.number("nextConnectTimerDueInMsecs", whole_seconds(due));
    }
    if peer.config.password.is_some() {
        o.number("authenticationEnabled", 1);
    }
    let thread = if peer.is_established() { "on" } else { "off" };
    o.string("readThread", thread);
    o.string("writeThread", thread);
}

fn write_identity(instance: &InstanceSnapshot, peer: &PeerSnapshot, o: &mut Object<'_>) {
    if peer.interface.is_some() {
        o.string("bgpNeighborAddr", peer.address);
    }
    o.number("remoteAs", peer.remote_as.0);
    o.number("localAs", peer.local_as.0);
    if let Some(local_as) = &peer.config.local_as {
        o.flag("localAsNoPrepend", local_as.no_prepend);
        o.flag("localAsReplaceAs", local_as.replace_as);
    }
    o.boolean(if peer.is_internal { "nbrInternalLink" } else { "nbrExternalLink" }, true);
    o.string("localRole", role_text(peer.config.role));
    o.string("remoteRole", role_text(peer.received.as_ref().and_then(|received| received.role)));
    o.maybe_string("nbrDesc", peer.config.description.as_deref());
    o.maybe_string("hostname", peer.host_name.as_deref());
    o.maybe_string("peerGroup", peer.config.group.as_deref());
    o.flag("adminShutDown", peer.is_shut());
    o.number("bgpVersion", 4);
    o.string("remoteRouterId", peer.router_id.unwrap_or_default());
    o.string("localRouterId", instance.router_id);
}

fn write_timers(peer: &PeerSnapshot, at: Moment, o: &mut Object<'_>) {
    o.string("bgpState", peer.state);
    if let Some(since) = peer.since.filter(|_| peer.is_established()) {
        o.number("bgpTimerUpMsec", whole_seconds(since));
        o.string("bgpTimerUpString", Uptime(since));
        o.number("bgpTimerUpEstablishedEpoch", at.epoch(since));
    }
    // FRR counts "never" from its own start; so far back is never here.
    o.number("bgpTimerLastRead", whole_seconds(peer.last_read.unwrap_or_default()));
    o.number("bgpTimerLastWrite", whole_seconds(peer.last_write.unwrap_or_default()));
    o.number("bgpInUpdateElapsedTimeMsecs", whole_seconds(peer.last_update.unwrap_or_default()));
    o.number("bgpTimerConfiguredHoldTimeMsecs", millis(peer.config.timers.hold));
    o.number("bgpTimerConfiguredKeepAliveIntervalMsecs", millis(peer.config.timers.keepalive));
    o.number("bgpTimerHoldTimeMsecs", millis(peer.hold));
    o.number("bgpTimerKeepAliveIntervalMsecs", millis(peer.keepalive));
    let has_long_parameters = peer.sent.as_ref().is_some_and(|sent| sent.extended_parameters);
    o.boolean("extendedOptionalParametersLength", has_long_parameters);
    o.number("bgpTimerConfiguredConditionalAdvertisementsSec", 60);
}

fn write_capabilities(sent: &CapabilitySnapshot, received: &CapabilitySnapshot, o: &mut Object<'_>) {
    let offered = |of: fn(&CapabilitySnapshot) -> bool| Offered::of(of(sent), of(received)).key();
    o.maybe_string("4byteAs", offered(|side| side.four_octet_as));
    o.maybe_string("extendedMessage", offered(|side| side.extended_message));
    if any_add_path(sent) || any_add_path(received) {
        o.object("addPath", |o| write_add_path(sent, received, o));
    }
    o.maybe_string("extendedNexthop", offered(|side| !side.extended_next_hop.is_empty()));
    if !received.extended_next_hop.is_empty() {
        // Both misspellings are FRR's.
        o.object("extendedNexthopFamililesByPeer", |o| {
            received.extended_next_hop.iter().for_each(|family| o.string(family_key(family), "recieved"));
        });
    }
    o.maybe_string("longLivedGracefulRestart", offered(|side| side.long_lived_graceful_restart.is_some()));
    if let Some(families) = received.long_lived_graceful_restart {
        o.object("longLivedGracefulRestartByPeer", |o| {
            families.iter().for_each(|family| o.string(family_key(family), "received"));
        });
    }
    write_refresh(sent, received, o);
    o.maybe_string("enhancedRouteRefresh", offered(|side| side.enhanced_route_refresh));
    o.object("multiprotocolExtensions", |o| {
        for family in Family::ALL {
            let offered = Offered::of(sent.families.contains(family), received.families.contains(family));
            if let Some(key) = offered.key() {
                o.object(family_key(family), |o| o.boolean(key, true));
            }
        }
    });
    o.object("hostName", |o| {
        write_fqdn(sent.fqdn.as_ref(), ("advHostName", "advDomainName"), o);
        write_fqdn(received.fqdn.as_ref(), ("rcvHostName", "rcvDomainName"), o);
    });
    o.maybe_string("softwareVersion", received.software_version.as_deref());
    o.maybe_string("gracefulRestart", offered(|side| side.graceful_restart.is_some()));
    if let Some(restart) = &received.graceful_restart {
        o.number("gracefulRestartRemoteTimerMsecs", millis(restart.time));
        if restart.families.is_empty() {
            o.string("addressFamiliesByPeer", "none");
        } else {
            o.object("addressFamiliesByPeer", |o| {
                for family in restart.families.iter() {
                    let is_preserved = restart.forwarding.contains(family);
                    let state = if is_preserved { "preserved" } else { "not preserved" };
                    o.string(family_key(family), state);
                }
            });
        }
    }
}

fn any_add_path(side: &CapabilitySnapshot) -> bool {
    side.add_path.iter().any(|(_, modes)| modes.send || modes.receive)
}

fn write_add_path(sent: &CapabilitySnapshot, received: &CapabilitySnapshot, o: &mut Object<'_>) {
    for family in Family::ALL {
        let (ours, theirs) = (sent.add_path[family], received.add_path[family]);
        let transmit = Offered::of(ours.send, theirs.send);
        let receive = Offered::of(ours.receive, theirs.receive);
        if (transmit, receive) == (Offered::Neither, Offered::Neither) {
            continue;
        }
        o.object(family_key(family), |o| {
            match transmit {
                Offered::Neither => {}
                Offered::Sent => o.boolean("txAdvertised", true),
                Offered::Received => o.boolean("txReceived", true),
                Offered::Both => o.boolean("txAdvertisedAndReceived", true),
            }
            match receive {
                Offered::Neither => {}
                Offered::Sent => o.boolean("rxAdvertised", true),
                Offered::Received => o.boolean("rxReceived", true),
                Offered::Both => o.boolean("rxAdvertisedAndReceived", true),
            }
        });
    }
}

fn write_refresh(sent: &CapabilitySnapshot, received: &CapabilitySnapshot, o: &mut Object<'_>) {
    let is_sent = sent.route_refresh || sent.route_refresh_old;
    match (is_sent, received.route_refresh, received.route_refresh_old) {
        (true, true, true) => o.string("routeRefresh", "advertisedAndReceivedOldNew"),
        (true, true, false) => o.string("routeRefresh", "advertisedAndReceivedNew"),
        (true, false, true) => o.string("routeRefresh", "advertisedAndReceivedOld"),
        (true, false, false) => o.string("routeRefresh", "advertised"),
        (false, true, _) | (false, _, true) => o.string("routeRefresh", "received"),
        (false, false, false) => {}
    }
}

fn write_fqdn(fqdn: Option<&FqdnSnapshot>, keys: (&str, &str), o: &mut Object<'_>) {
    if let Some(fqdn) = fqdn {
        o.string(keys.0, &fqdn.host);
        o.string(keys.1, if fqdn.domain.is_empty() { "n/a" } else { &fqdn.domain });
    }
}

fn write_graceful_restart(instance: &InstanceSnapshot, peer: &PeerSnapshot, o: &mut Object<'_>) {
    for (key, families) in
        [("endOfRibSend", peer.end_of_rib_sent), ("endOfRibRecv", peer.end_of_rib_received)]
    {
        o.object(key, |o| families.iter().for_each(|family| o.boolean(family_key(family), true)));
    }
    let restart = peer.received.as_ref().and_then(|received| received.graceful_restart.as_ref());
    o.string("localGrMode", local_restart_mode(instance));
    o.string("remoteGrMode", remote_restart_mode(peer));
    o.boolean("rBit", restart.is_some_and(|restart| restart.is_restarting));
    o.boolean("nBit", restart.is_some_and(|restart| restart.has_notification));
    o.object("timers", |o| {
        o.number("configuredRestartTimer", instance.graceful_restart.restart_time.as_secs());
        o.number("receivedRestartTimer", restart.map_or(0, |restart| restart.time.as_secs()));
    });
    for (family, _) in peer.families.iter().filter(|(_, counts)| counts.is_some() && peer.is_established()) {
        o.object(family_key(family), |o| {
            o.boolean("fBit", restart.is_some_and(|restart| restart.forwarding.contains(family)));
            o.object("endOfRibStatus", |o| {
                o.boolean("endOfRibSend", peer.end_of_rib_sent.contains(family));
                o.boolean("endOfRibSentAfterUpdate", false);
                o.boolean("endOfRibRecv", peer.end_of_rib_received.contains(family));
            });
            o.object("timers", |o| {
                o.number("stalePathTimer", instance.graceful_restart.stale_time.as_secs());
            });
        });
    }
}

fn write_messages(peer: &PeerSnapshot, o: &mut Object<'_>) {
    let (sent, received) = (&peer.messages_sent, &peer.messages_received);
    o.number("depthInq", peer.in_queue);
    o.number("depthOutq", peer.out_queue);
    for (name, sent, received) in [
        ("opens", sent.open, received.open),
        ("notifications", sent.notification, received.notification),
        ("updates", sent.update, received.update),
        ("keepalives", sent.keepalive, received.keepalive),
        ("routeRefresh", sent.route_refresh, received.route_refresh),
        ("capability", 0, 0),
        ("total", sent.total(), received.total()),
    ] {
        o.number(&format!("{name}Sent"), sent);
        o.number(&format!("{name}Recv"), received);
    }
}

fn write_family(peer: &PeerSnapshot, family: Family, counts: &PeerFamilySnapshot, o: &mut Object<'_>) {
    let config = peer.config.families[family].as_ref();
    if let Some(group) = counts.export_group {
        o.number("updateGroupId", group);
        o.number("subGroupId", group);
        o.number("packetQueueLength", counts.queued);
    }
    if let Some(config) = config {
        write_family_config(config, o);
    }
    if counts.lacks_import_policy {
        o.string("inboundEbgpRequiresPolicy", "Inbound updates discarded due to missing policy");
    }
    if counts.lacks_export_policy {
        o.string("outboundEbgpRequiresPolicy", "Outbound updates discarded due to missing policy");
    }
    o.number("acceptedPrefixCounter", counts.accepted);
    if counts.export_group.is_some() {
        o.number("sentPrefixCounter", counts.sent);
    }
    if let Some(maximum) = config.and_then(|config| config.maximum_prefix) {
        o.number("prefixAllowedMax", maximum.limit);
        o.flag("prefixAllowedMaxWarning", maximum.action == MaximumPrefixAction::Warn);
        o.number("prefixAllowedWarningThresh", maximum.threshold);
        if let MaximumPrefixAction::Restart(after) = maximum.action {
            o.number("prefixAllowedRestartIntervalMsecs", millis(after));
        }
    }
}

fn write_family_config(config: &PeerFamilyConfig, o: &mut Object<'_>) {
    o.flag("routeReflectorClient", config.route_reflector_client);
    o.flag("inboundSoftConfigPermit", config.soft_reconfiguration);
    o.flag("routerAlwaysNextHop", config.next_hop_self != NextHopSelf::Default);
    if config.allow_as_in > 0 {
        o.number("allowAsInCount", config.allow_as_in);
    }
    o.maybe_string("commAttriSentToNbr", communities_key(config.send_community));
    o.flag("defaultSent", config.default_originate.is_some());
    o.flag("inboundPathPolicyConfig", !config.import.is_empty());
    o.flag("outboundPathPolicyConfig", !config.export.is_empty());
    let (import, export) = (&config.import, &config.export);
    for (key, filter) in
        [("incomingUpdatePrefixFilterList", import), ("outgoingUpdatePrefixFilterList", export)]
    {
        o.maybe_string(key, filter.prefix_list.as_ref().map(|list| list.name()));
    }
    for (key, filter) in
        [("incomingUpdateAsPathFilterList", import), ("outgoingUpdateAsPathFilterList", export)]
    {
        o.maybe_string(key, filter.as_path_list.as_ref().map(|list| &list.name));
    }
    for (key, filter) in
        [("routeMapForIncomingAdvertisements", import), ("routeMapForOutgoingAdvertisements", export)]
    {
        o.maybe_string(key, filter.route_map.as_ref().map(|map| map.name()));
    }
}

fn communities_key(send: SendCommunity) -> Option<&'static str> {
    match (send.standard, send.extended) {
        (true, true) => Some("extendedAndStandard"),
        (true, false) => Some("standard"),
        (false, true) => Some("extended"),
        (false, false) => None,
    }
}

fn write_endpoints(endpoints: Option<&Endpoints>, o: &mut Object<'_>) {
    let Some(ends) = endpoints else {
        for (host, port) in [("hostLocal", "portLocal"), ("hostForeign", "portForeign")] {
            o.string(host, "Unknown");
            o.number(port, -1);
        }
        return;
    };
    o.string("hostLocal", ends.local.ip());
    o.number("portLocal", ends.local.port());
    o.string("hostForeign", ends.remote.ip());
    o.number("portForeign", ends.remote.port());
    o.maybe_string("nexthop", ends.next_hop_v4);
    o.maybe_string("nexthopGlobal", ends.next_hop_v6);
    o.maybe_string("nexthopLocal", ends.next_hop_link_local);
    let network = if ends.is_shared_network { "sharedNetwork" } else { "nonSharedNetwork" };
    o.string("bgpConnection", network);
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds, in whole seconds as FRR keeps them.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000)
}
