//! What the bot did, line by line, in a file for each of its processes.
//!
//! A line is one write of a few bytes, so that it is there whole or not at all when the process is killed. Acting on an
//! event is such a line: an effect without a key, which nobody but the journal keeps from happening twice. Each line has
//! its time by the machine's clock, by which the lines of processes that run beside one another have an order.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use antiphon::{Delivery, Position};
use jiff::Timestamp;

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
        self.line(format!("began {} {again}", delivery.position))
    }

    /// The handler has acted on the event.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn did(&self, position: Position) -> io::Result<()> {
        self.line(format!("did {position}"))
    }

    /// A question was answered at the platform.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn answered(&self, position: Position) -> io::Result<()> {
        self.line(format!("answered {position}"))
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a line that was made for this"
    )]
    fn line(&self, line: String) -> io::Result<()> {
        let line = format!("{} {line}\n", now());
        (&*self.0).write_all(line.as_bytes())
    }
}

/// The machine's time, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// How a process of the bot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It runs.
    None,
    /// In good order.
    Stopped,
    /// In the middle: it was killed, or its journal was taken away, or another process took its place.
    Torn,
}

/// A line: one thing that the bot did, and its time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: i64,
    pub(crate) deed: Deed,
}

/// One thing that the bot did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
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
    let at = words.next()?.parse().ok()?;
    let (what, position) = (words.next()?, words.next()?.parse().ok()?);
    let deed = match (what, words.next()) {
        ("began", Some(again)) => Deed::Began {
            position,
            again: again == "again",
        },
        ("did", None) => Deed::Did { position },
        ("answered", None) => Deed::Answered { position },
        _ => return None,
    };
    Some(Line { at, deed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_being_written_is_not_read_yet() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("effects");
        assert_eq!(read(&path).expect("no file is no line"), []);
        std::fs::write(&path, "5 began 17 again\n6 did 17\n7 answered 17\n8 beg").expect("a file");
        let lines = read(&path).expect("lines");
        let line = |at, deed| Line { at, deed };
        let began = Deed::Began {
            position: 17,
            again: true,
        };
        let expected = [
            line(5, began),
            line(6, Deed::Did { position: 17 }),
            line(7, Deed::Answered { position: 17 }),
        ];
        assert_eq!(lines, expected);
        std::fs::write(&path, "5 sang 17\n").expect("a file");
        assert!(read(&path).is_err());
    }
}
