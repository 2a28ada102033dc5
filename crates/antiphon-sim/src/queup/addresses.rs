//! Where the simulated QueUp listens, and its accounts' logins.
//!
//! REST and sockets share one port, under the paths that QueUp itself has.

use schemars::JsonSchema;
use serde::Serialize;

use super::controls::{Account, QueUp};
use crate::{addresses::Login, server::Listening};

/// Addresses of the simulated QueUp, and its accounts.
///
/// ```
/// use antiphon_sim::{Options, Simulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::listen(&Options::new()).await?;
/// let queup = sim.queup().addresses().expect("it listens");
/// assert_eq!((&*queup.bot.username, &*queup.room, queup.accounts.len()), ("antiphon", "choir-loft", 4));
/// assert!(queup.socket.ends_with("/ws/"));
/// # sim.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct QueUpAddresses {
    /// Base of the REST calls.
    ///
    /// Without a slash at the end.
    pub rest: String,
    /// Address of the socket, without its parameters.
    ///
    /// A client adds `EIO=3`, `transport=websocket` and its `access_token` (protocol §3.1).
    pub socket: String,
    /// The bot's login.
    ///
    /// Its fields stand beside the others in JSON.
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
        let room = queup.home();
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
