//! Requests and commands of clients whose account another process runs.
//!
//! One account has one login, one key for writing and one pace of writes. What a client asks for in another process
//! therefore goes to the process that runs the source: requests as they would be sent, and commands of rooms. Both sides
//! are here: [`Asked`] is what goes there, the types after it are what comes back, and [`serve`] carries it out. An
//! error comes back as the type that it was; causes of other libraries become [`RemoteCause`].

use std::{
    borrow::Cow,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use antiphon_core::{
    BoxFuture, Clock, LinkState, NotConnected, RelayError, Remote, RemoteCause, Serve, error_chain,
};
use antiphon_net::may_have_arrived;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, Shared, Transport},
    error::{JoinError, LoginError, RequestError},
    http::{Answer, Call},
    model::{Me, RoomId, Server, UserId},
};

/// Elements of a page whose absence is an error; an unknown one has no name.
const ELEMENTS: [&str; 3] = ["fkey", "profile link", "element"];

/// What is asked of the process that runs the source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Asked {
    Call {
        /// Whether it is a POST.
        post: bool,
        path: String,
        form: Vec<(String, String)>,
        room: Option<RoomId>,
        idempotent: bool,
        throttled: bool,
    },
    /// The state of the link, and whether a line polls.
    Link,
    LogIn,
    LogOut,
    Join {
        room: RoomId,
    },
    /// Every room if none is named.
    Leave {
        room: Option<RoomId>,
    },
}

impl From<&Call> for Asked {
    fn from(call: &Call) -> Self {
        let form = call.form.iter();
        Self::Call {
            post: call.method == Method::POST,
            path: call.path.clone(),
            form: form
                .map(|(name, value)| (name.clone().into_owned(), value.clone()))
                .collect(),
            room: call.room,
            idempotent: call.idempotent,
            throttled: call.throttled,
        }
    }
}

/// The account, as the other process knows it.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    id: UserId,
    name: String,
}

impl Known {
    fn of(client: &Client) -> Option<Self> {
        client.me().map(Self::from)
    }
}

impl From<Me> for Known {
    fn from(me: Me) -> Self {
        let Me { id, name } = me;
        Self { id, name }
    }
}

impl From<Known> for Me {
    fn from(known: Known) -> Self {
        let Known { id, name } = known;
        Self { id, name }
    }
}

/// The head of an answer, whose body stands behind it.
#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    outcome: Result<u16, RequestFailed>,
    me: Option<Known>,
}

/// A [`RequestError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RequestFailed {
    Unreachable(RemoteCause),
    TimedOut(Duration),
    Login(Box<LoginFailed>),
    Throttled(Duration),
    Busy(usize),
    Refused { status: u16, message: String },
    Server { status: u16, message: String },
    NotAnAnswer { status: u16, body: String },
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
            // The source was moved on meanwhile.
            RequestError::Elsewhere(_) => Self::Relay(RelayError::NoSuchSource),
            RequestError::Relay(error) => Self::Relay(error),
            RequestError::Throttled { wait } => Self::Throttled(wait),
            RequestError::Busy(number) => Self::Busy(number),
            RequestError::Refused { status, message } => Self::Refused { status, message },
            RequestError::Server { status, message } => Self::Server { status, message },
            RequestError::NotAnAnswer { status, body } => Self::NotAnAnswer { status, body },
            RequestError::Undecodable { source } => Self::Undecodable(error_chain(&*source)),
        }
    }
}

