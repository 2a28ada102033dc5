//! Buttons, menus, forms, pages and confirmations of a whole bot on the simulated Discord.

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Delivery, FromRef, HandlerError, HandlerExt as _, State,
    components::{
        Confirm, Confirmations, CustomId, CustomIdError, CustomIdKey, Modal, Page, Pages, Press,
        SelectOptions, Signed, Submitted, confirm, decide, explain, no_longer_valid, paginate,
        turn,
    },
    discord::{
        self, Client, Config, Intents, InteractionCreate,
        model::{
            ActionRow, Attachment, Button, Component, Container, Embed, MediaGallery, Section,
            SelectMenu, Separator, TextDisplay, Thumbnail, User,
            id::{Id, marker::UserMarker},
        },
    },
    journal::MemoryJournal,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord};
use serde_json::{Value, json};
use support::Log;
use tokio::time::Instant;

/// The channel in which the scenes play.
const LOFT: &str = "loft";
/// Discord's three seconds for a first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Bot {
    client: Client,
    log: Log,
    confirmations: Confirmations,
    key: CustomIdKey,
    /// Whether the next expulsion never comes to its end.
    is_stuck: Arc<AtomicBool>,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Confirmations {
    fn from_ref(bot: &Bot) -> Self {
        bot.confirmations.clone()
    }
}

#[derive(CustomId, Clone, Debug, PartialEq)]
#[custom_id("vote")]
enum Vote {
    For(u32),
    Against { song: u32, why: Option<String> },
}

async fn vote(press: Press<Vote>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    bot.log.note(format!("{:?}", press.state()));
    let text = format!("{} voted", press.author().map_or("", |user| &*user.name));
    press
        .update(&bot.client)
        .content(text)
        .remove_components()
        .await?;
    Ok(())
}

#[derive(CustomId)]
#[custom_id("voter")]
struct Voter;

async fn voter(press: Press<Voter>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let users = press
        .users()
        .map(|(user, member)| format!("{} {}", user.name, member.is_some()));
    let roles = press.roles().map(|role| role.name.clone());
    let channels = press
        .channels()
        .map(|channel| channel.name.clone().unwrap_or_default());
    let chosen: Vec<String> = users.chain(roles).chain(channels).collect();
    let voices: Option<Vec<Voice>> = press.chosen();
    bot.log.note(format!("{chosen:?} {voices:?}"));
    press.defer_update(&bot.client).await?;
    Ok(())
}

#[derive(SelectOptions, Clone, Copy, Debug, PartialEq)]
enum Voice {
    #[option(description = "the high ones", emoji = "🎵")]
    Alto,
    #[option(label = "Tenor or bass", value = "low")]
    TenorOrBass,
}

#[derive(CustomId)]
#[custom_id("refund")]
struct Refund {
    order: u32,
}

async fn refund(press: Press<Signed<Refund>>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let text = match press.state().open(&bot.key) {
        Ok(Refund { order }) => format!("order {order} is paid back"),
        Err(error) => {
            assert_eq!(error, CustomIdError::Forged);
            "This button is no longer valid.".into()
        }
    };
    press.reply(&bot.client, text).ephemeral().await?;
    Ok(())
}

/// A form with every kind of field would have more than five; this is the first half.
#[derive(Modal)]
#[modal(title = "Join the choir", custom_id = "join")]
struct Join {
    #[field(
        label = "Your name",
        placeholder = "Mira",
        min_length = 2,
        max_length = 50
    )]
    name: String,
    #[field(radio)]
    voice: Voice,
    #[field(label = "Years of singing")]
    years: u8,
    #[field(paragraph, description = "What you like to sing")]
    note: Option<String>,
    #[field(max_values = 2)]
    recordings: Option<Vec<Attachment>>,
}

#[derive(CustomId, Debug, PartialEq)]
struct Ticket {
    number: u32,
    by: String,
}

async fn open(press: Press<Open>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let form = match press.state() {
        Open::Join => {
            let empty = Ticket {
                number: 7,
                by: "a:b\\".into(),
            };
            Join::modal_with(&empty)
        }
        Open::Again => More {
            answers: true,
            voices: vec![Voice::Alto],
            days: Vec::new(),
            by: None,
            deputy: Id::new(1),
        }
        .filled(),
    };
    press.show_modal(&bot.client, form).await?;
    Ok(())
}

