//! Threads, their listings and their members.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    model::{Channel, Id, iso, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/channels/{channel_id}/threads",
        "create_thread",
        State::create_thread,
    )
    .in_channel(0)
    .also("`CREATE_PUBLIC_THREADS` or `CREATE_PRIVATE_THREADS`, in a forum `SEND_MESSAGES`")
    .events(&["THREAD_CREATE", "THREAD_MEMBERS_UPDATE", "MESSAGE_CREATE"])
    .audit(&["THREAD_CREATE"]),
    Route::post(
        "/channels/{channel_id}/messages/{message_id}/threads",
        "create_thread_from_message",
        State::create_thread_from_message,
    )
    .in_channel(rights::CREATE_PUBLIC_THREADS)
    .events(&["THREAD_CREATE", "MESSAGE_UPDATE"])
    .audit(&["THREAD_CREATE"]),
    Route::get(
        "/guilds/{guild_id}/threads/active",
        "get_active_guild_threads",
        State::list_active_threads,
    )
    .in_guild(0),
    Route::get(
        "/channels/{channel_id}/threads/archived/public",
        "list_public_archived_threads",
        State::list_public_archived,
    )
    .in_channel(rights::READ_HISTORY),
    Route::get(
        "/channels/{channel_id}/threads/archived/private",
        "list_private_archived_threads",
        State::list_private_archived,
    )
    .in_channel(rights::READ_HISTORY | rights::MANAGE_THREADS),
    Route::get(
        "/channels/{channel_id}/users/@me/threads/archived/private",
        "list_my_private_archived_threads",
        State::list_own_private_archived,
    )
    .in_channel(rights::READ_HISTORY),
    Route::get(
        "/channels/{channel_id}/thread-members",
        "list_thread_members",
        State::list_thread_members,
    )
    .in_channel(0)
    .simplified("the intent GUILD_MEMBERS is not asked for"),
    Route::get(
        "/channels/{channel_id}/thread-members/{user_id}",
        "get_thread_member",
        State::get_thread_member,
    )
    .in_channel(0),
    Route::put(
        "/channels/{channel_id}/thread-members/@me",
        "join_thread",
        State::join_thread,
    )
    .without_body()
    .in_channel(0)
    .events(&["THREAD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE"]),
    // The spelling of nextcord.
    Route::post(
        "/channels/{channel_id}/thread-members/@me",
        "",
        State::join_thread,
    )
    .without_body()
    .in_channel(0)
    .events(&["THREAD_MEMBER_UPDATE", "THREAD_MEMBERS_UPDATE"]),
    Route::put(
        "/channels/{channel_id}/thread-members/{user_id}",
        "add_thread_member",
        State::put_thread_member,
    )
    .without_body()
    .in_channel(rights::SEND_IN_THREADS)
    .events(&["THREAD_MEMBERS_UPDATE"]),
    Route::delete(
        "/channels/{channel_id}/thread-members/@me",
        "leave_thread",
        State::leave_thread,
    )
    .in_channel(0)
    .events(&["THREAD_MEMBERS_UPDATE"]),
    Route::delete(
        "/channels/{channel_id}/thread-members/{user_id}",
        "delete_thread_member",
        State::delete_thread_member,
    )
    .in_channel(0)
    .also("`MANAGE_THREADS`, or own private thread")
    .events(&["THREAD_MEMBERS_UPDATE"]),
];

/// The flag of a message from which a thread began.
const HAS_THREAD: u64 = 1 << 5;
/// Minutes after which a thread without messages may be archived.
const ARCHIVE_AFTER: &[i64] = &[60, 1440, 4320, 10080];
/// Threads of one page of archived ones.
const ARCHIVED: i64 = 100;

/// A user's membership of a thread.
pub(super) fn thread_member_json(thread: &Channel, user: Id) -> Value {
    let joined = thread.joined.get(&user).unwrap_or(&thread.created_at);
    json!({
        "id": thread.id.to_string(),
        "user_id": user.to_string(),
        "join_timestamp": iso(*joined),
        "flags": 0,
    })
}

