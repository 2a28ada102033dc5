//! The cookies of the network's sites, and the file that keeps them.
//!
//! Written here rather than taken from a library: values must go out exactly as they came in (protocol §3.2), only the
//! sites' own domains matter, and a general jar brings the whole machinery of URLs and international names with it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use antiphon_core::Secret;
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Server, UserId};

/// Cookies kept at once; the oldest go first.
const MOST: usize = 64;
/// Bytes of one cookie.
const LONGEST: usize = 4096;

/// One cookie.
#[derive(Clone, Serialize, Deserialize)]
struct Cookie {
    name: String,
    value: String,
    /// The host, or the domain without its leading full stop.
    domain: String,
    /// Whether hosts below the domain get it too.
    below: bool,
    /// When it ends; absent if with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

/// The cookies that an account holds.
#[derive(Clone, Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.cookies.iter().map(|cookie| &cookie.name).collect();
        f.debug_tuple("Jar").field(&names).finish()
    }
}

impl Jar {
    /// Takes the cookies that an answer of `host` sets, and drops those it ends.
    pub(crate) fn take(&mut self, host: &str, response: &Response<Bytes>, now: Timestamp) {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let Some(cookie) = line.to_str().ok().and_then(|line| parse(line, host, now)) else {
                continue;
            };
            self.cookies.retain(|old| {
                (&old.name, &old.domain, old.below) != (&cookie.name, &cookie.domain, cookie.below)
            });
            let is_over = cookie.expires.is_some_and(|expires| expires <= now);
            if !is_over && !cookie.value.is_empty() {
                if self.cookies.len() >= MOST {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
    }

    /// The header for a request to `host`, if there is a cookie for it.
    pub(crate) fn header(&self, host: &str, now: Timestamp) -> Option<HeaderValue> {
        let mut text = String::new();
        for cookie in &self.cookies {
            let fits = cookie.domain == host || (cookie.below && is_below(host, &cookie.domain));
            if fits && cookie.expires.is_none_or(|expires| expires > now) {
                if !text.is_empty() {
                    text.push_str("; ");
                }
                text.push_str(&cookie.name);
                text.push('=');
                // Verbatim: another spelling of the same value is another value to the server.
                text.push_str(&cookie.value);
            }
        }
        let mut value = HeaderValue::try_from(text).ok().filter(|v| !v.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether there is a cookie of this name for `host`.
    pub(crate) fn has(&self, host: &str, name: &str) -> bool {
        let mut cookies = self.cookies.iter();
        cookies.any(|cookie| {
            cookie.name == name
                && (cookie.domain == host || (cookie.below && is_below(host, &cookie.domain)))
        })
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.cookies.clear();
    }
}

/// Whether a host lies below a domain.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// Reads a `Set-Cookie` line of `host`; one for somebody else's domain is none.
fn parse(line: &str, host: &str, now: Timestamp) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    let is_value = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !is_name || !is_value || line.len() > LONGEST {
        return None;
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: host.to_owned(),
        below: false,
        expires: None,
    };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                // A whole top-level domain is nobody's.
                if !domain.contains('.') || (domain != host && !is_below(host, &domain)) {
                    return None;
                }
                cookie.domain = domain;
                cookie.below = true;
            }
            // RFC 6265 §5.3: `Max-Age` goes before `Expires`.
            "max-age" => {
                let seconds: i64 = value.parse().ok()?;
                let length = jiff::SignedDuration::from_secs(seconds.clamp(-1, 400 * 86_400));
                cookie.expires = now.checked_add(length).ok();
                break;
            }
            "expires" => {
                let date = jiff::fmt::rfc2822::parse(&value.replace('-', " "));
                cookie.expires = date.ok().map(|date| date.timestamp());
            }
            _ => {}
        }
    }
    Some(cookie)
}

