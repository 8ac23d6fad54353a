//! VRRP's lines of an `interface` block, FRR's and Ridgeway's own (`!@ vrrp …`).

use std::net::IpAddr;
use std::time::Duration;

use bgp_core::Family;

use super::super::desired::{Track, TrackObject, Vrrp};
use super::super::draft::Draft;
use super::super::place::Place;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("vrrp (1-255) = [version (2-3)]", version),
    Row::act("vrrp (1-255) priority = (1-255)", |draft, line| {
        let priority = second(line)?;
        if let Place::Interface(name) = &line.place {
            draft.vrrp_priority_spots.insert((name.clone(), line.narrow()?), line.spot);
        }
        router(draft, line)?.priority = priority;
        Ok(())
    }),
    Row::act("vrrp (1-255) advertisement-interval = (10-40950)", |draft, line| {
        let interval: u16 = second(line)?;
        if !interval.is_multiple_of(10) {
            let message = "the interval goes out in hundredths of a second: a multiple of 10 is needed";
            return Err(Complaint::new(message)
                .at(3)
                .hint(format!("{} for example", interval - interval % 10)));
        }
        router(draft, line)?.advertisement_interval = Duration::from_millis(interval.into());
        Ok(())
    }),
    Row::act("vrrp (1-255) preempt", |draft, line| {
        router(draft, line)?.preempt = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("vrrp (1-255) checksum-with-ipv4-pseudoheader", |draft, line| {
        router(draft, line)?.checksum_with_pseudo_header = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("vrrp (1-255) shutdown", |draft, line| {
        router(draft, line)?.shutdown = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("vrrp (1-255) ip A.B.C.D", address),
    Row::act("vrrp (1-255) ipv6 X:X::X:X", address),
    Row::act("!@ vrrp (1-255) preempt-delay = (0-1000)", |draft, line| {
        router(draft, line)?.preempt_delay = Duration::from_secs(second::<u16>(line)?.into());
        Ok(())
    }),
    Row::act("!@ vrrp (1-255) garp-refresh = (0-86400)", |draft, line| {
        let seconds = u64::from(second::<u32>(line)?);
        router(draft, line)?.garp_refresh = (seconds > 0).then(|| Duration::from_secs(seconds));
        Ok(())
    }),
    Row::act("!@ vrrp (1-255) unicast-peer <A.B.C.D|X:X::X:X>", |draft, line| {
        let peer = line.address()?;
        add(&mut router(draft, line)?.unicast_peers, peer);
        Ok(())
    }),
    Row::act("!@ vrrp (1-255) no-virtual-mac", |draft, line| {
        router(draft, line)?.virtual_mac = false;
        Ok(())
    }),
    Row::act("!@ vrrp (1-255) accept-mode", |draft, line| {
        router(draft, line)?.accept_mode = true;
        Ok(())
    }),
    Row::act("!@ vrrp (1-255) no-accept-mode", |draft, line| {
        router(draft, line)?.accept_mode = false;
        Ok(())
    }),
    Row::act(
        "!@ vrrp (1-255) track <default-route [<v4|v6>]|bgp-peer <A.B.C.D|X:X::X:X>|interface WORD|route <A.B.C.D/M|X:X::X:X/M>> decrement = (1-254)",
        track,
    ),
];

fn router<'a>(draft: &'a mut Draft, line: &Statement) -> Result<&'a mut Vrrp, Complaint> {
    let vrid = line.narrow()?;
    if let Place::Interface(name) = &line.place {
        draft.vrrp_spots.entry((name.clone(), vrid)).or_insert(line.spot);
    }
    Ok(draft.interface(line)?.vrrp.entry(vrid).or_default())
}

/// Makes a virtual router. A second one with its number is refused: FRR would take it for a change of the first.
fn version(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let version = line.number_after("version").and_then(|version| u8::try_from(version).ok()).unwrap_or(3);
    let Place::Interface(name) = &line.place else { return Ok(()) };
    let vrid = line.narrow()?;
    match draft.vrrp_versions.get(&(name.clone(), vrid)) {
        Some((known, spot)) if *known != version => {
            let message = format!(
                "{name} has a virtual router {vrid} already, of version {known} (line {})",
                spot.line
            );
            return Err(Complaint::new(message).at(1).hint("another needs another number"));
        }
        _ => draft.vrrp_versions.insert((name.clone(), vrid), (version, line.spot)),
    };
    router(draft, line)?.version = version;
    Ok(())
}

/// The number after the VRID.
fn second<T: TryFrom<u32>>(line: &Statement) -> Result<T, Complaint> {
    let number = line.numbers().nth(1).and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| Complaint::new("a number is expected after the VRID"))
}

fn address(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let address = line.address()?;
    if address.is_unspecified() || address.is_multicast() {
        return Err(Complaint::new(format!("{address} cannot be a virtual address")).at(3));
    }
    let router = router(draft, line)?;
    match address {
        IpAddr::V4(address) => add(&mut router.addresses_v4, address),
        IpAddr::V6(address) => add(&mut router.addresses_v6, address),
    }
    Ok(())
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    list.retain(|known| *known != item);
    list.push(item);
}

fn track(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let object = if line.has("bgp-peer") {
        TrackObject::BgpPeer(line.address()?)
    } else if line.has("interface") {
        TrackObject::Interface(line.text()?)
    } else if line.has("route") {
        TrackObject::Route(line.prefix()?)
    } else {
        TrackObject::DefaultRoute(match (line.has("v4"), line.has("v6")) {
            (true, _) => Some(Family::Ipv4Unicast),
            (_, true) => Some(Family::Ipv6Unicast),
            (false, false) => None,
        })
    };
    let decrement = second(line)?;
    let tracks = &mut router(draft, line)?.tracks;
    tracks.retain(|track| track.object != object);
    tracks.push(Track { object, decrement });
    Ok(())
}