impl From<RequestFailed> for RequestError {
    fn from(failed: RequestFailed) -> Self {
        match failed {
            RequestFailed::Unreachable(cause) => Self::Unreachable(cause.into()),
            RequestFailed::TimedOut(limit) => Self::TimedOut(limit),
            RequestFailed::Login(error) => Self::Login(Box::new((*error).into())),
            RequestFailed::Throttled(wait) => Self::Throttled { wait },
            RequestFailed::Busy(number) => Self::Busy(number),
            RequestFailed::Refused { status, message } => Self::Refused { status, message },
            RequestFailed::Server { status, message } => Self::Server { status, message },
            RequestFailed::NotAnAnswer { status, body } => Self::NotAnAnswer { status, body },
            RequestFailed::Undecodable(words) => Self::Undecodable {
                source: words.into(),
            },
            RequestFailed::Relay(error) => Self::Relay(error),
        }
    }
}

/// A [`LoginError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LoginFailed {
    BadCredentials {
        host: String,
    },
    Captcha {
        host: String,
        location: String,
    },
    PageChanged {
        page: String,
        missing: String,
    },
    Status {
        page: String,
        status: u16,
        to: String,
    },
    NotAccepted {
        host: String,
    },
    AnotherUser {
        found: UserId,
        expected: UserId,
    },
    Request(RequestFailed),
}

impl From<LoginError> for LoginFailed {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::BadCredentials { host } => Self::BadCredentials { host: host.into() },
            LoginError::Captcha { host, location } => Self::Captcha {
                host: host.into(),
                location,
            },
            LoginError::PageChanged { page, missing } => Self::PageChanged {
                page,
                missing: missing.into(),
            },
            LoginError::Status { page, status, to } => Self::Status { page, status, to },
            LoginError::NotAccepted { host } => Self::NotAccepted { host: host.into() },
            LoginError::AnotherUser { found, expected } => Self::AnotherUser { found, expected },
            LoginError::Request(error) => Self::Request(error.into()),
        }
    }
}

impl From<LoginFailed> for LoginError {
    fn from(failed: LoginFailed) -> Self {
        match failed {
            LoginFailed::BadCredentials { host } => Self::BadCredentials {
                host: host_named(&host),
            },
            LoginFailed::Captcha { host, location } => Self::Captcha {
                host: host_named(&host),
                location,
            },
            LoginFailed::PageChanged { page, missing } => {
                let missing = ELEMENTS.iter().find(|element| **element == missing);
                let missing = missing.copied().unwrap_or("element");
                Self::PageChanged { page, missing }
            }
            LoginFailed::Status { page, status, to } => Self::Status { page, status, to },
            LoginFailed::NotAccepted { host } => Self::NotAccepted {
                host: host_named(&host),
            },
            LoginFailed::AnotherUser { found, expected } => Self::AnotherUser { found, expected },
            LoginFailed::Request(failed) => Self::Request(failed.into()),
        }
    }
}

/// The host of this name.
fn host_named(name: &str) -> &'static str {
    let servers = Server::ALL.into_iter();
    let mut hosts = servers.flat_map(|server| [server.chat_host(), server.login_host()]);
    hosts.find(|host| *host == name).unwrap_or("the site")
}

/// A [`JoinError`] on its way.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JoinFailed {
    NoSuchRoom(RoomId),
    TimedOut(Duration),
    NotConnected(LinkState),
    Request(RequestFailed),
}

impl From<JoinError> for JoinFailed {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::NoSuchRoom(room) => Self::NoSuchRoom(room),
            JoinError::TimedOut(limit) => Self::TimedOut(limit),
            JoinError::NotConnected(error) => Self::NotConnected(error.state),
            JoinError::Request(error) => Self::Request(error.into()),
        }
    }
}

