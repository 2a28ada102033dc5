use std::{borrow::Borrow, time::Duration};

use antiphon_core::Rng;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use tokio::{sync::oneshot, time::Instant};

use super::*;
use crate::{
    error::{Failure, RequestError},
    model::{DiscordVoiceCloseType, TrackEndReason},
    queue::QueueMode,
    wire::{PlayerState, Timescale, UpdatePlayer},
};

const GUILD: GuildId = GuildId::new(9001);
const LOFT: ChannelId = ChannelId::new(77);

pub(crate) fn track(name: &str) -> Playable {
    let mut track = Playable {
        encoded: name.into(),
        ..Playable::default()
    };
    track.info.identifier = name.into();
    track.info.source = "youtube".into();
    track.info.length = 60_000;
    track
}

fn rules() -> Rules {
    Rules {
        inactive_timeout: Some(Duration::from_secs(300)),
        queue_capacity: 100,
        ..Rules::default()
    }
}

/// A player with a clock; the test is its node and its client.
struct Stage {
    player: LocalPlayer,
    now: Instant,
    asked: u64,
}

impl Stage {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            player: LocalPlayer::new(GUILD, rules(), Rng::with_seed(1), now),
            now,
            asked: 0,
        }
    }

    /// A player in a channel, at a node.
    fn connected() -> Self {
        let mut stage = Self::new();
        let mut entered = stage.reply(|reply| PlayerCommand::Enter {
            channel: LOFT,
            self_deaf: None,
            self_mute: None,
            within: Duration::from_secs(10),
            node: None,
            reply,
        });
        stage.player.on_voice_state(Some(LOFT), "vs", stage.now);
        stage
            .player
            .on_voice_server("vt".into(), Some("c-fra01.discord.media".into()), stage.now);
        assert!(stage.player.needs_node());
        stage.player.assign("eu-1".into(), stage.now);
        let body = stage.ask().expect("the pair");
        assert_eq!(
            body.voice.map(|voice| voice.channel_id),
            Some(LOFT.to_string())
        );
        stage.answer(true, None);
        assert!(entered.try_recv().expect("answered").is_ok());
        while stage.player.next_output().is_some() {}
        stage
    }

    /// A connected player with a current track.
    fn playing(name: &str) -> Self {
        let mut stage = Self::connected();
        let mut played = stage.play(name);
        stage.ask().expect("the track");
        stage.player.on_track_start(track(name), stage.now);
        stage.answer(true, Some(track(name)));
        assert!(played.try_recv().expect("answered").is_ok());
        stage
    }

    fn reply(
        &mut self,
        command: impl FnOnce(Reply) -> PlayerCommand,
    ) -> oneshot::Receiver<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.player.on_command(command(reply), self.now);
        answer
    }

    fn play(&mut self, name: &str) -> oneshot::Receiver<Outcome> {
        let track = Arc::new(track(name));
        self.reply(|reply| PlayerCommand::Play {
            track,
            options: PlayOptions::new(),
            reply,
        })
    }

    fn put(&mut self, names: &str) {
        let tracks: Vec<Playable> = names.chars().map(|name| track(&name.to_string())).collect();
        let change = QueueChange(Box::new(move |queue, _| {
            queue.put(tracks).expect("room");
        }));
        self.player
            .on_command(PlayerCommand::Queue(change), self.now);
    }

    fn autoplay(&mut self, mode: AutoPlayMode) {
        let (reply, _answer) = oneshot::channel();
        self.player
            .on_command(PlayerCommand::Autoplay(mode, reply), self.now);
    }

    /// The next request to the node.
    fn ask(&mut self) -> Option<UpdatePlayer> {
        self.asked += 1;
        match self.player.next_request(self.asked)?.1 {
            RequestBody::Update { body, .. } => Some(*body),
            RequestBody::Destroy | RequestBody::Plugin(_) => Some(UpdatePlayer::default()),
        }
    }

    fn answer(&mut self, connected: bool, track: Option<Playable>) {
        let remote = RemotePlayer {
            guild: Some(GUILD),
            track,
            volume: None,
            paused: self.player.paused,
            state: PlayerState {
                connected,
                position: self.player.position(self.now),
                ..PlayerState::default()
            },
            ..RemotePlayer::default()
        };
        self.player.on_response(Ok(Some(remote)), self.now);
    }

    fn refuse(&mut self, error: RequestError) {
        self.player.on_response(Err(error), self.now);
    }

    fn end(&mut self, name: &str, reason: impl Borrow<TrackEndReason>) -> TrackNote {
        self.player
            .on_track_end(&track(name), reason.borrow(), self.now)
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// The track of the next request, if it is a play.
    fn next_track(&mut self) -> Option<String> {
        let track = self.ask()?.track?;
        Some(track.encoded.as_deref().unwrap_or("nothing").to_owned())
    }
}

type Outcome = Result<Option<Arc<Playable>>, PlayerError>;

fn lost() -> RequestError {
    RequestError::Unreachable {
        node: "n0".into(),
        source: "the connection broke".into(),
    }
}

#[test]
fn nothing_is_played_outside_of_a_channel() {
    let mut stage = Stage::new();
    let mut played = stage.play("a");
    let outcome = played.try_recv().expect("at once");
    assert!(matches!(outcome, Err(PlayerError::InvalidChannelState(guild)) if guild == GUILD));
    assert!(stage.ask().is_none());
}

#[test]
fn a_track_asked_for_on_the_way_into_the_channel_waits_for_the_voice() {
    let mut stage = Stage::new();
    let _entered = stage.reply(|reply| PlayerCommand::Enter {
        channel: LOFT,
        self_deaf: Some(true),
        self_mute: None,
        within: Duration::from_secs(10),
        node: None,
        reply,
    });
    assert!(
        matches!(stage.player.next_output(), Some(Output::Voice(request)) if request.self_deaf)
    );
    let _played = stage.play("a");
    stage.player.assign("eu-1".into(), stage.now);
    assert!(stage.ask().is_none());
    stage
        .player
        .on_voice_server("vt".into(), Some("x".into()), stage.now);
    stage.player.on_voice_state(Some(LOFT), "vs", stage.now);
    assert!(stage.ask().expect("the pair").voice.is_some());
    assert!(stage.ask().is_none(), "one request at a time");
    stage.answer(true, None);
    assert_eq!(stage.next_track().as_deref(), Some("a"));
}

#[test]
fn a_channel_that_lets_nobody_in_times_out() {
    let mut stage = Stage::new();
    let mut entered = stage.reply(|reply| PlayerCommand::Enter {
        channel: LOFT,
        self_deaf: None,
        self_mute: None,
        within: Duration::from_secs(10),
        node: None,
        reply,
    });
    stage.pass(10);
    stage.player.on_deadline(stage.now);
    assert!(matches!(
        entered.try_recv(),
        Ok(Err(PlayerError::ChannelTimeout(_)))
    ));
}

