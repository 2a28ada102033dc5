//! One player: its track, which advances with the clock, its voice and its filters.
//!
//! Nothing here reads a clock or sends anything: every call takes the time and a frame writer.
//! Timed events are in `due.rs`.

mod due;

use serde_json::{Map, json};

use super::{
    filters::Filters,
    frame_writer::FrameWriter,
    id,
    lyrics::{Line, Lyrics},
    quirk::NodeQuirk,
    settings::Pace,
    track::Track,
    voice::Claim,
    wire::{Exception, PlayerObject, PlayerState, Quirks, TrackObject},
};

/// Longest pause between two tracks that count as continuous sound, in milliseconds.
const SWITCH: i64 = 100;

/// Fault of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No fault: it plays to its end.
    #[default]
    Plays,
    /// It cannot be loaded.
    Fails,
    /// It breaks off at this position.
    Breaks(i64),
    /// It gets stuck at this position.
    Sticks(i64),
}

/// Why a track ended (protocol §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    Finished,
    LoadFailed,
    Stopped,
    Replaced,
    Cleanup,
    /// The next track, which was set before, begins at once (another server's).
    Gapless,
    /// The next track, which was set before, was faded in (another server's).
    Crossfading,
}

impl EndReason {
    fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::LoadFailed => "loadFailed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
            Self::Cleanup => "cleanup",
            Self::Gapless => "gapless",
            Self::Crossfading => "crossfading",
        }
    }
}

/// A track that plays.
#[derive(Clone, Debug)]
pub(crate) struct Playing {
    pub(crate) track: Track,
    /// Position at `at`.
    position: f64,
    at: i64,
    /// Where it is to end before its end.
    end: Option<i64>,
    fate: Fate,
    begun_at: i64,
    /// Time since which there is no sound.
    stuck_since: Option<i64>,
    is_told_stuck: bool,
    /// Position at which its start is told again.
    starts_again_at: Option<i64>,
    /// Lines that the client is to hear, and how many it heard.
    lines: Vec<Line>,
    lines_told: usize,
}

impl Playing {
    /// Length in milliseconds; `i64::MAX` if unknown, which some servers write as -1.
    fn length(&self) -> i64 {
        match self.track.info.length {
            ..0 => i64::MAX,
            length => length,
        }
    }
}

/// A player of a session.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Player {
    guild: u64,
    pace: Pace,
    pub(crate) playing: Option<Playing>,
    pub(crate) volume: u16,
    pub(crate) paused: bool,
    filters: Filters,
    /// Voice state that the client gave.
    pub(crate) voice: Option<Claim>,
    /// Whether the voice is open.
    pub(crate) is_connected: bool,
    next_update: Option<i64>,
    /// Time since which nobody listens, while a track is set.
    unheard_since: Option<i64>,
    /// Time since which sound flows without a pause.
    pub(crate) flows_since: Option<i64>,
    /// Time of the last sound.
    flowed_until: i64,
    /// Made by ambient traffic, not by a client.
    pub(crate) is_ambient: bool,
    /// Whether the client subscribed to lines of lyrics.
    pub(crate) has_lyrics: bool,
    /// The track that begins where the current one ends.
    up_next: Option<(Track, Fate)>,
    /// How long the next track is faded in, in milliseconds; 0 if it is not.
    pub(crate) crossfade: i64,
    /// Whether the next track is faded in: decided when it is set.
    fades: bool,
    /// Time of its entry in the player timers.
    pub(crate) listed: Option<i64>,
}

