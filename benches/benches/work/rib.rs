//! The tables: in, decided, out, and gone.

use std::sync::Arc;

use bgp_core::Instant;
use bgp_core::policy::PrefixList;
use bgp_core::rib::{NextHopState, Progress, Retain, Rib};
use bgp_core::speaker::config::PeerFamilyConfig;

use super::Work;
use super::sample::{PREFIXES, bodies, config, messages, peer_id, rib_peer, updates};

/// The tables, and what is fed to them.
struct Tables {
    rib: Rib,
    /// What each feed says, first and otherwise.
    feeds: Vec<[Vec<u8>; 2]>,
    turn: usize,
}

const FEED: u8 = 1;
const LISTENER: u8 = 9;

/// Neither a prefix nor an attribute set of the table is known.
pub(crate) fn import_new() -> Work {
    let begin = |state: &mut Tables| state.rib = rib_of(1, PeerFamilyConfig::default);
    Work::new(PREFIXES, tables(1, PeerFamilyConfig::default), begin, |state| import(state, FEED))
}

/// The table is said again, word for word.
pub(crate) fn import_known() -> Work {
    let mut state = tables(1, PeerFamilyConfig::default);
    let units = bodies(&state.feeds[0][0]).count();
    import(&mut state, FEED);
    let ready = |state: &mut Tables| {
        settle(&mut state.rib);
    };
    Work::new(units, state, ready, |state| import(state, FEED))
}

/// The table is said again with attributes that nobody has; the sets of before go.
pub(crate) fn import_other() -> Work {
    let mut state = tables(1, PeerFamilyConfig::default);
    let units = bodies(&state.feeds[0][0]).count();
    import(&mut state, FEED);
    let ready = |state: &mut Tables| {
        settle(&mut state.rib);
        state.turn += 1;
    };
    Work::new(units, state, ready, |state| import(state, FEED))
}

/// One of four feeds has said everything otherwise. Nobody is told.
pub(crate) fn decide() -> Work {
    let silent = || {
        let mut family = PeerFamilyConfig::default();
        family.export.prefix_list = Some(Arc::new(PrefixList::new("NONE", Vec::new())));
        family
    };
    let mut state = tables(4, silent);
    (1..=4).for_each(|number| {
        import(&mut state, number);
    });
    let ready = |state: &mut Tables| {
        settle(&mut state.rib);
        state.turn += 1;
        import(state, FEED);
    };
    let decide = |state: &mut Tables| {
        while state.rib.run(PREFIXES) == Progress::More {}
        state.rib.totals(bgp_core::Family::Ipv4Unicast).prefixes
    };
    Work::new(PREFIXES, state, ready, decide)
}

/// A peer comes up when all is decided and is told everything.
pub(crate) fn export() -> Work {
    let mut state = tables(1, PeerFamilyConfig::default);
    import(&mut state, FEED);
    let ready = |state: &mut Tables| {
        state.rib.peer_down(peer_id(LISTENER), Retain::Nothing);
        settle(&mut state.rib);
        state.rib.peer_up(peer_id(LISTENER), rib_peer(LISTENER, PeerFamilyConfig::default()));
    };
    Work::new(PREFIXES, state, ready, |state| settle(&mut state.rib))
}

/// The only feed is gone, and a peer that was told of it is told of that.
pub(crate) fn lose() -> Work {
    let ready = |state: &mut Tables| {
        state.rib = rib_of(1, PeerFamilyConfig::default);
        state.rib.peer_up(peer_id(LISTENER), rib_peer(LISTENER, PeerFamilyConfig::default()));
        import(state, FEED);
        settle(&mut state.rib);
    };
    let lose = |state: &mut Tables| {
        state.rib.peer_down(peer_id(FEED), Retain::Nothing);
        settle(&mut state.rib)
    };
    Work::new(PREFIXES, tables(1, PeerFamilyConfig::default), ready, lose)
}

fn tables(feeds: u8, family: fn() -> PeerFamilyConfig) -> Tables {
    let said = |number: u8| [u64::from(number), 100 + u64::from(number)].map(|seed| messages(number, seed));
    Tables { rib: rib_of(feeds, family), feeds: (1..=feeds).map(said).collect(), turn: 0 }
}

fn rib_of(feeds: u8, family: fn() -> PeerFamilyConfig) -> Rib {
    let mut rib = Rib::new(&config(), 1);
    for number in 1..=feeds {
        rib.peer_up(peer_id(number), rib_peer(number, family()));
    }
    rib
}

/// A feed says what it has to say this turn.
fn import(state: &mut Tables, number: u8) -> usize {
    let said = &state.feeds[usize::from(number) - 1][state.turn % 2];
    updates(said).fold(0, |count, update| {
        let received = state.rib.handle_update(peer_id(number), &update, Instant::START);
        count + usize::from(received.end_of_rib.is_none())
    })
}

/// Does all there is to do; says how many octets went out.
fn settle(rib: &mut Rib) -> usize {
    let mut sent = 0;
    loop {
        let progress = rib.run(8192);
        while let Some(interest) = rib.poll_next_hop() {
            rib.handle_next_hop(interest.addr, NextHopState::Reachable { metric: 0, connected: true });
        }
        while let Some((to, chunk)) = rib.poll_transmit() {
            sent += chunk.len();
            rib.handle_sent(to, chunk.len());
        }
        while rib.poll_fib().is_some() {}
        if progress == Progress::Idle {
            return sent;
        }
    }
}
