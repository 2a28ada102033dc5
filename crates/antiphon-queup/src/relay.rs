//! Requests and commands of clients whose account another process runs.
//!
//! One account has one login, one cookie and one pace. What a client asks for in another process therefore goes to the
//! process that runs the source: requests as they would be sent, and commands of the socket. Both sides are here:
//! [`Asked`] is what goes there, the types after it are what comes back, and [`serve`] carries it out. An error comes
//! back as the type that it was; causes of other libraries become [`RemoteCause`].

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, Clock, LinkState, NotConnected, RelayError, Remote, RemoteCause, Secret, Serve,
    error_chain,
};
use antiphon_net::may_have_arrived;
use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, Shared},
    error::{ActionError, AuthorizationError, ConnectError, JoinError, LoginError, RequestError},
    http::{Body, Call, Limit},
    model::{ChatId, Presence, RoomId, RoomInfo, Slug},
    wire,
};

/// What is asked of the process that runs the source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    Call {
        method: String,
        path: String,
        form: Option<String>,
        json: Option<serde_json::Value>,
        /// Whether it is a chat message, which has a pace of its own.
        chat: bool,
        upkeep: bool,
        redirect: bool,
    },
    /// The state of the link.
    Link,
    LogIn,
    Connect,
    Join {
        slug: Slug,
        password: Option<String>,
    },
    Leave {
        room: RoomId,
    },
    Presence {
        room: RoomId,
        number: Option<i64>,
    },
    Echo {
        room: RoomId,
        time: i64,
        text: String,
    },
}

impl From<&Call> for Asked {
    fn from(call: &Call) -> Self {
        let (form, json) = match &call.body {
            Body::Nothing => (None, None),
            Body::Form(form) => (Some(form.clone()), None),
            Body::Json(json) => (None, Some(json.clone())),
        };
        Self::Call {
            method: call.method.to_string(),
            path: call.path.clone(),
            form,
            json,
            chat: call.limit == Limit::Chat,
            upkeep: call.limit == Limit::Upkeep,
            redirect: call.redirect,
        }
    }
}

/// A [`RequestError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RequestFailed {
    Unreachable(RemoteCause),
    TimedOut(Duration),
    Login(Box<LoginFailed>),
    LoggedOut,
    RateLimited {
        message: String,
        wait: Option<Duration>,
    },
    Busy(usize),
    Refused {
        status: u16,
        message: String,
    },
    Server {
        status: u16,
        message: String,
    },
    NotQueUp(String),
    Undecodable(String),
    Relay(RelayError),
}

impl From<RequestError> for RequestFailed {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Unreachable(cause) => {
                let arrived = may_have_arrived(&cause);
                Self::Unreachable(RemoteCause::new(error_chain(&*cause), arrived))
            }
            RequestError::TimedOut(limit) => Self::TimedOut(limit),
            RequestError::Login(error) => Self::Login(Box::new((*error).into())),
            RequestError::LoggedOut => Self::LoggedOut,
            // The source was moved on meanwhile.
            RequestError::Elsewhere(_) => Self::Relay(RelayError::NoSuchSource),
            RequestError::Relay(error) => Self::Relay(error),
            RequestError::RateLimited { message, wait } => Self::RateLimited { message, wait },
            RequestError::Busy(number) => Self::Busy(number),
            RequestError::Refused { status, message } => Self::Refused { status, message },
            RequestError::Server { status, message } => Self::Server { status, message },
            RequestError::NotQueUp(words) => Self::NotQueUp(words),
            RequestError::Undecodable(cause) => Self::Undecodable(error_chain(&*cause)),
        }
    }
}

impl From<RequestFailed> for RequestError {
    fn from(failed: RequestFailed) -> Self {
        match failed {
            RequestFailed::Unreachable(cause) => Self::Unreachable(cause.into()),
            RequestFailed::TimedOut(limit) => Self::TimedOut(limit),
            RequestFailed::Login(error) => Self::Login(Box::new((*error).into())),
            RequestFailed::LoggedOut => Self::LoggedOut,
            RequestFailed::RateLimited { message, wait } => Self::RateLimited { message, wait },
            RequestFailed::Busy(number) => Self::Busy(number),
            RequestFailed::Refused { status, message } => Self::Refused { status, message },
            RequestFailed::Server { status, message } => Self::Server { status, message },
            RequestFailed::NotQueUp(words) => Self::NotQueUp(words),
            RequestFailed::Undecodable(words) => Self::Undecodable(words.into()),
            RequestFailed::Relay(error) => Self::Relay(error),
        }
    }
}

