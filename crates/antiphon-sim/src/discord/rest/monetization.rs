//! Entitlements, SKUs and subscriptions.
//!
//! Each application sells the same: a subscription for users and one for guilds, each with its group, something durable
//! and something that is consumed. The ids of its SKUs follow its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::instant, page::Page, route::Route};
use crate::discord::{
    community::Scope,
    model::{Id, id_in, iso},
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/applications/{application_id}/skus", "", State::list_skus)
        .of_application()
        .simplified("every application sells the same six SKUs"),
    Route::get(
        "/applications/{application_id}/entitlements",
        "get_entitlements",
        State::list_entitlements,
    )
    .of_application()
    .simplified("the last 1000 of all applications"),
    Route::post(
        "/applications/{application_id}/entitlements",
        "create_entitlement",
        State::create_entitlement,
    )
    .of_application()
    .events(&["ENTITLEMENT_CREATE"]),
    Route::get(
        "/applications/{application_id}/entitlements/{entitlement_id}",
        "get_entitlement",
        State::get_entitlement,
    )
    .of_application(),
    Route::delete(
        "/applications/{application_id}/entitlements/{entitlement_id}",
        "delete_entitlement",
        State::delete_entitlement,
    )
    .of_application()
    .events(&["ENTITLEMENT_DELETE"]),
    Route::post(
        "/applications/{application_id}/entitlements/{entitlement_id}/consume",
        "consume_entitlement",
        State::consume_entitlement,
    )
    .without_body()
    .of_application()
    .events(&["ENTITLEMENT_UPDATE"]),
    Route::get(
        "/skus/{sku_id}/subscriptions",
        "get_sku_subscriptions",
        State::list_subscriptions,
    )
    .also("own SKU")
    .simplified("the last 1000 of all applications"),
    Route::get(
        "/skus/{sku_id}/subscriptions/{subscription_id}",
        "get_sku_subscription",
        State::get_subscription,
    )
    .also("own SKU"),
    Route::bearer_only(
        "GET",
        "/users/@me/applications/{application_id}/entitlements",
        "get_current_user_application_entitlements",
    ),
];

/// Entitlements, and subscriptions, that are kept; the oldest goes first.
const KEPT: usize = 1000;
/// Milliseconds of a period of a subscription.
const PERIOD: i64 = 30 * 86_400_000;
/// Type of an entitlement that grants a subscription, or that an application made to test.
const APPLICATION_SUBSCRIPTION: u8 = 8;

/// Types of SKUs (<https://docs.discord.com/developers/resources/sku#sku-object-sku-types>).
mod kind {
    pub(super) const DURABLE: u8 = 2;
    pub(super) const CONSUMABLE: u8 = 3;
    pub(super) const SUBSCRIPTION: u8 = 5;
    pub(super) const SUBSCRIPTION_GROUP: u8 = 6;
}

/// Flags of SKUs (<https://docs.discord.com/developers/resources/sku#sku-object-sku-flags>).
mod flag {
    pub(super) const AVAILABLE: u64 = 1 << 2;
    pub(super) const GUILD_SUBSCRIPTION: u64 = 1 << 7;
    pub(super) const USER_SUBSCRIPTION: u64 = 1 << 8;
}

/// Type, name and flags of the SKUs of an application; the first has the id that follows the application's.
const SKUS: [(u8, &str, u64); 6] = [
    (kind::SUBSCRIPTION, "Patron", flag::USER_SUBSCRIPTION),
    (kind::SUBSCRIPTION_GROUP, "Patron", flag::USER_SUBSCRIPTION),
    (kind::SUBSCRIPTION, "House", flag::GUILD_SUBSCRIPTION),
    (kind::SUBSCRIPTION_GROUP, "House", flag::GUILD_SUBSCRIPTION),
    (kind::DURABLE, "Hymnal", 0),
    (kind::CONSUMABLE, "Candle", 0),
];

/// SKU of an application, as answers have it.
fn sku(application: Id, index: usize) -> Option<Value> {
    let (kind, name, flags) = SKUS.get(index)?;
    let id = application + 1 + u64::try_from(index).ok()?;
    Some(json!({
        "id": id.to_string(),
        "type": kind,
        "dependent_sku_id": null,
        "application_id": application.to_string(),
        "manifest_labels": null,
        "access_type": 1,
        "name": name,
        "features": [],
        "release_date": null,
        "premium": false,
        "slug": name.to_lowercase(),
        "flags": flags | flag::AVAILABLE,
        "show_age_gate": false,
    }))
}

/// SKU of an application by its id.
fn sku_by_id(application: Id, id: Id) -> Result<Value, Answer> {
    let index = id.checked_sub(application + 1);
    let index = index.and_then(|index| usize::try_from(index).ok());
    let found = index.and_then(|index| sku(application, index));
    found.ok_or_else(|| Answer::unknown("SKU", 10027))
}

/// Whether an entitlement is valid at a time.
fn is_active(entitlement: &Value, now: i64) -> bool {
    let ends = entitlement["ends_at"].as_str().and_then(instant);
    entitlement["deleted"] != true
        && entitlement["consumed"] != true
        && ends.is_none_or(|ends| ends > now)
}

