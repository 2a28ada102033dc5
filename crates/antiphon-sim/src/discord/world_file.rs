//! Discord's section of a world file: a state from it, and back.
//!
//! Sessions, messages, conversations, voice states, invites, scheduled events and other passing objects, stickers, the
//! audit log and interactions are no part of the file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    intents,
    model::{self, Id, id_in, kind},
    permissions,
    populate::{self, DAY},
    settings::Settings,
    state::{EPOCH, Home, State},
};
use crate::{
    bounds,
    ledger::Ledger,
    world::{RESIDENTS, World},
    world_file::{
        FromFile, Names, Problem,
        discord::{
            Ban, Bot, Channel, Emoji, Guild, Intent, Kind, Member, Overwrite, Role, Section,
            Status, Tag, User,
        },
        value::{At, Permissions, Snowflake},
    },
};

/// Where made ids begin: 2018 for guilds, 2019 for all others (Unix milliseconds).
const GUILDS_BEGIN: i64 = 1_514_764_800_000;
/// The time that made ids cover.
const YEAR: i64 = 365 * DAY;
/// Name of the role that every member has.
const EVERYONE: &str = "@everyone";
/// Fields of a guild that have keys of their own, or follow from the world.
const GUILD_FIELDS: [&str; 6] = ["id", "name", "owner_id", "roles", "emojis", "stickers"];
/// Fields of a channel that have keys of their own, or follow from the world.
const CHANNEL_FIELDS: [&str; 14] = [
    "id",
    "type",
    "guild_id",
    "name",
    "parent_id",
    "position",
    "topic",
    "permission_overwrites",
    "user_limit",
    "rate_limit_per_user",
    "available_tags",
    "owner_id",
    "thread_metadata",
    "last_message_id",
];
/// Kinds of channels with their numbers.
const KINDS: [(Kind, u8); 10] = [
    (Kind::Text, kind::TEXT),
    (Kind::Voice, kind::VOICE),
    (Kind::Category, kind::CATEGORY),
    (Kind::Announcement, kind::ANNOUNCEMENT),
    (Kind::Stage, kind::STAGE),
    (Kind::Forum, kind::FORUM),
    (Kind::Media, kind::MEDIA),
    (Kind::AnnouncementThread, kind::ANNOUNCEMENT_THREAD),
    (Kind::PublicThread, kind::PUBLIC_THREAD),
    (Kind::PrivateThread, kind::PRIVATE_THREAD),
];
/// Privileged intents with their bits.
const INTENTS: [(Intent, u64); 3] = [
    (Intent::GuildMembers, intents::GUILD_MEMBERS),
    (Intent::GuildPresences, intents::GUILD_PRESENCES),
    (Intent::MessageContent, intents::MESSAGE_CONTENT),
];

impl FromFile for State {
    type Section = Section;
    type Settings = Settings;

    fn default_world(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self::new(world, ledger, settings)
    }

    fn of_file(
        world: World,
        ledger: Ledger,
        settings: Settings,
        section: &Section,
        inherit: bool,
    ) -> Result<Self, Problem> {
        let mut maker = Maker {
            state: Self::empty(world, ledger, settings),
            users: Names::new("user"),
            taken: BTreeSet::new(),
        };
        maker.bots(section.bots.as_deref(), inherit)?;
        maker.users(section.users.as_deref(), inherit)?;
        maker.guilds(section.guilds.as_deref(), inherit)?;
        maker.commands(section.bots.as_deref().unwrap_or_default())?;
        Ok(maker.state)
    }

    fn to_file(&self) -> Section {
        let community = &self.community;
        let mut users = Names::new("user");
        for user in community.users.values() {
            users.add(&user.name, user.id);
        }
        let mut guilds = Names::new("guild");
        for guild in community.guilds.values() {
            guilds.add(&guild.name, guild.id);
        }
        let first = |id: &&Id, home: Id| **id != home;
        let mut bots: Vec<&Id> = community.bots.keys().collect();
        bots.sort_by_key(|id| first(id, self.home.bot));
        let mut ids: Vec<&Id> = community.guilds.keys().collect();
        ids.sort_by_key(|id| first(id, self.home.guild));
        let people = community.users.values();
        let people = people.filter(|user| !community.bots.contains_key(&user.id));
        Section {
            bots: Some(bots.into_iter().map(|id| self.bot_file(*id)).collect()),
            users: Some(
                people
                    .map(|user| User {
                        name: user.name.clone(),
                        id: Some(Snowflake(user.id)),
                        display_name: user.display_name.clone(),
                    })
                    .collect(),
            ),
            guilds: Some(
                ids.into_iter()
                    .map(|id| self.guild_file(&community.guilds[id], &users))
                    .collect(),
            ),
        }
    }
}

