//! Frames and objects exactly as sent; the only file with serde renames.
//!
//! Every field may be absent, null or of an odd type, and then counts as absent.
//! There is one decoder for each object, wherever it is embedded.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json, value::RawValue};

use crate::model;

/// Any JSON value, of which only scalars are kept.
#[derive(Debug, Default)]
enum Loose<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Bool(bool),
    #[default]
    Nothing,
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Loose::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Loose::Nothing, Loose::Int))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Loose::Float(number))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Loose::Bool(flag))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Nothing)
    }
}

/// The whole part of a float, if it is a number that an integer can hold.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
fn whole(number: f64) -> Option<i64> {
    // 2⁵³: above it a float no longer names single integers.
    (number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// A text; numbers become their digits.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Text(text) => Some(text),
        Loose::Int(number) => Some(Cow::Owned(number.to_string())),
        Loose::Float(number) => whole(number).map(|number| Cow::Owned(number.to_string())),
        Loose::Bool(_) | Loose::Nothing => None,
    })
}

/// A text without HTML escapes.
pub(crate) fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(text(from)?.map(crate::text::unescape))
}

/// An integer; floats lose their fraction, and numbers in strings count.
pub(crate) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Int(number) => Some(number),
        Loose::Float(number) => whole(number),
        Loose::Bool(flag) => Some(i64::from(flag)),
        Loose::Text(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        Loose::Nothing => None,
    })
}

/// An integer that must not be in a string: an action's number.
fn strict_int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Int(number) => Some(number),
        Loose::Float(number) if number.fract() == 0.0 => whole(number),
        _ => None,
    })
}

/// A flag; numbers other than 0 are true.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Bool(flag) => Some(flag),
        Loose::Int(number) => Some(number != 0),
        Loose::Float(number) => Some(number != 0.0),
        Loose::Text(text) => match &*text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Loose::Nothing => None,
    })
}

/// A time in ms since 1970, or as ISO 8601.
pub(crate) fn time<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<jiff::Timestamp>, D::Error> {
    let ms = match from.deserialize_any(LooseVisitor)? {
        Loose::Int(number) => Some(number),
        Loose::Float(number) => whole(number),
        Loose::Text(text) => {
            if let Ok(time) = text.parse() {
                return Ok(Some(time));
            }
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        Loose::Bool(_) | Loose::Nothing => None,
    };
    Ok(ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()))
}

/// Something that is an id, an object, or neither.
#[derive(Debug, Default)]
pub(crate) enum Ref<'a, T> {
    /// Only the id.
    Id(Cow<'a, str>),
    /// The whole object.
    Object(Box<T>),
    /// Absent, null or of an odd type.
    #[default]
    Nothing,
}

struct RefVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for RefVisitor<T> {
    type Value = Ref<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or an object")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Ref::Id(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Ref::Id(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
            .map(|object| Ref::Object(Box::new(object)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Ref::Nothing)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Ref::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Ref<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RefVisitor(PhantomData))
    }
}

impl<'a, T> Ref<'a, T> {
    /// The object, if it is one.
    pub(crate) fn object(self) -> Option<T> {
        match self {
            Self::Object(object) => Some(*object),
            Self::Id(_) | Self::Nothing => None,
        }
    }

    /// The object, if it is one.
    pub(crate) fn as_object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Id(_) | Self::Nothing => None,
        }
    }

    /// The id, if it is only that.
    pub(crate) fn as_id(&self) -> Option<&Cow<'a, str>> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(_) | Self::Nothing => None,
        }
    }
}

/// An object, or nothing where there is anything else.
pub(crate) fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ref::deserialize(from).map(Ref::object)
}

/// A list; elements that are not what they should be are left out, and anything but a list is an empty one.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Element<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Ref<'de, T::Object>>()? {
            list.extend(T::from_ref(item));
        }
        Ok(List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }
}

impl<'de, T: Element<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData))
    }
}

