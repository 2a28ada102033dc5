//! Examination of a pool: each node's version, password, sources and plugins.
//!
//! No session is begun: only `/version` and `/v4/info` are read.

use antiphon::net::Network;
use antiphon_core::Secret;
use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;
use tokio::time::timeout;

use super::config::Lavalink;
use crate::{
    command::doctor::{Answer, Probe},
    config::Context,
    failure::Failure,
    finding::{Code, Finding},
};

/// Oldest version of Java that Lavalink 4 runs on.
const OLDEST_JAVA: u32 = 17;

/// Examines every node of a pool, side by side.
///
/// # Errors
/// A secret that cannot be read any more.
pub(crate) async fn examine(
    pool: &Lavalink,
    context: Context<'_>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let network = probe.limited(&pool.network(context)?);
    let mut parts = Vec::new();
    for (name, node) in &pool.nodes {
        let of = format!("the password of the node `{name}`");
        let password = context.secret(&node.password, of)?;
        let one = Node {
            name,
            url: node.url.trim_end_matches('/'),
            password,
            network: &network,
        };
        let shown = format!("the node `{name}`");
        let mut part = probe.part().about(shown.clone());
        parts.push(async move {
            let outcome = timeout(part.limit(), one.examine(&mut part)).await;
            part.ended(shown, outcome);
            part
        });
    }
    probe.join(parts).await;
    Ok(())
}

/// One node under examination.
struct Node<'a> {
    name: &'a str,
    url: &'a str,
    password: Secret,
    network: &'a Network,
}

impl Node<'_> {
    async fn examine(&self, probe: &mut Probe) {
        let Some(version) = self.get("/version", probe).await else {
            return;
        };
        if matches!(version.status().as_u16(), 401 | 403) {
            let message = format!("the node `{}` does not take the password", self.name);
            return probe.found(Finding::new(Code::NodePasswordRefused, message));
        }
        let Some(info) = self.get("/v4/info", probe).await else {
            return;
        };
        let text = String::from_utf8_lossy(version.body());
        let version: String = text.trim().chars().take(40).collect();
        if version.starts_with("3.") || version.starts_with("2.") {
            let message = format!("the node `{}` is Lavalink {version}", self.name);
            return probe.found(Finding::new(Code::NodeTooOld, message));
        }
        match serde_json::from_slice::<Value>(info.body()) {
            Ok(info) if info["version"].is_object() => self.look_at(&info, probe),
            _ => {
                let status = info.status().as_u16();
                let message = format!(
                    "the node `{}` answered /v4/info with status {status} and no description of a node",
                    self.name
                );
                probe.found(Finding::new(Code::NotANode, message));
            }
        }
    }

    /// Looks at what the node says of itself.
    fn look_at(&self, info: &Value, probe: &mut Probe) {
        let name = self.name;
        let version = info["version"]["semver"].as_str().unwrap_or("unknown");
        let names = |list: &Value, key: &str| -> Vec<String> {
            let items = list.as_array().into_iter().flatten();
            let name = |item: &Value| item[key].as_str().or(item.as_str()).map(str::to_owned);
            items.filter_map(name).collect()
        };
        let sources = names(&info["sourceManagers"], "");
        let plugins = names(&info["plugins"], "name");
        probe.fine(format!(
            "the node `{name}` is Lavalink {version}; sources: {}; plugins: {}",
            listed(&sources),
            listed(&plugins)
        ));
        if sources.is_empty() {
            let message = format!("the node `{name}` has no source of tracks");
            probe.found(Finding::new(Code::NodeWithoutSources, message));
        }
        let has = |list: &[String], word: &str| list.iter().any(|name| name.contains(word));
        if has(&sources, "youtube") && !has(&plugins, "youtube") {
            let message =
                format!("the node `{name}` has YouTube without the plugin that keeps it working");
            probe.found(Finding::new(Code::NodeYoutubeBuiltIn, message));
        }
        let java = info["jvm"].as_str().unwrap_or_default();
        let major = java.split(|letter: char| !letter.is_ascii_digit()).next();
        let major: Option<u32> = major.and_then(|major| major.parse().ok());
        if major.is_some_and(|major| major < OLDEST_JAVA) {
            let message = format!("the node `{name}` runs on Java {java}");
            probe.found(Finding::new(Code::NodeJavaOld, message));
        }
    }

    async fn get(&self, path: &str, probe: &mut Probe) -> Option<Answer> {
        let request = Request::get(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, self.password.expose())
            .body(Bytes::new());
        let Ok(request) = request else {
            let message = format!("the URL of the node `{}` cannot be used", self.name);
            probe.found(Finding::new(Code::UrlWrong, message));
            return None;
        };
        probe.ask(self.network, request).await
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
