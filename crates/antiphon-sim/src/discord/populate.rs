//! Who and what there is at the beginning.

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
const DAY: i64 = 86_400_000;
/// Further bots: one that may do anything, one without rights and privileged intents, and one that is in no guild.
const BOTS: [&str; 3] = ["cantor", "lector", "deacon"];

impl State {
    /// Name of the first bot.
    pub(crate) const BOT: &'static str = "antiphon";

    /// Fills an empty world: a guild, its channels, its members, and bots.
    pub(crate) fn populate(&mut self) {
        // What exists already is older than what is to come, by a length of time that only this run has.
        let mut mint = self.world.mint("discord beginnings");
        let mut past = self.now() - 400 * DAY - mint.i64(..DAY);
        let mut older = |state: &mut Self| {
            past += mint.i64(60_000..6_000_000);
            state.snowflakes.next(past)
        };
        for name in [Self::BOT].iter().chain(&BOTS) {
            let id = older(self);
            self.insert_user(id, name, true);
            let privileged = if *name == "lector" { 0 } else { PRIVILEGED };
            self.insert_bot(id, privileged);
        }
        for name in RESIDENTS {
            let id = older(self);
            self.insert_user(id, name, false);
        }
        let guild = older(self);
        let mut ids = Vec::new();
        for _ in 0..24 {
            ids.push(older(self));
        }
        self.found(guild, "choir", &ids);
        let named = |state: &Self, name: &str| state.channel_named(name).unwrap_or_default();
        self.home = Home {
            guild,
            text: named(self, "loft"),
            voice: named(self, "stalls"),
            bot: self.user_named(Self::BOT).unwrap_or_default(),
        };
    }

    fn insert_user(&mut self, id: Id, name: &str, is_bot: bool) {
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
        self.users.insert(id, user);
    }

