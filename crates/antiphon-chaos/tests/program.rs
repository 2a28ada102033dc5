//! The program as it is run.

use std::process::Command;

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
