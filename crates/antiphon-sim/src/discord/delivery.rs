//! Delivery of events to the sessions that are due them.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    community::Scope,
    frame::{self, Event},
    gateway::{Kept, Session, Shard, origin, shard_of},
    intents,
    messages::mark_own,
    model::{Id, Voice, id_in},
    permissions,
    state::State,
};
use crate::{ledger::Entry, outgoing::Outgoing, sockets::HasSockets as _};

impl State {
    /// Sends an event to every session that is due it, and writes it into the ledger for accounts without a session.
    pub(crate) fn publish(&mut self, name: &str, scope: Scope, data: &Value) {
        self.made += 1;
        self.expire_sessions();
        let data = self.bend(name, data);
        let event = Event::new(Some(name), &data);
        let whole: Arc<str> = data.to_string().into();
        let mut blank: Option<Arc<str>> = None;
        let mut audience: Vec<(u64, Id, Shard, u64, Option<String>)> = self
            .gateway
            .sessions
            .values()
            .map(|one| {
                (
                    one.number,
                    one.account,
                    one.shard,
                    one.intents,
                    Some(one.id.clone()),
                )
            })
            .collect();
        let without = self
            .gateway
            .due
            .iter()
            .filter(|(_, due)| !self.gateway.sessions.contains_key(&due.session));
        audience.extend(
            without.map(|((account, shard), due)| (0, *account, *shard, due.intents, None)),
        );
        // The newest session of an account is the one that counts.
        audience.sort_unstable_by_key(|one| std::cmp::Reverse(one.0));
        let mut served = BTreeSet::new();
        for (_, account, shard, intents, session) in audience {
            if !self.is_told(name, scope, &data, account, shard, intents) {
                continue;
            }
            let hides = hides_content(name, scope, &data, account, intents);
            let body = match self.personal(name, &data, account, intents) {
                Some(own) if hides => without_content(&own).to_string().into(),
                Some(own) => own.to_string().into(),
                None if hides => Arc::clone(
                    blank.get_or_insert_with(|| without_content(&data).to_string().into()),
                ),
                None => Arc::clone(&whole),
            };
            let due = served.insert(account).then_some(account);
            match session {
                Some(session) => self.deliver(&session, event.clone(), body, due),
                None => self.write(&event, event.occurrence.as_deref(), &body, due, None),
            }
        }
    }

    /// The event as one account sees it, where accounts see different ones: its own reactions and votes in a message,
    /// and presences only with the intent for them.
    fn personal(&self, name: &str, data: &Value, account: Id, own: u64) -> Option<Value> {
        match name {
            "MESSAGE_UPDATE" => {
                let (channel, id) = (id_in(&data["channel_id"])?, id_in(&data["id"])?);
                let message = self.message(channel, id)?;
                if message.reactions.is_empty() && message.votes.is_empty() {
                    return None;
                }
                let mut data = data.clone();
                mark_own(&mut data, message, account);
                Some(data)
            }
            "THREAD_MEMBERS_UPDATE" if own & intents::GUILD_PRESENCES == 0 => {
                let mut data = data.clone();
                for member in data["added_members"].as_array_mut().into_iter().flatten() {
                    member["presence"] = Value::Null;
                }
                Some(data)
            }
            _ => None,
        }
    }

    /// Whether an account with these intents receives an event.
    fn is_told(
        &self,
        name: &str,
        scope: Scope,
        data: &Value,
        account: Id,
        shard: Shard,
        own: u64,
    ) -> bool {
        if scope.only.is_some_and(|only| only != account)
            || shard_of(scope.guild, shard.1) != shard.0
        {
            return false;
        }
        let needed = intents::of(name, scope.guild.is_some());
        // A bot always receives its own membership.
        let is_own = name == "GUILD_MEMBER_UPDATE"
            && data.pointer("/user/id").and_then(Value::as_str) == Some(&account.to_string());
        if needed != 0 && needed & own == 0 && !is_own {
            return false;
        }
        // Without the intent for members, a bot is told of itself alone.
        if name == "THREAD_MEMBERS_UPDATE" && own & intents::GUILD_MEMBERS == 0 {
            let is_own = |id: &Value| id_in(id) == Some(account);
            let list = |field: &str| data[field].as_array().into_iter().flatten();
            let added = list("added_members").any(|member| is_own(&member["user_id"]));
            if !added && !list("removed_member_ids").any(is_own) {
                return false;
            }
        }
        let guild = match scope.guild {
            Some(guild) => match self.community.guilds.get(&guild) {
                Some(guild) if guild.members.contains_key(&account) => Some(guild),
                // A removed member still receives its removal.
                _ => return scope.only == Some(account),
            },
            None => None,
        };
        if let Some(guild) = guild {
            let asks = match name {
                "GUILD_BAN_ADD" | "GUILD_BAN_REMOVE" => {
                    permissions::BAN | permissions::VIEW_AUDIT_LOG
                }
                "GUILD_AUDIT_LOG_ENTRY_CREATE" => permissions::VIEW_AUDIT_LOG,
                "AUTO_MODERATION_RULE_CREATE"
                | "AUTO_MODERATION_RULE_UPDATE"
                | "AUTO_MODERATION_RULE_DELETE"
                | "AUTO_MODERATION_ACTION_EXECUTION" => permissions::MANAGE_GUILD,
                "INVITE_CREATE" | "INVITE_DELETE" => {
                    permissions::MANAGE_CHANNELS | permissions::MANAGE_GUILD
                }
                _ => 0,
            };
            if asks != 0 && permissions::of(guild, account, None) & asks == 0 {
                return false;
            }
        }
        let channel = scope
            .channel
            .and_then(|channel| self.community.channels.get(&channel));
        channel.is_none_or(|channel| {
            self.community.permissions(account, channel) & permissions::VIEW_CHANNEL != 0
        })
    }

