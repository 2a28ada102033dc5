//! The choir's bot (`examples/choirbot`) is killed in the middle of each action and started again.
//!
//! The bot is a process of its own: this test program, run for its ignored test [`the_bot_itself`] alone, on a journal in
//! a file and with a simulator that listens on real sockets. In the middle means that a request has arrived and was
//! carried out, and its answer is held back: the bot is killed by SIGKILL then, and cannot know whether it was heard.
//!
//! The simulator says what was seen. Which effect is seen once and which may be seen twice stands in a table of
//! `examples/choirbot/README.md`.

#![cfg(all(
    feature = "discord",
    feature = "queup",
    feature = "stackexchange",
    feature = "sqlite"
))]
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the example is a program of its own; its parts are used here"
)]

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use antiphon::{
    ConsumerName, DeadLetterId,
    discord::{self, Client, Intents, model::id::Id},
    journal::{Journal as _, SqliteJournal},
    net::Addresses,
};
use antiphon_sim::{
    Options, RestFault, Simulator, discord::Discord, queup::Room, stackexchange::StackExchange,
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{interval, timeout};

#[path = "../../../examples/choirbot/main.rs"]
mod choirbot;

const CHANNEL: &str = "loft";
const BOT: &str = Discord::BOT;
/// How long an answer is held back: longer than any test.
const HELD: RestFault = RestFault::Slow(Duration::from_secs(3600));

const FIRST_ANSWER: &str = "POST /interactions/{interaction_id}/{interaction_token}/callback";
const EDIT: &str = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original";
const READ_ANSWER: &str = "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original";
const GIVE_ROLE: &str = "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}";
const POST: &str = "POST /channels/{channel_id}/messages";
const REGISTER: &str = "POST /applications/{application_id}/commands";

/// The bot, as a process; other tests run it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is the process that the other tests start and kill"]
async fn the_bot_itself() {
    if std::env::var_os("CHOIR_JOURNAL").is_none() {
        println!("skipped: the other tests run it");
        return;
    }
    choirbot::run_as_set().await.expect("the bot runs");
}

/// A running bot, which dies with this value.
struct Bot(Child);

impl Bot {
    /// Ends it by SIGKILL.
    fn kill(mut self) {
        self.0.kill().expect("a process of ours");
        let status = self.0.wait().expect("a process of ours");
        assert_eq!(status.code(), None, "it did not end by itself: {status}");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It has ended already where a test killed it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A simulator, and the file in which the bot's journal is.
struct Stage {
    sim: Simulator,
    discord: Discord,
    room: Room,
    chat: StackExchange,
    /// The bot's requests from outside of the bot.
    client: Client,
    role: u64,
    folder: TempDir,
}

impl Stage {
    /// A simulator with a bot that is ready on all three platforms.
    async fn enter() -> (Self, Bot) {
        let sim = Simulator::listen(&Options::new().seed(7)).await;
        let sim = sim.expect("free ports");
        let role = choirbot::scene::role(&sim).await.expect("a role");
        let discord = sim.discord();
        let config = discord::Config::new(discord.token(), Intents::empty());
        let (client, _) = discord::connect(config.network(sim.network()));
        let stage = Self {
            discord,
            room: sim.queup().room("choir-loft"),
            chat: sim.stackexchange(),
            client,
            role,
            folder: tempfile::tempdir().expect("a folder"),
            sim,
        };
        let bot = stage.start();
        stage
            .until("the bot is ready", || {
                stage.requests(REGISTER) == 5
                    && stage.room.has(BOT)
                    && !stage.chat.connections().is_empty()
            })
            .await;
        stage.settle().await;
        (stage, bot)
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    fn start(&self) -> Bot {
        let output = self.folder.path().join("output.txt");
        let output = File::options().create(true).append(true).open(output);
        let output = output.expect("a file");
        let addresses = serde_json::to_string(self.sim.addresses().expect("it listens"));
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--exact", "the_bot_itself", "--nocapture"])
            .env(Addresses::VARIABLE, addresses.expect("JSON"))
            .env("CHOIR_CHANNEL", self.discord.channel_id().to_string())
            .env("CHOIR_ROLE", self.role.to_string())
            .env("CHOIR_JOURNAL", self.journal())
            .stdin(Stdio::null())
            .stdout(output)
            .spawn();
        Bot(child.expect("it can be run again"))
    }

    /// Kills a bot and starts it again.
    fn restart(&self, bot: Bot) -> Bot {
        bot.kill();
        self.start()
    }

    /// Waits for a condition.
    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let all = async {
            // Other processes change what is looked at, so that nothing here can wake.
            let mut looks = interval(Duration::from_millis(10));
            while !holds() {
                looks.tick().await;
            }
        };
        let waited = timeout(Duration::from_secs(120), all).await;
        assert!(
            waited.is_ok(),
            "{what}\n{:#?}\n{}",
            self.discord.requests(),
            self.sim.transcript()
        );
    }

    /// Waits until the bot has handled all that it stored, and has stored that.
    async fn settle(&self) {
        let path = self.journal();
        let all = async {
            let mut looks = interval(Duration::from_millis(10));
            loop {
                looks.tick().await;
                let Ok(journal) = SqliteJournal::read_only(&path).await else {
                    continue;
                };
                let last = *journal.last().borrow();
                let Ok(Some(cursor)) = journal.cursor(&ConsumerName::new("app")).await else {
                    continue;
                };
                if last.get() > 0 && cursor.read >= last && cursor.open.is_empty() {
                    break;
                }
            }
        };
        let waited = timeout(Duration::from_secs(120), all).await;
        waited.expect("all events are handled");
    }

    /// How many requests of a route came.
    fn requests(&self, route: &str) -> u64 {
        let counts = self.discord.requests();
        counts.get(route).copied().unwrap_or_default()
    }

    /// Messages that the bot was told of, its own among them.
    fn messages(&self) -> u64 {
        let due = self
            .sim
            .ledger()
            .due_to(&self.discord.account().id.to_string());
        due.get("discord.MESSAGE_CREATE")
            .copied()
            .unwrap_or_default()
    }

    /// Uses a command.
    fn command(&self, name: &str, options: &Value) -> u64 {
        let used = self.discord.command(CHANNEL, "mira", BOT, name, options);
        assert_ne!(used, 0, "/{name} can be used");
        used
    }

    fn press(&self, custom_id: &str) -> u64 {
        let pressed = self.discord.press(CHANNEL, "mira", BOT, custom_id);
        assert_ne!(pressed, 0, "{custom_id} can be pressed");
        pressed
    }

    /// Text of the message that an interaction posted or changed, as it is now.
    fn text(&self, interaction: u64) -> String {
        let response = self.discord.response_to(interaction).unwrap_or_default();
        let text = response["message"]["content"].as_str();
        text.unwrap_or_default().to_owned()
    }

    fn follow_ups(&self, interaction: u64) -> usize {
        let response = self.discord.response_to(interaction).unwrap_or_default();
        response["follow_ups"].as_array().map_or(0, Vec::len)
    }

    /// Lines that the bot said perhaps twice, as it told.
    fn repeats(&self) -> Vec<String> {
        let output = std::fs::read_to_string(self.folder.path().join("output.txt"));
        let output = output.expect("a text");
        let repeats = output.lines();
        repeats
            .filter_map(|line| line.strip_prefix("perhaps said twice: "))
            .map(str::to_owned)
            .collect()
    }

    /// How often the role was given, by the audit log.
    async fn roles_given(&self) -> usize {
        let guild = Id::new(self.discord.guild_id());
        // 25 is MEMBER_ROLE_UPDATE (<https://discord.com/developers/docs/resources/audit-log>).
        let entries = self.client.stream().audit_log(guild);
        let entries = entries.filter("action_type", "25");
        let entries: Vec<_> = entries.try_collect().await.expect("an audit log");
        entries.len()
    }
}

/// How often a line is among texts.
fn count(texts: &[String], line: &str) -> usize {
    texts.iter().filter(|text| text.contains(line)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_answer_is_seen_once() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let used = stage.command("sing", &json!({"song": "Slate"}));
    stage
        .until("it is answered", || {
            stage.discord.answer_to(used) == Some(4)
        })
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) == 1)
        .await;
    stage.settle().await;
    assert_eq!(stage.requests(FIRST_ANSWER), 2, "the second is refused");
    assert_eq!((stage.messages(), stage.follow_ups(used)), (1, 0));
    let shown = stage.discord.response_to(used).expect("answered");
    let embed = &shown["message"]["embeds"][0];
    assert_eq!(
        (&embed["title"], &embed["fields"][0]["value"]),
        (&json!("Slate"), &json!("5"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_seen_once() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let used = stage.command("score", &json!({"song": "Slate"}));
    stage
        .until("it is answered", || stage.text(used) == "here it is")
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) == 1)
        .await;
    stage.settle().await;
    let shown = stage.discord.response_to(used).expect("answered");
    let files = shown["message"]["attachments"].as_array().expect("a list");
    assert_eq!((files.len(), stage.messages()), (1, 1), "{shown:#}");
    assert_eq!(files[0]["filename"], "score.txt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_seen_once() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("PATCH /webhooks/*", 1, HELD);
    let used = stage.command("join", &json!({}));
    stage
        .until("it is edited", || stage.text(used) == "welcome")
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it is edited again", || stage.requests(EDIT) == 2)
        .await;
    stage.settle().await;
    assert_eq!(stage.text(used), "welcome");
    assert_eq!(
        stage.follow_ups(used),
        0,
        "an edit, and no message of its own"
    );
    assert_eq!(stage.roles_given().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_given_once_and_its_answer_follows() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("PUT /guilds/*", 1, HELD);
    let used = stage.command("join", &json!({}));
    stage
        .until("the role is given", || stage.requests(GIVE_ROLE) == 1)
        .await;
    assert_eq!(stage.text(used), "", "the bot still thinks");
    let _bot = stage.restart(bot);
    stage
        .until("it is answered", || stage.text(used) == "welcome")
        .await;
    stage.settle().await;
    assert_eq!(stage.requests(GIVE_ROLE), 2);
    assert_eq!(stage.roles_given().await, 1, "the second changed nothing");
    assert_eq!(stage.follow_ups(used), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cooldown_counts_a_use_once_and_goes_on() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("PUT /guilds/*", 1, HELD);
    let first = stage.command("join", &json!({}));
    stage
        .until("the role is given", || stage.requests(GIVE_ROLE) == 1)
        .await;
    let bot = stage.restart(bot);
    stage
        .until("its own use does not refuse it", || {
            stage.text(first) == "welcome"
        })
        .await;

    // In the middle of a refusal.
    stage.settle().await;
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let second = stage.command("join", &json!({}));
    let refused = "You used this command too often. It works again <t:";
    stage
        .until("it is refused", || stage.text(second).starts_with(refused))
        .await;
    let told = stage.text(second);
    let edits = stage.requests(EDIT);
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) > edits)
        .await;
    let third = stage.command("join", &json!({}));
    stage
        .until("it is refused", || !stage.text(third).is_empty())
        .await;
    stage.settle().await;
    // The window is that of the first use, however often it was handled.
    assert_eq!(stage.text(second), told);
    assert_eq!(stage.text(third), told);
    assert_eq!(stage.roles_given().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_changes_its_message_once() {
    let (stage, bot) = Stage::enter().await;
    stage.command("sing", &json!({"song": "Slate"}));
    stage.until("it is sung", || stage.messages() == 1).await;
    stage.settle().await;
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let pressed = stage.press("panel:encore");
    let encore = format!("<@{}> wants an encore", stage.discord.user("mira"));
    stage
        .until("the message is changed", || stage.text(pressed) == encore)
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) == 1)
        .await;
    stage.settle().await;
    assert_eq!(stage.text(pressed), encore);
    assert_eq!((stage.messages(), stage.follow_ups(pressed)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_opened_once_and_its_answer_is_seen_once() {
    let (stage, bot) = Stage::enter().await;
    stage.command("sing", &json!({"song": "Slate"}));
    stage.until("it is sung", || stage.messages() == 1).await;
    stage.settle().await;
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let pressed = stage.press("panel:request");
    stage
        .until("the form is open", || {
            stage.discord.answer_to(pressed) == Some(9)
        })
        .await;
    let answers = stage.requests(FIRST_ANSWER);
    let bot = stage.restart(bot);
    stage
        .until("the second is refused", || {
            stage.requests(FIRST_ANSWER) > answers
        })
        .await;
    stage.settle().await;
    assert_eq!(stage.requests(EDIT), 0, "a form is not edited");

    stage.discord.fail("POST /interactions/*", 1, HELD);
    let fields = json!({"song": "Miserere", "note": "softly"});
    let sent = stage.discord.submit("mira", BOT, None, &fields);
    let told = "Miserere is on the list: softly";
    stage
        .until("it is answered", || stage.text(sent) == told)
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) == 1)
        .await;
    stage.settle().await;
    assert_eq!(
        (stage.text(sent).as_str(), stage.follow_ups(sent)),
        (told, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_turned_once_and_the_next_turn_works() {
    let (stage, bot) = Stage::enter().await;
    for number in 1..=7 {
        stage
            .discord
            .say(CHANNEL, "mira", &format!("line {number}"));
    }
    stage
        .until("the room has them", || {
            count(&stage.room.texts(), "line") == 7
        })
        .await;
    let used = stage.command("history", &json!({}));
    stage
        .until("the first page is shown", || {
            stage.text(used).starts_with("mira: line 7")
        })
        .await;
    stage.settle().await;
    let button = |interaction: u64, at: usize| {
        let shown = stage.discord.response_to(interaction).expect("answered");
        let button = &shown["message"]["components"][0]["components"][at]["custom_id"];
        button.as_str().expect("a button").to_owned()
    };
    stage.discord.fail("POST /interactions/*", 1, HELD);
    let turned = stage.press(&button(used, 3));
    stage
        .until("the page is turned", || {
            stage.text(turned).ends_with("mira: line 1")
        })
        .await;
    let page = stage.text(turned);
    let messages = stage.messages();
    let _bot = stage.restart(bot);
    stage
        .until("it goes on by an edit", || stage.requests(EDIT) == 1)
        .await;
    stage.settle().await;
    assert_eq!((stage.text(turned), stage.messages()), (page, messages));
    let back = stage.press(&button(turned, 1));
    stage
        .until("the page is turned back", || {
            stage.text(back).contains("mira: line 7")
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reaction_is_waited_for_again_and_counts_however_early_it_came() {
    let (stage, bot) = Stage::enter().await;
    let used = stage.command("vote", &json!({"question": "Encore?"}));
    stage
        .until("it waits", || stage.requests(READ_ANSWER) == 1)
        .await;
    // It comes while nobody is there, and Discord sends it again.
    bot.kill();
    let message = stage.discord.response_to(used).expect("answered")["message"]["id"].clone();
    let message = message.as_str().expect("an id").parse().expect("a number");
    assert!(stage.discord.react(CHANNEL, message, "teo", "👍"));
    stage.discord.fail("PATCH /webhooks/*", 1, HELD);
    let bot = stage.start();
    stage
        .until("it asks again", || stage.requests(EDIT) == 1)
        .await;
    let bot = stage.restart(bot);
    let told = format!("Encore?\n<@{}> says 👍", stage.discord.user("teo"));
    stage
        .until("it has the answer", || stage.text(used) == told)
        .await;
    stage.settle().await;

    // In the middle of the last edit.
    let used = stage.command("vote", &json!({"question": "Again?"}));
    let reads = stage.requests(READ_ANSWER);
    stage
        .until("it waits", || stage.requests(READ_ANSWER) > reads)
        .await;
    let message = stage.discord.response_to(used).expect("answered")["message"]["id"].clone();
    let message = message.as_str().expect("an id").parse().expect("a number");
    stage.discord.fail("PATCH /webhooks/*", 1, HELD);
    assert!(stage.discord.react(CHANNEL, message, "teo", "👍"));
    let told = format!("Again?\n<@{}> says 👍", stage.discord.user("teo"));
    stage
        .until("it has the answer", || stage.text(used) == told)
        .await;
    let edits = stage.requests(EDIT);
    let _bot = stage.restart(bot);
    // The question again, and the same answer, from the journal.
    stage
        .until("it has the answer", || stage.requests(EDIT) == edits + 2)
        .await;
    stage.settle().await;
    assert_eq!(stage.text(used), told);
    assert_eq!((stage.messages(), stage.follow_ups(used)), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_queup_is_carried_to_discord_once() {
    let (stage, bot) = Stage::enter().await;
    stage.discord.fail("POST /channels/*", 1, HELD);
    stage.room.say("ida", "good evening");
    let texts = || stage.discord.texts(CHANNEL);
    stage
        .until("it is posted", || texts() == ["ida: good evening"])
        .await;
    let _bot = stage.restart(bot);
    stage
        .until("it is posted again", || stage.requests(POST) == 2)
        .await;
    stage.settle().await;
    assert_eq!(texts(), ["ida: good evening"], "one nonce, one message");
    assert_eq!(stage.messages(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_lines_to_queup_the_one_under_way_is_said_twice_and_marked() {
    let (stage, bot) = Stage::enter().await;
    let said = |line: &str| count(&stage.room.texts(), line);
    for line in ["one", "two", "three"] {
        stage.discord.say(CHANNEL, "mira", line);
    }
    stage
        .until("they are said", || said("mira: three") == 1)
        .await;
    // Nothing waits until the bot has stored that.
    stage.sim.queup().fail_rest("POST /chat/*", 1, HELD);
    stage.discord.say(CHANNEL, "mira", "four");
    stage.until("it is said", || said("mira: four") == 1).await;
    let _bot = stage.restart(bot);
    stage
        .until("it is said again", || said("mira: four") == 2)
        .await;
    stage.settle().await;
    assert_eq!(stage.repeats(), ["mira: four"]);
    let carried = ["one", "two", "three", "four"];
    assert_eq!(stage.discord.texts(CHANNEL), carried, "nothing comes back");
    let all = ["one", "two", "three", "four", "four"].map(|line| format!("mira: {line}"));
    assert_eq!(stage.room.texts(), all);
}

/// Kills the bot in the middle of its second reply; `meanwhile` happens before it is started again.
async fn replied_over_a_crash(meanwhile: impl FnOnce(&StackExchange)) -> (Stage, Bot, Vec<String>) {
    let (stage, bot) = Stage::enter().await;
    let room = StackExchange::ROOM;
    let said = |line: &str| count(&stage.chat.texts(room), line);
    stage.chat.say(room, "teo", "@antiphon good evening");
    stage
        .until("it is said", || said("the choir greets teo") == 1)
        .await;
    stage.chat.fail("POST /chats/*/messages/new", 1, HELD);
    stage.chat.say(room, "mira", "@antiphon are you there?");
    stage
        .until("it is said", || said("the choir greets mira") == 1)
        .await;
    bot.kill();
    meanwhile(&stage.chat);
    let bot = stage.start();
    stage
        .until("it is handled again", || !stage.repeats().is_empty())
        .await;
    stage.settle().await;
    assert_eq!(stage.repeats(), ["the choir greets mira"]);
    let texts = stage.chat.texts(room);
    (stage, bot, texts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_stack_exchange_that_the_chat_knows_is_seen_once() {
    let (stage, _bot, texts) = replied_over_a_crash(|_| {}).await;
    assert_eq!(count(&texts, "the choir greets teo"), 1);
    assert_eq!(count(&texts, "the choir greets mira"), 1);
    let journal = SqliteJournal::read_only(stage.journal()).await;
    let journal = journal.expect("a journal");
    let letters = journal.dead_letters(DeadLetterId(0), 10);
    assert_eq!(letters.await.expect("a list").len(), 0, "nothing failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_replies_to_stack_exchange_the_one_under_way_is_said_twice_and_marked() {
    // Another message of the account is its last one now, so that the chat does not know the reply again.
    let other = |chat: &StackExchange| {
        chat.say(StackExchange::ROOM, BOT, "a word by hand");
    };
    let (_stage, _bot, texts) = replied_over_a_crash(other).await;
    assert_eq!(count(&texts, "the choir greets teo"), 1);
    assert_eq!(count(&texts, "the choir greets mira"), 2);
}

#[test]
fn the_discord_part_has_at_most_one_and_a_half_times_the_lines_of_its_twin() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/choirbot/count.py"
    );
    match Command::new("python3").arg(script).output() {
        Ok(counted) => {
            let told = String::from_utf8_lossy(&counted.stdout);
            assert!(counted.status.success(), "{told}");
            assert!(told.contains("discord.rs"), "{told}");
        }
        Err(error) => println!("skipped: python3 cannot be run: {error}"),
    }
}
