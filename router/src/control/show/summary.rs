//! `show bgp summary`: a line a peer.

use core::fmt::{self, Write};

use bgp_core::Family;

use super::{family_key, family_title};
use crate::control::clock::{Moment, Uptime};
use crate::control::command::{Style, SummaryPeers, SummaryScope};
use crate::control::json::{self, Object, PRETTY};
use crate::control::snapshot::{
    InstanceSnapshot, PeerFamilySnapshot, PeerSnapshot, ResetReason, ResetSnapshot, TableSnapshot,
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) scope: SummaryScope,
    pub(crate) peers: SummaryPeers,
    pub(crate) style: Style,
}

/// Writes the summary of each family asked for that has peers.
pub(crate) fn render(
    instance: &InstanceSnapshot,
    summary: Summary,
    at: Moment,
    out: &mut String,
) -> fmt::Result {
    let families: Vec<Family> = match summary.scope {
        SummaryScope::One(family) => vec![family],
        SummaryScope::Headed(family) => with_peers(instance, &[family]),
        SummaryScope::All | SummaryScope::AllVrfs => with_peers(instance, &Family::ALL),
    };
    if summary.style.is_json() {
        return render_json(instance, &families, summary, at, out);
    }
    if families.is_empty() {
        return writeln!(out, "% No BGP neighbors found in VRF default");
    }
    for family in families {
        if !matches!(summary.scope, SummaryScope::One(_)) {
            writeln!(out, "\n{} Summary (VRF default):", family_title(family))?;
        }
        render_text(instance, family, summary, out)?;
    }
    Ok(())
}

fn with_peers(instance: &InstanceSnapshot, families: &[Family]) -> Vec<Family> {
    families.iter().copied().filter(|family| activated(instance, *family).next().is_some()).collect()
}

fn activated(
    instance: &InstanceSnapshot,
    family: Family,
) -> impl Iterator<Item = (&PeerSnapshot, &PeerFamilySnapshot)> {
    instance.peers.iter().filter_map(move |peer| Some((peer, peer.families[family].as_ref()?)))
}

fn is_listed(peer: &PeerSnapshot, peers: SummaryPeers) -> bool {
    match peers {
        SummaryPeers::All => true,
        SummaryPeers::Established => peer.is_established(),
        SummaryPeers::Failed => !peer.is_established(),
    }
}

fn render_text(
    instance: &InstanceSnapshot,
    family: Family,
    summary: Summary,
    out: &mut String,
) -> fmt::Result {
    let total = activated(instance, family).count();
    let listed: Vec<_> =
        activated(instance, family).filter(|(peer, _)| is_listed(peer, summary.peers)).collect();
    write_head(instance, &instance.tables[family], total, out)?;
    let longest = listed.iter().map(|(peer, _)| shown_name(peer).len() + 1).max().unwrap_or(0);
    let width = longest.max(NAME_WIDTH);
    if listed.is_empty() && summary.peers != SummaryPeers::All {
        writeln!(out, "Displayed neighbors 0")?;
        return writeln!(out, "Total number of neighbors {total}");
    }
    let is_failed = summary.peers == SummaryPeers::Failed;
    let columns = match (is_failed, summary.style) {
        (true, _) => "EstdCnt DropCnt ResetTime Reason",
        (false, Style::Wide) => {
            "V         AS    LocalAS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc"
        }
        (false, Style::Text | Style::Json) => {
            "V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc"
        }
    };
    writeln!(out, "{:width$}{columns}", "Neighbor")?;
    for (peer, counts) in &listed {
        write!(out, "{:width$}", shown_name(peer))?;
        if is_failed {
            write_failed(peer, out)?;
        } else {
            write_peer(peer, counts, summary.style, out)?;
        }
    }
    out.push('\n');
    if summary.peers != SummaryPeers::All {
        writeln!(out, "Displayed neighbors {}", listed.len())?;
    }
    writeln!(out, "Total number of neighbors {total}")?;
    let dynamic = activated(instance, family).filter(|(peer, _)| peer.is_dynamic).count();
    if dynamic > 0 {
        writeln!(out, "* - dynamic neighbor")?;
        writeln!(out, "{dynamic} dynamic neighbor(s), limit {}", instance.listen_limit)?;
    }
    Ok(())
}

