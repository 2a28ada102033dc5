//! Ids and values: the words of the protocol as the rest of the program uses them.
//!
//! `wire` reads what was sent, and this module has what it means: owned texts, closed sets of words with a place for
//! unknown ones, numbers where the wire has texts. Nothing here knows serde but the ids, which users put into structs
//! of their own.
//!
//! An enum of the protocol's words always has a variant `Other` that keeps a word as sent, so that a newer node breaks
//! no client. `from` and `as_str` are inverse to each other.

mod plugin;
mod track;
mod voice;

use std::{fmt, num::ParseIntError, str::FromStr, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use self::track::{load_result, playable_from_saved};
pub use self::{
    plugin::{
        Chapter, Lyrics, LyricsMatch, LyricsOptions, SPONSORBLOCK_CATEGORIES, SearchResults,
        SearchText, SearchType, Segment, TimedLine,
    },
    track::{
        Album, Artist, Extras, LoadResult, Playable, Playlist, Search, TrackInfo, TrackSource,
    },
    voice::{DiscordVoiceCloseType, VoiceRequest, VoiceServer, VoiceState},
};

/// A newtype of a Discord id, which is a decimal text on the wire.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident of $marker:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Creates the id. 0 is no id of Discord's, and is read as an absent one.
            pub const fn new(id: u64) -> Self {
                Self(id)
            }

            /// Its number, in which the time of creation is contained
            /// ([snowflake](https://discord.com/developers/docs/reference#snowflakes)).
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        #[cfg(feature = "twilight-model")]
        impl From<twilight_model::id::Id<twilight_model::id::marker::$marker>> for $name {
            fn from(id: twilight_model::id::Id<twilight_model::id::marker::$marker>) -> Self {
                Self(id.get())
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let id = crate::wire::id(deserializer)?;
                id.map(Self).ok_or_else(|| serde::de::Error::custom("not an id"))
            }
        }
    )*};
}

id! {
    /// Id of a Discord guild, which names a player: a guild has at most one.
    ///
    /// With the feature `twilight-model`, which `antiphon` switches on beside Discord, an id of Discord's model becomes one
    /// by `into()`, so that [`Pool::player_in`](crate::Pool::player_in) takes it as it is.
    /// On the wire it is a decimal text; serde writes a text and reads a text or a number (protocol §11).
    ///
    /// ```
    /// use antiphon_lavalink::GuildId;
    ///
    /// let guild: GuildId = "900100200300400500".parse()?;
    /// assert_eq!(guild, GuildId::new(900_100_200_300_400_500));
    /// assert_eq!(serde_json::to_string(&guild)?, "\"900100200300400500\"");
    /// assert_eq!(serde_json::from_str::<GuildId>("900100200300400500")?, guild);
    /// assert!(serde_json::from_str::<GuildId>("\"lobby\"").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    GuildId of GuildMarker;
    /// Id of a Discord voice channel; read and written as [`GuildId`].
    ChannelId of ChannelMarker;
    /// Id of a Discord user; read and written as [`GuildId`].
    UserId of UserMarker;
}

/// Name of a node in the configuration, such as `eu-1`.
///
/// Cheap to clone. A configuration takes names of 1 to 64 characters without slash, space and control characters; the
/// type itself takes any text, so that events of any age can be read.
///
/// ```
/// use antiphon_lavalink::NodeId;
///
/// let node = NodeId::from("eu-1");
/// assert_eq!(format!("[{node:>6}]"), "[  eu-1]");
/// assert_eq!(node.as_str(), "eu-1");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Creates the name.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for NodeId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for NodeId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for NodeId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Severity of a track's error (<https://lavalink.dev/api/websocket.html#severity>).
///
/// ```
/// use antiphon_lavalink::Severity;
///
/// assert_eq!(Severity::from("common"), Severity::Common);
/// assert_eq!(Severity::default(), Severity::Fault, "where none was sent");
/// assert_eq!(Severity::from("cosmic").as_str(), "cosmic");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Common: expected, such as an unavailable video; its message may be shown to people.
    Common,
    /// Suspicious: an outside cause, such as a source that responds strangely.
    Suspicious,
    /// Fault: of the node, or of unknown cause; the node's log has more.
    #[default]
    Fault,
    /// An unknown severity, as sent.
    Other(String),
}

