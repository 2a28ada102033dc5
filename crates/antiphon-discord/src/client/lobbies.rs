//! Lobbies of games that use the Social SDK, and accounts for players without one.
//!
//! A lobby has up to 1,000 members and texts of its own, and may be linked to a channel.
//! Metadata are texts by keys, together at most 1,000 characters.
//! [Discord's page](https://discord.com/developers/docs/resources/lobby)

use std::collections::BTreeMap;

use antiphon_discord_model::{
    Lobby, LobbyInvite, LobbyMember, LobbyMessage, MessageFlags, ProvisionalToken,
    id::{
        Id,
        marker::{ChannelMarker, GenericMarker, MessageMarker, UserMarker},
    },
};
use serde::Serialize;

use super::{
    call::{Call, calls},
    fields::Fields,
    routes::routes,
};

/// A member to put into a lobby, or to take out of it.
///
/// Used by [`Client::create_lobby`](crate::Client::create_lobby),
/// [`Client::update_lobby`](crate::Client::update_lobby) and
/// [`Client::update_lobby_members`](crate::Client::update_lobby_members).
///
/// ```
/// use antiphon_discord::{client::LobbySeat, model::id::Id};
///
/// let host = LobbySeat { flags: Some(LobbySeat::CAN_LINK_LOBBY), ..LobbySeat::new(Id::new(33)) };
/// # let _ = host;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LobbySeat {
    /// User.
    pub id: Id<UserMarker>,
    /// Texts about the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Flags; absent means none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<u32>,
    /// Whether the user is taken out; only in [`Client::update_lobby_members`](crate::Client::update_lobby_members).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_member: Option<bool>,
}

impl LobbySeat {
    /// Flag of a member who may link the lobby to a channel.
    pub const CAN_LINK_LOBBY: u32 = 1;

    /// A member without metadata and flags.
    pub fn new(id: Id<UserMarker>) -> Self {
        Self {
            id,
            metadata: None,
            flags: None,
            remove_member: None,
        }
    }
}

routes! {
    /// Creates a lobby.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#create-lobby)
    create_lobby() -> CreateLobby<'_> = Post ["lobbies"];

    /// Joins the lobby with this secret, or creates it; the secret has at most 250 characters.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    create_or_join_lobby(secret: &str) -> CreateOrJoinLobby<'_> = Put ["lobbies"].bounded("secret", 0..=250, secret);

    /// Reads a lobby.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#get-lobby)
    lobby(lobby: Id<GenericMarker>) -> Call<'_, Lobby> = Get ["lobbies", lobby];

    /// Changes a lobby.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#modify-lobby)
    update_lobby(lobby: Id<GenericMarker>) -> UpdateLobby<'_> = Patch ["lobbies", lobby];

    /// Deletes a lobby. Deleting one that is gone is no error.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#delete-lobby)
    delete_lobby(lobby: Id<GenericMarker>) -> Call<'_, ()> = Delete ["lobbies", lobby];

    /// Links a lobby to a channel; `None` undoes it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#link-channel-to-lobby)
    ///
    /// Needs the flag [`LobbySeat::CAN_LINK_LOBBY`], and `MANAGE_CHANNELS` in the channel.
    update_lobby_channel(lobby: Id<GenericMarker>, channel: Option<Id<ChannelMarker>>) -> Call<'_, Lobby>
        = Patch ["lobbies", lobby, "channel-linking"].set("channel_id", channel);

    /// Puts a user into a lobby, or changes the member.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#add-a-member-to-a-lobby)
    add_lobby_member(lobby: Id<GenericMarker>, user: Id<UserMarker>) -> AddLobbyMember<'_>
        = Put ["lobbies", lobby, "members", user];

    /// Puts 1 to 25 users into a lobby, or takes them out.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    update_lobby_members(lobby: Id<GenericMarker>, members: &[LobbySeat]) -> Call<'_, Vec<LobbyMember>>
        = Post ["lobbies", lobby, "members", "bulk"].list(1..=25, members);

    /// Takes a user out of a lobby.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#remove-a-member-from-a-lobby)
    remove_lobby_member(lobby: Id<GenericMarker>, user: Id<UserMarker>) -> Call<'_, ()>
        = Delete ["lobbies", lobby, "members", user];

    /// Leaves a lobby.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby#leave-lobby)
    leave_lobby(lobby: Id<GenericMarker>) -> Call<'_, ()> = Delete ["lobbies", lobby, "members", "@me"];

    /// Creates an invite for the bot to the guild of a lobby's linked channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    create_own_lobby_invite(lobby: Id<GenericMarker>) -> Call<'_, LobbyInvite>
        = Post ["lobbies", lobby, "members", "@me", "invites"];

    /// Creates an invite for a member to the guild of a lobby's linked channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    create_lobby_invite(lobby: Id<GenericMarker>, user: Id<UserMarker>) -> Call<'_, LobbyInvite>
        = Post ["lobbies", lobby, "members", user, "invites"];

    /// Reads a lobby's latest messages, the newest first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    lobby_messages(lobby: Id<GenericMarker>) -> LobbyMessages<'_> = Get ["lobbies", lobby, "messages"];

    /// Posts a message in a lobby, of at most 4,000 characters.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    create_lobby_message(lobby: Id<GenericMarker>, content: &str) -> CreateLobbyMessage<'_>
        = Post ["lobbies", lobby, "messages"].bounded("content", 0..=4_000, content);

    /// Notes what a game's own moderation found in a message of a lobby; texts of at most 2,000 characters by keys.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/lobby)
    set_lobby_message_moderation(
        lobby: Id<GenericMarker>,
        message: Id<MessageMarker>,
        metadata: &BTreeMap<String, String>,
    ) -> Call<'_, ()>
        = Put ["lobbies", lobby, "messages", message, "moderation-metadata"].whole(metadata);

    /// Notes what a game's own moderation found in a direct message between two users.
    ///
    /// [Discord's page](https://discord.com/developers/docs/social-sdk)
    set_direct_message_moderation(
        one: Id<UserMarker>,
        other: Id<UserMarker>,
        message: Id<MessageMarker>,
        metadata: &BTreeMap<String, String>,
    ) -> Call<'_, ()>
        = Put ["partner-sdk", "dms", one, other, "messages", message, "moderation-metadata"].whole(metadata);

    /// Makes an account for a player without one, by the id that the game has for the player, and returns its token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/social-sdk)
    ///
    /// The id has 1 to 1,024 characters. A player who has an account already gets a new token for it.
    create_provisional_token(external_user: &str) -> CreateProvisionalToken<'_>
        = Post ["partner-sdk", "token", "bot"].bounded("external_user_id", 1..=1_024, external_user);

    /// Parts a player's account from the Discord account that it was merged with.
    ///
    /// [Discord's page](https://discord.com/developers/docs/social-sdk)
    unmerge_provisional_account(external_user: &str) -> Call<'_, ()>
        = Post ["partner-sdk", "provisional-accounts", "unmerge", "bot"]
            .bounded("external_user_id", 1..=1_024, external_user);
}

