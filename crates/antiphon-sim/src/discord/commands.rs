//! The commands of the simulated Discord.
//!
//! Users are named by name or id; `place` is a channel by name, id or path, `loft` where it is left out; `guild` is a
//! guild by name, id or path, the first one where it is left out. `of` limits a fault to one bot, `shard` to one shard.

use serde_json::{Value, json};

use super::{
    controls::Discord,
    frame::KeyOrder,
    model::{Guild, Id},
    state::State,
};
use crate::{
    bounds::{self, fits},
    command::{CommandError, Period, commands},
    fault::RestFault,
};

fn loft() -> String {
    "loft".into()
}

fn choir() -> String {
    "choir".into()
}

fn bot() -> String {
    Discord::BOT.into()
}

/// An id that a command names.
fn id(text: &str) -> Result<Id, CommandError> {
    text.parse().map_err(|_| CommandError::Missing {
        what: "id",
        name: text.to_owned(),
    })
}

/// The id of an interaction or a command, as text; the error says why it was refused.
fn asked(done: Result<Id, String>) -> Result<String, CommandError> {
    done.map(|id| id.to_string()).map_err(CommandError::Refused)
}

impl Discord {
    /// Gives an error unless there is a channel of this name.
    fn known(&self, place: &str) -> Result<(), CommandError> {
        let known = self.channel(place);
        known
            .map(|_| ())
            .ok_or_else(|| CommandError::Place(place.to_owned()))
    }

    /// Gives an error unless there is a guild of this name.
    fn known_guild(&self, guild: &str) -> Result<(), CommandError> {
        let known = self.guild(guild);
        known
            .map(|_| ())
            .ok_or_else(|| CommandError::Place(guild.to_owned()))
    }

    /// The handle for the sockets that a fault is limited to.
    fn those(&self, of: Option<String>, shard: Option<u32>) -> Self {
        let these = of.map_or_else(|| self.clone(), |of| self.only(&of));
        shard.map_or(these.clone(), |shard| these.shard(shard))
    }

    /// Gives an error if a name would make one user too many.
    fn fits_users(&self, names: &[&str]) -> Result<(), CommandError> {
        self.act(|state| {
            if names
                .iter()
                .any(|name| state.community.user_named(name).is_none())
            {
                fits("users", state.community.users.len(), bounds::USERS)?;
            }
            Ok(())
        })
    }

    /// Checks the channel and the users that a command names.
    fn check(&self, place: &str, users: &[&str]) -> Result<(), CommandError> {
        self.fits_users(users)?;
        self.known(place)
    }

    /// Checks the guild and the users that a command names.
    fn check_guild(&self, guild: &str, users: &[&str]) -> Result<(), CommandError> {
        self.fits_users(users)?;
        self.known_guild(guild)
    }

    /// Gives an error if a guild has no room for one more; `count` counts what it has.
    fn fits_in(
        &self,
        what: &'static str,
        guild: impl FnOnce(&State) -> Option<Id>,
        count: impl FnOnce(&State, &Guild) -> usize,
    ) -> Result<(), CommandError> {
        self.act(|state| {
            let guild = guild(state).and_then(|id| state.community.guilds.get(&id));
            let are = guild.map_or(0, |guild| count(state, guild));
            fits(what, are, bounds::IN_GUILD)
        })
    }

    fn fits_crowd(&self, guild: &str, members: usize) -> Result<(), CommandError> {
        self.act(|state| {
            let guild = state
                .community
                .guild_named(guild)
                .and_then(|id| state.community.guilds.get(&id));
            let are = guild.map_or(0, |guild| guild.members.len());
            let will_be = are.saturating_add(members).saturating_sub(1);
            fits("members of a guild", will_be, bounds::MEMBERS)?;
            let will_be = state.community.users.len().saturating_add(members);
            fits("users", will_be, bounds::USERS)
        })
    }
}

/// The guild of the channel of this name.
fn guild_of(state: &State, place: &str) -> Option<Id> {
    let channel = state.community.channel_named(place)?;
    state.community.channels.get(&channel)?.guild
}

