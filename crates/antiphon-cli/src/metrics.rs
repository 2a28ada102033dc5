//! Metrics of the daemon, as Prometheus text at `[metrics] listen`.
//!
//! Counters and histograms are the libraries', through the `metrics` facade; the recorder is installed whether or not
//! anybody listens, so that a reload can begin to. Gauges are set from the daemon's report (the one of
//! `antiphon status`) when somebody asks. Every metric is a row of [`METRICS`], from which `docs/metrics.md` is made.
//!
//! A source that a reload has removed is shown no more; should one of its name come again, its counters go on.
//!
//! Rooms, channels, places and kinds chosen by platforms are no labels, so that the number of series depends on the
//! sources alone: 13 for each, and less than two hundred beside.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
    serve::Listener,
};
use metrics::gauge;
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
    formatting::sanitize_label_value,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::info;

use crate::{
    config::{self, value::overlap},
    control::{Running, report, wire::Report},
    failure::{Exit, Failure},
    logging::DAEMON,
};

/// A metric.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub(crate) kind: &'static str,
    /// Names of its labels, joined by commas; for the page.
    #[cfg(test)]
    pub(crate) labels: &'static str,
    /// What it counts or shows, in Markdown.
    pub(crate) meaning: &'static str,
}

macro_rules! metrics {
    ($($kind:ident $name:ident($($label:ident),*): $meaning:literal;)*) => {
        /// Every metric that the daemon may show.
        pub(crate) const METRICS: &[Metric] = &[$(Metric {
            name: stringify!($name),
            kind: stringify!($kind),
            #[cfg(test)]
            labels: stringify!($($label),*),
            meaning: $meaning,
        }),*];
    };
}

metrics! {
    gauge antiphon_info(version): "1; the label has the version of antiphon";
    gauge antiphon_start_time_seconds(): "when this run began, in seconds since 1970";
    gauge antiphon_link_connected(source): "1 while the source is connected, else 0";
    gauge antiphon_link_down_seconds(source): "how long no events have flowed; 0 while they do";
    gauge antiphon_parts(source, state): "rooms, shards or nodes of the source by the state of their connection";
    gauge antiphon_last_event_timestamp_seconds(source): "when the platform's last event was received, in seconds since 1970";
    counter antiphon_events_stored_total(source): "events that were new";
    counter antiphon_events_repeated_total(source): "events that were stored before";
    counter antiphon_gaps_total(source): "gaps that were reported";
    counter antiphon_frames_skipped_total(reason): "frames that leave no event on purpose, such as heartbeats and repeats";
    counter antiphon_discord_repairs_total(kind): "events and answers of Discord in which values were repaired";
    gauge antiphon_discord_identifies_left(source): "identifies that are left to the bot today";
    counter antiphon_events_handled_total(): "events whose handlers ended, with or without failures";
    counter antiphon_events_unhandled_total(): "events that no handler took; without `--print`, that is every event";
    counter antiphon_events_late_total(): "events that came too late for their handlers to act on them";
    counter antiphon_events_expired_total(): "momentary events that retention removed before they were read";
    counter antiphon_handler_failures_total(): "calls of handlers that failed";
    counter antiphon_components_refused_total(): "presses and forms that no handler took";
    counter antiphon_dead_letters_total(): "events that became dead letters in this run";
    gauge antiphon_dead_letters_waiting(consumer): "dead letters in the journal; of at most 32 consumers";
    gauge antiphon_lag_positions(): "positions from the oldest event that is not handled to the last one";
    gauge antiphon_lag_seconds(): "seconds since the oldest event that is not handled was received; 0 if all are";
    gauge antiphon_consumer_lag_positions(consumer): "the same for every consumer that the journal knows; of at most 32";
    gauge antiphon_events_open(): "events that wait in lanes or are being handled";
    gauge antiphon_lanes(state): "lanes by state: `busy`, `waiting`, `parked`";
    histogram antiphon_commit_seconds(): "how long a batch took to be stored, without tries that failed";
    histogram antiphon_event_stored_seconds(): "from the receipt of a live event to its being stored; one position in eight is timed";
    histogram antiphon_event_handled_seconds(): "from the receipt of a live event to the end of its handlers; one position in eight is timed";
    counter antiphon_store_failures_total(): "tries to store a batch that failed";
    gauge antiphon_store_refused_seconds(): "how long the journal has not been able to store; 0 while it can";
    gauge antiphon_journal_bytes(): "bytes of the journal's file";
    gauge antiphon_journal_wal_bytes(): "bytes of its write-ahead log";
    gauge antiphon_disk_free_bytes(): "bytes that are free on the journal's disk";
}

