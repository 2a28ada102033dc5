//! Control handles for tests and scripts: end tracks, close voices and inject faults.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use antiphon_core::Secret;
use serde_json::{Map, Value};

use super::{
    faults::Seen,
    frame_writer::FrameWriter,
    node::host,
    player::{EndReason, Fate, Player},
    quirk::NodeQuirk,
    request_log::NodeRequest,
    state::{Key, State},
    track::{Track, TrackInfo},
    voice::Verdict,
    wire::Exception,
};
use crate::{
    discord::Discord,
    fault::RestFault,
    server::Server,
    sockets::{Selection, Sockets},
};

/// Control handle of all simulated Lavalink nodes; clones are the same handle.
///
/// All nodes know the same tracks, which follow from the seed.
/// Some tracks have faults, by their identifiers on YouTube: `unavailable` cannot be
/// loaded, `half_______` breaks off, `record_____` gets stuck, `second_____` lasts one second.
/// `https://radio.example/choir.mp3` is a stream, `https://www.youtube.com/playlist?list=PLchoirloft` a list, and
/// `https://error.example/common` an error, as are `suspicious` and `fault` there.
///
/// ```
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lavalink = Simulator::with_seed(7).lavalink();
/// let names: Vec<_> = lavalink.nodes().iter().map(|node| node.name()).collect();
/// assert_eq!(names, ["eu-1", "us-1", "asia-1"]);
///
/// let encoded = lavalink.add_track("evensong___", "The Choir", "Evensong", 180_000);
/// assert_eq!(lavalink.track("evensong___"), Some(encoded));
/// lavalink.close_voices(1, 4006, "Session is no longer valid.");
/// # }
/// ```
#[derive(Clone)]
pub struct Lavalink {
    pub(super) server: Arc<Server<State>>,
    sockets: Sockets,
    /// The Discord whose voice servers the nodes ask.
    pub(super) discord: Option<Discord>,
}

/// The open sockets of all nodes.
impl crate::Simulator {
    /// Control handle of the simulated Lavalink nodes.
    pub fn lavalink(&self) -> Lavalink {
        self.platforms.get()
    }
}

impl Deref for Lavalink {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

impl fmt::Debug for Lavalink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lavalink").finish_non_exhaustive()
    }
}

/// A session of a client with a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeSession {
    /// Id of the session.
    pub id: String,
    /// Id of the bot.
    pub user: u64,
    /// Name that the client gave.
    pub client: String,
    /// Whether the session outlives its socket.
    pub resuming: bool,
    /// Connection id of its socket in the ledger; `None` while it waits to be resumed.
    pub connection: Option<String>,
    /// Frames sent on that socket so far.
    pub frames: u64,
}

/// A player on its node.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlayerView {
    /// Name of the node.
    pub node: &'static str,
    /// Id of its session.
    pub session: String,
    /// Id of the guild; on the wire a signed number of the same 64 bits.
    pub guild: u64,
    /// Identifier of the track; `None` if none is set.
    pub track: Option<String>,
    /// Position in that track, in milliseconds.
    pub position: i64,
    /// Volume in per cent.
    pub volume: u16,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether its voice connection is open.
    pub connected: bool,
    /// Filters, as the node reads them back.
    pub filters: Value,
}

impl Lavalink {
    pub(super) fn new(server: Arc<Server<State>>, discord: Option<Discord>) -> Self {
        let sockets = Sockets::new(&server, Selection::default());
        Self {
            server,
            sockets,
            discord,
        }
    }

    /// Every node.
    pub fn nodes(&self) -> Vec<Node> {
        let nodes = self.server.with(|state| state.nodes.len());
        (0..nodes).map(|index| self.at(index)).collect()
    }

    fn at(&self, index: usize) -> Node {
        let of = Selection {
            server: Some(index),
            ..Selection::default()
        };
        Node {
            server: Arc::clone(&self.server),
            sockets: Sockets::new(&self.server, of),
            index,
        }
    }

    /// The node with this name (`eu-1`, `us-1` or `asia-1`, or those of a world file); an unknown name gives the first.
    pub fn node(&self, name: &str) -> Node {
        self.find_node(name).unwrap_or_else(|| self.at(0))
    }

