//! Addresses and logins of a simulation, as `antiphon sim` prints them.
//!
//! The simulator writes an [`Addresses`], and each platform's `Config::simulated` reads its part of one. Fields are read
//! one by one, so that an error names the field and never repeats a value, which may be a login.

use std::{fmt, path::Path};

use antiphon_core::{Secret, json_position};
use bytes::Bytes;
use http::{Request, header::AUTHORIZATION};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{HttpError, Network};

/// Addresses and logins of a simulation: what `antiphon sim` prints as its first line, and `GET /` of its control
/// address shows.
///
/// Every platform's `Config::simulated` takes them:
///
/// ```
/// use antiphon_net::Addresses;
///
/// let printed = r#"{"control":"http://127.0.0.1:7000","discord":{"rest":"http://127.0.0.1:7001/api/v10","token":"t"}}"#;
/// let addresses = Addresses::parse(printed)?;
/// assert_eq!(addresses.control, "http://127.0.0.1:7000");
/// assert_eq!(addresses.platform("discord")?.text("rest")?, "http://127.0.0.1:7001/api/v10");
///
/// let error = addresses.platform("discord")?.text("gateway").unwrap_err();
/// assert_eq!(error.to_string(), "the simulator's addresses have no text `discord.gateway`");
/// # Ok::<(), antiphon_net::AddressesError>(())
/// ```
///
/// A program that can run in both places asks the environment ([`Addresses::from_env`]):
///
/// ```no_run
/// use antiphon_net::Addresses;
///
/// match Addresses::from_env()? {
///     Some(addresses) => println!("a simulation, controlled at {}", addresses.control),
///     None => println!("the real platforms"),
/// }
/// # Ok::<(), antiphon_net::AddressesError>(())
/// ```
///
/// Serialising shows the logins, which readers need; `Debug` shows none.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Addresses {
    /// URL that takes commands and shows the ledger.
    pub control: String,
    /// Certificate that clients of a simulation with TLS have to trust, as PEM; [`Addresses::network`] trusts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Addresses and logins of each platform, by its name.
    #[serde(flatten)]
    platforms: Map<String, Value>,
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The platforms' values show passwords and tokens.
        f.debug_struct("Addresses")
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl Addresses {
    /// Variable of the environment that [`Addresses::from_env`] reads.
    pub const VARIABLE: &str = "ANTIPHON_SIM";

    /// Largest text that is read, in bytes.
    pub const BYTES: u64 = 4 << 20;

    /// Puts together the addresses of a simulation: its control address, its certificate, and each platform's own.
    pub fn new<N: Into<String>>(
        control: String,
        certificate: Option<String>,
        platforms: impl IntoIterator<Item = (N, Value)>,
    ) -> Self {
        let platforms = platforms.into_iter();
        Self {
            control,
            certificate,
            platforms: platforms
                .map(|(name, value)| (name.into(), value))
                .collect(),
        }
    }

    /// Reads what `antiphon sim` printed: one JSON object; text behind it is ignored.
    ///
    /// # Errors
    /// [`AddressesError::Empty`] before the simulator has printed anything, [`AddressesError::NotJson`] for anything
    /// but JSON, and [`AddressesError::Missing`] for JSON of something else.
    pub fn parse(text: &str) -> Result<Self, AddressesError> {
        if text.trim().is_empty() {
            return Err(AddressesError::Empty);
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Value::deserialize(&mut reader)
            .map_err(|error| AddressesError::NotJson(json_position(&error)))?;
        let control = value.get("control").and_then(Value::as_str);
        let control = control.ok_or_else(|| AddressesError::missing("", "control", "text"))?;
        let certificate = value.get("certificate").and_then(Value::as_str);
        let platforms = value.as_object().into_iter().flatten();
        Ok(Self::new(
            control.to_owned(),
            certificate.map(str::to_owned),
            platforms
                .filter(|(name, _)| !["control", "certificate"].contains(&name.as_str()))
                .map(|(name, value)| (name.as_str(), value.clone())),
        ))
    }

    /// Reads a file that `antiphon sim > FILE` wrote.
    ///
    /// # Errors
    /// [`AddressesError::File`] if it cannot be read, and the errors of [`Addresses::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, AddressesError> {
        use std::io::Read as _;

        let path = path.as_ref();
        let unread = |source| AddressesError::File {
            path: path.display().to_string(),
            source,
        };
        let file = std::fs::File::open(path).map_err(unread)?;
        let mut text = String::new();
        file.take(Self::BYTES)
            .read_to_string(&mut text)
            .map_err(unread)?;
        Self::parse(&text)
    }

    /// Reads the addresses that the environment names in `ANTIPHON_SIM`: the JSON itself, or the name of a file with it.
    ///
    /// Returns `None` if the variable is absent or empty, so that one program runs in a simulation and in earnest.
    ///
    /// # Errors
    /// The errors of [`Addresses::read`] and [`Addresses::parse`].
    pub fn from_env() -> Result<Option<Self>, AddressesError> {
        let Some(value) = std::env::var_os(Self::VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) if text.trim_start().starts_with('{') => Self::parse(text).map(Some),
            _ => Self::read(value).map(Some),
        }
    }

    /// Asks a running simulator: `GET /` of its control address.
    ///
    /// `token` is the value of `ANTIPHON_SIM_TOKEN` that the simulator was started with, if any.
    ///
    /// # Errors
    /// [`AddressesError::Control`] if there is no answer, [`AddressesError::Refused`] for a status other than 200, and
    /// the errors of [`Addresses::parse`].
    pub async fn fetch(control: &str, token: Option<&Secret>) -> Result<Self, AddressesError> {
        let mut request = Request::get(format!("{}/", control.trim_end_matches('/')));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let request = request
            .body(Bytes::new())
            .map_err(|_| AddressesError::ControlUrl)?;
        let answer = Network::new().http().send(request).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(AddressesError::Refused(answer.status().as_u16()));
        }
        Self::parse(&String::from_utf8_lossy(answer.body()))
    }

    /// Addresses and logins of one platform, by its name: `discord`, `lavalink`, `queup`, `stackexchange`.
    ///
    /// # Errors
    /// [`AddressesError::Missing`] if the simulation has no such platform.
    pub fn platform<'a>(&'a self, name: &'a str) -> Result<AddressesOf<'a>, AddressesError> {
        let value = self.platforms.get(name);
        let value = value.filter(|value| value.is_object() || value.is_array());
        Ok(AddressesOf {
            value: value.ok_or_else(|| AddressesError::missing("", name, "entry"))?,
            path: name.to_owned(),
        })
    }

    /// The internet, with trust in the simulation's certificate if it has one.
    pub fn network(&self) -> Network {
        match &self.certificate {
            Some(certificate) => Network::new().root_certificate(certificate.as_bytes()),
            None => Network::new(),
        }
    }
}

