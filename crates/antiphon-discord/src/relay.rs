//! Commands of clients whose shards another process runs.
//!
//! What goes over the Gateway goes to the process that runs the source; requests go straight out from every process.
//! Both sides are here: [`Asked`] is what goes there, the types after it are what comes back, and [`serve`] carries it
//! out. An error comes back as the type that it was.

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, Clock, ConfigError, Draft, Kind, LinkState, NotConnected, Origin, Place, RelayError,
    Remote, Secret, Serve,
};
use antiphon_discord_model::{
    ActivityType, Status,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, UserMarker},
    },
};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, ShardInfo, Shared},
    error::{CommandError, MembersError, VoiceError},
    model::{
        members::{MemberQuery, Members},
        presence::{Activity, Presence},
        voice::VoiceConnection,
    },
};

/// Names of the values that a command may refuse; an unknown one has none.
const VALUES: [&str; 3] = ["query", "presence", "command"];

/// What is asked of the process that runs the source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    /// The state of the shards.
    State,
    Presence(SentPresence),
    Members {
        guild: Id<GuildMarker>,
        prefix: Option<String>,
        limit: u64,
        users: Option<Vec<Id<UserMarker>>>,
        presences: bool,
    },
    Join {
        guild: Id<GuildMarker>,
        channel: Id<ChannelMarker>,
        mute: bool,
        deaf: bool,
    },
    /// A finished frame for the shard of a guild; `voice` is the guild whose open join it replaces.
    Send {
        guild: Id<GuildMarker>,
        frame: String,
        voice: Option<u64>,
    },
    Sounds(Vec<Id<GuildMarker>>),
}

/// A presence on its way.
#[derive(Debug, Serialize, Deserialize)]
struct SentPresence {
    since: Option<u64>,
    activities: Vec<SentActivity>,
    status: String,
    afk: bool,
}

/// An activity on its way.
#[derive(Debug, Serialize, Deserialize)]
struct SentActivity {
    name: String,
    kind: i64,
    url: Option<String>,
    state: Option<String>,
}

impl From<Presence> for SentPresence {
    fn from(presence: Presence) -> Self {
        let activities = presence.activities.into_iter();
        let activities = activities.map(|activity| SentActivity {
            name: activity.name,
            kind: activity.kind.number(),
            url: activity.url,
            state: activity.state,
        });
        Self {
            since: presence.since,
            activities: activities.collect(),
            status: presence.status.as_str().to_owned(),
            afk: presence.afk,
        }
    }
}

impl From<SentPresence> for Presence {
    fn from(sent: SentPresence) -> Self {
        let activities = sent.activities.into_iter();
        let activities = activities.map(|activity| Activity {
            name: activity.name,
            kind: ActivityType::from(activity.kind),
            url: activity.url,
            state: activity.state,
        });
        Self {
            since: sent.since,
            activities: activities.collect(),
            status: Status::from(&*sent.status),
            afk: sent.afk,
        }
    }
}

/// The shards of the other process, as they were a moment ago.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    user: Option<Id<UserMarker>>,
    link: LinkState,
    /// Number of shards of the bot; absent until it is known.
    pub(crate) count: Option<u32>,
    /// Number, state and latency of each.
    shards: Vec<(u32, LinkState, Option<Duration>)>,
}

impl Seen {
    fn of(client: &Client) -> Self {
        let shards = client.shards().into_iter();
        Self {
            user: *client.current_user_id().borrow(),
            link: client.link().borrow().clone(),
            count: client.shard_count(),
            shards: shards
                .map(|shard| (shard.id, shard.link, shard.latency))
                .collect(),
        }
    }

    /// The shards, by number.
    pub(crate) fn shards(&self) -> impl Iterator<Item = ShardInfo> + '_ {
        let count = self.count.unwrap_or_default();
        let shards = self.shards.iter();
        shards.map(move |(id, link, latency)| ShardInfo {
            id: *id,
            count,
            link: link.clone(),
            latency: *latency,
        })
    }
}

/// A [`CommandError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CommandFailed {
    NotConnected(LinkState),
    Invalid { value: String, reason: String },
    TooLong(usize),
    ShardElsewhere { shard: u32, count: u32 },
    Relay(RelayError),
}

