//! Work for the loop around the pool, its outcomes, and the commands of clients.
//!
//! The pool names work and the loop does it: a [`Task`] goes out, a [`Done`] comes back, and a test can be both. A node
//! is named by its index in the configuration, a socket by its epoch, a request by its number.

use std::sync::Arc;

use antiphon_core::BoxError;
use tokio::sync::oneshot;

use crate::{
    error::RequestError,
    model::{GuildId, NodeId, Playable, VoiceRequest},
    player::{PlayerCommand, RemotePlayer, Reply, RequestBody},
    session::ConnectionLoss,
    wire::Info,
};

/// Work that needs the network; the loop does it and returns a [`Done`].
#[derive(Debug)]
pub(crate) enum Task {
    /// Open a node's socket, and resume a session if there is one.
    Open {
        node: usize,
        epoch: u64,
        session: Option<Arc<str>>,
    },
    /// Ask a node to keep the session when its socket is lost.
    Configure { node: usize, session: Arc<str> },
    /// Ask a node not to keep the session, before it is closed.
    Release { node: usize, session: Arc<str> },
    /// Request a node's version and features.
    Info { node: usize },
    /// Request the players of a session.
    Players {
        node: usize,
        epoch: u64,
        session: Arc<str>,
    },
    /// Update or destroy a player at its node.
    Request {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
        number: u64,
        body: RequestBody,
    },
    /// Destroy a player at a node that it left.
    Delete {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
    },
    /// Send a voice request to Discord.
    Voice(VoiceRequest),
    /// Load recommendations from a node.
    Recommend {
        node: usize,
        guild: GuildId,
        queries: Vec<String>,
    },
}

/// The outcome of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    /// A socket is open, or could not be opened.
    Opened {
        node: usize,
        epoch: u64,
        outcome: Result<(), ConnectionLoss>,
    },
    /// The response to a request for version and features; absent where it failed.
    Info {
        node: usize,
        info: Option<Box<Info>>,
    },
    /// The players of a session, as the node reports them.
    Players {
        node: usize,
        epoch: u64,
        outcome: Result<Vec<RemotePlayer>, RequestError>,
    },
    /// The response to a player's request; the player is absent after a destroy.
    Responded {
        guild: GuildId,
        number: u64,
        outcome: Result<Option<Box<RemotePlayer>>, RequestError>,
    },
    /// Tracks that were found; none where all queries failed.
    Recommended {
        guild: GuildId,
        tracks: Vec<Playable>,
    },
    /// Discord was sent a voice request, or the request failed.
    VoiceAsked {
        guild: GuildId,
        outcome: Result<(), BoxError>,
    },
    /// The node dropped the session, or did not respond: its socket can be closed.
    Released { node: usize },
    /// The node destroyed a player, or did not respond.
    Deleted { node: usize },
    /// An outcome that nothing depends on.
    Nothing,
}

/// A client's command to the pool.
#[derive(Debug)]
pub(crate) enum PoolCommand {
    /// A command for the player of a guild.
    Player {
        guild: GuildId,
        command: Box<PlayerCommand>,
    },
    /// Move a player to a node.
    Switch {
        guild: GuildId,
        node: NodeId,
        reply: Reply,
    },
    /// Close a node; with `failover` its players move first.
    CloseNode {
        node: NodeId,
        failover: bool,
        reply: oneshot::Sender<Vec<GuildId>>,
    },
    /// Connect every node that is not connected, now.
    Reconnect,
}
