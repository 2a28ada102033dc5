//! Decoders that take any value; a value of the wrong kind counts as absent.
//!
//! Scalars are read by core's `Scalar`. Here are the forms that are QueUp's own: a [`Ref`], which is an id or the whole
//! object (protocol §9, 6), and a [`List`], from which elements of another kind are left out.

use std::{borrow::Cow, fmt, marker::PhantomData};

use antiphon_core::{lenient::Scalar, unescape_html};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A text that may be absent.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// A text; numbers become their digits.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Text<'de>, D::Error> {
    Ok(Scalar::deserialize(from)?.text())
}

/// A text without HTML escapes.
pub(crate) fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<Text<'de>, D::Error> {
    Ok(text(from)?.map(|text| match text {
        Cow::Borrowed(text) => unescape_html(text),
        Cow::Owned(text) => Cow::Owned(unescape_html(&text).into_owned()),
    }))
}

/// An integer; floats lose their fraction, and numbers in texts count.
pub(crate) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(Scalar::deserialize(from)?.int())
}

/// An integer that must not be in a text: an action's number.
pub(super) fn strict_int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Scalar::deserialize(from)? {
        Scalar::Int(number) => Some(number),
        Scalar::Float(number) if number.fract() == 0.0 => Scalar::Float(number).int(),
        _ => None,
    })
}

/// A flag; numbers other than 0 are true.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(Scalar::deserialize(from)?.flag())
}

/// A time in ms since 1970, or as ISO 8601.
pub(crate) fn time<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<jiff::Timestamp>, D::Error> {
    Ok(Scalar::deserialize(from)?.time())
}

/// An id, an object, or neither.
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

    /// The id, if it is only that.
    pub(crate) fn as_id(&self) -> Option<&Cow<'a, str>> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(_) | Self::Nothing => None,
        }
    }
}

/// An object; absent for any other value.
pub(crate) fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ref::deserialize(from).map(Ref::object)
}

/// A list without its elements of the wrong kind; a value that is no list is an empty one.
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

/// An element of a [`List`]: an object, or an id or object.
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
