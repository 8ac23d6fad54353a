//! Answers to what control sessions ask: owned snapshots, made in one go between two turns of the postman.
//!
//! Questions about the routing table need the kernel task too: a task of its own asks it and puts both halves
//! together, so the postman never waits.

mod capability;
mod kernel;
mod peers;
mod routes;

use std::net::IpAddr;
use std::sync::Arc;

use bgp_core::Instant;
use bgp_core::rib::RouteView;
use bgp_core::speaker::config::RemoteAs;
use bgp_core::speaker::{Clear, PeerView, Refresh};
use frr_bridge::kernel::View;

use self::kernel::{BgpEntry, BgpPage};
use super::postman::Postman;
use crate::control::door::{
    BgpQuery, ClearAction, ClearPeers, ClearRequest, KernelQuery, KernelRequest, Reply,
};

/// Answers a question about BGP.
pub(super) fn bgp(postman: &mut Postman, query: BgpQuery) {
    match query {
        BgpQuery::Instance(reply) => send(reply, peers::instance(postman)),
        BgpQuery::Routes(request, reply) => send(reply, routes::page(postman, &request)),
        BgpQuery::Route(lookup, reply) => send(reply, routes::one(postman, lookup)),
        BgpQuery::Explain(lookup, reply) => send(reply, routes::explain(postman, lookup)),
        BgpQuery::NextHops(reply) => send(reply, routes::next_hops(postman)),
        BgpQuery::Memory(reply) => send(reply, routes::memory(postman)),
        BgpQuery::Clear(request, reply) => send(reply, clear(postman, &request)),
    }
}

/// Answers a question about the routing table and interfaces, once the kernel task has said its part.
pub(super) fn kernel(postman: &mut Postman, query: KernelQuery) {
    match query {
        KernelQuery::Routes(request, reply) => {
            let bgp = bgp_page(postman, &request);
            with_view(postman, reply, move |view| kernel::page(view, &bgp, &request));
        }
        KernelQuery::Lookup(address, reply) => {
            let bgp = bgp_match(postman, address);
            with_view(postman, reply, move |view| kernel::lookup(view, bgp.as_ref(), address));
        }
        KernelQuery::Interfaces(reply) => {
            let descriptions = Arc::clone(&postman.descriptions);
            with_view(postman, reply, move |view| kernel::interfaces(view, &descriptions));
        }
        KernelQuery::Tracked(reply) => with_view(postman, reply, kernel::tracked),
    }
}

fn with_view<T: Send + 'static>(
    postman: &Postman,
    reply: Reply<T>,
    make: impl FnOnce(&View) -> T + Send + 'static,
) {
    let kernel = postman.kernel.clone();
    tokio::spawn(async move {
        if let Ok(view) = kernel.view().await {
            send(reply, make(&view));
        }
    });
}

fn send<T>(reply: Reply<T>, answer: T) {
    // Whoever asked may have gone.
    let _ = reply.send(answer);
}

fn bgp_page(postman: &mut Postman, request: &KernelRequest) -> BgpPage {
    let now = postman.clock.now();
    if let Some(exact) = request.exact {
        let found = postman.speaker.rib().prefix(&exact).and_then(|route| bgp_entry(postman, &route, now));
        return BgpPage { routes: found.into_iter().collect(), upto: None };
    }
    let page = postman.speaker.page(request.family, request.after, request.limit);
    let page: Vec<_> = page.iter().map(|route| route.prefix).collect();
    let upto = page.last().filter(|_| page.len() >= request.limit).copied();
    let found = page.iter().filter_map(|prefix| postman.speaker.rib().prefix(prefix));
    let routes = found.filter_map(|route| bgp_entry(postman, &route, now));
    BgpPage { routes: routes.collect(), upto }
}

fn bgp_match(postman: &Postman, address: IpAddr) -> Option<BgpEntry> {
    let route = postman.speaker.rib().longest_match(address)?;
    bgp_entry(postman, &route, postman.clock.now())
}

fn bgp_entry(postman: &Postman, route: &RouteView<'_>, now: Instant) -> Option<BgpEntry> {
    let fib = postman.speaker.rib().fib_route(&route.prefix)?;
    let best = route.best()?;
    let metric = best.attrs.med().unwrap_or(0);
    Some(BgpEntry { prefix: route.prefix, route: fib, metric, age: now - best.since })
}

fn clear(postman: &mut Postman, request: &ClearRequest) -> usize {
    let own = postman.speaker.config().asn;
    let is_meant = |peer: &PeerView<'_>| match &request.peers {
        ClearPeers::All => true,
        ClearPeers::Address(address) => peer.address == *address,
        ClearPeers::Asn(asn) => peer.asn.is_some_and(|own| own.0 == *asn),
        ClearPeers::External => match peer.config.remote_as {
            RemoteAs::External => true,
            RemoteAs::Internal => false,
            RemoteAs::Asn(asn) => asn != own,
        },
        ClearPeers::Group(name) => peer.config.group.as_ref() == Some(name),
    };
    let meant: Vec<_> = postman.speaker.peers().filter(is_meant).map(|peer| peer.address).collect();
    let clear = match request.action {
        ClearAction::Reset => Clear::Hard,
        ClearAction::SoftIn => Clear::Soft(Refresh { import: true, export: false }),
        ClearAction::SoftOut => Clear::Soft(Refresh { import: false, export: true }),
        ClearAction::Soft => Clear::Soft(Refresh { import: true, export: true }),
    };
    let now = postman.clock.now();
    meant.into_iter().filter(|address| postman.speaker.clear(*address, clear, now)).count()
}
