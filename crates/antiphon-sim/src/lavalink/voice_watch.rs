//! Joins the nodes to the simulated Discord, whose voice servers judge their claims (protocol §9).

use std::sync::Arc;

use super::{
    state::{Key, State},
    voice::{Claim, Verdict},
};
use crate::{discord::Discord, server::Server};

/// Close code for a claim with data of an earlier voice connection.
const NOT_VALID: (u16, &str) = (4006, "Session is no longer valid.");
/// Close code for a client that was moved, disconnected, or given another voice server.
const DISCONNECTED: (u16, &str) = (4014, "Disconnected.");

/// Lets the simulated Discord judge claims from now on; the future closes voice connections that it ends later.
///
/// Claims for unknown guilds and bots are accepted, so that nodes can be tested alone.
pub(crate) fn watch_voices(
    nodes: Arc<Server<State>>,
    discord: Discord,
) -> impl Future<Output = ()> + Send {
    let changed = discord.act(|state| Arc::clone(&state.voices));
    let judge = move |claim: &Claim| {
        let pass = discord.act(|state| state.voice_pass(claim.guild, claim.user));
        match pass {
            None => Verdict::Open,
            Some(Some(pass)) if pass.endpoint != claim.endpoint => Verdict::Unreachable,
            Some(Some(pass)) if claim.fits(&pass) => Verdict::Open,
            Some(_) => Verdict::Closed(NOT_VALID.0, NOT_VALID.1.to_owned()),
        }
    };
    nodes.with(|state| state.voice.judge = Some(Arc::new(judge)));
    async move {
        loop {
            changed.notified().await;
            nodes.with(State::check_voices);
        }
    }
}

impl State {
    /// Closes the voice connections that Discord has ended.
    fn check_voices(&mut self) {
        let mut over = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for session in node.sessions.values() {
                for (guild, player) in &session.players {
                    let claim = player.voice.as_ref().filter(|_| player.is_connected);
                    if claim.is_some_and(|claim| !self.voice.is_open(claim)) {
                        over.push(Key::new(index, &session.id, *guild));
                    }
                }
            }
        }
        for key in over {
            self.with_player(&key, |player, writer, now| {
                player.close_voice(DISCONNECTED.0, DISCONNECTED.1, true, now, writer);
            });
        }
    }
}