/// Fields of a new thread in a body.
struct NewThread {
    name: String,
    kind: u8,
    auto_archive: Option<u64>,
    slow_mode: u64,
    is_invitable: bool,
    tags: Vec<Id>,
}

impl NewThread {
    fn read(call: &Call<'_>, parent: &Channel, from_message: bool) -> Result<Self, Answer> {
        let mut fields = call.fields();
        fields.require(&["name"]);
        let name = fields.text("name", 1..=100).unwrap_or_default().to_owned();
        let minutes = fields.choice("auto_archive_duration", ARCHIVE_AFTER);
        let slow_mode = fields.count("rate_limit_per_user", 0..=21_600);
        let kind = fields.choice("type", &[10, 11, 12]);
        let invitable = fields.flag("invitable");
        let tags = fields.ids("applied_tags", 0..=5).unwrap_or_default();
        if parent.is_forum() {
            fields.require(&["message"]);
            let known = parent.settings.get("available_tags");
            let known = known.and_then(Value::as_array);
            let is_known = |tag: &Id| {
                let tag = tag.to_string();
                known.is_some_and(|tags| tags.iter().any(|one| one["id"] == tag.as_str()))
            };
            if !tags.iter().all(is_known) {
                fields.error("applied_tags", "UNKNOWN_FORUM_TAG", "Unknown forum tag");
            }
        }
        fields.check()?;
        let default = parent.settings.get("default_auto_archive_duration");
        let kind = match (parent.kind, kind) {
            (kind::ANNOUNCEMENT, _) => kind::ANNOUNCEMENT_THREAD,
            // A thread without a message of its own and without a type is private.
            (kind::TEXT, None | Some(12)) if !from_message => kind::PRIVATE_THREAD,
            _ => kind::PUBLIC_THREAD,
        };
        Ok(Self {
            name,
            kind,
            auto_archive: minutes
                .and_then(|minutes| u64::try_from(minutes).ok())
                .or(default.and_then(Value::as_u64)),
            slow_mode: slow_mode
                .or(parent
                    .settings
                    .get("default_thread_rate_limit_per_user")
                    .and_then(Value::as_u64))
                .unwrap_or(0),
            is_invitable: invitable.unwrap_or(true),
            tags,
        })
    }

    fn apply(self, thread: &mut Channel) {
        thread.name = self.name;
        thread.kind = self.kind;
        thread.auto_archive = self.auto_archive;
        thread.slow_mode = self.slow_mode;
        thread.is_invitable = self.is_invitable;
        if !self.tags.is_empty() {
            let tags = crate::discord::model::ids(&self.tags);
            thread.settings.insert("applied_tags".into(), json!(tags));
        }
    }
}

/// Whether a channel can have threads.
fn may_have_threads(parent: &Channel) -> bool {
    matches!(
        parent.kind,
        kind::TEXT | kind::ANNOUNCEMENT | kind::FORUM | kind::MEDIA
    )
}

