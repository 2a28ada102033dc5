//! Requests as one account (protocol §2): cookies, the key for writing, the pace of writes, and redirects.
//!
//! [`login`] has the login, [`fkey`] the key for writing, [`answer`] decides what counts as an answer.
//!
//! Every request of the account goes through [`Http::call`], from the client and from the source's tasks:
//!
//! 1. The account logs in unless it has. One login goes on at a time; a refusal that only a person can end is
//!    remembered, and fails every later request without asking the site.
//! 2. A POST gets the key (`fkey`), which is fetched once an hour. The key is the chat session's, not a room's
//!    (protocol §4).
//! 3. A write waits for its turn (`throttle.rs`); reads go out at once.
//! 4. The request goes out once, with `Referer`, `Origin` and cookies (protocol §2), and its answer's cookies are kept.
//! 5. The answer is judged: 409 and 429 are waits, 5xx is a failure, a redirect or a page is no answer.
//! 6. An answer that looks like one for a stale key (a page, 403 or 404) makes a new key; an idempotent call goes out
//!    once more.
//!
//! Redirects are followed for pages of the chat server alone, five at most and within its host. No answer of the login
//! is followed, since the redirect *is* the answer (protocol §11.12).

mod answer;
mod fkey;
mod login;
mod redirect;

use std::{
    borrow::Cow,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Clock, Remote, SourceName};
use antiphon_net::HttpClient;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};

pub(crate) use self::answer::Answer;
use self::{
    answer::{fail_early, read, short, words_of},
    login::login_failed,
    redirect::{asks_for_human, is_error_page, location, path_of, within},
};
use crate::{
    config::{Account, Config},
    cookies::Jar,
    error::{LoginError, RequestError},
    model::{Me, RoomId, Server},
    page::Page,
    relay,
    throttle::Throttle,
};

/// Tries of a write that the server asks to wait for.
///
/// The last answer's wait is then returned in `RequestError::Throttled`.
const WAITS: u32 = 5;
/// Tries of a read during which the login ended.
///
/// For reads that only the account itself is answered; see `Http::as_account`.
const LOGINS: u32 = 3;
/// Redirects that are followed for one page at most.
const REDIRECTS: u32 = 5;

/// The path of invitations.
///
/// It has a name because its 409 is a refusal, where every other path's asks to wait.
pub(crate) const INVITE: &str = "/users/invite";

/// One request to the chat server.
///
/// Built by [`Call::get`], [`Call::ask`] or [`Call::act`], which set method, pace and idempotence together. The form is
/// sent in the query of a GET and in the body of a POST; the key is added when the call goes out, so that a call can be
/// sent again with another key.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Fields in the order in which they are sent, without the key.
    pub(crate) form: Vec<(Cow<'static, str>, String)>,
    /// The room that it comes from, for the `Referer`.
    pub(crate) room: Option<RoomId>,
    /// Whether sending it twice is the same as sending it once.
    pub(crate) idempotent: bool,
    /// Whether it waits for its turn among the account's writes (protocol §10).
    pub(crate) throttled: bool,
}

impl Call {
    /// A call that reads a page or a document.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            form: Vec::new(),
            room: None,
            idempotent: true,
            throttled: false,
        }
    }

    /// A call that reads by a form, without changing anything.
    pub(crate) fn ask(path: impl Into<String>) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(path)
        }
    }

    /// A call that changes something: it waits for its turn, and is sent once.
    pub(crate) fn act(path: impl Into<String>) -> Self {
        Self {
            idempotent: false,
            throttled: true,
            ..Self::ask(path)
        }
    }

    /// Adds a field to the form.
    pub(crate) fn field(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.form.push((name.into(), value.to_string()));
        self
    }

    /// Adds a field with a computed name.
    pub(crate) fn keyed(mut self, name: String, value: &(impl ToString + ?Sized)) -> Self {
        self.form.push((name.into(), value.to_string()));
        self
    }

    /// Encodes the form, with the key for writing.
    fn encoded(&self, fkey: Option<&str>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.form {
            form.append_pair(name, value);
        }
        if let Some(fkey) = fkey {
            form.append_pair("fkey", fkey);
        }
        form.finish()
    }

    /// Sets the room that it comes from.
    pub(crate) fn from(mut self, room: RoomId) -> Self {
        self.room = Some(room);
        self
    }

    /// Marks the call as one that may be sent twice.
    pub(crate) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// Sends requests as one account.
///
/// Shared by the client and the source's tasks behind an `Arc`. Locks are held for the length of a look, never over an
/// await.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    server: Server,
    account: Account,
    user_agent: String,
    clock: Clock,
    /// For one request on the wire; the wait for a turn is not part of it.
    request_timeout: Duration,
    throttle: Throttle,
    /// Absent: the login lives as long as the process.
    cookie_file: Option<PathBuf>,
    /// The cookies of all hosts of the login; cleared when a session has ended.
    jar: Mutex<Jar>,
    /// The key, and when it was fetched.
    fkey: Mutex<Option<(String, Instant)>>,
    /// Absent before the login and after a logout.
    me: watch::Sender<Option<Me>>,
    /// Logins so far.
    logins: AtomicU64,
    /// Lets one login go on at a time: the others then use its cookies.
    login: Semaphore,
    /// The refusal that only a person can end; the site is not asked again before.
    refused: Mutex<Option<LoginError>>,
    /// The source's name, where another process runs it: an account has one login and one pace.
    elsewhere: OnceLock<SourceName>,
    /// The way to that process; absent if the journal has none.
    remote: OnceLock<Remote>,
}