    /// Sends an event to one session.
    pub(crate) fn tell(&mut self, session: &str, name: &str, data: &Value) {
        let Some(account) = self
            .gateway
            .sessions
            .get(session)
            .map(|session| session.account)
        else {
            return;
        };
        let data = self.bend(name, data);
        let event = Event::new(Some(name), &data);
        self.deliver(session, event, data.to_string().into(), Some(account));
    }

    /// Numbers an event, keeps it for a resume, writes it into the ledger, and sends it if the session has a connection.
    pub(crate) fn deliver(&mut self, session: &str, event: Event, body: Arc<str>, due: Option<Id>) {
        let most = self.settings.replay;
        let Some(session) = self.gateway.sessions.get_mut(session) else {
            return;
        };
        session.seq += 1;
        let kept = Kept {
            seq: session.seq,
            event,
            body,
        };
        session.buffer.push_back(kept.clone());
        if session.buffer.len() > most {
            session.buffer.pop_front();
        }
        let (id, connection) = (session.id.clone(), session.connection);
        if let Some(connection) =
            connection.filter(|number| self.gateway.connections.contains_key(number))
        {
            self.dispatch(connection, &id, kept, due);
        } else {
            self.write_kept(&id, &kept, due, false);
        }
    }

    /// Sends an event, duplicated or reordered as the connection's faults say.
    fn dispatch(&mut self, number: u64, session: &str, kept: Kept, due: Option<Id>) {
        let Some(connection) = self.gateway.connections.get_mut(&number) else {
            return;
        };
        let mut batch = connection.reordering.take((kept, due));
        if !batch.is_empty() && connection.socket.take_duplicate() {
            let again = batch.iter().map(|(kept, _)| (kept.clone(), None));
            batch.extend(again.collect::<Vec<_>>());
        }
        for (kept, due) in batch {
            self.send_kept(number, session, &kept, due);
        }
    }

    /// Sends an event of a session and writes it into the ledger.
    pub(crate) fn send_kept(&mut self, number: u64, session: &str, kept: &Kept, due: Option<Id>) {
        if !self.gateway.connections.contains_key(&number) {
            return;
        }
        self.write_kept(session, kept, due, true);
        let name = kept.event.name.as_deref();
        let text = frame::dispatch(self.gateway.faults.key_order, name, kept.seq, &kept.body);
        self.send(number, Outgoing::Text(text));
    }

    /// Writes down an event of a session, by session and sequence, as clients know it and as their gaps name it.
    pub(crate) fn write_kept(&self, session: &str, kept: &Kept, due: Option<Id>, is_sent: bool) {
        let origin = origin(kept, session);
        let stands = Some((session, kept.seq, is_sent));
        self.write(&kept.event, Some(&origin), &kept.body, due, stands);
    }

    /// Writes down an event; `stands` has its session and sequence, and whether it was sent.
    fn write(
        &self,
        event: &Event,
        origin: Option<&str>,
        body: &Arc<str>,
        due: Option<Id>,
        stands: Option<(&str, u64, bool)>,
    ) {
        let account = due.map(|account| account.to_string());
        let entry = Entry {
            platform: "discord",
            kind: &event.kind,
            place: &event.place,
            origin: origin.map(str::to_owned),
            due_to: account.as_deref(),
            at: self.now(),
            body: Arc::clone(body),
            sent: stands.map(|(session, seq, _)| (session, seq)),
        };
        match stands {
            Some((_, _, true)) => {
                self.ledger.write(entry);
            }
            _ => self.ledger.write_unsent(entry),
        }
    }