/// One platform's part of [`Addresses`], or a part of that.
#[derive(Clone)]
pub struct AddressesOf<'a> {
    /// Where it stands, for errors: `queup.accounts.1`.
    path: String,
    value: &'a Value,
}

impl fmt::Debug for AddressesOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AddressesOf").field(&self.path).finish()
    }
}

impl<'a> AddressesOf<'a> {
    /// Text of a field.
    ///
    /// # Errors
    /// [`AddressesError::Missing`] if there is no such field, or it holds another kind of value.
    pub fn text(&self, field: &str) -> Result<&'a str, AddressesError> {
        let value = self.value.get(field).and_then(Value::as_str);
        value.ok_or_else(|| AddressesError::missing(&self.path, field, "text"))
    }

    /// Login of a field: a token or a password.
    ///
    /// # Errors
    /// As [`AddressesOf::text`].
    pub fn secret(&self, field: &str) -> Result<Secret, AddressesError> {
        self.text(field).map(Secret::from)
    }

    /// Whole number of a field.
    ///
    /// # Errors
    /// As [`AddressesOf::text`].
    pub fn number(&self, field: &str) -> Result<i64, AddressesError> {
        let value = self.value.get(field).and_then(Value::as_i64);
        value.ok_or_else(|| AddressesError::missing(&self.path, field, "number"))
    }

    /// Items of a list in a field.
    ///
    /// # Errors
    /// As [`AddressesOf::text`].
    pub fn list(&self, field: &str) -> Result<Vec<AddressesOf<'a>>, AddressesError> {
        let missing = || AddressesError::missing(&self.path, field, "list");
        let value = self.value.get(field).ok_or_else(missing)?;
        let path = format!("{}.{field}", self.path);
        AddressesOf { path, value }
            .items()
            .map_err(|_: AddressesError| missing())
    }

    /// Items of a platform whose addresses are a list, as Lavalink's nodes are.
    ///
    /// # Errors
    /// As [`AddressesOf::text`].
    pub fn items(&self) -> Result<Vec<AddressesOf<'a>>, AddressesError> {
        let items = self.value.as_array();
        let items = items.ok_or_else(|| AddressesError::missing("", &self.path, "list"))?;
        let items = items.iter().enumerate();
        Ok(items
            .map(|(number, value)| AddressesOf {
                path: format!("{}.{number}", self.path),
                value,
            })
            .collect())
    }
}

