//! The table of routes against Discord's description, and the page that is made from it.
//!
//! `operations.txt` has the facts of the description that the table is held against: method, path, operation, the kind
//! of token, and whether there is a body (<https://github.com/discord/discord-api-spec>, `specs/openapi.json`).
//! `UPDATE_ROUTES=1 cargo test -p antiphon-sim --lib routes` writes `docs/simulator-routes.md` anew.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use bytes::Bytes;
use http::Request;

use super::{
    GROUPS,
    answer::Body,
    route::{self, Access, NoRoute, Route, Served},
};
use crate::{Simulator, discord::permissions::EVERYONE};

struct Operation {
    method: &'static str,
    path: &'static str,
    name: &'static str,
    takes_bots: bool,
    has_body: bool,
}

fn operations() -> Vec<Operation> {
    let lines = include_str!("operations.txt").lines();
    lines
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            Operation {
                method: words[0],
                path: words[1],
                name: words[2],
                takes_bots: words[3] == "bot",
                has_body: words[4] == "body",
            }
        })
        .collect()
}

#[test]
fn every_operation_of_the_description_has_a_row() {
    let rows: BTreeMap<&str, &Route> = route::all()
        .filter(|route| !route.operation.is_empty())
        .map(|route| (route.operation, route))
        .collect();
    let operations = operations();
    for one in &operations {
        let row = rows.get(one.name).unwrap_or_else(|| {
            panic!("{} {} ({}) has no row", one.method, one.path, one.name);
        });
        assert_eq!(
            (row.method, row.path),
            (one.method, one.path),
            "{}",
            one.name
        );
        if row.is_served() {
            assert_eq!(
                row.has_body || one.method == "DELETE",
                one.has_body || one.method == "DELETE",
                "{}: body",
                one.name
            );
        }
        if !one.takes_bots {
            assert!(
                matches!(row.served, Served::BearerOnly),
                "{}: token",
                one.name
            );
        }
    }
    let known = |name: &str| operations.iter().any(|one| one.name == name);
    let unknown: Vec<&&str> = rows.keys().filter(|name| !known(name)).collect();
    assert!(
        unknown.is_empty(),
        "no operations of the description: {unknown:?}"
    );
}

#[test]
fn no_two_rows_fit_the_same_path_equally_well() {
    let mut shapes = BTreeMap::new();
    for row in route::all() {
        let steps = row.path.split('/');
        let shape: Vec<&str> = steps
            .map(|step| if step.starts_with('{') { "{}" } else { step })
            .collect();
        let other = shapes.insert((row.method, shape), row.path);
        assert_eq!(other, None, "{} {}", row.method, row.path);
    }
}

#[test]
fn a_request_is_matched_by_its_own_row() {
    let found = |method: &str, path: &str| {
        let steps: Vec<&str> = path.split('/').collect();
        route::find(method, &steps).map(|(route, _)| route.path)
    };
    for (method, path, expected) in [
        ("GET", "guilds/templates/abc", "/guilds/templates/{code}"),
        ("GET", "guilds/1/templates", "/guilds/{guild_id}/templates"),
        (
            "GET",
            "applications/1/guilds/2/commands/permissions",
            "/applications/{application_id}/guilds/{guild_id}/commands/permissions",
        ),
        (
            "GET",
            "guilds/1/roles/member-counts",
            "/guilds/{guild_id}/roles/member-counts",
        ),
        (
            "POST",
            "channels/1/messages/2/crosspost",
            "/channels/{channel_id}/messages/{message_id}/crosspost",
        ),
        (
            "POST",
            "channels/1/messages/bulk-delete",
            "/channels/{channel_id}/messages/bulk-delete",
        ),
        (
            "GET",
            "webhooks/1/t/messages/@original",
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        ),
        ("GET", "users/@me", "/users/@me"),
    ] {
        assert_eq!(found(method, path), Ok(expected));
    }
    assert_eq!(found("PUT", "users/@me"), Err(NoRoute { has_path: true }));
    assert_eq!(
        found("GET", "lorem/ipsum"),
        Err(NoRoute { has_path: false })
    );
}

#[test]
fn a_row_that_is_not_served_says_why() {
    for row in route::all() {
        if let Served::Not(why) = row.served {
            assert!(!why.is_empty(), "{} {}", row.method, row.path);
        }
        if row.method == "GET" {
            assert!(!row.has_body, "{}", row.path);
            assert!(
                row.events.is_empty() && row.audit.is_empty(),
                "{}",
                row.path
            );
        }
    }
}

/// A path of a row, with objects that exist in place of guilds, channels and applications.
fn path_of(sim: &Simulator, row: &Route, application: u64) -> String {
    let discord = sim.discord();
    let steps = row.path.split('/').map(|step| match step {
        "{guild_id}" => discord.guild_id().to_string(),
        "{channel_id}" => discord.channel_id().to_string(),
        "{application_id}" => application.to_string(),
        "{emoji_name}" => "%F0%9F%8E%89".to_owned(),
        _ if step.starts_with('{') => "1".to_owned(),
        _ => step.to_owned(),
    });
    steps.collect::<Vec<_>>().join("/")
}

/// The status, the code and the errors of the response to a request.
fn asked(
    sim: &Simulator,
    bot: &str,
    method: &str,
    path: &str,
    body: &'static str,
) -> (u16, u64, bool) {
    let discord = sim.discord();
    let token = discord.account_named(bot).token;
    let request = Request::builder()
        .method(method)
        .uri(format!("https://discord.com/api/v10{path}"))
        .header("authorization", format!("Bot {}", token.expose()))
        .header("user-agent", "DiscordBot (https://example.org, 1)")
        .header("content-type", "application/json")
        .body(Bytes::from_static(body.as_bytes()))
        .expect("a request");
    let (answer, _) = discord.act(|state| state.handle(&request));
    let json = match answer.body {
        Body::Json(json) => json,
        _ => serde_json::Value::Null,
    };
    let code = json["code"].as_u64().unwrap_or(0);
    (answer.status, code, json["errors"].is_object())
}

