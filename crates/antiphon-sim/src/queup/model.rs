//! Users, rooms, songs and conversations, and their JSON.
//!
//! Names and shapes are those of protocol §5, written from the documents and from nothing else; what a real server leaves out or
//! sends in another shape is a quirk, applied when the JSON is sent.
//! A reference to another object is its id, or the object itself where a request answers with it ([`Shown`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use super::role::Role;

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// A user.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    /// Days before the simulation, drawn at random.
    pub(crate) created: Millis,
    /// Votes for songs that the user played, in every room.
    pub(crate) dubs: u32,
    /// Picture as the picture host describes it; half of the users have none.
    pub(crate) image: Option<Value>,
    /// E-mail and password, if the user can log in.
    pub(crate) login: Option<(String, String)>,
    /// Ids of users followed, with the time and the row's own id.
    pub(crate) following: BTreeMap<String, (Millis, String)>,
}

impl User {
    pub(crate) fn json(&self) -> Value {
        json!({
            "_id": self.id,
            "username": self.username,
            "status": 1,
            "roleid": 1,
            "dubs": self.dubs,
            "created": self.created,
            "lastLogin": self.created,
            "userInfo": {"_id": self.id, "userid": self.id},
            "profileImage": self.image,
            "__v": 0,
        })
    }
}

/// Form of a reference to another object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As its id.
    Id,
    /// As the whole object.
    Whole,
}

/// A member of a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) userid: String,
    pub(crate) roomid: String,
    /// Role in this room; absent for a listener.
    pub(crate) role: Option<&'static Role>,
    /// Whether the user has joined the room by REST.
    pub(crate) present: bool,
    pub(crate) dubs: u32,
    pub(crate) played: u32,
    pub(crate) skipped: u32,
    /// Whether the user's queue is passed over.
    pub(crate) paused: bool,
    pub(crate) muted: bool,
    /// Ban that was set, over or not.
    pub(crate) banned: Option<Ban>,
    pub(crate) updated: Millis,
    /// Songs that wait, the next first.
    pub(crate) queue: VecDeque<QueueItem>,
    /// Time of the user's last message here.
    pub(crate) spoke: Millis,
}

/// Length of a ban.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ban {
    /// Time at which it was set.
    pub(crate) since: Millis,
    /// Absent when the ban is for ever.
    pub(crate) until: Option<Millis>,
}

impl Member {
    pub(crate) fn new(id: String, userid: String, roomid: String, now: Millis) -> Self {
        Self {
            id,
            userid,
            roomid,
            role: None,
            present: false,
            dubs: 0,
            played: 0,
            skipped: 0,
            paused: false,
            muted: false,
            banned: None,
            updated: now,
            queue: VecDeque::new(),
            spoke: 0,
        }
    }

    /// JSON of the member; `order` is the place among the DJs, from 0.
    ///
    /// Users outside of the queue have the order 99999.
    pub(crate) fn json(&self, role: Shown, user: Option<&User>, order: Option<usize>) -> Value {
        let mut member = json!({
            "_id": self.id,
            "userid": self.userid,
            "_user": user.map_or_else(|| json!(self.userid), User::json),
            "roomid": self.roomid,
            "dubs": self.dubs,
            "order": order.unwrap_or(99_999),
            "playedCount": self.played,
            "skippedCount": self.skipped,
            "songsInQueue": self.queue.len(),
            "active": true,
            "authorized": true,
            "queuePaused": if self.paused { json!(1) } else { Value::Null },
            "waitLine": 0,
            "updated": self.updated,
            "muted": self.muted,
            "ot_token": null,
            "__v": 0,
        });
        if let Some(its_role) = self.role {
            member["roleid"] = match role {
                Shown::Id => json!(its_role.id),
                Shown::Whole => role_json(its_role),
            };
        }
        if let Some(ban) = self.banned {
            member["banned"] = json!(true);
            member["bannedTime"] = json!(ban.since);
            member["bannedUntil"] = json!(ban.until.unwrap_or(0));
        }
        member
    }

    /// A listener may nothing that needs a right.
    pub(crate) fn may(&self, right: &str) -> bool {
        self.role.is_some_and(|role| role.may(right))
    }
}

pub(crate) fn role_json(role: &Role) -> Value {
    json!({"_id": role.id, "type": role.kind, "label": role.label, "rights": role.rights})
}

