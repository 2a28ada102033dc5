//! What clients wait for: chunks of members, and both halves of a voice join (protocol §8, §12).

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::{Draft, Secret, SourceName};
use tokio::{sync::oneshot, time::Instant};
use twilight_model::id::Id;

use crate::{
    client::{MemberQuery, Members, VoiceConnection, VoiceWish},
    error::{MembersError, VoiceError},
    wire::{self, Ids},
};

/// Requests for members, and joins, that may wait at a time; further commands wait for their turn.
const MOST: usize = 64;
/// Bounds on what is collected for one request.
const MOST_CHUNKS: u32 = 10_000;
const MOST_BYTES: usize = 256 << 20;

/// A request for members whose chunks are being collected.
#[derive(Debug)]
struct MemberAsk {
    guild: u64,
    nonce: String,
    by: Instant,
    chunks: BTreeMap<u32, Draft>,
    expected: Option<u32>,
    bytes: usize,
    reply: oneshot::Sender<Result<Members, MembersError>>,
}

/// A join that waits for both halves of its answer.
#[derive(Debug)]
struct JoinAsk {
    wish: VoiceWish,
    by: Instant,
    session: Option<String>,
    server: Option<(Secret, String)>,
    reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
}

/// All that clients of one shard wait for.
#[derive(Debug)]
pub(crate) struct Asks {
    source: SourceName,
    members: Vec<MemberAsk>,
    joins: Vec<JoinAsk>,
    patience: Duration,
    /// Makes nonces that no other run uses.
    nonce: u64,
    made: u64,
}

impl Asks {
    /// Nobody waits; each answer may take `patience`, and each chunk as long after the one before.
    pub(crate) fn new(source: SourceName, patience: Duration, nonce: u64) -> Self {
        Self {
            source,
            members: Vec::new(),
            joins: Vec::new(),
            patience,
            nonce,
            made: 0,
        }
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.joins.is_empty()
    }

    /// Whether one more may wait.
    pub(crate) fn has_room(&self) -> bool {
        self.members.len() + self.joins.len() < MOST
    }

