//! Users: profiles, followed users and names.
//!
//! Profiles are open to everyone; following and renaming need a login (protocol §4.1).

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call, State, call::Routed};

impl State {
    pub(super) fn user(&self, user: &str) -> Routed {
        let id = self.known_user(user)?;
        Ok(Answer::ok(self.user_json(&id)))
    }

    /// A redirect, also for a user without a picture.
    pub(super) fn user_image(&self, user: &str) -> Routed {
        let id = self.known_user(user)?;
        let image = self.users.get(&id).and_then(|user| user.image.as_ref());
        let url = image
            .and_then(|image| image.get("secure_url"))
            .and_then(Value::as_str)
            .unwrap_or("https://img.example/nobody.png");
        Ok(Answer::redirect(url))
    }

    pub(super) fn following(&mut self, call: &Call, user: &str) -> Routed {
        let id = self.known_user(user)?;
        if call.method == Method::GET {
            return Ok(Answer::ok(self.follow_rows(|follower, _| follower == id)));
        }
        let me = Self::me(call)?;
        let row = self.ids.next();
        let now = self.now();
        let Some(follower) = self.users.get_mut(&me) else {
            return Err(Answer::redirect("/auth/login"));
        };
        match call.method {
            Method::POST => {
                follower.following.entry(id.clone()).or_insert((now, row));
            }
            Method::DELETE => {
                follower.following.remove(&id);
            }
            _ => return Err(Answer::error(404, "not found")),
        }
        Ok(Answer::ok(self.follow_rows(|follower, followed| {
            follower == me && followed == id
        })))
    }

    pub(super) fn followers(&self, user: &str) -> Routed {
        let id = self.known_user(user)?;
        Ok(Answer::ok(self.follow_rows(|_, followed| followed == id)))
    }

    fn follow_rows(&self, fits: impl Fn(&str, &str) -> bool) -> Value {
        let mut rows = Vec::new();
        for user in self.users.values() {
            for (followed, (created, row)) in &user.following {
                if fits(&user.id, followed) {
                    rows.push(json!({
                        "_id": row, "userid": user.id, "following": followed, "created": created, "__v": 0,
                    }));
                }
            }
        }
        json!(rows)
    }

    pub(super) fn update_username(&mut self, call: &Call) -> Routed {
        let me = Self::me(call)?;
        let username = self.required(call, "username")?.trim();
        if self.rename(&me, username) {
            Ok(Answer::ok(json!({"username": username})))
        } else {
            Err(Answer::error(400, "Username is not available"))
        }
    }

    /// The route's misspelt name is a fact of the wire (protocol §9, 28).
    pub(super) fn name_availability(&self, call: &Call) -> Answer {
        let username = call.query.get("username").unwrap_or_default();
        let taken = self
            .users
            .values()
            .any(|user| user.username.eq_ignore_ascii_case(username));
        Answer::ok(json!({"taken": taken, "username": username}))
    }

    pub(super) fn search(&self, call: &Call) -> Answer {
        let query = call.query.get("query").unwrap_or_default().to_lowercase();
        let users: Vec<Value> = self
            .users
            .values()
            .filter(|user| user.username.to_lowercase().contains(&query))
            .take(20)
            .map(super::super::model::User::json)
            .collect();
        Answer::ok(json!({"users": users}))
    }
}
