//! The voice handshake: pairs Discord's voice state and voice server, which come in either order, for the node
//! (protocol §9, <https://lavalink.dev/api/rest.html#voice-state>).
//!
//! ```text
//!   ask ──▶ op 4 ──▶ Discord ──▶ on_state(channel, session) ─┐
//!                        └─────▶ on_server(token, endpoint) ─┴─▶ pair ──▶ node ──▶ on_given
//! ```
//!
//! # What holds
//! - A server is *fresh* until the node took it. A new state makes a pair only with a fresh server; with an old one it
//!   waits for the next, because the token of the former channel would be refused with 4006.
//! - A server makes a pair at once only with a state of the wanted channel.
//! - A deadline is set while something is expected of Discord. 10 s count from the moment at which op 4 was sent, since
//!   Discord's rate limit may hold it back.
//! - After the first deadline the bot leaves and joins once; after the second the handshake has failed. While op 4
//!   itself fails, a channel that was entered before is not given up.
//! - Token and session id are never printed and never stored.

use std::time::Duration;

use antiphon_core::Secret;
use tokio::time::Instant;

use crate::{
    model::{ChannelId, GuildId, VoiceRequest},
    wire,
};

/// Time that Discord has to send both halves of a pair.
pub(crate) const PAIR_WITHIN: Duration = Duration::from_secs(10);

/// The effect of a voice state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// None for the node.
    Nothing,
    /// The pair is complete and must be given to the node.
    Pair,
    /// The bot left its channel.
    Left,
}

/// The effect of an overdue handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The request was not sent yet.
    NotYet,
    /// Leave and join again.
    AskAgain([VoiceRequest; 2]),
    /// The handshake failed.
    GiveUp,
}

/// Discord's voice server of the guild.
#[derive(Debug)]
struct Server {
    /// The secret half; a new one for each channel and server.
    token: Secret,
    /// Host and port, never empty.
    endpoint: String,
    /// Not yet given to a node, so that it belongs to the newest attempt.
    fresh: bool,
}

/// The voice connection of one player: wish, halves, and how far the handshake is.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    /// The wanted channel.
    pub(crate) channel: Option<ChannelId>,
    /// Sent with every request.
    pub(crate) self_deaf: bool,
    /// Sent with every request.
    pub(crate) self_mute: bool,
    /// Channel and session id of the bot's own voice state, the first half.
    state: Option<(ChannelId, String)>,
    /// The second half.
    server: Option<Server>,
    /// Channel of the pair that the node was given.
    given: Option<String>,
    /// When to act if Discord has not; absent while nothing is expected.
    deadline: Option<Instant>,
    /// Number of repeated attempts without a pair.
    again: u8,
    /// Requests that were not sent yet, since Discord's rate limit may hold them for a minute.
    asking: u32,
    /// Whether it has been in a channel.
    entered: bool,
}

impl Voice {
    /// Wants a channel, and returns the request to Discord.
    pub(crate) fn ask(&mut self, guild: GuildId, channel: ChannelId, now: Instant) -> VoiceRequest {
        self.channel = Some(channel);
        self.deadline = Some(now + PAIR_WITHIN);
        self.again = 0;
        self.request(guild, Some(channel))
    }

    /// Drops both halves, which are not valid any more, and requests new ones.
    pub(crate) fn ask_anew(&mut self, guild: GuildId, now: Instant) -> Option<VoiceRequest> {
        let channel = self.channel?;
        self.state = None;
        self.server = None;
        self.given = None;
        Some(self.ask(guild, channel, now))
    }

    /// Whether a new pair was requested and has not come.
    pub(crate) fn is_asked_anew(&self) -> bool {
        self.entered && self.given.is_none() && self.deadline.is_some()
    }

    /// Wants no channel, and returns the request to Discord.
    pub(crate) fn leave(&mut self, guild: GuildId) -> VoiceRequest {
        *self = Self {
            self_deaf: self.self_deaf,
            self_mute: self.self_mute,
            asking: self.asking,
            ..Self::default()
        };
        self.request(guild, None)
    }

