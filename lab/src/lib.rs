//! Network-namespace laboratories: small networks of real daemons on one machine.
//!
//! ```text
//! Lab ──owns──▶ Namespace ──runs──▶ Process            (zebra, bird, ridgeway, ping, tcpdump …)
//!  │                ▲                   ▲
//!  └─▶ Segment ─────┘ veth           daemon::* : one Spec rendered for six BGP implementations
//! ```
//!
//! The interop tests and the demo (`cargo run --release -p lab`) are both written on it. A [`Lab`] removes
//! everything that it made when it is dropped, and also what a lab that was killed has left behind. It works as
//! root, and unprivileged where the kernel allows user namespaces: then the process starts itself again inside one
//! ([`sandbox`]).
//!
//! A test reads:
//!
//! ```no_run
//! use lab::daemon::{self, Kind, Neighbor, Route, Spec};
//!
//! lab::run("two_daemons_exchange_a_route", |lab| {
//!     let (a, b) = (lab.namespace("a")?, lab.namespace("b")?);
//!     lab.link((&a, "eth0", &["10.0.0.1/24"]), (&b, "eth0", &["10.0.0.2/24"]))?;
//!     let ours = Spec::new(65001, "10.0.0.1").neighbor(Neighbor::new("10.0.0.2", 65002));
//!     let theirs = Spec::new(65002, "10.0.0.2")
//!         .neighbor(Neighbor::new("10.0.0.1", 65001))
//!         .route(Route::new("198.51.100.0/24").via("10.0.0.2"));
//!     let dut = daemon::start(Kind::Ridgeway, &a, &ours)?;
//!     let _peer = daemon::start(Kind::Bird, &b, &theirs)?;
//!     dut.await_route("10.0.0.2", "198.51.100.0/24")
//! });
//! ```

pub mod binary;
pub mod capture;
pub mod daemon;
pub mod expect;
pub mod failover;
pub mod frames;
pub mod gateway;
pub mod namespace;
pub mod ping;
pub mod probe;
pub mod process;
pub mod raw_peer;
pub mod sandbox;
pub mod site;
pub mod topology;

pub use expect::{eventually, holds_for};
pub use namespace::{KernelRoute, Namespace};
pub use process::Process;
pub use raw_peer::RawPeer;
pub use topology::{Lab, Segment, run};
