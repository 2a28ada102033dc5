//! The quirks of the platform, one test each, numbered as in the protocol page (§9).

mod harness;

use std::time::Duration;

use antiphon_core::{BodyForm, Draft, Event, Kind, Origin, Payload, Place, Position};
use antiphon_queup::{
    Chat, ChatSkip, JoinedRoom, MemberJoin, MemberPresence, MemberUpdate, PlaylistDetails,
    PlaylistSongAdd, PrivateMessage, Ready, Role, RoomUsers, UserBan, UserImage, UserSetRole,
};
use antiphon_sim::{Quirk, RestFault, Simulator};
use harness::{Begin as _, Journal, ROOM, Running, Said as _, config};
use serde_json::json;
use tokio::time::sleep;

const TEO: &str = "5f1c0aa1b2c3d4e5f607182a";
const MIRA: &str = "5f1c0aa1b2c3d4e5f6071829";

/// A stored event.
fn event(kind: &str, body: &serde_json::Value) -> Event {
    let draft = Draft::new(
        Kind::new(kind),
        Place::new("room/5a77aa00bb11cc22dd33ee44"),
        Origin::frame("c", 1),
        jiff::Timestamp::UNIX_EPOCH,
        body.to_string(),
    );
    Event::stored(Position::new(1), "queup".into(), draft)
}

fn decode<P: Payload>(kind: &str, body: &serde_json::Value) -> P {
    P::decode(&event(kind, body)).expect("it decodes")
}

/// A source that joined its room while the simulator had these quirks.
async fn with(sim: &Simulator, quirks: &[Quirk]) -> Running {
    for quirk in quirks {
        sim.queup().quirk(*quirk, true);
    }
    let app = Running::start(sim, config(sim));
    app.settled().await;
    app
}

#[tokio::test(start_paused = true)]
async fn quirk_01_inner_data_that_is_no_json_does_not_kill_the_socket() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::DataNotJson]).await;
    sim.queup().room(ROOM).say("mira", "hello");
    let journal = app
        .until(|journal| !journal.of("queup.chat-message").is_empty())
        .await;
    let stored = journal.of("queup.chat-message")[0];
    assert_eq!(stored.form(), BodyForm::Text);
    assert!(stored.body().starts_with(b"chat-message happened"));
    assert!(Chat::decode(stored).is_err());
    sim.queup().quirk(Quirk::DataNotJson, false);
    sim.queup().room(ROOM).say("mira", "again");
    let journal = app
        .until(|journal| journal.of("queup.chat-message").len() == 2)
        .await;
    assert_eq!(journal.decoded::<Ready>().len(), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_02_the_client_pings() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    // The simulator drops a client that is silent for ping interval and timeout.
    sleep(Duration::from_secs(600)).await;
    assert_eq!(app.stop().await.decoded::<Ready>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn quirk_03_a_redirect_to_the_login_is_followed_by_one_replay() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    sim.queup()
        .fail_rest("GET /room/*/audit", 1, RestFault::LoggedOut);
    room.audit().await.expect("replayed");
    sim.queup()
        .fail_rest("GET /room/*/audit", 2, RestFault::LoggedOut);
    room.audit().await.expect_err("no loop");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_04_nothing_playing_is_no_error() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::ActiveNotFound]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    assert_eq!(room.fetch_active_song().await.expect("no error"), None);
    sim.queup().quirk(Quirk::ActiveNotFound, false);
    sim.queup().quirk(Quirk::ActiveWithoutSong, true);
    assert_eq!(room.fetch_active_song().await.expect("no error"), None);
    let journal = app.journal();
    let active = journal.of("queup.playlist_active");
    assert_eq!(&active[0].body()[..], b"null");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_05_a_members_role_is_absent_a_text_an_object_or_nonsense() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::RoleShapes]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    let members = room.fetch_members().await.expect("members");
    let roles: Vec<_> = members.iter().map(|member| member.role.clone()).collect();
    assert!(
        roles.contains(&Some(Role::Vip)) && roles.contains(&None),
        "{roles:?}"
    );
    for roleid in [
        json!("5615fe1ee596154fc2000001"),
        json!({"_id": "5615fe1ee596154fc2000001", "rights": []}),
    ] {
        let body = json!({"user": {"_id": "m", "userid": TEO, "roleid": roleid}});
        let update: MemberUpdate = decode("queup.user_update", &body);
        assert_eq!(update.member.role, Some(Role::Vip));
    }
    let chat: Chat = decode(
        "queup.chat-message",
        &json!({"user": {"_id": TEO, "roleid": 1}}),
    );
    assert_eq!(chat.author.site_role, Some(1));
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_06_references_are_texts_objects_null_or_absent() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::ReferenceShapes]).await;
    let journal = app.journal();
    let users: Vec<RoomUsers> = journal.decoded();
    assert!(
        users[0]
            .members
            .iter()
            .all(|member| member.user.is_account())
    );
    for user in [json!(TEO), json!({"_id": TEO, "username": "teo"})] {
        let body = json!({"user": {"_id": "m", "_user": user}});
        let update: MemberUpdate = decode("queup.user_update", &body);
        assert_eq!(update.member.user, TEO);
    }
    let update: MemberUpdate = decode("queup.user_update", &json!({"user": {"_user": null}}));
    assert!(update.member.user.is_empty());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_07_a_song_that_has_not_begun_has_no_time_of_beginning() {
    for quirk in [Quirk::PlayedAbsent, Quirk::PlayedNull] {
        let sim = Simulator::with_seed(1);
        let app = with(&sim, &[quirk]).await;
        sim.queup()
            .room(ROOM)
            .queue("mira", "Artist & Friend - Tune");
        let journal = app
            .until(|journal| !journal.decoded::<PlaylistSongAdd>().is_empty())
            .await;
        assert_eq!(journal.decoded::<PlaylistSongAdd>()[0].song.played_at, None);
        app.stop().await;
    }
}