/// What a [`List`] can hold: objects only, or ids and objects alike.
pub(crate) trait Element<'de>: Sized {
    /// The object it may be.
    type Object: Deserialize<'de>;
    /// Takes the element, or leaves it out.
    fn from_ref(item: Ref<'de, Self::Object>) -> Option<Self>;
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Element<'de> for Ref<'a, T> {
    type Object = T;

    fn from_ref(item: Ref<'de, T>) -> Option<Self> {
        (!matches!(item, Ref::Nothing)).then_some(item)
    }
}

/// Says that lists hold these objects and nothing else.
macro_rules! listed {
    ($($object:ident),*) => {$(
        impl<'de: 'a, 'a> Element<'de> for $object<'a> {
            type Object = Self;

            fn from_ref(item: Ref<'de, Self>) -> Option<Self> {
                item.object()
            }
        }
    )*};
}

listed!(
    Room,
    Member,
    QueueItem,
    Conversation,
    PrivateRow,
    HistoryItem,
    Vote,
    Audit,
    User,
    Playlist,
    Following
);

type Text<'a> = Option<Cow<'a, str>>;

/// The first frame: engine.io's handshake.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Open {
    #[serde(rename = "pingInterval", deserialize_with = "int")]
    pub(crate) ping_interval: Option<i64>,
    #[serde(rename = "pingTimeout", deserialize_with = "int")]
    pub(crate) ping_timeout: Option<i64>,
}

/// The envelope of every message packet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Outer<'a> {
    #[serde(deserialize_with = "strict_int")]
    pub(crate) action: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) channel: Text<'a>,
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
    #[serde(borrow, rename = "connectionId", deserialize_with = "text")]
    pub(crate) connection_id: Text<'a>,
    #[serde(borrow, rename = "socketId", deserialize_with = "text")]
    pub(crate) socket_id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) message: Option<Inner<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) presence: Option<PresenceObject<'a>>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

impl<'a> Outer<'a> {
    /// The connection's id, under either of its names.
    pub(crate) fn connection(&mut self) -> Text<'a> {
        self.connection_id.take().or_else(|| self.socket_id.take())
    }
}

/// The `message` of action 15.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Inner<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// The `presence` of action 14.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PresenceObject<'a> {
    #[serde(deserialize_with = "int")]
    pub(crate) action: Option<i64>,
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
}

/// What the session itself needs to know of a room action.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Glance<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, IdOnly<'a>>,
    #[serde(borrow, rename = "kickedUser")]
    pub(crate) kicked_user: Ref<'a, IdOnly<'a>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) messageid: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) song: Option<QueueItem<'a>>,
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
}

/// An object of which only the id matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IdOnly<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
}

impl<'a> Ref<'a, IdOnly<'a>> {
    /// The id, however it was sent.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(object) => object.id.as_deref(),
            Self::Nothing => None,
        }
    }
}

/// A user (protocol §5.1).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    // A number here, unlike in a member.
    #[serde(deserialize_with = "int")]
    pub(crate) roleid: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) dubs: Option<i64>,
    #[serde(borrow, rename = "profileImage", deserialize_with = "object")]
    pub(crate) profile_image: Option<Image<'a>>,
}

/// A picture on the platform's image host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Image<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) url: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) secure_url: Text<'a>,
}

impl<'a> Image<'a> {
    /// Its address.
    pub(crate) fn address(self) -> Text<'a> {
        self.url.or(self.secure_url)
    }
}

/// A role as REST embeds it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleObject<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
}

