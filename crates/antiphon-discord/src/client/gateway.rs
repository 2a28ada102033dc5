//! Commands over the Gateway.
//!
//! A command takes this way: it is checked here, waits for its shard's connection, and goes through a bounded queue of 64
//! to the shard's loop (`socket`), which hands it to the session as soon as the limits of protocol §8 leave room
//! (`session/commands.rs`).
//! A caller who stops waiting takes the command out, unless it is sent already.
//!
//! | limit | what happens at it |
//! | --- | --- |
//! | no connection for [`Config::action_timeout`](crate::Config::action_timeout), 10 s | [`CommandError::NotConnected`] |
//! | 120 frames in a minute on a connection, less those for heartbeats | the command waits for its turn, at most a minute |
//! | five presences in 20 s | the newest one waits, and takes the place of older ones |
//! | 64 requests for members and voice joins that are open on a shard | further commands wait in the queue |
//! | 4,096 bytes of a frame | [`CommandError::TooLong`], before anything is sent |

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use antiphon_core::LinkState;
use antiphon_discord_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, timeout_at},
};
use twilight_model::gateway::Intents;

use super::Client;
use crate::{
    error::{CommandError, ConfigError, MembersError, NotConnected, VoiceError},
    model::{
        members::{MemberQuery, Members},
        presence::Presence,
        voice::{UpdateVoiceState, VoiceConnection},
    },
    relay,
    session::Command,
    wire,
};

/// Largest number of users in one request for members (protocol §8).
///
/// A longer list is refused here, because Discord would close the connection or answer with a part.
const MOST_USERS: usize = 100;

/// Options of commands, from the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Intents of the identify, by which requests are refused that Discord would not answer.
    pub(crate) intents: Intents,
    /// [`Config::action_timeout`](crate::Config::action_timeout).
    pub(crate) timeout: Duration,
}

/// The shards that run here, by number.
#[derive(Debug)]
pub(crate) struct ShardSet {
    /// Number of shards of the bot, here and elsewhere; at least 1.
    pub(crate) count: u32,
    /// Handles of the shards that run in this source.
    pub(crate) handles: BTreeMap<u32, ShardHandle>,
}

/// The client's handle on one shard.
#[derive(Debug)]
pub(crate) struct ShardHandle {
    /// Queue of the shard's loop; 64 commands wait in it, and a further one waits for room.
    pub(crate) commands: mpsc::Sender<Command>,
    /// State of the shard's connection; commands wait until it is connected.
    pub(crate) link: watch::Receiver<LinkState>,
    /// Time from the last heartbeat to its acknowledgement.
    pub(crate) latency: watch::Receiver<Option<Duration>>,
}

/// State of one shard.
///
/// A list of all shards is [`Client::shards`]:
///
/// ```
/// use antiphon_core::LinkState;
/// use antiphon_discord::{Client, ShardInfo};
///
/// fn slowest(client: &Client) -> Option<ShardInfo> {
///     let up = client.shards().into_iter().filter(|shard| shard.link.is_connected());
///     up.max_by_key(|shard| shard.latency)
/// }
/// # let (client, _source) = antiphon_discord::connect(antiphon_discord::Config::new("token", antiphon_discord::Intents::GUILDS));
/// # assert_eq!(slowest(&client), None);
/// # let _ = LinkState::Idle;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardInfo {
    /// Number of the shard, from 0.
    pub id: u32,
    /// Number of shards of the bot.
    pub count: u32,
    /// State of its connection.
    pub link: LinkState,
    /// Time from the last heartbeat to its acknowledgement; absent before the first.
    pub latency: Option<Duration>,
}

/// Number of a guild's shard, of so many (protocol §6).
fn shard_of(guild: Id<GuildMarker>, count: u32) -> u32 {
    u32::try_from((guild.get() >> 22) % u64::from(count.max(1))).expect("below the count")
}

impl ShardSet {
    fn shard_of(&self, guild: Id<GuildMarker>) -> u32 {
        shard_of(guild, self.count)
    }

