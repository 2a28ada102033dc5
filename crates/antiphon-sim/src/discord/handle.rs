//! The hand that tests and commands hold: people act, and things go wrong.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::{KindPattern, Secret};
use bytes::Bytes;
use serde_json::Value;

use super::{
    KeyOrder, Server,
    frame::Event,
    messages::Draft,
    model::{Emoji, Id},
    state::State,
};
use crate::{
    fault::{RestFault, RestRule},
    outgoing::Outgoing,
};

/// How a text frame begins that never ends.
const BEGINNING: &str = r#"{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{"content":""#;

/// The simulated Discord; clones are the same one.
///
/// People are named by name or id, and a name that nobody has makes someone new, who is in no guild.
/// Channels and guilds are named by name, by id, or by a path such as `guild/42/channel/7`; a name that is not there is an error
/// of the caller, who is told by a note and by `None`, `false` or nothing.
/// Everything here happens at once, in the order of the calls.
#[derive(Clone)]
pub struct Discord {
    pub(crate) server: Arc<Server>,
    /// The bot whose connections are meant, if not everyone's are.
    bot: Option<Id>,
    shard: Option<u32>,
}

impl fmt::Debug for Discord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discord").finish_non_exhaustive()
    }
}

/// A bot, and what it logs in with.
#[derive(Clone, Debug)]
pub struct BotAccount {
    /// Id of the bot's user.
    pub id: u64,
    /// Id of the application, which is the user's.
    pub application: u64,
    /// Name of the user.
    pub username: String,
    /// What it identifies with, without `Bot `.
    pub token: Secret,
}

