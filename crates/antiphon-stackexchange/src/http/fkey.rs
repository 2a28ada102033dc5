//! The key for writing, `fkey` (protocol §4).
//!
//! The key proves that a request comes from a page of the site. It is in a hidden field of every chat page; here it is
//! read from `/chats/join/favorite`, a small page that also shows who is logged in. A page that shows nobody means that
//! the session has ended: the account logs in again, once.

use std::{sync::PoisonError, time::Duration};

use tokio::time::Instant;

use super::{
    Http,
    login::{expect_page, login_failed},
};
use crate::{
    error::{LoginError, RequestError},
    page::{Page, Profile},
};

/// How long a key is used (protocol §4: others fetch it anew hourly).
const FKEY_AGE: Duration = Duration::from_secs(60 * 60);

impl Http {
    /// Returns the key, which is fetched if there is none or it is old.
    pub(super) async fn key(&self) -> Result<String, RequestError> {
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

    /// Returns a key other than `stale`; logs in again if the session has ended.
    pub(super) async fn fresh_key(&self, stale: Option<&str>) -> Result<String, RequestError> {
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

    /// Reads a key from a page; logs in again if the session has ended.
    async fn fetch_key(&self) -> Result<String, RequestError> {
        for again in [false, true] {
            let host = self.server.chat_host();
            let path = "/chats/join/favorite";
            let referer = format!("https://{host}/");
            let response = self.get_followed(host, path.into(), &referer).await?;
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

    /// Drops the key, so that the next call fetches one.
    pub(super) fn forget_key(&self) {
        *self.fkey.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
