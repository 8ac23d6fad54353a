//! `neighbor` lines of `router bgp`: the session.

use bgp_core::speaker::config::{LocalAs, RemoteAs, Role, UpdateSource};

use super::super::draft::{Draft, Named};
use super::super::finding::Severity;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};
use super::super::value::PeerName;
use super::bgp::{keepalive_and_hold, seconds};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::sweep("neighbor PEER"),
    Row::act("neighbor PEER peer-group", |draft, line| {
        if let PeerName::Address(addr) = line.peer()? {
            let complaint = Complaint::new(format!("{addr} cannot be the name of a peer group")).at(1);
            return Err(complaint.hint("to put a peer into a group: `neighbor ADDRESS peer-group NAME`"));
        }
        draft.peer(line)?.is_group = true;
        Ok(())
    }),
    Row::act("neighbor PEER peer-group = WORD", |draft, line| {
        if let PeerName::Group(name) = line.peer()? {
            let complaint = Complaint::new(format!("`{name}` is not an address")).at(1);
            return Err(complaint.hint("a peer group cannot be in a peer group"));
        }
        let group = Named { name: line.text()?, spot: line.spot };
        draft.peer(line)?.group = Some(group);
        Ok(())
    }),
    Row::act("neighbor PEER remote-as = <ASN|internal|external|auto>", |draft, line| {
        let remote_as = match line.asns().next() {
            Some(asn) => RemoteAs::Asn(asn),
            None if line.has("internal") => RemoteAs::Internal,
            None if line.has("external") => RemoteAs::External,
            None => return Err(Complaint::new("`remote-as auto` is not supported").at(3)),
        };
        draft.peer(line)?.remote_as = Some(remote_as);
        Ok(())
    }),
    Row::act(
        "neighbor PEER interface = <[v6only] [<peer-group WORD|remote-as <ASN|internal|external|auto>>]|WORD>",
        by_interface,
    )
    .lacking("peers by interface are not supported yet"),
    Row::act("neighbor PEER description = LINE", |draft, line| {
        draft.peer(line)?.description = Some(line.text()?);
        Ok(())
    }),
    Row::act("neighbor PEER password = LINE", |draft, line| {
        let password = line.text()?;
        if password.len() > LONGEST_PASSWORD {
            return Err(Complaint::new("the password is longer than 80 octets").at(3));
        }
        draft.peer(line)?.password = Some(password);
        Ok(())
    }),
    Row::act("neighbor PEER timers = (0-65535) (0-65535)", |draft, line| {
        draft.peer(line)?.timers = Some(keepalive_and_hold(line, 3)?);
        Ok(())
    }),
    Row::act("neighbor PEER timers connect = (1-65535)", |draft, line| {
        draft.peer(line)?.connect_retry = Some(seconds(line.number()?));
        Ok(())
    }),
    Row::act("neighbor PEER advertisement-interval = (0-600)", |draft, line| {
        draft.peer(line)?.advertisement_interval = Some(seconds(line.number()?));
        Ok(())
    })
    .unused(Severity::Note, "a change goes out at once, and changes that wait go out together"),
    Row::act("neighbor PEER ebgp-multihop = [(1-255)]", |draft, line| {
        draft.peer(line)?.multihop = Some(line.narrow().unwrap_or(255));
        Ok(())
    }),
    Row::act("neighbor PEER ttl-security hops = (1-254)", |draft, line| {
        draft.peer(line)?.ttl_security = Some(line.narrow()?);
        Ok(())
    }),
    Row::act("neighbor PEER update-source = <A.B.C.D|X:X::X:X|WORD>", |draft, line| {
        let source = match line.addresses().next() {
            Some(addr) => UpdateSource::Address(addr),
            None => UpdateSource::Interface(line.text()?),
        };
        draft.peer(line)?.update_source = Some(source);
        Ok(())
    }),
    Row::act("neighbor PEER port = (1-65535)", |draft, line| {
        draft.peer(line)?.port = Some(line.narrow()?);
        Ok(())
    }),
    Row::act("neighbor PEER passive", |draft, line| {
        draft.peer(line)?.passive = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER shutdown = [message LINE]", |draft, line| {
        draft.peer(line)?.shutdown = Some(line.on().then(|| line.texts().next().unwrap_or_default()));
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER disable-connected-check", disable_connected_check).or_group(),
    Row::act("neighbor PEER enforce-multihop", disable_connected_check).or_group(),
    Row::act("neighbor PEER capability extended-nexthop", |draft, line| {
        draft.peer(line)?.extended_next_hop = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER dont-capability-negotiate", |draft, line| {
        draft.peer(line)?.dont_capability_negotiate = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER local-as = ASN [no-prepend [replace-as]]", |draft, line| {
        let (no_prepend, replace_as) = (line.has("no-prepend"), line.has("replace-as"));
        let local_as = LocalAs { asn: line.asn()?, no_prepend, replace_as };
        draft.peer(line)?.local_as = Some(local_as);
        Ok(())
    }),
    Row::act("neighbor PEER local-role = <provider|rs-server|rs-client|customer|peer>", |draft, line| {
        draft.peer(line)?.role = line.one_of(&ROLES);
        Ok(())
    }),
];

/// A peer known by its interface is left out; the interface of a peer with an address is not needed.
fn by_interface(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    if let PeerName::Group(_) = line.peer()? {
        draft.peer(line)?.is_interface = true;
    }
    Ok(())
}

/// RFC 2385 §3.1 sets no bound; Linux takes 80 octets.
const LONGEST_PASSWORD: usize = 80;

fn disable_connected_check(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    draft.peer(line)?.disable_connected_check = Some(line.on());
    Ok(())
}

/// RFC 9234 §4.1.
const ROLES: [(&str, Role); 5] = [
    ("provider", Role::Provider),
    ("rs-server", Role::RouteServer),
    ("rs-client", Role::RouteServerClient),
    ("customer", Role::Customer),
    ("peer", Role::Peer),
];
