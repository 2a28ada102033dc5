//! Timed events of a player: updates, track ends and faults of tracks.

use super::{EndReason, Fate, Player, Playing, float_to_whole, whole_to_float};
use crate::lavalink::{frame_writer::FrameWriter, wire::Exception};

/// How long a track that cannot be loaded takes to fail, in milliseconds.
const LOADING: i64 = 150;

/// The next timed event of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Update,
    End(EndReason),
    Fail,
    Break,
    Stick,
    TellStuck,
    /// The next line of the lyrics.
    Line,
    StartAgain,
}

impl Player {
    /// When something happens next.
    pub(crate) fn next(&self) -> Option<i64> {
        self.next_due().map(|(at, _)| at)
    }

    fn next_due(&self) -> Option<(i64, Due)> {
        let playing = self.playing.as_ref()?;
        let finished = Due::End(EndReason::Finished);
        let fate = match playing.fate {
            Fate::Breaks(at) => self.reaches(playing, at, Due::Break),
            Fate::Sticks(at) => self.reaches(playing, at, Due::Stick),
            Fate::Fails => Some((playing.begun_at + LOADING, Due::Fail)),
            Fate::Plays => None,
        };
        let is_listened_to = self.is_connected && !self.paused && !playing.is_told_stuck;
        let stuck = playing.stuck_since.filter(|_| is_listened_to);
        let unheard = self.unheard_since;
        // Events of one time happen in this order.
        let line = self.next_line();
        let due = [
            playing
                .starts_again_at
                .and_then(|at| self.reaches(playing, at, Due::StartAgain)),
            line.and_then(|at| self.reaches(playing, at, Due::Line)),
            self.reaches(playing, self.fade_of(playing.length()), finished),
            playing
                .end
                .and_then(|end| self.reaches(playing, self.fade_of(end), finished)),
            fate,
            stuck.map(|since| (since + self.pace.stuck, Due::TellStuck)),
            unheard.map(|since| (since + self.pace.cleanup, Due::End(EndReason::Cleanup))),
            self.next_update.map(|at| (at, Due::Update)),
        ];
        due.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Where the track gives way to the next one, if that is faded in before this end.
    fn fade_of(&self, end: i64) -> i64 {
        let fades = self.fades && self.up_next.is_some() && end != i64::MAX;
        if fades {
            end.saturating_sub(self.crossfade).max(0)
        } else {
            end
        }
    }

    /// When the track reaches a position, if it moves at all.
    fn reaches(&self, playing: &Playing, position: i64, due: Due) -> Option<(i64, Due)> {
        if position == i64::MAX || !self.flows() {
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

    /// Runs the first event that is due; returns whether there was one.
    pub(crate) fn advance(&mut self, now: i64, writer: &mut FrameWriter<'_>) -> bool {
        let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) else {
            return false;
        };
        match due {
            Due::Update => {
                writer.update(self.state(now));
                // An update that a busy machine missed is sent once.
                self.next_update = Some(at + self.pace.update).map(|next| next.max(now + 1));
            }
            Due::End(EndReason::Finished) => self.finish(now, writer),
            Due::End(reason) => self.end(reason, now, writer),
            Due::Line => self.tell_line(false, writer),
            Due::StartAgain => {
                if let Some(playing) = &mut self.playing {
                    playing.starts_again_at = None;
                    writer.started(&playing.track, playing.track.info.position);
                }
            }
            Due::Fail => {
                let exception = Exception::new(
                    "This track is unavailable",
                    "common",
                    "com.sedmelluq.discord.lavaplayer.tools.FriendlyException: This track is unavailable",
                    writer.quirks,
                );
                self.fail(exception, EndReason::LoadFailed, now, writer);
            }
            Due::Break => {
                let exception = Exception::new(
                    "Something broke when playing the track.",
                    "fault",
                    "java.net.SocketException: Connection reset",
                    writer.quirks,
                );
                self.fail(exception, EndReason::Finished, now, writer);
            }
            Due::Stick => self.stick(now, now),
            Due::TellStuck => {
                let position = self.position(now);
                if let Some(playing) = &mut self.playing {
                    playing.is_told_stuck = true;
                    writer.stuck(&playing.track, position, self.pace.stuck);
                }
                writer.update(self.state(now));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::lavalink::{
        filters::Filters,
        player::Pace,
        track::{Track, TrackInfo},
        voice::Claim,
        wire::Quirks,
    };

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

    /// A player on a clock of its own, with its frames.
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
            bench.act(|player, now, writer| player.connect(claim(), now, writer));
            bench.told.clear();
            bench
        }

        fn act(&mut self, act: impl FnOnce(&mut Player, i64, &mut FrameWriter<'_>)) {
            let quirks = Quirks::new();
            let mut writer = FrameWriter::new("eu-1", &quirks, 42);
            act(&mut self.player, self.now, &mut writer);
            for frame in writer.frames {
                let document: Value = serde_json::from_str(&frame.text).expect("JSON");
                let name = document["reason"]
                    .as_str()
                    .filter(|reason| !reason.is_empty());
                let name = name.unwrap_or(frame.kind.trim_start_matches("lavalink."));
                self.told.push((self.now - 1_000_000, name.to_owned()));
            }
        }

        fn play(&mut self, length: i64, fate: Fate) {
            self.act(|player, now, writer| player.play(track(length), fate, 0, None, now, writer));
        }

        /// Runs all events until this many milliseconds after the start.
        fn until(&mut self, until: i64) {
            while let Some(next) = self.player.next().filter(|at| *at <= 1_000_000 + until) {
                self.now = self.now.max(next);
                let mut is_done = false;
                self.act(|player, now, writer| is_done = player.advance(now, writer));
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
        let faster = Filters::read(r#"{"timescale": {"speed": 1.5, "rate": 2.0}}"#);
        bench.act(|player, now, writer| player.set_filters(faster.expect("sound"), now, writer));
        bench.until(3000);
        assert_eq!(position(&bench), 5000);
        bench.act(|player, now, writer| player.pause(true, now, writer));
        bench.until(9000);
        assert_eq!(position(&bench), 5000);
        bench.act(|player, now, writer| player.seek(100_000, now, writer));
        bench.act(|player, now, writer| player.pause(false, now, writer));
        bench.until(10_000);
        assert_eq!(position(&bench), 103_000);
        bench.act(|player, now, writer| player.close_voice(4014, "", true, now, writer));
        bench.until(20_000);
        assert_eq!(position(&bench), 103_000);
        bench.act(|player, now, writer| player.seek(i64::MAX, now, writer));
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
        bench.act(|player, now, writer| player.close_voice(4006, "", true, now, writer));
        bench.play(600_000, Fate::Plays);
        bench.until(61_000);
        assert_eq!(bench.told().pop(), Some((60_000, "cleanup".to_owned())));
    }

    #[test]
    fn a_stream_has_no_end_and_does_not_seek() {
        let mut bench = Bench::connected();
        bench.play(i64::MAX, Fate::Plays);
        bench.until(3_600_000);
        bench.act(|player, now, writer| player.seek(5, now, writer));
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
        bench.act(|player, now, writer| player.pause(true, now, writer));
        assert!(!bench.player.has_full_minute(bench.now));
        bench.until(61_000);
        bench.act(|player, now, writer| player.pause(false, now, writer));
        bench.until(62_000);
        assert!(!bench.player.has_full_minute(bench.now));
    }
}
