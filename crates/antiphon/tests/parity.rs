//! Holds `docs/parity.md` to the code: every row names items that exist, and a test that exists.

use std::{collections::BTreeSet, fs, path::Path};

use antiphon::{queup, stackexchange};

/// Uses an item in code and gives its path as the page writes it.
macro_rules! item {
    (type $path:ty) => {{
        let _: Option<$path> = None;
        stringify!($path)
    }};
    (field $of:ty, $name:ident) => {{
        let _ = |value: &$of| {
            let _ = &value.$name;
        };
        concat!(stringify!($of), ".", stringify!($name))
    }};
    (item $path:path) => {{
        let _ = $path;
        stringify!($path)
    }};
    (call $path:literal, $call:expr) => {{
        let _ = $call;
        $path
    }};
}

/// As the page writes it: without spaces, parameters and raw markers.
fn plain(path: &str) -> String {
    let path: String = path.split_whitespace().collect();
    path.split('<').next().unwrap_or_default().replace("r#", "")
}

/// Every item of the page, in its order.
#[expect(clippy::too_many_lines, reason = "a list")]
fn items() -> Vec<&'static str> {
    vec![
        item!(type queup::Ready),
        item!(type queup::JoinedRoom),
        item!(field queup::JoinedRoom, room),
        item!(type queup::MemberPresence),
        item!(field queup::MemberPresence, room),
        item!(field queup::MemberPresence, user),
        item!(field queup::MemberPresence, presence),
        item!(type queup::Chat),
        item!(field queup::Chat, message),
        item!(field queup::Chat, room),
        item!(type queup::ChatDelete),
        item!(field queup::ChatDelete, message),
        item!(field queup::Message, deleted),
        item!(type queup::Dub),
        item!(field queup::Dub, song),
        item!(field queup::Dub, user),
        item!(field queup::Dub, dubtype),
        item!(type queup::DubType),
        item!(type queup::PlaylistSongAdd),
        item!(field queup::PlaylistSongAdd, song),
        item!(type queup::MemberJoin),
        item!(field queup::MemberJoin, member),
        item!(type queup::MemberUpdate),
        item!(field queup::MemberUpdate, member),
        item!(type queup::PrivateMessage),
        item!(field queup::PrivateMessage, conversation),
        item!(type queup::ChatSkip),
        item!(type queup::ChatDeleteGlobal),
        item!(type queup::Grab),
        item!(type queup::QueueUpdate),
        item!(type queup::QueueUpdateDub),
        item!(type queup::QueueReorder),
        item!(type queup::QueueRemoveUserSong),
        item!(type queup::QueueRemoveUser),
        item!(type queup::RoomUpdate),
        item!(type queup::RoomLockQueue),
        item!(type queup::RoomSlowMode),
        item!(type queup::RoomAllowGuestChat),
        item!(type queup::RoomAllowGuestEmbed),
        item!(type queup::UserLeave),
        item!(type queup::UserKick),
        item!(type queup::UserBan),
        item!(type queup::UserUnban),
        item!(type queup::UserMute),
        item!(type queup::UserUnmute),
        item!(type queup::UserSetRole),
        item!(type queup::UserUnsetRole),
        item!(type queup::UserImage),
        item!(type queup::UserPauseQueue),
        item!(type queup::UserPauseQueueMod),
        item!(type queup::Comment),
        item!(type queup::LeftRoom),
        item!(type queup::ErrorNotice),
        item!(type queup::Unknown),
        item!(type queup::Client),
        item!(item queup::connect),
        item!(item queup::Client::me),
        item!(item queup::Client::logged_in),
        item!(item queup::Client::rooms),
        item!(type queup::RoomCollection),
        item!(item queup::Client::users),
        item!(item queup::Client::user),
        item!(type queup::Collection<queup::User>),
        item!(item queup::Client::messages),
        item!(item queup::Client::message),
        item!(type queup::MessageCollection),
        item!(item queup::Client::connect),
        item!(type queup::ConnectError),
        item!(call "antiphon::App::on", |app: antiphon::App<()>| app.on(async |_: queup::Chat| ())),
        item!(item queup::Client::fetch_conversations),
        item!(item queup::Config::recent_conversations),
        item!(call "queup::Client::join_room", |client: &queup::Client| drop(client.join_room("choir-loft"))),
        item!(type queup::JoinError),
        item!(item queup::Client::login),
        item!(call "queup::Account::new", |password: antiphon::Secret| queup::Account::new("mira@example.org", password)),
        item!(type queup::AuthorizationError),
        item!(call "antiphon::App::run", |app: antiphon::App<()>| drop(app.run(antiphon::journal::MemoryJournal::new(), std::future::pending::<()>()))),
        item!(type queup::Room),
        item!(type queup::RoomInfo),
        item!(item queup::Client::room),
        item!(field queup::RoomInfo, id),
        item!(field queup::RoomInfo, name),
        item!(field queup::RoomInfo, description),
        item!(field queup::RoomInfo, slug),
        item!(field queup::RoomInfo, rtc),
        item!(item queup::RoomInfo::r#type),
        item!(field queup::RoomInfo, is_public),
        item!(field queup::RoomInfo, lang),
        item!(field queup::RoomInfo, music_type),
        item!(item queup::Room::change_presence),
        item!(item queup::Room::send_message),
        item!(type queup::SendError),
        item!(type queup::User),
        item!(field queup::User, id),
        item!(field queup::User, username),
        item!(field queup::User, created_at),
        item!(field queup::User, avatar_url),
        item!(item queup::User::member_of),
        item!(item queup::Client::member),
        item!(item queup::User::open_conversation),
        item!(item queup::Client::open_conversation),
        item!(type queup::AuthenticatedUser),
        item!(item queup::AuthenticatedUser::change_username),
        item!(type queup::Member),
        item!(type queup::MemberState),
        item!(field queup::MemberState, id),
        item!(field queup::MemberState, dubs),
        item!(field queup::MemberState, order),
        item!(field queup::MemberState, authorized),
        item!(field queup::MemberState, skipped),
        item!(field queup::MemberState, played),
        item!(field queup::MemberState, queued_now),
        item!(field queup::MemberState, wait_line),
        item!(field queup::MemberState, banned),
        item!(field queup::MemberState, banned_time),
        item!(field queup::MemberState, banned_until),
        item!(item queup::Member::role),
        item!(item queup::Member::room),
        item!(item queup::Member::user),
        item!(item queup::Member::set_role),
        item!(type queup::Message),
        item!(field queup::Message, id),
        item!(field queup::Message, content),
        item!(field queup::Message, deleted),
        item!(field queup::Message, created_at),
        item!(field queup::Message, author),
        item!(field queup::Message, member),
        item!(field queup::Message, room),
        item!(type queup::Conversation),
        item!(type queup::ConversationInfo),
        item!(field queup::ConversationInfo, id),
        item!(field queup::ConversationInfo, created_at),
        item!(field queup::ConversationInfo, latest_message_str),
        item!(item queup::Conversation::recipients),
        item!(item queup::Conversation::fetch),
        item!(item queup::Conversation::has_read),
        item!(item queup::Conversation::mark_as_read),
        item!(item queup::Conversation::send_message),
        item!(type queup::Song),
        item!(field queup::Song, id),
        item!(field queup::Song, created_at),
        item!(field queup::Song, played_at),
        item!(field queup::Song, active),
        item!(field queup::Song, played),
        item!(field queup::Song, skipped),
        item!(field queup::Song, order),
        item!(field queup::Song, length),
        item!(field queup::Song, up_dubs),
        item!(field queup::Song, down_dubs),
        item!(item queup::Song::net_dubs),
        item!(field queup::Song, room),
        item!(field queup::Song, song_info),
        item!(field queup::Song, user),
        item!(type queup::SongInfo),
        item!(field queup::SongInfo, id),
        item!(field queup::SongInfo, name),
        item!(field queup::SongInfo, media_id),
        item!(field queup::SongInfo, source),
        item!(field queup::SongInfo, created_at),
        item!(field queup::SongInfo, length),
        item!(field queup::SongInfo, thumbnail),
        item!(type queup::ProxyOptions),
        item!(item queup::ProxyOptions::custom),
        item!(item queup::ProxyOptions::client_request),
        item!(item queup::Config::proxy),
        item!(item queup::Presence::Enter),
        item!(item queup::Presence::Exit),
        item!(item queup::Role::ResidentDj),
        item!(item queup::Role::Vip),
        item!(item queup::Role::Moderator),
        item!(item queup::Role::Manager),
        item!(item queup::Role::CoOwner),
        item!(item queup::utils::dt),
        item!(item queup::utils::ts),
        item!(item queup::utils::tzdt),
        item!(item queup::utils::song_length),
        item!(item queup::utils::song_length_with),
        item!(call "queup::utils::get", |items: Vec<u8>| queup::utils::get(items, |item| *item == 1)),
        item!(type stackexchange::MessageEvent),
        item!(item stackexchange::EventType::MESSAGE_POSTED),
        item!(type stackexchange::EditEvent),
        item!(item stackexchange::EventType::MESSAGE_EDITED),
        item!(type stackexchange::UserEnteredEvent),
        item!(item stackexchange::EventType::USER_ENTERED),
        item!(type stackexchange::UserLeftEvent),
        item!(item stackexchange::EventType::USER_LEFT),
        item!(type stackexchange::RoomNameChangedEvent),
        item!(item stackexchange::RoomNameChangedEvent::name),
        item!(item stackexchange::RoomNameChangedEvent::description),
        item!(item stackexchange::EventType::ROOM_NAME_CHANGED),
        item!(type stackexchange::MessageStarredEvent),
        item!(item stackexchange::EventType::MESSAGE_STARRED),
        item!(type stackexchange::DebugMessage),
        item!(item stackexchange::EventType::DEBUG_MESSAGE),
        item!(type stackexchange::MentionEvent),
        item!(item stackexchange::EventType::USER_MENTIONED),
        item!(type stackexchange::MessageFlagged),
        item!(item stackexchange::EventType::MESSAGE_FLAGGED),
        item!(type stackexchange::DeleteEvent),
        item!(item stackexchange::EventType::MESSAGE_DELETED),
        item!(type stackexchange::FileAdded),
        item!(item stackexchange::EventType::FILE_ADDED),
        item!(type stackexchange::ModeratorFlag),
        item!(item stackexchange::EventType::MODERATOR_FLAG),
        item!(type stackexchange::UserSettingsChanged),
        item!(item stackexchange::EventType::USER_SETTINGS_CHANGED),
        item!(type stackexchange::GlobalNotificationEvent),
        item!(field stackexchange::GlobalNotificationEvent, content),
        item!(item stackexchange::EventType::GLOBAL_NOTIFICATION),
        item!(type stackexchange::AccessLevelChangedEvent),
        item!(field stackexchange::AccessLevelChangedEvent, content),
        item!(item stackexchange::AccessLevelChangedEvent::change),
        item!(item stackexchange::AccessChange::ReadWrite),
        item!(item stackexchange::AccessChange::ReadOnly),
        item!(item stackexchange::AccessChange::Owner),
        item!(item stackexchange::AccessChange::Request),
        item!(item stackexchange::AccessChange::Default),
        item!(item stackexchange::AccessChange::PrivCreated),
        item!(item stackexchange::AccessChange::PrivDeleted),
        item!(item stackexchange::AccessChange::Room),
        item!(item stackexchange::EventType::ACCESS_LEVEL_CHANGED),
        item!(type stackexchange::UserNotificationEvent),
        item!(field stackexchange::UserNotificationEvent, content),
        item!(item stackexchange::EventType::USER_NOTIFICATION),
        item!(type stackexchange::InvitationEvent),
        item!(field stackexchange::InvitationEvent, content),
        item!(item stackexchange::EventType::INVITATION),
        item!(type stackexchange::ReplyEvent),
        item!(item stackexchange::EventType::MESSAGE_REPLY),
        item!(type stackexchange::MessageMovedOut),
        item!(item stackexchange::EventType::MESSAGE_MOVED_OUT),
        item!(type stackexchange::MessageMovedIn),
        item!(item stackexchange::EventType::MESSAGE_MOVED_IN),
        item!(type stackexchange::TimeBreak),
        item!(item stackexchange::EventType::TIME_BREAK),
        item!(type stackexchange::FeedTicker),
        item!(item stackexchange::EventType::FEED_TICKER),
        item!(type stackexchange::UserSuspendedEvent),
        item!(field stackexchange::UserSuspendedEvent, content),
        item!(item stackexchange::UserSuspendedEvent::suspension),
        item!(field stackexchange::Suspension, number),
        item!(field stackexchange::Suspension, old),
        item!(field stackexchange::Suspension, new),
        item!(item stackexchange::EventType::USER_SUSPENDED),
        item!(type stackexchange::UserMerged),
        item!(item stackexchange::EventType::USER_MERGED),
        item!(type stackexchange::UserNameOrAvatarChangedEvent),
        item!(item stackexchange::UserNameOrAvatarChangedEvent::whose),
        item!(item stackexchange::EventType::USER_NAME_OR_AVATAR_CHANGED),
        item!(type stackexchange::UnknownEvent),
        item!(field stackexchange::UnknownEvent, event_type),
        item!(field stackexchange::UnknownEvent, fields),
        item!(type stackexchange::EventType),
        item!(item stackexchange::EventType::name),
        item!(type stackexchange::RoomTimeout),
        item!(type stackexchange::Reset),
        item!(type stackexchange::RoomExit),
        item!(type stackexchange::Malformed),
        item!(call "stackexchange::class::Event::id", <stackexchange::MessageEvent as stackexchange::class::Event>::id),
        item!(field stackexchange::MessageEvent, id),
        item!(call "stackexchange::class::RoomEvent::room_id", <stackexchange::MessageEvent as stackexchange::class::RoomEvent>::room_id),
        item!(call "stackexchange::class::RoomEvent::room_name", <stackexchange::MessageEvent as stackexchange::class::RoomEvent>::room_name),
        item!(field stackexchange::MessageEvent, room_id),
        item!(field stackexchange::MessageEvent, room_name),
        item!(call "stackexchange::class::UserEvent::user_id", <stackexchange::MessageEvent as stackexchange::class::UserEvent>::user_id),
        item!(call "stackexchange::class::UserEvent::user_name", <stackexchange::MessageEvent as stackexchange::class::UserEvent>::user_name),
        item!(call "stackexchange::class::UserEvent::target_user_id", <stackexchange::MessageEvent as stackexchange::class::UserEvent>::target_user_id),
        item!(field stackexchange::MessageEvent, user_id),
        item!(field stackexchange::MessageEvent, user_name),
        item!(field stackexchange::MessageEvent, target_user_id),
        item!(call "stackexchange::class::BaseMessageEvent::message_id", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::message_id),
        item!(call "stackexchange::class::BaseMessageEvent::parent_id", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::parent_id),
        item!(call "stackexchange::class::BaseMessageEvent::show_parent", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::show_parent),
        item!(call "stackexchange::class::BaseMessageEvent::message_stars", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::message_stars),
        item!(call "stackexchange::class::BaseMessageEvent::message_owner_stars", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::message_owner_stars),
        item!(call "stackexchange::class::BaseMessageEvent::message_edits", <stackexchange::MessageEvent as stackexchange::class::BaseMessageEvent>::message_edits),
        item!(field stackexchange::MessageEvent, message_id),
        item!(field stackexchange::MessageEvent, parent_id),
        item!(field stackexchange::MessageEvent, show_parent),
        item!(field stackexchange::MessageEvent, message_stars),
        item!(field stackexchange::MessageEvent, message_owner_stars),
        item!(field stackexchange::MessageEvent, message_edits),
        item!(field stackexchange::MessageEvent, content),
        item!(item stackexchange::Html::as_html),
        item!(item stackexchange::Html::text),
        item!(item stackexchange::Html::markdown),
        item!(item stackexchange::Client::log_in),
        item!(type stackexchange::LoginError),
        item!(item stackexchange::Server::StackExchange),
        item!(item stackexchange::Server::StackOverflow),
        item!(item stackexchange::Server::MetaStackExchange),
        item!(call "stackexchange::Config::cookie_file", |config: stackexchange::Config| config.cookie_file("a")),
        item!(item stackexchange::Client::log_out),
        item!(item stackexchange::Client::me),
        item!(field stackexchange::Me, id),
        item!(field stackexchange::Me, name),
        item!(call "stackexchange::Client::join", |client: &stackexchange::Client| drop(client.join(1))),
        item!(call "stackexchange::Client::leave", |client: &stackexchange::Client| drop(client.leave(1))),
        item!(item stackexchange::Client::leave_all),
        item!(item stackexchange::Room::leave),
        item!(call "stackexchange::Room::send", |room: &stackexchange::Room| drop(room.send(""))),
        item!(call "stackexchange::Room::reply", |room: &stackexchange::Room, id| drop(room.reply(id, ""))),
        item!(call "stackexchange::Room::edit", |room: &stackexchange::Room, id| drop(room.edit(id, ""))),
        item!(item stackexchange::Room::delete),
        item!(item stackexchange::Room::star),
        item!(item stackexchange::Room::unstar),
        item!(item stackexchange::Room::pin),
        item!(item stackexchange::Room::unpin),
        item!(item stackexchange::Room::clear_stars),
        item!(item stackexchange::Room::clear_pins),
        item!(call "stackexchange::Room::move_messages", |room: &stackexchange::Room, to| drop(room.move_messages([], to))),
        item!(item stackexchange::Room::bookmark),
        item!(item stackexchange::Room::remove_bookmark),
        item!(item stackexchange::Room::history),
        item!(item stackexchange::Room::message_source),
        item!(item stackexchange::Room::message_history),
        item!(item stackexchange::Room::full_text),
        item!(item stackexchange::Room::users),
        item!(item stackexchange::Room::pingable),
        item!(call "stackexchange::Client::users", |client: &stackexchange::Client| drop(client.users([], None))),
        item!(item stackexchange::Room::access),
        item!(item stackexchange::Room::set_access),
        item!(item stackexchange::AccessLevel::Owner),
        item!(item stackexchange::Room::kick),
        item!(item stackexchange::Room::invite),
        item!(item stackexchange::Room::timeout),
    ]
}

