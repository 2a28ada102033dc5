//! The cache: a projection of the journal that holds the bot's guilds; off by default.
//!
//! An app applies every event at its head, in the journal's order, and saves the cache with its own state; the cache is
//! therefore the state after a position of the journal, and never a mixture.
//!
//! - `apply` has one arm for each kind of event, and says what the event replaced (`Before`).
//! - `store` holds the maps; `bounded` is a map with limits that drops its oldest entries.
//! - `patch` merges partial updates into known objects.
//! - `saved` writes the cache and reads it back; `size` estimates memory; `projection` is the app's side of it.
//!
//! A cache that is on and was not saved makes the source begin a new session, because only a READY sends the guilds.

mod apply;
mod bounded;
mod limits;
mod patch;
mod projection;
mod saved;
mod size;
mod store;

use std::{
    cmp::Reverse,
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_core::{Before, BoxError, Clock, DecodeError, Event};
use antiphon_discord_model::{
    Channel, ChannelType, Emoji, Guild, Member, Message, PermissionCalculator, Permissions,
    Presence, Role, User, VoiceState,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
    },
};

pub use self::limits::CacheLimits;
pub(crate) use self::projection::CacheProjection;
use self::store::Store;

/// The known state of the bot's guilds. It is cheap to clone and usable from anywhere.
///
/// It is never older than the event that a handler has, but may be newer.
/// Values are shared and immutable; no lock is held after a call.
/// A cache that is off is empty; objects over its limits are absent.
///
/// A handler gets the objects that its event replaced or removed as `Before`: the [`Message`] of an edit or deletion
/// (`Vec<Message>` for several), the [`Member`], [`Channel`], [`Role`], [`Guild`], [`VoiceState`], [`Presence`] or the
/// bot's own [`User`], or the `Vec<Emoji>` of a guild.
/// A guild in an outage keeps its objects. A leaving member's presence and voice state, a deleted channel's threads and
/// messages, and a deleted role of members are removed too.
///
/// ```
/// use antiphon_core::Source as _;
/// use antiphon_discord::{CacheLimits, Config, Intents, model::id::Id};
/// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
/// # fn event(kind: &'static str, body: &'static str) -> Event {
/// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
/// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
/// #     Event::stored(Position::new(1), "bot".into(), draft)
/// # }
///
/// let config = Config::new("token", Intents::GUILDS).cache(CacheLimits::new());
/// let (client, mut source) = antiphon_discord::connect(config.name("bot"));
/// # // An app applies every event by itself.
/// # let mut projection = source.projections().remove(0);
/// # projection.apply(&event("discord.GUILD_CREATE", r#"{"id":"11","name":"choir","roles":[{"id":"11","name":"@everyone"}]}"#));
/// let guild = client.cache().guild(Id::new(11)).expect("GUILD_CREATE named it");
/// assert_eq!(guild.name, "choir");
/// assert_eq!(client.cache().roles(Id::new(11)).len(), 1);
/// ```
///
/// Most events fill it without a handler of your own:
///
/// | object | kept from |
/// | --- | --- |
/// | guilds, channels, threads, roles, emojis | `GUILD_CREATE` and the events of each |
/// | members | `GUILD_CREATE`, chunks, messages, voice states, typing, interactions |
/// | users | every event that names one |
/// | presences, voice states | `GUILD_CREATE` and their own updates |
/// | messages | messages that were seen while the cache was on |
///
/// What is absent was not seen, dropped at a limit, or switched off with 0: a miss is no proof that the object does not
/// exist.
#[derive(Clone)]
pub struct Cache {
    /// State that the client's clones and the projection share.
    shared: Arc<Shared>,
}

struct Shared {
    /// `None` is a cache that is off.
    limits: Option<CacheLimits>,
    /// Clock of the source, by which timeouts of members end.
    clock: Clock,
    /// Whether it was read back from a saved one in this run.
    is_restored: AtomicBool,
    /// The maps; a lock is held for one call and never over a wait.
    store: RwLock<Store>,
}

