//! The simulator as a process, and the way to its control address.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use antiphon::{
    Event,
    net::{HttpClient, Network},
};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde_json::{Value, json};

use super::process::Process;
use crate::verdict::Audit;

/// Kinds whose bodies an audit reads.
const READ: [&str; 3] = [
    "antiphon.gap",
    "lavalink.ready",
    "stackexchange.MessagePosted",
];

/// A simulator that listens.
pub(crate) struct World {
    process: Process,
    control: String,
    http: HttpClient,
    /// Ids of the bot's accounts, by platform.
    accounts: BTreeMap<&'static str, String>,
}

impl World {
    /// Starts one; it writes its addresses to `sim.json` and a configuration to `antiphon.toml` in the folder.
    ///
    /// # Errors
    /// A program that cannot be started, or that is no simulator.
    pub(crate) fn start(
        antiphon: &Path,
        folder: &Path,
        seed: u64,
        rate: u32,
    ) -> anyhow::Result<Self> {
        let log = folder.join("sim.log");
        let child = Command::new(antiphon)
            .arg("sim")
            .args(["--seed", &seed.to_string(), "--rate", &rate.to_string()])
            .arg("--write")
            .arg(folder.join("antiphon.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).context("could not open a log")?)
            .spawn()
            .with_context(|| format!("could not start {}", antiphon.display()))?;
        let mut process = Process::new(child);
        let stdout = process.stdout().context("the simulator has no stdout")?;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        read.context("could not read the addresses")?;
        let addresses: Value = serde_json::from_str(&line).with_context(|| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("the simulator printed no addresses: {log}")
        })?;
        fs::write(folder.join("sim.json"), &line).context("could not write the addresses")?;
        let text = |value: &Value| {
            let text = value.as_str().map(str::to_owned);
            text.context("the simulator's addresses lack something")
        };
        let bot = text(&addresses["discord"]["user_id"])?;
        Ok(Self {
            process,
            control: text(&addresses["control"])?,
            http: Network::new().http(),
            accounts: BTreeMap::from([
                ("discord", bot.clone()),
                // A node knows the bot by its id at Discord.
                ("lavalink", bot),
                ("queup", text(&addresses["queup"]["user_id"])?),
                (
                    "stackexchange",
                    text(&addresses["stackexchange"]["user_id"])?,
                ),
            ]),
        })
    }

    /// The process, to look whether it runs.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Executes a command; returns its outcome.
    ///
    /// # Errors
    /// A command that the simulator does not take, which is a defect of the script.
    pub(crate) async fn command(&self, command: &Value) -> anyhow::Result<Value> {
        let done = self.post("/do", command.to_string()).await;
        done.with_context(|| format!("the simulator does not take {command}"))
    }

    /// Judges the stored events of a platform.
    ///
    /// # Errors
    /// A simulator that cannot judge.
    pub(crate) async fn audit(
        &self,
        platform: &str,
        events: &[Arc<Event>],
    ) -> anyhow::Result<Audit> {
        let mut lines = String::new();
        for event in events {
            let kind = event.kind().as_str();
            let body: Value = if READ.contains(&kind) {
                serde_json::from_slice(event.body()).unwrap_or_default()
            } else {
                Value::Null
            };
            let line = json!({
                "kind": kind,
                "place": event.place().as_str(),
                "origin": event.origin().as_str(),
                "provenance": event.provenance().as_str(),
                "received_at": event.received_at(),
                "body": body,
            });
            // Writing into memory cannot fail.
            let _ = writeln!(lines, "{line}");
        }
        let account = &self.accounts[platform];
        let path = format!("/audit?platform={platform}&account={account}");
        let audit = self.post(&path, lines).await?;
        serde_json::from_value(audit).context("the simulator's audit is of another form")
    }

    async fn post(&self, path: &str, body: String) -> anyhow::Result<Value> {
        let request = http::Request::post(format!("{}{path}", self.control));
        let request = request.body(Bytes::from(body))?;
        let answer = self.http.send(request).await;
        let answer = answer.context("the simulator does not answer")?;
        if answer.status() != 200 {
            let said = String::from_utf8_lossy(answer.body());
            bail!("{}: {said}", answer.status());
        }
        serde_json::from_slice(answer.body()).context("the simulator's answer is no JSON")
    }
}
