//! Views that filters read: the wire's form with borrowed texts, cheaper than the full decode.
//!
//! A filter runs before the handler of an event, for every event of its kind; a view costs no copy of texts. Fields
//! have the names of the payload types, and times are milliseconds as sent.
//!
//! ```
//! use antiphon_core::{Event, Payload as _, Position};
//! use antiphon_lavalink::{Bytes, TrackStart, read_frame, view};
//!
//! /// Whether a track is a stream: the condition of a filter.
//! fn is_live(start: &view::TrackEvent<'_>) -> bool {
//!     start.track.info.is_stream
//! }
//!
//! let frame = Bytes::from_static(
//!     br#"{"op":"event","type":"TrackStartEvent","guildId":"7","track":{"info":{"title":"Radio","isStream":true}}}"#,
//! );
//! let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
//! let event = Event::stored(Position::new(1), "lavalink".into(), draft);
//! assert!(is_live(&TrackStart::view(&event)?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::wire::{
    CPUStats, Chapter, ChapterEvent, Exception, FrameStats, Lyrics, LyricsEvent, LyricsLine,
    LyricsTrack, MemoryStats, PlayerState, PlayerUpdate, Range, Ready, Segment, SegmentEvent,
    StatsOP, Track, TrackEvent, TrackInfo, VoiceClosed,
};
