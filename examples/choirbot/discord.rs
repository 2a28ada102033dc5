//! The Discord part of the choir's bot; `choirbot.py` beside it does the same in discord.py.

use std::time::Duration;

use antiphon::{
    App, BoxError, Delivery, Handle, HandlerError, State,
    commands::{Command, CommandExt as _, Commands, Cooldown, Focused, Invocation},
    components::{CustomId, Modal, Page, Pages, Press, Submitted, no_longer_valid, paginate, turn},
    discord::{
        self, Client, Config, File, Intents, MessageReactionAdd, RequestError, Source,
        model::{ActionRow, Button, ChannelId, Embed, Mentionable as _, Message, MessageId, User},
    },
    net::Addresses,
};

use super::Bot;

const SONGS: [&str; 5] = ["Miserere", "Slow Tide", "Slate", "Lacrimosa", "Lux Aeterna"];

/// Connects to Discord, or to a simulator.
pub(crate) fn connect(simulator: Option<&Addresses>) -> Result<(Client, Source), BoxError> {
    let messages = Intents::GUILD_MESSAGES | Intents::GUILD_MESSAGE_REACTIONS;
    let intents = Intents::GUILDS | messages | Intents::MESSAGE_CONTENT;
    let config = match simulator {
        Some(addresses) => Config::simulated(addresses)?.intents(intents),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, intents),
    };
    Ok(discord::connect(config))
}

/// Adds the commands and components.
pub(crate) fn add(app: App<Bot>, client: &Client) -> App<Bot> {
    let commands = Commands::new(client)
        .add(sing)
        .add(score)
        .add(history)
        .add(join.cooldown(Cooldown::user(Duration::from_secs(60))))
        .add(vote);
    app.commands(commands)
        .on(panel)
        .on(request)
        .on(turn::<Said, Bot>)
        .fallback(no_longer_valid)
}

/// Sings a song
#[derive(Command)]
struct Sing {
    /// What to sing
    #[option(autocomplete = songs)]
    song: String,
    /// How loud
    #[option(min = 1, max = 11)]
    volume: Option<u8>,
    /// Who sings
    singer: Option<User>,
}

async fn songs(focused: Focused) -> Vec<&'static str> {
    let typed = focused.text().to_lowercase();
    let fits = |song: &&str| song.to_lowercase().contains(&typed);
    SONGS.into_iter().filter(fits).collect()
}

async fn sing(sing: Invocation<Sing>) -> Result<(), RequestError> {
    let singer = sing.singer.as_ref().unwrap_or(sing.user());
    let embed = Embed::new()
        .title(&sing.song)
        .description(format!("sung by {}", singer.mention()))
        .field("Volume", sing.volume.unwrap_or(5).to_string(), true);
    let buttons = ActionRow::new([
        Button::primary(Panel::Encore, "Encore"),
        Button::secondary(Panel::Request, "Request"),
    ]);
    sing.reply("").embed(embed).component(buttons).await
}

#[derive(CustomId)]
#[custom_id("panel")]
enum Panel {
    Encore,
    Request,
}

async fn panel(press: Press<Panel>, State(client): State<Client>) -> Result<(), RequestError> {
    match press.state() {
        Panel::Encore => {
            let text = format!("{} wants an encore", press.user().mention());
            press.update(&client).content(text).await
        }
        Panel::Request => press.show_modal(&client, Wish::modal()).await,
    }
}

#[derive(Modal)]
#[modal(title = "Ask for a song", custom_id = "request")]
struct Wish {
    #[field(max_length = 100)]
    song: String,
    #[field(paragraph)]
    note: String,
}

async fn request(form: Submitted<Wish>, State(client): State<Client>) -> Result<(), RequestError> {
    let text = format!("{} is on the list: {}", form.song, form.note);
    form.reply(&client, text).ephemeral().await
}

/// Shows the score of a song
#[derive(Command)]
struct Score {
    /// Which song
    song: String,
}

async fn score(score: Invocation<Score>) -> Result<(), RequestError> {
    let file = File::new("score.txt", format!("{}\n", score.song));
    score.reply("here it is").file(file).await
}

/// Shows what was said here
#[derive(Command)]
struct History;

async fn history(asked: Invocation<History>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let channel = asked.channel_id().ok_or("the command has no channel")?;
    let said = Said(channel, asked.interaction().id.cast());
    paginate(&bot.client, asked.interaction(), &said, &bot).await
}

#[derive(CustomId)]
#[custom_id("said")]
struct Said(ChannelId, MessageId);

impl Pages<Bot> for Said {
    async fn page(&self, number: u32, bot: &Bot) -> Result<Page, HandlerError> {
        let said = bot.client.channel_messages(self.0).before(self.1);
        let said = said.limit(50).await?;
        let line = |said: &Message| format!("{}: {}", said.author.name, said.content);
        Ok(Page::of_lines(said.iter().map(line), 5, number))
    }
}

/// Joins the choir
#[derive(Command)]
#[command(contexts(Guild))]
struct Join;

async fn join(join: Invocation<Join>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    join.defer().ephemeral().await?;
    let guild = join.guild_id().ok_or("the command has no guild")?;
    let role = bot
        .client
        .add_guild_member_role(guild, join.user_id(), bot.role);
    role.reason("joined by command").await?;
    Ok(join.reply("welcome").await?)
}

/// Asks everybody for a reaction
#[derive(Command)]
struct Vote {
    /// What is asked
    question: String,
}

async fn vote(
    vote: Invocation<Vote>,
    handle: Handle<Bot>,
    delivery: Delivery,
) -> Result<(), RequestError> {
    vote.reply(&vote.question).await?;
    let message = vote.answers().response().await?.id;
    // A reaction that came before a crash counts too.
    let reaction = handle
        .wait_for::<MessageReactionAdd>(move |view| view.message_id == Some(message))
        .after(delivery.position)
        .timeout(Duration::from_secs(60));
    let answer = match reaction.await {
        Ok(reaction) => format!("{} says {}", reaction.user_id.mention(), reaction.emoji),
        Err(_) => "nobody answered".to_owned(),
    };
    vote.edit(format!("{}\n{answer}", vote.question)).await
}
