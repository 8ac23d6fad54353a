//! The gateway's packets: what versions, checksums and announcements look like to others.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::capture::Capture;
use lab::daemon::Daemon;
use lab::frames::{FRAMES, Frame, What, read_frames, reigns};
use lab::gateway::{ADVERTS, LINK_LOCAL, Member, Plan, Router, Speech, V4, V6, adverts};
use lab::{Segment, eventually};

use super::gateway::{attach, hide, lan, settles};

#[test]
fn ours_and_keepalived_share_a_gateway_by_version_2() {
    version_2([Member::Ours, Member::Keepalived]);
}

#[test]
fn keepalived_and_ours_share_a_gateway_by_version_2() {
    version_2([Member::Keepalived, Member::Ours]);
}

/// The first dies and comes back.
fn version_2(order: [Member; 2]) {
    lab::run("version 2", |lab| {
        if !required(&order)? {
            return Ok(());
        }
        let (lan, _host) = lan(lab)?;
        let mut routers = Vec::new();
        for ((number, member), priority) in (1..).zip(order).zip([200, 100]) {
            let namespace = attach(lab, &lan, number)?;
            routers.push(Router::start(&namespace, member, Plan::new(priority).speaking(Speech::Version2))?);
        }
        is_version_2(&lan, 1)?;
        routers[0].kill();
        hide(&routers[0])?;
        is_version_2(&lan, 2)?;
        routers[0].namespace().link_up("eth0")?;
        routers[0].start_again()?;
        is_version_2(&lan, 1)
    });
}

/// Once settled only this router advertises, and every field is as RFC 3768 §5.3 has it.
fn is_version_2(lan: &Segment, number: u8) -> Result<()> {
    let source = format!("10.0.0.{number}");
    eventually(Duration::from_secs(15), "one router is Active", || {
        let capture = Capture::start(lan.switch(), "br0", ADVERTS)?;
        std::thread::sleep(Duration::from_millis(2200));
        let fields = [
            "ip.src",
            "eth.src",
            "ip.ttl",
            "ip.len",
            "vrrp.version",
            "vrrp.auth_type",
            "vrrp.adver_int",
            "vrrp.checksum.status",
        ];
        let seen = capture.fields("vrrp", &fields)?;
        ensure!(seen.len() >= 2, "{seen:?}");
        let expected = format!("{source}\t00:00:5e:00:01:05\t255\t40\t2\t0\t1\t1");
        ensure!(seen.iter().all(|line| *line == expected), "{seen:?}, not {expected}");
        Ok(())
    })
}

/// FRR and keepalived drop what has not the pseudo-header in its checksum, and then believe that they are alone.
#[test]
fn frr_is_answered_in_its_own_form_of_checksum() {
    answered(Member::Frr);
}

#[test]
fn keepalived_is_answered_in_its_own_form_of_checksum() {
    answered(Member::Keepalived);
}

fn answered(peer: Member) {
    lab::run("a form of checksum", |lab| {
        if !required(&[peer])? {
            return Ok(());
        }
        let (lan, _host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let mut ours =
            Router::start(&first, Member::Ours, Plan::new(200).speaking(Speech::V4).line(MESSAGE_ONLY))?;
        settles(&[&first], 1)?;
        ensure!(forms(&lan)?.iter().all(|form| *form == Form::Message), "nobody has been heard yet");
        let _theirs = Router::start(&second, peer, Plan::new(100).speaking(Speech::V4))?;
        eventually(Duration::from_secs(15), "only we advertise", || {
            let seen = adverts(lan.switch(), "br0", Duration::from_millis(2200))?;
            ensure!(!seen.is_empty(), "nobody advertises");
            let followed = ours.log().contains(FOLLOWED);
            ensure!(followed && seen.iter().all(|advert| advert.source == "10.0.0.1"), "{seen:?}");
            Ok(())
        })?;
        ensure!(forms(&lan)?.iter().all(|form| *form == Form::PseudoHeader), "it is heard by nobody");
        let said = ours.log().matches(FOLLOWED).count();
        ensure!(said == 1, "said {said} times");
        Ok(())
    });
}

/// Both directions: the backup was told another form than the Active has, hears that, and takes over in it.
#[test]
fn a_backup_takes_over_in_the_form_of_checksum_that_it_has_heard() {
    lab::run("both forms of checksum", |lab| {
        let with = ["vrrp 5 checksum-with-ipv4-pseudoheader", MESSAGE_ONLY];
        for (label, [active, backup], form) in
            [("one", [with[0], with[1]], Form::PseudoHeader), ("two", [with[1], with[0]], Form::Message)]
        {
            let lan = lab.segment(&format!("lan-{label}"))?;
            let [first, second] = [1, 2].map(|number| {
                let namespace = lab.namespace(&format!("r{number}-{label}"))?;
                lan.attach(&namespace, "eth0", &[&format!("10.0.0.{number}/24")])?;
                anyhow::Ok(namespace)
            });
            let (first, second) = (first?, second?);
            let plan = |priority| Plan::new(priority).speaking(Speech::V4).every(100);
            let mut better = Router::start(&first, Member::Ours, plan(200).line(active))?;
            let mut other = Router::start(&second, Member::Ours, plan(100).line(backup))?;
            settles(&[&first, &second], 1)?;
            ensure!(forms(&lan)?.iter().all(|seen| *seen == form), "{label}: the Active's own form");
            better.kill();
            hide(&better)?;
            settles(&[&second], 1)?;
            ensure!(forms(&lan)?.iter().all(|seen| *seen == form), "{label}: the form of the Active before");
            let said = other.log().matches(FOLLOWED).count();
            ensure!(said == 1, "{label}: said {said} times");
        }
        Ok(())
    });
}

/// What an IPv4 VRRPv3 checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Message,
    PseudoHeader,
}

