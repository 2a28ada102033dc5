//! Stage instances.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    messages::Draft,
    model::{Id, id_in, kind},
    permissions as rights,
    state::State,
    things::{EVENT, STAGE},
};

/// Permissions of a stage channel's moderators
/// (<https://docs.discord.com/developers/resources/stage-instance#definitions>).
const MODERATOR: u64 = rights::MANAGE_CHANNELS | rights::MUTE_MEMBERS | rights::MOVE_MEMBERS;

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/stage-instances",
        "create_stage_instance",
        State::create_stage,
    )
    .also("`MANAGE_CHANNELS`, `MUTE_MEMBERS`, `MOVE_MEMBERS` in the stage channel")
    .events(&[
        "STAGE_INSTANCE_CREATE",
        "MESSAGE_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
    ])
    .audit(&["STAGE_INSTANCE_CREATE"])
    .simplified("`send_start_notification` notifies nobody; a stage without speakers stays open"),
    Route::get(
        "/stage-instances/{channel_id}",
        "get_stage_instance",
        State::get_stage,
    )
    .in_channel(0),
    Route::patch(
        "/stage-instances/{channel_id}",
        "update_stage_instance",
        State::edit_stage,
    )
    .in_channel(MODERATOR)
    .events(&["STAGE_INSTANCE_UPDATE", "MESSAGE_CREATE"])
    .audit(&["STAGE_INSTANCE_UPDATE"]),
    Route::delete(
        "/stage-instances/{channel_id}",
        "delete_stage_instance",
        State::delete_stage,
    )
    .in_channel(MODERATOR)
    .events(&["STAGE_INSTANCE_DELETE", "MESSAGE_CREATE"])
    .audit(&["STAGE_INSTANCE_DELETE"]),
];

/// Types of the messages that a stage posts into its channel
/// (<https://docs.discord.com/developers/resources/message#message-object-message-types>).
mod message {
    pub(super) const START: u8 = 27;
    pub(super) const END: u8 = 28;
    pub(super) const TOPIC: u8 = 31;
}

impl State {
    /// The stage of a channel.
    pub(super) fn stage_in(&self, guild: Id, channel: Id) -> Option<(Id, &Value)> {
        let mut stages = self.things(guild, STAGE);
        stages.find(|(_, stage)| id_in(&stage["channel_id"]) == Some(channel))
    }

    /// The guild, the id and the stage of a path.
    fn stage_of(&self, call: &Call<'_>) -> Result<(Id, Id, Value), Answer> {
        let channel = self.visible_channel(call.channel(), call.account)?;
        let guild = channel.guild.unwrap_or_default();
        let stage = self.stage_in(guild, channel.id);
        let (id, stage) = stage.ok_or_else(|| Answer::unknown("Stage Instance", 10067))?;
        Ok((guild, id, stage.clone()))
    }

    fn tell_of_stage(&mut self, channel: &Value, by: Id, kind: u8, topic: &Value) {
        let draft = Draft {
            kind,
            ..Draft::text(topic.as_str().unwrap_or_default())
        };
        if let Some(channel) = id_in(channel) {
            self.post(channel, by, draft);
        }
    }

    /// Opens a stage; returns its id.
    pub(super) fn open_stage(
        &mut self,
        guild: Id,
        by: Id,
        channel: Id,
        topic: &str,
        privacy: i64,
        event: Option<Id>,
    ) -> Id {
        let id = self.new_id();
        let stage = json!({
            "id": id.to_string(),
            "guild_id": guild.to_string(),
            "channel_id": channel.to_string(),
            "topic": topic,
            "privacy_level": privacy,
            "discoverable_disabled": true,
            "guild_scheduled_event_id": event.map(|event| event.to_string()),
        });
        self.put_thing(guild, Some(by), STAGE, id, &stage);
        self.tell_of_stage(&stage["channel_id"], by, message::START, &stage["topic"]);
        id
    }

    /// Closes a stage.
    pub(super) fn close_stage(&mut self, guild: Id, by: Id, id: Id) {
        if let Some(stage) = self.remove_thing(guild, by, STAGE, id) {
            self.tell_of_stage(&stage["channel_id"], by, message::END, &stage["topic"]);
        }
    }

    fn create_stage(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["channel_id", "topic"]);
        let channel = fields.id("channel_id").unwrap_or_default();
        let topic = fields.text("topic", 1..=120).unwrap_or_default();
        let privacy = fields.choice("privacy_level", &[1, 2]).unwrap_or(2);
        let event = fields.id("guild_scheduled_event_id");
        fields.flag("send_start_notification");
        fields.check()?;
        let place = self.visible_channel(channel, call.account)?;
        if place.kind != kind::STAGE {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let guild = place.guild.unwrap_or_default();
        self.needs_in_channel(call.account, channel, MODERATOR)?;
        if self.stage_in(guild, channel).is_some() {
            return Err(Answer::error(400, 150_006, "The Stage is already open"));
        }
        if let Some(event) = event {
            let known = self.thing_of(guild, EVENT, event);
            let known = known.ok_or_else(|| Answer::unknown("Guild Scheduled Event", 10070))?;
            if id_in(&known["channel_id"]) != Some(channel) {
                return Err(Answer::error(
                    400,
                    50091,
                    "The entity type of the event is different from the entity you are trying to start the event for",
                ));
            }
        }
        let id = self.open_stage(guild, call.account, channel, topic, privacy, event);
        if let Some(event) = event {
            self.begin_event(guild, call.account, event);
        }
        let stage = self.thing_of(guild, STAGE, id).cloned();
        Ok(Answer::json(200, stage.unwrap_or_default()))
    }

    fn get_stage(&mut self, call: &Call<'_>) -> Outcome {
        let (_, _, stage) = self.stage_of(call)?;
        Ok(Answer::json(200, stage))
    }

    fn edit_stage(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let topic = fields.text("topic", 1..=120);
        let privacy = fields.choice("privacy_level", &[1, 2]);
        fields.check()?;
        let (guild, id, before) = self.stage_of(call)?;
        let mut stage = before.clone();
        if let Some(topic) = topic {
            stage["topic"] = json!(topic);
        }
        if let Some(privacy) = privacy {
            stage["privacy_level"] = json!(privacy);
        }
        self.put_thing(guild, Some(call.account), STAGE, id, &stage);
        if stage["topic"] != before["topic"] {
            let (channel, topic) = (&stage["channel_id"], &stage["topic"]);
            self.tell_of_stage(channel, call.account, message::TOPIC, topic);
        }
        Ok(Answer::json(200, stage))
    }

    fn delete_stage(&mut self, call: &Call<'_>) -> Outcome {
        let (guild, id, _) = self.stage_of(call)?;
        self.close_stage(guild, call.account, id);
        Ok(Answer::done())
    }
}