/// The page's rows: items and test.
fn rows() -> Vec<(Vec<String>, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md");
    let page = fs::read_to_string(page).expect("docs/parity.md");
    let ticked = |cell: &str| -> Vec<String> {
        let parts = cell.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    };
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .filter(|line| !line.starts_with("| reference |"))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").collect();
            let [_, _, items, test] = cells[..] else {
                panic!("four cells: {line}");
            };
            let test = ticked(test).pop().unwrap_or_default();
            (ticked(items), test)
        })
        .collect()
}

/// Names of all functions in the workspace's tests and in the tests beside the code.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let found = text.lines().filter_map(|line| {
                let (_, name) = line.trim_start().split_once("fn ")?;
                Some(name.split(['(', '<']).next()?.to_owned())
            });
            names.extend(found);
        }
    }
}

#[test]
fn every_row_names_items_that_exist_and_every_item_has_a_row() {
    let listed: Vec<String> = rows().into_iter().flat_map(|(items, _)| items).collect();
    let used: Vec<String> = items().into_iter().map(plain).collect();
    assert_eq!(listed, used);
}

#[test]
fn every_row_is_proved_by_a_test_that_exists() {
    let mut names = BTreeSet::new();
    functions(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut names,
    );
    let rows = rows();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for (items, test) in rows {
        assert!(!items.is_empty(), "a row without an item: {test}");
        assert!(names.contains(&test), "{items:?}: no test `{test}`");
    }
}

