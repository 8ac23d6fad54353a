//! Large tables leave in chunks, and nobody is asked for more than is read.

use std::sync::Arc;
use std::time::Duration;

use router::control::snapshot::RouteSnapshot;
use router::control::{CHUNK, Daemon, Output, Stop};
use tokio::sync::mpsc;

use crate::scene::Scene;
use crate::world::World;

fn large(count: u32) -> World {
    let mut scene = Scene::recorded();
    let template = scene.ipv4.remove(0);
    let prefix = |n: u32| ipnet::Ipv4Net::new(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n), 32).unwrap();
    scene.ipv4 = (0..count).map(|n| RouteSnapshot { prefix: prefix(n).into(), ..template.clone() }).collect();
    World::of(scene)
}

#[tokio::test]
async fn a_large_table_comes_in_chunks_that_make_valid_json() {
    let world = large(2000);
    let (chunks, mut parts) = mpsc::channel(1);
    let mut session = world.session(Daemon::Bgpd);
    let asking = tokio::spawn(async move {
        let mut out = Output::streamed(chunks);
        session.execute("show bgp ipv4 unicast json", &mut out).await.unwrap();
        out.into_rest()
    });
    let mut whole = String::new();
    let mut count = 0;
    while let Some(part) = parts.recv().await {
        assert!(part.len() < 2 * CHUNK);
        whole.push_str(&part);
        count += 1;
    }
    whole.push_str(&asking.await.unwrap());
    assert!(count > 5, "{count} chunks");
    let value: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(value["routes"].as_object().unwrap().len(), 2000);
}

#[tokio::test]
async fn an_answer_waits_for_its_reader_and_stops_without_one() {
    let world = Arc::new(large(2000));
    let (chunks, parts) = mpsc::channel(1);
    let mut session = world.session(Daemon::Bgpd);
    let asking = tokio::spawn(async move {
        let mut out = Output::streamed(chunks);
        session.execute("show bgp ipv4 unicast json", &mut out).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!asking.is_finished(), "two chunks cannot hold the table");
    drop(parts);
    assert_eq!(asking.await.unwrap().unwrap_err(), Stop::Unread);
}
