//! Reading of objects, and the macros of the generated files.
//!
//! The rules are the same for every object, and they are the crate's whole point:
//!
//! - A value of another kind costs itself alone: it is noted as a [`Repair`](crate::Repair) with its path, and a stand-in
//!   stays in its place (an empty text, 0, false, an empty list).
//! - An item of a list that cannot be read is left out, and the others stay.
//! - A field that may be absent is `None`, whether it was left out, null or odd; only the last is noted.
//! - A field that Discord always sends and did not is noted, with a stand-in.
//! - An object without its own id is not read at all, because no stand-in would be true.
//! - Unknown fields are skipped; [`Raw`](crate::Raw) and the event's own bytes have them.
//!
//! A document is read in one pass, field by field in the order in which they were sent, into the value itself; nothing is
//! built in between.
//! The macros below write the structs, the enums and the flags of `src/generated` from a compact description of Discord's
//! objects, so that each rule stands here once.

use std::{borrow::Cow, collections::BTreeMap};

use antiphon_core::lenient::{Json, Reader, Reason, Repairs};
use jiff::Timestamp;
use serde::ser::SerializeMap;

/// Reads a JSON document into `T`, and returns the repairs.
///
/// It takes one pass over the bytes, and another one for the paths if there are repairs.
///
/// Bytes that are not UTF-8 are replaced by the usual mark, and noted; JSON documents of Discord's are UTF-8.
///
/// # Errors
/// [`ReadError`] if the bytes are not JSON, or the object's id is missing.
pub fn from_slice<T: Read>(bytes: &[u8]) -> Result<(T, Repairs), ReadError> {
    if let Ok(text) = antiphon_core::read_utf8(bytes) {
        return from_str(text);
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    let (value, repairs) = from_str(&text)?;
    Ok((value, repairs.and_before(Reason::NotUtf8)))
}

/// Reads a JSON document into `T`, and returns the repairs.
///
/// # Errors
/// [`ReadError`] if the text is not JSON, or the object's id is missing.
///
/// # Examples
///
/// ```
/// use antiphon_discord_model::{Reason, User, from_str};
///
/// let (user, repairs) = from_str::<User>(r#"{"id":"33","username":["odd"],"bot":true}"#)?;
/// assert_eq!((user.id.get(), &*user.name, user.bot), (33, "", true));
/// assert!(repairs.iter().any(|repair| repair.path == "/username"));
///
/// // Without an id there is no user.
/// assert!(from_str::<User>(r#"{"username":"eve"}"#).is_err());
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
pub fn from_str<T: Read>(text: &str) -> Result<(T, Repairs), ReadError> {
    let mut from = Reader::new(text);
    let value = T::read(&mut from);
    let repairs = from.finish().ok_or(ReadError::NotJson)?;
    match value {
        Some(value) => Ok((value, repairs)),
        None => Err(ReadError::Unreadable(repairs)),
    }
}

/// A document could not be read into an object. The error holds no part of the document.
///
/// What is wrong is named by path and reason; the document itself may hold private text.
///
/// ```
/// use antiphon_discord_model::{Message, ReadError, from_str};
///
/// assert_eq!(from_str::<Message>("{").unwrap_err(), ReadError::NotJson);
/// let error = from_str::<Message>(r#"{"content":"secret"}"#).unwrap_err();
/// assert!(!error.to_string().contains("secret"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes are not a JSON document.
    ///
    /// It breaks off, is nested too deeply, or has something behind its end.
    #[error("not a JSON document")]
    NotJson,
    /// The document is not an object, or its id is missing.
    ///
    /// The repairs name the place.
    #[error("{0}")]
    Unreadable(Repairs),
}

/// A value that can be read from JSON of any shape.
///
/// Every type of this crate implements it, and so do lists, maps, boxes and options of such types.
/// A type of your own that holds them can be read by the same rules.
pub trait Read: Sized {
    /// Whether the value identifies an object, as an id does, so that the object cannot be read without it.
    ///
    /// An object needs it as soon as one of its fields does; a list never does, because it can leave an item out.
    const NEEDED: bool = false;
    /// Whether the value may be left out.
    ///
    /// Its absence is not noted then.
    const OPTIONAL: bool = false;

