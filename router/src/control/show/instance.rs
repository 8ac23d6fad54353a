//! Short answers about the router as a whole: `show bgp vrfs`, `show bgp memory`, `show version`.

use core::fmt::{self, Write};

use super::summary::octets;
use crate::control::command::Format;
use crate::control::json::{self, PRETTY};
use crate::control::snapshot::{InstanceSnapshot, MemorySnapshot};

/// Writes the one VRF there is, or that there is none.
pub(crate) fn render_vrfs(
    instance: Option<&InstanceSnapshot>,
    format: Format,
    out: &mut String,
) -> fmt::Result {
    let peers = instance.map_or(0, |instance| instance.peers.len());
    let established =
        instance.map_or(0, |instance| instance.peers.iter().filter(|peer| peer.is_established()).count());
    if format == Format::Json {
        json::object(out, PRETTY, |o| {
            o.object("vrfs", |o| {
                let Some(instance) = instance else { return };
                o.object("default", |o| {
                    o.string("type", "DFLT");
                    o.number("vrfId", 0);
                    o.string("routerId", instance.router_id);
                    o.number("numConfiguredPeers", peers as u64);
                    o.number("numEstablishedPeers", established as u64);
                    o.number("l3vni", 0);
                    o.string("rmac", "00:00:00:00:00:00");
                    o.string("interface", "unknown");
                });
            });
            o.number("totalVrfs", u8::from(instance.is_some()));
        });
        out.push('\n');
        return Ok(());
    }
    let Some(instance) = instance else { return Ok(()) };
    writeln!(out, "Type  Id     routerId          #PeersCfg  #PeersEstb  {:<37}", "Name")?;
    writeln!(out, "{:13}{:<17} {:<22} Interface", "", "L3-VNI", "RouterMAC")?;
    let router_id = instance.router_id.to_string();
    writeln!(out, "DFLT  0      {router_id:<17} {peers:<10} {established:<11} {:<37}", "default")?;
    writeln!(out, "{:13}{:<17} {:<22} {:<20}", "", 0, "00:00:00:00:00:00", "unknown")?;
    writeln!(out, "\nTotal number of VRFs (including default): 1")
}

/// Writes what the tables cost.
pub(crate) fn render_memory(rows: &[MemorySnapshot], out: &mut String) -> fmt::Result {
    rows.iter().filter(|row| row.count > 0).try_for_each(|row| {
        writeln!(out, "{} {}, using {} of memory", row.count, row.what, octets(row.octets))
    })
}

/// Writes who answers: first the line that clients of FRR read its release from, then the truth.
pub(crate) fn render_version(host_name: &str, kernel: &str, out: &mut String) -> fmt::Result {
    writeln!(out, "FRRouting 8.4.4 ({host_name}) on Linux({kernel}).")?;
    writeln!(
        out,
        "Served by Ridgeway {}, in the commands and shapes of that release.",
        env!("CARGO_PKG_VERSION")
    )
}
