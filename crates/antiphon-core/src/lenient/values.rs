//! Types for the fields of a struct that serde reads: they take any JSON value, so that one odd field never costs the
//! others.
//!
//! Servers send numbers in texts, flags as numbers, ids as numbers or texts, and null for anything. Each type here
//! makes the best of a value and is absent otherwise; no struct of the wire fails because of one field.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

/// Whole numbers up to 2⁵³ have a float each; above it a float no longer names single integers.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Any JSON value, of which scalars are kept.
///
/// ```
/// use antiphon_core::lenient::Scalar;
///
/// let read = |json: &'static str| serde_json::from_str::<Scalar<'_>>(json);
/// assert_eq!(read("\" 7 \"")?.int(), Some(7));
/// assert_eq!(read("7.9")?.int(), Some(7));
/// assert_eq!(read("1")?.flag(), Some(true));
/// assert_eq!(read("false")?.text(), None);
/// assert_eq!(read("1767225600000")?.time(), "2026-01-01T00:00:00Z".parse().ok());
/// assert_eq!(read("[1]")?, Scalar::Other);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scalar<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `null`, or no value at all.
    #[default]
    Null,
    /// A list, an object, or a whole number outside of `i64`.
    Other,
}

impl<'a> Scalar<'a> {
    /// As a text: numbers are written out. A flag is none, since servers send `false` where there is nothing.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Int(number) => Some(number.to_string().into()),
            Self::Float(number) => Some(number.to_string().into()),
            Self::Bool(_) | Self::Null | Self::Other => None,
        }
    }

    /// As a whole number: fractions are cut, numbers in texts count, and `true` is 1.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Float(number) => whole(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            Self::Text(text) => {
                let text = text.trim();
                let int = text.parse().ok();
                int.or_else(|| text.parse().ok().and_then(whole))
            }
            Self::Null | Self::Other => None,
        }
    }

    /// As a flag: numbers other than 0 are true, and so are the texts `true` and `1`.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Int(number) => Some(*number != 0),
            Self::Float(number) => Some(*number != 0.0),
            Self::Text(text) => match &**text {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Self::Null | Self::Other => None,
        }
    }

    /// As a time: milliseconds since 1970, as a number or in a text, or RFC 3339.
    pub fn time(&self) -> Option<Timestamp> {
        if let Self::Text(text) = self
            && let Ok(time) = text.trim().parse()
        {
            return Some(time);
        }
        match self {
            Self::Bool(_) => None,
            value => Timestamp::from_millisecond(value.int()?).ok(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
fn whole(number: f64) -> Option<i64> {
    (number.abs() <= LARGEST_WHOLE).then_some(number as i64)
}

/// A scalar, or an object of a shape.
enum Value<'a, T> {
    Scalar(Scalar<'a>),
    Object(T),
}

struct Values<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Values<T> {
    type Value = Value<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Int(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let number = i64::try_from(number).map_or(Scalar::Other, Scalar::Int);
        Ok(Value::Scalar(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Float(number)))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Bool(flag)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Scalar(Scalar::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Scalar(Scalar::Other))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Value::Object)
    }
}

fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Value<'de, T>, D::Error> {
    from.deserialize_any(Values(PhantomData))
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match read::<IgnoredAny, D>(from)? {
            Value::Scalar(scalar) => scalar,
            Value::Object(IgnoredAny) => Scalar::Other,
        })
    }
}

/// A type that holds what a method of [`Scalar`] makes of a value.
macro_rules! scalar {
    ($(#[$about:meta])* $name:ident$(<$life:lifetime>)?, $inner:ty, $read:ident) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name$(<$life>)?(pub Option<$inner>);

        impl<'de $(: $life, $life)?> Deserialize<'de> for $name$(<$life>)? {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Scalar::deserialize(from).map(|value| Self(value.$read()))
            }
        }

        impl$(<$life>)? Deref for $name$(<$life>)? {
            type Target = Option<$inner>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    };
}

scalar! {
    /// A text, read as [`Scalar::text`] says; absent for anything else.
    ///
    /// ```
    /// use antiphon_core::lenient::{Int, Text};
    /// use serde::Deserialize;
    ///
    /// #[derive(Default, Deserialize)]
    /// #[serde(default, bound(deserialize = "'de: 'a"))]
    /// struct Song<'a> {
    ///     name: Text<'a>,
    ///     length: Int,
    ///     votes: Int,
    /// }
    ///
    /// let song: Song<'_> = serde_json::from_str(r#"{"name": "Aubade", "length": "240000", "votes": {}}"#)?;
    /// assert_eq!(song.name.as_deref(), Some("Aubade"));
    /// assert_eq!((song.length.0, song.votes.0), (Some(240_000), None));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Text<'a>, Cow<'a, str>, text
}
scalar! {
    /// A whole number, read as [`Scalar::int`] says; absent for anything else.
    Int, i64, int
}
scalar! {
    /// A flag, read as [`Scalar::flag`] says; absent for anything else.
    Flag, bool, flag
}
scalar! {
    /// A time, read as [`Scalar::time`] says; absent for anything else.
    Time, Timestamp, time
}

/// A thing by its id, or the thing itself; servers send either.
///
/// ```
/// use antiphon_core::lenient::{IdOr, List, Text};
///
/// #[derive(Default, serde::Deserialize)]
/// #[serde(default, bound(deserialize = "'de: 'a"))]
/// struct User<'a> {
///     name: Text<'a>,
/// }
///
/// let users: List<IdOr<'_, User<'_>>> = serde_json::from_str(r#"["7", {"name": "mira"}, 8, null]"#)?;
/// assert_eq!(users[0].as_id().map(|id| &**id), Some("7"));
/// assert_eq!(users[1].as_object().and_then(|user| user.name.as_deref()), Some("mira"));
/// assert_eq!(users[2].as_id().map(|id| &**id), Some("8"));
/// assert!(users[3].as_object().is_none() && users[3].as_id().is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdOr<'a, T> {
    /// Only its id: a text or a whole number.
    Id(Cow<'a, str>),
    /// The whole object.
    Object(Box<T>),
    /// Neither.
    #[default]
    Absent,
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for IdOr<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match read(from)? {
            Value::Object(object) => Self::Object(Box::new(object)),
            Value::Scalar(id @ (Scalar::Text(_) | Scalar::Int(_))) => {
                id.text().map_or(Self::Absent, Self::Id)
            }
            Value::Scalar(_) => Self::Absent,
        })
    }
}

