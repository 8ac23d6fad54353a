//! Who is who at the site: the names, the addresses and the frr.conf of each node.

use std::net::IpAddr;

use anyhow::{Context, Result};

use super::Role;

/// What a node is built from.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) interfaces: Vec<&'static str>,
    /// Addresses of services that live on the node itself.
    pub(super) loopback: Vec<String>,
    pub(super) conf: String,
}

/// The client behind the provider, IPv4.
pub const CLIENT4: &str = "198.18.100.1";

/// The client behind the provider, IPv6.
pub const CLIENT6: &str = "2001:db8:c000::1";

/// The address that all three hosts share.
pub const ANYCAST4: &str = "203.0.113.30";

/// The hosts' gateway, IPv4.
pub const GATEWAY4: &str = "198.51.100.1";

/// The hosts' gateway, IPv6.
pub const GATEWAY6: &str = "2001:db8:100::1";

/// What is pinged: an instance on each host, both families, and the anycast service.
pub fn targets() -> Result<Vec<IpAddr>> {
    let ipv4 = (1..=3).map(|n| format!("203.0.113.{}", 10 + n));
    let ipv6 = (1..=3).map(|n| format!("2001:db8:1000:{n}::1"));
    let all = ipv4.chain(ipv6).chain([ANYCAST4.to_owned()]);
    all.map(|text| text.parse().with_context(|| format!("target {text}"))).collect()
}

/// Every node, in the order of starting. Hosts send by the gateway where the routers share one.
pub(super) fn plans(has_gateway: bool) -> Vec<Plan> {
    let mut plans = vec![internet(), core("core-a", 1), core("core-b", 2)];
    plans.extend(["router1", "router2", "router3"].into_iter().zip(1..).map(|(name, n)| router(name, n)));
    plans.extend(["host1", "host2", "host3"].into_iter().zip(1..).map(|(name, n)| host(name, n)));
    if has_gateway {
        for host in plans.iter_mut().filter(|plan| plan.role == Role::Host) {
            host.conf.push_str(&format!("ip route 0.0.0.0/0 {GATEWAY4}\nipv6 route ::/0 {GATEWAY6}\n"));
        }
    }
    plans
}

fn internet() -> Plan {
    Plan {
        name: "internet",
        role: Role::Internet,
        interfaces: vec!["transit0"],
        loopback: vec![format!("{CLIENT4}/32"), format!("{CLIENT6}/128")],
        conf: INTERNET.to_owned(),
    }
}

fn core(name: &'static str, n: u8) -> Plan {
    let conf = CORE.replace("NAME", name).replace("{n}", &n.to_string());
    Plan { name, role: Role::Core, interfaces: vec!["transit0", "wan0"], loopback: Vec::new(), conf }
}

/// `examples/router1.conf` with this router's addresses, an IPv6 default for the hosts beside the IPv4 one, and a
/// gateway that depends on the default route: without it, router 1 is worth less than the others.
fn router(name: &'static str, n: u8) -> Plan {
    let (wan, uplink, priority) = (3 + n, 1 + n, 250 - 50 * u32::from(n));
    let conf = include_str!("../../../examples/router1.conf")
        .replace("hostname router1", &format!("hostname {name}"))
        .replace("192.0.2.4", &format!("192.0.2.{wan}"))
        .replace("2001:db8:ffff::4/64", &format!("2001:db8:ffff::{wan}/64"))
        .replace("198.51.100.2/24", &format!("198.51.100.{uplink}/24"))
        .replace("2001:db8:100::2/64", &format!("2001:db8:100::{uplink}/64"))
        .replace("priority 200", &format!("priority {priority}"))
        .replace(
            " vrrp 5 ipv6 2001:db8:100::1\n",
            " vrrp 5 ipv6 2001:db8:100::1\n !@ vrrp 5 track default-route decrement 150\n",
        )
        .replace(
            " address-family ipv6 unicast\n",
            " address-family ipv6 unicast\n  neighbor HOSTS default-originate\n",
        );
    Plan { name, role: Role::Router, interfaces: vec!["wan0", "uplink0"], loopback: Vec::new(), conf }
}

fn host(name: &'static str, n: u8) -> Plan {
    let loopback = vec![
        format!("203.0.113.{}/32", 10 + n),
        format!("2001:db8:1000:{n}::1/128"),
        format!("{ANYCAST4}/32"),
    ];
    let conf = HOST.replace("NAME", name).replace("{n}", &n.to_string());
    Plan { name, role: Role::Host, interfaces: vec!["uplink0"], loopback, conf }
}

const INTERNET: &str = "\
frr defaults traditional
hostname internet
!
interface transit0
 ip address 198.18.0.3/28
 ipv6 address 2001:db8:fffe::3/64
