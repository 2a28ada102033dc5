//! Scheduled events (<https://docs.discord.com/developers/resources/guild-scheduled-event>).

use std::time::Duration;

use antiphon_sim::{Options, Simulator};
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    moderated,
};

/// A time this many minutes from now, which the simulation tells by a message.
async fn after(sim: &Simulator, rest: &Rest, minutes: i64) -> String {
    let said = sim.discord().say("loft", "mira", "what time is it?");
    let path = format!("/channels/{}/messages/{said}", sim.discord().channel_id());
    let message = rest.get(&path).await.ok();
    let now = message["timestamp"].as_str().expect("a time");
    let now: jiff::Timestamp = now.parse().expect("a time");
    let after = now + jiff::SignedDuration::from_mins(minutes);
    after.to_string()
}

fn external(name: &str) -> Value {
    json!({
        "name": name, "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "the nave"},
        "scheduled_start_time": "2100-01-01T18:00:00Z", "scheduled_end_time": "2100-01-01T19:00:00Z",
    })
}

/// The path of a guild's events, and an external event that was made there.
async fn made(sim: &Simulator, rest: &Rest) -> (String, Value) {
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let event = rest.post(&path, &external("Evensong")).await.ok();
    (path, event)
}

fn id(json: &Value) -> u64 {
    let id = json["id"].as_str().expect("an id");
    id.parse().expect("a number")
}

#[tokio::test(start_paused = true)]
async fn an_event_is_made_found_changed_and_removed() {
    let (sim, mut client, rest) = moderated().await;
    let (path, event) = made(&sim, &rest).await;
    let told = client.event("GUILD_SCHEDULED_EVENT_CREATE").await;
    assert_eq!(
        (&told["id"], &told["name"]),
        (&event["id"], &json!("Evensong"))
    );
    for (field, expected) in [
        ("channel_id", Value::Null),
        ("description", Value::Null),
        ("image", Value::Null),
        (
            "scheduled_start_time",
            json!("2100-01-01T18:00:00.000000+00:00"),
        ),
        (
            "scheduled_end_time",
            json!("2100-01-01T19:00:00.000000+00:00"),
        ),
        ("privacy_level", json!(2)),
        ("status", json!(1)),
        ("entity_type", json!(3)),
        ("entity_id", Value::Null),
        ("entity_metadata", json!({"location": "the nave"})),
        ("recurrence_rule", Value::Null),
        ("guild_scheduled_event_exceptions", json!([])),
    ] {
        assert_eq!(event.get(field), Some(&expected), "{field}");
    }
    assert_eq!(event["creator"]["id"], event["creator_id"]);
    assert!(event.get("user_count").is_none());

    let one = format!("{path}/{}", id(&event));
    let changed = json!({"name": "Vespers", "description": "sung", "entity_metadata": {"location": "the crypt"}});
    let after = rest.patch(&one, &changed).await.ok();
    assert_eq!(
        (
            &after["name"],
            &after["description"],
            &after["entity_metadata"]["location"]
        ),
        (&json!("Vespers"), &json!("sung"), &json!("the crypt"))
    );
    let told = client.event("GUILD_SCHEDULED_EVENT_UPDATE").await;
    assert_eq!(told["name"], "Vespers");
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(101), &event["id"])
    );
    assert_eq!(
        entry["changes"]
            .as_array()
            .map(|all| all.iter().filter(|one| one["key"] == "location").count()),
        Some(1),
        "{entry}"
    );
    assert_eq!(rest.get(&path).await.ok()[0]["name"], "Vespers");
    assert_eq!(rest.get(&one).await.ok()["id"], event["id"]);

    rest.delete(&one).await.done();
    let told = client.event("GUILD_SCHEDULED_EVENT_DELETE").await;
    assert_eq!(told["id"], event["id"]);
    assert_eq!(rest.get(&one).await.code(), (404, 10070));
    assert_eq!(rest.get(&path).await.ok(), json!([]));
    let log = format!(
        "/guilds/{}/audit-logs?action_type=100",
        sim.discord().guild_id()
    );
    let log = rest.get(&log).await.ok();
    assert_eq!(log["audit_log_entries"][0]["target_id"], event["id"]);
}

