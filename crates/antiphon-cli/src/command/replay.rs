//! `antiphon replay`.
//!
//! A stretch of the journal goes to a command's stdin or to stdout once more, as the lines of `tail --output json`, at
//! the pace at which it was received, faster, or as fast as it is read. Without either it only says what it would send:
//! a replay into a bot is not undone.

use std::{
    io::{self, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use antiphon_core::{Event, Position};
use antiphon_journal::{Filter, Inspect};
use jiff::{Timestamp, tz::TimeZone};
use tokio::{task::block_in_place, time::Instant};

use crate::{
    args::{Only, Replay, Speed},
    command::export::events,
    config, doubt,
    failure::{Exit, Failure},
    globs, journal,
    output::{Form, Output, say},
    range, show,
    signals::Stop,
};

/// The longest wait, some thirty years: no stretch of a journal is longer.
const LONGEST: Duration = Duration::from_secs(1 << 30);

/// Events of a page.
const PAGE: usize = 1000;

/// # Errors
/// A journal that cannot be read, a command that cannot be started, and one that ends with another exit code than 0.
pub(crate) async fn replay(args: Replay, stop: &Stop) -> anyhow::Result<Exit> {
    let journal = journal::to_read(&config::journal(&args.journal)?).await?;
    let Only {
        kinds,
        places,
        sources,
    } = &args.only;
    doubt::warn(&*journal, kinds, places, sources).await?;
    let end = *journal.last().borrow();
    let now = Timestamp::now().to_zoned(TimeZone::system());
    let after = range::begin(&*journal, args.from, &now, end).await?;
    let until = match args.to {
        Some(to) => range::finish(&*journal, to, &now, end).await?,
        None => end,
    };
    let stretch = Stretch {
        filter: globs::filter(kinds, places, sources),
        after,
        until,
    };
    let mut target = match args.command.split_first() {
        Some((program, rest)) => Target::command(program, rest)?,
        None if args.stdout => Target::Stdout(Output::stdout(Form::Json)),
        None => return count(&*journal, stretch, args.speed).await,
    };
    let sent = send(&*journal, stretch, args.speed, &mut target, stop).await?;
    let closed = target.close();
    // Ctrl-C ends the command as well, in whatever way: that is no failure of its own.
    let is_over = if stop.token().is_cancelled() {
        false
    } else {
        closed?
    };
    match sent {
        Sent::All => Ok(Exit::Done),
        Sent::Until(position) if is_over => {
            say(format_args!(
                "the command has ended behind position {position}; `--from {}` goes on there",
                position.next()
            ));
            Ok(Exit::Done)
        }
        Sent::Until(position) => {
            say(format_args!(
                "stopped behind position {position}; `--from {}` goes on there",
                position.next()
            ));
            Ok(Exit::Interrupted)
        }
    }
}

/// The events to send.
struct Stretch {
    filter: Filter,
    /// The position behind which it begins.
    after: Position,
    /// The last position.
    until: Position,
}

impl Stretch {
    /// The next page, without what lies behind the end; `None` at the end.
    async fn next(
        &mut self,
        journal: &dyn Inspect,
    ) -> Result<Option<Vec<std::sync::Arc<Event>>>, Failure> {
        if self.after >= self.until {
            return Ok(None);
        }
        let page = journal.read_where(self.after, PAGE, &self.filter).await?;
        self.after = page.through.max(self.after.next());
        let mut events = page.events;
        events.retain(|event| event.position() <= self.until);
        Ok(Some(events))
    }
}

/// Says what would be sent.
async fn count(journal: &dyn Inspect, mut stretch: Stretch, speed: Speed) -> anyhow::Result<Exit> {
    let mut count = 0;
    let mut times: Option<(Timestamp, Timestamp)> = None;
    while let Some(page) = stretch.next(journal).await? {
        count += page.len() as u64;
        for event in &page {
            let at = event.received_at();
            times = Some(times.map_or((at, at), |(first, last)| (first, last.max(at))));
        }
    }
    let Some((first, last)) = times else {
        say("no event is in this stretch");
        return Ok(Exit::Done);
    };
    let length = match speed {
        Speed::Max => "as fast as they are read".to_owned(),
        Speed::Times(_) => {
            let length = speed.of(first, last).as_secs();
            format!(
                "in {:#}",
                jiff::SignedDuration::from_secs(i64::try_from(length)?)
            )
        }
    };
    say(format_args!(
        "would send {}, from {first:.0} to {last:.0}, {length}",
        events(count)
    ));
    say("hint: `--stdout` sends them to stdout, and `-- COMMAND` to a command");
    Ok(Exit::Done)
}

/// How far a replay came.
enum Sent {
    All,
    /// Everything up to this position.
    Until(Position),
}

async fn send(
    journal: &dyn Inspect,
    mut stretch: Stretch,
    speed: Speed,
    target: &mut Target,
    stop: &Stop,
) -> anyhow::Result<Sent> {
    let start = Instant::now();
    let mut first = None;
    let mut done = stretch.after;
    while let Some(page) = stretch.next(journal).await? {
        for event in &page {
            let at = event.received_at();
            let wait = speed.of(*first.get_or_insert(at), at);
            let due = start + wait;
            if due > Instant::now() {
                // What was written is seen before the pause.
                if block_in_place(|| target.flush())? == Reader::Gone {
                    return Ok(Sent::Until(done));
                }
                tokio::select! {
                    () = stop.asked() => {}
                    () = tokio::time::sleep_until(due) => {}
                }
            }
            if stop.token().is_cancelled()
                || block_in_place(|| target.write(event))? == Reader::Gone
            {
                return Ok(Sent::Until(done));
            }
            done = event.position();
        }
    }
    match block_in_place(|| target.flush())? {
        Reader::There => Ok(Sent::All),
        Reader::Gone => Ok(Sent::Until(done)),
    }
}

/// Whether anybody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

/// Where events go.
enum Target {
    Stdout(Output),
    Command {
        name: String,
        child: Child,
        /// Absent once it is closed.
        to: Option<io::BufWriter<ChildStdin>>,
    },
}

impl Target {
    fn command(program: &str, rest: &[String]) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .args(rest)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("could not start `{program}`"))
                    .because(error)
                    .hint("name a program, with its arguments, behind `--`")
            })?;
        let to = child.stdin.take().map(io::BufWriter::new);
        Ok(Self::Command {
            name: program.to_owned(),
            child,
            to,
        })
    }

    fn write(&mut self, event: &Event) -> anyhow::Result<Reader> {
        match self {
            Self::Stdout(output) => output.json(&show::Line::new(event))?,
            Self::Command { to: Some(to), .. } => {
                let mut line = serde_json::to_vec(&show::Line::new(event))?;
                // A document on several lines is one line here.
                line.iter_mut()
                    .filter(|byte| matches!(byte, b'\n' | b'\r'))
                    .for_each(|byte| *byte = b' ');
                line.push(b'\n');
                return taken(to.write_all(&line));
            }
            Self::Command { to: None, .. } => {}
        }
        Ok(Reader::There)
    }

    fn flush(&mut self) -> anyhow::Result<Reader> {
        match self {
            Self::Stdout(output) => output.flush()?,
            Self::Command { to: Some(to), .. } => return taken(to.flush()),
            Self::Command { to: None, .. } => {}
        }
        Ok(Reader::There)
    }

    /// Ends the input and waits for the command; whether it had ended by itself.
    ///
    /// # Errors
    /// An exit code other than 0, or a signal.
    fn close(mut self) -> anyhow::Result<bool> {
        let is_there = block_in_place(|| self.flush())? == Reader::There;
        let Self::Command {
            name,
            mut child,
            to,
        } = self
        else {
            return Ok(false);
        };
        drop(to);
        let status = block_in_place(|| child.wait());
        let status = status.map_err(|error| {
            Failure::new(Exit::Failed, format!("could not wait for `{name}`")).because(error)
        })?;
        if status.success() {
            return Ok(!is_there);
        }
        Err(
            Failure::new(Exit::Failed, format!("`{name}` ended with {status}"))
                .hint("what it read before is done; `--from` begins at any position")
                .into(),
        )
    }
}

fn taken(written: io::Result<()>) -> anyhow::Result<Reader> {
    match written {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::new(Exit::Failed, "could not write to the command")
            .because(error)
            .into()),
    }
}

impl Speed {
    /// How long after the first event a later one is due.
    fn of(self, first: Timestamp, at: Timestamp) -> Duration {
        let Self::Times(times) = self else {
            return Duration::ZERO;
        };
        // A clock that was set back makes no event wait.
        let since = Duration::try_from(at.duration_since(first)).unwrap_or_default();
        Duration::try_from_secs_f64(since.as_secs_f64() / times)
            .unwrap_or(LONGEST)
            .min(LONGEST)
    }
}
