//! The variable parts of a line: kinds of value, and a `nom` parser for each.
//!
//! In a pattern a kind is written in capitals or brackets, as FRR's manual does: `A.B.C.D`, `X:X::X:X/M`,
//! `(1-255)`, `WORD`, `LINE`. A value remembers nothing of how it was typed but what has to be written again.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::Asn;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::{char, u8 as octet, u16 as short, u32 as word32, u64 as word64};
use nom::combinator::{all_consuming, map, map_opt, map_res, opt, value};
use nom::{IResult, Parser};

/// What a variable part may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `(MIN-MAX)`.
    Number(u32, u32),
    /// `A.B.C.D`.
    V4,
    /// `X:X::X:X`.
    V6,
    /// `A.B.C.D/M`.
    V4Prefix,
    /// `X:X::X:X/M`.
    V6Prefix,
    /// `ASN`: 1 to 4294967295, or HIGH.LOW (RFC 5396).
    Asn,
    /// `PEER`: an address, or the name of a peer group.
    Peer,
    /// `COMMUNITY`: AA:NN, a number or a well-known name (RFC 1997).
    Community,
    /// `AA:BB:CC` (RFC 8092).
    LargeCommunity,
    /// `EXTCOMMUNITY`: ASN:NN or A.B.C.D:NN (RFC 4360).
    ExtendedCommunity,
    /// `AMOUNT`: N, +N or -N.
    Amount,
    /// `WORD`.
    Word,
    /// `LINE`: the rest of the line.
    Line,
}

/// What a variable part is in one line, or which keyword stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A keyword of the pattern.
    Keyword(&'static str),
    /// A number, in the bounds of its pattern.
    Number(u32),
    /// An address.
    Address(IpAddr),
    /// A prefix, host bits as typed.
    Prefix(IpNet),
    /// An AS number.
    Asn(Asn),
    /// A peer.
    Peer(PeerName),
    /// A standard community.
    Community(u32),
    /// A large community.
    LargeCommunity([u32; 3]),
    /// The six value octets of an extended community with its type octet (0, 1 or 2); the subtype is the line's.
    ExtendedCommunity {
        /// RFC 4360 §3.
        kind: u8,
        /// After type and subtype.
        value: [u8; 6],
    },
    /// A number with its sign.
    Amount(Sign, u32),
    /// A word, or the rest of the line.
    Text(String),
}

/// Who a `neighbor` line speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PeerName {
    /// A peer group; FRR writes groups before peers.
    Group(String),
    /// A peer.
    Address(IpAddr),
}

/// How an [`Value::Amount`] was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum Sign {
    None,
    Plus,
    Minus,
}

impl Kind {
    /// The kind that a pattern's token names; `None` if the token is a keyword.
    pub(crate) fn from_token(token: &str) -> Option<Self> {
        Some(match token {
            "A.B.C.D" => Self::V4,
            "X:X::X:X" => Self::V6,
            "A.B.C.D/M" => Self::V4Prefix,
            "X:X::X:X/M" => Self::V6Prefix,
            "ASN" => Self::Asn,
            "PEER" => Self::Peer,
            "COMMUNITY" => Self::Community,
            "AA:BB:CC" => Self::LargeCommunity,
            "EXTCOMMUNITY" => Self::ExtendedCommunity,
            "AMOUNT" => Self::Amount,
            "WORD" => Self::Word,
            "LINE" => Self::Line,
            _ => {
                let (low, high) = token.strip_prefix('(')?.strip_suffix(')')?.split_once('-')?;
                Self::Number(low.parse().ok()?, high.parse().ok()?)
            }
        })
    }

