//! The site in the terminal: nodes and what their kernels hold, who holds the gateway and why, pings and what they lose,
//! and keys to break things.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossterm::event::{Event, KeyCode, KeyEventKind, poll, read};
use lab::daemon::Kind;
use lab::ping::Ping;
use lab::site::{Glance, Node, Power, Role, Share, Site};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};

/// Builds the site and shows it until the user leaves.
pub(crate) fn run(kind: Kind) -> Result<()> {
    println!("compiling (the first time takes minutes) and building the site, {kind} in every role …");
    let site = Site::build(kind)?;
    // Sessions first, so that the pings show what the user does and not the start.
    let settled = lab::eventually(Duration::from_secs(15), "every session is established", || {
        let glances = site.nodes().iter().map(lab::site::Node::glance).collect::<Result<Vec<_>>>()?;
        anyhow::ensure!(glances.iter().all(|glance| glance.established == glance.sessions), "{glances:?}");
        Ok(())
    });
    if settled.is_err() {
        println!("not every session is established yet");
    }
    let pings = site.pings(Duration::from_millis(100))?;
    let mut view = View {
        glances: Vec::new(),
        pings,
        events: VecDeque::new(),
        selected: 3,
        started: Instant::now(),
        site,
    };
    let mut terminal = ratatui::try_init().context("taking the terminal")?;
    terminal.clear().context("clearing the terminal")?;
    let ended = view.run(&mut terminal);
    ratatui::restore();
    ended
}

struct View {
    glances: Vec<Glance>,
    pings: Vec<Ping>,
    events: VecDeque<String>,
    selected: usize,
    started: Instant,
    site: Site,
}

/// What a key asks to be done to the selected node.
#[derive(Clone, Copy)]
enum Deed {
    Crash,
    CutPower,
    ShutDown,
    Revive,
}

impl View {
    fn run(&mut self, terminal: &mut ratatui::DefaultTerminal) -> Result<()> {
        let mut looked: Option<Instant> = None;
        loop {
            if looked.is_none_or(|at| at.elapsed() > Duration::from_millis(800)) {
                self.glances =
                    self.site.nodes().iter().map(|node| node.glance().unwrap_or_default()).collect();
                looked = Some(Instant::now());
            }
            terminal.draw(|frame| self.draw(frame)).context("drawing")?;
            if !poll(Duration::from_millis(200)).context("waiting for a key")? {
                continue;
            }
            let Event::Key(key) = read().context("reading a key")? else { continue };
            if key.kind != KeyEventKind::Press {
                continue;
            }
            match key.code {
                KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                KeyCode::Up => self.selected = self.selected.saturating_sub(1),
                KeyCode::Down => {
                    self.selected = (self.selected + 1).min(self.site.nodes().len().saturating_sub(1))
                }
                KeyCode::Char('c') => self.act(Deed::Crash),
                KeyCode::Char('k') => self.act(Deed::CutPower),
                KeyCode::Char('s') => self.act(Deed::ShutDown),
                KeyCode::Char('r') => self.act(Deed::Revive),
                _ => continue,
            }
            looked = None;
        }
    }

    fn act(&mut self, deed: Deed) {
        let Some(name) = self.site.nodes().get(self.selected).map(lab::site::Node::name) else { return };
        let (what, done) = match deed {
            Deed::Crash => ("daemon killed, the kernel forwards on", self.site.crash(name)),
            Deed::CutPower => ("power cut", self.site.cut_power(name)),
            Deed::ShutDown => ("shut down", self.site.shut_down(name)),
            Deed::Revive => ("revived", self.site.revive(name)),
        };
        let at = self.started.elapsed().as_secs();
        self.events.push_front(match done {
            Ok(()) => format!("{at:5} s  {name}: {what}"),
            Err(error) => format!("{at:5} s  {name}: {error:#}"),
        });
        self.events.truncate(50);
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let nodes = u16::try_from(self.site.nodes().len()).unwrap_or(u16::MAX);
        let pings = u16::try_from(self.pings.len()).unwrap_or(u16::MAX);
        let routers = u16::try_from(self.routers().count()).unwrap_or(u16::MAX);
        let heights = [
            Constraint::Length(nodes.saturating_add(3)),
            Constraint::Length(routers.saturating_add(3)),
            Constraint::Length(pings.saturating_add(3)),
            Constraint::Min(3),
            Constraint::Length(1),
        ];
        let [top, gateway, middle, bottom, keys] = Layout::vertical(heights).areas(frame.area());
        frame.render_widget(self.node_table(), top);
        frame.render_widget(self.gateway_table(), gateway);
        frame.render_widget(self.ping_table(), middle);
        let events: Vec<Line<'_>> = self.events.iter().map(|event| Line::raw(event.as_str())).collect();
        frame.render_widget(Paragraph::new(events).block(Block::bordered().title(" what was done ")), bottom);
        let help = " ↑↓ select   k cut power   c crash the daemon   s shut down   r revive   q quit";
        frame.render_widget(Paragraph::new(help).style(Style::new().add_modifier(Modifier::DIM)), keys);
    }

