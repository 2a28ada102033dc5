//! Output: data on stdout, all else on stderr.
//!
//! Two ways out: [`Output`] writes data to stdout, buffered, and [`say`] writes a line to stderr at once. Nothing else
//! in this crate prints. Colours are shown on a terminal only, and not with `NO_COLOR`; nothing is told by colour
//! alone.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    borrow::Cow,
    fmt,
    io::{self, BufRead as _, BufWriter, Read as _, Write},
};

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    failure::ReaderGone,
    logging::panicked,
    plain::{Plain, PlainJson, plain},
};

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Form {
    /// The form that these arguments ask for, whether or not the rest of them can be understood.
    ///
    /// Errors of the command line are printed in the form that it asks for. What follows `--` is another program's.
    pub(crate) fn asked(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Self {
        let arguments = arguments
            .into_iter()
            .take_while(|argument| argument != "--");
        let mut value_follows = false;
        for argument in arguments {
            if argument == "--output=json" || value_follows && argument == "json" {
                return Self::Json;
            }
            value_follows = argument == "--output";
        }
        Self::Text
    }
}

/// Writes data to stdout.
///
/// A closed pipe becomes [`ReaderGone`], with which the command ends without an error.
///
/// What was written is seen only after [`Output::flush`]; commands flush before they wait and before they end.
pub(crate) struct Output {
    form: Form,
    /// Whether colours are shown; never for JSON.
    paint: bool,
    /// 64 KiB, so that a long listing costs few writes.
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

    /// How this output writes data, for commands whose forms differ by more than their spelling.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Writes one line of text, with hidden characters written out.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> anyhow::Result<()> {
        writeln!(self.to, "{}", Plain(line)).map_err(lost)
    }

    /// Writes one line of several parts, each in its colour if colours are shown.
    ///
    /// Hidden characters are written out, and trailing blanks are removed.
    pub(crate) fn painted(&mut self, parts: &[(Paint, &str)]) -> anyhow::Result<()> {
        let last = parts
            .iter()
            .rposition(|(_, text)| !text.trim_end().is_empty());
        let shown = last.map_or(&[][..], |last| &parts[..=last]);
        let mut line = String::new();
        for (index, (paint, text)) in shown.iter().enumerate() {
            let is_last = Some(index) == last;
            let text = plain(if is_last { text.trim_end() } else { text });
            paint.put(&mut line, self.paint, &text);
        }
        line.push('\n');
        self.to.write_all(line.as_bytes()).map_err(lost)
    }

    /// Writes one JSON object on a line of its own, with hidden characters as escapes.
    ///
    /// The value itself is not changed: hidden characters become `\u` escapes, which any reader turns back.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        value
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut self.to,
                PlainJson,
            ))
            .map_err(io::Error::from)
            .and_then(|()| self.to.write_all(b"\n"))
            .map_err(lost)
    }

    /// Writes one JSON document over several lines for people, or on one line in the JSON form.
    pub(crate) fn document(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        if self.form == Form::Json {
            return self.json(document);
        }
        serde_json::to_string_pretty(document)?
            .lines()
            .try_for_each(|line| self.line(line))
    }

    /// Writes a JSON text on a line of its own, as [`Output::json`] does; what is none after all is written as a text.
    pub(crate) fn document_text(&mut self, json: &str) -> anyhow::Result<()> {
        match serde_json::from_str::<&serde_json::value::RawValue>(json) {
            Ok(json) => self.json(&json),
            Err(_) => self.json(&json),
        }
    }

    /// Writes bytes of this program's own as they are, without a line end.
    ///
    /// For text that must reach a program as it is, such as a completion script.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.to.write_all(bytes).map_err(lost)
    }

    /// Flushes everything written so far.
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

/// Style of a part of a line, if colours are shown.
///
/// Hues are a terminal's own, so that they stay readable on its background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Plain.
    No,
    /// Less visible than plain.
    Faint,
    /// More visible than plain.
    Bold,
    /// What was looked for.
    Marked,
    /// One of [`HUES`], by its number.
    Hue(usize),
}

