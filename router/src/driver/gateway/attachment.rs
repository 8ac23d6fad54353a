//! The sockets of an interface with virtual routers: an ear for each family, and a mouth for frames; and the parent's
//! ARP settings while an IPv4 device is on it.

use frr_bridge::interface::Interface;
use frr_bridge::vrrp::{ArpGuard, Device, Devices, Frames, Listener};
use tracing::{debug, warn};
use vrrp_core::{Family, Transmit};

/// The sockets on an interface.
#[derive(Debug)]
pub(super) struct Attachment {
    parent: u32,
    frames: Frames,
    /// A family that the kernel does not have is none.
    v4: Option<Listener>,
    v6: Option<Listener>,
    /// Hears hosts that look for a router, once there is something to tell them.
    solicitations: Option<Listener>,
    /// The parent's ARP settings: on while an IPv4 device is there.
    arp: ArpGuard,
    /// Whether the last packet could be sent: what fails is told once.
    is_sending: bool,
    /// Whether hosts cannot be heard, and whether ARP cannot be guarded: told once too.
    is_deaf: bool,
    is_unguarded: bool,
}

impl Attachment {
    /// Opens the sockets.
    pub(super) fn open(parent: &Interface, devices: &mut Devices) -> std::io::Result<Self> {
        let listen = |family: Family| {
            Listener::open(parent, family.group())
                .inspect_err(|error| warn!(interface = parent.name, ?family, %error, "cannot listen"))
        };
        let (v4, v6) = (listen(Family::Ipv4).ok(), listen(Family::Ipv6).ok());
        let frames = Frames::open(parent.index)?;
        let arp = ArpGuard::find(devices.requests(), parent)?;
        Ok(Self {
            parent: parent.index,
            frames,
            v4,
            v6,
            solicitations: None,
            arp,
            is_sending: true,
            is_deaf: false,
            is_unguarded: false,
        })
    }

    /// The interface they are on.
    pub(super) const fn parent(&self) -> u32 {
        self.parent
    }

    /// The ear of a family.
    pub(super) const fn listener(&self, family: Family) -> Option<&Listener> {
        match family {
            Family::Ipv4 => self.v4.as_ref(),
            Family::Ipv6 => self.v6.as_ref(),
        }
    }

    /// The ear for hosts that look for a router.
    pub(super) const fn solicitations(&self) -> Option<&Listener> {
        self.solicitations.as_ref()
    }

    /// Hears hosts from here on.
    pub(super) fn hear_hosts(&mut self, parent: &Interface) {
        if self.solicitations.is_none() {
            match Listener::solicitations(parent) {
                Ok(listener) => self.solicitations = Some(listener),
                Err(error) if !self.is_deaf => {
                    self.is_deaf = true;
                    warn!(interface = parent.name, %error, "hosts are not heard");
                }
                Err(_) => {}
            }
        }
    }

    /// Sends a whole frame. One that cannot be sent is lost, as on any link.
    pub(super) fn send_frame(&mut self, frame: &[u8]) {
        let sent = self.frames.send(frame);
        self.note(sent);
    }

    /// Sends. What cannot be sent is lost, as on any link.
    pub(super) fn send(&mut self, transmit: &Transmit) {
        let sent = match transmit {
            Transmit::Announcement(frame) => self.frames.send(frame),
            Transmit::Advertisement(outgoing) => match (outgoing.to_frame(), &outgoing.endpoints) {
                (Some(frame), _) => self.frames.send(&frame),
                (None, ends) => match self.listener(ends.family()) {
                    Some(listener) => listener.send(ends.source(), ends.destination(), &outgoing.payload),
                    None => Err(std::io::ErrorKind::NotConnected.into()),
                },
            },
        };
        self.note(sent);
    }

    fn note(&mut self, sent: std::io::Result<()>) {
        match sent {
            Ok(()) => self.is_sending = true,
            Err(error) if self.is_sending => {
                self.is_sending = false;
                warn!(parent = self.parent, %error, "packets cannot be sent");
            }
            Err(_) => {}
        }
    }

    /// Keeps the parent from answering for the virtual addresses, which `device` has.
    pub(super) fn guard_arp(&mut self, device: &Device, devices: &mut Devices) {
        match self.arp.set(devices.requests(), device) {
            Ok(()) => self.is_unguarded = false,
            Err(error) if !self.is_unguarded => {
                self.is_unguarded = true;
                warn!(parent = self.parent, %error, "ARP stays as it is");
            }
            Err(_) => {}
        }
    }

    /// Puts the parent back as it was.
    pub(super) fn release_arp(&mut self, devices: &mut Devices) {
        if let Err(error) = self.arp.release(devices.requests()) {
            debug!(parent = self.parent, %error, "ARP not put back");
        }
    }
}
