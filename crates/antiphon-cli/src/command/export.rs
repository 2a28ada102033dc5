//! `antiphon export`.
//!
//! Events are read in pages, each by itself, so that a running daemon can move its write-ahead log on between two of
//! them, and memory holds one page whatever the journal's size. With `--full` the states of sources and consumers are
//! read first, all as of one moment, and the events up to that moment follow: an import then has no cursor ahead of its
//! events.
//!
//! A file is written under the name `FILE.part` and gets its own once it is whole and on the disk. `--resume` looks
//! through the part line by line, cuts it behind its last whole event, and goes on there.

#[cfg(feature = "parquet")]
mod parquet;

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use antiphon_core::{Event, Position};
use antiphon_journal::{Filter, Inspect, RemovedOrigin, States};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::block_in_place;

#[cfg(feature = "parquet")]
use self::parquet::to_parquet;
use crate::{
    args::{Export, Format},
    config, doubt,
    failure::{Exit, Failure},
    globs::{self, Pattern},
    journal,
    moment::Moment,
    output::{Form, Output, say},
    progress::Progress,
    range,
    signals::Stop,
    transfer::{End, EventLine, Glance, Header, OF_EVENTS, StateLine, VERSION},
};

/// Events of a page.
///
/// A page ends earlier at 8 MiB.
const PAGE: usize = 1000;
/// Removed origins of a page.
const REMOVED: usize = 50_000;

/// # Errors
/// A journal that cannot be read, a file that is there already, a part that belongs to another export, and a disk that
/// takes no more.
pub(crate) async fn export(args: Export, stop: &Stop) -> anyhow::Result<Exit> {
    // As `import` has it for stdin.
    let to = args.to.as_deref().filter(|path| *path != Path::new("-"));
    if args.to.is_some() && to.is_none() && (args.resume || args.format == Format::Parquet) {
        return Err(
            Failure::usage("`-` is stdout, which takes lines from the first to the last")
                .hint("name a file by `--to`; `./-` is one of that name")
                .into(),
        );
    }
    if args.format == Format::Parquet {
        return to_parquet(&args, stop).await;
    }
    let (journal, header) = begin(&args).await?;
    let Some(path) = to else {
        return to_stdout(&*journal, &header, stop).await;
    };
    is_free(path)?;
    let mut part = block_in_place(|| Part::open(path, &header, args.resume))?;
    let states = states(&*journal, part.header.full).await?;
    let mut writing = Writing::new(&part.header, part.done, states.last);
    let ended = writing
        .events(&*journal, stop, |events| part.write(&lines(events)))
        .await?;
    if ended == Ended::Stopped {
        block_in_place(|| part.keep())?;
        say(format_args!(
            "stopped behind position {}; `--resume` goes on there",
            writing.done.through
        ));
        return Ok(Exit::Interrupted);
    }
    writing
        .removed(&*journal, |lines| part.write(lines))
        .await?;
    let done = writing.done;
    block_in_place(|| {
        writing.rest(&states, |lines| part.write(lines))?;
        part.finish()
    })?;
    drop(writing);
    report(path, &part.header, done, args.shape.output)?;
    Ok(Exit::Done)
}

/// Opens the journal, doubts patterns that fit nothing in it, and makes the first line.
async fn begin(args: &Export) -> Result<(Arc<dyn Inspect>, Header), Failure> {
    let journal = journal::to_read(&config::journal(&args.journal)?).await?;
    let only = &args.only;
    doubt::warn(&*journal, &only.kinds, &only.places, &only.sources).await?;
    let header = header(args, &*journal).await?;
    Ok((journal, header))
}

/// # Errors
/// This program has no Parquet.
#[cfg(not(feature = "parquet"))]
#[expect(clippy::unused_async, reason = "the one of the feature waits")]
async fn to_parquet(_: &Export, _: &Stop) -> anyhow::Result<Exit> {
    let error = Failure::usage("this antiphon was built without Parquet");
    Err(error
        .hint("install it with `cargo install --path crates/antiphon-cli --features parquet`, or export lines, which most programs read")
        .into())
}

