//! What holds for any octets given as a configuration; shared by the fuzz target, the replay of its corpus and
//! the property test.

use router::config::{Daemon, Editor, Loaded, load, running_config};

/// Reads `octets`, prints what was read, reads that; then takes every line back.
///
/// # Panics
///
/// If anything that must hold does not.
pub(crate) fn holds(octets: &[u8]) {
    let loaded = load(octets);
    the_account_adds_up(&loaded);
    let printed = running_config(&loaded.script, &Daemon::ALL);
    let again = load(printed.as_bytes());
    assert_eq!(again.account.errors, 0, "printed lines are good lines:\n{printed}\n{:?}", again.findings);
    assert_eq!(again.desired, loaded.desired, "what is printed reads back the same:\n{printed}");
    assert_eq!(running_config(&again.script, &Daemon::ALL), printed, "and prints the same");

    let mut editor = Editor::default();
    for line in octets.split(|octet| *octet == b'\n') {
        editor.apply_line(line);
        editor.apply_line(&[b"no ", line].concat());
    }
    let edited = editor.resolve().0;
    let printed = running_config(editor.script(), &Daemon::ALL);
    assert_eq!(load(printed.as_bytes()).desired, edited, "what is left reads back the same:\n{printed}");
}

fn the_account_adds_up(loaded: &Loaded) {
    let account = loaded.account;
    let counted = account.acted_on + account.without_effect + account.skipped + account.errors;
    assert!(counted <= account.lines);
    assert!(account.errors <= loaded.findings.errors());
    for finding in loaded.findings.iter() {
        assert!(finding.line as usize <= account.lines && finding.column > 0, "{finding:?}");
        assert!(!finding.message.contains("a fault of ridgeway"), "{finding:?}");
    }
}
