//! Scheduled events of guilds.
//!
//! An event takes place in a stage channel, in a voice channel, or elsewhere; one elsewhere has a place and an end.
//! Changes come as `discord.GUILD_SCHEDULED_EVENT_CREATE`, `_UPDATE` and `_DELETE`, and users who want to come as
//! `_USER_ADD` and `_USER_REMOVE`, under the intent `GUILD_SCHEDULED_EVENTS`.
//! [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)

use antiphon_discord_model::{
    RecurrenceRule, ScheduledEvent, ScheduledEventEntityMetadata, ScheduledEventEntityType,
    ScheduledEventException, ScheduledEventPrivacyLevel, ScheduledEventStatus, ScheduledEventUser,
    ScheduledEventUserCounts,
    id::{
        Id,
        marker::{ChannelMarker, GenericMarker, GuildMarker, ScheduledEventMarker, UserMarker},
    },
};
use jiff::Timestamp;

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a guild's scheduled events.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#list-scheduled-events-for-guild)
    ///
    /// Events in channels that the bot cannot see are left out.
    guild_scheduled_events(guild: Id<GuildMarker>) -> GuildScheduledEvents<'_>
        = Get ["guilds", guild, "scheduled-events"];

    /// Reads a scheduled event.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event)
    guild_scheduled_event(guild: Id<GuildMarker>, event: Id<ScheduledEventMarker>) -> GuildScheduledEvent<'_>
        = Get ["guilds", guild, "scheduled-events", event];

    /// Schedules an event, open to the guild's members.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#create-guild-scheduled-event)
    ///
    /// Needs `CREATE_EVENTS`; in a stage channel `MANAGE_CHANNELS`, `MUTE_MEMBERS` and `MOVE_MEMBERS` as well, in a voice
    /// channel `VIEW_CHANNEL` and `CONNECT`.
    /// The name has 1 to 100 characters. A guild has at most 100 events that are not over.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{ScheduledEventEntityType, id::{Id, marker::GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, start: jiff::Timestamp, end: jiff::Timestamp) -> Result<(), RequestError> {
    /// let event = client
    ///     .create_guild_scheduled_event(guild, "Vespers", ScheduledEventEntityType::External, start)
    ///     .location("St Mary's")
    ///     .scheduled_end_time(end)
    ///     .await?;
    /// # let _ = event; Ok(()) }
    /// ```
    create_guild_scheduled_event(
        guild: Id<GuildMarker>,
        name: &str,
        entity_type: ScheduledEventEntityType,
        start: Timestamp,
    ) -> CreateGuildScheduledEvent<'_>
        = Post ["guilds", guild, "scheduled-events"]
            .bounded("name", 1..=100, name).set("entity_type", entity_type)
            .set("privacy_level", ScheduledEventPrivacyLevel::GuildOnly).set("scheduled_start_time", start);

    /// Changes a scheduled event; setting its status begins, ends or cancels it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#modify-guild-scheduled-event)
    ///
    /// Needs `MANAGE_EVENTS`, or `CREATE_EVENTS` for one that the bot created, and in a channel the permissions of
    /// [`create_guild_scheduled_event`](Self::create_guild_scheduled_event).
    update_guild_scheduled_event(guild: Id<GuildMarker>, event: Id<ScheduledEventMarker>)
        -> UpdateGuildScheduledEvent<'_>
        = Patch ["guilds", guild, "scheduled-events", event];

    /// Deletes a scheduled event.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#delete-guild-scheduled-event)
    ///
    /// Needs `MANAGE_EVENTS`, or `CREATE_EVENTS` for one that the bot created.
    delete_guild_scheduled_event(guild: Id<GuildMarker>, event: Id<ScheduledEventMarker>) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "scheduled-events", event];

    /// Reads the users who want to come to a scheduled event, sorted by id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users)
    guild_scheduled_event_users(guild: Id<GuildMarker>, event: Id<ScheduledEventMarker>)
        -> GuildScheduledEventUsers<'_>
        = Get ["guilds", guild, "scheduled-events", event, "users"];

    /// Counts the users who want to come to a scheduled event, and to these of its exceptions, at most 10.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)
    guild_scheduled_event_user_counts(
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
        exceptions: &[Id<GenericMarker>],
    ) -> Call<'_, ScheduledEventUserCounts>
        = Get ["guilds", guild, "scheduled-events", event, "users", "counts"]
            .bounded("guild_scheduled_event_exception_ids", 0..=10, exceptions);

    /// Moves or cancels one recurrence of a scheduled event, named by the start that the rule gives it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)
    ///
    /// Needs what [`update_guild_scheduled_event`](Self::update_guild_scheduled_event) needs.
    /// The event is `discord.GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE`.
    create_guild_scheduled_event_exception(
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
        original_start: Timestamp,
    ) -> CreateGuildScheduledEventException<'_>
        = Post ["guilds", guild, "scheduled-events", event, "exceptions"]
            .set("original_scheduled_start_time", original_start);

    /// Changes an exception of a scheduled event.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)
    ///
    /// Needs what [`update_guild_scheduled_event`](Self::update_guild_scheduled_event) needs.
    update_guild_scheduled_event_exception(
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
        exception: Id<GenericMarker>,
    ) -> UpdateGuildScheduledEventException<'_>
        = Patch ["guilds", guild, "scheduled-events", event, "exceptions", exception];

    /// Deletes an exception of a scheduled event, so that its recurrence is as the rule says again.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)
    ///
    /// Needs what [`update_guild_scheduled_event`](Self::update_guild_scheduled_event) needs.
    delete_guild_scheduled_event_exception(
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
        exception: Id<GenericMarker>,
    ) -> AuditedCall<'_, ()>
        = Delete ["guilds", guild, "scheduled-events", event, "exceptions", exception];

    /// Reads the users who want to come to one recurrence of a scheduled event, sorted by id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event)
    guild_scheduled_event_exception_users(
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
        exception: Id<GenericMarker>,
    ) -> GuildScheduledEventUsers<'_>
        = Get ["guilds", guild, "scheduled-events", event, exception, "users"];
}