    /// Finds a shard that runs here; others are in another program with the same token.
    fn handle(&self, shard: u32) -> Result<&ShardHandle, CommandError> {
        self.handles
            .get(&shard)
            .ok_or(CommandError::ShardElsewhere {
                shard,
                count: self.count,
            })
    }
}

impl Client {
    /// Sets the presence on all shards that run here (op 3, protocol §8).
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#update-presence)
    ///
    /// Discord takes five presences in 20 s; a presence that waits is replaced by a later one.
    /// A new session begins with [`Config::presence`](crate::Config::presence) again.
    ///
    /// # Errors
    /// [`CommandError`] if it could not be sent on every shard.
    ///
    /// - [`CommandError::Invalid`] for a text of more than 128 characters; nothing is sent.
    /// - [`CommandError::NotConnected`] if a shard has no connection in time; shards before it have the presence then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use antiphon_discord::{Activity, Client, CommandError, Presence};
    ///
    /// async fn on_air(client: &Client, song: &str) -> Result<(), CommandError> {
    ///     let presence = Presence::online().activity(Activity::listening_to(song));
    ///     client.update_presence(presence).await
    /// }
    /// ```
    pub async fn update_presence(&self, presence: Presence) -> Result<(), CommandError> {
        presence.check().map_err(CommandError::Invalid)?;
        fits(&wire::presence(&presence))?;
        if let Some(remote) = self.shared.remote.get() {
            return relay::presence(remote, presence).await;
        }
        let by = self.deadline();
        let shards = self.shard_set(by).await?;
        let mut replies = Vec::with_capacity(shards.handles.len());
        for handle in shards.handles.values() {
            let (reply, answer) = oneshot::channel();
            let presence = presence.clone();
            self.give(handle, Command::Presence { presence, reply }, by)
                .await?;
            replies.push((handle, answer));
        }
        for (handle, answer) in replies {
            self.answered(handle, answer).await?;
        }
        Ok(())
    }

