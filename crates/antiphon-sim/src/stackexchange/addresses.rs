//! Where the simulated Stack Exchange chat listens, and its accounts' logins.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    controls::{ChatAccount, StackExchange},
    state::HOSTS,
};
use crate::{addresses::Login, server::Listening};

/// Address of the simulated Stack Exchange chat, and its accounts.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct StackExchangeAddresses {
    /// Address of all hosts; the `Host` header tells them apart.
    pub address: String,
    /// The same as a URL, without a path.
    pub url: String,
    /// Its chat servers, the first of them the one with ambient traffic.
    pub servers: Vec<ChatServer>,
    /// The bot's login.
    #[serde(flatten)]
    pub bot: Login,
    /// Number of the room where the bot has every right.
    pub room: i64,
    /// Further logins.
    pub accounts: Vec<Login>,
}

/// A chat server, by the names of its hosts.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct ChatServer {
    /// Host of the chat.
    pub chat: &'static str,
    /// Host where its users log in.
    pub login: &'static str,
}

impl From<ChatAccount> for Login {
    fn from(account: ChatAccount) -> Self {
        Self {
            email: account.email,
            password: account.password,
            username: account.username,
            user_id: account.id.to_string(),
        }
    }
}

impl StackExchangeAddresses {
    fn new(at: &Listening, chat: &StackExchange) -> Self {
        let bot = chat.account();
        let own = bot.id;
        let others = chat.accounts().into_iter();
        let accounts = others.filter(|account| account.id != own);
        let servers = HOSTS
            .iter()
            .map(|(chat, login, _)| ChatServer { chat, login });
        Self {
            address: at.at[0].clone(),
            url: at.http(0),
            servers: servers.collect(),
            bot: bot.into(),
            room: chat.act(|state, _| state.home),
            accounts: accounts.map(Login::from).collect(),
        }
    }
}

impl StackExchange {
    /// Address and logins; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<StackExchangeAddresses> {
        let at = self.server.shared.listening.get()?;
        Some(StackExchangeAddresses::new(at, self))
    }
}
