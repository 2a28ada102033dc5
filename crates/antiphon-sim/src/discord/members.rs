//! Guilds and member requests, as sessions receive them.

use serde_json::{Map, Value, json};

use super::{
    intents,
    model::{Guild, Id, User, id_in, iso},
    permissions,
    state::State,
};
use crate::sockets::HasSockets as _;

/// Members in one chunk.
const CHUNK: usize = 1000;
/// Members found by a prefix.
const FOUND: usize = 100;
/// Milliseconds in which the whole list of a guild can be had once.
const FULL_LIST: i64 = 30_000;
/// Bytes of a nonce.
const NONCE: usize = 32;

impl State {
    /// The `GUILD_CREATE` of a guild for a session.
    pub(crate) fn guild_create(&self, id: Id, session: &str) -> Value {
        let (Some(guild), Some(session)) = (
            self.community.guilds.get(&id),
            self.gateway.sessions.get(session),
        ) else {
            return Value::Null;
        };
        if !guild.is_available {
            return json!({"id": id.to_string(), "unavailable": true});
        }
        let sees_presences = session.intents & intents::GUILD_PRESENCES != 0;
        let is_large = guild.members.len() > session.large_threshold;
        let is_shown = |user: &Id| {
            let is_there = guild
                .presences
                .get(user)
                .is_some_and(|one| one.status != "offline");
            let always = *user == session.account || guild.voices.contains_key(user);
            always || sees_presences && (!is_large || is_there)
        };
        let members = guild.members.iter().filter(|(user, _)| is_shown(user));
        let members =
            members.filter_map(|(user, member)| Some(member.json(self.community.users.get(user)?)));
        let voices = guild.voices.iter().map(|(user, voice)| {
            let mut state = guild.voice_json(*user, Some(voice));
            if let Value::Object(fields) = &mut state {
                fields.remove("guild_id");
            }
            state
        });
        let presences = guild.presences.iter().filter(|(user, one)| {
            sees_presences && one.status != "offline" && guild.members.contains_key(user)
        });
        let sees = |channel: &&super::model::Channel| {
            !channel.is_archived
                && self.community.permissions(session.account, channel) & permissions::VIEW_CHANNEL
                    != 0
        };
        let mut create = guild.json();
        let own = guild.members.get(&session.account);
        let extras = json!({
            "joined_at": own.map(|member| iso(member.joined_at)),
            "large": is_large,
            "unavailable": false,
            "member_count": guild.members.len(),
            "voice_states": voices.collect::<Vec<_>>(),
            "members": members.collect::<Vec<_>>(),
            "channels": self.community.channels_of(id, false).map(|channel| {
                let mut channel = channel.json();
                if let Value::Object(fields) = &mut channel {
                    fields.remove("guild_id");
                }
                channel
            }).collect::<Vec<_>>(),
            "threads": self.community.channels_of(id, true).filter(sees).map(super::model::Channel::json).collect::<Vec<_>>(),
            "presences": presences.map(|(user, one)| one.json(*user, Some(id))).collect::<Vec<_>>(),
            "stage_instances": guild.things_of("stage"),
            "guild_scheduled_events": guild.things_of("event"),
            "soundboard_sounds": guild.things_of("sound"),
        });
        if let (Value::Object(create), Value::Object(extras)) = (&mut create, extras) {
            create.extend(extras);
        }
        create
    }

