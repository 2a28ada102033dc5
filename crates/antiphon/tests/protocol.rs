//! Comments cite sections of `docs/protocol` that exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The sections of each platform's page, such as `10.1`; an item of a numbered list is one of its section.
fn sections(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut sections = BTreeMap::new();
    for entry in fs::read_dir(root.join("docs/protocol")).expect("the pages") {
        let path = entry.expect("a page").path();
        let platform = path.file_stem().expect("a name").to_string_lossy();
        let text = fs::read_to_string(&path).expect("text");
        let mut found = BTreeSet::new();
        let mut section = "";
        for line in text.lines() {
            let word = line.trim_start_matches('#').split_whitespace().next();
            let Some(number) = word.map(|word| word.trim_end_matches('.')) else {
                continue;
            };
            if !number.starts_with(|first: char| first.is_ascii_digit()) {
                continue;
            }
            if line.starts_with("##") {
                section = number;
                found.insert(number.to_owned());
            } else if word.is_some_and(|word| word.ends_with('.')) {
                found.insert(format!("{section}.{number}"));
            }
        }
        sections.insert(platform.into_owned(), found);
    }
    sections
}

/// All files below a folder that may cite a section.
fn texts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "md")
        {
            found.push(path);
        }
    }
}

/// The numbers that stand after a section sign, but for those of an RFC.
fn cited(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices('§').filter_map(|(at, sign)| {
        let mut before = line[..at].split_whitespace().rev();
        let is_number = before
            .next()
            .is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if is_number && before.next().is_some_and(|word| word.ends_with("RFC")) {
            return None;
        }
        let after = &line[at + sign.len()..];
        let end = after
            .find(|next: char| !next.is_ascii_digit() && next != '.')
            .unwrap_or(after.len());
        let number = after[..end].trim_end_matches('.');
        (!number.is_empty()).then_some(number)
    })
}

#[test]
fn every_cited_section_of_a_protocol_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sections = sections(&root);
    let mut files = Vec::new();
    texts(&root.join("crates"), &mut files);
    let mut count = 0;
    let mut missing = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let name = file.strip_prefix(&root).expect("below").to_string_lossy();
        // A platform's own files cite its page; others may cite any.
        let pages: Vec<_> = match sections.iter().find(|(page, _)| name.contains(*page)) {
            Some((_, page)) => vec![page],
            None => sections.values().collect(),
        };
        for (line, number) in text.lines().zip(1..) {
            for section in cited(line) {
                count += 1;
                if !pages.iter().any(|page| page.contains(section)) {
                    missing.push(format!("{name}:{number}: §{section}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 100, "{count} citations");
}
