//! `antiphon run`.
//!
//! The daemon has one handler at most, the one that prints, and one lane, so that `--print` shows the journal's order.
//! Its consumer is named `run`: what was not printed before a stop is printed by the next run with `--print`.
//!
//! While it runs, it answers on the control socket beside the journal (`control/`).
//!
//! Links are told on stderr, one line for each change, read from the journal like any other event; the log is quiet
//! about them. If a source stops for good, the app stops, and the command's last error says why with the source's own
//! hint.
//!
//! Exit codes: 0 after `SIGTERM`, 130 after Ctrl-C, 2 for a configuration that cannot be used, 3 for a source that
//! ended by itself or has no room left, 5 for a journal whose files were changed by somebody else, 6 for one that is
//! damaged or another's, and 1 for everything else.

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use antiphon::{
    App, Event, Handle, HandlerError, HandlerExt as _, Link, LinkState, Payload as _, Place,
    RunError, SourceName,
};

use antiphon_core::Journal as _;
use tokio_util::sync::CancellationToken;

use crate::{
    args::Run,
    command::rooms,
    config::{Config, check, schema},
    control,
    failure::{Exit, Failure, ReaderGone},
    finding::Severity,
    journal, logging,
    output::{Form, Output, say},
    show::{self, Lines},
    signals::Stop,
};

/// Default filter of the log. Changes of a connection are printed without it.
///
/// `RUST_LOG` replaces it as a whole.
const LOG: &str = "warn,antiphon::link=off";

/// # Errors
/// Each as a [`Failure`] with its exit code. Nothing is started before the whole configuration and every secret were
/// read.
pub(crate) async fn run(args: Run, stop: &Stop) -> anyhow::Result<Exit> {
    if args.schema {
        let mut output = Output::stdout(Form::Text);
        output.document(&schema())?;
        output.flush()?;
        return Ok(Exit::Done);
    }
    if args.shape.output == Form::Json && !args.print {
        let error = Failure::usage("`--output json` says how `--print` shows events");
        return Err(error
            .hint("add `--print`; nothing else of this command goes to stdout")
            .into());
    }
    logging::start(LOG)?;
    let (config, warnings) = checked(&args.config)?;
    let mut app = App::new(())
        .named("run")
        .retention(config.journal.retention())
        // The only handler prints; nothing waits for it once the reader has gone.
        .grace(Duration::from_secs(1))
        // One lane, so that events are shown in the journal's order.
        .lanes(|_| Place::root());
    if config.sources.is_empty() {
        let error = format!("{} configures no source", args.config.display());
        return Err(Failure::usage(error)
            .hint("add a table such as `[sources.choir]`; docs/configuration.md has an example")
            .into());
    }
    let mut bots = Vec::new();
    for (context, source) in config.sources() {
        app = source.add_to(app, context, &mut bots)?;
    }
    let path = config.journal_path();
    let journal = Arc::new(journal::to_write(&path, &config.journal).await?);
    say(format_args!("journaling into {}", path.display()));

    let handle = app.handle();
    let printer = args.print.then(|| {
        Arc::new(Printer::new(
            Output::stdout(args.shape.output),
            handle.clone(),
        ))
    });
    if let Some(printer) = &printer {
        let printer = Arc::clone(printer);
        let print = move |event: Arc<Event>| {
            let shown = printer.print(&event);
            async move { shown }
        };
        app = app.on_raw("*", print.named("print").attempts(u32::MAX));
    }
    let over = CancellationToken::new();
    let control = control::serve(
        control::Running {
            handle: handle.clone(),
            journal: Arc::clone(&journal),
            path,
            bots,
            warnings,
        },
        over.clone(),
    );
    // Cancelled with the process's own, or by a source without a room.
    let end = stop.token().child_token();
    let left = rooms::watch(handle.clone(), rooms::of(&config), end.clone());
    let links = tell_links(handle);
    let running = async {
        let ended = app.run(Arc::clone(&journal), end.cancelled_owned()).await;
        over.cancel();
        ended
    };
    let (ended, stopped, left, ()) = tokio::join!(running, links, left, control);
    let closed = journal.close().await.map_err(RunError::Append);
    let ended = ended.and(closed);
    tell_stopped(stopped, ended.as_ref().err());
    if let Some(failed) = printer.and_then(Printer::failed) {
        return Err(failed);
    }
    ended.map_err(failure)?;
    match left {
        Some(error) => Err(error.into()),
        None => Ok(stop.exit()),
    }
}

