//! `antiphon demo`.
//!
//! The demo is the promise of the project put to a test that anybody can run: the simulator as the world, the real
//! sources over real loopback sockets, the real journal, handlers on every platform, and a cut in the middle. At the
//! end the journal is held against the simulator's ledger, and an event that is neither stored nor inside a reported
//! gap is a failure (exit code 4).
//!
//! Who does what:
//! - [`director`] plays: traffic, questions to the bot, the cut, the wait until everything has healed and settled.
//! - [`bot`] is the app's state and the handler that counts every event; each platform adds handlers of its own.
//! - [`printer`] reads the journal as the events are stored, and keeps the books.
//! - [`screen`] shows the course: [`scene`] has its turns and their words, [`picture`] the rows of the platforms.
//! - [`tally`] compares books and ledger when it is over.
//! - [`act`] is what a platform brings: an account, a source, handlers, and a stage to act on.
//!
//! A platform takes part by its row in `PLATFORMS`; nothing here knows which platforms there are.

pub(crate) mod act;
pub(crate) mod bot;
mod clients;
mod director;
mod picture;
mod printer;
mod scene;
mod screen;
mod tally;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon::{App, SourceName};
use antiphon_core::{Journal, Rng};
use antiphon_journal::Inspect;
use antiphon_sim::{LedgerLimits, Options, Simulator};
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::Serialize;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) use self::act::{Cast, Part};
use self::{
    act::Act,
    bot::{Bot, Counted},
    clients::Clients,
    director::Director,
    printer::{Printer, Shown},
    scene::{Scenes, listed},
    screen::{Screen, Shape},
    tally::Tally,
};
use crate::{
    args::Demo,
    command::run,
    config,
    failure::{Exit, Failure},
    journal, logging,
    output::{Form, Output, say, table, wrapped},
    platform::PLATFORMS,
    reload::Tried,
    signals::Stop,
};

/// The shortest traffic that has time for a cut in its middle.
const SHORTEST: Duration = Duration::from_secs(3);

/// `Exit::Lost` if an event is missing, `Exit::Failed` if another promise did not hold (an event handled twice or not
/// at all, stored out of order, a player that is not heard), `Exit::Interrupted` if a signal stopped it, else
/// `Exit::Done`.
pub(crate) async fn demo(args: Demo, stop: &Stop) -> anyhow::Result<Exit> {
    if args.length < SHORTEST {
        return Err(
            Failure::usage("the demo is too short to cut the line and heal it")
                .hint("give it at least `--for 3s`")
                .into(),
        );
    }
    logging::start("error")?;
    let place = Place::new(&args)?;
    let location = place.path.clone().into();
    let journal = journal::to_write(&location, &config::Journal::default()).await?;
    let story = play(&args, &journal, stop).await;
    journal.close().await?;
    let Some(story) = story? else {
        return Ok(Exit::Interrupted);
    };
    let kept = place.keep(args.shape.output);
    story.tell(Output::stdout(args.shape.output), kept.as_deref())
}

/// Where the journal is.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Folder of a journal that nobody named; it is removed with this value.
    folder: Option<TempDir>,
}

impl Place {
    fn new(args: &Demo) -> anyhow::Result<Self> {
        if let Some(path) = &args.journal {
            return Ok(Self {
                path: path.clone(),
                folder: None,
            });
        }
        let folder = tempfile::Builder::new().prefix("antiphon-demo-").tempdir();
        let folder = folder.context("could not make a folder for the journal")?;
        Ok(Self {
            path: folder.path().join("demo.db"),
            folder: Some(folder),
        })
    }

    /// Keeps a journal that people may want to look at; scripts that want it give it a name. Returns its path.
    fn keep(self, form: Form) -> Option<PathBuf> {
        match self.folder {
            Some(folder) if form == Form::Text => drop(folder.keep()),
            Some(_) => return None,
            None => {}
        }
        Some(self.path)
    }
}

