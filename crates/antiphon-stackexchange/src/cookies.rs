//! The cookies of the network's sites, and the file that keeps them.
//!
//! [`SetCookie`] reads `Set-Cookie` headers. The jar is our own, since only the sites' own domains matter and a general jar
//! needs URLs and international names. Values go out exactly as they came in (protocol §3.2). Every request goes over
//! TLS, so that `Secure` changes nothing here.
//!
//! Two files' worth of rules meet here: RFC 6265 for which cookie goes to which request, and protocol §3.2 for the
//! values, which are never decoded or encoded (§11.11). The jar is bounded by `MOST`, and its debug output has names
//! alone.
//!
//! The file holds server, user id and cookies as JSON. `keep` writes a new file with mode 0600 beside the old one,
//! syncs it and renames it, so that a crash leaves one of the two whole. Both functions block, and are called on a
//! blocking thread.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use antiphon_core::Secret;
use antiphon_net::SetCookie;
use bytes::Bytes;
use http::{HeaderValue, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Server, UserId};

/// Cookies kept at once; beyond it the oldest is dropped.
const MOST: usize = 64;

/// One cookie.
#[derive(Clone, Serialize, Deserialize)]
struct Cookie {
    /// As sent; compared with case.
    name: String,
    /// As sent, byte for byte: never decoded, never encoded.
    value: String,
    /// The host, or the domain without its leading full stop.
    domain: String,
    /// Whether it goes to hosts below the domain too.
    below: bool,
    /// It goes to this path, and to those below it.
    #[serde(default = "root")]
    path: String,
    /// When it ends; absent if it ends with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

/// The path of a cookie in a file of an earlier version.
fn root() -> String {
    "/".into()
}

impl Cookie {
    /// A cookie that an answer to a request for `path` of `host` sets; `None` if it is for another domain.
    ///
    /// A cookie for a domain without a full stop, such as `com`, is refused unless that is the host itself.
    fn of(set: SetCookie, host: &str, path: &str) -> Option<Self> {
        let below = set.domain.is_some();
        let domain = set.domain.unwrap_or_else(|| host.to_owned());
        // A top-level domain is no site.
        let is_ours = domain == host || (domain.contains('.') && is_below(host, &domain));
        is_ours.then(|| Self {
            name: set.name,
            value: set.value.expose().to_owned(),
            domain,
            below,
            path: set.path.unwrap_or_else(|| default_path(path).to_owned()),
            expires: set.expires,
        })
    }

    /// Whether `other` takes its place ([RFC 6265 §5.3](https://www.rfc-editor.org/rfc/rfc6265#section-5.3), step 11).
    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    /// Whether the cookie has ended.
    fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether the cookie goes to a host.
    fn fits_host(&self, host: &str) -> bool {
        self.domain == host || (self.below && is_below(host, &self.domain))
    }