impl State {
    fn bot_file(&self, id: Id) -> Bot {
        let bot = &self.community.bots[&id];
        let mut commands = Vec::new();
        for ((application, guild), known) in &self.rest.commands {
            for command in known.iter().filter(|_| *application == id) {
                let mut command = command.as_object().cloned().unwrap_or_default();
                for field in ["application_id", "guild_id", "version"] {
                    command.remove(field);
                }
                if let Some(guild) = guild {
                    command.insert("guild".to_owned(), json!(guild.to_string()));
                }
                commands.push(command);
            }
        }
        let may = INTENTS.iter().filter(|(_, bit)| bot.privileged & bit != 0);
        Bot {
            name: self.community.users[&id].name.clone(),
            id: Some(Snowflake(id)),
            token: Some(bot.token.clone()),
            privileged_intents: may.map(|(intent, _)| *intent).collect(),
            commands,
        }
    }

    fn guild_file(&self, guild: &model::Guild, users: &Names<Id>) -> Guild {
        let mut roles = Names::new("role");
        for role in guild.roles.values() {
            roles.add(&role.name, role.id);
        }
        let here = self.community.channels.values();
        let mut here: Vec<&model::Channel> =
            here.filter(|one| one.guild == Some(guild.id)).collect();
        here.sort_by_key(|one| (one.is_thread(), one.position, one.id));
        let mut channels = Names::new("channel");
        for channel in &here {
            channels.add(&channel.name, channel.id);
        }
        let writer = Writer {
            guild,
            users,
            roles,
            channels,
        };
        let mut by_rank: Vec<&model::Role> = guild.roles.values().collect();
        by_rank.sort_by_key(|role| (role.id != guild.id, role.position, role.id));
        let members = guild.members.iter();
        let emojis = guild.emojis.iter();
        Guild {
            name: guild.name.clone(),
            id: Some(Snowflake(guild.id)),
            owner: writer.user(guild.owner),
            roles: by_rank
                .into_iter()
                .map(|role| writer.role_file(role))
                .collect(),
            channels: here
                .into_iter()
                .map(|channel| writer.channel(channel))
                .collect(),
            members: members
                .map(|(id, member)| writer.member(*id, member))
                .collect(),
            emojis: emojis.map(|(id, name)| writer.emoji(*id, name)).collect(),
            bans: guild
                .bans
                .iter()
                .map(|(id, reason)| Ban {
                    user: writer.user(*id),
                    reason: reason.clone(),
                })
                .collect(),
            settings: guild.more.settings.clone(),
        }
    }
}

/// Writes the parts of a guild, with names in place of ids.
struct Writer<'a> {
    guild: &'a model::Guild,
    users: &'a Names<Id>,
    roles: Names<Id>,
    channels: Names<Id>,
}

