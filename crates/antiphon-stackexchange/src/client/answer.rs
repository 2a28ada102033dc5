//! What the server's answers mean for messages and actions (protocol §7.1).

use crate::{
    error::{ActionError, RequestError, SendError},
    http::Answer,
};

/// What the server's words mean, where they are known (protocol §7.1).
pub(super) fn meant(words: String) -> ActionError {
    let said = words.to_ascii_lowercase();
    if said.contains("too late") {
        ActionError::TooLate(words)
    } else if said.contains("only edit your own") || said.contains("only delete your own") {
        ActionError::NotYours(words)
    } else if said.contains("been deleted") {
        ActionError::Deleted(words)
    } else {
        ActionError::Refused(words)
    }
}

/// What a failed request means for an action.
pub(super) fn failed(error: RequestError) -> ActionError {
    match error {
        // An id that never was (protocol §7.1).
        RequestError::NotAnAnswer { status: 302, body } if body.contains("/error") => {
            ActionError::NoSuchMessage
        }
        RequestError::Refused { message, .. } if !message.is_empty() => meant(message),
        error if error.may_have_happened() => ActionError::MayHaveHappened(error),
        error => ActionError::Request(error),
    }
}

/// Whether the server said yes: `"ok"`, or any of the other words that mean it; errors come under 200 too
/// (protocol §11.8).
pub(super) fn done(answer: Result<Answer, RequestError>, also: &[&str]) -> Result<(), ActionError> {
    let answer = answer.map_err(failed)?;
    let words = answer.text();
    let said = words.trim();
    let yes = said.is_empty()
        || said.eq_ignore_ascii_case("ok")
        || also.iter().any(|word| said.contains(word));
    if yes { Ok(()) } else { Err(not_done(&answer)) }
}

/// What an answer that is no yes means: words are a refusal, and anything else says neither yes nor no.
pub(super) fn not_done(answer: &Answer) -> ActionError {
    if answer.has_words() {
        meant(answer.text())
    } else {
        ActionError::MayHaveHappened(odd())
    }
}

/// An answer of a shape that says neither yes nor no.
pub(super) fn odd() -> RequestError {
    RequestError::Undecodable {
        source: "it says neither yes nor no".into(),
    }
}

/// The page is not the one that was asked for.
pub(super) fn lacks(what: &str) -> RequestError {
    RequestError::Undecodable {
        source: format!("the page has no {what}").into(),
    }
}

/// What the server's words mean for a message that was not posted.
pub(super) fn not_sent(words: String) -> SendError {
    let said = words.to_ascii_lowercase();
    if said.contains("frozen") {
        SendError::Frozen(words)
    } else if said.contains("in timeout") || said.contains("in time-out") {
        SendError::RoomTimeout(words)
    } else if said.contains("blocked") || said.contains("suspended") {
        SendError::Blocked(words)
    } else if said.contains("does not exist") || said.contains("permission") {
        SendError::NoSuchRoom(words)
    } else {
        SendError::Refused(words)
    }
}
