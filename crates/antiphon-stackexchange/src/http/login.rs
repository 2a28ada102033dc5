//! The login (protocol §3): kept cookies, the credential flow, and the end of a session.
//!
//! Three entries, by what the caller knows:
//! - [`Http::logged_in`] before a request: at most one login in the life of the process.
//! - [`Http::check_login`] by the source at each connection: the front page tells whether the session is still alive.
//! - [`Http::log_in_again`] after a page that was shown to nobody.
//!
//! A login tries the kept cookies first (one request), and then the credential flow (§3.1, four requests). Every
//! failure is a row of §3.4. A challenge is recognised by the redirect's path or by the page's title and never
//! answered.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use super::{
    Http,
    answer::{fail_early, short},
    redirect::{asks_for_human, is_error_page, location, path_of},
};
use crate::{
    cookies,
    error::{LoginError, RequestError},
    model::Me,
    page::{Page, Profile},
    relay,
};

impl Http {
    /// Makes sure that the account has logged in once.
    pub(super) async fn logged_in(&self) -> Result<(), RequestError> {
        if self.me.borrow().is_some() {
            return Ok(());
        }
        self.log_in().await.map(drop).map_err(login_failed)
    }

    /// Logs in unless the account is: with kept cookies if they still count, else by the credential flow.
    pub(crate) async fn log_in(&self) -> Result<Me, LoginError> {
        if let Some(remote) = self.remote() {
            let me = relay::log_in(remote).await?;
            self.me.send_replace(Some(me.clone()));
            return Ok(me);
        }
        let _one = self.login.acquire().await;
        if let Some(me) = self.me() {
            return Ok(me);
        }
        self.check_refusal()?;
        match self.cookie_login().await {
            Ok(Some(me)) => Ok(me),
            Ok(None) => self.full_login().await,
            Err(error) => Err(self.remember_refusal(error)),
        }
    }

    /// Forgets a refusal, so that the site is asked again.
    pub(crate) fn forget_refusal(&self) {
        *self.refusal() = None;
    }

    /// Locks the refusal that is remembered.
    fn refusal(&self) -> MutexGuard<'_, Option<LoginError>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails with an earlier refusal that only a person can end.
    fn check_refusal(&self) -> Result<(), LoginError> {
        match self.refusal().as_ref().and_then(LoginError::lasting) {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    /// Remembers a refusal if only a person can end it.
    fn remember_refusal(&self, error: LoginError) -> LoginError {
        if let Some(refused) = error.lasting() {
            *self.refusal() = Some(refused);
        }
        error
    }

    /// Makes sure that the session is alive, by the chat server's front page.
    pub(crate) async fn check_login(&self) -> Result<Me, LoginError> {
        if self.me.borrow().is_none() {
            return self.log_in().await;
        }
        match self.whoami().await? {
            Profile::User { id, name } => Ok(Me { id, name }),
            Profile::Anonymous => self.log_in_again().await,
            Profile::Absent => Err(self.page_changed("/", "profile link")),
        }
    }

    /// Logs in by the credential flow after the session ended, unless another call just did.
    pub(super) async fn log_in_again(&self) -> Result<Me, LoginError> {
        let _one = self.login.acquire().await;
        if let Profile::User { id, name } = self.whoami().await? {
            return Ok(Me { id, name });
        }
        self.check_refusal()?;
        tracing::info!(server = %self.server, "the session has ended; logging in again");
        self.jar().clear();
        self.forget_key();
        self.full_login().await
    }

    /// The account that the chat server's front page is shown to; nobody if the page redirects.
    async fn whoami(&self) -> Result<Profile, LoginError> {
        let response = self.front_page().await?;
        if location(&response).is_some_and(|to| !to.is_empty()) {
            return Ok(Profile::Anonymous);
        }
        self.profile_on(&response)
    }

    /// Reads the chat server's front page, or the answer in its place.
    async fn front_page(&self) -> Result<Response<Bytes>, LoginError> {
        let front = self.get(self.server.chat_host(), "/").await;
        front.map_err(LoginError::Request)
    }

    /// Reads the account from the chat server's front page.
    fn profile_on(&self, front: &Response<Bytes>) -> Result<Profile, LoginError> {
        expect_page(front, self.server.chat_host(), "/")?;
        let page = Page::parse(front.body()).map_err(LoginError::Request)?;
        Ok(page.profile())
    }

    /// Logs in with the cookies of the file; `None` if they count no more.
    async fn cookie_login(&self) -> Result<Option<Me>, LoginError> {
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
                Ok(Some(self.note_login(Me { id, name }).await))
            }
            Profile::Anonymous | Profile::Absent => {
                self.jar().clear();
                Ok(None)
            }
        }
    }