#[test]
fn every_option_of_play_is_sent_and_silence_is_a_volume() {
    let mut stage = Stage::connected();
    let options = PlayOptions::new()
        .start(Duration::from_secs(5))
        .end(Duration::from_secs(30))
        .volume(0)
        .paused(true)
        .filters(Filters::new().volume(0.0))
        .replace(false);
    let _played = stage.reply(|reply| PlayerCommand::Play {
        track: Arc::new(track("a")),
        options,
        reply,
    });
    stage.asked += 1;
    let Some((_, RequestBody::Update { body, no_replace })) =
        stage.player.next_request(stage.asked)
    else {
        panic!("an update")
    };
    assert!(no_replace);
    assert_eq!(
        (body.position, body.end_time, body.volume, body.paused),
        (Some(5000), Some(30_000), Some(0), Some(true))
    );
    let json = serde_json::to_value(&body).expect("JSON");
    assert_eq!(json["filters"]["volume"], 0.0);
    assert_eq!(json["track"]["encoded"], "a");
}

#[test]
fn a_refused_track_is_rolled_back() {
    let mut stage = Stage::playing("a");
    let mut played = stage.play("b");
    stage.ask().expect("the track");
    stage.refuse(RequestError::Lavalink(Failure {
        status: 400,
        ..Failure::default()
    }));
    assert!(matches!(
        played.try_recv(),
        Ok(Err(PlayerError::Request(_)))
    ));
    assert_eq!(
        stage.player.current().map(|track| &*track.encoded),
        Some("a")
    );
}

#[test]
fn an_end_that_comes_before_the_answer_counts() {
    let mut stage = Stage::connected();
    let _played = stage.play("a");
    stage.ask().expect("the track");
    stage.player.on_track_start(track("a"), stage.now);
    stage.end("a", TrackEndReason::LoadFailed);
    stage.answer(true, None);
    assert!(stage.player.current().is_none());
}

#[test]
fn the_end_of_a_replaced_track_has_its_own_original() {
    let mut stage = Stage::playing("a");
    let _played = stage.play("b");
    stage.ask().expect("the track");
    let ended = stage.end("a", TrackEndReason::Replaced);
    assert_eq!(
        ended.original.as_ref().map(|track| &*track.encoded),
        Some("a")
    );
    let started = stage.player.on_track_start(track("b"), stage.now);
    assert_eq!(
        started.original.as_ref().map(|track| &*track.encoded),
        Some("b")
    );
    assert!(!started.restored);
}

#[test]
fn stopping_is_not_skipping() {
    for (skip, expected) in [(false, None), (true, Some("b".to_owned()))] {
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put("b");
        let mut stopped = stage.reply(|reply| {
            if skip {
                PlayerCommand::Skip { force: true, reply }
            } else {
                PlayerCommand::Stop { reply }
            }
        });
        assert_eq!(stage.next_track().as_deref(), Some("nothing"));
        stage.end("a", TrackEndReason::Stopped);
        stage.answer(true, None);
        // The end event came before the response, and the result is the same.
        let was = stopped.try_recv().expect("answered").expect("done");
        assert_eq!(was.as_deref().map(|track| &*track.encoded), Some("a"));
        assert_eq!(stage.next_track(), expected, "skip: {skip}");
    }
}

#[test]
fn a_track_that_ends_by_itself_before_its_stop_is_heard_starts_nothing() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    let _stopped = stage.reply(|reply| PlayerCommand::Stop { reply });
    assert_eq!(stage.next_track().as_deref(), Some("nothing"));
    stage.end("a", TrackEndReason::Finished);
    stage.answer(true, None);
    assert_eq!(stage.next_track(), None, "it was stopped");
}

#[test]
fn a_stop_that_was_not_sent_does_not_hold_back_the_queue() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    // The client is gone before the request is sent.
    drop(stage.reply(|reply| PlayerCommand::Stop { reply }));
    assert_eq!(stage.next_track(), None);
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}

#[test]
fn a_stop_that_was_not_sent_does_not_make_a_skip_behind_it_a_stop() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    drop(stage.reply(|reply| PlayerCommand::Stop { reply }));
    let _skipped = stage.reply(|reply| PlayerCommand::Skip { force: true, reply });
    assert_eq!(stage.next_track().as_deref(), Some("nothing"));
    stage.end("a", TrackEndReason::Stopped);
    stage.answer(true, None);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}

#[test]
fn recommendations_found_after_a_stop_are_not_played() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Enabled);
    stage.end("a", TrackEndReason::Finished);
    assert!(matches!(
        stage.player.next_output(),
        Some(Output::Recommend(_))
    ));
    let mut stopped = stage.reply(|reply| PlayerCommand::Stop { reply });
    assert!(stopped.try_recv().expect("nothing plays").is_ok());
    stage.player.on_recommended(vec![track("x")], stage.now);
    assert_eq!(stage.next_track(), None);
}

#[test]
fn a_stop_by_another_program_starts_nothing() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    stage.end("a", TrackEndReason::Stopped);
    assert_eq!(stage.next_track(), None);
}

#[test]
fn a_skip_leaves_a_loop_only_by_force() {
    for (force, expected) in [(false, "a"), (true, "b")] {
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put("b");
        let change = QueueChange(Box::new(|queue, _| queue.set_mode(QueueMode::Loop)));
        stage
            .player
            .on_command(PlayerCommand::Queue(change), stage.now);
        let _skipped = stage.reply(|reply| PlayerCommand::Skip { force, reply });
        stage.ask().expect("the stop");
        stage.end("a", TrackEndReason::Stopped);
        stage.answer(true, None);
        assert_eq!(stage.next_track().as_deref(), Some(expected));
    }
}

#[test]
fn every_end_reason_has_its_consequence() {
    use AutoPlayMode::{Disabled, Partial};
    for (mode, reason, expected) in [
        (Partial, TrackEndReason::Finished, Some("b")),
        (Partial, TrackEndReason::LoadFailed, Some("b")),
        (Partial, TrackEndReason::Stopped, None),
        (Partial, TrackEndReason::Replaced, None),
        (Partial, TrackEndReason::Cleanup, None),
        (Partial, TrackEndReason::Other("evicted".into()), None),
        (Disabled, TrackEndReason::Finished, None),
        (Disabled, TrackEndReason::LoadFailed, None),
    ] {
        let mut stage = Stage::playing("a");
        stage.autoplay(mode);
        stage.put("b");
        stage.end("a", reason.clone());
        assert_eq!(stage.next_track().as_deref(), expected, "{mode:?} {reason}");
    }
}

#[test]
fn three_tracks_that_fail_in_a_row_are_enough() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("bcde");
    stage.end("a", TrackEndReason::LoadFailed);
    for name in ["b", "c"] {
        assert_eq!(stage.next_track().as_deref(), Some(name));
        stage.answer(true, Some(track(name)));
        stage.end(name, TrackEndReason::LoadFailed);
    }
    assert_eq!(stage.next_track(), None);
    assert!(stage.player.deadline().is_some(), "it is idle");
}

