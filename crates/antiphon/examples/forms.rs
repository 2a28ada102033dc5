//! A form as a struct: a button opens it, its answers come back typed, and what cannot be read is explained to the user.
//!
//! `cargo run -p antiphon --example forms`

use antiphon::{
    App, BoxError, HandlerError, HandlerExt as _, State,
    components::{CustomId, Modal, Press, SelectOptions, Submitted, explain, no_longer_valid},
    discord::{
        Client, Intents, MessageCreate, Source,
        model::{ActionRow, Attachment, Button},
    },
};

mod bot_stage;

#[derive(Modal)]
#[modal(title = "Join the choir", custom_id = "join")]
struct Join {
    #[field(label = "Your name", placeholder = "Mira", max_length = 50)]
    name: String,
    #[field(radio)]
    voice: Voice,
    #[field(label = "Years of singing")]
    years: u8,
    #[field(label = "What do you like to sing?", paragraph)]
    likes: Option<String>,
    #[field(label = "A recording")]
    recording: Option<Attachment>,
}

#[derive(SelectOptions, Debug)]
enum Voice {
    Alto,
    Tenor,
    Bass,
}

#[derive(CustomId)]
#[custom_id("ask")]
struct Ask;

async fn invite(message: MessageCreate, State(client): State<Client>) -> Result<(), HandlerError> {
    let row = ActionRow::new([Button::primary(Ask, "Join the choir")]);
    client
        .create_message(message.channel_id)
        .components(&[row.into()])
        .nonce(message.id.to_string())
        .await?;
    Ok(())
}

async fn ask(press: Press<Ask>, State(client): State<Client>) -> Result<(), HandlerError> {
    press.show_modal(&client, Join::modal()).await?;
    Ok(())
}

async fn join(form: Submitted<Join>, State(client): State<Client>) -> Result<(), HandlerError> {
    let likes = form.likes.as_deref().unwrap_or("everything");
    let heard = match &form.recording {
        Some(recording) => format!(" We will listen to {}.", recording.filename),
        None => String::new(),
    };
    let text = format!(
        "Welcome, {} ({:?}, {} years, likes {likes}).{heard}",
        form.name, form.voice, form.years
    );
    form.reply(&client, text).await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(invite.when(|message| message.content == "!join"))
        .on(ask)
        .on(join)
        .on(explain::<Join>)
        .fallback(no_longer_valid)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    bot_stage::play(
        "forms",
        intents,
        |config| config,
        app,
        async |discord| {
            let bot = discord.account().username;
            discord.say(bot_stage::CHANNEL, "mira", "!join");
            bot_stage::pause().await;
            discord.press(bot_stage::CHANNEL, "mira", &bot, "ask");
            bot_stage::pause().await;
            let fields = serde_json::json!({"name": "Mira", "voice": "alto", "years": "12"});
            discord.submit("mira", &bot, None, &fields);
        },
    )
    .await
}
