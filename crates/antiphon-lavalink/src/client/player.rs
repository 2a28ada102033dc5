//! A handle on a player.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{Node, PlayerQueue, SLACK, Shared, done};
use crate::{
    error::PlayerError,
    model::{AutoPlayMode, ChannelId, GuildId, NodeId, Playable},
    player::{MAX_VOLUME, Operation, PlayOptions, PlayerCommand},
    pool::PoolCommand,
    wire::Filters,
};

/// How a channel is entered.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    self_deaf: Option<bool>,
    self_mute: Option<bool>,
    timeout: Option<Duration>,
    node: Option<NodeId>,
}

impl ConnectOptions {
    /// The defaults: hearing and speaking as before, the best node, [`Config::action_timeout`](crate::Config).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the bot hears nothing; the default leaves it, and is no at first.
    #[must_use]
    pub fn self_deaf(mut self, deaf: bool) -> Self {
        self.self_deaf = Some(deaf);
        self
    }

    /// Sets whether the bot says nothing; the default leaves it, and is no at first.
    #[must_use]
    pub fn self_mute(mut self, mute: bool) -> Self {
        self.self_mute = Some(mute);
        self
    }

    /// Sets how long it may take; the default is 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the node; the default is the least busy one of the voice server's region.
    #[must_use]
    pub fn node(mut self, node: impl Into<NodeId>) -> Self {
        self.node = Some(node.into());
        self
    }
}

