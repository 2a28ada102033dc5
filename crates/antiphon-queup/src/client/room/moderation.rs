//! Moderation and settings of a room (protocol §4.2, §4.3).

use antiphon_core::Secret;
use http::Method;
use jiff::Timestamp;

use super::Room;
use crate::{
    client::{parse, people::moderate},
    error::RequestError,
    http::{Call, step},
    model::{Role, SongId, User, UserId},
    text, wire,
};

impl Room {
    async fn moderate(
        &self,
        method: Method,
        what: &str,
        user: &UserId,
        fields: &[(&str, String)],
    ) -> Result<(), RequestError> {
        moderate(&self.client, method, what, &self.id, user, fields).await
    }

    /// Kicks a member, with a message that may be empty.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn kick(&self, user: &UserId, message: &str) -> Result<(), RequestError> {
        let fields = [("message", text::escape(message))];
        self.moderate(Method::POST, "kick", user, &fields).await
    }

    /// Bans a user for a number of minutes; 0 is for ever.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn ban(&self, user: &UserId, minutes: u32) -> Result<(), RequestError> {
        let fields = [("time", minutes.to_string())];
        self.moderate(Method::POST, "ban", user, &fields).await
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unban(&self, user: &UserId) -> Result<(), RequestError> {
        self.moderate(Method::DELETE, "ban", user, &[]).await
    }

    /// Mutes a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn mute(&self, user: &UserId) -> Result<(), RequestError> {
        self.moderate(Method::POST, "mute", user, &[]).await
    }

    /// Unmutes a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unmute(&self, user: &UserId) -> Result<(), RequestError> {
        self.moderate(Method::DELETE, "mute", user, &[]).await
    }

    /// Gives a member a role.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        self.moderate(Method::POST, role.as_str(), user, &[]).await
    }

    /// Takes a role from a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unset_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        self.moderate(Method::DELETE, role.as_str(), user, &[])
            .await
    }

    /// Skips a song.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn skip(&self, song: &SongId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/skip/{}/{}",
            step(self.id.as_str()),
            step(song.as_str())
        );
        self.done(Call::post(path).form(self.rtc_form())).await
    }

    /// Switches slow mode.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_slow_mode(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("slowMode", on).await
    }

    /// Switches whether guests may chat.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_chat(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToChat", on).await
    }

    /// Switches whether guests may embed.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_embed(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToEmbed", on).await
    }

    async fn mod_setting(&self, action: &str, on: bool) -> Result<(), RequestError> {
        let fields = [
            ("action", action),
            ("value", if on { "true" } else { "false" }),
        ];
        self.done(Call::post(self.path("/modsettings")).form(fields))
            .await
    }

    /// Changes the room's settings.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn update(&self, settings: &RoomSettings) -> Result<(), RequestError> {
        self.done(Call::put(self.path("")).form(settings.pairs()))
            .await
    }

    /// Fetches the moderators' actions.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn audit(&self) -> Result<Vec<AuditEntry>, RequestError> {
        let data = self.client.call(Call::get(self.path("/audit"))).await?;
        let list: wire::List<wire::Audit<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(AuditEntry::from).collect())
    }
}

/// The settings of a room to be made or changed; a setting that is not set stays as it is.
///
/// ```no_run
/// use antiphon_queup::{Client, RoomSettings};
///
/// # async fn example(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
/// let settings = RoomSettings::new().name("The Loft").public(true).max_song_minutes(10);
/// let made = client.create_room(&settings).await?;
/// if let Some(room) = client.room(&made.id) {
///     room.update(&RoomSettings::new().welcome_message("be kind").field("musicType", "jazz")).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    fields: Vec<(String, String)>,
}

impl RoomSettings {
    /// Makes settings that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    pub(in crate::client) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.fields.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets any field by QueUp's own name for it, such as `maxLengthSong`.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.field("name", name)
    }

    /// Sets the description.
    #[must_use]
    pub fn description(self, description: &str) -> Self {
        self.field("description", description)
    }

    /// Sets whether the room is listed for everyone.
    #[must_use]
    pub fn public(self, public: bool) -> Self {
        self.field("roomDisplay", if public { "public" } else { "private" })
    }

    /// Sets the text shown to users who enter.
    #[must_use]
    pub fn welcome_message(self, message: &str) -> Self {
        self.field("welcomeMessage", message)
    }

    /// Sets the longest song, in minutes.
    #[must_use]
    pub fn max_song_minutes(self, minutes: u32) -> Self {
        self.field("maxLengthSong", minutes.to_string())
    }

    /// Sets the password of a private room.
    #[must_use]
    pub fn password(self, password: &Secret) -> Self {
        self.field("roomPassword", password.expose())
    }
}

/// An action of a moderator.
///
/// ```no_run
/// # async fn example(room: &antiphon_queup::Room) -> Result<(), antiphon_queup::RequestError> {
/// for entry in room.audit().await? {
///     println!("{:?}: {} of {} by {}", entry.created_at, entry.kind, entry.target.username, entry.by.username);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Time of the action.
    pub created_at: Option<Timestamp>,
    /// The wire's word for the action.
    pub kind: String,
    /// Length in minutes, where the action has one.
    pub duration: Option<i64>,
    /// User it was done to.
    pub target: User,
    /// Moderator who did it.
    pub by: User,
}

impl From<wire::Audit<'_>> for AuditEntry {
    fn from(wire: wire::Audit<'_>) -> Self {
        Self {
            created_at: wire.created,
            kind: wire.kind.unwrap_or_default().into_owned(),
            duration: wire.duration,
            target: wire.user.into(),
            by: wire.moderator.into(),
        }
    }
}