    fn node_table(&self) -> Table<'_> {
        let header = Row::new(["node", "", "sessions", "IPv4 routes", "IPv6 routes", "default by"]);
        let rows = self.site.nodes().iter().zip(&self.glances).enumerate().map(|(index, (node, glance))| {
            let (mark, color) = match node.power() {
                Power::On if glance.established < glance.sessions => ("●", Color::Yellow),
                Power::On => ("●", Color::Green),
                Power::Crashed => ("◐", Color::Magenta),
                Power::Off => ("○", Color::Red),
            };
            let gateways: Vec<String> = glance.default_gateways.iter().map(ToString::to_string).collect();
            let indent = match node.role() {
                Role::Internet => "",
                Role::Core => " ",
                Role::Router => "  ",
                Role::Host => "   ",
            };
            let row = Row::new([
                Cell::from(format!("{indent}{}", node.name())),
                Cell::from(Span::styled(mark, Style::new().fg(color))),
                Cell::from(format!("{}/{}", glance.established, glance.sessions)),
                Cell::from(glance.ipv4_routes.to_string()),
                Cell::from(glance.ipv6_routes.to_string()),
                Cell::from(gateways.join("  ")),
            ]);
            if index == self.selected {
                row.style(Style::new().add_modifier(Modifier::REVERSED))
            } else {
                row
            }
        });
        let widths = [14, 2, 10, 12, 12, 40].map(Constraint::Length);
        Table::new(rows, widths)
            .header(header.style(Style::new().add_modifier(Modifier::BOLD)))
            .block(Block::bordered().title(" the site: sessions and kernel routes "))
    }

    /// The routers, and what each shows of the gateway.
    fn routers(&self) -> impl Iterator<Item = (&Node, Option<&Glance>)> {
        let nodes = self.site.nodes().iter().enumerate();
        nodes
            .filter(|(_, node)| node.role() == Role::Router)
            .map(|(index, node)| (node, self.glances.get(index)))
    }

    fn gateway_table(&self) -> Table<'_> {
        let header = Row::new(["router", "IPv4", "priority", "IPv6", "priority", "last change"]);
        let rows = self.routers().map(|(node, glance)| {
            let shares = glance.and_then(|glance| glance.shares.as_ref());
            let state = |share: &Share| match share.is_active {
                true => Cell::from(Span::styled("holds it", Style::new().fg(Color::Green))),
                false => Cell::from(share.state.clone()),
            };
            let cells = match shares {
                None => ["–", "", "–", "", ""].map(Cell::from),
                Some([v4, v6]) => [
                    state(v4),
                    Cell::from(v4.priority.to_string()),
                    state(v6),
                    Cell::from(v6.priority.to_string()),
                    Cell::from(reasons(v4, v6)),
                ],
            };
            Row::new(std::iter::once(Cell::from(node.name())).chain(cells))
        });
        let widths = [14, 12, 10, 12, 10, 60].map(Constraint::Length);
        Table::new(rows, widths)
            .header(header.style(Style::new().add_modifier(Modifier::BOLD)))
            .block(Block::bordered().title(" the hosts' gateway, 198.51.100.1 and 2001:db8:100::1 "))
    }

    fn ping_table(&self) -> Table<'_> {
        let header = Row::new(["to", "sent", "lost", "longest gap", ""]);
        let rows = self.pings.iter().map(|ping| {
            let loss = ping.so_far();
            let fine = if ping.stalled() { ("no answer", Color::Red) } else { ("answers", Color::Green) };
            Row::new([
                Cell::from(ping.target().to_string()),
                Cell::from(loss.sent.to_string()),
                Cell::from(loss.lost().to_string()),
                Cell::from(format!("{} ms", loss.longest().as_millis())),
                Cell::from(Span::styled(fine.0, Style::new().fg(fine.1))),
            ])
        });
        Table::new(rows, [24, 8, 8, 14, 12].map(Constraint::Length))
            .header(header.style(Style::new().add_modifier(Modifier::BOLD)))
            .block(Block::bordered().title(" pings from behind the provider and back "))
    }
}

/// Why each family is in its state; once when the two say the same.
fn reasons(v4: &Share, v6: &Share) -> String {
    match v4.reason == v6.reason {
        true => v4.reason.clone(),
        false => format!("{}; IPv6: {}", v4.reason, v6.reason),
    }
}
