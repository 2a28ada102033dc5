//! Scheduled events of guilds.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    fields::{Fields, instant},
    route::Route,
};
use crate::discord::{
    audit::{Entry, action},
    community::Scope,
    model::{Id, id_in, iso, kind},
    permissions as rights,
    state::{EPOCH, State},
    things::{EVENT, STAGE},
};

const OF_EVENT: &str = "sight of the event's channel, if it has one";
const CREATES: &str = "`CREATE_EVENTS`; in a stage channel `MANAGE_CHANNELS`, `MUTE_MEMBERS`, `MOVE_MEMBERS` as well, in a voice channel `VIEW_CHANNEL`, `CONNECT`";
const MANAGES: &str = "`MANAGE_EVENTS`, or own event with `CREATE_EVENTS`; in a stage channel `MANAGE_CHANNELS`, `MUTE_MEMBERS`, `MOVE_MEMBERS` as well, in a voice channel `VIEW_CHANNEL`, `CONNECT`";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/scheduled-events",
        "list_guild_scheduled_events",
        State::list_scheduled_events,
    )
    .in_guild(0)
    .also(OF_EVENT),
    Route::post(
        "/guilds/{guild_id}/scheduled-events",
        "create_guild_scheduled_event",
        State::create_scheduled_event,
    )
    .in_guild(0)
    .also(CREATES)
    .events(&["GUILD_SCHEDULED_EVENT_CREATE"])
    .audit(&["GUILD_SCHEDULED_EVENT_CREATE"])
    .simplified("an external event begins and ends by itself, any other is cancelled six hours after its start if nobody began it; one in voice goes on until a request ends it"),
    Route::get(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "get_guild_scheduled_event",
        State::get_scheduled_event,
    )
    .in_guild(0)
    .also(OF_EVENT),
    Route::patch(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "update_guild_scheduled_event",
        State::edit_scheduled_event,
    )
    .in_guild(0)
    .also(MANAGES)
    .events(&[
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_DELETE",
    ])
    .audit(&["GUILD_SCHEDULED_EVENT_UPDATE"])
    .simplified("a series ends with the recurrence that is completed; the last 100 events that are over can be had one by one"),
    Route::delete(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "delete_guild_scheduled_event",
        State::delete_scheduled_event,
    )
    .in_guild(0)
    .also(MANAGES)
    .events(&["GUILD_SCHEDULED_EVENT_DELETE"])
    .audit(&["GUILD_SCHEDULED_EVENT_DELETE"]),
    Route::post(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions",
        "create_guild_scheduled_event_exception",
        State::create_event_exception,
    )
    .in_guild(0)
    .also(MANAGES)
    .events(&["GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE"])
    .audit(&["GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE"])
    .simplified("`original_scheduled_start_time` is not held against the recurrence rule"),
    Route::patch(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}",
        "update_guild_scheduled_event_exception",
        State::edit_event_exception,
    )
    .in_guild(0)
    .also(MANAGES)
    .events(&["GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE"])
    .audit(&["GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}",
        "delete_guild_scheduled_event_exception",
        State::delete_event_exception,
    )
    .in_guild(0)
    .also(MANAGES)
    .events(&["GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE"])
    .audit(&["GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE"]),
    Route::get(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users",
        "list_guild_scheduled_event_users",
        State::list_event_users,
    )
    .in_guild(0)
    .also(OF_EVENT),
    Route::get(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts",
        "count_guild_scheduled_event_users",
        State::count_event_users,
    )
    .in_guild(0)
    .also(OF_EVENT)
    .simplified("people answer for a whole series only"),
    Route::get(
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users",
        "list_guild_scheduled_event_exception_users",
        State::list_exception_users,
    )
    .in_guild(0)
    .also(OF_EVENT)
    .simplified("people answer for a whole series only"),
];

