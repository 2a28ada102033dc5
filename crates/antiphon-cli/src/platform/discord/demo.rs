//! Discord in the demo: a bot in one guild.
//!
//! The cut closes the Gateway's sockets and refuses new ones for a while; the session is resumed afterwards, which a
//! handler counts. Voice belongs to the Lavalink part, which uses this one's client.

use std::time::Duration;

use antiphon::{FromRef, HandlerError, HandlerExt as _, State, discord};
use antiphon_sim::discord::Discord;

use crate::command::demo::{
    act::{Cast, Part, Stage},
    bot::Bot,
};

/// With all intents, since the simulator grants them.
pub(crate) fn part(cast: &mut Cast<'_>) -> Part {
    let simulated = cast.simulator.discord();
    let account = simulated.account();
    let config = discord::Config::new(account.token, discord::Intents::all())
        .name(cast.name.clone())
        .network(cast.simulator.network());
    let (client, source) = discord::connect(match simulated.addresses() {
        Some(addresses) => config.rest(&*addresses.rest),
        None => config,
    });
    cast.clients.add(client);
    Part {
        account: account.id.to_string(),
        stage: Box::new(Guild {
            channel: simulated.channel_id().to_string(),
            discord: simulated,
        }),
        source: Box::new(source),
        handlers: |app| {
            app.on(reply.when(|message| message.content == "!ping"))
                .on(count_resumes)
        },
    }
}

impl FromRef<Bot> for discord::Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.clients.get()
    }
}

/// Answers in the channel where somebody asked.
async fn reply(
    message: discord::MessageCreate,
    State(discord): State<discord::Client>,
) -> Result<(), HandlerError> {
    let channel = message.channel_id;
    discord.create_message(channel).content("pong").await?;
    Ok(())
}

/// Counts how often the Gateway's session was resumed.
async fn count_resumes(_: discord::ShardResume, State(bot): State<Bot>) {
    bot.counted().resumes += 1;
}

/// `channel` is where people talk and the bot answers.
#[derive(Debug)]
struct Guild {
    discord: Discord,
    channel: String,
}

impl Stage for Guild {
    fn traffic(&self, rate: u32) {
        self.discord.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.discord.say(&self.channel, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "!ping");
    }

    fn cut(&self, length: Duration) {
        self.discord.refuse_sockets(length);
        self.discord.cut();
    }
}
