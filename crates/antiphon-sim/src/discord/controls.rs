//! Control handle for tests and scripts: makes simulated users act and injects faults.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use antiphon_core::Secret;

use super::{
    messages::Draft,
    model::{Emoji, Id},
    state::State,
};
use crate::{
    server::Server,
    sockets::{Selection, Sockets},
    timers::millis,
};

/// Control handle of the simulated Discord; clones are the same handle.
///
/// Users are named by name or id, and an unknown name makes a new user, who is in no guild.
/// Channels and guilds are named by name, by id, or by a path such as `guild/42/channel/7`; a name that does not exist
/// is an error of the caller: a note says so, and the call returns `None`, `false` or nothing.
/// Each call takes effect at once, in the order of the calls.
///
/// ```
/// use antiphon_sim::{RestFault, Simulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let discord = Simulator::with_seed(7).discord();
/// let message = discord.say("loft", "mira", "good evening");
/// assert!(discord.react("loft", message, "teo", "🎵"));
/// assert!(discord.edit("loft", message, "good night"));
/// assert_eq!(discord.texts("loft"), ["good night"]);
///
/// discord.join_voice("stalls", "mira");
/// assert!(discord.voice("choir", "mira").is_some());
///
/// // The next three posts are rate limited, and shard 1 loses its connection.
/// discord.fail("POST /channels/*", 3, RestFault::Status(429));
/// discord.shard(1).cut();
/// # }
/// ```
#[derive(Clone)]
pub struct Discord {
    pub(crate) server: Arc<Server<State>>,
    /// The sockets that faults are limited to.
    sockets: Sockets,
}

impl crate::Simulator {
    /// Control handle of the simulated Discord.
    pub fn discord(&self) -> Discord {
        self.platforms.get()
    }
}

impl fmt::Debug for Discord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discord").finish_non_exhaustive()
    }
}

/// The open sockets of the Gateway: all, or those that [`Discord::only`] and [`Discord::shard`] limit the handle to.
impl Deref for Discord {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

/// A bot's account.
#[derive(Clone, Debug)]
pub struct BotAccount {
    /// Id of the bot's user.
    pub id: u64,
    /// Id of the application, which is the user's.
    pub application: u64,
    /// Name of the user.
    pub username: String,
    /// Token for IDENTIFY, without `Bot `.
    pub token: Secret,
}

impl Discord {
    /// Name of the first bot, which has moderator permissions in the first guild.
    pub const BOT: &'static str = State::BOT;

    pub(super) fn new(server: Arc<Server<State>>) -> Self {
        let sockets = Sockets::new(&server, Selection::default());
        Self { server, sockets }
    }

    /// The same handle for the sockets that fit a selection.
    pub(super) fn limited(&self, of: Selection) -> Self {
        Self {
            server: Arc::clone(&self.server),
            sockets: Sockets::new(&self.server, of),
        }
    }

    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        self.server.with(act)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Accounts, guilds and channels.

    /// The first bot's token.
    pub fn token(&self) -> Secret {
        self.account().token
    }

    /// The first bot.
    pub fn account(&self) -> BotAccount {
        let bot = self.act(|state| state.home.bot);
        self.bot(bot)
    }

    /// The bot of this name; an unknown name makes a new bot, which is in no guild.
    pub fn account_named(&self, name: &str) -> BotAccount {
        let bot = self.act(|state| {
            let known = state
                .community
                .user_named(name)
                .filter(|id| state.community.bots.contains_key(id));
            known.unwrap_or_else(|| state.add_user(name, true))
        });
        self.bot(bot)
    }

    fn bot(&self, id: Id) -> BotAccount {
        self.act(|state| BotAccount {
            id,
            application: id,
            username: state
                .community
                .users
                .get(&id)
                .map(|user| user.name.clone())
                .unwrap_or_default(),
            token: Secret::new(
                state
                    .community
                    .bots
                    .get(&id)
                    .map(|bot| bot.token.clone())
                    .unwrap_or_default(),
            ),
        })
    }

