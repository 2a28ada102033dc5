//! Commands that are declared once, against the simulated Discord.
//!
//! What is right is Discord's own description of application commands
//! (<https://discord.com/developers/docs/interactions/application-commands>); the simulator checks registrations and
//! makes interactions by it.

#![cfg(feature = "discord")]

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, DeadLetterId, Delivery, HandlerError, RunError, State,
    commands::{
        Choice, Command, CommandError, CommandExt as _, Commands, Cooldown, Failed, Focused, Input,
        Invocation, Mentionable, OptionError, Refusal, Registered, ResolvedUser,
    },
    discord::{
        self, Client, Config, File, Intents, PollRequest, Source,
        model::{
            ActionRow, Attachment, Button, Channel, CommandData, Embed, Message, PartialMember,
            Permissions, Role, User, from_str,
            id::{
                Id,
                marker::{ChannelMarker, GenericMarker, GuildMarker, RoleMarker, UserMarker},
            },
        },
    },
    journal::{Journal as _, MemoryJournal},
    testing::TestApp,
};
use antiphon_sim::{RestFault, Simulator, discord::Discord};
use serde_json::{Value, json};
use support::Log;

const BOT: &str = Discord::BOT;

fn connect(sim: &Simulator) -> (Client, Source) {
    let config = Config::new(sim.discord().token(), Intents::GUILDS);
    discord::connect(config.network(sim.network()).clock(sim.clock()))
}

/// A connected bot with these commands, on a journal.
async fn start_on(
    sim: &Simulator,
    journal: &Arc<MemoryJournal>,
    log: &Log,
    commands: impl FnOnce(Commands<Log>) -> Commands<Log>,
) -> TestApp<Log> {
    let (client, source) = connect(sim);
    let commands = commands(Commands::new(&client));
    let app = App::new(log.clone()).source(source).commands(commands);
    let app = TestApp::start(app, Arc::clone(journal)).await;
    app.until(|| client.link().borrow().is_connected()).await;
    app.settle().await;
    app
}

/// A connected bot with these commands.
async fn start(
    sim: &Simulator,
    commands: impl FnOnce(Commands<Log>) -> Commands<Log>,
) -> (TestApp<Log>, Log) {
    let log = Log::default();
    let app = start_on(sim, &Arc::default(), &log, commands).await;
    (app, log)
}

/// Uses a command in the loft, and waits for its handling.
async fn used(
    app: &TestApp<Log>,
    discord: &Discord,
    by: &str,
    name: &str,
    options: Value,
) -> Value {
    let interaction = discord.command("loft", by, BOT, name, &options);
    assert_ne!(interaction, 0, "{name} can be used");
    app.settle().await;
    discord.response_to(interaction).unwrap_or_default()
}

fn text(response: &Value) -> &str {
    response["message"]["content"].as_str().unwrap_or_default()
}

fn is_ephemeral(response: &Value) -> bool {
    response["message"]["flags"]
        .as_u64()
        .is_some_and(|flags| flags & 64 != 0)
}

/// What Discord knows of the bot's commands, by name, with the version of each, which every write changes.
async fn registered(client: &Client, guild: Option<Id<GuildMarker>>) -> Vec<(String, String)> {
    let application = client
        .current_user_application()
        .await
        .expect("an application")
        .id;
    let commands = match guild {
        None => client.global_commands(application).await,
        Some(guild) => client.guild_commands(application, guild).await,
    };
    let commands = commands.expect("commands").into_iter();
    let mut commands: Vec<_> = commands
        .map(|command| {
            let version = command.version.expect("a version");
            (command.name, version.to_string())
        })
        .collect();
    commands.sort();
    commands
}

// ---------------------------------------------------------------------------------------------------------------------
// Declarations.

/// Sings a song
///
/// This paragraph is for readers of the code.
#[derive(Command)]
#[command(
    name = "sing",
    name_localizations("de" = "singen", "sv-SE" = "sjung"),
    description_localizations("de" = "Singt ein Lied"),
    default_permissions = SEND_MESSAGES | CONNECT,
    contexts(Guild, BotDm),
    integration_types(GuildInstall, UserInstall),
    nsfw,
    state = Log
)]
struct Everything {
    /// What to sing
    #[option(autocomplete = songs, min_length = 1, max_length = 100, name_localizations("de" = "lied"))]
    song: String,
    /// How to sing it
    mood: Mood,
    /// How loud
    #[option(min = 1, max = 11)]
    volume: i64,
    /// How fast
    #[option(rename = "tempo", min = 0.5, max = 2)]
    speed: f64,
    /// Where to sing it
    #[option(channel_types(GuildVoice, GuildStageVoice))]
    place: Id<ChannelMarker>,
    /// How often
    times: Option<u8>,
    /// In which voice
    #[option(choices("Alto", "Tenor" = "t"))]
    voice: Option<String>,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq)]
enum Mood {
    #[choice(name_localizations("de" = "Fröhlich"))]
    Joyful,
    #[choice(name = "Very sad", value = "sad")]
    Sad,
}

async fn songs(focused: Focused, State(log): State<Log>) -> Vec<String> {
    log.note(format!("{}: {}", focused.option(), focused.text()));
    (0..40)
        .map(|number| format!("{} {number}", focused.text()))
        .collect()
}

