//! `antiphon run`.
//!
//! The daemon has one handler at most, the one that prints, and one lane, so that `--print` shows the journal's order.
//! Its consumer is named `run`: what was not printed before a stop is printed by the next run with `--print`.
//!
//! While it runs, it answers on the control socket beside the journal (`control/`).
//!
//! Everything that it says on stderr is a record of its log (`logging.rs`): changes of links, read from the journal like
//! any other event, its notices, and the error that ends it. If a source stops for good, the app stops, and that error
//! says why with the source's own hint.
//!
//! Exit codes: 0 after `SIGTERM`, 130 after Ctrl-C, 2 for a configuration that cannot be used, 3 for a source that
//! ended by itself or has no room left, 5 for a journal whose files were changed by somebody else, 6 for one that is
//! damaged or another's, and 1 for everything else.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{
    App, Event, Handle, HandlerError, HandlerExt as _, Link, LinkState, Payload as _, Place,
    RunError,
};
use anyhow::Context as _;
use tracing::{error, info, warn};

use antiphon_core::Journal;
use tokio_util::sync::CancellationToken;

use crate::{
    args::Run,
    command::{dashboard, rooms},
    config::{
        self, Config,
        check::{self, Checked},
        schema,
    },
    control::{self, Warnings},
    failure::{Exit, Failure, ReaderGone},
    finding::Severity,
    journal,
    logging::{self, DAEMON, LogFormat, note},
    metrics::{self, Endpoint},
    output::{Form, Output, say},
    reload::{self, Reload, Tried},
    service::Service,
    show::{self, Lines},
    signals::{Hangup, Stop},
};

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
    let hangup = Hangup::listen().context("could not listen for signals")?;
    if args.shape.output == Form::Json && !args.print {
        let error = Failure::usage("`--output json` says how `--print` shows events");
        return Err(error
            .hint("add `--print`; nothing else of this command goes to stdout")
            .into());
    }
    let (config, warnings) = begin(&args)?;
    let built = reload::build(&config)?;
    let mut app = App::new(())
        .named("run")
        .retention(config.journal.retention())
        // The only handler prints; nothing waits for it once the reader has gone.
        .grace(Duration::from_secs(1))
        // One lane, so that events are shown in the journal's order.
        .lanes(|_| Place::root());
    let mut sources = reload::Sources::new(app.handle());
    for (name, source) in built {
        app = app.boxed_source(sources.begin(name, source));
    }
    let location = config.location()?;
    let opened = tokio::select! {
        opened = journal::to_write(&location, &config.journal) => opened,
        // One that stands by may wait for long.
        () = stop.token().cancelled_owned() => return Ok(stop.exit()),
    };
    let journal = opened?;
    logging::begin();
    note(format_args!("journaling into {location}"));
    config::proxy::tell();

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
    let running = control::Running {
        handle,
        journal: Arc::clone(&journal),
        location,
        bots: sources.bots(),
        warnings: Warnings::new(warnings),
        samples: control::Samples::default(),
    };
    let changes = Changes { sources, hangup };
    let serve = serve(app, running, &args, &config, changes, stop);
    let served = Box::pin(serve).await;
    let closed = journal.close().await.map_err(RunError::Append);
    if let Some(failed) = printer.and_then(|printer| printer.failed()) {
        return Err(failed);
    }
    let Served { ended, left } = served?;
    ended.and(closed).map_err(failure)?;
    match left {
        Some(error) => Err(error.into()),
        None => Ok(stop.exit()),
    }
}

/// What a reload changes and waits for.
struct Changes {
    sources: reload::Sources,
    hangup: Hangup,
}

/// How a run ended.
struct Served {
    ended: Result<(), RunError>,
    /// The reason why a source without a room ended it.
    left: Option<Failure>,
}

/// Runs the app, and beside it the control socket, the metrics, the dashboard, reloads, the service manager and the
/// notices of links.
///
/// # Errors
/// The metrics or the dashboard cannot be where the configuration says; nothing has run then.
async fn serve(
    app: App<()>,
    running: control::Running,
    args: &Run,
    config: &Config,
    changes: Changes,
    stop: &Stop,
) -> Result<Served, Failure> {
    let Changes { sources, hangup } = changes;
    let (handle, journal) = (running.handle.clone(), Arc::clone(&running.journal));
    let mut metrics = Endpoint::new(metrics::install(), running.clone());
    metrics.change(&config.metrics).await?;
    let mut dashboard = dashboard::Endpoint::new(running.clone());
    dashboard.change(config).await?;
    let over = CancellationToken::new();
    let control = control::serve(running.clone(), over.clone());
    let watched = running.clone();
    let service = Service::from_environment();
    let (tried, rooms) = (sources.tried(), sources.rooms());
    let reload = Reload::new(
        &args.config,
        config,
        running,
        sources,
        &service,
        (metrics, &mut dashboard),
    );
    let beside = async {
        let (never, ..) = tokio::join!(
            reload.run(hangup, stop),
            service.follow(handle.clone()),
            control::follow(watched),
        );
        never
    };
    let links = tell_links(handle.clone(), &tried, LinkChange::log);
    // Cancelled with the process's own, or by a source without a room.
    let end = stop.token().child_token();
    let left = rooms::watch(handle.clone(), rooms, end.clone());
    let stopping = async {
        end.cancelled().await;
        service.stopping();
    };
    let app = async {
        let journal: Arc<dyn Journal> = journal;
        let ended = app.run(journal, stopping).await;
        over.cancel();
        ended
    };
    let all = async { tokio::join!(app, links, left, control) };
    let (ended, stopped, left, ()) = tokio::select! {
        ended = all => ended,
        never = beside => match never {},
    };
    dashboard.close().await;
    if ended.is_err() {
        service.stopping();
    }
    tell_stopped(stopped, ended.as_ref().err(), LinkChange::log);
    Ok(Served { ended, left })
}

