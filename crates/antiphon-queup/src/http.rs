//! Requests and their rate limits.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_core::Secret;
use antiphon_net::{HttpClient, SetCookie};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::value::RawValue;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    config::{Account, Config, RateLimits},
    error::{AuthorizationError, LoginError, RequestError},
    wire,
};

/// The only cookie QueUp uses.
const COOKIE: &str = "connect.sid";
/// How much of the server's own words an error repeats.
const LONGEST_WORDS: usize = 200;
/// A wait longer than this is not believed: a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// By which rule a request waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Keeps the session going; bounded by the pauses between two connections.
    Upkeep,
    /// Asked for by a user of the library.
    Action,
    /// A chat message: one at a time.
    Chat,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Nothing,
    Form(String),
    Json(serde_json::Value),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Body,
    pub(crate) lane: Lane,
    /// Whether the answer is a redirect, whose address is wanted.
    redirect: bool,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: Body::Nothing,
            lane: Lane::Action,
            redirect: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Wants the address that the answer sends us to, and not the answer.
    pub(crate) fn redirect(mut self) -> Self {
        self.redirect = true;
        self
    }

    /// Adds fields to a form body.
    pub(crate) fn form<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.body = Body::Form(form.finish());
        self
    }

    pub(crate) fn json(mut self, body: serde_json::Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Adds fields to the query.
    pub(crate) fn query<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        self.path = format!("{}?{}", self.path, query.finish());
        self
    }

    /// Whether doing it twice is the same as doing it once.
    fn is_idempotent(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT | Method::DELETE)
    }
}

/// One step of a path, with everything escaped that would not stay inside it.
pub(crate) fn step(text: &str) -> String {
    let mut step = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            step.push(char::from(byte));
        } else {
            let _ = write!(step, "%{byte:02X}");
        }
    }
    // A lone dot or two would climb.
    if matches!(step.as_str(), "." | "..") {
        step.replace('.', "%2E")
    } else {
        step
    }
}

/// The slots of the rate limit: one for each request, free again some time after it was sent.
#[derive(Debug)]
struct Slots {
    free_at: Vec<Instant>,
    limit: usize,
}

impl Slots {
    fn new(limit: usize) -> Self {
        Self {
            free_at: Vec::with_capacity(limit),
            limit,
        }
    }

    /// Takes a slot for so long, or says when one will be free.
    fn take(&mut self, now: Instant, hold: Duration) -> Result<(), Instant> {
        self.free_at.retain(|free_at| *free_at > now);
        if self.free_at.len() < self.limit {
            self.free_at.push(now + hold);
            return Ok(());
        }
        Err(self.free_at.iter().copied().min().unwrap_or(now))
    }
}

/// Gives requests their turn.
///
/// Written here rather than built from a general limiter: each slot cools down for a time of its own, which windows
/// and token buckets cannot say.
#[derive(Debug)]
struct Limiter {
    slots: Mutex<Slots>,
    /// Whoever holds it is next; the others queue behind, in order.
    turn: Semaphore,
    chat: Semaphore,
    waiting: AtomicUsize,
    limits: RateLimits,
    /// When chat may go on after the server asked us to wait.
    chat_closed: Mutex<Option<(Instant, String)>>,
}

/// Counts someone who waits, until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limiter {
    fn new(limits: RateLimits) -> Self {
        Self {
            slots: Mutex::new(Slots::new(limits.slots)),
            turn: Semaphore::new(1),
            chat: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            limits,
            chat_closed: Mutex::default(),
        }
    }

    fn wait(&self) -> Result<Waiting<'_>, RequestError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Waiting(&self.waiting);
        if waiting >= self.limits.waiting.saturating_add(self.limits.slots) {
            return Err(RequestError::Busy(waiting));
        }
        Ok(place)
    }

    /// Waits for a slot.
    async fn slot(&self, hold: Duration) {
        let turn = self.turn.acquire().await;
        loop {
            let taken = {
                let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
                slots.take(Instant::now(), hold)
            };
            match taken {
                Ok(()) => break,
                Err(free_at) => sleep_until(free_at).await,
            }
        }
        drop(turn);
    }

    fn chat_open(&self) -> Result<(), RequestError> {
        let mut closed = self
            .chat_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        closed.take_if(|(until, _)| *until <= now);
        match &*closed {
            Some((until, message)) => Err(RequestError::RateLimited {
                message: message.clone(),
                wait: Some(until.saturating_duration_since(now)),
            }),
            None => Ok(()),
        }
    }

    fn close_chat(&self, message: &str, wait: Duration) {
        let mut closed = self
            .chat_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed = Some((Instant::now() + wait, message.to_owned()));
    }
}

