//! A handle on a player.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{Node, PlayerQueue, SLACK, Shared, call_player};
use crate::{
    error::PlayerError,
    model::{AutoPlayMode, ChannelId, GuildId, NodeId, Playable},
    player::{MAX_VOLUME, Operation, PlayOptions, PlayerCommand},
    pool::PoolCommand,
    wire::Filters,
};

/// Options of [`Player::connect_with`].
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::ConnectOptions;
///
/// let options = ConnectOptions::new().self_deaf(true).timeout(Duration::from_secs(5)).node("eu-1");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    self_deaf: Option<bool>,
    self_mute: Option<bool>,
    timeout: Option<Duration>,
    node: Option<NodeId>,
}

impl ConnectOptions {
    /// Creates the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the bot is deafened. Default: as before, at first no.
    #[must_use]
    pub fn self_deaf(mut self, deaf: bool) -> Self {
        self.self_deaf = Some(deaf);
        self
    }

    /// Sets whether the bot is muted. Default: as before, at first no.
    #[must_use]
    pub fn self_mute(mut self, mute: bool) -> Self {
        self.self_mute = Some(mute);
        self
    }

    /// Sets how long connecting may take. Default: [`Config::action_timeout`](crate::Config::action_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the player's node. Default: the node with the lowest penalty in the voice server's region, else of all.
    #[must_use]
    pub fn node(mut self, node: impl Into<NodeId>) -> Self {
        self.node = Some(node.into());
        self
    }
}

/// A handle on the player of a guild. Cheap to clone.
///
/// Its getters read the latest snapshot, which is empty once the player is gone. Its actions run in order, and each
/// waits for the node's response up to [`Config::action_timeout`](crate::Config::action_timeout).
///
/// ```no_run
/// use std::time::Duration;
///
/// use antiphon_lavalink::{
///     AutoPlayMode, ConnectOptions, Filters, PlayOptions, Player, PlayerError, Pool, Timescale, TrackSource,
/// };
///
/// # async fn example(pool: Pool, guild: u64, channel: u64) -> Result<(), Box<dyn std::error::Error>> {
/// let player = pool.player_in(guild);
/// player.connect_with(channel, ConnectOptions::new().self_deaf(true)).await?;
/// player.set_autoplay(AutoPlayMode::Partial).await?;
///
/// let found = pool.search("riddim", &TrackSource::SoundCloud).await?;
/// player.queue().put(found).await?;
/// let first = player.queue().get().await?;
/// player.play_with(first, PlayOptions::new().start(Duration::from_secs(30)).volume(80)).await?;
///
/// player.set_filters(Filters::new().timescale(Timescale::new().speed(1.25)), true).await?;
/// player.seek(player.position() + Duration::from_secs(10)).await?;
/// if let Some(skipped) = player.skip(false).await? {
///     println!("skipped {}", skipped.title);
/// }
///
/// match player.switch_node("us-1").await {
///     Err(PlayerError::InvalidNode(error)) => println!("stays: {error}"),
///     other => other?,
/// }
/// player.disconnect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Player {
    shared: Arc<Shared>,
    guild: GuildId,
}

impl Player {
    pub(super) fn new(shared: Arc<Shared>, guild: GuildId) -> Self {
        Self { shared, guild }
    }

    async fn act(
        &self,
        command: impl FnOnce(crate::player::Reply) -> PlayerCommand,
    ) -> Result<Option<Arc<Playable>>, PlayerError> {
        call_player(
            &self.shared,
            self.guild,
            self.shared.action_timeout,
            command,
        )
        .await
    }

