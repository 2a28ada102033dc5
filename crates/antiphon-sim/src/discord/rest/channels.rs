//! Channels.

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    fields::Fields,
    overwrites::{OVERWRITES, may_overwrite, read_overwrite},
    route::Route,
};
use crate::discord::{
    limits::Pace,
    model::{Channel, Id, Overwrite, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/channels/{channel_id}", "get_channel", State::get_channel).in_channel(0),
    Route::patch(
        "/channels/{channel_id}",
        "update_channel",
        State::edit_channel,
    )
    .in_channel(0)
    .also("`MANAGE_CHANNELS`; in a thread `MANAGE_THREADS`, or own thread")
    .pace(5, 15_000)
    .events(&["CHANNEL_UPDATE", "THREAD_UPDATE"])
    .audit(&["CHANNEL_UPDATE", "THREAD_UPDATE"]),
    Route::delete(
        "/channels/{channel_id}",
        "delete_channel",
        State::delete_channel,
    )
    .in_channel(0)
    .also("`MANAGE_CHANNELS`; in a thread `MANAGE_THREADS`")
    .events(&["CHANNEL_DELETE", "THREAD_DELETE"])
    .audit(&["CHANNEL_DELETE", "THREAD_DELETE"]),
    Route::post(
        "/channels/{channel_id}/typing",
        "trigger_typing_indicator",
        State::trigger_typing,
    )
    .without_body()
    .in_channel(0)
    .also("`SEND_MESSAGES`, in a thread `SEND_MESSAGES_IN_THREADS`")
    .pace(5, 5_000)
    .events(&["TYPING_START"]),
    Route::bearer_only(
        "PUT",
        "/channels/{channel_id}/recipients/{user_id}",
        "add_group_dm_user",
    ),
    Route::bearer_only(
        "DELETE",
        "/channels/{channel_id}/recipients/{user_id}",
        "delete_group_dm_user",
    ),
];

/// Changes of a channel's name or topic, and the milliseconds of their window. No header tells of this limit
/// (<https://github.com/discord/discord-api-docs/issues/1900>).
const RENAMES: Pace = (2, 600_000);

/// Minutes after which a thread without messages may be archived.
const ARCHIVE_AFTER: &[i64] = &[60, 1440, 4320, 10080];
/// Seconds between two messages of one user.
const SLOW_MODE: i64 = 21_600;

impl State {
    fn get_channel(&mut self, call: &Call<'_>) -> Outcome {
        Ok(self.channel_answer(call.channel(), call.account))
    }

    fn trigger_typing(&mut self, call: &Call<'_>) -> Outcome {
        self.may_speak(call.account, call.channel())?;
        self.type_in(call.channel(), call.account);
        Ok(Answer::done())
    }

    /// A channel as an account sees it: a conversation with its recipients, a thread with the bot's own membership.
    pub(crate) fn channel_json(&self, channel: Id, seen_by: Id) -> Value {
        let Some(known) = self.community.channels.get(&channel) else {
            return Value::Null;
        };
        if known.guild.is_none() {
            return self.conversation_json(channel, seen_by);
        }
        let mut json = known.json();
        if known.is_thread() && known.members.contains(&seen_by) {
            json["member"] = super::threads::thread_member_json(known, seen_by);
        }
        json
    }

    /// A channel as an answer.
    pub(super) fn channel_answer(&self, channel: Id, seen_by: Id) -> Answer {
        Answer::json(200, self.channel_json(channel, seen_by))
    }

    fn edit_channel(&mut self, call: &Call<'_>) -> Outcome {
        let channel = self.visible_channel(call.channel(), call.account)?;
        if channel.is_thread() {
            return self.edit_thread(call);
        }
        let guild = channel.guild.ok_or_else(|| {
            Answer::error(400, 50024, "Cannot execute action on this channel type")
        })?;
        let (own, before) = (
            self.community.permissions(call.account, channel),
            channel.overwrites.clone(),
        );
        self.needs_in_channel(call.account, call.channel(), rights::MANAGE_CHANNELS)?;
        let kind = channel.kind;
        let tag = self.new_id();
        let mut fields = call.fields();
        let change = ChannelChange::read(&mut fields, kind, tag);
        fields.check()?;
        self.may_rename(call)?;
        self.check_parent(guild, change.parent)?;
        if let Some(overwrites) = &change.overwrites {
            self.needs_in_channel(call.account, call.channel(), rights::MANAGE_ROLES)?;
            may_overwrite(own, &before, overwrites)?;
        }
        let parent = change.parent.flatten().filter(|_| change.locks);
        let of_parent = parent.and_then(|id| self.community.channels.get(&id));
        let of_parent = of_parent.map(|parent| parent.overwrites.clone());
        self.change_channel(call.account, call.channel(), |channel| {
            change.apply(channel);
            if let Some(overwrites) = of_parent {
                channel.overwrites = overwrites;
            }
        });
        Ok(self.channel_answer(call.channel(), call.account))
    }

    /// Counts a change of a channel's name or topic.
    fn may_rename(&mut self, call: &Call<'_>) -> Result<(), Answer> {
        if ["name", "topic"]
            .iter()
            .all(|name| call.body.get(name).is_none())
        {
            return Ok(());
        }
        let (now, channel) = (self.now(), call.channel());
        let limits = &mut self.rest.limits;
        let counted = limits.count_act(call.account, "name or topic", channel, RENAMES, now);
        counted.inspect_err(|_answer| {
            self.note(format!(
                "a channel is renamed for the third time within ten minutes: {channel}"
            ));
        })
    }

    fn edit_thread(&mut self, call: &Call<'_>) -> Outcome {
        let thread = self.visible_channel(call.channel(), call.account)?;
        let own = self.community.permissions(call.account, thread);
        let is_moderator = own & rights::MANAGE_THREADS != 0;
        let is_owner = thread.owner == Some(call.account);
        let (was_locked, was_archived) = (thread.is_locked, thread.is_archived);
        let mut fields = call.fields();
        let name = fields.text("name", 1..=100).map(str::to_owned);
        let archived = fields.flag("archived");
        let locked = fields.flag("locked");
        let invitable = fields.flag("invitable");
        let auto_archive = fields.choice("auto_archive_duration", ARCHIVE_AFTER);
        let slow_mode = fields.count("rate_limit_per_user", 0..=SLOW_MODE);
        let flags = fields.count("flags", 0..=i64::from(u32::MAX));
        let tags = fields.ids("applied_tags", 0..=5);
        fields.check()?;
        self.may_rename(call)?;
        let opens_alone =
            archived == Some(false) && call.body.as_object().is_some_and(|body| body.len() == 1);
        if was_archived && archived != Some(false) {
            return Err(Answer::error(400, 50083, "Thread is archived"));
        }
        let moderates = locked.is_some() || slow_mode.is_some() || flags.is_some();
        let may = is_moderator
            || (is_owner && !moderates && !was_locked)
            || (opens_alone && !was_locked && own & rights::SEND_IN_THREADS != 0);
        if !may {
            return Err(Answer::not_permitted());
        }
        let now = self.now();
        self.change_channel(call.account, call.channel(), |thread| {
            if let Some(name) = name {
                thread.name = name;
            }
            if let Some(archived) = archived.filter(|archived| *archived != was_archived) {
                thread.is_archived = archived;
                thread.archived_at = Some(now);
            }
            thread.is_locked = locked.unwrap_or(thread.is_locked);
            thread.is_invitable = invitable.unwrap_or(thread.is_invitable);
            thread.auto_archive = auto_archive
                .and_then(|minutes| u64::try_from(minutes).ok())
                .or(thread.auto_archive);
            thread.slow_mode = slow_mode.unwrap_or(thread.slow_mode);
            if let Some(flags) = flags {
                thread.settings.insert("flags".into(), json!(flags));
            }
            if let Some(tags) = tags {
                let tags = crate::discord::model::ids(&tags);
                thread.settings.insert("applied_tags".into(), json!(tags));
            }
        });
        Ok(self.channel_answer(call.channel(), call.account))
    }

    fn delete_channel(&mut self, call: &Call<'_>) -> Outcome {
        let channel = self.visible_channel(call.channel(), call.account)?;
        if channel.guild.is_none() {
            // A conversation is closed for the bot, and opened again by the next request for it.
            return Ok(self.channel_answer(call.channel(), call.account));
        }
        let needed = if channel.is_thread() {
            rights::MANAGE_THREADS
        } else {
            rights::MANAGE_CHANNELS
        };
        self.needs_in_channel(call.account, call.channel(), needed)?;
        let gone = self.channel_answer(call.channel(), call.account);
        self.remove_channel(call.account, call.channel());
        Ok(gone)
    }

    /// Refuses a parent that is no category of the guild.
    pub(super) fn check_parent(&self, guild: Id, parent: Option<Option<Id>>) -> Result<(), Answer> {
        let Some(Some(parent)) = parent else {
            return Ok(());
        };
        let known = self.community.channels.get(&parent);
        if known.is_some_and(|known| known.guild == Some(guild) && known.kind == kind::CATEGORY) {
            return Ok(());
        }
        let message = "Category does not exist";
        Err(Answer::invalid(
            "parent_id",
            "CHANNEL_PARENT_INVALID",
            message,
        ))
    }
}

/// Fields of a channel in a body; of two options the outer one says whether the field is there.
pub(super) struct ChannelChange {
    pub(super) name: Option<String>,
    kind: Option<u8>,
    topic: Option<Option<String>>,
    position: Option<i64>,
    user_limit: Option<u64>,
    slow_mode: Option<u64>,
    pub(super) parent: Option<Option<Id>>,
    pub(super) overwrites: Option<Vec<Overwrite>>,
    settings: Map<String, Value>,
    /// Whether the channel takes the overwrites of its new parent.
    locks: bool,
}

impl ChannelChange {
    /// Reads the fields of a channel of this kind.
    ///
    /// `tag` is the id of the first new tag of a forum; tags are told apart within their channel alone.
    pub(super) fn read(fields: &mut Fields<'_>, kind: u8, tag: Id) -> Self {
        let mut settings = Map::new();
        let mut keep = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                settings.insert(name.into(), value);
            }
        };
        keep("nsfw", fields.flag("nsfw").map(Value::from));
        keep(
            "bitrate",
            fields.number("bitrate", 8_000..=384_000).map(Value::from),
        );
        let region = fields.text("rtc_region", 0..=100).map(Value::from);
        keep(
            "rtc_region",
            fields
                .has("rtc_region")
                .then(|| region.unwrap_or(Value::Null)),
        );
        keep(
            "video_quality_mode",
            fields
                .choice("video_quality_mode", &[1, 2])
                .map(Value::from),
        );
        keep(
            "default_auto_archive_duration",
            fields
                .choice("default_auto_archive_duration", ARCHIVE_AFTER)
                .map(Value::from),
        );
        keep(
            "default_thread_rate_limit_per_user",
            fields
                .number("default_thread_rate_limit_per_user", 0..=SLOW_MODE)
                .map(Value::from),
        );
        keep(
            "default_sort_order",
            fields
                .choice("default_sort_order", &[0, 1])
                .map(Value::from),
        );
        keep(
            "default_forum_layout",
            fields
                .choice("default_forum_layout", &[0, 1, 2])
                .map(Value::from),
        );
        let reaction = fields.object("default_reaction_emoji", |emoji| {
            json!({"emoji_id": emoji.id("emoji_id").map(|id| id.to_string()), "emoji_name": emoji.text("emoji_name", 0..=100)})
        });
        keep("default_reaction_emoji", reaction);
        keep("available_tags", tags(fields, tag));
        keep(
            "flags",
            fields
                .number("flags", 0..=i64::from(u32::MAX))
                .map(Value::from),
        );
        let overwrites = fields.each("permission_overwrites", 0..=OVERWRITES, |one| {
            read_overwrite(one, None)
        });
        let topic_length = if matches!(kind, kind::FORUM | kind::MEDIA) {
            4096
        } else {
            1024
        };
        let most = if kind == kind::STAGE { 10_000 } else { 99 };
        Self {
            name: fields.text("name", 1..=100).map(str::to_owned),
            // Text and announcement channels may become one another.
            kind: matches!(kind, kind::TEXT | kind::ANNOUNCEMENT)
                .then(|| fields.choice("type", &[0, 5]))
                .flatten()
                .and_then(|kind| u8::try_from(kind).ok()),
            topic: fields
                .has("topic")
                .then(|| fields.text("topic", 0..=topic_length).map(str::to_owned)),
            position: fields.number("position", 0..=i64::from(i32::MAX)),
            user_limit: fields.count("user_limit", 0..=most),
            slow_mode: fields.count("rate_limit_per_user", 0..=SLOW_MODE),
            parent: fields.has("parent_id").then(|| fields.id("parent_id")),
            overwrites,
            settings,
            locks: fields.flag("lock_permissions").unwrap_or(false),
        }
    }

    pub(super) fn apply(self, channel: &mut Channel) {
        if let Some(name) = self.name {
            channel.name = name;
        }
        channel.kind = self.kind.unwrap_or(channel.kind);
        if let Some(topic) = self.topic {
            channel.topic = topic;
        }
        channel.position = self.position.unwrap_or(channel.position);
        channel.user_limit = self.user_limit.unwrap_or(channel.user_limit);
        channel.slow_mode = self.slow_mode.unwrap_or(channel.slow_mode);
        if let Some(parent) = self.parent {
            channel.parent = parent;
        }
        if let Some(overwrites) = self.overwrites {
            channel.overwrites = overwrites;
        }
        channel.settings.extend(self.settings);
    }
}