/// Number of hues that tell sources apart.
pub(crate) const HUES: usize = 10;

impl Paint {
    /// Appends a text in this style, or as it is where colours are not shown.
    pub(crate) fn put(self, line: &mut String, shown: bool, text: &str) {
        match self.begin().filter(|_| shown) {
            Some(begin) => line.extend([begin, text, "\x1b[0m"]),
            None => line.push_str(text),
        }
    }

    /// The escape sequence that begins the style.
    fn begin(self) -> Option<&'static str> {
        match self {
            Self::No => None,
            Self::Faint => Some("\x1b[2m"),
            Self::Bold => Some("\x1b[1m"),
            Self::Marked => Some("\x1b[7m"),
            // Without red, which looks like trouble, and black and white, which may be the background.
            Self::Hue(hue) => Some(
                [
                    "\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m", "\x1b[96m",
                    "\x1b[92m", "\x1b[93m", "\x1b[95m", "\x1b[94m",
                ][hue % HUES],
            ),
        }
    }
}

/// The failure of a write to stdout; a closed pipe is told from every other one.
pub(crate) fn lost(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        anyhow::Error::new(ReaderGone)
    } else {
        anyhow::Error::new(error).context("could not write to stdout")
    }
}

/// Prints one line on stderr, with hidden characters written out.
///
/// A closed stderr is no error.
///
/// It never fails and never panics.
pub(crate) fn say(line: impl fmt::Display) {
    // One write, so that lines of two tasks never mix.
    let line = format!("{}\n", Plain(line));
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// Asks a question on stderr, and reads a line of stdin; only where both are a terminal.
pub(crate) fn ask(question: &str) -> io::Result<String> {
    let mut to = anstream::stderr();
    to.write_all(Plain(question).to_string().as_bytes())?;
    to.flush()?;
    let mut answer = String::new();
    // More than a word is no answer, however long it goes on.
    io::stdin().lock().take(1024).read_line(&mut answer)?;
    Ok(answer)
}

/// Prints one JSON object on stderr, on a line of its own.
pub(crate) fn say_json(value: &impl Serialize) {
    let mut line = Vec::new();
    let mut to = serde_json::Serializer::with_formatter(&mut line, PlainJson);
    if value.serialize(&mut to).is_ok() {
        line.push(b'\n');
        let _ = io::stderr().write_all(&line);
    }
}

/// Prints panics like other lines, since their messages may quote text from outside.
///
/// With `RUST_BACKTRACE=1`, the trace follows line by line.
pub(crate) fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("it does not say why");
        let trace = Backtrace::capture();
        let trace = match trace.status() {
            BacktraceStatus::Captured => trace.to_string(),
            _ => String::new(),
        };
        match panic.location() {
            Some(place) => panicked(format_args!("panicked at {place}: {message}"), &trace),
            None => panicked(format_args!("panicked: {message}"), &trace),
        }
    }));
}

/// Lines of a table with columns as wide as their widest cell: numbers are aligned right, hidden characters written out.
///
/// Widths are those of a terminal's cells: characters of wide scripts take two. The head comes first.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let rows: Vec<[Cow<'_, str>; N]> = rows
        .iter()
        .map(|row| std::array::from_fn(|column| plain(&row[column])))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].width())
            .chain([head[column].width()])
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
            if column > 0 {
                line.push_str("  ");
            }
            if numeric[column] {
                line.extend([&*blanks(cell, widths[column]), cell]);
            } else {
                line.push_str(&padded(cell, widths[column]));
            }
        }
        line.truncate(line.trim_end().len());
        line
    };
    std::iter::once(line(head))
        .chain(
            rows.iter()
                .map(|row| line(std::array::from_fn(|column| &*row[column]))),
        )
        .collect()
}