/// Bounds of the buckets of the histograms, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

/// Consumers that have series of their own.
const CONSUMERS: usize = 32;

/// Requests that are answered at the same time; further ones are answered 503.
const AT_ONCE: usize = 4;

/// How often samples of histograms are put into their buckets, if nobody asks meanwhile.
const UPKEEP: Duration = Duration::from_secs(5);

/// States of a part, so that a state which no part has is a zero and not a hole.
const STATES: [&str; 7] = [
    "idle",
    "connecting",
    "connected",
    "polling",
    "waiting",
    "stopped",
    "closed",
];

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Prefix("antiphon_".to_owned()), &BUCKETS)
        .expect("there are buckets")
        .build_recorder()
}

/// Installs the recorder of this process; it has to be there before the app counts.
///
/// A second call in the same process gives a handle that shows nothing.
pub(crate) fn install() -> PrometheusHandle {
    let recorder = recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    for metric in METRICS {
        let meaning = metric.meaning.replace('`', "");
        match metric.kind {
            "counter" => metrics::describe_counter!(metric.name, meaning),
            "gauge" => metrics::describe_gauge!(metric.name, meaning),
            _ => metrics::describe_histogram!(metric.name, meaning),
        }
    }
    handle
}

/// The endpoint, which a reload may open, close and move.
pub(crate) struct Endpoint {
    shown: Shown,
    open: Option<Open>,
    tasks: JoinSet<()>,
}

/// A listener that was given to its server.
struct Open {
    /// The address of the configuration.
    address: SocketAddr,
    /// The address that it got.
    bound: SocketAddr,
    /// Ends the server.
    over: CancellationToken,
    /// Cancelled once the listener is closed.
    closed: CancellationToken,
}

impl Open {
    /// Waits until no connection is taken any more; those that were taken go on.
    async fn close(self) {
        self.over.cancel();
        self.closed.cancelled().await;
    }
}

/// A listener that says when it is closed, which is when its server drops it.
struct Told {
    listener: TcpListener,
    _closed: DropGuard,
}

impl Listener for Told {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        // The trait's, which goes on after an error.
        Listener::accept(&mut self.listener).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What an answer is made of.
#[derive(Clone)]
struct Shown {
    recorded: PrometheusHandle,
    running: Running,
    at_once: Arc<Semaphore>,
}

impl Endpoint {
    /// An endpoint that is not open yet.
    pub(crate) fn new(recorded: PrometheusHandle, running: Running) -> Self {
        let mut tasks = JoinSet::new();
        let upkeep = recorded.clone();
        tasks.spawn(async move {
            loop {
                sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        Self {
            shown: Shown {
                recorded,
                running,
                at_once: Arc::new(Semaphore::new(AT_ONCE)),
            },
            open: None,
            tasks,
        }
    }

    /// Address at which it listens.
    pub(crate) fn listens(&self) -> Option<SocketAddr> {
        self.open.as_ref().map(|open| open.bound)
    }

    /// Opens, moves or closes it, as the configuration says.
    ///
    /// On its return nothing listens on the address before.
    ///
    /// # Errors
    /// An address that others can reach, without leave; one that cannot be had. The endpoint is as it was.
    pub(crate) async fn change(&mut self, config: &config::Metrics) -> Result<(), Failure> {
        let wanted = config.address()?;
        let before = self.open.as_ref().map(|open| (open.address, open.bound));
        if wanted == before.map(|(address, _)| address) {
            return Ok(());
        }
        let Some(address) = wanted else {
            self.close().await;
            return Ok(());
        };
        // `127.0.0.1` and `0.0.0.0` of one port cannot be had at once.
        let in_the_way = before.filter(|(_, bound)| overlap(*bound, address));
        if in_the_way.is_some() {
            self.close().await;
        }
        match listen(address).await {
            Ok(listener) => {
                self.close().await;
                self.begin(address, listener);
                Ok(())
            }
            Err(failure) => {
                if let Some((before, bound)) = in_the_way
                    && let Ok(listener) = listen(bound).await
                {
                    self.begin(before, listener);
                }
                Err(failure)
            }
        }
    }

    async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.close().await;
        }
    }

    fn begin(&mut self, address: SocketAddr, listener: TcpListener) {
        let bound = listener.local_addr().unwrap_or(address);
        info!(target: DAEMON, address = %bound, "metrics are at http://{bound}/metrics");
        let (over, closed) = (CancellationToken::new(), CancellationToken::new());
        let routes = routes(self.shown.clone());
        let ended = over.clone();
        let listener = Told {
            listener,
            _closed: closed.clone().drop_guard(),
        };
        self.tasks.spawn(async move {
            let server = axum::serve(listener, routes);
            // It ends with an error only where a listener cannot be asked for its address.
            let _ = server
                .with_graceful_shutdown(async move { ended.cancelled().await })
                .await;
        });
        self.open = Some(Open {
            address,
            bound,
            over,
            closed,
        });
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("could not listen on {address} for metrics"),
        )
        .because(error)
        .hint("choose another address in `[metrics] listen`, or end the program that has it")
    })
}