impl<'a, T> IdOr<'a, T> {
    /// The object, if it is one.
    pub fn object(self) -> Option<T> {
        match self {
            Self::Object(object) => Some(*object),
            Self::Id(_) | Self::Absent => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Id(_) | Self::Absent => None,
        }
    }

    /// The id, if it is only that.
    pub fn as_id(&self) -> Option<&Cow<'a, str>> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(_) | Self::Absent => None,
        }
    }
}

/// An object of a shape; absent for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Object<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match read(from)? {
            Value::Object(object) => Self(Some(object)),
            Value::Scalar(_) => Self(None),
        })
    }
}

/// The elements of a list that could be read as `T`; anything but a list has none.
///
/// Elements are read one by one, so that one that is no `T` costs none of its neighbours.
/// Only documents in memory can be read so, since elements borrow from them.
///
/// The number of elements that were left out is not kept; each is logged at *debug*, with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw: Option<&RawValue> = Deserialize::deserialize(from)?;
        let elements: Option<Vec<&RawValue>> =
            raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let elements = elements.unwrap_or_default().into_iter();
        let read = |element: &'de RawValue| {
            serde_json::from_str(element.get())
                .inspect_err(|error| {
                    let position = crate::json_position(error);
                    tracing::debug!(position, "an element of a list is left out");
                })
                .ok()
        };
        Ok(Self(elements.filter_map(read).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, bound(deserialize = "'de: 'a"))]
    struct Thing<'a> {
        text: Text<'a>,
        int: Int,
        flag: Flag,
        time: Time,
    }

    /// Reads one value as each type.
    #[track_caller]
    fn check(
        value: &str,
        text: Option<&str>,
        int: Option<i64>,
        flag: Option<bool>,
        ms: Option<i64>,
    ) {
        let json = format!(r#"{{"text":{value},"int":{value},"flag":{value},"time":{value}}}"#);
        let thing: Thing<'_> = serde_json::from_str(&json).expect("any value is read");
        assert_eq!(thing.text.as_deref(), text, "text of {value}");
        assert_eq!(thing.int.0, int, "number of {value}");
        assert_eq!(thing.flag.0, flag, "flag of {value}");
        let time = thing.time.map(Timestamp::as_millisecond);
        assert_eq!(time, ms, "time of {value}");
    }

    #[test]
    fn every_value_is_read_as_every_type() {
        check("7", Some("7"), Some(7), Some(true), Some(7));
        check("\" 7.9 \"", Some(" 7.9 "), Some(7), None, Some(7));
        check("-3.5", Some("-3.5"), Some(-3), Some(true), Some(-3));
        check(
            "1e300",
            Some(&1e300_f64.to_string()),
            None,
            Some(true),
            None,
        );
        check("18446744073709551615", None, None, None, None);
        check("true", None, Some(1), Some(true), None);
        check("\"0\"", Some("0"), Some(0), Some(false), Some(0));
        check(
            "\"1970-01-01T00:00:01Z\"",
            Some("1970-01-01T00:00:01Z"),
            None,
            None,
            Some(1000),
        );
        for odd in ["null", "[1]", "{\"a\":1}"] {
            check(odd, None, None, None, None);
        }
    }

    #[test]
    fn a_thing_comes_by_its_id_or_whole() {
        let things: List<IdOr<'_, Thing<'_>>> =
            serde_json::from_str(r#"["a", 5, {"int": 1}, null, [1]]"#).expect("a list");
        let ids: Vec<_> = things
            .iter()
            .map(|thing| thing.as_id().map(|id| &**id))
            .collect();
        assert_eq!(ids, [Some("a"), Some("5"), None, None, None]);
        assert_eq!(
            things[2].as_object().map(|thing| thing.int.0),
            Some(Some(1))
        );
    }

    #[test]
    fn a_list_loses_the_elements_that_cannot_be_read_and_no_others() {
        #[track_caller]
        fn check(json: &str, expected: &[i64]) {
            let list: List<i64> = serde_json::from_str(json).expect("any value is read");
            assert_eq!(list.0, expected, "{json}");
        }
        check(r#"[1, "2", null, {}, 3]"#, &[1, 3]);
        check("null", &[]);
        check("{\"a\": [1]}", &[]);
        check("\"1\"", &[]);
        let object: Object<Thing<'_>> = serde_json::from_str("[{}]").expect("any value is read");
        assert_eq!(*object, None);
    }

    proptest! {
            #[test]
    fn no_number_is_refused(number in any::<f64>()) {
                let json = serde_json::to_string(&number)?;
                prop_assert!(serde_json::from_str::<Int>(&json).is_ok());
                prop_assert!(serde_json::from_str::<Time>(&json).is_ok());
            }
        }
}
