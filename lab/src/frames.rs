//! What the neighbours of a gateway see of it, frame by frame: advertisements, and announcements by ARP and
//! neighbour discovery. Read from a [`Capture`] with the filter [`FRAMES`].

use anyhow::{Context, Result};

use crate::capture::Capture;

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Seconds since 1970.
    pub at: f64,
    /// Source hardware address.
    pub from: String,
    /// Destination hardware address.
    pub to: String,
    /// What it is.
    pub what: What,
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A VRRP advertisement.
    Advert(Advert),
    /// ARP.
    Arp {
        /// 1 asks, 2 answers.
        operation: u8,
        /// Who asks or answers.
        sender: String,
        /// About whom.
        target: String,
    },
    /// A neighbour advertisement.
    Neighbor {
        /// Source and destination address, and hop limit.
        ends: [String; 3],
        /// About whom.
        target: String,
        /// Router, solicited, override.
        flags: [bool; 3],
        /// The link-layer address that it tells.
        mac: String,
    },
}

/// A VRRP advertisement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// Version of IP.
    pub family: u8,
    /// Version of VRRP.
    pub version: u8,
    /// Source address.
    pub source: String,
    /// Destination address.
    pub destination: String,
    /// TTL or hop limit.
    pub hop_limit: String,
    /// Priority; 0 resigns.
    pub priority: u8,
}

impl Frame {
    /// Its advertisement, if it is one.
    #[must_use]
    pub fn advert(&self) -> Option<&Advert> {
        match &self.what {
            What::Advert(advert) => Some(advert),
            What::Arp { .. } | What::Neighbor { .. } => None,
        }
    }

    /// Whether it announces `address` to everybody.
    #[must_use]
    pub fn announces(&self, address: &str) -> bool {
        match &self.what {
            What::Advert(_) => false,
            What::Arp { sender, target, .. } => sender == address && target == address,
            What::Neighbor { ends, target, .. } => target == address && ends[1] == "ff02::1",
        }
    }
}

/// The frames of a capture, in order.
pub fn read_frames(capture: Capture) -> Result<Vec<Frame>> {
    let lines = capture.fields("vrrp || arp || icmpv6.type == 136", &FIELDS)?;
    lines.iter().map(|line| frame(line).with_context(|| format!("what tshark said: {line}"))).collect()
}

/// Who advertises after whom in one family, with when each began: a sender that is heard again and again counts once.
/// Those that resign do not count.
#[must_use]
pub fn reigns(frames: &[Frame], family: u8) -> Vec<(String, f64)> {
    let mut reigns: Vec<(String, f64)> = Vec::new();
    for frame in frames {
        let Some(advert) = frame.advert().filter(|advert| advert.family == family && advert.priority > 0)
        else {
            continue;
        };
        if reigns.last().is_none_or(|(source, _)| *source != advert.source) {
            reigns.push((advert.source.clone(), frame.at));
        }
    }
    reigns
}

fn frame(line: &str) -> Option<Frame> {
    let cells: Vec<&str> = line.split('\t').collect();
    let cell = |field: &str| -> Option<&str> {
        let place = FIELDS.iter().position(|one| *one == field)?;
        cells.get(place).copied().filter(|cell| !cell.is_empty())
    };
    let text = |field: &str| cell(field).unwrap_or_default().to_owned();
    let what = if let Some(version) = cell("vrrp.version") {
        let family = if cell("ip.src").is_some() { 4 } else { 6 };
        let [source, destination, hop_limit] = match family {
            4 => ["ip.src", "ip.dst", "ip.ttl"],
            _ => ["ipv6.src", "ipv6.dst", "ipv6.hlim"],
        }
        .map(text);
        let (version, priority) = (version.parse().ok()?, cell("vrrp.prio")?.parse().ok()?);
        What::Advert(Advert { family, version, source, destination, hop_limit, priority })
    } else if let Some(operation) = cell("arp.opcode") {
        let [sender, target] = ["arp.src.proto_ipv4", "arp.dst.proto_ipv4"].map(text);
        What::Arp { operation: operation.parse().ok()?, sender, target }
    } else {
        What::Neighbor {
            ends: ["ipv6.src", "ipv6.dst", "ipv6.hlim"].map(text),
            target: text("icmpv6.nd.na.target_address"),
            flags: ["icmpv6.nd.na.flag.r", "icmpv6.nd.na.flag.s", "icmpv6.nd.na.flag.o"]
                .map(|flag| matches!(cell(flag), Some("1" | "True"))),
            mac: text("icmpv6.opt.linkaddr"),
        }
    };
    Some(Frame {
        at: cell("frame.time_epoch")?.parse().ok()?,
        from: text("eth.src"),
        to: text("eth.dst"),
        what,
    })
}

const FIELDS: [&str; 19] = [
    "frame.time_epoch",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "vrrp.version",
    "vrrp.prio",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "icmpv6.nd.na.target_address",
    "icmpv6.nd.na.flag.r",
    "icmpv6.nd.na.flag.s",
    "icmpv6.nd.na.flag.o",
    "icmpv6.opt.linkaddr",
];

/// What a capture of [`Frame`]s catches.
pub const FRAMES: &str = "ip proto 112 or ip6 proto 112 or arp or (icmp6 and ip6[40] == 136)";

#[cfg(test)]
mod tests {
    use super::*;

    fn advert(at: f64, source: &str, priority: u8) -> Frame {
        let [source, destination, hop_limit] = [source, "224.0.0.18", "255"].map(str::to_owned);
        let advert = Advert { family: 4, version: 3, source, destination, hop_limit, priority };
        Frame { at, from: String::new(), to: String::new(), what: What::Advert(advert) }
    }

    #[test]
    fn a_reign_lasts_until_another_advertises_and_resigning_is_none() {
        let frames = [("a", 200), ("a", 200), ("a", 0), ("b", 100), ("a", 200)];
        let frames: Vec<Frame> = (0_u8..)
            .zip(frames)
            .map(|(at, (source, priority))| advert(at.into(), source, priority))
            .collect();
        let expected = [("a", 0.0), ("b", 3.0), ("a", 4.0)].map(|(source, at)| (source.to_owned(), at));
        assert_eq!(reigns(&frames, 4), expected);
        assert!(reigns(&frames, 6).is_empty());
    }

    #[test]
    fn an_announcement_is_read_from_what_tshark_prints() {
        let line = "1.5\t00:00:5e:00:02:05\t33:33:00:00:00:01\t\t\t\tfe80::5\tff02::1\t255\t\t\t\t\t\tfe80::5\t1\t0\t1\t00:00:5e:00:02:05";
        let frame = frame(line).unwrap();
        assert!(frame.announces("fe80::5") && !frame.announces("2001:db8::254"));
        let What::Neighbor { flags, .. } = frame.what else { panic!("{frame:?}") };
        assert_eq!(flags, [true, false, true]);
    }
}
