//! Payload types, and the step from the wire to an event.
//!
//! The classes are those of the field's reference (protocol §8.4): the traits of [`class`](crate::class) reach the fields
//! that several types share, and a kind that the reference knows only as `UnknownEvent` has a type that derefs to
//! [`UnknownEvent`].
//!
//! A payload type is declared by its fields ([`event!`]), belongs to classes ([`class`]) and has a row in the table of
//! kinds (`table.rs`), which says how it is registered, viewed and kept.
//!
//! Two steps lead from a frame to a handler's argument. The session (`session/frames.rs`) looks at an element's ids
//! only, and makes a draft of its bytes; the names of kind, place and origin come from [`make`] and [`table`]. Later,
//! when a handler wants the payload, [`convert`] reads the stored bytes into `wire::Event`, which has every field that
//! any event may have, and the payload takes its own. A field that the body lacks, or has in a shape that cannot be
//! used, is absent, empty or 0: only a body that is no JSON object is an error.

/// Declares a payload type: `id`, `time_stamp`, and the given fields, each read from the wire's field of the same name.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            /// Id of the event; absent in rows of a history, which have none.
            pub id: Option<EventId>,
            /// When it happened, to the second; for a star, when the message was posted.
            ///
            /// Absent where none was sent.
            pub time_stamp: Option<Timestamp>,
            $($(#[$about])* pub $field: $type,)*
        }

        impl $name {
            /// Reads an event; a field that the body lacks is absent, empty or 0.
            pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
                let wire = placed(event)?;
                let server = wire.server;
                Ok(Self {
                    id: Field::of(wire.id, server),
                    time_stamp: Field::of(wire.time_stamp, server),
                    $($field: Field::of(wire.$field, server),)*
                })
            }
        }
    };
}

mod access;
mod class;
pub(crate) mod convert;
mod frame;
mod make;
mod message;
mod table;
mod unknown;
mod user;

#[cfg(any(test, fuzzing))]
pub(crate) use self::table::read_all;
pub use self::{
    access::AccessChange,
    frame::read_frame,
    message::{
        DeleteEvent, EditEvent, MentionEvent, MessageEvent, MessageStarredEvent, ReplyEvent,
    },
    table::KINDS,
    unknown::{
        DebugMessage, FeedTicker, FileAdded, Malformed, MessageFlagged, MessageMovedIn,
        MessageMovedOut, ModeratorFlag, Reset, RoomExit, RoomTimeout, TimeBreak, UnknownEvent,
        UserMerged, UserSettingsChanged,
    },
    user::{
        AccessLevelChangedEvent, GlobalNotificationEvent, InvitationEvent, RoomNameChangedEvent,
        Suspension, UserEnteredEvent, UserLeftEvent, UserNameOrAvatarChangedEvent,
        UserNotificationEvent, UserSuspendedEvent,
    },
};
pub(crate) use self::{
    make::{
        elsewhere_place, event_origin, message_origin, note, room_place, row_origin, user_place,
    },
    table::{EXIT, MALFORMED, RESET, TIMEOUT, kind_of},
};

#[cfg(test)]
mod tests;
