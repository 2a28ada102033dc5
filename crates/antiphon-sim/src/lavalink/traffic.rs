//! Ambient traffic of players.

use antiphon_core::Rng;
use serde_json::{Map, Value, json};

use super::{
    filters::Filters,
    frame_writer::FrameWriter,
    player::{EndReason, Fate},
    state::{Key, State},
    track::Track,
    voice::Claim,
    wire::Exception,
};

/// Guild of the first player of ambient traffic.
const FIRST: u64 = 9001;
/// Players of ambient traffic in a session.
const PLAYERS: u64 = 8;
/// Voice close codes that traffic uses; one is not documented.
const CODES: [(u16, &str); 5] = [
    (4014, "Disconnected."),
    (4006, "Session is no longer valid."),
    (4015, ""),
    (1000, "Requested"),
    (4099, "A code of next year."),
];

/// Draws the next action.
#[derive(Debug)]
pub(crate) struct Traffic {
    chance: Rng,
    drawn: u64,
}

impl Traffic {
    pub(crate) fn new(chance: Rng) -> Self {
        Self { chance, drawn: 0 }
    }

    /// Does one action in one session; returns how many frames it made.
    pub(crate) fn play(&mut self, state: &mut State) -> u32 {
        let before = state.made;
        let mut sessions: Vec<(usize, String)> = Vec::new();
        for (index, node) in state.nodes.iter().enumerate() {
            sessions.extend(node.sessions.keys().map(|id| (index, id.clone())));
        }
        if sessions.is_empty() {
            return 0;
        }
        let (node, session) = &sessions[self.chance.usize(..sessions.len())];
        let guild = FIRST + self.chance.u64(..PLAYERS);
        self.drawn += 1;
        self.act(state, &Key::new(*node, session, guild));
        u32::try_from(state.made - before).unwrap_or(u32::MAX)
    }

    fn act(&mut self, state: &mut State, key: &Key) {
        let is_theirs = |state: &mut State| {
            state.with_player(key, |player, _, _| !player.is_ambient) == Some(true)
        };
        // A player that a client made is the client's alone.
        if is_theirs(state) || !Self::settle(state, key) {
            return;
        }
        match self.chance.u32(0..100) {
            0..34 => {
                let (track, fate) = self.track(state);
                state.with_player(key, |player, writer, now| {
                    player.play(track, fate, 0, None, now, writer);
                });
            }
            34..54 => {
                let to = self.chance.i64(0..90_000);
                state.with_player(key, |player, writer, now| player.seek(to, now, writer));
            }
            54..66 => {
                state.with_player(key, |player, writer, now| {
                    player.end(EndReason::Finished, now, writer);
                });
            }
            66..70 => {
                state.with_player(key, |player, writer, now| {
                    player.end(EndReason::Stopped, now, writer);
                });
            }
            70..75 => Self::break_off(state, key),
            75..79 => self.get_stuck(state, key),
            79..84 => {
                let speed = 0.8 + 0.1 * f64::from(self.chance.u32(0..6));
                let filters = json!({"timescale": {"speed": speed}, "volume": 0.8});
                if let Ok(filters) = Filters::read(&filters.to_string()) {
                    state.with_player(key, |player, writer, now| {
                        player.set_filters(filters, now, writer);
                    });
                }
            }
            84..90 => self.plugin(state, key),
            90..95 => {
                let (code, reason) = CODES[self.chance.usize(..CODES.len())];
                state.with_player(key, |player, writer, now| {
                    player.close_voice(code, reason, code != 1000, now, writer);
                });
            }
            95..97 => state.tell_stats_to_all(key.node),
            97 => state.frame(
                key.node,
                r#"{"op":"weather","sky":"overcast","degrees":7.5}"#,
            ),
            98 => state.frame(
                key.node,
                r#"{"op":"event","type":"NodeMoodEvent","mood":"content"}"#,
            ),
            _ => {
                let paused = self.chance.bool();
                state.with_player(key, |player, writer, now| {
                    player.pause(paused, now, writer);
                    writer.update(player.state(now));
                });
            }
        }
    }

    /// Makes the player or reopens its voice; returns whether it was ready before.
    fn settle(state: &mut State, key: &Key) -> bool {
        if state.player_of(key).is_none() {
            return false;
        }
        let session = state.nodes[key.node].sessions.get(&*key.session);
        let claim = Claim {
            user: session.map(|session| session.user).unwrap_or_default(),
            guild: key.guild,
            token: "ambient".to_owned(),
            endpoint: "c-fra01.discord.media:443".to_owned(),
            session: "ambient".to_owned(),
            channel: Some((key.guild + 1000).to_string()),
        };
        let was_connected = state.with_player(key, |player, writer, now| {
            player.is_ambient = true;
            let was_connected = player.is_connected;
            if !was_connected {
                player.connect(claim, now, writer);
            }
            was_connected
        });
        was_connected == Some(true)
    }

    fn track(&mut self, state: &State) -> (Track, Fate) {
        let tracks: Vec<&Track> = state.catalogue.tracks().collect();
        let mut track = tracks[self.chance.usize(..tracks.len())].clone();
        let request = json!({"request": self.drawn.to_string()});
        if let Value::Object(request) = request {
            track.user_data = request;
        }
        let entry = state.catalogue.entry(&track.info.identifier);
        (track, entry.map(|entry| entry.fate).unwrap_or_default())
    }

    fn break_off(state: &mut State, key: &Key) {
        state.with_player(key, |player, writer, now| {
            let reason = if player.position(now) == 0 {
                EndReason::LoadFailed
            } else {
                EndReason::Finished
            };
            let cause = "java.io.IOException: Premature EOF";
            let exception = Exception::new("The stream ended", "suspicious", cause, writer.quirks);
            player.fail(exception, reason, now, writer);
        });
    }

    /// Plays a track that is stuck already, so that the event comes at once.
    fn get_stuck(&mut self, state: &mut State, key: &Key) {
        let (track, _) = self.track(state);
        let patience = state.settings.pace.stuck;
        state.with_player(key, |player, writer, now| {
            player.play(track, Fate::Plays, 0, None, now, writer);
            player.stick(now - patience, now);
        });
    }

    fn plugin(&mut self, state: &mut State, key: &Key) {
        let event = if self.chance.bool() {
            (
                "SegmentSkipped",
                json!({"segment": {"category": "intro", "start": 0, "end": 4000 + self.drawn}}),
            )
        } else {
            (
                "ChapterStarted",
                json!({"chapter": {"name": format!("Part {}", self.drawn), "start": 0, "end": 60_000}}),
            )
        };
        let fields = match event.1 {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        state.with_player(key, |player, writer: &mut FrameWriter<'_>, _| {
            // Segments and chapters are those of the track that plays.
            if player.playing.is_some() {
                writer.plugin(event.0, fields);
            }
        });
    }
}
