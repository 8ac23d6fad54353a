//! frr.conf as operators write it: what becomes of whole files, of single lines, of bad ones.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use bgp_core::policy::{Amount, Match, OnMatch, Set};
use bgp_core::speaker::config::{
    Config, GracefulRestartMode, MaximumPrefixAction, NextHopSelf, PeerConfig, RemoteAs, RemovePrivateAs,
    RouteSource, Ttl, UpdateSource,
};
use bgp_core::{Asn, Family};
use router::config::{
    Daemon, Editor, Finding, LineOutcome, Loaded, LogLevel, Severity, StaticTarget, check::Report, load,
    running_config,
};
use vrrp_core::discovery::{Lifetime, OnLinkPrefix, Preference};

use Family::{Ipv4Unicast as V4, Ipv6Unicast as V6};

const EXAMPLE: &str = include_str!("../../examples/router1.conf");
const OVERLAY: &str = include_str!("data/overlay.conf");
const FABRIC: &str = include_str!("data/fabric.conf");

#[test]
fn the_example_loads_whole() {
    let loaded = load(EXAMPLE.as_bytes());
    let account = loaded.account;
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    assert_eq!((account.lines, account.acted_on, account.without_effect), (137, 117, 2));
    assert_eq!(texts(&loaded, Severity::Warning), [""; 0]);

    let desired = &loaded.desired;
    assert_eq!(desired.host_name.as_deref(), Some("router1"));
    assert_eq!(desired.log.syslog, Some(LogLevel::Informational));
    assert_eq!(desired.forwarding.ipv4.zip(desired.forwarding.ipv6), Some((true, true)));
    let uplink = &desired.interfaces["uplink0"];
    assert_eq!(uplink.addresses, nets(&["198.51.100.2/24", "2001:db8:100::2/64"]));
    let router = &uplink.vrrp[&5];
    assert_eq!((router.version, router.priority), (3, 200));
    assert_eq!(router.advertisement_interval, Duration::from_secs(1));
    assert_eq!(
        router.addresses_v6,
        ["fe80::5", "2001:db8:100::1"].map(|addr| addr.parse::<Ipv6Addr>().unwrap())
    );
    let statics: Vec<_> = desired.static_routes.iter().map(|route| (&route.target, route.distance)).collect();
    assert_eq!(statics, [(&StaticTarget::Blackhole, 250); 2]);
}

#[test]
fn the_examples_bgp_is_complete_in_itself() {
    let bgp = bgp(EXAMPLE);
    assert_eq!((bgp.asn, bgp.router_id.to_string()), (Asn(64510), "192.0.2.4".into()));
    assert!(bgp.decision.as_path_multipath_relax && bgp.log_neighbor_changes && bgp.ebgp_requires_policy);
    assert_eq!(bgp.graceful_restart.mode, GracefulRestartMode::Restarter);
    assert_eq!(bgp.graceful_restart.stale_time, Duration::from_secs(60));
    assert_eq!(
        bgp.families[V4].networks.keys().map(ToString::to_string).collect::<Vec<_>>(),
        ["203.0.113.0/27"]
    );
    assert_eq!((bgp.families[V4].maximum_paths, bgp.families[V4].maximum_paths_ibgp), (8, 64));
    assert_eq!(bgp.peers.len(), 4);

    let core = peer(&bgp, "192.0.2.1");
    assert_eq!((core.remote_as, core.ttl), (RemoteAs::Asn(Asn(64500)), Ttl::Security { hops: 1 }));
    assert_eq!(core.password.as_deref(), Some("s3cret-core"));
    assert_eq!(core.timers.hold, Duration::from_secs(9));
    assert!(core.families[V6].is_none(), "CORES is activated for IPv4 only");
    let family = core.families[V4].as_ref().unwrap();
    assert!(family.soft_reconfiguration);
    assert_eq!(family.import.prefix_list.as_ref().unwrap().entries().len(), 4);
    assert_eq!(family.import.route_map.as_ref().unwrap().entries().len(), 3);
    let limit = family.maximum_prefix.unwrap();
    assert_eq!((limit.limit, limit.threshold, limit.action), (1_500_000, 90, MaximumPrefixAction::Teardown));

    let core6 = peer(&bgp, "2001:db8:ffff::1");
    assert!(core6.families[V4].is_none() && core6.families[V6].is_some());
    let range = bgp.listen_range("198.51.100.77".parse().unwrap()).unwrap();
    assert!(range.template.passive && range.template.extended_next_hop);
    assert!(range.template.families[V4].as_ref().unwrap().default_originate.is_some());
    assert!(range.template.families[V6].as_ref().unwrap().default_originate.is_none());
    assert_eq!((bgp.listen_limit, range.template.group.as_deref()), (32, Some("HOSTS")));
}

