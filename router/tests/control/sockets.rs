//! Over real sockets, with the framing.

use std::path::Path;
use std::sync::Arc;

use frr_bridge::vty::client::Client;
use frr_bridge::vty::server::Listener;
use router::control::{Daemon, serve};

use crate::world::World;

#[tokio::test]
async fn a_client_asks_over_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bgpd.vty");
    let world = World::recorded();
    let listener = Listener::bind(&path).unwrap();
    let server = tokio::spawn(serve(listener, Arc::clone(&world.control), Daemon::Bgpd));
    let mut client = Client::connect(&path).await.unwrap();
    let reply = client.request("show bgp vrfs json").await.unwrap();
    assert_eq!(reply.status.0, 0);
    assert!(reply.text.contains("\"numEstablishedPeers\":4"));
    let reply = client.request("nonsense").await.unwrap();
    assert_eq!((reply.status.0, reply.text.as_str()), (2, "% [BGP] Unknown command: nonsense\n"));
    client.request("exit").await.unwrap();
    assert!(client.request("echo PING").await.is_err(), "exit closes");
    server.abort();
}

/// What vtysh printed, and whether it was content. `None`: it is not installed.
async fn vtysh(folder: &Path, commands: &[&str]) -> Option<(String, bool)> {
    let mut vtysh = tokio::process::Command::new("vtysh");
    vtysh.arg("--vty_socket").arg(folder).arg("--config_dir").arg(folder);
    for command in commands {
        vtysh.args(["-c", command]);
    }
    let output = vtysh.output().await.ok()?;
    Some((String::from_utf8(output.stdout).unwrap(), output.status.success()))
}

#[tokio::test]
async fn the_stock_vtysh_shows_and_walks_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::recorded();
    for daemon in Daemon::ALL {
        let listener = Listener::bind(&folder.path().join(format!("{}.vty", daemon.name()))).unwrap();
        tokio::spawn(serve(listener, Arc::clone(&world.control), daemon));
    }
    let at = folder.path();
    let Some((text, is_content)) = vtysh(at, &["sh bgp sum json"]).await else {
        eprintln!("skipped: vtysh is not installed");
        return;
    };
    assert!(is_content && text.contains("\"totalPeers\":3"), "{text}");
    let (text, is_content) = vtysh(at, &["show ip route bgp", "show interface brief"]).await.unwrap();
    assert!(is_content && text.contains("B>* 203.0.113.0/24") && text.contains("vrrp4-5"), "{text}");
    let lines = ["conf t", "router bgp 65001", "interface eth0", "description foo", "do show bgp vrfs"];
    let (text, is_content) = vtysh(at, &lines).await.unwrap();
    assert!(is_content && text.contains("192.0.2.1"), "{text}");
    let lines = ["conf t", "router bgp 65001", "neighbor 10.0.0.2 remote-as 65012"];
    let (text, is_content) = vtysh(at, &lines).await.unwrap();
    assert!(!is_content && text.contains("editing its file"), "{text}");
}