#[test]
fn recommendations_play_when_the_queue_is_empty() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Enabled);
    stage.end("a", TrackEndReason::Finished);
    let Some(Output::Recommend(queries)) = stage.player.next_output() else {
        panic!("recommendations are asked for")
    };
    assert_eq!(queries, ["https://music.youtube.com/watch?v=a8&list=RDa"]);
    stage
        .player
        .on_recommended(vec![track("a"), track("x")], stage.now);
    assert_eq!(
        stage.next_track().as_deref(),
        Some("x"),
        "what was heard is left out"
    );
    let newest = stage.player.runs.newest().expect("on its way");
    assert!(newest.track.recommended);
}

#[test]
fn an_idle_player_is_told_on_once_and_a_track_prevents_it() {
    let mut stage = Stage::playing("a");
    stage.end("a", TrackEndReason::Finished);
    let due = stage.player.deadline().expect("idle");
    assert_eq!(due, stage.now + Duration::from_secs(300));
    stage.now = due;
    stage.player.on_deadline(stage.now);
    assert!(matches!(stage.player.next_output(), Some(Output::Inactive)));
    assert_eq!(stage.player.deadline(), None);
    stage.player.on_track_start(track("b"), stage.now);
    stage.end("b", TrackEndReason::Finished);
    stage.player.on_track_start(track("c"), stage.now);
    assert_eq!(stage.player.deadline(), None);
}

#[test]
fn nobody_who_listens_is_told_after_three_tracks() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("bcd");
    let (reply, _answer) = oneshot::channel();
    stage
        .player
        .on_command(PlayerCommand::Listeners(Some(0), reply), stage.now);
    stage.end("a", TrackEndReason::Finished);
    for name in ["b", "c"] {
        assert_eq!(stage.next_track().as_deref(), Some(name));
        stage.answer(true, Some(track(name)));
        stage.player.on_track_start(track(name), stage.now);
        stage.end(name, TrackEndReason::Finished);
    }
    assert!(matches!(stage.player.next_output(), Some(Output::Inactive)));
    assert_eq!(stage.next_track(), None);
}

#[test]
fn position_follows_the_clock_the_pause_and_the_speed() {
    let mut stage = Stage::playing("a");
    let update = |position| PlayerState {
        position,
        connected: true,
        ..PlayerState::default()
    };
    stage.player.on_update(update(1000), stage.now);
    stage.pass(2);
    assert_eq!(stage.player.position(stage.now), 3000);
    let _paused = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Pause(true),
        reply,
    });
    stage.ask().expect("the pause");
    let remote = RemotePlayer {
        track: Some(track("a")),
        paused: true,
        state: update(3000),
        ..RemotePlayer::default()
    };
    stage.player.on_response(Ok(Some(remote)), stage.now);
    stage.pass(60);
    assert_eq!(
        stage.player.position(stage.now),
        3000,
        "it does not move while paused"
    );
    stage.player.paused = false;
    stage.player.filters = Arc::new(Filters::new().timescale(Timescale::new().speed(2.0)));
    stage.player.on_update(update(3000), stage.now);
    stage.pass(1);
    assert_eq!(stage.player.position(stage.now), 5000);
    stage.pass(600);
    assert_eq!(
        stage.player.position(stage.now),
        60_000,
        "never beyond the end"
    );
}

#[test]
fn a_seek_without_a_track_does_nothing() {
    let mut stage = Stage::connected();
    let mut sought = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Seek(5),
        reply,
    });
    assert!(matches!(sought.try_recv(), Ok(Ok(None))));
    assert!(stage.ask().is_none());
}

#[test]
fn filters_can_be_heard_at_once() {
    let mut stage = Stage::playing("a");
    stage.pass(3);
    let filters = Filters::new().timescale(Timescale::new().speed(1.5));
    let _set = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Filters {
            filters: Arc::new(filters.clone()),
            seek: true,
        },
        reply,
    });
    assert_eq!(stage.ask().expect("the filters").filters, Some(filters));
    stage.answer(true, Some(track("a")));
    assert!(stage.ask().expect("the seek").position.is_some());
}

#[test]
fn a_session_that_is_invalid_is_asked_for_anew_and_a_call_that_ended_is_not() {
    for (code, asks) in [
        (4006, true),
        (4009, true),
        (4021, false),
        (4022, false),
        (4999, false),
        (1000, false),
    ] {
        let mut stage = Stage::playing("a");
        stage
            .player
            .on_voice_closed(DiscordVoiceCloseType(code), true, stage.now);
        let asked = matches!(stage.player.next_output(), Some(Output::Voice(request)) if request.channel == Some(LOFT));
        assert_eq!(asked, asks, "{code}");
    }
}

#[test]
fn a_voice_that_is_closed_twice_is_asked_for_anew_once() {
    for code in [4006, 4009] {
        let mut stage = Stage::playing("a");
        for _ in 0..3 {
            let code = DiscordVoiceCloseType(code);
            stage.player.on_voice_closed(code, true, stage.now);
        }
        let asked = std::iter::from_fn(|| stage.player.next_output());
        let asked = asked.filter(|output| matches!(output, Output::Voice(_)));
        assert_eq!(asked.count(), 1, "{code}");
    }
}

#[test]
fn a_dragged_player_waits_for_a_fresh_pair_and_plays_on() {
    let mut stage = Stage::playing("a");
    stage
        .player
        .on_voice_closed(DiscordVoiceCloseType::DISCONNECTED, true, stage.now);
    assert!(!stage.player.is_gone);
    let hall = ChannelId::new(78);
    stage.player.on_voice_state(Some(hall), "vs", stage.now);
    assert!(
        stage.ask().is_none(),
        "the old server is not paired with the new channel"
    );
    stage.player.on_voice_server(
        "vt2".into(),
        Some("c-fra01.discord.media".into()),
        stage.now,
    );
    let voice = stage.ask().expect("the new pair").voice.expect("voice");
    assert_eq!((&*voice.token, voice.channel_id), ("vt2", hall.to_string()));
    assert_eq!(
        stage.player.current().map(|track| &*track.encoded),
        Some("a")
    );
}

#[test]
fn a_kicked_player_is_ended_at_its_node() {
    let mut stage = Stage::playing("a");
    let mut waiting = stage.play("b");
    stage.player.on_voice_state(None, "vs", stage.now);
    assert!(matches!(
        waiting.try_recv(),
        Ok(Err(PlayerError::Disconnected(_)))
    ));
    stage.asked += 1;
    assert!(matches!(
        stage.player.next_request(stage.asked),
        Some((_, RequestBody::Destroy))
    ));
    assert!(!stage.player.is_over());
    stage.player.on_response(Ok(None), stage.now);
    assert!(stage.player.is_over());
}

