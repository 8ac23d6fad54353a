//! Text: a configuration of a thousand lines, and commands on the control socket.

use std::fmt::Write;

use frr_bridge::vty::codec::{Decoder, Reply, Request};

use super::Work;

/// The example's lines, and the prefix lists that a site like it has.
pub(crate) fn load() -> Work {
    let mut text = include_str!("../../../examples/router1.conf").to_owned();
    for seq in 1..=1000 {
        let (high, low) = (seq / 256, seq % 256);
        writeln!(text, "ip prefix-list CUSTOMERS seq {seq} permit 10.{high}.{low}.0/24 le 28").expect("room");
    }
    let lines = text.lines().count();
    Work::new(
        lines,
        text,
        |_| {},
        |text| {
            let loaded = router::config::load(text.as_bytes());
            loaded.account.acted_on + loaded.account.errors
        },
    )
}

struct Talk {
    decoder: Decoder,
    commands: Vec<u8>,
}

/// Commands as `vtysh` sends them, with an answer of a line each.
pub(crate) fn vty() -> Work {
    const TIMES: usize = 100;
    let commands = b"show bgp summary json\0".repeat(TIMES);
    let state = Talk { decoder: Decoder::default(), commands };
    Work::new(
        TIMES,
        state,
        |_| {},
        |Talk { decoder, commands }| {
            let mut answered = 0;
            decoder.push(commands);
            while let Some(Request::Line(line)) = decoder.next_request() {
                answered += Reply::success(line).encode().len();
            }
            answered
        },
    )
}
