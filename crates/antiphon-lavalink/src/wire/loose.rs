//! Lenient values: servers differ in which values are numbers, texts or absent.
//!
//! Each function reads one field of a struct (`deserialize_with`), takes any JSON value, and fails only on bytes that
//! are no JSON. A value that cannot be used is as good as an absent one.
//!
//! | wanted | also taken | else |
//! | --- | --- | --- |
//! | integer | number with a fraction, cut; decimal text | 0, or none |
//! | number | decimal text | 0 |
//! | flag | number, true unless 0; the text `true` | false |
//! | text | number or flag, written out | empty, or none |
//! | id | decimal text or unsigned number, but not 0 | none |
//! | object | | default, or none |
//! | list | its elements that have the shape | empty, or none |

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

/// A value that any scalar converts to; lists and objects are skipped, and count as absent.
trait Loose<'de>: Default {
    fn of_flag(_: bool) -> Self {
        Self::default()
    }

    fn of_integer(value: i64) -> Self;

    fn of_unsigned(value: u64) -> Self {
        Self::of_integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn of_float(_: f64) -> Self {
        Self::default()
    }

    fn of_text(text: Cow<'de, str>) -> Self;
}

/// Reads any value.
fn read<'de, T: Loose<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Any(PhantomData))
}

/// Visits a value of any type.
struct Any<T>(PhantomData<T>);

impl<'de, T: Loose<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        Ok(T::of_flag(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        Ok(T::of_integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        Ok(T::of_unsigned(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        Ok(T::of_float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<T, E> {
        Ok(T::of_text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        Ok(T::of_text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<T, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

#[derive(Default)]
struct Integer(Option<i64>);

impl<'de> Loose<'de> for Integer {
    fn of_integer(value: i64) -> Self {
        Self(Some(value))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "what lies outside is cut to the nearest"
    )]
    fn of_float(value: f64) -> Self {
        Self(Some(value as i64))
    }

    fn of_text(text: Cow<'de, str>) -> Self {
        Self(text.parse().ok())
    }
}

#[derive(Default)]
struct Float(f64);

impl<'de> Loose<'de> for Float {
    #[expect(clippy::cast_precision_loss, reason = "loads lie between 0 and 1")]
    fn of_integer(value: i64) -> Self {
        Self(value as f64)
    }

    fn of_float(value: f64) -> Self {
        Self(value)
    }

    fn of_text(text: Cow<'de, str>) -> Self {
        Self(text.parse().unwrap_or_default())
    }
}

#[derive(Default)]
struct Flag(bool);

impl<'de> Loose<'de> for Flag {
    fn of_flag(value: bool) -> Self {
        Self(value)
    }

    fn of_integer(value: i64) -> Self {
        Self(value != 0)
    }

    fn of_text(text: Cow<'de, str>) -> Self {
        Self(text == "true")
    }
}

#[derive(Default)]
struct Text<'de>(Option<Cow<'de, str>>);

impl<'de> Loose<'de> for Text<'de> {
    fn of_flag(value: bool) -> Self {
        Self(Some(value.to_string().into()))
    }

    fn of_integer(value: i64) -> Self {
        Self(Some(value.to_string().into()))
    }

    fn of_float(value: f64) -> Self {
        Self(Some(value.to_string().into()))
    }

    fn of_text(text: Cow<'de, str>) -> Self {
        Self(Some(text))
    }
}

#[derive(Default)]
struct Id(Option<u64>);

impl<'de> Loose<'de> for Id {
    fn of_integer(_: i64) -> Self {
        Self::default()
    }

    fn of_unsigned(value: u64) -> Self {
        Self(Some(value).filter(|id| *id != 0))
    }

    fn of_text(text: Cow<'de, str>) -> Self {
        Self(text.parse().ok().filter(|id| *id != 0))
    }
}

/// An integer; 0 for any other value.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    maybe_integer(deserializer).map(Option::unwrap_or_default)
}

/// An integer, or none; fractions are truncated.
pub(crate) fn maybe_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    read(deserializer).map(|Integer(value)| value)
}

/// A number; 0 for any other value.
pub(crate) fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    read(deserializer).map(|Float(value)| value)
}

/// A flag; `false` for any other value.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    read(deserializer).map(|Flag(value)| value)
}

/// A text; empty for any other value.
pub(crate) fn text<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'a, str>, D::Error> {
    maybe_text(deserializer).map(Option::unwrap_or_default)
}

/// A text, or none; numbers and flags become texts.
pub(crate) fn maybe_text<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    read(deserializer).map(|Text(text)| text)
}

/// An id: a decimal text, or (from odd plugins) a number; none for any other value (protocol §11).
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    read(deserializer).map(|Id(id)| id)
}

/// An object of this shape; none for `null` and any other value.
pub(crate) fn maybe_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(object)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Any::<Flag>(PhantomData).visit_seq(list)?;
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Object(PhantomData))
}

/// An object of this shape; its default for any other value.
pub(crate) fn object<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    maybe_object(deserializer).map(Option::unwrap_or_default)
}

/// The elements of a list, unread; none for any other value.
fn elements<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<&'de RawValue>>, D::Error> {
    let raw: Option<&RawValue> = Deserialize::deserialize(deserializer)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// An element of this shape; another one does not affect its neighbours, and is left out.
fn element<'de, T: Deserialize<'de>>(raw: &'de RawValue) -> Option<T> {
    let object = raw
        .get()
        .starts_with('{')
        .then(|| serde_json::from_str(raw.get()));
    let object = object.and_then(Result::ok);
    if object.is_none() {
        tracing::debug!("an element of a list is no object of its shape");
    }
    object
}

/// The objects of a list; empty for any other value.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    maybe_list(deserializer).map(Option::unwrap_or_default)
}

/// The objects of a list; none for any other value.
pub(crate) fn maybe_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = elements(deserializer)?;
    Ok(list.map(|list| list.into_iter().filter_map(element).collect()))
}

/// The objects of a body that is a list.
pub(crate) fn objects<'de, T: Deserialize<'de>>(
    body: &'de [u8],
) -> Result<Vec<T>, serde_json::Error> {
    let list: Vec<&RawValue> = antiphon_core::read_json(body)?;
    Ok(list.into_iter().filter_map(element).collect())
}

/// The texts of a list; numbers and flags become texts, other elements are skipped.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = elements(deserializer)?.unwrap_or_default().into_iter();
    let text = |raw: &'de RawValue| {
        let mut word = serde_json::Deserializer::from_str(raw.get());
        maybe_text(&mut word).ok().flatten().map(Cow::into_owned)
    };
    Ok(list.filter_map(text).collect())
}