impl Severity {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Common => "common",
            Self::Suspicious => "suspicious",
            Self::Fault => "fault",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Severity {
    fn from(word: &str) -> Self {
        match word {
            "common" => Self::Common,
            "suspicious" => Self::Suspicious,
            "fault" => Self::Fault,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error of a track (<https://lavalink.dev/api/websocket.html#exception-object>).
///
/// It is the same object in [`TrackException`](crate::TrackException), which fails while playing, and in
/// [`LoadResult::Error`](crate::LoadResult::Error), which fails before. Its text is message, severity and cause in one
/// line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackExceptionPayload {
    /// Message; absent where the node has none. It is in the source's own words.
    pub message: Option<String>,
    /// Severity; a fault where none was sent.
    pub severity: Severity,
    /// Cause, mostly the name of a Java exception; empty where none was sent.
    pub cause: String,
    /// Stack trace of the cause; nodes before 4.1 send none.
    pub cause_stack_trace: Option<String>,
}

impl From<crate::wire::Exception<'_>> for TrackExceptionPayload {
    fn from(wire: crate::wire::Exception<'_>) -> Self {
        Self {
            message: wire.message.map(Into::into),
            severity: wire.severity.as_deref().map(Into::into).unwrap_or_default(),
            cause: wire.cause.unwrap_or_default().into_owned(),
            cause_stack_trace: wire.cause_stack_trace.map(Into::into),
        }
    }
}

impl fmt::Display for TrackExceptionPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("no message");
        write!(f, "{message} ({}", self.severity)?;
        if !self.cause.is_empty() {
            write!(f, "; {}", self.cause)?;
        }
        f.write_str(")")
    }
}

/// Why a track ended (<https://lavalink.dev/api/websocket.html#track-end-reason>, protocol §3.1).
///
/// ```
/// use antiphon_lavalink::TrackEndReason;
///
/// for (word, follows) in [
///     ("finished", true),
///     ("loadFailed", true),
///     ("stopped", false),
///     ("replaced", false),
///     ("cleanup", false),
///     ("evaporated", false),
/// ] {
///     let reason = TrackEndReason::from(word);
///     assert_eq!((reason.as_str(), reason.may_start_next()), (word, follows));
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackEndReason {
    /// It reached its end or the requested end ([`PlayOptions::end`](crate::PlayOptions::end)), or failed after it had
    /// begun.
    Finished,
    /// It failed before any audio was sent; a [`TrackException`](crate::TrackException) came before.
    LoadFailed,
    /// It was stopped or skipped.
    Stopped,
    /// Another track replaced it.
    Replaced,
    /// The node removed a player that nobody fetched audio from, as after a lost voice connection.
    Cleanup,
    /// The next track, which the node was given before, began at once ([`Transition::Gapless`]). Of `NodeLink`.
    Gapless,
    /// The next track, which the node was given before, was faded in over it ([`Transition::Crossfade`]). Of
    /// `NodeLink`.
    Crossfading,
    /// An unknown reason, as sent; empty where none was sent.
    Other(String),
}

impl TrackEndReason {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Finished => "finished",
            Self::LoadFailed => "loadFailed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
            Self::Cleanup => "cleanup",
            Self::Gapless => "gapless",
            Self::Crossfading => "crossfading",
            Self::Other(word) => word,
        }
    }

    /// Whether the next track may start: after `finished` and `loadFailed`.
    ///
    /// After `replaced`, `gapless` and `crossfading` another track already plays, and after `stopped` somebody wanted
    /// silence.
    pub fn may_start_next(&self) -> bool {
        matches!(self, Self::Finished | Self::LoadFailed)
    }

    /// Whether the node itself goes on with the next track: after `gapless` and `crossfading`.
    pub fn is_transition(&self) -> bool {
        matches!(self, Self::Gapless | Self::Crossfading)
    }
}

