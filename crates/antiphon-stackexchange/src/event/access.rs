//! Changes of access levels.
//!
//! The server sends a sentence (`Access now read-write`), not a code; several clients agree on the sentences (protocol
//! §8.3).

/// A change of an access level, as the content of an access event says it (protocol §8.3).
///
/// [`AccessLevelChangedEvent::change`](crate::AccessLevelChangedEvent::change) makes it. A kick is one frame with a
/// [`UserLeftEvent`](crate::UserLeftEvent) and [`AccessChange::PrivCreated`], both with the same target.
///
/// ```
/// use antiphon_stackexchange::{AccessChange, AccessLevelChangedEvent, UserId};
///
/// /// The user that was kicked, if the event says so.
/// fn kicked(event: &AccessLevelChangedEvent) -> Option<UserId> {
///     match event.change() {
///         AccessChange::PrivCreated(_) => event.target_user_id,
///         _ => None,
///     }
/// }
/// ```
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_stackexchange::{AccessChange, AccessLevelChangedEvent, read_frame};
///
/// let frame = br#"{"r1": {"e": [{"event_type": 15, "id": 5, "room_id": 1, "user_id": 77, "target_user_id": 99,
///     "content": "Access now read-write"}]}}"#;
/// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let access = AccessLevelChangedEvent::decode(&event)?;
/// assert_eq!(access.change(), AccessChange::ReadWrite);
/// // The sentence itself stays readable, also one that nobody knows.
/// assert_eq!(access.content.as_deref(), Some("Access now read-write"));
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessChange<'a> {
    /// The user may write, by explicit leave (`Access now read-write`).
    ///
    /// It matters in a gallery room, where nobody else may write.
    ReadWrite,
    /// The user may read, by explicit leave (`Access now read-only`).
    ///
    /// It matters in a private room, which nobody else may see.
    ReadOnly,
    /// The user owns the room (`Access now owner`).
    Owner,
    /// The user asked for access (`Access now request`).
    Request,
    /// The user has no explicit level any more (`Access now (default)`).
    Default,
    /// The user was kicked, or muted otherwise (`priv <number> created`).
    ///
    /// The number's meaning is not known.
    PrivCreated(i64),
    /// The user may return (`priv <number> deleted`).
    PrivDeleted(i64),
    /// The room's own level changed (no content).
    Room,
    /// Another content, as sent.
    Other(&'a str),
}

impl<'a> AccessChange<'a> {
    /// Reads the content of an event.
    pub(crate) fn of(content: Option<&'a str>) -> Self {
        let Some(content) = content else {
            return Self::Room;
        };
        let level = content.trim();
        match level {
            "Access now read-write" => Self::ReadWrite,
            "Access now read-only" => Self::ReadOnly,
            "Access now owner" => Self::Owner,
            "Access now request" => Self::Request,
            "Access now (default)" => Self::Default,
            "" => Self::Room,
            _ => Self::kick(level).unwrap_or(Self::Other(content)),
        }
    }

    /// Reads `priv <number> created` and `priv <number> deleted`.
    fn kick(level: &str) -> Option<Self> {
        let (number, what) = level.strip_prefix("priv ")?.split_once(' ')?;
        let number = number.parse().ok()?;
        match what {
            "created" => Some(Self::PrivCreated(number)),
            "deleted" => Some(Self::PrivDeleted(number)),
            _ => None,
        }
    }
}
