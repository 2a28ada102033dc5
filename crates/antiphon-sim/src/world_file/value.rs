//! Values of a world file: ids, permissions and times, each in the ways in which people write them.

use std::{borrow::Cow, fmt, marker::PhantomData};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::nearest;
use crate::discord::permissions;

/// Id of an object of Discord: a number or a text of digits, from 1 to 2⁶³ − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snowflake(pub(crate) u64);

/// Permissions: a list of names, one name, or their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions(pub(crate) u64);

/// Time in Unix milliseconds, written as `2026-01-31T12:00:00Z` or `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) i64);

/// A value that is read from a number, from a text or from texts.
trait Reads: Sized {
    /// What is expected, for errors.
    const EXPECTED: &str;

    fn number(number: u64) -> Result<Self, String>;

    fn text(text: &str) -> Result<Self, String>;

    /// Joins the values of a list; `None` where no list is taken.
    fn join(values: Vec<Self>) -> Option<Self> {
        let _ = values;
        None
    }
}

/// Reads a value of type `T`.
struct Reader<T>(PhantomData<T>);

impl<'de, T: Reads> de::Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        T::number(number).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        let wrong = || format!("{number} is not {}", T::EXPECTED);
        let number = u64::try_from(number).map_err(|_| E::custom(wrong()))?;
        self.visit_u64(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::text(text).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let mut values = Vec::new();
        while let Some(text) = items.next_element::<Cow<'_, str>>()? {
            values.push(T::text(&text).map_err(de::Error::custom)?);
        }
        T::join(values).ok_or_else(|| de::Error::custom(format!("a list is not {}", T::EXPECTED)))
    }
}

impl Reads for Snowflake {
    const EXPECTED: &str = "an id: a number or digits in quotes, from 1 to 9223372036854775807";

    fn number(number: u64) -> Result<Self, String> {
        let fits = (1..=u64::MAX >> 1).contains(&number);
        fits.then_some(Self(number))
            .ok_or_else(|| format!("{number} is not {}", Self::EXPECTED))
    }

    fn text(text: &str) -> Result<Self, String> {
        let number = text.parse().ok();
        number.map_or_else(
            || Err(format!("`{text}` is not {}", Self::EXPECTED)),
            Self::number,
        )
    }
}

impl Reads for Permissions {
    const EXPECTED: &str = "permissions: a list of names, one name, or their number";

    fn number(number: u64) -> Result<Self, String> {
        Ok(Self(number))
    }

    fn text(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self(number));
        }
        let known = permissions::NAMES.iter();
        let found = known.clone().find(|(_, name)| *name == text);
        found.map(|(bit, _)| Self(*bit)).ok_or_else(|| {
            let names: Vec<&str> = known.map(|(_, name)| *name).collect();
            format!("there is no permission `{text}`\n{}", nearest(text, &names))
        })
    }

    fn join(values: Vec<Self>) -> Option<Self> {
        Some(Self(values.iter().fold(0, |sum, one| sum | one.0)))
    }
}

impl Reads for At {
    const EXPECTED: &str = "a time in quotes such as \"2026-01-31T12:00:00Z\" or \"2026-01-31\"";

    fn number(number: u64) -> Result<Self, String> {
        Err(format!("{number} is not {}", Self::EXPECTED))
    }

    fn text(text: &str) -> Result<Self, String> {
        let date = || {
            let date: Date = text.parse().ok()?;
            Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        let time: Option<Timestamp> = text.parse().ok().or_else(date);
        time.map(|time| Self(time.as_millisecond()))
            .ok_or_else(|| format!("`{text}` is not {}", Self::EXPECTED))
    }
}

macro_rules! read_and_described {
    ($($name:ident: $schema:tt;)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(Reader(PhantomData))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

read_and_described! {
    Snowflake: {
        "oneOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
        ],
    };
    Permissions: {
        "oneOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}},
        ],
    };
    At: {
        "type": "string",
        "examples": ["2026-01-31T12:00:00Z", "2026-01-31"],
    };
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl Serialize for Permissions {
    /// A list of names; the number as text where a permission has none.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let named = permissions::NAMES.iter();
        let named = named.filter(|(bit, _)| self.0 & bit != 0);
        if named.clone().fold(0, |sum, (bit, _)| sum | bit) == self.0 {
            to.collect_seq(named.map(|(_, name)| name))
        } else {
            to.collect_str(&self.0)
        }
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Timestamp::from_millisecond(self.0).unwrap_or_default())
    }
}
