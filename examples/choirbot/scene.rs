//! A scene in a simulator, for whoever has no accounts at hand: people act, and what the bot does is printed.

use std::time::Duration;

use antiphon::{
    BoxError,
    discord::{self, Intents, model::id::Id},
};
use antiphon_sim::{Options, Simulator, stackexchange::StackExchange};
use serde_json::json;
use tokio::time::sleep;

const CHANNEL: &str = "loft";
const ROOM: &str = "choir-loft";

/// Plays the scene against a bot that is started beside it.
pub(crate) async fn play() -> Result<(), BoxError> {
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let discord = simulator.discord();
    let role = role(&simulator).await?;
    let folder = std::env::temp_dir().join(format!("choirbot-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let journal = folder.join("journal.sqlite");
    let journal = journal.to_str().ok_or("a folder whose name is no text")?;
    let channel = Id::new(discord.channel_id());
    let bot = super::run(simulator.addresses(), channel, Id::new(role), journal);
    let played = tokio::select! {
        ended = bot => ended,
        () = scene(&simulator) => Ok(()),
    };
    std::fs::remove_dir_all(&folder)?;
    played
}

/// Id of the role that `/join` gives.
pub(crate) async fn role(simulator: &Simulator) -> Result<u64, BoxError> {
    let discord = simulator.discord();
    let config = discord::Config::new(discord.token(), Intents::empty());
    let (client, _) = discord::connect(config.network(simulator.network()));
    let roles = client.roles(Id::new(discord.guild_id())).await?;
    let role = roles.iter().find(|role| role.name == "Regulars");
    Ok(role.ok_or("the guild has no such role")?.id.get())
}

async fn scene(simulator: &Simulator) {
    let (discord, chat) = (simulator.discord(), simulator.stackexchange());
    let bot = discord.account().username;
    let room = simulator.queup().room(ROOM);
    // A command can be used once it is registered.
    let sing = json!({"song": "Miserere", "volume": 7});
    while discord.command(CHANNEL, "mira", &bot, "sing", &sing) == 0 || !room.has(&bot) {
        sleep(Duration::from_millis(50)).await;
    }
    pause().await;
    discord.press(CHANNEL, "teo", &bot, "panel:encore");
    pause().await;
    discord.command(CHANNEL, "mira", &bot, "join", &json!({}));
    pause().await;
    room.say("ida", "good evening from QueUp");
    discord.say(CHANNEL, "teo", "good evening from Discord");
    chat.say(StackExchange::ROOM, "mira", "@antiphon are you there?");
    pause().await;
    pause().await;
    println!("Discord:\n  {}", discord.texts(CHANNEL).join("\n  "));
    println!("QueUp:\n  {}", room.texts().join("\n  "));
    let said = chat.texts(StackExchange::ROOM);
    println!("Stack Exchange:\n  {}", said.join("\n  "));
}

/// Waits until a person has read a line.
async fn pause() {
    sleep(Duration::from_millis(700)).await;
}
