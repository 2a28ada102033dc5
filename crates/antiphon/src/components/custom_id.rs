//! State in the `custom_id` of a component or a form.

use std::borrow::Cow;

use antiphon_discord::model::id::Id;

/// Most characters of a custom id ([Discord's page](https://discord.com/developers/docs/components/reference#anatomy-of-a-component-custom-id)).
pub(crate) const MOST: usize = 100;
/// Separates the parts of a custom id.
const SEPARATOR: char = ':';
/// Stands before a separator that belongs to a part.
const ESCAPE: char = '\\';

/// State that travels in a `custom_id`: a button comes back with what it was made with, after a restart too.
///
/// ```
/// use antiphon::{components::{CustomId, CustomIdError}, discord::model::{ActionRow, Button}};
///
/// #[derive(CustomId, Debug, PartialEq)]
/// #[custom_id("vote")]
/// enum Vote {
///     For(u32),
///     Against { song: u32, why: Option<String> },
/// }
///
/// let row = ActionRow::new([
///     Button::success(Vote::For(7), "Sing it"),
///     Button::danger(Vote::Against { song: 7, why: None }, "Don't"),
/// ]);
/// assert_eq!(String::from(Vote::For(7)), "vote:for:7");
/// assert_eq!(Vote::from_custom_id("vote:for:7"), Ok(Vote::For(7)));
/// assert_eq!(Vote::from_custom_id("ban:7"), Err(CustomIdError::Foreign));
/// assert!(matches!(Vote::from_custom_id("vote:maybe"), Err(CustomIdError::Outdated { .. })));
/// # let _ = row;
/// ```
///
/// # Derive
///
/// `#[custom_id("prefix")]` on a struct or an enum names it in 1 to 32 small letters, digits, `_` and `-`; two types of a bot
/// never share one. Without the attribute the type is only a part of others ([`CustomIdValue`]).
/// `#[custom_id("word")]` on a variant replaces its name in snake case.
///
/// # Length
///
/// A custom id has at most 100 characters.
/// A type whose numbers, ids and words alone can have more does not compile.
///
/// ```compile_fail
/// #[derive(antiphon::components::CustomId)]
/// #[custom_id("much")]
/// struct TooMuch(u64, u64, u64, u64, u64);
/// ```
///
/// A text may be any length: [`custom_id`](Self::custom_id) is an error then, and so is the request
/// (`components[0].components[0].custom_id has 131 characters`).
///
/// # Changes
///
/// Messages outlive the program that sent them, so old custom ids must stay readable.
/// Parts are told apart by their order alone:
///
/// - Add a variant anywhere; rename one only with `#[custom_id("old_word")]`.
/// - Add a field at the end, as an `Option` or with `#[custom_id(default)]`: it is `None` or `Default::default()` in old ones.
/// - Removing a field, moving one, or changing its type makes old ones [`CustomIdError::Outdated`], or worse, readable as
///   something else. Take a new prefix instead.
///
/// A press whose custom id does not fit reaches no [`Press`](super::Press) of the type; see
/// [`no_longer_valid`](super::no_longer_valid).
///
/// # Trust
///
/// Discord's own client sends only custom ids of components that the bot wrote, and nobody should rely on more: a modified
/// client may send others. State whose forging would do harm belongs into [`Signed`](super::Signed), and rights are checked
/// when the press comes, not when the button is made.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no custom id",
    note = "write `#[derive(CustomId)]` and `#[custom_id(\"prefix\")]` on it"
)]
pub trait CustomId: CustomIdValue {
    /// Begins every custom id of the type.
    const PREFIX: &'static str;

    /// Sign behind the prefix of types that antiphon wraps around the type; empty for the type itself.
    const MARK: &'static str = "";

    /// The custom id.
    ///
    /// # Errors
    /// [`CustomIdError::TooLong`] above 100 characters.
    fn custom_id(&self) -> Result<String, CustomIdError> {
        let text = self.to_text();
        let length = text.chars().count();
        if length > MOST {
            return Err(CustomIdError::TooLong { length });
        }
        Ok(text)
    }

    /// The custom id, whose length is not checked; the request that sends it checks it.
    ///
    /// `String::from` is the same.
    fn to_text(&self) -> String {
        write(Self::PREFIX, Self::MARK, self)
    }

    /// Reads a custom id.
    ///
    /// # Errors
    /// [`CustomIdError::Foreign`] for another prefix, [`CustomIdError::Outdated`] if the rest does not fit the type.
    fn from_custom_id(text: &str) -> Result<Self, CustomIdError> {
        read(Self::PREFIX, Self::MARK, text)
    }
}

