//! Peers and groups: what a peer says of itself counts before what its group says, that before the default.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bgp_core::speaker::config::{
    AttributeUnchanged, DefaultOriginate, PeerConfig, PeerFamilyConfig, PeerTimers, RemoteAs, SendCommunity,
    Ttl,
};
use bgp_core::{Family, FamilyMap};

use super::super::draft::{BgpDraft, Draft, FilterDraft, Named, PeerDraft, PeerFamilyDraft};
use super::super::finding::Severity;
use super::super::statement::Spot;
use super::super::suggest::nearest;
use super::super::value::PeerName;
use super::policy::Policies;
use super::report;

/// The peers of one instance.
pub(crate) struct Peers<'a> {
    bgp: &'a BgpDraft,
    timers: PeerTimers,
}

impl<'a> Peers<'a> {
    /// The peers of `bgp`.
    pub(crate) fn new(draft: &Draft, bgp: &'a BgpDraft) -> Self {
        let mut timers = PeerTimers::default();
        if draft.datacenter {
            timers.hold = Duration::from_secs(9);
            timers.keepalive = Duration::from_secs(3);
            timers.connect_retry = Duration::from_secs(10);
        }
        if let Some((keepalive, hold)) = bgp.timers {
            timers.keepalive = keepalive;
            timers.hold = hold;
        }
        Self { bgp, timers }
    }

    /// Each configured peer, complete.
    pub(crate) fn flatten(&self, policies: &mut Policies<'_>) -> BTreeMap<IpAddr, Arc<PeerConfig>> {
        let mut flat = BTreeMap::new();
        for (name, own) in &self.bgp.peers {
            match name {
                PeerName::Group(name) => self.check_group(name, own, policies),
                PeerName::Address(addr) => {
                    let group = match &own.group {
                        Some(group) => match self.group(group, policies) {
                            Some(found) => Some((group.name.as_str(), found)),
                            None => continue,
                        },
                        None => None,
                    };
                    let whole = merge(own, group.map(|(_, group)| group));
                    let Some(remote_as) = whole.remote_as else {
                        let message = format!("neighbor {addr} has no remote-as");
                        report(policies.findings, own.spot, Severity::Error, message);
                        continue;
                    };
                    check_own_as(own, group.map(|(_, group)| group), policies);
                    let mut peer = self.complete(&whole, remote_as, policies);
                    peer.group = group.map(|(name, _)| name.to_owned());
                    flat.insert(*addr, Arc::new(peer));
                }
            }
        }
        flat
    }

    /// What each peer of a listen range gets.
    pub(crate) fn template(&self, name: &Named, policies: &mut Policies<'_>) -> Option<Arc<PeerConfig>> {
        let group = self.group(name, policies)?;
        let Some(remote_as) = group.remote_as else {
            let message = format!("peer group `{}` has no remote-as", name.name);
            report(policies.findings, name.spot, Severity::Error, message);
            return None;
        };
        let mut template = self.complete(&merge(group, None), remote_as, policies);
        template.group = Some(name.name.clone());
        Some(Arc::new(template))
    }

