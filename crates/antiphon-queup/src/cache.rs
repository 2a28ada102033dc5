//! The caches: a projection of the events, shared with the client.
//!
//! An app feeds each stored event to [`CacheProjection`] before handlers see it, so that a handler finds what its event
//! says. Requests of the client put rooms and conversations in as well. The app saves the cache and restores it at the
//! next start; an event that was not in it is applied again.
//!
//! An event about a member has few fields: those that it lacks stay as they were. The value that an event replaced or
//! removed is its `Before`, which handlers can ask for.
//!
//! # Bounds
//! 64 rooms or as many as the configuration names, 4,096 users, 256 conversations and 512 private messages; for each
//! room 4,096 members, 512 messages and 1,024 songs. Beyond them the oldest value goes. A saved cache has the last 64
//! messages of each room, and no private ones.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use antiphon_core::{Before, BoxError, Event, Payload, Projection, SourceName};
use serde_json::{Value, json};

use crate::{
    event::{
        ActiveDubs, ChatDelete, ChatDeleteGlobal, Conversations, Dub, Grab, PlaylistActive,
        PlaylistDetails, PlaylistSongAdd, RoomAllowGuestChat, RoomAllowGuestEmbed, RoomLockQueue,
        RoomSlowMode, RoomState, RoomUpdate, RoomUsers, Session, UserBan, UserImage, UserKick,
        UserLeave, UserMute, UserSetRole, UserUnmute, UserUnsetRole, room_of,
    },
    model::{
        ChatId, ConversationId, ConversationInfo, MemberState, Message, RoomId, RoomInfo, Song,
        User, UserId,
    },
    wire,
};

/// Rooms that are kept, unless the configuration names more.
const ROOMS: usize = 64;
/// Users that are kept, over all rooms.
const USERS: usize = 4096;
/// Members of one room that are kept.
const MEMBERS: usize = 4096;
/// As many as the reference client of the platform keeps (protocol §8).
const MESSAGES: usize = 512;
/// Private conversations that are kept.
const CONVERSATIONS: usize = 256;
/// Songs of a room's queue that are kept.
const QUEUE: usize = 1024;
/// Number of a room's messages that are saved.
const SAVED_MESSAGES: usize = 64;
/// Version of the saved cache; a cache of another version is not restored, and begins empty.
const VERSION: i64 = 1;

/// A map that forgets its oldest value once it is full.
///
/// The age is that of the key: a value that is replaced keeps its place.
#[derive(Clone, Debug)]
pub(crate) struct Bounded<K, V> {
    map: HashMap<K, V>,
    /// Keys, the oldest first; as many as the map has.
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            map: HashMap::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    /// Puts a value in, and gives the one it replaced; a replaced value keeps its place in the order.
    fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = self.map.insert(key.clone(), value);
        if old.is_none() {
            self.order.push_back(key);
            if self.order.len() > self.limit
                && let Some(oldest) = self.order.pop_front()
            {
                self.map.remove(&oldest);
            }
        }
        old
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.map.get(key)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.map.remove(key);
        if old.is_some() {
            self.order.retain(|kept| kept != key);
        }
        old
    }

    /// All values, the oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.order
            .iter()
            .filter_map(|key| self.map.get_key_value(key))
    }
}

/// The cache of one room.
#[derive(Clone, Debug)]
pub(crate) struct RoomCache {
    /// Absent for a room of which only events were heard.
    pub(crate) info: Option<Arc<RoomInfo>>,
    /// Members who are in the room.
    pub(crate) members: Bounded<UserId, Arc<MemberState>>,
    pub(crate) messages: Bounded<ChatId, Arc<Message>>,
    /// The playing song, with the votes that were heard last.
    pub(crate) active: Option<Song>,
    /// Votes as fetched; kept only for the playing song.
    pub(crate) dubs: Option<Arc<ActiveDubs>>,
    /// The queue as fetched.
    pub(crate) queue: Vec<Song>,
}

impl Default for RoomCache {
    fn default() -> Self {
        Self {
            info: None,
            members: Bounded::new(MEMBERS),
            messages: Bounded::new(MESSAGES),
            active: None,
            dubs: None,
            queue: Vec::new(),
        }
    }
}

