//! The `main` functions of the guide, each in a process of its own, over sockets.

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use antiphon::{
    BoxError, Link, LinkState, Payload as _, Position,
    journal::{Journal as _, SqliteJournal},
};
use antiphon_sim::{Options, Simulator};
use tokio::time::sleep;

/// A program: its name, its `main`, its journal and how many connections it has.
type Program = (
    &'static str,
    fn() -> Result<(), BoxError>,
    &'static str,
    usize,
);

const PROGRAMS: &[Program] = &[
    ("chat", crate::chat::run, "chat.sqlite", 1),
    ("commands", crate::commands::run, "commands.sqlite", 1),
    ("components", crate::components::run, "components.sqlite", 1),
    ("discord_py", crate::discord_py::run, "dice.sqlite", 1),
    ("errors", crate::errors::run, "errors.sqlite", 1),
    ("files", crate::files::run, "files.sqlite", 1),
    ("first_bot", crate::first_bot::run, "bot.sqlite", 1),
    ("forms", crate::forms::run, "forms.sqlite", 1),
    ("going_live", crate::going_live::run, "live.sqlite", 1),
    ("music", crate::music::run, "music.sqlite", 2),
    ("rooms", crate::rooms::run, "rooms.sqlite", 1),
    (
        "several_platforms",
        crate::several_platforms::run,
        "relay.sqlite",
        3,
    ),
    ("state", crate::state::run, "state.sqlite", 1),
    ("waiting", crate::waiting::run, "waiting.sqlite", 1),
];

/// The variable that tells the process of a program its name.
const NAME: &str = "ANTIPHON_GUIDE_PROGRAM";

#[test]
#[ignore = "the process of a program, which `every_program_runs_and_connects` starts"]
fn program() {
    let name = env::var(NAME).expect("a name");
    let (_, main, _, _) = PROGRAMS
        .iter()
        .find(|(program, ..)| *program == name)
        .expect("a program of this name");
    main().expect("it runs until it is stopped");
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The sources that were connected, by the journal of a program; it may not be there yet.
async fn connected(journal: &Path) -> usize {
    let Ok(journal) = SqliteJournal::read_only(journal).await else {
        return 0;
    };
    let events = journal
        .read(Position::ZERO, 1_000)
        .await
        .unwrap_or_default();
    let is_connected = |event: &antiphon::Event| {
        event.kind().as_str() == Link::KIND
            && Link::decode(event)
                .is_ok_and(|link| matches!(link.state, LinkState::Connected { .. }))
    };
    let up = events.iter().filter(|event| is_connected(event));
    let sources: std::collections::BTreeSet<_> = up.map(|event| event.source().as_str()).collect();
    sources.len()
}

#[tokio::test]
async fn every_program_runs_and_connects() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Vec::new();
    for (name, _, journal, sources) in PROGRAMS {
        let simulator = Simulator::listen(&Options::new().seed(7))
            .await
            .expect("free ports");
        let folder = folder.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        let addresses = simulator.addresses().expect("it listens");
        let addresses = serde_json::to_string(&addresses).expect("JSON");
        fs::write(folder.join("sim.json"), addresses).expect("a file");
        let process = Command::new(env::current_exe().expect("this program"))
            .args(["mains::program", "--exact", "--ignored", "--nocapture"])
            .env(NAME, name)
            .env("ANTIPHON_SIM", "sim.json")
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        running.push((
            name,
            simulator,
            Running(process),
            folder.join(journal),
            *sources,
        ));
    }
    for (name, _simulator, process, journal, sources) in &mut running {
        while connected(journal).await < *sources {
            let ended = process.0.try_wait().expect("a child");
            assert!(ended.is_none(), "{name} ended: {ended:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/programs");
    for entry in fs::read_dir(programs).expect("the programs") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a program");
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        let is_ours =
            path.extension().is_some_and(|end| end == "rs") && text.contains("pub fn run()");
        assert!(
            !is_ours || PROGRAMS.iter().any(|(program, ..)| *program == name),
            "{name} is not run"
        );
    }
}
