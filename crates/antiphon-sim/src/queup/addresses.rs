//! Where the simulated QueUp listens, and its accounts' logins.

use serde::Serialize;

use super::controls::{Account, QueUp};
use crate::{addresses::Login, server::Listening};

/// Addresses of the simulated QueUp, and its accounts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QueUpAddresses {
    /// Base of the REST calls.
    pub rest: String,
    /// Address of the socket, without its parameters.
    pub socket: String,
    /// The bot's login.
    #[serde(flatten)]
    pub bot: Login,
    /// Slug of the room where the bot has every right.
    pub room: String,
    /// Id of that room.
    pub room_id: String,
    /// Further logins: two without a role in the room, then a moderator and a manager.
    pub accounts: Vec<Login>,
}

impl From<Account> for Login {
    fn from(account: Account) -> Self {
        Self {
            email: account.email,
            password: account.password,
            username: account.username,
            user_id: account.id,
        }
    }
}

impl QueUpAddresses {
    fn new(at: &Listening, queup: &QueUp) -> Self {
        let bot = queup.account();
        let room = queup.room("choir-loft");
        let others = queup.accounts().into_iter();
        let accounts = others
            .filter(|account| account.id != bot.id)
            .map(Login::from);
        Self {
            rest: at.http(0),
            socket: format!("{}/ws/", at.ws(0)),
            room: room.slug(),
            room_id: room.id().to_owned(),
            accounts: accounts.collect(),
            bot: bot.into(),
        }
    }
}

impl QueUp {
    /// Addresses and logins; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<QueUpAddresses> {
        let at = self.server.shared.listening.get()?;
        Some(QueUpAddresses::new(at, self))
    }
}