#[tokio::test]
async fn each_row_refuses_a_bot_without_its_permissions() {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    let own = sim.discord().account_named("lector").id;
    for row in route::all().filter(|row| row.is_served()) {
        let expected = match row.access {
            Access::Guild(needed) | Access::Channel(needed) if needed & !EVERYONE != 0 => {
                (403, 50013)
            }
            Access::Application => (403, 20012),
            _ => continue,
        };
        let path = path_of(&sim, row, own + 1);
        let (status, code, _) = asked(&sim, "lector", row.method, &path, "");
        assert_eq!((status, code), expected, "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn each_row_refuses_a_guild_or_a_channel_that_the_bot_is_not_in() {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    for row in route::all().filter(|row| row.is_served()) {
        let (name, code) = match row.access {
            Access::Guild(_) => ("{guild_id}", 10004),
            Access::Channel(_) => ("{channel_id}", 10003),
            _ => continue,
        };
        for (id, expected) in [("1", (404, code)), ("abc", (400, 50035))] {
            let path = path_of(
                &sim,
                &Route {
                    path: row.path,
                    ..*row
                },
                1,
            );
            let known = path_of(&sim, &Route { path: name, ..*row }, 1);
            let path = path.replace(&known, id);
            let (status, code, _) = asked(&sim, "antiphon", row.method, &path, "");
            assert_eq!((status, code), expected, "{} {path}", row.method);
        }
    }
}

#[tokio::test]
async fn each_row_with_a_body_refuses_one_that_is_no_object() {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    let bot = sim.discord().account().application;
    let mut wrong = Vec::new();
    // Routes without a token look up what their path names before they read the body.
    let rows = route::all().filter(|row| row.is_served() && row.has_body);
    for row in rows.filter(|row| row.access != Access::Open) {
        let path = path_of(&sim, row, bot);
        let (status, code, has_errors) = asked(&sim, "antiphon", row.method, &path, "7");
        // So do those that name an object within the guild or the channel.
        let is_missing = status == 404 && code != 0;
        if (status, code, has_errors) != (400, 50035, true) && !is_missing {
            wrong.push((row.method, row.path, status, code));
        }
        let (status, code, _) = asked(&sim, "antiphon", row.method, &path, "{");
        if (status, code) != (400, 50109) {
            wrong.push((row.method, row.path, status, code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_row_that_refuses_bots_says_so() {
    let sim = Simulator::with_seed(7);
    sim.discord().unlimited(true);
    for row in route::all() {
        let path = path_of(&sim, row, 1);
        let (status, code, _) = match row.served {
            Served::BearerOnly => asked(&sim, "antiphon", row.method, &path, ""),
            _ => continue,
        };
        assert_eq!((status, code), (403, 20001), "{} {}", row.method, row.path);
    }
}

/// The page of the documentation.
fn page() -> String {
    let (mut served, mut refused, mut missing, mut older) = (0, 0, 0, 0);
    for row in route::all() {
        match row.served {
            Served::By(_) if row.operation.is_empty() => older += 1,
            Served::By(_) => served += 1,
            Served::BearerOnly => refused += 1,
            Served::Not(_) => missing += 1,
        }
    }
    let mut page = format!(
        "# Routes of the simulated Discord\n\n\
         This page is made by `UPDATE_ROUTES=1 cargo test -p antiphon-sim --lib routes`, from the rows in\n\
         `crates/antiphon-sim/src/discord/rest`. A test holds them against the operations of Discord's own description.\n\n\
         | operations | |\n| --- | --- |\n| in Discord's description | {} |\n| served | {served} |\n\
         | refused, since they take the token of a user and no bot's (403, code 20001) | {refused} |\n\
         | not served (404, and a note) | {missing} |\n| not in the description (older spellings, SKUs), served besides | {older} |\n\n\
         Every route reads ids as numbers and as texts, answers a wrong field with Discord's tree of errors (code 50035), \
         and has rate-limit headers.\n\
         A permission that is missing is 403 with code 50013, an object that the bot cannot see 403 with code 50001.\n\
         A path with another method is 405; a path that is in no row is 404. Both leave a note.\n",
        operations().len(),
    );
    for (heading, rows) in GROUPS {
        let _ = write!(
            page,
            "\n## {heading}\n\n| route | served | permissions | events | audit log | simplified |\n| --- | --- | --- | --- | --- | --- |\n"
        );
        for row in *rows {
            let status = match row.served {
                Served::By(_) => "yes".to_owned(),
                Served::BearerOnly => "refused".to_owned(),
                Served::Not(why) => format!("no: {why}"),
            };
            let list = |names: &[&str]| {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                names.join(", ")
            };
            let permissions = if row.is_served() {
                row.permissions()
            } else {
                String::new()
            };
            let _ = writeln!(
                page,
                "| `{} {}` | {status} | {permissions} | {} | {} | {} |",
                row.method,
                row.path,
                list(row.events),
                list(row.audit),
                row.simplified,
            );
        }
    }
    page
}

#[test]
fn the_page_of_routes_is_what_the_code_has() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator-routes.md");
    let page = page();
    if std::env::var_os("UPDATE_ROUTES").is_some() {
        std::fs::write(&file, &page).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/simulator-routes.md is not what the code has; write it anew with UPDATE_ROUTES=1 cargo test -p \
         antiphon-sim --lib routes"
    );
}