#[derive(CustomId)]
#[custom_id("open")]
enum Open {
    Join,
    Again,
}

async fn joined(form: Submitted<Join, Ticket>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let files = form
        .recordings
        .iter()
        .flatten()
        .map(|file| file.filename.clone());
    let files: Vec<String> = files.collect();
    let line = format!(
        "{} {:?} {} {:?} {files:?} {:?}",
        form.name,
        form.voice,
        form.years,
        form.note,
        form.state()
    );
    bot.log.note(line);
    form.reply(&bot.client, "Welcome.").ephemeral().await?;
    Ok(())
}

#[derive(Modal)]
#[modal(title = "More", custom_id = "more")]
struct More {
    answers: bool,
    #[field(checkboxes)]
    voices: Vec<Voice>,
    days: Vec<Voice>,
    by: Option<User>,
    deputy: Id<UserMarker>,
}

async fn more(form: Submitted<More>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let by = form.by.as_ref().map(|user| &*user.name);
    bot.log.note(format!(
        "{} {:?} {:?} {by:?} {}",
        form.answers, form.voices, form.days, form.deputy
    ));
    form.reply(&bot.client, "Thank you.").await?;
    Ok(())
}

/// Numbers from 0, three to a page.
#[derive(CustomId)]
#[custom_id("count")]
struct Count {
    to: u32,
}

impl Pages<Bot> for Count {
    async fn page(&self, number: u32, bot: &Bot) -> Result<Page, HandlerError> {
        bot.log.note(format!("page {number}"));
        let numbers: Vec<String> = (number * 3..self.to.min(number * 3 + 3))
            .map(|it| it.to_string())
            .collect();
        let embed = Embed::new().description(numbers.join(" "));
        Ok(Page::of(self.to.div_ceil(3)).embed(embed))
    }
}

async fn count(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    paginate(&bot.client, &command, &Count { to: 8 }, &bot).await
}

/// Two pages of layout.
#[derive(CustomId)]
#[custom_id("cards")]
struct Cards;

impl Pages<Bot> for Cards {
    async fn page(&self, number: u32, _: &Bot) -> Result<Page, HandlerError> {
        let card = Container::new().component(TextDisplay::new(format!("card {number}")));
        Ok(Page::of(2).component(card))
    }
}

async fn cards(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    paginate(&bot.client, &command, &Cards, &bot).await
}

#[derive(CustomId)]
#[custom_id("expel")]
struct Expel {
    user: Id<UserMarker>,
}

impl Confirm<Bot> for Expel {
    async fn confirmed(
        &self,
        press: &InteractionCreate,
        delivery: &Delivery,
        bot: &Bot,
    ) -> Result<String, HandlerError> {
        assert!(press.guild_id.is_some());
        bot.log
            .note(format!("expelled {} {}", self.user, delivery.redelivered));
        if bot.is_stuck.swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok("They are out.".into())
    }
}

async fn expel(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    confirm(
        &bot.client,
        &command,
        &Expel { user: Id::new(7) },
        "Really?",
    )
    .await
}

struct Stage {
    sim: Simulator,
    discord: Discord,
    journal: Arc<MemoryJournal>,
    bot: Bot,
    app: TestApp<Bot>,
}

impl Stage {
    async fn enter() -> Self {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        for name in ["count", "cards", "expel", "slow"] {
            let command = json!({"name": name, "description": "a command"});
            assert_ne!(discord.register(Discord::BOT, None, &command), 0);
        }
        let journal = Arc::new(MemoryJournal::new());
        let log = Log::default();
        let (bot, app) = run(&sim, &journal, &log, &Arc::default()).await;
        Self {
            sim,
            discord,
            journal,
            bot,
            app,
        }
    }

    /// Kills the program, and starts it again.
    async fn restart(self) -> Self {
        self.app.crash().await;
        let (bot, app) = run(&self.sim, &self.journal, &self.bot.log, &self.bot.is_stuck).await;
        Self { bot, app, ..self }
    }