impl State {
    fn parent_of_threads(&self, call: &Call<'_>) -> Result<&Channel, Answer> {
        let parent = self.visible_channel(call.channel(), call.account)?;
        if may_have_threads(parent) {
            Ok(parent)
        } else {
            Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ))
        }
    }

    fn create_thread(&mut self, call: &Call<'_>) -> Outcome {
        let parent = self.parent_of_threads(call)?;
        let is_forum = parent.is_forum();
        let new = NewThread::read(call, parent, false)?;
        let needed = match new.kind {
            _ if is_forum => rights::SEND_MESSAGES,
            kind::PRIVATE_THREAD => rights::CREATE_PRIVATE_THREADS,
            _ => rights::CREATE_PUBLIC_THREADS,
        };
        self.needs_in_channel(call.account, call.channel(), needed)?;
        let first = if is_forum {
            let mut message = call.body["message"].clone();
            // Files come beside the message, not inside it.
            if let Some(files) = call.body.get("attachments") {
                message["attachments"] = files.clone();
            }
            Some(self.draft(call.channel(), &message)?)
        } else {
            None
        };
        let id = self.new_id();
        self.begin_thread(call.channel(), call.account, id, |thread| new.apply(thread));
        let mut answer = self.channel_json(id, call.account);
        if let Some(first) = first {
            let message = self.post_as(id, id, call.account, first);
            if let Some(parent) = self.community.channels.get_mut(&call.channel()) {
                parent.last_message = Some(id);
            }
            answer = self.channel_json(id, call.account);
            answer["message"] = self
                .message(id, message)
                .map(|message| self.message_json(message))
                .unwrap_or_default();
        }
        Ok(Answer::json(201, answer))
    }

    fn create_thread_from_message(&mut self, call: &Call<'_>) -> Outcome {
        let parent = self.parent_of_threads(call)?;
        let message = call.id("message_id");
        if self.message(call.channel(), message).is_none() {
            return Err(Answer::unknown("Message", 10008));
        }
        if self.community.channels.contains_key(&message) {
            return Err(Answer::error(
                400,
                160_004,
                "A thread has already been created for this message",
            ));
        }
        let new = NewThread::read(call, parent, true)?;
        self.begin_thread(call.channel(), call.account, message, |thread| {
            new.apply(thread);
        });
        self.change_flags(call.channel(), message, HAS_THREAD);
        Ok(Answer::json(201, self.channel_json(message, call.account)))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Listings.

    /// Whether an account sees a thread: a private one is for its members and for moderators.
    pub(super) fn sees_thread(&self, thread: &Channel, account: Id) -> bool {
        let own = self.community.permissions(account, thread);
        own & rights::VIEW_CHANNEL != 0
            && (thread.kind != kind::PRIVATE_THREAD
                || thread.members.contains(&account)
                || own & rights::MANAGE_THREADS != 0)
    }

    fn listing(&self, threads: &[&Channel], account: Id) -> Value {
        let joined = threads
            .iter()
            .filter(|thread| thread.members.contains(&account));
        json!({
            "threads": threads.iter().map(|thread| self.channel_json(thread.id, account)).collect::<Vec<_>>(),
            "members": joined.map(|thread| thread_member_json(thread, account)).collect::<Vec<_>>(),
        })
    }

    fn list_active_threads(&mut self, call: &Call<'_>) -> Outcome {
        let mut threads: Vec<&Channel> = self
            .community
            .channels_of(call.guild(), true)
            .filter(|thread| !thread.is_archived && self.sees_thread(thread, call.account))
            .collect();
        threads.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.id));
        Ok(Answer::json(200, self.listing(&threads, call.account)))
    }

    fn list_public_archived(&mut self, call: &Call<'_>) -> Outcome {
        self.list_archived(call, |thread| thread.kind != kind::PRIVATE_THREAD)
    }

    fn list_private_archived(&mut self, call: &Call<'_>) -> Outcome {
        self.list_archived(call, |thread| thread.kind == kind::PRIVATE_THREAD)
    }

    /// The archived threads of a channel, the one archived last first.
    fn list_archived(&self, call: &Call<'_>, is_wanted: impl Fn(&Channel) -> bool) -> Outcome {
        let mut query = call.query();
        let limit = query.count("limit", 2..=ARCHIVED).unwrap_or(50);
        let before = query.time("before");
        query.check()?;
        self.parent_of_threads(call)?;
        let at = |thread: &Channel| thread.archived_at.unwrap_or(thread.created_at);
        let mut threads: Vec<&Channel> = self
            .community
            .channels
            .values()
            .filter(|thread| thread.is_thread() && thread.parent == Some(call.channel()))
            .filter(|thread| thread.is_archived && is_wanted(thread))
            .filter(|thread| before.is_none_or(|before| at(thread) < before))
            .collect();
        threads.sort_unstable_by_key(|thread| std::cmp::Reverse((at(thread), thread.id)));
        self.archived_answer(call, threads, usize::try_from(limit).unwrap_or(50))
    }

    fn archived_answer(
        &self,
        call: &Call<'_>,
        mut threads: Vec<&Channel>,
        limit: usize,
    ) -> Outcome {
        let has_more = threads.len() > limit;
        threads.truncate(limit);
        let mut answer = self.listing(&threads, call.account);
        answer["has_more"] = json!(has_more);
        Ok(Answer::json(200, answer))
    }

    /// The private archived threads that the bot joined, the newest first; `before` is an id here.
    fn list_own_private_archived(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        let limit = query.count("limit", 2..=ARCHIVED).unwrap_or(50);
        let before = query.id("before");
        query.check()?;
        self.parent_of_threads(call)?;
        let mut threads: Vec<&Channel> = self
            .community
            .channels
            .values()
            .filter(|thread| thread.kind == kind::PRIVATE_THREAD)
            .filter(|thread| thread.parent == Some(call.channel()) && thread.is_archived)
            .filter(|thread| thread.members.contains(&call.account))
            .filter(|thread| before.is_none_or(|before| thread.id < before))
            .collect();
        threads.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.id));
        self.archived_answer(call, threads, usize::try_from(limit).unwrap_or(50))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Members.

    fn thread_of(&self, call: &Call<'_>) -> Result<&Channel, Answer> {
        let thread = self.visible_channel(call.channel(), call.account)?;
        if thread.is_thread() && self.sees_thread(thread, call.account) {
            return Ok(thread);
        }
        Err(if thread.is_thread() {
            Answer::no_access()
        } else {
            Answer::error(400, 50024, "Cannot execute action on this channel type")
        })
    }

    fn member_of_thread(&self, thread: &Channel, user: Id, with_member: bool) -> Value {
        let mut json = thread_member_json(thread, user);
        if with_member && let Some(member) = self.member_json(thread.id, user) {
            json["member"] = member;
        }
        json
    }

    fn list_thread_members(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 100, 100)?;
        let thread = self.thread_of(call)?;
        let with_member = call.flag("with_member");
        let members = thread.members.iter();
        let members =
            members.map(|user| (*user, self.member_of_thread(thread, *user, with_member)));
        // Only a request with members is paged.
        let members: Vec<Value> = if with_member {
            page.ascending(members)
        } else {
            members.map(|(_, member)| member).collect()
        };
        Ok(Answer::json(200, members.into()))
    }

    fn get_thread_member(&mut self, call: &Call<'_>) -> Outcome {
        let (thread, user) = (self.thread_of(call)?, call.id("user_id"));
        if !thread.members.contains(&user) {
            return Err(Answer::unknown("Member", 10007));
        }
        let member = self.member_of_thread(thread, user, call.flag("with_member"));
        Ok(Answer::json(200, member))
    }

    fn set_member_of_thread(&mut self, call: &Call<'_>, user: Id, on: bool) -> Outcome {
        let thread = self.thread_of(call)?;
        if thread.is_archived {
            return Err(Answer::error(400, 50083, "Thread is archived"));
        }
        if on {
            self.known_user(user)?;
            self.member_of(thread.guild.unwrap_or_default(), user)?;
        }
        self.set_thread_member(call.channel(), user, on);
        Ok(Answer::done())
    }

    fn join_thread(&mut self, call: &Call<'_>) -> Outcome {
        self.set_member_of_thread(call, call.account, true)
    }

    fn leave_thread(&mut self, call: &Call<'_>) -> Outcome {
        self.set_member_of_thread(call, call.account, false)
    }

    fn put_thread_member(&mut self, call: &Call<'_>) -> Outcome {
        self.set_member_of_thread(call, call.id("user_id"), true)
    }

    fn delete_thread_member(&mut self, call: &Call<'_>) -> Outcome {
        let (thread, user) = (self.thread_of(call)?, call.id("user_id"));
        let is_own = thread.kind == kind::PRIVATE_THREAD && thread.owner == Some(call.account);
        if user != call.account && !is_own {
            self.needs_in_channel(call.account, call.channel(), rights::MANAGE_THREADS)?;
        }
        self.set_member_of_thread(call, user, false)
    }
}
