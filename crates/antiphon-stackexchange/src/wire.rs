//! Frames, events and answers exactly as sent; the only file with serde renames.
//!
//! Numbers may come as texts, and a value that cannot be used counts as absent: no frame fails because of one field.
//!
//! A frame is read in two passes: [`Frame`] splits it into rooms and raw elements, and [`Header`] reads an element's
//! ids. Texts are not looked at before a handler wants them ([`Event`]). Unknown keys and values of other types are
//! noted in `has_unknown`, so that the session keeps the frame as a whole (protocol §5.3).

mod loose;
mod surrogates;

use std::{borrow::Cow, fmt};

use antiphon_core::lenient::{Flag, Scalar, Text};
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

pub(crate) use self::{
    loose::{Id, Int, List},
    surrogates::without_halves,
};
use crate::model::{MessageId, RoomId, Server};

/// A frame of the socket, or the answer of a poll (protocol §5.3, §6).
#[derive(Debug, Default)]
pub(crate) struct Frame<'a> {
    /// Its part for each room, in its order.
    pub(crate) rooms: Vec<(RoomId, RoomFrame<'a>)>,
    /// Whether everything is to be loaded again.
    pub(crate) reset: bool,
    /// Whether it has an unknown key beside the rooms, or a value of another type.
    pub(crate) has_unknown: bool,
}

/// The part of a frame for one room.
#[derive(Debug)]
pub(crate) struct RoomFrame<'a> {
    /// The value as sent.
    pub(crate) raw: &'a RawValue,
    /// The fields of the value, if it is an object.
    pub(crate) body: Option<RoomBody<'a>>,
}

/// The fields of [`RoomFrame`].
#[derive(Debug, Default)]
pub(crate) struct RoomBody<'a> {
    /// Events, ascending by id; elements may be anything.
    pub(crate) e: Vec<&'a RawValue>,
    /// The server's counter after this frame.
    pub(crate) t: Option<i64>,
    /// Number of counts that the frame covers: from `t - d + 1` to `t`.
    pub(crate) d: Option<i64>,
    /// A text for users, if the room is in time-out.
    pub(crate) timeout: Option<Cow<'a, str>>,
    /// Whether the room is to be loaded again.
    pub(crate) reset: Option<bool>,
    /// Whether the account was removed from the room.
    pub(crate) exit: Option<bool>,
    /// Whether it has an unknown key, a key twice, or a value of another type.
    pub(crate) has_unknown: bool,
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// The frame is no JSON object.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        antiphon_core::read_json(bytes)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Frame<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Frame<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a frame")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut keys: A) -> Result<Frame<'de>, A::Error> {
                let mut frame = Frame::default();
                while let Some(key) = keys.next_key::<Key<'de>>()? {
                    let raw: &'de RawValue = keys.next_value()?;
                    match (&*key.0, raw.get()) {
                        // The server's clock, and its time for the answer: not used.
                        ("sync" | "ms" | "time", value) => frame.has_unknown |= !is_number(value),
                        ("reset", "true") => frame.reset = true,
                        ("reset", "false" | "null") => {}
                        (key, _) => match room_key(key) {
                            Some(room) => frame.rooms.push((room, RoomFrame::new(raw))),
                            None => frame.has_unknown = true,
                        },
                    }
                }
                Ok(frame)
            }
        }

        from.deserialize_map(Keys)
    }
}

/// Whether a JSON value is a number, or null.
fn is_number(value: &str) -> bool {
    value == "null" || value.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

impl<'a> RoomFrame<'a> {
    /// Reads the part of a frame for a room.
    fn new(raw: &'a RawValue) -> Self {
        let is_object = raw.get().starts_with('{');
        let body = is_object
            .then(|| serde_json::from_str(raw.get()).ok())
            .flatten();
        Self { raw, body }
    }

    /// Whether it has an unknown key or value.
    pub(crate) fn has_unknown(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.has_unknown)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RoomBody<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = RoomBody<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("what a frame has for a room")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut fields: A,
            ) -> Result<RoomBody<'de>, A::Error> {
                let mut body = RoomBody::default();
                while let Some(key) = fields.next_key::<Key<'de>>()? {
                    if &*key.0 == "e" {
                        match fields.next_value()? {
                            List::Elements(more) if body.e.is_empty() => body.e = more,
                            List::Elements(more) => body.e.extend(more),
                            List::Null => {}
                            List::Other => body.has_unknown = true,
                        }
                    } else {
                        body.set(&key.0, fields.next_value()?);
                    }
                }
                Ok(body)
            }
        }

        from.deserialize_map(Fields)
    }
}