/// Events of a guild that are scheduled or active.
const EVENTS: usize = 100;
/// Events of a guild that are over.
const FINISHED: usize = 100;
/// Exceptions of one series.
const EXCEPTIONS: usize = 100;
/// Milliseconds after its start at which an event that nobody began is cancelled.
const LATE: i64 = 6 * 3_600_000;

/// Statuses of events
/// (<https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-status>).
mod status {
    pub(super) const SCHEDULED: i64 = 1;
    pub(super) const ACTIVE: i64 = 2;
    pub(super) const COMPLETED: i64 = 3;
    pub(super) const CANCELED: i64 = 4;
}

/// Places of events
/// (<https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-guild-scheduled-event-entity-types>).
mod entity {
    pub(super) const STAGE: i64 = 1;
    pub(super) const VOICE: i64 = 2;
    pub(super) const EXTERNAL: i64 = 3;
}

/// Frequencies of recurrences
/// (<https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object>).
mod frequency {
    pub(super) const YEARLY: i64 = 0;
    pub(super) const MONTHLY: i64 = 1;
    pub(super) const WEEKLY: i64 = 2;
    pub(super) const DAILY: i64 = 3;
}

/// Sets of weekdays that a daily event can have; 0 is Monday.
const WEEKDAYS: [&[i64]; 6] = [
    &[0, 1, 2, 3, 4],
    &[1, 2, 3, 4, 5],
    &[0, 1, 2, 3, 6],
    &[4, 5],
    &[5, 6],
    &[0, 6],
];

/// Reads a field that null empties: `None` if it is absent.
fn nullable(
    fields: &mut Fields<'_>,
    name: &str,
    read: impl FnOnce(&mut Fields<'_>) -> Option<Value>,
) -> Option<Value> {
    fields
        .has(name)
        .then(|| read(fields).unwrap_or(Value::Null))
}

/// Reads a time as Discord writes it.
fn time(fields: &mut Fields<'_>, name: &str) -> Option<Value> {
    fields.time(name).map(|at| json!(iso(at)))
}

/// Adds an error if a field is neither absent nor null.
fn must_be_null(fields: &mut Fields<'_>, name: &str) {
    if fields.value(name).is_some() {
        fields.error(name, "BASE_TYPE_CHOICES", "Value must be one of (None,).");
    }
}

/// Reads a list of different whole numbers.
fn numbers(
    fields: &mut Fields<'_>,
    name: &str,
    length: RangeInclusive<usize>,
    range: RangeInclusive<i64>,
) -> Option<Vec<i64>> {
    let items = fields.list(name, length)?;
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item.as_i64().filter(|number| range.contains(number)) {
            Some(number) if !found.contains(&number) => found.push(number),
            Some(_) => fields.error(
                name,
                "SET_TYPE_ALREADY_CONTAINS_VALUE",
                "The set already contains this value",
            ),
            None => {
                let message = format!(
                    "Value must be between {} and {}.",
                    range.start(),
                    range.end()
                );
                fields.error(&format!("{name}.{index}"), "BASE_TYPE_CHOICES", &message);
            }
        }
    }
    Some(found)
}