/// Sends requests as one account: cookie, login, turn, timeout, and one more try where that is safe.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    base: String,
    account: Account,
    user_agent: String,
    request_timeout: Duration,
    chat_timeout: Duration,
    limiter: Limiter,
    cookie: Mutex<Option<Secret>>,
    cookie_file: Option<PathBuf>,
    cookie_read: AtomicBool,
    /// One login at a time: the others then use its cookie.
    login: Semaphore,
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            base: config.rest_url.trim_end_matches('/').to_owned(),
            account: config.account.clone(),
            user_agent: config.user_agent.clone(),
            request_timeout: config.request_timeout,
            chat_timeout: config.chat_timeout,
            limiter: Limiter::new(config.rate_limits),
            cookie: Mutex::default(),
            cookie_file: config.cookie_file.clone(),
            cookie_read: AtomicBool::new(false),
            login: Semaphore::new(1),
        }
    }

    /// Sends a request and gives the answer's `data`.
    ///
    /// A redirect to the login is followed by one login and one replay.
    pub(crate) async fn call(&self, call: Call) -> Result<Bytes, RequestError> {
        let (hold, limit) = match call.lane {
            Lane::Upkeep => {
                return self.replayed(&call, self.request_timeout).await;
            }
            Lane::Action => (self.limiter.limits.cool_down, self.request_timeout),
            Lane::Chat => (self.limiter.limits.chat_cool_down, self.chat_timeout),
        };
        let _waiting = self.limiter.wait()?;
        if call.lane == Lane::Action {
            self.limiter.slot(hold).await;
            return self.replayed(&call, limit).await;
        }
        // Messages overtake one another if two are under way.
        let _turn = self.limiter.chat.acquire().await;
        self.limiter.chat_open()?;
        self.limiter.slot(hold).await;
        let answer = self.replayed(&call, limit).await;
        if let Err(RequestError::RateLimited {
            message,
            wait: Some(wait),
        }) = &answer
        {
            self.limiter.close_chat(message, *wait);
        }
        answer
    }

    /// Sends a request; if the session has ended, logs in and sends it once more.
    async fn replayed(&self, call: &Call, limit: Duration) -> Result<Bytes, RequestError> {
        let cookie = self.current_cookie().await;
        match self.tried(call, cookie.as_ref(), limit).await? {
            Answer::Data(data) => Ok(data),
            Answer::LoginFirst => {
                self.log_in_again(cookie.as_ref())
                    .await
                    .map_err(|error| RequestError::Login(Box::new(error)))?;
                let cookie = self.current_cookie().await;
                match self.tried(call, cookie.as_ref(), limit).await? {
                    Answer::Data(data) => Ok(data),
                    Answer::LoginFirst => Err(RequestError::LoggedOut),
                }
            }
        }
    }

    /// Sends a request; once more if the connection broke and doing it twice is harmless.
    async fn tried(
        &self,
        call: &Call,
        cookie: Option<&Secret>,
        limit: Duration,
    ) -> Result<Answer, RequestError> {
        match self.sent(call, cookie, limit).await {
            Err(RequestError::Unreachable(error)) if call.is_idempotent() && broke(&error) => {
                tracing::debug!(path = call.path, %error, "sent once more");
                self.sent(call, cookie, limit).await
            }
            outcome => outcome,
        }
        .and_then(|response| {
            if call.redirect {
                read_redirect(&response)
            } else {
                read(&response)
            }
        })
    }

    /// The path of an address on the server itself; `None` for any other address.
    pub(crate) fn own_path(&self, to: &str) -> Option<String> {
        let base: http::Uri = self.base.parse().ok()?;
        let to: http::Uri = to.parse().ok()?;
        let is_own = match (to.authority(), base.authority()) {
            (None, _) => to.path().starts_with('/') && !to.path().starts_with("//"),
            (Some(to), Some(base)) => to.host().eq_ignore_ascii_case(base.host()),
            (Some(_), None) => false,
        };
        let path = to.path_and_query()?.as_str();
        let prefix = base.path().trim_end_matches('/');
        is_own.then(|| path.strip_prefix(prefix).unwrap_or(path).to_owned())
    }

    async fn sent(
        &self,
        call: &Call,
        cookie: Option<&Secret>,
        limit: Duration,
    ) -> Result<Response<Bytes>, RequestError> {
        let request = self.request(call, cookie)?;
        match timeout(limit, self.client.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(antiphon_net::HttpError::TimedOut { limit, .. })) => {
                Err(RequestError::TimedOut(limit))
            }
            Ok(Err(error)) => Err(RequestError::Unreachable(Box::new(error))),
            Err(_) => Err(RequestError::TimedOut(limit)),
        }
    }

    fn request(
        &self,
        call: &Call,
        cookie: Option<&Secret>,
    ) -> Result<Request<Bytes>, RequestError> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.base, call.path))
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::ACCEPT, "application/json");
        if let Some(cookie) = cookie {
            let mut value = header::HeaderValue::try_from(format!("{COOKIE}={}", cookie.expose()))
                .map_err(|error| RequestError::Unreachable(Box::new(error)))?;
            value.set_sensitive(true);
            request = request.header(header::COOKIE, value);
        }
        let (kind, body) = match &call.body {
            Body::Nothing => (None, Bytes::new()),
            Body::Form(form) => (
                Some("application/x-www-form-urlencoded"),
                Bytes::from(form.clone()),
            ),
            Body::Json(json) => (Some("application/json"), Bytes::from(json.to_string())),
        };
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        request
            .body(body)
            .map_err(|error| RequestError::Unreachable(Box::new(error)))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Login and cookie.

    /// Logs in, whatever cookie there is.
    pub(crate) async fn log_in(&self) -> Result<(), LoginError> {
        let _one = self.login.acquire().await;
        self.log_in_now().await
    }

    /// Logs in, unless someone else has since the request with `stale` was sent.
    async fn log_in_again(&self, stale: Option<&Secret>) -> Result<(), LoginError> {
        let _one = self.login.acquire().await;
        let newer = {
            let cookie = self.cookie.lock().unwrap_or_else(PoisonError::into_inner);
            cookie.as_ref().map(Secret::expose) != stale.map(Secret::expose) && cookie.is_some()
        };
        if newer {
            return Ok(());
        }
        self.log_in_now().await
    }

    async fn log_in_now(&self) -> Result<(), LoginError> {
        let call = Call::post("/auth/login").form([
            ("username", self.account.email.as_str()),
            ("password", self.account.password.expose()),
        ]);
        let response = self
            .sent(&call, None, self.request_timeout)
            .await
            .map_err(LoginError::Request)?;
        let status = response.status();
        let cookie = set_cookie(&response);
        match read(&response) {
            Ok(Answer::Data(_)) => {}
            Ok(Answer::LoginFirst) => {
                return Err(AuthorizationError {
                    message: "the server sent us back to the login".into(),
                }
                .into());
            }
            Err(RequestError::Refused {
                status: 400 | 401 | 403 | 422,
                message,
            }) => {
                return Err(AuthorizationError { message }.into());
            }
            Err(error) => return Err(LoginError::Request(error)),
        }
        let Some(cookie) = cookie else {
            tracing::warn!(%status, "login without a cookie");
            return Err(LoginError::NoCookie);
        };
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie.clone());
        if let Some(path) = self.cookie_file.clone() {
            let kept = tokio::task::spawn_blocking(move || keep(&path, &cookie)).await;
            if let Ok(Err(error)) = kept {
                tracing::warn!(%error, "cookie not kept");
            }
        }
        Ok(())
    }

    /// The cookie, at first from the file.
    async fn current_cookie(&self) -> Option<Secret> {
        if let Some(path) = self.cookie_file.clone()
            && !self.cookie_read.swap(true, Ordering::AcqRel)
        {
            let kept = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
            if let Ok(Ok(text)) = kept {
                let mut cookie = self.cookie.lock().unwrap_or_else(PoisonError::into_inner);
                let text = text.trim();
                let text = text
                    .strip_prefix(COOKIE)
                    .map_or(text, |rest| rest.trim_start_matches('='));
                if cookie.is_none() && is_cookie_value(text) {
                    *cookie = Some(Secret::new(text));
                }
            }
        }
        self.cookie
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Whether a text can be sent as a cookie's value.
fn is_cookie_value(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    !text.is_empty() && text.len() <= 4096 && text.bytes().all(fits)
}

/// The session's cookie, if the answer sets it.
fn set_cookie(response: &Response<Bytes>) -> Option<Secret> {
    let now = antiphon_core::Clock::system().now();
    SetCookie::all(response.headers(), now)
        .find(|set| set.name == COOKIE && !set.is_over(now) && is_cookie_value(set.value.expose()))
        .map(|set| set.value)
}

/// Writes the cookie to a new file that only its owner can read, and puts it in place of the old one.
fn keep(path: &Path, cookie: &Secret) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    writeln!(file, "{COOKIE}={}", cookie.expose())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)
}

