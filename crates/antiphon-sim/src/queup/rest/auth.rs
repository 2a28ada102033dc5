//! Login, sessions and tokens.
//!
//! A login sets the cookie `connect.sid`, a token is a JWT that opens a socket, and a request without a cookie is redirected to
//! the login page (protocol §2).
//! Tokens are given to guests as well, with an id of their own.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Answer, Call, State, call::Routed};
use crate::queup::logins::Client;

/// The page behind the redirect: an error for clients that follow it.
pub(super) fn login_page() -> Answer {
    let mut answer = Answer::error(401, "dologin");
    answer.body = super::Body::Envelope("Unauthorized", json!({"message": "dologin"}));
    answer
}

impl State {
    /// `POST /auth/login`: by username or address, with the right password.
    pub(super) fn login(&mut self, call: &Call) -> Routed {
        let username = self.required(call, "username")?;
        let password = self.required(call, "password")?;
        let fits = self.users.values().find(|user| {
            user.login.as_ref().is_some_and(|(email, right)| {
                (email == username || user.username == username) && right == password
            })
        });
        let Some(user) = fits.map(|user| user.id.clone()) else {
            return Err(Answer::details(400, "Incorrect username or password"));
        };
        let cookie = format!(
            "s%3A{:016x}{:016x}.{:016x}",
            self.secrets.u64(..),
            self.secrets.u64(..),
            self.secrets.u64(..)
        );
        self.logins.sessions.add(cookie.clone(), user);
        Ok(Answer::ok(json!({})).with_header(
            "set-cookie",
            format!("connect.sid={cookie}; Path=/; HttpOnly"),
        ))
    }

    pub(super) fn session(&mut self, call: &Call) -> Routed {
        Ok(Answer::ok(self.user_json(&Self::me(call)?)))
    }

    /// `GET /auth/token`: a token for the user of the cookie, or for a new guest.
    pub(super) fn token(&mut self, call: &Call) -> Answer {
        let client = call.user.clone().map_or_else(
            || Client::Guest(format!("{:032x}", self.secrets.u128(..))),
            Client::User,
        );
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = json!({"id": client.id(), "iat": self.now() / 1000});
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.secrets.u128(..).to_be_bytes());
        let token = format!("{header}.{claims}.{signature}");
        let request = format!("{:032x}", self.secrets.u128(..));
        let data = json!({"action": 17, "clientId": client.id(), "reqId": request, "token": token});
        self.logins.tokens.add(token, client);
        Answer::ok(data)
    }

    /// `GET /auth/logout`: the cookie is invalid from now on; tokens stay valid.
    pub(super) fn logout(&mut self, call: &Call) -> Answer {
        if let Some(cookie) = &call.cookie {
            self.logins.sessions.remove(cookie);
        }
        Answer::ok(json!({}))
    }
}
