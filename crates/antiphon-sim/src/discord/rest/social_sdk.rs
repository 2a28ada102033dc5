//! The Social SDK of games.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "PUT",
        "/partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata",
        "update_user_message_external_moderation_metadata",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/partner-sdk/provisional-accounts/unmerge",
        "partner_sdk_unmerge_provisional_account",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/partner-sdk/provisional-accounts/unmerge/bot",
        "bot_partner_sdk_unmerge_provisional_account",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/partner-sdk/token",
        "partner_sdk_token",
        "needs the Social SDK",
    ),
    Route::unserved(
        "POST",
        "/partner-sdk/token/bot",
        "bot_partner_sdk_token",
        "needs the Social SDK",
    ),
];