/// discord.py 2.7.1 gives the same for this declaration by `Command.to_dict` (compared by hand), but for translations, which
/// it asks a translator for, and for permissions, which it writes as a number.
#[test]
fn a_declaration_is_the_json_that_discord_documents() {
    let expected = json!({
        "type": 1,
        "name": "sing",
        "name_localizations": {"de": "singen", "sv-SE": "sjung"},
        "description": "Sings a song",
        "description_localizations": {"de": "Singt ein Lied"},
        "default_member_permissions": "1050624",
        "contexts": [0, 1],
        "integration_types": [0, 1],
        "nsfw": true,
        "options": [
            {
                "type": 3, "name": "song", "description": "What to sing", "required": true, "autocomplete": true,
                "min_length": 1, "max_length": 100, "name_localizations": {"de": "lied"},
            },
            {
                "type": 3, "name": "mood", "description": "How to sing it", "required": true,
                "choices": [
                    {"name": "Joyful", "value": "joyful", "name_localizations": {"de": "Fröhlich"}},
                    {"name": "Very sad", "value": "sad"},
                ],
            },
            {"type": 4, "name": "volume", "description": "How loud", "required": true, "min_value": 1, "max_value": 11},
            {"type": 10, "name": "tempo", "description": "How fast", "required": true, "min_value": 0.5, "max_value": 2},
            {"type": 7, "name": "place", "description": "Where to sing it", "required": true, "channel_types": [2, 13]},
            {"type": 4, "name": "times", "description": "How often", "required": false, "min_value": 0, "max_value": 255},
            {
                "type": 3, "name": "voice", "description": "In which voice", "required": false,
                "choices": [{"name": "Alto", "value": "Alto"}, {"name": "Tenor", "value": "t"}],
            },
        ],
    });
    assert_eq!(Everything::SPEC.json(), expected);
}

/// Plays music
#[derive(Command, Debug, PartialEq)]
enum Music {
    /// Adds a song
    Add {
        /// Which song
        song: String,
    },
    /// Skips the song
    SkipThis,
    Queue(Queue),
}

/// Looks after the queue
#[derive(Command, Debug, PartialEq)]
enum Queue {
    /// Empties it
    Clear,
    /// Moves a song to another place
    Move(Move),
}

/// Moves a song
#[derive(Command, Debug, PartialEq)]
struct Move {
    /// From where
    from: u32,
    /// To where
    to: Option<u32>,
}

#[test]
fn subcommands_and_groups_are_options_of_their_types() {
    let expected = json!([
        {"type": 1, "name": "add", "description": "Adds a song", "options": [
            {"type": 3, "name": "song", "description": "Which song", "required": true},
        ]},
        {"type": 1, "name": "skip_this", "description": "Skips the song", "options": []},
        {"type": 2, "name": "queue", "description": "Looks after the queue", "options": [
            {"type": 1, "name": "clear", "description": "Empties it", "options": []},
            {"type": 1, "name": "move", "description": "Moves a song to another place", "options": [
                {
                    "type": 4, "name": "from", "description": "From where", "required": true,
                    "min_value": 0, "max_value": 4_294_967_295_u32,
                },
                {
                    "type": 4, "name": "to", "description": "To where", "required": false,
                    "min_value": 0, "max_value": 4_294_967_295_u32,
                },
            ]},
        ]},
    ]);
    assert_eq!(Music::SPEC.json()["options"], expected);
}

#[derive(Command)]
#[command(name_localizations("de" = "Lob den Sänger"))]
struct PraiseSinger(ResolvedUser);

#[derive(Command)]
#[command(name = "Set to music", default_permissions = 0)]
struct Compose(Message);