impl From<CommandError> for CommandFailed {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotConnected(error) => Self::NotConnected(error.state),
            CommandError::Invalid(error) => Self::Invalid {
                value: error.option().to_owned(),
                reason: error.reason().to_owned(),
            },
            CommandError::TooLong(bytes) => Self::TooLong(bytes),
            CommandError::ShardElsewhere { shard, count } => Self::ShardElsewhere { shard, count },
            CommandError::Relay(error) => Self::Relay(error),
        }
    }
}

impl From<CommandFailed> for CommandError {
    fn from(failed: CommandFailed) -> Self {
        match failed {
            CommandFailed::NotConnected(state) => Self::NotConnected(NotConnected::new(state)),
            CommandFailed::Invalid { value, reason } => {
                let value = VALUES.into_iter().find(|known| *known == value);
                Self::Invalid(ConfigError::new(value.unwrap_or("command"), reason))
            }
            CommandFailed::TooLong(bytes) => Self::TooLong(bytes),
            CommandFailed::ShardElsewhere { shard, count } => Self::ShardElsewhere { shard, count },
            CommandFailed::Relay(error) => Self::Relay(error),
        }
    }
}

/// What became of a request for members; the members that came stand behind it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MembersOutcome {
    Done,
    Command(CommandFailed),
    TimedOut {
        received: u32,
        expected: Option<u32>,
    },
    RateLimited(Duration),
    TooMany,
    SessionLost,
}

/// A chunk of members; its body stands behind the list of all chunks.
#[derive(Debug, Serialize, Deserialize)]
struct Chunk {
    kind: Kind,
    place: Place,
    origin: Origin,
    received_at: Timestamp,
    body: usize,
}

/// A [`VoiceError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VoiceFailed {
    Command(CommandFailed),
    IntentMissing,
    TimedOut { has_state: bool, has_server: bool },
    Superseded,
    SessionLost,
}

impl From<VoiceError> for VoiceFailed {
    fn from(error: VoiceError) -> Self {
        match error {
            VoiceError::Command(error) => Self::Command(error.into()),
            VoiceError::IntentMissing => Self::IntentMissing,
            VoiceError::TimedOut {
                has_state,
                has_server,
            } => Self::TimedOut {
                has_state,
                has_server,
            },
            VoiceError::Superseded => Self::Superseded,
            VoiceError::SessionLost => Self::SessionLost,
        }
    }
}

impl From<VoiceFailed> for VoiceError {
    fn from(failed: VoiceFailed) -> Self {
        match failed {
            VoiceFailed::Command(failed) => Self::Command(failed.into()),
            VoiceFailed::IntentMissing => Self::IntentMissing,
            VoiceFailed::TimedOut {
                has_state,
                has_server,
            } => Self::TimedOut {
                has_state,
                has_server,
            },
            VoiceFailed::Superseded => Self::Superseded,
            VoiceFailed::SessionLost => Self::SessionLost,
        }
    }
}

/// The credentials of a voice connection on their way; they are never logged.
#[derive(Serialize, Deserialize)]
struct SentVoice {
    guild: Id<GuildMarker>,
    channel: Id<ChannelMarker>,
    user: Id<UserMarker>,
    session_id: String,
    token: String,
    endpoint: String,
}

// ---------------------------------------------------------------------------------------------------------------------
// The asking side.

/// Shows the state of the shards in the other process.
pub(crate) fn follow(remote: Remote, shared: Arc<Shared>, clock: Clock) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let show = |seen: Result<Seen, RelayError>| {
            let link = match seen {
                Ok(seen) => {
                    let user = seen.user;
                    if user.is_some() {
                        let change = |known: &mut _| std::mem::replace(known, user) != user;
                        shared.user.send_if_modified(change);
                    }
                    let link = seen.link.clone();
                    shared.see(seen);
                    link
                }
                Err(error) => Remote::unknown_link(clock, &error),
            };
            let change = |shown: &mut LinkState| std::mem::replace(shown, link.clone()) != link;
            shared.link.send_if_modified(change);
        };
        remote.follow(&Asked::State, show).await;
    })
}

/// Has the presence set on all shards.
pub(crate) async fn presence(remote: &Remote, presence: Presence) -> Result<(), CommandError> {
    command(remote, &Asked::Presence(presence.into())).await
}

/// Has a finished frame sent.
pub(crate) async fn send(
    remote: &Remote,
    guild: Id<GuildMarker>,
    frame: String,
    voice: Option<u64>,
) -> Result<(), CommandError> {
    let asked = Asked::Send {
        guild,
        frame,
        voice,
    };
    command(remote, &asked).await
}

