//! The recorded commands, one by one.

use router::control::Daemon;

use crate::scene::Scene;
use crate::world::World;

fn recorded(file: &str) -> String {
    let path = format!("{}/tests/golden/frr-8.4.4/{file}", env!("CARGO_MANIFEST_DIR"));
    masked(&std::fs::read_to_string(path).unwrap())
}

/// Clock times become `00:00:00`, and members that count from the moment of the answer lose their digits.
fn masked(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(masked_line).collect();
    if text.ends_with('\n') {
        lines.push(String::new());
    }
    lines.join("\n")
}

fn masked_line(line: &str) -> String {
    if let Some(key) = MOVING.iter().find(|key| line.contains(**key)) {
        let (head, _) = line.split_once(*key).unwrap();
        return format!("{head}{key}N,");
    }
    if let Some((head, _)) = line.split_once("FD used: ") {
        return format!("{head}FD used: N");
    }
    let bytes = line.as_bytes();
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_time = bytes.get(at..at + 8).is_some_and(|word| {
            word.iter()
                .enumerate()
                .all(|(i, c)| if i == 2 || i == 5 { *c == b':' } else { c.is_ascii_digit() })
        });
        if is_time && !line.contains("ddress") && !line.contains("RouterMAC") && !line.contains("HWaddr") {
            out.push_str("00:00:00");
            at += 8;
        } else {
            out.push(bytes[at] as char);
            at += 1;
        }
    }
    out
}

const MOVING: [&str; 7] = [
    "\"epoch\":",
    "EstablishedEpoch\":",
    "\"peerUptimeMsec\":",
    "\"bgpTimerUpMsec\":",
    "\"bgpTimerLastWrite\":",
    "\"bgpInUpdateElapsedTimeMsecs\":",
    "\"lastResetTimerMsecs\":",
];

async fn check(daemon: Daemon, command: &str, file: &str) {
    // The neighbours were asked for after the next KEEPALIVE.
    let is_later = file.starts_with("show-bgp-neighbors-");
    let scene = if is_later { Scene::a_keepalive_later() } else { Scene::recorded() };
    let (text, status) = World::of(scene).ask(daemon, command).await;
    let (ours, theirs) = (masked(&text), recorded(file));
    let differing = ours.split('\n').zip(theirs.split('\n')).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differing, None, "{command}: ours, recorded");
    assert_eq!(ours, theirs, "{command}");
    assert_eq!(status, 0, "{command}");
}

macro_rules! recorded_outputs {
    ($($name:ident: $daemon:ident $command:literal = $file:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            check(Daemon::$daemon, $command, $file).await;
        }
    )*};
}