    /// Takes a request for members (op 8).
    pub(crate) fn take_member_request(&mut self, number: u64, data: &Value) {
        let Some(id) = self.gateway.session_on(number) else {
            return;
        };
        let Some((account, own_intents)) = self
            .gateway
            .sessions
            .get(&id)
            .map(|one| (one.account, one.intents))
        else {
            return;
        };
        // A list is taken if it has one id, as before version 8 of the Gateway.
        let guild_id = match &data["guild_id"] {
            Value::Array(ids) if ids.len() == 1 => id_in(&ids[0]),
            one => id_in(one),
        };
        let Some(guild) = guild_id
            .and_then(|id| self.community.guilds.get(&id))
            .filter(|one| one.members.contains_key(&account))
        else {
            return self.note(format!(
                "a request for members of a guild that the bot is not in, or of several: {}",
                data["guild_id"]
            ));
        };
        let guild_id = guild.id;
        if data["query"].is_null() && data["user_ids"].is_null() {
            return self.note("a request for members has neither `query` nor `user_ids`");
        }
        let nonce = data["nonce"]
            .as_str()
            .filter(|nonce| nonce.len() <= NONCE)
            .map(str::to_owned);
        let limit = usize::try_from(data["limit"].as_u64().unwrap_or(0)).unwrap_or(0);
        let query = data["query"].as_str();
        let is_full = query == Some("") && limit == 0;
        if is_full && own_intents & intents::GUILD_MEMBERS == 0 {
            return self.close(number, 4014, "Disallowed intents.");
        }
        if is_full && !self.may_have_full_list(account, guild_id) {
            return self.refuse_full_list(&id, account, guild_id, nonce.as_deref());
        }
        let shows_presences = data["presences"].as_bool().unwrap_or(false)
            && own_intents & intents::GUILD_PRESENCES != 0;
        let mut chunks = self.chunks(guild_id, data, nonce.as_deref(), shows_presences);
        if self.gateway.faults.chunks_reversed {
            chunks.reverse();
        }
        let missing = self.gateway.faults.chunk_missing.map(|index| json!(index));
        for chunk in chunks {
            if Some(&chunk["chunk_index"]) != missing.as_ref() {
                self.tell(&id, "GUILD_MEMBERS_CHUNK", &chunk);
            }
        }
    }

    /// The requested members, and the requested ids without a member.
    fn members_asked_for(&self, guild: &Guild, data: &Value) -> (Vec<(Id, Value)>, Vec<Value>) {
        let known = |user: &Id| {
            Some((
                *user,
                guild.members.get(user)?,
                self.community.users.get(user)?,
            ))
        };
        let mut not_found = Vec::new();
        let found = if let Some(query) = data["query"].as_str() {
            let limit = usize::try_from(data["limit"].as_u64().unwrap_or(0)).unwrap_or(0);
            let prefix = query.to_lowercase();
            let fits = |user: &User, nick: Option<&str>| {
                let names = [Some(user.name.as_str()), user.display_name.as_deref(), nick];
                names
                    .into_iter()
                    .flatten()
                    .any(|name| name.to_lowercase().starts_with(&prefix))
            };
            let most = match (limit, query.is_empty()) {
                (0, true) => usize::MAX,
                (0, false) => FOUND,
                (limit, true) => limit,
                (limit, false) => limit.min(FOUND),
            };
            let all = guild.members.keys().filter_map(known);
            let found = all.filter(|(_, member, user)| fits(user, member.nick.as_deref()));
            found
                .take(most)
                .map(|(id, member, user)| (id, member.json(user)))
                .collect()
        } else {
            let asked = match &data["user_ids"] {
                Value::Array(ids) => ids.clone(),
                one => vec![one.clone()],
            };
            let mut found = Vec::new();
            for asked in asked.iter().take(FOUND) {
                let id = id_in(asked);
                match id.as_ref().and_then(known) {
                    Some((id, member, user)) => found.push((id, member.json(user))),
                    None => not_found.extend(id.map(|id| json!(id.to_string()))),
                }
            }
            found
        };
        (found, not_found)
    }

