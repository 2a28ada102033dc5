//! Sessions: what accounts are due, what they were told, and what they can have again.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use antiphon_core::Origin;
use serde_json::Value;

use super::{
    frame::{self, Event},
    intents,
    model::{Id, Voice},
    permissions,
    state::State,
};
use crate::{ledger::Entry, outgoing::Outgoing};

/// A shard's number and how many there are.
pub(crate) type Shard = (u32, u32);

/// What an account is due on a shard, from its first identify until it leaves, connected or not.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) intents: u64,
    /// The newest session there.
    pub(crate) session: String,
}

/// A session, which outlives its connection for a while.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Number among all sessions, by which the newest is known.
    pub(crate) number: u64,
    pub(crate) account: Id,
    pub(crate) shard: Shard,
    pub(crate) intents: u64,
    pub(crate) large_threshold: usize,
    /// Sequence of the last event.
    pub(crate) seq: u64,
    /// What can be had again, oldest first.
    pub(crate) buffer: VecDeque<Kept>,
    pub(crate) connection: Option<u64>,
    /// When its connection was lost.
    pub(crate) lost_at: Option<i64>,
}

/// An event of a session.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) seq: u64,
    pub(crate) event: Event,
    pub(crate) body: Arc<str>,
}

/// Whom an event concerns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) guild: Option<Id>,
    /// Only those who can see this channel.
    pub(crate) channel: Option<Id>,
    /// Only this account.
    pub(crate) only: Option<Id>,
}

impl Scope {
    pub(crate) fn guild(guild: Id) -> Self {
        Self {
            guild: Some(guild),
            ..Self::default()
        }
    }

    pub(crate) fn account(account: Id) -> Self {
        Self {
            only: Some(account),
            ..Self::default()
        }
    }

    /// Only one account of those it concerns.
    pub(crate) fn only(self, account: Id) -> Self {
        Self {
            only: Some(account),
            ..self
        }
    }
}

/// The shard that a guild's events go to.
pub(crate) fn shard_of(guild: Option<Id>, count: u32) -> u32 {
    let shard = guild.map_or(0, |guild| (guild >> 22) % u64::from(count.max(1)));
    u32::try_from(shard).unwrap_or(0)
}

