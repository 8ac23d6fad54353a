//! Attributes on the way out, rule by rule.

use super::*;
use crate::speaker::config::{AttributeUnchanged, LocalAs, RemovePrivateAs, SendCommunity};
use crate::wire::AttrBlock;

const P: &str = "203.0.113.0/24";

/// What AS 65002 is told of a route that AS 65001 announced.
fn passed(route: &AttrBuf, adjust: impl FnOnce(&mut PeerFamilyConfig)) -> AttrBuf {
    passed_to(facts(2, 65002, adjust), route)
}

fn passed_to(to: RibPeer, route: &AttrBuf) -> AttrBuf {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let to = site.up_with(2, to);
    site.announce(from, &[P], route);
    site.settle();
    let (_, block) = &site.peers[&to].told[&P.parse().unwrap()];
    let mut attrs = AttrBuf::new();
    attrs.load(AttrBlock::new(block));
    attrs
}

fn path(attrs: &AttrBuf) -> String {
    attrs.as_block().as_path().to_string()
}

#[test]
fn med_goes_no_further_than_the_neighbour_unless_told() {
    let mut route = attrs(&[65001]);
    route.set_med(5);
    assert_eq!(passed(&route, |_| {}).as_block().med(), None);
    let keep = |config: &mut PeerFamilyConfig| {
        config.attribute_unchanged = AttributeUnchanged { med: true, ..AttributeUnchanged::default() };
    };
    assert_eq!(passed(&route, keep).as_block().med(), Some(5));
    assert_eq!(passed_to(facts(2, 64510, |_| {}), &route).as_block().med(), Some(5));
}

#[test]
fn communities_are_sent_as_configured() {
    let mut route = attrs(&[65001]);
    route.set_communities([7]);
    route.set_large_communities([[1, 2, 3]]);
    route.set_extended_communities([[0, 2, 0, 0, 0, 0, 0, 1], [0x40, 2, 0, 0, 0, 0, 0, 1]]);
    let all = passed(&route, |_| {});
    let all = all.as_block();
    assert_eq!((all.communities().count(), all.large_communities().count()), (1, 1));
    assert_eq!(all.extended_communities().count(), 1, "those that are not transitive stay in the AS");
    let none = SendCommunity { standard: false, extended: false, large: false };
    let none = passed(&route, |config| config.send_community = none);
    assert_eq!(none.as_block().iter().count(), 2, "ORIGIN and AS_PATH");
}

#[test]
fn private_numbers_are_removed_as_configured() {
    let with = |mode, numbers: &[u32]| {
        let mut route = attrs(&[65001]);
        route.prepend(&numbers.iter().copied().map(Asn).collect::<Vec<_>>());
        path(&passed(&route, |config| config.remove_private_as = mode))
    };
    assert_eq!(with(RemovePrivateAs::Only, &[65001]), "64510");
    assert_eq!(with(RemovePrivateAs::Only, &[65001, 7]), "64510 65001 7 65001");
    assert_eq!(with(RemovePrivateAs::All, &[65001, 7]), "64510 7");
    assert_eq!(with(RemovePrivateAs::ReplaceAll, &[65001, 7]), "64510 64510 7 64510");
    assert_eq!(with(RemovePrivateAs::All, &[65001, 65002]), "64510 65002", "the peer's own stays");
}

#[test]
fn the_peers_own_as_is_overridden() {
    let route = attrs(&[65001, 65002, 7]);
    assert_eq!(path(&passed(&route, |config| config.as_override = true)), "64510 65001 64510 7");
}

#[test]
fn local_as_shows_both_numbers_or_one() {
    let with = |replace_as| {
        let mut to = facts(2, 65002, |_| {});
        let mut config = PeerConfig::clone(&to.config);
        config.local_as = Some(LocalAs { asn: Asn(99), no_prepend: false, replace_as });
        to.config = Arc::new(config);
        to.local_as = Asn(99);
        path(&passed_to(to, &attrs(&[65001])))
    };
    assert_eq!(with(false), "99 64510 65001");
    assert_eq!(with(true), "99 65001");
}

