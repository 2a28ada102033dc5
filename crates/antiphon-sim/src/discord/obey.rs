//! Who obeys commands from outside.

use serde_json::{Value, json};

use super::{Discord, command::Deed};
use crate::{
    bounds::{self, fits},
    control::CommandError,
};

fn id(text: &str) -> Result<u64, CommandError> {
    text.parse().map_err(|_| CommandError::Missing {
        what: "id",
        name: text.to_owned(),
    })
}

impl Discord {
    /// The channel of a command, as it was named.
    fn known(&self, place: String) -> Result<String, CommandError> {
        match self.channel(&place) {
            Some(_) => Ok(place),
            None => Err(CommandError::Place(place)),
        }
    }

    fn known_guild(&self, guild: String) -> Result<String, CommandError> {
        match self.guild(&guild) {
            Some(_) => Ok(guild),
            None => Err(CommandError::Place(guild)),
        }
    }

    /// Those whom a fault is to meet.
    fn those(&self, of: Option<&str>, shard: Option<u32>) -> Self {
        let these = of.map_or_else(|| self.clone(), |of| self.only(of));
        match shard {
            Some(shard) => these.shard(shard),
            None => these,
        }
    }

    /// Gives an error if a command could make one thing too many.
    fn has_room_for(&self, deed: &Deed) -> Result<(), CommandError> {
        self.act(|state| {
            let guild = |name: &str| {
                let id = state.guild_named(name)?;
                state.guilds.get(&id)
            };
            match deed {
                Deed::Crowd {
                    guild: name,
                    members,
                } => {
                    let are = guild(name).map_or(0, |guild| guild.members.len());
                    let will_be = are.saturating_add(*members).saturating_sub(1);
                    fits("members of a guild", will_be, bounds::MEMBERS)?;
                    let will_be = state.users.len().saturating_add(*members);
                    fits("users", will_be, bounds::USERS)?;
                }
                Deed::AddGuild { .. } => fits("guilds", state.guilds.len(), bounds::GUILDS)?,
                Deed::AddRole { guild: name, .. } => {
                    let are = guild(name).map_or(0, |guild| guild.roles.len());
                    fits("roles of a guild", are, bounds::IN_GUILD)?;
                }
                Deed::AddChannel { guild: name, .. } => {
                    let are = state
                        .guild_named(name)
                        .map_or(0, |guild| state.channels_of(guild, false).count());
                    fits("channels of a guild", are, bounds::IN_GUILD)?;
                }
                Deed::AddThread { place, .. } => {
                    let channel = state.channel_named(place);
                    let home = channel.and_then(|id| state.channels.get(&id)?.guild);
                    let are = home.map_or(0, |guild| state.channels_of(guild, true).count());
                    fits("threads of a guild", are, bounds::IN_GUILD)?;
                }
                Deed::Invite { place, .. } => {
                    let channel = state.channel_named(place);
                    let home = channel.and_then(|id| state.channels.get(&id)?.guild);
                    let home = home.and_then(|guild| state.guilds.get(&guild));
                    let are = home.map_or(0, |guild| guild.invites.len());
                    fits("invitations to a guild", are, bounds::IN_GUILD)?;
                }
                Deed::Fail { .. } => fits("rules", state.faults.rest.len(), bounds::RULES)?,
                Deed::RefuseUpgrades { .. } => {
                    fits("answers", state.faults.upgrades.len(), bounds::ANSWERS)?;
                }
                _ => {}
            }
            let named: &[&String] = match deed {
                Deed::Say { by, .. }
                | Deed::React { by, .. }
                | Deed::Type { by, .. }
                | Deed::Ask { by, .. }
                | Deed::Vote { by, .. }
                | Deed::Command { by, .. }
                | Deed::Press { by, .. }
                | Deed::Appear { by, .. }
                | Deed::Join { by, .. }
                | Deed::Nick { by, .. }
                | Deed::AddRole { by, .. }
                | Deed::AddChannel { by, .. }
                | Deed::AddThread { by, .. }
                | Deed::Invite { by, .. }
                | Deed::JoinVoice { by, .. } => &[by],
                Deed::Whisper { by, to, .. } => &[by, to],
                Deed::Kick { by, user, .. }
                | Deed::Ban { by, user, .. }
                | Deed::Unban { by, user, .. }
                | Deed::GiveRole { by, user, .. } => &[by, user],
                _ => &[],
            };
            if named.iter().any(|name| state.user_named(name).is_none()) {
                fits("users", state.users.len(), bounds::USERS)?;
            }
            Ok(())
        })
    }