#[test]
fn every_policy_of_the_overlay_file_is_resolved() {
    let loaded = load(OVERLAY.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    let bgp = loaded.desired.bgp.clone().unwrap();
    let friend = peer(&bgp, "172.20.9.9");
    assert_eq!(friend.ttl, Ttl::Multihop(4));
    assert_eq!(friend.shutdown.as_deref(), Some("moved to another place"));
    assert_eq!(
        friend.local_as.map(|local| (local.asn.0, local.no_prepend, local.replace_as)),
        Some((65010, true, true))
    );
    let family = friend.families[V4].as_ref().unwrap();
    assert_eq!((family.allow_as_in, family.remove_private_as), (2, RemovePrivateAs::ReplaceAll));
    let limit = family.maximum_prefix.unwrap();
    assert_eq!((limit.threshold, limit.action), (80, MaximumPrefixAction::Restart(Duration::from_secs(300))));
    assert_eq!(family.export.as_path_list.as_ref().unwrap().entries.len(), 2);
    assert_eq!(friend.timers.connect_retry, Duration::from_secs(5));

    let map = family.import.route_map.as_ref().unwrap();
    let [deny, ten, twenty, thirty] = map.entries() else { panic!("{map:?}") };
    assert!(matches!(deny.matches[..], [Match::Community { exact: true, .. }]));
    assert_eq!(
        (ten.sets.clone(), ten.on_match),
        (vec![Set::LocalPreference(Amount::Plus(10))], OnMatch::Goto(30))
    );
    assert_eq!(ten.description.as_deref(), Some("from friends"));
    assert!(matches!(&twenty.sets[..], [
        Set::CommunityDelete(_),
        Set::Community { values, additive: true },
        Set::Metric(Amount::Minus(3)),
    ] if *values == [0xFFFF_FF01]));
    assert_eq!(twenty.call.as_ref().unwrap().name(), "FINAL");
    let targets = vec![[0, 2, 0xFB, 0xFF, 0, 0, 0, 6], [1, 2, 192, 0, 2, 1, 0, 7]];
    assert!(thirty.sets.contains(&Set::ExtendedCommunity(targets)));

    let lan = peer(&bgp, "172.20.1.3").families[V4].clone().unwrap();
    assert_eq!((lan.next_hop_self, lan.weight), (NextHopSelf::Force, Some(100)));
    assert!(lan.send_community.standard && !lan.send_community.extended && lan.send_community.large);
    assert_eq!(peer(&bgp, "172.20.1.2").update_source, Some(UpdateSource::Interface("lo".into())));
    let static_routes = &bgp.families[V4].redistribute[&RouteSource::Static];
    assert_eq!(static_routes.metric, Some(7));
    let list = family.import.prefix_list.as_ref().unwrap();
    assert_eq!(list.entries().iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 10, 15]);
}

