//! Gateway operations of clients (protocol §1 to §8).

use serde_json::{Value, json};

use super::{
    community::Scope,
    gateway::{Due, Session, Shard, shard_of},
    intents,
    model::{Id, id_in},
    state::State,
};
use crate::{outgoing::Outgoing, sockets::HasSockets as _, timers::Timed as _};

/// Longest frame taken from a client, in bytes.
const LONGEST: usize = 4096;
/// Frames taken from a client within a minute.
const SENDS: usize = 120;
/// Milliseconds of the minute.
const MINUTE: i64 = 60_000;
/// Milliseconds of the day after which session starts are counted anew.
const DAY: i64 = 86_400_000;

impl State {
    /// Begins a connection.
    pub(crate) fn hello(&mut self, number: u64) {
        let interval = self.settings.heartbeat;
        self.control(number, 10, &json!({"heartbeat_interval": interval}));
    }

    /// Takes a frame from a client.
    pub(crate) fn heard(&mut self, number: u64, text: &[u8]) {
        let now = self.now();
        let Some(connection) = self.gateway.connections.get_mut(&number) else {
            return;
        };
        connection.heard.push_back(now);
        while connection
            .heard
            .front()
            .is_some_and(|at| now - at >= MINUTE)
        {
            connection.heard.pop_front();
        }
        if connection.heard.len() > SENDS {
            self.note("a client sent more than 120 frames in a minute");
            return self.close(number, 4008, "Rate limited.");
        }
        let frame = serde_json::from_slice::<Value>(text);
        let Ok(frame) = frame.map_err(|_| ()).and_then(|frame| {
            if text.len() > LONGEST {
                Err(())
            } else {
                Ok(frame)
            }
        }) else {
            self.note("a client sent a frame that is too long or is not JSON");
            return self.close(number, 4002, "Error while decoding payload.");
        };
        let (op, data) = (frame["op"].as_u64(), &frame["d"]);
        let has_session = self.gateway.session_on(number).is_some();
        match op {
            Some(1) => self.beat(number),
            Some(2 | 6) if has_session => self.refuse(number, 4005, "Already authenticated."),
            Some(2) => self.identify(number, data),
            Some(6) => self.resume(number, data),
            Some(3 | 4 | 8 | 31 | 43) if !has_session => {
                self.refuse(number, 4003, "Not authenticated.");
            }
            Some(3) => self.take_presence(number, data),
            Some(4) => self.take_voice(number, data),
            Some(8) => self.take_member_request(number, data),
            Some(31) => self.take_soundboard_request(number, data),
            Some(43) => self.take_channel_request(number, data),
            _ => self.refuse(number, 4001, "Unknown opcode."),
        }
    }

    /// Closes a connection for a violation of the protocol.
    fn refuse(&mut self, number: u64, code: u16, reason: &str) {
        self.note(format!("a client was closed with {code}: {reason}"));
        self.close(number, code, reason);
    }

    fn beat(&mut self, number: u64) {
        if let Some(connection) = self.gateway.connections.get_mut(&number) {
            connection.beats += 1;
        }
        if self.gateway.faults.withholds_acks {
            return;
        }
        let late = self.gateway.faults.late_acks;
        if late.is_zero() {
            self.acknowledge(number);
        } else {
            self.later(late, move |state| state.acknowledge(number));
        }
    }

    fn acknowledge(&mut self, number: u64) {
        if let Some(connection) = self.gateway.connections.get_mut(&number) {
            connection.acks += 1;
        }
        self.control(number, 11, &Value::Null);
    }