    /// When something is overdue.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let members = self.members.iter().map(|ask| ask.by);
        members.chain(self.joins.iter().map(|ask| ask.by)).min()
    }

    /// Moves all deadlines, since nothing was read for a while.
    pub(crate) fn shift(&mut self, by: Duration) {
        for ask in &mut self.members {
            ask.by += by;
        }
        for ask in &mut self.joins {
            ask.by += by;
        }
    }

    /// Begins to collect members; gives the frame to send.
    pub(crate) fn members(
        &mut self,
        query: &MemberQuery,
        reply: oneshot::Sender<Result<Members, MembersError>>,
        now: Instant,
    ) -> String {
        self.made += 1;
        let nonce = format!("{:016x}-{:x}", self.nonce, self.made & 0xffff_ffff);
        let frame = wire::request_members(query, &nonce);
        self.members.push(MemberAsk {
            guild: query.guild(),
            nonce,
            by: now + self.patience,
            chunks: BTreeMap::new(),
            expected: None,
            bytes: 0,
            reply,
        });
        frame
    }

    /// Begins to wait for a join's answer; gives the frame to send.
    pub(crate) fn join(
        &mut self,
        wish: VoiceWish,
        reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
        now: Instant,
    ) -> String {
        self.supersede(wish.guild);
        self.joins.push(JoinAsk {
            wish,
            by: now + self.patience,
            session: None,
            server: None,
            reply,
        });
        wire::voice_state(&wish)
    }

    /// Another command took the place of a guild's join.
    pub(crate) fn supersede(&mut self, guild: u64) {
        for ask in self.joins.extract_if(.., |ask| ask.wish.guild == guild) {
            let _ = ask.reply.send(Err(VoiceError::Superseded));
        }
    }

    /// Looks at a dispatch that may be an answer.
    pub(crate) fn look(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>, now: Instant) {
        match draft.kind.as_str() {
            "discord.GUILD_MEMBERS_CHUNK" => self.chunk(draft, now),
            "discord.RATE_LIMITED" => self.limited(draft),
            "discord.VOICE_STATE_UPDATE" => self.voice_state(draft, ids, me),
            "discord.VOICE_SERVER_UPDATE" => self.voice_server(draft, ids, me),
            _ => {}
        }
    }

    fn chunk(&mut self, draft: &Draft, now: Instant) {
        let Ok(chunk) = serde_json::from_slice::<wire::Chunk<'_>>(&draft.body) else {
            return;
        };
        let nonce = chunk.nonce.as_deref();
        let Some(index) = self
            .members
            .iter()
            .position(|ask| nonce == Some(&ask.nonce))
        else {
            return;
        };
        let ask = &mut self.members[index];
        ask.by = now + self.patience;
        ask.expected = Some(chunk.count);
        if ask.chunks.insert(chunk.index, draft.clone()).is_none() {
            ask.bytes += draft.body.len();
        }
        let came = u32::try_from(ask.chunks.len()).unwrap_or(u32::MAX);
        let is_whole = came >= chunk.count;
        if is_whole || came >= MOST_CHUNKS || ask.bytes > MOST_BYTES {
            let ask = self.members.swap_remove(index);
            let members = collected(&self.source, ask.chunks);
            let outcome = if is_whole {
                Ok(members)
            } else {
                Err(MembersError::TooMany { members })
            };
            let _ = ask.reply.send(outcome);
        }
    }

    fn limited(&mut self, draft: &Draft) {
        let Ok(limited) = serde_json::from_slice::<wire::RateLimited<'_>>(&draft.body) else {
            return;
        };
        if limited.opcode != wire::op::REQUEST_MEMBERS {
            return;
        }
        let wait = limited.retry_after.clamp(0.0, 86_400.0);
        let retry_after = Duration::try_from_secs_f64(wait).unwrap_or_default();
        let nonce = limited.meta.nonce.as_deref();
        let guild = limited.meta.guild_id;
        let meant = |ask: &mut MemberAsk| match nonce {
            Some(nonce) => ask.nonce == nonce,
            None => guild == Some(ask.guild) && ask.chunks.is_empty(),
        };
        for ask in self.members.extract_if(.., meant) {
            let _ = ask
                .reply
                .send(Err(MembersError::RateLimited { retry_after }));
        }
    }

    fn voice_state(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>) {
        let meant =
            |ask: &JoinAsk| ids.guild == Some(ask.wish.guild) && ids.channel == ask.wish.channel;
        if !self.joins.iter().any(meant) {
            return;
        }
        let Ok(voice) = serde_json::from_slice::<wire::Voice<'_>>(&draft.body) else {
            return;
        };
        let (Some(session), true) = (voice.session_id, voice.user_id == me) else {
            return;
        };
        if let Some(ask) = self.joins.iter_mut().find(|ask| meant(ask)) {
            ask.session = Some(session.into_owned());
        }
        self.joined(me);
    }

    fn voice_server(&mut self, draft: &Draft, ids: &Ids, me: Option<u64>) {
        let Some(ask) = self
            .joins
            .iter_mut()
            .find(|ask| ids.guild == Some(ask.wish.guild))
        else {
            return;
        };
        let Ok(voice) = serde_json::from_slice::<wire::Voice<'_>>(&draft.body) else {
            return;
        };
        // Without an endpoint the server is gone, and another will be named.
        ask.server = voice
            .token
            .zip(voice.endpoint.filter(|endpoint| !endpoint.is_empty()))
            .map(|(token, endpoint)| (Secret::from(token.into_owned()), endpoint.into_owned()));
        self.joined(me);
    }

    /// Answers joins of which both halves came.
    fn joined(&mut self, me: Option<u64>) {
        let Some(user) = me.and_then(Id::new_checked) else {
            return;
        };
        let is_whole = |ask: &mut JoinAsk| ask.session.is_some() && ask.server.is_some();
        for ask in self.joins.extract_if(.., is_whole) {
            let (Some(session_id), Some((token, endpoint))) = (ask.session, ask.server) else {
                continue;
            };
            let channel = ask.wish.channel.and_then(Id::new_checked);
            let (Some(guild), Some(channel)) = (Id::new_checked(ask.wish.guild), channel) else {
                continue;
            };
            let _ = ask.reply.send(Ok(VoiceConnection {
                guild,
                channel,
                user,
                session_id,
                token,
                endpoint,
            }));
        }
    }

    /// Gives up what is overdue.
    pub(crate) fn expire(&mut self, now: Instant) {
        for ask in self.members.extract_if(.., |ask| ask.by <= now) {
            let received = u32::try_from(ask.chunks.len()).unwrap_or(u32::MAX);
            let _ = ask.reply.send(Err(MembersError::TimedOut {
                received,
                expected: ask.expected,
                members: collected(&self.source, ask.chunks),
            }));
        }
        for ask in self.joins.extract_if(.., |ask| ask.by <= now) {
            let _ = ask.reply.send(Err(VoiceError::TimedOut {
                has_state: ask.session.is_some(),
                has_server: ask.server.is_some(),
            }));
        }
    }

    /// The session is over, and with it all answers.
    pub(crate) fn lose(&mut self) {
        for ask in self.members.drain(..) {
            let members = collected(&self.source, ask.chunks);
            let _ = ask.reply.send(Err(MembersError::SessionLost { members }));
        }
        for ask in self.joins.drain(..) {
            let _ = ask.reply.send(Err(VoiceError::SessionLost));
        }
    }
}

fn collected(source: &SourceName, chunks: BTreeMap<u32, Draft>) -> Members {
    Members {
        source: Some(source.clone()),
        chunks: chunks.into_values().collect(),
    }
}