/// Plays the demo; `None` if a signal stopped it.
///
/// The journal is closed by the caller, on every way out. The simulator stops last, since sources close their
/// connections to it.
async fn play(
    args: &Demo,
    journal: &Arc<dyn Inspect>,
    stop: &Stop,
) -> anyhow::Result<Option<Story>> {
    // The whole ledger is compared at the end, so it keeps more rows than by default.
    let ledger = LedgerLimits::default().rows(2_000_000).bytes(1 << 30);
    let options = Options::new()
        .seed(args.seed)
        .run(Rng::new().u64(..))
        .ledger(ledger);
    let simulator = Simulator::listen(&options)
        .await
        .context("could not listen")?;
    let (acts, bot, app) = cast(&simulator, &**journal).await?;

    let shape = Shape::of(args.shape.output, args.events);
    let (newest, is_newest) = watch::channel(None);
    let printer = Printer {
        journal: Arc::clone(journal),
        after: *journal.last().borrow(),
        shown: match shape {
            Shape::Events => Shown::Each(Output::stdout(args.shape.output), Box::default()),
            Shape::Picture | Shape::Lines => Shown::Newest(newest),
        },
        books: Arc::clone(&bot.books),
    };
    let (scenes, announced) = Scenes::new();
    let platforms = acts.iter().map(|act| act.platform);
    let mut screen = Screen::new(shape, platforms, announced, is_newest);
    let (end, is_end) = watch::channel(None);
    let mut printing = JoinSet::new();
    printing.spawn(printer.run(is_end));

    let director = Director {
        simulator: &simulator,
        handle: app.handle(),
        bot,
        acts,
        rate: args.rate,
        length: args.length,
        scenes,
    };
    let joined = director.back();
    // The picture has the connections, and the lines tell of all of them together.
    let links = match shape {
        Shape::Events => Some(app.handle()),
        Shape::Picture | Shape::Lines => None,
    };
    let links = async {
        match links {
            Some(handle) => run::tell_links(handle, &Tried::default(), run::LinkChange::say).await,
            None => Vec::new(),
        }
    };
    let shutdown = CancellationToken::new();
    let running = async {
        let journal: Arc<dyn Journal> = Arc::<dyn Inspect>::clone(journal);
        let app = app.run(journal, shutdown.clone().cancelled_owned());
        let (ended, stopped) = tokio::join!(app, links);
        run::tell_stopped(stopped, ended.as_ref().err(), run::LinkChange::say);
        ended.map_err(run::failure)
    };
    tokio::pin!(running);
    let played = tokio::select! {
        ended = &mut running => {
            ended?;
            return Err(anyhow::anyhow!("the app ended by itself"));
        }
        ended = printing.join_next() => Err(failed(ended)),
        shown = screen.run(&director) => Err(shown.err().unwrap_or_else(unshown)),
        () = stop.asked() => Ok(None),
        played = director.direct(joined) => played.map(Some),
    };
    screen.end()?;
    shutdown.cancel();
    running.await?;
    let Some((last, length)) = played? else {
        return Ok(None);
    };
    let mut complaints = director.complaints();
    let dropped = simulator.ledger().dropped();
    if dropped > 0 {
        complaints.push(format!(
            "{dropped} rows of the ledger were dropped, so that nothing can be compared: play for less time or at a lower rate"
        ));
    }
    if director.bot.counted().moves == 0 {
        complaints.push("no player moved to another node".to_owned());
    }
    // Events stored during the stop count too, so that no repeat goes unseen.
    end.send_replace(Some(*journal.last().borrow()));
    if let Some(ended) = printing.join_next().await {
        ended??;
    }
    let tallies = director.acts.iter();
    let tallies = tallies.map(|act| (act.platform, director.tally(act, last)));
    let story = Story {
        tallies: tallies.collect(),
        length,
        counted: director.bot.counted().clone(),
        complaints,
    };
    simulator.stop().await;
    Ok(Some(story))
}

/// The error of a printer that ended by itself.
fn failed(ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => error.into(),
        Some(Ok(Ok(()))) | None => unshown(),
    }
}

/// The error of a demo that goes on where nobody sees it.
fn unshown() -> anyhow::Error {
    anyhow::anyhow!("the events are not shown any more")
}

