//! Voice regions and voice states.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{model::Id, permissions as rights, state::State};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/voice/regions", "list_voice_regions", State::voice_regions),
    Route::get(
        "/guilds/{guild_id}/voice-states/@me",
        "get_self_voice_state",
        State::own_voice_state,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/voice-states/{user_id}",
        "get_voice_state",
        State::voice_state,
    )
    .in_guild(0),
    Route::patch(
        "/guilds/{guild_id}/voice-states/@me",
        "update_self_voice_state",
        State::edit_own_voice_state,
    )
    .in_guild(0)
    .also("`MUTE_MEMBERS` to unsuppress, `REQUEST_TO_SPEAK` to ask")
    .events(&["VOICE_STATE_UPDATE"]),
    Route::patch(
        "/guilds/{guild_id}/voice-states/{user_id}",
        "update_voice_state",
        State::edit_voice_state_of,
    )
    .in_guild(rights::MUTE_MEMBERS)
    .events(&["VOICE_STATE_UPDATE"]),
    Route::put(
        "/channels/{channel_id}/voice-status",
        "update_voice_channel_status",
        State::edit_voice_status,
    )
    .in_channel(rights::SET_VOICE_STATUS)
    .events(&["VOICE_CHANNEL_STATUS_UPDATE"])
    .simplified("no audit log"),
];

impl State {
    /// The regions, for `GET /voice/regions` and for a guild's own list.
    pub(super) fn voice_regions(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(
            200,
            json!([{"id": "frankfurt", "name": "Frankfurt", "optimal": true, "deprecated": false, "custom": false}]),
        ))
    }

    fn own_voice_state(&mut self, call: &Call<'_>) -> Outcome {
        self.voice_answer(call.guild(), call.account)
    }

    fn voice_state(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        self.member_of(call.guild(), user)?;
        self.voice_answer(call.guild(), user)
    }

    fn voice_answer(&self, guild: Id, user: Id) -> Outcome {
        let unknown = || Answer::unknown("Voice State", 10065);
        let home = self.community.guilds.get(&guild).ok_or_else(unknown)?;
        let voice = home.voices.get(&user).ok_or_else(unknown)?;
        let mut state = home.voice_json(user, Some(voice));
        if let (Some(member), Some(known)) =
            (home.members.get(&user), self.community.users.get(&user))
        {
            state["member"] = member.json(known);
        }
        Ok(Answer::json(200, state))
    }

    fn edit_own_voice_state(&mut self, call: &Call<'_>) -> Outcome {
        self.edit_voice_state(call, call.account)
    }

    fn edit_voice_state_of(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        self.member_of(call.guild(), user)?;
        self.edit_voice_state(call, user)
    }

    fn edit_voice_state(&mut self, call: &Call<'_>, user: Id) -> Outcome {
        let guild = call.guild();
        let mut fields = call.fields();
        let suppress = fields.flag("suppress");
        let asks = fields
            .has("request_to_speak_timestamp")
            .then(|| fields.time("request_to_speak_timestamp"));
        let channel = fields.id("channel_id");
        fields.check()?;
        let home = self.community.guilds.get(&guild);
        let voice = home.and_then(|home| home.voices.get(&user));
        let voice = voice.filter(|voice| channel.is_none_or(|channel| channel == voice.channel));
        let voice = voice.ok_or_else(|| Answer::unknown("Voice State", 10065))?;
        let channel = self.community.channels.get(&voice.channel);
        if channel.is_none_or(|channel| channel.kind != crate::discord::model::kind::STAGE) {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        if user == call.account {
            if suppress == Some(false) {
                self.needs_in_guild(call.account, guild, rights::MUTE_MEMBERS)?;
            }
            if asks.flatten().is_some() {
                self.needs_in_guild(call.account, guild, rights::REQUEST_TO_SPEAK)?;
            }
        }
        let now = crate::discord::model::iso(self.now());
        let is_bot = self.community.bots.contains_key(&user);
        let home = self.community.guilds.get_mut(&guild);
        if let Some(voice) = home.and_then(|home| home.voices.get_mut(&user)) {
            voice.suppress = suppress.unwrap_or(voice.suppress);
            // A person who is no longer suppressed has asked to speak; who is suppressed again has not.
            match suppress {
                Some(true) => voice.asks_to_speak = None,
                Some(false) if !is_bot && user != call.account => voice.asks_to_speak = Some(now),
                _ => {}
            }
            if let Some(asks) = asks {
                voice.asks_to_speak = asks.map(crate::discord::model::iso);
            }
        }
        self.tell_voice_state(guild, user);
        Ok(Answer::done())
    }

    fn edit_voice_status(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let status = fields.text("status", 0..=500).map(str::to_owned);
        fields.check()?;
        let channel = self.visible_channel(call.channel(), call.account)?;
        if channel.kind != crate::discord::model::kind::VOICE {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let event = json!({
            "id": channel.id.to_string(),
            "guild_id": channel.guild.map(|guild| guild.to_string()),
            "status": status.map_or(Value::Null, Value::from),
        });
        let scope = self.community.scope_of(call.channel());
        self.publish("VOICE_CHANNEL_STATUS_UPDATE", scope, &event);
        Ok(Answer::done())
    }
}