/// Reads the tags of a forum; a tag without an id gets one.
fn tags(fields: &mut Fields<'_>, first: Id) -> Option<Value> {
    let tags = fields.each("available_tags", 0..=20, |tag| {
        tag.require(&["name"]);
        let id = tag.id("id").filter(|id| *id != 0);
        let name = tag.text("name", 0..=50).unwrap_or_default().to_owned();
        let moderated = tag.flag("moderated").unwrap_or(false);
        let emoji = tag.id("emoji_id").filter(|id| *id != 0);
        let emoji_name = tag.text("emoji_name", 0..=100).map(str::to_owned);
        (id, name, moderated, emoji, emoji_name)
    })?;
    let tags = (first..)
        .zip(tags)
        .map(|(new, (id, name, moderated, emoji, emoji_name))| {
            json!({
                "id": id.unwrap_or(new).to_string(),
                "name": name,
                "moderated": moderated,
                "emoji_id": emoji.map(|id| id.to_string()),
                "emoji_name": emoji_name,
            })
        });
    Some(tags.collect())
}

/// The name in a body, which is required.
pub(crate) fn named(body: &Value, most: usize) -> Result<&str, Answer> {
    let mut fields = Fields::of(body);
    fields.require(&["name"]);
    let name = fields.text("name", 1..=most).unwrap_or_default();
    fields.check()?;
    Ok(name)
}
