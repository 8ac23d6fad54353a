//! `show vrrp`, `show vrrp summary`.
//!
//! The rows and keys of FRR come first and as FRR has them, with its words: what RFC 9568 calls Active is `Master`
//! there. What FRR does not tell comes after: the last change of state and why, what holds a router back, the tracked
//! facts, and what was dropped.

use core::fmt::{self, Write};
use core::time::Duration;

use vrrp_core::FsmState;

use crate::control::command::Format;
use crate::control::json::{self, Object, PRETTY};
use crate::control::snapshot::{FamilySnapshot, VirtualRouterSnapshot};

/// Writes everything about each.
pub(crate) fn render(routers: &[VirtualRouterSnapshot], format: Format, out: &mut String) -> fmt::Result {
    match format {
        Format::Text => routers.iter().try_for_each(|router| {
            out.push('\n');
            sheet(router).write(out)?;
            out.push('\n');
            Ok(())
        }),
        Format::Json => {
            json::array(out, PRETTY, |list| {
                for router in routers {
                    list.object(|o| write_json(router, o));
                }
            });
            out.push('\n');
            Ok(())
        }
    }
}

/// Writes a line about each.
pub(crate) fn render_brief(routers: &[VirtualRouterSnapshot], out: &mut String) -> fmt::Result {
    let header =
        ["Interface", "VRID", "Priority", "IPv4", "IPv6", "State (v4)", "State (v6)"].map(str::to_owned);
    let line = |router: &VirtualRouterSnapshot| {
        [
            router.interface.clone(),
            router.vrid.to_string(),
            router.priority.to_string(),
            router.v4.addresses.len().to_string(),
            router.v6.addresses.len().to_string(),
            state(router.v4.state).to_owned(),
            state(router.v6.state).to_owned(),
        ]
    };
    let lines: Vec<_> = core::iter::once(header).chain(routers.iter().map(line)).collect();
    let widths: Vec<usize> = (0..7)
        .map(|column| lines.iter().filter_map(|cells| cells.get(column)).map(String::len).max().unwrap_or(0))
        .collect();
    out.push('\n');
    for (number, cells) in lines.iter().enumerate() {
        out.push(' ');
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "{cell:width$}{GAP}")?;
        }
        out.push('\n');
        if number == 0 {
            let whole = widths.iter().map(|width| width + GAP.len()).sum::<usize>();
            writeln!(out, " {}", "-".repeat(whole))?;
        }
    }
    out.push('\n');
    Ok(())
}

/// Rows of label and value, for both families where they differ.
struct Sheet<'a> {
    families: [(&'static str, &'a FamilySnapshot); 2],
    rows: Vec<(String, String)>,
}

impl Sheet<'_> {
    fn one(&mut self, label: &str, value: impl Into<String>) {
        self.rows.push((label.to_owned(), value.into()));
    }

    /// A row for each family; its name goes where the label has `#`.
    fn both(&mut self, label: &str, value: impl Fn(&FamilySnapshot) -> String) {
        for (name, family) in self.families {
            self.rows.push((label.replace('#', &format!("({name})")), value(family)));
        }
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let width = |of: fn(&(String, String)) -> &String| self.rows.iter().map(|row| of(row).len()).max();
        let (left, right) = (width(|row| &row.0).unwrap_or(0), width(|row| &row.1).unwrap_or(0));
        self.rows
            .iter()
            .try_for_each(|(label, value)| writeln!(out, " {label:left$}{GAP}{value:right$}{GAP}"))
    }
}

