//! The servers of a cluster, each a `nats-server` of its own on loopback.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use antiphon::Rng;
use anyhow::{Context as _, bail};

use crate::{rig::process::Process, script::cluster::SERVERS};

/// The first version whose replicas keep what they have acknowledged.
const REPLICATES: [u32; 3] = [2, 10, 25];
/// Bytes at the end of a log that are shown with a trouble.
const LOG: usize = 600;

/// The version of a program, such as `2.15.1`; else why no cluster can be had with it.
pub(crate) fn version(program: &Path) -> Result<String, String> {
    let asked = Command::new(program).arg("--version").output();
    let Ok(said) = asked else {
        return Err(format!(
            "there is no {}; install it, or name one by `--nats-server FILE`",
            program.display()
        ));
    };
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let Some((_, version)) = said.trim().rsplit_once('v') else {
        return Err(format!("{} does not tell its version", program.display()));
    };
    let mut numbers = version.split(['.', '-']).map(|number| number.parse().ok());
    let numbers: [u32; 3] = std::array::from_fn(|_| numbers.next().flatten().unwrap_or_default());
    if numbers < REPLICATES {
        return Err(format!(
            "nats-server {version} is older than 2.10.25, and its replicas lose messages"
        ));
    }
    Ok(version.to_owned())
}

/// Servers that are one cluster.
pub(crate) struct Servers {
    program: PathBuf,
    all: Vec<Server>,
}

struct Server {
    process: Option<Process>,
    port: u16,
    config: PathBuf,
    log: PathBuf,
}

impl Servers {
    /// Starts them, with their files in this folder.
    ///
    /// # Errors
    /// A program that cannot be started, and files that cannot be made.
    pub(crate) fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        // The servers have to know one another's ports before they start.
        let free: Vec<_> = (0..2 * SERVERS).map(|_| free()).collect();
        let ports = free
            .iter()
            .map(|listener| Ok(listener.local_addr()?.port()));
        let ports = ports.collect::<std::io::Result<Vec<_>>>();
        let ports = ports.context("a port has no number")?;
        drop(free);
        let (clients, routes) = ports.split_at(SERVERS);
        let urls: Vec<_> = routes
            .iter()
            .map(|port| format!("nats-route://127.0.0.1:{port}"))
            .collect();
        let mut all = Vec::new();
        for (number, (port, route)) in clients.iter().zip(routes).enumerate() {
            let name = format!("server-{number}");
            let store = folder.join(&name);
            // Without the advertisement a client knows the addresses that it was given alone, and those are proxies.
            let text = format!(
                "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\" }}\n\
                 cluster {{ name: chaos, listen: \"127.0.0.1:{route}\", no_advertise: true, routes: {urls:?} }}\n",
                store.display()
            );
            let config = folder.join(format!("{name}.conf"));
            fs::write(&config, text).context("could not write a server's configuration")?;
            all.push(Server {
                process: None,
                port: *port,
                config,
                log: folder.join(format!("{name}.log")),
            });
        }
        let mut servers = Self {
            program: program.to_owned(),
            all,
        };
        servers.run_all()?;
        Ok(servers)
    }

    /// Starts those that do not run.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub(crate) fn run_all(&mut self) -> anyhow::Result<()> {
        (0..self.all.len()).try_for_each(|number| self.run(number))
    }

    /// The ports on which they take clients.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.all.iter().map(|server| server.port).collect()
    }

    /// Their addresses, as a journal takes them.
    pub(crate) fn urls(&self) -> String {
        urls(&self.ports())
    }

    /// Starts a server that does not run, with what it stored.
    ///
    /// # Errors
    /// A program that cannot be started.
    pub(crate) fn run(&mut self, number: usize) -> anyhow::Result<()> {
        let server = &mut self.all[number];
        if server.process.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(&server.log);
        let child = Command::new(&self.program)
            .arg("-c")
            .arg(&server.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.context("could not open a log")?)
            .spawn()
            .with_context(|| format!("could not start {}", self.program.display()))?;
        server.process = Some(Process::new(child));
        Ok(())
    }

    /// Kills a server as `kill -9` does.
    pub(crate) fn kill(&mut self, number: usize) {
        self.all[number].process = None;
    }

    /// Whether all run.
    pub(crate) fn all_run(&self) -> bool {
        self.all.iter().all(|server| server.process.is_some())
    }

    /// Looks whether those that should run do.
    ///
    /// # Errors
    /// A server that ended by itself.
    pub(crate) fn watch(&mut self) -> anyhow::Result<()> {
        for (number, server) in self.all.iter_mut().enumerate() {
            let Some(process) = &mut server.process else {
                continue;
            };
            if let Some(status) = process.ended()? {
                let text = fs::read(&server.log).unwrap_or_default();
                let tail =
                    String::from_utf8_lossy(&text[text.len().saturating_sub(LOG)..]).into_owned();
                bail!("server {number} ended by itself: {status}: {tail}");
            }
        }
        Ok(())
    }
}

/// The addresses of servers on these ports, as a journal takes them.
pub(crate) fn urls(ports: &[u16]) -> String {
    let urls: Vec<_> = ports
        .iter()
        .map(|port| format!("nats://127.0.0.1:{port}"))
        .collect();
    urls.join(",")
}

/// A port below those that the system gives, so that no connection takes it while its server is down.
fn free() -> TcpListener {
    let mut rng = Rng::new();
    loop {
        let port = 10_000 + rng.u16(..20_000);
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_says_how_to_name_one() {
        let why = version(Path::new("/nowhere/nats-server")).expect_err("there is none");
        assert!(why.contains("--nats-server"), "{why}");
    }
}
