//! Room actions: action 15 and its inner document (protocol §3.2, §6).
//!
//! The document is JSON inside a JSON string; it becomes the event's body, decoded once. Most actions are not looked
//! into here at all: only those from which something follows have their few fields read.

use antiphon_core::{BodyForm, Kind};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{event::room_action_kind, wire};

/// The room actions from which something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Message,
    Deletion,
    PrivateMessage,
    Join,
    Leave,
    Kick,
    Ban,
    SongUpdate,
    Skip,
    QueueChange,
    Other,
}

impl Action {
    /// The action of a name.
    fn of(name: &str) -> Self {
        match name {
            "chat-message" => Self::Message,
            "delete-chat-message" => Self::Deletion,
            "new-message" => Self::PrivateMessage,
            "user-join" => Self::Join,
            "user-leave" => Self::Leave,
            "user-kick" => Self::Kick,
            "user-ban" => Self::Ban,
            "room_playlist-update" => Self::SongUpdate,
            "chat-skip" => Self::Skip,
            "room_playlist-queue-update-dub"
            | "room_playlist-queue-update"
            | "room_playlist-queue-reorder"
            | "room_playlist-queue-remove-user-song"
            | "room_playlist-queue-remove-user" => Self::QueueChange,
            _ => Self::Other,
        }
    }

    /// Whether its body matters to the session.
    fn is_looked_into(self) -> bool {
        !matches!(
            self,
            Self::Join | Self::Skip | Self::QueueChange | Self::Other
        )
    }

    /// Whether it changes who is in the room.
    pub(super) fn moves_members(self) -> bool {
        matches!(self, Self::Join | Self::Leave | Self::Kick | Self::Ban)
    }
}

/// The inner document of an action 15.
pub(super) struct RoomAction<'a> {
    /// Kind of the event, from the name.
    pub(super) kind: Kind,
    pub(super) action: Action,
    pub(super) body: &'a Bytes,
    /// JSON, or a text that is none.
    pub(super) form: BodyForm,
    pub(super) fields: wire::ActionFields<'a>,
}

/// The bytes of `message.data`, which is JSON inside a JSON string; `None` if it is no document.
pub(super) fn inner_body(inner: &wire::Inner<'_>, frame: &Bytes) -> Option<Bytes> {
    let data: &RawValue = inner.data?;
    match data.get().as_bytes().first()? {
        b'"' => Some(Bytes::from(
            serde_json::from_str::<String>(data.get()).ok()?,
        )),
        // Undocumented, but the same document without the string around it.
        b'{' | b'[' => Some(antiphon_core::keep_part(frame, data.get().as_bytes())),
        _ => None,
    }
}

impl<'a> RoomAction<'a> {
    /// Reads the inner document; `None` if its name cannot become a kind.
    pub(super) fn read(name: Option<&str>, body: &'a Bytes) -> Option<Self> {
        let name = name.filter(|name| !name.is_empty());
        let known = name.map(room_action_kind);
        let action = match &known {
            Some(kind) => Action::of(kind.as_ref()?.name()),
            None => Action::Other,
        };
        let fields = (name.is_none() || action.is_looked_into())
            .then(|| antiphon_core::read_json::<wire::ActionFields<'_>>(body).ok())
            .flatten();
        // A document that was read to its end is JSON; any other is parsed once more.
        let form = if fields.is_some() {
            BodyForm::Json
        } else {
            BodyForm::of(body)
        };
        let fields = fields.unwrap_or_default();
        let kind = match known {
            Some(kind) => kind?,
            None => room_action_kind(fields.kind.as_deref()?)?,
        };
        Some(Self {
            action: Action::of(kind.name()),
            kind,
            body,
            form,
            fields,
        })
    }
}
