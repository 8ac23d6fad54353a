//! Requests to the kernel: one message and its acknowledgement, or a dump that is handed out as it arrives.

use std::io;
use std::time::Duration;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::SockRef;

use super::message::{
    self, AF_INET, AF_INET6, Message, MessageBuffer, Messages, NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE,
    NLMSG_ERROR,
};
use crate::route::Protocol;

/// What a dump of routes is confined to; the kernel itself leaves the rest out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// One IP version, or both.
    pub version: Option<IpVersion>,
    /// One table, or all.
    pub table: Option<u32>,
    /// One protocol, or all.
    pub protocol: Option<Protocol>,
}

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl IpVersion {
    pub(super) const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// AF_INET or AF_INET6.
    pub(super) const fn family(self) -> u8 {
        match self {
            Self::V4 => AF_INET,
            Self::V6 => AF_INET6,
        }
    }
}

/// A blocking rtnetlink socket.
#[derive(Debug)]
pub struct Requests {
    socket: Socket,
    port: u32,
    sequence: u32,
    received: Vec<u8>,
}

impl Requests {
    /// Opens a socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        let port = socket.bind_auto()?.port_number();
        socket.connect(&SocketAddr::new(0, 0))?;
        // Acknowledgements do not repeat the request, and dumps are filtered by the kernel.
        socket.set_cap_ack(true)?;
        socket.set_netlink_get_strict_chk(true)?;
        let options = SockRef::from(&socket);
        grow_receive_buffer(&socket, RECEIVE_BUFFER)?;
        options.set_send_buffer_size(SEND_BUFFER)?;
        options.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, port, sequence: 0, received: Vec::with_capacity(CHUNK) })
    }

    /// The port number, by which the kernel marks what this socket has caused.
    #[must_use]
    pub const fn port(&self) -> u32 {
        self.port
    }

    /// Sends a message with `flags` and waits for the acknowledgement.
    pub fn request(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        let sequence = self.next_sequence();
        let mut header = NetlinkHeader::default();
        header.flags = flags | NLM_F_REQUEST | NLM_F_ACK;
        header.sequence_number = sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        message.finalize();
        let mut octets = vec![0; message.buffer_len()];
        message.serialize(&mut octets);
        self.send(&octets)?;
        self.collect(sequence, |_| ())
    }

    /// Sends one message, which `build` completes after its header, and waits for the acknowledgement.
    pub(super) fn call(
        &mut self,
        kind: u16,
        flags: u16,
        build: impl FnOnce(&mut MessageBuffer),
    ) -> io::Result<()> {
        let sequence = self.next_sequence();
        let mut request = MessageBuffer::default();
        request.begin(kind, flags | message::NLM_F_REQUEST | message::NLM_F_ACK, sequence);
        build(&mut request);
        request.end();
        self.send(request.as_slice())?;
        self.collect(sequence, |_| ())
    }

    /// Asks for everything of one kind; `header` is the fixed part of the request. True if the kernel says that
    /// something changed while it was reading.
    pub(super) fn dump(
        &mut self,
        kind: u16,
        header: impl FnOnce(&mut MessageBuffer),
        mut each: impl FnMut(&Message<'_>),
    ) -> io::Result<bool> {
        let mut is_interrupted = false;
        self.ask((kind, NLM_F_DUMP), header, |message| {
            is_interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
            each(message);
        })?;
        Ok(is_interrupted)
    }

    /// Asks for something, and hands out what the kernel says before its last word.
    pub(super) fn ask(
        &mut self,
        (kind, flags): (u16, u16),
        body: impl FnOnce(&mut MessageBuffer),
        each: impl FnMut(&Message<'_>),
    ) -> io::Result<()> {
        let sequence = self.next_sequence();
        let mut request = MessageBuffer::default();
        request.begin(kind, message::NLM_F_REQUEST | flags, sequence);
        body(&mut request);
        request.end();
        self.send(request.as_slice())?;
        self.collect(sequence, each)
    }

    /// Sends octets in one go.
    pub(super) fn send(&self, octets: &[u8]) -> io::Result<()> {
        let sent = self.socket.send(octets, 0)?;
        if sent == octets.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Reads once: a handful of messages.
    pub(super) fn receive(&mut self) -> io::Result<Messages<'_>> {
        self.received.clear();
        loop {
            match self.socket.recv(&mut self.received, 0) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Messages(&self.received))
    }

    /// A number for the next request: one more than the last.
    pub(super) fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Reads until the end of the answer to `sequence`.
    fn collect(&mut self, sequence: u32, mut each: impl FnMut(&Message<'_>)) -> io::Result<()> {
        loop {
            for message in self.receive()?.filter(|message| message.sequence == sequence) {
                match message.kind {
                    NLMSG_ERROR | NLMSG_DONE => {
                        return match message.error() {
                            0 => Ok(()),
                            errno => Err(io::Error::from_raw_os_error(errno)),
                        };
                    }
                    _ => each(&message),
                }
            }
        }
    }
}

/// Sets the receive buffer, past the system's limit where the process may.
pub(super) fn grow_receive_buffer(socket: &Socket, octets: usize) -> io::Result<()> {
    match setsockopt(socket, RcvBufForce, &octets) {
        Ok(()) => Ok(()),
        Err(_) => SockRef::from(socket).set_recv_buffer_size(octets),
    }
}

/// What one read takes at most. The kernel makes dumps up to 32 KiB at a time if it is offered that.
const CHUNK: usize = 64 * 1024;

/// Room for the errors of a whole batch.
const RECEIVE_BUFFER: usize = 2 << 20;

/// A send must be smaller than this.
const SEND_BUFFER: usize = 1 << 20;

/// The kernel answers at once; this is for one that is out of memory.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
