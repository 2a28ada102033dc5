//! Holds the dependencies between the workspace's crates against the table of those that are allowed.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// A crate, and the crates of the workspace that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("antiphon-core", &[]),
    ("antiphon-net", &["antiphon-core"]),
    ("antiphon-journal", &["antiphon-core"]),
    (
        "antiphon-discord",
        &["antiphon-core", "antiphon-net", "antiphon-discord-model"],
    ),
    ("antiphon-discord-model", &["antiphon-core"]),
    ("antiphon-lavalink", &["antiphon-core", "antiphon-net"]),
    ("antiphon-queup", &["antiphon-core", "antiphon-net"]),
    ("antiphon-stackexchange", &["antiphon-core", "antiphon-net"]),
    ("antiphon-sim", &["antiphon-core", "antiphon-net"]),
    (
        "antiphon",
        &[
            "antiphon-core",
            "antiphon-net",
            "antiphon-journal",
            "antiphon-discord",
            "antiphon-lavalink",
            "antiphon-queup",
            "antiphon-stackexchange",
        ],
    ),
    (
        "antiphon-cli",
        &[
            "antiphon",
            "antiphon-core",
            "antiphon-net",
            "antiphon-journal",
            "antiphon-discord",
            "antiphon-lavalink",
            "antiphon-queup",
            "antiphon-stackexchange",
            "antiphon-sim",
        ],
    ),
];

/// The crates that the test code of any crate may use as well.
const IN_TESTS: &[&str] = &["antiphon-sim"];

#[test]
fn no_crate_depends_on_what_it_may_not() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo describes its own workspace");
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let members: BTreeSet<_> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut forbidden = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(may) = allowed.get(name) else {
            forbidden.push(format!("`{name}` is not in the table"));
            continue;
        };
        for dependency in &package.dependencies {
            let in_tests = dependency.kind == DependencyKind::Development
                && IN_TESTS.contains(&dependency.name.as_str());
            if members.contains(&dependency.name)
                && dependency.name != name
                && !may.contains(&dependency.name.as_str())
                && !in_tests
            {
                forbidden.push(format!("`{name}` depends on `{}`", dependency.name));
            }
        }
    }
    assert_eq!(forbidden, Vec::<String>::new());
}
