//! Next hops that fit the family, the link and the configuration, or do not.

use super::*;
use crate::speaker::config::Ttl;

const P: &str = "203.0.113.0/24";

#[test]
fn routes_of_a_peer_that_ttl_security_lets_be_far_away_need_no_connected_next_hop() {
    for (ttl, is_usable) in [
        (Ttl::Default, false),
        (Ttl::Security { hops: 1 }, false),
        (Ttl::Security { hops: 3 }, true),
        (Ttl::Multihop(1), false),
        (Ttl::Multihop(3), true),
    ] {
        let mut site = Site::new();
        let mut from = facts(1, 65001, |_| {});
        let mut config = PeerConfig::clone(&from.config);
        config.ttl = ttl;
        from.config = Arc::new(config);
        let from = site.up_with(1, from);
        site.rib.handle_next_hop(addr(1), NextHopState::Reachable { metric: 0, connected: false });
        site.announce(from, &[P], &attrs(&[65001]));
        let _ = site.rib.run(64);
        while let Some(interest) = site.rib.poll_next_hop() {
            let state = NextHopState::Reachable { metric: 0, connected: false };
            site.rib.handle_next_hop(interest.addr, state);
        }
        site.settle();
        assert_eq!(site.best(P).is_some(), is_usable, "{ttl:?}");
    }
}

#[test]
fn a_third_party_next_hop_is_not_for_peers_that_ttl_security_lets_be_far_away() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let mut to = facts(2, 65002, |_| {});
    let mut config = PeerConfig::clone(&to.config);
    config.ttl = Ttl::Security { hops: 3 };
    to.config = Arc::new(config);
    to.connected = vec!["192.0.2.0/24".parse().unwrap()];
    let to = site.up_with(2, to);
    site.announce(from, &[P], &attrs(&[65001]));
    site.settle();
    assert_eq!(site.peers[&to].told[&P.parse().unwrap()].0.address(), addr(250));
}
