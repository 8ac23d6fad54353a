//! Why a packet was dropped, what was odd about one that was not, and why a configuration is refused.
//!
//! [`DropReason`] is the error of the receive path (RFC 9568 §7.1, RFC 3768 §7.1), [`Remark`] what §7.1 wants logged
//! but not dropped. Both are tables: a row gives the name that counters are shown by and the words for the log.
//! The counters ([`Drops`], [`Remarks`]) hold one number a row.

use core::net::IpAddr;

use crate::time::Centiseconds;

/// A closed set of things to count: the enum, its names, its words, and its counters.
macro_rules! tally {
    (
        $(#[$meta:meta])* $kind:ident, $(#[$counts_meta:meta])* $counts:ident:
        $($(#[$row_meta:meta])* $row:ident $name:literal $text:literal,)+
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $kind {
            $($(#[$row_meta])* #[error($text)] $row,)+
        }

        $(#[$counts_meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $counts([u64; $kind::ALL.len()]);

        impl $kind {
            /// All of them, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$row,)+];

            /// The name of its counter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$row => $name,)+
                }
            }

            /// Its bit in a set.
            pub(crate) const fn bit(self) -> u32 {
                1 << self as u32
            }
        }

        impl $counts {
            /// Counts one more.
            pub fn count(&mut self, kind: $kind) {
                if let Some(count) = self.0.get_mut(kind as usize) {
                    *count += 1;
                }
            }

            /// How often.
            #[must_use]
            pub fn of(&self, kind: $kind) -> u64 {
                self.0.get(kind as usize).copied().unwrap_or_default()
            }

            /// All together.
            #[must_use]
            pub fn total(&self) -> u64 {
                self.0.iter().sum()
            }

            /// Every row and its count.
            pub fn iter(&self) -> impl Iterator<Item = ($kind, u64)> {
                $kind::ALL.iter().copied().zip(self.0)
            }
        }
    };
}

tally! {
    /// Why a packet was dropped: the first check that it failed. State and timers stay as they are.
    DropReason,
    /// Packets dropped, by reason.
    Drops:
    /// Nothing runs here (RFC 9568 §6.4.1).
    NotStarted "not-started" "the virtual router is not running",
    /// Its source is our own address: a loop, or a second router with our address.
    OwnPacket "own-packet" "the packet comes from our own address",
    /// Peers are configured and this is none.
    NotAPeer "not-a-peer" "the sender is not one of the configured peers",
    /// It has come through a router (RFC 9568 §5.1.1.3).
    HopLimit "ip-ttl-errors" "TTL or hop limit is not 255",
    /// Not the version that is configured.
    Version "version-errors" "another version of the protocol",
    /// Only ADVERTISEMENT exists (RFC 9568 §5.2.2).
    Type "invalid-type-pkts-rcvd" "unknown message type",
    /// Header, addresses and, in VRRPv2, authentication data are not all there.
    Length "packet-length-errors" "the message is shorter than it says",
    /// Neither form of it is right (RFC 9568 §5.2.8, RFC 5798 §5.2.8).
    Checksum "checksum-errors" "wrong checksum",
    /// Nobody here has this VRID.
    Vrid "vrid-errors" "no virtual router with this VRID",
    /// VRRPv2 only (RFC 3768 §7.1); with RFC 9568, erratum 8298, it is a remark.
    LocalOwner "local-owner" "we own the addresses",
    /// No address at all (RFC 9568 §5.2.5, erratum 8299).
    AddressCount "address-count-errors" "the address count is zero",
    /// Erratum 8300, where it is enforced.
    FirstAddress "first-address-errors" "the first IPv6 address is not link-local",
    /// VRRPv2 without authentication is all we speak (RFC 3768 §5.3.6).
    AuthType "auth-type-errors" "an authentication type other than none",
    /// VRRPv2 only: the list is not ours, and the sender not the owner (RFC 3768 §7.1).
    AddressList "address-list-errors" "other addresses than ours",
    /// Would make Backups time out at once (RFC 9568, erratum 8301).
    IntervalZero "interval-zero-errors" "the advertisement interval is zero",
    /// VRRPv2 only (RFC 3768 §7.1).
    Interval "interval-errors" "another advertisement interval than ours",
}

tally! {
    /// What was odd about a packet that was accepted all the same.
    Remark,
    /// Odd packets, by what was odd.
    Remarks:
    /// RFC 9568 §7.1: SHOULD be logged, and the interval is adopted.
    Interval "interval-differs" "another advertisement interval than ours",
    /// RFC 9568 §7.1: MAY be logged.
    AddressList "address-list-differs" "other addresses than ours",
    /// Erratum 8300, where it is not enforced.
    FirstAddress "first-address-global" "the first IPv6 address is not link-local",
    /// RFC 9568 §8.3.2: one owner a link.
    SecondOwner "second-owner" "another router claims to own the addresses",
}

/// Why a configuration cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to be a gateway with.
    #[error("a virtual router needs an address")]
    NoAddress,
    /// The count has one octet.
    #[error("a virtual router has at most 255 addresses")]
    TooManyAddresses,
    /// RFC 9568 §5.2.9: one family.
    #[error("{0} is of another family than the addresses before it")]
    MixedFamilies(IpAddr),
    /// Once is enough.
    #[error("{0} is there twice")]
    DuplicateAddress(IpAddr),
    /// Unspecified, multicast, broadcast or loopback.
    #[error("{0} cannot be the address of a gateway")]
    UnusableAddress(IpAddr),
    /// RFC 3768 knows only IPv4.
    #[error("VRRP version 2 has no IPv6")]
    Ipv6InVersion2,
    /// RFC 9568, erratum 8301.
    #[error("the advertisement interval of version 3 is 10 to 40950 ms, not {}", .0.millis())]
    IntervalOutOfRange(Centiseconds),
    /// RFC 3768 §5.3.7.
    #[error("the advertisement interval of version 2 is 1 to 255 whole seconds, not {} ms", .0.millis())]
    IntervalNotWholeSeconds(Centiseconds),
    /// A peer that could never hear us.
    #[error("the peer {0} is of another family than the addresses")]
    PeerFamily(IpAddr),
    /// VRID and family are what a virtual router is; they do not change.
    #[error("another VRID or family is another virtual router")]
    OtherRouter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_counter_and_a_name_of_its_own() {
        let mut drops = Drops::default();
        for (index, reason) in DropReason::ALL.iter().enumerate() {
            for _ in 0..=index {
                drops.count(*reason);
            }
        }
        for (index, (reason, count)) in drops.iter().enumerate() {
            assert_eq!((drops.of(reason), count), (index as u64 + 1, index as u64 + 1));
            assert_eq!(DropReason::ALL.iter().filter(|other| other.name() == reason.name()).count(), 1);
        }
    }
}
