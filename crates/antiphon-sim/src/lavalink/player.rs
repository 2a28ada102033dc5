//! One player: a track that advances with the clock, and what becomes of it.
//!
//! Nothing here looks at a clock or sends anything: every call is told the time and a scribe.

use serde_json::json;

use super::{
    filters::Filters,
    scribe::Scribe,
    track::Track,
    voice::Claim,
    wire::{Exception, PlayerObject, PlayerState, Quirks, TrackObject},
};

/// How long a track that cannot be loaded takes to fail.
const LOADING: i64 = 150;
/// Tracks that follow each other within so long count as one stretch of sound.
const SWITCH: i64 = 100;

/// How long things take, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Between two updates of a player.
    pub(crate) update: i64,
    /// From the last sound of a track to the event that it is stuck.
    pub(crate) stuck: i64,
    /// From the last time a track was listened to until it is cleaned up.
    pub(crate) cleanup: i64,
}

/// What is wrong with a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing: it plays to its end.
    #[default]
    Plays,
    /// It cannot be loaded.
    Fails,
    /// It breaks off at this position.
    Breaks(i64),
    /// It gives no more sound from this position on.
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
}

impl EndReason {
    fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::LoadFailed => "loadFailed",
            Self::Stopped => "stopped",
            Self::Replaced => "replaced",
            Self::Cleanup => "cleanup",
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
    /// Since when there is no sound.
    stuck_since: Option<i64>,
    is_told_stuck: bool,
}

impl Playing {
    /// Its length in milliseconds; `i64::MAX` where it is not known, which some servers say with -1.
    fn length(&self) -> i64 {
        match self.track.info.length {
            ..0 => i64::MAX,
            length => length,
        }
    }
}

/// What is to happen to a player next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Update,
    End(EndReason),
    Fail,
    Break,
    Stick,
    TellStuck,
}