/// Makes each platform's part, and the bot and its app from the parts.
///
/// Parts are made in the order of `PLATFORMS`, each with the clients of those before it.
async fn cast(
    simulator: &Simulator,
    journal: &dyn Inspect,
) -> Result<(Vec<Arc<Act>>, Bot, App<Bot>), Failure> {
    let mut clients = Clients::default();
    let mut acts = Vec::new();
    let mut sources = Vec::new();
    for platform in PLATFORMS {
        let mut cast = Cast {
            simulator,
            name: source_name(platform.name, journal).await?,
            clients,
        };
        let part = (platform.part)(&mut cast);
        clients = cast.clients;
        acts.push(Arc::new(Act {
            platform: platform.name,
            source: cast.name,
            account: part.account,
            stage: part.stage,
        }));
        sources.push((part.source, part.handlers));
    }
    let bot = Bot::new(clients);
    let app = bot::app(bot.clone());
    let app = sources.into_iter().fold(app, |app, (source, handlers)| {
        handlers(app.boxed_source(source))
    });
    Ok((acts, bot, app))
}

/// A name for a platform's source.
///
/// A journal of an earlier demo knows that one's connections, so this demo's sources get names of their own.
async fn source_name(platform: &str, journal: &dyn Inspect) -> Result<SourceName, Failure> {
    let mut name = SourceName::new(platform);
    let mut number = 1;
    while !journal.checkpoints(&name).await?.is_empty() {
        number += 1;
        name = SourceName::new(format!("{platform}-{number}"));
    }
    Ok(name)
}

/// Outcome of the demo.
///
/// Made once, when everything has ended; `tell` writes it and gives the exit code.
#[derive(Debug)]
struct Story {
    tallies: BTreeMap<&'static str, Tally>,
    /// How long the traffic lasted, which is longer than `--for` if healing took longer.
    length: Duration,
    counted: Counted,
    /// Promises that did not hold.
    complaints: Vec<String>,
}

/// How a demo went: its last line.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary<'a> {
    /// What became of the events of each platform, by its name.
    #[serde(rename = "summary")]
    platforms: &'a BTreeMap<&'static str, Tally>,
    /// Events that are neither stored nor inside a reported gap.
    lost: u64,
    /// How long the traffic lasted, rounded to tenths.
    seconds: f64,
}

impl Story {
    /// Writes the outcome; `journal` is where the events were kept.
    ///
    /// # Errors
    /// The output cannot be written; a promise that did not hold is an error with exit code 1.
    fn tell(&self, mut output: Output, journal: Option<&Path>) -> anyhow::Result<Exit> {
        match output.form() {
            Form::Json => {
                output.json(&self.summary())?;
                if let Some(path) = journal {
                    say(format_args!("the journal is in {}", path.display()));
                }
            }
            Form::Text => {
                output.line("")?;
                for line in self.table() {
                    output.line(line)?;
                }
                let next = journal.map(|path| next_steps(&program(), path));
                for paragraph in self.closing().into_iter().chain(next) {
                    output.line("")?;
                    for line in paragraph.lines().flat_map(wrapped) {
                        output.line(line)?;
                    }
                }
            }
        }
        output.flush()?;
        self.exit()
    }

    /// Sums a count over all platforms.
    fn sum(&self, count: impl Fn(&Tally) -> u64) -> u64 {
        self.tallies.values().map(count).sum()
    }