    /// Posts a message with components, as the bot.
    async fn post(&self, components: impl IntoIterator<Item = Component>) {
        let components: Vec<Component> = components.into_iter().collect();
        let channel = Id::new(self.discord.channel_id());
        let posted = self
            .bot
            .client
            .create_message(channel)
            .components(&components)
            .await;
        posted.expect("posted");
    }

    async fn post_buttons(&self, buttons: impl IntoIterator<Item = Button>) {
        self.post([ActionRow::new(buttons).into()]).await;
    }

    fn press(&self, by: &str, custom_id: &str) -> u64 {
        let pressed = self.discord.press(LOFT, by, Discord::BOT, custom_id);
        assert_ne!(pressed, 0, "`{custom_id}` cannot be pressed");
        pressed
    }

    async fn response(&self, interaction: u64) -> Value {
        assert_ne!(interaction, 0, "the simulator takes it");
        self.app
            .until(|| self.discord.answer_to(interaction).is_some())
            .await;
        self.app.settle().await;
        self.discord.response_to(interaction).expect("answered")
    }

    /// Text of the message that answers an interaction.
    async fn text(&self, interaction: u64) -> String {
        let response = self.response(interaction).await;
        response["message"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn command(&self, by: &str, name: &str) -> u64 {
        self.discord
            .command(LOFT, by, Discord::BOT, name, &json!([]))
    }

    async fn leave(self) {
        let letters =
            antiphon::journal::Journal::dead_letters(&*self.journal, antiphon::DeadLetterId(0), 10);
        let letters = letters.await.expect("in memory");
        assert!(letters.is_empty(), "{letters:?}");
        self.app.stop().await.expect("a clean stop");
    }
}

async fn run(
    sim: &Simulator,
    journal: &Arc<MemoryJournal>,
    log: &Log,
    is_stuck: &Arc<AtomicBool>,
) -> (Bot, TestApp<Bot>) {
    let config = Config::new(sim.discord().token(), Intents::GUILDS);
    let (client, source) = discord::connect(config.network(sim.network()).clock(sim.clock()));
    let bot = Bot {
        client: client.clone(),
        log: log.clone(),
        confirmations: Confirmations::default(),
        key: CustomIdKey::from_secret("a secret of the app"),
        is_stuck: Arc::clone(is_stuck),
    };
    let app = App::new(bot.clone())
        .source(source)
        .projection(bot.confirmations.clone())
        .on(vote)
        .on(voter)
        .on(refund)
        .on(open)
        .on(joined)
        .on(explain::<Join>)
        .on(more)
        .on(count.when(|command| command.data.name == "count"))
        .on(turn::<Count, Bot>)
        .on(cards.when(|command| command.data.name == "cards"))
        .on(turn::<Cards, Bot>)
        .on(expel.when(|command| command.data.name == "expel"))
        .on(decide::<Expel, Bot>)
        .on(slow.when(|command| command.data.name == "slow"))
        .on(slow_press)
        .fallback(no_longer_valid);
    let app = TestApp::start(app, Arc::clone(journal)).await;
    app.until(|| client.link().borrow().is_connected()).await;
    app.settle().await;
    (bot, app)
}

#[tokio::test(start_paused = true)]
async fn a_press_reaches_the_handler_of_its_custom_id_with_its_state() {
    let stage = Stage::enter().await;
    let against = Vote::Against {
        song: 7,
        why: Some("flat: \\ \"♭\"".into()),
    };
    let id = String::from(&against);
    stage
        .post_buttons([
            Button::success(Vote::For(7), "Yes").emoji("🎵"),
            Button::danger(&against, "No"),
        ])
        .await;
    let response = stage.response(stage.press("mira", &id)).await;
    assert_eq!(response["type"], 7, "the message is updated");
    assert_eq!(response["message"]["content"], "mira voted");
    assert_eq!(response["message"]["components"], json!([]));
    assert_eq!(stage.bot.log.lines(), [format!("{against:?}")]);
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_chosen_in_a_menu_comes_with_its_objects() {
    let stage = Stage::enter().await;
    let menus = [
        Voice::menu(Voter).max_values(2),
        SelectMenu::user(Voter).max_values(5),
        SelectMenu::channel(Voter),
    ];
    let chosen: [&[&str]; 3] = [&["low", "alto"], &["mira", "iris"], &["loft"]];
    for (menu, values) in menus.into_iter().zip(chosen) {
        stage.post([ActionRow::new([menu]).into()]).await;
        let chosen = stage
            .discord
            .select(LOFT, "mira", Discord::BOT, "voter", values);
        stage.response(chosen).await;
    }
    assert_eq!(
        stage.bot.log.lines(),
        [
            "[] Some([TenorOrBass, Alto])",
            "[\"mira true\", \"iris true\"] None",
            "[\"loft\"] None",
        ]
    );
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_button_of_an_older_version_is_answered_politely() {
    let stage = Stage::enter().await;
    let old = [
        "vote:abstain",
        "vote:for",
        "vote:for:7:8",
        "vote2:for:7",
        "vot",
        "turn~:x",
        "count~:f:0:7",
    ];
    for old in old {
        stage.post_buttons([Button::primary(old, "old")]).await;
        let response = stage.response(stage.press("mira", old)).await;
        assert_eq!(
            response["message"]["content"], "This button is no longer valid.",
            "{old}"
        );
        assert_eq!(response["message"]["flags"], 64, "its user alone sees it");
    }
    let menu = SelectMenu::string("gone", [("a", "b")]);
    stage.post([ActionRow::new([menu]).into()]).await;
    let chosen = stage
        .discord
        .select(LOFT, "mira", Discord::BOT, "gone", &["b"]);
    assert_eq!(stage.text(chosen).await, "This menu is no longer valid.");
    assert!(stage.bot.log.lines().is_empty(), "no handler was called");
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_button_works_after_a_restart() {
    let stage = Stage::enter().await;
    stage
        .post_buttons([Button::primary(Vote::For(7), "Yes")])
        .await;
    let stage = stage.restart().await;
    assert_eq!(
        stage.text(stage.press("teo", "vote:for:7")).await,
        "teo voted"
    );
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_forged_custom_id_is_refused() {
    let stage = Stage::enter().await;
    let signed = String::from(Signed::new(&Refund { order: 7 }, &stage.bot.key));
    let forged = signed.replace(":7", ":8");
    stage
        .post_buttons([
            Button::primary(&signed, "7"),
            Button::primary(&forged, "8"),
            Button::primary("refund:7", "9"),
        ])
        .await;
    assert_eq!(
        stage.text(stage.press("mira", &signed)).await,
        "order 7 is paid back"
    );
    for refused in [&*forged, "refund:7"] {
        let text = stage.text(stage.press("mira", refused)).await;
        assert_eq!(text, "This button is no longer valid.", "{refused}");
    }
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_form_comes_back_as_its_struct_with_its_state() {
    let stage = Stage::enter().await;
    stage
        .post_buttons([
            Button::primary(Open::Join, "Join"),
            Button::primary(Open::Again, "More"),
        ])
        .await;
    assert_eq!(
        stage.response(stage.press("mira", "open:join")).await["type"],
        9
    );
    let fields = json!({"name": "Mira", "voice": "low", "years": "12", "note": "", "recordings": ["a.ogg", "b.ogg"]});
    let sent = stage.discord.submit("mira", Discord::BOT, None, &fields);
    assert_eq!(stage.text(sent).await, "Welcome.");

    // A part of the program that did not open the form reads it.
    stage.response(stage.press("mira", "open:join")).await;
    let stage = stage.restart().await;
    let fields = json!({"name": "Mira", "voice": "alto", "years": "0", "note": "Byrd"});
    let sent = stage.discord.submit("mira", Discord::BOT, None, &fields);
    assert_eq!(stage.text(sent).await, "Welcome.");

    stage.response(stage.press("mira", "open:again")).await;
    let fields = json!({"days": ["low"], "voices": ["low", "alto"], "deputy": ["mira"]});
    let sent = stage.discord.submit("mira", Discord::BOT, None, &fields);
    assert_eq!(stage.text(sent).await, "Thank you.");
    let mira = stage.discord.user("mira");
    assert_eq!(
        stage.bot.log.lines(),
        [
            r#"Mira TenorOrBass 12 None ["a.ogg", "b.ogg"] Ticket { number: 7, by: "a:b\\" }"#
                .to_owned(),
            r#"Mira Alto 0 Some("Byrd") [] Ticket { number: 7, by: "a:b\\" }"#.to_owned(),
            format!("true [TenorOrBass, Alto] [TenorOrBass] None {mira}"),
        ]
    );
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_field_that_cannot_be_read_is_explained_to_its_user() {
    let stage = Stage::enter().await;
    stage
        .post_buttons([Button::primary(Open::Join, "Join")])
        .await;
    stage.response(stage.press("mira", "open:join")).await;
    let fields = json!({"name": "Mira", "voice": "alto", "years": "many"});
    let sent = stage.discord.submit("mira", Discord::BOT, None, &fields);
    let response = stage.response(sent).await;
    assert_eq!(
        response["message"]["content"],
        "**Years of singing** is no whole number from 0 to 255"
    );
    assert_eq!(response["message"]["flags"], 64);
    assert!(stage.bot.log.lines().is_empty());
    stage.leave().await;
}

/// Custom id of the button with this label in an answer.
fn button(response: &Value, label: &str) -> String {
    let rows = response["message"]["components"]
        .as_array()
        .into_iter()
        .flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let found = buttons.into_iter().find(|button| button["label"] == label);
    let found = found.unwrap_or_else(|| panic!("no button {label}: {response}"));
    found["custom_id"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn pages_are_turned_by_their_author_and_after_a_restart() {
    let stage = Stage::enter().await;
    let shown = stage.response(stage.command("mira", "count")).await;
    let text = |response: &Value| response["message"]["embeds"][0]["description"].clone();
    assert_eq!(text(&shown), "0 1 2");
    assert_eq!(
        stage
            .discord
            .press(LOFT, "mira", Discord::BOT, &button(&shown, "‹")),
        0,
        "greyed out"
    );

    let next = stage
        .response(stage.press("mira", &button(&shown, "›")))
        .await;
    assert_eq!((text(&next), &next["type"]), ("3 4 5".into(), &json!(7)));
    let stage = stage.restart().await;
    let last = stage
        .response(stage.press("mira", &button(&next, "»")))
        .await;
    assert_eq!(text(&last), "6 7");
    assert!(button(&last, "3 / 3").contains(":h:"));

    let refused = stage
        .response(stage.press("teo", &button(&last, "«")))
        .await;
    assert_eq!(
        refused["message"]["content"],
        "These buttons are somebody else's."
    );
    assert_eq!(refused["message"]["flags"], 64);
    let first = stage
        .response(stage.press("mira", &button(&last, "«")))
        .await;
    assert_eq!(text(&first), "0 1 2");
    assert_eq!(stage.bot.log.len(), 4, "teo's press made no page");

    tokio::time::advance(Duration::from_secs(16 * 60)).await;
    let late = stage
        .response(stage.press("mira", &button(&first, "›")))
        .await;
    assert_eq!(text(&late), "0 1 2", "the page stays");
    let row = late["message"]["components"][0]["components"]
        .as_array()
        .expect("a row");
    assert!(
        row.iter().all(|button| button["disabled"] == true),
        "{row:?}"
    );
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn pages_may_be_layouts() {
    let stage = Stage::enter().await;
    let shown = stage.response(stage.command("mira", "cards")).await;
    let text =
        |response: &Value| response["message"]["components"][0]["components"][0]["content"].clone();
    assert_eq!(text(&shown), "card 0");
    assert_eq!(
        shown["data"]["content"],
        Value::Null,
        "no text beside a layout"
    );
    let next = stage
        .response(stage.press("mira", &button(&shown, "›")))
        .await;
    assert_eq!(text(&next), "card 1");
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_is_answered_once() {
    let stage = Stage::enter().await;
    let asked = stage.response(stage.command("mira", "expel")).await;
    assert_eq!(asked["message"]["flags"], 64);
    let yes = button(&asked, "Yes");
    // Two presses before the bot has heard of either.
    let presses = [
        stage.press("mira", &yes),
        stage.press("mira", &button(&asked, "No")),
    ];
    assert_eq!(stage.text(presses[0]).await, "They are out.");
    assert_eq!(stage.text(presses[1]).await, "This was answered already.");

    let no = stage.response(stage.command("mira", "expel")).await;
    let no = stage.press("mira", &button(&no, "No"));
    assert_eq!(stage.text(no).await, "Cancelled.");
    assert_eq!(stage.bot.log.lines(), ["expelled 7 false"]);
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_that_was_cut_off_comes_again_and_no_other() {
    let stage = Stage::enter().await;
    let asked = stage.response(stage.command("mira", "expel")).await;
    let (yes, no) = (button(&asked, "Yes"), button(&asked, "No"));
    stage.bot.is_stuck.store(true, Ordering::SeqCst);
    let pressed = stage.press("mira", &yes);
    stage.app.until(|| stage.bot.log.len() == 1).await;
    let late = stage.press("mira", &no);
    let stage = stage.restart().await;
    assert_eq!(stage.text(late).await, "This was answered already.");
    assert_eq!(stage.text(pressed).await, "They are out.");
    assert_eq!(
        stage.bot.log.lines(),
        ["expelled 7 false", "expelled 7 true"]
    );
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_layout_is_taken_with_its_flag() {
    let stage = Stage::enter().await;
    let card = Container::new()
        .accent_color(0x005F_87AF)
        .component(Section::new(
            ["# Miserere"],
            Thumbnail::new("https://example.org/a.png"),
        ))
        .component(Separator::line())
        .component(MediaGallery::new(["https://example.org/b.png"]))
        .component(TextDisplay::new("for nine voices"))
        .component(ActionRow::new([Button::primary(Vote::For(7), "Sing it")]));
    stage.post([card.into()]).await;
    assert_ne!(stage.press("mira", "vote:for:7"), 0);
    stage.app.until(|| stage.bot.log.len() == 1).await;
    stage.app.crash().await;
}

/// Longer than Discord waits for a first answer.
const SLOW: Duration = Duration::from_secs(15);

/// A button whose handler takes so many seconds.
#[derive(CustomId)]
#[custom_id("slow")]
struct SlowPress(u8);

async fn slow_press(press: Press<SlowPress>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    press.defer_update(&bot.client).await?;
    let SlowPress(seconds) = *press.state();
    tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    bot.log.note(format!("slow {seconds}"));
    Ok(())
}

async fn slow(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    bot.client.interaction(&command).defer().await?;
    tokio::time::sleep(SLOW).await;
    bot.log.note("slow command");
    Ok(())
}

fn slow_button(seconds: u8) -> Button {
    Button::primary(SlowPress(seconds), "slow")
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_fifteen_seconds_delays_no_other_interaction() {
    let stage = Stage::enter().await;
    stage.post_buttons([slow_button(15), slow_button(1)]).await;
    stage
        .post_buttons([Button::primary(Vote::For(8), "quick")])
        .await;
    stage
        .post_buttons([Button::primary(Vote::For(9), "quick")])
        .await;
    let slow = [
        stage.press("mira", "slow:15"),
        stage.command("mira", "slow"),
    ];
    let answered = |all: &[u64]| {
        all.iter()
            .all(|one| stage.discord.answer_to(*one).is_some())
    };
    stage.app.until(|| answered(&slow)).await;

    let begun = Instant::now();
    let others = [
        stage.press("teo", "slow:1"),
        stage.press("teo", "vote:for:8"),
        stage.press("mira", "vote:for:9"),
        stage.command("mira", "count"),
        stage.command("teo", "expel"),
    ];
    let all = tokio::time::timeout(FIRST_ANSWER, stage.app.until(|| answered(&others)));
    all.await.expect("each is answered in time");
    assert!(begun.elapsed() < FIRST_ANSWER);
    assert!(
        !stage.bot.log.lines().contains(&"slow 15".into()),
        "it still sleeps"
    );
    stage
        .app
        .until(|| {
            ["slow 15", "slow command"]
                .iter()
                .all(|line| stage.bot.log.lines().contains(&(*line).into()))
        })
        .await;
    stage.leave().await;
}

#[tokio::test(start_paused = true)]
async fn presses_of_one_user_on_one_message_stay_in_order() {
    let stage = Stage::enter().await;
    stage.post_buttons([slow_button(2), slow_button(1)]).await;
    stage.press("mira", "slow:2");
    stage.press("mira", "slow:1");
    stage.app.until(|| stage.bot.log.len() == 2).await;
    assert_eq!(stage.bot.log.lines(), ["slow 2", "slow 1"]);
    stage.leave().await;
}
