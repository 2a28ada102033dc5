//! The log, on stderr: one clock, one format, one order.
//!
//! Commands start it once. The log of `antiphon run` has everything that the daemon says from its [`begin`] on: the
//! records of the libraries, changes of links, notices of its own (target [`DAEMON`]), panics, and the error with which
//! it ends. Other commands say their own sentences with `say` and have only the libraries' records here.
//!
//! ```text
//!  tracing records ─┐                                    ┌─ text: TIME LEVEL SOURCE: MESSAGE KEY=VALUE …, and `hint: …`
//!  [`note`], [`warn`] ─▶ filter (can be changed) ─▶ line ─┤
//!  [`end`], panics ─┘    logging/line.rs                 └─ json: one object a line, docs/schema/log.schema.json
//! ```
//!
//! Values of fields are shown with hidden characters written out, since they may come from outside.

mod layer;
mod line;

use std::{
    fmt::Display,
    str::FromStr as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::{Level, error, info, level_filters::LevelFilter};
use tracing_subscriber::{
    Registry,
    filter::Targets,
    layer::SubscriberExt as _,
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

use self::layer::Lines;
pub(crate) use self::line::LogLine;
use crate::{
    failure::{Exit, Failure, Told, told},
    output::{Form, say},
};

/// Target of the daemon's own notices.
///
/// They are what an operator must know, so that a filter lets them through unless it names them.
pub(crate) const DAEMON: &str = "antiphon::daemon";

/// Target of the library's records of connections, which the daemon tells in its own words.
const LINK: &str = "antiphon::link";

/// Targets of the library's records of handlers.
const HANDLERS: [&str; 2] = ["antiphon::runner", "antiphon::dispatcher"];

/// Form of the log.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The log of this process.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    filter: Handle<Targets, Registry>,
    is_json: Arc<AtomicBool>,
    /// Whether this is the daemon, all of whose words are records once it runs.
    is_daemon: bool,
    has_begun: AtomicBool,
    /// Format that the command line names; the configuration does not change it.
    format: Option<LogFormat>,
}

/// Starts the log of a command, as text, filtered by `RUST_LOG` or, if that is not set, by these directives.
///
/// # Errors
/// A `RUST_LOG` that cannot be read.
pub(crate) fn start(directives: &str) -> Result<(), Failure> {
    let filter = from_environment()?.unwrap_or_else(|| directives.to_owned());
    install(parse(&filter), LogFormat::Text, false, None);
    Ok(())
}

/// Starts the daemon's log, in the format of the command line or, if it names none, in this one.
///
/// `RUST_LOG` counts before `levels`, which [`are_levels`]. A log that has begun is changed.
///
/// # Errors
/// A `RUST_LOG` that cannot be read.
pub(crate) fn start_daemon(
    levels: &str,
    format: LogFormat,
    chosen: Option<LogFormat>,
) -> Result<(), Failure> {
    if LOG.get().is_some() {
        change(levels, format);
        return Ok(());
    }
    let levels = from_environment()?.unwrap_or_else(|| levels.to_owned());
    install(of_daemon(&levels), chosen.unwrap_or(format), true, chosen);
    Ok(())
}

/// Changes levels and format while the daemon runs.
///
/// What the command line and `RUST_LOG` chose stays as it is.
pub(crate) fn change(levels: &str, format: LogFormat) {
    let Some(log) = LOG.get() else { return };
    if std::env::var_os(VARIABLE).is_none() {
        // It fails only without a subscriber, and then nothing is logged.
        let _ = log.filter.reload(of_daemon(levels));
    }
    let is_json = log.format.unwrap_or(format) == LogFormat::Json;
    log.is_json.store(is_json, Ordering::Relaxed);
}

/// What counts before a key of the configuration: an option of the command line, or `RUST_LOG`.
pub(crate) fn overriding(key: &str) -> Option<&'static str> {
    let log = LOG.get()?;
    match key {
        "log.format" if log.format.is_some() => Some("--log-format"),
        "log.level" if std::env::var_os(VARIABLE).is_some() => Some(VARIABLE),
        _ => None,
    }
}

/// Leaves out what the runner says of failed handlers from now on: for a command whose only handler prints, once nobody
/// reads any more.
pub(crate) fn leave_out_handlers() {
    let Some(log) = LOG.get() else { return };
    // It fails only without a subscriber, and then nothing is logged.
    let _ = log.filter.modify(|filter| {
        let all = std::mem::take(filter);
        *filter = HANDLERS.into_iter().fold(all, |filter, target| {
            filter.with_target(target, LevelFilter::OFF)
        });
    });
}

/// A second call in the same process changes nothing.
fn install(filter: Targets, format: LogFormat, is_daemon: bool, chosen: Option<LogFormat>) {
    let (filter, handle) = reload::Layer::new(filter);
    let is_json = Arc::new(AtomicBool::new(format == LogFormat::Json));
    let lines = Lines::new(Arc::clone(&is_json));
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
    if started.is_ok() {
        let _ = LOG.set(Log {
            filter: handle,
            is_json,
            is_daemon,
            has_begun: AtomicBool::new(false),
            format: chosen,
        });
    }
}

/// The variable whose directives count before those of the configuration.
const VARIABLE: &str = "RUST_LOG";

