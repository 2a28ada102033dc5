//! `antiphon run`.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use antiphon::{
    App, Event, Handle, HandlerError, Link, LinkState, Payload as _, Place, RunError, Secret,
    SourceName, Takes as _, discord, lavalink,
    net::{Network, Route},
    queup, stackexchange,
};

use crate::{
    args::Run,
    config::{Config, Discord, Lavalink, Platform, Queup, StackExchange, schema},
    failure::{Exit, Failure, ReaderGone},
    journal, logging,
    output::{Form, Output, say},
    section::SecretFrom,
    show,
    signals::Stop,
};

/// What is logged where nobody says otherwise; how a connection fares, and how it ended, is told without a log.
const LOG: &str = "warn,antiphon::link=off";

pub(crate) async fn run(args: Run, stop: &Stop) -> anyhow::Result<Exit> {
    if args.schema {
        let mut output = Output::stdout(Form::Text);
        for line in format!("{:#}", schema()).lines() {
            output.line(line)?;
        }
        output.flush()?;
        return Ok(Exit::Done);
    }
    logging::start(LOG)?;
    let config = Config::read(&args.config)?;
    let mut app = App::new(())
        .named("run")
        .retention(config.journal.retention.clone())
        // Its handler only prints: what it cannot print to a reader that is gone need not be waited for.
        .grace(Duration::from_secs(1))
        // One lane, so that events are shown in the journal's order.
        .lanes(|_| Place::root());
    if config.sources.is_empty() {
        let error = format!("{} configures no source", args.config.display());
        return Err(Failure::usage(error)
            .hint("add a table such as `[sources.choir]`; docs/configuration.md has an example")
            .into());
    }
    for source in &config.sources {
        app = match &source.platform {
            Platform::Discord(bot) => app.source(bot_source(&source.name, bot)?),
            Platform::Lavalink(pool) => app.source(pool_source(&source.name, pool)?),
            Platform::Queup(queup) => app.source(queup_source(&source.name, queup)?),
            Platform::StackExchange(chat) => app.source(chat_source(&source.name, chat)?),
        };
    }
    let journal = journal::to_write(&config.journal.path, Some(&config.journal)).await?;
    say(format_args!(
        "journaling into {}",
        config.journal.path.display()
    ));

    let handle = app.handle();
    let printer = args.print.then(|| {
        Arc::new(Printer::new(
            Output::stdout(args.shape.output),
            handle.clone(),
        ))
    });
    if let Some(printer) = &printer {
        let printer = Arc::clone(printer);
        let print = move |event: Arc<Event>| {
            let shown = printer.print(&event);
            async move { shown }
        };
        app = app.on_raw("*", print.named("print").attempts(u32::MAX));
    }
    let links = tell_links(handle);
    let (ended, stopped) = tokio::join!(app.run(journal, stop.token()), links);
    tell_stopped(stopped, ended.as_ref().err());
    if let Some(failed) = printer.and_then(Printer::failed) {
        return Err(failed);
    }
    ended.map_err(failure)?;
    Ok(stop.exit())
}

/// A secret of a source; an error says whose and which.
fn secret(name: &str, from: &SecretFrom, of: &str) -> Result<Secret, Failure> {
    from.read()
        .map_err(|error| error.about(format_args!("{of} of [sources.{name}]")))
}

/// The configuration's bot as a source.
fn bot_source(name: &str, bot: &Discord) -> Result<discord::Source, Failure> {
    let token = secret(name, &bot.token, "the token")?;
    let mut config = discord::Config::new(token, bot.intents).name(name);
    if let Some(shards) = bot.shards {
        config = config.shards(discord::Shards::Count(shards));
    }
    if let Some(compression) = bot.compression {
        config = config.compression(compression);
    }
    if let Some(proxy) = &bot.proxy {
        config = config.proxy(secret(name, proxy, "the proxy")?);
    }
    if let Some(user_agent) = &bot.user_agent {
        config = config.user_agent(user_agent);
    }
    if let Some(url) = &bot.rest {
        config = config.api(url);
    }
    let (_client, source) = discord::connect(config);
    Ok(source)
}

