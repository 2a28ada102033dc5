//! Entitlements, SKUs and subscriptions.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/applications/{application_id}/entitlements",
        "get_entitlements",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/applications/{application_id}/entitlements",
        "create_entitlement",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/applications/{application_id}/entitlements/{entitlement_id}",
        "get_entitlement",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/applications/{application_id}/entitlements/{entitlement_id}",
        "delete_entitlement",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/applications/{application_id}/entitlements/{entitlement_id}/consume",
        "consume_entitlement",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/skus/{sku_id}/subscriptions",
        "get_sku_subscriptions",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/skus/{sku_id}/subscriptions/{subscription_id}",
        "get_sku_subscription",
        "not built yet",
    ),
    Route::bearer_only(
        "GET",
        "/users/@me/applications/{application_id}/entitlements",
        "get_current_user_application_entitlements",
    ),
];