/// Has the sounds of guilds requested.
pub(crate) async fn sounds(
    remote: &Remote,
    guilds: Vec<Id<GuildMarker>>,
) -> Result<(), CommandError> {
    command(remote, &Asked::Sounds(guilds)).await
}

async fn command(remote: &Remote, asked: &Asked) -> Result<(), CommandError> {
    let asked = remote.call(asked).await;
    let (outcome, _): (Result<(), CommandFailed>, _) = asked.map_err(CommandError::Relay)?;
    outcome.map_err(CommandError::from)
}

/// Has members requested and collected.
pub(crate) async fn members(remote: &Remote, query: MemberQuery) -> Result<Members, MembersError> {
    let (prefix, limit, users) = query.parts();
    let asked = Asked::Members {
        guild: Id::new(query.guild()),
        prefix: prefix.map(str::to_owned),
        limit,
        users: users.map(<[_]>::to_vec),
        presences: query.has_presences(),
    };
    let failed = |error| MembersError::Command(CommandError::Relay(error));
    let (answer, bodies) = remote.call(&asked).await.map_err(failed)?;
    let (outcome, chunks): (MembersOutcome, Vec<Chunk>) = answer;
    let members = joined(remote, chunks, bodies).ok_or_else(|| failed(RelayError::Lost))?;
    match outcome {
        MembersOutcome::Done => Ok(members),
        MembersOutcome::Command(failed) => Err(MembersError::Command(failed.into())),
        MembersOutcome::TimedOut { received, expected } => Err(MembersError::TimedOut {
            received,
            expected,
            members,
        }),
        MembersOutcome::RateLimited(retry_after) => Err(MembersError::RateLimited { retry_after }),
        MembersOutcome::TooMany => Err(MembersError::TooMany { members }),
        MembersOutcome::SessionLost => Err(MembersError::SessionLost { members }),
    }
}

/// The chunks with their bodies; `None` if a body is cut short.
fn joined(remote: &Remote, chunks: Vec<Chunk>, mut bodies: Bytes) -> Option<Members> {
    let chunks = chunks.into_iter().map(|chunk| {
        let body = (chunk.body <= bodies.len()).then(|| bodies.split_to(chunk.body))?;
        let Chunk {
            kind,
            place,
            origin,
            received_at,
            ..
        } = chunk;
        Some(Draft::new(kind, place, origin, received_at, body))
    });
    Some(Members {
        source: Some(remote.source().clone()),
        chunks: chunks.collect::<Option<_>>()?,
    })
}

/// Has a voice channel joined.
pub(crate) async fn join(
    remote: &Remote,
    guild: Id<GuildMarker>,
    channel: Id<ChannelMarker>,
    mute: bool,
    deaf: bool,
) -> Result<VoiceConnection, VoiceError> {
    let asked = Asked::Join {
        guild,
        channel,
        mute,
        deaf,
    };
    let asked = remote.call(&asked).await;
    let failed = |error| VoiceError::Command(CommandError::Relay(error));
    let (outcome, _): (Result<SentVoice, VoiceFailed>, _) = asked.map_err(failed)?;
    let voice = outcome.map_err(VoiceError::from)?;
    Ok(VoiceConnection {
        guild: voice.guild,
        channel: voice.channel,
        user: voice.user,
        session_id: voice.session_id,
        token: Secret::from(voice.token),
        endpoint: voice.endpoint,
    })
}

// ---------------------------------------------------------------------------------------------------------------------
// The side that carries it out.

/// Carries out what clients in other processes ask for.
pub(crate) fn serve(shared: &Arc<Shared>) -> Serve {
    let client = Client::new(Arc::clone(shared));
    Arc::new(move |asked| {
        let client = client.clone();
        Box::pin(async move { Ok(carry_out(&client, Remote::read(&asked)?).await) })
    })
}

