//! Octets in and out.

use std::hint::black_box;

use bgp_core::wire::{
    AttrBuf, Fitted, HEADER_LEN, MessageType, Open, PeerSide, Update, UpdateWriter, Writer, header,
};
use bgp_core::{Asn, Family, NextHop, Nlri};

use super::sample::{CAPS, PREFIXES, bodies, messages, updates};
use super::{Work, session};

/// Every UPDATE of a table is checked, and every prefix and what a speaker looks at is looked at.
pub(crate) fn check() -> Work {
    Work::new(
        PREFIXES,
        messages(1, 1),
        |_| {},
        |octets| {
            let checked = bodies(octets).map(|body| Update::check(body, &CAPS, PeerSide::External));
            checked.map(|checked| checked.map_or(0, |checked| visit(&checked.update))).sum()
        },
    )
}

fn visit(update: &Update<'_>) -> usize {
    let mut seen = update.as_path_contains(Asn(65_001));
    for reach in update.reach() {
        black_box(reach.next_hop);
        reach.nlri.for_each(|nlri| seen += usize::from(black_box(nlri).prefix.prefix_len()));
    }
    seen
}

struct Outgoing {
    routes: Vec<Routes>,
    out: Vec<u8>,
}

struct Routes {
    family: Family,
    next_hop: NextHop,
    attrs: AttrBuf,
    nlri: Vec<Nlri>,
}

/// The table is written, a message for each attribute set.
pub(crate) fn write() -> Work {
    let octets = messages(1, 1);
    let mut block = Vec::new();
    let routes = updates(&octets).flat_map(|update| {
        let mut attrs = AttrBuf::new();
        attrs.load(update.normalise(&mut block));
        update.reach().map(move |reach| Routes {
            family: reach.family,
            next_hop: reach.next_hop,
            attrs: attrs.clone(),
            nlri: reach.nlri.collect(),
        })
    });
    let routes = routes.collect();
    let state = Outgoing { routes, out: Vec::with_capacity(octets.len() * 2) };
    Work::new(
        PREFIXES,
        state,
        |state| state.out.clear(),
        |Outgoing { routes, out }| {
            for Routes { family, next_hop, attrs, nlri } in routes {
                let mut writer = UpdateWriter::begin(out, &CAPS, *family, *next_hop, attrs.as_block());
                let fitted = nlri.iter().filter(|nlri| writer.push(nlri) == Fitted::Yes).count();
                assert_eq!(fitted, nlri.len());
            }
            out.len()
        },
    )
}

/// The OPEN that this router itself sends, a hundred times.
pub(crate) fn open() -> Work {
    const TIMES: usize = 100;
    let message = session::open();
    Work::new(
        TIMES,
        message,
        |_| {},
        |message| {
            let body = message.get(HEADER_LEN..).unwrap_or_default();
            let opens = (0..TIMES).filter_map(|_| Open::check(black_box(body)).ok());
            opens.map(|open| open.capabilities().count() + usize::from(open.hold_time)).sum()
        },
    )
}

/// A KEEPALIVE as a message.
pub(crate) fn keepalive() -> Vec<u8> {
    let mut octets = Vec::new();
    header::begin_message(&mut Writer::new(&mut octets), MessageType::KEEPALIVE);
    octets
}
