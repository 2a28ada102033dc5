//! The REST side of QueUp: routes and rights.
//!
//! A request meets a fault, or is answered by the route that its method and path name (protocol §4); a route that nobody has is
//! noted, with the request, because a client should not ask for it.
//! An error has the two shapes of protocol §1: most routes wrap it in `err`, and login, throttled chat and private rooms in
//! `details`.

mod auth;
mod call;
mod chat;
mod messages;
mod queue;
mod rooms;
mod songs;
mod users;

use bytes::Bytes;
use http::{Method, Request};

pub(crate) use call::{Answer, Body, Fields};
use call::{Call, Routed};

use super::{model::Room, quirk, state::State};
use crate::fault::{Quirk, RestFault};

/// A response, and the fault that the request met.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Response before a fault delays or drops it.
    pub(crate) answer: Answer,
    pub(crate) fault: Option<RestFault>,
}

impl State {
    /// Answers a request.
    pub(crate) fn handle(&mut self, request: &Request<Bytes>) -> Reply {
        let mut call = Call::read(request);
        call.user = call
            .cookie
            .as_deref()
            .and_then(|cookie| self.logins.sessions.get(cookie))
            .cloned();
        let fault = self
            .faults
            .for_request(call.method.as_str(), &call.path, call.user.as_deref());
        let answer = match &fault {
            Some(RestFault::Slow(_) | RestFault::Dropped) | None => self.answer(&call),
            Some(RestFault::Status(429)) => {
                Answer::details(429, "You are doing that too often, wait 10 mins")
            }
            Some(RestFault::Status(status)) => Answer::error(*status, "a fault that was asked for"),
            Some(RestFault::Html(status)) => Answer::html(*status),
            Some(RestFault::LoggedOut) => Answer::redirect("/auth/login"),
            Some(RestFault::NotJson) => Answer {
                status: 200,
                body: Body::Text("{\"code\":200,\"message\":\"OK\",\"data\":".to_owned()),
                headers: Vec::new(),
            },
            Some(RestFault::CodeInside(code)) => Answer {
                status: 200,
                ..Answer::error(*code, "a fault that was asked for")
            },
            Some(RestFault::Huge(size)) => Answer {
                status: 200,
                body: Body::Text("a".repeat(*size)),
                headers: Vec::new(),
            },
        };
        Reply { answer, fault }
    }

    /// Answers a request that meets no fault, and bends its data by the quirks of its account.
    fn answer(&mut self, call: &Call) -> Answer {
        let answered = match &call.fault {
            Some(fault) => {
                self.note(format!("{} {}: {fault}", call.method, call.path));
                Err(Answer::error(400, fault))
            }
            None => self.route(call),
        };
        let mut answer = answered.unwrap_or_else(|error| error);
        if let Body::Envelope(_, data) = &mut answer.body {
            self.turn += 1;
            let quirks = self.faults.quirks_for(call.user.as_deref());
            quirk::answer(&quirks, self.turn, &call.path, data);
        }
        answer
    }

