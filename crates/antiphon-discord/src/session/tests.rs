//! The rules, one by one: plain calls, no runtime.

mod model;

use antiphon_core::{
    BodyForm, Draft, Entry, Event, Gap, OpenFailure, Payload as _, Position, Provenance,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use twilight_model::{gateway::Intents, id::Id};

use super::*;
use crate::{
    error::{MembersError, VoiceError},
    identify::Permit,
    model::{members::MemberQuery, voice::UpdateVoiceState},
};

const INTERVAL: u64 = 40;

/// A session with a clock to push and a journal that remembers.
struct Table {
    session: Session,
    now: Moment,
    stored: Vec<Entry>,
}

impl Table {
    fn new() -> Self {
        Self::with([0, 1], None)
    }

    fn with(shard: [u32; 2], checkpoint: Option<&Checkpoint>) -> Self {
        Self::of(
            Config::new("Bot canary-token", Intents::all()),
            shard,
            checkpoint,
        )
    }

    fn of(config: Config, shard: [u32; 2], checkpoint: Option<&Checkpoint>) -> Self {
        let now = Moment {
            at: Instant::now(),
            wall: "2026-01-01T00:00:00Z".parse().expect("a time"),
        };
        let rng = Rng::with_seed(1);
        let mut session = Session::new(
            Arc::new(config),
            shard,
            rng,
            "run".into(),
            Streams::default(),
            checkpoint,
        );
        session.start();
        Self {
            session,
            now,
            stored: Vec::new(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.at += time;
        self.now.wall += time;
    }

    fn frame(&mut self, frame: &Value) -> Result<(), Disconnect> {
        self.session.on_frame(&frame.to_string().into(), self.now)
    }

    fn say(&mut self, frame: &Value) {
        self.frame(frame).expect("no cut");
    }

    fn dispatch(&mut self, seq: u64, name: &str, data: &Value) {
        self.say(&json!({"t": name, "s": seq, "op": 0, "d": data}));
    }

    fn message(&mut self, seq: u64) {
        let data =
            json!({"id": seq.to_string(), "channel_id": "7", "guild_id": "42", "content": "x"});
        self.dispatch(seq, "MESSAGE_CREATE", &data);
    }

    /// Closes for this reason, as the loop does.
    fn gone(&mut self, disconnect: Disconnect) {
        self.session.on_disconnected(disconnect, self.now);
    }

    /// Frames that are to be sent.
    fn replies(&mut self) -> Vec<Value> {
        let replies = std::iter::from_fn(|| self.session.next_reply());
        replies
            .map(|reply| serde_json::from_str(&reply).expect("JSON"))
            .collect()
    }

    fn ops(&mut self) -> Vec<u64> {
        let replies = self.replies();
        replies
            .iter()
            .map(|reply| reply["op"].as_u64().expect("an op"))
            .collect()
    }

    /// Stores what is queued, and says so.
    fn store(&mut self) -> Vec<String> {
        let from = self.stored.len();
        self.stored
            .extend(std::iter::from_fn(|| self.session.outbox.take()));
        self.session
            .note_stored(self.checkpoint().map(|checkpoint| checkpoint.mark));
        let events = self.stored[from..]
            .iter()
            .filter_map(|entry| entry.event.as_ref());
        events.map(|draft| draft.kind.to_string()).collect()
    }

    fn checkpoint(&self) -> Option<&Checkpoint> {
        let mut checkpoints = self
            .stored
            .iter()
            .filter_map(|entry| entry.checkpoint.as_ref());
        checkpoints.rfind(|one| one.part.starts_with("shard/"))
    }

    fn gaps(&self) -> Vec<Gap> {
        let drafts = self.stored.iter().filter_map(|entry| entry.event.as_ref());
        let gaps = drafts.filter(|draft| draft.kind.as_str() == Gap::KIND);
        gaps.map(|draft| {
            let event = Event::stored(Position::new(1), "discord".into(), draft.clone());
            Gap::decode(&event).expect("a gap")
        })
        .collect()
    }

    fn draft(&self, kind: &str) -> &Draft {
        let mut drafts = self.stored.iter().filter_map(|entry| entry.event.as_ref());
        drafts
            .find(|draft| draft.kind.as_str() == kind)
            .expect(kind)
    }

    /// The connection is open and Discord greets.
    fn greet(&mut self) {
        self.session.next_task().expect("a connection to open");
        self.session.on_opened(Some(Permit::for_test()), self.now);
        self.say(&json!({"op": 10, "d": {"heartbeat_interval": INTERVAL * 1000}}));
    }

    fn ready(&mut self, session: &str) {
        let data = json!({
            "v": 10, "user": {"id": "9"}, "guilds": [], "session_id": session,
            "resume_gateway_url": "wss://resume.test",
        });
        self.dispatch(1, "READY", &data);
    }

    /// A session that is up and stored.
    fn up(&mut self) {
        self.greet();
        self.ready("a1b2");
        self.store();
        self.replies();
    }

    /// Passes time until the session is due, and lets it act.
    fn due(&mut self) -> Result<(), Disconnect> {
        self.session.note_pause(self.now);
        let at = self.session.deadline(self.now.at).expect("a deadline");
        let time = at.saturating_duration_since(self.now.at);
        self.pass(time);
        self.session.on_deadline(self.now)
    }

    /// The connection is lost, and another is open.
    fn reconnect(&mut self, disconnect: Disconnect) -> Task {
        self.gone(disconnect);
        self.due().expect("only a new try");
        let task = self.session.next_task().expect("a connection to open");
        self.session.on_opened(Some(Permit::for_test()), self.now);
        self.say(&json!({"op": 10, "d": {"heartbeat_interval": INTERVAL * 1000}}));
        task
    }

    fn waits(&self) -> Duration {
        match self.session.phase {
            Phase::Waiting { until } => until.saturating_duration_since(self.now.at),
            phase => panic!("{phase:?}"),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Beginning.

#[test]
fn hello_is_answered_with_an_identify() {
    let mut table = Table::with([3, 16], None);
    table.greet();
    let [identify] = &table.replies()[..] else {
        panic!("one frame")
    };
    assert_eq!(identify["op"], 2);
    assert_eq!(identify["d"]["token"], "canary-token", "without the prefix");
    assert_eq!(identify["d"]["shard"], json!([3, 16]));
    assert_eq!(identify["d"]["intents"], Intents::all().bits());
    assert!(identify["d"]["properties"]["os"].is_string());
    assert_eq!(identify["d"]["compress"], Value::Null);
}

#[test]
fn opening_is_said_before_anything_comes() {
    let mut table = Table::new();
    table.greet();
    assert_eq!(table.store(), ["discord.CONNECT", "discord.SHARD_CONNECT"]);
    assert_eq!(
        &table.draft("discord.CONNECT").body[..],
        br#"{"shard_id":null}"#
    );
    let mut table = Table::with([3, 16], None);
    table.greet();
    table.store();
    assert_eq!(
        &table.draft("discord.SHARD_CONNECT").body[..],
        br#"{"shard_id":3}"#
    );
}

#[test]
fn ready_begins_a_session_and_its_checkpoint() {
    let mut table = Table::new();
    table.greet();
    table.ready("a1b2");
    assert_eq!(
        table.store(),
        [
            "discord.CONNECT",
            "discord.SHARD_CONNECT",
            "discord.READY",
            "antiphon.link"
        ]
    );
    let ready = table.draft("discord.READY");
    assert_eq!(ready.origin.as_str(), "a1b2/0000000001");
    let stored = SavedState::read(&table.checkpoint().expect("stored").state).expect("ours");
    assert_eq!(stored.session.as_deref(), Some("a1b2"));
    assert_eq!(stored.url.as_deref(), Some("wss://resume.test"));
    assert_eq!(stored.user, Some(9));
    assert!(matches!(
        table.session.take_link(),
        Some(LinkState::Connected { .. })
    ));
}

#[test]
fn a_server_that_does_not_greet_is_left() {
    let mut table = Table::new();
    table.session.next_task();
    table.session.on_opened(None, table.now);
    let disconnect = table.due().expect_err("no hello");
    assert_eq!(disconnect.reason, "Discord did not greet in time");
}

#[test]
fn a_session_that_does_not_begin_is_given_up_while_beats_go_on() {
    let mut table = Table::new();
    table.greet();
    let mut beats = 0;
    let disconnect = loop {
        match table.due() {
            Ok(()) => {
                beats += table.ops().iter().filter(|op| **op == 1).count();
                table.say(&json!({"op": 11}));
            }
            Err(disconnect) => break disconnect,
        }
    };
    assert_eq!(disconnect.reason, "the session did not begin in time");
    assert!(beats >= 2, "{beats}");
}

#[test]
fn a_reconnect_may_come_instead_of_hello() {
    let mut table = Table::new();
    table.session.next_task();
    table.session.on_opened(None, table.now);
    let disconnect = table
        .frame(&json!({"op": 7, "d": null}))
        .expect_err("a cut");
    assert_eq!(disconnect.reaction, Reaction::Resume(Duration::ZERO));
}

// ---------------------------------------------------------------------------------------------------------------------
// Heartbeats.

#[test]
fn the_first_beat_is_spread_over_the_interval() {
    let mut waits = Vec::new();
    for seed in 0..20 {
        let mut table = Table::new();
        table.session.rng = Rng::with_seed(seed);
        table.greet();
        let at = table.session.deadline(table.now.at).expect("a beat");
        waits.push(at.saturating_duration_since(table.now.at).as_millis());
    }
    assert!(waits.iter().all(|wait| *wait <= 40_000));
    assert!(waits.iter().max() > Some(&30_000) && waits.iter().min() < Some(&10_000));
}

#[test]
fn a_beat_carries_the_stored_sequence_and_no_other() {
    let mut table = Table::new();
    table.greet();
    table.replies();
    table.due().expect("a beat");
    assert_eq!(table.replies(), [json!({"op": 1, "d": null})]);
    table.say(&json!({"op": 11}));
    table.ready("a1b2");
    table.message(2);
    table.store();
    table.message(3);
    table.due().expect("a beat");
    assert_eq!(table.replies(), [json!({"op": 1, "d": 2})]);
}

#[test]
fn a_beat_is_sent_at_once_when_the_server_asks() {
    let mut table = Table::new();
    table.up();
    let planned = table.session.deadline(table.now.at);
    table.say(&json!({"op": 1, "d": null}));
    assert_eq!(table.replies(), [json!({"op": 1, "d": 1})]);
    assert_eq!(table.session.deadline(table.now.at), planned);
}

#[test]
fn silence_between_two_beats_is_a_dead_connection() {
    let mut table = Table::new();
    table.up();
    table.due().expect("the first beat");
    // Events do not count: only an acknowledgement does.
    table.message(2);
    let disconnect = table.due().expect_err("no acknowledgement");
    assert_eq!(
        disconnect.reason,
        "Discord stopped acknowledging heartbeats"
    );
    assert_eq!(disconnect.reaction, Reaction::Resume(Duration::ZERO));
}

#[test]
fn an_acknowledged_beat_is_followed_by_the_next_and_measures_latency() {
    let mut table = Table::new();
    table.up();
    for _ in 0..5 {
        table.due().expect("a beat");
        table.pass(Duration::from_millis(70));
        table.say(&json!({"op": 11}));
    }
    assert_eq!(table.session.latency(), Some(Duration::from_millis(70)));
    assert_eq!(table.ops(), [1; 5]);
}

#[test]
fn while_the_journal_is_slow_beats_go_on_and_no_answer_is_missed() {
    let config = Config::new("t", Intents::all()).buffer_bytes(1000);
    let mut table = Table::of(config, [0, 1], None);
    table.up();
    for seq in 2..10 {
        table.message(seq);
    }
    assert!(!table.session.wants_frame(), "the buffer is full");
    for _ in 0..10 {
        table.due().expect("no cut while nothing is read");
    }
    assert_eq!(table.ops(), [1; 10]);
    table.store();
    table.session.note_pause(table.now);
    assert!(table.session.wants_frame());
    table
        .due()
        .expect("the last beat is not held against the server");
    table.due().expect_err("but the next is");
}

// ---------------------------------------------------------------------------------------------------------------------
// Resuming.

#[test]
fn a_lost_connection_resumes_at_the_resume_address_from_the_stored_sequence() {
    let mut table = Table::new();
    table.up();
    table.message(2);
    table.store();
    table.message(3);
    let task = table.reconnect(Disconnect::resume("lost"));
    assert_eq!(task, Task::Resume(Some("wss://resume.test".into())));
    let resume = json!({"op": 6, "d": {"token": "canary-token", "session_id": "a1b2", "seq": 2}});
    assert_eq!(table.replies(), [resume]);
}

#[test]
fn a_session_of_which_nothing_is_stored_is_resumed_from_its_ready() {
    let mut table = Table::new();
    table.greet();
    table.ready("a1b2");
    table.message(2);
    table.message(3);
    table.replies();
    table.reconnect(Disconnect::resume("lost"));
    let replies = table.replies();
    assert_eq!(replies[0]["d"]["seq"], 1, "{replies:?}");
}

#[test]
fn what_is_replayed_says_so_and_resumed_ends_it() {
    let mut table = Table::new();
    table.up();
    table.reconnect(Disconnect::resume("lost"));
    table.store();
    table.message(2);
    table.dispatch(3, "RESUMED", &json!(null));
    table.message(4);
    assert_eq!(
        table.store(),
        [
            "discord.MESSAGE_CREATE",
            "discord.RESUMED",
            "discord.SHARD_RESUME",
            "antiphon.link",
            "discord.MESSAGE_CREATE"
        ]
    );
    let provenances: Vec<Provenance> = table
        .stored
        .iter()
        .filter_map(|entry| entry.event.as_ref())
        .filter(|draft| draft.kind.as_str() == "discord.MESSAGE_CREATE")
        .map(|draft| draft.provenance)
        .collect();
    assert_eq!(provenances, [Provenance::Replayed, Provenance::Live]);
}

#[test]
fn every_close_is_said_once() {
    let mut table = Table::new();
    table.up();
    table.gone(Disconnect::by_server(Some(4000), ""));
    assert_eq!(
        table.store(),
        [
            "discord.SHARD_DISCONNECT",
            "discord.DISCONNECT",
            "antiphon.link"
        ]
    );
    table.due().expect("a new try");
    let failure = OpenFailure::new("no route");
    table.session.on_open_failed(failure, table.now);
    assert_eq!(table.store(), ["antiphon.link"], "nothing was open");
}

#[test]
fn a_stale_resume_host_is_followed_by_the_usual_one() {
    let mut table = Table::new();
    table.up();
    table.gone(Disconnect::resume("lost"));
    let mut tasks = Vec::new();
    for _ in 0..3 {
        table.due().expect("a new try");
        tasks.push(table.session.next_task().expect("a connection"));
        let failure = OpenFailure::new("no such host");
        table.session.on_open_failed(failure, table.now);
    }
    let resume = Task::Resume(Some("wss://resume.test".into()));
    assert_eq!(tasks, [resume.clone(), Task::Resume(None), resume]);
}

#[test]
fn a_resume_that_is_never_answered_ends_in_a_new_session() {
    let mut table = Table::new();
    table.up();
    let mut disconnect = Disconnect::resume("lost");
    for _ in 0..2 {
        table.reconnect(disconnect);
        disconnect = loop {
            match table.due() {
                Ok(()) => table.say(&json!({"op": 11})),
                Err(disconnect) => break disconnect,
            }
        };
        assert_eq!(disconnect.reaction, Reaction::Resume(Duration::ZERO));
    }
    table.reconnect(disconnect);
    let disconnect = loop {
        match table.due() {
            Ok(()) => table.say(&json!({"op": 11})),
            Err(disconnect) => break disconnect,
        }
    };
    assert_eq!(disconnect.reaction, Reaction::NewSession(Duration::ZERO));
    assert_eq!(table.reconnect(disconnect), Task::Identify);
}

#[test]
fn a_long_replay_is_no_silence() {
    let mut table = Table::new();
    table.up();
    table.reconnect(Disconnect::resume("lost"));
    for seq in 2..20 {
        table.pass(Duration::from_secs(60));
        table.message(seq);
        table.say(&json!({"op": 11}));
        table
            .session
            .on_deadline(table.now)
            .expect("a replay is alive");
    }
}

#[test]
fn op_9_true_resumes() {
    let mut table = Table::new();
    table.up();
    let disconnect = table
        .frame(&json!({"op": 9, "d": true}))
        .expect_err("a cut");
    assert!(matches!(table.reconnect(disconnect), Task::Resume(_)));
    assert_eq!(table.ops(), [6]);
}

#[test]
fn op_9_false_begins_afresh_after_one_to_five_seconds() {
    let mut table = Table::new();
    table.up();
    let disconnect = table
        .frame(&json!({"op": 9, "d": false}))
        .expect_err("a cut");
    table.gone(disconnect);
    let wait = table.waits();
    assert!((1..=5).contains(&wait.as_secs()), "{wait:?}");
    table.due().expect("a new try");
    assert_eq!(table.session.next_task(), Some(Task::Identify));
}

#[test]
fn an_identify_before_its_turn_waits_one_to_five_seconds() {
    let mut table = Table::new();
    table.greet();
    let disconnect = table
        .frame(&json!({"op": 9, "d": false}))
        .expect_err("a cut");
    table.gone(disconnect);
    assert!((1..=5).contains(&table.waits().as_secs()));
    table.store();
    assert!(table.gaps().is_empty(), "there was nothing to lose");
}

#[test]
fn op_7_resumes() {
    let mut table = Table::new();
    table.up();
    let disconnect = table
        .frame(&json!({"op": 7, "d": null}))
        .expect_err("a cut");
    assert!(matches!(table.reconnect(disconnect), Task::Resume(_)));
    assert_eq!(table.ops(), [6]);
}

#[test]
fn a_close_that_ends_the_session_identifies_afresh() {
    for code in [4007, 4009] {
        let mut table = Table::new();
        table.up();
        assert_eq!(
            table.reconnect(Disconnect::by_server(Some(code), "")),
            Task::Identify
        );
        assert_eq!(table.ops(), [2]);
    }
}

#[test]
fn a_fatal_close_stops_with_code_meaning_and_way_out() {
    let mut table = Table::new();
    table.up();
    table.gone(Disconnect::by_server(Some(4014), "Disallowed intents."));
    assert!(table.session.is_stopped());
    let Some(LinkState::Stopped { code, reason, hint }) = table.session.take_link() else {
        panic!("stopped")
    };
    assert_eq!(code, "disallowed_intents");
    assert!(
        reason.contains("4014") && reason.contains("privileged intent"),
        "{reason}"
    );
    assert!(
        hint.expect("a way out")
            .contains("https://discord.com/developers")
    );
    assert_eq!(
        table.session.deadline(table.now.at),
        None,
        "nothing more is tried"
    );
}

#[test]
fn a_close_for_too_many_frames_is_followed_by_a_pause() {
    let mut table = Table::new();
    table.up();
    table.gone(Disconnect::by_server(Some(4008), ""));
    assert!(table.waits() >= Duration::from_secs(5));
}

// ---------------------------------------------------------------------------------------------------------------------
// Restarts and gaps.

#[test]
fn a_restart_resumes_from_the_stored_sequence() {
    let mut table = Table::new();
    table.up();
    table.message(2);
    table.message(3);
    table.store();
    let kept = table.checkpoint().cloned();
    let mut table = Table::with([0, 1], kept.as_ref());
    assert_eq!(
        table.session.next_task(),
        Some(Task::Resume(Some("wss://resume.test".into())))
    );
    table.session.on_opened(None, table.now);
    table.say(&json!({"op": 10, "d": {"heartbeat_interval": 40_000}}));
    let resume = json!({"op": 6, "d": {"token": "canary-token", "session_id": "a1b2", "seq": 3}});
    assert_eq!(table.replies(), [resume]);
    table.dispatch(4, "RESUMED", &json!({}));
    table.due().expect("a beat");
    assert_eq!(
        table.replies(),
        [json!({"op": 1, "d": 3})],
        "RESUMED is not stored yet"
    );
}

#[test]
fn a_lost_session_is_reported_as_a_gap_once_the_next_begins() {
    let mut table = Table::new();
    table.up();
    table.message(2);
    let heard_at = table.now.wall;
    table.pass(Duration::from_secs(60));
    table.reconnect(Disconnect::by_server(Some(4009), ""));
    table.store();
    assert!(table.gaps().is_empty(), "its end is not known yet");
    table.ready("c3d4");
    table.store();
    let [gap] = &table.gaps()[..] else {
        panic!("one gap")
    };
    assert_eq!(gap.from.at, heard_at);
    assert_eq!(gap.from.connection.as_deref(), Some("a1b2"));
    assert_eq!(gap.from.frame, Some(2));
    assert_eq!(gap.to.connection.as_deref(), Some("c3d4"));
    assert!(gap.cause.contains("timed out"), "{}", gap.cause);
}

#[test]
fn a_gap_outlives_a_crash_before_the_next_session() {
    let mut table = Table::new();
    table.up();
    table.message(2);
    table.gone(Disconnect::by_server(Some(4009), ""));
    table.store();
    let kept = table.checkpoint().cloned();
    let mut table = Table::with([0, 1], kept.as_ref());
    table.greet();
    assert_eq!(table.ops(), [2]);
    table.ready("c3d4");
    table.store();
    assert_eq!(table.gaps().len(), 1);
    let kept = table.checkpoint().cloned();
    let mut table = Table::with([0, 1], kept.as_ref());
    assert!(matches!(table.session.next_task(), Some(Task::Resume(_))));
    table.store();
    assert!(table.gaps().is_empty(), "it is reported once");
}

#[test]
fn another_number_of_shards_begins_afresh_with_a_gap() {
    let mut table = Table::new();
    table.up();
    let kept = table.checkpoint().cloned();
    let mut table = Table::with([0, 4], kept.as_ref());
    table.greet();
    assert_eq!(table.ops(), [2]);
    table.ready("c3d4");
    table.store();
    assert!(table.gaps()[0].cause.contains("4 shards where it had 1"));
}

#[test]
fn a_fresh_install_reports_no_gap() {
    let mut table = Table::new();
    table.up();
    assert!(table.gaps().is_empty());
}

#[test]
fn an_old_sessions_mark_says_nothing_about_a_new_one() {
    let mut table = Table::new();
    table.up();
    for seq in 2..100 {
        table.message(seq);
    }
    table.store();
    let old = table.checkpoint().map(|checkpoint| checkpoint.mark);
    table.reconnect(Disconnect::by_server(Some(4009), ""));
    table.replies();
    table.ready("c3d4");
    table.session.note_stored(old);
    table.due().expect("a beat");
    assert_eq!(table.replies(), [json!({"op": 1, "d": null})]);
}

#[test]
fn signing_off_ends_the_session_for_the_next_run_too() {
    let mut table = Table::new();
    table.up();
    table.session.sign_off(table.now);
    table.store();
    let kept = table.checkpoint().cloned();
    let mut table = Table::with([0, 1], kept.as_ref());
    assert_eq!(table.session.next_task(), Some(Task::Identify));
}

// ---------------------------------------------------------------------------------------------------------------------
// Bad input.

#[test]
fn garbage_is_kept_and_the_session_goes_on() {
    let mut table = Table::new();
    table.up();
    for garbage in [
        &b"<html>"[..],
        b"",
        b"[]",
        b"{\"op\":",
        b"\xff\xfe",
        b"null",
        b"{\"d\":1}",
    ] {
        let frame = Bytes::copy_from_slice(garbage);
        table.session.on_frame(&frame, table.now).expect("no cut");
    }
    let kinds = table.store();
    assert_eq!(kinds.len(), 7);
    assert!(
        kinds.iter().all(|kind| kind == "discord.UNREADABLE"),
        "{kinds:?}"
    );
    table.message(2);
    assert_eq!(table.store(), ["discord.MESSAGE_CREATE"]);
}

#[test]
fn an_unknown_operation_is_kept_and_the_session_goes_on() {
    let mut table = Table::new();
    table.up();
    table.say(&json!({"op": 99, "d": {"new": true}}));
    assert_eq!(table.store(), ["discord.OP_99"]);
}

#[test]
fn a_dispatch_without_a_name_is_kept_with_its_sequence() {
    let mut table = Table::new();
    table.up();
    table.say(&json!({"op": 0, "s": 2, "d": {"guild_id": "42"}}));
    table.store();
    let draft = table.draft("discord.UNNAMED");
    assert_eq!(draft.origin.as_str(), "a1b2/0000000002");
    assert_eq!(draft.place.as_str(), "guild/42");
}

#[test]
fn a_broken_dispatch_is_kept_whole() {
    for (frame, kind) in [
        (
            r#"{"t":"TYPING_START","s":2,"op":0,"d":{"channel_id":"7","#,
            "TYPING_START",
        ),
        (r#"{"op":0,"t":"X","s":tru,"d":{"a":1}}"#, "X"),
        (
            r#"{"op":0,"s":null,"t":"VOICE_STATE_UPDATE","d"{}}"#,
            "VOICE_STATE_UPDATE",
        ),
        (r#"{"op":0,"s":null,"#, "UNNAMED"),
        (r#"{"op":0,"s":2,"t":"X","d":null}xyz"#, "X"),
        (r#"{"op":0,"s":2,"t":"X","d":{"id":"1"}"#, "X"),
    ] {
        let mut table = Table::new();
        table.up();
        let bytes = Bytes::from_static(frame.as_bytes());
        table.session.on_frame(&bytes, table.now).expect("no cut");
        let kind = format!("discord.{kind}");
        assert_eq!(table.store(), [&*kind], "{frame}");
        let draft = table.draft(&kind);
        assert_eq!(
            (&*draft.body, draft.form),
            (frame.as_bytes(), BodyForm::Text)
        );
    }
}

#[test]
fn a_dispatch_whose_data_is_missing_or_comes_twice_is_kept_whole() {
    for frame in [
        r#"{"op":0,"s":2,"t":"X"}"#,
        r#"{"op":0,"s":2,"t":"X","d":1,"d":2}"#,
        r#"{"op":0,"op":0,"s":2,"t":"X","d":1}"#,
    ] {
        let mut table = Table::new();
        table.up();
        let bytes = Bytes::from_static(frame.as_bytes());
        table.session.on_frame(&bytes, table.now).expect("no cut");
        assert_eq!(table.store(), ["discord.X"], "{frame}");
        assert_eq!(table.draft("discord.X").body, frame);
    }
}

/// The rule of every platform: a frame becomes a row with its event's bytes, a row with the whole frame, or a count.
#[test]
fn a_hundred_thousand_damaged_frames_leave_a_row_or_a_count() {
    let ready =
        json!({"op": 0, "s": 1, "t": "READY", "d": {"session_id": "a1b2", "user": {"id": "9"}}});
    let frames = [
        ready,
        json!({"op": 0, "s": 2, "t": "MESSAGE_CREATE", "d": {"id": "5", "channel_id": "7", "content": "x\té"}}),
        json!({"op": 0, "s": 3, "t": "GUILD_ROLE_DELETE", "d": {"guild_id": "42", "role_id": "8"}}),
        json!({"op": 0, "s": 4, "t": "RESUMED", "d": null}),
        json!({"op": 1, "d": null}),
        json!({"op": 7, "d": null}),
        json!({"op": 9, "d": true}),
        json!({"op": 10, "d": {"heartbeat_interval": 40000}}),
        json!({"op": 11}),
    ];
    let frames = frames.map(|frame| frame.to_string().into_bytes());
    let mut mutator = antiphon_sim::mutation::Mutator::new(20_261_129);
    let mut table = Table::new();
    table.up();
    for number in 0..100_000 {
        let frame = Bytes::from(mutator.damage(&frames[number % frames.len()]));
        let counted = table.session.unrecorded.total();
        // Whether the connection has to go is not the matter here.
        let _ = table.session.on_frame(&frame, table.now);
        let entries: Vec<_> = std::iter::from_fn(|| table.session.outbox.take()).collect();
        let rows: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| entry.event)
            .filter(|draft| draft.provenance != Provenance::Synthetic)
            .collect();
        let whole = || String::from_utf8_lossy(&frame).into_owned();
        let counted = table.session.unrecorded.total() - counted;
        assert_eq!(rows.len() as u64 + counted, 1, "{}", whole());
        let Some(row) = rows.first() else { continue };
        // A broken frame has an origin of the connection, so that neither it nor another is taken for a repeat.
        if serde_json::from_slice::<serde::de::IgnoredAny>(&frame).is_err() {
            let connection = format!("{}/", table.session.connection);
            assert!(
                row.origin.as_str().starts_with(&connection),
                "{} {}",
                row.origin,
                whole()
            );
        }
        if row.body == frame {
            assert_eq!(row.form, BodyForm::of(&frame), "{}", whole());
            continue;
        }
        // A part of the frame, or a copy of it: what stands behind the key.
        let is_data = |at: usize| {
            let before = frame[..at].trim_ascii_end().strip_suffix(b":");
            before.is_some_and(|before| before.trim_ascii_end().ends_with(b"\"d\""))
        };
        let mut places = frame.windows(row.body.len()).enumerate();
        let found = places.any(|(at, part)| *part == *row.body && is_data(at));
        assert!(found, "{}", whole());
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Streams and sequences.

fn role(table: &mut Table, seq: u64) {
    let data = json!({"guild_id": "42", "role_id": seq.to_string()});
    table.dispatch(seq, "GUILD_ROLE_DELETE", &data);
}

/// Origins of the dispatches stored since the last look.
fn origins(table: &mut Table) -> Vec<String> {
    let from = table.stored.len();
    table.store();
    let drafts = table.stored[from..]
        .iter()
        .filter_map(|entry| entry.event.as_ref());
    drafts
        .filter(|draft| draft.provenance != Provenance::Synthetic)
        .map(|draft| draft.origin.to_string())
        .collect()
}

#[test]
fn a_session_id_given_again_begins_another_stream() {
    let mut table = Table::new();
    table.greet();
    table.ready("same");
    role(&mut table, 2);
    let first = origins(&mut table);
    assert_eq!(first, ["same/0000000001", "same/0000000002"]);
    let checkpoint = table.checkpoint().expect("stored").clone();

    // Killed; the next run is refused its session, and the server gives the same id once more.
    let mut table = Table::with([0, 1], Some(&checkpoint));
    table.greet();
    let disconnect = table
        .frame(&json!({"op": 9, "d": false}))
        .expect_err("refused");
    table.reconnect(disconnect);
    table.ready("same");
    role(&mut table, 2);
    let second = origins(&mut table);
    assert_eq!(second.len(), 2);
    assert!(
        second.iter().all(|origin| !first.contains(origin)),
        "{second:?}"
    );
    let [gap] = &table.gaps()[..] else {
        panic!("one gap")
    };
    assert_eq!(
        (gap.from.connection.as_deref(), gap.from.frame),
        (Some("same"), Some(2))
    );
    assert_ne!(gap.to.connection, gap.from.connection);
    assert_eq!(gap.to.frame, Some(1));

    // A resume of the second stream, also by the next run, brings what is known.
    let checkpoint = table.checkpoint().expect("stored").clone();
    table.reconnect(Disconnect::resume("lost"));
    role(&mut table, 2);
    assert_eq!(origins(&mut table), second[1..]);
    let mut table = Table::with([0, 1], Some(&checkpoint));
    table.greet();
    let replies = table.replies();
    assert_eq!(
        replies[0]["d"]["session_id"], "same",
        "the server knows no other name"
    );
    role(&mut table, 2);
    assert_eq!(origins(&mut table), second[1..]);
}

#[test]
fn a_checkpoint_of_a_version_without_streams_goes_on_with_its_origins() {
    let state = r#"{"v":1,"session":"a1b2","count":1,"at":"2026-01-01T00:00:00Z"}"#;
    let checkpoint = Checkpoint {
        part: part(0),
        state: state.into(),
        mark: Mark { epoch: 3, seq: 41 }.write(),
    };
    let mut table = Table::with([0, 1], Some(&checkpoint));
    table.greet();
    role(&mut table, 42);
    assert_eq!(origins(&mut table), ["a1b2/0000000042"]);
    let disconnect = table
        .frame(&json!({"op": 9, "d": false}))
        .expect_err("refused");
    table.reconnect(disconnect);
    table.ready("a1b2");
    assert_eq!(origins(&mut table), ["a1b2~0.4/0000000001"]);
}

#[test]
fn a_ready_that_comes_twice_begins_one_session() {
    let mut table = Table::new();
    table.up();
    role(&mut table, 2);
    table.ready("a1b2");
    role(&mut table, 3);
    assert_eq!(
        origins(&mut table),
        ["a1b2/0000000002", "a1b2/0000000001", "a1b2/0000000003"]
    );
}

#[test]
fn a_hole_in_the_sequence_is_a_gap_and_two_frames_that_swap_are_none() {
    let mut table = Table::new();
    table.up();
    for seq in [2, 4, 3, 5] {
        role(&mut table, seq);
    }
    table.store();
    assert_eq!(table.gaps(), []);
    assert_eq!(table.session.durable, Some(5));
    for seq in 9..17 {
        role(&mut table, seq);
    }
    table.store();
    let [gap] = &table.gaps()[..] else {
        panic!("one gap")
    };
    assert_eq!((gap.from.frame, gap.to.frame), (Some(5), Some(9)));
    assert_eq!(table.session.durable, Some(16));
}

#[test]
fn a_gap_behind_a_hole_begins_where_the_dispatches_that_waited_end() {
    let mut table = Table::new();
    table.up();
    role(&mut table, 3);
    role(&mut table, 4);
    table.pass(Duration::from_secs(5));
    table.session.on_deadline(table.now).expect("no cut");
    table.gone(Disconnect::by_server(Some(4009), ""));
    table.due().expect("a new try");
    table.greet();
    table.ready("c3d4");
    table.store();
    let edges: Vec<_> = table.gaps().iter().map(|gap| gap.from.frame).collect();
    assert_eq!(edges, [Some(1), Some(4)]);
}

#[test]
fn a_dispatch_that_comes_behind_its_gap_has_the_origin_that_a_replay_gives_it() {
    let mut table = Table::new();
    table.up();
    for seq in [2, 4, 5, 6, 7, 8, 9, 10, 11] {
        role(&mut table, seq);
    }
    role(&mut table, 3);
    assert!(origins(&mut table).contains(&"a1b2/0000000003".to_owned()));
    assert_eq!(table.gaps().len(), 1);
}

#[test]
fn a_connection_lost_behind_a_hole_is_resumed_before_it() {
    let mut table = Table::new();
    table.up();
    role(&mut table, 2);
    role(&mut table, 5);
    table.store();
    table.reconnect(Disconnect::resume("lost"));
    let replies = table.replies();
    assert_eq!(replies.last().expect("a resume")["d"]["seq"], 2);
    for seq in 3..=6 {
        role(&mut table, seq);
    }
    table.dispatch(7, "RESUMED", &json!({}));
    table.store();
    assert_eq!(table.gaps(), []);
    assert_eq!(table.session.durable, Some(7));
}

#[test]
fn what_a_resume_does_not_bring_is_a_gap() {
    let mut table = Table::new();
    table.up();
    table.reconnect(Disconnect::resume("lost"));
    role(&mut table, 4);
    table.dispatch(5, "RESUMED", &json!({}));
    table.store();
    let [gap] = &table.gaps()[..] else {
        panic!("one gap")
    };
    assert_eq!((gap.from.frame, gap.to.frame), (Some(1), Some(4)));
    assert_eq!(table.session.durable, Some(5));
}

#[test]
fn a_broken_frame_hides_neither_the_whole_one_nor_an_earlier_one() {
    let mut table = Table::new();
    table.up();
    for seq in 2..=12 {
        role(&mut table, seq);
    }
    origins(&mut table);
    // Disconnect off inside its number, 123.
    let broken = Bytes::from_static(br#"{"op":0,"t":"X","s":12"#);
    table.session.on_frame(&broken, table.now).expect("no cut");
    let broken = Bytes::from_static(br#"{"op":0,"t":"X","s":13,"d":{"role"#);
    table.session.on_frame(&broken, table.now).expect("no cut");
    role(&mut table, 13);
    let origins = origins(&mut table);
    assert_eq!(origins.len(), 3);
    assert_eq!(origins[2], "a1b2/0000000013");
    assert!(
        origins[..2]
            .iter()
            .all(|origin| !origin.starts_with("a1b2/")),
        "{origins:?}"
    );
}

#[test]
fn one_wrong_number_within_reach_does_not_carry_the_mark_away() {
    let mut table = Table::new();
    table.up();
    role(&mut table, 912);
    for seq in 2..40 {
        role(&mut table, seq);
    }
    table.store();
    assert_eq!(table.session.durable, Some(39));
    assert_eq!(table.gaps(), []);
}

#[test]
fn a_payload_that_was_passed_over_lets_no_number_out_of_reach_through() {
    let mut table = Table::new();
    table.up();
    table.session.on_skipped(1 << 30);
    role(&mut table, u64::MAX - 1);
    role(&mut table, u64::MAX);
    role(&mut table, 3);
    table.store();
    assert_eq!(table.session.durable, Some(3));
}

#[test]
fn a_ready_that_answers_a_resume_begins_a_stream() {
    let mut table = Table::new();
    table.up();
    for seq in 2..=5 {
        role(&mut table, seq);
    }
    let first = origins(&mut table);
    table.reconnect(Disconnect::resume("lost"));
    table.ready("a1b2");
    role(&mut table, 2);
    let second = origins(&mut table);
    assert_eq!(second.len(), 2);
    assert!(
        second.iter().all(|origin| !first.contains(origin)),
        "{second:?}"
    );
    assert_eq!(table.gaps().len(), 1);
}

#[test]
fn a_ready_that_answers_a_resume_from_ready_begins_a_stream_under_the_same_id_too() {
    let mut table = Table::new();
    table.up();
    table.reconnect(Disconnect::resume("lost"));
    table.ready("a1b2");
    role(&mut table, 2);
    assert_eq!(
        origins(&mut table),
        ["a1b2~0.2/0000000001", "a1b2~0.2/0000000002"]
    );
    assert_eq!(table.gaps().len(), 1);
}

#[test]
fn a_ready_without_a_session_is_remembered_as_a_gap() {
    let mut table = Table::new();
    table.greet();
    table.dispatch(1, "READY", &json!({"user": {"id": "9"}}));
    table.store();
    table.reconnect(Disconnect::resume("lost"));
    table.ready("a1b2");
    table.store();
    assert_eq!(table.gaps().len(), 1);
}

#[test]
fn a_sequence_that_no_session_reaches_moves_nothing_and_swallows_nothing() {
    let mut table = Table::new();
    table.up();
    for _ in 0..3 {
        role(&mut table, u64::MAX);
    }
    role(&mut table, 2);
    let origins: std::collections::HashSet<_> = origins(&mut table).into_iter().collect();
    assert_eq!(
        origins.len(),
        4,
        "no event is taken for a repeat: {origins:?}"
    );
    assert_eq!(table.session.durable, Some(2));
    assert_eq!(table.gaps().len(), 1, "one gap, not one a frame");
}

#[test]
fn the_wait_for_the_turn_to_identify_is_told() {
    let mut table = Table::new();
    let at = table.now.at + Duration::from_secs(5);
    table.session.on_turn(at, table.now);
    let told = table.session.take_link();
    let until = table.now.wall + Duration::from_secs(5);
    assert!(
        matches!(&told, Some(LinkState::Waiting { until: told, .. }) if *told == until),
        "{told:?}"
    );
    assert_eq!(table.store(), ["antiphon.link"]);
    // A turn that comes at once is not shown as a wait.
    table.session.on_turn(table.now.at, table.now);
    assert_eq!(table.session.take_link(), None);
}

#[test]
fn the_sequence_may_come_after_the_data_and_begin_at_zero() {
    let mut table = Table::new();
    table.greet();
    let ready = Bytes::from_static(
        br#"{"op":0,"t":"READY","d":{"session_id":"a1b2","resume_gateway_url":"wss://x","user":{"id":9}},"s":0}"#,
    );
    table.session.on_frame(&ready, table.now).expect("no cut");
    table.store();
    table.reconnect(Disconnect::resume("lost"));
    let replies = table.replies();
    assert_eq!(replies.last().expect("a resume")["d"]["seq"], 0);
}

#[test]
fn a_body_is_cut_out_of_its_frame_and_a_small_part_keeps_no_large_frame() {
    for (padding, is_cut_out) in [(0, true), (100, false)] {
        let mut table = Table::new();
        table.up();
        let frame = format!(
            r#"{{"t":"TYPING_START","s":2,"op":0,"x":"{}","d":{{"channel_id":"7","guild_id":"8","user_id":"9","timestamp":1}}}}"#,
            "x".repeat(padding)
        );
        let frame = Bytes::from(frame);
        table.session.on_frame(&frame, table.now).expect("no cut");
        table.store();
        let body = &table.draft("discord.TYPING_START").body;
        assert_eq!(frame.as_ptr_range().contains(&body.as_ptr()), is_cut_out);
    }
}

#[test]
fn a_frame_that_was_passed_over_is_a_gap() {
    let mut table = Table::new();
    table.up();
    table.session.on_skipped(100 << 20);
    table.message(3);
    table.store();
    let [gap] = &table.gaps()[..] else {
        panic!("one gap")
    };
    assert_eq!((gap.from.frame, gap.to.frame), (Some(1), Some(3)));
    assert!(gap.cause.contains("largest_frame"), "{}", gap.cause);
}

#[test]
fn a_frame_that_is_passed_over_in_a_replay_is_one_gap() {
    let mut table = Table::new();
    table.up();
    table.session.on_skipped(100 << 20);
    table.message(3);
    table.reconnect(Disconnect::resume("lost"));
    table.session.on_skipped(100 << 20);
    table.message(3);
    table.message(4);
    table.dispatch(5, "RESUMED", &json!({}));
    table.store();
    let [gap] = &table.gaps()[..] else {
        panic!("one gap: {:?}", table.gaps())
    };
    assert_eq!((gap.from.frame, gap.to.frame), (Some(1), Some(3)));
}

#[test]
fn an_unreadable_frame_is_asked_for_once_more_and_then_passed_by_a_new_session() {
    let mut table = Table::new();
    table.up();
    let unreadable = |table: &mut Table| {
        table
            .session
            .on_unreadable("too large".into(), None, table.now);
        if table.session.is_stopped() {
            return None;
        }
        table.due().expect("a new try");
        let task = table.session.next_task().expect("a connection");
        table.session.on_opened(Some(Permit::for_test()), table.now);
        table.say(&json!({"op": 10, "d": {"heartbeat_interval": 40_000}}));
        Some(task)
    };
    assert!(matches!(unreadable(&mut table), Some(Task::Resume(_))));
    table.dispatch(1, "RESUMED", &json!({}));
    assert_eq!(unreadable(&mut table), Some(Task::Identify));
    for session in ["c3d4", "e5f6"] {
        table.ready(session);
        if unreadable(&mut table).is_some() {
            unreadable(&mut table);
        }
    }
    table.store();
    assert!(
        table.session.is_stopped(),
        "three sessions in a row ended like this"
    );
    assert!(!table.gaps().is_empty());
}

#[test]
fn a_recorded_server_is_understood_and_none_of_its_dispatches_is_lost() {
    let recording = include_str!("../../../../fixtures/discord/spacebar.ndjson");
    let mut table = Table::new();
    table.session.next_task();
    table.session.on_opened(None, table.now);
    let mut dispatches = 0;
    for line in recording.lines() {
        let frame: Value = serde_json::from_str(line).expect("JSON");
        dispatches += usize::from(frame["op"] == 0);
        table
            .session
            .on_frame(&Bytes::from_static(line.as_bytes()), table.now)
            .expect("no cut");
    }
    table.store();
    let drafts = table.stored.iter().filter_map(|entry| entry.event.as_ref());
    let received: Vec<&Draft> = drafts
        .filter(|draft| draft.provenance == Provenance::Live)
        .collect();
    assert_eq!(received.len(), dispatches);
    let names = recording.lines().filter_map(|line| {
        let frame: Value = serde_json::from_str(line).expect("JSON");
        Some(format!("discord.{}", frame["t"].as_str()?))
    });
    for (draft, kind) in received.iter().zip(names) {
        assert_eq!(draft.kind.as_str(), kind);
        assert_eq!(draft.form, antiphon_core::BodyForm::Json);
    }
    let message = table.draft("discord.MESSAGE_CREATE");
    assert!(
        message.place.as_str().contains("/channel/"),
        "{}",
        message.place
    );
}

// ---------------------------------------------------------------------------------------------------------------------
// Commands.

fn member_query() -> MemberQuery {
    MemberQuery::all(Id::new(42))
}

fn ask_members(
    table: &mut Table,
) -> (
    String,
    oneshot::Receiver<Result<crate::Members, MembersError>>,
) {
    let (reply, answer) = oneshot::channel();
    let query = member_query();
    table
        .session
        .on_command(Command::Members { query, reply }, table.now.at);
    let request = table.replies().pop().expect("a request");
    assert_eq!(request["op"], 8);
    assert_eq!(request["d"]["query"], "");
    let nonce = request["d"]["nonce"].as_str().expect("a nonce").to_owned();
    assert!(nonce.len() <= 32);
    (nonce, answer)
}

fn chunk(table: &mut Table, seq: u64, nonce: &str, index: u32, count: u32) {
    let data = json!({
        "guild_id": "42", "members": [], "chunk_index": index, "chunk_count": count, "nonce": nonce,
    });
    table.dispatch(seq, "GUILD_MEMBERS_CHUNK", &data);
}

#[test]
fn chunks_are_collected_in_any_order_and_journaled_as_well() {
    let mut table = Table::new();
    table.up();
    let (nonce, mut answer) = ask_members(&mut table);
    chunk(&mut table, 2, &nonce, 2, 3);
    chunk(&mut table, 3, "another", 1, 3);
    chunk(&mut table, 4, &nonce, 0, 3);
    chunk(&mut table, 5, &nonce, 0, 3);
    assert!(answer.try_recv().is_err(), "one is missing");
    chunk(&mut table, 6, &nonce, 1, 3);
    let members = answer.try_recv().expect("answered").expect("whole");
    let indexes: Vec<Value> = members
        .chunks()
        .map(|event| event.parse::<Value>().expect("JSON")["chunk_index"].clone())
        .collect();
    assert_eq!(indexes, [0, 1, 2]);
    assert_eq!(table.store().len(), 5);
}

#[test]
fn a_missing_chunk_ends_the_wait_with_what_came() {
    let mut table = Table::new();
    table.up();
    let (nonce, mut answer) = ask_members(&mut table);
    chunk(&mut table, 2, &nonce, 0, 2);
    table.pass(Duration::from_secs(10));
    table.session.on_deadline(table.now).expect("no cut");
    let error = answer
        .try_recv()
        .expect("answered")
        .expect_err("one is missing");
    let MembersError::TimedOut {
        received: 1,
        expected: Some(2),
        members,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(members.len(), 1);
}

#[test]
fn a_rate_limited_request_says_how_long_to_wait() {
    let mut table = Table::new();
    table.up();
    let (nonce, mut answer) = ask_members(&mut table);
    let data =
        json!({"opcode": 8, "retry_after": 12.5, "meta": {"guild_id": "42", "nonce": nonce}});
    table.dispatch(2, "RATE_LIMITED", &data);
    let error = answer.try_recv().expect("answered").expect_err("limited");
    let MembersError::RateLimited { retry_after } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after, Duration::from_millis(12_500));
}

fn join(table: &mut Table) -> oneshot::Receiver<Result<crate::VoiceConnection, VoiceError>> {
    let update = UpdateVoiceState {
        guild: 42,
        channel: Some(77),
        mute: false,
        deaf: true,
    };
    let (reply, answer) = oneshot::channel();
    table
        .session
        .on_command(Command::Join { update, reply }, table.now.at);
    assert_eq!(
        table.replies(),
        [
            json!({"op": 4, "d": {"guild_id": "42", "channel_id": "77", "self_mute": false, "self_deaf": true}})
        ]
    );
    answer
}

fn voice_state(table: &mut Table, seq: u64, user: &str, channel: &str) {
    let data =
        json!({"guild_id": "42", "channel_id": channel, "user_id": user, "session_id": "vs1"});
    table.dispatch(seq, "VOICE_STATE_UPDATE", &data);
}

fn voice_server(table: &mut Table, seq: u64, endpoint: &Value) {
    let data = json!({"guild_id": "42", "token": "vt", "endpoint": endpoint});
    table.dispatch(seq, "VOICE_SERVER_UPDATE", &data);
}

#[test]
fn a_join_completes_with_both_halves_in_either_order() {
    for server_first in [true, false] {
        let mut table = Table::new();
        table.up();
        let mut answer = join(&mut table);
        if server_first {
            voice_server(&mut table, 2, &json!("voice.test:443"));
            voice_state(&mut table, 3, "9", "77");
        } else {
            voice_state(&mut table, 2, "9", "77");
            voice_server(&mut table, 3, &json!("voice.test:443"));
        }
        let voice = answer.try_recv().expect("answered").expect("joined");
        assert_eq!(
            (voice.session_id.as_str(), voice.endpoint.as_str()),
            ("vs1", "voice.test:443")
        );
        assert_eq!(voice.token.expose(), "vt");
        assert!(!format!("{voice:?}").contains("\"vt\""));
    }
}

#[test]
fn a_join_waits_for_its_own_user_its_channel_and_an_endpoint() {
    let mut table = Table::new();
    table.up();
    let mut answer = join(&mut table);
    voice_server(&mut table, 2, &Value::Null);
    voice_state(&mut table, 3, "8", "77");
    voice_state(&mut table, 4, "9", "78");
    assert!(answer.try_recv().is_err());
    voice_state(&mut table, 5, "9", "77");
    assert!(answer.try_recv().is_err(), "no endpoint yet");
    voice_server(&mut table, 6, &json!("voice.test"));
    answer.try_recv().expect("answered").expect("joined");
}

#[test]
fn a_join_without_an_answer_says_what_is_missing() {
    let mut table = Table::new();
    table.up();
    let mut answer = join(&mut table);
    voice_state(&mut table, 2, "9", "77");
    table.pass(Duration::from_secs(10));
    table.session.on_deadline(table.now).expect("no cut");
    let error = answer.try_recv().expect("answered").expect_err("no server");
    assert!(
        matches!(
            error,
            VoiceError::TimedOut {
                has_state: true,
                has_server: false
            }
        ),
        "{error}"
    );
}

#[test]
fn a_later_join_takes_the_place_of_an_earlier_one() {
    let mut table = Table::new();
    table.up();
    let mut first = join(&mut table);
    let _second = join(&mut table);
    let error = first.try_recv().expect("answered").expect_err("superseded");
    assert!(matches!(error, VoiceError::Superseded), "{error}");
}

#[test]
fn commands_wait_when_the_minute_is_full_and_beats_do_not() {
    let mut table = Table::new();
    table.up();
    let mut sent = 0;
    while table.session.wants_command(table.now.at) {
        let frame = "{\"op\":4}".to_owned();
        table.session.send(frame, table.now.at);
        sent += 1;
    }
    assert_eq!(sent, 116, "identify and beats have theirs of the 120");
    table.replies();
    table.due().expect("a beat or room");
    assert_eq!(table.ops(), [1]);
    table.pass(Duration::from_secs(60));
    assert!(table.session.wants_command(table.now.at));
}

#[test]
fn a_later_presence_takes_the_place_of_one_that_waits() {
    let mut table = Table::new();
    table.up();
    let mut answers = Vec::new();
    for number in 0..8 {
        let (reply, answer) = oneshot::channel();
        let presence = Presence::online().activity(crate::Activity::playing(number.to_string()));
        table
            .session
            .on_command(Command::Presence { presence, reply }, table.now.at);
        answers.push(answer);
    }
    assert_eq!(table.ops(), [3; 5], "five in twenty seconds");
    table.pass(Duration::from_secs(20));
    table.session.on_deadline(table.now).expect("no cut");
    let last = table.replies().into_iter().find(|reply| reply["op"] == 3);
    let last = last.expect("the last presence");
    assert_eq!(last["d"]["activities"], json!([{"name": "7", "type": 0}]));
    assert!(answers.iter_mut().all(|answer| answer.try_recv().is_ok()));
}

#[test]
fn an_abandoned_command_is_not_carried_out() {
    let mut table = Table::new();
    table.up();
    let (reply, answer) = oneshot::channel();
    drop(answer);
    let query = member_query();
    table
        .session
        .on_command(Command::Members { query, reply }, table.now.at);
    assert!(table.replies().is_empty());
}

#[test]
fn no_command_is_taken_before_the_session_is_up() {
    let mut table = Table::new();
    assert!(!table.session.wants_command(table.now.at));
    table.greet();
    assert!(!table.session.wants_command(table.now.at));
}

fn numbered_role(table: &mut Table, seq: u64, role: u64) {
    table.dispatch(
        seq,
        "GUILD_ROLE_DELETE",
        &json!({"guild_id": "42", "role_id": role}),
    );
}

#[test]
fn a_flood_of_leaps_is_few_gaps() {
    let mut table = Table::new();
    table.up();
    for number in 1..=200 {
        table.message(number * 10);
    }
    table.store();
    assert!(table.gaps().len() <= 5, "{} gaps", table.gaps().len());
}

#[test]
fn a_hole_in_a_quiet_session_is_a_gap_too() {
    let mut table = Table::new();
    table.up();
    table.message(10);
    table.message(11);
    for _ in 0..20 {
        let _ = table.due();
        table.say(&json!({"op": 11}));
    }
    table.store();
    assert_eq!(table.gaps().len(), 1);
}

#[test]
fn another_event_under_an_earlier_sequence_is_no_repeat() {
    let mut table = Table::new();
    table.up();
    origins(&mut table);
    numbered_role(&mut table, 2, 1);
    numbered_role(&mut table, 2, 2);
    numbered_role(&mut table, 1, 3);
    let origins = origins(&mut table);
    let distinct: std::collections::HashSet<_> = origins.iter().collect();
    assert_eq!(distinct.len(), 3, "{origins:?}");
    assert!(!origins.contains(&"a1b2/0000000001".to_owned()), "READY's");
}

#[test]
fn a_checkpoint_of_a_version_without_streams_makes_no_id_fresh() {
    // As 0.1.0 writes it after op 9 false, or after signing off: the id is not in it.
    let state = br#"{"v":1,"count":1,"user":9,"at":"2026-01-01T00:00:00Z"}"#;
    let old = Checkpoint {
        part: part(0),
        state: Bytes::from_static(state),
        mark: Mark { epoch: 1, seq: 0 }.write(),
    };
    let mut table = Table::with([0, 1], Some(&old));
    table.greet();
    table.ready("a1b2");
    numbered_role(&mut table, 2, 2);
    let origins = origins(&mut table);
    assert!(
        !origins.contains(&"a1b2/0000000002".to_owned()),
        "{origins:?}"
    );
}

#[test]
fn what_is_no_text_is_kept_whole_and_is_no_json() {
    let mut table = Table::new();
    table.up();
    table.store();
    let frame = Bytes::from_static(b"{\"t\":\"X\",\"s\":2,\"op\":0,\"d\":\"\xff\"}");
    table.session.on_frame(&frame, table.now).expect("no cut");
    table.store();
    assert_ne!(table.draft("discord.X").form, antiphon_core::BodyForm::Json);
}
