//! Requests about users (protocol §4.1).
//!
//! They need no right and no room. Names change and ids do not: keep ids.

use super::{Client, parse};
use crate::{
    error::RequestError,
    http::{Call, step},
    model::{User, UserId},
    wire,
};

impl Client {
    /// Fetches a user by id or name. The cache is not changed by it.
    ///
    /// ```no_run
    /// use antiphon_queup::{Client, RequestError};
    ///
    /// async fn find(client: &Client, name: &str) -> Result<String, RequestError> {
    ///     match client.fetch_user(name).await {
    ///         Ok(user) => Ok(format!("{} has id {}", user.username, user.id)),
    ///         Err(RequestError::Refused { status: 404, .. }) => {
    ///             let near = client.search_users(name).await?;
    ///             Ok(format!("nobody; {} users have a similar name", near.len()))
    ///         }
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError::Refused`] with status 404 if there is none.
    pub async fn fetch_user(&self, user: impl AsRef<str>) -> Result<User, RequestError> {
        let data = self
            .call(Call::get(format!("/user/{}", step(user.as_ref()))))
            .await?;
        Ok(parse::<wire::User<'_>>(&data)?.into())
    }

    /// Searches for users.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn search_users(&self, query: &str) -> Result<Vec<User>, RequestError> {
        let data = self
            .call(Call::get("/search").query([("query", query)]))
            .await?;
        let found: wire::Found<'_> = parse(&data)?;
        Ok(found.users.0.into_iter().map(User::from).collect())
    }

    /// Fetches whether a user name is taken.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn is_username_taken(&self, username: &str) -> Result<bool, RequestError> {
        // Spelt so by the platform.
        let call = Call::get("/user/query/availabilty").query([("username", username)]);
        let data = self.call(call).await?;
        Ok(parse::<wire::NameAnswer>(&data)?.taken.unwrap_or_default())
    }

    /// Fetches the users that a user follows, as ids.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn following(&self, user: &UserId) -> Result<Vec<UserId>, RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        let data = self.call(Call::get(path)).await?;
        let list: wire::List<wire::Following<'_>> = parse(&data)?;
        let users = list.0.into_iter().filter_map(|row| row.following);
        Ok(users.map(|user| UserId::from(&*user)).collect())
    }

    /// Follows a user, in the name of the own account.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn follow(&self, user: &UserId) -> Result<(), RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        self.call(Call::post(path)).await.map(drop)
    }

    /// Stops following a user.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn unfollow(&self, user: &UserId) -> Result<(), RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        self.call(Call::delete(path)).await.map(drop)
    }
}
