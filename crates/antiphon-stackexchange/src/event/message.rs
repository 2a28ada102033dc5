//! Events about messages.
//!
//! Types 1, 2, 6, 8, 10 and 18 of the protocol (§8.2). The server sends one action as several events where it concerns
//! several readers: a reply to the account is a `MessagePosted` and a `MessageReply` with one `message_id` (§11.1).
//!
//! Counters (`message_stars` and the like) are left out by the server when they are 0; a missing text means that the
//! message was deleted while the event was on its way.

use std::ops::Deref;

use antiphon_core::{DecodeError, Event};
use jiff::Timestamp;

use super::{
    convert::{Field, object, placed},
    make::own_id,
};
use crate::{
    content::Html,
    model::{EventId, MessageId, RoomId, UserId},
};

/// Declares a type about a message: its room and the message itself, and the given fields.
macro_rules! message_event {
    (
        $(#[$doc:meta])* $name:ident
        by { $($(#[$who:meta])* $by:ident: $by_type:ty,)* }
        and { $($(#[$about:meta])* $field:ident: $type:ty,)* }
    ) => {
        event! {
            $(#[$doc])*
            $name {
                /// Room of the message.
                room_id: RoomId,
                /// Name of the room; it may have HTML entities (assumed), and changes.
                ///
                /// Empty where none was sent, as in rows of a history.
                room_name: String,
                $($(#[$who])* $by: $by_type,)*
                /// The message; every event of a message names one, and 0 stands for none.
                message_id: MessageId,
                /// The message it replies to, or the last one of the only user it mentions.
                parent_id: Option<MessageId>,
                /// Whether it is a real reply: `parent_id` alone does not say so.
                show_parent: Option<bool>,
                /// Stars now; 0 where none was sent.
                message_stars: u64,
                /// Pins now; 0 where none was sent.
                message_owner_stars: u64,
                /// Edits so far; 0 where none was sent.
                message_edits: u64,
                /// Flags now; 0 where none was sent.
                message_flags: u64,
                $($(#[$about])* $field: $type,)*
            }
        }
    };
}

message_event! {
    /// A message was posted (1, `stackexchange.MessagePosted`).
    ///
    /// The account's own messages come as well: compare `user_id` with the own id.
    /// A message that mentions the account or replies to it comes again as a [`MentionEvent`] or [`ReplyEvent`], with
    /// the same `message_id` and an id of its own: a handler of both answers twice.
    ///
    /// ```
    /// use antiphon_stackexchange::{MessageEvent, Room, SendError, UserId};
    ///
    /// /// Answers `!ping`, but not the account's own messages.
    /// async fn pong(message: MessageEvent, me: UserId, room: Room) -> Result<(), SendError> {
    ///     if message.user_id != Some(me) && message.content.text() == "!ping" {
    ///         room.reply(message.message_id, "pong").await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    MessageEvent
    by {
        /// Author; absent where nobody was named.
        user_id: Option<UserId>,
        /// Name of the author; empty where none was sent.
        user_name: String,
        /// The user that it is addressed to, where there is one.
        target_user_id: Option<UserId>,
    }
    and {
        /// The text as a fragment of HTML; empty where the message was deleted meanwhile.
        content: Html,
        /// Whether it came from another room.
        moved: bool,
        /// Author of the parent, where the server sent the name.
        parent_username: Option<String>,
        /// Text of the parent, where the server sent it.
        parent_text: Option<String>,
        /// Whether the own account has starred it; only a history says so.
        message_starred: Option<bool>,
        /// Whether the own account has pinned it; only a history says so.
        message_owner_starred: Option<bool>,
        /// Whether the own account has flagged it; only a history says so.
        message_flagged: Option<bool>,
        /// Hash of the author's e-mail address, or `!` and the address of a picture.
        user_email_hash: Option<String>,
    }
}

message_event! {
    /// A message was deleted (10, `stackexchange.MessageDeleted`).
    ///
    /// It has no text. A program that kept the message, such as in a projection, finds it by `message_id`; `user_id` is
    /// the one who deleted, which for a moderator's deletion is not the author.
    ///
    /// ```
    /// use antiphon_core::{Event, Payload as _, Position};
    /// use antiphon_stackexchange::{DeleteEvent, EditEvent, read_frame};
    ///
    /// let frame = br#"{"r1": {"e": [
    ///     {"event_type": 2, "id": 5, "room_id": 1, "user_id": 7, "message_id": 9, "content": "tea, black", "message_edits": 1},
    ///     {"event_type": 10, "id": 6, "room_id": 1, "user_id": 7, "message_id": 9, "message_edits": 1}]}}"#;
    /// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
    /// let events = drafts.into_iter().map(|draft| Event::stored(Position::new(1), "chat".into(), draft));
    /// let events: Vec<Event> = events.collect();
    /// let edit = EditEvent::decode(&events[0])?;
    /// let delete = DeleteEvent::decode(&events[1])?;
    /// assert_eq!((edit.message_id, edit.content.text().as_str()), (delete.message_id, "tea, black"));
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    DeleteEvent
    by {
        /// The user who deleted it; absent where nobody was named.
        user_id: Option<UserId>,
        /// Name of that user; empty where none was sent.
        user_name: String,
        /// Author of the message, where a moderator deleted it.
        target_user_id: Option<UserId>,
    }
    and {}
}

message_event! {
    /// A message was starred, unstarred, pinned or unpinned (6, `stackexchange.MessageStarred`).
    ///
    /// The counts are those after it, and `time_stamp` is the message's. The server names the user only to that user: to
    /// any other account `user_id` is absent. Both actions toggle on the server; `message_starred` and
    /// `message_owner_starred` say which way.
    ///
    /// An own star or pin names the account, as a Kotlin client recorded; docs/protocol/stackexchange.md §8.2 has the
    /// source, and [MSE 229913](https://meta.stackexchange.com/q/229913) says why nobody else is named.
    ///
    /// ```
    /// use antiphon_core::{Event, Payload as _, Position};
    /// use antiphon_stackexchange::{MessageStarredEvent, read_frame};
    ///
    /// let frame = br#"{"r1": {"e": [{"event_type": 6, "id": 5, "room_id": 1, "message_id": 9, "content": "hi"}]}}"#;
    /// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
    /// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
    /// let starred = MessageStarredEvent::decode(&event)?;
    /// // No counter means 0: the last star was taken away, by somebody who is not named.
    /// assert_eq!((starred.message_stars, starred.user_id), (0, None));
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    MessageStarredEvent
    by {}
    and {
        /// The account itself; absent where another user did it.
        user_id: Option<UserId>,
        /// Name of the account; absent where another user did it.
        user_name: Option<String>,
        /// Whether the account's own star is on now; absent where another user did it.
        message_starred: Option<bool>,
        /// Whether the account's own pin is on now; absent where another user did it, or for a star.
        message_owner_starred: Option<bool>,
        /// The text of the message as a fragment of HTML.
        content: Html,
    }
}

/// Declares a type that adds nothing to [`MessageEvent`] but its kind.
macro_rules! like_message {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub MessageEvent);

        impl Deref for $name {
            type Target = MessageEvent;

            fn deref(&self) -> &MessageEvent {
                &self.0
            }
        }

        impl $name {
            pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
                MessageEvent::of(event).map(Self)
            }
        }
    )*};
}

like_message! {
    /// A message was edited (2, `stackexchange.MessageEdited`).
    ///
    /// `content` is the whole new text; `user_id` is the author, and where a moderator edited, `target_user_id` is.
    ///
    /// Its fields are those of [`MessageEvent`], reached through it. The author has two minutes, a moderator any time.
    EditEvent;
    /// A message mentions the account (8, `stackexchange.UserMentioned`).
    ///
    /// It comes beside the [`MessageEvent`] or [`EditEvent`] of the same `message_id`.
    /// A mention of another user (`target_user_id`) reaches raw handlers only.
    ///
    /// The account is the one whose source received the event.
    MentionEvent;
    /// A message replies to one of the account's (18, `stackexchange.MessageReply`).
    ///
    /// It comes beside the [`MessageEvent`] or [`EditEvent`] of the same `message_id`.
    /// A reply to another user (`target_user_id`) reaches raw handlers only.
    ///
    /// `parent_id` is the account's message, and `show_parent` is true.
    ReplyEvent;
}

/// Whether a mention or reply is addressed to the own account; one that names no user is.
pub(super) fn concerns_own(event: &Event) -> bool {
    let Some(me) = own_id(event) else {
        return true;
    };
    let target = object(event).ok().and_then(|wire| wire.target_user_id.0);
    target.is_none_or(|target| target == me.get())
}
