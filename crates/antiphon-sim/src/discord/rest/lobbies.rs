//! Lobbies of games.
//!
//! Where Discord's pages ask for the token of a user, its description takes that of a bot as well: the bot is then the
//! user (<https://docs.discord.com/developers/resources/lobby>).

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    fields::{Fields, each_of},
    route::Route,
};
use crate::discord::{
    messages::Draft,
    model::{Id, kind},
    permissions as rights,
    state::State,
};

const OWN: &str = "lobby of the own application";
const MEMBER: &str = "member of the lobby";
/// Milliseconds of the two hours in which lobbies are counted.
const HOURS: i64 = 7_200_000;

pub(crate) const ROUTES: &[Route] = &[
    Route::put("/lobbies", "create_or_join_lobby", State::join_lobby)
        .pace(100, HOURS)
        .simplified("a bot joins as a user would"),
    Route::post("/lobbies", "create_lobby", State::create_lobby)
        .pace(100, HOURS)
        .simplified("a lobby is idle from its last request on; the last 1000 are kept"),
    Route::get("/lobbies/{lobby_id}", "get_lobby", State::get_lobby).also(OWN),
    Route::patch("/lobbies/{lobby_id}", "edit_lobby", State::edit_lobby)
        .also(OWN)
        .pace(100, HOURS),
    Route::delete("/lobbies/{lobby_id}", "delete_lobby", State::delete_lobby).also(OWN),
    Route::patch(
        "/lobbies/{lobby_id}/channel-linking",
        "edit_lobby_channel_link",
        State::link_lobby,
    )
    .also("member with the flag `CanLinkLobby`; `MANAGE_CHANNELS` in the channel")
    .pace(20, HOURS),
    Route::put(
        "/lobbies/{lobby_id}/members/{user_id}",
        "add_lobby_member",
        State::put_lobby_member,
    )
    .also(OWN)
    .pace(100, HOURS),
    Route::delete(
        "/lobbies/{lobby_id}/members/{user_id}",
        "delete_lobby_member",
        State::delete_lobby_member,
    )
    .also(OWN)
    .pace(100, HOURS),
    Route::delete(
        "/lobbies/{lobby_id}/members/@me",
        "leave_lobby",
        State::leave_lobby,
    )
    .also(OWN),
    Route::post(
        "/lobbies/{lobby_id}/members/bulk",
        "bulk_update_lobby_members",
        State::put_lobby_members,
    )
    .also(OWN)
    .pace(100, HOURS),
    Route::post(
        "/lobbies/{lobby_id}/members/@me/invites",
        "create_linked_lobby_guild_invite_for_self",
        State::invite_self_to_lobby,
    )
    .without_body()
    .also(MEMBER)
    .events(&["INVITE_CREATE"])
    .pace(100, HOURS),
    Route::post(
        "/lobbies/{lobby_id}/members/{user_id}/invites",
        "create_linked_lobby_guild_invite_for_user",
        State::invite_to_lobby,
    )
    .without_body()
    .also(OWN)
    .events(&["INVITE_CREATE"])
    .pace(100, HOURS),
    Route::get(
        "/lobbies/{lobby_id}/messages",
        "get_lobby_messages",
        State::list_lobby_messages,
    )
    .also(MEMBER)
    .simplified("the last 200"),
    Route::post(
        "/lobbies/{lobby_id}/messages",
        "create_lobby_message",
        State::post_in_lobby,
    )
    .also(MEMBER)
    .events(&["MESSAGE_CREATE"])
    .pace(100, HOURS)
    .simplified("of a message only `content`, `metadata` and `flags` are taken"),
    Route::put(
        "/lobbies/{lobby_id}/messages/{message_id}/moderation-metadata",
        "update_lobby_message_external_moderation_metadata",
        State::moderate_lobby_message,
    )
    .also(OWN),
];

/// Lobbies that are kept; the one that was used least recently goes first.
const LOBBIES: usize = 1000;
/// Members of a lobby.
const MEMBERS: usize = 1000;
/// Members of one request.
const AT_ONCE: usize = 25;
/// Messages of a lobby; the oldest goes first.
const MESSAGES: usize = 200;
/// Seconds after which an idle lobby ends if its maker said nothing.
const IDLE: i64 = 300;
/// Flag of a member who may link the lobby to a channel.
const CAN_LINK: u64 = 1;
/// Seconds for which an invite to a linked channel is good.
const INVITE: i64 = 3600;