fn routes(shown: Shown) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .fallback(async || (StatusCode::NOT_FOUND, "the metrics are at /metrics\n"))
        .with_state(shown)
}

/// `GET /metrics`.
async fn show(State(shown): State<Shown>) -> Response {
    let Ok(_turn) = shown.at_once.try_acquire() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests at once\n",
        )
            .into_response();
    };
    let report = report(&shown.running).await;
    set(&report);
    let sources = report.app.sources.iter();
    let names: Vec<_> = sources
        .map(|source| sanitize_label_value(&source.name))
        .collect();
    let text = of_sources(&shown.recorded.render(), &names);
    let form = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], text).into_response()
}

/// The text without the series of sources that are not among these names, as labels have them: a recorder forgets none.
fn of_sources(text: &str, names: &[String]) -> String {
    let is_here = |line: &&str| match line.split_once("source=\"") {
        // A quote within a name is escaped, so that this one ends it.
        Some((_, value)) => names.iter().any(|name| {
            let rest = value.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with('"'))
        }),
        None => true,
    };
    text.split_inclusive('\n').filter(is_here).collect()
}

/// Sets the gauges.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float, and 2^53 of anything is enough"
)]
fn set(report: &Report) {
    let app = &report.app;
    gauge!("antiphon_info", "version" => report.process.antiphon.clone()).set(1.0);
    if let Some(started) = app.started_at {
        gauge!("antiphon_start_time_seconds").set(started.as_second() as f64);
    }
    for source in &app.sources {
        let label = || source.name.clone();
        let down = source.link.down_since;
        let down = down.map_or(0.0, |since| {
            app.at.duration_since(since).as_secs_f64().max(0.0)
        });
        gauge!("antiphon_link_down_seconds", "source" => label()).set(down);
        if let Some(at) = source.last_event_at {
            gauge!("antiphon_last_event_timestamp_seconds", "source" => label())
                .set(at.as_millisecond() as f64 / 1000.0);
        }
        for state in STATES {
            let parts = source.parts.iter().filter(|part| part.link.state == state);
            gauge!("antiphon_parts", "source" => label(), "state" => state)
                .set(parts.count() as f64);
        }
    }
    for left in &report.identifies {
        gauge!("antiphon_discord_identifies_left", "source" => left.source.clone())
            .set(f64::from(left.remaining));
    }
    gauge!("antiphon_lag_positions").set(app.progress.lag as f64);
    if let Some(seconds) = app.progress.lag_seconds {
        gauge!("antiphon_lag_seconds").set(seconds);
    }
    gauge!("antiphon_events_open").set(app.progress.open as f64);
    let lanes = &app.lanes;
    for (state, count) in [
        ("busy", lanes.busy),
        ("waiting", lanes.waiting),
        ("parked", lanes.parked),
    ] {
        gauge!("antiphon_lanes", "state" => state).set(count as f64);
    }
    let refused = app.storing.refused.as_ref();
    let refused = refused.map_or(0.0, |refused| {
        app.at.duration_since(refused.since).as_secs_f64().max(0.0)
    });
    gauge!("antiphon_store_refused_seconds").set(refused);
    let journal = &report.journal;
    if let Some(bytes) = journal.bytes {
        gauge!("antiphon_journal_bytes").set(bytes as f64);
    }
    gauge!("antiphon_journal_wal_bytes").set(journal.log_bytes as f64);
    if let Some(bytes) = journal.free_bytes {
        gauge!("antiphon_disk_free_bytes").set(bytes as f64);
    }
    let consumers = journal.consumers.iter().flatten();
    for consumer in consumers.take(CONSUMERS) {
        let label = || consumer.name.clone();
        gauge!("antiphon_dead_letters_waiting", "consumer" => label())
            .set(consumer.dead_letters as f64);
        if let Some(lag) = consumer.lag {
            gauge!("antiphon_consumer_lag_positions", "consumer" => label()).set(lag as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    #[test]
    fn a_source_that_is_gone_is_shown_no_more() {
        let names = ["choir".to_owned(), sanitize_label_value("a \"b\\")];
        let text = "# HELP x\nx{source=\"choir\"} 1\nx{source=\"choir 2\"} 2\ny 3\n\
                    x{source=\"a \\\"b\\\\\",state=\"idle\"} 4\nx{source=\"a \\\"b\"} 5\n";
        let shown = of_sources(text, &names);
        let values: Vec<_> = shown.lines().map(|line| &line[line.len() - 1..]).collect();
        assert_eq!(values, ["x", "1", "3", "4"], "{shown}");
    }

    /// Most series of a daemon with four sources, whatever their rooms.
    const MOST: usize = 500;

    fn folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(name)
    }

    #[test]
    fn the_page_has_every_metric() {
        let path = folder("docs/metrics.md");
        let kept = fs::read_to_string(&path).expect("the page");
        let (begin, end) = ("<!-- metrics -->\n", "<!-- end -->");
        let (before, rest) = kept.split_once(begin).expect("a place for the table");
        let (_, after) = rest.split_once(end).expect("its end");
        let rows = METRICS.iter().map(|metric| {
            let labels = match metric.labels {
                "" => String::new(),
                labels => format!("`{}`", labels.replace(", ", "`, `")),
            };
            format!(
                "| `{}` | {} | {labels} | {} |\n",
                metric.name, metric.kind, metric.meaning
            )
        });
        let rows: String = rows.collect();
        let page = format!(
            "{before}{begin}\n| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n{rows}\n{end}{after}"
        );
        if std::env::var_os("RENEW").is_some() {
            fs::write(&path, page).expect("the page is ours");
        } else {
            assert!(kept == page, "docs/metrics.md is stale: run `just metrics`");
        }
    }

    /// Names behind `counter!(`, `gauge!(` and `histogram!(` in a folder of sources.
    fn used(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                used(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                for call in ["counter!(", "gauge!(", "histogram!("] {
                    names.extend(text.split(call).skip(1).filter_map(|rest| {
                        let literal = rest.trim_start().strip_prefix('"')?;
                        let (name, _) = literal.split_once('"')?;
                        name.starts_with("antiphon_").then(|| name.to_owned())
                    }));
                }
            }
        }
    }

    #[test]
    fn every_metric_of_the_libraries_is_listed_and_no_other() {
        let mut names = BTreeSet::new();
        for member in fs::read_dir(folder("crates")).expect("the crates") {
            let sources = member.expect("an entry").path().join("src");
            if sources.is_dir() {
                used(&sources, &mut names);
            }
        }
        let listed: BTreeSet<_> = METRICS
            .iter()
            .map(|metric| metric.name.to_owned())
            .collect();
        assert_eq!(names, listed);
    }

    #[test]
    fn a_thousand_rooms_have_no_series_of_their_own() {
        let report = |rooms: usize| {
            let parts: Vec<_> = (0..rooms)
                .map(|room| serde_json::json!({"place": format!("room/{room}"), "link": {"state": "connected"}}))
                .collect();
            let source = |name| serde_json::json!({"name": name, "parts": parts, "last_event_at": "2026-01-31T12:00:00Z"});
            let consumers: Vec<_> = (0..rooms)
                .map(|number| serde_json::json!({"name": format!("c{number}"), "lag": 1}))
                .collect();
            let names = ["discord", "lavalink", "queup", "stackexchange"];
            let report = serde_json::json!({
                "app": {"sources": names.map(source), "started_at": "2026-01-31T12:00:00Z"},
                "journal": {"bytes": 1, "free_bytes": 1, "consumers": consumers},
            });
            serde_json::from_value::<Report>(report).expect("a report")
        };
        let recorder = recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            set(&report(1000));
            for metric in METRICS {
                let values = match metric.labels {
                    "source" => 4,
                    // Each typed kind, and answers of requests.
                    "kind" => antiphon::discord::KINDS.len() + 1,
                    "reason" => 20,
                    _ => 1,
                };
                for value in (0..values).map(|value| value.to_string()) {
                    match metric.kind {
                        "counter" => metrics::counter!(metric.name, "label" => value).increment(1),
                        "histogram" => metrics::histogram!(metric.name).record(0.1),
                        _ => {}
                    }
                }
            }
        });
        let text = handle.render();
        let series = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let count = series.count();
        assert!((200..=MOST).contains(&count), "{count} series");
        assert!(
            text.contains("antiphon_parts{source=\"queup\",state=\"connected\"} 1000"),
            "{text}"
        );
        assert!(!text.contains("room/"), "{text}");
    }
}
