//! The tables of the grammar: which lines each block takes.
//!
//! The order of rows has no meaning but for documentation. `docs/configuration.md` lists every row, and a test
//! asserts that it does.

mod bgp;
mod family;
mod idle;
mod interface;
mod lists;
mod neighbor;
mod policy;
mod route_map;
mod top;
mod vrrp;

use super::place::Node;
use super::row::Row;

/// The tables of a block.
pub(crate) const fn tables(node: Node) -> &'static [&'static [Row]] {
    match node {
        Node::Top => &[top::ROWS, lists::ROWS, idle::TOP],
        Node::Interface => &[interface::ROWS, vrrp::ROWS, idle::INTERFACE],
        Node::Bgp => &[bgp::ROWS, neighbor::ROWS, idle::BGP],
        Node::Family => &[family::ROWS, policy::ROWS, idle::FAMILY],
        Node::RouteMap => &[route_map::ROWS, idle::ROUTE_MAP],
    }
}

/// All rows of a block.
pub(crate) fn rows(node: Node) -> impl Iterator<Item = &'static Row> {
    tables(node).iter().flat_map(|table| table.iter())
}
