//! The initial users, guild and bots.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    intents::PRIVILEGED,
    model::{Bot, Channel, Guild, Id, Member, Overwrite, Presence, Role, User, kind},
    permissions,
    state::{Home, State},
};
use crate::world::RESIDENTS;

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;
/// Further bots: one that may do anything, one without rights and privileged intents, and one that is in no guild.
pub(super) const BOTS: [&str; 3] = ["cantor", POWERLESS, "deacon"];
/// The bot without privileged intents.
pub(super) const POWERLESS: &str = "lector";
/// Ids of the roles, channels and emojis of a new guild.
pub(super) const IDS: usize = 24;

impl State {
    /// Name of the first bot.
    pub(crate) const BOT: &'static str = "antiphon";

    /// Creates the initial guild, its channels, its members, and the bots.
    pub(crate) fn populate(&mut self) {
        // Initial ids are older than new ones, by a length of time that only this run has.
        let mut mint = self.world.mint("discord beginnings");
        let mut past = self.now() - 400 * DAY - mint.i64(0..DAY);
        let mut older = |state: &mut Self| {
            past += mint.i64(60_000..6_000_000);
            state.snowflakes.next(past)
        };
        for name in [Self::BOT].iter().chain(&BOTS) {
            let id = older(self);
            self.insert_user(id, name, true);
            let privileged = if *name == POWERLESS { 0 } else { PRIVILEGED };
            self.insert_bot(id, privileged);
        }
        self.home.bot = self.named(Self::BOT);
        for name in RESIDENTS {
            let id = older(self);
            self.insert_user(id, name, false);
        }
        let guild = older(self);
        let mut ids = Vec::new();
        for _ in 0..IDS {
            ids.push(older(self));
        }
        self.found(guild, "choir", &ids);
        let channel = |name: &str| self.community.channel_named(name).unwrap_or_default();
        self.home = Home {
            guild,
            text: channel("loft"),
            voice: channel("stalls"),
            bot: self.home.bot,
        };
        self.keep_first_names();
    }

    /// Keeps the names by which commands find the first bot, guild and channels, whatever their names are or become.
    pub(super) fn keep_first_names(&mut self) {
        let home = &self.home;
        let first = [
            (Self::BOT, home.bot),
            ("choir", home.guild),
            ("loft", home.text),
            ("stalls", home.voice),
        ];
        let first = first.map(|(name, id)| (name.to_owned(), id));
        self.community.first_names = BTreeMap::from(first);
    }

    pub(super) fn insert_user(&mut self, id: Id, name: &str, is_bot: bool) {
        let display_name = (!is_bot).then(|| {
            let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        });
        let user = User {
            id,
            name: name.to_owned(),
            display_name,
            is_bot,
        };
        self.community.users.insert(id, user);
    }

    pub(super) fn insert_bot(&mut self, id: Id, privileged: u64) {
        let token = self.new_token(id);
        let starts = (self.settings.starts, self.now() + DAY);
        self.community.bots.insert(
            id,
            Bot {
                token,
                privileged,
                starts,
            },
        );
    }

    /// A token in the shape of Discord's: the id, a time and a secret.
    pub(crate) fn new_token(&mut self, id: Id) -> String {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
        let secret: [u8; 28] = std::array::from_fn(|_| self.secrets.u8(..));
        format!(
            "{}.{}.{}",
            BASE64.encode(id.to_string()),
            BASE64.encode(&secret[..5]),
            BASE64.encode(&secret[5..])
        )
    }

    /// Creates a user.
    pub(crate) fn add_user(&mut self, name: &str, is_bot: bool) -> Id {
        let id = self.new_id();
        self.insert_user(id, name, is_bot);
        if is_bot {
            self.insert_bot(id, PRIVILEGED);
        }
        id
    }

    /// Creates a guild like the default one; its bots receive `GUILD_CREATE`.
    pub(crate) fn add_guild(&mut self, name: &str) -> Id {
        // The upper part of an id decides its shard: each guild is a millisecond younger than the last, and so on the
        // next shard.
        let newest = self.community.guilds.keys().max().copied();
        let id = newest.map_or_else(|| self.new_id(), |newest| newest + (1 << 22));
        let ids: Vec<Id> = (0..IDS).map(|_| self.new_id()).collect();
        // A world from a file may lack them.
        for name in RESIDENTS {
            self.someone(name);
        }
        self.found(id, name, &ids);
        let bots: Vec<Id> = self.community.bots.keys().copied().collect();
        for bot in bots {
            if self.community.guilds[&id].members.contains_key(&bot) {
                self.tell_guild(id, bot);
            }
        }
        id
    }

