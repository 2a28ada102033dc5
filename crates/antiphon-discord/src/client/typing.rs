//! The typing indicator, shown while the bot works on an answer.
//!
//! The indicator is a wrapper around the work and not a guard that is dropped: Discord forgets it after ten seconds, so
//! somebody has to send it again meanwhile, and a library spawns no task that nobody awaits. The work's own future does it
//! here, and what ends the work (its end, its handler's deadline, a stop) ends the indicator too.

use std::{pin::pin, time::Duration};

use antiphon_discord_model::id::{Id, marker::ChannelMarker};
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::Client;

/// Time between two requests; Discord shows the indicator for ten seconds.
///
/// <https://discord.com/developers/docs/resources/channel#trigger-typing-indicator>
const AGAIN: Duration = Duration::from_secs(8);
/// Longest time for which the indicator is shown, by default.
const LONGEST: Duration = Duration::from_secs(600);

impl Client {
    /// Shows the bot as typing while it works.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, RequestError, model::id::Id};
    /// use antiphon_sim::Simulator;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), RequestError> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// let loft = Id::new(sim.discord().channel_id());
    ///
    /// let score = client.typing(loft).during(async {
    ///     // Twenty seconds of work, for which the indicator is sent three times.
    ///     tokio::time::sleep(Duration::from_secs(20)).await;
    ///     "Miserere"
    /// });
    /// client.create_message(loft).content(score.await).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn typing(&self, channel: Id<ChannelMarker>) -> Typing<'_> {
        Typing {
            client: self,
            channel,
            longest: LONGEST,
        }
    }
}

/// The typing indicator of a channel; see [`Client::typing`].
#[derive(Clone, Copy, Debug)]
#[must_use = "the indicator is shown by `during`"]
pub struct Typing<'a> {
    client: &'a Client,
    channel: Id<ChannelMarker>,
    longest: Duration,
}

impl Typing<'_> {
    /// Sets for how long the indicator is shown at most. Default: 10 min, the deadline of a handler.
    ///
    /// The work itself goes on without it.
    pub fn at_most(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Runs the work, and shows the indicator meanwhile.
    ///
    /// It is sent when the work first waits, and every eight seconds until the work ends or the client has posted a message
    /// in the channel. Its errors are logged at *debug* and change nothing for the work; after a permanent one, such as a
    /// missing permission, it is not sent again.
    /// Nothing is spawned: the work and the indicator share this future, and dropping it ends both.
    pub async fn during<F: Future>(self, work: F) -> F::Output {
        let mut work = pin!(work);
        {
            let shown = pin!(self.show());
            tokio::select! {
                biased;
                output = &mut work => return output,
                () = shown => {}
            }
        }
        work.await
    }

    /// Sends the indicator again and again, until it is no longer wanted.
    async fn show(self) {
        let posts = self.client.http().posts().follow(self.channel);
        let end = Instant::now() + self.longest;
        while Instant::now() < end && !posts.has_post() {
            let next = Instant::now() + AGAIN;
            if let Err(error) = self.client.create_typing_trigger(self.channel).await {
                debug!(channel = %self.channel, %error, "the typing indicator was not sent");
                if !error.is_transient() {
                    return;
                }
            }
            sleep_until(next).await;
        }
    }
}
