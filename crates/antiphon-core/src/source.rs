//! One configured connection, and how it is asked to stop.
//!
//! A platform crate implements [`Source`] once; the app and [`Events`](crate::Events) run it. Names, kinds,
//! projections, taps and functions are asked before [`Source::run`], since the source moves to its task with it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::{
    BoxError, BoxFuture, Clock, Event, Intake, KindInfo, LinkState, Place, Projection, Remote,
    Serve, SharedValues, SourceName, StopCode, Tap,
};

/// Tells whether an error could pass if the same call were made later; `None` for an error that is not its own.
///
/// It is given every error of a chain, from the outermost on; the first verdict counts.
pub type Judge = fn(&(dyn std::error::Error + 'static)) -> Option<bool>;

/// Tells the lane of an event that does not wait for the others of its place; `None` for an event that does.
///
/// Events with the same lane are handled in order, and lanes do not wait for one another.
pub type LaneOf = fn(&Event) -> Option<Place>;

/// Rules by which a source's events come too late to be acted on.
///
/// Both are plain functions, for the same reason as [`Source::judge`].
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// Whether handlers can no longer act on an event, given the time and whether it may have been handled before.
    ///
    /// Its typed handlers are skipped then; raw ones, which act on nothing, have it all the same.
    pub event: fn(event: &Event, now: Timestamp, is_redelivered: bool) -> bool,
    /// Whether an error of a handler says that it came too late for this event.
    ///
    /// It is given every error of a chain. Such an error makes no dead letter, since no replay could succeed.
    pub error: fn(event: &Event, error: &(dyn std::error::Error + 'static)) -> bool,
}

/// One configured connection: a Discord bot, a QueUp account, a node pool.
///
/// A source runs on one task that its owner awaits.
/// It reconnects by itself, and ends only when it is asked to or when trying again would be wrong.
pub trait Source: Send + 'static {
    /// The name the user gave it.
    fn name(&self) -> &SourceName;

    /// The typed kinds it can bring.
    fn kinds(&self) -> &'static [KindInfo];

    /// The caches that follow its events; the dispatcher feeds them as it reads.
    ///
    /// Called once, before [`Source::run`].
    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        Vec::new()
    }

    /// The observers that it wants at the head of the journal; none by default.
    ///
    /// Called once, before [`Source::run`].
    fn taps(&mut self) -> Vec<Box<dyn Tap>> {
        Vec::new()
    }

    /// The clock of its configuration; the machine's by default.
    ///
    /// The app stamps this source's events by it ([`Intake::clock`]), and its own records as well, so that all sources
    /// of an app must have the same.
    fn clock(&self) -> Clock {
        Clock::system()
    }

    /// Tells which of this platform's own errors could pass if the same call were made later.
    ///
    /// A plain function, since handlers' errors are judged when the source has long moved to its task.
    fn judge(&self) -> Judge;

    /// Tells which events have a lane of their own, such as commands that must be answered within seconds.
    ///
    /// A plain function, cheap enough to be called for every event; `None` (the default) if every event is handled
    /// in the lane of its place.
    fn lane(&self) -> Option<LaneOf> {
        None
    }

    /// Tells which events can no longer be acted on, such as commands whose user has been told that the bot did not
    /// answer; `None` (the default) if there are none.
    ///
    /// They are skipped and counted in the metric `antiphon_events_late_total`.
    fn expiry(&self) -> Option<Expiry> {
        None
    }

    /// Carries out commands of clients in other processes; `None` (the default) if it takes none.
    ///
    /// `values` are those that the processes share, where the journal has any. Called once, before [`Source::run`].
    fn serve(&mut self, values: Option<Arc<dyn SharedValues>>) -> Option<Serve> {
        drop(values);
        None
    }

    /// Takes the place of [`Source::run`] where another process runs the source, and this one has its events from the
    /// journal ([`Role::Consumer`](crate::Role::Consumer)).
    ///
    /// What its clients cannot do here goes by `remote` to the process that runs it, and is carried out by
    /// [`Source::serve`] there. Without one, if the journal has no way to the other process, clients are told by
    /// [`LinkState::elsewhere`]: what needs the connection fails with [`NotConnected`](crate::NotConnected) at once.
    /// By default nobody is told.
    ///
    /// What is returned keeps the clients' view of the connection up to date ([`Remote::follow`]); the app polls it
    /// until it stops.
    fn elsewhere(self: Box<Self>, remote: Option<Remote>) -> Option<BoxFuture<'static, ()>> {
        drop(remote);
        None
    }

    /// Connects, and brings events until it is asked to stop.
    ///
    /// Cancel-safe it need not be: its future is polled to its end, or dropped when the app is.
    ///
    /// # Errors
    /// [`SourceError`] when trying again would be wrong: bad credentials, a fatal close code, a challenge.
    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>>;
}