/// Whether the connection broke, so that the request may be sent once more.
fn broke(error: &antiphon_core::BoxError) -> bool {
    matches!(
        error.downcast_ref::<antiphon_net::HttpError>(),
        Some(antiphon_net::HttpError::Broken { .. })
    )
}

/// What an answer amounts to.
#[derive(Debug)]
enum Answer {
    /// The envelope's `data`.
    Data(Bytes),
    /// The session has ended.
    LoginFirst,
}

/// Where an answer sends us; an answer that sends nowhere is an error.
fn read_redirect(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let to = location(response);
    match read(response) {
        Err(RequestError::NotQueUp(_)) if response.status().is_redirection() && !to.is_empty() => {
            Ok(Answer::Data(Bytes::copy_from_slice(to.as_bytes())))
        }
        Ok(Answer::Data(_)) => Err(RequestError::NotQueUp("no redirect".into())),
        other => other,
    }
}

fn location(response: &Response<Bytes>) -> &str {
    let to = response.headers().get(header::LOCATION);
    let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
    to.trim()
}

/// Reads the envelope, and tells refusals and failures from success (protocol §1).
fn read(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let status = response.status();
    if status.is_redirection() {
        if location(response).contains("/auth/login") {
            return Ok(Answer::LoginFirst);
        }
        return Err(RequestError::NotQueUp(format!(
            "a redirect (status {})",
            status.as_u16()
        )));
    }
    let body = response.body();
    // serde would read a list as an envelope, by order; it is the data without one.
    let is_list = body.trim_ascii_start().starts_with(b"[");
    if is_list && status.is_success() && serde_json::from_slice::<&RawValue>(body).is_ok() {
        return Ok(Answer::Data(body.clone()));
    }
    if is_list {
        return Err(not_json(response));
    }
    let Ok(envelope) = serde_json::from_slice::<wire::Envelope<'_>>(body) else {
        return Err(not_json(response));
    };
    // The body's code counts even under status 200.
    let code = envelope
        .code
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    let status = match code {
        Some(code) if status.is_success() => code,
        _ => status.as_u16(),
    };
    if (200..300).contains(&status) {
        let data = envelope.data.map(RawValue::get);
        return Ok(Answer::Data(data.map_or_else(
            || Bytes::from_static(b"null"),
            |data| body.slice_ref(data.as_bytes()),
        )));
    }
    let data = envelope.data.map_or("null", RawValue::get);
    let data: wire::ErrorData<'_> = serde_json::from_str(data).unwrap_or_default();
    if status == 401 && data.message.as_deref() == Some("dologin") {
        return Ok(Answer::LoginFirst);
    }
    let message = words(data, envelope.message.as_deref().unwrap_or_default());
    Err(match status {
        429 => RequestError::RateLimited {
            wait: wait_in(response, &message),
            message,
        },
        500.. => RequestError::Server { status, message },
        _ => RequestError::Refused { status, message },
    })
}

