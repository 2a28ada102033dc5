//! Who may ask, and what a browser may do with an answer.
//!
//! | refused | status | why |
//! | --- | --- | --- |
//! | a foreign `Host`, or two of them | 421 | a page of another site whose name leads here (DNS rebinding) |
//! | a request of another site | 403 | `Origin` or `Sec-Fetch-Site` say so |
//! | a wrong login, if one is asked for | 401 | |
//! | a change without an `Origin` of this site | 403 | the form of another site would have its own, or none |
//!
//! Every answer has a content security policy that takes style, script and pictures from this server alone, and no
//! script within a page.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use antiphon_core::Secret;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use subtle::ConstantTimeEq as _;

use crate::finding::{Code, Finding};

/// Scripts, styles and connections of this server alone; nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The name and password that are asked for, as a browser sends them.
#[derive(Clone)]
pub(crate) struct Login(Secret);

/// Reads the login in the first line of a file: `user:password`.
///
/// # Errors
/// The file cannot be read, or its first line is no such pair. What stands in it is not shown.
pub(crate) fn login_of(path: &Path) -> Result<Login, Finding> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        let message = format_args!("could not read the login in {shown}");
        Finding::new(Code::DashboardLoginWrong, message).because(error)
    })?;
    let line = text.lines().next().unwrap_or_default().trim();
    let is_pair = line
        .split_once(':')
        .is_some_and(|(user, password)| !user.is_empty() && password.len() >= 8);
    if !is_pair {
        let message = format_args!("the first line of {shown} is no login");
        return Err(Finding::new(Code::DashboardLoginWrong, message));
    }
    Ok(Login::of(line))
}

impl Login {
    /// The login of a line, `user:password`.
    pub(super) fn of(line: &str) -> Self {
        let sent = format!("Basic {}", BASE64_STANDARD.encode(line));
        Self(Secret::new(sent))
    }

    /// Whether it is this one.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }

    /// Compares in the same time whatever differs.
    fn fits(&self, sent: &HeaderMap) -> bool {
        let sent = sent
            .get(header::AUTHORIZATION)
            .map_or(&[][..], HeaderValue::as_bytes);
        let right = self.0.expose().as_bytes();
        // The scheme may be written in either case.
        let scheme = b"Basic ";
        let (begin, rest) = sent.split_at(sent.len().min(scheme.len()));
        let right = right.strip_prefix(scheme).unwrap_or(right);
        begin.eq_ignore_ascii_case(scheme) && bool::from(rest.ct_eq(right))
    }
}

/// What requests are held against.
pub(super) struct Guard {
    /// Names by which this server may be called, with their port.
    hosts: Vec<String>,
    login: Option<Login>,
}

impl Guard {
    /// Takes the address itself and, on loopback, its usual names; `others` are names such as that of a proxy.
    pub(super) fn new(address: SocketAddr, others: Vec<String>, login: Option<Login>) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string()];
        if address.ip().is_loopback() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        for other in others {
            if !other.contains(':') {
                hosts.push(format!("{other}:{port}"));
            }
            hosts.push(other);
        }
        Self { hosts, login }
    }

    /// # Errors
    /// Status and sentence for a request that is refused.
    pub(super) fn judge(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let host = text(header::HOST).unwrap_or_default();
        let is_ours = |name: &str| {
            self.hosts
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(name))
        };
        // A proxy in between may have gone by the other one.
        let is_one = headers.get_all(header::HOST).iter().count() == 1;
        if !is_one || !is_ours(host) {
            return Err((
                StatusCode::MISDIRECTED_REQUEST,
                "This server does not go by that name. If it should, name it by `--host NAME`, or in `hosts` of [dashboard].",
            ));
        }
        let origin = text(header::ORIGIN);
        let is_own = |origin: &str| {
            let name = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            name.is_some_and(is_ours)
        };
        let site = text(header::HeaderName::from_static("sec-fetch-site"));
        let is_foreign = origin.is_some_and(|origin| !is_own(origin))
            || matches!(site, Some("cross-site" | "same-site"));
        let is_change = method != Method::GET && method != Method::HEAD;
        if is_change && (is_foreign || origin.is_none()) {
            return Err((
                StatusCode::FORBIDDEN,
                "Changes are made from this site's own pages.",
            ));
        }
        // A link on another site may lead here; its scripts may not read here.
        let is_link = text(header::HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
        if is_foreign && !is_link {
            return Err((StatusCode::FORBIDDEN, "Other sites may not read this one."));
        }
        if self
            .login
            .as_ref()
            .is_some_and(|login| !login.fits(headers))
        {
            return Err((StatusCode::UNAUTHORIZED, "This page asks for a login."));
        }
        Ok(())
    }
}

