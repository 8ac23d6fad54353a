//! `ipv6 nd` lines of an `interface` block: what router advertisements say (RFC 4861 §6.2.1), in FRR's words.
//!
//! They are asked for by `no ipv6 nd suppress-ra`; the other lines only say what is in them.

use std::net::IpAddr;
use std::time::Duration;

use vrrp_core::discovery::{Lifetime, OnLinkPrefix, Preference, SearchDomain};

use super::super::draft::Draft;
use super::super::place::Place;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};
use super::super::value::Value;

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("ipv6 nd suppress-ra", |draft, line| {
        if let Place::Interface(name) = &line.place {
            draft.suppress_ra_spots.insert(name.clone(), line.spot);
        }
        draft.interface(line)?.suppress_ra = Some(line.on());
        Ok(())
    })
    .or_no(),
    Row::act("ipv6 nd ra-interval = <(1-1800)|msec (70-1800000)>", |draft, line| {
        let number = u64::from(line.number()?);
        let interval =
            if line.has("msec") { Duration::from_millis(number) } else { Duration::from_secs(number) };
        draft.interface(line)?.router_advert.interval = Some(interval);
        Ok(())
    }),
    Row::act("ipv6 nd ra-lifetime = (0-9000)", |draft, line| {
        if let Place::Interface(name) = &line.place {
            draft.ra_lifetime_spots.insert(name.clone(), line.spot);
        }
        draft.interface(line)?.router_advert.lifetime = Some(line.narrow()?);
        Ok(())
    }),
    Row::act(
        "ipv6 nd prefix X:X::X:X/M = [<(0-4294967295)|infinite> <(0-4294967295)|infinite>] [<off-link [no-autoconfig]|no-autoconfig [off-link]>]",
        prefix,
    ),
    Row::act(
        "ipv6 nd prefix X:X::X:X/M = [<(0-4294967295)|infinite> <(0-4294967295)|infinite>] router-address",
        prefix,
    )
    .lacking("the router's address is not put in place of the prefix: that is for mobile IPv6"),
    Row::act("ipv6 nd managed-config-flag", |draft, line| {
        draft.interface(line)?.router_advert.is_managed = true;
        Ok(())
    }),
    Row::act("ipv6 nd other-config-flag", |draft, line| {
        draft.interface(line)?.router_advert.is_other = true;
        Ok(())
    }),
    Row::act("ipv6 nd router-preference = <high|medium|low>", |draft, line| {
        let table = [("high", Preference::High), ("medium", Preference::Medium), ("low", Preference::Low)];
        draft.interface(line)?.router_advert.preference = line.one_of(&table).unwrap_or_default();
        Ok(())
    }),
    Row::act("ipv6 nd mtu = (1-65535)", |draft, line| {
        let mtu = line.number()?;
        if mtu < LEAST_MTU {
            return Err(Complaint::new(format!("no IPv6 link has an MTU of {mtu}"))
                .at(3)
                .hint("1280 at least"));
        }
        draft.interface(line)?.router_advert.mtu = Some(mtu);
        Ok(())
    }),
    Row::act("ipv6 nd rdnss X:X::X:X = [<(0-4294967295)|infinite>]", |draft, line| {
        let IpAddr::V6(server) = line.address()? else { return Ok(()) };
        if server.is_multicast() || server.is_unspecified() {
            return Err(Complaint::new(format!("{server} cannot be the address of a name server")).at(3));
        }
        let life = lifetimes(line).next();
        draft.interface(line)?.router_advert.name_servers.insert(server, life);
        Ok(())
    }),
    Row::act("ipv6 nd dnssl WORD = [<(0-4294967295)|infinite>]", |draft, line| {
        let text = line.text()?;
        let Some(domain) = SearchDomain::parse(&text) else {
            return Err(Complaint::new(format!("`{text}` is not a domain name")).at(3));
        };
        let life = lifetimes(line).next();
        draft.interface(line)?.router_advert.search_domains.insert(domain, life);
        Ok(())
    }),
    Row::act("ipv6 nd reachable-time = (1-3600000)", |draft, line| {
        draft.interface(line)?.router_advert.reachable = line.number()?;
        Ok(())
    }),
    Row::act("ipv6 nd ra-retrans-interval = (0-4294967295)", |draft, line| {
        draft.interface(line)?.router_advert.retransmit = line.number()?;
        Ok(())
    }),
    Row::act("ipv6 nd ra-hop-limit = (0-255)", |draft, line| {
        draft.interface(line)?.router_advert.hop_limit = Some(line.narrow()?);
        Ok(())
    }),
];

fn prefix(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let net = line.net()?;
    let IpAddr::V6(address) = net.addr() else { return Ok(()) };
    if address.is_unicast_link_local() || address.is_multicast() {
        return Err(Complaint::new(format!("{net} is not a prefix that hosts take addresses of")).at(3));
    }
    let mut lives = lifetimes(line);
    let default = OnLinkPrefix::new(address, net.prefix_len());
    let valid = lives.next().unwrap_or(default.valid);
    let preferred = lives.next().unwrap_or(default.preferred);
    if preferred > valid {
        let message = "the preferred lifetime is longer than the valid one (RFC 4861 §6.2.1)";
        return Err(Complaint::new(message).at(5).hint("the valid lifetime comes first"));
    }
    let (is_on_link, is_autonomous) = (!line.has("off-link"), !line.has("no-autoconfig"));
    let prefix = OnLinkPrefix { is_on_link, is_autonomous, valid, preferred, ..default };
    let prefixes = &mut draft.interface(line)?.router_advert.prefixes;
    prefixes.retain(|known| (known.prefix, known.len) != (prefix.prefix, prefix.len));
    prefixes.push(prefix);
    Ok(())
}

/// The lifetimes of a line, in order. Only where its other words are no numbers.
fn lifetimes(line: &Statement) -> impl Iterator<Item = Lifetime> {
    line.pick(|value| match value {
        Value::Number(seconds) => Some(Lifetime(*seconds)),
        Value::Keyword("infinite") => Some(Lifetime::INFINITE),
        _ => None,
    })
}

/// RFC 8200 §5.
const LEAST_MTU: u32 = 1280;