/// Why a source ended by itself, and what its operator can do.
///
/// ```
/// use antiphon_core::SourceError;
///
/// let error = SourceError::new("choir".into(), "authorization", "the password is wrong")
///     .hint("check the account's e-mail address and password");
/// assert_eq!(error.to_string(), "choir: the password is wrong");
/// assert_eq!(error.code(), "authorization");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {message}")]
pub struct SourceError {
    source_name: SourceName,
    code: StopCode,
    message: String,
    hint: Option<String>,
    #[source]
    cause: Option<BoxError>,
}

impl SourceError {
    /// An ending with a short stable `code` for programs and one sentence for people.
    pub fn new(source: SourceName, code: impl Into<StopCode>, message: impl Into<String>) -> Self {
        Self {
            source_name: source,
            code: code.into(),
            message: message.into(),
            hint: None,
            cause: None,
        }
    }

    /// The ending that a link's last state tells: its code, reason and hint if it is stopped.
    pub fn of_link(source: SourceName, state: &LinkState) -> Self {
        match state {
            LinkState::Stopped { code, reason, hint } => Self {
                hint: hint.clone(),
                ..Self::new(source, code.clone(), reason.clone())
            },
            state => Self::new(source, "stopped", state.to_string()),
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Name of the source that ended.
    pub fn source_name(&self) -> &SourceName {
        &self.source_name
    }

    /// A short stable word for programs: `authorization`, `banned`, `configuration`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the operator can do, where there is something.
    pub fn way_out(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// The side that asks sources to stop, in two phases.
///
/// Clones ask the same sources.
///
/// ```
/// use antiphon_core::Stopper;
///
/// let stopper = Stopper::new();
/// let stop = stopper.stop();
/// stopper.stop_reading();
/// assert!(stop.is_reading_over() && !stop.is_closing());
/// stopper.close();
/// assert!(stop.is_closing());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stopper {
    reading: CancellationToken,
    closing: CancellationToken,
}

impl Stopper {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a source holds.
    pub fn stop(&self) -> Stop {
        Stop(self.clone())
    }

    /// First phase: take nothing new from the platform; beats and commands go on.
    ///
    /// Handlers that still run need working clients, hence the two phases.
    pub fn stop_reading(&self) {
        self.reading.cancel();
    }

    /// Second phase: close, in a way that can be resumed.
    pub fn close(&self) {
        self.reading.cancel();
        self.closing.cancel();
    }
}

/// A source's side of stopping.
///
/// First it stops taking events from the platform, while beats and commands go on, so that running handlers keep
/// working clients; then it closes resumably and returns.
#[derive(Clone)]
pub struct Stop(Stopper);

impl Stop {
    /// Ends when the source should take nothing new from the platform.
    pub fn reading(&self) -> WaitForCancellationFuture<'_> {
        self.0.reading.cancelled()
    }

    /// Whether the source should take nothing new from the platform.
    pub fn is_reading_over(&self) -> bool {
        self.0.reading.is_cancelled()
    }

    /// Ends when the source should close and return.
    pub fn closing(&self) -> WaitForCancellationFuture<'_> {
        self.0.closing.cancelled()
    }

    /// Whether the source should close and return.
    pub fn is_closing(&self) -> bool {
        self.0.closing.is_cancelled()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop")
            .field("reading_over", &self.is_reading_over())
            .field("closing", &self.is_closing())
            .finish()
    }
}
