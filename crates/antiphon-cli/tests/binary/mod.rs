//! Runs the built binary.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// A run of the binary that is being prepared.
pub struct Antiphon(Command);

impl Antiphon {
    /// With these arguments, no terminal, in the time zone UTC and an environment without secrets of ours.
    pub fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
        command
            .args(arguments)
            .env("TZ", "UTC")
            .env("COLUMNS", "100")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        Self(command)
    }

    /// In this folder.
    pub fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Writing into a pipe that nobody reads.
    pub fn with_a_closed_stdout(mut self) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        self.0.stdout(writer).stderr(Stdio::piped());
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Run {
        let output = self.0.output().expect("the binary starts");
        Run {
            code: output.status.code().expect("it ends by itself"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// What a run came to.
pub struct Run {
    /// Its exit code.
    pub code: i32,
    /// What it wrote as data.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Run {
    /// All of it as one text.
    pub fn whole(&self) -> String {
        let mut whole = format!("exit {}\n", self.code);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(whole, "--- {name}\n{}", text.trim_end()).expect("memory");
            }
        }
        whole
    }

    /// Its lines of JSON.
    pub fn objects(&self) -> Vec<serde_json::Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect()
    }
}

/// Runs the binary to its end.
pub fn antiphon<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Run {
    Antiphon::new(arguments).run()
}