    /// Reads the value; `None` if it is of another kind, which is then noted and skipped.
    ///
    /// The reader stands behind the value afterwards, in both cases.
    fn read(from: &mut Reader<'_>) -> Option<Self>;

    /// Returns the value that replaces a missing one.
    ///
    /// An id's is 1, which stands for nobody; it stays only in objects that may lack that id.
    fn stand_in() -> Self;

    /// Whether the value is left out when it is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Whether the value is an empty list.
    fn is_empty(&self) -> bool {
        false
    }
}

/// A key of a map.
///
/// Discord's maps have ids, locales and numbers as their keys.
pub trait Key: Ord + Sized {
    /// The key with this name on the wire.
    ///
    /// `None` leaves the entry out, with a repair.
    fn of(name: &str) -> Option<Self>;
}

/// An object of Discord's, read field by field.
///
/// The macro `objects!` implements it; the marks of 128 bits bound an object to 128 fields.
pub trait Object: Sized {
    /// Whether it has an identifying field.
    ///
    /// Written by the macro from the types of the fields.
    const NEEDED: bool;

    /// Creates an object with stand-ins for all fields.
    fn blank() -> Self;

    /// Reads the field of this name and marks it as sent; `false` for an unknown name.
    fn field(&mut self, name: &str, from: &mut Reader<'_>, seen: &mut u128) -> bool;

    /// Notes missing fields of the object that begins at an offset; `false` if an identifying field is missing.
    fn complete(seen: u128, at: usize, from: &mut Reader<'_>) -> bool;

    /// Writes the fields into an object.
    ///
    /// Fields have their names on the wire, and absent ones are left out.
    ///
    /// # Errors
    /// The error of the map.
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// Reads an object.
pub(crate) fn object<T: Object>(from: &mut Reader<'_>) -> Option<T> {
    object_and(from, |_, _| false)
}

/// Reads an object; unknown fields are offered to `beside`, which returns whether it took them.
pub(crate) fn object_and<T: Object>(
    from: &mut Reader<'_>,
    mut beside: impl FnMut(&str, &mut Reader<'_>) -> bool,
) -> Option<T> {
    let at = from.at();
    let mut fields = from.object()?;
    let mut object = T::blank();
    let mut seen = 0;
    while let Some(name) = fields.next(from) {
        if !object.field(&name, from, &mut seen) && !beside(&name, from) {
            from.skip();
        }
    }
    T::complete(seen, at, from).then_some(object)
}

/// Reads a field into its place; if it cannot be read, the stand-in stays.
#[inline]
pub(crate) fn fill<T: Read>(place: &mut T, from: &mut Reader<'_>, seen: &mut u128, bit: u128) {
    match T::read(from) {
        Some(value) => *place = value,
        None if T::NEEDED => return,
        None => {}
    }
    *seen |= bit;
}

/// Reads a field that may be absent or null.
#[inline]
pub(crate) fn fill_if_any<T: Read>(place: &mut T, from: &mut Reader<'_>) {
    if !from.null()
        && let Some(value) = T::read(from)
    {
        *place = value;
    }
}

/// Notes that a required field is missing; `false` if the field is identifying.
#[cold]
pub(crate) fn missing(
    from: &mut Reader<'_>,
    at: usize,
    field: &'static str,
    is_needed: bool,
) -> bool {
    let reason = if is_needed {
        Reason::Unidentified(field)
    } else {
        Reason::Missing(field)
    };
    from.note_at(at, reason);
    !is_needed
}

/// Mark of a field.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// The field is identifying, but a stand-in may replace it.
    ///
    /// An author of a message may be missing, and the message is still one.
    Spare,
    /// The field may be left out, and is then empty.
    ///
    /// Only lists, maps and booleans that Discord leaves out where they say nothing.
    Maybe,
}

/// Whether a field has a mark.
pub(crate) const fn is_marked(marks: &[Mark], mark: Mark) -> bool {
    match marks {
        [Mark::Spare] => matches!(mark, Mark::Spare),
        [Mark::Maybe] => matches!(mark, Mark::Maybe),
        _ => false,
    }
}

/// Writes structs from objects: `"wire name" => field: Type [Mark]`.
macro_rules! objects {
    ($($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $wire:literal => $field:ident: $type:ty $([$mark:ident])?,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        const _: () = {
            use crate::read::{Mark, Object, Read, fill, fill_if_any, is_marked, missing};

            /// Index of each field.
            #[expect(non_camel_case_types, reason = "they are named as the fields are")]
            enum At { $($field,)* }

            impl Object for $name {
                const NEEDED: bool = false
                    $(|| (<$type as Read>::NEEDED && !is_marked(&[$(Mark::$mark)?], Mark::Spare)))*;

                fn blank() -> Self {
                    Self { $($field: <$type as Read>::stand_in(),)* }
                }

                fn field(
                    &mut self,
                    name: &str,
                    from: &mut antiphon_core::lenient::Reader<'_>,
                    seen: &mut u128,
                ) -> bool {
                    match name {
                        $($wire if is_marked(&[$(Mark::$mark)?], Mark::Maybe) => fill_if_any(&mut self.$field, from),
                        $wire => fill(&mut self.$field, from, seen, 1 << At::$field as u32),)*
                        _ => return false,
                    }
                    true
                }

                fn complete(
                    seen: u128,
                    at: usize,
                    from: &mut antiphon_core::lenient::Reader<'_>,
                ) -> bool {
                    const REQUIRED: u128 = 0 $(| (
                        if <$type as Read>::OPTIONAL || is_marked(&[$(Mark::$mark)?], Mark::Maybe) {
                            0
                        } else {
                            1 << At::$field as u32
                        }
                    ))*;
                    if seen | !REQUIRED == u128::MAX {
                        return true;
                    }
                    // The rest of an object without its identifying field is not checked.
                    for is_needed in [true, false] {
                        $(
                            let is_wanted = <$type as Read>::NEEDED
                                && !is_marked(&[$(Mark::$mark)?], Mark::Spare);
                            if is_wanted == is_needed
                                && (seen | !REQUIRED) & (1 << At::$field as u32) == 0
                                && !missing(from, at, $wire, is_needed)
                            {
                                return false;
                            }
                        )*
                    }
                    true
                }

                fn entries<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                    $(
                        let is_left_out = is_marked(&[$(Mark::$mark)?], Mark::Maybe) && Read::is_empty(&self.$field);
                        if !is_left_out && !Read::is_absent(&self.$field) {
                            map.serialize_entry($wire, &self.$field)?;
                        }
                    )*
                    Ok(())
                }
            }
        };

        impl crate::read::Read for $name {
            const NEEDED: bool = <Self as crate::read::Object>::NEEDED;

            fn read(from: &mut antiphon_core::lenient::Reader<'_>) -> Option<Self> {
                read_object!($name, from)
            }

            fn stand_in() -> Self {
                crate::read::Object::blank()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = to.serialize_map(None)?;
                crate::read::Object::entries(self, &mut map)?;
                map.end()
            }
        }

        deserialize!($name);
    )*};
}

/// Implements `Read` for objects.
macro_rules! read_object {
    (Guild, $from:ident) => {
        crate::whole::guild($from)
    };
    (Message, $from:ident) => {
        crate::whole::message($from)
    };
    (Ready, $from:ident) => {
        crate::whole::ready($from)
    };
    (Presence, $from:ident) => {
        crate::whole::presence($from)
    };
    ($name:ident, $from:ident) => {
        crate::read::object($from)
    };
}

/// Implements serde's `Deserialize` by the same rules, without the repairs.
macro_rules! deserialize {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value: serde_json::Value = serde::Deserialize::deserialize(from)?;
                crate::read::from_str(&value.to_string())
                    .map(|(read, _)| read)
                    .map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// Implements `Default` with stand-ins.
macro_rules! defaults {
    ($($name:ident),* $(,)?) => {$(
        impl Default for $name {
            fn default() -> Self {
                crate::read::Object::blank()
            }
        }
    )*};
}

/// Writes enums of numbers with a variant for unknown ones; `or` names the stand-in.
macro_rules! numbers {
    ($($(#[$meta:meta])* $name:ident or $stand_in:literal { $($variant:ident = $value:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($variant,)*
            /// An unknown number.
            ///
            /// Written back as it was read.
            Unknown(i64),
        }

        impl $name {
            /// The number on the wire.
            ///
            /// Discord documents the meaning of each; a number without a name is itself.
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(number) => number,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($value => Self::$variant,)*
                    number => Self::Unknown(number),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from($stand_in)
            }
        }

        impl crate::read::Read for $name {
            fn read(from: &mut antiphon_core::lenient::Reader<'_>) -> Option<Self> {
                from.integer().map(Self::from)
            }

            fn stand_in() -> Self {
                Self::default()
            }
        }

        impl crate::read::Key for $name {
            fn of(name: &str) -> Option<Self> {
                name.parse().ok().map(|number: i64| Self::from(number))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_i64(self.number())
            }
        }

        deserialize!($name);
    )*};
}

/// Writes enums of words with a variant for unknown ones.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($variant,)*
            /// An unknown word; empty if the word is missing.
            ///
            /// Written back as it was read.
            Unknown(Box<str>),
        }