commands! {
    discord: Discord;

    // Messages.

    /// Posts a message, in reply to another if `reply_to` names one.
    "say"(place: String = loft(), by: String, text: String, reply_to: Option<String>) => {
        discord.check(&place, &[&by])?;
        let message = match reply_to {
            Some(to) => discord.reply(&place, &by, id(&to)?, &text),
            None => discord.say(&place, &by, &text),
        };
        json!({"message": message.to_string()})
    };
    /// Writes a direct message to a bot.
    "whisper"(by: String, to: String = bot(), text: String) => {
        discord.fits_users(&[&by, &to])?;
        let (channel, message) = discord.whisper(&by, &to, &text);
        json!({"channel": channel.to_string(), "message": message.to_string()})
    };
    /// Edits a message.
    "edit"(place: String = loft(), message: String, text: String) => {
        discord.known(&place)?;
        json!({"done": discord.edit(&place, id(&message)?, &text)})
    };
    /// Deletes a message.
    "delete"(place: String = loft(), message: String) => {
        discord.known(&place)?;
        json!({"done": discord.delete(&place, id(&message)?)})
    };
    /// Deletes several messages at once.
    "delete_many"(place: String = loft(), messages: Vec<String>) => {
        discord.known(&place)?;
        let messages = messages.iter().map(|one| id(one)).collect::<Result<Vec<_>, _>>()?;
        json!({"deleted": discord.delete_many(&place, &messages)})
    };
    /// Reacts to a message with an emoji.
    "react"(place: String = loft(), message: String, by: String, emoji: String) => {
        discord.check(&place, &[&by])?;
        json!({"done": discord.react(&place, id(&message)?, &by, &emoji)})
    };
    /// Pins a message, or unpins it.
    "pin"(place: String = loft(), message: String, on: bool = true) => {
        discord.known(&place)?;
        json!({"done": discord.pin(&place, id(&message)?, on)})
    };
    /// Begins to type.
    "type"(place: String = loft(), by: String) => {
        discord.check(&place, &[&by])?;
        discord.type_in(&place, &by);
    };
    /// Posts a poll.
    "ask"(place: String = loft(), by: String, question: String, answers: Vec<String>) => {
        discord.check(&place, &[&by])?;
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        json!({"message": discord.ask(&place, &by, &question, &answers).to_string()})
    };
    /// Votes for an answer of a poll, counted from 1, or takes the vote back.
    "vote"(place: String = loft(), message: String, by: String, answer: u64, on: bool = true) => {
        discord.check(&place, &[&by])?;
        json!({"done": discord.vote(&place, id(&message)?, &by, answer, on)})
    };

    // Interactions.

    /// Registers a command of a bot, for a guild or globally, as the bot would by a request.
    "register"(bot: String = bot(), guild: Option<String>, command: Value) => {
        json!({"command": asked(discord.try_register(&bot, guild.as_deref(), &command))?})
    };
    /// Uses a registered slash command of a bot, such as `ping` or `music play`.
    "command"(place: String = loft(), by: String, bot: String = bot(), name: String, options: Value = json!([])) => {
        discord.fits_users(&[&by])?;
        json!({"interaction": asked(discord.interact(&place, &by, &bot, |state, channel, user, bot| {
            state.use_command(channel, user, bot, &name, &options, None)
        }))?})
    };
    /// Types an option of a slash command, `focused` or the last one with autocomplete, so that the bot is asked.
    "autocomplete"(
        place: String = loft(), by: String, bot: String = bot(), name: String, options: Value,
        focused: String = String::new()
    ) => {
        discord.fits_users(&[&by])?;
        json!({"interaction": asked(discord.interact(&place, &by, &bot, |state, channel, user, bot| {
            state.use_command(channel, user, bot, &name, &options, Some(&focused))
        }))?})
    };
    /// Uses a command of a context menu on a user (`target` is a name or an id) or on a message (an id).
    "context"(place: String = loft(), by: String, bot: String = bot(), name: String, target: String) => {
        discord.fits_users(&[&by])?;
        json!({"interaction": asked(discord.interact(&place, &by, &bot, |state, channel, user, bot| {
            state.use_menu(channel, user, bot, &name, &target)
        }))?})
    };
    /// Presses a button of a bot's newest message that has it, or of the message named.
    "press"(place: String = loft(), by: String, bot: String = bot(), custom_id: String, message: Option<String>) => {
        discord.fits_users(&[&by])?;
        let message = message.map(|message| id(&message)).transpose()?;
        json!({"interaction": asked(discord.interact(&place, &by, &bot, |state, channel, user, bot| {
            state.press(channel, user, bot, &custom_id, message)
        }))?})
    };
    /// Chooses values in a select menu of any kind, of a bot's newest message that has it, or of the message named.
    "select"(
        place: String = loft(), by: String, bot: String = bot(), custom_id: String, values: Vec<Value>,
        message: Option<String>
    ) => {
        discord.fits_users(&[&by])?;
        let message = message.map(|message| id(&message)).transpose()?;
        json!({"interaction": asked(discord.interact(&place, &by, &bot, |state, channel, user, bot| {
            state.choose(channel, user, bot, &custom_id, &values, message)
        }))?})
    };
    /// Submits the modal that a bot opened last for a user, or the one named, with values by custom id.
    "submit"(by: String, bot: String = bot(), custom_id: Option<String>, fields: Value = json!({})) => {
        discord.fits_users(&[&by])?;
        json!({"interaction": asked(discord.try_submit(&by, &bot, custom_id.as_deref(), &fields))?})
    };
    /// Shows the response to an interaction: `type`, `data`, `message` and `follow_ups`; null until there is one.
    "response"(interaction: String) => {
        json!({"response": discord.response_to(id(&interaction)?)})
    };

    // What there is.

    /// Shows channels with their guilds.
    "places"(limit: usize = 100) => discord.places_json(limit.min(bounds::SHOWN));
    /// Shows the people who can be in a channel, without bots.
    "people"(place: String = loft(), limit: usize = 100) => {
        discord.known(&place)?;
        discord.people_json(&place, limit.min(bounds::SHOWN))
    };
    /// Shows the newest messages of a channel as REST has them, with `seen_by` on ephemeral ones.
    "messages"(place: String = loft(), limit: usize = 20) => {
        discord.known(&place)?;
        discord.messages_json(&place, limit.min(bounds::SHOWN))
    };
    /// Shows the modals that bots have opened for a user and that are not yet submitted.
    "forms"(by: String) => discord.forms_json(&by);
    /// Shows the registered commands that a user can use in a channel, with their bots.
    "commands"(place: String = loft(), by: String) => {
        discord.known(&place)?;
        discord.commands_json(&place, &by)
    };

    // Guilds.

    /// Shows a user as `online`, `idle`, `dnd` or `offline`, playing something or nothing.
    "appear"(guild: String = choir(), by: String, status: String, plays: Option<String>) => {
        discord.check_guild(&guild, &[&by])?;
        discord.appear(&guild, &by, &status, plays.as_deref());
    };
    /// Joins a guild.
    "join"(guild: String = choir(), by: String) => {
        discord.check_guild(&guild, &[&by])?;
        discord.join(&guild, &by);
    };
    /// Leaves a guild.
    "leave"(guild: String = choir(), by: String) => {
        discord.known_guild(&guild)?;
        discord.leave(&guild, &by);
    };
    /// Kicks a member.
    "kick"(guild: String = choir(), by: String, user: String) => {
        discord.check_guild(&guild, &[&by, &user])?;
        discord.kick(&guild, &by, &user);
    };
    /// Bans a user.
    "ban"(guild: String = choir(), by: String, user: String) => {
        discord.check_guild(&guild, &[&by, &user])?;
        discord.ban(&guild, &by, &user);
    };
    /// Lifts a ban.
    "unban"(guild: String = choir(), by: String, user: String) => {
        discord.check_guild(&guild, &[&by, &user])?;
        discord.unban(&guild, &by, &user);
    };
    /// Subscribes a user to a scheduled event, or unsubscribes.
    "attend"(guild: String = choir(), event: String, by: String, on: bool = true) => {
        discord.check_guild(&guild, &[&by])?;
        json!({"done": discord.attend(&guild, id(&event)?, &by, on)})
    };
    /// Subscribes a user to what a bot's application sells.
    "subscribe"(by: String, bot: String = bot()) => {
        discord.fits_users(&[&by, &bot])?;
        json!({"subscription": discord.subscribe(&bot, &by).to_string()})
    };
    /// Sets a member's nickname, or removes it.
    "nick"(guild: String = choir(), by: String, nick: Option<String>) => {
        discord.check_guild(&guild, &[&by])?;
        discord.nick(&guild, &by, nick.as_deref());
    };
    /// Gives a member a role by its name, or takes it.
    "give_role"(guild: String = choir(), by: String, user: String, role: String, on: bool = true) => {
        discord.check_guild(&guild, &[&by, &user])?;
        discord.give_role(&guild, &by, &user, &role, on);
    };
    /// Adds a role.
    "add_role"(guild: String = choir(), by: String, name: String) => {
        discord.fits_in("roles of a guild", |state| state.community.guild_named(&guild), |_, guild| guild.roles.len())?;
        discord.check_guild(&guild, &[&by])?;
        json!({"role": discord.add_role(&guild, &by, &name).to_string()})
    };
    /// Renames a role.
    "rename_role"(guild: String = choir(), by: String, role: String, name: String) => {
        discord.known_guild(&guild)?;
        discord.rename_role(&guild, &by, id(&role)?, &name);
    };
    /// Removes a role.
    "remove_role"(guild: String = choir(), by: String, role: String) => {
        discord.known_guild(&guild)?;
        discord.remove_role(&guild, &by, id(&role)?);
    };
    /// Adds a channel of any type.
    "add_channel"(guild: String = choir(), by: String, name: String, kind: u8 = 0) => {
        discord.fits_in("channels of a guild", |state| state.community.guild_named(&guild), |state, guild| {
            state.community.channels_of(guild.id, false).count()
        })?;
        discord.check_guild(&guild, &[&by])?;
        json!({"channel": discord.add_channel_of_kind(&guild, &by, &name, kind).to_string()})
    };
    /// Sets a channel's topic.
    "topic"(place: String = loft(), by: String, text: String) => {
        discord.known(&place)?;
        discord.topic(&place, &by, &text);
    };
    /// Removes a channel or a thread.
    "remove_channel"(place: String, by: String) => {
        discord.known(&place)?;
        discord.remove_channel(&place, &by);
    };
    /// Begins a thread.
    "add_thread"(place: String = loft(), by: String, name: String) => {
        discord.fits_in("threads of a guild", |state| guild_of(state, &place), |state, guild| {
            state.community.channels_of(guild.id, true).count()
        })?;
        discord.check(&place, &[&by])?;
        json!({"thread": discord.add_thread(&place, &by, &name).to_string()})
    };
    /// Creates an invitation to a channel.
    "invite"(place: String = loft(), by: String) => {
        discord.fits_in("invitations to a guild", |state| guild_of(state, &place), |_, guild| guild.invites.len())?;
        discord.check(&place, &[&by])?;
        json!({"code": discord.invite(&place, &by)})
    };
    /// Makes a webhook of a channel, which no application owns.
    "webhook"(place: String = loft(), by: String, name: String) => {
        discord.fits_in("webhooks of a guild", |state| guild_of(state, &place), |_, guild| guild.more.webhooks.len())?;
        discord.check(&place, &[&by])?;
        let made = discord.webhook(&place, &by, &name);
        json!(made.map(|(id, token)| json!({"id": id.to_string(), "token": token})))
    };
    /// Asks to join a guild, for a moderator to approve.
    "ask_to_join"(guild: String = choir(), by: String) => {
        discord.check_guild(&guild, &[&by])?;
        json!({"request": discord.ask_to_join(&guild, &by).map(|id| id.to_string())})
    };
    /// Joins a guild by an invite, which counts the use.
    "join_by_invite"(guild: String = choir(), by: String, code: String) => {
        discord.check_guild(&guild, &[&by])?;
        json!({"joined": discord.join_by_invite(&guild, &by, &code)})
    };
    /// Renames a guild.
    "rename_guild"(guild: String = choir(), by: String, name: String) => {
        discord.known_guild(&guild)?;
        discord.rename_guild(&guild, &by, &name);
    };
    /// Creates a guild like the first one.
    "add_guild"(name: String) => {
        discord.act(|state| fits("guilds", state.community.guilds.len(), bounds::GUILDS))?;
        json!({"guild": discord.add_guild(&name).to_string()})
    };
    /// Makes a guild unavailable, or available again.
    "available"(guild: String = choir(), on: bool) => {
        discord.known_guild(&guild)?;
        discord.available(&guild, on);
    };
    /// Joins a voice channel, or moves there.
    "join_voice"(place: String = "stalls".into(), by: String) => {
        discord.check(&place, &[&by])?;
        discord.join_voice(&place, &by);
    };
    /// Leaves voice.
    "leave_voice"(guild: String = choir(), by: String) => {
        discord.known_guild(&guild)?;
        discord.leave_voice(&guild, &by);
    };
    /// Gives a bot another voice server.
    "change_voice_server"(guild: String = choir(), bot: String = bot()) => {
        discord.known_guild(&guild)?;
        discord.change_voice_server(&guild, &bot);
    };
    /// Sends every session a dispatch of this name, or without one.
    "event"(name: Option<String>, data: Value, of: Option<String>) => {
        discord.those(of, None).dispatch(name.as_deref(), &data);
    };
    /// Shows a bot's login, making the bot if there is none of that name.
    "account"(name: String) => {
        let account = discord.account_named(&name);
        json!({
            "user_id": account.id.to_string(),
            "application_id": account.application.to_string(),
            "username": account.username,
            "token": account.token.expose(),
        })
    };
    /// Sets the rate of ambient traffic, in events a second.
    "traffic"(rate: u32) => discord.traffic(rate);
    /// Adds new members to a guild without an event.
    "crowd"(guild: String = choir(), members: usize) => {
        discord.fits_crowd(&guild, members)?;
        discord.known_guild(&guild)?;
        discord.crowd(&guild, members);
    };
    /// Makes a guild's description this many bytes longer.
    "swell"(guild: String = choir(), bytes: usize) => {
        discord.known_guild(&guild)?;
        discord.swell(&guild, bytes);
    };

    // Settings of the server.

    /// Sets the recommended number of shards, and whether fewer are refused.
    "shards"(shards: u32, required: bool = false) => {
        discord.shards(shards);
        discord.require_shards(required);
    };
    /// Sets `max_concurrency`: how many identifies are accepted within five seconds.
    "max_concurrency"(identifies: u32) => discord.max_concurrency(identifies);
    /// Sets how many sessions a bot may still start today.
    "session_starts"(left: u32) => discord.session_starts(left);
    /// Sets how long sessions outlive their connections.
    "session_life"(how_long as "for": Period) => discord.session_life(how_long.0);
    /// Sets how many events a resumed session can have again.
    "replay"(events: usize) => discord.replay(events);
    /// Switches a bot's privileged intents on or off.
    "privileged"(of: String, on: bool) => discord.privileged(&of, on);

    // Faults of the Gateway.

    /// Cuts connections, and refuses new ones for a while.
    "cut"(of: Option<String>, shard: Option<u32>, how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            discord.refuse_sockets(wait.0);
        }
        discord.those(of, shard).cut();
    };
    /// Resets connections, and refuses new ones for a while.
    "reset"(of: Option<String>, shard: Option<u32>, how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            discord.refuse_sockets(wait.0);
        }
        discord.those(of, shard).reset();
    };
    /// Closes sockets with a code.
    "close"(of: Option<String>, shard: Option<u32>, code: u16 = 4000, reason: String = String::new()) => {
        discord.those(of, shard).close(code, &reason);
    };
    /// Asks clients to reconnect (op 7).
    "reconnect"(of: Option<String>, shard: Option<u32>) => discord.those(of, shard).reconnect();
    /// Refuses the next IDENTIFYs: with op 9, after which a client tries again, or for good with 4004.
    "refuse_logins"(times: u32 = 1, for_good: bool = false) => discord.refuse_logins(times, for_good);
    /// Invalidates sessions (op 9).
    "invalidate"(of: Option<String>, shard: Option<u32>, resumable: bool = false) => {
        discord.those(of, shard).invalidate(resumable);
    };
    /// Asks clients for a heartbeat (op 1).
    "ask_for_beats"(of: Option<String>) => discord.those(of, None).ask_for_beats();
    /// Keeps connections open while nothing comes through.
    "half_open"(of: Option<String>, shard: Option<u32>) => discord.those(of, shard).half_open();
    /// Holds everything on connections back for a while.
    "stall"(of: Option<String>, shard: Option<u32>, how_long as "for": Period) => {
        discord.those(of, shard).stall(how_long.0);
    };
    /// Refuses new connections for a while.
    "refuse"(how_long as "for": Period) => discord.refuse_sockets(how_long.0);
    /// Answers the next requests for a socket with a status.
    "refuse_upgrades"(times: usize = 1, status: u16) => {
        discord.act(|state| state.faults.fits_answer())?;
        discord.refuse_upgrades(times, status);
    };
    /// Refuses connections to the host for resuming, or takes them again.
    "stale_resume_host"(on: bool = true) => discord.stale_resume_host(on);
    /// Sets whether heartbeats stay without an acknowledgement.
    "withhold_acks"(on: bool = true) => discord.withhold_acks(on);
    /// Sets how late heartbeats are acknowledged. Default: at once.
    "delay_acks"(how_long as "for": Period) => discord.delay_acks(how_long.0);
    /// Sends each of the next events twice.
    "duplicate"(of: Option<String>, events: u32) => discord.those(of, None).duplicate(events);
    /// Sends the next pairs of events in the wrong order.
    "reorder_events"(of: Option<String>, pairs: u32) => discord.those(of, None).reorder(pairs);
    /// Splits compressed payloads of new connections into messages of at most this many bytes.
    "split"(bytes: Option<usize>) => discord.split(bytes);
    /// Sets the order of a dispatch's keys.
    "key_order"(order: KeyOrder) => discord.key_order(order);
    /// Sends ids as numbers, or as texts again.
    "numeric_ids"(on: bool = true) => discord.numeric_ids(on);
    /// Sends `MESSAGE_UPDATE` with only the changed fields, or whole again.
    "partial_updates"(on: bool = true) => discord.partial_updates(on);
    /// Sends presences with an unknown status and a partial user, or ordinary ones again.
    "odd_presences"(on: bool = true) => discord.odd_presences(on);
    /// Sends RESUMED with null in place of an object, or with an object again.
    "null_resumed"(on: bool = true) => discord.null_resumed(on);
    /// Sets whether `VOICE_SERVER_UPDATE` precedes `VOICE_STATE_UPDATE`.
    "voice_server_first"(on: bool = true) => discord.voice_server_first(on);
    /// Gives no voice server at first, or gives one at once again.
    "voice_server_missing"(on: bool = true) => discord.voice_server_missing(on);
    /// Sends chunks of members in reverse order, or in order again.
    "reverse_chunks"(on: bool = true) => discord.reverse_chunks(on);
    /// Withholds the chunk of members with this index, or none.
    "withhold_chunk"(index: Option<usize>) => discord.withhold_chunk(index);
    /// Sets how many members a chunk has.
    "chunk_size"(members: usize) => discord.chunk_size(members);
    /// Sends a text frame as it is.
    "frame"(of: Option<String>, text: String) => discord.those(of, None).frame(&text);
    /// Sends a binary frame as it is.
    "binary"(of: Option<String>, bytes: Vec<u8>) => discord.those(of, None).binary(&bytes);
    /// Sends the first half of the frame that would carry a text.
    "truncated"(of: Option<String>, text: String) => discord.those(of, None).truncated(&text);
    /// Sends a text frame that claims this many bytes.
    "oversized"(of: Option<String>, bytes: u64 = 100_000_000) => discord.those(of, None).oversized(bytes);

    // Faults of requests.

    /// Lets the next requests fail that fit a pattern.
    "fail"(requests: String, times: u32 = 1, fault: RestFault) => {
        discord.act(|state| state.faults.fits_rule())?;
        discord.fail(&requests, times, fault);
    };
    /// Lifts all rate limits, or sets them again.
    "unlimited"(on: bool = true) => discord.unlimited(on);
    /// Gives a bot another token; the old one is no longer valid.
    "reset_token"(of: String = bot()) => json!({"token": discord.reset_token(&of).expose()});
}