#[tokio::test(start_paused = true)]
async fn users_of_an_event_are_counted_and_had_page_by_page() {
    let (sim, mut client, rest) = moderated().await;
    let (path, event) = made(&sim, &rest).await;
    let discord = sim.discord();
    let mut users = ["iris", "finn", "casper"].map(|name| discord.user(name));
    for name in ["iris", "finn", "casper"] {
        assert!(discord.attend("choir", id(&event), name, true));
        let told = client.event("GUILD_SCHEDULED_EVENT_USER_ADD").await;
        assert_eq!(told["guild_scheduled_event_id"], event["id"]);
        assert_eq!(told["user_id"], discord.user(name).to_string());
    }
    assert!(!discord.attend("choir", id(&event), "iris", true), "twice");
    users.sort_unstable();
    let one = format!("{path}/{}", id(&event));
    for asked in [
        rest.get(&format!("{path}?with_user_count=true")).await.ok()[0].clone(),
        rest.get(&format!("{one}?with_user_count=1")).await.ok(),
    ] {
        assert_eq!(asked["user_count"], 3);
    }
    let texts = users.map(|user| user.to_string());
    for (query, expected) in [
        ("limit=2".to_owned(), &texts[..2]),
        (format!("after={}", users[0]), &texts[1..]),
        (format!("before={}&limit=1", users[2]), &texts[1..2]),
        (
            format!("before={}&after={}", users[1], users[1]),
            &texts[..1],
        ),
    ] {
        let found = rest.get(&format!("{one}/users?{query}")).await.ok();
        let found: Vec<&Value> = found.as_array().expect("a list").iter().collect();
        let ids: Vec<&str> = found
            .iter()
            .filter_map(|user| user["user_id"].as_str())
            .collect();
        assert_eq!(ids, expected, "{query}");
        assert!(
            found
                .iter()
                .all(|user| user["response"] == 1 && user.get("member").is_none())
        );
    }
    let found = rest
        .get(&format!("{one}/users?with_member=True&limit=1"))
        .await
        .ok();
    assert_eq!(found[0]["member"]["user"]["id"], texts[0]);
    assert_eq!(found[0]["user"]["id"], texts[0]);
    for query in ["limit=0", "limit=101", "before=abc", "with_member=perhaps"] {
        let wrong = rest.get(&format!("{one}/users?{query}")).await;
        assert_eq!(wrong.code(), (400, 50035), "{query}");
    }
    discord.attend("choir", id(&event), "finn", false);
    client.event("GUILD_SCHEDULED_EVENT_USER_REMOVE").await;
    let counts = rest
        .get(&format!(
            "{one}/users/counts?guild_scheduled_event_exception_ids=5,6"
        ))
        .await
        .ok();
    assert_eq!(
        counts,
        json!({"guild_scheduled_event_count": 2, "guild_scheduled_event_exception_counts": {"5": 0, "6": 0}})
    );
}

