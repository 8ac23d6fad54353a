//! The core paths that are measured, each a piece of work that can be repeated: timed by `paths`, counted in
//! instructions by `counts`.
//!
//! A piece of work is a state, what makes it ready, and the work itself; only the last is measured. All of them
//! work on the made-up table of `benches::table`, which has a real one's shape and is the same on every run.

mod config;
mod gateway;
mod policy;
mod rib;
mod sample;
mod session;
mod wire;

/// A core path.
#[derive(Clone, Copy)]
pub struct Path {
    /// What it is, `room: what is done`.
    pub name: &'static str,
    /// What there are several of in one repetition.
    pub unit: &'static str,
    /// Makes the state.
    pub begin: fn() -> Work,
}

/// A core path that can be walked.
pub struct Work {
    /// How many units one repetition has.
    pub units: usize,
    steps: Box<dyn Steps>,
}

impl Work {
    /// Work on `state`: `ready` before each repetition, `run` is what counts. What `run` returns depends on all
    /// that it does, so that none of it can be left out.
    pub fn new<S: 'static>(units: usize, state: S, ready: fn(&mut S), run: fn(&mut S) -> usize) -> Self {
        Self { units, steps: Box::new(State { state, ready, run }) }
    }

    /// Makes the next repetition ready.
    pub fn ready(&mut self) {
        self.steps.ready();
    }

    /// The work itself.
    pub fn run(&mut self) -> usize {
        self.steps.run()
    }
}

trait Steps {
    fn ready(&mut self);
    fn run(&mut self) -> usize;
}

struct State<S> {
    state: S,
    ready: fn(&mut S),
    run: fn(&mut S) -> usize,
}

impl<S> Steps for State<S> {
    fn ready(&mut self) {
        (self.ready)(&mut self.state);
    }

    fn run(&mut self) -> usize {
        (self.run)(&mut self.state)
    }
}

/// Every path that is measured.
pub const PATHS: &[Path] = &[
    Path { name: "wire: check and visit UPDATEs", unit: "prefix", begin: wire::check },
    Path { name: "wire: write UPDATEs", unit: "prefix", begin: wire::write },
    Path { name: "wire: check an OPEN", unit: "OPEN", begin: wire::open },
    Path { name: "session: a read's worth of UPDATEs", unit: "prefix", begin: session::read },
    Path { name: "rib: import, all new", unit: "prefix", begin: rib::import_new },
    Path { name: "rib: import, known sets", unit: "UPDATE", begin: rib::import_known },
    Path { name: "rib: import, other sets", unit: "UPDATE", begin: rib::import_other },
    Path { name: "rib: decide between four paths", unit: "prefix", begin: rib::decide },
    Path { name: "rib: export to a new peer", unit: "prefix", begin: rib::export },
    Path { name: "rib: lose a feed, tell a peer", unit: "prefix", begin: rib::lose },
    Path { name: "policy: route-map with lists", unit: "prefix", begin: policy::evaluate },
    Path { name: "vrrp: check a packet", unit: "packet", begin: gateway::check },
    Path { name: "vrrp: a Backup hears its Active", unit: "packet", begin: gateway::step },
    Path { name: "config: read an frr.conf", unit: "line", begin: config::load },
    Path { name: "vty: split and answer commands", unit: "command", begin: config::vty },
];