        impl $name {
            /// The word on the wire.
            ///
            /// A word that antiphon does not know is itself.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    word => Self::Unknown(word.into()),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Unknown("".into())
            }
        }

        impl crate::read::Read for $name {
            fn read(from: &mut antiphon_core::lenient::Reader<'_>) -> Option<Self> {
                from.text("a word").map(|word| Self::from(&*word))
            }

            fn stand_in() -> Self {
                Self::default()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        deserialize!($name);
    )*};
}

/// Writes sets of flags that keep bits without a name, written as a number or as digits in a text.
macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident: $form:ident { $($flag:ident = $bits:expr,)* })*) => {$(
        bitflags::bitflags! {
            $(#[$meta])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name: u64 {
                $(const $flag = $bits;)*
                // Bits without a name are flags too, so that no operation drops them.
                const _ = !0;
            }
        }

        impl crate::read::Read for $name {
            fn read(from: &mut antiphon_core::lenient::Reader<'_>) -> Option<Self> {
                from.unsigned("flags").map(Self::from_bits_retain)
            }

            fn stand_in() -> Self {
                Self::empty()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                flags!(@write $form self, to)
            }
        }

        deserialize!($name);
    )*};
    (@write number $flags:expr, $to:ident) => { $to.serialize_u64($flags.bits()) };
    (@write text $flags:expr, $to:ident) => { $to.collect_str(&$flags.bits()) };
}

