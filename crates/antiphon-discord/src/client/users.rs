//! Users, the bot itself, and direct messages.
//!
//! A bot reads every user by id, whether it shares a guild with the user or not; a name, a nickname or a mention is no id.

use antiphon_discord_model::{
    Application, Channel, User,
    id::{Id, marker::UserMarker},
};

use super::{Client, call::Call};
use crate::http::Repeat;

impl Client {
    /// Reads the bot's own user.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user)
    ///
    /// Its id is known without a request once the source ran: [`Client::current_user_id`].
    /// It is the cheapest way to try a token, because a wrong one is
    /// [`RequestError::Unauthorized`](crate::RequestError::Unauthorized).
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, RequestError};
    /// use antiphon_sim::{Simulator, discord::Discord};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// assert_eq!(client.current_user().await?.id.get(), sim.discord().account().id);
    ///
    /// // Once Discord has refused the token, nothing more is sent with it.
    /// sim.discord().reset_token(Discord::BOT);
    /// assert!(matches!(client.current_user().await, Err(RequestError::Unauthorized)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn current_user(&self) -> Call<'_, User> {
        let request = self.http().builders().current_user();
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads the bot's application, whose id the methods for commands need.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/application#get-current-application)
    ///
    /// The READY event of each session has the id as well.
    pub fn current_user_application(&self) -> Call<'_, Application> {
        let request = self.http().builders().current_user_application();
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a user.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-user)
    pub fn user(&self, user: Id<UserMarker>) -> Call<'_, User> {
        let request = self.http().builders().user(user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Opens the direct message channel with a user, or returns the open one.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/user#create-dm)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::UserMarker}};
    /// # async fn f(client: Client, user: Id<UserMarker>) -> Result<(), RequestError> {
    /// let channel = client.create_private_channel(user).await?;
    /// client.create_message(channel.id).content("hello").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Opening it reaches nobody; a message in it does, and fails with code 50007 if the user takes none from the bot.
    /// Discord flags bots that open very many of them: open one when the user did something, not in bulk.
    pub fn create_private_channel(&self, user: Id<UserMarker>) -> Call<'_, Channel> {
        let request = self.http().builders().create_private_channel(user);
        Call::new(self.http(), Repeat::Safe, request)
    }
}