fn sheet(router: &VirtualRouterSnapshot) -> Sheet<'_> {
    let mut sheet = Sheet { families: [("v4", &router.v4), ("v6", &router.v6)], rows: Vec::new() };
    sheet.one("Virtual Router ID", router.vrid.to_string());
    sheet.one("Protocol Version", router.version.to_string());
    sheet.one("Autoconfigured", yes(false));
    sheet.one("Shutdown", yes(router.is_shut));
    sheet.one("Interface", router.interface.clone());
    sheet.both("VRRP interface #", |one| one.device.clone().unwrap_or_else(|| "None".to_owned()));
    sheet.one("Primary IP (v4)", primary(&router.v4, ""));
    sheet.one("Primary IP (v6)", primary(&router.v6, "::"));
    sheet.both("Virtual MAC #", |one| one.mac.to_string());
    sheet.both("Status #", |one| state(one.state).to_owned());
    sheet.one("Priority", router.priority.to_string());
    sheet.both("Effective Priority #", |one| one.effective_priority.to_string());
    sheet.one("Preempt Mode", yes(router.preempts));
    sheet.one("Accept Mode", yes(router.accepts));
    sheet.one("Advertisement Interval", ms(router.interval));
    sheet.both("Master Advertisement Interval # Rx", |one| {
        format!("{} (stale)", ms(while_running(one, one.active_interval)))
    });
    sheet.both("Advertisements Tx #", |one| one.advertisements_sent.to_string());
    sheet.both("Advertisements Rx #", |one| one.advertisements_received.to_string());
    sheet.one("Gratuitous ARP Tx (v4)", router.v4.announcements_sent.to_string());
    sheet.one("Neigh. Adverts Tx (v6)", router.v6.announcements_sent.to_string());
    sheet.both("State transitions #", |one| one.transitions.to_string());
    sheet.both("Skew Time #", |one| ms(while_running(one, one.skew_time)));
    sheet.both("Master Down Interval #", |one| ms(while_running(one, one.active_down_interval)));
    for (label, family) in [("IPv4 Addresses", &router.v4), ("IPv6 Addresses", &router.v6)] {
        sheet.one(label, family.addresses.len().to_string());
        family.addresses.iter().for_each(|address| sheet.one(DOTS, address.to_string()));
    }
    add_ours(&mut sheet);
    sheet
}

/// What FRR does not tell.
fn add_ours(sheet: &mut Sheet<'_>) {
    for (name, family) in sheet.families {
        if let Some((reason, ago)) = &family.last_transition {
            sheet.one(&format!("Last Transition ({name})"), format!("{} s ago: {reason}", ago.as_secs()));
        }
        if let Some(hindrance) = &family.hindrance {
            sheet.one(&format!("Held Back ({name})"), hindrance.clone());
        }
        for track in &family.tracks {
            let cost = if track.holds { "holds".to_owned() } else { format!("fails: -{}", track.decrement) };
            sheet.one(&format!("Tracked ({name})"), format!("{} {cost}", track.object));
        }
        for (reason, count) in &family.dropped {
            sheet.one(&format!("Dropped ({name})"), format!("{count} {reason}"));
        }
    }
}

fn write_json(router: &VirtualRouterSnapshot, o: &mut Object<'_>) {
    o.number("vrid", router.vrid);
    o.number("version", router.version);
    o.boolean("autoconfigured", false);
    o.boolean("shutdown", router.is_shut);
    o.boolean("preemptMode", router.preempts);
    o.boolean("acceptMode", router.accepts);
    o.string("interface", &router.interface);
    o.number("advertisementInterval", millis(router.interval));
    o.object("v4", |o| write_family(&router.v4, ("", "garpTx"), o));
    o.object("v6", |o| write_family(&router.v6, ("::", "neighborAdverTx"), o));
}

fn write_family(family: &FamilySnapshot, (nowhere, announced): (&str, &str), o: &mut Object<'_>) {
    o.string("interface", family.device.as_deref().unwrap_or_default());
    o.string("vmac", family.mac);
    o.string("primaryAddress", primary(family, nowhere));
    o.string("status", state(family.state));
    o.number("effectivePriority", family.effective_priority);
    o.number("masterAdverInterval", millis(while_running(family, family.active_interval)));
    o.number("skewTime", millis(while_running(family, family.skew_time)));
    o.number("masterDownInterval", millis(while_running(family, family.active_down_interval)));
    o.object("stats", |o| {
        o.number("adverTx", family.advertisements_sent);
        o.number("adverRx", family.advertisements_received);
        o.number(announced, family.announcements_sent);
        o.number("transitions", family.transitions);
    });
    o.array("addresses", |list| family.addresses.iter().for_each(|address| list.string(address)));
    if let Some((reason, ago)) = &family.last_transition {
        o.object("lastTransition", |o| {
            o.string("reason", reason);
            o.number("msecAgo", millis(*ago));
        });
    }
    o.maybe_string("heldBack", family.hindrance.as_ref());
    if !family.tracks.is_empty() {
        o.array("tracked", |list| {
            for track in &family.tracks {
                list.object(|o| {
                    o.string("object", &track.object);
                    o.number("decrement", track.decrement);
                    o.boolean("holds", track.holds);
                });
            }
        });
    }
    if !family.dropped.is_empty() {
        o.object("dropped", |o| family.dropped.iter().for_each(|(reason, count)| o.number(reason, *count)));
    }
}

