//! How an app does at one moment, as a plain value: [`Handle::status`](crate::Handle::status).
//!
//! Everything here can be written as JSON and read back; `docs/control-socket.md` shows it as `antiphon run` serves it.
//! New fields come in any version, so that a reader passes over those that it does not know, and takes the default of
//! those that it misses.

use antiphon_core::LinkState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an app does at one moment.
///
/// Counts are those of this run: they begin at zero when the app does. Figures are taken one after another, so that
/// they may differ by what happened in between.
///
/// ```
/// use antiphon::{App, Phase, journal::MemoryJournal, testing::{TestApp, script}};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (choir, source) = script("choir");
/// let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
/// choir.say("room/loft", "amen").await?;
/// app.settle().await;
///
/// let status = app.handle().status().await;
/// assert_eq!(status.phase, Phase::Running);
/// assert_eq!((&*status.sources[0].name, status.sources[0].stored), ("choir", 1));
/// assert!(status.sources[0].link.down_since.is_none());
/// assert_eq!(status.progress.lag, 0);
/// assert!(serde_json::to_string(&status)?.contains(r#""phase":"running""#));
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// When it was taken, by the app's clock.
    #[cfg_attr(feature = "schema", schemars(with = "Time"))]
    pub at: Timestamp,
    /// Where the app is in its life.
    pub phase: Phase,
    /// Name of the app's consumer; empty before it runs and after it has ended, as all that follows.
    pub consumer: String,
    /// When this run began.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Time>"))]
    pub started_at: Option<Timestamp>,
    /// The app's share of its consumer, for one of several [workers](crate::App::worker).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerStatus>,
    /// The sources, in the order in which they were added.
    pub sources: Vec<SourceStatus>,
    /// How far the app is in its journal.
    pub progress: ProgressStatus,
    /// The queues of the places.
    pub lanes: LanesStatus,
    /// What became of the events.
    pub handlers: HandlersStatus,
    /// What could not be had.
    pub gaps: GapsStatus,
    /// Whether the journal stores.
    pub storing: StoringStatus,
}

/// A worker's share of its consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Number of workers that the consumer has, this one among them, as it looked last.
    pub workers: u64,
    /// Number of partitions into which the consumer is split.
    pub partitions: u64,
    /// Number of partitions that this worker has.
    pub held: u64,
}

/// How times are written: RFC 3339, in UTC.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "it stands for a time in schemas alone")]
struct Time(#[schemars(extend("format" = "date-time"))] String);

/// Where an app is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// It does not run yet: it reads from the journal where it left off.
    #[default]
    Starting,
    /// Events flow.
    Running,
    /// It stops in good order.
    Stopping,
    /// It has ended.
    Ended,
}

/// One source of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// Its platform, as the kinds of its events begin: `discord`; absent for a source without typed kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its connection as a whole.
    pub link: LinkStatus,
    /// Events that were new; antiphon's own events, such as changes of the link, are counted too.
    pub stored: u64,
    /// Events that were stored before, and came again.
    pub repeated: u64,
    /// Stretches that could not be had.
    pub gaps: u64,
    /// When the platform's last event of this run was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Time>"))]
    pub last_event_at: Option<Timestamp>,
    /// Its parts that have connections of their own, such as rooms and shards, by place; at most 1,024.
    pub parts: Vec<PartStatus>,
    /// Whether there are further parts, which are not listed.
    pub has_more_parts: bool,
}