impl State {
    /// The scope of a channel: its guild's members who see it, or those who talk in it.
    pub(crate) fn scope_of(&self, channel: Id) -> Scope {
        let guild = self
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild);
        Scope {
            guild,
            channel: Some(channel),
            only: None,
        }
    }

    /// Tells an event to all who are due it, and writes it down for those who cannot hear it now.
    pub(crate) fn publish(&mut self, name: &str, scope: Scope, data: &Value) {
        self.made += 1;
        self.expire_sessions();
        let data = self.bend(name, data);
        let event = Event::new(Some(name), &data);
        let whole: Arc<str> = data.to_string().into();
        let mut blank: Option<Arc<str>> = None;
        let mut audience: Vec<(u64, Id, Shard, u64, Option<String>)> = self
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
            .due
            .iter()
            .filter(|(_, due)| !self.sessions.contains_key(&due.session));
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
            let body = if hides_content(name, scope, &data, account, intents) {
                blank.get_or_insert_with(|| without_content(&data).to_string().into())
            } else {
                &whole
            };
            let body = Arc::clone(body);
            let due = served.insert(account).then_some(account);
            match session {
                Some(session) => self.deliver(&session, event.clone(), body, due),
                None => self.write(&event, event.occurrence.as_deref(), &body, due, None),
            }
        }
    }

    /// Whether an account with these intents is told an event.
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
        // A bot is always told about its own membership.
        let is_own = name == "GUILD_MEMBER_UPDATE"
            && data.pointer("/user/id").and_then(Value::as_str) == Some(&account.to_string());
        if needed != 0 && needed & own == 0 && !is_own {
            return false;
        }
        let guild = match scope.guild {
            Some(guild) => match self.guilds.get(&guild) {
                Some(guild) if guild.members.contains_key(&account) => Some(guild),
                // Somebody who was removed is still told of it.
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
            .and_then(|channel| self.channels.get(&channel));
        channel.is_none_or(|channel| {
            self.permissions(account, channel) & permissions::VIEW_CHANNEL != 0
        })
    }

    /// Tells an event to one session.
    pub(crate) fn tell(&mut self, session: &str, name: &str, data: &Value) {
        let Some(account) = self.sessions.get(session).map(|session| session.account) else {
            return;
        };
        let data = self.bend(name, data);
        let event = Event::new(Some(name), &data);
        self.deliver(session, event, data.to_string().into(), Some(account));
    }

    /// Gives an event its sequence, keeps it, writes it down, and sends it if there is a connection.
    pub(crate) fn deliver(&mut self, session: &str, event: Event, body: Arc<str>, due: Option<Id>) {
        let most = self.settings.replay;
        let Some(session) = self.sessions.get_mut(session) else {
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
        if let Some(connection) = connection.filter(|number| self.connections.contains_key(number))
        {
            self.dispatch(connection, &id, kept, due);
        } else {
            self.write_kept(&id, &kept, due, false);
        }
    }

    /// Sends an event with the faults of delivery that are switched on for its connection.
    fn dispatch(&mut self, number: u64, session: &str, kept: Kept, due: Option<Id>) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        let mut batch = Vec::with_capacity(2);
        match connection.held.take() {
            None if connection.reorder > 0 => {
                connection.held = Some((kept, due));
                return;
            }
            None => batch.push((kept, due)),
            Some(held) => {
                connection.reorder = connection.reorder.saturating_sub(1);
                batch.extend([(kept, due), held]);
            }
        }
        if connection.duplicate > 0 {
            connection.duplicate -= 1;
            let again = batch.iter().map(|(kept, _)| (kept.clone(), None));
            batch.extend(again.collect::<Vec<_>>());
        }
        for (kept, due) in batch {
            self.send_kept(number, session, &kept, due);
        }
    }

    /// Sends an event of a session and writes down that it was sent.
    pub(crate) fn send_kept(&mut self, number: u64, session: &str, kept: &Kept, due: Option<Id>) {
        if !self.connections.contains_key(&number) {
            return;
        }
        self.write_kept(session, kept, due, true);
        let name = kept.event.name.as_deref();
        let text = frame::dispatch(self.troubles.key_order, name, kept.seq, &kept.body);
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

    /// Changes an event as the faults that are switched on have it.
    fn bend<'a>(&self, name: &str, data: &'a Value) -> Cow<'a, Value> {
        let troubles = &self.troubles;
        if !troubles.odd_presences && !troubles.partial_updates && !troubles.numeric_ids {
            return Cow::Borrowed(data);
        }
        let mut data = data.clone();
        if self.troubles.odd_presences && name == "PRESENCE_UPDATE" {
            data["status"] = serde_json::json!("levitating");
            data["user"]["username"] = serde_json::json!("half a user");
        }
        if self.troubles.partial_updates
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
        if self.troubles.numeric_ids {
            ids_as_numbers(&mut data);
        }
        Cow::Owned(data)
    }

    /// Ends sessions that outlived their connections for too long; what their accounts are due goes on.
    pub(crate) fn expire_sessions(&mut self) {
        let end = self.now() - self.settings.session_life;
        let over = self.sessions.values();
        let over = over.filter(|session| session.lost_at.is_some_and(|at| at <= end));
        let over: Vec<String> = over.map(|session| session.id.clone()).collect();
        for session in over {
            self.end_session(&session);
        }
    }

    /// Ends a session for good: the bot is in no voice channel any more that it entered by this session.
    pub(crate) fn end_session(&mut self, session: &str) -> Option<Session> {
        let session = self.sessions.remove(session)?;
        let spoke = |voice: &Voice| voice.asked_by.as_ref() == Some(&session.id);
        let guilds = self.guilds.iter();
        let guilds =
            guilds.filter(|(_, guild)| guild.voices.get(&session.account).is_some_and(spoke));
        let guilds: Vec<Id> = guilds.map(|(id, _)| *id).collect();
        for guild in guilds {
            self.leave_voice(guild, session.account);
        }
        Some(session)
    }

    /// Ends a session because its client left: nothing is due any more.
    pub(crate) fn leave(&mut self, session: &str) {
        if let Some(session) = self.end_session(session) {
            self.due.remove(&(session.account, session.shard));
        }
    }

    /// Sessions of an account, or all, by id.
    pub(crate) fn sessions_of(&self, account: Option<Id>) -> Vec<String> {
        let fits = |session: &&Session| account.is_none_or(|account| session.account == account);
        let sessions: BTreeMap<u64, String> = self
            .sessions
            .values()
            .filter(fits)
            .map(|session| (session.number, session.id.clone()))
            .collect();
        sessions.into_values().collect()
    }
}

/// Whether the content of a message is kept from an account (protocol §7).
fn hides_content(name: &str, scope: Scope, data: &Value, account: Id, own: u64) -> bool {
    let is_message = matches!(name, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
    if !is_message || own & intents::MESSAGE_CONTENT != 0 || scope.guild.is_none() {
        return false;
    }
    let own = account.to_string();
    let is = |user: &Value| user["id"].as_str() == Some(&own);
    let mentions = data["mentions"].as_array();
    !is(&data["author"]) && !mentions.is_some_and(|users| users.iter().any(is))
}

fn origin(kept: &Kept, session: &str) -> String {
    match &kept.event.occurrence {
        Some(occurrence) => occurrence.to_string(),
        None => Origin::sequence(session, kept.seq).as_str().to_owned(),
    }
}

/// A message as those see it who may not read it.
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