/// Place of an event that is in no channel.
fn place(location: &str) -> ScheduledEventEntityMetadata {
    ScheduledEventEntityMetadata {
        location: Some(location.to_owned()),
    }
}

calls! {
    /// A guild's scheduled events; see [`Client::guild_scheduled_events`](crate::Client::guild_scheduled_events).
    GuildScheduledEvents(Fields) -> Vec<ScheduledEvent>, Safe {
        /// Sets whether the number of users who want to come is included. Default: no.
        with_user_count(with: bool) = "with_user_count";
    }

    /// A scheduled event; see [`Client::guild_scheduled_event`](crate::Client::guild_scheduled_event).
    GuildScheduledEvent(Fields) -> ScheduledEvent, Safe {
        /// Sets whether the number of users who want to come is included. Default: no.
        with_user_count(with: bool) = "with_user_count";
    }

    /// A new scheduled event; see
    /// [`Client::create_guild_scheduled_event`](crate::Client::create_guild_scheduled_event).
    CreateGuildScheduledEvent(Fields) -> ScheduledEvent, Never, audited {
        /// Sets the stage or voice channel. Required for these types.
        channel_id(channel: Id<ChannelMarker>) = "channel_id";
        /// Sets the place, 1 to 100 characters. Required for the type `External`.
        location(location: &str) = "entity_metadata" as place;
        /// Sets the end. Required for the type `External`.
        scheduled_end_time(end: Timestamp) = "scheduled_end_time";
        /// Sets the description, 1 to 1,000 characters.
        description(description: &str) = "description" [1..=1_000];
        /// Sets the picture as a data URI.
        image(image: &str) = "image";
        /// Repeats the event by a rule.
        recurrence_rule(rule: &RecurrenceRule) = "recurrence_rule";
    }

    /// A change of a scheduled event; see
    /// [`Client::update_guild_scheduled_event`](crate::Client::update_guild_scheduled_event).
    ///
    /// A field that is not set stays as it is.
    UpdateGuildScheduledEvent(Fields) -> ScheduledEvent, Never, audited {
        /// Begins the event (`Active`), ends it (`Completed`), or cancels one that has not begun (`Canceled`).
        status(status: ScheduledEventStatus) = "status";
        /// Sets the name, 1 to 100 characters.
        name(name: &str) = "name" [1..=100];
        /// Sets the description, 1 to 1,000 characters; `None` removes it.
        description(description: Option<&str>) = "description" [1..=1_000];
        /// Sets the type; `External` needs a place, an end, and no channel.
        entity_type(kind: ScheduledEventEntityType) = "entity_type";
        /// Sets the stage or voice channel; `None` takes the event out of it.
        channel_id(channel: Option<Id<ChannelMarker>>) = "channel_id";
        /// Sets the place, 1 to 100 characters.
        location(location: &str) = "entity_metadata" as place;
        /// Sets the start, which lies in the future.
        scheduled_start_time(start: Timestamp) = "scheduled_start_time";
        /// Sets the end; `None` removes it.
        scheduled_end_time(end: Option<Timestamp>) = "scheduled_end_time";
        /// Sets the picture as a data URI; `None` removes it.
        image(image: Option<&str>) = "image";
        /// Repeats the event by a rule; `None` ends the series.
        recurrence_rule(rule: Option<&RecurrenceRule>) = "recurrence_rule";
    }

    /// Users who want to come to a scheduled event; see
    /// [`Client::guild_scheduled_event_users`](crate::Client::guild_scheduled_event_users).
    GuildScheduledEventUsers(Fields) -> Vec<ScheduledEventUser>, Safe {
        /// Returns only those with an id above this one.
        after(user: Id<UserMarker>) = "after";
        /// Returns only those with an id below this one.
        before(user: Id<UserMarker>) = "before";
        /// Sets the number of results, 1 to 100. Default: 100.
        limit(limit: u16) = "limit" [1..=100];
        /// Sets whether guild members are included. Default: no.
        with_member(with: bool) = "with_member";
    }

    /// A new exception of a scheduled event; see
    /// [`Client::create_guild_scheduled_event_exception`](crate::Client::create_guild_scheduled_event_exception).
    CreateGuildScheduledEventException(Fields) -> ScheduledEventException, Never, audited {
        /// Sets whether the recurrence is cancelled. Default: no.
        is_canceled(is_canceled: bool) = "is_canceled";
        /// Sets the start of the recurrence.
        scheduled_start_time(start: Timestamp) = "scheduled_start_time";
        /// Sets the end of the recurrence.
        scheduled_end_time(end: Timestamp) = "scheduled_end_time";
    }

    /// A change of an exception of a scheduled event; see
    /// [`Client::update_guild_scheduled_event_exception`](crate::Client::update_guild_scheduled_event_exception).
    UpdateGuildScheduledEventException(Fields) -> ScheduledEventException, Never, audited {
        /// Sets whether the recurrence is cancelled.
        is_canceled(is_canceled: bool) = "is_canceled";
        /// Sets the start of the recurrence; `None` is that of the rule.
        scheduled_start_time(start: Option<Timestamp>) = "scheduled_start_time";
        /// Sets the end of the recurrence; `None` is that of the rule.
        scheduled_end_time(end: Option<Timestamp>) = "scheduled_end_time";
    }
}
