//! What the bot did, line by line, in a file for each of its processes.
//!
//! A line is one write of a few bytes, so that it is there whole or not at all when the process is killed. Acting on an
//! event is such a line: an effect without a key, which nobody but the journal keeps from happening twice.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use antiphon::{Delivery, Position};

/// Where a process of the bot writes what it does.
#[derive(Clone, Debug)]
pub(crate) struct Effects(Arc<File>);

impl Effects {
    /// Begins a file, or goes on with it.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Arc::new(file)))
    }

    /// A call of the handler has begun.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn began(&self, delivery: &Delivery) -> io::Result<()> {
        let again = if delivery.redelivered {
            "again"
        } else {
            "first"
        };
        self.line(format!("began {} {again}\n", delivery.position))
    }

    /// The handler has acted on the event.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn did(&self, position: Position) -> io::Result<()> {
        self.line(format!("did {position}\n"))
    }

    /// A question was answered at the platform.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn answered(&self, position: Position) -> io::Result<()> {
        self.line(format!("answered {position}\n"))
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a line that was made for this"
    )]
    fn line(&self, line: String) -> io::Result<()> {
        (&*self.0).write_all(line.as_bytes())
    }
}

/// How a process of the bot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It runs.
    None,
    /// In good order.
    Stopped,
    /// In the middle: it was killed, or its journal was taken away.
    Torn,
}

/// One thing that the bot did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A call began, for an event that may have been handled before or not.
    Began { position: u64, again: bool },
    /// The event was acted on.
    Did { position: u64 },
    /// The question was answered at the platform.
    Answered { position: u64 },
}

/// What one process of the bot did.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) lines: Vec<Line>,
    pub(crate) end: End,
}

/// The lines of a file; none if it is not there.
///
/// # Errors
/// A file that cannot be read, and a line that is none of the bot's.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    // Behind the last end of a line is what a process writes just now.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| parse(line).ok_or_else(|| anyhow::anyhow!("no line of a bot: {line:?}")))
        .collect()
}

fn parse(line: &str) -> Option<Line> {
    let mut words = line.split(' ');
    let (what, position) = (words.next()?, words.next()?.parse().ok()?);
    match (what, words.next()) {
        ("began", Some(again)) => Some(Line::Began {
            position,
            again: again == "again",
        }),
        ("did", None) => Some(Line::Did { position }),
        ("answered", None) => Some(Line::Answered { position }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_being_written_is_not_read_yet() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("effects");
        assert_eq!(read(&path).expect("no file is no line"), []);
        std::fs::write(&path, "began 17 again\ndid 17\nanswered 17\nbeg").expect("a file");
        let lines = read(&path).expect("lines");
        assert_eq!(
            lines,
            [
                Line::Began {
                    position: 17,
                    again: true
                },
                Line::Did { position: 17 },
                Line::Answered { position: 17 },
            ]
        );
        std::fs::write(&path, "sang 17\n").expect("a file");
        assert!(read(&path).is_err());
    }
}