impl State {
    /// Entitlements of a user to what an application sells, as interactions have them.
    pub(crate) fn entitlements_of(&self, user: Id, application: Id) -> Vec<Value> {
        let (user, application) = (json!(user.to_string()), json!(application.to_string()));
        let all = self.community.entitlements.values();
        let own = all.filter(|one| {
            one["user_id"] == user
                && one["application_id"] == application
                && is_active(one, self.now())
        });
        own.cloned().collect()
    }

    /// Keeps an entitlement and sends its event: `CREATE`, `UPDATE` or `DELETE`.
    fn put_entitlement(&mut self, how: &str, entitlement: &Value) {
        let id = id_in(&entitlement["id"]).unwrap_or_default();
        let application = id_in(&entitlement["application_id"]).unwrap_or_default();
        let kept = &mut self.community.entitlements;
        kept.insert(id, entitlement.clone());
        if kept.len() > KEPT {
            kept.pop_first();
        }
        let scope = Scope::account(application);
        self.publish(&format!("ENTITLEMENT_{how}"), scope, entitlement);
    }

    fn new_entitlement(&mut self, application: Id, sku: &Value, user: Id) -> Value {
        let id = self.new_id();
        json!({
            "id": id.to_string(),
            "sku_id": sku["id"],
            "application_id": application.to_string(),
            "user_id": user.to_string(),
            "promotion_id": null,
            "type": APPLICATION_SUBSCRIPTION,
            "deleted": false,
            "gift_code_flags": 0,
            "consumed": false,
            "starts_at": null,
            "ends_at": null,
        })
    }

    /// Subscribes a user to what an application sells; returns the id of the subscription.
    pub(crate) fn subscribe(&mut self, application: Id, user: Id) -> Id {
        let now = self.now();
        let sku = sku(application, 0).unwrap_or_default();
        let mut entitlement = self.new_entitlement(application, &sku, user);
        let id = self.new_id();
        entitlement["starts_at"] = json!(iso(now));
        entitlement["subscription_id"] = json!(id.to_string());
        let subscription = json!({
            "id": id.to_string(),
            "user_id": user.to_string(),
            "sku_ids": [sku["id"]],
            "entitlement_ids": [entitlement["id"]],
            "renewal_sku_ids": null,
            "current_period_start": iso(now),
            "current_period_end": iso(now + PERIOD),
            "status": 0,
            "canceled_at": null,
        });
        let kept = &mut self.rest.subscriptions;
        kept.insert(id, (application, subscription.clone()));
        if kept.len() > KEPT {
            kept.pop_first();
        }
        let scope = Scope::account(application);
        self.publish("SUBSCRIPTION_CREATE", scope, &subscription);
        self.put_entitlement("CREATE", &entitlement);
        id
    }