/// The guard of a server, which another may follow while it answers.
#[derive(Clone)]
pub(super) struct Gate(Arc<RwLock<Arc<Guard>>>);

impl Gate {
    pub(super) fn new(guard: Guard) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(guard))))
    }

    /// Holds requests against another guard from now on.
    pub(super) fn change(&self, guard: Guard) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(guard);
    }

    fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Status and sentence of a request that is refused.
pub(super) type Refusal = (StatusCode, &'static str);

fn refused((status, why): Refusal) -> Response {
    let mut response = (status, why).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"antiphon\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    }
    response
}

/// Judges a request, and adds the headers of every answer.
pub(super) async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let mut response = match gate.guard().judge(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(refusal),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(login: Option<&str>) -> Guard {
        let login = login.map(Login::of);
        let address = "127.0.0.1:8420".parse().expect("an address");
        Guard::new(
            address,
            vec![
                "bot.example.org".to_owned(),
                "sim.example.org:81".to_owned(),
            ],
            login,
        )
    }

    #[track_caller]
    fn check(
        guard: &Guard,
        method: &Method,
        headers: &[(&'static str, &'static str)],
        expected: u16,
    ) {
        let headers = headers.iter().map(|(name, value)| {
            let name = header::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let headers = headers.collect();
        let status = guard
            .judge(method, &headers)
            .map_or_else(|(status, _)| status.as_u16(), |()| 200);
        assert_eq!(status, expected, "{headers:?}");
    }

    #[test]
    fn only_this_servers_names_are_answered() {
        let guard = guard(None);
        for host in [
            "127.0.0.1:8420",
            "localhost:8420",
            "LOCALHOST:8420",
            "[::1]:8420",
            "bot.example.org",
            "sim.example.org:81",
        ] {
            check(&guard, &Method::GET, &[("host", host)], 200);
        }
        for host in ["evil.example.org:8420", "localhost", "localhost:80", ""] {
            check(&guard, &Method::GET, &[("host", host)], 421);
        }
        check(&guard, &Method::GET, &[], 421);
        let own = ("host", "localhost:8420");
        check(&guard, &Method::GET, &[own, own], 421);
        check(&guard, &Method::GET, &[own, ("host", "evil")], 421);
    }

    #[test]
    fn other_sites_neither_read_nor_change_anything() {
        let guard = guard(None);
        let host = ("host", "localhost:8420");
        let own = ("origin", "http://localhost:8420");
        let foreign = ("origin", "http://localhost:9999");
        check(&guard, &Method::GET, &[host, foreign], 403);
        check(
            &guard,
            &Method::GET,
            &[host, ("sec-fetch-site", "cross-site")],
            403,
        );
        check(
            &guard,
            &Method::GET,
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
            ],
            200,
        );
        check(
            &guard,
            &Method::GET,
            &[host, ("sec-fetch-site", "same-origin")],
            200,
        );
        check(&guard, &Method::POST, &[host, own], 200);
        check(&guard, &Method::POST, &[host, foreign], 403);
        check(&guard, &Method::POST, &[host, ("origin", "null")], 403);
        check(&guard, &Method::POST, &[host], 403);
        check(
            &guard,
            &Method::POST,
            &[
                host,
                own,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
            ],
            403,
        );
    }

    #[test]
    fn a_login_is_asked_for_where_there_is_one() {
        let guard = guard(Some("mira:evensong1"));
        let host = ("host", "localhost:8420");
        check(&guard, &Method::GET, &[host], 401);
        check(
            &guard,
            &Method::GET,
            &[host, ("authorization", "Basic bWlyYTpldmVuc29uZzI=")],
            401,
        );
        check(
            &guard,
            &Method::GET,
            &[host, ("authorization", "Basic bWlyYTpldmVuc29uZzE=")],
            200,
        );
        check(
            &guard,
            &Method::GET,
            &[host, ("authorization", "basic bWlyYTpldmVuc29uZzE=")],
            200,
        );
        check(
            &guard,
            &Method::GET,
            &[
                ("host", "evil"),
                ("authorization", "Basic bWlyYTpldmVuc29uZzE="),
            ],
            421,
        );
    }
}