/// Writes a custom id.
pub(crate) fn write(prefix: &str, mark: &str, value: &impl CustomIdValue) -> String {
    let mut to = CustomIdWriter::begin(prefix, mark);
    value.write(&mut to);
    to.end()
}

/// Reads a custom id.
pub(crate) fn read<T: CustomIdValue>(
    prefix: &str,
    mark: &str,
    text: &str,
) -> Result<T, CustomIdError> {
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix(mark));
    let rest = rest.ok_or(CustomIdError::Foreign)?;
    let rest = match rest.strip_prefix(SEPARATOR) {
        None if rest.is_empty() => None,
        None => return Err(CustomIdError::Foreign),
        rest => rest,
    };
    let mut from = CustomIdReader { rest, part: 0 };
    let value = T::read(&mut from)?;
    from.finish()?;
    Ok(value)
}

/// A value that can be a part of a custom id: whole numbers, texts, `bool`, `char`, ids of Discord, options, lists, tuples,
/// and types with `#[derive(CustomId)]`.
///
/// Numbers are decimal, ids are in base 36, since that takes 13 characters instead of 19.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a custom id",
    note = "whole numbers, texts, `bool`, `char`, ids of Discord, `Option`, `Vec` and tuples can, and types with \
            `#[derive(CustomId)]`"
)]
pub trait CustomIdValue: Sized + Send + Sync + 'static {
    /// Most characters with the separators before them, where that is known; a text counts as empty.
    const LENGTH: usize;

    /// Appends the parts of the value.
    fn write(&self, to: &mut CustomIdWriter);

    /// Reads the parts of the value.
    ///
    /// # Errors
    /// [`CustomIdError::Outdated`] if a part is missing or does not fit.
    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError>;
}

/// A custom id that is being written.
#[derive(Debug)]
pub struct CustomIdWriter(String);

impl CustomIdWriter {
    /// Appends a part; separators in it are escaped.
    pub fn part(&mut self, text: &str) {
        self.0.push(SEPARATOR);
        for letter in text.chars() {
            if letter == SEPARATOR || letter == ESCAPE {
                self.0.push(ESCAPE);
            }
            self.0.push(letter);
        }
    }
}

impl CustomIdWriter {
    /// Begins with a type's prefix and mark.
    pub(crate) fn begin(prefix: &str, mark: &str) -> Self {
        Self(format!("{prefix}{mark}"))
    }

    /// The custom id.
    pub(crate) fn end(self) -> String {
        self.0
    }

    /// Appends parts that are written already.
    pub(crate) fn raw(&mut self, parts: &str) {
        self.0.push_str(parts);
    }
}

/// A custom id that is being read.
#[derive(Debug)]
pub struct CustomIdReader<'a> {
    /// Text behind the last separator that was read; `None` at the end.
    rest: Option<&'a str>,
    /// Number of the part that was read last, from 1.
    part: usize,
}

impl<'a> CustomIdReader<'a> {
    /// Reads the next part.
    ///
    /// # Errors
    /// [`CustomIdError::Outdated`] at the end, and if an escape has nothing behind it.
    pub fn part(&mut self) -> Result<Cow<'a, str>, CustomIdError> {
        self.part += 1;
        let Some(rest) = self.rest else {
            return Err(self.outdated("is missing"));
        };
        let mut is_escaped = false;
        let mut has_escapes = false;
        let end = rest.char_indices().find(|(_, letter)| {
            let ends = *letter == SEPARATOR && !is_escaped;
            is_escaped = *letter == ESCAPE && !is_escaped;
            has_escapes |= is_escaped;
            ends
        });
        if end.is_none() && is_escaped {
            return Err(self.outdated("breaks off"));
        }
        let (part, rest) = match end {
            Some((at, separator)) => (&rest[..at], Some(&rest[at + separator.len_utf8()..])),
            None => (rest, None),
        };
        self.rest = rest;
        Ok(if has_escapes {
            unescaped(part).into()
        } else {
            part.into()
        })
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_none()
    }

    /// Reads a value that older custom ids do not have.
    ///
    /// # Errors
    /// The value's own.
    pub fn or_default<T: CustomIdValue + Default>(&mut self) -> Result<T, CustomIdError> {
        if self.is_at_end() {
            return Ok(T::default());
        }
        T::read(self)
    }

    /// The error of the part that was read last.
    pub fn outdated(&self, reason: &'static str) -> CustomIdError {
        CustomIdError::Outdated {
            part: self.part,
            reason,
        }
    }

    /// Passes over what is left.
    pub(crate) fn skip_all(&mut self) {
        self.rest = None;
    }

    /// Text that is not read yet, with its escapes.
    pub(crate) fn left(&self) -> &'a str {
        self.rest.unwrap_or_default()
    }

    fn finish(&self) -> Result<(), CustomIdError> {
        if self.is_at_end() {
            return Ok(());
        }
        Err(CustomIdError::Outdated {
            part: self.part + 1,
            reason: "is one too many",
        })
    }
}