/// A page, or anything else that is no envelope. Its text stays out of the error: nobody knows what stands in it.
fn not_json(response: &Response<Bytes>) -> RequestError {
    let status = response.status().as_u16();
    match status {
        429 => RequestError::RateLimited {
            wait: wait_in(response, ""),
            message: String::new(),
        },
        500.. => RequestError::Server {
            status,
            message: String::new(),
        },
        // QueUp itself refuses in JSON; this is something in front of it, for a moment.
        _ => RequestError::NotQueUp(format!(
            "status {status} with {} bytes that are no envelope",
            response.body().len()
        )),
    }
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(LONGEST_WORDS)
        .collect();
    line
}

/// The server's words: `data.err.details.message`, `data.details.message`, `message`, in this order.
///
/// The first two may be objects with the words inside.
fn words(data: wire::ErrorData<'_>, fallback: &str) -> String {
    let inner = data.err.and_then(|err| err.details).or(data.details);
    let found = inner.and_then(|details| match details.message {
        wire::Ref::Id(text) => Some(text),
        wire::Ref::Object(words) => words.message.or(words.err),
        wire::Ref::Nothing => None,
    });
    short(
        found
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(fallback),
    )
}

/// How long the server asks us to wait: by `Retry-After`, or in words such as `10 mins`.
fn wait_in(response: &Response<Bytes>, message: &str) -> Option<Duration> {
    let field = response.headers().get(header::RETRY_AFTER);
    let field = field.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    field
        .map(Duration::from_secs)
        .or_else(|| wait_in_words(message))
        .filter(|wait| *wait <= LONGEST_WAIT)
}