/// The forms of the advertisements of a second. An advertisement that is right in neither is an error.
fn forms(lan: &Segment) -> Result<Vec<Form>> {
    let read = |preference: &str| -> Result<Vec<String>> {
        let capture = Capture::start(lan.switch(), "br0", ADVERTS)?;
        std::thread::sleep(Duration::from_millis(1100));
        capture.fields_with(&[preference], ("vrrp", &["vrrp.checksum.status"]))
    };
    let (plain, covered) =
        (read("vrrp.v3_checksum_as_in_v2:TRUE")?, read("vrrp.v3_checksum_as_in_v2:FALSE")?);
    ensure!(!plain.is_empty() && !covered.is_empty(), "nobody advertises");
    let all = |lines: &[String], status: &str| lines.iter().all(|line| line == status);
    match (all(&plain, "1"), all(&covered, "1")) {
        (true, false) => Ok(vec![Form::Message]),
        (false, true) => Ok(vec![Form::PseudoHeader]),
        (true, true) | (false, false) => anyhow::bail!("checksums: {plain:?}, {covered:?}"),
    }
}

/// A takeover, a device that somebody has switched off, and the refresh, seen from the switch.
#[test]
fn a_new_active_announces_itself_in_bursts_and_then_as_often_as_it_was_told() {
    lab::run("announcements", |lab| {
        let (lan, _host) = lan(lab)?;
        let (first, second) = (attach(lab, &lan, 1)?, attach(lab, &lan, 2)?);
        let mut better = Router::start(&first, Member::Ours, Plan::new(200).every(100))?;
        let plan = Plan::new(100).every(100).line("!@ vrrp 5 garp-refresh 2");
        let _other = Router::start(&second, Member::Ours, plan)?;
        settles(&[&first, &second], 1)?;
        std::thread::sleep(Duration::from_millis(1000));

        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        std::thread::sleep(Duration::from_millis(300));
        better.kill();
        hide(&better)?;
        settles(&[&second], 1)?;
        std::thread::sleep(Duration::from_millis(5500));
        let frames = read_frames(capture)?;
        for (family, mac, addresses) in
            [(4, "00:00:5e:00:01:05", &[V4][..]), (6, "00:00:5e:00:02:05", &[LINK_LOCAL, V6])]
        {
            let reigns = reigns(&frames, family);
            ensure!(reigns.len() == 2, "IPv{family}: {reigns:?}");
            let taken = reigns[1].1;
            // Nothing of the virtual hardware address comes from a backup.
            let early =
                frames.iter().find(|frame| frame.from == mac && frame.at < taken && frame.advert().is_none());
            ensure!(early.is_none(), "before the first advertisement: {early:?}");
            for address in addresses {
                let rounds: Vec<f64> =
                    told(&frames, address).map(|frame| frame.at - taken).filter(|at| *at >= 0.0).collect();
                looks_right(&frames, address, mac)?;
                // The device comes up within the first round, and the burst begins anew.
                let burst: Vec<f64> = rounds.iter().copied().filter(|at| *at < 1.2).collect();
                ensure!((5..=6).contains(&burst.len()), "{address}: {rounds:?}");
                ensure!(burst[0] < 0.05, "{address} late: {rounds:?}");
                // About 0.8, 2.8 and 4.8 s after it.
                let refreshed = rounds.len() - burst.len();
                ensure!((2..=3).contains(&refreshed), "{address}: {rounds:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_device_that_was_switched_off_is_on_again_and_announced_again() {
    lab::run("a device off and on", |lab| {
        let (lan, _host) = lan(lab)?;
        let first = attach(lab, &lan, 1)?;
        let _active = Router::start(&first, Member::Ours, Plan::new(200).every(100))?;
        settles(&[&first], 1)?;
        // The burst of the takeover is over then.
        std::thread::sleep(Duration::from_millis(1200));
        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        for device in devices(&first)? {
            first.link_down(&device)?;
        }
        std::thread::sleep(Duration::from_millis(2600));
        let frames = read_frames(capture)?;
        for address in [V4, LINK_LOCAL, V6] {
            let count = told(&frames, address).count();
            ensure!((5..=6).contains(&count), "{address} was announced {count} times");
        }
        ensure!(first.ip("address show")?.contains(V6), "it has lost an address");
        Ok(())
    });
}

/// The virtual routers' devices.
fn devices(namespace: &lab::Namespace) -> Result<Vec<String>> {
    let text = namespace.ip("-o link show type macvlan")?;
    let name = |line: &str| Some(line.split(": ").nth(1)?.split('@').next()?.to_owned());
    let names: Vec<String> = text.lines().filter_map(name).collect();
    ensure!(names.len() == 2, "{text}");
    Ok(names)
}

fn told<'a>(frames: &'a [Frame], address: &str) -> impl Iterator<Item = &'a Frame> {
    let address = address.to_owned();
    frames.iter().filter(move |frame| frame.announces(&address))
}

/// RFC 9568 §8.1.2, §8.2.2; RFC 4861 §4.4.
fn looks_right(frames: &[Frame], address: &str, mac: &str) -> Result<()> {
    for frame in told(frames, address) {
        ensure!(frame.from == mac, "{frame:?}");
        match &frame.what {
            What::Arp { operation, .. } => {
                ensure!(frame.to == "ff:ff:ff:ff:ff:ff" && *operation == 1, "{frame:?}");
            }
            What::Neighbor { ends, flags, mac: told, .. } => {
                ensure!(frame.to == "33:33:00:00:00:01" && told == mac, "{frame:?}");
                ensure!(*ends == [address, "ff02::1", "255"], "{frame:?}");
                // Router, not solicited, override.
                ensure!(*flags == [true, false, true], "{frame:?}");
            }
            What::Advert(_) => {}
        }
    }
    Ok(())
}

#[test]
fn every_advertisement_comes_from_the_virtual_address_to_the_group_with_255() {
    lab::run("advertisements", |lab| {
        let (lan, _host) = lan(lab)?;
        let first = attach(lab, &lan, 1)?;
        let link_local = first.link_local("eth0")?.to_string();
        let capture = Capture::start(lan.switch(), "br0", FRAMES)?;
        let mut router = Router::start(&first, Member::Ours, Plan::new(200).every(100))?;
        settles(&[&first], 1)?;
        std::thread::sleep(Duration::from_millis(500));
        router.terminate()?;
        let ended = router.ours()?.process().wait(Duration::from_secs(5))?;
        ensure!(ended.success(), "{ended}");
        let frames = read_frames(capture)?;
        let mut last = [None, None];
        for frame in &frames {
            let Some(advert) = frame.advert() else { continue };
            let ends = match advert.family {
                4 => ["00:00:5e:00:01:05", "01:00:5e:00:00:12", "10.0.0.1", "224.0.0.18"],
                _ => ["00:00:5e:00:02:05", "33:33:00:00:00:12", &link_local, "ff02::12"],
            };
            let seen = [&frame.from, &frame.to, &advert.source, &advert.destination];
            ensure!(seen.iter().copied().eq(ends.iter()), "{frame:?}");
            ensure!(advert.hop_limit == "255" && advert.version == 3, "{frame:?}");
            last[usize::from(advert.family == 6)] = Some(advert.priority);
        }
        ensure!(last == [Some(0), Some(0)], "the last words: {last:?}");
        // What has been resigned is announced no more.
        let end = frames.iter().rev().find(|frame| frame.advert().is_some()).context("no advertisement")?;
        let later = frames.iter().find(|frame| frame.at > end.at && frame.from.starts_with("00:00:5e:00:0"));
        ensure!(later.is_none(), "after resigning: {later:?}");
        Ok(())
    });
}

/// False if a member is not installed, which is an error where all are required.
pub(crate) fn required(members: &[Member]) -> Result<bool> {
    let is_complete = members.iter().all(|member| member.is_available());
    ensure!(is_complete || std::env::var_os("LAB_REQUIRE").is_none(), "{members:?} are required");
    if !is_complete {
        eprintln!("skipped: FRR or keepalived is not installed");
    }
    Ok(is_complete)
}

/// RFC 9568 §5.2.8.
const MESSAGE_ONLY: &str = "no vrrp 5 checksum-with-ipv4-pseudoheader";
/// What we say of a peer with the other form.
const FOLLOWED: &str = "another form of checksum";
