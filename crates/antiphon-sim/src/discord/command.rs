//! Commands from outside, and who obeys them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Discord, KeyOrder};
use crate::{
    control::{CommandError, period},
    fault::RestFault,
};

/// One thing for the simulated Discord to do.
///
/// People are named by name or id; `place` is a channel by name, id or path, `loft` where none is given; `guild` is a guild by
/// name, id or path, the first one where none is given. `of` limits a fault to one bot, and `shard` to one shard.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Deed {
    // What people do.
    Say {
        #[serde(default = "loft")]
        place: String,
        by: String,
        text: String,
        reply_to: Option<String>,
    },
    Whisper {
        by: String,
        #[serde(default = "bot")]
        to: String,
        text: String,
    },
    Edit {
        #[serde(default = "loft")]
        place: String,
        message: String,
        text: String,
    },
    Delete {
        #[serde(default = "loft")]
        place: String,
        message: String,
    },
    DeleteMany {
        #[serde(default = "loft")]
        place: String,
        messages: Vec<String>,
    },
    React {
        #[serde(default = "loft")]
        place: String,
        message: String,
        by: String,
        emoji: String,
    },
    Pin {
        #[serde(default = "loft")]
        place: String,
        message: String,
        #[serde(default = "yes")]
        on: bool,
    },
    Type {
        #[serde(default = "loft")]
        place: String,
        by: String,
    },
    Ask {
        #[serde(default = "loft")]
        place: String,
        by: String,
        question: String,
        answers: Vec<String>,
    },
    Vote {
        #[serde(default = "loft")]
        place: String,
        message: String,
        by: String,
        answer: u64,
        #[serde(default = "yes")]
        on: bool,
    },
    Command {
        #[serde(default = "loft")]
        place: String,
        by: String,
        #[serde(default = "bot")]
        bot: String,
        name: String,
        #[serde(default)]
        options: Vec<Value>,
    },
    Press {
        #[serde(default = "loft")]
        place: String,
        by: String,
        #[serde(default = "bot")]
        bot: String,
        custom_id: String,
    },
    Appear {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        status: String,
        plays: Option<String>,
    },
    Join {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    Leave {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    Kick {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Ban {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Unban {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Nick {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        nick: Option<String>,
    },
    GiveRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
        role: String,
        #[serde(default = "yes")]
        on: bool,
    },
    AddRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
    },
    RenameRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        role: String,
        name: String,
    },
    RemoveRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        role: String,
    },
    AddChannel {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
        #[serde(default)]
        kind: u8,
    },
    Topic {
        #[serde(default = "loft")]
        place: String,
        by: String,
        text: String,
    },
    RemoveChannel {
        place: String,
        by: String,
    },
    AddThread {
        #[serde(default = "loft")]
        place: String,
        by: String,
        name: String,
    },
    Invite {
        #[serde(default = "loft")]
        place: String,
        by: String,
    },
    RenameGuild {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
    },
    AddGuild {
        name: String,
    },
    Available {
        #[serde(default = "choir")]
        guild: String,
        on: bool,
    },
    JoinVoice {
        #[serde(default = "stalls")]
        place: String,
        by: String,
    },
    LeaveVoice {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    ChangeVoiceServer {
        #[serde(default = "choir")]
        guild: String,
        #[serde(default = "bot")]
        bot: String,
    },
    Event {
        name: Option<String>,
        #[serde(default)]
        data: Value,
        of: Option<String>,
    },
    Account {
        name: String,
    },
    // How busy they are.
    Traffic {
        rate: u32,
    },
    Crowd {
        #[serde(default = "choir")]
        guild: String,
        members: usize,
    },
    Swell {
        #[serde(default = "choir")]
        guild: String,
        bytes: usize,
    },
    // What the server is set to.
    Shards {
        shards: u32,
        #[serde(default)]
        required: bool,
    },
    MaxConcurrency {
        identifies: u32,
    },
    SessionStarts {
        left: u32,
    },
    SessionLife {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Replay {
        events: usize,
    },
    Privileged {
        of: String,
        on: bool,
    },
    // What goes wrong on the Gateway.
    Cut {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Reset {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Close {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(default = "unknown_error")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    Reconnect {
        of: Option<String>,
        shard: Option<u32>,
    },
    Invalidate {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(default)]
        resumable: bool,
    },
    AskForBeats {
        of: Option<String>,
    },
    HalfOpen {
        of: Option<String>,
        shard: Option<u32>,
    },
    Stall {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Refuse {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    RefuseUpgrades {
        #[serde(default = "once_times")]
        times: usize,
        status: u16,
    },
    StaleResumeHost {
        #[serde(default = "yes")]
        on: bool,
    },
    WithholdAcks {
        #[serde(default = "yes")]
        on: bool,
    },
    DelayAcks {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Duplicate {
        of: Option<String>,
        events: u32,
    },
    ReorderEvents {
        of: Option<String>,
        pairs: u32,
    },
    Split {
        bytes: Option<usize>,
    },
    KeyOrder {
        order: KeyOrder,
    },
    NumericIds {
        #[serde(default = "yes")]
        on: bool,
    },
    PartialUpdates {
        #[serde(default = "yes")]
        on: bool,
    },
    OddPresences {
        #[serde(default = "yes")]
        on: bool,
    },
    NullResumed {
        #[serde(default = "yes")]
        on: bool,
    },
    VoiceServerFirst {
        #[serde(default = "yes")]
        on: bool,
    },
    VoiceServerMissing {
        #[serde(default = "yes")]
        on: bool,
    },
    ReverseChunks {
        #[serde(default = "yes")]
        on: bool,
    },
    WithholdChunk {
        index: Option<usize>,
    },
    ChunkSize {
        members: usize,
    },
    Frame {
        of: Option<String>,
        text: String,
    },
    Binary {
        of: Option<String>,
        bytes: Vec<u8>,
    },
    Truncated {
        of: Option<String>,
        text: String,
    },
    Oversized {
        of: Option<String>,
        #[serde(default = "hundred_million")]
        bytes: u64,
    },
    // What goes wrong with requests.
    Fail {
        requests: String,
        #[serde(default = "once")]
        times: u32,
        fault: RestFault,
    },
    Unlimited {
        #[serde(default = "yes")]
        on: bool,
    },
    ResetToken {
        #[serde(default = "bot")]
        of: String,
    },
}

fn loft() -> String {
    "loft".into()
}

fn choir() -> String {
    "choir".into()
}

fn stalls() -> String {
    "stalls".into()
}

fn bot() -> String {
    Discord::BOT.into()
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn once_times() -> usize {
    1
}

fn unknown_error() -> u16 {
    4000
}

fn hundred_million() -> u64 {
    100_000_000
}

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

    /// Obeys a command at once; gives what came of it, such as the id of a message.
    pub(crate) fn obey(&self, deed: Deed) -> Result<Value, CommandError> {
        match self.act_out(deed)? {
            Ok(outcome) => Ok(outcome),
            Err(deed) => {
                self.go_wrong(deed);
                Ok(json!({}))
            }
        }
    }

    /// Obeys a command that is about people; gives any other back.
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    fn act_out(&self, deed: Deed) -> Result<Result<Value, Deed>, CommandError> {
        let text = |id: u64| id.to_string();
        let outcome = match deed {
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
                json!({"message": text(message)})
            }
            Deed::Whisper {
                by,
                to,
                text: words,
            } => {
                let (channel, message) = self.whisper(&by, &to, &words);
                json!({"channel": text(channel), "message": text(message)})
            }
            Deed::Edit {
                place,
                message,
                text,
            } => {
                json!({"done": self.edit(&self.known(place)?, id(&message)?, &text)})
            }
            Deed::Delete { place, message } => {
                json!({"done": self.delete(&self.known(place)?, id(&message)?)})
            }
            Deed::DeleteMany { place, messages } => {
                let messages = messages
                    .iter()
                    .map(|one| id(one))
                    .collect::<Result<Vec<_>, _>>()?;
                json!({"deleted": self.delete_many(&self.known(place)?, &messages)})
            }
            Deed::React {
                place,
                message,
                by,
                emoji,
            } => {
                json!({"done": self.react(&self.known(place)?, id(&message)?, &by, &emoji)})
            }
            Deed::Pin { place, message, on } => {
                json!({"done": self.pin(&self.known(place)?, id(&message)?, on)})
            }
            Deed::Type { place, by } => done(self.type_in(&self.known(place)?, &by)),
            Deed::Ask {
                place,
                by,
                question,
                answers,
            } => {
                let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
                json!({"message": text(self.ask(&self.known(place)?, &by, &question, &answers))})
            }
            Deed::Vote {
                place,
                message,
                by,
                answer,
                on,
            } => done(self.vote(&self.known(place)?, id(&message)?, &by, answer, on)),
            Deed::Command {
                place,
                by,
                bot,
                name,
                options,
            } => {
                let options = Value::Array(options);
                json!({"interaction": text(self.command(&self.known(place)?, &by, &bot, &name, &options))})
            }
            Deed::Press {
                place,
                by,
                bot,
                custom_id,
            } => {
                json!({"interaction": text(self.press(&self.known(place)?, &by, &bot, &custom_id))})
            }
            Deed::Appear {
                guild,
                by,
                status,
                plays,
            } => done(self.appear(&self.known_guild(guild)?, &by, &status, plays.as_deref())),
            Deed::Join { guild, by } => done(self.join(&self.known_guild(guild)?, &by)),
            Deed::Leave { guild, by } => done(self.leave(&self.known_guild(guild)?, &by)),
            Deed::Kick { guild, by, user } => {
                done(self.kick(&self.known_guild(guild)?, &by, &user))
            }
            Deed::Ban { guild, by, user } => done(self.ban(&self.known_guild(guild)?, &by, &user)),
            Deed::Unban { guild, by, user } => {
                done(self.unban(&self.known_guild(guild)?, &by, &user))
            }
            Deed::Nick { guild, by, nick } => {
                done(self.nick(&self.known_guild(guild)?, &by, nick.as_deref()))
            }
            Deed::GiveRole {
                guild,
                by,
                user,
                role,
                on,
            } => done(self.give_role(&self.known_guild(guild)?, &by, &user, &role, on)),
            Deed::AddRole { guild, by, name } => {
                json!({"role": text(self.add_role(&self.known_guild(guild)?, &by, &name))})
            }
            Deed::RenameRole {
                guild,
                by,
                role,
                name,
            } => done(self.rename_role(&self.known_guild(guild)?, &by, id(&role)?, &name)),
            Deed::RemoveRole { guild, by, role } => {
                done(self.remove_role(&self.known_guild(guild)?, &by, id(&role)?))
            }
            Deed::AddChannel {
                guild,
                by,
                name,
                kind,
            } => {
                json!({"channel": text(self.add_channel_of_kind(&self.known_guild(guild)?, &by, &name, kind))})
            }
            Deed::Topic { place, by, text } => done(self.topic(&self.known(place)?, &by, &text)),
            Deed::RemoveChannel { place, by } => {
                done(self.remove_channel(&self.known(place)?, &by))
            }
            Deed::AddThread { place, by, name } => {
                json!({"thread": text(self.add_thread(&self.known(place)?, &by, &name))})
            }
            Deed::Invite { place, by } => json!({"code": self.invite(&self.known(place)?, &by)}),
            Deed::RenameGuild { guild, by, name } => {
                done(self.rename_guild(&self.known_guild(guild)?, &by, &name))
            }
            Deed::AddGuild { name } => json!({"guild": text(self.add_guild(&name))}),
            Deed::Available { guild, on } => done(self.available(&self.known_guild(guild)?, on)),
            Deed::JoinVoice { place, by } => done(self.join_voice(&self.known(place)?, &by)),
            Deed::LeaveVoice { guild, by } => {
                done(self.leave_voice(&self.known_guild(guild)?, &by))
            }
            Deed::ChangeVoiceServer { guild, bot } => {
                done(self.change_voice_server(&self.known_guild(guild)?, &bot))
            }
            Deed::Account { name } => {
                let account = self.account_named(&name);
                json!({
                    "user_id": text(account.id),
                    "application_id": text(account.application),
                    "username": account.username,
                    "token": account.token.expose(),
                })
            }
            Deed::Crowd { guild, members } => done(self.crowd(&self.known_guild(guild)?, members)),
            Deed::Swell { guild, bytes } => done(self.swell(&self.known_guild(guild)?, bytes)),
            Deed::ResetToken { of } => json!({"token": self.reset_token(&of).expose()}),
            other => return Ok(Err(other)),
        };
        Ok(Ok(outcome))
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
                how_long
                    .into_iter()
                    .for_each(|how_long| self.refuse_sockets(how_long));
                self.those(of.as_deref(), shard).cut();
            }
            Deed::Reset {
                of,
                shard,
                how_long,
            } => {
                how_long
                    .into_iter()
                    .for_each(|how_long| self.refuse_sockets(how_long));
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
                self.act(|state| state.note(format!("a command that nobody obeys: {other:?}")))
            }
        }
    }
}

/// What comes of a command that gives nothing.
fn done((): ()) -> Value {
    json!({})
}
