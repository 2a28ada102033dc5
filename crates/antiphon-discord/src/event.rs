//! Payload types, and the kinds they are read from.
//!
//! A payload holds the object of the model that its body is; where an event only wraps an object, it holds that
//! object, so that [`ChannelUpdate`] derefs to a channel.
//!
//! One odd value never costs more than itself: what a payload could not take as it was sent is in its `repairs()`, and
//! everything that was sent is in its `raw()`:
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
use serde::Deserialize;

pub(crate) use self::table::{Known, OriginRule, PlaceRule, known};
pub use self::{payload::Resumed, table::*};

/// Stands for a guild in events that have to have one and were sent without; no guild has this id.
pub const NO_GUILD: Id<GuildMarker> = Id::new(1);

/// Reads a body that must be an object, of the client's own.
pub(crate) fn parse<'a, T: Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    let first = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(event.undecodable::<T>("the body is not an object"));
    }
    event.parse()
}

/// Reads a body, for what is no payload of its own.
pub(crate) fn read<T: Read>(event: &Event) -> Result<T, DecodeError> {
    let read = read_and_tell(event).map_err(|error| event.undecodable::<T>(error))?;
    Ok(read.0)
}

/// Reads a body, and says what had to be repaired, which is counted by the event's name and traced.
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

/// When the thing with this id was made: every id of Discord's says so.
pub fn moment_of(id: u64) -> jiff::Timestamp {
    let id: Id<GenericMarker> = Id::new(id.max(1));
    antiphon_discord_model::moment_of(id)
}

/// The name that others see: of a member the nickname, else the display name, else the user's name.
pub trait DisplayName {
    /// The name that others see.
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
    /// Empty for a member without a nickname whose user was not sent.
    fn display_name(&self) -> &str {
        let user = || self.user.as_ref().map_or("", DisplayName::display_name);
        self.nick.as_deref().unwrap_or_else(user)
    }
}
