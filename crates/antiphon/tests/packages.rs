//! Holds the sources of every package against what the package has: a file from outside of it is not there when somebody
//! else compiles the crate.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// Whether two paths of one crate begin alike.
fn is_within(path: &Path, folder: &str) -> bool {
    path.components().next() == Some(Component::Normal(folder.as_ref()))
}

/// The path without `..`.
fn settled(path: &Path) -> PathBuf {
    let mut settled = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if settled.file_name().is_some() => drop(settled.pop()),
            part => settled.push(part),
        }
    }
    settled
}

/// What a package leaves out, by the line `exclude = […]` of its manifest.
fn left_out(folder: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("exclude = "));
    let texts = line.unwrap_or_default().split('"').skip(1).step_by(2);
    texts.map(str::to_owned).collect()
}

/// Files of a crate that are compiled for its unit tests alone, by the lines of its `lib.rs`.
fn of_tests(folder: &Path) -> Vec<PathBuf> {
    let root = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    let modules = root.split("#[cfg(test)]\nmod ").skip(1);
    let names = modules.filter_map(|rest| rest.split_once(';').map(|(name, _)| name));
    names
        .map(|name| folder.join("src").join(format!("{name}.rs")))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            // Unit tests of a file, which a package has and cannot compile.
            if !path.ends_with("tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|of| of == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// Files that a source includes where it is compiled for others: not in tests, nor on the pages of this repository alone.
fn included(text: &str) -> Vec<&str> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut files = Vec::new();
    let mut is_ours_alone = false;
    for line in text.lines() {
        is_ours_alone = match line.trim() {
            "" => false,
            line => is_ours_alone || line.contains("antiphon_pages"),
        };
        for begin in [
            "include_str!(\"",
            "include_bytes!(\"",
            "include!(\"",
            "#[path = \"",
        ] {
            let file = line
                .split_once(begin)
                .and_then(|(_, rest)| rest.split('"').next());
            files.extend(file.filter(|_| !is_ours_alone));
        }
    }
    files
}

#[test]
fn no_package_includes_a_file_that_it_lacks() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut lacking, mut looked_at) = (Vec::new(), 0);
    for folder in fs::read_dir(crates).expect("the crates").flatten() {
        let folder = folder.path();
        let left_out = left_out(&folder);
        let mut files = Vec::new();
        for part in ["src", "examples"] {
            if !left_out.iter().any(|out| out == part) {
                sources(&folder.join(part), &mut files);
            }
        }
        let of_tests = of_tests(&folder);
        for file in files.into_iter().filter(|file| !of_tests.contains(file)) {
            let text = fs::read_to_string(&file).expect("a source");
            let inner = file.strip_prefix(&folder).expect("it is inside");
            for name in included(&text) {
                looked_at += 1;
                let named = settled(&inner.with_file_name(name));
                let is_out =
                    named.starts_with("..") || left_out.iter().any(|out| is_within(&named, out));
                if is_out {
                    lacking.push(format!("{} includes {name}", file.display()));
                }
            }
        }
    }
    assert_eq!(lacking, [""; 0]);
    assert!(looked_at > 15, "{looked_at} were found at all");
}
