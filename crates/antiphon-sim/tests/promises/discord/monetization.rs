//! SKUs, entitlements and subscriptions (<https://docs.discord.com/developers/resources/entitlement>).

use serde_json::{Value, json};

use super::{client::Rest, id, moderated};

/// The id of the SKU of this name and type.
fn sku(skus: &Value, name: &str, kind: u64) -> String {
    let mut skus = skus.as_array().expect("a list").iter();
    let sku = skus.find(|sku| sku["name"] == name && sku["type"] == kind);
    sku.expect("a SKU")["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_test_entitlement_is_made_consumed_and_removed() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let application = format!("/applications/{}", discord.account().application);
    let skus = rest.get(&format!("{application}/skus")).await.ok();
    let path = format!("{application}/entitlements");
    let iris = discord.user("iris");
    let candle = json!({"sku_id": sku(&skus, "Candle", 3), "owner_id": iris, "owner_type": 2});
    let made = rest.post(&path, &candle).await.ok();
    assert_eq!(client.event("ENTITLEMENT_CREATE").await, made);
    for (field, expected) in [
        ("sku_id", candle["sku_id"].clone()),
        (
            "application_id",
            json!(discord.account().application.to_string()),
        ),
        ("user_id", json!(iris.to_string())),
        ("type", json!(8)),
        ("deleted", json!(false)),
        ("consumed", json!(false)),
        ("starts_at", Value::Null),
        ("ends_at", Value::Null),
    ] {
        assert_eq!(made.get(field), Some(&expected), "{field}");
    }
    let one = format!("{path}/{}", id(&made));
    assert_eq!(rest.get(&one).await.ok(), made);
    rest.post(&format!("{one}/consume"), &Value::Null)
        .await
        .done();
    assert_eq!(client.event("ENTITLEMENT_UPDATE").await["consumed"], true);
    assert_eq!(rest.get(&one).await.ok()["consumed"], true);
    rest.post(&path, &candle).await.ok();
    rest.delete(&one).await.done();
    assert_eq!(client.event("ENTITLEMENT_DELETE").await["deleted"], true);
    assert_eq!(rest.delete(&one).await.code(), (404, 10029));

    let hymnal = json!({"sku_id": sku(&skus, "Hymnal", 2), "owner_id": iris, "owner_type": 2});
    let durable = rest.post(&path, &hymnal).await.ok();
    assert_eq!(rest.post(&path, &hymnal).await.code(), (400, 40074));
    let eaten = rest
        .post(&format!("{path}/{}/consume", id(&durable)), &Value::Null)
        .await;
    assert_eq!(eaten.code(), (400, 40018));
    let guild = discord.guild_id();
    let house =
        json!({"sku_id": sku(&skus, "House", 5), "owner_id": guild.to_string(), "owner_type": 1});
    let of_guild = rest.post(&path, &house).await.ok();
    assert_eq!(of_guild["guild_id"], guild.to_string());

    let list = |query: String| {
        let (rest, path) = (&rest, &path);
        async move {
            let found = rest.get(&format!("{path}?{query}")).await.ok();
            found.as_array().expect("a list").len()
        }
    };
    assert_eq!(list(String::new()).await, 3, "the deleted one is left out");
    for (query, expected) in [
        ("exclude_deleted=false".to_owned(), 4),
        (format!("user_id={iris}"), 2),
        (format!("guild_id={guild}"), 1),
        (
            format!(
                "sku_ids={},{}",
                sku(&skus, "Hymnal", 2),
                sku(&skus, "House", 5)
            ),
            2,
        ),
        ("limit=1".to_owned(), 1),
        (format!("after={}", id(&durable)), 1),
        (format!("before={}", id(&durable)), 1),
        ("exclude_ended=true".to_owned(), 3),
    ] {
        assert_eq!(list(query.clone()).await, expected, "{query}");
    }
    for query in [
        "limit=0",
        "limit=101",
        "sku_ids=x",
        "user_id=x",
        "exclude_ended=perhaps",
    ] {
        assert_eq!(
            rest.get(&format!("{path}?{query}")).await.code(),
            (400, 50035),
            "{query}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_entitlement_is_told() {
    let (sim, _client, rest) = moderated().await;
    let discord = sim.discord();
    let application = format!("/applications/{}", discord.account().application);
    let skus = rest.get(&format!("{application}/skus")).await.ok();
    let path = format!("{application}/entitlements");
    let iris = discord.user("iris");
    let wrong = rest.post(&path, &json!({"owner_type": 3})).await;
    assert_eq!(wrong.code(), (400, 50035));
    let errors = &wrong.json()["errors"];
    for (field, code) in [
        ("sku_id", "BASE_TYPE_REQUIRED"),
        ("owner_id", "BASE_TYPE_REQUIRED"),
        ("owner_type", "BASE_TYPE_CHOICES"),
    ] {
        assert_eq!(errors[field]["_errors"][0]["code"], code);
    }
    for (sku, owner, kind, expected) in [
        ("5".to_owned(), iris, 2, (404, 10027)),
        (sku(&skus, "Patron", 6), iris, 2, (400, 50057)),
        (sku(&skus, "House", 5), iris, 2, (400, 50057)),
        (sku(&skus, "Patron", 5), 5, 2, (404, 10013)),
        (sku(&skus, "House", 5), 5, 1, (404, 10004)),
    ] {
        let body = json!({"sku_id": sku, "owner_id": owner, "owner_type": kind});
        assert_eq!(rest.post(&path, &body).await.code(), expected, "{body}");
    }
    assert_eq!(
        Rest::of(&sim, "lector").get(&path).await.code(),
        (403, 20012)
    );
    assert_eq!(rest.get(&format!("{path}/5")).await.code(), (404, 10029));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_grants_an_entitlement_that_no_bot_can_take() {
    let (sim, mut client, rest) = moderated().await;
    let discord = sim.discord();
    let application = format!("/applications/{}", discord.account().application);
    let skus = rest.get(&format!("{application}/skus")).await.ok();
    let patron = sku(&skus, "Patron", 5);
    let subscription = discord.subscribe("antiphon", "iris");
    let told = client.event("SUBSCRIPTION_CREATE").await;
    assert_eq!(told["id"], subscription.to_string());
    let entitlement = client.event("ENTITLEMENT_CREATE").await;
    assert_eq!(told["entitlement_ids"], json!([entitlement["id"]]));
    assert_eq!(entitlement["subscription_id"], told["id"]);
    let path = format!("/skus/{patron}/subscriptions");
    let iris = discord.user("iris");
    assert_eq!(
        rest.get(&format!("{path}?user_id={iris}")).await.ok(),
        json!([told])
    );
    assert_eq!(rest.get(&format!("{path}?user_id=5")).await.ok(), json!([]));
    assert_eq!(rest.get(&format!("{path}/{subscription}")).await.ok(), told);
    let wrong = rest.get(&path).await;
    assert_eq!(
        wrong.json()["errors"]["user_id"]["_errors"][0]["code"],
        "BASE_TYPE_REQUIRED"
    );
    assert_eq!(rest.get(&format!("{path}/5")).await.status, 404);
    assert_eq!(
        rest.get("/skus/5/subscriptions?user_id=5").await.code(),
        (404, 10027)
    );
    assert_eq!(
        Rest::of(&sim, "cantor")
            .get(&format!("{path}/{subscription}"))
            .await
            .code(),
        (404, 10027),
        "another application's"
    );
    let one = format!("{application}/entitlements/{}", id(&entitlement));
    assert_eq!(rest.delete(&one).await.code(), (400, 40019));
}