#[test]
fn quirk_08_media_are_dated_in_iso_while_all_else_is_in_milliseconds() {
    let body = json!({
        "song": {"_id": "s", "created": 1_719_999_000_000_i64},
        "songInfo": {"_id": "i", "created": "2021-03-04T10:17:30.329Z"},
    });
    let add: PlaylistSongAdd = decode("queup.room_playlist-update", &body);
    assert_eq!(
        add.song.created_at.expect("a time").as_millisecond(),
        1_719_999_000_000
    );
    let info = add.song.song_info.expect("media");
    assert_eq!(
        info.created_at.expect("a time").to_string(),
        "2021-03-04T10:17:30.329Z"
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_09_a_song_may_come_without_its_media() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::SongInfoNull]).await;
    sim.queup()
        .room(ROOM)
        .queue("mira", "Artist & Friend - Tune");
    let journal = app
        .until(|journal| !journal.decoded::<PlaylistSongAdd>().is_empty())
        .await;
    let add = &journal.decoded::<PlaylistSongAdd>()[0];
    assert!(!add.song.id.is_empty() && !add.song.song_info_id.is_empty());
    assert_eq!((add.song.song_info.as_ref(), add.song.name()), (None, ""));
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_10_the_same_song_comes_again_and_is_stored_each_time() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = sim.queup().room(ROOM);
    room.queue("mira", "Artist & Friend - Tune");
    app.until(|journal| !journal.decoded::<PlaylistSongAdd>().is_empty())
        .await;
    let before = app.journal().decoded::<PlaylistSongAdd>().len();
    sim.queup().quirk(Quirk::SongUpdateTwice, true);
    room.queue("teo", "Another - One");
    let journal = app
        .until(|journal| journal.decoded::<PlaylistSongAdd>().len() >= before + 2)
        .await;
    let updates: Vec<PlaylistSongAdd> = journal.decoded();
    let [.., first, second] = &updates[..] else {
        panic!("two updates")
    };
    assert_eq!(first.song.id, second.song.id);
    assert_eq!(
        journal.repeats, 0,
        "what the wire delivers twice is two events"
    );
    app.stop().await;
}