/// A player of a session.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    guild: u64,
    pace: Pace,
    pub(crate) playing: Option<Playing>,
    pub(crate) volume: u16,
    pub(crate) paused: bool,
    filters: Filters,
    /// What the client gave as voice.
    pub(crate) voice: Option<Claim>,
    /// Whether the voice is open.
    pub(crate) is_connected: bool,
    next_update: Option<i64>,
    /// Since when nobody listens, while a track is set.
    unheard_since: Option<i64>,
    /// Since when sound flows without a break.
    pub(crate) flows_since: Option<i64>,
    /// When the last sound flowed.
    flowed_until: i64,
    /// Made by ambient traffic, not by a client.
    pub(crate) is_ambient: bool,
    /// For when the housekeeper has it on his list.
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
            listed: None,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What it is.

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
            guild_id: self.guild.to_string(),
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
    // What is done to it.

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

    /// Keeps the times since when sound flows, and since when nobody listens.
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

    /// Sound has flowed for a whole minute by now, and flows.
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
        scribe: &mut Scribe<'_>,
    ) {
        let flowed = self.flows();
        if self.playing.is_some() {
            self.end(EndReason::Replaced, now, scribe);
        }
        scribe.started(&track, start);
        self.playing = Some(Playing {
            track,
            position: whole_to_float(start),
            at: now,
            end,
            fate,
            begun_at: now,
            stuck_since: None,
            is_told_stuck: false,
        });
        self.unheard_since = None;
        self.note_flow(flowed, now);
        self.next_update = Some(now + self.pace.update);
        scribe.update(self.state(now));
    }

    /// Ends the track that plays.
    pub(crate) fn end(&mut self, reason: EndReason, now: i64, scribe: &mut Scribe<'_>) {
        let position = self.position(now);
        let flowed = self.flows();
        let Some(playing) = self.playing.take() else {
            return;
        };
        self.next_update = None;
        self.note_flow(flowed, now);
        scribe.ended(&playing.track, position, reason.word());
    }

    /// Lets the track break off, as it does when its source fails.
    pub(crate) fn fail(
        &mut self,
        exception: Exception,
        reason: EndReason,
        now: i64,
        scribe: &mut Scribe<'_>,
    ) {
        let position = self.position(now);
        if let Some(playing) = &self.playing {
            scribe.failed(&playing.track, position, exception);
            self.end(reason, now, scribe);
        }
    }

    /// Lets the track give no more sound since then; the event about it comes when the node has waited long enough.
    pub(crate) fn stick(&mut self, since: i64, now: i64) {
        self.change(now, |player| {
            if let Some(playing) = &mut player.playing {
                playing.stuck_since = Some(since);
                playing.fate = Fate::Plays;
            }
        });
    }

    pub(crate) fn pause(&mut self, paused: bool, now: i64, scribe: &mut Scribe<'_>) {
        if self.paused != paused {
            self.change(now, |player| player.paused = paused);
            scribe.other("PauseEvent", || json!({"paused": paused}));
        }
    }

    pub(crate) fn set_volume(&mut self, volume: i64, scribe: &mut Scribe<'_>) {
        self.volume = u16::try_from(volume.clamp(0, 1000)).unwrap_or_default();
        scribe.other("VolumeChangedEvent", || json!({"volume": self.volume}));
    }

    /// Goes to a position; streams and idle players do not (protocol §6, step 7).
    pub(crate) fn seek(&mut self, position: i64, now: i64, scribe: &mut Scribe<'_>) {
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
            scribe.other("SeekEvent", || json!({"position": position}));
        }
        scribe.update(self.state(now));
    }

    /// Sets where the track ends before its end.
    pub(crate) fn set_end(&mut self, end: i64) {
        if let Some(playing) = &mut self.playing {
            playing.end = Some(end);
        }
    }

    /// Puts these filters in the place of all others.
    pub(crate) fn set_filters(&mut self, filters: Filters, now: i64, scribe: &mut Scribe<'_>) {
        self.change(now, |player| player.filters = filters);
        let filters = &self.filters;
        scribe.other("FiltersChangedEvent", || json!({"filters": filters}));
        scribe.update(self.state(now));
    }

    /// The voice opened.
    pub(crate) fn connect(&mut self, claim: Claim, now: i64, scribe: &mut Scribe<'_>) {
        self.change(now, |player| {
            player.is_connected = true;
            player.voice = Some(claim);
        });
        scribe.other("PlayerConnectedEvent", || json!({"voice": {}}));
        scribe.update(self.state(now));
    }

    /// The voice did not open, or there is none any more, and nothing is told about it.
    pub(crate) fn disconnect(&mut self, claim: Option<Claim>, now: i64) {
        self.change(now, |player| {
            player.is_connected = false;
            player.voice = claim.or(player.voice.take());
        });
    }

    /// The voice was closed.
    pub(crate) fn close_voice(
        &mut self,
        code: u16,
        reason: &str,
        by_remote: bool,
        now: i64,
        scribe: &mut Scribe<'_>,
    ) {
        self.disconnect(None, now);
        scribe.voice_closed(code, reason, by_remote);
        scribe.update(self.state(now));
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What happens by itself.

    /// When something happens next.
    pub(crate) fn next(&self) -> Option<i64> {
        self.next_due().map(|(at, _)| at)
    }

    fn next_due(&self) -> Option<(i64, Due)> {
        let playing = self.playing.as_ref()?;
        let mut due = Vec::with_capacity(4);
        if self.flows() {
            let end = playing.length();
            due.extend(self.reaches(playing, end, Due::End(EndReason::Finished)));
            if let Some(end) = playing.end {
                due.extend(self.reaches(playing, end, Due::End(EndReason::Finished)));
            }
            match playing.fate {
                Fate::Breaks(at) => due.extend(self.reaches(playing, at, Due::Break)),
                Fate::Sticks(at) => due.extend(self.reaches(playing, at, Due::Stick)),
                Fate::Plays | Fate::Fails => {}
            }
        }
        if playing.fate == Fate::Fails {
            due.push((playing.begun_at + LOADING, Due::Fail));
        }
        if let Some(since) = playing.stuck_since
            && !playing.is_told_stuck
            && self.is_connected
            && !self.paused
        {
            due.push((since + self.pace.stuck, Due::TellStuck));
        }
        if let Some(since) = self.unheard_since {
            due.push((since + self.pace.cleanup, Due::End(EndReason::Cleanup)));
        }
        due.extend(self.next_update.map(|at| (at, Due::Update)));
        due.into_iter().min_by_key(|(at, _)| *at)
    }

    /// When the track reaches a position.
    fn reaches(&self, playing: &Playing, position: i64, due: Due) -> Option<(i64, Due)> {
        if position == i64::MAX {
            return None;
        }
        let left = (whole_to_float(position) - playing.position) / self.speed();
        Some((
            playing
                .at
                .saturating_add(float_to_whole(left.ceil().max(0.0))),
            due,
        ))
    }

    /// Does what is to happen up to now, the first thing only; tells whether there was one.
    pub(crate) fn advance(&mut self, now: i64, scribe: &mut Scribe<'_>) -> bool {
        let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) else {
            return false;
        };
        match due {
            Due::Update => {
                scribe.update(self.state(now));
                // What a busy machine could not tell in time is not told twice.
                self.next_update = Some(at + self.pace.update).map(|next| next.max(now + 1));
            }
            Due::End(reason) => self.end(reason, now, scribe),
            Due::Fail => {
                let exception = Exception::new(
                    "This track is unavailable",
                    "common",
                    "com.sedmelluq.discord.lavaplayer.tools.FriendlyException: This track is unavailable",
                    scribe.quirks,
                );
                self.fail(exception, EndReason::LoadFailed, now, scribe);
            }
            Due::Break => {
                let exception = Exception::new(
                    "Something broke when playing the track.",
                    "fault",
                    "java.net.SocketException: Connection reset",
                    scribe.quirks,
                );
                self.fail(exception, EndReason::Finished, now, scribe);
            }
            Due::Stick => self.stick(now, now),
            Due::TellStuck => {
                let position = self.position(now);
                if let Some(playing) = &mut self.playing {
                    playing.is_told_stuck = true;
                    scribe.stuck(&playing.track, position, self.pace.stuck);
                }
                scribe.update(self.state(now));
            }
        }
        true
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::lavalink::track::TrackInfo;

    const PACE: Pace = Pace {
        update: 5000,
        stuck: 10_000,
        cleanup: 60_000,
    };

    fn track(length: i64) -> Track {
        Track::new(TrackInfo {
            identifier: "t1".into(),
            is_seekable: length != i64::MAX,
            author: "Lab".into(),
            length,
            is_stream: length == i64::MAX,
            position: 0,
            title: "Tone".into(),
            uri: None,
            artwork_url: None,
            isrc: None,
            source_name: "soundcloud".into(),
        })
    }

    fn claim() -> Claim {
        Claim {
            user: 1,
            guild: 42,
            token: "t".into(),
            endpoint: "e".into(),
            session: "s".into(),
            channel: None,
        }
    }

    /// A player on a clock of its own, with what it told.
    struct Bench {
        player: Player,
        now: i64,
        told: Vec<(i64, String)>,
    }

    impl Bench {
        fn connected() -> Self {
            let mut bench = Self {
                player: Player::new(42, PACE),
                now: 1_000_000,
                told: Vec::new(),
            };
            bench.act(|player, now, scribe| player.connect(claim(), now, scribe));
            bench.told.clear();
            bench
        }

        fn act(&mut self, act: impl FnOnce(&mut Player, i64, &mut Scribe<'_>)) {
            let quirks = Quirks::new();
            let mut scribe = Scribe::new("eu-1", &quirks, 42);
            act(&mut self.player, self.now, &mut scribe);
            for frame in scribe.frames {
                let document: Value = serde_json::from_str(&frame.text).expect("JSON");
                let name = document["reason"]
                    .as_str()
                    .filter(|reason| !reason.is_empty());
                let name = name.unwrap_or(frame.kind.trim_start_matches("lavalink."));
                self.told.push((self.now - 1_000_000, name.to_owned()));
            }
        }

        fn play(&mut self, length: i64, fate: Fate) {
            self.act(|player, now, scribe| player.play(track(length), fate, 0, None, now, scribe));
        }

        /// Lets everything happen until so many milliseconds after the beginning.
        fn until(&mut self, until: i64) {
            while let Some(next) = self.player.next().filter(|at| *at <= 1_000_000 + until) {
                self.now = self.now.max(next);
                let mut is_done = false;
                self.act(|player, now, scribe| is_done = player.advance(now, scribe));
                assert!(is_done, "something was due");
            }
            self.now = 1_000_000 + until;
        }

        fn told(&mut self) -> Vec<(i64, String)> {
            std::mem::take(&mut self.told)
        }
    }

    fn names(told: &[(i64, String)]) -> Vec<(i64, &str)> {
        told.iter().map(|(at, name)| (*at, name.as_str())).collect()
    }

    #[test]
    fn a_track_plays_to_its_end_with_an_update_every_five_seconds() {
        let mut bench = Bench::connected();
        bench.play(12_000, Fate::Plays);
        bench.until(60_000);
        let expected = [
            (0, "TrackStartEvent"),
            (0, "playerUpdate"),
            (5000, "playerUpdate"),
            (10_000, "playerUpdate"),
            (12_000, "finished"),
        ];
        assert_eq!(names(&bench.told()), expected);
    }

    #[test]
    fn position_follows_speed_pause_seek_and_the_voice() {
        let mut bench = Bench::connected();
        bench.play(600_000, Fate::Plays);
        let position = |bench: &Bench| bench.player.position(bench.now);
        bench.until(2000);
        assert_eq!(position(&bench), 2000);
        let faster = Filters::read(&json!({"timescale": {"speed": 1.5, "rate": 2.0}}));
        bench.act(|player, now, scribe| player.set_filters(faster.expect("sound"), now, scribe));
        bench.until(3000);
        assert_eq!(position(&bench), 5000);
        bench.act(|player, now, scribe| player.pause(true, now, scribe));
        bench.until(9000);
        assert_eq!(position(&bench), 5000);
        bench.act(|player, now, scribe| player.seek(100_000, now, scribe));
        bench.act(|player, now, scribe| player.pause(false, now, scribe));
        bench.until(10_000);
        assert_eq!(position(&bench), 103_000);
        bench.act(|player, now, scribe| player.close_voice(4014, "", true, now, scribe));
        bench.until(20_000);
        assert_eq!(position(&bench), 103_000);
        bench.act(|player, now, scribe| player.seek(i64::MAX, now, scribe));
        assert_eq!(position(&bench), 600_000, "never beyond the end");
    }

    #[test]
    fn what_is_wrong_with_a_track_is_told_in_its_order() {
        let mut bench = Bench::connected();
        bench.play(60_000, Fate::Fails);
        bench.until(1000);
        let expected = [
            (0, "TrackStartEvent"),
            (0, "playerUpdate"),
            (150, "TrackExceptionEvent"),
            (150, "loadFailed"),
        ];
        assert_eq!(names(&bench.told()), expected);

        bench.play(60_000, Fate::Breaks(2000));
        bench.until(4000);
        let expected = [
            (1000, "TrackStartEvent"),
            (1000, "playerUpdate"),
            (3000, "TrackExceptionEvent"),
            (3000, "finished"),
        ];
        assert_eq!(names(&bench.told()), expected);

        bench.play(60_000, Fate::Sticks(3000));
        bench.until(18_000);
        let told = bench.told();
        assert!(
            names(&told).contains(&(17_000, "TrackStuckEvent")),
            "{told:?}"
        );
        bench.until(40_000);
        let told = bench.told();
        assert!(
            told.iter().all(|(_, name)| name == "playerUpdate"),
            "{told:?}"
        );
        assert_eq!(bench.player.position(bench.now), 3000);
    }

    #[test]
    fn a_track_that_nobody_listens_to_is_cleaned_up() {
        let mut bench = Bench::connected();
        bench.act(|player, now, scribe| player.close_voice(4006, "", true, now, scribe));
        bench.play(600_000, Fate::Plays);
        bench.until(61_000);
        assert_eq!(bench.told().pop(), Some((60_000, "cleanup".to_owned())));
    }

    #[test]
    fn a_stream_has_no_end_and_does_not_seek() {
        let mut bench = Bench::connected();
        bench.play(i64::MAX, Fate::Plays);
        bench.until(3_600_000);
        bench.act(|player, now, scribe| player.seek(5, now, scribe));
        assert_eq!(bench.player.position(bench.now), 3_600_000);
        assert!(bench.player.playing.is_some());
    }

    #[test]
    fn a_marker_ends_a_track_early() {
        let mut bench = Bench::connected();
        bench.play(60_000, Fate::Plays);
        bench.player.set_end(1234);
        bench.until(2000);
        assert_eq!(bench.told().pop(), Some((1234, "finished".to_owned())));
    }

    #[test]
    fn a_quick_change_of_tracks_is_one_stretch_of_sound_and_a_pause_is_not() {
        let mut bench = Bench::connected();
        bench.play(30_000, Fate::Plays);
        bench.until(30_050);
        bench.play(60_000, Fate::Plays);
        bench.until(60_000);
        assert!(bench.player.has_full_minute(bench.now));
        bench.act(|player, now, scribe| player.pause(true, now, scribe));
        assert!(!bench.player.has_full_minute(bench.now));
        bench.until(61_000);
        bench.act(|player, now, scribe| player.pause(false, now, scribe));
        bench.until(62_000);
        assert!(!bench.player.has_full_minute(bench.now));
    }
}