impl From<&str> for TrackEndReason {
    fn from(word: &str) -> Self {
        match word {
            "finished" => Self::Finished,
            "loadFailed" => Self::LoadFailed,
            "stopped" => Self::Stopped,
            "replaced" => Self::Replaced,
            "cleanup" => Self::Cleanup,
            "gapless" => Self::Gapless,
            "crossfading" => Self::Crossfading,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for TrackEndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a player moved to another node, in [`PlayerMigrated`](crate::PlayerMigrated).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MoveReason {
    /// Its node was lost and did not come back within [`Config::failover_after`](crate::Config::failover_after).
    NodeLost,
    /// Its node was closed with failover, by [`Node::close`](crate::Node::close).
    Drained,
    /// The client moved it, by [`Player::switch_node`](crate::Player::switch_node).
    Requested,
    /// A reason of a later version, as stored.
    Other(String),
}

impl MoveReason {
    /// The stored word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NodeLost => "nodeLost",
            Self::Drained => "drained",
            Self::Requested => "requested",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for MoveReason {
    fn from(word: &str) -> Self {
        match word {
            "nodeLost" => Self::NodeLost,
            "drained" => Self::Drained,
            "requested" => Self::Requested,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for MoveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one track of a queue follows another, at nodes that take the next track beforehand
/// ([`Info::has_next_track`](crate::Info::has_next_track)); others end a track, and the next one is played then.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{Crossfade, CrossfadeCurve, Transition};
///
/// let fade = Crossfade::new(Duration::from_secs(4)).curve(CrossfadeCurve::Linear);
/// assert_ne!(Transition::Crossfade(fade), Transition::Gapless);
/// assert_eq!(Transition::default(), Transition::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transition {
    /// The node is not told of the next track.
    #[default]
    None,
    /// The next track begins where the current one ends, without a pause.
    Gapless,
    /// The end of the current track and the begin of the next one are heard together. Without a pause only, where
    /// either is a stream.
    Crossfade(Crossfade),
}

impl Transition {
    /// The crossfade, if it is one.
    pub(crate) fn crossfade(self) -> Option<Crossfade> {
        match self {
            Self::Crossfade(crossfade) => Some(crossfade),
            Self::None | Self::Gapless => None,
        }
    }
}

/// A crossfade between two tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossfade {
    pub(crate) duration: Duration,
    pub(crate) curve: CrossfadeCurve,
}

impl Crossfade {
    /// Longest duration: 30 s (`sanitizeCrossfadeConfig` of `NodeLink`).
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Creates a crossfade of this duration, at most [`LONGEST`](Self::LONGEST) and at least a millisecond.
    pub fn new(duration: Duration) -> Self {
        Self {
            duration: duration.clamp(Duration::from_millis(1), Self::LONGEST),
            curve: CrossfadeCurve::default(),
        }
    }

    /// Sets the curve of the volumes. Default: [`CrossfadeCurve::Sinusoidal`].
    #[must_use]
    pub fn curve(mut self, curve: CrossfadeCurve) -> Self {
        self.curve = curve;
        self
    }

    /// How long both tracks are heard.
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

/// The curve of the volumes in a [`Crossfade`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrossfadeCurve {
    /// Sinusoidal.
    #[default]
    Sinusoidal,
    /// Sine.
    Sine,
    /// Linear.
    Linear,
}

impl CrossfadeCurve {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sinusoidal => "sinusoidal",
            Self::Sine => "sine",
            Self::Linear => "linear",
        }
    }
}

/// What a player does when a track ends.
///
/// It decides only what follows by itself. A track that was stopped is followed by nothing, and a skipped one by the
/// next of the queue, in any mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoPlayMode {
    /// Plays on from the queue, and from recommendations once that is empty.
    ///
    /// Recommendations are loaded for tracks of YouTube, by their mix, and of Spotify, by a plugin that knows `sprec:`;
    /// other sources have none.
    Enabled,
    /// Plays on from the queue.
    Partial,
    /// Plays nothing: a handler of [`TrackEnd`](crate::TrackEnd) plays the next track.
    #[default]
    Disabled,
}

/// Status of a connection to a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// Not connected.
    #[default]
    Disconnected,
    /// Opening the socket, or waiting for `ready`.
    Connecting,
    /// Connected with a session.
    Connected,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_texts_on_the_wire_and_numbers_are_taken_too() {
        let id: GuildId = serde_json::from_str("\"900100200300400500\"").expect("a text");
        assert_eq!(id, GuildId::new(900_100_200_300_400_500));
        assert_eq!(
            serde_json::from_str::<GuildId>("7")
                .expect("a number")
                .get(),
            7
        );
        assert_eq!(
            serde_json::to_string(&id).expect("a text"),
            "\"900100200300400500\""
        );
        serde_json::from_str::<GuildId>("\"\"").expect_err("empty");
    }

    #[test]
    fn words_nobody_knows_are_kept() {
        for word in [
            "finished",
            "loadFailed",
            "stopped",
            "replaced",
            "cleanup",
            "evicted",
        ] {
            assert_eq!(TrackEndReason::from(word).as_str(), word);
        }
        for word in ["common", "suspicious", "fault", "grave"] {
            assert_eq!(Severity::from(word).as_str(), word);
        }
        for word in ["nodeLost", "drained", "requested", "later"] {
            assert_eq!(MoveReason::from(word).as_str(), word);
        }
    }
}
