//! The two namespaces of one measurement, made afresh for each: the router's and the peers', with one cable.

use anyhow::{Context, Result};
use lab::{Lab, Namespace};

use crate::plan::{Plan, ROUTER, ROUTER6};

/// The namespaces; removed when it is dropped, with all that runs in them.
pub struct Rig {
    /// Where the router runs.
    pub router: Namespace,
    /// Where the loader's sockets are.
    pub peers: Namespace,
    _lab: Lab,
}

impl Rig {
    /// With an address for every peer of the plan.
    ///
    /// # Errors
    ///
    /// Without the rights to make namespaces.
    pub fn new(plan: &Plan) -> Result<Self> {
        let lab = Lab::new("full-table")?;
        let (router, peers) = (lab.namespace("router")?, lab.namespace("peers")?);
        let (near, near6) = (format!("{ROUTER}/16"), format!("{ROUTER6}/64"));
        lab.link((&router, "eth0", &[&near, &near6]), (&peers, "eth0", &[]))?;
        let mut lines = String::new();
        for (_, who) in plan.all_peers() {
            lines.push_str(&format!("address add {}/16 dev eth0\n", who.address));
            lines.push_str(&format!("address add {}/64 dev eth0 nodad\n", who.address6));
        }
        let file = peers.dir()?.join("addresses");
        std::fs::write(&file, lines).context("writing the addresses")?;
        peers.run("ip", &["-batch", &file.display().to_string()])?;
        Ok(Self { router, peers, _lab: lab })
    }
}