/// Reads a recurrence rule, within the limits of Discord's system.
fn read_rule(fields: &mut Fields<'_>) -> Value {
    fields.require(&["start", "frequency"]);
    let start = time(fields, "start");
    let every = fields.choice("frequency", &[0, 1, 2, 3]);
    let intervals: &[i64] = if every == Some(frequency::WEEKLY) {
        &[1, 2]
    } else {
        &[1]
    };
    let interval = fields.choice("interval", intervals).unwrap_or(1);
    for name in ["end", "count", "by_year_day"] {
        must_be_null(fields, name);
    }
    let own: &[&str] = match every {
        Some(frequency::DAILY | frequency::WEEKLY) => &["by_weekday"],
        Some(frequency::MONTHLY) => &["by_n_weekday"],
        _ => &["by_month", "by_month_day"],
    };
    for name in ["by_weekday", "by_n_weekday", "by_month", "by_month_day"] {
        if every.is_some() && !own.contains(&name) {
            must_be_null(fields, name);
        }
    }
    let is_daily = every == Some(frequency::DAILY);
    let days = numbers(
        fields,
        "by_weekday",
        1..=if is_daily { 7 } else { 1 },
        0..=6,
    );
    if let Some(days) = days.as_ref().filter(|_| is_daily) {
        let mut sorted = days.clone();
        sorted.sort_unstable();
        if !WEEKDAYS.contains(&sorted.as_slice()) {
            let message = format!("Value must be one of {WEEKDAYS:?}.");
            fields.error("by_weekday", "BASE_TYPE_CHOICES", &message);
        }
    }
    let of_month = fields.each("by_n_weekday", 1..=1, |one| {
        one.require(&["n", "day"]);
        json!({"n": one.number("n", 1..=5), "day": one.number("day", 0..=6)})
    });
    let yearly = ["by_month", "by_month_day"];
    if every == Some(frequency::YEARLY) && yearly.iter().any(|name| fields.value(name).is_some()) {
        fields.require(&yearly);
    }
    let month = numbers(fields, "by_month", 1..=1, 1..=12);
    let day = numbers(fields, "by_month_day", 1..=1, 1..=31);
    json!({
        "start": start,
        "end": null,
        "frequency": every,
        "interval": interval,
        "by_weekday": days,
        "by_n_weekday": of_month,
        "by_month": month,
        "by_month_day": day,
        "by_year_day": null,
        "count": null,
    })
}

/// Reads the fields of an event that a body has; an image is read as `true`.
fn read_event(fields: &mut Fields<'_>) -> Map<String, Value> {
    let found = [
        ("name", fields.text("name", 1..=100).map(Value::from)),
        (
            "description",
            nullable(fields, "description", |fields| {
                fields.text("description", 0..=1000).map(Value::from)
            }),
        ),
        (
            "image",
            nullable(fields, "image", |fields| {
                fields.image("image", super::FILE).map(|_| json!(true))
            }),
        ),
        (
            "channel_id",
            nullable(fields, "channel_id", |fields| {
                fields.id("channel_id").map(|id| json!(id.to_string()))
            }),
        ),
        (
            "entity_metadata",
            nullable(fields, "entity_metadata", |fields| {
                fields.object(
                    "entity_metadata",
                    |inner| json!({"location": inner.text("location", 1..=100)}),
                )
            }),
        ),
        (
            "entity_type",
            fields
                .choice(
                    "entity_type",
                    &[entity::STAGE, entity::VOICE, entity::EXTERNAL],
                )
                .map(Value::from),
        ),
        (
            "privacy_level",
            fields.choice("privacy_level", &[2]).map(Value::from),
        ),
        ("scheduled_start_time", time(fields, "scheduled_start_time")),
        (
            "scheduled_end_time",
            nullable(fields, "scheduled_end_time", |fields| {
                time(fields, "scheduled_end_time")
            }),
        ),
        (
            "recurrence_rule",
            nullable(fields, "recurrence_rule", |fields| {
                fields.object("recurrence_rule", read_rule)
            }),
        ),
    ];
    let found = found.into_iter();
    found
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Adds an error for each field that an event of its type must have, or may not have.
fn check_event(fields: &mut Fields<'_>, event: &mut Value, now: i64) {
    let at = |event: &Value, name: &str| event[name].as_str().and_then(instant);
    match event["entity_type"].as_i64() {
        Some(entity::EXTERNAL) => {
            if !event["channel_id"].is_null() {
                fields.error(
                    "channel_id",
                    "BASE_TYPE_CHOICES",
                    "Value must be one of (None,).",
                );
            }
            let metadata = &event["entity_metadata"];
            for (name, value) in [
                ("entity_metadata", metadata),
                ("entity_metadata.location", &metadata["location"]),
                ("scheduled_end_time", &event["scheduled_end_time"]),
            ] {
                if value.is_null() && !(name.contains('.') && metadata.is_null()) {
                    fields.required(name);
                }
            }
        }
        Some(_) => {
            if event["channel_id"].is_null() {
                fields.required("channel_id");
            }
            event["entity_metadata"] = Value::Null;
        }
        None => {}
    }
    let start = at(event, "scheduled_start_time");
    if fields.value("scheduled_start_time").is_some() && start.is_some_and(|start| start < now) {
        fields.error(
            "scheduled_start_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
            "Cannot schedule event in the past.",
        );
    }
    if let (Some(start), Some(end)) = (start, at(event, "scheduled_end_time"))
        && end <= start
    {
        fields.error(
            "scheduled_end_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_INVALID_END",
            "The event must end after its start.",
        );
    }
}

/// Statuses that may follow one.
fn successors(now: i64) -> &'static [i64] {
    match now {
        status::SCHEDULED => &[status::SCHEDULED, status::ACTIVE, status::CANCELED],
        _ => &[status::ACTIVE, status::COMPLETED],
    }
}

