//! The recorded router's state as snapshots. Peers are written out; tables, kernel routes and interfaces are
//! read back from the recorded JSON, so that text is checked against it and JSON against itself.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::session::FsmState;
use bgp_core::speaker::config::{
    DecisionConfig, GracefulRestart, PeerConfig, PeerFamilyConfig, PeerTimers, RemoteAs,
};
use bgp_core::wire::attr::{AttrBuf, Origin};
use bgp_core::{Asn, Family, FamilyMap, FamilySet, NextHop, PeerKind, RouterId};
use router::control::snapshot::*;
use serde_json::Value;

/// When it was.
pub(crate) const NOW: u64 = 1_795_409_724;

pub(crate) struct Scene {
    pub(crate) instance: Option<InstanceSnapshot>,
    pub(crate) ipv4: Vec<RouteSnapshot>,
    pub(crate) ipv6: Vec<RouteSnapshot>,
    pub(crate) advertised: HashMap<IpAddr, Vec<RouteSnapshot>>,
    pub(crate) next_hops: Vec<NextHopSnapshot>,
    pub(crate) kernel_routes: Vec<KernelRouteSnapshot>,
    pub(crate) interfaces: Vec<InterfaceSnapshot>,
    pub(crate) tracked: Vec<TrackedNextHop>,
}

impl Scene {
    pub(crate) fn recorded() -> Self {
        let peer = "10.0.1.2".parse().unwrap();
        let mut kernel_routes = kernel_routes("show-ip-route.json");
        kernel_routes.extend(self::kernel_routes("show-ipv6-route.json"));
        Self {
            instance: Some(instance()),
            ipv4: table("show-bgp-ipv4-unicast.json"),
            ipv6: table("show-bgp-ipv6-unicast.json"),
            advertised: HashMap::from([(peer, advertised())]),
            next_hops: next_hops(),
            kernel_routes,
            interfaces: interfaces(),
            tracked: tracked(),
        }
    }

    pub(crate) fn a_keepalive_later() -> Self {
        let mut scene = Self::recorded();
        let peers = scene.instance.iter_mut().flat_map(|instance| &mut instance.peers);
        for peer in peers.filter(|peer| peer.is_established()) {
            peer.messages_sent.keepalive += 1;
            peer.messages_received.keepalive += 1;
        }
        scene
    }

    pub(crate) fn table(&self, family: Family) -> Vec<RouteSnapshot> {
        match family {
            Family::Ipv4Unicast => self.ipv4.clone(),
            Family::Ipv6Unicast => self.ipv6.clone(),
        }
    }
}

