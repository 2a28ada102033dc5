//! A room, and everything that can be done in it.

use std::{ops::Deref, sync::Arc};

use antiphon_core::Secret;
use http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Client, Collection, ECHO_WITHIN, members, parse,
    people::{Member, moderate},
    songs,
};
use crate::{
    config::Config,
    error::{ActionError, RequestError, SendError},
    event::{ActiveDubs, voters},
    http::{Call, Lane, step},
    model::{
        ChatId, DubType, MemberState, Message, PlaylistId, Presence, Role, RoomInfo, Song, SongId,
        User, UserId,
    },
    session::Command,
    text, wire,
};

/// A room, with what can be done in it.
///
/// The description is as it was when the handle was made; [`Client::room`] gives a fresh one.
#[derive(Clone, Debug)]
pub struct Room {
    pub(super) client: Client,
    pub(super) info: Arc<RoomInfo>,
}

impl Deref for Room {
    type Target = RoomInfo;

    fn deref(&self) -> &RoomInfo {
        &self.info
    }
}

impl Room {
    fn path(&self, rest: &str) -> String {
        format!("/room/{}{rest}", step(self.id.as_str()))
    }

    fn rtc_form(&self) -> [(&'static str, &str); 1] {
        [("realTimeChannel", self.rtc.as_str())]
    }

    async fn done(&self, call: Call) -> Result<(), RequestError> {
        self.client.call(call).await.map(drop)
    }

    /// Leaves the room; it is not joined again by itself.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn leave(&self) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Leave { room, reply };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    /// Changes the own presence in the room.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn change_presence(&self, presence: Presence) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Presence {
            room,
            presence,
            reply,
        };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Chat.