/// A member of a lobby.
#[derive(Clone, Debug, Default)]
struct LobbyMember {
    metadata: Value,
    flags: u64,
    additional_name: Option<String>,
}

/// A lobby.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lobby {
    application: Id,
    /// Secret by which users find it.
    secret: Option<String>,
    metadata: Value,
    flags: u64,
    webhook: Option<String>,
    members: BTreeMap<Id, LobbyMember>,
    linked: Option<Id>,
    messages: VecDeque<Value>,
    /// Seconds after which it ends if nobody uses it.
    idle: i64,
    /// Unix milliseconds.
    used_at: i64,
}

impl LobbyMember {
    fn json(&self, id: Id) -> Value {
        let mut json = json!({
            "id": id.to_string(),
            "metadata": self.metadata,
            "flags": self.flags,
        });
        if let Some(name) = &self.additional_name {
            json["additional_name"] = json!(name);
        }
        json
    }

    /// Takes the fields that a body has.
    fn change(&mut self, change: &MemberChange) {
        if let Some(metadata) = &change.metadata {
            self.metadata.clone_from(metadata);
        }
        self.flags = change.flags.unwrap_or(self.flags);
        if let Some(name) = &change.additional_name {
            self.additional_name.clone_from(name);
        }
    }
}

/// Fields of a member that a body has.
#[derive(Debug)]
struct MemberChange {
    metadata: Option<Value>,
    flags: Option<u64>,
    additional_name: Option<Option<String>>,
    remove: bool,
}

impl MemberChange {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            metadata: read_metadata(fields, "metadata", METADATA),
            flags: fields.count("flags", 0..=1),
            additional_name: fields.has("additional_name").then(|| {
                let name = fields.text("additional_name", 1..=80);
                name.map(str::to_owned)
            }),
            remove: fields.flag("remove_member").unwrap_or(false),
        }
    }
}

/// Limits of metadata: keys, characters of a value, and characters of all keys and values.
type MetadataLimits = (usize, usize, usize);

const METADATA: MetadataLimits = (25, 1024, 1000);
const MODERATION: MetadataLimits = (5, 2000, usize::MAX);

/// Adds errors for what is wrong with metadata, a map of texts; `name` is empty for the body itself.
fn check_metadata(
    fields: &mut Fields<'_>,
    name: &str,
    map: &Map<String, Value>,
    (keys, longest, all): MetadataLimits,
) {
    if map.len() > keys {
        let message = format!("Must be {keys} or fewer in length.");
        fields.error(name, "BASE_TYPE_MAX_LENGTH", &message);
    }
    let mut sum = 0;
    for (key, value) in map {
        let place = if name.is_empty() {
            key.clone()
        } else {
            format!("{name}.{key}")
        };
        let Some(text) = value.as_str() else {
            fields.error(
                &place,
                "STRING_TYPE_CONVERT",
                "Could not interpret value as string.",
            );
            continue;
        };
        let length = text.chars().count();
        sum += key.chars().count() + length;
        if length > longest {
            let message = format!("Must be {longest} or fewer in length.");
            fields.error(&place, "BASE_TYPE_MAX_LENGTH", &message);
        }
    }
    if sum > all {
        let message = format!("Must be {all} or fewer in length.");
        fields.error(name, "BASE_TYPE_MAX_LENGTH", &message);
    }
}

/// Reads a map of texts; null empties it.
fn read_metadata(fields: &mut Fields<'_>, name: &str, limits: MetadataLimits) -> Option<Value> {
    if !fields.has(name) {
        return None;
    }
    let Some(value) = fields.value(name) else {
        return Some(Value::Null);
    };
    let Value::Object(map) = value else {
        fields.error(
            name,
            "DICT_TYPE_CONVERT",
            "Only dictionaries may be used in a DictType",
        );
        return None;
    };
    check_metadata(fields, name, map, limits);
    Some(value.clone())
}