    /// Reads a word as this kind.
    pub(crate) fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Number(low, high) => {
                whole(word32, text).filter(|n| (low..=high).contains(n)).map(Value::Number)
            }
            Self::V4 => whole(v4, text).map(|addr| Value::Address(addr.into())),
            Self::V6 => whole(v6, text).map(|addr| Value::Address(addr.into())),
            Self::V4Prefix => whole(v4_prefix, text).map(|net| Value::Prefix(net.into())),
            Self::V6Prefix => whole(v6_prefix, text).map(|net| Value::Prefix(net.into())),
            Self::Asn => whole(asn, text).map(Value::Asn),
            Self::Peer => peer(text).map(Value::Peer),
            Self::Community => whole(community, text).map(Value::Community),
            Self::LargeCommunity => whole(large_community, text).map(Value::LargeCommunity),
            Self::ExtendedCommunity => whole(extended_community, text),
            Self::Amount => whole(amount, text),
            Self::Word | Self::Line => Some(Value::Text(text.to_owned())),
        }
    }

    /// A word of this kind.
    #[cfg(test)]
    pub(crate) fn sample(self) -> String {
        match self {
            Self::Number(low, high) => return low.max(10).min(high).to_string(),
            Self::V4 => "192.0.2.1",
            Self::V6 => "2001:db8::1",
            Self::V4Prefix => "198.51.100.0/24",
            Self::V6Prefix => "2001:db8:7::/48",
            Self::Asn => "64500",
            Self::Peer => "192.0.2.7",
            Self::Community => "64500:7",
            Self::LargeCommunity => "64500:1:2",
            Self::ExtendedCommunity => "64500:9",
            Self::Amount => "+5",
            Self::Word => "NAME",
            Self::Line => "some text",
        }
        .into()
    }

    /// True if any word fits.
    pub(crate) const fn is_free(self) -> bool {
        matches!(self, Self::Word | Self::Line)
    }

    /// Says why `word` is not of this kind, where the word looks as if it was meant to be.
    pub(crate) fn objection(self, word: &str) -> Option<String> {
        let numeric = word.bytes().all(|c| c.is_ascii_digit());
        let address = word.bytes().all(|c| c.is_ascii_hexdigit() || b".:/".contains(&c))
            && word.contains(['.', ':', '/']);
        let what = match self {
            Self::Number(low, high) if numeric => {
                return Some(format!("{word} is not in the range {low} to {high}"));
            }
            Self::Asn if numeric || address => "an AS number (1 to 4294967295)",
            Self::V4 if address => "an IPv4 address",
            Self::V6 if address => "an IPv6 address",
            Self::V4Prefix if address => "an IPv4 prefix (A.B.C.D/M)",
            Self::V6Prefix if address => "an IPv6 prefix (X:X::X:X/M)",
            Self::Peer if address => "an IPv4 or IPv6 address, nor a peer group's name",
            Self::Community if address || numeric => "a community (AA:NN)",
            Self::LargeCommunity if address || numeric => "a large community (AA:BB:CC)",
            Self::ExtendedCommunity if address || numeric => "an extended community (ASN:NN or A.B.C.D:NN)",
            _ => return None,
        };
        Some(format!("{word} is not {what}"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(low, high) => write!(f, "a number from {low} to {high}"),
            Self::V4 => f.write_str("A.B.C.D"),
            Self::V6 => f.write_str("X:X::X:X"),
            Self::V4Prefix => f.write_str("A.B.C.D/M"),
            Self::V6Prefix => f.write_str("X:X::X:X/M"),
            Self::Asn => f.write_str("an AS number"),
            Self::Peer => f.write_str("a neighbor"),
            Self::Community => f.write_str("AA:NN"),
            Self::LargeCommunity => f.write_str("AA:BB:CC"),
            Self::ExtendedCommunity => f.write_str("ASN:NN"),
            Self::Amount => f.write_str("a number, +number or -number"),
            Self::Word => f.write_str("a word"),
            Self::Line => f.write_str("text"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(keyword) => f.write_str(keyword),
            Self::Number(number) => number.fmt(f),
            Self::Address(addr) => addr.fmt(f),
            Self::Prefix(net) => net.fmt(f),
            Self::Asn(asn) => asn.fmt(f),
            Self::Peer(peer) => peer.fmt(f),
            Self::Community(number) => {
                match WELL_KNOWN_COMMUNITIES.iter().find(|(_, known)| known == number) {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "{}:{}", number >> 16, number & 0xFFFF),
                }
            }
            Self::LargeCommunity([first, second, third]) => write!(f, "{first}:{second}:{third}"),
            Self::ExtendedCommunity { kind, value } => {
                let [a, b, c, d, e, g] = *value;
                match kind {
                    0 => write!(f, "{}:{}", u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, g])),
                    1 => write!(f, "{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([e, g])),
                    _ => write!(f, "{}:{}", u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, g])),
                }
            }
            Self::Amount(Sign::None, number) => number.fmt(f),
            Self::Amount(Sign::Plus, number) => write!(f, "+{number}"),
            Self::Amount(Sign::Minus, number) => write!(f, "-{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => f.write_str(name),
            Self::Address(addr) => addr.fmt(f),
        }
    }
}