    fn insert_bot(&mut self, id: Id, privileged: u64) {
        let token = self.new_token(id);
        let starts = (self.settings.starts, self.now() + DAY);
        self.bots.insert(
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

    /// Makes somebody new.
    pub(crate) fn add_user(&mut self, name: &str, is_bot: bool) -> Id {
        let id = self.new_id();
        self.insert_user(id, name, is_bot);
        if is_bot {
            self.insert_bot(id, PRIVILEGED);
        }
        id
    }

    /// Makes a guild like the first one; the bots learn of it by GUILD_CREATE.
    pub(crate) fn add_guild(&mut self, name: &str) -> Id {
        // The upper part of an id decides about its shard, so each guild has another.
        let born = self.snowflakes.next(self.now());
        let later = self
            .guilds
            .keys()
            .map(|id| (id >> 22) + 1)
            .max()
            .unwrap_or(0)
            << 22;
        let id = born.max(later);
        let ids: Vec<Id> = (0..24).map(|_| self.new_id()).collect();
        self.found(id, name, &ids);
        for bot in [Self::BOT, "cantor", "lector"] {
            if let Some(bot) = self.user_named(bot) {
                self.tell_guild(id, bot);
            }
        }
        id
    }

    /// Founds a guild with these ids for its roles and channels.
    fn found(&mut self, id: Id, name: &str, ids: &[Id]) {
        let born = self.now() - 300 * DAY;
        let mut ids = ids.iter().copied();
        let mut next = || ids.next().expect("enough ids for roles and channels");
        let named = |state: &Self, name: &str| state.user_named(name).unwrap_or_default();
        let bot = named(self, Self::BOT);
        let roles = [
            ("@everyone", 0_u8, permissions::EVERYONE, None),
            ("Regulars", 1, 0, None),
            ("DJ", 2, permissions::MOVE_MEMBERS, None),
            (
                Self::BOT,
                3,
                permissions::MODERATOR | permissions::EVERYONE,
                Some(bot),
            ),
            ("Moderators", 4, permissions::MODERATOR, None),
            ("Wardens", 5, permissions::ADMINISTRATOR, None),
        ];
        let roles: Vec<Role> = roles
            .into_iter()
            .map(|(name, position, permissions, bot)| Role {
                id: if position == 0 { id } else { next() },
                name: name.to_owned(),
                color: u64::from(position > 0) * (0x33_6699 + u64::from(position)),
                hoist: position > 3,
                position: i64::from(position),
                permissions,
                mentionable: position > 0,
                bot,
            })
            .collect();
        let has = |role: usize| BTreeSet::from([roles[role].id]);
        let mut members = BTreeMap::new();
        let mut presences = BTreeMap::new();
        for (number, name) in (0..).zip(RESIDENTS) {
            let roles = match (name, number % 3) {
                ("teo", _) => has(4),
                (_, 0) => has(2),
                (_, 1) => has(1),
                _ => BTreeSet::new(),
            };
            let joined_at = born + number * DAY;
            members.insert(
                named(self, name),
                Member {
                    roles,
                    joined_at,
                    ..Member::default()
                },
            );
            if number % 4 != 3 {
                let status = ["online", "idle", "dnd"][usize::try_from(number % 3).unwrap_or(0)];
                let activities = if number % 5 == 0 {
                    vec![
                        json!({"name": "Slow Tide", "type": 2, "id": "spotify:1", "created_at": born}),
                    ]
                } else {
                    Vec::new()
                };
                presences.insert(
                    named(self, name),
                    Presence {
                        status: status.into(),
                        activities,
                    },
                );
            }
        }
        for (name, roles) in [
            (Self::BOT, has(3)),
            ("cantor", has(5)),
            ("lector", BTreeSet::new()),
        ] {
            members.insert(
                named(self, name),
                Member {
                    roles,
                    joined_at: born + 30 * DAY,
                    ..Member::default()
                },
            );
        }
        let hidden = |from: Id| Overwrite {
            id: from,
            is_member: false,
            allow: 0,
            deny: permissions::VIEW_CHANNEL,
        };
        let shown = |to: &Role| Overwrite {
            id: to.id,
            is_member: false,
            allow: permissions::VIEW_CHANNEL,
            deny: 0,
        };
        let house = next();
        let channels = [
            (house, "house", kind::CATEGORY, vec![]),
            (next(), "loft", kind::TEXT, vec![]),
            (next(), "lobby", kind::TEXT, vec![]),
            (
                next(),
                "notices",
                kind::ANNOUNCEMENT,
                vec![Overwrite {
                    deny: permissions::SEND_MESSAGES,
                    ..hidden(id)
                }],
            ),
            (
                next(),
                "sacristy",
                kind::TEXT,
                vec![hidden(id), shown(&roles[3]), shown(&roles[4])],
            ),
            (
                next(),
                "crypt",
                kind::TEXT,
                vec![
                    hidden(id),
                    Overwrite {
                        id: roles[3].id,
                        ..hidden(id)
                    },
                    shown(&roles[4]),
                ],
            ),
            (next(), "stalls", kind::VOICE, vec![]),
            (next(), "side-chapel", kind::VOICE, vec![]),
            (next(), "ambo", kind::STAGE, vec![]),
        ];
        for (position, (id_of, name, kind, overwrites)) in (0..).zip(channels) {
            let channel = Channel {
                id: id_of,
                kind,
                guild: Some(id),
                parent: (id_of != house).then_some(house),
                name: name.to_owned(),
                topic: (kind == kind::TEXT).then(|| format!("{name} of the guild")),
                position,
                user_limit: if name == "side-chapel" { 2 } else { 0 },
                overwrites,
                created_at: born,
                ..Channel::default()
            };
            self.channels.insert(id_of, channel);
        }
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner: named(self, "mira"),
            roles: roles.into_iter().map(|role| (role.id, role)).collect(),
            members,
            bans: BTreeMap::new(),
            voices: BTreeMap::new(),
            presences,
            emojis: BTreeMap::from([(next(), "organ".to_owned()), (next(), "bell".to_owned())]),
            invites: BTreeMap::new(),
            things: BTreeMap::new(),
            is_available: true,
            padding: 0,
        };
        self.guilds.insert(id, guild);
    }
}
