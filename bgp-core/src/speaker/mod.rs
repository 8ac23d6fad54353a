//! Every peer and the RIB behind one door.
//!
//! The speaker numbers peers and sessions, decides whom to dial and whom to let in, which of two connections
//! survives, what a peer's end means for its routes, and what a new configuration changes. It owns the RIB; it
//! owns no session: a [`Session`](crate::session) goes to whoever carries the connection's octets, and comes back
//! as events.
//!
//! ```text
//!  handle_start(now)                         poll_dial()         -> Option<DialOrder>
//!  handle_dial_failed(PeerId, now)           poll_command()      -> Option<(SessionId, SessionCommand)>
//!  handle_connected(Link, now)               poll_fib()          -> Option<FibChange>
//!      -> Option<(SessionId, Session)>       poll_next_hop()     -> Option<NextHopInterest>
//!  handle_event(SessionId, SessionEvent, now)poll_network_watch()-> Option<NetworkWatch>
//!  handle_stats(SessionId, SessionStats)     poll_event()        -> Option<SpeakerEvent>
//!  handle_sent(SessionId, octets)            poll_timeout()      -> Option<(Instant, SpeakerTimer)>
//!  handle_next_hop(IpAddr, NextHopState, now)
//!  handle_network(Prefix, Presence, now)     peers() / peer(IpAddr) -> PeerView
//!  handle_reload(Arc<Config>, now)           rib()               -> &Rib   (read side, for show)
//!      -> ReloadSummary
//!  handle_timeout(now)                       run(budget, now)    -> Progress
//!  set_advertised(OwnerId, routes)           clear(IpAddr, Clear, now) -> bool
//!  set_redistributed(RouteSource, Family, routes)
//!  shutdown(now)
//! ```

mod collision;
pub mod config;
mod dial;
mod link;
mod random;
mod reload;
mod timer;

pub use link::{Dial, DialOrder, Direction, Link, LinkInterface, NetworkWatch, Presence};
pub use reload::{Effect, FAMILY_ROWS, INSTANCE_ROWS, PEER_ROWS, PeerChange, Refresh, ReloadSummary, Row};
pub use timer::SpeakerTimer;
