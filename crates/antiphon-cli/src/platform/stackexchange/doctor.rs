//! Examination of an account: its login and its rooms.
//!
//! No room is joined. The login that the cookie file keeps is tried from a copy, so that the file stays as it is, and
//! a login that has expired is found out.

use antiphon::{
    net::Network,
    stackexchange::{self, Client, Config, LoginError, RequestError},
};
use antiphon_core::error_chain;
use tokio::time::timeout;

use super::config::{Server, StackExchange};
use crate::{
    command::doctor::{Probe, copy_of, explain},
    config::Context,
    failure::Failure,
    finding::{Code, Finding},
};

/// Examines an account.
///
/// # Errors
/// A secret that cannot be read any more.
pub(crate) async fn examine(
    account: &StackExchange,
    context: Context<'_>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let network = probe.limited(&account.network(context)?);
    let kept = copy_of(context.path(account.cookie_file.as_ref()));
    let before = kept.as_ref().map(|kept| std::fs::read(kept.path()).ok());
    let config = account.config(context)?.network(network.clone());
    let config = match &kept {
        Some(kept) => config.cookie_file(kept.path()),
        None => config,
    };
    let server = match account.server {
        Server::StackExchange => "https://chat.stackexchange.com",
        Server::StackOverflow => "https://chat.stackoverflow.com",
        Server::MetaStackExchange => "https://chat.meta.stackexchange.com",
    };
    let url = account.url.as_deref().unwrap_or(server);
    let outcome = timeout(probe.limit(), log_in(&network, url, config, probe)).await;
    let Some(client) = probe.ended("the login", outcome).flatten() else {
        return Ok(());
    };
    let after = kept.as_ref().map(|kept| std::fs::read(kept.path()).ok());
    let is_full = |text: &Option<Vec<u8>>| text.as_ref().is_some_and(|text| !text.is_empty());
    if before != after && before.as_ref().is_some_and(is_full) {
        let message = "the login that `cookie_file` keeps has expired";
        probe.found(Finding::new(Code::CookieExpired, message));
    }
    let parts = account.rooms.iter().map(|room| {
        let (client, room, mut part) = (&client, room.get(), probe.part());
        async move {
            let outcome = timeout(part.limit(), look_at(client, room, &mut part)).await;
            part.ended(format_args!("the room {room}"), outcome);
            part
        }
    });
    probe.join(parts.collect()).await;
    Ok(())
}

/// Logs the account in, if the chat server answers.
async fn log_in(network: &Network, url: &str, config: Config, probe: &mut Probe) -> Option<Client> {
    if !probe.reaches(network, url).await {
        return None;
    }
    // The source is never run: requests need none.
    let (client, _source) = stackexchange::connect(config);
    match client.log_in().await {
        Ok(me) => {
            probe.fine(format!("logged in as {} ({})", me.name, me.id));
            Some(client)
        }
        Err(error) => {
            probe.found(refused(&error));
            None
        }
    }
}

/// The finding about a login that failed.
pub(crate) fn refused(error: &LoginError) -> Finding {
    match error {
        LoginError::BadCredentials { .. } => {
            Finding::new(Code::LoginRefused, "the site refused the login").because(error)
        }
        LoginError::Captcha { .. } => {
            Finding::new(Code::LoginChallenged, "the site asks for a human").because(error)
        }
        LoginError::NotAccepted { .. } => Finding::new(
            Code::LoginNotAccepted,
            "the chat server does not know the account",
        )
        .because(error),
        LoginError::AnotherUser { .. } => {
            Finding::new(Code::CookieOfAnother, "the kept login is another account's")
                .because(error)
        }
        LoginError::PageChanged { .. } | LoginError::Status { .. } => {
            Finding::new(Code::PageUnexpected, "the site showed another page").because(error)
        }
        LoginError::Request(cause) if is_page(cause) => {
            Finding::new(Code::PageUnexpected, "the site showed another page")
                .because(error_chain(error))
        }
        error => explain(error).unwrap_or_else(|| {
            Finding::new(Code::RequestFailed, "the login failed").because(error_chain(error))
        }),
    }
}

/// Whether a page came in place of an answer, as during a maintenance.
fn is_page(error: &RequestError) -> bool {
    matches!(
        error,
        RequestError::NotAnAnswer { .. } | RequestError::Server { .. }
    )
}

async fn look_at(client: &Client, room: u64, probe: &mut Probe) {
    let id = i64::try_from(room).unwrap_or(i64::MAX);
    match verdict(room, client.room(id).may_post().await) {
        Ok(said) => probe.fine(said),
        Err(finding) => probe.found(finding),
    }
}

/// What is to be said of a room whose page was read.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn verdict(room: u64, may_post: Result<bool, RequestError>) -> Result<String, Finding> {
    match may_post {
        Ok(true) => Ok(format!("the room {room} can be read and written")),
        Ok(false) => {
            let message = format!("the account may not write in the room {room}");
            Err(Finding::new(Code::RoomReadOnly, message))
        }
        Err(error) if error.status() == Some(404) => {
            let message =
                format!("there is no room {room}, or it is deleted or closed to the account");
            Err(Finding::new(Code::RoomMissing, message))
        }
        Err(error) if is_page(&error) => {
            let message = format!("the site showed another page than the room {room}");
            Err(Finding::new(Code::PageUnexpected, message).because(&error))
        }
        Err(error) => Err(explain(&error).unwrap_or_else(|| {
            let message = format!("the room {room} could not be read");
            Finding::new(Code::RequestFailed, message).because(error_chain(&error))
        })),
    }
}
