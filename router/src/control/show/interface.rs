//! `show interface`, `show interface brief`.

use core::fmt::{self, Write};

use bgp_core::Prefix;

use crate::control::clock::Stamp;
use crate::control::command::Format;
use crate::control::json::{self, Object, PRETTY};
use crate::control::snapshot::InterfaceSnapshot;

/// Writes every interface, or the named one.
pub(crate) fn render(
    interfaces: &[InterfaceSnapshot],
    name: Option<&str>,
    format: Format,
    out: &mut String,
) -> fmt::Result {
    let shown: Vec<_> =
        interfaces.iter().filter(|interface| name.is_none_or(|name| interface.name == name)).collect();
    match (format, name) {
        (Format::Json, _) if shown.is_empty() => out.push_str("{}\n"),
        (Format::Text, Some(name)) if shown.is_empty() => writeln!(out, "% Can't find interface {name}")?,
        (Format::Text, _) => shown.iter().try_for_each(|interface| write_text(interface, out))?,
        (Format::Json, _) => {
            json::object(out, PRETTY, |o| {
                for interface in shown {
                    o.object(&interface.name, |o| write_json(interface, o));
                }
            });
            out.push('\n');
        }
    }
    Ok(())
}

/// Writes a line an interface, or its members.
pub(crate) fn render_brief(
    interfaces: &[InterfaceSnapshot],
    format: Format,
    out: &mut String,
) -> fmt::Result {
    if format == Format::Json {
        json::object(out, PRETTY, |o| {
            for interface in interfaces {
                o.object(&interface.name, |o| {
                    o.string("status", up(interface.is_running()));
                    o.string("vrfName", "default");
                    o.array("addresses", |list| {
                        shown_addresses(interface).for_each(|address| list.string(address));
                    });
                });
            }
        });
        out.push('\n');
        return Ok(());
    }
    writeln!(out, "{:<16}{:<8}{:<16}Addresses", "Interface", "Status", "VRF")?;
    writeln!(out, "{:<16}{:<8}{:<16}---------", "---------", "------", "---")?;
    for interface in interfaces {
        write_brief(interface, out)?;
    }
    out.push('\n');
    Ok(())
}

/// All IPv4 addresses, and the first global IPv6 one, with a plus if there are more.
fn write_brief(interface: &InterfaceSnapshot, out: &mut String) -> fmt::Result {
    write!(out, "{:<16}{:<8}{:<16}", interface.name, up(interface.is_running()), "default")?;
    let of_v6 = interface.addresses.iter().filter(|held| matches!(held.address, Prefix::V6(_))).count();
    let mut lines: Vec<String> = Vec::new();
    for address in shown_addresses(interface) {
        match address {
            Prefix::V4(address) => lines.push(address.to_string()),
            Prefix::V6(address) => {
                lines.push(format!("{}{address}", if of_v6 > 1 { "+ " } else { "" }));
                break;
            }
        }
    }
    writeln!(out, "{}", lines.join(&format!("\n{:40}", "")))
}

/// Without link-local ones and secondary ones.
fn shown_addresses(interface: &InterfaceSnapshot) -> impl Iterator<Item = Prefix> {
    let shown = interface.addresses.iter().filter(|held| !held.is_secondary).map(|held| held.address);
    shown.filter(|address| match address {
        Prefix::V4(_) => true,
        Prefix::V6(address) => !address.addr().is_unicast_link_local(),
    })
}