/// A song.
#[derive(Clone, Debug)]
pub(crate) struct Song {
    pub(crate) id: String,
    /// Escaped, as on the wire.
    pub(crate) name: String,
    /// `youtube` or `soundcloud`.
    pub(crate) source: String,
    /// Id at that source.
    pub(crate) fkid: String,
    /// ISO 8601 with milliseconds and `Z`.
    pub(crate) created: String,
    /// In milliseconds, as on the wire.
    pub(crate) length: Millis,
}

impl Song {
    pub(crate) fn json(&self) -> Value {
        let thumbnail = format!("https://img.example/{}.jpg", self.fkid);
        json!({
            "_id": self.id,
            "name": self.name,
            "type": self.source,
            "fkid": self.fkid,
            "created": self.created,
            "songLength": self.length,
            "images": {"thumbnail": thumbnail, "youtube": {"default": {"url": thumbnail}}},
            "streamUrl": null,
            "__v": 0,
        })
    }
}

/// One entry of a queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueItem {
    pub(crate) id: String,
    pub(crate) created: Millis,
    /// Time at which it began; absent while it waits.
    pub(crate) played: Option<Millis>,
    /// Whether it plays now.
    pub(crate) active: bool,
    /// Whether it was played.
    pub(crate) over: bool,
    pub(crate) skipped: bool,
    pub(crate) length: Millis,
    /// Ids of users who voted for it.
    pub(crate) updubs: BTreeSet<String>,
    /// Ids of users who voted against it.
    pub(crate) downdubs: BTreeSet<String>,
    pub(crate) grabs: u32,
    pub(crate) roomid: String,
    pub(crate) userid: String,
    pub(crate) songid: String,
}

impl QueueItem {
    /// JSON of the entry; `order` is its place in the queue.
    ///
    /// An entry that has not begun shows when it was queued as `played`, since a client in use cannot do without;
    /// its absence is a quirk to be switched on.
    pub(crate) fn json(&self, order: usize, user: Option<&User>, song: Option<&Song>) -> Value {
        json!({
            "_id": self.id,
            "created": self.created,
            "played": self.played.unwrap_or(self.created),
            "isActive": self.active,
            "isPlayed": self.over,
            "skipped": self.skipped,
            "order": order,
            "songLength": self.length,
            "updubs": self.updubs.len(),
            "downdubs": self.downdubs.len(),
            "grabs": self.grabs,
            "roomid": self.roomid,
            "userid": self.userid,
            "songid": self.songid,
            "_user": user.map_or_else(|| json!(self.userid), User::json),
            "_song": song.map_or_else(|| json!(self.songid), Song::json),
            "__v": 0,
        })
    }

    /// Absent for an item that has not begun.
    pub(crate) fn ends_at(&self) -> Option<Millis> {
        self.played.map(|played| played + self.length)
    }
}

/// A room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) creator: String,
    /// Settings that clients may read and staff may change, under the wire's names.
    pub(crate) settings: Map<String, Value>,
    /// Password that users outside must give; absent for an open room.
    pub(crate) password: Option<String>,
    /// Wrong passwords by user, with the time of the last.
    pub(crate) wrong_passwords: BTreeMap<String, (u32, Millis)>,
    /// Members by user id, also those outside the room.
    pub(crate) members: BTreeMap<String, Member>,
    /// Ids of the users whose songs come next, in turn.
    pub(crate) djs: VecDeque<String>,
    /// Song that plays; absent while nobody has queued one.
    pub(crate) playing: Option<QueueItem>,
    /// Votes cast on the playing song, by user.
    pub(crate) votes: BTreeMap<String, u32>,
    /// Newest last.
    pub(crate) played: VecDeque<QueueItem>,
    /// Newest last.
    pub(crate) chat: VecDeque<Value>,
    /// Newest last.
    pub(crate) audit: VecDeque<Value>,
    /// Time of the last chat message; no two have the same.
    pub(crate) last_chat: Millis,
}

impl Room {
    /// Songs kept in the history.
    ///
    /// Older ones are forgotten.
    pub(crate) const PLAYED: usize = 1000;
    /// Entries kept in the audit log.
    pub(crate) const AUDIT: usize = 500;