impl Player {
    pub(crate) fn new(guild: u64, pace: Pace) -> Self {
        Self {
            guild,
            pace,
            playing: None,
            volume: 100,
            paused: false,
            filters: Filters::default(),
            voice: None,
            is_connected: false,
            next_update: None,
            unheard_since: None,
            flows_since: None,
            flowed_until: 0,
            is_ambient: false,
            has_lyrics: false,
            up_next: None,
            crossfade: 0,
            fades: false,
            listed: None,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // State.

    /// Milliseconds of the track in one of the clock.
    fn speed(&self) -> f64 {
        let is_stuck = self
            .playing
            .as_ref()
            .is_some_and(|playing| playing.stuck_since.is_some());
        if self.is_connected && !self.paused && !is_stuck {
            self.filters.speed()
        } else {
            0.0
        }
    }

    /// Whether sound flows.
    fn flows(&self) -> bool {
        self.playing.is_some() && self.speed() > 0.0
    }

    /// Where the track is now; 0 when none is set.
    pub(crate) fn position(&self, now: i64) -> i64 {
        let Some(playing) = &self.playing else {
            return 0;
        };
        float_to_whole(self.exact_position(now)).clamp(0, playing.length())
    }

    pub(crate) fn state(&self, now: i64) -> PlayerState {
        PlayerState {
            time: now,
            position: self.position(now),
            connected: self.is_connected,
            ping: if self.is_connected {
                // Stable and different from guild to guild.
                20 + i64::try_from(self.guild % 40).unwrap_or_default()
            } else {
                -1
            },
        }
    }

    pub(crate) fn object(&self, now: i64, quirks: &Quirks) -> PlayerObject {
        let position = self.position(now);
        let track = self.playing.as_ref();
        PlayerObject {
            guild_id: id::shown(self.guild),
            track: track.map(|playing| TrackObject::new(&playing.track, position, quirks)),
            volume: self.volume,
            paused: self.paused,
            state: self.state(now),
            voice: self.voice.as_ref().into(),
            filters: self.filters.clone(),
        }
    }

    /// Whether a track is set and not paused, as the stats count it.
    pub(crate) fn is_playing(&self) -> bool {
        self.playing.is_some() && !self.paused
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Changes.

    /// Changes something that the speed depends on.
    fn change<T>(&mut self, now: i64, change: impl FnOnce(&mut Self) -> T) -> T {
        let position = self.exact_position(now);
        let flowed = self.flows();
        let outcome = change(self);
        if let Some(playing) = &mut self.playing {
            playing.position = position;
            playing.at = now;
        }
        self.note_flow(flowed, now);
        outcome
    }

    fn exact_position(&self, now: i64) -> f64 {
        self.playing.as_ref().map_or(0.0, |playing| {
            playing.position + whole_to_float(now - playing.at) * self.speed()
        })
    }

    /// Updates the times of sound and of listening.
    fn note_flow(&mut self, flowed: bool, now: i64) {
        let flows = self.flows();
        if flowed && !flows {
            self.flowed_until = now;
        }
        if flows && !flowed && now - self.flowed_until > SWITCH {
            self.flows_since = None;
        }
        if flows {
            self.flows_since.get_or_insert(now);
        }
        self.unheard_since = match (&self.playing, self.is_connected) {
            (Some(_), false) => self.unheard_since.or(Some(now)),
            _ => None,
        };
    }

    /// Whether sound has flowed for the whole last minute.
    pub(crate) fn has_full_minute(&self, now: i64) -> bool {
        self.flows() && self.flows_since.is_some_and(|since| now - since >= 60_000)
    }

    /// Begins a track, instead of the one that plays (protocol §6, steps 9 and 10).
    pub(crate) fn play(
        &mut self,
        track: Track,
        fate: Fate,
        start: i64,
        end: Option<i64>,
        now: i64,
        writer: &mut FrameWriter<'_>,
    ) {
        let flowed = self.flows();
        if self.playing.is_some() {
            self.end(EndReason::Replaced, now, writer);
        }
        writer.started(&track, start);
        let starts_twice = writer.quirks.contains(&NodeQuirk::StartTwice);
        self.playing = Some(Playing {
            track,
            position: whole_to_float(start),
            at: now,
            end,
            fate,
            begun_at: now,
            stuck_since: None,
            is_told_stuck: false,
            starts_again_at: starts_twice.then(|| start.saturating_add(SWITCH)),
            lines: Vec::new(),
            lines_told: 0,
        });
        self.unheard_since = None;
        self.note_flow(flowed, now);
        self.next_update = Some(now + self.pace.update);
        // The server's timer sends one at once, and so does its request.
        writer.update(self.state(now));
        writer.update(self.state(now));
        if self.has_lyrics {
            self.begin_lyrics(now, writer);
        }
    }

    /// Ends the track that plays.
    pub(crate) fn end(&mut self, reason: EndReason, now: i64, writer: &mut FrameWriter<'_>) {
        let position = self.position(now);
        let flowed = self.flows();
        let Some(playing) = self.playing.take() else {
            return;
        };
        self.next_update = None;
        // A track that is replaced leaves the next one as it is.
        self.up_next = self
            .up_next
            .take()
            .filter(|_| reason == EndReason::Replaced);
        self.note_flow(flowed, now);
        writer.ended(&playing.track, position, reason.word());
    }

    /// Sets the track that follows, or none.
    pub(crate) fn set_next(&mut self, next: Option<(Track, Fate)>) {
        let is_stream = |track: &Track| track.info.is_stream;
        let current = self.playing.as_ref().map(|playing| &playing.track);
        let streams = next
            .iter()
            .map(|(track, _)| track)
            .chain(current)
            .any(is_stream);
        self.fades = self.crossfade > 0 && current.is_some() && !streams;
        self.up_next = next;
    }

    /// Lets the track reach its end; the next one begins at once if it was set.
    pub(crate) fn finish(&mut self, now: i64, writer: &mut FrameWriter<'_>) {
        match self.up_next.take() {
            Some((track, fate)) if self.playing.is_some() => {
                let (reason, start) = if self.fades {
                    (EndReason::Crossfading, self.crossfade)
                } else {
                    (EndReason::Gapless, 0)
                };
                self.end(reason, now, writer);
                self.play(track, fate, start, None, now, writer);
            }
            _ => self.end(EndReason::Finished, now, writer),
        }
    }

    /// Tells the client the lyrics of the track, and the lines that have passed as skipped.
    pub(crate) fn begin_lyrics(&mut self, now: i64, writer: &mut FrameWriter<'_>) {
        let position = self.position(now);
        let Some(playing) = &mut self.playing else {
            return;
        };
        let Some(lyrics) = Lyrics::of(&playing.track) else {
            return writer.plugin("LyricsNotFoundEvent", Map::new());
        };
        let mut fields = Map::new();
        fields.insert("lyrics".to_owned(), json!(lyrics));
        writer.plugin("LyricsFoundEvent", fields);
        playing.lines = lyrics.lines;
        playing.lines_told = 0;
        self.skip_lines(position, writer);
    }

    /// Tells the next line.
    fn tell_line(&mut self, is_skipped: bool, writer: &mut FrameWriter<'_>) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        let index = playing.lines_told;
        if let Some(line) = playing.lines.get(index) {
            let fields = [
                ("lineIndex", json!(index)),
                ("line", json!(line)),
                ("skipped", json!(is_skipped)),
            ];
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            playing.lines_told += 1;
            writer.plugin("LyricsLineEvent", fields.into_iter().collect());
        }
    }

    /// Tells every line up to a position as skipped.
    fn skip_lines(&mut self, position: i64, writer: &mut FrameWriter<'_>) {
        while self.next_line().is_some_and(|at| at <= position) {
            self.tell_line(true, writer);
        }
    }

    /// Position of the next line.
    fn next_line(&self) -> Option<i64> {
        let playing = self.playing.as_ref()?;
        let line = playing.lines.get(playing.lines_told)?;
        Some(line.timestamp)
    }

    /// Breaks the track off, as when its source fails.
    pub(crate) fn fail(
        &mut self,
        exception: Exception,
        reason: EndReason,
        now: i64,
        writer: &mut FrameWriter<'_>,
    ) {
        let position = self.position(now);
        if let Some(playing) = &self.playing {
            writer.failed(&playing.track, position, exception);
            self.end(reason, now, writer);
        }
    }

    /// Stops the track's sound at a time; `TrackStuckEvent` follows after the threshold.
    pub(crate) fn stick(&mut self, since: i64, now: i64) {
        self.change(now, |player| {
            if let Some(playing) = &mut player.playing {
                playing.stuck_since = Some(since);
                playing.fate = Fate::Plays;
            }
        });
    }

    pub(crate) fn pause(&mut self, paused: bool, now: i64, writer: &mut FrameWriter<'_>) {
        if self.paused != paused {
            self.change(now, |player| player.paused = paused);
            writer.other("PauseEvent", || json!({"paused": paused}));
        }
    }

    pub(crate) fn set_volume(&mut self, volume: i64, writer: &mut FrameWriter<'_>) {
        self.volume = u16::try_from(volume.clamp(0, 1000)).unwrap_or_default();
        writer.other("VolumeChangedEvent", || json!({"volume": self.volume}));
    }

    /// Goes to a position; streams and idle players do not (protocol §6, step 7).
    pub(crate) fn seek(&mut self, position: i64, now: i64, writer: &mut FrameWriter<'_>) {
        let flowed = self.flows();
        let Some(playing) = &mut self.playing else {
            return;
        };
        if playing.track.info.is_seekable {
            playing.position = whole_to_float(position.clamp(0, playing.length()));
            playing.at = now;
            playing.stuck_since = None;
            playing.is_told_stuck = false;
            self.note_flow(flowed, now);
            writer.other("SeekEvent", || json!({"position": position}));
            self.skip_lines(self.position(now), writer);
        }
        writer.update(self.state(now));
    }

    /// Sets where the track ends before its end.
    pub(crate) fn set_end(&mut self, end: i64) {
        if let Some(playing) = &mut self.playing {
            playing.end = Some(end);
        }
    }

    /// Puts these filters in the place of all others.
    pub(crate) fn set_filters(&mut self, filters: Filters, now: i64, writer: &mut FrameWriter<'_>) {
        self.change(now, |player| player.filters = filters);
        let filters = &self.filters;
        writer.other("FiltersChangedEvent", || json!({"filters": filters}));
        writer.update(self.state(now));
    }

    /// Opens the voice connection.
    pub(crate) fn connect(&mut self, claim: Claim, now: i64, writer: &mut FrameWriter<'_>) {
        self.change(now, |player| {
            player.is_connected = true;
            player.voice = Some(claim);
        });
        writer.other("PlayerConnectedEvent", || json!({"voice": {}}));
        writer.update(self.state(now));
    }

    /// Drops the voice connection without an event.
    pub(crate) fn disconnect(&mut self, claim: Option<Claim>, now: i64) {
        self.change(now, |player| {
            player.is_connected = false;
            player.voice = claim.or(player.voice.take());
        });
    }

    /// Closes the voice connection with an event.
    pub(crate) fn close_voice(
        &mut self,
        code: u16,
        reason: &str,
        by_remote: bool,
        now: i64,
        writer: &mut FrameWriter<'_>,
    ) {
        self.disconnect(None, now);
        writer.voice_closed(code, reason, by_remote);
        writer.update(self.state(now));
    }
}

/// Exact below 2^53 milliseconds; beyond lie only streams, whose length is not computed with.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
fn whole_to_float(whole: i64) -> f64 {
    whole as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast stops at the ends of i64"
)]
fn float_to_whole(float: f64) -> i64 {
    float as i64
}
