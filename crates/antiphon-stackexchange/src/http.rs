//! Requests as one account: cookies, login, fkey, turn, and what an answer amounts to (protocol §2, §3).

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::Clock;
use antiphon_net::HttpClient;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};

use crate::{
    config::{Account, Config},
    content::Html,
    cookies::{self, Jar},
    error::{LoginError, RequestError},
    model::{Me, RoomId, Server},
    page::{Page, Profile},
    throttle::{Throttle, wait_in},
};

/// How often a write waits as the server asked.
const WAITS: u32 = 5;
/// How often something is read again because the login had ended meanwhile.
const LOGINS: u32 = 3;
/// How much of a page an error repeats.
const LONGEST_WORDS: usize = 300;
/// How much of a page is looked at for those words.
const LONGEST_PAGE: usize = 16 << 10;
/// How long a key for writing is used (protocol §4: others fetch it anew hourly).
const FKEY_AGE: Duration = Duration::from_secs(60 * 60);

/// Redirects that are followed for one page.
const REDIRECTS: u32 = 5;

/// Where invitations go.
pub(crate) const INVITE: &str = "/users/invite";

/// One request to the chat server.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    form: Vec<(Cow<'static, str>, String)>,
    /// The room it is made from, for the `Referer`.
    room: Option<RoomId>,
    /// Whether doing it twice is the same as doing it once.
    idempotent: bool,
    /// Whether it waits for its turn among the account's writes.
    throttled: bool,
}

impl Call {
    /// Reads a page or a document.
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

    /// Asks for something by a form, without changing anything.
    pub(crate) fn ask(path: impl Into<String>) -> Self {
        Self {
            method: Method::POST,
            ..Self::get(path)
        }
    }

    /// Changes something.
    pub(crate) fn act(path: impl Into<String>) -> Self {
        Self {
            idempotent: false,
            throttled: true,
            ..Self::ask(path)
        }
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.form.push((name.into(), value.to_string()));
        self
    }

    /// Adds a field whose name is not fixed.
    pub(crate) fn keyed(mut self, name: String, value: &(impl ToString + ?Sized)) -> Self {
        self.form.push((name.into(), value.to_string()));
        self
    }

    /// The fields as a form, with the key for writing.
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

    /// Says from which room it is made.
    pub(crate) fn from(mut self, room: RoomId) -> Self {
        self.room = Some(room);
        self
    }

    /// Doing it twice is the same as doing it once.
    pub(crate) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// An answer that is neither a failure nor somebody else's page.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The text of the answer; a JSON string without its quotes (protocol §2).
    pub(crate) fn text(&self) -> String {
        serde_json::from_slice::<String>(&self.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.body).trim().to_owned())
    }

    /// Reads the answer as JSON.
    pub(crate) fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, RequestError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The parser's own words repeat values of the answer.
            let (line, column) = (error.line(), error.column());
            let what = match error.classify() {
                serde_json::error::Category::Data => "another value was expected",
                _ => "no JSON",
            };
            RequestError::Undecodable {
                source: format!("{what} at line {line} column {column}").into(),
            }
        })
    }
}

