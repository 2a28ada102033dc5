//! Answers of the server: data, login first, or an error (protocol §1).
//!
//! The status alone does not tell: QueUp answers errors with status 200 and a code in the body, sends its words in
//! three places, and asks for a login by a redirect or by a code 401 with the word `dologin`. Whatever is no envelope
//! comes from something in front of QueUp; its text stays out of errors.
//!
//! A success without an envelope, which is a bare list, is taken as the data.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use serde_json::value::RawValue;

use crate::{error::RequestError, wire};

/// Longest text of the server that an error repeats, in characters.
const LONGEST_WORDS: usize = 200;
/// Longest wait that the server may ask for; a longer one is ignored.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer of the server.
#[derive(Debug)]
pub(super) enum Answer {
    /// The envelope's `data`.
    Data(Bytes),
    /// The session has ended, and a login must come first.
    LoginFirst,
}

/// Reads the address of a redirect; an answer without one is an error.
pub(super) fn read_redirect(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let to = location(response);
    match read(response) {
        Err(RequestError::NotQueUp(_)) if response.status().is_redirection() && !to.is_empty() => {
            Ok(Answer::Data(Bytes::copy_from_slice(to.as_bytes())))
        }
        Ok(Answer::Data(_)) => Err(RequestError::NotQueUp("no redirect".into())),
        other => other,
    }
}

/// Address of a redirect; empty without one.
fn location(response: &Response<Bytes>) -> &str {
    let to = response.headers().get(header::LOCATION);
    let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
    to.trim()
}

/// Reads the envelope (protocol §1).
pub(super) fn read(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let status = response.status();
    if status.is_redirection() {
        if location(response).contains("/auth/login") {
            return Ok(Answer::LoginFirst);
        }
        return Err(RequestError::NotQueUp(format!(
            "a redirect (status {})",
            status.as_u16()
        )));
    }
    let body = response.body();
    // serde would read a list as an envelope, by order of its fields; a list is the data without an envelope.
    let is_list = body.trim_ascii_start().starts_with(b"[");
    if is_list && status.is_success() && antiphon_core::read_json::<&RawValue>(body).is_ok() {
        return Ok(Answer::Data(body.clone()));
    }
    if is_list {
        return Err(not_json(response));
    }
    let Ok(envelope) = antiphon_core::read_json::<wire::Envelope<'_>>(body) else {
        return Err(not_json(response));
    };
    // The body's code counts even under status 200.
    let code = envelope
        .code
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    let status = match code {
        Some(code) if status.is_success() => code,
        _ => status.as_u16(),
    };
    if (200..300).contains(&status) {
        let data = envelope.data.map(RawValue::get);
        return Ok(Answer::Data(data.map_or_else(
            || Bytes::from_static(b"null"),
            |data| antiphon_core::keep_part(body, data.as_bytes()),
        )));
    }
    let data = envelope.data.map_or("null", RawValue::get);
    let data: wire::ErrorData<'_> = serde_json::from_str(data).unwrap_or_default();
    if status == 401 && data.message.as_deref() == Some("dologin") {
        return Ok(Answer::LoginFirst);
    }
    let message = words(data, envelope.message.as_deref().unwrap_or_default());
    Err(match status {
        429 => RequestError::RateLimited {
            wait: wait_in(response, &message),
            message,
        },
        500.. => RequestError::Server { status, message },
        _ => RequestError::Refused { status, message },
    })
}

/// The error of an answer that is no envelope, such as a page.
///
/// The answer's text stays out of the error, since it may hold secrets.
fn not_json(response: &Response<Bytes>) -> RequestError {
    let status = response.status().as_u16();
    match status {
        429 => RequestError::RateLimited {
            wait: wait_in(response, ""),
            message: String::new(),
        },
        500.. => RequestError::Server {
            status,
            message: String::new(),
        },
        // QueUp itself refuses in JSON; a page comes from something in front of it, and may pass.
        _ => RequestError::NotQueUp(format!(
            "status {status} with {} bytes that are no envelope",
            response.body().len()
        )),
    }
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(LONGEST_WORDS)
        .collect();
    line
}

/// Finds the server's words: `data.err.details.message`, `data.details.message` or `message`, in this order.
///
/// The first two may be objects with the words inside.
fn words(data: wire::ErrorData<'_>, fallback: &str) -> String {
    let inner = data.err.and_then(|err| err.details).or(data.details);
    let found = inner.and_then(|details| match details.message {
        wire::Ref::Id(text) => Some(text),
        wire::Ref::Object(words) => words.message.or(words.err),
        wire::Ref::Nothing => None,
    });
    short(
        found
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(fallback),
    )
}

/// Time that the server asks to wait: by `Retry-After`, or in words such as `10 mins`.
fn wait_in(response: &Response<Bytes>, message: &str) -> Option<Duration> {
    let field = response.headers().get(header::RETRY_AFTER);
    let field = field.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    field
        .map(Duration::from_secs)
        .or_else(|| wait_in_words(message))
        .filter(|wait| *wait <= LONGEST_WAIT)
}

