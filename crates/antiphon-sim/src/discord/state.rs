//! Everything the simulated Discord knows, behind one lock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use antiphon_core::Rng;
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    connection::Connection,
    frame::KeyOrder,
    limits::Limits,
    model::{Bot, Channel, Guild, Id, Message, User},
    session::{Due, Session, Shard},
    settings::Settings,
};
use crate::{
    fault::Faults,
    ledger::Ledger,
    timers::{Timed, Timers},
    world::World,
};

/// Milliseconds from 1970 to the beginning of snowflakes.
pub(crate) const EPOCH: i64 = 1_420_070_400_000;

/// What goes wrong here and nowhere else.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct GatewayFaults {
    /// Heartbeats are not acknowledged.
    pub(crate) withholds_acks: bool,
    /// Heartbeats are acknowledged so much later.
    pub(crate) late_acks: Duration,
    /// Connections to the resume host fail.
    pub(crate) resume_host_is_stale: bool,
    /// Compressed payloads come in several messages of at most this many bytes.
    pub(crate) split: Option<usize>,
    pub(crate) key_order: KeyOrder,
    /// Ids inside events are numbers.
    pub(crate) numeric_ids: bool,
    /// `MESSAGE_UPDATE` has only what changed.
    pub(crate) partial_updates: bool,
    /// Presences have a status that nobody knows and a user who has more than an id.
    pub(crate) odd_presences: bool,
    /// The voice server's address comes before the voice state.
    pub(crate) voice_server_first: bool,
    /// The voice server's address is null at first.
    pub(crate) voice_server_missing: bool,
    /// Chunks of members come in the wrong order.
    pub(crate) chunks_reversed: bool,
    /// This chunk of members does not come.
    pub(crate) chunk_missing: Option<usize>,
    /// Members in a chunk, at most.
    pub(crate) chunk_size: Option<usize>,
    /// RESUMED has null instead of an object.
    pub(crate) resumed_is_null: bool,
}

/// Makes snowflakes: growing, none twice, and others in every run.
#[derive(Debug)]
pub(crate) struct Snowflakes {
    worker: u64,
    last: u64,
}

impl Snowflakes {
    pub(crate) fn new(mut mint: Rng) -> Self {
        Self {
            worker: mint.u64(..1 << 17),
            last: 0,
        }
    }

    pub(crate) fn next(&mut self, now: i64) -> Id {
        let time = u64::try_from(now - EPOCH).unwrap_or(0) << 22;
        self.last = (time | self.worker).max(self.last + 1);
        self.last
    }
}

/// The whole of it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) gateway_faults: GatewayFaults,
    pub(crate) limits: Limits,
    pub(crate) timers: Timers<Self>,
    /// For tokens and session ids: differs from run to run.
    pub(crate) secrets: Rng,
    pub(crate) snowflakes: Snowflakes,
    /// Where clients are sent: to connect, and to resume.
    pub(crate) gateway: String,
    pub(crate) resume_gateway: String,
    pub(crate) users: BTreeMap<Id, User>,
    pub(crate) bots: BTreeMap<Id, Bot>,
    pub(crate) guilds: BTreeMap<Id, Guild>,
    pub(crate) channels: BTreeMap<Id, Channel>,
    /// What is said, by channel.
    pub(crate) messages: BTreeMap<Id, BTreeMap<Id, Message>>,
    /// Messages by channel, author and nonce, where a nonce is to be used once.
    pub(crate) nonces: BTreeMap<(Id, Id, String), Id>,
    /// Slash commands, by application and guild.
    pub(crate) commands: BTreeMap<(Id, Option<Id>), Vec<Value>>,
    /// Interactions: their token, and what became of them.
    pub(crate) interactions: BTreeMap<Id, super::interactions::Interaction>,
    pub(crate) sessions: BTreeMap<String, Session>,
    /// What accounts are due, by account and shard.
    pub(crate) due: BTreeMap<(Id, Shard), Due>,
    /// Times of recent identifies, by account and bucket.
    pub(crate) identifies: BTreeMap<(Id, u32), Vec<i64>>,
    /// When the whole of a guild's members was last asked for, by account and guild.
    pub(crate) full_lists: BTreeMap<(Id, Id), i64>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) opened: u64,
    /// Events made so far, by which traffic keeps its pace.
    pub(crate) made: u64,
    /// Rung when somebody's voice may have become another.
    pub(crate) voices: Arc<Notify>,
    /// The first guild, and its channels.
    pub(crate) home: Home,
}

/// Where a bot is at home: the ids that are handed out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Home {
    pub(crate) guild: Id,
    pub(crate) text: Id,
    pub(crate) voice: Id,
    pub(crate) bot: Id,
}

