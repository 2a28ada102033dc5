//! Commands of clients whose nodes another process has.
//!
//! Actions of players and nodes go to the process that runs the source; requests about tracks go straight out from every
//! process. Both sides are here: [`Asked`] is what goes there, [`Answered`] is what comes back, and [`serve`] carries it
//! out. Each answer has the player as it is then, so that a getter after an action sees its result, and
//! [`follow`] brings all of them every five seconds.
//!
//! A change of a queue is a closure, which cannot be sent: it runs here, on the queue as the other process has it, and
//! the queue that it leaves takes the place of that one if nobody changed it meanwhile.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher as _},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use antiphon_core::{BoxFuture, Clock, LinkState, RelayError, Remote, Rng, Serve};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    client::{Pool, Shared},
    error::{NotConnected, PlayerError},
    model::{
        AutoPlayMode, ChannelId, GuildId, NodeId, NodeStatus, Playable, Transition,
        playable_from_saved,
    },
    player::{
        Operation, Part, PlayOptions, PlayerCommand, Reply, read_snapshot, save_snapshot, saved,
    },
    pool::PoolCommand,
    queue::{Queue, QueueError, Tracks},
    wire::{Filters, SavedDeclaration, SavedQueue, SavedTrack, SavedTransition},
};

mod failed;

use failed::PlayerFailed;

/// Most bytes of the players in one answer to [`Asked::State`]; those beyond stay as they were seen last.
const PLAYERS: usize = 16 << 20;
/// Most bytes of a queue's tracks that are sent, by estimate.
const QUEUE: usize = 6 << 20;

/// JSON of a track or a player, in its stored form.
type Json = Box<RawValue>;

/// What is asked of the process that runs the source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    /// All nodes and players.
    State,
    /// Waits until a node is connected.
    Connect,
    Reconnect,
    Player {
        guild: GuildId,
        act: Box<Act>,
    },
    Switch {
        guild: GuildId,
        node: String,
    },
    Close {
        node: String,
        failover: bool,
    },
    Queue {
        guild: GuildId,
        auto: bool,
    },
    /// Puts a queue in the place of the one with this digest.
    SetQueue {
        guild: GuildId,
        auto: bool,
        digest: u64,
        queue: Json,
    },
}

/// An action of a player.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Enter {
        channel: ChannelId,
        self_deaf: Option<bool>,
        self_mute: Option<bool>,
        within: Duration,
        node: Option<String>,
    },
    Disconnect,
    Play {
        track: Json,
        options: SentOptions,
    },
    Pause(bool),
    Seek(i64),
    Volume(u16),
    Filters {
        filters: Filters,
        seek: bool,
    },
    Stop,
    Skip {
        force: bool,
    },
    Autoplay(u8),
    Transition(Option<SavedTransition>),
    Declare(SavedDeclaration),
    Retract(String),
    InactiveTimeout(Option<Duration>),
    Listeners(Option<usize>),
    GetWait,
    PutWait(Vec<Json>),
}

/// Options of a play on their way.
#[derive(Debug, Serialize, Deserialize)]
struct SentOptions {
    replace: bool,
    start: Duration,
    end: Option<Duration>,
    volume: Option<u16>,
    paused: Option<bool>,
    add_history: bool,
    filters: Option<Filters>,
    populate: bool,
    max_populate: usize,
}

impl From<PlayOptions> for SentOptions {
    fn from(options: PlayOptions) -> Self {
        Self {
            replace: options.replace,
            start: options.start,
            end: options.end,
            volume: options.volume,
            paused: options.paused,
            add_history: options.add_history,
            filters: options.filters,
            populate: options.populate,
            max_populate: options.max_populate,
        }
    }
}

impl From<SentOptions> for PlayOptions {
    fn from(sent: SentOptions) -> Self {
        Self {
            replace: sent.replace,
            start: sent.start,
            end: sent.end,
            volume: sent.volume,
            paused: sent.paused,
            add_history: sent.add_history,
            filters: sent.filters,
            populate: sent.populate,
            max_populate: sent.max_populate,
        }
    }
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    /// When the other process answered, by its clock, in Unix microseconds.
    at: i64,
    outcome: Result<Said, PlayerFailed>,
    /// The player afterwards; absent if it is gone, or if none was asked about.
    player: Option<SentPlayer>,
}

