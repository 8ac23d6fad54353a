//! Filters that refuse packets, as nf_tables messages (nfnetlink): what is addressed to some addresses, or questions for
//! the hardware address of some on one interface.
//!
//! A table is *owned*: the kernel removes it when the socket that made it closes, whatever closed it (Linux 5.12). A
//! crash therefore leaves nothing behind, and no other program can change it by accident. One socket owns the tables of
//! one interface for as long as it has virtual routers: the kernel waits for all its processors when an owner closes,
//! which takes longer than a gateway may be silent, and to end a refusal by a message does not.
//!
//! ```text
//! table ip|ip6 NAME
//!   chain input, hook input, priority filter, policy accept
//!     icmpv6 type 135-136  accept          only ip6: neighbour discovery
//!     daddr ADDRESS        drop            for each address
//!
//! table arp|ip6 NAME
//!   chain input, hook input, priority filter, policy accept
//!     iif INTERFACE, ARP or neighbour solicitation for ADDRESS   drop      for each address
//! ```

use std::io;
use std::net::IpAddr;

use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use nix::libc;
use socket2::SockRef;

use super::macvlan::attribute;
use super::message::{
    AF_INET, AF_INET6, MessageBuffer, Messages, NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST, NLMSG_ERROR,
};
use super::requests::PATIENCE;

/// Some packets are refused, until this is [ended](Refusals::end).
#[derive(Debug)]
pub struct Refusal {
    family: u8,
    /// The table's name, with its final zero.
    table: Vec<u8>,
}

/// What raises refusals and ends them; those that are left end with it.
#[derive(Debug, Default)]
pub struct Refusals {
    /// The owner of the tables, once there has been one to make: not every kernel has nf_tables.
    socket: Option<Socket>,
    sequence: u32,
    /// How many were raised: no two tables have one name.
    raised: u64,
}

impl Refusals {
    /// Refuses what is addressed to `addresses`, which are of one family, but for neighbour discovery (ARP is no IP
    /// and passes anyway). `name` must be nobody else's.
    pub fn of_packets(&mut self, name: &str, addresses: &[IpAddr]) -> io::Result<Refusal> {
        let is_v6 = addresses.iter().any(IpAddr::is_ipv6);
        let mut rules = Vec::new();
        if is_v6 {
            rules.push(neighbour_discovery());
        }
        rules.extend(addresses.iter().map(|address| addressed_to(*address)));
        self.raise(name, (if is_v6 { AF_INET6 } else { AF_INET }, NF_INET_LOCAL_IN), &rules)
    }

    /// Lets `interface` not answer who has one of `addresses`, which are of one family.
    pub fn of_questions(&mut self, name: &str, interface: u32, addresses: &[IpAddr]) -> io::Result<Refusal> {
        let is_v6 = addresses.iter().any(IpAddr::is_ipv6);
        let place = if is_v6 { (AF_INET6, NF_INET_LOCAL_IN) } else { (NFPROTO_ARP, NF_ARP_IN) };
        let rules: Vec<Vec<u8>> = addresses.iter().map(|address| asks_for(interface, *address)).collect();
        self.raise(name, place, &rules)
    }

    /// Refuses no more.
    pub fn end(&mut self, refusal: &Refusal) -> io::Result<()> {
        let mut batch = Batch::new(refusal.family, self.sequence);
        batch.add((NFT_MSG_DELTABLE, 0), &attribute(NFTA_TABLE_NAME, &refusal.table));
        self.commit(batch)
    }

    fn raise(&mut self, name: &str, (family, hook): (u8, u32), rules: &[Vec<u8>]) -> io::Result<Refusal> {
        self.raised += 1;
        let table = format!("{name}-{}\0", self.raised).into_bytes();
        let mut batch = Batch::new(family, self.sequence);
        let flags = attribute(NFTA_TABLE_FLAGS, &NFT_TABLE_F_OWNER.to_be_bytes());
        let owned = [attribute(NFTA_TABLE_NAME, &table), flags].concat();
        batch.add((NFT_MSG_NEWTABLE, NLM_F_CREATE), &owned);
        batch.add((NFT_MSG_NEWCHAIN, NLM_F_CREATE), &chain(&table, hook));
        for one in rules {
            batch.add((NFT_MSG_NEWRULE, NLM_F_CREATE), &rule(&table, one));
        }
        self.commit(batch)?;
        Ok(Refusal { family, table })
    }

    /// Sends a batch, and waits until it has taken effect.
    fn commit(&mut self, batch: Batch) -> io::Result<()> {
        let first = self.sequence.wrapping_add(1);
        let (buffer, last) = batch.end();
        // That of the batch's end, which is not acknowledged.
        self.sequence = last.wrapping_add(1);
        let socket = match &mut self.socket {
            Some(socket) => socket,
            none => none.insert(open()?),
        };
        if socket.send(buffer.as_slice(), 0)? != buffer.as_slice().len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        wait(socket, (first, last))
    }
}

fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    SockRef::from(&socket).set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Messages that take effect together or not at all.
struct Batch {
    buffer: MessageBuffer,
    family: u8,
    sequence: u32,
}