    /// Only what scripts compare: times that differ from run to run are left out but for `seconds`.
    fn summary(&self) -> Summary<'_> {
        Summary {
            platforms: &self.tallies,
            lost: self.sum(|tally| tally.lost),
            seconds: (self.length.as_secs_f64() * 10.0).round() / 10.0,
        }
    }

    /// One row for each platform, in the order of their names.
    fn table(&self) -> Vec<String> {
        let head = [
            "platform",
            "sent",
            "journaled",
            "gapped",
            "handled",
            "repeats",
            "lost",
            "p50 µs",
            "p99 µs",
        ];
        let rows: Vec<[String; 9]> = self
            .tallies
            .iter()
            .map(|(platform, tally)| {
                let counts = [
                    tally.sent,
                    tally.journaled,
                    tally.gapped,
                    tally.handled,
                    tally.repeats,
                    tally.lost,
                    tally.p50_us,
                    tally.p99_us,
                ];
                let mut row = std::array::from_fn(|_| (*platform).to_owned());
                for (cell, count) in row[1..].iter_mut().zip(counts) {
                    *cell = count.to_string();
                }
                row
            })
            .collect();
        table(head, &rows)
    }

    /// The outcome in words. It begins with what could not be had, since the table alone reads like a loss.
    fn closing(&self) -> Vec<String> {
        let (sent, stored) = (
            self.sum(|tally| tally.sent),
            self.sum(|tally| tally.journaled),
        );
        let (gapped, recovered) = (
            self.sum(|tally| tally.gapped),
            self.sum(|tally| tally.recovered),
        );
        let lost = self.sum(|tally| tally.lost);
        let cut_off = self.tallies.iter().filter(|(_, tally)| tally.gapped > 0);
        let cut_off: Vec<_> = cut_off.map(|(platform, _)| *platform).collect();
        let mut outcome = String::new();
        if gapped > 0 {
            let (they, whom, each) = match gapped {
                1 => ("it", "it", "It"),
                _ => ("they", "them", "Each"),
            };
            let _ = write!(
                outcome,
                "{gapped} of {} could not be had: {they} happened while {} {} cut off, and no history has {whom}. {each} \
                 lies inside a gap that the journal reports, so that none is missing without a trace. ",
                events(sent),
                listed(&cut_off),
                if cut_off.len() == 1 { "was" } else { "were" },
            );
        }
        let _ = match (lost, gapped) {
            (0, 0) => write!(outcome, "Nothing was lost: all {} are stored", events(sent)),
            (0, _) => write!(outcome, "Nothing was lost: the other {stored} are stored"),
            _ => write!(
                outcome,
                "{} LOST, neither stored nor inside a reported gap. The other {stored} are stored",
                many(lost, "event was", "events were"),
            ),
        };
        let _ = write!(
            outcome,
            ", each once and in order; {recovered} of them were sent again or fetched from a history after the cut."
        );
        vec![
            outcome,
            format!(
                "Meanwhile {} resumed, {} at another node, and the bot counted {} and {} down and was mentioned {}.",
                many(
                    self.counted.resumes,
                    "Gateway session was",
                    "Gateway sessions were"
                ),
                many(self.counted.moves, "player went on", "players went on"),
                many(self.counted.up_dubs, "vote up", "votes up"),
                self.counted.down_dubs,
                many(self.counted.mentions, "time", "times"),
            ),
        ]
    }

    /// Losses count before complaints, so that the exit code says the worst.
    fn exit(&self) -> anyhow::Result<Exit> {
        for row in self.tallies.values().flat_map(|tally| &tally.first_lost) {
            let (origin, frame) = (row.origin.as_deref().unwrap_or("-"), row.frame);
            say(format_args!(
                "lost: {} {} {origin} frame {frame:?} at {}",
                row.kind, row.place, row.at
            ));
        }
        let broken = |promise: String| Err(Failure::new(Exit::Failed, promise).into());
        if self.sum(|tally| tally.lost) > 0 {
            return Ok(Exit::Lost);
        }
        if !self.complaints.is_empty() {
            return broken(self.complaints.join("; "));
        }
        for (platform, tally) in &self.tallies {
            if tally.handled < tally.journaled {
                return broken(format!(
                    "{} stored events of {platform} were not handled",
                    tally.journaled - tally.handled
                ));
            }
            if tally.repeats > 0 {
                return broken(format!(
                    "{} events of {platform} were stored or handled twice",
                    tally.repeats
                ));
            }
            if tally.disordered > 0 {
                return broken(format!(
                    "{} events of {platform} were stored out of order",
                    tally.disordered
                ));
            }
        }
        Ok(Exit::Done)
    }
}

/// A number with the word for one or for many.
fn many(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn events(count: u64) -> String {
    many(count, "event", "events")
}

/// How this program was called, so that what is said to be next can be copied.
fn program() -> String {
    let called = std::env::args_os().next();
    let called = called.map(|name| name.to_string_lossy().into_owned());
    called
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "antiphon".to_owned())
}