    /// Obeys a command at once; gives what came of it, such as the id of a message.
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    pub(crate) fn obey(&self, deed: Deed) -> Result<Value, CommandError> {
        self.has_room_for(&deed)?;
        let text = |id: u64| id.to_string();
        match deed {
            Deed::Say {
                place,
                by,
                text: words,
                reply_to,
            } => {
                let place = self.known(place)?;
                let message = match reply_to {
                    Some(to) => self.reply(&place, &by, id(&to)?, &words),
                    None => self.say(&place, &by, &words),
                };
                return Ok(json!({"message": text(message)}));
            }
            Deed::Whisper {
                by,
                to,
                text: words,
            } => {
                let (channel, message) = self.whisper(&by, &to, &words);
                return Ok(json!({"channel": text(channel), "message": text(message)}));
            }
            Deed::Edit {
                place,
                message,
                text,
            } => return Ok(json!({"done": self.edit(&self.known(place)?, id(&message)?, &text)})),
            Deed::Delete { place, message } => {
                return Ok(json!({"done": self.delete(&self.known(place)?, id(&message)?)}));
            }
            Deed::DeleteMany { place, messages } => {
                let messages = messages
                    .iter()
                    .map(|one| id(one))
                    .collect::<Result<Vec<_>, _>>()?;
                return Ok(json!({"deleted": self.delete_many(&self.known(place)?, &messages)}));
            }
            Deed::React {
                place,
                message,
                by,
                emoji,
            } => {
                return Ok(
                    json!({"done": self.react(&self.known(place)?, id(&message)?, &by, &emoji)}),
                );
            }
            Deed::Pin { place, message, on } => {
                return Ok(json!({"done": self.pin(&self.known(place)?, id(&message)?, on)}));
            }
            Deed::Type { place, by } => self.type_in(&self.known(place)?, &by),
            Deed::Ask {
                place,
                by,
                question,
                answers,
            } => {
                let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
                return Ok(
                    json!({"message": text(self.ask(&self.known(place)?, &by, &question, &answers))}),
                );
            }
            Deed::Vote {
                place,
                message,
                by,
                answer,
                on,
            } => self.vote(&self.known(place)?, id(&message)?, &by, answer, on),
            Deed::Command {
                place,
                by,
                bot,
                name,
                options,
            } => {
                let options = Value::Array(options);
                return Ok(
                    json!({"interaction": text(self.command(&self.known(place)?, &by, &bot, &name, &options))}),
                );
            }
            Deed::Press {
                place,
                by,
                bot,
                custom_id,
            } => {
                return Ok(
                    json!({"interaction": text(self.press(&self.known(place)?, &by, &bot, &custom_id))}),
                );
            }
            Deed::Appear {
                guild,
                by,
                status,
                plays,
            } => self.appear(&self.known_guild(guild)?, &by, &status, plays.as_deref()),
            Deed::Join { guild, by } => self.join(&self.known_guild(guild)?, &by),
            Deed::Leave { guild, by } => self.leave(&self.known_guild(guild)?, &by),
            Deed::Kick { guild, by, user } => self.kick(&self.known_guild(guild)?, &by, &user),
            Deed::Ban { guild, by, user } => self.ban(&self.known_guild(guild)?, &by, &user),
            Deed::Unban { guild, by, user } => self.unban(&self.known_guild(guild)?, &by, &user),
            Deed::Nick { guild, by, nick } => {
                self.nick(&self.known_guild(guild)?, &by, nick.as_deref());
            }
            Deed::GiveRole {
                guild,
                by,
                user,
                role,
                on,
            } => self.give_role(&self.known_guild(guild)?, &by, &user, &role, on),
            Deed::AddRole { guild, by, name } => {
                return Ok(
                    json!({"role": text(self.add_role(&self.known_guild(guild)?, &by, &name))}),
                );
            }
            Deed::RenameRole {
                guild,
                by,
                role,
                name,
            } => self.rename_role(&self.known_guild(guild)?, &by, id(&role)?, &name),
            Deed::RemoveRole { guild, by, role } => {
                self.remove_role(&self.known_guild(guild)?, &by, id(&role)?);
            }
            Deed::AddChannel {
                guild,
                by,
                name,
                kind,
            } => {
                return Ok(
                    json!({"channel": text(self.add_channel_of_kind(&self.known_guild(guild)?, &by, &name, kind))}),
                );
            }
            Deed::Topic { place, by, text } => self.topic(&self.known(place)?, &by, &text),
            Deed::RemoveChannel { place, by } => self.remove_channel(&self.known(place)?, &by),
            Deed::AddThread { place, by, name } => {
                return Ok(
                    json!({"thread": text(self.add_thread(&self.known(place)?, &by, &name))}),
                );
            }
            Deed::Invite { place, by } => {
                return Ok(json!({"code": self.invite(&self.known(place)?, &by)}));
            }
            Deed::RenameGuild { guild, by, name } => {
                self.rename_guild(&self.known_guild(guild)?, &by, &name);
            }
            Deed::AddGuild { name } => return Ok(json!({"guild": text(self.add_guild(&name))})),
            Deed::Available { guild, on } => self.available(&self.known_guild(guild)?, on),
            Deed::JoinVoice { place, by } => self.join_voice(&self.known(place)?, &by),
            Deed::LeaveVoice { guild, by } => self.leave_voice(&self.known_guild(guild)?, &by),
            Deed::ChangeVoiceServer { guild, bot } => {
                self.change_voice_server(&self.known_guild(guild)?, &bot);
            }
            Deed::Account { name } => {
                let account = self.account_named(&name);
                return Ok(json!({
                    "user_id": text(account.id),
                    "application_id": text(account.application),
                    "username": account.username,
                    "token": account.token.expose(),
                }));
            }
            Deed::Crowd { guild, members } => self.crowd(&self.known_guild(guild)?, members),
            Deed::Swell { guild, bytes } => self.swell(&self.known_guild(guild)?, bytes),
            Deed::ResetToken { of } => return Ok(json!({"token": self.reset_token(&of).expose()})),
            other => self.go_wrong(other),
        }
        Ok(json!({}))
    }

