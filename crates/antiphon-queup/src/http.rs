//! Requests as one account: cookie, login, turn, timeout, and one more try where that is safe.
//!
//! # The way of a request
//! 1. [`Limit`] says whose turn it is: upkeep waits until fewer of its kind are under way, an action waits for a slot, a
//!    chat message for the one before it as well (`limits.rs`).
//! 2. The cookie is added. The first request of a run reads it from the file, if there is one.
//! 3. The request is sent, within its timeout. If the connection broke and the request is idempotent, it is sent once
//!    more.
//! 4. `answer.rs` reads the envelope (protocol §1). A redirect to the login, or its JSON form, means that the session
//!    has ended: one login, and the request once more. A second such answer is [`RequestError::LoggedOut`], so that
//!    nothing loops (protocol §2).
//!
//! # What holds
//! - One login at a time: requests that find the session ended wait for it and use its cookie.
//! - Redirects are never followed: on QueUp they are answers.
//! - Cookie and password are in no error and in no log; the header of the cookie is marked as sensitive.

mod answer;
mod limits;

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Remote, Secret, SourceName};
use antiphon_net::{HttpClient, SetCookie};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use tokio::{sync::Semaphore, time::timeout};

use self::{
    answer::{Answer, read, read_redirect},
    limits::Limiter,
};
use crate::{
    config::{Account, Config},
    error::{AuthorizationError, LoginError, RequestError},
    relay,
};

/// The only cookie QueUp uses.
const COOKIE: &str = "connect.sid";

/// The rule by which a request waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// A request that keeps the session going; bounded by the number that is under way at once.
    Upkeep,
    /// A request of a user of the library.
    Action,
    /// A chat message: one at a time.
    Chat,
}

/// The body of a request. QueUp takes forms and JSON; messages are JSON, as its other clients send them.
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
    /// Path with its query, behind the base URL; steps with foreign text are escaped by [`step`].
    pub(crate) path: String,
    pub(crate) body: Body,
    pub(crate) limit: Limit,
    /// Whether the answer is a redirect whose address is wanted.
    pub(crate) redirect: bool,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: Body::Nothing,
            limit: Limit::Action,
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

    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Asks for the address of a redirect instead of the answer's data.
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

    /// Whether sending it twice has the same effect as sending it once.
    fn is_idempotent(&self) -> bool {
        matches!(self.method, Method::GET | Method::PUT | Method::DELETE)
    }
}

/// Escapes one step of a path, so that it stays one step.
pub(crate) fn step(text: &str) -> String {
    let mut step = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            step.push(char::from(byte));
        } else {
            let _ = write!(step, "%{byte:02X}");
        }
    }
    // `.` and `..` would leave the path.
    if matches!(step.as_str(), "." | "..") {
        step.replace('.', "%2E")
    } else {
        step
    }
}

/// The requests of one account.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    /// URL of QueUp's REST interface, without a slash at the end.
    base: String,
    account: Account,
    user_agent: String,
    /// Time for one attempt.
    request_timeout: Duration,
    chat_timeout: Duration,
    limiter: Limiter,
    /// Value of `connect.sid`; absent until the first login.
    cookie: Mutex<Option<Secret>>,
    cookie_file: Option<PathBuf>,
    /// Whether the file was read in this run.
    cookie_read: AtomicBool,
    /// One login at a time: the others then use its cookie.
    login: Semaphore,
    /// The source's name, where another process runs it: an account has one login and one pace.
    elsewhere: OnceLock<SourceName>,
    /// The way to that process; absent if the journal has none.
    remote: OnceLock<Remote>,
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            base: config.rest.trim_end_matches('/').to_owned(),
            account: config.account.clone(),
            user_agent: config.user_agent.clone(),
            request_timeout: config.request_timeout,
            chat_timeout: config.chat_timeout,
            limiter: Limiter::new(config.rate_limits),
            cookie: Mutex::default(),
            cookie_file: config.cookie_file.clone(),
            cookie_read: AtomicBool::new(false),
            login: Semaphore::new(1),
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

    /// Sends a request and gives the answer's `data`.
    ///
    /// A redirect to the login is followed by one login and one replay.
    pub(crate) async fn call(&self, call: Call) -> Result<Bytes, RequestError> {
        if let Some(remote) = self.remote() {
            return relay::call(remote, &call).await;
        }
        let (hold, limit) = match call.limit {
            Limit::Upkeep => {
                let _turn = self.limiter.upkeep.acquire().await;
                return self.replayed(&call, self.request_timeout).await;
            }
            Limit::Action => (self.limiter.limits.cool_down, self.request_timeout),
            Limit::Chat => (self.limiter.limits.chat_cool_down, self.chat_timeout),
        };
        let waiting = self.limiter.wait()?;
        if call.limit == Limit::Action {
            self.limiter.slot(hold).await;
            drop(waiting);
            return self.replayed(&call, limit).await;
        }
        // Two messages that are under way could overtake one another.
        let _turn = self.limiter.chat.acquire().await;
        self.limiter.chat_open()?;
        self.limiter.slot(hold).await;
        drop(waiting);
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

    /// Sends a request, and once more if the connection broke and the request is idempotent.
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

    /// Sends a request once, within a time.
    async fn sent(
        &self,
        call: &Call,
        cookie: Option<&Secret>,
        limit: Duration,
    ) -> Result<Response<Bytes>, RequestError> {
        if let Some(source) = self.elsewhere.get() {
            return Err(RequestError::Elsewhere(source.clone()));
        }
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

    /// Makes the request, with cookie and body.
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

    /// Logs in, also where there is a cookie.
    pub(crate) async fn log_in(&self) -> Result<(), LoginError> {
        if let Some(remote) = self.remote() {
            return relay::log_in(remote).await;
        }
        let _one = self.login.acquire().await;
        self.log_in_now().await
    }

    /// Logs in, unless another request did since the one with the cookie `stale`.
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

    /// Logs in, and keeps the cookie in memory and in the file.
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

    /// The current cookie; the first call reads the file.
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_step_of_a_path_stays_inside_it() {
        assert_eq!(step("choir-loft"), "choir-loft");
        assert_eq!(step("a/b?c=d#e"), "a%2Fb%3Fc%3Dd%23e");
        assert_eq!(step(".."), "%2E%2E");
    }

    #[test]
    fn only_the_sessions_cookie_is_taken() {
        let mut answer = Response::new(Bytes::new());
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
