//! The voice side of a player: what a client claims, and what Discord's voice server makes of it (protocol §9).

use std::{collections::VecDeque, fmt, sync::Arc};

use super::state::{Key, State};
use crate::{
    discord::{Discord, VoicePass},
    server::Server,
};

/// What a client hands to a node so that it can speak in a voice channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) user: u64,
    pub(crate) guild: u64,
    pub(crate) token: String,
    pub(crate) endpoint: String,
    pub(crate) session: String,
    /// Absent from clients of nodes before 4.2.
    pub(crate) channel: Option<String>,
}

/// What the voice server says to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The voice is open.
    Open,
    /// There is no server at that endpoint.
    Unreachable,
    /// The server closes at once, with this code and reason.
    Closed(u16, String),
}

/// Says what a claim is worth.
type Judge = Arc<dyn Fn(&Claim) -> Verdict + Send + Sync>;

/// What a voice server closes with whose client has what belongs to an earlier connection.
const NOT_VALID: (u16, &str) = (4006, "Session is no longer valid.");
/// What it closes with when its client was moved or thrown out, or gets another server.
const DISCONNECTED: (u16, &str) = (4014, "Disconnected.");

/// Lets the world's Discord judge voices from now on; what is given back closes those that it ends later, for ever.
///
/// Guilds and bots that this Discord does not know are believed, so that nodes can be tried alone.
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

impl Claim {
    fn fits(&self, pass: &VoicePass) -> bool {
        let channel = self.channel.as_ref();
        self.token == pass.token
            && self.session == pass.session
            && channel.is_none_or(|channel| *channel == pass.channel.to_string())
    }
}

impl State {
    /// Closes the voices that are open no longer.
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

/// Discord's voice servers, as a node meets them.
///
/// Without a judge, every claim that is well formed is believed.
#[derive(Clone, Default)]
pub(crate) struct VoiceServers {
    judge: Option<Judge>,
    /// What the next claims are told, whatever they are worth.
    pub(crate) next: VecDeque<Verdict>,
}

impl fmt::Debug for VoiceServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceServers")
            .field("judge", &self.judge.is_some())
            .field("next", &self.next)
            .finish()
    }
}

impl VoiceServers {
    /// Whether a voice that was opened may go on.
    fn is_open(&self, claim: &Claim) -> bool {
        let judge = self.judge.as_ref();
        judge.is_none_or(|judge| judge(claim) == Verdict::Open)
    }

    pub(crate) fn judge(&mut self, claim: &Claim) -> Verdict {
        match (self.next.pop_front(), &self.judge) {
            (Some(verdict), _) => verdict,
            (None, Some(judge)) => judge(claim),
            (None, None) => Verdict::Open,
        }
    }
}