/// Well-known communities by the names FRR gives them (IANA's registry; RFC 1997, 7611, 7999, 8326, 9494).
pub(crate) const WELL_KNOWN_COMMUNITIES: [(&str, u32); 15] = [
    ("internet", 0),
    ("graceful-shutdown", 0xFFFF_0000),
    ("accept-own", 0xFFFF_0001),
    ("route-filter-translated-v4", 0xFFFF_0002),
    ("route-filter-v4", 0xFFFF_0003),
    ("route-filter-translated-v6", 0xFFFF_0004),
    ("route-filter-v6", 0xFFFF_0005),
    ("llgr-stale", 0xFFFF_0006),
    ("no-llgr", 0xFFFF_0007),
    ("accept-own-nexthop", 0xFFFF_0008),
    ("blackhole", 0xFFFF_029A),
    ("no-export", 0xFFFF_FF01),
    ("no-advertise", 0xFFFF_FF02),
    ("local-AS", 0xFFFF_FF03),
    ("no-peer", 0xFFFF_FF04),
];

fn whole<'a, O>(parser: impl Parser<&'a str, Output = O, Error = Fault<'a>>, text: &'a str) -> Option<O> {
    all_consuming(parser).parse(text).ok().map(|(_, found)| found)
}

fn v4(input: &str) -> IResult<&str, Ipv4Addr> {
    map_res(take_while1(|c: char| c.is_ascii_digit() || c == '.'), str::parse).parse(input)
}

fn v6(input: &str) -> IResult<&str, Ipv6Addr> {
    let octet = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    map_res(take_while1(octet), str::parse).parse(input)
}

fn v4_prefix(input: &str) -> IResult<&str, Ipv4Net> {
    map_opt((v4, char('/'), octet), |(addr, _, len)| Ipv4Net::new(addr, len).ok()).parse(input)
}

fn v6_prefix(input: &str) -> IResult<&str, Ipv6Net> {
    map_opt((v6, char('/'), octet), |(addr, _, len)| Ipv6Net::new(addr, len).ok()).parse(input)
}

/// RFC 5396: asplain, and asdot as FRR 9 takes it.
fn asn(input: &str) -> IResult<&str, Asn> {
    let dotted = map((short, char('.'), short), |(high, _, low)| u32::from(high) << 16 | u32::from(low));
    map_opt(alt((dotted, word32)), |n| (n != 0).then_some(Asn(n))).parse(input)
}

fn peer(text: &str) -> Option<PeerName> {
    if let Ok(addr) = text.parse::<IpAddr>() {
        return Some(PeerName::Address(addr));
    }
    let like_an_address = text.bytes().all(|c| c.is_ascii_digit() || c == b'.' || c == b'/');
    (!like_an_address && !text.contains(':')).then(|| PeerName::Group(text.to_owned()))
}

fn community(input: &str) -> IResult<&str, u32> {
    let pair = map((short, char(':'), short), |(high, _, low)| u32::from(high) << 16 | u32::from(low));
    let name = map_opt(take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-'), |name: &str| {
        WELL_KNOWN_COMMUNITIES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    });
    alt((pair, word32, name)).parse(input)
}