fn write_text(interface: &InterfaceSnapshot, out: &mut String) -> fmt::Result {
    let (name, is_up) = (&interface.name, interface.flags & UP != 0);
    write!(out, "Interface {name} is {}", up(is_up))?;
    if is_up {
        write!(out, ", line protocol is {}", up(interface.is_running()))?;
    }
    out.push('\n');
    for (what, count, last) in [
        ("ups:  ", interface.link_ups, interface.last_up),
        ("downs:", interface.link_downs, interface.last_down),
    ] {
        write!(out, "  Link {what} {count:>5}    last: ")?;
        match last {
            Some(time) => writeln!(out, "{}", Stamp(time))?,
            None => writeln!(out, "(never)")?,
        }
    }
    writeln!(out, "  vrf: default")?;
    if let Some(description) = &interface.description {
        writeln!(out, "  Description: {description}")?;
    }
    let InterfaceSnapshot { index, mtu, speed, .. } = interface;
    writeln!(out, "  index {index} metric 0 mtu {mtu} speed {speed} ")?;
    writeln!(out, "  flags: {}", Flags(interface.flags))?;
    writeln!(out, "  Type: {}", interface.type_name())?;
    if !interface.hardware_address.is_empty() {
        writeln!(out, "  HWaddr: {}", hardware_address(interface))?;
    }
    for held in &interface.addresses {
        let family = if matches!(held.address, Prefix::V4(_)) { "inet" } else { "inet6" };
        let secondary = if held.is_secondary { " secondary" } else { "" };
        writeln!(out, "  {family} {}{secondary}", held.address)?;
    }
    writeln!(out, "  Interface Type {}", interface.kind_name())?;
    writeln!(out, "  Interface Slave Type None\n  protodown: off ")?;
    match &interface.parent {
        Some(parent) => writeln!(out, "  Parent interface: {parent}"),
        None => Ok(()),
    }
}

fn write_json(interface: &InterfaceSnapshot, o: &mut Object<'_>) {
    o.string("administrativeStatus", up(interface.flags & UP != 0));
    o.string("operationalStatus", up(interface.is_running()));
    o.boolean("linkDetection", true);
    o.number("linkUps", interface.link_ups);
    o.number("linkDowns", interface.link_downs);
    o.maybe_string("lastLinkUp", interface.last_up.map(Stamp));
    o.maybe_string("lastLinkDown", interface.last_down.map(Stamp));
    o.string("vrfName", "default");
    o.maybe_string("description", interface.description.as_deref());
    for key in
        ["mplsEnabled", "linkDown", "linkDownV6", "mcForwardingV4", "mcForwardingV6", "pseudoInterface"]
    {
        o.boolean(key, false);
    }
    o.number("index", interface.index);
    o.number("metric", 0);
    o.number("mtu", interface.mtu);
    o.number("speed", interface.speed);
    o.string("flags", Flags(interface.flags));
    o.string("type", interface.type_name());
    if !interface.hardware_address.is_empty() {
        o.string("hardwareAddress", hardware_address(interface));
    }
    o.array("ipAddresses", |list| {
        for held in &interface.addresses {
            list.object(|o| {
                o.string("address", held.address);
                o.boolean("secondary", held.is_secondary);
                o.boolean("unnumbered", false);
            });
        }
    });
    o.string("interfaceType", interface.kind_name());
    o.string("interfaceSlaveType", "None");
    o.boolean("lacpBypass", false);
    o.object("evpnMh", |_| {});
    o.string("protodown", "off");
    o.maybe_string("parentInterface", interface.parent.as_deref());
}

impl InterfaceSnapshot {
    /// True if it is up and has a carrier.
    fn is_running(&self) -> bool {
        self.flags & (UP | RUNNING) == UP | RUNNING
    }

    const fn type_name(&self) -> &'static str {
        if self.flags & LOOPBACK != 0 { "Loopback" } else { "Ethernet" }
    }

    /// The kernel's link kinds in zebra's words.
    fn kind_name(&self) -> &'static str {
        match self.kind.as_str() {
            "veth" => "VETH",
            "bridge" => "Bridge",
            "vlan" => "Vlan",
            "vxlan" => "Vxlan",
            "vrf" => "VRF",
            "bond" => "bond",
            "macvlan" => "macvlan",
            "gre" => "GRE",
            _ => "Other",
        }
    }
}

fn up(is_up: bool) -> &'static str {
    if is_up { "up" } else { "down" }
}

fn hardware_address(interface: &InterfaceSnapshot) -> String {
    let octets: Vec<_> = interface.hardware_address.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

struct Flags(u32);

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            FLAGS.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name).collect();
        write!(f, "<{}>", names.join(","))
    }
}

const UP: u32 = 0x1;
const LOOPBACK: u32 = 0x8;
const RUNNING: u32 = 0x40;

/// IFF_* (netdevice(7)), in the order shown.
const FLAGS: [(u32, &str); 10] = [
    (UP, "UP"),
    (0x2, "BROADCAST"),
    (0x4, "DEBUG"),
    (LOOPBACK, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x20, "NOTRAILERS"),
    (RUNNING, "RUNNING"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x1000, "MULTICAST"),
];