/// Reads the configuration and starts the log; returns the warnings about the configuration, which were told.
///
/// # Errors
/// All mistakes of the configuration; a `RUST_LOG` that cannot be read.
fn begin(args: &Run) -> Result<(Config, Vec<String>), Failure> {
    if args.log_format == Some(LogFormat::Json) {
        // Mistakes of the configuration are records as well.
        let log = config::Log::default();
        logging::start_daemon(log.level.as_str(), log.format, args.log_format)?;
    }
    let checked = check::whole(&args.config);
    if let Some(Config { log, .. }) = &checked.config {
        logging::start_daemon(log.level.as_str(), log.format, args.log_format)?;
    }
    usable(checked)
}

/// The configuration, and the warnings about it, which are told.
///
/// # Errors
/// All mistakes of the file, as `antiphon check` finds them.
pub(crate) fn usable(checked: Checked) -> Result<(Config, Vec<String>), Failure> {
    let findings = checked.findings.iter();
    let mut warnings = Vec::new();
    for warning in findings.filter(|finding| finding.severity() == Severity::Warning) {
        logging::warn(warning.sentence(), warning.way_out());
        warnings.push(warning.sentence());
    }
    Ok((checked.usable()?, warnings))
}

/// Tells each change of a connection, until the app has ended.
///
/// A source that stopped as a whole ends the app, and the command's last error may report it; the changes of such sources
/// are returned for [`tell_stopped`]. One that a reload has only tried does not, and is told at once.
pub(crate) async fn tell_links<S: Send + Sync + 'static>(
    handle: Handle<S>,
    tried: &Tried,
    tell: fn(LinkChange),
) -> Vec<LinkChange> {
    let mut links = handle.stream_raw(Link::KIND);
    drop(handle);
    let mut stopped = Vec::new();
    while let Some(next) = links.next().await {
        let Ok(event) = next else { continue };
        let Ok(link) = Link::decode(&event) else {
            continue;
        };
        let is_stopped = matches!(link.state, LinkState::Stopped { .. });
        let is_source = *event.place() == Place::root();
        let is_tried = is_source && tried.saw(event.source(), &link.state);
        let change = LinkChange {
            event,
            state: link.state,
        };
        if is_source && is_stopped && !is_tried {
            stopped.push(change);
        } else {
            tell(change);
        }
    }
    stopped
}

/// Tells of the sources that stopped, except of the one whose error the command reports.
///
/// A source whose error is the command's own last line is left out, or its reason would be read twice.
pub(crate) fn tell_stopped(
    stopped: Vec<LinkChange>,
    error: Option<&RunError>,
    tell: fn(LinkChange),
) {
    let told = match error {
        Some(RunError::Source(error)) => Some(error.source_name()),
        _ => None,
    };
    let untold = |change: &LinkChange| told != Some(change.event.source());
    stopped.into_iter().filter(untold).for_each(tell);
}

/// A change of a connection.
#[derive(Debug)]
pub(crate) struct LinkChange {
    /// The event that told of it.
    event: Event,
    state: LinkState,
}

impl LinkChange {
    /// Place of the connection, if its source has several.
    fn place(&self) -> Option<&str> {
        Some(self.event.place().as_str()).filter(|place| !place.is_empty())
    }

    fn hint(&self) -> Option<&str> {
        match &self.state {
            LinkState::Stopped { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// Makes a record of it in the daemon's log: an error if a person is needed, a warning while events are missing.
    pub(crate) fn log(self) {
        let (source, place, hint) = (self.event.source(), self.place(), self.hint());
        let state = &self.state;
        match state {
            LinkState::Stopped { .. } => {
                error!(target: DAEMON, %source, place, hint, link = state.word(), "{state}");
            }
            LinkState::Waiting { .. } | LinkState::Polling { .. } => {
                warn!(target: DAEMON, %source, place, link = state.word(), "{state}");
            }
            _ => info!(target: DAEMON, %source, place, link = state.word(), "{state}"),
        }
    }

    /// Says it with the time of day, and the hint on a line of its own.
    pub(crate) fn say(self) {
        let (time, source) = (show::clock(self.event.received_at()), self.event.source());
        let (of, place) = match self.place() {
            Some(place) => (" ", place),
            None => ("", ""),
        };
        say(format_args!("{time} {source}{of}{place}: {}", self.state));
        if let Some(hint) = self.hint() {
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
    let exit = match (&error, error.trouble()) {
        (RunError::Configuration(_), _) => Exit::Usage,
        (_, Some(trouble)) => Exit::storage(trouble),
        _ => Exit::Failed,
    };
    let hint = match &error {
        RunError::Append(error) => Some(journal::hint(error.trouble()).to_owned()),
        RunError::Read(error) => Some(journal::hint(error.trouble()).to_owned()),
        other => other.hint().map(str::to_owned),
    };
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
    failed: Mutex<Option<anyhow::Error>>,
}

impl Printer {
    fn new(output: Output, handle: Handle<()>) -> Self {
        Self {
            output: Mutex::new((output, Lines::default())),
            handle,
            failed: Mutex::default(),
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
            if error.is::<ReaderGone>() {
                // It is a normal end, and no failure of a handler.
                logging::leave_out_handlers();
            }
            // Later failures have the same cause as the first.
            self.first_failure().get_or_insert(error);
            self.handle.stop();
            HandlerError::retry(ReaderGone)
        })
    }

    /// Absent while everything could be printed.
    fn failed(&self) -> Option<anyhow::Error> {
        self.first_failure().take()
    }

    fn first_failure(&self) -> MutexGuard<'_, Option<anyhow::Error>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
