//! Lobbies of games.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "PUT",
        "/lobbies",
        "create_or_join_lobby",
        "needs the Social SDK",
    ),
    Route::unserved("POST", "/lobbies", "create_lobby", "needs the Social SDK"),
    Route::unserved(
        "GET",
        "/lobbies/{lobby_id}",
        "get_lobby",
        "needs the Social SDK",
    ),
    Route::unserved(
        "DELETE",
        "/lobbies/{lobby_id}",
        "delete_lobby",
        "needs the Social SDK",
    ),
    Route::unserved(
        "PATCH",
        "/lobbies/{lobby_id}",
        "edit_lobby",
        "needs the Social SDK",
    ),
    Route::unserved(
        "PATCH",
        "/lobbies/{lobby_id}/channel-linking",
        "edit_lobby_channel_link",
        "needs the Social SDK",
    ),
    Route::unserved(
        "DELETE",
        "/lobbies/{lobby_id}/members/@me",
        "leave_lobby",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/lobbies/{lobby_id}/members/@me/invites",
        "create_linked_lobby_guild_invite_for_self",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/lobbies/{lobby_id}/members/bulk",
        "bulk_update_lobby_members",
        "needs the Social SDK",
    ),
    Route::unserved(
        "PUT",
        "/lobbies/{lobby_id}/members/{user_id}",
        "add_lobby_member",
        "needs the Social SDK",
    ),
    Route::unserved(
        "DELETE",
        "/lobbies/{lobby_id}/members/{user_id}",
        "delete_lobby_member",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/lobbies/{lobby_id}/members/{user_id}/invites",
        "create_linked_lobby_guild_invite_for_user",
        "needs the Social SDK",
    ),
    Route::unserved(
        "GET",
        "/lobbies/{lobby_id}/messages",
        "get_lobby_messages",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/lobbies/{lobby_id}/messages",
        "create_lobby_message",
        "needs the Social SDK",
    ),
    Route::unserved(
        "PUT",
        "/lobbies/{lobby_id}/messages/{message_id}/moderation-metadata",
        "update_lobby_message_external_moderation_metadata",
        "needs the Social SDK",
    ),
];