/// What is kept between runs (protocol §3.3).
#[derive(Serialize, Deserialize)]
struct Kept {
    server: String,
    user_id: UserId,
    cookies: Vec<Cookie>,
}

/// Reads a kept login of this server.
pub(crate) fn read(path: &Path, server: Server) -> Option<(Jar, UserId)> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(%error, "cookies not read");
            }
            return None;
        }
    };
    let kept: Kept = match serde_json::from_slice(&text) {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%error, "the cookie file is not one");
            return None;
        }
    };
    if kept.server != server.chat_host() {
        tracing::warn!(server = kept.server, "the cookie file is another server's");
        return None;
    }
    let jar = Jar {
        cookies: kept.cookies,
    };
    Some((jar, kept.user_id))
}

/// Writes a login to a new file that only its owner can read, and puts it in place of the old one.
pub(crate) fn keep(path: &Path, server: Server, user: UserId, jar: Jar) -> std::io::Result<()> {
    let kept = Kept {
        server: server.chat_host().to_owned(),
        user_id: user,
        cookies: jar.cookies,
    };
    let text = Secret::new(serde_json::to_string(&kept).map_err(std::io::Error::other)?);
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    writeln!(file, "{}", text.expose())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &[&str]) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        for line in lines {
            let value = HeaderValue::from_str(line).expect("a header");
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        response
    }

    fn sent(jar: &Jar, host: &str) -> Option<String> {
        let header = jar.header(host, Timestamp::UNIX_EPOCH)?;
        Some(header.to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn quirk_11_a_cookie_goes_out_as_it_came_in() {
        let mut jar = Jar::default();
        let line = "acct=t=abc%2B&s=x%3d; domain=.stackexchange.com; path=/; secure; httponly";
        jar.take(
            "meta.stackexchange.com",
            &answer(&[line]),
            Timestamp::UNIX_EPOCH,
        );
        let header = sent(&jar, "chat.stackexchange.com");
        assert_eq!(header.as_deref(), Some("acct=t=abc%2B&s=x%3d"));
    }

    #[test]
    fn a_cookie_goes_only_where_it_belongs() {
        let mut jar = Jar::default();
        let lines = [
            "sechatusr=a",
            "prov=b; Domain=stackexchange.com",
            "evil=c; Domain=com",
            "evil=d; Domain=stackoverflow.com",
        ];
        jar.take(
            "chat.stackexchange.com",
            &answer(&lines),
            Timestamp::UNIX_EPOCH,
        );
        let header = sent(&jar, "chat.stackexchange.com");
        assert_eq!(header.as_deref(), Some("sechatusr=a; prov=b"));
        assert_eq!(
            sent(&jar, "meta.stackexchange.com").as_deref(),
            Some("prov=b")
        );
        assert_eq!(sent(&jar, "notstackexchange.com"), None);
        assert_eq!(sent(&jar, "stackoverflow.com"), None);
    }

    #[test]
    fn a_cookie_that_ends_is_dropped() {
        let mut jar = Jar::default();
        let now = Timestamp::from_second(1_700_000_000).expect("a time");
        jar.take(
            "a.b",
            &answer(&[
                "x=1; max-age=10",
                "y=2; expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ]),
            now,
        );
        assert!(jar.has("a.b", "x") && !jar.has("a.b", "y"));
        jar.take("a.b", &answer(&["x=; max-age=0"]), now);
        assert!(!jar.has("a.b", "x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_login_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cookies.json");
        let mut jar = Jar::default();
        jar.take("a.b", &answer(&["acct=canary"]), Timestamp::UNIX_EPOCH);
        assert!(!format!("{jar:?}").contains("canary"));
        keep(&path, Server::StackExchange, UserId::new(7), jar).expect("written");
        let mode = path.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (jar, user) = read(&path, Server::StackExchange).expect("kept");
        assert!(jar.has("a.b", "acct") && user == UserId::new(7));
        assert!(read(&path, Server::StackOverflow).is_none());
    }
}
