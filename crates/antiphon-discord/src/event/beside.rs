//! An object with one field that is not its own: a member with its guild, a message with its channel's type.
//!
//! `serde(flatten)` does the same, but copies all fields aside first.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, Visitor,
        value::{CowStrDeserializer, MapAccessDeserializer},
    },
};

/// Reads an object, and the field of this name beside it, in one pass.
pub(super) fn beside<'de, T, X, D>(from: D, name: &'static str) -> Result<(T, Option<X>), D::Error>
where
    T: Deserialize<'de>,
    X: Deserialize<'de>,
    D: Deserializer<'de>,
{
    from.deserialize_map(BesideVisitor {
        name,
        both: PhantomData,
    })
}

struct BesideVisitor<T, X> {
    name: &'static str,
    both: PhantomData<(T, X)>,
}

impl<'de, T: Deserialize<'de>, X: Deserialize<'de>> Visitor<'de> for BesideVisitor<T, X> {
    type Value = (T, Option<X>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let object = T::deserialize(MapAccessDeserializer::new(Without {
            fields,
            name: self.name,
            found: &mut found,
        }))?;
        Ok((object, found))
    }
}

/// The fields of an object but for one, which is put aside.
struct Without<'a, A, X> {
    fields: A,
    name: &'static str,
    found: &'a mut Option<X>,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>, X: Deserialize<'de>> MapAccess<'de> for Without<'_, A, X> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.fields.next_key()? {
            if name == self.name {
                *self.found = Some(self.fields.next_value()?);
                continue;
            }
            let name: CowStrDeserializer<'_, A::Error> = name.into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.fields.next_value_seed(seed)
    }
}
