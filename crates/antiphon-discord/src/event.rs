//! Payload types, and the table of events.
//!
//! A payload holds the object of the model that its body is, and derefs to it: [`ChannelUpdate`] to a channel.
//!
//! One odd value never costs more than itself: `repairs()` names each value that could not be taken as it was sent, and
//! `raw()` has everything that was sent:
//!
//! ```
//! use antiphon_core::Payload as _;
//! use antiphon_discord::MessageCreate;
//! # use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
//! # fn event(kind: &'static str, body: &'static str) -> Event {
//! #     let (kind, origin) = (Kind::from_static(kind), Origin::from("a/1"));
//! #     let draft = Draft::new(kind, Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body);
//! #     Event::stored(Position::new(1), "bot".into(), draft)
//! # }
//!
//! let body = r#"{"id":"1","channel_id":"22","author":{"id":"33","username":"eve"},"content":"la",
//!     "timestamp":"2026-01-01T00:00:00Z","tts":"odd","new_field":7}"#;
//! let message = MessageCreate::decode(&event("discord.MESSAGE_CREATE", body))?;
//! assert_eq!((&*message.content, &*message.author.name), ("la", "eve"));
//! assert!(message.repairs().iter().any(|repair| repair.path == "/tts"));
//! let new = message.raw().pointer("/new_field").expect("sent");
//! assert_eq!(new.decode::<u64>().ok(), Some(7));
//! # Ok::<(), antiphon_core::DecodeError>(())
//! ```

mod payload;
mod table;

use antiphon_core::{DecodeError, Event};
use antiphon_discord_model::{
    Member, Mention, PartialMember, Read, ReadError, Repairs, User, from_slice,
    id::{
        Id,
        marker::{GenericMarker, GuildMarker},
    },
};

#[cfg(any(test, fuzzing))]
pub(crate) use self::table::read_all;
pub(crate) use self::table::{Known, OriginRule, PlaceRule, known};
pub use self::{payload::Resumed, table::*};

/// Placeholder for a missing guild id in an event that needs one; no guild has this id.
///
/// The model puts it where Discord leaves a guild's id out of an event that is documented with one; `repairs()` names the
/// place then.
/// The cache files direct message channels under it.
pub const NO_GUILD: Id<GuildMarker> = Id::new(1);

/// Reads a body as an object of the model.
///
/// The error is the event's dead letter; it names kind, position and the repairs, and no part of the body.
pub(crate) fn read<T: Read>(event: &Event) -> Result<T, DecodeError> {
    let read = read_and_tell(event).map_err(|error| event.undecodable::<T>(error))?;
    Ok(read.0)
}

/// Reads a body with its repairs, which are counted by kind and logged.
fn read_and_tell<T: Read>(event: &Event) -> Result<(T, Repairs), ReadError> {
    let (object, repairs) = from_slice(event.body())?;
    if !repairs.is_empty() {
        repaired(event, &repairs);
    }
    Ok((object, repairs))
}

/// Counts and logs repairs, away from the path of events without any.
#[cold]
fn repaired(event: &Event, repairs: &Repairs) {
    let kind = event.kind();
    metrics::counter!("antiphon_discord_repairs_total", "kind" => kind.as_str().to_owned())
        .increment(repairs.len() as u64);
    tracing::debug!(position = %event.position(), %kind, %repairs, "values were repaired");
}

/// Time at which the object with this id was created, which every id of Discord's contains
/// (<https://discord.com/developers/docs/reference#snowflakes>).
///
/// ```
/// let posted = antiphon_discord::moment_of(175_928_847_299_117_063);
/// assert_eq!(posted.to_string(), "2016-04-30T11:18:25.796Z");
/// ```
///
/// The time has milliseconds. An id of 0 counts as 1, so that it never fails.
pub fn moment_of(id: u64) -> jiff::Timestamp {
    let id: Id<GenericMarker> = Id::new(id.max(1));
    antiphon_discord_model::moment_of(id)
}

/// The displayed name: a member's nickname, else the user's display name, else the user's name.
///
/// ```
/// use antiphon_discord::{DisplayName as _, model::{User, from_str}};
///
/// let (user, _) = from_str::<User>(r#"{"id":"33","username":"eve","global_name":"Eve"}"#)?;
/// assert_eq!(user.display_name(), "Eve");
/// # Ok::<(), antiphon_discord::model::ReadError>(())
/// ```
///
/// A nickname wins, because it is what the guild sees:
///
/// ```
/// use antiphon_discord::{DisplayName as _, model::{Member, from_str}};
///
/// let sent = r#"{"user":{"id":"33","username":"eve","global_name":"Eve"},"nick":"Alto","roles":[]}"#;
/// let (member, _) = from_str::<Member>(sent)?;
/// assert_eq!((member.display_name(), member.user.display_name()), ("Alto", "Eve"));
/// # Ok::<(), antiphon_discord::model::ReadError>(())
/// ```
pub trait DisplayName {
    /// Returns the displayed name.
    fn display_name(&self) -> &str;
}

impl DisplayName for User {
    fn display_name(&self) -> &str {
        self.global_name.as_deref().unwrap_or(&self.name)
    }
}

impl DisplayName for Member {
    fn display_name(&self) -> &str {
        self.nick
            .as_deref()
            .unwrap_or_else(|| self.user.display_name())
    }
}

impl DisplayName for Mention {
    fn display_name(&self) -> &str {
        let nick = self
            .member
            .as_ref()
            .and_then(|member| member.nick.as_deref());
        nick.unwrap_or_else(|| self.user.display_name())
    }
}

impl DisplayName for PartialMember {
    /// Returns an empty name for a member without a nickname whose user was not sent.
    fn display_name(&self) -> &str {
        let user = || self.user.as_ref().map_or("", DisplayName::display_name);
        self.nick.as_deref().unwrap_or_else(user)
    }
}