/// The addresses of a simulation could not be had.
///
/// No message repeats a value, since values are logins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressesError {
    /// The text is empty: the simulator has not printed its first line yet.
    #[error("the simulator's addresses are empty: it prints them once it listens")]
    Empty,
    /// The text is no JSON; the position is that of the first mistake.
    #[error(
        "the simulator's addresses are no JSON ({0}): take the first line that `antiphon sim` prints"
    )]
    NotJson(String),
    /// A field is absent, or has another kind of value.
    #[error("the simulator's addresses have no {expected} `{field}`")]
    Missing {
        /// Path of the field, such as `queup.rest`.
        field: String,
        /// Kind of value that belongs there: `text`, `number`, `list`, `entry`.
        expected: &'static str,
    },
    /// The file could not be read.
    #[error("could not read the simulator's addresses in {path}")]
    File {
        /// Name of the file.
        path: String,
        /// Reason of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The control address is no URL.
    #[error("the control address is no URL: take the `control` that `antiphon sim` prints")]
    ControlUrl,
    /// The control address gave no answer.
    #[error("the simulator's control address gave no answer")]
    Control(#[from] HttpError),
    /// The control address refused, with this status; 401 means a missing or wrong token.
    #[error("the simulator's control address refused with status {0}")]
    Refused(u16),
}

impl AddressesError {
    fn missing(path: &str, field: &str, expected: &'static str) -> Self {
        let joint = if path.is_empty() { "" } else { "." };
        Self::Missing {
            field: format!("{path}{joint}{field}"),
            expected,
        }
    }

    /// The addresses have this field, but its value is of no use here.
    pub fn unusable(field: &str, expected: &'static str) -> Self {
        Self::missing("", field, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{"control":"http://127.0.0.1:7000","lavalink":[{"name":"eu-1","url":"http://127.0.0.1:7003","password":"canary-7f3a"}],"queup":{"rest":"http://127.0.0.1:7006","room_id":7,"accounts":[]}}"#;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Addresses::parse(text).expect_err("no addresses");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_was_printed_is_read_and_written_again() {
        let text = format!("{PRINTED}\n{{\"something\":\"else\"}}\n");
        let addresses = Addresses::parse(&text).expect("addresses");
        assert_eq!(addresses.control, "http://127.0.0.1:7000");
        let nodes = addresses.platform("lavalink").expect("nodes");
        let nodes = nodes.items().expect("a list");
        assert_eq!(nodes[0].text("name").expect("a name"), "eu-1");
        let password = nodes[0].secret("password").expect("a password");
        assert_eq!(password.expose(), "canary-7f3a");
        let queup = addresses.platform("queup").expect("QueUp");
        assert_eq!(queup.number("room_id").expect("a number"), 7);
        assert!(queup.list("accounts").expect("a list").is_empty());
        let written = serde_json::to_string(&addresses).expect("JSON");
        let again: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(again, serde_json::from_str::<Value>(PRINTED).expect("JSON"));
        assert!(!format!("{addresses:?} {queup:?}").contains("canary"));
    }

    #[test]
    fn errors_name_the_field_and_repeat_no_value() {
        refused(
            " \n",
            "the simulator's addresses are empty: it prints them once it listens",
        );
        refused("[1]", "the simulator's addresses have no text `control`");
        let error = Addresses::parse("{\"control\": canary-7f3a").expect_err("no JSON");
        assert!(matches!(error, AddressesError::NotJson(_)));
        assert!(!format!("{error} {error:?}").contains("canary"));

        let addresses = Addresses::parse(PRINTED).expect("addresses");
        let of = |error: AddressesError| error.to_string();
        assert_eq!(
            addresses.platform("discord").map_err(of).expect_err("none"),
            "the simulator's addresses have no entry `discord`"
        );
        let queup = addresses.platform("queup").expect("QueUp");
        for (result, expected) in [
            (queup.text("socket").err(), "no text `queup.socket`"),
            (queup.text("room_id").err(), "no text `queup.room_id`"),
            (queup.number("rest").err(), "no number `queup.rest`"),
            (queup.list("rest").err(), "no list `queup.rest`"),
            (queup.items().err(), "no list `queup`"),
        ] {
            let said = result.expect("it is missing").to_string();
            assert!(said.ends_with(expected), "{said}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Addresses::read("no/such/file.json").expect_err("there is none");
        assert_eq!(
            error.to_string(),
            "could not read the simulator's addresses in no/such/file.json"
        );
    }
}
