//! Onboarding and welcome screens.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/new-member-welcome",
        "get_guild_new_member_welcome",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/onboarding",
        "get_guilds_onboarding",
        "not built yet",
    ),
    Route::unserved(
        "PUT",
        "/guilds/{guild_id}/onboarding",
        "put_guilds_onboarding",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/welcome-screen",
        "get_guild_welcome_screen",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/welcome-screen",
        "update_guild_welcome_screen",
        "not built yet",
    ),
];
