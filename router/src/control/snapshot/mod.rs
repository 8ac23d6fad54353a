//! What the show commands need to know, as plain owned data.
//!
//! The owners of the live state (speaker, kernel side) fill these on request and hand them over; nothing here
//! refers back to them. Ages are [`Duration`](core::time::Duration)s before the moment of the answer, so that a
//! snapshot needs no clock. Path attributes travel as the normalised block the table keeps (shared, not copied)
//! and are read by this room.

mod gateway;
mod instance;
mod kernel;
mod peer;
mod route;

pub use gateway::{FamilySnapshot, TrackSnapshot, VirtualRouterSnapshot};
pub use instance::{InstanceSnapshot, MemorySnapshot, NextHopSnapshot, TableSnapshot};
pub use kernel::{
    AddressSnapshot, InterfaceSnapshot, KernelNextHop, KernelPage, KernelRouteSnapshot, NextHopAction,
    RouteProtocol, TrackedNextHop,
};
pub use peer::{
    AddPathSnapshot, CapabilitySnapshot, Endpoints, FqdnSnapshot, GracefulRestartSnapshot, MessageCounts,
    NotificationSnapshot, PeerFamilySnapshot, PeerSnapshot, ResetReason, ResetSnapshot,
};
pub use route::{PathSnapshot, PathSource, RoutePage, RouteSnapshot, Selection};
