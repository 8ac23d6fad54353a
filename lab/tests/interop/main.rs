//! Ours against the real daemons, each in network namespaces of its own.
//!
//! `LAB_DUT=frr` (or `bird` …) puts another implementation in our place: a test that then fails asks too much, or
//! shows where the implementations differ. `LAB_REQUIRE=1` makes a peer that is not installed a failure; otherwise
//! its tests say so and pass. The tests mostly wait: run them with many threads (`--test-threads 8`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// A module of one test for each peer, from `fn name(lab: &Lab, peer: Kind) -> Result<()>`.
macro_rules! every_peer {
    ($body:ident) => {
        every_peer!($body: Bird bird, Frr frr, GoBgp gobgp, OpenBgpd openbgpd, ExaBgp exabgp);
    };
    ($body:ident: $($kind:ident $name:ident),+) => {
        mod $body {
            $(#[test]
            fn $name() {
                let kind = lab::daemon::Kind::$kind;
                if kind.available().expect("a peer that is required") {
                    lab::run(concat!(stringify!($body), " ", stringify!($name)), |lab| super::$body(lab, kind));
                }
            })+
        }
    };
}

mod accept;
mod collision;
mod death;
mod ecmp;
mod example;
mod exchange;
mod gateway;
mod gateway_crowd;
mod gateway_flood;
mod gateway_modes;
mod gateway_takeover;
mod gateway_tracking;
mod gateway_wire;
mod hostile;
mod interface;
mod next_hop;
mod owner;
mod pair;
mod policy;
mod restart;
mod roles;
mod router_advert;
mod two_octet;
mod vtysh;
