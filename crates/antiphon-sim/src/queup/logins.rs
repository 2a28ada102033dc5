//! Logins: cookies and tokens.
//!
//! A cookie belongs to a user, a token to a user or a guest; both are random, and neither has a length of life of its own: they
//! end when a control handle or a logout ends them.

use std::collections::{BTreeMap, VecDeque};

/// Sessions and tokens kept; the oldest go first.
///
/// A client that logs in for ever does not grow the simulator.
const CREDENTIALS: usize = 10_000;

/// Owner of a token or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// A user, by id.
    User(String),
    /// A user who has not logged in, by their passing id.
    Guest(String),
}

impl Client {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::User(id) | Self::Guest(id) => id,
        }
    }
}

/// A map that drops its oldest entries.
#[derive(Debug)]
pub(crate) struct Credentials<T> {
    /// Owners by the text that was given out.
    by_text: BTreeMap<String, T>,
    /// Texts in the order in which they were given out.
    oldest_first: VecDeque<String>,
}

impl<T> Default for Credentials<T> {
    fn default() -> Self {
        Self {
            by_text: BTreeMap::new(),
            oldest_first: VecDeque::new(),
        }
    }
}

impl<T> Credentials<T> {
    /// Keeps one more, and forgets the oldest if there are too many.
    pub(crate) fn add(&mut self, text: String, value: T) {
        self.by_text.insert(text.clone(), value);
        self.oldest_first.push_back(text);
        if self.oldest_first.len() > CREDENTIALS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_text.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, text: &str) -> Option<&T> {
        self.by_text.get(text)
    }

    pub(crate) fn remove(&mut self, text: &str) {
        self.by_text.remove(text);
        self.forget_order();
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.by_text.retain(|_, value| keep(value));
        self.forget_order();
    }

    /// Removes the texts that are gone, so that they do not count towards the limit.
    fn forget_order(&mut self) {
        let kept = &self.by_text;
        self.oldest_first.retain(|text| kept.contains_key(text));
    }
}

/// Cookies and tokens that were given out; the oldest go first.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// Users by cookie.
    pub(crate) sessions: Credentials<String>,
    /// Users and guests by the token of a socket.
    pub(crate) tokens: Credentials<Client>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_takes_no_place_from_what_is_left() {
        let mut credentials = Credentials::default();
        credentials.add("first".to_owned(), 0);
        for number in 1..CREDENTIALS {
            credentials.add(number.to_string(), number);
        }
        credentials.remove("1");
        credentials.retain(|number| *number != 2);
        assert_eq!(credentials.oldest_first.len(), CREDENTIALS - 2);
        credentials.add("new".to_owned(), 0);
        credentials.add("newer".to_owned(), 0);
        assert!(credentials.get("first").is_some(), "there was room");
        credentials.add("newest".to_owned(), 0);
        assert!(credentials.get("first").is_none(), "the oldest goes");
    }
}
