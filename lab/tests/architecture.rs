//! `ARCHITECTURE.md` tells the truth: what it names exists, and crates depend on each other only as it draws them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lab::binary::workspace;

/// For each crate of ours, which of our crates it may depend on, tests included.
const ALLOWED: &[(&str, &[&str])] = &[
    ("bgp-core", &[]),
    ("vrrp-core", &[]),
    ("frr-bridge", &[]),
    ("router", &["bgp-core", "vrrp-core", "frr-bridge", "testkit"]),
    ("testkit", &["bgp-core", "vrrp-core"]),
    ("lab", &[]),
    ("benches", &["bgp-core", "vrrp-core", "frr-bridge", "router", "lab"]),
];

#[test]
fn crates_depend_on_each_other_only_as_drawn() {
    let ours: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    let members = members();
    assert_eq!(members.iter().map(String::as_str).collect::<BTreeSet<_>>(), ours, "the workspace's members");
    for (name, allowed) in ALLOWED {
        let found = dependencies(&read(&format!("{name}/Cargo.toml")));
        let internal: BTreeSet<&str> =
            found.iter().map(String::as_str).filter(|d| ours.contains(d)).collect();
        let extra: Vec<&&str> = internal.iter().filter(|dependency| !allowed.contains(dependency)).collect();
        assert!(extra.is_empty(), "{name} depends on {extra:?}");
    }
}

#[test]
fn pure_crates_are_no_std_and_have_few_dependencies() {
    for name in ["bgp-core", "vrrp-core"] {
        assert!(read(&format!("{name}/src/lib.rs")).contains("#![no_std]"), "{name} is not no_std");
        let manifest = read(&format!("{name}/Cargo.toml"));
        let optional = manifest.lines().filter(|line| line.contains("optional = true")).count();
        let count = section(&manifest, "dependencies").len() - optional;
        // Five, with hashbrown and its hasher counted as one.
        assert!(count <= 6, "{name} has {count} dependencies");
    }
}

#[test]
fn versions_of_dependencies_are_in_the_workspace_manifest_only() {
    for (name, _) in ALLOWED {
        let manifest = read(&format!("{name}/Cargo.toml"));
        for line in ["dependencies", "dev-dependencies"].iter().flat_map(|title| section(&manifest, title)) {
            assert!(line.contains("workspace = true"), "{name}/Cargo.toml: {line}");
        }
    }
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "docs/rfc-map.md", "docs/interop.md"]
    {
        let text = read(document);
        let names = text.split('`').skip(1).step_by(2).filter(|word| is_path(word));
        let missing: Vec<&str> = names.filter(|path| !workspace().join(path).exists()).collect();
        assert!(missing.is_empty(), "{document} names {missing:?}");
    }
}

#[test]
fn every_room_of_the_pure_core_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    for entry in std::fs::read_dir(workspace().join("bgp-core/src")).unwrap().flatten() {
        if entry.path().is_dir() {
            let room = format!("`bgp-core/src/{}`", entry.file_name().to_string_lossy());
            assert!(map.contains(&room), "{room} is not in ARCHITECTURE.md");
        }
    }
}

/// Words in backquotes that are a path in this repository: they begin with one of its folders.
fn is_path(word: &str) -> bool {
    let top = word.split('/').next().unwrap_or_default();
    word.contains('/')
        && !word.starts_with('/')
        && !word.contains([' ', '{', '*'])
        && Path::new(&workspace().join(top)).is_dir()
}

fn members() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let line = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut all = BTreeMap::new();
    for title in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for line in section(manifest, title) {
            all.insert(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned(), ());
        }
    }
    all.into_keys().collect()
}

/// The lines of one section of a manifest.
fn section<'a>(manifest: &'a str, title: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{title}]")).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        .collect()
}

fn read(path: &str) -> String {
    let path = workspace().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