#[test]
fn a_restored_player_has_all_it_had_in_one_request_and_no_second_original() {
    let mut stage = Stage::playing("a");
    stage.put("b");
    stage.player.volume = 40;
    stage.player.filters = Arc::new(Filters::new().volume(0.5));
    stage.player.on_update(
        PlayerState {
            position: 9000,
            connected: true,
            ..PlayerState::default()
        },
        stage.now,
    );
    stage.pass(1);
    stage
        .player
        .restore("us-1".into(), Some(MoveReason::NodeLost), stage.now, None);
    stage.pass(20);
    let body = stage.ask().expect("all of it");
    assert_eq!(
        body.track.and_then(|track| track.encoded).as_deref(),
        Some("a")
    );
    assert_eq!(
        (body.position, body.volume, body.paused),
        (Some(10_000), Some(40), Some(false))
    );
    assert!(body.voice.is_some() && body.filters == Some(Filters::new().volume(0.5)));
    let started = stage.player.on_track_start(track("a"), stage.now);
    assert!(started.restored && started.original.is_some());
    stage.answer(true, Some(track("a")));
    let moved = stage.player.next_output();
    assert!(
        matches!(
            moved,
            Some(Output::Migrated {
                position: Some(10_000),
                reason: MoveReason::NodeLost,
                ..
            })
        ),
        "{moved:?}"
    );
    assert_eq!(stage.player.queue.count(), 1);
    assert_eq!(
        stage.player.queue.history().map(Queue::count),
        Some(1),
        "no second entry"
    );
}

#[test]
fn what_was_asked_for_while_the_node_was_lost_is_done_after_the_move() {
    let mut stage = Stage::playing("a");
    let mut played = stage.play("b");
    stage.ask().expect("the track, whose answer is lost");
    let mut set = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Volume(7),
        reply,
    });
    stage
        .player
        .restore("us-1".into(), Some(MoveReason::NodeLost), stage.now, None);
    assert_eq!(stage.next_track().as_deref(), Some("a"));
    stage.answer(true, Some(track("a")));
    assert_eq!(stage.next_track().as_deref(), Some("b"));
    stage.end("a", TrackEndReason::Replaced);
    let started = stage.player.on_track_start(track("b"), stage.now);
    assert!(started.original.is_some() && !started.restored);
    stage.answer(true, Some(track("b")));
    assert_eq!(stage.ask().expect("the volume").volume, Some(7));
    stage.answer(true, Some(track("b")));
    assert!(played.try_recv().expect("answered").is_ok());
    assert!(set.try_recv().expect("answered").is_ok());
}

#[test]
fn a_position_is_kept_now_and_then() {
    let mut stage = Stage::playing("a");
    stage.player.dirty = false;
    for second in [10, 10, 10] {
        assert!(!stage.player.dirty);
        stage.pass(second);
        let update = PlayerState {
            position: 1000,
            connected: true,
            ..PlayerState::default()
        };
        stage.player.on_update(update, stage.now);
    }
    assert!(stage.player.dirty);
}

#[test]
fn what_nobody_waits_for_any_more_is_not_done() {
    let mut stage = Stage::playing("a");
    let first = stage.play("b");
    let _second = stage.play("c");
    drop(first);
    assert_eq!(stage.next_track().as_deref(), Some("c"));
}

#[test]
fn the_next_track_is_tried_again_after_a_lost_request() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
    stage.refuse(lost());
    assert_eq!(stage.next_track(), None, "it rests first");
    let due = stage.player.deadline().expect("a pause");
    stage.player.on_deadline(due);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}

#[test]
fn a_kept_player_is_adopted_without_a_request() {
    let mut stage = Stage::playing("a");
    stage.put("bc");
    let filters = Filters::new().volume(0.5);
    stage.player.filters = Arc::new(filters.clone());
    stage.autoplay(AutoPlayMode::Partial);
    let kept = stage.player.saved(stage.now);
    assert!(
        !String::from_utf8_lossy(&kept).contains("vt"),
        "no token is kept"
    );
    let player = read_saved(GUILD, &kept, rules(), Rng::with_seed(2), stage.now).expect("kept");
    let mut stage = Stage {
        player,
        now: stage.now,
        asked: 0,
    };
    let remote = RemotePlayer {
        guild: Some(GUILD),
        track: Some(track("a")),
        volume: Some(100),
        state: PlayerState {
            position: 7000,
            connected: true,
            ..PlayerState::default()
        },
        filters: Some(Filters::new()),
        voice: Some(crate::wire::Voice {
            token: "vt".into(),
            endpoint: "c-fra01.discord.media".into(),
            session_id: "vs".into(),
            channel_id: LOFT.to_string(),
        }),
        ..RemotePlayer::default()
    };
    stage.player.reconcile(Some(remote), stage.now);
    assert!(stage.ask().is_none() && stage.player.next_output().is_none());
    assert_eq!(stage.player.position(stage.now), 7000);
    assert_eq!(*stage.player.filters, filters);
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}

#[test]
fn a_kept_player_that_its_node_lost_asks_for_voice_and_goes_on() {
    let mut stage = Stage::playing("a");
    stage.player.on_update(
        PlayerState {
            position: 5000,
            connected: true,
            ..PlayerState::default()
        },
        stage.now,
    );
    let kept = stage.player.saved(stage.now);
    let player = read_saved(GUILD, &kept, rules(), Rng::with_seed(2), stage.now).expect("kept");
    let mut stage = Stage {
        player,
        now: stage.now,
        asked: 0,
    };
    stage.player.reconcile(None, stage.now);
    assert!(stage.ask().is_none() && stage.player.lacks_voice());
    stage.player.ask_voice_anew(stage.now);
    assert!(matches!(stage.player.next_output(), Some(Output::Voice(_))));
    stage.player.on_voice_state(Some(LOFT), "new", stage.now);
    stage
        .player
        .on_voice_server("new".into(), Some("x".into()), stage.now);
    let body = stage.ask().expect("all of it");
    assert_eq!(body.position, Some(5000));
    assert!(body.track.is_some());
    assert!(stage.ask().is_none());
}

#[test]
fn a_gone_player_is_not_kept() {
    let mut stage = Stage::playing("a");
    let _gone = stage.reply(|reply| PlayerCommand::Disconnect { reply });
    let kept = stage.player.saved(stage.now);
    assert!(read_saved(GUILD, &kept, rules(), Rng::with_seed(2), stage.now).is_none());
    assert!(read_saved(GUILD, b"{}", rules(), Rng::with_seed(2), stage.now).is_none());
    assert!(read_saved(GUILD, b"<", rules(), Rng::with_seed(2), stage.now).is_none());
}

#[test]
fn those_who_wait_for_a_track_get_it_and_those_who_left_lose_none() {
    let mut stage = Stage::connected();
    let (reply, first) = oneshot::channel();
    stage
        .player
        .on_command(PlayerCommand::GetWait(reply), stage.now);
    let (reply, mut second) = oneshot::channel();
    stage
        .player
        .on_command(PlayerCommand::GetWait(reply), stage.now);
    drop(first);
    stage.put("ab");
    let got = second.try_recv().expect("served").expect("a track");
    assert_eq!(stage.player.queue.count(), 1);
    assert!(matches!(&*got.encoded, "a" | "b"));
}

/// Inputs of a player, in any order.
#[derive(Clone, Debug)]
enum Input {
    Play(u8),
    Put(u8),
    Start(u8),
    End(u8, u8),
    Answer(bool),
    Refuse(bool),
    Request,
    Stop,
    Skip(bool),
    Mode(u8),
    Autoplay(u8),
    Update(i64, bool),
    State(u8),
    Server(bool),
    Closed(u16),
    Reconcile(Option<u8>),
    Restore,
    Save,
    Pass(u64),
}

