//! Communities as text: RFC 1997 and RFC 8092 (extended ones are in `extended`).
//!
//! The names are the IANA registry's, in the spelling FRR shows and reads: `65000:1`, `no-export`, `65000:1:2`.

use core::fmt;
use core::str::FromStr;

/// A community (RFC 1997).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Community(pub u32);

/// A large community (RFC 8092): global administrator, two numbers of its choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LargeCommunity(pub [u32; 3]);

/// Text that is no community.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a community")]
pub struct ParseCommunityError;

#[allow(missing_docs)] // the names are the registry's
impl Community {
    pub const INTERNET: Self = Self(0);
    /// RFC 8326.
    pub const GRACEFUL_SHUTDOWN: Self = Self(0xffff_0000);
    /// RFC 7611.
    pub const ACCEPT_OWN: Self = Self(0xffff_0001);
    /// RFC 9494 §4.6.
    pub const LLGR_STALE: Self = Self(0xffff_0006);
    /// RFC 9494 §4.6.
    pub const NO_LLGR: Self = Self(0xffff_0007);
    /// RFC 7999.
    pub const BLACKHOLE: Self = Self(0xffff_029a);
    /// RFC 1997.
    pub const NO_EXPORT: Self = Self(0xffff_ff01);
    /// RFC 1997.
    pub const NO_ADVERTISE: Self = Self(0xffff_ff02);
    /// RFC 1997 (NO_EXPORT_SUBCONFED).
    pub const LOCAL_AS: Self = Self(0xffff_ff03);
    /// RFC 3765.
    pub const NO_PEER: Self = Self(0xffff_ff04);

    /// The name of a well-known community.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(community, _)| *community == self).map(|(_, name)| *name)
    }
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}:{}", self.0 >> 16, self.0 & 0xffff),
        }
    }
}

/// A name, `N:N`, or the whole as one number.
impl FromStr for Community {
    type Err = ParseCommunityError;

    fn from_str(text: &str) -> Result<Self, ParseCommunityError> {
        if let Some((community, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Ok(*community);
        }
        let Some((high, low)) = text.split_once(':') else { return number(text).map(Self) };
        let high: u16 = number(high)?;
        let low: u16 = number(low)?;
        Ok(Self(u32::from(high) << 16 | u32::from(low)))
    }
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [global, first, second] = self.0;
        write!(f, "{global}:{first}:{second}")
    }
}

impl FromStr for LargeCommunity {
    type Err = ParseCommunityError;

    fn from_str(text: &str) -> Result<Self, ParseCommunityError> {
        let mut parts = text.split(':').map(number);
        let mut next = || parts.next().ok_or(ParseCommunityError)?;
        let community = Self([next()?, next()?, next()?]);
        if parts.next().is_some() { Err(ParseCommunityError) } else { Ok(community) }
    }
}

/// Digits only: no sign, no blank.
pub(super) fn number<T: FromStr>(text: &str) -> Result<T, ParseCommunityError> {
    if !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(ParseCommunityError);
    }
    text.parse().map_err(|_| ParseCommunityError)
}

/// Well-known communities, in the spelling of FRR.
const NAMES: [(Community, &str); 15] = [
    (Community::INTERNET, "internet"),
    (Community::GRACEFUL_SHUTDOWN, "graceful-shutdown"),
    (Community::ACCEPT_OWN, "accept-own"),
    (Community(0xffff_0002), "route-filter-translated-v4"),
    (Community(0xffff_0003), "route-filter-v4"),
    (Community(0xffff_0004), "route-filter-translated-v6"),
    (Community(0xffff_0005), "route-filter-v6"),
    (Community::LLGR_STALE, "llgr-stale"),
    (Community::NO_LLGR, "no-llgr"),
    (Community(0xffff_0008), "accept-own-nexthop"),
    (Community::BLACKHOLE, "blackhole"),
    (Community::NO_EXPORT, "no-export"),
    (Community::NO_ADVERTISE, "no-advertise"),
    (Community::LOCAL_AS, "local-AS"),
    (Community::NO_PEER, "no-peer"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn communities_read_as_they_show() {
        for text in
            ["65000:1", "0:7", "65535:65535", "no-export", "local-AS", "graceful-shutdown", "internet"]
        {
            assert_eq!(text.parse::<Community>().unwrap().to_string(), text);
        }
        assert_eq!("4259840001".parse(), Ok(Community(65000 << 16 | 1)));
        for text in ["", ":", "1:", "65536:1", "1:2:3", "+1:2", "1: 2", "noexport"] {
            assert_eq!(text.parse::<Community>(), Err(ParseCommunityError), "{text}");
        }
    }

    #[test]
    fn large_communities_read_as_they_show() {
        assert_eq!("4200000000:1:2".parse::<LargeCommunity>().unwrap().to_string(), "4200000000:1:2");
        for text in ["1:2", "1:2:3:4", "1::3", "4294967296:1:1", "a:1:1"] {
            assert_eq!(text.parse::<LargeCommunity>(), Err(ParseCommunityError), "{text}");
        }
    }
}
