//! Automatic moderation: rules that messages of people meet, and actions that follow.
//!
//! [Discord's rules](https://docs.discord.com/developers/resources/auto-moderation)

use std::{collections::BTreeSet, ops::Range};

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};

use super::{
    audit::{Entry, action as audit},
    community::Scope,
    messages::Draft,
    model::{Id, iso},
    permissions,
    state::State,
    things::RULE,
};

/// Bytes of a compiled pattern.
const PATTERN: usize = 1 << 20;
/// Type of the message that an alert posts.
const ALERT: u8 = 24;

/// Kinds of contents that rules look for.
pub(crate) mod trigger {
    pub(crate) const KEYWORD: i64 = 1;
    pub(crate) const SPAM: i64 = 3;
    pub(crate) const KEYWORD_PRESET: i64 = 4;
    pub(crate) const MENTION_SPAM: i64 = 5;
    pub(crate) const MEMBER_PROFILE: i64 = 6;
}

/// Kinds of actions.
pub(crate) mod action {
    pub(crate) const BLOCK_MESSAGE: i64 = 1;
    pub(crate) const SEND_ALERT_MESSAGE: i64 = 2;
    pub(crate) const TIMEOUT: i64 = 3;
    pub(crate) const BLOCK_MEMBER_INTERACTION: i64 = 4;
}

/// A rule that a message meets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Met {
    rule: Value,
    keyword: Option<String>,
    content: Option<String>,
}

impl Met {
    fn actions(&self) -> impl Iterator<Item = &Value> {
        self.rule["actions"].as_array().into_iter().flatten()
    }

    /// Whether the message is not posted.
    pub(crate) fn blocks(&self) -> bool {
        self.actions()
            .any(|action| action["type"] == action::BLOCK_MESSAGE)
    }
}

/// Texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = &str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str)
}

/// Compiles a pattern; patterns have Rust's own syntax, and match in any case.
pub(crate) fn pattern(text: &str) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.case_insensitive(true).size_limit(PATTERN).build()
}

/// Places of a keyword in a text that is in lower case. `*` at an end of the keyword lets a word go on there.
///
/// [Matching strategies](https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-rule-object-keyword-matching-strategies)
fn places(text: &str, keyword: &str) -> Vec<Range<usize>> {
    let keyword = keyword.to_lowercase();
    let bare = keyword.trim_matches('*');
    if bare.is_empty() {
        return Vec::new();
    }
    let (goes_before, goes_on) = (keyword.starts_with('*'), keyword.ends_with('*'));
    let found = text.match_indices(bare);
    let found = found.map(|(at, _)| at..at + bare.len()).filter(|place| {
        let before = text[..place.start].chars().next_back();
        let after = text[place.end..].chars().next();
        (goes_before || !before.is_some_and(char::is_alphanumeric))
            && (goes_on || !after.is_some_and(char::is_alphanumeric))
    });
    found.collect()
}

/// First keyword that a text has outside of what is allowed, and the words that match it.
fn keyword_in(content: &str, metadata: &Value, patterns: &[Regex]) -> Option<(String, String)> {
    let text = content.to_lowercase();
    // A letter whose lower case is longer or shorter shifts all that follows it.
    let shown = |place: Range<usize>| {
        let source = if text.len() == content.len() {
            content
        } else {
            &text
        };
        source.get(place.clone()).unwrap_or(&text[place]).to_owned()
    };
    let allowed = texts(&metadata["allow_list"]).flat_map(|allowed| places(&text, allowed));
    let allowed: Vec<Range<usize>> = allowed.collect();
    let counts = |place: &Range<usize>| {
        !allowed
            .iter()
            .any(|allowed| allowed.start < place.end && place.start < allowed.end)
    };
    let by_keyword = texts(&metadata["keyword_filter"]).find_map(|keyword| {
        let place = places(&text, keyword)
            .into_iter()
            .find(|place| counts(place))?;
        Some((keyword.to_owned(), shown(place)))
    });
    by_keyword.or_else(|| {
        patterns.iter().find_map(|pattern| {
            let mut found = pattern.find_iter(content).filter(|found| !found.is_empty());
            let found = found.find(|found| counts(&found.range()))?;
            Some((pattern.as_str().to_owned(), found.as_str().to_owned()))
        })
    })
}