impl Writer<'_> {
    fn user(&self, id: Id) -> String {
        self.users.name_of(&id).unwrap_or_else(|| id.to_string())
    }

    /// Names of roles; those that were removed are left out.
    fn roles<'b>(&self, ids: impl IntoIterator<Item = &'b Id>) -> Vec<String> {
        let ids = ids.into_iter();
        ids.filter_map(|id| self.roles.name_of(id)).collect()
    }

    fn role_file(&self, role: &model::Role) -> Role {
        Role {
            name: role.name.clone(),
            id: Some(Snowflake(role.id)),
            permissions: Some(Permissions(role.permissions)),
            color: u32::try_from(role.color).unwrap_or_default(),
            hoist: role.hoist,
            mentionable: role.mentionable,
            position: Some(role.position),
            bot: role.bot.map(|bot| self.user(bot)),
        }
    }

    fn channel(&self, one: &model::Channel) -> Channel {
        let overwrites = one.overwrites.iter().filter_map(|overwrite| {
            let (role, member) = if overwrite.is_member {
                (None, Some(self.user(overwrite.id)))
            } else {
                // An overwrite of a removed role means nothing.
                (Some(self.roles.name_of(&overwrite.id)?), None)
            };
            Some(Overwrite {
                role,
                member,
                allow: Permissions(overwrite.allow),
                deny: Permissions(overwrite.deny),
            })
        });
        let mut settings = one.settings.clone();
        Channel {
            name: one.name.clone(),
            id: Some(Snowflake(one.id)),
            kind: kind_of(one.kind),
            parent: one.parent.and_then(|parent| self.channels.name_of(&parent)),
            topic: one.topic.clone(),
            position: Some(one.position).filter(|_| !one.is_thread()),
            overwrites: overwrites.collect(),
            user_limit: u32::try_from(one.user_limit).unwrap_or(u32::MAX),
            slow_mode: u32::try_from(one.slow_mode).unwrap_or(u32::MAX),
            tags: tags_of(settings.remove("available_tags").as_ref()),
            settings,
            since: Some(At(one.created_at)),
            owner: one
                .owner
                .filter(|_| one.is_thread())
                .map(|id| self.user(id)),
            members: one.members.iter().map(|id| self.user(*id)).collect(),
            archived: one.is_archived,
            locked: one.is_locked,
            invitable: one.is_invitable || one.kind != kind::PRIVATE_THREAD,
            auto_archive: one.auto_archive,
        }
    }

    fn member(&self, id: Id, member: &model::Member) -> Member {
        let presence = self.guild.presences.get(&id);
        Member {
            name: self.user(id),
            bot: false,
            nick: member.nick.clone(),
            roles: self.roles(&member.roles),
            since: Some(At(member.joined_at)),
            status: presence.map(|presence| Status::of(&presence.status)),
            activities: presence.map_or_else(Vec::new, |one| one.activities.clone()),
            deaf: member.deaf,
            mute: member.mute,
            flags: member.flags,
            timeout_until: member.silenced_until.clone(),
        }
    }

    fn emoji(&self, id: Id, name: &str) -> Emoji {
        let more = self.guild.more.emojis.get(&id);
        Emoji {
            name: name.to_owned(),
            id: Some(Snowflake(id)),
            animated: more.is_some_and(|more| more.is_animated),
            roles: more.map_or_else(Vec::new, |more| self.roles(&more.roles)),
            creator: more.map(|more| self.user(more.creator)),
        }
    }
}

fn kind_of(number: u8) -> Kind {
    let mut kinds = KINDS.iter();
    let found = kinds.find(|(_, known)| *known == number);
    found.map_or(Kind::Text, |(kind, _)| *kind)
}

/// Tags of a forum from Discord's own form.
fn tags_of(known: Option<&Value>) -> Vec<Tag> {
    let known = known.and_then(Value::as_array);
    let tag = |tag: &Value| Tag {
        name: tag["name"].as_str().unwrap_or_default().to_owned(),
        id: id_in(&tag["id"]).map(Snowflake),
        moderated: tag["moderated"] == true,
        emoji: [&tag["emoji_id"], &tag["emoji_name"]]
            .into_iter()
            .find_map(|emoji| emoji.as_str().map(str::to_owned)),
    };
    known.into_iter().flatten().map(tag).collect()
}

/// Makes a state of a section.
struct Maker {
    state: State,
    users: Names<Id>,
    /// Ids that are given away.
    taken: BTreeSet<Id>,
}

impl Maker {
    /// The given id, or one that follows from the seed and from what it is of.
    fn id(&mut self, path: &str, given: Option<Snowflake>, what: &str) -> Result<Id, Problem> {
        if let Some(Snowflake(id)) = given {
            return if self.taken.insert(id) {
                Ok(id)
            } else {
                let path = format!("{path}.id");
                Err(Problem::new(
                    path,
                    format_args!("two objects have the id {id}"),
                ))
            };
        }
        let begin = GUILDS_BEGIN + if what.starts_with("guild ") { 0 } else { YEAR };
        let mut chance = self.state.world.chance(&format!("world file: {what}"));
        loop {
            let at = u64::try_from(begin - EPOCH + chance.i64(0..YEAR)).unwrap_or_default();
            let id = at << 22 | chance.u64(..1 << 22);
            if self.taken.insert(id) {
                return Ok(id);
            }
        }
    }

