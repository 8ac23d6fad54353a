//! The codec per prefix: an UPDATE as they mostly are, six prefixes behind some sixty octets of attributes.
//!
//! `cargo bench -p benches --bench codec`. Times are per UPDATE; the throughput is in prefixes.

use std::hint::black_box;
use std::net::Ipv4Addr;

use bgp_core::wire::{AttrBuf, Caps, Fitted, HEADER_LEN, Origin, PeerSide, Update, UpdateWriter};
use bgp_core::{Asn, Family, NextHop, Nlri, Prefix};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const PREFIXES: usize = 6;
const CAPS: Caps = Caps {
    four_octet_as: true,
    extended_message: false,
    add_path_receive: bgp_core::FamilySet::EMPTY,
    add_path_send: bgp_core::FamilySet::EMPTY,
};

struct Sample {
    family: Family,
    next_hop: NextHop,
    attrs: AttrBuf,
    nlri: Vec<Nlri>,
}

fn sample(family: Family) -> Sample {
    let mut attrs = AttrBuf::new();
    attrs.set_origin(Origin::Igp);
    attrs.set_as_path(&[65_002, 3356, 1299, 4_200_000_000, 15_169].map(Asn));
    attrs.set_med(10);
    attrs.set_communities([65_002 << 16 | 1, 65_002 << 16 | 2, 3356 << 16 | 3]);
    let nlri = (0..PREFIXES)
        .map(|n| {
            let text = match family {
                Family::Ipv4Unicast => format!("198.51.{n}.0/{}", 24 - n % 3),
                Family::Ipv6Unicast => format!("2001:db8:{n:x}::/{}", 48 - n % 3 * 4),
            };
            let prefix: Prefix = text.parse().expect("a prefix");
            Nlri { path_id: 0, prefix: prefix.trunc() }
        })
        .collect();
    let next_hop = match family {
        Family::Ipv4Unicast => NextHop::V4(Ipv4Addr::new(192, 0, 2, 1)),
        Family::Ipv6Unicast => {
            NextHop::V6 { global: "2001:db8::1".parse().expect("an address"), link_local: None }
        }
    };
    Sample { family, next_hop, attrs, nlri }
}

fn emit(sample: &Sample, out: &mut Vec<u8>) {
    out.clear();
    let mut writer = UpdateWriter::begin(out, &CAPS, sample.family, sample.next_hop, sample.attrs.as_block());
    for nlri in &sample.nlri {
        assert_eq!(writer.push(nlri), Fitted::Yes);
    }
}

/// Every prefix and what a speaker looks at before it takes anything.
fn visit(update: &Update<'_>) -> usize {
    let mut seen = usize::from(update.as_path_contains(Asn(65_001)) != 0);
    for unreach in update.unreach() {
        unreach.nlri.for_each(|nlri| seen += usize::from(black_box(nlri).prefix.prefix_len()));
    }
    for reach in update.reach() {
        black_box(reach.next_hop);
        reach.nlri.for_each(|nlri| seen += usize::from(black_box(nlri).prefix.prefix_len()));
    }
    seen
}

fn codec(criterion: &mut Criterion) {
    for family in Family::ALL {
        let mut group = criterion.benchmark_group(family.to_string());
        group.throughput(Throughput::Elements(PREFIXES as u64));
        let sample = sample(family);
        let mut message = Vec::with_capacity(4096);
        emit(&sample, &mut message);
        let body = &message[HEADER_LEN..];
        group.bench_function("check", |bencher| {
            bencher.iter(|| {
                Update::check(black_box(body), &CAPS, PeerSide::External).map(|checked| checked.fate)
            });
        });
        group.bench_function("check and visit", |bencher| {
            bencher.iter(|| {
                let checked = Update::check(black_box(body), &CAPS, PeerSide::External);
                checked.map(|checked| visit(&checked.update))
            });
        });
        let mut block = Vec::with_capacity(4096);
        group.bench_function("check, visit and normalise", |bencher| {
            bencher.iter(|| {
                let checked = Update::check(black_box(body), &CAPS, PeerSide::External);
                checked.map(|checked| {
                    (visit(&checked.update), checked.update.normalise(&mut block).as_bytes().len())
                })
            });
        });
        let mut out = Vec::with_capacity(4096);
        group.bench_function("emit", |bencher| {
            bencher.iter(|| {
                emit(black_box(&sample), &mut out);
                out.len()
            });
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
