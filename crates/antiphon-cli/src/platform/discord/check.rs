//! Checks of a bot's table that the schema cannot make.

use std::collections::BTreeSet;

use antiphon_core::Secret;

use crate::{
    config::check::{Lint, Table, of},
    finding::Code,
};

/// Shards of a bot at most, as `antiphon-discord` takes them.
const MOST_SHARDS: u64 = 100_000;

/// Checks token, intents, shards and URLs.
pub(crate) fn check(bot: Table<'_>, lint: &mut Lint<'_, '_>) {
    if let Some(token) = lint.secret(bot, "token", "the token") {
        check_token(bot, &token, lint);
        let rest = bot.text("rest").map_or("", |(rest, _)| rest);
        lint.account(bot, format!("discord {rest} {}", token.expose()));
    }
    check_intents(bot, lint);
    if let Some((shards, at)) = bot.number("shards")
        && (MOST_SHARDS + 1..=u64::from(u32::MAX)).contains(&shards)
    {
        let message = format_args!("`shards` of {} is more than {MOST_SHARDS}", of(bot));
        lint.add(Code::ShardsTooMany, &at, message);
    }
    if let Some((rest, at)) = lint.url(bot, "rest", ["http", "https"]) {
        let last = rest.path().trim_end_matches('/').rsplit('/').next();
        let version = last.and_then(|last| last.strip_prefix('v'));
        if version.is_none_or(|version| version.parse::<u32>().is_err()) {
            let message = format_args!("`rest` of {} ends in no version", of(bot));
            lint.add(Code::UrlWithoutVersion, &at, message);
        }
    }
    lint.url(bot, "gateway", ["ws", "wss"]);
}

fn check_token(bot: Table<'_>, token: &Secret, lint: &mut Lint<'_, '_>) {
    let at = bot.at_key("token");
    let token = token.expose().trim();
    let bare = match token.strip_prefix("Bot ") {
        Some(bare) => {
            let message = format_args!("the token of {} begins with `Bot`", of(bot));
            lint.add(Code::TokenPrefix, &at, message);
            bare.trim()
        }
        None => token,
    };
    if !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format_args!(
            "the token of {} holds a blank or another character that no token has",
            of(bot)
        );
        lint.add(Code::SecretUnsendable, &at, message);
    } else if !is_like_a_token(bare) {
        let message = format_args!("the token of {} does not look like one", of(bot));
        lint.add(Code::TokenShape, &at, message);
    }
}

/// Whether a text has the form of Discord's tokens: three parts of base64, of which the last is the longest.
fn is_like_a_token(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    matches!(parts.as_slice(), [id, time, proof] if id.len() >= 16 && time.len() >= 4 && proof.len() >= 24)
        && parts.iter().all(|part| part.bytes().all(fits))
}

fn check_intents(bot: Table<'_>, lint: &mut Lint<'_, '_>) {
    let at = bot.at_key("intents");
    let content = "MESSAGE_CONTENT";
    let missing = |lint: &mut Lint<'_, '_>| {
        let message = format_args!(
            "texts of messages will be empty: {} does not ask for `{content}`",
            of(bot)
        );
        lint.add(Code::IntentsMissing, &at, message);
    };
    if !bot.has("intents") {
        missing(lint);
        return;
    }
    let mut intents = BTreeSet::new();
    for (intent, at) in bot.texts("intents") {
        if !intents.insert(intent) {
            let intent = crate::config::check::clipped(intent);
            let message = format_args!("the intent `{intent}` of {} is listed twice", of(bot));
            lint.add(Code::IntentTwice, &at, message);
        }
    }
    if bot.is_empty_list("intents") {
        let message = format_args!("{} asks for no events", of(bot));
        lint.add(Code::IntentsEmpty, &at, message);
    }
    // Texts of direct messages are sent without it.
    if intents.contains("GUILD_MESSAGES") && !intents.contains(content) {
        missing(lint);
    }
}