/// What an action gives.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    /// The track that was playing, or was taken.
    Track(Option<Json>),
    Number(usize),
    Guilds(Vec<GuildId>),
    Queue {
        queue: Json,
        digest: u64,
    },
}

/// A player on its way.
#[derive(Debug, Serialize, Deserialize)]
struct SentPlayer {
    guild: GuildId,
    state: Json,
    connected: bool,
    ping: i64,
}

/// A node on its way.
#[derive(Debug, Serialize, Deserialize)]
struct SentNode {
    id: String,
    /// 0 disconnected, 1 connecting, 2 connected.
    status: u8,
    session_id: Option<String>,
    penalty: f64,
    link: LinkState,
}

/// All nodes and players.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// When the other process looked, by its clock, in Unix microseconds.
    at: i64,
    link: LinkState,
    nodes: Vec<SentNode>,
    /// Every player that exists.
    guilds: Vec<GuildId>,
    /// Those that fit into the answer.
    players: Vec<SentPlayer>,
}

/// The time by this process's clock, in Unix microseconds.
fn now() -> i64 {
    Clock::system().now().as_microsecond()
}

fn track_json(track: &Playable) -> Json {
    let json = serde_json::value::to_raw_value(&track.saved());
    json.expect("texts, numbers and JSON that was read before")
}

fn read_track(json: &RawValue) -> Option<Arc<Playable>> {
    let saved: SavedTrack<'_> = serde_json::from_str(json.get()).ok()?;
    Some(Arc::new(playable_from_saved(saved)))
}

/// The stored form of a queue and its digest.
///
/// # Errors
/// [`RelayError::TooLarge`] if it does not fit whole.
fn queue_json(queue: &Queue) -> Result<(Json, u64), RelayError> {
    let mut budget = QUEUE;
    let saved = queue.saved(&mut budget);
    let too_large = RelayError::TooLarge {
        bytes: QUEUE,
        most: QUEUE,
    };
    if budget == 0 {
        return Err(too_large);
    }
    let json = serde_json::value::to_raw_value(&saved).map_err(|_| too_large)?;
    let mut digest = DefaultHasher::new();
    digest.write(json.get().as_bytes());
    Ok((json, digest.finish()))
}

fn read_queue(json: &RawValue) -> Option<Queue> {
    let saved: SavedQueue<'_> = serde_json::from_str(json.get()).ok()?;
    Some(Queue::restored(saved, Queue::CAPACITY))
}

// ---------------------------------------------------------------------------------------------------------------------
// The asking side.

/// Shows the nodes and players of the other process.
pub(crate) fn follow(remote: Remote, shared: Arc<Shared>, clock: Clock) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let show = |state: Result<State, RelayError>| {
            let link = match state {
                Ok(state) => {
                    let link = state.link.clone();
                    show_state(&shared, state);
                    link
                }
                Err(error) => Remote::unknown_link(clock, &error),
            };
            let change = |shown: &mut LinkState| std::mem::replace(shown, link.clone()) != link;
            shared.link.send_if_modified(change);
        };
        remote.follow(&Asked::State, show).await;
    })
}

fn show_state(shared: &Shared, state: State) {
    let mut sent: HashMap<String, SentNode> = HashMap::new();
    sent.extend(state.nodes.into_iter().map(|node| (node.id.clone(), node)));
    let mut nodes = shared.all_nodes();
    for node in &mut nodes {
        // The other process may have another configuration.
        if let Some(sent) = sent.remove(node.id.as_str()) {
            node.status = match sent.status {
                2 => NodeStatus::Connected,
                1 => NodeStatus::Connecting,
                _ => NodeStatus::Disconnected,
            };
            node.session_id = sent.session_id.map(Into::into);
            node.penalty = sent.penalty;
            node.link = sent.link;
        }
    }
    shared.show_nodes(nodes);
    // An action that was answered since knows more of the players.
    if state.at < shared.answered_at.load(Ordering::Relaxed) {
        return;
    }
    shared.keep_players(&state.guilds);
    for player in state.players {
        show_player(shared, player);
    }
}

