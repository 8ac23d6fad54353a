//! Interfaces that come late, and the addresses that the configuration gives them.

use anyhow::{Result, ensure};
use lab::daemon::{self, Kind, Route};

use crate::pair::{A4, B4, ours, reads_frr_conf, theirs};

#[test]
fn an_interface_that_is_missing_at_the_start_is_waited_for_and_gets_its_address() {
    lab::run("a missing interface", |lab| -> Result<()> {
        if !reads_frr_conf() || !Kind::Bird.available()? {
            return Ok(());
        }
        let (a, b) = (lab.namespace("a")?, lab.namespace("b")?);
        let ours = ours(B4, |n| n).preamble("interface late0\n ip address 10.0.0.1/24\nexit\n!");
        let mut dut = daemon::start(Kind::under_test(), &a, &ours)?;
        std::thread::sleep(std::time::Duration::from_millis(500));
        dut.process().ensure_running()?;
        if Kind::under_test() == Kind::Ridgeway {
            ensure!(dut.process().log().contains("late0"), "its log does not speak of late0");
        }

        lab.link((&a, "late0", &[]), (&b, "eth0", &["10.0.0.2/24"]))?;
        let theirs = theirs(A4, |n| n).route(Route::new("198.51.100.0/24").via(B4));
        let _peer = daemon::start(Kind::Bird, &b, &theirs)?;
        dut.await_route(B4, "198.51.100.0/24").map(drop)
    });
}