impl From<JoinFailed> for JoinError {
    fn from(failed: JoinFailed) -> Self {
        match failed {
            JoinFailed::NoSuchRoom(room) => Self::NoSuchRoom(room),
            JoinFailed::TimedOut(limit) => Self::TimedOut(limit),
            JoinFailed::NotConnected(state) => Self::NotConnected(NotConnected::new(state)),
            JoinFailed::Request(failed) => Self::Request(failed.into()),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The asking side.

/// Sends a request through the other process; gives its answer, and the account as it is known there.
pub(crate) async fn call(
    remote: &Remote,
    call: &Call,
) -> (Result<Answer, RequestError>, Option<Me>) {
    let asked = remote.call(&Asked::from(call)).await;
    let (answered, body): (Answered, _) = match asked {
        Ok(answered) => answered,
        Err(error) => return (Err(RequestError::Relay(error)), None),
    };
    let answer = match answered.outcome {
        // A status that is none came from no answer.
        Ok(status) => StatusCode::from_u16(status)
            .map(|status| Answer { status, body })
            .map_err(|_| RequestError::Relay(RelayError::Lost)),
        Err(failed) => Err(failed.into()),
    };
    (answer, answered.me.map(Me::from))
}

/// Has the other process log in.
pub(crate) async fn log_in(remote: &Remote) -> Result<Me, LoginError> {
    let asked = remote.call(&Asked::LogIn).await;
    let failed = |error| LoginError::Request(RequestError::Relay(error));
    let (outcome, _): (Result<Known, LoginFailed>, _) = asked.map_err(failed)?;
    outcome.map(Me::from).map_err(LoginError::from)
}

/// Has the other process log out.
pub(crate) async fn log_out(remote: &Remote) -> Result<(), RequestError> {
    act(remote, &Asked::LogOut).await
}

/// Has the other process join a room.
pub(crate) async fn join(remote: &Remote, room: RoomId) -> Result<(), JoinError> {
    let asked = remote.call(&Asked::Join { room }).await;
    let failed = |error| JoinError::Request(RequestError::Relay(error));
    let (outcome, _): (Result<(), JoinFailed>, _) = asked.map_err(failed)?;
    outcome.map_err(JoinError::from)
}

/// Has the other process leave a room, or every room.
pub(crate) async fn leave(remote: &Remote, room: Option<RoomId>) -> Result<(), RequestError> {
    act(remote, &Asked::Leave { room }).await
}

/// Shows the state of the link in the other process, and the account.
pub(crate) fn follow(remote: Remote, shared: Arc<Shared>, clock: Clock) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let show = |state: Result<(LinkState, bool, Option<Known>), RelayError>| {
            let link = match state {
                Ok((link, polling, me)) => {
                    shared.polling.store(polling, Ordering::Relaxed);
                    shared.http.know(me.map(Me::from).as_ref());
                    link
                }
                Err(error) => Remote::unknown_link(clock, &error),
            };
            shared
                .link
                .send_if_modified(|shown| std::mem::replace(shown, link.clone()) != link);
        };
        remote.follow(&Asked::Link, show).await;
    })
}

