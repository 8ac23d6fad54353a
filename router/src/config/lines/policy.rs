//! `neighbor` lines of `address-family`: what is exchanged and under which policy.

use std::time::Duration;

use bgp_core::speaker::config::{MaximumPrefix, MaximumPrefixAction, NextHopSelf, RemovePrivateAs};

use super::super::draft::{Draft, FilterDraft, Named};
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("neighbor PEER activate", |draft, line| {
        draft.peer_family(line)?.activate = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("neighbor PEER prefix-list =WORD <in|out>", |draft, line| {
        filter(draft, line)?.prefix_list = Some(named(line)?);
        Ok(())
    }),
    Row::act("neighbor PEER distribute-list =WORD <in|out>", |draft, line| {
        filter(draft, line)?.access_list = Some(named(line)?);
        Ok(())
    }),
    Row::act("neighbor PEER filter-list =WORD <in|out>", |draft, line| {
        filter(draft, line)?.as_path_list = Some(named(line)?);
        Ok(())
    }),
    Row::act("neighbor PEER route-map =WORD <in|out>", |draft, line| {
        filter(draft, line)?.route_map = Some(named(line)?);
        Ok(())
    }),
    Row::act("neighbor PEER soft-reconfiguration inbound", |draft, line| {
        draft.peer_family(line)?.soft_reconfiguration = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act(
        "neighbor PEER maximum-prefix = (1-4294967295) [(1-100)] [<restart (1-65535)|warning-only>]",
        maximum_prefix,
    ),
    Row::act("neighbor PEER next-hop-self = [<force|all>]", |draft, line| {
        let how = match (line.negated, line.has("force") || line.has("all")) {
            (true, _) => NextHopSelf::Default,
            (false, true) => NextHopSelf::Force,
            (false, false) => NextHopSelf::Always,
        };
        draft.peer_family(line)?.next_hop_self = Some(how);
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER default-originate = [route-map WORD]", |draft, line| {
        let route_map = line.text_after("route-map").map(|name| Named { name, spot: line.spot });
        draft.peer_family(line)?.default_originate = Some(line.on().then_some(route_map));
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER send-community", |draft, line| send(draft, line, [true, false, false])).or_no(),
    Row::act("neighbor PEER send-community standard", |draft, line| send(draft, line, [true, false, false]))
        .or_no(),
    Row::act("neighbor PEER send-community extended", |draft, line| send(draft, line, [false, true, false]))
        .or_no(),
    Row::act("neighbor PEER send-community large", |draft, line| send(draft, line, [false, false, true]))
        .or_no(),
    Row::act("neighbor PEER send-community both", |draft, line| send(draft, line, [true, true, false]))
        .or_no(),
    Row::act("neighbor PEER send-community all", |draft, line| send(draft, line, [true, true, true])).or_no(),
    Row::act("neighbor PEER route-reflector-client", |draft, line| {
        draft.peer_family(line)?.route_reflector_client = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER route-server-client", |draft, line| {
        draft.peer_family(line)?.route_server_client = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER allowas-in = [(1-10)]", |draft, line| {
        draft.peer_family(line)?.allow_as_in = Some(if line.on() { line.narrow().unwrap_or(3) } else { 0 });
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER remove-private-AS = [all [replace-AS]]", |draft, line| {
        let how = match (line.negated, line.has("all"), line.has("replace-AS")) {
            (true, ..) => RemovePrivateAs::Keep,
            (false, false, _) => RemovePrivateAs::Only,
            (false, true, false) => RemovePrivateAs::All,
            (false, true, true) => RemovePrivateAs::ReplaceAll,
        };
        draft.peer_family(line)?.remove_private_as = Some(how);
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER as-override", |draft, line| {
        draft.peer_family(line)?.as_override = Some(line.on());
        Ok(())
    })
    .or_group(),
    Row::act("neighbor PEER weight = (0-65535)", |draft, line| {
        draft.peer_family(line)?.weight = Some(line.narrow()?);
        Ok(())
    }),
    Row::act("neighbor PEER attribute-unchanged = {as-path|next-hop|med}", |draft, line| {
        let mut which = ["as-path", "next-hop", "med"].map(|attribute| line.has(attribute));
        if which == [false; 3] {
            which = [true; 3];
        }
        draft.peer_family(line)?.attribute_unchanged = Some(if line.on() { which } else { [false; 3] });
        Ok(())
    })
    .or_group(),
];

fn filter<'a>(draft: &'a mut Draft, line: &Statement) -> Result<&'a mut FilterDraft, Complaint> {
    let [inbound, outbound] = &mut draft.peer_family(line)?.filters;
    Ok(if line.has("in") { inbound } else { outbound })
}

fn named(line: &Statement) -> Result<Named, Complaint> {
    Ok(Named { name: line.text()?, spot: line.spot })
}

fn send(draft: &mut Draft, line: &Statement, kinds: [bool; 3]) -> Result<(), Complaint> {
    let slots = &mut draft.peer_family(line)?.send_community;
    for (slot, _) in slots.iter_mut().zip(kinds).filter(|(_, meant)| *meant) {
        *slot = Some(line.on());
    }
    Ok(())
}

fn maximum_prefix(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let action = if line.has("warning-only") {
        MaximumPrefixAction::Warn
    } else {
        match line.number_after("restart") {
            Some(minutes) => MaximumPrefixAction::Restart(Duration::from_secs(u64::from(minutes) * 60)),
            None => MaximumPrefixAction::Teardown,
        }
    };
    // The threshold is the number after the limit, unless that one is `restart`'s.
    let count = line.numbers().count() - usize::from(line.has("restart"));
    let threshold =
        line.numbers().nth(1).filter(|_| count > 1).and_then(|percent| u8::try_from(percent).ok());
    let limit = line.number()?;
    let maximum = MaximumPrefix { limit, threshold: threshold.unwrap_or(75), action };
    draft.peer_family(line)?.maximum_prefix = Some(maximum);
    Ok(())
}