/// A [`LoginError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LoginFailed {
    Authorization(String),
    Request(RequestFailed),
    NoCookie,
}

impl From<LoginError> for LoginFailed {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Authorization(refused) => Self::Authorization(refused.message),
            LoginError::Request(error) => Self::Request(error.into()),
            LoginError::NoCookie => Self::NoCookie,
        }
    }
}

impl From<LoginFailed> for LoginError {
    fn from(failed: LoginFailed) -> Self {
        match failed {
            LoginFailed::Authorization(message) => {
                Self::Authorization(AuthorizationError { message })
            }
            LoginFailed::Request(failed) => Self::Request(failed.into()),
            LoginFailed::NoCookie => Self::NoCookie,
        }
    }
}

/// A [`JoinError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JoinFailed {
    NoSuchRoom(Slug),
    Banned(String),
    WrongPassword,
    TooManyPasswords,
    Removed,
    TimedOut(Duration),
    NotConnected(LinkState),
    Request(RequestFailed),
}

impl From<JoinError> for JoinFailed {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::NoSuchRoom(slug) => Self::NoSuchRoom(slug),
            JoinError::Banned(words) => Self::Banned(words),
            JoinError::WrongPassword => Self::WrongPassword,
            JoinError::TooManyPasswords => Self::TooManyPasswords,
            JoinError::Removed => Self::Removed,
            JoinError::TimedOut(limit) => Self::TimedOut(limit),
            JoinError::NotConnected(error) => Self::NotConnected(error.state),
            JoinError::Request(error) => Self::Request(error.into()),
        }
    }
}

impl From<JoinFailed> for JoinError {
    fn from(failed: JoinFailed) -> Self {
        match failed {
            JoinFailed::NoSuchRoom(slug) => Self::NoSuchRoom(slug),
            JoinFailed::Banned(words) => Self::Banned(words),
            JoinFailed::WrongPassword => Self::WrongPassword,
            JoinFailed::TooManyPasswords => Self::TooManyPasswords,
            JoinFailed::Removed => Self::Removed,
            JoinFailed::TimedOut(limit) => Self::TimedOut(limit),
            JoinFailed::NotConnected(state) => Self::NotConnected(NotConnected::new(state)),
            JoinFailed::Request(failed) => Self::Request(failed.into()),
        }
    }
}

/// An [`ActionError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionFailed {
    NotJoined,
    NotConnected(LinkState),
    Request(RequestFailed),
}

impl From<ActionError> for ActionFailed {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::NotJoined => Self::NotJoined,
            ActionError::NotConnected(error) => Self::NotConnected(error.state),
            ActionError::Request(error) => Self::Request(error.into()),
        }
    }
}