    fn identify(&mut self, number: u64, data: &Value) {
        let (refused, for_good) = &mut self.gateway.faults.refused_logins;
        if *refused > 0 {
            *refused -= 1;
            if *for_good {
                self.refuse(number, 4004, "Authentication failed.");
            } else {
                self.control(number, 9, &json!(false));
            }
            return;
        }
        let Some(account) = data["token"]
            .as_str()
            .and_then(|token| self.community.bot_with(token))
        else {
            return self.refuse(number, 4004, "Authentication failed.");
        };
        let properties = &data["properties"];
        // Their names began with `$` once; discordgo sends them so.
        if ["os", "browser", "device"].iter().any(|name| {
            !properties[name].is_string() && !properties[format!("${name}")].is_string()
        }) {
            self.note("an identify without properties `os`, `browser` and `device`");
        }
        let Ok(shard) = shard(&data["shard"]) else {
            return self.refuse(number, 4010, "Invalid shard.");
        };
        if shard.is_none_or(|(_, count)| count < self.settings.shards)
            && self.settings.requires_shards
        {
            return self.refuse(number, 4011, "Sharding required.");
        }
        let Some(wanted) = data["intents"]
            .as_u64()
            .filter(|wanted| wanted & !intents::ALL == 0)
        else {
            return self.refuse(number, 4013, "Invalid intents.");
        };
        let shard = shard.unwrap_or((0, 1));
        let privileged = self
            .community
            .bots
            .get(&account)
            .map_or(0, |bot| bot.privileged);
        if wanted & intents::PRIVILEGED & !privileged != 0 {
            return self.refuse(number, 4014, "Disallowed intents.");
        }
        let now = self.now();
        if !self.gateway.may_start(account, shard, now, &self.settings) {
            self.note("an identify before its turn");
            return self.control(number, 9, &json!(false));
        }
        if !self.count_start(account) {
            return self.refuse(number, 4004, "Authentication failed.");
        }
        // Clients ask for compressed payloads on a compressed transport as well, which changes nothing.
        let compress = data["compress"].as_bool().unwrap_or(false);
        let connection = self.gateway.connections.get(&number);
        if compress && connection.is_some_and(|connection| !connection.is_compressed) {
            self.send(number, Outgoing::CompressPayloads);
        }
        self.start(number, account, shard, wanted, data);
    }

    /// Counts a session start; one more than the day's limit resets the token.
    fn count_start(&mut self, account: Id) -> bool {
        let (left, _) = self.starts(account);
        if left == 0 {
            let token = self.new_token(account);
            if let Some(bot) = self.community.bots.get_mut(&account) {
                bot.token = token;
            }
            self.note("more sessions than a day has: the token was reset");
            return false;
        }
        if let Some(bot) = self.community.bots.get_mut(&account) {
            bot.starts.0 -= 1;
        }
        true
    }

    /// Remaining session starts, and milliseconds until they are reset.
    pub(crate) fn starts(&mut self, account: Id) -> (u32, i64) {
        let (now, most) = (self.now(), self.settings.starts);
        let Some(bot) = self.community.bots.get_mut(&account) else {
            return (0, 0);
        };
        if bot.starts.1 <= now {
            bot.starts = (most, now + DAY);
        }
        (bot.starts.0.min(most), bot.starts.1 - now)
    }