    /// Obeys a command that is about the server.
    fn go_wrong(&self, deed: Deed) {
        match deed {
            Deed::Event { name, data, of } => self
                .those(of.as_deref(), None)
                .dispatch(name.as_deref(), &data),
            Deed::Traffic { rate } => self.traffic(rate),
            Deed::Shards { shards, required } => {
                self.shards(shards);
                self.require_shards(required);
            }
            Deed::MaxConcurrency { identifies } => self.max_concurrency(identifies),
            Deed::SessionStarts { left } => self.session_starts(left),
            Deed::SessionLife { how_long } => self.session_life(how_long),
            Deed::Replay { events } => self.replay(events),
            Deed::Privileged { of, on } => self.privileged(&of, on),
            Deed::Cut {
                of,
                shard,
                how_long,
            } => {
                if let Some(how_long) = how_long {
                    self.refuse_sockets(how_long);
                }
                self.those(of.as_deref(), shard).cut();
            }
            Deed::Reset {
                of,
                shard,
                how_long,
            } => {
                if let Some(how_long) = how_long {
                    self.refuse_sockets(how_long);
                }
                self.those(of.as_deref(), shard).reset();
            }
            Deed::Close {
                of,
                shard,
                code,
                reason,
            } => self.those(of.as_deref(), shard).close(code, &reason),
            Deed::Reconnect { of, shard } => self.those(of.as_deref(), shard).reconnect(),
            Deed::Invalidate {
                of,
                shard,
                resumable,
            } => self.those(of.as_deref(), shard).invalidate(resumable),
            Deed::AskForBeats { of } => self.those(of.as_deref(), None).ask_for_beats(),
            Deed::HalfOpen { of, shard } => self.those(of.as_deref(), shard).half_open(),
            Deed::Stall {
                of,
                shard,
                how_long,
            } => self.those(of.as_deref(), shard).stall(how_long),
            Deed::Refuse { how_long } => self.refuse_sockets(how_long),
            Deed::RefuseUpgrades { times, status } => self.refuse_upgrades(times, status),
            Deed::StaleResumeHost { on } => self.stale_resume_host(on),
            Deed::WithholdAcks { on } => self.withhold_acks(on),
            Deed::DelayAcks { how_long } => self.delay_acks(how_long),
            Deed::Duplicate { of, events } => self.those(of.as_deref(), None).duplicate(events),
            Deed::ReorderEvents { of, pairs } => self.those(of.as_deref(), None).reorder(pairs),
            Deed::Split { bytes } => self.split(bytes),
            Deed::KeyOrder { order } => self.key_order(order),
            Deed::NumericIds { on } => self.numeric_ids(on),
            Deed::PartialUpdates { on } => self.partial_updates(on),
            Deed::OddPresences { on } => self.odd_presences(on),
            Deed::NullResumed { on } => self.null_resumed(on),
            Deed::VoiceServerFirst { on } => self.voice_server_first(on),
            Deed::VoiceServerMissing { on } => self.voice_server_missing(on),
            Deed::ReverseChunks { on } => self.reverse_chunks(on),
            Deed::WithholdChunk { index } => self.withhold_chunk(index),
            Deed::ChunkSize { members } => self.chunk_size(members),
            Deed::Frame { of, text } => self.those(of.as_deref(), None).frame(&text),
            Deed::Binary { of, bytes } => self.those(of.as_deref(), None).binary(&bytes),
            Deed::Truncated { of, text } => self.those(of.as_deref(), None).truncated(&text),
            Deed::Oversized { of, bytes } => self.those(of.as_deref(), None).oversized(bytes),
            Deed::Fail {
                requests,
                times,
                fault,
            } => self.fail(&requests, times, fault),
            Deed::Unlimited { on } => self.unlimited(on),
            other => {
                self.act(|state| state.note(format!("a command that nobody obeys: {other:?}")));
            }
        }
    }
}