fn unknown_event() -> Answer {
    Answer::unknown("Guild Scheduled Event", 10070)
}

impl State {
    // -----------------------------------------------------------------------------------------------------------------
    // Events.

    /// The event of a path, if the bot sees its channel, and whether it is over.
    fn scheduled_event(&self, call: &Call<'_>) -> Result<(Value, bool), Answer> {
        let guild = self.guild_of(call)?;
        let id = call.id("guild_scheduled_event_id");
        let event = self
            .thing_of(guild.id, EVENT, id)
            .map(|event| (event, false));
        let event = event.or_else(|| Some((guild.more.finished_events.get(&id)?, true)));
        let event = event.filter(|(event, _)| self.sees_event(event, call.account));
        let (event, is_over) = event.ok_or_else(unknown_event)?;
        Ok((event.clone(), is_over))
    }

    /// The event of a path that can still be changed.
    fn open_event(&self, call: &Call<'_>) -> Result<Value, Answer> {
        match self.scheduled_event(call)? {
            (event, false) => Ok(event),
            (_, true) => Err(Answer::error(
                400,
                180_000,
                "Cannot update a finished event",
            )),
        }
    }

    fn sees_event(&self, event: &Value, account: Id) -> bool {
        let channel = id_in(&event["channel_id"]);
        channel.is_none_or(|channel| self.visible_channel(channel, account).is_ok())
    }

    /// An event as an answer has it.
    fn event_json(&self, guild: Id, event: &Value, with_count: bool) -> Value {
        let mut json = event.clone();
        let creator = id_in(&event["creator_id"]);
        if let Some(fields) = json.as_object_mut() {
            fields.remove("user_count");
            fields
                .entry("guild_scheduled_event_exceptions")
                .or_insert_with(|| json!([]));
            if let Some(creator) = creator {
                fields.insert("creator".into(), self.user_json(creator));
            }
        }
        if with_count {
            let id = id_in(&event["id"]).unwrap_or_default();
            json["user_count"] = json!(self.attendees(guild, id).count());
        }
        json
    }

    fn list_scheduled_events(&mut self, call: &Call<'_>) -> Outcome {
        let with_count = call.flag("with_user_count");
        let events = self.things(call.guild(), EVENT).map(|(_, event)| event);
        let events = events.filter(|event| self.sees_event(event, call.account));
        let events = events.map(|event| self.event_json(call.guild(), event, with_count));
        Ok(Answer::json(200, events.collect()))
    }

    fn get_scheduled_event(&mut self, call: &Call<'_>) -> Outcome {
        let (event, _) = self.scheduled_event(call)?;
        let json = self.event_json(call.guild(), &event, call.flag("with_user_count"));
        Ok(Answer::json(200, json))
    }

