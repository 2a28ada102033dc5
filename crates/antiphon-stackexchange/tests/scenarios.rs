//! The source against a simulated chat, on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_core::{Event, Link, LinkState, Payload as _, Provenance};
use antiphon_sim::{RestFault, Simulator};
use antiphon_stackexchange::{
    JoinError, MentionEvent, MessageEvent, MessageId, ReplyEvent, RoomId, Sockets, Transport,
    UnknownEvent,
};
use futures_util::StreamExt as _;
use harness::{Begin as _, Journal, ROOM, Running, Said as _, config, lost, missing};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn a_room_is_joined_and_messages_are_heard_and_sent() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.say(ROOM, "teo", "it's <fine> & well");
    app.until(|journal| journal.texts() == ["it's <fine> & well"])
        .await;
    let sent = app.client.send(ROOM, "hello **all**").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let heard = journal.decoded::<MessageEvent>().pop().expect("an echo");
    assert_eq!(heard.message_id, sent);
    assert_eq!(heard.content.as_html(), "hello <b>all</b>");
    assert_eq!(heard.user_id, app.client.me().map(|me| me.id));
    app.stop().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_in_a_row_are_all_taken() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let texts: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for text in &texts {
        sim.stackexchange().say(ROOM, "teo", text);
    }
    sim.stackexchange().say(ROOM, "teo", "and the last");
    let is_last = |text: &String| text == "and the last";
    let journal = app
        .until(|journal| journal.texts().last().is_some_and(is_last))
        .await;
    assert_eq!(journal.texts()[..300], texts);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_is_joined_while_nobody_reads_the_stream() {
    let sim = Simulator::with_seed(7);
    let (client, source) = antiphon_stackexchange::connect(config(&sim));
    let mut events = source.events(CancellationToken::new());
    client.join(17).await.expect("joined");
    sim.stackexchange().say(17, "teo", "amen");
    // What came meanwhile waits for the reader.
    loop {
        let event = events.next().await.expect("open").expect("an event");
        if MessageEvent::KINDS.contains(&event.kind().as_str()) {
            let message = MessageEvent::decode(&event).expect("a message");
            assert_eq!(message.content.text(), "amen");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_event_arrives() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    sim.stackexchange().traffic(200);
    sleep(Duration::from_secs(60)).await;
    sim.stackexchange().traffic(0);
    sleep(Duration::from_secs(1)).await;
    let journal = app.stop().await;
    let kinds: std::collections::BTreeSet<&str> = journal.kinds().into_iter().collect();
    for kind in [
        "MessagePosted",
        "MessageEdited",
        "MessageDeleted",
        "MessageStarred",
        "UserEntered",
        "UserLeft",
        "UserMentioned",
        "AccessLevelChanged",
        "Invitation",
        "FeedTicker",
        "UserNameOrAvatarChanged",
        "RoomNameChanged",
        "35",
    ] {
        assert!(
            kinds.contains(format!("stackexchange.{kind}").as_str()),
            "no {kind}: {kinds:?}"
        );
    }
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert_eq!(journal.repeats, 0);
    for event in &journal.events {
        if event.kind().platform() == "stackexchange" {
            UnknownEvent::of(event).expect("any event can be read as an unknown one");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_socket_resumes_and_nothing_is_lost_or_twice() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.say(ROOM, "teo", "first");
    app.until(|journal| journal.texts().len() == 1).await;
    chat.cut();
    chat.say(ROOM, "teo", "second");
    chat.say(17, "teo", "not ours");
    chat.invite(17, "teo", "antiphon");
    let journal = app
        .until(|journal| !journal.of("stackexchange.Invitation").is_empty())
        .await;
    assert_eq!(journal.texts(), ["first", "second"]);
    assert_eq!(journal.texts_by(ROOM, Provenance::Replayed), ["second"]);
    chat.say(ROOM, "teo", "third");
    let journal = app.until(|journal| journal.texts().len() == 3).await;
    assert_eq!(journal.texts_by(ROOM, Provenance::Live), ["first", "third"]);
    let states: Vec<_> = journal.decoded::<antiphon_core::Link>();
    assert_eq!(states.len(), 3, "connected, waiting, connected: {states:?}");
    app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert!(journal.gaps().is_empty());
    assert_eq!(journal.repeats, 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_where_the_last_run_ended() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    let journal = app.kill().await;
    for number in 0..20 {
        chat.say(ROOM, "mira", &format!("meanwhile {number}"));
    }
    let app = Running::resume(&sim, config(&sim), journal);
    let journal = app.until(|journal| journal.texts().len() == 21).await;
    app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
}

#[tokio::test(start_paused = true)]
async fn a_fresh_install_asks_for_nothing_of_the_past() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().say(ROOM, "teo", "long ago");
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    sleep(Duration::from_secs(120)).await;
    let journal = app.stop().await;
    assert!(journal.texts().is_empty() && journal.gaps().is_empty());
}

/// Hides messages behind an outage that the socket does not replay.
async fn hidden(messages: usize, bound: usize) -> (Simulator, Journal) {
    hidden_from(messages, bound, (false, true)).await
}

/// See [`hidden`]; rows of messages and of events in the history have ids, or not.
async fn hidden_from(
    messages: usize,
    bound: usize,
    (of_messages, of_events): (bool, bool),
) -> (Simulator, Journal) {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    chat.history_ids(of_messages, of_events);
    let rooms = [ROOM, 17];
    let app = Running::start(&sim, config(&sim).rooms(rooms).backfill(bound));
    app.connected().await;
    for room in rooms {
        chat.say(room, "teo", "before");
    }
    app.until(|journal| journal.texts().len() == 2).await;
    chat.cut();
    for room in rooms {
        for number in 0..messages {
            chat.say(room, "mira", &format!("hidden {number}"));
        }
    }
    chat.replay(0);
    app.until(|journal| {
        let back = |room| journal.texts_by(room, Provenance::Backfilled).len();
        rooms.iter().all(|room| back(*room) >= messages.min(bound))
    })
    .await;
    for room in rooms {
        chat.say(room, "teo", "after");
    }
    let journal = app
        .until(|journal| {
            journal
                .texts()
                .iter()
                .filter(|text| *text == "after")
                .count()
                == 2
        })
        .await;
    app.stop().await;
    (sim, journal)
}

#[tokio::test(start_paused = true)]
async fn what_an_outage_hides_is_fetched_from_the_history_in_order() {
    for messages in [1, 10, 500] {
        let (sim, journal) = hidden(messages, 1000).await;
        for room in [ROOM, 17] {
            let expected: Vec<String> = (0..messages).map(|n| format!("hidden {n}")).collect();
            assert_eq!(journal.texts_by(room, Provenance::Backfilled), expected);
            let place = format!("room/{room}");
            let all: Vec<_> = journal
                .of("stackexchange.MessagePosted")
                .into_iter()
                .filter(|event| event.place().as_str() == place)
                .map(|event| event.origin().clone())
                .collect();
            let mut sorted = all.clone();
            sorted.sort();
            assert_eq!(all, sorted, "in the order in which they were said");
        }
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
        assert_eq!(missing(&sim, &journal), Vec::<String>::new());
        assert_eq!(journal.repeats, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_hides_900_messages_is_stored_whole_whatever_ids_the_history_has() {
    for ids in [(false, true), (true, true), (false, false), (true, false)] {
        let (sim, journal) = hidden_from(900, 1000, ids).await;
        for room in [ROOM, 17] {
            let expected: Vec<String> = (0..900).map(|n| format!("hidden {n}")).collect();
            assert_eq!(journal.texts_by(room, Provenance::Backfilled), expected);
            let mut messages: Vec<i64> = journal
                .decoded::<MessageEvent>()
                .iter()
                .filter(|message| message.room_id.get() == room)
                .map(|message| message.message_id.get())
                .collect();
            assert!(messages.is_sorted(), "in the order in which they were said");
            messages.dedup();
            assert_eq!(messages.len(), 902, "each once");
        }
        assert_eq!(missing(&sim, &journal), Vec::<String>::new(), "{ids:?}");
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
        assert_eq!(journal.repeats, 0);
    }
}

/// The numbers of all messages, as stored.
fn messages_of(journal: &Journal) -> Vec<i64> {
    let messages = journal.decoded::<MessageEvent>().into_iter();
    messages.map(|message| message.message_id.get()).collect()
}

#[track_caller]
fn each_once(mut messages: Vec<i64>) {
    let count = messages.len();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), count, "each once");
}

#[tokio::test(start_paused = true)]
async fn what_the_history_gave_is_stored_once_though_a_restart_brings_it_again() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let rooms = [ROOM, 17];
    let app = Running::start(&sim, config(&sim).rooms(rooms));
    app.connected().await;
    for room in rooms {
        chat.say(room, "teo", "before");
    }
    let before = app.until(|journal| journal.texts().len() == 2).await;
    chat.cut();
    for number in 0..700 {
        chat.say(ROOM, "mira", &format!("hidden {number}"));
    }
    chat.replay(0);
    app.until(|journal| journal.texts().len() == 702).await;
    let mut journal = app.kill().await;
    // The checkpoints of the last moments were not durable: the history is asked once more.
    journal.checkpoints = before.checkpoints;
    chat.replay(5_000);
    for room in rooms {
        chat.say(room, "teo", "after");
    }
    let app = Running::resume(&sim, config(&sim).rooms(rooms), journal);
    let after = app.until(|journal| journal.texts().len() == 704).await;
    app.connected().await;
    sleep(Duration::from_secs(60)).await;
    app.stop().await;
    each_once(messages_of(&after));
    assert_eq!(lost(&sim, &after), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_message_of_the_history_that_a_socket_brings_later_is_stored_once() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let rooms = [ROOM, 17];
    let app = Running::start(&sim, config(&sim).rooms(rooms));
    app.connected().await;
    let early = app.journal().checkpoints;
    chat.cut();
    for number in 0..700 {
        chat.say(ROOM, "mira", &format!("hidden {number}"));
    }
    // The first socket says nothing of it, and the next ones all.
    chat.begin_late(true);
    app.until(|journal| journal.texts().len() == 700).await;
    let mut journal = app.kill().await;
    chat.begin_late(false);
    // The other room was heard less far, so that the next socket begins there.
    let is_other = |checkpoint: &antiphon_core::Checkpoint| *checkpoint.part == *"room/17";
    journal.checkpoints.retain(|kept| !is_other(kept));
    journal
        .checkpoints
        .extend(early.into_iter().filter(is_other));
    let app = Running::resume(&sim, config(&sim).rooms(rooms), journal);
    app.connected().await;
    chat.say(ROOM, "teo", "after");
    let after = app.until(|journal| journal.texts().len() > 700).await;
    app.stop().await;
    assert_eq!(after.texts().len(), 701);
    assert_eq!(after.repeats, 700, "the socket brought them all");
    each_once(messages_of(&after));
}

/// A journal of the version before: messages are named by their events, and checkpoints have no message.
fn as_before_the_update(mut journal: Journal) -> Journal {
    journal.events = journal
        .events
        .iter()
        .map(|event| {
            let mut draft = event.draft().clone();
            if event.kind().as_str() == "stackexchange.MessagePosted" {
                let message = MessageEvent::decode(event).expect("a message");
                draft.origin = format!("event/{}", message.id.expect("an id")).into();
            }
            Event::stored(event.position(), event.source().clone(), draft).into()
        })
        .collect();
    for checkpoint in &mut journal.checkpoints {
        let mut state: serde_json::Value =
            serde_json::from_slice(&checkpoint.state).expect("an object");
        for field in ["message", "named_after"] {
            state.as_object_mut().expect("an object").remove(field);
        }
        checkpoint.state = state.to_string().into();
    }
    journal
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_the_version_before_goes_on_without_doubles() {
    for replays in [5_000, 0] {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        let rooms = [ROOM, 17];
        let app = Running::start(&sim, config(&sim).rooms(rooms));
        app.connected().await;
        let early = app.journal().checkpoints;
        for number in 0..20 {
            chat.say(ROOM, "teo", &format!("before {number}"));
            sleep(Duration::from_secs(1)).await;
        }
        app.until(|journal| journal.texts().len() == 20).await;
        sleep(Duration::from_secs(30)).await;
        let mut journal = as_before_the_update(app.kill().await);
        // The other room was heard less far, so that the socket begins before what is stored.
        let early = as_before_the_update(Journal {
            checkpoints: early,
            ..Journal::default()
        });
        let is_other = |checkpoint: &antiphon_core::Checkpoint| *checkpoint.part == *"room/17";
        journal.checkpoints.retain(|kept| !is_other(kept));
        journal
            .checkpoints
            .extend(early.checkpoints.into_iter().filter(is_other));
        sleep(Duration::from_secs(20)).await;
        chat.replay(replays);
        for number in 0..600 {
            chat.say(ROOM, "mira", &format!("meanwhile {number}"));
        }
        chat.replay(replays);
        sleep(Duration::from_secs(5)).await;
        for _ in 0..3 {
            let app = Running::resume(&sim, config(&sim).rooms(rooms), journal);
            app.connected().await;
            sleep(Duration::from_secs(60)).await;
            chat.say(ROOM, "teo", "again");
            sleep(Duration::from_secs(5)).await;
            journal = app.kill().await;
        }
        let messages = messages_of(&journal);
        assert_eq!(messages.len(), 623, "all of them: replays {replays}");
        assert!(messages.is_sorted(), "in the order in which they were said");
        each_once(messages);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stretch_that_a_silent_socket_left_out_is_fetched_and_reported_once() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    chat.say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    chat.cut();
    for number in 0..900 {
        chat.say(ROOM, "mira", &format!("hidden {number}"));
    }
    chat.begin_late(true);
    app.until(|journal| journal.texts().len() == 901).await;
    let places = |journal: &Journal| -> Vec<String> {
        let gaps = journal.gaps().into_iter();
        gaps.map(|(place, _)| place).collect()
    };
    let expected = ["room/4242", "user/99"];
    assert_eq!(places(&app.journal()), expected);
    chat.say(ROOM, "teo", "after");
    let journal = app.until(|journal| journal.texts().len() == 902).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(places(&app.journal()), expected, "said once");
    let after = journal.of("stackexchange.MessagePosted").pop();
    assert_eq!(after.expect("the last").provenance(), Provenance::Live);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_a_gap_names_the_range() {
    let (sim, journal) = hidden(40, 10).await;
    for room in [ROOM, 17] {
        let expected: Vec<String> = (30..40).map(|n| format!("hidden {n}")).collect();
        assert_eq!(journal.texts_by(room, Provenance::Backfilled), expected);
        let gaps = journal.gaps();
        let gap = gaps
            .iter()
            .find(|(place, _)| *place == format!("room/{room}"));
        let (_, gap) = gap.expect("a gap of the room");
        assert_eq!(gap.recovered, 10);
        // From what was heard last to the first that was fetched.
        let (_, range) = gap
            .cause
            .split_once("not whole between event ")
            .expect("a range");
        let (since, first) = range.split_once(" and event ").expect("two ends");
        let posted: Vec<i64> = journal
            .decoded::<MessageEvent>()
            .iter()
            .filter(|message| message.room_id.get() == room)
            .map(|message| message.id.expect("an id").get())
            .collect();
        let since: i64 = since.parse().expect("a number");
        assert!(posted[0] <= since && since < posted[1], "{range}");
        assert_eq!(first, posted[1].to_string());
    }
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_only_messages_can_be_fetched_for_is_inside_a_gap() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    chat.say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    chat.cut();
    // The first hidden event is a message, so that what is fetched begins without a hole in its numbers.
    for number in 0..400 {
        chat.say(ROOM, "mira", &format!("hidden {number}"));
        chat.enter(ROOM, "teo");
    }
    chat.replay(0);
    app.until(|journal| journal.texts_by(ROOM, Provenance::Backfilled).len() == 400)
        .await;
    let journal = app.stop().await;
    assert!(journal.of("stackexchange.UserEntered").len() < 400);
    assert!(
        !journal.gaps().is_empty(),
        "the others are not passed over in silence"
    );
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

/// A room before and after an outage, whose events the socket does not replay.
async fn filled_in(
    happened: impl FnOnce(&antiphon_sim::stackexchange::StackExchange, i64),
) -> (Simulator, Journal) {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let old = chat.say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    chat.cut();
    happened(&chat, old);
    chat.replay(0);
    chat.say(ROOM, "teo", "at last");
    let journal = app
        .until(|journal| journal.texts().iter().any(|text| text == "at last"))
        .await;
    app.stop().await;
    (sim, journal)
}

#[tokio::test(start_paused = true)]
async fn a_star_on_an_old_message_does_not_hide_what_was_said_since() {
    let (sim, journal) = filled_in(|chat, old| {
        for number in 0..600 {
            chat.say(ROOM, "mira", &format!("hidden {number}"));
        }
        chat.star(old, "mira");
    })
    .await;
    let expected: Vec<String> = (0..600).map(|n| format!("hidden {n}")).collect();
    let backfilled = journal.texts_by(ROOM, Provenance::Backfilled);
    assert_eq!(backfilled[..600], expected);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_page_of_history_that_cannot_be_read_in_part_is_not_taken_for_the_whole() {
    let (sim, journal) = filled_in(|chat, _| {
        for number in 0..600 {
            chat.say(ROOM, "mira", &format!("hidden {number}"));
        }
        let odd = serde_json::json!({"event_type": "odd"});
        chat.event(ROOM, 99, 101, &odd, None);
    })
    .await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert!(journal.texts_by(ROOM, Provenance::Backfilled).len() >= 600);

    let (sim, journal) = filled_in(|chat, _| {
        let odd = serde_json::json!({"event_type": "odd"});
        chat.event(ROOM, 99, 101, &odd, None);
    })
    .await;
    let gaps = journal.gaps();
    assert!(
        gaps.iter()
            .any(|(place, _)| *place == format!("room/{ROOM}")),
        "{gaps:?}"
    );
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn quirk_16_a_silent_socket_is_given_up_after_45_seconds() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    let start = Instant::now();
    chat.half_open();
    chat.say(ROOM, "teo", "into the void");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    let waited = start.elapsed().as_secs();
    assert!((44..110).contains(&waited), "{waited} s");
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_25_the_planned_reset_drops_and_repeats_nothing() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    let first = chat.connections();
    chat.traffic(1);
    sleep(Duration::from_secs(2 * 3600 + 600)).await;
    chat.traffic(0);
    sleep(Duration::from_secs(2)).await;
    assert_ne!(chat.connections(), first, "another socket by now");
    assert_eq!(chat.connections().len(), 1);
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
    assert_eq!(journal.repeats, 0);
    assert_eq!(
        journal.decoded::<antiphon_core::Link>().len(),
        1,
        "the link never went down"
    );
}

#[tokio::test(start_paused = true)]
async fn rooms_share_a_socket_or_have_one_each() {
    for (sockets, count) in [(Sockets::Shared, 1), (Sockets::PerRoom, 2)] {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]).sockets(sockets));
        app.connected().await;
        assert_eq!(chat.connections().len(), count);
        chat.say(ROOM, "teo", "here");
        chat.say(17, "teo", "there");
        let journal = app.until(|journal| journal.texts().len() == 2).await;
        assert_eq!(journal.repeats, 0);
        app.stop().await;
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_are_joined_and_left_at_run_time_and_joined_again_after_a_restart() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let tea = app.client.join(17).await.expect("joined");
    assert_eq!(tea.id(), RoomId::new(17));
    chat.say(17, "teo", "one");
    app.until(|journal| journal.texts() == ["one"]).await;
    app.client.leave(ROOM).await.expect("left");
    chat.say(ROOM, "teo", "not ours any more");
    let closed = app.client.join(99_999).await;
    assert!(
        matches!(closed, Err(JoinError::NoSuchRoom(_))),
        "{closed:?}"
    );
    let journal = app.kill().await;
    chat.say(17, "teo", "two");
    let app = Running::resume(&sim, config(&sim).rooms([0_i64; 0]), journal);
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    assert_eq!(journal.texts(), ["one", "two"]);
    app.client.leave_all().await.expect("left");
    chat.say(17, "teo", "three");
    sleep(Duration::from_secs(60)).await;
    let journal = app.stop().await;
    assert_eq!(journal.texts(), ["one", "two"]);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

/// The kinds that were stored at the place of a room.
fn kinds_at(journal: &Journal, room: i64) -> Vec<String> {
    let place = format!("room/{room}");
    let events = journal.events.iter();
    events
        .filter(|event| event.place().as_str() == place)
        .map(|event| event.kind().to_string())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn of_the_configured_rooms_alone_one_less_is_left_and_joined_anew_once_it_is_back() {
    for sockets in [Sockets::Shared, Sockets::PerRoom] {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        let one = || config(&sim).only_rooms(true).sockets(sockets);
        let both = || one().rooms([ROOM, 17]);
        let app = Running::start(&sim, both());
        app.connected().await;
        chat.say(ROOM, "teo", "one");
        chat.say(17, "teo", "two");
        app.until(|journal| journal.texts().len() == 2).await;
        let stored = app.stop().await;
        let before = kinds_at(&stored, 17).len();
        chat.say(ROOM, "teo", "three");
        chat.say(17, "teo", "not wanted any more");
        let unread = missing(&sim, &stored).len();
        assert_eq!(unread, 2, "both were due");

        let app = Running::resume(&sim, one(), stored);
        app.until(|journal| journal.texts().len() == 3).await;
        chat.say(17, "teo", "not wanted either");
        chat.say(ROOM, "teo", "four");
        app.until(|journal| journal.texts().len() == 4).await;
        sleep(Duration::from_secs(60)).await;
        let stored = app.stop().await;
        assert_eq!(stored.texts(), ["one", "two", "three", "four"]);
        // What was stored stays, and nothing comes behind it: no event, and no gap.
        assert_eq!(kinds_at(&stored, 17)[before..], ["antiphon.link"]);
        assert_eq!(link_of(&stored, 17), ["closed"]);
        assert!(stored.gaps().is_empty(), "{:?}", stored.gaps());
        // What was said while the account was still in the room; the server did not send what followed.
        let unread = missing(&sim, &stored);
        assert_eq!(unread, ["stackexchange.MessagePosted room/17"]);

        let app = Running::resume(&sim, both(), stored);
        app.until(|journal| link_of(journal, 17) == ["closed", "connected"])
            .await;
        chat.say(17, "teo", "five");
        let journal = app.until(|journal| journal.texts().len() == 5).await;
        assert_eq!(journal.texts()[4], "five");
        let journal_at_end = app.stop().await;
        assert!(journal_at_end.gaps().is_empty(), "it was joined anew");
        assert_eq!(missing(&sim, &journal).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_could_not_be_left_is_not_heard_and_is_left_later() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
    app.connected().await;
    let stored = app.kill().await;
    chat.fail("POST /chats/leave/17", 2, RestFault::Status(503));
    // A run that ends before the room was left leaves it to the next one.
    let app = Running::resume(&sim, config(&sim).only_rooms(true), stored);
    app.connected().await;
    sleep(Duration::from_secs(20)).await;
    let stored = app.kill().await;
    assert_eq!(link_of(&stored, 17), [""; 0]);

    let app = Running::resume(&sim, config(&sim).only_rooms(true), stored);
    app.connected().await;
    chat.say(ROOM, "teo", "the other one goes on");
    app.until(|journal| journal.texts().len() == 1).await;
    sleep(Duration::from_secs(20)).await;
    assert_eq!(
        link_of(&app.journal(), 17),
        [""; 0],
        "the request failed again"
    );
    sleep(Duration::from_secs(20)).await;
    assert_eq!(link_of(&app.journal(), 17), ["closed"]);
    chat.say(17, "teo", "not wanted any more");
    let journal = app.stop().await;
    assert_eq!(journal.texts(), ["the other one goes on"]);
    assert_eq!(missing(&sim, &journal), [""; 0], "it is not due any more");
}

#[tokio::test(start_paused = true)]
async fn without_a_socket_rooms_are_polled() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    chat.refuse_sockets(Duration::from_secs(600));
    chat.cut();
    chat.say(ROOM, "teo", "polled");
    let journal = app.until(|journal| journal.texts() == ["polled"]).await;
    assert_eq!(app.client.transport(), Transport::Polling);
    assert!(app.client.link().borrow().is_connected());
    chat.say(ROOM, "teo", "polled again");
    app.until(|journal| journal.texts().len() == 2).await;
    sleep(Duration::from_secs(700)).await;
    assert_eq!(app.client.transport(), Transport::Socket);
    chat.say(ROOM, "teo", "pushed");
    app.until(|journal| journal.texts().len() == 3).await;
    assert!(journal.gaps().is_empty());
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert_eq!(journal.repeats, 0);
}

#[tokio::test(start_paused = true)]
async fn quirk_01_a_mention_comes_twice_and_can_be_told_apart() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let mine = app.client.send(ROOM, "anybody here?").await.expect("sent");
    let chat = sim.stackexchange();
    chat.say(ROOM, "teo", "@antiphon hello");
    chat.say(ROOM, "mira", &format!(":{mine} I am"));
    chat.say(ROOM, "mira", "@teo you too?");
    let journal = app.until(|journal| journal.texts().len() == 4).await;
    let mentions = journal.decoded::<MentionEvent>();
    let replies = journal.decoded::<ReplyEvent>();
    assert_eq!(
        (mentions.len(), replies.len()),
        (1, 1),
        "{:?}",
        journal.kinds()
    );
    let messages = journal.decoded::<MessageEvent>();
    let twin = messages
        .iter()
        .find(|message| message.message_id == mentions[0].message_id);
    assert_ne!(twin.expect("the message itself").id, mentions[0].id);
    assert_eq!(replies[0].parent_id, Some(mine));
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_02_and_03_repeats_are_dropped_and_events_from_elsewhere_keep_their_room() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.duplicate(3);
    chat.say(ROOM, "teo", "once");
    chat.say(17, "teo", "@antiphon come over");
    let journal = app
        .until(|journal| !journal.of("stackexchange.UserMentioned").is_empty())
        .await;
    assert_eq!(journal.repeats, 0, "known by its id before the journal");
    assert_eq!(journal.texts(), ["once"]);
    let mention = &journal.of("stackexchange.UserMentioned")[0];
    assert_eq!(mention.place().as_str(), "user/99/room/17");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_15_odd_frames_are_kept_and_the_session_goes_on() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    let frames = [
        r#"{"r4242":{"e":[null,{"no":"id"},7],"t":1,"d":1}}"#,
        r#"{"r4242":{}}"#,
        r#"{"r4242":"busy"}"#,
        r#"{"r9999":{}}"#,
        r#"{"mystery":{"x":1}}"#,
        r#"{"r4242":{"e":[{"event_ty"#,
        r"[1,2]",
    ];
    for frame in frames {
        chat.frame(frame);
    }
    chat.event(ROOM, 99, 101, &serde_json::json!({"odd": true}), None);
    chat.say(ROOM, "teo", "still here");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    let malformed = journal.of("stackexchange.malformed");
    let bodies: Vec<_> = malformed
        .iter()
        .map(|event| String::from_utf8_lossy(event.body()).into_owned())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"no":"id"}"#,
            "7",
            r#"{"r4242":"busy"}"#,
            r#"{"mystery":{"x":1}}"#,
            r#"{"r4242":{"e":[{"event_ty"#,
            "[1,2]"
        ]
    );
    assert_eq!(journal.of("stackexchange.99").len(), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_22_a_kick_ends_the_room_and_is_not_fought() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.kick(17, "mira", "antiphon");
    app.until(|journal| !journal.of("stackexchange.exit").is_empty())
        .await;
    chat.say(17, "teo", "gone");
    chat.say(ROOM, "teo", "still here");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    assert_eq!(journal.texts(), ["still here"]);
    assert_eq!(journal.of("stackexchange.AccessLevelChanged").len(), 1);
    // The kick is over by now, but nobody asked to come back.
    sleep(Duration::from_secs(300)).await;
    chat.cut();
    chat.say(ROOM, "teo", "back");
    app.until(|journal| journal.texts().len() == 2).await;
    chat.say(17, "teo", "not heard");
    sleep(Duration::from_secs(60)).await;
    let journal = app.stop().await;
    assert_eq!(journal.texts(), ["still here", "back"]);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_logs_in_once_and_goes_on() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let chat = sim.stackexchange();
    chat.expire_cookies();
    chat.cut();
    chat.say(ROOM, "teo", "meanwhile");
    app.until(|journal| journal.texts().len() == 1).await;
    app.client.send(ROOM, "and on").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_stops_the_reading_and_nothing_else() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).buffer_bytes(2_000));
    app.connected().await;
    let chat = sim.stackexchange();
    let connections = chat.connections();
    app.pause_journal(true);
    sleep(Duration::from_secs(1)).await;
    for number in 0..2_000 {
        chat.say(ROOM, "teo", &format!("{number}"));
    }
    sleep(Duration::from_secs(300)).await;
    let resumed = sim.clock().now();
    app.pause_journal(false);
    let journal = app.until(|journal| journal.texts().len() == 2_000).await;
    let posted = journal.of("stackexchange.MessagePosted").into_iter();
    let read_before = posted.filter(|event| event.received_at() < resumed).count();
    // The intake takes 1,024 entries before it is full, and the buffer some dozens.
    assert!(read_before < 1_200, "{read_before} were read meanwhile");
    assert_eq!(chat.connections(), connections, "the silence was our own");
    app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

/// The gaps of events from elsewhere.
fn gaps_elsewhere(journal: &Journal) -> Vec<antiphon_core::Gap> {
    let gaps = journal.gaps().into_iter();
    gaps.filter(|(place, _)| place == "user/99")
        .map(|(_, gap)| gap)
        .collect()
}

/// A source that polls because sockets are refused; an invitation was sent before a message that a poll brought.
async fn polling(sim: &Simulator, sockets: Sockets) -> Running {
    let chat = sim.stackexchange();
    let app = Running::start(sim, config(sim).rooms([ROOM, 5151]).sockets(sockets));
    app.connected().await;
    chat.say(ROOM, "teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    // Each socket tells its counter.
    chat.beat();
    app.moment().await;
    chat.refuse_upgrades(200, 503);
    chat.cut();
    app.until(|journal| {
        let links = journal.decoded::<Link>().into_iter();
        let polls = |link: &Link| {
            matches!(&link.state, LinkState::Polling { reason, .. } if reason.contains("503"))
        };
        links.last().as_ref().is_some_and(polls)
    })
    .await;
    assert_eq!(app.client.transport(), Transport::Polling);
    chat.invite(17, "teo", "antiphon");
    chat.say(ROOM, "teo", "polled");
    app.until(|journal| journal.texts().len() == 2).await;
    app
}

#[tokio::test(start_paused = true)]
async fn what_polling_cannot_bring_is_one_gap_until_a_socket_is_heard() {
    for sockets in [Sockets::Shared, Sockets::PerRoom] {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        let app = polling(&sim, sockets).await;
        assert!(gaps_elsewhere(&app.journal()).is_empty(), "not over yet");
        chat.stop_refusing();
        let journal = app
            .until(|journal| !gaps_elsewhere(journal).is_empty())
            .await;
        let gap = &gaps_elsewhere(&journal)[0];
        assert!(
            gap.from.frame.is_some() && gap.to.frame == Some(1),
            "{gap:?}"
        );
        chat.invite(17, "mira", "antiphon");
        let journal = app
            .until(|journal| !journal.of("stackexchange.Invitation").is_empty())
            .await;
        let connected = journal.decoded::<Link>().pop().expect("a link");
        assert!(matches!(connected.state, LinkState::Connected { .. }));
        let journal_at_end = app.stop().await;
        assert_eq!(gaps_elsewhere(&journal_at_end).len(), 1, "{sockets:?}");
        assert_eq!(lost(&sim, &journal_at_end), Vec::<String>::new());
        assert_eq!(journal.repeats, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mention_is_polled_also_where_the_login_had_ended() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = polling(&sim, Sockets::Shared).await;
    // The server answers on as it would answer anybody: without what is for the account alone.
    chat.expire_cookies();
    chat.say(ROOM, "teo", "@antiphon are you there?");
    let journal = app.until(|journal| journal.texts().len() == 3).await;
    assert_eq!(journal.of("stackexchange.UserMentioned").len(), 1);
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_restart_while_polling_tells_the_gap_all_the_same() {
    for kill in [true, false] {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        let app = polling(&sim, Sockets::Shared).await;
        let journal = if kill {
            app.kill().await
        } else {
            app.stop().await
        };
        assert_eq!(gaps_elsewhere(&journal).len(), usize::from(!kill));
        chat.stop_refusing();
        chat.invite(17, "mira", "antiphon");
        let app = Running::resume(&sim, config(&sim).rooms([ROOM, 5151]), journal);
        app.connected().await;
        chat.say(ROOM, "teo", "after");
        app.until(|journal| journal.texts().len() == 3).await;
        let journal = app.stop().await;
        let gaps = gaps_elsewhere(&journal);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_socket_replays_after_a_few_refusals_is_no_gap() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    chat.refuse_upgrades(2, 503);
    chat.cut();
    chat.invite(17, "teo", "antiphon");
    app.until(|journal| !journal.of("stackexchange.Invitation").is_empty())
        .await;
    let journal = app.stop().await;
    let links = journal.decoded::<Link>().into_iter();
    let refused = links.filter(
        |link| matches!(&link.state, LinkState::Waiting { reason, .. } if reason.contains("503")),
    );
    assert_eq!(refused.count(), 2, "both refusals were met");
    assert!(journal.gaps().is_empty(), "{:?}", journal.gaps());
}

/// The states of a room's link, in short.
fn link_of(journal: &Journal, room: i64) -> Vec<String> {
    let place = format!("room/{room}");
    let links = journal.of(Link::KIND).into_iter();
    links
        .filter(|event| event.place().as_str() == place)
        .map(|event| match Link::decode(event).expect("a link").state {
            LinkState::Stopped { code, hint, .. } => {
                assert!(hint.is_some(), "it says what to do");
                code.as_str().to_owned()
            }
            state => state.word().to_owned(),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_not_read_says_so_in_its_link_and_the_others_go_on() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    chat.private(5151, true);
    let app = Running::start(&sim, config(&sim).rooms([ROOM, 17, 5151, 99_999]));
    app.connected().await;
    let journal = app.journal();
    for room in [5151, 99_999] {
        assert_eq!(link_of(&journal, room), ["not-open"]);
    }
    chat.kick(17, "mira", "antiphon");
    app.until(|journal| link_of(journal, 17) == ["removed"])
        .await;
    chat.say(ROOM, "teo", "here");
    app.until(|journal| journal.texts() == ["here"]).await;

    chat.private(5151, false);
    app.client.join(5151).await.expect("it is open now");
    chat.say(5151, "teo", "there");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    assert_eq!(link_of(&journal, 5151), ["not-open", "connected"]);
    app.client.leave(5151).await.expect("left");
    let journal = app.until(|journal| link_of(journal, 5151).len() == 3).await;
    assert_eq!(link_of(&journal, 5151)[2], "left");
    assert!(link_of(&journal, ROOM).is_empty(), "it was well all along");
    assert!(app.client.link().borrow().is_connected());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_whose_requests_and_page_are_forbidden_is_not_open_and_a_proxy_is_no_such_room() {
    let check = |fault: RestFault| async move {
        let sim = Simulator::with_seed(7);
        let chat = sim.stackexchange();
        for requests in ["POST /chats/17/events", "GET /rooms/17"] {
            chat.fail(requests, 3, fault.clone());
        }
        let app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
        app.connected().await;
        chat.say(ROOM, "teo", "here");
        app.until(|journal| journal.texts() == ["here"]).await;
        link_of(&app.stop().await, 17)
    };
    assert_eq!(check(RestFault::Status(403)).await, ["not-open"]);
    assert!(check(RestFault::Html(403)).await.is_empty(), "it passed");
}

/// A week of socket resets, unknown events, expired cookies, 409s and errors inside of answers.
#[tokio::test(start_paused = true)]
async fn a_week_of_trouble_loses_nothing_and_ends_with_one_challenge() {
    let sim = Simulator::with_seed(11);
    let chat = sim.stackexchange();
    let mut app = Running::start(&sim, config(&sim).rooms([ROOM, 17]));
    app.connected().await;
    let mut sent: Vec<MessageId> = Vec::new();
    for day in 0..7 {
        chat.traffic(1);
        sleep(Duration::from_secs(600)).await;
        chat.traffic(0);
        chat.cut();
        sleep(Duration::from_secs(3 * 3600)).await;
        chat.event(ROOM, 35, 101, &serde_json::json!({"x": day}), None);
        chat.conflict(2, "You can perform this action again in 3 seconds.");
        sent.push(
            app.client
                .send(ROOM, format!("day {day}"))
                .await
                .expect("sent"),
        );
        chat.fail("POST /ws-auth", 2, RestFault::Html(500));
        chat.reset();
        sleep(Duration::from_secs(3600)).await;
        chat.fail("POST /chats/*", 1, RestFault::CodeInside(500));
        chat.fail("POST /chats/*", 1, RestFault::NotJson);
        chat.cut();
        chat.say(17, "teo", &format!("night {day}"));
        sleep(Duration::from_secs(6 * 3600)).await;
        chat.expire_cookies();
        chat.new_keys();
        chat.close(1001, "going away");
        sleep(Duration::from_secs(13 * 3600)).await;
        assert!(app.client.link().borrow().is_connected(), "day {day}");
    }
    let journal = app.journal();
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    let missing = missing(&sim, &journal);
    assert_eq!(missing, Vec::<String>::new(), "all of it could be replayed");
    assert_eq!(journal.repeats, 0);
    assert!(journal.of("stackexchange.35").len() >= 7, "one a day");
    let texts = journal.texts();
    for day in 0..7 {
        for text in [format!("day {day}"), format!("night {day}")] {
            let times = texts.iter().filter(|said| **said == text).count();
            assert_eq!(times, 1, "{text}");
        }
    }
    assert_eq!(sent.len(), 7);
    let links = journal.decoded::<Link>().into_iter();
    let failed = links.filter(
        |link| matches!(&link.state, LinkState::Waiting { reason, .. } if reason.contains("500")),
    );
    assert!(failed.count() >= 7, "the faults of each day were met");
    chat.expire_cookies();
    chat.ask_for_humans(99);
    chat.cut();
    let error = app.ended().await.expect_err("a challenge");
    assert_eq!(error.code(), "captcha");
    assert!(error.way_out().expect("a hint").contains("browser"));
    let journal = app.journal();
    let stopped = journal.decoded::<antiphon_core::Link>();
    let stops = stopped
        .iter()
        .filter(|link| matches!(link.state, LinkState::Stopped { .. }));
    assert_eq!(stops.count(), 1, "said once");
    sleep(Duration::from_secs(86_400)).await;
    assert!(chat.connections().is_empty(), "and not tried again");
}