/// A file that is whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExportReport")]
pub(crate) struct Report<'a> {
    /// Path of the file.
    file: std::borrow::Cow<'a, str>,
    /// Name of the journal.
    journal: Option<&'a str>,
    /// Events in the file.
    events: u64,
    /// The last position that was looked at.
    #[schemars(with = "u64")]
    through: Position,
}

fn report(path: &Path, header: &Header, done: End, form: Form) -> anyhow::Result<()> {
    match form {
        Form::Text => say(format_args!(
            "exported {} into {}",
            events(done.events),
            path.display()
        )),
        Form::Json => {
            let mut output = Output::stdout(form);
            output.json(&Report {
                file: path.to_string_lossy(),
                journal: header.journal.as_deref(),
                events: done.events,
                through: done.through,
            })?;
            output.flush()?;
        }
    }
    Ok(())
}

/// A number of events in words.
pub(crate) fn events(count: u64) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}

/// What is asked for, with times as positions.
async fn header(args: &Export, journal: &dyn Inspect) -> Result<Header, Failure> {
    let end = *journal.last().borrow();
    let now = Timestamp::now().to_zoned(TimeZone::system());
    let after = match args.since {
        Some(since) => range::begin(journal, since, &now, end).await?,
        None => Position::ZERO,
    };
    let until = match args.until {
        Some(Moment::Position(position)) => Some(position),
        Some(until) => Some(range::finish(journal, until, &now, end).await?),
        None => None,
    };
    let texts = |patterns: &[Pattern]| -> Vec<String> {
        let texts = patterns.iter().map(Pattern::as_str);
        texts.map(str::to_owned).collect()
    };
    let identity = journal.identity().await?;
    let key = identity.key.filter(|_| args.full);
    Ok(Header {
        antiphon: "export".to_owned(),
        version: if args.full { VERSION } else { OF_EVENTS },
        journal: identity.journal,
        full: args.full,
        key_base64: key.map(|key| STANDARD.encode(key)),
        after,
        until,
        kinds: texts(&args.only.kinds),
        sources: texts(&args.only.sources),
        places: texts(&args.only.places),
    })
}

/// The states and the last position, or that position alone.
async fn states(journal: &dyn Inspect, full: bool) -> Result<States, Failure> {
    if full {
        return Ok(journal.states().await?);
    }
    Ok(States {
        last: *journal.last().borrow(),
        ..States::default()
    })
}

/// On a terminal hidden characters are written as escapes, which changes no value.
async fn to_stdout(journal: &dyn Inspect, header: &Header, stop: &Stop) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(Form::Json);
    let is_terminal = io::stdout().is_terminal();
    let states = states(journal, header.full).await?;
    let mut write = |lines: &[u8]| {
        if is_terminal {
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                output.json(&serde_json::from_slice::<&serde_json::value::RawValue>(
                    line,
                )?)?;
            }
            Ok(())
        } else {
            output.raw(lines)
        }
    };
    write(&line(header))?;
    let done = End {
        events: 0,
        through: header.after,
    };
    let mut writing = Writing::new(header, done, states.last);
    let ended = writing
        .events(journal, stop, |events| write(&lines(events)))
        .await?;
    if ended == Ended::Whole {
        writing.removed(journal, &mut write).await?;
        writing.rest(&states, &mut write)?;
    }
    output.flush()?;
    if ended == Ended::Stopped {
        say(format_args!(
            "stopped behind position {}; `--since {}` goes on there",
            writing.done.through,
            writing.done.through.next()
        ));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}

/// How the events came to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// All are written.
    Whole,
    /// A signal asked to stop.
    Stopped,
}

/// An export under way.
struct Writing {
    filter: Filter,
    /// The last position to look at.
    until: Position,
    full: bool,
    done: End,
    progress: Progress,
}

impl Writing {
    /// `last` is the end of the journal.
    fn new(header: &Header, done: End, last: Position) -> Self {
        let until = header.until.unwrap_or(last).min(last);
        let patterns = |texts: &[String]| -> Vec<Pattern> {
            let patterns = texts.iter().map(|text| Pattern::parse(text));
            let patterns = patterns.collect::<Result<_, _>>();
            patterns.expect("they are those of the arguments")
        };
        let filter = globs::filter(
            &patterns(&header.kinds),
            &patterns(&header.places),
            &patterns(&header.sources),
        );
        let (from, to) = (header.after.get(), until.get().max(header.after.get()));
        Self {
            filter,
            until,
            full: header.full,
            done,
            progress: Progress::new(to - from, "exporting"),
        }
    }