    /// Checks the channel of an event, and whether the bot may create the event or change it.
    fn may_manage_event(&self, call: &Call<'_>, event: &Value, is_new: bool) -> Result<(), Answer> {
        let guild = call.guild();
        let (wanted, in_channel) = match event["entity_type"].as_i64() {
            Some(entity::STAGE) => (
                kind::STAGE,
                rights::MANAGE_CHANNELS | rights::MUTE_MEMBERS | rights::MOVE_MEMBERS,
            ),
            _ => (kind::VOICE, rights::VIEW_CHANNEL | rights::CONNECT),
        };
        let channel = id_in(&event["channel_id"]);
        if let Some(id) = channel {
            let known = self.visible_channel(id, call.account)?;
            if known.guild != Some(guild) {
                return Err(Answer::unknown("Channel", 10003));
            }
            if known.kind != wanted {
                return Err(Answer::error(
                    400,
                    50024,
                    "Cannot execute action on this channel type",
                ));
            }
        }
        let is_own = id_in(&event["creator_id"]) == Some(call.account);
        let either: &[u64] = match (is_new, is_own) {
            (true, _) => &[rights::CREATE_EVENTS],
            (false, true) => &[rights::CREATE_EVENTS, rights::MANAGE_EVENTS],
            (false, false) => &[rights::MANAGE_EVENTS],
        };
        let may = |needed: u64| match channel {
            Some(channel) => self.needs_in_channel(call.account, channel, needed | in_channel),
            None => self.needs_in_guild(call.account, guild, needed),
        };
        if either.iter().any(|needed| may(*needed).is_ok()) {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    fn create_scheduled_event(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&[
            "name",
            "scheduled_start_time",
            "privacy_level",
            "entity_type",
        ]);
        let mut change = read_event(&mut fields);
        let (guild, id) = (call.guild(), self.new_id());
        if change.get("image") == Some(&json!(true)) {
            change.insert("image".into(), json!(self.secret()));
        }
        let mut event = json!({
            "id": id.to_string(),
            "guild_id": guild.to_string(),
            "channel_id": null,
            "creator_id": call.account.to_string(),
            "creator": self.user_json(call.account),
            "name": "",
            "description": null,
            "image": null,
            "scheduled_start_time": null,
            "scheduled_end_time": null,
            "privacy_level": 2,
            "status": status::SCHEDULED,
            "entity_type": null,
            "entity_id": null,
            "entity_metadata": null,
            "recurrence_rule": null,
            "guild_scheduled_event_exceptions": [],
        });
        for (name, value) in change {
            event[name] = value;
        }
        check_event(&mut fields, &mut event, self.now());
        fields.check()?;
        self.may_manage_event(call, &event, true)?;
        if self.things(guild, EVENT).count() >= EVENTS {
            return Err(Answer::error(
                400,
                30038,
                "Maximum number of uncompleted guild scheduled events reached (100)",
            ));
        }
        self.put_thing(guild, Some(call.account), EVENT, id, &event);
        self.watch_events(guild);
        Ok(Answer::json(200, self.event_json(guild, &event, false)))
    }

    fn edit_scheduled_event(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.open_event(call)?;
        self.may_manage_event(call, &before, false)?;
        let mut fields = call.fields();
        let mut change = read_event(&mut fields);
        let was = before["status"].as_i64().unwrap_or(status::SCHEDULED);
        let wanted = fields.choice("status", successors(was));
        if was == status::ACTIVE && fields.value("scheduled_start_time").is_some() {
            fields.error(
                "scheduled_start_time",
                "GUILD_SCHEDULED_EVENT_SCHEDULE_INVALID_START_BY_STATUS",
                "The start of an active event cannot be changed.",
            );
        }
        if change.get("image") == Some(&json!(true)) {
            change.insert("image".into(), json!(self.secret()));
        }
        let mut event = before.clone();
        for (name, value) in change {
            event[name] = value;
        }
        check_event(&mut fields, &mut event, self.now());
        fields.check()?;
        self.may_manage_event(call, &event, false)?;
        let (guild, id) = (call.guild(), call.id("guild_scheduled_event_id"));
        let wanted = wanted.filter(|wanted| *wanted != was);
        self.set_event(guild, Some(call.account), id, event, wanted);
        self.watch_events(guild);
        self.get_scheduled_event(call)
    }

    fn delete_scheduled_event(&mut self, call: &Call<'_>) -> Outcome {
        let (event, is_over) = self.scheduled_event(call)?;
        self.may_manage_event(call, &event, false)?;
        let (guild, id) = (call.guild(), call.id("guild_scheduled_event_id"));
        if is_over {
            self.forget_finished(guild, id);
        } else {
            self.remove_thing(guild, call.account, EVENT, id);
        }
        Ok(Answer::done())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Statuses.

    /// Replaces an event, and gives it another status; an event that is over leaves the lists. Without `by` it happens by
    /// itself, and is not written into the audit log.
    fn set_event(&mut self, guild: Id, by: Option<Id>, id: Id, mut event: Value, to: Option<i64>) {
        let channel = id_in(&event["channel_id"]);
        let is_stage = event["entity_type"] == entity::STAGE;
        if let Some(to) = to {
            event["status"] = json!(to);
        }
        if let (Some(channel), Some(status::ACTIVE), true) = (channel, to, is_stage) {
            let topic = event["name"].as_str().unwrap_or_default().to_owned();
            let by = by.or_else(|| id_in(&event["creator_id"]));
            let stage = self.stage_in(guild, channel).map(|(stage, _)| stage);
            let stage = stage.unwrap_or_else(|| {
                self.open_stage(guild, by.unwrap_or_default(), channel, &topic, 2, Some(id))
            });
            event["entity_id"] = json!(stage.to_string());
        }
        self.put_thing(guild, by, EVENT, id, &event);
        if !matches!(to, Some(status::COMPLETED | status::CANCELED)) {
            return;
        }
        let stage = self
            .things(guild, STAGE)
            .find(|(_, stage)| id_in(&stage["guild_scheduled_event_id"]) == Some(id));
        if let Some((stage, _)) = stage {
            self.close_stage(guild, by.unwrap_or_default(), stage);
        }
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        home.things.remove(&id);
        home.more.finished_events.insert(id, event);
        let oldest = home.more.finished_events.keys().next().copied();
        if let Some(oldest) = oldest.filter(|_| home.more.finished_events.len() > FINISHED) {
            self.forget_finished(guild, oldest);
        }
    }

    /// Begins an event whose stage was opened.
    pub(super) fn begin_event(&mut self, guild: Id, by: Id, id: Id) {
        let event = self.thing_of(guild, EVENT, id);
        let event = event.filter(|event| event["status"] == status::SCHEDULED);
        if let Some(event) = event.cloned() {
            self.set_event(guild, Some(by), id, event, Some(status::ACTIVE));
        }
    }

    /// Forgets an event that is over.
    fn forget_finished(&mut self, guild: Id, id: Id) {
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more.finished_events.remove(&id);
            home.attendees.retain(|(event, _)| *event != id);
        }
    }

    /// Changes statuses of a guild's events whose time has come, and sets a timer for the next.
    ///
    /// [Discord's rules](https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-status-update-automation)
    pub(crate) fn watch_events(&mut self, guild: Id) {
        let now = self.now();
        loop {
            let changes = self.things(guild, EVENT);
            let changes = changes.filter_map(|(id, event)| Some((next_change(event)?, id)));
            let Some(((at, to), id)) = changes.min() else {
                return;
            };
            if at > now {
                let tick = self.rest.event_ticks.entry(guild).or_insert(i64::MAX);
                if at < *tick {
                    *tick = at;
                    self.timers.at(at, move |state| {
                        state.rest.event_ticks.remove(&guild);
                        state.watch_events(guild);
                    });
                }
                return;
            }
            let Some(event) = self.thing_of(guild, EVENT, id).cloned() else {
                return;
            };
            self.set_event(guild, None, id, event, Some(to));
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Exceptions of series.

    /// Reads the fields of an exception into it.
    fn read_exception(fields: &mut Fields<'_>, exception: &mut Value) {
        for name in ["scheduled_start_time", "scheduled_end_time"] {
            if let Some(at) = nullable(fields, name, |fields| time(fields, name)) {
                exception[name] = at;
            }
        }
        if let Some(is_canceled) = fields.flag("is_canceled") {
            exception["is_canceled"] = json!(is_canceled);
        }
    }

    /// Replaces an exception of an event, or removes it if `after` is null, with its event and its audit-log entry.
    fn set_exception(&mut self, call: &Call<'_>, exception: u64, before: &Value, after: &Value) {
        let (guild, id) = (call.guild(), call.id("guild_scheduled_event_id"));
        let home = self.community.guilds.get_mut(&guild);
        if let Some((_, event)) = home.and_then(|home| home.things.get_mut(&id)) {
            let kept = event["guild_scheduled_event_exceptions"].as_array();
            let kept = kept.into_iter().flatten();
            let kept = kept.filter(|one| id_in(&one["event_exception_id"]) != Some(exception));
            let kept: Vec<Value> = kept
                .cloned()
                .chain((!after.is_null()).then(|| after.clone()))
                .collect();
            event["guild_scheduled_event_exceptions"] = json!(kept);
        }
        let (name, action) = match (before.is_null(), after.is_null()) {
            (true, _) => ("CREATE", action::GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE),
            (_, true) => ("DELETE", action::GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE),
            _ => ("UPDATE", action::GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE),
        };
        let mut event = if after.is_null() { before } else { after }.clone();
        event["guild_id"] = json!(guild.to_string());
        let name = format!("GUILD_SCHEDULED_EVENT_EXCEPTION_{name}");
        self.publish(&name, Scope::guild(guild), &event);
        let entry = Entry::new(call.account, action, id)
            .between(before, after)
            .options(json!({"event_exception_id": exception.to_string()}));
        self.record(guild, entry);
    }

    fn create_event_exception(&mut self, call: &Call<'_>) -> Outcome {
        let event = self.open_event(call)?;
        self.may_manage_event(call, &event, false)?;
        let mut fields = call.fields();
        fields.require(&["original_scheduled_start_time"]);
        let original = fields.time("original_scheduled_start_time");
        if original.is_some() && event["recurrence_rule"].is_null() {
            fields.error(
                "original_scheduled_start_time",
                "BASE_TYPE_CHOICES",
                "Value must be the start of a recurrence, and the event does not recur.",
            );
        }
        let all = event["guild_scheduled_event_exceptions"].as_array();
        if all.is_some_and(|all| all.len() >= EXCEPTIONS) {
            fields.error(
                "",
                "BASE_TYPE_MAX_LENGTH",
                "Must be 100 or fewer in length.",
            );
        }
        // An exception's id is the snowflake of the time at which the recurrence would have begun.
        let since = original.map_or(0, |original| original - EPOCH);
        let id = u64::try_from(since).unwrap_or(0) << 22;
        let mut exception = json!({
            "event_id": event["id"],
            "event_exception_id": id.to_string(),
            "scheduled_start_time": null,
            "scheduled_end_time": null,
            "is_canceled": false,
        });
        Self::read_exception(&mut fields, &mut exception);
        fields.check()?;
        self.set_exception(call, id, &Value::Null, &exception);
        Ok(Answer::json(200, exception))
    }

    /// The exception of a path that the bot may change.
    fn exception_of(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let event = self.open_event(call)?;
        self.may_manage_event(call, &event, false)?;
        let id = call.step("exception_id");
        let all = event["guild_scheduled_event_exceptions"].as_array();
        let mut all = all.into_iter().flatten();
        let exception = all.find(|one| one["event_exception_id"] == id);
        exception.cloned().ok_or_else(unknown_event)
    }

    fn edit_event_exception(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.exception_of(call)?;
        let mut after = before.clone();
        let mut fields = call.fields();
        Self::read_exception(&mut fields, &mut after);
        fields.check()?;
        self.set_exception(call, call.id("exception_id"), &before, &after);
        Ok(Answer::json(200, after))
    }

    fn delete_event_exception(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.exception_of(call)?;
        self.set_exception(call, call.id("exception_id"), &before, &Value::Null);
        Ok(Answer::done())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Users.

    fn list_event_users(&mut self, call: &Call<'_>) -> Outcome {
        self.scheduled_event(call)?;
        let mut query = call.query();
        let limit = query.count("limit", 1..=100).unwrap_or(100);
        let (before, after) = (query.id("before"), query.id("after"));
        let with_member = query.flag("with_member").unwrap_or(false);
        query.check()?;
        let (guild, id) = (call.guild(), call.id("guild_scheduled_event_id"));
        let limit = usize::try_from(limit).unwrap_or(100);
        let all = self.attendees(guild, id);
        let page: Vec<Id> = match (before, after) {
            // Where both are given, only `before` counts.
            (Some(before), _) => {
                let mut page: Vec<Id> = all.filter(|user| *user < before).collect();
                page.drain(..page.len().saturating_sub(limit));
                page
            }
            (None, after) => all
                .filter(|user| after.is_none_or(|after| *user > after))
                .take(limit)
                .collect(),
        };
        let users = page.into_iter().map(|user| {
            let mut json = json!({
                "guild_scheduled_event_id": id.to_string(),
                "guild_scheduled_event_exception_id": null,
                "user_id": user.to_string(),
                "user": self.user_json(user),
                "response": 1,
            });
            let member = self.member_of(guild, user).ok();
            let known = self.community.users.get(&user);
            if let (true, Some(member), Some(known)) = (with_member, member, known) {
                json["member"] = member.json(known);
            }
            json
        });
        Ok(Answer::json(200, users.collect()))
    }

    fn count_event_users(&mut self, call: &Call<'_>) -> Outcome {
        self.scheduled_event(call)?;
        let mut query = call.query();
        let exceptions = query.ids("guild_scheduled_event_exception_ids", 0..=10);
        query.check()?;
        let exceptions = exceptions.into_iter().flatten();
        let exceptions: Map<String, Value> =
            exceptions.map(|id| (id.to_string(), json!(0))).collect();
        let id = call.id("guild_scheduled_event_id");
        Ok(Answer::json(
            200,
            json!({
                "guild_scheduled_event_count": self.attendees(call.guild(), id).count(),
                "guild_scheduled_event_exception_counts": exceptions,
            }),
        ))
    }

    fn list_exception_users(&mut self, call: &Call<'_>) -> Outcome {
        let (event, _) = self.scheduled_event(call)?;
        let mut query = call.query();
        query.count("limit", 1..=100);
        query.id("before");
        query.id("after");
        query.flag("with_member");
        query.check()?;
        let id = call.step("guild_scheduled_event_exception_id");
        let all = event["guild_scheduled_event_exceptions"].as_array();
        let mut all = all.into_iter().flatten();
        if all.any(|one| one["event_exception_id"] == id) {
            Ok(Answer::json(200, json!([])))
        } else {
            Err(unknown_event())
        }
    }
}

/// Time of an event's next change that happens by itself, and the status that it then gets.
fn next_change(event: &Value) -> Option<(i64, i64)> {
    let is_external = event["entity_type"] == entity::EXTERNAL;
    let at = |name: &str| event[name].as_str().and_then(instant);
    match event["status"].as_i64()? {
        status::SCHEDULED if is_external => Some((at("scheduled_start_time")?, status::ACTIVE)),
        status::SCHEDULED => Some((at("scheduled_start_time")? + LATE, status::CANCELED)),
        _ if is_external => Some((at("scheduled_end_time")?, status::COMPLETED)),
        _ => None,
    }
}
