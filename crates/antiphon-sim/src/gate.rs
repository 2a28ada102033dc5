//! Access to the control address: requests that a browser sends for another site are refused.
//!
//! The control address reads every password and does everything; a web page that somebody opens in a browser on the same
//! machine can send requests to it.
//! Three marks tell such a request: a `Host` that is not this machine, an `Origin` of another site, and `Sec-Fetch-Site`, which
//! browsers set and pages cannot change.
//! The requests of a program carry none of these marks, so that scripts need no token on a machine of their own.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Uri, header, uri::Authority};

/// The names and addresses that the control address goes by, beside those of the loopback interface.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    /// Address of the listener; every address of this machine counts where it listens on all of them.
    listens_on: IpAddr,
    /// Name that [`Options::host`](crate::Options::host) gave, in small letters.
    host: Option<String>,
}

impl Gate {
    /// Makes the gate of an address that listens at `listens_on` and that others know by `host`.
    pub(crate) fn new(listens_on: IpAddr, host: Option<&str>) -> Self {
        Self {
            listens_on: listens_on.to_canonical(),
            host: host.map(|host| bare(host).to_ascii_lowercase()),
        }
    }

    /// Why a request is refused; `here` is this machine's end of the connection.
    pub(crate) fn refusal(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        here: Option<SocketAddr>,
    ) -> Option<String> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let Some(first) = first.filter(|_| second.is_none()) else {
            return Some("a request to the control address has one `Host` header".to_owned());
        };
        let named = String::from_utf8_lossy(first.as_bytes()).into_owned();
        let authority = authority(&named);
        let inside = uri.authority().map(Authority::as_str);
        let is_own = |authority: &Authority| self.is_own(authority.host(), here);
        let stranger = match &authority {
            Some(authority) if is_own(authority) => inside
                .filter(|inside| !self::authority(inside).is_some_and(|inside| is_own(&inside))),
            _ => Some(&*named),
        };
        if let Some(stranger) = stranger {
            return Some(format!(
                "the control address does not go by the host `{stranger}`: use 127.0.0.1, localhost or the address that it listens on, or start it with `--host NAME`"
            ));
        }
        let ports: Vec<u16> = [
            authority.map(|authority| authority.port_u16().unwrap_or(80)),
            here.map(|here| here.port()),
        ]
        .into_iter()
        .flatten()
        .collect();
        for origin in headers.get_all(header::ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            let is_this = origin.strip_prefix("http://").is_some_and(|origin| {
                self::authority(origin).is_some_and(|origin| {
                    is_own(&origin) && ports.contains(&origin.port_u16().unwrap_or(80))
                })
            });
            if !is_this {
                return Some(format!(
                    "the control address takes no requests from web pages of another origin (`{origin}`): use a program, or leave out the `Origin` header"
                ));
            }
        }
        for site in headers.get_all("sec-fetch-site") {
            if !matches!(site.as_bytes(), b"same-origin" | b"none") {
                return Some(
                    "the control address takes no requests that another site had a browser send: use a program, or enter the address by hand"
                        .to_owned(),
                );
            }
        }
        None
    }

    /// Whether a host, as it stands in an address, means the control address.
    fn is_own(&self, host: &str, here: Option<SocketAddr>) -> bool {
        let host = bare(host).to_ascii_lowercase();
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            let here = here.map(|here| here.ip().to_canonical());
            return address.is_loopback()
                || address == self.listens_on
                || Some(address) == here
                || self.host.as_deref() == Some(&*host);
        }
        host == "localhost" || self.host.as_deref() == Some(&*host)
    }
}

/// A host without the brackets of IPv6 and the dot at the end of a full name.
fn bare(host: &str) -> &str {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inside.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host))
}

/// Reads `host` or `host:port`; nothing else may stand beside them.
fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let rest = text.strip_prefix(host)?;
    let is_sound = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok() && authority.port_u16().is_some(),
        None => rest.is_empty(),
    };
    (is_sound && !host.is_empty()).then_some(authority)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn refused(gate: &Gate, uri: &str, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let here = "192.0.2.7:7000".parse().ok();
        gate.refusal(&uri.parse().expect("a URI"), &map, here)
            .is_some()
    }

    #[test]
    fn a_host_is_a_loopback_name_or_one_of_its_own() {
        let gate = Gate::new("0.0.0.0".parse().expect("an address"), Some("sim.lan"));
        for own in [
            "localhost",
            "LocalHost:7000",
            "localhost.",
            "127.0.0.1:7000",
            "127.8.9.10",
            "[::1]:7000",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0:7000",
            "192.0.2.7:1",
            "SIM.lan:7000",
        ] {
            assert!(!refused(&gate, "/", &[("host", own)]), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:7000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.localhost",
            "user@localhost",
            "localhost:http",
            "localhost:99999",
            "localhost:",
            "localhost/",
            "192.0.2.8",
            "[::2]",
            "2130706433",
        ] {
            assert!(refused(&gate, "/", &[("host", foreign)]), "{foreign}");
        }
        assert!(refused(&gate, "/", &[]));
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert!(refused(&gate, "/", &twice));
        let own = [("host", "localhost")];
        assert!(refused(&gate, "http://evil.example/", &own));
        assert!(!refused(&gate, "http://localhost:7000/", &own));
    }

    #[test]
    fn an_origin_is_the_control_address_itself_or_absent() {
        let gate = Gate::new("127.0.0.1".parse().expect("an address"), None);
        let host = ("host", "127.0.0.1:7000");
        for own in [
            "http://127.0.0.1:7000",
            "http://localhost:7000",
            "http://[::1]:7000",
        ] {
            assert!(!refused(&gate, "/", &[host, ("origin", own)]), "{own}");
        }
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://evil.example:7000",
            "http://127.0.0.1",
            "http://127.0.0.1:3000",
            "http://localhost:3000",
            "https://127.0.0.1:7000",
            "http://127.0.0.1:7000/",
            "http://127.0.0.1:7000 http://evil.example",
            "file://",
            "chrome-extension://abc",
        ] {
            assert!(
                refused(&gate, "/", &[host, ("origin", foreign)]),
                "{foreign}"
            );
        }
        let both = [
            host,
            ("origin", "http://127.0.0.1:7000"),
            ("origin", "http://evil.example"),
        ];
        assert!(refused(&gate, "/", &both));
    }

    #[test]
    fn what_a_browser_sends_for_another_site_is_refused() {
        let gate = Gate::new("127.0.0.1".parse().expect("an address"), None);
        let host = ("host", "127.0.0.1:7000");
        for (site, is_refused) in [
            ("none", false),
            ("same-origin", false),
            ("same-site", true),
            ("cross-site", true),
            ("new-word", true),
        ] {
            let headers = [host, ("sec-fetch-site", site)];
            assert_eq!(refused(&gate, "/", &headers), is_refused, "{site}");
        }
    }
}