/// Lines of a text that a terminal does not wrap within words; elsewhere the text is one line.
///
/// Later lines are indented like the first. A word that is longer than a line stays whole, so that it can be copied.
pub(crate) fn wrapped(text: &str) -> Vec<String> {
    let columns = io::IsTerminal::is_terminal(&io::stdout())
        .then(|| ratatui::crossterm::terminal::size().ok())
        .flatten();
    match columns {
        Some((columns, _)) if columns > 0 => wrapped_at(text, usize::from(columns)),
        _ => vec![text.to_owned()],
    }
}

fn wrapped_at(text: &str, columns: usize) -> Vec<String> {
    let words = text.trim_start();
    let indent = &text[..text.len() - words.len()];
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in words.split(' ') {
        let is_first = line.len() == indent.len();
        if !is_first && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            line.push_str(word);
        } else {
            line.push_str(if is_first { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}

/// The text and blanks behind it, up to a width; a wider text stays as it is.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", blanks(text, width))
}

/// The blanks that a text lacks to a width.
pub(crate) fn blanks(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The output of `write`, on a terminal or elsewhere.
    fn written(paint: bool, write: impl FnOnce(&mut Output)) -> String {
        let to = Arc::new(Mutex::new(Vec::new()));
        let mut output = Output {
            form: Form::Text,
            paint,
            to: BufWriter::new(Box::new(Kept(Arc::clone(&to)))),
        };
        write(&mut output);
        output.flush().expect("memory");
        drop(output);
        let bytes = Arc::into_inner(to).expect("the last").into_inner();
        String::from_utf8(bytes.expect("no panic")).expect("UTF-8")
    }

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_no_hidden_characters_but_our_own_colours() {
        let parts = [
            (Paint::Faint, "12:00"),
            (Paint::No, " "),
            (Paint::Bold, "\x1b[31mred"),
            (Paint::Faint, "\n \u{202e} "),
            (Paint::No, "  "),
        ];
        let colours = written(true, |output| output.painted(&parts).expect("memory"));
        assert_eq!(
            colours,
            "\x1b[2m12:00\x1b[0m \x1b[1m\\u{1b}[31mred\x1b[0m\x1b[2m\\n \\u{202e}\x1b[0m\n"
        );
        let none = written(false, |output| output.painted(&parts).expect("memory"));
        assert_eq!(none, "12:00 \\u{1b}[31mred\\n \\u{202e}\n");
        let line = written(true, |output| output.line("a\nb\x07").expect("memory"));
        assert_eq!(line, "a\\nb\\u{7}\n");
        let rows = [["a\nb".to_owned(), "\u{9b}".to_owned()]];
        assert_eq!(table(["x", "y"], &rows)[1], "a\\nb  \\u{9b}");
    }

    #[test]
    fn json_is_asked_for_before_the_rest_is_understood() {
        let asked = |line: &str| Form::asked(line.split(' ').map(Into::into));
        for line in [
            "tail --output json --x",
            "tail --output=json",
            "--output json",
        ] {
            assert_eq!(asked(line), Form::Json, "{line}");
        }
        for line in [
            "tail",
            "tail --output text",
            "tail --output",
            "tail json",
            "replay -- --output json",
        ] {
            assert_eq!(asked(line), Form::Text, "{line}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_but_a_word_that_is() {
        let text = "  antiphon tail --journal /tmp/antiphon-demo-x/demo.db";
        let lines = [
            "  antiphon tail",
            "  --journal",
            "  /tmp/antiphon-demo-x/demo.db",
        ];
        assert_eq!(wrapped_at(text, 16), lines);
        assert_eq!(wrapped_at("one two", 7), ["one two"]);
        assert_eq!(wrapped_at("", 7), [""]);
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
        let rows = [
            ["東京".to_owned(), "a".to_owned()],
            ["room".to_owned(), "b".to_owned()],
        ];
        assert_eq!(table(["a", "b"], &rows)[1..], ["東京  a", "room  b"]);
    }
}
