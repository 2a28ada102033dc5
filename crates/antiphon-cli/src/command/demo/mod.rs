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
//! - [`printer`] reads the journal as the events are stored, prints them, and keeps the books.
//! - [`tally`] compares books and ledger when it is over.
//! - [`act`] is what a platform brings: an account, a source, handlers, and a stage to act on.
//!
//! A platform takes part by its row in `PLATFORMS`; nothing here knows which platforms there are.

pub(crate) mod act;
pub(crate) mod bot;
mod clients;
mod director;
mod printer;
mod tally;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use antiphon::{App, SourceName};
use antiphon_core::{Journal, Rng};
use antiphon_journal::SqliteJournal;
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
    printer::Printer,
    tally::Tally,
};
use crate::{
    args::Demo,
    command::run,
    config,
    failure::{Exit, Failure},
    journal, logging,
    output::{Form, Output, say, table},
    platform::PLATFORMS,
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
    let (path, _folder) = place(&args)?;
    let journal = Arc::new(journal::to_write(&path, &config::Journal::default()).await?);
    let story = play(&args, &journal, stop).await;
    journal.close().await?;
    let Some(story) = story? else {
        return Ok(Exit::Interrupted);
    };
    if args.journal.is_some() {
        say(format_args!("the journal is in {}", path.display()));
    }
    story.tell(Output::stdout(args.shape.output))
}

/// Path of the journal, and its temporary folder if the journal is not kept.
///
/// The temporary folder lives as long as the value that is returned with it.
fn place(args: &Demo) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if let Some(path) = &args.journal {
        return Ok((path.clone(), None));
    }
    let folder = tempfile::tempdir().context("could not make a folder for the journal")?;
    Ok((folder.path().join("demo.db"), Some(folder)))
}

/// Plays the demo; `None` if a signal stopped it.
///
/// The journal is closed by the caller, on every way out. The simulator stops last, since sources close their
/// connections to it.
async fn play(
    args: &Demo,
    journal: &Arc<SqliteJournal>,
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
    let (acts, bot, app) = cast(&simulator, journal).await?;

    let printer = Printer {
        journal: Arc::clone(journal),
        after: *journal.last().borrow(),
        output: Output::stdout(args.shape.output),
        books: Arc::clone(&bot.books),
    };
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
    };
    let joined = director.back();
    let links = run::tell_links(app.handle());
    let shutdown = CancellationToken::new();
    let running = async {
        let app = app.run(Arc::clone(journal), shutdown.clone().cancelled_owned());
        let (ended, stopped) = tokio::join!(app, links);
        run::tell_stopped(stopped, ended.as_ref().err());
        ended.map_err(run::failure)
    };
    tokio::pin!(running);
    let played = tokio::select! {
        ended = &mut running => {
            ended?;
            return Err(anyhow::anyhow!("the app ended by itself"));
        }
        ended = printing.join_next() => Err(failed(ended)),
        () = stop.asked() => Ok(None),
        played = director.direct(joined) => played.map(Some),
    };
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
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("the events are not shown any more"),
    }
}

/// Makes each platform's part, and the bot and its app from the parts.
///
/// Parts are made in the order of `PLATFORMS`, each with the clients of those before it.
async fn cast(
    simulator: &Simulator,
    journal: &SqliteJournal,
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
async fn source_name(platform: &str, journal: &SqliteJournal) -> Result<SourceName, Failure> {
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
    /// # Errors
    /// The output cannot be written; a promise that did not hold is an error with exit code 1.
    fn tell(&self, mut output: Output) -> anyhow::Result<Exit> {
        match output.form() {
            Form::Json => output.json(&self.summary())?,
            Form::Text => {
                output.line("")?;
                for line in self.table() {
                    output.line(line)?;
                }
                output.line("")?;
                output.line(self.closing_line())?;
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

    /// What a person reads who reads one line.
    fn closing_line(&self) -> String {
        let lost = match self.sum(|tally| tally.lost) {
            0 => "Nothing was lost".to_owned(),
            1 => "1 event was LOST".to_owned(),
            lost => format!("{lost} events were LOST"),
        };
        format!(
            "{lost}: {} of {} events stored ({} of them sent again or fetched after the cut), {} inside a reported \
             gap; {} updubs, {} downdubs, {} mentions, {} resumed Gateway sessions and {} players that went on at \
             another node counted.",
            self.sum(|tally| tally.journaled),
            self.sum(|tally| tally.sent),
            self.sum(|tally| tally.recovered),
            self.sum(|tally| tally.gapped),
            self.counted.up_dubs,
            self.counted.down_dubs,
            self.counted.mentions,
            self.counted.resumes,
            self.counted.moves,
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn story(tally: Tally) -> Story {
        Story {
            tallies: BTreeMap::from([("queup", tally), ("stackexchange", good())]),
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
        insta::assert_snapshot!(story.closing_line(), @r#"Nothing was lost: 160 of 200 events stored (10 of them sent again or fetched after the cut), 40 inside a reported gap; 7 updubs, 2 downdubs, 3 mentions, 1 resumed Gateway sessions and 2 players that went on at another node counted."#);
    }
}