    /// The node with this name, if there is one.
    pub fn find_node(&self, name: &str) -> Option<Node> {
        let index = self.server.with(|state| state.node_named(name))?;
        Some(self.at(index))
    }

    /// Sets the rate of ambient traffic, in frames a second: the simulator's own players in the sessions there are.
    /// Default: 0.
    ///
    /// The players' guilds begin at 9,001. Every kind of frame comes up.
    pub fn traffic(&self, rate: u32) {
        self.server.shared.rate.send_replace(rate);
    }

    /// The players of every node.
    pub fn players(&self) -> Vec<PlayerView> {
        self.nodes().iter().flat_map(Node::players).collect()
    }

    /// The encoded track with this identifier or at this URL.
    pub fn track(&self, identifier: &str) -> Option<String> {
        self.server.with(|state| {
            let by_address = || match state.catalogue.load(identifier) {
                super::catalogue::Loaded::Track(track) => Some(*track),
                _ => None,
            };
            let entry = state.catalogue.entry(identifier);
            let track = entry.map(|entry| entry.track.clone()).or_else(by_address)?;
            Some(track.encoded(0, true))
        })
    }

    /// Lets the voice server close the next `times` voice connections with this code, right after they open.
    pub fn close_voices(&self, times: usize, code: u16, reason: &str) {
        let verdict = Verdict::Closed(code, reason.to_owned());
        self.next_voices(times, verdict);
    }

    /// Lets the next `times` voice connections find no voice server.
    pub fn voice_unreachable(&self, times: usize) {
        self.next_voices(times, Verdict::Unreachable);
    }

    fn next_voices(&self, times: usize, verdict: Verdict) {
        self.server.with(|state| {
            let verdicts = std::iter::repeat_n(verdict, times);
            state.voice.next.extend(verdicts);
        });
    }

    /// Adds a song of this many milliseconds to YouTube; returns its encoded track.
    ///
    /// `i64::MAX` makes a stream.
    pub fn add_track(&self, identifier: &str, author: &str, title: &str, length: i64) -> String {
        self.server.with(|state| {
            let track = Track::new(TrackInfo {
                identifier: identifier.to_owned(),
                is_seekable: length != i64::MAX,
                author: author.to_owned(),
                length,
                is_stream: length == i64::MAX,
                position: 0,
                title: title.to_owned(),
                uri: Some(format!("https://www.youtube.com/watch?v={identifier}")),
                artwork_url: None,
                isrc: None,
                source_name: "youtube".to_owned(),
            });
            let encoded = track.encoded(0, true);
            state.catalogue.add(track, Fate::Plays);
            encoded
        })
    }
}

/// Control handle of one simulated node; clones are the same handle.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_sim::{RestFault, Simulator, lavalink::NodeQuirk};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let node = Simulator::with_seed(7).lavalink().node("us-1");
/// assert_eq!(node.url(), "http://lava-us-1.example:2333");
/// assert!(!node.finish(42), "guild 42 has no player");
///
/// node.fail_rest("PATCH *", 1, RestFault::Dropped);
/// node.quirk(NodeQuirk::NoResume, true);
/// node.kill(Duration::from_secs(30));
/// # }
/// ```
#[derive(Clone)]
pub struct Node {
    server: Arc<Server<State>>,
    sockets: Sockets,
    index: usize,
}

/// The node's open sockets.
impl Deref for Node {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

impl Node {
    fn act<T>(&self, act: impl FnOnce(&mut State, usize) -> T) -> T {
        self.server.with(|state| act(state, self.index))
    }

    fn here<T>(&self, act: impl FnOnce(&mut super::node::Node) -> T) -> T {
        self.act(|state, index| act(&mut state.nodes[index]))
    }

    /// Name of the node.
    pub fn name(&self) -> &'static str {
        self.here(|node| node.name)
    }

    /// Host of the node on the simulator's network.
    pub fn host(&self) -> String {
        host(self.name())
    }

    /// URL of the node on the simulator's network.
    pub fn url(&self) -> String {
        format!("http://{}:2333", self.host())
    }

