//! Proxies: their addresses, and how each kind is asked for a tunnel.
//!
//! A proxy is asked for a tunnel and then left alone: TLS and HTTP go end to end through it, also for `http` URIs.
//! Reading its URL is strict, since a proxy that is misread would be a connection past it.

mod connect;
mod environment;
mod socks;

use std::{borrow::Cow, fmt};

use ::http::Uri;
use antiphon_core::Secret;
use percent_encoding::percent_decode_str;

pub use self::environment::{EnvironmentProxies, ProxyVariableError};
use crate::{ConnectError, Phase, Stream, network::Target, url};

/// A proxy that makes tunnels, for HTTP and WebSocket alike.
///
/// | scheme | protocol | default port | login | names are looked up by |
/// | --- | --- | --- | --- | --- |
/// | `http` | HTTP CONNECT, also for `http` and `ws` URIs | 80 | name and password | the proxy |
/// | `https` | the same, with TLS on the way to the proxy | 443 | name and password | the proxy |
/// | `socks5` | SOCKS 5 (RFC 1928, RFC 1929) | 1080 | name and password | this machine |
/// | `socks5h` | SOCKS 5 | 1080 | name and password | the proxy |
/// | `socks4` | SOCKS 4, for IPv4 only | 1080 | a name | this machine |
/// | `socks4a` | SOCKS 4a | 1080 | a name | the proxy |
///
/// `Display` and `Debug` show no login.
///
/// ```
/// use antiphon_net::Proxy;
///
/// let proxy = Proxy::parse("socks5h://mira:s3cr%40t@proxy.example:9050")?;
/// assert_eq!(format!("{proxy}"), "socks5h://<redacted>@proxy.example:9050");
/// # Ok::<(), antiphon_net::ProxyError>(())
/// ```
///
/// ```
/// use antiphon_net::{Network, Proxy, ProxyError};
///
/// // Tor, which must also look the names up.
/// let tor = Network::new().proxy(Proxy::parse("socks5h://127.0.0.1:9050")?);
/// assert_eq!(Proxy::parse("127.0.0.1:9050").err(), Some(ProxyError::NoUri));
/// assert_eq!(Proxy::parse("socks6://proxy.example").err(), Some(ProxyError::UnknownScheme));
/// assert_eq!(Proxy::parse("http://proxy.example:99999").err(), Some(ProxyError::Port));
/// assert!(matches!(Proxy::parse("socks4://mira:secret@proxy.example"), Err(ProxyError::Login(_))));
/// # drop(tor);
/// # Ok::<(), ProxyError>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    protocol: Protocol,
    /// In lower case, without brackets.
    host: String,
    port: u16,
    login: Option<Login>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Https,
    Socks5(Names),
    Socks4(Names),
}

/// Where names are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Here,
    There,
}

/// Both are secrets: a name alone tells whose proxy it is.
#[derive(Clone)]
struct Login {
    name: Secret,
    password: Secret,
}

/// A proxy's URI cannot be used; it is not repeated, since it may hold a password.
///
/// Each message says how a proxy is written, and is fit for a user's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is no URI, or has no host, or has a path.
    #[error("a proxy is written as scheme://name:password@host:port")]
    NoUri,
    /// The scheme is not one of a known protocol.
    #[error("a proxy's scheme is one of http, https, socks5, socks5h, socks4 and socks4a")]
    UnknownScheme,
    /// The port is no number from 1 to 65535.
    #[error("a proxy's port is a number from 1 to 65535")]
    Port,
    /// The proxy's protocol cannot carry the login.
    #[error("{0}")]
    Login(&'static str),
}