    /// Dispatches a request; the order of the arms matters where a fixed word stands beside an id.
    fn route(&mut self, call: &Call) -> Routed {
        let get = call.method == Method::GET;
        let post = call.method == Method::POST;
        let put = call.method == Method::PUT;
        let delete = call.method == Method::DELETE;
        let segments: Vec<&str> = call.path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["auth", "login"] if post => self.login(call),
            ["auth", "login"] if get => Ok(auth::login_page()),
            ["auth", "session"] if get => self.session(call),
            ["auth", "token"] if get => Ok(self.token(call)),
            ["auth", "logout"] if get => Ok(self.logout(call)),

            ["user", "updateUsername"] if post => self.update_username(call),
            ["user", "query", "availabilty"] if get => Ok(self.name_availability(call)),
            ["user", "session", "room", room, "queue"] if get => self.own_queue(call, room),
            [
                "user",
                "session",
                "room",
                room,
                "queue" | "playlist",
                "order",
            ] if post => self.order_own_queue(call, room),
            ["user", user] if get => self.user(user),
            ["user", user, "image"] | ["user", user, "image", "large"] if get => {
                self.user_image(user)
            }
            ["user", user, "following"] => self.following(call, user),
            ["user", user, "follows"] if get => self.followers(user),
            ["search"] if get => Ok(self.search(call)),

            ["room"] if get => Ok(self.lobby(None)),
            ["room"] if post => self.create_room(call),
            ["room", "term", term] if get => Ok(self.lobby(Some(term))),
            ["room", "beacon", room, user] if get => self.beacon(room, user),
            ["room", room] if get => self.show_room(room),
            ["room", room] if put => self.change_room(call, room),
            ["room", room, "users"] if post => self.join_room(call, room),
            ["room", room, "users"] if get => self.members(room),
            ["room", room, "users"] if delete => self.leave_room(call, room),
            ["room", room, "users", list @ ("ban" | "mute" | "staff")] if get => {
                self.members_on(room, list)
            }
            ["room", room, "users", user] if get => self.one_member(room, user),
            ["room", room, "audit"] if get => self.audit_log(room),
            ["room", room, "modsettings"] if post => self.mod_settings(call, room),
            ["room", room, "lockQueue"] if put || post => self.set_lock(call, room),

            ["room", room, "playlist"] => self.playlist(call, room),
            ["room", room, "playlist", "details"] if get => self.details(room),
            ["room", room, "playlist", "active"] if get => self.active(call, room),
            ["room", room, "playlist", "active", "dubs"] if get => self.active_dubs(room),
            ["room", room, "playlist", "history"] if get => self.song_history(call, room),
            ["room", room, "playlist", "waitlist"] if get => self.waitlist(room),
            ["room", room, "playlist", item] if delete => self.unqueue(call, room, Some(item)),
            ["room", room, "playlist", item, "dubs"] if post => self.vote(call, room, item),
            ["room", room, "queue", "order"] if post => self.order_queue(call, room),
            ["room", room, "queue", "pause"] if put => self.pause_own(call, room),
            ["room", room, "queue", "user", user] if delete => self.remove_song(call, room, user),
            ["room", room, "queue", "user", user, "all"] if delete => {
                self.remove_user(call, room, user)
            }
            ["room", room, "queue", "user", user, "pause"] if put => {
                self.pause_user(call, room, user)
            }
            ["room", room, "queueplaylist", list] if post => self.queue_playlist(call, room, list),

            ["chat", "skip", room, item] if post => self.skip_song(call, room, item),
            ["chat", "kick", room, "user", user] if post => self.kick_user(call, room, user),
            ["chat", "ban", room, "user", user] if post || delete => {
                self.ban_user(call, room, user)
            }
            ["chat", "mute", room, "user", user] if post || delete => {
                self.mute_user(call, room, user)
            }
            ["chat", role, room, "user", user] if post || delete => {
                self.role_of(call, role, room, user)
            }
            ["chat", room] if post => self.chat(call, room),
            ["chat", room] if get => self.chat_history(room),
            ["chat", room, message] if delete => self.delete_chat(call, room, message),

            ["song"] if get => self.find_songs(call),
            ["song", song] if get => self.show_song(song),
            ["song", song, "redirect"] if get => self.song_redirect(song),
            ["playlist", rest @ ..] => self.personal_playlists(call, rest),
            ["message", rest @ ..] => self.messages(call, rest),
            _ => {
                self.note(format!(
                    "no such route: {} {}",
                    call.method,
                    if call.path.is_empty() {
                        "/"
                    } else {
                        &call.path
                    }
                ));
                Err(Answer::error(404, "not found"))
            }
        }
    }

    /// Id of the user who is logged in, or the way to the login page.
    fn me(call: &Call) -> Result<String, Answer> {
        call.user
            .clone()
            .ok_or_else(|| Answer::redirect("/auth/login"))
    }

    /// A room by id or slug.
    ///
    /// 404 if there is none.
    fn place(&self, room: &str) -> Result<&Room, Answer> {
        self.find_room(room)
            .ok_or_else(|| Answer::error(404, "Room not found"))
    }

    fn room_id(&self, room: &str) -> Result<String, Answer> {
        self.place(room).map(|room| room.id.clone())
    }

    /// Id of a user who exists.
    fn known_user(&self, user: &str) -> Result<String, Answer> {
        self.find_user(user)
            .map(|user| user.id.clone())
            .ok_or_else(|| Answer::error(404, "User not found"))
    }

    /// Ids of the caller and the room, if the caller has a right there.
    ///
    /// 403 if the caller lacks it, with its name in the message.
    fn staff(&self, call: &Call, room: &str, right: &str) -> Result<(String, String), Answer> {
        let me = Self::me(call)?;
        let room = self.place(room)?;
        if !room.may(&me, right) {
            return Err(Answer::error(
                403,
                &format!("you don't have permission to do this: {right}"),
            ));
        }
        Ok((me, room.id.clone()))
    }

    /// A required field.
    fn required<'a>(&self, call: &'a Call, name: &str) -> Result<&'a str, Answer> {
        call.body.get(name).ok_or_else(|| {
            self.note(format!("{} {}: no field `{name}`", call.method, call.path));
            Answer::error(400, &format!("{name} is required"))
        })
    }

    /// Notes a moderation call whose body does not name the room's channel, as every known client's does.
    fn expect_channel(&self, call: &Call) {
        if call.body.get("realTimeChannel").is_none() {
            self.note(format!(
                "{} {}: no field `realTimeChannel`",
                call.method, call.path
            ));
        }
    }

    fn has_quirk(&self, call: &Call, quirk: Quirk) -> bool {
        self.faults
            .quirks_for(call.user.as_deref())
            .contains(&quirk)
    }
}