/// A part without its escapes.
fn unescaped(part: &str) -> String {
    let mut letters = part.chars();
    let next = || match letters.next()? {
        ESCAPE => letters.next(),
        letter => Some(letter),
    };
    std::iter::from_fn(next).collect()
}

/// A custom id could not be written or read.
///
/// It holds no part of the custom id, which a user may have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustomIdError {
    /// The custom id begins with another prefix.
    #[error("the custom id is of another type")]
    Foreign,
    /// The custom id was written by another version of the type, or by nobody who knows it.
    #[error("part {part} of the custom id {reason}: another version wrote it")]
    Outdated {
        /// Number of the part behind the prefix, from 1.
        part: usize,
        /// What is wrong with the part.
        reason: &'static str,
    },
    /// The signature does not fit.
    #[error("the custom id was not signed with this key")]
    Forged,
    /// The custom id is longer than Discord takes.
    #[error(
        "the custom id has {length} characters, where Discord takes 100: keep the state elsewhere, under an id"
    )]
    TooLong {
        /// Its length in characters.
        length: usize,
    },
}

/// Writes the values that are read from one part by `FromStr`.
macro_rules! numbers {
    ($($number:ty: $length:literal),*) => {$(
        impl CustomIdValue for $number {
            const LENGTH: usize = 1 + $length;

            fn write(&self, to: &mut CustomIdWriter) {
                to.part(&self.to_string());
            }

            fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
                let part = from.part()?;
                // Only the form that is written is read: no plus, no zeros before.
                let number: Option<Self> = part.parse().ok().filter(|it: &Self| it.to_string() == *part);
                number.ok_or_else(|| from.outdated("is no number of its type"))
            }
        }
    )*};
}

numbers! { u8: 3, i8: 4, u16: 5, i16: 6, u32: 10, i32: 11, u64: 20, i64: 20 }

impl CustomIdValue for bool {
    const LENGTH: usize = 2;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(if *self { "1" } else { "0" });
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        match &*from.part()? {
            "1" => Ok(true),
            "0" => Ok(false),
            _ => Err(from.outdated("is neither 0 nor 1")),
        }
    }
}

impl CustomIdValue for char {
    // The separator, and an escape.
    const LENGTH: usize = 3;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(self.encode_utf8(&mut [0; 4]));
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let part = from.part()?;
        let mut letters = part.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(from.outdated("is not one character")),
        }
    }
}

impl CustomIdValue for String {
    const LENGTH: usize = 1;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(self);
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        Ok(from.part()?.into_owned())
    }
}

/// Ids in base 36.
impl<M: Send + Sync + 'static> CustomIdValue for Id<M> {
    const LENGTH: usize = 1 + 13;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(&base36(self.get()));
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let part = from.part()?;
        let id = u64::from_str_radix(&part, 36).ok();
        let id = id
            .filter(|id| base36(*id) == part)
            .and_then(Self::new_checked);
        id.ok_or_else(|| from.outdated("is no id"))
    }
}

/// A number in base 36, in small letters.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.extend(char::from_digit(digit, 36));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// An absent value is `-`; one that older custom ids do not have yet is absent too.
impl<T: CustomIdValue> CustomIdValue for Option<T> {
    const LENGTH: usize = 2 + T::LENGTH;

    fn write(&self, to: &mut CustomIdWriter) {
        match self {
            None => to.part("-"),
            Some(value) => {
                to.part("+");
                value.write(to);
            }
        }
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        if from.is_at_end() {
            return Ok(None);
        }
        match &*from.part()? {
            "-" => Ok(None),
            "+" => T::read(from).map(Some),
            _ => Err(from.outdated("is neither - nor +")),
        }
    }
}

