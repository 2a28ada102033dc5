//! A room and its people (protocol §7.2, §7.3).
//!
//! Requests that read a room's pages and lists, and those of its owners. A page is read by `page.rs`; a page that lacks
//! the element in question is an error (`lacks`), never an empty list, so that a change of the site is not taken for an
//! empty room.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{
    Client,
    answer::{done, failed, lacks, meant, no_verdict},
    time,
};
use crate::{
    content::Html,
    error::{ActionError, RequestError},
    http::{Answer, Call, INVITE},
    model::{AccessLevel, AccessSections, Pingable, PresentUser, RoomId, RoomInfo, UserId},
    page::Page,
    wire,
};

/// A handle on one room: cheap to clone.
///
/// Everything that concerns one room's messages, people and past is a method of it, in four groups:
///
/// | group | methods |
/// | --- | --- |
/// | talking | [`send`](Room::send), [`reply`](Room::reply), [`send_long`](Room::send_long), [`edit`](Room::edit), [`delete`](Room::delete) |
/// | stars, pins, bookmarks | [`star`](Room::star), [`pin`](Room::pin), [`clear_stars`](Room::clear_stars), [`starred`](Room::starred), [`bookmark`](Room::bookmark) |
/// | the past | [`history`](Room::history), [`message_source`](Room::message_source), [`full_text`](Room::full_text), [`message_history`](Room::message_history) |
/// | people and owners | [`users`](Room::users), [`pingable`](Room::pingable), [`info`](Room::info), [`access`](Room::access), [`kick`](Room::kick), [`invite`](Room::invite), [`timeout`](Room::timeout) |
///
/// A handle needs neither a joined room nor a running source. The server decides about rights, by the access levels
/// that [MSE 135734](https://meta.stackexchange.com/q/135734) lists.
///
/// ```no_run
/// use antiphon_stackexchange::{AccessLevel, ActionError, Client};
///
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let room = client.room(4242);
/// let message = room.send("the kettle is **on**").await?;
/// room.reply(message, "and now it is off").await?;
/// match room.edit(message, "the kettle was on").await {
///     // Two minutes after it was posted.
///     Err(ActionError::TooLate(words)) => println!("{words}"),
///     edited => edited?,
/// }
/// let ids = room.send_long("tea ".repeat(400)).await?;
/// assert_eq!(ids.len(), 4);
///
/// println!("{}: {}", room.info().await?.name, room.users().await?.len());
/// for user in room.access().await?.requests {
///     room.set_access(user, AccessLevel::Read).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Room {
    pub(super) client: Client,
    pub(super) id: RoomId,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.id).finish()
    }
}

impl Room {
    pub(super) fn new(client: Client, id: RoomId) -> Self {
        Self { client, id }
    }

    /// Number of the room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// A call that changes something in the room.
    ///
    /// Its `Referer` is the room's page, without which the server refuses edits (protocol §2).
    pub(super) fn act(&self, path: impl Into<String>) -> Call {
        Call::act(path).from(self.id)
    }

    /// Sends a call.
    pub(super) async fn call(&self, call: Call) -> Result<Answer, RequestError> {
        self.client.http().call(call).await
    }

    /// Sends a call, and fails unless the server said yes.
    pub(super) async fn done(&self, call: Call, also: &[&str]) -> Result<(), ActionError> {
        done(self.call(call).await, also)
    }

    /// Leaves the room; short for [`Client::leave`].
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn leave(&self) -> Result<(), RequestError> {
        self.client.leave(self.id).await
    }

