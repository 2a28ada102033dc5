//! Commands that wait for an answer: requests for members, and voice joins (protocol §8, §12).
//!
//! Answers come as ordinary events, which reach handlers as well; a command is answered when the last part of it has come.
//! A timeout counts from the last part, so that a guild with many members is not cut off half way.

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::{Draft, Secret, SourceName};
use tokio::{sync::oneshot, time::Instant};
use twilight_model::id::Id;

use crate::{
    error::{MembersError, VoiceError},
    model::{
        members::{MemberQuery, Members},
        voice::{UpdateVoiceState, VoiceConnection},
    },
    wire::{self, Ids},
};

/// Largest number of pending requests and joins; further commands stay queued.
///
/// A bot that asks for more at once would only wait longer for each of them.
const MOST: usize = 64;
/// Bounds of the chunks collected for one request.
///
/// Ten million members.
const MOST_CHUNKS: u32 = 10_000;
const MOST_BYTES: usize = 256 << 20;

/// A request for members whose chunks are being collected.
#[derive(Debug)]
struct PendingMembers {
    /// Guild whose members are asked for, by which a refusal without a nonce is told apart.
    guild: u64,
    /// Name of the request, which each chunk repeats.
    nonce: String,
    /// Time by which the next chunk must come.
    by: Instant,
    /// Chunks by their number.
    chunks: BTreeMap<u32, Draft>,
    /// Number of chunks, once one has come.
    expected: Option<u32>,
    /// Bytes of the chunks that are kept.
    bytes: usize,
    reply: oneshot::Sender<Result<Members, MembersError>>,
}

/// A join that waits for its voice state and its voice server.
#[derive(Debug)]
struct PendingJoin {
    update: UpdateVoiceState,
    by: Instant,
    /// Id of the voice session, once the bot's own state has come.
    session: Option<String>,
    /// Token and host of the voice server, once it has come.
    server: Option<(Secret, String)>,
    reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
}

/// Pending commands of one shard.
#[derive(Debug)]
pub(crate) struct Pending {
    source: SourceName,
    members: Vec<PendingMembers>,
    joins: Vec<PendingJoin>,
    timeout: Duration,
    /// Random part of nonces, unique for each run.
    nonce: u64,
    /// Number of requests made in this run, for their nonces.
    made: u64,
}

impl Pending {
    /// An empty set; an answer may take `timeout`, and so may each chunk after the one before.
    pub(crate) fn new(source: SourceName, timeout: Duration, nonce: u64) -> Self {
        Self {
            source,
            members: Vec::new(),
            joins: Vec::new(),
            timeout,
            nonce,
            made: 0,
        }
    }

