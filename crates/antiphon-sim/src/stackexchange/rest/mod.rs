//! Requests to the chat servers (protocol §5, §6, §7).

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{
    actions::Refused,
    pages,
    state::{Happened, SOCKETS, State, Ticket},
};
use crate::fault::RestFault;

/// Acknowledged mentions that are remembered.
const ACKNOWLEDGED: usize = 10_000;

/// A response to be sent.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn html(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            kind: "text/html; charset=utf-8",
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self {
            kind: "application/json; charset=utf-8",
            ..Self::html(200, value.to_string())
        }
    }

    pub(crate) fn text(status: u16, text: impl Into<String>) -> Self {
        Self {
            kind: "text/plain; charset=utf-8",
            ..Self::html(status, text)
        }
    }

    pub(crate) fn to(location: &str) -> Self {
        Self::html(302, "<html><body>Object moved</body></html>").header("location", location)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A refusal with a text for users.
    fn refusal(status: u16, words: &str) -> Self {
        Self::text(status, words).header("chat", "error")
    }
}

/// The fields of a form or a query.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).into_owned();
        Self(pairs.collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        // Names are taken in any case (protocol §7.3).
        let mut pairs = self.0.iter();
        let found = pairs.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    fn numbers(&self, name: &str) -> Vec<i64> {
        let list = self.get(name).unwrap_or_default();
        list.split(',')
            .filter_map(|id| id.trim().parse().ok())
            .collect()
    }
}

/// A request as the routes see it.
pub(crate) struct Call<'a> {
    pub(crate) chat: usize,
    pub(crate) user: Option<i64>,
    pub(crate) fields: Fields,
    pub(crate) request: &'a Request<Bytes>,
}

/// Handles a request.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) fault: Option<RestFault>,
}

impl State {
    /// Answers a request to any of the hosts.
    pub(crate) fn handle(&mut self, host: &str, request: &Request<Bytes>) -> Reply {
        let path = request.uri().path().to_owned();
        if let Some(answer) = self.canned(request.method(), &path) {
            let fault = None;
            return Reply { answer, fault };
        }
        let fault = self
            .faults
            .for_request(request.method().as_str(), &path, None);
        let answer = match &fault {
            None | Some(RestFault::Slow(_) | RestFault::Dropped) => self.route(host, request),
            Some(RestFault::Status(409 | 429)) => {
                Answer::text(409, "You can perform this action again in 2 seconds.")
            }
            Some(RestFault::Status(status)) => {
                Answer::refusal(*status, "a fault that was asked for")
            }
            Some(RestFault::Html(status)) => {
                Answer::html(*status, "<html><body><h1>Oops</h1></body></html>")
            }
            Some(RestFault::LoggedOut) => Answer::to(&format!("/error?aspxerrorpath={path}")),
            Some(RestFault::NotJson) => Answer::text(200, "{\"oops"),
            Some(RestFault::CodeInside(_)) => Answer::json(&json!("Something went wrong")),
            Some(RestFault::Huge(bytes)) => Answer::text(200, "x".repeat(*bytes)),
        };
        Reply { answer, fault }
    }

    /// The answer that was set for a request in place of the server's own.
    fn canned(&mut self, method: &Method, path: &str) -> Option<Answer> {
        let canned = &mut self.chat_faults.canned;
        let fits = |name: &str| {
            let mut canned = canned.iter();
            canned.position(|canned| canned.requests.matches(name))
        };
        let index = fits(&format!("{method} {path}")).or_else(|| fits(path))?;
        let found = &mut canned[index];
        found.left = found.left.saturating_sub(1);
        let (status, location, text) = (found.status, found.location.clone(), found.text.clone());
        if found.left == 0 {
            canned.remove(index);
        }
        let is_page = text.trim_start().starts_with('<');
        let answer = if is_page {
            Answer::html(status, text)
        } else {
            Answer {
                kind: "application/json; charset=utf-8",
                ..Answer::html(status, text)
            }
        };
        Some(match location {
            Some(to) => answer.header("location", to),
            None => answer,
        })
    }