    /// Begins a session: READY, and then the guilds of its shard.
    fn start(&mut self, number: u64, account: Id, shard: Shard, intents: u64, data: &Value) {
        let id = self.secret();
        let session_number = self.gateway.next_number();
        let threshold = data["large_threshold"]
            .as_u64()
            .unwrap_or(50)
            .clamp(50, 250);
        let session = Session {
            id: id.clone(),
            number: session_number,
            account,
            shard,
            intents,
            large_threshold: usize::try_from(threshold).unwrap_or(50),
            seq: 0,
            buffer: std::collections::VecDeque::new(),
            connection: Some(number),
            lost_at: None,
        };
        self.gateway.sessions.insert(id.clone(), session);
        // Entries of another number of shards stay only while their sessions live.
        let sessions = &self.gateway.sessions;
        self.gateway.due.retain(|(of, other), due| {
            *of != account || other.1 == shard.1 || sessions.contains_key(&due.session)
        });
        self.gateway.due.insert(
            (account, shard),
            Due {
                intents,
                session: id.clone(),
            },
        );
        self.gateway.join(number, &id);
        let guilds: Vec<Id> = self
            .community
            .guilds_of(account)
            .into_iter()
            .filter(|guild| shard_of(Some(*guild), shard.1) == shard.0)
            .collect();
        let unavailable = guilds
            .iter()
            .map(|guild| json!({"id": guild.to_string(), "unavailable": true}));
        let flags = self.application_flags(account);
        // Lists that only users' accounts fill are sent to bots as well, and empty.
        let mut ready = json!({
            "v": 10,
            "user": self.own_user_json(account),
            "user_settings": {},
            "guilds": unavailable.collect::<Vec<_>>(),
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "guild_join_requests": [],
            "session_id": id,
            "resume_gateway_url": self.gateway.resume_address,
            "application": {"id": account.to_string(), "flags": flags, "flags_new": flags.to_string()},
        });
        if data["shard"].is_array() {
            ready["shard"] = json!([shard.0, shard.1]);
        }
        self.tell(&id, "READY", &ready);
        for guild in guilds {
            if intents & intents::GUILDS != 0 {
                let create = self.guild_create(guild, &id);
                self.tell(&id, "GUILD_CREATE", &create);
            }
        }
        if data["presence"].is_object() {
            self.take_presence(number, &data["presence"]);
        }
    }

    fn resume(&mut self, number: u64, data: &Value) {
        self.expire_sessions();
        let Some(account) = data["token"]
            .as_str()
            .and_then(|token| self.community.bot_with(token))
        else {
            return self.refuse(number, 4004, "Authentication failed.");
        };
        let id = data["session_id"].as_str().unwrap_or_default();
        let seq = data["seq"].as_u64();
        let Some(session) = self
            .gateway
            .sessions
            .get_mut(id)
            .filter(|session| session.account == account)
        else {
            return self.control(number, 9, &json!(false));
        };
        let forgotten = session
            .buffer
            .front()
            .map_or(session.seq, |first| first.seq - 1);
        let Some(seq) = seq.filter(|seq| *seq <= session.seq) else {
            self.note("a client resumes after a sequence that was never sent");
            self.end_session(id);
            return self.close(number, 4007, "Invalid seq.");
        };
        if seq < forgotten {
            self.end_session(id);
            return self.control(number, 9, &json!(false));
        }
        let missed: Vec<_> = session
            .buffer
            .iter()
            .filter(|kept| kept.seq > seq)
            .cloned()
            .collect();
        let old = session.connection;
        if let Some(old) = old {
            if let Some(connection) = self.gateway.connections.get(&old) {
                connection.socket.line.cut();
            }
            self.gone(old);
        }
        self.gateway.join(number, id);
        for kept in missed {
            // The event was due when it happened; a replay is a copy.
            self.send_kept(number, id, &kept, None);
        }
        let resumed = if self.gateway.faults.resumed_is_null {
            Value::Null
        } else {
            json!({})
        };
        self.tell(id, "RESUMED", &resumed);
    }

    /// Sends an account `GUILD_CREATE` for a guild that it joined.
    pub(crate) fn tell_guild(&mut self, guild: Id, account: Id) {
        for session in self.gateway.sessions_of(Some(account)) {
            let Some(one) = self.gateway.sessions.get(&session) else {
                continue;
            };
            let here = shard_of(Some(guild), one.shard.1) == one.shard.0;
            if here && one.intents & intents::GUILDS != 0 {
                let create = self.guild_create(guild, &session);
                self.tell(&session, "GUILD_CREATE", &create);
            }
        }
    }

    /// A bot's user as the bot itself sees it.
    pub(crate) fn own_user_json(&self, account: Id) -> Value {
        let mut user = self.user_json(account);
        if user.is_object() {
            user["mfa_enabled"] = json!(false);
            user["verified"] = json!(true);
            user["email"] = Value::Null;
            user["flags"] = json!(0);
            user["locale"] = json!("en-US");
            user["premium_type"] = json!(0);
            user["banner"] = Value::Null;
            user["accent_color"] = Value::Null;
        }
        user
    }