/// Reads the fields of a lobby that a body has.
fn read_lobby(fields: &mut Fields<'_>, lobby: &mut Lobby, metadata: &str) {
    if let Some(idle) = fields.number("idle_timeout_seconds", 5..=604_800) {
        lobby.idle = idle;
    }
    if let Some(metadata) = read_metadata(fields, metadata, METADATA) {
        lobby.metadata = metadata;
    }
    lobby.flags = fields.count("flags", 0..=1).unwrap_or(lobby.flags);
    if fields.has("override_event_webhooks_url") {
        let url = fields.text("override_event_webhooks_url", 0..=512);
        lobby.webhook = url.map(str::to_owned);
    }
}

fn unknown_lobby() -> Answer {
    Answer::unknown("Lobby", 10031)
}

impl State {
    // -----------------------------------------------------------------------------------------------------------------
    // Lobbies.

    /// Ends lobbies that are idle for too long.
    fn end_idle_lobbies(&mut self) {
        let now = self.now();
        let lives = |lobby: &Lobby| lobby.used_at + lobby.idle * 1000 > now;
        self.rest.lobbies.retain(|_, lobby| lives(lobby));
    }

    /// The lobby of a path, which is used by this.
    fn lobby(&mut self, call: &Call<'_>) -> Result<&mut Lobby, Answer> {
        self.end_idle_lobbies();
        let now = self.now();
        let lobby = self.rest.lobbies.get_mut(&call.id("lobby_id"));
        let lobby = lobby.filter(|lobby| lobby.application == call.account);
        let lobby = lobby.ok_or_else(unknown_lobby)?;
        lobby.used_at = now;
        Ok(lobby)
    }

    /// The lobby of a path, whose member the bot is.
    fn own_lobby(&mut self, call: &Call<'_>) -> Result<&mut Lobby, Answer> {
        let lobby = self.lobby(call)?;
        if lobby.members.contains_key(&call.account) {
            Ok(lobby)
        } else {
            Err(Answer::no_access())
        }
    }

    fn lobby_answer(&self, status: u16, id: Id) -> Outcome {
        let lobby = self.rest.lobbies.get(&id).ok_or_else(unknown_lobby)?;
        let members = lobby.members.iter().map(|(id, member)| member.json(*id));
        let mut json = json!({
            "id": id.to_string(),
            "application_id": lobby.application.to_string(),
            "metadata": lobby.metadata,
            "members": members.collect::<Vec<_>>(),
            "flags": lobby.flags,
            "override_event_webhooks_url": lobby.webhook,
        });
        let linked = lobby.linked.and_then(|id| self.community.channels.get(&id));
        if let Some(linked) = linked {
            json["linked_channel"] = linked.json();
        }
        Ok(Answer::json(status, json))
    }

    /// Keeps a new lobby; returns its id.
    fn keep_lobby(&mut self, lobby: Lobby) -> Id {
        let id = self.new_id();
        if self.rest.lobbies.len() >= LOBBIES {
            let all = self.rest.lobbies.iter();
            let oldest = all.min_by_key(|(_, lobby)| lobby.used_at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.rest.lobbies.remove(&oldest);
            }
        }
        self.rest.lobbies.insert(id, lobby);
        id
    }

    /// Reads the members of a body; an unknown user is an error.
    fn read_members(
        &self,
        found: Option<Vec<(Option<Id>, MemberChange)>>,
    ) -> Result<Option<BTreeMap<Id, LobbyMember>>, Answer> {
        let Some(found) = found else {
            return Ok(None);
        };
        let mut members = BTreeMap::new();
        for (id, change) in found {
            let id = self.known_user(id.unwrap_or_default())?;
            let mut member = LobbyMember::default();
            member.change(&change);
            members.insert(id, member);
        }
        Ok(Some(members))
    }

    fn new_lobby(&self, application: Id) -> Lobby {
        Lobby {
            application,
            idle: IDLE,
            used_at: self.now(),
            ..Lobby::default()
        }
    }

    fn create_lobby(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let mut lobby = self.new_lobby(call.account);
        read_lobby(&mut fields, &mut lobby, "metadata");
        let members = fields.each("members", 0..=AT_ONCE, read_member);
        fields.check()?;
        lobby.members = self.read_members(members)?.unwrap_or_default();
        self.end_idle_lobbies();
        let id = self.keep_lobby(lobby);
        self.lobby_answer(201, id)
    }