    /// Whether no command is pending.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.joins.is_empty()
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        self.members.len() + self.joins.len() < MOST
    }

    /// The earliest deadline.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let members = self.members.iter().map(|request| request.by);
        members
            .chain(self.joins.iter().map(|request| request.by))
            .min()
    }

    /// Moves all deadlines by the length of a pause in reading.
    pub(crate) fn shift(&mut self, by: Duration) {
        for request in &mut self.members {
            request.by += by;
        }
        for request in &mut self.joins {
            request.by += by;
        }
    }

    /// Adds a request for members; returns the frame to send.
    pub(crate) fn members(
        &mut self,
        query: &MemberQuery,
        reply: oneshot::Sender<Result<Members, MembersError>>,
        now: Instant,
    ) -> String {
        self.made += 1;
        let nonce = format!("{:016x}-{:x}", self.nonce, self.made & 0xffff_ffff);
        let frame = wire::request_members(query, &nonce);
        self.members.push(PendingMembers {
            guild: query.guild(),
            nonce,
            by: now + self.timeout,
            chunks: BTreeMap::new(),
            expected: None,
            bytes: 0,
            reply,
        });
        frame
    }

    /// Adds a join; returns the frame to send.
    pub(crate) fn join(
        &mut self,
        update: UpdateVoiceState,
        reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
        now: Instant,
    ) -> String {
        self.supersede(update.guild);
        self.joins.push(PendingJoin {
            update,
            by: now + self.timeout,
            session: None,
            server: None,
            reply,
        });
        wire::voice_state(&update)
    }

    /// Fails the guild's pending join, which another command replaces.
    pub(crate) fn supersede(&mut self, guild: u64) {
        for request in self
            .joins
            .extract_if(.., |request| request.update.guild == guild)
        {
            let _ = request.reply.send(Err(VoiceError::Superseded));
        }
    }

    /// Takes a dispatch that may be an answer.
    pub(crate) fn on_dispatch(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>, now: Instant) {
        match draft.kind.as_str() {
            "discord.GUILD_MEMBERS_CHUNK" => self.chunk(draft, now),
            "discord.RATE_LIMITED" => self.limited(draft),
            "discord.VOICE_STATE_UPDATE" => self.voice_state(draft, ids, me),
            "discord.VOICE_SERVER_UPDATE" => self.voice_server(draft, ids, me),
            _ => {}
        }
    }

    /// Takes a chunk: the request is answered when all of them have come, or when they are more than are collected.
    fn chunk(&mut self, draft: &Draft, now: Instant) {
        let Ok(chunk) = antiphon_core::read_json::<wire::Chunk<'_>>(&draft.body) else {
            return;
        };
        let nonce = chunk.nonce.as_deref();
        let Some(index) = self
            .members
            .iter()
            .position(|request| nonce == Some(&request.nonce))
        else {
            return;
        };
        let request = &mut self.members[index];
        request.by = now + self.timeout;
        request.expected = Some(chunk.count);
        if request.chunks.insert(chunk.index, draft.clone()).is_none() {
            request.bytes += draft.body.len();
        }
        let came = u32::try_from(request.chunks.len()).unwrap_or(u32::MAX);
        let is_whole = came >= chunk.count;
        if is_whole || came >= MOST_CHUNKS || request.bytes > MOST_BYTES {
            let request = self.members.swap_remove(index);
            let members = collected(&self.source, request.chunks);
            let outcome = if is_whole {
                Ok(members)
            } else {
                Err(MembersError::TooMany { members })
            };
            let _ = request.reply.send(outcome);
        }
    }

    /// Takes a refusal; without a nonce it means the request of that guild that has no chunk yet.
    fn limited(&mut self, draft: &Draft) {
        let Ok(limited) = antiphon_core::read_json::<wire::RateLimited<'_>>(&draft.body) else {
            return;
        };
        if limited.opcode != wire::op::REQUEST_MEMBERS {
            return;
        }
        let wait = limited.retry_after.clamp(0.0, 86_400.0);
        let retry_after = Duration::try_from_secs_f64(wait).unwrap_or_default();
        let nonce = limited.meta.nonce.as_deref();
        let guild = limited.meta.guild_id;
        let meant = |request: &mut PendingMembers| match nonce {
            Some(nonce) => request.nonce == nonce,
            None => guild == Some(request.guild) && request.chunks.is_empty(),
        };
        for request in self.members.extract_if(.., meant) {
            let _ = request
                .reply
                .send(Err(MembersError::RateLimited { retry_after }));
        }
    }

    /// Takes the bot's own voice state, if a join waits for that channel.
    fn voice_state(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>) {
        let meant = |request: &PendingJoin| {
            ids.guild == Some(request.update.guild) && ids.channel == request.update.channel
        };
        if !self.joins.iter().any(meant) {
            return;
        }
        let Ok(voice) = antiphon_core::read_json::<wire::Voice<'_>>(&draft.body) else {
            return;
        };
        let (Some(session), true) = (voice.session_id, voice.user_id == me) else {
            return;
        };
        if let Some(request) = self.joins.iter_mut().find(|request| meant(request)) {
            request.session = Some(session.into_owned());
        }
        self.joined(me);
    }

    /// Takes a voice server, if a join waits in that guild; one without a host says that another follows.
    fn voice_server(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>) {
        let Some(request) = self
            .joins
            .iter_mut()
            .find(|request| ids.guild == Some(request.update.guild))
        else {
            return;
        };
        let Ok(voice) = antiphon_core::read_json::<wire::Voice<'_>>(&draft.body) else {
            return;
        };
        // Without an endpoint the voice server is gone, and another event with one follows.
        request.server = voice
            .token
            .zip(voice.endpoint.filter(|endpoint| !endpoint.is_empty()))
            .map(|(token, endpoint)| (Secret::from(token.into_owned()), endpoint.into_owned()));
        self.joined(me);
    }

    /// Answers joins that have both a voice state and a voice server.
    fn joined(&mut self, me: Option<u64>) {
        let Some(user) = me.and_then(Id::new_checked) else {
            return;
        };
        let is_whole =
            |request: &mut PendingJoin| request.session.is_some() && request.server.is_some();
        for request in self.joins.extract_if(.., is_whole) {
            let (Some(session_id), Some((token, endpoint))) = (request.session, request.server)
            else {
                continue;
            };
            let channel = request.update.channel.and_then(Id::new_checked);
            let (Some(guild), Some(channel)) = (Id::new_checked(request.update.guild), channel)
            else {
                continue;
            };
            let _ = request.reply.send(Ok(VoiceConnection {
                guild,
                channel,
                user,
                session_id,
                token,
                endpoint,
            }));
        }
    }

    /// Fails commands that are overdue.
    pub(crate) fn expire(&mut self, now: Instant) {
        for request in self.members.extract_if(.., |request| request.by <= now) {
            let received = u32::try_from(request.chunks.len()).unwrap_or(u32::MAX);
            let _ = request.reply.send(Err(MembersError::TimedOut {
                received,
                expected: request.expected,
                members: collected(&self.source, request.chunks),
            }));
        }
        for request in self.joins.extract_if(.., |request| request.by <= now) {
            let _ = request.reply.send(Err(VoiceError::TimedOut {
                has_state: request.session.is_some(),
                has_server: request.server.is_some(),
            }));
        }
    }

    /// Fails all commands, because the session ended.
    pub(crate) fn session_lost(&mut self) {
        for request in self.members.drain(..) {
            let members = collected(&self.source, request.chunks);
            let _ = request
                .reply
                .send(Err(MembersError::SessionLost { members }));
        }
        for request in self.joins.drain(..) {
            let _ = request.reply.send(Err(VoiceError::SessionLost));
        }
    }
}

fn collected(source: &SourceName, chunks: BTreeMap<u32, Draft>) -> Members {
    Members {
        source: Some(source.clone()),
        chunks: chunks.into_values().collect(),
    }
}