    /// Gives a user an entitlement of the first bot, or ends or deletes the user's: `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) fn entitle(&mut self, user: Id, how: &str) {
        let (application, now) = (self.home.bot, self.now());
        let own = self.entitlements_of(user, application).into_iter().next();
        match (how, own) {
            ("DELETE", Some(mut own)) => {
                own["deleted"] = json!(true);
                self.put_entitlement("DELETE", &own);
            }
            (_, Some(mut own)) => {
                own["ends_at"] = json!(iso(now + PERIOD));
                self.put_entitlement("UPDATE", &own);
            }
            (_, None) => {
                let sku = sku(application, 0).unwrap_or_default();
                let mut new = self.new_entitlement(application, &sku, user);
                new["starts_at"] = json!(iso(now));
                self.put_entitlement("CREATE", &new);
            }
        }
    }

    fn list_skus(&mut self, call: &Call<'_>) -> Outcome {
        let skus = (0..).map_while(|index| sku(call.account, index));
        Ok(Answer::json(200, skus.collect()))
    }

    fn list_entitlements(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 100, 100)?;
        let mut query = call.query();
        let (user, guild) = (query.id("user_id"), query.id("guild_id"));
        let skus = query.ids("sku_ids", 0..=100);
        let without_ended = query.flag("exclude_ended").unwrap_or(false);
        let without_deleted = query.flag("exclude_deleted").unwrap_or(true);
        let only_active = query.flag("only_active").unwrap_or(false);
        query.check()?;
        let now = self.now();
        let skus: Option<BTreeSet<Id>> = skus.map(|skus| skus.into_iter().collect());
        let all = self.community.entitlements.iter();
        let found = all.filter(|(_, one)| {
            let of =
                |field: &str, wanted: Option<Id>| wanted.is_none() || id_in(&one[field]) == wanted;
            let ends = one["ends_at"].as_str().and_then(instant);
            let sku = id_in(&one["sku_id"]).unwrap_or_default();
            of("application_id", Some(call.account))
                && of("user_id", user)
                && of("guild_id", guild)
                && skus.as_ref().is_none_or(|skus| skus.contains(&sku))
                && !(without_deleted && one["deleted"] == true)
                && !(without_ended && ends.is_some_and(|ends| ends <= now))
                && (!only_active || is_active(one, now))
        });
        let found = found.map(|(id, one)| (*id, one.clone()));
        Ok(Answer::json(200, page.ascending(found).into()))
    }

    /// The entitlement of a path.
    fn entitlement(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let id = call.id("entitlement_id");
        let known = self.community.entitlements.get(&id);
        let own = known.filter(|one| id_in(&one["application_id"]) == Some(call.account));
        own.cloned()
            .ok_or_else(|| Answer::unknown("Entitlement", 10029))
    }

    fn get_entitlement(&mut self, call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, self.entitlement(call)?))
    }

    fn create_entitlement(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["sku_id", "owner_id", "owner_type"]);
        let sku_id = fields.id("sku_id").unwrap_or_default();
        let owner = fields.id("owner_id").unwrap_or_default();
        let of_guild = fields.choice("owner_type", &[1, 2]) == Some(1);
        fields.check()?;
        let sku = sku_by_id(call.account, sku_id)?;
        let flags = sku["flags"].as_u64().unwrap_or_default();
        let wrong = if of_guild {
            flag::USER_SUBSCRIPTION
        } else {
            flag::GUILD_SUBSCRIPTION
        };
        if flags & wrong != 0 || sku["type"] == kind::SUBSCRIPTION_GROUP {
            return Err(Answer::error(400, 50057, "Invalid SKU"));
        }
        let user = if of_guild {
            let home = self.community.guilds.get(&owner);
            home.ok_or_else(|| Answer::unknown("Guild", 10004))?.owner
        } else {
            self.known_user(owner)?
        };
        let (now, field) = (self.now(), if of_guild { "guild_id" } else { "user_id" });
        let granted = self.community.entitlements.values().any(|one| {
            one["sku_id"] == sku["id"]
                && id_in(&one[field]) == Some(owner)
                && one.get("guild_id").is_some() == of_guild
                && is_active(one, now)
        });
        if granted && sku["type"] != kind::CONSUMABLE {
            return Err(Answer::error(
                400,
                40074,
                "An entitlement has already been granted for this resource",
            ));
        }
        let mut entitlement = self.new_entitlement(call.account, &sku, user);
        if of_guild {
            entitlement["guild_id"] = json!(owner.to_string());
        }
        self.put_entitlement("CREATE", &entitlement);
        Ok(Answer::json(200, entitlement))
    }

    fn delete_entitlement(&mut self, call: &Call<'_>) -> Outcome {
        let mut entitlement = self.entitlement(call)?;
        // Only a test entitlement has no start.
        if !entitlement["starts_at"].is_null() {
            return Err(Answer::error(
                400,
                40019,
                "You can only delete sandbox entitlements.",
            ));
        }
        if entitlement["deleted"] == true {
            return Err(Answer::unknown("Entitlement", 10029));
        }
        entitlement["deleted"] = json!(true);
        self.put_entitlement("DELETE", &entitlement);
        Ok(Answer::done())
    }

    fn consume_entitlement(&mut self, call: &Call<'_>) -> Outcome {
        let mut entitlement = self.entitlement(call)?;
        if entitlement["deleted"] == true {
            return Err(Answer::unknown("Entitlement", 10029));
        }
        let sku = id_in(&entitlement["sku_id"]).unwrap_or_default();
        if sku_by_id(call.account, sku)?["type"] != kind::CONSUMABLE {
            return Err(Answer::error(
                400,
                40018,
                "Only consumable SKUs can be consumed",
            ));
        }
        if entitlement["consumed"] != true {
            entitlement["consumed"] = json!(true);
            self.put_entitlement("UPDATE", &entitlement);
        }
        Ok(Answer::done())
    }

    fn list_subscriptions(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 50, 100)?;
        let mut query = call.query();
        query.require(&["user_id"]);
        let user = query.id("user_id");
        query.check()?;
        let sku = sku_by_id(call.account, call.id("sku_id"))?["id"].take();
        let all = self.rest.subscriptions.iter();
        let found = all.filter(|(_, (application, one))| {
            let skus = one["sku_ids"].as_array();
            *application == call.account
                && skus.is_some_and(|skus| skus.contains(&sku))
                && id_in(&one["user_id"]) == user
        });
        let found = found.map(|(id, (_, one))| (*id, one.clone()));
        Ok(Answer::json(200, page.ascending(found).into()))
    }

    fn get_subscription(&mut self, call: &Call<'_>) -> Outcome {
        let sku = sku_by_id(call.account, call.id("sku_id"))?["id"].take();
        let known = self.rest.subscriptions.get(&call.id("subscription_id"));
        let own = known.filter(|(application, one)| {
            let skus = one["sku_ids"].as_array();
            *application == call.account && skus.is_some_and(|skus| skus.contains(&sku))
        });
        let (_, subscription) = own.ok_or_else(Answer::missing)?;
        Ok(Answer::json(200, subscription.clone()))
    }
}
