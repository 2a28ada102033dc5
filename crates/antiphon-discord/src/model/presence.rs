//! The bot's presence.

use antiphon_discord_model::{ActivityType, Status};

use crate::error::ConfigError;

/// Longest name, URL or text of an activity, in characters.
const LONGEST: usize = 128;

/// An activity that the bot shows (protocol §8).
///
/// ```
/// use antiphon_discord::{Activity, model::ActivityType};
///
/// assert_eq!(Activity::playing("chess").kind, ActivityType::Playing);
/// assert_eq!(Activity::custom("on tour").state.as_deref(), Some("on tour"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Text after "Playing", "Listening to" and so on, at most 128 characters.
    pub name: String,
    /// Type of the activity, which chooses the word before the name.
    pub kind: ActivityType,
    /// URL of a stream at Twitch or YouTube.
    pub url: Option<String>,
    /// Text of a custom status, or a second line.
    pub state: Option<String>,
}

impl Activity {
    fn new(kind: ActivityType, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            url: None,
            state: None,
        }
    }

    /// Shows "Playing" and a name.
    pub fn playing(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Playing, name)
    }

    /// Shows "Streaming" and a name, with a URL at Twitch or YouTube.
    pub fn streaming(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::new(ActivityType::Streaming, name)
        }
    }

    /// Shows "Listening to" and a name.
    pub fn listening_to(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Listening, name)
    }

    /// Shows "Watching" and a name.
    pub fn watching(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Watching, name)
    }

    /// Shows "Competing in" and a name.
    pub fn competing_in(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Competing, name)
    }

    /// Shows a custom status: a text alone.
    pub fn custom(text: impl Into<String>) -> Self {
        Self {
            state: Some(text.into()),
            ..Self::new(ActivityType::Custom, "Custom Status")
        }
    }

    /// Sets a second line.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

/// Presence of the bot: its status and activities (protocol §8).
///
/// ```
/// use antiphon_discord::{Activity, Presence, model::Status};
///
/// let presence = Presence::idle()
///     .activity(Activity::streaming("rehearsal", "https://twitch.tv/choir"))
///     .since(1_733_000_000_000)
///     .afk();
/// assert_eq!(presence.status, Status::Idle);
/// assert_eq!(presence.activities[0].url.as_deref(), Some("https://twitch.tv/choir"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presence {
    /// Start of being idle, in milliseconds since 1970; absent if the bot is not idle.
    pub since: Option<u64>,
    /// Activities that are shown.
    pub activities: Vec<Activity>,
    /// Status.
    pub status: Status,
    /// Whether the bot is away.
    pub afk: bool,
}

impl Presence {
    /// Creates a presence with this status and no activity.
    pub fn new(status: Status) -> Self {
        Self {
            since: None,
            activities: Vec::new(),
            status,
            afk: false,
        }
    }

    /// Creates the presence "online".
    pub fn online() -> Self {
        Self::new(Status::Online)
    }

    /// Creates the presence "idle".
    pub fn idle() -> Self {
        Self::new(Status::Idle)
    }

    /// Creates the presence "do not disturb".
    pub fn do_not_disturb() -> Self {
        Self::new(Status::DoNotDisturb)
    }

    /// Creates the presence "invisible", which shows the bot as offline.
    pub fn invisible() -> Self {
        Self::new(Status::Invisible)
    }

    /// Adds an activity.
    #[must_use]
    pub fn activity(mut self, activity: Activity) -> Self {
        self.activities.push(activity);
        self
    }

    /// Sets the start of being idle, in milliseconds since 1970.
    #[must_use]
    pub fn since(mut self, milliseconds: u64) -> Self {
        self.since = Some(milliseconds);
        self
    }

    /// Marks the bot as away.
    #[must_use]
    pub fn afk(mut self) -> Self {
        self.afk = true;
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let texts = self.activities.iter().flat_map(|activity| {
            [Some(&activity.name), activity.state.as_ref()]
                .into_iter()
                .flatten()
        });
        for text in texts {
            if text.chars().count() > LONGEST {
                return Err(ConfigError::new(
                    "presence",
                    format!("a text has more than {LONGEST} characters"),
                ));
            }
        }
        Ok(())
    }
}