    fn route(&mut self, host: &str, request: &Request<Bytes>) -> Answer {
        if let Some(chat) = self.chat_at(host) {
            return self.chat_route(chat, request);
        }
        if self.chats.iter().any(|chat| chat.login == host) {
            return self.login_route(host, request);
        }
        self.note(format!("a request to a host nobody knows: {host}"));
        Answer::html(404, pages::missing())
    }

    fn chat_route(&mut self, chat: usize, request: &Request<Bytes>) -> Answer {
        let user = self.visitor(chat, request);
        let path = request.uri().path().to_owned();
        let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
        let query = request.uri().query().unwrap_or_default();
        match request.method() {
            &Method::GET => {
                let call = Call {
                    chat,
                    user,
                    fields: Fields::parse(query.as_bytes()),
                    request,
                };
                self.get(&call, &steps)
            }
            &Method::POST => {
                let call = Call {
                    chat,
                    user,
                    fields: Fields::parse(request.body()),
                    request,
                };
                self.checked_post(&call, &steps)
            }
            method => {
                self.note(format!("{method} {path} is no request of this platform"));
                Answer::html(405, pages::missing())
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Pages and documents.

    fn get(&mut self, call: &Call<'_>, steps: &[&str]) -> Answer {
        let chat = call.chat;
        let number = |step: &str| step.parse::<i64>().unwrap_or_default();
        match steps {
            [""] | ["chats", "join", "favorite"] => self.front(call),

            ["rooms", "info", room, ..] => {
                let tab = call.fields.get("tab").unwrap_or("general");
                match self.chats[chat].rooms.get(&number(room)) {
                    Some(found) => {
                        let room = (number(room), found);
                        Answer::html(200, pages::info(self, chat, room, tab, call.user))
                    }
                    None => Answer::html(404, pages::missing()),
                }
            }
            ["rooms", "thumbs", room] => match self.chats[chat].rooms.get(&number(room)) {
                Some(found) => Answer::json(&json!({
                    "id": number(room), "name": found.name, "description": found.description,
                    "isFavorite": false, "usage": null,
                    "tags": "<a class=\"tag\" href=\"/?tab=all&tag=testing\">testing</a>",
                })),
                None => Answer::html(404, pages::missing()),
            },
            ["rooms", "pingable", room] => self.pingable(call, number(room)),
            ["rooms", room, ..] => match self.chats[chat].rooms.get(&number(room)) {
                Some(found) if found.is_private => Answer::html(200, pages::private()),
                Some(_) => Answer::html(200, pages::room(self, chat, number(room), call.user)),
                None => Answer::html(404, pages::missing()),
            },
            ["message", id] => match self.chats[chat].messages.get(&number(id)) {
                Some(message) if !message.deleted => {
                    let plain = call.fields.get("plain") == Some("true");
                    let body = if plain {
                        &message.text
                    } else {
                        &message.content
                    };
                    Answer::text(200, body.clone())
                }
                _ => Answer::html(404, pages::missing()),
            },
            ["messages", id, "history"] => match self.chats[chat].messages.get(&number(id)) {
                Some(message) if !message.deleted || call.user == Some(message.author) => {
                    Answer::html(200, pages::history(self, number(id), message))
                }
                _ => Answer::html(404, pages::missing()),
            },
            ["messages", _, id] => match self.chats[chat].messages.get(&number(id)) {
                Some(message) if !message.deleted => Answer::html(200, message.content.clone()),
                _ => Answer::html(404, pages::missing()),
            },
            ["transcript", "message", id, ..] => {
                let id = number(id);
                let message = self.chats[chat].messages.get(&id);
                let message = message.filter(|message| !message.deleted);
                self.transcript(call, message.map(|message| message.room), Some(id))
            }
            ["transcript", room, ..] => {
                let asked = call.fields.number("m");
                self.transcript(call, Some(number(room)), asked)
            }
            ["search"] => {
                let words = call.fields.get("q").unwrap_or_default();
                let of = (call.fields.number("room"), call.fields.number("user"));
                Answer::html(200, pages::search(self, chat, words, of, call.user))
            }
            ["chats", "stars", room] => Answer::html(200, pages::stars(self, chat, number(room))),
            ["users", "search"] => self.search(call),
            ["users", "ignorelist"] => Answer::json(&json!([])),
            ["users", "thumbs", id] => {
                Answer::json(&json!({"id": number(id), "name": self.name_of(number(id))}))
            }
            ["users", id, ..] if number(id) == -2 || self.people.contains_key(&number(id)) => {
                Answer::html(200, pages::user(self, chat, number(id), call.user))
            }
            ["users", id, ..] if number(id) != 0 => Answer::html(404, pages::missing()),
            _ => {
                self.note(format!(
                    "GET {} is no page of this platform",
                    call.request.uri().path()
                ));
                Answer::html(404, pages::missing())
            }
        }
    }

    /// A page of a room's transcript; a private room has none for strangers.
    fn transcript(&self, call: &Call<'_>, room: Option<i64>, asked: Option<i64>) -> Answer {
        let found = room.and_then(|room| Some((room, self.chats[call.chat].rooms.get(&room)?)));
        match found {
            Some((room, found)) if self.readable(call, room).is_ok() => {
                let page = pages::transcript(self, call.chat, (room, found), asked, call.user);
                Answer::html(200, page)
            }
            _ => Answer::html(404, pages::missing()),
        }
    }

    fn pingable(&self, call: &Call<'_>, room: i64) -> Answer {
        let room = self.chats[call.chat].rooms.get(&room);
        let now = self.now().div_euclid(1000);
        let users: Vec<Value> = room
            .filter(|_| call.user.is_some())
            .into_iter()
            .flat_map(|room| &room.present)
            .map(|id| json!([id, self.name_of(*id), now, now - 60]))
            .collect();
        Answer::json(&json!(users))
    }

    fn search(&self, call: &Call<'_>) -> Answer {
        let name = call.fields.get("q").unwrap_or_default().to_lowercase();
        let found = self
            .people
            .values()
            .filter(|person| person.name.starts_with(&name));
        let lines: Vec<String> = found
            .map(|person| {
                json!({"id": person.id, "dn": person.name, "hash": "0".repeat(32)}).to_string()
            })
            .collect();
        Answer::text(200, lines.join("\n"))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Forms.

    fn checked_post(&mut self, call: &Call<'_>, steps: &[&str]) -> Answer {
        let path = call.request.uri().path();
        let kind = call.request.headers().get("content-type");
        let is_form = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            self.note(format!("POST {path} without a form's content type"));
            return Answer::html(404, pages::missing());
        }
        let reads = matches!(
            steps,
            ["chats", _, "events"] | ["events"] | ["user", "info"]
        );
        let right = call
            .user
            .and_then(|user| self.chats[call.chat].fkeys.get(&user));
        let is_right = right.is_some_and(|fkey| call.fields.get("fkey") == Some(fkey));
        let reads_as_nobody = reads && call.user.is_none() && call.fields.get("fkey").is_some();
        if !is_right && !reads_as_nobody {
            self.note(format!("POST {path} with a key that is wrong or missing"));
            return Answer::html(404, pages::missing());
        }
        if reads
            || matches!(
                steps,
                ["ws-auth"] | ["chats", "leave", _] | ["messages", "ack"]
            )
        {
            return self.post_freely(call, steps);
        }
        if let Some(words) = self.chat_faults.conflicts.pop_front() {
            return Answer::text(409, words);
        }
        if let Some(user) = call.user
            && let Some(wait) = self.slow_down(user, steps)
        {
            let unit = if wait == 1 { "second" } else { "seconds" };
            let words = format!("You can perform this action again in {wait} {unit}.");
            return Answer::text(409, words);
        }
        self.post_write(call, steps)
    }

    /// How many seconds the account has to wait, if writes are slowed down.
    fn slow_down(&mut self, user: i64, steps: &[&str]) -> Option<i64> {
        let writes = matches!(steps, ["chats", _, "messages", "new"] | ["messages", _]);
        if !self.chat_faults.throttles || !writes {
            return None;
        }
        let now = self.now();
        let not_before = self.not_before.get(&user).copied().unwrap_or_default();
        if now < not_before {
            return Some((not_before - now).div_euclid(1000) + 1);
        }
        let recent = self.writes.entry(user).or_default();
        recent.push_back(now);
        while recent.front().is_some_and(|at| now - at > 60_000) {
            recent.pop_front();
        }
        // Two may go back to back; then a logarithm of how many there were (protocol §10).
        if recent.len() > 2 {
            #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
            let count = recent.len() as f64;
            #[expect(clippy::cast_possible_truncation, reason = "20 s at most")]
            let pause = ((4.1484 * count.ln() + 1.02242).min(20.0) * 1000.0) as i64;
            self.not_before.insert(user, now + pause);
        }
        None
    }

    /// POST requests that change no room.
    fn post_freely(&mut self, call: &Call<'_>, steps: &[&str]) -> Answer {
        let number = |step: &str| step.parse::<i64>().unwrap_or_default();
        match steps {
            ["chats", room, "events"] => self.history(call, number(room)),
            ["events"] => self.poll(call),
            ["user", "info"] => self.user_info(call),
            ["ws-auth"] => self.ws_auth(call),
            ["chats", "leave", room] => {
                let quiet = call.fields.get("quiet").unwrap_or("true");
                if !quiet.eq_ignore_ascii_case("true") {
                    self.note("leaving with quiet=false");
                    return Answer::html(500, pages::missing());
                }
                if let Some(user) = call.user {
                    let room = (*room != "all").then(|| number(room));
                    self.unoccupy(call.chat, user, room);
                }
                Answer::text(200, "")
            }
            _ => {
                let acknowledged = &mut self.chats[call.chat].acknowledged;
                acknowledged.extend(call.fields.numbers("id"));
                while acknowledged.len() > ACKNOWLEDGED {
                    acknowledged.pop_front();
                }
                Answer::text(200, "")
            }
        }
    }

    /// A room that the account may read, or the answer that it may not.
    fn readable(&self, call: &Call<'_>, room: i64) -> Result<(), Answer> {
        let now = self.now();
        let found = self.chats[call.chat].rooms.get(&room);
        let is_open = found.is_some_and(|room| {
            let user = call.user.unwrap_or_default();
            let kicked = room.kicked.get(&user).is_some_and(|until| *until > now);
            let is_let_in = room.owners.contains(&user) || room.access.contains_key(&user);
            !kicked && (!room.is_private || is_let_in)
        });
        if is_open {
            return Ok(());
        }
        Err(Answer::refusal(
            404,
            "The room does not exist, or you do not have permission",
        ))
    }

    /// A room's history (protocol §6).
    fn history(&mut self, call: &Call<'_>, room: i64) -> Answer {
        if let Err(answer) = self.readable(call, room) {
            return answer;
        }
        let chat = &self.chats[call.chat];
        let most = call.fields.number("msgCount").unwrap_or(100).clamp(0, 500);
        let most = usize::try_from(most).unwrap_or(100);
        let since = call.fields.number("since").unwrap_or_default();
        let mode = call.fields.get("mode").unwrap_or("Messages");
        let events: Vec<Value> = if mode.eq_ignore_ascii_case("events") {
            let seen = |event: &&Happened| {
                event.id > since && event.only.is_none_or(|only| Some(only) == call.user)
            };
            let events = chat.rooms[&room].events.iter().rev().filter(seen);
            let with_id = !self.chat_faults.events_without_ids;
            let row = |event: &Happened| {
                let mut row = event.body_for(call.user);
                if let Some(fields) = row.as_object_mut().filter(|_| !with_id) {
                    fields.remove("id");
                    fields.remove("room_name");
                }
                row
            };
            events.take(most).map(row).collect()
        } else {
            let before = call.fields.number("before").unwrap_or(i64::MAX);
            let after = call.fields.number("after").unwrap_or_default();
            let messages = chat.messages.range(after.saturating_add(1)..before);
            let here = messages
                .rev()
                .filter(|(_, message)| message.room == room && message.event > since);
            here.take(most)
                .map(|(id, message)| {
                    let mut row = self.message_event(call.chat, 1, *id);
                    row["time_stamp"] = json!(message.posted_at.div_euclid(1000));
                    if let Some(user) = call.user {
                        // The reader's own state.
                        row["message_starred"] = json!(message.stars.contains(&user));
                    }
                    // As every recorded row is (protocol §6).
                    if self.chat_faults.messages_with_ids {
                        row["id"] = json!(message.event);
                    } else if let Some(fields) = row.as_object_mut() {
                        fields.remove("room_name");
                    }
                    row
                })
                .collect()
        };
        let events: Vec<Value> = events.into_iter().rev().collect();
        Answer::json(&json!({
            "events": events,
            "time": chat.counter,
            "sync": self.now().div_euclid(1000),
            "ms": 3,
        }))
    }

    /// Events since some counters, for clients without a socket.
    fn poll(&mut self, call: &Call<'_>) -> Answer {
        let mut parts = serde_json::Map::new();
        for (name, value) in &call.fields.0 {
            let Some(room) = name.strip_prefix('r').and_then(|id| id.parse::<i64>().ok()) else {
                continue;
            };
            if self.readable(call, room).is_err() {
                continue;
            }
            if let Some(user) = call.user {
                self.occupy(call.chat, user, room);
            }
            let chat = &self.chats[call.chat];
            let since = value.parse::<i64>().unwrap_or_default().min(chat.counter);
            let seen = |event: &&Happened| {
                event.id > since && event.only.is_none_or(|only| Some(only) == call.user)
            };
            let events = chat.rooms[&room].events.iter().filter(seen);
            let events: Vec<Value> = events.map(|event| event.body_for(call.user)).collect();
            let mut part = json!({});
            if chat.counter > since {
                part = json!({"t": chat.counter, "d": chat.counter - since});
            }
            if !events.is_empty() {
                part["e"] = json!(events);
            }
            parts.insert(name.clone(), part);
        }
        Answer::json(&Value::Object(parts))
    }

    fn user_info(&self, call: &Call<'_>) -> Answer {
        let room = call.fields.number("roomId");
        let room = room.and_then(|room| self.chats[call.chat].rooms.get(&room));
        let now = self.now().div_euclid(1000);
        let users: Vec<Value> = call
            .fields
            .numbers("ids")
            .iter()
            .filter_map(|id| self.people.get(id))
            .map(|person| {
                json!({
                    "id": person.id, "name": person.name, "email_hash": "!https://i.example/a.png",
                    "reputation": 101, "is_moderator": person.is_moderator,
                    "is_owner": room.map(|room| room.owners.contains(&person.id)),
                    "last_post": now - 60, "last_seen": now,
                })
            })
            .collect();
        Answer::json(&json!({"users": users}))
    }

    /// Makes a room's events due to an account from now on.
    pub(crate) fn occupy(&mut self, chat: usize, user: i64, room: i64) {
        let counter = self.chats[chat].counter;
        let is_new = self.chats[chat]
            .occupied
            .entry(user)
            .or_default()
            .insert(room);
        if is_new {
            for number in self.sockets_of(chat, user) {
                if let Some(socket) = self.chats[chat].connections.get_mut(&number) {
                    socket.told.insert(room, counter);
                }
            }
        }
    }

    fn ws_auth(&mut self, call: &Call<'_>) -> Answer {
        let room = call.fields.number("roomid").unwrap_or_default();
        if self.chat_faults.no_tickets > 0 {
            self.chat_faults.no_tickets -= 1;
            return Answer::html(404, pages::missing());
        }
        let Some(user) = call.user else {
            return Answer::html(404, pages::missing());
        };
        if let Err(answer) = self.readable(call, room) {
            return answer;
        }
        self.occupy(call.chat, user, room);
        let secret = self.secret();
        let ticket = Ticket {
            chat: call.chat,
            account: user,
            room,
        };
        self.tickets.insert(secret.clone(), ticket);
        if self.tickets.len() > 10_000 {
            self.tickets.pop_first();
        }
        Answer::json(&json!({"url": format!("wss://{SOCKETS}/events/{room}/{secret}")}))
    }

    fn post_write(&mut self, call: &Call<'_>, steps: &[&str]) -> Answer {
        let Some(user) = call.user else {
            return Answer::html(404, pages::missing());
        };
        let chat = call.chat;
        let number = |step: &str| step.parse::<i64>().unwrap_or_default();
        let text = call.fields.get("text").unwrap_or_default().to_owned();
        let ok = |outcome: Result<(), Refused>| match outcome {
            Ok(()) => Answer::json(&json!("ok")),
            Err((302, location)) => Answer::to(location),
            Err((404, words)) => Answer::refusal(404, words),
            Err((_, words)) => Answer::json(&json!(words)),
        };
        match steps {
            ["chats", room, "messages", "new"] => self.send(call, number(room), user, &text),
            ["messages", id] => {
                // Clients that are in use today edit without the Referer of a room (protocol §2).
                ok(self.edit(chat, number(id), user, &text))
            }
            ["messages", id, "delete"] => ok(self.delete(chat, number(id), user)),
            ["messages", id, "star"] => ok(self.star(chat, number(id), user, false)),
            ["messages", id, "owner-star"] => ok(self.star(chat, number(id), user, true)),
            ["messages", id, "unstar"] => ok(self.clear(chat, number(id), user, false)),
            ["messages", id, "unowner-star"] => ok(self.clear(chat, number(id), user, true)),
            ["messages", _, "flag" | "unflag" | "mod"] => ok(Ok(())),
            ["admin", "movePosts", room] => {
                let is_moderator = self.people.get(&user).is_some_and(|p| p.is_moderator);
                let room_found = self.chats[chat].rooms.get(&number(room));
                let owns = room_found.is_some_and(|room| room.owners.contains(&user));
                if !owns && !is_moderator {
                    return Answer::json(&json!("You do not have permission to move messages"));
                }
                let to = call.fields.number("to").unwrap_or_default();
                let ids = call.fields.numbers("ids");
                let moved = self.move_messages(chat, user, number(room), to, &ids);
                Answer::json(&json!(moved))
            }
            ["conversation", "new"] => self.bookmark(call),
            ["conversation", "delete", room, slug] => {
                let room = self.chats[chat].rooms.get_mut(&number(room));
                match room.and_then(|room| room.bookmarks.remove(*slug)) {
                    Some(_) => Answer::json(&json!("ok")),
                    None => Answer::html(404, pages::missing()),
                }
            }
            _ => self.post_as_owner(call, steps, user),
        }
    }

    fn send(&mut self, call: &Call<'_>, room: i64, user: i64, text: &str) -> Answer {
        if !self.chats[call.chat].rooms.contains_key(&room) {
            return Answer::html(404, pages::missing());
        }
        if let Err(answer) = self.readable(call, room) {
            return answer;
        }
        let now = self.now();
        let found = &self.chats[call.chat].rooms[&room];
        if found.is_frozen {
            let words = "The room has been frozen; new messages cannot be added";
            return Answer::refusal(404, words);
        }
        if found.timeout.is_some_and(|until| until > now) && !found.owners.contains(&user) {
            return Answer::refusal(404, "The room is in timeout, ending in 58 seconds");
        }
        let is_line = !text.contains(['\n', '\r']);
        if text.trim().is_empty() || (is_line && text.chars().count() > 500) {
            self.note("a message that is empty or too long");
            return Answer::html(500, pages::missing());
        }
        if self.is_twin(call.chat, room, user, text) {
            return Answer::json(&json!({"id": null, "time": null}));
        }
        let id = match call.fields.number("parentId") {
            Some(parent) => self.post_to(call.chat, room, user, text, Some(parent)),
            None => self.post(call.chat, room, user, text),
        };
        Answer::json(&json!({"id": id, "time": now.div_euclid(1000)}))
    }

    fn bookmark(&mut self, call: &Call<'_>) -> Answer {
        let number = |name| call.fields.number(name).unwrap_or_default();
        let (room, first, last) = (
            number("roomId"),
            number("firstMessageId"),
            number("lastMessageId"),
        );
        let messages = &self.chats[call.chat].messages;
        let is_here = |id: i64| {
            messages
                .get(&id)
                .is_some_and(|message| message.room == room)
        };
        if first == last || !is_here(first) || !is_here(last) {
            return Answer::json(&json!(
                "The conversation has to have two messages of one room"
            ));
        }
        let title = call.fields.get("title").unwrap_or_default().to_lowercase();
        let slug: String = title
            .chars()
            .filter_map(|letter| match letter {
                ' ' | '-' => Some('-'),
                letter if letter.is_alphanumeric() => Some(letter),
                _ => None,
            })
            .collect();
        if let Some(room) = self.chats[call.chat].rooms.get_mut(&room) {
            room.bookmarks.insert(slug, first);
        }
        Answer::json(&json!({"ok": true}))
    }

    fn post_as_owner(&mut self, call: &Call<'_>, steps: &[&str], user: i64) -> Answer {
        let chat = call.chat;
        let number = |step: &str| step.parse::<i64>().unwrap_or_default();
        let owns = |state: &Self, room: i64| {
            let room = state.chats[chat].rooms.get(&room);
            room.is_some_and(|room| room.owners.contains(&user))
        };
        match steps {
            ["rooms", "kickmute" | "kickuser", room] => {
                let room = number(room);
                let target = call.fields.number("userID").unwrap_or_default();
                if !owns(self, room) || self.chats[chat].rooms[&room].owners.contains(&target) {
                    return Answer::json(&json!({"message": "You cannot kick this user"}));
                }
                self.kick(chat, room, user, target);
                let words = "The user has been kicked and cannot return for 1 minute";
                Answer::json(&json!({"message": words}))
            }
            ["rooms", "setuseraccess", room] => {
                let room = number(room);
                if !owns(self, room) {
                    return Answer::text(200, "You do not have permission to change access");
                }
                let target = call.fields.number("aclUserId");
                let level = call.fields.get("userAccess").unwrap_or_default().to_owned();
                self.access(chat, room, user, target, &level);
                Answer::text(200, "")
            }
            ["rooms", "timeout", room] => {
                let room = number(room);
                if !owns(self, room) {
                    return Answer::text(200, "You do not have permission");
                }
                let seconds = call.fields.number("duration").unwrap_or(60);
                let until = self.now() + seconds * 1000;
                if let Some(room) = self.chats[chat].rooms.get_mut(&room) {
                    room.timeout = Some(until);
                }
                let accounts: Vec<i64> = self.chats[chat].occupied.keys().copied().collect();
                for account in accounts {
                    self.tell_key(chat, room, account, "timeout");
                }
                Answer::text(
                    200,
                    format!("The room is in timeout, ending in {seconds} seconds"),
                )
            }
            ["users", "invite"] => {
                let target = call.fields.number("UserId").unwrap_or_default();
                let room = call.fields.number("RoomId").unwrap_or_default();
                if !self.people.contains_key(&target) {
                    return Answer::text(409, "That user cannot be invited");
                }
                self.invite(chat, room, user, target);
                Answer::text(200, "The user has been invited")
            }
            ["rooms", "favorite" | "requestaccess"] | ["users", "ignorelist", _] => {
                Answer::json(&json!("ok"))
            }
            _ => {
                self.note(format!(
                    "POST {} is no request of this platform",
                    call.request.uri().path()
                ));
                Answer::html(404, pages::missing())
            }
        }
    }
}