calls! {
    /// A new lobby; see [`Client::create_lobby`](crate::Client::create_lobby).
    CreateLobby(Fields) -> Lobby, Never {
        /// Sets texts about the lobby.
        metadata(metadata: &BTreeMap<String, String>) = "metadata";
        /// Sets the members, at most 25.
        members(members: &[LobbySeat]) = "members" [0..=25];
        /// Sets after how many seconds without members it ends, 5 to 604,800. Default: 300.
        idle_timeout_seconds(seconds: u32) = "idle_timeout_seconds" [5..=604_800];
        /// Sets flags.
        flags(flags: u32) = "flags";
        /// Sets the URL to which Discord sends events of the lobby, at most 512 characters.
        override_event_webhooks_url(url: &str) = "override_event_webhooks_url" [0..=512];
    }

    /// A lobby to join; see [`Client::create_or_join_lobby`](crate::Client::create_or_join_lobby).
    CreateOrJoinLobby(Fields) -> Lobby, Safe {
        /// Sets texts about the lobby.
        lobby_metadata(metadata: &BTreeMap<String, String>) = "lobby_metadata";
        /// Sets texts about the bot's member.
        member_metadata(metadata: &BTreeMap<String, String>) = "member_metadata";
        /// Sets after how many seconds without members it ends, 5 to 604,800. Default: 300.
        idle_timeout_seconds(seconds: u32) = "idle_timeout_seconds" [5..=604_800];
        /// Sets flags.
        flags(flags: u32) = "flags";
    }

    /// A change of a lobby; see [`Client::update_lobby`](crate::Client::update_lobby).
    UpdateLobby(Fields) -> Lobby, Never {
        /// Sets texts about the lobby; `None` removes them.
        metadata(metadata: Option<&BTreeMap<String, String>>) = "metadata";
        /// Replaces the members, at most 25.
        members(members: &[LobbySeat]) = "members" [0..=25];
        /// Sets after how many seconds without members it ends, 5 to 604,800.
        idle_timeout_seconds(seconds: u32) = "idle_timeout_seconds" [5..=604_800];
        /// Sets flags.
        flags(flags: u32) = "flags";
        /// Sets the URL to which Discord sends events of the lobby, at most 512 characters; `None` removes it.
        override_event_webhooks_url(url: Option<&str>) = "override_event_webhooks_url" [0..=512];
    }

    /// A member to put into a lobby; see [`Client::add_lobby_member`](crate::Client::add_lobby_member).
    AddLobbyMember(Fields) -> LobbyMember, Safe {
        /// Sets texts about the member.
        metadata(metadata: &BTreeMap<String, String>) = "metadata";
        /// Sets flags, such as [`LobbySeat::CAN_LINK_LOBBY`].
        flags(flags: u32) = "flags";
        /// Sets the name that is shown beside the user's, 1 to 80 characters; `None` removes it.
        additional_name(name: Option<&str>) = "additional_name" [1..=80];
    }

    /// Messages of a lobby; see [`Client::lobby_messages`](crate::Client::lobby_messages).
    LobbyMessages(Fields) -> Vec<LobbyMessage>, Safe {
        /// Sets the number of results, 1 to 200. Default: 50.
        limit(limit: u8) = "limit" [1..=200];
    }

    /// A message to post in a lobby; see [`Client::create_lobby_message`](crate::Client::create_lobby_message).
    CreateLobbyMessage(Fields) -> LobbyMessage, Never {
        /// Sets texts about the message.
        metadata(metadata: &BTreeMap<String, String>) = "metadata";
        /// Sets flags.
        flags(flags: MessageFlags) = "flags";
    }

    /// A token for a player; see [`Client::create_provisional_token`](crate::Client::create_provisional_token).
    CreateProvisionalToken(Fields) -> ProvisionalToken, Never {
        /// Sets the name that others see, 1 to 32 characters.
        preferred_global_name(name: &str) = "preferred_global_name" [1..=32];
        /// Sets the account of the player.
        provisional_user_id(user: Id<UserMarker>) = "provisional_user_id";
    }
}