    fn user(
        &mut self,
        path: &str,
        name: &str,
        id: Option<Snowflake>,
        is_bot: bool,
    ) -> Result<Id, Problem> {
        Problem::name(format_args!("{path}.name"), name)?;
        let of_path = path.split_once('.').map_or(path, |(section, _)| section);
        let are = self.state.community.users.len();
        Problem::fits(of_path, "users", are + 1, bounds::USERS)?;
        let id = self.id(path, id, &format!("user {name}"))?;
        self.state.insert_user(id, name, is_bot);
        if is_bot {
            self.state.insert_bot(id, intents::PRIVILEGED);
        }
        self.users.add(name, id);
        Ok(id)
    }

    /// The user of this name or id; a new name makes a user.
    fn someone(&mut self, path: &str, name: &str, is_bot: bool) -> Result<Id, Problem> {
        match self.users.find(name) {
            Some(_) => self.users.get(path, "the world", name),
            None if name.parse::<Id>().is_ok() => Err(Problem::new(
                path,
                format_args!("no user has the id {name}"),
            )),
            None => self.user(path, name, None, is_bot),
        }
    }

    fn bots(&mut self, bots: Option<&[Bot]>, inherit: bool) -> Result<(), Problem> {
        let path = "discord.bots";
        if bots.is_some_and(<[Bot]>::is_empty) {
            let problem = Problem::new(path, "there is no bot");
            return Err(problem.hint("name one, or leave `bots` out"));
        }
        for (number, bot) in bots.unwrap_or_default().iter().enumerate() {
            let path = format!("{path}[{number}]");
            if self.users.find(&bot.name).is_some() {
                return Err(Problem::new(
                    path,
                    format_args!("two bots are named `{}`", bot.name),
                ));
            }
            let id = self.user(&path, &bot.name, bot.id, true)?;
            let of = &bot.privileged_intents;
            let may = INTENTS.iter().filter(|(intent, _)| of.contains(intent));
            let may = may.fold(0, |sum, (_, bit)| sum | bit);
            let known = &self.state.community.bots;
            if let Some(token) = &bot.token {
                let token_path = format!("{path}.token");
                if token.trim().is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(Problem::new(
                        token_path,
                        "a token is letters, digits and signs without spaces",
                    ));
                }
                if known.values().any(|other| other.token == *token) {
                    return Err(Problem::new(token_path, "two bots have this token"));
                }
            }
            if let Some(made) = self.state.community.bots.get_mut(&id) {
                made.privileged = may;
                if let Some(token) = &bot.token {
                    made.token.clone_from(token);
                }
            }
        }
        if bots.is_none() {
            let others = populate::BOTS.iter().filter(|_| inherit);
            for name in [State::BOT].iter().chain(others) {
                let id = self.user(path, name, None, true)?;
                if *name == populate::POWERLESS {
                    self.state.insert_bot(id, 0);
                }
            }
        }
        let first = match bots {
            Some(bots) => &bots[0].name,
            None => State::BOT,
        };
        self.state.home.bot = self.users.find(first).unwrap_or_default();
        Ok(())
    }

    fn users(&mut self, users: Option<&[User]>, inherit: bool) -> Result<(), Problem> {
        for (number, user) in users.unwrap_or_default().iter().enumerate() {
            let path = format!("discord.users[{number}]");
            let id = self.user(&path, &user.name, user.id, false)?;
            if let Some(shown) = &user.display_name
                && let Some(user) = self.state.community.users.get_mut(&id)
            {
                user.display_name = Some(shown.clone());
            }
        }
        if users.is_none() && inherit {
            for name in RESIDENTS {
                self.someone("discord.users", name, false)?;
            }
        }
        Ok(())
    }

    fn guilds(&mut self, guilds: Option<&[Guild]>, inherit: bool) -> Result<(), Problem> {
        let path = "discord.guilds";
        let given = guilds.unwrap_or_default();
        Problem::fits(path, "guilds", given.len(), bounds::GUILDS)?;
        // Given ids first, so that no made one takes them.
        let mut first = None;
        for (number, guild) in given.iter().enumerate() {
            let id = self.guild(&format!("{path}[{number}]"), guild)?;
            first.get_or_insert(id);
        }
        if guilds.is_none() && inherit {
            for name in RESIDENTS {
                self.someone(path, name, false)?;
            }
            let id = self.id(path, None, "guild choir")?;
            let mut ids = Vec::new();
            for number in 0..populate::IDS {
                ids.push(self.id(path, None, &format!("part {number} of choir"))?);
            }
            self.state.found(id, "choir", &ids);
            first = Some(id);
        }
        let guild = first.unwrap_or_default();
        let channel = |kind: u8| {
            let channels = self.state.community.channels_of(guild, false);
            let of_kind = channels.filter(|channel| channel.kind == kind);
            let first = of_kind.min_by_key(|channel| (channel.position, channel.id));
            first.map(|channel| channel.id).unwrap_or_default()
        };
        self.state.home = Home {
            guild,
            text: channel(kind::TEXT),
            voice: channel(kind::VOICE),
            bot: self.state.home.bot,
        };
        self.state.keep_first_names();
        Ok(())
    }

    fn guild(&mut self, path: &str, guild: &Guild) -> Result<Id, Problem> {
        Problem::name(format_args!("{path}.name"), &guild.name)?;
        for (list, are, most) in [
            ("roles", guild.roles.len(), bounds::IN_GUILD),
            ("channels", guild.channels.len(), 2 * bounds::IN_GUILD),
            ("emojis", guild.emojis.len(), bounds::IN_GUILD),
            ("members", guild.members.len(), bounds::MEMBERS),
            ("bans", guild.bans.len(), bounds::MEMBERS),
        ] {
            Problem::fits(format_args!("{path}.{list}"), list, are, most)?;
        }
        refuse_fields(&format!("{path}.settings"), &guild.settings, &GUILD_FIELDS)?;
        let name = &guild.name;
        let id = self.id(path, guild.id, &format!("guild {name}"))?;
        let (names, roles) = self.roles(path, guild, id)?;
        let owner = self.someone(&format!("{path}.owner"), &guild.owner, false)?;
        let born = self.state.now() - 300 * DAY;
        let mut made = model::Guild {
            id,
            name: name.clone(),
            owner,
            roles,
            members: BTreeMap::new(),
            bans: BTreeMap::new(),
            voices: BTreeMap::new(),
            presences: BTreeMap::new(),
            emojis: BTreeMap::new(),
            invites: BTreeMap::new(),
            things: BTreeMap::new(),
            attendees: BTreeSet::new(),
            is_available: true,
            padding: 0,
            more: model::GuildMore::default(),
        };
        made.more.settings.clone_from(&guild.settings);
        for (number, member) in guild.members.iter().enumerate() {
            self.member(
                &format!("{path}.members[{number}]"),
                member,
                &mut made,
                &names,
                born,
            )?;
        }
        // The owner is a member, whether the list says so or not.
        made.members.entry(owner).or_insert_with(|| model::Member {
            joined_at: born,
            ..model::Member::default()
        });
        for (number, emoji) in guild.emojis.iter().enumerate() {
            let path = format!("{path}.emojis[{number}]");
            Problem::name(format_args!("{path}.name"), &emoji.name)?;
            let id = self.id(&path, emoji.id, &format!("emoji {} of {name}", emoji.name))?;
            made.emojis.insert(id, emoji.name.clone());
            let roles = listed(&path, "roles", &emoji.roles, |path, role| {
                names.get(path, format_args!("guild `{name}`"), role)
            })?;
            let creator = match &emoji.creator {
                Some(creator) => Some(self.someone(&format!("{path}.creator"), creator, false)?),
                None => None,
            };
            if creator.is_some() || emoji.animated || !roles.is_empty() {
                let more = model::EmojiMore {
                    roles,
                    is_animated: emoji.animated,
                    creator: creator.unwrap_or(owner),
                };
                made.more.emojis.insert(id, more);
            }
        }
        for (number, ban) in guild.bans.iter().enumerate() {
            let path = format!("{path}.bans[{number}].user");
            let user = self.someone(&path, &ban.user, false)?;
            if made.members.contains_key(&user) {
                return Err(Problem::new(
                    path,
                    format_args!("`{}` is a member, and banned", ban.user),
                ));
            }
            made.bans.insert(user, ban.reason.clone());
        }
        self.state.community.guilds.insert(id, made);
        self.channels(path, guild, id, owner, &names)?;
        Ok(id)
    }

    fn roles(
        &mut self,
        path: &str,
        guild: &Guild,
        id: Id,
    ) -> Result<(Names<Id>, BTreeMap<Id, model::Role>), Problem> {
        let mut names = Names::new("role");
        let mut roles = BTreeMap::new();
        names.add(EVERYONE, id);
        roles.insert(
            id,
            model::Role {
                id,
                name: EVERYONE.to_owned(),
                color: 0,
                hoist: false,
                position: 0,
                permissions: permissions::EVERYONE,
                mentionable: false,
                bot: None,
            },
        );
        for (number, role) in (0..).zip(&guild.roles) {
            let path = format!("{path}.roles[{number}]");
            Problem::name(format_args!("{path}.name"), &role.name)?;
            let is_everyone = role.name == EVERYONE;
            if is_everyone && role.id.is_some_and(|Snowflake(own)| own != id) {
                return Err(Problem::new(path, "`@everyone` has the guild's own id"));
            }
            let own = if is_everyone {
                id
            } else {
                self.id(
                    &path,
                    role.id,
                    &format!("role {} of {}", role.name, guild.name),
                )?
            };
            let bot = match &role.bot {
                Some(bot) => Some(self.someone(&format!("{path}.bot"), bot, true)?),
                None => None,
            };
            let usual = if is_everyone {
                permissions::EVERYONE
            } else {
                0
            };
            if !is_everyone {
                names.add(&role.name, own);
            }
            let place = if is_everyone {
                0
            } else {
                number + i64::from(guild.roles[0].name != EVERYONE)
            };
            roles.insert(
                own,
                model::Role {
                    id: own,
                    name: role.name.clone(),
                    color: role.color.into(),
                    hoist: role.hoist,
                    position: role.position.unwrap_or(place),
                    permissions: role.permissions.map_or(usual, |given| given.0),
                    mentionable: role.mentionable,
                    bot,
                },
            );
        }
        Ok((names, roles))
    }

    fn member(
        &mut self,
        path: &str,
        member: &Member,
        guild: &mut model::Guild,
        roles: &Names<Id>,
        born: i64,
    ) -> Result<(), Problem> {
        let user = self.someone(&format!("{path}.name"), &member.name, member.bot)?;
        if member.bot && !self.state.community.bots.contains_key(&user) {
            return Err(Problem::new(
                format_args!("{path}.bot"),
                format_args!("`{}` is no bot", member.name),
            ));
        }
        Problem::text(
            format_args!("{path}.nick"),
            member.nick.as_deref().unwrap_or_default(),
        )?;
        let of = format!("guild `{}`", guild.name);
        let has = listed(path, "roles", &member.roles, |path, role| {
            roles.get(path, &of, role)
        })?;
        let made = model::Member {
            nick: member.nick.clone(),
            roles: has.into_iter().filter(|role| *role != guild.id).collect(),
            joined_at: member.since.map_or(born, |since| since.0),
            deaf: member.deaf,
            mute: member.mute,
            flags: member.flags,
            silenced_until: member.timeout_until.clone(),
        };
        if guild.members.insert(user, made).is_some() {
            return Err(Problem::new(
                format_args!("{path}.name"),
                format_args!("`{}` is a member twice", member.name),
            ));
        }
        if member.status.is_some() || !member.activities.is_empty() {
            let presence = model::Presence {
                status: member.status.unwrap_or(Status::Online).word().to_owned(),
                activities: member.activities.clone(),
            };
            guild.presences.insert(user, presence);
        }
        Ok(())
    }

    fn channels(
        &mut self,
        path: &str,
        guild: &Guild,
        id: Id,
        owner: Id,
        roles: &Names<Id>,
    ) -> Result<(), Problem> {
        let of = format!("guild `{}`", guild.name);
        let mut names = Names::new("channel");
        let mut ids = Vec::new();
        for (number, channel) in guild.channels.iter().enumerate() {
            let path = format!("{path}.channels[{number}]");
            Problem::name(format_args!("{path}.name"), &channel.name)?;
            let what = format!("channel {} of {}", channel.name, guild.name);
            let own = self.id(&path, channel.id, &what)?;
            names.add(&channel.name, own);
            ids.push(own);
        }
        let mut kinds: BTreeMap<Id, Kind> = BTreeMap::new();
        kinds.extend(
            ids.iter()
                .copied()
                .zip(guild.channels.iter().map(|channel| channel.kind)),
        );
        for (number, channel) in guild.channels.iter().enumerate() {
            let (path, own) = (format!("{path}.channels[{number}]"), ids[number]);
            refuse_fields(
                &format!("{path}.settings"),
                &channel.settings,
                &CHANNEL_FIELDS,
            )?;
            Problem::text(
                format_args!("{path}.topic"),
                channel.topic.as_deref().unwrap_or_default(),
            )?;
            let parent = match &channel.parent {
                Some(parent) => Some(names.get(format_args!("{path}.parent"), &of, parent)?),
                None => None,
            };
            check_parent(&path, channel, parent.map(|parent| kinds[&parent]))?;
            let is_thread = is_thread(channel.kind);
            let mut overwrites = Vec::new();
            for (number, overwrite) in channel.overwrites.iter().enumerate() {
                overwrites.push(self.overwrite(
                    &format!("{path}.overwrites[{number}]"),
                    overwrite,
                    &of,
                    roles,
                )?);
            }
            let mut settings = channel.settings.clone();
            if !channel.tags.is_empty() {
                settings.insert(
                    "available_tags".to_owned(),
                    self.tags(&path, channel, &guild.name)?,
                );
            }
            let begun_by = match &channel.owner {
                Some(owner) => self.someone(&format!("{path}.owner"), owner, false)?,
                None => owner,
            };
            let members = listed(&path, "members", &channel.members, |path, name| {
                self.someone(path, name, false)
            })?;
            let birth = i64::try_from(own >> 22).unwrap_or_default() + EPOCH;
            let mut kinds = KINDS.iter();
            let made = model::Channel {
                id: own,
                kind: kinds
                    .find(|(kind, _)| *kind == channel.kind)
                    .map_or(kind::TEXT, |(_, number)| *number),
                guild: Some(id),
                parent,
                name: channel.name.clone(),
                topic: channel.topic.clone(),
                position: channel.position.unwrap_or(if is_thread {
                    0
                } else {
                    i64::try_from(number).unwrap_or_default()
                }),
                user_limit: channel.user_limit.into(),
                slow_mode: channel.slow_mode.into(),
                overwrites,
                owner: is_thread.then_some(begun_by),
                members: members.into_iter().collect(),
                is_archived: channel.archived,
                is_locked: channel.locked,
                auto_archive: channel.auto_archive,
                is_invitable: channel.invitable && channel.kind == Kind::PrivateThread,
                created_at: channel.since.map_or(birth, |since| since.0),
                settings,
                ..model::Channel::default()
            };
            self.state.community.channels.insert(own, made);
        }
        Ok(())
    }

    fn overwrite(
        &mut self,
        path: &str,
        overwrite: &Overwrite,
        of: &str,
        roles: &Names<Id>,
    ) -> Result<model::Overwrite, Problem> {
        let (id, is_member) = match (&overwrite.role, &overwrite.member) {
            (Some(role), None) => (roles.get(format_args!("{path}.role"), of, role)?, false),
            (None, Some(member)) => (
                self.someone(&format!("{path}.member"), member, false)?,
                true,
            ),
            _ => {
                return Err(Problem::new(
                    path,
                    "an overwrite has either `role` or `member`",
                ));
            }
        };
        Ok(model::Overwrite {
            id,
            is_member,
            allow: overwrite.allow.0,
            deny: overwrite.deny.0,
        })
    }

    /// Tags of a forum in Discord's own form.
    fn tags(&mut self, path: &str, channel: &Channel, guild: &str) -> Result<Value, Problem> {
        if !matches!(channel.kind, Kind::Forum | Kind::Media) {
            let problem = Problem::new(
                format_args!("{path}.tags"),
                format_args!("`{}` is no forum", channel.name),
            );
            return Err(problem.hint("write `kind = \"forum\"`"));
        }
        Problem::fits(format_args!("{path}.tags"), "tags", channel.tags.len(), 20)?;
        let mut tags = Vec::new();
        for (number, tag) in channel.tags.iter().enumerate() {
            let path = format!("{path}.tags[{number}]");
            // Tags are told apart within their channel alone.
            let id = match tag.id {
                Some(id) => id.0,
                None => self.id(
                    &path,
                    None,
                    &format!("tag {} of {} of {guild}", tag.name, channel.name),
                )?,
            };
            let emoji = tag.emoji.as_deref();
            let own = emoji.filter(|emoji| emoji.parse::<Id>().is_ok());
            tags.push(json!({
                "id": id.to_string(),
                "name": tag.name,
                "moderated": tag.moderated,
                "emoji_id": own,
                "emoji_name": emoji.filter(|_| own.is_none()),
            }));
        }
        Ok(tags.into())
    }

    /// Registers the bots' commands, which may be of a guild.
    fn commands(&mut self, bots: &[Bot]) -> Result<(), Problem> {
        let mut guilds = Names::new("guild");
        for guild in self.state.community.guilds.values() {
            guilds.add(&guild.name, guild.id);
        }
        for (number, bot) in bots.iter().enumerate() {
            let account = self.users.find(&bot.name).unwrap_or_default();
            let path = format!("discord.bots[{number}].commands");
            for (number, command) in bot.commands.iter().enumerate() {
                let path = format!("{path}[{number}]");
                let mut command = command.clone();
                let guild = match command.remove("guild") {
                    None => None,
                    Some(Value::String(guild)) => {
                        Some(guilds.get(format_args!("{path}.guild"), "the world", &guild)?)
                    }
                    Some(_) => {
                        return Err(Problem::new(
                            format_args!("{path}.guild"),
                            "a guild is named by a text",
                        ));
                    }
                };
                let id = match command.remove("id") {
                    None => None,
                    Some(id) => match id_in(&id) {
                        Some(id) => Some(self.id(&path, Some(Snowflake(id)), "command")?),
                        None => {
                            return Err(Problem::new(format_args!("{path}.id"), "an id is digits"));
                        }
                    },
                };
                let registered = self.state.register(account, guild, &Value::Object(command));
                let registered = registered.map_err(|why| Problem::new(&path, why))?;
                let known = self.state.rest.commands.get_mut(&(account, guild));
                let known = known.into_iter().flatten();
                for command in known.filter(|one| id_in(&one["id"]) == Some(registered)) {
                    if let Some(id) = id {
                        command["id"] = json!(id.to_string());
                    }
                }
                let are = self
                    .state
                    .rest
                    .commands
                    .get(&(account, guild))
                    .map_or(0, Vec::len);
                Problem::fits(&path, "commands in one place", are, 100)?;
            }
        }
        Ok(())
    }
}

