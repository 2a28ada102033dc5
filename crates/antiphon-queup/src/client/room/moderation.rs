//! Moderation and settings of a room (protocol §4.2, §4.3).
//!
//! Each method is one request, and QueUp checks the right of the account's role. Each success comes back as an event to
//! everybody in the room, the own account included, so that a bot sees its own acts as it sees those of others.
//!
//! | method | right | event |
//! | --- | --- | --- |
//! | `kick` | [`Right::Kick`](crate::Right::Kick) | [`UserKick`](crate::UserKick) |
//! | `ban`, `unban` | [`Right::Ban`](crate::Right::Ban) | [`UserBan`](crate::UserBan), [`UserUnban`](crate::UserUnban) |
//! | `mute`, `unmute` | [`Right::Mute`](crate::Right::Mute) | [`UserMute`](crate::UserMute), [`UserUnmute`](crate::UserUnmute) |
//! | `set_role`, `unset_role` | [`Right::SetRoles`](crate::Right::SetRoles) | [`UserSetRole`](crate::UserSetRole), [`UserUnsetRole`](crate::UserUnsetRole) |
//! | `skip` | [`Right::Skip`](crate::Right::Skip) | [`ChatSkip`](crate::ChatSkip) |
//! | `set_slow_mode` and its neighbours | [`Right::ModSettings`](crate::Right::ModSettings) | [`RoomSlowMode`](crate::RoomSlowMode) and its neighbours |
//! | `update` | [`Right::UpdateRoom`](crate::Right::UpdateRoom) | [`RoomUpdate`](crate::RoomUpdate) |

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

    /// Kicks a member, with a message that may be empty; the member may come back at once.
    ///
    /// QueUp's own page kicks only members without a role.
    ///
    /// ```no_run
    /// use antiphon_queup::{Chat, RequestError, Room};
    ///
    /// /// Warns, then kicks, then bans for an hour.
    /// async fn enforce(room: &Room, chat: &Chat, offences: u32) -> Result<(), RequestError> {
    ///     room.delete_message(&chat.id).await?;
    ///     match offences {
    ///         0 | 1 => {}
    ///         2 => room.kick(&chat.author.id, "please read the rules").await?,
    ///         _ => room.ban(&chat.author.id, 60).await?,
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn kick(&self, user: &UserId, message: &str) -> Result<(), RequestError> {
        let fields = [("message", text::escape(message))];
        self.moderate(Method::POST, "kick", user, &fields).await
    }

    /// Bans a user for a number of minutes; 0 is for ever. The user need not be in the room.
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

    /// Mutes a member, who stays in the room and cannot chat.
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
    /// Managers and co-owners are made by those with [`Right::SetManagers`](crate::Right::SetManagers) alone.
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

    /// Skips a song: the playing one, by its entry's id.
    ///
    /// ```no_run
    /// use antiphon_queup::{Dub, RequestError, Room};
    ///
    /// /// Skips a song that the room does not like.
    /// async fn on_dub(dub: Dub, room: &Room) -> Result<(), RequestError> {
    ///     if dub.song.net_dubs() <= -5 {
    ///         room.skip(&dub.song.id).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing; whether an own song may be skipped without it is not known.
    pub async fn skip(&self, song: &SongId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/skip/{}/{}",
            step(self.id.as_str()),
            step(song.as_str())
        );
        self.done(Call::post(path).form(self.rtc_form())).await
    }

    /// Switches slow mode, in which QueUp lets each user chat only now and then; the interval is QueUp's.
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

    /// Changes the room's settings; those that are not set stay. See [`RoomSettings`].
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn update(&self, settings: &RoomSettings) -> Result<(), RequestError> {
        self.done(Call::put(self.path("")).form(settings.pairs()))
            .await
    }

    /// Fetches the moderators' actions, in QueUp's order.
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
///
/// In the simulator, where the bot is a co-owner of the room: settings, a mute and a kick, and their events.
///
/// ```
/// use antiphon_core::Payload as _;
/// use antiphon_queup::{self as queup, Account, Config, Right, Role, RoomSettings, RoomUpdate, UserKick, UserMute};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms(["choir-loft"]);
/// let (client, source) = queup::connect(config);
/// let mut events = source.events(CancellationToken::new());
/// let mut told = Vec::new();
/// while let Some(event) = events.next().await.transpose()? {
///     match event.kind().as_str() {
///         // The room is joined and fetched.
///         "queup.playlist_details" if told.is_empty() => {
///             sim.queup().room("choir-loft").join("bram");
///             let room = client.rooms().into_iter().next().expect("joined");
///             let me = client.me().expect("logged in");
///             let role = client.member(&room.id, &me.id).and_then(|me| me.role().cloned());
///             assert!(role.is_some_and(|role| role == Role::CoOwner && role.has(Right::UpdateRoom)));
///
///             let bram = client.fetch_user("bram").await?;
///             room.update(&RoomSettings::new().welcome_message("be kind")).await?;
///             room.mute(&bram.id).await?;
///             room.kick(&bram.id, "out").await?;
///         }
///         "queup.room-update" => {
///             let update = RoomUpdate::decode(&event)?;
///             told.push(format!("says {}", update.info.welcome_message.unwrap_or_default()));
///         }
///         "queup.user-mute" => told.push(format!("mutes {}", UserMute::decode(&event)?.target.username)),
///         "queup.user-kick" => {
///             let kick = UserKick::decode(&event)?;
///             told.push(format!("kicks {}: {}", kick.target.username, kick.message.unwrap_or_default()));
///             break;
///         }
///         _ => {}
///     }
/// }
/// assert_eq!(told, ["says be kind", "mutes bram", "kicks bram: out"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    /// Fields in the order of the calls; of two with one name, QueUp decides.
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

    /// Sets any field by QueUp's own name for it, such as `maxLengthSong` (protocol §4.2 lists them).
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
    /// The wire's word for the action; the words are not documented.
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
