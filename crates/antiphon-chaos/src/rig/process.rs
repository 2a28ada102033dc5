//! A process of the trial, and a small disk for its journal.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

/// Size of the small disk: a run stores a few MB, but may store frames of 10 MB some times over, and the journal's log
/// is moved into the file from 64 MiB on.
const DISK: &str = "size=192m";
/// Pause between two looks whether a process has ended.
const LOOK: Duration = Duration::from_millis(10);

/// A process, which is killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its output, the first time.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal by name, such as `STOP`; one that has ended meanwhile gets none.
    ///
    /// # Errors
    /// A system without the program `kill`.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self.0.id().to_string();
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &id]).stderr(Stdio::null());
        kill.status().context("could not run `kill`")?;
        Ok(())
    }

    /// Whether it has a file open; `false` too where the system does not tell.
    pub(crate) fn has_open(&self, file: &Path) -> bool {
        let Ok(file) = fs::canonicalize(file) else {
            return false;
        };
        let open = fs::read_dir(format!("/proc/{}/fd", self.0.id()));
        let mut open = open.into_iter().flatten().flatten();
        open.any(|one| fs::read_link(one.path()).is_ok_and(|path| path == file))
    }

    /// Whether SIGTERM ended it as it ends a program that does not wait for signals, or not yet.
    pub(crate) fn is_terminated(status: ExitStatus) -> bool {
        status.signal() == Some(15)
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.0.try_wait().context("could not look at a process")
    }

    /// Waits for its end, so long at most.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn end_within(
        &mut self,
        limit: Duration,
    ) -> anyhow::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        loop {
            let ended = self.ended()?;
            if ended.is_some() || begun.elapsed() > limit {
                return Ok(ended);
            }
            sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or is of no use any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A small disk in memory, which is unmounted when this is dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts one on a folder; else says why not.
    pub(crate) fn mount(at: &Path) -> Result<Self, &'static str> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "antiphon-chaos"]);
        match mount.arg(at).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(Self(at.to_owned())),
            _ => Err("only root can mount a small disk"),
        }
    }

    /// Writes until nothing fits any more.
    ///
    /// # Errors
    /// Those of writing, but a full disk.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.ballast()).context("could not fill the disk")?;
        let block = vec![0; 1 << 20];
        for size in [block.len(), 4096, 1] {
            loop {
                match file.write_all(&block[..size]) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("could not fill the disk"),
                }
            }
        }
        Ok(())
    }

    /// Makes room again.
    pub(crate) fn empty(&self) {
        // There is no ballast if the disk was not filled.
        let _ = fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, since a process that was killed may still be on its way out.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
