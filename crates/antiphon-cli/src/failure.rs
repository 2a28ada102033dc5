//! Errors of commands, their hints, and exit codes.
//!
//! A [`Failure`] carries everything that the end of a command needs, through any number of `?`: the exit code, the
//! sentence, the hint, and the cause. [`told`] finds it again in the chain of an `anyhow::Error`; an error without
//! one is `Exit::Failed`.

use antiphon_core::{AppendError, BoxError, ReadError, SourceError, Trouble};
use schemars::JsonSchema;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    journal,
    output::{Form, say, say_json},
    plain::plain,
};

/// Exit codes, by which a script can tell the outcomes apart.
///
/// docs/cli.md has the table for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command did what was asked.
    Done,
    /// The command failed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// A platform or the journal's server could not be reached, or refused the login.
    Unreachable,
    /// Events were lost.
    Lost,
    /// The journal's files were removed, replaced or cut by somebody else.
    JournalChanged,
    /// The journal is damaged, of a newer version, or another program's file.
    JournalUnreadable,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Every exit code.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Unreachable,
        Self::Lost,
        Self::JournalChanged,
        Self::JournalUnreadable,
        Self::Interrupted,
    ];

    /// The exit code for trouble with the journal's storage.
    pub(crate) fn storage(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Changed => Self::JournalChanged,
            Trouble::Corrupt | Trouble::NewerSchema => Self::JournalUnreadable,
            Trouble::Unreachable => Self::Unreachable,
            _ => Self::Failed,
        }
    }

    /// The number of the exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Lost => 4,
            Self::JournalChanged => 5,
            Self::JournalUnreadable => 6,
            Self::Interrupted => 130,
        }
    }
}

/// An error with its exit code and, where one is known, a hint.
///
/// It travels inside an [`anyhow::Error`]; an error without one ends the process with [`Exit::Failed`].
///
/// The message begins in lower case and does not repeat its cause: [`told`] joins both.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// The process ends with it.
    exit: Exit,
    message: String,
    /// Printed behind `hint:` on a line of its own.
    hint: Option<String>,
    /// Line that the mistake is in, and a caret under it; printed between message and hint.
    excerpt: Option<Box<[String; 2]>>,
    #[source]
    source: Option<BoxError>,
    /// More errors of the same command, printed behind this one; empty but for a configuration with several mistakes.
    others: Vec<Self>,
}

impl Failure {
    /// The message is for one line; causes and hints are added by the setters.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            excerpt: None,
            source: None,
            others: Vec::new(),
        }
    }

    /// For mistakes in the command line and the configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Puts the subject before the message.
    pub(crate) fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// A way out in the imperative, without a full stop: `give it at least …`.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// More errors, each with lines of its own behind those of this one.
    pub(crate) fn followed_by(mut self, others: Vec<Self>) -> Self {
        self.others = others;
        self
    }

    /// The error as stderr has it; its cause is a part of the sentence.
    fn told(&self) -> Told {
        let cause = self.source.as_ref().map(|cause| format!(": {cause}"));
        Told {
            error: format!("{}{}", self.message, cause.unwrap_or_default()),
            hint: self.hint.clone(),
            excerpt: self.excerpt.clone(),
            exit: self.exit.code(),
        }
    }

    /// Shows the line that the mistake is in, with a caret under a character; `column` counts from 1.
    pub(crate) fn shown(mut self, line: &str, column: usize) -> Self {
        let before: String = line.chars().take(column.saturating_sub(1)).collect();
        let width = plain(&before).width();
        let caret = format!("    {:width$}^", "");
        self.excerpt = Some(Box::new([format!("    {line}"), caret]));
        self
    }

    /// The exit code with which the command ends.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The hint.
    pub(crate) fn way_out(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// It is printed behind the message, with a colon between them.
    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Takes the message from an error.
    ///
    /// Causes are joined into the message, so that the error itself is not kept.
    pub(crate) fn from_error(exit: Exit, error: impl std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self::new(exit, message)
    }

    /// Takes message and hint from the error of a source that ended by itself.
    ///
    /// A source that stopped because of its configuration is a usage error; any other end means that the platform
    /// refused.
    pub(crate) fn source_ended(error: &SourceError) -> Self {
        let exit = if error.code() == "configuration" {
            Exit::Usage
        } else {
            Exit::Unreachable
        };
        let hint = error.way_out().map(str::to_owned);
        Self {
            hint,
            ..Self::from_error(exit, error)
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let trouble = error.trouble();
        Self::from_error(Exit::storage(trouble), error).hint(journal::hint(trouble))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let trouble = error.trouble();
        Self::from_error(Exit::storage(trouble), error).hint(trouble.hint())
    }
}

/// The reader of stdout has closed it, which is a normal end.
///
/// `antiphon tail | head` must not end with an error.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(crate) struct ReaderGone;

/// An error, as stderr has it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct Told {
    /// What went wrong, in one sentence.
    pub(crate) error: String,
    /// The way out; left out where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[serde(skip)]
    excerpt: Option<Box<[String; 2]>>,
    /// Exit code of the command.
    pub(crate) exit: u8,
}