impl Batch {
    /// Numbered from the one after `sequence`.
    fn new(family: u8, sequence: u32) -> Self {
        let mut batch = Self { buffer: MessageBuffer::default(), family, sequence };
        batch.put((NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST), &NFTABLES_AS_RESOURCE, &[]);
        batch
    }

    fn add(&mut self, (kind, flags): (u16, u16), attributes: &[u8]) {
        let header = [self.family, 0, 0, 0];
        self.put((NFTABLES << 8 | kind, NLM_F_REQUEST | flags), &header, attributes);
    }

    /// The messages, and the number of the last that does something. It alone is acknowledged: a message that fails
    /// says so unasked, and the answers to many would not fit the socket.
    fn end(mut self) -> (MessageBuffer, u32) {
        self.buffer.add_flags(NLM_F_ACK);
        let last = self.sequence;
        self.put((NFNL_MSG_BATCH_END, NLM_F_REQUEST), &NFTABLES_AS_RESOURCE, &[]);
        (self.buffer, last)
    }

    fn put(&mut self, (kind, flags): (u16, u16), header: &[u8; 4], attributes: &[u8]) {
        self.sequence = self.sequence.wrapping_add(1);
        self.buffer.begin(kind, flags, self.sequence);
        self.buffer.put(header);
        self.buffer.put(attributes);
        self.buffer.end();
    }
}

/// Reads answers until that to the last of these messages, or the first that refuses. Answers to an earlier batch that
/// failed may still be there.
fn wait(socket: &Socket, (first, last): (u32, u32)) -> io::Result<()> {
    let is_ours = |sequence: u32| sequence.wrapping_sub(first) <= last.wrapping_sub(first);
    let mut received = Vec::with_capacity(16 * 1024);
    loop {
        received.clear();
        match socket.recv(&mut received, 0) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        for message in Messages(&received).filter(|one| one.kind == NLMSG_ERROR && is_ours(one.sequence)) {
            match message.error() {
                0 if message.sequence == last => return Ok(()),
                0 => {}
                errno => return Err(io::Error::from_raw_os_error(errno)),
            }
        }
    }
}

fn chain(table: &[u8], at: u32) -> Vec<u8> {
    let hook = [
        attribute(NFTA_HOOK_HOOKNUM, &at.to_be_bytes()),
        attribute(NFTA_HOOK_PRIORITY, &0_u32.to_be_bytes()),
    ];
    [
        attribute(NFTA_CHAIN_TABLE, table),
        attribute(NFTA_CHAIN_NAME, CHAIN),
        nested(NFTA_CHAIN_HOOK, &hook.concat()),
        attribute(NFTA_CHAIN_POLICY, &NF_ACCEPT.to_be_bytes()),
        attribute(NFTA_CHAIN_TYPE, b"filter\0"),
    ]
    .concat()
}

fn rule(table: &[u8], expressions: &[u8]) -> Vec<u8> {
    [
        attribute(NFTA_RULE_TABLE, table),
        attribute(NFTA_RULE_CHAIN, CHAIN),
        nested(NFTA_RULE_EXPRESSIONS, expressions),
    ]
    .concat()
}

/// ICMPv6, of type 135 or 136 (RFC 4861 §4.3, §4.4): accepted.
fn neighbour_discovery() -> Vec<u8> {
    [
        meta(NFT_META_L4PROTO),
        compare(NFT_CMP_EQ, &[ICMPV6]),
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, (0, 1)),
        compare(NFT_CMP_GTE, &[135]),
        compare(NFT_CMP_LTE, &[136]),
        verdict(NF_ACCEPT),
    ]
    .concat()
}

/// To this address: dropped.
fn addressed_to(address: IpAddr) -> Vec<u8> {
    let (place, octets) = match address {
        IpAddr::V4(address) => ((16, 4), address.octets().to_vec()),
        IpAddr::V6(address) => ((24, 16), address.octets().to_vec()),
    };
    [payload(NFT_PAYLOAD_NETWORK_HEADER, place), compare(NFT_CMP_EQ, &octets), verdict(NF_DROP)].concat()
}

/// Who has this address? Asked on that interface: dropped. An ARP request is told by its operation (RFC 826), of
/// Ethernet and IPv4 by what else crosses an Ethernet; a neighbour solicitation by its type (RFC 4861 §4.3).
fn asks_for(interface: u32, address: IpAddr) -> Vec<u8> {
    let from = [meta(NFT_META_IIF), compare(NFT_CMP_EQ, &interface.to_ne_bytes())].concat();
    let question = match address {
        IpAddr::V4(address) => [
            payload(NFT_PAYLOAD_NETWORK_HEADER, (6, 2)),
            compare(NFT_CMP_EQ, &[0, 1]),
            payload(NFT_PAYLOAD_NETWORK_HEADER, (24, 4)),
            compare(NFT_CMP_EQ, &address.octets()),
        ]
        .concat(),
        IpAddr::V6(address) => [
            meta(NFT_META_L4PROTO),
            compare(NFT_CMP_EQ, &[ICMPV6]),
            payload(NFT_PAYLOAD_TRANSPORT_HEADER, (0, 1)),
            compare(NFT_CMP_EQ, &[135]),
            payload(NFT_PAYLOAD_TRANSPORT_HEADER, (8, 16)),
            compare(NFT_CMP_EQ, &address.octets()),
        ]
        .concat(),
    };
    [from, question, verdict(NF_DROP)].concat()
}