/// Reads the configuration, and prints its warnings on stderr; returns them as well.
///
/// # Errors
/// All mistakes of the file, as `antiphon check` finds them.
fn checked(path: &Path) -> Result<(Config, Vec<String>), Failure> {
    let checked = check::whole(path);
    let findings = checked.findings.iter();
    let mut warnings = Vec::new();
    for warning in findings.filter(|finding| finding.severity() == Severity::Warning) {
        say(format_args!("warning: {}", warning.sentence()));
        say(format_args!("hint: {}", warning.way_out()));
        warnings.push(warning.sentence());
    }
    Ok((checked.usable()?, warnings))
}

/// Prints a line on stderr for each change of a connection, until the app has ended.
///
/// A source that stopped as a whole ends the app, and the command's last error may report it; the lines of such sources
/// are returned for [`tell_stopped`].
pub(crate) async fn tell_links<S: Send + Sync + 'static>(handle: Handle<S>) -> Vec<LinkChange> {
    let mut links = handle.stream_raw(Link::KIND);
    drop(handle);
    let mut stopped = Vec::new();
    while let Some(next) = links.next().await {
        let Ok(event) = next else { continue };
        let Ok(link) = Link::decode(&event) else {
            continue;
        };
        let change = LinkChange::new(&event, &link);
        if *event.place() == Place::root() && matches!(link.state, LinkState::Stopped { .. }) {
            stopped.push(change);
        } else {
            change.tell();
        }
    }
    stopped
}

/// Prints the lines of the sources that stopped, except that of the source whose error the command reports.
///
/// A source whose error is the command's own last line is left out, or its reason would be read twice.
pub(crate) fn tell_stopped(stopped: Vec<LinkChange>, error: Option<&RunError>) {
    let told = match error {
        Some(RunError::Source(error)) => Some(error.source_name()),
        _ => None,
    };
    let untold = |change: &LinkChange| told != Some(&change.source);
    stopped
        .into_iter()
        .filter(untold)
        .for_each(LinkChange::tell);
}

/// A change of a connection, as it is printed.
///
/// Made from the event alone, so that a change of an earlier run can be shown the same way.
#[derive(Debug)]
pub(crate) struct LinkChange {
    source: SourceName,
    /// Time of day, source, place if the source has several, and state.
    line: String,
    hint: Option<String>,
}

impl LinkChange {
    fn new(event: &Event, link: &Link) -> Self {
        let time = show::clock(event.received_at());
        let (source, place) = (event.source().clone(), event.place().as_str());
        // A connection has a place of its own if its source has several.
        let of = if place.is_empty() { "" } else { " " };
        let hint = match &link.state {
            LinkState::Stopped { hint, .. } => hint.clone(),
            _ => None,
        };
        Self {
            line: format!("{time} {source}{of}{place}: {}", link.state),
            source,
            hint,
        }
    }

    /// The hint stands on a line of its own.
    fn tell(self) {
        say(self.line);
        if let Some(hint) = self.hint {
            say(format_args!("hint: {hint}"));
        }
    }
}

/// Makes the command's error of an app's.
///
/// Hints come from the library: each kind of trouble knows its way out.
pub(crate) fn failure(error: RunError) -> Failure {
    if let RunError::Source(error) = &error {
        return Failure::source_ended(error);
    }
    let exit = match &error {
        RunError::Configuration(_) => Exit::Usage,
        RunError::Append(error) => Exit::storage(error.trouble()),
        RunError::Read(error) => Exit::storage(error.trouble()),
        _ => Exit::Failed,
    };
    let hint = error.hint().map(str::to_owned);
    let failure = Failure::from_error(exit, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Shows events on stdout, one at a time.
///
/// `handle` is there to stop the app when nobody reads any more; the event that could not be printed is not done, and
/// comes again.
struct Printer {
    output: Mutex<(Output, Lines)>,
    /// It stops the app once nobody reads any more.
    handle: Handle<()>,
    /// The first failure of the output; the command ends with it.
    failed: OnceLock<anyhow::Error>,
}

impl Printer {
    fn new(output: Output, handle: Handle<()>) -> Self {
        Self {
            output: Mutex::new((output, Lines::default())),
            handle,
            failed: OnceLock::new(),
        }
    }

    /// Prints an event. If that fails, the app stops and the next run prints the event.
    fn print(&self, event: &Event) -> Result<(), HandlerError> {
        let shown = tokio::task::block_in_place(|| {
            let mut to = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            let (output, lines) = &mut *to;
            lines.show(output, [event])?;
            output.flush()
        });
        shown.map_err(|error| {
            // Later failures have the same cause as the first.
            let _ = self.failed.set(error);
            self.handle.stop();
            HandlerError::retry(ReaderGone)
        })
    }

    /// Absent while everything could be printed, and while a handler still holds the printer.
    fn failed(self: Arc<Self>) -> Option<anyhow::Error> {
        Arc::into_inner(self).and_then(|printer| printer.failed.into_inner())
    }
}
