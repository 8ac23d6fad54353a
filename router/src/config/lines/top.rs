//! Lines outside any block: the router itself, its blocks, static routes.

use std::net::IpAddr;

use bgp_core::policy::Action;

use super::super::desired::{LogLevel, StaticRoute, StaticTarget};
use super::super::draft::{BgpDraft, Draft, RouteMapDraft};
use super::super::finding::Severity;
use super::super::place::Place;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};
use super::super::value::Value;

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("hostname = WORD", |draft, line| {
        draft.desired.host_name = Some(line.text()?);
        Ok(())
    }),
    Row::act("frr defaults = <traditional|datacenter>", |draft, line| {
        draft.datacenter = line.has("datacenter");
        Ok(())
    }),
    Row::act("frr version = LINE", |draft, line| {
        draft.version = version(&line.text()?);
        Ok(())
    }),
    Row::act(
        "log stdout = [<emergencies|alerts|critical|errors|warnings|notifications|informational|debugging>]",
        |draft, line| {
            draft.desired.log.stdout = Some(level(line));
            Ok(())
        },
    )
    .unused(Severity::Note, LOGS),
    Row::act(
        "log syslog = [<emergencies|alerts|critical|errors|warnings|notifications|informational|debugging>]",
        |draft, line| {
            draft.desired.log.syslog = Some(level(line));
            Ok(())
        },
    )
    .unused(Severity::Note, LOGS),
    Row::act(
        "log file = WORD [<emergencies|alerts|critical|errors|warnings|notifications|informational|debugging>]",
        |draft, line| {
            draft.desired.log.file = Some((line.text()?, level(line)));
            Ok(())
        },
    )
    .unused(Severity::Note, LOGS),
    Row::act("log timestamp precision = (0-12)", |draft, line| {
        draft.desired.log.timestamp_precision = Some(line.narrow()?);
        Ok(())
    })
    .unused(Severity::Note, LOGS),
    Row::act("ip forwarding", |draft, line| {
        draft.desired.forwarding.ipv4 = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("ipv6 forwarding", |draft, line| {
        draft.desired.forwarding.ipv6 = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("router-id = A.B.C.D", router_id),
    Row::act("ip router-id = A.B.C.D", router_id),
    Row::act("ip nht resolve-via-default", |draft, line| {
        draft.desired.resolve_via_default_v4 = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("ipv6 nht resolve-via-default", |draft, line| {
        draft.desired.resolve_via_default_v6 = line.on();
        Ok(())
    })
    .or_no(),
    Row::act(
        "ip route A.B.C.D/M <blackhole|reject|Null0|A.B.C.D|WORD|A.B.C.D WORD> {tag (1-4294967295)|table (1-4294967295)|onlink|(1-255)}",
        static_route,
    ),
    Row::act(
        "ip route A.B.C.D A.B.C.D <blackhole|reject|Null0|A.B.C.D|WORD|A.B.C.D WORD> {tag (1-4294967295)|table (1-4294967295)|onlink|(1-255)}",
        masked_static_route,
    ),
    Row::act(
        "ipv6 route X:X::X:X/M <blackhole|reject|Null0|X:X::X:X|WORD|X:X::X:X WORD> {tag (1-4294967295)|table (1-4294967295)|onlink|(1-255)}",
        static_route,
    ),
    Row::enter("interface WORD", |draft, line| {
        let name = line.text()?;
        draft.desired.interfaces.entry(name.clone()).or_default();
        Ok(Place::Interface(name))
    }),
    Row::enter("router bgp ASN [as-notation <dot|dot+|plain>]", router_bgp),
    Row::enter("route-map WORD <permit|deny> (1-65535)", route_map),
    Row::sweep("route-map WORD"),
    Row::sweep("router bgp"),
    Row::leave("end"),
    Row::leave("exit"),
    Row::leave("quit"),
];

fn router_id(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    if let IpAddr::V4(addr) = line.address()? {
        draft.desired.router_id = Some(addr);
    }
    Ok(())
}

fn router_bgp(draft: &mut Draft, line: &Statement) -> Result<Place, Complaint> {
    let asn = line.asn()?;
    match &draft.bgp {
        Some(bgp) if bgp.asn != asn => {
            let message = format!("BGP is already running in AS {} (line {})", bgp.asn, bgp.spot.line);
            return Err(Complaint::new(message).at(2).hint("one BGP instance is served"));
        }
        Some(_) => {}
        None => draft.bgp = Some(BgpDraft::new(asn, line.spot)),
    }
    Ok(Place::Bgp)
}

fn route_map(draft: &mut Draft, line: &Statement) -> Result<Place, Complaint> {
    let (name, seq) = (line.text()?, line.number()?);
    let action = if line.has("permit") { Action::Permit } else { Action::Deny };
    let entries = draft.route_maps.entry(name.clone()).or_default();
    entries.entry(seq).or_insert_with(|| RouteMapDraft::new(action, line.spot)).action = action;
    Ok(Place::RouteMap(name, seq))
}

fn static_route(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let prefix = line.prefix()?;
    let route = StaticRoute { prefix, ..static_target(line, line.addresses().next())? };
    draft.static_routes.insert(route);
    Ok(())
}

/// `ip route 10.0.0.0 255.0.0.0 …`, as older files write it.
fn masked_static_route(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let mut addresses = line.addresses();
    let (Some(network), Some(mask)) = (addresses.next(), addresses.next()) else {
        return Err(Complaint::new("a network and a mask are expected"));
    };
    let prefix = ipnet::IpNet::with_netmask(network, mask)
        .map_err(|_| Complaint::new(format!("{mask} is not a network mask")).at(3))?;
    let route = StaticRoute { prefix: prefix.trunc(), ..static_target(line, addresses.next())? };
    draft.static_routes.insert(route);
    Ok(())
}

/// Everything of a static route but its prefix, which stays zero.
fn static_target(line: &Statement, gateway: Option<IpAddr>) -> Result<StaticRoute, Complaint> {
    let onlink = line.has("onlink");
    let target = match (gateway, line.texts().next()) {
        (Some(gateway), Some(interface)) => StaticTarget::GatewayOnInterface { gateway, interface, onlink },
        (Some(gateway), None) if onlink => {
            let hint = format!("write `{gateway} INTERFACE onlink`");
            return Err(Complaint::new("onlink needs an interface").hint(hint));
        }
        (Some(gateway), None) => StaticTarget::Gateway(gateway),
        (None, Some(interface)) => StaticTarget::Interface(interface),
        (None, None) if line.has("reject") => StaticTarget::Reject,
        (None, None) => StaticTarget::Blackhole,
    };
    let loose = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| line.values.get(before));
        !matches!(before, Some(Value::Keyword("tag" | "table")))
    };
    let distance = line.values.iter().enumerate().find_map(|(index, value)| match value {
        Value::Number(number) if loose(index) => u8::try_from(*number).ok(),
        _ => None,
    });
    Ok(StaticRoute {
        prefix: ipnet::IpNet::default(),
        target,
        distance: distance.unwrap_or(1),
        tag: line.number_after("tag").unwrap_or(0),
        table: line.number_after("table"),
    })
}

fn level(line: &Statement) -> LogLevel {
    line.one_of(&LEVELS).unwrap_or(LogLevel::Debugging)
}

/// `8.4`, `10.0.1`, `7.5-my-build`: the first two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

/// `--log-format` and `RUST_LOG` say where logs go and how many.
const LOGS: &str = "logs are set up on the command line";

const LEVELS: [(&str, LogLevel); 8] = [
    ("emergencies", LogLevel::Emergencies),
    ("alerts", LogLevel::Alerts),
    ("critical", LogLevel::Critical),
    ("errors", LogLevel::Errors),
    ("warnings", LogLevel::Warnings),
    ("notifications", LogLevel::Notifications),
    ("informational", LogLevel::Informational),
    ("debugging", LogLevel::Debugging),
];
