//! Holds the dependencies between the workspace's crates against the table of `ARCHITECTURE.md`, and those on crates of
//! others against `docs/dependencies.md`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

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

fn workspace() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo describes its own workspace")
}

/// The crates of others on the page, each with the crates of the workspace that use it.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let page = include_str!("../../../docs/dependencies.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let users = cells[2].split(", ").map(str::to_owned);
        (cells[0].trim_matches('`').to_owned(), users.collect())
    })
    .collect()
}

#[test]
fn every_crate_of_others_is_listed_with_those_that_use_it() {
    let metadata = workspace();
    let mut in_tests: BTreeMap<(String, String), bool> = BTreeMap::new();
    for package in &metadata.packages {
        let user = package.name.as_str();
        let user = user.strip_prefix("antiphon-").unwrap_or(user);
        let others = package.dependencies.iter();
        for dependency in others.filter(|one| !one.name.starts_with("antiphon")) {
            let is_for_tests = dependency.kind == DependencyKind::Development;
            in_tests
                .entry((dependency.name.clone(), user.to_owned()))
                .and_modify(|all| *all &= is_for_tests)
                .or_insert(is_for_tests);
        }
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((dependency, user), is_for_tests) in in_tests {
        let user = if is_for_tests {
            format!("{user} (tests)")
        } else {
            user
        };
        found.entry(dependency).or_default().insert(user);
    }
    let listed = listed();
    let names: Vec<_> = listed.keys().collect();
    assert!(!names.is_empty());
    for (dependency, users) in &found {
        assert_eq!(listed.get(dependency), Some(users), "`{dependency}`");
    }
    for dependency in listed.keys() {
        assert!(found.contains_key(dependency), "nobody uses `{dependency}`");
    }
}

#[test]
fn no_crate_depends_on_what_it_may_not() {
    let metadata = workspace();
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
