//! The one door from show commands to the live state: questions over bounded channels, owned answers.
//!
//! The task that owns the speaker takes [`BgpQuery`]s, the one that owns the kernel's side takes
//! [`KernelQuery`]s; each question carries the place for its answer. Large tables are asked for in pages, so
//! that a question costs its owner a bounded time and holds a bounded memory, whatever the table's size.
//! An owner that is gone makes every question answer [`Gone`].

use core::net::IpAddr;

use bgp_core::{Family, Prefix};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use super::snapshot::{
    InstanceSnapshot, InterfaceSnapshot, KernelPage, MemorySnapshot, NextHopSnapshot, RoutePage,
    RouteSnapshot, TrackedNextHop, VirtualRouterSnapshot,
};

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<T>;

/// A question to the speaker.
#[derive(Debug)]
pub enum BgpQuery {
    /// The instance and its peers; `None` if no `router bgp` is configured.
    Instance(Reply<Option<Box<InstanceSnapshot>>>),
    /// A page of routes.
    Routes(RouteRequest, Reply<RoutePage>),
    /// One route.
    Route(RouteLookup, Reply<Option<RouteSnapshot>>),
    /// Why the best path to a prefix is the best: one line a rung, for `ridgeway show … explain`.
    Explain(RouteLookup, Reply<Option<String>>),
    /// Next hops and their state.
    NextHops(Reply<Vec<NextHopSnapshot>>),
    /// What the tables cost.
    Memory(Reply<Vec<MemorySnapshot>>),
    /// Reset or refresh peers; the answer is how many it concerned.
    Clear(ClearRequest, Reply<usize>),
}

/// A question to the kernel's side.
#[derive(Debug)]
pub enum KernelQuery {
    /// A page of routes.
    Routes(KernelRequest, Reply<KernelPage>),
    /// The routes to the longest prefix that contains the address.
    Lookup(IpAddr, Reply<KernelPage>),
    /// Every interface, by name.
    Interfaces(Reply<Vec<InterfaceSnapshot>>),
    /// Next hops under watch.
    Tracked(Reply<Vec<TrackedNextHop>>),
}

/// A question to the gateway.
#[derive(Debug)]
pub enum GatewayQuery {
    /// Every virtual router, by interface and number.
    VirtualRouters(Reply<Vec<VirtualRouterSnapshot>>),
}

/// Which routes of the BGP table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRequest {
    /// The table.
    pub family: Family,
    /// Whose view of it.
    pub view: RouteView,
    /// Only this prefix and longer ones inside it.
    pub within: Option<Prefix>,
    /// Go on after this prefix; `None` starts.
    pub after: Option<Prefix>,
    /// At most about so many routes.
    pub limit: usize,
}

/// Whose view of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteView {
    /// All paths, as the decision sees them.
    Table,
    /// Only paths of this peer, as the decision sees them.
    From(IpAddr),
    /// What this peer sent, before policy; refused paths are marked.
    Received(IpAddr),
    /// What this peer is told, as it is told.
    Advertised(IpAddr),
}

/// One route of the BGP table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteLookup {
    /// This very prefix.
    Exact(Prefix),
    /// The longest prefix that contains the address.
    Longest(IpAddr),
}

/// Which routes of the kernel's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRequest {
    /// IPv4 or IPv6.
    pub family: Family,
    /// The kernel table; `None` for the main one.
    pub table: Option<u32>,
    /// Only routes to this very prefix.
    pub exact: Option<Prefix>,
    /// Go on after this prefix; `None` starts.
    pub after: Option<Prefix>,
    /// At most about so many routes.
    pub limit: usize,
}

/// `clear bgp …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearRequest {
    /// Which peers.
    pub peers: ClearPeers,
    /// Which family; `None` for all.
    pub family: Option<Family>,
    /// What to do.
    pub action: ClearAction,
}

/// Which peers a `clear` is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClearPeers {
    /// All.
    All,
    /// This one.
    Address(IpAddr),
    /// Those of this AS.
    Asn(u32),
    /// External ones.
    External,
    /// Those of this peer group.
    Group(String),
}

/// What a `clear` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearAction {
    /// End the session (Cease/Administrative Reset) and start anew.
    Reset,
    /// Run import policy again: from what is kept, or by ROUTE-REFRESH.
    SoftIn,
    /// Announce everything again.
    SoftOut,
    /// Both.
    Soft,
}

