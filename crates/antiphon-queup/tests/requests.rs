//! Every request is one that the server knows, with the fields that it wants.

mod harness;

use antiphon_queup::{DubType, Role, RoomSettings, SongLink};
use antiphon_sim::{RestFault, Simulator};
use harness::{Begin as _, ROOM, Running, config};

use antiphon_queup::RateLimits;

async fn start(sim: &Simulator) -> (Running, antiphon_queup::Room) {
    let limits = RateLimits::default().slots(1000);
    let app = Running::start(sim, config(sim).rate_limits(limits));
    app.settled().await;
    let room = app.client.rooms().into_iter().next().expect("a room");
    (app, room)
}

#[tokio::test(start_paused = true)]
async fn rooms_are_read_and_changed() {
    let sim = Simulator::with_seed(3);
    let (app, room) = start(&sim).await;
    let client = &app.client;
    assert!(client.lobby().await.expect("rooms").len() >= 2);
    assert!(
        !client
            .search_rooms("choir")
            .await
            .expect("rooms")
            .is_empty()
    );
    assert_eq!(client.fetch_room(ROOM).await.expect("a room").id, room.id);
    let made = RoomSettings::new()
        .name("Own room")
        .description("by a bot")
        .public(true);
    let made = client.create_room(&made).await.expect("made");
    assert_eq!(made.name, "Own room");
    let settings = RoomSettings::new()
        .welcome_message("be kind")
        .max_song_minutes(9);
    room.update(&settings).await.expect("changed");
    let update = app
        .until(|journal| !journal.of("queup.room-update").is_empty())
        .await;
    let update: Vec<antiphon_queup::RoomUpdate> = update.decoded();
    assert_eq!(update[0].info.welcome_message.as_deref(), Some("be kind"));
    room.set_slow_mode(true).await.expect("switched");
    room.allow_guests_to_chat(true).await.expect("switched");
    room.allow_guests_to_embed(false).await.expect("switched");
    let journal = app
        .until(|journal| !journal.of("queup.room-allow-guest-embed").is_empty())
        .await;
    let slow: Vec<antiphon_queup::RoomSlowMode> = journal.decoded();
    assert_eq!(slow[0].on, Some(true));
    let chat: Vec<antiphon_queup::RoomAllowGuestChat> = journal.decoded();
    assert_eq!(chat[0].on, Some(true));
    let embed: Vec<antiphon_queup::RoomAllowGuestEmbed> = journal.decoded();
    assert_eq!(embed[0].on, Some(false));
    assert_eq!(client.room(&room.id).expect("known").slow_mode, Some(true));
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn members_are_read_and_moderated() {
    let sim = Simulator::with_seed(3);
    let (app, room) = start(&sim).await;
    let there = sim.queup().room(ROOM);
    there.join("newcomer");
    let id = sim.queup().user("newcomer").as_str().into();
    app.until(|journal| !journal.of("queup.user-join").is_empty())
        .await;
    assert!(!room.fetch_members().await.expect("members").is_empty());
    assert!(!room.fetch_staff().await.expect("staff").is_empty());
    assert_eq!(room.fetch_member(&id).await.expect("a member").user, id);
    let member = app.client.member(&room.id, &id).expect("known");
    member.set_role(&Role::ResidentDj).await.expect("set");
    let journal = app
        .until(|journal| !journal.of("queup.user-setrole").is_empty())
        .await;
    let set: Vec<antiphon_queup::UserSetRole> = journal.decoded();
    assert_eq!(
        (&set[0].target.id, &set[0].role),
        (&id, &Some(Role::ResidentDj))
    );
    let member = app.client.member(&room.id, &id).expect("known");
    assert_eq!(member.role(), Some(&Role::ResidentDj));
    room.unset_role(&id, &Role::ResidentDj)
        .await
        .expect("unset");
    room.mute(&id).await.expect("muted");
    assert_eq!(room.fetch_muted().await.expect("muted").len(), 1);
    room.unmute(&id).await.expect("unmuted");
    assert_eq!(room.fetch_muted().await.expect("muted"), []);
    room.kick(&id, "take a walk & <return>")
        .await
        .expect("kicked");
    let journal = app
        .until(|journal| !journal.of("queup.user-kick").is_empty())
        .await;
    let kick: Vec<antiphon_queup::UserKick> = journal.decoded();
    assert_eq!(kick[0].message.as_deref(), Some("take a walk & <return>"));
    assert_eq!(kick[0].target.id, id);
    room.ban(&id, 30).await.expect("banned");
    assert_eq!(room.fetch_banned().await.expect("banned").len(), 1);
    room.unban(&id).await.expect("unbanned");
    assert_eq!(room.fetch_banned().await.expect("banned"), []);
    assert!(!room.audit().await.expect("audit").is_empty());
    let journal = app
        .until(|journal| !journal.of("queup.user-unban").is_empty())
        .await;
    let ban: Vec<antiphon_queup::UserBan> = journal.decoded();
    assert_eq!((&ban[0].target.id, ban[0].minutes), (&id, Some(30)));
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_read_and_changed() {
    let sim = Simulator::with_seed(3);
    let (app, room) = start(&sim).await;
    let there = sim.queup().room(ROOM);
    there.queue("mira", "Artist & Friend - Tune");
    app.until(|journal| !journal.of("queup.room_playlist-update").is_empty())
        .await;
    let playing = room
        .fetch_active_song()
        .await
        .expect("an answer")
        .expect("a song");
    assert_eq!(room.current_song().expect("known").id, playing.id);
    assert_eq!(playing.name(), "Artist & Friend - Tune");
    let media = playing.song_info.clone().expect("media");
    assert_eq!(
        app.client
            .fetch_song_info(&media.id)
            .await
            .expect("media")
            .id,
        media.id
    );
    room.updub(&playing.id).await.expect("dubbed");
    room.downdub(&playing.id).await.expect("dubbed");
    room.dub(&playing.id, &DubType::UpDub)
        .await
        .expect("dubbed");
    let dubs = room.fetch_active_dubs().await.expect("dubs");
    let me = app.client.me().expect("logged in").id.clone();
    assert_eq!(dubs.up_dubs, std::slice::from_ref(&me));
    let journal = app
        .until(|journal| journal.of("queup.room_playlist-dub").len() >= 3)
        .await;
    let heard: Vec<antiphon_queup::Dub> = journal.decoded();
    assert_eq!(
        (&heard[0].user.id, &heard[0].dubtype),
        (&me, &DubType::UpDub)
    );

    let mine = room
        .queue_song(&media.source, &media.media_id)
        .await
        .expect("queued");
    let own = room.own_queue().await.expect("own queue");
    assert_eq!(own[0].id, mine.id);
    room.reorder_own_queue(std::slice::from_ref(&mine.id))
        .await
        .expect("ordered");
    for song in &own {
        room.remove_song(&song.id).await.expect("removed");
    }
    assert_eq!(room.own_queue().await.expect("own queue"), []);
    there.queue("teo", "Another - One");
    let teo = sim.queup().user("teo").as_str().into();
    let queue = room.fetch_queue().await.expect("queue");
    assert!(!queue.is_empty());
    room.reorder_queue(&[teo]).await.expect("ordered");
    let teo = sim.queup().user("teo").as_str().into();
    room.pause_user(&teo).await.expect("paused");
    room.remove_user_song(&teo).await.expect("removed");
    there.queue("teo", "Another - One");
    room.remove_user(&teo).await.expect("removed");
    room.pause_queue(true).await.expect("paused");
    room.pause_queue(false).await.expect("goes on");
    room.lock_queue(true).await.expect("locked");
    room.lock_queue(false).await.expect("unlocked");
    room.clear_queue().await.expect("cleared");
    let playing = room
        .fetch_active_song()
        .await
        .expect("an answer")
        .expect("a song");
    room.skip(&playing.id).await.expect("skipped");
    let journal = app
        .until(|journal| !journal.of("queup.chat-skip").is_empty())
        .await;
    let locks: Vec<antiphon_queup::RoomLockQueue> = journal.decoded();
    let locks: Vec<_> = locks.iter().map(|lock| lock.on).collect();
    assert_eq!(locks, [Some(true), Some(false)]);
    let skip: Vec<antiphon_queup::ChatSkip> = journal.decoded();
    assert_eq!(skip[0].username.as_deref(), Some("antiphon"));
    assert!(!room.history(1).await.expect("history").is_empty());
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn users_and_playlists_are_read_and_changed() {
    let sim = Simulator::with_seed(3);
    let (app, room) = start(&sim).await;
    let client = &app.client;
    let teo = client.fetch_user("teo").await.expect("a user");
    assert_eq!(
        client.fetch_user(&teo.id).await.expect("a user").username,
        "teo"
    );
    assert!(!client.search_users("te").await.expect("users").is_empty());
    client.follow(&teo.id).await.expect("followed");
    let me = client.me().expect("logged in");
    let followed = client.following(&me.id).await.expect("an answer");
    assert_eq!(followed, std::slice::from_ref(&teo.id));
    client.unfollow(&teo.id).await.expect("unfollowed");
    assert!(
        !me.change_username("mira").await.expect("an answer"),
        "taken"
    );
    assert!(me.change_username("antiphon-2").await.expect("an answer"));
    assert_eq!(client.me().expect("logged in").username, "antiphon-2");

    sim.queup()
        .room(ROOM)
        .queue("mira", "Artist & Friend - Tune");
    app.until(|journal| !journal.of("queup.room_playlist-update").is_empty())
        .await;
    let song = room.current_song().expect("a song");
    let list = client.create_playlist("liked").await.expect("made");
    assert_eq!(list.name, "liked");
    client
        .grab(&list.id, &song.song_info_id)
        .await
        .expect("grabbed");
    let grabs = "queup.room_playlist-queue-update-grabs";
    let journal = app.until(|journal| !journal.of(grabs).is_empty()).await;
    assert_eq!(journal.decoded::<antiphon_queup::Grab>()[0].user.id, me.id);
    client
        .rename_playlist(&list.id, "loved")
        .await
        .expect("renamed");
    assert_eq!(client.playlists().await.expect("lists")[0].name, "loved");
    let songs = client.playlist_songs(&list.id, 1).await.expect("songs");
    let media: Vec<_> = songs.iter().map(|song| &song.song_info_id).collect();
    assert_eq!(media, [&song.song_info_id]);
    room.queue_playlist(&list.id).await.expect("queued");
    client
        .remove_from_playlist(&list.id, &song.song_info_id)
        .await
        .expect("removed");
    let songs = client.playlist_songs(&list.id, 1).await.expect("songs");
    assert_eq!(songs, []);
    client.delete_playlist(&list.id).await.expect("deleted");
    assert_eq!(client.playlists().await.expect("lists"), []);
    client.search_songs("youtube", "a").await.expect("found");
    client.logout().await.expect("logged out");
    client.playlists().await.expect("logged in again");
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn messages_are_read_and_deleted() {
    let sim = Simulator::with_seed(3);
    let (app, room) = start(&sim).await;
    let there = sim.queup().room(ROOM);
    let chat = there.say("teo", "one & only");
    there.say("mira", "two");
    let texts = |messages: Vec<antiphon_queup::Message>| -> Vec<_> {
        messages
            .into_iter()
            .map(|message| message.content)
            .collect()
    };
    assert_eq!(
        texts(room.chat_history().await.expect("history")),
        ["one & only", "two"]
    );
    room.delete_message(&chat.as_str().into())
        .await
        .expect("deleted");
    let journal = app
        .until(|journal| !journal.of("queup.delete-chat-message").is_empty())
        .await;
    let deletions: Vec<antiphon_queup::ChatDelete> = journal.decoded();
    let deleted: Vec<_> = deletions.iter().map(|gone| gone.message.as_str()).collect();
    assert_eq!(deleted, [chat.as_str()]);
    let is_deleted = |text: &str| {
        let messages = app.client.messages();
        let found = messages.find(|message| message.content == text);
        found.expect("cached").deleted
    };
    assert!(is_deleted("one & only") && !is_deleted("two"));
    let teo = sim.queup().user("teo");
    let conversation = app
        .client
        .open_conversation(&[teo.as_str().into()])
        .await
        .expect("open");
    conversation
        .send_message("hello there")
        .await
        .expect("sent");
    assert_eq!(conversation.fetch().await.expect("fetched").len(), 1);
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn the_link_of_a_song_is_known_or_asked_for() {
    let sim = Simulator::with_seed(7);
    let (app, room) = start(&sim).await;
    let tube = room.queue_song("youtube", "abc_DEF-123").await;
    let cloud = room.queue_song("soundcloud", "77001").await;
    let (mut tube, mut cloud) = (tube.expect("queued"), cloud.expect("queued"));
    let youtube = SongLink::YouTube("https://www.youtube.com/watch?v=abc_DEF-123".into());
    let soundcloud = SongLink::SoundCloud("https://api.soundcloud.com/tracks/77001".into());
    let client = &app.client;
    for (song, expected) in [(&tube, &youtube), (&cloud, &soundcloud)] {
        // The first answer is a redirect to the login, which is no link.
        sim.queup()
            .fail_rest("GET /song/*", 1, RestFault::LoggedOut);
        let link = client.fetch_song_link(song).await.expect("an answer");
        assert_eq!(link.as_ref(), Some(expected));
        // For a song without media the redirect has the source.
        let mut bare = song.clone();
        bare.song_info = None;
        let link = client.fetch_song_link(&bare).await.expect("an answer");
        assert_eq!(link.as_ref(), Some(expected));
    }
    cloud.song_info = None;
    cloud.song_info_id = "63cc0000000000000000ffff".into();
    assert_eq!(client.fetch_song_link(&cloud).await.expect("none"), None);
    tube.song_info = None;
    tube.song_info_id = "".into();
    assert_eq!(client.fetch_song_link(&tube).await.expect("none"), None);
    app.stop().await;
}