/// A user's state in a room (protocol §5.3).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Member<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) roomid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) dubs: Option<i64>,
    #[serde(rename = "playedCount", deserialize_with = "int")]
    pub(crate) played_count: Option<i64>,
    #[serde(rename = "skippedCount", deserialize_with = "int")]
    pub(crate) skipped_count: Option<i64>,
    #[serde(rename = "songsInQueue", deserialize_with = "int")]
    pub(crate) songs_in_queue: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) order: Option<i64>,
    #[serde(deserialize_with = "flag")]
    pub(crate) authorized: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(crate) active: Option<bool>,
    #[serde(rename = "waitLine", deserialize_with = "int")]
    pub(crate) wait_line: Option<i64>,
    #[serde(rename = "queuePaused", deserialize_with = "flag")]
    pub(crate) queue_paused: Option<bool>,
    // Absent, an id (socket events) or an object (REST); a number only by mistake.
    #[serde(borrow)]
    pub(crate) roleid: Ref<'a, RoleObject<'a>>,
    #[serde(deserialize_with = "flag")]
    pub(crate) banned: Option<bool>,
    #[serde(rename = "bannedTime", deserialize_with = "time")]
    pub(crate) banned_time: Option<jiff::Timestamp>,
    #[serde(rename = "bannedUntil", deserialize_with = "time")]
    pub(crate) banned_until: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "flag")]
    pub(crate) muted: Option<bool>,
}

impl Member<'_> {
    /// Whose state it is, however that was said.
    pub(crate) fn user_id(&self) -> Option<&str> {
        let inside = || match &self.user {
            Ref::Id(id) => Some(&**id),
            Ref::Object(user) => user.id.as_deref(),
            Ref::Nothing => None,
        };
        self.userid
            .as_deref()
            .filter(|id| !id.is_empty())
            .or_else(inside)
    }
}

/// A room (protocol §5.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "named as on the wire")]
pub(crate) struct Room<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) description: Text<'a>,
    #[serde(borrow, rename = "roomUrl", deserialize_with = "text")]
    pub(crate) room_url: Text<'a>,
    #[serde(borrow, rename = "realTimeChannel", deserialize_with = "text")]
    pub(crate) real_time_channel: Text<'a>,
    #[serde(borrow, rename = "roomType", deserialize_with = "text")]
    pub(crate) room_type: Text<'a>,
    #[serde(rename = "isPublic", deserialize_with = "flag")]
    pub(crate) is_public: Option<bool>,
    #[serde(borrow, rename = "roomDisplay", deserialize_with = "text")]
    pub(crate) room_display: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) lang: Text<'a>,
    #[serde(borrow, rename = "musicType", deserialize_with = "text")]
    pub(crate) music_type: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "activeUsers", deserialize_with = "int")]
    pub(crate) active_users: Option<i64>,
    #[serde(rename = "maxLengthSong", deserialize_with = "int")]
    pub(crate) max_length_song: Option<i64>,
    #[serde(rename = "timeSongQueueRepeat", deserialize_with = "int")]
    pub(crate) time_song_queue_repeat: Option<i64>,
    #[serde(rename = "maxSongQueueLength", deserialize_with = "int")]
    pub(crate) max_song_queue_length: Option<i64>,
    #[serde(rename = "lockQueue", deserialize_with = "flag")]
    pub(crate) lock_queue: Option<bool>,
    #[serde(rename = "slowMode", deserialize_with = "flag")]
    pub(crate) slow_mode: Option<bool>,
    #[serde(rename = "allowGuestsToChat", deserialize_with = "flag")]
    pub(crate) allow_guests_to_chat: Option<bool>,
    #[serde(rename = "allowGuestsToEmbed", deserialize_with = "flag")]
    pub(crate) allow_guests_to_embed: Option<bool>,
    #[serde(borrow, rename = "welcomeMessage", deserialize_with = "plain")]
    pub(crate) welcome_message: Text<'a>,
}

