//! Placeholder until this room lands; the values at its doors are settled in [`facts`].
//!
//! ```text
//! Rib::new(&Config, seed: u64)            reconfigure(&Config, now)
//! peer_up(PeerId, RibPeer, now)           peer_down(PeerId, Retain, now)
//! peer_changed(PeerId, Arc<PeerConfig>, now) -> FamilySet     // ask the peer for ROUTE-REFRESH in these
//! sweep_stale(PeerId, Family)             mark_stale(PeerId, Family)        // EoR after GR / EoRR; BoRR
//! handle_update(PeerId, &Update<'_>, now) -> Received
//! handle_refresh(PeerId, Family)
//! handle_next_hop(IpAddr, NextHopState)
//! set_advertised(OwnerId, impl IntoIterator<Item = LocalRoute>, now)
//! resync_fib()                            // every installed route is offered again by poll_fib
//! run(budget: usize) -> Progress
//! poll_fib() -> Option<FibChange>         poll_next_hop() -> Option<NextHopInterest>
//! poll_transmit() -> Option<(PeerId, Bytes)>    handle_sent(PeerId, octets: usize)
//! prefix(&Prefix) / longest_match(IpAddr) -> Option<RouteView<'_>>
//! page(Family, after: Option<Prefix>, n) -> Vec<RouteView<'_>>      // in the order of prefixes
//! advertised(PeerId, &Prefix) -> Option<..>    explain(&Prefix) -> Vec<..>
//! fib_route(&Prefix) -> Option<Arc<FibRoute>>
//! peer_counts(PeerId, Family) -> PeerCounts     totals(Family) -> Totals
//! ```

mod facts;

pub use facts::{
    FibChange, FibNextHop, FibRoute, LocalAddresses, LocalRoute, MaxPrefixOutcome, MaxPrefixVerdict,
    NextHopInterest, NextHopState, OwnerId, PeerCounts, Progress, Received, Retain, RibPeer, Totals,
};