/// Sends requests as one account.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    server: Server,
    account: Account,
    user_agent: String,
    clock: Clock,
    request_timeout: Duration,
    throttle: Throttle,
    cookie_file: Option<PathBuf>,
    jar: Mutex<Jar>,
    fkey: Mutex<Option<(String, Instant)>>,
    me: watch::Sender<Option<Me>>,
    /// How often the account has logged in.
    logins: AtomicU64,
    /// One login at a time: the others then use its cookies.
    login: Semaphore,
    /// Why the site will not let the account in before a person does something; it is not asked again by itself.
    refused: Mutex<Option<LoginError>>,
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            server: config.server,
            account: config.account.clone(),
            user_agent: config.user_agent.clone(),
            clock: config.clock,
            request_timeout: config.request_timeout,
            throttle: Throttle::new(config.waiting),
            cookie_file: config.cookie_file.clone(),
            jar: Mutex::default(),
            fkey: Mutex::default(),
            me: watch::Sender::new(None),
            logins: AtomicU64::new(0),
            login: Semaphore::new(1),
            refused: Mutex::default(),
        }
    }

    /// The account, once it has logged in.
    pub(crate) fn me(&self) -> Option<Me> {
        self.me.borrow().clone()
    }

    pub(crate) fn server(&self) -> Server {
        self.server
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Calls.

    /// Sends a request to the chat server, logged in, with the key for writing.
    ///
    /// An answer that tells of a stale key or session is followed by a new key, and by one more try where doing it
    /// twice does no harm (protocol §11.29).
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, RequestError> {
        self.logged_in().await?;
        let stale = if call.method == Method::POST {
            Some(self.key().await?)
        } else {
            None
        };
        let answer = self.paced(&call, stale.as_deref()).await;
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
            // The first answer says what may have been done, whatever became of the key.
            return answer;
        }
        let fresh = fresh?;
        if Some(&fresh) == stale.as_ref() {
            return answer;
        }
        tracing::debug!(path = call.path, "sent once more with a new key");
        self.paced(&call, Some(&fresh)).await
    }

    /// Reads what this account alone sees, such as its mentions.
    ///
    /// A server that takes the key of a login that has ended answers as it would answer anybody, and the answer does
    /// not say so. So it counts only if the account did not have to log in until something that nobody else may ask
    /// for, the address of a socket, was answered after it.
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
                // A page was read for a new key, and says who is logged in.
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
    async fn paced(&self, call: &Call, fkey: Option<&str>) -> Result<Answer, RequestError> {
        if !call.throttled {
            return self.answered(call, fkey).await;
        }
        let mut turn = self.throttle.turn().await?;
        for tries in 1.. {
            turn.begin().await;
            let answer = self.answered(call, fkey).await;
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

    async fn answered(&self, call: &Call, fkey: Option<&str>) -> Result<Answer, RequestError> {
        let host = self.server.chat_host();
        let form = call.encoded(fkey);
        let (path, form) = match (&call.method, form.is_empty()) {
            (&Method::GET, false) => (format!("{}?{form}", call.path), None),
            (&Method::GET, true) => (call.path.clone(), None),
            _ => (call.path.clone(), Some(form)),
        };
        // Edits are refused without it, whatever the words of the refusal (protocol §2).
        let referer = match call.room {
            Some(room) => format!("https://{host}/rooms/{room}"),
            None => format!("https://{host}/"),
        };
        let response = if call.method == Method::GET {
            self.followed(host, path, &referer).await?
        } else {
            self.sent(&call.method, host, &path, form, &referer).await?
        };
        if response.status() == StatusCode::CONFLICT && call.path == INVITE {
            // Here a conflict is a refusal, unless it says how long to wait (protocol §7.2).
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

    /// Sends one request as it is, keeping cookies.
    async fn sent(
        &self,
        method: &Method,
        host: &'static str,
        path: &str,
        form: Option<String>,
        referer: &str,
    ) -> Result<Response<Bytes>, RequestError> {
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
    async fn followed(
        &self,
        host: &'static str,
        path: String,
        referer: &str,
    ) -> Result<Response<Bytes>, RequestError> {
        let mut path = path;
        let mut redirects = 0;
        loop {
            let response = self.sent(&Method::GET, host, &path, None, referer).await?;
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

    /// Reads a page of any of the sites.
    async fn page(&self, host: &'static str, path: &str) -> Result<Response<Bytes>, RequestError> {
        let referer = format!("https://{host}/");
        self.sent(&Method::GET, host, path, None, &referer).await
    }

    /// Whether a room's page lets the account in (protocol §4).
    pub(crate) async fn room_is_open(&self, room: RoomId) -> Result<bool, RequestError> {
        let path = format!("/rooms/{room}");
        let host = self.server.chat_host();
        let referer = format!("https://{host}/");
        let response = self.followed(host, path, &referer).await?;
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

    // -----------------------------------------------------------------------------------------------------------------
    // The key for writing (protocol §4).

    async fn key(&self) -> Result<String, RequestError> {
        let known = {
            let fkey = self.fkey.lock().unwrap_or_else(PoisonError::into_inner);
            let young = fkey.as_ref().filter(|(_, at)| at.elapsed() < FKEY_AGE);
            young.map(|(fkey, _)| fkey.clone())
        };
        match known {
            Some(fkey) => Ok(fkey),
            None => self.fetch_key().await,
        }
    }

    /// A key that is not `stale`; logs in again if the session has ended.
    async fn fresh_key(&self, stale: Option<&str>) -> Result<String, RequestError> {
        let newer = {
            let fkey = self.fkey.lock().unwrap_or_else(PoisonError::into_inner);
            let fkey = fkey.as_ref().map(|(fkey, _)| fkey.clone());
            fkey.filter(|fkey| Some(fkey.as_str()) != stale)
        };
        if let Some(fkey) = newer {
            return Ok(fkey);
        }
        self.fetch_key().await
    }

    async fn fetch_key(&self) -> Result<String, RequestError> {
        for again in [false, true] {
            let host = self.server.chat_host();
            let path = "/chats/join/favorite";
            let referer = format!("https://{host}/");
            let response = self.followed(host, path.into(), &referer).await?;
            expect_page(&response, host, path).map_err(login_failed)?;
            let page = Page::parse(response.body())?;
            if page.profile() == Profile::Anonymous && !again {
                // The session has ended: one full login, then once more.
                self.log_in_again().await.map_err(login_failed)?;
                continue;
            }
            let Some(fkey) = page.any_fkey() else {
                return Err(login_failed(LoginError::PageChanged {
                    page: format!("https://{host}{path}"),
                    missing: "fkey",
                }));
            };
            let mut known = self.fkey.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some((fkey.clone(), Instant::now()));
            return Ok(fkey);
        }
        Err(login_failed(LoginError::NotAccepted {
            host: self.server.chat_host(),
        }))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Login (protocol §3).

    async fn logged_in(&self) -> Result<(), RequestError> {
        if self.me.borrow().is_some() {
            return Ok(());
        }
        self.log_in().await.map(drop).map_err(login_failed)
    }

    /// Logs in unless that was done: with kept cookies if they still count, else in full.
    pub(crate) async fn log_in(&self) -> Result<Me, LoginError> {
        let _one = self.login.acquire().await;
        if let Some(me) = self.me() {
            return Ok(me);
        }
        self.not_refused()?;
        match self.kept_login().await {
            Ok(Some(me)) => Ok(me),
            Ok(None) => self.full_login().await,
            Err(error) => Err(self.remembered(error)),
        }
    }

    /// Somebody wants to know again: a refusal from before counts no more.
    pub(crate) fn forget_refusal(&self) {
        *self.refusal() = None;
    }

    fn refusal(&self) -> MutexGuard<'_, Option<LoginError>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the site may be asked to let the account in.
    fn not_refused(&self) -> Result<(), LoginError> {
        match self.refusal().as_ref().and_then(LoginError::lasting) {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    /// Remembers a refusal that only a person can end.
    fn remembered(&self, error: LoginError) -> LoginError {
        if let Some(refused) = error.lasting() {
            *self.refusal() = Some(refused);
        }
        error
    }

    /// Makes sure that the session is alive, by a look at the chat server's front page.
    pub(crate) async fn check_login(&self) -> Result<Me, LoginError> {
        if self.me.borrow().is_none() {
            return self.log_in().await;
        }
        match self.whoami().await? {
            Profile::User { id, name } => Ok(Me { id, name }),
            Profile::Anonymous => self.log_in_again().await,
            Profile::Absent => Err(self.changed("/", "profile link")),
        }
    }

    /// The session has ended: one full login, unless somebody else just did it.
    async fn log_in_again(&self) -> Result<Me, LoginError> {
        let _one = self.login.acquire().await;
        if let Profile::User { id, name } = self.whoami().await? {
            return Ok(Me { id, name });
        }
        self.not_refused()?;
        tracing::info!(server = %self.server, "the session has ended; logging in again");
        self.jar().clear();
        self.forget_key();
        self.full_login().await
    }

    fn forget_key(&self) {
        *self.fkey.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whose the chat server's front page is; nobody's if it leads elsewhere.
    async fn whoami(&self) -> Result<Profile, LoginError> {
        let response = self.front().await?;
        if location(&response).is_some_and(|to| !to.is_empty()) {
            return Ok(Profile::Anonymous);
        }
        self.profile_on(&response)
    }

    /// The chat server's front page, or what comes in its place.
    async fn front(&self) -> Result<Response<Bytes>, LoginError> {
        let front = self.page(self.server.chat_host(), "/").await;
        front.map_err(LoginError::Request)
    }

    fn profile_on(&self, front: &Response<Bytes>) -> Result<Profile, LoginError> {
        expect_page(front, self.server.chat_host(), "/")?;
        let page = Page::parse(front.body()).map_err(LoginError::Request)?;
        Ok(page.profile())
    }

    /// The login that a file kept, if it still counts.
    async fn kept_login(&self) -> Result<Option<Me>, LoginError> {
        let Some(path) = self.cookie_file.clone() else {
            return Ok(None);
        };
        let server = self.server;
        let kept = tokio::task::spawn_blocking(move || cookies::read(&path, server)).await;
        let Ok(Some((jar, expected))) = kept else {
            return Ok(None);
        };
        *self.jar() = jar;
        match self.whoami().await? {
            Profile::User { id, .. } if id != expected => {
                self.jar().clear();
                Err(LoginError::AnotherUser {
                    found: id,
                    expected,
                })
            }
            Profile::User { id, name } => {
                tracing::debug!(%id, "kept cookies still count");
                Ok(Some(self.arrived(Me { id, name }).await))
            }
            Profile::Anonymous | Profile::Absent => {
                self.jar().clear();
                Ok(None)
            }
        }
    }

    async fn full_login(&self) -> Result<Me, LoginError> {
        self.ask_in().await.map_err(|error| self.remembered(error))
    }

    /// The credential flow (protocol §3.1).
    async fn ask_in(&self) -> Result<Me, LoginError> {
        let host = self.server.login_host();
        let page = "/users/login";
        let response = self.page(host, page).await.map_err(LoginError::Request)?;
        match location(&response) {
            // The cookies of the site still count; the chat server decides.
            Some(to) if path_of(&to) == "/" => return self.enter_chat().await,
            Some(to) if asks_for_human(&to) => return Err(captcha(host, &to)),
            _ => expect_page(&response, host, page)?,
        }
        let form = Page::parse(response.body()).map_err(LoginError::Request)?;
        let Some(fkey) = form.login_fkey() else {
            if form.is_challenge() {
                return Err(LoginError::Captcha {
                    host,
                    location: format!("https://{host}{page}"),
                });
            }
            return Err(LoginError::PageChanged {
                page: format!("https://{host}{page}"),
                missing: "fkey",
            });
        };
        drop(form);
        self.validate(host, &fkey).await?;
        self.submit(host, &fkey).await?;
        self.enter_chat().await
    }

    /// Step 2: the site looks at the credentials.
    async fn validate(&self, host: &'static str, fkey: &str) -> Result<(), LoginError> {
        let path = "/users/login-or-signup/validation/track";
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("isSignup", "false")
            .append_pair("isLogin", "true")
            .append_pair("isPassword", "false")
            .append_pair("isAddLogin", "false")
            .append_pair("fkey", fkey)
            .append_pair("ssrc", "head")
            .append_pair("email", &self.account.email)
            .append_pair("password", self.account.password.expose())
            .append_pair("oauthversion", "")
            .append_pair("oauthserver", "")
            .finish();
        let response = self.login_form(host, path, form).await?;
        match location(&response) {
            Some(to) if asks_for_human(&to) => return Err(captcha(host, &to)),
            _ => expect_page(&response, host, path)?,
        }
        let page = Page::parse(response.body()).map_err(LoginError::Request)?;
        if page.is_challenge() {
            return Err(captcha(host, &format!("https://{host}{path}")));
        }
        let said = String::from_utf8_lossy(response.body());
        if !said.contains("Login-OK") {
            return Err(LoginError::BadCredentials { host });
        }
        Ok(())
    }

    /// Step 3: the login itself; only the redirect tells how it went.
    async fn submit(&self, host: &'static str, fkey: &str) -> Result<(), LoginError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("fkey", fkey)
            .append_pair("ssrc", "login")
            .append_pair("email", &self.account.email)
            .append_pair("password", self.account.password.expose())
            .append_pair("oauth_version", "")
            .append_pair("oauth_server", "")
            .finish();
        let path = "/users/login";
        let response = self.login_form(host, path, form).await?;
        match location(&response) {
            Some(to) if path_of(&to) == "/" => Ok(()),
            // Any other address is a challenge (protocol §3.1), unless it says otherwise.
            Some(to) if !to.is_empty() && !is_error_page(&to) => Err(captcha(host, &to)),
            _ => {
                expect_page(&response, host, path)?;
                let page = Page::parse(response.body()).map_err(LoginError::Request)?;
                if page.is_challenge() {
                    return Err(captcha(host, &format!("https://{host}{path}")));
                }
                Err(LoginError::BadCredentials { host })
            }
        }
    }

    async fn login_form(
        &self,
        host: &'static str,
        path: &str,
        form: String,
    ) -> Result<Response<Bytes>, LoginError> {
        let referer = format!("https://{host}/users/login");
        self.sent(&Method::POST, host, path, Some(form), &referer)
            .await
            .map_err(LoginError::Request)
    }

    /// Step 4: the chat server takes the site's cookies, and gives its own.
    async fn enter_chat(&self) -> Result<Me, LoginError> {
        let host = self.server.chat_host();
        match self.profile_on(&self.front().await?)? {
            Profile::User { id, name } if self.jar().has(host, self.server.chat_cookie()) => {
                Ok(self.arrived(Me { id, name }).await)
            }
            Profile::User { .. } | Profile::Anonymous => Err(LoginError::NotAccepted { host }),
            Profile::Absent => Err(self.changed("/", "profile link")),
        }
    }

    fn changed(&self, path: &str, missing: &'static str) -> LoginError {
        LoginError::PageChanged {
            page: format!("https://{}{path}", self.server.chat_host()),
            missing,
        }
    }

    /// Remembers who the account is, and keeps its cookies.
    async fn arrived(&self, me: Me) -> Me {
        self.forget_key();
        self.logins.fetch_add(1, Ordering::Relaxed);
        self.me.send_replace(Some(me.clone()));
        if let Some(path) = self.cookie_file.clone() {
            let (server, jar, id) = (self.server, self.jar().clone(), me.id);
            let kept =
                tokio::task::spawn_blocking(move || cookies::keep(&path, server, id, jar)).await;
            if let Ok(Err(error)) = kept {
                tracing::warn!(%error, "cookies not kept");
            }
        }
        me
    }

    /// Ends the session on the site; the kept cookies are dead (protocol §3.3).
    pub(crate) async fn log_out(&self) -> Result<(), RequestError> {
        let host = self.server.login_host();
        let path = "/users/logout";
        let response = self.page(host, path).await?;
        expect_page(&response, host, path).map_err(login_failed)?;
        let Some(fkey) = Page::parse(response.body())?.any_fkey() else {
            return Err(login_failed(LoginError::PageChanged {
                page: format!("https://{host}{path}"),
                missing: "fkey",
            }));
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("fkey", &fkey)
            .finish();
        let referer = format!("https://{host}{path}");
        let response = self
            .sent(&Method::POST, host, path, Some(form), &referer)
            .await?;
        if location(&response).is_none_or(|to| to.is_empty()) {
            expect_page(&response, host, path).map_err(login_failed)?;
        }
        self.jar().clear();
        self.forget_key();
        self.me.send_replace(None);
        if let Some(path) = self.cookie_file.clone() {
            let removed = tokio::task::spawn_blocking(move || std::fs::remove_file(path)).await;
            if let Ok(Err(error)) = removed
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "the cookie file could not be removed");
            }
        }
        Ok(())
    }
}

fn login_failed(error: LoginError) -> RequestError {
    match error {
        LoginError::Request(error) => error,
        error => RequestError::Login(Box::new(error)),
    }
}

fn captcha(host: &'static str, to: &str) -> LoginError {
    LoginError::Captcha {
        host,
        location: short(to.as_bytes()),
    }
}

/// Whether the address of a redirect is one where a human is asked for.
fn asks_for_human(to: &str) -> bool {
    let to = to.to_ascii_lowercase();
    to.contains("captcha") || to.contains("human")
}

/// Whether the address of a redirect is one where something went wrong, or the login's own.
fn is_error_page(to: &str) -> bool {
    let path = path_of(to);
    path.starts_with("/error") || path.starts_with("/users/login")
}

/// The path and query of a redirect from a page of a host, if it leads to a page of the same host over TLS.
fn within(host: &str, from: &str, to: &str) -> Option<String> {
    let to = to.split('#').next().unwrap_or_default();
    let full = to.strip_prefix("//").or_else(|| {
        let (scheme, rest) = to.split_once("://")?;
        scheme.eq_ignore_ascii_case("https").then_some(rest)
    });
    let path = if let Some(full) = full {
        let end = full.find(['/', '?']).unwrap_or(full.len());
        let (authority, rest) = full.split_at(end);
        let authority = authority.strip_suffix(":443").unwrap_or(authority);
        if !authority.eq_ignore_ascii_case(host) {
            return None;
        }
        let slash = if rest.starts_with('/') { "" } else { "/" };
        format!("{slash}{rest}")
    } else if to.starts_with('/') {
        to.to_owned()
    } else if to.starts_with('?') {
        format!("{}{to}", path_of(from))
    } else {
        // A scheme ends in a colon before any slash.
        let first = to.split(['/', '?']).next().unwrap_or_default();
        if to.is_empty() || first.contains(':') {
            return None;
        }
        let directory = path_of(from).rsplit_once('/')?.0;
        format!("{directory}/{to}")
    };
    // Slugs of other alphabets come unescaped.
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    Some(escaped)
}

/// Where a redirect leads; empty if it does not say.
fn location(response: &Response<Bytes>) -> Option<String> {
    if !matches!(response.status().as_u16(), 300..=303 | 305 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION);
    let location = location.map(|to| String::from_utf8_lossy(to.as_bytes()).trim().to_owned());
    Some(location.unwrap_or_default())
}

/// Whether an answer is the page that was asked for, so that what it lacks says something.
fn expect_page(
    response: &Response<Bytes>,
    host: &'static str,
    path: &str,
) -> Result<(), LoginError> {
    fail_early(response).map_err(LoginError::Request)?;
    if response.status() == StatusCode::OK {
        return Ok(());
    }
    Err(LoginError::Status {
        page: format!("https://{host}{path}"),
        status: response.status().as_u16(),
        to: match location(response).as_deref() {
            None => String::new(),
            Some("") => ", a redirect without an address".into(),
            Some(to) => format!(", a redirect to {}", short(to.as_bytes())),
        },
    })
}

/// The path of an address, with or without its host.
fn path_of(location: &str) -> &str {
    let rest = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => location,
    };
    rest.split(['?', '#']).next().unwrap_or_default()
}

/// The beginning of a text, on one line.
fn short(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * LONGEST_WORDS)]);
    let printable = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    text.trim()
        .chars()
        .map(printable)
        .take(LONGEST_WORDS)
        .collect()
}

/// The words that a page shows, at their beginning: its markup, which may hold keys, is left out.
fn shown(body: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(LONGEST_PAGE)]);
    if !beginning.trim_start().starts_with('<') {
        return short(body);
    }
    short(Html::new(beginning).text().as_bytes())
}

/// What a redirect or a page in place of an answer says.
fn words_of(response: &Response<Bytes>) -> String {
    match location(response) {
        Some(to) => format!("a redirect to {}", short(path_of(&to).as_bytes())),
        None => shown(response.body()),
    }
}

/// Whether the server failed, or asks to slow down, so that its page says nothing else.
fn fail_early(response: &Response<Bytes>) -> Result<(), RequestError> {
    let status = response.status();
    match status.as_u16() {
        409 | 429 => Err(RequestError::Throttled {
            wait: wait_in(&String::from_utf8_lossy(response.body())),
        }),
        500.. => Err(RequestError::Server {
            status: status.as_u16(),
            message: shown(response.body()),
        }),
        _ => Ok(()),
    }
}

/// Tells answers from refusals, failures and pages (protocol §2, §11.28).
fn read(response: &Response<Bytes>) -> Result<Answer, RequestError> {
    let status = response.status();
    let body = response.body();
    let number = status.as_u16();
    if status.is_redirection() {
        return Err(RequestError::NotAnAnswer {
            status: number,
            body: words_of(response),
        });
    }
    fail_early(response)?;
    let answer = Answer {
        status,
        body: body.clone(),
    };
    // Known refusals carry this header and words for the user; without it a page says nothing that can be relied on.
    let is_known = response
        .headers()
        .get("chat")
        .is_some_and(|value| value.as_bytes() == b"error");
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_page = start == Some(&b'<') && !is_known;
    match number {
        200..300 => Ok(answer),
        _ if is_page => Err(RequestError::NotAnAnswer {
            status: number,
            body: shown(body),
        }),
        _ => Err(RequestError::Refused {
            status: number,
            message: short(answer.text().as_bytes()),
        }),
    }
}

impl Answer {
    /// Whether the answer is words for the user: a JSON text, or a text that is no JSON of another kind.
    pub(crate) fn has_words(&self) -> bool {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        !matches!(start, Some(b'{' | b'[' | b'<'))
    }

    /// Whether the answer is a page of HTML where none was asked for.
    fn not_a_page(self) -> Result<Self, RequestError> {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        if start == Some(&b'<') {
            return Err(RequestError::NotAnAnswer {
                status: self.status.as_u16(),
                body: shown(&self.body),
            });
        }
        Ok(self)
    }
}
