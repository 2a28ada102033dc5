//! The rooms of the choir's bot: a QueUp room that is joined to a channel of Discord, and a Stack Exchange room.

use std::sync::Arc;

use antiphon::{
    App, BoxError, Delivery, Event, HandlerError, HandlerExt as _, State,
    discord::{
        MessageCreate,
        model::{AllowedMentions, ChannelId},
    },
    net::Addresses,
    queup, stackexchange,
};

use super::{Bot, setting};

/// Connects to QueUp, or to a simulator.
pub(crate) fn queup(
    simulator: Option<&Addresses>,
) -> Result<(queup::Client, queup::Source), BoxError> {
    let config = if let Some(addresses) = simulator {
        queup::Config::simulated(addresses)?
    } else {
        let (email, password) = (setting("QUEUP_EMAIL")?, setting("QUEUP_PASSWORD")?);
        let account = queup::Account::new(email, password);
        queup::Config::new(account).rooms([setting("QUEUP_ROOM")?.as_str()])
    };
    Ok(queup::connect(config))
}

/// Connects to Stack Exchange chat, or to a simulator.
pub(crate) fn stackexchange(
    simulator: Option<&Addresses>,
) -> Result<(stackexchange::Client, stackexchange::Source), BoxError> {
    let config = if let Some(addresses) = simulator {
        stackexchange::Config::simulated(addresses)?
    } else {
        let (email, password) = (setting("SE_EMAIL")?, setting("SE_PASSWORD")?);
        let account = stackexchange::Account::new(email, password);
        stackexchange::Config::new(account).rooms([setting("SE_ROOM")?.parse::<i64>()?])
    };
    Ok(stackexchange::connect(config))
}

/// Adds the relay and the replies.
///
/// QueUp and Stack Exchange take no key for a message, so that the end of each call is stored at once: a crash repeats the
/// one message that was under way, and no older one.
pub(crate) fn add(app: App<Bot>, channel: ChannelId) -> App<Bot> {
    let is_said_here = move |message: &antiphon::discord::view::Message<'_>| {
        message.channel_id == Some(channel) && !message.author.bot
    };
    app.on(to_channel.attempts(10))
        .on(to_room.when(is_said_here).attempts(10).save_each())
        .on(reply.save_each())
}

/// Carries what is said in the QueUp room into the channel, once: the nonce is made of the event.
async fn to_channel(
    chat: queup::Chat,
    event: Arc<Event>,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let me = bot.rooms.me();
    let me = me.ok_or_else(|| HandlerError::retry("nobody has logged in yet"))?;
    if chat.author.id == me.id {
        // It came from Discord.
        return Ok(());
    }
    let line = format!("{}: {}", chat.author.username, chat.content);
    bot.client
        .create_message(bot.channel)
        .content(&line)
        .allowed_mentions(Some(&AllowedMentions::default()))
        .nonce_of(&event)
        .await?;
    Ok(())
}

/// Carries what people say in the channel into the QueUp room.
async fn to_room(
    message: MessageCreate,
    delivery: Delivery,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let rooms = bot.rooms.rooms();
    let room = rooms.iter().next();
    let room = room.ok_or_else(|| HandlerError::retry("the room is not joined yet"))?;
    let line = format!("{}: {}", message.author.name, message.content);
    tell_repeat(&delivery, &line);
    room.send_message(&line).await?;
    Ok(())
}

/// Replies to a mention in the Stack Exchange room.
async fn reply(
    mention: stackexchange::MentionEvent,
    delivery: Delivery,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let line = format!("the choir greets {}", mention.user_name);
    tell_repeat(&delivery, &line);
    let room = bot.chat.room(mention.room_id);
    match room.reply(mention.message_id, line).await {
        // The chat refuses the text of the account's last message for a while, so that it was posted before the crash.
        Err(stackexchange::SendError::Duplicate) if delivery.redelivered => Ok(()),
        posted => Ok(posted.map(drop)?),
    }
}

/// Tells the console that a line may have been said before a crash already.
///
/// A bot that would rather lose a line than say it twice returns here.
fn tell_repeat(delivery: &Delivery, line: &str) {
    if delivery.redelivered {
        println!("perhaps said twice: {line}");
    }
}
