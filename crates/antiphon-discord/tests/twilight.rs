//! Another project's client against the simulator over real sockets: twilight 0.18, whose types are strict.
//!
//! A bot plays through a day while ambient traffic goes on around it, and loses its connection in every way. Every event
//! that twilight knows is parsed, every answer to a request is read as twilight's type, and the dispatches are the
//! ledger's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use antiphon_sim::{Options, Query, Simulator, discord::Discord};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;
use twilight_gateway::{ConfigBuilder, EventTypeFlags, Message, Shard, ShardId};
use twilight_http::{
    Client, Response,
    request::{AuditLogReason as _, channel::reaction::RequestReactionType},
    response::marker::EmptyBody,
};
use twilight_model::{
    application::{
        command::Command,
        interaction::{Interaction, InteractionData, InteractionType},
    },
    channel::message::MessageType,
    gateway::{
        Intents,
        event::{DispatchEvent, GatewayEvent},
    },
    guild::audit_log::AuditLogEventType,
    http::{attachment::Attachment, interaction::InteractionResponse},
    id::{
        Id,
        marker::{ChannelMarker, MessageMarker, UserMarker},
    },
};

/// Dispatches that twilight 0.18 does not parse: it has no type for most, and no name for the three whose types it has. It passes
/// them over.
const UNKNOWN: [&str; 10] = [
    "ENTITLEMENT_DELETE",
    "ENTITLEMENT_UPDATE",
    "GUILD_STICKERS_UPDATE",
    "GUILD_SOUNDBOARD_SOUND_CREATE",
    "GUILD_SOUNDBOARD_SOUND_DELETE",
    "GUILD_SOUNDBOARD_SOUND_UPDATE",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_CHANNEL_START_TIME_UPDATE",
    "VOICE_CHANNEL_STATUS_UPDATE",
];
/// Ambient events a second, and how many dispatches the bot hears in all.
const RATE: u32 = 400;
const DISPATCHES: usize = 2500;

/// A dispatch by session, sequence and name.
type Named = (String, u64, String);

#[derive(Debug, Default)]
struct Heard {
    session: String,
    dispatches: Vec<Named>,
    unparsed: Vec<String>,
    unknown: BTreeSet<String>,
}

/// A bot written with twilight.
struct Bot {
    http: Client,
    sim: Discord,
    heard: Mutex<Heard>,
    more: Notify,
}

impl Bot {
    fn heard<T>(&self, read: impl FnOnce(&mut Heard) -> T) -> T {
        read(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, name: &str) -> usize {
        self.heard(|heard| {
            let names = heard.dispatches.iter().map(|(_, _, name)| name);
            names.filter(|heard| *heard == name).count()
        })
    }

    /// Waits until something holds, which only what the bot hears or answers can bring about.
    async fn until<T>(&self, mut holds: impl FnMut() -> Option<T>) -> T {
        loop {
            let more = self.more.notified();
            if let Some(held) = holds() {
                return held;
            }
            more.await;
        }
    }

    /// Hears and answers for ever.
    async fn run(&self, mut shard: Shard) {
        while let Some(message) = shard.next().await {
            if let Ok(Message::Text(text)) = message
                && let Some(interaction) = self.hear(text)
            {
                self.respond(&interaction).await;
            }
            self.more.notify_waiters();
        }
    }

    /// Keeps a frame in mind; returns the interaction that it is.
    fn hear(&self, text: String) -> Option<Box<Interaction>> {
        let frame: Value = serde_json::from_str(&text).expect("JSON");
        let name = frame["t"].as_str().unwrap_or_default().to_owned();
        if frame["op"] == 0 {
            self.heard(|heard| {
                if name == "READY" {
                    let session = frame["d"]["session_id"].as_str();
                    session.unwrap_or_default().clone_into(&mut heard.session);
                }
                let seq = frame["s"].as_u64().unwrap_or_default();
                let session = heard.session.clone();
                heard.dispatches.push((session, seq, name.clone()));
            });
        }
        match twilight_gateway::parse(text, EventTypeFlags::all()) {
            Ok(Some(GatewayEvent::Dispatch(_, DispatchEvent::InteractionCreate(asked)))) => {
                return Some(Box::new(asked.0));
            }
            Ok(Some(_)) => {}
            Ok(None) => self.heard(|heard| {
                heard.unknown.insert(name);
            }),
            Err(error) => self.heard(|heard| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                heard.unparsed.push(format!("{name}: {cause:?}: {frame}"));
            }),
        }
        None
    }

