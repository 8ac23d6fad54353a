//! tmp
#[test]
fn t() {
    let t = std::fs::read("../docs/examples/router1.conf").unwrap();
    let l = router::config::load(&t);
    println!("{}", router::config::check::Report::new("router1.conf", &l).text());
    println!("{:#?}", l.desired);
    println!("{}", router::config::running_config(&l.script, &router::config::Daemon::ALL));
}