impl Discord {
    /// Name of the first bot, which has its guild's leave to do what moderators do.
    pub const BOT: &'static str = State::BOT;

    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            bot: None,
            shard: None,
        }
    }

    /// Whether a connection is still being served, be it that its close frame is being written.
    pub(crate) fn is_serving(&self) -> bool {
        self.act(|state| state.serving > 0)
    }

    /// Sends clients to this address, to connect and to resume.
    pub(crate) fn lead_to(&self, address: &str) {
        self.act(|state| {
            address.clone_into(&mut state.gateway);
            address.clone_into(&mut state.resume_gateway);
        });
    }

    pub(super) fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        self.server.with(act)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Who and where.

    /// The first bot's token.
    pub fn token(&self) -> Secret {
        self.account().token
    }

    /// The first bot.
    pub fn account(&self) -> BotAccount {
        let bot = self.act(|state| state.home.bot);
        self.bot(bot)
    }

    /// The bot of this name; a new one that is in no guild, if there is none.
    pub fn account_named(&self, name: &str) -> BotAccount {
        let bot = self.act(|state| {
            let known = state
                .user_named(name)
                .filter(|id| state.bots.contains_key(id));
            known.unwrap_or_else(|| state.add_user(name, true))
        });
        self.bot(bot)
    }

    fn bot(&self, id: Id) -> BotAccount {
        self.act(|state| BotAccount {
            id,
            application: id,
            username: state
                .users
                .get(&id)
                .map(|user| user.name.clone())
                .unwrap_or_default(),
            token: Secret::new(
                state
                    .bots
                    .get(&id)
                    .map(|bot| bot.token.clone())
                    .unwrap_or_default(),
            ),
        })
    }

    /// Every bot: the first one, one that may do anything in its guild (`cantor`), one without rights and privileged intents
    /// (`lector`), and one that is in no guild (`deacon`).
    pub fn accounts(&self) -> Vec<BotAccount> {
        let bots: Vec<Id> = self.act(|state| state.bots.keys().copied().collect());
        bots.into_iter().map(|bot| self.bot(bot)).collect()
    }

    /// Id of the first guild.
    pub fn guild_id(&self) -> u64 {
        self.act(|state| state.home.guild)
    }

    /// Id of the first guild's first text channel, `loft`.
    pub fn channel_id(&self) -> u64 {
        self.act(|state| state.home.text)
    }

    /// Id of the first guild's first voice channel, `stalls`.
    pub fn voice_channel_id(&self) -> u64 {
        self.act(|state| state.home.voice)
    }

    /// Id of the channel meant by a name, an id or a path.
    pub fn channel(&self, name: &str) -> Option<u64> {
        self.act(|state| state.channel_named(name))
    }

    /// Id of the guild meant by a name, an id or a path.
    pub fn guild(&self, name: &str) -> Option<u64> {
        self.act(|state| state.guild_named(name))
    }

    /// Id of the user of this name.
    pub fn user(&self, name: &str) -> u64 {
        self.act(|state| state.someone(name))
    }

    /// What is said in a channel, oldest first.
    pub fn texts(&self, channel: &str) -> Vec<String> {
        self.act(|state| {
            let kept = state
                .channel_named(channel)
                .and_then(|id| state.messages.get(&id));
            kept.into_iter()
                .flat_map(|kept| kept.values())
                .map(|message| message.content.clone())
                .collect()
        })
    }

    /// Sets how many events a second people make by themselves.
    pub fn traffic(&self, rate: u32) {
        self.server.rate.send_replace(rate);
    }

    pub(super) fn in_channel<T>(
        &self,
        channel: &str,
        act: impl FnOnce(&mut State, Id) -> T,
    ) -> Option<T> {
        self.act(|state| {
            let Some(id) = state.channel_named(channel) else {
                state.note(format!("no channel `{channel}` to act in"));
                return None;
            };
            Some(act(state, id))
        })
    }

    pub(super) fn in_guild<T>(
        &self,
        guild: &str,
        act: impl FnOnce(&mut State, Id) -> T,
    ) -> Option<T> {
        self.act(|state| {
            let Some(id) = state.guild_named(guild) else {
                state.note(format!("no guild `{guild}` to act in"));
                return None;
            };
            Some(act(state, id))
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What people do.

    /// Posts a message; gives its id, or zero where there is no such channel.
    pub fn say(&self, channel: &str, by: &str, text: &str) -> u64 {
        let posted = self.in_channel(channel, |state, channel| {
            let author = state.someone(by);
            state.post(channel, author, Draft::text(text))
        });
        posted.unwrap_or_default()
    }

    /// Changes a message; tells whether it was there.
    pub fn edit(&self, channel: &str, message: u64, text: &str) -> bool {
        let edited = self.in_channel(channel, |state, channel| {
            state.edit(channel, message, |message| {
                text.clone_into(&mut message.content)
            })
        });
        edited.unwrap_or_default()
    }

    /// Deletes a message; tells whether it was there.
    pub fn delete(&self, channel: &str, message: u64) -> bool {
        self.in_channel(channel, |state, channel| state.delete(channel, message))
            .unwrap_or_default()
    }

    /// Reacts to a message with an emoji of the platform; tells whether that changed something.
    pub fn react(&self, channel: &str, message: u64, by: &str, emoji: &str) -> bool {
        let emoji = Emoji {
            id: None,
            name: emoji.to_owned(),
        };
        let reacted = self.in_channel(channel, |state, channel| {
            let user = state.someone(by);
            state.react(channel, message, user, &emoji, true)
        });
        reacted.unwrap_or_default()
    }

    /// Begins to type.
    pub fn type_in(&self, channel: &str, by: &str) {
        self.in_channel(channel, |state, channel| {
            let user = state.someone(by);
            state.type_in(channel, user);
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What the server can be set to.

    /// Makes a guild like the first one, on a shard of its own; gives its id.
    pub fn add_guild(&self, name: &str) -> u64 {
        self.act(|state| state.add_guild(name))
    }

    /// Sets how many shards are recommended.
    pub fn shards(&self, shards: u32) {
        self.act(|state| state.settings.shards = shards.max(1));
    }

    /// Refuses identifies with fewer shards than are recommended, or takes them again.
    pub fn require_shards(&self, on: bool) {
        self.act(|state| state.settings.requires_shards = on);
    }

    /// Sets how many identifies are taken within five seconds.
    pub fn max_concurrency(&self, identifies: u32) {
        self.act(|state| state.settings.max_concurrency = identifies.max(1));
    }

    /// Sets how many sessions a bot may still begin today.
    pub fn session_starts(&self, left: u32) {
        self.act(|state| {
            for bot in state.bots.values_mut() {
                bot.starts.0 = left;
            }
        });
    }

    /// Sets how many events a session can have again.
    pub fn replay(&self, events: usize) {
        self.act(|state| {
            state.settings.replay = events;
            for session in state.sessions.values_mut() {
                while session.buffer.len() > events {
                    session.buffer.pop_front();
                }
            }
        });
    }

    /// Sets how long sessions outlive their connections.
    pub fn session_life(&self, how_long: Duration) {
        self.act(|state| {
            state.settings.session_life =
                i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX / 2)
        });
    }

    /// Switches the privileged intents of a bot on or off.
    pub fn privileged(&self, bot: &str, on: bool) {
        self.act(|state| {
            let bot = state.user_named(bot).and_then(|id| state.bots.get_mut(&id));
            if let Some(bot) = bot {
                bot.privileged = if on { super::intents::PRIVILEGED } else { 0 };
            }
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What goes wrong on the Gateway.

    /// Names of the connections that are open, the oldest first.
    pub fn connections(&self) -> Vec<String> {
        self.act(|state| {
            state
                .connections
                .values()
                .map(|connection| connection.id.clone())
                .collect()
        })
    }

    /// Sessions that live, connected or not, the oldest first.
    pub fn sessions(&self) -> Vec<String> {
        self.act(|state| {
            state.expire_sessions();
            state.sessions_of(None)
        })
    }

    /// How many sessions were begun today by a bot.
    pub fn identifies(&self, bot: &str) -> u32 {
        self.act(|state| {
            let bot = state.user_named(bot).unwrap_or_default();
            state.settings.starts - state.starts(bot).0
        })
    }

    /// Heartbeats that came in on all connections there are, and those that were acknowledged.
    pub fn heartbeats(&self) -> (u64, u64) {
        self.act(|state| {
            let connections = state.connections.values();
            connections.fold((0, 0), |(beats, acks), one| {
                (beats + one.beats, acks + one.acks)
            })
        })
    }

    /// The same, with faults of connections limited to those of one bot.
    #[must_use]
    pub fn only(&self, bot: &str) -> Self {
        Self {
            bot: Some(self.account_named(bot).id),
            ..self.clone()
        }
    }

    /// The same, with faults of connections limited to those of one shard.
    #[must_use]
    pub fn shard(&self, shard: u32) -> Self {
        Self {
            shard: Some(shard),
            ..self.clone()
        }
    }

    fn each(&self, act: impl Fn(&mut State, u64)) {
        self.act(|state| {
            for number in state.connections_of(self.bot, self.shard) {
                act(state, number);
            }
        });
    }

    /// Closes every connection without a word; what was not written yet is lost.
    pub fn cut(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.cut();
            }
            state.gone(number);
        });
    }

    /// Closes every connection with a reset, where they are real.
    pub fn reset(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.reset();
            }
            state.gone(number);
        });
    }

    /// Closes every connection with a code; after 4004, 4007 and 4009 to 4014 its session is over.
    pub fn close(&self, code: u16, reason: &str) {
        self.each(|state, number| state.close(number, code, reason));
    }

    /// Refuses connections to the Gateway for so long.
    pub fn refuse_sockets(&self, how_long: Duration) {
        self.act(|state| {
            let length = i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX);
            state.faults.refuse_until = Some(state.now().saturating_add(length));
        });
    }

    /// Answers the next requests for a socket with a status.
    pub fn refuse_upgrades(&self, times: usize, status: u16) {
        self.act(|state| {
            state
                .faults
                .upgrades
                .extend(std::iter::repeat_n(status, times))
        });
    }

    /// Asks every client to reconnect (op 7).
    pub fn reconnect(&self) {
        self.each(|state, number| state.control(number, 7, &Value::Null));
    }

    /// Tells every client that its session is invalid (op 9); unless it is resumable, it is over.
    pub fn invalidate(&self, resumable: bool) {
        self.each(|state, number| {
            let session = state
                .connections
                .get_mut(&number)
                .and_then(|one| one.session.take());
            state.control(number, 9, &Value::from(resumable));
            let Some(session) = session else {
                return;
            };
            if resumable {
                let now = state.now();
                if let Some(session) = state.sessions.get_mut(&session) {
                    session.connection = None;
                    session.lost_at = Some(now);
                }
            } else {
                state.sessions.remove(&session);
            }
        });
    }

    /// Asks every client for a heartbeat (op 1).
    pub fn ask_for_beats(&self) {
        self.each(|state, number| state.control(number, 1, &Value::Null));
    }

    /// Ends all sessions without a word, as an outage does; their connections stay.
    pub fn forget_sessions(&self) {
        self.act(|state| {
            state
                .sessions
                .retain(|_, session| session.connection.is_some())
        });
    }

    /// Keeps the connections open while nothing comes through any more.
    pub fn half_open(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.mute = true;
                connection.line.freeze();
            }
        });
    }

    /// Holds everything back in both directions for so long.
    pub fn stall(&self, how_long: Duration) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                let line = connection.line.clone();
                line.freeze();
                state.later(how_long, move |_| line.thaw());
            }
        });
    }

    /// Acknowledges no heartbeats, or acknowledges them again.
    pub fn withhold_acks(&self, withhold: bool) {
        self.act(|state| state.troubles.withholds_acks = withhold);
    }

    /// Acknowledges heartbeats so much later.
    pub fn delay_acks(&self, late: Duration) {
        self.act(|state| state.troubles.late_acks = late);
    }

    /// Refuses connections to the host that READY names for resuming, or takes them again.
    ///
    /// Over real sockets the two hosts are one, and nothing is refused.
    pub fn stale_resume_host(&self, stale: bool) {
        self.act(|state| state.troubles.resume_host_is_stale = stale);
    }

    /// Sends each of the next `events` events twice.
    pub fn duplicate(&self, events: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.duplicate = events;
            }
        });
    }

    /// Sends the next `pairs` pairs of events in the wrong order.
    pub fn reorder(&self, pairs: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.reorder = pairs;
            }
        });
    }

    /// Sends compressed payloads to new connections in messages of at most so many bytes.
    pub fn split(&self, bytes: Option<usize>) {
        self.act(|state| state.troubles.split = bytes);
    }

    /// Sets in which order the keys of a dispatch come.
    pub fn key_order(&self, order: KeyOrder) {
        self.act(|state| state.troubles.key_order = order);
    }

    /// Sends a text as it is; it has no number and no row.
    pub fn frame(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Text(text.into())));
    }

    /// Sends bytes in a binary frame as they are; in the middle of a compressed stream, they break it.
    pub fn binary(&self, bytes: &[u8]) {
        self.each(|state, number| state.binary(number, Bytes::copy_from_slice(bytes)));
    }

    /// Sends the first half of the frame that would carry a text; what comes after it cannot be read where it was compressed.
    pub fn truncated(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Truncated(text.into())));
    }

    /// Sends a text frame that claims this many bytes, until the peer has had enough.
    pub fn oversized(&self, bytes: u64) {
        self.each(|state, number| state.send(number, Outgoing::Oversized(bytes, BEGINNING)));
    }

    /// Tells every session an event of this name, or without one, with this data; it has a sequence and a row.
    pub fn dispatch(&self, name: Option<&str>, data: &Value) {
        self.act(|state| {
            state.made += 1;
            for session in state.sessions_of(self.bot) {
                let account = state.sessions.get(&session).map(|session| session.account);
                state.deliver(
                    &session,
                    Event::new(name, data),
                    data.to_string().into(),
                    account,
                );
            }
        });
    }

    /// Sends ids inside events as numbers, or as texts again.
    pub fn numeric_ids(&self, on: bool) {
        self.act(|state| state.troubles.numeric_ids = on);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What goes wrong with requests.

    /// Lets the next requests that fit fail: `METHOD /path`, or the path alone, without `/api/v10`, with `*` for anything.
    pub fn fail(&self, requests: &str, times: u32, fault: RestFault) {
        self.act(|state| {
            state.faults.rest.push(RestRule {
                requests: KindPattern::new(requests),
                account: None,
                left: times,
                fault,
            });
        });
    }

    /// Limits no requests, or limits them again.
    pub fn unlimited(&self, on: bool) {
        self.act(|state| state.limits.are_off = on);
    }

    /// Gives a bot another token; the old one is no longer good.
    pub fn reset_token(&self, bot: &str) -> Secret {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let token = state.new_token(bot);
            if let Some(bot) = state.bots.get_mut(&bot) {
                bot.token.clone_from(&token);
            }
            Secret::new(token)
        })
    }
}