#[derive(Command)]
struct Greet(#[expect(dead_code, reason = "only its declaration is looked at")] PartialMember);

#[test]
fn menus_have_names_in_words_and_no_description() {
    let praise = PraiseSinger::SPEC.json();
    assert_eq!(
        (&praise["type"], &praise["name"]),
        (&json!(2), &json!("Praise singer"))
    );
    assert!(praise.get("description").is_none() && praise.get("options").is_none());
    let compose = Compose::SPEC.json();
    assert_eq!(
        (&compose["type"], &compose["name"]),
        (&json!(3), &json!("Set to music"))
    );
    assert_eq!(
        compose["default_member_permissions"], "0",
        "for administrators"
    );
    assert_eq!(Greet::SPEC.json()["type"], 2);
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading.

/// Takes one option of each type
#[derive(Command)]
struct Types {
    /// A text
    text: String,
    /// A whole number
    whole: i16,
    /// A number
    number: f64,
    /// Yes or no
    flag: bool,
    /// A user
    user: User,
    /// A member
    member: PartialMember,
    /// A channel
    channel: Channel,
    /// A role
    role: Role,
    /// A user or a role
    anyone: Mentionable,
    /// Another
    someone: Mentionable,
    /// A file
    file: Attachment,
    /// A choice
    mood: Mood,
    /// Ids
    user_id: Option<Id<UserMarker>>,
    /// Ids
    role_id: Option<Id<RoleMarker>>,
    /// Ids
    any_id: Option<Id<GenericMarker>>,
    /// Nothing
    nothing: Option<String>,
}

#[tokio::test(start_paused = true)]
async fn each_type_of_option_is_read_with_what_it_names() {
    async fn types(types: Invocation<Types>, State(log): State<Log>) -> Result<(), HandlerError> {
        let Types {
            user,
            member,
            channel,
            role,
            file,
            ..
        } = &*types;
        log.note(format!(
            "{} {} {} {}",
            types.text, types.whole, types.number, types.flag
        ));
        let member = member.user.as_ref().map(|user| &*user.name);
        log.note(format!(
            "{} {member:?} {:?} {}",
            user.name, channel.name, role.name
        ));
        log.note(format!("{} {:?}", file.filename, types.mood));
        for one in [&types.anyone, &types.someone] {
            log.note(match one {
                Mentionable::User(user) => {
                    format!("user {} {}", user.user.name, user.member.is_some())
                }
                Mentionable::Role(role) => format!("role {}", role.name),
                _ => "neither".to_owned(),
            });
        }
        assert_eq!(types.user_id, Some(user.id));
        assert!(types.role_id == Some(role.id) && types.any_id.is_some());
        assert_eq!(types.nothing, None);
        assert_eq!(types.user().name, "mira");
        types.reply("read").await?;
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.add_role(&discord.guild_id().to_string(), "mira", "alto");
    let (app, log) = start(&sim, |commands| commands.add(types)).await;
    let options = json!({
        "text": "Miserere", "whole": -7, "number": 2, "flag": true, "user": "teo", "member": "teo", "channel": "loft",
        "role": "alto", "anyone": "teo", "someone": "alto", "file": "score.txt", "mood": "sad", "user_id": "teo",
        "role_id": "alto", "any_id": "alto",
    });
    let response = used(&app, &discord, "mira", "types", options).await;
    assert_eq!(
        log.lines(),
        [
            "Miserere -7 2 true",
            "teo Some(\"teo\") Some(\"loft\") alto",
            "score.txt Sad",
            "user teo true",
            "role alto",
        ]
    );
    assert_eq!(text(&response), "read");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_subcommand_is_a_variant() {
    async fn music(music: Invocation<Music>, State(log): State<Log>) -> Result<(), HandlerError> {
        log.note(format!("{} {:?}", music.name(), *music));
        music.reply("done").await?;
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, log) = start(&sim, |commands| commands.add(music)).await;
    for (name, options) in [
        ("music add", json!({"song": "Gloria"})),
        ("music skip_this", json!({})),
        ("music queue clear", json!({})),
        ("music queue move", json!({"from": 3})),
    ] {
        assert_eq!(
            text(&used(&app, &discord, "mira", name, options).await),
            "done"
        );
    }
    let moved = Queue::Move(Move { from: 3, to: None });
    assert_eq!(
        log.lines(),
        [
            "music add Add { song: \"Gloria\" }".to_owned(),
            "music skip_this SkipThis".to_owned(),
            "music queue clear Queue(Clear)".to_owned(),
            format!("music queue move {:?}", Music::Queue(moved)),
        ]
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_user_and_a_message_command_have_their_target() {
    async fn praise(praise: Invocation<PraiseSinger>) -> Result<(), HandlerError> {
        let PraiseSinger(target) = &*praise;
        praise
            .reply(format!("{} {}", target.user.name, target.member.is_some()))
            .await?;
        Ok(())
    }
    async fn compose(compose: Invocation<Compose>) -> Result<(), HandlerError> {
        compose.reply(format!("♪ {} ♪", compose.0.content)).await?;
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, _) = start(&sim, |commands| commands.add(praise).add(compose)).await;
    let owner = owner(&sim).await;
    let asked = discord.context("loft", "mira", BOT, "Praise singer", "teo");
    app.settle().await;
    assert_eq!(
        text(&discord.response_to(asked).expect("an answer")),
        "teo true"
    );
    let message = discord.say("loft", "teo", "hello").to_string();
    let asked = discord.context("loft", &owner, BOT, "Set to music", &message);
    app.settle().await;
    assert_eq!(
        text(&discord.response_to(asked).expect("an answer")),
        "♪ hello ♪"
    );
    app.stop().await.expect("a clean stop");
}

/// The error of a used command's data.
#[track_caller]
fn misread<T: Command>(data: &str) -> antiphon::commands::ParseError {
    let (data, _) = from_str::<CommandData>(data).expect("data of a command");
    T::parse(&Input::new(&data)).err().expect("it does not fit")
}

#[test]
fn what_does_not_fit_the_declaration_is_a_typed_error() {
    let data =
        |options: &str| format!(r#"{{"id":"5","name":"music","type":1,"options":{options}}}"#);
    let sub = |name: &str, options: &str| {
        data(&format!(
            r#"[{{"name":"{name}","type":1,"options":{options}}}]"#
        ))
    };
    let error = misread::<Music>(&data("[]"));
    assert_eq!(error.to_string(), "`/music` was used without a subcommand");
    let error = misread::<Music>(&sub("sing", "[]"));
    assert_eq!(
        error.to_string(),
        "`/music sing` was used with a subcommand that is not declared"
    );
    let error = misread::<Music>(&sub("add", "[]"));
    assert_eq!(
        (error.option(), error.option_error()),
        (Some("song"), Some(&OptionError::Missing))
    );
    let error = misread::<Music>(&sub("add", r#"[{"name":"track","type":3,"value":"a"}]"#));
    assert!(
        error
            .to_string()
            .contains("`/music add` was used with the option `track`")
    );
    let error = misread::<Music>(&sub(
        "skip_this",
        r#"[{"name":"now","type":5,"value":true}]"#,
    ));
    assert_eq!(error.option(), Some("now"));
    let error = misread::<Music>(&sub("add", r#"[{"name":"song","type":4,"value":3}]"#));
    assert_eq!(
        error.to_string(),
        "option `song` of `/music add`: it is a whole number and not a text"
    );
    let error = misread::<Move>(
        r#"{"id":"5","name":"move","options":[{"name":"from","type":4,"value":-1}]}"#,
    );
    assert_eq!(error.option_error(), Some(&OptionError::OutOfRange));
    let error = misread::<Types>(
        r#"{"id":"5","name":"types","options":[{"name":"user","type":6,"value":"33"},
        {"name":"text","type":3,"value":"a"},{"name":"whole","type":4,"value":1},{"name":"number","type":10,"value":1},
        {"name":"flag","type":5,"value":false}]}"#,
    );
    assert_eq!(
        error.to_string(),
        "option `user` of `/types`: the user that it names was not sent"
    );
    let menu = misread::<Compose>(r#"{"id":"5","name":"Set to music","type":3}"#);
    assert_eq!(menu.option(), Some("target"));
}

#[test]
fn values_are_held_against_ranges_and_choices() {
    let read = |mood: &str, volume: i64, voice: &str| {
        let sent = json!({"id": "5", "name": "sing", "options": [
            {"name": "song", "type": 3, "value": "Gloria"}, {"name": "mood", "type": 3, "value": mood},
            {"name": "volume", "type": 4, "value": volume}, {"name": "tempo", "type": 10, "value": 1},
            {"name": "place", "type": 7, "value": "22"}, {"name": "voice", "type": 3, "value": voice},
        ]});
        let (data, _) = from_str::<CommandData>(&sent.to_string()).expect("data");
        Everything::parse(&Input::new(&data))
    };
    let everything = read("joyful", 11, "t").expect("it fits");
    assert_eq!(
        (everything.mood, everything.volume, &*everything.song),
        (Mood::Joyful, 11, "Gloria")
    );
    assert_eq!(
        (everything.voice.as_deref(), everything.times),
        (Some("t"), None)
    );
    assert!(everything.speed > 0.9 && everything.place == Id::new(22));
    let error = |read: Result<Everything, antiphon::commands::ParseError>| {
        let error = read.err().expect("it does not fit");
        (
            error.option().map(str::to_owned),
            error.option_error().cloned(),
        )
    };
    assert_eq!(
        error(read("angry", 1, "t")),
        (Some("mood".into()), Some(OptionError::NotAChoice))
    );
    assert_eq!(
        error(read("sad", 12, "t")),
        (Some("volume".into()), Some(OptionError::OutOfRange))
    );
    assert_eq!(
        error(read("sad", 1, "Tenor")),
        (Some("voice".into()), Some(OptionError::NotAChoice))
    );
}

async fn everything(sing: Invocation<Everything>) -> Result<(), HandlerError> {
    sing.reply(&sing.song).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_option_is_completed_by_its_function_with_the_state() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, log) = start(&sim, |commands| commands.add(everything)).await;
    let options = json!({"song": "glo", "volume": 3});
    let asked = discord.autocomplete("loft", "mira", BOT, "sing", &options, "song");
    app.until(|| discord.answer_to(asked).is_some()).await;
    let answer = discord.response_to(asked).expect("an answer");
    let choices = answer["data"]["choices"].as_array().expect("choices");
    assert_eq!((&answer["type"], choices.len()), (&json!(8), 25));
    assert_eq!(choices[24], json!({"name": "glo 24", "value": "glo 24"}));
    assert_eq!(log.lines(), ["song: glo"]);
    app.stop().await.expect("a clean stop");
}

/// Adds up
#[derive(Command)]
enum Sum {
    /// Adds two numbers
    Of {
        /// The first
        a: i64,
        /// The second
        #[option(autocomplete = near)]
        b: i64,
        /// A text
        #[option(autocomplete = fails)]
        c: Option<String>,
    },
}

/// Offers numbers near to what is typed and to the first option, with long names.
async fn near(focused: Focused) -> Result<Vec<(String, i64)>, HandlerError> {
    let typed: i64 = focused.text().parse()?;
    let first = focused.get::<i64>("a").unwrap_or_default();
    Ok(vec![("n".repeat(120), typed + first), (String::new(), 1)])
}

async fn fails(_: Focused) -> Result<Vec<String>, HandlerError> {
    Err(HandlerError::message("no songs today"))
}

#[tokio::test(start_paused = true)]
async fn autocomplete_knows_the_other_options_and_a_failure_shows_no_choices() {
    async fn sum(sum: Invocation<Sum>) -> Result<(), HandlerError> {
        let Sum::Of { a, b, c } = &*sum;
        sum.reply(format!("{} {c:?}", a + b)).await?;
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let journal = Arc::new(MemoryJournal::new());
    let app = start_on(&sim, &journal, &Log::default(), |commands| {
        commands.add(sum)
    })
    .await;
    let choices = async |focused: &str, options: Value| {
        let asked = discord.autocomplete("loft", "mira", BOT, "sum of", &options, focused);
        app.until(|| discord.answer_to(asked).is_some()).await;
        discord.response_to(asked).expect("an answer")["data"]["choices"].clone()
    };
    let near = choices("b", json!({"a": 3, "b": "4"})).await;
    let name = near[0]["name"].as_str().expect("a name");
    assert_eq!((name.chars().count(), &near[0]["value"]), (100, &json!(7)));
    assert_eq!(
        near.as_array().map(Vec::len),
        Some(1),
        "a choice needs a name"
    );
    assert_eq!(choices("b", json!({"a": 3, "b": "x"})).await, json!([]));
    assert_eq!(choices("c", json!({"c": ""})).await, json!([]));
    app.settle().await;
    let letters = journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("letters");
    assert!(letters.is_empty(), "nobody waits for them");
    app.stop().await.expect("a clean stop");
}

// ---------------------------------------------------------------------------------------------------------------------
// Registration.

/// Answers pong
#[derive(Command)]
struct Ping;

async fn ping(ping: Invocation<Ping>) -> Result<(), HandlerError> {
    ping.reply("pong").await?;
    Ok(())
}

/// Answers pong, and more
#[derive(Command)]
#[command(name = "ping")]
struct Ping2;

async fn ping2(ping: Invocation<Ping2>) -> Result<(), HandlerError> {
    ping.reply("pong 2").await?;
    Ok(())
}

async fn music(music: Invocation<Music>) -> Result<(), HandlerError> {
    music.reply("music").await?;
    Ok(())
}

async fn compose(compose: Invocation<Compose>) -> Result<(), HandlerError> {
    compose.reply(&compose.0.content).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_commands_that_differ_are_sent() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (client, _source) = connect(&sim);
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let all = || {
        Commands::<Log>::new(&client)
            .add(ping)
            .add(music)
            .add(compose)
            .add(everything)
    };

    let done = all().register().await.expect("registered");
    assert_eq!(
        done.created,
        names(&["/ping", "/music", "Set to music", "/sing"])
    );
    let first = registered(&client, None).await;
    assert_eq!(first.len(), 4);

    let done = all().register().await.expect("registered");
    assert_eq!(done.unchanged, 4);
    assert_eq!(
        registered(&client, None).await,
        first,
        "no command was written again"
    );

    // One changed, one removed: the others keep their versions.
    let changed = Commands::<Log>::new(&client)
        .add(ping2)
        .add(music)
        .add(everything);
    let done = changed.register().await.expect("registered");
    let Registered {
        created,
        updated,
        deleted,
        unchanged,
        ..
    } = done;
    assert_eq!(
        (created, updated, unchanged),
        (names(&[]), names(&["/ping"]), 2)
    );
    assert_eq!(deleted, names(&["Set to music"]));
    let second = registered(&client, None).await;
    let written: Vec<_> = second.iter().filter(|one| !first.contains(one)).collect();
    assert_eq!(
        (second.len(), written.len(), &*written[0].0),
        (3, 1, "ping")
    );

    // In a guild, beside what is registered everywhere.
    let guild = Id::new(discord.guild_id());
    let done = Commands::<Log>::new(&client)
        .add(ping2)
        .add(music.guilds([guild]))
        .register()
        .await;
    let done = done.expect("registered");
    assert_eq!(done.created, [format!("/music in guild {guild}")]);
    assert_eq!(done.deleted, names(&["/music", "/sing"]));
    assert_eq!(registered(&client, Some(guild)).await.len(), 1);
    let again = Commands::<Log>::new(&client)
        .add(ping2)
        .add(music.guilds([guild]))
        .register()
        .await;
    assert_eq!(again.expect("registered").unchanged, 2);
}

#[tokio::test(start_paused = true)]
async fn many_differences_go_as_one_bulk_overwrite() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    for number in 0..7 {
        let name = format!("old{number}");
        discord.register(
            BOT,
            None,
            &json!({"name": name, "description": "An old command"}),
        );
    }
    let (client, _source) = connect(&sim);
    // A single deletion would fail.
    discord.fail("DELETE *", 100, RestFault::Status(500));
    let done = Commands::<Log>::new(&client)
        .add(ping)
        .register()
        .await
        .expect("registered");
    assert_eq!((done.created.len(), done.deleted.len()), (1, 7));
    assert_eq!(registered(&client, None).await.len(), 1);
}

/// After a restart a session is resumed, and no READY comes.
#[tokio::test(start_paused = true)]
async fn commands_are_registered_at_the_start_also_of_a_resumed_session() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, |commands| commands.add(ping)).await;
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong"
    );
    app.stop().await.expect("a clean stop");

    let app = start_on(&sim, &journal, &log, |commands| {
        commands.add(ping2).add(music)
    })
    .await;
    assert_eq!(discord.identifies(BOT), 1, "the session was resumed");
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong 2"
    );
    assert_eq!(
        text(&used(&app, &discord, "mira", "music skip_this", json!({})).await),
        "music"
    );
    // A cut connection is not a start.
    let (client, _source) = connect(&sim);
    let before = registered(&client, None).await;
    discord.register(
        BOT,
        None,
        &json!({"name": "foreign", "description": "Of somebody else"}),
    );
    discord.cut();
    app.settle().await;
    assert_eq!(registered(&client, None).await.len(), before.len() + 1);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_failed_registration_is_told_and_ends_nothing() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let command = json!({"name": "ping", "description": "Answers pong"});
    discord.register(BOT, None, &command);
    discord.fail("POST /applications/*/commands", 100, RestFault::Status(403));
    let (client, _source) = connect(&sim);
    let error = Commands::<Log>::new(&client)
        .add(ping)
        .add(music)
        .register()
        .await;
    let error = error.expect_err("refused");
    assert_eq!(error.to_string(), "could not register /music");

    let (app, _) = start(&sim, |commands| commands.add(ping).add(music)).await;
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong"
    );
    assert_eq!(registered(&client, None).await.len(), 1);
    // The next connection tries again.
    discord.fail("POST /applications/*/commands", 0, RestFault::Status(403));
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn two_commands_of_one_name_are_a_mistake_of_the_configuration() {
    let sim = Simulator::with_seed(7);
    let (client, source) = connect(&sim);
    let commands = Commands::new(&client).add(ping).add(ping2);
    let app = App::new(Log::default()).source(source).commands(commands);
    let ended = app
        .run(MemoryJournal::new(), std::future::pending::<()>())
        .await;
    let Err(RunError::Configuration(problem)) = ended else {
        panic!("it ran");
    };
    assert_eq!(problem, "two commands are named `ping`");
}

// ---------------------------------------------------------------------------------------------------------------------
// Checks, cooldowns, errors and answers.

/// Name of the application's owner.
async fn owner(sim: &Simulator) -> String {
    let (client, _source) = connect(sim);
    let application = client
        .current_user_application()
        .await
        .expect("an application");
    application.owner.expect("an owner").name
}

#[tokio::test(start_paused = true)]
async fn checks_refuse_with_a_text_for_the_user_alone() {
    async fn rested(call: Invocation, State(log): State<Log>) -> bool {
        log.note(format!("{} rested?", call.user().name));
        call.user().name != "teo"
    }
    async fn in_tune(call: Invocation) -> Result<bool, HandlerError> {
        if call.user().name == "iris" {
            Err(Refusal::new("Iris is out of tune."))?;
        }
        Ok(true)
    }
    /// For moderators
    #[derive(Command)]
    struct Ban;
    async fn ban(ban: Invocation<Ban>) -> Result<(), HandlerError> {
        Ok(ban.reply("banned").await?)
    }
    /// For the owner
    #[derive(Command)]
    struct Halt;
    async fn halt(halt: Invocation<Halt>) -> Result<(), HandlerError> {
        Ok(halt.reply("halted").await?)
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, |commands| {
        commands
            .add(ping.check(rested).check(in_tune))
            .add(ban.permissions(Permissions::BAN_MEMBERS))
            .add(halt.owner_only())
            .add(music.guild_only())
    })
    .await;
    let owner = owner(&sim).await;
    let guild = discord.guild_id().to_string();
    discord.join(&guild, "iris");
    for (by, name, expected) in [
        (&*owner, "ping", "pong"),
        ("teo", "ping", "You may not use this command here."),
        ("iris", "ping", "Iris is out of tune."),
        (&owner, "ban", "banned"),
        ("iris", "ban", "You lack these permissions: Ban members."),
        (&owner, "halt", "halted"),
        ("teo", "halt", "This command is for the owner of the bot."),
    ] {
        let response = used(&app, &discord, by, name, json!({})).await;
        assert_eq!(text(&response), expected, "{by} {name}");
        assert_eq!(
            is_ephemeral(&response),
            !["pong", "banned", "halted"].contains(&expected)
        );
    }
    let asked = discord.command("@me", "mira", BOT, "music skip_this", &json!({}));
    app.settle().await;
    assert_eq!(
        text(&discord.response_to(asked).expect("an answer")),
        "This command works in servers only."
    );
    let letters = journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("letters");
    assert!(letters.is_empty(), "a refusal is no failure");
    assert!(log.lines().contains(&"teo rested?".to_owned()));
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_outlives_a_restart_and_a_crash() {
    async fn let_in(call: Invocation, State(log): State<Log>) -> bool {
        call.user().name != "iris" || log.lines().contains(&"iris may".to_owned())
    }
    let cooled = |commands: Commands<Log>| {
        let minute = Duration::from_secs(60);
        let slow = Cooldown::user(Duration::from_secs(10)).of("queue");
        commands
            .add(ping.check(let_in).cooldown(Cooldown::user(minute).uses(2)))
            .add(music.cooldown(slow))
    };
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.join(&discord.guild_id().to_string(), "iris");
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, cooled).await;
    let begun = sim.clock().now();
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong"
    );
    app.stop().await.expect("a clean stop");

    let app = start_on(&sim, &journal, &log, cooled).await;
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong",
        "the second use"
    );
    let refused = used(&app, &discord, "mira", "ping", json!({})).await;
    assert!(is_ephemeral(&refused), "{refused}");
    let until = text(&refused)
        .split(['<', '>'])
        .nth(1)
        .expect("a time")
        .to_owned();
    let until: i64 = until
        .split(':')
        .nth(1)
        .and_then(|second| second.parse().ok())
        .expect("a second");
    let after = until - begun.as_second();
    assert!((60..=61).contains(&after), "{after} s after the first use");
    assert_eq!(
        text(&used(&app, &discord, "teo", "ping", json!({})).await),
        "pong",
        "another user"
    );
    app.crash().await;

    let app = start_on(&sim, &journal, &log, cooled).await;
    assert!(text(&used(&app, &discord, "mira", "ping", json!({})).await).contains("too often"));
    // Uses that a check refused do not count.
    for _ in 0..3 {
        let response = used(&app, &discord, "iris", "ping", json!({})).await;
        assert_eq!(text(&response), "You may not use this command here.");
    }
    log.note("iris may");
    for expected in ["pong", "pong", "too often"] {
        let response = used(&app, &discord, "iris", "ping", json!({})).await;
        assert!(text(&response).contains(expected), "{response}");
    }
    // Only a part of a command.
    assert_eq!(
        text(&used(&app, &discord, "mira", "music queue clear", json!({})).await),
        "music"
    );
    assert!(
        text(&used(&app, &discord, "mira", "music queue clear", json!({})).await)
            .contains("too often")
    );
    assert_eq!(
        text(&used(&app, &discord, "mira", "music skip_this", json!({})).await),
        "music"
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong",
        "the window is over"
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_the_user_and_kept_as_a_dead_letter() {
    async fn broken(music: Invocation<Music>) -> Result<(), HandlerError> {
        match *music {
            Music::SkipThis => Err(Refusal::new("Nothing is playing."))?,
            Music::Add { .. } => panic!("the organ is on fire"),
            Music::Queue(_) => music.defer().await?,
        }
        Err(HandlerError::message("the score is missing"))
    }
    async fn apologise(failed: Failed, State(log): State<Log>) -> Result<(), HandlerError> {
        log.note(format!("{}: {}", failed.name(), failed.error()));
        assert!(matches!(failed.error(), CommandError::Failed(_)));
        failed.reply("Sorry.").await?;
        Ok(())
    }
    async fn fails(_: Invocation<Ping>) -> Result<(), HandlerError> {
        Err(HandlerError::message("no pong"))
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, |commands| {
        commands
            .add(broken.named("broken"))
            .add(fails.on_error(apologise).named("fails"))
    })
    .await;
    let response = used(&app, &discord, "mira", "music skip_this", json!({})).await;
    assert_eq!(
        (text(&response), is_ephemeral(&response)),
        ("Nothing is playing.", true)
    );
    let response = used(&app, &discord, "mira", "music add", json!({"song": "a"})).await;
    assert!(text(&response).starts_with("This command failed."));
    let response = used(&app, &discord, "mira", "music queue clear", json!({})).await;
    assert!(
        text(&response).starts_with("This command failed."),
        "the deferred answer tells it"
    );
    let response = used(&app, &discord, "mira", "ping", json!({})).await;
    assert_eq!(
        (text(&response), is_ephemeral(&response)),
        ("Sorry.", false)
    );
    assert_eq!(log.lines(), ["ping: no pong"]);
    let letters = journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("letters");
    let letters: Vec<_> = letters
        .iter()
        .map(|letter| (&*letter.handler, letter.attempts))
        .collect();
    assert_eq!(letters, [("broken", 1), ("broken", 1), ("fails", 1)]);
    app.stop().await.expect("a clean stop");
}

/// Discord's clients keep an old declaration for a while.
#[tokio::test(start_paused = true)]
async fn a_command_of_an_earlier_version_or_without_a_declaration_is_answered() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let old = json!({"name": "ping", "description": "Answers", "options": [
        {"name": "loud", "description": "How loud", "type": 4, "autocomplete": true}]});
    discord.register(BOT, None, &old);
    discord.register(BOT, None, &json!({"name": "wave", "description": "Waves"}));
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, |commands| {
        commands.add(ping).unregistered()
    })
    .await;
    assert_eq!(
        text(&used(&app, &discord, "mira", "ping", json!({})).await),
        "pong"
    );
    let response = used(&app, &discord, "mira", "ping", json!({"loud": 3})).await;
    assert!(text(&response).starts_with("This command has changed.") && is_ephemeral(&response));
    let asked = discord.autocomplete("loft", "mira", BOT, "ping", &json!({"loud": "3"}), "loud");
    app.settle().await;
    assert_eq!(
        discord.response_to(asked).expect("an answer")["data"]["choices"],
        json!([])
    );
    let response = used(&app, &discord, "mira", "wave", json!({})).await;
    assert_eq!(text(&response), "This command is not available any more.");
    let letters = journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("letters");
    let errors: Vec<_> = letters.iter().map(|letter| &*letter.error).collect();
    assert_eq!(
        errors,
        [
            "`/ping` was used with the option `loud`, which is not declared",
            "the command `wave` is not declared",
        ]
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn answers_follow_one_another() {
    async fn talk(music: Invocation<Music>) -> Result<(), HandlerError> {
        match *music {
            Music::SkipThis => {
                music.reply("one").await?;
                music.reply("two").ephemeral().await?;
                music.edit("one, edited").await?;
            }
            Music::Add { .. } => {
                music.defer().ephemeral().await?;
                music.reply("first").await?;
                music.reply("second").await?;
            }
            Music::Queue(Queue::Clear) => {
                music.edit("an edit of nothing is an answer").await?;
                music.followup("more").await?;
            }
            Music::Queue(_) => {
                // As by a function that takes the interaction and answers by itself.
                music.answers().message("elsewhere").await?;
                music.reply("next").await?;
                music.edit("edited").await?;
            }
        }
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, _) = start(&sim, |commands| commands.add(talk)).await;
    let followups = |response: &Value| -> Vec<String> {
        let messages = response["follow_ups"].as_array().expect("a list").iter();
        messages
            .map(|one| one["content"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let response = used(&app, &discord, "mira", "music skip_this", json!({})).await;
    assert_eq!(
        (text(&response), followups(&response)),
        ("one, edited", vec!["two".to_owned()])
    );
    assert!(!is_ephemeral(&response));
    let response = used(&app, &discord, "mira", "music add", json!({"song": "a"})).await;
    assert_eq!(
        (text(&response), followups(&response)),
        ("first", vec!["second".to_owned()])
    );
    assert!(is_ephemeral(&response), "as it was deferred");
    let response = used(&app, &discord, "mira", "music queue clear", json!({})).await;
    assert_eq!(followups(&response), ["more"]);
    let response = used(
        &app,
        &discord,
        "mira",
        "music queue move",
        json!({"from": 1}),
    )
    .await;
    assert_eq!(
        (text(&response), followups(&response)),
        ("edited", vec!["next".to_owned()])
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn an_edit_removes_what_it_is_asked_to_and_leaves_the_rest() {
    /// How the answer was before each edit, and is after the last.
    async fn vote(ping: Invocation<Ping>, State(log): State<Log>) -> Result<(), HandlerError> {
        let note = async || -> Result<(), HandlerError> {
            let Message {
                content,
                embeds,
                components,
                attachments,
                ..
            } = ping.response().await?;
            let counts = [embeds.len(), components.len(), attachments.len()];
            log.note(format!("{content:?} {counts:?}"));
            Ok(())
        };
        let embed = || Embed::new().title("The score");
        let file = || File::new("score.txt", "la la");
        ping.reply("Do we sing?")
            .embed(embed())
            .component(ActionRow::new([Button::primary("yes", "Yes")]))
            .file(file())
            .await?;
        note().await?;
        ping.edit("We sing.").remove_components().await?;
        note().await?;
        ping.edit("").remove_files().await?;
        note().await?;
        ping.edit("").remove_content().await?;
        note().await?;
        ping.edit("Sung.").remove_embeds().await?;
        note().await?;
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, log) = start(&sim, |commands| commands.add(vote)).await;
    used(&app, &discord, "mira", "ping", json!({})).await;
    assert_eq!(
        log.lines(),
        [
            r#""Do we sing?" [1, 1, 1]"#,
            r#""We sing." [1, 0, 1]"#,
            r#""We sing." [1, 0, 0]"#,
            r#""" [1, 0, 0]"#,
            r#""Sung." [0, 0, 0]"#,
        ]
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_an_answer_and_no_edit_and_a_deleted_answer_is_followed_by_another() {
    fn poll() -> PollRequest {
        PollRequest::new("Which?").answer("this").answer("that")
    }
    async fn ask(ping: Invocation<Ping>, State(log): State<Log>) -> Result<(), HandlerError> {
        ping.defer().await?;
        let refused = ping.reply("").poll(poll()).await;
        log.note(format!("{:?}", refused.map_err(|error| error.to_string())));
        ping.delete_response().await?;
        ping.reply("Which one?").poll(poll()).await?;
        let (member, locale) = (ping.member().is_some(), ping.locale().is_some());
        log.note(format!("{member} {locale} {}", ping.mention()));
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let (app, log) = start(&sim, |commands| commands.add(ask)).await;
    let response = used(&app, &discord, "mira", "ping", json!({})).await;
    let lines = log.lines();
    assert_eq!(lines[0], r#"Err("the request was not sent")"#);
    let mention = lines[1]
        .strip_prefix("true true </ping:")
        .expect("a mention");
    assert!(
        mention.trim_end_matches('>').parse::<u64>().is_ok(),
        "{mention}"
    );
    let followup = &response["follow_ups"][0];
    assert_eq!(followup["content"], "Which one?");
    assert_eq!(
        followup["poll"]["answers"].as_array().map(Vec::len),
        Some(2)
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_redelivered_command_goes_on_with_its_first_answer() {
    async fn slow(
        ping: Invocation<Ping>,
        delivery: Delivery,
        State(log): State<Log>,
    ) -> Result<(), HandlerError> {
        ping.reply(format!("redelivered: {}", delivery.redelivered))
            .await?;
        log.note("answered");
        if !delivery.redelivered {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    let app = start_on(&sim, &journal, &log, |commands| commands.add(slow)).await;
    let before = discord.texts("loft").len();
    let asked = discord.command("loft", "mira", BOT, "ping", &json!({}));
    app.until(|| log.len() == 1).await;
    app.crash().await;

    let app = start_on(&sim, &journal, &log, |commands| commands.add(slow)).await;
    assert_eq!(log.len(), 2);
    let response = discord.response_to(asked).expect("an answer");
    assert_eq!(text(&response), "redelivered: true");
    assert_eq!(discord.texts("loft").len(), before + 1, "it answered once");
    app.stop().await.expect("a clean stop");
}