    /// Writes the events, a page at a time.
    async fn events(
        &mut self,
        journal: &dyn Inspect,
        stop: &Stop,
        mut write: impl FnMut(&[Arc<Event>]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ended> {
        let from = self.done.through;
        while self.done.through < self.until {
            if stop.token().is_cancelled() {
                return Ok(Ended::Stopped);
            }
            let page = journal.read_where(self.done.through, PAGE, &self.filter);
            let page = page.await.map_err(Failure::from)?;
            let mut events = page.events;
            events.retain(|event| event.position() <= self.until);
            block_in_place(|| write(&events))?;
            self.done.events += events.len() as u64;
            self.done.through = page.through.min(self.until);
            self.progress
                .at(self.done.through.get().saturating_sub(from.get()));
        }
        Ok(Ended::Whole)
    }

    /// Writes the origins of removed events that are still recognised, if states are asked for, a page at a time.
    async fn removed(
        &mut self,
        journal: &dyn Inspect,
        mut write: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !self.full {
            return Ok(());
        }
        let mut last: Option<RemovedOrigin> = None;
        loop {
            let page = journal.removed(last.as_ref(), REMOVED).await;
            let page = page.map_err(Failure::from)?;
            let lines = page.iter().flat_map(|one| line(&StateLine::removed(one)));
            let lines: Vec<_> = lines.collect();
            block_in_place(|| write(&lines))?;
            match page.into_iter().next_back() {
                Some(end) => last = Some(end),
                None => return Ok(()),
            }
        }
    }

    /// Writes the states, if they are asked for, and the last line.
    fn rest(
        &mut self,
        states: &States,
        mut write: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.progress.end();
        if self.full {
            for (source, checkpoint) in &states.checkpoints {
                write(&line(&StateLine::checkpoint(source.as_str(), checkpoint)))?;
            }
            for (consumer, cursor) in &states.cursors {
                let consumer = consumer.as_str();
                write(&line(&StateLine::Cursor { consumer, cursor }))?;
            }
            for letter in &states.dead_letters {
                write(&line(&StateLine::dead_letter(letter)))?;
            }
            for (name, saved) in &states.projections {
                write(&line(&StateLine::projection(name, saved)))?;
            }
            for deletion in &states.deletions {
                write(&line(&StateLine::deletion(deletion)))?;
            }
            let key = states.erasure_key.as_deref();
            write(&line(&StateLine::given(states.given, key)))?;
        }
        write(&line(&StateLine::End(self.done)))
    }
}

/// Events, each on a line of its own.
fn lines(events: &[Arc<Event>]) -> Vec<u8> {
    let lines = events.iter().map(|event| line(&EventLine::new(event)));
    lines.flatten().collect()
}

/// An object on a line of its own.
fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain data");
    line.push(b'\n');
    line
}

/// # Errors
/// The file is there already.
fn is_free(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        let error = format!("{} is there already", path.display());
        return Err(
            Failure::new(Exit::Failed, error).hint("name another file, or move that one away")
        );
    }
    Ok(())
}

/// A file that is not whole yet.
struct Part {
    /// Its name at the end.
    path: PathBuf,
    /// Its name until then.
    unfinished: PathBuf,
    header: Header,
    /// What was written before this run.
    done: End,
    to: BufWriter<File>,
}