    /// The answer to a request for members, in chunks.
    fn chunks(
        &self,
        guild: Id,
        data: &Value,
        nonce: Option<&str>,
        shows_presences: bool,
    ) -> Vec<Value> {
        let Some(guild) = self.community.guilds.get(&guild) else {
            return Vec::new();
        };
        let (found, not_found) = self.members_asked_for(guild, data);
        let size = self
            .gateway
            .faults
            .chunk_size
            .unwrap_or(CHUNK)
            .clamp(1, CHUNK);
        let count = found.len().div_ceil(size).max(1);
        let mut chunks = Vec::with_capacity(count);
        for index in 0..count {
            let part = found.iter().skip(index * size).take(size);
            let mut chunk = json!({
                "guild_id": guild.id.to_string(),
                "members": part.clone().map(|(_, member)| member).collect::<Vec<_>>(),
                "chunk_index": index,
                "chunk_count": count,
            });
            if shows_presences {
                let presences =
                    part.filter_map(|(user, _)| Some(guild.presences.get(user)?.json(*user, None)));
                chunk["presences"] = presences.collect();
            }
            if index == 0 && !not_found.is_empty() {
                chunk["not_found"] = json!(not_found);
            }
            if let Some(nonce) = nonce {
                chunk["nonce"] = json!(nonce);
            }
            chunks.push(chunk);
        }
        chunks
    }

    fn may_have_full_list(&mut self, account: Id, guild: Id) -> bool {
        let now = self.now();
        let last = self.gateway.full_lists.get(&(account, guild)).copied();
        let free = last.is_none_or(|last| now - last >= FULL_LIST);
        if free {
            self.gateway.full_lists.insert((account, guild), now);
        }
        free
    }

    fn refuse_full_list(&mut self, session: &str, account: Id, guild: Id, nonce: Option<&str>) {
        let last = self
            .gateway
            .full_lists
            .get(&(account, guild))
            .copied()
            .unwrap_or_default();
        let wait = u32::try_from(FULL_LIST - (self.now() - last)).unwrap_or(0);
        let mut meta = Map::new();
        meta.insert("guild_id".into(), json!(guild.to_string()));
        if let Some(nonce) = nonce {
            meta.insert("nonce".into(), json!(nonce));
        }
        let limited = json!({"opcode": 8, "retry_after": f64::from(wait) / 1000.0, "meta": meta});
        self.tell(session, "RATE_LIMITED", &limited);
    }

    /// Takes a request for the sounds of guilds (op 31).
    pub(crate) fn take_soundboard_request(&mut self, number: u64, data: &Value) {
        let (Some(session), Some(account)) = (
            self.gateway.session_on(number),
            self.gateway.account_of(number),
        ) else {
            return;
        };
        let guilds = match &data["guild_ids"] {
            Value::Array(ids) => ids.clone(),
            one => vec![one.clone()],
        };
        for asked in guilds {
            let guild = id_in(&asked).and_then(|id| self.community.guilds.get(&id));
            let guild = guild.filter(|guild| guild.members.contains_key(&account));
            let Some(guild) = guild else {
                self.note(format!(
                    "a request for sounds of a guild that the bot is not in: {asked}"
                ));
                continue;
            };
            let sounds = json!({"guild_id": guild.id.to_string(), "soundboard_sounds": guild.things_of("sound")});
            self.tell(&session, "SOUNDBOARD_SOUNDS", &sounds);
        }
    }

    /// Takes a request for channels' information (op 43).
    pub(crate) fn take_channel_request(&mut self, number: u64, data: &Value) {
        let (Some(session), Some(account)) = (
            self.gateway.session_on(number),
            self.gateway.account_of(number),
        ) else {
            return;
        };
        let guild = id_in(&data["guild_id"]);
        let Some(guild) = guild.filter(|guild| self.community.guilds_of(account).contains(guild))
        else {
            return self.note("a request for channels of a guild that the bot is not in");
        };
        let channels = self
            .community
            .channels_of(guild, false)
            .filter(|channel| channel.is_voice());
        let channels = channels.map(|channel| json!({"id": channel.id.to_string(), "status": null, "voice_start_time": null}));
        let info = json!({"guild_id": guild.to_string(), "channels": channels.collect::<Vec<_>>()});
        self.tell(&session, "CHANNEL_INFO", &info);
    }
}
