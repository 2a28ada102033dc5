//! The demo's picture: one row for each platform, redrawn in place.
//!
//! The lines are made from plain figures ([`Picture::lines`]), so that tests can look at them; `screen.rs` draws them.
//! No line is wider than the terminal, down to 72 columns; a narrower one cuts them off.

use crate::{output::table, plain::plain};

/// What the picture shows.
#[derive(Debug)]
pub(super) struct Picture {
    /// How long people will go on talking, in seconds; absent before and after.
    pub(super) seconds_left: Option<u64>,
    pub(super) rows: Vec<Row>,
    /// The newest stored event: kind and gist.
    pub(super) newest: Option<(String, String)>,
}

/// A platform's row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) platform: &'static str,
    pub(super) state: State,
    /// Events that the simulator sent to the bot.
    pub(super) sent: u64,
    /// Of these, stored.
    pub(super) stored: u64,
    /// Of the rest, inside a reported gap.
    pub(super) gapped: u64,
    /// Neither: on their way, or missed and not had yet.
    pub(super) missing: u64,
}

/// How a platform's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Connecting,
    Connected,
    /// It is cut.
    Cut,
    /// It stands again, and what was missed is sent again, fetched, or reported as a gap.
    Recovering,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Cut => "cut",
            Self::Recovering => "recovering",
        }
    }

    /// The escape sequence of its colour; the word says the same.
    fn colour(self) -> &'static str {
        match self {
            Self::Connecting | Self::Recovering => "\x1b[33m",
            Self::Connected => "\x1b[32m",
            Self::Cut => "\x1b[1;31m",
        }
    }
}

impl Picture {
    /// The lines, of which each picture of a demo has the same number.
    pub(super) fn lines(&self, paint: bool) -> Vec<String> {
        let left = match self.seconds_left {
            Some(seconds) => format!("{seconds:>3} s left"),
            None => String::new(),
        };
        let head = [
            "platform",
            "connection",
            "sent",
            "stored",
            "in gaps",
            "missing",
        ];
        let rows: Vec<[String; 6]> = self.rows.iter().map(Row::cells).collect();
        let mut lines = vec![
            String::new(),
            format!(
                "{:<60}{left}",
                "antiphon demo: a bot on four simulated platforms"
            )
            .trim_end()
            .to_owned(),
            String::new(),
        ];
        let mut table = table(head, &rows).into_iter();
        lines.extend(table.next());
        for (line, row) in table.zip(&self.rows) {
            lines.push(if paint {
                // Only the word has the colour: the first place where it stands is its own column.
                let word = row.state.word();
                let painted = format!("{}{word}\x1b[0m", row.state.colour());
                line.replacen(word, &painted, 1)
            } else {
                line
            });
        }
        lines.push(String::new());
        lines.push(match &self.newest {
            Some((kind, gist)) => format!("newest: {} {}", plain(kind), plain(gist)),
            None => "newest: none yet".to_owned(),
        });
        lines
    }
}

impl Row {
    fn cells(&self) -> [String; 6] {
        [
            self.platform.to_owned(),
            self.state.word().to_owned(),
            self.sent.to_string(),
            self.stored.to_string(),
            self.gapped.to_string(),
            self.missing.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let row = |platform, state, stored, missing| Row {
            platform,
            state,
            sent: 1000,
            stored,
            gapped: 7,
            missing,
        };
        Picture {
            seconds_left: Some(6),
            rows: vec![
                row("discord", State::Connected, 993, 0),
                row("lavalink", State::Recovering, 980, 13),
                row("queup", State::Cut, 900, 93),
                row("stackexchange", State::Connecting, 0, 993),
            ],
            newest: Some((
                "queup.chat-message".to_owned(),
                "mira: \u{1b}[2J".to_owned(),
            )),
        }
    }

    #[test]
    fn a_picture_has_a_row_for_each_platform_and_fits_72_columns() {
        let lines = picture().lines(false);
        insta::assert_snapshot!(lines.join("\n"), @r"
        antiphon demo: a bot on four simulated platforms              6 s left

        platform       connection  sent  stored  in gaps  missing
        discord        connected   1000     993        7        0
        lavalink       recovering  1000     980        7       13
        queup          cut         1000     900        7       93
        stackexchange  connecting  1000       0        7      993

        newest: queup.chat-message mira: \u{1b}[2J
        ");
        assert!(lines.iter().all(|line| line.len() <= 72));
        let empty = Picture {
            seconds_left: None,
            newest: None,
            ..picture()
        };
        assert_eq!(empty.lines(false).len(), lines.len(), "nothing jumps");
    }

    #[test]
    fn colour_adds_nothing_that_the_words_do_not_say() {
        let mut lines = picture().lines(true).join("\n");
        for code in ["\x1b[33m", "\x1b[32m", "\x1b[1;31m", "\x1b[0m"] {
            assert!(lines.contains(code));
            lines = lines.replace(code, "");
        }
        assert_eq!(lines, picture().lines(false).join("\n"));
    }
}
