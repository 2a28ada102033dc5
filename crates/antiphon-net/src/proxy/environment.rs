//! Proxies that the environment names, read as curl reads them.

use std::net::IpAddr;

use ::http::Uri;

use super::{Proxy, ProxyError};
use crate::network::Target;

/// Proxies that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
///
/// | variable | is for |
/// | --- | --- |
/// | `https_proxy`, `HTTPS_PROXY` | URIs with `https` and `wss` |
/// | `http_proxy`, `HTTP_PROXY` | URIs with `http` and `ws` |
/// | `all_proxy`, `ALL_PROXY` | what the others leave out |
/// | `no_proxy`, `NO_PROXY` | hosts that are reached without a proxy, separated by commas or blanks |
///
/// Lower case counts before upper case, and an empty variable counts as none. A proxy without a scheme is one of HTTP.
/// `HTTP_PROXY` in upper case is not read where `REQUEST_METHOD` is set, since a web server's client could have chosen
/// it there.
///
/// `NO_PROXY` names domains (`example.org` and `.example.org` both stand for it and for all below it), addresses, ranges
/// of addresses (`10.0.0.0/8`, `fd00::/8`), any of them with a port, and `*` for every host.
/// Loopback (`localhost`, `127.0.0.0/8`, `::1`) never goes through a proxy of the environment.
///
/// `Debug` shows no login.
///
/// ```
/// use antiphon_net::{EnvironmentProxies, Network};
///
/// let variables = |name: &str| match name {
///     "https_proxy" => Some("http://mira:secret@proxy.example:3128".to_owned()),
///     "NO_PROXY" => Some("example.org, 10.0.0.0/8".to_owned()),
///     _ => None,
/// };
/// let proxies = EnvironmentProxies::read(variables)?;
/// let named: Vec<_> = proxies.named().map(|(name, proxy)| format!("{name}: {proxy}")).collect();
/// assert_eq!(named, ["https_proxy: http://<redacted>@proxy.example:3128"]);
/// let network = Network::new().environment(proxies);
/// # drop(network);
/// # Ok::<(), antiphon_net::ProxyVariableError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EnvironmentProxies {
    secure: Option<Named>,
    plain: Option<Named>,
    others: Option<Named>,
    except: Vec<Except>,
}

/// A variable of the environment that names no proxy; its value is not repeated, since it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` in the environment names no proxy")]
pub struct ProxyVariableError {
    variable: &'static str,
    source: ProxyError,
}

impl ProxyVariableError {
    /// Name of the variable, such as `HTTPS_PROXY`.
    pub fn variable(&self) -> &'static str {
        self.variable
    }
}

/// A proxy, and the variable that names it.
#[derive(Clone, Debug)]
struct Named {
    variable: &'static str,
    proxy: Proxy,
}

/// Hosts that are reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Except {
    hosts: Hosts,
    /// All ports if there is none.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A domain in lower case without dots around it, and all below it.
    Domain(String),
    /// Addresses whose first bits are those of this one.
    Range(IpAddr, u8),
}

impl EnvironmentProxies {
    /// Reads the environment of this process.
    ///
    /// A variable that is no UTF-8 counts as unset.
    ///
    /// # Errors
    /// A variable whose proxy cannot be read: a connection past it would be worse than none.
    pub fn from_env() -> Result<Self, ProxyVariableError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables by their names.
    ///
    /// # Errors
    /// As for [`EnvironmentProxies::from_env`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyVariableError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let named = |names: [&'static str; 2]| {
            let mut found = names
                .into_iter()
                .filter(|name| *name != "HTTP_PROXY" || get("REQUEST_METHOD").is_none());
            let found = found.find_map(|name| Some((name, get(name)?)));
            found
                .map(|(variable, text)| Named::parse(variable, &text))
                .transpose()
        };
        let except = get("no_proxy")
            .or_else(|| get("NO_PROXY"))
            .unwrap_or_default();
        let except = except.split([',', ' ', '\t']).filter_map(Except::parse);
        Ok(Self {
            secure: named(["https_proxy", "HTTPS_PROXY"])?,
            plain: named(["http_proxy", "HTTP_PROXY"])?,
            others: named(["all_proxy", "ALL_PROXY"])?,
            except: except.collect(),
        })
    }

    /// The proxies with the variables that name them, in the order of the table above.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &Proxy)> {
        let named = [&self.secure, &self.plain, &self.others]
            .into_iter()
            .flatten();
        named.map(|named| (named.variable, &named.proxy))
    }

    /// Whether no proxy is named.
    pub fn is_empty(&self) -> bool {
        self.named().next().is_none()
    }

    /// The proxy for requests to a URI; `None` for one that is reached without, and for a URI without a host.
    pub fn proxy(&self, uri: &Uri) -> Option<&Proxy> {
        let target = Target::new(uri).ok()?;
        self.proxy_to(&target)
    }

    /// The proxy for a target.
    pub(crate) fn proxy_to(&self, target: &Target) -> Option<&Proxy> {
        let own = if target.is_secure {
            &self.secure
        } else {
            &self.plain
        };
        let named = own.as_ref().or(self.others.as_ref())?;
        let host = target.host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let is_loopback = match address {
            Some(address) => address.to_canonical().is_loopback(),
            None => host == "localhost" || host.ends_with(".localhost"),
        };
        let mut except = self.except.iter();
        let is_except = except.any(|except| except.has(&host, address, target.port));
        (!is_loopback && !is_except).then_some(&named.proxy)
    }
}

impl Named {
    fn parse(variable: &'static str, text: &str) -> Result<Self, ProxyVariableError> {
        let text = text.trim();
        let proxy = if text.contains("://") {
            Proxy::parse(text)
        } else {
            Proxy::parse(&format!("http://{text}"))
        };
        match proxy {
            Ok(proxy) => Ok(Self { variable, proxy }),
            Err(source) => Err(ProxyVariableError { variable, source }),
        }
    }
}

impl Except {
    /// Reads one item of `NO_PROXY`; `None` for an empty one.
    fn parse(item: &str) -> Option<Self> {
        let item = item.trim().to_ascii_lowercase();
        if item == "*" {
            return Some(Self {
                hosts: Hosts::All,
                port: None,
            });
        }
        let (host, port) = split_port(&item);
        let domain = || {
            let domain = host.trim_start_matches("*.").trim_matches('.');
            (!domain.is_empty()).then(|| Hosts::Domain(domain.to_owned()))
        };
        let range = range(host).map(|(address, bits)| Hosts::Range(address, bits));
        let hosts = range.or_else(domain)?;
        Some(Self { hosts, port })
    }

    fn has(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match &self.hosts {
            Hosts::All => true,
            // An address is never below a domain.
            Hosts::Domain(domain) => {
                address.is_none()
                    && host
                        .strip_suffix(domain.as_str())
                        .is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            Hosts::Range(first, bits) => {
                address.is_some_and(|address| starts_alike(address, *first, *bits))
            }
        }
    }
}

/// Splits `host:port` and `[address]:port`; an IPv6 address without brackets has no port.
fn split_port(item: &str) -> (&str, Option<u16>) {
    let split = match item.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            port.parse().ok().map(|port| (host, Some(port)))
        }
        _ => None,
    };
    let (host, port) = split.unwrap_or((item, None));
    (host.trim_matches(['[', ']']), port)
}

/// An address, or a range of them such as `10.0.0.0/8`.
fn range(host: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match host.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (host, None),
    };
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(all);
    (bits <= all).then_some((address, bits))
}

fn starts_alike(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let differ = match (one.to_canonical(), other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    differ >= u32::from(bits)
}
