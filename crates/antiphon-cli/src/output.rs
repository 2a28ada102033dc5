//! What goes to stdout, and what goes to stderr.

use std::{
    fmt::{self, Write as _},
    io::{self, BufWriter, Write},
};

use serde::Serialize;

use crate::failure::ReaderGone;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Data on its way to stdout.
///
/// A closed pipe becomes [`ReaderGone`], which ends the command well.
pub(crate) struct Output {
    form: Form,
    paint: bool,
    to: BufWriter<Box<dyn Write + Send>>,
}

impl Output {
    /// Writes to stdout; colours only on a terminal, and not with `NO_COLOR`.
    pub(crate) fn stdout(form: Form) -> Self {
        let paint = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self {
            form,
            paint: paint && form == Form::Text,
            to: BufWriter::with_capacity(1 << 16, Box::new(io::stdout())),
        }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Text that steps back behind the rest, where colours are shown.
    pub(crate) fn faint<T: fmt::Display>(&self, text: T) -> Painted<T> {
        self.painted("\x1b[2m", text)
    }

    /// Text that stands out, where colours are shown.
    pub(crate) fn bold<T: fmt::Display>(&self, text: T) -> Painted<T> {
        self.painted("\x1b[1m", text)
    }

    fn painted<T: fmt::Display>(&self, begin: &'static str, text: T) -> Painted<T> {
        Painted {
            begin: if self.paint { begin } else { "" },
            text,
        }
    }

    /// One line of text.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> anyhow::Result<()> {
        writeln!(self.to, "{line}").map_err(lost)
    }

    /// One JSON object on a line of its own.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.to, value)
            .map_err(io::Error::from)
            .and_then(|()| self.to.write_all(b"\n"))
            .map_err(lost)
    }

    /// Text as it is, without a line end.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.to.write_all(bytes).map_err(lost)
    }

    /// Shows everything written so far.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        self.to.flush().map_err(lost)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Text between escape sequences, or without them.
#[derive(Debug)]
pub(crate) struct Painted<T> {
    begin: &'static str,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.begin)?;
        self.text.fmt(f)?;
        f.write_str(if self.begin.is_empty() { "" } else { "\x1b[0m" })
    }
}

fn lost(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        anyhow::Error::new(ReaderGone)
    } else {
        anyhow::Error::new(error).context("could not write to stdout")
    }
}

/// Says something to the person at the terminal: one line on stderr.
///
/// That nobody reads it is no reason to stop.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A table with columns as wide as their widest cell; numbers go to the right.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([head[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let numeric: [bool; N] = std::array::from_fn(|column| {
        !rows.is_empty()
            && rows.iter().all(|row| {
                row[column]
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-')
            })
    });
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (column, cell) in cells.into_iter().enumerate() {
            let width = widths[column];
            if column > 0 {
                line.push_str("  ");
            }
            if numeric[column] {
                let _ = write!(line, "{cell:>width$}");
            } else {
                let _ = write!(line, "{cell:<width$}");
            }
        }
        line.truncate(line.trim_end().len());
        line
    };
    std::iter::once(line(head))
        .chain(
            rows.iter()
                .map(|row| line(std::array::from_fn(|column| row[column].as_str()))),
        )
        .collect()
}

/// Text from outside, made safe to show: control characters are written out, so that none reaches the terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        // Bidirectional controls reorder what follows them, and so could forge a line.
        if character.is_control()
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_from_outside_never_reach_the_terminal() {
        assert_eq!(
            plain("a\x1b[2Jb\nc\u{202e}d é"),
            r"a\u{1b}[2Jb\nc\u{202e}d é"
        );
    }

    #[test]
    fn a_table_aligns_words_left_and_numbers_right() {
        let rows = [
            ["queup".to_owned(), "7".to_owned()],
            ["x".to_owned(), "1200".to_owned()],
        ];
        assert_eq!(
            table(["platform", "sent"], &rows),
            ["platform  sent", "queup        7", "x         1200"]
        );
    }
}
