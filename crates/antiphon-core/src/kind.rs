//! What an event is: the platform and the wire's own name.
//!
//! A kind is the platform's own name of an event, verbatim, behind the platform's: whoever knows the wire finds it.
//! There is no list of kinds here, and a kind that nobody knows is as good as any other.

use std::{borrow::Borrow, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The platform's name and the wire's own, verbatim: `queup.chat-message`.
///
/// Known kinds borrow a static text, so that naming one allocates nothing; unknown ones share theirs.
///
/// Compared, ordered and hashed by its text, however it was made.
///
/// ```
/// use antiphon_core::Kind;
///
/// let kind = Kind::from_static("queup.chat-message");
/// assert_eq!((kind.platform(), kind.name()), ("queup", "chat-message"));
/// assert_eq!(kind, "queup.chat-message");
/// ```
#[derive(Clone)]
pub struct Kind(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Kind {
    /// A kind known when the program was written.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Text::Static(text))
    }

    /// A kind met at run time.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(Text::Shared(text.into()))
    }

    /// The whole text, `platform.name`.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }

    /// The part before the first full stop.
    pub fn platform(&self) -> &str {
        self.as_str()
            .split_once('.')
            .map_or("", |(platform, _)| platform)
    }

    /// The wire's own name: what follows the first full stop.
    pub fn name(&self) -> &str {
        let text = self.as_str();
        text.split_once('.').map_or(text, |(_, name)| name)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Kind {}

impl PartialEq<str> for Kind {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Kind {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Kind {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// How long events of a kind are worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// As long as the journal's owner says.
    Lasting,
    /// Worthless after its moment (typing, presence): for this long by default, past any cursor.
    Momentary(Duration),
}

/// What a platform crate tells about one typed kind; `antiphon kinds` prints these.
///
/// ```
/// use std::time::Duration;
/// use antiphon_core::{Keep, KindInfo};
///
/// const TYPING: KindInfo =
///     KindInfo::new("discord.TYPING_START", "TypingStart", "on_typing", "somebody began to type")
///         .momentary(Duration::from_secs(900));
/// assert_eq!(TYPING.keep, Keep::Momentary(Duration::from_secs(900)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// The kind, such as `queup.chat-message`.
    pub kind: &'static str,
    /// Name of its payload type, such as `Chat`.
    pub payload: &'static str,
    /// The reference library's word for the event, such as `on_chat`; empty where it has none.
    pub reference: &'static str,
    /// What it means, in one line.
    pub about: &'static str,
    /// How long it is worth keeping.
    pub keep: Keep,
}

impl KindInfo {
    /// Describes a kind whose events are kept as long as the journal's owner says.
    pub const fn new(
        kind: &'static str,
        payload: &'static str,
        reference: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            kind,
            payload,
            reference,
            about,
            keep: Keep::Lasting,
        }
    }

    /// Makes it a kind whose events are worthless after their moment.
    #[must_use]
    pub const fn momentary(self, keep: Duration) -> Self {
        Self {
            keep: Keep::Momentary(keep),
            ..self
        }
    }
}

/// A glob over kinds: `*` stands for any run of characters, everything else for itself.
///
/// Matching is by bytes and case-sensitive; `*` may stand anywhere and match nothing. `antiphon.*` takes what antiphon
/// says itself, and `*` takes everything.
///
/// ```
/// use antiphon_core::KindPattern;
///
/// let pattern = KindPattern::new("queup.chat-*");
/// assert!(pattern.matches("queup.chat-message"));
/// assert!(!pattern.matches("queup.user-join"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KindPattern(Box<str>);

impl KindPattern {
    /// The pattern with this text; every text is a valid pattern.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits the pattern.
    ///
    /// Takes time in proportion to the product of both lengths at worst, whatever the pattern.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where to go back to: behind the last star, with one more character taken by it.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            if p < pattern.len() && pattern[p] == b'*' {
                retry = Some((p + 1, t));
                p += 1;
            } else if p < pattern.len() && pattern[p] == text[t] {
                p += 1;
                t += 1;
            } else if let Some((after_star, taken)) = retry {
                retry = Some((after_star, taken + 1));
                p = after_star;
                t = taken + 1;
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(
            KindPattern::new(pattern).matches(text),
            expected,
            "`{pattern}` against `{text}`"
        );
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        check("*", "queup.chat-message", true);
        check("queup.*", "queup.chat-message", true);
        check("queup.*", "discord.READY", false);
        check("*.chat-*", "queup.chat-skip", true);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "a-b-b", false);
        check("", "", true);
        check("", "x", false);
        check("queup.chat", "queup.chat-message", false);
    }

    #[test]
    fn a_kind_names_platform_and_event() {
        let kind = Kind::from_static("queup.chat-message");
        assert_eq!((kind.platform(), kind.name()), ("queup", "chat-message"));
        assert_eq!(kind, Kind::new("queup.chat-message"));
    }
}
