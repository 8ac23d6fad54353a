//! The configuration's virtual routers in the core's words: one of each family that has addresses.

use std::net::IpAddr;
use std::time::Duration;

use frr_bridge::vrrp::DeviceKey;
use vrrp_core::segment::Key;
use vrrp_core::{
    AcceptMode, AnnouncePlan, Centiseconds, ChecksumForm, Config, ConfigError, Family, MacMode, Preempt,
    Priority, Settings, Version, VirtualAddresses, Vrid,
};

use crate::config::Vrrp;

/// The virtual routers that `vrrp` comes to; an error for each that cannot work.
pub(super) fn configs(vrid: u8, vrrp: &Vrrp) -> Vec<(Key, Result<Config, ConfigError>)> {
    let Some(vrid) = Vrid::new(vrid) else { return Vec::new() };
    let mut found = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        let addresses = match family {
            Family::Ipv4 => VirtualAddresses::V4(vrrp.addresses_v4.clone()),
            Family::Ipv6 => VirtualAddresses::V6(vrrp.addresses_v6.clone()),
        };
        if !addresses.is_empty() {
            found.push((Key { vrid, family }, Config::check(settings(vrid, addresses, vrrp))));
        }
    }
    found
}

fn settings(vrid: Vrid, addresses: VirtualAddresses, vrrp: &Vrrp) -> Settings {
    let family = addresses.family();
    let peers = vrrp.unicast_peers.iter().copied().filter(|peer| Family::of(*peer) == family);
    Settings {
        version: if vrrp.version == 2 { Version::V2 } else { Version::V3 },
        priority: Priority::new(vrrp.priority).unwrap_or_default(),
        interval: interval(vrrp.advertisement_interval),
        preempt: if vrrp.preempt { Preempt::On { delay: vrrp.preempt_delay } } else { Preempt::Off },
        // We differ from RFC 9568 §6.1, whose default is to refuse: FRR accepts always, and an frr.conf means that
        // unless it says otherwise.
        accept: if vrrp.accept_mode { AcceptMode::Accept } else { AcceptMode::Refuse },
        checksum: match vrrp.checksum_with_pseudo_header {
            true => ChecksumForm::PseudoHeader,
            false => ChecksumForm::Message,
        },
        mac: if vrrp.virtual_mac { MacMode::Virtual } else { MacMode::Interface },
        peers: peers.collect::<Vec<IpAddr>>(),
        announce: AnnouncePlan { refresh: vrrp.garp_refresh, ..AnnouncePlan::default() },
        ..Settings::new(vrid, addresses)
    }
}

fn interval(configured: Duration) -> Centiseconds {
    let millis = u32::try_from(configured.as_millis()).ok();
    millis.and_then(Centiseconds::from_millis).unwrap_or(Centiseconds::LONGEST)
}

/// The device of a virtual router.
pub(super) fn device_key(key: Key, config: &Config) -> DeviceKey {
    let ip_version = match key.family {
        Family::Ipv4 => 4,
        Family::Ipv6 => 6,
    };
    let mac = (config.settings().mac == MacMode::Virtual).then(|| key.vrid.mac(key.family).0);
    DeviceKey { vrid: key.vrid.get(), ip_version, mac }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_frr_conf_means_what_frr_does() {
        let vrrp = Vrrp {
            addresses_v4: vec!["10.0.0.254".parse().unwrap()],
            addresses_v6: vec!["2001:db8::254".parse().unwrap(), "fe80::5".parse().unwrap()],
            ..Vrrp::default()
        };
        let found = configs(5, &vrrp);
        assert_eq!(found.len(), 2);
        for (key, config) in found {
            let config = config.unwrap();
            let settings = config.settings();
            assert_eq!(settings.checksum, ChecksumForm::PseudoHeader);
            assert_eq!((settings.priority.get(), settings.interval.millis()), (100, 1000));
            assert!(config.accepts());
            let kind = if key.family == Family::Ipv4 { 1 } else { 2 };
            assert_eq!(device_key(key, &config).mac, Some([0, 0, 0x5e, 0, kind, 5]));
        }
    }

    #[test]
    fn a_family_without_addresses_is_none() {
        assert!(configs(5, &Vrrp::default()).is_empty());
    }
}