    /// Whether it goes out with a request for `path`
    /// ([RFC 6265 §5.1.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4)).
    fn fits_path(&self, path: &str) -> bool {
        path.strip_prefix(&*self.path).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

/// The path of a cookie that names none: the request's, up to its last slash (RFC 6265 §5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
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
    /// Keeps the cookies that an answer to a request for `path` of `host` sets, and drops those it ends.
    pub(crate) fn take(
        &mut self,
        host: &str,
        path: &str,
        response: &Response<Bytes>,
        now: Timestamp,
    ) {
        for set in SetCookie::all(response.headers(), now) {
            let Some(cookie) = Cookie::of(set, host, path) else {
                continue;
            };
            self.cookies.retain(|old| !old.is_same(&cookie));
            if !cookie.is_over(now) {
                if self.cookies.len() >= MOST {
                    self.cookies.remove(0);
                }
                self.cookies.push(cookie);
            }
        }
    }

    /// The header for a request for `path` of `host`, if there is a cookie for it.
    ///
    /// Cookies of longer paths come first, older ones before newer
    /// ([RFC 6265 §5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4)).
    pub(crate) fn header(&self, host: &str, path: &str, now: Timestamp) -> Option<HeaderValue> {
        let mut cookies: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.fits_host(host) && cookie.fits_path(path))
            .filter(|cookie| !cookie.is_over(now))
            .collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let mut text = String::new();
        for cookie in cookies {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&cookie.name);
            text.push('=');
            // Verbatim: another spelling of the same value is another value to the server.
            text.push_str(&cookie.value);
        }
        let mut value = HeaderValue::try_from(text).ok().filter(|v| !v.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether `host` has a cookie of this name that is not empty.
    pub(crate) fn has(&self, host: &str, name: &str) -> bool {
        let mut cookies = self.cookies.iter();
        cookies
            .any(|cookie| cookie.name == name && !cookie.value.is_empty() && cookie.fits_host(host))
    }

    /// Drops every cookie.
    pub(crate) fn clear(&mut self) {
        self.cookies.clear();
    }
}

/// Whether a host lies below a domain.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// A login in its file (protocol §3.3).
///
/// A file from an earlier version has no `path` in its cookies; `/` stands for it.
#[derive(Serialize, Deserialize)]
struct Kept {
    server: String,
    user_id: UserId,
    cookies: Vec<Cookie>,
}

/// Reads the login of a server from a file; `None` if the file is absent, unreadable or another server's.
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
    let kept: Kept = match antiphon_core::read_json(&text) {
        Ok(kept) => kept,
        Err(error) => {
            // The error's own words may repeat a value, which is a secret.
            let (line, column) = (error.line(), error.column());
            tracing::warn!(line, column, "the cookie file is not one");
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

/// Writes a login to a new file that only its owner can read, and replaces the old file by it.
///
/// # Errors
/// Any failure of the file system. The caller logs it and goes on: the login counts, and the next start logs in anew.
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

    /// A jar that took these lines as the answer to a request for `/chats/join` of a host.
    fn jar(host: &str, lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        take(&mut jar, host, lines);
        jar
    }

    fn take(jar: &mut Jar, host: &str, lines: &[&str]) {
        let mut response = Response::new(Bytes::new());
        for line in lines {
            let value = HeaderValue::from_str(line).expect("a header");
            response
                .headers_mut()
                .append(http::header::SET_COOKIE, value);
        }
        jar.take(host, "/chats/join", &response, Timestamp::UNIX_EPOCH);
    }

    #[track_caller]
    fn check(jar: &Jar, host: &str, path: &str, expected: Option<&str>) {
        let header = jar.header(host, path, Timestamp::UNIX_EPOCH);
        let sent = header.as_ref().map(|value| value.to_str().expect("ASCII"));
        assert_eq!(sent, expected, "{host}{path}");
    }

    #[test]
    fn quirk_11_a_cookie_goes_out_as_it_came_in() {
        let line = "acct=t=abc%2B&s=x%3d; domain=.stackexchange.com; path=/; secure; httponly";
        let jar = jar("meta.stackexchange.com", &[line]);
        let host = "chat.stackexchange.com";
        check(&jar, host, "/", Some("acct=t=abc%2B&s=x%3d"));
    }

    #[test]
    fn a_cookie_goes_only_where_it_belongs() {
        let host = "chat.stackexchange.com";
        let lines = [
            "sechatusr=a; Max-Age=60; Path=/; Secure; HttpOnly",
            "prov=b; Max-Age=60; Domain=stackexchange.com; Path=/",
            "evil=c; Max-Age=60; Domain=com; Path=/",
            "evil=d; Max-Age=60; Domain=stackoverflow.com; Path=/",
            "evil=e; Domain=a.chat.stackexchange.com; Path=/",
        ];
        let jar = jar(host, &lines);
        check(&jar, host, "/", Some("sechatusr=a; prov=b"));
        check(&jar, "meta.stackexchange.com", "/", Some("prov=b"));
        check(&jar, "notstackexchange.com", "/", None);
        check(&jar, "stackoverflow.com", "/", None);
    }

    #[test]
    fn a_cookie_goes_only_to_its_path_and_those_below() {
        let host = "a.b";
        let lines = [
            "all=1; Path=/",
            "own=2",
            "odd=3; Path=chats",
            "one=4; Path=/chats/5",
        ];
        let jar = jar(host, &lines);
        check(&jar, host, "/", Some("all=1"));
        check(&jar, host, "/chats", Some("own=2; odd=3; all=1"));
        check(
            &jar,
            host,
            "/chats/5/events",
            Some("one=4; own=2; odd=3; all=1"),
        );
        check(&jar, host, "/chats/55", Some("own=2; odd=3; all=1"));
        check(&jar, host, "/chatsy", Some("all=1"));
    }

    #[test]
    fn a_cookie_that_ends_is_dropped_and_only_that_one() {
        let past = "Thu, 01 Jan 1970 00:00:00 GMT";
        let mut jar = jar(
            "a.b",
            &[
                "x=1; max-age=10; path=/",
                "x=9; path=/chats",
                &format!("y=2; expires={past}"),
                &format!("z=3; path=/; expires={past}; max-age=10"),
            ],
        );
        check(&jar, "a.b", "/", Some("x=1; z=3"));
        take(&mut jar, "a.b", &["x=1; max-age=0; path=/"]);
        check(&jar, "a.b", "/", Some("z=3"));
        check(&jar, "a.b", "/chats", Some("x=9; z=3"));
        take(&mut jar, "a.b", &[&format!("z=3; path=/; expires={past}")]);
        check(&jar, "a.b", "/", None);
        take(&mut jar, "a.b", &["x=\"q\"; path=/", "w=; path=/"]);
        check(&jar, "a.b", "/", Some("x=\"q\"; w="));
        assert!(jar.has("a.b", "x") && !jar.has("a.b", "w"));
        let later = "1970-01-01T00:00:11Z".parse().expect("a time");
        take(&mut jar, "a.b", &["v=5; max-age=10; path=/"]);
        let header = jar.header("a.b", "/", later).expect("some");
        assert_eq!(header, "x=\"q\"; w=");
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cookies.json");
        let text = r#"{"server":"chat.stackexchange.com","user_id":7,"cookies":[
            {"name":"acct","value":"a","domain":"stackexchange.com","below":true}]}"#;
        std::fs::write(&path, text).expect("written");
        let (jar, _) = read(&path, Server::StackExchange).expect("kept");
        check(&jar, "chat.stackexchange.com", "/chats/1", Some("acct=a"));
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_login_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cookies.json");
        let jar = jar("a.b", &["acct=canary"]);
        assert!(!format!("{jar:?}").contains("canary"));
        keep(&path, Server::StackExchange, UserId::new(7), jar).expect("written");
        let mode = path.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (jar, user) = read(&path, Server::StackExchange).expect("kept");
        assert!(jar.has("a.b", "acct") && user == UserId::new(7));
        assert!(read(&path, Server::StackOverflow).is_none());
    }
}