fn primary(family: &FamilySnapshot, nowhere: &str) -> String {
    family.primary.map_or_else(|| nowhere.to_owned(), |address| address.to_string())
}

/// A timer means nothing while nothing runs.
fn while_running(family: &FamilySnapshot, timer: Duration) -> Duration {
    match family.state {
        FsmState::Initialize => Duration::ZERO,
        FsmState::Backup | FsmState::Active => timer,
    }
}

fn state(state: FsmState) -> &'static str {
    match state {
        FsmState::Initialize => "Initialize",
        FsmState::Backup => "Backup",
        FsmState::Active => "Master",
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "Yes" } else { "No" }
}

fn ms(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

fn millis(duration: Duration) -> i128 {
    i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)
}

/// Between columns, and after the last.
const GAP: &str = "   ";
/// In place of a label before each address.
const DOTS: &str = "..................................";

#[cfg(test)]
mod tests {
    use super::*;
    use vrrp_core::{Family, Vrid};

    /// The state that FRR 8.4.4 was in when its answers were recorded.
    fn recorded() -> VirtualRouterSnapshot {
        let vrid = Vrid::new(5).unwrap();
        let family = |family, device: &str, primary: &str, (sent, address): (u64, &str)| FamilySnapshot {
            device: Some(device.to_owned()),
            primary: Some(primary.parse().unwrap()),
            state: FsmState::Active,
            active_interval: Duration::from_secs(1),
            skew_time: Duration::from_millis(210),
            active_down_interval: Duration::from_millis(3210),
            advertisements_sent: sent,
            announcements_sent: 1,
            transitions: 2,
            addresses: vec![address.parse().unwrap()],
            ..FamilySnapshot::idle(vrid.mac(family), 200)
        };
        VirtualRouterSnapshot {
            interface: "v-ab".to_owned(),
            vrid: 5,
            version: 3,
            is_shut: false,
            priority: 200,
            preempts: true,
            accepts: true,
            interval: Duration::from_secs(1),
            v4: family(Family::Ipv4, "vrrp4-5", "10.0.1.1", (722, "10.0.1.254")),
            v6: family(Family::Ipv6, "vrrp6-5", "fe80::200:5eff:fe00:205", (721, "2001:db8:1::254")),
        }
    }

    #[test]
    fn the_answers_are_frrs_to_the_octet() {
        let router = recorded();
        let answer = |format| {
            let mut out = String::new();
            render(core::slice::from_ref(&router), format, &mut out).unwrap();
            out
        };
        assert_eq!(answer(Format::Text), include_str!("../../../tests/golden/frr-8.4.4/show-vrrp.txt"));
        assert_eq!(answer(Format::Json), include_str!("../../../tests/golden/frr-8.4.4/show-vrrp.json"));
        let mut brief = String::new();
        render_brief(&[router], &mut brief).unwrap();
        assert_eq!(brief, include_str!("../../../tests/golden/frr-8.4.4/show-vrrp-summary.txt"));
    }

    #[test]
    fn what_frr_does_not_tell_comes_after() {
        let mut router = recorded();
        router.v4.last_transition = Some(("10.0.1.2 resigned".to_owned(), Duration::from_secs(7)));
        router.v4.dropped = vec![("checksum-errors", 3)];
        let mut out = String::new();
        render(&[router], Format::Text, &mut out).unwrap();
        let (frr, ours) = out.split_once("2001:db8:1::254").unwrap();
        assert!(frr.contains("Master Down Interval (v4)               3210 ms"), "{frr}");
        assert!(
            ours.contains("Last Transition (v4)                    7 s ago: 10.0.1.2 resigned"),
            "{ours}"
        );
        assert!(ours.contains("3 checksum-errors"), "{ours}");
    }
}