/// An entry of a room's queue (protocol §5.5).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueueItem<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    // Absent until it starts: never to be taken for 0.
    #[serde(deserialize_with = "time")]
    pub(crate) played: Option<jiff::Timestamp>,
    #[serde(rename = "isActive", deserialize_with = "flag")]
    pub(crate) is_active: Option<bool>,
    #[serde(rename = "isPlayed", deserialize_with = "flag")]
    pub(crate) is_played: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(crate) skipped: Option<bool>,
    #[serde(deserialize_with = "int")]
    pub(crate) order: Option<i64>,
    #[serde(rename = "songLength", deserialize_with = "int")]
    pub(crate) song_length: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) updubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) downdubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) grabs: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) roomid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) songid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, IdOnly<'a>>,
    #[serde(borrow, rename = "_song")]
    pub(crate) song: Ref<'a, SongInfo<'a>>,
}

/// Media from another site (protocol §5.5).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongInfo<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) fkid: Text<'a>,
    // ISO 8601 here, while every other `created` is in ms.
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "songLength", deserialize_with = "int")]
    pub(crate) song_length: Option<i64>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) images: Option<Images<'a>>,
}

/// Pictures of a song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Images<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) thumbnail: Text<'a>,
}

/// A private conversation (protocol §4.6).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Conversation<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) latest_message: Option<jiff::Timestamp>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) latest_message_str: Text<'a>,
    #[serde(borrow)]
    pub(crate) users_read: List<Ref<'a, IdOnly<'a>>>,
    // Objects in the list of conversations, bare ids when one is made.
    #[serde(borrow)]
    pub(crate) usersid: List<Ref<'a, User<'a>>>,
}

/// A message in a private conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PrivateRow<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
}

/// Who voted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Vote<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
}

/// A row of a room's audit log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Audit<'a> {
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) duration: Option<i64>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "_mod")]
    pub(crate) moderator: Ref<'a, User<'a>>,
}

/// A personal playlist.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Playlist<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(rename = "isPublic", deserialize_with = "flag")]
    pub(crate) is_public: Option<bool>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "totalItems", deserialize_with = "int")]
    pub(crate) total_items: Option<i64>,
}

/// Someone a user follows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Following<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) following: Text<'a>,
}

/// `chat-message`, live, from history and as the answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chat<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) queue_object: Option<Member<'a>>,
    // The request as the answer to it repeats it.
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) req: Option<ChatRequest<'a>>,
}

/// What was asked when a message was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatRequest<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
}

/// A view of `chat-message`: what filters look at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatView<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, Name<'a>>,
}

/// A user of whom only id and name matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Name<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
}

/// An element of a room's chat history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HistoryItem<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
}

/// `room_playlist-update`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaylistUpdate<'a> {
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) song: Option<QueueItem<'a>>,
    #[serde(borrow, rename = "songInfo", deserialize_with = "object")]
    pub(crate) song_info: Option<SongInfo<'a>>,
}

/// A view of `room_playlist-update`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaylistUpdateView<'a> {
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
    #[serde(borrow)]
    pub(crate) song: Ref<'a, SongView<'a>>,
    #[serde(borrow, rename = "songInfo")]
    pub(crate) song_info: Ref<'a, SongInfoView<'a>>,
}

/// What filters look at in an entry of a queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongView<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) songid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) updubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) downdubs: Option<i64>,
}

/// What filters look at in a song's media.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongInfoView<'a> {
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) fkid: Text<'a>,
}

/// `room_playlist-dub`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dub<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) dubtype: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) playlist: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
}

/// A view of `room_playlist-dub`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DubView<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) dubtype: Text<'a>,
    #[serde(borrow)]
    pub(crate) playlist: Ref<'a, SongView<'a>>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, Name<'a>>,
}

/// `user_update_<id>`: a member in the field `user`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MemberUpdate<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) user: Option<Member<'a>>,
}

