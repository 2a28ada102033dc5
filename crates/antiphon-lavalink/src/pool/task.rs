//! What the pool wants done, what became of it, and what clients ask.

use std::sync::Arc;

use antiphon_core::BoxError;
use tokio::sync::oneshot;

use crate::{
    error::RequestError,
    model::{GuildId, NodeId, Playable, VoiceRequest},
    player::{PlayerCommand, RemotePlayer, Reply, RequestBody},
    session::Refusal,
    wire::Info,
};

/// What the pool wants done by whoever can reach the network.
#[derive(Debug)]
pub(crate) enum Task {
    /// Open a node's socket, to go on with a session if there is one.
    Open {
        node: usize,
        epoch: u64,
        session: Option<Arc<str>>,
    },
    /// Ask a node to keep the session when its socket is lost.
    Configure { node: usize, session: Arc<str> },
    /// Ask a node not to keep the session, which is to be closed for good.
    Release { node: usize, session: Arc<str> },
    /// Ask what a node is.
    Info { node: usize },
    /// Ask for the players of a session.
    Players {
        node: usize,
        epoch: u64,
        session: Arc<str>,
    },
    /// Ask something of a player's node.
    Request {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
        number: u64,
        body: RequestBody,
    },
    /// End a player that is nobody's any more.
    Delete {
        node: usize,
        session: Arc<str>,
        guild: GuildId,
    },
    /// Ask Discord.
    Voice(VoiceRequest),
    /// Ask a node for recommendations.
    Recommend {
        node: usize,
        guild: GuildId,
        queries: Vec<String>,
    },
}

/// What became of a [`Task`].
#[derive(Debug)]
pub(crate) enum Done {
    Opened {
        node: usize,
        epoch: u64,
        outcome: Result<(), Refusal>,
    },
    Info {
        node: usize,
        info: Option<Box<Info>>,
    },
    Players {
        node: usize,
        epoch: u64,
        outcome: Result<Vec<RemotePlayer>, RequestError>,
    },
    Responded {
        guild: GuildId,
        number: u64,
        outcome: Result<Option<Box<RemotePlayer>>, RequestError>,
    },
    Recommended {
        guild: GuildId,
        tracks: Vec<Playable>,
    },
    /// Discord was asked, or could not be.
    VoiceAsked {
        guild: GuildId,
        outcome: Result<(), BoxError>,
    },
    /// A session is kept no longer, or the node does not answer: its socket can be closed.
    Released { node: usize },
    /// A node was told of a player's end, or could not be.
    Deleted { node: usize },
    /// Nothing that matters.
    Nothing,
}

/// What a client asks of the pool.
#[derive(Debug)]
pub(crate) enum PoolCommand {
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
    /// Close a node, after its players have moved if so wished.
    CloseNode {
        node: NodeId,
        failover: bool,
        reply: oneshot::Sender<Vec<GuildId>>,
    },
    /// Try every node again that is not connected.
    Reconnect,
}
