//! Examination of a bot: its token, its application, its shards, and the way to the Gateway.
//!
//! Only requests that read are sent; nothing identifies at the Gateway, since identifies are counted.

use antiphon::{
    discord::{self, Client},
    net::Network,
};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use tokio::time::timeout;

use super::config::Discord;
use crate::{
    command::doctor::{Probe, explain},
    config::Context,
    failure::Failure,
    finding::{Code, Finding},
};

/// Where requests go by default.
const REST: &str = "https://discord.com/api/v10";

/// Privileged intents by name, each with the flags of an application that has it: for many guilds, and for few
/// (<https://docs.discord.com/developers/resources/application#application-object-application-flags>).
const PRIVILEGED: [(&str, u64); 3] = [
    ("GUILD_PRESENCES", 1 << 12 | 1 << 13),
    ("GUILD_MEMBERS", 1 << 14 | 1 << 15),
    ("MESSAGE_CONTENT", 1 << 18 | 1 << 19),
];

/// Examines a bot.
///
/// # Errors
/// A secret that cannot be read any more.
pub(crate) async fn examine(
    bot: &Discord,
    context: Context<'_>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let network = probe.limited(&bot.network(context)?);
    let config = bot.config(context)?.network(network.clone());
    let outcome = timeout(probe.limit(), ask(bot, &network, config, probe)).await;
    probe.ended("the bot", outcome);
    Ok(())
}

/// Asks Discord about a bot.
async fn ask(bot: &Discord, network: &Network, config: discord::Config, probe: &mut Probe) {
    let rest = bot.rest.as_deref().unwrap_or(REST);
    let request = Request::get(format!("{rest}/gateway")).body(Bytes::new());
    let Ok(request) = request else {
        return probe.found(Finding::new(Code::UrlWrong, "`rest` cannot be used"));
    };
    if probe.ask(network, request).await.is_none() {
        return;
    }
    probe.fine(format!("{rest} answers"));
    // The source is never run: requests need none.
    let (client, _source) = discord::connect(config);
    if !log_in(&client, probe).await {
        return;
    }
    application(bot, &client, probe).await;
    if let Some(gateway) = sessions(bot, &client, probe).await {
        let url = bot.gateway.clone().unwrap_or(gateway);
        if probe.open(network, &url).await {
            probe.fine(format!("the Gateway {url} can be reached"));
        }
    }
}

/// Whether Discord knows the token.
async fn log_in(client: &Client, probe: &mut Probe) -> bool {
    match client.current_user().await {
        Ok(user) => {
            probe.fine(format!("the token is that of {} ({})", user.name, user.id));
            true
        }
        Err(error) => {
            probe.found(match &error {
                discord::RequestError::Unauthorized => {
                    Finding::new(Code::TokenRefused, "Discord does not accept the token")
                }
                error => failed("the token could not be tried", error),
            });
            false
        }
    }
}

/// Compares the privileged intents of the application with those that the file asks for.
async fn application(bot: &Discord, client: &Client, probe: &mut Probe) {
    let application = match client.request(Method::GET, "/applications/@me").await {
        Ok(application) => application,
        Err(error) => return probe.found(failed("the application could not be read", &error)),
    };
    let flags = application["flags"].as_u64().unwrap_or_default();
    let asked = |name: &str| bot.intents.0.iter_names().any(|(asked, _)| asked == name);
    let missing: Vec<_> = PRIVILEGED
        .into_iter()
        .filter(|(name, of)| asked(name) && flags & of == 0)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if missing.is_empty() {
        probe.fine("the application has all intents that the file asks for");
        return;
    }
    let message = format!("the application lacks {}", missing.join(", "));
    probe.found(Finding::new(Code::IntentsNotGranted, message));
}

/// Looks at how many sessions may still be begun, and at the number of shards; gives the Gateway's URL.
async fn sessions(bot: &Discord, client: &Client, probe: &mut Probe) -> Option<String> {
    let gateway = match client.request(Method::GET, "/gateway/bot").await {
        Ok(gateway) => gateway,
        Err(error) => {
            probe.found(failed("the Gateway could not be asked for", &error));
            return None;
        }
    };
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let recommended = number(&gateway["shards"]);
    let shards = bot.shards.map_or(recommended, |shards| shards.get().into());
    let starts = &gateway["session_start_limit"];
    let (left, total) = (number(&starts["remaining"]), number(&starts["total"]));
    let hours = number(&starts["reset_after"]).div_ceil(3_600_000);
    let said = format!("{left} of {total} session starts are left for the next {hours} h");
    if left < shards.max(1) {
        probe.found(Finding::new(Code::SessionStartsNone, said));
    } else if left * 10 < total {
        probe.found(Finding::new(Code::SessionStartsLow, said));
    } else {
        probe.fine(said);
    }
    if shards < recommended {
        let message = format!("`shards` is {shards}, and Discord recommends {recommended}");
        probe.found(Finding::new(Code::ShardsTooFew, message));
    } else {
        probe.fine(format!(
            "shards: {shards}, and Discord recommends {recommended}"
        ));
    }
    gateway["url"].as_str().map(str::to_owned)
}

fn failed(what: &str, error: &discord::RequestError) -> Finding {
    explain(error).unwrap_or_else(|| Finding::new(Code::RequestFailed, what).because(error))
}