fn any_happening() -> impl Strategy<Value = Input> {
    prop_oneof![
        (0..4_u8).prop_map(Input::Play),
        (0..4_u8).prop_map(Input::Put),
        (0..4_u8).prop_map(Input::Start),
        (0..4_u8, 0..6_u8).prop_map(|(track, reason)| Input::End(track, reason)),
        any::<bool>().prop_map(Input::Answer),
        any::<bool>().prop_map(Input::Refuse),
        Just(Input::Request),
        Just(Input::Request),
        Just(Input::Request),
        Just(Input::Stop),
        any::<bool>().prop_map(Input::Skip),
        (0..3_u8).prop_map(Input::Mode),
        (0..3_u8).prop_map(Input::Autoplay),
        (any::<i64>(), any::<bool>())
            .prop_map(|(position, connected)| Input::Update(position, connected)),
        (0..3_u8).prop_map(Input::State),
        any::<bool>().prop_map(Input::Server),
        any::<u16>().prop_map(Input::Closed),
        proptest::option::of(0..4_u8).prop_map(Input::Reconcile),
        Just(Input::Restore),
        Just(Input::Save),
        (0..400_u64).prop_map(Input::Pass),
    ]
}

fn reason(number: u8) -> TrackEndReason {
    let reasons = [
        "finished",
        "loadFailed",
        "stopped",
        "replaced",
        "cleanup",
        "other",
    ];
    reasons[usize::from(number) % reasons.len()].into()
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order_a_player_stays_sound(inputs in proptest::collection::vec(any_happening(), 0..80)) {
        let mut stage = Stage::connected();
        for input in inputs {
            let name = |number: u8| number.to_string();
            match input {
                Input::Play(number) => drop(stage.play(&name(number))),
                Input::Put(number) => stage.put(&name(number)),
                Input::Start(number) => drop(stage.player.on_track_start(track(&name(number)), stage.now)),
                Input::End(number, operation) => {
                    let before = stage.player.queue.history().map(Queue::count);
                    let noted = stage.end(&name(number), reason(operation));
                    // An original is always the track of the event.
                    prop_assert!(noted.original.is_none_or(|original| *original.encoded == *name(number)));
                    prop_assert!(stage.player.queue.history().map(Queue::count) <= before, "an end adds no history");
                }
                Input::Answer(connected) => {
                    let current = stage.player.current().map(|track| (**track).clone());
                    stage.answer(connected, current);
                }
                Input::Refuse(transient) => stage.refuse(if transient { lost() } else { RequestError::Invalid("x".into()) }),
                Input::Request => { stage.ask(); }
                Input::Stop => drop(stage.reply(|reply| PlayerCommand::Stop { reply })),
                Input::Skip(force) => drop(stage.reply(|reply| PlayerCommand::Skip { force, reply })),
                Input::Mode(mode) => {
                    let change = QueueChange(Box::new(move |queue, _| queue.set_mode(QueueMode::of(mode))));
                    stage.player.on_command(PlayerCommand::Queue(change), stage.now);
                }
                Input::Autoplay(mode) => stage.autoplay(match mode {
                    0 => AutoPlayMode::Enabled,
                    1 => AutoPlayMode::Partial,
                    _ => AutoPlayMode::Disabled,
                }),
                Input::Update(position, connected) => {
                    stage.player.on_update(PlayerState { position, connected, ..PlayerState::default() }, stage.now);
                }
                Input::State(channel) => {
                    let channel = (channel > 0).then(|| ChannelId::new(76 + u64::from(channel)));
                    stage.player.on_voice_state(channel, "vs", stage.now);
                }
                Input::Server(there) => {
                    stage.player.on_voice_server("t".into(), there.then(|| "x".into()), stage.now);
                }
                Input::Closed(code) => stage.player.on_voice_closed(DiscordVoiceCloseType(code), true, stage.now),
                Input::Reconcile(number) => {
                    let remote = number.map(|number| RemotePlayer { track: Some(track(&name(number))), ..RemotePlayer::default() });
                    stage.player.reconcile(remote.or_else(|| Some(RemotePlayer::default())), stage.now);
                }
                Input::Restore => stage.player.restore("us-1".into(), Some(MoveReason::Drained), stage.now, None),
                Input::Save => {
                    let kept = stage.player.saved(stage.now);
                    let back = read_saved(GUILD, &kept, rules(), Rng::with_seed(1), stage.now);
                    prop_assert_eq!(back.is_none(), stage.player.is_gone);
                    if let Some(back) = back {
                        prop_assert_eq!(back.queue.count(), stage.player.queue.count());
                        prop_assert_eq!(back.queue.mode(), stage.player.queue.mode());
                    }
                }
                Input::Pass(seconds) => {
                    stage.pass(seconds);
                    stage.player.on_deadline(stage.now);
                }
            }
            prop_assert!(stage.player.requests.len() <= MAX_REQUESTS + 4);
            let position = stage.player.position(stage.now);
            prop_assert!((0..=i64::MAX).contains(&position));
            prop_assert!(!stage.player.is_over() || stage.ask().is_none());
        }
    }
}

#[test]
fn an_idle_player_keeps_no_room_for_what_is_done() {
    let mut stage = Stage::connected();
    stage.player.slim();
    let player = &stage.player;
    assert_eq!(
        (
            player.requests.capacity(),
            player.outputs.capacity(),
            player.entering.capacity()
        ),
        (0, 0, 0)
    );
    let other = Stage::new().player;
    assert!(Arc::ptr_eq(&player.filters, &other.filters));
}

#[test]
fn a_track_on_its_way_keeps_its_original_when_another_plays_at_the_node() {
    let mut stage = Stage::playing("a");
    let mut played = stage.play("b");
    let remote = RemotePlayer {
        guild: Some(GUILD),
        track: Some(track("x")),
        ..RemotePlayer::default()
    };
    stage.player.reconcile(Some(remote), stage.now);
    let current = |stage: &Stage| {
        stage
            .player
            .current()
            .map(|track| track.encoded.to_string())
    };
    assert_eq!(current(&stage).as_deref(), Some("x"));
    stage.ask().expect("the track");
    stage.end("x", TrackEndReason::Replaced);
    stage.answer(true, Some(track("b")));
    assert!(played.try_recv().expect("answered").is_ok());
    assert_eq!(current(&stage).as_deref(), Some("b"));
    let noted = stage.player.on_track_start(track("b"), stage.now);
    assert!(noted.original.is_some(), "it is our own");
}

/// A sequence of frames and responses; the file names its source.
struct Case {
    steps: Vec<serde_json::Value>,
    track: Playable,
}

impl Case {
    fn read(file: &str) -> Self {
        let mut case: serde_json::Value = serde_json::from_str(file).expect("JSON");
        let steps = case["sequence"].take();
        let track = steps[0]["track"].to_string();
        let track: crate::wire::Track<'_> = serde_json::from_str(&track).expect("a track");
        Self {
            track: track.into(),
            steps: steps.as_array().cloned().expect("a list"),
        }
    }
}

impl Stage {
    fn current(&self) -> Option<&str> {
        self.player.current().map(|track| &*track.encoded)
    }

