//! Redirects: where one leads, and which may be followed.
//!
//! A redirect may lead to the full address of a page (follow it), to a login, a challenge or an error page (it is the
//! answer), or off the host (never follow it: cookies and `Referer` would go along).

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Response, header};

/// Whether a redirect leads to a page that asks for a human (protocol §3.4).
pub(super) fn asks_for_human(to: &str) -> bool {
    let to = to.to_ascii_lowercase();
    to.contains("captcha") || to.contains("human")
}

/// Whether a redirect leads to an error page, or to the login.
pub(super) fn is_error_page(to: &str) -> bool {
    let path = path_of(to);
    path.starts_with("/error") || path.starts_with("/users/login")
}

/// The path and query of a redirect, if it leads to a page of the same host over TLS.
pub(super) fn within(host: &str, from: &str, to: &str) -> Option<String> {
    let to = to.split('#').next().unwrap_or_default();
    let full = to.strip_prefix("//").or_else(|| {
        let (scheme, rest) = to.split_once("://")?;
        scheme.eq_ignore_ascii_case("https").then_some(rest)
    });
    let path = if let Some(full) = full {
        let end = full.find(['/', '?']).unwrap_or(full.len());
        let (authority, rest) = full.split_at(end);
        let authority = authority.strip_suffix(":443").unwrap_or(authority);
        if !authority.eq_ignore_ascii_case(host) {
            return None;
        }
        let slash = if rest.starts_with('/') { "" } else { "/" };
        format!("{slash}{rest}")
    } else if to.starts_with('/') {
        to.to_owned()
    } else if to.starts_with('?') {
        format!("{}{to}", path_of(from))
    } else {
        // A scheme ends in a colon before any slash.
        let first = to.split(['/', '?']).next().unwrap_or_default();
        if to.is_empty() || first.contains(':') {
            return None;
        }
        let directory = path_of(from).rsplit_once('/')?.0;
        format!("{directory}/{to}")
    };
    // Slugs in other alphabets come unescaped.
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    Some(escaped)
}

/// The address of a redirect; empty if it has none, `None` for another status.
pub(super) fn location(response: &Response<Bytes>) -> Option<String> {
    if !matches!(response.status().as_u16(), 300..=303 | 305 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION);
    let location = location.map(|to| String::from_utf8_lossy(to.as_bytes()).trim().to_owned());
    Some(location.unwrap_or_default())
}

/// The path of an address, which may have a host.
pub(super) fn path_of(location: &str) -> &str {
    let rest = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => location,
    };
    rest.split(['?', '#']).next().unwrap_or_default()
}
