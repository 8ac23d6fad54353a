//! Lines of `router bgp` that are about the instance.

use std::net::IpAddr;
use std::time::Duration;

use bgp_core::speaker::config::GracefulRestartMode;
use bgp_core::{Family, RouterId};

use super::super::draft::Named;
use super::super::place::Place;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("bgp router-id = A.B.C.D", |draft, line| {
        draft.bgp()?.router_id = Some(router_id(line)?);
        Ok(())
    }),
    Row::act("bgp cluster-id = <A.B.C.D|(1-4294967295)>", |draft, line| {
        let id = router_id(line).or_else(|_| line.number().map(RouterId))?;
        draft.bgp()?.cluster_id = Some(id);
        Ok(())
    }),
    Row::act("bgp log-neighbor-changes", |draft, line| {
        draft.bgp()?.log_neighbor_changes = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp default ipv4-unicast", |draft, line| {
        draft.bgp()?.default_families[Family::Ipv4Unicast] = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp default ipv6-unicast", |draft, line| {
        draft.bgp()?.default_families[Family::Ipv6Unicast] = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp default local-preference = (0-4294967295)", |draft, line| {
        draft.bgp()?.default_local_pref = Some(line.number()?);
        Ok(())
    }),
    Row::act("bgp ebgp-requires-policy", |draft, line| {
        draft.bgp()?.ebgp_requires_policy = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp network import-check = [exact]", |draft, line| {
        draft.bgp()?.network_import_check = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp bestpath as-path multipath-relax = [<as-set|no-as-set>]", |draft, line| {
        draft.bgp()?.decision.as_path_multipath_relax = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp bestpath as-path ignore", |draft, line| {
        draft.bgp()?.decision.as_path_ignore = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp bestpath compare-routerid", |draft, line| {
        draft.bgp()?.decision.compare_router_id = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp bestpath med = missing-as-worst", |draft, line| {
        draft.bgp()?.decision.med_missing_as_worst = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp always-compare-med", |draft, line| {
        draft.bgp()?.decision.always_compare_med = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp deterministic-med", |draft, line| {
        draft.bgp()?.deterministic_med = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp client-to-client reflection", |draft, line| {
        draft.bgp()?.client_to_client_reflection = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("bgp graceful-restart", |draft, line| {
        let mode = if line.on() { GracefulRestartMode::Restarter } else { GracefulRestartMode::Helper };
        draft.bgp()?.graceful_restart = Some(mode);
        Ok(())
    })
    .or_no(),
    Row::act("bgp graceful-restart-disable", |draft, line| {
        let mode = if line.on() { GracefulRestartMode::Disabled } else { GracefulRestartMode::Helper };
        draft.bgp()?.graceful_restart = Some(mode);
        Ok(())
    })
    .or_no(),
    Row::act("bgp graceful-restart restart-time = (0-4095)", |draft, line| {
        draft.bgp()?.restart_time = Some(seconds(line.number()?));
        Ok(())
    }),
    Row::act("bgp graceful-restart stalepath-time = (1-4095)", |draft, line| {
        draft.bgp()?.stale_time = Some(seconds(line.number()?));
        Ok(())
    }),
    Row::act("bgp disable-ebgp-connected-route-check", |draft, line| {
        draft.bgp()?.disable_connected_check = line.on();
        Ok(())
    })
    .or_no(),
    Row::act("bgp shutdown = [message LINE]", |draft, line| {
        draft.bgp()?.shutdown = line.on().then(|| line.texts().next().unwrap_or_default());
        Ok(())
    })
    .or_no(),
    Row::act("timers bgp = (0-65535) (0-65535)", |draft, line| {
        draft.bgp()?.timers = Some(keepalive_and_hold(line, 2)?);
        Ok(())
    }),
    Row::act("bgp listen limit = (1-65535)", |draft, line| {
        draft.bgp()?.listen_limit = Some(line.number()?);
        Ok(())
    }),
    Row::act("bgp listen range <A.B.C.D/M|X:X::X:X/M> = peer-group WORD", |draft, line| {
        let group = Named { name: line.text()?, spot: line.spot };
        draft.bgp()?.listen_ranges.insert(line.prefix()?, group);
        Ok(())
    }),
    Row::enter("address-family ipv4 [unicast]", |_, _| Ok(Place::Family(Family::Ipv4Unicast))),
    Row::enter("address-family ipv6 [unicast]", |_, _| Ok(Place::Family(Family::Ipv6Unicast))),
    Row::leave("exit"),
    Row::leave("quit"),
    Row::noise("exit-address-family", "no address-family is open here"),
];

/// `timers bgp K H`, `neighbor X timers K H`: the hold time is zero or at least three seconds (RFC 4271 §4.2).
pub(crate) fn keepalive_and_hold(line: &Statement, word: usize) -> Result<(Duration, Duration), Complaint> {
    let mut numbers = line.numbers();
    let (keepalive, hold) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(180));
    if matches!(hold, 1 | 2) {
        let complaint = Complaint::new(format!("a hold time of {hold} s is not allowed")).at(word + 1);
        return Err(complaint.hint("0 or at least 3, RFC 4271 §4.2"));
    }
    Ok((seconds(keepalive), seconds(hold)))
}

/// Seconds as a duration.
pub(crate) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

fn router_id(line: &Statement) -> Result<RouterId, Complaint> {
    match line.address()? {
        IpAddr::V4(addr) if !addr.is_unspecified() => Ok(addr.into()),
        addr => Err(Complaint::new(format!("{addr} cannot be a router identifier")).at(2)),
    }
}
