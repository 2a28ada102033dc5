//! Answers: what counts as one, and how much of it an error repeats (protocol §2, §11.28).
//!
//! A chat server says no in many ways: a status, a JSON text under status 200, a page of HTML, a redirect. [`read`]
//! sorts them into one answer and four errors, and is the only place that looks at a status. A refusal that is known
//! carries the header `chat: error` and a text for the user; only such texts, and the words of a page without its
//! markup, are repeated in errors, 300 characters of them at most.

use antiphon_core::json_position;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::redirect::{location, path_of};
use crate::{content::Html, error::RequestError, throttle::wait_in};

/// Characters of a page that an error repeats at most.
const LONGEST_WORDS: usize = 300;
/// Bytes of a page that are searched for those words.
const LONGEST_PAGE: usize = 16 << 10;

/// An answer that is neither a failure nor a page in its place.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The text of the answer; a JSON string without its quotes (protocol §2).
    pub(crate) fn text(&self) -> String {
        antiphon_core::read_json::<String>(&self.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.body).trim().to_owned())
    }

    /// Reads the answer as JSON.
    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, RequestError> {
        antiphon_core::read_json(&self.body).map_err(|error| RequestError::Undecodable {
            source: json_position(&error).into(),
        })
    }

    /// Whether the answer is a text for the user: a JSON text, or one that is no JSON of another kind.
    pub(crate) fn has_words(&self) -> bool {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        !matches!(start, Some(b'{' | b'[' | b'<'))
    }

    /// Refuses a page of HTML in place of an answer.
    pub(super) fn not_a_page(self) -> Result<Self, RequestError> {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        if start == Some(&b'<') {
            return Err(RequestError::NotAnAnswer {
                status: self.status.as_u16(),
                body: shown(&self.body),
            });
        }
        Ok(self)
    }
}

/// Tells answers from refusals, failures and pages.
pub(super) fn read(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let status = response.status();
    let body = response.body();
    let number = status.as_u16();
    if status.is_redirection() {
        return Err(RequestError::NotAnAnswer {
            status: number,
            body: words_of(response),
        });
    }
    fail_early(response)?;
    let answer = Answer {
        status,
        body: body.clone(),
    };
    // A known refusal has this header and words for the user; a page without it may come from another server.
    let is_known = response
        .headers()
        .get("chat")
        .is_some_and(|value| value.as_bytes() == b"error");
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_page = start == Some(&b'<') && !is_known;
    match number {
        200..300 => Ok(answer),
        _ if is_page => Err(RequestError::NotAnAnswer {
            status: number,
            body: shown(body),
        }),
        _ => Err(RequestError::Refused {
            status: number,
            message: short(answer.text().as_bytes()),
        }),
    }
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * LONGEST_WORDS)]);
    let printable = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    text.trim()
        .chars()
        .map(printable)
        .take(LONGEST_WORDS)
        .collect()
}

/// The beginning of a page's text, without its markup, which may hold keys.
fn shown(body: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(LONGEST_PAGE)]);
    if !beginning.trim_start().starts_with('<') {
        return short(body);
    }
    short(Html::new(beginning).text().as_bytes())
}

/// The path of a redirect, or the text of a page.
pub(super) fn words_of(response: &Response<Bytes>) -> String {
    match location(response) {
        Some(to) => format!("a redirect to {}", short(path_of(&to).as_bytes())),
        None => shown(response.body()),
    }
}

/// Refuses an answer whose status says that the server failed, or asks to wait.
pub(super) fn fail_early(response: &Response<Bytes>) -> Result<(), RequestError> {
    let status = response.status();
    match status.as_u16() {
        409 | 429 => Err(RequestError::Throttled {
            wait: wait_in(&String::from_utf8_lossy(response.body())),
        }),
        500.. => Err(RequestError::Server {
            status: status.as_u16(),
            message: shown(response.body()),
        }),
        _ => Ok(()),
    }
}