fn write_head(
    instance: &InstanceSnapshot,
    table: &TableSnapshot,
    peers: usize,
    out: &mut String,
) -> fmt::Result {
    let (router_id, asn) = (instance.router_id, instance.asn);
    writeln!(out, "BGP router identifier {router_id}, local AS number {asn} vrf-id 0")?;
    writeln!(out, "BGP table version {}", table.version)?;
    writeln!(out, "RIB entries {}, using {} of memory", table.entries, Octets(table.memory))?;
    writeln!(out, "Peers {peers}, using {} of memory", Octets(table.peer_memory))?;
    if instance.peer_groups > 0 {
        let memory = Octets(GROUP_OCTETS * instance.peer_groups as u64);
        writeln!(out, "Peer groups {}, using {memory} of memory", instance.peer_groups)?;
    }
    out.push('\n');
    Ok(())
}

fn write_peer(
    peer: &PeerSnapshot,
    counts: &PeerFamilySnapshot,
    style: Style,
    out: &mut String,
) -> fmt::Result {
    write!(out, "4 {:>10}", peer.remote_as)?;
    if style == Style::Wide {
        write!(out, " {:>10}", peer.local_as)?;
    }
    let (received, sent) = (peer.messages_received.total(), peer.messages_sent.total());
    write!(out, " {received:>9} {sent:>9} {:>8}", 0)?;
    write!(out, " {:>4} {:>4} {:>8}", peer.in_queue, peer.out_queue, up_down(peer))?;
    match (peer.is_established(), counts.lacks_import_policy) {
        (false, _) => write!(out, " {:>12} {:>8}", state_text(peer), 0)?,
        (true, true) => write!(out, " {:>12}", "(Policy)")?,
        (true, false) => write!(out, " {:>12}", counts.accepted)?,
    }
    match (peer.is_established(), counts.lacks_export_policy) {
        (false, _) => {}
        (true, true) => write!(out, " {:>8}", "(Policy)")?,
        (true, false) => write!(out, " {:>8}", counts.sent)?,
    }
    let limit = if style == Style::Wide { 64 } else { 20 };
    writeln!(out, " {}", peer.config.description.as_deref().map_or("N/A", |text| shortened(text, limit)))
}

fn write_failed(peer: &PeerSnapshot, out: &mut String) -> fmt::Result {
    write!(out, "{:>7} {:>7} {:>9} ", peer.established, peer.dropped, up_down(peer))?;
    match &peer.last_reset {
        Some(reset) => writeln!(out, "{}", ResetText(reset)),
        None => writeln!(out, "{}", ResetReason::WAITING_FOR_OPEN.text()),
    }
}

fn render_json(
    instance: &InstanceSnapshot,
    families: &[Family],
    summary: Summary,
    at: Moment,
    out: &mut String,
) -> fmt::Result {
    if let SummaryScope::One(family) = summary.scope {
        json::object(out, PRETTY, |o| write_table(instance, family, summary, at, o));
        out.push('\n');
        return Ok(());
    }
    out.push_str("{\n");
    if summary.scope == SummaryScope::AllVrfs {
        out.push_str("\"default\":{\n");
    }
    for (index, family) in families.iter().enumerate() {
        write!(out, "{}\"{}\":", if index > 0 { ",\n" } else { "" }, family_key(*family))?;
        json::object(out, PRETTY, |o| write_table(instance, *family, summary, at, o));
        out.push('\n');
    }
    if summary.scope == SummaryScope::AllVrfs {
        out.push_str("}\n");
    }
    out.push_str("}\n");
    Ok(())
}