impl Told {
    /// Prints it on stderr: its lines, or one JSON object.
    pub(crate) fn say(&self, form: Form) {
        match form {
            Form::Json => say_json(self),
            Form::Text => self.lines().for_each(say),
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let hint = self.hint.iter().map(|hint| format!("hint: {hint}"));
        let excerpt = self.excerpt.iter().flat_map(|lines| lines.iter().cloned());
        let error = std::iter::once(format!("error: {}", self.error));
        error.chain(excerpt).chain(hint)
    }
}

impl Told {
    /// The first paragraph of clap's message is the sentence, and its tip the way out; `command` is the one that was
    /// asked for.
    pub(crate) fn usage(error: &clap::Error, command: &str) -> Self {
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n").map(|paragraph| {
            let words: Vec<_> = paragraph.split_whitespace().collect();
            words.join(" ")
        });
        let sentence = paragraphs.next().unwrap_or_default();
        let tip = paragraphs.find_map(|part| part.strip_prefix("tip: ").map(str::to_owned));
        Self {
            error: sentence
                .strip_prefix("error: ")
                .unwrap_or(&sentence)
                .to_owned(),
            hint: tip.or_else(|| Some(format!("`{command} --help` shows what can be written"))),
            excerpt: None,
            exit: Exit::Usage.code(),
        }
    }
}

/// The exit code of an error, and what is said of it: one thing for each mistake.
///
/// Nothing is said of an interrupted command and of a reader that has gone: the person knows.
pub(crate) fn told(error: &anyhow::Error) -> (Exit, Vec<Told>) {
    if error.chain().any(<dyn std::error::Error>::is::<ReaderGone>) {
        return (Exit::Done, Vec::new());
    }
    let failure = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>());
    let exit = failure.map_or(Exit::Failed, |failure| failure.exit);
    if exit == Exit::Interrupted {
        return (exit, Vec::new());
    }
    let first = Told {
        // `{:#}` joins the causes with colons, so that the whole story is one sentence.
        error: format!("{error:#}"),
        hint: failure.and_then(|failure| failure.hint.clone()),
        excerpt: failure.and_then(|failure| failure.excerpt.clone()),
        exit: exit.code(),
    };
    let others = failure.map_or(&[][..], |failure| &failure.others);
    let told = std::iter::once(first).chain(others.iter().map(Failure::told));
    (exit, told.collect())
}

/// The exit code of an error, and its lines.
pub(crate) fn report(error: &anyhow::Error) -> (Exit, Vec<String>) {
    let (exit, told) = told(error);
    (exit, told.iter().flat_map(Told::lines).collect())
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_is_one_sentence_and_its_way_out() {
        let error = Failure::usage("there is no room")
            .because(std::io::Error::other("the disk said so"))
            .hint("make one");
        let error = Err::<(), _>(error).context("could not join").unwrap_err();
        let (exit, lines) = report(&error);
        assert_eq!(exit.code(), 2);
        assert_eq!(
            lines,
            [
                "error: could not join: there is no room: the disk said so",
                "hint: make one"
            ]
        );
    }

    #[test]
    fn a_reader_that_has_gone_is_a_normal_end() {
        let error = anyhow::Error::new(ReaderGone).context("could not print");
        let (exit, lines) = report(&error);
        assert_eq!((exit.code(), lines), (0, vec![]));
    }
}