/// What to try next.
fn next_steps(program: &str, journal: &Path) -> String {
    let journal = journal.display();
    format!(
        "The journal is kept in {journal}.\n\
         To look at it: {program} tail --journal {journal}\n\
         To see each event as it comes: {program} demo --events"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(tally: Tally) -> Story {
        story_of([tally, good()])
    }

    fn story_of([queup, stackexchange]: [Tally; 2]) -> Story {
        Story {
            tallies: BTreeMap::from([("queup", queup), ("stackexchange", stackexchange)]),
            length: Duration::from_millis(10_020),
            counted: Counted {
                up_dubs: 7,
                down_dubs: 2,
                mentions: 3,
                resumes: 1,
                moves: 2,
                ..Counted::default()
            },
            complaints: Vec::new(),
        }
    }

    fn good() -> Tally {
        Tally {
            sent: 100,
            journaled: 80,
            gapped: 20,
            handled: 80,
            p50_us: 410,
            p99_us: 2100,
            recovered: 5,
            ..Tally::default()
        }
    }

    #[track_caller]
    fn check(tally: Tally, code: u8) {
        let exit = story(tally).exit();
        let exit = exit.unwrap_or_else(|error| crate::failure::report(&error).0);
        assert_eq!(exit.code(), code);
    }

    #[test]
    fn a_demo_that_lost_events_says_so_by_its_exit_code() {
        check(good(), 0);
        check(Tally { lost: 1, ..good() }, 4);
        check(
            Tally {
                handled: 79,
                ..good()
            },
            1,
        );
        check(
            Tally {
                repeats: 1,
                ..good()
            },
            1,
        );
        check(
            Tally {
                disordered: 1,
                ..good()
            },
            1,
        );
    }

    #[test]
    fn the_summary_has_the_shape_that_scripts_rely_on() {
        let summary = serde_json::to_string(&story(good()).summary()).expect("plain data");
        assert_eq!(
            summary,
            r#"{"summary":{"queup":{"sent":100,"journaled":80,"gapped":20,"handled":80,"repeats":0,"lost":0,"p50_us":410,"p99_us":2100},"stackexchange":{"sent":100,"journaled":80,"gapped":20,"handled":80,"repeats":0,"lost":0,"p50_us":410,"p99_us":2100}},"lost":0,"seconds":10.0}"#
        );
    }

    #[test]
    fn the_table_and_the_closing_line_tell_what_became_of_everything() {
        let story = story(good());
        insta::assert_snapshot!(story.table().join("\n"), @r#"
            platform       sent  journaled  gapped  handled  repeats  lost  p50 µs  p99 µs
            queup           100         80      20       80        0     0     410    2100
            stackexchange   100         80      20       80        0     0     410    2100
            "#);
        insta::assert_snapshot!(story.closing().join("\n"), @r"
        40 of 200 events could not be had: they happened while queup and stackexchange were cut off, and no history has them. Each lies inside a gap that the journal reports, so that none is missing without a trace. Nothing was lost: the other 160 are stored, each once and in order; 10 of them were sent again or fetched from a history after the cut.
        Meanwhile 1 Gateway session was resumed, 2 players went on at another node, and the bot counted 7 votes up and 2 down and was mentioned 3 times.
        ");
    }

    #[test]
    fn the_closing_words_fit_whatever_happened() {
        let none = Tally {
            gapped: 0,
            journaled: 100,
            ..good()
        };
        insta::assert_snapshot!(story_of([none.clone(), none]).closing()[0], @"Nothing was lost: all 200 events are stored, each once and in order; 10 of them were sent again or fetched from a history after the cut.");
        let one = Tally {
            gapped: 1,
            journaled: 99,
            ..good()
        };
        let all = Tally {
            gapped: 0,
            journaled: 100,
            ..good()
        };
        insta::assert_snapshot!(story_of([one, all.clone()]).closing()[0], @"1 of 200 events could not be had: it happened while queup was cut off, and no history has it. It lies inside a gap that the journal reports, so that none is missing without a trace. Nothing was lost: the other 199 are stored, each once and in order; 10 of them were sent again or fetched from a history after the cut.");
        let lost = Tally {
            lost: 1,
            gapped: 0,
            journaled: 99,
            ..good()
        };
        insta::assert_snapshot!(story_of([lost, all]).closing()[0], @"1 event was LOST, neither stored nor inside a reported gap. The other 199 are stored, each once and in order; 10 of them were sent again or fetched from a history after the cut.");
    }
}