/// A part of a source with a connection of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct PartStatus {
    /// Its place, such as `room/4242`.
    pub place: String,
    /// Its connection.
    pub link: LinkStatus,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LinkStatus {
    /// Its state: `idle`, `connecting`, `connected`, `polling`, `waiting`, `stopped` or `closed`.
    pub state: String,
    /// When it took this state.
    #[cfg_attr(feature = "schema", schemars(with = "Time"))]
    pub since: Timestamp,
    /// Since when no events flow: states change while one try follows another, and this stays. Absent while they flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Time>"))]
    pub down_since: Option<Timestamp>,
    /// When the next try begins, for one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Time>"))]
    pub until: Option<Timestamp>,
    /// Why, in one sentence, for one that waits, polls or has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A word for programs that says why it has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the operator can do about one that has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl LinkStatus {
    /// The first state of a connection.
    pub(crate) fn new(state: &LinkState, now: Timestamp) -> Self {
        let before = Self {
            since: now,
            ..Self::default()
        };
        before.then(state, now)
    }

    /// The connection after a change to `state` at `now`.
    pub(crate) fn then(&self, state: &LinkState, now: Timestamp) -> Self {
        let mut next = Self {
            state: state.word().to_owned(),
            since: now,
            down_since: (!state.is_connected()).then_some(self.down_since.unwrap_or(now)),
            ..Self::default()
        };
        match state {
            LinkState::Connected { since } => next.since = *since,
            LinkState::Polling { since, reason } => {
                next.since = *since;
                next.reason = Some(reason.clone());
            }
            LinkState::Waiting { until, reason } => {
                next.until = Some(*until);
                next.reason = Some(reason.clone());
            }
            LinkState::Stopped { code, reason, hint } => {
                next.code = Some(code.to_string());
                next.reason = Some(reason.clone());
                next.hint.clone_from(hint);
            }
            _ => {}
        }
        next
    }
}

/// How far an app is in its journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ProgressStatus {
    /// Position of the last stored event.
    pub stored: u64,
    /// Position of the last event that the app has read: all up to it are handled, but those that are open or parked.
    pub read: u64,
    /// Number of events that wait in lanes or are being handled.
    pub open: u64,
    /// Whether full lanes have left events in the journal for later.
    pub is_parked: bool,
    /// How many positions lie from the oldest event that is not yet handled to the last one; 0 if all are handled.
    ///
    /// Positions have holes, so that there may be fewer events.
    pub lag: u64,
    /// Seconds since the oldest event that is not yet handled was received; 0 if all are handled, and absent if the
    /// journal did not say within a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
}

/// The queues of an app's places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LanesStatus {
    /// Number of lanes in which an event is being handled.
    pub busy: u64,
    /// Number of lanes in which events wait.
    pub waiting: u64,
    /// Number of lanes that were full, and whose later events wait in the journal.
    pub parked: u64,
    /// The lanes in which the most events wait, the deepest first; at most five.
    pub deepest: Vec<LaneStatus>,
}

/// The queue of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LaneStatus {
    /// Its key, by default the place of its events.
    pub place: String,
    /// Number of events that wait in it.
    pub waiting: u64,
    /// Whether one of its events is being handled.
    pub is_busy: bool,
    /// Whether it was full, and later events wait in the journal.
    pub is_parked: bool,
}

/// What became of an app's events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct HandlersStatus {
    /// Events whose handlers ended, with or without failures.
    pub handled: u64,
    /// Events that no handler took.
    pub unhandled: u64,
    /// Events that came too late for their handlers to act on them.
    pub late: u64,
    /// Momentary events that retention removed before they were read.
    pub expired: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Events that became dead letters in this run; the journal has those of earlier ones.
    pub dead_letters: u64,
}

/// What an app could not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct GapsStatus {
    /// Number of gaps that were reported.
    pub seen: u64,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<GapStatus>,
}

/// A stretch of events that could not be had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct GapStatus {
    /// The source that reported it.
    pub source: String,
    /// The place in which events are missing; empty for the whole source.
    pub place: String,
    /// When it begins.
    #[cfg_attr(feature = "schema", schemars(with = "Time"))]
    pub from: Timestamp,
    /// When it ends.
    #[cfg_attr(feature = "schema", schemars(with = "Time"))]
    pub to: Timestamp,
    /// Why, in one sentence.
    pub cause: String,
    /// How many of its events were fetched from the platform's history.
    pub recovered: u64,
}

/// Whether an app's journal stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct StoringStatus {
    /// Tries to store that failed.
    pub failures: u64,
    /// The refusal that lasts; absent while the journal stores.
    ///
    /// Meanwhile no more events are taken: sources stop reading, and their connections live on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedStatus>,
}

/// A journal that does not store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct RefusedStatus {
    /// When the first try of this batch failed.
    #[cfg_attr(feature = "schema", schemars(with = "Time"))]
    pub since: Timestamp,
    /// How often it was tried since.
    pub tries: u64,
    /// The error of the last try, with its causes.
    pub error: String,
    /// What the operator can do.
    pub hint: String,
}