#[test]
fn quirk_11_the_target_of_a_moderator_has_misleading_names() {
    let body = json!({
        "user": {"_id": MIRA, "username": "mira"},
        "modUser": {"_id": TEO, "username": "teo"},
        "role_object": {"_id": "5615fe1ee596154fc2000001", "type": "vip"},
    });
    let set: UserSetRole = decode("queup.user-setrole", &body);
    assert_eq!((set.by.id.as_str(), set.target.id.as_str()), (MIRA, TEO));
    assert_eq!(set.role, Some(Role::Vip));
    let body = json!({"user": {"_id": MIRA}, "kickedUser": {"_id": TEO}, "time": 0});
    let ban: UserBan = decode("queup.user-ban", &body);
    assert_eq!(
        (ban.by.id.as_str(), ban.target.id.as_str(), ban.minutes),
        (MIRA, TEO, Some(0))
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_12_one_update_carries_a_member_and_the_other_a_picture() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = sim.queup().room(ROOM);
    room.queue("teo", "Another - One");
    sim.queup().change_image("teo");
    let journal = app
        .until(|journal| {
            !journal.decoded::<MemberUpdate>().is_empty()
                && !journal.decoded::<UserImage>().is_empty()
        })
        .await;
    let teo = sim.queup().user("teo");
    let update = &journal.decoded::<MemberUpdate>()[0];
    assert_eq!(update.member.user, teo.as_str());
    assert_ne!(update.member.id, teo.as_str());
    let image = &journal.decoded::<UserImage>()[0];
    assert_eq!(image.user.id, teo.as_str());
    assert!(image.avatar_url.is_some());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_13_a_skip_may_name_nobody() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::SkipWithoutName]).await;
    let room = sim.queup().room(ROOM);
    room.queue("mira", "Artist & Friend - Tune");
    room.skip("mira");
    let journal = app
        .until(|journal| !journal.decoded::<ChatSkip>().is_empty())
        .await;
    assert_eq!(journal.decoded::<ChatSkip>()[0].username, None);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_14_text_is_unescaped_exactly_once_and_escaped_before_it_is_sent() {
    let text = "&lt; it's \"<fine>\" & well";
    for quirks in [&[][..], &[Quirk::OtherEntities]] {
        let sim = Simulator::with_seed(1);
        let app = with(&sim, quirks).await;
        sim.queup().room(ROOM).say("mira", text);
        app.until(|journal| journal.texts() == [text]).await;
        let room = app.client.rooms().into_iter().next().expect("a room");
        room.send_message(text).await.expect("sent");
        app.until(|journal| journal.texts() == [text, text]).await;
        app.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn quirk_15_outgoing_text_is_split_before_it_is_escaped() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    room.send_message(&"&".repeat(300)).await.expect("sent");
    let texts = sim.queup().room(ROOM).texts();
    assert_eq!(texts, ["&amp;".repeat(255), "&amp;".repeat(45)]);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_16_own_chat_echoes_and_own_private_messages_do_not() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    room.send_message("mine").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    let me = app.client.me().expect("logged in");
    assert_eq!(journal.decoded::<Chat>()[0].author.id, me.id);
    // A notice of an own message would be left out by the payload.
    let place = Place::root().join("user", MIRA);
    let mut own = event(
        "queup.new-message",
        &json!({"userid": MIRA, "messageid": "c"}),
    )
    .draft()
    .clone();
    own.place = place;
    let own = Event::stored(Position::new(1), "queup".into(), own);
    assert!(!PrivateMessage::concerns(&own));
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_17_an_unknown_conversation_is_fetched_before_its_notice() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    sim.queup().whisper("teo", "antiphon", "psst");
    let journal = app
        .until(|journal| !journal.decoded::<PrivateMessage>().is_empty())
        .await;
    let notice = &journal.decoded::<PrivateMessage>()[0];
    let conversation = app
        .client
        .conversation(&notice.conversation)
        .expect("known by then");
    assert_eq!(conversation.recipients()[0].id, notice.from);
    app.stop().await;
}

#[test]
fn quirk_18_a_chat_id_tells_author_and_time() {
    let body = json!({"chatid": format!("{TEO}-1720000001000"), "message": "hi"});
    let chat: Chat = decode("queup.chat-message", &body);
    assert_eq!(chat.author.id, TEO);
    assert_eq!(
        chat.created_at.expect("a time").as_millisecond(),
        1_720_000_001_000
    );
}

#[tokio::test(start_paused = true)]
async fn quirk_19_an_erroneous_leave_is_undone_and_a_kick_is_not() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = sim.queup().room(ROOM);
    room.leave_in_error("antiphon");
    sleep(Duration::from_secs(4)).await;
    let posts = |sim: &Simulator| {
        let rows = sim.ledger().rows(&antiphon_sim::Query::default());
        rows.iter()
            .filter(|row| *row.kind == *"queup.user-join")
            .count()
    };
    sim.queup().quirk(Quirk::JoinAnnouncedAgain, true);
    let before = posts(&sim);
    sleep(Duration::from_secs(2)).await;
    assert!(posts(&sim) > before, "joined again after five seconds");

    room.leave_in_error("antiphon");
    room.kick("mira", "antiphon", "out");
    sleep(Duration::from_secs(30)).await;
    assert!(!room.has("antiphon"), "kicked for good");
    sim.queup().cut_connections();
    app.until(|journal| journal.decoded::<Ready>().len() == 2)
        .await;
    sleep(Duration::from_secs(10)).await;
    let journal = app.stop().await;
    assert!(!room.has("antiphon"));
    assert_eq!(journal.decoded::<JoinedRoom>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn quirk_20_nulls_in_the_queue_are_passed_over() {
    let sim = Simulator::with_seed(1);
    sim.queup()
        .room(ROOM)
        .queue("mira", "Artist & Friend - Tune");
    sim.queup().room(ROOM).queue("teo", "Another - One");
    let app = with(&sim, &[Quirk::QueueNulls]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    let songs = room.fetch_queue().await.expect("songs");
    assert!(!songs.is_empty() && songs.iter().all(|song| !song.id.is_empty()));
    let details: Vec<PlaylistDetails> = app.journal().decoded();
    assert_eq!(details[0].songs.len(), songs.len());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_21_the_connection_may_be_called_socket_and_presence_may_lack_its_action() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::SocketId, Quirk::PresenceWithoutAction]).await;
    let ready: Vec<Ready> = app.journal().decoded();
    assert!(!ready[0].connection.is_empty());
    let connections = sim.queup().connections();
    assert!(connections.contains_key(&ready[0].connection));
    sim.queup().room(ROOM).presence("teo", 1);
    let teo = sim.queup().user("teo");
    let journal = app
        .until(|journal| {
            let presence: Vec<MemberPresence> = journal.decoded();
            presence
                .iter()
                .any(|presence| presence.user == teo.as_str())
        })
        .await;
    let presence: Vec<MemberPresence> = journal.decoded();
    assert!(
        presence
            .iter()
            .all(|one| one.presence == antiphon_queup::Presence::Enter)
    );
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_22_guests_are_no_members() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let before = app.journal().decoded::<MemberPresence>().len();
    sim.queup().room(ROOM).guest(0);
    let count = app.journal().of("queup.presence_change").len();
    let journal = app
        .until(|journal| journal.of("queup.presence_change").len() > count)
        .await;
    assert_eq!(journal.decoded::<MemberPresence>().len(), before);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_23_an_event_of_another_room_is_kept_and_nothing_follows_from_it() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let me = app.client.me().expect("logged in").id.clone();
    let stray = json!({"action": 15, "channel": "room:ffffffffffffffffffffffff", "message": {
        "name": "user-kick", "type": "json", "data": json!({"kickedUser": {"_id": me}}).to_string()}});
    sim.queup().links().message(&stray);
    let journal = app
        .until(|journal| !journal.of("queup.user-kick").is_empty())
        .await;
    assert_eq!(
        journal.of("queup.user-kick")[0].place().as_str(),
        "room/ffffffffffffffffffffffff"
    );
    sim.queup().room(ROOM).say("mira", "still with us");
    app.until(|journal| journal.texts().len() == 1).await;
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_24_users_of_a_conversation_are_texts_and_counts_too() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::ConversationIds, Quirk::CountAsText]).await;
    sim.queup().whisper("teo", "antiphon", "psst");
    let conversations = app.client.fetch_conversations().await.expect("fetched");
    assert_eq!(conversations[0].recipients().len(), 1);
    let teo = sim.queup().user("teo");
    assert_eq!(conversations[0].recipients()[0].id, teo.as_str());
    assert_eq!(app.client.unread().await.expect("a count"), 1);
    sim.queup().quirk(Quirk::CountAsText, false);
    assert_eq!(app.client.unread().await.expect("a count"), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_25_an_event_of_an_unknown_user_carries_ids() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    sim.queup().room(ROOM).say_from_outside("stranger", "boo");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    let stranger = sim.queup().user("stranger");
    let chat = &journal.decoded::<Chat>()[0];
    assert_eq!(chat.author.id, stranger.as_str());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_26_a_changed_name_is_learnt_from_chat() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let teo = sim.queup().user("teo");
    sim.queup().room(ROOM).say("teo", "before");
    app.until(|journal| journal.texts().len() == 1).await;
    assert!(sim.queup().rename("teo", "theodor"));
    sim.queup().room(ROOM).say("theodor", "after");
    app.until(|journal| journal.texts().len() == 2).await;
    let user = app.client.user(&teo.as_str().into()).expect("known");
    assert_eq!(user.username, "theodor");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn quirk_27_deletions_carry_a_body() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    sim.queup().room(ROOM).join("newcomer");
    let newcomer = sim.queup().user("newcomer");
    let newcomer = newcomer.as_str().into();
    room.mute(&newcomer).await.expect("muted");
    room.unmute(&newcomer).await.expect("unmuted");
    room.ban(&newcomer, 5).await.expect("banned");
    room.unban(&newcomer).await.expect("unbanned");
    room.set_role(&newcomer, &Role::Vip).await.expect("set");
    room.unset_role(&newcomer, &Role::Vip).await.expect("unset");
    app.stop().await;
    // The simulator makes a note of a deletion without its `realTimeChannel`.
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn quirk_28_misspelt_names_are_sent_and_read_as_they_are() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[]).await;
    assert!(
        app.client
            .is_username_taken("mira")
            .await
            .expect("an answer")
    );
    assert!(
        !app.client
            .is_username_taken("nobody-yet")
            .await
            .expect("an answer")
    );
    let room = sim.queup().room(ROOM);
    let chat = room.say("teo", "one");
    app.until(|journal| journal.texts().len() == 1).await;
    room.delete_all("mira", "teo");
    let gone = "queup.delete-chat-message-global";
    let journal = app.until(|journal| !journal.of(gone).is_empty()).await;
    let gone: Vec<antiphon_queup::ChatDeleteGlobal> = journal.decoded();
    assert_eq!(gone[0].author, sim.queup().user("teo").as_str());
    assert!(
        app.client
            .message(&chat.as_str().into())
            .expect("cached")
            .deleted
    );
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn quirk_29_times_are_texts_or_fractions_and_sent_as_integers() {
    for quirk in [Quirk::TimesAsText, Quirk::TimesAsFractions] {
        let sim = Simulator::with_seed(1);
        let app = with(&sim, &[quirk]).await;
        sim.queup().room(ROOM).say("mira", "when?");
        let journal = app.until(|journal| journal.texts().len() == 1).await;
        let chat = &journal.decoded::<Chat>()[0];
        let (_, ms) = chat.id.parts().expect("the usual form");
        assert_eq!(chat.created_at.expect("a time").as_millisecond(), ms);
        let room = app.client.rooms().into_iter().next().expect("a room");
        room.send_message("now").await.expect("sent");
        app.stop().await;
        assert_eq!(sim.notes(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn quirk_30_nothing_is_replayed_and_our_own_join_may_come_again() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::JoinAnnouncedAgain]).await;
    sim.queup().cut_connections();
    sim.queup().room(ROOM).dub("teo", true);
    let journal = app
        .until(|journal| journal.decoded::<JoinedRoom>().len() == 2)
        .await;
    assert_eq!(journal.gaps().len(), 2);
    sleep(Duration::from_secs(1)).await;
    let me = app.client.me().expect("logged in").id.clone();
    let journal = app.stop().await;
    let joins: Vec<MemberJoin> = journal.decoded();
    assert!(joins.iter().any(|join| join.user.id == me));
}

#[tokio::test(start_paused = true)]
async fn quirk_31_unknown_actions_names_and_roles_are_kept_as_sent() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::UnknownRoles]).await;
    let links = sim.queup().links();
    links.message(&json!({"action": 99, "x": [1, {"y": null}]}));
    links.message(&json!({"action": "none"}));
    links.message(&json!({"action": 15, "channel": "lobby"}));
    links.raw_message("this is no JSON {");
    links.packet("7unknown packet");
    sim.queup()
        .room(ROOM)
        .announce("brand-new-thing", json!({"a": 1}));
    let journal: Journal = app
        .until(|journal| !journal.of("queup.brand-new-thing").is_empty())
        .await;
    let body = |kind| String::from_utf8_lossy(journal.of(kind)[0].body()).into_owned();
    assert_eq!(body("queup.99"), r#"{"action":99,"x":[1,{"y":null}]}"#);
    assert_eq!(journal.of("queup.message").len(), 2);
    let text = journal.of("queup.message")[1];
    assert_eq!(
        (&text.body()[..], text.form()),
        (&b"this is no JSON {"[..], BodyForm::Text)
    );
    assert_eq!(
        journal.of("queup.room_action")[0].place().as_str(),
        "channel/lobby"
    );
    assert!(body("queup.brand-new-thing").contains("\"a\":1"));
    let room = app.client.rooms().into_iter().next().expect("a room");
    let members = room.fetch_members().await.expect("members");
    assert!(
        members
            .iter()
            .all(|member| matches!(member.role, Some(Role::Unknown(_))))
    );
    assert_eq!(journal.decoded::<Ready>().len(), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_id_is_told_by_the_echo() {
    let sim = Simulator::with_seed(1);
    let app = with(&sim, &[Quirk::ChatAnswerEmpty]).await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    let sent = room.send_message("which am I?").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 1).await;
    assert_eq!(journal.decoded::<Chat>()[0].id, sent.id);
    assert_eq!(sent.author.username, "antiphon");
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn all_quirks_at_once_lose_nothing() {
    let sim = Simulator::with_seed(1);
    for quirk in Quirk::ALL {
        sim.queup().quirk(quirk, quirk != Quirk::DataNotJson);
    }
    sim.queup().traffic(50);
    let app = Running::start(&sim, config(&sim));
    sleep(Duration::from_secs(20)).await;
    sim.queup().cut_connections();
    sleep(Duration::from_secs(20)).await;
    sim.queup().traffic(0);
    sleep(Duration::from_secs(5)).await;
    let journal = app.journal();
    assert_eq!(harness::lost(&sim, &journal), [""; 0]);
    assert!(journal.events.len() > 500);
    app.stop().await;
}
