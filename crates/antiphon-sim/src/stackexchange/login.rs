//! Logins at the sites, and the identity of a request (protocol §3).

use bytes::Bytes;
use http::{Method, Request, header};

use super::{
    pages,
    rest::{Answer, Call, Fields},
    state::State,
};

/// A cookie of a request, as it was sent.
fn cookie<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    let lines = request.headers().get_all(header::COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (known, value) = pair.trim().split_once('=')?;
            (known == name).then_some(value)
        })
}

/// The domain whose cookies a host gets.
fn domain(host: &str) -> &'static str {
    if host.ends_with("stackoverflow.com") {
        "stackoverflow.com"
    } else {
        "stackexchange.com"
    }
}

/// Logins that the sites keep, and sessions that a chat server does.
const SESSIONS: usize = 10_000;

impl State {
    /// The account that is logged in at the site, by `acct` and `prov`.
    fn member(&self, host: &str, request: &Request<Bytes>) -> Option<i64> {
        cookie(request, "prov")?;
        let (account, at) = self.logins.get(cookie(request, "acct")?)?;
        (*at == domain(host)).then_some(*account)
    }

    /// The account that is logged in at the chat server.
    pub(crate) fn visitor(&self, chat: usize, request: &Request<Bytes>) -> Option<i64> {
        let chat = &self.chats[chat];
        let session = cookie(request, chat.cookie)?;
        chat.sessions.get(session).copied()
    }

    /// The chat server's front page: makes a session of the site's cookies.
    pub(crate) fn front(&mut self, call: &Call<'_>) -> Answer {
        let host = self.chats[call.chat].host;
        let member = self
            .member(host, call.request)
            .filter(|_| !self.chat_faults.refuses_chat);
        let user = call
            .user
            .filter(|_| !self.chat_faults.refuses_chat)
            .or(member);
        let page = if call.request.uri().path() == "/" {
            pages::front
        } else {
            pages::favorite
        };
        let Some(user) = user else {
            return Answer::html(200, page(self, call.chat, None));
        };
        let session = self.secret();
        let key = self.secret();
        let chat = &mut self.chats[call.chat];
        if chat.sessions.len() >= SESSIONS {
            // Any session may be dropped.
            chat.sessions.pop_first();
        }
        chat.sessions.insert(session.clone(), user);
        if call.user.is_none() {
            // The key changes with the session.
            chat.fkeys.insert(user, key);
        } else {
            chat.fkeys.entry(user).or_insert(key);
        }
        let cookie = format!("{}={session}; path=/; httponly", chat.cookie);
        Answer::html(200, page(self, call.chat, Some(user))).header("set-cookie", cookie)
    }

    /// Requests to the sites where users log in.
    pub(crate) fn login_route(&mut self, host: &str, request: &Request<Bytes>) -> Answer {
        if let Some(to) = &self.chat_faults.login_leads_to {
            return Answer::to(to);
        }
        let fields = Fields::parse(request.body());
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/users/login") => {
                if self.member(host, request).is_some() {
                    return Answer::to("/");
                }
                let key = self.secret();
                let key = (!self.chat_faults.login_changed).then_some(key);
                Answer::html(200, pages::login(key.as_deref()))
            }
            (&Method::POST, "/users/login-or-signup/validation/track") => {
                let known = self.account_of(&fields).is_some();
                Answer::text(200, if known { "Login-OK" } else { "Login-Failed" })
            }
            (&Method::POST, "/users/login") => self.log_in(host, &fields),
            (&Method::GET, "/users/logout") => {
                let key = self.secret();
                Answer::html(200, pages::logout(&key))
            }
            (&Method::POST, "/users/logout") => {
                if let Some(user) = self.member(host, request) {
                    self.forget(user);
                }
                Answer::html(200, pages::logout(""))
            }
            (&Method::GET, "/") => Answer::html(
                200,
                "<html><head><title>Home</title></head><body>home</body></html>",
            ),
            // Not in use any more, but old clients still ask.
            (&Method::POST, "/users/login/universal/request") => Answer::text(200, "[]"),
            (method, path) => {
                self.note(format!("{method} {path} is nothing of {host}"));
                Answer::html(404, pages::missing())
            }
        }
    }

    fn account_of(&self, fields: &Fields) -> Option<i64> {
        let (email, password) = (fields.get("email")?, fields.get("password")?);
        let mut people = self.people.values();
        let found = people.find(|person| person.email == email && person.password == password);
        found.map(|person| person.id)
    }

    fn log_in(&mut self, host: &str, fields: &Fields) -> Answer {
        let key = fields.get("fkey").unwrap_or_default();
        if key.len() != 32 {
            self.note("a login without the key of its form");
            return Answer::html(404, pages::missing());
        }
        if self.chat_faults.captchas > 0 {
            self.chat_faults.captchas -= 1;
            return Answer::to("/nocaptcha?s=1");
        }
        let Some(user) = self.account_of(fields) else {
            let key = self.secret();
            return Answer::html(200, pages::login(Some(&key)));
        };
        let domain = domain(host);
        // Its signs have to come back as they are.
        let acct = format!("t={}&s={}%3d", self.secret(), self.secret());
        let prov = self.secret();
        if self.logins.len() >= SESSIONS {
            // Any login may be dropped.
            self.logins.pop_first();
        }
        self.logins.insert(acct.clone(), (user, domain));
        let cookie = |name: &str, value: &str| {
            format!("{name}={value}; domain=.{domain}; max-age=15552000; path=/; secure; httponly")
        };
        Answer::to("/")
            .header("set-cookie", cookie("acct", &acct))
            .header("set-cookie", cookie("prov", &prov))
    }

    /// Ends every session of an account.
    pub(crate) fn forget(&mut self, user: i64) {
        self.logins.retain(|_, (account, _)| *account != user);
        for chat in &mut self.chats {
            chat.sessions.retain(|_, account| *account != user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulator;

    #[tokio::test(start_paused = true)]
    async fn the_memory_of_logins_is_bounded() {
        let sim = Simulator::with_seed(7);
        let bot = sim.stackexchange().account();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("email", &bot.email)
            .append_pair("password", bot.password.expose())
            .append_pair("fkey", &"0".repeat(32))
            .finish();
        let fields = Fields::parse(form.as_bytes());
        sim.stackexchange().server.with(|state| {
            for _ in 0..SESSIONS + 10 {
                let answer = state.log_in("meta.stackexchange.com", &fields);
                assert_eq!(answer.status, 302);
            }
            assert_eq!(state.logins.len(), SESSIONS);
        });
    }
}
