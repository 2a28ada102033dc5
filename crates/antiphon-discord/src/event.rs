//! Payload types, and the table of events.
//!
//! A payload holds the object of the model that its body is, and derefs to it: [`ChannelUpdate`] to a channel.
//!
//! One odd value never costs more than itself: `repairs()` names each value that could not be taken as it was sent, and
//! `raw()` has everything that was sent:
//!
//! ```
//! use antiphon_discord::MessageCreate;
//!
//! fn look(message: &MessageCreate) {
//!     for repair in message.repairs() {
//!         println!("{}: {}", repair.path, repair.reason);
//!     }
//!     // A field that the model does not have yet.
//!     let new: Option<u64> = message
//!         .raw()
//!         .pointer("/author/something_new")
//!         .and_then(|value| value.decode().ok());
//!     println!("{new:?}");
//! }
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

pub(crate) use self::table::{Known, OriginRule, PlaceRule, known};
pub use self::{payload::Resumed, table::*};

/// Placeholder for a missing guild id in an event that needs one; no guild has this id.
pub const NO_GUILD: Id<GuildMarker> = Id::new(1);

/// Reads a body as an object of the model.
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

#[cold]
fn repaired(event: &Event, repairs: &Repairs) {
    let kind = event.kind();
    metrics::counter!("antiphon_discord_repairs_total", "kind" => kind.as_str().to_owned())
        .increment(repairs.len() as u64);
    tracing::debug!(position = %event.position(), %kind, %repairs, "values were repaired");
}

/// Time at which the object with this id was created, which every id of Discord's contains
/// (<https://discord.com/developers/docs/reference#snowflakes>).
pub fn moment_of(id: u64) -> jiff::Timestamp {
    let id: Id<GenericMarker> = Id::new(id.max(1));
    antiphon_discord_model::moment_of(id)
}

/// The displayed name: a member's nickname, else the user's display name, else the user's name.
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
