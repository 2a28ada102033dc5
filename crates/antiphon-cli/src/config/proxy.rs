//! The proxy of a source: its own, one of the environment, or none.
//!
//! A proxy with a login belongs into a secret as a whole, since a URL with a password in it is one. It is parsed when
//! the configuration is read, and when the secret is: a misspelt proxy never becomes a direct connection.

use std::sync::atomic::{AtomicBool, Ordering};

use antiphon::net::{self, EnvironmentProxies, ProxyVariableError};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};
use tracing::info;

use super::{schema::PROXY, secret::SecretFrom};
use crate::{failure::Failure, logging::DAEMON};

/// Proxy for requests and sockets alike, as a URL or, where it has a login, a secret: `http://host:port`, `https://`,
/// `socks5://user:password@host:port`, `socks5h://`, `socks4://` or `socks4a://`; `none` for no proxy.
///
/// Default: as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Proxy {
    /// `None` for the word `none`.
    #[schemars(title = PROXY, example = &"socks5h://127.0.0.1:9050")]
    Url(
        #[serde(deserialize_with = "from_url")]
        #[schemars(with = "String")]
        Option<net::Proxy>,
    ),
    Secret(SecretFrom),
}

/// Reads a proxy's URL, or `none`.
///
/// # Errors
/// The words of `ProxyError`, which repeat nothing of the URL.
pub(crate) fn parse(text: &str) -> Result<Option<net::Proxy>, net::ProxyError> {
    if text == "none" {
        return Ok(None);
    }
    net::Proxy::parse(text).map(Some)
}

fn from_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<net::Proxy>, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Whether a source goes by the environment.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// The proxies of the environment, for a source that names none.
///
/// # Errors
/// A variable that names no proxy.
pub(crate) fn of_environment() -> Result<EnvironmentProxies, Failure> {
    let proxies = EnvironmentProxies::from_env().map_err(|error| {
        let hint = way_out(&error);
        Failure::usage(error.to_string())
            .because(std::error::Error::source(&error).map_or(String::new(), ToString::to_string))
            .hint(hint)
    })?;
    IS_USED.fetch_or(!proxies.is_empty(), Ordering::Relaxed);
    Ok(proxies)
}

/// The way out of a variable that names no proxy.
pub(crate) fn way_out(error: &ProxyVariableError) -> String {
    format!(
        "mend `{}` or unset it; `proxy = \"none\"` of a source does without",
        error.variable()
    )
}

/// Tells once which proxies of the environment are used, without their logins.
pub(crate) fn tell() {
    let is_used = IS_USED.load(Ordering::Relaxed);
    let Some(proxies) = EnvironmentProxies::from_env().ok().filter(|_| is_used) else {
        return;
    };
    for (variable, proxy) in proxies.named() {
        info!(target: DAEMON, variable, "sources without a proxy of their own use {proxy}, as `{variable}` says");
    }
}
