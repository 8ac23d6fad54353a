//! Over real sockets, with the framing.

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
