//! The program of the guide's chapter "Waiting".

// ANCHOR: program
use std::{sync::Arc, time::Duration};

use antiphon::{
    App, BoxError, Event, Handle, HandlerError, HandlerExt as _, State, WaitError,
    commands::{Command, Commands, Invocation},
    discord::{
        self, Activity, Client, Config, Intents, MessageCreate, MessageReactionAdd, Presence,
        Source,
    },
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: reaction
/// Asks the channel
#[derive(Command)]
struct Ask {
    /// The question
    question: String,
}

async fn ask(ask: Invocation<Ask>, handle: Handle<Client>) -> Result<(), HandlerError> {
    ask.reply(format!("{} React within a minute!", ask.question))
        .await?;
    let message = ask.response().await?.id;
    let reaction = handle
        .wait_for::<MessageReactionAdd>(move |reaction| reaction.message_id == Some(message))
        .timeout(Duration::from_secs(60));
    let text = match reaction.await {
        Ok(reaction) => format!("It is {}.", reaction.emoji.name.as_deref().unwrap_or("?")),
        Err(WaitError::TimedOut(_)) => "Nobody knows.".to_owned(),
        Err(error) => return Err(error.into()),
    };
    ask.followup(text).await?;
    Ok(())
}
// ANCHOR_END: reaction

// ANCHOR: message
async fn quiz(
    asked: MessageCreate,
    event: Arc<Event>,
    State(client): State<Client>,
    handle: Handle<Client>,
) -> Result<(), HandlerError> {
    let player = asked.author.id;
    // It listens from here on, so that no answer comes too soon.
    let answer = handle
        .wait_for::<MessageCreate>(move |message| message.author.id == Some(player))
        .in_place(event.place().clone())
        .timeout(Duration::from_secs(30));
    let post = |text, part| {
        let message = client.create_message(asked.channel_id).content(text);
        message.nonce_of_part(&event, part)
    };
    post("How many strings has a violin?", 0).await?;
    let verdict = match answer.await {
        Ok(answer) if answer.content.trim() == "4" => "Right!",
        Ok(_) => "No: four.",
        Err(_) => "Too late: four.",
    };
    post(verdict, 1).await?;
    Ok(())
}
// ANCHOR_END: message

// ANCHOR: stream
/// Counts the messages of the next ten seconds
#[derive(Command)]
struct Count;

async fn count(count: Invocation<Count>, handle: Handle<Client>) -> Result<(), HandlerError> {
    let mut messages = handle.stream::<MessageCreate>();
    count.defer().await?;
    let mut heard = 0;
    let listen = async {
        while let Some(Ok(message)) = messages.next().await {
            if !message.author.bot {
                heard += 1;
            }
        }
    };
    // It ends with the time, and before it only with the app.
    let _ = tokio::time::timeout(Duration::from_secs(10), listen).await;
    count.reply(format!("{heard} messages")).await?;
    Ok(())
}
// ANCHOR_END: stream

// ANCHOR: hours
/// Shows in the bot's status for how many hours it runs.
async fn hours(client: Client) {
    let mut hours = tokio::time::interval(Duration::from_secs(60 * 60));
    for hour in 0_u64.. {
        // The first one comes at once.
        hours.tick().await;
        let shown = Activity::custom(format!("here for {hour} h"));
        let presence = Presence::online().activity(shown);
        // One that fails is made good by the next.
        if let Err(error) = client.update_presence(presence).await {
            eprintln!("the status was not shown: {error}");
        }
    }
}
// ANCHOR_END: hours

pub fn app(client: Client, source: Source) -> App<Client> {
    let commands = Commands::new(&client).add(ask).add(count);
    App::new(client)
        .source(source)
        .commands(commands)
        .on(quiz.when(|message| message.content == "!quiz"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::GUILD_MESSAGE_REACTIONS
        | Intents::MESSAGE_CONTENT;
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("waiting.sqlite").await?;
    let hours = hours(client.clone());
    // ANCHOR: beside
    tokio::select! {
        ended = app(client, source).run(journal, tokio::signal::ctrl_c()) => ended?,
        () = hours => {}
    }
    // ANCHOR_END: beside
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