    /// Says something in the room; gives the message, or the first of its pieces.
    ///
    /// The text is trimmed, and cut into pieces of [`Config::CHAT_LENGTH`] characters at white space where possible;
    /// more than [`Config::chat_pieces`] of them are refused before anything is sent.
    /// If the server's answer names no id, the message's echo on the socket tells it; should that not come either, the
    /// id is made from user and time as the server makes it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_message(&self, text: &str) -> Result<Message, SendError> {
        let mut sent = self.send_pieces(text).await?;
        Ok(sent.swap_remove(0))
    }

    /// Says something in the room; gives every piece. See [`Room::send_message`].
    ///
    /// A message whose answer is lost counts as said once it is heard, which is waited for up to 5 seconds.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_pieces(&self, text: &str) -> Result<Vec<Message>, SendError> {
        let pieces = text::split(text, Config::CHAT_LENGTH);
        let allowed = self.client.shared.chat_pieces;
        if pieces.is_empty() {
            return Err(SendError::Empty);
        }
        if pieces.len() > allowed {
            return Err(SendError::TooLong {
                pieces: pieces.len(),
                allowed,
            });
        }
        let mut sent = Vec::with_capacity(pieces.len());
        for piece in pieces {
            sent.push(self.send_piece(piece).await.map_err(SendError::Request)?);
        }
        Ok(sent)
    }

    async fn send_piece(&self, piece: &str) -> Result<Message, RequestError> {
        let time = self.client.shared.clock.now();
        let call = Call::post(format!("/chat/{}", step(self.id.as_str())))
            .lane(Lane::Chat)
            .json(json!({
                "type": "chat-message",
                "realTimeChannel": self.rtc,
                "time": time.as_millisecond(),
                "message": text::escape(piece),
            }));
        let answer = self.client.call(call).await;
        let mut message = match &answer {
            Ok(data) => {
                Message::from(serde_json::from_slice::<wire::Chat<'_>>(data).unwrap_or_default())
            }
            Err(error) if error.may_have_arrived() => Message::default(),
            Err(_) => return answer.map(|_| Message::default()),
        };
        if message.content.is_empty() {
            piece.clone_into(&mut message.content);
        }
        message.created_at.get_or_insert(time);
        message.room = Some(self.id.clone());
        if message.author.username.is_empty()
            && let Some(me) = self.client.me()
        {
            message.author = me.user;
        }
        if message.id.is_empty() {
            // An earlier message may have had the same text, so that a lost answer is known by its time alone.
            let text = if answer.is_ok() { piece } else { "" };
            let heard = self.echo(text, time).await;
            message.id = match (heard, answer) {
                (Some(id), _) => id,
                (None, Err(error)) => return Err(error),
                (None, Ok(_)) => format!("{}-{}", message.author.id, time.as_millisecond()).into(),
            };
        }
        Ok(message)
    }

    /// The id of a message whose answer named none, as it is heard.
    async fn echo(&self, text: &str, time: Timestamp) -> Option<ChatId> {
        let (room, text, time) = (self.id.clone(), text.to_owned(), time.as_millisecond());
        let make = |reply| Command::Echo {
            room,
            time,
            text,
            reply,
        };
        self.client.command(make, ECHO_WITHIN).await.ok()
    }

    /// Fetches the last messages, oldest first; QueUp has one page of them.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn chat_history(&self) -> Result<Vec<Message>, RequestError> {
        let call = Call::get(format!("/chat/{}", step(self.id.as_str())));
        let data = self.client.call(call).await?;
        let list: wire::List<wire::Chat<'_>> = parse(&data)?;
        let mut messages: Vec<Message> = list
            .0
            .into_iter()
            .filter(|row| row.message.is_some())
            .map(|row| {
                let mut message = Message::from(row);
                message.room = Some(self.id.clone());
                message
            })
            .collect();
        messages.sort_by_key(|message| message.created_at);
        Ok(messages)
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn delete_message(&self, message: &ChatId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/{}/{}",
            step(self.id.as_str()),
            step(message.as_str())
        );
        self.done(Call::delete(path)).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Moderation.

    /// Kicks a member, with a few words or none.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn kick(&self, user: &UserId, message: &str) -> Result<(), RequestError> {
        let fields = [("message", text::escape(message))];
        moderate(&self.client, Method::POST, "kick", &self.id, user, &fields).await
    }

    /// Bans a user for so many minutes; 0 is for ever.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn ban(&self, user: &UserId, minutes: u32) -> Result<(), RequestError> {
        let fields = [("time", minutes.to_string())];
        moderate(&self.client, Method::POST, "ban", &self.id, user, &fields).await
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unban(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::DELETE, "ban", &self.id, user, &[]).await
    }

    /// Mutes a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn mute(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::POST, "mute", &self.id, user, &[]).await
    }

    /// Lets a muted member speak again.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unmute(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::DELETE, "mute", &self.id, user, &[]).await
    }

    /// Gives a member a role.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        moderate(
            &self.client,
            Method::POST,
            role.as_str(),
            &self.id,
            user,
            &[],
        )
        .await
    }

    /// Takes a role from a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unset_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        moderate(
            &self.client,
            Method::DELETE,
            role.as_str(),
            &self.id,
            user,
            &[],
        )
        .await
    }

    /// Skips a song.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn skip(&self, song: &SongId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/skip/{}/{}",
            step(self.id.as_str()),
            step(song.as_str())
        );
        self.done(Call::post(path).form(self.rtc_form())).await
    }

    /// Switches slow mode.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_slow_mode(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("slowMode", on).await
    }

    /// Switches whether guests may chat.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_chat(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToChat", on).await
    }

    /// Switches whether guests may embed.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_embed(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToEmbed", on).await
    }

    async fn mod_setting(&self, action: &str, on: bool) -> Result<(), RequestError> {
        let fields = [
            ("action", action),
            ("value", if on { "true" } else { "false" }),
        ];
        self.done(Call::post(self.path("/modsettings")).form(fields))
            .await
    }

    /// Changes the room's settings.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn update(&self, settings: &RoomSettings) -> Result<(), RequestError> {
        self.done(Call::put(self.path("")).form(settings.pairs()))
            .await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // People.

    /// The members that are known, the first seen first; at most 4,096.
    pub fn members(&self) -> Collection<Member> {
        let cache = self.client.shared.cache.read();
        let items = cache.rooms.get(&self.id).map(|room| {
            let members = room.members.iter().map(|(_, state)| Member {
                client: self.client.clone(),
                room: self.id.clone(),
                state: Arc::clone(state),
            });
            members.collect()
        });
        Collection {
            items: items.unwrap_or_default(),
        }
    }

    /// Fetches everyone in the room.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_members(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users").await
    }

    /// Fetches who is banned.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_banned(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/ban").await
    }

    /// Fetches who is muted.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_muted(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/mute").await
    }

    /// Fetches who has a role.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_staff(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/staff").await
    }

    async fn member_list(&self, path: &str) -> Result<Vec<MemberState>, RequestError> {
        let data = self.client.call(Call::get(self.path(path))).await?;
        members(&self.id, &data)
    }

    /// Fetches one user's state in the room.
    ///
    /// # Errors
    /// [`RequestError::Refused`] with status 404 if there is none.
    pub async fn fetch_member(&self, user: &UserId) -> Result<MemberState, RequestError> {
        let path = self.path(&format!("/users/{}", step(user.as_str())));
        let data = self.client.call(Call::get(path)).await?;
        let mut member = MemberState::from(parse::<wire::Member<'_>>(&data)?);
        member.room.get_or_insert_with(|| self.id.clone());
        Ok(member)
    }

    /// Fetches what moderators did.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn audit(&self) -> Result<Vec<AuditEntry>, RequestError> {
        let data = self.client.call(Call::get(self.path("/audit"))).await?;
        let list: wire::List<wire::Audit<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(AuditEntry::from).collect())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Queue.

    /// The playing song, as far as the events told.
    pub fn current_song(&self) -> Option<Song> {
        let cache = self.client.shared.cache.read();
        cache.rooms.get(&self.id)?.active.clone()
    }

    /// Who dubbed the playing song when that was last fetched; absent if it was another song.
    pub fn current_dubs(&self) -> Option<Arc<ActiveDubs>> {
        let cache = self.client.shared.cache.read();
        let room = cache.rooms.get(&self.id)?;
        let playing = &room.active.as_ref()?.id;
        let dubs = room.dubs.clone()?;
        (dubs.song.as_ref().map(|song| &song.id) == Some(playing)).then_some(dubs)
    }

    /// The queue as last fetched; at most 1,024 songs.
    pub fn queue(&self) -> Vec<Song> {
        let cache = self.client.shared.cache.read();
        let room = cache.rooms.get(&self.id);
        room.map(|room| room.queue.clone()).unwrap_or_default()
    }

    /// Fetches the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_queue(&self) -> Result<Vec<Song>, RequestError> {
        songs(
            &self
                .client
                .call(Call::get(self.path("/playlist/details")))
                .await?,
        )
    }

    /// Fetches the playing song; absent while nothing plays.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_active_song(&self) -> Result<Option<Song>, RequestError> {
        match self
            .client
            .call(Call::get(self.path("/playlist/active")))
            .await
        {
            Ok(data) => {
                let active = parse::<Option<wire::Active<'_>>>(&data)?.unwrap_or_default();
                let info = active.song_info;
                Ok(active.song.map(|song| Song::from(song).with_info(info)))
            }
            // Nothing plays: not an error (protocol §4.4).
            Err(RequestError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches who dubbed the playing song.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_active_dubs(&self) -> Result<ActiveDubs, RequestError> {
        let data = self
            .client
            .call(Call::get(self.path("/playlist/active/dubs")))
            .await?;
        let dubs = parse::<Option<wire::ActiveDubs<'_>>>(&data)?.unwrap_or_default();
        Ok(ActiveDubs {
            room: self.id.clone(),
            song: dubs.current_song.map(Song::from),
            up_dubs: voters(dubs.up_dubs),
            down_dubs: voters(dubs.down_dubs),
        })
    }

    /// Fetches a page of 20 songs that have played, from 1; a short page is the last.
    ///
    /// Pages shift while songs end: whoever reads several compares ids.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn history(&self, page: u32) -> Result<Vec<Song>, RequestError> {
        let call = Call::get(self.path("/playlist/history")).query([("page", page.to_string())]);
        songs(&self.client.call(call).await?)
    }

    /// Queues a song by its source (`youtube`, `soundcloud`) and the source's id.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the queue is locked, or the song too long or played lately.
    pub async fn queue_song(&self, source: &str, media_id: &str) -> Result<Song, RequestError> {
        let fields = [("songType", source), ("songId", media_id)];
        let call = Call::post(self.path("/playlist")).form(fields);
        let data = self.client.call(call).await?;
        Ok(parse::<wire::QueueItem<'_>>(&data)?.into())
    }

    /// Queues a whole playlist.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn queue_playlist(&self, playlist: &PlaylistId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queueplaylist/{}", step(playlist.as_str())));
        self.done(Call::post(path)).await
    }

    /// Takes one of the own songs off the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn remove_song(&self, song: &SongId) -> Result<(), RequestError> {
        let path = self.path(&format!("/playlist/{}", step(song.as_str())));
        self.done(Call::delete(path)).await
    }

    /// Takes all own songs off the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn clear_queue(&self) -> Result<(), RequestError> {
        self.done(Call::delete(self.path("/playlist"))).await
    }

    /// Fetches the own songs in the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn own_queue(&self) -> Result<Vec<Song>, RequestError> {
        let path = format!("/user/session/room/{}/queue", step(self.id.as_str()));
        songs(&self.client.call(Call::get(path)).await?)
    }

    /// Orders the own songs in the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn reorder_own_queue(&self, order: &[SongId]) -> Result<(), RequestError> {
        let path = format!("/user/session/room/{}/queue/order", step(self.id.as_str()));
        let fields = order.iter().map(|song| ("order[]", song.as_str()));
        self.done(Call::post(path).form(fields)).await
    }

    /// Orders the DJs in the queue.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn reorder_queue(&self, order: &[UserId]) -> Result<(), RequestError> {
        let fields = order.iter().map(|user| ("order[]", user.as_str()));
        self.done(Call::post(self.path("/queue/order")).form(fields))
            .await
    }

    /// Removes a DJ's next song; gives the one after it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn remove_user_song(&self, user: &UserId) -> Result<Option<Song>, RequestError> {
        let path = self.path(&format!("/queue/user/{}", step(user.as_str())));
        let data = self.client.call(Call::delete(path)).await?;
        let removed: wire::Removed<'_> = serde_json::from_slice(&data).unwrap_or_default();
        Ok(removed.user_next_song.map(Song::from))
    }

    /// Removes a DJ from the queue.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn remove_user(&self, user: &UserId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queue/user/{}/all", step(user.as_str())));
        self.done(Call::delete(path)).await
    }

    /// Pauses another DJ.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn pause_user(&self, user: &UserId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queue/user/{}/pause", step(user.as_str())));
        self.done(Call::put(path)).await
    }

    /// Pauses the own queue, or lets it go on.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn pause_queue(&self, paused: bool) -> Result<(), RequestError> {
        let fields = [("queuePaused", if paused { "1" } else { "0" })];
        self.done(Call::put(self.path("/queue/pause")).form(fields))
            .await
    }

    /// Locks the queue, or opens it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn lock_queue(&self, locked: bool) -> Result<(), RequestError> {
        let fields = [("lockQueue", if locked { "1" } else { "0" })];
        self.done(Call::put(self.path("/lockQueue")).form(fields))
            .await
    }

    /// Dubs a song.
    ///
    /// # Errors
    /// [`RequestError::RateLimited`] after about ten votes on one song.
    pub async fn dub(&self, song: &SongId, dubtype: &DubType) -> Result<(), RequestError> {
        let path = self.path(&format!("/playlist/{}/dubs", step(song.as_str())));
        self.done(Call::post(path).form([("type", dubtype.as_str())]))
            .await
    }

    /// Dubs a song up.
    ///
    /// # Errors
    /// As [`Room::dub`].
    pub async fn updub(&self, song: &SongId) -> Result<(), RequestError> {
        self.dub(song, &DubType::UpDub).await
    }

    /// Dubs a song down.
    ///
    /// # Errors
    /// As [`Room::dub`].
    pub async fn downdub(&self, song: &SongId) -> Result<(), RequestError> {
        self.dub(song, &DubType::DownDub).await
    }
}