    async fn change(&self, operation: Operation) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Change { operation, reply })
            .await
            .map(drop)
    }

    async fn send(&self, command: PlayerCommand) -> Result<(), PlayerError> {
        let guild = self.guild;
        let sent = self
            .shared
            .commands
            .send(PoolCommand::Player {
                guild,
                command: Box::new(command),
            })
            .await;
        sent.map_err(|_| PlayerError::NotConnected(self.shared.not_connected()))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The channel.

    /// Joins a voice channel, or moves to it, and waits until the node was given the voice connection.
    ///
    /// # Errors
    /// [`PlayerError::ChannelTimeout`] if Discord or the node takes too long, as with a full channel.
    pub async fn connect(&self, channel: impl Into<ChannelId>) -> Result<(), PlayerError> {
        self.connect_with(channel, ConnectOptions::new()).await
    }

    /// Joins a voice channel with options.
    ///
    /// # Errors
    /// As [`Player::connect`]; [`PlayerError::InvalidNode`] for an unknown node.
    pub async fn connect_with(
        &self,
        channel: impl Into<ChannelId>,
        options: ConnectOptions,
    ) -> Result<(), PlayerError> {
        let within = options.timeout.unwrap_or(self.shared.action_timeout);
        let channel = channel.into();
        let entered = call_player(&self.shared, self.guild, within + SLACK, |reply| {
            PlayerCommand::Enter {
                channel,
                self_deaf: options.self_deaf,
                self_mute: options.self_mute,
                within,
                node: options.node,
                reply,
            }
        });
        entered.await.map(drop)
    }

    /// Moves to another channel, deafened and muted as before; `None` disconnects.
    ///
    /// # Errors
    /// As [`Player::connect`].
    pub async fn move_to(&self, channel: Option<ChannelId>) -> Result<(), PlayerError> {
        match channel {
            Some(channel) => self.connect(channel).await,
            None => self.disconnect().await,
        }
    }

    /// Leaves the channel and deletes the player with its queue.
    ///
    /// # Errors
    /// [`PlayerError`] if there is no player, or the source does not run.
    pub async fn disconnect(&self) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Disconnect { reply })
            .await
            .map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Playing.

    /// Plays a track, in place of the current one.
    ///
    /// # Errors
    /// [`PlayerError`]; [`PlayerError::InvalidChannelState`] before [`Player::connect`].
    pub async fn play(&self, track: impl Into<Arc<Playable>>) -> Result<(), PlayerError> {
        self.play_with(track, PlayOptions::new()).await
    }

    /// Plays a track with options.
    ///
    /// # Errors
    /// As [`Player::play`].
    pub async fn play_with(
        &self,
        track: impl Into<Arc<Playable>>,
        options: PlayOptions,
    ) -> Result<(), PlayerError> {
        let track = track.into();
        let played = self.act(|reply| PlayerCommand::Play {
            track,
            options,
            reply,
        });
        played.await.map(drop)
    }

    /// Pauses or resumes.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn pause(&self, paused: bool) -> Result<(), PlayerError> {
        self.change(Operation::Pause(paused)).await
    }

    /// Seeks in the track; does nothing without one.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn seek(&self, position: Duration) -> Result<(), PlayerError> {
        let position = i64::try_from(position.as_millis()).unwrap_or(i64::MAX);
        self.change(Operation::Seek(position)).await
    }

    /// Stops and returns the track that was playing. The queue does not go on by itself.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn stop(&self) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Stop { reply }).await
    }

    /// Skips to the next track of the queue and returns the track that was playing.
    ///
    /// With `force` a looped track is skipped too.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn skip(&self, force: bool) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Skip { force, reply }).await
    }

    /// Sets the volume in percent, 0 to 1000. Higher values count as 1000.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn set_volume(&self, volume: u16) -> Result<(), PlayerError> {
        self.change(Operation::Volume(volume.min(MAX_VOLUME))).await
    }

    /// Replaces all filters. With `seek` the node seeks to the current position, so that they are heard at once.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn set_filters(&self, filters: Filters, seek: bool) -> Result<(), PlayerError> {
        let filters = Arc::new(filters);
        self.change(Operation::Filters { filters, seek }).await
    }

    /// Moves to another node, and plays on there.
    ///
    /// # Errors
    /// [`PlayerError::InvalidNode`] if the player is at that node, or the node is unknown or not connected.
    pub async fn switch_node(&self, node: impl Into<NodeId>) -> Result<(), PlayerError> {
        let (reply, answer) = oneshot::channel();
        let command = PoolCommand::Switch {
            guild: self.guild,
            node: node.into(),
            reply,
        };
        let within = self.shared.action_timeout;
        self.shared.call(command, answer, within).await?.map(drop)
    }

    /// Sets what follows when a track ends.
    ///
    /// It returns once the command is queued; later actions come after it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_autoplay(&self, mode: AutoPlayMode) -> Result<(), PlayerError> {
        self.send(PlayerCommand::Autoplay(mode)).await
    }

    /// Sets how long the player may be idle before [`InactivePlayer`](crate::InactivePlayer) is emitted; `None`
    /// disables it.
    ///
    /// It returns once the command is queued; later actions come after it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_inactive_timeout(&self, timeout: Option<Duration>) -> Result<(), PlayerError> {
        self.send(PlayerCommand::InactiveTimeout(timeout)).await
    }

    /// Sets the number of listeners, where it is known. Without listeners, [`InactivePlayer`](crate::InactivePlayer) is
    /// emitted when the third track ends.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_listeners(&self, people: Option<usize>) -> Result<(), PlayerError> {
        self.send(PlayerCommand::Listeners(people)).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Snapshot.

    /// The player's guild.
    pub fn guild(&self) -> GuildId {
        self.guild
    }

    /// Whether the player exists.
    pub fn exists(&self) -> bool {
        self.shared.snapshot(self.guild, |_| ()).is_some()
    }

    /// Its node; `None` before it was assigned one.
    pub fn node(&self) -> Option<Node> {
        let id = self
            .shared
            .snapshot(self.guild, |player| player.node.clone())
            .flatten()?;
        super::Pool::new(Arc::clone(&self.shared)).node(id)
    }

    /// Its voice channel, or the one that it is joining.
    pub fn channel(&self) -> Option<ChannelId> {
        self.shared
            .snapshot(self.guild, |player| player.channel)
            .flatten()
    }

    /// Whether its node reports a voice connection.
    pub fn connected(&self) -> bool {
        self.shared
            .snapshot(self.guild, |player| player.connected)
            .unwrap_or_default()
    }

    /// Whether it is connected and has a track, paused or not.
    pub fn playing(&self) -> bool {
        let playing = self.shared.snapshot(self.guild, |player| {
            player.connected && player.current.is_some()
        });
        playing.unwrap_or_default()
    }

    /// Whether it is paused.
    pub fn paused(&self) -> bool {
        self.shared
            .snapshot(self.guild, |player| player.paused)
            .unwrap_or_default()
    }

    /// The current track, as the client played or queued it.
    pub fn current(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.current.clone())
            .flatten()
    }

    /// The track before the current one.
    pub fn previous(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.previous.clone())
            .flatten()
    }

    /// Position in the track: the last reported one, advanced by the time since, the speed of the filters and pauses.
    pub fn position(&self) -> Duration {
        let now = Instant::now();
        let position = self
            .shared
            .snapshot(self.guild, |player| player.position(now));
        Duration::from_millis(
            position
                .and_then(|position| u64::try_from(position).ok())
                .unwrap_or_default(),
        )
    }

    /// Volume in percent; 100 without a player.
    pub fn volume(&self) -> u16 {
        self.shared
            .snapshot(self.guild, |player| player.volume)
            .unwrap_or(100)
    }

    /// Round trip between node and voice server; `None` without a connection.
    pub fn ping(&self) -> Option<Duration> {
        let ping = self.shared.snapshot(self.guild, |player| player.ping)?;
        u64::try_from(ping).ok().map(Duration::from_millis)
    }

    /// Its filters.
    pub fn filters(&self) -> Arc<Filters> {
        self.shared
            .snapshot(self.guild, |player| Arc::clone(&player.filters))
            .unwrap_or_default()
    }

    /// What follows when a track ends.
    pub fn autoplay(&self) -> AutoPlayMode {
        self.shared
            .snapshot(self.guild, |player| player.autoplay)
            .unwrap_or_default()
    }

    /// How long it may be idle before [`InactivePlayer`](crate::InactivePlayer) is emitted; `None` disables it.
    pub fn inactive_timeout(&self) -> Option<Duration> {
        self.shared
            .snapshot(self.guild, |player| player.inactive_timeout)
            .flatten()
    }

    /// Its queue.
    pub fn queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, false)
    }

    /// The queue of recommendations that autoplay found.
    pub fn auto_queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, true)
    }
}