/// The caches of one account.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// The own user; absent before the first login.
    pub(crate) me: Option<User>,
    pub(crate) rooms: Bounded<RoomId, RoomCache>,
    pub(crate) users: Bounded<UserId, Arc<User>>,
    pub(crate) conversations: Bounded<ConversationId, Arc<ConversationInfo>>,
    /// Messages of conversations, as fetched.
    pub(crate) private: Bounded<ChatId, Arc<Message>>,
    /// What events change that name no room; nobody reads it.
    nowhere: RoomCache,
}

impl Cache {
    /// An empty cache with room for these rooms, or for [`ROOMS`] if those are more.
    pub(crate) fn for_rooms(rooms: usize) -> Self {
        Self {
            me: None,
            rooms: Bounded::new(rooms.max(ROOMS)),
            users: Bounded::new(USERS),
            conversations: Bounded::new(CONVERSATIONS),
            private: Bounded::new(MESSAGES),
            nowhere: RoomCache::default(),
        }
    }
}

/// The caches, shared by client and projection.
#[derive(Clone, Debug)]
pub(crate) struct SharedCache(Arc<RwLock<Cache>>);

impl SharedCache {
    pub(crate) fn new(cache: Cache) -> Self {
        Self(Arc::new(RwLock::new(cache)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Cache> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Cache> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    /// The cache of a room, which is made if there is none.
    ///
    /// An event without a room would otherwise take the place of a room.
    fn room(&mut self, room: &RoomId) -> &mut RoomCache {
        if room.is_empty() {
            self.nowhere = RoomCache::default();
            return &mut self.nowhere;
        }
        if self.rooms.get(room).is_none() {
            self.rooms.insert(room.clone(), RoomCache::default());
        }
        self.rooms.get_mut(room).expect("it was just put in")
    }

    /// Remembers a user, unless only the id is known.
    fn remember(&mut self, user: &User) {
        if user.id.is_empty() || user.username.is_empty() {
            return;
        }
        let mut user = user.clone();
        if let Some(known) = self.users.get(&user.id) {
            user.created_at = user.created_at.or(known.created_at);
            user.avatar_url = user.avatar_url.or_else(|| known.avatar_url.clone());
            user.dubs = user.dubs.or(known.dubs);
            user.site_role = user.site_role.or(known.site_role);
            if user == **known {
                return;
            }
        }
        if let Some(me) = self.me.as_mut().filter(|me| me.id == user.id) {
            me.username.clone_from(&user.username);
        }
        self.users.insert(user.id.clone(), Arc::new(user));
    }

    /// Puts a room in; gives the one before.
    pub(crate) fn put_room(&mut self, info: RoomInfo) -> Option<Arc<RoomInfo>> {
        let id = info.id.clone();
        self.room(&id).info.replace(Arc::new(info))
    }

    /// Updates a member by the fields that an event has; gives the state now and the one before.
    fn update_member(
        &mut self,
        room: &RoomId,
        wire: wire::Member<'_>,
        user: Option<&UserId>,
    ) -> Option<(Arc<MemberState>, Option<Arc<MemberState>>)> {
        let said = wire.user_id().map(UserId::from);
        let user = said
            .filter(|user| !user.is_empty())
            .or_else(|| user.cloned())?;
        let known = self.room(room).members.get(&user).cloned();
        let state = known.as_deref().cloned().unwrap_or_default();
        let mut state = state.with(wire);
        state.user = user;
        state.room = Some(room.clone());
        self.put_member(room, state.clone());
        Some((Arc::new(state), known))
    }

    /// Puts a member in, and remembers the embedded user; a member without a user is left out.
    fn put_member(&mut self, room: &RoomId, member: MemberState) -> Option<Arc<MemberState>> {
        if let Some(user) = &member.embedded {
            let user = user.clone();
            self.remember(&user);
        }
        if member.user.is_empty() {
            return None;
        }
        let members = &mut self.room(room).members;
        members.insert(member.user.clone(), Arc::new(member))
    }

    /// Changes a member that is cached.
    fn change_member(
        &mut self,
        room: &RoomId,
        user: &UserId,
        change: impl FnOnce(&mut MemberState),
    ) -> Before {
        let Some(member) = self.room(room).members.get_mut(user) else {
            return Before::NOTHING;
        };
        let old = Arc::clone(member);
        change(Arc::make_mut(member));
        Before::was((*old).clone())
    }

    /// Changes a room whose description is cached.
    fn change_room(&mut self, room: &RoomId, change: impl FnOnce(&mut RoomInfo)) -> Before {
        let Some(info) = &mut self.room(room).info else {
            return Before::NOTHING;
        };
        let old = Arc::clone(info);
        change(Arc::make_mut(info));
        Before::was((*old).clone())
    }

    /// Puts a message in, and remembers its author; one without an id is left out.
    pub(crate) fn put_message(&mut self, room: &RoomId, message: Message) {
        self.remember(&message.author);
        if message.id.is_empty() {
            return;
        }
        let messages = &mut self.room(room).messages;
        // An echo that follows its deletion must not restore the message.
        let deleted = messages.get(&message.id).is_some_and(|known| known.deleted);
        let message = Message {
            deleted: message.deleted || deleted,
            ..message
        };
        messages.insert(message.id.clone(), Arc::new(message));
    }

    pub(crate) fn put_conversation(
        &mut self,
        conversation: ConversationInfo,
    ) -> Arc<ConversationInfo> {
        for user in &conversation.users {
            self.remember(user);
        }
        let conversation = Arc::new(conversation);
        self.conversations
            .insert(conversation.id.clone(), Arc::clone(&conversation));
        conversation
    }

    pub(crate) fn put_private(&mut self, message: Message) {
        self.remember(&message.author);
        self.private.insert(message.id.clone(), Arc::new(message));
    }

    /// Makes a song the playing one. With `may_be_new` unset, only the song that plays already is updated: a vote on
    /// another is late.
    fn put_song(&mut self, room: &RoomId, mut song: Song, may_be_new: bool) -> Before {
        let active = &mut self.room(room).active;
        match active {
            Some(known) if known.id == song.id => {
                song.song_info = song.song_info.or_else(|| known.song_info.clone());
            }
            _ if !may_be_new => return Before::NOTHING,
            _ => {}
        }
        active.replace(song).map_or(Before::NOTHING, Before::was)
    }

    /// Applies one event; gives the value that it replaced or removed.
    fn apply(&mut self, event: &Event) -> Result<Before, antiphon_core::DecodeError> {
        Ok(match event.kind().name() {
            "chat-message" => {
                let mut wire: wire::Chat<'_> = event.parse_object()?;
                let room = room_of(event);
                let member = wire.queue_object.take();
                let member = member.and_then(|member| self.update_member(&room, member, None));
                let mut message = Message::from(wire);
                message.room = Some(room.clone());
                message.member = member.map(|(member, _)| (*member).clone());
                self.put_message(&room, message);
                Before::NOTHING
            }
            "delete-chat-message" => {
                let gone = ChatDelete::decode(event)?;
                self.remember(&gone.deleted_by);
                match self.room(&gone.room).messages.get_mut(&gone.message) {
                    Some(message) => {
                        let old = Arc::clone(message);
                        Arc::make_mut(message).deleted = true;
                        Before::was((*old).clone())
                    }
                    None => Before::NOTHING,
                }
            }
            "delete-chat-message-global" => {
                let gone = ChatDeleteGlobal::decode(event)?;
                for message in self.room(&gone.room).messages.map.values_mut() {
                    if message.author.id == gone.author {
                        Arc::make_mut(message).deleted = true;
                    }
                }
                Before::NOTHING
            }
            "room_playlist-dub" => {
                let dub = Dub::decode(event)?;
                self.remember(&dub.user);
                self.put_song(&dub.room, dub.song, false)
            }
            "room_playlist-queue-update-grabs" => {
                let grab = Grab::decode(event)?;
                self.remember(&grab.user);
                self.put_song(&grab.room, grab.song, false)
            }
            "room_playlist-update" => {
                let update = PlaylistSongAdd::decode(event)?;
                self.put_song(&update.room, update.song, true)
            }
            _ => return self.apply_member(event),
        })
    }

    /// Applies an event about users and members.
    fn apply_member(&mut self, event: &Event) -> Result<Before, antiphon_core::DecodeError> {
        let was = |old: Option<Arc<MemberState>>| {
            old.map_or(Before::NOTHING, |old| Before::was((*old).clone()))
        };
        Ok(match event.kind().name() {
            "user-join" => {
                let wire: wire::Action<'_> = event.parse_object()?;
                let room = room_of(event);
                let user = User::from(wire.user);
                self.remember(&user);
                let member = wire.room_user.unwrap_or_default();
                let joined = self.update_member(&room, member, Some(&user.id));
                was(joined.and_then(|(_, before)| before))
            }
            "user_update" => {
                let wire: wire::MemberUpdate<'_> = event.parse_object()?;
                let updated = wire
                    .user
                    .and_then(|member| self.update_member(&room_of(event), member, None));
                was(updated.and_then(|(_, before)| before))
            }
            "user-pause-queue" | "user-pause-queue-mod" => {
                let wire: wire::Action<'_> = event.parse_object()?;
                let user = User::from(wire.user);
                let updated = wire
                    .user_queue
                    .and_then(|member| self.update_member(&room_of(event), member, Some(&user.id)));
                was(updated.and_then(|(_, before)| before))
            }
            "user-leave" => {
                let leave = UserLeave::decode(event)?;
                self.remember(&leave.user);
                was(self.room(&leave.room).members.remove(&leave.user.id))
            }
            "user-kick" => {
                let kick = UserKick::decode(event)?;
                was(self.room(&kick.room).members.remove(&kick.target.id))
            }
            "user-ban" => {
                let ban = UserBan::decode(event)?;
                was(self.room(&ban.room).members.remove(&ban.target.id))
            }
            "user-setrole" => {
                let set = UserSetRole::decode(event)?;
                self.change_member(&set.room, &set.target.id, |member| member.role = set.role)
            }
            "user-unsetrole" => {
                let unset = UserUnsetRole::decode(event)?;
                self.change_member(&unset.room, &unset.target.id, |member| member.role = None)
            }
            "user-mute" => {
                let mute = UserMute::decode(event)?;
                self.change_member(&mute.room, &mute.target.id, |member| member.muted = true)
            }
            "user-unmute" => {
                let mute = UserUnmute::decode(event)?;
                self.change_member(&mute.room, &mute.target.id, |member| member.muted = false)
            }
            "user-update" => {
                let image = UserImage::decode(event)?;
                match self.users.get_mut(&image.user.id) {
                    Some(user) => {
                        let old = Arc::clone(user);
                        Arc::make_mut(user).avatar_url = image.avatar_url;
                        Before::was((*old).clone())
                    }
                    None => Before::NOTHING,
                }
            }
            _ => return self.apply_state(event),
        })
    }

    /// Applies an event about a room's state, the account and its conversations.
    fn apply_state(&mut self, event: &Event) -> Result<Before, antiphon_core::DecodeError> {
        Ok(match event.kind().name() {
            "room" => {
                let old = self.put_room(RoomState::decode(event)?.info);
                old.map_or(Before::NOTHING, |old| Before::was((*old).clone()))
            }
            "room-update" => {
                let mut update = RoomUpdate::decode(event)?;
                update.info.id = update.room.clone();
                // An update without a room changes nothing.
                if update.info.slug.is_empty() && update.info.name.is_empty() {
                    return Ok(Before::NOTHING);
                }
                self.change_room(&update.room, |info| *info = update.info)
            }
            "room-lock-queue" => {
                let switch = RoomLockQueue::decode(event)?;
                self.change_room(&switch.room, |info| info.lock_queue = switch.on)
            }
            "room-slow-mode" => {
                let switch = RoomSlowMode::decode(event)?;
                self.change_room(&switch.room, |info| info.slow_mode = switch.on)
            }
            "room-allow-guest-chat" => {
                let switch = RoomAllowGuestChat::decode(event)?;
                self.change_room(&switch.room, |info| info.allow_guests_to_chat = switch.on)
            }
            "room-allow-guest-embed" => {
                let switch = RoomAllowGuestEmbed::decode(event)?;
                self.change_room(&switch.room, |info| info.allow_guests_to_embed = switch.on)
            }
            "room_users" => {
                let users = RoomUsers::decode(event)?;
                self.room(&users.room).members = Bounded::new(MEMBERS);
                for member in users.members {
                    self.put_member(&users.room, member);
                }
                Before::NOTHING
            }
            "playlist_active" => {
                let active = PlaylistActive::decode(event)?;
                let old = std::mem::replace(&mut self.room(&active.room).active, active.song);
                old.map_or(Before::NOTHING, Before::was)
            }
            "playlist_active_dubs" => {
                let dubs = ActiveDubs::decode(event)?;
                let room = self.room(&dubs.room);
                // Votes on another song are stale (protocol §4.4).
                let playing = room.active.as_ref().map(|song| &song.id);
                if dubs.song.as_ref().map(|song| &song.id) == playing {
                    room.dubs = Some(Arc::new(dubs));
                }
                Before::NOTHING
            }
            "playlist_details" => {
                let mut details = PlaylistDetails::decode(event)?;
                details.songs.truncate(QUEUE);
                self.room(&details.room).queue = details.songs;
                Before::NOTHING
            }
            "session" => {
                let session = Session::decode(event)?;
                self.remember(&session.user);
                self.me = Some(session.user);
                Before::NOTHING
            }
            "conversations" => {
                for conversation in Conversations::decode(event)?.conversations {
                    self.put_conversation(conversation);
                }
                Before::NOTHING
            }
            _ => Before::NOTHING,
        })
    }

    /// The saved form, in the wire's own shape.
    fn to_json(&self) -> Value {
        let rooms = self.rooms.iter().map(|(id, room)| {
            let messages: Vec<_> = room.messages.iter().rev().take(SAVED_MESSAGES).collect();
            let deleted = messages.iter().filter(|(_, message)| message.deleted);
            json!({
                "id": id,
                "room": room.info.as_deref().map(wire::room_json),
                "members": room.members.iter().map(|(_, member)| wire::member_json(member)).collect::<Vec<_>>(),
                "messages": messages.iter().rev().map(|(_, message)| wire::message_json(message)).collect::<Vec<_>>(),
                "deleted": deleted.map(|(id, _)| id).collect::<Vec<_>>(),
                "active": room.active.as_ref().map(wire::song_json),
                "queue": room.queue.iter().map(wire::song_json).collect::<Vec<_>>(),
            })
        });
        json!({
            "v": VERSION,
            "me": self.me.as_ref().map(wire::user_json),
            "rooms": rooms.collect::<Vec<_>>(),
            "users": self.users.iter().map(|(_, user)| wire::user_json(user)).collect::<Vec<_>>(),
            "conversations": self.conversations.iter().map(|(_, one)| wire::conversation_json(one)).collect::<Vec<_>>(),
        })
    }

    /// Reads the saved form into a cache with room for this many rooms.
    fn from_json(saved: &[u8], rooms: usize) -> Result<Self, BoxError> {
        let saved: wire::SavedCache<'_> = antiphon_core::read_json(saved)?;
        if saved.v != Some(VERSION) {
            return Err("the cache was saved by another version".into());
        }
        let mut cache = Self {
            me: saved.me.map(User::from),
            ..Self::for_rooms(rooms)
        };
        for user in saved.users.0 {
            cache.remember(&user.into());
        }
        for conversation in saved.conversations.0 {
            cache.put_conversation(conversation.into());
        }
        for saved in saved.rooms.0 {
            let id = RoomId::from(saved.id.as_deref().unwrap_or_default());
            let deleted: HashSet<String> = saved
                .deleted
                .0
                .iter()
                .filter_map(|id| id.id().map(str::to_owned))
                .collect();
            for member in saved.members.0 {
                cache.put_member(&id, member.into());
            }
            for message in saved.messages.0 {
                let mut message = Message::from(message);
                message.room = Some(id.clone());
                message.deleted = deleted.contains(message.id.as_str());
                cache.put_message(&id, message);
            }
            let room = cache.room(&id);
            room.info = saved.room.map(|room| Arc::new(room.into()));
            room.active = saved.active.map(Song::from);
            room.queue = saved.queue.0.into_iter().map(Song::from).collect();
        }
        Ok(cache)
    }
}

/// The projection that keeps the caches of one source; events of other sources are passed over.
pub(crate) struct CacheProjection {
    name: String,
    source: SourceName,
    cache: SharedCache,
}

impl CacheProjection {
    pub(crate) fn new(source: SourceName, cache: SharedCache) -> Self {
        Self {
            name: format!("queup/{source}"),
            source,
            cache,
        }
    }
}

impl fmt::Debug for CacheProjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheProjection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Projection for CacheProjection {
    fn name(&self) -> &str {
        &self.name
    }

    fn apply(&mut self, event: &Event) -> Before {
        if *event.source() != self.source || event.kind().platform() != "queup" {
            return Before::NOTHING;
        }
        match self.cache.write().apply(event) {
            Ok(before) => before,
            Err(error) => {
                tracing::debug!(%error, position = %event.position(), "event not applied to the cache");
                Before::NOTHING
            }
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        let cache = self.cache.read().to_json();
        serde_json::to_vec(&cache).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        let rooms = self.cache.read().rooms.limit;
        let cache = Cache::from_json(saved, rooms)?;
        *self.cache.write() = cache;
        Ok(())
    }
}
