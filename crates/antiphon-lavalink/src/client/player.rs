//! A handle on a player.
//!
//! Each action is one command, and each command at most one request to the node: joining a channel also costs op 4 of
//! the Gateway. `player/command.rs` carries them out, `player/request.rs` sends them one at a time.
//!
//! # Order
//! Actions of one player run in the order of their calls, over all handles. A request waits for the one before it, and
//! while the player's node is away; at most 32 wait. A call that is dropped before its request was sent is left out;
//! one that was sent cannot be taken back.
//!
//! # Before the channel
//! Playing, pausing, seeking, volume and filters need a player that is in a channel or joining one, and fail with
//! [`PlayerError::InvalidChannelState`] without. While it joins, they wait for the node to have the voice connection.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{Node, PlayerQueue, SLACK, Shared, call_player};
use crate::{
    error::{InvalidNodeError, PlayerError},
    model::{
        AutoPlayMode, ChannelId, GuildId, Lyrics, LyricsOptions, NodeId, Playable, Transition,
    },
    player::{
        Declaration, LYRICS, MAX_VOLUME, Operation, Part, PlayOptions, PlayerCommand, SPONSORBLOCK,
    },
    pool::PoolCommand,
    wire::Filters,
};

/// Options of [`Player::connect_with`].
///
/// An option that is not set keeps the player's value, so that joining a second time changes nothing by accident.
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
    /// Options with these values.
    pub(crate) fn of(
        (self_deaf, self_mute): (Option<bool>, Option<bool>),
        timeout: Duration,
        node: Option<NodeId>,
    ) -> Self {
        Self {
            self_deaf,
            self_mute,
            timeout: Some(timeout),
            node,
        }
    }

    /// Creates the defaults: deafened and muted as before, the pool's timeout, and a node of the pool's choice.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the bot is deafened. Default: as before, at first no.
    ///
    /// Music bots deafen themselves by custom: members see that the bot does not listen. It changes nothing for the
    /// node.
    #[must_use]
    pub fn self_deaf(mut self, deaf: bool) -> Self {
        self.self_deaf = Some(deaf);
        self
    }

    /// Sets whether the bot is muted. Default: as before, at first no.
    ///
    /// A muted bot is not heard, whatever it plays.
    #[must_use]
    pub fn self_mute(mut self, mute: bool) -> Self {
        self.self_mute = Some(mute);
        self
    }

    /// Sets how long connecting may take. Default: [`Config::action_timeout`](crate::Config::action_timeout), 10 s.
    ///
    /// Discord may hold back op 4 for some time under its rate limit, so a much shorter time fails where a second
    /// attempt would not.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the player's node. Default: the node with the lowest penalty in the voice server's region, else of all.
    ///
    /// A player that has a node stays there; [`Player::switch_node`] moves it. If the chosen node is not connected when
    /// the player needs one, the pool chooses another.
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
/// # Life of a player
/// - It begins with [`connect`](Self::connect), or with the first change of its queue, autoplay or inactivity timeout.
/// - It moves with the bot: whoever drags the bot to another channel moves the player.
/// - It ends with [`disconnect`](Self::disconnect), when the bot is kicked from the channel or the channel is deleted,
///   when its node is closed without failover, and when a voice connection cannot be made. Its queue ends with it.
/// - A restart does not end it: track, position, queue, volume and filters come back.
///
/// # Examples
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
///
/// A command `/pause`, with words for people:
///
/// ```no_run
/// use antiphon_lavalink::{Player, PlayerError};
///
/// async fn pause_or_resume(player: &Player) -> Result<&'static str, PlayerError> {
///     if player.current().is_none() {
///         return Ok("Nothing plays.");
///     }
///     let pauses = !player.paused();
///     player.pause(pauses).await?;
///     Ok(if pauses { "Paused." } else { "Here we go." })
/// }
///
/// async fn reply(player: Player) -> String {
///     match pause_or_resume(&player).await {
///         Ok(words) => words.into(),
///         Err(PlayerError::InvalidChannelState(_)) => "I am in no channel; call /join first.".into(),
///         Err(error) if error.is_transient() => "The music server is away; try again.".into(),
///         Err(error) => format!("That failed: {error}"),
///     }
/// }
/// ```
///
/// The progress of a track, as bots show it:
///
/// ```no_run
/// use antiphon_lavalink::Player;
///
/// fn progress(player: &Player) -> Option<String> {
///     let track = player.current()?;
///     let seconds = player.position().as_secs();
///     let at = format!("{}:{:02}", seconds / 60, seconds % 60);
///     Some(match track.duration() {
///         Some(length) => {
///             let share = player.position().as_secs_f64() / length.as_secs_f64();
///             format!("{at} ({:.0} %) {}", share * 100.0, track.title)
///         }
///         // A stream has no end.
///         None => format!("{at} live {}", track.title),
///     })
/// }
/// ```
///
/// All of it against the simulator, from a search to the stop:
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{
///     Config, Filters, NodeConfig, PlayerError, Pool, QueueMode, Timescale, TrackSource, VoiceRequest, connect,
/// };
/// # use std::sync::{Arc, OnceLock};
/// # use antiphon_core::{BoxError, BoxFuture};
/// # use antiphon_lavalink::{VoiceServer, VoiceState};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # /// Discord's two answers to op 4.
/// # fn discord(pool: &Pool, request: VoiceRequest) {
/// #     pool.voice_state_update(VoiceState {
/// #         guild: request.guild,
/// #         user: 77.into(),
/// #         channel: request.channel,
/// #         session_id: "session".into(),
/// #     });
/// #     if request.channel.is_some() {
/// #         pool.voice_server_update(VoiceServer {
/// #             guild: request.guild,
/// #             token: "token".into(),
/// #             endpoint: Some("c-fra01.discord.media:443".into()),
/// #         });
/// #     }
/// # }
/// #
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// for title in ["Matins", "Vespers", "Evensong"] {
///     sim.lavalink().add_track(&format!("{title:_<11}"), "Loft Choir", title, 180_000);
/// }
/// let nodes = ["eu-1", "us-1"].map(|name| {
///     let node = sim.lavalink().node(name);
///     NodeConfig::new(name, node.url(), node.password()).region(&name[..2])
/// });
/// # let cell: Arc<OnceLock<Pool>> = Arc::default();
/// # let of_gateway = Arc::clone(&cell);
/// let config = Config::new(77, nodes).network(sim.network()).clock(sim.clock());
/// # let config = config.voice_gateway(move |request: VoiceRequest| {
/// #     let pool = of_gateway.get().cloned();
/// #     Box::pin(async move {
/// #         pool.iter().for_each(|pool| discord(pool, request));
/// #         Ok(())
/// #     }) as BoxFuture<'static, Result<(), BoxError>>
/// # });
/// let (pool, source) = connect(config);
/// # cell.set(pool.clone()).expect("set once");
/// let mut events = source.events(CancellationToken::new());
/// let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
/// pool.connect().await?;
///
/// // The voice server is in Frankfurt, so the node in Europe is chosen.
/// let player = pool.player_in(1);
/// assert!(matches!(player.pause(true).await, Err(PlayerError::InvalidChannelState(_))));
/// player.connect(6).await?;
/// let node = player.node().expect("assigned");
/// assert_eq!(node.identifier().as_str(), "eu-1");
///
/// // A search result, shuffled and looped.
/// let found = pool.search("loft choir", &TrackSource::YouTube).await?;
/// let queue = player.queue();
/// assert_eq!(queue.put(found).await?, 3);
/// queue.shuffle().await?;
/// queue.set_mode(QueueMode::LoopAll).await?;
/// player.play(queue.get().await?).await?;
/// assert_eq!((player.playing(), queue.count()), (true, 2));
///
/// // The position follows the clock, at the speed of the filters.
/// player.seek(Duration::from_secs(60)).await?;
/// player.set_filters(Filters::new().timescale(Timescale::new().speed(2.0)), false).await?;
/// tokio::time::sleep(Duration::from_secs(10)).await;
/// assert!(player.position() >= Duration::from_secs(75), "{:?}", player.position());
/// player.pause(true).await?;
/// let stands = player.position();
/// tokio::time::sleep(Duration::from_secs(10)).await;
/// assert_eq!(player.position(), stands);
///
/// // To another node and back to silence.
/// player.switch_node("us-1").await?;
/// assert_eq!(player.node().map(|node| node.identifier().to_string()).as_deref(), Some("us-1"));
/// assert!(player.paused() && player.position() >= Duration::from_secs(75));
/// let was = player.stop().await?.expect("a track");
/// assert_eq!(was.author, "Loft Choir");
/// assert!(player.current().is_none());
/// player.disconnect().await?;
/// # reader.abort();
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

    /// Sends a command with a reply, and waits for it.
    pub(crate) async fn act(
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

    /// Queues a request that changes the current track or the player.
    async fn change(&self, operation: Operation) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Change { operation, reply })
            .await
            .map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The channel.

    /// Joins a voice channel, or moves to it, and waits until the node was given the voice connection.
    ///
    /// Op 4 goes out by [`Config::voice_gateway`](crate::Config::voice_gateway); Discord's two events must reach the
    /// pool ([`Pool::voice_state_update`](crate::Pool::voice_state_update),
    /// [`Pool::voice_server_update`](crate::Pool::voice_server_update)). The bot needs Discord's rights *Connect* and
    /// *Speak*. If Discord sends no pair within 10 s, the bot leaves and joins once more (protocol §9). An attempt
    /// goes on after the call gave up, and the player ends if the second one fails too.
    ///
    /// It returns at once if the bot is in that channel already; op 4 is sent all the same.
    ///
    /// # Errors
    /// - [`PlayerError::ChannelTimeout`] if Discord or the node takes too long, as with a full channel or without the
    ///   right to connect. Discord sends no reason.
    /// - [`PlayerError::Gateway`] if op 4 could not be sent.
    /// - [`PlayerError::Disconnected`] if the player was disconnected meanwhile.
    /// - [`PlayerError::NotConnected`] if the source does not run, and at once if every node was closed. Where a node is
    ///   being connected, or waits for its next attempt, the call waits for it, and then fails with this error.
    /// - [`PlayerError::InvalidNode`] if the player's own node is not connected again in time.
    pub async fn connect(&self, channel: impl Into<ChannelId>) -> Result<(), PlayerError> {
        self.connect_with(channel, ConnectOptions::new()).await
    }

    /// Joins a voice channel with options.
    ///
    /// # Errors
    /// As [`Player::connect`]; [`PlayerError::InvalidNode`] for an unknown node.
    ///
    /// With an unknown node no op 4 is sent, and no player is created.
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
        match entered.await {
            // Discord is not to blame where no node could take the voice connection.
            Err(PlayerError::ChannelTimeout(limit)) => {
                match self.shared.late(Some(self.guild), limit) {
                    PlayerError::TimedOut(limit) => Err(PlayerError::ChannelTimeout(limit)),
                    away => Err(away),
                }
            }
            entered => entered.map(drop),
        }
    }

    /// Moves to another channel, deafened and muted as before; `None` disconnects.
    ///
    /// The track plays on: the node is given the new voice connection, not a new track.
    ///
    /// # Errors
    /// As [`Player::connect`]; as [`Player::disconnect`] for `None`.
    pub async fn move_to(&self, channel: Option<ChannelId>) -> Result<(), PlayerError> {
        match channel {
            Some(channel) => self.connect(channel).await,
            None => self.disconnect().await,
        }
    }

    /// Leaves the channel and deletes the player with its queue.
    ///
    /// It returns once op 4 is on its way; neither Discord nor the node is waited for. Requests that wait fail with
    /// [`PlayerError::Disconnected`].
    ///
    /// # Errors
    /// [`PlayerError::InvalidChannelState`] if there is no player; [`PlayerError::NotConnected`] if the source does not
    /// run.
    pub async fn disconnect(&self) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Disconnect { reply })
            .await
            .map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Playing.

    /// Plays a track, in place of the current one, from its start.
    ///
    /// The track becomes the queue's loaded one and is added to its history; the queue itself stays. The player is not
    /// resumed by it: a paused player stays paused, see [`PlayOptions::paused`].
    ///
    /// It returns when the node accepted the track, which is before audio flows. A track that cannot be loaded is
    /// accepted all the same, and fails with [`TrackException`](crate::TrackException).
    ///
    /// # Errors
    /// [`PlayerError`]; [`PlayerError::InvalidChannelState`] before [`Player::connect`], [`PlayerError::Request`] if
    /// the node refuses.
    pub async fn play(&self, track: impl Into<Arc<Playable>>) -> Result<(), PlayerError> {
        self.play_with(track, PlayOptions::new()).await
    }

    /// Plays a track with options; see [`PlayOptions`] for each.
    ///
    /// With [`PlayOptions::replace`] set to no and a track that plays, nothing changes but volume and filters, and the
    /// call succeeds.
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
    /// The position stands while paused. A player without a track can be paused too; the next track then begins paused.
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`].
    pub async fn pause(&self, paused: bool) -> Result<(), PlayerError> {
        self.change(Operation::Pause(paused)).await
    }

    /// Seeks in the track; does nothing without one.
    ///
    /// Nodes ignore a seek in a stream ([`TrackInfo::is_seekable`](crate::TrackInfo)), and respond as if they had done
    /// it.
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`].
    pub async fn seek(&self, position: Duration) -> Result<(), PlayerError> {
        let position = i64::try_from(position.as_millis()).unwrap_or(i64::MAX);
        self.change(Operation::Seek(position)).await
    }

    /// Stops and returns the track that was playing. The queue does not go on by itself.
    ///
    /// The player stays in its channel, and its inactivity timeout begins. Recommendations that are being loaded do not
    /// start either.
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`]. Without a track the call succeeds.
    pub async fn stop(&self) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Stop { reply }).await
    }

    /// Skips to the next track of the queue and returns the track that was playing.
    ///
    /// With `force` a looped track is skipped too; without, [`QueueMode::Loop`](crate::QueueMode::Loop) plays it again.
    /// The next track follows in every [`AutoPlayMode`]; with [`AutoPlayMode::Enabled`] and an empty queue, a
    /// recommendation does. Nothing happens without a track, so the first track of a queue is played by
    /// [`play`](Self::play).
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`].
    pub async fn skip(&self, force: bool) -> Result<Option<Arc<Playable>>, PlayerError> {
        self.act(|reply| PlayerCommand::Skip { force, reply }).await
    }

    /// Sets the volume in percent, 0 to 1000. Higher values count as 1000.
    ///
    /// 100 is the track as it is; more may distort. It stays for all later tracks. [`Filters::volume`] is a factor
    /// beside it.
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`].
    pub async fn set_volume(&self, volume: u16) -> Result<(), PlayerError> {
        self.change(Operation::Volume(volume.min(MAX_VOLUME))).await
    }

    /// Replaces all filters. With `seek` the node seeks to the current position, so that they are heard at once.
    ///
    /// Without `seek` the node first plays what it has buffered. To change one filter and keep the others:
    ///
    /// ```no_run
    /// use antiphon_lavalink::{Filters, Player, PlayerError, Rotation};
    ///
    /// async fn rotate(player: &Player) -> Result<(), PlayerError> {
    ///     let mut filters = Filters::clone(&player.filters());
    ///     filters.set_filters(Filters::new().rotation(Rotation::new().rotation_hz(0.2)));
    ///     player.set_filters(filters, true).await
    /// }
    ///
    /// async fn plain(player: &Player) -> Result<(), PlayerError> {
    ///     player.set_filters(Filters::new(), true).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PlayerError`], as [`Player::play`]; [`PlayerError::Request`] with status 400 for a filter that the node has
    /// disabled.
    pub async fn set_filters(&self, filters: Filters, seek: bool) -> Result<(), PlayerError> {
        let filters = Arc::new(filters);
        self.change(Operation::Filters { filters, seek }).await
    }

    /// Moves to another node, and plays on there.
    ///
    /// The node is given voice connection, track, position, pause, volume and filters in one request, and the former
    /// node destroys its player. [`PlayerMigrated`](crate::PlayerMigrated) follows, with
    /// [`MoveReason::Requested`](crate::MoveReason::Requested). A player that has no node yet will be assigned this
    /// one.
    ///
    /// # Errors
    /// [`PlayerError::InvalidNode`] if the player is at that node, or the node is unknown or not connected;
    /// [`PlayerError::InvalidChannelState`] without a player.
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
    /// It needs no request. It creates the player if there is none, so it may be called before
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_autoplay(&self, mode: AutoPlayMode) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Autoplay(mode, reply))
            .await
            .map(drop)
    }

    /// Plays the track before the current one, from the history; the current one waits before all others then.
    ///
    /// Returns the track, or `None` if nothing was played before. A track that was played without history
    /// ([`PlayOptions::add_history`]) is not found.
    ///
    /// # Errors
    /// As [`play`](Self::play); queue and history are as before then.
    pub async fn play_previous(&self) -> Result<Option<Arc<Playable>>, PlayerError> {
        let current = self.current();
        let queue = self.queue();
        let stays = current.clone();
        let before = queue.change(move |queue| queue.step_back(stays.as_ref()));
        let Some(track) = before.await? else {
            return Ok(None);
        };
        if let Err(error) = self.play(Arc::clone(&track)).await {
            let undo = queue.change(move |queue| queue.step_forward(current.as_ref(), track));
            // The error of the play tells more than one of this.
            let _ = undo.await;
            return Err(error);
        }
        Ok(Some(track))
    }

    /// Sets how one track of the queue follows another: gapless or crossfaded, at nodes that take the next track
    /// beforehand ([`Info::has_next_track`](crate::Info::has_next_track), so far `NodeLink` from version 3 on).
    ///
    /// It needs [`AutoPlayMode::Partial`] or [`AutoPlayMode::Enabled`], and no request: the node is told of the next
    /// track while one plays, and again when the queue changes. The end of a track then has the reason
    /// [`Gapless`](crate::TrackEndReason::Gapless) or [`Crossfading`](crate::TrackEndReason::Crossfading). At other
    /// nodes nothing changes, and a player that moves goes on as its node can. It creates the player if there is none,
    /// and is kept over restarts. Default: [`Config::transition`](crate::Config::transition).
    ///
    /// A track that the queue loses in the moment in which the node begins it plays all the same.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_transition(&self, transition: Transition) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Transition(transition, reply))
            .await
            .map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Lyrics.

    /// Lyrics of the current track; `None` if there are none, or nothing plays.
    ///
    /// The node's plugin or server is asked ([`Info::lyrics`](crate::Info::lyrics)).
    ///
    /// # Errors
    /// [`PlayerError::Unsupported`] if the node has no lyrics, [`PlayerError::InvalidNode`] without a connected node,
    /// [`PlayerError::Request`] otherwise.
    pub async fn fetch_lyrics(
        &self,
        options: LyricsOptions,
    ) -> Result<Option<Lyrics>, PlayerError> {
        let node = self.its_node()?;
        node.fetch_current_lyrics(self.guild, self.current().as_deref(), &options)
            .await
            .map_err(PlayerError::of_request)
    }

    /// Subscribes to the lyrics of each track: [`LyricsFound`](crate::LyricsFound) or
    /// [`LyricsNotFound`](crate::LyricsNotFound) when it begins, and [`LyricsLine`](crate::LyricsLine) as it is sung.
    ///
    /// The subscription is state of the player: it is made again after a move to another node, in a new or resumed
    /// session, and after a restart. With `skip_track_source` the source of the track is not asked for lyrics. A node
    /// that the player moves to and that has none of it is reported by [`PluginStateLost`](crate::PluginStateLost).
    ///
    /// ```no_run
    /// use antiphon_lavalink::{LyricsLine, Player, PlayerError};
    ///
    /// async fn karaoke(player: &Player) -> Result<(), PlayerError> {
    ///     player.subscribe_lyrics(false).await
    /// }
    ///
    /// async fn sing(sung: LyricsLine) {
    ///     if !sung.skipped {
    ///         println!("♪ {}", sung.line.text);
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PlayerError::Unsupported`] if the node sends no lines ([`LyricsApi::is_live`](crate::LyricsApi::is_live)).
    /// Before the player has a node the call succeeds, and the node is told later.
    pub async fn subscribe_lyrics(&self, skip_track_source: bool) -> Result<(), PlayerError> {
        self.set_part(Part::Lyrics { skip_track_source }).await
    }

    /// Ends the subscription to lyrics. Lines of the current track may still come, as the plugin sends them.
    ///
    /// # Errors
    /// [`PlayerError`]; the subscription is not made again in any case.
    pub async fn unsubscribe_lyrics(&self) -> Result<(), PlayerError> {
        self.retract(LYRICS).await
    }

    /// Whether it is subscribed to lyrics.
    pub fn lyrics_subscribed(&self) -> bool {
        self.part(LYRICS).is_some()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Plugin state.

    /// Sets the categories of segments that `SponsorBlock` skips, such as `sponsor`
    /// ([`SPONSORBLOCK_CATEGORIES`](crate::SPONSORBLOCK_CATEGORIES)).
    ///
    /// They are state of the player, as the [subscription to lyrics](Self::subscribe_lyrics) is. The
    /// [plugin](https://github.com/topi314/Sponsorblock-Plugin) looks at them when a track begins, so set them before.
    /// `NodeLink` skips segments by itself, from version 3 on.
    ///
    /// ```no_run
    /// use antiphon_lavalink::{Player, PlayerError};
    ///
    /// async fn music_only(player: &Player) -> Result<(), PlayerError> {
    ///     match player.set_sponsorblock(["sponsor", "selfpromo", "music_offtopic"]).await {
    ///         Err(PlayerError::Unsupported(lacks)) => Ok(println!("{lacks}")),
    ///         done => done,
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PlayerError::Unsupported`] if the node lacks it, [`PlayerError::Declaration`] if the texts are too large.
    /// Before the player has a node the call succeeds, and the node is told later.
    pub async fn set_sponsorblock(
        &self,
        categories: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<(), PlayerError> {
        let categories: Vec<String> = categories.into_iter().map(Into::into).collect();
        self.set_part(Part::SponsorBlock(categories.into())).await
    }

    /// Removes the categories of `SponsorBlock`, so that nothing is skipped.
    ///
    /// # Errors
    /// [`PlayerError`]; they are not sent again in any case.
    pub async fn clear_sponsorblock(&self) -> Result<(), PlayerError> {
        self.retract(SPONSORBLOCK).await
    }

    /// The categories of `SponsorBlock` that were set; empty if none were.
    pub fn sponsorblock(&self) -> Vec<String> {
        match self.part(SPONSORBLOCK) {
            Some(Part::SponsorBlock(categories)) => categories.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The categories of `SponsorBlock` as the node has them; `None` if it has none for this player.
    ///
    /// # Errors
    /// As [`fetch_lyrics`](Self::fetch_lyrics).
    pub async fn fetch_sponsorblock(&self) -> Result<Option<Vec<String>>, PlayerError> {
        let node = self.its_node()?;
        node.fetch_sponsorblock(self.guild)
            .await
            .map_err(PlayerError::of_request)
    }

    /// Declares a request of a plugin as state of the player: it is sent now, and again to each new node and session, in
    /// the order of the first declarations, and after a restart.
    ///
    /// It is kept once the node took it. At most 16 declarations with 64 KiB of JSON in all, lyrics and `SponsorBlock`
    /// included. Filters of plugins such as `LavaDSPX` need none: they are in
    /// [`Filters::plugin_filters`](crate::Filters), and sent with the other filters.
    ///
    /// ```no_run
    /// use antiphon_lavalink::{Declaration, Method, Player, PlayerError};
    /// use serde_json::json;
    ///
    /// async fn duck(player: &Player) -> Result<(), PlayerError> {
    ///     let ducking = Declaration::new("ducking", Method::PATCH, "").body(json!({"ducking": true}));
    ///     player.declare(ducking).await
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`PlayerError::Declaration`] if it is not sound, or there are too many.
    /// - [`PlayerError::Unsupported`] if the node lacks the plugin or the route.
    /// - [`PlayerError::Request`] if the node refuses it.
    ///
    /// Before the player has a node the call succeeds, and the node is told later.
    pub async fn declare(&self, declaration: Declaration) -> Result<(), PlayerError> {
        self.set_part(Part::Request(Arc::new(declaration))).await
    }

    /// Gives up the declaration of this name, and sends its [`undo`](Declaration::undo) if it has one. Without such a
    /// declaration nothing happens.
    ///
    /// `sponsorblock` and `lyrics` are names as well.
    ///
    /// # Errors
    /// [`PlayerError`]; it is not sent again in any case.
    pub async fn retract(&self, name: &str) -> Result<(), PlayerError> {
        let name = name.to_owned();
        self.act(|reply| PlayerCommand::Retract(name, reply))
            .await
            .map(drop)
    }

    /// The names of its plugin state, in the order in which nodes are told: `sponsorblock`, `lyrics` and those of
    /// [declarations](Self::declare).
    pub fn declared(&self) -> Vec<String> {
        let declared = self.shared.snapshot(self.guild, |player| {
            let names = player.declared.iter().map(|part| part.name().to_owned());
            names.collect()
        });
        declared.unwrap_or_default()
    }

    /// Sets a part of the plugin state.
    async fn set_part(&self, part: Part) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Declare(part, reply))
            .await
            .map(drop)
    }

    /// The part of this name.
    fn part(&self, name: &str) -> Option<Part> {
        let part = self.shared.snapshot(self.guild, |player| {
            let mut parts = player.declared.iter();
            parts.find(|part| part.name() == name).cloned()
        });
        part.flatten()
    }

    /// Its node, for a request about the player.
    fn its_node(&self) -> Result<Node, PlayerError> {
        if !self.exists() {
            return Err(PlayerError::InvalidChannelState(self.guild));
        }
        self.node()
            .ok_or(PlayerError::InvalidNode(InvalidNodeError::NoneConnected))
    }

    /// Sets how long the player may be idle before [`InactivePlayer`](crate::InactivePlayer) is emitted; `None`
    /// disables it.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    ///
    /// Default: [`Config::inactive_timeout`](crate::Config::inactive_timeout). It creates the player if there is none.
    /// Zero disables it as well. A player that is idle begins to wait anew.
    pub async fn set_inactive_timeout(&self, timeout: Option<Duration>) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::InactiveTimeout(timeout, reply))
            .await
            .map(drop)
    }

    /// Sets the number of listeners, where it is known. Without listeners, [`InactivePlayer`](crate::InactivePlayer) is
    /// emitted when the third track ends.
    ///
    /// Only Discord knows who is in a channel, so the bot must count its voice states; `None`, the default, means that
    /// nobody counts. Count people only, without bots.
    ///
    /// # Errors
    /// [`PlayerError::InvalidChannelState`] if there is no player; [`PlayerError::NotConnected`] if the source does not
    /// run.
    pub async fn set_listeners(&self, people: Option<usize>) -> Result<(), PlayerError> {
        self.act(|reply| PlayerCommand::Listeners(people, reply))
            .await
            .map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Snapshot.

    /// The player's guild.
    pub fn guild(&self) -> GuildId {
        self.guild
    }

    /// Whether the player exists: all other getters of one that does not exist return their defaults.
    pub fn exists(&self) -> bool {
        self.shared.snapshot(self.guild, |_| ()).is_some()
    }

    /// Its node; `None` before it was assigned one, which needs both halves of Discord's voice connection.
    pub fn node(&self) -> Option<Node> {
        let id = self
            .shared
            .snapshot(self.guild, |player| player.node.clone())
            .flatten()?;
        super::Pool::new(Arc::clone(&self.shared)).node(id)
    }

    /// Its voice channel, or the one that it is joining; absent for a player that was never connected.
    pub fn channel(&self) -> Option<ChannelId> {
        self.shared
            .snapshot(self.guild, |player| player.channel)
            .flatten()
    }

    /// Whether its node reports a voice connection.
    ///
    /// False while the node is away, and for a moment after a move to another channel.
    pub fn connected(&self) -> bool {
        self.shared
            .snapshot(self.guild, |player| player.connected)
            .unwrap_or_default()
    }

    /// Whether it is connected and has a track, paused or not.
    ///
    /// Of a track that was accepted and has not begun, this is true as well.
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

    /// The current track, as the client played or queued it; the node's own if another program began it.
    pub fn current(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.current.clone())
            .flatten()
    }

    /// How one track follows another.
    pub fn transition(&self) -> Transition {
        self.shared
            .snapshot(self.guild, |player| player.transition)
            .unwrap_or_default()
    }

    /// The track before the current one; absent until one ended. It is kept over restarts.
    pub fn previous(&self) -> Option<Arc<Playable>> {
        self.shared
            .snapshot(self.guild, |player| player.previous.clone())
            .flatten()
    }

    /// Position in the track: the last reported one, advanced by the time since, the speed of the filters and pauses.
    ///
    /// Zero without a track, and never beyond the track's length. It stands while the player is paused or its node is
    /// away.
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
    ///
    /// It says nothing of the way between client and node.
    pub fn ping(&self) -> Option<Duration> {
        let ping = self.shared.snapshot(self.guild, |player| player.ping)?;
        u64::try_from(ping).ok().map(Duration::from_millis)
    }

    /// Its filters, as they were last set and accepted.
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

    /// Its queue. With [`AutoPlayMode::Partial`] or [`AutoPlayMode::Enabled`] its tracks follow by themselves.
    pub fn queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, false)
    }

    /// The queue of recommendations that autoplay found.
    pub fn auto_queue(&self) -> PlayerQueue {
        PlayerQueue::new(Arc::clone(&self.shared), self.guild, true)
    }
}
