//! `antiphon top`.
//!
//! It asks the daemon for its status once a second and draws it; `screen.rs` is the drawing, a function of what was
//! asked. The terminal is given back on every way out: a key, a signal, an error, a panic.

mod screen;

use std::{
    io::{self, IsTerminal as _},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::BoxFuture;
use anyhow::Context as _;
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use self::screen::Screen;
use crate::{
    args::Top,
    config,
    control::{
        client::{AskError, Client},
        wire::Report,
    },
    failure::{Exit, Failure},
    journal,
    signals::Stop,
};

/// How often the daemon is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long a key waits at most once nobody wants keys any more.
const LOOK: Duration = Duration::from_millis(200);
/// Keys that wait; further ones are left to the terminal.
const KEYS: usize = 16;

/// # Errors
/// No terminal, no journal, and a terminal that cannot be drawn on.
pub(crate) async fn top(args: Top, stop: &Stop) -> anyhow::Result<Exit> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let error = Failure::usage("`antiphon top` needs a terminal");
        return Err(error
            .hint("`antiphon status` prints the same once, and takes `--output json`")
            .into());
    }
    let location = config::journal(&args.journal)?;
    journal::exists(&location)?;
    let mut screen = Screen::new(location.to_string());
    stop.take_terminal();
    let (mut terminal, _given_back) = begin().context("could not draw on the terminal")?;
    let mut tasks = JoinSet::new();
    let (mut keys, _over) = keys(&mut tasks);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let client = Client::of(&location);
    let mut asking: Option<BoxFuture<'_, Result<Report, AskError>>> = None;
    loop {
        terminal
            .draw(|frame| screen.draw(frame))
            .context("could not draw on the terminal")?;
        tokio::select! {
            Some(event) = keys.recv() => if taken(&event).is_break() { break },
            _ = ticks.tick(), if asking.is_none() => {
                asking = Some(Box::pin(client.get("/v1/status")));
            }
            answer = answer(&mut asking), if asking.is_some() => {
                asking = None;
                screen.take(answer);
            }
            () = stop.asked() => return Ok(stop.exit()),
        }
    }
    Ok(Exit::Done)
}

/// Never ready while nobody is asked.
async fn answer(
    asking: &mut Option<BoxFuture<'_, Result<Report, AskError>>>,
) -> Result<Report, AskError> {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

/// Gives the terminal back when it is dropped; a panic does so as well.
struct GivenBack;

impl Drop for GivenBack {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back.
        let _ = ratatui::try_restore();
    }
}

/// Takes the terminal. What was on it comes back at the end.
fn begin() -> io::Result<(DefaultTerminal, GivenBack)> {
    // Before the terminal is taken, since that may fail half-way.
    let given_back = GivenBack;
    Ok((ratatui::try_init()?, given_back))
}

/// Tells the task that reads keys to end when it is dropped.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads keys and changes of the terminal's size, on a thread where waiting is allowed.
fn keys(tasks: &mut JoinSet<()>) -> (mpsc::Receiver<Event>, Over) {
    let (sender, receiver) = mpsc::channel(KEYS);
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Over(Arc::clone(&is_over));
    tasks.spawn_blocking(move || {
        while !is_over.load(Ordering::Relaxed) {
            match event::poll(LOOK) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return,
            }
            let Ok(event) = event::read() else { return };
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    (receiver, over)
}

/// Whether an event ends the command: `q`, Esc or Ctrl-C. All else has the screen drawn anew.
fn taken(event: &Event) -> ControlFlow<()> {
    let Event::Key(key) = event else {
        return ControlFlow::Continue(());
    };
    let is_interrupt =
        key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    let is_quit = matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc);
    if key.kind != KeyEventKind::Release && (is_interrupt || is_quit) {
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn q_escape_and_ctrl_c_end_it_and_no_other_key() {
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        for event in [
            key(KeyCode::Char('q'), none),
            key(KeyCode::Esc, none),
            key(KeyCode::Char('c'), KeyModifiers::CONTROL),
        ] {
            assert!(taken(&event).is_break(), "{event:?}");
        }
        for event in [
            key(KeyCode::Char('c'), none),
            key(KeyCode::Enter, none),
            Event::Resize(60, 15),
        ] {
            assert!(taken(&event).is_continue(), "{event:?}");
        }
    }
}
