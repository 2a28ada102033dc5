//! Collects the items that feeds bring into a room: messages of the system user, and tickers; with their links.
//!
//! `cargo run -p antiphon --example feed_watcher`

use std::sync::{Arc, Mutex, PoisonError};

use antiphon::{
    App, BoxError, HandlerExt as _, State,
    stackexchange::{Client, FeedTicker, Html, MessageEvent, Source, UserId},
};

mod chat_stage;

/// The feeds' items so far, as Markdown; clones share the list.
#[derive(Clone, Debug, Default)]
pub struct News(Arc<Mutex<Vec<String>>>);

impl News {
    fn add(&self, item: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(item);
    }

    /// The items, oldest first.
    pub fn items(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A feed that posts messages does so as the user `Feeds`.
async fn posted(message: MessageEvent, State(news): State<News>) {
    news.add(message.content.markdown());
}

/// A feed in ticker mode has an event of its own.
async fn ticked(ticker: FeedTicker, State(news): State<News>) {
    let content = ticker.field("content").and_then(|content| content.as_str());
    news.add(Html::new(content.unwrap_or_default()).markdown());
}

/// The whole watcher.
pub fn app(source: Source, news: News) -> App<News> {
    App::new(news)
        .source(source)
        .on(posted.when(|message| message.user_id == Some(UserId::FEEDS)))
        .on(ticked)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let news = News::default();
    let kept = news.clone();
    let watcher = |_: Client, source| app(source, news);
    chat_stage::play("feed_watcher", watcher, async |chat| {
        chat_stage::feed(chat);
        chat.say(chat_stage::ROOM, "mira", "nice, a feed");
    })
    .await?;
    chat_stage::show(kept.items().join("\n"));
    Ok(())
}