/// The configuration's pool of nodes as a source.
fn pool_source(name: &str, pool: &Lavalink) -> Result<lavalink::Source, Failure> {
    let nodes = pool.nodes.iter().map(|node| {
        let of = format!("the password of the node `{}`", node.name);
        let password = secret(name, &node.password, &of)?;
        let config = lavalink::NodeConfig::new(node.name.as_str(), &node.url, password);
        Ok(match &node.region {
            Some(region) => config.region(region),
            None => config,
        })
    });
    let nodes = nodes.collect::<Result<Vec<_>, Failure>>()?;
    let mut config = lavalink::Config::new(pool.user, nodes).name(name);
    if let Some(client_name) = &pool.client_name {
        config = config.client_name(client_name);
    }
    if let Some(interval) = pool.heartbeat {
        config = config.heartbeat(interval);
    }
    if let Some(timeout) = pool.resume_timeout {
        config = config.resume_timeout(timeout);
    }
    if let Some(grace) = pool.failover_after {
        config = config.failover_after(grace);
    }
    if let Some(proxy) = &pool.proxy {
        config = config.proxy(secret(name, proxy, "the proxy")?);
    }
    let (_pool, source) = lavalink::connect(config);
    Ok(source)
}

/// The configuration's chat account as a source.
fn chat_source(name: &str, chat: &StackExchange) -> Result<stackexchange::Source, Failure> {
    let password = secret(name, &chat.password, "the password")?;
    let account = stackexchange::Account::new(chat.email.as_str(), password);
    let mut config = stackexchange::Config::new(account)
        .name(name)
        .server(chat.server)
        .rooms(chat.rooms.iter().copied())
        .sockets(chat.sockets)
        .acknowledge(chat.acknowledge);
    if let Some(path) = &chat.cookie_file {
        config = config.cookie_file(path);
    }
    if let Some(events) = chat.backfill {
        config = config.backfill(usize::try_from(events).unwrap_or(usize::MAX));
    }
    if let Some(interval) = chat.poll_interval {
        config = config.poll_interval(interval);
    }
    if let Some(proxy) = &chat.proxy {
        config = config.proxy(secret(name, proxy, "the proxy")?);
    }
    if let Some(user_agent) = &chat.user_agent {
        config = config.user_agent(user_agent);
    }
    if let Some(address) = chat.address {
        config = config.network(Network::new().route("*", Route::address(address)));
    }
    let (_client, source) = stackexchange::connect(config);
    Ok(source)
}

/// The configuration's QueUp account as a source.
fn queup_source(name: &str, queup: &Queup) -> Result<queup::Source, Failure> {
    let secret = |from: &SecretFrom, of: &str| secret(name, from, of);
    let account = queup::Account::new(
        queup.email.as_str(),
        secret(&queup.password, "the password")?,
    );
    let mut config = queup::Config::new(account)
        .name(name)
        .rooms(queup.rooms.iter().map(String::as_str))
        .recent_conversations(queup.recent_conversations);
    for (room, password) in &queup.room_passwords {
        let password = secret(password, &format!("the password of the room `{room}`"))?;
        config = config.room_password(room.as_str(), password);
    }
    if let Some(messages) = queup.backfill {
        config = config.backfill(usize::try_from(messages).unwrap_or(usize::MAX));
    }
    if let Some(path) = &queup.cookie_file {
        config = config.cookie_file(path);
    }
    if let Some(proxy) = &queup.proxy {
        let url = secret(proxy, "the proxy")?;
        config = config.proxy(queup::ProxyOptions::new(url));
    }
    if let Some(user_agent) = &queup.user_agent {
        config = config.user_agent(user_agent);
    }
    if let Some(url) = &queup.rest {
        config = config.rest_url(url);
    }
    if let Some(url) = &queup.socket {
        config = config.socket_url(url);
    }
    let (_client, source) = queup::connect(config);
    Ok(source)
}

