//! Search of messages and threads.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route, threads::thread_member_json};
use crate::discord::{
    model::{Channel, Id, Message, id_in},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/channels/{channel_id}/threads/search",
        "thread_search",
        State::search_threads,
    )
    .in_channel(rights::READ_HISTORY)
    .simplified("names are searched without their endings; relevance is the time of creation"),
    Route::get(
        "/guilds/{guild_id}/messages/search",
        "guild_search",
        State::search_messages,
    )
    .in_guild(0)
    .also("channels without `READ_MESSAGE_HISTORY` are left out")
    .simplified("words are compared without their endings; relevance is the time; the index is always ready"),
];

/// Results of one page, and how many may be skipped.
const PAGE: i64 = 25;
const SKIPPED: i64 = 9975;
const AUTHORS: &[&str] = &["user", "bot", "webhook"];
const HAS: &[&str] = &[
    "link", "embed", "file", "image", "video", "sound", "sticker", "poll", "snapshot",
];

/// Reads all values of a parameter, each of which may be negated by a `-`.
fn choices<'a>(
    fields: &mut Fields<'_>,
    name: &str,
    given: &'a [String],
    known: &[&str],
) -> Vec<(bool, &'a str)> {
    let mut found = Vec::new();
    for (index, one) in given.iter().enumerate() {
        let plain = one.strip_prefix('-').unwrap_or(one);
        if known.contains(&plain) {
            found.push((plain.len() == one.len(), plain));
        } else {
            let known: Vec<String> = known
                .iter()
                .map(|one| format!("'{one}', '-{one}'"))
                .collect();
            let message = format!("Value must be one of ({}).", known.join(", "));
            fields.error(&format!("{name}.{index}"), "BASE_TYPE_CHOICES", &message);
        }
    }
    found
}

/// Reads all ids of a parameter.
fn ids(fields: &mut Fields<'_>, call: &Call<'_>, name: &str, most: usize) -> Vec<Id> {
    let given = call.all(name);
    fields.length(name, given.len(), &(0..=most));
    let mut found = Vec::new();
    for (index, one) in given.iter().enumerate() {
        if let Ok(id) = one.parse() {
            found.push(id);
        } else {
            fields.not_a_number(&format!("{name}.{index}"), one, "snowflake");
        }
    }
    found
}

/// Part of what was found, which is sorted upwards, in the order that is asked for; and whether more follows.
fn part<T>(mut found: Vec<T>, order: Option<&str>, offset: u64, limit: u64) -> (Vec<T>, bool) {
    if order != Some("asc") {
        found.reverse();
    }
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(limit).unwrap_or(25);
    let has_more = found.len() > skipped.saturating_add(taken);
    let part = found.into_iter().skip(skipped).take(taken).collect();
    (part, has_more)
}

/// Words of a text, in lower case.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|one: char| !one.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn file_is(file: &Value, kind: &str, endings: &[&str]) -> bool {
    let name = file["filename"].as_str().unwrap_or_default().to_lowercase();
    let content = file["content_type"].as_str().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    content.starts_with(kind) || ending.is_some_and(|ending| endings.contains(&ending))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a message has something of [`HAS`].
fn has(message: &Message, what: &str) -> bool {
    let files = items(&message.attachments);
    let any = |kind: &str, endings: &[&str]| files.iter().any(|file| file_is(file, kind, endings));
    match what {
        "link" => message.content.contains("http://") || message.content.contains("https://"),
        "embed" => !items(&message.embeds).is_empty(),
        "file" => !files.is_empty(),
        "image" => any("image/", &["png", "jpg", "jpeg", "gif", "webp"]),
        "video" => any("video/", &["mp4", "mov", "webm"]),
        "sound" => any("audio/", &["mp3", "ogg", "wav", "flac", "m4a"]),
        "poll" => message.poll.is_some(),
        "snapshot" => message.forwarded.is_some(),
        _ => false,
    }
}

/// What a search of messages asks for.
struct Query {
    words: BTreeSet<String>,
    authors: Vec<Id>,
    author_types: Vec<(bool, String)>,
    mentions: Vec<Id>,
    role_mentions: Vec<Id>,
    replied_users: Vec<Id>,
    replied_messages: Vec<Id>,
    mentions_everyone: Option<bool>,
    above: Id,
    below: Id,
    has: Vec<(bool, String)>,
    hosts: Vec<String>,
    providers: Vec<String>,
    embed_types: Vec<String>,
    endings: Vec<String>,
    filenames: Vec<String>,
    pinned: Option<bool>,
    with_nsfw: bool,
    channels: Vec<Id>,
}