impl From<ActionFailed> for ActionError {
    fn from(failed: ActionFailed) -> Self {
        match failed {
            ActionFailed::NotJoined => Self::NotJoined,
            ActionFailed::NotConnected(state) => Self::NotConnected(NotConnected::new(state)),
            ActionFailed::Request(failed) => Self::Request(failed.into()),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The asking side.

/// Sends a request through the other process.
pub(crate) async fn call(remote: &Remote, call: &Call) -> Result<Bytes, RequestError> {
    let asked = remote.call(&Asked::from(call)).await;
    let (outcome, data): (Result<(), RequestFailed>, _) = asked.map_err(RequestError::Relay)?;
    outcome.map_err(RequestError::from)?;
    Ok(data)
}

/// Has the other process log in.
pub(crate) async fn log_in(remote: &Remote) -> Result<(), LoginError> {
    let asked = remote.call(&Asked::LogIn).await;
    let failed = |error| LoginError::Request(RequestError::Relay(error));
    let (outcome, _): (Result<(), LoginFailed>, _) = asked.map_err(failed)?;
    outcome.map_err(LoginError::from)
}

/// Waits until the other process is connected.
pub(crate) async fn connect(remote: &Remote) -> Result<(), ConnectError> {
    let asked = remote.call(&Asked::Connect).await;
    // Absent before the first login.
    let (outcome, _): (Result<(), Option<LinkState>>, _) = asked.map_err(ConnectError::Relay)?;
    outcome.map_err(|state| match state {
        Some(state) => NotConnected::new(state).into(),
        None => ConnectError::NotLoggedIn,
    })
}

/// Has the other process join a room.
pub(crate) async fn join(
    remote: &Remote,
    slug: Slug,
    password: Option<Secret>,
) -> Result<RoomInfo, JoinError> {
    let password = password.map(|password| password.expose().to_owned());
    let asked = remote.call(&Asked::Join { slug, password }).await;
    let failed = |error| JoinError::Request(RequestError::Relay(error));
    let (outcome, room): (Result<(), JoinFailed>, _) = asked.map_err(failed)?;
    outcome.map_err(JoinError::from)?;
    // The room is joined; its answer is what a cache saves.
    let room = antiphon_core::read_json::<wire::Room<'_>>(&room);
    Ok(room.map_err(|_| failed(RelayError::Lost))?.into())
}

/// Has the other process leave a room.
pub(crate) async fn leave(remote: &Remote, room: RoomId) -> Result<(), ActionError> {
    act(remote, &Asked::Leave { room }).await
}

/// Has the other process change its presence in a room.
pub(crate) async fn presence(
    remote: &Remote,
    room: RoomId,
    presence: Presence,
) -> Result<(), ActionError> {
    let number = Some(presence.number());
    act(remote, &Asked::Presence { room, number }).await
}

async fn act(remote: &Remote, asked: &Asked) -> Result<(), ActionError> {
    let failed = |error| ActionError::Request(RequestError::Relay(error));
    let (outcome, _): (Result<(), ActionFailed>, _) = remote.call(asked).await.map_err(failed)?;
    outcome.map_err(ActionError::from)
}

/// Shows the state of the link in the other process.
pub(crate) fn follow(remote: Remote, shared: Arc<Shared>, clock: Clock) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let show = |link: Result<LinkState, RelayError>| {
            let link = link.unwrap_or_else(|error| Remote::unknown_link(clock, &error));
            shared
                .link
                .send_if_modified(|shown| std::mem::replace(shown, link.clone()) != link);
        };
        remote.follow(&Asked::Link, show).await;
    })
}

/// Finds the id of an own message by what the other process has heard.
pub(crate) async fn echo(remote: &Remote, room: RoomId, time: i64, text: String) -> Option<ChatId> {
    let asked = remote.call(&Asked::Echo { room, time, text }).await;
    let (id, _): (Option<ChatId>, _) = asked.ok()?;
    id
}

// ---------------------------------------------------------------------------------------------------------------------
// The side that carries it out.

/// Carries out what clients in other processes ask for.
pub(crate) fn serve(shared: &Arc<Shared>) -> Serve {
    let client = Client::new(Arc::clone(shared));
    Arc::new(move |asked| {
        let client = client.clone();
        Box::pin(async move { Ok(carry_out(&client, Remote::read(&asked)?).await) })
    })
}

