//! One prefix, announced and withdrawn as fast as TCP takes it.

use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lab::raw_peer::{KEEPALIVE, Open, ROUTE_REFRESH, Table, message, origin_as, update};
use lab::{Lab, RawPeer, run};

use super::{
    Arena, DUT, Figures, HONEST, HOSTILE, HOSTILE_AS, RANGE, announcement, megabytes, neighbor, open,
    read_until,
};

#[test]
fn a_prefix_that_flaps_at_full_speed_costs_nobody_else_anything() {
    run("storm", |lab| storm(lab, Duration::from_secs(5)));
}

/// For figures, with the release binary in `RIDGEWAY_BIN`: `-- --ignored --nocapture a_minute_of_flapping`.
#[test]
#[ignore = "takes a minute"]
fn a_minute_of_flapping() {
    run("storm", |lab| storm(lab, Duration::from_secs(60)));
}

/// RFC 4271 §4.4: whoever sends as fast as TCP takes it still hears from us in time. KEEPALIVEs cost the least to
/// send, and nobody's inbox is ever full of them.
#[test]
fn a_peer_that_never_pauses_still_hears_our_keepalives() {
    run("no pause", |lab| {
        let arena = Arena::start(lab, &[])?;
        let mut talker = arena.connect(RANGE)?;
        talker.establish(&Open::new(65003, RANGE, HOLD))?;
        let mut hearing = talker.share()?;
        let time = Duration::from_secs(5);
        let gap = thread::scope(|scope| {
            let talking = scope.spawn(|| repeat(&mut talker, &message(KEEPALIVE, &[]).repeat(5000), time));
            let gap = longest_gap(&mut hearing, time)?;
            join(talking).map(|_| gap)
        })?;
        ensure!(gap < Duration::from_secs(u64::from(HOLD)), "it heard nothing for {gap:?}");
        Ok(())
    });
}

/// Requests for everything, refreshes that begin and never end, routes in between, and no ear for the answers
/// (RFC 2918, RFC 7313).
#[test]
fn refreshes_without_end_cost_no_memory_and_no_log() {
    run("refreshes", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        let mut open = open(RANGE);
        // Route refresh and enhanced route refresh.
        open.parameters.extend([2, 4, 2, 0, 70, 0]);
        let mut refresher = RawPeer::connect_narrow(&arena.b, RANGE, DUT)?;
        refresher.establish(&open)?;
        let refresh = |subtype| message(ROUTE_REFRESH, &[0, 1, subtype, 1]);
        let round = |n: u8| {
            [refresh(0), refresh(1), announcement(&[24, 20, 0, n], 1), refresh(2), refresh(1)].concat()
        };
        let burst: Vec<u8> = (0..250).flat_map(round).collect();
        repeat(&mut refresher, &burst, Duration::from_secs(1))?;
        let before = arena.figures()?;
        let rounds = repeat(&mut refresher, &burst, Duration::from_secs(3))? * 250;
        let after = arena.figures()?;
        let log = arena.dut.process().log().len();
        eprintln!(
            "{rounds} refreshes asked for, twice as many begun: {:.1} MB before, at most {:.1} MB; {log} octets of log",
            megabytes(before.memory),
            megabytes(after.peak),
        );
        ensure!(after.peak < before.peak + (8 << 20), "{before:?} became {after:?}");
        ensure!(log < 100_000, "{log} octets of log");
        arena.ensure_unharmed().map(drop)
    });
}

/// A router that is told to stop does so, whatever its peers are at.
#[test]
fn a_storm_does_not_keep_the_router_from_stopping() {
    run("stop in the storm", |lab| {
        let mut arena = Arena::start(lab, &[])?;
        let mut flapper = arena.establish(RANGE)?;
        let mut hearing = flapper.share()?;
        thread::scope(|scope| {
            // It ends when the connection does.
            scope.spawn(|| repeat(&mut flapper, &burst(), Duration::from_secs(20)));
            thread::sleep(Duration::from_secs(1));
            let start = Instant::now();
            let status = arena.dut.stop()?;
            ensure!(status.success(), "{status}");
            ensure!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
            // RFC 4486 §4: Cease/Administrative Shutdown.
            ensure!(hearing.notification()? == [6, 2], "another end");
            ensure!(arena.honest.notification()? == [6, 2], "another end of the honest session");
            Ok(())
        })
    });
}