async fn act(remote: &Remote, asked: &Asked) -> Result<(), RequestError> {
    let asked = remote.call(asked).await;
    let (outcome, _): (Result<(), RequestFailed>, _) = asked.map_err(RequestError::Relay)?;
    outcome.map_err(RequestError::from)
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
            post,
            path,
            form,
            room,
            idempotent,
            throttled,
        } => {
            let answer = if path.starts_with('/') {
                let form = form.into_iter();
                let call = Call {
                    method: if post { Method::POST } else { Method::GET },
                    form: form
                        .map(|(name, value)| (Cow::Owned(name), value))
                        .collect(),
                    room,
                    idempotent,
                    throttled,
                    ..Call::get(path)
                };
                client.http().call(call).await
            } else {
                // The path stands right behind the server's name, and the account's cookies go with it.
                Err(RequestError::Relay(RelayError::Unknown))
            };
            let (outcome, body) = match answer {
                Ok(answer) => (Ok(answer.status.as_u16()), answer.body),
                Err(error) => (Err(error.into()), Bytes::new()),
            };
            let me = Known::of(client);
            Remote::answer(&Answered { outcome, me }, &body)
        }
        Asked::Link => {
            let link = client.link().borrow().clone();
            let polling = client.transport() == Transport::Polling;
            Remote::answer(&(link, polling, Known::of(client)), &[])
        }
        Asked::LogIn => {
            let outcome = client.log_in().await;
            Remote::answer(&outcome.map(Known::from).map_err(LoginFailed::from), &[])
        }
        Asked::LogOut => {
            let outcome = client.log_out().await;
            Remote::answer(&outcome.map_err(RequestFailed::from), &[])
        }
        Asked::Join { room } => {
            let outcome = client.join(room).await.map(drop);
            Remote::answer(&outcome.map_err(JoinFailed::from), &[])
        }
        Asked::Leave { room } => {
            let outcome = client.leave_rooms(room).await;
            Remote::answer(&outcome.map_err(RequestFailed::from), &[])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends an error there and back.
    fn sent(error: RequestError) -> RequestError {
        let sent = serde_json::to_vec(&RequestFailed::from(error)).expect("plain data");
        let failed: RequestFailed = serde_json::from_slice(&sent).expect("the same shape");
        failed.into()
    }

    #[test]
    fn an_error_is_the_same_for_handlers_after_its_way() {
        let host = Server::StackOverflow.login_host();
        let login = |error| RequestError::Login(Box::new(error));
        let words = || String::from("words");
        let all: Vec<Box<dyn Fn() -> RequestError>> = vec![
            Box::new(|| RequestError::Unreachable("cut".into())),
            Box::new(|| RequestError::TimedOut(Duration::from_millis(1500))),
            Box::new(|| RequestError::Throttled {
                wait: Duration::from_secs(3),
            }),
            Box::new(|| RequestError::Busy(64)),
            Box::new(move || RequestError::Refused {
                status: 403,
                message: words(),
            }),
            Box::new(move || RequestError::Server {
                status: 502,
                message: words(),
            }),
            Box::new(|| RequestError::NotAnAnswer {
                status: 302,
                body: "a redirect to /error".into(),
            }),
            Box::new(|| RequestError::Undecodable {
                source: "no JSON".into(),
            }),
            Box::new(|| RequestError::Relay(RelayError::TimedOut(Duration::from_secs(60)))),
            Box::new(move || login(LoginError::BadCredentials { host })),
            Box::new(move || {
                login(LoginError::Captcha {
                    host,
                    location: words(),
                })
            }),
            Box::new(move || {
                login(LoginError::PageChanged {
                    page: words(),
                    missing: "profile link",
                })
            }),
            Box::new(move || {
                login(LoginError::Status {
                    page: words(),
                    status: 503,
                    to: words(),
                })
            }),
            Box::new(move || login(LoginError::NotAccepted { host })),
            Box::new(move || {
                login(LoginError::AnotherUser {
                    found: UserId::new(1),
                    expected: UserId::new(2),
                })
            }),
        ];
        for error in all {
            let (before, after) = (error(), sent(error()));
            assert_eq!(error_chain(&before), error_chain(&after));
            assert_eq!(before.is_transient(), after.is_transient(), "{before}");
            let happened = before.may_have_happened();
            assert_eq!(happened, after.may_have_happened(), "{before}");
            assert_eq!(before.status(), after.status());
        }
    }

    #[test]
    fn every_element_that_a_page_may_lack_keeps_its_name() {
        for missing in ELEMENTS {
            let error = LoginError::PageChanged {
                page: "/".into(),
                missing,
            };
            let after = LoginError::from(LoginFailed::from(error));
            assert!(matches!(after, LoginError::PageChanged { missing: of, .. } if of == missing));
        }
    }

    #[tokio::test]
    async fn a_path_that_leads_to_another_server_is_not_sent() {
        let config = crate::Config::new(crate::Account::new("mira@example.org", "p"));
        let (client, _source) = crate::connect(config);
        let answer = carry_out(&client, Asked::from(&Call::get("@evil.example/"))).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains(r#"{"Err":{"relay":"unknown"}}"#), "{text}");
    }
}
