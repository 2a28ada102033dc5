//! The stage of the chat examples: a simulated room, or a real one if the environment names an account.
//!
//! `SE_EMAIL`, `SE_PASSWORD` and `SE_ROOM` choose the real chat.stackexchange.com; journal and cookies are then kept in
//! `<example>.sqlite` and `<example>.cookies`, so that a restart goes on where the last run ended. `ANTIPHON_SIM` chooses
//! an `antiphon sim` that runs elsewhere: it is the name of the file that has its first line.

#![allow(
    dead_code,
    unused_imports,
    clippy::print_stdout,
    reason = "an example speaks to a person, and uses a part of this"
)]

use std::env;

use antiphon::{
    App, BoxError, Link,
    net::Addresses,
    stackexchange::{self, Account, Client, Config, MessageEvent, Source},
};
use antiphon_sim::{Options, Simulator, stackexchange::StackExchange};
pub(crate) use scene::{pause, show};

#[path = "../scene/mod.rs"]
mod scene;

/// The room of the simulator in which the scenes play.
pub(crate) const ROOM: i64 = StackExchange::ROOM;

/// Runs the example's app until Ctrl-C; in the simulator `scene` is played first, and the app ends after it.
pub(crate) async fn play<S>(
    example: &str,
    app: impl FnOnce(Client, Source) -> App<S>,
    scene: impl AsyncFnOnce(&StackExchange),
) -> Result<(), BoxError>
where
    S: Send + Sync + 'static,
{
    if let Some(addresses) = Addresses::from_env()? {
        let (client, source) = stackexchange::connect(Config::simulated(&addresses)?);
        return scene::run(app(client, source)).await;
    }
    if let (Ok(email), Ok(password), Ok(room)) = (
        env::var("SE_EMAIL"),
        env::var("SE_PASSWORD"),
        env::var("SE_ROOM"),
    ) {
        let config = Config::new(Account::new(email, password))
            .cookie_file(format!("{example}.cookies"))
            .rooms([room.parse::<i64>()?]);
        let (client, source) = stackexchange::connect(config);
        return scene::run_kept(example, app(client, source)).await;
    }
    let simulator = Simulator::listen(&Options::new().seed(7)).await?;
    let chat = simulator.stackexchange();
    let bot = chat.account();
    let config = Config::new(Account::new(bot.email, bot.password))
        .network(simulator.network())
        .rooms([ROOM]);
    let (client, source) = stackexchange::connect(config);
    let app = app(client, source)
        .on(async |link: Link| println!("({})", link.state))
        .on(async |message: MessageEvent| {
            println!("{:>10}: {}", message.user_name, message.content.text());
        });
    scene::play(app, async || scene(&chat).await).await
}

/// Has a feed bring an item, by a message and by its ticker.
pub(crate) fn feed(chat: &StackExchange) {
    let content = r#"<a href="https://feeds.example/1" rel="nofollow">An entry</a>"#;
    let fields = serde_json::json!({"content": content, "message_id": 1});
    chat.event(ROOM, 1, -2, &fields, None);
    let content = r#"Ticker: <a href="//feeds.example/2">another</a>"#;
    chat.event(ROOM, 22, -2, &serde_json::json!({"content": content}), None);
}
