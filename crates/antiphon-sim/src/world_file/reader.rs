//! Reader of world files: serde's errors with the place, the line and the nearest word.

use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{WorldFile, WorldFileError, nearest};

/// Reads TOML, and checks keys and values, not the world.
pub(super) fn toml(text: &str) -> Result<WorldFile, WorldFileError> {
    fits(text)?;
    let line = |start: usize| Some(line_at(text, start));
    let root = DeTable::parse(text).map_err(|error| WorldFileError {
        message: error.message().to_owned(),
        line: line(error.span().map_or(0, |span| span.start)),
        hint: None,
    })?;
    let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    serde_path_to_error::deserialize(ValueDeserializer::from(root)).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let by_path = || line_of(text, &path);
        let by_span = error.span().map(|span| line_at(text, span.start));
        explain(&path, error.message(), by_path().or(by_span))
    })
}

/// Reads JSON, and checks keys and values, not the world.
pub(super) fn json(text: &str) -> Result<WorldFile, WorldFileError> {
    fits(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader);
    let file = read.map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        explain(&path, message.trim_end_matches(&place), Some(error.line()))
    })?;
    reader.end().map_err(|error| WorldFileError {
        message: "something follows the world".to_owned(),
        line: Some(error.line()),
        hint: None,
    })?;
    Ok(file)
}

fn fits(text: &str) -> Result<(), WorldFileError> {
    if text.len() <= WorldFile::BYTES {
        return Ok(());
    }
    Err(WorldFileError {
        message: format!("a world file has at most {} MiB", WorldFile::BYTES >> 20),
        line: None,
        hint: None,
    })
}

/// An error of serde in the words of the other errors.
///
/// serde names keys and words between backticks: the one that is wrong first, and those that are known after it.
fn explain(path: &str, message: &str, line: Option<usize>) -> WorldFileError {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (message, hint) = match words.split_first() {
        Some((word, known)) if message.starts_with("unknown field") => {
            let owner = path.strip_suffix(*word).unwrap_or(path);
            let owner = match owner.trim_end_matches('.') {
                "" | "." => "the world",
                owner => owner,
            };
            let known = nearest(word, known);
            (format!("{owner}: there is no key `{word}`"), Some(known))
        }
        Some((word, known)) if message.starts_with("unknown variant") => {
            let known = nearest(word, known);
            (format!("{path}: there is no `{word}`"), Some(known))
        }
        Some((word, _)) if message.starts_with("missing field") => {
            (format!("{path}: the key `{word}` is missing"), None)
        }
        // Values of our own bring their hint on a second line.
        _ => match message.split_once('\n') {
            Some((message, hint)) => (format!("{path}: {message}"), Some(hint.to_owned())),
            None => (format!("{path}: {message}"), None),
        },
    };
    WorldFileError {
        message,
        line,
        hint,
    }
}

fn line_at(text: &str, start: usize) -> usize {
    text.get(..start).unwrap_or(text).matches('\n').count() + 1
}

/// Line of the place that a path such as `discord.guilds[0].name` names, or of the last part of it that there is.
pub(super) fn line_of(text: &str, path: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut here = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    let mut at = None;
    let steps = path
        .split(['.', '['])
        .map(|step| step.trim_end_matches(']'));
    for step in steps.filter(|step| !step.is_empty()) {
        let next = match here.into_inner() {
            DeValue::Table(mut table) => table.remove_entry(step).map(|(key, value)| {
                let is_list = value.get_ref().is_array();
                at = Some(if is_list { value.span() } else { key.span() });
                value
            }),
            DeValue::Array(items) => {
                let index = step.parse().ok();
                let item = index.and_then(|index| items.into_iter().nth(index));
                item.inspect(|item| at = Some(item.span()))
            }
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    at.map(|span| line_at(text, span.start))
}
