//! Each action of protocol §7, and the server's answers to it.

mod harness;

use std::time::Duration;

use antiphon_sim::{RestFault, Simulator};
use antiphon_stackexchange::{
    self as stackexchange, AccessLevel, ActionError, Client, HistoryQuery, MessageId, RequestError,
    Room, RoomId, SendError, Splitter, TextError, UserId,
};
use harness::{ROOM, config};
use tokio::time::{Instant, sleep};

fn room(sim: &Simulator) -> (Client, Room) {
    let (client, _source) = stackexchange::connect(config(sim));
    let room = client.room(ROOM);
    (client, room)
}

fn said(sim: &Simulator, by: &str, text: &str) -> MessageId {
    MessageId::new(sim.stackexchange().say(ROOM, by, text))
}

#[tokio::test(start_paused = true)]
async fn messages_are_sent_replied_to_edited_and_deleted() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let mine = room.send("one").await.expect("sent");
    let theirs = said(&sim, "teo", "two");
    let reply = room.reply(theirs, "three").await.expect("replied");
    room.reply_by_id(theirs, "four").await.expect("replied");
    room.edit(mine, "one, better").await.expect("edited");
    assert_eq!(
        room.message_source(mine).await.expect("its source"),
        "one, better"
    );
    let versions = room.message_history(mine).await.expect("its versions");
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].source.as_deref(), Some("one, better"));
    assert_eq!(versions[0].user_name.as_deref(), Some("antiphon"));
    let history = room
        .history(HistoryQuery::new().count(2))
        .await
        .expect("history");
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].message_id, reply);
    assert_eq!(history[0].content.text(), "@teo three");
    room.delete(mine).await.expect("deleted");
    room.delete(mine)
        .await
        .expect("deleted already counts as done");
    let gone = room.message_source(mine).await;
    assert!(matches!(gone, Err(ActionError::NoSuchMessage)), "{gone:?}");
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_length_rule_is_checked_before_sending() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let long = room.send("x".repeat(501)).await;
    assert!(matches!(
        long,
        Err(SendError::Text(TextError::TooLong { .. }))
    ));
    assert!(matches!(
        room.send(" ").await,
        Err(SendError::Text(TextError::Empty))
    ));
    room.send("x".repeat(501) + "\nsecond line")
        .await
        .expect("several lines may be longer");
    assert_eq!(sim.notes(), [], "nothing of it reached the server");
}

#[tokio::test(start_paused = true)]
async fn quirk_07_a_message_without_an_id_was_a_duplicate() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    room.send("again").await.expect("sent");
    assert!(matches!(
        room.send("again").await,
        Err(SendError::Duplicate)
    ));
}

