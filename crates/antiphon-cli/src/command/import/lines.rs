//! The lines of an exported file, as an import reads them.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

use antiphon_core::Event;
use antiphon_journal::{RemovedOrigin, States};
use serde::Deserialize;

use crate::{
    failure::{Exit, Failure},
    transfer::{End, Glance, Header, LONGEST_LINE, ReadEvent, ReadState, VERSION},
};

/// Events of a batch.
const BATCH: usize = 1000;

/// Bytes of lines after which a batch ends.
const BATCH_BYTES: u64 = 8 << 20;

/// The lines of a file, counted from 1.
pub(crate) struct Lines {
    /// The file as it is called in errors.
    name: String,
    from: Box<dyn BufRead + Send>,
    /// Bytes of the file; 0 if it has no length.
    length: u64,
    /// The number of the last line that was read.
    number: u64,
    /// Bytes that were read.
    read: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        Ok(if name == "-" {
            let stdin = BufReader::new(io::stdin());
            Self::new("stdin".to_owned(), Box::new(stdin), 0)
        } else {
            let file = File::open(path).map_err(|error| {
                Failure::new(Exit::Failed, format!("could not open {name}"))
                    .because(error)
                    .hint("`antiphon export --to FILE` makes such a file; `-` is stdin")
            })?;
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let file = BufReader::with_capacity(1 << 20, file);
            Self::new(name, Box::new(file), length)
        })
    }

    /// What is read of `from`, which is called `name` in errors; a `length` of 0 says that it has none.
    pub(crate) fn new(name: String, from: Box<dyn BufRead + Send>, length: u64) -> Self {
        Self {
            name,
            from,
            length,
            number: 0,
            read: 0,
            line: Vec::new(),
        }
    }

    /// The file as it is called in errors.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file; 0 if it has no length.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Number of the last line that was read, from 1 on; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes that were read.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read
    }

    /// Reads the next line; false at the end of the file.
    ///
    /// # Errors
    /// A line that was cut, or that no export writes for its length.
    fn next(&mut self) -> Result<bool, Failure> {
        self.line.clear();
        let mut limited = (&mut self.from).take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| {
            Failure::new(Exit::Failed, format!("could not read {}", self.name)).because(error)
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.read += read as u64;
        if self.line.last() != Some(&b'\n') {
            return Err(self.damaged("it is cut short"));
        }
        Ok(true)
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// It is none of an export (exit code 2), of a newer form (exit code 2), or damaged.
    pub(crate) fn header(&mut self) -> Result<Header, Failure> {
        /// As much of a header as every version has.
        #[derive(Deserialize)]
        struct Begin {
            antiphon: String,
            version: u32,
        }
        let is_there = self.next()?;
        let begin = serde_json::from_slice::<Begin>(&self.line).ok();
        let begin = begin.filter(|begin| is_there && begin.antiphon == "export");
        let Some(begin) = begin else {
            let error = format!("{} is no file that `antiphon export` wrote", self.name);
            return Err(Failure::usage(error).hint(
                "its first line has `\"antiphon\":\"export\"`; `antiphon export` makes one",
            ));
        };
        if begin.version > VERSION {
            let error = format!(
                "{} has version {} of the form, and {VERSION} is known",
                self.name, begin.version
            );
            return Err(Failure::usage(error)
                .hint("use the version of antiphon that wrote it, or a newer one"));
        }
        if begin.version == 0 {
            return Err(self.damaged("the first version of the form is 1"));
        }
        serde_json::from_slice(&self.line).map_err(|error| self.damaged(error))
    }

    /// Reads a batch of events, or the end of the file with its states.
    ///
    /// # Errors
    /// A damaged line, and a file without its last line: then nothing of the batch is used.
    pub(crate) fn batch(
        &mut self,
        states: &mut States,
        removed: &mut Vec<RemovedOrigin>,
    ) -> Result<(Vec<Event>, Option<End>), Failure> {
        let mut batch = Vec::new();
        let begin = self.read;
        while batch.len() < BATCH && self.read - begin < BATCH_BYTES {
            if !self.next()? {
                let error = format!(
                    "{} ends behind line {} without its last line",
                    self.name, self.number
                );
                return Err(Failure::new(Exit::Failed, error).hint(
                    "end the export with `antiphon export --resume`, or take another copy; what is stored is known when \
                     you repeat the command",
                ));
            }
            let glance: Glance =
                serde_json::from_slice(&self.line).map_err(|error| self.damaged(error))?;
            if glance.position.is_some() {
                let event = serde_json::from_slice::<ReadEvent<'_>>(&self.line)
                    .map_err(|error| error.to_string())
                    .and_then(ReadEvent::event)
                    .map_err(|error| self.damaged(error))?;
                batch.push(event);
            } else {
                let end = serde_json::from_slice::<ReadState<'_>>(&self.line)
                    .map_err(|error| error.to_string())
                    .and_then(|state| state.add_to(states, removed))
                    .map_err(|error| self.damaged(error))?;
                if end.is_some() {
                    if self.next()? {
                        return Err(self.damaged(
                            "it stands behind the export's last line; import each file by itself",
                        ));
                    }
                    return Ok((batch, end));
                }
            }
        }
        Ok((batch, None))
    }

    /// An error about the line that was read last.
    pub(super) fn damaged(&self, what: impl std::fmt::Display) -> Failure {
        // Each line is read by itself, so that its number within itself says nothing.
        let what = what
            .to_string()
            .replace(" at line 1 column ", " at column ");
        let error = format!("line {} of {} is damaged: {what}", self.number, self.name);
        Failure::new(Exit::Failed, error).hint(
            "take another copy of the file; what is stored is known when you repeat the command",
        )
    }
}
