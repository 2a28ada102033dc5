//! Close codes of the Gateway, and the reaction to each (protocol §5).
//!
//! <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
//!
//! A code whose cause is in the configuration or in the bot's settings stops the shard with a hint, because Discord would
//! refuse the next try as well; every other code is followed by a resume or by a new session.
//! A code that nobody knows is taken for a network failure.

use std::time::Duration;

/// Pause after a close for too many frames.
///
/// A connection that is opened at once would be closed again for the frames that are still waiting.
const LIMITED_PAUSE: Duration = Duration::from_secs(5);

/// Reaction to the end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Resume the session, after this time at least.
    Resume(Duration),
    /// Begin a new session, after this time at least.
    NewSession(Duration),
    /// Stop the shard: a code for programs, and a hint for the operator.
    Stop(&'static str, &'static str),
}

/// Meaning of a close code, and the reaction to it.
pub(crate) fn meaning(code: Option<u16>) -> (&'static str, Reaction) {
    let resume = Reaction::Resume(Duration::ZERO);
    let new_session = Reaction::NewSession(Duration::ZERO);
    match code {
        None => ("no reason was given", resume),
        Some(1000 | 1001) => ("the server went away", resume),
        Some(4000) => ("an unknown error", resume),
        Some(4001) => (
            "an unknown opcode, or a payload that it does not allow",
            resume,
        ),
        Some(4002) => ("a payload that could not be decoded", resume),
        Some(4003) => (
            "a payload before the session began, or the session was invalidated",
            resume,
        ),
        Some(4004) => (
            "the token is not accepted",
            Reaction::Stop(
                "authorization",
                "copy the token again from the application's page \"Bot\" at \
                 https://discord.com/developers/applications; a token is reset when it leaks, or after too many \
                 identifies",
            ),
        ),
        Some(4005) => ("a second identify", resume),
        Some(4007) => ("a sequence that was never sent", new_session),
        Some(4008) => ("too many frames were sent", Reaction::Resume(LIMITED_PAUSE)),
        Some(4009) => ("the session timed out", new_session),
        Some(4010) => (
            "the shard's number does not fit the number of shards",
            Reaction::Stop("invalid_shard", "correct `Config::shards`"),
        ),
        Some(4011) => (
            "the bot is in too many guilds for this number of shards",
            Reaction::Stop(
                "sharding_required",
                "use `Shards::Recommended`, which asks again at the next start, or a larger number: a shard takes at \
                 most 2500 guilds",
            ),
        ),
        Some(4012) => (
            "this version of the Gateway is no longer spoken",
            Reaction::Stop("invalid_version", "update antiphon"),
        ),
        Some(4013) => (
            "an intent that does not exist",
            Reaction::Stop(
                "invalid_intents",
                "correct the intents given to `Config::new`",
            ),
        ),
        Some(4014) => (
            "a privileged intent that the application may not use",
            Reaction::Stop(
                "disallowed_intents",
                "switch the intent on under \"Privileged Gateway Intents\" on the application's page \"Bot\" at \
                 https://discord.com/developers/applications, or leave out GUILD_MEMBERS, GUILD_PRESENCES and \
                 MESSAGE_CONTENT",
            ),
        ),
        Some(_) => ("a code without a known meaning", resume),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: impl Into<Option<u16>>, reaction: &str) {
        let code = code.into();
        let expected = match meaning(code).1 {
            Reaction::Resume(Duration::ZERO) => "resume".to_owned(),
            Reaction::Resume(_) => "pause".to_owned(),
            Reaction::NewSession(_) => "new session".to_owned(),
            Reaction::Stop(code, hint) => {
                assert!(!hint.is_empty());
                code.to_owned()
            }
        };
        assert_eq!(expected, reaction, "{code:?}");
    }

    macro_rules! rows {
        ($($name:ident: $code:expr => $reaction:literal;)*) => {$(
            #[test]
            fn $name() {
                check($code, $reaction);
            }
        )*};
    }

    rows! {
        no_code_resumes: None => "resume";
        code_1000_of_the_server_resumes: 1000 => "resume";
        code_1001_of_the_server_resumes: 1001 => "resume";
        code_1006_resumes: 1006 => "resume";
        code_4000_resumes: 4000 => "resume";
        code_4001_resumes: 4001 => "resume";
        code_4002_resumes: 4002 => "resume";
        code_4003_resumes: 4003 => "resume";
        code_4004_stops_for_the_token: 4004 => "authorization";
        code_4005_resumes: 4005 => "resume";
        code_4006_resumes: 4006 => "resume";
        code_4007_begins_a_new_session: 4007 => "new session";
        code_4008_resumes_after_a_pause: 4008 => "pause";
        code_4009_begins_a_new_session: 4009 => "new session";
        code_4010_stops_for_the_shard: 4010 => "invalid_shard";
        code_4011_stops_for_sharding: 4011 => "sharding_required";
        code_4012_stops_for_the_version: 4012 => "invalid_version";
        code_4013_stops_for_the_intents: 4013 => "invalid_intents";
        code_4014_stops_for_privileged_intents: 4014 => "disallowed_intents";
        an_unknown_code_resumes: 4999 => "resume";
    }
}