fn show_player(shared: &Shared, player: SentPlayer) {
    let SentPlayer {
        guild,
        state,
        connected,
        ping,
    } = player;
    let snapshot = read_snapshot(state.get().as_bytes(), connected, ping, Instant::now());
    shared.show_players(vec![(guild, snapshot)]);
}

/// Has a command carried out that could be done here if the nodes were.
///
/// The command's reply is given as the source would.
pub(crate) async fn command(
    remote: &Remote,
    shared: &Shared,
    command: PoolCommand,
) -> Result<(), PlayerError> {
    match command {
        PoolCommand::Player { guild, command } => {
            let (act, reply) = act_of(*command)?;
            let act = Box::new(act);
            let asked = Asked::Player { guild, act };
            reply.give(ask(remote, shared, Some(guild), &asked).await)
        }
        PoolCommand::Switch { guild, node, reply } => {
            let node = node.as_str().to_owned();
            let said = ask(remote, shared, Some(guild), &Asked::Switch { guild, node }).await;
            Answer::Track(reply).give(said)
        }
        PoolCommand::CloseNode {
            node,
            failover,
            reply,
        } => {
            let node = node.as_str().to_owned();
            match ask(remote, shared, None, &Asked::Close { node, failover }).await? {
                Said::Guilds(guilds) => {
                    // Whoever asked may have given up.
                    let _ = reply.send(guilds);
                    Ok(())
                }
                _ => Err(PlayerError::Relay(RelayError::Lost)),
            }
        }
        PoolCommand::Reconnect => ask(remote, shared, None, &Asked::Reconnect).await.map(drop),
    }
}

/// Waits until a node of the other process is connected.
pub(crate) async fn connect(remote: &Remote, shared: &Shared) -> Result<(), NotConnected> {
    match ask(remote, shared, None, &Asked::Connect).await {
        Ok(_) => Ok(()),
        Err(error) => Err(not_connected(shared, error)),
    }
}

/// The state of the nodes in the other process, or why it cannot be learnt.
pub(crate) fn not_connected(shared: &Shared, error: PlayerError) -> NotConnected {
    match error {
        PlayerError::NotConnected(error) => error,
        PlayerError::Relay(error) => NotConnected {
            state: Remote::unknown_link(Clock::system(), &error),
            ..shared.not_connected()
        },
        _ => shared.not_connected(),
    }
}

/// Runs a change on the queue of the other process.
pub(crate) async fn change<T>(
    remote: &Remote,
    shared: &Shared,
    (guild, auto): (GuildId, bool),
    change: impl FnOnce(&mut Queue, &mut Rng) -> T + Send,
) -> Result<T, PlayerError> {
    let lost = || PlayerError::Relay(RelayError::Lost);
    let said = ask(remote, shared, Some(guild), &Asked::Queue { guild, auto }).await?;
    let Said::Queue { queue, digest } = said else {
        return Err(lost());
    };
    let mut queue = read_queue(&queue).ok_or_else(lost)?;
    let result = change(&mut queue, &mut Rng::new());
    let (queue, changed) = queue_json(&queue).map_err(PlayerError::Relay)?;
    if changed != digest {
        let asked = Asked::SetQueue {
            guild,
            auto,
            digest,
            queue,
        };
        ask(remote, shared, Some(guild), &asked).await?;
    }
    Ok(result)
}

/// Asks, and shows the player as it is afterwards.
async fn ask(
    remote: &Remote,
    shared: &Shared,
    guild: Option<GuildId>,
    asked: &Asked,
) -> Result<Said, PlayerError> {
    let answer = remote.call(asked).await.map_err(PlayerError::Relay)?;
    let (answered, _): (Answered, Bytes) = answer;
    shared.answered_at.fetch_max(answered.at, Ordering::Relaxed);
    match (answered.player, guild) {
        (Some(player), _) => show_player(shared, player),
        (None, Some(guild)) => shared.show_players(vec![(guild, None)]),
        (None, None) => {}
    }
    answered.outcome.map_err(PlayerError::from)
}