// https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-field-requirements-by-entity-type
#[tokio::test(start_paused = true)]
async fn each_place_of_an_event_has_its_fields() {
    let (sim, _client, rest) = moderated().await;
    let discord = sim.discord();
    let path = format!("/guilds/{}/scheduled-events", discord.guild_id());
    let channel = |name: &str| discord.channel(name).expect("a channel").to_string();
    for (entity, name) in [(1, "ambo"), (2, "stalls")] {
        let mut event = external("Matins");
        event["entity_type"] = json!(entity);
        event["channel_id"] = json!(channel(name));
        event["scheduled_end_time"] = Value::Null;
        let made = rest.post(&path, &event).await.ok();
        assert_eq!(made["channel_id"], channel(name));
        assert_eq!(made["entity_metadata"], Value::Null, "it is discarded");
        let elsewhere = json!({
            "entity_type": 3, "channel_id": null, "entity_metadata": {"location": "the nave"},
            "scheduled_end_time": "2100-01-02T00:00:00Z",
        });
        let one = format!("{path}/{}", id(&made));
        let moved = rest.patch(&one, &elsewhere).await.ok();
        assert_eq!(
            (&moved["entity_type"], &moved["channel_id"]),
            (&json!(3), &Value::Null)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_event_is_told() {
    let (sim, _client, rest) = moderated().await;
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let ambo = sim.discord().channel("ambo").expect("a channel");
    for (change, field, code) in [
        (json!({"name": null}), "/name", "BASE_TYPE_REQUIRED"),
        (
            json!({"name": "x".repeat(101)}),
            "/name",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"description": "x".repeat(1001)}),
            "/description",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"privacy_level": 1}),
            "/privacy_level",
            "BASE_TYPE_CHOICES",
        ),
        (
            json!({"entity_type": 4}),
            "/entity_type",
            "BASE_TYPE_CHOICES",
        ),
        (
            json!({"entity_metadata": null}),
            "/entity_metadata",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"entity_metadata": {}}),
            "/entity_metadata/location",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"entity_metadata": {"location": "x".repeat(101)}}),
            "/entity_metadata/location",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"scheduled_end_time": null}),
            "/scheduled_end_time",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"scheduled_start_time": "tomorrow"}),
            "/scheduled_start_time",
            "DATE_TIME_TYPE_PARSE",
        ),
        (
            json!({"scheduled_start_time": "2001-01-01T00:00:00Z"}),
            "/scheduled_start_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
        ),
        (
            json!({"scheduled_end_time": "2100-01-01T17:00:00Z"}),
            "/scheduled_end_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_INVALID_END",
        ),
        (
            json!({"channel_id": ambo}),
            "/channel_id",
            "BASE_TYPE_CHOICES",
        ),
        (
            json!({"entity_type": 2}),
            "/channel_id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({"image": "data:text/plain;base64,eA=="}),
            "/image",
            "IMAGE_INVALID",
        ),
    ] {
        let mut event = external("Lauds");
        for (name, value) in change.as_object().expect("fields") {
            event[name] = value.clone();
        }
        let wrong = rest.post(&path, &event).await;
        assert_eq!(wrong.code(), (400, 50035), "{change}");
        let errors = &wrong.json()["errors"];
        let found = errors.pointer(&format!("{field}/_errors/0/code"));
        assert_eq!(found, Some(&json!(code)), "{change}: {errors}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_channel_of_an_event_is_of_its_kind() {
    let (sim, _client, rest) = moderated().await;
    let discord = sim.discord();
    let path = format!("/guilds/{}/scheduled-events", discord.guild_id());
    for (entity, name, expected) in [
        (1, "stalls", (400, 50024)),
        (2, "ambo", (400, 50024)),
        (2, "crypt", (403, 50001)),
        (2, "1", (404, 10003)),
    ] {
        let mut event = external("Lauds");
        event["entity_type"] = json!(entity);
        event["channel_id"] = json!(discord.channel(name).unwrap_or(1));
        assert_eq!(
            rest.post(&path, &event).await.code(),
            expected,
            "{entity} {name}"
        );
    }
}

// https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object
#[tokio::test(start_paused = true)]
async fn a_recurrence_is_what_the_system_can_show() {
    let (sim, _client, rest) = moderated().await;
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let with = |rule: &Value| {
        let mut event = external("Matins");
        event["recurrence_rule"] = rule.clone();
        event["recurrence_rule"]["start"] = json!("2100-01-01T18:00:00Z");
        event
    };
    for rule in [
        json!({"frequency": 3, "interval": 1, "by_weekday": [0, 1, 2, 3, 4]}),
        json!({"frequency": 3, "by_weekday": [6, 0]}),
        json!({"frequency": 2, "interval": 2, "by_weekday": [2]}),
        json!({"frequency": 1, "interval": 1, "by_n_weekday": [{"n": 4, "day": 2}]}),
        json!({"frequency": 0, "by_month": [7], "by_month_day": [24]}),
    ] {
        let made = rest.post(&path, &with(&rule)).await.ok();
        let kept = &made["recurrence_rule"];
        for name in [
            "by_weekday",
            "by_n_weekday",
            "by_month",
            "by_month_day",
            "end",
            "count",
            "by_year_day",
        ] {
            let given = rule.get(name).cloned().unwrap_or_default();
            assert_eq!(kept.get(name), Some(&given), "{name} of {rule}");
        }
        assert_eq!(
            kept["interval"],
            rule.get("interval").cloned().unwrap_or(json!(1))
        );
    }
    for (rule, field) in [
        (json!({}), "frequency"),
        (json!({"frequency": 4}), "frequency"),
        (json!({"frequency": 3, "interval": 2}), "interval"),
        (json!({"frequency": 2, "interval": 3}), "interval"),
        (json!({"frequency": 3, "by_weekday": [0, 2]}), "by_weekday"),
        (json!({"frequency": 2, "by_weekday": [0, 2]}), "by_weekday"),
        (json!({"frequency": 3, "by_weekday": [7]}), "by_weekday/0"),
        (
            json!({"frequency": 2, "by_n_weekday": [{"n": 1, "day": 1}]}),
            "by_n_weekday",
        ),
        (
            json!({"frequency": 1, "by_n_weekday": [{"n": 6, "day": 1}]}),
            "by_n_weekday/0/n",
        ),
        (json!({"frequency": 0, "by_month": [7]}), "by_month_day"),
        (
            json!({"frequency": 0, "by_month": [13], "by_month_day": [1]}),
            "by_month/0",
        ),
        (json!({"frequency": 2, "count": 5}), "count"),
        (
            json!({"frequency": 2, "end": "2100-02-01T00:00:00Z"}),
            "end",
        ),
    ] {
        let wrong = rest.post(&path, &with(&rule)).await;
        assert_eq!(wrong.code(), (400, 50035), "{rule}");
        let errors = &wrong.json()["errors"];
        let found = errors.pointer(&format!("/recurrence_rule/{field}/_errors/0/code"));
        assert!(found.is_some(), "{rule}: {errors}");
    }
}

// https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-object-valid-guild-scheduled-event-status-transitions
#[tokio::test(start_paused = true)]
async fn an_event_begins_before_it_ends() {
    let (sim, mut client, rest) = moderated().await;
    let (path, event) = made(&sim, &rest).await;
    let one = format!("{path}/{}", id(&event));
    let status = |status: u64| json!({"status": status});
    let wrong = rest.patch(&one, &status(3)).await;
    assert_eq!(
        wrong.json()["errors"]["status"]["_errors"][0]["code"],
        "BASE_TYPE_CHOICES"
    );
    assert_eq!(rest.patch(&one, &status(2)).await.ok()["status"], 2);
    assert_eq!(
        client.event("GUILD_SCHEDULED_EVENT_UPDATE").await["status"],
        2
    );
    let wrong = rest.patch(&one, &status(4)).await;
    assert_eq!(wrong.code(), (400, 50035));
    let wrong = rest
        .patch(
            &one,
            &json!({"scheduled_start_time": "2100-01-01T18:30:00Z"}),
        )
        .await;
    assert_eq!(
        wrong.json()["errors"]["scheduled_start_time"]["_errors"][0]["code"],
        "GUILD_SCHEDULED_EVENT_SCHEDULE_INVALID_START_BY_STATUS"
    );
    assert_eq!(rest.patch(&one, &status(3)).await.ok()["status"], 3);
    assert_eq!(
        client.event("GUILD_SCHEDULED_EVENT_UPDATE").await["status"],
        3
    );
    let late = rest.patch(&one, &json!({"name": "x"})).await;
    assert_eq!(late.code(), (400, 180_000));
    assert_eq!(rest.get(&path).await.ok(), json!([]), "it is over");
    assert_eq!(rest.get(&one).await.ok()["status"], 3);

    let (_, other) = made(&sim, &rest).await;
    let other = format!("{path}/{}", id(&other));
    assert_eq!(rest.patch(&other, &status(4)).await.ok()["status"], 4);
    rest.delete(&other).await.done();
    assert_eq!(rest.get(&other).await.code(), (404, 10070));
}

// https://docs.discord.com/developers/resources/guild-scheduled-event#guild-scheduled-event-status-update-automation
#[tokio::test(start_paused = true)]
async fn an_external_event_begins_and_ends_by_itself() {
    let hours = 36_000_000;
    let sim = Simulator::over_pipes(&Options::new().seed(7).gateway_heartbeat(hours));
    let mut client = Client::open(&sim, "").await;
    client.identify(&sim, ALL).await;
    let rest = Rest::of(&sim, "antiphon");
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let mut event = external("Compline");
    event["scheduled_start_time"] = json!(after(&sim, &rest, 10).await);
    event["scheduled_end_time"] = json!(after(&sim, &rest, 20).await);
    let made = rest.post(&path, &event).await.ok();
    let stalls = sim.discord().channel("stalls").expect("a channel");
    let voice = json!({
        "name": "Vigil", "privacy_level": 2, "entity_type": 2, "channel_id": stalls,
        "scheduled_start_time": after(&sim, &rest, 10).await,
    });
    let forgotten = rest.post(&path, &voice).await.ok();
    for (id, status) in [(&made, 2), (&made, 3), (&forgotten, 4)] {
        let told = update(&mut client).await;
        assert_eq!((&told["id"], &told["status"]), (&id["id"], &json!(status)));
    }
    assert_eq!(rest.get(&path).await.ok(), json!([]));
    let log = format!(
        "/guilds/{}/audit-logs?action_type=101",
        sim.discord().guild_id()
    );
    assert_eq!(rest.get(&log).await.ok()["audit_log_entries"], json!([]));
}

/// The next update of an event, at most a day from now.
async fn update(client: &mut Client) -> Value {
    let day = Duration::from_secs(86_400);
    let next = tokio::time::timeout(day, client.event("GUILD_SCHEDULED_EVENT_UPDATE"));
    let next = next.await;
    next.unwrap_or_else(|_| panic!("no update within a day: {:?}", client.received))
}

#[tokio::test(start_paused = true)]
async fn an_event_in_a_stage_channel_opens_its_stage_and_closes_it() {
    let (sim, mut client, rest) = moderated().await;
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let ambo = sim.discord().channel("ambo").expect("a channel");
    let event = json!({
        "name": "A reading", "privacy_level": 2, "entity_type": 1, "channel_id": ambo,
        "scheduled_start_time": "2100-01-01T18:00:00Z",
    });
    let made = rest.post(&path, &event).await.ok();
    let one = format!("{path}/{}", id(&made));
    let begun = rest.patch(&one, &json!({"status": 2})).await.ok();
    let stage = client.event("STAGE_INSTANCE_CREATE").await;
    assert_eq!(
        (&stage["topic"], &stage["guild_scheduled_event_id"]),
        (&json!("A reading"), &made["id"])
    );
    assert_eq!(begun["entity_id"], stage["id"]);
    rest.patch(&one, &json!({"status": 3})).await.ok();
    let closed = client.event("STAGE_INSTANCE_DELETE").await;
    assert_eq!(closed["id"], stage["id"]);
    assert_eq!(
        rest.get(&format!("/stage-instances/{ambo}")).await.code(),
        (404, 10067)
    );
}

#[tokio::test(start_paused = true)]
async fn one_recurrence_of_a_series_is_moved_or_left_out() {
    let (sim, mut client, rest) = moderated().await;
    let path = format!("/guilds/{}/scheduled-events", sim.discord().guild_id());
    let mut event = external("Matins");
    event["recurrence_rule"] =
        json!({"start": "2100-01-01T18:00:00Z", "frequency": 2, "by_weekday": [4]});
    let series = rest.post(&path, &event).await.ok();
    let one = format!("{path}/{}", id(&series));
    let exceptions = format!("{one}/exceptions");
    // The example is that of https://github.com/discord/discord-api-docs/issues/8009: the id has the original start.
    let original = "2025-12-12T18:00:00+00:00";
    let left_out = json!({"original_scheduled_start_time": original, "is_canceled": true});
    let exception = rest.post(&exceptions, &left_out).await.ok();
    let start: jiff::Timestamp = original.parse().expect("a time");
    let expected = u64::try_from(start.as_millisecond() - 1_420_070_400_000).expect("later") << 22;
    assert_eq!(
        exception,
        json!({
            "event_id": series["id"], "event_exception_id": expected.to_string(), "scheduled_start_time": null,
            "scheduled_end_time": null, "is_canceled": true,
        })
    );
    let told = client.event("GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE").await;
    assert_eq!(told["event_exception_id"], expected.to_string());
    let path = format!("{exceptions}/{expected}");
    let moved = json!({"is_canceled": false, "scheduled_start_time": "2100-01-02T18:00:00Z"});
    let moved = rest.patch(&path, &moved).await.ok();
    assert_eq!(
        moved["scheduled_start_time"],
        "2100-01-02T18:00:00.000000+00:00"
    );
    client.event("GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE").await;
    let whole = rest.get(&one).await.ok();
    assert_eq!(whole["guild_scheduled_event_exceptions"], json!([moved]));
    assert_eq!(
        rest.get(&format!("{one}/{expected}/users")).await.ok(),
        json!([])
    );
    assert_eq!(
        rest.get(&format!("{one}/5/users")).await.code(),
        (404, 10070)
    );
    rest.delete(&path).await.done();
    client.event("GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE").await;
    assert_eq!(rest.delete(&path).await.code(), (404, 10070));
    for (body, field) in [
        (json!({}), "original_scheduled_start_time"),
        (
            json!({"original_scheduled_start_time": original, "is_canceled": "perhaps"}),
            "is_canceled",
        ),
    ] {
        let wrong = rest.post(&exceptions, &body).await;
        assert!(
            wrong.json()["errors"][field]["_errors"].is_array(),
            "{body}"
        );
    }
    let (events, single) = made(&sim, &rest).await;
    let none = format!("{events}/{}/exceptions", id(&single));
    assert_eq!(
        rest.post(&none, &left_out).await.code(),
        (400, 50035),
        "it does not recur"
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_not_manage_events_cannot() {
    let (sim, _client, rest) = moderated().await;
    let (path, event) = made(&sim, &rest).await;
    let one = format!("{path}/{}", id(&event));
    let lector = Rest::of(&sim, "lector");
    assert_eq!(
        lector.get(&one).await.ok()["id"],
        event["id"],
        "a member sees it"
    );
    assert_eq!(
        lector.post(&path, &external("x")).await.code(),
        (403, 50013)
    );
    assert_eq!(
        lector.patch(&one, &json!({"name": "x"})).await.code(),
        (403, 50013)
    );
    assert_eq!(lector.delete(&one).await.code(), (403, 50013));
    let deacon = Rest::of(&sim, "deacon");
    assert_eq!(deacon.get(&path).await.code(), (403, 50001), "no member");
}

#[tokio::test(start_paused = true)]
async fn a_guild_has_a_hundred_events_that_are_not_over() {
    let (sim, _client, rest) = moderated().await;
    let (path, first) = made(&sim, &rest).await;
    for number in 1..100 {
        rest.post(&path, &external(&format!("Office {number}")))
            .await
            .ok();
    }
    assert_eq!(rest.post(&path, &external("x")).await.code(), (400, 30038));
    rest.patch(&format!("{path}/{}", id(&first)), &json!({"status": 4}))
        .await
        .ok();
    rest.post(&path, &external("x")).await.ok();
}
