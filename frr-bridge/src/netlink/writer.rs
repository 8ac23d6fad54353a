//! The route writer: many changes in one `send(2)`.
//!
//! Only the last message of a batch asks for an acknowledgement. The kernel works a batch off in order and
//! answers every message that failed, asked or not; so when the last answer is in, what has none succeeded. A
//! million routes then cost a few thousand acknowledgements instead of a million.
//!
//! What is wanted and already so is success: removing a route that is not there (ESRCH) is none of a failure.

use std::io;

use ipnet::IpNet;
use nix::libc;

use super::message::{
    MessageBuffer, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NLMSG_ERROR,
};
use super::requests::Requests;
use super::route::{self, RouteMark};
use crate::route::Route;

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
    batch: Vec<(IpNet, Option<Put>)>,
    first: u32,
    failures: Vec<Failure>,
    written: u64,
}

impl RouteWriter {
    /// Wants `route` in the kernel. Sends if the batch is full.
    pub fn put(&mut self, requests: &mut Requests, route: &Route, put: Put) -> io::Result<()> {
        let sequence = self.begin(requests);
        let how = match put {
            Put::Replace => NLM_F_CREATE | NLM_F_REPLACE,
            Put::IfAbsent => NLM_F_CREATE | NLM_F_EXCL,
        };
        route::encode_put(&mut self.buffer, route, NLM_F_REQUEST | how, sequence);
        self.batch.push((route.prefix, Some(put)));
        self.flush_if_full(requests)
    }

    /// Wants the route of this mark out of the kernel. Sends if the batch is full.
    pub fn remove(&mut self, requests: &mut Requests, mark: &RouteMark) -> io::Result<()> {
        let sequence = self.begin(requests);
        route::encode_remove(&mut self.buffer, mark, NLM_F_REQUEST, sequence);
        self.batch.push((mark.prefix, None));
        self.flush_if_full(requests)
    }

    /// Sends what is collected and waits until the kernel has done it.
    pub fn flush(&mut self, requests: &mut Requests) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.buffer.add_flags(NLM_F_ACK);
        let outcome = requests.send(self.buffer.as_slice()).and_then(|()| self.collect(requests));
        self.written += self.batch.len() as u64;
        self.buffer.clear();
        self.batch.clear();
        outcome
    }

    /// What was refused since this was asked last.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// Changes sent so far.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    fn begin(&mut self, requests: &mut Requests) -> u32 {
        let sequence = requests.next_sequence();
        if self.batch.is_empty() {
            self.first = sequence;
        }
        sequence
    }

    fn flush_if_full(&mut self, requests: &mut Requests) -> io::Result<()> {
        if self.batch.len() < BATCH_MESSAGES && self.buffer.as_slice().len() < BATCH_OCTETS {
            return Ok(());
        }
        self.flush(requests)
    }

    /// Reads the answers up to that of the last message.
    fn collect(&mut self, requests: &mut Requests) -> io::Result<()> {
        loop {
            for message in requests.receive()?.filter(|message| message.kind == NLMSG_ERROR) {
                let Ok(at) = usize::try_from(message.sequence.wrapping_sub(self.first)) else { continue };
                let Some(&(prefix, put)) = self.batch.get(at) else { continue };
                let errno = message.error();
                let is_so_already =
                    put.is_none() && matches!(errno, libc::ESRCH | libc::ENOENT | libc::ENODEV);
                if errno != 0 && !is_so_already {
                    self.failures.push(Failure { prefix, errno, put });
                }
                if at + 1 == self.batch.len() {
                    return Ok(());
                }
            }
        }
    }
}

/// Changes in one send: enough that the cost of the call is nothing, few enough that others get the kernel's
/// lock, and this thread, every millisecond.
const BATCH_MESSAGES: usize = 256;

/// Octets in one send, below the socket's send buffer even if the last message is a large one.
const BATCH_OCTETS: usize = 128 * 1024;
