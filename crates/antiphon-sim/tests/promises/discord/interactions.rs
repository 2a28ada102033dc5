//! Interactions: what users do with commands, components and modals, and how an application answers.
//!
//! What is right is from Discord's page
//! [Receiving and Responding](https://docs.discord.com/developers/interactions/receiving-and-responding).

use std::time::Duration;

use antiphon_sim::{Command, Simulator};
use serde_json::{Value, json};

use super::{
    ALL,
    client::{Client, Rest},
    identified, register,
};

/// A bot that is connected, with its requests.
struct Stage {
    sim: Simulator,
    client: Client,
    rest: Rest,
    channel: String,
    application: u64,
}

/// An interaction that the bot was sent, and the paths of its answers.
struct Asked {
    event: Value,
    callback: String,
    original: String,
    follow_ups: String,
}

impl Stage {
    async fn new() -> Self {
        let (sim, client) = identified(ALL).await;
        sim.discord().unlimited(true);
        let rest = Rest::of(&sim, "antiphon");
        let channel = sim.discord().channel_id().to_string();
        let application = sim.discord().account().application;
        Self {
            sim,
            client,
            rest,
            channel,
            application,
        }
    }

    /// Registers commands of the guild.
    async fn register(&self, commands: Value) -> Value {
        let guild = self.sim.discord().guild_id();
        let path = format!("/applications/{}/guilds/{guild}/commands", self.application);
        self.rest.put(&path, &commands).await.ok()
    }

    /// Posts a message with these components as the bot; returns its id.
    async fn post(&self, components: Value) -> String {
        let body = json!({"content": "once more?", "components": components});
        let path = format!("/channels/{}/messages", self.channel);
        let message = self.rest.post(&path, &body).await.ok();
        message["id"].as_str().expect("an id").to_owned()
    }

    /// Executes a command of the control address.
    fn execute(&self, command: &Value) -> Result<Value, String> {
        let mut command = command.clone();
        command["platform"] = json!("discord");
        let command = Command::parse(&command.to_string()).map_err(|error| error.to_string())?;
        self.sim
            .execute(&command)
            .map_err(|error| error.to_string())
    }

    /// Executes a command and takes the interaction that it makes.
    async fn ask(&mut self, command: &Value) -> Asked {
        let outcome = self.execute(command).expect("an interaction");
        let event = self.client.event("INTERACTION_CREATE").await;
        assert_eq!(event["id"], outcome["interaction"]);
        let token = event["token"].as_str().expect("a token");
        let follow_ups = format!("/webhooks/{}/{token}", self.application);
        Asked {
            callback: format!(
                "/interactions/{}/{token}/callback",
                event["id"].as_str().expect("an id")
            ),
            original: format!("{follow_ups}/messages/@original"),
            follow_ups,
            event,
        }
    }

    fn id(&self, user: &str) -> String {
        self.sim.discord().user(user).to_string()
    }
}

fn button(custom_id: &str) -> Value {
    json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": custom_id}]}])
}

#[tokio::test(start_paused = true)]
async fn what_was_renamed_is_found_by_the_names_that_commands_have_by_default() {
    let mut stage = Stage::new().await;
    let guild = stage.sim.discord().guild_id();
    for (path, name) in [
        ("/users/@me".to_owned(), json!({"username": "precentor"})),
        (
            format!("/channels/{}", stage.channel),
            json!({"name": "attic"}),
        ),
        (format!("/guilds/{guild}"), json!({"name": "quire"})),
    ] {
        stage.rest.patch(&path, &name).await.ok();
    }
    register(&stage.sim, "ping");
    let command = json!({"do": "command", "by": "mira", "name": "ping"});
    let asked = stage.ask(&command).await;
    assert_eq!(asked.event["channel_id"], stage.channel);
    let role = json!({"do": "add_role", "by": "mira", "name": "altos"});
    stage.execute(&role).expect("a role of the first guild");
    // Something else that takes the name has it.
    let nook = stage.sim.discord().add_channel("quire", "mira", "loft");
    let said = json!({"do": "say", "by": "mira", "text": "in here"});
    stage.execute(&said).expect("a message");
    assert_eq!(stage.sim.discord().texts(&nook.to_string()), ["in here"]);
}

// Discord gives no headers of a limit here: hikari, whose table of routes says so, complains of one.
#[tokio::test(start_paused = true)]
async fn the_answer_to_an_interaction_has_no_limit() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let command = json!({"do": "command", "by": "mira", "name": "ping"});
    let asked = stage.ask(&command).await;
    stage.sim.discord().unlimited(false);
    let answer = stage.rest.post(&asked.callback, &json!({"type": 5})).await;
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-bucket")),
        (204, "")
    );
}