fn wait_in_words(message: &str) -> Option<Duration> {
    let lower = message.to_lowercase();
    let mut words = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let digits = word.chars().take_while(char::is_ascii_digit).count();
        let Ok(number) = word[..digits].parse::<u32>() else {
            continue;
        };
        // The unit stands behind the number, or sticks to it: `10 mins`, `30s`.
        let unit = match &word[digits..] {
            "" => words.peek().copied().unwrap_or_default(),
            stuck => stuck,
        };
        let seconds = match unit {
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "ms" => return Some(Duration::from_millis(number.into())),
            _ => continue,
        };
        return Some(Duration::from_secs(u64::from(number) * seconds));
    }
    None
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn response(status: u16, body: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        response
    }

    #[track_caller]
    fn words_of(status: u16, body: &str, expected: &str) {
        match read(&response(status, body)).expect_err("an error") {
            RequestError::Refused { message, .. }
            | RequestError::Server { message, .. }
            | RequestError::RateLimited { message, .. } => assert_eq!(message, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_words_of_an_error_are_found_in_all_three_places() {
        words_of(
            404,
            r#"{"code":404,"message":"Not Found","data":{"err":{"details":{"code":404,"message":"no songs in active queue"},"origin":"method"}}}"#,
            "no songs in active queue",
        );
        words_of(
            400,
            r#"{"code":400,"message":"Bad Request","data":{"details":{"code":400,"message":"Incorrect password"}}}"#,
            "Incorrect password",
        );
        words_of(
            500,
            r#"{"code":500,"message":"Internal error","data":null}"#,
            "Internal error",
        );
        words_of(
            400,
            r#"{"code":400,"message":"x","data":{"details":{"message":{"err":"invalidPassword"}}}}"#,
            "invalidPassword",
        );
        words_of(
            400,
            r#"{"code":400,"message":"x","data":{"details":{"message":{"message":"inside"}}}}"#,
            "inside",
        );
        words_of(400, r#"{"message":"two\nlines"}"#, "two lines");
    }

    #[test]
    fn html_instead_of_json_is_its_own_error() {
        let error = read(&response(200, "<html>")).expect_err("no envelope");
        assert!(matches!(error, RequestError::NotQueUp(_)) && error.is_transient());
    }

    #[test]
    fn a_refusal_in_html_is_not_queups_and_passes() {
        for status in [400, 401, 403, 404] {
            let error = read(&response(status, "<html>no</html>")).expect_err("an error");
            assert!(error.is_transient(), "{error:?}");
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
    }

    #[test]
    fn the_text_of_a_page_is_in_no_error() {
        for status in [200, 301, 403, 404, 429, 500, 502] {
            for body in ["<html>token=abc</html>", "\"token=abc\"", "[token=abc]"] {
                let mut page = response(status, body);
                let to = header::HeaderValue::from_static("https://a.example/?token=abc");
                page.headers_mut().insert(header::LOCATION, to);
                let error = read(&page).expect_err("an error");
                assert!(!format!("{error} {error:?}").contains("abc"), "{error:?}");
            }
        }
    }

    #[test]
    fn a_redirect_that_is_wanted_gives_its_address() {
        let mut away = response(302, "");
        let at = |url: &'static str| header::HeaderValue::from_static(url);
        away.headers_mut()
            .insert(header::LOCATION, at("https://soundcloud.com/a/b"));
        let answer = read_redirect(&away).expect("an address");
        assert!(matches!(answer, Answer::Data(to) if to == "https://soundcloud.com/a/b"));
        away.headers_mut()
            .insert(header::LOCATION, at("https://api.queup.net/auth/login"));
        assert!(matches!(read_redirect(&away), Ok(Answer::LoginFirst)));
        away.headers_mut().remove(header::LOCATION);
        read_redirect(&away).expect_err("it leads nowhere");
        read_redirect(&response(200, r#"{"code":200,"data":{}}"#)).expect_err("no redirect");
        let error = read_redirect(&response(404, r#"{"code":404}"#)).expect_err("refused");
        assert_eq!(error.status(), Some(404));
    }

    #[test]
    fn only_addresses_of_the_server_itself_are_followed() {
        let config = Config::new(Account::new("a@b.example", "p"));
        let network = antiphon_net::Network::new();
        let http = Http::new(&config, network.http());
        for (to, path) in [
            ("/song/2/redirect?a=1", Some("/song/2/redirect?a=1")),
            ("http://api.queup.net/song/2", Some("/song/2")),
            ("https://API.queup.net/song/2", Some("/song/2")),
            ("https://soundcloud.com/a", None),
            ("https://api.queup.net.evil.example/a", None),
            ("//evil.example/a", None),
            ("nonsense", None),
        ] {
            assert_eq!(http.own_path(to).as_deref(), path, "{to}");
        }
    }

    #[test]
    fn a_list_without_an_envelope_is_the_data() {
        let list = r#"[{"_id":"1"},{"_id":"2"},{"_id":"3"}]"#;
        let answer = read(&response(200, list)).expect("data");
        assert!(matches!(answer, Answer::Data(data) if data == list));
        read(&response(500, list)).expect_err("a failure");
    }

    #[test]
    fn a_wait_counts_in_a_page_as_well() {
        let mut page = response(429, "<html>");
        let wait = header::HeaderValue::from_static("30");
        page.headers_mut().insert(header::RETRY_AFTER, wait);
        let error = read(&page).expect_err("an error");
        assert!(
            matches!(error, RequestError::RateLimited { wait: Some(wait), .. } if wait.as_secs() == 30)
        );
    }

    #[test]
    fn an_error_under_status_200_is_an_error() {
        let error = read(&response(200, r#"{"code":403,"message":"no","data":null}"#));
        assert_eq!(error.expect_err("refused").status(), Some(403));
    }

    #[test]
    fn a_redirect_to_the_login_asks_for_a_login() {
        let mut away = response(302, "");
        let login = header::HeaderValue::from_static("https://api.queup.net/auth/login");
        away.headers_mut().insert(header::LOCATION, login);
        assert!(matches!(read(&away), Ok(Answer::LoginFirst)));
        let page = response(
            401,
            r#"{"code":401,"message":"","data":{"message":"dologin"}}"#,
        );
        assert!(matches!(read(&page), Ok(Answer::LoginFirst)));
    }

    #[test]
    fn a_wait_is_read_from_words_where_there_is_one() {
        let check = |words: &str, seconds: Option<u64>| {
            assert_eq!(
                wait_in_words(words),
                seconds.map(Duration::from_secs),
                "{words}"
            );
        };
        check("please wait 10 mins before chatting", Some(600));
        check("try again in 30s", Some(30));
        check("1 hour", Some(3600));
        check("you sent 5 messages, wait 4 seconds", Some(4));
        check("slow down", None);
        check("", None);
    }

    #[test]
    fn slots_free_at_their_own_times() {
        let start = Instant::now();
        let seconds = |seconds| start + Duration::from_secs(seconds);
        let mut slots = Slots::new(2);
        assert_eq!(slots.take(start, Duration::from_secs(30)), Ok(()));
        assert_eq!(slots.take(start, Duration::from_secs(5)), Ok(()));
        assert_eq!(slots.take(start, Duration::from_secs(5)), Err(seconds(5)));
        assert_eq!(slots.take(seconds(5), Duration::from_secs(5)), Ok(()));
        assert_eq!(
            slots.take(seconds(6), Duration::from_secs(5)),
            Err(seconds(10))
        );
    }

    #[test]
    fn a_step_of_a_path_stays_inside_it() {
        assert_eq!(step("choir-loft"), "choir-loft");
        assert_eq!(step("a/b?c=d#e"), "a%2Fb%3Fc%3Dd%23e");
        assert_eq!(step(".."), "%2E%2E");
    }

    #[test]
    fn only_the_sessions_cookie_is_taken() {
        let mut answer = response(200, "");
        for line in [
            "other=1; Path=/",
            "connect.sid=gone; Path=/; Max-Age=0",
            "connect.sid=s%3Aabc.def; Path=/; HttpOnly",
        ] {
            let value = header::HeaderValue::from_static(line);
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
        assert_eq!(
            set_cookie(&answer).expect("a cookie").expose(),
            "s%3Aabc.def"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_cookie_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cookie");
        keep(&path, &Secret::new("one")).expect("written");
        keep(&path, &Secret::new("two")).expect("written again");
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).expect("a text");
        assert_eq!(text.trim(), "connect.sid=two");
    }
}
