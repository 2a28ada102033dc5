//! Holds the dependencies between the workspace's crates against the table of `ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The crates of the page, each with those that it may depend on.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../../ARCHITECTURE.md");
    let (_, table) = page
        .split_once("| crate | is | may use |\n| --- | --- | --- |\n")
        .expect("the table of crates");
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let above = allowed.keys().cloned();
        let may = match cells[cells.len() - 1] {
            "nothing of ours" => BTreeSet::new(),
            "everything" => above.collect(),
            "all above but sim" => above.filter(|name| name != "antiphon-sim").collect(),
            listed => listed
                .split(", ")
                .map(|name| format!("antiphon-{name}"))
                .collect(),
        };
        allowed.insert(cells[0].trim_matches('`').to_owned(), may);
    }
    allowed
}

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
    let allowed = allowed();
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
                && !may.contains(&dependency.name)
                && !in_tests
            {
                forbidden.push(format!("`{name}` depends on `{}`", dependency.name));
            }
        }
    }
    assert_eq!(forbidden, Vec::<String>::new());
}