/// Different users and roles that a text mentions.
fn mentions(content: &str) -> usize {
    let rest = content.split("<@").skip(1);
    let ids = rest.filter_map(|rest| {
        rest.split_once('>')?
            .0
            .trim_start_matches(['!', '&'])
            .parse()
            .ok()
    });
    ids.collect::<BTreeSet<Id>>().len()
}

impl State {
    /// Rules that a message would meet; messages of bots, and of members who manage the guild, meet none.
    pub(crate) fn rules_met(&self, channel: Id, author: Id, content: &str) -> Vec<Met> {
        let place = self.community.channels.get(&channel);
        let Some(guild) = place.and_then(|place| place.guild) else {
            return Vec::new();
        };
        let Some(home) = self.community.guilds.get(&guild) else {
            return Vec::new();
        };
        let rights = permissions::of(home, author, None);
        if self.community.bots.contains_key(&author) || rights & permissions::MANAGE_GUILD != 0 {
            return Vec::new();
        }
        let parent = place.and_then(|place| place.parent.filter(|_| place.is_thread()));
        let channels = [Some(channel), parent].map(|id| id.map(|id| id.to_string()));
        let roles = home.members.get(&author).map(|member| &member.roles);
        let roles: Vec<String> = roles
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let is_exempt = |rule: &Value| {
            texts(&rule["exempt_roles"]).any(|id| roles.iter().any(|role| role == id))
                || texts(&rule["exempt_channels"])
                    .any(|id| channels.iter().flatten().any(|channel| channel == id))
        };
        let all = self.things(guild, RULE).filter(|(_, rule)| {
            rule["enabled"] == true && rule["event_type"] == 1 && !is_exempt(rule)
        });
        let met = all.filter_map(|(id, rule)| {
            let metadata = &rule["trigger_metadata"];
            let (keyword, matched) = match rule["trigger_type"].as_i64()? {
                trigger::KEYWORD => {
                    let patterns = self.rest.patterns.get(&id).map_or(&[][..], Vec::as_slice);
                    let (keyword, matched) = keyword_in(content, metadata, patterns)?;
                    (Some(keyword), Some(matched))
                }
                trigger::MENTION_SPAM => {
                    let most = metadata["mention_total_limit"].as_u64()?;
                    let are = u64::try_from(mentions(content)).unwrap_or(u64::MAX);
                    (are > most).then_some((None, None))?
                }
                _ => return None,
            };
            Some(Met {
                rule: rule.clone(),
                keyword,
                content: matched,
            })
        });
        met.collect()
    }

    /// Executes the actions of rules that a message met; `message` is none if it was blocked.
    pub(crate) fn execute_rules(
        &mut self,
        channel: Id,
        author: Id,
        content: &str,
        met: &[Met],
        message: Option<Id>,
    ) {
        for one in met {
            let mut event = json!({
                "guild_id": one.rule["guild_id"],
                "rule_id": one.rule["id"],
                "rule_trigger_type": one.rule["trigger_type"],
                "user_id": author.to_string(),
                "channel_id": channel.to_string(),
                "content": content,
                "matched_keyword": one.keyword,
                "matched_content": one.content,
            });
            if let Some(message) = message {
                event["message_id"] = json!(message.to_string());
            }
            for action in one.actions() {
                self.execute(channel, author, one, action, event.clone());
            }
        }
    }

