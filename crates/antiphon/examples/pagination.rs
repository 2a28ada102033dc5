//! `/songs` shows a long list page by page, and `/forget` asks before it acts; the buttons of both work after a restart.
//!
//! `cargo run -p antiphon --example pagination`

use antiphon::{
    App, BoxError, Delivery, FromRef, HandlerError, HandlerExt as _, State,
    components::{
        Confirm, Confirmations, CustomId, Page, Pages, confirm, decide, no_longer_valid, paginate,
        turn,
    },
    discord::{Client, Intents, InteractionCreate, Source, model::Embed},
};

mod bot_stage;

/// Client and confirmations, as handlers ask for them.
#[derive(Clone, Debug)]
pub struct Bot {
    client: Client,
    confirmations: Confirmations,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Confirmations {
    fn from_ref(bot: &Bot) -> Self {
        bot.confirmations.clone()
    }
}

/// The songs from this number on.
#[derive(CustomId)]
#[custom_id("songs")]
struct Songs {
    from: u32,
}

impl Pages<Bot> for Songs {
    async fn page(&self, number: u32, _: &Bot) -> Result<Page, HandlerError> {
        let first = self.from + number * 10;
        let songs = (first..first + 10).map(|song| format!("{song}. Psalm {song}"));
        let list = songs.collect::<Vec<_>>().join("\n");
        Ok(Page::of(15).embed(Embed::new().title("Songs").description(list)))
    }
}

async fn songs(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    paginate(&bot.client, &command, &Songs { from: 1 }, &bot).await
}

#[derive(CustomId)]
#[custom_id("forget")]
struct Forget {
    song: u32,
}

impl Confirm<Bot> for Forget {
    async fn confirmed(
        &self,
        _: &InteractionCreate,
        _: &Delivery,
        _: &Bot,
    ) -> Result<String, HandlerError> {
        Ok(format!("Psalm {} is forgotten.", self.song))
    }
}

async fn forget(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    confirm(
        &bot.client,
        &command,
        &Forget { song: 7 },
        "Forget psalm 7?",
    )
    .await
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Bot> {
    let confirmations = Confirmations::default();
    let bot = Bot {
        client,
        confirmations: confirmations.clone(),
    };
    App::new(bot)
        .source(source)
        .projection(confirmations)
        .on(songs.when(|command| command.data.name == "songs"))
        .on(turn::<Songs, Bot>)
        .on(forget.when(|command| command.data.name == "forget"))
        .on(decide::<Forget, Bot>)
        .fallback(no_longer_valid)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES;
    bot_stage::play(
        "pagination",
        intents,
        |config| config,
        app,
        async |discord| {
            let bot = discord.account().username;
            for name in ["songs", "forget"] {
                let command = serde_json::json!({"name": name, "description": name});
                discord.register(&bot, None, &command);
                discord.command(
                    bot_stage::CHANNEL,
                    "mira",
                    &bot,
                    name,
                    &serde_json::json!([]),
                );
                bot_stage::pause().await;
            }
        },
    )
    .await
}
