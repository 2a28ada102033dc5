//! The simulator's control address: finding it, and asking it.

use std::{net::SocketAddr, time::Duration};

use antiphon::net::{Addresses, HttpClient, Limits, Network};
use antiphon_core::{Secret, error_chain};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::Value;

use crate::{
    command::sim,
    config::Config,
    failure::{Exit, Failure},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const LONGEST: usize = 16 << 20;

/// A simulator that is controlled.
pub(in crate::command::dashboard) struct Simulation {
    control: SocketAddr,
    token: Option<Secret>,
    client: HttpClient,
}

/// What came of a command.
pub(super) struct Done {
    /// What the simulator says, or why it refused.
    pub(super) outcome: Result<Value, String>,
    /// Numbers of the ledger's last rows before and after it.
    pub(super) rows: (u64, u64),
    /// Number of the wire's last entry before it.
    pub(super) entry: u64,
}

/// Why the simulator gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the simulator at {0} does not answer: {1}")]
    Gone(SocketAddr, String),
    #[error(
        "the simulator at {0} asks for another token: start the dashboard with its `ANTIPHON_SIM_TOKEN`"
    )]
    Token(SocketAddr),
    #[error("what answers at {0} is no simulator, or one of another version")]
    Stranger(SocketAddr),
    /// The simulator's own sentence.
    #[error("{0}")]
    Refused(String),
}

impl Simulation {
    /// The simulator that `--sim` names, else `ANTIPHON_SIM`, else the configuration; `None` if none does.
    ///
    /// # Errors
    /// Exit code 2: what names it is no address, or none of this machine.
    pub(in crate::command::dashboard) fn find(
        named: Option<&str>,
        config: Option<&Config>,
    ) -> Result<Option<Self>, Failure> {
        if let Some(named) = named {
            return Self::at(named, None).map(Some);
        }
        let addresses = Addresses::from_env().map_err(|error| {
            Failure::from_error(Exit::Usage, error)
                .about("`ANTIPHON_SIM`")
                .hint("give it what `antiphon sim` prints, or the name of a file with it")
        })?;
        if let Some(addresses) = addresses {
            return Self::at(&addresses.control, None).map(Some);
        }
        let control = config.map(|config| config.simulator.control(&config.folder));
        match control.transpose()?.flatten() {
            Some((control, token)) => Self::at(&control.to_string(), token).map(Some),
            None => Ok(None),
        }
    }

    /// The simulator at an address of this machine: `http://127.0.0.1:7000`, with or without `http://`.
    fn at(named: &str, token: Option<Secret>) -> Result<Self, Failure> {
        let address = named.strip_prefix("http://").unwrap_or(named);
        let address = address.strip_suffix('/').unwrap_or(address);
        let local = address.strip_prefix("localhost:");
        let local = local.map(|port| format!("127.0.0.1:{port}"));
        let control: Option<SocketAddr> = local.as_deref().unwrap_or(address).parse().ok();
        let Some(control) = control else {
            let error = "the address of the simulator is not like `http://127.0.0.1:7000`";
            return Err(Failure::usage(error)
                .hint("take the `control` of the first line that `antiphon sim` prints"));
        };
        if !control.ip().is_loopback() {
            let error = format!("{control} is not on this machine");
            return Err(Failure::usage(error).hint(
                "start the dashboard on the simulator's machine: its page Sandbox is for a simulator on loopback alone",
            ));
        }
        let limits = Limits::default().request(PATIENCE).body(LONGEST);
        Ok(Self {
            control,
            token: token.or_else(sim::token),
            client: Network::new().limits(limits).http(),
        })
    }

    /// Address at which it is controlled.
    pub(super) fn control(&self) -> SocketAddr {
        self.control
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<http::Response<Bytes>, Trouble> {
        let gone = |error: String| Trouble::Gone(self.control, error);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.control));
        if let Some(token) = &self.token {
            let value = format!("Bearer {}", token.expose());
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request
            .body(body.into())
            .map_err(|error| gone(error_chain(&error)))?;
        let answer = self.client.send(request).await;
        let answer = answer.map_err(|error| gone(error_chain(&error)))?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(Trouble::Token(self.control));
        }
        Ok(answer)
    }

    fn json(&self, text: &[u8]) -> Result<Value, Trouble> {
        antiphon_core::read_json(text).map_err(|_| Trouble::Stranger(self.control))
    }

    /// Gives a command.
    pub(super) async fn execute(&self, command: &Value) -> Result<Done, Trouble> {
        let answer = self.send(Method::POST, "/do", command.to_string()).await?;
        let head = |name: &str| answer.headers().get(name)?.to_str().ok();
        let rows = head("antiphon-ledger").and_then(|rows| {
            let (before, after) = rows.split_once('-')?;
            Some((before.parse().ok()?, after.parse().ok()?))
        });
        let entry = head("antiphon-wire").and_then(|entry| entry.parse().ok());
        let (Some(rows), Some(entry)) = (rows, entry) else {
            return Err(Trouble::Stranger(self.control));
        };
        let said = self.json(answer.body())?;
        let outcome = if answer.status() == StatusCode::OK {
            Ok(said)
        } else {
            let why = said.get("error").and_then(Value::as_str);
            Err(why.ok_or(Trouble::Stranger(self.control))?.to_owned())
        };
        Ok(Done {
            outcome,
            rows,
            entry,
        })
    }

    /// Asks by a command that changes nothing.
    pub(super) async fn look(&self, command: &Value) -> Result<Value, Trouble> {
        self.execute(command)
            .await?
            .outcome
            .map_err(Trouble::Refused)
    }

    /// Reads lines of JSON from a path; those that are gone are none.
    pub(super) async fn lines(&self, path: &str) -> Result<Vec<Value>, Trouble> {
        let answer = self.send(Method::GET, path, String::new()).await?;
        match answer.status() {
            StatusCode::OK => {
                let lines = answer.body().split(|byte| *byte == b'\n');
                let lines = lines.filter(|line| !line.is_empty());
                lines.map(|line| self.json(line)).collect()
            }
            StatusCode::GONE => Ok(Vec::new()),
            _ => Err(Trouble::Stranger(self.control)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::report;

    #[test]
    fn only_a_simulator_of_this_machine_is_taken() {
        for named in [
            "http://127.0.0.1:7000",
            "http://127.0.0.1:7000/",
            "127.0.0.1:7000",
            "localhost:7000",
            "[::1]:7000",
        ] {
            assert!(Simulation::at(named, None).is_ok(), "{named}");
        }
        for (named, why) in [
            ("http://192.0.2.7:7000", "is not on this machine"),
            ("0.0.0.0:7000", "is not on this machine"),
            ("https://127.0.0.1:7000", "is not like"),
            ("http://127.0.0.1:7000@discord.com:443", "is not like"),
            ("http://discord.com:80", "is not like"),
            ("http://user:canary@127.0.0.1:7000", "is not like"),
            ("http://127.0.0.1", "is not like"),
            ("", "is not like"),
        ] {
            let error = Simulation::at(named, None).err().expect(named);
            let (exit, lines) = report(&error.into());
            assert_eq!(exit.code(), 2);
            let said = lines.join("\n");
            assert!(said.contains(why) && !said.contains("canary"), "{said}");
        }
    }
}
