//! What a host loses while its gateway moves: a host, three routers that share the gateway, and a far host.
//!
//! ```text
//!            r1 (200)
//!   host ──┬─ r2 (150) ─┬── far        requests: host ─▶ Active ─▶ far, and host ─▶ the virtual address itself
//!         lan r3 (100) wan             answers:  far ─▶ r3 ─▶ host, which do not depend on who is Active
//! ```
//!
//! A [`Bench`] breaks the first router in one [`Case`], watches until the second has the gateway, mends it and watches
//! until the first has it again. Four probes run meanwhile, and an ear hears all advertisements, so that the time of a
//! death can be told from its last advertisement on: Active_Down_Interval (RFC 9568 §6.1) is what that must cost, and
//! what comes on top is the implementation's and the kernel's.

mod adverts;
mod report;

use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

pub use self::adverts::{Advert, Adverts};
pub use self::report::Summary;
use crate::expect::eventually;
use crate::gateway::{Member, Plan, Router, V4, V6};
use crate::namespace::Namespace;
use crate::probe::{Probe, Record};
use crate::topology::{Lab, Segment};

/// What is measured with.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Who the routers are.
    pub member: Member,
    /// Between two advertisements, in milliseconds.
    pub interval: u32,
    /// Between two requests of a probe.
    pub pace: Duration,
}

/// How the Active loses the gateway, or gets it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// Its power fails: SIGKILL, and both cables are cut in the same instant.
    Death,
    /// The switch's port to it goes down; its program lives and sees that.
    Cut,
    /// SIGKILL, and nothing else: its kernel forwards on.
    Kill,
    /// SIGTERM.
    Stop,
    /// It is back, with the highest priority.
    Return,
}

/// An IP version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Family {
    V4,
    V6,
}

/// Where a probe's requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Through the gateway.
    Through,
    /// To the virtual address.
    To,
}

/// What one probe has seen of one case.
#[derive(Clone, Debug)]
pub struct Measure {
    /// What happened.
    pub case: Case,
    /// Which probe.
    pub family: Family,
    /// Which probe.
    pub way: Way,
    /// Everything it sent.
    pub record: Record,
    /// From the last advertisement of the Active that died to the first answer by the next.
    pub outage: Option<Duration>,
}

/// The network, its routers and the ear.
pub struct Bench {
    setting: Setting,
    lan: Segment,
    wan: Segment,
    host: Namespace,
    first: Router,
    _others: [Router; 2],
    adverts: Adverts,
}

impl Family {
    /// IPv4 and IPv6.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];
}

impl Case {
    /// Whether the next router can only know by the silence.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Death | Self::Cut)
    }
}

impl Setting {
    /// Active_Down_Interval of the second router (RFC 9568 §6.1).
    #[must_use]
    pub fn active_down(&self) -> Duration {
        self.interval() * 3 + self.interval() * u32::from(u8::MAX - PRIORITIES[1] + 1) / 256
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval))
    }
}

impl Bench {
    /// Builds it and waits until the first router holds the gateway.
    pub fn build(lab: &Lab, setting: Setting) -> Result<Self> {
        let label = |name: &str| format!("{name}-{}", setting.interval);
        let (lan, wan) = (lab.segment(&label("lan"))?, lab.segment(&label("wan"))?);
        // In the order of the switches' ports: router N is at the port before N.
        let [first, second, third] = [1, 2, 3].map(|number| -> Result<Namespace> {
            let router = lab.namespace(&label(&format!("r{number}")))?;
            attach((&lan, "eth0", "10.0.0", "2001:db8:"), &router, number)?;
            attach((&wan, "wan0", "10.2.0", "2001:db8:2:"), &router, number)?;
            router.forward()?;
            Ok(router)
        });
        let (host, far) = (lab.namespace(&label("host"))?, lab.namespace(&label("far"))?);
        attach((&lan, "eth0", "10.0.0", "2001:db8:"), &host, 9)?;
        attach((&wan, "wan0", "10.2.0", "2001:db8:2:"), &far, 9)?;
        for route in [format!("default via {V4}"), format!("default via {V6}")] {
            host.ip(&format!("route add {route}"))?;
        }
        far.ip("route add 10.0.0.0/24 via 10.2.0.3")?;
        far.ip("route add 2001:db8::/64 via 2001:db8:2::3")?;
        let adverts = Adverts::listen(&host, "eth0")?;
        let start = |namespace: Result<Namespace>, priority| {
            Router::start(&namespace?, setting.member, Plan::new(priority).every(setting.interval))
        };
        let [one, two, three] = PRIORITIES;
        let others = [start(second, two)?, start(third, three)?];
        let first = start(first, one)?;
        let bench = Self { setting, lan, wan, host, first, _others: others, adverts };
        bench.await_first()?;
        Ok(bench)
    }

