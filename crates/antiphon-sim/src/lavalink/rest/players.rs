//! Players over REST (protocol §5, §5.3); how one is changed is in `update.rs`.

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{
    id,
    quirk::NodeQuirk,
    state::{Key, State},
    update::Update,
};

impl State {
    /// Which player a path means; ids of guilds are signed 64-bit numbers (protocol §5.6).
    pub(super) fn key(&self, call: &Call<'_>, session: &str, guild: &str) -> Result<Key, Refusal> {
        let guild = id::parse(guild)
            .ok_or_else(|| Refusal::unreadable(format!("`{guild:.40}` is no id of a guild")))?;
        let session = self.live_session(call.node, session)?;
        Ok(Key {
            node: call.node,
            session,
            guild,
        })
    }

    pub(crate) fn players(&self, call: &Call<'_>, id: &str) -> Routed {
        let id = self.live_session(call.node, id)?;
        let node = &self.nodes[call.node];
        let players = node.sessions.get(&*id).into_iter();
        let players = players.flat_map(|session| session.players.values());
        let objects = players.map(|player| player.object(self.now(), &node.quirks));
        Ok(Answer::ok(&objects.collect::<Vec<_>>()))
    }

    pub(crate) fn player(&self, call: &Call<'_>, id: &str, guild: &str) -> Routed {
        let key = self.key(call, id, guild)?;
        self.shown(&key)
            .ok_or_else(|| Refusal::new(404, "Player not found"))
    }

    /// A player as an answer.
    fn shown(&self, key: &Key) -> Option<Answer> {
        let node = &self.nodes[key.node];
        let player = node.sessions.get(&*key.session)?.players.get(&key.guild)?;
        Some(Answer::ok(&player.object(self.now(), &node.quirks)))
    }

    pub(crate) fn update_player(&mut self, call: &Call<'_>, id: &str, guild: &str) -> Routed {
        let update = Update::read(call.text()?)?;
        let key = self.key(call, id, guild)?;
        for field in &update.unknown {
            self.note(format!("a field of a player that no node knows: {field}"));
        }
        let disabled = &self.nodes[call.node].disabled_filters;
        update.check(disabled)?;
        self.player_of(&key)
            .ok_or_else(|| Refusal::new(500, "Too many players"))?;
        if self.nodes[call.node]
            .quirks
            .contains(&NodeQuirk::EventsAfterAnswer)
        {
            return self.update_later(&key, update, call.flag("noReplace"));
        }
        self.update(&key, update, call.flag("noReplace"))?;
        self.shown(&key)
            .ok_or_else(|| Refusal::new(404, "Player not found"))
    }

    /// Changes the player at once, and sends the events after the response.
    fn update_later(&mut self, key: &Key, update: Update, no_replace: bool) -> Routed {
        self.held = Some(Vec::new());
        let outcome = self.update(key, update, no_replace);
        let answer = self.shown(key);
        self.release();
        outcome?;
        answer.ok_or_else(|| Refusal::new(404, "Player not found"))
    }

    pub(crate) fn delete_player(&mut self, call: &Call<'_>, id: &str, guild: &str) -> Routed {
        let key = self.key(call, id, guild)?;
        self.destroy_player(&key);
        Ok(Answer::empty(204))
    }
}