    fn execute(&mut self, channel: Id, author: Id, met: &Met, action: &Value, mut event: Value) {
        let place = self.community.channels.get(&channel);
        let Some(guild) = place.and_then(|place| place.guild) else {
            return;
        };
        let metadata = &action["metadata"];
        let written = match action["type"].as_i64() {
            Some(action::BLOCK_MESSAGE) => Some(audit::AUTO_MODERATION_BLOCK_MESSAGE),
            Some(action::SEND_ALERT_MESSAGE) => {
                let to = metadata["channel_id"]
                    .as_str()
                    .and_then(|id| id.parse().ok());
                let to = to.filter(|id| self.community.channels.contains_key(id));
                if let Some(to) = to {
                    let alert = self.post(to, author, alert(met, &event));
                    event["alert_system_message_id"] = json!(alert.to_string());
                }
                Some(audit::AUTO_MODERATION_FLAG_TO_CHANNEL)
            }
            Some(action::TIMEOUT) => {
                let seconds = metadata["duration_seconds"].as_i64().unwrap_or(60);
                let until = iso(self.now() + seconds * 1000);
                self.change_member(guild, author, |member| member.silenced_until = Some(until));
                Some(audit::AUTO_MODERATION_USER_COMMUNICATION_DISABLED)
            }
            _ => None,
        };
        event["action"] = action.clone();
        self.publish(
            "AUTO_MODERATION_ACTION_EXECUTION",
            Scope::guild(guild),
            &event,
        );
        if let Some(written) = written {
            let entry = Entry::new(author, written, author).options(json!({
                "auto_moderation_rule_name": met.rule["name"],
                "auto_moderation_rule_trigger_type": met.rule["trigger_type"].to_string(),
                "channel_id": channel.to_string(),
            }));
            self.record(guild, entry);
        }
    }
}

/// Message that reports a message to moderators.
fn alert(met: &Met, event: &Value) -> Draft {
    let mut fields = Vec::new();
    for (name, value) in [
        ("rule_name", &met.rule["name"]),
        ("channel_id", &event["channel_id"]),
        ("keyword", &event["matched_keyword"]),
        ("keyword_matched_content", &event["matched_content"]),
        ("flagged_message_id", &event["message_id"]),
    ] {
        if !value.is_null() {
            fields.push(json!({"name": name, "value": value, "inline": false}));
        }
    }
    Draft {
        kind: ALERT,
        embeds: json!([{
            "type": "auto_moderation_message",
            "description": event["content"],
            "fields": fields,
        }]),
        ..Draft::text("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The examples are those of
    // https://docs.discord.com/developers/resources/auto-moderation#auto-moderation-rule-object-keyword-matching-strategies
    #[test]
    fn keywords_match_as_their_stars_say() {
        for (keyword, text, is_met) in [
            ("cat*", "catch", true),
            ("cat*", "wildcat", false),
            ("the mat*", "see the matrix", true),
            ("*cat", "copyCat", true),
            ("*cat", "catch", false),
            ("*the mat", "breathe mat, breathe mat", true),
            ("*cat*", "eduCation", true),
            ("cat", "a cat, asleep", true),
            ("cat", "location", false),
            ("Ärger", "so viel ÄRGER", true),
            ("*", "anything", false),
        ] {
            let metadata = json!({"keyword_filter": [keyword]});
            let found = keyword_in(text, &metadata, &[]);
            assert_eq!(found.is_some(), is_met, "{keyword} in {text}");
        }
    }

    #[test]
    fn an_allowed_word_meets_no_rule() {
        let metadata = json!({"keyword_filter": ["*cat*"], "allow_list": ["catalogue"]});
        assert_eq!(keyword_in("the Catalogue", &metadata, &[]), None);
        let found = keyword_in("the Catalogue of CATS", &metadata, &[]);
        assert_eq!(found, Some(("*cat*".to_owned(), "CAT".to_owned())));
    }

    #[test]
    fn a_pattern_has_rusts_own_syntax() {
        let patterns = [pattern("(b|c)at").expect("a pattern")];
        let found = keyword_in("a Bat", &json!({}), &patterns);
        assert_eq!(found, Some(("(b|c)at".to_owned(), "Bat".to_owned())));
        assert!(pattern("(?=look)ahead").is_err());
        assert!(pattern("(?:a{1000}){1000}").is_err(), "too large");
    }

    #[test]
    fn who_is_mentioned_twice_counts_once() {
        assert_eq!(mentions("<@1> <@!1> <@&2> <@3"), 2);
    }
}