async fn carry_out(client: &Client, asked: Asked) -> Bytes {
    let outcome = match asked {
        Asked::State => {
            // Whoever asks sends requests of its own.
            client.http().heard();
            return Remote::answer(&Seen::of(client), &[]);
        }
        Asked::Members {
            guild,
            prefix,
            limit,
            users,
            presences,
        } => {
            let query = match users {
                Some(users) => MemberQuery::users(guild, users),
                None => MemberQuery::named(guild, prefix.unwrap_or_default(), limit),
            };
            let query = if presences {
                query.with_presences()
            } else {
                query
            };
            return members_answer(client.request_members(query).await);
        }
        Asked::Join {
            guild,
            channel,
            mute,
            deaf,
        } => {
            let joined = client.join_voice(guild, channel, mute, deaf).await;
            let joined = joined.map(|voice| SentVoice {
                guild: voice.guild,
                channel: voice.channel,
                user: voice.user,
                session_id: voice.session_id,
                token: voice.token.expose().to_owned(),
                endpoint: voice.endpoint,
            });
            return Remote::answer(&joined.map_err(VoiceFailed::from), &[]);
        }
        Asked::Presence(presence) => client.update_presence(presence.into()).await,
        Asked::Send {
            guild,
            frame,
            voice,
        } => client.send(guild, frame, voice).await,
        Asked::Sounds(guilds) => client.request_soundboard_sounds(guilds).await,
    };
    Remote::answer(&outcome.map_err(CommandFailed::from), &[])
}

fn members_answer(outcome: Result<Members, MembersError>) -> Bytes {
    let (outcome, members) = match outcome {
        Ok(members) => (MembersOutcome::Done, members),
        Err(MembersError::Command(error)) => {
            (MembersOutcome::Command(error.into()), Members::default())
        }
        Err(MembersError::TimedOut {
            received,
            expected,
            members,
        }) => (MembersOutcome::TimedOut { received, expected }, members),
        Err(MembersError::RateLimited { retry_after }) => {
            (MembersOutcome::RateLimited(retry_after), Members::default())
        }
        Err(MembersError::TooMany { members }) => (MembersOutcome::TooMany, members),
        Err(MembersError::SessionLost { members }) => (MembersOutcome::SessionLost, members),
    };
    let mut bodies = BytesMut::new();
    let chunks = members.chunks.into_iter().map(|chunk| {
        bodies.extend_from_slice(&chunk.body);
        Chunk {
            kind: chunk.kind,
            place: chunk.place,
            origin: chunk.origin,
            received_at: chunk.received_at,
            body: chunk.body.len(),
        }
    });
    let chunks: Vec<_> = chunks.collect();
    Remote::answer(&(outcome, chunks), &bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<T: Serialize, U: serde::de::DeserializeOwned>(value: &T) -> U {
        let sent = serde_json::to_vec(value).expect("plain data");
        serde_json::from_slice(&sent).expect("the same shape")
    }

    #[test]
    fn a_presence_is_the_same_after_its_way() {
        let presence = Presence::idle()
            .activity(Activity::streaming("rehearsal", "https://twitch.tv/choir"))
            .activity(Activity::listening_to("Miserere").state("in the loft"))
            .since(1_733_000_000_000)
            .afk();
        let after: SentPresence = sent(&SentPresence::from(presence.clone()));
        assert_eq!(Presence::from(after), presence);
    }

    #[test]
    fn an_error_is_the_same_for_handlers_after_its_way() {
        let errors = [
            CommandError::NotConnected(NotConnected::new(LinkState::Connecting)),
            CommandError::NotConnected(NotConnected::new(LinkState::Closed)),
            CommandError::Invalid(ConfigError::new("presence", "a text is too long")),
            CommandError::TooLong(5000),
            CommandError::ShardElsewhere { shard: 1, count: 2 },
            CommandError::Relay(RelayError::NobodyServes),
        ];
        for before in errors {
            let after = CommandError::from(sent::<_, CommandFailed>(&CommandFailed::from(
                before.clone(),
            )));
            assert_eq!(after.to_string(), before.to_string());
            assert_eq!(after.is_transient(), before.is_transient(), "{before}");
        }
        let errors = [
            VoiceError::Command(CommandError::TooLong(5000)),
            VoiceError::IntentMissing,
            VoiceError::TimedOut {
                has_state: true,
                has_server: false,
            },
            VoiceError::Superseded,
            VoiceError::SessionLost,
        ];
        for before in errors {
            let failed = VoiceFailed::from(before.clone());
            let after = VoiceError::from(sent::<_, VoiceFailed>(&failed));
            assert_eq!(after.to_string(), before.to_string());
            assert_eq!(after.is_transient(), before.is_transient(), "{before}");
        }
    }
}
