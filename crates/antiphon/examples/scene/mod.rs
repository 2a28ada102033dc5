//! The scene of an example: its app runs while the people of the simulator act, or until Ctrl-C.
//!
//! Each stage (`stage`, `bot_stage`, `chat_stage`, `music_stage`, `room_stage`) makes the clients of its platforms and
//! leaves the rest to this module.

#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::time::Duration;

use antiphon::{
    App, BoxError,
    journal::{MemoryJournal, SqliteJournal},
};
use tokio::time::sleep;

/// Runs the app until Ctrl-C, with a journal in `<example>.sqlite`: a restart goes on where the last run ended.
pub(crate) async fn run_kept<S>(example: &str, app: App<S>) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    let journal = SqliteJournal::open(format!("{example}.sqlite")).await?;
    app.run(journal, ctrl_c()).await?;
    Ok(())
}

/// Runs the app until Ctrl-C, with a journal in memory: at an `antiphon sim` that runs elsewhere.
pub(crate) async fn run<S>(app: App<S>) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    app.run(MemoryJournal::new(), ctrl_c()).await?;
    Ok(())
}

/// Plays the scene once all links of the app stand, and stops the app after it; Ctrl-C ends both.
pub(crate) async fn play<S>(app: App<S>, scene: impl AsyncFnOnce()) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    let handle = app.handle();
    let stand = || {
        let links = handle.links();
        !links.is_empty() && links.iter().all(|(_, link)| link.is_connected())
    };
    let played = async {
        while !stand() {
            sleep(Duration::from_millis(20)).await;
        }
        pause().await;
        scene().await;
        pause().await;
        handle.stop();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = run(app) => ended,
        () = played => Ok(()),
    }
}

/// Waits until a person has read a line.
pub(crate) async fn pause() {
    sleep(Duration::from_millis(700)).await;
}

/// Shows the result.
pub(crate) fn show(text: impl AsRef<str>) {
    println!("\n{}", text.as_ref());
}

async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a signal to wait for, the app runs until it is killed.
        std::future::pending::<()>().await;
    }
}
