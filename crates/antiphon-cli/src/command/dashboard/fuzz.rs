//! Entry of the fuzzer of requests.

use axum::{
    extract,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    events::Wanted,
    guard::{Guard, Login},
    sandbox,
};

/// The login that is asked for.
const LOGIN: &str = "mira:canary-of-the-choir";

/// Takes bytes for a request: the first line has method and address, the lines up to an empty one are headers, and what
/// follows is the form.
///
/// Only one with the login and with one name of this server is let through, and no change of another site.
pub fn cli_requests(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().splitn(2, ' ');
    let method = Method::from_bytes(first.next().unwrap_or_default().as_bytes());
    let headers: HeaderMap = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_str(value.trim()).ok()?;
            Some((name, value))
        })
        .collect();
    let address = "127.0.0.1:8420".parse().expect("an address");
    let guard = Guard::new(address, vec![], Some(Login::of(LOGIN)));
    if let Ok(method) = &method
        && guard.judge(method, &headers).is_ok()
    {
        let sent = headers.get(header::AUTHORIZATION).expect("a login");
        let login = BASE64_STANDARD.encode(LOGIN);
        assert!(sent.as_bytes().ends_with(login.as_bytes()));
        assert_eq!(headers.get_all(header::HOST).iter().count(), 1);
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        assert!(is_read || headers.contains_key(header::ORIGIN));
    }
    if let Some(Ok(uri)) = first.next().map(str::parse::<Uri>)
        && let Ok(extract::Query(wanted)) = extract::Query::<Wanted>::try_from_uri(&uri)
    {
        _ = (wanted.filter(), wanted.words().is_ok());
        let link: Uri = wanted.at("/events", None).parse().expect("a link");
        let again = extract::Query::<Wanted>::try_from_uri(&link).expect("a link that is ours");
        assert_eq!(again.0.at("/events", None), link.to_string());
    }
    _ = sandbox::reads(body.as_bytes());
}
