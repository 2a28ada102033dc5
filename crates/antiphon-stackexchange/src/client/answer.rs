//! Answers to messages and actions (protocol §7.1).
//!
//! The chat server has no error codes: it answers refusals with status 200 or 404 and a sentence for people (protocol
//! §7.1, §11.8). The functions here turn sentences into variants of [`ActionError`] and [`SendError`], by parts of the
//! sentences that several client libraries agree on. A sentence that nobody knows becomes `Refused`, with the sentence,
//! and never a success. An answer without words (JSON of another shape, a page) says neither yes nor no, and becomes
//! `MayHaveHappened`.

use crate::{
    error::{ActionError, RequestError, SendError},
    http::Answer,
};

/// The error that the server's words mean.
///
/// The comparison ignores case. The order of the tests matters for one sentence: `This message has already been deleted
/// and cannot be edited` is no case of *too late*.
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

/// The error that a failed request means for an action.
pub(super) fn failed(error: RequestError) -> ActionError {
    match error {
        // An id without a message (protocol §7.1).
        RequestError::NotAnAnswer { status: 302, body } if body.contains("/error") => {
            ActionError::NoSuchMessage
        }
        RequestError::Refused { message, .. } if !message.is_empty() => meant(message),
        error if error.may_have_happened() => ActionError::MayHaveHappened(error),
        error => ActionError::Request(error),
    }
}

/// Fails unless the server said yes: `"ok"`, or another word that means it. Errors have status 200 too
/// (protocol §11.8).
///
/// An empty answer is a success too: `/rooms/setuseraccess` answers so (protocol §7.3). `also` has words that mean a
/// yes for this call alone.
pub(super) fn done(answer: Result<Answer, RequestError>, also: &[&str]) -> Result<(), ActionError> {
    let answer = answer.map_err(failed)?;
    let words = answer.text();
    let said = words.trim();
    let yes = said.is_empty()
        || said.eq_ignore_ascii_case("ok")
        || also.iter().any(|word| said.contains(word));
    if yes { Ok(()) } else { Err(not_done(&answer)) }
}

/// The error for an answer that is no yes: words are a refusal, and another shape says neither yes nor no.
pub(super) fn not_done(answer: &Answer) -> ActionError {
    if answer.has_words() {
        meant(answer.text())
    } else {
        ActionError::MayHaveHappened(no_verdict())
    }
}

/// The error for an answer that says neither yes nor no.
pub(super) fn no_verdict() -> RequestError {
    RequestError::Undecodable {
        source: "it says neither yes nor no".into(),
    }
}

/// The error for a page without the element that was asked for.
pub(super) fn lacks(what: &str) -> RequestError {
    RequestError::Undecodable {
        source: format!("the page has no {what}").into(),
    }
}

/// The error that the server's words mean for a message that was not posted.
///
/// `does not exist` and `permission` are one sentence of the server, which does not tell the two apart.
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
