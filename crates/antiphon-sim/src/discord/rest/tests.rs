//! The table of routes against Discord's description, and the page that is made from it.
//!
//! `operations.txt` has the facts of the description that the table is held against: method, path, operation, the kind
//! of token, and whether there is a body (<https://github.com/discord/discord-api-spec>, `specs/openapi.json`).
//! `UPDATE_ROUTES=1 cargo test -p antiphon-sim --lib routes` writes `docs/simulator-routes.md` anew.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use super::{
    GROUPS,
    route::{self, NoRoute, Route, Served},
};

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
         | not served (404, and a note) | {missing} |\n| older spellings, served besides | {older} |\n\n\
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