fn meta(key: u32) -> Vec<u8> {
    let fields =
        [attribute(NFTA_META_DREG, &NFT_REG_1.to_be_bytes()), attribute(NFTA_META_KEY, &key.to_be_bytes())];
    expression(b"meta\0", &fields.concat())
}

fn payload(base: u32, (offset, len): (u32, u32)) -> Vec<u8> {
    let fields = [
        attribute(NFTA_PAYLOAD_DREG, &NFT_REG_1.to_be_bytes()),
        attribute(NFTA_PAYLOAD_BASE, &base.to_be_bytes()),
        attribute(NFTA_PAYLOAD_OFFSET, &offset.to_be_bytes()),
        attribute(NFTA_PAYLOAD_LEN, &len.to_be_bytes()),
    ];
    expression(b"payload\0", &fields.concat())
}

fn compare(how: u32, value: &[u8]) -> Vec<u8> {
    let fields = [
        attribute(NFTA_CMP_SREG, &NFT_REG_1.to_be_bytes()),
        attribute(NFTA_CMP_OP, &how.to_be_bytes()),
        nested(NFTA_CMP_DATA, &attribute(NFTA_DATA_VALUE, value)),
    ];
    expression(b"cmp\0", &fields.concat())
}

fn verdict(code: u32) -> Vec<u8> {
    let code = nested(NFTA_DATA_VERDICT, &attribute(NFTA_VERDICT_CODE, &code.to_be_bytes()));
    let fields =
        [attribute(NFTA_IMMEDIATE_DREG, &NFT_REG_VERDICT.to_be_bytes()), nested(NFTA_IMMEDIATE_DATA, &code)];
    expression(b"immediate\0", &fields.concat())
}

fn expression(name: &[u8], data: &[u8]) -> Vec<u8> {
    nested(NFTA_LIST_ELEM, &[attribute(NFTA_EXPR_NAME, name), nested(NFTA_EXPR_DATA, data)].concat())
}

fn nested(kind: u16, attributes: &[u8]) -> Vec<u8> {
    attribute(kind | NLA_F_NESTED, attributes)
}

/// RFC 4443 §1.
const ICMPV6: u8 = 58;
const CHAIN: &[u8] = b"input\0";

// linux/netfilter/nfnetlink.h
const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFTABLES: u16 = libc::NFNL_SUBSYS_NFTABLES as u16;
/// `struct nfgenmsg` of a batch: no family, version 0, the subsystem in network order.
const NFTABLES_AS_RESOURCE: [u8; 4] = [0, 0, 0, libc::NFNL_SUBSYS_NFTABLES as u8];

// linux/netfilter.h
const NF_DROP: u32 = 0;
const NF_ACCEPT: u32 = 1;
const NF_INET_LOCAL_IN: u32 = 1;
const NFPROTO_ARP: u8 = 3;
/// linux/netfilter_arp.h
const NF_ARP_IN: u32 = 0;

// linux/netfilter/nf_tables.h
const NFT_MSG_NEWTABLE: u16 = 0;
const NFT_MSG_DELTABLE: u16 = 2;
const NFT_MSG_NEWCHAIN: u16 = 3;
const NFT_MSG_NEWRULE: u16 = 6;
const NFT_TABLE_F_OWNER: u32 = 2;
const NFT_REG_VERDICT: u32 = 0;
const NFT_REG_1: u32 = 1;
const NFT_META_IIF: u32 = 4;
const NFT_META_L4PROTO: u32 = 16;
const NFT_PAYLOAD_NETWORK_HEADER: u32 = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER: u32 = 2;
const NFT_CMP_EQ: u32 = 0;
const NFT_CMP_LTE: u32 = 3;
const NFT_CMP_GTE: u32 = 5;
const NFTA_LIST_ELEM: u16 = 1;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_TABLE_NAME: u16 = 1;
const NFTA_TABLE_FLAGS: u16 = 2;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_PAYLOAD_DREG: u16 = 1;
const NFTA_PAYLOAD_BASE: u16 = 2;
const NFTA_PAYLOAD_OFFSET: u16 = 3;
const NFTA_PAYLOAD_LEN: u16 = 4;
const NFTA_CMP_SREG: u16 = 1;
const NFTA_CMP_OP: u16 = 2;
const NFTA_CMP_DATA: u16 = 3;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_DATA_VERDICT: u16 = 2;
const NFTA_VERDICT_CODE: u16 = 1;
const NFTA_IMMEDIATE_DREG: u16 = 1;
const NFTA_IMMEDIATE_DATA: u16 = 2;
const NFTA_META_DREG: u16 = 1;
const NFTA_META_KEY: u16 = 2;
const NLA_F_NESTED: u16 = 0x8000;
