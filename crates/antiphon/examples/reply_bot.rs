//! Answers each mention in a Stack Exchange chat room once, although its message arrives twice.
//!
//! `cargo run -p antiphon --example reply_bot`

use antiphon::{
    App, BoxError, Delivery, HandlerError, HandlerExt as _, State,
    stackexchange::{Client, MentionEvent, ReplyEvent, Source},
};

mod chat_stage;

/// Answers a mention; the message itself arrives as an event of its own, which is left alone.
async fn mentioned(
    mention: MentionEvent,
    State(client): State<Client>,
    delivery: Delivery,
) -> Result<(), HandlerError> {
    // A mention that may have been answered before a crash is not answered again.
    if delivery.redelivered {
        return Ok(());
    }
    let answer = format!("hello, {}", mention.user_name);
    let room = client.room(mention.room_id);
    room.reply(mention.message_id, answer).await?;
    Ok(())
}

/// Stars a message that thanks the bot.
async fn thanked(reply: ReplyEvent, State(client): State<Client>) -> Result<(), HandlerError> {
    client.room(reply.room_id).star(reply.message_id).await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(mentioned)
        .on(thanked.when(|reply| reply.content.contains("thank")))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    chat_stage::play("reply_bot", app, async |chat| {
        chat.say(chat_stage::ROOM, "mira", "@antiphon are you there?");
        chat_stage::pause().await;
        chat.say(chat_stage::ROOM, "teo", "just talking, no bot needed");
    })
    .await
}
