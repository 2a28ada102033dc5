//! The program of the guide's chapter "Components".

// ANCHOR: program
use antiphon::{
    App, BoxError, Delivery, FromRef, HandlerError, State,
    commands::{Command, Commands, Invocation},
    components::{
        Confirm, Confirmations, CustomId, Page, Pages, Press, SelectOptions, confirm, decide,
        no_longer_valid, paginate, turn,
    },
    discord::{
        self, Client, Config, Intents, InteractionCreate, Source,
        model::{ActionRow, Button, Embed},
    },
    journal::SqliteJournal,
    net::Addresses,
};

/// Parts of the bot, as handlers ask for them.
#[derive(Clone, Debug, FromRef)]
pub struct Bot {
    client: Client,
    confirmations: Confirmations,
}

// ANCHOR: custom_id
/// A vote on a song; the button's custom id holds all of it.
#[derive(CustomId)]
#[custom_id("vote")]
enum Vote {
    For { song: String },
    Against { song: String },
}
// ANCHOR_END: custom_id

// ANCHOR: menu
#[derive(CustomId)]
#[custom_id("voice")]
struct AskVoice;

#[derive(SelectOptions, Debug)]
enum Voice {
    #[option(emoji = "🎵", description = "the high ones")]
    Alto,
    #[option(label = "Tenor or bass")]
    Low,
}
// ANCHOR_END: menu

// ANCHOR: send
/// Asks who sings a song
#[derive(Command)]
struct Poll {
    /// The song
    #[option(max_length = 50)]
    song: String,
}

async fn poll(poll: Invocation<Poll>) -> Result<(), HandlerError> {
    let song = &poll.song;
    let buttons = ActionRow::new([
        Button::success(Vote::For { song: song.clone() }, "Yes").emoji("👍"),
        Button::danger(Vote::Against { song: song.clone() }, "No"),
    ]);
    let voices = ActionRow::new([Voice::menu(AskVoice).placeholder("Your voice")]);
    poll.reply(format!("Do we sing {song}?"))
        .components([buttons, voices])
        .await?;
    Ok(())
}
// ANCHOR_END: send

// ANCHOR: press
async fn vote(press: Press<Vote>, State(client): State<Client>) -> Result<(), HandlerError> {
    let who = press.author().map_or("somebody", |user| &user.name);
    let text = match press.state() {
        Vote::For { song } => format!("{who} sings {song}."),
        Vote::Against { song } => format!("{who} does not sing {song}."),
    };
    press.reply(&client, text).await?;
    Ok(())
}

async fn voice(press: Press<AskVoice>, State(client): State<Client>) -> Result<(), HandlerError> {
    let text = match press.chosen::<Voice>().as_deref() {
        Some([Voice::Alto]) => "There are five altos.",
        _ => "You are the first one.",
    };
    press.reply(&client, text).ephemeral().await?;
    Ok(())
}
// ANCHOR_END: press

// ANCHOR: pages
/// Lists the psalms
#[derive(Command)]
struct Psalms;

/// The list, ten to a page.
#[derive(CustomId)]
#[custom_id("psalms")]
struct PsalmList;

impl Pages<Bot> for PsalmList {
    async fn page(&self, number: u32, _: &Bot) -> Result<Page, HandlerError> {
        let first = number * 10 + 1;
        let lines: Vec<_> = (first..first + 10).map(|n| format!("Psalm {n}")).collect();
        let embed = Embed::new().title("Psalms").description(lines.join("\n"));
        Ok(Page::of(15).embed(embed))
    }
}

async fn psalms(psalms: Invocation<Psalms>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    paginate(&bot.client, psalms.interaction(), &PsalmList, &bot).await
}
// ANCHOR_END: pages

// ANCHOR: confirm
/// Forgets a psalm
#[derive(Command)]
struct Forget {
    /// Its number
    #[option(min = 1, max = 150)]
    psalm: u32,
}

/// The question, with what it is about.
#[derive(CustomId)]
#[custom_id("forget")]
struct ForgetPsalm {
    psalm: u32,
}

impl Confirm<Bot> for ForgetPsalm {
    async fn confirmed(
        &self,
        _: &InteractionCreate,
        _: &Delivery,
        _: &Bot,
    ) -> Result<String, HandlerError> {
        Ok(format!("Psalm {} is forgotten.", self.psalm))
    }
}

async fn forget(forget: Invocation<Forget>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let psalm = forget.psalm;
    let question = format!("Forget psalm {psalm}?");
    let action = ForgetPsalm { psalm };
    confirm(&bot.client, forget.interaction(), &action, question).await
}
// ANCHOR_END: confirm

// ANCHOR: app
pub fn app(client: Client, source: Source) -> App<Bot> {
    let commands = Commands::new(&client).add(poll).add(psalms).add(forget);
    let confirmations = Confirmations::default();
    let bot = Bot {
        client,
        confirmations: confirmations.clone(),
    };
    App::new(bot)
        .source(source)
        .commands(commands)
        .on(vote)
        .on(voice)
        .on(turn::<PsalmList, Bot>)
        .projection(confirmations)
        .on(decide::<ForgetPsalm, Bot>)
        .fallback(no_longer_valid)
}
// ANCHOR_END: app

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?.intents(Intents::GUILDS),
        None => Config::new(std::env::var("DISCORD_TOKEN")?, Intents::GUILDS),
    };
    let (client, source) = discord::connect(config);
    let journal = SqliteJournal::open("components.sqlite").await?;
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
