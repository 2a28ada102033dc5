//! Small values that are written back as they were read.
//!
//! Where a type of its own costs little, a value keeps the form in which it was sent: a discriminator its zeros, a nonce whether
//! it was a number, a picture its name. Writing an object that was read gives what was read.

use std::fmt;

use antiphon_core::lenient::{Json, Reader};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::read::{Read, missing};

/// Hash of an image on Discord's servers: usually 32 hexadecimal digits, after `a_` if the image is animated.
///
/// Any other text, such as the asset of a decoration (`v2_a_…`), is kept as it is.
///
/// ```
/// # use antiphon_discord_model::ImageHash;
/// let hash = ImageHash::from("a_8342729096ea3675442027381ff50dfe");
/// assert!(hash.is_animated());
/// assert_eq!(hash.to_string(), "a_8342729096ea3675442027381ff50dfe");
/// ```
///
/// It is part of a URL at Discord's servers: `https://cdn.discordapp.com/avatars/<user>/<hash>.png`
/// ([Discord's page](https://discord.com/developers/docs/reference#image-formatting)).
/// The usual form takes 17 bytes instead of a text of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ImageHash(Hash);

/// Form in which a name is kept.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Hash {
    /// 32 hexadecimal digits, after `a_` if animated.
    Usual { hash: [u8; 16], is_animated: bool },
    /// Any other name, as it was sent.
    Other(Box<str>),
}

impl ImageHash {
    /// Whether the name marks the image as animated.
    ///
    /// An animated one may be had as `.gif` too.
    pub fn is_animated(&self) -> bool {
        match &self.0 {
            Hash::Usual { is_animated, .. } => *is_animated,
            Hash::Other(name) => name.starts_with("a_") || name.contains("_a_"),
        }
    }
}

impl From<&str> for ImageHash {
    fn from(name: &str) -> Self {
        let (digits, is_animated) = match name.strip_prefix("a_") {
            Some(digits) => (digits, true),
            None => (name, false),
        };
        let mut hash = [0; 16];
        let is_usual = digits.len() == 32
            && digits.bytes().enumerate().all(|(at, digit)| {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return false,
                };
                hash[at / 2] = hash[at / 2] << 4 | value;
                true
            });
        Self(if is_usual {
            Hash::Usual { hash, is_animated }
        } else {
            Hash::Other(name.into())
        })
    }
}

impl fmt::Display for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Hash::Usual { hash, is_animated } => {
                let prefix = if *is_animated { "a_" } else { "" };
                write!(f, "{prefix}{:032x}", u128::from_be_bytes(*hash))
            }
            Hash::Other(name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Read for ImageHash {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.text("the name of a picture")
            .map(|name| Self::from(&*name))
    }

    fn stand_in() -> Self {
        Self::from("")
    }
}

impl Serialize for ImageHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Discriminator of a user's name: four digits in the old form, `0` in the new one.
///
/// New names have none, which Discord writes as `0`; the old form is `#0042` behind the name.
///
/// ```
/// use antiphon_discord_model::{User, from_str};
///
/// let (old, _) = from_str::<User>(r#"{"id":"33","username":"eve","discriminator":"0042"}"#)?;
/// assert_eq!((old.discriminator.get(), old.discriminator.to_string()), (42, "0042".into()));
/// assert!(old.discriminator == 42);
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Discriminator {
    /// Digits as a number; 0 for a new name.
    number: u16,
    /// Number of digits that were sent, so that zeros stay.
    width: u8,
}

impl Discriminator {
    /// The digits as a number.
    ///
    /// 0 for a new name, which has no discriminator.
    pub fn get(self) -> u16 {
        self.number
    }
}

impl PartialEq<u16> for Discriminator {
    fn eq(&self, number: &u16) -> bool {
        self.number == *number
    }
}

impl fmt::Display for Discriminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:0width$}",
            self.number,
            width = usize::from(self.width)
        )
    }
}

impl fmt::Debug for Discriminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Read for Discriminator {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let is_text = from.peek() == b'"';
        let start = from.at();
        let number = from.small("a discriminator")?;
        let length = from.at() - start - 2 * usize::from(is_text);
        let width = u8::try_from(length.min(5)).unwrap_or_default();
        Some(Self { number, width })
    }

    fn stand_in() -> Self {
        Self::default()
    }
}

impl Serialize for Discriminator {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// An id that may be 0, or whose kind another field names.
///
/// An entitlement's owner may be a guild or a user, and Discord names which in another field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// Converts to an id of a certain kind; `None` for 0.
    ///
    /// ```
    /// use antiphon_discord_model::{Snowflake, id::{Id, marker::UserMarker}};
    ///
    /// let owner = Snowflake(33);
    /// assert_eq!(owner.id::<UserMarker>(), Some(Id::new(33)));
    /// assert!(Snowflake(0).id::<UserMarker>().is_none());
    /// ```
    pub fn id<M>(self) -> Option<crate::id::Id<M>> {
        crate::id::Id::new_checked(self.0)
    }
}

