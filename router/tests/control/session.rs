//! Nodes, statuses and texts, as recorded in transcripts of real daemons.

use router::control::Daemon;

use crate::scene::Scene;
use crate::world::{World, tell};

async fn converse(daemon: Daemon, lines: &[(&str, &str, u8)]) {
    let world = World::recorded();
    let mut session = world.session(daemon);
    for (line, text, status) in lines {
        let (said, gave) = tell(&mut session, line).await;
        assert_eq!((said.as_str(), gave), (*text, *status), "{line}");
    }
}

const REFUSED: &str =
    "% The configuration is changed by editing its file and reloading it (SIGHUP), not over this socket\n";

#[tokio::test]
async fn bgpd_walks_its_nodes_as_recorded() {
    converse(
        Daemon::Bgpd,
        &[
            ("configure terminal", "% [BGP] Unknown command: configure terminal\n", 2),
            ("write terminal", "% [BGP] Unknown command: write terminal\n", 2),
            ("enable", "", 0),
            ("conf t", "", 0),
            ("router bgp 65002", "BGP is already running; AS is 65001\n", 13),
            ("router bgp 65001", "", 0),
            ("show bgp vrfs json", "% [BGP] Unknown command: show bgp vrfs json\n", 2),
            ("neighbor 10.9.9.9 description x", REFUSED, 13),
            ("n", "% Command incomplete.\n", 4),
            (" address-family ipv4 unicast\n", "", 0),
            ("  network 10.0.0.0/8", REFUSED, 13),
            ("router bgp 65001", "", 0),
            ("interface eth0", "", 0),
            (" description foo", "", 0),
            ("do write terminal", "! bgpd\n", 0),
            ("exit", "", 0),
            ("end", "", 0),
            ("sh run", "! bgpd\n", 0),
            ("show bgp neighbors 10.0.1.2 r", "% Ambiguous command.\n", 3),
            ("disable", "", 0),
            ("echo PING", "PING\n", 0),
            ("", "", 0),
            ("exit", "", 0),
        ],
    )
    .await;
}

#[tokio::test]
async fn siblings_accept_what_vtysh_sends_to_all() {
    for daemon in [Daemon::Zebra, Daemon::Vrrpd] {
        converse(
            daemon,
            &[
                ("enable", "", 0),
                ("conf term file-lock", "", 0),
                ("XFRR_start_configuration", "", 0),
                ("frr version 8.4.4\n", "", 0),
                ("frr defaults traditional\n", "", 0),
                ("log syslog", "", 0),
                ("service integrated-vtysh-config", "", 0),
                ("! comment", "", 0),
                ("interface eth0\n", "", 0),
                (" description up\n", "", 0),
                ("exit\n", "", 0),
                ("ip prefix-list PL seq 5 permit 10.0.0.0/8\n", "", 0),
                ("route-map RM permit 10\n", "", 0),
                (" match ip address prefix-list PL\n", "", 0),
                ("set metric 5", "", 0),
                ("interface eth1", "", 0),
                ("XFRR_end_configuration", "", 0),
                ("end", "", 0),
                ("do show memory", "Nothing is kept here\n", 0),
                ("disable", "", 0),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn exit_closes_only_outside_the_configuration() {
    let world = World::recorded();
    let mut session = world.session(Daemon::Bgpd);
    let mut out = router::control::Output::kept();
    for (line, closes) in [("enable", false), ("conf t", false), ("exit", false), ("quit", true)] {
        assert_eq!(session.execute(line, &mut out).await.unwrap().close, closes, "{line}");
    }
}

#[tokio::test]
async fn without_an_instance_the_words_are_as_recorded() {
    let world = World::of(Scene { instance: None, ..Scene::recorded() });
    let warning = "{\n  \"warning\":\"Default BGP instance not found\"\n}\n";
    for (line, text) in [
        ("show bgp summary", "% BGP instance not found\n"),
        ("show bgp summary json", "{}\n"),
        ("show bgp neighbors", "% BGP instance not found\n"),
        ("show bgp neighbors json", "{}\n"),
        ("show bgp ipv4 unicast", "Default BGP instance not found\n"),
        ("show bgp ipv4 unicast json", warning),
        ("show bgp ipv4 unicast 203.0.113.0/24 json", warning),
        ("show bgp ipv4 unicast statistics json", "Default BGP instance not found\n"),
        ("show bgp vrfs json", "{\n  \"vrfs\":{\n  },\n  \"totalVrfs\":0\n}\n"),
    ] {
        assert_eq!(world.ask(Daemon::Bgpd, line).await.0, text, "{line}");
    }
}