fn write_table(
    instance: &InstanceSnapshot,
    family: Family,
    summary: Summary,
    at: Moment,
    o: &mut Object<'_>,
) {
    let table = &instance.tables[family];
    let total = activated(instance, family).count();
    o.string("routerId", instance.router_id);
    o.number("as", instance.asn.0);
    o.number("vrfId", 0);
    o.string("vrfName", "default");
    o.number("tableVersion", table.version);
    o.number("ribCount", table.entries);
    o.number("ribMemory", table.memory);
    o.number("peerCount", total as u64);
    o.number("peerMemory", table.peer_memory);
    if instance.peer_groups > 0 {
        o.number("peerGroupCount", instance.peer_groups as u64);
        o.number("peerGroupMemory", GROUP_OCTETS * instance.peer_groups as u64);
    }
    let is_failed = summary.peers == SummaryPeers::Failed;
    let mut displayed = 0_u64;
    o.object("peers", |peers| {
        for (peer, counts) in activated(instance, family) {
            if !is_listed(peer, summary.peers) {
                continue;
            }
            displayed += 1;
            peers.object(&peer.name(), |o| {
                if is_failed {
                    write_failed_member(peer, at, o);
                } else {
                    write_member(peer, counts, at, o);
                }
            });
        }
    });
    let failed = activated(instance, family).filter(|(peer, _)| !peer.is_established()).count() as u64;
    let dynamic = activated(instance, family).filter(|(peer, _)| peer.is_dynamic).count() as u64;
    o.number("failedPeers", failed);
    o.number("displayedPeers", if is_failed { total as u64 } else { displayed });
    o.number("totalPeers", total as u64);
    o.number("dynamicPeers", dynamic);
    if !is_failed {
        o.object("bestPath", |o| write_decision(instance, o));
    }
}

fn write_decision(instance: &InstanceSnapshot, o: &mut Object<'_>) {
    let decision = &instance.decision;
    if decision.as_path_ignore {
        o.string("asPathIgnore", "true");
    }
    o.string("multiPathRelax", decision.as_path_multipath_relax);
    if decision.compare_router_id {
        o.string("compareRouterId", "true");
    }
    if decision.med_missing_as_worst {
        o.string("medMissingAsWorst", "true");
    }
}

fn write_member(peer: &PeerSnapshot, counts: &PeerFamilySnapshot, at: Moment, o: &mut Object<'_>) {
    o.maybe_string("hostname", peer.host_name.as_deref());
    o.number("remoteAs", peer.remote_as.0);
    o.number("localAs", peer.local_as.0);
    o.number("version", 4);
    o.number("msgRcvd", peer.messages_received.total());
    o.number("msgSent", peer.messages_sent.total());
    o.number("tableVersion", 0);
    o.number("outq", peer.out_queue);
    o.number("inq", peer.in_queue);
    o.flag("dynamicPeer", peer.is_dynamic);
    write_uptime(peer, at, o);
    o.number("pfxRcd", counts.accepted);
    o.number("pfxSnt", counts.sent);
    o.string("state", state_text(peer));
    let lacks_policy = counts.lacks_import_policy || counts.lacks_export_policy;
    o.string(
        "peerState",
        match () {
            () if peer.is_shut() => "Admin",
            () if is_over_maximum(peer) => "PfxCt",
            () if lacks_policy => "Policy",
            () => "OK",
        },
    );
    o.number("connectionsEstablished", peer.established);
    o.number("connectionsDropped", peer.dropped);
    o.maybe_string("desc", peer.config.description.as_deref());
    o.string("idType", id_type(peer));
}