    /// Breaks the first router, `phase` of an interval after an advertisement, and mends it; what the probes saw of
    /// the one and of the other.
    pub fn run(&mut self, case: Case, phase: f64) -> Result<Vec<Measure>> {
        let probes = self.probe()?;
        sleep(LEAD);
        self.adverts.await_next()?;
        sleep(self.setting.interval().mul_f64(phase));
        self.break_first(case)?;
        self.adverts.await_active(PRIORITIES[1], self.setting.interval())?;
        sleep(if case == Case::Kill { AFTERMATH } else { TRAIL });
        let mut measures = self.collect(case, probes)?;

        let probes = self.probe()?;
        sleep(LEAD);
        self.mend_first(case)?;
        self.await_first()?;
        sleep(TRAIL);
        measures.extend(self.collect(Case::Return, probes)?);
        Ok(measures)
    }

    fn await_first(&self) -> Result<()> {
        // A little more than an interval, so that somebody else who advertises is heard.
        self.adverts.await_active(PRIORITIES[0], self.setting.interval().mul_f64(1.2))
    }

    fn probe(&self) -> Result<Vec<(Family, Way, Probe)>> {
        let targets = [
            (Family::V4, Way::Through, "10.2.0.9"),
            (Family::V4, Way::To, V4),
            (Family::V6, Way::Through, "2001:db8:2::9"),
            (Family::V6, Way::To, V6),
        ];
        let start = |(family, way, target): (Family, Way, &str)| -> Result<_> {
            let target: IpAddr = target.parse().context("a target")?;
            Ok((family, way, Probe::start(&self.host, target, self.setting.pace)?))
        };
        targets.into_iter().map(start).collect()
    }

    fn break_first(&mut self, case: Case) -> Result<()> {
        match case {
            Case::Death => {
                // The cables first: a kernel that buries a process may still say something.
                self.cables("down")?;
                self.first.kill();
                Ok(())
            }
            Case::Cut => cable(&self.lan, "down"),
            Case::Kill => {
                self.first.kill();
                Ok(())
            }
            Case::Stop => self.first.terminate(),
            Case::Return => Ok(()),
        }
    }

    fn mend_first(&mut self, case: Case) -> Result<()> {
        self.cables("up")?;
        // A switch may take a second to notice a cable, which is not to be counted.
        for segment in [&self.lan, &self.wan] {
            eventually(PLUG, "the switch forwards", || {
                let shown = segment.switch().ip("-d link show port0")?;
                ensure!(shown.contains("state forwarding"), "{shown}");
                Ok(())
            })?;
        }
        match case {
            Case::Cut | Case::Return => Ok(()),
            Case::Death | Case::Kill | Case::Stop => self.first.start_again(),
        }
    }

    fn cables(&self, state: &str) -> Result<()> {
        [&self.lan, &self.wan].into_iter().try_for_each(|segment| cable(segment, state))
    }

    fn collect(&self, case: Case, probes: Vec<(Family, Way, Probe)>) -> Result<Vec<Measure>> {
        let measure = |(family, way, probe): (Family, Way, Probe)| -> Result<Measure> {
            let record = probe.finish()?;
            let outage = record.silence().filter(|_| case.is_silent()).and_then(|silence| {
                let said = self.adverts.last(family, PRIORITIES[0], silence.until)?;
                Some(silence.until.duration_since(said))
            });
            Ok(Measure { case, family, way, record, outage })
        };
        probes.into_iter().map(measure).collect()
    }
}

fn attach(
    (segment, interface, v4, v6): (&Segment, &str, &str, &str),
    namespace: &Namespace,
    number: u8,
) -> Result<()> {
    let [v4, v6] = [format!("{v4}.{number}/24"), format!("{v6}:{number}/64")];
    segment.attach(namespace, interface, &[&v4, &v6])
}

/// The first router's.
fn cable(segment: &Segment, state: &str) -> Result<()> {
    segment.switch().ip(&format!("link set port0 {state}")).map(drop)
}

/// How long a switch may take.
const PLUG: Duration = Duration::from_secs(5);
/// Of the three routers.
const PRIORITIES: [u8; 3] = [200, 150, 100];
/// How long the probes run before anything happens.
const LEAD: Duration = Duration::from_millis(300);
/// And after the gateway has moved, for what comes late.
const TRAIL: Duration = Duration::from_millis(700);
/// The kernel of a killed program keeps the addresses for up to 4 s, and what it does then belongs to the case.
const AFTERMATH: Duration = Duration::from_millis(3000);