/// The directives of `RUST_LOG`, if it is set.
fn from_environment() -> Result<Option<String>, Failure> {
    let Some(filter) = std::env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let filter = filter.to_string_lossy().into_owned();
    Targets::from_str(&filter).map_err(|error| {
        Failure::usage(format!("`{VARIABLE}` cannot be read"))
            .because(error)
            .hint("write a level such as `info`, or one for a part: `warn,antiphon_queup=debug`")
    })?;
    Ok(Some(filter))
}

/// Whether a text is a level, or a level and levels of parts, such as `warn,antiphon_queup=debug`.
///
/// A part without a level is refused, since a misspelt level would be one.
pub(crate) fn are_levels(levels: &str) -> bool {
    // An empty word would be a level as well.
    let is_level = |word: &str| !word.is_empty() && LevelFilter::from_str(word).is_ok();
    let mut parts = levels.split(',').map(str::trim);
    parts.all(|part| part.contains('=') || is_level(part)) && Targets::from_str(levels).is_ok()
}

/// Directives that were checked, or that are written in this program.
fn parse(levels: &str) -> Targets {
    levels.parse().expect("they were checked before")
}

/// The daemon's notices pass, and links are not told twice, unless the directives name them.
fn of_daemon(levels: &str) -> Targets {
    let mut filter = parse(levels);
    for (target, level) in [(DAEMON, LevelFilter::INFO), (LINK, LevelFilter::OFF)] {
        if !levels.contains(target) {
            filter = filter.with_target(target, level);
        }
    }
    filter
}

/// Makes records of everything that the daemon says from now on.
///
/// Before that, mistakes of the configuration are lines as every command has them, unless the log is JSON.
pub(crate) fn begin() {
    if let Some(log) = LOG.get() {
        log.has_begun.store(true, Ordering::Relaxed);
    }
}

/// Whether everything that this process says is a record of its log.
fn is_all() -> bool {
    let begun = |log: &Log| log.is_daemon && log.has_begun.load(Ordering::Relaxed);
    LOG.get().is_some_and(begun) || is_json()
}

/// Whether the log is JSON.
fn is_json() -> bool {
    LOG.get()
        .is_some_and(|log| log.is_json.load(Ordering::Relaxed))
}

/// Tells something that an operator or a person at the terminal wants to know.
pub(crate) fn note(message: impl Display) {
    if is_all() {
        info!(target: DAEMON, "{message}");
    } else {
        say(message);
    }
}

/// Tells of something that should be mended, and how.
pub(crate) fn warn(message: impl Display, hint: impl Display) {
    if is_all() {
        tracing::warn!(target: DAEMON, %hint, "{message}");
    } else {
        say(format_args!("warning: {message}"));
        say(format_args!("hint: {hint}"));
    }
}

/// Tells of a panic; the trace has a line for each call and is empty unless one was asked for.
pub(crate) fn panicked(message: impl Display, trace: &str) {
    if is_all() {
        let backtrace = (!trace.is_empty()).then_some(trace);
        error!(target: DAEMON, backtrace, "{message}");
    } else {
        say(message);
        trace.lines().for_each(say);
    }
}

/// Tells the error that ends the command; gives its exit code.
///
/// In the daemon's log the error is a record of target [`DAEMON`] with its hint and the `exit_code`; elsewhere, and where
/// JSON was asked for and the log is text, it is said in the form of the command's output.
pub(crate) fn end(error: &anyhow::Error, form: Form) -> Exit {
    let (exit, told) = told(error);
    let is_record = is_all() && (form == Form::Text || is_json());
    for told in told {
        if is_record {
            let (message, hint) = (&told.error, told.hint.as_deref());
            error!(target: DAEMON, hint, exit_code = told.exit, "{message}");
        } else {
            told.say(form);
        }
    }
    exit
}

/// Makes a record of each error after which the daemon goes on.
pub(crate) fn tell(failure: Failure) {
    let (_, told) = told(&failure.into());
    for Told { error, hint, .. } in told {
        error!(target: DAEMON, hint, "{error}");
    }
}

/// The level as the log shows it.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn passes(levels: &str, target: &str, level: Level) -> bool {
        of_daemon(levels).would_enable(target, &level)
    }

    #[test]
    fn notices_of_the_daemon_pass_every_filter_that_does_not_name_them() {
        for levels in ["off", "error", "warn", "trace", "antiphon_queup=debug"] {
            assert!(passes(levels, DAEMON, Level::INFO), "{levels}");
            assert!(!passes(levels, LINK, Level::ERROR), "{levels}");
        }
        assert!(!passes("antiphon::daemon=error", DAEMON, Level::INFO));
        assert!(passes("off,antiphon::link=info", LINK, Level::INFO));
        assert!(passes(
            "warn,antiphon_queup=debug",
            "antiphon_queup::socket",
            Level::DEBUG
        ));
        assert!(!passes(
            "warn,antiphon_queup=debug",
            "antiphon_net",
            Level::INFO
        ));
    }

    #[test]
    fn levels_that_cannot_be_read_are_refused() {
        for levels in [
            "off",
            "warn",
            "INFO",
            "warn,antiphon_queup=debug",
            "antiphon=trace",
        ] {
            assert!(are_levels(levels), "{levels}");
        }
        for levels in [
            "loud",
            "antiphon_queup",
            "a=loud",
            "warn,",
            "warn loud",
            "7",
        ] {
            assert!(!are_levels(levels), "{levels}");
        }
    }
}
