//! Checks of a pool's table that the schema cannot make.

use std::collections::BTreeMap;

use http::HeaderValue;

use crate::{
    config::check::{Lint, Table, clipped, of},
    finding::{Code, Finding},
};

/// Characters of a node's name at most.
const LONGEST_NAME: usize = 64;

/// Checks nodes, times and the name in requests.
pub(crate) fn check(pool: Table<'_>, lint: &mut Lint<'_, '_>) {
    for key in ["heartbeat", "failover_after"] {
        lint.longer_than_nothing(pool, key);
    }
    lint.header(pool, "client_name");
    let mut places = BTreeMap::new();
    for node in pool.tables("nodes") {
        check_node(pool, node, lint);
        let Some((url, at)) = node.text("url") else {
            continue;
        };
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        if let Some(other) = places.insert(url, node.name) {
            let message = format_args!(
                "the nodes `{}` and `{}` of {} have the same URL",
                clipped(other),
                clipped(node.name),
                of(pool)
            );
            lint.add(Code::NodeTwice, &at, message);
        }
    }
}

fn check_node(pool: Table<'_>, node: Table<'_>, lint: &mut Lint<'_, '_>) {
    let name = node.name;
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || name.contains(|character: char| "/ ".contains(character) || character.is_control())
    {
        let message = format_args!("`{}` of {} is no name of a node", clipped(name), of(pool));
        lint.add(Code::NodeNameWrong, &node.at(), message);
    }
    let about = format!(
        "the password of the node `{}` of {}",
        clipped(name),
        of(pool)
    );
    if let Some((from, at)) = node.secret("password")
        && let Some(password) = lint.secret_from(&from, &at, &about)
        && HeaderValue::try_from(password.expose()).is_err()
    {
        lint.add(
            Code::SecretUnsendable,
            &at,
            format_args!("{about} cannot be sent as a header"),
        );
    }
    let of_node = format!("the node `{}` of {}", clipped(name), of(pool));
    if let Some((url, at)) = lint.url_of(node, "url", ["http", "https"], &of_node)
        && url.path().trim_end_matches('/').ends_with("/v4")
    {
        let message = format_args!("`url` of {of_node} ends in /v4");
        lint.put(&at, Finding::new(Code::UrlHasVersion, message));
    }
}
