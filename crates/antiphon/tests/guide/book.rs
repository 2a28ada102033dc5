//! The guide's sources: each snippet is part of a program that is run, each page has its chapter, each link its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use antiphon_sim::{CommandError, Simulator};

/// A fenced block of a page.
struct Block {
    page: String,
    language: String,
    text: String,
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Pages by their path in `src`.
fn pages() -> BTreeMap<String, String> {
    let source = guide().join("src");
    let mut pages = BTreeMap::new();
    for folder in ["", "moving"] {
        for entry in fs::read_dir(source.join(folder)).expect("a folder of the guide") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "md") {
                let name = path.strip_prefix(&source).expect("inside of it");
                pages.insert(name.to_string_lossy().replace('\\', "/"), read(&path));
            }
        }
    }
    assert!(pages.len() > 15, "{} pages", pages.len());
    pages
}

/// Fenced blocks of all pages.
fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for (page, text) in pages() {
        let mut parts = text.split("\n```");
        parts.next();
        // An indented block, or one with other marks, would be none for this test.
        let is_mark = |line: &&str| line.trim_start().starts_with("```") || line.contains("~~~");
        let marks = text.lines().filter(is_mark).count();
        assert_eq!(
            marks,
            text.matches("\n```").count(),
            "{page}: a block that is not at a line's begin"
        );
        while let Some(inside) = parts.next() {
            let (language, text) = inside.split_once('\n').unwrap_or((inside, ""));
            blocks.push(Block {
                page: page.clone(),
                language: language.to_owned(),
                text: text.to_owned(),
            });
            assert!(parts.next().is_some(), "{page}: a block without an end");
        }
    }
    blocks
}

/// File and anchor of a block that is nothing but an include.
fn include(block: &Block) -> Option<(PathBuf, String)> {
    let path = block.text.strip_prefix("{{#include ")?.strip_suffix("}}")?;
    let (file, anchor) = path.split_once(':')?;
    let page = guide().join("src").join(&block.page);
    let file = page.parent()?.join(file);
    let file = file.canonicalize();
    let file = file.unwrap_or_else(|error| panic!("{}: {path}: {error}", block.page));
    (!anchor.contains('\n')).then(|| (file, anchor.to_owned()))
}

/// Lines between the anchors, or `None` without them.
fn anchored(text: &str, anchor: &str) -> Option<usize> {
    let is_mark = |line: &str, mark: &str| {
        let words = line.trim().trim_start_matches(['/', '#']).trim();
        words.strip_prefix(mark) == Some(anchor)
    };
    let begin = text.lines().position(|line| is_mark(line, "ANCHOR: "))?;
    let end = text
        .lines()
        .position(|line| is_mark(line, "ANCHOR_END: "))?;
    end.checked_sub(begin + 1)
}

/// Programs, each with its text.
fn programs() -> BTreeMap<PathBuf, String> {
    let folder = guide().join("programs").canonicalize().expect("a folder");
    let entries = fs::read_dir(folder).expect("the programs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

/// The name of a file without its end.
fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|name| name.to_str())
        .expect("a name")
}

#[test]
fn every_snippet_is_part_of_a_program_that_is_run() {
    let root = guide().join("../..");
    let modules = read(&root.join("crates/antiphon/tests/guide/main.rs"));
    let checks = read(&root.join("interop/run"));
    let mut used = BTreeSet::new();
    for block in blocks() {
        let (page, language) = (&block.page, &*block.language);
        match language {
            "rust" | "python" => {}
            // Commands, which have no programs.
            "sh" => continue,
            _ => panic!("{page}: a block of `{language}`, which no test runs"),
        }
        let Some((file, anchor)) = include(&block) else {
            panic!(
                "{page}: a snippet that is only in the book:\n{}",
                block.text
            );
        };
        let lines = anchored(&read(&file), &anchor);
        assert!(
            lines > Some(0),
            "{page}: {} has no anchor {anchor}",
            file.display()
        );
        let name = stem(&file);
        let is_run = match file.extension().and_then(|end| end.to_str()) {
            // The other library's twin, which `rustfmt` alone reads.
            Some("rs") if name == "poise" => language == "rust",
            Some("rs") => language == "rust" && modules.contains(&format!("mod {name};")),
            Some("py") => {
                language == "python"
                    && checks.contains(&format!("check_guide.py \"$antiphon\" {name}\n"))
            }
            _ => false,
        };
        assert!(is_run, "{page}: nothing runs {}", file.display());
        used.insert((file, anchor));
    }
    for (file, text) in programs() {
        for line in text.lines() {
            if let Some((_, anchor)) = line.split_once("ANCHOR: ") {
                let is_used = used.contains(&(file.clone(), anchor.to_owned()));
                assert!(is_used, "no page shows {}:{anchor}", file.display());
            }
        }
    }
}