impl Read for Snowflake {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.unsigned("an id").map(Self)
    }

    fn stand_in() -> Self {
        Self::default()
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// A whole number or one with a fraction.
///
/// Discord writes both as JSON numbers; a whole one is compared exactly.
///
/// ```
/// use antiphon_discord_model::Number;
///
/// assert_eq!(Number::Integer(2).as_f64(), Number::Float(2.0).as_f64());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    ///
    /// Without a point or an exponent.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
}

impl Number {
    /// The number as a float; above 2^53 not every whole number is exact.
    #[expect(clippy::cast_precision_loss, reason = "said in the documentation")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::Integer(0)
    }
}

impl Read for Number {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.is_whole() {
            from.integer().map(Self::Integer)
        } else {
            from.float().map(Self::Float)
        }
    }

    fn stand_in() -> Self {
        Self::default()
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(number) => to.serialize_i64(*number),
            Self::Float(number) => to.serialize_f64(*number),
        }
    }
}

/// A value that an option of a command offers as a choice.
///
/// A choice has a text or a number, as its option's type says.
///
/// ```
/// use antiphon_discord_model::{ChoiceValue, CommandOptionChoice};
///
/// let choice = CommandOptionChoice {
///     name: "Miserere".into(),
///     value: ChoiceValue::String("miserere".into()),
///     ..CommandOptionChoice::default()
/// };
/// assert_eq!(serde_json::to_value(&choice)?, serde_json::json!({"name": "Miserere", "value": "miserere"}));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChoiceValue {
    /// A text.
    String(String),
    /// A number.
    Number(Number),
    /// Anything else, as it was sent.
    Unknown(Json),
}

impl Default for ChoiceValue {
    fn default() -> Self {
        Self::String(String::new())
    }
}

impl Read for ChoiceValue {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match from.peek() {
            b'"' => from.string().map(Self::String),
            b'0'..=b'9' | b'-' => Number::read(from).map(Self::Number),
            _ => from.json().map(Self::Unknown),
        }
    }

    fn stand_in() -> Self {
        Self::default()
    }
}

impl Serialize for ChoiceValue {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => text.serialize(to),
            Self::Number(number) => number.serialize(to),
            Self::Unknown(json) => json.serialize(to),
        }
    }
}

/// Nonce of a message, by which its sender recognises it.
///
/// Discord sends back what the sender gave, a text of at most 25 characters or a number.
///
/// ```
/// use antiphon_discord_model::Nonce;
///
/// assert!(Nonce::Integer(7) == *"7" && Nonce::String("7".into()) == *"7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Nonce {
    /// A text.
    String(String),
    /// A number.
    Integer(i64),
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
        }
    }
}

impl PartialEq<str> for Nonce {
    fn eq(&self, text: &str) -> bool {
        match self {
            Self::String(own) => own == text,
            Self::Integer(number) => number.to_string() == text,
        }
    }
}

impl Read for Nonce {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.is_whole() {
            from.integer().map(Self::Integer)
        } else {
            from.string().map(Self::String)
        }
    }

    fn stand_in() -> Self {
        Self::String(String::new())
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => text.serialize(to),
            Self::Integer(number) => number.serialize(to),
        }
    }
}

/// Whether a field was sent, whose value Discord always writes as null.
///
/// A role's tags are written like that: null means yes, absent means no (protocol §10.1).
/// A compatible server that sends `false` means no as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Present(pub bool);

impl Read for Present {
    const OPTIONAL: bool = true;

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let is_present = from.peek() != b'f';
        from.skip();
        Some(Self(is_present))
    }

    fn stand_in() -> Self {
        Self(false)
    }

    fn is_absent(&self) -> bool {
        !self.0
    }
}

impl Serialize for Present {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }
}

/// A button of an activity; bots get only the label.
///
/// A user's own client sends both the label and the URL; bots get the label alone, as a text instead of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ActivityButton {
    /// Text on the button.
    ///
    /// At most 32 characters, as Discord allows.
    pub label: String,
    /// URL of the button.
    ///
    /// Absent for bots.
    pub url: Option<String>,
}

impl Read for ActivityButton {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if from.peek() != b'{' {
            let label = from.string()?;
            return Some(Self { label, url: None });
        }
        let at = from.at();
        let mut fields = from.object()?;
        let (mut label, mut url) = (None, None);
        while let Some(name) = fields.next(from) {
            match &*name {
                "label" => label = Read::read(from),
                "url" => url = Read::read(from).flatten(),
                _ => from.skip(),
            }
        }
        if label.is_none() {
            missing(from, at, "label", false);
        }
        let label = label.unwrap_or_default();
        Some(Self { label, url })
    }

    fn stand_in() -> Self {
        Self::default()
    }
}

impl Serialize for ActivityButton {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(url) = &self.url else {
            return self.label.serialize(to);
        };
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("label", &self.label)?;
        map.serialize_entry("url", url)?;
        map.end()
    }
}

deserialize!(
    ActivityButton,
    ChoiceValue,
    Discriminator,
    ImageHash,
    Nonce,
    Number,
    Present,
    Snowflake
);