    async fn respond(&self, asked: &Interaction) {
        let what = match (asked.kind, &asked.data) {
            (InteractionType::ApplicationCommandAutocomplete, _) => "complete",
            (_, Some(InteractionData::ApplicationCommand(command))) => command.name.as_str(),
            (_, Some(InteractionData::MessageComponent(used))) => used.custom_id.as_str(),
            (_, Some(InteractionData::ModalSubmit(form))) => form.custom_id.as_str(),
            other => panic!("an interaction of no kind: {other:?}"),
        };
        let response = match what {
            "complete" => {
                json!({"type": 8, "data": {"choices": [{"name": "Slow Tide", "value": "Slow Tide"}]}})
            }
            "sing" => json!({"type": 4, "data": {"content": "sings", "components": panel()}}),
            "ponder" => json!({"type": 5}),
            "ring" => json!({"type": 7, "data": {"content": "rung"}}),
            "later" => json!({"type": 6}),
            "ask" => {
                json!({"type": 9, "data": {"custom_id": "form", "title": "A new song", "components": [
                    {"type": 1, "components": [{"type": 4, "custom_id": "song", "style": 1, "label": "Title"}]},
                ]}})
            }
            other => json!({"type": 4, "data": {"content": format!("did {other}"), "flags": 64}}),
        };
        let response: InteractionResponse =
            serde_json::from_value(response).expect("twilight's response");
        let answers = self.http.interaction(asked.application_id);
        let created = answers.create_response(asked.id, &asked.token, &response);
        created
            .await
            .unwrap_or_else(|error| panic!("no answer to {what}: {error:?}"));
        if what == "ponder" || what == "later" {
            read(answers.response(&asked.token)).await;
            let words = format!("{what} is over");
            read(answers.update_response(&asked.token).content(Some(&words))).await;
            read(
                answers
                    .create_followup(&asked.token)
                    .content("and once more"),
            )
            .await;
        }
    }

    /// The response to an interaction, once there is one for which something holds.
    async fn responds(&self, interaction: u64, holds: impl Fn(&Value) -> bool) -> Value {
        assert_ne!(interaction, 0, "the simulator refused it: {:?}", self.sim);
        let response = || self.sim.response_to(interaction).filter(&holds);
        self.until(response).await
    }
}

/// Does a request, and reads its answer as twilight's type.
async fn read<T: DeserializeOwned + Unpin>(
    request: impl IntoFuture<Output = Result<Response<T>, twilight_http::Error>>,
) -> T {
    let answer = request.await.expect("an answer");
    answer.model().await.expect("twilight's type")
}

/// Does a request whose answer has no body.
async fn done(
    request: impl IntoFuture<Output = Result<Response<EmptyBody>, twilight_http::Error>>,
) {
    request.await.expect("done");
}

fn panel() -> Value {
    let button = |id: &str| json!({"type": 2, "style": 1, "custom_id": id, "label": id});
    json!([
        {"type": 1, "components": [button("ring"), button("later"), button("ask")]},
        {"type": 1, "components": [{"type": 3, "custom_id": "part", "options": [{"label": "Alto", "value": "Alto"}]}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "singer"}]},
    ])
}

fn commands() -> Vec<Command> {
    let command = |name: &str, kind: u8, options: Value| {
        let description = if kind == 1 { "of the choir" } else { "" };
        json!({"name": name, "type": kind, "description": description, "options": options, "version": "1"})
    };
    let song = json!([{"name": "song", "type": 3, "description": "a title", "required": true, "autocomplete": true}]);
    let commands = json!([
        command("sing", 1, song),
        command("ponder", 1, json!([])),
        command("greet", 2, json!([])),
        command("quote", 3, json!([])),
    ]);
    serde_json::from_value(commands).expect("twilight's commands")
}