    /// Fetches the users who are present, by the room's page.
    ///
    /// Present means that a socket of the user is open or the user wrote just now. One request, of the room's page.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] if the page has no list of users, as that of a private room; status 404 for a room
    /// that does not exist; and those of every request.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, UserId};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// let info = room.info().await?;
    /// assert_eq!(info.name, "Sandbox");
    /// assert!(info.owners.contains(&UserId::new(99)));
    /// assert!(room.users().await?.iter().any(|user| user.name == "mira"));
    /// // Users who can be mentioned need not be present.
    /// assert!(room.pingable().await?.iter().any(|user| user.name == "teo"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn users(&self) -> Result<Vec<PresentUser>, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        let present = Page::parse(&answer.body)?.present();
        present.ok_or_else(|| lacks("list of those present"))
    }

    /// Fetches the users who can be mentioned.
    ///
    /// A mention is `@` and the beginning of the name, without its spaces and punctuation and with at least three
    /// characters (protocol §9). A row that names nobody is left out. One request.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] if the answer is no list; otherwise those of every request.
    pub async fn pingable(&self) -> Result<Vec<Pingable>, RequestError> {
        let call = Call::get(format!("/rooms/pingable/{}", self.id));
        let answer = self.call(call).await?;
        let users: Vec<&RawValue> = answer.json()?;
        let users = users.iter().filter_map(|user| {
            let user: wire::Pingable<'_> = serde_json::from_str(user.get()).ok()?;
            Some(Pingable {
                id: UserId::new(user.0.0?),
                name: user.1.0.unwrap_or_default().into_owned(),
                last_seen: time(user.2.0),
                last_post: time(user.3.0),
            })
        });
        Ok(users.collect())
    }

    /// Fetches name, description, tags and owners.
    ///
    /// Two requests: the room's card, which is JSON, and the first tab of its information page, for the owners.
    ///
    /// # Errors
    /// Status 404 for a room that does not exist; [`RequestError::Undecodable`] for a card of another shape; and those
    /// of every request.
    pub async fn info(&self) -> Result<RoomInfo, RequestError> {
        let answer = self
            .call(Call::get(format!("/rooms/thumbs/{}", self.id)))
            .await?;
        let thumb: wire::Thumb<'_> = answer.json()?;
        let page = Call::get(format!("/rooms/info/{}", self.id)).field("tab", &"general");
        let page = self.call(page).await?;
        let server = self.client.server();
        Ok(RoomInfo {
            id: thumb.id.map_or(self.id, RoomId::new),
            name: thumb.name.0.unwrap_or_default().into_owned(),
            description: Html::new(thumb.description.0.unwrap_or_default()).on(server),
            tags: Html::new(thumb.tags.0.unwrap_or_default()).on(server),
            is_favorite: thumb.is_favorite.unwrap_or_default(),
            owners: Page::parse(&page.body)?.owners(),
        })
    }

    /// Fetches whether the account may post, by the room's page.
    ///
    /// The page has a box for messages only then. It is `false` in a gallery room without write access, and for a
    /// kicked user.
    ///
    /// # Errors
    /// Status 404 for a room that does not exist; otherwise those of every request.
    pub async fn may_post(&self) -> Result<bool, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        Ok(Page::parse(&answer.body)?.may_post())
    }

    /// Fetches the explicit access levels.
    ///
    /// Users without an explicit level are in no list: in a public room that is nearly everybody. One request.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] if the page has no such sections, as where the account may not see them; and those
    /// of every request.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, AccessLevel, Account, Config, UserId};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// // The account owns room 4242; in another's room each of these calls is `ActionError::Refused`.
    /// let room = client.room(4242);
    /// let teo = UserId::new(102);
    /// room.set_access(teo, AccessLevel::Write).await?;
    /// assert_eq!(room.access().await?.read_write, [teo]);
    /// room.set_access(teo, AccessLevel::None).await?;
    ///
    /// room.invite(teo).await?;
    /// room.timeout(60, "a pause for everybody").await?;
    /// room.kick(teo).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn access(&self) -> Result<AccessSections, RequestError> {
        let call = Call::get(format!("/rooms/info/{}", self.id))
            .field("tab", &"access")
            .field("users", &"current");
        let answer = self.call(call).await?;
        let access = Page::parse(&answer.body)?.access();
        access.ok_or_else(|| lacks("sections of access levels"))
    }

    /// Sets a user's access level; for room owners.
    ///
    /// The call is idempotent. [`AccessLevel::None`] takes the explicit level away; the room's default applies then.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn set_access(&self, user: UserId, level: AccessLevel) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/setuseraccess/{}", self.id))
            .field("aclUserId", &user)
            .field("userAccess", &level.as_str());
        // An empty answer is a success (protocol §7.3).
        self.done(call.idempotent(), &[]).await
    }

    /// Kicks a user, who cannot return for a while; for room owners.
    ///
    /// Everybody in the room sees it as a [`UserLeftEvent`](crate::UserLeftEvent) and an
    /// [`AccessLevelChangedEvent`](crate::AccessLevelChangedEvent) of the same target in one frame (protocol §8.3).
    /// Owners and moderators cannot be kicked. The server alone decides how long the user stays out.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn kick(&self, user: UserId) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/kickmute/{}", self.id))
            .field("userID", &user);
        let answer = self.call(call).await.map_err(failed)?;
        let told: wire::KickAnswer<'_> = answer.json().unwrap_or_default();
        let words = told.message.0.map(Cow::into_owned);
        let words = words.or_else(|| answer.has_words().then(|| answer.text()));
        match words {
            Some(words) if words.contains("has been kicked") => Ok(()),
            Some(words) => Err(meant(words)),
            None => Err(ActionError::MayHaveHappened(no_verdict())),
        }
    }

    /// Invites a user into the room.
    ///
    /// The invited account receives an [`InvitationEvent`](crate::InvitationEvent), in whatever room it is. The server
    /// answers a refusal with status 409, which elsewhere asks to wait.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn invite(&self, user: UserId) -> Result<(), ActionError> {
        let call = self
            .act(INVITE)
            .field("UserId", &user)
            .field("RoomId", &self.id);
        // Any text with status 200 confirms the invitation.
        self.call(call).await.map(drop).map_err(failed)
    }

    /// Puts the room in time-out for some seconds: only its owners may write; for room owners.
    ///
    /// Everybody's source receives a [`RoomTimeout`](crate::RoomTimeout). Messages meanwhile are
    /// [`SendError::RoomTimeout`](crate::SendError::RoomTimeout), which is transient. The reason is shown in the room.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn timeout(&self, seconds: u32, reason: &str) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/timeout/{}", self.id))
            .field("duration", &seconds)
            .field("reason", &reason);
        self.done(call, &["timeout", "time-out"]).await
    }

    /// Asks the owners for access to a gallery or private room.
    ///
    /// The owners see it as a [`UserNotificationEvent`](crate::UserNotificationEvent) and find the user among
    /// [`AccessSections::requests`]. The call is idempotent.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words; [`ActionError::Request`] or [`ActionError::MayHaveHappened`]
    /// if the request failed.
    ///
    /// ```
    /// use antiphon_stackexchange::{Client, JoinError, RoomId};
    ///
    /// /// Joins a room, and asks its owners to let the account in if it is closed.
    /// async fn enter(client: &Client, room: RoomId) -> Result<bool, Box<dyn std::error::Error>> {
    ///     match client.join(room).await {
    ///         Err(JoinError::NoSuchRoom(_)) => {
    ///             client.room(room).request_access().await?;
    ///             // Once an owner has let it in, the account sees an `AccessLevelChangedEvent`; then join again.
    ///             Ok(false)
    ///         }
    ///         joined => joined.map(|_| true).map_err(Into::into),
    ///     }
    /// }
    /// ```
    pub async fn request_access(&self) -> Result<(), ActionError> {
        let call = self
            .act("/rooms/requestaccess")
            .field("roomId", &self.id)
            .idempotent();
        self.call(call).await.map(drop).map_err(failed)
    }

    /// Toggles whether the room is one of the account's favourites.
    ///
    /// [`RoomInfo::is_favorite`] tells how it stands. The request is never sent twice.
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost: look at [`Room::info`] before trying again.
    pub async fn favorite(&self) -> Result<(), ActionError> {
        let call = self.act("/rooms/favorite").field("roomId", &self.id);
        self.call(call).await.map(drop).map_err(failed)
    }
}
