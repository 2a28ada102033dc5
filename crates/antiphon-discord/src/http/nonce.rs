//! Nonces, by which Discord recognises a message that is sent again (protocol §13).
//!
//! A client's nonce is a number of at most 20 digits, drawn anew for each call; a bot may choose one of its own.
//! [Discord's page](https://discord.com/developers/docs/resources/message#create-message) describes `enforce_nonce`, which
//! makes it a guard against repetition.

use antiphon_core::{BoxError, Rng};
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
    use super::*;

    #[test]
    fn a_nonce_that_discord_would_refuse_is_refused() {
        assert!(Nonce::new(String::new()).is_err());
        assert!(Nonce::new("n".repeat(26)).is_err());
        assert!(Nonce::new("é".repeat(25)).is_ok());
    }
}