    /// Logs in by the credential flow, and remembers a refusal.
    ///
    /// A chat server that does not know the account right after its login is asked again after another one, since the
    /// login may have been ended meanwhile.
    async fn full_login(&self) -> Result<Me, LoginError> {
        let mut outcome = self.credential_flow().await;
        if let Err(LoginError::NotAccepted { host }) = outcome {
            tracing::info!(host, "the login does not count there; logging in again");
            self.jar().clear();
            outcome = self.credential_flow().await;
        }
        outcome.map_err(|error| self.remember_refusal(error))
    }

    /// The credential flow (protocol §3.1).
    async fn credential_flow(&self) -> Result<Me, LoginError> {
        let host = self.server.login_host();
        let page = "/users/login";
        let response = self.get(host, page).await.map_err(LoginError::Request)?;
        match location(&response) {
            // The site's cookies still count; the chat server decides.
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

    /// Step 2: the site checks the credentials.
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

    /// Step 3: the login itself; only the redirect tells whether it succeeded.
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
            // Any other address is a challenge (protocol §3.1), except error pages.
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

    /// Sends a form of the login.
    async fn login_form(
        &self,
        host: &'static str,
        path: &str,
        form: String,
    ) -> Result<Response<Bytes>, LoginError> {
        let referer = format!("https://{host}/users/login");
        self.send_once(&Method::POST, host, path, Some(form), &referer)
            .await
            .map_err(LoginError::Request)
    }

    /// Step 4: the chat server accepts the site's cookies, and sets its own.
    async fn enter_chat(&self) -> Result<Me, LoginError> {
        let host = self.server.chat_host();
        match self.profile_on(&self.front_page().await?)? {
            Profile::User { id, name } if self.jar().has(host, self.server.chat_cookie()) => {
                Ok(self.note_login(Me { id, name }).await)
            }
            Profile::User { .. } | Profile::Anonymous => Err(LoginError::NotAccepted { host }),
            Profile::Absent => Err(self.page_changed("/", "profile link")),
        }
    }

    /// The error for a page of the chat server without an element.
    fn page_changed(&self, path: &str, missing: &'static str) -> LoginError {
        LoginError::PageChanged {
            page: format!("https://{}{path}", self.server.chat_host()),
            missing,
        }
    }

    /// Notes the account after a login, and keeps its cookies.
    async fn note_login(&self, me: Me) -> Me {
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

    /// Ends the session on the site, and removes the kept cookies (protocol §3.3).
    pub(crate) async fn log_out(&self) -> Result<(), RequestError> {
        if let Some(remote) = self.remote() {
            relay::log_out(remote).await?;
            self.me.send_replace(None);
            return Ok(());
        }
        let host = self.server.login_host();
        let path = "/users/logout";
        let response = self.get(host, path).await?;
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
            .send_once(&Method::POST, host, path, Some(form), &referer)
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

/// The error of a request whose login failed.
pub(super) fn login_failed(error: LoginError) -> RequestError {
    match error {
        LoginError::Request(error) => error,
        error => RequestError::Login(Box::new(error)),
    }
}

/// The error for a redirect to a challenge.
fn captcha(host: &'static str, to: &str) -> LoginError {
    LoginError::Captcha {
        host,
        location: short(to.as_bytes()),
    }
}

/// Fails unless an answer is the page that was asked for, so that a missing element is a fact about the page.
pub(super) fn expect_page(
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
