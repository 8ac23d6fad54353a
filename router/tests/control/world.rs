//! A router that answers from a scene.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bgp_core::{Family, Prefix};
use router::control::door::{
    BgpQuery, Door, KernelQuery, KernelRequest, RouteLookup, RouteRequest, RouteView,
};
use router::control::snapshot::{KernelPage, RoutePage, RouteSnapshot};
use router::control::{Control, Daemon, Output, Session};
use tokio::sync::mpsc;

use crate::scene::{NOW, Scene};

pub(crate) struct World {
    pub(crate) control: Arc<Control>,
}

impl World {
    pub(crate) fn recorded() -> Self {
        Self::of(Scene::recorded())
    }

    pub(crate) fn of(scene: Scene) -> Self {
        let (door, bgp, kernel) = Door::new();
        let scene = Arc::new(scene);
        tokio::spawn(answer_bgp(Arc::clone(&scene), bgp));
        tokio::spawn(answer_kernel(scene, kernel));
        let running = Box::new(|daemon: Daemon| format!("! {}\n", daemon.name()));
        let control = Control::new(door, running, "dut".into(), "6.1.0".into());
        let clock = Box::new(|| UNIX_EPOCH + Duration::from_secs(NOW));
        Self { control: Arc::new(control.with_clock(clock)) }
    }

    pub(crate) fn session(&self, daemon: Daemon) -> Session {
        Session::new(Arc::clone(&self.control), daemon)
    }

    pub(crate) async fn ask(&self, daemon: Daemon, line: &str) -> (String, u8) {
        tell(&mut self.session(daemon), line).await
    }
}

pub(crate) async fn tell(session: &mut Session, line: &str) -> (String, u8) {
    let mut out = Output::kept();
    let outcome = session.execute(line, &mut out).await.unwrap();
    (out.into_rest(), outcome.status.0)
}

async fn answer_bgp(scene: Arc<Scene>, mut queries: mpsc::Receiver<BgpQuery>) {
    while let Some(query) = queries.recv().await {
        match query {
            BgpQuery::Instance(reply) => drop(reply.send(scene.instance.clone().map(Box::new))),
            BgpQuery::Routes(request, reply) => drop(reply.send(page(&scene, &request))),
            BgpQuery::Route(lookup, reply) => drop(reply.send(route(&scene, lookup))),
            BgpQuery::Explain(_, reply) => drop(reply.send(Some("AS path length\n".into()))),
            BgpQuery::NextHops(reply) => drop(reply.send(scene.next_hops.clone())),
            BgpQuery::Memory(reply) => drop(reply.send(Vec::new())),
            BgpQuery::Clear(_, reply) => drop(reply.send(1)),
        }
    }
}

/// Pages of three, so that every table crosses some.
fn page(scene: &Scene, request: &RouteRequest) -> RoutePage {
    let table = match request.view {
        RouteView::Advertised(peer) => scene.advertised.get(&peer).cloned().unwrap_or_default(),
        RouteView::Table | RouteView::From(_) | RouteView::Received(_) => scene.table(request.family),
    };
    let mut rest = table
        .into_iter()
        .filter(|route| Family::of(&route.prefix) == request.family)
        .filter(|route| request.within.is_none_or(|within| within.contains(&route.prefix)))
        .skip_while(|route| request.after.is_some_and(|after| route.prefix <= after));
    let mut routes: Vec<RouteSnapshot> = rest.by_ref().take(3).collect();
    let next = rest.next().and_then(|_| routes.last().map(|route| route.prefix));
    if let RouteView::From(peer) = request.view {
        for route in &mut routes {
            route.paths.retain(|path| path.source.address == Some(peer));
        }
    }
    RoutePage { routes, next }
}

fn route(scene: &Scene, lookup: RouteLookup) -> Option<RouteSnapshot> {
    let is_it = |prefix: &Prefix| match lookup {
        RouteLookup::Exact(wanted) => *prefix == wanted,
        RouteLookup::Longest(address) => prefix.contains(&address),
    };
    let family = match lookup {
        RouteLookup::Exact(prefix) => Family::of(&prefix),
        RouteLookup::Longest(IpAddr::V4(_)) => Family::Ipv4Unicast,
        RouteLookup::Longest(IpAddr::V6(_)) => Family::Ipv6Unicast,
    };
    let mut found = scene.table(family).into_iter().filter(|route| is_it(&route.prefix)).last()?;
    let peers = scene.instance.as_ref()?.peers.iter();
    found.advertised_to = peers
        .filter(|peer| peer.is_established() && peer.families[family].is_some())
        .map(|peer| (peer.name(), peer.host_name.clone()))
        .collect();
    Some(found)
}

async fn answer_kernel(scene: Arc<Scene>, mut queries: mpsc::Receiver<KernelQuery>) {
    while let Some(query) = queries.recv().await {
        match query {
            KernelQuery::Routes(request, reply) => drop(reply.send(kernel_page(&scene, &request))),
            KernelQuery::Lookup(_, reply) => drop(reply.send(KernelPage::default())),
            KernelQuery::Interfaces(reply) => drop(reply.send(scene.interfaces.clone())),
            KernelQuery::Tracked(reply) => drop(reply.send(scene.tracked.clone())),
        }
    }
}

/// One prefix a page.
fn kernel_page(scene: &Scene, request: &KernelRequest) -> KernelPage {
    let mut all = scene.kernel_routes.iter().filter(|route| {
        Family::of(&route.prefix) == request.family
            && request.exact.is_none_or(|exact| exact == route.prefix)
            && request.after.is_none_or(|after| route.prefix > after)
    });
    let Some(first) = all.next() else { return KernelPage::default() };
    let mut routes = vec![first.clone()];
    let next = loop {
        match all.next() {
            Some(more) if more.prefix == first.prefix => routes.push(more.clone()),
            Some(_) => break Some(first.prefix),
            None => break None,
        }
    };
    KernelPage { routes, next }
}