impl Part {
    /// Begins a part, or goes on with one.
    ///
    /// # Errors
    /// A part that is there without `--resume`, or that belongs to another export.
    fn open(path: &Path, header: &Header, resume: bool) -> Result<Self, Failure> {
        let part = unfinished(path);
        let is_new = !(resume && part.exists());
        let way_out = "go on with it by `--resume`, or remove it to begin anew";
        let mut file = open(&part, is_new, way_out)?;
        let begun = begun(&mut file).map_err(|error| unwritable(&part, error))?;
        let (header, done, end) = match begun {
            None => (header.clone(), None, 0),
            Some((first, mut done, end)) => {
                let begun = resumed(&first, header, &part)?;
                done.through = done.through.max(begun.after);
                (begun, Some(done), end)
            }
        };
        let cut = file
            .set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)));
        cut.map_err(|error| unwritable(&part, error))?;
        let mut to = BufWriter::with_capacity(1 << 16, file);
        if done.is_none() {
            to.write_all(&line(&header))
                .map_err(|error| unwritable(&part, error))?;
        }
        Ok(Self {
            path: path.to_owned(),
            done: done.unwrap_or(End {
                events: 0,
                through: header.after,
            }),
            unfinished: part,
            header,
            to,
        })
    }

    fn write(&mut self, lines: &[u8]) -> anyhow::Result<()> {
        let written = self.to.write_all(lines);
        written.map_err(|error| unwritable(&self.unfinished, error).into())
    }

    /// Leaves the part on the disk, for a later run.
    fn keep(&mut self) -> Result<(), Failure> {
        let kept = self.to.flush().and_then(|()| self.to.get_ref().sync_all());
        kept.map_err(|error| unwritable(&self.unfinished, error))
    }

    /// Gives the file its name, once it is on the disk.
    fn finish(&mut self) -> anyhow::Result<()> {
        self.keep()?;
        let named = publish(&self.unfinished, &self.path);
        Ok(named.map_err(|error| unwritable(&self.path, error))?)
    }
}

/// The name of a file until it is whole.
fn unfinished(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Opens a file for its owner alone; `way_out` is for one that is there and must not be.
///
/// # Errors
/// A file that is there and must not be, and one that cannot be made.
fn open(part: &Path, is_new: bool, way_out: &str) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(is_new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(part).map_err(|error| {
        let shown = part.display();
        if error.kind() == io::ErrorKind::AlreadyExists {
            Failure::new(Exit::Failed, format!("{shown} is there already")).hint(way_out)
        } else {
            Failure::new(Exit::Failed, format!("could not make {shown}"))
                .because(error)
                .hint("name a file in a folder that can be written")
        }
    })
}

/// Gives a file that is on the disk its name.
fn publish(unfinished: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(unfinished, path)?;
    // The name is on the disk with its folder; not every system can sync one.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(if folder == Path::new("") {
            Path::new(".")
        } else {
            folder
        })
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("could not write {}", path.display()))
        .because(error)
        .hint("free some space or name another file; `--resume` goes on with what was written")
}

/// The header of a part, what its whole events come to, and the length up to the last of them.
///
/// `None` for a part without a whole first line.
fn begun(file: &mut File) -> io::Result<Option<(Vec<u8>, End, u64)>> {
    let mut reader = BufReader::with_capacity(1 << 20, &*file);
    let mut header = Vec::new();
    reader.read_until(b'\n', &mut header)?;
    if header.last() != Some(&b'\n') {
        return Ok(None);
    }
    let mut done = End {
        events: 0,
        through: Position::ZERO,
    };
    let mut end = header.len() as u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        let is_whole = line.last() == Some(&b'\n');
        let position = serde_json::from_slice::<Glance>(&line)
            .ok()
            .and_then(|glance| glance.position)
            .filter(|position| is_whole && *position > done.through);
        // States and an end are written anew, since they are of another moment.
        let Some(position) = position else { break };
        done.events += 1;
        done.through = position;
        end += line.len() as u64;
    }
    Ok(Some((header, done, end)))
}

/// The header of a part that the same export began: its stretch stays what it was.
///
/// # Errors
/// Another journal or another choice.
fn resumed(first: &[u8], wanted: &Header, part: &Path) -> Result<Header, Failure> {
    let other = |what: &str| {
        let shown = part.display();
        Failure::usage(format!(
            "{shown} is the beginning of another export: {what}"
        ))
        .hint("repeat the command that began it, or remove it to begin anew")
    };
    let begun: Header = serde_json::from_slice(first).map_err(|_| other("its first line"))?;
    if begun.journal != wanted.journal {
        return Err(other("it is of another journal"));
    }
    let same = Header {
        after: begun.after,
        until: begun.until,
        ..wanted.clone()
    };
    if begun != same {
        return Err(other("its kinds, sources, places or states are others"));
    }
    Ok(begun)
}