/// Where the answer of a command goes.
enum Answer {
    Track(Reply),
    Got(oneshot::Sender<Result<Arc<Playable>, QueueError>>),
    Put(oneshot::Sender<Result<usize, QueueError>>),
}

impl Answer {
    /// Gives what was said; whoever asked may have given up.
    fn give(self, said: Result<Said, PlayerError>) -> Result<(), PlayerError> {
        let lost = || PlayerError::Relay(RelayError::Lost);
        match (self, said) {
            (Self::Track(reply), Ok(Said::Track(track))) => {
                let track = track.as_deref().and_then(read_track);
                drop(reply.send(Ok(track)));
            }
            (Self::Track(reply), Err(error)) => drop(reply.send(Err(error))),
            (Self::Got(reply), Ok(Said::Track(Some(track)))) => {
                let track = read_track(&track).ok_or_else(lost)?;
                drop(reply.send(Ok(track)));
            }
            (Self::Put(reply), Ok(Said::Number(number))) => drop(reply.send(Ok(number))),
            (Self::Got(reply), Err(PlayerError::Queue(error))) => drop(reply.send(Err(error))),
            (Self::Put(reply), Err(PlayerError::Queue(error))) => drop(reply.send(Err(error))),
            (_, Err(error)) => return Err(error),
            _ => return Err(lost()),
        }
        Ok(())
    }
}

/// An action as it is sent, and where its answer goes.
fn act_of(command: PlayerCommand) -> Result<(Act, Answer), PlayerError> {
    let (act, reply) = match command {
        PlayerCommand::Enter {
            channel,
            self_deaf,
            self_mute,
            within,
            node,
            reply,
        } => {
            let node = node.map(|node| node.as_str().to_owned());
            let act = Act::Enter {
                channel,
                self_deaf,
                self_mute,
                within,
                node,
            };
            (act, reply)
        }
        PlayerCommand::Disconnect { reply } => (Act::Disconnect, reply),
        PlayerCommand::Play {
            track,
            options,
            reply,
        } => {
            let (track, options) = (track_json(&track), options.into());
            (Act::Play { track, options }, reply)
        }
        PlayerCommand::Change { operation, reply } => {
            let act = match operation {
                Operation::Pause(paused) => Act::Pause(paused),
                Operation::Seek(position) => Act::Seek(position),
                Operation::Volume(volume) => Act::Volume(volume),
                Operation::Filters { filters, seek } => Act::Filters {
                    filters: (*filters).clone(),
                    seek,
                },
                // No client asks for others.
                _ => return Err(PlayerError::Relay(RelayError::Unknown)),
            };
            (act, reply)
        }
        PlayerCommand::Stop { reply } => (Act::Stop, reply),
        PlayerCommand::Skip { force, reply } => (Act::Skip { force }, reply),
        PlayerCommand::Autoplay(mode, reply) => (Act::Autoplay(saved::number(mode)), reply),
        PlayerCommand::Transition(transition, reply) => {
            let transition = saved::transition_number(transition);
            (Act::Transition(transition), reply)
        }
        PlayerCommand::Declare(part, reply) => (Act::Declare(part.saved()), reply),
        PlayerCommand::Retract(name, reply) => (Act::Retract(name), reply),
        PlayerCommand::InactiveTimeout(timeout, reply) => (Act::InactiveTimeout(timeout), reply),
        PlayerCommand::Listeners(people, reply) => (Act::Listeners(people), reply),
        PlayerCommand::GetWait(reply) => return Ok((Act::GetWait, Answer::Got(reply))),
        PlayerCommand::PutWait(tracks, reply) => {
            let tracks = tracks.iter().map(|track| track_json(track)).collect();
            return Ok((Act::PutWait(tracks), Answer::Put(reply)));
        }
        // Changes of queues run here ([`change`]).
        PlayerCommand::Queue(_) | PlayerCommand::AutoQueue(_) => {
            return Err(PlayerError::Relay(RelayError::Unknown));
        }
    };
    Ok((act, Answer::Track(reply)))
}