    /// Applies the faults of events that are switched on.
    fn bend<'a>(&self, name: &str, data: &'a Value) -> Cow<'a, Value> {
        let gateway_faults = &self.gateway.faults;
        if !gateway_faults.odd_presences
            && !gateway_faults.partial_updates
            && !gateway_faults.numeric_ids
        {
            return Cow::Borrowed(data);
        }
        let mut data = data.clone();
        if self.gateway.faults.odd_presences && name == "PRESENCE_UPDATE" {
            data["status"] = serde_json::json!("levitating");
            data["user"]["username"] = serde_json::json!("half a user");
        }
        if self.gateway.faults.partial_updates
            && name == "MESSAGE_UPDATE"
            && let Value::Object(fields) = &mut data
        {
            let stays = [
                "id",
                "channel_id",
                "guild_id",
                "content",
                "edited_timestamp",
                "embeds",
            ];
            fields.retain(|name, _| stays.contains(&name.as_str()));
        }
        if self.gateway.faults.numeric_ids {
            ids_as_numbers(&mut data);
        }
        Cow::Owned(data)
    }

    /// Ends sessions whose time without a connection is over; their accounts stay due.
    pub(crate) fn expire_sessions(&mut self) {
        let end = self.now() - self.settings.session_life;
        let over = self.gateway.sessions.values();
        let over = over.filter(|session| session.lost_at.is_some_and(|at| at <= end));
        let over: Vec<String> = over.map(|session| session.id.clone()).collect();
        for session in over {
            self.end_session(&session);
        }
    }

    /// Ends a session, and takes the bot out of the voice channels that it entered by this session.
    pub(crate) fn end_session(&mut self, session: &str) -> Option<Session> {
        let session = self.gateway.sessions.remove(session)?;
        let spoke = |voice: &Voice| voice.asked_by.as_ref() == Some(&session.id);
        let guilds = self.community.guilds.iter();
        let guilds =
            guilds.filter(|(_, guild)| guild.voices.get(&session.account).is_some_and(spoke));
        let guilds: Vec<Id> = guilds.map(|(id, _)| *id).collect();
        for guild in guilds {
            self.leave_voice(guild, session.account);
        }
        Some(session)
    }

    /// Ends a session whose client left; its account is no longer due events.
    pub(crate) fn leave(&mut self, session: &str) {
        if let Some(session) = self.end_session(session) {
            self.gateway.due.remove(&(session.account, session.shard));
        }
    }
}

/// Whether an account receives a message without its content (protocol §7).
fn hides_content(name: &str, scope: Scope, data: &Value, account: Id, own: u64) -> bool {
    let is_message = matches!(
        name,
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "AUTO_MODERATION_ACTION_EXECUTION"
    );
    if !is_message || own & intents::MESSAGE_CONTENT != 0 || scope.guild.is_none() {
        return false;
    }
    let own = account.to_string();
    let is = |user: &Value| user["id"].as_str() == Some(&own);
    let mentions = data["mentions"].as_array();
    !is(&data["author"]) && !mentions.is_some_and(|users| users.iter().any(is))
}

/// A message without its content.
fn without_content(data: &Value) -> Value {
    let mut data = data.clone();
    let empty = |name: &str| {
        if name == "content" {
            Value::from("")
        } else {
            Value::Array(Vec::new())
        }
    };
    if let Value::Object(fields) = &mut data {
        for name in ["content", "embeds", "attachments", "components"] {
            if fields.contains_key(name) {
                fields.insert(name.to_owned(), empty(name));
            }
        }
        fields.remove("poll");
        if let Some(matched) = fields.get_mut("matched_content") {
            *matched = Value::Null;
        }
        if let Some(original) = fields
            .get_mut("referenced_message")
            .filter(|one| one.is_object())
        {
            *original = without_content(original);
        }
    }
    data
}

/// Turns every text that is a snowflake into a number.
fn ids_as_numbers(data: &mut Value) {
    match data {
        Value::Object(fields) => fields.values_mut().for_each(ids_as_numbers),
        Value::Array(items) => items.iter_mut().for_each(ids_as_numbers),
        Value::String(text) if text.len() >= 15 => {
            if let Ok(id) = text.parse::<u64>() {
                *data = Value::from(id);
            }
        }
        _ => {}
    }
}