/// Messages, a file, a thread, a ban.
async fn speak(bot: &Bot) {
    let (http, sim) = (&bot.http, &bot.sim);
    let loft = Id::<ChannelMarker>::new(sim.channel_id());
    let guild = Id::new(sim.guild_id());
    let sent = read(http.create_message(loft).content("hello from twilight")).await;
    read(
        http.update_message(loft, sent.id)
            .content(Some("hello again")),
    )
    .await;
    let note = RequestReactionType::Unicode { name: "🎶" };
    done(http.create_reaction(loft, sent.id, &note)).await;
    let again = read(http.message(loft, sent.id)).await;
    assert_eq!(
        (&*again.content, again.reactions[0].me),
        ("hello again", true)
    );

    let said = Id::<MessageMarker>::new(sim.say("loft", "teo", "who is there?"));
    let reply = read(http.create_message(loft).content("me").reply(said)).await;
    assert_eq!(reply.kind, MessageType::Reply);
    let answered = reply.reference.expect("a reference");
    assert_eq!(answered.message_id, Some(said));

    let mira = Id::<UserMarker>::new(sim.user("mira"));
    let direct = read(http.create_private_channel(mira)).await;
    let sent = read(http.create_message(direct.id).content("a word in private")).await;
    let (channel, whispered) = sim.whisper("mira", "antiphon", "and one back");
    assert_eq!(
        (channel, sent.channel_id.get()),
        (direct.id.get(), direct.id.get())
    );
    let back = read(http.message(direct.id, Id::new(whispered))).await;
    assert_eq!(back.content, "and one back");

    let file = Attachment::from_bytes("tide.bin".into(), vec![7; 2 << 20], 1);
    let files = [file];
    let sent = read(http.create_message(loft).attachments(&files)).await;
    assert_eq!(sent.attachments[0].size, 2 << 20);
    let thread = read(http.create_thread_from_message(loft, sent.id, "about the tide")).await;
    assert_eq!(thread.id.get(), sent.id.get());
    read(http.create_message(thread.id).content("in here")).await;

    let gone: Vec<Id<MessageMarker>> = (0..3)
        .map(|_| Id::new(sim.say("loft", "teo", "soon gone")))
        .collect();
    let before = bot.count("MESSAGE_DELETE_BULK");
    done(http.delete_messages(loft, &gone)).await;
    bot.until(|| (bot.count("MESSAGE_DELETE_BULK") > before).then_some(()))
        .await;

    let echo = Id::<UserMarker>::new(sim.user("echo7"));
    done(http.create_ban(guild, echo).reason("sings too loud")).await;
    let log = read(
        http.audit_log(guild)
            .action_type(AuditLogEventType::MemberBanAdd),
    )
    .await;
    let told = log
        .entries
        .iter()
        .any(|entry| entry.reason.as_deref() == Some("sings too loud"));
    assert!(told, "{:?}", log.entries);
    let bans = http
        .bans(guild)
        .await
        .expect("bans")
        .models()
        .await
        .expect("twilight's bans");
    assert!(bans.iter().any(|ban| ban.user.id == echo));
    done(http.delete_ban(guild, echo)).await;
}

/// Every kind of interaction.
async fn interact(bot: &Bot) {
    let sim = &bot.sim;
    let by = |type_: u64| move |given: &Value| given["type"] == type_;
    let asked = sim.autocomplete(
        "loft",
        "mira",
        "antiphon",
        "sing",
        &json!({"song": "Sl"}),
        "song",
    );
    let given = bot.responds(asked, by(8)).await;
    assert_eq!(given["data"]["choices"][0]["value"], "Slow Tide");
    let asked = sim.command(
        "loft",
        "mira",
        "antiphon",
        "sing",
        &json!({"song": "Slow Tide"}),
    );
    let sung = bot.responds(asked, by(4)).await;
    let message = sung["message"]["id"].as_str().expect("an id").to_owned();
    for (name, target) in [("greet", "teo"), ("quote", &*message)] {
        let asked = sim.context("loft", "mira", "antiphon", name, target);
        let given = bot.responds(asked, by(4)).await;
        assert_eq!(given["message"]["content"], format!("did {name}"));
    }
    let given = bot
        .responds(sim.press("loft", "mira", "antiphon", "ring"), by(7))
        .await;
    assert_eq!(given["message"]["content"], "rung");
    for (menu, value) in [("part", "Alto"), ("singer", "teo")] {
        let given = bot
            .responds(
                sim.select("loft", "mira", "antiphon", menu, &[value]),
                by(4),
            )
            .await;
        assert_eq!(given["message"]["content"], format!("did {menu}"));
    }
    bot.responds(sim.press("loft", "mira", "antiphon", "ask"), by(9))
        .await;
    let submitted = sim.submit(
        "mira",
        "antiphon",
        Some("form"),
        &json!({"song": "Evensong"}),
    );
    let given = bot.responds(submitted, by(4)).await;
    assert_eq!(given["message"]["content"], "did form");

    let over = |words: &'static str| {
        move |given: &Value| {
            given["message"]["content"] == words && !given["follow_ups"][0].is_null()
        }
    };
    let late = sim.press("loft", "mira", "antiphon", "later");
    bot.responds(late, over("later is over")).await;
    let pondered = sim.command("loft", "mira", "antiphon", "ponder", &json!({}));
    bot.responds(pondered, over("ponder is over")).await;
}