/// Number of objects in the cache, and their size.
///
/// A bot that watches its memory logs it:
///
/// ```
/// use antiphon_discord::{CacheLimits, CacheSize, Config, Intents};
///
/// let config = Config::new("token", Intents::GUILDS).cache(CacheLimits::new());
/// let (client, _source) = antiphon_discord::connect(config);
/// assert_eq!(client.cache().size(), CacheSize::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSize {
    /// Guilds.
    pub guilds: usize,
    /// Channels and threads.
    pub channels: usize,
    /// Roles.
    pub roles: usize,
    /// Emojis.
    pub emojis: usize,
    /// Members of all guilds.
    pub members: usize,
    /// Users.
    pub users: usize,
    /// Presences.
    pub presences: usize,
    /// Voice states.
    pub voice_states: usize,
    /// Messages of all channels.
    pub messages: usize,
    /// Estimated bytes of all objects; the process grows by about a tenth more.
    pub bytes: usize,
}

impl Cache {
    /// Creates a cache with these limits, or one that is off.
    pub(crate) fn new(limits: Option<CacheLimits>, clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared {
                limits,
                clock,
                is_restored: AtomicBool::new(false),
                store: RwLock::new(Store::new(limits.unwrap_or_default())),
            }),
        }
    }

    /// Whether the cache is on.
    ///
    /// Off, every other method finds nothing.
    pub fn is_on(&self) -> bool {
        self.shared.limits.is_some()
    }

    /// Whether it was restored from an earlier run.
    ///
    /// If not, the source identifies instead of resuming, because a resumed session sends no guilds.
    ///
    /// It becomes true when the app hands the saved cache over, and stays so.
    pub fn is_restored(&self) -> bool {
        self.shared.is_restored.load(Ordering::Acquire)
    }

    /// Locks the maps for reading; a poisoned lock is used all the same, because each change leaves the maps whole.
    fn read(&self) -> RwLockReadGuard<'_, Store> {
        let store = &self.shared.store;
        store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bot's own account.
    ///
    /// Absent until the first READY, unless the cache was restored.
    pub fn me(&self) -> Option<Arc<User>> {
        self.read().me.clone()
    }

    /// A guild with its stickers, stages and scheduled events; its other objects have methods of their own.
    ///
    /// `unavailable` is true in an outage; the guild and its objects stay as they were then.
    ///
    /// ```
    /// use antiphon_core::Source as _;
    /// use antiphon_discord::{CacheLimits, Config, Intents, model::id::Id};
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// let config = Config::new("token", Intents::GUILDS).cache(CacheLimits::new());
    /// let (client, mut source) = antiphon_discord::connect(config.name("bot"));
    /// # let mut projection = source.projections().remove(0);
    /// # projection.apply(&event("discord.GUILD_CREATE", r#"{"id":"11","name":"choir","owner_id":"33","channels":[{"id":"22","type":0,"name":"loft"}],"members":[{"user":{"id":"33","username":"eve"},"roles":[]}],"voice_states":[{"user_id":"33","channel_id":"77","session_id":"v"}]}"#));
    /// let (cache, choir) = (client.cache(), Id::new(11));
    /// assert_eq!(cache.channels(choir)[0].name.as_deref(), Some("loft"));
    /// assert_eq!(cache.member(choir, Id::new(33)).expect("a member").user.name, "eve");
    /// // Who is in a voice channel?
    /// let singing = cache.voice_states(choir).into_iter().filter(|state| state.channel_id == Some(Id::new(77)));
    /// assert_eq!(singing.count(), 1);
    /// ```
    pub fn guild(&self, id: Id<GuildMarker>) -> Option<Arc<Guild>> {
        self.read().guilds.get((), id).cloned()
    }

    /// Ids of all guilds, the oldest entry first.
    ///
    /// The list is a copy; guilds of all shards of this source are in it.
    pub fn guilds(&self) -> Vec<Id<GuildMarker>> {
        self.read().guilds.iter().map(|((), id, _)| id).collect()
    }

    /// A channel or thread.
    ///
    /// Direct message channels are kept if an event has named them whole.
    pub fn channel(&self, id: Id<ChannelMarker>) -> Option<Arc<Channel>> {
        self.read().channels.get(id).cloned()
    }

    /// Channels and threads of a guild, sorted by id.
    ///
    /// Threads that were archived before the session began are absent, because Discord does not send them; one that is
    /// archived later stays.
    pub fn channels(&self, guild: Id<GuildMarker>) -> Vec<Arc<Channel>> {
        let store = self.read();
        let channels = store.channels.map.of(guild);
        channels.map(|(_, channel)| Arc::clone(channel)).collect()
    }

    /// A role.
    ///
    /// The role `@everyone` has the id of its guild.
    pub fn role(&self, id: Id<RoleMarker>) -> Option<Arc<Role>> {
        self.read().roles.get(id).cloned()
    }

    /// Roles of a guild, sorted by id.
    pub fn roles(&self, guild: Id<GuildMarker>) -> Vec<Arc<Role>> {
        let store = self.read();
        let roles = store.roles.map.of(guild);
        roles.map(|(_, role)| Arc::clone(role)).collect()
    }

    /// Roles of a member, the highest first, without `@everyone`, which everybody has; one of a name is found among them.
    ///
    /// Empty for a member who is not known, and without roles that are not known. Of two roles at one position the one with
    /// the smaller id stands higher, as Discord has it.
    ///
    /// ```
    /// # use antiphon_discord::{Cache, model::id::{Id, marker::{GuildMarker, UserMarker}}};
    /// # fn f(cache: &Cache, guild: Id<GuildMarker>, user: Id<UserMarker>) {
    /// let roles = cache.roles_of(guild, user);
    /// let sings = roles.iter().any(|role| role.name == "alto");
    /// let highest = roles.first().map(|role| &role.name);
    /// # }
    /// ```
    pub fn roles_of(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Vec<Arc<Role>> {
        let store = self.read();
        let member = store.members.get(guild, user);
        let ids = member.into_iter().flat_map(|member| &member.roles);
        let mut roles: Vec<_> = ids.filter_map(|id| store.roles.get(*id).cloned()).collect();
        roles.sort_by_key(|role| (Reverse(role.position), role.id));
        roles
    }

    /// A guild's own emoji.
    pub fn emoji(&self, id: Id<EmojiMarker>) -> Option<Arc<Emoji>> {
        self.read().emojis.get(id).cloned()
    }

    /// A guild's own emojis, sorted by id.
    pub fn emojis(&self, guild: Id<GuildMarker>) -> Vec<Arc<Emoji>> {
        let store = self.read();
        let emojis = store.emojis.map.of(guild);
        emojis.map(|(_, emoji)| Arc::clone(emoji)).collect()
    }

    /// A member of a guild.
    ///
    /// In a large guild only members who did something, or were requested, are known.
    pub fn member(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<Arc<Member>> {
        self.read().members.get(guild, user).cloned()
    }

    /// Known members of a guild, sorted by id.
    ///
    /// [`Client::request_members`](crate::Client::request_members) brings all of them, up to
    /// [`CacheLimits::members_per_guild`].
    pub fn members(&self, guild: Id<GuildMarker>) -> Vec<Arc<Member>> {
        let store = self.read();
        let members = store.members.of(guild);
        members.map(|(_, member)| Arc::clone(member)).collect()
    }

    /// A user seen in any event.
    ///
    /// The newest form that any event had; webhooks' authors are not kept.
    pub fn user(&self, id: Id<UserMarker>) -> Option<Arc<User>> {
        self.read().users.get((), id).cloned()
    }

    /// A user's presence in a guild; absent for a user who was not online since the session began.
    pub fn presence(&self, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Option<Arc<Presence>> {
        self.read().presences.get(guild, user).cloned()
    }

    /// A user's voice state in a guild; absent for a user who is in no voice channel.
    pub fn voice_state(
        &self,
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
    ) -> Option<Arc<VoiceState>> {
        self.read().voice_states.get(guild, user).cloned()
    }

    /// Voice states of a guild, sorted by user id.
    pub fn voice_states(&self, guild: Id<GuildMarker>) -> Vec<Arc<VoiceState>> {
        let store = self.read();
        let states = store.voice_states.of(guild);
        states.map(|(_, state)| Arc::clone(state)).collect()
    }

    /// Permissions of a member in a channel or thread of their guild, now.
    ///
    /// Absent unless the guild, the channel (of a thread its parent too), the member, and all of the member's roles are known;
    /// [`PermissionCalculator`] has the rules. A timeout ends by the clock of the source.
    ///
    /// ```
    /// use antiphon_core::Source as _;
    /// use antiphon_discord::{CacheLimits, Config, Intents, model::{Permissions, id::Id}};
    /// # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
    /// # fn event(kind: &'static str, body: &'static str) -> Event {
    /// #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
    /// #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
    /// #     Event::stored(Position::new(1), "bot".into(), draft)
    /// # }
    ///
    /// let config = Config::new("token", Intents::GUILDS).cache(CacheLimits::new());
    /// let (client, mut source) = antiphon_discord::connect(config.name("bot"));
    /// # let mut projection = source.projections().remove(0);
    /// # projection.apply(&event("discord.GUILD_CREATE", r#"{"id":"11","name":"choir","owner_id":"1","roles":[{"id":"11","name":"@everyone","permissions":"3072"}],"channels":[{"id":"22","type":0,"name":"loft","permission_overwrites":[{"id":"11","type":0,"allow":"0","deny":"2048"}]}],"members":[{"user":{"id":"33","username":"eve"},"roles":[]}]}"#));
    /// let (eve, loft) = (Id::new(33), Id::new(22));
    /// let may = client.cache().permissions_in(eve, loft).expect("all of it is known");
    /// assert!(may.contains(Permissions::VIEW_CHANNEL) && !may.contains(Permissions::SEND_MESSAGES));
    /// assert_eq!(client.cache().permissions_in(eve, Id::new(99)), None);
    /// ```
    pub fn permissions_in(
        &self,
        user: Id<UserMarker>,
        channel: Id<ChannelMarker>,
    ) -> Option<Permissions> {
        let store = self.read();
        let guild_id = store.channels.scope(channel)?;
        let channel = store.channels.get(channel)?;
        let guild = store.guilds.get((), guild_id)?;
        let member = store.members.get(guild_id, user)?;
        let role = |id| Some((id, store.roles.get(id)?.permissions));
        let (_, everyone) = role(guild_id.cast())?;
        let roles: Option<Vec<_>> = member.roles.iter().map(|id| role(*id)).collect();
        let calculator = PermissionCalculator::new(guild_id, user, everyone, roles?)
            .owner(guild.owner_id)
            .timed_out_until(member.communication_disabled_until, self.shared.clock.now());
        let is_thread = matches!(
            channel.kind,
            ChannelType::AnnouncementThread
                | ChannelType::PublicThread
                | ChannelType::PrivateThread
        );
        if !is_thread {
            return Some(calculator.in_channel(channel));
        }
        let parent = store.channels.get(channel.parent_id?)?;
        Some(calculator.in_thread(parent))
    }

    /// A message.
    ///
    /// A deleted message is gone; its handler has it in `Before`.
    pub fn message(&self, id: Id<MessageMarker>) -> Option<Arc<Message>> {
        self.read().messages.get(id).cloned()
    }

    /// Newest messages of a channel, sorted by id, which is by age.
    ///
    /// At most [`CacheLimits::messages_per_channel`], of those seen while the cache was on.
    pub fn messages(&self, channel: Id<ChannelMarker>) -> Vec<Arc<Message>> {
        let store = self.read();
        let messages = store.messages.map.of(channel);
        messages.map(|(_, message)| Arc::clone(message)).collect()
    }

    /// Current size of the cache.
    ///
    /// It costs no walk over the objects: sizes are summed as objects come and go.
    pub fn size(&self) -> CacheSize {
        let store = self.read();
        CacheSize {
            guilds: store.guilds.len(),
            channels: store.channels.map.len(),
            roles: store.roles.map.len(),
            emojis: store.emojis.map.len(),
            members: store.members.len(),
            users: store.users.len(),
            presences: store.presences.len(),
            voice_states: store.voice_states.len(),
            messages: store.messages.map.len(),
            bytes: store.bytes(),
        }
    }

    fn apply(&self, event: &Event) -> Result<Before, DecodeError> {
        let store = &self.shared.store;
        let mut store = store.write().unwrap_or_else(PoisonError::into_inner);
        store.apply(event)
    }

    fn save(&self) -> Option<Vec<u8>> {
        let saved = self.read().save();
        saved
            .inspect_err(|error| tracing::error!(%error, "the cache cannot be saved"))
            .ok()
    }

    /// Replaces the maps by saved ones; an error leaves them empty, and the source begins a new session.
    fn restore(&self, saved: &[u8]) -> Result<(), BoxError> {
        let restored = Store::restore(saved, self.shared.limits.unwrap_or_default())?;
        let store = &self.shared.store;
        *store.write().unwrap_or_else(PoisonError::into_inner) = restored;
        self.shared.is_restored.store(true, Ordering::Release);
        Ok(())
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("is_on", &self.is_on())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
