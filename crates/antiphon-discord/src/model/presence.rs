//! The bot's presence.
//!
//! Discord shows of a bot's activity its name, type, state and stream URL, and nothing else
//! ([Discord's page](https://discord.com/developers/docs/events/gateway-events#update-presence)).

use antiphon_discord_model::{ActivityType, Status};

use crate::error::ConfigError;

/// Longest name or state of an activity, in characters.
const LONGEST: usize = 128;

/// Sites whose streams Discord shows ([Discord's
/// page](https://discord.com/developers/docs/events/gateway-events#activity-object-activity-types)).
const STREAMS: [&str; 2] = ["twitch.tv", "youtube.com"];

/// An activity that the bot shows (protocol §8).
///
/// ```
/// use antiphon_discord::{Activity, model::ActivityType};
///
/// assert_eq!(Activity::playing("chess").kind, ActivityType::Playing);
/// assert_eq!(Activity::custom("on tour").state.as_deref(), Some("on tour"));
/// ```
///
/// A listening status with a second line:
///
/// ```
/// use antiphon_discord::{Activity, Presence};
///
/// let rehearsal = Activity::listening_to("Miserere").state("in the loft");
/// assert_eq!(rehearsal.state.as_deref(), Some("in the loft"));
/// let presence = Presence::online().activity(rehearsal);
/// assert_eq!(presence.activities.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Text after "Playing", "Listening to" and so on, at most 128 characters.
    ///
    /// Of a custom status it is not shown.
    pub name: String,
    /// Type of the activity, which chooses the word before the name.
    ///
    /// 0 playing, 1 streaming, 2 listening to, 3 watching, 4 the text of `state` alone, 5 competing in.
    pub kind: ActivityType,
    /// URL of a stream at `twitch.tv` or `youtube.com`.
    ///
    /// Required for a stream, since Discord shows "Playing" without one. It has no effect on activities of other types.
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
///
/// Every change replaces the presence as a whole: an activity that is left out is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presence {
    /// Start of being idle, in milliseconds since 1970; absent if the bot is not idle.
    pub since: Option<u64>,
    /// Activities that are shown.
    pub activities: Vec<Activity>,
    /// Status.
    ///
    /// `Invisible` shows the bot as offline while it goes on working.
    pub status: Status,
    /// Whether the bot is away.
    ///
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

    /// Checks the texts that Discord would cut off or drop, and the URLs of streams.
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
        let mut streams = self.activities.iter();
        let is_shown = |activity: &Activity| activity.url.as_deref().is_some_and(is_stream);
        if streams.any(|activity| activity.kind == ActivityType::Streaming && !is_shown(activity)) {
            return Err(ConfigError::new(
                "presence",
                "a stream needs a URL at twitch.tv or youtube.com, such as https://twitch.tv/choir",
            ));
        }
        Ok(())
    }
}

/// Whether a URL is at a site whose streams Discord shows, or at a part of it such as `www.twitch.tv`.
fn is_stream(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let Some((host, path)) = rest.and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let is_at = |site: &&str| {
        let part = host.strip_suffix(site);
        part.is_some_and(|part| part.is_empty() || part.ends_with('.'))
    };
    !path.is_empty() && STREAMS.iter().any(is_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_needs_a_url_that_discord_shows() {
        let check = |url: &str| {
            let stream = Activity::streaming("rehearsal", url);
            Presence::online().activity(stream).check()
        };
        for shown in [
            "https://twitch.tv/choir",
            "https://www.twitch.tv/choir",
            "http://twitch.tv/choir",
            "HTTPS://WWW.Twitch.TV/choir",
            "https://www.youtube.com/watch?v=abc",
            "https://m.youtube.com/live/abc",
        ] {
            assert!(check(shown).is_ok(), "{shown}");
        }
        for other in [
            "",
            "choir",
            "twitch.tv/choir",
            "https://twitch.tv",
            "https://twitch.tv/",
            "https://example.org/choir",
            "https://nottwitch.tv/choir",
            "https://twitch.tv.example.org/choir",
            "https://example.org/twitch.tv/choir",
            "https://example.org@twitch.tv/choir",
            "ftp://twitch.tv/choir",
        ] {
            let error = check(other).expect_err(other);
            assert_eq!(error.option(), "presence");
            assert!(error.reason().contains("twitch.tv"), "{error}");
        }
        let mut without = Activity::streaming("rehearsal", "");
        without.url = None;
        assert!(Presence::online().activity(without).check().is_err());
        // Of other activities the URL has no effect.
        let mut playing = Activity::playing("chess");
        playing.url = Some("https://example.org".into());
        assert!(Presence::online().activity(playing).check().is_ok());
    }
}