#[test]
fn get_finds_the_first_item_that_matches() {
    let roles = queup::Role::ALL;
    let found = queup::utils::get(queup::Role::ALL, |role| role.has(queup::Right::Kick));
    let first = roles.iter().find(|role| role.has(queup::Right::Kick));
    assert_eq!(found.as_ref(), first);
    assert_eq!(queup::utils::get([1, 2], |item| *item > 2), None);
}

/// Every typed kind, with its platform.
fn known_kinds() -> impl Iterator<Item = (&'static str, &'static antiphon::KindInfo)> {
    let queup = queup::KINDS.iter().map(|kind| ("queup", kind));
    let chat = stackexchange::KINDS
        .iter()
        .map(|kind| ("stackexchange", kind));
    queup.chain(chat)
}

#[test]
fn every_reference_event_of_a_listed_kind_is_on_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md");
    let page = fs::read_to_string(page).expect("docs/parity.md");
    for (platform, kind) in known_kinds() {
        assert!(
            kind.reference.is_empty() || page.contains(kind.reference),
            "{} is {} in the reference",
            kind.kind,
            kind.reference
        );
        let payload = format!("`{platform}::{}`", kind.payload);
        let is_fetched = kind.about.contains("fetched");
        assert!(
            is_fetched || page.contains(&payload),
            "{payload} has no row"
        );
    }
}