fn large_community(input: &str) -> IResult<&str, [u32; 3]> {
    let (rest, (first, _, second, _, third)) = (word32, char(':'), word32, char(':'), word32).parse(input)?;
    Ok((rest, [first, second, third]))
}

/// RFC 4360 §3.1 (two-octet AS), §3.2 (IPv4 address), RFC 5668 (four-octet AS).
fn extended_community(input: &str) -> IResult<&str, Value> {
    let head = alt((map(v4_dotted, Head::Address), map(word32, Head::As)));
    map_opt((head, char(':'), word32), |(head, _, local)| {
        let (kind, value) = match head {
            Head::Address(addr) => (1, join(addr.octets(), u16::try_from(local).ok()?.to_be_bytes())),
            Head::As(asn) => match u16::try_from(asn) {
                Ok(asn) => (0, join(asn.to_be_bytes(), local.to_be_bytes())),
                Err(_) => (2, join(asn.to_be_bytes(), u16::try_from(local).ok()?.to_be_bytes())),
            },
        };
        Some(Value::ExtendedCommunity { kind, value: value? })
    })
    .parse(input)
}

enum Head {
    Address(Ipv4Addr),
    As(u32),
}

fn v4_dotted(input: &str) -> IResult<&str, Ipv4Addr> {
    let text = take_while(|c: char| c.is_ascii_digit() || c == '.');
    map_opt(text, |text: &str| text.contains('.').then(|| text.parse().ok()).flatten()).parse(input)
}

fn join<const A: usize, const B: usize>(left: [u8; A], right: [u8; B]) -> Option<[u8; 6]> {
    let joined: Vec<u8> = left.into_iter().chain(right).collect();
    joined.try_into().ok()
}

fn amount(input: &str) -> IResult<&str, Value> {
    let sign = opt(alt((value(Sign::Plus, char('+')), value(Sign::Minus, char('-')))));
    map_opt((sign, word64), |(sign, number)| {
        Some(Value::Amount(sign.unwrap_or(Sign::None), u32::try_from(number).ok()?))
    })
    .parse(input)
}

type Fault<'a> = nom::error::Error<&'a str>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_own_and_refuses_the_rest() {
        let table: [(&str, &[&str], &[&str]); 9] = [
            ("(1-255)", &["1", "255"], &["0", "256", "-1", "1x", "99999999999999999999"]),
            ("A.B.C.D", &["192.0.2.1"], &["192.0.2", "192.0.2.256", "2001:db8::1", "192.0.2.1/32"]),
            ("X:X::X:X/M", &["2001:db8::/32", "::/0"], &["2001:db8::", "2001:db8::/129", "10.0.0.0/8"]),
            ("A.B.C.D/M", &["10.0.0.1/8"], &["10.0.0.1", "10.0.0.1/33", "10.0.0.1/"]),
            ("ASN", &["64500", "4294967295", "1.5"], &["0", "0.0", "4294967296", "65536.1", "x"]),
            ("PEER", &["CORES", "192.0.2.1", "2001:db8::1"], &["192.0.2.300", "2001:db8::zz"]),
            ("COMMUNITY", &["64500:70", "no-export", "65536"], &["64500:65536", "64500:", "nope"]),
            ("AA:BB:CC", &["1:2:4294967295"], &["1:2", "1:2:3:4"]),
            ("EXTCOMMUNITY", &["65000:1", "192.0.2.1:5", "70000:5"], &["70000:70000", "a:1"]),
        ];
        for (token, good, bad) in table {
            let kind = Kind::from_token(token).unwrap();
            for word in good {
                assert!(kind.parse(word).is_some(), "{token} {word}");
            }
            for word in bad {
                assert!(kind.parse(word).is_none(), "{token} {word}");
            }
        }
    }

    #[test]
    fn a_keyword_is_no_kind() {
        assert_eq!(Kind::from_token("remove-private-AS"), None);
        assert_eq!(Kind::from_token("(1-x)"), None);
    }
}
