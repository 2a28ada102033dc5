//! Holds `docs/parity.md` and `docs/reliability.md` to the code: every row names a test or an example that exists, and
//! every typed event has a row.
//!
//! `cargo doc` checks that the items of a row exist, since they are links.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use antiphon::{discord, lavalink, queup, stackexchange};

/// Heading of the table of wishes, whose rows are others than those before it.
const WISHES: &str = "## 5. Wanted by authors";

/// Folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The page's two parts: what reference libraries have, and what authors want.
fn page() -> (String, String) {
    let page = fs::read_to_string(root().join("docs/parity.md")).expect("docs/parity.md");
    let (parity, wishes) = page.split_once(WISHES).expect("the table of wishes");
    (parity.to_owned(), wishes.to_owned())
}

/// The texts between ticks.
fn ticked(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// The cells of each row of tables with four columns, without the heads, which begin with this word.
fn cells(part: &str, head: &str) -> Vec<[String; 4]> {
    part.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .filter(|line| !line.starts_with(&format!("| {head} |")))
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            let cells: Vec<_> = cells.map(|cell| cell.trim().to_owned()).collect();
            cells
                .try_into()
                .unwrap_or_else(|_| panic!("four cells: {line}"))
        })
        .collect()
}

/// The rows of the reference libraries: items and test.
fn rows() -> Vec<(Vec<String>, String)> {
    let rows = cells(&page().0, "reference").into_iter();
    rows.map(|[_, _, items, test]| {
        let test = ticked(&test).pop().unwrap_or_default();
        (ticked(&items), test)
    })
    .collect()
}

/// Names of all functions in the workspace's tests and in the tests beside the code.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let found = text.lines().filter_map(|line| {
                let (_, name) = line.trim_start().split_once("fn ")?;
                Some(name.split(['(', '<']).next()?.to_owned())
            });
            names.extend(found);
        }
    }
}

#[test]
fn every_row_is_proved_by_a_test_that_exists() {
    let mut names = BTreeSet::new();
    functions(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut names,
    );
    let rows = rows();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for (items, test) in rows {
        assert!(!items.is_empty(), "a row without an item: {test}");
        assert!(names.contains(&test), "{items:?}: no test `{test}`");
    }
}

#[test]
fn every_wish_has_a_test_or_an_example_that_exists_or_a_reason() {
    let rows = cells(&page().1, "wanted");
    assert!(rows.len() > 40, "{} rows", rows.len());
    for [wanted, source, has, shown] in rows {
        assert!(!source.is_empty() && !has.is_empty(), "{wanted}");
        let proofs = ticked(&shown);
        if !shown.starts_with('`') {
            let is_open = shown.starts_with("not yet") || shown.starts_with("not ours: ");
            assert!(is_open && has == "–", "{wanted}: {shown}");
            continue;
        }
        for proof in proofs {
            assert_is_there(&wanted, &proof);
        }
    }
}

/// Looks for a file, or for a function in it (`file::name`).
fn assert_is_there(row: &str, proof: &str) {
    let (file, name) = proof.split_once("::").unwrap_or((proof, ""));
    let text = fs::read_to_string(root().join(file));
    let text = text.unwrap_or_else(|error| panic!("{row}: {file}: {error}"));
    let is_there = name.is_empty()
        || text.contains(&format!("fn {name}("))
        || text.contains(&format!("fn {name}<"));
    assert!(is_there, "{row}: no `{name}` in {file}");
}

#[test]
fn every_promise_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/reliability.md")).expect("the page");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let proved: Vec<_> = rows.filter(|row| row.contains(".rs::")).collect();
    assert!(proved.len() > 15, "{} rows", proved.len());
    for row in proved {
        let (_, proofs) = row.trim_end_matches('|').rsplit_once(" | ").expect("cells");
        for proof in ticked(proofs) {
            assert_is_there(row, &proof);
        }
    }
}

#[test]
fn get_finds_the_first_item_that_matches() {
    let roles = queup::Role::ALL;
    let found = queup::utils::get(queup::Role::ALL, |role| role.has(queup::Right::Kick));
    let first = roles.iter().find(|role| role.has(queup::Right::Kick));
    assert_eq!(found.as_ref(), first);
    assert_eq!(queup::utils::get([1, 2], |item| *item > 2), None);
}

/// Every typed kind, with its platform.
fn known_kinds() -> impl Iterator<Item = (&'static str, &'static antiphon::KindInfo)> {
    let discord = discord::KINDS.iter().map(|kind| ("discord", kind));
    let lavalink = lavalink::KINDS.iter().map(|kind| ("lavalink", kind));
    let queup = queup::KINDS.iter().map(|kind| ("queup", kind));
    let chat = stackexchange::KINDS
        .iter()
        .map(|kind| ("stackexchange", kind));
    discord.chain(lavalink).chain(queup).chain(chat)
}

#[test]
fn every_reference_event_of_a_listed_kind_is_on_the_page() {
    let (page, _) = page();
    for (platform, kind) in known_kinds() {
        assert!(
            kind.reference.is_empty() || page.contains(kind.reference),
            "{} is {} in the reference",
            kind.kind,
            kind.reference
        );
        let payload = format!("`{platform}::{}`", kind.payload);
        let is_fetched = kind.about.contains("fetched");
        assert!(
            is_fetched || page.contains(&payload),
            "{payload} has no row"
        );
    }
}
