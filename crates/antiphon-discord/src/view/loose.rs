//! Decoders that take anything: what is not as it should be counts as absent.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use twilight_model::id::Id;

/// What can be read from any JSON value; each kind of value it does not override is nothing to it.
pub(crate) trait Loose<'de>: Default {
    fn borrowed(text: &'de str) -> Self {
        Self::text(text)
    }

    fn text(_: &str) -> Self {
        Self::default()
    }

    fn number(_: u64) -> Self {
        Self::default()
    }

    fn flag(_: bool) -> Self {
        Self::default()
    }

    fn object<A: MapAccess<'de>>(mut fields: A) -> Result<Self, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

struct LooseVisitor<T>(PhantomData<T>);

impl<'de, T: Loose<'de>> Visitor<'de> for LooseVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<T, E> {
        Ok(T::borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_none<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::object(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::list(items)
    }
}

/// Reads a field loosely.
pub(crate) fn loose<'de, D: Deserializer<'de>, T: Loose<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(LooseVisitor(PhantomData))
}

/// An item of a list, read loosely.
struct Item<T>(T);

impl<'de, T: Loose<'de>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        loose(from).map(Self)
    }
}

impl<M> Loose<'_> for Option<Id<M>> {
    fn text(text: &str) -> Self {
        text.parse().ok().and_then(Id::new_checked)
    }

    fn number(number: u64) -> Self {
        Id::new_checked(number)
    }
}

impl<'de> Loose<'de> for Option<Cow<'de, str>> {
    fn borrowed(text: &'de str) -> Self {
        Some(Cow::Borrowed(text))
    }

    fn text(text: &str) -> Self {
        Some(Cow::Owned(text.to_owned()))
    }

    fn number(number: u64) -> Self {
        Some(Cow::Owned(number.to_string()))
    }
}

impl<'de> Loose<'de> for Cow<'de, str> {
    fn borrowed(text: &'de str) -> Self {
        Cow::Borrowed(text)
    }

    fn text(text: &str) -> Self {
        Cow::Owned(text.to_owned())
    }
}

impl Loose<'_> for Option<bool> {
    fn flag(flag: bool) -> Self {
        Some(flag)
    }
}

impl Loose<'_> for bool {
    fn flag(flag: bool) -> Self {
        flag
    }
}

impl Loose<'_> for Option<u64> {
    fn number(number: u64) -> Self {
        Some(number)
    }

    fn text(text: &str) -> Self {
        text.parse().ok()
    }
}

/// A list of ids; what is none is left out.
impl<'de, M> Loose<'de> for Vec<Id<M>> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut ids = Self::new();
        while let Some(Item(id)) = items.next_element::<Item<Option<Id<M>>>>()? {
            ids.extend(id);
        }
        Ok(ids)
    }
}

/// An object, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inner<T>(pub(crate) Option<T>);

impl<T> Default for Inner<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Inner<T> {
    fn object<A: MapAccess<'de>>(fields: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(|object| Self(Some(object)))
    }
}

/// A list of objects; what is none is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inners<T>(pub(crate) Vec<T>);

impl<T> Default for Inners<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Inners<T> {
    fn list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        let mut objects = Vec::new();
        while let Some(Item(Inner(object))) = items.next_element::<Item<Inner<T>>>()? {
            objects.extend(object);
        }
        Ok(Self(objects))
    }
}

/// The ids of a list of objects.
#[derive(Clone, Debug)]
pub(crate) struct IdsOf<M>(pub(crate) Vec<Id<M>>);

impl<M> Default for IdsOf<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[derive(Deserialize)]
#[serde(default, bound = "")]
struct OnlyId<M> {
    #[serde(deserialize_with = "loose")]
    id: Option<Id<M>>,
}

impl<M> Default for OnlyId<M> {
    fn default() -> Self {
        Self { id: None }
    }
}

impl<'de, M> Loose<'de> for IdsOf<M> {
    fn list<A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        let Inners(objects) = Inners::<OnlyId<M>>::list(items)?;
        Ok(Self(
            objects.into_iter().filter_map(|object| object.id).collect(),
        ))
    }
}