    fn start(&mut self, name: &str) -> TrackNote {
        self.player.on_track_start(track(name), self.now)
    }

    /// The player as the node reports it, with a position in milliseconds.
    fn update(&mut self, position: i64) {
        let state = PlayerState {
            position,
            connected: true,
            ..PlayerState::default()
        };
        self.player.on_update(state, self.now);
    }

    /// Runs the steps of a case until `ms`; every request gets its response at once.
    fn run_until(&mut self, case: &Case, since: Instant, ms: u64) {
        for step in &case.steps {
            let Some(at) = step["at_ms"].as_u64() else {
                panic!("a step without a time")
            };
            let at = since + Duration::from_millis(at);
            if at < self.now || at > since + Duration::from_millis(ms) {
                continue;
            }
            self.now = at;
            let frame = &step["frame"];
            let mut kept = None;
            match (step["do"].as_str(), frame["type"].as_str()) {
                (Some("player.play(track)"), _) => {
                    let track = Arc::new(case.track.clone());
                    kept = Some(self.reply(|reply| PlayerCommand::Play {
                        track,
                        options: PlayOptions::new(),
                        reply,
                    }));
                }
                (Some("player.stop()"), _) => {
                    kept = Some(self.reply(|reply| PlayerCommand::Stop { reply }));
                }
                (_, Some("TrackStartEvent")) => {
                    self.player.on_track_start(case.track.clone(), self.now);
                }
                (_, Some("TrackEndEvent")) => {
                    let reason = frame["reason"].as_str().expect("a text").into();
                    self.player.on_track_end(&case.track, &reason, self.now);
                }
                _ if frame["op"] == "playerUpdate" => {
                    self.update(frame["state"]["position"].as_i64().expect("a number"));
                }
                _ => {}
            }
            if let Some(body) = self.ask() {
                let plays = body.track.expect("a track").encoded.is_some();
                self.answer(true, plays.then(|| case.track.clone()));
            }
            drop(kept);
        }
        self.now = since + Duration::from_millis(ms);
    }
}

#[test]
fn a_start_that_is_told_twice_is_one_run() {
    let case = Case::read(include_str!(
        "../../../../fixtures/lavalink/cases/track-start-twice.json"
    ));
    let mut stage = Stage::connected();
    let since = stage.now;
    stage.run_until(&case, since, 4300);
    assert_eq!(stage.current(), Some(&*case.track.encoded));
    let position = stage.player.position(stage.now);
    assert!((4180..=4400).contains(&position), "{position}");
    stage.now = since + Duration::from_millis(8999);
    stage.run_until(&case, since, 9100);
    assert_eq!(stage.current(), None);
    assert_eq!(stage.player.position(stage.now), 0);
}

#[test]
fn an_answer_without_a_track_ends_what_played() {
    let mut case = Case::read(include_str!(
        "../../../../fixtures/lavalink/cases/stop-answer-without-track.json"
    ));
    for (step, at) in case.steps.iter_mut().zip([0, 20, 40, 5000]) {
        step["at_ms"] = at.into();
    }
    case.steps.truncate(4);
    let mut stage = Stage::connected();
    let since = stage.now;
    stage.run_until(&case, since, 4999);
    assert!(stage.current().is_some());
    stage.run_until(&case, since, 5001);
    assert_eq!(stage.current(), None);
    stage.pass(6);
    assert_eq!(stage.player.position(stage.now), 0, "it stands");
    assert!(stage.player.deadline().is_some(), "it is idle");
}

#[test]
fn a_track_that_was_started_twice_is_followed_by_the_next() {
    for starts in 1..4 {
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put("b");
        for _ in 1..starts {
            assert!(stage.start("a").original.is_some(), "it is our own");
        }
        stage.end("a", TrackEndReason::Finished);
        assert_eq!(stage.next_track().as_deref(), Some("b"), "{starts} starts");
    }
}

#[test]
fn a_repeated_end_is_followed_by_nothing_more() {
    for (reason, queue) in [("finished", "aa"), ("finished", "bc"), ("loadFailed", "bc")] {
        let reason = TrackEndReason::from(reason);
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put(queue);
        let first = stage.end("a", &reason);
        let errors = stage.player.errors;
        for _ in 0..3 {
            let again = stage.end("a", &reason);
            assert_eq!(again.original, first.original, "it keeps its original");
        }
        assert_eq!(stage.player.errors, errors);
        let next = &queue[..1];
        assert_eq!(stage.next_track().as_deref(), Some(next));
        stage.end("a", &reason);
        stage.start(next);
        stage.answer(true, Some(track(next)));
        assert_eq!(stage.current(), Some(next));
        assert_eq!(stage.player.queue.count(), 1, "{reason} {queue}");
    }
}

#[test]
fn a_start_after_its_end_plays_nothing_unless_the_node_says_so() {
    for plays in [false, true] {
        let mut stage = Stage::connected();
        let _played = stage.play("a");
        stage.ask().expect("the track");
        stage.answer(true, Some(track("a")));
        stage.end("a", TrackEndReason::Finished);
        let late = stage.start("a");
        assert!(late.original.is_some(), "it keeps its original");
        assert_eq!(stage.current(), None);
        assert!(stage.player.take_needs_comparison() && !stage.player.take_needs_comparison());
        let remote = RemotePlayer {
            track: plays.then(|| track("a")),
            ..RemotePlayer::default()
        };
        stage.player.reconcile(Some(remote), stage.now);
        assert_eq!(stage.current(), plays.then_some("a"));
    }
}

#[test]
fn a_start_without_the_end_before_it_leaves_one_track() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    // Another program plays x, and the end of a is lost or late.
    stage.start("x");
    assert_eq!(stage.current(), Some("x"));
    assert!(stage.start("a").original.is_some(), "a repeat of what was");
    assert_eq!(stage.current(), Some("x"));
    let noted = stage.end("a", TrackEndReason::Replaced);
    assert!(noted.original.is_some());
    assert_eq!(stage.current(), Some("x"));
    stage.end("x", TrackEndReason::Finished);
    assert_eq!(stage.current(), None);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}

#[test]
fn an_update_after_the_end_moves_nothing() {
    let mut stage = Stage::playing("a");
    stage.update(30_000);
    stage.end("a", TrackEndReason::Finished);
    stage.update(31_000);
    stage.pass(5);
    assert_eq!(stage.player.position(stage.now), 0);
    // An exception of the previous track does not start the next one either.
    let mut stage = Stage::playing("a");
    let _played = stage.play("b");
    stage.ask().expect("the track");
    stage.answer(true, Some(track("b")));
    let position = stage.player.position(stage.now);
    stage.update(30_000);
    assert_eq!(stage.player.position(stage.now), position);
    stage.end("a", TrackEndReason::Replaced);
    stage.start("b");
    stage.update(1_000);
    assert_eq!(stage.player.position(stage.now), 1_000);
}

