//! Decoders that take any value: one that cannot be used counts as absent.
//!
//! Integers are stricter than [`Scalar::int`]: a counter that is a flag, or a text with a fraction, is unknown, so that its
//! frame is kept as a whole.
//!
//! The general field types are in `antiphon_core::lenient`; those here differ because a counter that is read wrongly
//! would hide every later event of its room.

use std::{fmt, ops::Deref};

use antiphon_core::lenient::Scalar;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// An integer; a float loses its fraction, and an integer in a text counts.
pub(super) fn int(value: &Scalar<'_>) -> Option<i64> {
    match value {
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Bool(_) => None,
        value => value.int(),
    }
}

/// Declares a field type that holds what a function makes of a value.
macro_rules! field {
    ($(#[$about:meta])* $name:ident = $read:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub(crate) struct $name(pub(crate) Option<i64>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Scalar::deserialize(from).map(|value| Self($read(&value)))
            }
        }

        impl Deref for $name {
            type Target = Option<i64>;

            fn deref(&self) -> &Option<i64> {
                &self.0
            }
        }
    };
}

field! {
    /// An integer; a float loses its fraction, and an integer in a text counts. A flag is none.
    Int = int
}
field! {
    /// An id: an integer, or one in a text.
    ///
    /// A float is no id. `3.0` read as 3 would be an event of long ago, and two ids that differ by a fraction one event.
    Id = |value: &Scalar<'_>| int(value).filter(|_| !matches!(value, Scalar::Float(_)))
}

/// A list of any elements, or another value in its place.
#[derive(Debug, Default)]
pub(crate) enum List<'a> {
    Elements(Vec<&'a RawValue>),
    #[default]
    Null,
    /// No list: a text, a number, a flag or an object.
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = List<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::with_capacity(items.size_hint().unwrap_or(2));
                while let Some(item) = items.next_element::<&RawValue>()? {
                    list.push(item);
                }
                Ok(List::Elements(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(List::Other)
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(List::Other)
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(List::Other)
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(List::Other)
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(List::Other)
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(List::Other)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(List::Null)
            }
        }

        from.deserialize_any(Elements)
    }
}
