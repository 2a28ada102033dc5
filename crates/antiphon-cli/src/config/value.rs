//! Values that keys of several tables take.
//!
//! Types here are values that TOML has no type for: a length of time, a file's name, an id that may be too large for a
//! number of other programs. Each says in its schema what it takes, so that errors and the reference page agree with
//! the parser.

use std::{
    fmt::Display,
    net::SocketAddr,
    num::NonZeroU64,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::schema::{ADDRESS, DIGITS, LENGTH, LEVELS};
use crate::{logging::are_levels, time};

/// Default of a number.
pub(crate) fn number<const DEFAULT: usize>() -> usize {
    DEFAULT
}

/// Default of a flag.
pub(crate) fn yes() -> bool {
    true
}

/// Default of a length of time.
pub(crate) fn seconds<const DEFAULT: u64>() -> Length {
    Length(Duration::from_secs(DEFAULT))
}

/// Length of time, written as `10s`, `2m`, `1h30m`, `30d` or `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, title = LENGTH, example = &"30d", example = &"24h", example = &"10m")]
pub(crate) struct Length(pub(crate) Duration);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        time::parse(&text).map(Self)
    }
}

/// Writes the length in the largest unit of which it has at least two, such as `24h` and `7d`.
impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs();
        let units = [("d", 86_400), ("h", 3600), ("m", 60)];
        let is_whole = |(_, unit): &(_, u64)| seconds.is_multiple_of(*unit) && seconds / unit >= 2;
        let (unit, length) = units.into_iter().find(is_whole).unwrap_or(("s", 1));
        serializer.collect_str(&format_args!("{}{unit}", seconds / length))
    }
}

/// Name of a file; a relative one begins at the configuration's folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline, title = "file's name")]
pub(crate) struct FilePath(PathBuf);

impl FilePath {
    pub(crate) fn new(path: &str) -> Self {
        Self(path.into())
    }

    /// The path, from the configuration's folder on.
    pub(crate) fn within(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

/// Whether two addresses cannot be listened on at once: they have one port, and one machine or all of its addresses.
///
/// Port 0 is another one each time.
pub(crate) fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_all = |address: SocketAddr| address.ip().is_unspecified();
    one.port() == other.port()
        && one.port() != 0
        && (one.ip() == other.ip() || is_all(one) || is_all(other))
}

/// Address with its port, such as `127.0.0.1:9464`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, title = ADDRESS, example = &"127.0.0.1:9464")]
pub(crate) struct Address(
    #[serde(deserialize_with = "from_text")]
    #[schemars(with = "String")]
    pub(crate) SocketAddr,
);

/// Level of the log, or levels of its parts, such as `warn,antiphon_queup=debug`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, title = LEVELS, example = &"warn", example = &"warn,antiphon_queup=debug")]
pub(crate) struct Levels(String);

impl Levels {
    /// The directives as they were written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self("warn".to_owned())
    }
}

impl TryFrom<String> for Levels {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if are_levels(&text) {
            Ok(Self(text))
        } else {
            Err("no level of the log")
        }
    }
}

/// Id of Discord's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "NumberOrDigits")]
#[schemars(inline, title = "id", example = &"80351110224678912")]
pub(crate) struct Id(pub(crate) NonZeroU64);

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum NumberOrDigits {
    Number(NonZeroU64),
    #[schemars(title = DIGITS, extend("pattern" = "^[1-9][0-9]*$"))]
    Digits(
        #[serde(deserialize_with = "from_text")]
        #[schemars(with = "String")]
        NonZeroU64,
    ),
}

impl From<NumberOrDigits> for Id {
    fn from(id: NumberOrDigits) -> Self {
        let (NumberOrDigits::Number(id) | NumberOrDigits::Digits(id)) = id;
        Self(id)
    }
}

/// Parses a value that is written as a text, such as an address.
///
/// # Errors
/// The value's own words, without the value.
pub(crate) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}
