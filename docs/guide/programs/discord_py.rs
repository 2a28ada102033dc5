//! The program of the guide's chapter "From discord.py"; `discord_py.py` is its twin.

// ANCHOR: program
use std::{sync::Arc, time::Duration};

use antiphon::{
    App, BoxError, Event, Handle, HandlerError, HandlerExt as _, State,
    commands::{Command, CommandExt as _, Commands, Cooldown, Failed, Invocation},
    components::{CustomId, Press, no_longer_valid},
    discord::{
        self, Client, Config, Intents, MessageCreate, Source,
        model::{ActionRow, Button},
    },
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: message
async fn ping(
    message: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let post = client.create_message(message.channel_id).content("pong");
    post.reply(message.id).nonce_of(&event).await?;
    Ok(())
}
// ANCHOR_END: message

// ANCHOR: command
/// Rolls a die
#[derive(Command)]
struct Roll {
    /// How many sides it has
    #[option(min = 2, max = 100)]
    sides: Option<u64>,
}

async fn roll(roll: Invocation<Roll>) -> Result<(), HandlerError> {
    let sides = roll.sides.unwrap_or(6);
    let text = rolled(&roll.user().name, sides, roll.interaction().id.get());
    roll.reply(text).components([again_button(sides)]).await?;
    Ok(())
}

/// A number from 1 to `sides`, which a redelivered command rolls again: it is made of the command's id.
fn rolled(who: &str, sides: u64, id: u64) -> String {
    format!("{who} rolls {} of {sides}.", (id >> 22) % sides + 1)
}
// ANCHOR_END: command

// ANCHOR: button
#[derive(CustomId)]
#[custom_id("again")]
struct Again {
    sides: u64,
}

fn again_button(sides: u64) -> ActionRow {
    ActionRow::new([Button::primary(Again { sides }, "Again")])
}

async fn again(press: Press<Again>, State(client): State<Client>) -> Result<(), HandlerError> {
    let who = press.author().map_or("somebody", |user| &user.name);
    let sides = press.state().sides;
    let text = rolled(who, sides, press.id.get());
    let answer = press.reply(&client, text);
    answer.components([again_button(sides)]).await?;
    Ok(())
}
// ANCHOR_END: button

// ANCHOR: wait
/// Asks for a number
#[derive(Command)]
struct Guess;

async fn guess(guess: Invocation<Guess>, handle: Handle<Client>) -> Result<(), HandlerError> {
    let (user, channel) = (Some(guess.user_id()), guess.channel_id());
    let answer = handle
        .wait_for::<MessageCreate>(move |message| {
            message.author.id == user && message.channel_id == channel
        })
        .timeout(Duration::from_secs(30));
    guess.reply("How many strings has a violin?").await?;
    let text = match answer.await {
        Ok(answer) if answer.content.trim() == "4" => "Right!",
        Ok(_) => "No: four.",
        Err(_) => "Too late: four.",
    };
    guess.followup(text).await?;
    Ok(())
}
// ANCHOR_END: wait

// ANCHOR: error
async fn refused(failed: Failed) -> Result<(), HandlerError> {
    let text = match failed.cooldown() {
        Some(left) => format!("Wait {} s.", left.as_secs_f32().ceil()),
        None => failed.error().text(),
    };
    failed.reply(text).ephemeral().await?;
    Ok(())
}
// ANCHOR_END: error

pub fn app(client: Client, source: Source) -> App<Client> {
    let minute = Duration::from_secs(60);
    let commands = Commands::new(&client)
        .add(roll.cooldown(Cooldown::user(minute).uses(5)))
        .add(guess)
        .on_error(refused);
    App::new(client)
        .source(source)
        .commands(commands)
        .on(ping.when(|message| message.content == "!ping"))
        .on(again)
        .fallback(no_longer_valid)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("dice.sqlite").await?;
    app(client, source)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