/// Prints a line on stderr for each change of a connection, until the app has ended.
///
/// A source that stopped as a whole ends the app, and may be what the command's last error says; the lines of such
/// sources are given back, for [`tell_stopped`].
pub(crate) async fn tell_links<S: Send + Sync + 'static>(handle: Handle<S>) -> Vec<LinkChange> {
    let mut links = handle.stream_raw(Link::KIND);
    drop(handle);
    let mut stopped = Vec::new();
    while let Some(next) = links.next().await {
        let Ok(event) = next else { continue };
        let Ok(link) = Link::decode(&event) else {
            continue;
        };
        let change = LinkChange::new(&event, &link);
        if *event.place() == Place::root() && matches!(link.state, LinkState::Stopped { .. }) {
            stopped.push(change);
        } else {
            change.tell();
        }
    }
    stopped
}

/// Prints the lines of the sources that stopped, less that of the error which the command ends with.
pub(crate) fn tell_stopped(stopped: Vec<LinkChange>, error: Option<&RunError>) {
    let told = match error {
        Some(RunError::Source(error)) => Some(error.source_name()),
        _ => None,
    };
    let untold = |change: &LinkChange| told != Some(&change.source);
    stopped
        .into_iter()
        .filter(untold)
        .for_each(LinkChange::tell);
}

/// A change of a connection, as it is printed.
#[derive(Debug)]
pub(crate) struct LinkChange {
    source: SourceName,
    line: String,
    hint: Option<String>,
}

impl LinkChange {
    fn new(event: &Event, link: &Link) -> Self {
        let time = show::clock(event.received_at());
        let (source, place) = (event.source().clone(), event.place().as_str());
        // One of several connections of a source has a place of its own.
        let of = if place.is_empty() { "" } else { " " };
        let hint = match &link.state {
            LinkState::Stopped { hint, .. } => hint.clone(),
            _ => None,
        };
        Self {
            line: format!("{time} {source}{of}{place}: {}", link.state),
            source,
            hint,
        }
    }

    fn tell(self) {
        say(self.line);
        if let Some(hint) = self.hint {
            say(format_args!("hint: {hint}"));
        }
    }
}

/// How an app's bad end is reported.
pub(crate) fn failure(error: RunError) -> Failure {
    if let RunError::Source(error) = &error {
        return Failure::source_ended(error);
    }
    let exit = match &error {
        RunError::Configuration(_) => Exit::Usage,
        RunError::Append(error) => Exit::storage(error.trouble()),
        RunError::Read(error) => Exit::storage(error.trouble()),
        _ => Exit::Failed,
    };
    let hint = error.hint().map(str::to_owned);
    let failure = Failure::from_error(exit, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Shows events on stdout, one at a time.
struct Printer {
    output: Mutex<Output>,
    handle: Handle<()>,
    failed: OnceLock<anyhow::Error>,
}

impl Printer {
    fn new(output: Output, handle: Handle<()>) -> Self {
        Self {
            output: Mutex::new(output),
            handle,
            failed: OnceLock::new(),
        }
    }

    /// An event that could not be shown is not done: the app stops, and the next run shows it.
    fn print(&self, event: &Event) -> Result<(), HandlerError> {
        let shown = tokio::task::block_in_place(|| {
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            show::event(&mut output, event)?;
            output.flush()
        });
        shown.map_err(|error| {
            // The first failure says why; those that follow have the same cause.
            let _ = self.failed.set(error);
            self.handle.stop();
            HandlerError::retry(ReaderGone)
        })
    }

    fn failed(self: Arc<Self>) -> Option<anyhow::Error> {
        Arc::into_inner(self).and_then(|printer| printer.failed.into_inner())
    }
}