fn storm(lab: &Lab, time: Duration) -> Result<()> {
    let mut arena = Arena::start(lab, &[neighbor(HOSTILE, HOSTILE_AS)])?;
    let mut flapper = arena.connect(HOSTILE)?;
    // Three seconds are what our KEEPALIVEs to it must keep to, however busy it makes us.
    flapper.establish(&Open::new(65003, HOSTILE, HOLD))?;
    let (mut listener, mut hearing) = (arena.honest.share()?, flapper.share()?);
    let before = arena.figures()?;

    let storm = thread::scope(|scope| {
        let gap = scope.spawn(|| longest_gap(&mut hearing, time));
        let heard = scope.spawn(|| last_word(&mut listener, time));
        let storming = scope.spawn(|| flap(&mut flapper, time));
        let mut watch = Watch::default();
        while !storming.is_finished() {
            watch.look(&mut arena)?;
        }
        let (updates, during) = (join(storming)?, arena.figures()?);
        let (gap, heard) = (join(gap)?, join(heard)?.updates);
        Ok::<_, anyhow::Error>(Storm {
            updates,
            heard,
            watch,
            gap,
            figures: [before, during, arena.figures()?],
        })
    })?;
    storm.tell(time);
    let Storm { watch, gap, .. } = storm;
    ensure!(watch.most < before.memory + (16 << 20), "{} octets of memory", watch.most);
    ensure!(watch.slowest < Duration::from_secs(3), "an operator waited for {:?}", watch.slowest);
    ensure!(gap < Duration::from_secs(u64::from(HOLD)), "the flapping peer heard nothing for {gap:?}");
    ensure!(arena.dut.established(HOSTILE.into())?, "the flapping peer's session is down");
    arena.ensure_unharmed().map(drop)
}

/// Announces and withdraws for `time`, and in the end announces [`LAST`]; how many UPDATEs that were.
fn flap(flapper: &mut RawPeer, time: Duration) -> Result<usize> {
    let bursts = repeat(flapper, &burst(), time)?;
    flapper.send(&announcement(&PREFIX, LAST))?;
    Ok(2 * BURST as usize * bursts + 1)
}

/// The prefix announced and withdrawn again and again.
fn burst() -> Vec<u8> {
    let withdrawal = update(&PREFIX, &[], &[]);
    (1..=BURST).flat_map(|tag| [announcement(&PREFIX, tag), withdrawal.clone()].concat()).collect()
}

/// Sends the same again and again for `time`; how often that was.
fn repeat(peer: &mut RawPeer, octets: &[u8], time: Duration) -> Result<usize> {
    let (start, mut times) = (Instant::now(), 0);
    while start.elapsed() < time {
        peer.send(octets)?;
        times += 1;
    }
    Ok(times)
}

/// Hears until the last announcement has come.
fn last_word(listener: &mut RawPeer, time: Duration) -> Result<Table> {
    let mut table = Table::default();
    read_until(listener, &mut table, time + GRACE, |table| {
        table.routes.get(&PREFIX[..]).and_then(|attributes| origin_as(attributes)) == Some(LAST)
    })?;
    Ok(table)
}

/// The longest time without a message from the device under test.
fn longest_gap(hearing: &mut RawPeer, time: Duration) -> Result<Duration> {
    let (start, mut last, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
    while start.elapsed() < time {
        let message = hearing.read_for(Duration::from_millis(200))?;
        longest = longest.max(last.elapsed());
        if message.is_some() {
            last = Instant::now();
        }
    }
    Ok(longest)
}

/// What was seen of the device under test while the storm blew.
#[derive(Default)]
struct Watch {
    /// Octets of memory.
    most: u64,
    /// The longest that an operator had to wait for an answer.
    slowest: Duration,
}

impl Watch {
    fn look(&mut self, arena: &mut Arena) -> Result<()> {
        self.most = self.most.max(arena.figures()?.memory);
        let before = Instant::now();
        ensure!(arena.dut.established(HONEST.into())?, "the honest peer's session is down");
        self.slowest = self.slowest.max(before.elapsed());
        thread::sleep(Duration::from_millis(100));
        Ok(())
    }
}

/// Everything there is to tell of one.
struct Storm {
    updates: usize,
    heard: usize,
    watch: Watch,
    gap: Duration,
    /// Before, at the end, and when it was over.
    figures: [Figures; 3],
}

impl Storm {
    fn tell(&self, time: Duration) {
        let [before, during, after] = self.figures;
        let seconds = time.as_secs_f64();
        eprintln!(
            "{seconds} s of flapping: {:.0} UPDATEs/s taken in, {:.0} UPDATEs/s to the listener, {:.0} % of a processor",
            self.updates as f64 / seconds,
            self.heard as f64 / seconds,
            (during.processor - before.processor).as_secs_f64() / seconds * 100.0,
        );
        eprintln!(
            "memory {:.1} MB before, {:.1} MB at most, {:.1} MB after; `show` took {:?} at most, KEEPALIVEs {:?} apart",
            megabytes(before.memory),
            megabytes(self.watch.most),
            megabytes(after.memory),
            self.watch.slowest,
            self.gap,
        );
    }
}

fn join<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

const PREFIX: [u8; 4] = [24, 198, 51, 100];
/// Announcements in a burst, each with another AS path.
const BURST: u32 = 2000;
/// The originating AS of the announcement that stays.
const LAST: u32 = 99_999;
const HOLD: u16 = 3;
/// How long the last announcement may take.
const GRACE: Duration = Duration::from_secs(15);