    /// Password of the node.
    pub fn password(&self) -> Secret {
        self.here(|node| Secret::new(node.password.clone()))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Sessions, players and requests.

    /// Sessions of the node, also those that wait to be resumed.
    pub fn sessions(&self) -> Vec<NodeSession> {
        self.here(|node| {
            let sessions = node.sessions.values();
            let view = sessions.map(|session| NodeSession {
                id: session.id.to_string(),
                user: session.user,
                client: session.client.clone(),
                resuming: session.resuming,
                connection: session.link.as_ref().map(|link| link.socket.id.clone()),
                frames: session.link.as_ref().map_or(0, |link| link.socket.frames),
            });
            view.collect()
        })
    }

    /// Connection ids of the open sockets in the ledger.
    pub fn connections(&self) -> Vec<String> {
        let sessions = self.sessions().into_iter();
        sessions.filter_map(|session| session.connection).collect()
    }

    /// Players of all sessions.
    pub fn players(&self) -> Vec<PlayerView> {
        self.act(|state, index| {
            let now = state.now();
            let node = &state.nodes[index];
            let mut views = Vec::new();
            for session in node.sessions.values() {
                for (guild, player) in &session.players {
                    let object = player.object(now, &node.quirks);
                    views.push(PlayerView {
                        node: node.name,
                        session: session.id.to_string(),
                        guild: *guild,
                        track: object.track.map(|track| track.info.identifier),
                        position: player.position(now),
                        volume: player.volume,
                        paused: player.paused,
                        connected: player.is_connected,
                        filters: serde_json::to_value(&object.filters).unwrap_or_default(),
                    });
                }
            }
            views
        })
    }

    /// Requests other than for sockets: the newest 4,096, oldest first.
    pub fn requests(&self) -> Vec<NodeRequest> {
        self.here(|node| node.requests.all())
    }

    /// The player of a guild, if there is one; that of the session that begins first, if there are several.
    pub fn player(&self, guild: u64) -> Option<PlayerView> {
        let players = self.players();
        players.into_iter().find(|player| player.guild == guild)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Control of players.

    /// Acts on every player of a guild; returns whether there is one.
    fn players_of(&self, guild: u64, act: impl Fn(&mut Player, &mut FrameWriter<'_>, i64)) -> bool {
        self.act(|state, index| {
            let sessions = state.nodes[index].sessions.values();
            let with = sessions.filter(|session| session.players.contains_key(&guild));
            let keys: Vec<Key> = with
                .map(|session| Key::new(index, &session.id, guild))
                .collect();
            for key in &keys {
                state.with_player(key, |player, writer, now| act(player, writer, now));
            }
            !keys.is_empty()
        })
    }

    /// Ends a player's track as finished; returns whether there is such a player.
    ///
    /// With [`NodeQuirk::Gapless`] and a next track that was set, the end is `gapless` and that track begins.
    pub fn finish(&self, guild: u64) -> bool {
        self.players_of(guild, |player, writer, now| {
            player.finish(now, writer);
        })
    }

    /// Breaks a player's track off with an exception: `loadFailed` at position 0, else `finished`.
    pub fn break_off(&self, guild: u64, message: &str) -> bool {
        self.players_of(guild, |player, writer, now| {
            let reason = if player.position(now) == 0 {
                EndReason::LoadFailed
            } else {
                EndReason::Finished
            };
            let cause = format!("java.lang.RuntimeException: {message}");
            let exception = Exception::new(message, "suspicious", &cause, writer.quirks);
            player.fail(exception, reason, now, writer);
        })
    }

    /// Stops the sound of a player's track; `TrackStuckEvent` follows after the node's threshold.
    pub fn stick(&self, guild: u64) -> bool {
        self.players_of(guild, |player, _, now| player.stick(now, now))
    }

    /// Ends a player's track as cleaned up, as happens to one without listeners.
    pub fn clean_up(&self, guild: u64) -> bool {
        self.players_of(guild, |player, writer, now| {
            player.end(EndReason::Cleanup, now, writer);
        })
    }

    /// Closes a player's voice connection with any code.
    pub fn close_voice(&self, guild: u64, code: u16, reason: &str, by_remote: bool) -> bool {
        self.players_of(guild, |player, writer, now| {
            player.close_voice(code, reason, by_remote, now, writer);
        })
    }

    /// Sends an event of a plugin about a player, which need not exist.
    pub fn plugin_event(&self, guild: u64, name: &str, fields: &Map<String, Value>) {
        self.act(|state, index| {
            let ids: Vec<String> = state.nodes[index].sessions.keys().cloned().collect();
            for id in ids {
                let node = &state.nodes[index];
                let mut writer = FrameWriter::new(node.name, &node.quirks, guild);
                writer.plugin(name, fields.clone());
                for frame in writer.frames {
                    state.tell(index, &id, frame);
                }
            }
        });
    }

    /// Sends every session a text frame as it is, such as an unknown op, an event without a guild, or no JSON.
    pub fn frame(&self, text: &str) {
        self.act(|state, index| state.frame(index, text));
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Faults of the node.

    /// Kills the node's process: connections are reset, sessions and players are lost, and its port refuses
    /// connections for this long.
    pub fn kill(&self, how_long: Duration) {
        self.act(|state, index| state.kill(index, how_long, Seen::Refused));
    }

    /// Kills the node's process behind a proxy: as [`Node::kill`], but connections are accepted and closed without an
    /// answer.
    pub fn kill_behind_proxy(&self, how_long: Duration) {
        self.act(|state, index| state.kill(index, how_long, Seen::Dropped));
    }

    /// Shuts the node's process down: sockets close with 1001, sessions and players are lost, and its port refuses
    /// connections for this long.
    pub fn shut_down(&self, how_long: Duration) {
        self.act(|state, index| state.shut_down(index, how_long));
    }

    /// Ends the sessions that wait to be resumed, with their players.
    pub fn expire_sessions(&self) {
        self.act(State::expire_sessions);
    }

    /// Sets the password.
    pub fn change_password(&self, password: &str) {
        self.here(|node| password.clone_into(&mut node.password));
    }

    /// Sets whether the node is of another version, without `/v4/websocket`.
    pub fn other_version(&self, is_other: bool) {
        self.here(|node| node.is_other_version = is_other);
    }

    /// Lets the next `times` requests fail that fit a pattern over `METHOD /path` or the path alone.
    ///
    /// [`RestFault::Status`] 401 and 403 have no body, as they have none on a node; [`RestFault::CodeInside`] is any
    /// status without a body.
    pub fn fail_rest(&self, requests: &str, times: u32, fault: RestFault) {
        self.here(|node| node.faults.fail(requests, None, times, fault));
    }

    /// Switches a quirk on or off.
    pub fn quirk(&self, quirk: NodeQuirk, on: bool) {
        self.here(|node| {
            if on {
                node.quirks.insert(quirk);
            } else {
                node.quirks.remove(&quirk);
            }
        });
    }

    /// Makes the node behave as `NodeLink` does, or as Lavalink again: switches [`NodeQuirk::NODELINK`] on or off.
    pub fn nodelink(&self, on: bool) {
        for quirk in NodeQuirk::NODELINK {
            self.quirk(quirk, on);
        }
    }

    /// Sets whether a filter is disabled, as in a node's configuration.
    pub fn disable_filter(&self, name: &str, disabled: bool) {
        self.here(|node| {
            node.disabled_filters.retain(|other| other != name);
            if disabled {
                node.disabled_filters.push(name.to_owned());
            }
        });
    }

    /// Sets the load of the machine and of the node, each from 0 to 1.
    ///
    /// With [`NodeQuirk::LoadAverage`] that of the machine is a load average, which may be above 1.
    pub fn set_loads(&self, system: f64, lavalink: f64) {
        self.here(|node| node.loads = Some((system, lavalink)));
    }

    /// Sets how many frames a minute are nulled and missing, as the mean of the players.
    pub fn set_frames(&self, nulled: i64, deficit: i64) {
        self.here(|node| node.frames = Some((nulled, deficit)));
    }

    /// Gives the node a route planner that failed at these addresses.
    pub fn route_planner(&self, failing: &[&str]) {
        self.act(|state, index| {
            let now = state.now();
            let failing = failing.iter().map(|address| ((*address).to_owned(), now));
            state.nodes[index].planner = Some(failing.collect());
        });
    }

    /// Sends every session the node's stats at once.
    pub fn tell_stats(&self) {
        self.act(State::tell_stats_to_all);
    }
}
