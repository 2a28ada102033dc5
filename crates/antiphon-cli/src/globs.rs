//! Patterns of kinds, places and sources on the command line.
//!
//! `*` stands for any run of characters, `?` for one, `{a,b}` for either, and letters match in both cases: platforms
//! spell their kinds in four ways. A pattern that begins with `!` takes out what it matches. Handlers are registered by
//! [`KindPattern`](antiphon_core::KindPattern), which knows `*` alone.

use antiphon_journal::Filter;
use globset::{GlobBuilder, GlobMatcher};

/// Longest pattern, in bytes.
const LONGEST: usize = 1024;

/// One pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// As it was written.
    text: String,
    /// Whether it takes out what it matches.
    is_exclusion: bool,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// One sentence: an open brace or bracket, and a pattern that is too long.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a pattern has {LONGEST} bytes at most"));
        }
        if matches!(text, "" | "!") {
            return Err(format!(
                "`{text}` fits nothing: leave the option out, or write `*` for any characters"
            ));
        }
        let (is_exclusion, glob) = match text.strip_prefix('!') {
            Some(glob) => (true, glob),
            None => (false, text),
        };
        let glob = GlobBuilder::new(glob)
            .case_insensitive(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?;
        Ok(Self {
            text: text.to_owned(),
            is_exclusion,
            matcher: glob.compile_matcher(),
        })
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The words of the pattern without what negates it, for the search of a near one.
    pub(crate) fn wanted(&self) -> &str {
        self.text.strip_prefix('!').unwrap_or(&self.text)
    }

    /// Whether it fits a text, whatever it does with what it fits.
    pub(crate) fn fits(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }
}

/// Whether patterns take a text: one that includes fits, or there is none, and none that excludes fits.
pub(crate) fn take(patterns: &[Pattern], text: &str) -> bool {
    let fits = |is_exclusion: bool| {
        let mut some = patterns
            .iter()
            .filter(move |one| one.is_exclusion == is_exclusion);
        some.any(|one| one.fits(text))
    };
    let all_exclude = patterns.iter().all(|one| one.is_exclusion);
    (all_exclude || fits(false)) && !fits(true)
}

/// The journal's filter for events whose kind, place and source the patterns take.
pub(crate) fn filter(kinds: &[Pattern], places: &[Pattern], sources: &[Pattern]) -> Filter {
    let mut filter = Filter::new();
    if !kinds.is_empty() {
        let kinds = kinds.to_vec();
        filter = filter.kind_if(move |kind| take(&kinds, kind));
    }
    if !places.is_empty() {
        let places = places.to_vec();
        filter = filter.place_if(move |place| take(&places, place));
    }
    if !sources.is_empty() {
        let sources = sources.to_vec();
        filter = filter.source_if(move |source| take(&sources, source));
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], text: &str, expected: bool) {
        let parsed: Vec<_> = patterns
            .iter()
            .map(|text| Pattern::parse(text).expect(text))
            .collect();
        assert_eq!(take(&parsed, text), expected, "{patterns:?} on {text}");
    }

    #[test]
    fn a_pattern_takes_what_it_describes_in_any_case() {
        check(&[], "queup.chat-message", true);
        check(&["queup.*"], "queup.chat-message", true);
        check(&["QueUp.Chat-*"], "queup.chat-message", true);
        check(&["discord.message_*"], "discord.MESSAGE_CREATE", true);
        check(&["queup"], "queup.chat-message", false);
        check(&["room/?"], "room/1", true);
        check(&["room/?"], "room/12", false);
        check(&["guild/*"], "guild/1/channel/2", true);
        check(&["{queup,discord}.*"], "discord.READY", true);
        check(&["{queup,discord}.*"], "lavalink.ready", false);
    }

    #[test]
    fn an_exclusion_takes_out_of_what_the_others_take() {
        check(&["!*typing*"], "discord.READY", true);
        check(&["!*typing*"], "discord.TYPING_START", false);
        check(&["discord.*", "!*_start"], "discord.READY", true);
        check(&["discord.*", "!*_start"], "discord.TYPING_START", false);
        check(&["discord.*", "!*_start"], "queup.chat-message", false);
    }

    #[test]
    fn what_is_no_pattern_is_refused_in_one_sentence() {
        for text in ["", "!", "{a,b", "a}", "[a", &"x".repeat(1025)] {
            let error = Pattern::parse(text).expect_err(text);
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
