//! The proxy of a source.
//!
//! A proxy with a login belongs into a secret as a whole, since a URL with a password in it is one. It is parsed when
//! the configuration is read, and when the secret is: a misspelt proxy never becomes a direct connection.

use antiphon::net;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{schema::PROXY, secret::SecretFrom};

/// Proxy for requests and sockets alike, as a URL or, where it has a login, a secret: `http://host:port`, `https://`,
/// `socks5://user:password@host:port`, `socks5h://`, `socks4://` or `socks4a://`.
///
/// Default: none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Proxy {
    #[schemars(title = PROXY, example = &"socks5h://127.0.0.1:9050")]
    Url(
        #[serde(deserialize_with = "from_url")]
        #[schemars(with = "String")]
        net::Proxy,
    ),
    Secret(SecretFrom),
}

/// # Errors
/// The words of `ProxyError`, which repeat nothing of the URL.
fn from_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<net::Proxy, D::Error> {
    net::Proxy::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}