recorded_outputs! {
    summary: Bgpd "show bgp summary" = "show-bgp-summary.txt";
    summary_json: Bgpd "sh bgp sum json" = "show-bgp-summary.json";
    summary_wide: Bgpd "show bgp summary wide" = "show-bgp-summary-wide.txt";
    summary_of_one_family: Bgpd "show bgp ipv4 unicast summary" = "show-bgp-ipv4-unicast-summary.txt";
    summary_of_ipv6_json: Bgpd "show bgp ipv6 unicast summary json" = "show-bgp-ipv6-unicast-summary.json";
    summary_of_established_json: Bgpd "show bgp ipv4 unicast summary established json" = "show-bgp-ipv4-unicast-summary-established.json";
    summary_of_failed: Bgpd "show bgp ipv4 unicast summary failed" = "show-bgp-ipv4-unicast-summary-failed.txt";
    summary_of_failed_json: Bgpd "show bgp ipv4 unicast summary failed json" = "show-bgp-ipv4-unicast-summary-failed.json";
    summary_of_all_vrfs_json: Bgpd "show bgp vrf all summary json" = "show-bgp-vrf-all-summary.json";
    summary_of_show_ip_bgp: Bgpd "show ip bgp summary" = "show-ip-bgp-summary.txt";

    neighbor: Bgpd "show bgp neighbors 10.0.1.2" = "show-bgp-neighbors-10.0.1.2.txt";
    neighbor_json: Bgpd "show ip bgp neighbors 10.0.1.2 json" = "show-bgp-neighbors-10.0.1.2.json";
    neighbor_never_up: Bgpd "show bgp neighbors 10.0.1.99" = "show-bgp-neighbors-10.0.1.99.txt";
    neighbor_never_up_json: Bgpd "show bgp neighbors 10.0.1.99 json" = "show-bgp-neighbors-10.0.1.99.json";
    neighbor_unknown: Bgpd "show bgp neighbors 10.0.1.77" = "show-bgp-neighbors-10.0.1.77.txt";
    neighbor_unknown_json: Bgpd "show bgp neighbors 10.0.1.77 json" = "show-bgp-neighbors-10.0.1.77.json";

    table: Bgpd "show bgp ipv4 unicast" = "show-bgp-ipv4-unicast.txt";
    table_json: Bgpd "show bgp ipv4 unicast json" = "show-bgp-ipv4-unicast.json";
    table_wide: Bgpd "show bgp ipv4 unicast wide" = "show-bgp-ipv4-unicast-wide.txt";
    table_of_ipv6: Bgpd "show bgp" = "show-bgp-ipv6-unicast.txt";
    table_of_ipv6_json: Bgpd "show bgp ipv6 unicast json" = "show-bgp-ipv6-unicast.json";
    table_below_a_prefix: Bgpd "show bgp ipv4 unicast 198.51.0.0/16 longer-prefixes" = "show-bgp-ipv4-unicast-198.51.0.0-16-longer-prefixes.txt";
    table_with_a_community_json: Bgpd "show bgp ipv4 unicast community 65002:100 json" = "show-bgp-ipv4-unicast-community-65002-100.json";
    table_of_a_neighbor: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 routes" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-routes.txt";
    statistics: Bgpd "show bgp ipv4 unicast statistics" = "show-bgp-ipv4-unicast-statistics.txt";
    statistics_json: Bgpd "show bgp ipv4 unicast statistics json" = "show-bgp-ipv4-unicast-statistics.json";

    route_of_ours: Bgpd "show bgp ipv4 unicast 192.0.2.1/32" = "show-bgp-ipv4-unicast-192.0.2.1-32.txt";
    route_of_ours_json: Bgpd "show bgp ipv4 unicast 192.0.2.1/32 json" = "show-bgp-ipv4-unicast-192.0.2.1-32.json";
    route_redistributed_json: Bgpd "show bgp ipv4 unicast 192.168.50.0/24 json" = "show-bgp-ipv4-unicast-192.168.50.0-24.json";
    route_with_communities: Bgpd "show bgp ipv4 unicast 198.51.100.0/24" = "show-bgp-ipv4-unicast-198.51.100.0-24.txt";
    route_with_communities_json: Bgpd "show bgp ipv4 unicast 198.51.100.0/24 json" = "show-bgp-ipv4-unicast-198.51.100.0-24.json";
    route_best_path: Bgpd "show bgp ipv4 unicast 203.0.113.0/24 bestpath" = "show-bgp-ipv4-unicast-203.0.113.0-24-bestpath.txt";
    route_with_two_paths_json: Bgpd "show bgp ipv4 unicast 203.0.113.0/24 json" = "show-bgp-ipv4-unicast-203.0.113.0-24.json";
    route_by_address: Bgpd "show ip bgp 203.0.113.7" = "show-bgp-ipv4-unicast-203.0.113.7.txt";
    route_of_ipv6_json: Bgpd "show bgp ipv6 unicast 2001:db8:100::/48 json" = "show-bgp-ipv6-unicast-2001-db8-100-48.json";
    route_unknown: Bgpd "show bgp ipv4 unicast 10.99.0.0/16" = "show-bgp-ipv4-unicast-10.99.0.0-16.txt";
    route_unknown_json: Bgpd "show bgp ipv4 unicast 10.99.0.0/16 json" = "show-bgp-ipv4-unicast-10.99.0.0-16.json";

    advertised: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 advertised-routes" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-advertised-routes.txt";
    advertised_json: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 advertised-routes json" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-advertised-routes.json";
    advertised_to_nobody_json: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.99 advertised-routes json" = "show-bgp-ipv4-unicast-neighbors-10.0.1.99-advertised-routes.json";
    advertised_in_the_wrong_family_json: Bgpd "show bgp neighbors 10.0.1.2 advertised-routes json" = "show-bgp-neighbors-10.0.1.2-advertised-routes.json";
    received_but_not_kept_json: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 received-routes json" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-received-routes.json";
    prefix_counts: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 prefix-counts" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-prefix-counts.txt";
    prefix_counts_json: Bgpd "show bgp ipv4 unicast neighbors 10.0.1.2 prefix-counts json" = "show-bgp-ipv4-unicast-neighbors-10.0.1.2-prefix-counts.json";
    vrfs: Bgpd "show bgp vrfs" = "show-bgp-vrfs.txt";
    vrfs_json: Bgpd "show bgp vrfs json" = "show-bgp-vrfs.json";
    next_hops: Bgpd "show bgp nexthop" = "show-bgp-nexthop.txt";

    kernel_table: Zebra "sh ip ro" = "show-ip-route.txt";
    kernel_table_json: Zebra "show ip route json" = "show-ip-route.json";
    kernel_table_of_bgp: Zebra "show ip route bgp" = "show-ip-route-bgp.txt";
    kernel_table_of_all_vrfs: Zebra "show ip route vrf all" = "show-ip-route-vrf-all.txt";
    kernel_table_of_ipv6: Zebra "show ipv6 route" = "show-ipv6-route.txt";
    kernel_table_of_ipv6_json: Zebra "show ipv6 route json" = "show-ipv6-route.json";
    kernel_route_recursive: Zebra "show ip route 192.168.55.0/24" = "show-ip-route-192.168.55.0-24.txt";
    kernel_route: Zebra "show ip route 203.0.113.0/24" = "show-ip-route-203.0.113.0-24.txt";
    kernel_route_json: Zebra "show ip route 203.0.113.0/24 json" = "show-ip-route-203.0.113.0-24.json";
    kernel_route_unknown: Zebra "show ip route 172.29.0.0/16" = "show-ip-route-172.29.0.0-16.txt";
    kernel_route_of_no_address_json: Zebra "show ip route 8.8.8.8 json" = "show-ip-route-8.8.8.8.json";
    kernel_summary: Zebra "show ip route summary" = "show-ip-route-summary.txt";
    kernel_summary_json: Zebra "show ip route summary json" = "show-ip-route-summary.json";
    interfaces_json: Zebra "show interface json" = "show-interface.json";
    interface: Zebra "show interface v-ab" = "show-interface-v-ab.txt";
    interfaces_brief: Zebra "show interface brief" = "show-interface-brief.txt";
    interfaces_brief_json: Zebra "show interface brief json" = "show-interface-brief.json";
    interface_unknown: Zebra "show interface nosuch" = "show-interface-nosuch.txt";
    tracked: Zebra "show ip nht" = "show-ip-nht.txt";
}
