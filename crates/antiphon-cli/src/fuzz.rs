//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use std::{io::Cursor, path::Path, sync::LazyLock};

use antiphon_core::{Event, KindPattern};
use antiphon_journal::{RemovedOrigin, States};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::Serialize;

pub use crate::command::dashboard::fuzz::cli_requests;
use crate::{
    args,
    command::import::Lines,
    config::{Config, check, servers::are_servers, value::Length},
    control::wire::{Lately, Problem, Report},
    expression::Expression,
    globs::Pattern,
    journal::location::without_login,
    logging::are_levels,
    moment::{Moment, Reading},
    search::Words,
    time,
    transfer::{EventLine, StateLine},
};

/// Most characters of which a text is looked for in another; the search compares each with each.
const SEARCHED: usize = 256;

/// A moment of a zone whose clocks are set back and forward.
static NOW: LazyLock<Zoned> = LazyLock::new(|| {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
    Timestamp::from_second(1_793_000_000)
        .expect("a time")
        .to_zoned(zone)
});

/// Takes a text for a configuration: what fits the schema is read, and each mistake is told with its place.
pub fn cli_configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    assert!(check::is_built_if_it_fits(text), "{text}");
    match Config::parse(Path::new("antiphon.toml"), text) {
        Ok(config) => _ = config.journal.retention(),
        Err(failure) => assert!(!failure.to_string().is_empty(), "{text}"),
    }
}

/// Takes bytes for an exported file: what is read of it is written and read again, and is the same.
pub fn cli_import(data: &[u8]) {
    let mut lines = of_bytes(data.to_vec());
    if lines.header().is_err() {
        return;
    }
    let (mut states, mut removed) = (States::default(), Vec::new());
    // A batch has a line at least, and each line a byte.
    for _ in 0..=data.len() {
        let Ok((events, end)) = lines.batch(&mut states, &mut removed) else {
            return;
        };
        let mut again = rewritten(&events, &states, &removed);
        again.header().expect("a first line");
        let (mut states_again, mut removed_again) = (States::default(), Vec::new());
        let mut events_again = Vec::new();
        loop {
            let batch = again.batch(&mut states_again, &mut removed_again);
            let (batch, end) = batch.expect("what was written");
            events_again.extend(batch);
            if end.is_some() {
                break;
            }
        }
        assert_eq!(events_again, events);
        assert_eq!(states_again, states);
        assert_eq!(removed_again, removed);
        if end.is_some() {
            return;
        }
    }
    panic!("the file goes on without bytes");
}

fn of_bytes(data: Vec<u8>) -> Lines {
    Lines::new("a file".to_owned(), Box::new(Cursor::new(data)), 0)
}

/// What an export writes of these.
fn rewritten(events: &[Event], states: &States, removed: &[RemovedOrigin]) -> Lines {
    fn line(file: &mut Vec<u8>, line: &impl Serialize) {
        serde_json::to_writer(&mut *file, line).expect("plain data");
        file.push(b'\n');
    }
    let mut file = br#"{"antiphon":"export","version":2,"full":true,"after":0}"#.to_vec();
    file.push(b'\n');
    for event in events {
        line(&mut file, &EventLine::new(event));
    }
    for removed in removed {
        line(&mut file, &StateLine::removed(removed));
    }
    for (source, checkpoint) in &states.checkpoints {
        line(
            &mut file,
            &StateLine::checkpoint(source.as_str(), checkpoint),
        );
    }
    for (consumer, cursor) in &states.cursors {
        let consumer = consumer.as_str();
        line(&mut file, &StateLine::Cursor { consumer, cursor });
    }
    for letter in &states.dead_letters {
        line(&mut file, &StateLine::dead_letter(letter));
    }
    for (name, saved) in &states.projections {
        line(&mut file, &StateLine::projection(name, saved));
    }
    for deletion in &states.deletions {
        line(&mut file, &StateLine::deletion(deletion));
    }
    let key = states.erasure_key.as_deref();
    line(&mut file, &StateLine::given(states.given, key));
    let end = crate::transfer::End {
        events: events.len() as u64,
        through: states.last,
    };
    line(&mut file, &StateLine::End(end));
    of_bytes(file)
}

/// Takes a text for the value of each option that has a grammar, and its second line for what patterns and texts are
/// held against.
pub fn cli_options(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (value, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(moment) = Moment::parse(value) {
        let [earlier, later] =
            [Reading::Earlier, Reading::Later].map(|reading| moment.instant(&NOW, reading));
        if let (Ok(Some(earlier)), Ok(Some(later))) = (earlier, later) {
            assert!(earlier <= later, "{value}");
        }
    }
    if let Ok(length) = time::parse(value) {
        let written = serde_json::to_value(Length(length)).expect("a text");
        let again = written.as_str().map(time::parse);
        let whole = std::time::Duration::from_secs(length.as_secs());
        assert_eq!(again, Some(Ok(whole)), "{value}");
    }
    if let Ok(pattern) = Pattern::parse(value) {
        _ = pattern.fits(rest);
        let is_plain = !pattern
            .wanted()
            .contains(['*', '?', '[', ']', '{', '}', '\\']);
        assert!(!is_plain || pattern.fits(pattern.wanted()), "{value}");
    }
    if let Some(words) = Words::parse(value).ok().filter(|_| text.len() <= SEARCHED) {
        assert!(words.find(value).is_some(), "{value}");
        if let Some(range) = words.find(rest) {
            assert!(!rest[range].is_empty(), "{value} in {rest}");
        }
    }
    _ = KindPattern::new(value).matches(rest);
    _ = (are_levels(value), args::host_and_port(value));
    if are_servers(value) {
        for address in value.split(',') {
            let shown = without_login(address);
            assert!(!shown.contains('@'), "{value}");
            assert!(are_servers(&shown), "{value}");
        }
    }
}

/// Takes a text for an expression of `--where`: it is compiled, or refused with a caret within the line that is shown.
pub fn cli_expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(failure) = Expression::start("--where", &text, 1) {
        assert!(!failure.to_string().is_empty(), "{text}");
    }
}

/// Takes bytes for an answer of a daemon; what is read of it is written and read again.
pub fn cli_answers(data: &[u8]) {
    fn kept<T: serde::de::DeserializeOwned + Serialize>(data: &[u8]) {
        let Ok(value) = serde_json::from_slice::<T>(data) else {
            return;
        };
        let written = serde_json::to_string(&value).expect("plain data");
        let again: T = serde_json::from_str(&written).expect("what was written");
        // By what they write, since a figure may be no number.
        assert_eq!(serde_json::to_string(&again).expect("plain data"), written);
    }
    kept::<Report>(data);
    kept::<Lately>(data);
    kept::<Problem>(data);
}
