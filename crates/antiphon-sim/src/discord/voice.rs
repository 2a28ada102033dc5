//! Voice states and voice servers.
//!
//! The endpoint of a voice server leads nowhere: no voice Gateway and no audio is simulated. A bot that speaks itself
//! waits for a connection that never opens; one whose Lavalink node speaks can be tried whole, since the simulated nodes
//! take the credentials that are given here.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    community::Scope,
    model::{Id, Voice, id_in, kind},
    permissions,
    state::State,
};
use crate::timers::Timed as _;

/// Endpoint of the voice server, which has no server behind it.
const ENDPOINT: &str = "c-fra01-sim.discord.media:443";
/// Time until a missing voice server is available.
const SEARCH: Duration = Duration::from_secs(1);

/// Credentials of a bot for one voice channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VoicePass {
    pub(crate) channel: Id,
    pub(crate) session: String,
    pub(crate) token: String,
    pub(crate) endpoint: &'static str,
}

impl State {
    /// Credentials of a bot in a guild: `Some(None)` while it is in no channel, `None` if the guild or the bot is
    /// unknown.
    #[expect(clippy::option_option, reason = "in no channel, or not known at all")]
    pub(crate) fn voice_pass(&self, guild: Id, user: Id) -> Option<Option<VoicePass>> {
        let guild = self.community.guilds.get(&guild)?;
        self.community.bots.get(&user)?;
        let voice = guild.voices.get(&user);
        Some(voice.map(|voice| VoicePass {
            channel: voice.channel,
            session: voice.session.clone(),
            token: voice.token.clone(),
            endpoint: ENDPOINT,
        }))
    }

    /// Takes a bot's voice state update: join, move or leave (op 4).
    pub(crate) fn take_voice(&mut self, number: u64, data: &Value) {
        let Some(account) = self.gateway.account_of(number) else {
            return;
        };
        let id = |name: &str| id_in(&data[name]);
        let Some(guild) =
            id("guild_id").filter(|guild| self.community.guilds_of(account).contains(guild))
        else {
            return self.note("a voice state for a guild that the bot is not in");
        };
        let flag = |name: &str| data[name].as_bool().unwrap_or(false);
        if data["channel_id"].is_null() {
            self.leave_voice(guild, account);
        } else if let Some(channel) = id("channel_id") {
            let connection = self.gateway.connections.get(&number);
            let session = connection.and_then(|one| one.session.clone());
            let home = self.community.guilds.get_mut(&guild);
            // A channel that another session of the bot joined is joined anew.
            if let Some(home) = home
                && home
                    .voices
                    .get(&account)
                    .is_some_and(|voice| voice.asked_by != session)
            {
                home.voices.remove(&account);
            }
            self.join_voice(
                guild,
                account,
                channel,
                flag("self_mute"),
                flag("self_deaf"),
            );
            let home = self.community.guilds.get_mut(&guild);
            if let Some(voice) = home.and_then(|home| home.voices.get_mut(&account)) {
                voice.asked_by = session;
            }
        } else {
            self.note("a voice state whose channel is no id");
        }
    }

    /// Moves a user into a voice channel; a user without permission, or a full channel, changes nothing.
    pub(crate) fn join_voice(
        &mut self,
        guild: Id,
        user: Id,
        channel: Id,
        self_mute: bool,
        self_deaf: bool,
    ) {
        let Some(place) = self
            .community
            .channels
            .get(&channel)
            .filter(|one| one.guild == Some(guild) && one.is_voice())
        else {
            return self.note(format!("no voice channel {channel} to join"));
        };
        let is_stage = place.kind == kind::STAGE;
        let (limit, rights) = (place.user_limit, self.community.permissions(user, place));
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let others = home
            .voices
            .iter()
            .filter(|(who, voice)| **who != user && voice.channel == channel);
        let is_full = limit > 0 && u64::try_from(others.count()).unwrap_or(u64::MAX) >= limit;
        // Discord does not reply for a channel that is full or closed to the bot.
        if rights & permissions::CONNECT == 0 || is_full && rights & permissions::MOVE_MEMBERS == 0
        {
            return;
        }
        let before = home.voices.get(&user).cloned();
        let moves = before
            .as_ref()
            .is_none_or(|before| before.channel != channel);
        let session = match &before {
            Some(before) => before.session.clone(),
            None => self.secret(),
        };
        let token = match before.as_ref().filter(|_| !moves) {
            Some(before) => before.token.clone(),
            None => format!("{:016x}", self.secrets.u64(..)),
        };
        let voice = Voice {
            channel,
            session,
            token,
            self_mute,
            self_deaf,
            suppress: is_stage,
            asks_to_speak: None,
            asked_by: before.and_then(|before| before.asked_by),
        };
        if let Some(guild) = self.community.guilds.get_mut(&guild) {
            guild.voices.insert(user, voice);
        }
        let is_bot = self.community.bots.contains_key(&user);
        if is_bot && moves && self.gateway.faults.voice_server_first {
            self.tell_voice_server(guild, user);
        }
        self.tell_voice_state(guild, user);
        if is_bot && moves && !self.gateway.faults.voice_server_first {
            self.tell_voice_server(guild, user);
        }
    }

    /// Disconnects a user from voice.
    pub(crate) fn leave_voice(&mut self, guild: Id, user: Id) {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        if home.voices.remove(&user).is_some() {
            self.tell_voice_state(guild, user);
        }
    }

    pub(crate) fn tell_voice_state(&mut self, guild: Id, user: Id) {
        self.voices.notify_one();
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let mut state = home.voice_json(user, home.voices.get(&user));
        if let (Some(member), Some(user)) =
            (home.members.get(&user), self.community.users.get(&user))
        {
            state["member"] = member.json(user);
        }
        self.publish("VOICE_STATE_UPDATE", Scope::guild(guild), &state);
    }

    fn tell_voice_server(&mut self, guild: Id, user: Id) {
        if self.gateway.faults.voice_server_missing {
            self.tell_voice_endpoint(guild, user, None);
            self.later(SEARCH, move |state| {
                state.tell_voice_endpoint(guild, user, Some(ENDPOINT));
            });
        } else {
            self.tell_voice_endpoint(guild, user, Some(ENDPOINT));
        }
    }

    /// Sends a bot `VOICE_SERVER_UPDATE`.
    pub(crate) fn tell_voice_endpoint(&mut self, guild: Id, user: Id, endpoint: Option<&str>) {
        self.voices.notify_one();
        let voice = self
            .community
            .guilds
            .get(&guild)
            .and_then(|guild| guild.voices.get(&user));
        let Some(token) = voice.map(|voice| voice.token.clone()) else {
            return;
        };
        let server = json!({"token": token, "guild_id": guild.to_string(), "endpoint": endpoint});
        self.publish(
            "VOICE_SERVER_UPDATE",
            Scope::guild(guild).only(user),
            &server,
        );
    }

    /// Gives a bot another voice server, as happens when one fails.
    pub(crate) fn change_voice_server(&mut self, guild: Id, user: Id) {
        let token = format!("{:016x}", self.secrets.u64(..));
        let voice = self
            .community
            .guilds
            .get_mut(&guild)
            .and_then(|guild| guild.voices.get_mut(&user));
        if let Some(voice) = voice {
            voice.token = token;
            self.tell_voice_server(guild, user);
        }
    }
}