#[test]
fn an_answer_that_events_overtook_sets_nothing_back() {
    let mut stage = Stage::connected();
    let _played = stage.play("a");
    stage.ask().expect("the track");
    stage.start("a");
    stage.pass(5);
    stage.update(5_000);
    let remote = RemotePlayer {
        track: Some(track("a")),
        ..RemotePlayer::default()
    };
    stage.player.on_response(Ok(Some(remote)), stage.now);
    assert_eq!(stage.player.position(stage.now), 5_000);
    assert!(stage.player.connected, "the update is newer");
    // A track that ended before a response to another request does not come back by it.
    let _set = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Volume(5),
        reply,
    });
    stage.ask().expect("the volume");
    stage.end("a", TrackEndReason::Finished);
    stage.answer(true, Some(track("a")));
    assert_eq!(stage.current(), None);
    assert!(!stage.player.take_needs_comparison());
}

#[test]
fn another_track_in_an_answer_is_asked_about_although_an_update_came_since() {
    let mut stage = Stage::playing("a");
    let _set = stage.reply(|reply| PlayerCommand::Change {
        operation: Operation::Volume(5),
        reply,
    });
    stage.ask().expect("the volume");
    stage.update(5_000);
    stage.answer(true, Some(track("b")));
    assert!(stage.player.take_needs_comparison());
}

#[test]
fn a_track_that_is_gone_by_another_answer_waits_for_its_end_or_the_nodes_view() {
    for is_lost in [false, true] {
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put("b");
        let _set = stage.reply(|reply| PlayerCommand::Change {
            operation: Operation::Volume(5),
            reply,
        });
        stage.ask().expect("the volume");
        stage.answer(true, None);
        assert_eq!(stage.current(), None);
        assert_eq!(stage.next_track(), None, "its end may tell why");
        assert!(stage.player.take_needs_comparison());
        if is_lost {
            stage
                .player
                .reconcile(Some(RemotePlayer::default()), stage.now);
        } else {
            stage.end("a", TrackEndReason::Finished);
        }
        assert_eq!(stage.next_track().as_deref(), Some("b"), "lost: {is_lost}");
    }
}

#[test]
fn an_answer_without_a_track_leaves_what_began_since() {
    let mut stage = Stage::playing("a");
    let _stopped = stage.reply(|reply| PlayerCommand::Stop { reply });
    stage.ask().expect("the stop");
    stage.end("a", TrackEndReason::Stopped);
    stage.start("x");
    stage.answer(true, None);
    assert_eq!(stage.current(), Some("x"));
    // The queued request is sent as well.
    let mut stage = Stage::playing("a");
    let _stopped = stage.reply(|reply| PlayerCommand::Stop { reply });
    stage.ask().expect("the stop");
    let _played = stage.play("b");
    stage.answer(true, None);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
    stage.end("a", TrackEndReason::Stopped);
    stage.start("b");
    stage.answer(true, Some(track("b")));
    assert_eq!(stage.current(), Some("b"));
}

#[test]
fn a_skip_goes_on_by_the_answer_and_once() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("bc");
    let _skipped = stage.reply(|reply| PlayerCommand::Skip { force: true, reply });
    stage.ask().expect("the stop");
    stage.answer(true, None);
    assert_eq!(stage.next_track().as_deref(), Some("b"), "its end is late");
    let noted = stage.end("a", TrackEndReason::Stopped);
    assert!(noted.original.is_some());
    stage.start("b");
    stage.answer(true, Some(track("b")));
    assert_eq!(stage.current(), Some("b"));
    assert_eq!(stage.player.queue.count(), 1);
}

#[test]
fn a_play_whose_answer_was_lost_is_done_if_the_node_says_so() {
    for is_heard in [true, false] {
        let mut stage = Stage::connected();
        let mut played = stage.play("a");
        stage.ask().expect("the track");
        if is_heard {
            stage.start("a");
        }
        stage.refuse(lost());
        let outcome = played.try_recv().expect("answered");
        assert_eq!(outcome.is_ok(), is_heard);
        let error = outcome.err().map(|error| error.to_string());
        assert_eq!(stage.current(), is_heard.then_some("a"), "{error:?}");
        if !is_heard {
            assert!(stage.player.take_needs_comparison(), "the node knows");
            assert!(stage.start("a").original.is_some(), "it is our own");
        }
        assert_eq!(stage.current(), Some("a"));
    }
}

#[test]
fn a_stop_whose_answer_was_lost_is_done_if_the_node_says_so() {
    for (skip, is_heard) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut stage = Stage::playing("a");
        stage.autoplay(AutoPlayMode::Partial);
        stage.put("b");
        let mut stopped = stage.reply(|reply| {
            if skip {
                PlayerCommand::Skip { force: true, reply }
            } else {
                PlayerCommand::Stop { reply }
            }
        });
        stage.ask().expect("the stop");
        if is_heard {
            stage.end("a", TrackEndReason::Stopped);
        }
        stage.refuse(lost());
        assert_eq!(stopped.try_recv().expect("answered").is_ok(), is_heard);
        if !is_heard {
            stage.end("a", TrackEndReason::Stopped);
        }
        assert_eq!(stage.next_track(), skip.then(|| "b".to_owned()));
    }
}

#[test]
fn a_restored_track_that_began_twice_is_one_run() {
    let mut stage = Stage::playing("a");
    let now = stage.now;
    stage.player.restore("us-1".into(), None, now, None);
    stage.ask().expect("all of it");
    stage.refuse(lost());
    assert!(stage.start("a").restored, "it arrived");
    stage.pass(5);
    stage.player.on_deadline(stage.now);
    stage.ask().expect("once more");
    stage.end("a", TrackEndReason::Replaced);
    let again = stage.start("a");
    assert!(again.restored && again.original.is_some());
    stage.answer(true, Some(track("a")));
    assert_eq!(stage.current(), Some("a"));
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.current(), None);
}

#[test]
fn the_next_track_is_not_asked_for_again_once_it_began() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("b");
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
    stage.refuse(lost());
    stage.start("b");
    stage.pass(5);
    stage.player.on_deadline(stage.now);
    assert_eq!(stage.next_track(), None, "it plays");
    assert_eq!(stage.current(), Some("b"));
    let loaded = stage.player.queue.loaded();
    assert_eq!(loaded.map(|track| &*track.encoded), Some("b"));
}

/// A node that plays one track at a time; its frames wait to be read.
#[derive(Default)]
struct OddNode {
    track: Option<String>,
    events: VecDeque<Said>,
    /// The response to the request in flight.
    answer: Option<Answered>,
}

/// The node's track at the time of the response.
struct Answered(Option<Playable>);

#[derive(Clone)]
enum Said {
    Start(String),
    End(String, &'static str),
}

impl OddNode {
    fn hear(&mut self, body: &UpdatePlayer) {
        if let Some(track) = &body.track {
            let next = track.encoded.as_deref().map(str::to_owned);
            let operation = if next.is_some() {
                "replaced"
            } else {
                "stopped"
            };
            self.end(operation);
            self.track.clone_from(&next);
            self.events.extend(next.map(Said::Start));
        }
        self.answer = Some(Answered(self.track.as_deref().map(track)));
    }

    fn end(&mut self, operation: &'static str) {
        let ended = self.track.take();
        self.events
            .extend(ended.map(|track| Said::End(track, operation)));
    }

