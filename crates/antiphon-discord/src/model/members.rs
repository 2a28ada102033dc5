//! Requests for members of a guild, and the chunks that answer them.
//!
//! The answer keeps the chunks as they came, so that its members are read by the model and its presences too.

use antiphon_core::{DecodeError, Draft, Event, Position, SourceName};
use antiphon_discord_model::id::{
    Id,
    marker::{GuildMarker, UserMarker},
};

/// A request for members of a guild (op 8, protocol §8).
///
/// ```no_run
/// use antiphon_discord::{Client, GuildMembersChunk, MemberQuery, MembersError, model::id::{Id, marker::GuildMarker}};
///
/// async fn names(client: &Client, guild: Id<GuildMarker>) -> Result<Vec<String>, MembersError> {
///     let found = client.request_members(MemberQuery::named(guild, "mi", 10)).await?;
///     let chunks = found.decode::<GuildMembersChunk>().unwrap_or_default();
///     let members = chunks.iter().flat_map(|chunk| &chunk.members);
///     Ok(members.map(|member| member.user.name.clone()).collect())
/// }
/// ```
///
/// The three kinds of questions:
///
/// ```
/// use antiphon_discord::{MemberQuery, model::id::{Id, marker::{GuildMarker, UserMarker}}};
///
/// let choir: Id<GuildMarker> = Id::new(11);
/// let everybody = MemberQuery::all(choir);
/// let some = MemberQuery::named(choir, "mi", 10).with_presences();
/// let two = MemberQuery::users(choir, [Id::<UserMarker>::new(33), Id::new(44)]);
/// assert_ne!(everybody, some);
/// # let _ = two;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberQuery {
    guild: Id<GuildMarker>,
    /// Prefix or ids; Discord takes one of the two.
    wanted: Wanted,
    /// Whether presences are asked for too.
    presences: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Named { prefix: String, limit: u64 },
    Users(Vec<Id<UserMarker>>),
}

impl MemberQuery {
    /// Requests all members. Needs the intent `GUILD_MEMBERS`; Discord answers once in 30 s for each guild.
    pub fn all(guild: Id<GuildMarker>) -> Self {
        Self::named(guild, "", 0)
    }

    /// Requests members whose name begins with `prefix`, at most `limit` of them, 1 to 100.
    ///
    /// An empty prefix with limit 0 asks for all members, which needs the intent.
    pub fn named(guild: Id<GuildMarker>, prefix: impl Into<String>, limit: u64) -> Self {
        Self {
            guild,
            wanted: Wanted::Named {
                prefix: prefix.into(),
                limit,
            },
            presences: false,
        }
    }

    /// Requests these users, at most 100.
    ///
    /// No user, or more than 100, is refused before anything is sent; users who are not members come back as `not_found`.
    pub fn users(guild: Id<GuildMarker>, users: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        Self {
            guild,
            wanted: Wanted::Users(users.into_iter().collect()),
            presences: false,
        }
    }

    /// Requests presences too. Needs the intent `GUILD_PRESENCES`.
    #[must_use]
    pub fn with_presences(mut self) -> Self {
        self.presences = true;
        self
    }

    pub(crate) fn guild(&self) -> u64 {
        self.guild.get()
    }

    pub(crate) fn has_presences(&self) -> bool {
        self.presences
    }

    /// Prefix, limit and users, as the frame has them.
    pub(crate) fn parts(&self) -> (Option<&str>, u64, Option<&[Id<UserMarker>]>) {
        match &self.wanted {
            Wanted::Named { prefix, limit } => (Some(prefix), *limit, None),
            Wanted::Users(users) => (None, 0, Some(users)),
        }
    }

    /// Number of named users.
    pub(crate) fn user_count(&self) -> usize {
        match &self.wanted {
            Wanted::Named { .. } => 0,
            Wanted::Users(users) => users.len(),
        }
    }
}

/// Chunks that answered a request for members, sorted by number.
///
/// Chunks of up to 1,000 members each; a request for users has one.
#[derive(Clone, Debug, Default)]
pub struct Members {
    pub(crate) source: Option<SourceName>,
    pub(crate) chunks: Vec<Draft>,
}

impl Members {
    /// Returns the chunks as events with raw bodies.
    ///
    /// The events have no position here; the journal stores the same chunks with theirs.
    ///
    /// They are the same events that handlers get, without their positions.
    pub fn chunks(&self) -> impl Iterator<Item = Event> + '_ {
        self.chunks.iter().map(|chunk| {
            let source = self.source.clone().unwrap_or_else(|| "discord".into());
            Event::stored(Position::ZERO, source, chunk.clone())
        })
    }

    /// Decodes each chunk as this payload, such as [`GuildMembersChunk`](crate::GuildMembersChunk).
    ///
    /// # Errors
    /// [`DecodeError`] for the first chunk of another shape.
    pub fn decode<P: antiphon_core::Payload>(&self) -> Result<Vec<P>, DecodeError> {
        self.chunks().map(|event| P::decode(&event)).collect()
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether there are no chunks.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}
