//! The source against a simulated QueUp, on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_core::{Gap, IntakeLimits, Link, LinkState, Payload as _, Place, Provenance};
use antiphon_queup::{
    self as queup, Account, ActionError, Chat, ConnectError, JoinError, JoinedRoom, LoginError,
    MemberJoin, Presence, PrivateMessage, Ready, RequestError, SendError, UserLeave,
};
use antiphon_sim::{RestFault, Simulator};
use futures_util::StreamExt as _;
use harness::{Begin as _, Journal, ROOM, Running, Said as _, config, lost};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

// ---------------------------------------------------------------------------------------------------------------------
// Joining and speaking.

#[tokio::test(start_paused = true)]
async fn a_room_is_joined_and_chat_is_heard_and_said() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    let journal = app.settled().await;
    assert_eq!(journal.decoded::<Ready>().len(), 1);
    assert_eq!(journal.decoded::<JoinedRoom>().len(), 1);

    let room = sim.queup().room(ROOM);
    room.say("teo", "it's <fine> & well");
    app.until(|journal| journal.texts() == ["it's <fine> & well"])
        .await;

    let mine = app.client.rooms().into_iter().next().expect("a room");
    let sent = mine.send_message("hello & <goodbye>").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let heard: Chat = journal.decoded::<Chat>().pop().expect("an echo");
    assert_eq!(heard.message.id, sent.id);
    assert_eq!(heard.content, "hello & <goodbye>");
    assert_eq!(sent.content, "hello & <goodbye>");
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_in_a_row_are_all_taken() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    let texts: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for text in &texts {
        room.say("teo", text);
    }
    room.say("teo", "and the last");
    let is_last = |text: &String| text == "and the last";
    let journal = app
        .until(|journal| journal.texts().last().is_some_and(is_last))
        .await;
    assert_eq!(journal.texts()[..300], texts);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_caches_follow_the_events() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    let chat = room.say("teo", "mind me");
    app.until(|journal| journal.texts().len() == 1).await;

    let client = &app.client;
    let mine = client.room(&room.id().into()).expect("the room");
    assert_eq!(mine.slug, ROOM);
    assert!(mine.members().len() > 1, "fetched when it was joined");
    let message = client.message(&chat.as_str().into()).expect("the message");
    assert_eq!(message.author.username, "teo");
    let teo = client.user(&message.author.id).expect("the user");
    let member = teo.member_of(&mine).expect("the member");
    assert_eq!(member.user().expect("a user").id, teo.id);
    assert_eq!(member.room().expect("a room").id, mine.id);
    assert_eq!(client.me().expect("logged in").username, "antiphon");
    assert!(client.logged_in());

    room.delete("mira", &chat);
    let journal = app
        .until(|journal| !journal.of("queup.delete-chat-message").is_empty())
        .await;
    let index = journal.events.len() - 1;
    let before = journal.before[index]
        .get::<queup::Message>()
        .expect("it was cached");
    assert_eq!(
        (before.content.as_str(), before.deleted),
        ("mind me", false)
    );
    let deleted = client.message(&chat.as_str().into()).expect("still cached");
    assert!(deleted.deleted);
    let event = &journal.events[index];
    assert_eq!(
        event.deletes().expect("a deletion").as_str(),
        format!("chat/{chat}")
    );

    room.leave("teo");
    let journal = app
        .until(|journal| !journal.decoded::<UserLeave>().is_empty())
        .await;
    let before = journal.before.last().expect("an event");
    assert_eq!(
        before.get::<queup::MemberState>().expect("a member").user,
        teo.id
    );
    assert!(client.member(&mine.id, &teo.id).is_none());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_message_is_stored_once_and_a_second_dub_twice() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    sim.queup().links().duplicate(1);
    room.say("mira", "once");
    let journal = app.until(|journal| journal.repeats == 1).await;
    assert_eq!(journal.texts(), ["once"]);

    room.queue("mira", "Artist & Friend - Tune");
    room.dub("teo", true);
    room.dub("teo", false);
    let journal = app
        .until(|journal| journal.of("queup.room_playlist-dub").len() == 2)
        .await;
    assert_eq!(journal.decoded::<queup::Dub>().len(), 2);
    app.stop().await;
}

// ---------------------------------------------------------------------------------------------------------------------
// Outages.

