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

/// Whether the command is built; says else that a test is skipped.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn antiphon_is_there() -> bool {
    let antiphon = Path::new(env!("CARGO_BIN_EXE_antiphon-chaos")).with_file_name("antiphon");
    let is_there = antiphon.is_file();
    if !is_there {
        let path = antiphon.display();
        println!("skipped: {path} is built by `cargo test --workspace`");
    }
    is_there
}

#[test]
fn a_run_with_real_processes_keeps_every_promise() {
    if !antiphon_is_there() {
        return;
    }
    let (code, said) = chaos(&["run", "--seed", "2", "--seconds", "2", "--kill-share", "1"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 runs, 1 with a kill, 0 failed"), "{said}");
}

/// The processes that this one has started and that have not ended, by the system's table.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let parent = |id: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in brackets and may have any character; state and parent follow.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    };
    let all = std::fs::read_dir("/proc").expect("the table of processes");
    let ids = all
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent(*id) == Some(of)).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_trial_with_all_its_processes_and_leaves_no_file() {
    if !antiphon_is_there() {
        return;
    }
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut trial = Command::new(env!("CARGO_BIN_EXE_antiphon-chaos"))
            .args(["run", "--seed", "3", "--seconds", "600", "--runs", "9"])
            .env("TMPDIR", folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let started = loop {
            assert_eq!(trial.try_wait().expect("a process"), None, "it goes on");
            let started = children(trial.id());
            // The simulator, and the bot or the daemon.
            if started.len() >= 2 {
                break started;
            }
            std::thread::yield_now();
        };
        let id = trial.id().to_string();
        let kill = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(kill.expect("`kill` runs").success());
        let status = trial.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "by SIG{signal}");
        for child in started {
            let is_there = Path::new(&format!("/proc/{child}")).exists();
            assert!(!is_there, "process {child} is left");
        }
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "files are left");
        let mounts = std::fs::read_to_string("/proc/mounts").expect("mounts");
        let folder = folder.path().to_str().expect("UTF-8");
        assert!(!mounts.contains(folder), "a disk is left");
    }
}

#[test]
fn a_cluster_without_its_server_is_skipped_and_says_why() {
    let cluster = [
        "cluster",
        "--antiphon",
        env!("CARGO_BIN_EXE_antiphon-chaos"),
    ];
    let (code, said) = chaos(&[&cluster[..], &["--nats-server", "/nowhere/nats-server"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("skipped: there is no /nowhere/nats-server"),
        "{said}"
    );
    assert!(said.contains("--nats-server FILE"), "{said}");
}

#[test]
fn a_seed_has_the_same_script_of_a_cluster_each_time() {
    let script = ["script", "--cluster", "--seed", "7", "--seconds", "30"];
    let (code, acts) = chaos(&script);
    assert_eq!(code, Some(0), "{acts}");
    assert!(acts.contains("kill worker"), "{acts}");
    assert_eq!(chaos(&script).1, acts);
}