/// Every other room action: the union of their fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
    // So spelt by the platform.
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userdid: Text<'a>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "removedUser")]
    pub(crate) removed_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "kickedUser")]
    pub(crate) kicked_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "mutedUser")]
    pub(crate) muted_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "modUser")]
    pub(crate) mod_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "mod")]
    pub(crate) moderator: Ref<'a, User<'a>>,
    #[serde(borrow)]
    pub(crate) role_object: Ref<'a, RoleObject<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) playlist: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) room: Ref<'a, Room<'a>>,
    #[serde(borrow, rename = "roomUser", deserialize_with = "object")]
    pub(crate) room_user: Option<Member<'a>>,
    #[serde(borrow, rename = "user_queue", deserialize_with = "object")]
    pub(crate) user_queue: Option<Member<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) img: Option<Image<'a>>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) messageid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
    #[serde(rename = "passwordUpdated", deserialize_with = "flag")]
    pub(crate) password_updated: Option<bool>,
}

/// The answer to joining a room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Joined<'a> {
    #[serde(borrow)]
    pub(crate) room: Option<&'a RawValue>,
}

/// The playing song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Active<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) song: Option<QueueItem<'a>>,
    #[serde(borrow, rename = "songInfo", deserialize_with = "object")]
    pub(crate) song_info: Option<SongInfo<'a>>,
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
}

/// Who dubbed the playing song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ActiveDubs<'a> {
    #[serde(borrow, rename = "currentSong", deserialize_with = "object")]
    pub(crate) current_song: Option<QueueItem<'a>>,
    #[serde(borrow, rename = "upDubs")]
    pub(crate) up_dubs: List<Vote<'a>>,
    #[serde(borrow, rename = "downDubs")]
    pub(crate) down_dubs: List<Vote<'a>>,
}

/// The answer to `/auth/token`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Token<'a> {
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) token: Text<'a>,
}

/// The envelope of every answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope<'a> {
    #[serde(deserialize_with = "int")]
    pub(crate) code: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// Where an error's words may lie inside `data`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorData<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) err: Option<ErrorHolder<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) details: Option<ErrorDetails<'a>>,
    // The page behind the login redirect says `dologin` here.
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
}

/// `data.err`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorHolder<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) details: Option<ErrorDetails<'a>>,
}

/// `details`, whose message may itself be an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetails<'a> {
    #[serde(borrow)]
    pub(crate) message: Ref<'a, ErrorWords<'a>>,
}

/// A message inside a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorWords<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) err: Text<'a>,
}

/// The answer to a change of name, or to asking whether one is taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NameAnswer {
    #[serde(deserialize_with = "flag")]
    pub(crate) taken: Option<bool>,
}

/// The answer to a search for users.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Found<'a> {
    #[serde(borrow)]
    pub(crate) users: List<User<'a>>,
}

/// The answer to removing a DJ's next song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Removed<'a> {
    #[serde(borrow, rename = "userNextSong", deserialize_with = "object")]
    pub(crate) user_next_song: Option<QueueItem<'a>>,
}

// ---------------------------------------------------------------------------------------------------------------------
// Back again: values in the wire's own shape, so that a saved picture is read by the same decoders.

fn ms(time: Option<jiff::Timestamp>) -> Option<i64> {
    time.map(jiff::Timestamp::as_millisecond)
}

/// Escapes a text that its decoder will unescape.
fn escaped(text: &str) -> String {
    crate::text::escape(text)
}

pub(crate) fn user_json(user: &model::User) -> Value {
    json!({
        "_id": user.id,
        "username": escaped(&user.username),
        "created": ms(user.created_at),
        "roleid": user.site_role,
        "dubs": user.dubs,
        "profileImage": user.avatar_url.as_ref().map(|url| json!({ "url": url })),
    })
}

pub(crate) fn member_json(member: &model::MemberState) -> Value {
    json!({
        "_id": member.id,
        "userid": member.user,
        "_user": member.embedded.as_ref().map(user_json),
        "roomid": member.room,
        "dubs": member.dubs,
        "playedCount": member.played,
        "skippedCount": member.skipped,
        "songsInQueue": member.queued_now,
        "order": member.order,
        "authorized": member.authorized,
        "active": member.active,
        "waitLine": member.wait_line,
        "queuePaused": member.queue_paused,
        "roleid": member.role.as_ref().map(model::Role::id),
        "banned": member.banned,
        "bannedTime": ms(member.banned_time),
        "bannedUntil": ms(member.banned_until),
        "muted": member.muted,
    })
}

