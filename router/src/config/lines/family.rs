//! Lines of `address-family` that are about the family. `router bgp` takes them too, for IPv4 unicast.

use bgp_core::speaker::config::{Aggregate, Distance, RouteSource};
use bgp_core::{Family, Prefix};

use super::super::draft::{Draft, Named};
use super::super::finding::Severity;
use super::super::row::Row;
use super::super::statement::{Complaint, Statement};

/// See the module.
pub(crate) const ROWS: &[Row] = &[
    Row::act("network <A.B.C.D/M|X:X::X:X/M> = [route-map WORD]", network),
    Row::act("network A.B.C.D mask A.B.C.D = [route-map WORD]", masked_network),
    Row::act("aggregate-address <A.B.C.D/M|X:X::X:X/M> = {as-set|summary-only}", |draft, line| {
        let aggregate = Aggregate { summary_only: line.has("summary-only"), as_set: line.has("as-set") };
        let prefix = own_family(line)?;
        draft.bgp_family(line)?.aggregates.insert(prefix, aggregate);
        Ok(())
    })
    .unused(Severity::Warning, "aggregates are not announced yet"),
    Row::act(
        "redistribute <connected|static|kernel> = {metric (0-4294967295)|route-map WORD}",
        |draft, line| {
            let source = line.one_of(&SOURCES).unwrap_or(RouteSource::Kernel);
            let how = (line.number_after("metric"), route_map(line));
            draft.bgp_family(line)?.redistribute.insert(source, how);
            Ok(())
        },
    ),
    Row::act("maximum-paths = (1-256)", |draft, line| {
        draft.bgp_family(line)?.maximum_paths = Some(line.narrow()?);
        Ok(())
    }),
    Row::act("maximum-paths ibgp = (1-256)", |draft, line| {
        draft.bgp_family(line)?.maximum_paths_ibgp = Some(line.narrow()?);
        Ok(())
    }),
    Row::act("distance bgp = (1-255) (1-255) (1-255)", |draft, line| {
        let mut numbers = line.numbers().map(|number| u8::try_from(number).unwrap_or(255));
        let mut next = || numbers.next().unwrap_or(255);
        let distance = Distance { external: next(), internal: next(), local: next() };
        draft.bgp_family(line)?.distance = Some(distance);
        Ok(())
    }),
    Row::leave("exit-address-family"),
    Row::leave("exit"),
    Row::leave("quit"),
];

fn network(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let prefix = own_family(line)?;
    draft.bgp_family(line)?.networks.insert(prefix, route_map(line));
    Ok(())
}

fn masked_network(draft: &mut Draft, line: &Statement) -> Result<(), Complaint> {
    let mut addresses = line.addresses();
    let (Some(network), Some(mask)) = (addresses.next(), addresses.next()) else {
        return Err(Complaint::new("a network and a mask are expected"));
    };
    let prefix = Prefix::with_netmask(network, mask);
    let prefix = prefix.map_err(|_| Complaint::new(format!("{mask} is not a network mask")).at(3))?.trunc();
    draft.bgp_family(line)?.networks.insert(prefix, route_map(line));
    Ok(())
}

/// The prefix, if it is of the block's family.
fn own_family(line: &Statement) -> Result<Prefix, Complaint> {
    let prefix = line.prefix()?;
    if Family::of(&prefix) == line.family() {
        return Ok(prefix);
    }
    let message = format!("{prefix} does not belong to {}", line.family());
    let hint = format!("it belongs into `address-family {}`", Family::of(&prefix));
    Err(Complaint::new(message).at(1).hint(hint))
}

fn route_map(line: &Statement) -> Option<Named> {
    line.text_after("route-map").map(|name| Named { name, spot: line.spot })
}

const SOURCES: [(&str, RouteSource); 3] =
    [("connected", RouteSource::Connected), ("static", RouteSource::Static), ("kernel", RouteSource::Kernel)];