    /// Requests members of a guild and collects the chunks (op 8, protocol §8).
    ///
    /// Discord answers with chunks of up to 1,000 members each, in any order; they are collected by their nonce.
    /// Each chunk may take [`Config::action_timeout`](crate::Config::action_timeout) after the one before, and a call takes as
    /// long as chunks come.
    /// At most 10,000 chunks or 256 MiB are collected.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#request-guild-members)
    ///
    /// The chunks reach handlers as well.
    ///
    /// # Errors
    /// [`MembersError`]; it holds the members that came before it.
    ///
    /// - [`MembersError::Command`] if it was not sent, for example because an intent is missing.
    /// - [`MembersError::RateLimited`] if all members of the guild were requested less than 30 s ago.
    /// - [`MembersError::TimedOut`], [`MembersError::SessionLost`] and [`MembersError::TooMany`] with a part of the members.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, GuildMembersChunk, MemberQuery, MembersError, model::id::{Id, marker::GuildMarker}};
    ///
    /// async fn count(client: &Client, guild: Id<GuildMarker>) -> Result<usize, MembersError> {
    ///     let members = match client.request_members(MemberQuery::all(guild)).await {
    ///         Ok(members) => members,
    ///         // A part is better than nothing here.
    ///         Err(MembersError::TimedOut { members, .. }) => members,
    ///         Err(error) => return Err(error),
    ///     };
    ///     let chunks = members.decode::<GuildMembersChunk>().unwrap_or_default();
    ///     Ok(chunks.iter().map(|chunk| chunk.members.len()).sum())
    /// }
    /// ```
    ///
    /// All members of a guild, from the simulator:
    ///
    /// ```
    /// use antiphon_discord::{Config, GuildMembersChunk, Intents, MemberQuery, model::id::Id};
    /// use antiphon_sim::Simulator;
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    /// let config = Config::new(sim.discord().token(), intents).network(sim.network()).clock(sim.clock());
    /// let (client, source) = antiphon_discord::connect(config);
    ///
    /// let mut events = source.events(CancellationToken::new());
    /// let reading = async { while events.next().await.is_some() {} };
    /// let choir = Id::new(sim.discord().guild_id());
    /// let members = tokio::select! {
    ///     () = reading => panic!("the source ended"),
    ///     members = client.request_members(MemberQuery::all(choir)) => members?,
    /// };
    /// let chunks = members.decode::<GuildMembersChunk>()?;
    /// let names: Vec<&str> = chunks.iter().flat_map(|chunk| &chunk.members).map(|member| &*member.user.name).collect();
    /// assert!(names.contains(&"mira"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn request_members(&self, query: MemberQuery) -> Result<Members, MembersError> {
        self.allows(&query).map_err(MembersError::Command)?;
        if let Some(remote) = self.shared.remote.get() {
            return relay::members(remote, query).await;
        }
        let by = self.deadline();
        let (reply, answer) = oneshot::channel();
        let guild = Id::new(query.guild());
        let outcome = self
            .ask(guild, Command::Members { query, reply }, answer, by)
            .await;
        outcome.map_err(MembersError::Command)?
    }

    /// Joins a voice channel or moves to it, and waits for the voice state and the voice server (op 4, protocol §12).
    ///
    /// Needs the permissions `VIEW_CHANNEL` and `CONNECT` in the channel; Discord sends nothing at all if the bot lacks one or
    /// the channel is full, so that the call ends by its time.
    /// A second join or leave of the same guild replaces one that waits.
    /// This is the Gateway's half: audio goes over a Lavalink node, which takes the credentials.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#update-voice-state)
    ///
    /// # Errors
    /// [`VoiceError`]; without the intent `GUILD_VOICE_STATES` at once.
    ///
    /// [`VoiceError::TimedOut`] says which of the two answers did not come.
    ///
    /// # Examples
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, model::id::Id};
    /// use antiphon_sim::Simulator;
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let discord = sim.discord();
    /// let intents = Intents::GUILDS | Intents::GUILD_VOICE_STATES;
    /// let config = Config::new(discord.token(), intents).network(sim.network()).clock(sim.clock());
    /// let (client, source) = antiphon_discord::connect(config);
    ///
    /// // The source runs while its events are read, here by a stream and usually by an app.
    /// let mut events = source.events(CancellationToken::new());
    /// let reading = async { while events.next().await.is_some() {} };
    /// let visit = async {
    ///     let (choir, tower) = (Id::new(discord.guild_id()), Id::new(discord.voice_channel_id()));
    ///     let (mute, deaf) = (false, true);
    ///     let voice = client.join_voice(choir, tower, mute, deaf).await?;
    ///     assert_eq!(voice.channel, tower);
    ///     client.leave_voice(choir).await?;
    ///     Ok::<_, Box<dyn std::error::Error>>(())
    /// };
    /// tokio::select! {
    ///     () = reading => panic!("the source ended"),
    ///     visited = visit => visited?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn join_voice(
        &self,
        guild: Id<GuildMarker>,
        channel: Id<ChannelMarker>,
        mute: bool,
        deaf: bool,
    ) -> Result<VoiceConnection, VoiceError> {
        if !self
            .shared
            .rules
            .intents
            .contains(Intents::GUILD_VOICE_STATES)
        {
            return Err(VoiceError::IntentMissing);
        }
        if let Some(remote) = self.shared.remote.get() {
            return relay::join(remote, guild, channel, mute, deaf).await;
        }
        let by = self.deadline();
        let update = UpdateVoiceState {
            guild: guild.get(),
            channel: Some(channel.get()),
            mute,
            deaf,
        };
        let (reply, answer) = oneshot::channel();
        let outcome = self
            .ask(guild, Command::Join { update, reply }, answer, by)
            .await;
        outcome.map_err(VoiceError::Command)?
    }

    /// Leaves the voice channel of a guild (op 4).
    ///
    /// A join of the guild that waits fails with [`VoiceError::Superseded`].
    /// Leaving where the bot is in no channel does nothing.
    ///
    /// # Errors
    /// [`CommandError`] if it could not be sent.
    pub async fn leave_voice(&self, guild: Id<GuildMarker>) -> Result<(), CommandError> {
        self.update_voice_state(guild, None, false, false).await
    }

    /// Sends a voice state without waiting for an answer (op 4); `None` as the channel leaves.
    ///
    /// It mutes or deafens the bot in the channel where it is, too: name that channel again.
    /// The answers come as the events [`VoiceStateUpdate`](crate::VoiceStateUpdate) and, after a join or a move,
    /// [`VoiceServerUpdate`](crate::VoiceServerUpdate).
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#update-voice-state)
    ///
    /// # Errors
    /// [`CommandError`] if it could not be sent.
    pub async fn update_voice_state(
        &self,
        guild: Id<GuildMarker>,
        channel: Option<Id<ChannelMarker>>,
        mute: bool,
        deaf: bool,
    ) -> Result<(), CommandError> {
        let update = UpdateVoiceState {
            guild: guild.get(),
            channel: channel.map(Id::get),
            mute,
            deaf,
        };
        self.send(guild, wire::voice_state(&update), Some(update.guild))
            .await
    }

    /// Requests the sounds of guilds (op 31); each guild is answered with a [`SoundboardSounds`](crate::SoundboardSounds).
    ///
    /// One frame goes to each shard of the guilds; a list of more than about 180 guilds on one shard is longer than a frame may
    /// be.
    /// Guilds of shards that run elsewhere are refused, after the frames for shards with lower numbers were sent.
    ///
    /// [Discord's page](https://discord.com/developers/docs/events/gateway-events#request-soundboard-sounds)
    ///
    /// # Errors
    /// [`CommandError`] if it could not be sent to every guild's shard.
    pub async fn request_soundboard_sounds(
        &self,
        guilds: impl IntoIterator<Item = Id<GuildMarker>>,
    ) -> Result<(), CommandError> {
        if let Some(remote) = self.shared.remote.get() {
            return relay::sounds(remote, guilds.into_iter().collect()).await;
        }
        let shards = self.shard_set(self.deadline()).await?;
        let mut by_shard: BTreeMap<u32, Vec<Id<GuildMarker>>> = BTreeMap::new();
        for guild in guilds {
            by_shard
                .entry(shards.shard_of(guild))
                .or_default()
                .push(guild);
        }
        for guilds in by_shard.into_values() {
            let ids: Vec<u64> = guilds.iter().map(|guild| guild.get()).collect();
            let frame = wire::request_soundboard_sounds(&ids);
            self.send(guilds[0], frame, None).await?;
        }
        Ok(())
    }

    /// Requests status and start time of a guild's voice channels (op 43), answered with a [`ChannelInfo`](crate::ChannelInfo).
    ///
    /// Both values come later as [`VoiceChannelStatusUpdate`](crate::VoiceChannelStatusUpdate) and
    /// [`VoiceChannelStartTimeUpdate`](crate::VoiceChannelStartTimeUpdate), whenever they change.
    ///
    /// # Errors
    /// [`CommandError`] if it could not be sent.
    pub async fn request_channel_info(&self, guild: Id<GuildMarker>) -> Result<(), CommandError> {
        let frame = wire::request_channel_info(guild.get());
        self.send(guild, frame, None).await
    }

    /// Time from a shard's last heartbeat to its acknowledgement; absent before the first, and for a shard elsewhere.
    ///
    /// It is measured once per heartbeat, about every 41 s.
    pub fn latency(&self, shard: u32) -> Option<Duration> {
        if self.shared.remote.get().is_some() {
            let seen = self.shared.seen();
            return seen.shards().find(|seen| seen.id == shard)?.latency;
        }
        let shards = self.shared.shards.borrow();
        let handle = shards.as_ref()?.handles.get(&shard)?;
        *handle.latency.borrow()
    }

    /// State of each shard that runs here; empty until the number of shards is known.
    ///
    /// Sorted by number. The number is known when [`Config::shards`](crate::Config::shards) names it, when kept sessions can be
    /// resumed, or when Discord has recommended one.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, Shards};
    /// use antiphon_sim::Simulator;
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::GUILDS).shards(Shards::Count(2));
    /// let (client, source) = antiphon_discord::connect(config.network(sim.network()).clock(sim.clock()));
    ///
    /// let mut events = source.events(CancellationToken::new());
    /// let mut ready = 0;
    /// while ready < 2 {
    ///     let event = events.next().await.expect("the source runs")?;
    ///     ready += u32::from(event.kind().as_str() == "discord.READY");
    /// }
    /// let shards = client.shards();
    /// assert_eq!(shards.iter().map(|shard| (shard.id, shard.count)).collect::<Vec<_>>(), [(0, 2), (1, 2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shards(&self) -> Vec<ShardInfo> {
        if self.shared.remote.get().is_some() {
            return self.shared.seen().shards().collect();
        }
        let shards = self.shared.shards.borrow();
        let Some(shards) = shards.as_ref() else {
            return Vec::new();
        };
        let infos = shards.handles.iter().map(|(&id, handle)| ShardInfo {
            id,
            count: shards.count,
            link: handle.link.borrow().clone(),
            latency: *handle.latency.borrow(),
        });
        infos.collect()
    }

    /// Number of the shard that a guild belongs to; absent until the number of shards is known.
    ///
    /// It is `(guild >> 22) % count` ([Discord's page](https://discord.com/developers/docs/events/gateway#sharding)); direct
    /// messages come to shard 0.
    /// The shard may run elsewhere.
    pub fn shard_of(&self, guild: Id<GuildMarker>) -> Option<u32> {
        self.shard_count().map(|count| shard_of(guild, count))
    }

    /// Number of shards of the bot, here or in the process that runs them.
    pub(crate) fn shard_count(&self) -> Option<u32> {
        if self.shared.remote.get().is_some() {
            return self.shared.seen().count;
        }
        let shards = self.shared.shards.borrow();
        shards.as_ref().map(|shards| shards.count)
    }

    /// Latest time by which a command must have found its connection.
    fn deadline(&self) -> Instant {
        Instant::now() + self.shared.rules.timeout
    }

    /// Checks that a request for members can be answered.
    fn allows(&self, query: &MemberQuery) -> Result<(), CommandError> {
        let invalid = |reason: &str| Err(CommandError::Invalid(ConfigError::new("query", reason)));
        let intents = self.shared.rules.intents;
        if query.user_count() > MOST_USERS {
            return invalid("more than 100 users");
        }
        let (prefix, limit, users) = query.parts();
        if users.is_some_and(<[_]>::is_empty) {
            return invalid("no users");
        }
        if prefix.is_some_and(|prefix| !prefix.is_empty()) && !(1..=100).contains(&limit) {
            return invalid("a prefix needs a limit from 1 to 100");
        }
        if prefix == Some("") && limit == 0 && !intents.contains(Intents::GUILD_MEMBERS) {
            return invalid(
                "all members need the intent GUILD_MEMBERS (bit 1); add it to the intents",
            );
        }
        if query.has_presences() && !intents.contains(Intents::GUILD_PRESENCES) {
            return invalid(
                "presences need the intent GUILD_PRESENCES (bit 8); add it to the intents",
            );
        }
        // The nonce of a request has at most 32 bytes.
        fits(&wire::request_members(query, &"n".repeat(32)))
    }

    /// Sends a finished frame to a guild's shard; `voice` is the guild whose open join it replaces.
    pub(crate) async fn send(
        &self,
        guild: Id<GuildMarker>,
        frame: String,
        voice: Option<u64>,
    ) -> Result<(), CommandError> {
        fits(&frame)?;
        if let Some(remote) = self.shared.remote.get() {
            return relay::send(remote, guild, frame, voice).await;
        }
        let by = self.deadline();
        let (reply, answer) = oneshot::channel();
        let command = Command::Send {
            frame,
            voice,
            reply,
        };
        self.ask(guild, command, answer, by).await
    }

    /// Sends a command to a guild's shard and waits for its outcome.
    async fn ask<T>(
        &self,
        guild: Id<GuildMarker>,
        command: Command,
        answer: oneshot::Receiver<T>,
        by: Instant,
    ) -> Result<T, CommandError> {
        let shards = self.shard_set(by).await?;
        let handle = shards.handle(shards.shard_of(guild))?;
        self.give(handle, command, by).await?;
        self.answered(handle, answer).await
    }

    /// Waits until the number of shards is known.
    async fn shard_set(&self, by: Instant) -> Result<Arc<ShardSet>, CommandError> {
        let mut watch = self.shared.shards.subscribe();
        if matches!(*self.shared.link.borrow(), LinkState::Stopped { .. }) {
            return Err(self.not_connected(None));
        }
        match timeout_at(by, watch.wait_for(Option::is_some)).await {
            Ok(Ok(shards)) => Ok(Arc::clone(shards.as_ref().expect("waited for"))),
            _ => Err(self.not_connected(None)),
        }
    }

    /// Waits for a shard's connection, and queues the command.
    async fn give(
        &self,
        handle: &ShardHandle,
        command: Command,
        by: Instant,
    ) -> Result<(), CommandError> {
        let mut link = handle.link.clone();
        let is_up = {
            // The awaited value borrows the state, so it is dropped at once.
            let up = timeout_at(by, link.wait_for(LinkState::is_connected)).await;
            matches!(up, Ok(Ok(_)))
        };
        if !is_up {
            return Err(self.not_connected(Some(handle)));
        }
        match timeout_at(by, handle.commands.send(command)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(self.not_connected(Some(handle))),
        }
    }

    /// Waits for an answer, until there has been no connection for a whole timeout.
    ///
    /// A command may wait for the rate limiter for up to a minute.
    async fn answered<T>(
        &self,
        handle: &ShardHandle,
        mut answer: oneshot::Receiver<T>,
    ) -> Result<T, CommandError> {
        let mut was_down = false;
        loop {
            tokio::select! {
                answer = &mut answer => {
                    return answer.map_err(|_| self.not_connected(Some(handle)));
                }
                () = sleep(self.shared.rules.timeout) => {
                    let is_down = !handle.link.borrow().is_connected();
                    if is_down && was_down {
                        return Err(self.not_connected(Some(handle)));
                    }
                    was_down = is_down;
                }
            }
        }
    }

    /// Describes a shard's connection, or that of the whole source once it has ended.
    fn not_connected(&self, handle: Option<&ShardHandle>) -> CommandError {
        let source = NotConnected::new(self.shared.link.borrow().clone());
        let error = match handle {
            Some(handle) if source.is_transient() => {
                NotConnected::new(handle.link.borrow().clone())
            }
            _ => source,
        };
        CommandError::NotConnected(error)
    }
}

/// Checks the length of a frame (protocol §1).
fn fits(frame: &str) -> Result<(), CommandError> {
    if frame.len() > wire::LONGEST_FRAME {
        return Err(CommandError::TooLong(frame.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_a_handler<F: Future + Send>(_: F) {}

    #[tokio::test]
    async fn what_goes_over_the_gateway_can_be_awaited_in_a_handler() {
        let (client, _source) = crate::connect(crate::Config::new("t0", Intents::all()));
        let (guild, channel) = (Id::new(1), Id::new(2));
        in_a_handler(client.join_voice(guild, channel, false, false));
        in_a_handler(client.leave_voice(guild));
        in_a_handler(client.update_voice_state(guild, None, false, false));
        in_a_handler(client.update_presence(Presence::invisible()));
        in_a_handler(client.request_members(MemberQuery::all(guild)));
        in_a_handler(client.request_soundboard_sounds([guild]));
        in_a_handler(client.request_channel_info(guild));
    }
}