/// A handle on the player of a guild: cheap to clone.
///
/// What it tells is what the source knew last, and nothing once the player is gone.
/// What it does is done in order, and waits for the node up to [`Config::action_timeout`](crate::Config).
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
        done(
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

    async fn tell(&self, command: PlayerCommand) -> Result<(), PlayerError> {
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

    /// Enters a voice channel, or moves to it, and waits until the node is in it.
    ///
    /// # Errors
    /// [`PlayerError::ChannelTimeout`] if it took too long, as with a full channel.
    pub async fn connect(&self, channel: impl Into<ChannelId>) -> Result<(), PlayerError> {
        self.connect_with(channel, ConnectOptions::new()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`Player::connect`]; [`PlayerError::InvalidNode`] for a node that is not there.
    pub async fn connect_with(
        &self,
        channel: impl Into<ChannelId>,
        options: ConnectOptions,
    ) -> Result<(), PlayerError> {
        let within = options.timeout.unwrap_or(self.shared.action_timeout);
        let channel = channel.into();
        let entered = done(&self.shared, self.guild, within + SLACK, |reply| {
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

    /// Moves to another channel, hearing and speaking as before; leaves if there is none.
    ///
    /// # Errors
    /// As [`Player::connect`].
    pub async fn move_to(&self, channel: Option<ChannelId>) -> Result<(), PlayerError> {
        match channel {
            Some(channel) => self.connect(channel).await,
            None => self.disconnect().await,
        }
    }

    /// Leaves the channel; the player is gone, with its queue.
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

    /// Plays a track in place of what plays.
    ///
    /// # Errors
    /// [`PlayerError`]; [`PlayerError::InvalidChannelState`] before [`Player::connect`].
    pub async fn play(&self, track: impl Into<Arc<Playable>>) -> Result<(), PlayerError> {
        self.play_with(track, PlayOptions::new()).await
    }

    /// The same, with options.
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

    /// Pauses, or goes on.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn pause(&self, paused: bool) -> Result<(), PlayerError> {
        self.change(Operation::Pause(paused)).await
    }

    /// Goes to a position in the track; does nothing while nothing plays.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn seek(&self, position: Duration) -> Result<(), PlayerError> {
        let position = i64::try_from(position.as_millis()).unwrap_or(i64::MAX);
        self.change(Operation::Seek(position)).await
    }

    /// Stops, and gives the track that was playing. Nothing follows by itself.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn stop(&self) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Stop { reply }).await
    }

    /// Goes on to the next track of the queue, and gives the one that was playing.
    ///
    /// With `force` a looped track is left too.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn skip(&self, force: bool) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Skip { force, reply }).await
    }

    /// Sets the volume in percent, at most 1000; 0 is silent.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn set_volume(&self, volume: u16) -> Result<(), PlayerError> {
        self.change(Operation::Volume(volume.min(MAX_VOLUME))).await
    }

    /// Sets all filters; those that are absent are taken away. With `seek` they are heard at once.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn set_filters(&self, filters: Filters, seek: bool) -> Result<(), PlayerError> {
        let filters = Arc::new(filters);
        self.change(Operation::Filters { filters, seek }).await
    }

    /// Goes on at another node, from where it is.
    ///
    /// # Errors
    /// [`PlayerError::InvalidNode`] if it is there already, or the node is not connected.
    pub async fn switch_node(&self, node: impl Into<NodeId>) -> Result<(), PlayerError> {
        let (reply, answer) = oneshot::channel();
        let command = PoolCommand::Switch {
            guild: self.guild,
            node: node.into(),
            reply,
        };
        let within = self.shared.action_timeout;
        self.shared
            .commanded(command, answer, within)
            .await?
            .map(drop)
    }

    /// Sets what it does by itself when a track ends.
    ///
    /// It returns once the source has been told; whatever is asked for later comes after it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_autoplay(&self, mode: AutoPlayMode) -> Result<(), PlayerError> {
        self.tell(PlayerCommand::Autoplay(mode)).await
    }

    /// Sets after how long without a track it is told on; never if none.
    ///
    /// It returns once the source has been told; whatever is asked for later comes after it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_inactive_timeout(&self, timeout: Option<Duration>) -> Result<(), PlayerError> {
        self.tell(PlayerCommand::InactiveTimeout(timeout)).await
    }

    /// Says how many people listen, where that is known; to nobody it plays three tracks more.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_listeners(&self, people: Option<usize>) -> Result<(), PlayerError> {
        self.tell(PlayerCommand::Listeners(people)).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What it is.

    /// Its guild.
    pub fn guild(&self) -> GuildId {
        self.guild
    }

    /// Whether there is such a player.
    pub fn exists(&self) -> bool {
        self.shared.snapshot(self.guild, |_| ()).is_some()
    }

    /// Its node; none before it has entered a channel.
    pub fn node(&self) -> Option<Node> {
        let id = self
            .shared
            .snapshot(self.guild, |player| player.node.clone())
            .flatten()?;
        super::Pool::new(Arc::clone(&self.shared)).node(id)
    }

    /// Its channel, or the one it is on its way to.
    pub fn channel(&self) -> Option<ChannelId> {
        self.shared
            .snapshot(self.guild, |player| player.channel)
            .flatten()
    }

    /// Whether its node is in the channel, as the node says.
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

    /// The track that plays, as it was given.
    pub fn current(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.current.clone())
            .flatten()
    }

    /// The track that played before.
    pub fn previous(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.previous.clone())
            .flatten()
    }

    /// Where in the track it is: what the node said last, moved on by the time since, its speed and its pauses.
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

    /// Its volume in percent; 100 while there is no player.
    pub fn volume(&self) -> u16 {
        self.shared
            .snapshot(self.guild, |player| player.volume)
            .unwrap_or(100)
    }

    /// From its node to Discord's voice server and back; none while it is not connected.
    pub fn ping(&self) -> Option<Duration> {
        let ping = self.shared.snapshot(self.guild, |player| player.ping)?;
        u64::try_from(ping).ok().map(Duration::from_millis)
    }

    /// What it does to the sound.
    pub fn filters(&self) -> Arc<Filters> {
        self.shared
            .snapshot(self.guild, |player| Arc::clone(&player.filters))
            .unwrap_or_default()
    }

    /// What it does by itself when a track ends.
    pub fn autoplay(&self) -> AutoPlayMode {
        self.shared
            .snapshot(self.guild, |player| player.autoplay)
            .unwrap_or_default()
    }

    /// After how long without a track it is told on.
    pub fn inactive_timeout(&self) -> Option<Duration> {
        self.shared
            .snapshot(self.guild, |player| player.inactive_timeout)
            .flatten()
    }

    /// Its queue.
    pub fn queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, false)
    }

    /// The recommendations that autoplay found.
    pub fn auto_queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, true)
    }
}