fn read(file: &str) -> Value {
    let path = format!("{}/tests/golden/frr-8.4.4/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn router_id(text: &str) -> RouterId {
    RouterId::from(text.parse::<std::net::Ipv4Addr>().unwrap())
}

fn instance() -> InstanceSnapshot {
    let mut tables = FamilyMap::from_fn(|_| TableSnapshot::default());
    tables[Family::Ipv4Unicast] = TableSnapshot {
        version: 13,
        prefixes: 12,
        paths: 13,
        entries: 23,
        memory: 4416,
        peer_memory: 2_224_392,
    };
    tables[Family::Ipv6Unicast] = TableSnapshot {
        version: 6,
        prefixes: 6,
        paths: 7,
        entries: 11,
        memory: 2112,
        peer_memory: 1_482_928,
    };
    InstanceSnapshot {
        asn: Asn(65001),
        router_id: router_id("192.0.2.1"),
        host_name: "dut".into(),
        default_local_pref: 100,
        decision: DecisionConfig { as_path_multipath_relax: true, ..DecisionConfig::default() },
        tables,
        graceful_restart: GracefulRestart::default(),
        listen_limit: 100,
        peer_groups: 0,
        peers: vec![
            peer_b(),
            never_up(),
            peer_c(),
            peer_v6("2001:db8:1::2", 65002),
            peer_v6("2001:db8:2::2", 65003),
        ],
    }
}

fn never_up() -> PeerSnapshot {
    let mut families = FamilyMap::from_fn(|_| None);
    families[Family::Ipv4Unicast] = Some(PeerFamilySnapshot::default());
    PeerSnapshot {
        address: "10.0.1.99".parse().unwrap(),
        interface: None,
        is_dynamic: false,
        config: Arc::new(PeerConfig::new(RemoteAs::Asn(Asn(65009)))),
        remote_as: Asn(65009),
        local_as: Asn(65001),
        is_internal: false,
        host_name: None,
        router_id: None,
        state: FsmState::Active,
        since: None,
        last_read: Some(seconds(77)),
        last_write: None,
        last_update: None,
        hold: seconds(180),
        keepalive: seconds(60),
        sent: None,
        received: None,
        end_of_rib_sent: FamilySet::EMPTY,
        end_of_rib_received: FamilySet::EMPTY,
        messages_sent: MessageCounts::default(),
        messages_received: MessageCounts::default(),
        in_queue: 0,
        out_queue: 0,
        families,
        established: 0,
        dropped: 0,
        last_reset: Some(ResetSnapshot {
            age: seconds(77),
            reason: ResetReason::WAITING_FOR_OPEN,
            notification: None,
        }),
        endpoints: None,
        next_connect: Some(seconds(47)),
    }
}

fn up(address: &str, asn: u32, family: Family) -> PeerSnapshot {
    let mut config = PeerConfig::new(RemoteAs::Asn(Asn(asn)));
    config.timers = PeerTimers { hold: seconds(9), keepalive: seconds(3), ..PeerTimers::default() };
    config.families = FamilyMap::from_fn(|each| (each == family).then(PeerFamilyConfig::default));
    let (name, id) = if asn == 65002 { ("peerB", "192.0.2.2") } else { ("peerC", "192.0.2.3") };
    PeerSnapshot {
        address: address.parse().unwrap(),
        config: Arc::new(config),
        remote_as: Asn(asn),
        host_name: Some(name.into()),
        router_id: Some(router_id(id)),
        state: FsmState::Established,
        since: Some(seconds(73)),
        last_read: Some(seconds(1)),
        last_write: Some(seconds(1)),
        last_update: Some(seconds(72)),
        hold: seconds(9),
        keepalive: seconds(3),
        sent: Some(capabilities("dut", family)),
        received: Some(capabilities(name, family)),
        end_of_rib_sent: FamilySet::EMPTY.with(family),
        end_of_rib_received: FamilySet::EMPTY.with(family),
        established: 1,
        next_connect: None,
        ..never_up()
    }
}

fn capabilities(host: &str, family: Family) -> CapabilitySnapshot {
    let mut add_path = FamilyMap::from_fn(|_| AddPathSnapshot::default());
    add_path[family].receive = true;
    let restart = GracefulRestartSnapshot {
        time: seconds(120),
        has_notification: true,
        ..GracefulRestartSnapshot::default()
    };
    CapabilitySnapshot {
        families: FamilySet::EMPTY.with(family),
        four_octet_as: true,
        extended_message: true,
        route_refresh: true,
        route_refresh_old: true,
        enhanced_route_refresh: true,
        add_path,
        graceful_restart: Some(restart),
        long_lived_graceful_restart: Some(FamilySet::EMPTY),
        fqdn: Some(FqdnSnapshot { host: host.into(), domain: String::new() }),
        ..CapabilitySnapshot::default()
    }
}

fn peer_b() -> PeerSnapshot {
    let mut peer = up("10.0.1.2", 65002, Family::Ipv4Unicast);
    let mut config = (*peer.config).clone();
    config.description = Some("transit-b".into());
    peer.config = Arc::new(config);
    peer.messages_sent = MessageCounts { open: 1, update: 13, keepalive: 25, ..MessageCounts::default() };
    peer.messages_received = MessageCounts { open: 1, update: 7, keepalive: 25, ..MessageCounts::default() };
    peer.families[Family::Ipv4Unicast] = Some(PeerFamilySnapshot {
        export_group: Some(1),
        accepted: 2,
        received: 2,
        sent: 12,
        best: 2,
        ..Default::default()
    });
    peer.endpoints = Some(Endpoints {
        local: SocketAddr::new("10.0.1.1".parse().unwrap(), 56964),
        remote: SocketAddr::new("10.0.1.2".parse().unwrap(), 179),
        next_hop_v4: Some("10.0.1.1".parse().unwrap()),
        next_hop_v6: Some("2001:db8:1::1".parse().unwrap()),
        next_hop_link_local: Some("fe80::ff:fe00:a01".parse().unwrap()),
        is_shared_network: true,
        round_trip: Some(Duration::from_millis(4)),
    });
    peer
}

fn peer_c() -> PeerSnapshot {
    let mut peer = up("10.0.2.2", 65003, Family::Ipv4Unicast);
    let mut config = (*peer.config).clone();
    config.description = Some("\"transit c\"".into());
    peer.config = Arc::new(config);
    peer.messages_sent = MessageCounts { open: 1, update: 13, keepalive: 25, ..MessageCounts::default() };
    peer.messages_received = MessageCounts { open: 1, update: 6, keepalive: 25, ..MessageCounts::default() };
    peer.families[Family::Ipv4Unicast] =
        Some(PeerFamilySnapshot { export_group: Some(1), accepted: 2, sent: 12, ..Default::default() });
    peer
}

fn peer_v6(address: &str, asn: u32) -> PeerSnapshot {
    let mut peer = up(address, asn, Family::Ipv6Unicast);
    peer.messages_sent = MessageCounts { open: 1, update: 6, keepalive: 25, ..MessageCounts::default() };
    peer.messages_received = MessageCounts { open: 1, update: 2, keepalive: 25, ..MessageCounts::default() };
    let accepted = if asn == 65002 { 2 } else { 1 };
    peer.families = FamilyMap::from_fn(|family| {
        let counts = PeerFamilySnapshot { export_group: Some(2), accepted, sent: 6, ..Default::default() };
        (family == Family::Ipv6Unicast).then_some(counts)
    });
    peer
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn number(value: &Value, key: &str) -> u32 {
    value.get(key).and_then(Value::as_u64).unwrap_or(0) as u32
}

fn is(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn attributes(member: &Value, origin: Origin) -> AttrBuf {
    let mut attrs = AttrBuf::default();
    attrs.set_origin(origin);
    let asns: Vec<_> = text(member, "path").split_whitespace().map(|asn| Asn(asn.parse().unwrap())).collect();
    attrs.set_as_path(&asns);
    if member.get("metric").is_some() {
        attrs.set_med(number(member, "metric"));
    }
    attrs
}

fn table(file: &str) -> Vec<RouteSnapshot> {
    let recorded = read(file);
    let routes = recorded["routes"].as_object().unwrap();
    routes.iter().map(|(prefix, paths)| route(prefix, paths.as_array().unwrap())).collect()
}

fn route(prefix: &str, members: &[Value]) -> RouteSnapshot {
    let paths = members.iter().map(|member| {
        let mut attrs = attributes(
            member,
            if text(member, "origin") == "IGP" { Origin::Igp } else { Origin::Incomplete },
        );
        if prefix == "198.51.100.0/24" {
            attrs.set_communities([65002 << 16 | 100, 65002 << 16 | 200]);
            attrs.set_large_communities([[65002, 1, 2]]);
        }
        let selection = match (is(member, "bestpath"), members.len() > 1) {
            (true, true) => Selection::BestOfMultipath,
            (true, false) => Selection::Best,
            (false, _) if is(member, "multipath") => Selection::Multipath,
            (false, _) => Selection::Unused,
        };
        let hop = &member["nexthops"][0];
        let address = text(member, "peerId").parse::<IpAddr>().ok();
        let host_name = text(hop, "hostname");
        PathSnapshot {
            attributes: attrs.as_block().as_bytes().into(),
            next_hop: NextHop::from(text(hop, "ip").parse::<IpAddr>().unwrap()),
            next_hop_metric: Some(0),
            uses_link_local: false,
            weight: number(member, "weight") as u16,
            source: PathSource {
                kind: if address.is_some() { PeerKind::External } else { PeerKind::Local },
                is_network: text(member, "origin") == "IGP",
                address,
                interface: None,
                router_id: router_id(match host_name {
                    "peerB" => "192.0.2.2",
                    "peerC" => "192.0.2.3",
                    _ => "192.0.2.1",
                }),
                host_name: Some(host_name.into()),
            },
            path_ids: (0, 0),
            is_valid: is(member, "valid"),
            selection,
            reason: match text(member, "selectionReason") {
                "Router ID" => Some("Router ID"),
                "First path received" => Some("First path received"),
                _ => None,
            },
            is_stale: false,
            is_filtered: false,
            age: seconds(72),
        }
    });
    RouteSnapshot {
        prefix: prefix.parse().unwrap(),
        version: u64::from(number(&members[0], "version")),
        paths: paths.collect(),
        advertised_to: Vec::new(),
    }
}

fn advertised() -> Vec<RouteSnapshot> {
    let recorded = read("show-bgp-ipv4-unicast-neighbors-10.0.1.2-advertised-routes.json");
    let routes = recorded["advertisedRoutes"].as_object().unwrap();
    let mut template = table("show-bgp-ipv4-unicast.json").remove(0);
    routes
        .iter()
        .map(|(prefix, member)| {
            let origin = if text(member, "bgpOriginCode") == "i" { Origin::Igp } else { Origin::Incomplete };
            let path = &mut template.paths[0];
            path.attributes = attributes(member, origin).as_block().as_bytes().into();
            path.next_hop = NextHop::from(text(member, "nextHop").parse::<IpAddr>().unwrap());
            path.weight = number(member, "weight") as u16;
            RouteSnapshot { prefix: prefix.parse().unwrap(), ..template.clone() }
        })
        .collect()
}

fn next_hops() -> Vec<NextHopSnapshot> {
    [
        ("10.0.1.2", 2, "v-ab"),
        ("10.0.1.99", 0, "v-ab"),
        ("10.0.2.2", 2, "v-ac"),
        ("2001:db8:1::2", 2, "v-ab"),
        ("2001:db8:2::2", 1, "v-ac"),
    ]
    .map(|(address, paths, interface)| NextHopSnapshot {
        address: address.parse().unwrap(),
        metric: Some(0),
        paths,
        peer: address.parse().ok(),
        gateways: vec![(None, interface.into())],
        age: seconds(74),
    })
    .into()
}

fn kernel_routes(file: &str) -> Vec<KernelRouteSnapshot> {
    let recorded = read(file);
    recorded
        .as_object()
        .unwrap()
        .values()
        .flat_map(|routes| routes.as_array().unwrap())
        .map(kernel_route)
        .collect()
}

fn kernel_route(route: &Value) -> KernelRouteSnapshot {
    let installed = route.get("installedNexthopGroupId").map(|_| number(route, "installedNexthopGroupId"));
    KernelRouteSnapshot {
        prefix: text(route, "prefix").parse().unwrap(),
        protocol: protocol(text(route, "protocol")),
        is_internal: false,
        is_selected: is(route, "selected"),
        is_installed: is(route, "installed"),
        distance: number(route, "distance") as u8,
        metric: number(route, "metric"),
        tag: number(route, "tag"),
        table: number(route, "table"),
        age: seconds(77),
        next_hops: route["nexthops"].as_array().unwrap().iter().map(kernel_hop).collect(),
        groups: Some((number(route, "nexthopGroupId"), installed)),
    }
}

fn protocol(name: &str) -> RouteProtocol {
    match name {
        "connected" => RouteProtocol::Connected,
        "static" => RouteProtocol::Static,
        "bgp" => RouteProtocol::Bgp,
        other => panic!("{other}"),
    }
}

fn kernel_hop(hop: &Value) -> KernelNextHop {
    let interface =
        hop.get("interfaceName").map(|_| (number(hop, "interfaceIndex"), text(hop, "interfaceName").into()));
    KernelNextHop {
        action: match (is(hop, "blackhole"), is(hop, "reject")) {
            (true, _) => NextHopAction::Blackhole,
            (_, true) => NextHopAction::Unreachable,
            (false, false) => NextHopAction::Forward,
        },
        gateway: text(hop, "ip").parse().ok(),
        interface,
        is_active: is(hop, "active"),
        is_installed: is(hop, "fib"),
        is_recursive: is(hop, "recursive"),
        is_resolver: is(hop, "resolver"),
        is_on_link: is(hop, "onLink"),
        weight: number(hop, "weight") as u16,
    }
}

fn interfaces() -> Vec<InterfaceSnapshot> {
    let recorded = read("show-interface.json");
    recorded.as_object().unwrap().iter().map(|(name, value)| interface(name, value)).collect()
}

fn interface(name: &str, value: &Value) -> InterfaceSnapshot {
    let optional = |key: &str| value.get(key).map(|_| text(value, key).to_string());
    let octets = text(value, "hardwareAddress").split(':').filter(|octet| !octet.is_empty());
    let addresses = value["ipAddresses"].as_array().unwrap().iter();
    InterfaceSnapshot {
        name: name.into(),
        index: number(value, "index"),
        flags: if name == "lo" { 0x49 } else { 0x1043 },
        mtu: number(value, "mtu"),
        speed: number(value, "speed"),
        hardware_address: octets.map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect(),
        kind: text(value, "interfaceType").to_ascii_lowercase(),
        parent: optional("parentInterface"),
        description: optional("description"),
        link_ups: u64::from(number(value, "linkUps")),
        link_downs: u64::from(number(value, "linkDowns")),
        last_up: time(text(value, "lastLinkUp")),
        last_down: time(text(value, "lastLinkDown")),
        addresses: addresses
            .map(|address| AddressSnapshot {
                address: text(address, "address").parse().unwrap(),
                is_secondary: false,
            })
            .collect(),
    }
}

/// Times of the day that was recorded; 04:46 is 10,040 s before the answers' moment but some.
fn time(stamp: &str) -> Option<SystemTime> {
    let (second, hundredths) = stamp.strip_prefix("2026/11/23 04:46:")?.split_once('.')?;
    let millis = second.parse::<u64>().unwrap() * 1000 + hundredths.parse::<u64>().unwrap() * 10;
    Some(UNIX_EPOCH + Duration::from_secs(1_795_409_160) + Duration::from_millis(millis))
}

fn tracked() -> Vec<TrackedNextHop> {
    let hop = |gateway: Option<&str>, interface: &str| KernelNextHop {
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        interface: Some((2, interface.into())),
        ..KernelNextHop::default()
    };
    let connected = Some(RouteProtocol::Connected);
    let row = |address: &str, via, next_hops, clients: &[&'static str]| TrackedNextHop {
        address: address.parse().unwrap(),
        must_be_connected: address.starts_with("10.0."),
        via,
        next_hops,
        clients: clients.to_vec(),
    };
    vec![
        row("10.0.1.2", connected, vec![hop(None, "v-ab")], &["static(fd 26)", "bgp(fd 31)"]),
        row("10.0.1.99", connected, vec![hop(None, "v-ab")], &["bgp(fd 31)"]),
        row("10.0.2.2", connected, vec![hop(None, "v-ac")], &["static(fd 26)", "bgp(fd 31)"]),
        row("10.77.0.1", None, vec![], &["static(fd 26)"]),
        row("192.0.2.1", connected, vec![hop(None, "lo")], &["bgp(fd 31)"]),
        row(
            "198.51.101.7",
            Some(RouteProtocol::Bgp),
            vec![hop(Some("10.0.2.2"), "v-ac")],
            &["static(fd 26)"],
        ),
    ]
}
