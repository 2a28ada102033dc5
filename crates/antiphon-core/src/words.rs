//! Names and numbers with one meaning each, so that none is passed for another.
//!
//! Five kinds of texts and one number run through every crate. Each has a type of its own, so that a place is not
//! passed for an origin, and shares its text, so that a clone is cheap: an event clones them for the journal, the lanes
//! and the log.

use std::{fmt, num::ParseIntError, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// An event's number in the journal.
///
/// Positions grow by at least one from event to event; holes are normal, since retention and erasure make them.
/// Zero lies before the first event.
///
/// Compare positions, and do not subtract them: holes make the difference no count.
///
/// ```
/// use antiphon_core::Position;
///
/// let position: Position = "4711".parse()?;
/// assert!(Position::ZERO < position && position.next().previous() == position);
/// # Ok::<(), std::num::ParseIntError>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The position with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position one further on.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position one back; [`Position::ZERO`] stays where it is.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A newtype over a shared string: cheap to clone, compared by its text.
macro_rules! shared_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

shared_name! {
    /// The name a user gave to one configured connection, such as `choir`.
    ///
    /// It is part of an event's identity: after a change of name, what the platform sends again is stored again.
    SourceName
}

shared_name! {
    /// The name of a reader of the journal that keeps a durable cursor.
    ///
    /// Two apps on one journal need two names.
    ConsumerName
}

shared_name! {
    /// Where something happened, as a path from wide to narrow: `room/5f1c…`, `guild/42/channel/7`.
    ///
    /// Segments alternate between the name of a thing and its id.
    /// The empty place is the source as a whole.
    ///
    /// ```
    /// use antiphon_core::Place;
    ///
    /// let channel = Place::new("guild/42").join("channel", "7");
    /// assert_eq!(channel.as_str(), "guild/42/channel/7");
    /// assert_eq!(channel.id("guild"), Some("42"));
    /// assert!(Place::new("guild/42").contains(&channel) && Place::root().contains(&channel));
    /// ```
    Place
}

impl Place {
    /// The source as a whole: events that belong to no room, channel or player.
    pub fn root() -> Self {
        Self::new("")
    }

    /// The path that ends with a number: what comes before it, in pieces, and the number.
    ///
    /// The quick way for places that are made for every frame.
    pub fn numbered(before: &[&str], id: u64) -> Self {
        Self(numbered(before, id, 1))
    }

    /// Appends one more step to the path.
    ///
    /// ```
    /// use antiphon_core::Place;
    ///
    /// assert_eq!(Place::root().join("room", "5").as_str(), "room/5");
    /// assert_eq!(Place::numbered(&["guild/42/channel/"], 7).id("channel"), Some("7"));
    /// assert!(!Place::new("room/5").contains(&Place::new("room/55")));
    /// ```
    #[must_use]
    pub fn join(&self, what: &str, id: &str) -> Self {
        if self.0.is_empty() {
            Self::from(format!("{what}/{id}"))
        } else {
            Self::from(format!("{}/{what}/{id}", self.0))
        }
    }

    /// The id that follows `what` in the path, if the path has such a step.
    pub fn id(&self, what: &str) -> Option<&str> {
        let mut rest = self.as_str();
        loop {
            let (step, after) = first_step(rest);
            let (id, after) = first_step(after?);
            if step == what {
                return Some(id);
            }
            rest = after?;
        }
    }

    /// Whether `other` is this place or lies inside it; everything lies inside the root.
    pub fn contains(&self, other: &Self) -> bool {
        self.0.is_empty()
            || other
                .0
                .strip_prefix(&*self.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The first step of a path, and what comes behind it.
fn first_step(path: &str) -> (&str, Option<&str>) {
    // Steps are so short that a search made for long texts takes longer.
    match path.bytes().position(|byte| byte == b'/') {
        Some(end) => (&path[..end], Some(&path[end + 1..])),
        None => (path, None),
    }
}

shared_name! {
    /// The identity of an occurrence; within a source, the same origin is stored once.
    ///
    /// Handlers that must not act twice use it as their key.
    ///
    /// ```
    /// use antiphon_core::Origin;
    ///
    /// // Numbered by the platform: the history gives the same origin as the socket.
    /// assert_eq!(Origin::occurrence("message", "81").as_str(), "message/81");
    /// // Numbered by us: no other frame of any connection has it.
    /// assert_eq!(Origin::frame("c7e1a2", 17).as_str(), "c7e1a2/00000017");
    /// ```
    Origin
}

impl Origin {
    /// An occurrence that the platform itself numbers: `chat/<chatid>`, `message/<id>`.
    ///
    /// History and live delivery must give the same origin.
    pub fn occurrence(what: &str, id: &str) -> Self {
        Self::from(format!("{what}/{id}"))
    }

    /// The place in a stream that the platform can replay: `<session id>/<seq>`.
    ///
    /// The sequence is padded, so that origins of one session sort as they grow.
    pub fn sequence(session: &str, seq: u64) -> Self {
        Self::from(format!("{session}/{seq:010}"))
    }

    /// The `frame`th frame of one connection, for events that can never repeat.
    ///
    /// `connection` must be new with every socket.
    /// The number is padded, so that inserts stay at the right edge of the index.
    pub fn frame(connection: &str, frame: u64) -> Self {
        Self(numbered(&[connection, "/"], frame, 8))
    }
}

/// A text that ends with a number of at least so many digits.
///
/// Every frame of every platform comes by here; formatting, or any allocation beside the text's own, would cost more
/// than all else.
fn numbered(before: &[&str], mut number: u64, width: usize) -> Arc<str> {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let digits = &digits[start.min(20 - width)..];
    let mut text = [0; 128];
    let mut length = 0;
    let pieces = before.iter().map(|piece| piece.as_bytes());
    for piece in pieces.chain([digits]) {
        let Some(room) = text.get_mut(length..length + piece.len()) else {
            let digits = str::from_utf8(digits).expect("digits are ASCII");
            return [&before.concat(), digits].concat().into();
        };
        room.copy_from_slice(piece);
        length += piece.len();
    }
    str::from_utf8(&text[..length])
        .expect("texts and digits")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_finds_the_id_of_a_step() {
        let place = Place::root().join("guild", "42").join("channel", "7");
        assert_eq!(place.as_str(), "guild/42/channel/7");
        assert_eq!(place.id("channel"), Some("7"));
        assert_eq!(place.id("42"), None, "ids are not names of steps");
        assert_eq!(Place::root().id(""), None);
        assert_eq!(Place::new("room/7/last").id("last"), None);
    }

    #[test]
    fn a_place_contains_what_lies_below_it_and_nothing_beside_it() {
        let guild = Place::new("guild/4");
        assert!(guild.contains(&Place::new("guild/4/channel/7")));
        assert!(!guild.contains(&Place::new("guild/42")));
        assert!(Place::root().contains(&guild));
    }

    #[test]
    fn a_path_may_end_with_a_number_however_long_it_is() {
        let place = |node: &str| Place::numbered(&["node/", node, "/player/"], 90);
        assert_eq!(place("eu").as_str(), "node/eu/player/90");
        assert_eq!(Place::numbered(&["a/"], 0).as_str(), "a/0");
        for length in 100..140 {
            let node = "n".repeat(length);
            assert_eq!(place(&node).as_str(), format!("node/{node}/player/90"));
        }
    }

    #[test]
    fn origins_of_one_connection_sort_as_they_grow() {
        assert!(Origin::frame("c", 99) < Origin::frame("c", 100));
        assert_eq!(Origin::frame("c", 7).as_str(), "c/00000007");
        assert_eq!(Origin::frame("c", 123_456_789).as_str(), "c/123456789");
        let max = format!("c/{}", u64::MAX);
        assert_eq!(Origin::frame("c", u64::MAX).as_str(), max);
    }
}
