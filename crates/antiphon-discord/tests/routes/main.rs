//! The client's routes against Discord's own description: each operation that takes a bot's token is called once.
//!
//! The operations are those of [discord-api-spec](https://github.com/discord/discord-api-spec), `specs/openapi.json`, version
//! 10 of the API at commit 74fda0fa; `operations.txt` of the simulator has their methods, paths and kinds of token.
//! Each call goes to the simulator, whose count of requests says which route it reached.
//! A row is one line, the operation and the call, of which rustfmt would make five.

mod behaviour;
#[rustfmt::skip]
mod calls;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use antiphon_core::Rng;
use antiphon_discord::{self as discord, Client, Config, Intents, RequestError};
use antiphon_sim::{Simulator, discord::Discord};
use tokio::task::JoinSet;

/// Operations without a method, each with the reason.
const WITHOUT: &[(&str, &str)] = &[
    (
        "deprecated_list_pins",
        "deprecated: `pins` asks the route that replaced it",
    ),
    (
        "deprecated_create_pin",
        "deprecated: `create_pin` asks the route that replaced it",
    ),
    (
        "deprecated_delete_pin",
        "deprecated: `delete_pin` asks the route that replaced it",
    ),
    (
        "add_group_dm_user",
        "no bot is in a group conversation: Discord refuses it with code 20001",
    ),
    (
        "delete_group_dm_user",
        "no bot is in a group conversation: Discord refuses it with code 20001",
    ),
    (
        "partner_sdk_token",
        "proves a player by another provider's token: `create_provisional_token` is a bot's form",
    ),
    (
        "partner_sdk_unmerge_provisional_account",
        "proves a player by another provider's token: `unmerge_provisional_account` is a bot's form",
    ),
];

/// Operations of the description: method and path by name, and whether a bot's token is taken.
fn operations() -> BTreeMap<String, (String, bool)> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../antiphon-sim/src/discord/rest/operations.txt");
    let list = fs::read_to_string(list).expect("the operations");
    let rows = list.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let route = format!("{} {}", words[0], words[1]);
        (words[2].to_owned(), (route, words[3] == "bot"))
    });
    rows.collect()
}

/// Operations that were called.
type Called = Arc<Mutex<BTreeSet<String>>>;

/// A simulator of its own for a group of routes, with a bot that may do anything but what only an owner may.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) discord: Discord,
    pub(crate) client: Client,
    operations: BTreeMap<String, (String, bool)>,
    called: Called,
}

impl World {
    /// Name of the bot.
    pub(crate) const BOT: &'static str = "cantor";

    fn new(called: &Called) -> Self {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        discord.unlimited(true);
        let (client, _source) = discord::connect(Self::config(&sim));
        Self {
            discord,
            client,
            operations: operations(),
            called: Arc::clone(called),
            sim,
        }
    }

    pub(crate) fn config(sim: &Simulator) -> Config {
        let token = sim.discord().account_named(Self::BOT).token;
        Config::new(token, Intents::all())
            .network(sim.network())
            .clock(sim.clock())
            .rng(Rng::with_seed(7))
    }

    /// Makes a call, which reaches the route of this operation and succeeds.
    pub(crate) async fn ok<T>(
        &self,
        operation: &str,
        call: impl IntoFuture<Output = Result<T, RequestError>>,
    ) -> T {
        match self.made(operation, call).await {
            Ok(answer) => answer,
            Err(error) => panic!("{operation}: {error:?}"),
        }
    }

    /// Makes a call, which reaches the route of this operation and is refused with this code.
    pub(crate) async fn refused<T: Debug>(
        &self,
        operation: &str,
        code: u64,
        call: impl IntoFuture<Output = Result<T, RequestError>>,
    ) -> RequestError {
        let error = self.made(operation, call).await.expect_err(operation);
        let said = match &error {
            RequestError::Forbidden(said)
            | RequestError::NotFound(said)
            | RequestError::Refused(said) => said.code,
            _ => panic!("{operation}: {error:?}"),
        };
        assert_eq!(said, code, "{operation}: {error:?}");
        error
    }

    async fn made<T>(
        &self,
        operation: &str,
        call: impl IntoFuture<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        let (route, _) = &self.operations[operation];
        let count = || {
            self.discord
                .requests()
                .get(route)
                .copied()
                .unwrap_or_default()
        };
        let before = count();
        let answer = call.await;
        assert_eq!(count(), before + 1, "{operation} does not reach {route}");
        self.called
            .lock()
            .expect("no test panicked in it")
            .insert(operation.to_owned());
        answer
    }
}

/// Runs the groups one after another, so that a failure in one hides none in another.
macro_rules! groups {
    ($called:expr, $($group:ident),*) => {{
        let mut failed = Vec::new();
        $(
            let mut task = JoinSet::new();
            let called = Arc::clone($called);
            task.spawn(async move { calls::$group(World::new(&called)).await });
            if let Some(Err(_)) = task.join_next().await {
                failed.push(stringify!($group));
            }
        )*
        failed
    }};
}

#[tokio::test(start_paused = true)]
async fn every_route_that_takes_a_bot_has_a_method_that_reaches_it() {
    let called = Called::default();
    let failed = groups!(
        &called,
        application,
        commands,
        interactions,
        webhooks,
        guild,
        members,
        roles,
        channels,
        messages,
        threads,
        invites,
        emojis,
        voice,
        scheduled_events,
        auto_moderation,
        templates,
        pages,
        moderation,
        search,
        monetization,
        lobbies,
        access_tokens
    );
    assert!(failed.is_empty(), "groups that failed: {failed:?}");
    let called = called.lock().expect("no test panicked in it");
    let without: BTreeSet<&str> = WITHOUT.iter().map(|(operation, _)| *operation).collect();
    let operations = operations();
    let bots = operations.iter().filter(|(_, (_, takes_bots))| *takes_bots);
    let missing: Vec<&String> = bots
        .clone()
        .map(|(name, _)| name)
        .filter(|name| !called.contains(*name) && !without.contains(name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "operations that no method reaches: {missing:?}"
    );
    assert_eq!(bots.count(), 237, "operations that take a bot's token");
    let twice: Vec<&&str> = without
        .iter()
        .filter(|name| called.contains(**name))
        .collect();
    assert!(
        twice.is_empty(),
        "operations that have a method after all: {twice:?}"
    );
    for (operation, why) in WITHOUT {
        assert!(
            operations.contains_key(*operation),
            "no operation {operation}: {why}"
        );
    }
}
