//! Values of a table as they stand in the file, each with its place.
//!
//! The checks behind the schema read the file through it. A value of another type than was asked for counts as absent:
//! the schema has reported it already.

use std::ops::Range;

use antiphon::net::Proxy;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{config::secret::SecretFrom, config::value::FilePath, time};

/// Table of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    /// Name that the user gave it, such as `choir` in `[sources.choir]`; empty for others.
    pub(crate) name: &'a str,
    /// Where its name stands.
    begin: (usize, usize),
    entries: &'a DeTable<'a>,
}

/// Value and its place in the file.
pub(crate) type Placed<T> = (T, Range<usize>);

impl<'a> Table<'a> {
    /// The file as a whole.
    pub(crate) fn root(value: &'a DeValue<'a>) -> Option<Self> {
        Some(Self {
            name: "",
            begin: (0, 0),
            entries: value.as_table()?,
        })
    }

    /// Where its name stands.
    pub(crate) fn at(self) -> Range<usize> {
        self.begin.0..self.begin.1
    }

    /// Where the value of a key stands, or the table's name if there is none.
    pub(crate) fn at_key(self, key: &str) -> Range<usize> {
        self.entries.get(key).map_or(self.at(), Spanned::span)
    }

    pub(crate) fn has(self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The table under a key.
    pub(crate) fn table(self, key: &str) -> Option<Self> {
        let (name, value) = self.entries.get_key_value(key)?;
        let at = name.span();
        Some(Self {
            name: "",
            begin: (at.start, at.end),
            entries: value.get_ref().as_table()?,
        })
    }

    /// The tables under names of the user's own, below a key.
    pub(crate) fn tables(self, key: &str) -> impl Iterator<Item = Self> {
        let tables = self
            .entries
            .get(key)
            .and_then(|value| value.get_ref().as_table());
        tables.into_iter().flatten().filter_map(|(name, value)| {
            let at = name.span();
            Some(Self {
                name: name.get_ref(),
                begin: (at.start, at.end),
                entries: value.get_ref().as_table()?,
            })
        })
    }

    /// The tables of a list.
    pub(crate) fn items(self, key: &str) -> impl Iterator<Item = Self> {
        self.list(key).filter_map(|item| {
            let at = item.span();
            Some(Self {
                name: "",
                begin: (at.start, at.end),
                entries: item.get_ref().as_table()?,
            })
        })
    }

    /// The values of a list.
    pub(crate) fn list(self, key: &str) -> impl Iterator<Item = &'a Spanned<DeValue<'a>>> {
        let list = self
            .entries
            .get(key)
            .and_then(|value| value.get_ref().as_array());
        list.into_iter().flat_map(|list| list.iter())
    }

    /// Whether a key has a list without items.
    pub(crate) fn is_empty_list(self, key: &str) -> bool {
        let list = self
            .entries
            .get(key)
            .and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.is_empty())
    }

    /// The texts of a list.
    pub(crate) fn texts(self, key: &str) -> impl Iterator<Item = Placed<&'a str>> {
        self.list(key)
            .filter_map(|item| Some((item.get_ref().as_str()?, item.span())))
    }

    /// The whole numbers of a list, as far as they are 64 bits wide.
    pub(crate) fn numbers(self, key: &str) -> impl Iterator<Item = Placed<u64>> {
        self.list(key)
            .filter_map(|item| Some((number(item.get_ref())?, item.span())))
    }

    pub(crate) fn text(self, key: &str) -> Option<Placed<&'a str>> {
        let value = self.entries.get(key)?;
        Some((value.get_ref().as_str()?, value.span()))
    }

    pub(crate) fn number(self, key: &str) -> Option<Placed<u64>> {
        let value = self.entries.get(key)?;
        Some((number(value.get_ref())?, value.span()))
    }

    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        self.entries.get(key)?.get_ref().as_bool()
    }

    pub(crate) fn length(self, key: &str) -> Option<Placed<std::time::Duration>> {
        let (text, at) = self.text(key)?;
        Some((time::parse(text).ok()?, at))
    }

    pub(crate) fn proxy(self, key: &str) -> Option<Placed<Proxy>> {
        let (text, at) = self.text(key)?;
        Some((Proxy::parse(text).ok()?, at))
    }

    /// The name of a secret, not the secret.
    pub(crate) fn secret(self, key: &str) -> Option<Placed<SecretFrom>> {
        let value = self.entries.get(key)?;
        let table = value
            .get_ref()
            .as_table()
            .filter(|table| table.len() == 1)?;
        let named = |way| table.get(way).and_then(|name| name.get_ref().as_str());
        let from = match (named("env"), named("file")) {
            (Some(name), _) => SecretFrom::Env(name.to_owned()),
            (_, Some(path)) => SecretFrom::File(FilePath::new(path)),
            _ => return None,
        };
        Some((from, value.span()))
    }

    /// Keys of the table.
    pub(crate) fn keys(self) -> impl Iterator<Item = Placed<&'a str>> {
        self.entries
            .keys()
            .map(|key| (&**key.get_ref(), key.span()))
    }
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