/// Time in the server's words: a number with a unit, behind it or stuck to it; the first one counts.
fn wait_in_words(message: &str) -> Option<Duration> {
    let lower = message.to_lowercase();
    let mut words = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        let Ok(number) = word[..digits].parse::<u32>() else {
            continue;
        };
        // The unit stands behind the number, or sticks to it: `10 mins`, `30s`.
        let unit = match &word[digits..] {
            "" => words.peek().copied().unwrap_or_default(),
            stuck => stuck,
        };
        let seconds = match unit {
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "ms" => return Some(Duration::from_millis(number.into())),
            _ => continue,
        };
        return Some(Duration::from_secs(u64::from(number) * seconds));
    }
    None
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn response(status: u16, body: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        response
    }

    #[track_caller]
    fn words_of(status: u16, body: &str, expected: &str) {
        match read(&response(status, body)).expect_err("an error") {
            RequestError::Refused { message, .. }
            | RequestError::Server { message, .. }
            | RequestError::RateLimited { message, .. } => assert_eq!(message, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_words_of_an_error_are_found_in_all_three_places() {
        words_of(
            404,
            r#"{"code":404,"message":"Not Found","data":{"err":{"details":{"code":404,"message":"no songs in active queue"},"origin":"method"}}}"#,
            "no songs in active queue",
        );
        words_of(
            400,
            r#"{"code":400,"message":"Bad Request","data":{"details":{"code":400,"message":"Incorrect password"}}}"#,
            "Incorrect password",
        );
        words_of(
            500,
            r#"{"code":500,"message":"Internal error","data":null}"#,
            "Internal error",
        );
        words_of(
            400,
            r#"{"code":400,"message":"x","data":{"details":{"message":{"err":"invalidPassword"}}}}"#,
            "invalidPassword",
        );
        words_of(
            400,
            r#"{"code":400,"message":"x","data":{"details":{"message":{"message":"inside"}}}}"#,
            "inside",
        );
        words_of(400, r#"{"message":"two\nlines"}"#, "two lines");
    }

    #[test]
    fn html_instead_of_json_is_its_own_error() {
        let error = read(&response(200, "<html>")).expect_err("no envelope");
        assert!(matches!(error, RequestError::NotQueUp(_)) && error.is_transient());
    }

    #[test]
    fn a_refusal_in_html_is_not_queups_and_passes() {
        for status in [400, 401, 403, 404] {
            let error = read(&response(status, "<html>no</html>")).expect_err("an error");
            assert!(error.is_transient(), "{error:?}");
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
    }

    #[test]
    fn the_text_of_a_page_is_in_no_error() {
        for status in [200, 301, 403, 404, 429, 500, 502] {
            for body in ["<html>token=abc</html>", "\"token=abc\"", "[token=abc]"] {
                let mut page = response(status, body);
                let to = header::HeaderValue::from_static("https://a.example/?token=abc");
                page.headers_mut().insert(header::LOCATION, to);
                let error = read(&page).expect_err("an error");
                assert!(!format!("{error} {error:?}").contains("abc"), "{error:?}");
            }
        }
    }

    #[test]
    fn a_redirect_that_is_wanted_gives_its_address() {
        let mut away = response(302, "");
        let at = |url: &'static str| header::HeaderValue::from_static(url);
        away.headers_mut()
            .insert(header::LOCATION, at("https://soundcloud.com/a/b"));
        let answer = read_redirect(&away).expect("an address");
        assert!(matches!(answer, Answer::Data(to) if to == "https://soundcloud.com/a/b"));
        away.headers_mut()
            .insert(header::LOCATION, at("https://api.queup.net/auth/login"));
        assert!(matches!(read_redirect(&away), Ok(Answer::LoginFirst)));
        away.headers_mut().remove(header::LOCATION);
        read_redirect(&away).expect_err("it leads nowhere");
        read_redirect(&response(200, r#"{"code":200,"data":{}}"#)).expect_err("no redirect");
        let error = read_redirect(&response(404, r#"{"code":404}"#)).expect_err("refused");
        assert_eq!(error.status(), Some(404));
    }

    #[test]
    fn a_redirect_to_the_login_asks_for_a_login() {
        let mut away = response(302, "");
        let login = header::HeaderValue::from_static("https://api.queup.net/auth/login");
        away.headers_mut().insert(header::LOCATION, login);
        assert!(matches!(read(&away), Ok(Answer::LoginFirst)));
        let page = response(
            401,
            r#"{"code":401,"message":"","data":{"message":"dologin"}}"#,
        );
        assert!(matches!(read(&page), Ok(Answer::LoginFirst)));
    }

    #[test]
    fn a_wait_is_read_from_words_where_there_is_one() {
        let check = |words: &str, seconds: Option<u64>| {
            assert_eq!(
                wait_in_words(words),
                seconds.map(Duration::from_secs),
                "{words}"
            );
        };
        check("please wait 10 mins before chatting", Some(600));
        check("try again in 30s", Some(30));
        check("1 hour", Some(3600));
        check("you sent 5 messages, wait 4 seconds", Some(4));
        check("slow down", None);
        check("", None);
    }

    #[test]
    fn a_list_without_an_envelope_is_the_data() {
        let list = r#"[{"_id":"1"},{"_id":"2"},{"_id":"3"}]"#;
        let answer = read(&response(200, list)).expect("data");
        assert!(matches!(answer, Answer::Data(data) if data == list));
        read(&response(500, list)).expect_err("a failure");
    }

    #[test]
    fn a_wait_counts_in_a_page_as_well() {
        let mut page = response(429, "<html>");
        let wait = header::HeaderValue::from_static("30");
        page.headers_mut().insert(header::RETRY_AFTER, wait);
        let error = read(&page).expect_err("an error");
        assert!(
            matches!(error, RequestError::RateLimited { wait: Some(wait), .. } if wait.as_secs() == 30)
        );
    }

    #[test]
    fn an_error_under_status_200_is_an_error() {
        let error = read(&response(200, r#"{"code":403,"message":"no","data":null}"#));
        assert_eq!(error.expect_err("refused").status(), Some(403));
    }
}