#[test]
fn every_page_has_its_chapter() {
    let pages = pages();
    let summary = &pages["SUMMARY.md"];
    let chapters: BTreeSet<_> = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(page, _)| page)
        .collect();
    let files: BTreeSet<_> = pages.keys().map(String::as_str).collect();
    let files = &files - &BTreeSet::from(["SUMMARY.md"]);
    assert_eq!(chapters, files);
}

#[test]
fn the_front_page_of_the_reference_lists_every_module() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let front = read(&package.join("README.md"));
    let library = read(&package.join("src/lib.rs"));
    let modules = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "));
    let names = modules.map(|rest| rest.trim_end_matches([';', '{', ' ', '}']));
    let mut listed = 0;
    // `parity` is a page, and hidden modules are none's business.
    for name in names.filter(|name| !matches!(*name, "parity" | "__private")) {
        let is_listed = front.contains(&format!("\n| `{name}` | "));
        assert!(is_listed, "{name} is not on the front page");
        listed += 1;
    }
    assert!(listed > 8, "{listed} modules");
}

/// The id that mdBook gives a heading.
fn id(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    kept.map(|sign| if sign == ' ' { '-' } else { sign })
        .collect()
}

#[test]
fn every_link_to_a_page_and_its_heading_has_an_end() {
    let pages = pages();
    let mut links = 0;
    for (page, text) in &pages {
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            // What is outside of the book is looked up in the built one, by `tools/check_guide.py`.
            if link.contains("://") || link.contains(".html") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(page).parent().expect("a folder");
            let target = match file.strip_prefix("../") {
                Some(above) => above.to_owned(),
                None if file.is_empty() => page.clone(),
                None => folder.join(file).to_string_lossy().replace('\\', "/"),
            };
            let Some(text) = pages.get(&target) else {
                panic!("{page}: no page {link}");
            };
            let mut headings = text.lines().filter(|line| line.starts_with('#')).map(id);
            let is_there = heading.is_empty() || headings.any(|id| id == heading);
            assert!(is_there, "{page}: no heading {link}");
            links += 1;
        }
    }
    assert!(links > 20, "{links} links");
}

#[test]
fn the_programs_of_other_libraries_can_be_read() {
    for (file, text) in programs() {
        let is_python = file.extension().is_some_and(|end| end == "py");
        let mut reader = if is_python {
            let mut python = Command::new("python3");
            python.args(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"]);
            python
        } else if stem(&file) == "poise" {
            let mut rustfmt = Command::new("rustfmt");
            rustfmt.args(["--check", "--edition", "2024"]);
            rustfmt
        } else {
            assert!(
                text.contains("pub fn run()") || stem(&file) == "testing",
                "{}",
                file.display()
            );
            continue;
        };
        match reader.arg(&file).output() {
            Ok(read) => assert!(
                read.status.success(),
                "{}: {}{}",
                file.display(),
                String::from_utf8_lossy(&read.stdout),
                String::from_utf8_lossy(&read.stderr)
            ),
            Err(error) => println!("skipped {}: {error}", file.display()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulator_takes_the_commands_of_the_guide() {
    let sim = Simulator::with_seed(7);
    let mut commands = 0;
    for (page, text) in pages() {
        for line in text.lines().filter(|line| line.starts_with("curl ")) {
            let (_, rest) = line.split_once("/do\" --json '").expect("a command");
            let (command, _) = rest.split_once('\'').expect("its end");
            let outcome =
                antiphon_sim::Command::parse(command).and_then(|command| sim.execute(&command));
            match outcome {
                // The bot of the chapter, which is not here, registers it.
                Ok(_) | Err(CommandError::Refused(_)) => commands += 1,
                Err(error) => panic!("{page}: {line}: {error}"),
            }
        }
    }
    assert!(commands > 2, "{commands} commands");
}
