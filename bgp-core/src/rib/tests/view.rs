//! The read side, and paths with identifiers.

use super::*;

#[test]
fn the_longest_prefix_with_a_best_path_matches() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    site.announce(from, &["0.0.0.0/0", "203.0.0.0/16", "203.0.113.0/24"], &attrs(&[65001]));
    site.settle();
    let matched = |site: &Site, addr: &str| {
        site.rib.longest_match(addr.parse().unwrap()).map(|route| route.prefix.to_string())
    };
    assert_eq!(matched(&site, "203.0.113.9").as_deref(), Some("203.0.113.0/24"));
    assert_eq!(matched(&site, "203.0.1.9").as_deref(), Some("203.0.0.0/16"));
    assert_eq!(matched(&site, "192.0.2.1").as_deref(), Some("0.0.0.0/0"));
    assert_eq!(matched(&site, "2001:db8::1"), None);
    site.withdraw(from, &["203.0.113.0/24"]);
    site.settle();
    assert_eq!(matched(&site, "203.0.113.9").as_deref(), Some("203.0.0.0/16"));
}

#[test]
fn pages_go_through_the_table_in_order() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    for n in [5, 3, 9, 1, 7, 0, 8] {
        site.announce(from, &[&std::format!("10.{n}.0.0/16")], &attrs(&[65001]));
    }
    site.settle();
    let mut seen = vec![];
    let mut after = None;
    loop {
        let page = site.rib.page(Family::Ipv4Unicast, after, 3);
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        after = Some(last.prefix);
        seen.extend(page.iter().map(|route| route.prefix.addr().to_string()));
    }
    let expected = [0, 1, 3, 5, 7, 8, 9].map(|n| std::format!("10.{n}.0.0"));
    assert_eq!(seen, expected);
}

#[test]
fn a_reader_goes_on_in_order_whatever_comes_goes_and_reads_in_between() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let prefix = |n: usize| std::format!("10.{n}.0.0/16");
    for n in (0..200).rev() {
        site.announce(from, &[&prefix(n)], &attrs(&[65001]));
    }
    site.settle();
    let mut seen: Vec<String> = vec![];
    let mut after = None;
    for turn in 0.. {
        let page: Vec<_> =
            site.rib.page(Family::Ipv4Unicast, after, 7).iter().map(|route| route.prefix).collect();
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page.iter().map(ToString::to_string));
        // One goes and its slot is used for another, one comes, and somebody else begins to read.
        site.withdraw(from, &[&prefix(150 + turn)]);
        site.settle();
        site.announce(from, &[&std::format!("9.{turn}.0.0/16")], &attrs(&[65001]));
        site.settle();
        if turn % 3 == 0 {
            assert_eq!(site.rib.page(Family::Ipv4Unicast, None, 1).len(), 1);
        }
    }
    let mut sorted = seen.clone();
    sorted.sort_by_key(|prefix| prefix.parse::<Prefix>().unwrap());
    sorted.dedup();
    assert_eq!(seen, sorted);
    let stayed = (0..150).map(prefix).all(|prefix| seen.contains(&prefix));
    assert!(stayed);
}

#[test]
fn readers_at_the_same_time_each_have_a_place_and_there_are_few_places() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let prefixes: Vec<_> = (0..100).map(|n| std::format!("10.{n}.0.0/16")).collect();
    site.announce(from, &prefixes.iter().map(String::as_str).collect::<Vec<_>>(), &attrs(&[65001]));
    site.settle();
    let places = |site: &Site| site.rib.families[Family::Ipv4Unicast].order.readers();
    let mut readers: [Vec<String>; 3] = Default::default();
    for turn in 0..=25 {
        for seen in &mut readers {
            let after = seen.last().map(|prefix| prefix.parse().unwrap());
            seen.extend(
                site.rib.page(Family::Ipv4Unicast, after, 4).iter().map(|route| route.prefix.to_string()),
            );
        }
        assert_eq!(
            places(&site),
            if turn < 25 { 3 } else { 0 },
            "none but the readers' own, and none when they are done"
        );
    }
    assert!(readers.iter().all(|seen| *seen == prefixes));
    for _ in 0..100 {
        assert_eq!(site.rib.page(Family::Ipv4Unicast, None, 4).len(), 4);
    }
    assert_eq!(places(&site), 4, "who never comes back is forgotten");
}

#[test]
fn paths_with_identifiers_are_kept_apart() {
    let mut site = Site::new();
    let from = site.up(1, 65001, |_| {});
    let caps = Caps {
        add_path_receive: FamilySet::EMPTY.with(Family::Ipv4Unicast),
        add_path_send: FamilySet::EMPTY.with(Family::Ipv4Unicast),
        ..CAPS
    };
    let prefix: Prefix = "203.0.113.0/24".parse().unwrap();
    let mut send = |path_id, announced: Option<&AttrBuf>| {
        let mut out = vec![];
        let mut writer = match announced {
            Some(attrs) => {
                let next_hop = NextHop::from(addr(1));
                UpdateWriter::begin(&mut out, &caps, Family::Ipv4Unicast, next_hop, attrs.as_block())
            }
            None => UpdateWriter::withdraw(&mut out, &caps, Family::Ipv4Unicast),
        };
        let _ = writer.push(&Nlri { path_id, prefix });
        writer.finish();
        let checked = Update::check(&out[19..], &caps, PeerSide::External).unwrap();
        let _ = site.rib.handle_update(from, &checked.update, site.now);
        site.settle();
        site.rib.prefix(&prefix).map_or(vec![], |route| route.paths().map(|path| path.path_id).collect())
    };
    assert_eq!(send(7, Some(&attrs(&[65001, 1]))), [7]);
    assert_eq!(send(8, Some(&attrs(&[65001]))), [8, 7], "the best one first");
    assert_eq!(send(7, Some(&attrs(&[65001, 2]))), [8, 7]);
    assert_eq!(send(8, None), [7]);
    for path_id in 100..300 {
        assert!(send(path_id, Some(&attrs(&[65001]))).len() < 100, "bounded");
    }
    site.down(from, Retain::Nothing);
    site.settle();
    site.assert_empty();
}