/// The number of items, and the items.
impl<T: CustomIdValue> CustomIdValue for Vec<T> {
    const LENGTH: usize = 2;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(&self.len().to_string());
        for item in self {
            item.write(to);
        }
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let count = u8::read(from)?;
        // No item takes less than a separator, unless it takes nothing at all.
        if usize::from(count) > MOST {
            return Err(from.outdated("is no number of items"));
        }
        (0..count).map(|_| T::read(from)).collect()
    }
}

/// Nothing.
impl CustomIdValue for () {
    const LENGTH: usize = 0;

    fn write(&self, _: &mut CustomIdWriter) {}

    fn read(_: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: CustomIdValue),+> CustomIdValue for ($($name,)+) {
            const LENGTH: usize = 0 $(+ $name::LENGTH)+;

            fn write(&self, to: &mut CustomIdWriter) {
                #[expect(non_snake_case, reason = "parts are named as their types are")]
                let ($($name,)+) = self;
                $($name.write(to);)+
            }

            fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
                Ok(($($name::read(from)?,)+))
            }
        }
    )*};
}

tuples! { A; A B; A B C; A B C D; }

/// The state, or why it cannot be read, so that a handler can answer that itself.
///
/// It takes every custom id of the type's prefix.
impl<T: CustomIdValue> CustomIdValue for Result<T, CustomIdError> {
    const LENGTH: usize = T::LENGTH;

    fn write(&self, to: &mut CustomIdWriter) {
        if let Ok(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let value = T::read(from).and_then(|value| from.finish().map(|()| value));
        from.skip_all();
        Ok(value)
    }
}

impl<T: CustomId> CustomId for Result<T, CustomIdError> {
    const PREFIX: &'static str = T::PREFIX;
    const MARK: &'static str = T::MARK;
}

#[cfg(test)]
mod tests {
    use antiphon_discord::model::id::marker::UserMarker;
    use proptest::prelude::*;

    use super::*;

    /// State of every kind of value.
    type Everything = (
        String,
        (Option<String>, Vec<String>, char, bool),
        (u64, i64, Id<UserMarker>),
        Option<(u8, String)>,
    );

    #[track_caller]
    fn outdated(text: &str, part: usize, reason: &str) {
        let read: Result<(u32, Option<String>), _> = read("p", "", text);
        match read {
            Err(CustomIdError::Outdated {
                part: at,
                reason: why,
            }) => assert_eq!((at, why), (part, reason), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_of_another_form_is_a_typed_error() {
        let read = |text| read::<(u32, Option<String>)>("p", "", text);
        assert_eq!(read("p:7:+:la"), Ok((7, Some("la".into()))));
        assert_eq!(
            read("p:7"),
            Ok((7, None)),
            "an older form without the option"
        );
        for foreign in ["", "q:7", "pp:7", "p7", "P:7", "p~:7"] {
            assert_eq!(read(foreign), Err(CustomIdError::Foreign), "{foreign}");
        }
        outdated("p", 1, "is missing");
        outdated("p:", 1, "is no number of its type");
        outdated("p:+7", 1, "is no number of its type");
        outdated("p:07", 1, "is no number of its type");
        outdated("p:4294967296", 1, "is no number of its type");
        outdated("p:7:?", 2, "is neither - nor +");
        outdated("p:7:+", 3, "is missing");
        outdated("p:7:+:la\\", 3, "breaks off");
        outdated("p:7:-:more", 3, "is one too many");
        assert!(
            super::read::<Vec<()>>("p", "", "p:255").is_err(),
            "a count is bounded"
        );
    }

    proptest! {
        #[test]
        fn any_state_comes_back_as_it_was(
            text in "\\PC*|[:\\\\+\\-0-9a]{0,20}", some in proptest::option::of(".*"), list in proptest::collection::vec("[:\\\\]{0,3}|.{0,3}", 0..5),
            letter: char, flag: bool, number: u64, signed: i64, id in 1_u64.., last in proptest::option::of((any::<u8>(), ".*")),
        ) {
            let state: Everything = (text, (some, list, letter, flag), (number, signed, Id::new(id)), last);
            let written = write("p", "~", &state);
            prop_assert_eq!(read::<Everything>("p", "~", &written), Ok(state));
            prop_assert_eq!(read::<Everything>("p", "", &written), Err(CustomIdError::Foreign));
        }

        #[test]
        fn no_custom_id_panics(text in "p[:\\\\+\\-0-9a-z~]{0,30}|\\PC*") {
            if let Ok(state) = read::<Everything>("p", "", &text) {
                prop_assert_eq!(write("p", "", &state), text, "one form of each state");
            }
        }
    }
}
