//! `[sources.NAME]` with `platform = "stackexchange"`.
//!
//! One table is one account on one of the three servers; for two servers write two tables. `url` leads every host of the
//! platform to one server, which is how `antiphon sim` is reached: the login, the chat server and the sockets are
//! different hosts.

use std::{collections::BTreeSet, num::NonZeroU64};

use antiphon::{
    net::{Addresses, AddressesError, Network},
    stackexchange,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::sim::write::{Keys, Secrets};
use crate::config::{
    Context,
    proxy::Proxy,
    schema::SERVER,
    secret::SecretFrom,
    set,
    value::{FilePath, Length, number, seconds, yes},
};
use crate::failure::Failure;

/// Account of a Stack Exchange chat server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StackExchange {
    /// E-mail address of the account.
    email: String,
    /// Password of the account.
    password: SecretFrom,
    /// Chat server.
    #[serde(default)]
    pub(crate) server: Server,
    /// Rooms to join, by their numbers; a room that is named no more is left.
    #[serde(default)]
    #[schemars(example = [4242])]
    pub(crate) rooms: Vec<NonZeroU64>,
    /// Sockets: `shared`, one for all rooms; `per-room`, one for each.
    #[serde(default)]
    pub(crate) sockets: Sockets,
    /// File that keeps the login from run to run, made readable by its owner alone; without it each run logs in anew,
    /// and many logins bring a challenge that only a person can answer.
    ///
    /// Default: none.
    #[schemars(example = &"chat.cookies")]
    pub(crate) cookie_file: Option<FilePath>,
    /// How many events are fetched for a room after an outage that the socket cannot replay.
    #[serde(default = "number::<1000>")]
    backfill: usize,
    /// How often events are asked for while no socket can be had.
    #[serde(default = "seconds::<5>")]
    pub(crate) poll_interval: Length,
    /// Whether mentions are acknowledged once they are stored, which clears the account's inbox.
    #[serde(default = "yes")]
    pub(crate) acknowledge: bool,
    proxy: Option<Proxy>,
    /// How requests introduce themselves.
    ///
    /// Default: `Mozilla/5.0 (compatible; antiphon/…)`.
    user_agent: Option<String>,
    /// Server that stands for all hosts of the platform: the `url` of `antiphon sim`. It excludes `proxy`.
    ///
    /// Default: the hosts themselves.
    #[schemars(title = SERVER, example = &"http://127.0.0.1:7007")]
    pub(crate) url: Option<String>,
    /// Root certificate to trust beside the machine's own, as a PEM file: a company's, or that of `antiphon sim --tls`.
    ///
    /// Default: none.
    #[schemars(example = &"sim.pem")]
    certificate: Option<FilePath>,
}

/// Chat server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum Server {
    /// Every site of the network but the other two.
    #[default]
    #[serde(rename = "chat.stackexchange.com")]
    StackExchange,
    /// Stack Overflow.
    #[serde(rename = "chat.stackoverflow.com")]
    StackOverflow,
    /// Meta Stack Exchange.
    #[serde(rename = "chat.meta.stackexchange.com")]
    MetaStackExchange,
}

/// How rooms share sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum Sockets {
    /// One socket for all rooms.
    #[default]
    Shared,
    /// One socket for each room.
    PerRoom,
}

impl StackExchange {
    /// The account as a source.
    ///
    /// # Errors
    /// The password, the proxy's secret or the certificate could not be read, or both `proxy` and `url` are given.
    pub(crate) fn source(&self, context: Context<'_>) -> Result<stackexchange::Source, Failure> {
        Ok(stackexchange::connect(self.config(context)?).1)
    }

    /// The account as the library takes it.
    ///
    /// # Errors
    /// As those of [`Self::source`].
    pub(crate) fn config(&self, context: Context<'_>) -> Result<stackexchange::Config, Failure> {
        let password = context.secret(&self.password, "the password")?;
        let account = stackexchange::Account::new(self.email.as_str(), password);
        let rooms = self.rooms.iter();
        if self.url.is_some() && self.proxy.is_some() {
            let error = Failure::usage(format!(
                "[sources.{}] has both `proxy` and `url`",
                context.name
            ));
            return Err(error.hint("leave one of them out"));
        }
        let config = stackexchange::Config::new(account)
            .name(context.name)
            .server(match self.server {
                Server::StackExchange => stackexchange::Server::StackExchange,
                Server::StackOverflow => stackexchange::Server::StackOverflow,
                Server::MetaStackExchange => stackexchange::Server::MetaStackExchange,
            })
            .rooms(rooms.map(|room| i64::try_from(room.get()).unwrap_or(i64::MAX)))
            .only_rooms(true)
            .sockets(match self.sockets {
                Sockets::Shared => stackexchange::Sockets::Shared,
                Sockets::PerRoom => stackexchange::Sockets::PerRoom,
            })
            .backfill(self.backfill)
            .poll_interval(self.poll_interval.0)
            .acknowledge(self.acknowledge)
            .network(self.network(context)?);
        let cookies = context.path(self.cookie_file.as_ref());
        let config = set(config, cookies, stackexchange::Config::cookie_file);
        let config = set(
            config,
            self.user_agent.as_ref(),
            stackexchange::Config::user_agent,
        );
        let config = set(config, self.url.as_ref(), stackexchange::Config::url);
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
    let chat = addresses.platform("stackexchange")?;
    let password = secrets.file("stackexchange-password", chat.secret("password")?);
    let servers = chat.list("servers")?;
    let unknown = || AddressesError::unusable("stackexchange.servers.0", "chat server");
    let server = servers.first().ok_or_else(unknown)?.text("chat")?;
    let rooms = vec![toml::Value::from(chat.number("room")?)];
    Ok(vec![
        ("email".to_owned(), chat.text("email")?.into()),
        ("password".to_owned(), password),
        ("server".to_owned(), server.into()),
        ("rooms".to_owned(), rooms.into()),
        ("url".to_owned(), chat.text("url")?.into()),
    ])
}

/// A source with every key.
#[cfg(test)]
pub(crate) const WHOLE: &str = r#"
[sources.tea]
platform = "stackexchange"
email = "mira@example.org"
password = { env = "SE_PASSWORD" }
server = "chat.meta.stackexchange.com"
rooms = [4242, 17]
sockets = "per-room"
poll_interval = "3s"
acknowledge = false
url = "http://127.0.0.1:7007"
certificate = "sim.pem"
"#;
