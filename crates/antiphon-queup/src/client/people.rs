//! Handles of the own account, of users and of members.
//!
//! A [`User`] is the same in all rooms; a [`Member`] is a user's state in one of them: role, votes, songs, bans. A
//! user's id finds the member, and never the other way round: the membership's own id ([`MemberId`](crate::MemberId))
//! is in no request.

use std::{ops::Deref, sync::Arc};

use http::Method;

use super::{Client, conversation::Conversation};
use crate::{
    error::RequestError,
    http::{Call, step},
    model::{MemberState, Role, RoomId, User, UserId},
};

/// The logged-in user.
///
/// It derefs to its [`User`].
///
/// ```no_run
/// # async fn example(client: &antiphon_queup::Client) -> Result<(), antiphon_queup::RequestError> {
/// if let Some(me) = client.me() {
///     println!("{} has {:?} dubs", me.username, me.dubs);
///     if !me.change_username("choirmaster").await? {
///         println!("the name is taken");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthenticatedUser {
    pub(super) client: Client,
    pub(super) user: User,
}

impl Deref for AuthenticatedUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl AuthenticatedUser {
    /// Changes the account's name; `false` if the server refused it, because it is taken or not allowed.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed in another way.
    pub async fn change_username(&self, username: &str) -> Result<bool, RequestError> {
        let call = Call::post("/user/updateUsername").form([("username", username)]);
        match self.client.call(call).await {
            Ok(_) => {
                if let Some(me) = &mut self.client.shared.cache.write().me {
                    username.clone_into(&mut me.username);
                }
                Ok(true)
            }
            Err(RequestError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl User {
    /// Opens a conversation with the user, or gives the cached one.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn open_conversation(&self, client: &Client) -> Result<Conversation, RequestError> {
        let known = client.conversations().into_iter().find(|conversation| {
            let recipients = conversation.recipients();
            recipients.len() == 1 && recipients[0].id == self.id
        });
        match known {
            Some(conversation) => Ok(conversation),
            None => {
                client
                    .open_conversation(std::slice::from_ref(&self.id))
                    .await
            }
        }
    }
}

/// A user's state in one room.
///
/// It derefs to the [`MemberState`] of the time when the handle was made.
///
/// # Examples
/// ```no_run
/// use antiphon_queup::{Client, MemberJoin, Role};
///
/// # async fn example(client: &Client, joined: MemberJoin) -> Result<(), antiphon_queup::RequestError> {
/// if let Some(member) = client.member(&joined.room, &joined.user.id) {
///     println!("{} dubs, {} songs played", member.dubs, member.played);
///     if member.role().is_none() {
///         member.set_role(&Role::ResidentDj).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Who may do something, by the documented rights:
///
/// ```no_run
/// use antiphon_queup::{Right, Room};
///
/// fn may_skip(room: &Room) -> Vec<String> {
///     let members = room.members();
///     let those = members.iter().filter(|member| member.role().is_some_and(|role| role.has(Right::Skip)));
///     those.filter_map(|member| Some(member.user()?.username.clone())).collect()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) client: Client,
    pub(super) room: RoomId,
    pub(super) state: Arc<MemberState>,
}

impl Deref for Member {
    type Target = MemberState;

    fn deref(&self) -> &MemberState {
        &self.state
    }
}

impl Member {
    /// The user, if cached or embedded; `member.user` has the id in any case.
    pub fn user(&self) -> Option<Arc<User>> {
        let seen = self.client.user(&self.state.user);
        seen.or_else(|| self.state.embedded.clone().map(Arc::new))
    }

    /// The member's role in the room, if any. The room's creator may do everything, and need not have one.
    pub fn role(&self) -> Option<&Role> {
        self.state.role.as_ref()
    }

    /// Gives the member a role.
    ///
    /// The own account needs [`Right::SetRoles`](crate::Right::SetRoles), or
    /// [`Right::SetManagers`](crate::Right::SetManagers) for managers and above (protocol §4.3). The event
    /// `UserSetRole` follows.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_role(&self, role: &Role) -> Result<(), RequestError> {
        moderate(
            &self.client,
            Method::POST,
            role.id().as_str(),
            &self.room,
            &self.state.user,
            &[],
        )
        .await
    }
}

/// Makes a request of moderation: `/chat/<what>/<room>/user/<user>`, with the room's channel in its body.
pub(super) async fn moderate(
    client: &Client,
    method: Method,
    what: &str,
    room: &RoomId,
    user: &UserId,
    fields: &[(&str, String)],
) -> Result<(), RequestError> {
    let rtc = client.room(room).map(|room| room.rtc.clone());
    let mut form = vec![("realTimeChannel", rtc.unwrap_or_default())];
    form.extend(fields.iter().cloned());
    let path = format!(
        "/chat/{}/{}/user/{}",
        step(what),
        step(room.as_str()),
        step(user.as_str())
    );
    client
        .call(Call::new(method, path).form(form))
        .await
        .map(drop)
}