    /// Flags of an application: which privileged intents it may use.
    pub(crate) fn application_flags(&self, application: Id) -> u64 {
        let bot = self.community.bots.get(&application);
        let privileged = bot.map_or(0, |bot| bot.privileged);
        let flags = [
            (intents::GUILD_PRESENCES, 1 << 13),
            (intents::GUILD_MEMBERS, 1 << 15),
            (intents::MESSAGE_CONTENT, 1 << 19),
        ];
        let flags = flags
            .into_iter()
            .filter(|(intent, _)| privileged & intent != 0);
        flags.fold(0, |sum, (_, flag)| sum | flag)
    }

    /// Takes a change of the bot's own presence (op 3, and `presence` of an IDENTIFY).
    ///
    /// A status that is null, empty or left out is `online`, and an activity without a name is none. discord.py and
    /// nextcord send `"status": null`, discordgo `"status": ""`, and all three the one activity as `game`, the name that it
    /// had before version 8 of the Gateway; they work at Discord.
    fn take_presence(&mut self, number: u64, data: &Value) {
        let status = match &data["status"] {
            Value::Null => Some("online"),
            Value::String(status) if status.is_empty() => Some("online"),
            status => status.as_str(),
        };
        let known = ["online", "dnd", "idle", "invisible", "offline"];
        let Some(status) = status.filter(|status| known.contains(status)) else {
            return self.refuse(number, 4002, "Error while decoding payload.");
        };
        let Some(account) = self.gateway.account_of(number) else {
            return;
        };
        let status = if status == "invisible" {
            "offline"
        } else {
            status
        };
        let given = match (&data["activities"], &data["game"]) {
            (Value::Array(activities), _) => activities.clone(),
            (_, Value::Object(game)) => vec![Value::Object(game.clone())],
            _ => Vec::new(),
        };
        let now = self.now();
        let activities: Vec<Value> = given.iter().filter_map(|one| activity(one, now)).collect();
        for guild in self.community.guilds_of(account) {
            self.appear(guild, account, status, activities.clone());
        }
    }

    /// Sets a user's presence in a guild.
    pub(crate) fn appear(&mut self, guild: Id, user: Id, status: &str, activities: Vec<Value>) {
        let presence = super::model::Presence {
            status: status.to_owned(),
            activities,
        };
        let event = presence.json(user, Some(guild));
        if let Some(guild) = self.community.guilds.get_mut(&guild) {
            guild.presences.insert(user, presence);
        }
        self.publish("PRESENCE_UPDATE", Scope::guild(guild), &event);
    }
}

/// A bot's activity as others see it: the fields that a bot can set, an id, and when it began (Unix milliseconds).
fn activity(given: &Value, now: i64) -> Option<Value> {
    let kind = given["type"].as_u64().unwrap_or(0);
    let name = given["name"].as_str().filter(|name| !name.is_empty())?;
    let id = if kind == 4 {
        "custom".to_owned()
    } else {
        format!("{:x}", now.unsigned_abs())
    };
    let mut activity = json!({"id": id, "name": name, "type": kind, "created_at": now});
    for field in ["state", "url"] {
        if given[field].is_string() {
            activity[field] = given[field].clone();
        }
    }
    Some(activity)
}

/// The shard that an IDENTIFY names, if it names one.
fn shard(given: &Value) -> Result<Option<Shard>, ()> {
    if given.is_null() {
        return Ok(None);
    }
    let part = |index: usize| {
        let part = id_in(&given[index])?;
        u32::try_from(part).ok()
    };
    match (part(0), part(1)) {
        (Some(shard), Some(count)) if shard < count => Ok(Some((shard, count))),
        _ => Err(()),
    }
}
