//! Shows the demo's course to people: as a picture on a terminal, as lines elsewhere.
//!
//! | where | what |
//! | --- | --- |
//! | a terminal | the lines of the course, and below them the picture, redrawn four times a second |
//! | elsewhere | the lines of the course |
//! | `--events`, `--output json` | the lines of the course on stderr, since stdout has the events |

use std::{io, sync::Arc, time::Duration};

use antiphon::{Event, SourceName};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    director::Director,
    picture::{Picture, Row, State},
    scene::{Course, Phase, Scene},
};
use crate::{
    output::{Form, Output, say},
    plain::plain,
    show::gist,
};

/// Shortest time between two pictures.
const REDRAW: Duration = Duration::from_millis(250);
/// Share of the time that looking may cost: the ledger is compared as a whole, and grows.
const LOOK_SHARE: u32 = 10;

/// How the course is shown.
pub(super) struct Screen {
    way: Way,
    course: Course,
    scenes: mpsc::UnboundedReceiver<Scene>,
    newest: watch::Receiver<Option<Arc<Event>>>,
    begun: Instant,
}

enum Way {
    Terminal(Drawn),
    Lines(Output),
    Stderr,
}

impl Screen {
    pub(super) fn new(
        way: Shape,
        platforms: impl IntoIterator<Item = &'static str>,
        scenes: mpsc::UnboundedReceiver<Scene>,
        newest: watch::Receiver<Option<Arc<Event>>>,
    ) -> Self {
        Self {
            way: match way {
                Shape::Picture => Way::Terminal(Drawn::new()),
                Shape::Lines => Way::Lines(Output::stdout(Form::Text)),
                Shape::Events => Way::Stderr,
            },
            course: Course::new(platforms),
            scenes,
            newest,
            begun: Instant::now(),
        }
    }

    /// Shows the course as it is announced, until the future is dropped.
    ///
    /// # Errors
    /// The output cannot be written; nothing is shown any more.
    pub(super) async fn run(&mut self, director: &Director<'_>) -> anyhow::Result<()> {
        let mut next = Instant::now();
        loop {
            let is_drawn = matches!(self.way, Way::Terminal(_));
            tokio::select! {
                scene = self.scenes.recv() => match scene {
                    Some(scene) => self.take(scene)?,
                    None => std::future::pending().await,
                },
                () = sleep_until(next), if is_drawn => {}
            }
            if let Way::Terminal(drawn) = &mut self.way {
                let looked = Instant::now();
                let picture = picture(&self.course, director, &self.newest);
                next = looked + REDRAW.max(looked.elapsed() * LOOK_SHARE);
                drawn.draw(&picture);
            }
        }
    }

    /// Shows what was announced and not yet read, and removes the picture.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        while let Ok(scene) = self.scenes.try_recv() {
            self.take(scene)?;
        }
        Ok(())
    }

    fn take(&mut self, scene: Scene) -> anyhow::Result<()> {
        let Some(line) = self.course.take(scene) else {
            return Ok(());
        };
        let line = format!("{:>5.1} s  {line}", self.begun.elapsed().as_secs_f64());
        match &mut self.way {
            Way::Terminal(drawn) => drawn.line(&line),
            Way::Lines(output) => {
                output.line(line)?;
                output.flush()?;
            }
            Way::Stderr => say(line),
        }
        Ok(())
    }
}

/// What stdout shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The picture.
    Picture,
    /// The lines of the course.
    Lines,
    /// Each event.
    Events,
}

impl Shape {
    /// The picture needs a terminal that can move its cursor.
    pub(super) fn of(form: Form, events: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match form {
            Form::Json => Self::Events,
            Form::Text if events => Self::Events,
            Form::Text if io::IsTerminal::is_terminal(&io::stdout()) && !is_dumb => Self::Picture,
            Form::Text => Self::Lines,
        }
    }
}

/// The picture as it stands now.
fn picture(
    course: &Course,
    director: &Director<'_>,
    newest: &watch::Receiver<Option<Arc<Event>>>,
) -> Picture {
    let links = director.handle.links();
    let is_up = |source: &SourceName| {
        let mut links = links.iter();
        links.any(|(name, link)| name == source && link.is_connected())
    };
    let acts = director.acts.iter().zip(course.phases());
    let rows = acts.map(|(act, (platform, phase))| {
        let tally = director.tally(act, u64::MAX);
        let state = match phase {
            Phase::Joining => State::Connecting,
            Phase::Cut if is_up(&act.source) => State::Recovering,
            Phase::Cut => State::Cut,
            Phase::Back if tally.lost > 0 => State::Recovering,
            Phase::Joined | Phase::Back => State::Connected,
        };
        Row {
            platform,
            state,
            sent: tally.sent,
            stored: tally.journaled,
            gapped: tally.gapped,
            missing: tally.lost,
        }
    });
    let newest = newest.borrow();
    Picture {
        seconds_left: course.seconds_left(Instant::now()),
        rows: rows.collect(),
        newest: newest
            .as_ref()
            .map(|event| (event.kind().as_str().to_owned(), gist(event))),
    }
}

/// The picture on the terminal: each line of it is a bar without a bar.
struct Drawn {
    all: MultiProgress,
    lines: Vec<ProgressBar>,
    paint: bool,
}

impl Drawn {
    fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            lines: Vec::new(),
            paint: anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        }
    }

    /// Writes a line above the picture, where it stays.
    fn line(&self, line: &str) {
        // A terminal that is gone shows nothing; the demo goes on and ends with its exit code.
        let _ = self.all.println(plain(line));
    }

    fn draw(&mut self, picture: &Picture) {
        let lines = picture.lines(self.paint);
        while self.lines.len() < lines.len() {
            let style = ProgressStyle::with_template("{wide_msg}").expect("a fixed template");
            let line = self.all.add(ProgressBar::new_spinner().with_style(style));
            self.lines.push(line);
        }
        for (line, text) in self.lines.iter().zip(lines) {
            line.set_message(text);
        }
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        let _ = self.all.clear();
    }
}
