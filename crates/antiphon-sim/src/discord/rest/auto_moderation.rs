//! Rules of automatic moderation.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/auto-moderation/rules",
        "list_auto_moderation_rules",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/auto-moderation/rules",
        "create_auto_moderation_rule",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "get_auto_moderation_rule",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "delete_auto_moderation_rule",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "update_auto_moderation_rule",
        "not built yet",
    ),
];
