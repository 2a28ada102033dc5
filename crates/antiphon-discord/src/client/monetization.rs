//! What an application sells: SKUs, entitlements and subscriptions.
//!
//! Changes come as `discord.ENTITLEMENT_CREATE`, `_UPDATE` and `_DELETE` and `discord.SUBSCRIPTION_CREATE`, `_UPDATE` and
//! `_DELETE`, without any intent.
//! [Discord's page](https://discord.com/developers/docs/monetization/overview)

use antiphon_discord_model::{
    Entitlement, EntitlementOwnerType, Sku, Subscription,
    id::{
        Id,
        marker::{
            ApplicationMarker, EntitlementMarker, GenericMarker, GuildMarker, SkuMarker,
            SubscriptionMarker, UserMarker,
        },
    },
};

use super::{
    call::{Call, calls},
    fields::{Fields, joined},
    routes::routes,
};

routes! {
    /// Reads the application's SKUs.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/sku#list-skus)
    ///
    /// A subscription has two: that of the type `Subscription` is the one to use.
    get_skus(application: Id<ApplicationMarker>) -> Call<'_, Vec<Sku>>
        = Get ["applications", application, "skus"];

    /// Reads the application's entitlements, sorted by id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#list-entitlements)
    entitlements(application: Id<ApplicationMarker>) -> Entitlements<'_>
        = Get ["applications", application, "entitlements"];

    /// Reads an entitlement.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#get-entitlement)
    entitlement(application: Id<ApplicationMarker>, entitlement: Id<EntitlementMarker>) -> Call<'_, Entitlement>
        = Get ["applications", application, "entitlements", entitlement];

    /// Marks an entitlement to a consumable as used.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#consume-an-entitlement)
    ///
    /// The event is `discord.ENTITLEMENT_UPDATE`.
    consume_entitlement(application: Id<ApplicationMarker>, entitlement: Id<EntitlementMarker>) -> Call<'_, ()>
        = Post ["applications", application, "entitlements", entitlement, "consume"];

    /// Gives a user or a guild a subscription for testing; it costs nothing and does not end.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#create-test-entitlement)
    ///
    /// `owner` is the id of the user or the guild.
    create_test_entitlement(
        application: Id<ApplicationMarker>,
        sku: Id<SkuMarker>,
        owner: Id<GenericMarker>,
        owner_type: EntitlementOwnerType,
    ) -> Call<'_, Entitlement>
        = Post ["applications", application, "entitlements"]
            .set("sku_id", sku).set("owner_id", owner).set("owner_type", owner_type);

    /// Takes a subscription for testing away.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#delete-test-entitlement)
    delete_test_entitlement(application: Id<ApplicationMarker>, entitlement: Id<EntitlementMarker>)
        -> Call<'_, ()>
        = Delete ["applications", application, "entitlements", entitlement];

    /// Reads a user's subscriptions that contain a SKU.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/subscription#list-sku-subscriptions)
    get_sku_subscriptions(sku: Id<SkuMarker>, user: Id<UserMarker>) -> SkuSubscriptions<'_>
        = Get ["skus", sku, "subscriptions"].set("user_id", user);

    /// Reads a subscription.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/subscription#get-sku-subscription)
    get_sku_subscription(sku: Id<SkuMarker>, subscription: Id<SubscriptionMarker>) -> Call<'_, Subscription>
        = Get ["skus", sku, "subscriptions", subscription];

    /// Reads the entitlements of the user whose access token this is.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#list-entitlements)
    ///
    /// The token has the scope `applications.entitlements`; Discord refuses a bot's.
    current_user_entitlements(access_token: &str, application: Id<ApplicationMarker>)
        -> CurrentUserEntitlements<'_>
        = Get ["users", "@me", "applications", application, "entitlements"].bearer(access_token);
}

calls! {
    /// The application's entitlements; see [`Client::entitlements`](crate::Client::entitlements).
    Entitlements(Fields) -> Vec<Entitlement>, Safe {
        /// Returns only those of this user.
        user_id(user: Id<UserMarker>) = "user_id";
        /// Returns only those of this guild.
        guild_id(guild: Id<GuildMarker>) = "guild_id";
        /// Returns only those to one of these SKUs.
        sku_ids(skus: &[Id<SkuMarker>]) = "sku_ids" as joined;
        /// Returns only those with an id below this one.
        before(entitlement: Id<EntitlementMarker>) = "before";
        /// Returns only those with an id above this one.
        after(entitlement: Id<EntitlementMarker>) = "after";
        /// Sets the number of results, 1 to 100. Default: 100.
        limit(limit: u8) = "limit" [1..=100];
        /// Sets whether ended ones are left out. Default: no.
        exclude_ended(exclude: bool) = "exclude_ended";
        /// Sets whether deleted ones are left out. Default: yes.
        exclude_deleted(exclude: bool) = "exclude_deleted";
        /// Returns only those that are good now. Default: no.
        only_active(only: bool) = "only_active";
    }

    /// The entitlements of a user; see
    /// [`Client::current_user_entitlements`](crate::Client::current_user_entitlements).
    CurrentUserEntitlements(Fields) -> Vec<Entitlement>, Safe {
        /// Returns only those to one of these SKUs.
        sku_ids(skus: &[Id<SkuMarker>]) = "sku_ids" as joined;
        /// Sets whether consumed ones are left out. Default: yes.
        exclude_consumed(exclude: bool) = "exclude_consumed";
    }

    /// A user's subscriptions; see [`Client::get_sku_subscriptions`](crate::Client::get_sku_subscriptions).
    SkuSubscriptions(Fields) -> Vec<Subscription>, Safe {
        /// Returns only those with an id below this one.
        before(subscription: Id<SubscriptionMarker>) = "before";
        /// Returns only those with an id above this one.
        after(subscription: Id<SubscriptionMarker>) = "after";
        /// Sets the number of results, 1 to 100. Default: 50.
        limit(limit: u8) = "limit" [1..=100];
    }
}
