//! `show bgp … statistics`: one walk over a table, counted.

use core::fmt::{self, Write};
use std::collections::BTreeMap;

use bgp_core::wire::attr::AttrBlock;
use bgp_core::{Family, Prefix};

use super::table::PAGE;
use super::{family_key, family_title};
use crate::control::command::Format;
use crate::control::door::{Door, RouteRequest, RouteView};
use crate::control::json::{self, Object, PRETTY};
use crate::control::output::{Output, Stop};
use crate::control::snapshot::RouteSnapshot;

/// Walks the table and writes what was counted.
pub(crate) async fn render(
    door: &Door,
    family: Family,
    format: Format,
    out: &mut Output,
) -> Result<(), Stop> {
    let view = RouteView::Table;
    let mut request = RouteRequest { family, view, within: None, after: None, limit: PAGE };
    let mut counts = Counts::default();
    loop {
        let page = door.routes(request.clone()).await?;
        page.routes.iter().for_each(|route| counts.add(route));
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    match format {
        Format::Text => counts.write_text(family, out.text())?,
        Format::Json => {
            json::object(out.text(), PRETTY, |o| {
                o.array(family_key(family), |list| list.object(|o| counts.write_json(family, o)));
            });
            out.text().push('\n');
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Counts {
    prefixes: u64,
    paths: u64,
    lengths: BTreeMap<u8, u64>,
    /// Prefixes that no shorter one contains.
    uncovered: u64,
    /// Prefixes contained in a shorter one with the same AS path.
    aggregateable: u64,
    space: f64,
    hops: u64,
    longest_path: u64,
    path_octets: u64,
    largest_path: u64,
    highest_public: u32,
    /// The prefixes that contain the last one seen, shortest first, with the AS path of each.
    covering: Vec<(Prefix, Vec<u8>)>,
}

impl Counts {
    /// Counts a route; they come in prefix order.
    fn add(&mut self, route: &RouteSnapshot) {
        self.prefixes += 1;
        *self.lengths.entry(route.prefix.prefix_len()).or_default() += 1;
        for path in &route.paths {
            self.paths += 1;
            let as_path = AttrBlock::new(&path.attributes).as_path();
            let (hops, octets) = (as_path.length() as u64, as_path.as_bytes().len() as u64);
            self.hops += hops;
            self.longest_path = self.longest_path.max(hops);
            self.path_octets += octets;
            self.largest_path = self.largest_path.max(octets);
            let public = as_path.asns().filter(|asn| !asn.is_private()).map(|asn| asn.0);
            self.highest_public = public.fold(self.highest_public, u32::max);
        }
        let first = route.paths.first();
        let as_path = first.map(|path| AttrBlock::new(&path.attributes).as_path().as_bytes());
        let as_path = as_path.unwrap_or_default();
        while self.covering.last().is_some_and(|(prefix, _)| !prefix.contains(&route.prefix)) {
            self.covering.pop();
        }
        match self.covering.last() {
            None => {
                self.uncovered += 1;
                let free_bits = route.prefix.max_prefix_len() - route.prefix.prefix_len();
                self.space += f64::from(free_bits).exp2();
            }
            Some((_, covering)) => self.aggregateable += u64::from(covering == as_path),
        }
        self.covering.push((route.prefix, as_path.to_vec()));
    }

    fn average_length(&self) -> f64 {
        let sum: u64 = self.lengths.iter().map(|(length, count)| u64::from(*length) * count).sum();
        ratio(sum, self.prefixes)
    }

    fn write_text(&self, family: Family, out: &mut String) -> fmt::Result {
        let (bits, short, long) = scales(family);
        writeln!(out, "BGP {} RIB statistics (VRF default)", family_title(family))?;
        let whole = |out: &mut String, name: &str, n: u64| writeln!(out, "{name:<30}: {n:>12}");
        let real = |out: &mut String, name: &str, n: f64| writeln!(out, "{name:<30}: {n:>12.2}");
        whole(out, "Total Advertisements", self.paths)?;
        whole(out, "Total Prefixes", self.prefixes)?;
        real(out, "Average prefix length", self.average_length())?;
        whole(out, "Unaggregateable prefixes", self.uncovered)?;
        writeln!(out, "Maximum aggregateable prefixes: {:>12}", self.aggregateable)?;
        whole(out, "BGP Aggregate advertisements", 0)?;
        writeln!(out, "{:<30}: {:>12}", "Address space advertised", self.space)?;
        real(out, &format!("{:>29}", "% announced"), self.space / bits.exp2() * 100.0)?;
        real(out, &format!("{:>29}", format!("/{short} equivalent")), self.space / (bits - short).exp2())?;
        real(out, &format!("{:>29}", format!("/{long} equivalent")), self.space / (bits - long).exp2())?;
        out.push('\n');
        whole(out, "Advertisements with paths", self.paths)?;
        whole(out, "Longest AS-Path (hops)", self.longest_path)?;
        real(out, "Average AS-Path length (hops)", ratio(self.hops, self.paths))?;
        whole(out, "Largest AS-Path (bytes)", self.largest_path)?;
        real(out, "Average AS-Path size (bytes)", ratio(self.path_octets, self.paths))?;
        whole(out, "Highest public ASN", u64::from(self.highest_public))
    }

    fn write_json(&self, family: Family, o: &mut Object<'_>) {
        let (bits, short, long) = scales(family);
        o.string("instance", "VRF default");
        o.number("totalAdvertisements", self.paths);
        o.number("totalPrefixes", self.prefixes);
        o.real("averagePrefixLength", self.average_length());
        o.number("unaggregateablePrefixes", self.uncovered);
        o.number("maximumAggregateablePrefixes", self.aggregateable);
        o.number("bgpAggregateAdvertisements", 0);
        o.real("addressSpaceAdvertised", self.space);
        o.real("%announced", self.space / bits.exp2() * 100.0);
        o.real(&format!("/{short}equivalent"), self.space / (bits - short).exp2());
        o.real(&format!("/{long}equivalent"), self.space / (bits - long).exp2());
        o.number("advertisementsWithPaths", self.paths);
        o.number("longestAsPath", self.longest_path);
        o.real("averageAsPathLengthHops", ratio(self.hops, self.paths));
        o.number("largestAsPath", self.largest_path);
        o.real("averageAsPathSizeBytes", ratio(self.path_octets, self.paths));
        o.number("highestPublicAsn", self.highest_public);
        o.array("prefixLength", |list| {
            for (length, count) in &self.lengths {
                list.object(|o| o.number(&length.to_string(), *count));
            }
        });
    }
}

/// Address bits, and the two prefix lengths that the space is counted in.
const fn scales(family: Family) -> (f64, f64, f64) {
    match family {
        Family::Ipv4Unicast => (32.0, 8.0, 24.0),
        Family::Ipv6Unicast => (128.0, 32.0, 48.0),
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
