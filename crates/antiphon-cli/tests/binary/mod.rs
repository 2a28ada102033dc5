//! Runs the built binary.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// A run of the binary that is being prepared.
pub(crate) struct Antiphon(Command);

impl Antiphon {
    /// With these arguments, no terminal, in the time zone UTC and an environment without secrets of ours.
    pub(crate) fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
        command
            .args(arguments)
            .env("TZ", "UTC")
            .env("COLUMNS", "100")
            .env_remove("RUST_LOG")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        Self(command)
    }

    /// With a line for the shell.
    pub(crate) fn shell(line: &str) -> Self {
        let mut antiphon = Self::new([]);
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        for (name, value) in antiphon.0.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null());
        antiphon.0 = command;
        antiphon
    }

    /// In this folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Writing into a pipe that nobody reads.
    pub(crate) fn with_a_closed_stdout(mut self) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        self.0.stdout(writer).stderr(Stdio::piped());
        self
    }

    /// With a variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Starts it and lets it run.
    pub(crate) fn start(mut self) -> Running {
        let command = self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("it is a pipe");
        Running {
            lines: BufReader::new(stdout).lines(),
            said: None,
            child,
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Run {
        let output = self.0.output().expect("the binary starts");
        Run {
            code: code(output.status),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Looks until something holds that other processes do; fails after two minutes, with what it waited for.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "not yet: {what}"
        );
        std::thread::yield_now();
    }
}

/// The exit code of a run that ended by itself.
fn code(status: ExitStatus) -> i32 {
    // The status names the signal.
    let ended = status.code();
    ended.unwrap_or_else(|| panic!("it did not end by itself: {status}"))
}

/// A run that has not ended, and is ended with the test if need be.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it says beside its data, once somebody has read of it.
    said: Option<BufReader<ChildStderr>>,
}

impl Running {
    /// Waits for the next line of data.
    pub(crate) fn line(&mut self) -> Option<String> {
        self.lines.next().map(|line| line.expect("UTF-8"))
    }

    /// Waits for the next line beside the data.
    pub(crate) fn said(&mut self) -> Option<String> {
        let child = &mut self.child;
        let reader = self
            .said
            .get_or_insert_with(|| BufReader::new(child.stderr.take().expect("it is a pipe")));
        let mut line = String::new();
        let read = reader.read_line(&mut line).expect("UTF-8");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Waits for a line beside the data that contains a text; gives it and the lines before it.
    pub(crate) fn said_until(&mut self, text: &str) -> String {
        let mut said = String::new();
        while !said.contains(text) {
            let Some(line) = self.said() else {
                panic!("it ended: {said}");
            };
            said.push_str(&line);
            said.push('\n');
        }
        said
    }

    /// Sends it a signal by name, such as `INT`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status()
            .expect("there is a `kill`");
        assert!(sent.success());
    }

    /// Waits for its end; what it wrote and was not read yet is part of the run.
    pub(crate) fn end(mut self) -> Run {
        let mut stdout = String::new();
        while let Some(line) = self.line() {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let mut stderr = String::new();
        match (self.said.take(), self.child.stderr.take()) {
            (Some(mut said), _) => said.read_to_string(&mut stderr),
            (None, Some(mut said)) => said.read_to_string(&mut stderr),
            (None, None) => Ok(0),
        }
        .expect("UTF-8");
        let status = self.child.wait().expect("it ends");
        Run {
            code: code(status),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a run came to.
pub(crate) struct Run {
    /// Its exit code.
    pub code: i32,
    /// What it wrote as data.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Run {
    /// All of it as one text.
    pub(crate) fn whole(&self) -> String {
        let mut whole = format!("exit {}\n", self.code);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(whole, "--- {name}\n{}", text.trim_end()).expect("memory");
            }
        }
        whole
    }

    /// Its lines of JSON.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect()
    }
}

/// Runs the binary to its end.
pub(crate) fn antiphon<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Run {
    Antiphon::new(arguments).run()
}

/// A folder with a configuration for the simulator's QueUp.
pub(crate) fn configured(addresses: &Value) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let queup = &addresses["queup"];
    let text = format!(
        "[sources.choir]\n\
         platform = \"queup\"\n\
         email = {}\n\
         password = {{ env = \"CHOIR_PASSWORD\" }}\n\
         rooms = [{}]\n\
         rest = {}\n\
         socket = {}\n",
        queup["email"], queup["room"], queup["rest"], queup["socket"]
    );
    std::fs::write(folder.path().join("antiphon.toml"), text).expect("a file");
    folder
}

/// Sends the simulator's control address a body; gives the body of its answer.
pub(crate) fn post(addresses: &Value, path: &str, body: &str) -> String {
    let control = addresses["control"].as_str().expect("a text");
    let address = control.strip_prefix("http://").expect("a URL");
    let answer = ask(address, &format!("POST {path}"), &[], body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    body.to_owned()
}

/// The answer to a request such as `GET /metrics` with these further lines in its head.
///
/// `Host` is the address unless a line says otherwise, and a body has its length before it.
pub(crate) fn ask(address: &str, request: &str, lines: &[&str], body: &str) -> String {
    let has_host = lines.iter().any(|line| line.starts_with("Host:"));
    let mut head = vec![
        format!("{request} HTTP/1.1"),
        "Connection: close".to_owned(),
    ];
    head.extend((!has_host).then(|| format!("Host: {address}")));
    head.extend((!body.is_empty()).then(|| format!("Content-Length: {}", body.len())));
    head.extend(lines.iter().map(|line| (*line).to_owned()));
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    write!(stream, "{}\r\n\r\n{body}", head.join("\r\n")).expect("it reads");
    std::io::read_to_string(stream).expect("it answers")
}

/// Starts `antiphon dashboard`; gives its address too.
pub(crate) fn dashboard_of(antiphon: Antiphon) -> (Running, String) {
    let mut running = antiphon.start();
    let line = running.line().expect("it says where it is");
    let address = line.strip_prefix("the dashboard is at http://");
    let address = address
        .expect("an address")
        .trim_end_matches('/')
        .to_owned();
    (running, address)
}