// ---------------------------------------------------------------------------------------------------------------------
// What an application is sent.

#[tokio::test(start_paused = true)]
async fn a_command_has_the_id_of_its_registration_and_the_objects_that_it_names() {
    let mut stage = Stage::new().await;
    let types = [
        (6, "who"),
        (7, "where"),
        (8, "as"),
        (9, "also"),
        (11, "file"),
        (3, "how"),
        (4, "often"),
        (10, "much"),
        (5, "loud"),
    ];
    let options = types.map(|(kind, name)| json!({"name": name, "type": kind, "description": "d", "required": name == "who"}));
    let known = stage
        .register(
            json!([{"name": "greet", "type": 1, "description": "greets", "options": options}]),
        )
        .await;
    let asked = stage
        .ask(
            &json!({"do": "command", "by": "mira", "name": "greet", "options": {
                "who": "iris", "where": "lobby", "as": "DJ", "also": "teo", "file": "a.txt",
                "how": "well", "often": 3, "much": 0.5, "loud": true,
            }}),
        )
        .await;
    let (event, data) = (&asked.event, &asked.event["data"]);
    let guild = stage.sim.discord().guild_id().to_string();
    assert_eq!(
        (&data["id"], &data["guild_id"], &data["type"]),
        (&known[0]["id"], &json!(guild), &json!(1))
    );
    let of = |name: &str| {
        let options = data["options"].as_array().expect("options");
        options
            .iter()
            .find(|option| option["name"] == name)
            .expect("it")
            .clone()
    };
    assert_eq!(
        of("who"),
        json!({"name": "who", "type": 6, "value": stage.id("iris")})
    );
    assert_eq!(of("often")["value"], 3);
    let resolved = &data["resolved"];
    let iris = stage.id("iris");
    assert_eq!(resolved["users"][&iris]["username"], "iris");
    assert!(resolved["members"][&iris]["permissions"].is_string());
    assert!(resolved["members"][&iris].get("user").is_none());
    assert_eq!(resolved["users"][&stage.id("teo")]["username"], "teo");
    let channel = of("where")["value"].as_str().expect("an id").to_owned();
    assert_eq!(resolved["channels"][&channel]["name"], "lobby");
    let role = of("as")["value"].as_str().expect("an id").to_owned();
    assert_eq!(resolved["roles"][&role]["name"], "DJ");
    let file = of("file")["value"].as_str().expect("an id").to_owned();
    assert_eq!(resolved["attachments"][&file]["filename"], "a.txt");
    // Around the command.
    assert_eq!(event["member"]["user"]["username"], "mira");
    assert!(event.get("user").is_none() && event["member"]["permissions"].is_string());
    assert_eq!(
        (
            &event["context"],
            &event["guild_locale"],
            &event["attachment_size_limit"]
        ),
        (&json!(0), &json!("en-US"), &json!(10_485_760))
    );
    assert_eq!(event["authorizing_integration_owners"], json!({"0": guild}));
    assert_eq!(event["channel"]["id"], stage.channel);
    assert_eq!(stage.sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn sub_commands_are_named_with_their_command() {
    let mut stage = Stage::new().await;
    let song = json!({"name": "song", "type": 3, "description": "d", "required": true});
    let add = json!({"name": "add", "type": 1, "description": "d", "options": [song]});
    let queue = json!({"name": "queue", "type": 2, "description": "d", "options": [add]});
    let skip = json!({"name": "skip", "type": 1, "description": "d"});
    stage
        .register(json!([{"name": "music", "description": "d", "options": [queue, skip]}]))
        .await;
    let whole = json!([{"name": "queue", "type": 2, "options": [
        {"name": "add", "type": 1, "options": [{"name": "song", "type": 3, "value": "low tide"}]},
    ]}]);
    for command in [
        json!({"do": "command", "by": "mira", "name": "music queue add", "options": {"song": "low tide"}}),
        json!({"do": "command", "by": "mira", "name": "music", "options": whole}),
    ] {
        assert_eq!(stage.ask(&command).await.event["data"]["options"], whole);
    }
    let skipped = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "music skip"}))
        .await;
    assert_eq!(skipped.event["data"]["options"][0]["name"], "skip");
    let refused = stage.execute(&json!({"do": "command", "by": "mira", "name": "music"}));
    assert!(
        refused
            .expect_err("no sub-command")
            .contains("one of its sub-commands")
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_client_would_offer_is_refused_with_a_reason() {
    let stage = Stage::new().await;
    let choices = json!([{"name": "High", "value": "high"}, {"name": "Low", "value": "low"}]);
    stage.register(json!([
        {"name": "sing", "description": "d", "options": [
            {"name": "part", "type": 3, "description": "d", "required": true, "choices": choices},
            {"name": "times", "type": 4, "description": "d", "min_value": 1, "max_value": 9},
            {"name": "where", "type": 7, "description": "d", "channel_types": [2]},
        ]},
        {"name": "rule", "description": "d", "default_member_permissions": "8"},
    ])).await;
    stage
        .post(json!([{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": true},
            {"type": 2, "style": 1, "label": "On", "custom_id": "on"},
        ]}]))
        .await;
    for (command, why) in [
        (
            json!({"do": "command", "by": "mira", "name": "dance"}),
            "no such command `dance`",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing"}),
            "needs its option `part`",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "options": {"part": "mid"}}),
            "is one of `high`, `low`",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "options": {"part": "high", "times": 10}}),
            "outside of its range",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "options": {"part": "high", "times": "2"}}),
            "whole number",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "options": {"part": "high", "where": "lobby"}}),
            "takes no channel",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "options": {"pitch": 1}}),
            "no option `pitch`",
        ),
        (
            json!({"do": "command", "by": "iris", "name": "rule"}),
            "no such command `rule`",
        ),
        (
            json!({"do": "command", "by": "mira", "name": "sing", "bot": "deacon"}),
            "is not here",
        ),
        (
            json!({"do": "command", "by": "passer-by", "name": "sing"}),
            "cannot see this channel",
        ),
        (
            json!({"do": "press", "by": "mira", "custom_id": "again"}),
            "custom id `again`",
        ),
        (
            json!({"do": "press", "by": "mira", "custom_id": "off"}),
            "is disabled",
        ),
        (
            json!({"do": "select", "by": "mira", "custom_id": "on", "values": ["x"]}),
            "no select menu",
        ),
        (
            json!({"do": "context", "by": "mira", "name": "sing", "target": "iris"}),
            "no such command `sing`",
        ),
        (json!({"do": "submit", "by": "mira"}), "has opened no modal"),
    ] {
        let error = stage.execute(&command).expect_err("refused");
        assert!(error.contains(why), "{command}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn menus_name_the_user_or_the_message_they_are_used_on() {
    let mut stage = Stage::new().await;
    let known = stage
        .register(json!([{"name": "Wave at", "type": 2}, {"name": "Keep this", "type": 3}]))
        .await;
    let asked = stage
        .ask(&json!({"do": "context", "by": "mira", "name": "Wave at", "target": "iris"}))
        .await;
    let (data, iris) = (&asked.event["data"], stage.id("iris"));
    assert_eq!(
        (&data["id"], &data["type"], &data["target_id"]),
        (&known[0]["id"], &json!(2), &json!(iris))
    );
    assert_eq!(data["resolved"]["users"][&iris]["username"], "iris");
    assert!(data["resolved"]["members"][&iris].is_object());
    let message = stage
        .sim
        .discord()
        .say("loft", "teo", "a fine line")
        .to_string();
    let asked = stage
        .ask(&json!({"do": "context", "by": "mira", "name": "Keep this", "target": message}))
        .await;
    let data = &asked.event["data"];
    assert_eq!(
        (&data["type"], &data["target_id"]),
        (&json!(3), &json!(message))
    );
    assert_eq!(
        data["resolved"]["messages"][&message]["content"],
        "a fine line"
    );
    // The answer says what it was used on.
    let answer = json!({"type": 4, "data": {"content": "kept"}});
    let path = format!("{}?with_response=true", asked.callback);
    let shown = stage.rest.post(&path, &answer).await.ok();
    let shown = &shown["resource"]["message"];
    assert_eq!(
        (
            &shown["type"],
            &shown["interaction_metadata"]["target_message_id"]
        ),
        (&json!(23), &json!(message))
    );
}

#[tokio::test(start_paused = true)]
async fn a_button_comes_with_its_message() {
    let mut stage = Stage::new().await;
    stage.post(button("again")).await;
    let newest = stage.post(button("again")).await;
    let asked = stage
        .ask(&json!({"do": "press", "by": "mira", "custom_id": "again"}))
        .await;
    assert_eq!(
        asked.event["data"],
        json!({"id": 2, "component_type": 2, "custom_id": "again"})
    );
    assert_eq!(asked.event["type"], 3);
    let message = &asked.event["message"];
    assert_eq!(
        (&message["id"], &message["content"]),
        (&json!(newest), &json!("once more?"))
    );
    assert_eq!(message["components"][0]["components"][0]["id"], 2);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_select_menu_gives_its_values_and_what_they_name() {
    let mut stage = Stage::new().await;
    let options = json!([{"label": "High", "value": "high"}, {"label": "Low", "value": "low"}]);
    let row = |kind: u8, more: Value| {
        let mut menu = json!({"type": kind, "custom_id": format!("menu {kind}"), "max_values": 2});
        if let Value::Object(more) = more {
            menu.as_object_mut().expect("an object").extend(more);
        }
        json!({"type": 1, "components": [menu]})
    };
    stage
        .post(json!([
            row(3, json!({"options": options})),
            row(5, json!({})),
            row(6, json!({})),
            row(7, json!({})),
            row(8, json!({"channel_types": [0]}))
        ]))
        .await;
    for (kind, values, kinds) in [
        (3, json!(["high", "low"]), vec![]),
        (5, json!(["iris", "teo"]), vec!["members", "users"]),
        (6, json!(["DJ"]), vec!["roles"]),
        (7, json!(["DJ", "iris"]), vec!["members", "roles", "users"]),
        (8, json!(["lobby"]), vec!["channels"]),
    ] {
        let asked = stage.ask(&json!({"do": "select", "by": "mira", "custom_id": format!("menu {kind}"), "values": values})).await;
        let data = &asked.event["data"];
        assert_eq!(data["component_type"], kind);
        assert!(asked.event["message"]["id"].is_string());
        assert_eq!(
            data["values"].as_array().map(Vec::len),
            values.as_array().map(Vec::len)
        );
        let mut resolved: Vec<&String> = data["resolved"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys())
            .collect();
        resolved.sort();
        assert_eq!(resolved, kinds, "type {kind}");
    }
    for values in [
        json!([]),
        json!(["high", "high"]),
        json!(["mid"]),
        json!(["high", "low", "mid"]),
    ] {
        let refused = stage.execute(
            &json!({"do": "select", "by": "mira", "custom_id": "menu 3", "values": values}),
        );
        assert!(refused.is_err(), "{values}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_option_that_is_typed_asks_for_choices() {
    let mut stage = Stage::new().await;
    let song = json!({"name": "song", "type": 3, "description": "d", "required": true, "autocomplete": true});
    let loud = json!({"name": "loud", "type": 5, "description": "d"});
    stage
        .register(json!([{"name": "play", "description": "d", "options": [song, loud]}]))
        .await;
    let asked = stage
        .ask(
            &json!({"do": "autocomplete", "by": "mira", "name": "play", "options": {"song": "lo"}}),
        )
        .await;
    assert_eq!(asked.event["type"], 4);
    assert_eq!(
        asked.event["data"]["options"],
        json!([{"name": "song", "type": 3, "value": "lo", "focused": true}])
    );
    let many: Vec<Value> = (0..26)
        .map(|n| json!({"name": format!("song {n}"), "value": "x"}))
        .collect();
    for (body, code) in [
        (json!({"type": 8, "data": {"choices": many}}), 50035),
        (json!({"type": 8, "data": {}}), 50035),
        (json!({"type": 4, "data": {"content": "no"}}), 50035),
    ] {
        assert_eq!(
            stage.rest.post(&asked.callback, &body).await.code(),
            (400, code),
            "{body}"
        );
    }
    let choices = json!([{"name": "Low tide", "value": "low tide"}]);
    stage
        .rest
        .post(
            &asked.callback,
            &json!({"type": 8, "data": {"choices": choices}}),
        )
        .await
        .done();
    let id = asked.event["id"].as_str().expect("an id");
    let shown = stage
        .execute(&json!({"do": "response", "interaction": id}))
        .expect("a response");
    assert_eq!(shown["response"]["data"]["choices"], choices);
    let refused = stage.execute(
        &json!({"do": "autocomplete", "by": "mira", "name": "play", "options": {"loud": true}}),
    );
    assert!(
        refused
            .expect_err("it has none")
            .contains("no option is being typed")
    );
}

#[tokio::test(start_paused = true)]
async fn a_modal_is_submitted_as_it_was_filled() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "report");
    let rows = json!([{"type": 1, "components": [
        {"type": 4, "custom_id": "title", "style": 1, "label": "Title", "max_length": 10},
    ]}]);
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "report"}))
        .await;
    for bad in [
        json!({"title": "Report", "components": rows}),
        json!({"custom_id": "report", "title": "", "components": rows}),
        json!({"custom_id": "report", "title": "Report", "components": []}),
        json!({"custom_id": "report", "title": "Report", "components": button("x")}),
    ] {
        let refused = stage
            .rest
            .post(&asked.callback, &json!({"type": 9, "data": bad}))
            .await;
        assert_eq!(refused.code(), (400, 50035), "{bad}");
    }
    let modal = json!({"custom_id": "report", "title": "Report", "components": rows});
    stage
        .rest
        .post(&asked.callback, &json!({"type": 9, "data": modal}))
        .await
        .done();
    for (fields, why) in [
        (json!({}), "`title` is required"),
        (
            json!({"title": "far too long a title"}),
            "0 to 10 characters",
        ),
        (json!({"title": "x", "body": "y"}), "no field `body`"),
    ] {
        let error = stage.execute(&json!({"do": "submit", "by": "mira", "fields": fields}));
        assert!(error.expect_err("refused").contains(why), "{why}");
    }
    let submitted = stage.ask(&json!({"do": "submit", "by": "mira", "custom_id": "report", "fields": {"title": "noise"}})).await;
    assert_eq!(submitted.event["type"], 5);
    assert_eq!(
        submitted.event["data"],
        json!({"custom_id": "report", "components": [
            {"type": 1, "id": 1, "components": [{"type": 4, "id": 2, "custom_id": "title", "value": "noise"}]},
        ]})
    );
    assert!(submitted.event.get("message").is_none());
    let again = stage
        .rest
        .post(&submitted.callback, &json!({"type": 9, "data": modal}))
        .await;
    assert_eq!(again.code(), (400, 50035), "a modal does not open a modal");
    assert!(
        stage
            .execute(&json!({"do": "submit", "by": "mira"}))
            .is_err(),
        "it was submitted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_modal_of_a_component_has_its_message_and_newer_fields() {
    let mut stage = Stage::new().await;
    let message = stage.post(button("ask")).await;
    let asked = stage
        .ask(&json!({"do": "press", "by": "mira", "custom_id": "ask"}))
        .await;
    let label =
        |label: &str, component: Value| json!({"type": 18, "label": label, "component": component});
    let options = json!([{"label": "High", "value": "high"}, {"label": "Low", "value": "low"}]);
    let modal = json!({"custom_id": "form", "title": "Form", "components": [
        {"type": 10, "content": "Tell us"},
        label("Text", json!({"type": 4, "custom_id": "text", "style": 2, "required": false})),
        label("Part", json!({"type": 3, "custom_id": "part", "options": options})),
        label("Who", json!({"type": 5, "custom_id": "who"})),
        label("File", json!({"type": 19, "custom_id": "file", "required": false})),
    ]});
    stage
        .rest
        .post(&asked.callback, &json!({"type": 9, "data": modal}))
        .await
        .done();
    let fields = json!({"part": ["low"], "who": "iris", "file": ["notes.txt"]});
    let submitted = stage
        .ask(&json!({"do": "submit", "by": "mira", "fields": fields}))
        .await;
    assert_eq!(submitted.event["message"]["id"], message);
    let components = &submitted.event["data"]["components"];
    assert_eq!(components[0], json!({"type": 10, "id": 1}));
    assert_eq!(components[1]["component"]["value"], "");
    assert_eq!(
        components[2],
        json!({"type": 18, "id": 4, "component": {"type": 3, "id": 5, "custom_id": "part", "values": ["low"]}})
    );
    assert_eq!(
        components[3]["component"]["values"],
        json!([stage.id("iris")])
    );
    let resolved = &submitted.event["data"]["resolved"];
    assert!(resolved["users"][&stage.id("iris")].is_object());
    let file = components[4]["component"]["values"][0]
        .as_str()
        .expect("an id");
    assert_eq!(resolved["attachments"][file]["filename"], "notes.txt");
    // A modal of a component may update its message.
    stage
        .rest
        .post(
            &submitted.callback,
            &json!({"type": 7, "data": {"content": "thanks", "components": []}}),
        )
        .await
        .done();
    let updated = stage.client.event("MESSAGE_UPDATE").await;
    assert_eq!(
        (&updated["id"], &updated["content"]),
        (&json!(message), &json!("thanks"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_direct_interaction_has_a_user_and_no_guild() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    stage
        .register(json!([{"name": "here", "description": "of the guild"}]))
        .await;
    let asked = stage
        .ask(&json!({"do": "command", "place": "@me", "by": "mira", "name": "ping"}))
        .await;
    let event = &asked.event;
    assert_eq!(event["user"]["username"], "mira");
    assert!(event.get("member").is_none() && event.get("guild_id").is_none());
    assert_eq!(
        (&event["context"], &event["authorizing_integration_owners"]),
        (&json!(1), &json!({"0": "0"}))
    );
    assert_eq!(
        (
            &event["channel"]["type"],
            event["channel"]["recipients"].as_array().map(Vec::len)
        ),
        (&json!(1), Some(1))
    );
    let answer = json!({"type": 4, "data": {"content": "pong", "components": button("again")}});
    stage.rest.post(&asked.callback, &answer).await.done();
    assert_eq!(
        stage.client.event("MESSAGE_CREATE").await["channel_id"],
        event["channel_id"]
    );
    let pressed = stage
        .ask(&json!({"do": "press", "place": "@me", "by": "mira", "custom_id": "again"}))
        .await;
    assert_eq!(pressed.event["message"]["content"], "pong");
    let refused =
        stage.execute(&json!({"do": "command", "place": "@me", "by": "mira", "name": "here"}));
    assert!(
        refused.is_err(),
        "a guild's command is not offered elsewhere"
    );
}

// ---------------------------------------------------------------------------------------------------------------------
// How an application answers.

#[tokio::test(start_paused = true)]
async fn a_response_is_given_where_it_is_asked_for_in_any_spelling() {
    for spelling in ["1", "true", "True"] {
        let mut stage = Stage::new().await;
        register(&stage.sim, "ping");
        let asked = stage
            .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
            .await;
        let path = format!("{}?with_response={spelling}", asked.callback);
        let body = json!({"type": 4, "data": {"tts": false, "content": "pong"}});
        let response = stage.rest.post(&path, &body).await.ok();
        let message = &response["resource"]["message"];
        assert_eq!(
            response["interaction"],
            json!({
                "id": asked.event["id"], "type": 2, "response_message_id": message["id"],
                "response_message_loading": false, "response_message_ephemeral": false,
            })
        );
        assert_eq!(
            (
                &response["resource"]["type"],
                &message["type"],
                &message["content"]
            ),
            (&json!(4), &json!(20), &json!("pong"))
        );
        assert_eq!(message["interaction_metadata"]["id"], asked.event["id"]);
        assert_eq!(message["webhook_id"], stage.application.to_string());
    }
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    for spelling in ["0", "false", "False"] {
        let asked = stage
            .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
            .await;
        let path = format!("{}?with_response={spelling}", asked.callback);
        stage
            .rest
            .post(&path, &json!({"type": 4, "data": {"content": "pong"}}))
            .await
            .done();
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_changes_the_message_of_the_component() {
    let mut stage = Stage::new().await;
    let message = stage.post(button("again")).await;
    let asked = stage
        .ask(&json!({"do": "press", "by": "mira", "custom_id": "again"}))
        .await;
    let path = format!("{}?with_response=true", asked.callback);
    let body = json!({"type": 7, "data": {"content": "pressed", "components": []}});
    let response = stage.rest.post(&path, &body).await.ok();
    assert_eq!(
        response["interaction"],
        json!({
            "id": asked.event["id"], "type": 3, "response_message_id": message,
            "response_message_loading": false, "response_message_ephemeral": false,
        })
    );
    assert_eq!(response["resource"]["message"]["content"], "pressed");
    let updated = stage.client.event("MESSAGE_UPDATE").await;
    assert_eq!(
        (&updated["id"], &updated["components"]),
        (&json!(message), &json!([]))
    );
    assert_eq!(
        stage.rest.get(&asked.original).await.ok()["content"],
        "pressed"
    );
    let after = stage
        .rest
        .patch(&asked.original, &json!({"content": "after"}))
        .await
        .ok();
    assert_eq!(
        (&after["id"], &after["content"]),
        (&json!(message), &json!("after"))
    );
    // Deleting the original deletes that message.
    stage.rest.delete(&asked.original).await.done();
    assert_eq!(stage.client.event("MESSAGE_DELETE").await["id"], message);
    assert_eq!(stage.rest.get(&asked.original).await.code(), (404, 10008));
}

#[tokio::test(start_paused = true)]
async fn a_deferred_update_leaves_the_message_to_the_first_edit() {
    let mut stage = Stage::new().await;
    let message = stage.post(button("again")).await;
    let asked = stage
        .ask(&json!({"do": "press", "by": "mira", "custom_id": "again"}))
        .await;
    let path = format!("{}?with_response=1", asked.callback);
    let response = stage.rest.post(&path, &json!({"type": 6})).await.ok();
    assert_eq!(response["interaction"]["response_message_id"], message);
    assert!(response["resource"].get("message").is_none());
    let later = stage
        .rest
        .patch(&asked.original, &json!({"content": "later"}))
        .await
        .ok();
    assert_eq!(
        (&later["id"], &later["content"], &later["type"]),
        (&json!(message), &json!("later"), &json!(0))
    );
    let follow = stage
        .rest
        .post(&asked.follow_ups, &json!({"content": "and"}))
        .await
        .ok();
    assert_eq!(
        (&follow["type"], &follow["message_reference"]["message_id"]),
        (&json!(19), &json!(message))
    );
}

#[tokio::test(start_paused = true)]
async fn a_deferred_answer_thinks_until_it_is_filled() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    let path = format!("{}?with_response=true", asked.callback);
    let response = stage.rest.post(&path, &json!({"type": 5})).await.ok();
    assert_eq!(response["interaction"]["response_message_loading"], true);
    let message = &response["resource"]["message"];
    assert_eq!(
        (&message["flags"], &message["content"], &message["type"]),
        (&json!(128), &json!(""), &json!(20))
    );
    assert_eq!(stage.client.event("MESSAGE_CREATE").await["flags"], 128);
    assert_eq!(stage.rest.get(&asked.original).await.ok()["flags"], 128);
    let empty = stage.rest.patch(&asked.original, &json!({})).await;
    assert_eq!(empty.code(), (400, 50006));
    let body =
        json!({"content": "done", "embeds": [{"title": "t"}], "components": button("again")});
    let filled = stage.rest.patch(&asked.original, &body).await.ok();
    assert_eq!(
        (&filled["id"], &filled["flags"], &filled["content"]),
        (&message["id"], &json!(0), &json!("done"))
    );
    assert_eq!(filled["embeds"], json!([{"type": "rich", "title": "t"}]));
    assert_eq!(
        filled["components"][0]["components"][0]["custom_id"],
        "again"
    );
    assert_eq!(
        stage.client.event("MESSAGE_UPDATE").await["content"],
        "done"
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_follow_up_of_a_deferred_answer_fills_it() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    let path = format!("{}?with_response=true", asked.callback);
    let response = stage
        .rest
        .post(&path, &json!({"type": 5, "data": {"flags": 64}}))
        .await
        .ok();
    assert_eq!(response["interaction"]["response_message_ephemeral"], true);
    let original = &response["resource"]["message"]["id"];
    let first = stage
        .rest
        .post(&asked.follow_ups, &json!({"content": "one"}))
        .await
        .ok();
    assert_eq!(
        (&first["id"], &first["flags"]),
        (original, &json!(64)),
        "it stays ephemeral"
    );
    let second = stage
        .rest
        .post(&asked.follow_ups, &json!({"content": "two"}))
        .await
        .ok();
    assert_ne!(second["id"], *original);
    // Only the second is seen by everybody.
    assert_eq!(stage.client.event("MESSAGE_CREATE").await["content"], "two");
    let listed = stage
        .rest
        .get(&format!("/channels/{}/messages", stage.channel))
        .await
        .ok();
    assert!(
        listed
            .as_array()
            .expect("a list")
            .iter()
            .all(|one| one["id"] != *original)
    );
}

#[tokio::test(start_paused = true)]
async fn follow_ups_have_every_field_and_are_edited_and_deleted() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    stage
        .rest
        .post(
            &asked.callback,
            &json!({"type": 4, "data": {"content": "pong"}}),
        )
        .await
        .done();
    let body = json!({
        "content": "more", "embeds": [{"title": "t"}], "components": button("again"), "flags": 4096,
        "poll": {"question": {"text": "which"}, "answers": [{"poll_media": {"text": "one"}}], "duration": 2},
    });
    let message = stage.rest.post(&asked.follow_ups, &body).await.ok();
    assert_eq!(
        (
            &message["flags"],
            &message["poll"]["answers"][0]["answer_id"]
        ),
        (&json!(4096), &json!(1))
    );
    assert_eq!(
        message["interaction_metadata"]["original_response_message_id"],
        message["message_reference"]["message_id"]
    );
    let path = format!(
        "{}/messages/{}",
        asked.follow_ups,
        message["id"].as_str().expect("an id")
    );
    let edited = stage
        .rest
        .patch(
            &path,
            &json!({"content": null, "embeds": [{"title": "u"}], "components": []}),
        )
        .await
        .ok();
    assert_eq!(
        (
            &edited["content"],
            &edited["embeds"][0]["title"],
            &edited["components"]
        ),
        (&json!(""), &json!("u"), &json!([]))
    );
    assert_eq!(stage.rest.get(&path).await.ok()["embeds"][0]["title"], "u");
    stage.rest.delete(&path).await.done();
    assert_eq!(stage.rest.get(&path).await.code(), (404, 10008));
    // A message of somebody else is not reached this way.
    let other = stage.sim.discord().say("loft", "mira", "mine");
    let path = format!("{}/messages/{other}", asked.follow_ups);
    assert_eq!(stage.rest.delete(&path).await.code(), (404, 10008));
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_does_not_fit_is_refused() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    for (body, code) in [
        (json!({"type": 4, "data": {}}), 50006),
        (
            json!({"type": 4, "data": {"content": "x".repeat(2001)}}),
            50035,
        ),
        (json!({"type": 6}), 50035),
        (json!({"type": 7, "data": {"content": "x"}}), 50035),
        (json!({"type": 8, "data": {"choices": []}}), 50035),
        (json!({"type": 10}), 50035),
        (json!({"type": 99}), 50035),
    ] {
        assert_eq!(
            stage.rest.post(&asked.callback, &body).await.code(),
            (400, code),
            "{body}"
        );
    }
    let long = stage
        .rest
        .post(
            &asked.callback,
            &json!({"type": 4, "data": {"content": "x".repeat(2001)}}),
        )
        .await;
    assert!(
        long.json()["errors"]["data"]["content"]["_errors"].is_array(),
        "{}",
        long.text
    );
    let path = format!("{}?with_response=true", asked.callback);
    let launched = stage.rest.post(&path, &json!({"type": 12})).await.ok();
    assert_eq!(
        launched["resource"]["activity_instance"]["id"],
        launched["interaction"]["activity_instance_id"]
    );
    assert_eq!(
        stage
            .rest
            .post(&asked.callback, &json!({"type": 5}))
            .await
            .code(),
        (400, 40060)
    );
    assert_eq!(stage.rest.get(&asked.original).await.code(), (404, 10008));
    // Three seconds are over.
    let late = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    tokio::time::sleep(Duration::from_millis(3001)).await;
    assert_eq!(
        stage
            .rest
            .post(&late.callback, &json!({"type": 5}))
            .await
            .code(),
        (404, 10062)
    );
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_answer_is_seen_and_used_by_its_user_alone() {
    let mut stage = Stage::new().await;
    register(&stage.sim, "ping");
    let asked = stage
        .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
        .await;
    let body = json!({"type": 4, "data": {"content": "psst", "flags": 64, "components": button("secret")}});
    stage.rest.post(&asked.callback, &body).await.done();
    assert!(
        stage
            .execute(&json!({"do": "press", "by": "teo", "custom_id": "secret"}))
            .is_err()
    );
    let pressed = stage
        .ask(&json!({"do": "press", "by": "mira", "custom_id": "secret"}))
        .await;
    assert_eq!(pressed.event["message"]["flags"], 64);
    stage
        .rest
        .post(
            &pressed.callback,
            &json!({"type": 7, "data": {"content": "gone", "components": []}}),
        )
        .await
        .done();
    assert_eq!(
        stage.rest.get(&asked.original).await.ok()["content"],
        "gone"
    );
    assert!(
        stage.client.hears_nothing().await,
        "no event tells of an ephemeral message"
    );
}

/// Discord counts the response to each interaction for itself: they are
/// [not bound to a bot's limits](https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints).
#[tokio::test(start_paused = true)]
async fn many_interactions_at_once_are_all_answered() {
    let mut stage = Stage::new().await;
    stage.sim.discord().unlimited(false);
    let ping = json!([{"name": "ping", "type": 1, "description": "pings"}]);
    stage.register(ping).await;
    for _ in 0..30 {
        let asked = stage
            .ask(&json!({"do": "command", "by": "mira", "name": "ping"}))
            .await;
        let response = json!({"type": 4, "data": {"content": "pong"}});
        let answer = stage.rest.post(&asked.callback, &response).await;
        assert_eq!(answer.status, 204);
    }
}
