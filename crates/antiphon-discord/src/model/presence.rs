//! How the bot shows itself.

use antiphon_discord_model::{ActivityType, Status};

use crate::error::ConfigError;

/// The longest name, address or text of an activity, in characters.
const LONGEST: usize = 128;

/// What the bot shows that it is doing (protocol §8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// What follows after "Playing", "Listening to" and so on, at most 128 characters.
    pub name: String,
    /// Which of these words.
    pub kind: ActivityType,
    /// Where a stream can be seen, at Twitch or YouTube.
    pub url: Option<String>,
    /// The text of a custom status, or a second line.
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

    /// Playing a game.
    pub fn playing(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Playing, name)
    }

    /// Streaming, with an address at Twitch or YouTube.
    pub fn streaming(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::new(ActivityType::Streaming, name)
        }
    }

    /// Listening to something.
    pub fn listening_to(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Listening, name)
    }

    /// Watching something.
    pub fn watching(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Watching, name)
    }

    /// Competing in something.
    pub fn competing_in(name: impl Into<String>) -> Self {
        Self::new(ActivityType::Competing, name)
    }

    /// A text alone.
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

/// How the bot shows itself (protocol §8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presence {
    /// Since when it is idle, in milliseconds since 1970; absent if it is not.
    pub since: Option<u64>,
    /// What it is doing.
    pub activities: Vec<Activity>,
    /// Its status.
    pub status: Status,
    /// Whether it is away.
    pub afk: bool,
}

impl Presence {
    /// A status without an activity.
    pub fn new(status: Status) -> Self {
        Self {
            since: None,
            activities: Vec::new(),
            status,
            afk: false,
        }
    }

    /// Online.
    pub fn online() -> Self {
        Self::new(Status::Online)
    }

    /// Idle.
    pub fn idle() -> Self {
        Self::new(Status::Idle)
    }

    /// Not to be disturbed.
    pub fn do_not_disturb() -> Self {
        Self::new(Status::DoNotDisturb)
    }

    /// Shown as offline.
    pub fn invisible() -> Self {
        Self::new(Status::Invisible)
    }

    /// Adds an activity.
    #[must_use]
    pub fn activity(mut self, activity: Activity) -> Self {
        self.activities.push(activity);
        self
    }

    /// Says since when the bot is idle, in milliseconds since 1970.
    #[must_use]
    pub fn since(mut self, milliseconds: u64) -> Self {
        self.since = Some(milliseconds);
        self
    }

    /// Says that the bot is away.
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
                    format!("has a text of more than {LONGEST} characters"),
                ));
            }
        }
        Ok(())
    }
}
