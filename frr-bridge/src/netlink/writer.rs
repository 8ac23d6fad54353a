//! The route writer: many changes in one `send(2)`.
//!
//! Only the last message of a batch asks for an acknowledgement. The kernel works a batch off in order and
//! answers every message that failed, asked or not; so when the last answer is in, what has none succeeded. A
//! million routes then cost a few thousand acknowledgements instead of a million.
//!
//! What is wanted and already so is success: removing a route that is not there (ESRCH) is none of a failure.
//!
//! A route by a next-hop object is refused when the kernel has dropped the object meanwhile. It is then written again
//! with the hop itself, before anything that comes after its batch.

use std::collections::BTreeSet;
use std::io;

use ipnet::IpNet;
use nix::libc;

use super::message::{
    MessageBuffer, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NLMSG_ERROR,
};
use super::next_hop::NextHop;
use super::requests::Requests;
use super::route::{self, RouteMark};
use crate::route::{Hop, Route, RouteKind};

/// Whether a route takes the place of another of the same destination and metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It does, without a gap.
    Replace,
    /// It does not: [`Failure::errno`] is EEXIST then.
    IfAbsent,
}

/// A change that the kernel refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its destination.
    pub prefix: IpNet,
    /// Why.
    pub errno: i32,
    /// What it was: `None` for a removal.
    pub put: Option<Put>,
}

/// Collects changes and sends them in batches.
#[derive(Debug, Default)]
pub struct RouteWriter {
    buffer: MessageBuffer,
    batch: Vec<Sent>,
    /// By next-hop objects that are not to be had: to be written again.
    again: Vec<(RouteMark, Hop)>,
    failures: Vec<Failure>,
    lost: BTreeSet<u32>,
    written: u64,
}

/// A message of the batch.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// Others may use the socket in between, so these grow but not by one.
    sequence: u32,
    mark: RouteMark,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Put(Put),
    PutBy(NextHop),
    Remove,
}

impl RouteWriter {
    /// Wants `route` in the kernel. Sends if the batch is full.
    pub fn put(&mut self, requests: &mut Requests, route: &Route, put: Put) -> io::Result<()> {
        self.add_put(requests, route, put);
        self.flush_if_full(requests)
    }

    /// Wants the route of this mark in the kernel, in place of another, by way of a next-hop object. Sends if the
    /// batch is full.
    pub fn put_by(
        &mut self,
        requests: &mut Requests,
        mark: &RouteMark,
        next_hop: &NextHop,
    ) -> io::Result<()> {
        let sequence = requests.next_sequence();
        route::encode_put_by(&mut self.buffer, mark, next_hop.id, sequence);
        self.batch.push(Sent { sequence, mark: *mark, change: Change::PutBy(*next_hop) });
        self.flush_if_full(requests)
    }

    /// Wants the route of this mark out of the kernel. Sends if the batch is full.
    pub fn remove(&mut self, requests: &mut Requests, mark: &RouteMark) -> io::Result<()> {
        let sequence = requests.next_sequence();
        route::encode_remove(&mut self.buffer, mark, NLM_F_REQUEST, sequence);
        self.batch.push(Sent { sequence, mark: *mark, change: Change::Remove });
        self.flush_if_full(requests)
    }

    /// Sends what is collected and waits until the kernel has done it.
    pub fn flush(&mut self, requests: &mut Requests) -> io::Result<()> {
        let outcome = self.send(requests);
        let again = std::mem::take(&mut self.again);
        // After an error the kernel is read again; until then later changes may be about the same routes.
        outcome?;
        for (mark, hop) in again {
            let RouteMark { prefix, protocol, priority, table } = mark;
            let route = Route { prefix, kind: RouteKind::Unicast([hop].into()), protocol, priority, table };
            self.add_put(requests, &route, Put::Replace);
        }
        self.send(requests)
    }