impl Query {
    fn read(fields: &mut Fields<'_>, call: &Call<'_>) -> Self {
        let owned = |choices: Vec<(bool, &str)>| {
            let choices = choices.into_iter();
            choices.map(|(on, one)| (on, one.to_owned())).collect()
        };
        let (author_types, has) = (call.all("author_type"), call.all("has"));
        fields.number("slop", 0..=100);
        Self {
            words: words(fields.text("content", 0..=1024).unwrap_or_default()),
            authors: ids(fields, call, "author_id", 100),
            author_types: owned(choices(fields, "author_type", &author_types, AUTHORS)),
            mentions: ids(fields, call, "mentions", 100),
            role_mentions: ids(fields, call, "mentions_role_id", 100),
            replied_users: ids(fields, call, "replied_to_user_id", 100),
            replied_messages: ids(fields, call, "replied_to_message_id", 100),
            mentions_everyone: fields.flag("mention_everyone"),
            above: fields.id("min_id").unwrap_or(0),
            below: fields.id("max_id").unwrap_or(Id::MAX),
            has: owned(choices(fields, "has", &has, HAS)),
            hosts: call.all("link_hostname"),
            providers: call.all("embed_provider"),
            embed_types: call.all("embed_type"),
            endings: call.all("attachment_extension"),
            filenames: call.all("attachment_filename"),
            pinned: fields.flag("pinned"),
            with_nsfw: fields.flag("include_nsfw").unwrap_or(true),
            channels: ids(fields, call, "channel_id", 500),
        }
    }
}

fn fits<T: PartialEq>(wanted: &[T], mut found: impl Iterator<Item = T>) -> bool {
    wanted.is_empty() || found.any(|one| wanted.contains(&one))
}

/// Whether all wanted choices hold: of those that are not negated one is enough.
fn fits_choices(wanted: &[(bool, String)], holds: impl Fn(&str) -> bool) -> bool {
    let mut positive = wanted.iter().filter(|(on, _)| *on).peekable();
    let mut negative = wanted.iter().filter(|(on, _)| !*on);
    (positive.peek().is_none() || positive.any(|(_, one)| holds(one)))
        && negative.all(|(_, one)| !holds(one))
}

impl State {
    fn fits_query(&self, query: &Query, message: &Message) -> bool {
        let said = words(&message.content);
        let whole = self.message_json(message);
        let is_bot = whole["author"]["bot"] == true;
        let kind = match (&message.sender, is_bot) {
            (Some(_), _) => "webhook",
            (None, true) => "bot",
            (None, false) => "user",
        };
        let numbers = |value: &Value| -> Vec<Id> {
            let ids = items(value).iter();
            ids.filter_map(|one| id_in(one.get("id").unwrap_or(one)))
                .collect()
        };
        let original = &whole["referenced_message"];
        let replied_user = id_in(&original["author"]["id"]);
        let embeds = items(&message.embeds);
        let texts = |pointer: &str| -> Vec<String> {
            let found = embeds.iter().filter_map(|one| one.pointer(pointer));
            found
                .filter_map(|one| Some(one.as_str()?.to_lowercase()))
                .collect()
        };
        let files = items(&message.attachments).iter();
        let names: Vec<String> = files
            .filter_map(|file| Some(file["filename"].as_str()?.to_lowercase()))
            .collect();
        let endings = names
            .iter()
            .filter_map(|name| Some(name.rsplit_once('.')?.1.to_owned()));
        let links = message.content.split_whitespace();
        let links = links.filter_map(|word| Some(word.split_once("://")?.1));
        let hosts = links.filter_map(|rest| Some(rest.split('/').next()?.to_lowercase()));
        query.above < message.id
            && message.id < query.below
            && query.words.is_subset(&said)
            && fits(&query.authors, std::iter::once(message.author))
            && fits_choices(&query.author_types, |one| one == kind)
            && fits(&query.mentions, numbers(&whole["mentions"]).into_iter())
            && fits(
                &query.role_mentions,
                numbers(&whole["mention_roles"]).into_iter(),
            )
            && fits(&query.replied_users, replied_user.into_iter())
            && fits(&query.replied_messages, message.reply_to.into_iter())
            && query
                .mentions_everyone
                .is_none_or(|wanted| whole["mention_everyone"] == wanted)
            && fits_choices(&query.has, |what| has(message, what))
            && fits(&query.hosts, hosts)
            && fits(&query.providers, texts("/provider/name").into_iter())
            && fits(&query.embed_types, texts("/type").into_iter())
            && fits(&query.endings, endings)
            && (query.filenames.is_empty()
                || query
                    .filenames
                    .iter()
                    .any(|one| names.contains(&one.to_lowercase())))
            && query
                .pinned
                .is_none_or(|wanted| message.is_pinned == wanted)
    }

    /// Channels and threads that a search looks into.
    fn searched_channels(&self, call: &Call<'_>, query: &Query) -> Result<Vec<Id>, Answer> {
        let needed = rights::VIEW_CHANNEL | rights::READ_HISTORY;
        let may_read = |channel: &Channel| {
            self.community.permissions(call.account, channel) & needed == needed
        };
        for id in &query.channels {
            let channel = self.visible_channel(*id, call.account)?;
            if channel.guild != Some(call.guild()) {
                return Err(Answer::unknown("Channel", 10003));
            }
            self.needs_in_channel(call.account, *id, needed)?;
        }
        let channels = self.community.channels.values();
        let channels = channels.filter(|one| one.guild == Some(call.guild()) && may_read(one));
        let channels = channels.filter(|one| {
            let is_adult = one.settings.get("nsfw").and_then(Value::as_bool) == Some(true);
            query.with_nsfw || !is_adult
        });
        let channels = channels.map(|one| one.id);
        let wanted = |id: &Id| query.channels.is_empty() || query.channels.contains(id);
        Ok(channels.filter(wanted).collect())
    }

