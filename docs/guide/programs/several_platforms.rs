//! The program of the guide's chapter "Several platforms".

// ANCHOR: program
use std::sync::Arc;

use antiphon::{
    App, BoxError, Delivery, Event, FromRef, HandlerError, HandlerExt as _, State,
    discord::{
        self, Intents, MessageCreate,
        model::id::{Id, marker::ChannelMarker},
    },
    journal::SqliteJournal,
    net::Addresses,
    queup::{self, Chat},
    stackexchange::{self, MentionEvent},
};

// ANCHOR: state
#[derive(Clone, Debug, FromRef)]
pub struct Bot {
    guild: discord::Client,
    rooms: queup::Client,
    chat: stackexchange::Client,
    channel: Channel,
}

/// The channel of Discord that hears what the room says.
#[derive(Clone, Copy, Debug)]
struct Channel(Id<ChannelMarker>);
// ANCHOR_END: state

// ANCHOR: to_discord
/// From the room into the channel: once, since Discord takes a nonce.
async fn to_discord(
    chat: Chat,
    event: Arc<Event>,
    State(rooms): State<queup::Client>,
    State(guild): State<discord::Client>,
    State(Channel(channel)): State<Channel>,
) -> Result<(), HandlerError> {
    if rooms.me().is_some_and(|me| me.id == chat.author.id) {
        return Ok(());
    }
    let line = format!("**{}**: {}", chat.author.username, chat.content);
    let post = guild.create_message(channel).content(&line);
    post.nonce_of(&event).await?;
    Ok(())
}
// ANCHOR_END: to_discord

// ANCHOR: to_queup
/// From the channel into the room: at most the message under way comes twice after a crash, and says so.
async fn to_queup(
    message: MessageCreate,
    delivery: Delivery,
    State(rooms): State<queup::Client>,
    State(Channel(channel)): State<Channel>,
) -> Result<(), HandlerError> {
    if message.channel_id != channel {
        return Ok(());
    }
    let again = if delivery.redelivered {
        " (again?)"
    } else {
        ""
    };
    for room in &rooms.rooms() {
        let line = format!("{}: {}{again}", message.author.name, message.content);
        room.send_message(&line).await?;
    }
    Ok(())
}
// ANCHOR_END: to_queup

// ANCHOR: chat
/// What plays, for who asks in the chat.
async fn what_plays(
    mention: MentionEvent,
    delivery: Delivery,
    State(rooms): State<queup::Client>,
    State(chat): State<stackexchange::Client>,
) -> Result<(), HandlerError> {
    if delivery.redelivered {
        return Ok(());
    }
    let rooms = rooms.rooms();
    let song = rooms.iter().find_map(queup::Room::current_song);
    let text = song.map_or("silence".to_owned(), |song| song.name().to_owned());
    let room = chat.room(mention.room_id);
    room.reply(mention.message_id, text).await?;
    Ok(())
}
// ANCHOR_END: chat

// ANCHOR: app
pub struct Configs {
    pub guild: discord::Config,
    pub rooms: queup::Config,
    pub chat: stackexchange::Config,
    pub channel: u64,
}

pub fn app(configs: Configs) -> App<Bot> {
    let (guild, gateway) = discord::connect(configs.guild);
    let (rooms, room_events) = queup::connect(configs.rooms);
    let (chat, chat_events) = stackexchange::connect(configs.chat);
    let bot = Bot {
        guild,
        rooms,
        chat,
        channel: Channel(Id::new(configs.channel)),
    };
    App::new(bot)
        .source(gateway)
        .source(room_events)
        .source(chat_events)
        .on(to_discord)
        .on(to_queup.when(|message| !message.author.bot))
        .on(what_plays)
}
// ANCHOR_END: app

fn configs() -> Result<Configs, BoxError> {
    let variable = std::env::var;
    let intents = Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    if let Some(simulator) = Addresses::from_env()? {
        return Ok(Configs {
            guild: discord::Config::simulated(&simulator)?.intents(intents),
            rooms: queup::Config::simulated(&simulator)?,
            chat: stackexchange::Config::simulated(&simulator)?,
            channel: simulator.platform("discord")?.text("channel_id")?.parse()?,
        });
    }
    let account = queup::Account::new(variable("QUEUP_EMAIL")?, variable("QUEUP_PASSWORD")?);
    let rooms = queup::Config::new(account).rooms([variable("QUEUP_ROOM")?]);
    let account = stackexchange::Account::new(variable("SE_EMAIL")?, variable("SE_PASSWORD")?);
    let chat = stackexchange::Config::new(account).rooms([variable("SE_ROOM")?.parse::<i64>()?]);
    Ok(Configs {
        guild: discord::Config::new(variable("DISCORD_TOKEN")?, intents),
        rooms,
        chat: chat.cookie_file("chat.cookies"),
        channel: variable("DISCORD_CHANNEL")?.parse()?,
    })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let journal = SqliteJournal::open("relay.sqlite").await?;
    app(configs()?)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