impl<T: Read> Read for Option<T> {
    const OPTIONAL: bool = true;

    #[inline]
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.null() {
            return Some(None);
        }
        Some(T::read(from))
    }

    fn stand_in() -> Self {
        None
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Read> Read for Box<T> {
    const NEEDED: bool = T::NEEDED;
    const OPTIONAL: bool = T::OPTIONAL;

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        T::read(from).map(Self::new)
    }

    fn stand_in() -> Self {
        Self::new(T::stand_in())
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut items = from.list()?;
        let mut list = Self::new();
        while items.next(from) {
            if let Some(item) = T::read(from) {
                list.push(item);
            }
        }
        Some(list)
    }

    fn stand_in() -> Self {
        Self::new()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<K: Key, T: Read> Read for BTreeMap<K, T> {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut fields = from.object()?;
        let mut map = Self::new();
        while let Some(name) = fields.next(from) {
            if let Some(key) = K::of(&name) {
                if let Some(value) = T::read(from) {
                    map.insert(key, value);
                }
            } else {
                from.note(Reason::Unidentified("the entry's own name"));
                from.skip();
            }
        }
        Some(map)
    }

    fn stand_in() -> Self {
        Self::new()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl Key for String {
    fn of(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }
}

/// Implements `Read` for plain values.
macro_rules! plain {
    ($($type:ty: $read:ident or $stand_in:expr;)*) => {$(
        impl Read for $type {
            #[inline]
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                from.$read()
            }

            fn stand_in() -> Self {
                $stand_in
            }
        }
    )*};
}

plain! {
    String: string or String::new();
    bool: boolean or false;
    i64: integer or 0;
    f64: float or 0.0;
    Timestamp: time or Timestamp::UNIX_EPOCH;
    Json: json or Json::default();
}
