//! The program as it is run.

use std::{path::Path, process::Command};

fn chaos(arguments: &[&str]) -> (Option<i32>, String) {
    let mut chaos = Command::new(env!("CARGO_BIN_EXE_antiphon-chaos"));
    let output = chaos.args(arguments).output().expect("the binary starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(text).expect("UTF-8"),
    )
}

#[test]
fn a_seed_has_the_same_script_each_time() {
    let script = ["script", "--seed", "7", "--kill-share", "1"];
    let (code, acts) = chaos(&script);
    assert_eq!(code, Some(0), "{acts}");
    assert!(
        acts.contains("kill") && acts.contains("\"do\":\"say\""),
        "{acts}"
    );
    assert_eq!(chaos(&script).1, acts);
    assert_ne!(chaos(&["script", "--seed", "8"]).1, acts);
}

#[test]
fn a_wrong_command_line_has_a_way_out_and_exit_code_2() {
    let (code, said) = chaos(&["run", "--antiphon", "/nowhere/antiphon"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no /nowhere/antiphon"), "{said}");
    assert!(said.contains("hint: build it by"), "{said}");
    let (code, said) = chaos(&["run", "--kill-share", "2"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("a number from 0 to 1"), "{said}");
}

#[test]
fn runs_on_a_paused_clock_keep_every_promise_and_are_added_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let tally = folder.path().join("tally.json");
    let tally = tally.to_str().expect("UTF-8");
    for seed in ["8", "9"] {
        let runs = [
            "virtual",
            "--seed",
            seed,
            "--seconds",
            "2",
            "--kill-share",
            "1",
            "--tally",
            tally,
        ];
        let (code, said) = chaos(&runs);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("kept"), "{said}");
    }
    let tally = std::fs::read_to_string(tally).expect("a tally");
    let tally: serde_json::Value = serde_json::from_str(&tally).expect("JSON");
    assert_eq!(
        (&tally["runs"], &tally["with_kill"]),
        (&2.into(), &2.into())
    );
    for count in ["due", "stored", "dead_expected"] {
        assert!(
            tally["counts"][count].as_u64() > Some(0),
            "{count}: {tally}"
        );
    }
    assert_eq!(tally["counts"]["lost"], 0);
}

#[test]
fn a_run_with_real_processes_keeps_every_promise() {
    let antiphon = Path::new(env!("CARGO_BIN_EXE_antiphon-chaos")).with_file_name("antiphon");
    if !antiphon.is_file() {
        println!(
            "skipped: {} is built by `cargo test --workspace`",
            antiphon.display()
        );
        return;
    }
    let (code, said) = chaos(&["run", "--seed", "2", "--seconds", "2", "--kill-share", "1"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 runs, 1 with a kill, 0 failed"), "{said}");
}
