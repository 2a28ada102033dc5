//! `[sources.NAME]` with `platform = "queup"`.
//!
//! `rest` and `socket` exist for `antiphon sim`, which listens on addresses of its own; the production URLs are the
//! library's defaults.

use std::collections::{BTreeMap, BTreeSet};

use antiphon::{
    net::{Addresses, AddressesError, Network},
    queup,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::command::sim::write::{Keys, Secrets};
use crate::config::{
    Context,
    proxy::Proxy,
    secret::SecretFrom,
    set,
    value::{FilePath, number, yes},
};
use crate::failure::Failure;

/// QueUp account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queup {
    /// E-mail address or user name of the account.
    email: String,
    /// Password of the account.
    pub(crate) password: SecretFrom,
    /// Rooms to join, by the last part of their address; a room that is named no more is left.
    #[serde(default)]
    #[schemars(example = ["choir-loft"])]
    pub(crate) rooms: Vec<String>,
    /// Passwords of private rooms, by the room's name: `{ choir-loft = { env = "LOFT" } }`.
    ///
    /// Default: none.
    #[serde(default)]
    pub(crate) room_passwords: BTreeMap<String, SecretFrom>,
    /// How many chat messages are fetched for a room after an outage; QueUp's history has about a hundred.
    #[serde(default = "number::<100>")]
    backfill: usize,
    /// Whether the account's private conversations are fetched at the start.
    #[serde(default = "yes")]
    recent_conversations: bool,
    /// File that keeps the session from run to run, made readable by its owner alone; without it each run logs in
    /// anew.
    ///
    /// Default: none.
    #[schemars(example = &"queup.cookies")]
    pub(crate) cookie_file: Option<FilePath>,
    pub(crate) proxy: Option<Proxy>,
    /// How requests introduce themselves.
    ///
    /// Default: `antiphon/` and its version.
    user_agent: Option<String>,
    /// URL where requests go in place of `https://api.queup.net`: the `rest` of `antiphon sim`.
    ///
    /// Default: QueUp.
    pub(crate) rest: Option<String>,
    /// URL where the socket goes in place of `wss://ws.queup.net/ws/`: the `socket` of `antiphon sim`.
    ///
    /// Default: QueUp.
    pub(crate) socket: Option<String>,
    /// Root certificate to trust beside the machine's own, as a PEM file: a company's, or that of `antiphon sim --tls`.
    ///
    /// Default: none.
    #[schemars(example = &"sim.pem")]
    certificate: Option<FilePath>,
}

impl Queup {
    /// The account as a source.
    ///
    /// # Errors
    /// A password of the account or of a room, the proxy's secret or the certificate could not be read; the error names it.
    pub(crate) fn source(&self, context: Context<'_>) -> Result<queup::Source, Failure> {
        Ok(queup::connect(self.config(context)?).1)
    }

    /// The account as the library takes it.
    ///
    /// # Errors
    /// As those of [`Self::source`].
    pub(crate) fn config(&self, context: Context<'_>) -> Result<queup::Config, Failure> {
        let password = context.secret(&self.password, "the password")?;
        let account = queup::Account::new(self.email.as_str(), password);
        let mut config = queup::Config::new(account)
            .name(context.name)
            .rooms(self.rooms.iter().map(String::as_str))
            .only_rooms(true)
            .backfill(self.backfill)
            .recent_conversations(self.recent_conversations);
        for (room, password) in &self.room_passwords {
            let of = format_args!("the password of the room `{room}`");
            config = config.room_password(room.as_str(), context.secret(password, of)?);
        }
        let config = config.network(self.network(context)?);
        let cookies = context.path(self.cookie_file.as_ref());
        let config = set(config, cookies, queup::Config::cookie_file);
        let config = set(config, self.user_agent.as_ref(), queup::Config::user_agent);
        let config = set(config, self.rest.as_ref(), queup::Config::rest);
        let config = set(config, self.socket.as_ref(), queup::Config::socket);
        Ok(config)
    }

    /// Number of rooms that it joins by its configuration.
    pub(crate) fn room_count(&self) -> usize {
        BTreeSet::from_iter(&self.rooms).len()
    }

    /// The way that its connections take.
    ///
    /// # Errors
    /// The proxy's secret or the certificate could not be read.
    pub(crate) fn network(&self, context: Context<'_>) -> Result<Network, Failure> {
        context.network(self.proxy.as_ref(), self.certificate.as_ref())
    }
}

/// Keys of a source for the simulated account that has every right in its room.
pub(crate) fn simulated(
    addresses: &Addresses,
    secrets: &mut Secrets,
) -> Result<Keys, AddressesError> {
    let queup = addresses.platform("queup")?;
    let password = secrets.file("queup-password", queup.secret("password")?);
    let rooms = vec![toml::Value::from(queup.text("room")?)];
    Ok(vec![
        ("email".to_owned(), queup.text("email")?.into()),
        ("password".to_owned(), password),
        ("rooms".to_owned(), rooms.into()),
        ("rest".to_owned(), queup.text("rest")?.into()),
        ("socket".to_owned(), queup.text("socket")?.into()),
    ])
}

/// A source with every key.
#[cfg(test)]
pub(crate) const WHOLE: &str = r#"
[sources.choir]
platform = "queup"
email = "mira@example.org"
password = { env = "QUEUP_PASSWORD" }
rooms = ["choir-loft", "night-radio"]
room_passwords = { night-radio = { env = "NIGHT_RADIO" } }
backfill = 50
recent_conversations = false
user_agent = "choirbot/1"
cookie_file = "/var/lib/choir.cookies"
proxy = { file = "proxy" }
rest = "http://127.0.0.1:7006"
socket = "ws://127.0.0.1:7006/ws/"
certificate = "sim.pem"
"#;