fn write_failed_member(peer: &PeerSnapshot, at: Moment, o: &mut Object<'_>) {
    o.maybe_string("hostname", peer.host_name.as_deref());
    o.number("connectionsEstablished", peer.established);
    o.number("connectionsDropped", peer.dropped);
    write_uptime(peer, at, o);
    write_reset(peer.last_reset.as_ref(), o);
    o.string("idType", id_type(peer));
}

fn write_uptime(peer: &PeerSnapshot, at: Moment, o: &mut Object<'_>) {
    o.string("peerUptime", up_down(peer));
    o.number("peerUptimeMsec", peer.since.map_or(0, |since| since.as_secs() * 1000));
    if let Some(since) = peer.since {
        o.number("peerUptimeEstablishedEpoch", at.epoch(since));
    }
}

/// The members that say why a session is down.
pub(super) fn write_reset(reset: Option<&ResetSnapshot>, o: &mut Object<'_>) {
    if let Some(notification) = reset.and_then(|reset| reset.notification.as_ref()) {
        let hex = format!("{:02X}{:02X}", notification.code, notification.subcode);
        o.string("lastErrorCodeSubcode", hex);
        o.string("lastNotificationReason", &notification.name);
        o.maybe_string("lastShutdownDescription", notification.text.as_deref());
    }
    let reason = reset.map_or(ResetReason::WAITING_FOR_OPEN, |reset| reset.reason);
    o.string("lastResetDueTo", reason.text());
    o.number("lastResetCode", reason.0);
}

/// Why a session is down, in words: the reason, or the NOTIFICATION.
pub(super) struct ResetText<'a>(pub(super) &'a ResetSnapshot);

impl fmt::Display for ResetText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.notification {
            Some(notification) if self.0.reason == ResetReason::NOTIFICATION_SENT => {
                write!(f, "Notification sent ({})", notification.name)
            }
            Some(notification) if self.0.reason == ResetReason::NOTIFICATION_RECEIVED => {
                write!(f, "Notification received ({})", notification.name)
            }
            _ => f.write_str(self.0.reason.text()),
        }
    }
}

/// Octets as FRR rounds them: in the largest unit of which there are more than ten.
struct Octets(u64);

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if self.0 >> shift > 10 {
                let rounded_up = self.0 >> (shift - 1) & 1;
                return write!(f, "{} {unit}", (self.0 >> shift) + rounded_up);
            }
        }
        write!(f, "{} bytes", self.0)
    }
}

/// Octets, for other files' counts of memory.
pub(super) fn octets(octets: u64) -> impl fmt::Display {
    Octets(octets)
}

fn shown_name(peer: &PeerSnapshot) -> String {
    let mark = if peer.is_dynamic { "*" } else { "" };
    format!("{mark}{}", peer.name())
}

fn up_down(peer: &PeerSnapshot) -> String {
    peer.since.map_or_else(|| "never".into(), |since| Uptime(since).to_string())
}

fn state_text(peer: &PeerSnapshot) -> String {
    if peer.is_shut() {
        "Idle (Admin)".into()
    } else if is_over_maximum(peer) {
        "Idle (PfxCt)".into()
    } else {
        peer.state.to_string()
    }
}

fn is_over_maximum(peer: &PeerSnapshot) -> bool {
    let reason = peer.last_reset.as_ref().map(|reset| reset.reason);
    !peer.is_established() && reason == Some(ResetReason::MAXIMUM_PREFIX)
}

fn id_type(peer: &PeerSnapshot) -> &'static str {
    match (&peer.interface, peer.address.is_ipv4()) {
        (Some(_), _) => "interface",
        (None, true) => "ipv4",
        (None, false) => "ipv6",
    }
}

/// At most `limit` characters, cut at a blank where there is one.
fn shortened(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text };
    let head = text.get(..end).unwrap_or(text);
    head.rfind(char::is_whitespace).and_then(|blank| head.get(..blank)).unwrap_or(head)
}

const NAME_WIDTH: usize = 16;
/// What a peer group is counted as.
const GROUP_OCTETS: u64 = 64;
