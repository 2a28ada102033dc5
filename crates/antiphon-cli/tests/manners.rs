//! What all commands have in common: their help, a reader that goes away, completions and manual pages.

mod binary;
mod fixture;

use std::{collections::BTreeSet, fmt::Write as _};

use binary::{Antiphon, antiphon};
use fixture::journal;

/// Every command and sub-command, as its own help lists them.
fn commands() -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = all.get(next).cloned() {
        next += 1;
        let arguments = command.iter().map(String::as_str).chain(["--help"]);
        let help = antiphon(arguments).stdout;
        let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        let names = listed.lines().take_while(|line| !line.is_empty());
        for name in names.filter_map(|line| line.split_whitespace().next()) {
            if name != "help" {
                let mut longer = command.clone();
                longer.push(name.to_owned());
                all.push(longer);
            }
        }
    }
    all
}

#[test]
fn the_help_of_every_command_is_a_page() {
    let commands = commands();
    assert!(commands.len() > 12, "{commands:?}");
    for command in &commands {
        let arguments = command.iter().map(String::as_str).chain(["--help"]);
        let run = antiphon(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command:?}");
        let name = ["antiphon"]
            .into_iter()
            .chain(command.iter().map(String::as_str));
        let name: Vec<_> = name.collect();
        assert!(
            run.stdout.contains(&format!("Usage: {}", name.join(" "))),
            "{}",
            run.stdout
        );
    }
    // commands.rs and data.rs have the others.
    let elsewhere = ["export", "import", "replay", "erase"];
    let here = |command: &&Vec<String>| match command.first() {
        Some(name) => !elsewhere.contains(&name.as_str()),
        None => false,
    };
    for command in commands.iter().filter(here) {
        let name = format!("help-{}", command.join("-"));
        insta::assert_snapshot!(
            name,
            antiphon(command.iter().map(String::as_str).chain(["--help"])).stdout
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_a_normal_end_for_every_command() {
    let (_folder, path) = journal();
    let at = ["--journal", &path];
    let with = |words: &[&'static str]| -> Vec<String> {
        words.iter().copied().chain(at).map(str::to_owned).collect()
    };
    let mut lines = vec![
        with(&["tail"]),
        with(&["tail", "-n", "2"]),
        with(&["tail", "--output", "json"]),
        with(&["tail", "--select", ".kind"]),
        with(&["tail", "--explain"]),
        with(&["dead", "list"]),
        with(&["dead", "list", "--output", "json"]),
        with(&["dead", "show", "1"]),
        with(&["dead", "replay", "1", "--output", "json"]),
        with(&["consumers", "list"]),
        with(&["consumers", "list", "--output", "json"]),
        with(&["export"]),
    ];
    for words in [
        "kinds",
        "kinds --output json",
        "schema",
        "schema event",
        "run --schema",
        "sim --world-schema",
        "completions zsh",
        "man",
        "man dead list",
    ] {
        lines.push(words.split(' ').map(str::to_owned).collect());
    }
    for command in commands() {
        lines.push(command.into_iter().chain(["--help".to_owned()]).collect());
    }
    for line in lines {
        let run = Antiphon::new(line.iter().map(String::as_str))
            .with_a_closed_stdout()
            .run();
        // Warnings of old letters are no errors.
        let said: Vec<_> = run
            .stderr
            .lines()
            .filter(|line| !line.starts_with("warning: "))
            .collect();
        let is_quiet = said.is_empty() || line.contains(&"--explain".to_owned());
        assert!(
            run.code == 0 && is_quiet,
            "{line:?}: {} {}",
            run.code,
            run.stderr
        );
    }
}

/// Each mistake is a sentence, and a line with the way out.
#[test]
fn a_common_mistake_is_one_sentence_and_a_hint() {
    let mut all = String::new();
    for line in [
        "tial",
        "tail --folow",
        "tail --output jsn",
        "tail --output",
        "tail -n x",
        "tail --since 32:99",
        "tail --kind",
        "tail --kind=",
        "tail --kind {a,b",
        "tail --where .kind==",
        "tail --journal a.db --config b.toml",
        "tail extra",
        "dead",
        "dead lst",
        "dead drop",
        "dead show x",
        "dead show 0",
        "dead drop -- -1",
        "consumers",
        "consumers forget",
        "consumers list old",
        "demo --rate 0",
        "demo --rate x",
        "demo --seed x",
        "doctor --timeout 1",
        "export --format xml",
        #[cfg(not(feature = "parquet"))]
        "export --format parquet --to a.parquet",
        "import",
        "erase",
        "replay",
        "replay --from 1 --speed fast",
        "run --log-format yaml",
        "run --schema --print",
        "sim --port irc=1",
        "status --down 5",
        "schema nope",
        "man nope",
        "man dead nope",
        "man tail nope",
        "check --explain nope",
        "completions fishy",
    ] {
        let run = antiphon(line.split(' '));
        let said: Vec<_> = run.stderr.lines().collect();
        let (first, last) = (said.first(), said.last());
        let is_told = first.is_some_and(|line| line.starts_with("error: "))
            && last.is_some_and(|line| line.starts_with("hint: "));
        // Only an expression is shown once more, with a caret under it.
        let lines = if line.contains("--where") { 4 } else { 2 };
        // A group without its command shows its help.
        let is_help = matches!(line, "dead" | "consumers")
            && run
                .stderr
                .contains(&format!("Usage: antiphon {line} <COMMAND>"));
        assert!(
            is_help || (is_told && said.len() == lines),
            "{line}: {}",
            run.stderr
        );
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line}");
        if !is_help {
            writeln!(all, "$ antiphon {line}\n{}", run.stderr.trim_end()).expect("memory");
        }
    }
    insta::assert_snapshot!(all);
    // The same for programs.
    let run = antiphon(["tail", "--folow", "--output", "json"]);
    insta::assert_snapshot!(run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_help_that_cannot_be_written_is_a_failure() {
    for line in ["tail --help", "--version", "help dead"] {
        let binary = env!("CARGO_BIN_EXE_antiphon");
        let run = Antiphon::shell(&format!("{binary} {line} > /dev/full")).run();
        assert_eq!(run.code, 1, "{line}: {}", run.stderr);
        assert!(
            run.stderr.starts_with("error: could not write to stdout: "),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_folder_in_the_place_of_a_journal_is_told_with_the_file_that_is_meant() {
    let (folder, path) = journal();
    let name = folder.path().to_str().expect("a plain path");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let nothing = elsewhere.path().to_str().expect("a plain path");
    for line in [
        "tail",
        "dead list",
        "dead drop --all --yes",
        "export",
        "status",
        "dashboard",
    ] {
        for (of, meant) in [
            (name, path.clone()),
            (nothing, format!("{nothing}/antiphon.db")),
        ] {
            let run = antiphon(line.split(' ').chain(["--journal", of]));
            let said = format!(
                "error: {of} is a folder, and no journal\nhint: name the file, such as `{meant}`\n"
            );
            assert_eq!((run.code, &*run.stderr), (2, &*said), "{line}");
        }
    }
    let run = antiphon(["import", "-", "--journal", nothing]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(std::fs::read_dir(nothing).expect("a folder").count(), 0);
}

#[test]
fn a_pattern_that_fits_nothing_is_doubted_by_every_command_that_takes_one() {
    let (_folder, path) = journal();
    for command in [
        &["tail"][..],
        &["export"],
        &["replay", "--from", "1"],
        &["dead", "list"],
        &["dead", "replay", "--all"],
    ] {
        for (option, pattern, warning) in [
            (
                "--source",
                "chior",
                "warning: `chior` fits no source that is known or stored; is it `choir`?",
            ),
            (
                "--kind",
                "queup.chatmessage",
                "warning: `queup.chatmessage` fits no kind that is known or stored; is it `queup.chat-message`?",
            ),
        ] {
            let options = [option, pattern, "--journal", &path];
            let run = antiphon(command.iter().copied().chain(options));
            assert_eq!(run.code, 0, "{command:?}: {}", run.stderr);
            assert_eq!(run.stderr.lines().next(), Some(warning), "{command:?}");
            let run = antiphon(
                command
                    .iter()
                    .copied()
                    .chain([option, "", "--journal", &path]),
            );
            let said: Vec<_> = run.stderr.lines().collect();
            assert_eq!(
                (run.code, said.len()),
                (2, 2),
                "{command:?}: {}",
                run.stderr
            );
            assert!(
                said[0].contains("fits nothing: leave the option out"),
                "{}",
                run.stderr
            );
        }
        let run =
            antiphon(
                command
                    .iter()
                    .copied()
                    .chain(["--source", "choir", "--journal", &path]),
            );
        assert!(!run.stderr.contains("warning: `"), "{}", run.stderr);
    }
}

/// What a shell is offered for the last of some words.
fn offered(words: &[&str]) -> BTreeSet<String> {
    let index = (words.len() - 1).to_string();
    let run = Antiphon::new(["--"].into_iter().chain(words.iter().copied()))
        .with("COMPLETE", "bash")
        .with("_CLAP_COMPLETE_INDEX", &index)
        .with("_CLAP_COMPLETE_COMP_TYPE", "9")
        .with("_CLAP_IFS", "\n")
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

#[track_caller]
fn check(words: &[&str], expected: &[&str]) {
    let expected = expected.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!(offered(words), expected, "{words:?}");
}

#[test]
fn a_shell_completes_kinds_and_what_the_journal_has() {
    let (_folder, path) = journal();
    check(
        &["antiphon", "tail", "--kind", "queup.user-ki"],
        &["queup.user-kick"],
    );
    check(
        &["antiphon", "kinds", "antiphon."],
        &["antiphon.gap", "antiphon.link"],
    );
    check(&["antiphon", "schema", "dead-l"], &["dead-letter"]);
    check(
        &["antiphon", "tail", "--journal", &path, "--source", ""],
        &["choir"],
    );
    check(
        &["antiphon", "tail", "--journal", &path, "--place", "user/"],
        &["user/5f1c0aa1b2c3d4e5f6071829"],
    );
    check(
        &["antiphon", "dead", "show", "--journal", &path, "2"],
        &["2"],
    );
    // A kind that is not typed, but stored.
    check(
        &[
            "antiphon",
            "tail",
            "--journal",
            &path,
            "--kind",
            "queup.mes",
        ],
        &["queup.message"],
    );
}

#[test]
fn a_journal_that_cannot_be_read_completes_nothing_in_silence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.db");
    std::fs::write(&path, "no journal").expect("a file");
    let path = path.to_str().expect("a plain path");
    check(
        &["antiphon", "tail", "--journal", path, "--source", ""],
        &[],
    );
    check(
        &[
            "antiphon",
            "tail",
            "--journal",
            "not-there.db",
            "--place",
            "",
        ],
        &[],
    );
    check(
        &[
            "antiphon",
            "tail",
            "--config",
            "not-there.toml",
            "--place",
            "",
        ],
        &[],
    );
}

#[test]
fn a_manual_page_is_printed_and_all_of_them_are_written() {
    let page = antiphon(["man", "dead", "list"]).stdout;
    assert!(
        page.contains(".TH") && page.contains("older\\-than"),
        "{page}"
    );
    insta::assert_snapshot!(antiphon(["man", "tial"]).whole());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("man1");
    let run = antiphon(["man", "--dir", to.to_str().expect("a plain path")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for command in commands() {
        let name = ["antiphon".to_owned()].into_iter().chain(command);
        let file = to.join(format!("{}.1", name.collect::<Vec<_>>().join("-")));
        let page = std::fs::read_to_string(&file).expect("it is there");
        let title = file.file_stem().and_then(|stem| stem.to_str());
        let title = title.expect("plain names").to_uppercase();
        assert!(page.contains(&format!("\n.TH {title} 1 ")), "{page}");
        let is_alone = title == "ANTIPHON";
        assert!(
            is_alone || page.contains("\n.SH \"SEE ALSO\"\nantiphon(1), "),
            "{page}"
        );
    }
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let wrong = folder.path().join("file");
    let run = antiphon(["man", "--dir", wrong.to_str().expect("a plain path")]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}