impl State {
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut state = Self {
            world,
            ledger,
            settings,
            faults: Faults::default(),
            gateway_faults: GatewayFaults::default(),
            limits: Limits::default(),
            timers: Timers::default(),
            secrets: world.mint("discord secrets"),
            snowflakes: Snowflakes::new(world.mint("discord")),
            gateway: "wss://gateway.discord.gg".into(),
            resume_gateway: format!("wss://{}", super::RESUME),
            users: BTreeMap::new(),
            bots: BTreeMap::new(),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            nonces: BTreeMap::new(),
            commands: BTreeMap::new(),
            interactions: BTreeMap::new(),
            sessions: BTreeMap::new(),
            due: BTreeMap::new(),
            identifies: BTreeMap::new(),
            full_lists: BTreeMap::new(),
            connections: BTreeMap::new(),
            opened: 0,
            made: 0,
            voices: Arc::default(),
            home: Home::default(),
        };
        state.populate();
        state
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.world.now()
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.ledger.note(self.now(), "discord", text.into());
    }

    /// A new id, of something that begins to exist now.
    pub(crate) fn new_id(&mut self) -> Id {
        let now = self.now();
        self.snowflakes.next(now)
    }

    /// 32 hexadecimal digits.
    pub(crate) fn secret(&mut self) -> String {
        format!("{:032x}", self.secrets.u128(..))
    }

    /// The bot with this token, which may stand behind `Bot `.
    pub(crate) fn bot_with(&self, token: &str) -> Option<Id> {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        let mut bots = self.bots.iter();
        bots.find(|(_, bot)| bot.token == token).map(|(id, _)| *id)
    }

    /// The user with this name or id.
    pub(crate) fn user_named(&self, name: &str) -> Option<Id> {
        let by_name = self.users.values().find(|user| user.name == name);
        by_name.map(|user| user.id).or_else(|| {
            let id = name.parse().ok()?;
            self.users.contains_key(&id).then_some(id)
        })
    }

    /// The user with this name or id; a new name makes someone new.
    pub(crate) fn someone(&mut self, name: &str) -> Id {
        match self.user_named(name) {
            Some(user) => user,
            None => self.add_user(name, false),
        }
    }

    /// The channel meant by an id, a name, or a path that ends in one.
    pub(crate) fn channel_named(&self, name: &str) -> Option<Id> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let by_id = name
            .parse()
            .ok()
            .filter(|id| self.channels.contains_key(id));
        by_id.or_else(|| {
            let mut channels = self.channels.values();
            channels
                .find(|channel| channel.name == name)
                .map(|channel| channel.id)
        })
    }

    /// The guild meant by an id, a name, or a path that begins with `guild/`.
    pub(crate) fn guild_named(&self, name: &str) -> Option<Id> {
        let name = name
            .strip_prefix("guild/")
            .map_or(name, |rest| rest.split('/').next().unwrap_or(rest));
        let by_id = name.parse().ok().filter(|id| self.guilds.contains_key(id));
        by_id.or_else(|| {
            let mut guilds = self.guilds.values();
            guilds
                .find(|guild| guild.name == name)
                .map(|guild| guild.id)
        })
    }

    /// What a user may do in a channel; in a thread, what its parent grants.
    pub(crate) fn permissions(&self, user: Id, channel: &Channel) -> u64 {
        let Some(guild) = channel.guild.and_then(|id| self.guilds.get(&id)) else {
            return if channel.recipients.contains(&user) {
                u64::MAX
            } else {
                0
            };
        };
        let of = match channel.parent.filter(|_| channel.is_thread()) {
            Some(parent) => self.channels.get(&parent).unwrap_or(channel),
            None => channel,
        };
        super::permissions::of(guild, user, Some(of))
    }

    /// Channels of a guild; threads only if they are asked for.
    pub(crate) fn channels_of(&self, guild: Id, threads: bool) -> impl Iterator<Item = &Channel> {
        let channels = self.channels.values();
        channels
            .filter(move |channel| channel.guild == Some(guild) && channel.is_thread() == threads)
    }

    /// Guilds that an account is in.
    pub(crate) fn guilds_of(&self, account: Id) -> BTreeSet<Id> {
        let guilds = self.guilds.values();
        let joined = guilds.filter(|guild| guild.members.contains_key(&account));
        joined.map(|guild| guild.id).collect()
    }
}

impl Timed for State {
    fn now(&self) -> i64 {
        self.world.now()
    }

    fn timers(&mut self) -> &mut Timers<Self> {
        &mut self.timers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_within_a_millisecond() {
        let mut ids = Snowflakes::new(Rng::with_seed(1));
        let first = ids.next(EPOCH + 5);
        let second = ids.next(EPOCH + 5);
        assert!(first < second);
        assert_eq!(first >> 22, 5);
        assert!(second < ids.next(EPOCH + 6));
    }
}