// ---------------------------------------------------------------------------------------------------------------------
// The side that carries it out.

/// Carries out what clients in other processes ask for.
pub(crate) fn serve(shared: &Arc<Shared>) -> Serve {
    let shared = Arc::clone(shared);
    Arc::new(move |asked| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let asked = Remote::read(&asked)?;
            Ok(carry_out(&shared, asked).await)
        })
    })
}

async fn carry_out(shared: &Arc<Shared>, asked: Asked) -> Bytes {
    let pool = Pool::new(Arc::clone(shared));
    let guild = match &asked {
        Asked::Player { guild, .. }
        | Asked::Switch { guild, .. }
        | Asked::Queue { guild, .. }
        | Asked::SetQueue { guild, .. } => Some(*guild),
        Asked::State | Asked::Connect | Asked::Reconnect | Asked::Close { .. } => None,
    };
    let nothing = |()| Said::Track(None);
    let outcome = match asked {
        Asked::State => return Remote::answer(&state_of(shared), &[]),
        Asked::Connect => pool
            .connect()
            .await
            .map(nothing)
            .map_err(PlayerError::NotConnected),
        Asked::Reconnect => pool
            .reconnect()
            .await
            .map(nothing)
            .map_err(PlayerError::NotConnected),
        Asked::Player { guild, act } => carry_out_act(&pool, guild, *act).await,
        Asked::Switch { guild, node } => pool.player_in(guild).switch_node(node).await.map(nothing),
        Asked::Close { node, failover } => match pool.node(node) {
            Some(node) => node.close(failover).await.map(Said::Guilds),
            None => Ok(Said::Guilds(Vec::new())),
        },
        Asked::Queue { guild, auto } => queue_of(&pool, guild, auto),
        Asked::SetQueue {
            guild,
            auto,
            digest,
            queue,
        } => set_queue(&pool, (guild, auto), digest, &queue).await,
    };
    let player = guild.and_then(|guild| player_of(shared, guild));
    let answered = Answered {
        at: now(),
        outcome: outcome.map_err(PlayerFailed::from),
        player,
    };
    Remote::answer(&answered, &[])
}

async fn carry_out_act(pool: &Pool, guild: GuildId, act: Act) -> Result<Said, PlayerError> {
    let unknown = || PlayerError::Relay(RelayError::Unknown);
    let queue = pool.player_in(guild).queue();
    let player = pool.player_in(guild);
    let change = |operation| move |reply| PlayerCommand::Change { operation, reply };
    let track = match act {
        Act::GetWait => {
            let track = queue.get_wait().await?;
            return Ok(Said::Track(Some(track_json(&track))));
        }
        Act::PutWait(tracks) => {
            let tracks: Option<Vec<_>> = tracks.iter().map(|json| read_track(json)).collect();
            let tracks = Tracks::from(tracks.ok_or_else(unknown)?);
            return queue.put_wait(tracks).await.map(Said::Number);
        }
        Act::Enter {
            channel,
            self_deaf,
            self_mute,
            within,
            node,
        } => {
            let options = crate::client::ConnectOptions::of(
                (self_deaf, self_mute),
                within,
                node.map(NodeId::from),
            );
            player.connect_with(channel, options).await?;
            None
        }
        Act::Play { track, options } => {
            let track = read_track(&track).ok_or_else(unknown)?;
            let options = options.into();
            let play = |reply| PlayerCommand::Play {
                track,
                options,
                reply,
            };
            player.act(play).await?
        }
        Act::Disconnect => {
            player
                .act(|reply| PlayerCommand::Disconnect { reply })
                .await?
        }
        Act::Pause(paused) => player.act(change(Operation::Pause(paused))).await?,
        Act::Seek(position) => player.act(change(Operation::Seek(position))).await?,
        Act::Volume(volume) => player.act(change(Operation::Volume(volume))).await?,
        Act::Filters { filters, seek } => {
            let filters = Arc::new(filters);
            player
                .act(change(Operation::Filters { filters, seek }))
                .await?
        }
        Act::Stop => player.act(|reply| PlayerCommand::Stop { reply }).await?,
        Act::Skip { force } => {
            player
                .act(|reply| PlayerCommand::Skip { force, reply })
                .await?
        }
        Act::Autoplay(mode) => {
            let mode: AutoPlayMode = saved::mode(mode);
            player
                .act(|reply| PlayerCommand::Autoplay(mode, reply))
                .await?
        }
        Act::Transition(transition) => {
            let transition = transition.map_or(Transition::None, saved::transition);
            player
                .act(|reply| PlayerCommand::Transition(transition, reply))
                .await?
        }
        Act::Declare(part) => {
            let part = Part::restored(part).ok_or_else(unknown)?;
            player
                .act(|reply| PlayerCommand::Declare(part, reply))
                .await?
        }
        Act::Retract(name) => {
            player
                .act(|reply| PlayerCommand::Retract(name, reply))
                .await?
        }
        Act::InactiveTimeout(timeout) => {
            let set = |reply| PlayerCommand::InactiveTimeout(timeout, reply);
            player.act(set).await?
        }
        Act::Listeners(people) => {
            player
                .act(|reply| PlayerCommand::Listeners(people, reply))
                .await?
        }
    };
    Ok(Said::Track(track.as_deref().map(track_json)))
}