    /// Handles the result of a request: the time for a pair, or for the next attempt, begins now.
    pub(crate) fn on_asked(&mut self, is_sent: bool, now: Instant) {
        self.asking = self.asking.saturating_sub(1);
        // While requests fail, a missing pair does not prove that the channel is closed to the bot.
        if !is_sent && self.entered {
            self.again = 0;
        }
        if let Some(deadline) = &mut self.deadline {
            *deadline = now + PAIR_WITHIN;
        }
    }

    /// Makes a request, and counts it until it was sent.
    fn request(&mut self, guild: GuildId, channel: Option<ChannelId>) -> VoiceRequest {
        self.asking += 1;
        VoiceRequest {
            guild,
            channel,
            self_deaf: self.self_deaf,
            self_mute: self.self_mute,
        }
    }

    /// Handles the bot's own voice state.
    ///
    /// A repeated one has no effect, such as a mute. One without a channel ends the player, unless the first state of
    /// an attempt is still awaited: then it is the echo of a leave before it.
    pub(crate) fn on_state(
        &mut self,
        channel: Option<ChannelId>,
        session_id: &str,
        now: Instant,
    ) -> Heard {
        let Some(channel) = channel else {
            // While a first state is awaited, this one belongs to the session before.
            return if self.state.take().is_some() {
                Heard::Left
            } else {
                Heard::Nothing
            };
        };
        let same = matches!(&self.state, Some((known, session)) if *known == channel && session == session_id);
        if same {
            return Heard::Nothing;
        }
        self.state = Some((channel, session_id.to_owned()));
        self.channel = Some(channel);
        if self.server.as_ref().is_some_and(|server| server.fresh) {
            return Heard::Pair;
        }
        // The token of the previous channel would be refused with 4006, even by the same server.
        self.deadline = Some(now + PAIR_WITHIN);
        self.again = 0;
        Heard::Nothing
    }

