//! The program of the guide's chapter "Forms".

// ANCHOR: program
use antiphon::{
    App, BoxError, HandlerError, State,
    commands::{Command, Commands, Invocation},
    components::{Modal, SelectOptions, Submitted, explain, no_longer_valid},
    discord::{self, Client, Config, Intents, Source, model::Attachment},
    journal::SqliteJournal,
    net::Addresses,
};

// ANCHOR: form
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
// ANCHOR_END: form

// ANCHOR: open
/// Takes you into the choir
#[derive(Command)]
#[command(name = "join")]
struct JoinCommand;

async fn ask(command: Invocation<JoinCommand>) -> Result<(), HandlerError> {
    command.show_modal(Join::modal()).await?;
    Ok(())
}
// ANCHOR_END: open

// ANCHOR: submitted
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
// ANCHOR_END: submitted

// ANCHOR: app
pub fn app(client: Client, source: Source) -> App<Client> {
    let commands = Commands::new(&client).add(ask);
    App::new(client)
        .source(source)
        .commands(commands)
        .on(join)
        .on(explain::<Join>)
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
    let journal = SqliteJournal::open("forms.sqlite").await?;
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