    fn join_lobby(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["secret"]);
        let secret = fields.text("secret", 1..=250).map(str::to_owned);
        self.end_idle_lobbies();
        let known = self.rest.lobbies.iter().find(|(_, lobby)| {
            lobby.application == call.account && lobby.secret.is_some() && lobby.secret == secret
        });
        let known = known.map(|(id, lobby)| (*id, lobby.clone()));
        let (id, mut lobby) = match known {
            Some((id, lobby)) => (Some(id), lobby),
            None => (None, self.new_lobby(call.account)),
        };
        read_lobby(&mut fields, &mut lobby, "lobby_metadata");
        let metadata = read_metadata(&mut fields, "member_metadata", METADATA);
        fields.check()?;
        lobby.secret = secret;
        lobby.used_at = self.now();
        let member = lobby.members.entry(call.account).or_insert(LobbyMember {
            flags: CAN_LINK,
            ..LobbyMember::default()
        });
        if let Some(metadata) = metadata {
            member.metadata = metadata;
        }
        let id = if let Some(id) = id {
            self.rest.lobbies.insert(id, lobby);
            id
        } else {
            self.keep_lobby(lobby)
        };
        self.lobby_answer(200, id)
    }

    fn get_lobby(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?;
        self.lobby_answer(200, call.id("lobby_id"))
    }

    fn edit_lobby(&mut self, call: &Call<'_>) -> Outcome {
        let mut lobby = self.lobby(call)?.clone();
        let mut fields = call.fields();
        read_lobby(&mut fields, &mut lobby, "metadata");
        let members = fields.each("members", 0..=AT_ONCE, read_member);
        fields.check()?;
        if let Some(members) = self.read_members(members)? {
            lobby.members = members;
        }
        *self.lobby(call)? = lobby;
        self.lobby_answer(200, call.id("lobby_id"))
    }

    fn delete_lobby(&mut self, call: &Call<'_>) -> Outcome {
        // A lobby that is gone already is no error.
        if self.lobby(call).is_ok() {
            self.rest.lobbies.remove(&call.id("lobby_id"));
        }
        Ok(Answer::done())
    }

    fn link_lobby(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let channel = fields.id("channel_id");
        fields.check()?;
        let own = self.own_lobby(call)?.members.get(&call.account);
        if own.is_none_or(|own| own.flags & CAN_LINK == 0) {
            return Err(Answer::not_permitted());
        }
        if let Some(channel) = channel {
            let place = self.visible_channel(channel, call.account)?;
            if place.kind != kind::TEXT {
                return Err(Answer::error(
                    400,
                    50024,
                    "Cannot execute action on this channel type",
                ));
            }
            self.needs_in_channel(call.account, channel, rights::MANAGE_CHANNELS)?;
        }
        self.own_lobby(call)?.linked = channel;
        self.lobby_answer(200, call.id("lobby_id"))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    fn put_lobby_member(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?;
        let mut fields = call.fields();
        let change = MemberChange::read(&mut fields);
        fields.check()?;
        let user = self.known_user(call.id("user_id"))?;
        let lobby = self.lobby(call)?;
        if lobby.members.len() >= MEMBERS && !lobby.members.contains_key(&user) {
            return Err(Answer::error(
                400,
                30019,
                "Maximum number of members reached (1000)",
            ));
        }
        let member = lobby.members.entry(user).or_default();
        member.change(&change);
        Ok(Answer::json(200, member.json(user)))
    }

    fn put_lobby_members(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?;
        let found = each_of(call.body, read_member)?;
        if !(1..=AT_ONCE).contains(&found.len()) {
            let mut fields = Fields::of(&Value::Null);
            fields.error(
                "",
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 25 in length.",
            );
            fields.check()?;
        }
        for (id, _) in &found {
            self.known_user(id.unwrap_or_default())?;
        }
        let lobby = self.lobby(call)?;
        let mut kept = Vec::new();
        for (id, change) in found {
            let id = id.unwrap_or_default();
            if change.remove {
                lobby.members.remove(&id);
            } else if lobby.members.len() < MEMBERS || lobby.members.contains_key(&id) {
                let member = lobby.members.entry(id).or_default();
                member.change(&change);
                kept.push(member.json(id));
            }
        }
        Ok(Answer::json(200, kept.into()))
    }

    fn delete_lobby_member(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?.members.remove(&call.id("user_id"));
        Ok(Answer::done())
    }

    fn leave_lobby(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?.members.remove(&call.account);
        Ok(Answer::done())
    }

    fn invite_self_to_lobby(&mut self, call: &Call<'_>) -> Outcome {
        self.own_lobby(call)?;
        self.invite_to_linked(call)
    }

    fn invite_to_lobby(&mut self, call: &Call<'_>) -> Outcome {
        self.lobby(call)?;
        self.known_user(call.id("user_id"))?;
        self.invite_to_linked(call)
    }

    fn invite_to_linked(&mut self, call: &Call<'_>) -> Outcome {
        let linked = self.lobby(call)?.linked;
        let linked = linked.filter(|id| self.community.channels.contains_key(id));
        let linked = linked.ok_or_else(|| Answer::unknown("Channel", 10003))?;
        let code = self.invite_for(linked, call.account, INVITE, 1, false, Map::new());
        Ok(Answer::json(200, json!({"code": code})))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages.

    fn list_lobby_messages(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        let limit = query.count("limit", 1..=200).unwrap_or(50);
        query.check()?;
        let messages = self.own_lobby(call)?.messages.iter().rev();
        let messages = messages.take(usize::try_from(limit).unwrap_or(50)).cloned();
        Ok(Answer::json(200, messages.collect()))
    }

    fn post_in_lobby(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let content = fields.text("content", 0..=4000).unwrap_or_default();
        let metadata = read_metadata(&mut fields, "metadata", METADATA);
        let flags = fields.count("flags", 0..=i64::from(u32::MAX)).unwrap_or(0);
        fields.check()?;
        let (id, author) = (self.new_id(), self.user_json(call.account));
        let lobby = self.own_lobby(call)?;
        if content.is_empty() {
            return Err(Answer::empty_message());
        }
        let mut message = json!({
            "id": id.to_string(),
            "type": 0,
            "content": content,
            "lobby_id": call.step("lobby_id"),
            "channel_id": call.step("lobby_id"),
            "author": author,
            "flags": flags,
            "application_id": call.account.to_string(),
        });
        let own = lobby.members.get(&call.account);
        if let Some(name) = own.and_then(|own| own.additional_name.as_ref()) {
            message["lobby_member"] = json!({"additional_name": name});
        }
        if let Some(metadata) = metadata.filter(|metadata| !metadata.is_null()) {
            message["metadata"] = metadata;
        }
        lobby.messages.push_back(message.clone());
        if lobby.messages.len() > MESSAGES {
            lobby.messages.pop_front();
        }
        let linked = lobby.linked;
        let linked = linked.filter(|id| self.community.channels.contains_key(id));
        if let Some(linked) = linked {
            self.post(linked, call.account, Draft::text(content));
        }
        Ok(Answer::json(201, message))
    }

    fn moderate_lobby_message(&mut self, call: &Call<'_>) -> Outcome {
        let metadata = moderation_metadata(call)?;
        let id = call.step("message_id");
        let mut messages = self.lobby(call)?.messages.iter_mut();
        let message = messages.find(|message| message["id"] == id);
        let message = message.ok_or_else(|| Answer::unknown("Message", 10008))?;
        message["moderation_metadata"] = metadata;
        Ok(Answer::done())
    }
}

/// Reads a member of a list.
fn read_member(fields: &mut Fields<'_>) -> (Option<Id>, MemberChange) {
    fields.require(&["id"]);
    (fields.id("id"), MemberChange::read(fields))
}

/// Reads a body that is the moderation metadata of a message.
pub(super) fn moderation_metadata(call: &Call<'_>) -> Result<Value, Answer> {
    let mut fields = call.fields();
    if let Value::Object(map) = call.body {
        check_metadata(&mut fields, "", map, MODERATION);
    }
    fields.check()?;
    Ok(call.body.clone())
}