    fn said(stage: &mut Stage, said: &Said) {
        match said {
            Said::Start(name) => drop(stage.start(name)),
            Said::End(name, operation) => drop(stage.end(name, TrackEndReason::from(*operation))),
        }
    }

    /// Delivers all frames that wait, and sends the requests that follow.
    fn settle(&mut self, stage: &mut Stage) {
        for _ in 0..200 {
            if let Some(said) = self.events.pop_front() {
                Self::said(stage, &said);
            } else if let Some(Answered(track)) = self.answer.take() {
                stage.answer(true, track);
            } else if let Some(body) = stage.ask() {
                self.hear(&body);
            } else if stage.player.rests_until.is_some() {
                stage.pass(5);
                stage.player.on_deadline(stage.now);
            } else if stage.player.take_needs_comparison() {
                let remote = RemotePlayer {
                    track: self.track.as_deref().map(track),
                    ..RemotePlayer::default()
                };
                stage.player.reconcile(Some(remote), stage.now);
            } else {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

proptest! {
    /// Steps: 0 to 2 play, 3 to 5 queue, then stop, skip, end the track in two ways, read a frame, read it again, read
    /// a start again, read a response, lose a response, lose a request, send a request.
    #[test]
    fn a_node_that_repeats_itself_and_is_late_does_not_deceive(steps in proptest::collection::vec(0..19_usize, 0..60)) {
        let mut stage = Stage::connected();
        stage.autoplay(AutoPlayMode::Partial);
        let mut node = OddNode::default();
        let (mut last, mut start) = (None, None);
        let mut kept = Vec::new();
        for step in steps {
            match step {
                0..=2 => kept.push(stage.play(&step.to_string())),
                3..=5 => stage.put(&(step - 3).to_string()),
                6 => kept.push(stage.reply(|reply| PlayerCommand::Stop { reply })),
                7 => kept.push(stage.reply(|reply| PlayerCommand::Skip { force: true, reply })),
                8 => node.end("finished"),
                9 => node.end("loadFailed"),
                10 | 11 => if let Some(said) = node.events.pop_front() {
                    OddNode::said(&mut stage, &said);
                    if matches!(said, Said::Start(_)) {
                        start = Some(said.clone());
                    }
                    last = Some(said);
                },
                12 => if let Some(said) = &last {
                    OddNode::said(&mut stage, said);
                },
                13 => if let Some(said) = &start {
                    OddNode::said(&mut stage, said);
                },
                14 => if let Some(Answered(track)) = node.answer.take() {
                    stage.answer(true, track);
                },
                15 => if node.answer.take().is_some() {
                    stage.refuse(lost());
                },
                16 => if stage.ask().is_some() {
                    stage.refuse(lost());
                },
                _ => if let Some(body) = stage.ask() {
                    node.hear(&body);
                },
            }
        }
        node.settle(&mut stage);
        prop_assert_eq!(stage.current(), node.track.as_deref());
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Transitions.

/// A player whose node takes next tracks; it plays `a`, and was told of `b`, which stands before `c` in the queue.
fn told() -> Stage {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("bc");
    stage.player.features.has_next_track = true;
    let _set = stage.reply(|reply| PlayerCommand::Transition(Transition::Gapless, reply));
    stage.player.plan_next();
    let next = stage.ask().expect("the next track").next_track;
    let next = next.flatten().and_then(|next| next.encoded);
    assert_eq!(next.as_deref(), Some("b"));
    stage.answer(true, Some(track("a")));
    stage.player.plan_next();
    assert!(stage.ask().is_none(), "told once");
    stage
}

impl Stage {
    fn queued(&self) -> String {
        let tracks = self.player.queue.iter();
        tracks.map(|track| track.encoded.to_string()).collect()
    }
}

#[test]
fn a_node_that_goes_on_takes_the_track_out_of_the_queue_once() {
    let mut stage = told();
    stage.end("a", TrackEndReason::Gapless);
    assert_eq!((stage.current(), &*stage.queued()), (Some("b"), "c"));
    stage.end("a", TrackEndReason::Gapless);
    assert!(stage.start("b").original.is_some());
    stage.start("b");
    assert_eq!((stage.current(), &*stage.queued()), (Some("b"), "c"));
    assert!(!stage.player.take_needs_comparison());
    stage.player.plan_next();
    let body = stage.ask().expect("the track after it");
    assert!(body.track.is_none() && body.next_track.flatten().is_some());
}

#[test]
fn a_start_without_the_end_before_is_the_track_that_was_told() {
    let mut stage = told();
    assert!(stage.start("b").original.is_some());
    assert_eq!((stage.current(), &*stage.queued()), (Some("b"), "c"));
    let remote = RemotePlayer {
        track: Some(track("b")),
        ..RemotePlayer::default()
    };
    let mut stage = told();
    stage.player.reconcile(Some(remote), stage.now);
    assert_eq!((stage.current(), &*stage.queued()), (Some("b"), "c"));
}

#[test]
fn a_skip_on_its_way_leaves_the_track_that_it_hits_in_the_queue() {
    let mut stage = told();
    let _skipped = stage.reply(|reply| PlayerCommand::Skip { force: true, reply });
    assert_eq!(stage.next_track().as_deref(), Some("nothing"));
    stage.end("a", TrackEndReason::Gapless);
    stage.start("b");
    stage.end("b", TrackEndReason::Stopped);
    stage.answer(true, None);
    assert_eq!(stage.next_track().as_deref(), Some("b"), "it was not heard");
    assert_eq!(stage.queued(), "c");

    let mut stage = told();
    let _stopped = stage.reply(|reply| PlayerCommand::Stop { reply });
    assert_eq!(stage.next_track().as_deref(), Some("nothing"));
    stage.end("a", TrackEndReason::Gapless);
    stage.start("b");
    stage.end("b", TrackEndReason::Stopped);
    stage.answer(true, None);
    assert_eq!(stage.next_track(), None);
    assert_eq!((stage.current(), &*stage.queued()), (None, "bc"));
}

#[test]
fn a_play_takes_the_next_track_back() {
    let mut stage = told();
    let _played = stage.play("x");
    let body = stage.ask().expect("the track");
    assert!(body.track.is_some());
    assert!(
        matches!(body.next_track, Some(None)),
        "NodeLink keeps it otherwise"
    );
}

#[test]
fn a_node_that_refuses_the_next_track_is_asked_once_for_each_track() {
    let mut stage = Stage::playing("a");
    stage.autoplay(AutoPlayMode::Partial);
    stage.put("bc");
    stage.player.features.has_next_track = true;
    let _set = stage.reply(|reply| PlayerCommand::Transition(Transition::Gapless, reply));
    stage.player.plan_next();
    stage.ask().expect("the next track");
    stage.refuse(RequestError::Lavalink(Failure {
        status: 400,
        ..Failure::default()
    }));
    stage.player.plan_next();
    assert!(stage.ask().is_none());
    stage.end("a", TrackEndReason::Finished);
    assert_eq!(stage.next_track().as_deref(), Some("b"));
}