#[tokio::test(start_paused = true)]
async fn a_cut_is_healed_and_chat_comes_back_in_order() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    room.say("mira", "first");
    app.until(|journal| journal.texts().len() == 1).await;
    sim.queup().cut_connections();
    room.say("mira", "second");
    room.dub("teo", true);
    sleep(Duration::from_secs(1)).await;
    room.say("teo", "third");
    app.until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
        .await;
    room.say("mira", "fourth");
    let journal = app.until(|journal| journal.texts().len() == 4).await;
    assert_eq!(journal.texts(), ["first", "second", "third", "fourth"]);
    let provenance: Vec<_> = journal
        .of("queup.chat-message")
        .iter()
        .map(|event| event.provenance())
        .collect();
    assert_eq!(
        provenance,
        [
            Provenance::Live,
            Provenance::Backfilled,
            Provenance::Backfilled,
            Provenance::Live
        ]
    );

    let mut gaps = journal.gaps();
    gaps.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        gaps.len(),
        2,
        "one for the room and one for the account: {gaps:?}"
    );
    assert_eq!(gaps[0].0, format!("room/{}", room.id()));
    assert_eq!(gaps[0].1.recovered, 2);
    assert!(gaps[1].0.starts_with("user/"));
    assert_eq!(gaps[1].1.recovered, 0);
    assert_eq!(lost(&sim, &journal), [""; 0]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn live_events_wait_until_the_history_before_them_is_stored() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    sim.queup().cut_connections();
    room.say("mira", "missed");
    sim.queup()
        .fail_rest("GET /chat/*", 1, RestFault::Slow(Duration::from_secs(3)));
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    sleep(Duration::from_secs(1)).await;
    room.say("teo", "live");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(app.journal().texts(), [""; 0], "held back");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    assert_eq!(journal.texts(), ["missed", "live"]);
    let kinds = journal.kinds();
    let at = |kind| {
        kinds
            .iter()
            .rposition(|found| *found == kind)
            .expect("stored")
    };
    assert!(at("antiphon.gap") < at("queup.joined_room"));
    assert_eq!(journal.repeats, 0);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn chat_keeps_the_servers_order_over_outages_with_a_slow_history() {
    let sim = Simulator::with_seed(7);
    let rooms = [ROOM, "night-radio"];
    let app = Running::start(&sim, config(&sim).rooms(rooms));
    app.settled().await;
    sim.queup().traffic(200);
    for round in 0..10_u64 {
        let slow = RestFault::Slow(Duration::from_millis(100 + round * 150));
        sim.queup().fail_rest("GET /chat/*", 2, slow);
        sim.queup().cut_connections();
        sleep(Duration::from_millis(7000 + round * 77)).await;
    }
    sim.queup().traffic(0);
    app.connected().await;
    sleep(Duration::from_secs(120)).await;
    let journal = app.journal();
    assert_eq!(lost(&sim, &journal), [""; 0]);
    for room in rooms {
        let place = format!("room/{}", sim.queup().room(room).id());
        let times: Vec<i64> = journal
            .of("queup.chat-message")
            .iter()
            .filter(|event| event.place().as_str() == place)
            .map(|event| {
                let origin = event.origin().as_str();
                let ms = origin.rsplit_once('-').expect("a chat id").1;
                ms.split('/')
                    .next()
                    .and_then(|ms| ms.parse().ok())
                    .expect("a time")
            })
            .collect();
        assert!(times.len() > 100, "{}", times.len());
        assert!(times.is_sorted(), "{place}");
    }
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_author_who_speaks_in_two_rooms_at_once_is_heard_in_both() {
    let sim = Simulator::with_seed(7);
    let rooms = [ROOM, "night-radio"];
    let app = Running::start(&sim, config(&sim).rooms(rooms));
    app.until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
        .await;
    app.moment().await;
    // QueUp's ids hold author and millisecond, and nothing of the room.
    let channels = rooms.map(|room| format!("room:{}", sim.queup().room(room).id()));
    let teo = sim.queup().user("teo");
    let data = serde_json::json!({"chatid": format!("{teo}-17"), "message": "to all", "time": 17});
    for channel in channels.iter().chain(&channels) {
        let message = serde_json::json!({"name": "chat-message", "data": data.to_string()});
        let message = serde_json::json!({"action": 15, "channel": channel, "message": message});
        sim.queup().links().message(&message);
    }
    let journal = app.until(|journal| journal.repeats == 2).await;
    assert_eq!(journal.texts(), ["to all", "to all"]);
    let chats = journal.of("queup.chat-message");
    assert_ne!(chats[0].place(), chats[1].place());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_after_a_quiet_hour_begins_shortly_before_the_cut() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    sleep(Duration::from_secs(3600)).await;
    let before = sim.clock().now();
    sim.queup().cut_connections();
    let journal = app.until(|journal| journal.gaps().len() == 2).await;
    for (place, gap) in journal.gaps() {
        let early = before.duration_since(gap.from.at);
        assert!(early.as_secs() < 60, "{place}: {gap:?}");
        assert!(gap.from.at < before, "{place}: {gap:?}");
    }
    assert_eq!(lost(&sim, &journal), [""; 0]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_no_message_packets_are_stored_whole() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let frames = [
        "7hello",
        "b{\"x\":1}",
        "-1abc",
        "{\"action\":15}",
        "",
        "6x",
        "3x",
        "b4***",
    ];
    for frame in frames {
        sim.queup().links().packet(frame);
    }
    let journal = app
        .until(|journal| journal.count("queup.packet") == frames.len())
        .await;
    let bodies = journal.of("queup.packet").into_iter();
    let bodies: Vec<_> = bodies.map(|event| event.body().clone()).collect();
    assert_eq!(bodies, frames);
    assert_eq!(lost(&sim, &journal), [""; 0]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_program_goes_on_from_its_checkpoints() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).rooms::<&str>([]));
    app.until(|journal| !journal.of("antiphon.link").is_empty())
        .await;
    // Joined at run time: the checkpoint has it.
    app.client.join_room(ROOM).await.expect("joined");
    app.settled().await;
    let room = sim.queup().room(ROOM);
    room.say("mira", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    let stored = app.kill().await;
    room.say("mira", "while away");
    room.dub("teo", true);
    sleep(Duration::from_secs(60)).await;

    let app = Running::resume(&sim, config(&sim).rooms::<&str>([]), stored);
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    assert_eq!(journal.texts(), ["before", "while away"]);
    app.settled().await;
    room.say("mira", "after");
    let journal = app.until(|journal| journal.texts().len() == 3).await;
    assert_eq!(journal.texts(), ["before", "while away", "after"]);
    assert_eq!(journal.gaps().len(), 2);
    assert_eq!(lost(&sim, &journal), [""; 0]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_whenever_the_program_is_killed() {
    for step in 0..12_u64 {
        let sim = Simulator::with_seed(step);
        sim.queup().traffic(20);
        let app = Running::start(&sim, config(&sim).rooms([ROOM, "night-radio"]));
        sleep(Duration::from_millis(step * 137)).await;
        if step % 3 == 0 {
            sim.queup().cut_connections();
            sleep(Duration::from_millis(5000 + step * 31)).await;
        }
        let stored = app.kill().await;
        sleep(Duration::from_secs(7)).await;
        let app = Running::resume(&sim, config(&sim).rooms([ROOM, "night-radio"]), stored);
        sleep(Duration::from_secs(20)).await;
        sim.queup().traffic(0);
        sleep(Duration::from_secs(2)).await;
        let journal = app.journal();
        assert_eq!(lost(&sim, &journal), [""; 0], "killed at step {step}");
        for room in [ROOM, "night-radio"] {
            check_history(&sim, &journal, room);
        }
        app.stop().await;
    }
}

/// Checks that every due message on the history page is stored, in order.
#[track_caller]
fn check_history(sim: &Simulator, journal: &Journal, room: &str) {
    let room = sim.queup().room(room);
    let place = format!("room/{}", room.id());
    let bot = sim.queup().account();
    let due = sim.ledger().rows(&antiphon_sim::Query {
        due_to: Some(bot.id),
        ..Default::default()
    });
    let due: Vec<_> = due
        .iter()
        .filter(|row| *row.kind == *"queup.chat-message" && *row.place == *place)
        .filter_map(|row| row.origin.clone())
        .collect();
    let stored: Vec<_> = journal
        .of("queup.chat-message")
        .into_iter()
        .filter(|event| event.place().as_str() == place)
        .map(|event| event.origin().to_string())
        .filter(|origin| due.iter().any(|due| **due == **origin))
        .collect();
    let recent = due.len().saturating_sub(60);
    for origin in &due[recent..] {
        assert!(
            stored.iter().any(|stored| **stored == **origin),
            "{origin} of {place} is missing"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_install_fetches_no_history_and_reports_no_gap() {
    let sim = Simulator::with_seed(7);
    sim.queup().room(ROOM).say("mira", "long ago");
    let app = Running::start(&sim, config(&sim));
    let journal = app.settled().await;
    assert_eq!(journal.texts(), [""; 0]);
    assert_eq!(journal.gaps(), []);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_without_history_is_a_gap_and_its_chat_comes_with_the_next_outage() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    sim.queup().cut_connections();
    room.say("mira", "missed");
    sim.queup()
        .fail_rest("GET /chat/*", 5, RestFault::Status(500));
    let journal = app.until(|journal| journal.gaps().len() == 2).await;
    assert!(journal.gaps().iter().all(|(_, gap)| gap.recovered == 0));
    assert_eq!(journal.texts(), [""; 0]);
    sim.queup()
        .fail_rest("GET /chat/*", 0, RestFault::Status(500));
    sleep(Duration::from_secs(30)).await;
    sim.queup().cut_connections();
    sleep(Duration::from_secs(30)).await;
    sim.queup().cut_connections();
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    assert_eq!(journal.texts(), ["missed"]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_could_not_be_had_is_fetched_later_without_another_outage() {
    for requests in ["GET /chat/*", "POST /room/*/users"] {
        let sim = Simulator::with_seed(7);
        let app = Running::start(&sim, config(&sim));
        app.settled().await;
        let room = sim.queup().room(ROOM);
        sim.queup().cut_connections();
        room.say("mira", "missed");
        sim.queup().fail_rest(requests, 5, RestFault::Status(500));
        let journal = app.until(|journal| journal.gaps().len() == 2).await;
        assert!(journal.gaps().iter().all(|(_, gap)| gap.recovered == 0));
        let journal = app.until(|journal| journal.texts().len() == 1).await;
        assert_eq!(journal.texts(), ["missed"]);
        assert_eq!(journal.gaps().len(), 2);
        sleep(Duration::from_secs(600)).await;
        let links = sim.queup().links().list().len();
        assert_eq!(links, 1, "one socket all the while");
        app.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_never_pongs_is_given_up() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    sim.queup().withhold_pongs(true);
    sleep(Duration::from_secs(60)).await;
    sim.queup().links().half_open();
    sim.queup().withhold_pongs(false);
    let journal = app
        .until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    let reasons: Vec<_> = journal.decoded::<antiphon_core::Link>();
    let waited = reasons.iter().any(
        |link| matches!(&link.state, LinkState::Waiting { reason, .. } if reason.contains("pings")),
    );
    assert!(waited, "{reasons:?}");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_lives_for_hours_by_its_pings() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    sleep(Duration::from_secs(12 * 60 * 60)).await;
    let journal = app.stop().await;
    assert_eq!(
        journal.decoded::<Ready>().len(),
        1,
        "one socket for all the time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_stops_the_reading_but_not_the_pings() {
    let sim = Simulator::with_seed(7);
    let limits = IntakeLimits {
        entries: 4,
        bytes: 4096,
    };
    let config = config(&sim).buffer_bytes(8192);
    let app = Running::with_limits(&sim, config, Journal::default(), limits);
    app.settled().await;
    app.pause_journal(true);
    let room = sim.queup().room(ROOM);
    for number in 0..200 {
        room.say("mira", &format!("message {number}"));
    }
    sleep(Duration::from_secs(20 * 60)).await;
    assert!(app.journal().texts().len() < 100, "reading has stopped");
    app.pause_journal(false);
    let journal = app.until(|journal| journal.texts().len() == 200).await;
    assert_eq!(journal.decoded::<Ready>().len(), 1, "the connection lived");
    assert_eq!(journal.gaps(), []);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_oversized_frame_costs_the_connection_and_nothing_else() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    room.say("mira", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    sim.queup().links().oversized(100 << 20);
    room.say("mira", "behind it");
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    room.say("mira", "after");
    let journal = app.until(|journal| journal.texts().len() == 3).await;
    assert_eq!(journal.texts(), ["before", "behind it", "after"]);
    let links = journal.decoded::<antiphon_core::Link>();
    let states: Vec<_> = links.iter().map(|link| &link.state).collect();
    assert!(
        matches!(
            states[..],
            [
                LinkState::Connected { .. },
                LinkState::Waiting { .. },
                LinkState::Connected { .. },
            ]
        ),
        "{states:?}"
    );
    app.moment().await;
    // Before the stop: the bot's own leaving is due to it as well, and cannot reach it.
    assert_eq!(lost(&sim, &app.journal()), [""; 0]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_is_tried_again_with_a_fresh_token_after_five_seconds() {
    let sim = Simulator::with_seed(7);
    sim.queup().refuse_upgrades(2, 401);
    let started = Instant::now();
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let waited = started.elapsed();
    assert!(waited >= Duration::from_secs(10), "{waited:?}");
    app.stop().await;
}

// ---------------------------------------------------------------------------------------------------------------------
// Login.

#[tokio::test(start_paused = true)]
async fn a_wrong_password_stops_the_source_and_is_not_tried_again() {
    let sim = Simulator::with_seed(7);
    let bot = sim.queup().account();
    let wrong = queup::Config::new(Account::new(bot.email, "wrong"))
        .network(sim.network())
        .clock(sim.clock());
    let mut app = Running::start(&sim, wrong);
    let error = app.ended().await.expect_err("refused");
    assert_eq!(error.code(), "authorization");
    assert!(
        error.message().contains("Incorrect username or password"),
        "{error}"
    );
    assert!(error.way_out().is_some());
    let state = app.client.link();
    assert!(
        matches!(&state, LinkState::Stopped { code, .. } if code == "authorization"),
        "{state:?}"
    );
    let journal = app.journal();
    assert_eq!(journal.kinds(), ["antiphon.link"]);
    let refused = app.client.login().await.expect_err("refused");
    let LoginError::Authorization(refused) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.message, "Incorrect username or password");
    let error = app.client.join_room(ROOM).await.expect_err("no source");
    assert!(
        matches!(error, JoinError::NotConnected(_)) && !error.is_transient(),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_is_renewed_and_the_request_replayed_once() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    sim.queup().expire_sessions();
    room.send_message("still here").await.expect("replayed");

    sim.queup()
        .fail_rest("POST /chat/*", 2, RestFault::LoggedOut);
    let error = room.send_message("never").await.expect_err("no loop");
    assert!(
        matches!(error, SendError::Request(RequestError::LoggedOut)),
        "{error:?}"
    );
    assert!(!error.is_transient());
    room.send_message("again")
        .await
        .expect("the rule is used up");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_kept_cookie_saves_the_login() {
    let sim = Simulator::with_seed(7);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cookie");
    let app = Running::start(&sim, config(&sim).cookie_file(&file));
    app.settled().await;
    app.stop().await;
    assert!(file.exists());
    sim.queup()
        .fail_rest("POST /auth/login", 100, RestFault::Status(500));
    let app = Running::start(&sim, config(&sim).cookie_file(&file));
    app.settled().await;
    app.stop().await;

    // A dead cookie costs one redirect.
    std::fs::write(&file, "connect.sid=dead").expect("written");
    let sim = Simulator::with_seed(8);
    let app = Running::start(&sim, config(&sim).cookie_file(&file));
    app.settled().await;
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn connecting_before_the_login_is_an_error() {
    let sim = Simulator::with_seed(7);
    let (client, source) = queup::connect(config(&sim));
    assert_eq!(client.connect().await, Err(ConnectError::NotLoggedIn));
    assert!(client.me().is_none() && !client.logged_in());
    let me = client.login().await.expect("logged in");
    assert_eq!(me.username, "antiphon");
    let error = client.connect().await.expect_err("nothing runs");
    assert!(matches!(error, ConnectError::NotConnected(_)), "{error:?}");
    drop(source);
}

#[tokio::test(start_paused = true)]
async fn a_bad_value_in_the_configuration_is_an_error_of_the_run() {
    let sim = Simulator::with_seed(7);
    let mut app = Running::start(&sim, config(&sim).rest("nonsense"));
    let error = app.ended().await.expect_err("refused");
    assert_eq!(error.code(), "configuration");
    assert!(matches!(app.client.link(), LinkState::Stopped { .. }));
}

// ---------------------------------------------------------------------------------------------------------------------
// Rooms.

#[tokio::test(start_paused = true)]
async fn each_reason_not_to_let_us_in_has_its_error() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let client = &app.client;
    let error = client.join_room("nowhere").await.expect_err("unknown");
    assert!(
        matches!(&error, JoinError::NoSuchRoom(slug) if *slug == "nowhere"),
        "{error:?}"
    );
    let error = client.join_room("vault").await.expect_err("private");
    assert!(matches!(error, JoinError::WrongPassword), "{error:?}");
    let error = client
        .join_private_room("vault", "guess")
        .await
        .expect_err("wrong");
    assert!(matches!(error, JoinError::WrongPassword), "{error:?}");
    let room = client
        .join_private_room("vault", "open sesame")
        .await
        .expect("right");
    assert_eq!(room.slug, "vault");
    sim.queup().room("night-radio").ban("mira", "antiphon", 10);
    let error = client.join_room("night-radio").await.expect_err("banned");
    assert!(
        matches!(error, JoinError::Banned(_)) && !error.is_transient(),
        "{error:?}"
    );
    sim.queup()
        .fail_rest("POST /room/*", 1, RestFault::Html(502));
    let error = client
        .join_room("night-radio")
        .await
        .expect_err("a bad gateway");
    assert!(error.is_transient(), "{error:?}");
    app.stop().await;
}

/// The links of a place, in order.
fn links(journal: &Journal, place: &str) -> Vec<LinkState> {
    let links = journal.of("antiphon.link").into_iter();
    let links = links.filter(|event| event.place().as_str() == place);
    links
        .map(|event| Link::decode(event).expect("a link").state)
        .collect()
}

#[track_caller]
fn assert_stopped(state: &LinkState, expected: &str) {
    let LinkState::Stopped { code, reason, hint } = state else {
        panic!("{state:?}")
    };
    assert_eq!(code, expected);
    assert!(!reason.is_empty() && hint.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_room_that_was_replaced_under_its_name_is_found_again_by_it() {
    // Joined by the configuration, and at run time alone.
    for rooms in [vec![ROOM], vec![]] {
        let sim = Simulator::with_seed(7);
        let app = Running::start(&sim, config(&sim).rooms(rooms.clone()));
        app.until(|journal| !journal.of("antiphon.link").is_empty())
            .await;
        app.client.join_room(ROOM).await.expect("joined");
        app.settled().await;
        let old = sim.queup().room(ROOM);
        old.say("mira", "before");
        app.until(|journal| journal.texts().len() == 1).await;
        let stored = app.kill().await;
        old.say("mira", "while away");
        let new = old.replace();
        new.say("teo", "before the join");

        let app = Running::resume(&sim, config(&sim).rooms(rooms), stored);
        let gone = old.place();
        let journal = app
            .until(|journal| links(journal, gone.as_str()).last().is_some_and(is_stopped))
            .await;
        let stops = links(&journal, gone.as_str());
        assert_stopped(stops.last().expect("a link"), "replaced");
        let LinkState::Stopped { reason, .. } = stops.last().expect("a link") else {
            unreachable!("it is stopped")
        };
        assert!(
            reason.contains(new.id()) && reason.contains(ROOM),
            "{reason}"
        );
        app.until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
            .await;
        new.say("teo", "after");
        let journal = app.until(|journal| journal.texts().len() == 2).await;
        assert_eq!(journal.texts(), ["before", "after"]);
        let gaps = journal.of(Gap::KIND);
        let here = gaps.iter().filter(|gap| *gap.place() == gone);
        assert_eq!(here.count(), 1, "one gap at the old room");
        assert_eq!(lost(&sim, &journal), [""; 0]);
        // The new room is the one that a restart goes on with.
        let stored = app.kill().await;
        let app = Running::resume(&sim, config(&sim).rooms::<&str>([]), stored);
        app.settled().await;
        new.say("teo", "again");
        let journal = app.until(|journal| journal.texts().len() == 3).await;
        assert_eq!(links(&journal, gone.as_str()).len(), stops.len());
        app.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_gone_with_its_name_stops_alone() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let stored = app.kill().await;
    let room = sim.queup().room(ROOM);
    let gone = room.place();
    // Neither the room's id nor its name is known any more.
    let _ = room.replace();
    let unknown = RestFault::Status(404);
    sim.queup()
        .fail_rest("GET /room/choir-loft", u32::MAX, unknown);

    let app = Running::resume(&sim, config(&sim), stored);
    let journal = app
        .until(|journal| links(journal, gone.as_str()).last().is_some_and(is_stopped))
        .await;
    let stops = links(&journal, gone.as_str());
    assert_stopped(stops.last().expect("a link"), "no-such-room");
    assert_eq!(journal.decoded::<JoinedRoom>().len(), 1);
    assert!(app.client.link().is_connected(), "the source goes on");
    app.stop().await;
}

fn is_stopped(state: &LinkState) -> bool {
    matches!(state, LinkState::Stopped { .. })
}

#[tokio::test(start_paused = true)]
async fn configured_rooms_that_cannot_be_had_stop_alone_until_they_are_joined() {
    let sim = Simulator::with_seed(7);
    sim.queup().room("night-radio").ban("mira", "antiphon", 0);
    let rooms = ["nowhere", "vault", "night-radio", ROOM];
    let config = config(&sim).rooms(rooms).room_password("vault", "guess");
    let app = Running::start(&sim, config);
    let journal = app.settled().await;
    assert_eq!(journal.decoded::<JoinedRoom>().len(), 1);
    assert!(app.client.link().is_connected());
    let stopped = [
        ("room/nowhere", "no-such-room"),
        ("room/vault", "wrong-password"),
        ("room/night-radio", "banned"),
    ];
    assert_eq!(app.client.room_links().len(), stopped.len());
    for (place, code) in stopped {
        let links = links(&journal, place);
        assert_eq!(links.len(), 1, "{place}: {links:?}");
        assert_stopped(&links[0], code);
        let state = app.client.room_links().into_iter();
        let state = state.into_iter().find(|(of, _)| of.as_str() == place);
        assert_stopped(&state.expect("listed").1, code);
    }
    let vault = app
        .client
        .join_private_room("vault", "open sesame")
        .await
        .expect("joined");
    assert_eq!(vault.slug, "vault");
    let journal = app
        .until(|journal| links(journal, "room/vault").len() == 2)
        .await;
    assert!(links(&journal, "room/vault")[1].is_connected());
    assert_eq!(app.client.room_links().len(), 2);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_kick_is_a_link_event_of_the_room_and_the_others_go_on() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).rooms([ROOM, "night-radio"]));
    app.until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
        .await;
    app.moment().await;
    let room = sim.queup().room(ROOM);
    let place = format!("room/{}", room.id());
    room.kick("mira", "antiphon", "enough");
    let journal = app
        .until(|journal| !links(journal, &place).is_empty())
        .await;
    assert_stopped(&links(&journal, &place)[0], "kicked");
    let stored = app.kill().await;

    // A restart without the room in its configuration knows the room's link.
    let app = Running::resume(&sim, config(&sim).rooms(["night-radio"]), stored);
    app.until(|journal| journal.decoded::<JoinedRoom>().len() == 3)
        .await;
    app.moment().await;
    assert_stopped(&app.client.room_links()[0].1, "kicked");
    sim.queup().room("night-radio").say("mira", "still here");
    app.until(|journal| journal.texts() == ["still here"]).await;
    app.client.join_room(ROOM).await.expect("joined again");
    let journal = app.until(|journal| links(journal, &place).len() == 2).await;
    assert!(links(&journal, &place)[1].is_connected());
    assert_eq!(app.client.room_links(), []);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_moments_refusal_by_something_before_queup_ends_no_room_and_no_source() {
    for requests in [
        "POST /room/*/users",
        "POST /auth/login",
        "GET /auth/session",
    ] {
        for status in [403, 404] {
            let sim = Simulator::with_seed(7);
            sim.queup().fail_rest(requests, 1, RestFault::Html(status));
            let app = Running::start(&sim, config(&sim));
            app.settled().await;
            sim.queup().expire_sessions();
            sim.queup().fail_rest(requests, 4, RestFault::Html(status));
            sim.queup().cut_connections();
            app.until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
                .await;
            sleep(Duration::from_secs(120)).await;
            assert!(app.client.link().is_connected(), "{requests} {status}");
            assert_eq!(app.client.room_links(), [], "{requests} {status}");
            app.stop().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_was_left_is_not_joined_again() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let night = app.client.join_room("night-radio").await.expect("joined");
    night.leave().await.expect("left");
    assert!(matches!(night.leave().await, Err(ActionError::NotJoined)));
    assert!(matches!(
        night.change_presence(Presence::Exit).await,
        Err(ActionError::NotJoined)
    ));
    sleep(Duration::from_secs(20)).await;
    assert!(!sim.queup().room("night-radio").has("antiphon"));
    sim.queup().cut_connections();
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    sleep(Duration::from_secs(5)).await;
    let journal = app.kill().await;
    let place = format!("room/{}", night.id);
    let joined = |journal: &Journal| {
        let joined = journal.of("queup.joined_room").into_iter();
        joined
            .filter(|event| event.place().as_str() == place)
            .count()
    };
    assert_eq!(joined(&journal), 1);
    let app = Running::resume(&sim, config(&sim), journal);
    app.until(|journal| journal.decoded::<Ready>().len() == 3)
        .await;
    sleep(Duration::from_secs(5)).await;
    let journal = app.journal();
    assert_eq!(joined(&journal), 1);
    assert_eq!(lost(&sim, &journal), [""; 0]);
    app.stop().await;
}

/// The kinds that were stored at a place.
fn kinds_at(journal: &Journal, place: &Place) -> Vec<String> {
    let events = journal.events.iter();
    events
        .filter(|event| event.place() == place)
        .map(|event| event.kind().to_string())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn of_the_configured_rooms_alone_one_less_is_left_and_joined_anew_once_it_is_back() {
    let sim = Simulator::with_seed(7);
    let (loft, night) = (sim.queup().room(ROOM), sim.queup().room("night-radio"));
    let one = || config(&sim).only_rooms(true);
    let both = || one().rooms([ROOM, "night-radio"]);
    let app = Running::start(&sim, both());
    app.until(|journal| journal.count("queup.playlist_details") == 2)
        .await;
    loft.say("mira", "one");
    night.say("mira", "two");
    app.until(|journal| journal.texts().len() == 2).await;
    let stored = app.stop().await;
    let before = kinds_at(&stored, &night.place()).len();
    loft.say("mira", "three");
    night.say("mira", "not wanted any more");

    let app = Running::resume(&sim, one(), stored);
    app.until(|journal| {
        let is_left = links(journal, night.place().as_str()) == [LinkState::Closed];
        is_left && journal.texts().len() == 3
    })
    .await;
    assert!(!night.has("antiphon") && loft.has("antiphon"));
    night.say("mira", "not wanted either");
    sim.queup().cut_connections();
    loft.say("mira", "four");
    app.until(|journal| journal.texts().len() == 4).await;
    sleep(Duration::from_secs(60)).await;
    let at_night = night.place().to_string();
    let mut elsewhere = lost(&sim, &app.journal());
    elsewhere.retain(|row| !row.contains(&at_night));
    assert_eq!(elsewhere, [""; 0], "the other room went on without loss");
    let stored = app.stop().await;
    assert_eq!(stored.texts(), ["one", "two", "three", "four"]);
    assert!(!night.has("antiphon"));
    // What was stored stays, and nothing comes behind it: no event, and no gap.
    let kinds = kinds_at(&stored, &night.place());
    assert_eq!(kinds[before..], ["antiphon.link"]);

    let app = Running::resume(&sim, both(), stored);
    app.until(|journal| {
        let links = links(journal, &at_night);
        links.last().is_some_and(LinkState::is_connected)
    })
    .await;
    assert!(night.has("antiphon"));
    night.say("mira", "five");
    let journal = app.until(|journal| journal.texts().len() == 5).await;
    assert_eq!(journal.texts()[4], "five");
    assert!(
        journal.gaps().iter().all(|(place, _)| *place != at_night),
        "it was joined anew"
    );
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_could_not_be_left_is_not_heard_and_is_left_later() {
    let sim = Simulator::with_seed(7);
    let night = sim.queup().room("night-radio");
    let app = Running::start(&sim, config(&sim).rooms([ROOM, "night-radio"]));
    app.until(|journal| journal.count("queup.playlist_details") == 2)
        .await;
    let stored = app.kill().await;
    let request = format!("DELETE /room/{}/users", night.id());
    sim.queup().fail_rest(&request, 2, RestFault::Status(503));
    // A run that ends before the room was left leaves it to the next one.
    let app = Running::resume(&sim, config(&sim).only_rooms(true), stored);
    app.connected().await;
    sleep(Duration::from_secs(20)).await;
    night.say("mira", "not wanted any more");
    let stored = app.kill().await;
    assert!(night.has("antiphon"));
    // The same room by its id is not another one.
    let named = config(&sim).rooms([ROOM, night.id()]).only_rooms(true);
    let app = Running::resume(&sim, named, stored.clone());
    app.until(|journal| journal.texts() == ["not wanted any more"])
        .await;
    app.kill().await;

    let app = Running::resume(&sim, config(&sim).only_rooms(true), stored);
    app.connected().await;
    sleep(Duration::from_secs(20)).await;
    assert!(night.has("antiphon"), "the request failed again");
    sleep(Duration::from_secs(20)).await;
    assert!(!night.has("antiphon"));
    let journal = app.stop().await;
    assert_eq!(journal.texts(), [""; 0]);
    assert_eq!(links(&journal, night.place().as_str()), [LinkState::Closed]);
}

#[tokio::test(start_paused = true)]
async fn stopping_leaves_no_room() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    app.stopper.stop_reading();
    // Commands and requests go on in the first phase.
    let room = app.client.rooms().into_iter().next().expect("a room");
    room.send_message("goodbye").await.expect("sent");
    room.change_presence(Presence::Exit).await.expect("sent");
    app.stop().await;
    assert!(sim.queup().room(ROOM).has("antiphon"));
}

#[tokio::test(start_paused = true)]
async fn presence_is_changed_and_echoed() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    room.change_presence(Presence::Exit).await.expect("sent");
    let me = app.client.me().expect("logged in").id.clone();
    app.until(|journal| {
        let changes = journal.decoded::<queup::MemberPresence>();
        changes
            .iter()
            .any(|change| change.user == me && change.presence == Presence::Exit)
    })
    .await;
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn private_messages_of_others_arrive_with_their_conversation() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let id = sim.queup().whisper("teo", "antiphon", "psst & <hush>");
    let journal = app
        .until(|journal| !journal.decoded::<PrivateMessage>().is_empty())
        .await;
    let kinds = journal.kinds();
    let at = |kind| {
        kinds
            .iter()
            .rposition(|found| *found == kind)
            .expect("stored")
    };
    assert!(
        at("queup.conversations") < at("queup.new-message"),
        "{kinds:?}"
    );

    let conversation = app.client.conversation(&id.as_str().into()).expect("known");
    let names: Vec<_> = conversation
        .recipients()
        .into_iter()
        .map(|user| user.username)
        .collect();
    assert_eq!(names, ["teo"]);
    let ids = conversation.fetch().await.expect("fetched");
    let message = app
        .client
        .message(&ids[0].as_str().into())
        .expect("fetched");
    assert_eq!(message.content, "psst & <hush>");
    assert!(message.room.is_none() && message.member.is_none());
    let conversation = app.client.conversation(&id.as_str().into()).expect("known");
    assert_eq!(conversation.latest_message_str, "psst & <hush>");
    let me = app.client.me().expect("logged in").id.clone();
    conversation.mark_as_read().await.expect("marked");
    let conversation = app.client.conversation(&id.as_str().into()).expect("known");
    assert!(conversation.has_read(&me));

    // Own messages are stored, and left out by the payload.
    conversation
        .send_message("hush yourself")
        .await
        .expect("sent");
    let teo = conversation.recipients().remove(0);
    let again = teo.open_conversation(&app.client).await.expect("opened");
    assert_eq!(again.id, conversation.id);
    sleep(Duration::from_secs(1)).await;
    let journal = app.stop().await;
    assert_eq!(journal.decoded::<PrivateMessage>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_events_of_one_account_are_a_stream_of_their_own() {
    let sim = Simulator::with_seed(7);
    let (client, source) = queup::connect(config(&sim));
    let shutdown = CancellationToken::new();
    let mut events = source.events(shutdown.clone());
    let room = sim.queup().room(ROOM);
    let mut heard = 0;
    while let Some(event) = events.next().await {
        let event = event.expect("no end");
        if event.kind().as_str() == "queup.playlist_details" {
            room.say("mira", "to the stream");
        }
        if event.kind().as_str() == "queup.chat-message" {
            heard += 1;
            assert!(
                client
                    .messages()
                    .iter()
                    .any(|message| message.content == "to the stream")
            );
            shutdown.cancel();
        }
    }
    assert_eq!(heard, 1);
    assert_eq!(client.link(), LinkState::Closed);

    let wrong = queup::Config::new(Account::new("nobody", "nothing")).network(sim.network());
    let (_client, source) = queup::connect(wrong);
    let all: Vec<_> = source.events(CancellationToken::new()).collect().await;
    let last = all.into_iter().last().expect("an error");
    assert_eq!(last.expect_err("refused").code(), "authorization");
}

// ---------------------------------------------------------------------------------------------------------------------
// Requests.

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_an_error_with_its_wait_and_is_obeyed() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    sim.queup()
        .fail_rest("POST /chat/*", 1, RestFault::Status(429));
    let error = room.send_message("too fast").await.expect_err("limited");
    let SendError::Request(RequestError::RateLimited { wait, message }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*wait, Some(Duration::from_secs(600)), "{message}");
    assert!(error.is_transient());
    let again = room
        .send_message("still too fast")
        .await
        .expect_err("not even sent");
    assert!(again.is_transient());
    sleep(Duration::from_secs(601)).await;
    room.send_message("patience").await.expect("sent");
    assert_eq!(sim.queup().room(ROOM).texts(), ["patience"]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_server_are_typed() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    let queup = sim.queup();
    let fault = |fault| queup.fail_rest("GET /room/*/audit", 1, fault);

    fault(RestFault::Status(500));
    let error = room.audit().await.expect_err("500");
    assert!(matches!(error, RequestError::Server { status: 500, .. }) && error.is_transient());
    fault(RestFault::Html(502));
    let error = room.audit().await.expect_err("502");
    assert!(
        matches!(error, RequestError::Server { status: 502, .. }),
        "{error:?}"
    );
    fault(RestFault::Html(200));
    let error = room.audit().await.expect_err("HTML");
    assert!(matches!(error, RequestError::NotQueUp(_)), "{error:?}");
    fault(RestFault::NotJson);
    let error = room.audit().await.expect_err("half a document");
    assert!(matches!(error, RequestError::NotQueUp(_)), "{error:?}");
    fault(RestFault::CodeInside(403));
    let error = room.audit().await.expect_err("403 inside 200");
    assert!(matches!(error, RequestError::Refused { status: 403, .. }) && !error.is_transient());
    fault(RestFault::Slow(Duration::from_secs(31)));
    let error = room.audit().await.expect_err("late");
    assert!(
        matches!(error, RequestError::TimedOut(_)) && error.is_transient(),
        "{error:?}"
    );
    fault(RestFault::Huge(9 << 20));
    let error = room.audit().await.expect_err("huge");
    assert!(matches!(error, RequestError::Unreachable(_)), "{error:?}");
    fault(RestFault::Dropped);
    room.audit().await.expect("sent once more");
    queup.fail_rest("POST /chat/*", 1, RestFault::Dropped);
    let sent = room.send_message("once").await.expect("its echo came");
    assert_eq!(sent.content, "once");
    assert_eq!(queup.room(ROOM).texts(), ["once"], "it was not sent twice");

    let room = app.client.join_room("night-radio").await.expect("joined");
    let mira = sim.queup().user("mira");
    let error = room
        .kick(&mira.as_str().into(), "")
        .await
        .expect_err("no right");
    assert!(
        matches!(
            error,
            RequestError::Refused {
                status: 401 | 403,
                ..
            }
        ),
        "{error:?}"
    );
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_text_too_long_is_refused_before_anything_is_sent() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    assert!(matches!(
        room.send_message(" \n ").await,
        Err(SendError::Empty)
    ));
    let error = room
        .send_message(&"word ".repeat(200))
        .await
        .expect_err("too long");
    assert!(
        matches!(
            error,
            SendError::TooLong {
                pieces: 4,
                allowed: 2
            }
        ),
        "{error:?}"
    );
    assert!(sim.queup().room(ROOM).texts().is_empty());
    let sent = room.send_pieces(&"& ".repeat(200)).await.expect("sent");
    assert_eq!(sent.len(), 2);
    let texts = sim.queup().room(ROOM).texts();
    assert!(
        texts.iter().all(|text| text.ends_with("&amp;")),
        "{texts:?}"
    );
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn actions_wait_for_the_socket_and_then_say_where_it_stands() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    sim.queup().refuse_sockets(Duration::from_secs(60));
    sim.queup().cut_connections();
    sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    let error = room
        .change_presence(Presence::Exit)
        .await
        .expect_err("no socket");
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    let ActionError::NotConnected(error) = error else {
        panic!("{error:?}")
    };
    assert!(!error.state.is_connected() && error.is_transient());
    // Requests need no socket.
    room.send_message("by request").await.expect("sent");
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn at_most_ten_requests_go_out_within_thirty_seconds() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    let started = Instant::now();
    for _ in 0..10 {
        room.audit().await.expect("an answer");
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    room.audit().await.expect("an answer");
    assert!(started.elapsed() >= Duration::from_secs(30));

    // One request more than the queue holds fails at once, whether the slots are free or cool down.
    let many = async |count| {
        let all = futures_util::future::join_all((0..count).map(|_| room.audit()));
        let outcomes = timeout(Duration::from_secs(3600), all)
            .await
            .expect("in an hour");
        let busy = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(RequestError::Busy(64))));
        busy.count()
    };
    sleep(Duration::from_secs(30)).await;
    assert_eq!(many(80).await, 80 - 10 - 64);
    sleep(Duration::from_secs(30)).await;
    for _ in 0..10 {
        room.audit().await.expect("an answer");
    }
    assert_eq!(many(80).await, 80 - 64);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn members_come_and_go() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    room.join("newcomer");
    let journal = app
        .until(|journal| !journal.decoded::<MemberJoin>().is_empty())
        .await;
    let join = journal.decoded::<MemberJoin>().pop().expect("a join");
    assert_eq!(join.user.username, "newcomer");
    assert_eq!(join.member.user, join.user.id);
    assert_eq!(
        join.member.room.as_ref().expect("a room").as_str(),
        room.id()
    );
    assert!(app.client.member(&join.room, &join.user.id).is_some());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_update_leaves_out_stays_as_it_was() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    room.join("newcomer");
    room.set_role("mira", "newcomer", "vip");
    let id: queup::UserId = sim.queup().user("newcomer").as_str().into();
    app.until(|journal| !journal.of("queup.user-setrole").is_empty())
        .await;
    let data = serde_json::json!({"user": {"userid": id, "dubs": 77}});
    room.announce(&format!("user_update_{id}"), data);
    let is_it = |update: &queup::MemberUpdate| update.member.dubs == 77;
    let journal = app
        .until(|journal| journal.decoded().iter().any(is_it))
        .await;
    let member = app.client.member(&room.id().into(), &id).expect("known");
    assert_eq!((member.dubs, member.role()), (77, Some(&queup::Role::Vip)));
    let before = journal
        .before
        .last()
        .expect("an event")
        .get::<queup::MemberState>();
    assert_ne!(before.expect("it was cached").dubs, 77);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_picture_survives_being_saved() {
    use antiphon_core::Source as _;
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = sim.queup().room(ROOM);
    let chat = room.say("teo", "keep & \"me\"");
    room.queue("mira", "Artist & Friend - Tune");
    room.delete("mira", &chat);
    sim.queup().whisper("teo", "antiphon", "psst");
    let journal = app
        .until(|journal| !journal.decoded::<PrivateMessage>().is_empty())
        .await;
    app.stop().await;

    let (one, mut source) = queup::connect(config(&sim));
    let mut picture = source.projections().remove(0);
    for event in &journal.events {
        picture.apply(event);
    }
    let saved = picture.save().expect("worth saving");
    let (two, mut source) = queup::connect(config(&sim));
    let mut restored = source.projections().remove(0);
    restored.restore(&saved).expect("it can be read");
    assert_eq!(
        one.messages().iter().collect::<Vec<_>>(),
        two.messages().iter().collect::<Vec<_>>()
    );
    assert_eq!(one.users().len(), two.users().len());
    let id = queup::RoomId::from(room.id());
    let (first, second) = (
        one.room(&id).expect("a room"),
        two.room(&id).expect("a room"),
    );
    assert_eq!(*first, *second);
    assert_eq!(first.current_song(), second.current_song());
    assert_eq!(first.queue(), second.queue());
    let states = |room: &queup::Room| -> Vec<_> {
        room.members()
            .iter()
            .map(|member| (**member).clone())
            .collect()
    };
    assert_eq!(states(&first), states(&second));
    assert!(two.message(&chat.as_str().into()).expect("kept").deleted);
    assert_eq!(one.conversations().len(), two.conversations().len());
    assert_eq!(saved, restored.save().expect("worth saving"));
    restored.restore(b"{}").expect_err("another version");
    restored.restore(b"nonsense").expect_err("no picture");
}

/// A connection to the simulator that notes the hosts.
#[derive(Debug)]
struct Tunnel(antiphon_net::Network, std::sync::Mutex<Vec<String>>);

impl antiphon_net::Connect for Tunnel {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        _port: u16,
    ) -> antiphon_core::BoxFuture<'a, std::io::Result<antiphon_net::Stream>> {
        self.1.lock().expect("no panic").push(host.to_owned());
        let uri = format!("http://{host}").parse();
        Box::pin(async move {
            let uri = uri.expect("a host is a URI");
            self.0.open(&uri).await.map_err(std::io::Error::other)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn requests_and_socket_take_the_way_they_are_told() {
    let sim = Simulator::with_seed(7);
    let tunnel = std::sync::Arc::new(Tunnel(sim.network(), std::sync::Mutex::default()));
    let proxy = queup::ProxyOptions::custom(std::sync::Arc::clone(&tunnel) as _);
    let config = config(&sim)
        .network(antiphon_net::Network::new())
        .rest("http://api.queup.net")
        .socket("ws://ws.queup.net/ws/")
        .proxy(proxy);
    let app = Running::start(&sim, config);
    app.settled().await;
    app.stop().await;
    let hosts = tunnel.1.lock().expect("no panic");
    assert!(hosts.iter().any(|host| host == "api.queup.net"));
    assert!(hosts.iter().any(|host| host == "ws.queup.net"));
}

#[tokio::test(start_paused = true)]
async fn no_credential_reaches_the_journal() {
    let sim = Simulator::with_seed(7);
    let bot = sim.queup().account();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cookie");
    let app = Running::start(&sim, config(&sim).cookie_file(&file));
    app.settled().await;
    app.client
        .join_private_room("vault", "open sesame")
        .await
        .expect("joined");
    sim.queup().cut_connections();
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    sleep(Duration::from_secs(5)).await;
    let cookie = std::fs::read_to_string(&file).expect("a cookie");
    let cookie = cookie.trim().trim_start_matches("connect.sid=").to_owned();
    let printed = format!("{:?}", app.client);
    let journal = app.stop().await;
    for secret in [bot.password.expose(), "open sesame", &cookie] {
        assert!(!printed.contains(secret), "{printed}");
        let holds = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!journal.events.iter().any(|event| holds(event.body())));
        assert!(
            !journal
                .checkpoints
                .iter()
                .any(|checkpoint| holds(&checkpoint.state))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn another_song_is_told_once_over_skips_cuts_and_restarts() {
    let sim = Simulator::with_seed(7);
    let there = sim.queup().room(ROOM);
    for song in ["One", "Two", "Three", "Four"] {
        assert!(there.queue("mira", song));
    }
    let began = |journal: &Journal| -> Vec<String> {
        let changes = journal.decoded::<queup::SongChange>().into_iter();
        let name =
            |change: queup::SongChange| change.song.map_or("-".into(), |it| it.name().into());
        changes.map(name).collect()
    };
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    there.skip("mira");
    app.until(|journal| began(journal) == ["Two"]).await;
    // Changes of the queue repeat the song.
    assert!(there.queue("teo", "Five"));
    there.dub("teo", true);
    let queup = sim.queup();
    queup.refuse_sockets(Duration::from_secs(20));
    queup.cut_connections();
    there.skip("mira");
    app.until(|journal| began(journal) == ["Two", "Three"])
        .await;
    app.moment().await;
    let journal = app.stop().await;
    let app = Running::resume(&sim, config(&sim), journal);
    app.moment().await;
    let journal = app.stop().await;
    assert_eq!(began(&journal), ["Two", "Three"]);
    there.skip("mira");
    let app = Running::resume(&sim, config(&sim), journal);
    let journal = app.until(|journal| began(journal).len() == 3).await;
    assert_eq!(began(&journal), ["Two", "Three", "Five"]);
    let last = journal.decoded::<queup::SongChange>().pop().expect("one");
    assert!(last.start_time.is_some(), "it began before");
    app.moment().await;
    // Before the stop: the bot's own leaving is due to it as well, and cannot reach it.
    assert_eq!(lost(&sim, &app.journal()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_answer_was_lost_is_said_once_it_is_heard() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    room.send_message("again").await.expect("said");
    sleep(Duration::from_secs(1)).await;
    let slow = RestFault::Slow(Duration::from_secs(300));
    sim.queup().fail_rest("POST /chat/*", 1, slow);
    let said = room.send_message("again").await.expect("heard");
    assert_eq!(said.content, "again");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let chats = journal.decoded::<Chat>();
    assert_eq!(
        chats[1].message.id, said.id,
        "not the first of the same text"
    );
    // A message that did not arrive is not heard: an error.
    sim.queup()
        .fail_rest("POST /chat/*", 1, RestFault::Html(502));
    let error = room.send_message("again").await.expect_err("it is lost");
    assert!(matches!(error, SendError::Request(error) if error.may_have_arrived()));
    assert_eq!(app.stop().await.texts(), ["again", "again"]);
}