    fn search_messages(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.query();
        let limit = fields.count("limit", 1..=PAGE).unwrap_or(25);
        let offset = fields.count("offset", 0..=SKIPPED).unwrap_or(0);
        fields.choice_of_texts("sort_by", &["timestamp", "relevance"]);
        let order = fields.choice_of_texts("sort_order", &["asc", "desc"]);
        let query = Query::read(&mut fields, call);
        fields.check()?;
        let channels = self.searched_channels(call, &query)?;
        let kept = channels
            .iter()
            .filter_map(|id| self.community.messages.get(id));
        let mut found: Vec<&Message> = kept
            .flat_map(std::collections::BTreeMap::values)
            .filter(|message| self.fits_query(&query, message))
            .collect();
        found.sort_unstable_by_key(|message| message.id);
        let total = found.len();
        let (page, _) = part(found, order, offset, limit);
        let threads: BTreeSet<Id> = page.iter().map(|message| message.channel).collect();
        let threads = threads
            .iter()
            .filter_map(|id| self.community.channels.get(id))
            .filter(|channel| channel.is_thread());
        let joined = threads
            .clone()
            .filter(|thread| thread.members.contains(&call.account));
        let messages = page.into_iter().map(|message| {
            let mut json = self.message_json(message);
            if let Some(fields) = json.as_object_mut() {
                fields.remove("reactions");
            }
            json["hit"] = json!(true);
            json!([json])
        });
        Ok(Answer::json(
            200,
            json!({
                "doing_deep_historical_index": false,
                "documents_indexed": null,
                "total_results": total,
                "messages": messages.collect::<Vec<_>>(),
                "threads": threads.map(Channel::json).collect::<Vec<_>>(),
                "members": joined.map(|thread| thread_member_json(thread, call.account)).collect::<Vec<_>>(),
            }),
        ))
    }

    fn search_threads(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.query();
        let name = words(fields.text("name", 0..=100).unwrap_or_default());
        fields.number("slop", 0..=100);
        let above = fields.id("min_id").unwrap_or(0);
        let below = fields.id("max_id").unwrap_or(Id::MAX);
        let tags = ids(&mut fields, call, "tag", 20);
        let setting = fields.choice_of_texts("tag_setting", &["match_all", "match_some"]);
        let archived = fields.flag("archived");
        let sort = fields.choice_of_texts(
            "sort_by",
            &[
                "last_message_time",
                "archive_time",
                "relevance",
                "creation_time",
            ],
        );
        let order = fields.choice_of_texts("sort_order", &["asc", "desc"]);
        let limit = fields.count("limit", 1..=PAGE).unwrap_or(25);
        let offset = fields.count("offset", 0..=SKIPPED).unwrap_or(0);
        fields.check()?;
        let parent = self.visible_channel(call.channel(), call.account)?;
        if parent.is_thread() || parent.is_voice() || parent.guild.is_none() {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let has_tags = |thread: &Channel| {
            let own: Vec<Id> = thread
                .settings
                .get("applied_tags")
                .map_or(&[][..], |tags| items(tags))
                .iter()
                .filter_map(id_in)
                .collect();
            match setting {
                Some("match_some") => tags.is_empty() || tags.iter().any(|tag| own.contains(tag)),
                _ => tags.iter().all(|tag| own.contains(tag)),
            }
        };
        let mut found: Vec<&Channel> = self
            .community
            .channels
            .values()
            .filter(|one| one.is_thread() && one.parent == Some(call.channel()))
            .filter(|one| self.sees_thread(one, call.account))
            .filter(|one| above < one.id && one.id < below)
            .filter(|one| name.is_subset(&words(&one.name)) && has_tags(one))
            .filter(|one| archived.is_none_or(|archived| one.is_archived == archived))
            .collect();
        found.sort_unstable_by_key(|thread| match sort {
            Some("creation_time" | "relevance") => (0, thread.id),
            Some("archive_time") => (thread.archived_at.unwrap_or(thread.created_at), thread.id),
            _ => (0, thread.last_message.unwrap_or(thread.id)),
        });
        let total = found.len();
        let (page, has_more) = part(found, order, offset, limit);
        let first = page.iter().filter_map(|thread| {
            let kept = self.community.messages.get(&thread.id)?;
            let (_, message) = kept.first_key_value()?;
            Some(self.message_for(message, call.account))
        });
        let first: Vec<Value> = first.collect();
        let joined = page
            .iter()
            .filter(|thread| thread.members.contains(&call.account));
        Ok(Answer::json(
            200,
            json!({
                "threads": page.iter().map(|thread| thread.json()).collect::<Vec<_>>(),
                "members": joined.map(|thread| thread_member_json(thread, call.account)).collect::<Vec<_>>(),
                "first_messages": first,
                "has_more": has_more,
                "total_results": total,
            }),
        ))
    }
}
