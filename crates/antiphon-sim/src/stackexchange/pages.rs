//! HTML pages, as far as clients read them.
#![expect(
    clippy::format_collect,
    reason = "a page is small, and reads best as what it repeats"
)]

use serde_json::json;

use super::{
    state::{Message, Room, State},
    text::escape,
};

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

/// The top of every chat page: whose it is.
fn top(state: &State, chat: usize, user: Option<i64>) -> String {
    let link = if let Some(id) = user {
        let name = escape(&state.name_of(id));
        format!(r#"<a href="/users/{id}/{name}">{name}</a>"#)
    } else {
        let host = state.chats[chat].host;
        format!(
            r#"<a href="https://stackexchange.com/users/login?returnurl=https%3a%2f%2f{host}">log in</a>"#
        )
    };
    format!(r#"<div class="topbar"><div class="topbar-menu-links">{link}</div></div>"#)
}

/// The hidden input with the key for writing.
fn key(state: &State, chat: usize, user: Option<i64>) -> String {
    let key = user.and_then(|user| state.chats[chat].fkeys.get(&user));
    let anonymous = "0".repeat(32);
    let key = key.map_or(anonymous.as_str(), String::as_str);
    format!(
        r#"<div id="content"><form><input name="fkey" type="hidden" value="{key}"></form></div><input id="fkey" name="fkey" type="hidden" value="{key}">"#
    )
}

pub(crate) fn front(state: &State, chat: usize, user: Option<i64>) -> String {
    format!(
        "<html><head><title>Chat</title></head><body>{}{}</body></html>",
        top(state, chat, user),
        key(state, chat, user)
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
    let input = if user.is_some() {
        r#"<textarea id="input"></textarea>"#
    } else {
        ""
    };
    format!(
        r#"<html><head><title>{name}</title></head><body>{}{}<span id="roomname">{name}</span><div class="js-present" data-users="{users}"></div>{input}</body></html>"#,
        top(state, chat, user),
        key(state, chat, user),
        name = escape(&room.name),
    )
}

pub(crate) fn info(state: &State, chat: usize, room: &Room, tab: &str) -> String {
    let card = |id: &i64| {
        let name = escape(&state.name_of(*id));
        format!(
            r#"<div class="usercard" id="user-{id}"><a class="username" href="/users/{id}/{name}">{name}</a></div>"#
        )
    };
    let cards = |ids: &mut dyn Iterator<Item = &i64>| ids.map(card).collect::<String>();
    let body = if tab == "access" {
        let with = |level: &str| {
            let mut ids = room
                .access
                .iter()
                .filter(|(_, known)| *known == level)
                .map(|(id, _)| id);
            cards(&mut ids)
        };
        format!(
            r#"<div id="access-section-owner">{}</div><div id="access-section-read-write">{}</div><div id="access-section-read-only">{}</div><div id="access-section-request">{}</div>"#,
            cards(&mut room.owners.iter()),
            with("read-write"),
            with("read-only"),
            with("request"),
        )
    } else {
        let owners: String = room
            .owners
            .iter()
            .map(|id| format!(r#"<div class="usercard" id="owner-user-{id}"><a class="username" href="/users/{id}">{}</a></div>"#, escape(&state.name_of(*id))))
            .collect();
        format!(
            r#"<div class="roomcard-xxl"><h1>{}</h1><p>{}</p><span class="room-message-count-xxl">1</span><span class="room-user-count-xxl">1</span></div><div id="room-ownercards">{owners}</div><div id="room-usercards">{}</div>"#,
            escape(&room.name),
            escape(&room.description),
            cards(&mut room.present.iter()),
        )
    };
    let host = state.chats[chat].host;
    format!("<html><head><title>info - {host}</title></head><body>{body}</body></html>")
}

pub(crate) fn history(state: &State, id: i64, message: &Message) -> String {
    let name = escape(&state.name_of(message.author));
    let author = message.author;
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
    let version = |text: &str, content: &str| {
        format!(
            r#"<div class="monologue user-{author}"><div class="signature"><div class="username"><a href="/users/{author}/{name}">{name}</a></div></div><div class="messages"><div class="timestamp">12:00 PM</div><div class="message" id="message-{id}"><div class="content">{content}</div><div class="message-source">{}</div>{stars}{pins}</div></div></div>"#,
            escape(text)
        )
    };
    let older = message
        .edits
        .iter()
        .rev()
        .map(|text| version(text, &escape(text)));
    let newest = version(&message.text, &message.content);
    let all: String = std::iter::once(newest).chain(older).collect();
    format!("<html><head><title>history of message</title></head><body>{all}</body></html>")
}

pub(crate) fn transcript(state: &State, chat: usize, room: i64) -> String {
    let messages = state.chats[chat].messages.iter();
    let here = messages.filter(|(_, message)| message.room == room && !message.deleted);
    let name = state.chats[chat].rooms.get(&room);
    let name = name.map_or_else(String::new, |room| escape(&room.name));
    let lines: String = here
        .rev()
        .take(100)
        .map(|(id, message)| {
            format!(
                r#"<div class="monologue user-{author}"><div class="signature"><div class="username"><a href="/users/{author}">{}</a></div></div><div class="messages"><div class="message" id="message-{id}"><a name="{id}" href="/transcript/{room}?m={id}#{id}"></a><div class="content">{}</div></div></div></div>"#,
                escape(&state.name_of(message.author)),
                message.content,
                author = message.author,
            )
        })
        .collect();
    format!(
        r#"<html><head><title>transcript</title></head><body><span class="room-name"><a href="/rooms/{room}/{name}">{name}</a></span><div id="transcript">{lines}</div></body></html>"#
    )
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
        .map(|(id, message)| format!(r#"<li id="summary_{id}"><span class="stars"><span class="times">{}</span></span> {}</li>"#, message.stars.len(), message.content))
        .collect();
    format!(r#"<ul class="collapsible">{items}</ul>"#)
}

pub(crate) fn user(state: &State, chat: usize, id: i64) -> String {
    let rooms: String = state.chats[chat]
        .rooms
        .iter()
        .filter(|(_, room)| room.present.contains(&id))
        .map(|(number, room)| {
            let messages = state.chats[chat].messages.values();
            let count = messages.filter(|message| message.author == id && message.room == *number).count();
            format!(r#"<div class="roomcard" id="room-{number}"><h3><span class="room-name">{}</span></h3><div class="room-message-count" title="{count} all time messages"></div></div>"#, escape(&room.name))
        })
        .collect();
    format!(
        r#"<html><head><title>{name}</title></head><body><div class="usercard-xxl"><h1>{name}</h1></div><div id="user-roomcards-container">{rooms}</div></body></html>"#,
        name = escape(&state.name_of(id)),
    )
}