#[test]
fn received_paths_begin_with_local_as_unless_told() {
    for no_prepend in [false, true] {
        let mut site = Site::new();
        let mut from = facts(1, 65001, |_| {});
        let mut config = PeerConfig::clone(&from.config);
        config.local_as = Some(LocalAs { asn: Asn(99), no_prepend, replace_as: false });
        from.config = Arc::new(config);
        from.local_as = Asn(99);
        let from = site.up_with(1, from);
        site.announce(from, &[P], &attrs(&[65001]));
        site.settle();
        let route = site.rib.prefix(&P.parse().unwrap()).unwrap();
        let shown = route.best().unwrap().attrs.as_path().to_string();
        assert_eq!(shown, if no_prepend { "65001" } else { "99 65001" });
    }
}

#[test]
fn a_two_octet_peer_still_gets_the_whole_path() {
    let mut to = facts(2, 65002, |_| {});
    to.caps.four_octet_as = false;
    assert_eq!(path(&passed_to(to, &attrs(&[65001, 400_000]))), "64510 65001 400000");
}

#[test]
fn internal_attributes_stay_inside() {
    let mut site = Site::new();
    let (from, to) = (site.up(1, 64510, |_| {}), site.up(2, 65002, |_| {}));
    let mut route = internal(&[7]);
    route.set_originator_id(RouterId(5));
    route.prepend_cluster(RouterId(6));
    site.announce(from, &[P], &route);
    site.settle();
    let (_, block) = &site.peers[&to].told[&P.parse().unwrap()];
    let codes: Vec<u8> = AttrBlock::new(block).iter().map(|attr| attr.code.0).collect();
    assert_eq!(codes, [1, 2]);
}

#[test]
fn ipv6_next_hops_are_ours_with_the_link_local_address_on_a_shared_link() {
    let mut site = Site::new();
    let v6 = |id, connected: &[&str]| {
        let mut peer = facts(id, 65000 + id, |_| {});
        let mut config = PeerConfig::clone(&peer.config);
        config.families[Family::Ipv6Unicast] = Some(PeerFamilyConfig::default());
        peer.config = Arc::new(config);
        peer.families = FamilySet::from_iter(Family::ALL);
        peer.local.v6 = Some("2001:db8::250".parse().unwrap());
        peer.local.link_local = Some("fe80::250".parse().unwrap());
        peer.connected = connected.iter().map(|net| net.parse().unwrap()).collect();
        peer.interface = (!connected.is_empty()).then_some(3);
        peer
    };
    let from = site.up_with(1, v6(1, &["2001:db8::/64"]));
    let near = site.up_with(2, v6(2, &["2001:db8:1::/64"]));
    let far = site.up_with(3, v6(3, &[]));
    let next_hop =
        NextHop::V6 { global: "2001:db8::1".parse().unwrap(), link_local: Some("fe80::1".parse().unwrap()) };
    let prefix: Prefix = "2001:db8:1000::/48".parse().unwrap();
    let body = reach_body(&["2001:db8:1000::/48"], next_hop, &attrs(&[65001]));
    let _ = site.update(from, &body);
    site.settle();
    let ours = |link_local: Option<&str>| NextHop::V6 {
        global: "2001:db8::250".parse().unwrap(),
        link_local: link_local.map(|addr| addr.parse().unwrap()),
    };
    assert_eq!(site.peers[&near].told[&prefix].0, ours(Some("fe80::250")));
    assert_eq!(site.peers[&far].told[&prefix].0, ours(None));
    let way = site.fib[&prefix].next_hops[0];
    assert_eq!((way.address, way.interface), (next_hop, Some(3)), "forwarded by the link-local address");
}

#[test]
fn ipv4_routes_take_an_ipv6_next_hop_where_that_was_agreed() {
    for agreed in [false, true] {
        let mut site = Site::new();
        let from = site.up(1, 65001, |_| {});
        let mut to = facts(2, 65002, |_| {});
        to.address = "2001:db8::2".parse().unwrap();
        to.local = LocalAddresses { v6: Some("2001:db8::250".parse().unwrap()), ..LocalAddresses::default() };
        if agreed {
            to.extended_next_hop.insert(Family::Ipv4Unicast);
        }
        let to = site.up_with(2, to);
        site.announce(from, &[P], &attrs(&[65001]));
        site.settle();
        let told = site.peers[&to].told.get(&P.parse().unwrap()).map(|(next_hop, _)| next_hop.address());
        assert_eq!(told, agreed.then(|| "2001:db8::250".parse().unwrap()));
    }
}
