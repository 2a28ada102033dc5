//! Nonces, by which Discord recognises a message that is sent again (protocol §13).
//!
//! A client's nonce is a number of at most 20 digits, drawn anew for each call; a bot may choose one of its own.
//! [Discord's page](https://discord.com/developers/docs/resources/message#create-message) describes `enforce_nonce`, which
//! makes it a guard against repetition.

use antiphon_core::{BoxError, Event, Rng};
use antiphon_discord_model::id::{Id, marker::ChannelMarker};
use ring::digest::{SHA256, digest};
use serde::Serialize;

/// Longest nonce that Discord accepts.
const LONGEST: usize = 25;

/// A text of 1 to 25 characters; Discord answers a second message with it within a few minutes with the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Nonce(String);

impl Nonce {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        Self(rng.u64(..).to_string())
    }

    /// The nonce of a message that an event leads to: the same for the same event, channel and number, in every run.
    ///
    /// Origins are as long as their platform makes them, and some are made by users, so that they are hashed: 128 bits of
    /// SHA-256 are 25 digits to the base of 36.
    pub(crate) fn of(event: &Event, channel: Id<ChannelMarker>, number: u32) -> Self {
        // No name has the separator, so that no two events are written alike.
        let text = format!(
            "{}\n{}\n{channel}\n{number}",
            event.source(),
            event.origin()
        );
        let hash = digest(&SHA256, text.as_bytes());
        let mut rest = hash.as_ref()[..16]
            .iter()
            .fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        let mut nonce = [b'0'; LONGEST];
        for digit in nonce.iter_mut().rev() {
            let value = usize::try_from(rest % 36).unwrap_or_default();
            *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[value];
            rest /= 36;
        }
        Self(nonce.iter().copied().map(char::from).collect())
    }

    pub(crate) fn new(text: String) -> Result<Self, BoxError> {
        match text.chars().count() {
            1..=LONGEST => Ok(Self(text)),
            length => Err(format!(
                "a nonce has between 1 and {LONGEST} characters, this one {length}"
            )
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};
    use jiff::Timestamp;

    use super::*;

    fn event(source: &str, origin: &str) -> Event {
        let kind = Kind::from_static("queup.chat-message");
        let body = &b"{}"[..];
        let draft = Draft::new(
            kind,
            Place::root(),
            Origin::from(origin),
            Timestamp::UNIX_EPOCH,
            body,
        );
        Event::stored(Position::new(1), source.into(), draft)
    }

    #[test]
    fn an_events_nonce_fits_and_is_its_own() {
        // An id as QueUp's own client makes it, of 38 characters.
        let long = "chat/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-1";
        let nonce = |source: &str, origin: &str, channel, number| {
            let nonce = Nonce::of(&event(source, origin), Id::new(channel), number).0;
            assert_eq!(nonce.len(), LONGEST, "{nonce}");
            nonce
        };
        let first = nonce("choir", long, 22, 0);
        assert_eq!(first, nonce("choir", long, 22, 0));
        // The value is stored at Discord beyond a restart, so that no version may change it.
        assert_eq!(
            nonce("choir", "message/81", 22, 0),
            "0hommxpp7z55d20n1ypl5mx7g"
        );
        for other in [
            nonce("loft", long, 22, 0),
            nonce(
                "choir",
                "chat/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-2",
                22,
                0,
            ),
            nonce("choir", long, 23, 0),
            nonce("choir", long, 22, 1),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_nonce_that_discord_would_refuse_is_refused() {
        assert!(Nonce::new(String::new()).is_err());
        assert!(Nonce::new("n".repeat(26)).is_err());
        assert!(Nonce::new("é".repeat(25)).is_ok());
    }
}