#[test]
fn sections_of_other_protocols_are_skipped_whole() {
    let loaded = load(FABRIC.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    let warnings = texts(&loaded, Severity::Warning);
    for head in [
        "vrf TENANT",
        "address-family l2vpn evpn",
        "router bgp 65101",
        "router ospf",
        "router isis CORE",
        "bfd",
        "rpki",
    ] {
        let skipped = format!("`{head}` is skipped with all its lines");
        assert_eq!(
            warnings.iter().filter(|text| text.contains(&skipped)).count(),
            1,
            "{head}: {warnings:#?}"
        );
    }
    let bgp = loaded.desired.bgp.unwrap();
    assert_eq!(bgp.router_id.to_string(), "10.255.0.1", "from the loopback, not from the skipped VRF");
    assert_eq!(bgp.peers.len(), 1, "a peer by interface is left out");
    assert!(loaded.desired.static_routes.is_empty());
    assert!(loaded.desired.resolve_via_default_v4);
    let fabric = peer(&bgp, "10.0.1.1");
    assert_eq!(
        (fabric.timers.hold, fabric.timers.connect_retry),
        (Duration::from_secs(9), Duration::from_secs(10))
    );
    assert!(!bgp.ebgp_requires_policy && bgp.decision.deterministic_med && bgp.log_neighbor_changes);
    let map = fabric.families[V4].as_ref().unwrap().import.route_map.clone().unwrap();
    let [first, second] = map.entries() else { panic!() };
    assert!(matches!(&first.matches[..], [Match::PrefixList(empty)] if empty.entries().is_empty()));
    assert!(second.matches.is_empty());
}

#[test]
fn what_is_printed_reads_back_the_same() {
    for text in [EXAMPLE, OVERLAY, FABRIC] {
        let loaded = load(text.as_bytes());
        let printed = running_config(&loaded.script, &Daemon::ALL);
        let again = load(printed.as_bytes());
        assert_eq!(texts(&again, Severity::Error), [""; 0], "{printed}");
        assert_eq!(again.desired, loaded.desired);
        assert_eq!(running_config(&again.script, &Daemon::ALL), printed);
    }
}

#[test]
fn the_example_is_printed_as_it_was_written() {
    let printed = running_config(&load(EXAMPLE.as_bytes()).script, &Daemon::ALL);
    let lines = |text: &str| {
        let mut lines: Vec<String> =
            text.lines().map(str::to_owned).filter(|line| line.trim() != "!").collect();
        lines.sort();
        lines
    };
    let mut written = lines(EXAMPLE);
    // vtysh says the second of these itself.
    written.retain(|line| line != "end" && line != "service integrated-vtysh-config");
    assert_eq!(lines(&printed), written);
}

#[test]
fn each_daemon_prints_its_part() {
    let script = load(EXAMPLE.as_bytes()).script;
    let part = |daemon| running_config(&script, &[daemon]);
    assert!(part(Daemon::Bgpd).contains("router bgp 64510\n bgp router-id 192.0.2.4\n"));
    assert!(!part(Daemon::Bgpd).contains("ip address 192") && !part(Daemon::Zebra).contains("router bgp"));
    assert!(part(Daemon::Zebra).contains("interface wan0\n description provider cores\n"));
    assert!(part(Daemon::Vrrpd).contains("interface uplink0\n vrrp 5 version 3\n"));
    assert!(part(Daemon::Staticd).contains("ip route 203.0.113.0/27 blackhole 250\n"));
    assert!(Daemon::ALL.iter().all(|daemon| part(*daemon).contains("hostname router1\n")));
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let (head, policy) = EXAMPLE.split_at(EXAMPLE.find("ip prefix-list BOGONS4").unwrap());
    let (before, bgp) = head.split_at(head.find("router bgp").unwrap());
    let policy = policy.replace("\nend\n", "\n");
    let turned = format!("{policy}{bgp}{before}");
    assert_eq!(load(turned.as_bytes()).desired, load(EXAMPLE.as_bytes()).desired);
    // Peers before their group, and families before the lines that name them.
    let text =
        "router bgp 1\n neighbor 10.0.0.1 peer-group G\n neighbor G remote-as 2\n neighbor G peer-group\n";
    assert_eq!(
        peer(&bgp_of(&format!("{text} bgp router-id 1.1.1.1\n")), "10.0.0.1").remote_as,
        RemoteAs::Asn(Asn(2))
    );
}

#[test]
fn abbreviations_are_understood() {
    let text = "int eth0\n ip addr 10.0.0.1/24\n no shut\nrouter bg 1\n bgp router 1.1.1.1\n neigh 10.0.0.2 remote 2\n \
                neigh 10.0.0.2 desc a b\n no bgp ebgp\n timers b 1 3\n address-f ipv4 uni\n  neigh 10.0.0.2 next-hop-s\n  \
                netw 10.9.0.0/16\n exit-a\n exit\nip prefix L p 10.0.0.0/8 l 24\nroute-m M p 10\n set local 5\n";
    let loaded = load(text.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    let printed = running_config(&loaded.script, &Daemon::ALL);
    for line in [
        "interface eth0\n ip address 10.0.0.1/24\n no shutdown\n",
        " neighbor 10.0.0.2 remote-as 2\n neighbor 10.0.0.2 description a b\n",
        " no bgp ebgp-requires-policy\n",
        "  network 10.9.0.0/16\n",
        "  neighbor 10.0.0.2 next-hop-self\n",
        "ip prefix-list L seq 5 permit 10.0.0.0/8 le 24\n",
        "route-map M permit 10\n set local-preference 5\n",
    ] {
        assert!(printed.contains(line), "{line:?} in\n{printed}");
    }
}

#[test]
fn bad_lines_say_where_and_what_was_meant() {
    for (text, column, message, hint) in BAD_LINES {
        let loaded = load(text.as_bytes());
        let errors: Vec<&Finding> =
            loaded.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let [error] = errors[..] else { panic!("{text:?}: {errors:#?}") };
        let found = (error.column, error.message.as_str(), error.hint.as_deref().unwrap_or(""));
        assert_eq!(found, (*column, *message, *hint), "{text:?}");
        assert_eq!(error.line as usize, text.lines().count(), "{text:?}");
    }
}

#[test]
fn things_that_do_not_go_together_are_errors_with_a_place() {
    for (text, expected) in CONTRADICTIONS {
        let loaded = load(text.as_bytes());
        assert!(
            texts(&loaded, Severity::Error).iter().any(|error| error == expected),
            "{text:?}: {:#?}",
            loaded.findings
        );
    }
}

#[test]
fn a_members_own_word_overrides_its_groups() {
    let bgp = bgp_of(
        "router bgp 1\n bgp router-id 1.1.1.1\n neighbor G peer-group\n neighbor G remote-as 2\n neighbor G passive\n \
         neighbor G ttl-security hops 1\n neighbor G timers 1 3\n neighbor 10.0.0.1 peer-group G\n \
         no neighbor 10.0.0.1 passive\n neighbor 10.0.0.1 ebgp-multihop 3\n neighbor 10.0.0.2 peer-group G\n \
         address-family ipv4 unicast\n  neighbor G maximum-prefix 5\n  neighbor G weight 3\n  \
         neighbor 10.0.0.1 maximum-prefix 9 warning-only\n  no neighbor 10.0.0.2 activate\n exit-address-family\n \
         address-family ipv6 unicast\n  neighbor G activate\n  neighbor G as-override\n",
    );
    let (own, plain) = (peer(&bgp, "10.0.0.1"), peer(&bgp, "10.0.0.2"));
    assert!(!own.passive && plain.passive);
    assert_eq!((own.ttl, plain.ttl), (Ttl::Multihop(3), Ttl::Security { hops: 1 }));
    assert_eq!(own.timers.hold, Duration::from_secs(3));
    let family = own.families[V4].as_ref().unwrap();
    assert_eq!((family.weight, family.maximum_prefix.unwrap().limit), (Some(3), 9));
    assert!(plain.families[V4].is_none() && plain.families[V6].as_ref().unwrap().as_override);
}

#[test]
fn old_files_keep_the_defaults_of_their_time() {
    let text = |version: &str| format!("frr version {version}\nrouter bgp 1\n bgp router-id 1.1.1.1\n");
    let (old, new) = (bgp_of(&text("7.3.1")), bgp_of(&text("8.4")));
    assert!(!old.ebgp_requires_policy && !old.network_import_check);
    assert!(new.ebgp_requires_policy && new.network_import_check && !new.log_neighbor_changes);
}

#[test]
fn a_name_that_nothing_defines_is_a_warning_and_refuses() {
    let text = "router bgp 1\n bgp router-id 1.1.1.1\n neighbor 10.0.0.1 remote-as 2\n address-family ipv4 unicast\n  \
                neighbor 10.0.0.1 route-map NOPE in\n  neighbor 10.0.0.1 prefix-list OUTT out\n exit\n exit\n\
                ip prefix-list OUT permit any\n";
    let loaded = load(text.as_bytes());
    let warnings = texts(&loaded, Severity::Warning);
    assert!(
        warnings.contains(&"5:3 route-map `NOPE` is not defined: it lets nothing pass".into()),
        "{warnings:#?}"
    );
    let hint =
        loaded.findings.iter().find(|finding| finding.line == 6).and_then(|finding| finding.hint.clone());
    assert_eq!(hint.as_deref(), Some("did you mean `OUT`?"));
    let family = peer(&loaded.desired.bgp.unwrap(), "10.0.0.1").families[V4].clone().unwrap();
    assert!(family.import.route_map.unwrap().entries().is_empty());
}

#[test]
fn a_line_taken_back_leaves_no_trace() {
    let mut editor = edit(EXAMPLE);
    let before = editor.resolve().0;
    for line in [
        "router bgp 64510",
        "neighbor 203.0.113.9 remote-as 65009",
        "neighbor 203.0.113.9 timers 5 15",
        "address-family ipv4 unicast",
        "neighbor 203.0.113.9 weight 9",
        "end",
    ] {
        assert_eq!(editor.apply_line(line.as_bytes()), LineOutcome::Acted, "{line}");
    }
    assert_ne!(editor.resolve().0, before);
    editor.apply_line(b"router bgp 64510");
    assert_eq!(editor.apply_line(b"no neighbor 203.0.113.9"), LineOutcome::Acted);
    assert_eq!(editor.resolve().0, before);
    assert_eq!(editor.apply_line(b"no neighbor 203.0.113.9"), LineOutcome::WithoutEffect);
}

#[test]
fn no_takes_back_values_and_blocks() {
    let mut editor = edit(EXAMPLE);
    for line in [
        "no route-map TO-HOSTS",
        "no ip prefix-list BOGONS4 seq 10",
        "no ipv6 prefix-list OURS6",
        "no interface wan0",
        "router bgp 64510",
        "no timers bgp",
        "no neighbor CORES description",
        "address-family ipv4 unicast",
        "no neighbor CORES maximum-prefix",
        "no network 203.0.113.0/27",
    ] {
        assert_eq!(editor.apply_line(line.as_bytes()), LineOutcome::Acted, "{line} {:?}", editor.findings());
    }
    let desired = editor.resolve().0;
    assert!(!desired.interfaces.contains_key("wan0"));
    let bgp = desired.bgp.unwrap();
    let core = peer(&bgp, "192.0.2.1");
    assert_eq!((core.timers.hold, &core.description), (Duration::from_secs(180), &None));
    let family = core.families[V4].as_ref().unwrap();
    assert_eq!(
        (family.maximum_prefix, family.import.prefix_list.as_ref().unwrap().entries().len()),
        (None, 3)
    );
    assert!(bgp.families[V4].networks.is_empty());
    editor.apply_line(b"end");
    assert_eq!(editor.apply_line(b"no router bgp 64510"), LineOutcome::Acted);
    assert_eq!(editor.resolve().0.bgp, None);
}

#[test]
fn a_line_of_the_parent_block_ends_the_block() {
    let loaded = load(
        b"router bgp 1\n bgp router-id 1.1.1.1\n neighbor fd00::1 remote-as 2\n address-family ipv6 unicast\n  \
          neighbor fd00::1 activate\n  neighbor fd00::1 description x\n  neighbor fd00::1 weight 5\nhostname r\n",
    );
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    assert!(
        texts(&loaded, Severity::Warning)
            .contains(&"6:3 this line belongs to `router bgp`: so do the lines after it".into())
    );
    let peer = peer(&loaded.desired.bgp.unwrap(), "fd00::1").clone();
    assert_eq!(peer.families[V4].as_ref().unwrap().weight, Some(5));
    assert_eq!(loaded.desired.host_name.as_deref(), Some("r"));
}

#[test]
fn lines_of_a_block_with_a_wrong_head_are_not_taken_for_the_block_before() {
    let loaded = load(
        b"route-map GOOD permit 10\n match community C\nexit\nroute-mop BAD permit 10\n set weight 9\nexit\n\
          router bgp 1\n bgp router-id 1.1.1.1\n neighbor fd00::1 remote-as 2\n address-family ipv6 unicats\n  \
          neighbor fd00::1 weight 5\n  neighbor fd00::1 activate\n exit-address-family\n neighbor fd00::1 description x\n",
    );
    let errors = ["4:1 `route-mop` is not known here", "10:22 `unicats` is not known here"];
    assert_eq!(texts(&loaded, Severity::Error), errors);
    assert_eq!(loaded.account.skipped, 5);
    let peer = peer(&loaded.desired.bgp.unwrap(), "fd00::1").clone();
    assert_eq!(peer.families[V4].as_ref().unwrap().weight, None);
    assert_eq!(peer.description.as_deref(), Some("x"));
    assert!(!running_config(&loaded.script, &Daemon::ALL).contains("set weight"));
}

#[test]
fn files_without_indentation_are_understood() {
    let flat: String = FABRIC.lines().map(|line| format!("{}\r\n", line.trim_start())).collect();
    let (flat, indented) = (load(flat.as_bytes()), load(FABRIC.as_bytes()));
    assert_eq!(texts(&flat, Severity::Error), [""; 0]);
    assert_eq!(flat.desired.bgp, indented.desired.bgp);
}

#[test]
fn a_virtual_router_that_is_taken_back_may_be_made_anew() {
    let text = "interface e\n vrrp 5 version 3\n no vrrp 5 version 3\n vrrp 5 version 2\n vrrp 5 ip 10.0.0.1\n\
                interface f\n vrrp 5 version 3\n vrrp 5 version 3\n vrrp 5 ip 10.0.1.1\n";
    let loaded = load(text.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    assert_eq!(loaded.desired.interfaces["e"].vrrp[&5].version, 2);
    assert_eq!(loaded.desired.interfaces["f"].vrrp[&5].version, 3);
}

#[test]
fn directives_are_read_and_checked() {
    let text = "interface eth0\n vrrp 7 ip 10.0.0.1\n !@ vrrp 7 preempt-delay 30\n !@ vrrp 7 garp-refresh 60\n \
                !@ vrrp 7 unicast-peer 10.0.0.3\n !@ vrrp 7 no-virtual-mac\n !@ vrrp 7 no-accept-mode\n \
                !@ vrrp 7 track default-route decrement 50\n !@ vrrp 7 track bgp-peer fd00::1 decrement 60\n \
                !@ vrrp 7 track interface wan0 decrement 70\n !@ vrrp 7 track route 0.0.0.0/0 decrement 80\n";
    let loaded = load(text.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0]);
    let router = &loaded.desired.interfaces["eth0"].vrrp[&7];
    assert_eq!(
        (router.preempt_delay, router.garp_refresh),
        (Duration::from_secs(30), Some(Duration::from_secs(60)))
    );
    assert!(!router.accept_mode && !router.virtual_mac);
    assert_eq!(router.tracks.iter().map(|track| track.decrement).collect::<Vec<_>>(), [50, 60, 70, 80]);
    assert_eq!(load(running_config(&loaded.script, &Daemon::ALL).as_bytes()).desired, loaded.desired);
}

#[test]
fn router_advertisements_are_read_and_taken_back() {
    let text = "interface eth0\n vrrp 5 ipv6 fe80::5\n no ipv6 nd suppress-ra\n ipv6 nd ra-interval msec 1500\n \
                ipv6 nd ra-lifetime 0\n ipv6 nd prefix 2001:db8:7::1/64 infinite 600 off-link no-autoconfig\n \
                ipv6 nd prefix 2001:db8:8::/64 no-autoconfig\n ipv6 nd managed-config-flag\n \
                ipv6 nd other-config-flag\n ipv6 nd router-preference high\n ipv6 nd mtu 9000\n \
                ipv6 nd rdnss 2001:db8::53\n ipv6 nd dnssl lan.example infinite\n ipv6 nd reachable-time 30000\n \
                ipv6 nd ra-retrans-interval 1000\n ipv6 nd ra-hop-limit 32\n";
    let loaded = load(text.as_bytes());
    assert_eq!(loaded.findings.iter().count(), 0, "{:?}", loaded.findings);
    let interface = &loaded.desired.interfaces["eth0"];
    let advert = &interface.router_advert;
    assert_eq!(interface.suppress_ra, Some(false));
    assert_eq!((advert.interval(), advert.lifetime), (Duration::from_millis(1500), Some(0)));
    assert_eq!((advert.hop_limit, advert.mtu), (Some(32), Some(9000)));
    assert_eq!((advert.reachable, advert.retransmit), (30_000, 1000));
    assert!(advert.is_managed && advert.is_other && advert.preference == Preference::High);
    let plain = OnLinkPrefix::new("2001:db8:7::".parse().unwrap(), 64);
    let first = OnLinkPrefix {
        is_on_link: false,
        is_autonomous: false,
        valid: Lifetime::INFINITE,
        preferred: Lifetime(600),
        ..plain
    };
    let other = OnLinkPrefix::new("2001:db8:8::".parse().unwrap(), 64);
    assert_eq!(advert.prefixes, [first, OnLinkPrefix { is_autonomous: false, ..other }]);
    assert_eq!(advert.name_servers, [("2001:db8::53".parse().unwrap(), None)].into());
    assert_eq!(advert.search_domains.values().copied().collect::<Vec<_>>(), [Some(Lifetime::INFINITE)]);
    assert_eq!(load(running_config(&loaded.script, &Daemon::ALL).as_bytes()).desired, loaded.desired);
    let without =
        format!("{text} no ipv6 nd prefix 2001:db8:7::1/64\n no ipv6 nd mtu\n ipv6 nd suppress-ra\n");
    let interface = &load(without.as_bytes()).desired.interfaces["eth0"];
    assert_eq!((interface.router_advert.prefixes.len(), interface.router_advert.mtu), (1, None));
    assert_eq!(interface.suppress_ra, Some(true));
}

#[test]
fn who_owns_addresses_and_who_advertises_is_looked_at() {
    for (text, warning) in [
        (
            "interface e\n ip address 10.0.0.1/24\n vrrp 5 ip 10.0.0.1\n vrrp 5 priority 200",
            "4:2 10.0.0.1 is the interface's own address: whoever owns it has priority 255 (RFC 9568 §5.2.4)",
        ),
        (
            "interface e\n ip address 10.0.0.2/24\n vrrp 5 ip 10.0.0.1\n vrrp 5 priority 255",
            "4:2 priority 255 is for the router that owns the addresses, and 10.0.0.1 is not one of e",
        ),
        (
            "interface e\n vrrp 5 ipv6 2001:db8::1\n no ipv6 nd suppress-ra",
            "3:2 router advertisements are sent by virtual routers alone, from their link-local address: e has none, \
             and none are sent",
        ),
    ] {
        assert_eq!(texts(&load(text.as_bytes()), Severity::Warning), [warning], "{text}");
    }
    let owner = "interface e\n ip address 10.0.0.1/24\n vrrp 5 ip 10.0.0.1\n vrrp 5 priority 255";
    let loaded = load(owner.as_bytes());
    assert_eq!(loaded.findings.iter().count(), 0, "{:?}", loaded.findings);
    assert_eq!(loaded.desired.interfaces["e"].vrrp[&5].priority, 255);
}

#[test]
fn the_account_adds_up() {
    for text in [EXAMPLE, OVERLAY, FABRIC, "nonsense\n\n! x\nhostname a\n"] {
        let account = load(text.as_bytes()).account;
        let blank = text.lines().filter(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#') || (line.starts_with('!') && !line.starts_with("!@"))
        });
        let sum = account.acted_on + account.without_effect + account.skipped + account.errors;
        assert_eq!(sum + blank.count(), account.lines);
        assert_eq!(account.lines, text.lines().count());
    }
}

#[test]
fn the_report_names_file_line_and_column() {
    let report = Report::new(
        "a.conf",
        &load(b"hostname r\nrouter bgp 1\n neighbor 10.0.0.1 remot-as 2\n bgp router-id 1.1.1.1\n"),
    );
    assert!(!report.ok);
    let first = report.text().lines().next().map(str::to_owned);
    assert_eq!(
        first.as_deref(),
        Some("a.conf:3:20: error: `remot-as` is not known here (did you mean `remote-as`?)")
    );
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(json["findings"][0]["severity"], "error");
    assert_eq!(json["errors"], 1);
}

#[test]
fn any_number_of_bad_lines_is_answered_within_bounds() {
    let text = "neighbor x y z\n".repeat(20_000);
    let loaded = load(text.as_bytes());
    assert_eq!((loaded.account.errors, loaded.findings.errors()), (20_000, 20_000));
    assert_eq!(loaded.findings.iter().count() + loaded.findings.unlisted(), 20_000);
    assert!(loaded.findings.unlisted() > 0);
}

/// A text whose last line is bad; column, message and hint of the one error.
const BAD_LINES: &[(&str, u32, &str, &str)] = &[
    ("hostnme r1", 1, "`hostnme` is not known here", "did you mean `hostname`?"),
    ("hostname", 9, "the line is not complete", "expected a word"),
    ("hostname a b", 12, "the line should end before `b`", ""),
    ("router bgp 0", 12, "0 is not an AS number (1 to 4294967295)", ""),
    (
        "router bgp 1\nrouter bgp 2",
        12,
        "BGP is already running in AS 1 (line 1)",
        "one BGP instance is served",
    ),
    ("neighbor 10.0.0.1 remote-as 1", 1, "`neighbor` does not belong here", "it belongs into `router bgp`"),
    ("interface e\n ip address 10.0.0.1/33", 13, "10.0.0.1/33 is not an IPv4 prefix (A.B.C.D/M)", ""),
    (
        "interface e\n ip address 10.0.0.1/24 # lan",
        25,
        "`#` does not begin a comment here",
        "a comment stands on a line of its own",
    ),
    ("interface e\n vrrp 0 priority 5", 7, "0 is not in the range 1 to 255", ""),
    ("interface e\n vrrp 5 ip 10.0.0.1\n vrrp 5 priority 0", 18, "0 is not in the range 1 to 255", ""),
    ("interface e\n vrrp 5 ip 10.0.0.1\n vrrp 5 priority 256", 18, "256 is not in the range 1 to 255", ""),
    ("interface e\n vrrp 5 ip 10.0.0.1\n vrrp 5 ipv6 10.0.0.1", 14, "10.0.0.1 is not an IPv6 address", ""),
    ("interface e\n vrrp 5 ip 10.0.0.1\n vrrp 5 ip fe80::1", 12, "fe80::1 is not an IPv4 address", ""),
    (
        "interface e\n vrrp 5 version 3\n vrrp 5 ip 10.0.0.1\n vrrp 5 version 2",
        7,
        "e has a virtual router 5 already, of version 3 (line 2)",
        "another needs another number",
    ),
    (
        "interface e\n vrrp 5 ip 10.0.0.1\n !@ vrrp 5 track default-route decrement 0",
        42,
        "0 is not in the range 1 to 254",
        "",
    ),
    ("interface e\n !@ vrrp 256 accept-mode", 10, "256 is not in the range 1 to 255", ""),
    (
        "interface e\n vrrp 5 ip 10.0.0.1\n !@ vrrp 5 unicast-peer 10.0.0",
        25,
        "10.0.0 is not an IPv4 address",
        "",
    ),
    ("interface e\n vrrp 5 ip 224.0.0.1", 12, "224.0.0.1 cannot be a virtual address", ""),
    (
        "interface e\n vrrp 5 ip 10.0.0.1\n vrrp 5 advertisement-interval 1005",
        32,
        "the interval goes out in hundredths of a second: a multiple of 10 is needed",
        "1000 for example",
    ),
    ("interface e\n ipv6 nd mtu 576", 14, "no IPv6 link has an MTU of 576", "1280 at least"),
    ("interface e\n ipv6 nd ra-interval 0", 22, "0 is not in the range 1 to 1800", ""),
    ("interface e\n ipv6 nd ra-lifetime 9001", 22, "9001 is not in the range 0 to 9000", ""),
    ("interface e\n ipv6 nd prefix 10.0.0.0/8", 17, "10.0.0.0/8 is not an IPv6 prefix (X:X::X:X/M)", ""),
    (
        "interface e\n ipv6 nd prefix fe80::/64",
        17,
        "fe80::/64 is not a prefix that hosts take addresses of",
        "",
    ),
    (
        "interface e\n ipv6 nd prefix 2001:db8::/64 600 3600",
        35,
        "the preferred lifetime is longer than the valid one (RFC 4861 §6.2.1)",
        "the valid lifetime comes first",
    ),
    ("interface e\n ipv6 nd dnssl a..b", 16, "`a..b` is not a domain name", ""),
    ("interface e\n ipv6 nd rdnss ff02::1", 16, "ff02::1 cannot be the address of a name server", ""),
    (
        "interface e\n vrrp 5 ip 10.0.0.1\n !@ vrrp 5 prempt-delay 3",
        12,
        "`prempt-delay` is not known here",
        "did you mean `preempt-delay`?",
    ),
    (
        "router bgp 1\n bgp router-id 1.1.1.1\n neighbor 10.0.0.300 remote-as 1",
        11,
        "10.0.0.300 is not an IPv4 or IPv6 address, nor a peer group's name",
        "",
    ),
    (
        "router bgp 1\n bgp router-id 1.1.1.1\n timers bgp 1 2",
        15,
        "a hold time of 2 s is not allowed",
        "0 or at least 3, RFC 4271 §4.2",
    ),
    (
        "router bgp 1\n bgp router-id 1.1.1.1\n address-family ipv4 unicats",
        22,
        "`unicats` is not known here",
        "did you mean `unicast`?",
    ),
    (
        "router bgp 1\n bgp router-id 1.1.1.1\n network 2001:db8::/32",
        10,
        "2001:db8::/32 does not belong to ipv4 unicast",
        "it belongs into `address-family ipv6 unicast`",
    ),
    (
        "router bgp 1\n bgp router-id 1.1.1.1\n neighbor G peer-group H",
        11,
        "`G` is not an address",
        "a peer group cannot be in a peer group",
    ),
    ("ip prefix-list L permit 10.0.0.0/24 le 20", 1, "no length fits: 24 <= ge <= le is needed", ""),
    ("bgp as-path access-list A permit (1", 34, "not a regular expression", "unclosed group"),
    ("bgp community-list standard C permit 1:70000", 38, "1:70000 is not a community (AA:NN)", ""),
    (
        "ip route 10.0.0.0/8 10.0.0.1 onlink",
        1,
        "onlink needs an interface",
        "write `10.0.0.1 INTERFACE onlink`",
    ),
    ("route-map M permit 10\n on-match goto 10", 16, "entry 10 does not come after this one (10)", ""),
    ("log sys e", 9, "`e` could be `emergencies` or `errors`", ""),
    (
        "route-map M permit 10\n set community 1:1 additve",
        20,
        "`additve` is not known here",
        "did you mean `additive`?",
    ),
];

/// A text, and an error of the whole.
const CONTRADICTIONS: &[(&str, &str)] = &[
    ("router bgp 1\n neighbor 10.0.0.1 description x", "2:2 neighbor 10.0.0.1 has no remote-as"),
    ("router bgp 1\n neighbor 10.0.0.1 peer-group G", "2:2 peer group `G` is not defined"),
    (
        "router bgp 1\n neighbor CORES peer-group\n neighbor CORE remote-as 2",
        "3:2 `CORE` is neither an address nor a peer group; did you mean `CORES`?",
    ),
    (
        "router bgp 1\n neighbor G peer-group\n bgp listen range 10.0.0.0/8 peer-group G",
        "3:2 peer group `G` has no remote-as",
    ),
    (
        "router bgp 1\n neighbor G peer-group\n neighbor G remote-as 2\n neighbor 10.0.0.1 remote-as 3\n neighbor 10.0.0.1 peer-group G",
        "4:2 the peer group has another remote-as",
    ),
    (
        "router bgp 1\n neighbor 10.0.0.1 remote-as 2\n neighbor 10.0.0.1 ebgp-multihop 2\n neighbor 10.0.0.1 ttl-security hops 2",
        "2:2 ttl-security and ebgp-multihop exclude each other",
    ),
    (
        "interface e\n ip address 10.0.0.1/24\nrouter bgp 1\n neighbor 10.0.0.1 remote-as 2",
        "4:2 neighbor 10.0.0.1 is this router's own address",
    ),
    (
        "interface e\n vrrp 1 ip 10.0.0.1\n vrrp 2 ip 10.0.0.1",
        "3:2 10.0.0.1 is in the virtual routers 1 and 2",
    ),
    (
        "interface e\n vrrp 1 version 2\n vrrp 1 ipv6 fe80::1",
        "2:2 virtual router 1 has IPv6 addresses, which need version 3",
    ),
    (
        "interface e\n vrrp 1 version 2\n vrrp 1 advertisement-interval 1500\n vrrp 1 ip 10.0.0.1",
        "2:2 virtual router 1 has version 2, whose interval is in whole seconds (RFC 3768 §5.3.7)",
    ),
    (
        "interface e\n ipv6 nd ra-lifetime 60",
        "2:2 a default router that lives for 60 s is forgotten before the next advertisement, which may take 600 s \
         (RFC 4861 §6.2.1)",
    ),
    (
        "interface e\n ipv6 nd ra-interval msec 1500\n ipv6 nd ra-lifetime 1",
        "3:2 a default router that lives for 1 s is forgotten before the next advertisement, which may take 1.5 s \
         (RFC 4861 §6.2.1)",
    ),
    (
        "route-map A permit 1\n call B\nroute-map B permit 1\n call A",
        "4:2 route-map `A` calls itself: the call refuses",
    ),
];

fn texts(loaded: &Loaded, severity: Severity) -> Vec<String> {
    let of = loaded.findings.iter().filter(|finding| finding.severity == severity);
    of.map(|finding| format!("{}:{} {}", finding.line, finding.column, finding.message)).collect()
}

fn bgp(text: &str) -> Config {
    load(text.as_bytes()).desired.bgp.unwrap()
}

fn bgp_of(text: &str) -> Config {
    let loaded = load(text.as_bytes());
    assert_eq!(texts(&loaded, Severity::Error), [""; 0], "{text}");
    loaded.desired.bgp.unwrap()
}

fn edit(text: &str) -> Editor {
    let mut editor = Editor::default();
    for line in text.lines() {
        editor.apply_line(line.as_bytes());
    }
    editor
}

fn peer<'a>(bgp: &'a Config, addr: &str) -> &'a PeerConfig {
    bgp.peers.get(&addr.parse::<IpAddr>().unwrap()).unwrap()
}

fn nets(texts: &[&str]) -> Vec<ipnet::IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}
