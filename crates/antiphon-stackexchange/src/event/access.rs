//! What became of an access level.

/// What the content of an access event says (protocol §8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessChange<'a> {
    /// May write, by explicit leave (`Access now read-write`).
    ReadWrite,
    /// May read, by explicit leave (`Access now read-only`).
    ReadOnly,
    /// Owns the room (`Access now owner`).
    Owner,
    /// Asked for access (`Access now request`).
    Request,
    /// Has no explicit level any more (`Access now (default)`).
    Default,
    /// Was kicked, or something like it (`priv <number> created`).
    PrivCreated(i64),
    /// May return (`priv <number> deleted`).
    PrivDeleted(i64),
    /// The room's own level changed (no content).
    Room,
    /// Something else, as sent.
    Other(&'a str),
}

impl<'a> AccessChange<'a> {
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