    /// Creates a guild with these ids for its roles and channels.
    pub(super) fn found(&mut self, id: Id, name: &str, ids: &[Id]) {
        let born = self.now() - 300 * DAY;
        let mut ids = ids.iter().copied();
        let mut next = || ids.next().expect("enough ids for roles and channels");
        let roles = roles(id, self.home.bot, &mut next);
        let channels = channels(id, &roles, &mut next);
        for channel in channels {
            let channel = Channel {
                created_at: born,
                ..channel
            };
            self.community.channels.insert(channel.id, channel);
        }
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner: self.named("mira"),
            members: self.members(&roles, born),
            roles: roles.into_iter().map(|role| (role.id, role)).collect(),
            bans: BTreeMap::new(),
            voices: BTreeMap::new(),
            presences: self.presences(born),
            emojis: BTreeMap::from([(next(), "organ".to_owned()), (next(), "bell".to_owned())]),
            invites: BTreeMap::new(),
            things: BTreeMap::new(),
            attendees: BTreeSet::new(),
            is_available: true,
            padding: 0,
            more: super::model::GuildMore::default(),
        };
        self.community.guilds.insert(id, guild);
    }

    fn named(&self, name: &str) -> Id {
        self.community.user_named(name).unwrap_or_default()
    }

    /// The initial members of a guild.
    fn members(&self, roles: &[Role], born: i64) -> BTreeMap<Id, Member> {
        let member = |roles: BTreeSet<Id>, joined_at| Member {
            roles,
            joined_at,
            ..Member::default()
        };
        let has = |role: usize| BTreeSet::from([roles[role].id]);
        let residents = (0..).zip(RESIDENTS).map(|(number, name)| {
            let roles = match (name, number % 3) {
                ("teo", _) => has(4),
                (_, 0) => has(2),
                (_, 1) => has(1),
                _ => BTreeSet::new(),
            };
            (self.named(name), member(roles, born + number * DAY))
        });
        let bots = [
            (Some(self.home.bot), has(3)),
            (self.community.user_named("cantor"), has(5)),
            (self.community.user_named(POWERLESS), BTreeSet::new()),
        ];
        let bots = bots.into_iter();
        let bots = bots.filter_map(|(bot, roles)| Some((bot?, member(roles, born + 30 * DAY))));
        residents.chain(bots).collect()
    }

    /// Presences of the residents; one in four is offline.
    fn presences(&self, born: i64) -> BTreeMap<Id, Presence> {
        let there = (0_usize..)
            .zip(RESIDENTS)
            .filter(|(number, _)| number % 4 != 3);
        there
            .map(|(number, name)| {
                let song = json!({
                    "name": "Slow Tide", "type": 2, "id": "spotify:1", "created_at": born, "flags": 48,
                    "details": "Slow Tide", "state": "The Choir",
                });
                let presence = Presence {
                    status: ["online", "idle", "dnd"][number % 3].into(),
                    activities: if number % 5 == 0 {
                        vec![song]
                    } else {
                        Vec::new()
                    },
                };
                (self.named(name), presence)
            })
            .collect()
    }
}

/// The roles of a new guild, the lowest first; the first has the guild's own id.
fn roles(guild: Id, bot: Id, next: &mut impl FnMut() -> Id) -> Vec<Role> {
    let own = permissions::MODERATOR | permissions::EVERYONE;
    let roles = [
        ("@everyone", 0_u8, permissions::EVERYONE, None),
        ("Regulars", 1, 0, None),
        ("DJ", 2, permissions::MOVE_MEMBERS, None),
        (State::BOT, 3, own, Some(bot)),
        ("Moderators", 4, permissions::MODERATOR, None),
        ("Wardens", 5, permissions::ADMINISTRATOR, None),
    ];
    let roles = roles.map(|(name, position, permissions, bot)| Role {
        id: if position == 0 { guild } else { next() },
        name: name.to_owned(),
        color: u64::from(position > 0) * (0x33_6699 + u64::from(position)),
        hoist: position > 3,
        position: i64::from(position),
        permissions,
        mentionable: position > 0,
        bot,
    });
    roles.into()
}

/// The channels of a new guild: public ones, one where few may post, one that most cannot see, and one that the bot cannot
/// see.
fn channels(guild: Id, roles: &[Role], next: &mut impl FnMut() -> Id) -> Vec<Channel> {
    let without = |id: Id, deny: u64| Overwrite {
        id,
        is_member: false,
        allow: 0,
        deny,
    };
    let hidden = |id: Id| without(id, permissions::VIEW_CHANNEL);
    let shown = |role: &Role| Overwrite {
        id: role.id,
        is_member: false,
        allow: permissions::VIEW_CHANNEL,
        deny: 0,
    };
    let house = next();
    let unsaid = vec![without(guild, permissions::SEND_MESSAGES)];
    let for_keepers = vec![hidden(guild), shown(&roles[3]), shown(&roles[4])];
    let for_moderators = vec![hidden(guild), hidden(roles[3].id), shown(&roles[4])];
    let channels = [
        ("house", kind::CATEGORY, Vec::new()),
        ("loft", kind::TEXT, Vec::new()),
        ("lobby", kind::TEXT, Vec::new()),
        ("notices", kind::ANNOUNCEMENT, unsaid),
        ("sacristy", kind::TEXT, for_keepers),
        ("crypt", kind::TEXT, for_moderators),
        ("stalls", kind::VOICE, Vec::new()),
        ("side-chapel", kind::VOICE, Vec::new()),
        ("ambo", kind::STAGE, Vec::new()),
    ];
    let channels = (0..)
        .zip(channels)
        .map(|(position, (name, kind, overwrites))| {
            let is_house = kind == kind::CATEGORY;
            Channel {
                id: if is_house { house } else { next() },
                kind,
                guild: Some(guild),
                parent: (!is_house).then_some(house),
                name: name.to_owned(),
                topic: (kind == kind::TEXT).then(|| format!("{name} of the guild")),
                position,
                user_limit: if name == "side-chapel" { 2 } else { 0 },
                overwrites,
                ..Channel::default()
            }
        });
    channels.collect()
}
