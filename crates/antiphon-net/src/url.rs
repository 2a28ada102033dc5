//! URLs as users write them, with errors for mistakes that `http::Uri` accepts.
//!
//! A URL with a port of 99,999 parses, and then has no port: a login would go to the default one. The functions here
//! look at what is written.

use std::net::Ipv6Addr;

use ::http::Uri;

/// A URL cannot be used. The message does not repeat it, since it may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is no URL at all, or has no scheme.
    #[error("is no URL: write scheme://host:port/path")]
    NoUrl,
    /// The scheme is not one of the two that are allowed.
    #[error("has another scheme than {0} and {1}")]
    Scheme(&'static str, &'static str),
    /// There is no host.
    #[error("has no host")]
    NoHost,
    /// The host is neither a name nor an address; one of IPv6 stands in brackets.
    #[error("has a host that is neither a name nor an address")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// There is a query.
    #[error("has a query (`?…`), which has no place here")]
    Query,
}

/// Reads a URL with one of two schemes, a host, a usable port if there is one, and no query.
///
/// # Errors
///
/// [`UrlError`], whose message completes a sentence that begins with the option's name.
///
/// ```
/// use antiphon_net::{UrlError, parse_url};
/// assert!(parse_url("https://api.example.org:8443/v1", ["http", "https"]).is_ok());
/// assert_eq!(
///     parse_url("http://127.0.0.1:99999", ["http", "https"]),
///     Err(UrlError::Port)
/// );
/// ```
pub fn parse_url(text: &str, schemes: [&'static str; 2]) -> Result<Uri, UrlError> {
    let uri: Uri = text.parse().map_err(|_| UrlError::NoUrl)?;
    let scheme = uri.scheme_str().ok_or(UrlError::NoUrl)?;
    if !schemes.contains(&scheme) {
        return Err(UrlError::Scheme(schemes[0], schemes[1]));
    }
    host(&uri)?;
    port(&uri)?;
    if uri.query().is_some() {
        return Err(UrlError::Query);
    }
    Ok(uri)
}

/// The host that a URI names: in lower case, and an address of IPv6 without its brackets.
///
/// `Uri` takes brackets anywhere, as in `8[a]`, and passes over what stands behind them, as in `[::1]a`.
pub(crate) fn host(uri: &Uri) -> Result<String, UrlError> {
    let host = uri.host().filter(|host| !host.is_empty());
    let host = host.ok_or(UrlError::NoHost)?;
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_sound = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.contains(['[', ']']),
    };
    let rest = behind_login(uri).and_then(|text| text.strip_prefix(host));
    if is_sound && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
        Ok(address.unwrap_or(host).to_ascii_lowercase())
    } else {
        Err(UrlError::Host)
    }
}

/// The port that a URI names, as it is written.
///
/// `Uri::port` has none for a number that is too large, and a login would go to the scheme's default port.
pub(crate) fn written_port(uri: &Uri) -> Option<&str> {
    let port = behind_login(uri)?
        .strip_prefix(uri.host()?)?
        .strip_prefix(':')?;
    Some(port).filter(|port| !port.is_empty())
}

/// Host and port of a URI as they are written.
fn behind_login(uri: &Uri) -> Option<&str> {
    let authority = uri.authority()?.as_str();
    Some(
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, rest)| rest),
    )
}

/// The port that a URI names, if it names one.
pub(crate) fn port(uri: &Uri) -> Result<Option<u16>, UrlError> {
    let Some(written) = written_port(uri) else {
        return Ok(None);
    };
    let is_number = written.bytes().all(|byte| byte.is_ascii_digit());
    match written.parse() {
        Ok(port) if is_number && port > 0 => Ok(Some(port)),
        _ => Err(UrlError::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Option<u16>, UrlError>) {
        let found = text
            .parse::<Uri>()
            .map_err(|_| UrlError::NoUrl)
            .and_then(|uri| port(&uri));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_port_is_taken_as_written_or_refused() {
        check("http://a", Ok(None));
        check("http://a:/", Ok(None));
        check("http://a:1", Ok(Some(1)));
        check("http://a:65535/x", Ok(Some(65535)));
        check("http://a:65536", Err(UrlError::Port));
        check("http://a:99999/x", Err(UrlError::Port));
        check("http://me:pw@a:99999", Err(UrlError::Port));
        check("http://me:70000@a:80", Ok(Some(80)));
        check("http://me:70000@a", Ok(None));
        check("http://[::1]:8080", Ok(Some(8080)));
        check("http://[::1]", Ok(None));
        check("http://[::1]:80800", Err(UrlError::Port));
        check("http://a:0", Err(UrlError::Port));
        check("http://a:184467440737095516160", Err(UrlError::Port));
        check("ws://a:+80", Err(UrlError::Port));
    }

    #[test]
    fn a_url_is_refused_for_what_is_wrong_with_it() {
        let parse = |text: &str| parse_url(text, ["ws", "wss"]).expect_err(text);
        assert_eq!(parse("api.example.org"), UrlError::NoUrl);
        assert_eq!(parse("http://a"), UrlError::Scheme("ws", "wss"));
        assert_eq!(parse("ws://a?b"), UrlError::Query);
        assert_eq!(parse("ws://a:70000"), UrlError::Port);
        for host in ["8[a1]", "[a]", "[::1", "[[::1]]", "[::1]a", "[1.2.3.4]"] {
            let text = format!("ws://{host}:80");
            // Some of them are no URL for `Uri` either.
            assert!(
                matches!(parse(&text), UrlError::Host | UrlError::NoUrl),
                "{text}"
            );
        }
    }
}
