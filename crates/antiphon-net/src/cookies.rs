//! `Set-Cookie` headers, read for the platforms that log in with cookies.
//!
//! Reading a header is all that is here: which host and path get a cookie is the platform's own matter, since each
//! knows its few hosts. The library underneath parses attributes; the limits are ours, as browsers have them ([RFC
//! 6265](https://www.rfc-editor.org/rfc/rfc6265), and its successor's 400 days).

use antiphon_core::Secret;
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};

/// Longest `Set-Cookie` line that is read, in bytes; a longer one is left out.
///
/// The size that browsers allow for a cookie as a whole.
const LONGEST: usize = 4096;
/// Longest life of a cookie, in seconds: 400 days, as browsers have it.
const LONGEST_LIFE: i64 = 400 * 86_400;

/// A cookie as one `Set-Cookie` header has it (RFC 6265 §5.2).
///
/// The value is a secret, kept as it was sent: quotation marks are a part of it, and nothing is decoded.
/// [`SetCookie::domain`] is the server's claim; the caller decides which hosts get the cookie.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetCookie {
    /// Name; not empty, and printable ASCII only.
    pub name: String,
    /// Value; may be empty.
    pub value: Secret,
    /// `Domain` in lower case and without its leading full stop; absent if only the host itself gets the cookie.
    pub domain: Option<String>,
    /// `Path`; absent if there is none that begins with a slash.
    pub path: Option<String>,
    /// Whether the cookie goes out over TLS only.
    pub secure: bool,
    /// When the cookie ends, at most 400 days from now; absent if it ends with the session.
    ///
    /// `Max-Age` counts before `Expires`, whatever their order. A date that cannot be read counts as absent.
    pub expires: Option<Timestamp>,
}

impl SetCookie {
    /// Reads every `Set-Cookie` header, in order, without those that are no cookie or longer than 4096 bytes.
    ///
    /// ```
    /// use antiphon_net::SetCookie;
    /// let mut headers = http::HeaderMap::new();
    /// let line = "sid=\"a b\"; Max-Age=0; Path=/chat; Secure; Domain=.Example.org";
    /// headers.insert("set-cookie", line.parse()?);
    /// let now = jiff::Timestamp::now();
    /// let cookie = SetCookie::all(&headers, now).next().expect("a cookie");
    /// assert_eq!((&*cookie.name, cookie.value.expose()), ("sid", "\"a b\""));
    /// assert_eq!(cookie.domain.as_deref(), Some("example.org"));
    /// assert!(cookie.secure && cookie.is_over(now));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all(headers: &HeaderMap, now: Timestamp) -> impl Iterator<Item = Self> + '_ {
        let lines = headers.get_all(header::SET_COOKIE).into_iter();
        lines.filter_map(move |line| Self::parse(std::str::from_utf8(line.as_bytes()).ok()?, now))
    }

    /// Reads the value of one `Set-Cookie` header; `None` if it is no cookie, or longer than 4096 bytes.
    ///
    /// `now` is what `Max-Age` counts from.
    pub fn parse(line: &str, now: Timestamp) -> Option<Self> {
        if line.len() > LONGEST || line.contains(|character: char| character.is_ascii_control()) {
            return None;
        }
        let cookie = cookie::Cookie::parse(line).ok()?;
        if !cookie.name().bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let after = |seconds: i64| {
            let length = SignedDuration::from_secs(seconds.clamp(0, LONGEST_LIFE));
            now.checked_add(length).unwrap_or(Timestamp::MAX)
        };
        let date = cookie.expires_datetime().map(|date| {
            let at = Timestamp::from_second(date.unix_timestamp()).unwrap_or(Timestamp::MAX);
            at.min(after(LONGEST_LIFE))
        });
        let age = cookie.max_age().map(|age| after(age.whole_seconds()));
        let domain = cookie
            .domain()
            .map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        Some(Self {
            name: cookie.name().to_owned(),
            value: Secret::new(cookie.value()),
            domain: domain.filter(|domain| !domain.is_empty()),
            path: cookie
                .path()
                .filter(|path| path.starts_with('/'))
                .map(str::to_owned),
            secure: cookie.secure() == Some(true),
            expires: age.or(date),
        })
    }

    /// Whether the cookie has ended: a server deletes one by `Max-Age=0`, or by a date in the past.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    #[track_caller]
    fn parse(line: &str) -> SetCookie {
        SetCookie::parse(line, now()).expect("a cookie")
    }

    /// When a cookie ends, in seconds from now.
    #[track_caller]
    fn lives(line: &str, seconds: Option<i64>) {
        let ends = parse(line)
            .expires
            .map(|at| at.as_second() - now().as_second());
        assert_eq!(ends, seconds, "{line}");
    }

    #[test]
    fn attributes_count_wherever_they_stand() {
        let line = "acct=t=a&s=b%3d; Max-Age=60; Domain=.Stack.Example; Path=/x; Secure; HttpOnly; SameSite=Lax";
        let cookie = parse(line);
        assert_eq!(cookie.value.expose(), "t=a&s=b%3d");
        assert_eq!(cookie.domain.as_deref(), Some("stack.example"));
        assert_eq!(cookie.path.as_deref(), Some("/x"));
        assert!(cookie.secure);
        lives(line, Some(60));
        assert!(!format!("{cookie:?}").contains("%3d"), "a secret");
    }

    #[test]
    fn the_age_goes_before_the_date_and_the_last_of_each_counts() {
        let past = "expires=Thu, 01 Jan 1970 00:00:00 GMT";
        lives(&format!("x=1; Max-Age=10; {past}"), Some(10));
        lives(&format!("x=1; {past}; max-age=10"), Some(10));
        lives("x=1; Max-Age=10; Max-Age=20", Some(20));
        lives("x=1; Max-Age=0", Some(0));
        lives("x=1; Max-Age=-7", Some(0));
        lives("x=1; Max-Age=99999999999999999999", Some(LONGEST_LIFE));
        lives("x=1; Max-Age=soon", None);
        lives("x=1; Expires=Thu, 01 Jan 2026 00:01:00 GMT", Some(60));
        lives("x=1; Expires=Thu, 01-Jan-2026 00:01:00 GMT", Some(60));
        lives("x=1; Expires=Thursday, 01-Jan-26 00:01:00 GMT", Some(60));
        lives("x=1; Expires=Thu Jan  1 00:01:00 2026", Some(60));
        lives("x=1; Expires=tomorrow", None);
        lives("x=1", None);
        assert!(parse(&format!("x=1; {past}")).is_over(now()));
        assert!(parse("x=1; Max-Age=0").is_over(now()));
        assert!(!parse("x=1").is_over(now()));
    }

    #[test]
    fn quotes_and_spaces_inside_a_value_stay_and_those_around_it_go() {
        assert_eq!(parse("x =  \"a b\" ; Path=/").value.expose(), "\"a b\"");
        assert_eq!(parse("x=").value.expose(), "");
        assert_eq!(parse("x=1; Domain=; Path=chat").domain, None);
        assert_eq!(parse("x=1; Domain=; Path=chat").path, None);
        assert!(!parse("x=1").secure);
    }

    #[test]
    fn what_is_no_cookie_is_left_out() {
        let long = format!("x={}", "y".repeat(LONGEST));
        for line in ["", "x", "=1", "a b=1", "é=1", "x=\u{1}", &long] {
            assert!(SetCookie::parse(line, now()).is_none(), "{line:?}");
        }
    }
}