    /// Handles the guild's voice server; returns whether the pair must be given to the node.
    pub(crate) fn on_server(
        &mut self,
        token: Secret,
        endpoint: Option<String>,
        now: Instant,
    ) -> bool {
        let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty());
        let Some(endpoint) = endpoint else {
            // Discord took the server away and will send another.
            self.server = None;
            self.deadline = Some(now + PAIR_WITHIN);
            return false;
        };
        self.server = Some(Server {
            token,
            endpoint,
            fresh: true,
        });
        // A server that comes before the state belongs to the requested channel, not to the previous one.
        matches!(&self.state, Some((channel, _)) if Some(*channel) == self.channel)
    }

    /// The pair for the node, once both halves are there.
    pub(crate) fn pair(&self) -> Option<wire::Voice> {
        let (channel, session_id) = self.state.as_ref()?;
        let server = self.server.as_ref()?;
        Some(wire::Voice {
            token: server.token.expose().to_owned(),
            endpoint: server.endpoint.clone(),
            session_id: session_id.clone(),
            channel_id: channel.to_string(),
        })
    }

    /// Endpoint of the voice server.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.server.as_ref().map(|server| &*server.endpoint)
    }

    /// Notes that the node took this pair.
    pub(crate) fn on_given(&mut self, pair: &wire::Voice) {
        self.given = Some(pair.channel_id.clone());
        self.entered = true;
        if self.pair().as_ref() == Some(pair) {
            self.deadline = None;
            self.again = 0;
            if let Some(server) = &mut self.server {
                server.fresh = false;
            }
        }
    }

    /// Adopts the pair of a node that already has the player.
    pub(crate) fn adopted(&mut self, pair: &wire::Voice) {
        let channel = pair.channel_id.parse().ok().or(self.channel);
        let Some(channel) = channel else {
            return;
        };
        self.channel.get_or_insert(channel);
        self.state
            .get_or_insert_with(|| (channel, pair.session_id.clone()));
        self.server.get_or_insert_with(|| Server {
            token: Secret::new(&*pair.token),
            endpoint: pair.endpoint.clone(),
            fresh: false,
        });
        self.given = Some(channel.to_string());
        self.entered = true;
        self.deadline = None;
    }

    /// Ends the handshake: the bot is in the wanted channel.
    pub(crate) fn settled(&mut self) {
        self.deadline = None;
    }

    /// Ends the handshake if the node is in the channel with the pair that it has.
    pub(crate) fn settled_if_given(&mut self) {
        let is_old = self.server.as_ref().is_some_and(|server| !server.fresh);
        let channel = self.state.as_ref().map(|(channel, _)| channel.to_string());
        if is_old && channel.is_some() && self.given == channel {
            self.deadline = None;
        }
    }

    /// Notes that the node has no pair: it is another node, or lost the player.
    pub(crate) fn on_node_changed(&mut self) {
        self.given = None;
    }

    /// Whether the node has a pair.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Expects a new pair or a move, since the node lost the voice server.
    pub(crate) fn expect_pair(&mut self, now: Instant) {
        self.deadline = Some(now + PAIR_WITHIN);
        self.again = 0;
    }

    /// When [`on_deadline`](Self::on_deadline) must be called; absent while nothing is expected.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Handles the deadline: waits on for a request that was not sent, asks once more, or gives up.
    pub(crate) fn on_deadline(&mut self, guild: GuildId, now: Instant) -> Overdue {
        if self.asking > 0 {
            self.deadline = Some(now + PAIR_WITHIN);
            return Overdue::NotYet;
        }
        self.deadline = None;
        let Some(channel) = self.channel.filter(|_| self.again == 0) else {
            return Overdue::GiveUp;
        };
        self.state = None;
        self.server = None;
        self.again = 1;
        self.deadline = Some(now + PAIR_WITHIN);
        Overdue::AskAgain([
            self.request(guild, None),
            self.request(guild, Some(channel)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: GuildId = GuildId::new(1);
    const LOFT: ChannelId = ChannelId::new(7);
    const HALL: ChannelId = ChannelId::new(8);

    fn asked() -> (Voice, Instant) {
        let now = Instant::now();
        let mut voice = Voice::default();
        assert_eq!(voice.ask(GUILD, LOFT, now).channel, Some(LOFT));
        (voice, now)
    }

    fn connected() -> (Voice, Instant) {
        let (mut voice, now) = asked();
        voice.on_state(Some(LOFT), "s", now);
        voice.on_server("t1".into(), Some("a".into()), now);
        let pair = voice.pair().expect("both");
        voice.on_given(&pair);
        (voice, now)
    }

    #[track_caller]
    fn check_pair(voice: &Voice, token: &str, channel: ChannelId) {
        let pair = voice.pair().expect("both halves");
        assert_eq!(
            (&*pair.token, pair.channel_id),
            (token, channel.to_string())
        );
    }

    #[test]
    fn both_halves_make_a_pair_in_either_order() {
        let (mut voice, now) = asked();
        assert_eq!(voice.on_state(Some(LOFT), "s", now), Heard::Nothing);
        assert!(voice.on_server("t".into(), Some("a:443".into()), now));
        check_pair(&voice, "t", LOFT);
        let (mut voice, now) = asked();
        assert!(!voice.on_server("t".into(), Some("a:443".into()), now));
        assert_eq!(voice.on_state(Some(LOFT), "s", now), Heard::Pair);
        check_pair(&voice, "t", LOFT);
    }

    #[test]
    fn a_move_is_never_paired_with_the_server_update_before_it() {
        let (mut voice, now) = connected();
        assert_eq!(voice.on_state(Some(HALL), "s", now), Heard::Nothing);
        assert!(voice.deadline().is_some(), "a fresh half is waited for");
        assert!(voice.on_server("t2".into(), Some("a".into()), now));
        check_pair(&voice, "t2", HALL);
    }

    #[test]
    fn a_server_update_before_the_state_of_an_asked_move_waits_for_it() {
        let (mut voice, now) = connected();
        voice.ask(GUILD, HALL, now);
        assert!(!voice.on_server("t2".into(), Some("b".into()), now));
        assert_eq!(voice.on_state(Some(HALL), "s", now), Heard::Pair);
        check_pair(&voice, "t2", HALL);
    }

    #[test]
    fn a_new_server_for_the_same_channel_is_told_at_once() {
        let (mut voice, now) = connected();
        assert!(
            !voice.on_server("x".into(), None, now),
            "the old one is gone"
        );
        assert!(voice.pair().is_none());
        assert!(voice.on_server("t2".into(), Some("b".into()), now));
        check_pair(&voice, "t2", LOFT);
    }

    #[test]
    fn a_second_loss_of_the_voice_server_is_given_as_long_as_the_first() {
        let (mut voice, now) = connected();
        voice.on_asked(true, now);
        for loss in ["first", "second"] {
            voice.on_server("x".into(), None, now);
            let again = voice.on_deadline(GUILD, now);
            assert!(matches!(again, Overdue::AskAgain(_)), "{loss}: {again:?}");
            voice.on_asked(true, now);
            voice.on_asked(true, now);
            // The server comes before the state this time.
            voice.on_server("t2".into(), Some("b".into()), now);
            assert_eq!(voice.on_state(Some(LOFT), "s2", now), Heard::Pair);
            let pair = voice.pair().expect("both");
            voice.on_given(&pair);
        }
    }

    #[test]
    fn mute_and_deaf_change_nothing_and_a_kick_is_a_leave() {
        let (mut voice, now) = connected();
        assert_eq!(voice.on_state(Some(LOFT), "s", now), Heard::Nothing);
        assert_eq!(voice.deadline(), None);
        assert_eq!(voice.on_state(None, "s", now), Heard::Left);
    }

    #[test]
    fn an_old_leave_does_not_end_an_attempt() {
        let (mut voice, now) = asked();
        assert_eq!(voice.on_state(None, "old", now), Heard::Nothing);
    }

    #[test]
    fn silence_is_asked_once_more_and_then_given_up() {
        let (mut voice, now) = asked();
        voice.on_asked(true, now);
        let Overdue::AskAgain([leave, enter]) = voice.on_deadline(GUILD, now) else {
            panic!("once more")
        };
        assert_eq!((leave.channel, enter.channel), (None, Some(LOFT)));
        assert_eq!(
            voice.on_state(None, "s", now),
            Heard::Nothing,
            "the echo of our own leave"
        );
        voice.on_asked(true, now);
        voice.on_asked(true, now);
        assert_eq!(voice.on_deadline(GUILD, now), Overdue::GiveUp);
    }

    #[test]
    fn an_answer_is_overdue_only_once_the_question_has_been_sent() {
        let (mut voice, now) = asked();
        let late = now + 6 * PAIR_WITHIN;
        assert_eq!(voice.on_deadline(GUILD, late), Overdue::NotYet);
        voice.on_asked(true, late);
        assert_eq!(voice.deadline(), Some(late + PAIR_WITHIN));
        assert!(matches!(
            voice.on_deadline(GUILD, late + PAIR_WITHIN),
            Overdue::AskAgain(_)
        ));
    }

    #[test]
    fn while_discord_cannot_be_asked_a_channel_that_was_entered_is_not_given_up() {
        let (mut voice, mut now) = connected();
        voice.on_asked(true, now);
        voice.expect_pair(now);
        for _ in 0..9 {
            now += PAIR_WITHIN;
            let again = voice.on_deadline(GUILD, now);
            assert!(matches!(again, Overdue::AskAgain(_)), "{again:?}");
            voice.on_asked(false, now);
            voice.on_asked(false, now);
        }
        // After a request was sent, Discord's silence counts.
        now += PAIR_WITHIN;
        voice.on_deadline(GUILD, now);
        voice.on_asked(true, now);
        voice.on_asked(true, now);
        now += PAIR_WITHIN;
        assert_eq!(voice.on_deadline(GUILD, now), Overdue::GiveUp);
    }
}
