//! HTML pages, as far as clients read them.
#![expect(
    clippy::format_collect,
    reason = "a page is small, and reads best as what it repeats"
)]

use serde_json::json;

use super::{
    state::{Message, Room, State},
    text::{escape, slug},
};

/// Most messages on a page of a transcript or of a search.
const MESSAGES: usize = 100;

pub(crate) fn missing() -> String {
    "<html><head><title>Page Not Found</title></head><body><h1>Page Not Found</h1></body></html>"
        .into()
}

pub(crate) fn private() -> String {
    "<html><head><title>Private Room</title></head><body><h2>Private Room</h2></body></html>".into()
}

pub(crate) fn login(key: Option<&str>) -> String {
    let input = key.map_or(String::new(), |key| {
        format!(r#"<input type="hidden" name="fkey" value="{key}">"#)
    });
    format!(
        r#"<html><head><title>Log In</title></head><body><form id="login-form" action="/users/login" method="POST">{input}<input name="email"><input name="password" type="password"></form></body></html>"#
    )
}

pub(crate) fn logout(key: &str) -> String {
    format!(
        r#"<html><head><title>Log Out</title></head><body><form action="/users/logout" method="POST"><input type="hidden" name="fkey" value="{key}"></form></body></html>"#
    )
}

/// A link to a user.
fn user_link(state: &State, id: i64, class: &str) -> String {
    let name = state.name_of(id);
    format!(
        r#"<a{class} href="/users/{id}/{}" title="{name}">{name}</a>"#,
        slug(&name),
        name = escape(&name)
    )
}

/// The top of a chat page: whose it is.
fn top(state: &State, chat: usize, user: Option<i64>) -> String {
    let link = if let Some(id) = user {
        user_link(state, id, "")
    } else {
        let host = state.chats[chat].host;
        format!(
            r#"<a href="https://stackexchange.com/users/login?returnurl=https%3a%2f%2f{host}">log in</a>"#
        )
    };
    format!(
        r#"<div class="topbar"><div class="topbar-wrapper"><div class="network-items"></div><div class="topbar-links"><div class="links-container"><span class="topbar-menu-links">{link}</span></div><div class="search-container"><form action="/search" method="get"><input name="q" id="searchbox" type="text"></form></div></div></div></div>"#
    )
}

/// The one hidden input with the key for writing.
fn key(state: &State, chat: usize, user: Option<i64>) -> String {
    let key = user.and_then(|user| state.chats[chat].fkeys.get(&user));
    let anonymous = "0".repeat(32);
    let key = key.map_or(anonymous.as_str(), String::as_str);
    format!(r#"<input id="fkey" name="fkey" type="hidden" value="{key}">"#)
}

/// A whole page outside of rooms.
fn outside(state: &State, chat: usize, user: Option<i64>, title: &str, content: &str) -> String {
    format!(
        r#"<html><head><title>{} | {}</title></head><body class="outside"><div id="container">{}<div id="content">{content}</div></div></body></html>"#,
        escape(title),
        state.chats[chat].host,
        top(state, chat, user),
    )
}

/// The heading of a page with tabs.
fn subheader(name: &str, tabs: &[&str], here: &str) -> String {
    let tabs: String = tabs
        .iter()
        .map(|tab| {
            let class = if *tab == here {
                r#" class="youarehere""#
            } else {
                ""
            };
            format!(r#"<a{class} href="?tab={tab}">{tab}</a>"#)
        })
        .collect();
    format!(r#"<div class="subheader"><h1>{name}</h1><div id="tabs">{tabs}</div></div>"#)
}

/// The front page: the rooms there are.
pub(crate) fn front(state: &State, chat: usize, user: Option<i64>) -> String {
    let rooms = state.chats[chat].rooms.iter();
    let cards: String = rooms
        .filter(|(_, room)| !room.is_private)
        .map(|(id, room)| room_card(*id, room, ""))
        .collect();
    let content = format!(
        r#"{}<div id="roomlist">{cards}</div>"#,
        key(state, chat, user)
    );
    outside(state, chat, user, "All Rooms", &content)
}

/// The page that asks whether to rejoin favourite rooms.
pub(crate) fn favorite(state: &State, chat: usize, user: Option<i64>) -> String {
    let content = format!(
        r#"<h2>Join</h2>Please confirm that you wish to rejoin your favorited rooms:<form method="post" action="">{}<input class="button" type="submit" value="join"></form>"#,
        key(state, chat, user)
    );
    outside(state, chat, user, "Join", &content)
}

/// A card of a room, with what is known of a user there.
fn room_card(id: i64, room: &Room, details: &str) -> String {
    let name = escape(&room.name);
    let description = escape(&room.description);
    format!(
        r#"<div id="room-{id}" class="roomcard"><div class="room-header"><div title="Toggle as a favorite room" class="favorite-room-vote"></div><h3><span class="room-name" title="{name}"><a href="/rooms/{id}/{}">{name}</a></span></h3><div class="room-description" title="{description}">{description}</div></div><div class="room-details">{details}</div></div>"#,
        slug(&room.name)
    )
}

/// A card of a user; `prefix` begins its id.
fn user_card(state: &State, prefix: &str, id: i64) -> String {
    let name = escape(&state.name_of(id));
    let is_moderator = state.people.get(&id).is_some_and(|one| one.is_moderator);
    let moderator = if is_moderator {
        r#"<span class="moderator">&#9830;</span>"#
    } else {
        ""
    };
    format!(
        r#"<div id="{prefix}user-{id}" class="usercard"><div class="user-header" title="{name}"><a href="/users/{id}/{}"><img alt="{name}" class="user-gravatar48" height="48" width="48" src="https://i.example/{id}.png"></a><h3>{}{moderator}</h3><div class="user-flair"><span class="reputation-score" title="101">101</span></div><div class="user-message-info" title=""></div></div><div class="user-details"></div></div>"#,
        slug(&state.name_of(id)),
        user_link(state, id, r#" class="username""#),
    )
}

pub(crate) fn room(state: &State, chat: usize, id: i64, user: Option<i64>) -> String {
    let room = &state.chats[chat].rooms[&id];
    let present: Vec<_> = room
        .present
        .iter()
        .map(|id| json!({"id": id, "name": state.name_of(*id)}))
        .collect();
    let users = escape(&json!(present).to_string());
    let script: Vec<String> = room
        .present
        .iter()
        .map(|id| {
            // Inside a script a `<` could end it.
            let name = json!(state.name_of(*id)).to_string().replace('<', "\\u003c");
            let owner = if room.owners.contains(id) { ",is_owner:true" } else { "" };
            format!(
                r#"{{id: {id}, name: ({name}), email_hash: ("!https://i.example/{id}.png"), reputation: 101, last_post: 0{owner} }}"#
            )
        })
        .collect();
    let input = if user.is_some() {
        r#"<textarea id="input"></textarea>"#
    } else {
        ""
    };
    format!(
        r#"<html><head><title>{name} | {host}</title></head><body id="chat-body"><div id="container">{}<div id="main"><div id="chat"></div><div id="input-area"><div id="bubble">{input}</div></div></div><div id="sidebar"><div id="info"><form method="get" action="/search"><input type="text" id="searchbox" name="q"><input type="hidden" name="room" value="{id}"></form><h1 id="roomtitle"><span id="roomname">{name}</span></h1><div id="roomdesc">{}</div><div id="sidebar-menu"><a id="leave" href="/chats/leave/{id}">leave</a> <a id="room-menu" href="/transcript/{id}/{slug}">room</a> <a id="about-room" href="/rooms/info/{id}/{slug}">info</a></div></div><div id="widgets"><ul id="present-users"></ul><div id="starred-posts"></div></div></div></div><div class="js-present" data-users="{users}"></div><script>CHAT.RoomUsers.initPresent([{}]);</script>{}</body></html>"#,
        top(state, chat, user),
        escape(&room.description),
        script.join(","),
        key(state, chat, user),
        name = escape(&room.name),
        slug = slug(&room.name),
        host = state.chats[chat].host,
    )
}

/// Number of messages in a room.
fn messages_in(state: &State, chat: usize, room: i64) -> usize {
    let messages = state.chats[chat].messages.values();
    messages.filter(|message| message.room == room).count()
}

pub(crate) fn info(
    state: &State,
    chat: usize,
    (id, room): (i64, &Room),
    tab: &str,
    user: Option<i64>,
) -> String {
    let cards = |prefix: &str, ids: &mut dyn Iterator<Item = &i64>| {
        ids.map(|id| user_card(state, prefix, *id))
            .collect::<String>()
    };
    let body = if tab == "access" {
        let section = |name: &str, words: &str, cards: String| {
            format!(
                r#"<div id="access-section-{name}" class="access-section"><h2>{words}</h2>{cards}</div>"#
            )
        };
        let with = |level: &str| {
            let mut ids = room
                .access
                .iter()
                .filter(|(_, known)| *known == level)
                .map(|(id, _)| id);
            cards("", &mut ids)
        };
        [
            section("owner", "Owners", cards("", &mut room.owners.iter())),
            section("read-write", "Explicit write access", with("read-write")),
            section("read-only", "Explicit read access", with("read-only")),
            section("request", "Requests for access", with("request")),
        ]
        .concat()
    } else if tab == "stars" {
        stars(state, chat, id)
    } else {
        format!(
            r#"<div class="xxl-info-layout"><div class="roomcard-xxl" id="room-{id}"><div title="Toggle as a favorite room" class="favorite-room-vote"></div><h1>{name}</h1><p>{}</p><div><a class="tag" href="/?tab=all&amp;tag=testing">testing</a></div><table class="room-stats"><tbody><tr><td class="room-keycell">first message</td><td>2020-01-01</td></tr></tbody></table><div class="clear-both room-message-count-xxl" title="all time messages">{}</div><div class="room-user-count-xxl" title="all time users">{}</div></div><div id="room-ownercards"><h2>Owners of this room</h2>{}</div></div><div id="room-usercards"><h2>Users</h2><div id="room-usercards-container" class="clear-both">{}</div></div>"#,
            escape(&room.description),
            messages_in(state, chat, id),
            room.present.len(),
            cards("owner-", &mut room.owners.iter()),
            cards("", &mut room.present.iter()),
            name = escape(&room.name),
        )
    };
    let tabs = [
        "general",
        "stars",
        "conversations",
        "schedule",
        "feeds",
        "access",
    ];
    let content = subheader(&escape(&room.name), &tabs, tab) + &body;
    outside(state, chat, user, "Overview", &content)
}

/// Stars and pins of a message.
fn marks(message: &Message, reader: Option<i64>) -> String {
    if message.stars.is_empty() && message.pins.is_empty() {
        return String::new();
    }
    let own = reader.is_some_and(|reader| message.stars.contains(&reader));
    let mut class = "stars".to_owned();
    for (is_so, name) in [
        (own, " user-star"),
        (!message.pins.is_empty(), " owner-star"),
    ] {
        if is_so {
            class += name;
        }
    }
    let times = match message.stars.len() {
        0 | 1 => String::new(),
        times => times.to_string(),
    };
    format!(
        r#"<span class="{class}"><span class="img vote"></span><span class="times">{times}</span></span>"#
    )
}

pub(crate) fn history(state: &State, id: i64, message: &Message) -> String {
    let author = message.author;
    let room = message.room;
    let stars = if message.stars.is_empty() {
        String::new()
    } else {
        format!(
            r#"<span class="stars"><span class="times">{}</span></span>"#,
            message.stars.len()
        )
    };
    let pins = if message.pins.is_empty() {
        ""
    } else {
        r#"<span class="stars owner-star"></span>"#
    };
    let version = |how: &str, text: &str, content: &str, marks: &str| {
        format!(
            r#"<div class="monologue user-{author}"><div class="signature"><div class="username">{}</div></div><div class="messages"><div class="timestamp">12:00 PM</div><b>{how}</b><div class="message" id="message-{id}"><a name="{id}" href="/transcript/{room}?m={id}#{id}"></a><div class="content">{content}</div><div class="message-source">{}</div>{marks}</div></div></div>"#,
            user_link(state, author, ""),
            escape(text)
        )
    };
    let edited = ["said:", "edited:"];
    let older = message.edits.iter().enumerate().rev();
    let older =
        older.map(|(index, text)| version(edited[usize::from(index > 0)], text, &escape(text), ""));
    let how = edited[usize::from(!message.edits.is_empty())];
    let newest = version(
        how,
        &message.text,
        &message.content,
        &[&stars, pins].concat(),
    );
    let all: String = std::iter::once(newest).chain(older).collect();
    format!(
        r#"<html><head><title>history of message</title></head><body class="outside"><div id="container"><div id="content">{all}</div></div></body></html>"#
    )
}

/// Messages in monologues: what one author says in a row stands together.
fn monologues(
    state: &State,
    messages: &[(i64, &Message)],
    asked: Option<i64>,
    reader: Option<i64>,
) -> String {
    let same = |one: &(i64, &Message), other: &(i64, &Message)| one.1.author == other.1.author;
    let monologue = |said: &[(i64, &Message)]| {
        let Some((_, first)) = said.first() else {
            return String::new();
        };
        let (author, time) = (first.author, clock(first.posted_at));
        let name = escape(&state.name_of(author));
        let lines: String = said
            .iter()
            .map(|(id, message)| line(*id, message, asked == Some(*id), reader))
            .collect();
        format!(
            r#"<div class="monologue user-{author}"><div class="signature"><div class="tiny-signature"><div class="avatar avatar-16"><img width="16" height="16" src="https://i.example/{author}.png" alt="{name}"></div><div class="username">{}</div></div></div><div class="messages"><div class="timestamp">{time}</div>{lines}</div><div class="clear-both" style="height:0">&nbsp;</div></div>"#,
            user_link(state, author, ""),
        )
    };
    messages.chunk_by(same).map(monologue).collect()
}

/// One message of a monologue.
fn line(id: i64, message: &Message, is_asked: bool, reader: Option<i64>) -> String {
    let room = message.room;
    let highlight = if is_asked { " highlight" } else { "" };
    let reply = message.parent.map_or_else(String::new, |parent| {
        format!(r#" <a class="reply-info" href="/transcript/{room}?m={parent}#{parent}"> </a> "#)
    });
    let edits = if message.edits.is_empty() {
        ""
    } else {
        r#"<span class="edits"><span class="img"></span></span>"#
    };
    format!(
        r#"<div class="message{highlight}" id="message-{id}"><a name="{id}" href="/transcript/{room}?m={id}#{id}"><span class="action-link"><span class="img"> </span></span></a>{reply}<div class="content">{}</div>{edits}<span class="flash">{}</span></div>"#,
        message.content,
        marks(message, reader),
    )
}

/// Time of day, as transcripts show it.
fn clock(at: i64) -> String {
    let minutes = at.div_euclid(60_000).rem_euclid(1440);
    let (hour, minute) = (minutes / 60, minutes % 60);
    let half = if hour < 12 { "AM" } else { "PM" };
    format!("{}:{minute:02} {half}", (hour + 11) % 12 + 1)
}

/// A room's transcript: the newest messages, or those around one that is asked for.
pub(crate) fn transcript(
    state: &State,
    chat: usize,
    (id, room): (i64, &Room),
    asked: Option<i64>,
    reader: Option<i64>,
) -> String {
    let messages = state.chats[chat].messages.iter();
    let here: Vec<(i64, &Message)> = messages
        .filter(|(_, message)| message.room == id && !message.deleted)
        .map(|(number, message)| (*number, message))
        .collect();
    let end = match asked {
        Some(asked) => {
            let after = here.partition_point(|(number, _)| *number <= asked);
            (after + MESSAGES / 2).min(here.len())
        }
        None => here.len(),
    };
    let shown = &here[end.saturating_sub(MESSAGES)..end];
    let (name, slug) = (escape(&room.name), slug(&room.name));
    format!(
        r#"<html><head><title>{name} - transcript</title></head><body id="transcript-body"><div id="container"><div id="main"><div id="transcript">{}</div></div></div><div id="sidebar"><div id="sidebar-content"><div id="info"><form method="get" action="/search"><input type="text" id="searchbox" name="q"><input type="hidden" name="room" value="{id}"></form><div><a href="/" class="button">all rooms</a></div><h2>Transcript for</h2><div class="room-mini"><div class="room-mini-header"><h3><span class="room-name"><a href="/rooms/{id}/{slug}">{name}</a></span></h3></div><div class="room-mini-description" title="{description}">{description}</div></div><div class="noprint"><div id="transcript-links"><a id="join-room" href="/rooms/{id}/{slug}" class="button">join this room</a><br><a href="/rooms/info/{id}/{slug}" class="button">about this room</a><br></div><div class="msg-small">all times are UTC</div></div></div></div></div></body></html>"#,
        monologues(state, shown, asked, reader),
        description = escape(&room.description),
    )
}

/// Messages whose text has these words, newest first; of one room or user where one is given.
pub(crate) fn search(
    state: &State,
    chat: usize,
    words: &str,
    (room, author): (Option<i64>, Option<i64>),
    reader: Option<i64>,
) -> String {
    let rooms = &state.chats[chat].rooms;
    let words = words.to_lowercase();
    let fits = |message: &Message| {
        let is_open = rooms
            .get(&message.room)
            .is_some_and(|room| !room.is_private);
        is_open
            && !message.deleted
            && room.is_none_or(|room| message.room == room)
            && author.is_none_or(|author| message.author == author)
            && words
                .split_whitespace()
                .all(|word| message.text.to_lowercase().contains(word))
    };
    let messages = state.chats[chat].messages.iter();
    let found: Vec<(i64, &Message)> = messages
        .rev()
        .filter(|(_, message)| !words.trim().is_empty() && fits(message))
        .take(MESSAGES)
        .map(|(id, message)| (*id, message))
        .collect();
    let content = format!(
        r#"{}<p>{} messages found</p><div class="messages">{}</div>"#,
        subheader("search", &[], ""),
        found.len(),
        monologues(state, &found, None, reader),
    );
    outside(state, chat, reader, "Search", &content)
}

pub(crate) fn stars(state: &State, chat: usize, room: i64) -> String {
    let messages = state.chats[chat].messages.iter();
    let starred = messages.filter(|(_, message)| {
        message.room == room
            && !message.deleted
            && !(message.stars.is_empty() && message.pins.is_empty())
    });
    let items: String = starred
        .rev()
        .map(|(id, message)| {
            format!(
                r#"<li id="summary_{id}"><span class="stars"><span class="times">{}</span></span> {} - <a href="/users/{author}">{}</a></li>"#,
                message.stars.len(),
                message.content,
                escape(&state.name_of(message.author)),
                author = message.author,
            )
        })
        .collect();
    format!(r#"<ul class="collapsible">{items}</ul>"#)
}

pub(crate) fn user(state: &State, chat: usize, id: i64, reader: Option<i64>) -> String {
    let name = escape(&state.name_of(id));
    let rooms = &state.chats[chat].rooms;
    let said = |room: Option<i64>| {
        let messages = state.chats[chat].messages.values();
        let own = messages.filter(|message| message.author == id);
        own.filter(|message| room.is_none_or(|room| message.room == room))
            .count()
    };
    let card = |(number, room): (&i64, &Room)| {
        let details = format!(
            r#"<div class="room-message-count" title="{count} all time messages (by {name})">{count}</div>"#,
            count = said(Some(*number)),
        );
        room_card(*number, room, &details)
    };
    let is_in = |(_, room): &(&i64, &Room)| room.present.contains(&id);
    let owns = |(_, room): &(&i64, &Room)| room.owners.contains(&id);
    let in_rooms: String = rooms.iter().filter(is_in).map(card).collect();
    let owned: String = rooms.iter().filter(owns).map(card).collect();
    let is_moderator = state.people.get(&id).is_some_and(|one| one.is_moderator);
    let diamond = if is_moderator { " &#9830;" } else { "" };
    let cell = |key: &str, value: &str| {
        format!(
            r#"<tr><td class="user-keycell">{key}</td><td class="user-valuecell">{value}</td></tr>"#
        )
    };
    let site = state.chats[chat].login;
    let rows = [
        cell("chat user since", "2020-01-01"),
        cell("last message", "49m ago"),
        cell("last seen", "14s ago"),
        cell("about", ""),
        cell(
            "parent user",
            &format!(
                r#"<a href="//{site}/users/{id}/{}">{name}</a><div class="user-flair"><span class="reputation-score" title="101">101</span></div>"#,
                slug(&state.name_of(id))
            ),
        ),
    ]
    .concat();
    let tabs = ["general", "recent", "replies", "conversations"];
    let content = format!(
        r#"{}<div class="xxl-info-layout"><div class="usercard-xxl"><table><tbody><tr><td><img src="https://i.example/{id}.png" height="128" width="128" alt="{name}" class="user-gravatar-128"></td><td><div class="user-status">{name}{diamond}</div><table class="user-stats"><tbody>{rows}</tbody></table></td></tr></tbody></table><div class="user-message-count-xxl" title="{count} all time messages">{count}</div><div class="user-room-count-xxl" title="{in_count} all time rooms">{in_count}</div></div></div><div id="user-roomcards"><h2>Currently in these rooms</h2><div id="user-roomcards-container">{in_rooms}</div></div><div id="user-owningcards"><h2>Owner of these rooms</h2>{owned}</div>"#,
        subheader(&name, &tabs, "general"),
        count = said(None),
        in_count = rooms.iter().filter(is_in).count(),
    );
    outside(
        state,
        chat,
        reader,
        &format!("User {}", state.name_of(id)),
        &content,
    )
}
