//! The program of the guide's chapter "Chat".

// ANCHOR: program
use antiphon::{
    App, BoxError, Delivery, HandlerError, HandlerExt as _, State,
    journal::SqliteJournal,
    net::Addresses,
    stackexchange::{
        self, Account, Client, Config, MentionEvent, MessageEvent, ReplyEvent, Source, view,
    },
};

// ANCHOR: mention
async fn mentioned(
    mention: MentionEvent,
    delivery: Delivery,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    // Chat takes no nonce: a mention that may have been answered before a crash is not answered again.
    if delivery.redelivered {
        return Ok(());
    }
    let answer = format!("hello, {}", mention.user_name);
    let room = client.room(mention.room_id);
    room.reply(mention.message_id, answer).await?;
    Ok(())
}
// ANCHOR_END: mention

// ANCHOR: star
async fn thanked(reply: ReplyEvent, State(client): State<Client>) -> Result<(), HandlerError> {
    client.room(reply.room_id).star(reply.message_id).await?;
    Ok(())
}
// ANCHOR_END: star

// ANCHOR: long
async fn help(message: MessageEvent, State(client): State<Client>) -> Result<(), HandlerError> {
    let lines = (1..=40).map(|psalm| {
        format!("**{psalm}**: sung in the evening, on the day of that number, by all who are there")
    });
    let text = lines.collect::<Vec<_>>().join("; ");
    // One line holds 500 characters. Longer texts become several messages, and formatting is closed and opened again.
    let room = client.room(message.room_id);
    room.reply_long(message.message_id, text).await?;
    Ok(())
}
// ANCHOR_END: long

pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(mentioned)
        .on(thanked.when(|reply| reply.content.contains("thank")))
        .on(help.when(|message: &view::Message<'_>| message.content == "!psalms"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?,
        None => {
            let account = Account::new(std::env::var("SE_EMAIL")?, std::env::var("SE_PASSWORD")?);
            Config::new(account)
                .cookie_file("chat.cookies")
                .rooms([std::env::var("SE_ROOM")?.parse::<i64>()?])
        }
    };
    let (client, source) = stackexchange::connect(config);
    let journal = SqliteJournal::open("chat.sqlite").await?;
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
