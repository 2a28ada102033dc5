//! Why a command was refused or failed, and what its user is told.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use antiphon_discord::{
    model::{
        Permissions,
        id::{Id, marker::InteractionMarker},
    },
    moment_of,
};
use jiff::Timestamp;

use super::{input::ParseError, invocation::Invocation};
use crate::handler::HandlerError;

/// A refusal with a text for the user, to be returned from a check or a command by `?`.
///
/// The user gets the text as an answer that nobody else sees, and the command counts as handled: no dead letter.
///
/// ```
/// use antiphon::{HandlerError, commands::{Invocation, Refusal}};
///
/// async fn in_a_guild(call: Invocation) -> Result<bool, HandlerError> {
///     call.guild_id().ok_or_else(|| Refusal::new("The choir sings in its own guild only."))?;
///     Ok(true)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    /// A refusal with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Why a command did not run to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommandError {
    /// The command is not declared.
    Unknown,
    /// It does not fit its declaration, or a value is one for the user to correct.
    Parse(ParseError),
    /// It was used outside of a guild.
    GuildOnly,
    /// Its user is not an owner of the bot.
    OwnerOnly,
    /// Its user lacks these permissions.
    MissingPermissions(Permissions),
    /// The bot lacks these permissions.
    BotMissingPermissions(Permissions),
    /// A check said no.
    Check,
    /// It was used too often; the window ends at this time.
    Cooldown(Timestamp),
    /// A check or the command refused it, with a text for the user.
    Refused(Refusal),
    /// The command, or a check, failed.
    Failed(HandlerError),
    /// The command panicked.
    Panicked,
}

impl CommandError {
    /// An error of a check or a handler; a [`Refusal`] inside is told apart.
    pub(super) fn of(error: HandlerError) -> Self {
        let refusal = error
            .chain()
            .find_map(|error| error.downcast_ref::<Refusal>());
        match refusal.cloned() {
            Some(refusal) => Self::Refused(refusal),
            None => Self::Failed(error),
        }
    }

    /// Whether the program is to be corrected, and not what the user did; such an error makes a dead letter.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Parse(error) => !error
                .option_error()
                .is_some_and(super::OptionError::is_for_user),
            Self::Unknown | Self::Failed(_) | Self::Panicked => true,
            _ => false,
        }
    }

    /// The text that the user gets if no error handler gives another, in English.
    pub fn text(&self) -> String {
        match self {
            Self::Unknown => "This command is not available any more.".to_owned(),
            Self::Parse(error) => match error.option_error() {
                Some(error) if error.is_for_user() => {
                    let mut text = error.to_string();
                    if let Some(first) = text.get_mut(0..1) {
                        first.make_ascii_uppercase();
                    }
                    text
                }
                _ => {
                    "This command has changed. Reload Discord, or try again in a minute.".to_owned()
                }
            },
            Self::GuildOnly => "This command works in servers only.".to_owned(),
            Self::OwnerOnly => "This command is for the owner of the bot.".to_owned(),
            Self::MissingPermissions(permissions) => {
                format!("You lack these permissions: {}.", names(*permissions))
            }
            Self::BotMissingPermissions(permissions) => {
                format!("The bot lacks these permissions: {}.", names(*permissions))
            }
            Self::Check => "You may not use this command here.".to_owned(),
            // Discord's clients show the time as they count down to it.
            Self::Cooldown(end) => {
                let second = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
                format!("You used this command too often. It works again <t:{second}:R>.")
            }
            Self::Refused(refusal) => refusal.text().to_owned(),
            Self::Failed(_) | Self::Panicked => {
                "This command failed. Its owner finds out why in the bot's log.".to_owned()
            }
        }
    }
}

/// The names of permissions as Discord's clients show them.
fn names(permissions: Permissions) -> String {
    let names = permissions.iter_names().map(|(name, _)| {
        let words = name.to_lowercase().replace('_', " ");
        let mut letters = words.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    });
    names.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the command is not declared"),
            Self::Parse(error) => write!(f, "{error}"),
            Self::GuildOnly => f.write_str("it was used outside of a guild"),
            Self::OwnerOnly => f.write_str("its user is not an owner of the bot"),
            Self::MissingPermissions(permissions) => {
                write!(f, "its user lacks permissions: {}", names(*permissions))
            }
            Self::BotMissingPermissions(permissions) => {
                write!(f, "the bot lacks permissions: {}", names(*permissions))
            }
            Self::Check => f.write_str("a check refused it"),
            Self::Cooldown(end) => write!(f, "it was used too often until {end}"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Panicked => f.write_str("the command panicked"),
        }
    }
}

/// A command that was refused or failed: the first argument of an error handler.
///
/// It derefs to the [`Invocation`], whose methods answer.
#[derive(Clone, Debug)]
pub struct Failed {
    invocation: Invocation,
    error: Arc<CommandError>,
}

impl Failed {
    pub(super) fn new(invocation: Invocation, error: Arc<CommandError>) -> Self {
        Self { invocation, error }
    }

    /// Why.
    pub fn error(&self) -> &CommandError {
        &self.error
    }

    /// How long the cooldown lasts from the use of the command on; absent if that is not the reason.
    pub fn cooldown(&self) -> Option<Duration> {
        let CommandError::Cooldown(end) = &*self.error else {
            return None;
        };
        let id: Id<InteractionMarker> = self.invocation.interaction().id;
        let left = end.as_millisecond() - moment_of(id.get()).as_millisecond();
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}

impl Deref for Failed {
    type Target = Invocation;

    fn deref(&self) -> &Invocation {
        &self.invocation
    }
}