async fn carry_out(client: &Client, asked: Asked) -> Bytes {
    match asked {
        Asked::Call {
            method,
            path,
            form,
            json,
            chat,
            upkeep,
            redirect,
        } => {
            let unknown = || {
                let failed = RequestFailed::Relay(RelayError::Unknown);
                Remote::answer(&Err::<(), _>(failed), &[])
            };
            // The path stands right behind the server's name, and the account's cookie goes with it.
            if !path.starts_with('/') {
                return unknown();
            }
            let Ok(method) = Method::from_bytes(method.as_bytes()) else {
                return unknown();
            };
            let call = Call {
                body: match (form, json) {
                    (Some(form), _) => Body::Form(form),
                    (None, Some(json)) => Body::Json(json),
                    (None, None) => Body::Nothing,
                },
                limit: match (chat, upkeep) {
                    (true, _) => Limit::Chat,
                    (false, true) => Limit::Upkeep,
                    (false, false) => Limit::Action,
                },
                redirect,
                ..Call::new(method, path)
            };
            match client.call(call).await {
                Ok(data) => Remote::answer(&Ok::<(), RequestFailed>(()), &data),
                Err(error) => Remote::answer(&Err::<(), _>(RequestFailed::from(error)), &[]),
            }
        }
        Asked::Link => Remote::answer(&client.link(), &[]),
        Asked::LogIn => {
            let outcome = client.http().log_in().await;
            Remote::answer(&outcome.map_err(LoginFailed::from), &[])
        }
        Asked::Connect => {
            let outcome = client.connect().await.map_err(|error| match error {
                ConnectError::NotConnected(error) => Some(error.state),
                ConnectError::NotLoggedIn | ConnectError::Relay(_) => None,
            });
            Remote::answer(&outcome, &[])
        }
        Asked::Join { slug, password } => {
            match client.join(slug, password.map(Secret::from)).await {
                Ok(room) => {
                    let room = serde_json::to_vec(&wire::room_json(&room));
                    let room = room.expect("a room is plain data");
                    Remote::answer(&Ok::<(), JoinFailed>(()), &room)
                }
                Err(error) => Remote::answer(&Err::<(), _>(JoinFailed::from(error)), &[]),
            }
        }
        Asked::Leave { room } => {
            let outcome = client.leave_room(room).await;
            Remote::answer(&outcome.map_err(ActionFailed::from), &[])
        }
        Asked::Presence { room, number } => {
            let presence = Presence::from_number(number);
            let outcome = client.show_presence(room, presence).await;
            Remote::answer(&outcome.map_err(ActionFailed::from), &[])
        }
        Asked::Echo { room, time, text } => {
            Remote::answer(&client.heard(room, time, text).await, &[])
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_net::HttpError;

    use super::*;

    /// Sends an error there and back.
    fn sent(error: RequestError) -> RequestError {
        let sent = serde_json::to_vec(&RequestFailed::from(error)).expect("plain data");
        let failed: RequestFailed = serde_json::from_slice(&sent).expect("the same shape");
        failed.into()
    }

    #[tokio::test]
    async fn a_path_that_leads_to_another_server_is_not_sent() {
        let config = crate::Config::new(crate::Account::new("mira@example.org", "p"));
        let (client, _source) = crate::connect(config);
        let asked = Asked::from(&Call::get("@evil.example/"));
        let answer = carry_out(&client, asked).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains(r#"{"Err":{"relay":"unknown"}}"#), "{text}");
    }

    #[test]
    fn an_error_is_the_same_for_handlers_after_its_way() {
        let refused = || AuthorizationError {
            message: "Incorrect password".into(),
        };
        let errors: Vec<fn() -> RequestError> = vec![
            || RequestError::Unreachable("cut".into()),
            || RequestError::TimedOut(Duration::from_millis(1500)),
            || RequestError::LoggedOut,
            || RequestError::RateLimited {
                message: "slow down".into(),
                wait: Some(Duration::from_secs(3)),
            },
            || RequestError::Busy(64),
            || RequestError::Refused {
                status: 403,
                message: "no".into(),
            },
            || RequestError::Server {
                status: 502,
                message: String::new(),
            },
            || RequestError::NotQueUp("a page".into()),
            || RequestError::Undecodable("no JSON".into()),
            || RequestError::Relay(RelayError::Lost),
        ];
        for error in errors {
            let (before, after) = (error(), sent(error()));
            assert_eq!(error_chain(&before), error_chain(&after));
            assert_eq!(before.is_transient(), after.is_transient(), "{before}");
            assert_eq!(
                before.may_have_arrived(),
                after.may_have_arrived(),
                "{before}"
            );
            assert_eq!(before.status(), after.status());
        }
        let login = LoginError::Authorization(refused());
        let after = sent(RequestError::Login(Box::new(login)));
        assert_eq!(after.authorization(), Some(&refused()));
        let broken = |may_have_arrived| HttpError::Broken {
            request: "POST https://api.queup.net/chat/1".into(),
            may_have_arrived,
            source: "end of file".into(),
        };
        for arrived in [true, false] {
            let after = sent(RequestError::Unreachable(broken(arrived).into()));
            assert_eq!(after.may_have_arrived(), arrived);
        }
    }
}