    pub(crate) fn new(id: String, slug: &str, name: &str, creator: &str, now: Millis) -> Self {
        let settings = json!({
            "name": name,
            "description": format!("{name}, a room for anyone who likes to listen"),
            "status": 1,
            "roomType": "room",
            "roomDisplay": "public",
            "isPublic": true,
            "lang": null,
            "musicType": null,
            "password": null,
            "allowedDjs": 0,
            "maxLengthSong": 10,
            "displayQueue": true,
            "created": now - 86_400_000,
            "updated": now,
            "roomEmbed": "",
            "otSession": null,
            "lockQueue": false,
            "welcomeMessage": format!("welcome to {name}"),
            "metaDescription": "",
            "displayInLobby": true,
            "displayInSearch": true,
            "limitQueueLength": false,
            "timeSongQueueRepeat": 60,
            "recycleDJ": false,
            "displayDJinQueue": true,
            "displayUserJoin": true,
            "displayUserLeave": true,
            "displayUserGrab": true,
            "maxSongQueueLength": 30,
            "waitListRandom": false,
            "slowMode": false,
            "allowGuestsToChat": true,
            "allowGuestsToEmbed": true,
            "background": null,
        });
        let Value::Object(settings) = settings else {
            unreachable!("the settings are an object");
        };
        Self {
            id,
            slug: slug.to_owned(),
            creator: creator.to_owned(),
            settings,
            password: None,
            wrong_passwords: BTreeMap::new(),
            members: BTreeMap::new(),
            djs: VecDeque::new(),
            playing: None,
            votes: BTreeMap::new(),
            played: VecDeque::new(),
            chat: VecDeque::new(),
            audit: VecDeque::new(),
            last_chat: 0,
        }
    }

    /// Channel of the room's events.
    pub(crate) fn channel(&self) -> String {
        format!("room:{}", self.id)
    }

    /// Name of the room's old channel, which moderation calls still send.
    pub(crate) fn real_time_channel(&self) -> String {
        format!("dubtrackfm-{}", self.slug)
    }

    /// Whether a setting is true; one that is absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.settings.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.settings.get(name).and_then(Value::as_i64)
    }

    pub(crate) fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.present)
    }

    pub(crate) fn is_present(&self, user: &str) -> bool {
        self.members.get(user).is_some_and(|member| member.present)
    }

    /// The creator may everything.
    pub(crate) fn may(&self, user: &str, right: &str) -> bool {
        self.creator == user
            || self
                .members
                .get(user)
                .is_some_and(|member| member.may(right))
    }

    /// Place of a user among the DJs, from 0.
    pub(crate) fn order(&self, user: &str) -> Option<usize> {
        self.djs.iter().position(|dj| dj == user)
    }

    pub(crate) fn note_audit(&mut self, entry: Value) {
        self.audit.push_back(entry);
        if self.audit.len() > Self::AUDIT {
            self.audit.pop_front();
        }
    }

    /// The room, with its creator embedded where that is given, and the song that plays.
    pub(crate) fn json(&self, creator: Option<&User>, song: Option<&Song>) -> Value {
        let mut room = self.settings.clone();
        let mut set = |name: &str, value: Value| room.insert(name.to_owned(), value);
        set("_id", json!(self.id));
        set("roomUrl", json!(self.slug));
        set("realTimeChannel", json!(self.real_time_channel()));
        set("userid", json!(self.creator));
        set(
            "_user",
            creator.map_or_else(|| json!(self.creator), User::json),
        );
        set("activeUsers", json!(self.present().count()));
        let playing = song.map(
            |song| json!({"songid": song.id, "type": song.source, "fkid": song.fkid, "name": song.name}),
        );
        set("currentSong", json!(playing));
        set("__v", json!(0));
        Value::Object(room)
    }
}

/// A private conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) created: Millis,
    pub(crate) latest: Millis,
    pub(crate) latest_text: String,
    /// In the order in which they were named.
    pub(crate) users: Vec<String>,
    /// Users who have read its newest message.
    pub(crate) read: BTreeSet<String>,
    /// Newest last.
    pub(crate) messages: VecDeque<PrivateMessage>,
}

/// One message of a conversation.
#[derive(Debug)]
pub(crate) struct PrivateMessage {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) created: Millis,
    pub(crate) author: String,
}

impl Conversation {
    /// Messages kept.
    pub(crate) const KEPT: usize = 1000;
}

/// A personal playlist.
#[derive(Debug)]
pub(crate) struct Playlist {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) public: bool,
    pub(crate) created: Millis,
    pub(crate) userid: String,
    /// Ids of songs.
    pub(crate) songs: Vec<String>,
}

impl Playlist {
    pub(crate) fn json(&self) -> Value {
        json!({
            "_id": self.id,
            "name": self.name,
            "status": 1,
            "removed": false,
            "isPublic": self.public,
            "created": self.created,
            "userid": self.userid,
            "totalItems": self.songs.len(),
            "__v": 0,
        })
    }
}