/// Every way to lose a connection.
async fn lose(bot: &Bot) {
    type Loss = fn(&Discord);
    let losses: [(&str, Loss); 6] = [
        ("RESUMED", |sim| sim.cut()),
        ("RESUMED", |sim| sim.reset()),
        ("RESUMED", Discord::reconnect),
        ("RESUMED", |sim| sim.invalidate(true)),
        ("RESUMED", |sim| sim.close(4000, "")),
        ("READY", |sim| sim.invalidate(false)),
    ];
    for (number, (again, loss)) in losses.into_iter().enumerate() {
        let before = bot.count(again);
        loss(&bot.sim);
        bot.until(|| (bot.count(again) == before + 1).then_some(()))
            .await;
        let spoken = bot.count("MESSAGE_CREATE");
        bot.sim
            .say("loft", "teo", &format!("still there? {number}"));
        bot.until(|| (bot.count("MESSAGE_CREATE") > spoken).then_some(()))
            .await;
    }
}

/// What the ledger has for the bot's sessions.
fn due(simulator: &Simulator, account: &str) -> BTreeSet<Named> {
    let query = Query {
        due_to: Some(account.to_owned()),
        ..Query::default()
    };
    let rows = simulator.ledger().rows(&query).into_iter();
    let rows = rows.filter_map(|row| {
        let name = row.kind.strip_prefix("discord.")?.to_owned();
        Some((row.connection?.to_string(), row.frame?, name))
    });
    rows.collect()
}

#[tokio::test]
async fn twilight_lives_a_day_among_everything_that_happens() {
    let simulator = Simulator::listen(&Options::new().seed(7))
        .await
        .expect("free ports");
    let sim = simulator.discord();
    let at = sim.addresses().expect("real sockets");
    let host = at
        .rest
        .trim_start_matches("http://")
        .trim_end_matches("/api/v10");
    let token = at.bot.token.expose().to_owned();
    let http = Client::builder()
        .token(token.clone())
        .proxy(host.to_owned(), true)
        .build();
    let config = ConfigBuilder::new(token, Intents::all())
        .proxy_url(at.gateway.clone())
        .build();
    let shard = Shard::with_config(ShardId::ONE, config);
    let bot = Bot {
        http,
        sim: sim.clone(),
        heard: Mutex::default(),
        more: Notify::new(),
    };
    let day = async {
        bot.until(|| (bot.count("GUILD_CREATE") == 1).then_some(()))
            .await;
        let application = read(bot.http.current_user_application()).await;
        let answers = bot.http.interaction(application.id);
        let set = answers
            .set_global_commands(&commands())
            .await
            .expect("commands");
        assert_eq!(set.models().await.expect("twilight's commands").len(), 4);
        sim.traffic(RATE);
        Box::pin(speak(&bot)).await;
        interact(&bot).await;
        lose(&bot).await;
        bot.until(|| bot.heard(|heard| (heard.dispatches.len() >= DISPATCHES).then_some(())))
            .await;
        sim.traffic(0);
        // The last message comes behind everything that was due before.
        let last = sim.say("loft", "teo", "the last one");
        let loft = Id::new(sim.channel_id());
        read(bot.http.message(loft, Id::new(last))).await;
        bot.until(|| {
            let due = due(&simulator, &at.bot.user_id);
            bot.heard(|heard| {
                due.iter()
                    .all(|one| heard.dispatches.contains(one))
                    .then_some(())
            })
        })
        .await;
    };
    tokio::select! {
        () = bot.run(shard) => panic!("the shard ended: {:?}", bot.heard(|heard| heard.dispatches.last().cloned())),
        () = day => {}
    }

    let heard = bot.heard(std::mem::take);
    assert!(
        heard.unparsed.is_empty(),
        "{} events, the first: {}",
        heard.unparsed.len(),
        heard.unparsed[0]
    );
    let unknown: Vec<&String> = heard
        .unknown
        .iter()
        .filter(|name| !UNKNOWN.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let mut times: BTreeMap<&Named, u32> = BTreeMap::new();
    for one in &heard.dispatches {
        *times.entry(one).or_default() += 1;
    }
    let due = due(&simulator, &at.bot.user_id);
    // RESUMED belongs to a connection and has no row.
    let odd: Vec<_> = times
        .iter()
        .filter(|(one, times)| **times > 1 || one.2 != "RESUMED" && !due.contains(*one))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    let kinds: BTreeSet<&str> = times.keys().map(|(_, _, name)| name.as_str()).collect();
    assert!(kinds.len() > 40, "{kinds:?}");
    let notes = simulator.notes();
    assert!(notes.is_empty(), "{notes:?}");
}