impl Proxy {
    /// Reads `scheme://host:port` or `scheme://name:password@host:port`.
    ///
    /// Characters of the login that mean something in a URI (`@`, `:`, `/`, `%`) are written as `%40` and so on.
    ///
    /// # Errors
    ///
    /// [`ProxyError`], when this is no such URI, or the protocol cannot carry the login.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let uri: Uri = text.trim().parse().map_err(|_| ProxyError::NoUri)?;
        let (protocol, port) = match uri.scheme_str() {
            Some("http") => (Protocol::Http, 80),
            Some("https") => (Protocol::Https, 443),
            Some("socks5") => (Protocol::Socks5(Names::Here), 1080),
            Some("socks5h") => (Protocol::Socks5(Names::There), 1080),
            Some("socks4") => (Protocol::Socks4(Names::Here), 1080),
            Some("socks4a") => (Protocol::Socks4(Names::There), 1080),
            Some(_) => return Err(ProxyError::UnknownScheme),
            None => return Err(ProxyError::NoUri),
        };
        let host = url::host(&uri).map_err(|_| ProxyError::NoUri)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(ProxyError::NoUri);
        }
        let login = uri
            .authority()
            .and_then(|authority| authority.as_str().rsplit_once('@'));
        let login = login
            .map(|(login, _)| Login::parse(login, protocol))
            .transpose()?;
        Ok(Self {
            protocol,
            host,
            port: url::port(&uri)
                .map_err(|_| ProxyError::Port)?
                .unwrap_or(port),
            login,
        })
    }

    /// The proxy itself as a server.
    pub(crate) fn target(&self) -> Target {
        Target {
            host: self.host.clone(),
            port: self.port,
            is_secure: self.protocol == Protocol::Https,
        }
    }

    /// Whether names are looked up here and the proxy is given addresses.
    pub(crate) fn wants_address(&self) -> bool {
        matches!(
            self.protocol,
            Protocol::Socks5(Names::Here) | Protocol::Socks4(Names::Here)
        )
    }

    /// Whether the proxy's protocol has IPv6 addresses.
    pub(crate) fn knows_ipv6(&self) -> bool {
        !matches!(self.protocol, Protocol::Socks4(_))
    }

    /// Asks for a tunnel to `target`, on a connection to the proxy.
    pub(crate) async fn tunnel(
        &self,
        stream: Stream,
        target: &Target,
        head: usize,
    ) -> Result<Stream, ConnectError> {
        let login = self.login.as_ref();
        let outcome = match self.protocol {
            Protocol::Http | Protocol::Https => connect::tunnel(stream, target, login, head).await,
            Protocol::Socks5(_) => socks::tunnel5(stream, target, login).await,
            Protocol::Socks4(_) => socks::tunnel4(stream, target, login).await,
        };
        outcome.map_err(|refusal| {
            let target = format!("{target} through {self}");
            match refusal {
                Refusal::Permanent(why) => ConnectError::permanent(Phase::Proxy, &target, why),
                Refusal::Passing(why) => ConnectError::transient(Phase::Proxy, &target, why),
                Refusal::Broken(error) => ConnectError::io(Phase::Proxy, &target, error),
            }
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Socks5(Names::Here) => "socks5",
            Protocol::Socks5(Names::There) => "socks5h",
            Protocol::Socks4(Names::Here) => "socks4",
            Protocol::Socks4(Names::There) => "socks4a",
        };
        let login = if self.login.is_some() {
            "<redacted>@"
        } else {
            ""
        };
        write!(f, "{scheme}://{login}{}", self.target())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Login {
    fn parse(text: &str, protocol: Protocol) -> Result<Self, ProxyError> {
        let (name, password) = match text.split_once(':') {
            Some((name, password)) => (name, Some(password)),
            None => (text, None),
        };
        let decoded = |text| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(ProxyError::Login("a proxy's login is not UTF-8")),
        };
        let has_password = password.is_some();
        let (name, password) = (decoded(name)?, decoded(password.unwrap_or_default())?);
        let problem = match protocol {
            Protocol::Http | Protocol::Https => name
                .contains(':')
                .then_some("a login name for HTTP has no colon"),
            Protocol::Socks5(_) => (name.is_empty() || name.len() > 255 || password.len() > 255)
                .then_some("name and password for SOCKS 5 have 1 to 255 bytes"),
            Protocol::Socks4(_) if has_password => Some("SOCKS 4 knows no passwords"),
            Protocol::Socks4(_) => name
                .contains('\0')
                .then_some("a login name for SOCKS 4 has no zero byte"),
        };
        if let Some(problem) = problem {
            return Err(ProxyError::Login(problem));
        }
        Ok(Self {
            name: name.into(),
            password: password.into(),
        })
    }
}

/// The reason why a proxy gave no tunnel.
///
/// Which of them an answer is decides whether a source tries again.
enum Refusal {
    /// A refusal that a new try meets again.
    Permanent(Cow<'static, str>),
    /// A refusal that may pass.
    Passing(Cow<'static, str>),
    /// The connection to the proxy broke.
    Broken(std::io::Error),
}

impl Refusal {
    fn permanent(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Permanent(why.into())
    }

    fn passing(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Passing(why.into())
    }

    /// The proxy wants a login, or not this one.
    fn login(login: Option<&Login>) -> Self {
        Self::permanent(match login {
            Some(_) => "the proxy does not accept the login",
            None => "the proxy asks for a login",
        })
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error)
    }
}