fn queue_of(pool: &Pool, guild: GuildId, auto: bool) -> Result<Said, PlayerError> {
    let player = pool.player_in(guild);
    let queue = if auto {
        player.auto_queue()
    } else {
        player.queue()
    };
    let (queue, digest) = queue_json(&queue.snapshot()).map_err(PlayerError::Relay)?;
    Ok(Said::Queue { queue, digest })
}

async fn set_queue(
    pool: &Pool,
    (guild, auto): (GuildId, bool),
    digest: u64,
    queue: &RawValue,
) -> Result<Said, PlayerError> {
    let new = read_queue(queue).ok_or(PlayerError::Relay(RelayError::Unknown))?;
    let player = pool.player_in(guild);
    let handle = if auto {
        player.auto_queue()
    } else {
        player.queue()
    };
    let replaced = handle.change(move |queue| {
        let is_same = queue_json(queue).is_ok_and(|(_, now)| now == digest);
        is_same
            .then(|| queue.replace(new))
            .ok_or(QueueError::Changed)
    });
    replaced.await?.map_err(PlayerError::Queue)?;
    Ok(Said::Track(None))
}

fn player_of(shared: &Shared, guild: GuildId) -> Option<SentPlayer> {
    let now = Instant::now();
    let (state, connected, ping) = shared.snapshot(guild, |player| {
        (save_snapshot(player, now), player.connected, player.ping)
    })?;
    let state = RawValue::from_string(String::from_utf8(state).ok()?).ok()?;
    Some(SentPlayer {
        guild,
        state,
        connected,
        ping,
    })
}

fn state_of(shared: &Shared) -> State {
    let nodes = shared.all_nodes().into_iter().map(|node| SentNode {
        id: node.id.as_str().to_owned(),
        status: match node.status {
            NodeStatus::Disconnected => 0,
            NodeStatus::Connecting => 1,
            NodeStatus::Connected => 2,
        },
        session_id: node.session_id.as_deref().map(str::to_owned),
        penalty: node.penalty,
        link: node.link,
    });
    let at = now();
    let guilds = shared.guilds();
    let mut bytes = 0;
    let players = guilds.iter().filter_map(|guild| player_of(shared, *guild));
    let players = players.take_while(|player| {
        bytes += player.state.get().len();
        bytes <= PLAYERS
    });
    State {
        at,
        link: shared.link.borrow().clone(),
        nodes: nodes.collect(),
        players: players.collect(),
        guilds,
    }
}
