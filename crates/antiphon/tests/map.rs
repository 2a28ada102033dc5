//! ARCHITECTURE.md names files and functions that exist.

use std::{fs, path::Path};

/// The words in backticks of one cell.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_life_of_an_event_names_functions_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the map");
    let (_, rest) = map
        .split_once("## The life of an event")
        .expect("the section");
    let (section, _) = rest.split_once("\n## ").expect("a section behind it");
    let mut functions = 0;
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').collect();
        let file = names(cells[1]).next().expect("a file");
        let text = fs::read_to_string(root.join("crates").join(file)).expect(file);
        for function in names(cells[2]) {
            let is_there = text.lines().any(|line| {
                line.contains(&format!("fn {function}("))
                    || line.contains(&format!("fn {function}<"))
            });
            assert!(is_there, "{file} has no `{function}`");
            functions += 1;
        }
    }
    assert!(functions > 15, "{functions} functions");
}
