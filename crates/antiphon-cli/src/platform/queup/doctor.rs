//! Examination of an account: its login and its rooms.
//!
//! No room is joined. The login that the cookie file keeps is tried from a copy, so that the file stays as it is.

use antiphon::{
    net::Network,
    queup::{self, AuthenticatedUser, Client, LoginError, RequestError},
};
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tokio::time::timeout;

use super::config::Queup;
use crate::{
    command::doctor::{Probe, copy_of, explain},
    config::Context,
    failure::Failure,
    finding::{Code, Finding},
};

/// Where requests go by default.
const REST: &str = "https://api.queup.net";
/// Where the socket goes by default.
const SOCKET: &str = "wss://ws.queup.net/ws/";

/// Examines an account.
///
/// # Errors
/// A secret that cannot be read any more.
pub(crate) async fn examine(
    account: &Queup,
    context: Context<'_>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let network = probe.limited(&account.network(context)?);
    let kept = copy_of(context.path(account.cookie_file.as_ref()));
    let config = account.config(context)?.network(network.clone());
    let config = match &kept {
        Some(kept) => config.cookie_file(kept.path()),
        None => config,
    };
    let rest = account.rest.as_deref().unwrap_or(REST);
    let outcome = timeout(probe.limit(), log_in(&network, rest, config, probe)).await;
    let Some((client, user)) = probe.ended("the login", outcome).flatten() else {
        return Ok(());
    };
    let rooms = Rooms {
        network: &network,
        rest,
        client: &client,
        user: user.id.as_str(),
    };
    let parts = account.rooms.iter().map(|room| {
        let (rooms, mut part) = (&rooms, probe.part());
        async move {
            let outcome = timeout(part.limit(), rooms.examine(room, &mut part)).await;
            part.ended(format_args!("the room `{room}`"), outcome);
            part
        }
    });
    probe.join(parts.collect()).await;
    let socket = account.socket.as_deref().unwrap_or(SOCKET);
    if probe.open(&network, socket).await {
        probe.fine(format!("the socket {socket} can be reached"));
    }
    Ok(())
}

/// Logs the account in, if QueUp answers.
async fn log_in(
    network: &Network,
    rest: &str,
    config: queup::Config,
    probe: &mut Probe,
) -> Option<(Client, AuthenticatedUser)> {
    let Ok(request) = Request::get(format!("{rest}/room")).body(Bytes::new()) else {
        probe.found(Finding::new(Code::UrlWrong, "`rest` cannot be used"));
        return None;
    };
    probe.ask(network, request).await?;
    probe.fine(format!("{rest} answers"));
    // The source is never run: requests need none.
    let (client, _source) = queup::connect(config);
    match client.login().await {
        Ok(user) => {
            probe.fine(format!("logged in as {}", user.username));
            Some((client, user))
        }
        Err(error) => {
            probe.found(refused(&error));
            None
        }
    }
}

/// The finding about a login that failed.
fn refused(error: &LoginError) -> Finding {
    if error.authorization().is_some() {
        return Finding::new(Code::LoginRefused, "QueUp refused the login").because(error);
    }
    explain(error)
        .unwrap_or_else(|| Finding::new(Code::RequestFailed, "the login failed").because(error))
}

/// The rooms of an account that is logged in.
struct Rooms<'a> {
    network: &'a Network,
    rest: &'a str,
    client: &'a Client,
    user: &'a str,
}

impl Rooms<'_> {
    async fn examine(&self, room: &str, probe: &mut Probe) {
        let info = match self.client.fetch_room(room).await {
            Ok(info) => info,
            Err(RequestError::Refused { status: 404, .. }) => {
                let message = format!("there is no room `{room}`");
                return probe.found(Finding::new(Code::RoomMissing, message));
            }
            Err(error) => {
                let finding = explain(&error).unwrap_or_else(|| {
                    let message = format!("the room `{room}` could not be read");
                    Finding::new(Code::RequestFailed, message).because(&error)
                });
                return probe.found(finding);
            }
        };
        let list = format!("{}/room/{}/users/ban", self.rest, info.id);
        let Ok(request) = Request::get(list).body(Bytes::new()) else {
            return;
        };
        let Some(answer) = probe.ask(self.network, request).await else {
            return;
        };
        let banned: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let banned = banned["data"].as_array().into_iter().flatten();
        let mut ids = banned.map(|member| member["userid"].as_str());
        if ids.any(|id| id == Some(self.user)) {
            let message = format!("the account is banned from the room `{room}`");
            probe.found(Finding::new(Code::RoomBanned, message));
        } else {
            probe.fine(format!("the room `{room}` is {}", info.name));
        }
    }
}
