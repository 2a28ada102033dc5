//! A room and its people (protocol §7.2, §7.3).

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
    /// # Errors
    /// [`RequestError`].
    pub async fn users(&self) -> Result<Vec<PresentUser>, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        let present = Page::parse(&answer.body)?.present();
        present.ok_or_else(|| lacks("list of those present"))
    }

    /// Fetches the users who can be mentioned.
    ///
    /// # Errors
    /// [`RequestError`].
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
    /// # Errors
    /// [`RequestError`].
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
    /// # Errors
    /// [`RequestError`].
    pub async fn may_post(&self) -> Result<bool, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        Ok(Page::parse(&answer.body)?.may_post())
    }

    /// Fetches the explicit access levels.
    ///
    /// # Errors
    /// [`RequestError`].
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
    /// # Errors
    /// [`ActionError`].
    pub async fn request_access(&self) -> Result<(), ActionError> {
        let call = self
            .act("/rooms/requestaccess")
            .field("roomId", &self.id)
            .idempotent();
        self.call(call).await.map(drop).map_err(failed)
    }

    /// Toggles whether the room is one of the account's favourites.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn favorite(&self) -> Result<(), ActionError> {
        let call = self.act("/rooms/favorite").field("roomId", &self.id);
        self.call(call).await.map(drop).map_err(failed)
    }
}