pub(crate) fn room_json(room: &model::RoomInfo) -> Value {
    json!({
        "_id": room.id,
        "name": escaped(&room.name),
        "description": escaped(&room.description),
        "roomUrl": room.slug,
        "realTimeChannel": room.rtc,
        "roomType": room.room_type,
        "isPublic": room.is_public,
        "roomDisplay": room.display,
        "lang": room.lang,
        "musicType": room.music_type,
        "userid": room.creator,
        "created": ms(room.created_at),
        "activeUsers": room.active_users,
        "maxLengthSong": room.max_song_minutes,
        "timeSongQueueRepeat": room.repeat_minutes,
        "maxSongQueueLength": room.max_queue_length,
        "lockQueue": room.lock_queue,
        "slowMode": room.slow_mode,
        "allowGuestsToChat": room.allow_guests_to_chat,
        "allowGuestsToEmbed": room.allow_guests_to_embed,
        "welcomeMessage": room.welcome_message.as_deref().map(escaped),
    })
}

pub(crate) fn song_info_json(info: &model::SongInfo) -> Value {
    json!({
        "_id": info.id,
        "name": escaped(&info.name),
        "type": info.source,
        "fkid": info.media_id,
        "created": info.created_at.map(|time| time.to_string()),
        "songLength": info.length,
        "images": { "thumbnail": info.thumbnail },
    })
}

pub(crate) fn song_json(song: &model::Song) -> Value {
    json!({
        "_id": song.id,
        "created": ms(song.created_at),
        "played": ms(song.played_at),
        "isActive": song.active,
        "isPlayed": song.played,
        "skipped": song.skipped,
        "order": song.order,
        "songLength": song.length,
        "updubs": song.up_dubs,
        "downdubs": song.down_dubs,
        "grabs": song.grabs,
        "roomid": song.room,
        "userid": song.user,
        "songid": song.song_info_id,
        "_song": song.song_info.as_ref().map(song_info_json),
    })
}

pub(crate) fn message_json(message: &model::Message) -> Value {
    json!({
        "chatid": message.id,
        "message": escaped(&message.content),
        "time": ms(message.created_at),
        "user": user_json(&message.author),
        "queue_object": message.member.as_ref().map(member_json),
    })
}

pub(crate) fn conversation_json(conversation: &model::ConversationInfo) -> Value {
    json!({
        "_id": conversation.id,
        "created": ms(conversation.created_at),
        "latest_message": ms(conversation.latest_message),
        "latest_message_str": escaped(&conversation.latest_message_str),
        "users_read": conversation.users_read,
        "usersid": conversation.users.iter().map(user_json).collect::<Vec<_>>(),
    })
}

/// A saved picture of an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SavedPicture<'a> {
    #[serde(deserialize_with = "int")]
    pub(crate) v: Option<i64>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) me: Option<User<'a>>,
    #[serde(borrow)]
    pub(crate) rooms: List<SavedRoom<'a>>,
    #[serde(borrow)]
    pub(crate) users: List<User<'a>>,
    #[serde(borrow)]
    pub(crate) conversations: List<Conversation<'a>>,
}

/// A saved picture of one room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SavedRoom<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) room: Option<Room<'a>>,
    #[serde(borrow)]
    pub(crate) members: List<Member<'a>>,
    #[serde(borrow)]
    pub(crate) messages: List<Chat<'a>>,
    #[serde(borrow)]
    pub(crate) deleted: List<Ref<'a, IdOnly<'a>>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) active: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) queue: List<QueueItem<'a>>,
}

listed!(SavedRoom, Chat);
