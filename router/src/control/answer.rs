//! From a command to its answer: what to ask, which file of `show` writes it, and what to say when BGP is off.

use frr_bridge::vty::codec::Status;

use super::Control;
use super::clock::Moment;
use super::command::{Command, Daemon, Format, NeighborRoutes, Style, TableFilter};
use super::door::RouteView;
use super::output::{Output, Stop};
use super::show::announced::Announced;
use super::show::summary::Summary;
use super::show::table::Table;
use super::show::{
    announced, instance, interface, kernel_route, neighbors, next_hop, prefix, statistics, summary, table,
    virtual_router,
};
use super::snapshot::InstanceSnapshot;

impl Control {
    /// Writes the answer to a command that came in on the socket of `daemon`.
    pub(super) async fn answer(
        &self,
        daemon: Daemon,
        command: Command,
        out: &mut Output,
    ) -> Result<Status, Stop> {
        match command {
            Command::KernelTable { family, filter, all_vrfs, format } => {
                kernel_route::render(&self.door, (family, filter), (format, all_vrfs), out).await?;
            }
            Command::KernelSummary { family, format } => {
                kernel_route::render_summary(&self.door, family, format, out).await?;
            }
            Command::KernelRoute { lookup, format } => {
                kernel_route::render_one(&self.door, lookup, format, out).await?;
            }
            Command::Interfaces { name, format } => {
                let interfaces = self.door.interfaces().await?;
                interface::render(&interfaces, name.as_deref(), format, out.text())?;
            }
            Command::InterfacesBrief(format) => {
                interface::render_brief(&self.door.interfaces().await?, format, out.text())?;
            }
            Command::Tracked { family, address } => {
                next_hop::render_tracked(&self.door.tracked().await?, (family, address), out.text())?;
            }
            Command::VirtualRouters { interface, vrid, format } => {
                let mut routers = self.door.virtual_routers().await?;
                routers.retain(|router| {
                    interface.as_ref().is_none_or(|name| router.interface == *name)
                        && vrid.is_none_or(|vrid| router.vrid == vrid)
                });
                virtual_router::render(&routers, format, out.text())?;
            }
            Command::VirtualRoutersBrief => {
                virtual_router::render_brief(&self.door.virtual_routers().await?, out.text())?;
            }
            Command::Version => instance::render_version(&self.host_name, &self.kernel, out.text())?,
            Command::Daemons => out.text().push_str(" zebra bgpd vrrpd staticd\n"),
            Command::RunningConfig => out.text().push_str(&(self.running)(daemon)),
            Command::Nothing => {}
            Command::Say { text, status } => {
                out.text().push_str(text);
                return Ok(Status(status));
            }
            command => return self.answer_bgp(command, out).await,
        }
        Ok(Status::SUCCESS)
    }

    async fn answer_bgp(&self, command: Command, out: &mut Output) -> Result<Status, Stop> {
        let instance = self.door.instance().await?;
        if let Command::Vrfs(format) = command {
            instance::render_vrfs(instance.as_deref(), format, out.text())?;
            return Ok(Status::SUCCESS);
        }
        match instance {
            Some(instance) => self.answer_instance(command, &instance, out).await?,
            None => out.text().push_str(absence(&command)),
        }
        Ok(Status::SUCCESS)
    }

    async fn answer_instance(
        &self,
        command: Command,
        instance: &InstanceSnapshot,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let at = Moment::of((self.clock)());
        match command {
            Command::Summary { scope, peers, style } => {
                summary::render(instance, Summary { scope, peers, style }, at, out.text())?;
            }
            Command::Neighbors { peer, family, format } => {
                neighbors::render(instance, (peer.as_deref(), family), format, at, out.text())?;
            }
            Command::NeighborRoutes { peer, family, routes, style } => {
                self.answer_neighbor(instance, &peer, Announced { family, routes, style }, out).await?;
            }
            Command::PrefixCounts { peer, family, format } => {
                let style = if format == Format::Json { Style::Json } else { Style::Text };
                if let Some(peer) = announced::find(instance, &peer, family, (style, out.text()))? {
                    announced::render_counts(peer, family, format, out.text())?;
                }
            }
            Command::Table { family, filter, style } => {
                let table = Table { family, view: RouteView::Table, filter, style };
                table::render(&self.door, instance, &table, out).await?;
            }
            Command::Route { lookup, paths, format } => {
                let route = self.door.route(lookup).await?;
                prefix::render(route.as_ref(), paths, (format, at), out.text())?;
            }
            Command::Explain(lookup) => {
                let text = self.door.explain(lookup).await?;
                out.text().push_str(text.as_deref().unwrap_or("% Network not in table\n"));
            }
            Command::BgpMemory => instance::render_memory(&self.door.memory().await?, out.text())?,
            Command::Statistics { family, format } => {
                statistics::render(&self.door, family, format, out).await?;
            }
            Command::BgpNextHops => next_hop::render_bgp(&self.door.next_hops().await?, at, out.text())?,
            Command::Clear(request) => {
                let concerned = self.door.clear(request).await?;
                out.text().push_str(if concerned == 0 { "% No such neighbor\n" } else { "" });
            }
            // The rest needs no instance and has been answered.
            _ => {}
        }
        Ok(())
    }

    async fn answer_neighbor(
        &self,
        instance: &InstanceSnapshot,
        name: &str,
        asked: Announced,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let Announced { family, routes, style } = asked;
        let Some(peer) = announced::find(instance, name, family, (style, out.text()))? else { return Ok(()) };
        if routes == NeighborRoutes::Accepted {
            let view = RouteView::From(peer.address);
            let table = Table { family, view, filter: TableFilter::All, style };
            return table::render(&self.door, instance, &table, out).await;
        }
        announced::render(&self.door, instance, peer, (asked, out)).await
    }
}

/// What is said when no `router bgp` is configured.
fn absence(command: &Command) -> &'static str {
    let (is_json, is_about_peers) = match command {
        Command::Summary { style, .. } => (style.is_json(), true),
        Command::Neighbors { format, .. } => (*format == Format::Json, true),
        Command::NeighborRoutes { style, .. } | Command::Table { style, .. } => (style.is_json(), false),
        Command::Route { format, .. } | Command::PrefixCounts { format, .. } => {
            (*format == Format::Json, false)
        }
        _ => (false, false),
    };
    match (is_json, is_about_peers) {
        (true, true) => "{}\n",
        (true, false) => "{\n  \"warning\":\"Default BGP instance not found\"\n}\n",
        (false, true) => "% BGP instance not found\n",
        (false, false) => "Default BGP instance not found\n",
    }
}