    /// What was refused since this was asked last.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// Next-hop objects that routes could not go by since this was asked last.
    pub fn take_lost(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.lost)
    }

    /// Changes sent so far.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    fn add_put(&mut self, requests: &mut Requests, route: &Route, put: Put) {
        let sequence = requests.next_sequence();
        let how = match put {
            Put::Replace => NLM_F_CREATE | NLM_F_REPLACE,
            Put::IfAbsent => NLM_F_CREATE | NLM_F_EXCL,
        };
        route::encode_put(&mut self.buffer, route, NLM_F_REQUEST | how, sequence);
        self.batch.push(Sent { sequence, mark: RouteMark::from(route), change: Change::Put(put) });
    }

    fn flush_if_full(&mut self, requests: &mut Requests) -> io::Result<()> {
        if self.batch.len() < BATCH_MESSAGES && self.buffer.as_slice().len() < BATCH_OCTETS {
            return Ok(());
        }
        self.flush(requests)
    }

    fn send(&mut self, requests: &mut Requests) -> io::Result<()> {
        let Some(first) = self.batch.first().map(|sent| sent.sequence) else { return Ok(()) };
        self.buffer.add_flags(NLM_F_ACK);
        let outcome = requests.send(self.buffer.as_slice()).and_then(|()| self.collect(requests, first));
        self.written += self.batch.len() as u64;
        self.buffer.clear();
        self.batch.clear();
        outcome
    }

    /// Reads the answers up to that of the last message.
    fn collect(&mut self, requests: &mut Requests, first: u32) -> io::Result<()> {
        loop {
            for message in requests.receive()?.filter(|message| message.kind == NLMSG_ERROR) {
                let offset = message.sequence.wrapping_sub(first);
                let found =
                    self.batch.binary_search_by_key(&offset, |sent| sent.sequence.wrapping_sub(first));
                let Ok(at) = found else { continue };
                self.take_answer(at, message.error());
                if at + 1 == self.batch.len() {
                    return Ok(());
                }
            }
        }
    }

    fn take_answer(&mut self, at: usize, errno: i32) {
        let Some(&Sent { mark, change, .. }) = self.batch.get(at).filter(|_| errno != 0) else { return };
        let prefix = mark.prefix;
        match change {
            Change::Remove if matches!(errno, libc::ESRCH | libc::ENOENT | libc::ENODEV) => {}
            Change::Remove => self.failures.push(Failure { prefix, errno, put: None }),
            Change::Put(put) => self.failures.push(Failure { prefix, errno, put: Some(put) }),
            Change::PutBy(NextHop { id, hop }) => {
                self.lost.insert(id);
                if !self.batch.iter().skip(at + 1).any(|later| later.overrides(&mark)) {
                    self.again.push((mark, hop));
                }
            }
        }
    }
}

impl Sent {
    /// True if nothing is left of a route of this mark that was put before.
    fn overrides(&self, earlier: &RouteMark) -> bool {
        let place = |mark: &RouteMark| (mark.prefix, mark.priority, mark.table);
        place(&self.mark) == place(earlier)
            && match self.change {
                Change::Put(_) | Change::PutBy(_) => true,
                Change::Remove => self.mark.protocol == earlier.protocol,
            }
    }
}

/// Changes in one send: enough that the cost of the call is nothing, few enough that others get the kernel's
/// lock, and this thread, every millisecond.
const BATCH_MESSAGES: usize = 256;

/// Octets in one send, below the socket's send buffer even if the last message is a large one.
const BATCH_OCTETS: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{METRIC, Protocol, TABLE_MAIN};

    fn mark() -> RouteMark {
        let prefix = "203.0.113.0/24".parse().unwrap();
        RouteMark { prefix, protocol: Protocol::BGP, priority: METRIC, table: TABLE_MAIN }
    }

    #[test]
    fn a_route_that_lost_its_object_is_written_again_unless_its_own_place_was_changed_since() {
        let next_hop = NextHop { id: 1, hop: Hop::via([10, 0, 0, 1].into(), 3) };
        let mark = mark();
        let r#static = RouteMark { protocol: Protocol::STATIC, ..mark };
        let elsewhere = RouteMark { table: 100, ..r#static };
        for (later, change, is_again) in [
            (elsewhere, Change::Put(Put::Replace), true),
            (elsewhere, Change::Remove, true),
            (r#static, Change::Remove, true),
            (r#static, Change::Put(Put::Replace), false),
            (mark, Change::PutBy(next_hop), false),
            (mark, Change::Remove, false),
        ] {
            let first = Sent { sequence: 1, mark, change: Change::PutBy(next_hop) };
            let batch = vec![first, Sent { sequence: 2, mark: later, change }];
            let mut writer = RouteWriter { batch, ..RouteWriter::default() };
            writer.take_answer(0, libc::EINVAL);
            assert_eq!(!writer.again.is_empty(), is_again, "{later:?} {change:?}");
        }
    }

    #[test]
    fn what_was_to_be_written_again_does_not_outlive_a_failed_batch() {
        // Longer than the socket takes.
        let mut buffer = MessageBuffer::default();
        buffer.begin(0, 0, 1);
        buffer.put(&vec![0; 16 << 20]);
        buffer.end();
        let batch = vec![Sent { sequence: 1, mark: mark(), change: Change::Remove }];
        let again = vec![(mark(), Hop::via([10, 0, 0, 1].into(), 3))];
        let mut writer = RouteWriter { buffer, batch, again, ..RouteWriter::default() };
        assert!(writer.flush(&mut Requests::open().unwrap()).is_err());
        assert!(writer.again.is_empty() && writer.batch.is_empty());
    }
}