    fn group(&self, name: &Named, policies: &mut Policies<'_>) -> Option<&'a PeerDraft> {
        let group = self.bgp.peers.get(&PeerName::Group(name.name.clone()));
        let found = group.filter(|group| group.is_group);
        if found.is_none() {
            let mut message = format!("peer group `{}` is not defined", name.name);
            if let Some(meant) = self.nearest_group(&name.name) {
                message.push_str(&format!("; did you mean `{meant}`?"));
            }
            report(policies.findings, name.spot, Severity::Error, message);
        }
        found
    }

    fn check_group(&self, name: &str, group: &PeerDraft, policies: &mut Policies<'_>) {
        if !group.is_group && !group.is_interface {
            let mut message = format!("`{name}` is neither an address nor a peer group");
            if let Some(meant) = self.nearest_group(name) {
                message.push_str(&format!("; did you mean `{meant}`?"));
            }
            report(policies.findings, group.spot, Severity::Error, message);
        }
    }

    fn nearest_group(&self, name: &str) -> Option<&str> {
        let groups = self.bgp.peers.iter().filter_map(|(name, peer)| match name {
            PeerName::Group(name) if peer.is_group => Some(name.as_str()),
            PeerName::Group(_) | PeerName::Address(_) => None,
        });
        nearest(name, groups)
    }

    fn complete(&self, draft: &PeerDraft, remote_as: RemoteAs, policies: &mut Policies<'_>) -> PeerConfig {
        let mut peer = PeerConfig::new(remote_as);
        peer.description.clone_from(&draft.description);
        peer.local_as = draft.local_as;
        peer.password.clone_from(&draft.password);
        peer.ttl = ttl(draft, policies);
        peer.update_source.clone_from(&draft.update_source);
        peer.passive = draft.passive.unwrap_or(false);
        peer.shutdown = draft.shutdown.clone().flatten();
        peer.port = draft.port.unwrap_or(peer.port);
        peer.timers = self.timers(draft);
        peer.disable_connected_check =
            draft.disable_connected_check.unwrap_or(false) || self.bgp.disable_connected_check;
        peer.extended_next_hop = draft.extended_next_hop.unwrap_or(false);
        peer.dont_capability_negotiate = draft.dont_capability_negotiate.unwrap_or(false);
        peer.role = draft.role;
        peer.families = FamilyMap::from_fn(|family| {
            let drafted = &draft.families[family];
            // FRR: IPv4 unicast is on unless `no bgp default ipv4-unicast`.
            let default = self.bgp.default_families[family].unwrap_or(family == Family::Ipv4Unicast);
            drafted.activate.unwrap_or(default).then(|| complete_family(family, drafted, policies))
        });
        peer
    }

    fn timers(&self, draft: &PeerDraft) -> PeerTimers {
        let (keepalive, hold) = draft.timers.unwrap_or((self.timers.keepalive, self.timers.hold));
        PeerTimers {
            hold,
            keepalive,
            connect_retry: draft.connect_retry.unwrap_or(self.timers.connect_retry),
            advertisement_interval: draft
                .advertisement_interval
                .unwrap_or(self.timers.advertisement_interval),
        }
    }
}

fn ttl(draft: &PeerDraft, policies: &mut Policies<'_>) -> Ttl {
    match (draft.ttl_security, draft.multihop) {
        (Some(_), Some(_)) => {
            let message = "ttl-security and ebgp-multihop exclude each other";
            report(policies.findings, draft.spot, Severity::Error, message.into());
            Ttl::Default
        }
        (Some(hops), None) => Ttl::Security { hops },
        (None, Some(hops)) => Ttl::Multihop(hops),
        (None, None) => Ttl::Default,
    }
}

/// A group's AS binds its members (FRR refuses the line).
fn check_own_as(own: &PeerDraft, group: Option<&PeerDraft>, policies: &mut Policies<'_>) {
    let both = own.remote_as.zip(group.and_then(|group| group.remote_as));
    if both.is_some_and(|(own, group)| own != group) {
        let message = "the peer group has another remote-as";
        report(policies.findings, own.spot, Severity::Error, message.into());
    }
}

fn complete_family(family: Family, draft: &PeerFamilyDraft, policies: &mut Policies<'_>) -> PeerFamilyConfig {
    let [inbound, outbound] = &draft.filters;
    let [standard, extended, large] = draft.send_community.map(|sent| sent.unwrap_or(true));
    let default_originate = draft.default_originate.clone().flatten();
    let client = draft.route_server_client.unwrap_or(false);
    // A route server shows itself in none of these (RFC 7947 §2.2).
    let [as_path, next_hop, med] = draft.attribute_unchanged.unwrap_or([false; 3]).map(|kept| kept || client);
    PeerFamilyConfig {
        import: policies.filter(family, inbound),
        export: policies.filter(family, outbound),
        soft_reconfiguration: draft.soft_reconfiguration.unwrap_or(false),
        maximum_prefix: draft.maximum_prefix,
        next_hop_self: draft.next_hop_self.unwrap_or_default(),
        default_originate: default_originate.map(|route_map| DefaultOriginate {
            route_map: route_map.as_ref().map(|name| policies.route_map(name)),
        }),
        send_community: SendCommunity { standard, extended, large },
        route_reflector_client: draft.route_reflector_client.unwrap_or(false),
        allow_as_in: draft.allow_as_in.unwrap_or(0),
        remove_private_as: draft.remove_private_as.unwrap_or_default(),
        as_override: draft.as_override.unwrap_or(false),
        weight: draft.weight,
        attribute_unchanged: AttributeUnchanged { as_path, next_hop, med },
    }
}

/// What a peer says of itself, and where it is silent, what its group says.
fn merge(own: &PeerDraft, group: Option<&PeerDraft>) -> PeerDraft {
    let Some(group) = group else { return own.clone() };
    macro_rules! first {
        ($($field:ident),* $(,)?) => { PeerDraft {
            spot: own.spot,
            is_group: false,
            is_interface: false,
            group: own.group.clone(),
            families: FamilyMap::from_fn(|family| merge_family(&own.families[family], &group.families[family])),
            $($field: own.$field.clone().or_else(|| group.$field.clone()),)*
        } };
    }
    let mut whole = first!(
        remote_as,
        description,
        local_as,
        password,
        multihop,
        ttl_security,
        update_source,
        passive,
        shutdown,
        port,
        timers,
        connect_retry,
        advertisement_interval,
        disable_connected_check,
        extended_next_hop,
        dont_capability_negotiate,
        role,
    );
    // A peer's own rule about hops replaces the group's, whichever of the two it is.
    if own.multihop.is_some() || own.ttl_security.is_some() {
        (whole.multihop, whole.ttl_security) = (own.multihop, own.ttl_security);
    }
    whole
}

fn merge_family(own: &PeerFamilyDraft, group: &PeerFamilyDraft) -> PeerFamilyDraft {
    let [own_in, own_out] = &own.filters;
    let [group_in, group_out] = &group.filters;
    let [standard, extended, large] = own.send_community;
    let [group_standard, group_extended, group_large] = group.send_community;
    macro_rules! first {
        ($($field:ident),* $(,)?) => { PeerFamilyDraft {
            filters: [merge_filter(own_in, group_in), merge_filter(own_out, group_out)],
            send_community: [
                standard.or(group_standard),
                extended.or(group_extended),
                large.or(group_large),
            ],
            $($field: own.$field.clone().or_else(|| group.$field.clone()),)*
        } };
    }
    first!(
        activate,
        soft_reconfiguration,
        maximum_prefix,
        next_hop_self,
        default_originate,
        route_reflector_client,
        route_server_client,
        allow_as_in,
        remove_private_as,
        as_override,
        weight,
        attribute_unchanged,
    )
}

fn merge_filter(own: &FilterDraft, group: &FilterDraft) -> FilterDraft {
    let first = |own: &Option<Named>, group: &Option<Named>| own.as_ref().or(group.as_ref()).cloned();
    FilterDraft {
        prefix_list: first(&own.prefix_list, &group.prefix_list),
        access_list: first(&own.access_list, &group.access_list),
        as_path_list: first(&own.as_path_list, &group.as_path_list),
        route_map: first(&own.route_map, &group.route_map),
    }
}

/// Where a peer was first spoken of.
pub(crate) fn spot(bgp: &BgpDraft, addr: IpAddr) -> Spot {
    bgp.peers.get(&PeerName::Address(addr)).map_or(bgp.spot, |peer| peer.spot)
}