    /// Every bot: the first one, one that may do anything in its guild (`cantor`), one without rights and privileged
    /// intents
    /// (`lector`), and one that is in no guild (`deacon`).
    pub fn accounts(&self) -> Vec<BotAccount> {
        let bots: Vec<Id> = self.act(|state| state.community.bots.keys().copied().collect());
        bots.into_iter().map(|bot| self.bot(bot)).collect()
    }

    /// Id of the first guild.
    pub fn guild_id(&self) -> u64 {
        self.act(|state| state.home.guild)
    }

    /// Id of the first guild's first text channel, `loft`.
    pub fn channel_id(&self) -> u64 {
        self.act(|state| state.home.text)
    }

    /// Id of the first guild's first voice channel, `stalls`.
    pub fn voice_channel_id(&self) -> u64 {
        self.act(|state| state.home.voice)
    }

    /// Id of a channel, given by name, id or path.
    pub fn channel(&self, name: &str) -> Option<u64> {
        self.act(|state| state.community.channel_named(name))
    }

    /// Id of a guild, given by name, id or path.
    pub fn guild(&self, name: &str) -> Option<u64> {
        self.act(|state| state.community.guild_named(name))
    }

    /// Ids and the names that stand for them in a transcript.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        self.act(|state| {
            let users = state
                .community
                .users
                .values()
                .map(|user| (user.id, user.name.clone()));
            let guilds = state
                .community
                .guilds
                .values()
                .map(|guild| (guild.id, guild.name.clone()));
            let channels = state.community.channels.values();
            let channels = channels.map(|channel| (channel.id, channel.name.clone()));
            let named = users
                .chain(guilds)
                .chain(channels)
                .filter(|(_, name)| !name.is_empty());
            let named = named.map(|(id, name)| (id.to_string(), format!("<{name}>")));
            let sessions = (1..).zip(state.gateway.sessions_of(None));
            let sessions = sessions.map(|(number, id)| (id, format!("<session {number}>")));
            named.chain(sessions).collect()
        })
    }

    /// Id of the user of this name.
    pub fn user(&self, name: &str) -> u64 {
        self.act(|state| state.someone(name))
    }

    /// Texts of a channel's messages, oldest first.
    pub fn texts(&self, channel: &str) -> Vec<String> {
        self.act(|state| {
            let kept = state
                .community
                .channel_named(channel)
                .and_then(|id| state.community.messages.get(&id));
            kept.into_iter()
                .flat_map(|kept| kept.values())
                .map(|message| message.content.clone())
                .collect()
        })
    }

    /// Sets the rate of ambient traffic, in events a second. Default: 0.
    pub fn traffic(&self, rate: u32) {
        self.server.shared.rate.send_replace(rate);
    }

    pub(super) fn in_channel<T>(
        &self,
        channel: &str,
        act: impl FnOnce(&mut State, Id) -> T,
    ) -> Option<T> {
        self.act(|state| {
            let Some(id) = state.community.channel_named(channel) else {
                state.note(format!("no channel `{channel}` to act in"));
                return None;
            };
            Some(act(state, id))
        })
    }

    pub(super) fn in_guild<T>(
        &self,
        guild: &str,
        act: impl FnOnce(&mut State, Id) -> T,
    ) -> Option<T> {
        self.act(|state| {
            let Some(id) = state.community.guild_named(guild) else {
                state.note(format!("no guild `{guild}` to act in"));
                return None;
            };
            Some(act(state, id))
        })
    }

    pub(super) fn user_in_channel<T>(
        &self,
        channel: &str,
        user: &str,
        act: impl FnOnce(&mut State, Id, Id) -> T,
    ) -> Option<T> {
        self.in_channel(channel, |state, channel| {
            let user = state.someone(user);
            act(state, channel, user)
        })
    }

    pub(super) fn user_in_guild<T>(
        &self,
        guild: &str,
        user: &str,
        act: impl FnOnce(&mut State, Id, Id) -> T,
    ) -> Option<T> {
        self.users_in_guild(guild, [user], |state, guild, [user]| {
            act(state, guild, user)
        })
    }

    pub(super) fn users_in_guild<T, const N: usize>(
        &self,
        guild: &str,
        users: [&str; N],
        act: impl FnOnce(&mut State, Id, [Id; N]) -> T,
    ) -> Option<T> {
        self.in_guild(guild, |state, guild| {
            let users = users.map(|user| state.someone(user));
            act(state, guild, users)
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages.

    /// Posts a message; returns its id, or zero if there is no such channel or automatic moderation blocks it.
    pub fn say(&self, channel: &str, by: &str, text: &str) -> u64 {
        let posted = self.user_in_channel(channel, by, |state, channel, author| {
            state.post(channel, author, Draft::text(text))
        });
        posted.unwrap_or_default()
    }

    /// Edits a message; returns whether it exists.
    pub fn edit(&self, channel: &str, message: u64, text: &str) -> bool {
        let edited = self.in_channel(channel, |state, channel| {
            state.edit(channel, message, |message| {
                text.clone_into(&mut message.content);
            })
        });
        edited.unwrap_or_default()
    }

    /// Deletes a message; returns whether it existed.
    pub fn delete(&self, channel: &str, message: u64) -> bool {
        self.in_channel(channel, |state, channel| state.delete(channel, message))
            .unwrap_or_default()
    }

    /// Reacts to a message with a Unicode emoji; returns whether that changed something.
    pub fn react(&self, channel: &str, message: u64, by: &str, emoji: &str) -> bool {
        let emoji = Emoji {
            id: None,
            name: emoji.to_owned(),
        };
        let reacted = self.user_in_channel(channel, by, |state, channel, user| {
            state.react(channel, message, user, &emoji, true)
        });
        reacted.unwrap_or_default()
    }

    /// Begins to type.
    pub fn type_in(&self, channel: &str, by: &str) {
        self.user_in_channel(channel, by, State::type_in);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Settings of the server.

    /// Creates a guild like the first one, on the next shard; returns its id.
    pub fn add_guild(&self, name: &str) -> u64 {
        self.act(|state| state.add_guild(name))
    }

    /// Sets how many shards are recommended.
    pub fn shards(&self, shards: u32) {
        self.act(|state| state.settings.shards = shards.max(1));
    }

    /// Sets whether an IDENTIFY with fewer shards than recommended is refused.
    pub fn require_shards(&self, on: bool) {
        self.act(|state| state.settings.requires_shards = on);
    }

    /// Sets `max_concurrency`: how many identifies are accepted within five seconds.
    pub fn max_concurrency(&self, identifies: u32) {
        self.act(|state| state.settings.max_concurrency = identifies.max(1));
    }

    /// Sets how many sessions every bot may still start today.
    pub fn session_starts(&self, left: u32) {
        self.act(|state| {
            for bot in state.community.bots.values_mut() {
                bot.starts.0 = left;
            }
        });
    }

    /// Sets how many events a session keeps for a resume.
    pub fn replay(&self, events: usize) {
        self.act(|state| {
            state.settings.replay = events;
            for session in state.gateway.sessions.values_mut() {
                while session.buffer.len() > events {
                    session.buffer.pop_front();
                }
            }
        });
    }

    /// Sets how long sessions outlive their connections.
    pub fn session_life(&self, how_long: Duration) {
        self.act(|state| {
            state.settings.session_life = millis(how_long).min(i64::MAX / 2);
        });
    }

    /// Switches the privileged intents of a bot on or off.
    pub fn privileged(&self, bot: &str, on: bool) {
        self.act(|state| {
            let bot = state
                .community
                .user_named(bot)
                .and_then(|id| state.community.bots.get_mut(&id));
            if let Some(bot) = bot {
                bot.privileged = if on { super::intents::PRIVILEGED } else { 0 };
            }
        });
    }
}