fn is_thread(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::AnnouncementThread | Kind::PublicThread | Kind::PrivateThread
    )
}

/// Checks that a channel may be where its `parent` puts it.
fn check_parent(path: &str, channel: &Channel, parent: Option<Kind>) -> Result<(), Problem> {
    let wanted: &[Kind] = match channel.kind {
        Kind::Category => &[],
        Kind::AnnouncementThread => &[Kind::Announcement],
        Kind::PublicThread => &[Kind::Text, Kind::Forum, Kind::Media],
        Kind::PrivateThread => &[Kind::Text],
        _ => &[Kind::Category],
    };
    let name = &channel.name;
    match parent {
        None if is_thread(channel.kind) => {
            let message = format!("the thread `{name}` has no `parent`");
            Err(Problem::new(path, message))
        }
        Some(parent) if !wanted.contains(&parent) => {
            let message = format!(
                "`{name}` cannot be in a channel of the kind {}",
                word(parent)
            );
            let wanted: Vec<String> = wanted.iter().map(|kind| word(*kind)).collect();
            let problem = Problem::new(format_args!("{path}.parent"), message);
            Err(problem.hint(if wanted.is_empty() {
                "a category is in no other".to_owned()
            } else {
                format!("it can be in one of the kind {}", wanted.join(" or "))
            }))
        }
        _ => Ok(()),
    }
}

/// Resolves the names of a list.
fn listed(
    path: &str,
    list: &str,
    names: &[String],
    mut one: impl FnMut(&str, &str) -> Result<Id, Problem>,
) -> Result<Vec<Id>, Problem> {
    let names = names.iter().enumerate();
    names
        .map(|(number, name)| one(&format!("{path}.{list}[{number}]"), name))
        .collect()
}

/// Refuses settings that have keys of their own.
fn refuse_fields(path: &str, settings: &Map<String, Value>, own: &[&str]) -> Result<(), Problem> {
    match settings.keys().find(|key| own.contains(&key.as_str())) {
        Some(key) => Err(Problem::new(path, format_args!("`{key}` is no setting"))
            .hint("it follows from the other keys")),
        None => Ok(()),
    }
}

/// Word of a kind, as the file has it.
fn word(kind: Kind) -> String {
    let word = serde_json::to_value(kind).unwrap_or_default();
    format!("`{}`", word.as_str().unwrap_or_default())
}