exit
!
router bgp 64499
 bgp router-id 198.18.0.3
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 timers bgp 3 9
 neighbor 198.18.0.1 remote-as 64500
 neighbor 198.18.0.1 timers connect 2
 neighbor 198.18.0.2 remote-as 64500
 neighbor 198.18.0.2 timers connect 2
 neighbor 2001:db8:fffe::1 remote-as 64500
 neighbor 2001:db8:fffe::1 timers connect 2
 neighbor 2001:db8:fffe::2 remote-as 64500
 neighbor 2001:db8:fffe::2 timers connect 2
 !
 address-family ipv4 unicast
  network 198.18.100.0/24
  neighbor 198.18.0.1 activate
  neighbor 198.18.0.2 activate
  maximum-paths 8
 exit-address-family
 !
 address-family ipv6 unicast
  network 2001:db8:c000::/48
  neighbor 2001:db8:fffe::1 activate
  neighbor 2001:db8:fffe::2 activate
  maximum-paths 8
 exit-address-family
exit
";

const CORE: &str = "\
frr defaults traditional
hostname NAME
!
interface transit0
 ip address 198.18.0.{n}/28
 ipv6 address 2001:db8:fffe::{n}/64
exit
!
interface wan0
 ip address 192.0.2.{n}/28
 ipv6 address 2001:db8:ffff::{n}/64
exit
!
router bgp 64500
 bgp router-id 192.0.2.{n}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 timers bgp 3 9
 neighbor SITE peer-group
 neighbor SITE remote-as 64510
 neighbor SITE timers connect 2
 neighbor SITE ttl-security hops 1
 neighbor SITE password s3cret-core
 neighbor 192.0.2.4 peer-group SITE
 neighbor 192.0.2.5 peer-group SITE
 neighbor 192.0.2.6 peer-group SITE
 neighbor SITE6 peer-group
 neighbor SITE6 remote-as 64510
 neighbor SITE6 timers connect 2
 neighbor 2001:db8:ffff::4 peer-group SITE6
 neighbor 2001:db8:ffff::5 peer-group SITE6
 neighbor 2001:db8:ffff::6 peer-group SITE6
 neighbor 198.18.0.3 remote-as 64499
 neighbor 2001:db8:fffe::3 remote-as 64499
 !
 address-family ipv4 unicast
  network 0.0.0.0/0
  network 198.51.0.0/18
  neighbor SITE activate
  neighbor 198.18.0.3 activate
  maximum-paths 8
 exit-address-family
 !
 address-family ipv6 unicast
  network ::/0
  network 2001:db8:f000::/36
  neighbor SITE6 activate
  neighbor 2001:db8:fffe::3 activate
  maximum-paths 8
 exit-address-family
exit
";

const HOST: &str = "\
frr defaults traditional
hostname NAME
!
interface uplink0
 ip address 198.51.100.1{n}/24
 ip address 198.51.100.2{n}/24
 ipv6 address 2001:db8:100::1{n}/64
 ipv6 address 2001:db8:100::2{n}/64
exit
!
route-map OVN permit 10
 set ip next-hop 198.51.100.2{n}
exit
!
route-map OVN6 permit 10
 set ipv6 next-hop global 2001:db8:100::2{n}
exit
!
router bgp 64520
 bgp router-id 198.51.100.1{n}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 timers bgp 3 9
 neighbor ROUTERS peer-group
 neighbor ROUTERS remote-as 64510
 neighbor ROUTERS timers connect 2
 neighbor 198.51.100.2 peer-group ROUTERS
 neighbor 198.51.100.3 peer-group ROUTERS
 neighbor 198.51.100.4 peer-group ROUTERS
 !
 address-family ipv4 unicast
  network 203.0.113.1{n}/32 route-map OVN
  network 203.0.113.30/32 route-map OVN
  neighbor ROUTERS activate
  maximum-paths 8
 exit-address-family
 !
 address-family ipv6 unicast
  network 2001:db8:1000:{n}::/64 route-map OVN6
  neighbor ROUTERS activate
  maximum-paths 8
 exit-address-family
exit
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_router_has_the_example_with_its_own_addresses() {
        let plans: Vec<Plan> = plans(true).into_iter().filter(|plan| plan.role == Role::Router).collect();
        assert_eq!(plans.len(), 3);
        for (plan, (wan, uplink)) in plans.iter().zip([(4, 2), (5, 3), (6, 4)]) {
            for line in [
                format!("hostname {}\n", plan.name),
                format!(" ip address 192.0.2.{wan}/28\n"),
                format!(" ipv6 address 2001:db8:100::{uplink}/64\n"),
                format!(" bgp router-id 192.0.2.{wan}\n"),
                "  neighbor HOSTS default-originate\n".to_owned(),
                " !@ vrrp 5 track default-route decrement 150\n".to_owned(),
            ] {
                assert!(plan.conf.contains(&line), "{line:?} is missing in\n{}", plan.conf);
            }
            assert_eq!(plan.conf.matches("default-originate").count(), 2);
            assert!(plan.conf.contains("neighbor 192.0.2.1 peer-group CORES\n"));
        }
    }
}