impl<'a> RoomBody<'a> {
    /// Sets a field other than the events.
    fn set(&mut self, key: &str, value: Scalar<'a>) {
        if value == Scalar::Null {
            self.has_unknown |= !matches!(
                key,
                "t" | "d" | "ms" | "sync" | "time" | "timeout" | "reset" | "exit"
            );
            return;
        }
        let is_read = match key {
            "t" => set(&mut self.t, loose::int(&value)),
            "d" => set(&mut self.d, loose::int(&value)),
            // The server's clock, and its time for the answer: not used.
            "ms" | "sync" | "time" => loose::int(&value).is_some(),
            "timeout" => set(&mut self.timeout, value.text()),
            "reset" => set(&mut self.reset, value.flag()),
            "exit" => set(&mut self.exit, value.flag()),
            _ => false,
        };
        self.has_unknown |= !is_read;
    }
}

/// Sets a field that has no value yet; whether it did.
fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let is_first = field.is_none() && value.is_some();
    if is_first {
        *field = value;
    }
    is_first
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The room of a key such as `r4242`.
fn room_key(key: &str) -> Option<RoomId> {
    let digits = key.strip_prefix('r')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| digits.parse().ok())
        .flatten()
        .map(RoomId::new)
}

/// The ids of an element of `e`, read in one pass.
///
/// An id that is 0 or less is none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Header {
    pub(crate) event_type: Int,
    pub(crate) id: Id,
    pub(crate) room_id: Int,
    pub(crate) user_id: Int,
    pub(crate) target_user_id: Int,
    pub(crate) message_id: Id,
}

impl Header {
    /// Reads the header of an element; `None` for an element that is no object, or has no type or no positive id.
    pub(crate) fn of(element: &RawValue) -> Option<Self> {
        let header = Self::parse(element)?;
        header.id.is_some_and(|id| id > 0).then_some(header)
    }

    /// Reads the header of a row of a history, where posted messages have no event id (protocol §6).
    ///
    /// `None` for an element that is no object, has no type, or has neither a positive id, nor the message id of a
    /// posted message, nor leaves the id out.
    pub(crate) fn of_row(element: &RawValue) -> Option<Self> {
        let header = Self::parse(element)?;
        let id = Id(header.id.filter(|id| *id > 0));
        let row = Self { id, ..header };
        let is_row = id.is_some() || row.posted().is_some() || !has_id(element);
        is_row.then_some(row)
    }

    /// Reads the ids of an object with a type.
    fn parse(element: &RawValue) -> Option<Self> {
        if !element.get().starts_with('{') {
            return None;
        }
        let header: Self = serde_json::from_str(element.get()).ok()?;
        header.event_type.is_some().then_some(header)
    }

    /// The message that the event posted; `None` for another type, or without a positive message id.
    pub(crate) fn posted(&self) -> Option<MessageId> {
        let message = self.message_id.filter(|message| *message > 0)?;
        (self.event_type.0 == Some(1)).then_some(MessageId::new(message))
    }
}

/// Whether an object has an `id` other than null.
fn has_id(element: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Id {
        id: Option<IgnoredAny>,
    }

    serde_json::from_str::<Id>(element.get()).is_ok_and(|element| element.id.is_some())
}

/// The fields that tell one event without an id from another.
///
/// Two equal shapes may be two events, as when a user comes and goes within a second; the number behind the shape in
/// the origin tells those of one answer apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Shape {
    event_type: Int,
    time_stamp: Int,
    user_id: Int,
    target_user_id: Int,
    message_id: Int,
    message_edits: Int,
    message_stars: Int,
    message_owner_stars: Int,
}

impl Shape {
    /// Reads the shape of an event; one that cannot be read has an empty shape.
    pub(crate) fn of(event: &[u8]) -> Self {
        antiphon_core::read_json(event).unwrap_or_default()
    }

    /// Removes the shape of an event from a list; whether it was there.
    pub(crate) fn take(shapes: &mut Vec<Self>, event: &[u8]) -> bool {
        if shapes.is_empty() {
            return false;
        }
        let shape = Self::of(event);
        let found = shapes.iter().position(|one| *one == shape);
        found.map(|at| shapes.swap_remove(at)).is_some()
    }

    /// When the event happened, in Unix seconds.
    pub(crate) fn time_stamp(&self) -> Option<i64> {
        self.time_stamp.0
    }
}

/// Writes the fields in their order, with dots between them; an absent field is empty.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = [
            self.time_stamp,
            self.user_id,
            self.target_user_id,
            self.message_id,
            self.message_edits,
            self.message_stars,
            self.message_owner_stars,
        ];
        write!(f, "{}", self.event_type.unwrap_or_default())?;
        for field in rest {
            f.write_str(".")?;
            if let Some(number) = field.0 {
                write!(f, "{number}")?;
            }
        }
        Ok(())
    }
}