/// What to change in a room, or how to make one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    pub(super) fields: Vec<(String, String)>,
}

impl RoomSettings {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.fields.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets any field by QueUp's own name for it, such as `maxLengthSong`.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.field("name", name)
    }

    /// Sets the description.
    #[must_use]
    pub fn description(self, description: &str) -> Self {
        self.field("description", description)
    }

    /// Sets whether the room is shown to everyone.
    #[must_use]
    pub fn public(self, public: bool) -> Self {
        self.field("roomDisplay", if public { "public" } else { "private" })
    }

    /// Sets the text shown to those who enter.
    #[must_use]
    pub fn welcome_message(self, message: &str) -> Self {
        self.field("welcomeMessage", message)
    }

    /// Sets the longest song, in minutes.
    #[must_use]
    pub fn max_song_minutes(self, minutes: u32) -> Self {
        self.field("maxLengthSong", minutes.to_string())
    }

    /// Sets the password of a private room.
    #[must_use]
    pub fn password(self, password: &Secret) -> Self {
        self.field("roomPassword", password.expose())
    }
}

/// Something a moderator did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When.
    pub created_at: Option<Timestamp>,
    /// What, in the wire's word.
    pub kind: String,
    /// For how many minutes, where that means something.
    pub duration: Option<i64>,
    /// To whom.
    pub target: User,
    /// Which moderator.
    pub by: User,
}

impl From<wire::Audit<'_>> for AuditEntry {
    fn from(wire: wire::Audit<'_>) -> Self {
        Self {
            created_at: wire.created,
            kind: wire.kind.unwrap_or_default().into_owned(),
            duration: wire.duration,
            target: wire.user.into(),
            by: wire.moderator.into(),
        }
    }
}