impl Http {
    /// Makes the requests of a configuration.
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            server: config.server,
            account: config.account.clone(),
            user_agent: config.user_agent.clone(),
            clock: config.clock,
            request_timeout: config.request_timeout,
            throttle: Throttle::new(config.max_queued_requests),
            cookie_file: config.cookie_file.clone(),
            jar: Mutex::default(),
            fkey: Mutex::default(),
            me: watch::Sender::new(None),
            logins: AtomicU64::new(0),
            login: Semaphore::new(1),
            refused: Mutex::default(),
            elsewhere: OnceLock::new(),
            remote: OnceLock::new(),
        }
    }

    /// Sends nothing from now on, since another process runs the account's source: requests go there, or are refused.
    pub(crate) fn set_elsewhere(&self, source: SourceName, remote: Option<Remote>) {
        if let Some(remote) = remote {
            self.remote.get_or_init(|| remote);
        }
        self.elsewhere.get_or_init(|| source);
    }

    /// The way to the process that runs the account's source, if another one does and can be asked.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        self.remote.get()
    }

    /// # Errors
    /// [`RequestError::Elsewhere`] once another process is known to run the source.
    fn is_here(&self) -> Result<(), RequestError> {
        match self.elsewhere.get() {
            Some(source) => Err(RequestError::Elsewhere(source.clone())),
            None => Ok(()),
        }
    }

    /// The account, once it has logged in.
    pub(crate) fn me(&self) -> Option<Me> {
        self.me.borrow().clone()
    }

    /// Notes the account as another process knows it.
    pub(crate) fn know(&self, me: Option<&Me>) {
        let change = |known: &mut Option<Me>| {
            let changes = known.as_ref() != me;
            *known = me.cloned();
            changes
        };
        self.me.send_if_modified(change);
    }

    /// The chat server.
    pub(crate) fn server(&self) -> Server {
        self.server
    }

    /// Locks the cookies.
    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Calls.

    /// Sends a request to the chat server, logged in, with the key for writing.
    ///
    /// After an answer that looks like one for a stale key or session a new key is fetched, and an idempotent call is
    /// sent once more (protocol §11.29).
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, RequestError> {
        if let Some(remote) = self.remote() {
            let (answer, me) = relay::call(remote, &call).await;
            if me.is_some() {
                self.know(me.as_ref());
            }
            return answer;
        }
        self.is_here()?;
        self.logged_in().await?;
        let stale = if call.method == Method::POST {
            Some(self.key().await?)
        } else {
            None
        };
        let answer = self.send_paced(&call, stale.as_deref()).await;
        let looks_stale = matches!(
            &answer,
            Err(RequestError::NotAnAnswer {
                status: 200 | 403 | 404,
                ..
            } | RequestError::Refused {
                status: 403 | 404,
                ..
            })
        );
        if !looks_stale || call.method != Method::POST {
            return answer;
        }
        let fresh = self.fresh_key(stale.as_deref()).await;
        if !call.idempotent {
            // The first answer says whether the call may have been carried out.
            return answer;
        }
        let fresh = fresh?;
        if Some(&fresh) == stale.as_ref() {
            return answer;
        }
        tracing::debug!(path = call.path, "sent once more with a new key");
        self.send_paced(&call, Some(&fresh)).await
    }

    /// Reads an answer that only this account gets, such as its mentions.
    ///
    /// A server accepts the key of a login that has ended, answers as to an anonymous user, and the answer does not say
    /// so. The read therefore counts only if the address of a socket, which needs a login, was answered after it without
    /// a new login.
    pub(crate) async fn as_account<T, F>(
        &self,
        room: RoomId,
        read: impl Fn() -> F,
    ) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        for _ in 0..LOGINS {
            let before = self.logins.load(Ordering::Relaxed);
            let read = read().await?;
            let proof = Call::ask("/ws-auth").from(room).field("roomid", &room);
            match self.call(proof).await {
                Ok(_) => {}
                // A page was read for a new key, and shows who is logged in.
                Err(error) if matches!(error.status(), Some(403 | 404)) => {}
                Err(error) => return Err(error),
            }
            if self.logins.load(Ordering::Relaxed) == before {
                return Ok(read);
            }
            tracing::debug!(%room, "read once more: the login had ended");
        }
        Err(login_failed(LoginError::NotAccepted {
            host: self.server.chat_host(),
        }))
    }

    /// Sends a request when it has its turn, and waits as the server asks.
    async fn send_paced(&self, call: &Call, fkey: Option<&str>) -> Result<Answer, RequestError> {
        if !call.throttled {
            return self.send(call, fkey).await;
        }
        let mut turn = self.throttle.turn().await?;
        for tries in 1.. {
            turn.begin().await;
            let answer = self.send(call, fkey).await;
            let Err(RequestError::Throttled { wait }) = answer else {
                return answer;
            };
            turn.asked(wait);
            if tries >= WAITS {
                return answer;
            }
            tracing::debug!(path = call.path, wait = wait.as_secs(), "asked to wait");
        }
        unreachable!("the loop ends by itself")
    }

    /// Sends a request, and tells its answer from refusals, failures and pages.
    async fn send(&self, call: &Call, fkey: Option<&str>) -> Result<Answer, RequestError> {
        let host = self.server.chat_host();
        let form = call.encoded(fkey);
        let (path, form) = match (&call.method, form.is_empty()) {
            (&Method::GET, false) => (format!("{}?{form}", call.path), None),
            (&Method::GET, true) => (call.path.clone(), None),
            _ => (call.path.clone(), Some(form)),
        };
        // The server refuses edits without a `Referer`, in other words (protocol §2).
        let referer = match call.room {
            Some(room) => format!("https://{host}/rooms/{room}"),
            None => format!("https://{host}/"),
        };
        let response = if call.method == Method::GET {
            self.get_followed(host, path, &referer).await?
        } else {
            self.send_once(&call.method, host, &path, form, &referer)
                .await?
        };
        if response.status() == StatusCode::CONFLICT && call.path == INVITE {
            // A conflict is a refusal here, unless it says how long to wait (protocol §7.2).
            let words = short(response.body());
            if !words.contains("again in") {
                return Err(RequestError::Refused {
                    status: 409,
                    message: words,
                });
            }
        }
        let answer = read(&response)?;
        if call.method == Method::POST {
            answer.not_a_page()
        } else {
            Ok(answer)
        }
    }

    /// Sends one request, and keeps the cookies of its answer.
    async fn send_once(
        &self,
        method: &Method,
        host: &'static str,
        path: &str,
        form: Option<String>,
        referer: &str,
    ) -> Result<Response<Bytes>, RequestError> {
        self.is_here()?;
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("https://{host}{path}"))
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::REFERER, referer);
        if let Some(cookie) = self.jar().header(host, path_of(path), self.clock.now()) {
            request = request.header(header::COOKIE, cookie);
        }
        let body = match form {
            Some(form) => {
                request = request
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(header::ORIGIN, format!("https://{host}"));
                Bytes::from(form)
            }
            None => Bytes::new(),
        };
        let request = request
            .body(body)
            .map_err(|error| RequestError::Unreachable(Box::new(error)))?;
        let limit = self.request_timeout;
        let response = match timeout(limit, self.client.send(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(antiphon_net::HttpError::TimedOut { limit, .. })) => {
                return Err(RequestError::TimedOut(limit));
            }
            Ok(Err(error)) => return Err(RequestError::Unreachable(Box::new(error))),
            Err(_) => return Err(RequestError::TimedOut(limit)),
        };
        self.jar()
            .take(host, path_of(path), &response, self.clock.now());
        Ok(response)
    }

    /// Reads a page of the chat server, and follows redirects within it, as to the full address of a room.
    ///
    /// A redirect to the login, to a challenge, to an error page or to another host is the answer itself.
    async fn get_followed(
        &self,
        host: &'static str,
        path: String,
        referer: &str,
    ) -> Result<Response<Bytes>, RequestError> {
        let mut path = path;
        let mut redirects = 0;
        loop {
            let response = self
                .send_once(&Method::GET, host, &path, None, referer)
                .await?;
            let next = location(&response)
                .filter(|to| !asks_for_human(to) && !is_error_page(to))
                .and_then(|to| within(host, &path, &to));
            match next {
                Some(next) if redirects < REDIRECTS => path = next,
                _ => return Ok(response),
            }
            redirects += 1;
        }
    }

    /// Reads a page of any site, without following redirects.
    async fn get(&self, host: &'static str, path: &str) -> Result<Response<Bytes>, RequestError> {
        let referer = format!("https://{host}/");
        self.send_once(&Method::GET, host, path, None, &referer)
            .await
    }

    /// Whether a room's page lets the account in (protocol §4).
    pub(crate) async fn room_is_open(&self, room: RoomId) -> Result<bool, RequestError> {
        let path = format!("/rooms/{room}");
        let host = self.server.chat_host();
        let referer = format!("https://{host}/");
        let response = self.get_followed(host, path, &referer).await?;
        fail_early(&response)?;
        if matches!(response.status().as_u16(), 404 | 410) {
            return Ok(false);
        }
        if response.status() != StatusCode::OK {
            return Err(RequestError::NotAnAnswer {
                status: response.status().as_u16(),
                body: words_of(&response),
            });
        }
        Ok(!Page::parse(response.body())?.is_private_room())
    }
}