/// Every field that an event may have (protocol §8.1).
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct Event<'a> {
    pub(crate) event_type: Int,
    pub(crate) id: Id,
    pub(crate) time_stamp: Int,
    pub(crate) room_id: Int,
    pub(crate) room_name: Text<'a>,
    pub(crate) user_id: Int,
    pub(crate) user_name: Text<'a>,
    pub(crate) target_user_id: Int,
    pub(crate) message_id: Int,
    pub(crate) content: Text<'a>,
    pub(crate) parent_id: Int,
    pub(crate) show_parent: Flag,
    pub(crate) parent_username: Text<'a>,
    pub(crate) parent_text: Text<'a>,
    pub(crate) message_edits: Int,
    pub(crate) message_stars: Int,
    pub(crate) message_owner_stars: Int,
    pub(crate) message_flags: Int,
    pub(crate) moved: Flag,
    pub(crate) message_starred: Flag,
    pub(crate) message_owner_starred: Flag,
    pub(crate) message_flagged: Flag,
    pub(crate) user_email_hash: Text<'a>,
    /// The chat server, which the note of the event has.
    #[serde(skip)]
    pub(crate) server: Server,
}

impl Event<'_> {
    /// Returns the event without borrowed texts.
    pub(crate) fn into_owned(self) -> Event<'static> {
        let owned = |text: Text<'_>| Text(text.0.map(|text| Cow::Owned(text.into_owned())));
        Event {
            room_name: owned(self.room_name),
            user_name: owned(self.user_name),
            content: owned(self.content),
            parent_username: owned(self.parent_username),
            parent_text: owned(self.parent_text),
            user_email_hash: owned(self.user_email_hash),
            event_type: self.event_type,
            id: self.id,
            time_stamp: self.time_stamp,
            room_id: self.room_id,
            user_id: self.user_id,
            target_user_id: self.target_user_id,
            message_id: self.message_id,
            parent_id: self.parent_id,
            show_parent: self.show_parent,
            message_edits: self.message_edits,
            message_stars: self.message_stars,
            message_owner_stars: self.message_owner_stars,
            message_flags: self.message_flags,
            moved: self.moved,
            message_starred: self.message_starred,
            message_owner_starred: self.message_owner_starred,
            message_flagged: self.message_flagged,
            server: self.server,
        }
    }
}

/// A page of a room's history (protocol §6).
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct History<'a> {
    /// Events or messages, ascending; rows of messages have no event id and no name of the room.
    pub(crate) events: List<'a>,
    /// The server's counter.
    pub(crate) time: Int,
}

/// The address of a socket (protocol §5.1).
#[derive(Debug, Deserialize)]
pub(crate) struct WsAuth<'a> {
    #[serde(borrow)]
    pub(crate) url: Cow<'a, str>,
}

/// The answer to a new message (protocol §7.1).
#[derive(Debug, Deserialize)]
pub(crate) struct PostAnswer<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
}

impl PostAnswer<'_> {
    /// Whether the message was not posted, as a twin of the message before.
    pub(crate) fn is_twin(&self) -> bool {
        self.id.get() == "null"
    }

    /// Id of the message; `None` if the answer has another value there.
    pub(crate) fn message(&self) -> Option<MessageId> {
        let id = self.id.get().trim_matches('"').parse().ok()?;
        (id > 0).then(|| MessageId::new(id))
    }
}

/// The answer of `/user/info`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct UserInfos<'a> {
    pub(crate) users: List<'a>,
}

/// A user in `/user/info` and in room pages.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct User<'a> {
    pub(crate) id: Int,
    pub(crate) name: Text<'a>,
    pub(crate) email_hash: Text<'a>,
    pub(crate) reputation: Int,
    pub(crate) is_moderator: Flag,
    pub(crate) is_owner: Flag,
    pub(crate) last_post: Int,
    pub(crate) last_seen: Int,
}

/// A line of `/users/search`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct Found<'a> {
    pub(crate) id: Int,
    #[serde(rename = "dn")]
    pub(crate) name: Text<'a>,
    pub(crate) hash: Text<'a>,
}

/// A user who can be mentioned, as an array: id, name, last seen, last post (protocol §7.2).
#[derive(Debug, Deserialize)]
pub(crate) struct Pingable<'a>(
    pub(crate) Int,
    #[serde(borrow)] pub(crate) Text<'a>,
    #[serde(default)] pub(crate) Int,
    #[serde(default)] pub(crate) Int,
);

/// The answer of `/rooms/thumbs`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct Thumb<'a> {
    pub(crate) id: Int,
    pub(crate) name: Text<'a>,
    pub(crate) description: Text<'a>,
    #[serde(rename = "isFavorite")]
    pub(crate) is_favorite: Flag,
    pub(crate) tags: Text<'a>,
}

/// The answer to a bookmark.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BookmarkAnswer {
    pub(crate) ok: Flag,
}

/// The answer to a kick.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct KickAnswer<'a> {
    pub(crate) message: Text<'a>,
}