#[tokio::test(start_paused = true)]
async fn waits_are_obeyed_to_the_second_by_all_rooms_of_the_account() {
    let sim = Simulator::with_seed(7);
    let (client, room) = room(&sim);
    client.log_in().await.expect("logged in");
    let chat = sim.stackexchange();
    let start = Instant::now();
    chat.conflict(1, "You can perform this action again in 4 seconds.");
    chat.conflict(1, "\"You can perform this action again in 1 second\"");
    let other = client.room(17);
    let (first, second) = tokio::join!(room.send("one"), other.send("two"));
    first.expect("sent after both waits");
    second.expect("sent behind it");
    let waited = start.elapsed();
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(6)).contains(&waited),
        "{waited:?}"
    );
    chat.conflict(9, "You can perform this action again in 2 seconds.");
    let tired = room.send("three").await;
    assert!(
        matches!(
            tired,
            Err(SendError::Request(RequestError::Throttled { .. }))
        ),
        "{tired:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_10_the_window_of_an_edit_may_close_while_it_waits() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let mine = room.send("hasty").await.expect("sent");
    sleep(Duration::from_secs(118)).await;
    sim.stackexchange()
        .conflict(1, "You can perform this action again in 4 seconds.");
    let late = room.edit(mine, "too late").await;
    assert!(matches!(late, Err(ActionError::TooLate(_))), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn quirk_09_a_toggle_is_not_sent_twice_when_its_answer_is_lost() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let theirs = said(&sim, "teo", "star me");
    room.star(theirs).await.expect("starred");
    room.pin(theirs).await.expect("pinned");
    assert_eq!(room.starred().await.expect("a list"), [theirs]);
    sim.stackexchange()
        .fail("POST /messages/*", 1, RestFault::Dropped);
    let lost = room.star(theirs).await;
    assert!(
        matches!(lost, Err(ActionError::MayHaveHappened(_))),
        "{lost:?}"
    );
    let versions = room.message_history(theirs).await.expect("versions");
    assert_eq!(
        versions[0].stars, None,
        "it was done once: the star is gone"
    );
    room.unpin(theirs).await.expect("unpinned");
    room.clear_stars(theirs).await.expect("cleared");
    room.clear_pins(theirs).await.expect("cleared");
}

#[tokio::test(start_paused = true)]
async fn quirk_08_refusals_come_under_status_200_and_are_told_apart() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let theirs = said(&sim, "teo", "not yours");
    let edit = room.edit(theirs, "mine now").await;
    assert!(matches!(edit, Err(ActionError::NotYours(_))), "{edit:?}");
    let never = room.edit(MessageId::new(1), "nothing").await;
    assert!(
        matches!(never, Err(ActionError::NoSuchMessage)),
        "{never:?}"
    );
    let mine = room.send("mine").await.expect("sent");
    let own = room.star(mine).await;
    assert!(matches!(own, Err(ActionError::Refused(_))), "{own:?}");
    room.delete(mine).await.expect("deleted");
    let deleted = room.edit(mine, "back").await;
    assert!(
        matches!(deleted, Err(ActionError::Deleted(_))),
        "{deleted:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn rooms_that_take_no_messages_say_why() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let (client, _room) = room(&sim);
    let tea = client.room(17);
    chat.freeze(17, true);
    assert!(matches!(tea.send("a").await, Err(SendError::Frozen(_))));
    chat.freeze(17, false);
    chat.time_out(17, Duration::from_secs(58));
    let closed = tea.send("b").await;
    assert!(
        matches!(closed, Err(SendError::RoomTimeout(_))),
        "{closed:?}"
    );
    let nowhere = client.room(99_999).send("c").await;
    assert!(nowhere.is_err());
    chat.kick(17, "mira", "antiphon");
    assert!(matches!(tea.send("d").await, Err(SendError::NoSuchRoom(_))));
}

#[tokio::test(start_paused = true)]
async fn messages_are_moved_and_bookmarked() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let first = said(&sim, "teo", "first");
    let last = said(&sim, "mira", "last");
    let same = room.bookmark("x", first, first).await;
    assert!(matches!(same, Err(ActionError::Impossible(_))));
    let bookmark = room
        .bookmark("A fine talk!", last, first)
        .await
        .expect("kept");
    assert_eq!(bookmark.slug, "a-fine-talk");
    room.remove_bookmark(&bookmark).await.expect("removed");
    assert!(room.remove_bookmark(&bookmark).await.is_err());
    let tea = RoomId::new(17);
    room.move_messages([first], tea).await.expect("moved");
    let partly = room.move_messages([first, last], tea).await;
    assert!(
        matches!(partly, Err(ActionError::Partly { asked: 2, done: 1 })),
        "{partly:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn people_and_rooms_can_be_looked_at() {
    let sim = Simulator::with_seed(7);
    let (client, room) = room(&sim);
    let present = room.users().await.expect("those present");
    assert!(present.iter().any(|user| user.name == "mira"));
    assert!(room.may_post().await.expect("a page"));
    let pingable = room.pingable().await.expect("a list");
    assert!(pingable.iter().any(|user| user.name == "teo"));
    let info = room.info().await.expect("a card");
    assert_eq!(info.name, "Sandbox");
    assert!(info.owners.contains(&UserId::new(99)));
    let users = client
        .users([UserId::new(101)], Some(RoomId::new(ROOM)))
        .await;
    let users = users.expect("a user");
    assert_eq!(
        (users[0].name.as_str(), users[0].is_owner),
        ("mira", Some(true))
    );
    let found = client.search_users("te").await.expect("found");
    assert_eq!(found[0].name, "teo");
    let rooms = client.rooms_of(UserId::new(101)).await.expect("rooms");
    assert!(rooms.iter().any(|room| room.room_id == RoomId::new(17)));
    assert!(client.ignored().await.expect("a list").is_empty());
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn owners_kick_invite_set_access_and_time_out() {
    let sim = Simulator::with_seed(7);
    let (client, room) = room(&sim);
    let teo = UserId::new(102);
    room.set_access(teo, AccessLevel::Write).await.expect("set");
    assert_eq!(room.access().await.expect("levels").read_write, [teo]);
    room.set_access(teo, AccessLevel::None)
        .await
        .expect("removed");
    room.invite(teo).await.expect("invited");
    let nobody = room.invite(UserId::new(5)).await;
    assert!(matches!(nobody, Err(ActionError::Refused(_))), "{nobody:?}");
    room.timeout(60, "calm down").await.expect("in time-out");
    room.kick(teo).await.expect("kicked");
    let owner = room.kick(UserId::new(101)).await;
    assert!(matches!(owner, Err(ActionError::Refused(_))), "{owner:?}");
    let not_ours = client.room(17).set_access(teo, AccessLevel::Owner).await;
    assert!(
        matches!(not_ours, Err(ActionError::Refused(_))),
        "{not_ours:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_28_pages_in_place_of_answers_carry_their_text() {
    let sim = Simulator::with_seed(7);
    let (_client, room) = room(&sim);
    let mine = room.send("one").await.expect("sent");
    sim.stackexchange()
        .fail("POST /messages/*", 1, RestFault::Html(500));
    let failed = room.edit(mine, "two").await.expect_err("a page");
    let ActionError::MayHaveHappened(source) = &failed else {
        panic!("{failed:?}");
    };
    assert!(source.to_string().contains("Oops"), "{source}");
    let partly = sim.stackexchange();
    partly.fail("POST /messages/*", 1, RestFault::Html(200));
    assert!(room.edit(mine, "three").await.is_err(), "a page is no yes");
}

#[tokio::test(start_paused = true)]
async fn quirk_29_a_stale_key_is_renewed_and_only_what_may_be_done_twice_is_sent_again() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let (_client, room) = room(&sim);
    let mine = room.send("one").await.expect("sent");
    chat.new_keys();
    room.edit(mine, "two").await.expect("with a new key");
    chat.new_keys();
    let refused = room.send("three").await;
    assert!(refused.is_err(), "it is not sent again by itself");
    assert_eq!(chat.texts(ROOM), ["two"]);
    room.send("three").await.expect("with the new key");
    let theirs = said(&sim, "teo", "star me");
    chat.new_keys();
    assert!(room.star(theirs).await.is_err(), "a toggle neither");
    assert_eq!(room.starred().await.expect("a list"), []);
}

#[tokio::test(start_paused = true)]
async fn a_long_text_becomes_several_messages_and_each_has_its_id() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let (_client, room) = room(&sim);
    let text = format!("**{}**", "tea and biscuits ".repeat(80).trim_end());
    let sent = room.send_long(&text).await.expect("sent");
    assert_eq!(sent.len(), 3);
    let texts = chat.texts(ROOM);
    assert_eq!(texts.len(), 3);
    assert!(texts.iter().all(|text| text.chars().count() <= 500));
    assert!(
        texts
            .iter()
            .all(|text| text.starts_with("**") && text.ends_with("**"))
    );
    let theirs = said(&sim, "teo", "tell me more");
    let replies = room.reply_long(theirs, &text).await.expect("sent");
    let history = room.history(HistoryQuery::new()).await.expect("history");
    let reply = history
        .iter()
        .find(|message| message.message_id == replies[0]);
    assert_eq!(reply.expect("it is there").parent_id, Some(theirs));
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn of_a_long_text_the_message_that_failed_is_named_and_none_follows_it() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let (_client, room) = room(&sim);
    let parts = Splitter::new()
        .split(&"a word ".repeat(300))
        .expect("parts");
    assert_eq!(parts.len(), 5);
    let post = "POST /chats/4242/messages/new";
    chat.answer(post, 1, 200, None, r#"{"id":1}"#);
    chat.answer(post, 1, 200, None, r#"{"id":2}"#);
    chat.answer(post, 1, 200, None, "{\"oops");
    let failed = room.send_parts(&parts).await.expect_err("the third");
    assert_eq!(failed.sent, [1, 2].map(MessageId::new));
    assert_eq!((failed.part, failed.parts), (3, 5));
    assert_eq!(failed.to_string(), "message 3 of 5 was not sent");
    assert!(matches!(failed.source, SendError::MayHaveHappened(_)));
    assert!(!failed.is_transient());
    assert!(chat.texts(ROOM).is_empty(), "none follows it");
    let refused = room
        .send_long("x ".repeat(20_000))
        .await
        .expect_err("too long");
    assert!(matches!(
        refused.source,
        SendError::Text(TextError::TooManyParts { limit: 20 })
    ));
    assert!(refused.sent.is_empty());
}