/// The asked task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answering task has ended")]
pub struct Gone;

/// The asking end, cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    bgp: mpsc::Sender<BgpQuery>,
    kernel: mpsc::Sender<KernelQuery>,
    /// Nobody is there to be asked until there is a virtual router.
    gateway: Arc<OnceLock<mpsc::Sender<GatewayQuery>>>,
}

impl Door {
    /// A door and the two answering ends behind it.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<BgpQuery>, mpsc::Receiver<KernelQuery>) {
        let (bgp, bgp_queries) = mpsc::channel(WAITING);
        let (kernel, kernel_queries) = mpsc::channel(WAITING);
        (Self { bgp, kernel, gateway: Arc::default() }, bgp_queries, kernel_queries)
    }

    /// The same with a way to the gateway.
    #[must_use]
    pub fn with_gateway(self, gateway: Arc<OnceLock<mpsc::Sender<GatewayQuery>>>) -> Self {
        Self { gateway, ..self }
    }

    /// The instance and its peers.
    pub async fn instance(&self) -> Result<Option<Box<InstanceSnapshot>>, Gone> {
        ask(&self.bgp, BgpQuery::Instance).await
    }

    /// A page of the BGP table.
    pub async fn routes(&self, request: RouteRequest) -> Result<RoutePage, Gone> {
        ask(&self.bgp, |reply| BgpQuery::Routes(request, reply)).await
    }

    /// One route of the BGP table.
    pub async fn route(&self, lookup: RouteLookup) -> Result<Option<RouteSnapshot>, Gone> {
        ask(&self.bgp, |reply| BgpQuery::Route(lookup, reply)).await
    }

    /// Why the best path is the best.
    pub async fn explain(&self, lookup: RouteLookup) -> Result<Option<String>, Gone> {
        ask(&self.bgp, |reply| BgpQuery::Explain(lookup, reply)).await
    }

    /// Next hops of BGP paths.
    pub async fn next_hops(&self) -> Result<Vec<NextHopSnapshot>, Gone> {
        ask(&self.bgp, BgpQuery::NextHops).await
    }

    /// What the BGP tables cost.
    pub async fn memory(&self) -> Result<Vec<MemorySnapshot>, Gone> {
        ask(&self.bgp, BgpQuery::Memory).await
    }

    /// Resets or refreshes peers.
    pub async fn clear(&self, request: ClearRequest) -> Result<usize, Gone> {
        ask(&self.bgp, |reply| BgpQuery::Clear(request, reply)).await
    }

    /// A page of the routing table.
    pub async fn kernel_routes(&self, request: KernelRequest) -> Result<KernelPage, Gone> {
        ask(&self.kernel, |reply| KernelQuery::Routes(request, reply)).await
    }

    /// The route an address takes.
    pub async fn kernel_lookup(&self, address: IpAddr) -> Result<KernelPage, Gone> {
        ask(&self.kernel, |reply| KernelQuery::Lookup(address, reply)).await
    }

    /// Every interface.
    pub async fn interfaces(&self) -> Result<Vec<InterfaceSnapshot>, Gone> {
        ask(&self.kernel, KernelQuery::Interfaces).await
    }

    /// Every virtual router; none if nobody runs any.
    pub async fn virtual_routers(&self) -> Result<Vec<VirtualRouterSnapshot>, Gone> {
        match self.gateway.get() {
            Some(gateway) => ask(gateway, GatewayQuery::VirtualRouters).await,
            None => Ok(Vec::new()),
        }
    }

    /// Next hops under watch.
    pub async fn tracked(&self) -> Result<Vec<TrackedNextHop>, Gone> {
        ask(&self.kernel, KernelQuery::Tracked).await
    }
}

async fn ask<Q, T>(to: &mpsc::Sender<Q>, query: impl FnOnce(Reply<T>) -> Q) -> Result<T, Gone> {
    let (reply, answer) = oneshot::channel();
    to.send(query(reply)).await.map_err(|_| Gone)?;
    answer.await.map_err(|_| Gone)
}

/// Questions that may wait unanswered; more make the asker wait.
const WAITING: usize = 16;
